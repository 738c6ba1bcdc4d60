//! 规范字节 — the bytes an entry is kept, hashed and proved by.
//!
//! An entry is stored as canonical JSON (RFC 8785) of [`RecordedEntry`] and never serialized anew afterwards.
//! The leaf of the log is that byte string itself, unless it is longer than C2SP tlog-tiles can carry in an entry
//! bundle (65,535 bytes: a boundary, a campaign's files); then the leaf is a short canonical JSON that names the
//! SHA-256 and the size of the stored bytes, so that the log still covers every one of them.

pub(crate) mod json;

use std::borrow::Cow;

use domain::entry::{Author, Clocks, Entry, EntryBody, RecordedEntry, Stamp};
use domain::ids::{EntryId, StreamId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::error::Error;

/// Longest leaf that an entry bundle can hold: its length is written in 16 bits.
pub(crate) const MAX_LEAF_BYTES: usize = 65_535;

#[derive(Serialize)]
struct LongLeaf {
    entry_sha256: String,
    id: EntryId,
    seq: u64,
    size_bytes: u64,
}

/// Canonical JSON of a recorded entry; refuses what could not be read back as it was.
pub(crate) fn encode(entry: &RecordedEntry) -> Result<Vec<u8>, Error> {
    let (stored, has_null) =
        json::to_vec_with_nulls(entry).map_err(|source| Error::Encode { source })?;
    // Numbers that are none (NaN, infinite) become `null` on the way, inside shapes too. Few entries hold one.
    if has_null {
        check_readable(&stored)?;
    }
    Ok(stored)
}

fn check_readable(stored: &[u8]) -> Result<(), Error> {
    let encode = |source| Error::Encode { source };
    let again = json::to_vec(&read(stored).map_err(encode)?).map_err(encode)?;
    let differs = || serde::de::Error::custom("a value is lost in writing");
    if again == stored {
        Ok(())
    } else {
        Err(encode(differs()))
    }
}

/// The leaf that stands for stored bytes in the log.
pub(crate) fn leaf(seq: u64, id: EntryId, stored: &[u8]) -> Result<Cow<'_, [u8]>, Error> {
    if stored.len() <= MAX_LEAF_BYTES {
        return Ok(Cow::Borrowed(stored));
    }
    let long = LongLeaf {
        entry_sha256: sha256_hex(stored),
        id,
        seq,
        size_bytes: stored.len() as u64,
    };
    json::to_vec(&long)
        .map(Cow::Owned)
        .map_err(|source| Error::Encode { source })
}

/// Lower-case hexadecimal SHA-256.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]])
        .map(char::from)
        .collect()
}

/// Reads stored bytes; `None` where a newer program wrote a kind that this one has no use for.
pub(crate) fn decode(seq: u64, kind: &str, stored: &[u8]) -> Result<Option<RecordedEntry>, Error> {
    if !EntryBody::KINDS.iter().any(|(known, _)| *known == kind) {
        tracing::debug!(
            entry.seq = seq,
            entry.kind = kind,
            "entry of an unknown kind passed over"
        );
        return Ok(None);
    }
    read(stored)
        .map(Some)
        .map_err(|source| Error::Unreadable { seq, source })
}

/// The members of a stored entry, the body still as text.
#[derive(Deserialize)]
struct Stored<'a> {
    seq: u64,
    version: u64,
    recorded_at: Timestamp,
    origin: String,
    id: EntryId,
    stream: StreamId,
    #[serde(default)]
    based_on: Option<u64>,
    #[serde(borrow)]
    kind: &'a RawValue,
    #[serde(borrow)]
    body: &'a RawValue,
    actor: String,
    role: String,
    unit: String,
    occurred_at: Timestamp,
    #[serde(default)]
    clocks: Option<Clocks>,
    #[serde(default)]
    stamp: Option<Stamp>,
}

/// The same as deserializing a [`RecordedEntry`], in half the time: in canonical JSON the body stands before the kind
/// that says how to read it, and serde would keep it in memory value by value.
fn read(stored: &[u8]) -> Result<RecordedEntry, serde_json::Error> {
    let entry: Stored<'_> = serde_json::from_slice(stored)?;
    let (kind, body) = (entry.kind.get(), entry.body.get());
    let body: EntryBody =
        serde_json::from_str(&["{\"kind\":", kind, ",\"body\":", body, "}"].concat())?;
    // Every member is named, so that a new one cannot be forgotten here.
    Ok(RecordedEntry {
        seq: entry.seq,
        version: entry.version,
        recorded_at: entry.recorded_at,
        origin: entry.origin,
        entry: Entry {
            id: entry.id,
            stream: entry.stream,
            based_on: entry.based_on,
            body,
            author: Author {
                actor: entry.actor,
                role: entry.role,
                unit: entry.unit,
            },
            occurred_at: entry.occurred_at,
            clocks: entry.clocks,
            stamp: entry.stamp,
        },
    })
}

/// What the register itself wrote into a stored entry.
#[derive(Deserialize)]
struct Recorded {
    seq: u64,
    version: u64,
    recorded_at: Timestamp,
    origin: String,
    #[serde(default)]
    based_on: Option<u64>,
}

/// The stored entry, if it says the same fact as `entry`. The version an append was based on is no part of the fact.
pub(crate) fn same_fact(stored: &[u8], entry: &Entry) -> Result<Option<RecordedEntry>, Error> {
    let Ok(first) = serde_json::from_slice::<Recorded>(stored) else {
        return Ok(None);
    };
    let Recorded {
        seq,
        version,
        recorded_at,
        origin,
        based_on,
    } = first;
    let again = RecordedEntry {
        seq,
        version,
        recorded_at,
        origin,
        entry: Entry {
            based_on,
            ..entry.clone()
        },
    };
    Ok((encode(&again)? == stored).then_some(again))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;
    use domain::ids::EntryId;
    use uuid::Uuid;

    #[test]
    fn a_leaf_is_the_stored_bytes_until_they_do_not_fit_a_bundle() {
        let id = EntryId(Uuid::from_u128(1));
        let fits = vec![b'a'; MAX_LEAF_BYTES];
        assert_eq!(leaf(3, id, &fits).unwrap(), fits.as_slice());
        let long = vec![b'a'; MAX_LEAF_BYTES + 1];
        let leaf = leaf(3, id, &long).unwrap();
        let text = std::str::from_utf8(&leaf).unwrap();
        assert!(
            text.contains(&sha256_hex(&long)) && text.contains("\"size_bytes\":65536"),
            "{text}"
        );
    }

    #[test]
    fn an_entry_is_read_as_serde_would_read_it() {
        let entries = [
            testkit::a_clue(1, 2),
            testkit::a_site(1),
            testkit::a_verification(1, "issue_found"),
        ];
        for (entry, seq) in entries.into_iter().zip(7..) {
            let clocks = Clocks {
                device: testkit::later(0, 2),
                monotonic_ms: Some(12),
                gnss: None,
                session: Some("9f31ac02".to_owned()),
                session_ms: Some(24_512_007),
                contact_at: Some(testkit::later(0, 1)),
                utc_offset_min: Some(480),
            };
            let stamp = Stamp {
                device_id: domain::ids::DeviceId(Uuid::from_u128(9)),
                number: 41,
                alg: "ES256".to_owned(),
                signature: "AAAA".to_owned(),
            };
            let entry = Entry {
                based_on: Some(3),
                clocks: Some(clocks),
                stamp: Some(stamp),
                ..entry
            };
            let recorded_at = "2019-08-16T01:00:00.123456789Z".parse().unwrap();
            let recorded = RecordedEntry {
                seq,
                version: 4,
                recorded_at,
                origin: "\"后河\"".to_owned(),
                entry,
            };
            let stored = encode(&recorded).unwrap();
            assert_eq!(stored, serde_jcs::to_vec(&recorded).unwrap());
            assert_eq!(read(&stored).unwrap(), recorded);
            assert_eq!(
                read(&stored).unwrap(),
                serde_json::from_slice(&stored).unwrap()
            );
        }
    }

    #[test]
    fn hexadecimal_is_lower_case_and_whole() {
        assert_eq!(hex(&[0x00, 0xab, 0xff]), "00abff");
        assert_eq!(
            sha256_hex(b""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }
}
