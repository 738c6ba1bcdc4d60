//! 统计 — the figures of `domain::statistics` for a scope as of a day, with titles and counting bases.

use std::collections::BTreeMap;

use domain::as_of::AsOf;
use domain::ids::{ClueId, SiteId};
use domain::policy::Action;
use domain::statistics::{self, StatLine, Statistics};

use crate::atlas::Atlases;
use crate::error::Error;
use crate::ledgers::{LedgerScope, Site};
use crate::session::Session;

impl Session {
    /// The statistics set, drawn from the dossiers.
    pub fn statistics(&self, scope: &LedgerScope, as_of: AsOf) -> Result<Statistics, Error> {
        self.may_count(scope)?;
        let sites: Vec<Site> = self
            .sites(as_of)?
            .into_iter()
            .filter(|s| scope.holds(s.dossier.facts.station_id.as_deref()))
            .collect();
        let changes = self.latest_changes(as_of)?;
        let lines: Vec<StatLine<'_>> = sites
            .iter()
            .map(|s| {
                let change = changes.get(&s.dossier.site_id).map(String::as_str);
                StatLine::of(&s.dossier, s.focal.as_ref(), change)
            })
            .collect();
        Ok(statistics::statistics(&lines, self.target()))
    }

    /// The same set, from the columns that are kept in memory.
    pub fn statistics_at_once(
        &self,
        atlases: &Atlases,
        scope: &LedgerScope,
        as_of: AsOf,
    ) -> Result<Statistics, Error> {
        self.may_count(scope)?;
        let atlas = self.atlas(atlases, as_of)?;
        let eyes = self.eyes(&atlas.sites);
        let changes = atlas.clues.latest_changes();
        let lines = atlas.sites.stat_lines(&eyes, scope, &changes);
        Ok(statistics::statistics(&lines, self.target()))
    }

    fn target(&self) -> Option<f64> {
        self.campaign.target_completion_rate
    }

    fn may_count(&self, scope: &LedgerScope) -> Result<(), Error> {
        let station = match scope {
            LedgerScope::Station(id) => Some(id.as_str()),
            _ => None,
        };
        // Without a station named, the figures are of what the actor may read.
        match station {
            Some(_) => self.may(Action::ReadStatistics, station),
            None => self.may_read_lists(Action::ReadStatistics),
        }
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
