//! 代码核对 — every code an entry of an issue names is one of its list.

use domain::entries::Quantity;
use domain::entry::EntryBody;
use spatial::diagnostic::Diagnostic;

use crate::error::Error;
use crate::session::Session;

/// What a code may be: a code of a list the campaign names, or one of a few words.
enum Known {
    List(&'static str),
    Words(&'static [&'static str]),
}

use Known::{List, Words};

type Coded<'a> = (&'static str, Known, &'a str);

impl Session {
    pub(super) fn check_codes(&self, body: &EntryBody) -> Result<(), Error> {
        for (field, known, code) in coded(body) {
            let is_known = match known {
                Words(words) => words.contains(&code),
                // A campaign without the list asks for nothing.
                List(purpose) => self
                    .campaign
                    .find_list(&self.codes, purpose)
                    .is_none_or(|list| list.find_code(code).is_some()),
            };
            if !is_known {
                let known = match known {
                    Words(words) => words.join("、"),
                    List(purpose) => self.codes_told(purpose),
                };
                let fault = Diagnostic::error("issue.unknown_code")
                    .arg("field", field)
                    .arg("code", code)
                    .arg("known", known);
                return Err(Error::rejected(fault));
            }
        }
        Ok(())
    }

    fn codes_told(&self, purpose: &str) -> String {
        let list = self.campaign.find_list(&self.codes, purpose);
        let codes = list.into_iter().flat_map(|l| &l.codes);
        let told: Vec<String> = codes
            .map(|c| format!("{}（{}）", c.code, c.label))
            .collect();
        told.join("、")
    }
}

fn quantities(given: &[Quantity]) -> impl Iterator<Item = Coded<'_>> {
    given
        .iter()
        .map(|q| ("measure", List("measure"), q.measure.as_str()))
}

fn one<'a>(field: &'static str, known: Known, code: &'a str) -> Vec<Coded<'a>> {
    vec![(field, known, code)]
}

fn coded(body: &EntryBody) -> Vec<Coded<'_>> {
    match body {
        EntryBody::IssueAmended(b) => {
            let case = b.close_out_case.as_deref();
            case.map(|c| ("close_out_case", List("close_out_case"), c))
                .into_iter()
                .collect()
        }
        EntryBody::PlanDrafted(b) => {
            let disposal = b.disposal.iter();
            let disposal = disposal.map(|d| ("disposal", List("disposal"), d.as_str()));
            let measures = b.measures.iter().flat_map(|m| quantities(&m.quantities));
            disposal.chain(measures).collect()
        }
        EntryBody::PlanReviewed(b) => one("result", Words(&["approved", "returned"]), &b.result),
        EntryBody::ProgressReported(b) => quantities(&b.quantities).collect(),
        EntryBody::ExtensionDecided(b) => one("result", Words(&["granted", "refused"]), &b.result),
        EntryBody::AcceptanceRecorded(b) => {
            let methods = b.methods.iter();
            let methods = methods.map(|m| ("methods", List("accept_method"), m.as_str()));
            let level = ("level", List("accept_level"), b.level.as_str());
            let result = ("result", List("accept_result"), b.result.as_str());
            [level, result].into_iter().chain(methods).collect()
        }
        EntryBody::ObjectionAnswered(b) => {
            one("result", Words(&["upheld", "dismissed"]), &b.result)
        }
        EntryBody::CloseOutRecorded(b) => one("reason", List("close_reason"), &b.reason),
        EntryBody::LookBackPlanned(b) => {
            let levels = Words(&["county", "city", "province", "bureau"]);
            one("level", levels, &b.level)
        }
        EntryBody::LookBackRecorded(b) => {
            let trends = &["stable", "improving", "declining"];
            let trend = b.trend.as_deref().map(|t| ("trend", Words(trends), t));
            let result = ("result", List("look_back"), b.result.as_str());
            std::iter::once(result).chain(trend).collect()
        }
        EntryBody::RelapseJudged(b) => one("verdict", List("relapse"), &b.verdict),
        body => coded_beside(body),
    }
}

fn coded_beside(body: &EntryBody) -> Vec<Coded<'_>> {
    match body {
        EntryBody::UrgingIssued(b) => one("rung", List("urge"), &b.rung),
        EntryBody::PenaltyRecorded(b) => one("penalty_kind", List("penalty"), &b.penalty_kind),
        EntryBody::AccountabilityRecorded(b) => {
            one("action_kind", List("accountability"), &b.action_kind)
        }
        EntryBody::ReferralRecorded(b) => one("to_kind", List("referral"), &b.to_kind),
        EntryBody::ReferralReceived(b) => {
            let results = Words(&["taken", "sent_back", "concluded"]);
            one("result", results, &b.result)
        }
        EntryBody::SuspicionFound(b) => {
            let grade = ("grade", Words(&["high", "medium", "low"]), b.grade.as_str());
            vec![
                ("suspicion", List("suspicion"), b.suspicion.as_str()),
                grade,
            ]
        }
        EntryBody::SuspicionJudged(b) => one("verdict", List("suspicion_verdict"), &b.verdict),
        EntryBody::PublicityRecorded(b) => {
            let kinds = Words(&["report", "publicity", "exposure"]);
            one("publicity_kind", kinds, &b.publicity_kind)
        }
        _ => Vec::new(),
    }
}
