use std::path::Path;
use std::process::ExitCode;

use app::{Characterized, Error, Labels, SecondReading, Session, SiteJudgement};
use jiff::civil::Date;

use super::Desk;
use super::ledgers::scope;
use crate::arguments::{Characterize, Judge, Questions, RulesDiff};

/// `qingshan judge`: fact sheets of a file, one site of the register, or all of them.
pub(super) fn run(desk: &Desk<'_>, args: &Judge) -> Result<ExitCode, Error> {
    match (&args.facts, &args.site) {
        (Some(path), _) => facts(desk, path, args),
        (None, Some(code)) => site(desk, code, args),
        (None, None) => all(desk, args),
    }
}

/// One result per line, as the contract of the tables says.
fn facts(desk: &Desk<'_>, path: &Path, args: &Judge) -> Result<ExitCode, Error> {
    let tables = super::rules::tables(desk, args.tables.as_deref())?;
    let file = std::fs::File::open(path).map_err(|source| Error::Read {
        path: path.display().to_string(),
        source,
    })?;
    let reader = std::io::BufReader::new(file);
    let all_judged = app::judging::judge_lines(
        &tables.ruleset,
        reader,
        args.as_of,
        args.trace,
        std::io::stdout().lock(),
    )?;
    Ok(ExitCode::from(u8::from(!all_judged)))
}

fn site(desk: &Desk<'_>, code: &str, args: &Judge) -> Result<ExitCode, Error> {
    let session = desk.session()?;
    let as_of = args.as_of.unwrap_or_else(|| session.today());
    let judged = session.judge_site(code, as_of)?;
    desk.output.value(&judged);
    for line in session.judgement_page(&judged)? {
        desk.output.line(&line);
    }
    Ok(ExitCode::SUCCESS)
}

fn all(desk: &Desk<'_>, args: &Judge) -> Result<ExitCode, Error> {
    let session = desk.session()?;
    let scope = scope(&session, &args.scope)?;
    let as_of = args.as_of.unwrap_or_else(|| session.today());
    let judged = session.judge_sites(&scope, as_of)?;
    desk.output.value(&judged);
    if let Some(path) = &args.out {
        let label = session.scope_label(&scope);
        session.judgements_xlsx(&judged, &label, as_of, super::create(path)?)?;
        desk.output
            .say("judge.written", &[("path", &path.display().to_string())]);
    } else {
        list(desk, &session, &judged);
    }
    count(desk, &session, &judged, as_of);
    Ok(ExitCode::SUCCESS)
}

fn list(desk: &Desk<'_>, session: &Session, judged: &[SiteJudgement]) {
    let headers = [
        "site",
        "facility_name",
        "station",
        "verdict",
        "severity",
        "row",
        "missing",
        "decided",
    ]
    .map(|h| desk.output.text(&format!("column.{h}"), &[]));
    let rows: Vec<Vec<String>> = judged.iter().map(|j| row(session, j)).collect();
    desk.output.table(&headers, &rows);
}

fn row(session: &Session, judged: &SiteJudgement) -> Vec<String> {
    let proposal = judged.proposal.as_ref();
    let missing: Vec<String> = judged
        .questions
        .iter()
        .map(|q| session.question_label(q))
        .collect();
    let decided = judged.decision.as_ref().map_or(String::new(), |d| {
        session.judged_label("verdict", &d.verdict)
    });
    vec![
        judged.site_code.clone(),
        judged.facility_name.clone().unwrap_or_default(),
        judged
            .station_id
            .as_deref()
            .map_or(String::new(), |s| session.label("station", s)),
        proposal.map_or(String::new(), |p| {
            session.judged_label("verdict", &p.verdict)
        }),
        proposal
            .and_then(|p| p.severity.clone())
            .unwrap_or_default(),
        proposal.map_or(String::new(), |p| p.row.clone()),
        missing.join("、"),
        decided,
    ]
}

/// How many of each verdict, how many undecided questions, how many decisions that differ from today's proposal.
fn count(desk: &Desk<'_>, session: &Session, judged: &[SiteJudgement], as_of: Date) {
    let counts = app::count_verdicts(judged);
    let texts: Vec<String> = counts
        .iter()
        .map(|(verdict, n)| match verdict.as_str() {
            "" => desk
                .output
                .text("judge.no_table_count", &[("count", &n.to_string())]),
            verdict => format!("{} {n}", session.judged_label("verdict", verdict)),
        })
        .collect();
    let questions: usize = judged.iter().map(|j| j.questions.len()).sum();
    let differing = judged.iter().filter(|j| !j.differences.is_empty()).count();
    desk.output.say(
        "judge.counted",
        &[
            ("as_of", &as_of.to_string()),
            ("sites", &judged.len().to_string()),
            ("verdicts", &texts.join("，")),
            ("questions", &questions.to_string()),
            ("differing", &differing.to_string()),
        ],
    );
}

/// `qingshan questions`: what is to be found out, as a sheet that comes back through `import verifications`.
pub(super) fn questions(desk: &Desk<'_>, args: &Questions) -> Result<ExitCode, Error> {
    let session = desk.session()?;
    let scope = scope(&session, &args.scope)?;
    let as_of = args.as_of.unwrap_or_else(|| session.today());
    let asked = session.questions(&scope, as_of)?;
    desk.output.value(&asked);
    if let Some(path) = &args.out {
        let label = session.scope_label(&scope);
        session.questions_xlsx(&asked, &label, as_of, super::create(path)?)?;
        desk.output.say(
            "questions.written",
            &[("path", &path.display().to_string())],
        );
    }
    let total: usize = asked.iter().map(|j| j.questions.len()).sum();
    for judged in asked.iter().filter(|_| args.out.is_none()) {
        for question in &judged.questions {
            desk.output.say(
                "questions.line",
                &[
                    ("site", judged.site_code.as_str()),
                    ("name", judged.facility_name.as_deref().unwrap_or("")),
                    ("label", &session.question_label(question)),
                    ("why", &session.question_reason(question)),
                ],
            );
        }
    }
    desk.output.say(
        "questions.counted",
        &[
            ("sites", &asked.len().to_string()),
            ("count", &total.to_string()),
        ],
    );
    Ok(ExitCode::SUCCESS)
}

/// `qingshan characterize`: a decision, or what a second reader says of one.
pub(super) fn characterize(desk: &Desk<'_>, args: &Characterize) -> Result<ExitCode, Error> {
    let mut session = desk.session()?;
    let reason = args.reason.clone();
    let done = match second_reading(args) {
        Some(reading) => session.read_decision_again(&args.site, None, &reading, args.on)?,
        None => session.characterize(&app::CharacterizeRequest {
            site_code: args.site.clone(),
            verdict: args.overriding.clone(),
            reason,
            signed: args.signed.clone(),
            on: args.on,
            effect: args.effect.clone(),
            character: args.character.clone(),
            severity: args.severity.clone(),
            disposal: args.disposal.clone(),
            document: args.document.clone(),
            based_on: args.based_on,
        })?,
    };
    desk.output.value(&done);
    say_done(desk, &session, args, &done);
    Ok(ExitCode::SUCCESS)
}

fn second_reading(args: &Characterize) -> Option<SecondReading> {
    let reason = args.reason.clone();
    let given = reason.clone().unwrap_or_default();
    match (args.confirm, args.reject, args.withdraw) {
        (true, ..) => Some(SecondReading::Confirm { reason }),
        (_, true, _) => Some(SecondReading::Reject { reason: given }),
        (.., true) => Some(SecondReading::Withdraw { reason: given }),
        _ => None,
    }
}

fn say_done(desk: &Desk<'_>, session: &Session, args: &Characterize, done: &Characterized) {
    let code = match (args.confirm, args.reject, args.withdraw, done.is_effective) {
        (true, ..) => "characterize.confirmed",
        (_, true, ..) => "characterize.rejected",
        (_, _, true, _) => "characterize.withdrawn",
        (.., true) => "characterize.done",
        (.., false) => "characterize.waits",
    };
    desk.output.say(
        code,
        &[
            ("site", done.site_code.as_str()),
            ("verdict", &session.judged_label("verdict", &done.verdict)),
            ("character", &session.label("character", &done.character)),
            ("row", done.row.as_deref().unwrap_or("")),
            ("state", &session.label("site_state", &done.state)),
        ],
    );
}

/// `qingshan rules diff`: what would change over the register under other tables, another day or another boundary.
pub(super) fn what_if(desk: &Desk<'_>, args: &RulesDiff) -> Result<ExitCode, Error> {
    let session = desk.session()?;
    let scope = scope(&session, &args.scope)?;
    let request = app::WhatIfRequest {
        tables: args.tables.clone(),
        as_of: args.as_of.clone(),
        zones: args.zones.clone(),
        crs: args
            .crs
            .as_deref()
            .map(app::import::parse_crs)
            .transpose()?,
    };
    let result = session.what_if(&request, &scope)?;
    desk.output.value(&result);
    if let Some(path) = &args.out {
        let label = session.scope_label(&scope);
        session.what_if_xlsx(&result, &label, super::create(path)?)?;
        say_written(desk, path);
    }
    if let Some(path) = &args.layer {
        session.what_if_layer(&result, path, desk.now)?;
        say_written(desk, path);
    }
    let [before, after] = session.what_if_sides(&result);
    desk.output.say(
        "what_if.counted",
        &[
            ("before", &before),
            ("after", &after),
            ("sites", &result.site_count.to_string()),
            ("changed", &result.changed.len().to_string()),
            ("reworded", &result.reworded.to_string()),
        ],
    );
    for line in result
        .boundary
        .iter()
        .flat_map(|b| session.boundary_lines(b))
    {
        desk.output.line(&line);
    }
    for changed in &result.changed {
        let grade = |side: &app::Side| {
            let verdict = session.judged_label("verdict", &side.verdict);
            let severity = side.severity.clone().unwrap_or_default();
            format!("{verdict} {severity}")
        };
        desk.output.say(
            "what_if.line",
            &[
                ("site", changed.site_code.as_str()),
                ("name", changed.facility_name.as_deref().unwrap_or("")),
                ("old", &grade(&changed.before)),
                ("new", &grade(&changed.after)),
                ("reasons", &session.change_reasons(changed)),
            ],
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn say_written(desk: &Desk<'_>, path: &Path) {
    desk.output
        .say("what_if.written", &[("path", &path.display().to_string())]);
}
