//! The transparency log: checkpoint and proofs, for anybody, as the policy matrix has it. They tell hashes alone.

use app::{LogPage, LogReport, ProofView};
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::caller::{Asked, Caller, Context};
use crate::desk::Desk;
use crate::problem::{Problem, ProblemBody};
use crate::told::Told;

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

/// Which entries.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Shown {
    /// Position of the first; the newest are shown where it is not said.
    from: Option<u64>,
    /// 50 where it is not said, at most 1,000.
    #[param(minimum = 0, maximum = 1000)]
    limit: Option<u64>,
}

/// The log by what its entries are, not by what they say.
#[utoipa::path(get, path = "/api/v1/log/entries", tag = "log", params(Shown),
    responses((status = 200, body = LogPage), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn list_log(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(shown): Asked<Shown>,
) -> Result<Told<LogPage>, Problem> {
    desk.read(&caller, move |session, _| {
        session.log_page(shown.from, shown.limit.unwrap_or(50).min(1_000))
    })
    .await
}

/// Checks the whole log, its checkpoints and the files it names.
#[utoipa::path(post, path = "/api/v1/log/verifications", tag = "log",
    responses((status = 200, body = LogReport), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn verify_log(
    State(desk): State<Desk>,
    caller: Caller,
) -> Result<Json<LogReport>, Problem> {
    desk.note(&caller, "verify_log", "log");
    let report = desk
        .look(&caller, |session, _| session.verify_log())
        .await?;
    Ok(Json(report))
}
