//! Answers: JSON with the mark by which a browser knows that nothing changed.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use axum::Json;
use axum::body::Bytes;
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
        tagged(Json(self.value).into_response(), &self.etag)
    }
}

impl Told<Bytes> {
    /// The same where the value is JSON already.
    pub(crate) fn into_json(self) -> Response {
        let kind = HeaderValue::from_static("application/json");
        let response = ([(header::CONTENT_TYPE, kind)], self.value).into_response();
        tagged(response, &self.etag)
    }
}

fn tagged(mut response: Response, etag: &str) -> Response {
    tag(response.headers_mut(), etag);
    response
}

/// Bytes of answers kept.
const MOST_KEPT_BYTES: usize = 16 << 20;

/// 数字架 — figures and lists that take a look at every site or issue, as they are sent, by entity tag: what follows from
/// an earlier log is asked for no more.
#[derive(Default)]
pub(crate) struct FigureShelf(Mutex<Shelf>);

#[derive(Default)]
struct Shelf {
    answers: HashMap<String, Bytes>,
    bytes: usize,
}

impl FigureShelf {
    fn lock(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(|e| e.into_inner())
    }

    pub(crate) fn find(&self, etag: &str) -> Option<Bytes> {
        self.lock().answers.get(etag).cloned()
    }

    pub(crate) fn keep(&self, etag: &str, answer: &Bytes) {
        let mut shelf = self.lock();
        let weight = etag.len() + answer.len();
        // Two who asked at once worked out the same.
        if weight > MOST_KEPT_BYTES || shelf.answers.contains_key(etag) {
            return;
        }
        if shelf.bytes + weight > MOST_KEPT_BYTES {
            *shelf = Shelf::default();
        }
        shelf.bytes += weight;
        shelf.answers.insert(etag.to_owned(), answer.clone());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shelf_counts_an_answer_once_and_makes_room_for_the_next() {
        let shelf = FigureShelf::default();
        let half = Bytes::from(vec![b'1'; MOST_KEPT_BYTES / 2]);
        for _ in 0..3 {
            shelf.keep("a", &half);
        }
        assert_eq!(shelf.lock().bytes, half.len() + 1);
        assert_eq!(shelf.find("a"), Some(half.clone()));
        assert_eq!(shelf.find("b"), None);
        let too_large = Bytes::from(vec![b'2'; MOST_KEPT_BYTES]);
        shelf.keep("b", &too_large);
        assert_eq!(shelf.find("b"), None);
        assert!(shelf.find("a").is_some(), "what has no room takes none");
        shelf.keep("c", &half);
        assert_eq!(shelf.find("a"), None);
        assert_eq!(shelf.find("c"), Some(half));
    }
}
