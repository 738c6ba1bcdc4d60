//! 问题立账 — an issue opens: what is known of the site fills the entry, the closing table says what it must fulfil.

use domain::as_of::AsOf;
use domain::closing::{self, CaseFinding, Closing};
use domain::codes::Mark;
use domain::dossier::{Dossier, Standing};
use domain::entries::{ClosingRequirements, IssueOpened};
use domain::entry::EntryBody;
use domain::ids::{EntryId, StreamId};
use domain::issue::{IssueStep, built_in_flow};
use domain::ledger::Labels;
use domain::policy::Action;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use spatial::diagnostic::Diagnostic;
use utoipa::ToSchema;

use super::acts::step_label;
use super::{ActReceipt, Lack, calendar, code_of, numbered};
use crate::error::{Error, Refused};
use crate::issues::DeadlineView;
use crate::session::Session;

/// 立账请求 — what is left out is filled from the proposal.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OpenIssueRequest {
    pub issue_code: Option<String>,
    pub external_code: Option<String>,
    /// Entry of the decision it follows from; the one that stands where no ground is named.
    pub characterization: Option<EntryId>,
    /// Source of the carried-over issue it goes on with.
    pub carried_over_from: Option<String>,
    /// The closed issue it takes up again.
    pub reopens: Option<EntryId>,
    pub source_kind: Option<String>,
    pub description: Option<String>,
    pub severity: Option<String>,
    pub close_out_case: Option<String>,
    pub case_reason: Option<String>,
    pub requirements: Option<ClosingRequirements>,
    pub responsible_unit: Option<String>,
    pub responsible_person: Option<String>,
    pub supervising_unit: Option<String>,
    pub area_lead: Option<String>,
    pub found_on: Option<Date>,
    pub plan_due_on: Option<Date>,
    pub due_on: Option<Date>,
    pub band: Option<String>,
    pub demand: Option<String>,
    /// Day claimed; today where it is not said.
    pub on: Option<Date>,
    /// Version of the site's page.
    pub based_on: Option<u64>,
}

/// 情形备选 — a case with what it asks for.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CaseChoice {
    pub code: String,
    pub label: String,
    pub text: String,
    pub clause: Option<String>,
    pub mark: Mark,
    pub is_proposed: bool,
    pub requirements: ClosingRequirements,
}

/// 立账建议 — what opening an issue on a site would say.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct IssueProposal {
    pub site_code: String,
    pub proposal: IssueOpened,
    pub case_finding: Option<CaseFinding>,
    pub cases: Vec<CaseChoice>,
    pub missing: Vec<Lack>,
    /// Deadlines that would run from today.
    pub deadlines: Vec<DeadlineView>,
    /// Version of the site's stream, for `based_on`.
    pub based_on: u64,
}

impl Session {
    /// What opening an issue on a site would say.
    pub fn issue_proposal(&self, site_code: &str) -> Result<IssueProposal, Error> {
        let dossier = self.load_dossier_by_code(site_code, AsOf::Now)?;
        self.may(Action::OpenIssue, dossier.facts.station_id.as_deref())?;
        let closing = self.closing()?;
        let finding = closing.case_of(&dossier);
        let proposal = self.proposed(&dossier, &OpenIssueRequest::default())?;
        let missing = closing::missing_to_open(&proposal, &dossier, &dossier.issues, u64::MAX);
        let choice = |case: &closing::Case| {
            let requirements = closing.requirements(&case.code, self.division())?;
            Some(CaseChoice {
                code: case.code.clone(),
                label: case.label.clone(),
                text: case.text.clone(),
                clause: case.clause.clone(),
                mark: case.mark,
                is_proposed: finding.as_ref().is_some_and(|f| f.case == case.code),
                requirements,
            })
        };
        let today = self.today();
        let timers = self.campaign.timers.as_ref();
        let plan = timers.map(|t| t.deadline("plan", today, calendar(), today));
        let plan = plan.and_then(|p| p.ok().flatten());
        Ok(IssueProposal {
            site_code: dossier.site_code.clone(),
            missing: self.lacks(&missing),
            deadlines: plan.iter().map(|d| self.deadline_view(d)).collect(),
            based_on: self
                .register
                .stream_version(&StreamId::site(dossier.site_id))?,
            cases: closing.cases.iter().filter_map(choice).collect(),
            case_finding: finding,
            proposal,
        })
    }

    /// Opens an issue on a site.
    pub fn open_issue(
        &mut self,
        site_code: &str,
        request: &OpenIssueRequest,
    ) -> Result<ActReceipt, Error> {
        let dossier = self.load_dossier_by_code(site_code, AsOf::Now)?;
        self.may(Action::OpenIssue, dossier.facts.station_id.as_deref())?;
        let on = self.day_claimed(request.on)?;
        let body = self.proposed(&dossier, request)?;
        self.ask_to_open(&dossier, &body)?;
        let entry = self.act_entry(&dossier, body.into(), on, request.based_on)?;
        let id = entry.id;
        let receipt = self.append_act(entry, &dossier)?;
        let found = self.load_issue(&id.to_string(), AsOf::Now)?;
        Ok(ActReceipt {
            is_new: receipt.as_ref().is_some_and(|(_, is_new)| *is_new),
            receipt: receipt.map(|(view, _)| view),
            entry_id: Some(id),
            issue_id: id,
            issue_code: found.code,
            site_code: found.dossier.site_code,
            state: found.issue.state.code().to_owned(),
            state_label: self.label("site_state", found.issue.state.code()),
        })
    }

    fn ask_to_open(&self, dossier: &Dossier, body: &IssueOpened) -> Result<(), Error> {
        let missing = closing::missing_to_open(body, dossier, &dossier.issues, u64::MAX);
        let step = IssueStep::OpenIssue;
        let flow = built_in_flow();
        let facts = closing::facts(step, &missing, &EntryBody::from(body.clone()));
        let state = dossier.state.code();
        let Err(refusal) = flow.next(state, step.code(), &facts) else {
            return Ok(());
        };
        let is_lacking = refusal.code == "flow.missing_facts";
        let rows = flow.steps.iter().filter(|s| s.code == step.code());
        Err(Error::Refused(Box::new(Refused {
            code: match is_lacking {
                true => "issue.step_refused",
                false => "issue.step_not_allowed",
            },
            issue_code: dossier.site_code.clone(),
            step: step.code().to_owned(),
            step_label: step_label(flow, step),
            state: state.to_owned(),
            state_label: self.label("site_state", state),
            missing: self.lacks(&missing),
            allowed_from: rows.flat_map(|s| s.from.iter().cloned()).collect(),
        })))
    }

    /// The closing table of the campaign.
    pub(super) fn closing(&self) -> Result<&Closing, Error> {
        let closing = self.campaign.closing.as_ref();
        closing.ok_or_else(|| Error::rejected(Diagnostic::error("issue.no_closing_table")))
    }

    pub(super) fn division(&self) -> &str {
        self.reserve.division_code.as_deref().unwrap_or_default()
    }

    /// The entry as asked, filled with what is known of the site.
    fn proposed(
        &self,
        dossier: &Dossier,
        request: &OpenIssueRequest,
    ) -> Result<IssueOpened, Error> {
        let closing = self.closing()?;
        let finding = closing.case_of(dossier);
        let given_case = self.known_code("close_out_case", request.close_out_case.as_deref())?;
        let case = given_case.or_else(|| finding.as_ref().map(|f| f.case.clone()));
        let case = case.unwrap_or_default();
        let by_table = finding
            .filter(|f| f.case == case)
            .map(|f| format!("{} {}", f.rule, f.reason));
        let requirements = match &request.requirements {
            Some(given) => given.clone(),
            None => closing
                .requirements(&case, self.division())
                .unwrap_or_default(),
        };
        let ground = self.ground_of(dossier, request);
        let carried = ground.carried_over_from.as_deref().and_then(|source| {
            let of_source = |c: &&domain::dossier::Kept<domain::entries::IssueCarriedOver>| {
                c.body.source_kind == source
            };
            dossier.carried_over.iter().rev().find(of_source)
        });
        let carried = carried.map(|c| &c.body);
        let facts = &dossier.facts;
        let station = facts.station_id.as_deref();
        let visit = dossier.latest_verification();
        let lead = station.and_then(|s| self.campaign.find_area_lead(s, self.today()));
        let said = |given: &Option<String>| {
            let text = given.as_deref().map(str::trim);
            text.filter(|t| !t.is_empty()).map(str::to_owned)
        };
        let described = said(&request.description)
            .or_else(|| carried.and_then(|c| c.description.clone()))
            .or_else(|| visit.and_then(|v| v.condition_text.clone()))
            .or_else(|| facts.description.clone());
        let unit = said(&request.responsible_unit)
            .or_else(|| carried.and_then(|c| c.responsible_unit.clone()))
            .or_else(|| facts.owner_name.clone());
        let source = self.known_code("source", request.source_kind.as_deref())?;
        let source = source
            .or_else(|| ground.carried_over_from.clone())
            .or_else(|| dossier.source_kinds().first().map(|s| (*s).to_owned()));
        Ok(IssueOpened {
            issue_code: Some(match said(&request.issue_code) {
                Some(code) => own_number(dossier, code)?,
                None => free_number(dossier),
            }),
            external_code: said(&request.external_code)
                .or_else(|| carried.and_then(|c| c.external_code.clone())),
            source_kind: source.unwrap_or_else(|| "field_survey".to_owned()),
            description: described.unwrap_or_default(),
            severity: self.known_code("severity", request.severity.as_deref())?,
            close_out_case: case,
            case_reason: said(&request.case_reason).or(by_table),
            requirements,
            responsible_unit: unit.unwrap_or_default(),
            responsible_person: said(&request.responsible_person)
                .or_else(|| carried.and_then(|c| c.responsible_person.clone())),
            supervising_unit: said(&request.supervising_unit)
                .or_else(|| station.map(|s| self.label("station", s))),
            area_lead: said(&request.area_lead).or_else(|| lead.map(|p| p.label.clone())),
            found_on: request.found_on.or_else(|| visit.map(|v| v.verified_on)),
            plan_due_on: request.plan_due_on,
            // The day of an old demand is past where the issue is taken up again: a new one has to be said.
            due_on: request.due_on.or_else(|| {
                let first = carried.filter(|_| ground.reopens.is_none());
                first.and_then(|c| c.due_on.map(|d| d.last()))
            }),
            band: self.known_code("band", request.band.as_deref())?,
            demand: said(&request.demand),
            ..ground
        })
    }

    /// What the issue follows from: as named, or the decision that stands.
    fn ground_of(&self, dossier: &Dossier, request: &OpenIssueRequest) -> IssueOpened {
        let is_named = request.characterization.is_some()
            || request.carried_over_from.is_some()
            || request.reopens.is_some();
        let holds = |d: &&domain::dossier::Decision| {
            let verdict = d.recorded.body.verdict.as_str();
            d.standing == Standing::Effective && matches!(verdict, "violation" | "legacy")
        };
        let standing = dossier.characterizations.iter().rev().find(holds);
        // A decision that an open issue follows from needs no second one.
        let is_followed = |id: &EntryId| {
            let mut open = dossier.issues.iter().filter(|i| i.is_open());
            open.any(|i| i.opened.body.characterization == Some(*id))
        };
        let standing = standing
            .map(|d| d.recorded.entry_id)
            .filter(|id| !is_followed(id));
        let last = dossier.issues.last();
        let again = last.filter(|i| i.state == domain::dossier::SiteState::Relapsed);
        let unnamed = |id: Option<EntryId>| id.filter(|_| !is_named);
        IssueOpened {
            issue_code: None,
            external_code: None,
            characterization: request.characterization.or(unnamed(standing)),
            carried_over_from: request.carried_over_from.clone().or_else(|| {
                let unfinished = dossier.unfinished_carried_over().next();
                let source = unfinished.map(|c| c.source_kind.clone());
                source.filter(|_| !is_named && standing.is_none())
            }),
            reopens: request.reopens.or(unnamed(again.map(|i| i.id))),
            source_kind: String::new(),
            description: String::new(),
            severity: None,
            close_out_case: String::new(),
            case_reason: None,
            requirements: ClosingRequirements::default(),
            responsible_unit: String::new(),
            responsible_person: None,
            supervising_unit: None,
            area_lead: None,
            found_on: None,
            plan_due_on: None,
            due_on: None,
            band: None,
            demand: None,
        }
    }
}

/// The first number of a site's issues that none of them has.
fn free_number(dossier: &Dossier) -> String {
    let taken: Vec<String> = dossier.issues.iter().map(|i| code_of(dossier, i)).collect();
    let mut numbers = (dossier.issues.len()..).map(|place| numbered(&dossier.site_code, place));
    numbers
        .find(|code| !taken.contains(code))
        .unwrap_or_default()
}

/// A number somebody chose: the site's code and letters or digits behind it, by which the issue is found; numbers of
/// others are kept beside it (`external_code`).
fn own_number(dossier: &Dossier, code: String) -> Result<String, Error> {
    let word = code
        .strip_prefix(&dossier.site_code)
        .and_then(|rest| rest.strip_prefix('-'));
    let is_fit = word.is_some_and(|w| !w.is_empty() && w.chars().all(char::is_alphanumeric));
    let is_taken = dossier.issues.iter().any(|i| code_of(dossier, i) == code);
    match is_fit && !is_taken {
        true => Ok(code),
        false => {
            let fault = Diagnostic::error("issue.own_number")
                .arg("code", &code)
                .arg("site", &dossier.site_code);
            Err(Error::rejected(fault))
        }
    }
}
