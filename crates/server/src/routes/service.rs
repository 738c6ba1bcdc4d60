//! Health, metrics, and the OpenAPI document itself.

use std::net::SocketAddr;

use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::caller::Context;
use crate::desk::Desk;
use crate::problem::Problem;

/// Whether the register can be read.
pub(crate) async fn health(
    State(desk): State<Desk>,
    context: Context,
) -> Result<Response, Problem> {
    let log_size = desk.log_size(&context).await?;
    Ok(Json(json!({ "status": "ok", "log_size": log_size })).into_response())
}

/// For monitoring on the same machine only.
pub(crate) async fn metrics(
    State(desk): State<Desk>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    context: Context,
) -> Result<Response, Problem> {
    if !peer.ip().is_loopback() || headers.contains_key("x-forwarded-for") {
        return Ok(StatusCode::NOT_FOUND.into_response());
    }
    let log_size = desk.log_size(&context).await?;
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    Ok((kind, desk.metrics().text(log_size)).into_response())
}

pub(crate) async fn openapi() -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, crate::openapi()).into_response()
}
