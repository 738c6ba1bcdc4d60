//! `qingshan issues`: rectification from opening to look-back.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use app::atlas::Atlases;
use app::diagnostic::Diagnostic;
use app::{
    ActReceipt, ActRequest, DrawRequest, Error, IssuePaging, IssueQuery, IssueRow, IssueView,
    MadeFile, OpenIssueRequest, PlanLookBacksRequest, SaidAct, Session, UrgingQuery, WorklistQuery,
};
use serde_json::{Map, Value, json};

use super::Desk;
use crate::arguments::{Act, Draw, IssueListing, IssuesCommand, OpenIssue, Scope};

/// Runs one of them.
pub(super) fn run(desk: &Desk<'_>, args: &IssuesCommand) -> Result<ExitCode, Error> {
    match args {
        IssuesCommand::List(args) => list(desk, args),
        IssuesCommand::Show { issue, as_of } => show(desk, issue, as_of),
        IssuesCommand::Open(args) => open(desk, args),
        IssuesCommand::Act(args) => act(desk, args),
        IssuesCommand::Attach { site, file, note } => attach(desk, site, file, note.as_deref()),
        IssuesCommand::Worklist { kind, limit } => worklist(desk, kind.clone(), *limit),
        IssuesCommand::Duties {
            scope,
            unit,
            as_of,
            out,
        } => duties(desk, scope, unit.clone(), as_of.clone(), out.as_deref()),
        IssuesCommand::Urging {
            scope,
            not_due,
            rung,
        } => urging(desk, scope, *not_due, rung.clone()),
        IssuesCommand::Letter { issue, rung, out } => letter(desk, issue, rung, out.as_deref()),
        IssuesCommand::Stats { scope, as_of, out } => stats(desk, scope, as_of, out.as_deref()),
        IssuesCommand::Draw(args) => draw(desk, args),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn query_of(scope: &Scope) -> IssueQuery {
    IssueQuery {
        station: scope.station.clone(),
        lead: scope.lead.clone(),
        ..IssueQuery::default()
    }
}

fn list(desk: &Desk<'_>, args: &IssueListing) -> Result<(), Error> {
    let session = desk.session()?;
    let yes = |flag: bool| flag.then(|| "yes".to_owned());
    let query = IssueQuery {
        state: args.state.clone(),
        light: args.light.clone(),
        overdue: yes(args.overdue),
        open: yes(args.open),
        responsible_unit: args.unit.clone(),
        case: args.case.clone(),
        q: args.text.clone(),
        ..query_of(&args.scope)
    };
    let paging = IssuePaging {
        as_of: args.as_of.clone(),
        limit: Some(args.limit),
        ..IssuePaging::default()
    };
    let issues = session.list_issues(&Atlases::default(), &query, &paging)?;
    desk.output.value(&issues);
    say_rows(desk, issues.items.iter());
    desk.output
        .say("issues.counted", &[("count", &issues.total.to_string())]);
    Ok(())
}

fn say_rows<'a>(desk: &Desk<'_>, rows: impl Iterator<Item = &'a IssueRow>) {
    let header = |code: &str| desk.output.text(&format!("column.{code}"), &[]);
    let headers = ["issue", "state", "name", "responsible_unit", "due_on"].map(header);
    let cells = |row: &IssueRow| {
        vec![
            row.issue_code.clone(),
            row.state_label.clone(),
            row.facility_name.clone().unwrap_or_default(),
            row.responsible_unit.clone(),
            row.due_on.map_or(String::new(), |d| d.to_string()),
        ]
    };
    let rows: Vec<Vec<String>> = rows.map(cells).collect();
    desk.output.table(&headers, &rows);
}

fn show(desk: &Desk<'_>, issue: &str, as_of: &str) -> Result<(), Error> {
    let session = desk.session()?;
    let page = session.issue_page(issue, app::parse_as_of(as_of)?)?;
    desk.output.value(&page);
    say_page(desk, &page);
    Ok(())
}

fn say_page(desk: &Desk<'_>, page: &IssueView) {
    let due = page.issue.due_on.map_or(String::new(), |d| d.to_string());
    desk.output.say(
        "issues.head",
        &[
            ("issue", page.issue_code.as_str()),
            ("state", &page.state_label),
            ("unit", &page.issue.responsible.unit),
            ("due_on", &due),
            ("description", &page.issue.opened.body.description),
        ],
    );
    for line in &page.checklist {
        let code = match line.is_evidenced {
            true => "issues.evidenced",
            false => "issues.not_evidenced",
        };
        desk.output
            .say(code, &[("line", &line.line), ("label", &line.label)]);
    }
    for deadline in &page.deadlines {
        desk.output.say(
            "issues.deadline",
            &[
                ("label", deadline.label.as_str()),
                ("due_on", &deadline.due_on.to_string()),
                ("days", &deadline.days_left.to_string()),
            ],
        );
    }
    for step in page.open_steps.iter().filter(|s| s.may && !s.is_own_work) {
        let lacks: Vec<&str> = step.missing.iter().map(|m| m.text.as_str()).collect();
        desk.output.say(
            "issues.open_step",
            &[
                ("step", step.label.as_str()),
                ("kind", &step.kind),
                ("missing", &lacks.join("；")),
            ],
        );
    }
    for void in &page.void {
        desk.output.say("issues.void", &[("text", &void.text)]);
    }
}

fn open(desk: &Desk<'_>, args: &OpenIssue) -> Result<(), Error> {
    let mut session = desk.session()?;
    if args.propose {
        let proposal = session.issue_proposal(&args.site)?;
        desk.output.value(&proposal);
        let lacks: Vec<&str> = proposal.missing.iter().map(|m| m.text.as_str()).collect();
        desk.output.say(
            "issues.proposed",
            &[
                ("site", proposal.site_code.as_str()),
                ("case", &proposal.proposal.close_out_case),
                (
                    "reason",
                    proposal.proposal.case_reason.as_deref().unwrap_or(""),
                ),
                ("missing", &lacks.join("；")),
            ],
        );
        return Ok(());
    }
    let reopens = args.reopens.as_deref();
    let reopens = reopens.map(|key| session.issue_id(key)).transpose()?;
    let request = OpenIssueRequest {
        description: args.description.clone(),
        responsible_unit: args.unit.clone(),
        responsible_person: args.person.clone(),
        supervising_unit: args.supervising.clone(),
        close_out_case: args.case.clone(),
        severity: args.severity.clone(),
        carried_over_from: args.carried_over.clone(),
        reopens,
        due_on: args.due,
        plan_due_on: args.plan_due,
        demand: args.demand.clone(),
        on: args.on,
        ..OpenIssueRequest::default()
    };
    let opened = session.open_issue(&args.site, &request)?;
    say_done(desk, &opened);
    Ok(())
}

fn say_done(desk: &Desk<'_>, done: &ActReceipt) {
    desk.output.value(done);
    let code = match (done.is_new, done.entry_id.is_some()) {
        (true, _) => "issues.done",
        (false, true) => "issues.known",
        (false, false) => "issues.would_be",
    };
    desk.output.say(
        code,
        &[
            ("issue", done.issue_code.as_str()),
            ("state", &done.state_label),
        ],
    );
}

fn act(desk: &Desk<'_>, args: &Act) -> Result<(), Error> {
    let mut session = desk.session()?;
    let mut body = match &args.body {
        Some(path) => read_body(path)?,
        None => Map::new(),
    };
    for text in &args.set {
        set(&mut body, text)?;
    }
    if !args.signed.is_empty() {
        body.insert(
            signers(&args.kind).to_owned(),
            json!(signatures(&args.signed)),
        );
    }
    if args.met {
        let page = session.issue_page(&args.issue, app::AsOf::Now)?;
        let lines = page.issue.requirements.lines.iter();
        let checks: Vec<Value> = lines
            .map(|line| json!({ "line": line, "is_met": true }))
            .collect();
        body.insert("checks".to_owned(), Value::from(checks));
    }
    let request = |body| ActRequest {
        act: SaidAct {
            kind: args.kind.clone(),
            body,
        },
        based_on: args.based_on,
        on: args.on,
    };
    if !args.file.is_empty() && !args.dry_run {
        let mut without = body.clone();
        without.insert("evidence".to_owned(), json!([]));
        // A step that cannot be taken leaves no file behind; what it lacks may be these very files.
        match session.act_on_issue(&args.issue, request(without), true) {
            Err(error) if error.code() != "issue.step_refused" => return Err(error),
            _ => {}
        }
        let site = session.issue_page(&args.issue, app::AsOf::Now)?.site_code;
        let hashes = upload(&mut session, &site, &args.file, None)?;
        let named = hashes.iter().map(|(_, sha256)| sha256.clone());
        body.insert("evidence".to_owned(), named.collect());
    }
    let done = session.act_on_issue(&args.issue, request(body), args.dry_run)?;
    say_done(desk, &done);
    Ok(())
}

/// The member of a body that its signatures stand in.
fn signers(kind: &str) -> &'static str {
    match kind {
        "plan.reviewed" => "reviewers",
        "close_out.recorded" => "signatures",
        _ => "members",
    }
}

fn signatures(signed: &[String]) -> Vec<Value> {
    let one = |text: &String| match text.split_once('@') {
        Some((post, unit)) => json!({ "post": post, "unit": unit }),
        None => json!({ "post": text }),
    };
    signed.iter().map(one).collect()
}

fn read_body(path: &Path) -> Result<Map<String, Value>, Error> {
    let unreadable = |source| Error::Read {
        path: path.display().to_string(),
        source,
    };
    let mut text = String::new();
    match path.as_os_str() == "-" {
        true => std::io::stdin().read_to_string(&mut text),
        false => std::fs::File::open(path).and_then(|mut f| f.read_to_string(&mut text)),
    }
    .map_err(unreadable)?;
    serde_json::from_str(&text).map_err(|e| {
        let fault = Diagnostic::error("issue.body").arg("kind", path.display());
        Error::rejected(fault.arg("cause", e))
    })
}

/// `name=value`; the value is JSON where it reads as such, else a text.
fn set(body: &mut Map<String, Value>, text: &str) -> Result<(), Error> {
    let Some((name, value)) = text.split_once('=') else {
        let fault = Diagnostic::error("issue.body").arg("kind", text);
        return Err(Error::rejected(fault.arg("cause", "NAME=VALUE")));
    };
    let read: Option<Value> = serde_json::from_str(value).ok();
    let value = read.unwrap_or_else(|| Value::from(value));
    body.insert(name.trim().to_owned(), value);
    Ok(())
}

fn upload(
    session: &mut Session,
    site: &str,
    files: &[PathBuf],
    note: Option<&str>,
) -> Result<Vec<(String, String)>, Error> {
    let mut hashes = Vec::new();
    for path in files {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let added = session.add_evidence(site, path, &name, note)?;
        hashes.push((name.into_owned(), added.sha256));
    }
    Ok(hashes)
}

fn attach(desk: &Desk<'_>, site: &str, files: &[PathBuf], note: Option<&str>) -> Result<(), Error> {
    let mut session = desk.session()?;
    let added = upload(&mut session, site, files, note)?;
    let told = added
        .iter()
        .map(|(name, sha256)| json!({ "file_name": name, "sha256": sha256 }));
    desk.output.value(&told.collect::<Vec<Value>>());
    for (name, sha256) in &added {
        desk.output.line(&format!("{sha256}  {name}"));
    }
    Ok(())
}

fn worklist(desk: &Desk<'_>, kind: Option<String>, limit: Option<u64>) -> Result<(), Error> {
    let session = desk.session()?;
    let query = WorklistQuery {
        kind,
        limit,
        cursor: None,
    };
    let list = session.worklist(&Atlases::default(), &query)?;
    desk.output.value(&list);
    for group in &list.groups {
        desk.output.say(
            "issues.group",
            &[
                ("label", group.label.as_str()),
                ("count", &group.count.to_string()),
                ("red", &group.lights.red.to_string()),
                ("amber", &group.lights.amber.to_string()),
            ],
        );
        for item in &group.items {
            let issue = item.issue.as_ref();
            let code = issue.map_or(item.site_code.as_str(), |i| &i.issue_code);
            let due = item.due_on.map_or(String::new(), |d| d.to_string());
            let name = item.facility_name.as_deref().unwrap_or("");
            desk.output.line(&format!("    {code}  {due}  {name}"));
        }
    }
    desk.output
        .say("issues.counted", &[("count", &list.total.to_string())]);
    Ok(())
}

fn duties(
    desk: &Desk<'_>,
    scope: &Scope,
    unit: Option<String>,
    as_of: Option<String>,
    out: Option<&Path>,
) -> Result<(), Error> {
    let session = desk.session()?;
    let query = IssueQuery {
        responsible_unit: unit,
        ..query_of(scope)
    };
    let atlases = Atlases::default();
    if let Some(path) = out {
        let made = session.duties_file(&atlases, &query, as_of)?;
        return written(desk, path, &made);
    }
    let paging = IssuePaging {
        as_of,
        limit: Some(1000),
        ..IssuePaging::default()
    };
    let duties = session.duties(&atlases, &query, &paging)?;
    desk.output.value(&duties);
    for milestone in &duties.milestones {
        desk.output.say(
            "issues.milestone",
            &[
                ("due_on", milestone.due_on.to_string().as_str()),
                ("name", &milestone.name),
                ("deliverables", &milestone.deliverables.join("、")),
            ],
        );
        if let Some(forecast) = &milestone.forecast {
            let told = session.forecast_words(forecast);
            desk.output
                .say("issues.milestone.forecast", &[("told", told.as_str())]);
        }
    }
    let header = |code: &str| desk.output.text(&format!("column.{code}"), &[]);
    let headers = ["issue", "task", "goal", "due_on", "progress"].map(header);
    let rows = duties.rows.iter().map(|r| {
        vec![
            r.issue_code.clone(),
            r.task.clone(),
            r.target.clone().unwrap_or_default(),
            r.due_on.map_or(String::new(), |d| d.to_string()),
            format!("{} {}", r.state_label, r.progress),
        ]
    });
    desk.output.table(&headers, &rows.collect::<Vec<_>>());
    desk.output
        .say("issues.counted", &[("count", &duties.total.to_string())]);
    Ok(())
}

fn written(desk: &Desk<'_>, path: &Path, made: &MadeFile) -> Result<(), Error> {
    std::fs::write(path, &made.bytes).map_err(|source| Error::Read {
        path: path.display().to_string(),
        source,
    })?;
    desk.output
        .say("issues.written", &[("path", &path.display().to_string())]);
    Ok(())
}

fn urging(
    desk: &Desk<'_>,
    scope: &Scope,
    not_due: bool,
    rung: Option<String>,
) -> Result<(), Error> {
    let session = desk.session()?;
    let query = UrgingQuery {
        due: not_due.then(|| "all".to_owned()),
        rung,
        station: scope.station.clone(),
        lead: scope.lead.clone(),
        limit: Some(200),
        cursor: None,
    };
    let list = session.urging_list(&Atlases::default(), &query)?;
    desk.output.value(&list);
    for item in &list.items {
        desk.output.say(
            "issues.rung",
            &[
                ("issue", item.issue.issue_code.as_str()),
                ("rung", &item.label),
                ("issuer", &item.issued_by_label),
                ("since", &item.becomes_due_on.to_string()),
            ],
        );
        if let Some(text) = &item.letter_text {
            desk.output
                .line(&format!("    {}", text.replace('\n', "\n    ")));
        }
    }
    desk.output
        .say("issues.counted", &[("count", &list.total.to_string())]);
    Ok(())
}

fn letter(desk: &Desk<'_>, issue: &str, rung: &str, out: Option<&Path>) -> Result<(), Error> {
    let session = desk.session()?;
    let ending = out.and_then(Path::extension).and_then(|e| e.to_str());
    let made = session.letter_file(issue, rung, ending.unwrap_or("txt"))?;
    match out {
        Some(path) => written(desk, path, &made),
        None => {
            desk.output.line(&String::from_utf8_lossy(&made.bytes));
            Ok(())
        }
    }
}

fn stats(desk: &Desk<'_>, scope: &Scope, as_of: &str, out: Option<&Path>) -> Result<(), Error> {
    let session = desk.session()?;
    let as_of = app::parse_as_of(as_of)?;
    let (station, lead) = (scope.station.as_deref(), scope.lead.as_deref());
    let atlases = Atlases::default();
    if let Some(path) = out {
        let made = session.issue_statistics_file(&atlases, station, lead, as_of)?;
        return written(desk, path, &made);
    }
    let figures = session.issue_statistics_view(&atlases, station, lead, as_of)?;
    desk.output.value(&figures);
    for ratio in &figures.ratios {
        let percent = ratio.percent.map_or("—".to_owned(), |p| format!("{p:.1}%"));
        desk.output.line(&format!(
            "{}  {}/{}  {percent}",
            ratio.title, ratio.numerator, ratio.denominator
        ));
    }
    for total in &figures.quantities {
        desk.output.line(&format!(
            "{}  {}/{} {}",
            total.label, total.done_printed, total.planned_printed, total.unit_label
        ));
    }
    Ok(())
}

fn draw(desk: &Desk<'_>, args: &Draw) -> Result<(), Error> {
    let mut session = desk.session()?;
    let atlases = Atlases::default();
    let request = DrawRequest {
        seed: args.seed.clone(),
        percent: args.percent,
        station: args.scope.station.clone(),
        lead: args.scope.lead.clone(),
    };
    let draw = session.draw_look_backs(&atlases, &request)?;
    let Some(planned_on) = args.plan else {
        desk.output.value(&draw);
        say_rows(desk, draw.drawn.iter().map(|d| &d.issue));
        desk.output.say(
            "issues.counted",
            &[("count", &draw.drawn.len().to_string())],
        );
        return Ok(());
    };
    let request = PlanLookBacksRequest {
        seed: request.seed,
        percent: request.percent,
        station: request.station,
        lead: request.lead,
        issues: draw.drawn.iter().map(|d| d.issue.issue_id).collect(),
        planned_on,
        level: args.level.clone(),
        is_secret: args.secret,
        on: None,
    };
    let plan = session.plan_look_backs(&atlases, &request)?;
    desk.output.value(&plan);
    desk.output.say(
        "issues.look_backs_planned",
        &[
            ("count", &plan.planned.to_string()),
            ("skipped", &plan.skipped.len().to_string()),
        ],
    );
    Ok(())
}
