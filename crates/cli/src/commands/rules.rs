use std::path::Path;
use std::process::ExitCode;

use app::Error;
use app::judging::RulesRefused;
use app::rule_diff::{Basis, changes, explain};
use app::rule_tables::RuleTables;

use super::Desk;
use crate::arguments::RulesCommand;

/// `qingshan rules test|check|export|load|print|diff`: the decision tables as people keep them.
pub(super) fn run(desk: &Desk<'_>, args: &RulesCommand) -> Result<ExitCode, Error> {
    match args {
        RulesCommand::Test { tables } => test(desk, tables.as_deref()),
        RulesCommand::Check { tables } => check(desk, tables.as_deref()),
        RulesCommand::Export { out, tables } => export(desk, out, tables.as_deref()),
        RulesCommand::Print { out, tables } => print(desk, out, tables.as_deref()),
        RulesCommand::Load { file, out, tables } => load(desk, file, out, tables.as_deref()),
        RulesCommand::Diff(args) => match &args.facts {
            Some(facts) => diff(desk, facts, &args.tables, &args.as_of),
            None => super::judge::what_if(desk, args),
        },
    }
}

/// The rule set of a folder, or the built-in one; the faults of a folder are listed, and it is not used.
pub(super) fn tables(desk: &Desk<'_>, folder: Option<&Path>) -> Result<RuleTables, Error> {
    RuleTables::open(folder).map_err(|refused| listed(desk, refused))
}

/// All faults on the screen; the first of them is the error.
fn listed(desk: &Desk<'_>, refused: RulesRefused) -> Error {
    if let RulesRefused::Faults(faults) = &refused {
        for fault in faults.iter().skip(1) {
            eprintln!("{}", desk.output.diagnostic_line(fault));
        }
    }
    refused.into()
}

fn export(desk: &Desk<'_>, out: &Path, folder: Option<&Path>) -> Result<ExitCode, Error> {
    let tables = tables(desk, folder)?;
    match out.extension().is_some_and(|e| e == "xlsx") {
        true => app::rule_book::write_workbook(&tables, out)?,
        false => app::rule_tables::write_folder(&tables.files, out)?,
    }
    let path = out.display().to_string();
    desk.output.value(&serde_json::json!({ "path": path }));
    desk.output.say("rules.exported", &[("path", &path)]);
    Ok(ExitCode::SUCCESS)
}

/// Every table as people read it, one page each.
fn print(desk: &Desk<'_>, out: &Path, folder: Option<&Path>) -> Result<ExitCode, Error> {
    let pages = tables(desk, folder)?.ruleset.printed();
    app::rule_tables::write_folder(&pages, out)?;
    let path = out.display().to_string();
    desk.output
        .value(&serde_json::json!({ "path": path, "pages": pages.keys().collect::<Vec<_>>() }));
    desk.output.say("rules.exported", &[("path", &path)]);
    Ok(ExitCode::SUCCESS)
}

/// With a fault nothing is written: the tables in the folder stay as they are.
fn load(
    desk: &Desk<'_>,
    file: &Path,
    out: &Path,
    folder: Option<&Path>,
) -> Result<ExitCode, Error> {
    let base = tables(desk, folder)?;
    let read = app::rule_book::read_workbook(file, &base);
    let read = read.map_err(|refused| listed(desk, refused))?;
    let differs = |(name, text): &(&String, &String)| base.files.get(*name) != Some(*text);
    let changed: Vec<&String> = read.files.iter().filter(differs).map(|(n, _)| n).collect();
    app::rule_tables::write_folder(&read.files, out)?;
    desk.output
        .value(&serde_json::json!({ "out": out.display().to_string(), "changed": changed }));
    let fill = [
        ("path", file.display().to_string()),
        ("out", out.display().to_string()),
        ("changed", changed.len().to_string()),
    ];
    desk.output.say(
        "rules.loaded",
        &fill.each_ref().map(|(n, v)| (*n, v.as_str())),
    );
    for doubt in read.doubts.iter().filter(|_| !desk.output.json) {
        println!("{}", desk.output.diagnostic_line(doubt));
    }
    Ok(ExitCode::SUCCESS)
}

fn diff(
    desk: &Desk<'_>,
    facts: &Path,
    folders: &[std::path::PathBuf],
    days: &[jiff::civil::Date],
) -> Result<ExitCode, Error> {
    if folders.len().max(days.len()) != 2 {
        let diagnostic = app::diagnostic::Diagnostic::error("rules.two_bases");
        return Err(Error::rejected(diagnostic));
    }
    let of = |at: usize| {
        folders
            .get(at)
            .or_else(|| folders.last())
            .map(|f| f.as_path())
    };
    let (one, two) = (tables(desk, of(0))?, tables(desk, of(1))?);
    let day = |at: usize| days.get(at).or_else(|| days.last()).copied();
    let before = Basis {
        ruleset: &one.ruleset,
        as_of: day(0),
    };
    let after = Basis {
        ruleset: &two.ruleset,
        as_of: day(1),
    };
    let sheets = app::judging::read_sheets(facts)?;
    let count = sheets.len();
    let mut found = Vec::new();
    let mut all_judged = true;
    for change in changes(before, after, sheets) {
        match change {
            Ok(change) => found.push(change),
            Err(refused) => {
                all_judged = false;
                let text = refused.error.to_string();
                let fill = [("id", refused.id.as_str()), ("text", &text)];
                eprintln!("{}", desk.output.text("rules.not_judged", &fill));
            }
        }
    }
    desk.output.value(&found);
    for change in found.iter().filter(|_| !desk.output.json) {
        for line in explain(change, &one.ruleset, &two.ruleset, &desk.output.messages) {
            println!("{line}");
        }
    }
    let with = |member: &'static str| {
        let changed = found.iter().filter(|c| c.changed.contains(&member));
        changed.count().to_string()
    };
    let fill = [
        ("sheets", count.to_string()),
        ("changes", found.len().to_string()),
        ("verdicts", with("verdict")),
        ("severities", with("severity")),
        ("focuses", with("focus")),
    ];
    desk.output.say(
        "rules.compared",
        &fill.each_ref().map(|(n, v)| (*n, v.as_str())),
    );
    Ok(ExitCode::from(u8::from(!all_judged)))
}

fn test(desk: &Desk<'_>, folder: Option<&Path>) -> Result<ExitCode, Error> {
    let report = tables(desk, folder)?.test();
    desk.output.value(&report);
    let headers = ["file", "row", "hits", "misses", "borders"]
        .map(|h| desk.output.text(&format!("column.{h}"), &[]));
    let row = |c: &app::rule_tables::Coverage| {
        let count = |n: usize| n.to_string();
        let file = c.file.trim_start_matches("tables/").to_owned();
        vec![
            file,
            c.row.clone(),
            count(c.hits),
            count(c.misses),
            count(c.borders),
        ]
    };
    let rows: Vec<Vec<String>> = report.coverage.iter().map(row).collect();
    desk.output.table(&headers, &rows);
    for failure in &report.failures {
        let at = failure.at.to_string();
        let fill = [
            ("file", failure.file.as_str()),
            ("row", &failure.row),
            ("at", &at),
            ("text", &failure.text),
        ];
        desk.output.say("rules.case_fails", &fill);
    }
    let whole = report.coverage.iter().filter(|c| c.is_whole()).count();
    let cases: usize = report
        .coverage
        .iter()
        .map(|c| c.hits + c.misses + c.borders)
        .sum();
    let fill = [
        ("rows", report.coverage.len().to_string()),
        ("whole", whole.to_string()),
        ("cases", cases.to_string()),
        ("failures", report.failures.len().to_string()),
    ];
    desk.output.say(
        "rules.tested",
        &fill.each_ref().map(|(n, v)| (*n, v.as_str())),
    );
    Ok(ExitCode::from(u8::from(!report.is_good())))
}

fn check(desk: &Desk<'_>, folder: Option<&Path>) -> Result<ExitCode, Error> {
    let tables = tables(desk, folder)?;
    let reports = tables.reports();
    desk.output.value(&reports);
    for doubt in &tables.doubts {
        if !desk.output.json {
            println!("{}", desk.output.diagnostic_line(doubt));
        }
    }
    for report in &reports {
        let title = tables.ruleset.table_title(&report.table);
        let speech = tables.ruleset.speech(&report.table);
        for gap in &report.gaps {
            let gap = speech.condition(&gap.replace("; ", " and "));
            desk.output
                .say("rules.gap", &[("table", title), ("gap", &gap)]);
        }
        let pair = |(first, second): &(String, String)| format!("{first}/{second}");
        let pairs: Vec<String> = report.overlaps.iter().map(pair).collect();
        if !pairs.is_empty() {
            let fill = [("table", title), ("pairs", &pairs.join("、"))];
            desk.output.say("rules.overlaps", &fill);
        }
    }
    desk.output.say("rules.checked", &[]);
    Ok(ExitCode::SUCCESS)
}
