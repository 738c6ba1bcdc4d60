//! 问题 — the one body of everything that went wrong: a code, what it means and what to do, and where to find it in the log.

use app::Error;
use app::messages::Messages;
use axum::Json;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// 问题 — as it goes over the wire.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ProblemBody {
    /// Stable code, listed in `docs/API.md`.
    pub(crate) code: String,
    /// What it means, in the language asked for.
    pub(crate) message: String,
    /// What there is to say besides: hint, place, both sides of a clash.
    pub(crate) details: Value,
    pub(crate) request_id: String,
}

/// 问题 — a status with its body, or the news that nothing changed.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    body: Option<Box<ProblemBody>>,
    retry_after_s: Option<u64>,
}

impl Problem {
    /// From an error, in the language of a request.
    pub(crate) fn of(error: &Error, messages: &Messages, request_id: &str) -> Self {
        let status = status_of(error);
        if status.is_server_error() {
            tracing::error!(
                request.id = request_id,
                error = error as &(dyn std::error::Error + 'static),
                causes = causes(error),
                "a request failed"
            );
        }
        let (message, hint) = messages.error(error);
        let mut details = details_of(error);
        if let Some(hint) = hint {
            details["hint"] = Value::String(hint);
        }
        Self {
            status,
            body: Some(Box::new(ProblemBody {
                code: error.code(),
                message,
                details,
                request_id: request_id.to_owned(),
            })),
            retry_after_s: match error {
                Error::TooOften { retry_after_s } => Some(*retry_after_s),
                Error::Loading => Some(5),
                _ => None,
            },
        }
    }

    /// By a code that only the wire knows.
    pub(crate) fn coded(
        status: StatusCode,
        code: &str,
        args: &[(&str, &str)],
        messages: &Messages,
        request_id: &str,
    ) -> Self {
        Self {
            status,
            body: Some(Box::new(ProblemBody {
                code: code.to_owned(),
                message: messages.text(code, args),
                details: json!({}),
                request_id: request_id.to_owned(),
            })),
            retry_after_s: None,
        }
    }

    /// The same, to be asked again after a while.
    pub(crate) fn after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// The browser has it already.
    pub(crate) fn not_modified() -> Self {
        Self {
            status: StatusCode::NOT_MODIFIED,
            body: None,
            retry_after_s: None,
        }
    }
}

fn causes(error: &Error) -> String {
    let mut text = String::new();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(" ← ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

fn status_of(error: &Error) -> StatusCode {
    match error {
        Error::NotFound { .. } => StatusCode::NOT_FOUND,
        Error::Forbidden(_) => StatusCode::FORBIDDEN,
        Error::Rejected(d) if d.code == "session.token_scope" => StatusCode::FORBIDDEN,
        Error::Rejected(d) if d.code == "suspecting.running" => StatusCode::CONFLICT,
        Error::Rejected(d) if d.code.starts_with("field.") => of_field(&d.code),
        Error::Rejected(d) if d.code == "evidence.not_taken" => StatusCode::NOT_FOUND,
        Error::Rejected(d) if d.code == "notices.too_many_tests" => StatusCode::TOO_MANY_REQUESTS,
        Error::Rejected(_) | Error::Refused(_) => StatusCode::BAD_REQUEST,
        Error::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
        Error::TooOften { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::Loading => StatusCode::SERVICE_UNAVAILABLE,
        Error::Stale(_) => StatusCode::CONFLICT,
        Error::Register(cause) => match cause.code() {
            "register.stale" | "register.ahead_of_stream" | "register.site_code_taken" => {
                StatusCode::CONFLICT
            }
            "register.not_found" | "register.blob_missing" => StatusCode::NOT_FOUND,
            "register.blob_too_large" => StatusCode::PAYLOAD_TOO_LARGE,
            _ if error.is_input() => StatusCode::BAD_REQUEST,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        },
        Error::Read { .. } | Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// What phones are told, by code.
fn of_field(code: &str) -> StatusCode {
    match code {
        "field.device_locked" | "field.no_station" | "field.no_post" => StatusCode::FORBIDDEN,
        "field.device_taken" | "field.offset" | "field.not_to_decide" => StatusCode::CONFLICT,
        "field.blob_damaged" => StatusCode::UNPROCESSABLE_ENTITY,
        "field.file_kind" => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "field.batch_too_large" => StatusCode::PAYLOAD_TOO_LARGE,
        "field.pack_moved_on" => StatusCode::GONE,
        "field.disk_full" | "field.too_much" => StatusCode::INSUFFICIENT_STORAGE,
        _ => StatusCode::BAD_REQUEST,
    }
}

fn details_of(error: &Error) -> Value {
    match error {
        Error::Rejected(d) if d.code.starts_with("field.") => json!(d.args),
        Error::Rejected(d) | Error::Unauthenticated(d) => {
            json!({ "args": d.args, "place": d.place, "repair": d.repair })
        }
        Error::NotFound { what, name } => json!({ "what": what, "name": name }),
        Error::Forbidden(denied) => {
            json!({ "role": denied.role.code(), "action": denied.action.code() })
        }
        Error::TooOften { retry_after_s } => json!({ "retry_after_s": retry_after_s }),
        Error::Refused(refused) => json!({
            "issue_code": refused.issue_code,
            "step": refused.step,
            "step_label": refused.step_label,
            "state": refused.state,
            "state_label": refused.state_label,
            "missing": refused.missing,
            "allowed_from": refused.allowed_from,
        }),
        Error::Stale(stale) => {
            let clashes: Vec<Value> = stale
                .clashes
                .iter()
                .map(|(field, wanted, current)| {
                    json!({ "field": field, "wanted": wanted, "current": current })
                })
                .collect();
            json!({ "based_on": stale.based_on, "current": stale.current, "clashes": clashes })
        }
        _ => json!({}),
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = match self.body {
            Some(body) => (self.status, Json(body)).into_response(),
            None => self.status.into_response(),
        };
        if let Some(seconds) = self.retry_after_s {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// A panic is a bug of ours; it ends one request, not the server.
pub(crate) fn of_panic(panic: Box<dyn std::any::Any + Send>) -> Response<Body> {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("");
    tracing::error!(panic = text, "a request panicked");
    let body = ProblemBody {
        code: "error.internal".to_owned(),
        message: "程序内部错误 / internal error".to_owned(),
        details: json!({}),
        request_id: String::new(),
    };
    (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response()
}
