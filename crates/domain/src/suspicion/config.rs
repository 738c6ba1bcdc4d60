//! `suspicions.toml` — which signs are noted as suspicions, and how grave each is.

use serde::{Deserialize, Serialize};
use spatial::diagnostic::Diagnostic;

use super::Grade;
use crate::codes::Mark;
use crate::reading::{self, ReadError, place};

/// 照片位置 — how far outside the outline a picture may be taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlaceRule {
    pub low_m: f64,
    pub medium_m: f64,
    pub high_m: f64,
    /// Looking away from the site by more than this, degrees.
    pub azimuth_off_deg: f64,
    pub azimuth_grade: Grade,
}

/// 照片时间 — days that a camera may be off, and how grave each contradiction is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeRule {
    pub tolerance_days: i32,
    pub before_work: Grade,
    pub before_work_evidence: Grade,
    pub before_close_out: Grade,
    pub after_claim: Grade,
    pub before_after_start: Grade,
    pub after_entry: Grade,
}

/// 同一视角 — what tells that before and after were not taken from one spot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ViewpointRule {
    pub apart_m: f64,
    pub apart_grade: Grade,
    pub azimuth_grade: Grade,
    pub picture_grade: Grade,
}

/// 计量折算 — how much ground a unit of a measure takes at least, and how often the site may be covered by it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeasureLimit {
    /// Code of CL-MEASURE.
    pub measure: String,
    pub m2_per_unit: f64,
    pub most_times: f64,
    pub grave_times: f64,
}

/// 措施数量 — reported quantities against the site's area.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuantityRule {
    pub measures: Vec<MeasureLimit>,
    pub grade: Grade,
    pub grave: Grade,
}

/// 一次录入 — so many different steps within so many minutes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepsRule {
    pub minutes: i64,
    pub fewest: usize,
    pub grade: Grade,
}

/// 冬季 — months in which nothing is planted from a latitude on, up to the next one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Winter {
    pub from_lat: f64,
    pub months: Vec<i8>,
}

/// 冬季填报栽植 — which measures are planting, and when it is winter where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeasonRule {
    pub measures: Vec<String>,
    pub winters: Vec<Winter>,
    pub grade: Grade,
}

impl SeasonRule {
    /// Whether a month is winter at a latitude.
    pub fn is_winter(&self, lat: f64, month: i8) -> bool {
        let of_place = self.winters.iter().filter(|w| w.from_lat <= lat);
        let of_place = of_place.max_by(|a, b| a.from_lat.total_cmp(&b.from_lat));
        of_place.is_some_and(|w| w.months.contains(&month))
    }
}

/// 照片他处已用 — grades by what the picture is for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReusedPhotoRule {
    pub effect: Grade,
    pub evidence: Grade,
    pub before: Grade,
    pub look_back: Grade,
    /// Sites nearer than this may show in one picture.
    pub shared_view_m: f64,
    pub before_as_after: Grade,
    pub look_back_again: Grade,
    pub of_earlier_issue: Grade,
}

/// 文字雷同 — grades by what the text is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopiedTextRule {
    pub main: Grade,
    pub line: Grade,
    pub of_earlier_issue: Grade,
    /// What everybody writes.
    #[serde(default)]
    pub standard_phrases: Vec<String>,
}

/// 疑点规则 — `suspicions.toml`: data of the campaign, with its source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Suspicions {
    pub version: String,
    pub source: String,
    #[serde(default)]
    pub mark: Mark,
    pub photo_place: PlaceRule,
    pub photo_time: TimeRule,
    pub photo_viewpoint: ViewpointRule,
    pub quantity: QuantityRule,
    pub steps_at_once: StepsRule,
    pub season: SeasonRule,
    pub reused_photo: ReusedPhotoRule,
    pub copied_text: CopiedTextRule,
}

impl Suspicions {
    /// Reads the rules. Distances that do not rise and months that are none are reported.
    pub fn from_toml(file: &str, text: &str) -> Result<(Self, Vec<Diagnostic>), ReadError> {
        let (rules, mut diagnostics) = reading::read::<Self>(file, text, "rectify.unknown_key")?;
        let fault = |path: &str| {
            Diagnostic::error("suspicion.bad_rule")
                .arg("name", path)
                .at(place(file, path))
        };
        diagnostics.extend(rules.faults().map(fault));
        Ok((rules, diagnostics))
    }

    fn faults(&self) -> impl Iterator<Item = &'static str> {
        let distances = &self.photo_place;
        let rises = 0.0 < distances.low_m
            && distances.low_m <= distances.medium_m
            && distances.medium_m <= distances.high_m;
        let limits = self.quantity.measures.iter();
        let is_limit = |m: &MeasureLimit| {
            m.m2_per_unit > 0.0 && 0.0 < m.most_times && m.most_times <= m.grave_times
        };
        let mut months = self.season.winters.iter().flat_map(|w| &w.months);
        [
            (rises, "photo_place"),
            (limits.clone().all(is_limit), "quantity.measures"),
            (months.all(|m| (1..=12).contains(m)), "season.winters"),
            (
                self.steps_at_once.minutes > 0 && self.steps_at_once.fewest > 1,
                "steps_at_once",
            ),
            (self.photo_time.tolerance_days >= 0, "photo_time"),
        ]
        .into_iter()
        .filter_map(|(holds, path)| (!holds).then_some(path))
    }
}
