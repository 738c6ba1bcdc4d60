//! 在册证明 — what anybody can check without the register: a leaf from an entry's bytes, the root a proof leads to, a signed
//! checkpoint.

use domain::ids::EntryId;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tlog_tiles::tlog::record_hash;

use crate::canonical;
use crate::key;

#[derive(Deserialize)]
struct Placed {
    seq: u64,
    id: EntryId,
}

/// Position and RFC 6962 leaf hash of an entry, from the bytes the log covers; nothing for what is no recorded entry.
pub fn leaf_of(stored: &[u8]) -> Option<(u64, [u8; 32])> {
    let Placed { seq, id } = serde_json::from_slice(stored).ok()?;
    let leaf = canonical::leaf(seq, id, stored).ok()?;
    Some((seq, record_hash(&leaf).0))
}

/// The root hash that a leaf at a position of a log of `size` and a proof of inclusion lead to (RFC 9162, 2.1.3.2).
pub fn root_of_proof(
    leaf_hash: [u8; 32],
    seq: u64,
    size: u64,
    proof: &[[u8; 32]],
) -> Option<[u8; 32]> {
    let (mut at, mut last) = (seq, size.checked_sub(1)?);
    let mut root = leaf_hash;
    if at > last {
        return None;
    }
    for hash in proof {
        if last == 0 {
            return None;
        }
        let is_right = at % 2 == 1 || at == last;
        let (left, right) = if is_right {
            (*hash, root)
        } else {
            (root, *hash)
        };
        root = node(left, right);
        while is_right && at % 2 == 0 && at != 0 {
            (at, last) = (at / 2, last / 2);
        }
        (at, last) = (at / 2, last / 2);
    }
    (last == 0).then_some(root)
}

fn node(left: [u8; 32], right: [u8; 32]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update([1]);
    hash.update(left);
    hash.update(right);
    hash.finalize().into()
}

/// Size and root hash of a signed checkpoint, if `verifier_key` signed it.
pub fn open_checkpoint(note: &str, verifier_key: &str) -> Option<(u64, [u8; 32])> {
    let (size, root) = key::open_checkpoint(note.as_bytes(), verifier_key).ok()?;
    Some((size, root.0))
}
