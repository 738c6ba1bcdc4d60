//! 签章 — the bytes a phone signs: an entry without its place in the log and without the signature itself
//! (`docs/adr/0018-stamps-and-receipts.md`). They follow from the stored bytes, so that anybody verifies the stamp from the
//! log alone.

use std::collections::BTreeMap;

use domain::entry::{Entry, Stamp};
use domain::stamp::{ALG, entry_text, is_signed};
use serde::Deserialize;
use serde_json::Value;

use crate::StoredEntry;
use crate::canonical::json;
use crate::check::VerifyReport;

/// Members that the register adds to an entry.
const PLACE: [&str; 5] = ["seq", "version", "recorded_at", "origin", "based_on"];

/// The canonical bytes that are signed, from the bytes of an entry with or without its place.
pub fn signed_bytes(entry: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
    let mut entry: Value = serde_json::from_slice(entry)?;
    if let Some(members) = entry.as_object_mut() {
        for member in PLACE {
            members.shift_remove(member);
        }
        if let Some(Value::Object(stamp)) = members.get_mut("stamp") {
            stamp.shift_remove("signature");
        }
    }
    json::to_vec(&entry)
}

/// Reads an entry as a phone wrote it; `None` where writing it again gives other bytes, so that what is stored would not
/// be what was signed.
pub fn read_item(bytes: &[u8]) -> Result<Option<Entry>, serde_json::Error> {
    let entry: Entry = serde_json::from_slice(bytes)?;
    let is_faithful = entry.based_on.is_none() && json::to_vec(&entry)? == bytes;
    Ok(is_faithful.then_some(entry))
}

/// Canonical bytes of an entry that has no place yet, as a phone would write it.
pub fn item_bytes(entry: &Entry) -> Result<Vec<u8>, serde_json::Error> {
    let entry = Entry {
        based_on: None,
        ..entry.clone()
    };
    json::to_vec(&entry)
}

/// Whether the stamp of an entry fits its bytes and a device's key.
pub fn is_stamped(entry: &[u8], stamp: &Stamp, public_key: &str) -> bool {
    let signed = signed_bytes(entry);
    stamp.alg == ALG
        && signed.is_ok_and(|signed| is_signed(public_key, &entry_text(&signed), &stamp.signature))
}

/// What the check of stamps reads of an entry.
#[derive(Deserialize)]
struct Stamped {
    #[serde(default)]
    stamp: Option<Stamp>,
}

#[derive(Deserialize)]
struct Enrolled {
    body: EnrolledKey,
}

#[derive(Deserialize)]
struct EnrolledKey {
    device_id: String,
    public_key: String,
}

/// Keys of the phones enrolled so far, while a log is read from its beginning.
#[derive(Default)]
pub(crate) struct StampCheck {
    keys: BTreeMap<String, String>,
}

impl StampCheck {
    /// Reports a stamp that does not fit, or whose device was not enrolled before.
    pub(crate) fn look_at(&mut self, entry: &StoredEntry<'_>, report: &mut VerifyReport) {
        if entry.kind == "device.enrolled"
            && let Ok(Enrolled { body }) = serde_json::from_slice(entry.canonical)
        {
            // What a device was enrolled with first holds for ever.
            self.keys.entry(body.device_id).or_insert(body.public_key);
        }
        let Ok(Stamped { stamp: Some(stamp) }) = serde_json::from_slice(entry.canonical) else {
            return;
        };
        let device = stamp.device_id.to_string();
        match self.keys.get(&device) {
            None => report.add("register.verify.device_unknown", Some(entry.seq), device),
            Some(key) if is_stamped(entry.canonical, &stamp, key) => report.stamps += 1,
            Some(_) => report.add("register.verify.bad_stamp", Some(entry.seq), device),
        }
    }
}
