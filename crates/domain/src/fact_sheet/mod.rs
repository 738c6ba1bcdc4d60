//! 事实表 — what the decision tables ask about a site, read from its dossier; each fact with where it came from.
//! What the dossier does not say is left out: unknown stays unknown.

mod filling;
mod papers;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use spatial::diagnostic::Diagnostic;

use crate::dossier::{Claim, Dossier, Kept};
use crate::entries::ReserveRegistered;
use crate::ids::EntryId;
use crate::partial_date::PartialDate;

pub use filling::{Checklist, Choice, Document, Filling, FirstBoundary, PaperFact};
pub use papers::{Paper, PaperState};

/// 事实出处 — the entry a fact was read from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FactSource {
    pub entry_id: EntryId,
    pub seq: u64,
    pub occurred_at: Timestamp,
}

/// 事实取值 — one fact of the sheet, why it has this value, and from which entries.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FilledFact {
    pub name: String,
    pub value: String,
    pub why: Diagnostic,
    pub sources: Vec<FactSource>,
}

/// 填成的事实表 — of one site as of a day.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FilledSheet {
    pub site_code: String,
    pub as_of: Date,
    /// Table that judges it; none where its class or subtype is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    pub facts: Vec<FilledFact>,
    /// Papers the checklist asks for, and what is on file.
    pub papers: Vec<Paper>,
    /// Day the spot came under the reserve.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub came_under_on: Option<PartialDate>,
    /// Zone at building time, by the boundary version of that day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone_when_built: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boundary_version: Option<String>,
    /// What is odd about the facts.
    pub doubts: Vec<Diagnostic>,
}

/// 历次落区 — where the site lies by one boundary version.
#[derive(Debug, Clone, PartialEq)]
pub struct ZoneAt {
    pub boundary_version: String,
    pub valid_from_on: Option<Date>,
    pub valid_to_on: Option<Date>,
    /// Strictest zone touched; none outside.
    pub zone_kind: Option<String>,
    pub is_partly_outside: bool,
    /// The boundary's own entry, or none for a version that is only tried out.
    pub source: Option<FactSource>,
}

/// 图斑所见 — what imagery saw change at the site.
#[derive(Debug, Clone, PartialEq)]
pub struct PatchSeen {
    /// Code of CL-CHANGE.
    pub change_kind: String,
    pub acquired_on_before: Option<PartialDate>,
    pub acquired_on_after: Option<PartialDate>,
    pub source: FactSource,
}

/// 点位材料 — everything a sheet is filled from.
pub struct Site<'a> {
    pub dossier: &'a Dossier,
    pub as_of: Date,
    pub reserve: &'a ReserveRegistered,
    /// By boundary version, oldest first; the last one that holds on the day is in force.
    pub zones: &'a [ZoneAt],
    pub patches: &'a [PatchSeen],
    pub filling: &'a Filling,
    /// Share by which a granted area may fall short of the measured one.
    pub area_tolerance: f64,
}

/// The entry of a body kept in the dossier.
fn source_of<T>(kept: &Kept<T>) -> FactSource {
    FactSource {
        entry_id: kept.entry_id,
        seq: kept.seq,
        occurred_at: kept.occurred_at,
    }
}

fn source_of_claim(claim: &Claim) -> FactSource {
    let p = &claim.provenance;
    FactSource {
        entry_id: p.entry_id,
        seq: p.seq,
        occurred_at: p.occurred_at,
    }
}

/// The sheet of a site, by the table its class asks for.
pub fn fill(site: &Site<'_>) -> FilledSheet {
    let facts = &site.dossier.facts;
    let choice = facts
        .activity_type_code
        .as_deref()
        .and_then(|a| site.filling.choice(a, facts.activity_subtype.as_deref()));
    fill_by(site, choice)
}

/// Sheets of a site by every table its class may come to; used where the subtype that decides is not known.
pub fn fill_by_candidates(site: &Site<'_>) -> Vec<FilledSheet> {
    let activity = site.dossier.facts.activity_type_code.as_deref();
    let choices = activity
        .into_iter()
        .flat_map(|a| site.filling.of_activity(a));
    choices.map(|c| fill_by(site, Some(c))).collect()
}

fn fill_by(site: &Site<'_>, choice: Option<&Choice>) -> FilledSheet {
    let in_force = site.zone_in_force();
    let came_under = site.came_under();
    let checklist = choice.and_then(|c| c.checklist.as_deref());
    let papers = papers::count(site, checklist.map_or(&[], |c| site.filling.documents(c)));
    let mut filler = Filler {
        site,
        facts: BTreeMap::new(),
    };
    // What comes first stands; weaker sources fill what is still open.
    filler.zone();
    filler.stated();
    filler.built();
    filler.set(came_under);
    filler.approvals(&papers);
    filler.carry_over();
    filler.changes();
    filler.false_alarm();
    if let Some(choice) = choice {
        filler.of_table(choice);
    }
    filler.conclusion();
    let facts: Vec<FilledFact> = filler.facts.into_values().collect();
    FilledSheet {
        site_code: site.dossier.site_code.clone(),
        as_of: site.as_of,
        table: choice.map(|c| c.table.clone()),
        facts,
        papers,
        came_under_on: came_under,
        zone_when_built: site.zone_when_built(),
        boundary_version: in_force.map(|z| z.boundary_version.clone()),
        doubts: site.doubts(),
    }
}

impl FilledSheet {
    /// The sheet as the engine reads it.
    pub fn to_json(&self) -> serde_json::Map<String, serde_json::Value> {
        let text = |t: &str| serde_json::Value::String(t.to_owned());
        let mut map = serde_json::Map::new();
        map.insert("id".into(), text(&self.site_code));
        map.insert("as_of".into(), text(&self.as_of.to_string()));
        if let Some(table) = &self.table {
            map.insert("table".into(), text(table));
        }
        for fact in &self.facts {
            map.insert(fact.name.clone(), text(&fact.value));
        }
        map
    }

    /// A fact by name.
    pub fn find(&self, name: &str) -> Option<&FilledFact> {
        self.facts.iter().find(|f| f.name == name)
    }
}

impl Site<'_> {
    /// Where the site lies by the version in force on the day.
    fn zone_in_force(&self) -> Option<&ZoneAt> {
        let holds = |z: &&ZoneAt| {
            z.valid_from_on.is_none_or(|from| from <= self.as_of)
                && z.valid_to_on.is_none_or(|to| self.as_of <= to)
        };
        self.zones.iter().rev().find(holds)
    }

    /// Day from which the spot has lain in the reserve without a break.
    fn came_under(&self) -> Option<PartialDate> {
        let in_force = self.zone_in_force()?;
        let last = self.zones.iter().position(|z| z == in_force)?;
        let inside = self.zones[..=last]
            .iter()
            .rev()
            .take_while(|z| z.zone_kind.is_some())
            .count();
        let first = (last + 1).checked_sub(inside).filter(|_| inside > 0)?;
        let from = self.zones[first].valid_from_on.map(PartialDate::day);
        match (first, self.filling.first_boundary) {
            (0, FirstBoundary::Established) => self.reserve.established_on.or(from),
            (0, FirstBoundary::Unknown) => None,
            _ => from,
        }
    }

    fn zone_when_built(&self) -> Option<String> {
        let built = self.dossier.facts.built_on?;
        let begun = |z: &&ZoneAt| {
            z.valid_from_on
                .is_some_and(|from| built.is_before(from) == Some(false))
        };
        self.zones
            .iter()
            .rev()
            .find(begun)
            .and_then(|z| z.zone_kind.clone())
    }

    /// An explicit 无 for all papers: recorded as such, or written in the column.
    fn explicit_none(&self) -> Option<FactSource> {
        let recorded = self
            .dossier
            .permits
            .iter()
            .find(|p| p.body.is_absent && p.body.permit_kind == "none");
        let written = || {
            let claim = self.dossier.claims.get("permits_text")?.first()?;
            let text = claim.value.as_str()?.trim();
            let is_none = self.filling.none_words.iter().any(|w| w == text);
            is_none.then(|| source_of_claim(claim))
        };
        recorded.map(source_of).or_else(written)
    }

    fn doubts(&self) -> Vec<Diagnostic> {
        let facts = &self.dossier.facts;
        let mut doubts = Vec::new();
        if let Some(built) = facts.built_on.filter(|b| b.first > self.as_of) {
            doubts.push(
                Diagnostic::warning("judge.built_after_judged")
                    .arg("built", built)
                    .arg("as_of", self.as_of),
            );
        }
        let established = self.reserve.established_on;
        let too_early = |p: &&Kept<crate::entries::PermitRecorded>| {
            let issued = p.body.issued_on.map(|i| i.last());
            p.body.permit_kind == "reserve_consent"
                && issued.zip(established).is_some_and(|(i, e)| i < e.first)
        };
        for paper in self.dossier.permits.iter().filter(too_early) {
            doubts.push(
                Diagnostic::warning("judge.consent_before_reserve")
                    .arg(
                        "number",
                        paper.body.document_number.as_deref().unwrap_or(""),
                    )
                    .arg(
                        "issued",
                        paper
                            .body
                            .issued_on
                            .map_or(String::new(), |d| d.to_string()),
                    )
                    .arg(
                        "established",
                        established.map_or(String::new(), |d| d.to_string()),
                    ),
            );
        }
        doubts
    }
}

struct Filler<'a, 's> {
    site: &'a Site<'s>,
    facts: BTreeMap<String, FilledFact>,
}

impl Filler<'_, '_> {
    fn say(
        &mut self,
        name: &str,
        value: impl Into<String>,
        why: Diagnostic,
        sources: Vec<FactSource>,
    ) {
        let fact = || FilledFact {
            name: name.to_owned(),
            value: value.into(),
            why,
            sources,
        };
        self.facts.entry(name.to_owned()).or_insert_with(fact);
    }

    fn first_claim(&self, field: &str) -> Option<&Claim> {
        Some(self.site.dossier.claims.get(field)?.first()?)
    }

    /// The strictest zone touched, by the boundary in force; without position or outline, as a source states it.
    fn zone(&mut self) {
        if let Some(now) = self.site.zone_in_force() {
            let why = match &now.zone_kind {
                Some(_) => Diagnostic::note("fact.zone_by_overlay"),
                None => Diagnostic::note("fact.zone_outside"),
            };
            let why = why.arg("version", &now.boundary_version);
            let zone = now.zone_kind.as_deref().unwrap_or("outside");
            let sources = now.source.clone().into_iter().collect();
            self.say("zone", zone, why, sources);
            return;
        }
        if let Some(claim) = self.first_claim("stated_zone_kind").cloned() {
            let zone = claim.value.as_str().unwrap_or_default().to_owned();
            let why = Diagnostic::note("fact.zone_as_stated");
            self.say("zone", zone, why, vec![source_of_claim(&claim)]);
        }
    }

    /// What people found out for the judgement and wrote down as such.
    fn stated(&mut self) {
        let stated: Vec<(String, Claim)> = self
            .site
            .dossier
            .judged_facts
            .iter()
            .filter_map(|(name, claims)| Some((name.clone(), Claim::clone(claims.first()?))))
            .collect();
        for (name, claim) in stated {
            if self.site.filling.computed.contains(&name) {
                continue;
            }
            let value = claim.value.as_str().unwrap_or_default().to_owned();
            let why = Diagnostic::note("fact.stated");
            self.say(&name, value, why, vec![source_of_claim(&claim)]);
        }
    }

    fn built(&mut self) {
        let Some(built) = self.site.dossier.facts.built_on else {
            return;
        };
        let sources = self.first_claim("built_on").map(source_of_claim);
        let why = Diagnostic::note("fact.built_as_stated");
        self.say(
            "built",
            built.to_string(),
            why,
            sources.into_iter().collect(),
        );
    }

    /// Before or after the spot came under the reserve; unknown where a month or year does not settle it (E6).
    fn set(&mut self, came_under: Option<PartialDate>) {
        let built = self.site.dossier.facts.built_on;
        let (Some(built), Some(came)) = (built, came_under) else {
            return;
        };
        let is_pre = built.last() < came.first;
        let is_post = built.first >= came.last();
        if !is_pre && !is_post {
            return;
        }
        let why = match is_pre {
            true => Diagnostic::note("fact.built_before_reserve"),
            false => Diagnostic::note("fact.built_after_reserve"),
        };
        let why = why.arg("built", built).arg("came_under", came);
        let sources = self.first_claim("built_on").map(source_of_claim);
        let value = if is_pre { "pre" } else { "post" };
        self.say("set", value, why, sources.into_iter().collect());
    }

    fn approvals(&mut self, papers: &[Paper]) {
        let Some(value) = papers::approvals(papers) else {
            return;
        };
        let count = |state| papers.iter().filter(|p| p.state == state).count();
        let why = Diagnostic::note("fact.approvals_counted")
            .arg("asked", papers.len())
            .arg("good", count(PaperState::Good))
            .arg("absent", count(PaperState::Absent));
        let mut sources: Vec<FactSource> = papers.iter().filter_map(|p| p.source.clone()).collect();
        sources.sort_by_key(|s| s.seq);
        sources.dedup();
        self.say("approvals", value, why, sources);
    }

    fn carry_over(&mut self) {
        let listed = |kind: &str| {
            self.site
                .filling
                .carry_over_sources
                .iter()
                .any(|s| s == kind)
        };
        let dossier = self.site.dossier;
        let is_open = |kind: &str| {
            dossier
                .determination_of(kind)
                .is_none_or(|d| d.result != "completed")
        };
        let issues = dossier
            .carried_over
            .iter()
            .filter(|c| listed(&c.body.source_kind) && is_open(&c.body.source_kind))
            .map(|c| (c.body.source_kind.clone(), source_of(c)));
        let clues = dossier
            .clues
            .iter()
            .filter(|c| listed(&c.body.source_kind) && is_open(&c.body.source_kind))
            .map(|c| (c.body.source_kind.clone(), source_of(c)));
        let open: Vec<(String, FactSource)> = issues.chain(clues).collect();
        let Some((source, _)) = open.first() else {
            let why = Diagnostic::note("fact.nothing_carried_over");
            self.say("carry_over", "n", why, Vec::new());
            return;
        };
        let why = Diagnostic::note("fact.carried_over").arg("source", source);
        let sources = open.into_iter().map(|(_, s)| s).collect();
        self.say("carry_over", "y", why, sources);
    }

    /// Built or enlarged since the day of the tables, and enlarged at all, by dates and by imagery.
    fn changes(&mut self) {
        let since = self.site.filling.new_since;
        let facts = &self.site.dossier.facts;
        let enlarged = self
            .site
            .patches
            .iter()
            .find(|p| p.change_kind == "enlarged")
            .cloned();
        if let Some(patch) = &enlarged {
            let why = Diagnostic::note("fact.enlarged_by_imagery");
            self.say("expanded", "y", why, vec![patch.source.clone()]);
        }
        if let Some(expanded) = facts.expanded_on {
            let source = self.first_claim("expanded_on").map(source_of_claim);
            let why = Diagnostic::note("fact.enlarged_as_stated").arg("on", expanded);
            self.say("expanded", "y", why, source.into_iter().collect());
        }
        let is_after = |d: PartialDate| d.is_before(since) == Some(false);
        let dated = [
            ("built_on", facts.built_on),
            ("expanded_on", facts.expanded_on),
        ]
        .into_iter()
        .find(|(_, d)| d.is_some_and(is_after));
        if let Some((field, on)) = dated {
            let source = self.first_claim(field).map(source_of_claim);
            let why = Diagnostic::note("fact.new_by_date")
                .arg("on", on.map_or(String::new(), |d| d.to_string()))
                .arg("since", since);
            self.say("new_since_2017", "y", why, source.into_iter().collect());
            return;
        }
        let grown = |p: &&PatchSeen| {
            matches!(p.change_kind.as_str(), "added" | "enlarged")
                && p.acquired_on_before.is_some_and(is_after)
        };
        if let Some(patch) = self.site.patches.iter().find(grown) {
            let why = Diagnostic::note("fact.new_by_imagery")
                .arg(
                    "before",
                    patch
                        .acquired_on_before
                        .map_or(String::new(), |d| d.to_string()),
                )
                .arg("since", since);
            self.say("new_since_2017", "y", why, vec![patch.source.clone()]);
            return;
        }
        let was_there = facts
            .built_on
            .is_some_and(|d| d.is_before(since) == Some(true));
        if was_there && facts.expanded_on.is_none() && enlarged.is_none() {
            let source = self.first_claim("built_on").map(source_of_claim);
            let why = Diagnostic::note("fact.not_new").arg("since", since);
            self.say("new_since_2017", "n", why, source.into_iter().collect());
        }
    }

    fn false_alarm(&mut self) {
        let Some(latest) = self.site.dossier.verifications.last() else {
            return;
        };
        let is_false = latest.body.conclusion == "false_alarm";
        let why = Diagnostic::note("fact.by_conclusion").arg("on", latest.body.verified_on);
        let value = if is_false { "y" } else { "n" };
        self.say("false_alarm", value, why, vec![source_of(latest)]);
    }

    /// Facts that follow from class, status, papers and overlay for the table chosen.
    fn of_table(&mut self, choice: &Choice) {
        let class = ["activity_subtype", "activity_type_code"]
            .iter()
            .find_map(|f| self.first_claim(f))
            .map(source_of_claim);
        for (name, value) in &choice.facts {
            let why = Diagnostic::note("fact.by_class");
            self.say(name, value, why, class.clone().into_iter().collect());
        }
        self.status(choice);
        for rule in &self.site.filling.paper_facts {
            if rule.tables.contains(&choice.table) {
                self.paper_fact(rule);
            }
        }
        if choice.table != "generic" {
            self.overlap();
        }
    }

    fn status(&mut self, choice: &Choice) {
        let Some(status) = self.site.dossier.facts.current_status.as_deref() else {
            return;
        };
        let filling = self.site.filling;
        let facts = filling
            .status
            .get(&choice.table)
            .and_then(|t| t.get(status));
        let source = self.first_claim("current_status").map(source_of_claim);
        for (name, value) in facts.into_iter().flatten() {
            let why = Diagnostic::note("fact.by_status").arg("status", status);
            self.say(name, value, why, source.clone().into_iter().collect());
        }
    }

    fn paper_fact(&mut self, rule: &PaperFact) {
        let permits = &self.site.dossier.permits;
        let newest = permits
            .iter()
            .filter(|p| p.body.permit_kind == rule.kind)
            .max_by_key(|p| (!p.body.is_absent, p.body.issued_on, p.seq));
        let (word, source) = match newest {
            Some(p) if p.body.is_absent => (rule.absent.as_ref(), Some(source_of(p))),
            Some(p) => {
                let ended = p
                    .body
                    .valid_to_on
                    .and_then(|to| to.is_before(self.site.as_of));
                let by_term = match ended {
                    Some(true) => rule.expired.as_ref(),
                    Some(false) => rule.valid.as_ref(),
                    None => None,
                };
                (by_term.or(rule.present.as_ref()), Some(source_of(p)))
            }
            None => match self.site.explicit_none() {
                Some(source) => (rule.absent.as_ref(), Some(source)),
                None => (None, None),
            },
        };
        let (Some(word), Some(source)) = (word.cloned(), source) else {
            return;
        };
        let why = Diagnostic::note("fact.by_paper").arg("kind", &rule.kind);
        self.say(&rule.fact, word, why, vec![source]);
    }

    /// How much of the outline lies in the reserve; a point says nothing of it.
    fn overlap(&mut self) {
        let is_areal = self.site.dossier.facts.shape.as_ref().is_some_and(|s| {
            matches!(
                s.0,
                geo_types::Geometry::Polygon(_) | geo_types::Geometry::MultiPolygon(_)
            )
        });
        let Some(now) = self.site.zone_in_force().filter(|_| is_areal) else {
            return;
        };
        let value = match (&now.zone_kind, now.is_partly_outside) {
            (None, _) => "none",
            (_, true) => "partial",
            (_, false) => "full",
        };
        let why = Diagnostic::note("fact.overlap_by_outline").arg("version", &now.boundary_version);
        let sources = now.source.clone().into_iter().collect();
        self.say("overlap", value, why, sources);
    }

    /// What the latest conclusion says, where nothing weightier did.
    fn conclusion(&mut self) {
        let Some(latest) = self.site.dossier.verifications.last() else {
            return;
        };
        let (source, on) = (source_of(latest), latest.body.verified_on);
        let facts = self.site.filling.conclusions.get(&latest.body.conclusion);
        for (name, value) in facts.into_iter().flatten() {
            let why = Diagnostic::note("fact.by_conclusion").arg("on", on);
            self.say(name, value, why, vec![source.clone()]);
        }
    }
}

#[cfg(test)]
mod tests;
