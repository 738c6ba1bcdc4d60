//! Judgements: what the tables propose, what people decide, what a second reader says.

use app::atlas::SiteQuery;
use app::{
    DecideRequest, DecidedView, JudgementList, JudgementView, Paging, ReadAgainRequest,
    ReasonRequest, WhatIfView,
};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use jiff::civil::Date;
use serde::Deserialize;
use utoipa::IntoParams;

use super::ledgers::made_file;
use super::sites::When;
use crate::caller::{Asked, Caller, Named, Said};
use crate::desk::Desk;
use crate::problem::{Problem, ProblemBody};
use crate::told::Told;

/// Judges a site: proposal, facts with their entries, what is missing, the way to the result.
#[utoipa::path(get, path = "/api/v1/sites/{site_code}/judgement", tag = "judgement",
    params(("site_code" = String, Path), When),
    responses((status = 200, body = JudgementView), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn judge_site(
    State(desk): State<Desk>,
    caller: Caller,
    Named(site_code): Named<String>,
    Asked(when): Asked<When>,
) -> Result<Told<JudgementView>, Problem> {
    desk.read(&caller, move |session, _| {
        session.judgement_view(&site_code, when.as_of()?)
    })
    .await
}

/// What the tables propose for the sites of a list, by pages.
#[utoipa::path(get, path = "/api/v1/judgements", tag = "judgement", params(SiteQuery, Paging),
    responses((status = 200, body = JudgementList), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn list_judgements(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(query): Asked<SiteQuery>,
    Asked(paging): Asked<Paging>,
) -> Result<Told<JudgementList>, Problem> {
    desk.read(&caller, move |session, atlases| {
        session.judgement_list(atlases, &query, &paging)
    })
    .await
}

/// Of what, and for which day.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct JudgedOn {
    /// One site; all of the scope where it is not said.
    site: Option<String>,
    station: Option<String>,
    lead: Option<String>,
    /// Today where it is not said.
    #[param(value_type = Option<String>, format = Date)]
    on: Option<Date>,
}

/// What the tables propose for every site of a scope, as a workbook.
#[utoipa::path(get, path = "/api/v1/judgements/file", tag = "judgement", params(JudgedOn),
    responses((status = 200, content((Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
        (status = "4XX", body = ProblemBody)))]
pub(crate) async fn download_judgements(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(asked): Asked<JudgedOn>,
) -> Result<Response, Problem> {
    desk.note(&caller, "export_view", "judgements");
    let made = desk
        .look(&caller, move |session, _| {
            let scope = session.own_scope(asked.station.as_deref(), asked.lead.as_deref())?;
            let on = asked.on.unwrap_or_else(|| session.today());
            session.judgements_file(&scope, asked.site.as_deref(), on)
        })
        .await?;
    Ok(made_file(made))
}

/// The verification sheet that asks for the facts the tables lack, as a workbook that comes back by import.
#[utoipa::path(get, path = "/api/v1/questions/file", tag = "judgement", params(JudgedOn),
    responses((status = 200, content((Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
        (status = "4XX", body = ProblemBody)))]
pub(crate) async fn download_questions(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(asked): Asked<JudgedOn>,
) -> Result<Response, Problem> {
    desk.note(&caller, "export_view", "questions");
    let made = desk
        .look(&caller, move |session, _| {
            let scope = session.own_scope(asked.station.as_deref(), asked.lead.as_deref())?;
            let on = asked.on.unwrap_or_else(|| session.today());
            session.questions_file(&scope, asked.site.as_deref(), on)
        })
        .await?;
    Ok(made_file(made))
}

/// Two days, or two adopted boundary versions, separated by a comma.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Compared {
    /// `2019-08-18,2026-03-15`
    on: Option<String>,
    /// Names of adopted boundary versions.
    zones: Option<String>,
    station: Option<String>,
    lead: Option<String>,
}

/// Which sites would be judged otherwise on another day or under another boundary; nothing is written.
#[utoipa::path(get, path = "/api/v1/rules/what-if", tag = "judgement", params(Compared),
    responses((status = 200, body = WhatIfView), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn what_if(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(compared): Asked<Compared>,
) -> Result<Told<WhatIfView>, Problem> {
    desk.read(&caller, move |session, _| {
        let scope = session.own_scope(compared.station.as_deref(), compared.lead.as_deref())?;
        let parts = |text: &Option<String>| -> Vec<String> {
            let parts = text.iter().flat_map(|t| t.split(',')).map(str::trim);
            parts.filter(|p| !p.is_empty()).map(str::to_owned).collect()
        };
        let days: Result<Vec<Date>, app::Error> = parts(&compared.on)
            .iter()
            .map(|d| app::parse_day(d))
            .collect();
        session.what_if_page(days?, parts(&compared.zones), &scope)
    })
    .await
}

/// Takes back the decision that stands, with a reason; the site is to be judged anew.
#[utoipa::path(post, path = "/api/v1/sites/{site_code}/characterizations/withdrawals", tag = "judgement",
    params(("site_code" = String, Path)), request_body = ReasonRequest,
    responses((status = 200, body = DecidedView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn withdraw_decision(
    State(desk): State<Desk>,
    caller: Caller,
    Named(site_code): Named<String>,
    Said(said): Said<ReasonRequest>,
) -> Result<Json<DecidedView>, Problem> {
    let decided = desk
        .write(&caller, move |session, _| {
            session.withdraw_decision(&site_code, said.reason)
        })
        .await?;
    Ok(Json(decided))
}

/// Accepts what the tables propose, or overrides it with a reason; an override waits for a second reader.
#[utoipa::path(post, path = "/api/v1/sites/{site_code}/characterizations", tag = "judgement",
    params(("site_code" = String, Path)), request_body = DecideRequest,
    responses((status = 200, body = DecidedView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn decide_site(
    State(desk): State<Desk>,
    caller: Caller,
    Named(site_code): Named<String>,
    Said(said): Said<DecideRequest>,
) -> Result<Json<DecidedView>, Problem> {
    let decided = desk
        .write(&caller, move |session, _| {
            session.decide_site(&site_code, said)
        })
        .await?;
    Ok(Json(decided))
}

/// A second reader confirms the override that waits, or sends it back.
#[utoipa::path(post, path = "/api/v1/sites/{site_code}/characterizations/confirmations", tag = "judgement",
    params(("site_code" = String, Path)), request_body = ReadAgainRequest,
    responses((status = 200, body = DecidedView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn read_again(
    State(desk): State<Desk>,
    caller: Caller,
    Named(site_code): Named<String>,
    Said(said): Said<ReadAgainRequest>,
) -> Result<Json<DecidedView>, Problem> {
    let decided = desk
        .write(&caller, move |session, _| {
            session.read_site_again(&site_code, said)
        })
        .await?;
    Ok(Json(decided))
}
