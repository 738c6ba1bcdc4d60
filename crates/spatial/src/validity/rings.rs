//! Rings against each other: one spatial join of all edges, one ray per ring.

use std::collections::{BTreeMap, BTreeSet};

use geo::algorithm::kernels::{Kernel, Orientation, RobustKernel};
use geo::line_intersection::{LineIntersection, line_intersection};
use geo_types::{Coord, Line, LineString, Polygon};
use rstar::{AABB, RTree, RTreeObject};

use super::{Fault, Faults};

/// Edge pairs looked at for each edge, and at least: real boundaries need about four.
const PAIRS_PER_EDGE: u64 = 200;
const MIN_PAIRS: u64 = 5_000_000;
/// After so many crossings the geometry is beyond description, and the search ends.
const MAX_CROSSINGS: usize = 2_000;

/// A ring with at least three distinct consecutive vertices, each with its number in the input.
pub(super) struct Ring {
    pub(super) number: u32,
    pub(super) part: u32,
    pub(super) is_hole: bool,
    pub(super) vertices: Vec<(Coord<f64>, u32)>,
}

impl Ring {
    fn vertex(&self, index: usize) -> Coord<f64> {
        self.vertices[index % self.vertices.len()].0
    }

    fn before(&self, index: usize) -> Coord<f64> {
        self.vertex(index + self.vertices.len() - 1)
    }

    fn edge(&self, index: usize) -> Line<f64> {
        Line::new(self.vertex(index), self.vertex(index + 1))
    }

    fn are_neighbors(&self, one: usize, other: usize) -> bool {
        let count = self.vertices.len();
        (one + 1) % count == other || (other + 1) % count == one
    }
}

/// All rings of a geometry.
#[derive(Default)]
pub(super) struct Boundary {
    rings: Vec<Ring>,
}

/// One edge in the index.
struct Edge {
    ring: usize,
    index: usize,
    envelope: AABB<[f64; 2]>,
}

impl RTreeObject for Edge {
    type Envelope = AABB<[f64; 2]>;

    fn envelope(&self) -> Self::Envelope {
        self.envelope
    }
}

/// What the join of all edges found.
#[derive(Default)]
struct Contacts {
    /// Rings that cross or overlap something: containment means nothing for them.
    tangled: BTreeSet<usize>,
    /// Proper crossings of a ring with itself: where, and the two edges.
    self_crossings: BTreeMap<usize, Vec<(Coord<f64>, usize, usize)>>,
    /// Points where two rings of one polygon touch, per ring.
    touches: BTreeSet<(usize, Bits)>,
    /// Pairs of rings whose crossing has been reported.
    reported: BTreeSet<(usize, usize, &'static str)>,
    crossings: usize,
}

/// A coordinate as an ordered key. Minus zero is zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Bits(u64, u64);

impl From<Coord<f64>> for Bits {
    fn from(coordinate: Coord<f64>) -> Bits {
        Bits(
            (coordinate.x + 0.0).to_bits(),
            (coordinate.y + 0.0).to_bits(),
        )
    }
}

impl From<Bits> for Coord<f64> {
    fn from(bits: Bits) -> Coord<f64> {
        Coord {
            x: f64::from_bits(bits.0),
            y: f64::from_bits(bits.1),
        }
    }
}

impl Boundary {
    pub(super) fn add(&mut self, ring: Ring) {
        self.rings.push(ring);
    }

    pub(super) fn check(&self, faults: &mut Faults) {
        let mut contacts = Contacts::default();
        self.check_spikes(&mut contacts, faults);
        let tree = self.index();
        if let Err(pairs) = self.check_contacts(&tree, &mut contacts, faults) {
            faults.push(Fault::TooComplex { pairs });
            return;
        }
        self.report_self_crossings(&contacts, faults);
        self.check_connected(&contacts, faults);
        self.check_nesting(&tree, &contacts, faults);
    }

    fn index(&self) -> RTree<Edge> {
        let edges = self.rings.iter().enumerate().flat_map(|(ring, vertices)| {
            (0..vertices.vertices.len()).map(move |index| {
                let line = vertices.edge(index);
                let envelope =
                    AABB::from_corners([line.start.x, line.start.y], [line.end.x, line.end.y]);
                Edge {
                    ring,
                    index,
                    envelope,
                }
            })
        });
        RTree::bulk_load(edges.collect())
    }

    /// Neighboring edges that run back along each other.
    fn check_spikes(&self, contacts: &mut Contacts, faults: &mut Faults) {
        for (index, ring) in self.rings.iter().enumerate() {
            for tip in 0..ring.vertices.len() {
                let (before, at, after) =
                    (ring.before(tip), ring.vertex(tip), ring.vertex(tip + 1));
                if is_spike(before, at, after) {
                    contacts.tangled.insert(index);
                    faults.push(Fault::Spike {
                        ring: ring.number,
                        vertex: ring.vertices[tip].1,
                        at,
                    });
                }
            }
        }
    }

    /// Every pair of edges that meet. Stops with the number of pairs looked at when there are too many.
    fn check_contacts(
        &self,
        tree: &RTree<Edge>,
        contacts: &mut Contacts,
        faults: &mut Faults,
    ) -> Result<(), u64> {
        let limit = MIN_PAIRS.max(PAIRS_PER_EDGE * tree.size() as u64);
        let mut looked_at = 0;
        for (one, other) in tree.intersection_candidates_with_other_tree(tree) {
            looked_at += 1;
            if looked_at > limit {
                return Err(looked_at);
            }
            if contacts.crossings > MAX_CROSSINGS {
                return Ok(());
            }
            if (one.ring, one.index) < (other.ring, other.index) {
                self.check_pair(
                    (one.ring, one.index),
                    (other.ring, other.index),
                    contacts,
                    faults,
                );
            }
        }
        Ok(())
    }

    fn check_pair(
        &self,
        one: (usize, usize),
        other: (usize, usize),
        contacts: &mut Contacts,
        faults: &mut Faults,
    ) {
        let (ring, other_ring) = (&self.rings[one.0], &self.rings[other.0]);
        let is_same_ring = one.0 == other.0;
        if is_same_ring && ring.are_neighbors(one.1, other.1) {
            return;
        }
        let (edge, other_edge) = (ring.edge(one.1), other_ring.edge(other.1));
        match line_intersection(edge, other_edge) {
            None => {}
            Some(LineIntersection::Collinear { intersection }) => {
                self.overlap(one, other, midpoint(intersection), contacts, faults);
            }
            Some(LineIntersection::SinglePoint {
                intersection,
                is_proper: true,
            }) => {
                self.cross(one, other, intersection, contacts, faults);
            }
            // A meeting at the end of an edge comes again as one at the start of the next.
            Some(LineIntersection::SinglePoint {
                intersection: at, ..
            }) if at == edge.end || at == other_edge.end => {}
            Some(LineIntersection::SinglePoint {
                intersection: at, ..
            }) => self.meet(one, other, at, contacts, faults),
        }
    }

    /// Two edges run along each other.
    fn overlap(
        &self,
        one: (usize, usize),
        other: (usize, usize),
        at: Coord<f64>,
        contacts: &mut Contacts,
        faults: &mut Faults,
    ) {
        let (ring, other_ring) = (&self.rings[one.0], &self.rings[other.0]);
        if one.0 == other.0 {
            contacts.tangled.insert(one.0);
            contacts.crossings += 1;
            faults.push(Fault::SelfIntersection {
                ring: ring.number,
                vertex: ring.vertices[one.1].1,
                at,
            });
        } else if ring.part == other_ring.part {
            contacts.report(
                one.0,
                other.0,
                faults,
                Fault::RingsOverlap {
                    ring: ring.number,
                    other: other_ring.number,
                    at,
                },
            );
        } else {
            contacts.report(
                one.0,
                other.0,
                faults,
                Fault::SharedEdge {
                    ring: ring.number,
                    other: other_ring.number,
                    at,
                },
            );
        }
    }

    /// Two edges, or two corners, cross.
    fn cross(
        &self,
        one: (usize, usize),
        other: (usize, usize),
        at: Coord<f64>,
        contacts: &mut Contacts,
        faults: &mut Faults,
    ) {
        let (ring, other_ring) = (&self.rings[one.0], &self.rings[other.0]);
        contacts.crossings += 1;
        if one.0 == other.0 {
            contacts.tangled.insert(one.0);
            contacts
                .self_crossings
                .entry(one.0)
                .or_default()
                .push((at, one.1, other.1));
        } else if ring.part == other_ring.part {
            contacts.report(
                one.0,
                other.0,
                faults,
                Fault::RingsCross {
                    ring: ring.number,
                    other: other_ring.number,
                    at,
                },
            );
        } else {
            contacts.report(
                one.0,
                other.0,
                faults,
                Fault::OverlappingParts {
                    ring: ring.number,
                    other: other_ring.number,
                    at,
                },
            );
        }
    }

    /// Two edges meet at a vertex of one or both: they touch, or the boundary crosses through the vertex.
    fn meet(
        &self,
        one: (usize, usize),
        other: (usize, usize),
        at: Coord<f64>,
        contacts: &mut Contacts,
        faults: &mut Faults,
    ) {
        let (ring, other_ring) = (&self.rings[one.0], &self.rings[other.0]);
        let (arms, other_arms) = (ring.arms(one.1, at), other_ring.arms(other.1, at));
        let coincide = |arm| same_direction(at, arms.0, arm) || same_direction(at, arms.1, arm);
        if coincide(other_arms.0) || coincide(other_arms.1) {
            // The edges run along each other from here: reported as a spike or an overlap.
        } else if crosses_at(at, arms, other_arms) {
            self.cross(one, other, at, contacts, faults);
        } else if one.0 == other.0 {
            contacts.tangled.insert(one.0);
            let vertex = if ring.vertex(one.1) == at {
                one.1
            } else {
                other.1
            };
            faults.push(Fault::SelfTouch {
                ring: ring.number,
                vertex: ring.vertices[vertex].1,
                at,
            });
        } else {
            contacts.touches.insert((one.0, at.into()));
            contacts.touches.insert((other.0, at.into()));
        }
    }

    /// A single crossing that leaves two lobes of opposite direction is a bow tie; anything else a self-intersection.
    fn report_self_crossings(&self, contacts: &Contacts, faults: &mut Faults) {
        for (&index, crossings) in &contacts.self_crossings {
            let ring = &self.rings[index];
            for &(at, first, second) in crossings {
                let (number, vertex) = (ring.number, ring.vertices[first].1);
                faults.push(
                    if crossings.len() == 1 && ring.is_bow_tie(at, first, second) {
                        Fault::BowTie {
                            ring: number,
                            vertex,
                            at,
                        }
                    } else {
                        Fault::SelfIntersection {
                            ring: number,
                            vertex,
                            at,
                        }
                    },
                );
            }
        }
    }

    /// Rings that touch in a circle enclose a piece of the interior: a cycle in the graph of rings and touching points.
    fn check_connected(&self, contacts: &Contacts, faults: &mut Faults) {
        let mut forest = Forest::new(self.rings.len());
        let mut points: BTreeMap<(u32, Bits), usize> = BTreeMap::new();
        for &(ring, at) in &contacts.touches {
            let node = *points
                .entry((self.rings[ring].part, at))
                .or_insert_with(|| forest.add());
            if !forest.join(ring, node) && !contacts.tangled.contains(&ring) {
                faults.push(Fault::DisconnectedInterior {
                    ring: self.rings[ring].number,
                    at: at.into(),
                });
            }
        }
    }

    /// Holes outside their shell, holes in holes, parts in parts.
    fn check_nesting(&self, tree: &RTree<Edge>, contacts: &Contacts, faults: &mut Faults) {
        if self.rings.len() < 2 || contacts.crossings > MAX_CROSSINGS {
            return;
        }
        let shells: BTreeMap<u32, usize> = (0..)
            .zip(&self.rings)
            .filter(|(_, ring)| !ring.is_hole)
            .map(|(index, ring)| (ring.part, index))
            .collect();
        let limit = MIN_PAIRS.max(PAIRS_PER_EDGE * tree.size() as u64);
        let mut looked_at = 0;
        for index in (0..self.rings.len()).filter(|index| !contacts.tangled.contains(index)) {
            let at = self.free_point(index, contacts);
            let around = self.rings_around(at, tree, &mut looked_at);
            if looked_at > limit {
                faults.push(Fault::TooComplex { pairs: looked_at });
                return;
            }
            self.check_nesting_of(index, at, &around, &shells, contacts, faults);
        }
    }

    fn check_nesting_of(
        &self,
        index: usize,
        at: Coord<f64>,
        around: &BTreeSet<usize>,
        shells: &BTreeMap<u32, usize>,
        contacts: &Contacts,
        faults: &mut Faults,
    ) {
        let ring = &self.rings[index];
        let clear = |other: &usize| *other != index && !contacts.tangled.contains(other);
        if ring.is_hole {
            if let Some(shell) = shells
                .get(&ring.part)
                .filter(|shell| clear(shell) && !around.contains(shell))
            {
                faults.push(Fault::HoleOutsideShell {
                    ring: ring.number,
                    shell: self.rings[*shell].number,
                    at,
                });
            }
            let outer = around
                .iter()
                .filter(|other| clear(other))
                .map(|other| &self.rings[*other]);
            for outer in outer.filter(|outer| outer.part == ring.part && outer.is_hole) {
                faults.push(Fault::NestedHoles {
                    ring: ring.number,
                    inside: outer.number,
                    at,
                });
            }
            return;
        }
        for outer in around
            .iter()
            .filter(|other| clear(other))
            .map(|other| &self.rings[*other])
        {
            let is_in_hole = around
                .iter()
                .any(|hole| self.rings[*hole].is_hole && self.rings[*hole].part == outer.part);
            if !outer.is_hole && outer.part != ring.part && !is_in_hole {
                faults.push(Fault::NestedShells {
                    ring: ring.number,
                    inside: outer.number,
                    at,
                });
            }
        }
    }

    /// A point of the ring that lies on no other ring: a vertex, or else the middle of an edge.
    fn free_point(&self, index: usize, contacts: &Contacts) -> Coord<f64> {
        let ring = &self.rings[index];
        let is_free = |at: &Coord<f64>| !contacts.touches.contains(&(index, (*at).into()));
        let vertices = || (0..ring.vertices.len()).map(|vertex| ring.vertex(vertex));
        let middles = (0..ring.vertices.len()).map(|edge| midpoint(ring.edge(edge)));
        vertices()
            .find(is_free)
            .or_else(|| middles.into_iter().find(is_free))
            .unwrap_or(ring.vertex(0))
    }

    /// Planar area of a ring, for comparison only.
    fn size(&self, index: usize) -> f64 {
        let ring = &self.rings[index];
        let corners: Vec<Coord<f64>> = ring.vertices.iter().map(|vertex| vertex.0).collect();
        twice_area(ring.vertex(0), &corners).abs()
    }

    /// The rings that enclose a point, by a ray to the right that crosses their edges an odd number of times.
    fn rings_around(
        &self,
        at: Coord<f64>,
        tree: &RTree<Edge>,
        looked_at: &mut u64,
    ) -> BTreeSet<usize> {
        let ray = AABB::from_corners([at.x, at.y], [f64::MAX, at.y]);
        let mut around = BTreeSet::new();
        for edge in tree.locate_in_envelope_intersecting(&ray) {
            *looked_at += 1;
            let line = self.rings[edge.ring].edge(edge.index);
            if is_right_of(at, line) && !around.remove(&edge.ring) {
                around.insert(edge.ring);
            }
        }
        around
    }
}

impl Ring {
    /// The two neighbors of a point on the ring: of a vertex, the vertices beside it; inside an edge, its ends.
    fn arms(&self, edge: usize, at: Coord<f64>) -> (Coord<f64>, Coord<f64>) {
        let from = if self.vertex(edge) == at {
            self.before(edge)
        } else {
            self.vertex(edge)
        };
        (from, self.vertex(edge + 1))
    }

    /// Whether the lobes on either side of the crossing of two edges run in opposite directions.
    fn is_bow_tie(&self, at: Coord<f64>, first: usize, second: usize) -> bool {
        let lobe = |from: usize, to: usize| {
            let corners: Vec<Coord<f64>> =
                (from + 1..=to).map(|vertex| self.vertex(vertex)).collect();
            twice_area(at, &corners)
        };
        let (inner, outer) = (
            lobe(first, second),
            lobe(second, first + self.vertices.len()),
        );
        inner * outer < 0.0
    }
}

impl Contacts {
    /// Reports the first fault of a kind between two rings.
    fn report(&mut self, one: usize, other: usize, faults: &mut Faults, fault: Fault) {
        self.tangled.extend([one, other]);
        self.crossings += 1;
        if self.reported.insert((one, other, fault.code())) {
            faults.push(fault);
        }
    }
}

/// Twice the signed planar area of the fan from `origin` over the corners.
fn twice_area(origin: Coord<f64>, corners: &[Coord<f64>]) -> f64 {
    let fan = corners.windows(2).map(|pair| {
        let (a, b) = (pair[0] - origin, pair[1] - origin);
        a.x * b.y - a.y * b.x
    });
    fan.sum()
}

fn midpoint(line: Line<f64>) -> Coord<f64> {
    Coord {
        x: line.start.x / 2.0 + line.end.x / 2.0,
        y: line.start.y / 2.0 + line.end.y / 2.0,
    }
}

/// Whether the boundary turns back along itself at `at`.
pub(crate) fn is_spike(before: Coord<f64>, at: Coord<f64>, after: Coord<f64>) -> bool {
    let (back, on) = (before - at, after - at);
    back.x * on.x + back.y * on.y > 0.0
        && RobustKernel::orient2d(before, at, after) == Orientation::Collinear
}

/// Whether an edge crosses the ray from a point to the right. The upper end belongs to the edge, the lower does not.
fn is_right_of(at: Coord<f64>, line: Line<f64>) -> bool {
    if (line.start.y > at.y) == (line.end.y > at.y) {
        return false;
    }
    let (low, high) = if line.start.y < line.end.y {
        (line.start, line.end)
    } else {
        (line.end, line.start)
    };
    RobustKernel::orient2d(low, high, at) == Orientation::CounterClockwise
}

/// Whether two bent lines that meet at `node` cross there: one arm of the second lies between the arms of the first
/// and the other does not. Arms that coincide do not cross (the overlap is reported by itself).
fn crosses_at(
    node: Coord<f64>,
    first: (Coord<f64>, Coord<f64>),
    second: (Coord<f64>, Coord<f64>),
) -> bool {
    let sides = (
        side_of(node, first, second.0),
        side_of(node, first, second.1),
    );
    matches!(sides, (Some(one), Some(other)) if one != other)
}

/// Whether `arm` lies in the angle from the first to the second of `arms`, counter-clockwise; none on either of them.
fn side_of(node: Coord<f64>, arms: (Coord<f64>, Coord<f64>), arm: Coord<f64>) -> Option<bool> {
    if same_direction(node, arms.0, arm) || same_direction(node, arms.1, arm) {
        return None;
    }
    let is_left = |from: Coord<f64>, to: Coord<f64>| {
        RobustKernel::orient2d(node, from, to) == Orientation::CounterClockwise
    };
    let opens_left = match RobustKernel::orient2d(node, arms.0, arms.1) {
        Orientation::CounterClockwise => true,
        Orientation::Clockwise => false,
        // A straight line: the left half plane of the first arm.
        Orientation::Collinear => return Some(is_left(arms.0, arm)),
    };
    Some(if opens_left {
        is_left(arms.0, arm) && is_left(arm, arms.1)
    } else {
        is_left(arms.0, arm) || is_left(arm, arms.1)
    })
}

fn same_direction(node: Coord<f64>, one: Coord<f64>, other: Coord<f64>) -> bool {
    is_spike(one, node, other)
}

/// Polygons of shells and holes that do not cross: each hole goes to the smallest shell around it. A hole without a
/// shell has nothing to cut and is left out.
pub(crate) fn nest(shells: Vec<LineString<f64>>, holes: Vec<LineString<f64>>) -> Vec<Polygon<f64>> {
    let mut boundary = Boundary::default();
    let rings = shells
        .iter()
        .map(|ring| (ring, false))
        .chain(holes.iter().map(|ring| (ring, true)));
    for (number, (ring, is_hole)) in (1..).zip(rings) {
        let open = ring
            .0
            .iter()
            .take(ring.0.len().saturating_sub(usize::from(ring.is_closed())));
        boundary.add(Ring {
            number,
            part: 0,
            is_hole,
            vertices: open.copied().zip(1..).collect(),
        });
    }
    let tree = boundary.index();
    let mut contacts = Contacts::default();
    // Touching points keep the test point of each ring off the others; faults are not asked for here.
    if boundary
        .check_contacts(&tree, &mut contacts, &mut Faults::default())
        .is_err()
    {
        return shells
            .into_iter()
            .map(|shell| Polygon::new(shell, Vec::new()))
            .collect();
    }
    let mut interiors: Vec<Vec<LineString<f64>>> = vec![Vec::new(); shells.len()];
    for (index, hole) in (shells.len()..).zip(holes) {
        let around = boundary.rings_around(boundary.free_point(index, &contacts), &tree, &mut 0);
        let enclosing = around.into_iter().filter(|ring| *ring < shells.len());
        if let Some(shell) =
            enclosing.min_by(|one, other| boundary.size(*one).total_cmp(&boundary.size(*other)))
        {
            interiors[shell].push(hole);
        }
    }
    shells
        .into_iter()
        .zip(interiors)
        .map(|(shell, interiors)| Polygon::new(shell, interiors))
        .collect()
}

/// Disjoint sets of rings and touching points.
struct Forest {
    parents: Vec<usize>,
}

impl Forest {
    fn new(count: usize) -> Forest {
        Forest {
            parents: (0..count).collect(),
        }
    }

    fn add(&mut self) -> usize {
        self.parents.push(self.parents.len());
        self.parents.len() - 1
    }

    fn root(&mut self, mut node: usize) -> usize {
        while self.parents[node] != node {
            self.parents[node] = self.parents[self.parents[node]];
            node = self.parents[node];
        }
        node
    }

    /// Joins the sets of two nodes; false when they were one already.
    fn join(&mut self, one: usize, other: usize) -> bool {
        let (one, other) = (self.root(one), self.root(other));
        self.parents[one] = other;
        one != other
    }
}
