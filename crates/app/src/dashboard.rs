//! 驾驶舱 — figures of a scope with the query that lists what is behind each, milestones, what is to be done.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::campaign::{LedgerView, Milestone};
use domain::deadlines::Light;
use domain::dossier::SiteState;
use domain::ledger::Labels;
use domain::policy::{Action, Reach, reach};
use domain::statistics::forecast::{Forecast, forecast};
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use crate::atlas::{Atlas, Atlases, Eyes, SiteFilter, SiteQuery, Tally};
use crate::error::Error;
use crate::issues::{Looking, WorkCount};
use crate::ledgers::LedgerScope;
use crate::lists::ClueQuery;
use crate::session::Session;

/// 数字 — a count that opens to what it counts.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Figure {
    pub id: String,
    pub label: String,
    pub count: u64,
    pub area_m2: f64,
    /// `sites` or `clues`.
    pub list: String,
    /// Query of that list.
    pub query: String,
}

/// One cell of kind × zone × state.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CrossFigure {
    pub activity: String,
    pub activity_label: String,
    pub zone: String,
    pub zone_label: String,
    pub state: String,
    pub state_label: String,
    pub count: u64,
    pub area_m2: f64,
    pub query: String,
}

/// 时间节点进度.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MilestoneProgress {
    pub id: String,
    pub name: String,
    pub due_on: Date,
    /// Days from the day of the view; negative when it is past.
    pub days_left: i64,
    /// Past, and not everything is there.
    pub is_overdue: bool,
    /// Of its day; green where it is past and nothing counted is lacking.
    pub light: Light,
    /// Done and all, where the milestone is about sites to be checked or issues to be put right.
    pub done: Option<u64>,
    pub total: Option<u64>,
    /// Of what is not done yet.
    pub forecast: Option<Forecast>,
    /// `sites` or `issues`, with the query that lists what is not done.
    pub list: Option<String>,
    pub query: Option<String>,
}

/// What a milestone counts.
#[derive(Default)]
struct Work {
    done_on: BTreeMap<Date, u64>,
    done_undated: u64,
    total: u64,
    list: &'static str,
    query: &'static str,
}

impl Work {
    fn done(&self) -> u64 {
        self.done_undated + self.done_on.values().sum::<u64>()
    }
}

/// 驾驶舱.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DashboardView {
    pub scope_label: String,
    pub as_of: String,
    pub log_size: u64,
    pub totals: Vec<Figure>,
    pub by_state: Vec<Figure>,
    pub by_zone: Vec<Figure>,
    pub by_activity: Vec<Figure>,
    pub by_station: Vec<Figure>,
    pub by_source: Vec<Figure>,
    /// 焦点四类
    pub focal: Vec<Figure>,
    pub focal_with_issue: Vec<Figure>,
    pub kind_zone_state: Vec<CrossFigure>,
    pub milestones: Vec<MilestoneProgress>,
    pub overdue: Figure,
    /// 漏报: clues that no site stands for yet.
    pub missed_reports: Figure,
    pub quality: Vec<Figure>,
}

/// 待办 — what the post has to do, with the list to work down.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WorkItem {
    /// `land_clues`, `verify`, `characterize`, `complete`, or a kind of the work list of issues.
    pub kind: String,
    pub label: String,
    pub count: u64,
    /// Of them past their day, and so near to it that the light is amber.
    pub overdue: u64,
    pub near: u64,
    pub list: String,
    pub query: String,
    /// `green`, `amber`, `red`: that of the most urgent of them.
    pub light: String,
    /// Day of the one that is due first.
    pub due_on: Option<Date>,
}

pub(crate) struct Board<'a> {
    session: &'a Session,
    scope: String,
    tally: Arc<Tally>,
}

/// From the plan to the public notice, and back again where it did not last.
fn is_in_rectification(state: SiteState) -> bool {
    let is_in_work = state.has_issue()
        && !matches!(
            state,
            SiteState::VerifiedWithIssue | SiteState::Characterized
        );
    is_in_work && state != SiteState::ClosedUnfixed
}

fn joined(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts.iter().copied().filter(|p| !p.is_empty()).collect();
    parts.join("&")
}

impl Board<'_> {
    fn figure(&self, id: &str, label: String, counted: (u64, f64), query: &str) -> Figure {
        Figure {
            id: id.to_owned(),
            label,
            count: counted.0,
            area_m2: counted.1,
            list: "sites".to_owned(),
            query: joined(&[query, &self.scope]),
        }
    }

    fn by(
        &self,
        list: &str,
        parameter: &str,
        counts: &BTreeMap<String, (u64, f64)>,
    ) -> Vec<Figure> {
        let figure = |(code, counted): (&String, &(u64, f64))| {
            let query = format!("{parameter}={code}&ledger=sites");
            self.figure(code, self.labelled(list, code), *counted, &query)
        };
        counts.iter().map(figure).collect()
    }

    fn labelled(&self, list: &str, code: &str) -> String {
        match code {
            "unknown" => self.session.messages.text("word.unknown", &[]),
            _ => self.session.label(list, code),
        }
    }

    fn text(&self, code: &str) -> String {
        self.session.messages.text(&format!("figure.{code}"), &[])
    }

    fn totals(&self) -> Vec<Figure> {
        let t = &self.tally;
        let state = |code: &str| t.by_state.get(code).copied().unwrap_or_default();
        let sum = |a: (u64, f64), b: (u64, f64)| (a.0 + b.0, a.1 + b.1);
        let standing = SiteState::ALL.iter().filter(|s| s.has_issue());
        let issue_states: Vec<&str> = standing.map(|s| s.code()).collect();
        let issues = issue_states
            .iter()
            .map(|code| state(code))
            .fold((0, 0.0), sum);
        let in_issue_states = format!("state={}", issue_states.join(","));
        let decided = SiteState::ALL.iter().filter(|s| is_in_rectification(**s));
        let decided: Vec<&str> = decided.map(|s| s.code()).collect();
        let rectifying = decided.iter().map(|code| state(code)).fold((0, 0.0), sum);
        let in_rectification = format!("state={}", decided.join(","));
        let waiting = sum(state("awaiting_verification"), state("in_verification"));
        let of = |id: &str, counted, query| self.figure(id, self.text(id), counted, query);
        vec![
            of("sites", t.all, "ledger=sites"),
            of(
                "waiting",
                waiting,
                "ledger=sites&state=awaiting_verification,in_verification",
            ),
            of("with_issue", issues, &in_issue_states),
            of("no_issue", state("no_issue"), "state=no_issue"),
            of("focal", t.focal_any, "focal=yes&ledger=sites"),
            of("focal_ledger", t.in_focal, "ledger=focal"),
            of("verified_ledger", t.in_verified, "ledger=verified"),
            of(
                "characterized",
                state("characterized"),
                "state=characterized",
            ),
            of("in_rectification", rectifying, &in_rectification),
            of(
                "closed_out",
                sum(state("closed_out"), state("consolidated")),
                "state=closed_out,consolidated",
            ),
        ]
    }

    fn cross(&self) -> Vec<CrossFigure> {
        let cell =
            |((activity, zone, state), counted): (&(String, String, String), &(u64, f64))| {
                let query = format!("activity={activity}&zone={zone}&state={state}&ledger=sites");
                CrossFigure {
                    activity_label: self.labelled("activity", activity),
                    zone_label: self.labelled("zone", zone),
                    state_label: self.labelled("site_state", state),
                    activity: activity.clone(),
                    zone: zone.clone(),
                    state: state.clone(),
                    count: counted.0,
                    area_m2: counted.1,
                    query: joined(&[&query, &self.scope]),
                }
            };
        self.tally.cross.iter().map(cell).collect()
    }

    /// The milestones as of the day looked at, with what is done of them and a forecast of the rest.
    pub(crate) fn milestones(&self, looking: &Looking<'_>) -> Vec<MilestoneProgress> {
        let milestones = self.session.campaign.milestones.iter();
        let today = looking.today;
        let view = |m: &Milestone| {
            let days_left = i64::from((m.due_on - today).get_days());
            let work = self.work_of(m, looking);
            let days = (today, m.due_on);
            let forecast = work.as_ref().and_then(|work| {
                let dated = work.done_on.iter().map(|(day, count)| (*day, *count));
                forecast(dated, work.done_undated, work.total, days)
            });
            let done = work.as_ref().map(Work::done);
            let total = work.as_ref().map(|work| work.total);
            let is_overdue = days_left < 0 && done < total;
            MilestoneProgress {
                id: m.id.clone(),
                name: m.name.clone(),
                due_on: m.due_on,
                days_left,
                is_overdue,
                light: match days_left < 0 && !is_overdue {
                    true => Light::Green,
                    false => looking.light(m.due_on),
                },
                done,
                total,
                forecast,
                list: work.as_ref().map(|work| work.list.to_owned()),
                query: work.map(|work| joined(&[work.query, &self.scope])),
            }
        };
        milestones.map(view).collect()
    }

    /// What a milestone counts: sites to be checked, issues to be put right, or nothing.
    fn work_of(&self, milestone: &Milestone, looking: &Looking<'_>) -> Option<Work> {
        if milestone.is_of_issues {
            let mut work = Work {
                list: "issues",
                query: "rectified=no",
                ..Work::default()
            };
            for line in looking.lines().filter(|line| !line.is_reopened) {
                work.total += 1;
                if let Some(day) = line.rectified_on {
                    *work.done_on.entry(day).or_default() += 1;
                }
            }
            return Some(work);
        }
        (!milestone.ledgers.is_empty()).then(|| Work {
            done_on: self.tally.concluded_on.clone(),
            done_undated: self.tally.concluded_undated(),
            total: self.tally.all.0,
            list: "sites",
            query: "ledger=sites&state=awaiting_verification,in_verification",
        })
    }

    fn overdue(&self, milestones: &[MilestoneProgress]) -> Figure {
        let is_of_sites = |m: &MilestoneProgress| m.list.as_deref() == Some("sites");
        let is_any = milestones.iter().any(|m| m.is_overdue && is_of_sites(m));
        let counted = if is_any {
            self.tally.waiting()
        } else {
            (0, 0.0)
        };
        let query = "ledger=sites&state=awaiting_verification,in_verification";
        self.figure("overdue", self.text("overdue"), counted, query)
    }

    fn quality(&self) -> Vec<Figure> {
        let t = &self.tally;
        let of = |id: &str, counted, query| self.figure(id, self.text(id), counted, query);
        vec![
            of("with_finding", t.with_finding, "finding=yes&ledger=sites"),
            of(
                "without_finding",
                t.without_finding,
                "finding=no&ledger=sites",
            ),
        ]
    }
}

impl Session {
    /// The dashboard of a scope.
    pub fn dashboard(
        &self,
        atlases: &Atlases,
        station: Option<&str>,
        lead: Option<&str>,
        as_of: domain::as_of::AsOf,
    ) -> Result<DashboardView, Error> {
        self.may_read_lists(Action::ReadStatistics)?;
        let scope = self.own_scope(station, lead)?;
        let atlas = self.atlas(atlases, as_of)?;
        let board = self.board(&atlas, &scope)?;
        let looking = self.looking(&atlas, Action::ReadStatistics, &scope, as_of);
        let milestones = board.milestones(&looking);
        let t = &board.tally;
        Ok(DashboardView {
            scope_label: self.scope_label(&scope),
            as_of: as_of.to_string(),
            log_size: atlas.log_size,
            totals: board.totals(),
            by_state: board.by("site_state", "state", &t.by_state),
            by_zone: board.by("zone", "zone", &t.by_zone),
            by_activity: board.by("activity", "activity", &t.by_activity),
            by_station: board.by("station", "station", &t.by_station),
            by_source: board.by("source", "source", &t.by_source),
            focal: board.by("focal", "focal", &t.by_focal),
            focal_with_issue: board
                .by("focal", "focal", &t.by_focal_with_issue)
                .into_iter()
                .map(|f| Figure {
                    query: format!("{}&has_issue=yes", f.query),
                    ..f
                })
                .collect(),
            kind_zone_state: board.cross(),
            overdue: board.overdue(&milestones),
            milestones,
            missed_reports: self.missed_figure(&atlas, &scope),
            quality: board.quality(),
        })
    }

    pub(crate) fn board(&self, atlas: &Atlas, scope: &LedgerScope) -> Result<Board<'_>, Error> {
        let table = &atlas.sites;
        let eyes: Eyes = self.eyes(table);
        let (query, text) = match scope {
            LedgerScope::All => (SiteQuery::default(), String::new()),
            LedgerScope::Station(id) => (
                SiteQuery {
                    station: Some(id.clone()),
                    ..SiteQuery::default()
                },
                format!("station={id}"),
            ),
            LedgerScope::Lead { station_ids, .. } => (
                SiteQuery {
                    station: Some(station_ids.join(",")),
                    ..SiteQuery::default()
                },
                format!("station={}", station_ids.join(",")),
            ),
        };
        let filter: SiteFilter = self.site_filter(&query, table)?;
        let view = LedgerView::Sites;
        Ok(Board {
            session: self,
            scope: text,
            tally: table.tally(&filter, &eyes, view),
        })
    }

    fn missed_figure(&self, atlas: &Atlas, scope: &LedgerScope) -> Figure {
        let station = match scope {
            LedgerScope::All => None,
            LedgerScope::Station(id) => Some(id.clone()),
            LedgerScope::Lead { station_ids, .. } => Some(station_ids.join(",")),
        };
        let query = ClueQuery {
            state: Some("open".to_owned()),
            station: station.clone(),
            ..ClueQuery::default()
        };
        let count = match reach(self.actor.role, Action::ReadClues) {
            Reach::None => 0,
            _ => self.select_clues(atlas, &query).len() as u64,
        };
        let scope = station.map_or(String::new(), |s| format!("station={s}"));
        Figure {
            id: "missed_reports".to_owned(),
            label: self.messages.text("figure.missed_reports", &[]),
            count,
            area_m2: 0.0,
            list: "clues".to_owned(),
            query: joined(&["state=open", &scope]),
        }
    }

    /// What waits of issues, one line a kind.
    fn issue_items(&self, atlas: &Atlas) -> Result<Vec<WorkItem>, Error> {
        let item = |work: WorkCount| WorkItem {
            label: self.messages.text(&format!("work.{}", work.kind), &[]),
            count: work.count,
            overdue: work.lights.red,
            near: work.lights.amber,
            list: "worklist".to_owned(),
            query: format!("kind={}", work.kind),
            light: match (work.lights.red, work.lights.amber) {
                (1.., _) => "red",
                (0, 1..) => "amber",
                _ => "green",
            }
            .to_owned(),
            due_on: work.nearest,
            kind: work.kind.to_owned(),
        };
        Ok(self.work_counts(atlas)?.into_iter().map(item).collect())
    }

    /// What the post has to do.
    pub fn work_items(&self, atlases: &Atlases) -> Result<Vec<WorkItem>, Error> {
        let may = |action| reach(self.actor.role, action) != Reach::None;
        if !may(Action::ReadLedgers) {
            return Ok(Vec::new());
        }
        let scope = self.own_scope(None, None)?;
        let atlas = self.atlas(atlases, domain::as_of::AsOf::Now)?;
        let board = self.board(&atlas, &scope)?;
        let today = self.today();
        let ahead = self
            .campaign
            .milestones
            .iter()
            .find(|m| m.due_on >= today && !m.ledgers.is_empty());
        let last = self
            .campaign
            .milestones
            .iter()
            .rev()
            .find(|m| !m.ledgers.is_empty());
        let due_on = ahead.or(last).map(|m| m.due_on);
        let light = match due_on
            .and_then(|d| today.until(d).ok())
            .map(|s| s.get_days())
        {
            Some(days) if days < 0 => "red",
            Some(days) if days <= 15 => "amber",
            _ => "green",
        };
        let item = |kind: &str, figure: Figure| WorkItem {
            kind: kind.to_owned(),
            label: self.messages.text(&format!("work.{kind}"), &[]),
            count: figure.count,
            overdue: if light == "red" { figure.count } else { 0 },
            near: if light == "amber" { figure.count } else { 0 },
            list: figure.list,
            query: figure.query,
            light: if figure.count == 0 { "green" } else { light }.to_owned(),
            due_on,
        };
        let mut items = Vec::new();
        if may(Action::LinkClue) {
            items.push(item("land_clues", self.missed_figure(&atlas, &scope)));
        }
        let totals = board.totals();
        let total = |id: &str| totals.iter().find(|f| f.id == id).cloned();
        if may(Action::Verify) {
            items.extend(total("waiting").map(|f| item("verify", f)));
        }
        if may(Action::Characterize) {
            let state = "verified_with_issue";
            let counted = board.tally.by_state.get(state).copied().unwrap_or_default();
            let query = format!("state={state}");
            items.push(item(
                "characterize",
                board.figure(state, String::new(), counted, &query),
            ));
        }
        if may(Action::AmendSite) {
            let quality = board.quality().remove(0);
            items.push(item("complete", quality));
        }
        items.extend(self.issue_items(&atlas)?);
        Ok(items)
    }
}
