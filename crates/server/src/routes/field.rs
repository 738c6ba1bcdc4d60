//! Phones: enrolment, contact, packs, files in pieces, items and what becomes of them.

use app::field::{
    self, Balance, Chunk, Contact, ContactAnswer, DecisionRequest, Devices, EnrolRequest, Enrolled,
    FieldItems, ItemFilter, ItemStatus, LARGEST_CHUNK, LARGEST_FIELD_BLOB, LARGEST_RESCUE,
    LockRequest, PackManifest, RescueReport, Standing, Submission, TokenFresh, Uploads,
};
use app::{Error, ReceiptView};
use axum::Json;
use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::caller::{Asked, Caller, Named, Phone, Said};
use crate::desk::{Desk, Waiting};
use crate::problem::{Problem, ProblemBody};
use crate::told;
use crate::web::ranged;

/// All addresses of phones.
pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(enrol_device, list_devices))
        .routes(routes!(renew_device_token))
        .routes(routes!(lock_device))
        .routes(routes!(show_balance))
        .routes(routes!(make_contact))
        .routes(routes!(show_pack))
        .routes(routes!(show_pack_part))
        .routes(routes!(find_upload, take_chunk))
        .routes(routes!(take_items, list_items))
        .routes(routes!(decide_item))
}

/// Enrols a phone for whoever is logged in; the same phone again gets a fresh token.
#[utoipa::path(post, path = "/api/v1/field/devices", tag = "field", request_body = EnrolRequest,
    responses((status = 201, body = Enrolled), (status = 200, body = Enrolled), (status = "4XX", body = ProblemBody)))]
async fn enrol_device(
    State(desk): State<Desk>,
    caller: Caller,
    Said(request): Said<EnrolRequest>,
) -> Result<(StatusCode, Json<Enrolled>), Problem> {
    let (inner, visitor) = (desk.clone(), caller.visitor.clone());
    let enrolled = desk
        .write(&caller, move |session, _| {
            field::enrol(session, &mut inner.accounts(), &visitor, &request)
        })
        .await?;
    desk.forget_visitors();
    let status = match enrolled.is_new {
        true => StatusCode::CREATED,
        false => StatusCode::OK,
    };
    Ok((status, Json(enrolled)))
}

/// Phones of one's own, and of the stations one answers for.
#[utoipa::path(get, path = "/api/v1/field/devices", tag = "field",
    responses((status = 200, body = Devices), (status = "4XX", body = ProblemBody)))]
async fn list_devices(State(desk): State<Desk>, caller: Caller) -> Result<Json<Devices>, Problem> {
    let inner = desk.clone();
    let visitor = caller.visitor.clone();
    let devices = desk.look(&caller, move |session, _| {
        field::is_at_desk(&visitor)?;
        field::list_devices(session, inner.accounts_of())
    });
    let devices = devices.await?;
    desk.note(&caller, "list_devices", "field");
    Ok(Json(devices))
}

/// A fresh token for one's own phone.
#[utoipa::path(post, path = "/api/v1/field/devices/{device_id}/token", tag = "field", params(("device_id" = String, Path)),
    responses((status = 200, body = TokenFresh), (status = "4XX", body = ProblemBody)))]
async fn renew_device_token(
    State(desk): State<Desk>,
    caller: Caller,
    Named(device_id): Named<String>,
) -> Result<Json<TokenFresh>, Problem> {
    let visitor = caller.visitor.clone();
    let fresh = desk
        .with_accounts(&caller.context, move |accounts, _, now| {
            field::renew_token(accounts, &visitor, &device_id, now)
        })
        .await?;
    Ok(Json(fresh))
}

/// Locks a phone that is out of hand: one's own, or one of the stations one answers for.
#[utoipa::path(post, path = "/api/v1/field/devices/{device_id}/lock", tag = "field", params(("device_id" = String, Path)),
    request_body = LockRequest,
    responses((status = 200, body = ReceiptView), (status = "4XX", body = ProblemBody)))]
async fn lock_device(
    State(desk): State<Desk>,
    caller: Caller,
    Named(device_id): Named<String>,
    Said(request): Said<LockRequest>,
) -> Result<Json<ReceiptView>, Problem> {
    let (inner, name) = (desk.clone(), device_id.clone());
    let visitor = caller.visitor.clone();
    let receipt = desk
        .write(&caller, move |session, _| {
            field::is_at_desk(&visitor)?;
            field::lock(session, &mut inner.accounts(), &name, &request)
        })
        .await?;
    desk.note(&caller, "lock_device", &device_id);
    desk.forget_visitors();
    Ok(Json(receipt))
}

/// Which days.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Period {
    from: Date,
    to: Date,
}

/// What came from each phone on each day, and where it stands.
#[utoipa::path(get, path = "/api/v1/field/balance", tag = "field", params(Period),
    responses((status = 200, body = Balance), (status = "4XX", body = ProblemBody)))]
async fn show_balance(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(period): Asked<Period>,
) -> Result<Json<Balance>, Problem> {
    let inner = desk.clone();
    let visitor = caller.visitor.clone();
    let balance = desk.look(&caller, move |session, _| {
        field::is_at_desk(&visitor)?;
        field::balance(session, &inner.accounts(), period.from, period.to)
    });
    let balance = balance.await?;
    desk.note(
        &caller,
        "show_balance",
        &format!("{}/{}", period.from, period.to),
    );
    Ok(Json(balance))
}

/// A phone is back: its clocks, what it holds; what became of what it sent.
#[utoipa::path(post, path = "/api/v1/field/contact", tag = "field", request_body = Contact,
    responses((status = 200, body = ContactAnswer), (status = "4XX", body = ProblemBody)))]
async fn make_contact(
    State(desk): State<Desk>,
    phone: Phone,
    Said(said): Said<Contact>,
) -> Result<Json<ContactAnswer>, Problem> {
    let device_id = phone.device.device_id.clone();
    desk.settle_items(Waiting::OfDevice(device_id)).await;
    let (inner, visitor) = (desk.clone(), phone.caller.visitor.clone());
    let answer = desk.look(&phone.caller, move |session, _| {
        let mut accounts = inner.accounts();
        field::contact(session, &mut accounts, inner.packs(), &visitor, &said)
    });
    Ok(Json(answer.await?))
}

/// The newest pack of one's territory.
#[utoipa::path(get, path = "/api/v1/field/pack", tag = "field",
    responses((status = 200, body = PackManifest), (status = 304), (status = "4XX", body = ProblemBody)))]
async fn show_pack(State(desk): State<Desk>, phone: Phone) -> Result<Response, Problem> {
    let (inner, caller) = (desk.clone(), phone.caller);
    let (visitor, device) = (caller.visitor.clone(), phone.device);
    let person_id = visitor.person.person_id.clone();
    let (_, pack) = desk
        .look(&caller, move |session, atlases| {
            let people = inner.accounts().people().map_err(Error::from)?;
            let post = visitor.post.as_ref().ok_or_else(field::no_post)?;
            let holder = (&visitor.person, post, &device);
            field::pack(session, atlases, inner.packs(), holder, &people)
        })
        .await?;
    let etag = pack.etag();
    desk.note(&caller, "fetch_pack", &etag);
    if caller.if_none_match.is_some_and(|has| has.contains(&etag)) {
        return Err(Problem::not_modified());
    }
    let mut response = Json(pack.manifest(&person_id)).into_response();
    told::tag(response.headers_mut(), &etag);
    Ok(response)
}

/// Which version of a part.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PartVersion {
    /// SHA-256 that the manifest names.
    v: String,
}

/// A part of the pack; ranges are cut out of it, so that a fetch can go on where it stopped.
#[utoipa::path(get, path = "/api/v1/field/pack/parts/{name}", tag = "field", params(("name" = String, Path), PartVersion),
    responses((status = 200, content_type = "application/json", body = Vec<u8>), (status = 206),
        (status = "4XX", body = ProblemBody)))]
async fn show_pack_part(
    State(desk): State<Desk>,
    phone: Phone,
    Named(name): Named<String>,
    Asked(version): Asked<PartVersion>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (inner, visitor) = (desk.clone(), phone.caller.visitor.clone());
    let wanted = version.v.clone();
    desk.note(
        &phone.caller,
        "fetch_pack",
        &format!("{name} {}", cut(&wanted)),
    );
    let bytes = desk
        .look(&phone.caller, move |session, _| {
            field::part(
                session,
                inner.packs(),
                &visitor,
                &phone.device,
                &name,
                &wanted,
            )
        })
        .await?;
    let etag = format!("\"{}\"", version.v);
    let is_same = headers
        .get(header::IF_RANGE)
        .is_none_or(|v| v.to_str().is_ok_and(|v| v == etag));
    let mut headers = headers;
    if !is_same {
        headers.remove(header::RANGE);
    }
    let mut response = ranged(bytes.into(), &headers);
    let out = response.headers_mut();
    out.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    out.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    told::tag(out, &etag);
    Ok(response)
}

/// The beginning of a hash, as the access log names it.
fn cut(hash: &str) -> String {
    hash.chars().take(16).collect()
}

/// Rescue files may be as large as a phone is full: they come outside of the time other requests have.
pub(super) fn large_routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new().routes(routes!(take_rescue_file))
}

/// Takes in what a phone sealed for the register. A phone's token may bring any phone's file, that of a locked one too.
#[utoipa::path(post, path = "/api/v1/field/rescue-files", tag = "field",
    request_body(content = Vec<u8>, content_type = "application/x-qingshan-rescue"),
    responses((status = 200, body = RescueReport), (status = "4XX", body = ProblemBody), (status = "5XX", body = ProblemBody)))]
async fn take_rescue_file(
    State(desk): State<Desk>,
    caller: Caller,
    request: Request,
) -> Result<Json<RescueReport>, Problem> {
    let (inner, visitor) = (desk.clone(), caller.visitor.clone());
    desk.look(&caller, move |session, _| {
        field::may_rescue(session, &inner.accounts(), &visitor)
    })
    .await?;
    // Each may take gigabytes of the disk: few come in at once, and of one person one.
    let person = &caller.visitor.person.person_id;
    let lane = desk.lanes().enter(&format!("rescue {person}"), 1);
    let permit = desk.spooling().try_acquire();
    let (Some(_lane), Ok(_permit)) = (lane, permit) else {
        let messages = desk.messages(caller.context.language);
        let (status, id) = (StatusCode::SERVICE_UNAVAILABLE, &caller.context.request_id);
        return Err(Problem::coded(status, "field.busy", &[], messages, id).after(60));
    };
    let file =
        match tokio::time::timeout(SPOOL_PATIENCE, spooled(&desk, &caller, request.into_body()))
            .await
        {
            Ok(file) => file?,
            Err(_slow) => return Err(cut_off(&desk, &caller)),
        };
    let inner = desk.clone();
    let mut rescue = desk
        .open_rescue(&caller, move |session| {
            field::unseal(session, inner.accounts_of(), file.path())
        })
        .await?;
    desk.note(&caller, "rescue_file", rescue.device_id());
    // One file a turn: others write between them.
    loop {
        let inner = desk.clone();
        let (is_more, kept) = desk
            .write(&caller, move |session, _| {
                Ok((rescue.keep_file(session, inner.accounts_of())?, rescue))
            })
            .await?;
        rescue = kept;
        if !is_more {
            break;
        }
    }
    desk.settle_items(Waiting::Ids(rescue.ids())).await;
    let inner = desk.clone();
    let report = desk.write(&caller, move |session, _| {
        rescue.finish(session, inner.accounts_of())
    });
    Ok(Json(report.await?))
}

/// How long a rescue file may take to come in.
const SPOOL_PATIENCE: std::time::Duration = std::time::Duration::from_secs(3600);

fn cut_off(desk: &Desk, caller: &Caller) -> Problem {
    let messages = desk.messages(caller.context.language);
    let status = StatusCode::BAD_REQUEST;
    let id = &caller.context.request_id;
    Problem::coded(status, "request.body", &[], messages, id)
}

/// The body on disk, never held whole.
async fn spooled(
    desk: &Desk,
    caller: &Caller,
    mut body: Body,
) -> Result<tempfile::NamedTempFile, Problem> {
    let failed = |e: std::io::Error| desk.problem(&caller.context, &field::full(e));
    let folder = desk.uploads().spool();
    let folder = folder.map_err(|e| desk.problem(&caller.context, &e))?;
    let spool = tempfile::NamedTempFile::new_in(&folder).map_err(failed)?;
    let mut file = tokio::fs::File::from_std(spool.reopen().map_err(failed)?);
    let mut size = 0;
    loop {
        let next = std::future::poll_fn(|at| std::pin::Pin::new(&mut body).poll_frame(at)).await;
        let Some(frame) = next else { break };
        let frame = frame.map_err(|_cut| cut_off(desk, caller))?;
        let Ok(bytes) = frame.into_data() else {
            continue;
        };
        size += bytes.len() as u64;
        if size > LARGEST_RESCUE {
            let messages = desk.messages(caller.context.language);
            let status = StatusCode::PAYLOAD_TOO_LARGE;
            let id = &caller.context.request_id;
            return Err(Problem::coded(
                status,
                "request.too_large",
                &[],
                messages,
                id,
            ));
        }
        file.write_all(&bytes).await.map_err(failed)?;
    }
    file.flush().await.map_err(failed)?;
    Ok(spool)
}

/// Pieces that one phone sends at once.
const MOST_LANES: usize = 4;
const UPLOAD_OFFSET: &str = "upload-offset";
const UPLOAD_LENGTH: &str = "upload-length";

fn set_number(response: &mut Response, name: &'static str, number: u64) {
    response
        .headers_mut()
        .insert(name, HeaderValue::from(number));
}

/// How much of a file is here.
#[utoipa::path(head, path = "/api/v1/field/blobs/{sha256}", tag = "field", params(("sha256" = String, Path)),
    responses((status = 200, description = "`Upload-Offset` of `Upload-Length` bytes are here; equal: kept"), (status = 404),
        (status = "4XX", description = "Why is told to a PATCH"), (status = "5XX", description = "Try again")))]
async fn find_upload(
    State(desk): State<Desk>,
    phone: Phone,
    Named(sha256): Named<String>,
) -> Result<Response, Problem> {
    let (inner, name) = (desk.clone(), sha256.clone());
    let person = phone.caller.visitor.person.person_id.clone();
    let (is_kept, standing) = desk
        .look(&phone.caller, move |session, _| {
            match session.kept_size(inner.accounts_of(), &person, &name)? {
                Some(size) => Ok((true, Standing::Part(size, size))),
                None => Ok((false, inner.uploads().standing(&person, &name)?)),
            }
        })
        .await?;
    let Standing::Part(have, length) = standing else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    // All pieces are here, and the log's writer was busy when the last one came.
    if have == length && !is_kept {
        keep_whole(&desk, &phone.caller, &sha256).await?;
    }
    let mut response = StatusCode::OK.into_response();
    set_number(&mut response, UPLOAD_OFFSET, have);
    set_number(&mut response, UPLOAD_LENGTH, length);
    Ok(response)
}

/// A file that is here now.
#[derive(Debug, Serialize, ToSchema)]
struct FileKept {
    sha256: String,
    size_bytes: u64,
}

/// A piece of a file: `Upload-Offset`, `Upload-Length`, `Content-Digest` (RFC 9530), at most a mebibyte.
#[utoipa::path(patch, path = "/api/v1/field/blobs/{sha256}", tag = "field", params(("sha256" = String, Path)),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses((status = 204, description = "`Upload-Offset` tells how far it is"), (status = 201, body = FileKept),
        (status = "4XX", body = ProblemBody), (status = "5XX", body = ProblemBody)))]
async fn take_chunk(
    State(desk): State<Desk>,
    phone: Phone,
    Named(sha256): Named<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (caller, device_id) = (phone.caller, phone.device.device_id);
    let told = |status, code: &str| {
        let messages = desk.messages(caller.context.language);
        Problem::coded(status, code, &[], messages, &caller.context.request_id)
    };
    let busy = || told(StatusCode::SERVICE_UNAVAILABLE, "field.busy").after(2);
    // Slow senders fill their own lanes, not everybody's.
    let lane = desk.lanes().enter(&device_id, MOST_LANES);
    let permit = std::sync::Arc::clone(desk.chunks()).try_acquire_owned();
    let (Some(lane), Ok(permit)) = (lane, permit) else {
        return Err(busy());
    };
    let damaged = || told(StatusCode::BAD_REQUEST, "field.chunk_damaged");
    let (offset, length, digest) = said_of(request.headers()).ok_or_else(damaged)?;
    if length > LARGEST_FIELD_BLOB {
        return Err(told(StatusCode::PAYLOAD_TOO_LARGE, "field.file_too_large"));
    }
    let Ok(bytes) = to_bytes(request.into_body(), LARGEST_CHUNK).await else {
        // Cut off, or more than was said: nothing of it is kept.
        return Err(damaged());
    };
    let chunk = Chunk {
        person_id: caller.visitor.person.person_id.clone(),
        sha256: sha256.clone(),
        offset,
        length,
        digest,
        bytes: bytes.to_vec(),
    };
    let inner = desk.clone();
    let taken = desk
        .look(&caller, move |session, _| {
            // The piece is in memory no longer than this.
            let _places = (permit, lane);
            Ok(session.take_chunk(inner.accounts_of(), inner.uploads(), &chunk))
        })
        .await?;
    match taken {
        Ok(field::Arrived::Part(have)) => {
            let mut response = StatusCode::NO_CONTENT.into_response();
            set_number(&mut response, UPLOAD_OFFSET, have);
            Ok(response)
        }
        Ok(field::Arrived::Whole(_)) => {
            keep_whole(&desk, &caller, &sha256).await?;
            let kept = FileKept {
                sha256,
                size_bytes: length,
            };
            let mut response = (StatusCode::CREATED, Json(kept)).into_response();
            set_number(&mut response, UPLOAD_OFFSET, length);
            Ok(response)
        }
        Err(error) => {
            let right = Uploads::right_offset(&error);
            let mut response = desk.problem(&caller.context, &error).into_response();
            if let Some(offset) = right {
                set_number(&mut response, UPLOAD_OFFSET, offset);
            }
            Ok(response)
        }
    }
}

/// Offset, length of the whole, and digest of a piece.
fn said_of(headers: &HeaderMap) -> Option<(u64, u64, String)> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let number = |name: &str| text(name)?.parse().ok();
    Some((
        number(UPLOAD_OFFSET)?,
        number(UPLOAD_LENGTH)?,
        text("content-digest")?.to_owned(),
    ))
}

/// Puts a file whose pieces are all here among the blobs; items that waited for it go on.
async fn keep_whole(desk: &Desk, caller: &Caller, sha256: &str) -> Result<(), Problem> {
    let (inner, name) = (desk.clone(), sha256.to_owned());
    let person = caller.visitor.person.person_id.clone();
    desk.write(caller, move |session, _| {
        session.keep_whole(inner.accounts_of(), inner.uploads(), &person, &name)
    })
    .await?;
    desk.settle_items(Waiting::File(sha256.to_owned())).await;
    Ok(())
}

/// Where items stand.
#[derive(Debug, Serialize, ToSchema)]
struct ItemsAnswer {
    server_time: Timestamp,
    /// The newest signed checkpoint.
    checkpoint: String,
    /// In the order of the items.
    results: Vec<ItemStatus>,
}

/// Takes entries as phones signed them; answers where each stands.
#[utoipa::path(post, path = "/api/v1/field/items", tag = "field", request_body = Submission,
    responses((status = 200, body = ItemsAnswer), (status = "4XX", body = ProblemBody)))]
async fn take_items(
    State(desk): State<Desk>,
    phone: Phone,
    Said(submission): Said<Submission>,
) -> Result<Json<ItemsAnswer>, Problem> {
    let (caller, device) = (phone.caller, phone.device);
    let inner = desk.clone();
    let taken = desk
        .look(&caller, move |session, _| {
            let mut accounts = inner.accounts();
            let (register, now) = (&session.register, session.now);
            field::take(
                &mut accounts,
                register,
                &session.messages,
                &device,
                &submission,
                now,
            )
        })
        .await?;
    desk.settle_items(Waiting::Ids(taken.ids())).await;
    let inner = desk.clone();
    let answer = desk
        .look(&caller, move |session, _| {
            Ok(ItemsAnswer {
                server_time: session.now,
                checkpoint: session.register.checkpoint()?,
                results: taken.statuses(session, &inner.accounts())?,
            })
        })
        .await?;
    Ok(Json(answer))
}

/// Which items.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ItemsNamed {
    /// Of the phone that asks: ids with commas between, at most 500. All else is for whoever decides on items.
    ids: Option<String>,
}

/// A list, or where the items asked for stand.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum ItemsShown {
    Statuses(ItemsAnswer),
    List(FieldItems),
}

/// Where a phone's items stand; without ids, all that waits for a decision.
#[utoipa::path(get, path = "/api/v1/field/items", tag = "field", params(ItemsNamed, ItemFilter),
    responses((status = 200, body = ItemsShown), (status = "4XX", body = ProblemBody)))]
async fn list_items(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(named): Asked<ItemsNamed>,
    Asked(filter): Asked<ItemFilter>,
) -> Result<Json<ItemsShown>, Problem> {
    let is_list = named.ids.is_none();
    let (inner, visitor) = (desk.clone(), caller.visitor.clone());
    let shown = desk
        .look(&caller, move |session, _| {
            let Some(ids) = &named.ids else {
                field::is_at_desk(&visitor)?;
                return session
                    .field_items(inner.accounts_of(), &filter)
                    .map(ItemsShown::List);
            };
            let accounts = inner.accounts();
            let device = field::active_device(session, &accounts, &visitor)?;
            let results = field::find_statuses(session, &accounts, &device, ids)?;
            Ok(ItemsShown::Statuses(ItemsAnswer {
                server_time: session.now,
                checkpoint: session.register.checkpoint()?,
                results,
            }))
        })
        .await?;
    if is_list {
        desk.note(&caller, "list_field_items", &caller.filters());
    }
    Ok(Json(shown))
}

/// Decides on an item that no rule can: record it, merge it field by field, or refuse it.
#[utoipa::path(post, path = "/api/v1/field/items/{id}/decision", tag = "field", params(("id" = String, Path)),
    request_body = DecisionRequest,
    responses((status = 200, body = ItemStatus), (status = "4XX", body = ProblemBody)))]
async fn decide_item(
    State(desk): State<Desk>,
    caller: Caller,
    Named(id): Named<String>,
    Said(request): Said<DecisionRequest>,
) -> Result<Json<ItemStatus>, Problem> {
    let visitor = caller.visitor.clone();
    let inner = desk.clone();
    let object = format!("{id} {}", cut(&request.choice));
    let (status, stream) = desk
        .write(&caller, move |session, _| {
            if visitor.token.is_some() {
                drop(field::active_device(session, &inner.accounts(), &visitor)?);
                if request.choice != "merge" {
                    return Err(field::only_merge());
                }
            }
            session.decide_item(inner.accounts_of(), &id, &request)
        })
        .await?;
    desk.note(&caller, "decide_item", &object);
    // What waited behind it goes on.
    desk.settle_items(Waiting::OfStream(vec![stream])).await;
    Ok(Json(status))
}
