//! Functional zones laid under clues and sites: how much of a geometry lies in which zone, and which zone rules.
//!
//! Areas are on the ellipsoid with edges straight in longitude and latitude, so shares, what is unzoned and what is
//! outside sum to the whole. Zones of one reserve may share borders exactly; they should not overlap (a place in two
//! zones counts for both, and [`ZoneFlags::overlapping`] says so). Zones may lie outside the boundary by mistake of the
//! survey; what lies in a zone always counts as inside.

use geo_types::{Geometry, MultiPolygon};

use crate::authalic::{EllipsoidArea, EllipsoidLength, Measure, metres_per_degree};
use crate::diagnostic::{Diagnostic, Place};
use crate::overlay::{
    Dimension, OutlineIndex, OutlinePart, OutlinesTooLarge, Scratch, Shape, Share,
};

/// A position this close to a border lies on it.
const ON_BORDER_M: f64 = 0.001;
/// Shares below this part of the whole are rounding.
const NOISE: f64 = 1e-9;

/// 功能区范围 — one zone with its outline.
#[derive(Debug, Clone, PartialEq)]
pub struct ZoneArea {
    /// The caller's number of the zone.
    pub id: u32,
    /// Strictness: the higher rules where several zones are touched.
    pub rank: u8,
    /// Outline in CGCS2000 geographic coordinates.
    pub geometry: MultiPolygon,
}

/// Zones, and the boundary of the reserve if known, ready to lay geometries over.
#[derive(Debug)]
pub struct ZoneIndex {
    outlines: OutlineIndex,
    /// Number and rank of each zone, by outline.
    zones: Vec<(u32, u8)>,
    has_boundary: bool,
}

/// 功能区占比 — what one zone holds of a geometry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ZoneShare {
    /// The zone.
    pub zone: u32,
    /// Its strictness.
    pub rank: u8,
    /// m² of an area, m of a line, number of points.
    pub measure: f64,
}

/// 落区情况 — where a geometry lies. All measures are m² of an area, m of a line, or numbers of points.
#[derive(Debug, Clone, PartialEq)]
pub struct ZoneShares {
    /// What is measured.
    pub dimension: Dimension,
    /// The zones touched, strictest first, then by number.
    pub shares: Vec<ZoneShare>,
    /// The whole.
    pub measure: f64,
    /// Outside the boundary; outside all zones if there is no boundary.
    pub outside: f64,
    /// Inside the boundary, in no zone.
    pub unzoned: f64,
    /// What a person should see at once.
    pub flags: ZoneFlags,
}

/// 落区标记 — what a person should see at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ZoneFlags {
    /// Wholly outside.
    pub outside: bool,
    /// In part outside.
    pub partly_outside: bool,
    /// Touches more than one zone.
    pub straddling: bool,
    /// A border runs through it; a position lies on a border.
    pub on_boundary: bool,
    /// In part or wholly inside the boundary and in no zone.
    pub unzoned: bool,
    /// Zones overlap under it: the shares sum to more than the whole.
    pub overlapping: bool,
}

/// 碎屑阈值 — how little of a geometry is digitizing noise and touches no zone.
///
/// A share is a sliver if it is below both limits; limits of 0 let every touch count.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sliver {
    /// In m². Lines and points have no area, so only [`Sliver::min_share`] is asked for them.
    pub min_area_m2: f64,
    /// As part of the whole, 0 to 1.
    pub min_share: f64,
}

impl ZoneIndex {
    /// Indexes the zones and, if given, the boundary of the reserve.
    ///
    /// A zone whose outline is empty or not made of numbers is left out, with a diagnostic.
    pub fn build(
        zones: &[ZoneArea],
        boundary: Option<&MultiPolygon>,
    ) -> Result<(Self, Vec<Diagnostic>), OutlinesTooLarge> {
        let (mut part, mut kept, mut diagnostics) =
            (OutlinePart::default(), Vec::new(), Vec::new());
        for (feature, zone) in (1..).zip(zones) {
            if add_outline(&mut part, &zone.geometry) {
                kept.push((zone.id, zone.rank));
            } else {
                diagnostics.push(unusable("zoning.zone_unusable", feature).arg("zone", zone.id));
            }
        }
        let has_boundary = boundary.is_some_and(|boundary| add_outline(&mut part, boundary));
        if boundary.is_some() && !has_boundary {
            diagnostics.push(unusable("zoning.boundary_unusable", 1));
        }
        Ok((
            Self {
                outlines: OutlineIndex::build(vec![part])?,
                zones: kept,
                has_boundary,
            },
            diagnostics,
        ))
    }

    /// Where `geometry` lies; of a collection only the parts of the highest dimension are measured.
    pub fn overlay(&self, geometry: &Geometry) -> ZoneShares {
        match Shape::from_geometry(geometry) {
            None => ZoneShares::of(Dimension::Point, 0.0),
            Some(shape) => match shape.dimension() {
                Dimension::Point => self.overlay_points(&shape),
                Dimension::Line => self.overlay_shape(&shape, &EllipsoidLength),
                Dimension::Area => self.overlay_shape(&shape, &area_of(&shape)),
            },
        }
    }

    fn overlay_shape(&self, shape: &Shape, measure: &impl Measure) -> ZoneShares {
        let mut result = ZoneShares::of(shape.dimension(), shape.total(measure));
        let mut found = Vec::new();
        self.outlines.overlay(
            shape,
            measure,
            result.measure,
            &mut Scratch::default(),
            &mut found,
        );
        found.retain(|share| share.measure > NOISE * result.measure);
        let mut within = 0.0;
        for share in &found {
            match self.zones.get(share.outline as usize) {
                Some(&(zone, rank)) => result.shares.push(ZoneShare {
                    zone,
                    rank,
                    measure: share.measure,
                }),
                None => within = share.measure,
            }
        }
        result.flags.on_boundary = found.iter().any(|share| self.is_cut(share, result.measure));
        result.settle(self.has_boundary.then_some(within));
        result
    }

    fn is_cut(&self, share: &Share, whole: f64) -> bool {
        !share.whole && share.measure < whole * (1.0 - NOISE)
    }

    /// Every position counts for the strictest zone it touches, borders included.
    fn overlay_points(&self, shape: &Shape) -> ZoneShares {
        let mut result = ZoneShares::of(Dimension::Point, shape.points().len() as f64);
        let mut within = 0.0;
        for point in shape.points() {
            let place = self.locate(*point);
            result.flags.on_boundary |= place.on_border;
            within += f64::from(u8::from(place.within));
            for (at, zone) in place.zones.iter().enumerate() {
                result.count(*zone, if at == 0 { 1.0 } else { 0.0 });
            }
        }
        result.settle(self.has_boundary.then_some(within));
        result
    }

    fn locate(&self, point: [f64; 2]) -> Located {
        let borders = self
            .outlines
            .borders_within(point, ON_BORDER_M, metres_per_degree(point[1]));
        let mut touched = self.outlines.outlines_at(point);
        touched.extend(&borders);
        touched.sort_unstable();
        touched.dedup();
        let mut zones: Vec<_> = touched
            .iter()
            .filter_map(|o| self.zones.get(*o as usize).copied())
            .collect();
        zones.sort_unstable_by_key(|(id, rank)| (std::cmp::Reverse(*rank), *id));
        Located {
            within: !touched.is_empty(),
            zones,
            on_border: !borders.is_empty(),
        }
    }
}

/// Where one position lies.
struct Located {
    /// Inside the boundary or a zone.
    within: bool,
    /// The zones touched, strictest first.
    zones: Vec<(u32, u8)>,
    on_border: bool,
}

impl ZoneShares {
    fn of(dimension: Dimension, measure: f64) -> Self {
        let flags = ZoneFlags::default();
        Self {
            dimension,
            shares: Vec::new(),
            measure,
            outside: 0.0,
            unzoned: 0.0,
            flags,
        }
    }

    fn count(&mut self, (zone, rank): (u32, u8), points: f64) {
        match self.shares.iter_mut().find(|share| share.zone == zone) {
            Some(share) => share.measure += points,
            None => self.shares.push(ZoneShare {
                zone,
                rank,
                measure: points,
            }),
        }
    }

    /// Works out what is outside and unzoned, given what lies within the boundary if there is one.
    fn settle(&mut self, within: Option<f64>) {
        self.shares
            .sort_unstable_by_key(|share| (std::cmp::Reverse(share.rank), share.zone));
        let zoned: f64 = self.shares.iter().map(|share| share.measure).sum();
        let inside = within.unwrap_or(zoned).max(zoned).min(self.measure);
        let noise = NOISE * self.measure;
        let beyond_noise = |value: f64| if value > noise { value } else { 0.0 };
        self.outside = beyond_noise(self.measure - inside);
        self.unzoned = beyond_noise(inside - zoned);
        self.flags.outside = self.measure > 0.0 && self.shares.is_empty() && self.unzoned == 0.0;
        self.flags.partly_outside = self.outside > 0.0 && !self.flags.outside;
        self.flags.straddling = self.shares.len() > 1;
        self.flags.unzoned = self.unzoned > 0.0;
        self.flags.overlapping = zoned > self.measure + noise;
    }

    /// Which part of the whole a zone holds, 0 to 1. A position on a border touches several zones with all of it.
    pub fn share_of(&self, zone: u32) -> f64 {
        let measure = self
            .shares
            .iter()
            .find(|share| share.zone == zone)
            .map_or(0.0, |share| share.measure);
        if self.measure > 0.0 {
            measure / self.measure
        } else {
            0.0
        }
    }
}

/// The strictest zone touched by more than a sliver.
pub fn legal_zone(shares: &ZoneShares, sliver: Sliver) -> Option<u32> {
    let counts = |share: &&ZoneShare| {
        let part = share.measure / shares.measure;
        let small = shares.dimension != Dimension::Area || share.measure < sliver.min_area_m2;
        share.measure > 0.0 && !(small && part < sliver.min_share)
    };
    shares.shares.iter().find(counts).map(|share| share.zone)
}

fn area_of(shape: &Shape) -> EllipsoidArea {
    EllipsoidArea::between(shape.bounds().min[1], shape.bounds().max[1])
}

fn add_outline(part: &mut OutlinePart, geometry: &MultiPolygon) -> bool {
    Shape::from_geometry(&Geometry::MultiPolygon(geometry.clone()))
        .is_some_and(|shape| part.add_shape(&shape))
}

fn unusable(code: &'static str, feature: u64) -> Diagnostic {
    Diagnostic::error(code).at(Place {
        feature: Some(feature),
        ..Place::default()
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;
    use geo_types::{LineString, MultiPoint, Point, Polygon, Rect};

    const CORE: u32 = 7;
    const BUFFER: u32 = 8;
    const EXPERIMENTAL: u32 = 9;

    fn square(x0: f64, y0: f64, x1: f64, y1: f64) -> Polygon {
        Rect::new([106.0 + x0, 30.0 + y0], [106.0 + x1, 30.0 + y1]).to_polygon()
    }

    /// Core, buffer round it, experimental zone east of both; the boundary reaches farther north.
    fn reserve(with_boundary: bool) -> ZoneIndex {
        let ring = square(0.02, 0.02, 0.04, 0.04).exterior().clone();
        let buffer = Polygon::new(square(0.0, 0.0, 0.06, 0.06).exterior().clone(), vec![ring]);
        let zone = |id, rank, polygon| ZoneArea {
            id,
            rank,
            geometry: MultiPolygon(vec![polygon]),
        };
        let zones = [
            zone(EXPERIMENTAL, 1, square(0.06, 0.0, 0.1, 0.06)),
            zone(BUFFER, 2, buffer),
            zone(CORE, 3, square(0.02, 0.02, 0.04, 0.04)),
        ];
        let boundary = MultiPolygon(vec![square(0.0, 0.0, 0.1, 0.08)]);
        let (index, diagnostics) =
            ZoneIndex::build(&zones, with_boundary.then_some(&boundary)).unwrap();
        assert_eq!(diagnostics, []);
        index
    }

    fn zones(shares: &ZoneShares) -> Vec<u32> {
        shares.shares.iter().map(|share| share.zone).collect()
    }

    fn assert_whole(shares: &ZoneShares) {
        let sum: f64 =
            shares.shares.iter().map(|s| s.measure).sum::<f64>() + shares.outside + shares.unzoned;
        assert!(
            (sum - shares.measure).abs() <= 1e-9 * shares.measure,
            "{shares:?}"
        );
    }

    #[test]
    fn a_site_over_three_zones_belongs_to_the_strictest() {
        let found = reserve(true).overlay(&square(0.03, 0.03, 0.08, 0.05).into());
        assert_eq!(zones(&found), [CORE, BUFFER, EXPERIMENTAL]);
        assert_whole(&found);
        assert_eq!(legal_zone(&found, Sliver::default()), Some(CORE));
        assert!(found.flags.straddling && found.flags.on_boundary && !found.flags.partly_outside);
        assert!(
            (found.share_of(CORE) - 0.1).abs() < 1e-4,
            "{}",
            found.share_of(CORE)
        );
    }

    #[test]
    fn a_sliver_in_the_core_does_not_rule_unless_it_is_large_or_a_large_part() {
        let found = reserve(true).overlay(&square(0.0399, 0.025, 0.055, 0.035).into());
        assert_eq!(zones(&found), [CORE, BUFFER]);
        let rules = |min_area_m2, min_share| {
            legal_zone(
                &found,
                Sliver {
                    min_area_m2,
                    min_share,
                },
            )
        };
        let core_m2 = found.shares[0].measure;
        assert_eq!(rules(core_m2 * 1.1, 0.05), Some(BUFFER));
        assert_eq!(rules(core_m2 * 0.9, 0.05), Some(CORE));
        assert_eq!(rules(core_m2 * 1.1, 0.001), Some(CORE));
    }

    #[test]
    fn outside_partly_outside_and_unzoned_are_told_apart() {
        let index = reserve(true);
        let away = index.overlay(&square(0.2, 0.2, 0.21, 0.21).into());
        assert_eq!((zones(&away), away.outside), (vec![], away.measure));
        assert_eq!(
            away.flags,
            ZoneFlags {
                outside: true,
                ..ZoneFlags::default()
            }
        );
        let north = index.overlay(&square(0.01, 0.065, 0.02, 0.075).into());
        assert_eq!(
            (north.unzoned, north.flags.unzoned, north.flags.outside),
            (north.measure, true, false)
        );
        assert_eq!(legal_zone(&north, Sliver::default()), None);
        let over = index.overlay(&square(0.01, 0.05, 0.02, 0.09).into());
        assert_whole(&over);
        assert!(over.flags.partly_outside && over.flags.unzoned && !over.flags.straddling);
    }

    #[test]
    fn without_a_boundary_what_is_in_no_zone_is_outside() {
        let found = reserve(false).overlay(&square(0.01, 0.05, 0.02, 0.09).into());
        assert_whole(&found);
        assert!(found.flags.partly_outside && !found.flags.unzoned);
    }

    #[test]
    fn a_site_with_the_outline_of_its_zone_touches_no_neighbor() {
        let found = reserve(true).overlay(&square(0.02, 0.02, 0.04, 0.04).into());
        assert_eq!(zones(&found), [CORE]);
        assert!(!found.flags.straddling && found.outside == 0.0 && found.unzoned == 0.0);
    }

    #[test]
    fn a_point_on_a_border_counts_once_for_the_strictest_zone_it_touches() {
        let found = reserve(true).overlay(&Point::new(106.04, 30.03).into());
        assert_eq!(zones(&found), [CORE, BUFFER]);
        assert_eq!(
            (
                found.shares[0].measure,
                found.shares[1].measure,
                found.measure
            ),
            (1.0, 0.0, 1.0)
        );
        assert!(found.flags.on_boundary && found.flags.straddling);
        assert_eq!(legal_zone(&found, Sliver::default()), Some(CORE));
    }

    #[test]
    fn a_point_on_the_outer_boundary_is_not_outside() {
        let found = reserve(true).overlay(&Point::new(106.0, 30.03).into());
        assert_eq!(
            (zones(&found), found.flags.outside, found.flags.on_boundary),
            (vec![BUFFER], false, true)
        );
        let north = reserve(true).overlay(&Point::new(106.05, 30.08).into());
        assert!(north.flags.unzoned && north.flags.on_boundary && !north.flags.outside);
    }

    #[test]
    fn scattered_points_are_counted_by_zone() {
        let points = [
            (0.03, 0.03),
            (0.01, 0.01),
            (0.05, 0.05),
            (0.2, 0.2),
            (0.05, 0.07),
        ];
        let points = points
            .map(|(x, y)| Point::new(106.0 + x, 30.0 + y))
            .to_vec();
        let found = reserve(true).overlay(&MultiPoint(points).into());
        let counted: Vec<_> = found.shares.iter().map(|s| (s.zone, s.measure)).collect();
        assert_eq!(counted, [(CORE, 1.0), (BUFFER, 2.0)]);
        assert_eq!(
            (found.outside, found.unzoned, found.measure),
            (1.0, 1.0, 5.0)
        );
        assert_whole(&found);
    }

    #[test]
    fn a_road_is_measured_by_length_in_each_zone() {
        let road = LineString::from(vec![(105.98, 30.03), (106.03, 30.03), (106.12, 30.03)]);
        let found = reserve(true).overlay(&road.into());
        assert_eq!(zones(&found), [CORE, BUFFER, EXPERIMENTAL]);
        assert_whole(&found);
        assert!((found.share_of(CORE) - 2.0 / 14.0).abs() < 1e-6);
        assert!((found.outside / found.measure - 4.0 / 14.0).abs() < 1e-6);
        assert!(found.flags.partly_outside && found.flags.straddling);
    }

    #[test]
    fn overlapping_zones_are_both_counted_and_said() {
        let zone = |id| ZoneArea {
            id,
            rank: 1,
            geometry: MultiPolygon(vec![square(0.0, 0.0, 0.1, 0.1)]),
        };
        let (index, _) = ZoneIndex::build(&[zone(1), zone(2)], None).unwrap();
        let found = index.overlay(&square(0.01, 0.01, 0.02, 0.02).into());
        assert_eq!(
            (zones(&found), found.flags.overlapping, found.outside),
            (vec![1, 2], true, 0.0)
        );
    }

    #[test]
    fn a_zone_without_an_outline_is_left_out_and_named() {
        let empty = ZoneArea {
            id: 5,
            rank: 1,
            geometry: MultiPolygon(vec![]),
        };
        let (index, diagnostics) = ZoneIndex::build(&[empty], Some(&MultiPolygon(vec![]))).unwrap();
        let codes: Vec<_> = diagnostics.iter().map(|d| d.code.as_ref()).collect();
        assert_eq!(codes, ["zoning.zone_unusable", "zoning.boundary_unusable"]);
        assert!(
            index
                .overlay(&square(0.0, 0.0, 0.1, 0.1).into())
                .flags
                .outside
        );
    }

    #[test]
    fn a_geometry_without_points_lies_nowhere() {
        let found = reserve(true).overlay(&Geometry::MultiPolygon(MultiPolygon(vec![])));
        assert_eq!((found.measure, found.flags), (0.0, ZoneFlags::default()));
        assert_eq!(legal_zone(&found, Sliver::default()), None);
    }
}
