//! Words: everything coded, with labels.

use app::{ConfigView, PositionView};
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::caller::{Asked, Caller};
use crate::desk::Desk;
use crate::problem::{Problem, ProblemBody};
use crate::told::Told;

/// States, stations, zones, code lists, ledgers, milestones, roles.
#[utoipa::path(get, path = "/api/v1/config", tag = "words",
    responses((status = 200, body = ConfigView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn show_config(
    State(desk): State<Desk>,
    caller: Caller,
) -> Result<Told<ConfigView>, Problem> {
    let sources = std::sync::Arc::clone(desk.basemaps());
    desk.read(&caller, move |session, _| Ok(session.config(&sources)))
        .await
}

/// A position as somebody wrote it.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Written {
    /// Both numbers, in any notation.
    #[param(max_length = 200)]
    text: String,
    /// System it is in, where the text does not say: `CGCS2000`, `GCJ02`, `EPSG:4523`.
    crs: Option<String>,
}

/// Reads a position in any notation; tells what is doubtful about it.
#[utoipa::path(get, path = "/api/v1/convert", tag = "words", params(Written),
    responses((status = 200, body = PositionView), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn read_position(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(written): Asked<Written>,
) -> Result<Told<PositionView>, Problem> {
    desk.read(&caller, move |session, _| {
        session.read_position(&written.text, written.crs.as_deref())
    })
    .await
}
