use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::clue::SourcePlace;
use super::verification::{FieldWork, TeamMember};
use crate::ids::{ClueId, EntryId, PatrolId, SiteId, TrackId};
use crate::shape::Shape;

/// 巡护计划启用 — what a station means to patrol in a month.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PatrolPlanAdopted {
    pub reserve_code: String,
    pub station_id: String,
    /// `2026-11`.
    pub month: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rounds: Vec<PlannedRound>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// 计划巡护 — a route, how often, and what must be seen on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedRound {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route_id: Option<String>,
    /// Code of CL-PATROLKIND.
    pub kind: String,
    pub times: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key_points: Vec<KeyPoint>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub posts: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<Date>,
}

/// 重点部位 — a place that a round must pass.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeyPoint {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site_id: Option<SiteId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub lon: f64,
    pub lat: f64,
    /// `unfinished_issue`, `key_area` or `custom`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// 巡护登记 — a patrol that was walked: when, by whom, how, and what was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PatrolRecorded {
    pub patrol_id: PatrolId,
    pub reserve_code: String,
    pub station_id: String,
    /// Code of CL-PATROLKIND.
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_month: Option<String>,
    pub started_at: Timestamp,
    pub ended_at: Timestamp,
    /// By post.
    pub leader: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<TeamMember>,
    pub head_count: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<String>,
    /// Codes of CL-PATROLMODE.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modes: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weather: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature_c: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub altitude_start_m: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub altitude_max_m: Option<f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vehicles: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub content_items: Vec<ContentItem>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<PatrolFinding>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tracks: Vec<TrackId>,
    /// `normal` or `abnormal`.
    pub conclusion: String,
    pub summary: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourcePlace>,
    /// `phone`, `desk`, `smart`, `earthranger`, `cybertracker` or `gpx`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
    /// Why an earlier sheet was corrected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<FieldWork>,
}

/// 巡护内容 — one line of what was to be done, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContentItem {
    pub number: u32,
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
}

/// 巡护发现 — something seen on the way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PatrolFinding {
    /// Code of CL-FINDING.
    pub kind: String,
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lon: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// SHA-256 of evidence files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clue_id: Option<ClueId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site_id: Option<SiteId>,
}

/// 轨迹登记 — the fixes of a patrol as a file, and what follows from them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrackRecorded {
    pub track_id: TrackId,
    pub patrol_id: PatrolId,
    pub reserve_code: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub station_id: Option<String>,
    /// The blob with the fixes as they came.
    pub sha256: String,
    /// `fixes`, `gpx`, `kml`, `smart`, `csv`, `cybertracker` or `earthranger`.
    pub format: String,
    /// Label of the device or model of the handheld.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded_by: Option<String>,
    /// Whose, by post or foreign id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    pub fixes_read: u64,
    pub fixes_distinct: u64,
    pub fixes_refused: u64,
    pub length_m: f64,
    pub moving_s: u64,
    pub gap_s: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<Segment>,
    pub fingerprint: String,
}

/// 轨迹段 — a part of a track without a gap; its line is simplified.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    pub length_m: f64,
    pub shape: Shape,
}

/// 巡护审核 — somebody else read a patrol.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PatrolReviewed {
    pub patrol_id: PatrolId,
    /// The `patrol.recorded` that was read.
    pub of: EntryId,
    pub result: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
