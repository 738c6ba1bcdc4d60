//! 一点一档 — the fold of a site's stream: everything known of it, weighed, with where each fact came from.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::entries::{
    Basis, CharacterizationRecorded, ClueLinked, DeterminationRecorded, EvidenceRecorded,
    FocalOverridden, IssueCarriedOver, PermitRecorded, RemarkRecorded, SiteFacts,
    VerificationRecorded, VerificationReviewed,
};
use crate::entry::{EntryBody, RecordedEntry};
use crate::flow::Flow;
use crate::ids::{ClueId, EntryId, SiteId};
use crate::issue::{Issue, built_in_flow, fold_issues};
use crate::stored::Stored;

/// 事实分量 — what outweighs what when sources contradict each other. Higher wins; within one weight the later does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// A clue, seen from above or told.
    Clue,
    /// An earlier ledger or list.
    Ledger,
    /// Found on the spot by two persons.
    Verification,
    /// Set by a person with a reason.
    Correction,
    /// Computed from geometry; nothing is stated against it.
    Computed,
}

/// 出处 — which entry states a fact, since when, and how much it weighs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    pub entry_id: EntryId,
    pub seq: u64,
    pub occurred_at: Timestamp,
    pub weight: Weight,
    pub basis: Basis,
}

/// 说法 — one source's statement of one field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    pub value: Value,
    pub provenance: Provenance,
}

/// 带出处的登记 — a body that is kept whole in the dossier, with its entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Kept<T> {
    pub entry_id: EntryId,
    pub seq: u64,
    pub occurred_at: Timestamp,
    pub actor: String,
    #[serde(flatten)]
    pub body: T,
}

impl<T> Kept<T> {
    /// Another body from the same entry.
    pub fn with<U>(self, body: U) -> Kept<U> {
        Kept {
            entry_id: self.entry_id,
            seq: self.seq,
            occurred_at: self.occurred_at,
            actor: self.actor,
            body,
        }
    }
}

/// 点位状态 — reached by entries, never assigned; suspected is a state, not a second table.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SiteState {
    /// 待核查
    AwaitingVerification,
    /// 核查中: looked at, no conclusion yet
    InVerification,
    /// 已排除
    Excluded,
    /// 无问题
    NoIssue,
    /// 存在问题
    VerifiedWithIssue,
    /// 性质已判别
    Characterized,
    /// 方案编制
    Planning,
    /// 方案已审核
    PlanApproved,
    /// 整改中
    Rectifying,
    /// 整改完成待验收
    AwaitingAcceptance,
    /// 县级验收通过
    CountyAccepted,
    /// 市级认定完成
    CityDetermined,
    /// 公示中
    InPublicNotice,
    /// 已销号: every condition evidenced, every level passed, the notice ended
    ClosedOut,
    /// 已巩固: looked back at, and it lasts
    Consolidated,
    /// 反弹
    Relapsed,
    /// 未整改关闭: never counts as rectified
    ClosedUnfixed,
    /// 已归并
    Merged,
    /// 已撤销
    Withdrawn,
}

impl SiteState {
    /// All of them, in the order of the work.
    pub const ALL: &'static [Self] = &[
        Self::AwaitingVerification,
        Self::InVerification,
        Self::Excluded,
        Self::NoIssue,
        Self::VerifiedWithIssue,
        Self::Characterized,
        Self::Planning,
        Self::PlanApproved,
        Self::Rectifying,
        Self::AwaitingAcceptance,
        Self::CountyAccepted,
        Self::CityDetermined,
        Self::InPublicNotice,
        Self::ClosedOut,
        Self::Consolidated,
        Self::Relapsed,
        Self::ClosedUnfixed,
        Self::Merged,
        Self::Withdrawn,
    ];

    /// The state with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|s| s.code() == code)
    }

    /// Whether an issue stands open in it: found, and neither closed out nor consolidated. Closed unfixed is not put right.
    pub fn has_issue(self) -> bool {
        let index = self as usize;
        let is_in_work =
            (Self::VerifiedWithIssue as usize..=Self::InPublicNotice as usize).contains(&index);
        is_in_work || matches!(self, Self::Relapsed | Self::ClosedUnfixed)
    }

    /// The state as stored and in the campaign's flow table.
    pub fn code(self) -> &'static str {
        match self {
            Self::AwaitingVerification => "awaiting_verification",
            Self::InVerification => "in_verification",
            Self::Excluded => "excluded",
            Self::NoIssue => "no_issue",
            Self::VerifiedWithIssue => "verified_with_issue",
            Self::Characterized => "characterized",
            Self::Planning => "planning",
            Self::PlanApproved => "plan_approved",
            Self::Rectifying => "rectifying",
            Self::AwaitingAcceptance => "awaiting_acceptance",
            Self::CountyAccepted => "county_accepted",
            Self::CityDetermined => "city_determined",
            Self::InPublicNotice => "in_public_notice",
            Self::ClosedOut => "closed_out",
            Self::Consolidated => "consolidated",
            Self::Relapsed => "relapsed",
            Self::ClosedUnfixed => "closed_unfixed",
            Self::Merged => "merged",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Whether the site counts: merged and withdrawn ones stay readable and count no more.
    pub fn counts(self) -> bool {
        !matches!(self, Self::Merged | Self::Withdrawn)
    }
}

/// 判别效力 — whether a decision holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// 有效
    Effective,
    /// 待复核: an override no second reader has confirmed
    AwaitsSecondReader,
    /// 复核不通过
    Rejected,
    /// 已撤销
    Withdrawn,
}

/// 判别决定 — one decision on a site's nature, and what second readers said of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    pub standing: Standing,
    /// Who confirmed, rejected or withdrew it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_reader: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_reason: Option<String>,
    #[serde(flatten)]
    pub recorded: Kept<CharacterizationRecorded>,
}

/// 一点一档 — a site as of some day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dossier {
    pub site_id: SiteId,
    pub site_code: String,
    pub reserve_code: String,
    pub campaign_id: String,
    pub state: SiteState,
    /// The weighed facts.
    pub facts: SiteFacts,
    /// All statements by field, strongest first; more than one distinct value is a contradiction.
    pub claims: BTreeMap<String, Vec<Stored<Claim>>>,
    pub clues: Vec<Kept<ClueLinked>>,
    pub permits: Vec<Kept<PermitRecorded>>,
    pub verifications: Vec<Kept<VerificationRecorded>>,
    /// 未审核: verifications made in the field that nobody else has accepted yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreviewed: Vec<EntryId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reviews: Vec<Kept<VerificationReviewed>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Kept<EvidenceRecorded>>,
    pub carried_over: Vec<Kept<IssueCarriedOver>>,
    pub determinations: Vec<Kept<DeterminationRecorded>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub characterization: Option<Kept<CharacterizationRecorded>>,
    /// Every decision with what became of it, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub characterizations: Vec<Decision>,
    /// 判别事实 that people stated, by name of the decision tables, strongest first.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub judged_facts: BTreeMap<String, Vec<Stored<Claim>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub focal_override: Option<Kept<FocalOverridden>>,
    /// 问题, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issues: Vec<Issue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<SiteId>,
    /// 批示与批注, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<Kept<RemarkRecorded>>,
    pub first_seq: u64,
    pub last_seq: u64,
    pub registered_at: Timestamp,
    pub updated_at: Timestamp,
}

/// 矛盾 — sources of the same weight or above a clue that state different things of one field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contradiction {
    pub field: String,
    pub chosen: Claim,
    pub against: Vec<Claim>,
}

/// Names of the fields that `facts` states.
pub fn stated_fields(facts: &SiteFacts) -> Vec<String> {
    as_map(facts).into_iter().map(|(field, _)| field).collect()
}

fn as_map<T: Serialize>(value: &T) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(map)) => map,
        // Facts hold only strings, finite numbers and shapes; anything else would not be an object.
        _ => Map::new(),
    }
}

/// The dossier that follows from the entries of one site's stream, in any order; `None` before it is registered.
///
/// Entries of one site commute: facts are weighed by [`Weight`], then by claimed time, then by log position, so the
/// same entries give the same dossier however they arrived.
///
/// Issues are walked in the order of the log by the transition table as shipped; see [`fold_by`] for another table.
pub fn fold<'a>(entries: impl IntoIterator<Item = &'a RecordedEntry>) -> Option<Dossier> {
    fold_by(built_in_flow(), entries)
}

/// The dossier as [`fold`] gives it, with issues walked by this transition table.
pub fn fold_by<'a>(
    flow: &Flow,
    entries: impl IntoIterator<Item = &'a RecordedEntry>,
) -> Option<Dossier> {
    let mut entries: Vec<&RecordedEntry> = entries.into_iter().collect();
    entries.sort_by_key(|e| e.seq);
    let mut dossier = entries.iter().find_map(|e| registered(e))?;
    for entry in &entries {
        dossier.apply(entry);
    }
    for entry in &entries {
        dossier.read_again(entry);
    }
    dossier.settle();
    dossier.issues = fold_issues(&entries, &dossier, flow);
    dossier.settle_state();
    Some(dossier)
}

fn registered(entry: &RecordedEntry) -> Option<Dossier> {
    let EntryBody::SiteRegistered(body) = &entry.entry.body else {
        return None;
    };
    Some(Dossier {
        site_id: body.site_id,
        site_code: body.site_code.clone(),
        reserve_code: body.reserve_code.clone(),
        campaign_id: body.campaign_id.clone(),
        state: SiteState::AwaitingVerification,
        facts: SiteFacts::default(),
        claims: BTreeMap::new(),
        clues: Vec::new(),
        permits: Vec::new(),
        verifications: Vec::new(),
        unreviewed: Vec::new(),
        reviews: Vec::new(),
        evidence: Vec::new(),
        carried_over: Vec::new(),
        determinations: Vec::new(),
        characterization: None,
        characterizations: Vec::new(),
        judged_facts: BTreeMap::new(),
        focal_override: None,
        remarks: Vec::new(),
        issues: Vec::new(),
        merged_into: None,
        first_seq: entry.seq,
        last_seq: entry.seq,
        registered_at: entry.claimed_at(),
        updated_at: entry.claimed_at(),
    })
}

pub(crate) fn kept<T: Clone>(entry: &RecordedEntry, body: &T) -> Kept<T> {
    Kept {
        entry_id: entry.entry.id,
        seq: entry.seq,
        occurred_at: entry.claimed_at(),
        actor: entry.entry.author.actor.clone(),
        body: body.clone(),
    }
}

fn provenance(entry: &RecordedEntry, weight: Weight, basis: &Basis) -> Provenance {
    Provenance {
        entry_id: entry.entry.id,
        seq: entry.seq,
        occurred_at: entry.claimed_at(),
        weight,
        basis: basis.clone(),
    }
}

fn weight_of(basis: &Basis) -> Weight {
    match basis {
        Basis::Clue { .. } => Weight::Clue,
        Basis::Source { .. } => Weight::Ledger,
        Basis::Person { .. } => Weight::Correction,
        Basis::Overlay => Weight::Computed,
    }
}

fn strongest_first(claim: &Stored<Claim>) -> std::cmp::Reverse<(Weight, Timestamp, u64)> {
    let p = &claim.provenance;
    std::cmp::Reverse((p.weight, p.occurred_at, p.seq))
}

impl Dossier {
    /// Instructions and findings that nobody has answered yet, oldest first.
    pub fn unanswered_remarks(&self) -> impl Iterator<Item = &Kept<RemarkRecorded>> {
        let is_answered = |id: EntryId| self.remarks.iter().any(|r| r.body.of == Some(id));
        self.remarks
            .iter()
            .filter(move |r| r.body.remark_kind.awaits_answer() && !is_answered(r.entry_id))
    }

    fn apply(&mut self, entry: &RecordedEntry) {
        self.last_seq = self.last_seq.max(entry.seq);
        self.updated_at = self.updated_at.max(entry.claimed_at());
        match &entry.entry.body {
            EntryBody::SiteRegistered(b) => {
                self.claim(entry, &b.facts, weight_of(&b.basis), &b.basis)
            }
            EntryBody::SiteAmended(b) => self.claim(entry, &b.facts, weight_of(&b.basis), &b.basis),
            EntryBody::ClueLinked(b) => self.clues.push(kept(entry, &**b)),
            EntryBody::ClueUnlinked(b) => self.unlink(b.clue_id, entry.seq),
            EntryBody::PermitRecorded(b) => self.permits.push(kept(entry, &**b)),
            EntryBody::VerificationRecorded(b) => {
                self.claim(entry, &b.facts, Weight::Verification, &b.basis);
                self.state_judged_facts(entry, b);
                self.verifications.push(kept(entry, &**b));
                if entry.entry.stamp.is_some() || b.is_by_odk() {
                    self.unreviewed.push(entry.entry.id);
                }
            }
            EntryBody::VerificationReviewed(b) => {
                if b.result == "accepted" {
                    self.unreviewed.retain(|id| *id != b.verification);
                }
                self.reviews.push(kept(entry, &**b));
            }
            EntryBody::EvidenceRecorded(b) => self.evidence.push(kept(entry, &**b)),
            EntryBody::IssueCarriedOver(b) => self.carried_over.push(kept(entry, &**b)),
            EntryBody::DeterminationRecorded(b) => self.determinations.push(kept(entry, &**b)),
            EntryBody::CharacterizationRecorded(b) => self.decide(kept(entry, &**b)),
            EntryBody::FocalOverridden(b) => self.focal_override = Some(kept(entry, &**b)),
            EntryBody::RemarkRecorded(b) => self.remarks.push(kept(entry, &**b)),
            EntryBody::SiteMerged(b) => {
                self.merged_into = Some(b.into);
                self.state = SiteState::Merged;
            }
            EntryBody::SiteWithdrawn(_) => self.state = SiteState::Withdrawn,
            EntryBody::SiteRestored(_) => {
                self.merged_into = None;
                // What state that is, `settle` reads off what is known of the site.
                self.state = SiteState::AwaitingVerification;
            }
            _ => {}
        }
    }

    fn decide(&mut self, recorded: Kept<CharacterizationRecorded>) {
        let awaits = recorded
            .body
            .overridden
            .as_ref()
            .is_some_and(|o| o.second_reader.is_none());
        let standing = match awaits {
            true => Standing::AwaitsSecondReader,
            false => Standing::Effective,
        };
        self.characterizations.push(Decision {
            standing,
            second_reader: None,
            second_reason: None,
            recorded,
        });
    }

    /// What second readers said, after every decision is known: entries may arrive in any order.
    fn read_again(&mut self, entry: &RecordedEntry) {
        let (of, standing, reason) = match &entry.entry.body {
            EntryBody::CharacterizationConfirmed(b) => {
                (b.characterization, Standing::Effective, b.reason.clone())
            }
            EntryBody::CharacterizationRejected(b) => (
                b.characterization,
                Standing::Rejected,
                Some(b.reason.clone()),
            ),
            EntryBody::CharacterizationWithdrawn(b) => (
                b.characterization,
                Standing::Withdrawn,
                Some(b.reason.clone()),
            ),
            _ => return,
        };
        let decision = self
            .characterizations
            .iter_mut()
            .find(|d| d.recorded.entry_id == of);
        let Some(decision) = decision else { return };
        let is_open = decision.standing == Standing::AwaitsSecondReader;
        let is_withdrawal = standing == Standing::Withdrawn;
        let by_own_hand = decision.recorded.actor == entry.entry.author.actor;
        // Whatever an entry says, nobody confirms their own override, and the first second reader decides.
        if is_withdrawal || (is_open && !by_own_hand) {
            decision.standing = standing;
            decision.second_reader = Some(entry.entry.author.actor.clone());
            decision.second_reason = reason;
        }
    }

    fn state_judged_facts(&mut self, entry: &RecordedEntry, body: &VerificationRecorded) {
        for (name, value) in &body.judged_facts {
            let claim = Claim {
                value: Value::String(value.clone()),
                provenance: provenance(entry, Weight::Verification, &body.basis),
            };
            self.judged_facts
                .entry(name.clone())
                .or_default()
                .push(claim.into());
        }
    }

    fn unlink(&mut self, clue: ClueId, seq: u64) {
        self.clues.retain(|c| c.body.clue_id != clue || c.seq > seq);
    }

    fn claim(&mut self, entry: &RecordedEntry, facts: &SiteFacts, weight: Weight, basis: &Basis) {
        let provenance = provenance(entry, weight, basis);
        for (field, value) in as_map(facts) {
            let claim = Claim {
                value,
                provenance: provenance.clone(),
            };
            self.claims.entry(field).or_default().push(claim.into());
        }
    }

    fn settle(&mut self) {
        self.settle_facts();
        for claims in self.judged_facts.values_mut() {
            claims.sort_by_key(strongest_first);
        }
        // A clock that is ahead puts nothing after what others find later.
        self.verifications.sort_by_key(|v| {
            let day = v.body.verified_on.min(civil_day(v.occurred_at));
            (day, v.seq)
        });
        self.characterizations
            .sort_by_key(|d| (d.recorded.occurred_at, d.recorded.seq));
        let effective = |d: &&Decision| d.standing == Standing::Effective;
        self.characterization = self
            .characterizations
            .iter()
            .rev()
            .find(effective)
            .map(|d| d.recorded.clone());
    }

    /// The state follows from the newest open issue; without one from the newest issue, unless a later visit found
    /// something anew; without any from verifications and decisions. Merged and withdrawn sites stay so.
    fn settle_state(&mut self) {
        if self.state != SiteState::AwaitingVerification {
            return;
        }
        let reached = self.reached_state();
        let newest = self.open_issue().or(self.issues.last());
        self.state = match newest {
            Some(issue)
                if issue.is_closed() && reached.has_issue() && self.is_seen_since(issue) =>
            {
                reached
            }
            Some(issue) => issue.state,
            None => reached,
        };
    }

    fn is_seen_since(&self, issue: &Issue) -> bool {
        let closed_at = issue.close_out.as_ref().map(|c| c.occurred_at);
        let seen_at = self.verifications.last().map(|v| v.occurred_at);
        matches!((closed_at, seen_at), (Some(closed), Some(seen)) if seen > closed)
    }

    /// Reads every claim, so that a stored copy in which one is no claim is found out before anybody relies on it.
    pub fn check_claims(&self) -> serde_json::Result<()> {
        let fields = self.claims.values().chain(self.judged_facts.values());
        read_all(fields.flatten())
    }

    /// The same for those alone that are laid beside each other.
    pub fn check_compared_claims(&self) -> serde_json::Result<()> {
        let contested = self.compared().map(|(_, claims)| claims);
        read_all(contested.filter(|claims| claims.len() > 1).flatten())
    }

    /// The newest issue that is still open.
    pub fn open_issue(&self) -> Option<&Issue> {
        self.issues.iter().rev().find(|i| i.is_open())
    }

    /// The issue with this id.
    pub fn find_issue(&self, id: EntryId) -> Option<&Issue> {
        self.issues.iter().find(|i| i.id == id)
    }

    fn settle_facts(&mut self) {
        let mut chosen = Map::new();
        for (field, claims) in &mut self.claims {
            claims.sort_by_key(strongest_first);
            chosen.insert(field.clone(), claims[0].value.clone());
        }
        // The values were serialized from `SiteFacts` members of the same names.
        self.facts = serde_json::from_value(Value::Object(chosen)).unwrap_or_default();
    }

    /// The same site as somebody sees it who may not know what certain sources told: without their clues and issues, and
    /// without the words taken from them. Where the site lies and what it is stays.
    #[must_use]
    pub fn without_sources(mut self, is_hidden: impl Fn(&str) -> bool) -> Self {
        let before = self.clues.len() + self.carried_over.len();
        self.clues.retain(|c| !is_hidden(&c.body.source_kind));
        self.carried_over
            .retain(|c| !is_hidden(&c.body.source_kind));
        let linked: std::collections::BTreeSet<ClueId> =
            self.clues.iter().map(|c| c.body.clue_id).collect();
        // What a clue told that is linked no more may have been told in confidence as well.
        let is_told = |claim: &Stored<Claim>| match &claim.provenance.basis {
            Basis::Clue { clue_id, .. } => linked.contains(clue_id),
            _ => true,
        };
        let mut is_changed = before != self.clues.len() + self.carried_over.len();
        for field in TOLD_FIELDS {
            if let Some(claims) = self.claims.get_mut(field) {
                let count = claims.len();
                claims.retain(is_told);
                is_changed |= claims.len() != count;
            }
        }
        if is_changed {
            self.claims.retain(|_, claims| !claims.is_empty());
            self.settle_facts();
        }
        self
    }

    fn reached_state(&self) -> SiteState {
        let Some(verification) = self.verifications.last() else {
            return SiteState::AwaitingVerification;
        };
        let state = state_after(&verification.body.conclusion);
        match (&self.characterization, state) {
            (Some(c), SiteState::VerifiedWithIssue)
                if c.occurred_at >= verification.occurred_at =>
            {
                SiteState::Characterized
            }
            _ => state,
        }
    }

    /// The latest verification, by the day it was made.
    pub fn latest_verification(&self) -> Option<&VerificationRecorded> {
        self.verifications.last().map(|v| &v.body)
    }

    /// The override that waits for a second reader.
    pub fn awaited_decision(&self) -> Option<&Decision> {
        self.characterizations
            .iter()
            .rev()
            .find(|d| d.standing == Standing::AwaitsSecondReader)
    }

    /// The city's latest ruling on the carried-over issue of `source_kind`.
    pub fn determination_of(&self, source_kind: &str) -> Option<&DeterminationRecorded> {
        let about = self
            .determinations
            .iter()
            .filter(|d| d.body.source_kind == source_kind);
        about
            .max_by_key(|d| (d.body.determined_on, d.seq))
            .map(|d| &d.body)
    }

    /// Carried-over issues that the city has not found completed (市级认定结果 decides, 绿盾2019 plan 三（一）).
    pub fn unfinished_carried_over(&self) -> impl Iterator<Item = &IssueCarriedOver> {
        let carried = self.carried_over.iter().map(|c| &c.body);
        carried.filter(|c| !self.is_carried_over_finished(&c.source_kind))
    }

    /// Whether the city has found the carried-over issue of `source_kind` completed: by its ruling, or by determining
    /// the issue that goes on with it. An issue that goes on with it and has come back is not finished.
    pub fn is_carried_over_finished(&self, source_kind: &str) -> bool {
        let goes_on = |i: &&Issue| i.opened.body.carried_over_from.as_deref() == Some(source_kind);
        let issue = self.issues.iter().rev().find(goes_on);
        match issue {
            Some(issue) if issue.is_determined() => true,
            Some(issue) if issue.state == SiteState::Relapsed => false,
            _ => {
                let ruling = self.determination_of(source_kind);
                ruling.is_some_and(|d| d.result == "completed")
            }
        }
    }

    /// Sources the site is known from, by code, once each, in the order they came.
    pub fn source_kinds(&self) -> Vec<&str> {
        let mut kinds = Vec::new();
        let from_clues = self.clues.iter().map(|c| c.body.source_kind.as_str());
        let carried = self
            .carried_over
            .iter()
            .map(|c| c.body.source_kind.as_str());
        for kind in from_clues.chain(carried) {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        kinds
    }

    /// Numbers the site was issued under, once each.
    pub fn external_codes(&self) -> Vec<&str> {
        let mut codes = Vec::new();
        let from_clues = self
            .clues
            .iter()
            .filter_map(|c| c.body.external_code.as_deref());
        let carried = self
            .carried_over
            .iter()
            .filter_map(|c| c.body.external_code.as_deref());
        for code in from_clues.chain(carried) {
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        codes
    }

    /// Fields on which sources at least as heavy as a ledger, or two clues, state different things.
    pub fn contradictions(&self) -> Vec<Contradiction> {
        self.compared().filter_map(contradiction).collect()
    }

    /// The claims of the fields on which sources should agree.
    fn compared(&self) -> impl Iterator<Item = (&String, &Vec<Stored<Claim>>)> {
        let claims = self.claims.iter();
        claims.filter(|(field, _)| !UNCOMPARED_FIELDS.contains(&field.as_str()))
    }
}

/// Fields that hold a source's own words, by which a complainant could be known.
const TOLD_FIELDS: [&str; 6] = [
    "description",
    "note",
    "owner_name",
    "location_text",
    "scale_text",
    "permits_text",
];

/// Fields where different sources are expected to differ, or that are computed.
const UNCOMPARED_FIELDS: [&str; 17] = [
    "lon",
    "lat",
    "precision_m",
    "shape",
    "zone_kind",
    "zone_shares",
    "zone_flags",
    "boundary_version",
    "station_id",
    "area_m2",
    "stated_area_m2",
    "description",
    "note",
    "location_text",
    "scale_text",
    "permits_text",
    "has_issue",
];

fn read_all<'c>(claims: impl Iterator<Item = &'c Stored<Claim>>) -> serde_json::Result<()> {
    for claim in claims {
        claim.read()?;
    }
    Ok(())
}

fn contradiction((field, claims): (&String, &Vec<Stored<Claim>>)) -> Option<Contradiction> {
    let (chosen, rest) = claims.split_first()?;
    let differs = |claim: &&Stored<Claim>| !agrees(&claim.value, &chosen.value);
    let against = rest.iter().filter(differs);
    let against: Vec<Claim> = against.map(|claim| Claim::clone(claim)).collect();
    (!against.is_empty()).then(|| Contradiction {
        field: field.clone(),
        chosen: Claim::clone(chosen),
        against,
    })
}

/// Dates agree when one is the less exact form of the other; everything else when equal.
fn agrees(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => {
            a == b || is_less_exact(a, b) || is_less_exact(b, a)
        }
        _ => a == b,
    }
}

fn is_less_exact(short: &str, long: &str) -> bool {
    let is_date = short.len() >= 4 && short.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    is_date && long.starts_with(short) && long.as_bytes().get(short.len()) == Some(&b'-')
}

/// State that a verification's conclusion (code of CL-VERDICT) leads to.
pub fn state_after(conclusion: &str) -> SiteState {
    match conclusion {
        "outside_reserve" | "false_alarm" => SiteState::Excluded,
        "undetermined" => SiteState::InVerification,
        c if c.starts_with("no_issue") => SiteState::NoIssue,
        _ => SiteState::VerifiedWithIssue,
    }
}

/// Day in the register's own zone (Asia/Shanghai, the one legal time of China) on which an instant falls.
pub fn civil_day(at: Timestamp) -> Date {
    at.to_zoned(SHANGHAI.clone()).date()
}

static SHANGHAI: std::sync::LazyLock<jiff::tz::TimeZone> =
    // China has kept one zone, UTC+8 without summer time, since 1992; papers before that carry dates only.
    std::sync::LazyLock::new(|| jiff::tz::TimeZone::fixed(jiff::tz::offset(8)));

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::issue::tests::Story;

    #[test]
    fn states_are_numbered_in_the_order_of_the_work() {
        let numbers = SiteState::ALL.iter().map(|state| *state as usize);
        assert!(numbers.eq(0..SiteState::ALL.len()));
    }

    #[test]
    fn what_is_no_claim_is_found_out_before_it_is_needed() {
        let told = serde_json::to_value(Story::site("X-1").dossier()).unwrap();
        let sound = told["claims"].as_object().unwrap().values().next().unwrap()[0].clone();
        let with_names = |names: Value| -> Dossier {
            let mut told = told.clone();
            told["claims"]["facility_name"] = names;
            serde_json::from_str(&told.to_string()).unwrap()
        };
        let read = with_names(json!([sound, sound]));
        assert!(read.check_claims().is_ok() && read.check_compared_claims().is_ok());
        let contested = with_names(json!([sound, "no claim"]));
        assert!(contested.check_claims().is_err() && contested.check_compared_claims().is_err());
        let alone = with_names(json!(["no claim"]));
        assert!(alone.check_claims().is_err());
        // Nothing is laid beside it: nobody reads it.
        assert!(alone.check_compared_claims().is_ok());
        let before = Story::site("X-1").dossier().contradictions().len();
        assert_eq!(alone.contradictions().len(), before);
    }
}
