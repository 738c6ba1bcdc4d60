//! Figures and findings.

use app::{DashboardView, FindingView, StatisticsView, WorkItem};
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use super::ledgers::made_file;
use crate::caller::{Asked, Caller};
use crate::desk::Desk;
use crate::problem::{Problem, ProblemBody};
use crate::told::Told;

/// Of what, and as of when.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Scoped {
    /// `now`, a day `YYYY-MM-DD`, or a log size `@N`.
    as_of: Option<String>,
    station: Option<String>,
    lead: Option<String>,
}

/// The statistics set: tables and rates, each figure with its counting basis and sites.
#[utoipa::path(get, path = "/api/v1/statistics", tag = "views", params(Scoped),
    responses((status = 200, body = StatisticsView), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn show_statistics(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(scoped): Asked<Scoped>,
) -> Result<Response, Problem> {
    let told = desk.read_figures(&caller, move |session, atlases| {
        let as_of = app::parse_as_of(scoped.as_of.as_deref().unwrap_or("now"))?;
        let scope = session.own_scope(scoped.station.as_deref(), scoped.lead.as_deref())?;
        session.statistics_view(atlases, &scope, as_of)
    });
    Ok(told.await?.into_json())
}

/// Of what, as of when, and compared with which day.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Checked {
    /// `now`, a day `YYYY-MM-DD`, or a log size `@N`.
    as_of: Option<String>,
    /// Also sites that left a ledger after this day.
    since: Option<String>,
    station: Option<String>,
    lead: Option<String>,
}

/// What a careful clerk would find: gaps, contradictions, doubles, missed reports.
#[utoipa::path(get, path = "/api/v1/checks", tag = "views", params(Checked),
    responses((status = 200, body = Vec<FindingView>), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn list_findings(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(checked): Asked<Checked>,
) -> Result<Told<Vec<FindingView>>, Problem> {
    desk.read(&caller, move |session, _| {
        let as_of = app::parse_as_of(checked.as_of.as_deref().unwrap_or("now"))?;
        let since = match checked.since.as_deref() {
            Some(text) => Some(app::parse_as_of(text)?),
            None => None,
        };
        let scope = session.own_scope(checked.station.as_deref(), checked.lead.as_deref())?;
        session.findings_view(&scope, as_of, since)
    })
    .await
}

/// The statistics set as a workbook.
#[utoipa::path(get, path = "/api/v1/statistics/file", tag = "views", params(Scoped),
    responses((status = 200, content((Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
        (status = "4XX", body = ProblemBody)))]
pub(crate) async fn download_statistics(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(scoped): Asked<Scoped>,
) -> Result<Response, Problem> {
    desk.note(&caller, "export_view", "statistics");
    let made = desk
        .look(&caller, move |session, atlases| {
            let as_of = app::parse_as_of(scoped.as_of.as_deref().unwrap_or("now"))?;
            let scope = session.own_scope(scoped.station.as_deref(), scoped.lead.as_deref())?;
            session.statistics_file(atlases, &scope, as_of)
        })
        .await?;
    Ok(made_file(made))
}

/// The findings of the checks as a workbook to work down.
#[utoipa::path(get, path = "/api/v1/checks/file", tag = "views", params(Checked),
    responses((status = 200, content((Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
        (status = "4XX", body = ProblemBody)))]
pub(crate) async fn download_findings(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(checked): Asked<Checked>,
) -> Result<Response, Problem> {
    desk.note(&caller, "export_view", "checks");
    let made = desk
        .look(&caller, move |session, _| {
            let as_of = app::parse_as_of(checked.as_of.as_deref().unwrap_or("now"))?;
            let since = checked.since.as_deref().map(app::parse_as_of).transpose()?;
            let scope = session.own_scope(checked.station.as_deref(), checked.lead.as_deref())?;
            session.findings_file(&scope, as_of, since)
        })
        .await?;
    Ok(made_file(made))
}

/// All figures of a scope, each with the query that lists what is behind it.
#[utoipa::path(get, path = "/api/v1/dashboard", tag = "views", params(Scoped),
    responses((status = 200, body = DashboardView), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn show_dashboard(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(scoped): Asked<Scoped>,
) -> Result<Response, Problem> {
    let told = desk.read_figures(&caller, move |session, atlases| {
        let as_of = app::parse_as_of(scoped.as_of.as_deref().unwrap_or("now"))?;
        session.dashboard(
            atlases,
            scoped.station.as_deref(),
            scoped.lead.as_deref(),
            as_of,
        )
    });
    Ok(told.await?.into_json())
}

/// What the post has to do.
#[utoipa::path(get, path = "/api/v1/work-items", tag = "views",
    responses((status = 200, body = Vec<WorkItem>), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn list_work_items(
    State(desk): State<Desk>,
    caller: Caller,
) -> Result<Response, Problem> {
    let told = desk.read_figures(&caller, |session, atlases| session.work_items(atlases));
    Ok(told.await?.into_json())
}
