//! What tests share: a cast of people, a clock that stands, ids that repeat, and builders of entries.

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a failing test may panic"
)]

mod builders;
mod cast;
mod cluster;
mod home;
mod reserve;
mod tally;
mod usage;

pub use builders::{
    Seeded, a_batch, a_clue, a_determination, a_patrol, a_patrol_review, a_permit, a_site, a_track,
    a_verification, amended, carried_over, entry, linked, screened, unlinked,
};
pub use cast::{
    area_lead, bureau_office, case_officer, importer, outside_unit, reviewer, station_head,
};
pub use cluster::TempDatabase;
pub use home::TempHome;
pub use reserve::{
    RESERVE_CODE, a_background, a_boundary, a_reserve, a_route, background_stream,
    background_withdrawn, square, stations,
};

pub use tally::ran_on;
pub use usage::{cpu_seconds, peak_mb, resident_mb};

use jiff::Timestamp;

/// The instant tests begin at: 16 August 2019, 9 o'clock in the reserve.
pub fn start() -> Timestamp {
    "2019-08-16T01:00:00Z".parse().unwrap()
}

/// An instant some days and hours after [`start`].
pub fn later(days: i64, hours: i64) -> Timestamp {
    start() + jiff::SignedDuration::from_hours(24 * days + hours)
}
