//! 地理底数 — boundary, zones and stations as they hold on a day, ready for overlay.

use domain::codes::ZoneKind;
use domain::entries::{BoundaryAdopted, SiteFacts, StationsAdopted, ZoneShareFact};
use domain::shape::Shape;
use geo_types::{Geometry, MultiPolygon, Point};
use spatial::zoning::{Sliver, ZoneArea, ZoneIndex, ZoneShares};

use crate::error::Error;

/// 地理底数 — what a position or outline is laid over.
pub struct Geography {
    pub boundary_version: String,
    pub reserve_code: String,
    boundary: MultiPolygon<f64>,
    zones: ZoneIndex,
    zone_names: Vec<(String, String)>,
    /// What the boundary calls its zones, by their ids.
    zone_titles: std::collections::BTreeMap<String, String>,
    stations: ZoneIndex,
    station_ids: Vec<String>,
    sliver: Sliver,
}

/// 落区结果 — where a geometry lies: zone shares, legal zone, station, and how far outside if it is.
#[derive(Debug, Clone, Default)]
pub struct Located {
    /// Zone, shares, flags, station, boundary version, area: computed facts only.
    pub facts: SiteFacts,
    pub is_outside: bool,
    /// Distance to the boundary where it lies outside, metres.
    pub outside_by_m: f64,
}

impl Geography {
    /// Built from the entries in force.
    pub fn build(
        boundary: &BoundaryAdopted,
        adopted: Option<&StationsAdopted>,
        sliver: Sliver,
    ) -> Result<Self, Error> {
        let outline = polygons(&boundary.boundary);
        let areas = boundary.zones.iter().enumerate().map(|(i, zone)| ZoneArea {
            id: i as u32,
            rank: ZoneKind::from_code(&zone.zone_kind).map_or(0, ZoneKind::rank),
            geometry: polygons(&zone.shape),
        });
        let areas: Vec<ZoneArea> = areas.collect();
        let (zones, _) = ZoneIndex::build(&areas, Some(&outline)).map_err(Error::internal)?;
        let territories = adopted.map(|s| s.stations.as_slice()).unwrap_or_default();
        let station_areas = territories.iter().enumerate().map(|(i, station)| ZoneArea {
            id: i as u32,
            rank: 0,
            geometry: polygons(&station.shape),
        });
        let station_areas: Vec<ZoneArea> = station_areas.collect();
        let (stations, _) = ZoneIndex::build(&station_areas, None).map_err(Error::internal)?;
        Ok(Self {
            boundary_version: boundary.boundary_version.clone(),
            reserve_code: boundary.reserve_code.clone(),
            boundary: outline,
            zone_titles: boundary
                .zones
                .iter()
                .filter_map(|z| Some((z.zone_id.clone(), z.name.clone()?)))
                .collect(),
            zone_names: boundary
                .zones
                .iter()
                .map(|z| (z.zone_id.clone(), z.zone_kind.clone()))
                .collect(),
            zones,
            stations,
            station_ids: territories.iter().map(|s| s.station_id.clone()).collect(),
            sliver,
        })
    }

    /// Smallest box around the reserve: west, south, east, north in degrees.
    pub fn envelope(&self) -> Option<[f64; 4]> {
        use geo::BoundingRect;
        let b = self.boundary.bounding_rect()?;
        Some([b.min().x, b.min().y, b.max().x, b.max().y])
    }

    /// Where a geometry lies. Shares are m² for polygons, m for lines, counts for points.
    pub fn locate(&self, geometry: &Geometry<f64>) -> Located {
        let shares = self.zones.overlay(geometry);
        let is_outside = shares.flags.outside;
        let point = representative(geometry);
        let mut facts = SiteFacts {
            lon: point.map(|p| degrees(p.x())),
            lat: point.map(|p| degrees(p.y())),
            boundary_version: Some(self.boundary_version.clone()),
            zone_kind: self.legal_zone(&shares),
            zone_shares: Some(self.share_facts(&shares)),
            zone_flags: Some(flags(&shares)),
            station_id: self.station_of(geometry),
            ..SiteFacts::default()
        };
        if is_areal(geometry) {
            facts.area_m2 = Some(centi(spatial::geodesic::area_m2(geometry)));
        }
        let outside_by_m = if is_outside {
            self.distance_to_boundary_m(geometry)
        } else {
            0.0
        };
        Located {
            facts,
            is_outside,
            outside_by_m,
        }
    }

    fn legal_zone(&self, shares: &ZoneShares) -> Option<String> {
        let zone = spatial::zoning::legal_zone(shares, self.sliver)?;
        self.zone_names
            .get(zone as usize)
            .map(|(_, kind)| kind.clone())
    }

    fn share_facts(&self, shares: &ZoneShares) -> Vec<ZoneShareFact> {
        let whole = if shares.measure > 0.0 {
            shares.measure
        } else {
            1.0
        };
        let named = |zone: u32| self.zone_names.get(zone as usize).cloned();
        shares
            .shares
            .iter()
            .filter_map(|s| {
                let (zone_id, zone_kind) = named(s.zone)?;
                let share = (s.measure / whole * 1e6).round() / 1e6;
                Some(ZoneShareFact {
                    zone_id,
                    zone_kind,
                    measure: centi(s.measure),
                    share,
                })
            })
            .collect()
    }

    /// The station whose territory holds most of it.
    pub fn station_of(&self, geometry: &Geometry<f64>) -> Option<String> {
        let shares = self.stations.overlay(geometry).shares;
        let most = shares
            .iter()
            .max_by(|a, b| a.measure.total_cmp(&b.measure).then(b.zone.cmp(&a.zone)))?;
        self.station_ids.get(most.zone as usize).cloned()
    }

    /// What the boundary calls a zone, where it says.
    pub(crate) fn zone_name(&self, zone_id: &str) -> Option<String> {
        self.zone_titles.get(zone_id).cloned()
    }

    /// How much of a way lies in a station's territory, from 0 to 1; nothing where there are no territories.
    pub(crate) fn share_in_station(&self, station: &str, way: &Geometry<f64>) -> Option<f64> {
        let own = self.station_ids.iter().position(|s| s == station)?;
        let whole = spatial::geodesic::length_m(way);
        let shares = self.stations.overlay(way).shares;
        let inside = shares.iter().find(|s| s.zone as usize == own);
        (whole > 0.0).then(|| inside.map_or(0.0, |s| s.measure / whole))
    }

    fn distance_to_boundary_m(&self, geometry: &Geometry<f64>) -> f64 {
        use geo::{Closest, HaversineClosestPoint};
        let Some(point) = representative(geometry) else {
            return f64::INFINITY;
        };
        match self.boundary.haversine_closest_point(&point) {
            Closest::SinglePoint(p) | Closest::Intersection(p) => {
                spatial::geodesic::distance_m(point.0, p.0)
            }
            Closest::Indeterminate => f64::INFINITY,
        }
    }
}

fn flags(shares: &ZoneShares) -> Vec<String> {
    let f = &shares.flags;
    let all = [
        (f.outside, "outside"),
        (f.partly_outside, "partly_outside"),
        (f.straddling, "straddling"),
        (f.unzoned, "unzoned"),
    ];
    all.iter()
        .filter(|(is, _)| *is)
        .map(|(_, name)| (*name).to_owned())
        .collect()
}

/// A point that lies on or in the geometry, for lists and maps.
pub fn representative(geometry: &Geometry<f64>) -> Option<Point<f64>> {
    use geo::InteriorPoint;
    geometry.interior_point()
}

/// Whether the geometry covers ground.
pub fn is_areal(geometry: &Geometry<f64>) -> bool {
    matches!(geometry, Geometry::Polygon(_) | Geometry::MultiPolygon(_))
}

/// The polygons of a shape; none of points and lines.
pub fn polygons(shape: &Shape) -> MultiPolygon<f64> {
    match &shape.0 {
        Geometry::Polygon(p) => MultiPolygon::new(vec![p.clone()]),
        Geometry::MultiPolygon(m) => m.clone(),
        _ => MultiPolygon::new(Vec::new()),
    }
}

/// Degrees to 8 decimals: a millimetre, and short in the stored entry.
pub fn degrees(value: f64) -> f64 {
    (value * 1e8).round() / 1e8
}

fn centi(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
