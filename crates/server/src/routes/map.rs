//! Map tiles: Mapbox Vector Tiles with TileJSON, kept as they are sent until something in them changes.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use app::atlas::{Atlas, SiteQuery, tile_bounds, touch};
use app::map::{FULL_ZOOM, MapLayer, tile_id};
use app::{AsOf, Viewer};
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::{Compress, Compression, Crc, FlushCompress, Status};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::sites::When;
use crate::caller::{Asked, Caller, Named};
use crate::desk::Desk;
use crate::problem::{Problem, ProblemBody};
use crate::told::tag;

/// Deepest zoom tiles are made for; maps enlarge them beyond.
const DEEPEST: u8 = 16;
/// From this zoom on a tile holds so little that drawing it is over before another thread would have begun.
const SHORT_ZOOM: u8 = 8;
/// Smaller tiles are sent as they are drawn: coding them takes longer than it saves.
const WORTH_CODING: usize = 860;
/// Bytes of tiles kept.
const MOST_KEPT_BYTES: usize = 8 << 20;

/// A layer as map programs are told of it (TileJSON 3.0).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TileJson {
    tilejson: String,
    name: String,
    /// Addresses with `{z}`, `{x}`, `{y}`.
    tiles: Vec<String>,
    minzoom: u8,
    maxzoom: u8,
    bounds: Option<[f64; 4]>,
    attribution: String,
    vector_layers: Vec<VectorLayer>,
}

/// A layer inside the tiles, with its attributes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VectorLayer {
    id: String,
    minzoom: u8,
    maxzoom: u8,
    #[schema(value_type = Object)]
    fields: Value,
}

fn tilejson(layer: MapLayer, base: &str, bounds: Option<[f64; 4]>, name: String) -> TileJson {
    let vector_layers = layer.tile_layers().iter().map(|(id, keys)| {
        let kind = |key: &str| match key {
            "count" | "lon" | "lat" => "Number",
            _ => "String",
        };
        let fields = keys.iter().map(|k| ((*k).to_owned(), json!(kind(k))));
        VectorLayer {
            id: (*id).to_owned(),
            minzoom: if *id == "sites" { FULL_ZOOM } else { 0 },
            maxzoom: DEEPEST,
            fields: Value::Object(fields.collect()),
        }
    });
    TileJson {
        tilejson: "3.0.0".to_owned(),
        name,
        tiles: vec![format!(
            "{base}/api/v1/tiles/{}/{{z}}/{{x}}/{{y}}.mvt",
            layer.code()
        )],
        minzoom: 0,
        maxzoom: DEEPEST,
        bounds,
        attribution: String::new(),
        vector_layers: vector_layers.collect(),
    }
}

/// Where this server is, as the caller sees it.
pub(crate) fn base_url(desk: &Desk, headers: &HeaderMap) -> String {
    if let Some(url) = desk.public_url() {
        return url.trim_end_matches('/').to_owned();
    }
    let host = headers
        .get(header::HOST)
        .and_then(|h| h.to_str().ok())
        .unwrap_or("localhost");
    format!("http://{host}")
}

async fn described(
    desk: &Desk,
    caller: &Caller,
    headers: &HeaderMap,
    layers: Vec<MapLayer>,
) -> Result<Vec<TileJson>, Problem> {
    let bounds = desk.reserve_box(&caller.context).await?;
    let base = base_url(desk, headers);
    let messages = desk.messages(caller.context.language);
    Ok(layers
        .into_iter()
        .map(|layer| {
            let name = messages.text(&format!("map_layer.{}", layer.code()), &[]);
            tilejson(layer, &base, bounds, name)
        })
        .collect())
}

/// What can be drawn.
#[utoipa::path(get, path = "/api/v1/map/layers", tag = "map",
    responses((status = 200, body = Vec<TileJson>), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn list_layers(
    State(desk): State<Desk>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Json<Vec<TileJson>>, Problem> {
    let seen = |layer: &MapLayer| layer.check_seen_by(&caller.actor).is_ok();
    let layers = MapLayer::ALL.into_iter().filter(seen).collect();
    Ok(Json(described(&desk, &caller, &headers, layers).await?))
}

/// One layer's TileJSON: `sites.json`, `clues.json` …
#[utoipa::path(get, path = "/api/v1/tiles/{layer}", tag = "map",
    params(("layer" = String, Path, description = "sites.json, clues.json, patches.json, zones.json, stations.json, routes.json")),
    responses((status = 200, body = TileJson), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn show_layer(
    State(desk): State<Desk>,
    caller: Caller,
    Named(layer): Named<String>,
    headers: HeaderMap,
) -> Result<Json<TileJson>, Problem> {
    let name = layer.strip_suffix(".json").unwrap_or(&layer).to_owned();
    let problem = |e: app::Error| desk.problem(&caller.context, &e);
    let layer = MapLayer::parse(&name).map_err(problem)?;
    layer.check_seen_by(&caller.actor).map_err(problem)?;
    let mut found = described(&desk, &caller, &headers, vec![layer]).await?;
    Ok(Json(found.remove(0)))
}

/// One vector tile; empty (204) where nothing is to be seen.
#[utoipa::path(get, path = "/api/v1/tiles/{layer}/{z}/{x}/{y}", tag = "map",
    params(("layer" = String, Path), ("z" = u8, Path), ("x" = u32, Path), ("y" = String, Path, description = "row with .mvt behind it"),
        SiteQuery, When),
    responses((status = 200, content_type = "application/vnd.mapbox-vector-tile", body = Vec<u8>), (status = 204),
        (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn show_tile(
    State(desk): State<Desk>,
    caller: Caller,
    Named((layer, zoom, column, row)): Named<(String, u8, u32, String)>,
    Asked(when): Asked<When>,
) -> Result<Response, Problem> {
    let problem = |e: &app::Error| desk.problem(&caller.context, e);
    let row = row
        .strip_suffix(".mvt")
        .unwrap_or(&row)
        .parse()
        .unwrap_or(u32::MAX);
    let layer = MapLayer::parse(&layer).map_err(|e| problem(&e))?;
    let tile = tile_id(zoom, column, row).map_err(|e| problem(&e))?;
    let as_of = when.as_of().map_err(|e| problem(&e))?;
    let key = Key {
        layer: layer.code(),
        tile: (zoom, column, row),
        mark: desk.tile_mark(&caller, as_of),
        takes_gzip: caller.takes_gzip,
    };
    desk.drop_touched_tiles();
    let kept = drawn(&desk, key, || async {
        let query: SiteQuery = caller.asked(&desk)?;
        // A search for words goes through the names of all sites of the tile.
        let is_short = zoom >= SHORT_ZOOM && query.q.is_none();
        let takes_gzip = caller.takes_gzip;
        let draw = move |viewer: &Viewer, atlas: &Atlas| {
            kept_tile(viewer.tile(atlas, layer, tile, &query)?, takes_gzip)
        };
        if as_of == AsOf::Now {
            return desk.glance(&caller, is_short, draw).await;
        }
        desk.look(&caller, move |session, atlases| {
            draw(&session.viewer, &*session.atlas(atlases, as_of)?)
        })
        .await
    });
    let kept = kept.await?;
    Ok(answer(&caller, &kept))
}

/// A tile from the cabinet, or drawn and put there.
pub(super) async fn drawn<D: Future<Output = Result<Kept, Problem>>>(
    desk: &Desk,
    key: Key,
    drawing: impl FnOnce() -> D,
) -> Result<Kept, Problem> {
    use std::sync::atomic::Ordering::Relaxed;
    if let Some(kept) = desk.tiles().find(&key) {
        desk.metrics().tile_hits.fetch_add(1, Relaxed);
        return Ok(kept);
    }
    desk.metrics().tile_misses.fetch_add(1, Relaxed);
    let generation = desk.tiles().generation();
    // By itself: what answers from the cabinet is moved a few times and need not have room for it.
    let made = Box::pin(drawing()).await?;
    desk.tiles().keep(key, made.clone(), generation);
    Ok(made)
}

pub(super) fn answer(caller: &Caller, kept: &Kept) -> Response {
    let has = caller.if_none_match.as_deref();
    let mut response = if kept.body.is_empty() {
        StatusCode::NO_CONTENT.into_response()
    } else if has.is_some_and(|h| h.contains(&kept.etag)) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = Body::from(kept.body.clone()).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/vnd.mapbox-vector-tile"),
        );
        if kept.is_coded {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    };
    let headers = response.headers_mut();
    tag(headers, &kept.etag);
    headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    response
}

/// A tile as it is sent to somebody who takes gzip, or does not.
pub(super) fn kept_tile(drawn: Vec<u8>, takes_gzip: bool) -> Result<Kept, app::Error> {
    let is_coded = takes_gzip && drawn.len() >= WORTH_CODING;
    let etag = etag_of(&drawn, is_coded);
    let body = match is_coded {
        true => gzip(&drawn).map_err(app::Error::internal)?,
        false => drawn,
    };
    Ok(Kept {
        body: Bytes::from(body),
        is_coded,
        etag,
    })
}

/// Tiles are told apart by their checksum: what a browser has is seldom more than one edit older.
fn etag_of(drawn: &[u8], is_coded: bool) -> String {
    if drawn.is_empty() {
        return "\"empty\"".to_owned();
    }
    let mut sum = Crc::new();
    sum.update(drawn);
    let coding = if is_coded { "-gzip" } else { "" };
    format!("\"{:x}-{:x}{coding}\"", sum.sum(), sum.amount())
}

thread_local! {
    /// A coder takes a quarter of a megabyte: most of the work of a small tile, were it made anew each time.
    static CODER: RefCell<Compress> = RefCell::new(Compress::new(Compression::fast(), false));
}

/// The bytes as a gzip file without a name (RFC 1952).
fn gzip(bytes: &[u8]) -> Result<Vec<u8>, flate2::CompressError> {
    const HEADING: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255];
    let mut out = Vec::with_capacity(bytes.len() / 2 + 128);
    out.extend_from_slice(&HEADING);
    CODER.with_borrow_mut(|coder| {
        coder.reset();
        loop {
            let taken = usize::try_from(coder.total_in()).unwrap_or(bytes.len());
            let status = coder.compress_vec(&bytes[taken..], &mut out, FlushCompress::Finish)?;
            if status == Status::StreamEnd {
                return Ok(());
            }
            out.reserve(out.capacity());
        }
    })?;
    let mut sum = Crc::new();
    sum.update(bytes);
    out.extend_from_slice(&sum.sum().to_le_bytes());
    out.extend_from_slice(&sum.amount().to_le_bytes());
    Ok(out)
}

/// Which tile, for whom, filtered how, as of when.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(super) layer: &'static str,
    pub(super) tile: (u8, u32, u32),
    pub(super) mark: Arc<str>,
    pub(super) takes_gzip: bool,
}

/// A tile as it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    body: Bytes,
    is_coded: bool,
    etag: String,
}

/// Bytes that a kept tile takes. The mark holds the caller's filters: as long as the caller likes.
fn weight(key: &Key, kept: &Kept) -> usize {
    kept.body.len() + key.mark.len() + 200
}

/// 瓦片柜 — tiles as they are sent, until something in them changes.
#[derive(Default)]
pub(crate) struct TileCabinet(Mutex<Cabinet>);

#[derive(Default)]
struct Cabinet {
    tiles: HashMap<Key, Kept>,
    bytes: usize,
    generation: u64,
}

impl TileCabinet {
    fn lock(&self) -> std::sync::MutexGuard<'_, Cabinet> {
        self.0.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn find(&self, key: &Key) -> Option<Kept> {
        self.lock().tiles.get(key).cloned()
    }

    fn generation(&self) -> u64 {
        self.lock().generation
    }

    /// Keeps a tile, unless something changed while it was drawn.
    fn keep(&self, key: Key, kept: Kept, generation: u64) {
        let mut cabinet = self.lock();
        if cabinet.generation != generation {
            return;
        }
        if cabinet.bytes > MOST_KEPT_BYTES {
            cabinet.tiles.clear();
            cabinet.bytes = 0;
        }
        let replaced = cabinet.tiles.get(&key).map_or(0, |k| weight(&key, k));
        cabinet.bytes = cabinet.bytes.saturating_sub(replaced) + weight(&key, &kept);
        cabinet.tiles.insert(key, kept);
    }

    /// Drops tiles that touch any of the boxes.
    pub(crate) fn drop_touched(&self, boxes: &[[i32; 4]]) {
        let mut cabinet = self.lock();
        cabinet.generation += 1;
        let is_touched = |key: &Key| {
            let (zoom, column, row) = key.tile;
            tile_id(zoom, column, row).map_or(true, |tile| {
                boxes.iter().any(|b| touch(tile_bounds(tile), *b))
            })
        };
        let mut freed = 0;
        cabinet.tiles.retain(|key, kept| {
            let stays = !is_touched(key);
            if !stays {
                freed += weight(key, kept);
            }
            stays
        });
        cabinet.bytes = cabinet.bytes.saturating_sub(freed);
    }

    /// Drops everything.
    pub(crate) fn clear(&self) {
        let mut cabinet = self.lock();
        cabinet.generation += 1;
        cabinet.tiles.clear();
        cabinet.bytes = 0;
    }
}

impl Desk {
    /// What besides place and layer a tile depends on: whose rights, which filters, as of when.
    fn tile_mark(&self, caller: &Caller, as_of: AsOf) -> Arc<str> {
        let actor = &caller.actor;
        let when = match as_of {
            AsOf::Now => String::new(),
            _ => format!("{as_of}@{}", self.known_size()),
        };
        let (stations, filters) = (actor.station_ids.join(","), caller.filters());
        let parts = [actor.role.code(), &stations, &actor.unit, &when, &filters];
        // No address holds a line's end: no filter can be asked that reads like somebody else's rights.
        parts.join("\n").into()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    #[test]
    fn what_is_coded_reads_again() {
        // Noise does not shrink: the coder needs room more than once.
        let noise = |n: u32| (n.wrapping_mul(2_654_435_761) >> 13) as u8;
        for size in [0, 1, 4_000, 300_000] {
            let bytes: Vec<u8> = (0..size).map(noise).collect();
            let coded = gzip(&bytes).unwrap();
            let mut read = Vec::new();
            let mut reader = flate2::read::GzDecoder::new(&coded[..]);
            std::io::Read::read_to_end(&mut reader, &mut read).unwrap();
            assert!(read == bytes, "{size}");
        }
    }

    #[test]
    fn only_who_takes_it_and_gains_by_it_is_sent_a_coded_tile() {
        let coded = |size, takes_gzip| kept_tile(vec![b'a'; size], takes_gzip).unwrap().is_coded;
        assert!(coded(WORTH_CODING, true));
        assert!(!coded(WORTH_CODING, false) && !coded(WORTH_CODING - 1, true) && !coded(0, true));
    }

    #[test]
    fn a_kept_tile_is_counted_with_the_filters_it_was_asked_by() {
        let cabinet = TileCabinet::default();
        let key = Key {
            layer: "sites",
            tile: (0, 0, 0),
            mark: "q=".repeat(4000).into(),
            takes_gzip: true,
        };
        let kept = Kept {
            body: Bytes::from_static(b"tile"),
            is_coded: false,
            etag: String::new(),
        };
        for _ in 0..2 {
            cabinet.keep(key.clone(), kept.clone(), cabinet.generation());
            assert_eq!(cabinet.lock().bytes, 8000 + 4 + 200);
        }
        cabinet.drop_touched(&[[i32::MIN, i32::MIN, i32::MAX, i32::MAX]]);
        assert!(cabinet.lock().tiles.is_empty());
        assert_eq!(cabinet.lock().bytes, 0);
    }
}
