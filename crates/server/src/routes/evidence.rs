//! Evidence: files taken in for sites, and given out without harm.

use app::proof::{self, EvidenceProof};
use app::{EvidenceAdded, LARGEST_EVIDENCE, is_shown};
use axum::Json;
use axum::body::Body;
use axum::extract::{FromRequestParts, Multipart, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncSeekExt, Take};
use tokio_util::io::ReaderStream;
use utoipa::{IntoParams, ToSchema};

use super::imports::{take_file, upload_fault};
use super::ledgers::attachment;
use crate::caller::{Asked, Caller, Context, Named};
use crate::desk::Desk;
use crate::problem::{Problem, ProblemBody};
use crate::web::span;

/// 文件片段 — what of a file is sent: players of films ask for parts; a part that cannot be is answered with the whole.
struct Part {
    content: Take<tokio::fs::File>,
    count: u64,
    range: Option<HeaderValue>,
}

impl Part {
    async fn of(file: std::fs::File, asked: &HeaderMap) -> std::io::Result<Self> {
        let size = file.metadata()?.len();
        let mut file = tokio::fs::File::from_std(file);
        let wanted = asked.get(header::RANGE).and_then(|v| v.to_str().ok());
        let wanted = wanted.and_then(|r| r.strip_prefix("bytes="));
        let part = wanted
            .zip(usize::try_from(size).ok())
            .and_then(|(range, size)| span(range, size));
        let Some((start, end)) = part else {
            return Ok(Self {
                content: file.take(size),
                count: size,
                range: None,
            });
        };
        file.seek(std::io::SeekFrom::Start(start as u64)).await?;
        let count = (end - start + 1) as u64;
        Ok(Self {
            content: file.take(count),
            count,
            range: HeaderValue::from_str(&format!("bytes {start}-{end}/{size}")).ok(),
        })
    }
}

/// Uploads larger than this are refused; a little more than a file, for the form around it.
pub(crate) const LARGEST_UPLOAD: usize = LARGEST_EVIDENCE as usize + (1 << 20);

/// What the file shows.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Shown {
    note: Option<String>,
}

/// A file in a form.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes the form to the OpenAPI document")]
pub(crate) struct EvidenceForm {
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Takes a photo or document in as evidence of a site.
#[utoipa::path(post, path = "/api/v1/sites/{site_code}/evidence", tag = "sites",
    params(("site_code" = String, Path), Shown),
    request_body(content = EvidenceForm, content_type = "multipart/form-data"),
    responses((status = 200, body = EvidenceAdded), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn add_evidence(
    State(desk): State<Desk>,
    caller: Caller,
    Named(site_code): Named<String>,
    Asked(shown): Asked<Shown>,
    form: Result<Multipart, axum::extract::multipart::MultipartRejection>,
) -> Result<Json<EvidenceAdded>, Problem> {
    let code = site_code.clone();
    desk.look(&caller, move |session, _| session.may_add_evidence(&code))
        .await?;
    let form = form.map_err(|e| upload_fault(&desk, &caller, e.status(), &e.body_text()))?;
    let (_, place) = app::import::new_waiting(desk.home(), desk.now())
        .map_err(|e| desk.problem(&caller.context, &e))?;
    let taken = take_file(&desk, &caller, form, &place).await;
    let path = place.clone();
    let added = match taken {
        Ok((name, _)) => {
            desk.write(&caller, move |session, _| {
                session.add_evidence(&site_code, &path.join(&name), &name, shown.note.as_deref())
            })
            .await
        }
        Err(problem) => Err(problem),
    };
    // The register has its own copy; what waits here goes, whether or not that works.
    let _ = tokio::fs::remove_dir_all(&place).await;
    Ok(Json(added?))
}

/// A file of a site one may read. Pictures are shown, everything else is only saved.
#[utoipa::path(get, path = "/api/v1/blobs/{sha256}", tag = "sites", params(("sha256" = String, Path)),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>),
        (status = 206, content_type = "application/octet-stream", body = Vec<u8>), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn download_blob(
    State(desk): State<Desk>,
    caller: Caller,
    Named(sha256): Named<String>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    desk.note(&caller, "download_blob", &sha256);
    let wanted = sha256.clone();
    let (file, media_type, name) = desk
        .look(&caller, move |session, atlases| {
            session.open_blob(atlases, &wanted)
        })
        .await?;
    let part = Part::of(file, &asked)
        .await
        .map_err(|e| desk.problem(&caller.context, &app::Error::internal(e)))?;
    let (size, range) = (part.count, part.range);
    let body = Body::from_stream(ReaderStream::new(part.content));
    let mut response = if is_shown(&media_type) {
        let mut shown = body.into_response();
        if let Ok(value) = HeaderValue::from_str(&media_type) {
            shown.headers_mut().insert(header::CONTENT_TYPE, value);
        }
        shown
    } else {
        // What could run in a browser never does: it is bytes, to be saved.
        attachment(&name, "application/octet-stream", body)
    };
    if let Some(range) = range {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        response.headers_mut().insert(header::CONTENT_RANGE, range);
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(size));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; sandbox; frame-ancestors 'none'"),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, max-age=3600, immutable"),
    );
    Ok(response)
}

/// How large.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Size {
    /// Longest side in pixels, 32 to 1,024; 256 where it is not said.
    #[param(minimum = 0, maximum = 4294967295_u32)]
    size: Option<u32>,
}

/// A small copy of a photo.
#[utoipa::path(get, path = "/api/v1/blobs/{sha256}/thumbnail", tag = "sites", params(("sha256" = String, Path), Size),
    responses((status = 200, content_type = "image/jpeg", body = Vec<u8>), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn show_thumbnail(
    State(desk): State<Desk>,
    caller: Caller,
    Named(sha256): Named<String>,
    Asked(size): Asked<Size>,
) -> Result<Response, Problem> {
    let size = size.size.unwrap_or(256).clamp(32, 1024);
    let bytes = desk
        .look(&caller, move |session, atlases| {
            session.thumbnail(atlases, &sha256, size)
        })
        .await?;
    let kind = [
        (header::CONTENT_TYPE, "image/jpeg"),
        (header::CACHE_CONTROL, "private, max-age=86400, immutable"),
    ];
    Ok((kind, Body::from(bytes)).into_response())
}

/// Proofs that one address may ask for without a session, in a minute.
const MOST_PROOFS: u32 = 120;

/// How much of a proof.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ProofAsked {
    /// With the entries themselves, for those who may read the site: what `qingshan evidence verify --proof` goes by.
    #[serde(default)]
    full: bool,
}

/// Proof that a file was taken, and when. Whoever asks has the file, or would not know its hash; hashes and times are told.
#[utoipa::path(get, path = "/api/v1/evidence/{sha256}/proof", tag = "log", security(()),
    params(("sha256" = String, Path), ProofAsked),
    responses((status = 200, body = EvidenceProof), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn prove_evidence(
    State(desk): State<Desk>,
    context: Context,
    Named(sha256): Named<String>,
    Asked(asked): Asked<ProofAsked>,
    request: Request,
) -> Result<Json<EvidenceProof>, Problem> {
    if asked.full {
        let (mut parts, _) = request.into_parts();
        let caller = Caller::from_request_parts(&mut parts, &desk).await?;
        let proved = desk.look(&caller, move |session, atlases| {
            session.prove_evidence_in_full(atlases, &sha256)
        });
        return Ok(Json(proved.await?));
    }
    // Anybody may ask, and each answer folds whole dossiers.
    if let Err(seconds) = desk
        .throttle()
        .count(&context.address(), MOST_PROOFS, desk.now())
    {
        let (status, id) = (StatusCode::TOO_MANY_REQUESTS, &context.request_id);
        let messages = desk.messages(context.language);
        let told = Problem::coded(status, "evidence.too_often", &[], messages, id);
        return Err(told.after(seconds));
    }
    let inner = desk.clone();
    let proved = desk.consult(&context, move |register| {
        proof::prove_evidence(register, inner.atlases(), &sha256)
    });
    Ok(Json(proved.await?))
}
