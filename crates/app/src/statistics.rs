//! 统计 — the figures of `domain::statistics` for a scope as of a day, with titles and counting bases.

use domain::as_of::AsOf;
use domain::policy::Action;
use domain::statistics::{self, Statistics};

use crate::atlas::Atlases;
use crate::error::Error;
use crate::ledgers::LedgerScope;
use crate::session::Session;

impl Session {
    /// The statistics set, from the columns in memory; each figure names its first `most_listed` sites.
    pub fn statistics(
        &self,
        atlases: &Atlases,
        scope: &LedgerScope,
        as_of: AsOf,
        most_listed: usize,
    ) -> Result<Statistics, Error> {
        let station = match scope {
            LedgerScope::Station(id) => Some(id.as_str()),
            _ => None,
        };
        // Without a station named, the figures are of what the actor may read.
        match station {
            Some(_) => self.may(Action::ReadStatistics, station)?,
            None => self.may_read_lists(Action::ReadStatistics)?,
        }
        let atlas = self.atlas(atlases, as_of)?;
        let eyes = self.eyes(&atlas.sites);
        let changes = atlas.clues.latest_changes();
        let lines = atlas.sites.stat_lines(&eyes, scope, &changes);
        let target = self.campaign.target_completion_rate;
        Ok(statistics::statistics(lines, target, most_listed))
    }
}
