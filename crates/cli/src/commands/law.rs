use std::process::ExitCode;

use app::Error;
use app::rule_tables::{Clause, RuleTables};
use jiff::civil::Date;

use super::Desk;
use crate::arguments::LawCommand;

/// `qingshan law list|show|search`: the clause library, with the wording in force on a day.
pub(super) fn run(desk: &Desk<'_>, args: &LawCommand) -> Result<ExitCode, Error> {
    let tables = super::rules::tables(desk, None)?;
    match args {
        LawCommand::List { as_of } => list(desk, &tables.list_clauses(*as_of)),
        LawCommand::Search { text, as_of } => list(desk, &tables.search_clauses(text, *as_of)),
        LawCommand::Show { id, as_of } => show(desk, &tables, id, *as_of),
    }
}

fn list(desk: &Desk<'_>, clauses: &[&Clause]) -> Result<ExitCode, Error> {
    desk.output.value(&clauses);
    let headers = ["clause", "law", "from", "to", "mark"]
        .map(|h| desk.output.text(&format!("column.{h}"), &[]));
    let row = |clause: &&Clause| {
        vec![
            clause.id.clone(),
            clause.title_zh(),
            from_day(desk, clause),
            clause.to.clone(),
            mark(desk, clause),
        ]
    };
    let rows: Vec<Vec<String>> = clauses.iter().map(row).collect();
    desk.output.table(&headers, &rows);
    desk.output
        .say("law.count", &[("count", &rows.len().to_string())]);
    Ok(ExitCode::from(u8::from(rows.is_empty())))
}

/// One clause; with a day also what held in its place on that day.
fn show(
    desk: &Desk<'_>,
    tables: &RuleTables,
    id: &str,
    as_of: Option<Date>,
) -> Result<ExitCode, Error> {
    let Some(clause) = tables.ruleset.find_clause(id) else {
        return Err(Error::NotFound {
            what: "clause",
            name: id.to_owned(),
        });
    };
    let holding = as_of.map(|day| (day, tables.clause_on(id, day)));
    match &holding {
        Some((_, holding)) => desk.output.value(holding),
        None => desk.output.value(&[clause]),
    }
    match holding {
        None => print(desk, clause),
        Some((day, holding)) => {
            let day = day.to_string();
            let fill = [("id", id), ("day", day.as_str())];
            match holding.iter().any(|c| c.id == id) {
                true => desk.output.say("law.in_force", &fill),
                false => desk.output.say("law.not_in_force", &fill),
            }
            holding.iter().for_each(|c| print(desk, c));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print(desk: &Desk<'_>, clause: &Clause) {
    let title = clause.title_zh();
    desk.output
        .say("law.title", &[("id", &clause.id), ("title", &title)]);
    let successors = clause.successors.join("、");
    let penalty = match clause.is_penalty_checked() {
        true => clause.penalty.clone(),
        false => desk.output.text("law.amount_unread", &[]),
    };
    let from = from_day(desk, clause);
    let mark = mark(desk, clause);
    let lines = [
        ("from", &from),
        ("to", &clause.to),
        ("demands", &clause.demands),
        ("penalty", &penalty),
        ("body", &clause.body),
        ("successors", &successors),
        ("mark", &mark),
    ];
    for (name, text) in lines.into_iter().filter(|(_, text)| !text.is_empty()) {
        let name = desk.output.text(&format!("column.{name}"), &[]);
        desk.output
            .say("law.line", &[("name", &name), ("text", text)]);
    }
    if !clause.wording.is_empty() {
        let fill = [("edition", clause.edition.as_str())];
        desk.output.say("law.edition", &fill);
    }
    for passage in &clause.wording {
        desk.output.say("law.wording", &[("text", passage)]);
    }
}

fn from_day(desk: &Desk<'_>, clause: &Clause) -> String {
    match clause.is_from_checked() {
        true => clause.from.clone(),
        false => desk.output.text("law.unread", &[]),
    }
}

/// What is not read in the original is said to be so.
fn mark(desk: &Desk<'_>, clause: &Clause) -> String {
    let first = clause.mark.chars().next().unwrap_or('G').to_string();
    desk.output.text(&format!("law.mark.{first}"), &[])
}
