//! 查漏 — the findings of `domain::checks` over the whole register, with pairs measured and days compared.

use std::collections::BTreeMap;

use domain::as_of::AsOf;
use domain::campaign::LedgerView;
use domain::checks::{self, Finding, LikelyDouble};
use domain::dossier::Dossier;
use domain::ids::SiteId;
use domain::policy::Action;
use register::ClueState;
use spatial::matching::MatchIndex;

use crate::error::Error;
use crate::landing::name_key;
use crate::ledgers::{LedgerScope, Site};
use crate::session::Session;

impl Session {
    /// All findings as of a day; with `since`, also sites that left a station's ledger after that day.
    pub fn check(&self, scope: &LedgerScope, as_of: AsOf, since: Option<AsOf>) -> Result<Vec<Finding>, Error> {
        self.may(Action::RunCheck, scope_station(scope))?;
        let sites = self.sites(as_of)?;
        let by_id: BTreeMap<SiteId, &Dossier> = sites.iter().map(|s| (s.dossier.site_id, &s.dossier)).collect();
        let mut found: Vec<Finding> = sites.iter().flat_map(|s| checks::of_dossier(&s.dossier)).collect();
        found.extend(checks::of_doubles(&self.likely_doubles(&sites), &by_id));
        found.extend(self.missed_reports(as_of)?);
        if let Some(since) = since {
            let before = self.draw_ledger(LedgerView::Sites, scope, since)?;
            let after = self.draw_ledger(LedgerView::Sites, scope, as_of)?;
            found.extend(checks::vanished(&before.rows, &after.rows, &by_id));
        }
        found.retain(|f| scope.holds(f.station_id.as_deref()));
        found.sort_by(|a, b| {
            let key = |f: &Finding| (std::cmp::Reverse(f.diagnostic.severity), f.diagnostic.code.clone(), f.site_code.clone());
            key(a).cmp(&key(b))
        });
        Ok(found)
    }

    fn likely_doubles(&self, sites: &[Site]) -> Vec<LikelyDouble> {
        let thresholds = &self.campaign.thresholds;
        let counted: Vec<&Dossier> = sites.iter().map(|s| &s.dossier).filter(|d| d.state.counts()).collect();
        let placed = counted.iter().enumerate();
        let items = placed.filter_map(|(i, d)| Some((i as u32, d.facts.shape.as_ref()?.0.clone())));
        let index: MatchIndex<u32> = MatchIndex::build(items);
        let mut doubles = Vec::new();
        for (i, dossier) in counted.iter().enumerate() {
            let Some(shape) = &dossier.facts.shape else { continue };
            for candidate in index.candidates(&shape.0, thresholds.near_distance_m) {
                let other = counted[candidate.id as usize];
                let is_same_name = same_name(dossier, other);
                let is_likely = candidate.iou >= thresholds.same_iou
                    || candidate.distance_m <= thresholds.near_and_alike_distance_m && (is_same_name || same_kind(dossier, other));
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

    fn missed_reports(&self, as_of: AsOf) -> Result<Vec<Finding>, Error> {
        let geography = self.geography(AsOf::Now)?;
        let mut missed = Vec::new();
        self.register.clues::<Error>(as_of, |clue| {
            if clue.state == ClueState::Open {
                let body = &clue.received.body;
                let station = body.facts.shape.as_ref().and_then(|s| geography.station_of(&s.0));
                let source = domain::ledger::Labels::label(self, "source", &body.source_kind);
                if self.sees(Action::ReadClues, station.as_deref()) || station.is_none() {
                    let code = body.facts.external_code.as_deref();
                    missed.push(checks::missed_report(body.clue_id, code, &source, station));
                }
            }
            Ok(())
        })?;
        Ok(missed)
    }
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
