//! Imports: a file is uploaded, looked at, mapped, and taken in or dropped.

use app::import::{
    self, BackgroundSaid, CommitView, ImportKind, ImportView, MappingRequest, Waiting, plain_name,
};
use app::{Error, Session};
use axum::Json;
use axum::body::Body;
use axum::extract::{Multipart, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;
use utoipa::{IntoParams, ToSchema};

use super::ledgers::attachment;
use crate::caller::{Asked, Caller, Named, Said};
use crate::desk::Desk;
use crate::problem::{Problem, ProblemBody};

/// What is said of a file.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UploadQuery {
    /// `boundary`, `stations`, `routes`, `background`, `patches`, `inspection`, `inquiry`, `petition`, `patrol`, `tip-off`,
    /// `parcels`, `old-ledger`, `permits`, `verifications`, `field-reports`, `tracks`, `photos`.
    kind: String,
    source: Option<String>,
    received_on: Option<Date>,
    sender: Option<String>,
    document: Option<String>,
    /// System of positions where the file does not say: `CGCS2000`, `WGS84`, `GCJ-02`, `EPSG:4523` …
    crs: Option<String>,
    layer: Option<String>,
    version_name: Option<String>,
    valid_from: Option<Date>,
    approval: Option<String>,
    /// Of a background layer: `boundary_lines`, `roads`, `rivers`, `places`, `compartments`, `land_survey`, `relief`,
    /// `other`.
    background_kind: Option<String>,
    background_name: Option<String>,
    background_code: Option<String>,
    /// Who made it.
    data_source: Option<String>,
    /// 审图号
    review_number: Option<String>,
    /// Day of what it shows.
    dated_on: Option<Date>,
    /// Attribute that its features are labelled by.
    label: Option<String>,
    /// Whose tracks they are.
    station: Option<String>,
}

/// An upload that waits.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Uploaded {
    import_id: String,
    file: String,
    size_bytes: u64,
}

/// A file in a form.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes the form to the OpenAPI document")]
pub(crate) struct FileForm {
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Uploads larger than this are refused.
pub(crate) const LARGEST_IMPORT: usize = 512 << 20;

/// Uploads a file; nothing is written to the log yet.
#[utoipa::path(post, path = "/api/v1/imports", tag = "imports", params(UploadQuery),
    request_body(content = FileForm, content_type = "multipart/form-data"),
    responses((status = 200, body = Uploaded), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn upload(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(query): Asked<UploadQuery>,
    form: Result<Multipart, axum::extract::multipart::MultipartRejection>,
) -> Result<Json<Uploaded>, Problem> {
    let kind = query.kind.clone();
    let crs = query.crs.clone();
    let background = BackgroundSaid {
        kind: query.background_kind,
        name: query.background_name,
        code: query.background_code,
        data_source: query.data_source,
        review_number: query.review_number,
        dated_on: query.dated_on,
        label: query.label,
    };
    let said = background.clone();
    desk.look(&caller, move |session, _| {
        if let Some(crs) = &crs {
            import::parse_crs(crs)?;
        }
        let kind = session.may_import(&kind)?;
        match kind {
            ImportKind::Background => said.check(),
            _ => Ok(()),
        }
    })
    .await?;
    let form = form.map_err(|e| upload_fault(&desk, &caller, e.status(), &e.body_text()))?;
    let (import_id, place) = import::new_waiting(desk.home(), desk.now())
        .map_err(|e| desk.problem(&caller.context, &e))?;
    let taken = take_file(&desk, &caller, form, &place).await;
    let (file_name, size_bytes) = match taken {
        Ok(taken) => taken,
        Err(problem) => {
            // The upload failed; what is left of it goes, whether or not that works.
            let _ = tokio::fs::remove_dir_all(&place).await;
            return Err(problem);
        }
    };
    let waiting = Waiting {
        import_id: import_id.clone(),
        kind: query.kind,
        file_name: file_name.clone(),
        size_bytes,
        person_id: caller.actor.id.clone(),
        uploaded_at: desk.now(),
        source_kind: query.source,
        received_on: query.received_on,
        sender: query.sender,
        document_number: query.document,
        crs: query.crs,
        layer: query.layer,
        version_name: query.version_name,
        valid_from: query.valid_from,
        approval: query.approval,
        mapping: None,
        background,
        station: query.station,
    };
    waiting
        .save(desk.home())
        .map_err(|e| desk.problem(&caller.context, &e))?;
    desk.note(&caller, "upload_import", &file_name);
    Ok(Json(Uploaded {
        import_id,
        file: file_name,
        size_bytes,
    }))
}

pub(crate) fn upload_fault(
    desk: &Desk,
    caller: &Caller,
    status: StatusCode,
    cause: &str,
) -> Problem {
    let code = match status {
        StatusCode::PAYLOAD_TOO_LARGE => "request.too_large",
        _ => "request.body",
    };
    Problem::coded(
        status,
        code,
        &[("cause", cause)],
        desk.messages(caller.context.language),
        &caller.context.request_id,
    )
}

/// Writes the form's file as it comes, never holding it whole.
pub(crate) async fn take_file(
    desk: &Desk,
    caller: &Caller,
    mut form: Multipart,
    place: &std::path::Path,
) -> Result<(String, u64), Problem> {
    let internal = |e: std::io::Error| desk.problem(&caller.context, &Error::internal(e));
    loop {
        let part = form
            .next_field()
            .await
            .map_err(|e| upload_fault(desk, caller, e.status(), &e.body_text()))?;
        let Some(mut part) = part else {
            let missing = "file";
            return Err(upload_fault(desk, caller, StatusCode::BAD_REQUEST, missing));
        };
        let Some(name) = part.file_name().map(plain_name) else {
            continue;
        };
        let mut file = tokio::fs::File::create(place.join(&name))
            .await
            .map_err(internal)?;
        let mut size = 0;
        while let Some(chunk) = part
            .chunk()
            .await
            .map_err(|e| upload_fault(desk, caller, e.status(), &e.body_text()))?
        {
            size += chunk.len() as u64;
            file.write_all(&chunk).await.map_err(internal)?;
        }
        file.flush().await.map_err(internal)?;
        return Ok((name, size));
    }
}

/// The upload: columns, diagnostics, and what importing it would do.
#[utoipa::path(get, path = "/api/v1/imports/{import_id}", tag = "imports", params(("import_id" = String, Path)),
    responses((status = 200, body = ImportView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn show_import(
    State(desk): State<Desk>,
    caller: Caller,
    Named(import_id): Named<String>,
) -> Result<Json<ImportView>, Problem> {
    let page = desk
        .look(&caller, move |session, _| session.import_page(&import_id))
        .await?;
    Ok(Json(page))
}

/// Says which columns are which; tells what importing would do then.
#[utoipa::path(put, path = "/api/v1/imports/{import_id}/mapping", tag = "imports",
    params(("import_id" = String, Path)), request_body = MappingRequest,
    responses((status = 200, body = ImportView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn map_import(
    State(desk): State<Desk>,
    caller: Caller,
    Named(import_id): Named<String>,
    Said(said): Said<MappingRequest>,
) -> Result<Json<ImportView>, Problem> {
    let page = desk
        .look(&caller, move |session, _| {
            session.map_import(&import_id, &said)
        })
        .await?;
    Ok(Json(page))
}

/// Whether rows with faults may be left out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CommitRequest {
    #[serde(default)]
    leave_out_faulty: bool,
}

/// Takes the upload in: all of it, or nothing.
#[utoipa::path(post, path = "/api/v1/imports/{import_id}/commit", tag = "imports",
    params(("import_id" = String, Path)), request_body = CommitRequest,
    responses((status = 200, body = CommitView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn commit_import(
    State(desk): State<Desk>,
    caller: Caller,
    Named(import_id): Named<String>,
    Said(said): Said<CommitRequest>,
) -> Result<Json<CommitView>, Problem> {
    let committed = desk
        .write(&caller, move |session: &mut Session, _| {
            session.commit_waiting(&import_id, said.leave_out_faulty)
        })
        .await?;
    Ok(Json(committed))
}

/// The marked-up copy, to be sent back to whoever wrote the file.
#[utoipa::path(get, path = "/api/v1/imports/{import_id}/marked", tag = "imports",
    params(("import_id" = String, Path)),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn download_marked(
    State(desk): State<Desk>,
    caller: Caller,
    Named(import_id): Named<String>,
) -> Result<Response, Problem> {
    let (name, bytes) = desk
        .look(&caller, move |session, _| {
            session.marked_waiting(&import_id)
        })
        .await?;
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    Ok(attachment(&name, kind, Body::from(bytes)))
}

/// Forgets the upload.
#[utoipa::path(delete, path = "/api/v1/imports/{import_id}", tag = "imports",
    params(("import_id" = String, Path)),
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn drop_import(
    State(desk): State<Desk>,
    caller: Caller,
    Named(import_id): Named<String>,
) -> Result<StatusCode, Problem> {
    desk.look(&caller, move |session, _| session.drop_waiting(&import_id))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
