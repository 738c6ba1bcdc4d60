//! 疑点台 — suspicions and suspected relapses as lists, one by one with everything that shows it, and as figures.

use std::collections::BTreeMap;

use domain::as_of::AsOf;
use domain::dossier::Dossier;
use domain::entries::LikePair;
use domain::entry::{EntryBody, RecordedEntry};
use domain::ids::{EntryId, StreamId};
use domain::ledger::Labels;
use domain::policy::{self, Action, Reason};
use domain::suspicion::{Grade, texts_of};
use jiff::Timestamp;
use likeness::text::{Kind, TextIndex};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use spatial::diagnostic::Diagnostic;
use spatial::matching::MatchIndex;
use utoipa::{IntoParams, ToSchema};

use crate::atlas::{Atlas, Atlases, SuspicionLine};
use crate::error::Error;
use crate::ledgers::LedgerScope;
use crate::session::Session;

/// 疑点查询 — which suspicions are wanted; several codes by comma.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SuspicionQuery {
    /// `open`, `judged`.
    pub state: Option<String>,
    /// Codes of CL-SUSPICION, or `relapse`.
    pub suspicion: Option<String>,
    /// `high`, `medium`, `low`.
    pub grade: Option<String>,
    pub verdict: Option<String>,
    pub station: Option<String>,
    pub lead: Option<String>,
    pub site: Option<String>,
    /// Id or code of an issue.
    pub issue: Option<String>,
    /// Part of site code, site name, issue code or unit.
    pub q: Option<String>,
    /// `urgency` (open first, the gravest first, the newest first), `found_at`, `-found_at`, `site_code`.
    pub sort: Option<String>,
    #[param(minimum = 0)]
    pub offset: Option<u64>,
    /// 50 where it is not said, at most 200.
    #[param(minimum = 0, maximum = 200)]
    pub limit: Option<u64>,
    /// `now`, a day `YYYY-MM-DD`, or a log size `@N`.
    pub as_of: Option<String>,
}

/// 其他点位 — a site that something was taken from.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OtherSiteView {
    pub site_code: String,
    pub facility_name: Option<String>,
    /// Whether the reader may open it.
    pub is_visible: bool,
}

/// 判定 — what a person said of a suspicion.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct VerdictView {
    pub verdict: String,
    pub verdict_label: String,
    pub reason: String,
    pub actor: String,
    pub judged_at: Timestamp,
}

/// 疑点行 — one suspicion of a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SuspicionRow {
    #[schema(value_type = String, format = Uuid)]
    pub entry_id: EntryId,
    pub seq: u64,
    /// Code of CL-SUSPICION, or `relapse`.
    pub suspicion: String,
    pub suspicion_label: String,
    pub grade: Option<String>,
    pub grade_label: Option<String>,
    pub text: String,
    pub hint: Option<String>,
    pub found_at: Timestamp,
    pub found_by: String,
    pub likeness: Option<f64>,
    pub site_code: String,
    pub facility_name: Option<String>,
    pub station_id: Option<String>,
    pub station_label: Option<String>,
    #[schema(value_type = String, format = Uuid)]
    pub issue_id: EntryId,
    pub issue_code: Option<String>,
    pub issue_state: String,
    pub issue_state_label: String,
    pub responsible_unit: String,
    pub other_sites: Vec<OtherSiteView>,
    pub verdict: Option<VerdictView>,
    /// Whether it stands in the way of acceptance, notice and close-out now.
    pub stops: bool,
    /// Whether the reader's post may judge it.
    pub may_judge: bool,
    /// Whether the reader took part in what it is about: somebody else must judge.
    pub own_work: bool,
}

/// 疑点清单 — one page; the counts are of all that match.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SuspicionList {
    pub total: u64,
    pub open: u64,
    pub by_suspicion: BTreeMap<String, u64>,
    pub by_grade: BTreeMap<String, u64>,
    /// By verdict; `open` where there is none.
    pub by_verdict: BTreeMap<String, u64>,
    pub items: Vec<SuspicionRow>,
    pub as_of: String,
    pub log_size: u64,
}

/// 相关登记 — an entry that a suspicion is about.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SuspectEntryView {
    #[schema(value_type = String, format = Uuid)]
    pub entry_id: EntryId,
    pub kind: String,
    pub kind_label: String,
    pub occurred_at: Timestamp,
    pub recorded_at: Timestamp,
    pub actor: String,
}

/// 照片 — a file with what the camera wrote.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SuspectFileView {
    pub sha256: String,
    pub file_name: Option<String>,
    pub media_type: Option<String>,
    pub taken_at: Option<String>,
    pub lon: Option<f64>,
    pub lat: Option<f64>,
    pub azimuth_deg: Option<f64>,
    pub device: Option<String>,
    /// From where it was taken to the site it was entered for.
    pub distance_m: Option<f64>,
}

/// 文字片段 — part of a text, and how it differs from the other side's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TextPart {
    pub text: String,
    /// `exchanged`, `figure`, `dropped`, `added`; none where both sides are alike.
    pub differs: Option<String>,
}

/// 对照文字 — a text cut where the two sides differ.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SuspectTextView {
    pub member: String,
    pub parts: Vec<TextPart>,
}

/// 对照一侧 — whose it is, and the picture or text itself as far as the reader may see it.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct PairSideView {
    pub site_code: String,
    pub facility_name: Option<String>,
    #[schema(value_type = Option<String>, format = Uuid)]
    pub entry_id: Option<EntryId>,
    pub entry_kind: Option<String>,
    pub entry_kind_label: Option<String>,
    pub occurred_at: Option<Timestamp>,
    pub is_visible: bool,
    pub photo: Option<SuspectFileView>,
    pub text: Option<SuspectTextView>,
}

/// 雷同对照 — both sides.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PairView {
    /// `photo`, `text`.
    pub what: String,
    pub grade: String,
    pub grade_label: String,
    pub likeness: Option<f64>,
    pub own: PairSideView,
    pub other: PairSideView,
}

/// 复发对照 — the closed site and the clue on it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RelapseView {
    #[schema(value_type = Option<String>, format = Uuid)]
    pub clue_id: Option<domain::ids::ClueId>,
    #[schema(value_type = Option<String>, format = Uuid)]
    pub batch_id: Option<domain::ids::BatchId>,
    pub overlap_area_m2: Option<f64>,
    pub overlap_share: Option<f64>,
    pub acquired_on: Option<jiff::civil::Date>,
    #[schema(value_type = Option<Object>)]
    pub site_shape: Option<Value>,
    #[schema(value_type = Option<Object>)]
    pub clue_shape: Option<Value>,
}

/// 疑点页 — one suspicion with everything that shows it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SuspicionView {
    pub row: SuspicionRow,
    pub entries: Vec<SuspectEntryView>,
    pub files: Vec<SuspectFileView>,
    pub pairs: Vec<PairView>,
    pub relapse: Option<RelapseView>,
    /// Version of the site's stream, for what is based on it.
    pub version: u64,
    pub log_size: u64,
}

/// 疑点统计范围.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SuspicionScope {
    pub station: Option<String>,
    pub lead: Option<String>,
    /// `now`, a day `YYYY-MM-DD`, or a log size `@N`.
    pub as_of: Option<String>,
}

/// 疑点数 — found, open, judged, and by verdict.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct SuspicionCounts {
    pub found: u64,
    pub open: u64,
    pub judged: u64,
    pub by_verdict: BTreeMap<String, u64>,
}

/// 疑点统计行 — one kind and grade.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SuspicionFigure {
    pub suspicion: String,
    pub suspicion_label: String,
    pub grade: Option<String>,
    pub grade_label: Option<String>,
    #[serde(flatten)]
    pub counts: SuspicionCounts,
}

/// 比率 — as its raw pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SuspicionRatio {
    pub id: String,
    pub label: String,
    pub numerator: u64,
    pub denominator: u64,
}

/// 分组数 — of a station or a unit.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SuspicionGroup {
    /// Id of the station, or the unit itself.
    pub key: Option<String>,
    pub label: String,
    pub found: u64,
    pub open: u64,
    pub fake: u64,
}

/// 疑点统计 — kinds by grade by verdict, as counts and raw pairs.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SuspicionStatistics {
    pub scope_label: String,
    pub rows: Vec<SuspicionFigure>,
    pub total: SuspicionCounts,
    pub ratios: Vec<SuspicionRatio>,
    pub by_station: Vec<SuspicionGroup>,
    pub by_unit: Vec<SuspicionGroup>,
    pub as_of: String,
    pub log_size: u64,
}

const MOST_ROWS: u64 = 200;
/// Verdicts that say the work was not done.
const FAKES: [&str; 2] = ["fake", "false_rectification"];

/// What of a list is wanted.
struct Wanted<'a> {
    query: &'a SuspicionQuery,
    scope: LedgerScope,
}

fn among(list: Option<&String>, code: &str) -> bool {
    list.is_none_or(|l| l.split(',').any(|c| c.trim() == code))
}

impl Wanted<'_> {
    fn holds(&self, line: &SuspicionLine) -> bool {
        let q = self.query;
        let of = &line.of;
        let is_open = line.verdict.is_none();
        let state = match q.state.as_deref() {
            Some("open") => is_open,
            Some("judged") => !is_open,
            _ => true,
        };
        let grade = line.grade.map_or("", Grade::code);
        let verdict = line.verdict.as_ref().map_or("open", |v| v.verdict.as_str());
        let is_issue =
            |text: &String| of.issue.to_string() == *text || of.issue_code.as_ref() == Some(text);
        state
            && self.scope.holds(of.station_id.as_deref())
            && among(q.suspicion.as_ref(), &line.suspicion)
            && among(q.grade.as_ref(), grade)
            && among(q.verdict.as_ref(), verdict)
            && q.site.as_ref().is_none_or(|s| *s == of.site_code)
            && q.issue.as_ref().is_none_or(is_issue)
            && q.q.as_deref().is_none_or(|text| says(line, text.trim()))
    }
}

fn says(line: &SuspicionLine, text: &str) -> bool {
    let of = &line.of;
    let words = [
        Some(&of.site_code),
        of.facility_name.as_ref(),
        of.issue_code.as_ref(),
        Some(&of.responsible_unit),
    ];
    words.into_iter().flatten().any(|w| w.contains(text))
}

impl Session {
    /// One page of the suspicions the actor may read, open and grave ones first.
    pub fn list_suspicions(
        &self,
        atlases: &Atlases,
        query: &SuspicionQuery,
    ) -> Result<SuspicionList, Error> {
        let offset = usize::try_from(query.offset.unwrap_or(0)).unwrap_or(usize::MAX);
        let limit = query.limit.unwrap_or(50).min(MOST_ROWS) as usize;
        self.suspicions(atlases, query, offset, limit)
    }

    /// All suspicions that a query wants.
    pub(crate) fn all_suspicions(
        &self,
        atlases: &Atlases,
        query: &SuspicionQuery,
    ) -> Result<SuspicionList, Error> {
        self.suspicions(atlases, query, 0, usize::MAX)
    }

    fn suspicions(
        &self,
        atlases: &Atlases,
        query: &SuspicionQuery,
        offset: usize,
        limit: usize,
    ) -> Result<SuspicionList, Error> {
        self.may_read_lists(Action::ReadSuspicions)?;
        let as_of = self.suspicion_as_of(query.as_of.as_deref())?;
        let wanted = Wanted {
            query,
            scope: self.ledger_scope(query.station.as_deref(), query.lead.as_deref())?,
        };
        let atlas = self.atlas(atlases, as_of)?;
        let mut lines: Vec<&SuspicionLine> = self
            .seen_lines(&atlas)
            .filter(|line| wanted.holds(line))
            .collect();
        sort(&mut lines, query.sort.as_deref())?;
        let mut list = SuspicionList {
            total: lines.len() as u64,
            open: 0,
            by_suspicion: BTreeMap::new(),
            by_grade: BTreeMap::new(),
            by_verdict: BTreeMap::new(),
            items: Vec::new(),
            as_of: as_of.to_string(),
            log_size: atlas.log_size,
        };
        for line in &lines {
            let verdict = line.verdict.as_ref().map_or("open", |v| v.verdict.as_str());
            list.open += u64::from(line.verdict.is_none());
            *list.by_suspicion.entry(line.suspicion.clone()).or_insert(0) += 1;
            *list.by_verdict.entry(verdict.to_owned()).or_insert(0) += 1;
            if let Some(grade) = line.grade {
                *list.by_grade.entry(grade.code().to_owned()).or_insert(0) += 1;
            }
        }
        let page = lines.into_iter().skip(offset).take(limit);
        list.items = page.map(|line| self.suspicion_row(&atlas, line)).collect();
        Ok(list)
    }

    fn suspicion_as_of(&self, text: Option<&str>) -> Result<AsOf, Error> {
        text.map_or(Ok(AsOf::Now), crate::parse_as_of)
    }

    fn seen_lines<'a>(&self, atlas: &'a Atlas) -> impl Iterator<Item = &'a SuspicionLine> {
        let lines = atlas.suspicions.lines();
        lines.filter(|l| self.sees(Action::ReadSuspicions, l.of.station_id.as_deref()))
    }

    fn suspicion_row(&self, atlas: &Atlas, line: &SuspicionLine) -> SuspicionRow {
        let of = &line.of;
        let action = match line.grade {
            Some(_) => Action::JudgeSuspicion,
            None => Action::JudgeRelapse,
        };
        let mut resource = self.resource(of.station_id.as_deref());
        resource.responsible_unit = Some(of.responsible_unit.clone());
        resource.done.clone_from(&of.done);
        let denied = policy::may(&self.actor, action, &resource).err();
        let own_work = denied.as_ref().is_some_and(|d| d.reason == Reason::OwnWork);
        let (text, hint) = self.suspicion_words(line);
        let grade = line.grade.map(Grade::code);
        SuspicionRow {
            entry_id: line.entry_id,
            seq: line.seq,
            suspicion: line.suspicion.clone(),
            suspicion_label: self.suspicion_label(&line.suspicion),
            grade: grade.map(str::to_owned),
            grade_label: grade.map(|g| self.messages.text(&format!("suspecting.grade_{g}"), &[])),
            text,
            hint,
            found_at: line.found_at,
            found_by: line.found_by.clone(),
            likeness: line.likeness,
            site_code: of.site_code.clone(),
            facility_name: of.facility_name.clone(),
            station_id: of.station_id.clone(),
            station_label: of.station_id.as_deref().map(|s| self.label("station", s)),
            issue_id: of.issue,
            issue_code: of.issue_code.clone(),
            issue_state: of.state.code().to_owned(),
            issue_state_label: self.label("site_state", of.state.code()),
            responsible_unit: of.responsible_unit.clone(),
            other_sites: line
                .other_sites
                .iter()
                .map(|code| self.other_site(atlas, code))
                .collect(),
            verdict: line.verdict.as_ref().map(|v| VerdictView {
                verdict: v.verdict.clone(),
                verdict_label: self.verdict_label(line, &v.verdict),
                reason: v.reason.clone(),
                actor: v.actor.clone(),
                judged_at: v.judged_at,
            }),
            stops: line.stops,
            may_judge: line.verdict.is_none() && denied.is_none(),
            own_work,
        }
    }

    fn suspicion_words(&self, line: &SuspicionLine) -> (String, Option<String>) {
        let Some(code) = line.code.as_deref().filter(|c| self.messages.has(c)) else {
            return (line.text.clone(), None);
        };
        let text = self.suspicion_text(&self.messages, code, &line.args);
        (text, self.messages.hint(code).map(str::to_owned))
    }

    fn suspicion_label(&self, suspicion: &str) -> String {
        match suspicion {
            "relapse" => self.messages.text("suspecting.relapse", &[]),
            code => self.label("suspicion", code),
        }
    }

    fn verdict_label(&self, line: &SuspicionLine, verdict: &str) -> String {
        let list = match line.grade {
            Some(_) => "suspicion_verdict",
            None => "relapse",
        };
        self.label(list, verdict)
    }

    fn other_site(&self, atlas: &Atlas, code: &str) -> OtherSiteView {
        let row = self
            .register
            .find_site_by_code(code)
            .ok()
            .flatten()
            .and_then(|site| atlas.sites.find(site));
        let eyes = self.eyes(&atlas.sites);
        let row = row.map(|r| atlas.sites.row(r, &eyes));
        let seen = row.filter(|r| self.sees(Action::ReadLedgers, r.station_id.as_deref()));
        OtherSiteView {
            site_code: code.to_owned(),
            is_visible: seen.is_some(),
            facility_name: seen.and_then(|r| r.facility_name),
        }
    }

    /// One suspicion with everything that shows it.
    pub fn suspicion_page(
        &self,
        atlases: &Atlases,
        entry: &str,
        as_of: Option<&str>,
    ) -> Result<SuspicionView, Error> {
        self.may_read_lists(Action::ReadSuspicions)?;
        let missing = || Error::NotFound {
            what: "suspicion",
            name: entry.to_owned(),
        };
        let as_of = self.suspicion_as_of(as_of)?;
        let no_id = || {
            let fault = Diagnostic::error("suspecting.not_an_id").arg("text", entry);
            Error::rejected(fault)
        };
        let id: EntryId = entry.parse().ok().ok_or_else(no_id)?;
        let atlas = self.atlas(atlases, as_of)?;
        let line = self.seen_lines(&atlas).find(|l| l.entry_id == id);
        let line = line.ok_or_else(missing)?;
        let dossier = self.register.load_dossier(line.of.site_id, as_of)?;
        let noted = self.register.find_entry(id)?.ok_or_else(missing)?;
        let stream = StreamId::site(line.of.site_id);
        let mut view = SuspicionView {
            row: self.suspicion_row(&atlas, line),
            entries: Vec::new(),
            files: Vec::new(),
            pairs: Vec::new(),
            relapse: None,
            version: self.register.stream_version(&stream)?,
            log_size: atlas.log_size,
        };
        let judged = line.verdict.as_ref().map(|v| v.entry_id);
        let judged = judged.map(|id| self.register.find_entry(id)).transpose()?;
        if let (Some(shown), Some(judged)) = (&mut view.row.verdict, judged.flatten()) {
            shown.actor = self.by_post(&judged.entry.author);
        }
        match &noted.entry.body {
            EntryBody::SuspicionFound(body) => {
                for entry in &body.entries {
                    let entry = self.register.find_entry(*entry)?;
                    let told = entry.map(|e| suspect_entry(&e, self.by_post(&e.entry.author)));
                    view.entries.extend(told);
                }
                let own = body.evidence.iter().filter(|sha| {
                    body.pairs.is_empty() || body.pairs.iter().any(|p| p.own == **sha)
                });
                view.files = own.map(|sha| file_of(&dossier, sha)).collect();
                for pair in &body.pairs {
                    view.pairs.push(self.pair_view(&dossier, pair)?);
                }
            }
            EntryBody::RelapseSuspected(body) => {
                view.relapse = Some(self.relapse_view(&dossier, body)?);
            }
            _ => return Err(missing()),
        }
        Ok(view)
    }

    fn relapse_view(
        &self,
        dossier: &Dossier,
        body: &domain::entries::RelapseSuspected,
    ) -> Result<RelapseView, Error> {
        let clue = match body.clue_id {
            Some(clue) => self.register.find_clue(clue)?,
            None => None,
        };
        // What was told in confidence stays with those who may read it.
        let station = dossier.facts.station_id.as_deref();
        let clue = clue.filter(|c| {
            !c.received.body.is_confidential || self.sees(Action::ReadPetitions, station)
        });
        let json =
            |shape: Option<&domain::shape::Shape>| shape.and_then(|s| serde_json::to_value(s).ok());
        Ok(RelapseView {
            clue_id: body.clue_id.filter(|_| clue.is_some()),
            batch_id: body.batch_id.filter(|_| clue.is_some()),
            overlap_area_m2: body.overlap_area_m2,
            overlap_share: body.overlap_share,
            acquired_on: body.acquired_on,
            site_shape: json(dossier.facts.shape.as_ref()),
            clue_shape: json(
                clue.as_ref()
                    .and_then(|c| c.received.body.facts.shape.as_ref()),
            ),
        })
    }

    fn pair_view(&self, dossier: &Dossier, pair: &LikePair) -> Result<PairView, Error> {
        let is_text = pair.own.contains('#');
        let other = match pair.other_site == dossier.site_code {
            true => Some(dossier.clone()),
            false => match self.register.find_site_by_code(&pair.other_site)? {
                Some(site) => self.register.find_dossier(site, AsOf::Now)?,
                None => None,
            },
        };
        let may_see = |d: &Dossier| self.sees(Action::ReadLedgers, d.facts.station_id.as_deref());
        let other = other.filter(may_see);
        let (own, other) = match is_text {
            true => self.text_sides(dossier, other.as_ref(), pair)?,
            false => (
                photo_side(Some(dossier), &dossier.site_code, &pair.own),
                photo_side(other.as_ref(), &pair.other_site, &pair.other),
            ),
        };
        Ok(PairView {
            what: if is_text { "text" } else { "photo" }.to_owned(),
            grade: pair.grade.clone(),
            grade_label: self
                .messages
                .text(&format!("suspecting.like_{}", pair.grade), &[]),
            likeness: pair.likeness,
            own,
            other,
        })
    }

    fn text_sides(
        &self,
        dossier: &Dossier,
        other: Option<&Dossier>,
        pair: &LikePair,
    ) -> Result<(PairSideView, PairSideView), Error> {
        let own_text = self.text_of(&pair.own)?;
        let other_text = match other {
            Some(_) => self.text_of(&pair.other)?,
            None => None,
        };
        let side = |d: Option<&Dossier>, code: &str, found: &Option<(RecordedEntry, String)>| {
            let mut side = side_of(d, code);
            if let Some((entry, _)) = found.as_ref().filter(|_| d.is_some()) {
                side.entry_id = Some(entry.entry.id);
                side.entry_kind = Some(entry.entry.body.kind().to_owned());
                side.entry_kind_label = Some(entry.entry.body.title().to_owned());
                side.occurred_at = Some(entry.entry.occurred_at);
            }
            side
        };
        let mut mine = side(Some(dossier), &dossier.site_code, &own_text);
        let mut theirs = side(other, &pair.other_site, &other_text);
        let member = |reference: &str| {
            reference
                .split_once('#')
                .map_or(String::new(), |(_, m)| m.to_owned())
        };
        let text_view = |reference: &str, parts| SuspectTextView {
            member: member(reference),
            parts,
        };
        let (a, b) = (own_text.map(|t| t.1), other_text.map(|t| t.1));
        if let Some(a) = &a {
            let (cut_a, cut_b) = side_by_side(a, b.as_deref());
            mine.text = Some(text_view(&pair.own, cut_a));
            theirs.text = b.is_some().then(|| text_view(&pair.other, cut_b));
        }
        Ok((mine, theirs))
    }

    /// The text that a reference names.
    fn text_of(&self, reference: &str) -> Result<Option<(RecordedEntry, String)>, Error> {
        let Some((entry, member)) = reference.split_once('#') else {
            return Ok(None);
        };
        let Ok(id) = entry.parse() else {
            return Ok(None);
        };
        let Some(entry) = self.register.find_entry(id)? else {
            return Ok(None);
        };
        let texts = texts_of(&entry.entry.body);
        let text = texts.into_iter().find(|t| t.member == member);
        Ok(text.map(|t| (entry, t.text)))
    }

    /// Kinds by grade by verdict, by station and by unit.
    pub fn suspicion_statistics(
        &self,
        atlases: &Atlases,
        scope: &SuspicionScope,
    ) -> Result<SuspicionStatistics, Error> {
        self.may_read_lists(Action::ReadSuspicions)?;
        let as_of = self.suspicion_as_of(scope.as_of.as_deref())?;
        let of = self.ledger_scope(scope.station.as_deref(), scope.lead.as_deref())?;
        let atlas = self.atlas(atlases, as_of)?;
        let lines: Vec<&SuspicionLine> = self
            .seen_lines(&atlas)
            .filter(|l| of.holds(l.of.station_id.as_deref()))
            .collect();
        let mut rows: BTreeMap<(String, Option<Grade>), SuspicionCounts> = BTreeMap::new();
        let mut total = SuspicionCounts::default();
        for line in &lines {
            let key = (line.suspicion.clone(), line.grade);
            for counts in [rows.entry(key).or_default(), &mut total] {
                counts.count(line);
            }
        }
        let issues = atlas.suspicions.issue_counts().filter(|c| {
            let station = c.station_id.as_deref();
            of.holds(station) && self.sees(Action::ReadSuspicions, station)
        });
        let (issues, with_fake) = issues.fold((0, 0), |(all, fake), c| {
            (all + c.issues, fake + c.with_fake)
        });
        let ratio = |id: &str, numerator, denominator| SuspicionRatio {
            id: id.to_owned(),
            label: self.messages.text(&format!("suspecting.ratio_{id}"), &[]),
            numerator,
            denominator,
        };
        let fakes = FAKES
            .iter()
            .map(|f| total.by_verdict.get(*f).copied().unwrap_or(0));
        let ratios = vec![
            ratio("fake_of_judged", fakes.sum(), total.judged),
            ratio("judged_of_found", total.judged, total.found),
            ratio("issues_with_fake", with_fake, issues),
        ];
        let figure = |((suspicion, grade), counts): ((String, Option<Grade>), SuspicionCounts)| {
            let grade = grade.map(Grade::code);
            SuspicionFigure {
                suspicion_label: self.suspicion_label(&suspicion),
                suspicion,
                grade: grade.map(str::to_owned),
                grade_label: grade
                    .map(|g| self.messages.text(&format!("suspecting.grade_{g}"), &[])),
                counts,
            }
        };
        Ok(SuspicionStatistics {
            scope_label: self.scope_label(&of),
            rows: rows.into_iter().map(figure).collect(),
            total,
            ratios,
            by_station: grouped(
                &lines,
                |l| l.of.station_id.clone(),
                |key| match key {
                    Some(station) => self.label("station", station),
                    None => self.messages.text("word.unknown", &[]),
                },
            ),
            by_unit: grouped(
                &lines,
                |l| Some(l.of.responsible_unit.clone()),
                |key| key.map_or(String::new(), str::to_owned),
            ),
            as_of: as_of.to_string(),
            log_size: atlas.log_size,
        })
    }
}

impl SuspicionCounts {
    fn count(&mut self, line: &SuspicionLine) {
        self.found += 1;
        match &line.verdict {
            None => self.open += 1,
            Some(v) => {
                self.judged += 1;
                *self.by_verdict.entry(v.verdict.clone()).or_insert(0) += 1;
            }
        }
    }
}

fn grouped(
    lines: &[&SuspicionLine],
    key: impl Fn(&SuspicionLine) -> Option<String>,
    label: impl Fn(Option<&str>) -> String,
) -> Vec<SuspicionGroup> {
    let mut groups: BTreeMap<Option<String>, SuspicionGroup> = BTreeMap::new();
    for line in lines {
        let key = key(line);
        let group = groups.entry(key.clone()).or_insert_with(|| SuspicionGroup {
            label: label(key.as_deref()),
            key,
            found: 0,
            open: 0,
            fake: 0,
        });
        group.found += 1;
        group.open += u64::from(line.verdict.is_none());
        let verdict = line.verdict.as_ref().map(|v| v.verdict.as_str());
        group.fake += u64::from(verdict.is_some_and(|v| FAKES.contains(&v)));
    }
    let mut groups: Vec<SuspicionGroup> = groups.into_values().collect();
    groups.sort_by(|a, b| (b.found, &a.label).cmp(&(a.found, &b.label)));
    groups
}

fn sort(lines: &mut [&SuspicionLine], by: Option<&str>) -> Result<(), Error> {
    // A relapse stands with the grave ones.
    let weight = |l: &SuspicionLine| l.grade.unwrap_or(Grade::High);
    match by.unwrap_or("urgency") {
        "urgency" => lines.sort_by_key(|l| {
            let gravest = std::cmp::Reverse(weight(l));
            (
                l.verdict.is_some(),
                gravest,
                std::cmp::Reverse(l.found_at),
                l.seq,
            )
        }),
        "found_at" => lines.sort_by_key(|l| (l.found_at, l.seq)),
        "-found_at" => lines.sort_by_key(|l| std::cmp::Reverse((l.found_at, l.seq))),
        "site_code" => {
            lines.sort_by(|a, b| (&a.of.site_code, a.seq).cmp(&(&b.of.site_code, b.seq)))
        }
        other => {
            let fault = Diagnostic::error("query.sort").arg("text", other);
            return Err(Error::rejected(fault));
        }
    }
    Ok(())
}

fn suspect_entry(entry: &RecordedEntry, actor: String) -> SuspectEntryView {
    SuspectEntryView {
        entry_id: entry.entry.id,
        kind: entry.entry.body.kind().to_owned(),
        kind_label: entry.entry.body.title().to_owned(),
        occurred_at: entry.entry.occurred_at,
        recorded_at: entry.recorded_at,
        actor,
    }
}

fn side_of(dossier: Option<&Dossier>, site_code: &str) -> PairSideView {
    PairSideView {
        site_code: site_code.to_owned(),
        facility_name: dossier.and_then(|d| d.facts.facility_name.clone()),
        is_visible: dossier.is_some(),
        ..PairSideView::default()
    }
}

fn photo_side(dossier: Option<&Dossier>, site_code: &str, sha256: &str) -> PairSideView {
    PairSideView {
        photo: dossier.map(|d| file_of(d, sha256)),
        ..side_of(dossier, site_code)
    }
}

fn file_of(dossier: &Dossier, sha256: &str) -> SuspectFileView {
    let file = dossier.evidence.iter().find(|e| e.body.sha256 == sha256);
    let file = file.map(|e| &e.body);
    let at = file.and_then(|f| f.lon.zip(f.lat));
    let distance = at.and_then(|(lon, lat)| {
        let facts = &dossier.facts;
        let point = facts
            .lon
            .zip(facts.lat)
            .map(|p| geo_types::Point::from(p).into());
        let site = facts.shape.as_ref().map(|s| s.0.clone()).or(point)?;
        let known = MatchIndex::build([(0_u8, site)]);
        let near = known.candidates(&geo_types::Point::new(lon, lat).into(), 200_000.0);
        near.first().map(|c| (c.distance_m * 10.0).round() / 10.0)
    });
    SuspectFileView {
        sha256: sha256.to_owned(),
        file_name: file.map(|f| f.file_name.clone()),
        media_type: file.map(|f| f.media_type.clone()),
        taken_at: file.and_then(|f| f.taken_at.clone()),
        lon: file.and_then(|f| f.lon),
        lat: file.and_then(|f| f.lat),
        azimuth_deg: file.and_then(|f| f.azimuth_deg),
        device: file.and_then(|f| f.device.clone()),
        distance_m: distance,
    }
}

/// Two texts cut into parts where they differ, in the same order on both sides.
fn side_by_side(own: &str, other: Option<&str>) -> (Vec<TextPart>, Vec<TextPart>) {
    let whole = |text: &str| {
        vec![TextPart {
            text: text.to_owned(),
            differs: None,
        }]
    };
    let Some(other) = other else {
        return (whole(own), Vec::new());
    };
    let mut index = TextIndex::new();
    index.insert(0, other);
    let Some(found) = index.find(own).into_iter().next() else {
        return (whole(own), whole(other));
    };
    let (mut a, mut b) = (Vec::new(), Vec::new());
    let (mut from_a, mut from_b) = (0, 0);
    for difference in &found.differences {
        let kind = match difference.kind {
            Kind::Exchanged => "exchanged",
            Kind::Figure => "figure",
            // Seen from the issue: what it has and the earlier text lacks was added.
            Kind::Dropped => "added",
            Kind::Added => "dropped",
        };
        cut(&mut a, own, &mut from_a, &difference.first, kind);
        cut(&mut b, other, &mut from_b, &difference.second, kind);
    }
    cut(&mut a, own, &mut from_a, &(own.len()..own.len()), "");
    cut(&mut b, other, &mut from_b, &(other.len()..other.len()), "");
    (a, b)
}

fn cut(
    parts: &mut Vec<TextPart>,
    text: &str,
    from: &mut usize,
    at: &std::ops::Range<usize>,
    differs: &str,
) {
    let part = |range: std::ops::Range<usize>, differs: Option<&str>| {
        let text = text.get(range).filter(|t| !t.is_empty())?;
        Some(TextPart {
            text: text.to_owned(),
            differs: differs.map(str::to_owned),
        })
    };
    parts.extend(part(*from..at.start, None));
    parts.extend(part(at.clone(), Some(differs)));
    *from = at.end.max(*from);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_where_they_differ() {
        let own = "小河沟村采石场于2018年5月3日完成整改,东侧采坑先由破碎锤逐层剥离,恢复成台阶状坡面,栽植油松1,280株,具备销号条件。";
        let other = "大湾村采石场于2019年8月18日完成整改,东侧采坑先由破碎锤逐层剥离,恢复成台阶状坡面,栽植侧柏320株,具备销号条件。";
        let (a, b) = side_by_side(own, Some(other));
        let joined = |parts: &[TextPart]| parts.iter().map(|p| p.text.as_str()).collect::<String>();
        assert_eq!((joined(&a).as_str(), joined(&b).as_str()), (own, other));
        let marked = |parts: &[TextPart]| {
            let marked = parts.iter().filter(|p| p.differs.is_some());
            marked.map(|p| p.text.clone()).collect::<Vec<_>>()
        };
        assert!(marked(&a).contains(&"2018年5月3日".to_owned()), "{a:?}");
        assert!(marked(&b).contains(&"侧柏".to_owned()), "{b:?}");
        let (alone, none) = side_by_side(own, None);
        assert_eq!((joined(&alone).as_str(), none.len()), (own, 0));
    }
}
