//! Suspicions and suspected relapses, line by line.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::dossier::{Dossier, SiteState};
use domain::entries::{SuspicionFound, SuspicionJudged};
use domain::ids::{EntryId, SiteId};
use domain::issue::{Answered, Issue};
use domain::policy::Action;
use domain::suspicion::Grade;
use jiff::Timestamp;

/// What a relapse goes by among the kinds of suspicions.
pub(crate) const RELAPSE: &str = "relapse";

/// 判定 — what a person said of it.
#[derive(Debug, Clone, PartialEq)]
pub struct VerdictLine {
    pub entry_id: EntryId,
    pub verdict: String,
    pub reason: String,
    pub actor: String,
    pub judged_at: Timestamp,
}

/// 所属问题 — the issue that a suspicion is about, shared by its lines.
#[derive(Debug, Clone, PartialEq)]
pub struct OfLine {
    pub site_id: SiteId,
    pub site_code: String,
    pub facility_name: Option<String>,
    pub station_id: Option<String>,
    pub issue: EntryId,
    pub issue_code: Option<String>,
    pub state: SiteState,
    pub responsible_unit: String,
    /// What was done to it and by whom, for the separation of duties.
    pub done: Vec<(Action, String)>,
}

/// 疑点行 — one suspicion or suspected relapse.
#[derive(Debug, Clone, PartialEq)]
pub struct SuspicionLine {
    pub of: Arc<OfLine>,
    pub entry_id: EntryId,
    pub seq: u64,
    /// Code of CL-SUSPICION, or `relapse`.
    pub suspicion: String,
    pub grade: Option<Grade>,
    pub found_at: Timestamp,
    pub found_by: String,
    pub likeness: Option<f64>,
    pub other_sites: Vec<String>,
    pub text: String,
    pub code: Option<String>,
    pub args: BTreeMap<String, String>,
    pub verdict: Option<VerdictLine>,
    /// Whether it stands in the way of acceptance now.
    pub stops: bool,
}

/// 疑点表 — all of them, by site.
#[derive(Debug, Clone, Default)]
pub struct SuspicionTable {
    by_site: BTreeMap<SiteId, Vec<SuspicionLine>>,
    /// Issues there are on a site with how many of them have a fake; for figures.
    issues: BTreeMap<SiteId, IssueCount>,
}

/// 问题数 — issues of a site, and its station and unit for scopes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct IssueCount {
    pub station_id: Option<String>,
    pub issues: u64,
    pub with_fake: u64,
}

impl SuspicionTable {
    /// Enters a dossier, or what changed of it.
    pub fn put(&mut self, dossier: &Dossier) {
        let lines: Vec<SuspicionLine> = match dossier.state.counts() {
            true => dossier
                .issues
                .iter()
                .flat_map(|i| lines_of(dossier, i))
                .collect(),
            false => Vec::new(),
        };
        match lines.is_empty() {
            true => self.by_site.remove(&dossier.site_id),
            false => self.by_site.insert(dossier.site_id, lines),
        };
        let count = IssueCount {
            station_id: dossier.facts.station_id.clone(),
            issues: dossier.issues.len() as u64,
            with_fake: dossier.issues.iter().filter(|i| has_fake(i)).count() as u64,
        };
        match count.issues == 0 || !dossier.state.counts() {
            true => self.issues.remove(&dossier.site_id),
            false => self.issues.insert(dossier.site_id, count),
        };
    }

    /// All lines, site by site.
    pub fn lines(&self) -> impl Iterator<Item = &SuspicionLine> {
        self.by_site.values().flatten()
    }

    /// The line of an entry.
    pub fn find(&self, entry: EntryId) -> Option<&SuspicionLine> {
        self.lines().find(|l| l.entry_id == entry)
    }

    /// Issues counted, site by site.
    pub fn issue_counts(&self) -> impl Iterator<Item = &IssueCount> {
        self.issues.values()
    }
}

fn has_fake(issue: &Issue) -> bool {
    let verdicts = issue.suspicions.iter().filter_map(|s| s.answer.as_ref());
    let relapses = issue.relapses.iter().filter_map(|r| r.answer.as_ref());
    verdicts.into_iter().any(|v| v.body.verdict == "fake")
        || relapses
            .into_iter()
            .any(|v| v.body.verdict == "false_rectification")
}

fn lines_of(dossier: &Dossier, issue: &Issue) -> Vec<SuspicionLine> {
    if issue.suspicions.is_empty() && issue.relapses.is_empty() {
        return Vec::new();
    }
    let of = Arc::new(OfLine {
        site_id: dossier.site_id,
        site_code: dossier.site_code.clone(),
        facility_name: dossier.facts.facility_name.clone(),
        station_id: dossier.facts.station_id.clone(),
        issue: issue.id,
        issue_code: issue.opened.body.issue_code.clone(),
        state: issue.state,
        responsible_unit: issue.responsible.unit.clone(),
        done: issue.done(),
    });
    let suspicions = issue.suspicions.iter().map(|s| line_of(&of, issue, s));
    let relapses = issue.relapses.iter().map(|r| {
        let body = &r.recorded.body;
        SuspicionLine {
            of: Arc::clone(&of),
            entry_id: r.recorded.entry_id,
            seq: r.recorded.seq,
            suspicion: RELAPSE.to_owned(),
            grade: None,
            found_at: r.recorded.occurred_at,
            found_by: r.recorded.actor.clone(),
            likeness: body.overlap_share,
            other_sites: Vec::new(),
            text: body.reason.clone(),
            code: None,
            args: BTreeMap::new(),
            verdict: r.answer.as_ref().map(|a| VerdictLine {
                entry_id: a.entry_id,
                verdict: a.body.verdict.clone(),
                reason: a.body.reason.clone(),
                actor: a.actor.clone(),
                judged_at: a.occurred_at,
            }),
            stops: false,
        }
    });
    suspicions.chain(relapses).collect()
}

fn line_of(
    of: &Arc<OfLine>,
    issue: &Issue,
    noted: &Answered<SuspicionFound, SuspicionJudged>,
) -> SuspicionLine {
    let body = &noted.recorded.body;
    SuspicionLine {
        of: Arc::clone(of),
        entry_id: noted.recorded.entry_id,
        seq: noted.recorded.seq,
        suspicion: body.suspicion.clone(),
        grade: Some(Grade::from_code(&body.grade).unwrap_or_default()),
        found_at: noted.recorded.occurred_at,
        found_by: body.found_by.clone(),
        likeness: body.likeness,
        other_sites: body.other_sites.clone(),
        text: body.text.clone(),
        code: body.code.clone(),
        args: body.args.clone(),
        verdict: noted.answer.as_ref().map(|a| VerdictLine {
            entry_id: a.entry_id,
            verdict: a.body.verdict.clone(),
            reason: a.body.reason.clone(),
            actor: a.actor.clone(),
            judged_at: a.occurred_at,
        }),
        stops: issue.is_open() && domain::closing::stops_acceptance(issue, noted),
    }
}
