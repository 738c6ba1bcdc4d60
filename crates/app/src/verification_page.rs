//! 核查登记与前后对照 — a verification entered by hand in the browser, and a dossier compared between two days.

use domain::as_of::AsOf;
use domain::dossier::Dossier;
use domain::entries::{Basis, TeamMember, VerificationRecorded, VerificationReviewed};
use domain::ids::{EntryId, StreamId};
use domain::ledger::Labels;
use domain::policy::Action;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use spatial::diagnostic::Diagnostic;
use utoipa::ToSchema;

use crate::amendments::{ReceiptView, checked_reason, nothing_appended};
use crate::error::Error;
use crate::session::Session;

/// 核查登记请求 — what was found on the spot, by whom.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerificationRequest {
    pub verified_on: Date,
    /// At least two, by post.
    pub team: Vec<String>,
    /// Code or label of the verdict list.
    pub conclusion: String,
    /// Code of the round list; first round where it is not said.
    pub round: Option<String>,
    pub lon: Option<f64>,
    pub lat: Option<f64>,
    pub condition_text: Option<String>,
    pub clue_truth: Option<String>,
    pub ecological_effect: Option<String>,
    pub suggested_disposal: Option<String>,
    pub suggestion_text: Option<String>,
    /// SHA-256 of evidence files uploaded for this site before.
    #[serde(default)]
    pub evidence: Vec<String>,
    /// Facts of the decision tables found out on the spot, `name=value`.
    #[serde(default)]
    pub facts: Vec<String>,
}

/// 审核请求 — which verification of the site, and what another person says of it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewRequest {
    #[schema(value_type = String, format = Uuid)]
    pub verification: EntryId,
    /// `accepted`, `returned`.
    pub result: String,
    /// Asked for where it is returned.
    pub reason: Option<String>,
}

/// A fact that differs.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FactChange {
    pub field: String,
    pub label: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// 前后对照 — what changed in a dossier between two days.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SiteDiffView {
    pub site_code: String,
    pub from: String,
    pub to: String,
    /// Whether the site was registered by the first day.
    pub existed: bool,
    pub changes: Vec<FactChange>,
    /// Clues, verifications and papers that came between.
    pub added: std::collections::BTreeMap<String, usize>,
}

/// People on one team.
const MOST_TEAM: usize = 20;

impl Session {
    /// Records a field verification by hand.
    pub fn record_verification(
        &mut self,
        code: &str,
        request: &VerificationRequest,
    ) -> Result<ReceiptView, Error> {
        let dossier = self.load_dossier_by_code(code, AsOf::Now)?;
        self.may(Action::Verify, dossier.facts.station_id.as_deref())?;
        let body = self.verification_body(&dossier, request)?;
        if let Some(refusal) = self.refusal_of(dossier.state.code(), &body) {
            return Err(Error::rejected(refusal));
        }
        let entry = self.dated_entry(StreamId::site(dossier.site_id), body)?;
        let entry = domain::entry::Entry {
            occurred_at: crate::session::start_of(request.verified_on),
            ..entry
        };
        let receipts = self.append_checked(&[entry], &dossier)?;
        let receipt = receipts.first().map(ReceiptView::of);
        receipt.ok_or_else(nothing_appended)
    }

    /// Accepts a verification made in the field, or returns it with a reason; whoever made it may not.
    pub fn review_verification(
        &mut self,
        code: &str,
        request: &ReviewRequest,
    ) -> Result<ReceiptView, Error> {
        let dossier = self.load_dossier_by_code(code, AsOf::Now)?;
        let found = dossier.verifications.iter();
        let mut of = found.filter(|v| v.entry_id == request.verification);
        let mut resource = self.resource(dossier.facts.station_id.as_deref());
        let reviewed = of.next();
        resource.done = reviewed
            .map(|v| (Action::Verify, v.actor.clone()))
            .into_iter()
            .collect();
        domain::policy::may(&self.actor, Action::ReviewVerification, &resource)?;
        let reason = request.reason.as_deref().map(str::trim);
        let reason = reason.filter(|r| !r.is_empty());
        let reason = reason.map(checked_reason).transpose()?;
        let is_told = match request.result.as_str() {
            "accepted" => true,
            "returned" => reason.is_some(),
            _ => false,
        };
        if !is_told {
            return Err(Error::rejected(Diagnostic::error("verification.review")));
        }
        let reviewed = reviewed.ok_or_else(|| Error::NotFound {
            what: "verification",
            name: request.verification.to_string(),
        })?;
        let body = VerificationReviewed {
            verification: reviewed.entry_id,
            result: request.result.clone(),
            reason,
        };
        let entry = self.dated_entry(StreamId::site(dossier.site_id), body)?;
        let receipts = self.append_checked(&[entry], &dossier)?;
        let receipt = receipts.first().map(ReceiptView::of);
        receipt.ok_or_else(nothing_appended)
    }

    fn verification_body(
        &self,
        dossier: &Dossier,
        request: &VerificationRequest,
    ) -> Result<VerificationRecorded, Error> {
        let team: Vec<&str> = request
            .team
            .iter()
            .map(|p| p.trim())
            .filter(|p| !p.is_empty())
            .collect();
        if !(2..=MOST_TEAM).contains(&team.len()) {
            let fault = Diagnostic::error("import.team_too_small").arg("count", team.len());
            return Err(Error::rejected(fault));
        }
        if request.verified_on > self.today() {
            let fault =
                Diagnostic::error("verification.in_the_future").arg("on", request.verified_on);
            return Err(Error::rejected(fault));
        }
        let is_on_earth = |v: Option<f64>, most: f64| v.is_none_or(|v| v.abs() <= most);
        if !is_on_earth(request.lon, 180.0) || !is_on_earth(request.lat, 90.0) {
            return Err(Error::rejected(
                Diagnostic::error("query.bbox").arg("text", "lon, lat"),
            ));
        }
        // Whoever reads a dossier reads the files it names, so it names none but its own.
        let is_foreign =
            |sha256: &&String| !dossier.evidence.iter().any(|e| e.body.sha256 == **sha256);
        if let Some(sha256) = request.evidence.iter().find(is_foreign) {
            return Err(Error::NotFound {
                what: "evidence",
                name: sha256.clone(),
            });
        }
        let known = |purpose: &str, given: &Option<String>| {
            self.known_code(purpose, given.as_deref().filter(|g| !g.is_empty()))
        };
        let (judged_facts, facts) = self.stated_facts(&request.facts)?;
        let evidence = crate::evidence::distinct(request.evidence.clone());
        Ok(VerificationRecorded {
            judged_facts,
            round: known("round", &request.round)?.unwrap_or_else(|| "first".to_owned()),
            method: "field".to_owned(),
            verified_on: request.verified_on,
            team: team
                .into_iter()
                .map(|post| TeamMember {
                    post: post.to_owned(),
                    unit: None,
                })
                .collect(),
            lon: request.lon,
            lat: request.lat,
            is_in_reserve: None,
            clue_truth: known("clue_truth", &request.clue_truth)?,
            condition_text: request.condition_text.clone(),
            ecological_effect: known("ecological_effect", &request.ecological_effect)?,
            conclusion: known("verdict", &Some(request.conclusion.clone()))?
                .ok_or_else(|| Error::rejected(Diagnostic::error("verification.no_conclusion")))?,
            suggestion_text: request.suggestion_text.clone(),
            suggested_disposal: known("disposal", &request.suggested_disposal)?,
            photo_count: crate::evidence::count(&evidence),
            evidence,
            facts,
            basis: Basis::Person {
                reason: request.condition_text.clone().unwrap_or_default(),
            },
            ..VerificationRecorded::default()
        })
    }

    /// What changed in a dossier between two days.
    pub fn diff_site(&self, code: &str, from: AsOf, to: AsOf) -> Result<SiteDiffView, Error> {
        let after = self.load_dossier_by_code(code, to)?;
        let before = self.register.find_dossier(after.site_id, from)?;
        let before = before.map(|d| self.as_seen(d));
        let texts = |dossier: Option<&Dossier>| {
            dossier.map_or_else(Default::default, |d| self.fact_texts(d))
        };
        let (old, new) = (texts(before.as_ref()), texts(Some(&after)));
        let mut fields: Vec<&String> = old.keys().chain(new.keys()).collect();
        fields.sort();
        fields.dedup();
        let changes = fields.into_iter().filter_map(|field| {
            let (before, after) = (old.get(field), new.get(field));
            (before != after).then(|| FactChange {
                field: field.clone(),
                label: self.messages.text(&format!("field.{field}"), &[]),
                before: before.cloned(),
                after: after.cloned(),
            })
        });
        let counts = |d: &Dossier| {
            [
                ("clues", d.clues.len()),
                ("verifications", d.verifications.len()),
                ("permits", d.permits.len()),
                ("determinations", d.determinations.len()),
            ]
        };
        let was = before.as_ref().map(counts);
        let added = counts(&after)
            .into_iter()
            .enumerate()
            .filter_map(|(at, (name, n))| {
                let earlier = was.map_or(0, |w| w[at].1);
                (n > earlier).then(|| (name.to_owned(), n - earlier))
            });
        Ok(SiteDiffView {
            site_code: after.site_code.clone(),
            from: from.to_string(),
            to: to.to_string(),
            existed: before.is_some(),
            changes: changes.collect(),
            added: added.collect(),
        })
    }

    fn fact_texts(&self, dossier: &Dossier) -> std::collections::BTreeMap<String, String> {
        let facts = dossier
            .claims
            .iter()
            .filter_map(|(field, claims)| Some((field, &claims.first()?.value)));
        let text = |field: &str, value: &Value| match field {
            "shape" => crate::sha256_hex(value.to_string().as_bytes())[..12].to_owned(),
            _ => self.fact_text(field, value),
        };
        let state = self.label("site_state", dossier.state.code());
        facts
            .map(|(field, value)| (field.clone(), text(field, value)))
            .chain([("state".to_owned(), state)])
            .collect()
    }
}
