//! 待办 — what waits for somebody's hand where an issue stands: which step, by which right, and by when.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::deadlines::Deadline;
use crate::dossier::SiteState;
use crate::issue::{Issue, IssueStep};
use crate::policy::Action;

macro_rules! waits {
    ($($variant:ident = $code:literal $action:ident $timers:expr),+ $(,)?) => {
        /// 待办类别 — one kind of work that waits.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum WaitKind {
            $(
                #[doc = $code]
                $variant,
            )+
        }

        impl WaitKind {
            /// All of them, in the order of the work.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its code, as asked for and as its label is looked up by.
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }

            /// The right that doing it asks for.
            pub fn action(self) -> Action {
                match self {
                    $(Self::$variant => Action::$action,)+
                }
            }

            /// Deadlines by which it is to be done, the nearest of them.
            fn timers(self) -> &'static [&'static str] {
                match self {
                    $(Self::$variant => &$timers,)+
                }
            }
        }
    };
}

const PLAN: [&str; 3] = ["plan", "plan_due", "plan_after_interview"];
const WORK: [&str; 2] = ["rectification_due", "supplement_due"];

waits! {
    Reopen = "reopen" OpenIssue [],
    DraftPlan = "draft_plan" DraftPlan PLAN,
    ReviewPlan = "review_plan" ReviewPlan WORK,
    Start = "start" StartRectification WORK,
    Rectify = "rectify" ReportProgress WORK,
    DecideExtension = "decide_extension" DecideExtension WORK,
    Supplement = "supplement" EvidenceCompletion WORK,
    AcceptSelf = "accept_self" AcceptSelf [],
    AcceptCounty = "accept_county" AcceptCounty [],
    Determine = "determine" Determine [],
    FileProvince = "file_province" FileProvince [],
    PublishNotice = "publish_notice" PublishNotice [],
    AnswerObjection = "answer_objection" HandleObjection ["objection_answer"],
    CloseOut = "close_out" CloseOut [],
    AnswerUrging = "answer_urging" AnswerUrging ["urging_answer"],
    AnswerReferral = "answer_referral" Refer [],
    LookBack = "look_back" LookBack ["look_back_due"],
    JudgeRelapse = "judge_relapse" JudgeRelapse [],
    JudgeSuspicion = "judge_suspicion" JudgeSuspicion [],
}

impl WaitKind {
    /// The one with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|k| k.code() == code)
    }

    fn of_level(level: &str) -> Option<Self> {
        Some(match IssueStep::of_level(level)? {
            IssueStep::AcceptSelf => Self::AcceptSelf,
            IssueStep::AcceptCounty => Self::AcceptCounty,
            IssueStep::Determine => Self::Determine,
            _ => Self::FileProvince,
        })
    }
}

/// 待办 — one thing that waits, since when it may be done and by when it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Wait {
    pub kind: WaitKind,
    /// First day on which it may be done, where that day has to come: the day after a public notice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_on: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_on: Option<Date>,
}

/// Everything that waits for somebody where the issue stands, whoever it is. `deadlines` are those that run for it.
pub fn waiting(issue: &Issue, deadlines: &[Deadline]) -> Vec<Wait> {
    let mut kinds = kinds_of_state(issue);
    kinds.extend(kinds_beside(issue));
    kinds.sort();
    kinds.dedup();
    let wait = |kind: WaitKind| Wait {
        kind,
        from_on: (kind == WaitKind::CloseOut)
            .then(|| day_after_notice(issue))
            .flatten(),
        due_on: nearest(deadlines, kind.timers()),
    };
    kinds.into_iter().map(wait).collect()
}

fn nearest(deadlines: &[Deadline], timers: &[&str]) -> Option<Date> {
    let of_kind = deadlines
        .iter()
        .filter(|d| timers.contains(&d.timer.as_str()));
    of_kind.map(|d| d.due_on).min()
}

fn day_after_notice(issue: &Issue) -> Option<Date> {
    issue.notice()?.body.ended_on.tomorrow().ok()
}

fn kinds_of_state(issue: &Issue) -> Vec<WaitKind> {
    if issue.reopened_by.is_some() {
        return Vec::new();
    }
    match issue.state {
        SiteState::Characterized => vec![WaitKind::DraftPlan],
        SiteState::Planning if is_plan_returned(issue) => vec![WaitKind::DraftPlan],
        SiteState::Planning => vec![WaitKind::ReviewPlan],
        SiteState::PlanApproved => vec![WaitKind::Start],
        SiteState::Rectifying => {
            let asked = issue.extensions.iter().any(|e| e.answer.is_none());
            let extension = asked.then_some(WaitKind::DecideExtension);
            [Some(WaitKind::Rectify), extension]
                .into_iter()
                .flatten()
                .collect()
        }
        SiteState::AwaitingAcceptance
        | SiteState::CountyAccepted
        | SiteState::CityDetermined
        | SiteState::InPublicNotice => kinds_of_acceptance(issue),
        SiteState::ClosedOut | SiteState::Consolidated => kinds_of_look_back(issue),
        SiteState::Relapsed => vec![WaitKind::Reopen],
        _ => Vec::new(),
    }
}

fn is_plan_returned(issue: &Issue) -> bool {
    let plan = issue.plan.as_ref().map(|p| p.entry_id);
    let last = issue.reviews.last().map(|r| &r.body);
    last.is_some_and(|r| r.result == "returned" && Some(r.plan) == plan)
}

/// The chain goes on with its first level that has not passed; the public notice stands where the chain puts it.
fn kinds_of_acceptance(issue: &Issue) -> Vec<WaitKind> {
    let needs = &issue.requirements;
    let open = |after: bool| {
        let mut links = needs.chain.iter().filter(|l| l.is_after_notice == after);
        links.find(|l| issue.passed_at(&l.level).is_none())
    };
    if let Some(link) = open(false) {
        let to_supplement = issue
            .acceptances
            .last()
            .is_some_and(|a| a.body.result == "supplement" && !is_supplemented(issue, a.seq));
        let supplement = to_supplement.then_some(WaitKind::Supplement);
        let level = WaitKind::of_level(&link.level);
        return supplement.or(level).into_iter().collect();
    }
    if needs.notice_working_days > 0 && issue.notice().is_none() {
        return vec![WaitKind::PublishNotice];
    }
    if issue.objections.iter().any(|o| o.answer.is_none()) {
        return vec![WaitKind::AnswerObjection];
    }
    let later = open(true).and_then(|l| WaitKind::of_level(&l.level));
    vec![later.unwrap_or(WaitKind::CloseOut)]
}

fn is_supplemented(issue: &Issue, since: u64) -> bool {
    issue.completions.iter().any(|c| c.seq > since)
}

fn kinds_of_look_back(issue: &Issue) -> Vec<WaitKind> {
    let planned = issue.look_back_plans.last().map(|p| p.seq);
    let done = issue.look_backs.last().map(|l| l.seq);
    let is_due = planned.is_some_and(|planned| done.is_none_or(|done| done < planned));
    let is_suspected = issue.relapses.iter().any(|r| r.answer.is_none());
    [
        is_due.then_some(WaitKind::LookBack),
        is_suspected.then_some(WaitKind::JudgeRelapse),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What waits whatever the state: papers not answered, suspicions not judged.
fn kinds_beside(issue: &Issue) -> Vec<WaitKind> {
    let urged = issue.is_open() && issue.urgings.iter().any(|u| u.answer.is_none());
    let referred = issue.referrals.iter().any(|r| r.answer.is_none());
    let suspected = issue.suspicions.iter().any(|s| s.answer.is_none());
    [
        urged.then_some(WaitKind::AnswerUrging),
        referred.then_some(WaitKind::AnswerReferral),
        suspected.then_some(WaitKind::JudgeSuspicion),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests;
