//! `patrols.toml` — figures by which tracks are tidied and judged, coverage is counted and months are planned.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use spatial::diagnostic::Diagnostic;
use spatial::track::TidyRules;

use crate::codes::Mark;
use crate::reading::{self, ReadError, place};
use crate::suspicion::Grade;

/// 可信度参数 — from when on a track is doubted, and how gravely.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlausibleRules {
    pub fewest_fixes: usize,
    /// Highest speed that each code of CL-PATROLMODE keeps up; `unknown` for what is not said.
    pub speeds_mps: BTreeMap<String, f64>,
    pub window_s: f64,
    pub longest_window_s: f64,
    pub speed_grade: Grade,
    pub grave_speed_times: f64,
    pub grave_speed_grade: Grade,
    pub standing_least_min: f64,
    pub standing_m: f64,
    pub standing_share: f64,
    pub standing_grade: Grade,
    pub gap_low_share: f64,
    pub gap_medium_share: f64,
    pub straight_fewest: usize,
    pub straight_least_m: f64,
    pub straight_off_m: f64,
    pub straight_grade: Grade,
    pub even_fewest: usize,
    pub even_variation: f64,
    pub even_grade: Grade,
    pub no_accuracy_grade: Grade,
    pub same_grade: Grade,
    pub like_share: f64,
    pub like_m: f64,
    pub like_s: f64,
    pub like_grade: Grade,
    pub same_device_grade: Grade,
    pub apart_m: f64,
    pub apart_grade: Grade,
    pub inside_least_share: f64,
    pub outside_grade: Grade,
    pub times_unusable_grade: Grade,
}

/// 覆盖参数 — size of a cell and how near is near.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CoverageRules {
    pub cell_m: f64,
    pub least_share: f64,
    pub least_m: f64,
    pub near_site_m: f64,
    pub near_route_m: f64,
    pub route_piece_m: f64,
    pub gap_days: u32,
}

/// 计划参数 — how often a route is walked, and how far from every route a site may lie.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanRules {
    pub rounds_per_month: u32,
    pub off_route_m: f64,
}

/// 整理参数 as the file writes them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Tidying {
    gap_s: f64,
    gap_m: f64,
    long_gap_s: f64,
    drift_mps: f64,
    drift_m: f64,
    worst_accuracy_m: f64,
    moving_mps: f64,
    timed_share: f64,
    falling_share: f64,
}

/// 巡护参数 — everything of `patrols.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PatrolRules {
    pub version: String,
    pub source: String,
    pub mark: Mark,
    tidy: Tidying,
    pub plausible: PlausibleRules,
    pub coverage: CoverageRules,
    pub plan: PlanRules,
}

impl PatrolRules {
    /// Reads `patrols.toml`; figures that measure nothing are reported.
    pub fn from_toml(file: &str, text: &str) -> Result<(Self, Vec<Diagnostic>), ReadError> {
        let (rules, mut found) = reading::read::<Self>(file, text, "campaign.unknown_key")?;
        let lengths = [
            ("coverage.cell_m", rules.coverage.cell_m),
            ("coverage.route_piece_m", rules.coverage.route_piece_m),
            ("tidy.gap_s", rules.tidy.gap_s),
            ("tidy.drift_mps", rules.tidy.drift_mps),
            ("plausible.window_s", rules.plausible.window_s),
        ];
        found.extend(
            lengths
                .into_iter()
                .filter(|(_, n)| *n <= 0.0)
                .map(|(key, n)| {
                    let fault = Diagnostic::error("campaign.patrol_figure");
                    fault.arg("key", key).arg("value", n).at(place(file, key))
                }),
        );
        if !rules.plausible.speeds_mps.contains_key(UNKNOWN_MODE) {
            let key = "plausible.speeds_mps.unknown";
            let fault = Diagnostic::error("campaign.patrol_figure");
            found.push(fault.arg("key", key).arg("value", "").at(place(file, key)));
        }
        Ok((rules, found))
    }

    /// How tracks are tidied.
    pub fn tidy(&self) -> TidyRules {
        let t = &self.tidy;
        TidyRules {
            gap_s: t.gap_s,
            gap_m: t.gap_m,
            long_gap_s: t.long_gap_s,
            drift_mps: t.drift_mps,
            drift_m: t.drift_m,
            worst_accuracy_m: t.worst_accuracy_m,
            moving_mps: t.moving_mps,
            timed_share: t.timed_share,
            falling_share: t.falling_share,
        }
    }
}

impl PlausibleRules {
    /// What the fastest of these modes keeps up.
    pub fn highest_speed_mps(&self, modes: &[String]) -> f64 {
        let known = modes.iter().filter_map(|m| self.speeds_mps.get(m));
        let fastest = known.copied().max_by(f64::total_cmp);
        let unknown = || self.speeds_mps.get(UNKNOWN_MODE).copied();
        fastest.or_else(unknown).unwrap_or(f64::INFINITY)
    }
}

const UNKNOWN_MODE: &str = "unknown";
