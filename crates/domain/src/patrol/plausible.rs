//! 可信度 — what speaks against a track having been walked as it says. It never blocks; whoever reviews reads the reasons.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use spatial::geodesic::distance_m;
use spatial::track::{Fix, Tidied, farthest_from_chord_m, fastest_mps, standing_share};

use super::PlausibleRules;
use crate::suspicion::Grade;

/// 疑由 — one thing that speaks against a track, with its figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Doubt {
    pub code: String,
    pub grade: Grade,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<String, String>,
}

impl Doubt {
    /// A doubt of a grade.
    pub fn new(code: &str, grade: Grade) -> Self {
        Self {
            code: code.to_owned(),
            grade,
            args: BTreeMap::new(),
        }
    }

    /// With a figure for its sentence.
    pub fn arg(mut self, name: &str, value: impl ToString) -> Self {
        self.args.insert(name.to_owned(), value.to_string());
        self
    }
}

/// 可信度 — how much a track may be relied on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plausibility {
    /// Too few fixes to judge by.
    pub is_unjudged: bool,
    /// The gravest doubt first.
    pub doubts: Vec<Doubt>,
}

impl Plausibility {
    /// The gravest grade; nothing where nothing speaks against it.
    pub fn grade(&self) -> Option<Grade> {
        self.doubts.iter().map(|d| d.grade).max()
    }

    /// `unjudged`, `none`, `low`, `medium` or `high`.
    pub fn word(&self) -> &'static str {
        match self.grade() {
            Some(grade) => grade.code(),
            None if self.is_unjudged => "unjudged",
            None => "none",
        }
    }

    /// Adds doubts that only others' tracks show.
    pub fn add(&mut self, doubts: impl IntoIterator<Item = Doubt>) {
        self.doubts.extend(doubts);
        self.doubts
            .sort_by(|a, b| b.grade.cmp(&a.grade).then_with(|| a.code.cmp(&b.code)));
    }
}

/// What the patrol says of itself that a track is held against.
#[derive(Debug, Clone, Default)]
pub struct Walked<'p> {
    /// Codes of CL-PATROLMODE.
    pub modes: &'p [String],
    /// Recorded by this program's own phone part, which always notes the accuracy.
    pub is_phone: bool,
}

/// Judges a track by itself.
pub fn judge(track: &Tidied, walked: &Walked<'_>, rules: &PlausibleRules) -> Plausibility {
    let mut judged = Plausibility {
        is_unjudged: false,
        doubts: Vec::new(),
    };
    if !track.is_timed {
        judged.add([Doubt::new("times_unusable", rules.times_unusable_grade)]);
    }
    if track.fixes.len() < rules.fewest_fixes {
        judged.is_unjudged = true;
        return judged;
    }
    let found = [
        speed(track, walked, rules),
        standing(track, walked, rules),
        gaps(track, rules),
        straight(track, walked, rules),
        even(track, rules),
        no_accuracy(track, walked, rules),
    ];
    judged.add(found.into_iter().flatten());
    judged
}

fn speed(track: &Tidied, walked: &Walked<'_>, rules: &PlausibleRules) -> Option<Doubt> {
    let limit = rules.highest_speed_mps(walked.modes);
    let fastest = fastest_mps(track, rules.window_s, rules.longest_window_s);
    let grade = match fastest / limit {
        times if times > rules.grave_speed_times => rules.grave_speed_grade,
        times if times > 1.0 => rules.speed_grade,
        _ => return None,
    };
    let doubt = Doubt::new("speed", grade);
    Some(
        doubt
            .arg("kmh", rounded(fastest * 3.6))
            .arg("limit_kmh", rounded(limit * 3.6)),
    )
}

fn standing(track: &Tidied, walked: &Walked<'_>, rules: &PlausibleRules) -> Option<Doubt> {
    let minutes = track.duration_s() / 60.0;
    let is_flown = walked.modes.iter().any(|m| m == "drone");
    if minutes < rules.standing_least_min || is_flown {
        return None;
    }
    let share = standing_share(track, rules.standing_m);
    (share >= rules.standing_share).then(|| {
        Doubt::new("standing", rules.standing_grade)
            .arg("percent", percent(share))
            .arg("metres", rounded(rules.standing_m))
    })
}

fn gaps(track: &Tidied, rules: &PlausibleRules) -> Option<Doubt> {
    let share = track.gap_s / track.duration_s().max(1.0);
    let grade = match share {
        s if s > rules.gap_medium_share => Grade::Medium,
        s if s > rules.gap_low_share => Grade::Low,
        _ => return None,
    };
    let doubt = Doubt::new("gaps", grade).arg("percent", percent(share));
    Some(doubt.arg("count", track.gaps.len()))
}

fn straight(track: &Tidied, walked: &Walked<'_>, rules: &PlausibleRules) -> Option<Doubt> {
    let is_on_foot = walked.modes.is_empty() || walked.modes.iter().all(|m| m == "foot");
    let is_long =
        track.fixes.len() >= rules.straight_fewest && track.length_m > rules.straight_least_m;
    if !is_on_foot || !is_long {
        return None;
    }
    let off = farthest_from_chord_m(&track.fixes);
    (off <= rules.straight_off_m).then(|| {
        Doubt::new("too_straight", rules.straight_grade)
            .arg("metres", rounded(track.length_m))
            .arg("off", rounded(rules.straight_off_m))
    })
}

fn even(track: &Tidied, rules: &PlausibleRules) -> Option<Doubt> {
    if track.fixes.len() < rules.even_fewest || !track.is_timed {
        return None;
    }
    let steps = track.fixes.windows(2);
    let times: Vec<f64> = steps
        .clone()
        .filter_map(|w| Some((w[1].t? - w[0].t?) as f64))
        .collect();
    let ways: Vec<f64> = steps.map(|w| distance_m(w[0].at, w[1].at)).collect();
    let is_even = |values: &[f64]| variation(values).is_some_and(|v| v < rules.even_variation);
    (is_even(&times) && is_even(&ways)).then(|| Doubt::new("even_steps", rules.even_grade))
}

fn no_accuracy(track: &Tidied, walked: &Walked<'_>, rules: &PlausibleRules) -> Option<Doubt> {
    let is_exact = |fix: &Fix| fix.accuracy_m.is_none_or(|a| a == 0.0);
    let is_mock = walked.is_phone && track.fixes.iter().all(is_exact);
    is_mock.then(|| Doubt::new("no_accuracy", rules.no_accuracy_grade))
}

/// Standard deviation over mean; nothing where there is no mean to speak of.
fn variation(values: &[f64]) -> Option<f64> {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let square = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count;
    (mean > 0.0).then(|| square.sqrt() / mean)
}

fn rounded(number: f64) -> String {
    format!("{number:.0}")
}

fn percent(share: f64) -> String {
    format!("{:.0}", share * 100.0)
}

/// 巡护时段 — who led which patrol when and where, recorded by what: what is held against other patrols.
#[derive(Debug, Clone, PartialEq)]
pub struct Outing {
    pub patrol: String,
    pub leader: String,
    /// The account that entered it: a post's words may stand for several persons.
    pub actor: String,
    pub device: Option<String>,
    pub from_ms: i64,
    pub to_ms: i64,
    /// Somewhere on it.
    pub at: Option<geo_types::Coord<f64>>,
}

/// What two patrols at one time show: one phone or one person in two places.
pub fn at_once(one: &Outing, other: &Outing, rules: &PlausibleRules) -> Vec<Doubt> {
    let is_at_once = one.from_ms < other.to_ms && other.from_ms < one.to_ms;
    if !is_at_once || one.patrol == other.patrol {
        return Vec::new();
    }
    let mut doubts = Vec::new();
    if one.device.is_some() && one.device == other.device && one.actor != other.actor {
        let doubt = Doubt::new("same_device", rules.same_device_grade);
        doubts.push(doubt.arg("patrol", &other.patrol));
    }
    let apart_m = one.at.zip(other.at).map_or(0.0, |(a, b)| distance_m(a, b));
    if one.actor == other.actor && one.leader == other.leader && apart_m > rules.apart_m {
        let doubt = Doubt::new("overlap_person", rules.apart_grade);
        let doubt = doubt.arg("patrol", &other.patrol);
        doubts.push(doubt.arg("km", rounded(apart_m / 1000.0)));
    }
    doubts
}
