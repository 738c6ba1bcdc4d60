//! The transparency log: checkpoint and proofs, for anybody, as the policy matrix has it. They tell hashes alone.

use app::ProofView;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::caller::{Asked, Context};
use crate::desk::Desk;
use crate::problem::{Problem, ProblemBody};

/// The newest signed checkpoint (C2SP signed note).
#[utoipa::path(get, path = "/api/v1/log/checkpoint", tag = "log", security(()),
    responses((status = 200, body = String, content_type = "text/plain"), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn show_checkpoint(
    State(desk): State<Desk>,
    context: Context,
) -> Result<Response, Problem> {
    let note = desk
        .consult(&context, |register| Ok(register.checkpoint()?))
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
#[utoipa::path(get, path = "/api/v1/log/proof", tag = "log", security(()), params(Proved),
    responses((status = 200, body = ProofView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn prove_entry(
    State(desk): State<Desk>,
    context: Context,
    Asked(proved): Asked<Proved>,
) -> Result<Json<ProofView>, Problem> {
    let proof = desk
        .consult(&context, move |register| {
            app::prove_entry(register, proved.entry, proved.size)
        })
        .await?;
    Ok(Json(proof))
}
