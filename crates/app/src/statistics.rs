//! 统计 — the figures of `domain::statistics` for a scope as of a day, with titles and counting bases.

use domain::as_of::AsOf;
use domain::ids::{ClueId, SiteId};
use domain::policy::Action;
use domain::statistics::{self, Counted, Statistics};
use std::collections::BTreeMap;

use crate::error::Error;
use crate::ledgers::{LedgerScope, Site};
use crate::session::Session;

impl Session {
    /// The statistics set.
    pub fn statistics(&self, scope: &LedgerScope, as_of: AsOf) -> Result<Statistics, Error> {
        let station = match scope {
            LedgerScope::Station(id) => Some(id.as_str()),
            _ => None,
        };
        // Without a station named, the figures are of what the actor may read.
        match station {
            Some(_) => self.may(Action::ReadStatistics, station)?,
            None => self.may_read_lists(Action::ReadStatistics)?,
        }
        let sites: Vec<Site> = self
            .sites(as_of)?
            .into_iter()
            .filter(|s| scope.holds(s.dossier.facts.station_id.as_deref()))
            .collect();
        let changes = self.latest_changes(as_of)?;
        let counted: Vec<Counted<'_>> = sites
            .iter()
            .map(|s| Counted {
                dossier: &s.dossier,
                focal: s.focal.as_ref(),
                change_kind: changes.get(&s.dossier.site_id).map(String::as_str),
            })
            .collect();
        Ok(statistics::statistics(
            &counted,
            self.campaign.target_completion_rate,
        ))
    }

    /// Change kind of the patch received last, by site.
    fn latest_changes(&self, as_of: AsOf) -> Result<BTreeMap<SiteId, String>, Error> {
        let mut latest: BTreeMap<SiteId, (jiff::civil::Date, ClueId, String)> = BTreeMap::new();
        self.register.clues::<Error>(as_of, |clue| {
            let body = clue.received.body;
            if let (Some(site), Some(change)) = (clue.site_id, body.facts.change_kind) {
                let stated = (body.received_on, body.clue_id, change);
                let slot = latest.entry(site).or_insert_with(|| stated.clone());
                if (slot.0, slot.1) < (stated.0, stated.1) {
                    *slot = stated;
                }
            }
            Ok(())
        })?;
        Ok(latest
            .into_iter()
            .map(|(site, (_, _, change))| (site, change))
            .collect())
    }
}
