//! The clause library and the decision tables.

use app::{ClauseView, TableView};
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::caller::{Asked, Caller};
use crate::desk::Desk;
use crate::problem::{Problem, ProblemBody};
use crate::told::Told;

/// What is looked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Sought {
    /// Part of law, article or words.
    q: Option<String>,
}

/// Clauses of the library; what nobody has read in the text itself is not printed.
#[utoipa::path(get, path = "/api/v1/law/clauses", tag = "judgement", params(Sought),
    responses((status = 200, body = Vec<ClauseView>), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn list_clauses(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(sought): Asked<Sought>,
) -> Result<Told<Vec<ClauseView>>, Problem> {
    desk.read(&caller, move |session, _| {
        session.clauses(sought.q.as_deref())
    })
    .await
}

/// The decision tables with their rows and the facts they ask for.
#[utoipa::path(get, path = "/api/v1/rules/tables", tag = "judgement",
    responses((status = 200, body = Vec<TableView>), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn list_tables(
    State(desk): State<Desk>,
    caller: Caller,
) -> Result<Told<Vec<TableView>>, Problem> {
    desk.read(&caller, |session, _| session.decision_tables())
        .await
}
