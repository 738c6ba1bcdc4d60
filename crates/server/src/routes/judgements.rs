//! Judgements: what the tables propose, what people decide, what a second reader says.

use app::{DecideRequest, DecidedView, JudgementView, ReadAgainRequest};
use axum::Json;
use axum::extract::State;

use super::sites::When;
use crate::caller::{Asked, Caller, Named, Said};
use crate::desk::Desk;
use crate::problem::{Problem, ProblemBody};
use crate::told::Told;

/// Judges a site: proposal, facts with their entries, what is missing, the way to the result.
#[utoipa::path(get, path = "/api/v1/sites/{site_code}/judgement", tag = "judgement",
    params(("site_code" = String, Path), When),
    responses((status = 200, body = JudgementView), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn judge_site(
    State(desk): State<Desk>,
    caller: Caller,
    Named(site_code): Named<String>,
    Asked(when): Asked<When>,
) -> Result<Told<JudgementView>, Problem> {
    desk.read(&caller, move |session, _| {
        session.judgement_view(&site_code, when.as_of()?)
    })
    .await
}

/// Accepts what the tables propose, or overrides it with a reason; an override waits for a second reader.
#[utoipa::path(post, path = "/api/v1/sites/{site_code}/characterizations", tag = "judgement",
    params(("site_code" = String, Path)), request_body = DecideRequest,
    responses((status = 200, body = DecidedView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn decide_site(
    State(desk): State<Desk>,
    caller: Caller,
    Named(site_code): Named<String>,
    Said(said): Said<DecideRequest>,
) -> Result<Json<DecidedView>, Problem> {
    let decided = desk
        .write(&caller, move |session, _| {
            session.decide_site(&site_code, said)
        })
        .await?;
    Ok(Json(decided))
}

/// A second reader confirms the override that waits, or sends it back.
#[utoipa::path(post, path = "/api/v1/sites/{site_code}/characterizations/confirmations", tag = "judgement",
    params(("site_code" = String, Path)), request_body = ReadAgainRequest,
    responses((status = 200, body = DecidedView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn read_again(
    State(desk): State<Desk>,
    caller: Caller,
    Named(site_code): Named<String>,
    Said(said): Said<ReadAgainRequest>,
) -> Result<Json<DecidedView>, Problem> {
    let decided = desk
        .write(&caller, move |session, _| {
            session.read_site_again(&site_code, said)
        })
        .await?;
    Ok(Json(decided))
}
