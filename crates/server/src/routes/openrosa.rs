//! OpenRosa: ODK Collect and its kin list the form, download it with the sites, and send it filled.

use std::fmt::Write as _;
use std::path::Path;

use app::Error;
use app::openrosa::{Arrived, FORM_ID, FORM_PART, LARGEST_SUBMISSION, SITES_FILE, Taken};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::multipart::MultipartRejection;
use axum::extract::{DefaultBodyLimit, Multipart, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, head};
use serde::Deserialize;
use serde_json::Value;
use tokio::io::AsyncWriteExt;

use super::imports::upload_fault;
use super::map::base_url;
use crate::caller::{Asked, Caller, ODK_KEY};
use crate::desk::Desk;
use crate::problem::Problem;

/// A little more than the files, for the form around them.
const LARGEST_BODY: usize = LARGEST_SUBMISSION + (1 << 20);
/// Parts of one request.
const MOST_PARTS: usize = 300;
/// Bytes of the body of a problem.
const LARGEST_PROBLEM: usize = 1 << 20;
const XML: &str = "text/xml; charset=utf-8";

/// All addresses, once with the token as a password, once with the token in the address.
pub(super) fn router() -> Router<Desk> {
    let mut router = Router::new();
    for root in ["/odk", "/odk/key/{token}"] {
        let form = format!("{root}/forms/{FORM_ID}");
        router = router
            .route(&format!("{root}/formList"), get(list_forms))
            .route(&format!("{form}.xml"), get(show_form))
            .route(&format!("{form}/manifest"), get(show_manifest))
            .route(&format!("{form}/{SITES_FILE}"), get(show_sites))
            .route(
                &format!("{root}/submission"),
                head(greet_submission).post(take_submission),
            );
    }
    router
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(from_fn(in_openrosa))
}

/// The headers that clients look for, and problems in their own words.
async fn in_openrosa(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    let mut response = match status.is_client_error() || status.is_server_error() {
        true => in_words(response).await,
        false => response,
    };
    let headers = response.headers_mut();
    let size = HeaderValue::from(LARGEST_SUBMISSION);
    headers.insert(
        HeaderName::from_static("x-openrosa-version"),
        HeaderValue::from_static("1.0"),
    );
    headers.insert(
        HeaderName::from_static("x-openrosa-accept-content-length"),
        size,
    );
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static(r#"Basic realm="qingshan", charset="UTF-8""#),
        );
    }
    response
}

/// A problem as an OpenRosa message: what is wrong, and what to do.
async fn in_words(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, LARGEST_PROBLEM).await.unwrap_or_default();
    let problem: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (message, hint) = (text(&problem["message"]), text(&problem["details"]["hint"]));
    let told: Vec<&str> = [message.as_str(), hint.as_str()]
        .into_iter()
        .filter(|t| !t.is_empty())
        .collect();
    let body = message_xml("submit_error", &told.join("。"));
    parts.headers.remove(header::CONTENT_LENGTH);
    parts
        .headers
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(XML));
    Response::from_parts(parts, Body::from(body))
}

fn message_xml(nature: &str, text: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <OpenRosaResponse xmlns=\"http://openrosa.org/http/response\"><message nature=\"{nature}\">{}</message></OpenRosaResponse>\n",
        escaped(text)
    )
}

fn escaped(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn xml(body: String) -> Response {
    ([(header::CONTENT_TYPE, XML)], body).into_response()
}

/// The address of the protocol's root as the caller sees it, with the token where it came in the address.
fn root_of(desk: &Desk, caller: &Caller, headers: &HeaderMap) -> String {
    let base = base_url(desk, headers);
    let token = caller.path().strip_prefix(ODK_KEY);
    match token.and_then(|rest| rest.split_once('/')) {
        Some((token, _)) => format!("{base}{ODK_KEY}{token}"),
        None => format!("{base}/odk"),
    }
}

/// Which form is asked for.
#[derive(Debug, Default, Deserialize)]
struct Wanted {
    #[serde(rename = "formID")]
    form_id: Option<String>,
}

async fn list_forms(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(wanted): Asked<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let form = desk.look(&caller, |session, _| session.odk_form()).await?;
    let root = root_of(&desk, &caller, &headers);
    let mut body = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xforms xmlns=\"http://openrosa.org/xforms/xformsList\">\n",
    );
    if wanted.form_id.is_none_or(|id| id == FORM_ID) {
        let _ = writeln!(
            body,
            "<xform><formID>{FORM_ID}</formID><name>{name}</name><version>{version}</version><hash>md5:{md5}</hash>\
             <downloadUrl>{root}/forms/{FORM_ID}.xml</downloadUrl><manifestUrl>{root}/forms/{FORM_ID}/manifest</manifestUrl></xform>",
            name = escaped(&form.name),
            root = escaped(&root),
            version = form.version,
            md5 = form.md5,
        );
    }
    body.push_str("</xforms>\n");
    Ok(xml(body))
}

async fn show_form(State(desk): State<Desk>, caller: Caller) -> Result<Response, Problem> {
    let form = desk.look(&caller, |session, _| session.odk_form()).await?;
    Ok(xml(form.xml))
}

async fn show_manifest(
    State(desk): State<Desk>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let sites = desk
        .look(&caller, |session, atlases| session.odk_sites(atlases))
        .await?;
    let root = escaped(&root_of(&desk, &caller, &headers));
    Ok(xml(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<manifest xmlns=\"http://openrosa.org/xforms/xformsManifest\">\n\
         <mediaFile><filename>{SITES_FILE}</filename><hash>md5:{}</hash>\
         <downloadUrl>{root}/forms/{FORM_ID}/{SITES_FILE}</downloadUrl></mediaFile>\n</manifest>\n",
        sites.md5,
    )))
}

async fn show_sites(State(desk): State<Desk>, caller: Caller) -> Result<Response, Problem> {
    desk.note(&caller, "download_odk_sites", SITES_FILE);
    let sites = desk
        .look(&caller, |session, atlases| session.odk_sites(atlases))
        .await?;
    let kind = [(header::CONTENT_TYPE, "text/csv; charset=utf-8")];
    Ok((kind, sites.csv).into_response())
}

/// Clients ask where to send, and how much at once, before they send.
async fn greet_submission(
    State(desk): State<Desk>,
    caller: Caller,
    headers: HeaderMap,
) -> Response {
    let at = format!("{}/submission", root_of(&desk, &caller, &headers));
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Ok(at) = HeaderValue::from_str(&at) {
        response.headers_mut().insert(header::LOCATION, at);
    }
    response
}

async fn take_submission(
    State(desk): State<Desk>,
    caller: Caller,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, Problem> {
    let form = form.map_err(|e| upload_fault(&desk, &caller, e.status(), &e.body_text()))?;
    desk.look(&caller, |session, _| session.may_send_forms())
        .await?;
    let (_, place) = app::import::new_waiting(desk.home(), desk.now())
        .map_err(|e| desk.problem(&caller.context, &e))?;
    let taken = match take_parts(&desk, &caller, form, &place).await {
        Ok(arrived) => {
            let home = desk.home().to_owned();
            let person = caller.visitor.person.person_id.clone();
            desk.write(&caller, move |session, _| {
                session.take_submission(&home, &person, &arrived)
            })
            .await
        }
        Err(problem) => Err(problem),
    };
    // What is needed lies elsewhere by now; what is left goes, whether or not that works.
    let _ = tokio::fs::remove_dir_all(&place).await;
    let messages = desk.messages(caller.context.language);
    let text = match taken? {
        Taken::Recorded => messages.text("odk.recorded", &[]),
        Taken::Known => messages.text("odk.known", &[]),
        Taken::Waits(names) => {
            let count = names.len().to_string();
            messages.text(
                "odk.waits",
                &[("count", &count), ("names", &names.join("、"))],
            )
        }
    };
    let body = message_xml("submit_success", &text);
    Ok((StatusCode::CREATED, xml(body)).into_response())
}

/// Writes each part as it comes, never holding one whole; where it lies says nothing of its name.
async fn take_parts(
    desk: &Desk,
    caller: &Caller,
    mut form: Multipart,
    place: &Path,
) -> Result<Vec<Arrived>, Problem> {
    let internal = |e: std::io::Error| desk.problem(&caller.context, &Error::internal(e));
    let broken = |e: axum::extract::multipart::MultipartError| {
        upload_fault(desk, caller, e.status(), &e.body_text())
    };
    let mut arrived = Vec::new();
    while let Some(mut part) = form.next_field().await.map_err(broken)? {
        if arrived.len() >= MOST_PARTS {
            return Err(upload_fault(
                desk,
                caller,
                StatusCode::PAYLOAD_TOO_LARGE,
                "parts",
            ));
        }
        let of = part.name().unwrap_or_default().to_owned();
        // The form itself may come without a name; anything else without one is no file.
        let name = part.file_name().map(str::to_owned);
        let Some(name) = name.or_else(|| (of == FORM_PART).then(|| of.clone())) else {
            continue;
        };
        let path = place.join(format!("{}.part", arrived.len()));
        let mut file = tokio::fs::File::create(&path).await.map_err(internal)?;
        while let Some(chunk) = part.chunk().await.map_err(broken)? {
            file.write_all(&chunk).await.map_err(internal)?;
        }
        file.sync_all().await.map_err(internal)?;
        arrived.push(Arrived {
            part: of,
            name,
            path,
        });
    }
    Ok(arrived)
}
