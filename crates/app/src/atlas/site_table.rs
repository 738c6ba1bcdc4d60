//! Sites by columns.

use std::collections::HashMap;

use domain::campaign::LedgerView;
use domain::codes::SourceKind;
use domain::dossier::Dossier;
use domain::ids::SiteId;
use domain::ledger;
use domain::statistics::{Carried, StatLine};
use jiff::Timestamp;
use serde::Serialize;
use spatial::diagnostic::Diagnostic;
use spatial::tiles::Shapes;
use utoipa::ToSchema;

use super::columns::{Texts, Words};
use super::filter::SiteFilter;
use super::grid::Grid;
use crate::error::Error;
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

/// 点位表 — all sites by columns, in the order they came; `by_code` is the order of lists.
#[derive(Debug, Clone, Default)]
pub struct SiteTable {
    ids: Vec<SiteId>,
    rows: HashMap<SiteId, u32>,
    codes: Texts,
    names: Texts,
    /// Hash of the name as names are compared; 0 where there is none.
    name_keys: Vec<u32>,
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
    source_bits: Vec<u32>,
    /// Bit n is the n-th ledger view; no bit where the site counts no more.
    ledger_bits: Vec<u8>,
    counts: Vec<bool>,
    area_m2: Vec<f64>,
    lon: Vec<f64>,
    lat: Vec<f64>,
    updated_at: Vec<i64>,
    findings: Vec<u16>,
    pub shapes: Shapes,
    grid: Grid,
    /// Whether a row has a verified issue.
    has_verified_issue: Vec<bool>,
    /// Issues carried over: source, what the city found, whether that finishes it.
    carried: HashMap<u32, Vec<(u16, u16, bool)>>,
    results: Words,
    /// Rows whose evidence a file is, by SHA-256.
    evidence: HashMap<String, Vec<u32>>,
    by_code: Vec<u32>,
    /// By station, within it by code: the order of written ledgers.
    by_station: Vec<u32>,
    unsettled: bool,
}

/// 排序 — by what a list of sites is sorted; ties by code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    key: SortKey,
    is_descending: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SortKey {
    SiteCode,
    Name,
    State,
    Station,
    Zone,
    Activity,
    Area,
    Updated,
    Findings,
    Verdict,
    Lon,
    Lat,
}

impl Sort {
    /// Reads `field` or `-field`.
    pub fn parse(text: Option<&str>) -> Result<Self, Error> {
        let text = text.unwrap_or("site_code");
        let (is_descending, name) = match text.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, text),
        };
        let key = Self::key(name)
            .ok_or_else(|| Error::rejected(Diagnostic::error("query.sort").arg("text", text)))?;
        Ok(Self { key, is_descending })
    }

    fn key(name: &str) -> Option<SortKey> {
        Some(match name {
            "site_code" => SortKey::SiteCode,
            "facility_name" => SortKey::Name,
            "state" => SortKey::State,
            "station_id" | "station" => SortKey::Station,
            "zone_kind" | "zone_label" => SortKey::Zone,
            "activity_type_code" | "activity_label" => SortKey::Activity,
            "area_m2" | "area_mu" | "area_ha" => SortKey::Area,
            "updated_at" => SortKey::Updated,
            "finding_count" => SortKey::Findings,
            "verdict" | "conclusion" => SortKey::Verdict,
            "lon" => SortKey::Lon,
            "lat" => SortKey::Lat,
            _ => return None,
        })
    }

    /// Whether a name can be sorted by.
    pub fn knows(name: &str) -> bool {
        Self::key(name.strip_prefix('-').unwrap_or(name)).is_some()
    }
}

/// What an actor sees of a table: by station of the site, and whether sources that protect a complainant are among it.
#[derive(Debug, Clone)]
pub struct Eyes {
    pub sites: Vec<bool>,
    pub petitions: Vec<bool>,
}

impl SiteTable {
    /// Enters a dossier, or what changed of it.
    pub fn put(&mut self, dossier: &Dossier, setting: &Setting) {
        let row = self.row_of(dossier.site_id);
        let facts = &dossier.facts;
        let focal = crate::session::focal_of(&setting.campaign, dossier);
        let verdict = dossier.latest_verification().map(|v| v.conclusion.as_str());
        let characterization = dossier.characterization.as_ref().map(|c| &c.body);
        let severity = characterization.and_then(|c| c.severity.as_deref());
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
        set(
            &mut self.station,
            row,
            self.stations.enter(facts.station_id.as_deref()),
        );
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
            let number = u32::from(self.sources.enter(Some(s)));
            bits | 1_u32.checked_shl(number).unwrap_or(0)
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
        set(&mut self.updated_at, row, dossier.updated_at.as_second());
        let findings = domain::checks::of_dossier(dossier).len();
        set(
            &mut self.findings,
            row,
            u16::try_from(findings).unwrap_or(u16::MAX),
        );
        if let Some(extent) = self.shapes.extent(row) {
            self.grid.remove(row as u32, extent);
        }
        let point = facts.lon.zip(facts.lat).map(geo_types::Point::from);
        match (&facts.shape, point) {
            (Some(shape), _) => self.shapes.set(row, Some(&shape.0)),
            (None, point) => self.shapes.set(row, point.map(Into::into).as_ref()),
        }
        if let Some(extent) = self.shapes.extent(row) {
            self.grid.enter(row as u32, extent);
        }
        let of_verifications = dossier.verifications.iter().flat_map(|v| &v.body.evidence);
        let files = dossier.evidence.iter().map(|e| &e.body.sha256);
        for sha256 in files.chain(of_verifications) {
            let rows = self.evidence.entry(sha256.clone()).or_default();
            if !rows.contains(&(row as u32)) {
                rows.push(row as u32);
            }
        }
        self.unsettled = true;
    }

    /// Rows whose evidence a file is.
    pub fn rows_of_evidence(&self, sha256: &str) -> &[u32] {
        self.evidence.get(sha256).map_or(&[], Vec::as_slice)
    }

    fn row_of(&mut self, site: SiteId) -> usize {
        let next = self.ids.len() as u32;
        let row = *self.rows.entry(site).or_insert(next);
        if row == next {
            self.ids.push(site);
        }
        row as usize
    }

    /// Brings the order of lists up to date after entering.
    pub fn settle(&mut self) {
        if !self.unsettled {
            return;
        }
        let codes = &self.codes;
        self.by_code
            .extend(self.by_code.len() as u32..self.ids.len() as u32);
        // Nearly sorted from the last time: adaptive and stable.
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
        self.unsettled = false;
    }

    /// How many sites there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The row of a site.
    pub fn find(&self, site: SiteId) -> Option<u32> {
        self.rows.get(&site).copied()
    }

    /// Smallest box around a site's outline, in mercator units.
    pub fn extent(&self, site: SiteId) -> Option<[i32; 4]> {
        self.shapes.extent(self.find(site)? as usize)
    }

    /// The id of a row.
    pub fn site_id(&self, row: u32) -> SiteId {
        self.ids[row as usize]
    }

    /// The code of a row.
    pub fn site_code(&self, row: u32) -> &str {
        self.codes.get(row as usize)
    }

    /// Whether a row is wanted and may be seen.
    pub fn matches(&self, row: u32, filter: &SiteFilter, eyes: &Eyes) -> bool {
        let at = row as usize;
        // A column that nothing is asked of is not even read: this runs over every row.
        fn has(wanted: &Option<Vec<bool>>, number: impl FnOnce() -> usize) -> bool {
            wanted
                .as_ref()
                .is_none_or(|w| w.get(number()).copied().unwrap_or(false))
        }
        let station = usize::from(self.station[at]);
        eyes.sites.get(station).copied().unwrap_or(false)
            && has(&filter.station, || station)
            && has(&filter.state, || self.state[at].into())
            && has(&filter.zone, || self.zone[at].into())
            && has(&filter.activity, || self.activity[at].into())
            && has(&filter.focal, || self.focal[at].into())
            && has(&filter.verdict, || self.verdict[at].into())
            && has(&filter.severity, || self.severity[at].into())
            && has(&filter.has_issue, || self.has_issue[at].into())
            && filter
                .sources
                .is_none_or(|s| self.seen_sources(at, eyes) & s != 0)
            && filter.ledgers.is_none_or(|l| self.ledger_bits[at] & l != 0)
            && filter
                .has_finding
                .is_none_or(|f| (self.findings[at] > 0) == f)
            && filter
                .bbox
                .is_none_or(|b| b.holds(self.lon[at], self.lat[at]))
            && filter.text.as_ref().is_none_or(|t| self.says(at, t))
    }

    fn says(&self, at: usize, text: &str) -> bool {
        let holds = |column: &str| {
            column.contains(text) || (!column.is_empty() && column.to_lowercase().contains(text))
        };
        holds(self.codes.get(at)) || holds(self.names.get(at))
    }

    pub(super) fn seen_sources(&self, at: usize, eyes: &Eyes) -> u32 {
        let bits = self.source_bits[at];
        let station = usize::from(self.station[at]);
        if eyes.petitions.get(station).copied().unwrap_or(false) {
            return bits;
        }
        let hidden = self
            .sources
            .iter()
            .enumerate()
            .filter(|(_, s)| s.is_some_and(is_confidential))
            .fold(0_u32, |bits, (n, _)| {
                bits | 1_u32.checked_shl(n as u32).unwrap_or(0)
            });
        bits & !hidden
    }

    /// What the figures need of every row in a scope that may be seen, by code.
    pub fn stat_lines<'a>(
        &'a self,
        eyes: &Eyes,
        scope: &LedgerScope,
        changes: &HashMap<&str, &'a str>,
    ) -> Vec<StatLine<'a>> {
        let all = SiteFilter::default();
        let seen = self
            .by_code
            .iter()
            .copied()
            .filter(|row| self.matches(*row, &all, eyes) && scope.holds(self.station_id(*row)));
        seen.map(|row| self.stat_line(row, eyes, changes)).collect()
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
        let is_seen = |source: u16| 1_u32.checked_shl(source.into()).unwrap_or(0) & bits != 0;
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

    /// Rows wanted, in order.
    pub fn select(&self, filter: &SiteFilter, eyes: &Eyes, sort: Sort) -> Vec<u32> {
        let mut rows: Vec<u32> = self
            .by_code
            .iter()
            .copied()
            .filter(|row| self.matches(*row, filter, eyes))
            .collect();
        self.sort(&mut rows, sort);
        rows
    }

    /// Rows wanted in the order of written ledgers: by station, within it by code.
    pub fn select_by_station(&self, filter: &SiteFilter, eyes: &Eyes) -> Vec<u32> {
        let rows = self.by_station.iter().copied();
        rows.filter(|row| self.matches(*row, filter, eyes))
            .collect()
    }

    /// Rows wanted whose outline may touch a box, in mercator parts, by code.
    pub fn select_in_box(&self, bounds: [i32; 4], filter: &SiteFilter, eyes: &Eyes) -> Vec<u32> {
        let mut rows = self.grid.find(bounds);
        rows.retain(|row| self.touches(*row, bounds) && self.matches(*row, filter, eyes));
        rows.sort_unstable_by_key(|row| self.codes.get(*row as usize));
        rows
    }

    fn sort(&self, rows: &mut [u32], sort: Sort) {
        let at = |row: &u32| *row as usize;
        let by = |a: &u32, b: &u32| {
            let (a, b) = (at(a), at(b));
            match sort.key {
                SortKey::SiteCode => self.codes.get(a).cmp(self.codes.get(b)),
                SortKey::Name => self.names.get(a).cmp(self.names.get(b)),
                SortKey::State => self.state[a].cmp(&self.state[b]),
                SortKey::Station => self.station_word(a).cmp(&self.station_word(b)),
                SortKey::Zone => self
                    .zones
                    .word(self.zone[a].into())
                    .cmp(&self.zones.word(self.zone[b].into())),
                SortKey::Activity => self
                    .activities
                    .word(self.activity[a])
                    .cmp(&self.activities.word(self.activity[b])),
                SortKey::Area => self.area_m2[a].total_cmp(&self.area_m2[b]),
                SortKey::Updated => self.updated_at[a].cmp(&self.updated_at[b]),
                SortKey::Findings => self.findings[a].cmp(&self.findings[b]),
                SortKey::Verdict => self
                    .verdicts
                    .word(self.verdict[a].into())
                    .cmp(&self.verdicts.word(self.verdict[b].into())),
                SortKey::Lon => self.lon[a].total_cmp(&self.lon[b]),
                SortKey::Lat => self.lat[a].total_cmp(&self.lat[b]),
            }
        };
        match (sort.key, sort.is_descending) {
            (SortKey::SiteCode, false) => {}
            (_, false) => rows.sort_by(by),
            (_, true) => rows.sort_by(|a, b| by(b, a)),
        }
    }

    fn station_word(&self, at: usize) -> Option<&str> {
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
        let sources = self.seen_sources(at, eyes);
        let focal_category = word(&self.focals, self.focal[at].into());
        SiteRow {
            site_id: self.ids[at],
            site_code: self.codes.get(at).to_owned(),
            facility_name: Some(self.names.get(at).to_owned()).filter(|n| !n.is_empty()),
            state: word(&self.states, self.state[at].into()).unwrap_or_default(),
            station_id: word(&self.stations, self.station[at]),
            zone_kind: word(&self.zones, self.zone[at].into()),
            activity_type_code: word(&self.activities, self.activity[at]),
            area_m2: number(self.area_m2[at]),
            lon: number(self.lon[at]),
            lat: number(self.lat[at]),
            is_focal: focal_category.is_some(),
            focal_category,
            has_issue: word(&self.has_issues, self.has_issue[at].into()).unwrap_or_default(),
            sources: self
                .sources
                .iter()
                .enumerate()
                .filter(|(n, _)| sources & 1_u32.checked_shl(*n as u32).unwrap_or(0) != 0)
                .filter_map(|(_, s)| s.map(str::to_owned))
                .collect(),
            verdict: word(&self.verdicts, self.verdict[at].into()),
            severity: word(&self.severities, self.severity[at].into()),
            updated_at: Timestamp::from_second(self.updated_at[at])
                .unwrap_or(Timestamp::UNIX_EPOCH),
            finding_count: self.findings[at].into(),
        }
    }

    /// Whether a row's outline, or its point, touches a box in mercator parts.
    pub fn touches(&self, row: u32, bounds: [i32; 4]) -> bool {
        let extent = self.shapes.extent(row as usize);
        extent.is_some_and(|e| super::grid::touch(e, bounds))
    }

    /// When a row was last entered upon.
    pub fn updated_at(&self, row: u32) -> Timestamp {
        Timestamp::from_second(self.updated_at[row as usize]).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Whether a row stands in a ledger.
    pub fn is_in_ledger(&self, row: u32, view: LedgerView) -> bool {
        let at = LedgerView::ALL.iter().position(|v| *v == view).unwrap_or(0);
        self.ledger_bits[row as usize] & 1 << at != 0
    }

    /// Area of a row; nothing where it is not known.
    pub fn area_or_zero(&self, row: u32) -> f64 {
        let area = self.area_m2[row as usize];
        if area.is_nan() { 0.0 } else { area }
    }

    /// Whether the checks find something about a row.
    pub fn has_finding(&self, row: u32) -> bool {
        self.findings[row as usize] > 0
    }

    /// Whether a row counts at all: merged and withdrawn sites do not.
    pub fn counts(&self, row: u32) -> bool {
        self.counts[row as usize]
    }

    /// Rows that may lie in a box, in mercator parts.
    pub fn in_box(&self, bounds: [i32; 4]) -> Vec<u32> {
        self.grid.find(bounds)
    }

    /// Where a row's point is drawn, in mercator parts.
    pub fn place(&self, row: u32) -> Option<[i32; 2]> {
        let (lon, lat) = self.position(row)?;
        Some(spatial::tiles::mercator(lon, lat))
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

    /// State, station, zone, activity, focal category, issue, verdict, severity of a row.
    pub fn coded(&self, row: u32) -> [Option<&str>; 8] {
        let at = row as usize;
        [
            self.states.word(self.state[at].into()),
            self.stations.word(self.station[at]),
            self.zones.word(self.zone[at].into()),
            self.activities.word(self.activity[at]),
            self.focals.word(self.focal[at].into()),
            self.has_issues.word(self.has_issue[at].into()),
            self.verdicts.word(self.verdict[at].into()),
            self.severities.word(self.severity[at].into()),
        ]
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

fn set<T>(column: &mut Vec<T>, row: usize, value: T) {
    if row < column.len() {
        column[row] = value;
    } else {
        column.push(value);
    }
}
