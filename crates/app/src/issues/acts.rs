//! 办理 — every step of an issue after it was opened: read, authorised, asked of the transition table, appended.

use domain::as_of::AsOf;
use domain::closing::{self, Attempt, Fact};
use domain::concurrency::StalePolicy;
use domain::dossier::{Dossier, SiteState};
use domain::entries::{
    AcceptanceRecorded, AccountabilityRecorded, CloseOutRecorded, CompletionEvidenced,
    ExtensionDecided, ExtensionRequested, IssueAmended, LessonRecorded, LookBackPlanned,
    LookBackRecorded, NoticePublished, ObjectionAnswered, ObjectionReceived, PenaltyRecorded,
    PlanDrafted, PlanReviewed, ProgressReported, PublicityRecorded, RectificationReported,
    RectificationStarted, ReferralReceived, ReferralRecorded, RelapseJudged, RelapseSuspected,
    SuspicionFound, SuspicionJudged, UrgingAnswered, UrgingIssued,
};
use domain::entry::{Entry, EntryBody};
use domain::flow::Flow;
use domain::ids::{EntryId, StreamId};
use domain::issue::{self, Issue, IssueStep, built_in_flow};
use domain::ledger::Labels;
use domain::policy;
use domain::suspicion::Grade;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use spatial::diagnostic::Diagnostic;
use utoipa::ToSchema;

use super::{Found, calendar};
use crate::amendments::ReceiptView;
use crate::error::{Error, Refused, Stale};
use crate::session::Session;

macro_rules! acts {
    ($($kind:literal $name:ident),+ $(,)?) => {
        /// 办理内容 — what may be entered about an issue by hand: the kind of the entry and its body.
        #[derive(Debug, Clone, Serialize, ToSchema)]
        #[serde(tag = "kind", content = "body")]
        pub enum IssueAct {
            $(
                #[serde(rename = $kind)]
                $name($name),
            )+
        }

        /// Kinds of entries that may be appended to an issue by hand.
        pub(crate) const KINDS: &[&str] = &[$($kind),+];
    };
}

acts! {
    "issue.amended" IssueAmended,
    "plan.drafted" PlanDrafted,
    "plan.reviewed" PlanReviewed,
    "rectification.started" RectificationStarted,
    "progress.reported" ProgressReported,
    "extension.requested" ExtensionRequested,
    "extension.decided" ExtensionDecided,
    "completion.evidenced" CompletionEvidenced,
    "rectification.reported" RectificationReported,
    "acceptance.recorded" AcceptanceRecorded,
    "notice.published" NoticePublished,
    "objection.received" ObjectionReceived,
    "objection.answered" ObjectionAnswered,
    "close_out.recorded" CloseOutRecorded,
    "look_back.planned" LookBackPlanned,
    "look_back.recorded" LookBackRecorded,
    "relapse.suspected" RelapseSuspected,
    "relapse.judged" RelapseJudged,
    "urging.issued" UrgingIssued,
    "urging.answered" UrgingAnswered,
    "penalty.recorded" PenaltyRecorded,
    "accountability.recorded" AccountabilityRecorded,
    "referral.recorded" ReferralRecorded,
    "referral.received" ReferralReceived,
    "suspicion.found" SuspicionFound,
    "suspicion.judged" SuspicionJudged,
    "lesson.recorded" LessonRecorded,
    "publicity.recorded" PublicityRecorded,
}

/// 办理请求 — kind and body as in the entries; the issue of the body may be left out.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct ActRequest {
    #[serde(flatten)]
    #[schema(value_type = IssueAct)]
    pub act: SaidAct,
    /// Version of the issue's page.
    #[serde(default)]
    pub based_on: Option<u64>,
    /// Day claimed; today where it is not said.
    #[serde(default)]
    pub on: Option<Date>,
}

/// Kind and body as they were said.
#[derive(Debug, Clone, Deserialize)]
pub struct SaidAct {
    pub kind: String,
    #[serde(default)]
    pub body: Map<String, Value>,
}

/// 办理回执 — the entry's place in the log, and where the issue stands now, or would stand.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ActReceipt {
    /// Nothing where it was only asked what would follow, or was said before.
    pub receipt: Option<ReceiptView>,
    #[schema(value_type = Option<String>, format = Uuid)]
    pub entry_id: Option<EntryId>,
    #[schema(value_type = String, format = Uuid)]
    pub issue_id: EntryId,
    pub issue_code: String,
    pub site_code: String,
    pub state: String,
    pub state_label: String,
    pub is_new: bool,
}

impl Session {
    /// Enters a step of an issue, or with `dry_run` says what would follow.
    pub fn act_on_issue(
        &mut self,
        key: &str,
        request: ActRequest,
        dry_run: bool,
    ) -> Result<ActReceipt, Error> {
        let mut found = self.load_issue(key, AsOf::Now)?;
        let body = body_of(request.act, Some(found.issue.id))?;
        let body = self.with_requirements(body);
        let action = issue::action_of(&body).ok_or_else(unknown_level)?;
        let resource = self.issue_resource(&found.dossier, &found.issue);
        policy::may(&self.actor, action, &resource)?;
        let on = self.day_claimed(request.on)?;
        self.check_codes(&body)?;
        check_files(&body, &found.dossier)?;
        let entry = self.act_entry(&found.dossier, body, on, request.based_on)?;
        if !dry_run && self.register.find_entry(entry.id)?.is_some() {
            return Ok(ActReceipt {
                entry_id: Some(entry.id),
                ..self.foreseen(&found, found.issue.state)
            });
        }
        let body = &entry.body;
        check_answered(body, &found.issue)?;
        let mut next = self.next_state(&found, body, on)?;
        if dry_run {
            return Ok(self.foreseen(&found, next));
        }
        // What is found is noted before the step, in whose way it then stands until another person has judged it.
        if asks_for_suspicions(body) {
            let (site, id) = (found.dossier.site_code.clone(), found.issue.id);
            if !self.suspect_issue(&site, id, Grade::High)?.is_empty() {
                found = self.load_issue(&id.to_string(), AsOf::Now)?;
                next = self.next_state(&found, body, on)?;
            }
        }
        self.enter(&found, entry, next)
    }

    /// Another close-out case brings its own conditions, where none were said.
    fn with_requirements(&self, mut body: EntryBody) -> EntryBody {
        if let EntryBody::IssueAmended(amended) = &mut body
            && amended.requirements.is_none()
            && let (Some(case), Some(closing)) = (&amended.close_out_case, &self.campaign.closing)
        {
            amended.requirements = closing.requirements(case, self.division());
        }
        body
    }

    /// Today or an earlier day.
    pub(crate) fn day_claimed(&self, on: Option<Date>) -> Result<Date, Error> {
        let day = on.unwrap_or_else(|| self.today());
        match day > self.today() {
            true => {
                let fault = Diagnostic::error("issue.in_the_future").arg("on", day);
                Err(Error::rejected(fault))
            }
            false => Ok(day),
        }
    }

    /// The state a step leads to; what does not move the issue leaves it where it is.
    fn next_state(&self, found: &Found, body: &EntryBody, on: Date) -> Result<SiteState, Error> {
        let Some(step) = IssueStep::of(body) else {
            return Ok(found.issue.state);
        };
        let attempt = Attempt {
            on,
            ..Attempt::today(&self.actor.id, self.today(), Some(body))
        };
        let missing = closing::missing_for(
            step,
            &found.issue,
            &found.dossier,
            &attempt,
            Some(calendar()),
        );
        // The fold walks by the table as shipped; so does what is asked beforehand.
        let flow = built_in_flow();
        let state = found.issue.state.code();
        let allowed = states_of(flow, step);
        let refused = |code, missing| Refused {
            code,
            issue_code: found.code.clone(),
            step: step.code().to_owned(),
            step_label: step_label(flow, step),
            state: state.to_owned(),
            state_label: self.label("site_state", state),
            missing,
            allowed_from: allowed.clone(),
        };
        if !allowed.iter().any(|s| s == state) {
            let refused = refused("issue.step_not_allowed", Vec::new());
            return Err(Error::Refused(Box::new(refused)));
        }
        if !missing.is_empty() {
            let refused = refused("issue.step_refused", self.lacks(&missing));
            return Err(Error::Refused(Box::new(refused)));
        }
        let facts = closing::facts(step, &missing, body);
        let next = flow.next(state, step.code(), &facts);
        let reached = next.ok().and_then(|s| SiteState::from_code(&s.code));
        reached
            .ok_or_else(|| Error::Refused(Box::new(refused("issue.step_not_allowed", Vec::new()))))
    }

    fn foreseen(&self, found: &Found, state: SiteState) -> ActReceipt {
        ActReceipt {
            receipt: None,
            entry_id: None,
            issue_id: found.issue.id,
            issue_code: found.code.clone(),
            site_code: found.dossier.site_code.clone(),
            state: state.code().to_owned(),
            state_label: self.label("site_state", state.code()),
            is_new: false,
        }
    }

    fn enter(&mut self, found: &Found, entry: Entry, next: SiteState) -> Result<ActReceipt, Error> {
        let id = entry.id;
        let receipt = self.append_act(entry, &found.dossier)?;
        let now = self.load_issue(&found.issue.id.to_string(), AsOf::Now)?;
        if now.issue.void.iter().any(|v| v.entry_id == id) {
            // Asked beforehand by the same function; nothing else writes between.
            return Err(Error::internal(anyhow::anyhow!(
                "a step to {} was void: {id}",
                next.code()
            )));
        }
        Ok(ActReceipt {
            is_new: receipt.as_ref().is_some_and(|(_, is_new)| *is_new),
            receipt: receipt.map(|(view, _)| view),
            entry_id: Some(id),
            ..self.foreseen(&now, now.issue.state)
        })
    }

    /// An entry about an issue. The same said again upon the same version adds nothing.
    pub(crate) fn act_entry(
        &self,
        dossier: &Dossier,
        body: EntryBody,
        on: Date,
        based_on: Option<u64>,
    ) -> Result<Entry, Error> {
        let stream = StreamId::site(dossier.site_id);
        let current = self.register.stream_version(&stream)?;
        let refuses = StalePolicy::of(body.kind()) == StalePolicy::Refuse;
        let seen = match based_on {
            // What only added, a photo taken in or a progress told, was looked at anew: the step is asked for as it stands now.
            Some(version) if refuses && self.only_added(&stream, version)? => Some(current),
            given => given.or(refuses.then_some(current)),
        };
        let said = serde_json::to_vec(&body).map_err(Error::internal)?;
        let version = based_on.or(seen).unwrap_or_default().to_be_bytes();
        let seed: [&[u8]; 3] = [&said, self.actor.id.as_bytes(), &version];
        let mut entry = self.entry(stream, body, on, &seed);
        entry.based_on = seen;
        if on == self.today() {
            entry.occurred_at = self.now;
        }
        Ok(entry)
    }

    /// Whether everything entered after a version commutes.
    fn only_added(&self, stream: &StreamId, version: u64) -> Result<bool, Error> {
        let entries = self.register.load_stream(stream)?;
        let mut since = entries.iter().filter(|e| e.version > version);
        Ok(since.all(|e| StalePolicy::of(e.entry.body.kind()) == StalePolicy::Commute))
    }

    /// Appends; whether it is new, and nothing where it was there before. Where the site moved on, both sides are told.
    pub(crate) fn append_act(
        &mut self,
        entry: Entry,
        dossier: &Dossier,
    ) -> Result<Option<(ReceiptView, bool)>, Error> {
        if self.register.find_entry(entry.id)?.is_some() {
            return Ok(None);
        }
        let (kind, seen) = (entry.body.kind(), entry.based_on.unwrap_or_default());
        let receipts = match self.register.append(&[entry], self.now) {
            Err(register::Error::Stale { current, .. }) => {
                return Err(self.moved_on(dossier, kind, seen, current));
            }
            other => other?,
        };
        Ok(receipts.first().map(|r| (ReceiptView::of(r), r.is_new)))
    }

    /// What was entered since the version that was seen.
    fn moved_on(&self, dossier: &Dossier, kind: &str, based_on: u64, current: u64) -> Error {
        let stream = StreamId::site(dossier.site_id);
        let entries = match self.register.load_stream(&stream) {
            Ok(entries) => entries,
            Err(error) => return error.into(),
        };
        let station = dossier.facts.station_id.as_deref();
        let since = entries.iter().filter(|e| {
            let body = &e.entry.body;
            let decides = StalePolicy::of(body.kind()) != StalePolicy::Commute;
            e.version > based_on && decides && self.is_told_of_issue(body, station)
        });
        let clashes = since.map(|e| {
            let current = Value::from(e.entry.body.title());
            (e.entry.body.kind().to_owned(), Value::from(kind), current)
        });
        Error::Stale(Box::new(Stale {
            based_on,
            current,
            clashes: clashes.collect(),
        }))
    }
}

/// Steps that stand or fall with suspicions: the issue is looked at at once, whatever the last night found.
fn asks_for_suspicions(body: &EntryBody) -> bool {
    let says_yes = match body {
        EntryBody::AcceptanceRecorded(b) => b.result == "passed",
        _ => true,
    };
    says_yes && IssueStep::of(body).is_some_and(|s| closing::needs(s).contains(&Fact::NoSuspicion))
}

/// Label of a step in the transition table.
pub(crate) fn step_label(flow: &Flow, step: IssueStep) -> String {
    let row = flow.steps.iter().find(|s| s.code == step.code());
    row.map_or_else(|| step.code().to_owned(), |s| s.label.clone())
}

fn states_of(flow: &Flow, step: IssueStep) -> Vec<String> {
    let rows = flow.steps.iter().filter(|s| s.code == step.code());
    rows.flat_map(|s| s.from.iter().cloned()).collect()
}

fn unknown_level() -> Error {
    Error::rejected(Diagnostic::error("issue.unknown_level"))
}

/// The body that was said, as an entry's; nothing of what was said may get lost.
pub(crate) fn body_of(said: SaidAct, issue: Option<EntryId>) -> Result<EntryBody, Error> {
    let SaidAct { kind, mut body } = said;
    if !KINDS.contains(&kind.as_str()) {
        let fault = Diagnostic::error("issue.kind")
            .arg("kind", &kind)
            .arg("known", KINDS.join(", "));
        return Err(Error::rejected(fault));
    }
    if let Some(id) = issue {
        let told = body.insert("issue".to_owned(), Value::from(id.to_string()));
        let is_other = |v: &Value| !v.is_null() && v.as_str() != Some(&id.to_string());
        if told.as_ref().is_some_and(is_other) {
            return Err(Error::rejected(Diagnostic::error("issue.other_issue")));
        }
    }
    let whole = serde_json::json!({ "kind": kind, "body": body });
    let read: EntryBody = serde_json::from_value(whole).map_err(|e| {
        let cause = e.to_string();
        let lacking = cause.strip_prefix("missing field `");
        let fault = match lacking.and_then(|rest| rest.split('`').next()) {
            Some(name) => Diagnostic::error("issue.body_lacks").arg("name", name),
            None => Diagnostic::error("issue.body").arg("cause", &cause),
        };
        Error::rejected(fault.arg("kind", &kind))
    })?;
    let kept = serde_json::to_value(&read).map_err(Error::internal)?;
    match lost(&Value::Object(body), &kept["body"], "") {
        Some(field) => {
            let fault = Diagnostic::error("issue.unknown_field")
                .arg("kind", &kind)
                .arg("name", field);
            Err(Error::rejected(fault))
        }
        None => Ok(read),
    }
}

/// The first member that says something and was not taken.
fn lost(said: &Value, kept: &Value, path: &str) -> Option<String> {
    match (said, kept) {
        (Value::Object(said), Value::Object(kept)) => said.iter().find_map(|(name, value)| {
            let path = format!("{path}{}{name}", if path.is_empty() { "" } else { "." });
            match kept.get(name) {
                Some(kept) => lost(value, kept, &path),
                None => says_something(value).then_some(path),
            }
        }),
        (Value::Array(said), Value::Array(kept)) => {
            let pairs = said.iter().zip(kept).enumerate();
            let mut lost = pairs.filter_map(|(at, (s, k))| lost(s, k, &format!("{path}[{at}]")));
            lost.next()
        }
        _ => None,
    }
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => true,
    }
}

/// Whoever reads an issue reads the files it names, so it names none but its site's own.
fn check_files(body: &EntryBody, dossier: &Dossier) -> Result<(), Error> {
    let of_visits = dossier.verifications.iter().flat_map(|v| &v.body.evidence);
    let uploaded = dossier.evidence.iter().map(|e| &e.body.sha256);
    let own: std::collections::HashSet<&str> =
        of_visits.chain(uploaded).map(String::as_str).collect();
    let named = issue::named_blobs(body).into_iter();
    let mut foreign = named.filter(|sha256| !sha256.is_empty() && !own.contains(sha256));
    match foreign.next() {
        Some(sha256) => {
            let fault = Diagnostic::error("issue.evidence").arg("sha256", sha256);
            Err(Error::rejected(fault))
        }
        None => Ok(()),
    }
}

/// An answer answers something that waits for one.
fn check_answered(body: &EntryBody, issue: &Issue) -> Result<(), Error> {
    fn waits<A, B>(all: &[issue::Answered<A, B>], id: EntryId) -> bool {
        all.iter()
            .any(|a| a.recorded.entry_id == id && a.answer.is_none())
    }
    let is_fit = match body {
        EntryBody::UrgingAnswered(b) => waits(&issue.urgings, b.urging),
        EntryBody::ReferralReceived(b) => waits(&issue.referrals, b.referral),
        EntryBody::SuspicionJudged(b) => waits(&issue.suspicions, b.suspicion),
        _ => true,
    };
    match is_fit {
        true => Ok(()),
        false => Err(Error::rejected(Diagnostic::error("issue.nothing_waits"))),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(kind: &str, body: Value) -> SaidAct {
        let Value::Object(body) = body else {
            panic!("a body is an object");
        };
        SaidAct {
            kind: kind.to_owned(),
            body,
        }
    }

    fn code(kind: &str, body: Value) -> String {
        let issue = EntryId::derived(jiff::Timestamp::UNIX_EPOCH, &[b"a"]);
        body_of(said(kind, body), Some(issue)).map_or_else(|e| e.code(), |b| b.kind().to_owned())
    }

    #[test]
    fn a_body_is_read_as_the_entry_of_its_kind() {
        let progress = json!({ "to_on": "2019-09-01", "text": "拆除", "quantities": [{ "measure": "demolished_m2", "value": 5 }] });
        assert_eq!(code("progress.reported", progress), "progress.reported");
    }

    #[test]
    fn nothing_that_was_said_gets_lost_unnoticed() {
        let misspelt =
            json!({ "to_on": "2019-09-01", "text": "拆除", "quantites": [{ "measure": "x" }] });
        assert_eq!(code("progress.reported", misspelt), "issue.unknown_field");
        let within = json!({ "to_on": "2019-09-01", "text": "拆除", "quantities": [{ "measure": "demolished_m2", "value": 5, "unit": "m²" }] });
        assert_eq!(code("progress.reported", within), "issue.unknown_field");
        let idle =
            json!({ "to_on": "2019-09-01", "text": "拆除", "quantities": [], "percent": null });
        assert_eq!(code("progress.reported", idle), "progress.reported");
    }

    #[test]
    fn only_kinds_of_an_issue_are_taken_and_only_for_the_issue_meant() {
        assert_eq!(code("site.merged", json!({ "reason": "甲" })), "issue.kind");
        assert_eq!(
            code("rectification.started", json!({ "started_on": "昨天" })),
            "issue.body"
        );
        let undated = json!({ "text": "拆除" });
        assert_eq!(code("progress.reported", undated), "issue.body_lacks");
        let other =
            json!({ "issue": "01900000-0000-7000-8000-000000000000", "started_on": "2019-09-01" });
        assert_eq!(code("rectification.started", other), "issue.other_issue");
    }

    #[test]
    fn every_kind_that_may_be_entered_asks_for_a_right() {
        let known: Vec<&str> = EntryBody::KINDS.iter().map(|(kind, _)| *kind).collect();
        for kind in KINDS {
            assert!(known.contains(kind), "{kind}");
        }
    }
}
