//! Sites by columns.

use std::collections::HashMap;

use domain::campaign::LedgerView;
use domain::codes::SourceKind;
use domain::dossier::{Dossier, SiteState};
use domain::ids::SiteId;
use domain::ledger;
use domain::statistics::{Carried, StatLine};
use geo_types::Geometry;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde::Serialize;
use spatial::formats::Told;
use spatial::tiles::{GeometryKind, Path, Pen};
use utoipa::ToSchema;

use super::columns::{Ids, Texts, Words};
use super::cross::Combination;
use super::filter::{SiteFilter, ledger_bit_of};
use super::grid::Grid;
use super::outlines::Outlines;
use super::remembered::Remembered;
use super::tally::Tally;
use crate::ledgers::LedgerScope;
use crate::session::Setting;

/// 点位行 — one site of a list.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SiteRow {
    #[schema(value_type = String, format = Uuid)]
    pub site_id: SiteId,
    pub site_code: String,
    pub facility_name: Option<String>,
    pub state: String,
    pub station_id: Option<String>,
    pub zone_kind: Option<String>,
    pub activity_type_code: Option<String>,
    pub area_m2: Option<f64>,
    pub lon: Option<f64>,
    pub lat: Option<f64>,
    pub is_focal: bool,
    pub focal_category: Option<String>,
    /// `yes`, `no`, `pending`.
    pub has_issue: String,
    pub sources: Vec<String>,
    /// Conclusion of the latest verification.
    pub verdict: Option<String>,
    pub severity: Option<String>,
    pub updated_at: Timestamp,
    /// Findings of the checks about this site alone.
    pub finding_count: u32,
}

/// 点位表 — all sites by columns: those read at first in the order of the tiles they lie in, later ones as they came.
/// `by_code` is the order of lists.
#[derive(Debug, Default)]
pub struct SiteTable {
    pub(super) ids: Ids,
    pub(super) codes: Texts,
    pub(super) names: Texts,
    /// Hash of the name as names are compared; 0 where there is none.
    pub(super) name_keys: Vec<u32>,
    pub states: Words,
    pub stations: Words,
    pub zones: Words,
    pub activities: Words,
    pub focals: Words,
    pub verdicts: Words,
    pub severities: Words,
    pub has_issues: Words,
    pub sources: Words,
    pub(super) state: Vec<u8>,
    pub(super) station: Vec<u16>,
    pub(super) zone: Vec<u8>,
    pub(super) activity: Vec<u16>,
    pub(super) focal: Vec<u8>,
    pub(super) verdict: Vec<u8>,
    pub(super) severity: Vec<u8>,
    pub(super) has_issue: Vec<u8>,
    /// Bit n is source n of the dictionary.
    pub(super) source_bits: Vec<u32>,
    /// Bits of the sources that protect who complained.
    pub(super) confidential_bits: u32,
    /// Bit n is the n-th ledger view; no bit where the site counts no more.
    pub(super) ledger_bits: Vec<u8>,
    pub(super) counts: Vec<bool>,
    pub(super) area_m2: Vec<f64>,
    pub(super) lon: Vec<f64>,
    pub(super) lat: Vec<f64>,
    /// Where the points are drawn, in mercator parts.
    pub(super) places: Vec<[i32; 2]>,
    /// In seconds since 1970, until 2106.
    pub(super) updated_at: Vec<u32>,
    /// Day of the latest verification, in days since 1970; 0 where nobody was there.
    pub(super) verified_on: Vec<u16>,
    pub(super) findings: Vec<u16>,
    pub(super) outlines: Outlines,
    pub(super) grid: Grid,
    /// Whether a row has a verified issue.
    pub(super) has_verified_issue: Vec<bool>,
    /// Issues carried over: source, what the city found, whether that finishes it.
    pub(super) carried: HashMap<u32, Vec<(u16, u16, bool)>>,
    pub(super) results: Words,
    /// Rows whose evidence a file is, by SHA-256.
    pub(super) evidence: HashMap<String, Vec<u32>>,
    pub(super) by_code: Vec<u32>,
    /// By station, within it by code: the order of written ledgers.
    pub(super) by_station: Vec<u32>,
    /// Rows whose place in the orders may be another now.
    pub(super) moved: Vec<u32>,
    /// Figures of all sites, by what the asker sees.
    pub(super) tallied: Remembered<(LedgerView, Eyes), Tally>,
    /// The combinations of codes that occur.
    pub(super) combined: Remembered<(), Vec<Combination>>,
}

/// Rows put into their places one by one; beyond it everything is put in order anew.
const MOST_MOVED: usize = 64;
/// Stands for no place in the column of places.
const NO_PLACE: [i32; 2] = [i32::MIN; 2];

/// What an actor sees of a table: by station of the site, and whether sources that protect a complainant are among it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Eyes {
    pub sites: Vec<bool>,
    pub petitions: Vec<bool>,
}

impl SiteTable {
    /// An empty table. States and sources have their numbers from the start, so that they stand in the same order
    /// whichever site comes first.
    pub fn new() -> Self {
        let mut table = Self::default();
        for state in SiteState::ALL {
            table.states.enter(Some(state.code()));
        }
        for source in SourceKind::ALL {
            table.sources.enter(Some(source.code()));
        }
        table
    }

    /// Enters a dossier, or what changed of it.
    pub fn put(&mut self, dossier: &Dossier, setting: &Setting) {
        let row = self.ids.enter(dossier.site_id);
        let facts = &dossier.facts;
        let focal = crate::session::focal_of(&setting.campaign, dossier);
        let verdict = dossier.latest_verification().map(|v| v.conclusion.as_str());
        let characterization = dossier.characterization.as_ref().map(|c| &c.body);
        let severity = characterization.and_then(|c| c.severity.as_deref());
        let station = self.stations.enter(facts.station_id.as_deref());
        let is_new = row == self.station.len();
        if is_new || self.codes.get(row) != dossier.site_code || self.station[row] != station {
            self.moved.push(row as u32);
        }
        self.codes.set(row, &dossier.site_code);
        self.names
            .set(row, facts.facility_name.as_deref().unwrap_or(""));
        set(
            &mut self.name_keys,
            row,
            name_hash(facts.facility_name.as_deref()),
        );
        set(
            &mut self.state,
            row,
            byte(&mut self.states, Some(dossier.state.code())),
        );
        set(&mut self.station, row, station);
        set(
            &mut self.zone,
            row,
            byte(&mut self.zones, facts.zone_kind.as_deref()),
        );
        let activity = self.activities.enter(facts.activity_type_code.as_deref());
        set(&mut self.activity, row, activity);
        let category = focal.as_ref().map(|f| f.category.as_str());
        set(&mut self.focal, row, byte(&mut self.focals, category));
        set(&mut self.verdict, row, byte(&mut self.verdicts, verdict));
        set(
            &mut self.severity,
            row,
            byte(&mut self.severities, severity),
        );
        let has_issue = byte(&mut self.has_issues, Some(ledger::has_issue(dossier)));
        set(&mut self.has_issue, row, has_issue);
        let sources = dossier.source_kinds().into_iter().fold(0_u32, |bits, s| {
            let bit = source_bit(self.sources.enter(Some(s)));
            if is_confidential(s) {
                self.confidential_bits |= bit;
            }
            bits | bit
        });
        set(&mut self.source_bits, row, sources);
        let ledgers = LedgerView::ALL.iter().enumerate();
        let ledgers = ledgers
            .filter(|(_, view)| ledger::holds(**view, dossier, focal.as_ref()))
            .fold(0_u8, |bits, (at, _)| bits | 1 << at);
        set(&mut self.ledger_bits, row, ledgers);
        set(&mut self.counts, row, dossier.state.counts());
        let is_issue = ledger::has_verified_issue(dossier);
        set(&mut self.has_verified_issue, row, is_issue);
        let carried = dossier.carried().into_iter().map(|c| {
            let source = self.sources.enter(Some(c.source_kind));
            (source, self.results.enter(Some(c.result)), c.is_finished)
        });
        let carried: Vec<(u16, u16, bool)> = carried.collect();
        match carried.is_empty() {
            true => self.carried.remove(&(row as u32)),
            false => self.carried.insert(row as u32, carried),
        };
        let area = facts.area_m2.or(facts.stated_area_m2).unwrap_or(f64::NAN);
        set(&mut self.area_m2, row, area);
        set(&mut self.lon, row, facts.lon.unwrap_or(f64::NAN));
        set(&mut self.lat, row, facts.lat.unwrap_or(f64::NAN));
        let updated = u32::try_from(dossier.updated_at.as_second());
        set(&mut self.updated_at, row, updated.unwrap_or(0));
        let verified = dossier
            .latest_verification()
            .map(|v| day_number(v.verified_on));
        set(&mut self.verified_on, row, verified.unwrap_or(0));
        let findings = domain::checks::of_dossier(dossier).len();
        set(
            &mut self.findings,
            row,
            u16::try_from(findings).unwrap_or(u16::MAX),
        );
        if let Some(reach) = self.reach(row) {
            self.grid.remove(row as u32, reach);
        }
        let place = facts.lon.zip(facts.lat);
        let place = place.map_or(NO_PLACE, |(x, y)| spatial::tiles::mercator(x, y));
        set(&mut self.places, row, place);
        self.outlines.set(row, facts.shape.as_ref().map(|s| &s.0));
        if let Some(reach) = self.reach(row) {
            self.grid.enter(row as u32, reach);
        }
        let of_verifications = dossier.verifications.iter().flat_map(|v| &v.body.evidence);
        let files = dossier.evidence.iter().map(|e| &e.body.sha256);
        for sha256 in files.chain(of_verifications) {
            let rows = self.evidence.entry(sha256.clone()).or_default();
            if !rows.contains(&(row as u32)) {
                rows.push(row as u32);
            }
        }
        self.tallied.forget();
        self.combined.forget();
    }

    /// Rows whose evidence a file is.
    pub fn rows_of_evidence(&self, sha256: &str) -> &[u32] {
        self.evidence.get(sha256).map_or(&[], Vec::as_slice)
    }

    /// Brings the order of lists up to date after entering.
    pub fn settle(&mut self) {
        let mut moved = std::mem::take(&mut self.moved);
        moved.sort_unstable();
        moved.dedup();
        match moved.len() {
            0 => {}
            1..=MOST_MOVED => self.order_some(&moved),
            _ => self.order_all(),
        }
    }

    fn order_all(&mut self) {
        let codes = &self.codes;
        self.by_code = (0..self.len() as u32).collect();
        self.by_code
            .sort_by(|a, b| codes.get(*a as usize).cmp(codes.get(*b as usize)));
        // Codes are in order already; a stable sort by the station's place among the words keeps them so.
        let mut order: Vec<u16> = (0..self.stations.len() as u16).collect();
        order.sort_by_key(|n| self.stations.word(*n));
        let mut place = vec![0_u16; order.len()];
        for (at, number) in (0..).zip(order) {
            place[usize::from(number)] = at;
        }
        self.by_station.clone_from(&self.by_code);
        let station = &self.station;
        self.by_station
            .sort_by_key(|row| place[usize::from(station[*row as usize])]);
    }

    fn order_some(&mut self, moved: &[u32]) {
        let mut by_code = std::mem::take(&mut self.by_code);
        let mut by_station = std::mem::take(&mut self.by_station);
        let code = |row: &u32| self.codes.get(*row as usize);
        let of_station = |row: &u32| (self.station_word(*row as usize), code(row));
        place_in(&mut by_code, moved, code);
        place_in(&mut by_station, moved, of_station);
        (self.by_code, self.by_station) = (by_code, by_station);
    }

    /// How many sites there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row of a site.
    pub fn find(&self, site: SiteId) -> Option<u32> {
        self.ids.find(site)
    }

    /// Smallest box around a site's outline and its point, in mercator units.
    pub fn extent(&self, site: SiteId) -> Option<[i32; 4]> {
        self.reach(self.find(site)? as usize)
    }

    fn reach(&self, row: usize) -> Option<[i32; 4]> {
        let place = self.place(row as u32).map(|[x, y]| [x, y, x, y]);
        match (self.outlines.extent(row), place) {
            (Some(a), Some(b)) => {
                let corner = |at: usize| {
                    if at < 2 {
                        a[at].min(b[at])
                    } else {
                        a[at].max(b[at])
                    }
                };
                Some(std::array::from_fn(corner))
            }
            (extent, place) => extent.or(place),
        }
    }

    /// Whether a row's outline or its point may be drawn in a box, in mercator parts.
    fn reaches(&self, row: u32, bounds: [i32; 4]) -> bool {
        let extent = self.outlines.extent(row as usize);
        let place = || self.place(row).map(|[x, y]| [x, y, x, y]);
        let is_in = |reach| super::grid::touch(reach, bounds);
        extent.is_some_and(is_in) || place().is_some_and(is_in)
    }

    /// The id of a row.
    pub fn site_id(&self, row: u32) -> SiteId {
        self.ids.get(row as usize)
    }

    /// The code of a row.
    pub fn site_code(&self, row: u32) -> &str {
        self.codes.get(row as usize)
    }

    pub(super) fn seen_sources(&self, at: usize, eyes: &Eyes) -> u32 {
        let bits = self.source_bits[at];
        let station = usize::from(self.station[at]);
        if eyes.petitions.get(station).copied().unwrap_or(false) {
            return bits;
        }
        bits & !self.confidential_bits
    }

    /// What the figures need of every row in a scope that may be seen, by code.
    pub fn stat_lines<'a>(
        &'a self,
        eyes: &Eyes,
        scope: &LedgerScope,
        changes: &HashMap<&str, &'a str>,
    ) -> impl Iterator<Item = StatLine<'a>> {
        let all = SiteFilter::default();
        let seen = self.by_code.iter().copied();
        let seen = seen.filter(move |row| {
            self.matches(*row, &all, eyes) && scope.holds(self.station_id(*row))
        });
        seen.map(|row| self.stat_line(row, eyes, changes))
    }

    fn stat_line<'a>(
        &'a self,
        row: u32,
        eyes: &Eyes,
        changes: &HashMap<&str, &'a str>,
    ) -> StatLine<'a> {
        let at = row as usize;
        let [state, station, zone, activity, focal, ..] = self.coded(row);
        let bits = self.seen_sources(at, eyes);
        let is_seen = |source: u16| source_bit(source) & bits != 0;
        let carried = self.carried.get(&row).into_iter().flatten();
        let carried: Vec<Carried<'_>> = carried
            .filter(|(source, ..)| is_seen(*source))
            .map(|(source, result, is_finished)| Carried {
                source_kind: self.sources.word(*source).unwrap_or_default(),
                result: self.results.word(*result).unwrap_or_default(),
                is_finished: *is_finished,
            })
            .collect();
        let is_issue = self.has_verified_issue[at] || carried.iter().any(|c| !c.is_finished);
        let sources = (0..self.sources.len() as u16).filter(|s| is_issue && is_seen(*s));
        let site_code = self.codes.get(at);
        StatLine {
            site_code,
            area_m2: self.area_or_zero(row),
            state: state.unwrap_or_default(),
            counts: self.counts[at],
            activity,
            zone,
            station,
            change_kind: changes.get(site_code).copied(),
            focal,
            issue_sources: sources.filter_map(|s| self.sources.word(s)).collect(),
            carried,
        }
    }

    pub(super) fn station_word(&self, at: usize) -> Option<&str> {
        self.stations.word(self.station[at])
    }

    /// The station of a row.
    pub fn station_id(&self, row: u32) -> Option<&str> {
        self.station_word(row as usize)
    }

    /// A site as lists show it.
    pub fn row(&self, row: u32, eyes: &Eyes) -> SiteRow {
        let at = row as usize;
        let word = |words: &Words, number: u16| words.word(number).map(str::to_owned);
        let number = |n: f64| (!n.is_nan()).then_some(n);
        let focal_category = word(&self.focals, self.focal[at].into());
        SiteRow {
            site_id: self.ids.get(at),
            site_code: self.codes.get(at).to_owned(),
            facility_name: Some(self.names.get(at).to_owned()).filter(|n| !n.is_empty()),
            state: word(&self.states, self.state[at].into()).unwrap_or_default(),
            station_id: word(&self.stations, self.station[at]),
            zone_kind: word(&self.zones, self.zone[at].into()),
            activity_type_code: word(&self.activities, self.activity[at]),
            area_m2: self.area(row),
            lon: number(self.lon[at]),
            lat: number(self.lat[at]),
            is_focal: focal_category.is_some(),
            focal_category,
            has_issue: word(&self.has_issues, self.has_issue[at].into()).unwrap_or_default(),
            sources: self.sources_of(row, eyes).map(str::to_owned).collect(),
            verdict: word(&self.verdicts, self.verdict[at].into()),
            severity: word(&self.severities, self.severity[at].into()),
            updated_at: self.updated_at(row),
            finding_count: self.findings[at].into(),
        }
    }

    /// Sources of a row that may be seen.
    pub fn sources_of<'a>(&'a self, row: u32, eyes: &Eyes) -> impl Iterator<Item = &'a str> {
        let bits = self.seen_sources(row as usize, eyes);
        let seen = (0..self.sources.len() as u16).filter(move |n| bits & source_bit(*n) != 0);
        seen.filter_map(|n| self.sources.word(n))
    }

    /// Area of a row, where it is known.
    pub fn area(&self, row: u32) -> Option<f64> {
        Some(self.area_m2[row as usize]).filter(|area| !area.is_nan())
    }

    /// Rows of a code, in the order of lists.
    pub fn rows_of_code(&self, code: &str) -> &[u32] {
        let code_of = |row: &u32| self.codes.get(*row as usize);
        let first = self.by_code.partition_point(|row| code_of(row) < code);
        let rest = &self.by_code[first..];
        &rest[..rest.partition_point(|row| code_of(row) == code)]
    }

    /// Whether a row's outline, or its point, touches a box in mercator parts.
    pub fn touches(&self, row: u32, bounds: [i32; 4]) -> bool {
        let place = || self.place(row).map(|[x, y]| [x, y, x, y]);
        let extent = self.outlines.extent(row as usize).or_else(place);
        extent.is_some_and(|e| super::grid::touch(e, bounds))
    }

    /// Whether a row has an outline to draw, not only points.
    pub fn is_outlined(&self, row: u32) -> bool {
        self.outlines.kind(row as usize) > GeometryKind::Points
    }

    /// The outline of a row drawn in a tile.
    pub fn draw<'p>(&self, row: u32, pen: &'p mut Pen) -> Option<&'p Path> {
        self.outlines.draw(row as usize, pen)
    }

    /// Writes the outline of a row, or else its point, as a GeoJSON object; whether it has either.
    pub fn tell_geometry(&self, row: u32, is_latitude_first: bool, out: &mut Vec<u8>) -> bool {
        if self.outlines.tell(row as usize, is_latitude_first, out) {
            return true;
        }
        let point = self.position(row).map(|p| Geometry::Point(p.into()));
        let told = point.as_ref().map(|geometry| Told {
            geometry,
            is_latitude_first,
        });
        // Writing to memory cannot fail, and positions are numbers.
        told.is_some_and(|told| serde_json::to_writer(out, &told).is_ok())
    }

    /// When a row was last entered upon.
    pub fn updated_at(&self, row: u32) -> Timestamp {
        let seconds = self.updated_at[row as usize].into();
        Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Whether a row stands in a ledger.
    pub fn is_in_ledger(&self, row: u32, view: LedgerView) -> bool {
        self.ledger_bits[row as usize] & ledger_bit_of(view) != 0
    }

    /// Area of a row; nothing where it is not known.
    pub fn area_or_zero(&self, row: u32) -> f64 {
        self.area(row).unwrap_or(0.0)
    }

    /// Whether the checks find something about a row.
    pub fn has_finding(&self, row: u32) -> bool {
        self.findings[row as usize] > 0
    }

    /// Whether a row counts at all: merged and withdrawn sites do not.
    pub fn counts(&self, row: u32) -> bool {
        self.counts[row as usize]
    }

    /// Rows whose outline or point may be drawn in a box, in mercator parts.
    pub fn in_box(&self, bounds: [i32; 4]) -> Vec<u32> {
        self.grid
            .find_wanted(bounds, |row| self.reaches(row, bounds))
    }

    /// Calls `each` with the rows whose point may be drawn in a box, and where; in no order.
    pub fn each_place(&self, bounds: [i32; 4], each: impl FnMut(u32, [i32; 2])) {
        self.grid.each_at(bounds, |row| self.place(row), each);
    }

    /// Where a row's point is drawn, in mercator parts.
    pub fn place(&self, row: u32) -> Option<[i32; 2]> {
        let place = self.places.get(row as usize).copied();
        place.filter(|p| *p != NO_PLACE)
    }

    /// How grave a row is, for choosing one among many: issues before what is pending before the rest, focal first.
    pub fn gravity(&self, row: u32) -> u8 {
        let at = row as usize;
        let issue = match self.has_issues.word(self.has_issue[at].into()) {
            Some("yes") => 4,
            Some("pending") => 2,
            _ => 0,
        };
        issue + u8::from(self.focal[at] > 0)
    }

    /// Numbers of state, station, zone, activity, focal category, issue, verdict, severity of a row.
    pub fn numbers(&self, row: u32) -> [u16; 8] {
        let at = row as usize;
        [
            self.state[at].into(),
            self.station[at],
            self.zone[at].into(),
            self.activity[at],
            self.focal[at].into(),
            self.has_issue[at].into(),
            self.verdict[at].into(),
            self.severity[at].into(),
        ]
    }

    /// The dictionaries of those numbers.
    pub fn dictionaries(&self) -> [&Words; 8] {
        [
            &self.states,
            &self.stations,
            &self.zones,
            &self.activities,
            &self.focals,
            &self.has_issues,
            &self.verdicts,
            &self.severities,
        ]
    }

    /// The same in words.
    pub fn coded(&self, row: u32) -> [Option<&str>; 8] {
        let (words, numbers) = (self.dictionaries(), self.numbers(row));
        std::array::from_fn(|at| words[at].word(numbers[at]))
    }

    /// Position of a row in degrees.
    pub fn position(&self, row: u32) -> Option<(f64, f64)> {
        let at = row as usize;
        (!self.lon[at].is_nan()).then_some((self.lon[at], self.lat[at]))
    }

    /// Rows of the same name, as names are compared.
    pub fn rows_of_name(&self, name: Option<&str>) -> Vec<u32> {
        let wanted = name_hash(name);
        if wanted == 0 {
            return Vec::new();
        }
        let rows = (0..).zip(&self.name_keys);
        rows.filter(|(_, key)| **key == wanted)
            .map(|(row, _)| row)
            .collect()
    }

    /// Name of a row; empty where none is known.
    pub fn name(&self, row: u32) -> &str {
        self.names.get(row as usize)
    }
}

/// Whether a source protects who complained.
pub(crate) fn is_confidential(source: &str) -> bool {
    SourceKind::from_code(source).is_some_and(SourceKind::is_confidential)
}

/// Puts rows where they belong, wherever they stood; equals by row.
fn place_in<K: Ord>(order: &mut Vec<u32>, moved: &[u32], key: impl Fn(&u32) -> K) {
    order.retain(|row| moved.binary_search(row).is_err());
    for row in moved {
        let of = |row: &u32| (key(row), *row);
        let at = order.partition_point(|other| of(other) < of(row));
        order.insert(at, *row);
    }
}

/// The bit of a source's number; sources beyond 31 have none.
fn source_bit(number: u16) -> u32 {
    1_u32.checked_shl(number.into()).unwrap_or(0)
}

fn name_hash(name: Option<&str>) -> u32 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let Some(key) = name.map(crate::landing::name_key) else {
        return 0;
    };
    // Names shorter than this tell no sites apart.
    if key.chars().count() < 3 {
        return 0;
    }
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    (hasher.finish() as u32).max(1)
}

fn byte(words: &mut Words, word: Option<&str>) -> u8 {
    u8::try_from(words.enter(word)).unwrap_or(0)
}

pub(super) fn set<T>(column: &mut Vec<T>, row: usize, value: T) {
    if row < column.len() {
        column[row] = value;
    } else {
        column.push(value);
    }
}

/// Days since 1970 that fit the column: until 2149, 0 for those before.
fn day_number(day: Date) -> u16 {
    u16::try_from((day - Date::constant(1970, 1, 1)).get_days()).unwrap_or(0)
}

/// The day of a number.
pub(super) fn day_of(number: u16) -> Date {
    Date::constant(1970, 1, 1).saturating_add(i64::from(number).days())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn rows_put_in_place_one_by_one_stand_as_if_all_were_ordered(
            first in prop::collection::vec((0_u8..20, 0_u8..4), 1..40),
            changed in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..4), 0..20),
            added in prop::collection::vec((0_u8..20, 0_u8..4), 0..20),
        ) {
            let mut table = SiteTable::default();
            let enter = |table: &mut SiteTable, row: usize, code: u8, station: u8| {
                let site = SiteId(uuid::Uuid::from_u128(row as u128));
                table.ids.enter(site);
                table.codes.set(row, &format!("{code:02}-{row}"));
                let word = ["后河", "麻武", "", "香山"][usize::from(station)];
                let station = table.stations.enter(Some(word));
                set(&mut table.station, row, station);
                table.moved.push(row as u32);
            };
            for (row, (code, station)) in first.iter().enumerate() {
                enter(&mut table, row, *code, *station);
            }
            table.order_all();
            table.moved.clear();
            for (which, station) in changed {
                let row = which.index(first.len());
                enter(&mut table, row, first[row].0, station);
            }
            for (more, (code, station)) in added.iter().enumerate() {
                enter(&mut table, first.len() + more, *code, *station);
            }
            table.settle();
            let one_by_one = (table.by_code.clone(), table.by_station.clone());
            table.order_all();
            prop_assert_eq!(one_by_one, (table.by_code, table.by_station));
        }
    }
}
