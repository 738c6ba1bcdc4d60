use sha2::{Digest, Sha256};

use super::{Fix, Tidied};
use crate::geodesic::distance_m;

/// 轨迹指纹 — the same for the same way at the same time, whoever hands it in under whatever name: SHA-256 over the
/// fixes, places to 1e-5°, times to the second.
pub fn fingerprint(track: &Tidied) -> String {
    let mut hash = Sha256::new();
    for fix in &track.fixes {
        let second = fix.t.filter(|_| track.is_timed).map(|t| t.div_euclid(1000));
        let (x, y) = (micro(fix.at.x), micro(fix.at.y));
        let line = match second {
            Some(s) => format!("{s} {x} {y}\n"),
            None => format!("- {x} {y}\n"),
        };
        hash.update(line);
    }
    let bytes = hash.finalize();
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn micro(degrees: f64) -> i64 {
    (degrees * 1e5).round() as i64
}

/// 轨迹相似 — how much of the shorter of two tracks is also in the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Likeness {
    /// From 0 to 1.
    pub share: f64,
    pub fixes: usize,
}

/// Share of the fixes of the track with fewer fixes that the other one has within `near_m` and `near_s`. Two who walk
/// together have fixes of their own at instants of their own; a copy has the same ones.
pub fn likeness(a: &Tidied, b: &Tidied, near_m: f64, near_s: f64) -> Likeness {
    let (few, many) = match a.fixes.len() <= b.fixes.len() {
        true => (a, b),
        false => (b, a),
    };
    let same = match few.is_timed && many.is_timed {
        true => same_in_time(&few.fixes, &many.fixes, near_m, near_s),
        false => same_in_order(&few.fixes, &many.fixes, near_m),
    };
    Likeness {
        share: same as f64 / few.fixes.len().max(1) as f64,
        fixes: few.fixes.len(),
    }
}

fn same_in_time(few: &[Fix], many: &[Fix], near_m: f64, near_s: f64) -> usize {
    let within = (near_s * 1000.0) as i64;
    let mut from = 0;
    let is_met = |fix: &&Fix| {
        let Some(t) = fix.t else { return false };
        while many
            .get(from)
            .is_some_and(|m| m.t.is_none_or(|m| m < t - within))
        {
            from += 1;
        }
        let near = many[from..].iter();
        let mut near = near.take_while(|m| m.t.is_some_and(|m| m <= t + within));
        near.any(|m| distance_m(m.at, fix.at) <= near_m)
    };
    few.iter().filter(is_met).count()
}

/// Without times: places of the one met in the order of the other.
fn same_in_order(few: &[Fix], many: &[Fix], near_m: f64) -> usize {
    let mut from = 0;
    let mut same = 0;
    for fix in few {
        let met = many[from..]
            .iter()
            .take(LOOK_AHEAD)
            .position(|m| distance_m(m.at, fix.at) <= near_m);
        if let Some(at) = met {
            from += at;
            same += 1;
        }
    }
    same
}

/// How many fixes may have been left out of a copy in one place.
const LOOK_AHEAD: usize = 50;
