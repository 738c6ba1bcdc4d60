//! OGC API Features: Core, GeoJSON, HTML, OpenAPI 3.0, and coordinate systems by reference (Part 2), so that QGIS and
//! GDAL read live within one's rights. A token may stand in the query; then every link carries it on.

use app::Viewer;
use app::atlas::{Atlas, Box2};
use app::features::{FeatureQuery, MOST_FEATURES, properties_of};
use app::map::MapLayer;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::map::base_url;
use crate::caller::{Caller, Named};
use crate::desk::Desk;
use crate::problem::Problem;

const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";
const EPSG_4326: &str = "http://www.opengis.net/def/crs/EPSG/0/4326";
const EPSG_4490: &str = "http://www.opengis.net/def/crs/EPSG/0/4490";
const GEOJSON: &str = "application/geo+json";
const JSON: &str = "application/json";
const HTML: &str = "text/html";
const OPENAPI: &str = "application/vnd.oai.openapi+json;version=3.0";

/// Parameters of items that are no properties.
const OWN_PARAMETERS: [&str; 9] = [
    "bbox",
    "bbox-crs",
    "crs",
    "datetime",
    "limit",
    "offset",
    "f",
    "token",
    "filter-lang",
];

/// How an answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Html,
}

/// What every answer needs: where we are, what was asked, in which form.
struct Asked {
    root: String,
    pairs: Vec<(String, String)>,
    token: Option<String>,
    form: Form,
}

impl Asked {
    fn of(desk: &Desk, headers: &HeaderMap, query: Option<&str>) -> Self {
        let pairs: Vec<(String, String)> = query
            .unwrap_or("")
            .split('&')
            .filter(|p| !p.is_empty())
            .map(|p| p.split_once('=').unwrap_or((p, "")))
            .map(|(k, v)| (decoded(k), decoded(v)))
            .collect();
        let value = |name: &str| {
            let found = pairs.iter().find(|(k, _)| k == name);
            found.map(|(_, v)| v.clone())
        };
        let accepts = headers
            .get(header::ACCEPT)
            .and_then(|v| v.to_str().ok())
            .unwrap_or("");
        let prefers_html = accepts
            .split(',')
            .next()
            .is_some_and(|first| first.contains("html"));
        let form = match value("f").as_deref() {
            Some("html") => Form::Html,
            Some(_) => Form::Json,
            None if prefers_html => Form::Html,
            None => Form::Json,
        };
        Self {
            root: format!("{}/ogc", base_url(desk, headers)),
            token: value("token"),
            pairs,
            form,
        }
    }

    fn value(&self, name: &str) -> Option<&str> {
        let found = self.pairs.iter().find(|(k, _)| k == name);
        found.map(|(_, v)| v.as_str())
    }

    /// An address below the root, with the token and further parameters.
    fn href(&self, path: &str, parameters: &[(&str, &str)]) -> String {
        let token = self.token.as_deref().map(|t| ("token", t));
        let query: Vec<String> = parameters
            .iter()
            .copied()
            .chain(token)
            .map(|(k, v)| format!("{k}={}", encoded(v)))
            .collect();
        match query.is_empty() {
            true => format!("{}{path}", self.root),
            false => format!("{}{path}?{}", self.root, query.join("&")),
        }
    }

    fn link(&self, rel: &str, path: &str, kind: &str, title: &str) -> Value {
        let parameters: &[(&str, &str)] = match kind {
            HTML => &[("f", "html")],
            _ => &[],
        };
        json!({ "rel": rel, "href": self.href(path, parameters), "type": kind, "title": title })
    }

    /// The page itself in both forms.
    fn own_links(&self, path: &str, kind: &str) -> Vec<Value> {
        let (json_rel, html_rel) = match self.form {
            Form::Json => ("self", "alternate"),
            Form::Html => ("alternate", "self"),
        };
        vec![
            self.link(json_rel, path, kind, "JSON"),
            self.link(html_rel, path, HTML, "HTML"),
        ]
    }

    fn answer(&self, title: &str, kind: &str, body: &Value) -> Response {
        match self.form {
            Form::Json => json_text(kind, body.to_string().into_bytes()),
            Form::Html => page(title, body),
        }
    }

    /// The same for a body that is text already.
    fn answer_text(&self, title: &str, kind: &str, body: Vec<u8>) -> Response {
        match self.form {
            Form::Json => json_text(kind, body),
            // Our own text: it reads.
            Form::Html => page(title, &serde_json::from_slice(&body).unwrap_or(Value::Null)),
        }
    }
}

fn json_text(kind: &str, body: Vec<u8>) -> Response {
    let kind = HeaderValue::from_str(kind).unwrap_or(HeaderValue::from_static(JSON));
    let mut response = body.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

fn decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes
            .get(at + 1..at + 3)
            .and_then(|h| std::str::from_utf8(h).ok())
            .and_then(|h| u8::from_str_radix(h, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
                continue;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn encoded(text: &str) -> String {
    use std::fmt::Write;
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:,/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// A plain page: links first, then what there is, as a table or as text.
fn page(title: &str, body: &Value) -> Response {
    let mut html = format!(
        "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><title>{0}</title><h1>{0}</h1><ul>",
        escaped(title)
    );
    let item = |link: &Value| {
        format!(
            "<li><a href=\"{}\">{}</a> ({})</li>",
            escaped(link["href"].as_str().unwrap_or("")),
            escaped(link["title"].as_str().unwrap_or("")),
            escaped(link["rel"].as_str().unwrap_or(""))
        )
    };
    for link in body["links"].as_array().into_iter().flatten() {
        html.push_str(&item(link));
    }
    html.push_str("</ul>");
    for collection in body["collections"].as_array().into_iter().flatten() {
        html.push_str(&format!(
            "<h2>{}</h2><ul>",
            escaped(collection["title"].as_str().unwrap_or(""))
        ));
        for link in collection["links"].as_array().into_iter().flatten() {
            html.push_str(&item(link));
        }
        html.push_str("</ul>");
    }
    let features: Vec<&Value> = match body["type"].as_str() {
        Some("FeatureCollection") => body["features"].as_array().into_iter().flatten().collect(),
        Some("Feature") => vec![body],
        _ => Vec::new(),
    };
    html.push_str(&table(&features));
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (kind, html).into_response()
}

fn table(features: &[&Value]) -> String {
    let Some(first) = features.first() else {
        return String::new();
    };
    let names: Vec<&String> = first["properties"]
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
        .collect();
    let mut html = String::from("<table border=\"1\"><tr>");
    for name in &names {
        html.push_str(&format!("<th>{}</th>", escaped(name)));
    }
    html.push_str("</tr>");
    for feature in features {
        html.push_str("<tr>");
        for name in &names {
            let value = &feature["properties"][name.as_str()];
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            html.push_str(&format!("<td>{}</td>", escaped(&text)));
        }
        html.push_str("</tr>");
    }
    html.push_str("</table>");
    html
}

fn readable(caller: &Caller) -> Vec<MapLayer> {
    use domain::policy::{Reach, reach};
    MapLayer::ALL
        .into_iter()
        .rev()
        .filter(|l| reach(caller.actor.role, l.action()) != Reach::None)
        .collect()
}

fn title_of(desk: &Desk, caller: &Caller, layer: MapLayer) -> String {
    let messages = desk.messages(caller.context.language);
    messages.text(&format!("map_layer.{}", layer.code()), &[])
}

/// The landing page.
pub(crate) async fn landing(
    State(desk): State<Desk>,
    caller: Caller,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let asked = Asked::of(&desk, &headers, query.as_deref());
    let setting = desk
        .setting()
        .map_err(|e| desk.problem(&caller.context, &e))?;
    let mut links = asked.own_links("", JSON);
    links.extend([
        asked.link("conformance", "/conformance", JSON, "conformance"),
        asked.link("data", "/collections", JSON, "collections"),
        asked.link("service-desc", "/api", OPENAPI, "OpenAPI"),
        asked.link("service-doc", "/api", HTML, "API"),
    ]);
    let title = format!("{} · {}", setting.reserve.name, setting.campaign.name);
    let body = json!({ "title": title, "description": title, "links": links });
    Ok(asked.answer(&title, JSON, &body))
}

/// What is conformed to.
pub(crate) async fn conformance(
    State(desk): State<Desk>,
    _caller: Caller,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let asked = Asked::of(&desk, &headers, query.as_deref());
    let body = json!({
        "links": asked.own_links("/conformance", JSON),
        "conformsTo": [
            "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
            "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
            "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/html",
            "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
            "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs"
        ]
    });
    asked.answer("conformance", JSON, &body)
}

fn collection(asked: &Asked, layer: MapLayer, title: &str, bounds: Option<[f64; 4]>) -> Value {
    let path = format!("/collections/{}", layer.code());
    let items = format!("{path}/items");
    json!({
        "id": layer.code(),
        "title": title,
        "itemType": "feature",
        "extent": { "spatial": { "bbox": [bounds.unwrap_or([73.0, 3.0, 136.0, 54.0])], "crs": CRS84 } },
        "crs": [CRS84, EPSG_4326, EPSG_4490],
        "storageCrs": CRS84,
        "links": [
            asked.link("self", &path, JSON, title),
            asked.link("items", &items, GEOJSON, title),
            asked.link("items", &items, HTML, title)
        ]
    })
}

/// All collections the post may read.
pub(crate) async fn collections(
    State(desk): State<Desk>,
    caller: Caller,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let asked = Asked::of(&desk, &headers, query.as_deref());
    let bounds = desk.reserve_box(&caller.context).await?;
    let all: Vec<Value> = readable(&caller)
        .into_iter()
        .map(|layer| collection(&asked, layer, &title_of(&desk, &caller, layer), bounds))
        .collect();
    let body = json!({
        "links": asked.own_links("/collections", JSON),
        "crs": [CRS84, EPSG_4326, EPSG_4490],
        "collections": all
    });
    Ok(asked.answer("collections", JSON, &body))
}

fn layer_of(desk: &Desk, caller: &Caller, name: &str) -> Result<MapLayer, Problem> {
    let missing = app::Error::NotFound {
        what: "map_layer",
        name: name.to_owned(),
    };
    let found = MapLayer::parse(name).ok();
    found
        .filter(|l| readable(caller).contains(l))
        .ok_or_else(|| desk.problem(&caller.context, &missing))
}

/// One collection.
pub(crate) async fn one_collection(
    State(desk): State<Desk>,
    caller: Caller,
    Named(name): Named<String>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let asked = Asked::of(&desk, &headers, query.as_deref());
    let layer = layer_of(&desk, &caller, &name)?;
    let bounds = desk.reserve_box(&caller.context).await?;
    let title = title_of(&desk, &caller, layer);
    let mut body = collection(&asked, layer, &title, bounds);
    if asked.form == Form::Html {
        body["links"]
            .as_array_mut()
            .into_iter()
            .for_each(|l| l.extend(asked.own_links(&format!("/collections/{name}"), JSON)));
    }
    Ok(asked.answer(&title, JSON, &body))
}

/// Whether a coordinate system is named by latitude first.
fn is_latitude_first(uri: &str) -> Option<bool> {
    match uri.trim_start_matches('[').trim_end_matches(']') {
        CRS84 | "http://www.opengis.net/def/crs/OGC/0/CRS84" | "OGC:CRS84" => Some(false),
        EPSG_4326 | EPSG_4490 | "EPSG:4326" | "EPSG:4490" => Some(true),
        _ => None,
    }
}

fn feature_query(asked: &Asked) -> Result<(FeatureQuery, &'static str), (&'static str, String)> {
    let number = |name: &str, otherwise: usize| match asked.value(name) {
        None => Ok(otherwise),
        Some(text) => text
            .parse::<usize>()
            .ok()
            .ok_or_else(|| ("query.number", format!("{name}={text}"))),
    };
    let limit = number("limit", 100)?;
    if limit == 0 {
        return Err(("query.number", "limit=0".to_owned()));
    }
    let system = |name: &str| match asked.value(name) {
        None => Ok(false),
        Some(uri) => is_latitude_first(uri).ok_or(("query.crs", uri.to_owned())),
    };
    let bbox = match asked.value("bbox") {
        None => None,
        Some(text) => {
            let read = Box2::parse(text)
                .ok()
                .ok_or_else(|| ("query.bbox", text.to_owned()))?;
            let [a, b, c, d] = read.0;
            Some(if system("bbox-crs")? {
                Box2([b, a, d, c])
            } else {
                read
            })
        }
    };
    let during = match asked.value("datetime") {
        None => None,
        Some(text) => Some(interval(text).ok_or(("query.datetime", text.to_owned()))?),
    };
    let properties = asked
        .pairs
        .iter()
        .filter(|(k, _)| !OWN_PARAMETERS.contains(&k.as_str()))
        .cloned()
        .collect();
    let told = match asked.value("crs") {
        Some(uri) if uri.contains("4490") => EPSG_4490,
        Some(uri) if uri.contains("4326") => EPSG_4326,
        _ => CRS84,
    };
    let query = FeatureQuery {
        bbox,
        during,
        properties,
        is_latitude_first: system("crs")?,
        offset: number("offset", 0)?,
        limit: limit.min(MOST_FEATURES),
    };
    Ok((query, told))
}

type Span = (Option<Timestamp>, Option<Timestamp>);

/// An instant, a day, or a span of them with open ends.
fn interval(text: &str) -> Option<Span> {
    let is_open = |t: &str| t.is_empty() || t == "..";
    let (from, to) = text.split_once('/').unwrap_or((text, text));
    if is_open(from) && is_open(to) {
        return None;
    }
    let begin = if is_open(from) {
        None
    } else {
        Some(instant(from, false)?)
    };
    let end = if is_open(to) {
        None
    } else {
        Some(instant(to, true)?)
    };
    Some((begin, end))
}

fn instant(text: &str, is_end: bool) -> Option<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let day: jiff::civil::Date = text.parse().ok()?;
    let zone = jiff::tz::TimeZone::UTC;
    let at = if is_end {
        day.at(23, 59, 59, 999_999_999)
    } else {
        day.at(0, 0, 0, 0)
    };
    at.to_zoned(zone).ok().map(|z| z.timestamp())
}

/// Features of a collection.
pub(crate) async fn items(
    State(desk): State<Desk>,
    caller: Caller,
    Named(name): Named<String>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let asked = Asked::of(&desk, &headers, query.as_deref());
    let layer = layer_of(&desk, &caller, &name)?;
    let (query, crs) = feature_query(&asked).map_err(|(code, text)| {
        let fault = app::diagnostic::Diagnostic::error(code).arg("text", text);
        desk.problem(&caller.context, &app::Error::rejected(fault))
    })?;
    desk.note(&caller, "read_features", layer.code());
    let (offset, limit) = (query.offset, query.limit);
    let page = match layer {
        MapLayer::Sites => {
            let is_short = query.is_short();
            let told = move |viewer: &Viewer, atlas: &Atlas| viewer.site_features(atlas, &query);
            desk.glance(&caller, is_short, told).await?
        }
        _ => {
            desk.look(&caller, move |session, atlases| {
                session.features(atlases, layer, &query)
            })
            .await?
        }
    };
    let path = format!("/collections/{name}/items");
    let mut links = asked.own_links(&path, GEOJSON);
    let further = |rel: &str, offset: usize| {
        let offset = offset.to_string();
        let mut parameters: Vec<(&str, &str)> = asked
            .pairs
            .iter()
            .filter(|(k, _)| k != "offset" && k != "token")
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        parameters.push(("offset", &offset));
        json!({ "rel": rel, "href": asked.href(&path, &parameters), "type": GEOJSON, "title": rel })
    };
    if offset.saturating_add(limit) < page.matched {
        links.push(further("next", offset + limit));
    }
    if offset > 0 {
        links.push(further("prev", offset.saturating_sub(limit)));
    }
    let members = format!(
        "\"timeStamp\":\"{}\",\"numberMatched\":{},\"numberReturned\":{},\"links\":{}",
        desk.now(),
        page.matched,
        page.returned,
        Value::from(links),
    );
    let body = page.collection(&members);
    let title = title_of(&desk, &caller, layer);
    Ok(with_crs(asked.answer_text(&title, GEOJSON, body), crs))
}

fn with_crs(mut response: Response, crs: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(&format!("<{crs}>")) {
        response.headers_mut().insert("content-crs", value);
    }
    response
}

/// One feature.
pub(crate) async fn item(
    State(desk): State<Desk>,
    caller: Caller,
    Named((name, id)): Named<(String, String)>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let asked = Asked::of(&desk, &headers, query.as_deref());
    let layer = layer_of(&desk, &caller, &name)?;
    let (
        FeatureQuery {
            is_latitude_first, ..
        },
        crs,
    ) = feature_query(&asked).map_err(|(code, text)| {
        let fault = app::diagnostic::Diagnostic::error(code).arg("text", text);
        desk.problem(&caller.context, &app::Error::rejected(fault))
    })?;
    desk.note(&caller, "read_feature", &id);
    let wanted = id.clone();
    let feature = desk
        .look(&caller, move |session, atlases| {
            session.feature(atlases, layer, &wanted, is_latitude_first)
        })
        .await?;
    // Our own text: it reads.
    let mut body: Value = serde_json::from_str(&feature).unwrap_or(Value::Null);
    let path = format!("/collections/{name}/items/{}", encoded(&id));
    let mut links = asked.own_links(&path, GEOJSON);
    links.push(asked.link("collection", &format!("/collections/{name}"), JSON, &name));
    body["links"] = Value::Array(links);
    Ok(with_crs(asked.answer(&id, GEOJSON, &body), crs))
}

/// The OpenAPI 3.0 document of this part.
pub(crate) async fn api(
    State(desk): State<Desk>,
    caller: Caller,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let asked = Asked::of(&desk, &headers, query.as_deref());
    let mut paths = Map::new();
    let ok = |what: &str| json!({ "responses": { "200": { "description": what } } });
    for (path, what) in [
        ("/", "landing page"),
        ("/conformance", "conformance classes"),
        ("/collections", "collections"),
    ] {
        paths.insert(path.to_owned(), json!({ "get": ok(what) }));
    }
    for layer in readable(&caller) {
        let path = format!("/collections/{}", layer.code());
        paths.insert(path.clone(), json!({ "get": ok("collection") }));
        let parameter = |name: &str, kind: &str| json!({ "name": name, "in": "query", "required": false, "schema": { "type": kind } });
        let mut parameters = vec![
            json!({ "name": "bbox", "in": "query", "required": false, "style": "form", "explode": false,
                "schema": { "type": "array", "minItems": 4, "maxItems": 6, "items": { "type": "number" } } }),
            parameter("bbox-crs", "string"),
            parameter("crs", "string"),
            parameter("datetime", "string"),
            json!({ "name": "limit", "in": "query", "required": false,
                "schema": { "type": "integer", "minimum": 1, "maximum": MOST_FEATURES, "default": 100 } }),
            parameter("offset", "integer"),
        ];
        let own = properties_of(layer).iter();
        parameters.extend(own.map(|(name, kind)| parameter(name, kind)));
        let mut get = ok("features");
        get["parameters"] = Value::Array(parameters);
        paths.insert(format!("{path}/items"), json!({ "get": get }));
        let mut one = ok("feature");
        one["parameters"] = json!([{ "name": "featureId", "in": "path", "required": true, "schema": { "type": "string" } }]);
        paths.insert(format!("{path}/items/{{featureId}}"), json!({ "get": one }));
    }
    let body = json!({
        "openapi": "3.0.3",
        "info": { "title": "青山 qingshan · OGC API Features", "version": env!("CARGO_PKG_VERSION") },
        "servers": [{ "url": asked.root }],
        "paths": paths,
        "links": asked.own_links("/api", OPENAPI)
    });
    if asked.form == Form::Html {
        return asked.answer("API", OPENAPI, &body);
    }
    let mut body = body;
    if let Some(map) = body.as_object_mut() {
        map.remove("links");
    }
    let mut response = (StatusCode::OK, body.to_string()).into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(OPENAPI));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_time_may_be_open() {
        let day = interval("2019-08-18");
        assert!(day.is_some_and(|(from, to)| from < to));
        assert!(interval("../2019-08-18").is_some_and(|(from, to)| from.is_none() && to.is_some()));
        assert!(interval("2019-08-18T00:00:00Z/..").is_some_and(|(_, to)| to.is_none()));
        for wrong in ["..", "../..", "gestern", "2019-08-18/morgen"] {
            assert!(interval(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn queries_are_decoded() {
        assert_eq!(decoded("a%2Cb+c%E5%B1%B1%"), "a,b c山%");
        assert_eq!(encoded("a b&山"), "a%20b%26%E5%B1%B1");
    }
}
