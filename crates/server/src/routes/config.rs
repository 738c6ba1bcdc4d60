//! Words: everything coded, with labels.

use app::ConfigView;
use axum::extract::State;

use crate::caller::Caller;
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
    desk.read(&caller, |session, _| Ok(session.config())).await
}
