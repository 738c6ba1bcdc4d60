//! Around every request: an id, a line in the program's log, counts, and headers that keep browsers careful.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use app::messages::Messages;
use axum::body::HttpBody;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::caller::{ODK_KEY, language};
use crate::desk::Desk;
use crate::problem::Problem;

/// 请求编号 — finds a request in the program's log.
#[derive(Clone)]
pub(crate) struct RequestId(pub(crate) String);

/// Who asked: set once they are recognized, for the log line.
#[derive(Clone, Default)]
pub(crate) struct Asker(pub(crate) Arc<OnceLock<String>>);

pub(crate) async fn around(State(desk): State<Desk>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = desk.next_request_id();
    let asker = Asker::default();
    request.extensions_mut().insert(RequestId(id.clone()));
    request.extensions_mut().insert(asker.clone());
    let method = request.method().clone();
    let path = without_token(request.uri().path());
    let language = language(request.headers());
    desk.metrics().begin();
    let mut response = next.run(request).await;
    let took = began.elapsed();
    let status = response.status().as_u16();
    desk.metrics().end(status, took);
    tracing::info!(
        request.id = id.as_str(),
        http.method = method.as_str(),
        http.path = path.as_str(),
        http.status = status,
        duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        person.id = asker.0.get().map_or("", String::as_str),
        "request"
    );
    if method != Method::HEAD {
        explain(&mut response, desk.messages(language), &id);
    }
    careful(&mut response, &id);
    response
}

/// The path as the log may hold it.
fn without_token(path: &str) -> String {
    let Some(rest) = path.strip_prefix(ODK_KEY) else {
        return path.to_owned();
    };
    let behind = rest.split_once('/').map_or("", |(_, behind)| behind);
    format!("{ODK_KEY}…/{behind}")
}

/// Refusals of the layers around the handlers come without a body; they too are told as problems.
fn explain(response: &mut Response, messages: &Messages, id: &str) {
    let status = response.status();
    let is_refusal = status.is_client_error() || status.is_server_error();
    if !is_refusal || response.body().size_hint().exact() != Some(0) {
        return;
    }
    let code = match status {
        StatusCode::SERVICE_UNAVAILABLE => "request.took_too_long",
        StatusCode::NOT_FOUND => "request.no_such_address",
        StatusCode::PAYLOAD_TOO_LARGE => "request.too_large",
        _ if status.is_server_error() => "error.internal",
        _ => "request.refused",
    };
    let problem = Problem::coded(status, code, &[], messages, id);
    let (told, body) = problem.into_response().into_parts();
    *response.body_mut() = body;
    response.headers_mut().remove(header::CONTENT_LENGTH);
    response.headers_mut().extend(told.headers);
}

/// What every answer says to browsers.
const CAREFUL: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(self), geolocation=(self), microphone=()",
    ),
];
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

fn careful(response: &mut Response, id: &str) {
    let headers = response.headers_mut();
    headers.reserve(CAREFUL.len() + 3);
    for (name, value) in CAREFUL {
        // A page of its own kind may have said it already.
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ));
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, value);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use app::messages::Language;
    use axum::body::{Body, to_bytes};

    use super::*;

    async fn explained(mut response: Response) -> Vec<u8> {
        explain(&mut response, &Messages::load(Language::English), "r-1");
        to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap()
            .into()
    }

    #[tokio::test]
    async fn a_refusal_without_a_body_is_told_as_a_problem() {
        for (status, code) in [
            (StatusCode::SERVICE_UNAVAILABLE, "request.took_too_long"),
            (StatusCode::RANGE_NOT_SATISFIABLE, "request.refused"),
        ] {
            let body = explained(status.into_response()).await;
            let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(problem["code"], code);
            assert_eq!(problem["request_id"], "r-1");
            let message = problem["message"].as_str().unwrap();
            assert!(message.len() > code.len() && message != code, "{message}");
        }
        assert!(
            explained(StatusCode::NO_CONTENT.into_response())
                .await
                .is_empty()
        );
        let said = (StatusCode::BAD_REQUEST, Body::from("said")).into_response();
        assert_eq!(explained(said).await, b"said");
    }
}
