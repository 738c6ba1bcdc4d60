//! Background layers of the office's own: the list, their tiles and pictures, and taking one down.

use app::atlas::Atlases;
use app::map::tile_id;
use app::{BackgroundView, ReceiptView, Session, StandingRequest};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio_util::io::ReaderStream;

use super::map::{Key, answer, drawn, kept_tile};
use crate::caller::{Caller, Named, Said};
use crate::desk::Desk;
use crate::problem::{Problem, ProblemBody};
use crate::told::tag;

/// Layers that the map is drawn over, from below, with their sources and review numbers.
#[utoipa::path(get, path = "/api/v1/backgrounds", tag = "map",
    responses((status = 200, body = Vec<BackgroundView>), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn list_backgrounds(
    State(desk): State<Desk>,
    caller: Caller,
) -> Result<Json<Vec<BackgroundView>>, Problem> {
    let listed = desk
        .look(&caller, |session, _| session.backgrounds())
        .await?;
    Ok(Json(listed))
}

/// One vector tile of a layer; empty (204) where nothing lies. Features are in `background`, names of areas in
/// `background_labels`, both with the attribute `label`.
#[utoipa::path(get, path = "/api/v1/backgrounds/{code}/tiles/{z}/{x}/{y}", tag = "map",
    params(("code" = String, Path), ("z" = u8, Path), ("x" = u32, Path), ("y" = String, Path, description = "row with .mvt behind it")),
    responses((status = 200, content_type = "application/vnd.mapbox-vector-tile", body = Vec<u8>), (status = 204),
        (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn show_background_tile(
    State(desk): State<Desk>,
    caller: Caller,
    Named((code, zoom, column, row)): Named<(String, u8, u32, String)>,
) -> Result<Response, Problem> {
    let row = row.strip_suffix(".mvt").unwrap_or(&row);
    let row = row.parse().unwrap_or(u32::MAX);
    let tile = tile_id(zoom, column, row).map_err(|e| desk.problem(&caller.context, &e))?;
    let mark = desk
        .look(&caller, move |session, _| {
            session.drawn_background(&code, false)
        })
        .await?;
    let drawn_sha256 = mark.clone();
    // What is drawn names itself, whoever may see it: tiles are shared.
    let key = Key {
        layer: "backgrounds",
        tile: (zoom, column, row),
        mark: mark.into(),
        takes_gzip: caller.takes_gzip,
    };
    let takes_gzip = caller.takes_gzip;
    let draw = move |session: &Session, atlases: &Atlases| {
        let drawn = session.background_tile(atlases, &drawn_sha256, tile)?;
        kept_tile(drawn, takes_gzip)
    };
    let drawing = || desk.look(&caller, draw);
    let kept = drawn(&desk, key, drawing).await?;
    Ok(answer(&caller, &kept))
}

/// The picture of a layer of relief, to be laid over its corners.
#[utoipa::path(get, path = "/api/v1/backgrounds/{code}/picture", tag = "map", params(("code" = String, Path)),
    responses((status = 200, content_type = "image/png", body = Vec<u8>), (status = 304),
        (status = "4XX", body = ProblemBody)))]
pub(crate) async fn show_background_picture(
    State(desk): State<Desk>,
    caller: Caller,
    Named(code): Named<String>,
) -> Result<Response, Problem> {
    let (file, drawn_sha256) = desk
        .look(&caller, move |session, _| session.background_picture(&code))
        .await?;
    let etag = format!("\"{}\"", &drawn_sha256[..20]);
    let has = caller.if_none_match.as_deref();
    let mut response = match has.is_some_and(|h| h.contains(&etag)) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => {
            let body = Body::from_stream(ReaderStream::new(tokio::fs::File::from_std(file)));
            let mut response = body.into_response();
            let png = HeaderValue::from_static("image/png");
            response.headers_mut().insert(header::CONTENT_TYPE, png);
            response
        }
    };
    tag(response.headers_mut(), &etag);
    Ok(response)
}

/// Takes a layer down, with a reason; its file stays in the register.
#[utoipa::path(post, path = "/api/v1/backgrounds/{code}/withdrawals", tag = "map",
    params(("code" = String, Path)), request_body = StandingRequest,
    responses((status = 200, body = ReceiptView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn withdraw_background(
    State(desk): State<Desk>,
    caller: Caller,
    Named(code): Named<String>,
    Said(said): Said<StandingRequest>,
) -> Result<Json<ReceiptView>, Problem> {
    let receipt = desk
        .write(&caller, move |session, _| {
            session.withdraw_background(&code, &said)
        })
        .await?;
    Ok(Json(receipt))
}
