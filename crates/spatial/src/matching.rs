//! Which known sites a new clue may be: by distance, by overlap, by likeness of shape.
//!
//! [`MatchIndex`] compares whole geometries of any kind. [`PositionIndex`] finds the nearest of many positions in a
//! plane and serves where only centres matter.

use geo_types::Geometry;

use crate::authalic::{EllipsoidArea, EllipsoidLength, Measure, metres_per_degree};
use crate::overlay::{
    Bounds, CellRange, Clip, Dimension, Grid, Shape, areas_in_common, segment_distance_squared,
    winding_of,
};

/// Items over more cells than this are looked at for every query instead.
const MOST_CELLS: usize = 64;

/// 疑似同一点位 — a known item near or under a new geometry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate<Id> {
    /// The known item.
    pub id: Id,
    /// Shortest distance between the geometries, 0 if they meet.
    pub distance_m: f64,
    /// Area in common; 0 unless both are areas.
    pub overlap_m2: f64,
    /// Area in common by area of the union; 0 unless both are areas.
    pub iou: f64,
    /// Part of the new geometry (of its area, length or points) inside the known area.
    pub share_of_new: f64,
    /// Part of the known geometry inside the new area.
    pub share_of_known: f64,
}

/// Known items, ready to compare new geometries with.
#[derive(Debug)]
pub struct MatchIndex<Id> {
    items: Vec<Known<Id>>,
    boxes: BoxIndex,
}

/// 已知点位 — a known geometry, flattened and measured.
#[derive(Debug)]
pub struct Known<Id> {
    id: Id,
    shape: Shape,
    /// Area, length or number of points.
    size: f64,
}

impl<Id> Known<Id> {
    /// Measures a shape in CGCS2000 geographic coordinates.
    pub fn new(id: Id, shape: Shape) -> Self {
        Self {
            id,
            size: size_of(&shape),
            shape,
        }
    }
}

impl<Id: Copy + Ord> MatchIndex<Id> {
    /// Indexes geometries in CGCS2000 geographic coordinates; those without a usable position match nothing.
    pub fn build(items: impl IntoIterator<Item = (Id, Geometry)>) -> Self {
        let known = |(id, geometry): (Id, Geometry)| {
            Shape::from_geometry(&geometry).map(|shape| Known::new(id, shape))
        };
        Self::of(items.into_iter().filter_map(known).collect())
    }

    /// Indexes shapes that were measured before.
    pub fn of(items: Vec<Known<Id>>) -> Self {
        let bounds: Vec<Bounds> = items.iter().map(|item| item.shape.bounds()).collect();
        Self {
            items,
            boxes: BoxIndex::build(bounds),
        }
    }

    /// The known items within `max_distance_m` of `new`: likest first, then by share in common, distance and id.
    pub fn candidates(&self, new: &Geometry, max_distance_m: f64) -> Vec<Candidate<Id>> {
        let Some(new) = Shape::from_geometry(new) else {
            return Vec::new();
        };
        let reach = if max_distance_m > 0.0 {
            max_distance_m
        } else {
            0.0
        };
        let size = size_of(&new);
        let mut found = Vec::new();
        let scale = least_scale(&new);
        self.boxes.each_meeting(
            &new.bounds().grown(reach / scale[0], reach / scale[1]),
            |at| {
                found.extend(compare(&new, size, &self.items[at as usize], reach));
            },
        );
        found.sort_by(rank);
        found
    }

    /// The known area likest to the area `new`, by area in common by area of the union, if that is more than `least`;
    /// of equals the least id.
    ///
    /// Where only the likest counts this spares the borders of all that cannot be it.
    pub fn likest(&self, new: &Shape, least: f64, clip: &mut Clip) -> Option<(Id, f64)> {
        if new.dimension() != Dimension::Area {
            return None;
        }
        let measure = area_measure(new);
        let size = new.total(&measure);
        let mut best: Option<(Id, f64)> = None;
        self.boxes.each_meeting(&new.bounds(), |at| {
            let known = &self.items[at as usize];
            let reached = best.map_or(least, |(_, iou)| iou);
            if most_likeness(new, size, known, &measure) < reached {
                return;
            }
            let common = areas_in_common(new, &known.shape, &measure, clip);
            let iou = likeness(common, size, known.size);
            let is_better =
                best.is_none_or(|(id, best)| iou > best || iou == best && known.id < id);
            if iou > least && is_better {
                best = Some((known.id, iou));
            }
        });
        best
    }
}

/// Area in common by area of the union.
fn likeness(common: f64, a: f64, b: f64) -> f64 {
    part(common, a + b - common)
}

/// A likeness that two areas cannot exceed: no more is in common than the smaller of them, or than their boxes share.
fn most_likeness<Id>(new: &Shape, size: f64, known: &Known<Id>, measure: &impl Measure) -> f64 {
    if known.shape.dimension() != Dimension::Area {
        return f64::NEG_INFINITY;
    }
    let (a, b) = (new.bounds(), known.shape.bounds());
    let [left, bottom] = [0, 1].map(|axis: usize| a.min[axis].max(b.min[axis]));
    let [right, top] = [0, 1].map(|axis: usize| a.max[axis].min(b.max[axis]));
    let shared =
        measure.edge([left, bottom], [right, bottom]) + measure.edge([right, top], [left, top]);
    // a little more, for what is rounded
    1e-9 + likeness(shared.min(size).min(known.size), size, known.size)
}

/// Metres per degree where the shape is narrowest in longitude, so that a box grown by them is never too small.
fn least_scale(shape: &Shape) -> [f64; 2] {
    let Bounds { min, max } = shape.bounds();
    let farthest = (min[1].abs().max(max[1].abs()) + 0.5).min(89.0);
    [metres_per_degree(farthest)[0], metres_per_degree(0.0)[1]]
}

fn rank<Id: Ord>(a: &Candidate<Id>, b: &Candidate<Id>) -> std::cmp::Ordering {
    let share = |c: &Candidate<Id>| c.share_of_new.max(c.share_of_known);
    let likeness = b.iou.total_cmp(&a.iou).then(share(b).total_cmp(&share(a)));
    likeness
        .then(a.distance_m.total_cmp(&b.distance_m))
        .then_with(|| a.id.cmp(&b.id))
}

fn size_of(shape: &Shape) -> f64 {
    match shape.dimension() {
        Dimension::Point => shape.points().len() as f64,
        Dimension::Line => shape.total(&EllipsoidLength),
        Dimension::Area => shape.total(&area_measure(shape)),
    }
}

fn area_measure(shape: &Shape) -> EllipsoidArea {
    EllipsoidArea::between(shape.bounds().min[1], shape.bounds().max[1])
}

fn compare<Id: Copy>(
    new: &Shape,
    size: f64,
    known: &Known<Id>,
    reach: f64,
) -> Option<Candidate<Id>> {
    let of_new = inside(new, &known.shape);
    let of_known = inside(&known.shape, new);
    let meet = of_new > 0.0 || of_known > 0.0 || borders_cross(new, &known.shape);
    let distance_m = if meet {
        0.0
    } else {
        distance(new, &known.shape, reach)?
    };
    let areal = new.dimension() == Dimension::Area && known.shape.dimension() == Dimension::Area;
    let overlap_m2 = if areal { of_new } else { 0.0 };
    Some(Candidate {
        id: known.id,
        distance_m,
        overlap_m2,
        iou: likeness(overlap_m2, size, known.size),
        share_of_new: part(of_new, size),
        share_of_known: part(of_known, known.size),
    })
}

fn part(of: f64, whole: f64) -> f64 {
    if whole > 0.0 {
        (of / whole).min(1.0)
    } else {
        0.0
    }
}

/// How much of `shape` lies inside the area `other`; 0 if that is none.
fn inside(shape: &Shape, other: &Shape) -> f64 {
    if other.dimension() != Dimension::Area || !other.bounds().meets(&shape.bounds()) {
        return 0.0;
    }
    let common = match shape.dimension() {
        Dimension::Point => shape
            .points()
            .iter()
            .filter(|p| winding_of(other, **p) != 0)
            .count() as f64,
        Dimension::Line => areas_in_common(shape, other, &EllipsoidLength, &mut Clip::default()),
        Dimension::Area => {
            areas_in_common(shape, other, &area_measure(shape), &mut Clip::default())
        }
    };
    // what is left of two borders that only touch is rounding
    if common > 1e-9 { common } else { 0.0 }
}

fn borders_cross(a: &Shape, b: &Shape) -> bool {
    let mut clip = Clip::default();
    clip.start(a);
    for chain in b.chains() {
        clip.chain(a, &Nothing, chain);
    }
    clip.crossings() > 0
}

/// Measures nothing, where only crossings are asked for.
struct Nothing;

impl Measure for Nothing {
    fn edge(&self, _from: [f64; 2], _to: [f64; 2]) -> f64 {
        0.0
    }
}

/// The distance between shapes that do not cross, if it is within `reach`.
fn distance(a: &Shape, b: &Shape, reach: f64) -> Option<f64> {
    let middle = (a.bounds().min[1] + a.bounds().max[1]) / 2.0;
    let scale = metres_per_degree(middle);
    let mut least = reach * reach;
    let mut close = from_points(a, b, scale, &mut least);
    close |= from_points(b, a, scale, &mut least);
    close.then(|| least.sqrt())
}

/// Lowers `least` to the square of the distance from the points of `a` to the edges or points of `b`.
fn from_points(a: &Shape, b: &Shape, scale: [f64; 2], least: &mut f64) -> bool {
    let mut close = false;
    for p in a.points() {
        let reach = least.sqrt();
        let near =
            Bounds { min: *p, max: *p }.grown(reach / scale[0] * 1.001, reach / scale[1] * 1.001);
        b.each_segment_near(&near, |segment| {
            let square = segment_distance_squared(*p, segment, scale);
            if square <= *least {
                (*least, close) = (square, true);
            }
        });
    }
    close
}

/// Boxes in a grid.
#[derive(Debug)]
struct BoxIndex {
    bounds: Vec<Bounds>,
    grid: Grid,
    starts: Vec<u32>,
    entries: Vec<u32>,
    /// Boxes over too many cells.
    large: Vec<u32>,
}

impl BoxIndex {
    fn build(bounds: Vec<Bounds>) -> Self {
        let grid = Grid::over(
            bounds
                .iter()
                .fold(Bounds::EMPTY, |all, own| all.union(*own)),
            2 * bounds.len(),
        );
        let numbered = || {
            (0_u32..)
                .zip(&bounds)
                .map(|(at, own)| (at, grid.range(own)))
        };
        let large = numbered()
            .filter(|(_, range)| range.count() > MOST_CELLS)
            .map(|(at, _)| at)
            .collect();
        let small = || numbered().filter(|(_, range)| range.count() <= MOST_CELLS);
        let (starts, entries) = sorted_by_cell(&grid, small);
        Self {
            grid,
            starts,
            entries,
            large,
            bounds,
        }
    }

    /// Calls `each` once for every box that meets `query`.
    fn each_meeting(&self, query: &Bounds, mut each: impl FnMut(u32)) {
        self.large
            .iter()
            .filter(|at| self.bounds[**at as usize].meets(query))
            .for_each(|at| each(*at));
        let range = self.grid.range(query);
        range.each(|column, row| {
            let cell = self.grid.cell(column, row);
            for &at in &self.entries[self.starts[cell] as usize..self.starts[cell + 1] as usize] {
                let own = &self.bounds[at as usize];
                // of all cells both lie in, only the least one reports the box
                let least = |axis: usize| own.min[axis].max(query.min[axis]);
                if own.meets(query)
                    && self.grid.column(least(0)) == column
                    && self.grid.row(least(1)) == row
                {
                    each(at);
                }
            }
        });
    }
}

/// Where the entries of each cell begin, and the entries, ascending within a cell.
fn sorted_by_cell<I: Iterator<Item = (u32, CellRange)>>(
    grid: &Grid,
    items: impl Fn() -> I,
) -> (Vec<u32>, Vec<u32>) {
    let mut starts = vec![0_u32; grid.cells() + 1];
    items()
        .for_each(|(_, range)| range.each(|column, row| starts[grid.cell(column, row) + 1] += 1));
    for i in 1..starts.len() {
        starts[i] += starts[i - 1];
    }
    let mut next = starts.clone();
    let mut entries = vec![0; starts[starts.len() - 1] as usize];
    items().for_each(|(at, range)| {
        range.each(|column, row| {
            let slot = &mut next[grid.cell(column, row)];
            entries[*slot as usize] = at;
            *slot += 1;
        });
    });
    (starts, entries)
}

/// Positions in a plane, for the nearest within reach.
#[derive(Debug)]
pub struct PositionIndex {
    grid: Grid,
    starts: Vec<u32>,
    /// Positions and their numbers, by cell.
    sorted: Vec<([f64; 2], u32)>,
}

impl PositionIndex {
    /// Indexes positions; the number of each is its place in the list. At most 2³² are taken.
    pub fn build(positions: &[[f64; 2]]) -> Self {
        let grid = Grid::over(Bounds::of(positions), 8 * positions.len());
        let cells = || {
            (0_u32..)
                .zip(positions)
                .map(|(at, p)| (at, grid.range(&Bounds { min: *p, max: *p })))
        };
        let (starts, entries) = sorted_by_cell(&grid, cells);
        let sorted = entries
            .into_iter()
            .map(|at| (positions[at as usize], at))
            .collect();
        Self {
            grid,
            starts,
            sorted,
        }
    }

    /// Number and distance of the nearest position within `reach`; of equals the least number.
    pub fn nearest(&self, p: [f64; 2], reach: f64) -> Option<(u32, f64)> {
        let mut best = (reach * reach, u32::MAX);
        let range = self
            .grid
            .range(&Bounds { min: p, max: p }.grown(reach, reach));
        for row in range.rows[0]..=range.rows[1] {
            let first = self.starts[self.grid.cell(range.columns[0], row)] as usize;
            let last = self.starts[self.grid.cell(range.columns[1], row) + 1] as usize;
            for (q, at) in &self.sorted[first..last] {
                let square = (q[0] - p[0]).powi(2) + (q[1] - p[1]).powi(2);
                if (square, *at) <= best {
                    best = (square, *at);
                }
            }
        }
        (best.1 != u32::MAX).then(|| (best.1, best.0.sqrt()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;
    use geo::{Distance, Geodesic};
    use geo_types::{LineString, Point, Polygon, Rect};
    use proptest::prelude::*;

    fn square(x0: f64, y0: f64, x1: f64, y1: f64) -> Polygon {
        Rect::new([106.0 + x0, 30.0 + y0], [106.0 + x1, 30.0 + y1]).to_polygon()
    }

    fn only(
        known: impl Into<Geometry>,
        new: impl Into<Geometry>,
        reach: f64,
    ) -> Option<Candidate<u8>> {
        let found = MatchIndex::build([(1_u8, known.into())]).candidates(&new.into(), reach);
        found.first().copied()
    }

    #[test]
    fn the_same_outline_is_wholly_alike() {
        let found = only(
            square(0.0, 0.0, 0.01, 0.01),
            square(0.0, 0.0, 0.01, 0.01),
            0.0,
        )
        .unwrap();
        assert_eq!(
            (
                found.iou,
                found.distance_m,
                found.share_of_new,
                found.share_of_known
            ),
            (1.0, 0.0, 1.0, 1.0)
        );
    }

    #[test]
    fn overlap_is_measured_from_both_sides() {
        let found = only(
            square(0.0, 0.0, 0.01, 0.01),
            square(0.005, 0.0, 0.025, 0.01),
            0.0,
        )
        .unwrap();
        assert!((found.iou - 5.0 / 25.0).abs() < 1e-9);
        assert!(
            (found.share_of_new - 0.25).abs() < 1e-9 && (found.share_of_known - 0.5).abs() < 1e-9
        );
    }

    #[test]
    fn a_point_inside_a_known_area_has_distance_zero_and_outside_the_geodesic_one() {
        let area = square(0.0, 0.0, 0.01, 0.01);
        let inside = only(area.clone(), Point::new(106.005, 30.005), 0.0).unwrap();
        assert_eq!(
            (inside.distance_m, inside.share_of_new, inside.overlap_m2),
            (0.0, 1.0, 0.0)
        );
        let expected = Geodesic.distance(Point::new(106.011, 30.005), Point::new(106.01, 30.005));
        let near = only(area.clone(), Point::new(106.011, 30.005), 100.0).unwrap();
        assert!(
            (near.distance_m - expected).abs() < 0.001,
            "{} instead of {expected}",
            near.distance_m
        );
        assert_eq!(only(area, Point::new(106.011, 30.005), 90.0), None);
    }

    #[test]
    fn a_road_through_an_area_meets_it_and_two_roads_meet_where_they_cross() {
        let road = LineString::from(vec![(105.99, 30.005), (106.02, 30.005)]);
        let through = only(square(0.0, 0.0, 0.01, 0.01), road.clone(), 0.0).unwrap();
        assert_eq!(through.distance_m, 0.0);
        assert!((through.share_of_new - 1.0 / 3.0).abs() < 1e-6);
        let across = LineString::from(vec![(106.0, 30.0), (106.001, 30.01)]);
        assert_eq!(only(road.clone(), across, 0.0).unwrap().distance_m, 0.0);
        let beside = LineString::from(vec![(106.0, 30.0055), (106.02, 30.006)]);
        let found = only(road, beside, 100.0).unwrap();
        assert!(
            (found.distance_m - 0.0005 * metres_per_degree(30.0)[1]).abs() < 0.05,
            "{}",
            found.distance_m
        );
    }

    #[test]
    fn a_small_known_area_inside_a_large_new_one_is_found_without_crossing_borders() {
        let found = only(
            square(0.04, 0.04, 0.05, 0.05),
            square(0.0, 0.0, 0.1, 0.1),
            0.0,
        )
        .unwrap();
        assert_eq!((found.distance_m, found.share_of_known), (0.0, 1.0));
    }

    #[test]
    fn the_likest_comes_first_then_the_nearest_then_the_least_number() {
        let known = [
            (4, Point::new(106.02, 30.0).into()),
            (3, Point::new(106.02, 30.0).into()),
            (9, square(0.0, 0.0, 0.01, 0.01).into()),
            (2, square(0.002, 0.0, 0.012, 0.01).into()),
            (1, square(0.0105, 0.0, 0.0205, 0.01).into()),
        ];
        let found =
            MatchIndex::build(known).candidates(&square(0.0, 0.0, 0.01, 0.01).into(), 2000.0);
        assert_eq!(
            found.iter().map(|c| c.id).collect::<Vec<_>>(),
            [9, 2, 1, 3, 4]
        );
    }

    fn area(geometry: impl Into<Geometry>) -> Shape {
        Shape::from_geometry(&geometry.into()).unwrap()
    }

    #[test]
    fn the_likest_of_equals_is_the_least_number_and_lines_are_never_it() {
        let road = LineString::from(vec![(106.0, 30.0), (106.01, 30.01)]);
        let known: [(u8, Geometry); 4] = [
            (7, square(0.0, 0.0, 0.01, 0.01).into()),
            (3, square(0.0, 0.0, 0.01, 0.01).into()),
            (5, square(0.0, 0.0, 0.01, 0.01).into()),
            (1, road.clone().into()),
        ];
        let index = MatchIndex::build(known);
        let likest = |shape: &Shape| index.likest(shape, 0.1, &mut Clip::default());
        let (id, iou) = likest(&area(square(0.0, 0.0, 0.01, 0.01))).unwrap();
        assert_eq!(id, 3);
        assert!((iou - 1.0).abs() < 1e-9);
        assert_eq!(likest(&area(road)), None);
        assert_eq!(likest(&area(square(0.0, 0.0, 0.001, 0.001))), None);
    }

    #[test]
    fn empty_geometries_match_nothing() {
        let empty = || Geometry::MultiPolygon(geo_types::MultiPolygon(vec![]));
        let index = MatchIndex::build([(1_u8, empty())]);
        assert_eq!(
            index.candidates(&square(0.0, 0.0, 1.0, 1.0).into(), f64::INFINITY),
            []
        );
        assert_eq!(only(square(0.0, 0.0, 1.0, 1.0), empty(), 1.0), None);
    }

    fn scattered() -> impl Strategy<Value = Vec<[f64; 2]>> {
        proptest::collection::vec(
            (0.0_f64..1000.0, 0.0_f64..1000.0).prop_map(|(x, y)| [x, y]),
            0..60,
        )
    }

    proptest! {
        #[test]
        fn the_nearest_position_is_the_nearest_of_all(known in scattered(), x in -50.0..1050.0, y in -50.0..1050.0) {
            let distance = |q: &[f64; 2]| f64::hypot(q[0] - x, q[1] - y);
            let expected = known.iter().map(distance).filter(|d| *d <= 100.0).min_by(f64::total_cmp);
            let found = PositionIndex::build(&known).nearest([x, y], 100.0);
            prop_assert_eq!(found.is_some(), expected.is_some());
            if let (Some((at, d)), Some(expected)) = (found, expected) {
                prop_assert!((d - expected).abs() < 1e-9 && (distance(&known[at as usize]) - d).abs() < 1e-9);
            }
        }

        #[test]
        fn the_likest_is_the_first_of_the_candidates(
            known in proptest::collection::vec((0.0_f64..0.02, 0.0_f64..0.02, 0.001_f64..0.01, 0.001_f64..0.01), 0..20),
            width in 0.001_f64..0.01, height in 0.001_f64..0.01, least in 0.0_f64..0.5,
        ) {
            let known = known.iter().map(|(x, y, w, h)| square(*x, *y, x + w, y + h).into());
            let index = MatchIndex::build((0_u32..).zip(known));
            let new = square(0.01, 0.01, 0.01 + width, 0.01 + height);
            let expected = index.candidates(&new.clone().into(), 0.0).into_iter().find(|c| c.iou > least);
            let found = index.likest(&area(new), least, &mut Clip::default());
            prop_assert_eq!(found.map(|f| f.0), expected.map(|c| c.id));
            if let (Some((_, iou)), Some(expected)) = (found, expected) {
                prop_assert!((iou - expected.iou).abs() < 1e-9);
            }
        }

        #[test]
        fn boxes_are_found_once_each(corners in scattered(), query in scattered(), size in 0.0_f64..400.0) {
            let boxes: Vec<Bounds> = corners.iter().enumerate()
                .map(|(i, p)| Bounds { min: *p, max: *p }.grown(size * (i % 3) as f64, size / 2.0)).collect();
            let index = BoxIndex::build(boxes.clone());
            for at in query {
                let query = Bounds { min: at, max: at }.grown(50.0, 20.0);
                let mut found = Vec::new();
                index.each_meeting(&query, |at| found.push(at));
                found.sort_unstable();
                let expected: Vec<u32> = (0..).zip(&boxes).filter(|(_, b)| b.meets(&query)).map(|(i, _)| i).collect();
                prop_assert_eq!(found, expected);
            }
        }
    }
}
