//! 巡护统计 — a month by stations: what was walked, found and covered.

use std::collections::BTreeMap;

use domain::as_of::AsOf;
use domain::ledger::Labels;
use domain::patrol::Patrol;
use domain::policy::Action;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::coverage::{CoverageCount, CoverageQuery};
use super::judge::Bench;
use super::list::{PatrolQuery, figures_of, month_of};
use crate::atlas::Atlases;
use crate::error::Error;
use crate::session::Session;

/// 统计查询 — of which month.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PatrolStatisticsQuery {
    /// `2026-11`; the month of today where it is not said.
    pub month: Option<String>,
}

/// 站月 — the figures of one station in a month.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct StationMonth {
    /// Nothing for all stations together.
    pub station_id: Option<String>,
    pub station_label: String,
    pub patrols: u64,
    /// Of the month before.
    pub patrols_before: u64,
    pub by_kind: BTreeMap<String, u64>,
    pub by_mode: BTreeMap<String, u64>,
    pub person_times: u64,
    pub hours: f64,
    pub km: f64,
    pub km_before: f64,
    pub with_track: u64,
    pub findings: BTreeMap<String, u64>,
    pub clues: u64,
    /// Clues of these patrols that lie with a site by now.
    pub clues_confirmed: u64,
    /// Rounds planned, and patrols done as planned.
    pub planned: u32,
    pub planned_done: u32,
    pub abnormal: u64,
    pub reviewed: u64,
    pub doubtful: u64,
    pub cells: CoverageCount,
    pub routes: CoverageCount,
    pub unfinished_sites: CoverageCount,
}

/// 巡护统计 — a month, by stations, with the sum first.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PatrolStatistics {
    pub month: String,
    pub month_before: String,
    pub log_size: u64,
    pub rows: Vec<StationMonth>,
}

impl Session {
    /// The figures of a month.
    pub fn patrol_statistics(
        &self,
        atlases: &Atlases,
        query: &PatrolStatisticsQuery,
    ) -> Result<PatrolStatistics, Error> {
        self.may_read_lists(Action::ReadLedgers)?;
        let today = self.today();
        let month = query.month.clone();
        let month = month.unwrap_or_else(|| today.strftime("%Y-%m").to_string());
        let first = month_of(&month)?;
        let before = first.yesterday().map_err(Error::internal)?;
        let before = before.strftime("%Y-%m").to_string();
        let book = atlases.patrols().read(&self.register, AsOf::Now)?;
        let bench = Bench::new(self, atlases.patrols(), &book)?;
        let names = self.station_names(AsOf::Now)?;
        let seen: Vec<&String> = names
            .keys()
            .filter(|s| self.sees(Action::ReadLedgers, Some(s.as_str())))
            .collect();
        let stations = std::iter::once(None).chain(seen.iter().copied().map(Some));
        let mut rows = Vec::new();
        for station in stations {
            let rows_of = |month: &str| {
                let query = PatrolQuery {
                    station: station.cloned(),
                    month: Some(month.to_owned()),
                    ..PatrolQuery::default()
                };
                self.patrol_rows(&bench, &query)
            };
            let of_month = rows_of(&month)?;
            let (now, earlier) = (figures_of(&of_month), figures_of(&rows_of(&before)?));
            let patrols: Vec<&Patrol> = of_month.iter().map(|(_, p)| *p).collect();
            let own = seen.iter().filter(|s| station.is_none_or(|own| own == **s));
            let (mut planned, mut planned_done) = (0, 0);
            for station in own {
                let (times, done) = self.planned_and_done(station, &month, &patrols)?;
                (planned, planned_done) = (planned + times, planned_done + done);
            }
            let clues_confirmed = self.linked_clues(&patrols)?;
            let query = CoverageQuery {
                station: station.cloned(),
                month: Some(month.clone()),
                ..CoverageQuery::default()
            };
            let covered = self.coverage_if_laid(&book, &query)?;
            let counts = covered.map(|c| (c.cells, c.routes, c.unfinished_sites));
            let (cells, routes, unfinished_sites) = counts.unwrap_or_default();
            rows.push(StationMonth {
                station_label: match station {
                    Some(id) => names.get(id).cloned().unwrap_or_else(|| id.clone()),
                    None => self.messages.text("patrol.all_stations", &[]),
                },
                station_id: station.cloned(),
                patrols: now.patrols,
                patrols_before: earlier.patrols,
                by_kind: self.labelled("patrol_kind", now.by_kind),
                by_mode: self.labelled("patrol_mode", now.by_mode),
                person_times: now.person_times,
                hours: (now.hours * 10.0).round() / 10.0,
                km: (now.length_m / 100.0).round() / 10.0,
                km_before: (earlier.length_m / 100.0).round() / 10.0,
                with_track: now.with_track,
                findings: self.labelled("finding", now.findings),
                clues: now.clues,
                clues_confirmed,
                planned,
                planned_done,
                abnormal: now.abnormal,
                reviewed: now.reviewed,
                doubtful: now.doubtful,
                cells,
                routes,
                unfinished_sites,
            });
        }
        Ok(PatrolStatistics {
            month,
            month_before: before,
            log_size: book.log_size,
            rows,
        })
    }

    /// Clues of patrols that lie with a site by now.
    fn linked_clues(&self, patrols: &[&Patrol]) -> Result<u64, Error> {
        let mut linked = 0;
        let findings = patrols.iter().flat_map(|p| &p.sheet.body.findings);
        for id in findings.filter_map(|f| f.clue_id) {
            let clue = self.register.find_clue(id)?;
            linked += u64::from(clue.is_some_and(|c| c.site_id.is_some()));
        }
        Ok(linked)
    }

    fn labelled(&self, list: &str, counts: BTreeMap<String, u64>) -> BTreeMap<String, u64> {
        let named = counts.into_iter();
        named
            .map(|(code, n)| (self.label(list, &code), n))
            .collect()
    }
}
