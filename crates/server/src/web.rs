//! The web files: embedded in the binary, or read from a folder while they are being worked on.

use std::borrow::Cow;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use crate::caller::Context;
use crate::desk::Desk;
use crate::problem::Problem;

#[derive(RustEmbed)]
#[folder = "../../web/dist/"]
#[allow_missing = true]
struct Dist;

/// What is said where the program was built without web files.
const NO_WEB_FILES: &str = "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><title>青山</title>\
<body><h1>青山</h1><p>本程序未带网页文件；接口可用，见 <a href=\"/openapi.json\">/openapi.json</a>。</p>\
<p>This program was built without its web files; the API works. Build <code>web/</code> first, then the program.</p>";

/// Anything that no other route answers.
pub(crate) async fn file(State(desk): State<Desk>, context: Context, request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/').to_owned();
    let is_of_machines = ["api/", "ogc", "feeds/", "health", "metrics"]
        .iter()
        .any(|p| path.starts_with(p));
    if is_of_machines || !matches!(*request.method(), Method::GET | Method::HEAD) {
        return not_found(&desk, &context).into_response();
    }
    let path = if path.is_empty() { "index.html" } else { &path };
    if let Some(found) = load(&desk, path, request.headers()) {
        return serve(&desk, path, found, request.headers());
    }
    // A missing asset is missing: a page in its place would be taken for a script.
    let is_asset = path.rsplit('/').next().is_some_and(|n| n.contains('.'));
    if is_asset && path != "index.html" {
        return not_found(&desk, &context).into_response();
    }
    let name = if is_phones(path) {
        PHONES_PAGE
    } else {
        "index.html"
    };
    match load(&desk, name, &HeaderMap::new()) {
        Some(page) => serve(&desk, name, page, &HeaderMap::new()),
        None => page(&desk, name, Cow::Borrowed(NO_WEB_FILES.as_bytes())),
    }
}

/// The page of phones, and their worker, which may keep that page and nothing else of ours.
const PHONES_PAGE: &str = "field.html";
const PHONES_WORKER: &str = "field/sw.js";

fn is_phones(path: &str) -> bool {
    path == "field" || path.starts_with("field/")
}

/// An address that is there, asked by a method it does not know.
pub(crate) async fn wrong_method(State(desk): State<Desk>, context: Context) -> Problem {
    Problem::coded(
        StatusCode::METHOD_NOT_ALLOWED,
        "request.wrong_method",
        &[],
        desk.messages(context.language),
        &context.request_id,
    )
}

fn not_found(desk: &Desk, context: &Context) -> Problem {
    Problem::coded(
        StatusCode::NOT_FOUND,
        "request.no_such_address",
        &[],
        desk.messages(context.language),
        &context.request_id,
    )
}

struct Found {
    bytes: Cow<'static, [u8]>,
    coding: Option<&'static str>,
}

/// The file, in a coding the browser takes if there is one.
fn load(desk: &Desk, path: &str, headers: &HeaderMap) -> Option<Found> {
    let takes = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|v| v.to_str().ok())
        .unwrap_or("");
    let is_plain = path.ends_with(".html") || headers.contains_key(header::RANGE);
    for (coding, ending) in [("br", ".br"), ("gzip", ".gz")] {
        if is_plain || !takes.contains(coding) {
            continue;
        }
        if let Some(bytes) = bytes_of(desk, &format!("{path}{ending}")) {
            return Some(Found {
                bytes,
                coding: Some(coding),
            });
        }
    }
    bytes_of(desk, path).map(|bytes| Found {
        bytes,
        coding: None,
    })
}

fn bytes_of(desk: &Desk, path: &str) -> Option<Cow<'static, [u8]>> {
    let is_outside = path.split('/').any(|part| part == ".." || part.is_empty())
        || path.contains('\\')
        || path.contains('\0');
    if is_outside {
        return None;
    }
    match desk.web() {
        Some(folder) => std::fs::read(folder.join(path)).ok().map(Cow::Owned),
        None => Dist::get(path).map(|f| f.data),
    }
}

fn serve(desk: &Desk, path: &str, found: Found, headers: &HeaderMap) -> Response {
    if path.ends_with(".html") {
        return page(desk, path, found.bytes);
    }
    let etag = format!("\"{}\"", &app::hex(&Sha256::digest(&found.bytes))[..20]);
    let has = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|v| v.to_str().ok());
    let mut response = if has.is_some_and(|h| h.contains(&etag)) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ranged(found.bytes, headers)
    };
    let out = response.headers_mut();
    out.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(media_type(path)),
    );
    if let Some(coding) = found.coding {
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    let is_hashed = path.starts_with("assets/");
    let keep = if is_hashed {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    out.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(value) = HeaderValue::from_str(&etag) {
        out.insert(header::ETAG, value);
    }
    if path == PHONES_WORKER {
        out.insert(
            HeaderName::from_static("service-worker-allowed"),
            HeaderValue::from_static("/field"),
        );
        // A worker's own requests go by the policy it came with.
        out.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; script-src 'self'; connect-src 'self'"),
        );
    }
    response
}

/// All of it, or the one range asked for.
pub(crate) fn ranged(bytes: Cow<'static, [u8]>, headers: &HeaderMap) -> Response {
    let asked = headers.get(header::RANGE).and_then(|v| v.to_str().ok());
    let Some(range) = asked.and_then(|r| r.strip_prefix("bytes=")) else {
        return Body::from(bytes.into_owned()).into_response();
    };
    let size = bytes.len();
    let Some((start, end)) = span(range, size) else {
        let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
        if let Ok(value) = HeaderValue::from_str(&format!("bytes */{size}")) {
            response.headers_mut().insert(header::CONTENT_RANGE, value);
        }
        return response;
    };
    let part = bytes[start..=end].to_vec();
    let mut response = (StatusCode::PARTIAL_CONTENT, Body::from(part)).into_response();
    if let Ok(value) = HeaderValue::from_str(&format!("bytes {start}-{end}/{size}")) {
        response.headers_mut().insert(header::CONTENT_RANGE, value);
    }
    response
}

/// First and last byte of `a-b`, `a-` or `-n`.
pub(crate) fn span(range: &str, size: usize) -> Option<(usize, usize)> {
    let (from, to) = range.split_once('-')?;
    let last = size.checked_sub(1)?;
    match (from.parse::<usize>(), to.parse::<usize>()) {
        (Ok(from), Ok(to)) if from <= to && from <= last => Some((from, to.min(last))),
        (Ok(from), Err(_)) if to.is_empty() && from <= last => Some((from, last)),
        (Err(_), Ok(count)) if from.is_empty() && count > 0 => {
            Some((size.saturating_sub(count), last))
        }
        _ => None,
    }
}

/// A page with the one nonce its styles may use, and the policy that forbids every origin but our own and those of the
/// map sources that the bureau configured.
fn page(desk: &Desk, name: &str, bytes: Cow<'static, [u8]>) -> Response {
    let nonce = app::people::new_secret().map_or(String::new(), |s| s[..24].to_owned());
    let html = String::from_utf8_lossy(&bytes);
    let filled = html.replace("{{csp-nonce}}", &nonce).replace(
        "<meta name=\"csp-nonce\" content=\"\">",
        &format!("<meta name=\"csp-nonce\" content=\"{nonce}\">"),
    );
    let policy = match name {
        PHONES_PAGE => policy_of_phones(&nonce),
        _ => policy_of_desks(&nonce, desk),
    };
    let mut response = Body::from(filled).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if name == PHONES_PAGE {
        headers.insert(
            HeaderName::from_static("permissions-policy"),
            HeaderValue::from_static("camera=(self), geolocation=(self), microphone=(self)"),
        );
    }
    if let Ok(value) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, value);
    }
    response
}

fn policy_of_desks(nonce: &str, desk: &Desk) -> String {
    let sources: String = desk
        .basemaps()
        .iter()
        .flat_map(app::Basemap::origins)
        .fold(String::new(), |all, origin| all + " " + &origin);
    format!(
        "default-src 'self'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' blob: data:{sources}; \
         font-src 'self' data:; connect-src 'self'{sources}; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'"
    )
}

/// Phones draw the map of their pack, so no map source is allowed; they play what they recorded and run the rules as WASM.
fn policy_of_phones(nonce: &str) -> String {
    format!(
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'; \
         img-src 'self' blob: data:; media-src 'self' blob:; font-src 'self' data:; connect-src 'self'; \
         worker-src 'self' blob:; manifest-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'"
    )
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or("") {
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "jpg" | "jpeg" => "image/jpeg",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        "geojson" => "application/geo+json",
        "pmtiles" => "application/vnd.pmtiles",
        "pbf" | "mvt" => "application/x-protobuf",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_addresses_of_phones_get_their_page() {
        for path in ["field", "field/", "field/site/1", "field/outbox"] {
            assert!(is_phones(path), "{path}");
        }
        for path in ["", "fields", "field-desk", "sites/field"] {
            assert!(!is_phones(path), "{path}");
        }
        let policy = policy_of_phones("n");
        assert!(policy.contains("'wasm-unsafe-eval'") && !policy.contains("http"));
    }

    #[test]
    fn ranges_are_cut_to_the_file() {
        assert_eq!(span("0-9", 100), Some((0, 9)));
        assert_eq!(span("90-200", 100), Some((90, 99)));
        assert_eq!(span("95-", 100), Some((95, 99)));
        assert_eq!(span("-5", 100), Some((95, 99)));
        for wrong in ["100-", "9-3", "-0", "a-b", "", "0-1,5-6"] {
            assert_eq!(span(wrong, 100), None, "{wrong}");
        }
        assert_eq!(span("0-", 0), None);
    }
}
