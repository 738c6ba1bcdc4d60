//! On which side of a line a point lies: exact, and never "on it".
//!
//! Geometry points count as moved by (ε₁, ε₂) with ε₁ ≫ ε₂ > 0, both smaller than any difference between coordinates;
//! outline points stay. The functions give the answer for the moved points.

use geo::kernels::{Kernel, RobustKernel};
use geo_types::Coord;

/// Rounding error of the plain determinant, as in Shewchuk's adaptive predicates.
const ERROR: f64 = 3.330_669_073_875_471_6e-16;

/// Twice the signed area of the triangle; exact in sign (positive: `p` left of `a` → `b`).
#[inline]
pub(super) fn orientation(a: [f64; 2], b: [f64; 2], p: [f64; 2]) -> f64 {
    let left = (a[0] - p[0]) * (b[1] - p[1]);
    let right = (a[1] - p[1]) * (b[0] - p[0]);
    let det = left - right;
    if det.abs() > ERROR * (left.abs() + right.abs()) {
        det
    } else {
        exact_orientation(a, b, p)
    }
}

#[cold]
fn exact_orientation(a: [f64; 2], b: [f64; 2], p: [f64; 2]) -> f64 {
    use geo::kernels::Orientation;
    match RobustKernel::orient2d(Coord::from(a), Coord::from(b), Coord::from(p)) {
        Orientation::CounterClockwise => f64::MIN_POSITIVE,
        Orientation::Clockwise => -f64::MIN_POSITIVE,
        Orientation::Collinear => 0.0,
    }
}

/// Whether the moved geometry point `p` lies left of the outline edge `c` → `d`, and the determinant.
#[inline]
pub(super) fn point_left_of_outline(c: [f64; 2], d: [f64; 2], p: [f64; 2]) -> (bool, f64) {
    let det = orientation(c, d, p);
    (det > 0.0 || det == 0.0 && step_goes_left(c, d), det)
}

/// Which of up to 32 moved geometry points lie left of the outline edge `c` → `d`: the first in the lowest bit.
///
/// All points are tried without a branch; if one is too near the line for that, all are asked exactly.
#[inline]
pub(super) fn points_left_of_outline(c: [f64; 2], d: [f64; 2], points: &[[f64; 2]]) -> u32 {
    let (mut sides, mut certain) = (0, true);
    for (i, p) in points.iter().enumerate() {
        let left = (c[0] - p[0]) * (d[1] - p[1]);
        let right = (c[1] - p[1]) * (d[0] - p[0]);
        let det = left - right;
        certain &= det.abs() > ERROR * (left.abs() + right.abs());
        sides |= u32::from(det > 0.0) << i;
    }
    if certain {
        return sides;
    }
    let bit = |p: &[f64; 2]| u32::from(point_left_of_outline(c, d, *p).0);
    points.iter().rev().fold(0, |bits, p| bits << 1 | bit(p))
}

/// Whether the outline point `c` lies left of the moved geometry edge `a` → `b`.
#[inline]
pub(super) fn outline_left_of_edge(a: [f64; 2], b: [f64; 2], c: [f64; 2]) -> bool {
    let det = orientation(a, b, c);
    det > 0.0 || det == 0.0 && a != b && !step_goes_left(a, b)
}

/// Whether (ε₁, ε₂) points to the left of `from` → `to`.
fn step_goes_left(from: [f64; 2], to: [f64; 2]) -> bool {
    if to[1] == from[1] {
        to[0] > from[0]
    } else {
        to[1] < from[1]
    }
}

/// What the outline edge `c` → `d` adds to the winding of its outline round the moved geometry point `p`.
#[inline]
pub(super) fn outline_turn(c: [f64; 2], d: [f64; 2], p: [f64; 2]) -> i32 {
    match (c[1] <= p[1], d[1] <= p[1]) {
        (true, false) => i32::from(point_left_of_outline(c, d, p).0),
        (false, true) => -i32::from(!point_left_of_outline(c, d, p).0),
        _ => 0,
    }
}

/// What the moved geometry edge `a` → `b` adds to the winding of its geometry round the outline point `c`.
#[inline]
pub(super) fn edge_turn(a: [f64; 2], b: [f64; 2], c: [f64; 2]) -> i32 {
    match (a[1] < c[1], b[1] < c[1]) {
        (true, false) => i32::from(outline_left_of_edge(a, b, c)),
        (false, true) => -i32::from(!outline_left_of_edge(a, b, c)),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lattice() -> impl Strategy<Value = [f64; 2]> {
        (0_i8..4, 0_i8..4).prop_map(|(x, y)| [f64::from(x), f64::from(y)])
    }

    /// The same question with a step that is small but real.
    fn moved(p: [f64; 2]) -> [f64; 2] {
        [p[0] + 1e-3, p[1] + 1e-6]
    }

    proptest! {
        #[test]
        fn ties_are_answered_as_for_points_really_moved(a in lattice(), b in lattice(), p in lattice()) {
            prop_assume!(a != b);
            prop_assert_eq!(point_left_of_outline(a, b, p).0, orientation(a, b, moved(p)) > 0.0);
            prop_assert_eq!(outline_left_of_edge(a, b, p), orientation(moved(a), moved(b), p) > 0.0);
        }

        #[test]
        fn many_points_are_answered_as_one_by_one(
            a in lattice(), b in lattice(), points in proptest::collection::vec(lattice(), 0..=32), whole in any::<bool>(),
        ) {
            let shift = |p: &[f64; 2]| if whole { *p } else { [p[0] + 0.3, p[1] - 0.2] };
            let points: Vec<[f64; 2]> = points.iter().map(shift).collect();
            let sides = points_left_of_outline(a, b, &points);
            for (i, p) in points.iter().enumerate() {
                prop_assert_eq!(sides >> i & 1 == 1, point_left_of_outline(a, b, *p).0);
            }
        }

        #[test]
        fn winding_turns_are_those_of_points_really_moved(a in lattice(), b in lattice(), p in lattice()) {
            let q = moved(p);
            let crosses = (a[1] <= q[1]) != (b[1] <= q[1]);
            let left = orientation(a, b, q) > 0.0;
            let expected = if !crosses { 0 } else if b[1] > a[1] { i32::from(left) } else { -i32::from(!left) };
            prop_assert_eq!(outline_turn(a, b, p), expected);
        }

        #[test]
        fn nearly_collinear_points_get_the_exact_side(t in 0.0_f64..1.0, k in -2_i8..=2) {
            let (a, b) = ([106.1, 29.7], [106.7, 30.3]);
            let p = [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]) + f64::from(k) * 3.6e-15];
            let reverse = orientation(b, a, p);
            prop_assert_eq!(orientation(a, b, p).partial_cmp(&0.0), (-reverse).partial_cmp(&0.0));
        }
    }
}
