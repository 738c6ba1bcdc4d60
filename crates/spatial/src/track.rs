//! 轨迹 — fixes of a position receiver: read from files, tidied, measured, compared.
//!
//! What is recorded is never mended: repeats are dropped and counted, what cannot be is refused and counted, gaps are
//! neither measured nor drawn as way walked.

mod compare;
mod measure;
mod read;
mod tidy;

pub use compare::{Likeness, fingerprint, likeness};
pub use measure::{Plane, farthest_from_chord_m, fastest_mps, simplify, standing_share};
pub use read::{RawTrack, Reading, Stamped, Waypoint, instant_of, read, write_fixes};
pub use tidy::{Gap, GapWhy, Segment, Tidied, TidyRules, tidy};

use geo_types::Coord;

/// 定位点 — one position of a receiver, with what it said of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fix {
    /// Milliseconds since 1970 UTC, where the file says when.
    pub t: Option<i64>,
    /// Degrees, longitude first.
    pub at: Coord<f64>,
    pub altitude_m: Option<f64>,
    pub accuracy_m: Option<f64>,
    pub speed_mps: Option<f64>,
    pub heading_deg: Option<f64>,
    /// Segment of the file it lies in, from 0.
    pub segment: u32,
}

impl Fix {
    /// A fix of which only time and place are known.
    pub fn new(t: Option<i64>, lon: f64, lat: f64) -> Self {
        Self {
            t,
            at: Coord { x: lon, y: lat },
            altitude_m: None,
            accuracy_m: None,
            speed_mps: None,
            heading_deg: None,
            segment: 0,
        }
    }
}

/// Seconds between two fixes; nothing where one has no time.
fn seconds(from: &Fix, to: &Fix) -> Option<f64> {
    Some((to.t? - from.t?) as f64 / 1000.0)
}
