//! 巡护清单 — patrols by pages, with their sums.

use domain::as_of::AsOf;
use domain::dossier::civil_day;
use domain::ids::PatrolId;
use domain::ledger::Labels;
use domain::patrol::Patrol;
use domain::patrol::ledger::{Figures, Known, hours};
use domain::policy::Action;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use spatial::diagnostic::Diagnostic;
use utoipa::{IntoParams, ToSchema};

use super::book::PatrolBook;
use super::judge::{Bench, place_of};
use crate::atlas::Atlases;
use crate::error::Error;
use crate::session::Session;

/// 巡护查询 — which patrols are wanted.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PatrolQuery {
    pub station: Option<String>,
    /// `2026-11`.
    pub month: Option<String>,
    pub from: Option<Date>,
    pub to: Option<Date>,
    /// Code of CL-PATROLKIND.
    pub kind: Option<String>,
    /// Part of the leader's post.
    pub leader: Option<String>,
    /// `none`, `low`, `medium`, `high`, `unjudged`; `doubtful` for medium and high.
    pub plausibility: Option<String>,
    /// `yes`, `no`.
    pub reviewed: Option<String>,
    /// Part of the summary or of a finding.
    pub q: Option<String>,
    /// `now`, a day `YYYY-MM-DD`, or a log size `@N`.
    pub as_of: Option<String>,
    /// 50 where it is not said, at most 500.
    #[param(minimum = 0, maximum = 500)]
    pub limit: Option<u64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// 巡护行 — one patrol of a list.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PatrolRow {
    #[schema(value_type = String, format = Uuid)]
    pub patrol_id: PatrolId,
    pub station_id: String,
    pub station_label: String,
    pub kind: String,
    pub kind_label: String,
    pub route_id: Option<String>,
    pub route_name: Option<String>,
    pub on: Date,
    pub started_at: Timestamp,
    pub ended_at: Timestamp,
    pub hours: f64,
    pub leader: String,
    pub head_count: u32,
    pub modes: Vec<String>,
    pub modes_label: String,
    /// Metres of its tracks, gaps left out.
    pub length_m: f64,
    pub has_track: bool,
    pub gap_min: u64,
    pub findings: usize,
    pub clues: usize,
    pub conclusion: String,
    pub conclusion_label: String,
    pub summary: String,
    /// `none`, `low`, `medium`, `high`, `unjudged`.
    pub plausibility: String,
    pub plausibility_label: String,
    /// `accepted`, `returned`; nothing while nobody reviewed it.
    pub review: Option<String>,
    pub review_label: String,
    pub basis: Option<String>,
    /// Somewhere on its track.
    pub lon: Option<f64>,
    pub lat: Option<f64>,
}

/// 合计 — sums over all patrols the query finds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct PatrolTotals {
    pub patrols: u64,
    pub person_times: u64,
    pub hours: f64,
    pub length_m: f64,
    pub findings: u64,
    pub clues: u64,
    pub unreviewed: u64,
    pub doubtful: u64,
}

/// 巡护清单 — a page of patrols, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PatrolList {
    pub total: u64,
    pub totals: PatrolTotals,
    pub items: Vec<PatrolRow>,
    pub next_cursor: Option<String>,
    pub log_size: u64,
}

/// Days of a period; open ends reach as far as there is anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) from: Option<Date>,
    pub(super) to: Option<Date>,
}

impl Period {
    pub(super) fn of(
        month: Option<&str>,
        from: Option<Date>,
        to: Option<Date>,
    ) -> Result<Self, Error> {
        let Some(month) = month else {
            return Ok(Self { from, to });
        };
        let first = month_of(month)?;
        Ok(Self {
            from: Some(first),
            to: Some(first.last_of_month()),
        })
    }

    pub(super) fn holds(self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }
}

/// The first day of `2026-11`.
pub(super) fn month_of(text: &str) -> Result<Date, Error> {
    let first = format!("{text}-01").parse::<Date>().ok();
    first
        .filter(|_| text.len() == 7)
        .ok_or_else(|| Error::rejected(Diagnostic::error("patrol.not_a_month").arg("text", text)))
}

impl Session {
    /// The patrols of the log that the actor may see, newest first.
    pub(super) fn seen_patrols<'b>(
        &self,
        book: &'b PatrolBook,
        station: Option<&str>,
        period: Period,
    ) -> Vec<&'b Patrol> {
        let is_wanted = |p: &&Patrol| {
            let body = &p.sheet.body;
            station.is_none_or(|s| s == body.station_id)
                && period.holds(civil_day(body.started_at))
                && self.sees(Action::ReadLedgers, Some(&body.station_id))
        };
        let all = book.patrols.values().map(|p| &**p);
        let mut seen: Vec<&Patrol> = all.filter(is_wanted).collect();
        seen.sort_by_key(|p| std::cmp::Reverse((p.sheet.body.started_at, p.patrol_id)));
        seen
    }

    /// Patrols by pages.
    pub fn list_patrols(
        &self,
        atlases: &Atlases,
        query: &PatrolQuery,
    ) -> Result<PatrolList, Error> {
        self.may_read_lists(Action::ReadLedgers)?;
        let book = atlases
            .patrols()
            .read(&self.register, query_as_of(query)?)?;
        let bench = Bench::new(self, atlases.patrols(), &book)?;
        let rows = self.patrol_rows(&bench, query)?;
        let totals = PatrolTotals::of(&figures_of(&rows));
        let limit = query.limit.unwrap_or(50).min(500) as usize;
        let start: usize = match &query.cursor {
            Some(cursor) => cursor.parse().ok().ok_or_else(|| {
                Error::rejected(Diagnostic::error("query.cursor").arg("text", cursor))
            })?,
            None => 0,
        };
        let end = start.saturating_add(limit).min(rows.len());
        let total = rows.len();
        let page = rows.into_iter().skip(start).take(limit);
        Ok(PatrolList {
            total: total as u64,
            totals,
            items: page.map(|(row, _)| row).collect(),
            next_cursor: (end < total && limit > 0).then(|| end.to_string()),
            log_size: book.log_size,
        })
    }

    /// All rows of a query, with the patrols they stand for.
    pub(super) fn patrol_rows<'b>(
        &self,
        bench: &Bench<'b>,
        query: &PatrolQuery,
    ) -> Result<Vec<(PatrolRow, &'b Patrol)>, Error> {
        let station = query.station.as_deref();
        let station = station.map(|s| self.load_station_id(s)).transpose()?;
        let period = Period::of(query.month.as_deref(), query.from, query.to)?;
        let names = self.route_names()?;
        let mut rows = Vec::new();
        for patrol in self.seen_patrols(bench.book, station.as_deref(), period) {
            if !is_asked_for(patrol, query) {
                continue;
            }
            let word = bench.judge(patrol)?.word();
            let is_fitting = match query.plausibility.as_deref() {
                None => true,
                Some("doubtful") => matches!(word, "medium" | "high"),
                Some(wanted) => wanted == word,
            };
            if is_fitting {
                let route = patrol.sheet.body.route_id.as_ref();
                let name = route.and_then(|r| names.get(r).cloned());
                rows.push((self.patrol_row(patrol, word, name), patrol));
            }
        }
        Ok(rows)
    }

    /// Names of the routes in force by their ids.
    pub(super) fn route_names(&self) -> Result<std::collections::BTreeMap<String, String>, Error> {
        let reserve = &self.reserve.reserve_code;
        let adopted = self.register.latest_routes(reserve, AsOf::Now)?;
        let routes = adopted.into_iter().flat_map(|r| r.body.routes);
        Ok(routes.map(|r| (r.route_id, r.name)).collect())
    }

    pub(super) fn patrol_row(
        &self,
        patrol: &Patrol,
        plausibility: &str,
        route_name: Option<String>,
    ) -> PatrolRow {
        let body = &patrol.sheet.body;
        let modes: Vec<String> = body
            .modes
            .iter()
            .map(|m| self.label("patrol_mode", m))
            .collect();
        let text = |code: String| self.messages.text(&code, &[]);
        let review = patrol.review().map(|r| r.body.result.clone());
        let place = place_of(patrol);
        let gap_s: u64 = patrol.tracks.iter().map(|t| t.body.gap_s).sum();
        PatrolRow {
            patrol_id: patrol.patrol_id,
            station_label: self.label("station", &body.station_id),
            station_id: body.station_id.clone(),
            kind_label: self.label("patrol_kind", &body.kind),
            kind: body.kind.clone(),
            route_id: body.route_id.clone(),
            route_name,
            on: civil_day(body.started_at),
            started_at: body.started_at,
            ended_at: body.ended_at,
            hours: (hours(body.started_at, body.ended_at) * 100.0).round() / 100.0,
            leader: body.leader.clone(),
            head_count: body.head_count,
            modes: body.modes.clone(),
            modes_label: modes.join("、"),
            length_m: patrol.length_m(),
            has_track: !patrol.tracks.is_empty(),
            gap_min: gap_s / 60,
            findings: body.findings.len(),
            clues: body.findings.iter().filter(|f| f.clue_id.is_some()).count(),
            conclusion: body.conclusion.clone(),
            conclusion_label: text(format!("patrol.conclusion_{}", body.conclusion)),
            summary: body.summary.clone(),
            plausibility: plausibility.to_owned(),
            plausibility_label: text(format!("patrol.plausibility_{plausibility}")),
            review_label: text(format!(
                "patrol.review_{}",
                review.as_deref().unwrap_or("none")
            )),
            review,
            basis: body.basis.clone(),
            lon: place.map(|p| p.x),
            lat: place.map(|p| p.y),
        }
    }
}

/// As of when a query asks.
pub(super) fn query_as_of(query: &PatrolQuery) -> Result<AsOf, Error> {
    let text = query.as_of.as_deref();
    text.map_or(Ok(AsOf::Now), crate::parse_as_of)
}

fn is_asked_for(patrol: &Patrol, query: &PatrolQuery) -> bool {
    let body = &patrol.sheet.body;
    let is_kind = query.kind.as_ref().is_none_or(|k| *k == body.kind);
    let is_led = query
        .leader
        .as_ref()
        .is_none_or(|l| body.leader.contains(l.as_str()));
    let is_reviewed = match query.reviewed.as_deref() {
        Some("yes") => patrol.review().is_some(),
        Some("no") => patrol.review().is_none(),
        _ => true,
    };
    let says = |q: &String| {
        let notes = body.findings.iter().filter_map(|f| f.note.as_ref());
        let mut said = notes.chain([&body.summary, &body.leader]);
        said.any(|text| text.contains(q.as_str()))
    };
    is_kind && is_led && is_reviewed && query.q.as_ref().is_none_or(says)
}

impl PatrolTotals {
    fn of(figures: &Figures) -> Self {
        Self {
            patrols: figures.patrols,
            person_times: figures.person_times,
            hours: (figures.hours * 100.0).round() / 100.0,
            length_m: (figures.length_m * 10.0).round() / 10.0,
            findings: figures.findings.values().sum(),
            clues: figures.clues,
            unreviewed: figures.patrols - figures.reviewed,
            doubtful: figures.doubtful,
        }
    }
}

/// Sums of rows by the figures of statistics.
pub(super) fn figures_of(rows: &[(PatrolRow, &Patrol)]) -> Figures {
    let mut figures = Figures::default();
    for (row, patrol) in rows {
        let known = Known {
            has_track: row.has_track,
            length_m: row.length_m,
            is_reviewed: row.review.is_some(),
            is_doubtful: matches!(&*row.plausibility, "medium" | "high"),
        };
        figures.add(&patrol.sheet.body, &known);
    }
    figures
}
