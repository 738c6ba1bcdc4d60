//! Notices: the outbox, tests of the channels, and what one's own digest says.

use app::notices::{self, DigestPreview, NoticePage, NoticeQuery, NoticeTest, NoticesQueued};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use crate::caller::{Asked, Caller, Said};
use crate::desk::Desk;
use crate::problem::{Problem, ProblemBody};

/// What was sent to whom by mail and group robots, is waiting, or failed; the newest first.
#[utoipa::path(get, path = "/api/v1/notices", tag = "notices", params(NoticeQuery),
    responses((status = 200, body = NoticePage), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn list_notices(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(query): Asked<NoticeQuery>,
) -> Result<Json<NoticePage>, Problem> {
    let (asked, actor) = (desk.clone(), caller.actor.clone());
    let language = caller.context.language;
    let page = desk
        .with_accounts(&caller.context, move |accounts, _, _| {
            notices::list_notices(accounts, &actor, &query, asked.messages(language))
        })
        .await?;
    Ok(Json(page))
}

/// Queues a test message to a login's mail or to a webhook; it goes out at once. Five a minute.
#[utoipa::path(post, path = "/api/v1/notices/tests", tag = "notices", request_body = NoticeTest,
    responses((status = 202, body = NoticesQueued), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn test_notice(
    State(desk): State<Desk>,
    caller: Caller,
    Said(said): Said<NoticeTest>,
) -> Result<(StatusCode, Json<NoticesQueued>), Problem> {
    let (asked, actor) = (desk.clone(), caller.actor.clone());
    let object = said.webhook.clone().or(said.login.clone());
    let queued = desk
        .with_accounts(&caller.context, move |accounts, _, now| {
            let settings = asked.notices().map(AsRef::as_ref);
            // What goes out is in Chinese, whoever asks.
            let messages = asked.messages(app::messages::Language::Chinese);
            notices::queue_test(accounts, settings, &actor, &said, messages, now)
        })
        .await?;
    desk.note(&caller, "test_notice", &object.unwrap_or_default());
    desk.outbox_bell().notify_one();
    Ok((StatusCode::ACCEPTED, Json(queued)))
}

/// What one's own digest would say now.
#[utoipa::path(get, path = "/api/v1/notices/preview", tag = "notices",
    responses((status = 200, body = DigestPreview), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn preview_digest(
    State(desk): State<Desk>,
    caller: Caller,
) -> Result<Json<DigestPreview>, Problem> {
    Ok(Json(desk.preview_digest(&caller).await?))
}
