//! The transparency log: checkpoint and proofs.

use app::ProofView;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::caller::{Asked, Caller};
use crate::desk::Desk;
use crate::problem::{Problem, ProblemBody};
use crate::told::Told;

/// The newest signed checkpoint (C2SP signed note).
#[utoipa::path(get, path = "/api/v1/log/checkpoint", tag = "log",
    responses((status = 200, body = String, content_type = "text/plain"), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn show_checkpoint(
    State(desk): State<Desk>,
    caller: Caller,
) -> Result<Response, Problem> {
    let note = desk
        .look(&caller, |session, _| Ok(session.register.checkpoint()?))
        .await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], note).into_response())
}

/// Which entry is to be proved.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Proved {
    /// Position in the log.
    entry: u64,
    /// Log size the proof is for; the present one where it is not said.
    size: Option<u64>,
}

/// RFC 6962 proof that an entry is in the log.
#[utoipa::path(get, path = "/api/v1/log/proof", tag = "log", params(Proved),
    responses((status = 200, body = ProofView), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn prove_entry(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(proved): Asked<Proved>,
) -> Result<Told<ProofView>, Problem> {
    desk.read(&caller, move |session, _| {
        session.prove_entry(proved.entry, proved.size)
    })
    .await
}
