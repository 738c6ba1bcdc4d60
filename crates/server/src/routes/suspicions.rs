//! Suspicions: the desk, one of them, the figures, and the search over all dossiers.

use app::{SuspicionList, SuspicionQuery, SuspicionScope, SuspicionStatistics, SuspicionView};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::ledgers::made_file;
use crate::caller::{Asked, Caller, Named, Said};
use crate::desk::Desk;
use crate::problem::{Problem, ProblemBody};
use crate::runs::RunView;
use crate::told::Told;

/// Suspicions and suspected relapses that the post may read, open and grave ones first.
#[utoipa::path(get, path = "/api/v1/suspicions", tag = "suspicions", params(SuspicionQuery),
    responses((status = 200, body = SuspicionList), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn list_suspicions(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(query): Asked<SuspicionQuery>,
) -> Result<Told<SuspicionList>, Problem> {
    desk.read(&caller, move |session, atlases| {
        session.list_suspicions(atlases, &query)
    })
    .await
}

/// As of when.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AsOfQuery {
    /// `now`, a day `YYYY-MM-DD`, or a log size `@N`.
    as_of: Option<String>,
}

/// One suspicion with its files, its entries and both sides of what is alike.
#[utoipa::path(get, path = "/api/v1/suspicions/{entry_id}", tag = "suspicions",
    params(("entry_id" = String, Path), AsOfQuery),
    responses((status = 200, body = SuspicionView), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn show_suspicion(
    State(desk): State<Desk>,
    caller: Caller,
    Named(entry_id): Named<String>,
    Asked(query): Asked<AsOfQuery>,
) -> Result<Told<SuspicionView>, Problem> {
    desk.read(&caller, move |session, atlases| {
        session.suspicion_page(atlases, &entry_id, query.as_of.as_deref())
    })
    .await
}

/// Kinds by grade by verdict, as counts and raw pairs.
#[utoipa::path(get, path = "/api/v1/suspicions/statistics", tag = "suspicions", params(SuspicionScope),
    responses((status = 200, body = SuspicionStatistics), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn show_suspicion_statistics(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(scope): Asked<SuspicionScope>,
) -> Result<Told<SuspicionStatistics>, Problem> {
    desk.read(&caller, move |session, atlases| {
        session.suspicion_statistics(atlases, &scope)
    })
    .await
}

/// The suspicions as a workbook to work down.
#[utoipa::path(get, path = "/api/v1/suspicions/file", tag = "suspicions", params(SuspicionQuery),
    responses((status = 200, content((Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
        (status = "4XX", body = ProblemBody)))]
pub(crate) async fn download_suspicions(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(query): Asked<SuspicionQuery>,
) -> Result<Response, Problem> {
    desk.note(&caller, "export_view", "suspicions");
    let made = desk
        .look(&caller, move |session, atlases| {
            session.suspicions_file(atlases, &query)
        })
        .await?;
    Ok(made_file(made))
}

/// The figures as a workbook.
#[utoipa::path(get, path = "/api/v1/suspicions/statistics/file", tag = "suspicions", params(SuspicionScope),
    responses((status = 200, content((Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
        (status = "4XX", body = ProblemBody)))]
pub(crate) async fn download_suspicion_statistics(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(scope): Asked<SuspicionScope>,
) -> Result<Response, Problem> {
    desk.note(&caller, "export_view", "suspicion statistics");
    let made = desk
        .look(&caller, move |session, atlases| {
            session.suspicion_statistics_file(atlases, &scope)
        })
        .await?;
    Ok(made_file(made))
}

/// Whether findings are only told.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunRequest {
    #[serde(default)]
    dry_run: bool,
}

/// Starts the search over all dossiers; it goes on by itself.
#[utoipa::path(post, path = "/api/v1/suspicions/runs", tag = "suspicions", request_body = RunRequest,
    responses((status = 202, body = RunView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn start_suspicion_run(
    State(desk): State<Desk>,
    caller: Caller,
    Said(said): Said<RunRequest>,
) -> Result<(StatusCode, Json<RunView>), Problem> {
    let view = desk.start_run(&caller, said.dry_run).await?;
    Ok((StatusCode::ACCEPTED, Json(view)))
}

/// The search under way, or the last one.
#[utoipa::path(get, path = "/api/v1/suspicions/runs", tag = "suspicions",
    responses((status = 200, body = RunView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn show_suspicion_run(
    State(desk): State<Desk>,
    caller: Caller,
) -> Result<Json<RunView>, Problem> {
    Ok(Json(desk.show_run(&caller).await?))
}
