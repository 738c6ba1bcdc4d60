//! Issues: opening, every step, lists, work list, duties, urging, statistics, look-backs.

use app::{
    ActReceipt, ActRequest, ClosingView, DrawRequest, Duties, IssueList, IssuePaging,
    IssueProposal, IssueQuery, IssueStatisticsView, IssueView, LessonList, LookBackDraw,
    LookBackPlan, OpenIssueRequest, PlanLookBacksRequest, PublicityList, ReceiptView, TimelineItem,
    UrgingList, UrgingQuery, Worklist, WorklistQuery,
};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::ledgers::made_file;
use super::sites::When;
use crate::caller::{Asked, Caller, Named, Said};
use crate::desk::Desk;
use crate::problem::{Problem, ProblemBody};
use crate::told::Told;

/// Issues the post may read, filtered, sorted, by pages, with counts by state and light.
#[utoipa::path(get, path = "/api/v1/issues", tag = "issues", params(IssueQuery, IssuePaging),
    responses((status = 200, body = IssueList), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn list_issues(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(query): Asked<IssueQuery>,
    Asked(paging): Asked<IssuePaging>,
) -> Result<Response, Problem> {
    let told = desk.read_figures(&caller, move |session, atlases| {
        session.list_issues(atlases, &query, &paging)
    });
    Ok(told.await?.into_json())
}

/// Everything of an issue, by its id, its number, or the newest one of a site.
#[utoipa::path(get, path = "/api/v1/issues/{issue}", tag = "issues",
    params(("issue" = String, Path), When),
    responses((status = 200, body = IssueView), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn show_issue(
    State(desk): State<Desk>,
    caller: Caller,
    Named(issue): Named<String>,
    Asked(when): Asked<When>,
) -> Result<Told<IssueView>, Problem> {
    desk.read(&caller, move |session, _| {
        session.issue_page(&issue, when.as_of()?)
    })
    .await
}

/// What was entered about an issue, in order.
#[utoipa::path(get, path = "/api/v1/issues/{issue}/entries", tag = "issues",
    params(("issue" = String, Path), When),
    responses((status = 200, body = Vec<TimelineItem>), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn list_issue_entries(
    State(desk): State<Desk>,
    caller: Caller,
    Named(issue): Named<String>,
    Asked(when): Asked<When>,
) -> Result<Told<Vec<TimelineItem>>, Problem> {
    desk.read(&caller, move |session, _| {
        session.issue_timeline(&issue, when.as_of()?)
    })
    .await
}

/// What opening an issue on a site would say, with every case and what it asks for.
#[utoipa::path(get, path = "/api/v1/sites/{site_code}/issues/proposal", tag = "issues",
    params(("site_code" = String, Path)),
    responses((status = 200, body = IssueProposal), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn propose_issue(
    State(desk): State<Desk>,
    caller: Caller,
    Named(site_code): Named<String>,
) -> Result<Told<IssueProposal>, Problem> {
    desk.read(&caller, move |session, _| {
        session.issue_proposal(&site_code)
    })
    .await
}

/// Opens an issue on a site; what is left out is filled from the proposal.
#[utoipa::path(post, path = "/api/v1/sites/{site_code}/issues", tag = "issues",
    params(("site_code" = String, Path)), request_body = OpenIssueRequest,
    responses((status = 200, body = ActReceipt), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn open_issue(
    State(desk): State<Desk>,
    caller: Caller,
    Named(site_code): Named<String>,
    Said(said): Said<OpenIssueRequest>,
) -> Result<Json<ActReceipt>, Problem> {
    let opened = desk
        .write(&caller, move |session, _| {
            session.open_issue(&site_code, &said)
        })
        .await?;
    Ok(Json(opened))
}

/// Whether only to say what would follow.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Trying {
    #[serde(default)]
    dry_run: bool,
}

/// Enters a step of an issue. 400 with everything that is lacking where the step may not be taken; 409 where the site
/// moved on.
#[utoipa::path(post, path = "/api/v1/issues/{issue}/acts", tag = "issues",
    params(("issue" = String, Path), Trying), request_body = ActRequest,
    responses((status = 200, body = ActReceipt), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn act_on_issue(
    State(desk): State<Desk>,
    caller: Caller,
    Named(issue): Named<String>,
    Asked(trying): Asked<Trying>,
    Said(said): Said<ActRequest>,
) -> Result<Json<ActReceipt>, Problem> {
    let done = desk
        .write(&caller, move |session, _| {
            session.act_on_issue(&issue, said, trying.dry_run)
        })
        .await?;
    Ok(Json(done))
}

/// In which form.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct InForm {
    /// `html` (the usual), `txt`.
    format: Option<String>,
}

/// The letter of a rung as it would be issued today, to print.
#[utoipa::path(get, path = "/api/v1/issues/{issue}/letters/{rung}", tag = "issues",
    params(("issue" = String, Path), ("rung" = String, Path), InForm),
    responses((status = 200, content((Vec<u8> = "text/html"))), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn download_letter(
    State(desk): State<Desk>,
    caller: Caller,
    Named((issue, rung)): Named<(String, String)>,
    Asked(form): Asked<InForm>,
) -> Result<Response, Problem> {
    desk.note(&caller, "export_view", "letter");
    let made = desk
        .look(&caller, move |session, _| {
            session.letter_file(&issue, &rung, form.format.as_deref().unwrap_or("html"))
        })
        .await?;
    Ok(made_file(made))
}

/// What waits for the post: by step, the most urgent first.
#[utoipa::path(get, path = "/api/v1/worklist", tag = "issues", params(WorklistQuery),
    responses((status = 200, body = Worklist), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn show_worklist(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(query): Asked<WorklistQuery>,
) -> Result<Response, Problem> {
    let told = desk.read_figures(&caller, move |session, atlases| {
        session.worklist(atlases, &query)
    });
    Ok(told.await?.into_json())
}

/// The responsibility list of a scope: milestones, demands, and each issue with target, deadline and progress.
#[utoipa::path(get, path = "/api/v1/duties", tag = "issues", params(IssueQuery, IssuePaging),
    responses((status = 200, body = Duties), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn show_duties(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(query): Asked<IssueQuery>,
    Asked(paging): Asked<IssuePaging>,
) -> Result<Response, Problem> {
    let told = desk.read_figures(&caller, move |session, atlases| {
        session.duties(atlases, &query, &paging)
    });
    Ok(told.await?.into_json())
}

/// The responsibility list as a workbook.
#[utoipa::path(get, path = "/api/v1/duties/file", tag = "issues", params(IssueQuery, When),
    responses((status = 200, content((Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
        (status = "4XX", body = ProblemBody)))]
pub(crate) async fn download_duties(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(query): Asked<IssueQuery>,
    Asked(when): Asked<When>,
) -> Result<Response, Problem> {
    desk.note(&caller, "export_view", "duties");
    let made = desk
        .look(&caller, move |session, atlases| {
            session.duties_file(atlases, &query, when.as_of)
        })
        .await?;
    Ok(made_file(made))
}

/// Rungs that are due, each with its letter, and reminders of today.
#[utoipa::path(get, path = "/api/v1/urging", tag = "issues", params(UrgingQuery),
    responses((status = 200, body = UrgingList), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn show_urging(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(query): Asked<UrgingQuery>,
) -> Result<Response, Problem> {
    let told = desk.read_figures(&caller, move |session, atlases| {
        session.urging_list(atlases, &query)
    });
    Ok(told.await?.into_json())
}

/// Of what, and as of when.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfIssues {
    station: Option<String>,
    lead: Option<String>,
    /// `now`, a day `YYYY-MM-DD`, or a log size `@N`.
    as_of: Option<String>,
}

impl OfIssues {
    fn as_of(&self) -> Result<app::AsOf, app::Error> {
        app::parse_as_of(self.as_of.as_deref().unwrap_or("now"))
    }
}

/// Issues by state, source and case; rates as raw pairs; quantities, penalties, money.
#[utoipa::path(get, path = "/api/v1/issues/statistics", tag = "issues", params(OfIssues),
    responses((status = 200, body = IssueStatisticsView), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn show_issue_statistics(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(of): Asked<OfIssues>,
) -> Result<Response, Problem> {
    let told = desk.read_figures(&caller, move |session, atlases| {
        let as_of = of.as_of()?;
        session.issue_statistics_view(atlases, of.station.as_deref(), of.lead.as_deref(), as_of)
    });
    Ok(told.await?.into_json())
}

/// The same as a workbook.
#[utoipa::path(get, path = "/api/v1/issues/statistics/file", tag = "issues", params(OfIssues),
    responses((status = 200, content((Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
        (status = "4XX", body = ProblemBody)))]
pub(crate) async fn download_issue_statistics(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(of): Asked<OfIssues>,
) -> Result<Response, Problem> {
    desk.note(&caller, "export_view", "issue_statistics");
    let made = desk
        .look(&caller, move |session, atlases| {
            let as_of = of.as_of()?;
            session.issue_statistics_file(atlases, of.station.as_deref(), of.lead.as_deref(), as_of)
        })
        .await?;
    Ok(made_file(made))
}

/// Which closed issues a seed draws for a look-back; nothing is written.
#[utoipa::path(get, path = "/api/v1/look-backs/draw", tag = "issues", params(DrawRequest),
    responses((status = 200, body = LookBackDraw), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn draw_look_backs(
    State(desk): State<Desk>,
    caller: Caller,
    Asked(request): Asked<DrawRequest>,
) -> Result<Told<LookBackDraw>, Problem> {
    desk.read(&caller, move |session, atlases| {
        session.draw_look_backs(atlases, &request)
    })
    .await
}

/// Draws again by the seed and records a plan for each issue drawn.
#[utoipa::path(post, path = "/api/v1/look-backs", tag = "issues", request_body = PlanLookBacksRequest,
    responses((status = 200, body = LookBackPlan), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn plan_look_backs(
    State(desk): State<Desk>,
    caller: Caller,
    Said(said): Said<PlanLookBacksRequest>,
) -> Result<Json<LookBackPlan>, Problem> {
    let planned = desk
        .write(&caller, move |session, atlases| {
            session.plan_look_backs(atlases, &said)
        })
        .await?;
    Ok(Json(planned))
}

/// What close-outs of the campaign are measured by: cases, conditions, chains, timers, ladder.
#[utoipa::path(get, path = "/api/v1/closing", tag = "issues",
    responses((status = 200, body = ClosingView), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn show_closing(
    State(desk): State<Desk>,
    caller: Caller,
) -> Result<Told<ClosingView>, Problem> {
    desk.read(&caller, |session, _| session.closing_view())
        .await
}

/// 登记请求 — the body of an entry, with the day claimed.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct RecordRequest {
    /// `LessonRecorded` or `PublicityRecorded`; with `issue` it is an act of that issue.
    #[schema(value_type = Object)]
    body: Map<String, Value>,
    on: Option<Date>,
}

/// Gaps that were found and the rules made of them, the newest first.
#[utoipa::path(get, path = "/api/v1/lessons", tag = "issues",
    responses((status = 200, body = LessonList), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn list_lessons(
    State(desk): State<Desk>,
    caller: Caller,
) -> Result<Told<LessonList>, Problem> {
    desk.read(&caller, |session, atlases| session.list_lessons(atlases))
        .await
}

/// Records a gap and the rule made of it.
#[utoipa::path(post, path = "/api/v1/lessons", tag = "issues", request_body = RecordRequest,
    responses((status = 200, body = Option<ReceiptView>), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn record_lesson(
    State(desk): State<Desk>,
    caller: Caller,
    Said(said): Said<RecordRequest>,
) -> Result<Json<Option<ReceiptView>>, Problem> {
    let receipt = desk
        .write(&caller, move |session, _| {
            session.record_beside("lesson.recorded", said.body, said.on)
        })
        .await?;
    Ok(Json(receipt))
}

/// Reports and exposures, the newest first.
#[utoipa::path(get, path = "/api/v1/publicity", tag = "issues",
    responses((status = 200, body = PublicityList), (status = 304), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn list_publicity(
    State(desk): State<Desk>,
    caller: Caller,
) -> Result<Told<PublicityList>, Problem> {
    desk.read(&caller, |session, atlases| session.list_publicity(atlases))
        .await
}

/// Records a report or an exposure.
#[utoipa::path(post, path = "/api/v1/publicity", tag = "issues", request_body = RecordRequest,
    responses((status = 200, body = Option<ReceiptView>), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn record_publicity(
    State(desk): State<Desk>,
    caller: Caller,
    Said(said): Said<RecordRequest>,
) -> Result<Json<Option<ReceiptView>>, Problem> {
    let receipt = desk
        .write(&caller, move |session, _| {
            session.record_beside("publicity.recorded", said.body, said.on)
        })
        .await?;
    Ok(Json(receipt))
}
