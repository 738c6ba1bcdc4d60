//! 规则变化的影响 — which judgements change when the tables or the day change, said in the words of people.

use rules::{Judgement, Reason, Ruleset};

use crate::messages::Messages;

pub use rules::{Basis, Change, changes};

/// A change in words: what differs, then one line for each reason.
pub fn explain(
    change: &Change<'_, '_>,
    before: &Ruleset,
    after: &Ruleset,
    messages: &Messages,
) -> Vec<String> {
    let id = change.id.as_ref().map_or_else(String::new, |id| {
        id.as_str().map_or_else(|| id.to_string(), str::to_owned)
    });
    let table = after.table_title(&change.table);
    let told: Vec<&'static str> = ["verdict", "severity", "focus", "disposal", "deadline"]
        .into_iter()
        .filter(|member| change.changed.contains(member))
        .collect();
    let member = |member: &&'static str| {
        let from = said(before, member, &change.before);
        let to = said(after, member, &change.after);
        let name = after.column(member);
        let fill = [("name", name), ("from", &from), ("to", &to)];
        messages.text("rules.change_member", &fill)
    };
    let members: Vec<String> = told.iter().map(member).collect();
    let fill = [
        ("id", id.as_str()),
        ("table", table),
        ("members", &members.join("；")),
        ("before", &change.before.row),
        ("after", &change.after.row),
    ];
    let mut lines = vec![messages.text("rules.change", &fill)];
    let speech = after.speech(&change.table);
    let reason = |reason: &Reason| {
        let (code, args) = in_words(reason, |part| speech.condition(part), after);
        let args: Vec<(&str, &str)> = args.iter().map(|(n, v)| (*n, v.as_str())).collect();
        messages.text(code, &args)
    };
    lines.extend(change.reasons.iter().map(reason));
    lines
}

/// A member of a result in words.
fn said(ruleset: &Ruleset, member: &str, judgement: &Judgement<'_>) -> String {
    let label = |code: &str| ruleset.label(member, code).to_owned();
    match member {
        "verdict" => label(judgement.verdict),
        "focus" => label(judgement.focus),
        "severity" => judgement.severity.unwrap_or_default().to_owned(),
        "deadline" => judgement.deadline.map_or_else(String::new, label),
        _ => {
            let labels: Vec<String> = judgement.disposal.iter().map(|code| label(code)).collect();
            labels.join("、")
        }
    }
}

type Words = (&'static str, Vec<(&'static str, String)>);

fn in_words(reason: &Reason, condition: impl Fn(&str) -> String, ruleset: &Ruleset) -> Words {
    let clauses = |ids: &[String]| {
        let title = |id: &String| {
            let clause = ruleset.find_clause(id);
            clause.map_or_else(|| id.clone(), |c| format!("{id} {}", c.title_zh()))
        };
        ids.iter().map(title).collect::<Vec<_>>().join("、")
    };
    match reason {
        Reason::ZoneMapped => ("rules.reason.zone_mapped", vec![]),
        Reason::RowFails { row, part } => (
            "rules.reason.row_fails",
            vec![("row", row.clone()), ("part", condition(part))],
        ),
        Reason::RowHolds { row, part } => (
            "rules.reason.row_holds",
            vec![("row", row.clone()), ("part", condition(part))],
        ),
        Reason::RowFirst { row, before } => (
            "rules.reason.row_first",
            vec![("row", row.clone()), ("before", before.clone())],
        ),
        Reason::RowNew { row } => ("rules.reason.row_new", vec![("row", row.clone())]),
        Reason::RowGone { row } => ("rules.reason.row_gone", vec![("row", row.clone())]),
        Reason::CellChanged { row, cell } => (
            "rules.reason.cell_changed",
            vec![
                ("row", row.clone()),
                ("cell", ruleset.column(cell).to_owned()),
            ],
        ),
        Reason::Adjusted { modifier } => (
            "rules.reason.adjusted",
            vec![("modifier", modifier.clone())],
        ),
        Reason::AdjustedNoMore { modifier } => (
            "rules.reason.adjusted_no_more",
            vec![("modifier", modifier.clone())],
        ),
        Reason::ClausesIn { clauses: ids } => {
            ("rules.reason.clauses_in", vec![("clauses", clauses(ids))])
        }
        Reason::ClausesOut { clauses: ids } => {
            ("rules.reason.clauses_out", vec![("clauses", clauses(ids))])
        }
    }
}
