//! 疑点 — signs that a close-out was done on paper only. What contradicts itself within one dossier is found here; what
//! was used elsewhere is found by `app` and graded here. A finding says what shows it; the verdict is a person's.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::dossier::{Dossier, Kept};
use crate::entries::{LikePair, SuspicionFound};
use crate::ids::EntryId;
use crate::issue::{Answered, Issue};

mod config;
mod photos;
mod reuse;
mod texts;
mod work;

pub use config::{
    CopiedTextRule, MeasureLimit, PlaceRule, QuantityRule, ReusedPhotoRule, SeasonRule, StepsRule,
    Suspicions, TimeRule, ViewpointRule, Winter,
};
pub use photos::{PhotoRole, PhotoUse, photos_of};
pub use reuse::{Likeness, OtherPhoto, OtherText, TextLikeness, reused_photo, reused_text};
pub use texts::{TextUse, texts_of};

/// 疑点分级 — high ones stop acceptance, notice and close-out until somebody judged them.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    #[default]
    Low,
    Medium,
    High,
}

impl Grade {
    /// All of them, the gravest first.
    pub const ALL: [Self; 3] = [Self::High, Self::Medium, Self::Low];

    /// As entries write it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// The grade that entries write so.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|g| g.code() == code)
    }

    /// One grade less; the least stays.
    pub fn lowered(self) -> Self {
        match self {
            Self::High => Self::Medium,
            _ => Self::Low,
        }
    }
}

/// 发现 — one contradiction with what shows it, before it is an entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Code of CL-SUSPICION.
    pub suspicion: &'static str,
    pub grade: Grade,
    /// Code of the sentence.
    pub code: &'static str,
    pub args: BTreeMap<String, String>,
    /// How far it goes: of several findings that are told in one, the farthest one's figures are told.
    pub extent: f64,
    /// What it is about: a file's hash, an entry's id, a text's reference. The same is not found twice.
    pub about: String,
    /// Entries of the issue that show it, in order of the log.
    pub entries: Vec<EntryId>,
    /// Position in the log of the newest of them.
    pub last_seq: u64,
    pub evidence: Vec<String>,
    pub pairs: Vec<LikePair>,
    pub likeness: Option<f64>,
}

impl Finding {
    fn of<T>(suspicion: &'static str, grade: Grade, code: &'static str, shown: &Kept<T>) -> Self {
        Self::at(suspicion, grade, code, shown.entry_id, shown.seq)
    }

    fn at(
        suspicion: &'static str,
        grade: Grade,
        code: &'static str,
        entry: EntryId,
        seq: u64,
    ) -> Self {
        Self {
            suspicion,
            grade,
            code,
            args: BTreeMap::new(),
            extent: 0.0,
            about: entry.to_string(),
            entries: vec![entry],
            last_seq: seq,
            evidence: Vec::new(),
            pairs: Vec::new(),
            likeness: None,
        }
    }

    fn arg(mut self, name: &str, value: impl ToString) -> Self {
        self.args.insert(name.to_owned(), value.to_string());
        self
    }

    fn file(mut self, sha256: &str) -> Self {
        sha256.clone_into(&mut self.about);
        self.evidence.push(sha256.to_owned());
        self
    }

    fn extent(mut self, extent: f64) -> Self {
        self.extent = extent;
        self
    }
}

/// 所知 — what a dossier does not say of itself: when its entries were taken in, and what pictures look like.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// When the register took each entry.
    pub recorded_at: BTreeMap<EntryId, Timestamp>,
    /// Pairs (before, after) that show one thing from elsewhere.
    pub elsewhere: BTreeSet<(String, String)>,
}

/// Everything in one issue that contradicts itself, the site or the season.
pub fn of_issue(
    rules: &Suspicions,
    dossier: &Dossier,
    issue: &Issue,
    given: &Given,
) -> Vec<Finding> {
    let mut found = photos::contradictions(rules, dossier, issue, given);
    found.extend(work::beyond_the_area(rules, dossier, issue));
    found.extend(work::steps_at_once(rules, issue, given));
    found.extend(work::planting_in_winter(rules, dossier, issue));
    found
}

/// The findings that nobody has noted yet, those of one kind told in one.
///
/// A thing is noted once. It is noted again where a person found it a fake and it was handed in anew afterwards.
pub fn fresh(issue: &Issue, found: Vec<Finding>) -> Vec<Finding> {
    let new = found.into_iter().filter(|f| !is_noted(issue, f));
    let mut told: Vec<Finding> = Vec::new();
    for finding in new {
        let same = told.iter_mut().find(|t| {
            (t.suspicion, t.code, t.grade) == (finding.suspicion, finding.code, finding.grade)
                && earliest_site(t) == earliest_site(&finding)
                && is_told_together(t.suspicion)
        });
        match same {
            Some(one) => one.join(finding),
            None => told.push(finding),
        }
    }
    told
}

/// Contradictions of many files are one finding; those of work done are each their own.
fn is_told_together(suspicion: &str) -> bool {
    !matches!(suspicion, "quantity_exceeds" | "steps_at_once" | "season")
}

fn earliest_site(finding: &Finding) -> Option<&str> {
    finding.pairs.first().map(|p| p.other_site.as_str())
}

impl Finding {
    fn join(&mut self, other: Self) {
        if other.extent > self.extent {
            self.extent = other.extent;
            self.args = other.args;
        }
        for entry in other.entries {
            if !self.entries.contains(&entry) {
                self.entries.push(entry);
            }
        }
        for file in other.evidence {
            if !self.evidence.contains(&file) {
                self.evidence.push(file);
            }
        }
        self.last_seq = self.last_seq.max(other.last_seq);
        self.pairs.extend(other.pairs);
        self.likeness = self
            .likeness
            .into_iter()
            .chain(other.likeness)
            .reduce(f64::max);
        self.about.push('\n');
        self.about.push_str(&other.about);
    }

    /// How many things it is about.
    pub fn count(&self) -> usize {
        self.about.lines().count()
    }

    /// The entry that notes it, but for the words: those are filled in by code.
    pub fn body(&self, issue: EntryId, found_by: &str, text: String) -> SuspicionFound {
        let mut other_sites: Vec<String> = Vec::new();
        for pair in &self.pairs {
            if !other_sites.contains(&pair.other_site) {
                other_sites.push(pair.other_site.clone());
            }
        }
        SuspicionFound {
            issue,
            suspicion: self.suspicion.to_owned(),
            grade: self.grade.code().to_owned(),
            found_by: found_by.to_owned(),
            entries: self.entries.clone(),
            evidence: self.evidence.clone(),
            other_sites,
            likeness: self.likeness,
            text,
            pairs: self.pairs.clone(),
            code: Some(self.code.to_owned()),
            args: self.told_args(),
        }
    }

    /// Arguments of its sentence.
    pub fn told_args(&self) -> BTreeMap<String, String> {
        let mut args = self.args.clone();
        args.insert("count".to_owned(), self.count().to_string());
        args
    }

    /// What the id of its entry follows from; after a fake was sent back, what is handed in again is another finding.
    pub fn seed(&self, issue: &Issue) -> Vec<Vec<u8>> {
        let noted = issue.suspicions.iter().map(|s| &s.recorded.body);
        let again = noted.filter(|n| covers(n, self)).count();
        vec![
            self.suspicion.as_bytes().to_vec(),
            self.code.as_bytes().to_vec(),
            self.about.as_bytes().to_vec(),
            self.grade.code().as_bytes().to_vec(),
            again.to_be_bytes().to_vec(),
        ]
    }
}

fn is_noted(issue: &Issue, finding: &Finding) -> bool {
    let mut covering = issue
        .suspicions
        .iter()
        .rev()
        .filter(|s| covers(&s.recorded.body, finding));
    let is_behind = |s: &Answered<SuspicionFound, crate::entries::SuspicionJudged>| {
        s.answer
            .as_ref()
            .is_some_and(|a| a.body.verdict == "fake" && a.seq < finding.last_seq)
    };
    covering.next().is_some_and(|s| !is_behind(s))
}

/// Whether a suspicion is about the same thing, and was taken as gravely: what was noted as slight hides nothing that is grave.
fn covers(noted: &SuspicionFound, finding: &Finding) -> bool {
    let is_same_sign = noted.suspicion == finding.suspicion
        && noted.code.as_deref().is_none_or(|c| c == finding.code);
    let is_about = |about: &str| match noted.pairs.is_empty() {
        false => noted.pairs.iter().any(|p| p.own == about),
        true => {
            noted.evidence.iter().any(|e| e == about)
                || noted.entries.iter().any(|e| e.to_string() == about)
        }
    };
    let is_as_grave = Grade::from_code(&noted.grade).is_some_and(|g| g >= finding.grade);
    is_same_sign && is_as_grave && finding.about.lines().all(is_about)
}

/// The day of a camera's clock, which has no zone.
fn camera_day(text: &str) -> Option<Date> {
    let at: jiff::civil::DateTime = text.parse().ok()?;
    Some(at.date())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests;
