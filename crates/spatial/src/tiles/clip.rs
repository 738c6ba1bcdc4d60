//! Cutting lines and rings to a square, in whole numbers.

use std::borrow::Cow;

/// A ring cut to the square from `low` to `high` (Sutherland and Hodgman, one side after the other).
pub fn clip_ring(ring: &[[i32; 2]], low: i32, high: i32) -> Cow<'_, [[i32; 2]]> {
    let is_inside = |p: &[i32; 2]| p.iter().all(|v| (low..=high).contains(v));
    if ring.iter().all(is_inside) {
        return Cow::Borrowed(ring);
    }
    let mut from = ring.to_vec();
    let mut to = Vec::with_capacity(ring.len());
    for (axis, bound, is_upper) in [
        (0, low, false),
        (0, high, true),
        (1, low, false),
        (1, high, true),
    ] {
        to.clear();
        let holds = |p: [i32; 2]| {
            if is_upper {
                p[axis] <= bound
            } else {
                p[axis] >= bound
            }
        };
        let Some(mut before) = from.last().copied() else {
            return Cow::Owned(Vec::new());
        };
        for &point in &from {
            if holds(point) != holds(before) {
                push(&mut to, crossing(before, point, axis, bound));
            }
            if holds(point) {
                push(&mut to, point);
            }
            before = point;
        }
        if to.len() > 1 && to.first() == to.last() {
            to.pop();
        }
        std::mem::swap(&mut from, &mut to);
    }
    Cow::Owned(from)
}

/// A line cut to the square; it may fall into several.
pub fn clip_line(line: &[[i32; 2]], low: i32, high: i32) -> Vec<Vec<[i32; 2]>> {
    let mut cut = Vec::new();
    let mut open: Vec<[i32; 2]> = Vec::new();
    for pair in line.windows(2) {
        match clip_segment(pair[0], pair[1], low, high) {
            Some((from, to)) => {
                if open.last() != Some(&from) {
                    close(&mut open, &mut cut);
                    open.push(from);
                }
                push(&mut open, to);
                if to != pair[1] {
                    close(&mut open, &mut cut);
                }
            }
            None => close(&mut open, &mut cut),
        }
    }
    close(&mut open, &mut cut);
    cut
}

fn close(open: &mut Vec<[i32; 2]>, cut: &mut Vec<Vec<[i32; 2]>>) {
    let line = std::mem::take(open);
    if line.len() > 1 {
        cut.push(line);
    }
}

fn push(line: &mut Vec<[i32; 2]>, point: [i32; 2]) {
    if line.last() != Some(&point) {
        line.push(point);
    }
}

/// Where a segment crosses a side, rounded; the side itself exactly.
fn crossing(from: [i32; 2], to: [i32; 2], axis: usize, bound: i32) -> [i32; 2] {
    let other = 1 - axis;
    let share =
        (f64::from(bound) - f64::from(from[axis])) / (f64::from(to[axis]) - f64::from(from[axis]));
    let across = f64::from(from[other]) + share * (f64::from(to[other]) - f64::from(from[other]));
    let mut point = [bound; 2];
    point[other] = across.round() as i32;
    point
}

/// A segment cut to the square (Liang and Barsky).
fn clip_segment(from: [i32; 2], to: [i32; 2], low: i32, high: i32) -> Option<([i32; 2], [i32; 2])> {
    let (mut enters, mut leaves) = (0.0_f64, 1.0_f64);
    for axis in 0..2 {
        let start = f64::from(from[axis]);
        let step = f64::from(to[axis]) - start;
        for (gap, slope) in [
            (start - f64::from(low), -step),
            (f64::from(high) - start, step),
        ] {
            if slope == 0.0 {
                if gap < 0.0 {
                    return None;
                }
                continue;
            }
            let at = gap / slope;
            if slope < 0.0 {
                enters = enters.max(at);
            } else {
                leaves = leaves.min(at);
            }
        }
    }
    if enters > leaves {
        return None;
    }
    let at = |share: f64, otherwise: [i32; 2], end: f64| {
        if share == end {
            return otherwise;
        }
        let value = |axis: usize| {
            let start = f64::from(from[axis]);
            (start + share * (f64::from(to[axis]) - start)).round() as i32
        };
        [value(0), value(1)]
    };
    Some((at(enters, from, 0.0), at(leaves, to, 1.0)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn twice_area(ring: &[[i32; 2]]) -> i64 {
        let next = ring.iter().cycle().skip(1);
        ring.iter()
            .zip(next)
            .map(|(a, b)| i64::from(a[0]) * i64::from(b[1]) - i64::from(b[0]) * i64::from(a[1]))
            .sum()
    }

    #[test]
    fn a_square_over_the_corner_is_cut_to_its_quarter() {
        let square = [[-50, -50], [50, -50], [50, 50], [-50, 50]];
        let cut = clip_ring(&square, 0, 100);
        assert_eq!(twice_area(&cut).abs(), 2 * 50 * 50);
        assert!(clip_ring(&square, 60, 100).is_empty());
    }

    #[test]
    fn a_line_that_leaves_and_comes_back_is_two() {
        let line = [[10, 10], [200, 10], [200, 50], [10, 50]];
        let cut = clip_line(&line, 0, 100);
        assert_eq!(cut, [vec![[10, 10], [100, 10]], vec![[100, 50], [10, 50]]]);
        assert!(clip_line(&[[-10, 0], [0, 300]], 50, 100).is_empty());
    }

    fn convex() -> impl Strategy<Value = Vec<[i32; 2]>> {
        // Triangles are convex whatever their corners are, so that the cut area can be bounded.
        prop::collection::vec(prop::array::uniform2(-300..400_i32), 3..=3)
    }

    proptest! {
        #[test]
        fn what_is_cut_lies_inside_and_is_not_larger(ring in convex()) {
            let cut = clip_ring(&ring, 0, 100);
            for point in cut.iter() {
                prop_assert!(point.iter().all(|v| (0..=100).contains(v)));
            }
            // Rounding a crossing moves it by half a unit at most.
            prop_assert!(twice_area(&cut).abs() <= twice_area(&ring).abs() + 2 * 400);
            let same_turn = twice_area(&cut).signum() * twice_area(&ring).signum();
            prop_assert!(same_turn >= 0 || twice_area(&cut).abs() <= 2 * 400);
        }

        #[test]
        fn lines_stay_inside(line in prop::collection::vec(prop::array::uniform2(-300..400_i32), 2..8)) {
            for part in clip_line(&line, 0, 100) {
                prop_assert!(part.len() > 1);
                for point in part {
                    prop_assert!(point.iter().all(|v| (0..=100).contains(v)));
                }
            }
        }
    }
}
