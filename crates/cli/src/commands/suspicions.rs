use std::io::Write;
use std::process::ExitCode;

use app::atlas::Atlases;
use app::suspecting::Stage;
use app::{Error, SuspicionQuery, SuspicionRow, SuspicionScope};

use super::Desk;
use crate::arguments::{SuspicionFilter, SuspicionsCommand};

/// `qingshan suspicions`: the search over all dossiers, its list and its figures.
pub(super) fn run(desk: &Desk<'_>, command: &SuspicionsCommand) -> Result<ExitCode, Error> {
    match command {
        SuspicionsCommand::Run { dry_run } => search(desk, *dry_run),
        SuspicionsCommand::List(filter) => list(desk, filter),
        SuspicionsCommand::Show { entry } => show(desk, entry),
        SuspicionsCommand::Statistics {
            station,
            lead,
            as_of,
            out,
        } => {
            let scope = SuspicionScope {
                station: station.clone(),
                lead: lead.clone(),
                as_of: Some(as_of.clone()),
            };
            statistics(desk, &scope, out.as_deref())
        }
    }
}

fn search(desk: &Desk<'_>, dry_run: bool) -> Result<ExitCode, Error> {
    let mut session = desk.session()?;
    let bar = desk.output.progress("suspecting.stage_reading");
    let progress = |stage: Stage, done: usize, total: usize| {
        let code = format!("suspecting.stage_{}", stage.code());
        let label = desk.output.text(&code, &[]);
        bar.set_message(match total {
            0 => label,
            _ => format!("{label} {done}/{total}"),
        });
    };
    let outcome = session.run_suspicions(dry_run, &progress);
    bar.finish_and_clear();
    let outcome = outcome?;
    let output = desk.output;
    output.value(&outcome);
    let number = |n: usize| n.to_string();
    let told = [
        ("photos", number(outcome.photos)),
        ("photos_new", number(outcome.photos_new)),
        ("unreadable", number(outcome.photos_unreadable)),
        ("texts", number(outcome.texts)),
        ("texts_new", number(outcome.texts_new)),
        ("issues", number(outcome.issues_checked)),
        ("found", number(outcome.found)),
    ];
    let told: Vec<(&str, &str)> = told.iter().map(|(n, v)| (*n, v.as_str())).collect();
    output.say("suspecting.read", &told);
    let code = match (dry_run, outcome.found) {
        (_, 0) => "suspecting.nothing_new",
        (true, _) => "suspecting.would_find",
        (false, _) => "suspecting.found",
    };
    output.say(code, &told);
    for found in &outcome.findings {
        let grade = output.text(&format!("suspecting.grade_{}", found.grade), &[]);
        let line = [
            ("grade", grade.as_str()),
            ("site", &found.site_code),
            ("kind", &found.suspicion_label),
            ("text", &found.text),
        ];
        output.say("suspecting.line", &line);
    }
    Ok(ExitCode::SUCCESS)
}

fn query(filter: &SuspicionFilter) -> SuspicionQuery {
    SuspicionQuery {
        state: filter.state.clone(),
        suspicion: filter.suspicion.clone(),
        grade: filter.grade.clone(),
        verdict: filter.verdict.clone(),
        station: filter.station.clone(),
        lead: filter.lead.clone(),
        site: filter.site.clone(),
        limit: Some(filter.limit),
        as_of: Some(filter.as_of.clone()),
        ..SuspicionQuery::default()
    }
}

fn list(desk: &Desk<'_>, filter: &SuspicionFilter) -> Result<ExitCode, Error> {
    let session = desk.session()?;
    let atlases = Atlases::default();
    let query = query(filter);
    let list = session.list_suspicions(&atlases, &query)?;
    let output = desk.output;
    output.value(&list);
    let headers = [
        "suspicion_grade",
        "suspicion",
        "site",
        "message",
        "suspicion_verdict",
    ]
    .map(|h| output.text(&format!("column.{h}"), &[]));
    let rows: Vec<Vec<String>> = list.items.iter().map(|r| cells(desk, r)).collect();
    output.table(&headers, &rows);
    let (total, open) = (list.total.to_string(), list.open.to_string());
    output.say("suspecting.listed", &[("total", &total), ("open", &open)]);
    if let Some(path) = &filter.out {
        let made = session.suspicions_file(&atlases, &query)?;
        write(desk, path, &made.bytes)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn cells(desk: &Desk<'_>, row: &SuspicionRow) -> Vec<String> {
    let open = desk.output.text("suspecting.open", &[]);
    vec![
        row.grade_label.clone().unwrap_or_default(),
        row.suspicion_label.clone(),
        row.site_code.clone(),
        row.text.clone(),
        row.verdict
            .as_ref()
            .map_or(open, |v| v.verdict_label.clone()),
    ]
}

fn show(desk: &Desk<'_>, entry: &str) -> Result<ExitCode, Error> {
    let session = desk.session()?;
    let view = session.suspicion_page(&Atlases::default(), entry, None)?;
    let output = desk.output;
    output.value(&view);
    let row = &view.row;
    let grade = row.grade_label.clone().unwrap_or_default();
    let line = [
        ("grade", grade.as_str()),
        ("site", &row.site_code),
        ("kind", &row.suspicion_label),
        ("text", &row.text),
    ];
    output.say("suspecting.line", &line);
    for pair in &view.pairs {
        let likeness = pair
            .likeness
            .map_or(String::new(), |l| format!("{:.0}", l * 100.0));
        let told = [
            ("grade", pair.grade_label.as_str()),
            ("percent", &likeness),
            ("site", &pair.other.site_code),
        ];
        output.say("suspecting.pair", &told);
        for side in [&pair.own, &pair.other] {
            if let Some(photo) = &side.photo {
                output.line(&format!("    {} {}", side.site_code, photo.sha256));
            }
            if let Some(text) = &side.text {
                let marked = text.parts.iter().map(|p| match &p.differs {
                    Some(_) => format!("【{}】", p.text),
                    None => p.text.clone(),
                });
                let marked: String = marked.collect();
                output.line(&format!("    {} {marked}", side.site_code));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn statistics(
    desk: &Desk<'_>,
    scope: &SuspicionScope,
    out: Option<&std::path::Path>,
) -> Result<ExitCode, Error> {
    let session = desk.session()?;
    let atlases = Atlases::default();
    let figures = session.suspicion_statistics(&atlases, scope)?;
    let output = desk.output;
    output.value(&figures);
    let headers = [
        "suspicion",
        "suspicion_grade",
        "suspicions_found",
        "suspicions_open",
    ]
    .map(|h| output.text(&format!("column.{h}"), &[]));
    let rows: Vec<Vec<String>> = figures
        .rows
        .iter()
        .map(|r| {
            vec![
                r.suspicion_label.clone(),
                r.grade_label.clone().unwrap_or_default(),
                r.counts.found.to_string(),
                r.counts.open.to_string(),
            ]
        })
        .collect();
    output.table(&headers, &rows);
    for ratio in &figures.ratios {
        let (n, d) = (ratio.numerator.to_string(), ratio.denominator.to_string());
        let told = [
            ("title", ratio.label.as_str()),
            ("numerator", &n),
            ("denominator", &d),
        ];
        output.say("suspecting.ratio", &told);
    }
    if let Some(path) = out {
        let made = session.suspicion_statistics_file(&atlases, scope)?;
        write(desk, path, &made.bytes)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn write(desk: &Desk<'_>, path: &std::path::Path, bytes: &[u8]) -> Result<(), Error> {
    let mut file = super::create(path)?;
    let written = file.write_all(bytes).and_then(|()| file.flush());
    written.map_err(|source| Error::Read {
        path: path.display().to_string(),
        source,
    })?;
    let path = path.display().to_string();
    desk.output.say("suspecting.written", &[("path", &path)]);
    Ok(())
}
