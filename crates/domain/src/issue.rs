//! 问题 — the fold of an issue: from its opening to close-out and look-back. Steps are taken only where the transition
//! table allows them and everything they need is on file; an entry that was not allowed stays readable as void.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::closing::{self, Attempt, Missing};
use crate::dossier::{Dossier, Kept, SiteState, civil_day, kept};
use crate::entries::{
    AcceptanceRecorded, AccountabilityRecorded, CloseOutRecorded, ClosingRequirements,
    CompletionEvidenced, ExtensionDecided, ExtensionRequested, IssueAmended, IssueOpened,
    LessonRecorded, LookBackPlanned, LookBackRecorded, NoticePublished, ObjectionAnswered,
    ObjectionReceived, PenaltyRecorded, PlanDrafted, PlanReviewed, ProgressReported,
    PublicityRecorded, RectificationReported, RectificationStarted, ReferralReceived,
    ReferralRecorded, RelapseJudged, RelapseSuspected, Signature, SuspicionFound, SuspicionJudged,
    UrgingAnswered, UrgingIssued,
};
use crate::entry::{EntryBody, RecordedEntry};
use crate::flow::Flow;
use crate::ids::EntryId;
use crate::policy::Action;

mod steps;

pub use steps::{IssueStep, action_of};

/// 问与答 — an entry that waits for another one, and that one once it is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Answered<A, B> {
    pub recorded: Kept<A>,
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub answer: Option<Kept<B>>,
}

fn none<T>() -> Option<T> {
    None
}

/// 经办 — who took which action on an issue; signatures count as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Hand {
    pub action: Action,
    pub actor: String,
}

/// 已办步骤 — a step that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StepTaken {
    pub step: IssueStep,
    pub from: SiteState,
    pub to: SiteState,
    pub entry_id: EntryId,
    pub seq: u64,
    pub occurred_at: Timestamp,
    pub actor: String,
}

/// 不生效的登记 — an entry whose step was not allowed when it was taken, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VoidEntry {
    pub entry_id: EntryId,
    pub seq: u64,
    pub kind: String,
    pub step: IssueStep,
    pub from: SiteState,
    /// Code of the flow's refusal: `flow.step_not_allowed`, `flow.missing_facts` …
    pub code: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Missing>,
}

/// 附加状态 — stands beside the state.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// 挂牌督办
    Listed,
    /// 移交
    Referred,
    /// 暂缓
    Deferred,
}

impl Side {
    pub const ALL: [Self; 3] = [Self::Listed, Self::Referred, Self::Deferred];
}

/// 责任 — who answers for an issue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Responsible {
    pub unit: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supervising_unit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area_lead: Option<String>,
}

/// 问题 — one issue of a site as of some day, named by the entry that opened it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Issue {
    pub id: EntryId,
    pub state: SiteState,
    pub opened: Kept<IssueOpened>,
    pub close_out_case: String,
    pub requirements: ClosingRequirements,
    pub responsible: Responsible,
    /// 完成时限, as the approved plan and granted extensions have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_on: Option<Date>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amendments: Vec<Kept<IssueAmended>>,
    /// The latest draft.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Kept<PlanDrafted>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reviews: Vec<Kept<PlanReviewed>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Kept<RectificationStarted>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub progress: Vec<Kept<ProgressReported>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<Answered<ExtensionRequested, ExtensionDecided>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reports: Vec<Kept<RectificationReported>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub completions: Vec<Kept<CompletionEvidenced>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acceptances: Vec<Kept<AcceptanceRecorded>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Kept<NoticePublished>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objections: Vec<Answered<ObjectionReceived, ObjectionAnswered>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close_out: Option<Kept<CloseOutRecorded>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub look_back_plans: Vec<Kept<LookBackPlanned>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub look_backs: Vec<Kept<LookBackRecorded>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relapses: Vec<Answered<RelapseSuspected, RelapseJudged>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urgings: Vec<Answered<UrgingIssued, UrgingAnswered>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub penalties: Vec<Kept<PenaltyRecorded>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accountability: Vec<Kept<AccountabilityRecorded>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub referrals: Vec<Answered<ReferralRecorded, ReferralReceived>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suspicions: Vec<Answered<SuspicionFound, SuspicionJudged>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lessons: Vec<Kept<LessonRecorded>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub publicity: Vec<Kept<PublicityRecorded>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sides: Vec<Side>,
    /// The issue that took this one up again: its close-out was false or did not last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reopened_by: Option<EntryId>,
    /// Position in the log from which acceptances and notices count: a return sends the chain back to its beginning.
    pub counted_from_seq: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hands: Vec<Hand>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepTaken>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub void: Vec<VoidEntry>,
}

/// The transition table that issues are folded by: the campaign's as shipped.
pub fn built_in_flow() -> &'static Flow {
    static FLOW: LazyLock<Flow> = LazyLock::new(|| {
        let text = include_str!("../../../campaigns/lvdun-2019/flow.toml");
        // A table that cannot be read would be empty: nothing moves. A test holds that it can be read.
        Flow::from_toml("flow.toml", text).map_or_else(|_| Flow::empty(), |(flow, _)| flow)
    });
    &FLOW
}

/// The issue that an entry of a site's stream is about.
pub fn issue_of(body: &EntryBody) -> Option<EntryId> {
    Some(match body {
        EntryBody::IssueAmended(b) => b.issue,
        EntryBody::PlanDrafted(b) => b.issue,
        EntryBody::PlanReviewed(b) => b.issue,
        EntryBody::RectificationStarted(b) => b.issue,
        EntryBody::ProgressReported(b) => b.issue,
        EntryBody::ExtensionRequested(b) => b.issue,
        EntryBody::ExtensionDecided(b) => b.issue,
        EntryBody::RectificationReported(b) => b.issue,
        EntryBody::CompletionEvidenced(b) => b.issue,
        EntryBody::AcceptanceRecorded(b) => b.issue,
        EntryBody::NoticePublished(b) => b.issue,
        EntryBody::ObjectionReceived(b) => b.issue,
        EntryBody::ObjectionAnswered(b) => b.issue,
        EntryBody::CloseOutRecorded(b) => b.issue,
        EntryBody::LookBackPlanned(b) => b.issue,
        EntryBody::LookBackRecorded(b) => b.issue,
        EntryBody::RelapseSuspected(b) => b.issue,
        EntryBody::RelapseJudged(b) => b.issue,
        EntryBody::UrgingIssued(b) => b.issue,
        EntryBody::UrgingAnswered(b) => b.issue,
        EntryBody::PenaltyRecorded(b) => b.issue,
        EntryBody::AccountabilityRecorded(b) => b.issue,
        EntryBody::ReferralRecorded(b) => b.issue,
        EntryBody::ReferralReceived(b) => b.issue,
        EntryBody::SuspicionFound(b) => b.issue,
        EntryBody::SuspicionJudged(b) => b.issue,
        EntryBody::LessonRecorded(b) => return b.issue,
        EntryBody::PublicityRecorded(b) => return b.issue,
        _ => return None,
    })
}

/// Files that an entry of an issue names, by hash.
pub fn named_blobs(body: &EntryBody) -> Vec<&str> {
    fn all(hashes: &[String]) -> Vec<&str> {
        hashes.iter().map(String::as_str).collect()
    }
    fn pairs(pairs: &[crate::entries::PhotoPair]) -> impl Iterator<Item = &str> {
        pairs.iter().flat_map(|p| [&*p.before, &*p.after])
    }
    match body {
        EntryBody::PlanDrafted(b) => all(&b.evidence),
        EntryBody::ProgressReported(b) => {
            let mut hashes = all(&b.evidence);
            hashes.extend(pairs(&b.photo_pairs));
            hashes
        }
        EntryBody::ExtensionRequested(b) => all(&b.evidence),
        EntryBody::RectificationReported(b) => {
            let of_measures = b.measures.iter().flat_map(|m| &m.evidence);
            let measures = of_measures.map(String::as_str);
            measures.chain(pairs(&b.photo_pairs)).collect()
        }
        EntryBody::CompletionEvidenced(b) => all(&b.evidence),
        EntryBody::AcceptanceRecorded(b) => all(&b.evidence),
        EntryBody::NoticePublished(b) => all(&b.evidence),
        EntryBody::LookBackRecorded(b) => all(&b.evidence),
        EntryBody::RelapseJudged(b) => all(&b.evidence),
        EntryBody::UrgingAnswered(b) => all(&b.evidence),
        EntryBody::PenaltyRecorded(b) => all(&b.evidence),
        EntryBody::ReferralRecorded(b) => all(&b.evidence),
        EntryBody::SuspicionFound(b) => all(&b.evidence),
        EntryBody::PublicityRecorded(b) => all(&b.evidence),
        _ => Vec::new(),
    }
}

/// The issues that follow from a site's entries, in the order of the log, oldest first.
pub(crate) fn fold_issues(
    entries: &[&RecordedEntry],
    dossier: &Dossier,
    flow: &Flow,
) -> Vec<Issue> {
    let mut issues: Vec<Issue> = Vec::new();
    for entry in entries {
        match &entry.entry.body {
            EntryBody::IssueOpened(body) => open(&mut issues, entry, body, dossier),
            body => {
                let about = issue_of(body);
                let found = issues.iter_mut().find(|i| Some(i.id) == about);
                if let Some(issue) = found {
                    issue.take(entry, dossier, flow);
                }
            }
        }
    }
    issues.iter_mut().for_each(Issue::settle);
    issues
}

fn open(issues: &mut Vec<Issue>, entry: &RecordedEntry, body: &IssueOpened, dossier: &Dossier) {
    let is_known = issues.iter().any(|i| i.id == entry.entry.id);
    let missing = closing::missing_to_open(body, dossier, issues, entry.seq);
    if is_known || !missing.is_empty() {
        return;
    }
    if let Some(old) = body.reopens {
        let again = issues.iter_mut().find(|i| i.id == old);
        again.into_iter().for_each(|i| i.is_taken_up_by(entry));
    }
    issues.push(Issue::opened(entry, body));
}

impl Issue {
    fn opened(entry: &RecordedEntry, body: &IssueOpened) -> Self {
        let mut issue = Self {
            id: entry.entry.id,
            state: SiteState::Characterized,
            opened: kept(entry, body),
            close_out_case: body.close_out_case.clone(),
            requirements: body.requirements.clone(),
            responsible: Responsible {
                unit: body.responsible_unit.clone(),
                person: body.responsible_person.clone(),
                supervising_unit: body.supervising_unit.clone(),
                area_lead: body.area_lead.clone(),
            },
            due_on: body.due_on,
            amendments: Vec::new(),
            plan: None,
            reviews: Vec::new(),
            started: None,
            progress: Vec::new(),
            extensions: Vec::new(),
            reports: Vec::new(),
            completions: Vec::new(),
            acceptances: Vec::new(),
            notices: Vec::new(),
            objections: Vec::new(),
            close_out: None,
            look_back_plans: Vec::new(),
            look_backs: Vec::new(),
            relapses: Vec::new(),
            urgings: Vec::new(),
            penalties: Vec::new(),
            accountability: Vec::new(),
            referrals: Vec::new(),
            suspicions: Vec::new(),
            lessons: Vec::new(),
            publicity: Vec::new(),
            sides: Vec::new(),
            reopened_by: None,
            counted_from_seq: entry.seq,
            hands: Vec::new(),
            steps: Vec::new(),
            void: Vec::new(),
        };
        issue.hand(Action::OpenIssue, entry);
        issue
    }

    fn is_taken_up_by(&mut self, entry: &RecordedEntry) {
        self.reopened_by = Some(entry.entry.id);
        if matches!(self.state, SiteState::ClosedOut | SiteState::Consolidated) {
            self.note(IssueStep::OpenIssue, entry, SiteState::Relapsed);
        }
    }

    /// Whether something is still to be done about it: neither closed nor gone over to another issue.
    pub fn is_open(&self) -> bool {
        self.reopened_by.is_none() && !self.is_closed()
    }

    /// Whether it was closed, for whatever reason, and has not come back.
    pub fn is_closed(&self) -> bool {
        matches!(
            self.state,
            SiteState::ClosedOut | SiteState::Consolidated | SiteState::ClosedUnfixed
        )
    }

    /// 整改完成: closed out as put right, and not come back since. Closed unfixed never counts.
    pub fn is_rectified(&self) -> bool {
        matches!(self.state, SiteState::ClosedOut | SiteState::Consolidated)
    }

    /// Day of the close-out of an issue put right, unless a later one took it up again.
    pub fn rectified_on(&self) -> Option<Date> {
        let stands = self.is_rectified() && self.reopened_by.is_none();
        let close_out = self.close_out.as_ref().filter(|_| stands);
        close_out.map(|c| civil_day(c.occurred_at))
    }

    /// Whether the city has found it completed (the counting of the 2019 plan).
    pub fn is_determined(&self) -> bool {
        self.is_rectified()
            || (self.is_open()
                && self.passed_at("city").is_some()
                && self.state != SiteState::Relapsed)
    }

    /// 超期: the day has passed and the work is not reported done.
    pub fn is_overdue(&self, today: Date) -> bool {
        let at_work = matches!(
            self.state,
            SiteState::Characterized
                | SiteState::Planning
                | SiteState::PlanApproved
                | SiteState::Rectifying
        );
        at_work && self.reopened_by.is_none() && self.due_on.is_some_and(|due| due < today)
    }

    /// The acceptance of this level that counts: passed, and nothing sent back since.
    pub fn passed_at(&self, level: &str) -> Option<&Kept<AcceptanceRecorded>> {
        let counts = |a: &&Kept<AcceptanceRecorded>| {
            a.seq > self.counted_from_seq && a.body.level == level && a.body.result == "passed"
        };
        self.acceptances.iter().rev().find(counts)
    }

    /// The public notice that counts.
    pub fn notice(&self) -> Option<&Kept<NoticePublished>> {
        let counts = |n: &&Kept<NoticePublished>| n.seq > self.counted_from_seq;
        self.notices.iter().rev().find(counts)
    }

    /// The report that the work is done, unless it was sent back.
    pub fn report(&self) -> Option<&Kept<RectificationReported>> {
        self.reports.last()
    }

    /// Days by which granted extensions moved the plan's own day.
    pub fn extended_days(&self) -> i32 {
        let planned = self.plan.as_ref().map(|p| p.body.due_on);
        match (planned, self.due_on, self.granted_count()) {
            (Some(planned), Some(due), 1..) => (due - planned).get_days(),
            _ => 0,
        }
    }

    /// Extensions granted.
    pub fn granted_count(&self) -> usize {
        let granted = |e: &&Answered<ExtensionRequested, ExtensionDecided>| {
            e.answer
                .as_ref()
                .is_some_and(|a| a.body.result == "granted")
        };
        self.extensions.iter().filter(granted).count()
    }

    fn take(&mut self, entry: &RecordedEntry, dossier: &Dossier, flow: &Flow) {
        match IssueStep::of(&entry.entry.body) {
            Some(step) if !step.commutes() => self.decide(step, entry, dossier, flow),
            Some(step) => {
                self.hand(step.action(), entry);
                self.absorb(entry);
            }
            // An acceptance of a level nobody knows is no acceptance.
            None if matches!(entry.entry.body, EntryBody::AcceptanceRecorded(_)) => {}
            None => self.absorb(entry),
        }
    }

    fn decide(&mut self, step: IssueStep, entry: &RecordedEntry, dossier: &Dossier, flow: &Flow) {
        let attempt = Attempt::of(entry);
        let missing = closing::missing_for(step, self, dossier, &attempt, None);
        let facts = closing::facts(step, &missing, &entry.entry.body);
        let next = flow.next(self.state.code(), step.code(), &facts);
        let to = next.map(|s| SiteState::from_code(&s.code));
        match to {
            Ok(Some(to)) if missing.is_empty() => {
                self.note(step, entry, to);
                self.hand(step.action(), entry);
                self.absorb(entry);
            }
            refused => self.void.push(VoidEntry {
                entry_id: entry.entry.id,
                seq: entry.seq,
                kind: entry.entry.body.kind().to_owned(),
                step,
                from: self.state,
                code: refused
                    .map_or_else(|r| r.code, |_| "flow.missing_facts")
                    .to_owned(),
                missing,
            }),
        }
    }

    fn note(&mut self, step: IssueStep, entry: &RecordedEntry, to: SiteState) {
        self.steps.push(StepTaken {
            step,
            from: self.state,
            to,
            entry_id: entry.entry.id,
            seq: entry.seq,
            occurred_at: entry.claimed_at(),
            actor: entry.entry.author.actor.clone(),
        });
        self.state = to;
    }

    fn hand(&mut self, action: Action, entry: &RecordedEntry) {
        let author = std::iter::once(entry.entry.author.actor.clone());
        let signed = signatures(&entry.entry.body).iter();
        for actor in author.chain(signed.filter_map(|s| s.account.clone())) {
            let hand = Hand { action, actor };
            if !self.hands.contains(&hand) {
                self.hands.push(hand);
            }
        }
    }

    fn absorb(&mut self, entry: &RecordedEntry) {
        match &entry.entry.body {
            EntryBody::IssueAmended(b) => self.amend(kept(entry, &**b)),
            EntryBody::PlanDrafted(b) => self.plan = Some(kept(entry, &**b)),
            EntryBody::PlanReviewed(b) => self.review(kept(entry, &**b)),
            EntryBody::RectificationStarted(b) => self.started = Some(kept(entry, &**b)),
            EntryBody::ProgressReported(b) => self.progress.push(kept(entry, &**b)),
            EntryBody::ExtensionRequested(b) => self.extensions.push(asked(entry, &**b)),
            EntryBody::ExtensionDecided(b) => self.extend(kept(entry, &**b)),
            EntryBody::RectificationReported(b) => {
                self.counted_from_seq = entry.seq;
                self.reports.push(kept(entry, &**b));
            }
            EntryBody::CompletionEvidenced(b) => self.completions.push(kept(entry, &**b)),
            EntryBody::AcceptanceRecorded(b) => {
                if b.result != "passed" {
                    self.counted_from_seq = entry.seq;
                }
                self.acceptances.push(kept(entry, &**b));
            }
            EntryBody::NoticePublished(b) => self.notices.push(kept(entry, &**b)),
            EntryBody::ObjectionReceived(b) => self.objections.push(asked(entry, &**b)),
            EntryBody::ObjectionAnswered(b) => {
                if b.result == "upheld" {
                    self.counted_from_seq = entry.seq;
                }
                answer(&mut self.objections, b.objection, kept(entry, &**b));
            }
            EntryBody::CloseOutRecorded(b) => self.close_out = Some(kept(entry, &**b)),
            EntryBody::LookBackPlanned(b) => self.look_back_plans.push(kept(entry, &**b)),
            EntryBody::LookBackRecorded(b) => self.look_backs.push(kept(entry, &**b)),
            EntryBody::RelapseSuspected(b) => self.relapses.push(asked(entry, &**b)),
            EntryBody::RelapseJudged(b) => {
                answer(&mut self.relapses, b.suspicion, kept(entry, &**b));
            }
            body => self.absorb_beside(entry, body),
        }
    }

    /// What stands beside the steps: urging, penalties, hand-over, suspicions, lessons.
    fn absorb_beside(&mut self, entry: &RecordedEntry, body: &EntryBody) {
        match body {
            EntryBody::UrgingIssued(b) => self.urgings.push(asked(entry, &**b)),
            EntryBody::UrgingAnswered(b) => answer(&mut self.urgings, b.urging, kept(entry, &**b)),
            EntryBody::PenaltyRecorded(b) => self.penalties.push(kept(entry, &**b)),
            EntryBody::AccountabilityRecorded(b) => self.accountability.push(kept(entry, &**b)),
            EntryBody::ReferralRecorded(b) => self.referrals.push(asked(entry, &**b)),
            EntryBody::ReferralReceived(b) => {
                answer(&mut self.referrals, b.referral, kept(entry, &**b));
            }
            EntryBody::SuspicionFound(b) => self.suspicions.push(asked(entry, &**b)),
            EntryBody::SuspicionJudged(b) => self.judge_suspicion(entry, b),
            EntryBody::LessonRecorded(b) => self.lessons.push(kept(entry, &**b)),
            EntryBody::PublicityRecorded(b) => self.publicity.push(kept(entry, &**b)),
            _ => {}
        }
    }

    fn amend(&mut self, amended: Kept<IssueAmended>) {
        if self.is_closed() || amended.body.reason.trim().is_empty() {
            return;
        }
        let b = &amended.body;
        let own = &mut self.responsible;
        own.unit = b
            .responsible_unit
            .clone()
            .unwrap_or(std::mem::take(&mut own.unit));
        own.person = b.responsible_person.clone().or(own.person.take());
        own.supervising_unit = b.supervising_unit.clone().or(own.supervising_unit.take());
        own.area_lead = b.area_lead.clone().or(own.area_lead.take());
        let is_reported = closing::STATES_AFTER_REPORT.contains(&self.state);
        if !is_reported {
            if let Some(requirements) = b.requirements.clone().filter(closing::is_demanding) {
                self.requirements = requirements;
            }
            if let Some(case) = &b.close_out_case {
                self.close_out_case.clone_from(case);
            }
        }
        self.amendments.push(amended);
    }

    fn review(&mut self, reviewed: Kept<PlanReviewed>) {
        if reviewed.body.result == "approved" {
            self.due_on = self.plan.as_ref().map(|p| p.body.due_on).or(self.due_on);
        }
        self.reviews.push(reviewed);
    }

    fn extend(&mut self, decided: Kept<ExtensionDecided>) {
        let request = decided.body.request;
        let asked = self
            .extensions
            .iter()
            .find(|e| e.recorded.entry_id == request);
        if let Some(asked) = asked.filter(|_| decided.body.result == "granted") {
            self.due_on = decided
                .body
                .new_due_on
                .or(Some(asked.recorded.body.new_due_on));
        }
        answer(&mut self.extensions, request, decided);
    }

    /// Nobody judges a suspicion about their own work; such a verdict does not count.
    fn judge_suspicion(&mut self, entry: &RecordedEntry, body: &SuspicionJudged) {
        let actor = &entry.entry.author.actor;
        if !closing::is_own_work(Action::JudgeSuspicion, actor, &self.hands) {
            self.hand(Action::JudgeSuspicion, entry);
            answer(&mut self.suspicions, body.suspicion, kept(entry, body));
        }
    }

    /// What commutes is put in the order of claimed time, whatever order it came in.
    fn settle(&mut self) {
        self.progress.sort_by_key(order);
        self.completions.sort_by_key(order);
        self.penalties.sort_by_key(order);
        self.accountability.sort_by_key(order);
        self.lessons.sort_by_key(order);
        self.publicity.sort_by_key(order);
        self.extensions.sort_by_key(|a| order(&a.recorded));
        self.objections.sort_by_key(|a| order(&a.recorded));
        self.relapses.sort_by_key(|a| order(&a.recorded));
        self.urgings.sort_by_key(|a| order(&a.recorded));
        self.referrals.sort_by_key(|a| order(&a.recorded));
        self.suspicions.sort_by_key(|a| order(&a.recorded));
        self.hands
            .sort_by(|a, b| (a.action, &a.actor).cmp(&(b.action, &b.actor)));
        self.sides = self.stands_beside();
    }

    fn stands_beside(&self) -> Vec<Side> {
        let listing = |rung: &str| matches!(rung, "listed" | "lifted");
        let of_list = self.urgings.iter().map(|u| &u.recorded.body);
        let last = of_list
            .filter(|u| listing(&u.rung))
            .max_by_key(|u| u.issued_on);
        let is_listed = last.is_some_and(|u| u.rung == "listed");
        let is_back = |r: &Kept<ReferralReceived>| r.body.result == "sent_back";
        let is_referred = self
            .referrals
            .iter()
            .any(|r| !r.answer.as_ref().is_some_and(is_back));
        let deferred = self.amendments.iter().rev();
        let is_deferred = deferred.flat_map(|a| a.body.is_deferred).next();
        [
            is_listed.then_some(Side::Listed),
            is_referred.then_some(Side::Referred),
            is_deferred.unwrap_or(false).then_some(Side::Deferred),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// What was done to it and by whom, as the policy asks for it.
    pub fn done(&self) -> Vec<(Action, String)> {
        let hands = self.hands.iter();
        hands.map(|h| (h.action, h.actor.clone())).collect()
    }

    /// Day on which the issue was closed.
    pub fn closed_on(&self) -> Option<Date> {
        self.close_out.as_ref().map(|c| c.body.closed_on)
    }

    /// Day on which the issue was opened.
    pub fn opened_on(&self) -> Date {
        civil_day(self.opened.occurred_at)
    }
}

/// Signatures that an entry carries.
pub(crate) fn signatures(body: &EntryBody) -> &[Signature] {
    match body {
        EntryBody::PlanReviewed(b) => &b.reviewers,
        EntryBody::AcceptanceRecorded(b) => &b.members,
        EntryBody::CloseOutRecorded(b) => &b.signatures,
        EntryBody::LookBackRecorded(b) => &b.members,
        _ => &[],
    }
}

fn order<T>(kept: &Kept<T>) -> (Timestamp, EntryId) {
    (kept.occurred_at, kept.entry_id)
}

fn asked<A: Clone, B>(entry: &RecordedEntry, body: &A) -> Answered<A, B> {
    Answered {
        recorded: kept(entry, body),
        answer: None,
    }
}

/// The answer of the latest claimed time stands, whatever order answers came in.
fn answer<A, B>(all: &mut [Answered<A, B>], to: EntryId, given: Kept<B>) {
    let asked = all.iter_mut().find(|a| a.recorded.entry_id == to);
    if let Some(asked) = asked {
        let is_later = asked
            .answer
            .as_ref()
            .is_none_or(|a| order(a) < order(&given));
        if is_later {
            asked.answer = Some(given);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
pub(crate) mod tests;
