//! 巡护统计 — what the patrols of a period come to.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::entries::PatrolRecorded;

/// 期间合计 — sums over patrols.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    pub patrols: u64,
    pub by_kind: BTreeMap<String, u64>,
    pub by_mode: BTreeMap<String, u64>,
    pub person_times: u64,
    pub hours: f64,
    /// Patrols with a track; the others are told by their sheet alone.
    pub with_track: u64,
    pub length_m: f64,
    pub findings: BTreeMap<String, u64>,
    pub clues: u64,
    pub abnormal: u64,
    pub reviewed: u64,
    pub doubtful: u64,
}

/// What else is known of a patrol besides its sheet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Known {
    pub has_track: bool,
    pub length_m: f64,
    pub is_reviewed: bool,
    /// Its track is doubted gravely or half gravely.
    pub is_doubtful: bool,
}

impl Figures {
    /// Counts one patrol in.
    pub fn add(&mut self, body: &PatrolRecorded, known: &Known) {
        self.patrols += 1;
        *self.by_kind.entry(body.kind.clone()).or_default() += 1;
        for mode in &body.modes {
            *self.by_mode.entry(mode.clone()).or_default() += 1;
        }
        self.person_times += u64::from(body.head_count);
        self.hours += hours(body.started_at, body.ended_at);
        self.with_track += u64::from(known.has_track);
        self.length_m += known.length_m;
        for finding in &body.findings {
            *self.findings.entry(finding.kind.clone()).or_default() += 1;
            self.clues += u64::from(finding.clue_id.is_some());
        }
        self.abnormal += u64::from(body.conclusion == "abnormal");
        self.reviewed += u64::from(known.is_reviewed);
        self.doubtful += u64::from(known.is_doubtful);
    }
}

/// Hours between two instants; none where they are turned round.
pub fn hours(from: Timestamp, to: Timestamp) -> f64 {
    (to.duration_since(from).as_secs_f64() / 3600.0).max(0.0)
}
