//! 问题摘要 — issues as a site's page names them, and entries of issues in a few words.

use domain::dossier::Dossier;
use domain::entry::EntryBody;
use domain::ids::EntryId;
use domain::ledger::Labels;
use serde::Serialize;
use utoipa::ToSchema;

use super::code_of;
use crate::session::Session;

/// 问题摘要 — an issue of a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct IssueBrief {
    #[schema(value_type = String, format = Uuid)]
    pub issue_id: EntryId,
    pub issue_code: String,
    pub state: String,
    pub state_label: String,
    pub responsible_unit: String,
    #[schema(value_type = Option<String>, format = Date)]
    pub due_on: Option<jiff::civil::Date>,
    pub is_open: bool,
}

impl Session {
    pub(crate) fn issue_briefs(&self, dossier: &Dossier) -> Vec<IssueBrief> {
        let issues = dossier.issues.iter();
        issues
            .map(|issue| IssueBrief {
                issue_id: issue.id,
                issue_code: code_of(dossier, issue),
                state: issue.state.code().to_owned(),
                state_label: self.label("site_state", issue.state.code()),
                responsible_unit: issue.responsible.unit.clone(),
                due_on: issue.due_on,
                is_open: issue.is_open(),
            })
            .collect()
    }

    /// An entry of an issue in a few words.
    pub(crate) fn issue_summary(&self, body: &EntryBody) -> String {
        let labelled = |list: &str, code: &str, text: &str| {
            format!("{} {text}", self.label(list, code))
                .trim()
                .to_owned()
        };
        match body {
            EntryBody::IssueOpened(b) => b.description.clone(),
            EntryBody::IssueAmended(b) => b.reason.clone(),
            EntryBody::PlanDrafted(b) => b.target.clone(),
            EntryBody::PlanReviewed(b) => self.said(&b.result, b.opinion.as_deref()),
            EntryBody::RectificationStarted(b) => b.started_on.to_string(),
            EntryBody::ProgressReported(b) => b.text.clone(),
            EntryBody::ExtensionRequested(b) => format!("{} {}", b.new_due_on, b.reason),
            EntryBody::ExtensionDecided(b) => self.said(&b.result, b.opinion.as_deref()),
            EntryBody::RectificationReported(b) => b.result_text.clone(),
            EntryBody::CompletionEvidenced(b) => {
                let closing = self.campaign.closing.as_ref();
                let line = closing.and_then(|c| c.find_line(&b.line));
                let label = line.map_or(b.line.as_str(), |l| &l.label);
                format!("{label}：{}", b.statement)
            }
            EntryBody::AcceptanceRecorded(b) => {
                let level = self.label("accept_level", &b.level);
                let opinion = b.opinion.as_deref().unwrap_or_default();
                format!("{level} {}", labelled("accept_result", &b.result, opinion))
            }
            EntryBody::NoticePublished(b) => {
                format!("{} {}—{}", b.title, b.started_on, b.ended_on)
            }
            EntryBody::ObjectionReceived(b) => b.text.clone(),
            EntryBody::ObjectionAnswered(b) => self.said(&b.result, Some(&b.text)),
            EntryBody::CloseOutRecorded(b) => {
                format!("{} {}", b.number, labelled("close_reason", &b.reason, ""))
            }
            EntryBody::LookBackPlanned(b) => b.planned_on.to_string(),
            EntryBody::LookBackRecorded(b) => labelled("look_back", &b.result, &b.text),
            EntryBody::RelapseSuspected(b) => b.reason.clone(),
            EntryBody::RelapseJudged(b) => labelled("relapse", &b.verdict, &b.reason),
            body => self.summary_beside(body),
        }
    }

    fn summary_beside(&self, body: &EntryBody) -> String {
        let labelled =
            |list: &str, code: &str, text: &str| format!("{} {text}", self.label(list, code));
        match body {
            EntryBody::UrgingIssued(b) => labelled("urge", &b.rung, &b.to_unit),
            EntryBody::UrgingAnswered(b) => b.text.clone(),
            EntryBody::PenaltyRecorded(b) => {
                labelled("penalty", &b.penalty_kind, &b.document_number)
            }
            EntryBody::AccountabilityRecorded(b) => {
                labelled("accountability", &b.action_kind, &b.ground)
            }
            EntryBody::ReferralRecorded(b) => labelled("referral", &b.to_kind, &b.to_unit),
            EntryBody::ReferralReceived(b) => self.said(&b.result, b.text.as_deref()),
            EntryBody::SuspicionFound(b) => labelled("suspicion", &b.suspicion, &b.text),
            EntryBody::SuspicionJudged(b) => labelled("suspicion_verdict", &b.verdict, &b.reason),
            EntryBody::LessonRecorded(b) => b.gap.clone(),
            EntryBody::PublicityRecorded(b) => b.title.clone(),
            _ => String::new(),
        }
    }

    /// A result that is no code of a list, with what was said to it.
    fn said(&self, result: &str, text: Option<&str>) -> String {
        let result = self.messages.text(&format!("result.{result}"), &[]);
        format!("{result} {}", text.unwrap_or_default())
            .trim()
            .to_owned()
    }
}
