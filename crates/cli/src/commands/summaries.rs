use std::process::ExitCode;

use app::atlas::Atlases;
use app::{Error, Labels, Session, Severity};

use super::Desk;
use super::ledgers::{as_of, scope};
use crate::arguments::{Check, Stats};

/// `qingshan stats`.
pub(super) fn stats(desk: &Desk<'_>, args: &Stats) -> Result<ExitCode, Error> {
    let session = desk.session()?;
    let scope = scope(&session, &args.scope)?;
    let day = as_of(&args.as_of)?;
    let statistics = session.statistics(&Atlases::default(), &scope, day, usize::MAX)?;
    desk.output.value(&statistics);
    if let Some(path) = &args.out {
        let file = super::create(path)?;
        session.statistics_xlsx(
            &statistics,
            &session.scope_label(&scope),
            &session.told_day(day),
            file,
        )?;
        desk.output
            .say("stats.written", &[("path", &path.display().to_string())]);
    }
    for ratio in &statistics.ratios {
        let percent = ratio
            .percent()
            .map_or("—".to_owned(), |p| format!("{p:.1}"));
        let title = desk.output.text(&format!("stat.{}.title", ratio.id), &[]);
        let (n, d) = (ratio.numerator.to_string(), ratio.denominator.to_string());
        desk.output.say(
            "stats.ratio",
            &[
                ("title", &title),
                ("percent", &percent),
                ("numerator", &n),
                ("denominator", &d),
            ],
        );
    }
    for table in &statistics.tables {
        show_table(desk, &session, table);
    }
    Ok(ExitCode::SUCCESS)
}

fn show_table(desk: &Desk<'_>, session: &Session, table: &app::StatTable) {
    let output = desk.output;
    let title = output.text(&format!("stat.{}.title", table.id), &[]);
    let basis = output.text(&format!("stat.{}.basis", table.id), &[]);
    output.say("stats.title", &[("title", &title), ("basis", &basis)]);
    let mut headers: Vec<String> = table
        .dimensions
        .iter()
        .map(|d| output.text(&format!("dimension.{d}"), &[]))
        .collect();
    headers.extend(["count", "area_ha"].map(|c| output.text(&format!("column.{c}"), &[])));
    let rows: Vec<Vec<String>> = table
        .rows
        .iter()
        .map(|row| {
            let labels = table
                .dimensions
                .iter()
                .zip(&row.keys)
                .map(|(list, code)| session.label(list, code));
            let figures = [
                row.count.to_string(),
                format!("{:.4}", row.area_m2 / 10_000.0),
            ];
            labels.chain(figures).collect()
        })
        .collect();
    output.table(&headers, &rows);
}

/// `qingshan check`: exit code 1 if something needs a person.
pub(super) fn check(desk: &Desk<'_>, args: &Check) -> Result<ExitCode, Error> {
    let session = desk.session()?;
    let scope = scope(&session, &args.scope)?;
    let since = args.since.as_deref().map(as_of).transpose()?;
    let day = as_of(&args.as_of)?;
    let found = session.check(&scope, day, since)?;
    desk.output.value(&found);
    if let Some(path) = &args.out {
        let file = super::create(path)?;
        session.findings_xlsx(
            &found,
            &session.scope_label(&scope),
            &session.told_day(day),
            file,
        )?;
        desk.output
            .say("check.written", &[("path", &path.display().to_string())]);
    }
    show_findings(desk, &found);
    let is_clean = found
        .iter()
        .all(|f| f.diagnostic.severity == Severity::Note);
    Ok(if is_clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

/// Findings by kind: the number of each, and the first sites.
fn show_findings(desk: &Desk<'_>, found: &[app::Finding]) {
    let output = desk.output;
    let mut kinds: Vec<&str> = found.iter().map(|f| f.diagnostic.code.as_ref()).collect();
    kinds.dedup();
    for kind in kinds {
        let of_kind: Vec<&app::Finding> =
            found.iter().filter(|f| f.diagnostic.code == kind).collect();
        let title = output.text(&format!("{kind}.title"), &[]);
        output.say(
            "check.kind",
            &[("title", &title), ("count", &of_kind.len().to_string())],
        );
        for finding in of_kind.iter().take(5) {
            let about = finding
                .site_code
                .clone()
                .or_else(|| finding.clue_id.map(|c| c.to_string()[..18].to_owned()))
                .unwrap_or_default();
            let line = output.diagnostic_line(&finding.diagnostic);
            output.say("check.finding", &[("about", &about), ("message", &line)]);
        }
        if of_kind.len() > 5 {
            output.say("check.more", &[("count", &(of_kind.len() - 5).to_string())]);
        }
    }
    if found.is_empty() {
        output.say("check.clean", &[]);
    }
}
