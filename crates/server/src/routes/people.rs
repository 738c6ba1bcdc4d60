//! People and their posts, API tokens, the access log.

use app::people::{
    self, AccessQuery, AccessView, PersonAdded, PersonChange, PersonRequest, PersonView,
    TokenAdded, TokenRequest, TokenView, UnitLinkAdded, UnitLinkRequest,
};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use crate::caller::{Asked, Caller, Named, Said};
use crate::desk::Desk;
use crate::problem::{Problem, ProblemBody};

/// Everybody with an account.
#[utoipa::path(get, path = "/api/v1/people", tag = "people",
    responses((status = 200, body = Vec<PersonView>), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn list_people(
    State(desk): State<Desk>,
    caller: Caller,
) -> Result<Json<Vec<PersonView>>, Problem> {
    let actor = caller.actor.clone();
    let people = desk
        .with_accounts(&caller.context, move |accounts, setting, now| {
            people::list_people(accounts, setting, &actor, now)
        })
        .await?;
    Ok(Json(people))
}

/// Adds a person; the answer tells the one-time password, once.
#[utoipa::path(post, path = "/api/v1/people", tag = "people", request_body = PersonRequest,
    responses((status = 200, body = PersonAdded), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn add_person(
    State(desk): State<Desk>,
    caller: Caller,
    Said(said): Said<PersonRequest>,
) -> Result<Json<PersonAdded>, Problem> {
    let actor = caller.actor.clone();
    let added = desk
        .with_accounts(&caller.context, move |accounts, setting, now| {
            people::add_person(accounts, setting, &actor, &said, now)
        })
        .await?;
    desk.note(&caller, "add_person", &added.person.person_id);
    Ok(Json(added))
}

/// Changes a person's name, posts or access, or gives a new one-time password.
#[utoipa::path(patch, path = "/api/v1/people/{person_id}", tag = "people", request_body = PersonChange,
    params(("person_id" = String, Path)),
    responses((status = 200, body = PersonAdded), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn change_person(
    State(desk): State<Desk>,
    caller: Caller,
    Named(person_id): Named<String>,
    Said(said): Said<PersonChange>,
) -> Result<Json<PersonAdded>, Problem> {
    let actor = caller.actor.clone();
    let changed = desk
        .with_accounts(&caller.context, move |accounts, setting, now| {
            people::change_person(accounts, setting, &actor, &person_id, &said, now)
        })
        .await?;
    desk.note(&caller, "change_person", &changed.person.person_id);
    Ok(Json(changed))
}

/// Forced logout: all sessions and API tokens of a person end.
#[utoipa::path(delete, path = "/api/v1/people/{person_id}/sessions", tag = "people",
    params(("person_id" = String, Path)),
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn end_sessions(
    State(desk): State<Desk>,
    caller: Caller,
    Named(person_id): Named<String>,
) -> Result<StatusCode, Problem> {
    let actor = caller.actor.clone();
    let object = person_id.clone();
    desk.with_accounts(&caller.context, move |accounts, _, _| {
        people::end_sessions(accounts, &actor, &person_id)
    })
    .await?;
    desk.note(&caller, "end_sessions", &object);
    Ok(StatusCode::NO_CONTENT)
}

/// One's own API tokens.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "people",
    responses((status = 200, body = Vec<TokenView>), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn list_tokens(
    State(desk): State<Desk>,
    caller: Caller,
) -> Result<Json<Vec<TokenView>>, Problem> {
    let visitor = caller.visitor.clone();
    let tokens = desk
        .with_accounts(&caller.context, move |accounts, _, _| {
            people::list_tokens(accounts, &visitor)
        })
        .await?;
    Ok(Json(tokens))
}

/// Makes an API token for the post one acts in; the secret is told once. Needs a session: tokens make no tokens.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "people", request_body = TokenRequest,
    responses((status = 200, body = TokenAdded), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn add_token(
    State(desk): State<Desk>,
    caller: Caller,
    Said(said): Said<TokenRequest>,
) -> Result<Json<TokenAdded>, Problem> {
    let visitor = caller.visitor.clone();
    let added = desk
        .with_accounts(&caller.context, move |accounts, _, now| {
            people::add_token(accounts, &visitor, &said, now)
        })
        .await?;
    desk.note(&caller, "add_token", &added.token.token_id);
    Ok(Json(added))
}

/// Makes a personal link for somebody of a unit that answers for issues; the secret is told once.
#[utoipa::path(post, path = "/api/v1/unit-links", tag = "people", request_body = UnitLinkRequest,
    responses((status = 200, body = UnitLinkAdded), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn add_unit_link(
    State(desk): State<Desk>,
    caller: Caller,
    Said(said): Said<UnitLinkRequest>,
) -> Result<Json<UnitLinkAdded>, Problem> {
    let (visitor, actor) = (caller.visitor.clone(), caller.actor.clone());
    let added = desk
        .with_accounts(&caller.context, move |accounts, _, now| {
            people::add_unit_link(accounts, &visitor, &actor, &said, now)
        })
        .await?;
    desk.note(&caller, "add_token", &added.token_id);
    Ok(Json(added))
}

/// Revokes one of one's own API tokens.
#[utoipa::path(delete, path = "/api/v1/tokens/{token_id}", tag = "people",
    params(("token_id" = String, Path)),
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn revoke_token(
    State(desk): State<Desk>,
    caller: Caller,
    Named(token_id): Named<String>,
) -> Result<StatusCode, Problem> {
    let visitor = caller.visitor.clone();
    desk.with_accounts(&caller.context, move |accounts, _, _| {
        people::revoke_token(accounts, &visitor, &token_id)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What people looked at, exported and downloaded.
#[utoipa::path(get, path = "/api/v1/access-log", tag = "people", params(AccessQuery),
    responses((status = 200, body = Vec<AccessView>), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn list_accesses(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(query): Asked<AccessQuery>,
) -> Result<Json<Vec<AccessView>>, Problem> {
    let actor = caller.actor.clone();
    let flushed = desk.clone();
    let accesses = desk
        .with_accounts(&caller.context, move |accounts, _, _| {
            flushed.flush_accesses_into(accounts);
            people::accesses(accounts, &actor, &query)
        })
        .await?;
    Ok(Json(accesses))
}
