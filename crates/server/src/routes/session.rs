//! Logging in and out, one's own post, password and second factor, and the first administrator.

use app::people::{self, LoginRequest, PostView, TotpProposal, Visitor};
use app::{Error, Setting};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::caller::{Context, Known, Said, cookie_name};
use crate::desk::Desk;
use crate::problem::{Problem, ProblemBody};

/// The reserve the register is of.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReserveOf {
    code: String,
    name: String,
    /// West, south, east, north in degrees, once a boundary was adopted.
    bbox: Option<[f64; 4]>,
    centre: Option<[f64; 2]>,
}

/// The campaign in force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CampaignOf {
    id: String,
    name: String,
    year: i16,
}

/// 本人 — who is logged in, in which post, and what they may do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    person_id: String,
    login: String,
    name: String,
    post: Option<PostView>,
    posts: Vec<PostView>,
    /// Codes of what the post may do.
    actions: Vec<String>,
    must_change_password: bool,
    has_totp: bool,
    /// To be sent as `X-CSRF-Token` with everything that changes something.
    csrf_token: String,
    reserve: ReserveOf,
    campaign: CampaignOf,
    is_demonstration: bool,
    /// `zh-CN` or `en`.
    language: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SetupNeeded {
    is_needed: bool,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetupRequest {
    /// Printed on the console where the server runs.
    setup_code: String,
    login: String,
    password: String,
    name: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    login: String,
    password: String,
    /// Code of the second factor, where there is one.
    totp: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PostChange {
    post_id: i64,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordChange {
    old: String,
    new: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TotpCode {
    code: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordAgain {
    password: String,
}

async fn me(desk: &Desk, visitor: &Visitor, context: &Context) -> Result<Me, Problem> {
    let setting = desk.setting().map_err(|e| desk.problem(context, &e))?;
    let bbox = desk.reserve_box(context).await?;
    Ok(me_of(visitor, context, &setting, bbox, desk.now()))
}

fn me_of(
    visitor: &Visitor,
    context: &Context,
    setting: &Setting,
    bbox: Option<[f64; 4]>,
    now: Timestamp,
) -> Me {
    let person = &visitor.person;
    let actions = visitor
        .actor(setting)
        .map(|actor| {
            use domain::policy::{Action, Reach, reach};
            Action::ALL
                .iter()
                .filter(|a| reach(actor.role, **a) != Reach::None)
                .map(|a| a.code().to_owned())
                .collect()
        })
        .unwrap_or_default();
    let view = |post| people::post_view(post, setting, now);
    Me {
        person_id: person.person_id.clone(),
        login: person.login.clone(),
        name: person.name.clone(),
        post: visitor.post.as_ref().map(view),
        posts: person.posts.iter().map(view).collect(),
        actions,
        must_change_password: person.must_change_password,
        has_totp: person.has_totp,
        csrf_token: visitor
            .session
            .as_ref()
            .map_or(String::new(), |s| s.csrf_token.clone()),
        reserve: ReserveOf {
            code: setting.reserve.reserve_code.clone(),
            name: setting.reserve.name.clone(),
            bbox,
            centre: bbox.map(|[w, s, e, n]| [(w + e) / 2.0, (s + n) / 2.0]),
        },
        campaign: CampaignOf {
            id: setting.campaign.id.clone(),
            name: setting.campaign.name.clone(),
            year: setting.campaign.year,
        },
        is_demonstration: setting.is_demonstration,
        language: context.language.folder().to_owned(),
    }
}

/// Whether the first administrator is still to be made.
#[utoipa::path(get, path = "/api/v1/setup", tag = "people", security(()),
    responses((status = 200, body = SetupNeeded)))]
pub(crate) async fn find_setup(
    State(desk): State<Desk>,
    context: Context,
) -> Result<Json<SetupNeeded>, Problem> {
    let is_needed = desk
        .with_accounts(&context, |accounts, _, _| Ok(accounts.is_empty()?))
        .await?;
    Ok(Json(SetupNeeded { is_needed }))
}

/// Makes the first administrator.
#[utoipa::path(post, path = "/api/v1/setup", tag = "people", security(()), request_body = SetupRequest,
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn set_up(
    State(desk): State<Desk>,
    context: Context,
    Said(said): Said<SetupRequest>,
) -> Result<StatusCode, Problem> {
    let person = desk
        .with_accounts(&context, move |accounts, _, now| {
            people::set_up(
                accounts,
                &said.setup_code,
                &said.login,
                &said.name,
                &said.password,
                now,
            )
        })
        .await?;
    desk.note_login(&context, Some(&person.person_id), "set_up");
    Ok(StatusCode::NO_CONTENT)
}

/// Logs in: sets the session's cookie.
#[utoipa::path(post, path = "/api/v1/session", tag = "people", security(()), request_body = Credentials,
    responses((status = 200, body = Me), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn log_in(
    State(desk): State<Desk>,
    context: Context,
    Said(said): Said<Credentials>,
) -> Result<Response, Problem> {
    let request = LoginRequest {
        login: said.login,
        password: said.password,
        totp: said.totp,
        address: context.address(),
        agent: context.agent().to_owned(),
    };
    let begun = desk
        .with_accounts(&context, move |accounts, _, now| {
            // A refused login is an answer too: it is noted below.
            Ok(people::log_in(accounts, &request, now))
        })
        .await?;
    let begun = match begun {
        Ok(begun) => begun,
        Err(error) => {
            note_refusal(&desk, &context, &error);
            return Err(desk.problem(&context, &error));
        }
    };
    let person_id = begun.visitor.person.person_id.clone();
    desk.note_login(&context, Some(&person_id), "log_in");
    let body = me(&desk, &begun.visitor, &context).await?;
    let mut response = Json(body).into_response();
    let set = format!(
        "{}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age={}{}",
        cookie_name(&desk),
        begun.token,
        7 * 24 * 3600,
        if desk.is_secure() { "; Secure" } else { "" }
    );
    if let Ok(value) = HeaderValue::from_str(&set) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    Ok(response)
}

fn note_refusal(desk: &Desk, context: &Context, error: &Error) {
    if !matches!(error, Error::Unauthenticated(d) if d.code == "session.totp_needed") {
        desk.metrics()
            .failed_logins
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        desk.note_login(context, None, "log_in_refused");
    }
}

/// Who is logged in.
#[utoipa::path(get, path = "/api/v1/session", tag = "people",
    responses((status = 200, body = Me), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn show_session(
    State(desk): State<Desk>,
    known: Known,
) -> Result<Json<Me>, Problem> {
    Ok(Json(me(&desk, &known.visitor, &known.context).await?))
}

/// Logs out.
#[utoipa::path(delete, path = "/api/v1/session", tag = "people",
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn log_out(State(desk): State<Desk>, known: Known) -> Result<Response, Problem> {
    if let Some(session) = known.visitor.session.clone() {
        desk.with_accounts(&known.context, move |accounts, _, _| {
            Ok(accounts.end_session(&session.token_sha256)?)
        })
        .await?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    let gone = format!(
        "{}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0{}",
        cookie_name(&desk),
        if desk.is_secure() { "; Secure" } else { "" }
    );
    if let Ok(value) = HeaderValue::from_str(&gone) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    Ok(response)
}

/// Acts in another of the posts one holds.
#[utoipa::path(post, path = "/api/v1/session/post", tag = "people", request_body = PostChange,
    responses((status = 200, body = Me), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn change_post(
    State(desk): State<Desk>,
    known: Known,
    Said(said): Said<PostChange>,
) -> Result<Json<Me>, Problem> {
    let visitor = known.visitor;
    let changed = desk
        .with_accounts(&known.context, move |accounts, _, now| {
            people::change_post(accounts, &visitor, said.post_id, now)
        })
        .await?;
    Ok(Json(me(&desk, &changed, &known.context).await?))
}

/// Changes one's own password; other sessions and all API tokens end.
#[utoipa::path(post, path = "/api/v1/session/password", tag = "people", request_body = PasswordChange,
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn change_password(
    State(desk): State<Desk>,
    known: Known,
    Said(said): Said<PasswordChange>,
) -> Result<StatusCode, Problem> {
    let visitor = known.visitor;
    desk.with_accounts(&known.context, move |accounts, _, _| {
        people::change_password(accounts, &visitor, &said.old, &said.new)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Proposes a second factor; it counts once a code of it was shown.
#[utoipa::path(post, path = "/api/v1/session/totp", tag = "people",
    responses((status = 200, body = TotpProposal), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn propose_totp(
    State(desk): State<Desk>,
    known: Known,
) -> Result<Json<TotpProposal>, Problem> {
    let visitor = known.visitor;
    let proposal = desk
        .with_accounts(&known.context, move |accounts, setting, _| {
            // A colon would end the issuer in the address that apps read.
            let issuer = setting.reserve.name.replace(':', " ");
            people::propose_totp(accounts, &visitor, &issuer)
        })
        .await?;
    Ok(Json(proposal))
}

/// Makes the proposed second factor count.
#[utoipa::path(put, path = "/api/v1/session/totp", tag = "people", request_body = TotpCode,
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn confirm_totp(
    State(desk): State<Desk>,
    known: Known,
    Said(said): Said<TotpCode>,
) -> Result<StatusCode, Problem> {
    let visitor = known.visitor;
    desk.with_accounts(&known.context, move |accounts, _, now| {
        people::confirm_totp(accounts, &visitor, &said.code, now)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Drops one's second factor; the password is asked once more.
#[utoipa::path(delete, path = "/api/v1/session/totp", tag = "people", request_body = PasswordAgain,
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn drop_totp(
    State(desk): State<Desk>,
    known: Known,
    Said(said): Said<PasswordAgain>,
) -> Result<StatusCode, Problem> {
    let visitor = known.visitor;
    desk.with_accounts(&known.context, move |accounts, _, _| {
        people::drop_totp(accounts, &visitor, &said.password)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What one keeps for oneself, such as saved views.
#[utoipa::path(get, path = "/api/v1/session/settings", tag = "people",
    responses((status = 200, body = Object), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn show_settings(
    State(desk): State<Desk>,
    known: Known,
) -> Result<Json<Map<String, Value>>, Problem> {
    let visitor = known.visitor;
    let kept = desk
        .with_accounts(&known.context, move |accounts, _, _| {
            people::settings(accounts, &visitor)
        })
        .await?;
    Ok(Json(kept))
}

/// Keeps settings of one's own in place of those kept before.
#[utoipa::path(put, path = "/api/v1/session/settings", tag = "people", request_body = Object,
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn keep_settings(
    State(desk): State<Desk>,
    known: Known,
    Said(said): Said<Map<String, Value>>,
) -> Result<StatusCode, Problem> {
    let visitor = known.visitor;
    desk.with_accounts(&known.context, move |accounts, _, _| {
        people::keep_settings(accounts, &visitor, &said)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
