//! 覆盖 — which cells, sites and routes were passed when. Always a share of something named: denominator, cell size, period.

use std::collections::{BTreeMap, BTreeSet};

use geo_types::{Geometry, LineString, MultiPolygon};
use jiff::civil::Date;
use spatial::cells::{CellGrid, CellId};
use spatial::ways::Ways;

use super::CoverageRules;

/// 经过 — one segment of a track, with when and on which patrol.
#[derive(Debug, Clone)]
pub struct Passage<'t> {
    pub patrol: &'t str,
    pub day: Date,
    pub line: &'t LineString<f64>,
    pub seconds: f64,
}

/// 走到情况 — how often, when last and how long something was passed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Visits {
    pub patrols: BTreeSet<String>,
    pub last: Option<Date>,
    pub metres: f64,
    pub seconds: f64,
}

impl Visits {
    /// Whether it was passed at all.
    pub fn is_visited(&self) -> bool {
        !self.patrols.is_empty()
    }

    fn add(&mut self, passage: &Passage<'_>) {
        self.patrols.insert(passage.patrol.to_owned());
        self.last = self.last.max(Some(passage.day));
    }
}

/// 方格覆盖 — all cells of a territory, visited or not.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CellCoverage {
    pub cells: BTreeMap<CellId, Visits>,
}

impl CellCoverage {
    /// How many were visited.
    pub fn visited(&self) -> usize {
        self.cells.values().filter(|v| v.is_visited()).count()
    }
}

/// Which cells of a territory were passed.
pub fn of_cells(
    grid: CellGrid,
    territory: &MultiPolygon<f64>,
    passages: &[Passage<'_>],
    rules: &CoverageRules,
) -> CellCoverage {
    let own = grid.cells_of(territory, rules.least_share);
    let mut cells: BTreeMap<CellId, Visits> =
        own.into_keys().map(|c| (c, Visits::default())).collect();
    for passage in passages {
        let traces = grid.traces(passage.line);
        let whole: f64 = traces.values().map(|t| t.length_m).sum();
        for (cell, trace) in traces {
            let Some(visits) = cells.get_mut(&cell) else {
                continue;
            };
            if trace.points == 0 && trace.length_m < rules.least_m {
                continue;
            }
            visits.add(passage);
            visits.metres += trace.length_m;
            let share = match whole > 0.0 {
                true => trace.length_m / whole,
                false => 1.0,
            };
            visits.seconds += passage.seconds * share;
        }
    }
    CellCoverage { cells }
}

/// Which of several places were passed as near as `near_m`.
pub fn of_places<K: Ord + Clone>(
    places: &[(K, Geometry<f64>)],
    passages: &[Passage<'_>],
    near_m: f64,
) -> BTreeMap<K, Visits> {
    let lines: Vec<&LineString<f64>> = passages.iter().map(|p| p.line).collect();
    let ways = Ways::of(&lines);
    let visits = places.iter().map(|(key, shape)| {
        let mut visits = Visits::default();
        for passage in ways.near(shape, near_m) {
            visits.add(&passages[passage]);
        }
        (key.clone(), visits)
    });
    visits.collect()
}

/// 路线覆盖 — how much of a route was walked, and the stretches that were not.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RouteCoverage {
    pub length_m: f64,
    pub walked_m: f64,
    pub last: Option<Date>,
    pub patrols: BTreeSet<String>,
    /// Stretches nobody walked, as lines.
    pub unwalked: Vec<LineString<f64>>,
}

/// How much of each route was walked.
pub fn of_routes<K: Ord + Clone>(
    routes: &[(K, Vec<LineString<f64>>)],
    passages: &[Passage<'_>],
    rules: &CoverageRules,
) -> BTreeMap<K, RouteCoverage> {
    let lines: Vec<&LineString<f64>> = passages.iter().map(|p| p.line).collect();
    let ways = Ways::of(&lines);
    let covered = routes.iter().map(|(key, parts)| {
        let mut route = RouteCoverage::default();
        for part in parts {
            walk(&mut route, part, passages, &ways, rules);
        }
        (key.clone(), route)
    });
    covered.collect()
}

fn walk(
    route: &mut RouteCoverage,
    part: &LineString<f64>,
    passages: &[Passage<'_>],
    ways: &Ways,
    rules: &CoverageRules,
) {
    let mut open: Option<Vec<geo_types::Coord<f64>>> = None;
    for piece in spatial::ways::pieces(part, rules.route_piece_m) {
        route.length_m += piece.length_m;
        let met = ways.near_position(piece.middle, rules.near_route_m);
        if met.is_empty() {
            open.get_or_insert_with(|| vec![piece.from]).push(piece.to);
            continue;
        }
        route.walked_m += piece.length_m;
        for passage in met {
            route.patrols.insert(passages[passage].patrol.to_owned());
            route.last = route.last.max(Some(passages[passage].day));
        }
        route.unwalked.extend(open.take().map(LineString));
    }
    route.unwalked.extend(open.map(LineString));
}
