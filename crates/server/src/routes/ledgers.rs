//! Ledgers: pages for grids, differences between days, files of exactly what is seen.

use std::collections::BTreeMap;

use app::atlas::SiteQuery;
use app::{
    LedgerDiffView, LedgerGroups, LedgerPage, LedgerRequest, MadeFile, Paging, PasteRequest,
    PasteResult,
};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::caller::{Asked, Caller, Named, Said};
use crate::desk::Desk;
use crate::problem::{Problem, ProblemBody};
use crate::told::Told;

/// Conditions on cells, one parameter a column.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(
    dead_code,
    reason = "only described here; read by their common beginning"
)]
pub(crate) struct CellFilters {
    /// Text that the cell of a column must hold: `filter.facility_name`, `filter.township`, one for each column key.
    #[serde(rename = "filter.COLUMN")]
    filter: Option<String>,
}

fn request(query: SiteQuery, paging: Paging, all: BTreeMap<String, String>) -> LedgerRequest {
    let filters = all
        .iter()
        .filter_map(|(key, value)| Some((key.strip_prefix("filter.")?.to_owned(), value.clone())))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let hidden = all.get("hidden").map(|keys| {
        keys.split(',')
            .filter(|key| !key.is_empty())
            .map(str::to_owned)
            .collect()
    });
    LedgerRequest {
        query,
        paging,
        filters,
        hidden: hidden.unwrap_or_default(),
    }
}

/// One page of a ledger. `filter.COLUMN=text` keeps rows whose cell holds the text.
#[utoipa::path(get, path = "/api/v1/ledgers/{view}", tag = "ledgers",
    params(("view" = String, Path, description = "sites, focal, verified"), SiteQuery, Paging, CellFilters),
    responses((status = 200, body = LedgerPage), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn show_ledger(
    State(desk): State<Desk>,
    caller: Caller,
    Named(view): Named<String>,
    Asked(query): Asked<SiteQuery>,
    Asked(paging): Asked<Paging>,
    Asked(all): Asked<BTreeMap<String, String>>,
) -> Result<Told<LedgerPage>, Problem> {
    desk.read(&caller, move |session, atlases| {
        let view = app::parse_view(&view)?;
        session.ledger_page(atlases, view, &request(query, paging, all))
    })
    .await
}

/// Between which days a ledger is compared.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Between {
    /// `YYYY-MM-DD` or `@N`.
    from: String,
    /// `now` where it is not said.
    to: Option<String>,
}

/// What changed in a ledger between two days.
#[utoipa::path(get, path = "/api/v1/ledgers/{view}/diff", tag = "ledgers",
    params(("view" = String, Path, description = "sites, focal, verified"), Between, SiteQuery),
    responses((status = 200, body = LedgerDiffView), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn diff_ledger(
    State(desk): State<Desk>,
    caller: Caller,
    Named(view): Named<String>,
    Asked(between): Asked<Between>,
    Asked(query): Asked<SiteQuery>,
) -> Result<Told<LedgerDiffView>, Problem> {
    desk.read(&caller, move |session, atlases| {
        let view = app::parse_view(&view)?;
        let from = app::parse_as_of(&between.from)?;
        let to = app::parse_as_of(between.to.as_deref().unwrap_or("now"))?;
        session.ledger_diff(atlases, view, &query, [from, to])
    })
    .await
}

/// By which column.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Grouped {
    /// Key of a column.
    by: String,
}

/// The rows of a ledger, filtered as its pages are, counted by what stands in a column.
#[utoipa::path(get, path = "/api/v1/ledgers/{view}/groups", tag = "ledgers",
    params(("view" = String, Path, description = "sites, focal, verified"), Grouped, SiteQuery, Paging, CellFilters),
    responses((status = 200, body = LedgerGroups), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn group_ledger(
    State(desk): State<Desk>,
    caller: Caller,
    Named(view): Named<String>,
    Asked(grouped): Asked<Grouped>,
    Asked(query): Asked<SiteQuery>,
    Asked(paging): Asked<Paging>,
    Asked(all): Asked<BTreeMap<String, String>>,
) -> Result<Told<LedgerGroups>, Problem> {
    desk.read(&caller, move |session, atlases| {
        let view = app::parse_view(&view)?;
        let request = request(query, paging, all);
        session.ledger_groups(atlases, view, &request, &grouped.by)
    })
    .await
}

/// As which kind of file.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FileKind {
    /// `xlsx`, `csv`, `geojson`, `gpkg`.
    #[param(inline)]
    format: Option<String>,
    /// Keys of columns to leave out, with commas between them.
    #[allow(
        dead_code,
        reason = "only described here; read with the conditions on cells"
    )]
    hidden: Option<String>,
}

/// The ledger as filtered and sorted, as a file. The export is put on record.
#[utoipa::path(get, path = "/api/v1/ledgers/{view}/file", tag = "ledgers",
    params(("view" = String, Path, description = "sites, focal, verified"), FileKind, SiteQuery, Paging, CellFilters),
    responses(
        (status = 200, content(
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            (String = "text/csv"), (Object = "application/geo+json"), (Vec<u8> = "application/geopackage+sqlite3"))),
        (status = "4XX", body = ProblemBody)))]
pub(crate) async fn download_ledger(
    State(desk): State<Desk>,
    caller: Caller,
    Named(view): Named<String>,
    Asked(kind): Asked<FileKind>,
    Asked(query): Asked<SiteQuery>,
    Asked(paging): Asked<Paging>,
    Asked(all): Asked<BTreeMap<String, String>>,
) -> Result<Response, Problem> {
    let format = kind.format.unwrap_or_else(|| "xlsx".to_owned());
    desk.note(&caller, "export_ledger", &format!("{view}.{format}"));
    let request = request(query, paging, all);
    let (drawn, file) = desk
        .look(&caller, move |session, atlases| {
            let view = app::parse_view(&view)?;
            let drawn = session.ledger_for_file(atlases, view, &request)?;
            let file = session.ledger_file(&drawn, &format)?;
            Ok((drawn, file))
        })
        .await?;
    let format = file.format.clone();
    desk.write(&caller, move |session, _| {
        session.record_export(&drawn, &format)
    })
    .await?;
    Ok(made_file(file))
}

/// Cells pasted into a ledger: all or nothing; with `dry_run` only what would happen.
#[utoipa::path(post, path = "/api/v1/ledgers/{view}/pastes", tag = "ledgers",
    params(("view" = String, Path, description = "sites, focal, verified")), request_body = PasteRequest,
    responses((status = 200, body = PasteResult), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn paste(
    State(desk): State<Desk>,
    caller: Caller,
    Named(view): Named<String>,
    Said(said): Said<PasteRequest>,
) -> Result<Json<PasteResult>, Problem> {
    let result = desk
        .write(&caller, move |session, _| {
            app::parse_view(&view)?;
            session.paste(&said)
        })
        .await?;
    Ok(Json(result))
}

/// A made file for the disk.
pub(crate) fn made_file(made: MadeFile) -> Response {
    attachment(&made.name, made.media_type, Body::from(made.bytes))
}

/// A file for the disk, never shown in place.
pub(crate) fn attachment(name: &str, media_type: &str, body: Body) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(media_type) {
        headers.insert(header::CONTENT_TYPE, value);
    }
    let disposition = format!("attachment; filename*=UTF-8''{}", percent(name));
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

/// As RFC 5987 wants names.
fn percent(text: &str) -> String {
    use std::fmt::Write;
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
