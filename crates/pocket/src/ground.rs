//! The ground: which zone, which station, in or out of which patch, how far; and outlines measured over it.

use geo_types::{Coord, Geometry, LineString, MultiPolygon, Point};
use serde_json::{Value, json};
use spatial::diagnostic::Severity;
use spatial::geodesic;
use spatial::zoning::{Sliver, ZoneArea, ZoneIndex, ZoneShares, legal_zone};

use crate::asked::{GroundParts, PlaceAsked, SitePart};
use crate::error::Error;
use crate::shape::{self, Written};

/// 底数 — zones, stations and sites, ready to be laid under a position.
#[derive(Debug)]
pub struct Ground {
    zones: ZoneIndex,
    zone_notes: Vec<ZoneNote>,
    stations: ZoneIndex,
    station_notes: Vec<(String, String)>,
    outlines: ZoneIndex,
    sites: Vec<SiteNote>,
    sliver: Sliver,
}

#[derive(Debug)]
struct ZoneNote {
    kind: String,
    name: String,
    shape: MultiPolygon<f64>,
}

#[derive(Debug)]
struct SiteNote {
    site_id: String,
    shape: MultiPolygon<f64>,
    point: Option<Coord<f64>>,
}

/// As many sites as are told of the surroundings.
const NEAREST: usize = 20;

/// 严格程度 — of a kind of zone, as the register ranks it: the strictest zone touched is the legal one.
pub fn strictness(zone_kind: &str) -> u8 {
    match zone_kind {
        "core" | "core_protection" | "first_grade" | "conservation" => 30,
        "buffer" | "unzoned" | "second_grade" | "reconstruction" => 20,
        "experimental" | "general_control" | "third_grade" | "recovery" => 10,
        "outer_belt" => 1,
        _ => 0,
    }
}

impl Ground {
    /// Lays the parts of a pack; codes of what could not be used come back beside it.
    pub fn load(parts: GroundParts) -> Result<(Self, Vec<String>), Error> {
        let mut unusable = Vec::new();
        let mut zone_notes = Vec::new();
        for zone in parts.zones {
            zone_notes.push(ZoneNote {
                shape: zone.shape.polygons()?,
                kind: zone.zone_kind,
                name: zone.name,
            });
        }
        let mut station_notes = Vec::new();
        let mut territories = Vec::new();
        for station in parts.stations {
            territories.push(station.shape.polygons()?);
            station_notes.push((station.station_id, station.name));
        }
        let sites = parts.sites.into_iter().map(SiteNote::read);
        let sites: Vec<SiteNote> = sites.collect::<Result<_, Error>>()?;
        let ranked = zone_notes.iter().map(|z| (strictness(&z.kind), &z.shape));
        let zones = index(ranked, &mut unusable)?;
        let stations = index(territories.iter().map(|t| (0, t)), &mut unusable)?;
        let outlines = index(sites.iter().map(|s| (0, &s.shape)), &mut Vec::new())?;
        let ground = Self {
            zones,
            zone_notes,
            stations,
            station_notes,
            outlines,
            sites,
            sliver: Sliver {
                min_area_m2: parts.sliver_m2,
                min_share: parts.sliver_share,
            },
        };
        Ok((ground, unusable))
    }

    /// 所在 — zones from the strictest, station, patches one stands in, the nearest sites, the nearest zone border.
    pub(crate) fn place(&self, at: &PlaceAsked) -> Result<Value, Error> {
        let here = shape::position(&vec![at.lon, at.lat])?;
        let touched = self.zones.overlay(&Geometry::Point(Point(here)));
        let found = touched.shares.iter().filter_map(|s| self.zone(s.zone));
        let zones = found.map(|z| json!({ "zone_kind": z.kind, "name": z.name }));
        let station = self.station_of(here);
        let held = self.outlines.overlay(&Geometry::Point(Point(here)));
        let holds = |at: usize| held.shares.iter().any(|s| s.zone as usize == at);
        let seen = |(at, site): (usize, &SiteNote)| site.seen_from(here, holds(at));
        let is_asked = |site: &SiteNote| at.site_id.as_ref() == Some(&site.site_id);
        let mut named = self.sites.iter().enumerate().filter(|(_, s)| is_asked(s));
        let site = named.next().and_then(seen).map(|(_, told)| told);
        let mut near: Vec<(f64, Value)> = self.sites.iter().enumerate().filter_map(seen).collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0));
        near.truncate(NEAREST);
        let in_sites = self.sites.iter().enumerate().filter(|(at, _)| holds(*at));
        let borders = self
            .zone_notes
            .iter()
            .filter_map(|z| border(here, &z.shape));
        let border = borders.min_by(|a, b| a.0.total_cmp(&b.0));
        Ok(json!({
            "zones": zones.collect::<Vec<_>>(),
            "station_id": station.map(|s| &s.0),
            "station_name": station.map(|s| &s.1),
            "in_sites": in_sites.map(|(_, site)| &site.site_id).collect::<Vec<_>>(),
            "nearest": near.into_iter().map(|(_, told)| told).collect::<Vec<_>>(),
            "site": site,
            "border_m": border.map(|(distance_m, _)| centi(distance_m)),
            "is_near_border": border.is_some_and(|(distance_m, _)| distance_m <= at.accuracy_m),
        }))
    }

    fn zone(&self, at: u32) -> Option<&ZoneNote> {
        self.zone_notes.get(at as usize)
    }

    /// The station whose territory holds the position, the first of several.
    fn station_of(&self, here: Coord<f64>) -> Option<&(String, String)> {
        let shares = self.stations.overlay(&Geometry::Point(Point(here))).shares;
        self.station_notes.get(shares.first()?.zone as usize)
    }

    /// 范围 — its size on the ellipsoid, its shares of zones, what is wrong with it, and how it is mended.
    pub(crate) fn outline(&self, written: Written) -> Result<Value, Error> {
        let given = written.outline()?;
        let faults = spatial::validity::validate(&given);
        let is_broken = faults.iter().any(|f| f.severity() >= Severity::Error);
        let mended = is_broken.then(|| spatial::repair::repair(&given).geometry);
        let geometry = mended.as_ref().unwrap_or(&given);
        let area_m2 = geodesic::area_m2(geometry);
        let shares = self.zones.overlay(geometry);
        let legal = legal_zone(&shares, self.sliver).and_then(|z| self.zone(z));
        let mut codes: Vec<&str> = faults.iter().map(|fault| fault.code()).collect();
        codes.dedup();
        let mut told = json!({
            "area_m2": centi(area_m2),
            "area_mu": (geodesic::area_mu(area_m2) * 1e4).round() / 1e4,
            "perimeter_m": centi(geodesic::length_m(geometry)),
            "zone_shares": self.shares(&shares),
            "outside_m2": centi(shares.outside),
            "legal_zone": legal.map(|z| &z.kind),
            "faults": codes,
        });
        if let (Some(mended), Some(members)) = (&mended, told.as_object_mut()) {
            members.insert("repaired".into(), shape::told(mended));
        }
        Ok(told)
    }

    fn shares(&self, shares: &ZoneShares) -> Vec<Value> {
        let told = shares.shares.iter().filter_map(|share| {
            let zone = self.zone(share.zone)?;
            Some(json!({
                "zone_kind": zone.kind,
                "name": zone.name,
                "area_m2": centi(share.measure),
                "share": (share.measure / shares.measure * 1e6).round() / 1e6,
            }))
        });
        told.collect()
    }
}

impl SiteNote {
    fn read(part: SitePart) -> Result<Self, Error> {
        let shape = part.shape.as_ref().map(Written::polygons).transpose()?;
        let point = part.lon.zip(part.lat);
        let point = point.map(|(lon, lat)| shape::position(&vec![lon, lat]));
        Ok(Self {
            site_id: part.site_id,
            shape: shape.unwrap_or(MultiPolygon(Vec::new())),
            point: point.transpose()?,
        })
    }

    /// How far it is and in which direction: to the edge of its outline, to its position where it has none.
    fn seen_from(&self, here: Coord<f64>, is_inside: bool) -> Option<(f64, Value)> {
        let edge = border(here, &self.shape);
        let to_point = || Some((geodesic::distance_m(here, self.point?), self.point?));
        let (away_m, target) = edge.or_else(to_point)?;
        let distance_m = if is_inside { 0.0 } else { away_m };
        let bearing = (!is_inside).then(|| tenth(geodesic::bearing_degrees(here, target)));
        let told = json!({
            "site_id": self.site_id,
            "distance_m": centi(distance_m),
            "bearing_deg": bearing,
            "is_inside": is_inside,
            "border_m": edge.map(|(away_m, _)| centi(away_m)),
        });
        Some((distance_m, told))
    }
}

fn index<'s>(
    areas: impl Iterator<Item = (u8, &'s MultiPolygon<f64>)>,
    unusable: &mut Vec<String>,
) -> Result<ZoneIndex, Error> {
    let areas: Vec<ZoneArea> = (0..)
        .zip(areas)
        .map(|(id, (rank, shape))| ZoneArea {
            id,
            rank,
            geometry: shape.clone(),
        })
        .collect();
    let (index, diagnostics) =
        ZoneIndex::build(&areas, None).map_err(|source| Error::TooManyPoints { source })?;
    unusable.extend(diagnostics.iter().map(|d| d.code.to_string()));
    Ok(index)
}

/// The way to the nearest point of an outline's edge, and that point.
fn border(here: Coord<f64>, shape: &MultiPolygon<f64>) -> Option<(f64, Coord<f64>)> {
    let scale = geodesic::degree_lengths_m(here.y);
    let rings = shape
        .iter()
        .flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()));
    let nearest = rings
        .filter_map(|ring| nearest_on(here, ring, scale))
        .min_by(|a, b| a.0.total_cmp(&b.0));
    nearest.map(|(_, point)| (geodesic::distance_m(here, point), point))
}

/// The nearest point of a line, on the plane that touches the position: exact to centimetres over what one can walk.
fn nearest_on(
    here: Coord<f64>,
    line: &LineString<f64>,
    (lon_m, lat_m): (f64, f64),
) -> Option<(f64, Coord<f64>)> {
    let flat = |c: &Coord<f64>| ((c.x - here.x) * lon_m, (c.y - here.y) * lat_m);
    let on_edge = |edge: &[Coord<f64>]| {
        let ((ax, ay), (bx, by)) = (flat(&edge[0]), flat(&edge[1]));
        let (dx, dy) = (bx - ax, by - ay);
        let length = dx * dx + dy * dy;
        let along = match length > 0.0 {
            true => (-(ax * dx + ay * dy) / length).clamp(0.0, 1.0),
            false => 0.0,
        };
        let (x, y) = (ax + along * dx, ay + along * dy);
        let point = Coord {
            x: edge[0].x + along * (edge[1].x - edge[0].x),
            y: edge[0].y + along * (edge[1].y - edge[0].y),
        };
        (x * x + y * y, point)
    };
    line.0
        .windows(2)
        .map(on_edge)
        .min_by(|a, b| a.0.total_cmp(&b.0))
}

/// Metres and square metres to two decimals, as the register keeps them.
pub(crate) fn centi(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// Degrees of direction to a tenth.
pub(crate) fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0 % 360.0
}
