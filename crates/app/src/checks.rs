//! 查漏 — the findings of `domain::checks` over the whole register, with pairs measured and days compared.

use std::collections::BTreeMap;

use domain::as_of::AsOf;
use domain::campaign::{FocalWhy, LedgerView};
use domain::checks::{self, Finding, LikelyDouble};
use domain::dossier::{Dossier, SiteState};
use domain::entries::ClueBatchImported;
use domain::ids::SiteId;
use domain::policy::Action;
use register::{Clue, ClueState};
use rules::Explain;
use spatial::diagnostic::Diagnostic;
use spatial::matching::MatchIndex;

use crate::clues::Waiting;
use crate::error::Error;
use crate::judging_book::JudgingBook;
use crate::landing::name_key;
use crate::ledgers::{LedgerScope, Site};
use crate::proposals::SiteJudgement;
use crate::session::Session;

impl Session {
    /// All findings as of a day; with `since`, also sites that left a station's ledger after that day.
    pub fn check(
        &self,
        scope: &LedgerScope,
        as_of: AsOf,
        since: Option<AsOf>,
    ) -> Result<Vec<Finding>, Error> {
        match scope_station(scope) {
            Some(station) => self.may(Action::RunCheck, Some(station))?,
            None => self.may_read_lists(Action::RunCheck)?,
        }
        let sites = self.sites(as_of)?;
        let by_id: BTreeMap<SiteId, &Dossier> = sites
            .iter()
            .map(|s| (s.dossier.site_id, &s.dossier))
            .collect();
        let mut found: Vec<Finding> = sites
            .iter()
            .flat_map(|s| checks::of_dossier(&s.dossier))
            .collect();
        found.extend(checks::of_doubles(&self.likely_doubles(&sites), &by_id));
        found.extend(self.missed_reports(as_of)?);
        found.extend(self.left_out_of_sheets(&by_id, as_of)?);
        found.extend(
            sites
                .iter()
                .filter_map(|s| self.focal_undecided(&s.dossier)),
        );
        found.extend(self.judgement_findings(&sites, as_of)?);
        if let Some(since) = since {
            let before = self.draw_ledger(LedgerView::Sites, scope, since)?;
            let after = self.draw_ledger(LedgerView::Sites, scope, as_of)?;
            found.extend(checks::vanished(&before.rows, &after.rows, &by_id));
        }
        found.retain(|f| scope.holds(f.station_id.as_deref()));
        found.sort_by(|a, b| {
            let key = |f: &Finding| {
                (
                    std::cmp::Reverse(f.diagnostic.severity),
                    f.diagnostic.code.clone(),
                    f.site_code.clone(),
                )
            };
            key(a).cmp(&key(b))
        });
        Ok(found)
    }

    /// Questions that judging leaves open, decisions that today's proposal differs from, overrides nobody read again.
    fn judgement_findings(&self, sites: &[Site], as_of: AsOf) -> Result<Vec<Finding>, Error> {
        let day = match as_of {
            AsOf::Day(day) => day,
            AsOf::Now | AsOf::LogSize(_) => self.today(),
        };
        let ground = self.ground(JudgingBook::built_in()?, day)?;
        let mut found = Vec::new();
        let judged = |d: &Dossier| d.state.counts() && d.state != SiteState::Excluded;
        for dossier in sites.iter().map(|s| &s.dossier).filter(|d| judged(d)) {
            let judgement = self.judge_dossier(&ground, dossier, Explain::Row)?;
            let about = |diagnostic| Finding {
                diagnostic,
                site_code: Some(dossier.site_code.clone()),
                clue_id: None,
                station_id: dossier.facts.station_id.clone(),
            };
            found.extend(judgement.questions.iter().map(|q| {
                let who = format!("judge.asked_of_{}", q.asked_of);
                about(
                    Diagnostic::note("check.judgement_question")
                        .arg("label", self.question_label(q))
                        .arg("why", self.question_reason(q))
                        .arg("who", self.messages.text(&who, &[])),
                )
            }));
            found.extend(self.decision_differs(&judgement).map(about));
            found.extend(judgement.awaiting.as_ref().map(|waiting| {
                let verdict = self.judged_label("verdict", &waiting.verdict);
                about(Diagnostic::warning("check.awaits_second_reader").arg("verdict", verdict))
            }));
        }
        Ok(found)
    }

    /// Another verdict, grade or category calls for a person; another row or measure is only worth a remark.
    fn decision_differs(&self, judgement: &SiteJudgement) -> Option<Diagnostic> {
        let decision = judgement.decision.as_ref()?;
        let matters = |member: &str| matches!(member, "verdict" | "severity" | "focus");
        let is_grave = judgement.differences.iter().any(|d| matters(&d.member));
        let changes: Vec<String> = judgement
            .differences
            .iter()
            .filter(|d| matters(&d.member) || d.member == "row")
            .map(|d| {
                let label = |code: &str| self.judged_label(&d.member, code);
                format!("{} → {}", label(&d.before), label(&d.after))
            })
            .collect();
        if changes.is_empty() {
            return None;
        }
        let diagnostic = match is_grave {
            true => Diagnostic::warning("check.characterization_differs"),
            false => Diagnostic::note("check.characterization_differs"),
        };
        Some(
            diagnostic
                .arg("decided", self.judged_label("verdict", &decision.verdict))
                .arg("on", decision.judged_as_of)
                .arg("changes", changes.join("；")),
        )
    }

    fn likely_doubles(&self, sites: &[Site]) -> Vec<LikelyDouble> {
        let thresholds = &self.campaign.thresholds;
        let counted: Vec<&Dossier> = sites
            .iter()
            .map(|s| &s.dossier)
            .filter(|d| d.state.counts())
            .collect();
        let placed = counted.iter().enumerate();
        let items = placed.filter_map(|(i, d)| Some((i as u32, d.facts.shape.as_ref()?.0.clone())));
        let index: MatchIndex<u32> = MatchIndex::build(items);
        let mut doubles = Vec::new();
        for (i, dossier) in counted.iter().enumerate() {
            let Some(shape) = &dossier.facts.shape else {
                continue;
            };
            for candidate in index.candidates(&shape.0, thresholds.near_distance_m) {
                let other = counted[candidate.id as usize];
                let is_same_name = same_name(dossier, other);
                let is_likely = candidate.iou >= thresholds.same_iou
                    || candidate.distance_m <= thresholds.near_and_alike_distance_m
                        && (is_same_name || same_kind(dossier, other));
                // Each pair once, and not with itself.
                if candidate.id as usize > i && is_likely {
                    doubles.push(LikelyDouble {
                        first: dossier.site_id,
                        second: other.site_id,
                        distance_m: candidate.distance_m,
                        iou: candidate.iou,
                        is_same_name,
                    });
                }
            }
        }
        doubles
    }

    /// Sites that a station named in one verification sheet and left out of its next one.
    fn left_out_of_sheets(
        &self,
        sites: &BTreeMap<SiteId, &Dossier>,
        as_of: AsOf,
    ) -> Result<Vec<Finding>, Error> {
        let by_code: BTreeMap<&str, &Dossier> =
            sites.values().map(|d| (d.site_code.as_str(), *d)).collect();
        let mut latest: BTreeMap<String, ClueBatchImported> = BTreeMap::new();
        let mut found = Vec::new();
        for batch in self.register.batches(as_of)? {
            let sheet = batch.body;
            let station =
                sheet_station(&sheet, &by_code).filter(|_| sheet.import_kind == "verifications");
            let Some(station) = station else { continue };
            if let Some(before) = latest.get(&station) {
                let left_out = before
                    .site_codes
                    .iter()
                    .filter(|code| !sheet.site_codes.contains(code));
                found.extend(left_out.map(|code| self.left_out(code, &station, before, &sheet)));
            }
            latest.insert(station, sheet);
        }
        Ok(found)
    }

    fn left_out(
        &self,
        code: &str,
        station: &str,
        before: &ClueBatchImported,
        after: &ClueBatchImported,
    ) -> Finding {
        let diagnostic = Diagnostic::error("check.vanished_from_sheet")
            .arg(
                "station",
                domain::ledger::Labels::label(&self.viewer, "station", station),
            )
            .arg("before", &before.file_name)
            .arg("after", &after.file_name);
        Finding {
            diagnostic,
            site_code: Some(code.to_owned()),
            clue_id: None,
            station_id: Some(station.to_owned()),
        }
    }

    /// A site that would be focal or not by a fact nobody has told yet.
    fn focal_undecided(&self, dossier: &Dossier) -> Option<Finding> {
        if !dossier.state.counts() || dossier.focal_override.is_some() {
            return None;
        }
        let facts = &dossier.facts;
        let zone = facts
            .zone_kind
            .as_deref()
            .and_then(domain::codes::ZoneKind::from_code);
        let (activity, subtype) = (
            facts.activity_type_code.as_deref(),
            facts.activity_subtype.as_deref(),
        );
        let finding = self
            .campaign
            .is_focal(activity, subtype, zone, self.campaign.year);
        let FocalWhy::Missing { fact, .. } = finding.why else {
            return None;
        };
        // A site without any class is incomplete before it is undecided.
        let diagnostic = Diagnostic::note("check.focal_undecided").arg("field", fact);
        activity.map(|_| Finding {
            diagnostic,
            site_code: Some(dossier.site_code.clone()),
            clue_id: None,
            station_id: facts.station_id.clone(),
        })
    }

    fn missed_reports(&self, as_of: AsOf) -> Result<Vec<Finding>, Error> {
        let geography = self.geography(AsOf::Now)?;
        let mut open = Vec::new();
        self.register.clues::<Error>(as_of, |clue| {
            let body = &clue.received.body;
            let shape = body.facts.shape.as_ref();
            let station = shape.and_then(|s| geography.station_of(&s.0));
            let action = match body.is_confidential {
                true => Action::ReadPetitions,
                false => Action::ReadClues,
            };
            if clue.state == ClueState::Open && self.sees(action, station.as_deref()) {
                open.push((clue, station));
            }
            Ok(())
        })?;
        let (clues, stations): (Vec<_>, Vec<_>) = open.into_iter().unzip();
        let waiting = self.waiting(&clues)?;
        let all = clues.iter().zip(stations).zip(&waiting);
        Ok(all
            .map(|((clue, station), why)| self.missed_report(clue, station, why))
            .collect())
    }

    fn missed_report(&self, clue: &Clue, station: Option<String>, why: &Waiting) -> Finding {
        let body = &clue.received.body;
        let facts = &body.facts;
        let words = [&facts.facility_name, &facts.location_text, &facts.summary];
        let told = checks::MissedReport {
            clue_id: body.clue_id,
            source: &domain::ledger::Labels::label(&self.viewer, "source", &body.source_kind),
            external_code: facts.external_code.as_deref(),
            words: words.into_iter().flatten().next().map(String::as_str),
            reason: &self.messages.text(&format!("doubt.{}", why.reason), &[]),
            likely: why.proposals.iter().map(|p| p.site_code.as_str()).collect(),
        };
        checks::missed_report(&told, station)
    }
}

/// The station a verification sheet is of: the one in whose territory most of its sites lie.
fn sheet_station(sheet: &ClueBatchImported, sites: &BTreeMap<&str, &Dossier>) -> Option<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for code in &sheet.site_codes {
        if let Some(station) = sites
            .get(code.as_str())
            .and_then(|d| d.facts.station_id.as_deref())
        {
            *counts.entry(station).or_insert(0) += 1;
        }
    }
    counts
        .into_iter()
        .max_by_key(|(_, n)| *n)
        .map(|(station, _)| station.to_owned())
}

fn same_name(a: &Dossier, b: &Dossier) -> bool {
    let key = |d: &Dossier| d.facts.facility_name.as_deref().map(name_key);
    key(a).is_some() && key(a) == key(b)
}

fn same_kind(a: &Dossier, b: &Dossier) -> bool {
    a.facts.activity_type_code.is_some() && a.facts.activity_type_code == b.facts.activity_type_code
}

fn scope_station(scope: &LedgerScope) -> Option<&str> {
    match scope {
        LedgerScope::Station(id) => Some(id),
        _ => None,
    }
}
