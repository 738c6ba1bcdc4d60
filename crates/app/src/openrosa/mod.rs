//! 开放表单 — the verification sheet for ODK Collect and its kin: the form, the list of sites, filled forms coming in.

mod body;
mod form;
mod sites;
mod submission;
mod waiting;

use jiff::Timestamp;

pub use form::{FORM_ID, OdkForm};
pub use sites::{SITES_FILE, SiteList};
pub use submission::{Arrived, FORM_PART, LARGEST_SUBMISSION, Taken};

/// MD5 in lower-case hexadecimal: OpenRosa names forms and files by it, nothing here relies on it.
pub(crate) fn md5_hex(bytes: &[u8]) -> String {
    use md5::Digest;
    crate::hex(&md5::Md5::digest(bytes))
}

/// What ids of a filled form follow from besides its own id: the same form sent again is the same entry, whatever it says
/// of its time.
fn beginning() -> Timestamp {
    crate::session::start_of(jiff::civil::Date::constant(2000, 1, 1))
}
