use geo::SimplifyIdx;
use geo_types::{Coord, LineString};

use super::{Fix, Segment, Tidied, seconds};
use crate::geodesic::degree_lengths_m;

/// 局部平面 — degrees to metres around one latitude, for small differences only.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plane {
    pub origin: Coord<f64>,
    pub lon_m: f64,
    pub lat_m: f64,
}

impl Plane {
    /// The plane around a position.
    pub fn at(origin: Coord<f64>) -> Self {
        let (lon_m, lat_m) = degree_lengths_m(origin.y.clamp(-89.0, 89.0));
        Self {
            origin,
            lon_m,
            lat_m,
        }
    }

    /// Metres east and north of the origin.
    pub fn to(&self, at: Coord<f64>) -> Coord<f64> {
        Coord {
            x: (at.x - self.origin.x) * self.lon_m,
            y: (at.y - self.origin.y) * self.lat_m,
        }
    }

    /// Degrees again.
    pub fn back(&self, at: Coord<f64>) -> Coord<f64> {
        Coord {
            x: at.x / self.lon_m + self.origin.x,
            y: at.y / self.lat_m + self.origin.y,
        }
    }
}

/// A line of fewer points that stays within `within_m` of the fixes; every kept point is a fix.
pub fn simplify(fixes: &[Fix], within_m: f64) -> LineString<f64> {
    let Some(first) = fixes.first() else {
        return LineString(Vec::new());
    };
    let plane = Plane::at(first.at);
    let line: LineString<f64> = fixes.iter().map(|f| plane.to(f.at)).collect();
    let kept = line.simplify_idx(within_m);
    kept.into_iter().map(|i| fixes[i].at).collect()
}

/// The highest speed kept up over a window of `least_s` to `most_s` within one segment, from end to end of the window.
pub fn fastest_mps(track: &Tidied, least_s: f64, most_s: f64) -> f64 {
    if !track.is_timed {
        return 0.0;
    }
    let of = |segment: &Segment| fastest_in(track.of(segment), least_s, most_s);
    track.segments.iter().map(of).fold(0.0, f64::max)
}

fn fastest_in(fixes: &[Fix], least_s: f64, most_s: f64) -> f64 {
    let mut fastest = 0.0_f64;
    let mut from = 0;
    for to in 0..fixes.len() {
        // The shortest window that is long enough: a longer one is no faster without one of its parts being so.
        while from + 1 < to && seconds(&fixes[from + 1], &fixes[to]).is_some_and(|s| s >= least_s) {
            from += 1;
        }
        let Some(s) = seconds(&fixes[from], &fixes[to]) else {
            continue;
        };
        if s >= least_s && s <= most_s {
            let metres = crate::geodesic::distance_m(fixes[from].at, fixes[to].at);
            fastest = fastest.max(metres / s);
        }
    }
    fastest
}

/// Share of the track's time, from 0 to 1, of its longest stay within `radius_m` of one place.
pub fn standing_share(track: &Tidied, radius_m: f64) -> f64 {
    let duration = track.duration_s();
    let Some(first) = track.fixes.first().filter(|_| duration > 0.0) else {
        return 0.0;
    };
    let mut place = first;
    let mut longest = 0.0_f64;
    for fix in &track.fixes {
        if crate::geodesic::distance_m(place.at, fix.at) > radius_m {
            place = fix;
        }
        longest = longest.max(seconds(place, fix).unwrap_or_default());
    }
    longest / duration
}

/// How far the farthest fix lies from the straight line between the first and the last.
pub fn farthest_from_chord_m(fixes: &[Fix]) -> f64 {
    let [first, .., last] = fixes else { return 0.0 };
    let plane = Plane::at(first.at);
    let chord = plane.to(last.at);
    let length = chord.x.hypot(chord.y);
    let off = |fix: &Fix| {
        let at = plane.to(fix.at);
        match length > 0.0 {
            true => (at.x * chord.y - at.y * chord.x).abs() / length,
            false => at.x.hypot(at.y),
        }
    };
    fixes.iter().map(off).fold(0.0, f64::max)
}
