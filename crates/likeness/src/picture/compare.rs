//! Two fingerprints against each other.

use super::Fingerprint;
use super::marks::turned;
use super::orientation::Orientation;
use super::plane::Plane;
use super::relief::{FLAT, Laid, Lay, lay};

/// Descriptions that differ in more of their 64 bits are not taken for the same mark.
pub(crate) const MOST_BITS: u32 = 12;
/// Marks that must agree on one placement.
const FEWEST_AGREEING: usize = 4;
/// How far a mark may lie from where it should, in points of the frame.
const OFF: f32 = 3.0;
/// Between half and twice the size.
const MOST_SCALE: f32 = 2.0;
/// The share of each picture that must lie on the other.
const LEAST_OVERLAP: f32 = 0.45;
/// Two reliefs that agree less at first sight are not settled upon each other.
const LEAST_FIT: f32 = 0.25;
/// The part of a side that a caption may take.
const CAPTION: f32 = 0.2;
/// A block begins to agree at this correlation and agrees wholly 0.35 above it.
const BLOCK_AGREES: f32 = 0.55;
/// Blocks with something to see in the common part.
const FEWEST_BLOCKS: usize = 10;
/// Distances up to this are graded [`Grade::Same`].
const SAME: f32 = 0.25;
/// Distances up to this are graded [`Grade::Probable`].
const PROBABLE: f32 = 0.34;

/// 相似等级 — what a comparison of two pictures says, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// One photograph, perhaps cropped, turned, recompressed or captioned.
    Same,
    /// Very likely one photograph, altered more strongly; worth a look.
    Probable,
    /// Nothing says that it is one photograph.
    Different,
    /// One of the two shows too little.
    NotComparable,
}

/// What came of comparing two pictures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    pub grade: Grade,
    /// How the first has to be turned to lie as the second.
    pub orientation: Orientation,
    /// The share of the common part that does not agree, 0 to 1; 1 where no common part was found.
    pub distance: f32,
    /// The share of the smaller picture that lies on the other, 0 to 1.
    pub overlap: f32,
    /// Marks that agree on the placement.
    pub marks: usize,
}

impl Comparison {
    fn nothing(grade: Grade) -> Self {
        Self {
            grade,
            orientation: Orientation::Upright,
            distance: 1.0,
            overlap: 0.0,
            marks: 0,
        }
    }
}

/// Whether two fingerprints are those of one photograph. The order does not matter but for the orientation.
pub fn compare(a: &Fingerprint, b: &Fingerprint) -> Comparison {
    if !a.is_comparable() || !b.is_comparable() {
        return Comparison::nothing(Grade::NotComparable);
    }
    let alignment = Orientation::ALL
        .into_iter()
        .filter_map(|turn| align(a, b, turn))
        .max_by_key(|alignment| alignment.marks);
    match alignment {
        Some(alignment) => verify(a, b, &alignment),
        None => Comparison::nothing(Grade::Different),
    }
}

/// As [`compare`], for fingerprints known to be comparable, when only one orientation comes into question.
pub(crate) fn aligned_along(a: &Fingerprint, b: &Fingerprint, turn: Orientation) -> Comparison {
    match align(a, b, turn) {
        Some(alignment) => verify(a, b, &alignment),
        None => Comparison::nothing(Grade::Different),
    }
}

/// How the frame of one picture lies on that of another: turned, scaled, shifted, all from the middles.
#[derive(Debug, Clone)]
pub(crate) struct Alignment {
    pub(crate) turn: Orientation,
    pub(crate) scale: f32,
    pub(crate) shift: (f32, f32),
    /// Marks that agree.
    pub(crate) marks: usize,
}

/// A mark of each picture that may be the same.
struct Pair {
    a: usize,
    b: usize,
    /// Turned already.
    from: (f32, f32),
    to: (f32, f32),
    growth: f32,
}

/// The placement most marks agree on in one orientation.
pub(crate) fn align(a: &Fingerprint, b: &Fingerprint, turn: Orientation) -> Option<Alignment> {
    let pairs = pairs(a, b, turn);
    if pairs.len() < FEWEST_AGREEING {
        return None;
    }
    let mut best: Vec<usize> = Vec::new();
    for seed in &pairs {
        let scale = seed.growth.exp2();
        let shift = (
            seed.to.0 - scale * seed.from.0,
            seed.to.1 - scale * seed.from.1,
        );
        // The size of a single mark is rough: far from it the prediction is, too.
        let agreeing = agreeing(&pairs, scale, shift, |pair| {
            let far = (pair.from.0 - seed.from.0).hypot(pair.from.1 - seed.from.1);
            OFF + 0.12 * far
        });
        if agreeing.len() > best.len() {
            best = agreeing;
        }
    }
    let mut fitted = None;
    for off in [OFF, OFF, 0.6 * OFF] {
        let (scale, shift) = fit(&pairs, &best)?;
        if !(1.0 / MOST_SCALE..=MOST_SCALE).contains(&scale) {
            return None;
        }
        best = agreeing(&pairs, scale, shift, |_| off);
        if best.len() < FEWEST_AGREEING {
            return None;
        }
        fitted = Some((scale, shift));
    }
    let (scale, shift) = fitted?;
    Some(Alignment {
        turn,
        scale,
        shift,
        marks: best.len(),
    })
}

fn pairs(a: &Fingerprint, b: &Fingerprint, turn: Orientation) -> Vec<Pair> {
    let mut out = Vec::new();
    for (i, mark) in a.marks.iter().enumerate() {
        let signs = turned(mark.signs, turn);
        for (j, other) in b.marks.iter().enumerate() {
            let growth = other.log_size() - mark.log_size();
            if (signs ^ other.signs).count_ones() <= MOST_BITS && growth.abs() <= 1.2 {
                out.push(Pair {
                    a: i,
                    b: j,
                    from: turn.turn(mark.off_middle(a.frame)),
                    to: other.off_middle(b.frame),
                    growth,
                });
            }
        }
    }
    out
}

/// Pairs that a placement explains, each mark once.
fn agreeing(
    pairs: &[Pair],
    scale: f32,
    shift: (f32, f32),
    tolerance: impl Fn(&Pair) -> f32,
) -> Vec<usize> {
    let (mut seen_a, mut seen_b) = (0_u64, 0_u64);
    let mut out = Vec::new();
    for (i, pair) in pairs.iter().enumerate() {
        let dx = pair.from.0 * scale + shift.0 - pair.to.0;
        let dy = pair.from.1 * scale + shift.1 - pair.to.1;
        let within = tolerance(pair);
        let fits = dx * dx + dy * dy <= within * within
            && (pair.growth - scale.log2()).abs() <= 0.5
            && seen_a & (1 << pair.a) == 0
            && seen_b & (1 << pair.b) == 0;
        if fits {
            seen_a |= 1 << pair.a;
            seen_b |= 1 << pair.b;
            out.push(i);
        }
    }
    out
}

/// Least squares over scale and shift. None for marks that lie too close together to tell a scale.
fn fit(pairs: &[Pair], chosen: &[usize]) -> Option<(f32, (f32, f32))> {
    let n = chosen.len() as f32;
    let mean = |of: &dyn Fn(&Pair) -> f32| chosen.iter().map(|i| of(&pairs[*i])).sum::<f32>() / n;
    let from = (mean(&|p| p.from.0), mean(&|p| p.from.1));
    let to = (mean(&|p| p.to.0), mean(&|p| p.to.1));
    let (mut together, mut spread) = (0.0, 0.0);
    for i in chosen {
        let (fx, fy) = (pairs[*i].from.0 - from.0, pairs[*i].from.1 - from.1);
        let (tx, ty) = (pairs[*i].to.0 - to.0, pairs[*i].to.1 - to.1);
        together += fx * tx + fy * ty;
        spread += fx * fx + fy * fy;
    }
    if chosen.len() < FEWEST_AGREEING || spread < n * 100.0 {
        return None;
    }
    let scale = together / spread;
    (scale > 0.1).then_some((scale, (to.0 - scale * from.0, to.1 - scale * from.1)))
}

/// The second, finer look.
fn verify(a: &Fingerprint, b: &Fingerprint, alignment: &Alignment) -> Comparison {
    let (plane_a, plane_b) = (a.relief.plane(), b.relief.plane());
    let to_relief = relief_share(b);
    let start = Lay {
        turn: alignment.turn,
        scale: alignment.scale * to_relief / relief_share(a),
        shift: (alignment.shift.0 * to_relief, alignment.shift.1 * to_relief),
    };
    let mut out = Comparison {
        grade: Grade::Different,
        orientation: alignment.turn,
        distance: 1.0,
        overlap: 0.0,
        marks: alignment.marks,
    };
    if lay(&plane_a, &plane_b, start, 2).fit() < LEAST_FIT {
        return out;
    }
    let (on, _) = settle(&plane_a, &plane_b, start);
    let laid = lay(&plane_a, &plane_b, on, 1);
    let covered_b = laid.covered * area(&plane_a) * on.scale * on.scale / area(&plane_b);
    out.overlap = laid.covered.max(covered_b).min(1.0);
    let Some(agreement) = agreement(&laid) else {
        return out;
    };
    out.distance = 1.0 - agreement;
    if laid.covered.min(covered_b) >= LEAST_OVERLAP {
        out.grade = match out.distance {
            d if d <= SAME => Grade::Same,
            d if d <= PROBABLE => Grade::Probable,
            _ => Grade::Different,
        };
    }
    out
}

fn area(plane: &Plane) -> f32 {
    (plane.width * plane.height) as f32
}

/// Points of the relief per point of the frame.
pub(crate) fn relief_share(picture: &Fingerprint) -> f32 {
    let points = f32::from(picture.relief.width) * f32::from(picture.relief.height);
    (points / (f32::from(picture.frame.0) * f32::from(picture.frame.1))).sqrt()
}

/// Moves and scales the lay by ever smaller steps while the fit grows; the fit as well.
pub(crate) fn settle(a: &Plane, b: &Plane, start: Lay) -> (Lay, f32) {
    let score = |on: Lay| lay(a, b, on, 2).fit();
    let (mut best, mut best_score) = (start, score(start));
    for step in [1.0, 0.5, 0.25] {
        for _round in 0..3 {
            let before = best_score;
            for (dx, dy, ds) in [
                (step, 0.0, 0.0),
                (-step, 0.0, 0.0),
                (0.0, step, 0.0),
                (0.0, -step, 0.0),
                (0.0, 0.0, 0.012 * step),
                (0.0, 0.0, -0.012 * step),
            ] {
                let next = Lay {
                    scale: best.scale * (1.0 + ds),
                    shift: (best.shift.0 + dx, best.shift.1 + dy),
                    ..best
                };
                let next_score = score(next);
                if next_score > best_score {
                    (best, best_score) = (next, next_score);
                }
            }
            if best_score <= before {
                break;
            }
        }
    }
    (best, best_score)
}

/// The share of blocks with something to see that agree; None if they are too few. A strip along one side may be left out,
/// for that is where captions are printed.
fn agreement(laid: &Laid) -> Option<f32> {
    let judged: Vec<(f32, f32, f32)> = (laid.blocks.iter())
        .filter(|(_, _, block)| {
            let (a, b) = block.scatter();
            a.max(b) >= FLAT
        })
        .map(|(column, row, block)| {
            // A straight line rather than a threshold: small changes make small differences.
            let agrees = (block.correlation(FLAT) - BLOCK_AGREES) / 0.35;
            (*column as f32, *row as f32, agrees.clamp(0.0, 1.0))
        })
        .collect();
    let range = |of: fn(&(f32, f32, f32)) -> f32| {
        let low = judged.iter().map(of).fold(f32::INFINITY, f32::min);
        let high = judged.iter().map(of).fold(f32::NEG_INFINITY, f32::max);
        (low + (high - low) * CAPTION, high - (high - low) * CAPTION)
    };
    let ((left, right), (top, bottom)) = (range(|b| b.0), range(|b| b.1));
    let share = |keep: &dyn Fn(&(f32, f32, f32)) -> bool| {
        let kept: Vec<f32> = judged.iter().filter(|b| keep(b)).map(|b| b.2).collect();
        (kept.len() >= FEWEST_BLOCKS).then(|| kept.iter().sum::<f32>() / kept.len() as f32)
    };
    let whole = share(&|_| true)?;
    let parts = [
        share(&|b| b.0 >= left),
        share(&|b| b.0 <= right),
        share(&|b| b.1 >= top),
        share(&|b| b.1 <= bottom),
    ];
    Some(parts.into_iter().flatten().fold(whole, f32::max))
}
