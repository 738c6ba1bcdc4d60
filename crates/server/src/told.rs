//! Answers: JSON with the mark by which a browser knows that nothing changed.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// 答复 — a value and its entity tag.
pub(crate) struct Told<T> {
    pub(crate) value: T,
    pub(crate) etag: String,
}

impl<T: Serialize> IntoResponse for Told<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.value).into_response();
        tag(response.headers_mut(), &self.etag);
        response
    }
}

/// Sets the entity tag; a browser may keep the answer, but asks every time.
pub(crate) fn tag(headers: &mut HeaderMap, etag: &str) {
    if let Ok(value) = HeaderValue::from_str(etag) {
        headers.insert(header::ETAG, value);
    }
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    headers.insert(
        header::VARY,
        HeaderValue::from_static("cookie, authorization, accept-language"),
    );
}

/// Texts are worth compressing; pictures, office files and what is coded already are not.
pub(crate) fn is_compressible(headers: &HeaderMap) -> bool {
    if headers.contains_key(header::CONTENT_ENCODING) || headers.contains_key(header::CONTENT_RANGE)
    {
        return false;
    }
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or("");
    let is_text = kind.starts_with("text/") && !kind.starts_with("text/event-stream");
    is_text
        || [
            "application/json",
            "application/geo+json",
            "application/javascript",
            "application/vnd.oai.openapi+json",
            "image/svg+xml",
            "application/manifest+json",
            "application/wasm",
        ]
        .iter()
        .any(|k| kind.starts_with(k))
}
