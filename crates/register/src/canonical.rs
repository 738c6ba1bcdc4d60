//! 规范字节 — the bytes an entry is kept, hashed and proved by.
//!
//! An entry is stored as canonical JSON (RFC 8785) of [`RecordedEntry`] and never serialized anew afterwards.
//! The leaf of the log is that byte string itself, unless it is longer than C2SP tlog-tiles can carry in an entry
//! bundle (65,535 bytes: a boundary, a campaign's files); then the leaf is a short canonical JSON that names the
//! SHA-256 and the size of the stored bytes, so that the log still covers every one of them.

use std::borrow::Cow;

use domain::entry::{Entry, EntryBody, RecordedEntry};
use domain::ids::EntryId;
use serde::Serialize;
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

/// Canonical JSON of a recorded entry.
pub(crate) fn encode(entry: &RecordedEntry) -> Result<Vec<u8>, Error> {
    serde_jcs::to_vec(entry).map_err(|source| Error::Encode { source })
}

/// The leaf that stands for stored bytes in the log.
pub(crate) fn leaf(seq: u64, id: EntryId, stored: &[u8]) -> Result<Cow<'_, [u8]>, Error> {
    if stored.len() <= MAX_LEAF_BYTES {
        return Ok(Cow::Borrowed(stored));
    }
    let long = LongLeaf { entry_sha256: sha256_hex(stored), id, seq, size_bytes: stored.len() as u64 };
    serde_jcs::to_vec(&long).map(Cow::Owned).map_err(|source| Error::Encode { source })
}

/// Lower-case hexadecimal SHA-256.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]]).map(char::from).collect()
}

/// Reads stored bytes; `None` where a newer program wrote a kind that this one has no use for.
pub(crate) fn decode(seq: u64, kind: &str, stored: &[u8]) -> Result<Option<RecordedEntry>, Error> {
    if !EntryBody::KINDS.iter().any(|(known, _)| *known == kind) {
        tracing::debug!(entry.seq = seq, entry.kind = kind, "entry of an unknown kind passed over");
        return Ok(None);
    }
    serde_json::from_slice(stored).map(Some).map_err(|source| Error::Unreadable { seq, source })
}

/// The stored entry, if it says the same fact as `entry`. The version an append was based on is no part of the fact.
pub(crate) fn same_fact(stored: &[u8], entry: &Entry) -> Result<Option<RecordedEntry>, Error> {
    let Ok(first) = serde_json::from_slice::<RecordedEntry>(stored) else { return Ok(None) };
    let mut again = RecordedEntry { entry: entry.clone(), origin: first.origin.clone(), ..first };
    again.entry.based_on = first.entry.based_on;
    Ok((encode(&again)? == stored).then_some(first))
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
        assert!(text.contains(&sha256_hex(&long)) && text.contains("\"size_bytes\":65536"), "{text}");
    }

    #[test]
    fn hexadecimal_is_lower_case_and_whole() {
        assert_eq!(hex(&[0x00, 0xab, 0xff]), "00abff");
        assert_eq!(sha256_hex(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
