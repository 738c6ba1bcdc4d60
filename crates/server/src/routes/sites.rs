//! Sites: lists, dossiers, timelines.

use app::atlas::{Atlases, SiteQuery};
use app::{
    AmendRequest, DossierView, FocalRequest, MergeRequest, Paging, ReceiptView, RemarkRequest,
    ReviewRequest, Session, SiteCounts, SiteDiffView, SiteList, StandingRequest, TimelineItem,
    VerificationRequest,
};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::caller::{Asked, Caller, Named, Said};
use crate::desk::Desk;
use crate::problem::{Problem, ProblemBody};
use crate::told::Told;

/// For when a view is drawn.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct When {
    /// `now`, a day `YYYY-MM-DD`, or a log size `@N`.
    pub(crate) as_of: Option<String>,
}

impl When {
    pub(crate) fn as_of(&self) -> Result<app::AsOf, app::Error> {
        app::parse_as_of(self.as_of.as_deref().unwrap_or("now"))
    }
}

/// Sites the post may read, filtered, sorted, by pages.
#[utoipa::path(get, path = "/api/v1/sites", tag = "sites", params(SiteQuery, Paging),
    responses((status = 200, body = SiteList), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn list_sites(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(query): Asked<SiteQuery>,
    Asked(paging): Asked<Paging>,
) -> Result<Told<SiteList>, Problem> {
    desk.read(&caller, move |session, atlases| {
        session.list_sites(atlases, &query, &paging)
    })
    .await
}

/// By which codes sites are counted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CountedBy {
    /// Up to three of `state`, `station`, `zone`, `activity`, `focal`, `verdict`, `severity`, `has_issue`, by commas.
    by: String,
}

/// The sites the post may read that count, by up to three codes, with their area.
#[utoipa::path(get, path = "/api/v1/counts", tag = "views", params(CountedBy, SiteQuery, When),
    responses((status = 200, body = SiteCounts), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn count_sites(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(counted): Asked<CountedBy>,
    Asked(query): Asked<SiteQuery>,
    Asked(when): Asked<When>,
) -> Result<Response, Problem> {
    let is_of_all = query == SiteQuery::default();
    let count = move |session: &Session, atlases: &Atlases| {
        let as_of = when.as_of()?;
        let atlas = session.atlas(atlases, as_of)?;
        session.count_sites(&atlas, &query, &counted.by, as_of)
    };
    match is_of_all {
        true => Ok(desk.read_figures(&caller, count).await?.into_json()),
        false => Ok(desk.read(&caller, count).await?.into_response()),
    }
}

/// The dossier of a site, by its own or an issued code.
#[utoipa::path(get, path = "/api/v1/sites/{site_code}", tag = "sites",
    params(("site_code" = String, Path), When),
    responses((status = 200, body = DossierView), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn show_site(
    State(desk): State<Desk>,
    caller: Caller,
    Named(site_code): Named<String>,
    Asked(when): Asked<When>,
) -> Result<Told<DossierView>, Problem> {
    desk.read(&caller, move |session, atlases| {
        session.dossier_page(atlases, &site_code, when.as_of()?)
    })
    .await
}

/// Everything entered about a site, in order.
#[utoipa::path(get, path = "/api/v1/sites/{site_code}/entries", tag = "sites",
    params(("site_code" = String, Path), When),
    responses((status = 200, body = Vec<TimelineItem>), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn list_entries(
    State(desk): State<Desk>,
    caller: Caller,
    Named(site_code): Named<String>,
    Asked(when): Asked<When>,
) -> Result<Told<Vec<TimelineItem>>, Problem> {
    desk.read(&caller, move |session, _| {
        session.timeline(&site_code, when.as_of()?)
    })
    .await
}

/// Between which days a dossier is compared.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DaysApart {
    /// `YYYY-MM-DD` or `@N`.
    from: String,
    /// `now` where it is not said.
    to: Option<String>,
}

/// What changed in a dossier between two days.
#[utoipa::path(get, path = "/api/v1/sites/{site_code}/diff", tag = "sites",
    params(("site_code" = String, Path), DaysApart),
    responses((status = 200, body = SiteDiffView), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn diff_site(
    State(desk): State<Desk>,
    caller: Caller,
    Named(site_code): Named<String>,
    Asked(days): Asked<DaysApart>,
) -> Result<Told<SiteDiffView>, Problem> {
    desk.read(&caller, move |session, _| {
        let from = app::parse_as_of(&days.from)?;
        let to = app::parse_as_of(days.to.as_deref().unwrap_or("now"))?;
        session.diff_site(&site_code, from, to)
    })
    .await
}

/// Sets facts of a site, with a reason. 409 with both sides where somebody else set the same facts meanwhile.
#[utoipa::path(post, path = "/api/v1/sites/{site_code}/amendments", tag = "sites",
    params(("site_code" = String, Path)), request_body = AmendRequest,
    responses((status = 200, body = ReceiptView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn amend_site(
    State(desk): State<Desk>,
    caller: Caller,
    Named(site_code): Named<String>,
    Said(said): Said<AmendRequest>,
) -> Result<Json<ReceiptView>, Problem> {
    let receipt = desk
        .write(&caller, move |session, _| {
            session.amend_site(&site_code, &said)
        })
        .await?;
    Ok(Json(receipt))
}

/// Records a verification by hand.
#[utoipa::path(post, path = "/api/v1/sites/{site_code}/verifications", tag = "sites",
    params(("site_code" = String, Path)), request_body = VerificationRequest,
    responses((status = 200, body = ReceiptView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn verify_site(
    State(desk): State<Desk>,
    caller: Caller,
    Named(site_code): Named<String>,
    Said(said): Said<VerificationRequest>,
) -> Result<Json<ReceiptView>, Problem> {
    let receipt = desk
        .write(&caller, move |session, _| {
            session.record_verification(&site_code, &said)
        })
        .await?;
    Ok(Json(receipt))
}

/// Accepts a verification made in the field, or returns it.
#[utoipa::path(post, path = "/api/v1/sites/{site_code}/verification-reviews", tag = "sites",
    params(("site_code" = String, Path)), request_body = ReviewRequest,
    responses((status = 200, body = ReceiptView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn review_verification(
    State(desk): State<Desk>,
    caller: Caller,
    Named(site_code): Named<String>,
    Said(said): Said<ReviewRequest>,
) -> Result<Json<ReceiptView>, Problem> {
    let receipt = desk
        .write(&caller, move |session, _| {
            session.review_verification(&site_code, &said)
        })
        .await?;
    Ok(Json(receipt))
}

/// Merges a site into another one that it turned out to be, with a reason; its clues follow.
#[utoipa::path(post, path = "/api/v1/sites/{site_code}/merges", tag = "sites",
    params(("site_code" = String, Path)), request_body = MergeRequest,
    responses((status = 200, body = ReceiptView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn merge_site(
    State(desk): State<Desk>,
    caller: Caller,
    Named(site_code): Named<String>,
    Said(said): Said<MergeRequest>,
) -> Result<Json<ReceiptView>, Problem> {
    let receipt = desk
        .write(&caller, move |session, _| {
            session.merge_site(&site_code, &said)
        })
        .await?;
    Ok(Json(receipt))
}

/// Takes a site off the ledgers that was registered by mistake, with a reason; it stays readable.
#[utoipa::path(post, path = "/api/v1/sites/{site_code}/withdrawals", tag = "sites",
    params(("site_code" = String, Path)), request_body = StandingRequest,
    responses((status = 200, body = ReceiptView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn withdraw_site(
    State(desk): State<Desk>,
    caller: Caller,
    Named(site_code): Named<String>,
    Said(said): Said<StandingRequest>,
) -> Result<Json<ReceiptView>, Problem> {
    let receipt = desk
        .write(&caller, move |session, _| {
            session.withdraw_site(&site_code, &said)
        })
        .await?;
    Ok(Json(receipt))
}

/// Takes back that a site was merged or withdrawn, with a reason; it counts again.
#[utoipa::path(post, path = "/api/v1/sites/{site_code}/restorations", tag = "sites",
    params(("site_code" = String, Path)), request_body = StandingRequest,
    responses((status = 200, body = ReceiptView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn restore_site(
    State(desk): State<Desk>,
    caller: Caller,
    Named(site_code): Named<String>,
    Said(said): Said<StandingRequest>,
) -> Result<Json<ReceiptView>, Problem> {
    let receipt = desk
        .write(&caller, move |session, _| {
            session.restore_site(&site_code, &said)
        })
        .await?;
    Ok(Json(receipt))
}

/// Sets the computed focal category otherwise, with a reason.
#[utoipa::path(post, path = "/api/v1/sites/{site_code}/focal-overrides", tag = "sites",
    params(("site_code" = String, Path)), request_body = FocalRequest,
    responses((status = 200, body = ReceiptView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn override_focal(
    State(desk): State<Desk>,
    caller: Caller,
    Named(site_code): Named<String>,
    Said(said): Said<FocalRequest>,
) -> Result<Json<ReceiptView>, Problem> {
    let receipt = desk
        .write(&caller, move |session, _| {
            session.override_focal(&site_code, &said)
        })
        .await?;
    Ok(Json(receipt))
}

/// Puts an instruction, a finding, a note or an answer on the site's page.
#[utoipa::path(post, path = "/api/v1/sites/{site_code}/remarks", tag = "sites",
    params(("site_code" = String, Path)), request_body = RemarkRequest,
    responses((status = 200, body = ReceiptView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn remark(
    State(desk): State<Desk>,
    caller: Caller,
    Named(site_code): Named<String>,
    Said(said): Said<RemarkRequest>,
) -> Result<Json<ReceiptView>, Problem> {
    let receipt = desk
        .write(&caller, move |session, _| session.remark(&site_code, &said))
        .await?;
    Ok(Json(receipt))
}
