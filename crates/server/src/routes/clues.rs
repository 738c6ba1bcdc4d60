//! Clues: the inbox, one clue, and what people decide about it.

use app::{
    ClueDecided, ClueList, ClueQuery, ClueView, LinkRequest, MatchView, Paging, ReasonRequest,
    RematchRequest, RematchedView, ScreenRequest,
};
use axum::Json;
use axum::extract::State;

use crate::caller::{Asked, Caller, Named, Said};
use crate::desk::Desk;
use crate::problem::{Problem, ProblemBody};
use crate::told::Told;

/// Clues the post may read, the newest first.
#[utoipa::path(get, path = "/api/v1/clues", tag = "clues", params(ClueQuery, Paging),
    responses((status = 200, body = ClueList), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn list_clues(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(query): Asked<ClueQuery>,
    Asked(paging): Asked<Paging>,
) -> Result<Told<ClueList>, Problem> {
    desk.read(&caller, move |session, atlases| {
        session.list_clues(atlases, &query, &paging)
    })
    .await
}

/// A clue by id, the start of it, or the number it was issued under.
#[utoipa::path(get, path = "/api/v1/clues/{clue}", tag = "clues", params(("clue" = String, Path)),
    responses((status = 200, body = ClueView), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn show_clue(
    State(desk): State<Desk>,
    caller: Caller,
    Named(clue): Named<String>,
) -> Result<Told<ClueView>, Problem> {
    desk.read(&caller, move |session, _| session.clue_page(&clue))
        .await
}

/// Sites a clue may belong to, with reasons.
#[utoipa::path(get, path = "/api/v1/clues/{clue}/matches", tag = "clues", params(("clue" = String, Path)),
    responses((status = 200, body = Vec<MatchView>), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn list_matches(
    State(desk): State<Desk>,
    caller: Caller,
    Named(clue): Named<String>,
) -> Result<Told<Vec<MatchView>>, Problem> {
    desk.read(&caller, move |session, _| session.clue_matches(&clue))
        .await
}

/// Links a clue to a site.
#[utoipa::path(post, path = "/api/v1/clues/{clue}/link", tag = "clues", params(("clue" = String, Path)),
    request_body = LinkRequest,
    responses((status = 200, body = ClueDecided), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn link_clue(
    State(desk): State<Desk>,
    caller: Caller,
    Named(clue): Named<String>,
    Said(said): Said<LinkRequest>,
) -> Result<Json<ClueDecided>, Problem> {
    let decided = desk
        .write(&caller, move |session, _| {
            let id = session.load_clue(&clue)?.received.body.clue_id;
            session.link_clue(&clue, &said.site_code, &said.reason)?;
            session.clue_decided(id)
        })
        .await?;
    Ok(Json(decided))
}

/// Registers a site of its own for a clue.
#[utoipa::path(post, path = "/api/v1/clues/{clue}/separate", tag = "clues", params(("clue" = String, Path)),
    request_body = ReasonRequest,
    responses((status = 200, body = ClueDecided), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn separate_clue(
    State(desk): State<Desk>,
    caller: Caller,
    Named(clue): Named<String>,
    Said(said): Said<ReasonRequest>,
) -> Result<Json<ClueDecided>, Problem> {
    let decided = desk
        .write(&caller, move |session, _| {
            let id = session.load_clue(&clue)?.received.body.clue_id;
            session.separate_clue(&clue, &said.reason)?;
            session.clue_decided(id)
        })
        .await?;
    Ok(Json(decided))
}

/// Undoes a link by a counter-entry.
#[utoipa::path(post, path = "/api/v1/clues/{clue}/unlink", tag = "clues", params(("clue" = String, Path)),
    request_body = ReasonRequest,
    responses((status = 200, body = ClueDecided), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn unlink_clue(
    State(desk): State<Desk>,
    caller: Caller,
    Named(clue): Named<String>,
    Said(said): Said<ReasonRequest>,
) -> Result<Json<ClueDecided>, Problem> {
    let decided = desk
        .write(&caller, move |session, _| {
            let id = session.load_clue(&clue)?.received.body.clue_id;
            session.unlink_clue(&clue, &said.reason)?;
            session.clue_decided(id)
        })
        .await?;
    Ok(Json(decided))
}

/// Takes a clue off the work list; it stays in the register.
#[utoipa::path(post, path = "/api/v1/clues/{clue}/screen", tag = "clues", params(("clue" = String, Path)),
    request_body = ScreenRequest,
    responses((status = 200, body = ClueDecided), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn screen_clue(
    State(desk): State<Desk>,
    caller: Caller,
    Named(clue): Named<String>,
    Said(said): Said<ScreenRequest>,
) -> Result<Json<ClueDecided>, Problem> {
    let decided = desk
        .write(&caller, move |session, _| {
            let id = session.load_clue(&clue)?.received.body.clue_id;
            session.screen_clue(&clue, &said.code, &said.reason)?;
            session.clue_decided(id)
        })
        .await?;
    Ok(Json(decided))
}

/// Asks the rules again for every open clue.
#[utoipa::path(post, path = "/api/v1/clues/matches", tag = "clues", request_body = RematchRequest,
    responses((status = 200, body = Vec<RematchedView>), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn rematch_clues(
    State(desk): State<Desk>,
    caller: Caller,
    Said(said): Said<RematchRequest>,
) -> Result<Json<Vec<RematchedView>>, Problem> {
    let matched = desk
        .write(&caller, move |session, _| session.rematch(&said))
        .await?;
    Ok(Json(matched))
}
