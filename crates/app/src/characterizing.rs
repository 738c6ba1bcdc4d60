//! 性质判别 — people decide on the tables' proposal: accepted, or overridden and read a second time; frozen as it was.

use std::collections::BTreeSet;

use domain::as_of::AsOf;
use domain::dossier::{Decision, Dossier};
use domain::entries::{
    CharacterizationConfirmed, CharacterizationInputs, CharacterizationRecorded,
    CharacterizationRejected, CharacterizationWithdrawn, Override,
};
use domain::entry::EntryBody;
use domain::flow;
use domain::ids::{EntryId, StreamId};
use domain::partial_date::PartialDate;
use domain::policy::{self, Action, Role};
use jiff::civil::Date;
use rules::Explain;
use serde::Serialize;
use spatial::diagnostic::Diagnostic;

use crate::error::{Error, Stale};
use crate::flow::in_words;
use crate::judging_book::JudgingBook;
use crate::proposals::{Proposal, SiteJudgement};
use crate::session::Session;

/// 判别请求 — a decision on one site.
#[derive(Debug, Clone, Default)]
pub struct CharacterizeRequest {
    pub site_code: String,
    /// Another verdict than the proposed one; none accepts the proposal.
    pub verdict: Option<String>,
    /// Why the proposal is not followed, or why it is judged anew.
    pub reason: Option<String>,
    /// Posts that sign besides the one who records it.
    pub signed: Vec<String>,
    /// Day of the decision, of the law and of what was known; today if absent.
    pub on: Option<Date>,
    /// Ecological effect where no verification states it.
    pub effect: Option<String>,
    /// Code of CL-CHARACTER where it does not follow from the verdict.
    pub character: Option<String>,
    /// Grade of an override; an accepted proposal keeps its own.
    pub severity: Option<String>,
    /// Measures of an override, by the tables' codes.
    pub disposal: Vec<String>,
    pub document: Option<String>,
    /// Version of the site's stream that the decider saw.
    pub based_on: Option<u64>,
}

/// 复核 — what a second reader says of an override, or somebody of a decision made by mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecondReading {
    Confirm { reason: Option<String> },
    Reject { reason: String },
    Withdraw { reason: String },
}

/// 判别结果 — what was put on record.
#[derive(Debug, Clone, Serialize)]
pub struct Characterized {
    pub site_code: String,
    pub entry_id: String,
    pub is_new: bool,
    pub verdict: String,
    pub character: String,
    pub row: Option<String>,
    pub is_override: bool,
    /// Whether it holds, or waits for a second reader.
    pub is_effective: bool,
    pub state: String,
}

/// Step of the campaign's table that a decision takes.
const CHARACTERIZE: &str = "characterize";

impl Session {
    /// Records a decision on a site's nature, with everything it rests on.
    pub fn characterize(&mut self, request: &CharacterizeRequest) -> Result<Characterized, Error> {
        let on = request.on.unwrap_or_else(|| self.today());
        let dossier = self.load_dossier_by_code(&request.site_code, AsOf::Day(on))?;
        self.may(Action::Characterize, dossier.facts.station_id.as_deref())?;
        let book = JudgingBook::built_in()?;
        let ground = self.ground(book, on)?;
        let judged = self.judge_dossier(&ground, &dossier, Explain::Row)?;
        let body = self.decision(book, &dossier, &judged, request, on)?;
        self.ask_flow(&dossier, &body)?;
        let said = serde_json::to_vec(&body).map_err(Error::internal)?;
        self.append_decision(&dossier, body, on, request.based_on, &said)
    }

    fn decision(
        &self,
        book: &JudgingBook,
        dossier: &Dossier,
        judged: &SiteJudgement,
        request: &CharacterizeRequest,
        on: Date,
    ) -> Result<CharacterizationRecorded, Error> {
        let proposal = judged.proposal.as_ref().ok_or_else(|| {
            rejected(Diagnostic::error("characterize.no_table").arg("site", &judged.site_code))
        })?;
        let overridden = self.overriding(proposal, request)?;
        if dossier.characterization.is_some() && request.reason.is_none() {
            return Err(rejected(Diagnostic::error("characterize.reason_for_anew")));
        }
        let verdict = request
            .verdict
            .clone()
            .unwrap_or_else(|| proposal.verdict.clone());
        if overridden.is_none() && proposal.is_problem == "pending" {
            let missing: Vec<&str> = judged.questions.iter().map(|q| q.label.as_str()).collect();
            return Err(rejected(
                Diagnostic::error("characterize.undetermined").arg("missing", missing.join("、")),
            ));
        }
        let activity = judged.sheet.find("activity").map(|f| f.value.as_str());
        let character = match self.known_code("character", request.character.as_deref())? {
            Some(code) => code,
            None => book
                .filling
                .character(&verdict, activity)
                .ok_or_else(|| {
                    let label = self.judged_label("verdict", &verdict);
                    let fault = Diagnostic::error("characterize.character_needed");
                    rejected(fault.arg("verdict", label))
                })?
                .to_owned(),
        };
        // Grade and measures belong to the proposed verdict; another verdict brings its own or none.
        let (severity, disposal) = match overridden {
            Some(_) => (request.severity.clone(), self.known_disposals(request)?),
            None => (proposal.severity.clone(), proposal.disposal.clone()),
        };
        Ok(CharacterizationRecorded {
            character,
            severity,
            disposal,
            legal_basis: proposal.basis.clone(),
            row: Some(proposal.row.clone()),
            tables_version: judged.tables_version.clone(),
            boundary_version: judged.sheet.boundary_version.clone(),
            facts: serde_json::Value::Object(judged.sheet.to_json()),
            proposal: serde_json::to_value(proposal).map_err(Error::internal)?,
            judged_as_of: on,
            decided_by_level: level_of(self.actor.role).to_owned(),
            inputs: Some(self.inputs(book, dossier, judged, proposal, request)?),
            focus: Some(proposal.focus.clone()),
            provenance: serde_json::to_value(&judged.sheet).map_err(Error::internal)?,
            signatures: self.signatures(&request.signed),
            opinion_document: request.document.clone(),
            reason: request.reason.clone().filter(|_| overridden.is_none()),
            verdict,
            overridden,
        })
    }

    /// An override names another verdict that the tables know, and says why.
    fn overriding(
        &self,
        proposal: &Proposal,
        request: &CharacterizeRequest,
    ) -> Result<Option<Override>, Error> {
        let Some(verdict) = &request.verdict else {
            return Ok(None);
        };
        let ruleset = &JudgingBook::built_in()?.ruleset;
        if ruleset.label("verdict", verdict) == verdict {
            return Err(rejected(
                Diagnostic::error("characterize.unknown_verdict").arg("verdict", verdict),
            ));
        }
        if *verdict == proposal.verdict {
            return Err(rejected(
                Diagnostic::error("characterize.same_verdict")
                    .arg("verdict", ruleset.label("verdict", verdict)),
            ));
        }
        let reason = request.reason.as_deref().map(str::trim).unwrap_or_default();
        if reason.is_empty() {
            return Err(rejected(Diagnostic::error("characterize.reason_needed")));
        }
        Ok(Some(Override {
            reason: reason.to_owned(),
            second_reader: None,
        }))
    }

    fn known_disposals(&self, request: &CharacterizeRequest) -> Result<Vec<String>, Error> {
        let ruleset = &JudgingBook::built_in()?.ruleset;
        let is_unknown = |code: &&String| ruleset.label("disposal", code) == code.as_str();
        match request.disposal.iter().find(is_unknown) {
            Some(code) => Err(rejected(
                Diagnostic::error("characterize.unknown_disposal").arg("disposal", code),
            )),
            None => Ok(request.disposal.clone()),
        }
    }

    fn inputs(
        &self,
        book: &JudgingBook,
        dossier: &Dossier,
        judged: &SiteJudgement,
        proposal: &Proposal,
        request: &CharacterizeRequest,
    ) -> Result<CharacterizationInputs, Error> {
        let fact = |name: &str| judged.sheet.find(name).map(|f| f.value.clone());
        let needs_no_papers = judged.sheet.papers.is_empty();
        let effect = dossier
            .latest_verification()
            .and_then(|v| v.ecological_effect.clone());
        let from_law = proposal.basis.iter().filter_map(|id| {
            let clause = book.ruleset.find_clause(id)?;
            clause.from.parse::<PartialDate>().ok()
        });
        Ok(CharacterizationInputs {
            reserve_established_on: self.reserve.established_on,
            rule_effective_on: from_law.max_by_key(|d| d.first),
            built_on: dossier.facts.built_on,
            zone_kind: fact("zone"),
            approvals: fact("approvals")
                .or_else(|| needs_no_papers.then(|| "not_required".to_owned())),
            ecological_effect: self
                .known_code("ecological_effect", request.effect.as_deref())?
                .or(effect),
        })
    }

    fn signatures(&self, signed: &[String]) -> Vec<String> {
        let mut posts = vec![self.actor.id.clone()];
        for post in signed.iter().map(|p| p.trim()).filter(|p| !p.is_empty()) {
            if !posts.iter().any(|known| known == post) {
                posts.push(post.to_owned());
            }
        }
        posts
    }

    /// The campaign's flow decides whether the step may be taken; an override counts its second reader, without whom it
    /// does not hold.
    fn ask_flow(&self, dossier: &Dossier, body: &CharacterizationRecorded) -> Result<(), Error> {
        let Some(flow) = &self.campaign.flow else {
            return Ok(());
        };
        flow.next(dossier.state.code(), CHARACTERIZE, &on_file(body))
            .map(|_| ())
            .map_err(|refusal| rejected(in_words(flow, &refusal)))
    }

    /// What keeps the proposal from being accepted, in words; signatures come with the decision.
    pub(crate) fn obstacle(
        &self,
        dossier: &Dossier,
        judged: &SiteJudgement,
        on: Date,
    ) -> Result<Option<Diagnostic>, Error> {
        let request = CharacterizeRequest {
            site_code: judged.site_code.clone(),
            on: Some(on),
            ..CharacterizeRequest::default()
        };
        let body = match self.decision(JudgingBook::built_in()?, dossier, judged, &request, on) {
            Ok(body) => body,
            Err(Error::Rejected(fault)) => return Ok(Some(*fault)),
            Err(other) => return Err(other),
        };
        let Some(flow) = &self.campaign.flow else {
            return Ok(None);
        };
        let mut facts = on_file(&body);
        facts.insert("signatures".to_owned(), u64::MAX.into());
        let refusal = flow.next(dossier.state.code(), CHARACTERIZE, &facts).err();
        Ok(refusal.map(|refusal| in_words(flow, &refusal)))
    }

    fn append_decision(
        &mut self,
        dossier: &Dossier,
        body: CharacterizationRecorded,
        on: Date,
        based_on: Option<u64>,
        said: &[u8],
    ) -> Result<Characterized, Error> {
        let (verdict, character, row) = (
            body.verdict.clone(),
            body.character.clone(),
            body.row.clone(),
        );
        let is_override = body.overridden.is_some();
        let (entry_id, is_new) = self.append_to_site(dossier, body, on, based_on, said)?;
        let now = self.register.load_dossier(dossier.site_id, AsOf::Now)?;
        let is_effective = now
            .characterization
            .as_ref()
            .is_some_and(|c| c.entry_id == entry_id);
        Ok(Characterized {
            site_code: dossier.site_code.clone(),
            entry_id: entry_id.to_string(),
            is_new,
            verdict,
            character,
            row,
            is_override,
            is_effective,
            state: now.state.code().to_owned(),
        })
    }

    /// Appends to a site's stream upon the version that was seen; the same said again adds nothing.
    fn append_to_site(
        &mut self,
        dossier: &Dossier,
        body: impl Into<EntryBody>,
        on: Date,
        based_on: Option<u64>,
        said: &[u8],
    ) -> Result<(EntryId, bool), Error> {
        let stream = StreamId::site(dossier.site_id);
        let mut entry = self.entry(stream.clone(), body, on, &[said]);
        let id = entry.id;
        if self.register.find_entry(id)?.is_some() {
            return Ok((id, false));
        }
        let seen = match based_on {
            Some(version) => version,
            None => self.register.stream_version(&stream)?,
        };
        entry.based_on = Some(seen);
        self.register.append(&[entry], self.now)?;
        Ok((id, true))
    }

    /// A second reader confirms or rejects the override that waits, or a decision is withdrawn. Where it is said which
    /// decision was `seen`, no other is read in its place.
    pub fn read_decision_again(
        &mut self,
        site_code: &str,
        seen: Option<EntryId>,
        reading: &SecondReading,
        on: Option<Date>,
    ) -> Result<Characterized, Error> {
        let on = on.unwrap_or_else(|| self.today());
        let dossier = self.load_dossier_by_code(site_code, AsOf::Now)?;
        let action = match reading {
            SecondReading::Withdraw { .. } => Action::Characterize,
            _ => Action::ConfirmOverride,
        };
        // Before anything is told of what waits; whose work it was is asked when the decision is known.
        self.may(action, dossier.facts.station_id.as_deref())?;
        let is_bare = matches!(reading,
            SecondReading::Reject { reason } | SecondReading::Withdraw { reason } if reason.trim().is_empty());
        if is_bare {
            return Err(rejected(Diagnostic::error("characterize.reason_needed")));
        }
        let decision = self.decision_meant(&dossier, reading)?;
        let of = decision.recorded.entry_id;
        if let Some(seen) = seen.filter(|seen| *seen != of) {
            return Err(self.read_another(&dossier, seen, of)?);
        }
        let body = self.reading_body(&dossier, &decision, reading)?;
        let said = [of.to_string().as_bytes(), format!("{reading:?}").as_bytes()].concat();
        let (entry_id, is_new) = self.append_to_site(&dossier, body, on, None, &said)?;
        let now = self.register.load_dossier(dossier.site_id, AsOf::Now)?;
        let holds = now.characterization.as_ref();
        let recorded = &decision.recorded.body;
        Ok(Characterized {
            site_code: dossier.site_code.clone(),
            entry_id: entry_id.to_string(),
            is_new,
            verdict: recorded.verdict.clone(),
            character: recorded.character.clone(),
            row: recorded.row.clone(),
            is_override: recorded.overridden.is_some(),
            is_effective: holds.is_some_and(|c| c.entry_id == of),
            state: now.state.code().to_owned(),
        })
    }

    /// The refusal of a reading whose decision is no longer the one that waits.
    fn read_another(
        &self,
        dossier: &Dossier,
        seen: EntryId,
        waiting: EntryId,
    ) -> Result<Error, Error> {
        let entries = self
            .register
            .load_stream(&StreamId::site(dossier.site_id))?;
        let read = entries.iter().find(|e| e.entry.id == seen);
        let (wanted, current) = (seen.to_string(), waiting.to_string());
        Ok(Error::Stale(Box::new(Stale {
            based_on: read.map_or(0, |e| e.version),
            current: entries.last().map_or(0, |e| e.version),
            clashes: vec![("characterization".to_owned(), wanted.into(), current.into())],
        })))
    }

    fn decision_meant(
        &self,
        dossier: &Dossier,
        reading: &SecondReading,
    ) -> Result<Decision, Error> {
        let waiting = dossier.awaited_decision();
        let standing = || {
            let id = dossier.characterization.as_ref()?.entry_id;
            dossier
                .characterizations
                .iter()
                .find(|d| d.recorded.entry_id == id)
        };
        let found = match reading {
            SecondReading::Withdraw { .. } => waiting.or_else(standing),
            _ => waiting,
        };
        found.cloned().ok_or_else(|| {
            let code = match reading {
                SecondReading::Withdraw { .. } => {
                    Diagnostic::error("characterize.none_to_withdraw")
                }
                _ => Diagnostic::error("characterize.none_waits"),
            };
            rejected(code.arg("site", &dossier.site_code))
        })
    }

    /// Asks the policy, then says it: nobody reads their own override a second time.
    fn reading_body(
        &self,
        dossier: &Dossier,
        decision: &Decision,
        reading: &SecondReading,
    ) -> Result<EntryBody, Error> {
        let station = dossier.facts.station_id.as_deref();
        let characterization = decision.recorded.entry_id;
        if let SecondReading::Withdraw { reason } = reading {
            return Ok(CharacterizationWithdrawn {
                characterization,
                reason: reason.clone(),
            }
            .into());
        }
        let mut resource = self.resource(station);
        resource.done = decision
            .recorded
            .body
            .signatures
            .iter()
            .chain([&decision.recorded.actor])
            .collect::<BTreeSet<_>>()
            .into_iter()
            .map(|by| (Action::Characterize, by.clone()))
            .collect();
        policy::may(&self.actor, Action::ConfirmOverride, &resource)?;
        Ok(match reading {
            SecondReading::Confirm { reason } => CharacterizationConfirmed {
                characterization,
                reason: reason.clone(),
            }
            .into(),
            SecondReading::Reject { reason } | SecondReading::Withdraw { reason } => {
                CharacterizationRejected {
                    characterization,
                    reason: reason.clone(),
                }
                .into()
            }
        })
    }
}

fn on_file(body: &CharacterizationRecorded) -> flow::Facts {
    let inputs = body.inputs.clone().unwrap_or_default();
    let signatures = body.signatures.len() as u64 + u64::from(body.overridden.is_some());
    flow::Facts::from([
        present(
            "reserve_established_on",
            inputs.reserve_established_on.is_some(),
        ),
        // A clause of old standing is in force although the library does not know since when.
        present("rule_effective_on", !body.legal_basis.is_empty()),
        present("built_on", inputs.built_on.is_some()),
        coded("zone_kind", inputs.zone_kind),
        coded("approvals", inputs.approvals),
        coded("ecological_effect", inputs.ecological_effect),
        present("legal_basis", !body.legal_basis.is_empty()),
        ("signatures".to_owned(), signatures.into()),
    ])
}

fn rejected(diagnostic: Diagnostic) -> Error {
    Error::rejected(diagnostic)
}

fn present(name: &str, is: bool) -> (String, flow::FactValue) {
    (name.to_owned(), is.into())
}

fn coded(name: &str, code: Option<String>) -> (String, flow::FactValue) {
    (name.to_owned(), code.unwrap_or_default().as_str().into())
}

/// 站, 管理局, 市, 省 — the level a post decides at.
fn level_of(role: Role) -> &'static str {
    match role {
        Role::Ranger | Role::StationHead => "station",
        Role::City => "city",
        Role::Province => "province",
        _ => "bureau",
    }
}
