//! 清单 — sites and clues by pages, from the atlas.

use domain::as_of::AsOf;
use domain::policy::Action;
use serde::{Deserialize, Serialize};
use spatial::diagnostic::Diagnostic;
use utoipa::{IntoParams, ToSchema};

use crate::atlas::{
    Atlas, AtlasRead, Atlases, ClueRow, Dimension, Order, SiteQuery, SiteRow, Sort,
};
use crate::error::Error;
use crate::session::Session;
use crate::viewer::Viewer;

/// 分页 — which part of a list, in which order, as of when.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// `now`, a day `YYYY-MM-DD`, or a log size `@N`.
    pub as_of: Option<String>,
    #[param(minimum = 0)]
    pub offset: Option<u64>,
    /// 50 where it is not said, at most 1,000.
    #[param(minimum = 0, maximum = 1000)]
    pub limit: Option<u64>,
    /// `field` or `-field`.
    pub sort: Option<String>,
}

impl Paging {
    /// The day or log size asked for.
    pub fn as_of(&self) -> Result<AsOf, Error> {
        self.as_of
            .as_deref()
            .map_or(Ok(AsOf::Now), crate::parse_as_of)
    }

    /// First position and how many.
    pub fn window(&self) -> (usize, usize) {
        let offset = usize::try_from(self.offset.unwrap_or(0)).unwrap_or(usize::MAX);
        let limit = self.limit.unwrap_or(50).min(1000) as usize;
        (offset, limit)
    }
}

/// 点位清单 — one page of sites.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SiteList {
    pub total: u64,
    pub items: Vec<SiteRow>,
    pub as_of: String,
    pub log_size: u64,
}

/// 计数格 — sites and area of one combination of codes.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CountCell {
    /// Codes in the order asked; none where nothing is known.
    pub keys: Vec<Option<String>>,
    pub count: u64,
    pub area_m2: f64,
}

/// 点位计数 — the sites of a list by up to three codes.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SiteCounts {
    pub by: Vec<String>,
    pub total: u64,
    pub cells: Vec<CountCell>,
    pub as_of: String,
    pub log_size: u64,
}

/// 线索清单 — one page of clues.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClueList {
    pub total: u64,
    pub items: Vec<ClueRow>,
    pub as_of: String,
    pub log_size: u64,
}

/// 线索查询 — which clues are wanted.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ClueQuery {
    /// `open`, `screened`, `linked`.
    pub state: Option<String>,
    pub source: Option<String>,
    pub batch: Option<String>,
    pub station: Option<String>,
    /// Part of number, name or words.
    pub q: Option<String>,
}

/// Codes by which one count may be broken down.
const MOST_DIMENSIONS: usize = 3;

impl Viewer {
    /// The sites the actor may read that count, by up to three codes.
    pub fn count_sites(
        &self,
        atlas: &Atlas,
        query: &SiteQuery,
        by: &str,
        as_of: AsOf,
    ) -> Result<SiteCounts, Error> {
        self.may_read_lists(Action::ReadStatistics)?;
        let names: Vec<&str> = by.split(',').map(str::trim).collect();
        let known: Option<Vec<Dimension>> = names.iter().map(|n| Dimension::parse(n)).collect();
        let dimensions = known
            .filter(|d| d.len() <= MOST_DIMENSIONS)
            .ok_or_else(|| Error::rejected(Diagnostic::error("query.by").arg("text", by)))?;
        let eyes = self.eyes(&atlas.sites);
        let filter = self.site_filter(query, &atlas.sites)?;
        let cells = atlas.sites.cross(&dimensions, &filter, &eyes);
        let cell = |(keys, (count, area_m2)): (Vec<Option<&str>>, (u64, f64))| CountCell {
            keys: keys.into_iter().map(|k| k.map(str::to_owned)).collect(),
            count,
            area_m2,
        };
        let cells: Vec<CountCell> = cells.into_iter().map(cell).collect();
        Ok(SiteCounts {
            by: names.into_iter().map(str::to_owned).collect(),
            total: cells.iter().map(|c| c.count).sum(),
            cells,
            as_of: as_of.to_string(),
            log_size: atlas.log_size,
        })
    }

    /// Whether a clue is wanted.
    pub(crate) fn wants_clue(&self, clue: &ClueRow, query: &ClueQuery) -> bool {
        let is = |wanted: &Option<String>, value: &str| {
            wanted
                .as_deref()
                .is_none_or(|w| w.split(',').any(|w| w.trim() == value))
        };
        let says = |text: &str| {
            let text = text.trim().to_lowercase();
            [
                &clue.external_code,
                &clue.facility_name,
                &clue.summary,
                &clue.township,
                &clue.site_code,
            ]
            .into_iter()
            .flatten()
            .any(|t| t.to_lowercase().contains(&text))
        };
        is(&query.state, &clue.state)
            && is(&query.source, &clue.source_kind)
            && is(
                &query.station,
                clue.station_id.as_deref().unwrap_or("unknown"),
            )
            && query
                .batch
                .as_deref()
                .is_none_or(|b| clue.batch_id.to_string() == b)
            && query.q.as_deref().is_none_or(says)
    }
}

impl Session {
    /// The atlas as of a day, current with the log.
    pub fn atlas<'a>(&self, atlases: &'a Atlases, as_of: AsOf) -> Result<AtlasRead<'a>, Error> {
        atlases.read(&self.register, as_of)
    }

    /// One page of the sites the actor may read.
    pub fn list_sites(
        &self,
        atlases: &Atlases,
        query: &SiteQuery,
        paging: &Paging,
    ) -> Result<SiteList, Error> {
        let as_of = paging.as_of()?;
        let sort = Sort::parse(paging.sort.as_deref())?;
        self.may_read_lists(Action::ReadLedgers)?;
        let atlas = self.atlas(atlases, as_of)?;
        let eyes = self.eyes(&atlas.sites);
        let filter = self.site_filter(query, &atlas.sites)?;
        let (order, window) = (Order::By(sort), paging.window());
        let (total, page) = atlas.sites.select(&filter, &eyes, order, window);
        Ok(SiteList {
            total: total as u64,
            items: page
                .into_iter()
                .map(|row| atlas.sites.row(row, &eyes))
                .collect(),
            as_of: as_of.to_string(),
            log_size: atlas.log_size,
        })
    }

    /// Clues wanted that the actor may read, the newest first.
    pub fn select_clues<'a>(
        &self,
        atlas: &'a Atlas,
        query: &ClueQuery,
    ) -> Vec<(usize, &'a ClueRow)> {
        let rows = atlas.clues.rows.iter().enumerate().rev();
        rows.filter(|(_, clue)| self.wants_clue(clue, query) && self.sees_clue(clue))
            .collect()
    }

    /// One page of the clues the actor may read.
    pub fn list_clues(
        &self,
        atlases: &Atlases,
        query: &ClueQuery,
        paging: &Paging,
    ) -> Result<ClueList, Error> {
        let as_of = paging.as_of()?;
        self.may_read_lists(Action::ReadClues)?;
        let atlas = self.atlas(atlases, as_of)?;
        let mut rows = self.select_clues(&atlas, query);
        sort_clues(&mut rows, paging.sort.as_deref())?;
        let (offset, limit) = paging.window();
        let page = rows.iter().skip(offset).take(limit);
        Ok(ClueList {
            total: rows.len() as u64,
            items: page.map(|(_, clue)| (*clue).clone()).collect(),
            as_of: as_of.to_string(),
            log_size: atlas.log_size,
        })
    }
}

fn sort_clues(rows: &mut [(usize, &ClueRow)], sort: Option<&str>) -> Result<(), Error> {
    let Some(text) = sort else { return Ok(()) };
    let (is_descending, name) = match text.strip_prefix('-') {
        Some(name) => (true, name),
        None => (false, text),
    };
    match name {
        "received_on" => rows.sort_by_key(|(_, c)| c.received_on),
        "external_code" => rows.sort_by(|a, b| a.1.external_code.cmp(&b.1.external_code)),
        "source_kind" => rows.sort_by(|a, b| a.1.source_kind.cmp(&b.1.source_kind)),
        "state" => rows.sort_by(|a, b| a.1.state.cmp(&b.1.state)),
        "area_m2" => rows.sort_by(|a, b| {
            let area = |c: &ClueRow| c.area_m2.unwrap_or(f64::NEG_INFINITY);
            area(a.1).total_cmp(&area(b.1))
        }),
        "station_id" => rows.sort_by(|a, b| a.1.station_id.cmp(&b.1.station_id)),
        _ => {
            let fault = Diagnostic::error("query.sort").arg("text", text);
            return Err(Error::rejected(fault));
        }
    }
    if is_descending {
        rows.reverse();
    }
    Ok(())
}
