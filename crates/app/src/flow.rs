//! 流转 — asks the campaign's transition table whether a step may be taken, and says in words what is missing.

use domain::entries::VerificationRecorded;
use domain::flow::{FactValue, Facts, Flow, Refusal};
use spatial::diagnostic::Diagnostic;

use crate::session::Session;

/// Step of the table that a verification takes.
pub(crate) const VERIFY: &str = "verify";

impl Session {
    /// Why a verification of a site in this state may not stand; `None` if it may.
    pub(crate) fn refusal_of(
        &self,
        state: &str,
        verification: &VerificationRecorded,
    ) -> Option<Diagnostic> {
        if verification.verified_on > self.today() {
            let fault = Diagnostic::error("verification.in_the_future");
            return Some(fault.arg("on", verification.verified_on));
        }
        self.refusal_of_flow(state, verification)
    }

    /// What the table says alone. The clock of a phone may be ahead: that is told as a doubt, and keeps nothing out.
    pub(crate) fn refusal_of_flow(
        &self,
        state: &str,
        verification: &VerificationRecorded,
    ) -> Option<Diagnostic> {
        let flow = self.campaign.flow.as_ref()?;
        let refusal = flow.next(state, VERIFY, &on_file(verification)).err()?;
        Some(in_words(flow, &refusal))
    }
}

fn on_file(verification: &VerificationRecorded) -> Facts {
    let photos = verification
        .photo_count
        .map_or(verification.evidence.len() as u64, u64::from);
    let has_position = verification.lon.is_some() && verification.lat.is_some();
    let unverified = verification.unverified_reason.clone();
    let mut facts = Facts::from([
        ("position".to_owned(), has_position.into()),
        ("photos".to_owned(), photos.into()),
        ("team".to_owned(), (verification.team.len() as u64).into()),
        (
            "conclusion".to_owned(),
            FactValue::Code(verification.conclusion.clone()),
        ),
    ]);
    let reason = unverified.map(|code| ("unverified_reason".to_owned(), FactValue::Code(code)));
    facts.extend(reason);
    facts
}

/// The refusal with the labels people know from the table.
pub(crate) fn in_words(flow: &Flow, refusal: &Refusal) -> Diagnostic {
    let step = flow.steps.iter().find(|s| s.code == refusal.step);
    let label = |fact: &String| {
        step.into_iter()
            .flat_map(|s| &s.guards)
            .find(|g| g.fact == *fact)
            .map_or_else(|| fact.clone(), |g| g.label.clone())
    };
    let missing: Vec<String> = refusal.missing.iter().map(label).collect();
    Diagnostic::error(refusal.code)
        .arg("step", step.map_or(refusal.step.as_str(), |s| &s.label))
        .arg("state", flow.state_label(&refusal.state))
        .arg("missing", missing.join("、"))
}
