//! 同一视角 — whether a picture before and a picture after were taken from one spot, as far as that can be told.
//!
//! What lasts between two dates (walls, trunks, poles, rocks) leaves marks that agree on one placement; where they do not
//! suffice, the reliefs are shifted over each other and the best place is held against all others.
//!
//! This is the weakest answer of the room and meant to be so. What agrees is sure: no two unrelated pictures of the tests agree
//! in more than three marks. What does not agree proves nothing: on drawn landscapes whose light, leaves and ground all change
//! with the season, neither marks nor ridge lines told the same valley from another one. Nothing found is therefore
//! [`Grade::Uncertain`]. [`Grade::Different`] is kept for pictures that demonstrably show one thing from elsewhere: nearer,
//! farther, turned aside, or mirrored. Real pairs of a campaign were not at hand; take the measures to a person.

use crate::picture::{
    Fingerprint, Lay, Orientation, Plane, align, lay_coarsely, relief_share, settle,
};

/// 视角等级 — whether two pictures show one view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// Marks agree on one placement.
    Same,
    /// Nothing sure either way.
    Uncertain,
    /// The same things seen from elsewhere, or mirrored.
    Different,
}

/// 视角比对 — the grade and what it rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Viewpoint {
    pub grade: Grade,
    /// Marks that agree on one placement; 0 where none was found.
    pub marks: usize,
    /// How far the best placement of the reliefs stands out among all others, in standard deviations.
    pub prominence: f32,
    /// Mean agreement of the parts in that placement, 0 to 1.
    pub agreement: f32,
    /// Where the middle of the first lies in the second, in shares of its width and height from its middle.
    pub shift: (f32, f32),
    /// How much larger things are in the second.
    pub scale: f32,
}

/// So many agreeing marks are no accident: unrelated pictures reach three at most.
const SURE_MARKS: usize = 5;
/// A place that stands out so much is no accident either: unrelated pictures reach about 5.
const SURE_PROMINENCE: f32 = 6.5;
/// Within these bounds a hand-held camera counts as being on the same spot.
const SCALES: std::ops::RangeInclusive<f32> = 0.7..=1.43;
/// The farthest the middle may move, in shares of the sides.
const FARTHEST: f32 = 0.3;

/// Compares a picture before with a picture after, both upright.
pub fn compare(before: &Fingerprint, after: &Fingerprint) -> Viewpoint {
    let mut out = Viewpoint {
        grade: Grade::Uncertain,
        marks: 0,
        prominence: 0.0,
        agreement: 0.0,
        shift: (0.0, 0.0),
        scale: 1.0,
    };
    if !before.is_comparable() || !after.is_comparable() {
        return out;
    }
    let (a, b) = (before.relief.plane(), after.relief.plane());
    let placed = Orientation::ALL
        .into_iter()
        .filter_map(|turn| align(before, after, turn))
        .max_by_key(|p| (p.marks, p.turn == Orientation::Upright));
    let (prominence, found) = best_place(&a, &b);
    let start = match &placed {
        Some(placed) => {
            out.marks = placed.marks;
            let share = relief_share(after);
            Lay {
                turn: placed.turn,
                scale: placed.scale * share / relief_share(before),
                shift: (placed.shift.0 * share, placed.shift.1 * share),
            }
        }
        None => found,
    };
    let (on, agreement) = settle(&a, &b, start);
    out.prominence = prominence;
    out.agreement = agreement;
    out.scale = on.scale;
    out.shift = (on.shift.0 / b.width as f32, on.shift.1 / b.height as f32);
    let near = on.turn == Orientation::Upright
        && SCALES.contains(&on.scale)
        && out.shift.0.abs().max(out.shift.1.abs()) <= FARTHEST;
    out.grade = match out.marks >= SURE_MARKS || prominence >= SURE_PROMINENCE {
        true if near => Grade::Same,
        true => Grade::Different,
        false => Grade::Uncertain,
    };
    out
}

/// The shift and scale at which two reliefs agree best, and how far it stands out among all that were tried.
fn best_place(a: &Plane, b: &Plane) -> (f32, Lay) {
    let (reach_x, reach_y) = (b.width as i32 / 4, b.height as i32 / 4);
    let mut best = (f32::NEG_INFINITY, Lay::still());
    let (mut n, mut sum, mut squares) = (0.0_f32, 0.0_f32, 0.0_f32);
    for scale in [0.87, 1.0, 1.15] {
        for dy in (-reach_y..=reach_y).step_by(2) {
            for dx in (-reach_x..=reach_x).step_by(2) {
                let on = Lay {
                    scale,
                    shift: (dx as f32, dy as f32),
                    ..Lay::still()
                };
                let score = lay_coarsely(a, b, on);
                n += 1.0;
                sum += score;
                squares += score * score;
                if score > best.0 {
                    best = (score, on);
                }
            }
        }
    }
    let mean = sum / n.max(1.0);
    let deviation = (squares / n.max(1.0) - mean * mean).max(1e-9).sqrt();
    ((best.0 - mean) / deviation, best.1)
}
