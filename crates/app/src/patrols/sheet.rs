//! 巡护登记表 — a patrol entered or corrected at the desk, and findings that become clues.

use domain::as_of::AsOf;
use domain::dossier::civil_day;
use domain::entries::{
    ClueFacts, ClueReceived, ContentItem, PatrolFinding, PatrolRecorded, SourcePlace, TeamMember,
};
use domain::entry::Entry;
use domain::ids::{BatchId, ClueId, EntryId, PatrolId, StreamId};
use domain::ledger::Labels;
use domain::patrol::Patrol;
use domain::policy::Action;
use domain::shape::Shape;
use geo_types::Point;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use spatial::diagnostic::Diagnostic;
use utoipa::ToSchema;

use super::judge::Bench;
use crate::amendments::{ReceiptView, checked_reason, nothing_appended};
use crate::atlas::Atlases;
use crate::error::Error;
use crate::import::{FieldLanding, nothing_said};
use crate::session::Session;

/// 发现登记 — something seen on the way, as it is entered.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatrolFindingRequest {
    /// Code of CL-FINDING.
    pub kind: String,
    pub at: Timestamp,
    pub lon: Option<f64>,
    pub lat: Option<f64>,
    pub severity: Option<String>,
    pub action: Option<String>,
    pub note: Option<String>,
    /// Whether it becomes a clue of the inbox at once.
    #[serde(default)]
    pub is_clue: bool,
}

/// 巡护登记请求 — what is entered of a patrol, or of one as it should have been entered.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatrolSheetRequest {
    pub station: String,
    /// Code of CL-PATROLKIND.
    pub kind: String,
    pub route_id: Option<String>,
    pub started_at: Timestamp,
    pub ended_at: Timestamp,
    /// By post.
    pub leader: String,
    /// The others, by post.
    #[serde(default)]
    pub members: Vec<String>,
    pub head_count: u32,
    /// Units that came along.
    #[serde(default)]
    pub units: Vec<String>,
    /// Codes of CL-PATROLMODE.
    #[serde(default)]
    pub modes: Vec<String>,
    pub weather: Option<String>,
    pub wind: Option<String>,
    pub temperature_c: Option<f64>,
    pub altitude_start_m: Option<f64>,
    pub altitude_max_m: Option<f64>,
    #[serde(default)]
    pub tools: Vec<String>,
    #[serde(default)]
    pub vehicles: Vec<String>,
    /// `[{number, text, result?}]`.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    pub content_items: Vec<ContentItem>,
    /// `normal`, `abnormal`.
    pub conclusion: String,
    pub summary: String,
    /// Findings; those of the sheet that is corrected stay, these are added.
    #[serde(default)]
    pub findings: Vec<PatrolFindingRequest>,
}

/// 巡护更正请求 — the sheet that is corrected, why, and what counts from now on.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatrolCorrection {
    /// The sheet that was read; a newer one has to be read anew.
    #[schema(value_type = String, format = Uuid)]
    pub of: EntryId,
    pub reason: String,
    pub sheet: PatrolSheetRequest,
}

/// 巡护回执 — the patrol, and where its sheet lies in the log.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PatrolRecordedView {
    #[schema(value_type = String, format = Uuid)]
    pub patrol_id: PatrolId,
    /// Clues that were made of findings.
    #[schema(value_type = Vec<String>)]
    pub clues: Vec<ClueId>,
    pub receipt: ReceiptView,
}

/// Characters of one text, lines of one list, findings of one sheet.
const LONGEST_TEXT: usize = 2_000;
const MOST_LINES: usize = 100;
const MOST_FINDINGS: usize = 200;
const MOST_PEOPLE: u32 = 1_000;
/// No outing lasts longer.
const LONGEST: SignedDuration = SignedDuration::from_hours(31 * 24);
/// Clocks of desks and servers differ.
const AHEAD: SignedDuration = SignedDuration::from_mins(10);

fn fault<T>(code: &'static str, text: impl ToString) -> Result<T, Error> {
    Err(Error::rejected(Diagnostic::error(code).arg("text", text)))
}

impl Session {
    /// Enters a patrol.
    ///
    /// # Errors
    /// `patrol.*` with what is wrong in the sheet; refused where the post does not record patrols of the station.
    pub fn record_patrol(
        &mut self,
        request: &PatrolSheetRequest,
    ) -> Result<PatrolRecordedView, Error> {
        let said = format!("{request:?}");
        let seed: [&[u8]; 2] = [said.as_bytes(), self.actor.id.as_bytes()];
        let patrol_id = PatrolId::derived(self.now, &seed);
        let sheet = self.sheet_of(patrol_id, request)?;
        self.append_sheet(sheet, &request.findings, None)
    }

    /// Puts another sheet in the place of one; the earlier one stays in the log, and the patrol waits for a review again.
    ///
    /// # Errors
    /// As [`Session::record_patrol`]; `patrol.sheet_moved_on` where somebody else was quicker, `patrol.other_station`.
    pub fn correct_patrol(
        &mut self,
        atlases: &Atlases,
        patrol_id: &str,
        request: &PatrolCorrection,
    ) -> Result<PatrolRecordedView, Error> {
        let patrol = self.own_patrol(atlases, patrol_id)?;
        let old = &patrol.sheet.body;
        if patrol.sheet.entry_id != request.of {
            return fault("patrol.sheet_moved_on", request.of);
        }
        let mut sheet = self.sheet_of(patrol.patrol_id, &request.sheet)?;
        if sheet.station_id != old.station_id {
            return fault("patrol.other_station", &request.sheet.station);
        }
        sheet.reason = Some(checked_reason(&request.reason)?);
        sheet.plan_month.clone_from(&old.plan_month);
        sheet.tracks.clone_from(&old.tracks);
        sheet.findings.clone_from(&old.findings);
        sheet.source.clone_from(&old.source);
        self.append_sheet(sheet, &request.sheet.findings, Some(&patrol))
    }

    /// Makes a clue of a finding that is none yet; what the sheet says stays, and so does its review.
    ///
    /// # Errors
    /// `patrol.no_such_finding`; `patrol.is_clue` where it is one.
    pub fn report_finding(
        &mut self,
        atlases: &Atlases,
        patrol_id: &str,
        number: usize,
    ) -> Result<PatrolRecordedView, Error> {
        let patrol = self.own_patrol(atlases, patrol_id)?;
        let mut sheet = patrol.sheet.body.clone();
        let at = number.checked_sub(1);
        let Some(finding) = at.and_then(|at| sheet.findings.get_mut(at)) else {
            return fault("patrol.no_such_finding", number);
        };
        if finding.clue_id.is_some() {
            return fault("patrol.is_clue", number);
        }
        let clue_id = clue_id_of(patrol.patrol_id, number);
        finding.clue_id = Some(clue_id);
        let finding = finding.clone();
        let clue = self.clue_of(&sheet, &finding, clue_id);
        self.append_with_clues(sheet, vec![clue], Some(&patrol))
    }

    /// A patrol of a station whose patrols the actor records.
    fn own_patrol(&self, atlases: &Atlases, patrol_id: &str) -> Result<Patrol, Error> {
        self.may_read_lists(Action::RecordPatrol)?;
        let book = atlases.patrols().read(&self.register, AsOf::Now)?;
        let bench = Bench::new(self, atlases.patrols(), &book)?;
        let patrol = self.find_patrol(&bench, patrol_id)?;
        self.may(Action::RecordPatrol, Some(&patrol.sheet.body.station_id))?;
        Ok(patrol.clone())
    }

    fn sheet_of(
        &self,
        patrol_id: PatrolId,
        request: &PatrolSheetRequest,
    ) -> Result<PatrolRecorded, Error> {
        let station_id = self.load_station_id(&request.station)?;
        self.may(Action::RecordPatrol, Some(&station_id))?;
        check_times(request, self.now)?;
        check_sizes(request)?;
        if !["normal", "abnormal"].contains(&&*request.conclusion) {
            return fault("patrol.conclusion", &request.conclusion);
        }
        if let Some(route) = &request.route_id {
            self.check_route(route)?;
        }
        let modes = request.modes.iter();
        let modes: Result<Vec<String>, Error> =
            modes.map(|m| self.code_in("patrol_mode", m)).collect();
        let post = |post: &String| TeamMember {
            post: post.trim().to_owned(),
            unit: None,
        };
        Ok(PatrolRecorded {
            patrol_id,
            reserve_code: self.reserve.reserve_code.clone(),
            station_id,
            kind: self.code_in("patrol_kind", &request.kind)?,
            route_id: request.route_id.clone(),
            plan_month: None,
            started_at: request.started_at,
            ended_at: request.ended_at,
            leader: request.leader.trim().to_owned(),
            members: request.members.iter().map(post).collect(),
            head_count: request.head_count,
            units: request.units.clone(),
            modes: modes?,
            weather: request.weather.clone(),
            wind: request.wind.clone(),
            temperature_c: request.temperature_c,
            altitude_start_m: request.altitude_start_m,
            altitude_max_m: request.altitude_max_m,
            tools: request.tools.clone(),
            vehicles: request.vehicles.clone(),
            content_items: request.content_items.clone(),
            findings: Vec::new(),
            tracks: Vec::new(),
            conclusion: request.conclusion.clone(),
            summary: request.summary.trim().to_owned(),
            source: None,
            basis: Some("desk".to_owned()),
            reason: None,
            field: None,
        })
    }

    fn code_in(&self, purpose: &str, text: &str) -> Result<String, Error> {
        let found = self.known_code(purpose, Some(text))?;
        Ok(found.unwrap_or_default())
    }

    fn check_route(&self, route: &str) -> Result<(), Error> {
        let adopted = self
            .register
            .latest_routes(&self.reserve.reserve_code, AsOf::Now)?;
        let mut routes = adopted.iter().flat_map(|r| &r.body.routes);
        match routes.any(|r| r.route_id == route) {
            true => Ok(()),
            false => fault("patrol.unknown_route", route),
        }
    }

    fn append_sheet(
        &mut self,
        mut sheet: PatrolRecorded,
        added: &[PatrolFindingRequest],
        before: Option<&Patrol>,
    ) -> Result<PatrolRecordedView, Error> {
        let mut clues = Vec::new();
        for request in added {
            let mut finding = self.finding_of(request)?;
            if request.is_clue {
                let number = sheet.findings.len() + 1;
                let clue_id = clue_id_of(sheet.patrol_id, number);
                finding.clue_id = Some(clue_id);
                clues.push(self.clue_of(&sheet, &finding, clue_id));
            }
            sheet.findings.push(finding);
        }
        self.append_with_clues(sheet, clues, before)
    }

    /// Clues with what goes beside them, then the sheet that names them, in one append.
    fn append_with_clues(
        &mut self,
        sheet: PatrolRecorded,
        clues: Vec<ClueReceived>,
        before: Option<&Patrol>,
    ) -> Result<PatrolRecordedView, Error> {
        let patrol_id = sheet.patrol_id;
        let stream = StreamId::patrol(patrol_id);
        let (mut entries, files) = self.clue_entries(&clues)?;
        let version = match before {
            Some(_) => Some(self.register.stream_version(&stream)?),
            None => None,
        };
        let mut entry = self.dated_entry(stream, sheet)?;
        entry.based_on = version;
        let id = entry.id;
        entries.push(entry);
        for file in files {
            self.register
                .put_blob(&mut file.as_slice(), file.len() as u64)?;
        }
        let receipts = self.register.append(&entries, self.now)?;
        let receipt = receipts.iter().find(|r| r.entry_id == id);
        Ok(PatrolRecordedView {
            patrol_id,
            clues: clues.iter().map(|c| c.clue_id).collect(),
            receipt: receipt.map(ReceiptView::of).ok_or_else(nothing_appended)?,
        })
    }

    fn clue_entries(&self, clues: &[ClueReceived]) -> Result<(Vec<Entry>, Vec<Vec<u8>>), Error> {
        let said = nothing_said();
        let mut landing = FieldLanding::new(self, &said);
        let (mut entries, mut files) = (Vec::new(), Vec::new());
        for clue in clues {
            let stream = StreamId::clue_batch(clue.batch_id);
            let entry = self.dated_entry(stream, clue.clone())?;
            let beside = landing.beside(&entry, clue, &self.actor)?;
            entries.extend(beside.before);
            entries.push(entry);
            entries.extend(beside.after);
            files.extend(beside.files);
        }
        Ok((entries, files))
    }

    fn finding_of(&self, request: &PatrolFindingRequest) -> Result<PatrolFinding, Error> {
        let is_place = match (request.lon, request.lat) {
            (None, None) => true,
            (Some(lon), Some(lat)) => lon.abs() <= 180.0 && lat.abs() <= 90.0,
            _ => false,
        };
        if !is_place {
            return fault("patrol.bad_place", &request.kind);
        }
        Ok(PatrolFinding {
            kind: self.code_in("finding", &request.kind)?,
            at: request.at,
            lon: request.lon.map(crate::geography::degrees),
            lat: request.lat.map(crate::geography::degrees),
            severity: request.severity.clone(),
            action: request.action.clone(),
            note: request.note.clone(),
            evidence: Vec::new(),
            clue_id: None,
            site_id: None,
        })
    }

    /// The clue that a finding is, as phones tell it.
    fn clue_of(
        &self,
        sheet: &PatrolRecorded,
        finding: &PatrolFinding,
        clue_id: ClueId,
    ) -> ClueReceived {
        let day = civil_day(sheet.started_at);
        let station = self.label("station", &sheet.station_id);
        let args = [("station", station.as_str()), ("on", &day.to_string())];
        let kind = self.label("finding", &finding.kind);
        let summary = [Some(kind), finding.note.clone()];
        let summary: Vec<String> = summary.into_iter().flatten().collect();
        let place = finding.lon.zip(finding.lat);
        let severity = finding.severity.iter();
        ClueReceived {
            clue_id,
            batch_id: BatchId(sheet.patrol_id.0),
            source_kind: "patrol".to_owned(),
            received_on: civil_day(self.now),
            place: SourcePlace {
                file_name: self.messages.text("patrol.clue_source", &args),
                ..SourcePlace::default()
            },
            is_confidential: false,
            facts: ClueFacts {
                summary: Some(summary.join("：")),
                note: finding.action.clone(),
                shape: place.map(|(lon, lat)| Shape(Point::new(lon, lat).into())),
                other: severity
                    .map(|s| ("severity".to_owned(), s.clone()))
                    .collect(),
                ..ClueFacts::default()
            },
            carried_over: None,
            determination: None,
        }
    }
}

/// A finding is one clue, however often it is reported.
fn clue_id_of(patrol_id: PatrolId, number: usize) -> ClueId {
    let seed: [&[u8]; 2] = [patrol_id.0.as_bytes(), &number.to_be_bytes()];
    ClueId::derived(
        crate::session::start_of(jiff::civil::date(2000, 1, 1)),
        &seed,
    )
}

fn check_times(request: &PatrolSheetRequest, now: Timestamp) -> Result<(), Error> {
    let (from, to) = (request.started_at, request.ended_at);
    if to < from {
        return fault("patrol.ends_before", to);
    }
    if to.duration_since(from) > LONGEST {
        return fault("patrol.too_long", LONGEST.as_hours() / 24);
    }
    if to.duration_since(now) > AHEAD {
        return fault("patrol.in_future", to);
    }
    let outside = |f: &&PatrolFindingRequest| f.at < from - AHEAD || f.at > to + AHEAD;
    match request.findings.iter().find(outside) {
        Some(finding) => fault("patrol.finding_outside", finding.at),
        None => Ok(()),
    }
}

fn check_sizes(request: &PatrolSheetRequest) -> Result<(), Error> {
    let r = request;
    if !(1..=MOST_PEOPLE).contains(&r.head_count) {
        return fault("patrol.head_count", r.head_count);
    }
    let words = [&r.leader, &r.summary].into_iter();
    if let Some(empty) = words.clone().find(|t| t.trim().is_empty()) {
        return fault("patrol.says_nothing", empty);
    }
    let said = [&r.weather, &r.wind].into_iter().flatten();
    let of_findings = r
        .findings
        .iter()
        .flat_map(|f| [&f.severity, &f.action, &f.note].into_iter().flatten());
    let of_content = r
        .content_items
        .iter()
        .flat_map(|c| std::iter::once(&c.text).chain(&c.result));
    let lists = [&r.members, &r.units, &r.tools, &r.vehicles, &r.modes];
    let mut all = words
        .chain(said)
        .chain(of_findings)
        .chain(of_content)
        .chain(lists.into_iter().flatten());
    let is_long = all.any(|t| t.chars().count() > LONGEST_TEXT)
        || lists.into_iter().any(|l| l.len() > MOST_LINES)
        || r.content_items.len() > MOST_LINES
        || r.findings.len() > MOST_FINDINGS;
    if is_long {
        return fault("patrol.too_much", LONGEST_TEXT);
    }
    let is_measured = |value: Option<f64>, least: f64, most: f64| {
        value.is_none_or(|v| (least..=most).contains(&v))
    };
    let is_possible = is_measured(r.temperature_c, -80.0, 60.0)
        && is_measured(r.altitude_start_m, -500.0, 9_000.0)
        && is_measured(r.altitude_max_m, -500.0, 9_000.0);
    match is_possible {
        true => Ok(()),
        false => fault("patrol.measures", ""),
    }
}
