//! 销号 — what each step of an issue needs, and what of it is lacking. Nobody accepts, determines or closes own work;
//! nothing is closed without every condition evidenced, the notice ended and the dossier complete.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::calendar::WorkingCalendar;
use crate::dossier::{Dossier, Kept, SiteState, Standing, civil_day};
use crate::entries::{
    AcceptanceRecorded, ChainLink, ClosingRequirements, CompletionEvidenced, IssueOpened,
    NoticePublished, PhotoPair, RectificationReported, Signature, SuspicionFound, SuspicionJudged,
};
use crate::entry::{EntryBody, RecordedEntry};
use crate::flow::{Facts, Flow};
use crate::issue::{Answered, Hand, Issue, IssueStep, signatures};
use crate::policy::{Action, SEPARATED};

mod config;
mod index;

pub use config::{
    Case, CaseFinding, CaseRule, Chain, Closing, ClosingLine, IndexRow, LevelLabel, Requirement,
};
pub use index::{IndexItem, dossier_index};

macro_rules! facts {
    ($($variant:ident = $name:literal $code:literal),+ $(,)?) => {
        /// 步骤所需 — one thing a step needs, by its name in the transition table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Fact {
            $(
                #[doc = $name]
                $variant,
            )+
        }

        impl Fact {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Name in the transition table.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// Stable code of the sentence that says it is lacking.
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }
        }
    };
}

facts! {
    DifferentPerson = "different_person" "rectify.different_person",
    Ground = "ground" "rectify.ground",
    Description = "description" "rectify.description",
    ResponsibleUnit = "responsible_unit" "rectify.responsible_unit",
    Requirements = "requirements" "rectify.requirements",
    Target = "target" "rectify.target",
    Measures = "measures" "rectify.measures",
    DueOn = "due_on" "rectify.due_on",
    Plan = "plan" "rectify.plan",
    Signatures = "signatures" "rectify.signatures",
    DocumentNumber = "document_number" "rectify.document_number",
    StartedOn = "started_on" "rectify.started_on",
    Text = "text" "rectify.text",
    Reason = "reason" "rectify.reason",
    NewDueOn = "new_due_on" "rectify.new_due_on",
    Request = "request" "rectify.request",
    Approver = "approver" "rectify.approver",
    ExtensionLimit = "extension_limit" "rectify.extension_limit",
    MeasuresEvidenced = "measures_evidenced" "rectify.measures_evidenced",
    SameViewpoint = "same_viewpoint" "rectify.same_viewpoint",
    RestoredArea = "restored_area" "rectify.restored_area",
    ResultText = "result_text" "rectify.result_text",
    Line = "line" "rectify.line",
    Statement = "statement" "rectify.statement",
    Evidence = "evidence" "rectify.evidence",
    Units = "units" "rectify.units",
    Method = "method" "rectify.method",
    LinesChecked = "lines_checked" "rectify.lines_checked",
    LinesEvidenced = "lines_evidenced" "rectify.lines_evidenced",
    EarlierLevels = "earlier_levels" "rectify.earlier_levels",
    NoSuspicion = "no_suspicion" "rectify.no_suspicion",
    Title = "title" "rectify.title",
    NoticeLength = "notice_length" "rectify.notice_length",
    Objection = "objection" "rectify.objection",
    NoticeEnded = "notice_ended" "rectify.notice_ended",
    ObjectionsAnswered = "objections_answered" "rectify.objections_answered",
    DossierComplete = "dossier_complete" "rectify.dossier_complete",
    Number = "number" "rectify.number",
    ReasonText = "reason_text" "rectify.reason_text",
    PlannedOn = "planned_on" "rectify.planned_on",
    Members = "members" "rectify.members",
    Suspicion = "suspicion" "rectify.suspicion",
}

/// 所缺 — one thing a step lacks: which, and where it has lines, for which line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct Missing {
    pub fact: Fact,
    /// Condition, level, measure or item of the dossier index it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
}

impl Missing {
    fn of(fact: Fact) -> Self {
        Self { fact, line: None }
    }

    fn line(fact: Fact, line: &str) -> Self {
        Self {
            fact,
            line: Some(line.to_owned()),
        }
    }

    /// Stable code of the sentence people read.
    pub fn code(&self) -> &'static str {
        self.fact.code()
    }
}

/// 拟办 — who would take a step, on which day, with which entry. Without an entry only what is on file is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    pub actor: &'a str,
    /// Day claimed.
    pub on: Date,
    /// Day on which the register takes it; nobody can choose this one.
    pub recorded_on: Date,
    /// Position in the log before which facts count.
    pub seq: u64,
    pub body: Option<&'a EntryBody>,
}

impl<'a> Attempt<'a> {
    /// Somebody about to take a step today.
    pub fn today(actor: &'a str, today: Date, body: Option<&'a EntryBody>) -> Self {
        Self {
            actor,
            on: today,
            recorded_on: today,
            seq: u64::MAX,
            body,
        }
    }

    pub(crate) fn of(entry: &'a RecordedEntry) -> Self {
        Self {
            actor: &entry.entry.author.actor,
            on: civil_day(entry.claimed_at()),
            recorded_on: civil_day(entry.recorded_at),
            seq: entry.seq,
            body: Some(&entry.entry.body),
        }
    }
}

/// States in which the work was reported done at least once and not sent back.
pub const STATES_AFTER_REPORT: [SiteState; 6] = [
    SiteState::AwaitingAcceptance,
    SiteState::CountyAccepted,
    SiteState::CityDetermined,
    SiteState::InPublicNotice,
    SiteState::ClosedOut,
    SiteState::Consolidated,
];

/// Levels at which somebody may accept.
pub const LEVELS: [&str; 4] = ["self", "county", "city", "province"];

const PASSED: &str = "passed";

/// What the step needs, in the order of the transition table.
pub fn needs(step: IssueStep) -> &'static [Fact] {
    use Fact::*;
    match step {
        IssueStep::OpenIssue => &[Ground, Description, ResponsibleUnit, Requirements],
        IssueStep::DraftPlan => &[Target, Measures, DueOn],
        IssueStep::ReviewPlan => &[DifferentPerson, Plan, Signatures, DocumentNumber],
        IssueStep::Start => &[StartedOn],
        IssueStep::Progress | IssueStep::ReceiveObjection => &[Text],
        IssueStep::RequestExtension => &[Reason, NewDueOn],
        IssueStep::DecideExtension => &[DifferentPerson, Request, Approver, ExtensionLimit],
        IssueStep::Evidence => &[Line, Statement, Evidence],
        IssueStep::Report => &[MeasuresEvidenced, SameViewpoint, RestoredArea, ResultText],
        IssueStep::AcceptSelf => &[
            DifferentPerson,
            Signatures,
            Units,
            Method,
            LinesChecked,
            LinesEvidenced,
            EarlierLevels,
        ],
        IssueStep::AcceptCounty | IssueStep::Determine | IssueStep::FileProvince => &[
            DifferentPerson,
            Signatures,
            Units,
            Method,
            LinesChecked,
            LinesEvidenced,
            EarlierLevels,
            DocumentNumber,
            NoSuspicion,
        ],
        IssueStep::PublishNotice => &[
            Title,
            NoticeLength,
            LinesEvidenced,
            EarlierLevels,
            NoSuspicion,
        ],
        IssueStep::AnswerObjection => &[DifferentPerson, Objection, Text],
        IssueStep::CloseOut => &[
            DifferentPerson,
            LinesEvidenced,
            EarlierLevels,
            NoticeEnded,
            ObjectionsAnswered,
            DossierComplete,
            NoSuspicion,
            Number,
            DocumentNumber,
        ],
        IssueStep::CloseUnfixed => &[
            DifferentPerson,
            Signatures,
            ReasonText,
            Number,
            DocumentNumber,
        ],
        IssueStep::PlanLookBack => &[PlannedOn],
        IssueStep::LookBack => &[DifferentPerson, Members, Text],
        IssueStep::SuspectRelapse => &[Reason],
        IssueStep::JudgeRelapse => &[DifferentPerson, Suspicion, Reason],
    }
}

/// What is lacking for a step of an issue, in the order of the transition table; empty when it may be taken.
///
/// With a calendar the length of a public notice is counted in working days; without one it is only known to be
/// shorter than so many calendar days.
pub fn missing_for(
    step: IssueStep,
    issue: &Issue,
    dossier: &Dossier,
    attempt: &Attempt<'_>,
    calendar: Option<&WorkingCalendar>,
) -> Vec<Missing> {
    let check = Check {
        step,
        issue,
        dossier,
        attempt,
        calendar,
    };
    let needed = needs(step).iter().filter(|f| !check.is_waived(**f));
    needed.flat_map(|fact| check.lacking(*fact)).collect()
}

/// 可办步骤 — a step that may begin where the issue stands, and what it still lacks on file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenStep {
    pub step: IssueStep,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Missing>,
}

/// The steps that the table allows where the issue stands, for this actor, each with what is lacking.
pub fn open_steps(
    flow: &Flow,
    issue: &Issue,
    dossier: &Dossier,
    attempt: &Attempt<'_>,
    calendar: Option<&WorkingCalendar>,
) -> Vec<OpenStep> {
    let rows = flow.steps_from(issue.state.code());
    let steps = rows.filter_map(|row| IssueStep::from_code(&row.code));
    let of_issue = steps.filter(|step| *step != IssueStep::OpenIssue);
    of_issue
        .map(|step| OpenStep {
            step,
            missing: missing_for(step, issue, dossier, attempt, calendar),
        })
        .collect()
}

/// What is lacking to open an issue on a site with these issues.
pub fn missing_to_open(
    body: &IssueOpened,
    dossier: &Dossier,
    issues: &[Issue],
    seq: u64,
) -> Vec<Missing> {
    let holds = [
        (Fact::Ground, has_ground(body, dossier, issues, seq)),
        (Fact::Description, is_said(&body.description)),
        (Fact::ResponsibleUnit, is_said(&body.responsible_unit)),
        (Fact::Requirements, is_demanding(&body.requirements)),
    ];
    let lacking = holds.into_iter().filter(|(_, holds)| !holds);
    lacking.map(|(fact, _)| Missing::of(fact)).collect()
}

fn has_ground(body: &IssueOpened, dossier: &Dossier, issues: &[Issue], seq: u64) -> bool {
    let decided = body.characterization.map(|id| {
        let holds = |s: Standing| matches!(s, Standing::Effective | Standing::Withdrawn);
        dossier.characterizations.iter().any(|d| {
            let recorded = &d.recorded;
            let is_issue = matches!(recorded.body.verdict.as_str(), "violation" | "legacy");
            recorded.entry_id == id && recorded.seq < seq && holds(d.standing) && is_issue
        })
    });
    let carried = body.carried_over_from.as_ref().map(|source| {
        let of_source = |c: &Kept<crate::entries::IssueCarriedOver>| {
            c.seq < seq && c.body.source_kind == *source
        };
        dossier.carried_over.iter().any(of_source)
    });
    let again = body.reopens.map(|id| {
        let mut closed = issues
            .iter()
            .filter(|i| i.is_closed() || i.state == SiteState::Relapsed);
        closed.any(|i| i.id == id && i.reopened_by.is_none())
    });
    let grounds = [decided, carried, again];
    grounds.iter().any(Option::is_some) && grounds.into_iter().flatten().all(|holds| holds)
}

/// Whether requirements demand anything: at least one condition, and a level above the self-check.
pub fn is_demanding(requirements: &ClosingRequirements) -> bool {
    let checked = requirements.chain.iter().any(|l| l.level != "self");
    !requirements.lines.is_empty() && checked
}

/// Whether the action would check what the same actor did (职责分离).
pub fn is_own_work(action: Action, actor: &str, hands: &[Hand]) -> bool {
    let own = |h: &Hand| h.actor == actor && SEPARATED.contains(&(action, h.action));
    hands.iter().any(own)
}

/// The facts of a step as the transition table asks for them, and the result that decides where it leads.
pub fn facts(step: IssueStep, missing: &[Missing], body: &EntryBody) -> Facts {
    let lacks = |fact: Fact| missing.iter().any(|m| m.fact == fact);
    let mut facts: Facts = needs(step)
        .iter()
        .map(|fact| (fact.name().to_owned(), (!lacks(*fact)).into()))
        .collect();
    if let Some(result) = result_of(body) {
        facts.insert("result".to_owned(), result.into());
    }
    facts
}

fn result_of(body: &EntryBody) -> Option<&str> {
    Some(match body {
        EntryBody::PlanReviewed(b) => &b.result,
        EntryBody::AcceptanceRecorded(b) => &b.result,
        EntryBody::ObjectionAnswered(b) => &b.result,
        EntryBody::CloseOutRecorded(b) => &b.reason,
        EntryBody::LookBackRecorded(b) => &b.result,
        EntryBody::RelapseJudged(b) => &b.verdict,
        _ => return None,
    })
}

fn is_said(text: &str) -> bool {
    !text.trim().is_empty()
}

fn said(text: Option<&String>) -> bool {
    text.is_some_and(|t| is_said(t))
}

struct Check<'a> {
    step: IssueStep,
    issue: &'a Issue,
    dossier: &'a Dossier,
    attempt: &'a Attempt<'a>,
    calendar: Option<&'a WorkingCalendar>,
}

impl Check<'_> {
    /// A paper that says no needs less than one that says yes.
    fn is_waived(&self, fact: Fact) -> bool {
        let says_no = match self.attempt.body {
            Some(EntryBody::AcceptanceRecorded(b)) => b.result != PASSED,
            Some(EntryBody::PlanReviewed(b)) => b.result != "approved",
            Some(EntryBody::ExtensionDecided(b)) => b.result != "granted",
            _ => false,
        };
        let of_yes = matches!(
            fact,
            Fact::Signatures
                | Fact::Units
                | Fact::Method
                | Fact::LinesChecked
                | Fact::LinesEvidenced
                | Fact::EarlierLevels
                | Fact::DocumentNumber
                | Fact::NoSuspicion
                | Fact::ExtensionLimit
        );
        says_no && of_yes
    }

    fn lacking(&self, fact: Fact) -> Vec<Missing> {
        match fact {
            Fact::LinesEvidenced => self.lines_lacking(),
            Fact::EarlierLevels => self.levels_lacking(),
            Fact::DossierComplete => self.index_lacking(),
            _ if self.holds(fact) => Vec::new(),
            Fact::LinesChecked => self.lines_unchecked(),
            Fact::MeasuresEvidenced => self.measures_lacking(),
            fact => vec![Missing::of(fact)],
        }
    }

    fn holds(&self, fact: Fact) -> bool {
        match fact {
            Fact::DifferentPerson => self.is_other_person(),
            Fact::NoSuspicion => {
                let mut noted = self.issue.suspicions.iter();
                !noted.any(|noted| stops_acceptance(self.issue, noted))
            }
            Fact::NoticeEnded => self.is_notice_over(),
            Fact::ObjectionsAnswered => self.issue.objections.iter().all(|o| o.answer.is_some()),
            fact => self
                .attempt
                .body
                .is_none_or(|body| self.body_has(fact, body)),
        }
    }

    fn is_other_person(&self) -> bool {
        let signed = self.attempt.body.map_or(&[][..], signatures);
        let accounts = signed.iter().filter_map(|s| s.account.as_deref());
        let mut all = std::iter::once(self.attempt.actor).chain(accounts);
        !all.any(|actor| is_own_work(self.step.action(), actor, &self.issue.hands))
    }

    fn lines_lacking(&self) -> Vec<Missing> {
        let lines = self.issue.requirements.lines.iter();
        let open = lines.filter(|line| !self.is_evidenced(line));
        open.map(|line| Missing::line(Fact::LinesEvidenced, line))
            .collect()
    }

    /// A condition counts when it was evidenced by somebody who has not accepted and is not the one to decide now.
    fn is_evidenced(&self, line: &str) -> bool {
        let others = |c: &&Kept<CompletionEvidenced>| {
            c.seq < self.attempt.seq
                && c.actor != self.attempt.actor
                && !accepted_by(self.issue, &c.actor)
        };
        evidence_of(self.issue, line).any(|c| others(&c))
    }

    fn levels_lacking(&self) -> Vec<Missing> {
        let passed = |link: &&ChainLink| self.issue.passed_at(&link.level).is_some();
        let own = self.step.level();
        let chain = &self.issue.requirements.chain;
        if let Some(level) = own.filter(|own| !chain.iter().any(|l| l.level == *own)) {
            return vec![Missing::line(Fact::EarlierLevels, level)];
        }
        let before = chain.iter().take_while(|l| Some(l.level.as_str()) != own);
        let is_due =
            |link: &&ChainLink| self.step != IssueStep::PublishNotice || !link.is_after_notice;
        let lacking = before.filter(is_due).filter(|l| !passed(l));
        lacking
            .map(|l| Missing::line(Fact::EarlierLevels, &l.level))
            .collect()
    }

    fn index_lacking(&self) -> Vec<Missing> {
        let items = dossier_index(self.dossier, self.issue, self.attempt);
        // Looked at without an entry: what the step itself brings is not lacking yet.
        let brings = |i: &IndexItem| self.attempt.body.is_none() && i.code == index::REGISTRATION;
        let lacking = items
            .into_iter()
            .filter(|i| i.is_needed && !i.is_there && !brings(i));
        lacking
            .map(|i| Missing::line(Fact::DossierComplete, &i.code))
            .collect()
    }

    fn lines_unchecked(&self) -> Vec<Missing> {
        let Some(EntryBody::AcceptanceRecorded(body)) = self.attempt.body else {
            return Vec::new();
        };
        let lines = self.issue.requirements.lines.iter();
        let open = lines.filter(|line| !is_found_met(body, line));
        open.map(|line| Missing::line(Fact::LinesChecked, line))
            .collect()
    }

    fn measures_lacking(&self) -> Vec<Missing> {
        let Some(EntryBody::RectificationReported(body)) = self.attempt.body else {
            return Vec::new();
        };
        let open = measures_without_evidence(self.issue, body).into_iter();
        open.map(|n| Missing::line(Fact::MeasuresEvidenced, &n.to_string()))
            .collect()
    }

    fn is_notice_over(&self) -> bool {
        if self.issue.requirements.notice_working_days == 0 {
            return true;
        }
        let claimed = match self.attempt.body {
            Some(EntryBody::CloseOutRecorded(b)) => b.closed_on.min(self.attempt.on),
            _ => self.attempt.on,
        };
        let day = claimed.min(self.attempt.recorded_on);
        let notice = self.issue.notice();
        notice.is_some_and(|n| n.body.ended_on < day && self.is_long_enough(&n.body))
    }

    fn is_long_enough(&self, notice: &NoticePublished) -> bool {
        let needed = self.issue.requirements.notice_working_days;
        let (first, last) = (notice.started_on, notice.ended_on);
        let calendar_days = i64::from((last - first).get_days()) + 1;
        let counted = self.calendar.map(|c| c.public_notice_end(first, needed));
        let is_counted = counted.is_none_or(|end| end.is_ok_and(|end| end <= last));
        notice.working_days >= needed && calendar_days >= i64::from(needed) && is_counted
    }

    /// What can be read off the entry itself.
    fn body_has(&self, fact: Fact, body: &EntryBody) -> bool {
        match body {
            EntryBody::PlanDrafted(b) => match fact {
                Fact::Target => is_said(&b.target),
                Fact::Measures => has_measures(b),
                _ => true,
            },
            EntryBody::PlanReviewed(b) => match fact {
                Fact::Plan => self
                    .issue
                    .plan
                    .as_ref()
                    .is_some_and(|p| p.entry_id == b.plan),
                Fact::Signatures => distinct(&b.reviewers) >= 2,
                _ => said(b.document_number.as_ref()),
            },
            EntryBody::ProgressReported(b) => is_said(&b.text),
            EntryBody::ObjectionReceived(b) => is_said(&b.text),
            EntryBody::ExtensionRequested(b) => match fact {
                Fact::Reason => is_said(&b.reason),
                _ => self.issue.due_on.is_none_or(|due| due < b.new_due_on),
            },
            EntryBody::ExtensionDecided(b) => self.extension_has(fact, b),
            EntryBody::CompletionEvidenced(b) => match fact {
                Fact::Line => self.issue.requirements.lines.contains(&b.line),
                Fact::Statement => is_said(&b.statement),
                _ => has_files(&b.evidence),
            },
            EntryBody::RectificationReported(b) => self.report_has(fact, b),
            EntryBody::AcceptanceRecorded(b) => self.acceptance_has(fact, b),
            EntryBody::NoticePublished(b) => match fact {
                Fact::Title => is_said(&b.title),
                _ => self.is_long_enough(b),
            },
            EntryBody::ObjectionAnswered(b) => match fact {
                Fact::Objection => self
                    .issue
                    .objections
                    .iter()
                    .any(|o| o.recorded.entry_id == b.objection && o.answer.is_none()),
                _ => is_said(&b.text),
            },
            body => self.closing_has(fact, body),
        }
    }

    fn closing_has(&self, fact: Fact, body: &EntryBody) -> bool {
        match body {
            EntryBody::CloseOutRecorded(b) => match fact {
                Fact::Signatures => distinct(&b.signatures) >= 2,
                Fact::ReasonText => is_said(&b.reason_text),
                Fact::Number => is_said(&b.number),
                _ => said(b.document_number.as_ref()),
            },
            EntryBody::LookBackRecorded(b) => match fact {
                Fact::Members => distinct(&b.members) >= 2,
                _ => is_said(&b.text),
            },
            EntryBody::RelapseSuspected(b) => is_said(&b.reason),
            EntryBody::RelapseJudged(b) => match fact {
                Fact::Suspicion => self
                    .issue
                    .relapses
                    .iter()
                    .any(|r| r.recorded.entry_id == b.suspicion && r.answer.is_none()),
                _ => is_said(&b.reason),
            },
            _ => true,
        }
    }

    fn extension_has(&self, fact: Fact, body: &crate::entries::ExtensionDecided) -> bool {
        let asked = |e: &&Answered<_, _>| -> bool {
            let e: &Answered<crate::entries::ExtensionRequested, _> = e;
            let answer: &Option<Kept<crate::entries::ExtensionDecided>> = &e.answer;
            e.recorded.entry_id == body.request && answer.is_none()
        };
        let request = self.issue.extensions.iter().find(asked);
        match fact {
            Fact::Request => request.is_some(),
            Fact::Approver => is_said(&body.approver),
            _ => {
                let to = body
                    .new_due_on
                    .or(request.map(|r| r.recorded.body.new_due_on));
                to.is_some_and(|to| self.is_within_extension_limit(to))
            }
        }
    }

    fn is_within_extension_limit(&self, to: Date) -> bool {
        let limits = &self.issue.requirements;
        let from = self.issue.plan.as_ref().map(|p| p.body.due_on);
        let days = from
            .or(self.issue.due_on)
            .map_or(0, |from| (to - from).get_days());
        let again = self.issue.granted_count() + 1;
        let is_rare = u32::try_from(again).is_ok_and(|n| n <= limits.extension_count);
        is_rare && i64::from(days) <= i64::from(limits.extension_days)
    }

    fn report_has(&self, fact: Fact, body: &RectificationReported) -> bool {
        let needs = &self.issue.requirements;
        match fact {
            Fact::MeasuresEvidenced => {
                self.issue.plan.is_some() && measures_without_evidence(self.issue, body).is_empty()
            }
            Fact::SameViewpoint => {
                let pairs = &body.photo_pairs;
                pairs
                    .iter()
                    .any(|p| is_same_viewpoint(p, needs.viewpoint_tolerance_deg))
            }
            Fact::RestoredArea => {
                !needs.needs_restored_area || body.restored_area_m2.is_some_and(|a| a > 0.0)
            }
            _ => is_said(&body.result_text),
        }
    }

    fn acceptance_has(&self, fact: Fact, body: &AcceptanceRecorded) -> bool {
        let chain = &self.issue.requirements.chain;
        let link = chain.iter().find(|l| l.level == body.level);
        let count = |of: fn(&ChainLink) -> u32| link.map_or(1, of).max(1) as usize;
        match fact {
            Fact::Signatures => distinct(&body.members) >= count(|l| l.signatures),
            Fact::Units => {
                let units: BTreeSet<&str> = body.units.iter().map(|u| u.trim()).collect();
                units.iter().filter(|u| !u.is_empty()).count() >= count(|l| l.units)
            }
            Fact::Method => body.methods.iter().any(|m| m == "on_site"),
            Fact::LinesChecked => {
                let lines = &self.issue.requirements.lines;
                lines.iter().all(|line| is_found_met(body, line))
            }
            _ => said(body.document_number.as_ref()),
        }
    }
}

fn has_measures(plan: &crate::entries::PlanDrafted) -> bool {
    let is_measured = |m: &crate::entries::RectificationMeasure| {
        is_said(&m.content)
            && m.quantities
                .iter()
                .all(|q| q.value.is_finite() && q.value >= 0.0)
    };
    let numbers: BTreeSet<u32> = plan.measures.iter().map(|m| m.sequence).collect();
    let has_quantity = plan.measures.iter().any(|m| !m.quantities.is_empty());
    let is_whole = numbers.len() == plan.measures.len() && !plan.measures.is_empty();
    is_whole && has_quantity && plan.measures.iter().all(is_measured)
}

fn measures_without_evidence(issue: &Issue, report: &RectificationReported) -> Vec<u32> {
    let reported = |n: u32| {
        let mut of_measure = report.measures.iter().filter(|m| m.sequence == n);
        of_measure.any(|m| has_files(&m.evidence))
    };
    let shown = |n: u32| {
        let mut of_measure = issue.progress.iter().filter(|p| p.body.measure == Some(n));
        of_measure.any(|p| has_files(&p.body.evidence))
    };
    let planned = issue.plan.iter().flat_map(|p| &p.body.measures);
    let open = planned
        .map(|m| m.sequence)
        .filter(|n| !reported(*n) && !shown(*n));
    open.collect()
}

fn has_files(hashes: &[String]) -> bool {
    hashes.iter().any(|h| is_said(h))
}

fn is_same_viewpoint(pair: &PhotoPair, tolerance_deg: f64) -> bool {
    let (Some(before), Some(after)) = (pair.before_azimuth_deg, pair.after_azimuth_deg) else {
        return false;
    };
    let turn = (before - after).rem_euclid(360.0);
    let are_two = is_said(&pair.before) && is_said(&pair.after) && pair.before != pair.after;
    are_two && turn.min(360.0 - turn) <= tolerance_deg
}

fn is_found_met(body: &AcceptanceRecorded, line: &str) -> bool {
    let mut about = body.checks.iter().filter(|c| c.line == line).peekable();
    about.peek().is_some() && about.all(|c| c.is_met)
}

fn distinct(signatures: &[Signature]) -> usize {
    let named = signatures.iter().filter(|s| is_said(&s.post));
    let key = |s: &Signature| {
        let by_post = (s.post.trim().to_owned(), s.unit.clone());
        s.account.clone().map_or(by_post, |a| (a, None))
    };
    named.map(key).collect::<BTreeSet<_>>().len()
}

/// Whether a suspicion stands in the way of acceptance: a grave one that nobody judged, or a fake. A fake once sent back is
/// behind; what was found since the work was last reported counts.
pub fn stops_acceptance(issue: &Issue, noted: &Answered<SuspicionFound, SuspicionJudged>) -> bool {
    match &noted.answer {
        None => noted.recorded.body.grade == "high",
        Some(judged) => {
            judged.body.verdict == "fake" && noted.recorded.seq > issue.counted_from_seq
        }
    }
}

/// Whether the actor accepted the work at a level that counts, by own hand or by signature.
fn accepted_by(issue: &Issue, actor: &str) -> bool {
    let passed = LEVELS.iter().filter_map(|level| issue.passed_at(level));
    let mut passed = passed;
    passed.any(|a| {
        let signed = a.body.members.iter().filter_map(|m| m.account.as_deref());
        a.actor == actor || signed.into_iter().any(|account| account == actor)
    })
}

/// Evidence of a condition that counts: stated, with files, of an accepted value, and not found wanting since.
pub fn evidence_of<'a>(
    issue: &'a Issue,
    line: &'a str,
) -> impl Iterator<Item = &'a Kept<CompletionEvidenced>> {
    let wanting =
        |a: &&Kept<AcceptanceRecorded>| a.body.checks.iter().any(|c| c.line == line && !c.is_met);
    let found_wanting = issue
        .acceptances
        .iter()
        .filter(wanting)
        .map(|a| a.seq)
        .max();
    let values = issue.requirements.line_values.get(line);
    let is_accepted = move |value: Option<&String>| {
        values.is_none_or(|values| value.is_some_and(|v| values.contains(v)))
    };
    issue.completions.iter().filter(move |c| {
        let body = &c.body;
        body.line == line
            && is_said(&body.statement)
            && has_files(&body.evidence)
            && is_accepted(body.value.as_ref())
            && found_wanting.is_none_or(|seq| c.seq > seq)
    })
}

/// 条件进度 — one condition of an issue with what counts for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LineProgress {
    pub line: String,
    pub is_evidenced: bool,
    /// Entries that evidence it.
    pub entries: Vec<crate::ids::EntryId>,
    /// What the latest acceptance that spoke of it remarked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

/// The checklist of an issue, line by line.
pub fn checklist(issue: &Issue) -> Vec<LineProgress> {
    let remark = |line: &str| {
        let checks = issue.acceptances.iter().rev().flat_map(|a| &a.body.checks);
        let mut about = checks.filter(|c| c.line == line);
        about.next().and_then(|c| c.remark.clone())
    };
    let lines = issue.requirements.lines.iter();
    lines
        .map(|line| {
            let entries: Vec<_> = evidence_of(issue, line).map(|c| c.entry_id).collect();
            LineProgress {
                line: line.clone(),
                is_evidenced: !entries.is_empty(),
                entries,
                remark: remark(line),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;
