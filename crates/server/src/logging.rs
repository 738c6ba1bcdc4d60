//! Around every request: an id, a line in the program's log, counts, and headers that keep browsers careful.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::desk::Desk;

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
    let path = request.uri().path().to_owned();
    desk.metrics().begin();
    let mut response = next.run(request).await;
    let took = began.elapsed();
    let status = response.status().as_u16();
    desk.metrics().end(status, took);
    tracing::info!(
        request.id = %id,
        http.method = %method,
        http.path = %path,
        http.status = status,
        duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        person.id = asker.0.get().map_or("", String::as_str),
        "request"
    );
    careful(&mut response, &id);
    response
}

fn careful(response: &mut Response, id: &str) {
    let headers = response.headers_mut();
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(
        "cross-origin-opener-policy",
        HeaderValue::from_static("same-origin"),
    );
    headers.insert(
        "cross-origin-resource-policy",
        HeaderValue::from_static("same-origin"),
    );
    headers.insert(
        "permissions-policy",
        HeaderValue::from_static("camera=(self), geolocation=(self), microphone=()"),
    );
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ));
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert("x-request-id", value);
    }
}
