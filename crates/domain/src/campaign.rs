//! 专项行动 — the configuration a campaign runs on: what the plan says, as data. Dates, sources, lists, ledgers, flow
//! and focal rules of a year live here, so that no year is hard-coded.
//!
//! A campaign is a folder of TOML files handed in as texts: `campaign.toml` (required), `ledgers.toml`, `flow.toml`,
//! `closing.toml`, `deadlines.toml`, `urging.toml`, `suspicions.toml`, `shots.toml`, `patrols.toml`,
//! `capture.toml`.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use spatial::diagnostic::Diagnostic;

use crate::capture::CaptureLimits;
use crate::closing::Closing;
use crate::codes::{CodeBook, CodeList, ListRef, SourceKind};
use crate::deadlines::Timers;
use crate::flow::Flow;
use crate::numbering::Numbering;
use crate::patrol::PatrolRules;
use crate::reading;
pub use crate::reading::ReadError;
use crate::suspicion::Suspicions;
use crate::urging::UrgingLadder;

mod checks;
mod focal;
mod ledgers;
mod plan;

pub use focal::{FocalCategory, FocalFinding, FocalProfile, FocalRule, FocalWhy};
pub use ledgers::{COLUMN_KEYS, ColumnFormat, LedgerColumn, LedgerTemplate, LedgerView};
pub use plan::{
    Goal, LeadingGroup, LegalText, Milestone, Office, PlanSource, Post, Requirement,
    Responsibility, Statistic, Task, UrgingStep,
};

/// 行动保护站 — a station as the campaign sees it: territory, code in site numbers, area lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampaignStation {
    pub id: String,
    pub name: String,
    /// Part of the site code, e.g. `HH`.
    pub code: String,
    /// Other spellings seen in lists (后河站).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub synonyms: Vec<String>,
    /// Post of the area lead.
    pub area_lead: String,
}

/// 参数 — figures that decide matching, overlay and screening. Ours, not a rule; every use names the value it used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Thresholds {
    /// Positions of one official number or one name farther apart than this are doubted.
    pub same_code_distance_m: f64,
    /// Two positions nearer than this may be one site.
    pub near_distance_m: f64,
    /// … and are taken for one if their names or classes agree.
    pub near_and_alike_distance_m: f64,
    /// Two outlines whose intersection over union reaches this are one site.
    pub same_iou: f64,
    /// Share of the smaller outline inside the larger from which they are one site.
    pub overlap_share: f64,
    /// A zone touched by less than this does not decide the legal zone.
    pub sliver_m2: f64,
    /// … nor by less than this share of the site.
    pub sliver_share: f64,
    /// Patches smaller than this are screened off, not dropped.
    pub minimum_area_m2: f64,
    /// Farther outside the boundary than this, a position is doubted rather than taken for outside.
    pub outside_doubt_m: f64,
    /// Stated and measured area differing by more than this share are a contradiction.
    pub area_difference_share: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            same_code_distance_m: 2_000.0,
            near_distance_m: 200.0,
            near_and_alike_distance_m: 100.0,
            same_iou: 0.3,
            overlap_share: 0.5,
            sliver_m2: 10.0,
            sliver_share: 0.01,
            minimum_area_m2: 0.0,
            outside_doubt_m: 5_000.0,
            area_difference_share: 0.2,
        }
    }
}

/// 专项行动 — a year's campaign, complete.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Campaign {
    pub id: String,
    pub name: String,
    /// Title of the plan.
    #[serde(default)]
    pub plan_title: String,
    pub year: i16,
    pub started_on: Date,
    pub ended_on: Date,
    /// 指导思想
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub guiding_text: String,
    /// 工作目标
    #[serde(default)]
    pub goals: Vec<Goal>,
    /// 重点工作内容
    #[serde(default)]
    pub tasks: Vec<Task>,
    #[serde(default)]
    pub legal_texts: Vec<LegalText>,
    /// 点位台账的来源
    #[serde(default)]
    pub sources: Vec<PlanSource>,
    /// 时间进度
    #[serde(default)]
    pub milestones: Vec<Milestone>,
    #[serde(default)]
    pub posts: Vec<Post>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leading_group: Option<LeadingGroup>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub office: Option<Office>,
    #[serde(default)]
    pub stations: Vec<CampaignStation>,
    #[serde(default)]
    pub responsibilities: Vec<Responsibility>,
    /// 工作要求
    #[serde(default)]
    pub requirements: Vec<Requirement>,
    #[serde(default)]
    pub urging: Vec<UrgingStep>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub focal: Option<FocalProfile>,
    #[serde(default)]
    pub thresholds: Thresholds,
    /// Share of focal issues to be finished, where the campaign sets one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_completion_rate: Option<f64>,
    /// Versions of the code lists used, by what they are used for.
    #[serde(default)]
    pub code_lists: IndexMap<String, ListRef>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numbering: Option<Numbering>,
    #[serde(default)]
    pub statistics: Vec<Statistic>,
    /// From `ledgers.toml`.
    #[serde(skip)]
    pub ledgers: Vec<LedgerTemplate>,
    /// From `flow.toml`.
    #[serde(skip)]
    pub flow: Option<Flow>,
    /// From `closing.toml`.
    #[serde(skip)]
    pub closing: Option<Closing>,
    /// From `deadlines.toml`.
    #[serde(skip)]
    pub timers: Option<Timers>,
    /// From `urging.toml`.
    #[serde(skip)]
    pub ladder: Option<UrgingLadder>,
    /// From `suspicions.toml`.
    #[serde(skip)]
    pub suspicions: Option<Suspicions>,
    /// From `shots.toml`.
    #[serde(skip)]
    pub shots: Vec<RequiredShots>,
    /// From `patrols.toml`.
    #[serde(skip)]
    pub patrols: Option<PatrolRules>,
    /// From `capture.toml`.
    #[serde(skip)]
    pub capture: Option<CaptureLimits>,
}

/// Name of the file that must be there.
const CAMPAIGN_FILE: &str = "campaign.toml";
const LEDGERS_FILE: &str = "ledgers.toml";
const FLOW_FILE: &str = "flow.toml";
const CLOSING_FILE: &str = "closing.toml";
const DEADLINES_FILE: &str = "deadlines.toml";
const URGING_FILE: &str = "urging.toml";
const SUSPICIONS_FILE: &str = "suspicions.toml";
const SHOTS_FILE: &str = "shots.toml";
const PATROLS_FILE: &str = "patrols.toml";
const CAPTURE_FILE: &str = "capture.toml";

/// Lists that came after registers were opened, by what they are used for: a campaign that names none goes by these.
const LATER_LISTS: [(&str, &str); 7] = [
    ("device_lock", "CL-DEVICELOCK@1"),
    ("unverified", "CL-UNVERIFIED@1"),
    ("shot", "CL-SHOT@1"),
    ("patrol_kind", "CL-PATROLKIND@1"),
    ("patrol_mode", "CL-PATROLMODE@1"),
    ("finding", "CL-FINDING@1"),
    ("capture_flag", "CL-CAPTUREFLAG@1"),
];

/// 应拍照片 — views that a kind of activity asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequiredShots {
    /// Codes of the activity list.
    pub activities: Vec<String>,
    /// Codes of CL-SHOT.
    pub required: Vec<String>,
}

/// Views of any activity that nothing else is said of.
const USUAL_SHOTS: [&str; 2] = ["far", "near"];

#[derive(Deserialize)]
struct ShotsFile {
    #[serde(default)]
    shots: Vec<RequiredShots>,
}

#[derive(Deserialize)]
struct LedgersFile {
    #[serde(default)]
    ledgers: Vec<LedgerTemplate>,
}

impl Campaign {
    /// Reads a campaign's files, by name. Unknown keys and references to nothing are reported; what cannot be read
    /// at all is an error.
    pub fn from_files(
        files: &BTreeMap<String, String>,
        codes: &CodeBook,
    ) -> Result<(Self, Vec<Diagnostic>), ReadError> {
        let text = files.get(CAMPAIGN_FILE).ok_or_else(|| ReadError::Missing {
            file: CAMPAIGN_FILE.to_owned(),
        })?;
        let (mut campaign, mut diagnostics) = Self::from_toml(text)?;
        if let Some(text) = files.get(LEDGERS_FILE) {
            let (read, found) =
                reading::read::<LedgersFile>(LEDGERS_FILE, text, "campaign.unknown_key")?;
            campaign.ledgers = read.ledgers;
            diagnostics.extend(found);
        }
        if let Some(text) = files.get(FLOW_FILE) {
            let (flow, found) = Flow::from_toml(FLOW_FILE, text)?;
            campaign.flow = Some(flow);
            diagnostics.extend(found);
        }
        diagnostics.extend(campaign.take_rectification(files)?);
        diagnostics.extend(checks::faults(&campaign, codes));
        Ok((campaign, diagnostics))
    }

    fn take_rectification(
        &mut self,
        files: &BTreeMap<String, String>,
    ) -> Result<Vec<Diagnostic>, ReadError> {
        let mut diagnostics = Vec::new();
        if let Some(text) = files.get(CLOSING_FILE) {
            let (closing, found) = Closing::from_toml(CLOSING_FILE, text)?;
            self.closing = Some(closing);
            diagnostics.extend(found);
        }
        if let Some(text) = files.get(DEADLINES_FILE) {
            let (timers, found) = Timers::from_toml(DEADLINES_FILE, text)?;
            self.timers = Some(timers);
            diagnostics.extend(found);
        }
        if let Some(text) = files.get(URGING_FILE) {
            let (ladder, found) = UrgingLadder::from_toml(URGING_FILE, text)?;
            self.ladder = Some(ladder);
            diagnostics.extend(found);
        }
        if let Some(text) = files.get(SUSPICIONS_FILE) {
            let (suspicions, found) = Suspicions::from_toml(SUSPICIONS_FILE, text)?;
            self.suspicions = Some(suspicions);
            diagnostics.extend(found);
        }
        if let Some(text) = files.get(SHOTS_FILE) {
            let (read, found) =
                reading::read::<ShotsFile>(SHOTS_FILE, text, "campaign.unknown_key")?;
            self.shots = read.shots;
            diagnostics.extend(found);
        }
        if let Some(text) = files.get(PATROLS_FILE) {
            let (patrols, found) = PatrolRules::from_toml(PATROLS_FILE, text)?;
            self.patrols = Some(patrols);
            diagnostics.extend(found);
        }
        if let Some(text) = files.get(CAPTURE_FILE) {
            let (limits, found) = reading::read(CAPTURE_FILE, text, "campaign.unknown_key")?;
            self.capture = Some(limits);
            diagnostics.extend(found);
        }
        Ok(diagnostics)
    }

    /// Reads `campaign.toml` alone, without ledgers and flow and without checking references.
    pub fn from_toml(text: &str) -> Result<(Self, Vec<Diagnostic>), ReadError> {
        reading::read(CAMPAIGN_FILE, text, "campaign.unknown_key")
    }

    /// The code list the campaign uses for `purpose` (`activity`, `verdict`, …).
    pub fn find_list<'a>(&self, codes: &'a CodeBook, purpose: &str) -> Option<&'a CodeList> {
        match self.code_lists.get(purpose) {
            Some(list) => codes.find_list(list),
            None => {
                let (_, list) = LATER_LISTS.iter().find(|(p, _)| *p == purpose)?;
                codes.find_list(&list.parse().ok()?)
            }
        }
    }

    /// What code lists are used for.
    pub fn purposes(&self) -> impl Iterator<Item = &str> {
        let later = LATER_LISTS.iter().map(|(purpose, _)| *purpose);
        let own = self.code_lists.keys().map(String::as_str);
        own.chain(later.filter(|p| !self.code_lists.contains_key(*p)))
    }

    /// Views that must be photographed of a site of this activity.
    pub fn required_shots(&self, activity: Option<&str>) -> Vec<&str> {
        let asks =
            |s: &&RequiredShots| activity.is_some_and(|a| s.activities.iter().any(|x| x == a));
        match self.shots.iter().find(asks) {
            Some(shots) => shots.required.iter().map(String::as_str).collect(),
            None => USUAL_SHOTS.to_vec(),
        }
    }

    /// The station with this id.
    pub fn find_station(&self, id: &str) -> Option<&CampaignStation> {
        self.stations.iter().find(|s| s.id == id)
    }

    /// The station meant by `text`: id, code, name or synonym, with or without 保护站.
    pub fn find_station_by_text(&self, text: &str) -> Option<&CampaignStation> {
        let wanted = station_key(text);
        let named = |s: &&CampaignStation| {
            let own = [&s.id, &s.name, &s.code].into_iter().chain(&s.synonyms);
            own.into_iter().any(|n| station_key(n) == wanted)
        };
        self.stations
            .iter()
            .find(named)
            .filter(|_| !wanted.is_empty())
    }

    /// The post with this id.
    pub fn find_post(&self, id: &str) -> Option<&Post> {
        self.posts.iter().find(|p| p.id == id)
    }

    /// Post that leads the area of a station on `day`: by the responsibility in force, else the station's own entry.
    pub fn find_area_lead(&self, station_id: &str, day: Date) -> Option<&Post> {
        let in_force = self
            .responsibilities
            .iter()
            .find(|r| r.station == station_id && r.is_in_force(day));
        let lead = in_force
            .map(|r| &r.lead)
            .or_else(|| Some(&self.find_station(station_id)?.area_lead))?;
        self.find_post(lead)
    }

    /// The ledger that is this view.
    pub fn find_ledger(&self, view: LedgerView) -> Option<&LedgerTemplate> {
        self.ledgers.iter().find(|l| l.view == view)
    }

    /// Sources of issues carried over that the ledgers must go on with while the city has not found them finished.
    pub fn carried_over_sources(&self) -> impl Iterator<Item = SourceKind> {
        self.sources
            .iter()
            .flat_map(|s| s.kinds.iter().copied())
            .filter(|k| k.is_carried_over())
    }

    /// Milestones due on or after `day`, the next one first.
    pub fn milestones_ahead(&self, day: Date) -> impl Iterator<Item = &Milestone> {
        self.milestones.iter().filter(move |m| m.due_on >= day)
    }
}

fn station_key(text: &str) -> String {
    let key = crate::codes::folded(text);
    let bare = key.trim_end_matches("保护站").trim_end_matches('站');
    bare.to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests;
