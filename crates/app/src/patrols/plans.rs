//! 巡护计划 — what a station means to walk in a month, what was walked of it, and what the register proposes.

use std::collections::{BTreeMap, BTreeSet};

use domain::as_of::AsOf;
use domain::dossier::civil_day;
use domain::entries::{KeyPoint, PatrolPlanAdopted, PlannedRound, Route};
use domain::entry::EntryBody;
use domain::ids::{PatrolId, SiteId, StreamId};
use domain::ledger::Labels;
use domain::patrol::Patrol;
use domain::patrol::coverage::{Visits, of_places};
use domain::patrol::plan::{PlanRoute, propose};
use domain::policy::Action;
use geo_types::{Geometry, Point};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use spatial::diagnostic::Diagnostic;
use utoipa::{IntoParams, ToSchema};

use super::book::{PatrolBook, rules};
use super::coverage::{CoverageCount, CoverageQuery, Walked, lines_of};
use super::list::{Period, month_of};
use crate::amendments::{ReceiptView, nothing_appended};
use crate::atlas::Atlases;
use crate::error::{Error, Stale};
use crate::session::Session;

/// Rounds of a plan, times of a round, key points of a round, characters of a note: more is no plan of a month.
const MOST_ROUNDS: usize = 200;
const MOST_TIMES: u32 = 100;
const MOST_POINTS: usize = 500;
const LONGEST_NOTE: usize = 2_000;
/// Weeks of a month as plans show them: days 1–7, 8–14, 15–21, 22–28, the rest.
const WEEKS: usize = 5;

/// 计划请求 — the rounds of a month; what stood there before is replaced.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatrolPlanRequest {
    /// `version` of the plan that was looked at; 0 where there was none.
    pub based_on: u64,
    /// `{route_id?, kind, times, key_points: [{site_id?, name?, lon, lat, reason?}], posts: [], on?}`.
    #[schema(value_type = Vec<Object>)]
    pub rounds: Vec<PlannedRound>,
    pub note: Option<String>,
}

/// A round of a file: as a request has it, or as a view shows it, its key points with all that is told of them.
#[derive(Deserialize)]
struct FileRound {
    route_id: Option<String>,
    kind: String,
    times: u32,
    #[serde(default)]
    posts: Vec<String>,
    on: Option<Date>,
    #[serde(default)]
    key_points: Vec<FilePoint>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum FilePoint {
    Shown { point: KeyPoint },
    Plain(KeyPoint),
}

#[derive(Deserialize)]
struct FilePlan {
    #[serde(default, alias = "version")]
    based_on: u64,
    rounds: Vec<FileRound>,
    note: Option<String>,
}

impl PatrolPlanRequest {
    /// From a file: a request, or a plan or a proposal as this program prints it.
    pub fn from_file(path: &str, text: &[u8]) -> Result<Self, Error> {
        let plan: FilePlan = serde_json::from_slice(text).map_err(|cause| {
            let fault = Diagnostic::error("patrol.plan_file");
            Error::rejected(fault.arg("path", path).arg("cause", cause))
        })?;
        let rounds = plan.rounds.into_iter().map(|round| PlannedRound {
            route_id: round.route_id,
            kind: round.kind,
            times: round.times,
            key_points: round
                .key_points
                .into_iter()
                .map(|p| match p {
                    FilePoint::Shown { point } | FilePoint::Plain(point) => point,
                })
                .collect(),
            posts: round.posts,
            on: round.on,
        });
        Ok(Self {
            based_on: plan.based_on,
            rounds: rounds.collect(),
            note: plan.note,
        })
    }
}

/// 计划建议查询 — for which station and month.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PatrolProposalQuery {
    pub station: String,
    /// `2026-11`.
    pub month: String,
}

/// 重点部位 — a place that a round must pass, and when it was.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct KeyPointView {
    /// As entries hold it.
    #[schema(value_type = Object)]
    pub point: KeyPoint,
    pub site_code: Option<String>,
    pub name: String,
    pub reason_label: String,
    /// Day of the month on which a track last passed.
    pub passed_on: Option<Date>,
}

/// 计划巡护 — a round with what was done of it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PlannedRoundView {
    pub route_id: Option<String>,
    pub route_name: Option<String>,
    pub route_m: Option<f64>,
    pub kind: String,
    pub kind_label: String,
    pub times: u32,
    pub posts: Vec<String>,
    pub on: Option<Date>,
    pub key_points: Vec<KeyPointView>,
    /// Patrols of the month on this route and of this kind.
    pub done: u32,
    /// Of them by week: days 1–7, 8–14, 15–21, 22–28, the rest.
    pub by_week: Vec<u32>,
}

/// 岗位完成 — patrols of the month by who led them.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PostDone {
    pub post: String,
    /// Times of all rounds that name the post.
    pub planned: u32,
    pub done: u32,
}

/// 巡护计划 — the plan of a station and a month, with what was done.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PatrolPlanView {
    pub station_id: String,
    pub station_label: String,
    pub month: String,
    /// What an adoption is based on; 0 before the first.
    pub version: u64,
    pub adopted_at: Option<Timestamp>,
    pub note: Option<String>,
    pub rounds: Vec<PlannedRoundView>,
    /// Patrols planned.
    pub planned: u32,
    /// Patrols done as planned: of each round no more than its times.
    pub done: u32,
    /// Patrols of the month that are on no planned round.
    pub unplanned: u32,
    pub posts: Vec<PostDone>,
    /// Unfinished sites that a track passed in the last `unfinished_days`.
    pub unfinished: CoverageCount,
    pub unfinished_days: u32,
    /// Routes of the station that the plan leaves out.
    pub unplanned_routes: Vec<String>,
    pub may_plan: bool,
    pub log_size: u64,
}

/// 不在路线上 — an unfinished site that no route passes.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OffRouteView {
    pub key_point: KeyPointView,
    pub nearest_route_id: Option<String>,
    pub nearest_route_name: Option<String>,
    pub distance_m: Option<f64>,
    pub text: String,
}

/// 计划建议 — every route as often as asked, with the unfinished sites it passes, and those that lie on none.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PatrolProposalView {
    pub station_id: String,
    pub station_label: String,
    pub month: String,
    pub rounds: Vec<PlannedRoundView>,
    pub off_route: Vec<OffRouteView>,
    /// Unfinished sites of the station in all.
    pub unfinished: u64,
    /// Unfinished sites without a position: no round can be laid past them.
    pub without_position: Vec<String>,
    /// Farther from every route than this lies on none, metres.
    pub off_route_m: f64,
    pub log_size: u64,
}

/// A plan and when it was adopted.
type Adopted = (Timestamp, PatrolPlanAdopted);

/// What plans are shown with.
struct Shown<'s> {
    station_id: String,
    month: Date,
    routes: Vec<Route>,
    sites: BTreeMap<SiteId, Unfinished>,
    patrols: Vec<&'s Patrol>,
    near_site_m: f64,
}

/// A round, and who did it.
struct Round {
    view: PlannedRoundView,
    by: BTreeSet<PatrolId>,
}

/// A site with an open issue.
struct Unfinished {
    site_code: String,
    name: Option<String>,
    at: Option<(f64, f64)>,
}

impl Session {
    /// The plan of a station and a month; an empty one where nobody adopted any.
    pub fn patrol_plan(
        &self,
        atlases: &Atlases,
        station: &str,
        month: &str,
    ) -> Result<PatrolPlanView, Error> {
        self.may_read_lists(Action::ReadLedgers)?;
        let station_id = self.load_station_id(station)?;
        self.may(Action::ReadLedgers, Some(&station_id))?;
        let first = month_of(month)?;
        let book = atlases.patrols().read(&self.register, AsOf::Now)?;
        let shown = self.shown(&book, station_id, first)?;
        let (adopted, version) = self.adopted_plan(&shown.station_id, month)?;
        let rounds = match &adopted {
            Some((_, plan)) => self.rounds(&shown, &plan.rounds)?,
            None => Vec::new(),
        };
        let planned: BTreeSet<PatrolId> = rounds.iter().flat_map(|r| r.by.clone()).collect();
        let rounds: Vec<PlannedRoundView> = rounds.into_iter().map(|r| r.view).collect();
        let days = rules(self)?.coverage.gap_days;
        let query = CoverageQuery {
            station: Some(shown.station_id.clone()),
            days: Some(days),
            by: Some("sites".to_owned()),
            ..CoverageQuery::default()
        };
        // Without a territory nothing is known of coverage; the plan is shown all the same.
        let covered = self.coverage_if_laid(&book, &query)?;
        let beyond = shown
            .patrols
            .iter()
            .filter(|p| !planned.contains(&p.patrol_id));
        let named = |r: &&Route| {
            let id = Some(&r.route_id);
            !rounds.iter().any(|round| round.route_id.as_ref() == id)
        };
        Ok(PatrolPlanView {
            station_label: self.label("station", &shown.station_id),
            month: month.to_owned(),
            version,
            adopted_at: adopted.as_ref().map(|(at, _)| *at),
            note: adopted.and_then(|(_, plan)| plan.note),
            planned: rounds.iter().map(|r| r.times).sum(),
            done: rounds.iter().map(|r| r.done.min(r.times)).sum(),
            unplanned: beyond.count() as u32,
            posts: posts(&rounds, &shown.patrols),
            unfinished: covered.map(|c| c.unfinished_sites).unwrap_or_default(),
            unfinished_days: days,
            unplanned_routes: shown
                .routes
                .iter()
                .filter(named)
                .map(|r| r.name.clone())
                .collect(),
            may_plan: self
                .may(Action::PlanPatrol, Some(&shown.station_id))
                .is_ok(),
            log_size: book.log_size,
            rounds,
            station_id: shown.station_id,
        })
    }

    /// What a month should hold: every route, and on it the unfinished sites that it passes.
    pub fn propose_patrol_plan(
        &self,
        atlases: &Atlases,
        query: &PatrolProposalQuery,
    ) -> Result<PatrolProposalView, Error> {
        self.may_read_lists(Action::ReadLedgers)?;
        let station_id = self.load_station_id(&query.station)?;
        self.may(Action::ReadLedgers, Some(&station_id))?;
        let first = month_of(&query.month)?;
        let book = atlases.patrols().read(&self.register, AsOf::Now)?;
        let shown = self.shown(&book, station_id, first)?;
        let plan = rules(self)?.plan.clone();
        let points: Vec<KeyPoint> = shown
            .sites
            .iter()
            .filter_map(|(id, site)| {
                let (lon, lat) = site.at?;
                Some(KeyPoint {
                    site_id: Some(*id),
                    name: site.name.clone(),
                    lon,
                    lat,
                    reason: Some("unfinished_issue".to_owned()),
                })
            })
            .collect();
        let routes: Vec<PlanRoute> = shown
            .routes
            .iter()
            .map(|r| PlanRoute {
                route_id: r.route_id.clone(),
                lines: lines_of(&r.shape.0),
            })
            .collect();
        let proposal = propose(&routes, &points, &plan);
        let off_route = proposal.off_route.iter().map(|off| {
            let nearest = off.nearest.as_ref();
            let route = nearest.and_then(|(id, _)| shown.routes.iter().find(|r| r.route_id == *id));
            let distance_m = nearest.map(|(_, metres)| metres.round());
            let code = match route {
                Some(_) => "patrol.lies_on_no_route",
                None => "patrol.lies_on_no_route_at_all",
            };
            let metres = distance_m.map_or_else(String::new, |m| format!("{m:.0}"));
            let name = route.map_or("", |r| r.name.as_str());
            Ok::<OffRouteView, Error>(OffRouteView {
                key_point: self.key_point(&shown, &off.point, None)?,
                nearest_route_id: route.map(|r| r.route_id.clone()),
                nearest_route_name: route.map(|r| r.name.clone()),
                distance_m,
                text: self
                    .messages
                    .text(code, &[("route", name), ("metres", &metres)]),
            })
        });
        let off_route: Vec<OffRouteView> = off_route.collect::<Result<_, _>>()?;
        let is_placeless = |s: &&Unfinished| s.at.is_none();
        Ok(PatrolProposalView {
            station_label: self.label("station", &shown.station_id),
            month: query.month.clone(),
            off_route,
            rounds: self
                .rounds(&shown, &proposal.rounds)?
                .into_iter()
                .map(|r| r.view)
                .collect(),
            unfinished: shown.sites.len() as u64,
            without_position: shown
                .sites
                .values()
                .filter(is_placeless)
                .map(|s| s.site_code.clone())
                .collect(),
            off_route_m: plan.off_route_m,
            log_size: book.log_size,
            station_id: shown.station_id,
        })
    }

    /// Adopts the plan of a month; one made upon an older plan is refused, with both sides.
    pub fn adopt_patrol_plan(
        &mut self,
        station: &str,
        month: &str,
        request: &PatrolPlanRequest,
    ) -> Result<ReceiptView, Error> {
        let station_id = self.load_station_id(station)?;
        self.may(Action::PlanPatrol, Some(&station_id))?;
        month_of(month)?;
        self.check_plan(request)?;
        let (adopted, version) = self.adopted_plan(&station_id, month)?;
        if version != request.based_on {
            let wanted = serde_json::to_value(&request.rounds).map_err(Error::internal)?;
            let there = adopted.map(|(_, plan)| plan.rounds).unwrap_or_default();
            let there = serde_json::to_value(there).map_err(Error::internal)?;
            return Err(Error::Stale(Box::new(Stale {
                based_on: request.based_on,
                current: version,
                clashes: vec![("rounds".to_owned(), wanted, there)],
            })));
        }
        let stream = self.plan_stream(&station_id, month);
        let note = request.note.as_deref().map(str::trim);
        let body = PatrolPlanAdopted {
            reserve_code: self.reserve.reserve_code.clone(),
            station_id,
            month: month.to_owned(),
            rounds: request.rounds.clone(),
            note: note.filter(|n| !n.is_empty()).map(str::to_owned),
        };
        let mut entry = self.dated_entry(stream, body)?;
        entry.based_on = Some(version);
        let receipts = self.register.append(&[entry], self.now)?;
        let receipt = receipts.first().map(ReceiptView::of);
        receipt.ok_or_else(nothing_appended)
    }

    fn plan_stream(&self, station_id: &str, month: &str) -> StreamId {
        StreamId::patrol_plan(&self.reserve.reserve_code, station_id, month)
    }

    /// The plan that counts with when it was adopted, and its version.
    fn adopted_plan(&self, station_id: &str, month: &str) -> Result<(Option<Adopted>, u64), Error> {
        let entries = self
            .register
            .load_stream(&self.plan_stream(station_id, month))?;
        let version = entries.last().map_or(0, |e| e.version);
        let last = entries.into_iter().rev().find_map(|e| {
            let at = e.claimed_at();
            match e.entry.body {
                EntryBody::PatrolPlanAdopted(body) => Some((at, *body)),
                _ => None,
            }
        });
        Ok((last, version))
    }

    fn check_plan(&self, request: &PatrolPlanRequest) -> Result<(), Error> {
        let fault = |code: &'static str, text: &str| {
            Err(Error::rejected(Diagnostic::error(code).arg("text", text)))
        };
        if request.rounds.len() > MOST_ROUNDS {
            return fault("patrol.plan_too_long", &MOST_ROUNDS.to_string());
        }
        let note = request.note.as_deref().unwrap_or_default();
        if note.chars().count() > LONGEST_NOTE {
            return fault("patrol.plan_note", &LONGEST_NOTE.to_string());
        }
        let names = self.route_names()?;
        let kinds = self.campaign.find_list(&self.codes, "patrol_kind");
        for round in &request.rounds {
            if kinds.is_some_and(|l| l.find_code(&round.kind).is_none()) {
                return fault("patrol.plan_kind", &round.kind);
            }
            if let Some(route) = round.route_id.as_ref().filter(|r| !names.contains_key(*r)) {
                return fault("patrol.plan_route", route);
            }
            if round.times == 0 || round.times > MOST_TIMES {
                return fault("patrol.plan_times", &round.times.to_string());
            }
            let is_placed = |p: &KeyPoint| p.lon.abs() <= 180.0 && p.lat.abs() <= 90.0;
            let is_short = |text: &str| text.chars().count() <= LONGEST_NOTE;
            let are_short = round.posts.iter().all(|p| is_short(p))
                && round
                    .key_points
                    .iter()
                    .flat_map(|p| &p.name)
                    .all(|n| is_short(n));
            if round.key_points.len() > MOST_POINTS
                || round.posts.len() > MOST_POINTS
                || !are_short
                || !round.key_points.iter().all(is_placed)
            {
                return fault("patrol.plan_point", &MOST_POINTS.to_string());
            }
        }
        Ok(())
    }

    fn shown<'b>(
        &self,
        book: &'b PatrolBook,
        station_id: String,
        month: Date,
    ) -> Result<Shown<'b>, Error> {
        let period = Period {
            from: Some(month),
            to: Some(month.last_of_month()),
        };
        let adopted = self
            .register
            .latest_routes(&self.reserve.reserve_code, AsOf::Now)?;
        let routes = adopted.into_iter().flat_map(|r| r.body.routes);
        let is_own = |r: &Route| r.station_id.as_ref() == Some(&station_id);
        let mut sites = BTreeMap::new();
        self.register.dossiers::<Error>(AsOf::Now, |dossier| {
            let is_wanted = dossier.state.counts()
                && dossier.facts.station_id.as_ref() == Some(&station_id)
                && dossier.issues.iter().any(|i| i.is_open());
            if is_wanted {
                let site = Unfinished {
                    site_code: dossier.site_code,
                    name: dossier.facts.facility_name,
                    at: dossier.facts.lon.zip(dossier.facts.lat),
                };
                sites.insert(dossier.site_id, site);
            }
            Ok(())
        })?;
        Ok(Shown {
            routes: routes.filter(is_own).collect(),
            patrols: self.seen_patrols(book, Some(&station_id), period),
            near_site_m: rules(self)?.coverage.near_site_m,
            station_id,
            month,
            sites,
        })
    }

    /// Rounds with what was done of them, and the patrols that did it.
    fn rounds(&self, shown: &Shown<'_>, rounds: &[PlannedRound]) -> Result<Vec<Round>, Error> {
        let walked = Walked::of(&shown.patrols);
        let passages = walked.passages();
        let points = rounds.iter().flat_map(|r| &r.key_points);
        let shapes: Vec<(usize, Geometry<f64>)> = points
            .map(|p| Point::new(p.lon, p.lat).into())
            .enumerate()
            .collect();
        let passed = of_places(&shapes, &passages, shown.near_site_m);
        let mut passed = passed.into_values();
        let made = rounds.iter().map(|round| {
            let route = shown
                .routes
                .iter()
                .find(|r| Some(&r.route_id) == round.route_id.as_ref());
            let visits: Vec<Visits> = passed.by_ref().take(round.key_points.len()).collect();
            let fitting = shown.patrols.iter().filter(|p| fits(p, round, &visits));
            let by: BTreeMap<PatrolId, Date> = fitting
                .map(|p| (p.patrol_id, civil_day(p.sheet.body.started_at)))
                .collect();
            let mut by_week = vec![0; WEEKS];
            for day in by.values() {
                by_week[week_of(shown.month, *day)] += 1;
            }
            let points = round.key_points.iter().zip(&visits);
            let points = points.map(|(p, visits)| self.key_point(shown, p, visits.last));
            let view = PlannedRoundView {
                route_id: round.route_id.clone(),
                route_name: route.map(|r| r.name.clone()),
                route_m: route.map(|r| r.length_m),
                kind: round.kind.clone(),
                kind_label: self.label("patrol_kind", &round.kind),
                times: round.times,
                posts: round.posts.clone(),
                on: round.on,
                key_points: points.collect::<Result<_, _>>()?,
                done: by.len() as u32,
                by_week,
            };
            Ok::<Round, Error>(Round {
                view,
                by: by.into_keys().collect(),
            })
        });
        made.collect()
    }

    /// Patrols planned for a station and a month, and those done as planned.
    pub(super) fn planned_and_done(
        &self,
        station_id: &str,
        month: &str,
        patrols: &[&Patrol],
    ) -> Result<(u32, u32), Error> {
        let (Some((_, plan)), _) = self.adopted_plan(station_id, month)? else {
            return Ok((0, 0));
        };
        let own = |p: &&&Patrol| p.sheet.body.station_id == station_id;
        let shown = Shown {
            routes: Vec::new(),
            patrols: patrols.iter().filter(own).copied().collect(),
            near_site_m: rules(self)?.coverage.near_site_m,
            station_id: station_id.to_owned(),
            month: month_of(month)?,
            sites: BTreeMap::new(),
        };
        let rounds = self.rounds(&shown, &plan.rounds)?;
        let done = rounds.iter().map(|r| r.view.done.min(r.view.times)).sum();
        Ok((plan.rounds.iter().map(|r| r.times).sum(), done))
    }

    fn key_point(
        &self,
        shown: &Shown<'_>,
        point: &KeyPoint,
        last: Option<Date>,
    ) -> Result<KeyPointView, Error> {
        let site = point.site_id.and_then(|id| shown.sites.get(&id));
        // What is finished meanwhile stays in the plan under the name it was given.
        let code = match (site, point.site_id) {
            (Some(site), _) => Some(site.site_code.clone()),
            (None, Some(id)) => self.code_of_site(id)?,
            (None, None) => None,
        };
        let name = point.name.clone().or_else(|| site?.name.clone());
        let reason = point.reason.as_deref().unwrap_or("custom");
        Ok(KeyPointView {
            name: name.or_else(|| code.clone()).unwrap_or_default(),
            site_code: code,
            reason_label: self.messages.text(&format!("patrol.reason_{reason}"), &[]),
            point: point.clone(),
            passed_on: last,
        })
    }

    /// The code of a site that the actor may read: a plan may name one that went to another station since.
    fn code_of_site(&self, site: SiteId) -> Result<Option<String>, Error> {
        let found = self.register.find_dossier(site, AsOf::Now)?;
        let seen = found.filter(|d| self.sees(Action::ReadLedgers, d.facts.station_id.as_deref()));
        Ok(seen.map(|d| d.site_code))
    }
}

/// Whether a patrol is one of a round: same route and kind; without a route, it passed one of the places to see.
fn fits(patrol: &Patrol, round: &PlannedRound, visits: &[Visits]) -> bool {
    let body = &patrol.sheet.body;
    match &round.route_id {
        Some(_) => body.route_id == round.route_id && body.kind == round.kind,
        None => {
            let id = patrol.patrol_id.to_string();
            visits.iter().any(|v| v.patrols.contains(&id))
        }
    }
}

fn week_of(month: Date, day: Date) -> usize {
    let nth = match day.month() == month.month() {
        true => usize::from(day.day().unsigned_abs()).saturating_sub(1) / 7,
        false => 0,
    };
    nth.min(WEEKS - 1)
}

fn posts(rounds: &[PlannedRoundView], patrols: &[&Patrol]) -> Vec<PostDone> {
    let mut posts: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for round in rounds {
        for post in &round.posts {
            posts.entry(post).or_default().0 += round.times;
        }
    }
    for patrol in patrols {
        posts.entry(&patrol.sheet.body.leader).or_default().1 += 1;
    }
    let all = posts.into_iter();
    all.map(|(post, (planned, done))| PostDone {
        post: post.to_owned(),
        planned,
        done,
    })
    .collect()
}
