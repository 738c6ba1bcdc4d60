//! 一点一档目录 — the fifteen items of the dossier index and which of them are there (lists of 临沂, 武进, 天祝, 武威).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Attempt, evidence_of, is_said};
use crate::dossier::Dossier;
use crate::entry::EntryBody;
use crate::issue::Issue;

/// 目录项 — one item of the dossier index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IndexItem {
    /// 1 to 15.
    pub number: u8,
    pub code: String,
    pub is_needed: bool,
    pub is_there: bool,
}

/// Codes of the items, in their order.
pub(super) const ITEMS: [&str; 15] = [
    "cover",
    "clue_source",
    "verification",
    "permits",
    "characterization",
    "assessment",
    "plan",
    "responsibility",
    "process",
    "after_photos",
    "effect",
    "acceptances",
    "notice",
    REGISTRATION,
    "look_back",
];
/// 销号登记表: filled in with the close-out.
pub(super) const REGISTRATION: &str = "registration_form";

/// The index of an issue's dossier, as of the attempt.
pub fn dossier_index(dossier: &Dossier, issue: &Issue, attempt: &Attempt<'_>) -> Vec<IndexItem> {
    let items = (1..).zip(ITEMS);
    items
        .map(|(number, code)| IndexItem {
            number,
            code: code.to_owned(),
            is_needed: issue.requirements.index.iter().any(|i| i == code),
            is_there: is_there(code, dossier, issue, attempt),
        })
        .collect()
}

fn is_there(code: &str, dossier: &Dossier, issue: &Issue, attempt: &Attempt<'_>) -> bool {
    let before = |seq: u64| seq < attempt.seq;
    let opened = &issue.opened.body;
    match code {
        // Drawn up from the rest.
        "cover" => true,
        "clue_source" => {
            let clues = dossier.clues.iter().any(|c| before(c.seq));
            clues || dossier.carried_over.iter().any(|c| before(c.seq)) || opened.reopens.is_some()
        }
        "verification" => dossier.verifications.iter().any(|v| before(v.seq)),
        "permits" => {
            let stated = dossier.claims.get("permits_text").into_iter().flatten();
            let mut stated = stated.map(|c| c.provenance.seq);
            dossier.permits.iter().any(|p| before(p.seq)) || stated.any(before)
        }
        "characterization" => {
            let mut decided = dossier.characterizations.iter().map(|d| d.recorded.seq);
            decided.any(before)
        }
        "assessment" => {
            let report = issue
                .plan
                .as_ref()
                .and_then(|p| p.body.assessment_report.as_ref());
            report.is_some_and(|r| is_said(r)) || has_line(issue, "scientific_evaluation")
        }
        "plan" => issue.plan.is_some() && issue.reviews.iter().any(|r| r.body.result == "approved"),
        "responsibility" => is_said(&issue.responsible.unit),
        "process" => !issue.progress.is_empty() || !issue.penalties.is_empty(),
        "after_photos" => issue
            .report()
            .is_some_and(|r| !r.body.photo_pairs.is_empty()),
        "effect" => issue.report().is_some_and(|r| is_said(&r.body.result_text)),
        "acceptances" => {
            let chain = &issue.requirements.chain;
            chain.iter().all(|l| issue.passed_at(&l.level).is_some())
        }
        "notice" if issue.requirements.notice_working_days == 0 => true,
        "notice" => issue.notice().is_some_and(|n| !n.body.evidence.is_empty()),
        REGISTRATION => is_registered(issue, attempt),
        "look_back" => issue.look_backs.iter().any(|l| before(l.seq)),
        _ => false,
    }
}

fn has_line(issue: &Issue, line: &str) -> bool {
    evidence_of(issue, line).next().is_some()
}

/// The form is filled in with the close-out itself.
fn is_registered(issue: &Issue, attempt: &Attempt<'_>) -> bool {
    let given = match attempt.body {
        Some(EntryBody::CloseOutRecorded(b)) => Some(&b.number),
        _ => None,
    };
    let recorded = issue.close_out.as_ref().map(|c| &c.body.number);
    given.or(recorded).is_some_and(|n| is_said(n))
}
