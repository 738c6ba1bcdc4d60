//! Around every request: an id, a line in the program's log, counts, and headers that keep browsers careful.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use app::messages::{Language, Messages};
use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::caller::{ODK_KEY, language};
use crate::desk::Desk;
use crate::problem::Problem;

/// 请求编号 — finds a request in the program's log.
#[derive(Clone)]
pub(crate) struct RequestId(pub(crate) Arc<str>);

/// Who asked: set once they are recognized, for the log line.
#[derive(Clone, Default)]
pub(crate) struct Asker(pub(crate) Arc<OnceLock<String>>);

/// Puts `Around` around a service.
#[derive(Clone)]
pub(crate) struct AroundLayer(pub(crate) Desk);

impl<S> Layer<S> for AroundLayer {
    type Service = Around<S>;

    fn layer(&self, inner: S) -> Around<S> {
        Around {
            inner,
            desk: self.0.clone(),
        }
    }
}

/// 请求周边 — a service of its own: a function as middleware would be boxed, with a copy of all it is around, for every request.
#[derive(Clone)]
pub(crate) struct Around<S> {
    inner: S,
    desk: Desk,
}

impl<S, B> Service<Request> for Around<S>
where
    S: Service<Request, Response = Response<B>>,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Answering<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let line = RequestLine::begin(&self.desk, &mut request);
        Answering {
            inner: self.inner.call(request),
            line,
        }
    }
}

pin_project! {
    /// An answer on its way.
    pub(crate) struct Answering<F> {
        #[pin]
        inner: F,
        line: RequestLine,
    }
}

impl<F, B, E> Future for Answering<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.inner.poll(context))?;
        Poll::Ready(Ok(this.line.end(response.map(Body::new))))
    }
}

/// 请求行 — what the log tells of a request once it is answered.
struct RequestLine {
    desk: Desk,
    began: Instant,
    id: Arc<str>,
    asker: Asker,
    method: Method,
    path: String,
    language: Language,
}

impl RequestLine {
    fn begin(desk: &Desk, request: &mut Request) -> Self {
        let line = Self {
            desk: desk.clone(),
            began: Instant::now(),
            id: desk.next_request_id(),
            asker: Asker::default(),
            method: request.method().clone(),
            path: without_token(request.uri().path()),
            language: language(request.headers()),
        };
        let extensions = request.extensions_mut();
        extensions.insert(RequestId(Arc::clone(&line.id)));
        extensions.insert(line.asker.clone());
        desk.metrics().begin();
        line
    }

    fn end(&self, mut response: Response) -> Response {
        let took = self.began.elapsed();
        let status = response.status().as_u16();
        self.desk.metrics().end(status, took);
        tracing::info!(
            request.id = &*self.id,
            http.method = self.method.as_str(),
            http.path = self.path.as_str(),
            http.status = status,
            duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            person.id = self.asker.0.get().map_or("", String::as_str),
            "request"
        );
        if self.method != Method::HEAD {
            explain(&mut response, self.desk.messages(self.language), &self.id);
        }
        careful(&mut response, &self.id);
        response
    }
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
    use axum::body::to_bytes;

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
