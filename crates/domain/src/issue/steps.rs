//! The steps of an issue: their codes in the transition table, and which right each asks for.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::entry::EntryBody;
use crate::policy::Action;

macro_rules! steps {
    ($($variant:ident = $code:literal $action:ident),+ $(,)?) => {
        /// 整改步骤 — one step of an issue, by its code in the transition table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum IssueStep {
            $(
                #[doc = $code]
                $variant,
            )+
        }

        impl IssueStep {
            /// Every step, in the order of the work.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code in the transition table.
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }

            /// The right that taking the step asks for.
            pub fn action(self) -> Action {
                match self {
                    $(Self::$variant => Action::$action,)+
                }
            }
        }
    };
}

steps! {
    OpenIssue = "open_issue" OpenIssue,
    DraftPlan = "draft_plan" DraftPlan,
    ReviewPlan = "review_plan" ReviewPlan,
    Start = "start" StartRectification,
    Progress = "progress" ReportProgress,
    RequestExtension = "request_extension" RequestExtension,
    DecideExtension = "decide_extension" DecideExtension,
    Evidence = "evidence" EvidenceCompletion,
    Report = "report" ReportRectification,
    AcceptSelf = "accept_self" AcceptSelf,
    AcceptCounty = "accept_county" AcceptCounty,
    Determine = "determine" Determine,
    PublishNotice = "publish_notice" PublishNotice,
    ReceiveObjection = "receive_objection" ReceiveObjection,
    AnswerObjection = "answer_objection" HandleObjection,
    FileProvince = "file_province" FileProvince,
    CloseOut = "close_out" CloseOut,
    CloseUnfixed = "close_unfixed" CloseOut,
    PlanLookBack = "plan_look_back" PlanLookBack,
    LookBack = "look_back" LookBack,
    SuspectRelapse = "suspect_relapse" SuspectRelapse,
    JudgeRelapse = "judge_relapse" JudgeRelapse,
}

impl IssueStep {
    /// The step with this code of the transition table.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|s| s.code() == code)
    }

    /// The step that an entry takes, if it takes one. An acceptance of a level nobody knows takes none.
    pub fn of(body: &EntryBody) -> Option<Self> {
        Some(match body {
            EntryBody::IssueOpened(_) => Self::OpenIssue,
            EntryBody::PlanDrafted(_) => Self::DraftPlan,
            EntryBody::PlanReviewed(_) => Self::ReviewPlan,
            EntryBody::RectificationStarted(_) => Self::Start,
            EntryBody::ProgressReported(_) => Self::Progress,
            EntryBody::ExtensionRequested(_) => Self::RequestExtension,
            EntryBody::ExtensionDecided(_) => Self::DecideExtension,
            EntryBody::CompletionEvidenced(_) => Self::Evidence,
            EntryBody::RectificationReported(_) => Self::Report,
            EntryBody::AcceptanceRecorded(b) => return Self::of_level(&b.level),
            EntryBody::NoticePublished(_) => Self::PublishNotice,
            EntryBody::ObjectionReceived(_) => Self::ReceiveObjection,
            EntryBody::ObjectionAnswered(_) => Self::AnswerObjection,
            EntryBody::CloseOutRecorded(b) if b.reason == "rectified" => Self::CloseOut,
            EntryBody::CloseOutRecorded(_) => Self::CloseUnfixed,
            EntryBody::LookBackPlanned(_) => Self::PlanLookBack,
            EntryBody::LookBackRecorded(_) => Self::LookBack,
            EntryBody::RelapseSuspected(_) => Self::SuspectRelapse,
            EntryBody::RelapseJudged(_) => Self::JudgeRelapse,
            _ => return None,
        })
    }

    /// The step by which a level accepts.
    pub fn of_level(level: &str) -> Option<Self> {
        Some(match level {
            "self" => Self::AcceptSelf,
            "county" => Self::AcceptCounty,
            "city" => Self::Determine,
            "province" => Self::FileProvince,
            _ => return None,
        })
    }

    /// The level that a step accepts at.
    pub fn level(self) -> Option<&'static str> {
        Some(match self {
            Self::AcceptSelf => "self",
            Self::AcceptCounty => "county",
            Self::Determine => "city",
            Self::FileProvince => "province",
            _ => return None,
        })
    }

    /// Whether its entries commute: they are kept whenever they come and change no state.
    pub fn commutes(self) -> bool {
        matches!(
            self,
            Self::Progress
                | Self::RequestExtension
                | Self::Evidence
                | Self::ReceiveObjection
                | Self::SuspectRelapse
        )
    }
}

/// The right that an entry of an issue asks for; `None` for what is not appended to an issue.
pub fn action_of(body: &EntryBody) -> Option<Action> {
    Some(match body {
        EntryBody::IssueAmended(_) => Action::AmendIssue,
        EntryBody::UrgingIssued(_) => Action::Urge,
        EntryBody::UrgingAnswered(_) => Action::AnswerUrging,
        EntryBody::PenaltyRecorded(_) => Action::RecordPenalty,
        EntryBody::AccountabilityRecorded(_) => Action::RecordAccountability,
        EntryBody::ReferralRecorded(_) | EntryBody::ReferralReceived(_) => Action::Refer,
        EntryBody::SuspicionFound(_) => Action::FindSuspicion,
        EntryBody::SuspicionJudged(_) => Action::JudgeSuspicion,
        EntryBody::LessonRecorded(_) => Action::RecordLesson,
        EntryBody::PublicityRecorded(_) => Action::RecordPublicity,
        step => return IssueStep::of(step).map(IssueStep::action),
    })
}
