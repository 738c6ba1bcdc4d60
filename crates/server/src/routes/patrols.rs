//! Patrols: the list, one of them with its tracks, what was covered, the figures of a month, plans, reviews.

use app::{
    CoverageQuery, CoverageView, PatrolCorrection, PatrolList, PatrolPlanRequest, PatrolPlanView,
    PatrolProposalQuery, PatrolProposalView, PatrolQuery, PatrolRecordedView, PatrolReviewRequest,
    PatrolSheetRequest, PatrolStatistics, PatrolStatisticsQuery, PatrolView, ReceiptView,
};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ledgers::{attachment, made_file};
use crate::caller::{Asked, Caller, Named, Said};
use crate::desk::Desk;
use crate::problem::{Problem, ProblemBody};
use crate::told::Told;

pub(crate) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(list_patrols, record_patrol))
        .routes(routes!(show_patrol_coverage))
        .routes(routes!(download_patrol_coverage))
        .routes(routes!(download_patrols))
        .routes(routes!(show_patrol_statistics))
        .routes(routes!(download_patrol_statistics))
        .routes(routes!(propose_patrol_plan))
        .routes(routes!(show_patrol_plan, adopt_patrol_plan))
        .routes(routes!(show_patrol))
        .routes(routes!(download_patrol_gpx))
        .routes(routes!(download_patrol_geojson))
        .routes(routes!(review_patrol))
        .routes(routes!(correct_patrol))
        .routes(routes!(report_patrol_finding))
}

/// Patrols that the post may read, newest first.
#[utoipa::path(get, path = "/api/v1/patrols", tag = "patrols", params(PatrolQuery),
    responses((status = 200, body = PatrolList), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn list_patrols(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(query): Asked<PatrolQuery>,
) -> Result<Told<PatrolList>, Problem> {
    desk.read(&caller, move |session, atlases| {
        session.list_patrols(atlases, &query)
    })
    .await
}

/// Enters a patrol at the desk; findings that are to be clues come into the inbox at once.
#[utoipa::path(post, path = "/api/v1/patrols", tag = "patrols", request_body = PatrolSheetRequest,
    responses((status = 200, body = PatrolRecordedView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn record_patrol(
    State(desk): State<Desk>,
    caller: Caller,
    Said(request): Said<PatrolSheetRequest>,
) -> Result<Json<PatrolRecordedView>, Problem> {
    let done = desk
        .write(&caller, move |session, _| session.record_patrol(&request))
        .await?;
    Ok(Json(done))
}

/// Puts another sheet in the place of one that was entered; refused where somebody else was quicker.
#[utoipa::path(put, path = "/api/v1/patrols/{patrol_id}/sheet", tag = "patrols",
    params(("patrol_id" = String, Path)), request_body = PatrolCorrection,
    responses((status = 200, body = PatrolRecordedView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn correct_patrol(
    State(desk): State<Desk>,
    caller: Caller,
    Named(patrol): Named<String>,
    Said(request): Said<PatrolCorrection>,
) -> Result<Json<PatrolRecordedView>, Problem> {
    let done = desk
        .write(&caller, move |session, atlases| {
            session.correct_patrol(atlases, &patrol, &request)
        })
        .await?;
    Ok(Json(done))
}

/// Makes a clue of a finding, counted from 1.
#[utoipa::path(post, path = "/api/v1/patrols/{patrol_id}/findings/{number}/clue", tag = "patrols",
    params(("patrol_id" = String, Path), ("number" = u32, Path, minimum = 1, maximum = 100_000)),
    responses((status = 200, body = PatrolRecordedView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn report_patrol_finding(
    State(desk): State<Desk>,
    caller: Caller,
    Named((patrol, number)): Named<(String, u32)>,
) -> Result<Json<PatrolRecordedView>, Problem> {
    let done = desk
        .write(&caller, move |session, atlases| {
            session.report_finding(atlases, &patrol, number as usize)
        })
        .await?;
    Ok(Json(done))
}

/// What of a territory was passed in a period: cells, sites, routes, zones.
#[utoipa::path(get, path = "/api/v1/patrols/coverage", tag = "patrols", params(CoverageQuery),
    responses((status = 200, body = CoverageView), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn show_patrol_coverage(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(query): Asked<CoverageQuery>,
) -> Result<Told<CoverageView>, Problem> {
    desk.read(&caller, move |session, atlases| {
        session.patrol_coverage(atlases, &query)
    })
    .await
}

/// The figures of a month, all stations together first.
#[utoipa::path(get, path = "/api/v1/patrols/statistics", tag = "patrols", params(PatrolStatisticsQuery),
    responses((status = 200, body = PatrolStatistics), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn show_patrol_statistics(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(query): Asked<PatrolStatisticsQuery>,
) -> Result<Told<PatrolStatistics>, Problem> {
    desk.read(&caller, move |session, atlases| {
        session.patrol_statistics(atlases, &query)
    })
    .await
}

/// The cells, sites, routes and tracks of a coverage as GeoJSON, for other programs.
#[utoipa::path(get, path = "/api/v1/patrols/coverage.geojson", tag = "patrols", params(CoverageQuery),
    responses((status = 200, content((Object = "application/geo+json"))), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn download_patrol_coverage(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(query): Asked<CoverageQuery>,
) -> Result<Response, Problem> {
    desk.note(&caller, "export_view", "patrols.coverage");
    let bytes = desk
        .look(&caller, move |session, atlases| {
            session.coverage_geojson(atlases, &query)
        })
        .await?;
    Ok(attachment(
        "coverage.geojson",
        "application/geo+json",
        bytes.into(),
    ))
}

/// As which kind of file.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PatrolFileKind {
    /// `xlsx`, `csv`; `xlsx` where it is not said.
    #[param(inline)]
    format: Option<String>,
}

impl PatrolFileKind {
    fn format(self) -> String {
        self.format.unwrap_or_else(|| "xlsx".to_owned())
    }
}

/// The ledger of patrols: all that the query finds, without pages.
#[utoipa::path(get, path = "/api/v1/patrols/file", tag = "patrols", params(PatrolFileKind, PatrolQuery),
    responses((status = 200, content(
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), (String = "text/csv"))),
        (status = "4XX", body = ProblemBody)))]
pub(crate) async fn download_patrols(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(kind): Asked<PatrolFileKind>,
    Asked(query): Asked<PatrolQuery>,
) -> Result<Response, Problem> {
    desk.note(&caller, "export_view", "patrols");
    let format = kind.format();
    let made = desk
        .look(&caller, move |session, atlases| {
            session.patrols_file(atlases, &query, &format)
        })
        .await?;
    Ok(made_file(made))
}

/// The figures of a month as a table, all stations together first.
#[utoipa::path(get, path = "/api/v1/patrols/statistics/file", tag = "patrols", params(PatrolFileKind, PatrolStatisticsQuery),
    responses((status = 200, content(
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), (String = "text/csv"))),
        (status = "4XX", body = ProblemBody)))]
pub(crate) async fn download_patrol_statistics(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(kind): Asked<PatrolFileKind>,
    Asked(query): Asked<PatrolStatisticsQuery>,
) -> Result<Response, Problem> {
    desk.note(&caller, "export_view", "patrols.statistics");
    let format = kind.format();
    let made = desk
        .look(&caller, move |session, atlases| {
            session.patrol_statistics_file(atlases, &query, &format)
        })
        .await?;
    Ok(made_file(made))
}

/// What a month of a station should hold: its routes, and on them every unfinished site; those on no route are named.
#[utoipa::path(get, path = "/api/v1/patrols/plans/proposal", tag = "patrols", params(PatrolProposalQuery),
    responses((status = 200, body = PatrolProposalView), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn propose_patrol_plan(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(query): Asked<PatrolProposalQuery>,
) -> Result<Told<PatrolProposalView>, Problem> {
    desk.read(&caller, move |session, atlases| {
        session.propose_patrol_plan(atlases, &query)
    })
    .await
}

/// The plan of a station and a month, with what was done of it; an empty one where none was adopted.
#[utoipa::path(get, path = "/api/v1/patrols/plans/{station}/{month}", tag = "patrols",
    params(("station" = String, Path), ("month" = String, Path, description = "2026-11")),
    responses((status = 200, body = PatrolPlanView), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn show_patrol_plan(
    State(desk): State<Desk>,
    caller: Caller,
    Named((station, month)): Named<(String, String)>,
) -> Result<Told<PatrolPlanView>, Problem> {
    desk.read(&caller, move |session, atlases| {
        session.patrol_plan(atlases, &station, &month)
    })
    .await
}

/// Adopts the plan of a month; refused where another was adopted since.
#[utoipa::path(put, path = "/api/v1/patrols/plans/{station}/{month}", tag = "patrols",
    params(("station" = String, Path), ("month" = String, Path, description = "2026-11")),
    request_body = PatrolPlanRequest,
    responses((status = 200, body = ReceiptView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn adopt_patrol_plan(
    State(desk): State<Desk>,
    caller: Caller,
    Named((station, month)): Named<(String, String)>,
    Said(request): Said<PatrolPlanRequest>,
) -> Result<Json<ReceiptView>, Problem> {
    let receipt = desk
        .write(&caller, move |session, _| {
            session.adopt_patrol_plan(&station, &month, &request)
        })
        .await?;
    Ok(Json(receipt))
}

/// One patrol with its tracks, their gaps and what speaks against them.
#[utoipa::path(get, path = "/api/v1/patrols/{patrol_id}", tag = "patrols", params(("patrol_id" = String, Path)),
    responses((status = 200, body = PatrolView), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn show_patrol(
    State(desk): State<Desk>,
    caller: Caller,
    Named(patrol_id): Named<String>,
) -> Result<Told<PatrolView>, Problem> {
    desk.read(&caller, move |session, atlases| {
        session.patrol_page(atlases, &patrol_id)
    })
    .await
}

/// The tracks of a patrol as GPX, gaps left out.
#[utoipa::path(get, path = "/api/v1/patrols/{patrol_id}/track.gpx", tag = "patrols", params(("patrol_id" = String, Path)),
    responses((status = 200, content((Vec<u8> = "application/gpx+xml"))), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn download_patrol_gpx(
    State(desk): State<Desk>,
    caller: Caller,
    Named(patrol_id): Named<String>,
) -> Result<Response, Problem> {
    track_file(&desk, &caller, patrol_id, true).await
}

/// The tracks of a patrol as GeoJSON, gaps as chords of their own.
#[utoipa::path(get, path = "/api/v1/patrols/{patrol_id}/track.geojson", tag = "patrols", params(("patrol_id" = String, Path)),
    responses((status = 200, content((Vec<u8> = "application/geo+json"))), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn download_patrol_geojson(
    State(desk): State<Desk>,
    caller: Caller,
    Named(patrol_id): Named<String>,
) -> Result<Response, Problem> {
    track_file(&desk, &caller, patrol_id, false).await
}

async fn track_file(
    desk: &Desk,
    caller: &Caller,
    patrol_id: String,
    is_gpx: bool,
) -> Result<Response, Problem> {
    desk.note(caller, "export_view", &patrol_id);
    let (kind, ending) = match is_gpx {
        true => ("application/gpx+xml", "gpx"),
        false => ("application/geo+json", "geojson"),
    };
    let name = format!("{patrol_id}.{ending}");
    let bytes = desk
        .look(caller, move |session, atlases| {
            session.patrol_track(atlases, &patrol_id, is_gpx)
        })
        .await?;
    Ok(attachment(&name, kind, bytes.into()))
}

/// Accepts or returns a patrol that somebody else recorded.
#[utoipa::path(post, path = "/api/v1/patrols/{patrol_id}/reviews", tag = "patrols", params(("patrol_id" = String, Path)),
    request_body = PatrolReviewRequest,
    responses((status = 200, body = ReceiptView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn review_patrol(
    State(desk): State<Desk>,
    caller: Caller,
    Named(patrol_id): Named<String>,
    Said(request): Said<PatrolReviewRequest>,
) -> Result<Json<ReceiptView>, Problem> {
    let receipt = desk
        .write(&caller, move |session, atlases| {
            session.review_patrol(atlases, &patrol_id, &request)
        })
        .await?;
    Ok(Json(receipt))
}
