//! 覆盖 — what of a territory was passed in a period: cells, sites, routes, zones; and what was not.

use std::collections::{BTreeMap, BTreeSet};

use domain::as_of::AsOf;
use domain::dossier::civil_day;
use domain::ledger::Labels;
use domain::patrol::Patrol;
use domain::patrol::coverage::{CellCoverage, Passage, of_cells, of_places, of_routes};
use domain::policy::Action;
use domain::shape::Shape;
use geo_types::{Geometry, LineString, MultiLineString, MultiPolygon, Point, Polygon};
use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use spatial::cells::CellGrid;
use spatial::diagnostic::Diagnostic;
use utoipa::{IntoParams, ToSchema};

use super::book::{PatrolBook, rules};
use super::list::Period;
use super::tracks::line_of;
use crate::atlas::Atlases;
use crate::error::Error;
use crate::geography::polygons;
use crate::session::Session;

/// 覆盖查询 — of which territory, over which days.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CoverageQuery {
    /// Territory of one station; the whole reserve where it is not said.
    pub station: Option<String>,
    /// `2026-11`; goes before `from` and `to`.
    pub month: Option<String>,
    pub from: Option<Date>,
    /// Today where it is not said.
    pub to: Option<Date>,
    /// Days back from `to`, where `from` is not said; 30 where neither is.
    #[param(minimum = 1, maximum = 3660)]
    pub days: Option<u32>,
    /// `cells`, `sites`, `routes`, `zones`; all where it is not said.
    pub by: Option<String>,
    /// `yes`: only patrols that somebody reviewed and accepted.
    pub reviewed_only: Option<String>,
    /// `now`, a day `YYYY-MM-DD`, or a log size `@N`.
    pub as_of: Option<String>,
}

/// 覆盖数 — so many of so many.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct CoverageCount {
    /// The denominator; for routes, metres.
    pub total: f64,
    pub visited: f64,
    pub percent: Option<f64>,
}

impl CoverageCount {
    fn of(visited: f64, total: f64) -> Self {
        let percent = (total > 0.0).then(|| (visited / total * 1_000.0).round() / 10.0);
        // The sum of nothing is a negative zero.
        Self {
            total: total + 0.0,
            visited: visited + 0.0,
            percent,
        }
    }
}

/// 方格 — one square of the net.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CellView {
    /// Row from the south, column from the west: `r12c07`.
    pub cell: String,
    /// Patrols that passed.
    pub passes: u64,
    pub minutes: f64,
    pub metres: f64,
    pub last_on: Option<Date>,
    /// Days since; nothing where nobody ever passed in the period.
    pub days_since: Option<i32>,
    /// Corners, longitude first: west, south, east, north.
    pub bbox: [f64; 4],
}

/// 点位覆盖 — whether a site was passed.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PlaceView {
    pub site_code: String,
    pub name: Option<String>,
    pub state: String,
    pub state_label: String,
    /// An issue of it is not closed.
    pub is_unfinished: bool,
    pub lon: f64,
    pub lat: f64,
    pub passes: u64,
    /// Last verified on the spot within the period, whether or not a track tells of it.
    pub verified_on: Option<Date>,
    /// Passed or verified within the period.
    pub is_seen: bool,
    pub last_on: Option<Date>,
}

/// 路线覆盖 — how much of a route was walked.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RouteView {
    pub route_id: String,
    pub name: String,
    pub station_id: Option<String>,
    pub length_m: f64,
    pub walked_m: f64,
    pub percent: f64,
    pub passes: u64,
    pub last_on: Option<Date>,
    /// Stretches nobody walked, GeoJSON.
    #[schema(value_type = Option<Object>)]
    pub unwalked: Option<Shape>,
    #[schema(value_type = Object)]
    pub shape: Shape,
}

/// 功能区走动 — distinct fixes and metres by zone.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct ZoneFixes {
    pub zone_id: String,
    pub name: String,
    pub metres: f64,
    pub percent: f64,
}

/// 覆盖 — always with its denominator, cell size, period and log size.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CoverageView {
    pub station_id: Option<String>,
    pub station_label: Option<String>,
    pub from: Date,
    pub to: Date,
    pub cell_m: f64,
    pub near_site_m: f64,
    pub near_route_m: f64,
    pub patrols: u64,
    /// Of them, patrols whose sheet names no track: they cover nothing here.
    pub without_track: u64,
    pub log_size: u64,
    pub cells: CoverageCount,
    pub sites: CoverageCount,
    pub unfinished_sites: CoverageCount,
    pub routes: CoverageCount,
    pub cell_list: Vec<CellView>,
    pub site_list: Vec<PlaceView>,
    pub route_list: Vec<RouteView>,
    pub zone_list: Vec<ZoneFixes>,
    /// Tracks of the period, GeoJSON, simplified.
    #[schema(value_type = Option<Object>)]
    pub tracks: Option<Shape>,
    /// The territory, GeoJSON.
    #[schema(value_type = Object)]
    pub territory: Shape,
}

/// Tracks drawn at once.
const MOST_TRACKS: usize = 2_000;

/// The segments of patrols, held where passages point to.
pub(super) struct Walked {
    segments: Vec<(String, Date, LineString<f64>, f64)>,
}

impl Walked {
    pub(super) fn of(patrols: &[&Patrol]) -> Self {
        let mut segments = Vec::new();
        for patrol in patrols {
            for segment in patrol.tracks.iter().flat_map(|t| &t.body.segments) {
                let day = segment.started_at.unwrap_or(patrol.sheet.body.started_at);
                let seconds = segment
                    .started_at
                    .zip(segment.ended_at)
                    .map_or(0.0, |(a, b)| b.duration_since(a).as_secs_f64());
                let line = line_of(segment);
                segments.push((patrol.patrol_id.to_string(), civil_day(day), line, seconds));
            }
        }
        Self { segments }
    }

    pub(super) fn passages(&self) -> Vec<Passage<'_>> {
        let all = self.segments.iter();
        all.map(|(patrol, day, line, seconds)| Passage {
            patrol,
            day: *day,
            line,
            seconds: *seconds,
        })
        .collect()
    }
}

impl Session {
    /// What of a territory was passed in a period.
    pub fn patrol_coverage(
        &self,
        atlases: &Atlases,
        query: &CoverageQuery,
    ) -> Result<CoverageView, Error> {
        self.may_read_lists(Action::ReadLedgers)?;
        let as_of = query.as_of.as_deref();
        let as_of = as_of.map_or(Ok(AsOf::Now), crate::parse_as_of)?;
        let book = atlases.patrols().read(&self.register, as_of)?;
        self.coverage_over(&book, query, as_of)
    }

    /// A coverage as GeoJSON: cells with their figures, sites, routes with what was not walked, tracks.
    pub fn coverage_geojson(
        &self,
        atlases: &Atlases,
        query: &CoverageQuery,
    ) -> Result<Vec<u8>, Error> {
        let view = self.patrol_coverage(atlases, query)?;
        let feature = |what: &str, geometry: Value, properties: Value| json!({ "type": "Feature", "geometry": geometry, "properties": { "what": what, "of": properties } });
        let cells = view.cell_list.iter().map(|c| {
            let [w, s, e, n] = c.bbox;
            let ring = json!([[[w, s], [e, s], [e, n], [w, n], [w, s]]]);
            feature(
                "cell",
                json!({ "type": "Polygon", "coordinates": ring }),
                json!(c),
            )
        });
        let sites = view.site_list.iter().map(|s| {
            let at = json!({ "type": "Point", "coordinates": [s.lon, s.lat] });
            feature("site", at, json!(s))
        });
        let routes = view.route_list.iter().map(|r| {
            let told = json!({ "route_id": r.route_id, "name": r.name, "percent": r.percent, "last_on": r.last_on });
            feature("route", json!(r.shape), told)
        });
        let unwalked = view.route_list.iter().filter_map(|r| {
            let told = json!({ "route_id": r.route_id, "name": r.name });
            Some(feature("unwalked", json!(r.unwalked.as_ref()?), told))
        });
        let tracks = view
            .tracks
            .iter()
            .map(|t| feature("tracks", json!(t), json!({})));
        let features: Vec<Value> = cells
            .chain(sites)
            .chain(routes)
            .chain(unwalked)
            .chain(tracks)
            .collect();
        // Foreign members: what the figures are shares of.
        let all = json!({ "type": "FeatureCollection", "from": view.from, "to": view.to, "cell_m": view.cell_m,
            "cells": view.cells, "sites": view.sites, "unfinished_sites": view.unfinished_sites,
            "routes": view.routes, "log_size": view.log_size, "features": features });
        serde_json::to_vec(&all).map_err(Error::internal)
    }

    /// A coverage of now; nothing where there is no territory to be covered yet.
    pub(super) fn coverage_if_laid(
        &self,
        book: &PatrolBook,
        query: &CoverageQuery,
    ) -> Result<Option<CoverageView>, Error> {
        const UNLAID: [&str; 2] = ["session.not_set_up", "patrol.no_territory"];
        match self.coverage_over(book, query, AsOf::Now) {
            Err(Error::Rejected(fault)) if UNLAID.contains(&&*fault.code) => Ok(None),
            covered => covered.map(Some),
        }
    }

    pub(super) fn coverage_over(
        &self,
        book: &PatrolBook,
        query: &CoverageQuery,
        as_of: AsOf,
    ) -> Result<CoverageView, Error> {
        let rules = rules(self)?.coverage.clone();
        let station = query.station.as_deref();
        let station = station.map(|s| self.load_station_id(s)).transpose()?;
        if let Some(station) = &station {
            self.may(Action::ReadLedgers, Some(station))?;
        }
        let (from, to) = self.days_of(query, rules.gap_days)?;
        let period = Period {
            from: Some(from),
            to: Some(to),
        };
        let wanted = |part: &str| query.by.as_deref().is_none_or(|by| by == part);
        // Who walked through another station's territory covered it all the same.
        let mut patrols = self.seen_patrols(book, None, period);
        if query.reviewed_only.as_deref() == Some("yes") {
            patrols.retain(|p| p.review().is_some_and(|r| r.body.result == "accepted"));
        }
        let walked = Walked::of(&patrols);
        let passages = walked.passages();
        let boundary = self.boundary_shape(as_of)?;
        let territory = self.territory(station.as_deref(), &boundary, as_of)?;
        let grid = CellGrid::over(&boundary, rules.cell_m)
            .ok_or_else(|| Error::rejected(Diagnostic::error("patrol.no_territory")))?;
        let cells = match wanted("cells") {
            true => of_cells(grid, &territory, &passages, &rules),
            false => CellCoverage::default(),
        };
        let cell_list: Vec<CellView> = cells
            .cells
            .iter()
            .map(|(cell, visits)| CellView {
                cell: cell.to_string(),
                passes: visits.patrols.len() as u64,
                minutes: (visits.seconds / 6.0).round() / 10.0,
                metres: visits.metres.round(),
                last_on: visits.last,
                days_since: visits.last.and_then(|last| days_between(last, to)),
                bbox: bbox_of(grid, *cell),
            })
            .collect();
        let site_list = match wanted("sites") {
            true => {
                let near_m = rules.near_site_m;
                self.covered_sites(station.as_deref(), &passages, near_m, period, as_of)?
            }
            false => Vec::new(),
        };
        let route_list = match wanted("routes") {
            true => self.covered_routes(station.as_deref(), &passages, &rules, as_of)?,
            false => Vec::new(),
        };
        let zone_list = match wanted("zones") {
            true => self.walked_zones(&walked, as_of)?,
            false => Vec::new(),
        };
        let seen = |of: &dyn Fn(&PlaceView) -> bool| {
            let all = site_list.iter().filter(|s| of(s));
            let met = all.clone().filter(|s| s.is_seen).count();
            CoverageCount::of(met as f64, all.count() as f64)
        };
        let length = |of: fn(&RouteView) -> f64| route_list.iter().map(of).sum::<f64>().round();
        Ok(CoverageView {
            station_label: station.as_ref().map(|s| self.label("station", s)),
            station_id: station,
            from,
            to,
            cell_m: rules.cell_m,
            near_site_m: rules.near_site_m,
            near_route_m: rules.near_route_m,
            patrols: patrols.len() as u64,
            without_track: patrols.iter().filter(|p| p.tracks.is_empty()).count() as u64,
            log_size: book.log_size,
            cells: CoverageCount::of(cells.visited() as f64, cells.cells.len() as f64),
            sites: seen(&|_| true),
            unfinished_sites: seen(&|s| s.is_unfinished),
            routes: CoverageCount::of(length(|r| r.walked_m), length(|r| r.length_m)),
            cell_list,
            site_list,
            route_list,
            zone_list,
            tracks: drawn(&walked),
            territory: Shape(Geometry::MultiPolygon(territory)),
        })
    }

    fn days_of(&self, query: &CoverageQuery, usual: u32) -> Result<(Date, Date), Error> {
        if let Some(month) = &query.month {
            let period = Period::of(Some(month), None, None)?;
            if let (Some(from), Some(to)) = (period.from, period.to) {
                return Ok((from, to));
            }
        }
        let to = query.to.unwrap_or_else(|| self.today());
        let days = i64::from(query.days.unwrap_or(usual).clamp(1, 3_660)) - 1;
        let back = || to.checked_sub(days.days()).unwrap_or(to);
        let from = query.from.unwrap_or_else(back);
        if from > to {
            let fault = Diagnostic::error("patrol.period")
                .arg("from", from)
                .arg("to", to);
            return Err(Error::rejected(fault));
        }
        Ok((from, to))
    }

    fn boundary_shape(&self, as_of: AsOf) -> Result<MultiPolygon<f64>, Error> {
        let adopted = self
            .register
            .latest_boundary(&self.reserve.reserve_code, as_of)?;
        let missing =
            || Error::rejected(Diagnostic::error("session.not_set_up").arg("what", "boundary"));
        Ok(polygons(&adopted.ok_or_else(missing)?.body.boundary))
    }

    /// The territory of a station; without one, of all stations that the actor sees, who may see all of the reserve.
    fn territory(
        &self,
        station: Option<&str>,
        boundary: &MultiPolygon<f64>,
        as_of: AsOf,
    ) -> Result<MultiPolygon<f64>, Error> {
        if station.is_none() && self.sees(Action::ReadLedgers, None) {
            return Ok(boundary.clone());
        }
        let adopted = self
            .register
            .latest_stations(&self.reserve.reserve_code, as_of)?;
        let stations = adopted.into_iter().flat_map(|a| a.body.stations);
        let is_own = |id: &str| match station {
            Some(station) => station == id,
            None => self.sees(Action::ReadLedgers, Some(id)),
        };
        let own = stations.filter(|s| is_own(&s.station_id));
        let territory: Vec<Polygon<f64>> = own.flat_map(|s| polygons(&s.shape).0).collect();
        match territory.is_empty() {
            true => Err(Error::rejected(
                Diagnostic::error("patrol.no_territory").arg("station", station.unwrap_or("—")),
            )),
            false => Ok(MultiPolygon(territory)),
        }
    }

    fn covered_sites(
        &self,
        station: Option<&str>,
        passages: &[Passage<'_>],
        near_m: f64,
        period: Period,
        as_of: AsOf,
    ) -> Result<Vec<PlaceView>, Error> {
        let mut places = Vec::new();
        let mut shapes: Vec<(usize, Geometry<f64>)> = Vec::new();
        self.register.dossiers::<Error>(as_of, |dossier| {
            let own = dossier.facts.station_id.as_deref();
            let is_wanted = dossier.state.counts()
                && station.is_none_or(|s| own == Some(s))
                && self.sees(Action::ReadLedgers, own);
            let (Some(lon), Some(lat)) = (dossier.facts.lon, dossier.facts.lat) else {
                return Ok(());
            };
            if !is_wanted {
                return Ok(());
            }
            let shape = dossier.facts.shape.clone();
            let shape = shape.map_or_else(|| Point::new(lon, lat).into(), |s| s.0);
            shapes.push((places.len(), shape));
            let state = dossier.state.code();
            let verified = dossier.verifications.iter().map(|v| v.body.verified_on);
            let verified_on = verified.filter(|day| period.holds(*day)).max();
            places.push(PlaceView {
                site_code: dossier.site_code.clone(),
                name: dossier.facts.facility_name.clone(),
                state: state.to_owned(),
                state_label: self.label("site_state", state),
                is_unfinished: dossier.issues.iter().any(|i| i.is_open()),
                lon,
                lat,
                passes: 0,
                verified_on,
                is_seen: verified_on.is_some(),
                last_on: verified_on,
            });
            Ok(())
        })?;
        for (at, visits) in of_places(&shapes, passages, near_m) {
            let place = &mut places[at];
            place.passes = visits.patrols.len() as u64;
            place.is_seen |= visits.is_visited();
            place.last_on = place.last_on.max(visits.last);
        }
        // What is unfinished and was not seen comes first.
        places.sort_by_key(|p| (p.is_seen, !p.is_unfinished, p.site_code.clone()));
        Ok(places)
    }

    fn covered_routes(
        &self,
        station: Option<&str>,
        passages: &[Passage<'_>],
        rules: &domain::patrol::CoverageRules,
        as_of: AsOf,
    ) -> Result<Vec<RouteView>, Error> {
        let adopted = self
            .register
            .latest_routes(&self.reserve.reserve_code, as_of)?;
        let routes = adopted.into_iter().flat_map(|r| r.body.routes);
        let routes: Vec<domain::entries::Route> = routes
            .filter(|r| station.is_none_or(|s| r.station_id.as_deref() == Some(s)))
            .filter(|r| self.sees(Action::ReadLedgers, r.station_id.as_deref()))
            .collect();
        let lines: Vec<(usize, Vec<LineString<f64>>)> = routes
            .iter()
            .enumerate()
            .map(|(i, r)| (i, lines_of(&r.shape.0)))
            .collect();
        let covered = of_routes(&lines, passages, rules);
        let views = covered.into_iter().map(|(i, c)| {
            let route = &routes[i];
            let share = c.walked_m / c.length_m.max(1.0);
            RouteView {
                route_id: route.route_id.clone(),
                name: route.name.clone(),
                station_id: route.station_id.clone(),
                length_m: c.length_m.round(),
                walked_m: c.walked_m.round(),
                percent: (share * 1_000.0).round() / 10.0,
                passes: c.patrols.len() as u64,
                last_on: c.last,
                unwalked: (!c.unwalked.is_empty())
                    .then(|| Shape(MultiLineString(c.unwalked).into())),
                shape: route.shape.clone(),
            }
        });
        Ok(views.collect())
    }

    fn walked_zones(&self, walked: &Walked, as_of: AsOf) -> Result<Vec<ZoneFixes>, Error> {
        let geography = self.geography(as_of)?;
        let mut metres: BTreeMap<String, f64> = BTreeMap::new();
        let mut whole = 0.0;
        for (_, _, line, _) in walked.segments.iter().filter(|s| s.2.0.len() > 1) {
            whole += spatial::geodesic::line_length_m(line);
            let located = geography.locate(&line.clone().into());
            for share in located.facts.zone_shares.unwrap_or_default() {
                *metres.entry(share.zone_id).or_default() += share.measure;
            }
        }
        let inside: f64 = metres.values().sum();
        metres.insert(String::new(), (whole - inside).max(0.0));
        let zones = metres.into_iter().map(|(zone_id, metres)| ZoneFixes {
            name: match zone_id.is_empty() {
                true => self.messages.text("word.outside_zones", &[]),
                false => geography
                    .zone_name(&zone_id)
                    .unwrap_or_else(|| zone_id.clone()),
            },
            percent: (metres / whole.max(1.0) * 1_000.0).round() / 10.0,
            metres: metres.round(),
            zone_id,
        });
        Ok(zones.collect())
    }
}

pub(super) fn lines_of(geometry: &Geometry<f64>) -> Vec<LineString<f64>> {
    match geometry {
        Geometry::LineString(line) => vec![line.clone()],
        Geometry::MultiLineString(lines) => lines.0.clone(),
        _ => Vec::new(),
    }
}

fn bbox_of(grid: CellGrid, cell: spatial::cells::CellId) -> [f64; 4] {
    let square = grid.square(cell);
    let (low, high) = (square.exterior().0[0], square.exterior().0[2]);
    [low.x, low.y, high.x, high.y].map(crate::geography::degrees)
}

fn days_between(from: Date, to: Date) -> Option<i32> {
    from.until(to).ok().map(|span| span.get_days())
}

fn drawn(walked: &Walked) -> Option<Shape> {
    use geo::Simplify;
    let mut seen = BTreeSet::new();
    let mut lines = Vec::new();
    for (patrol, _, line, _) in walked.segments.iter().filter(|s| s.2.0.len() > 1) {
        seen.insert(patrol);
        if seen.len() > MOST_TRACKS {
            break;
        }
        // Five metres.
        lines.push(line.simplify(0.000_05));
    }
    (!lines.is_empty()).then(|| Shape(MultiLineString(lines).into()))
}
