//! What would change: the same fact sheets judged on two bases (other tables, another day), and why they differ.

use jiff::civil::Date;
use serde::Serialize;
use serde_json::Value;

use crate::error::JudgeError;
use crate::facts::FactSheet;
use crate::judge::{Explain, Judged, Judgement, judge};
use crate::ruleset::Ruleset;
use crate::trace::TraceRow;
use crate::tri::Tri;

/// 判定基准 — by which tables, as of which day; a day goes before the sheet's own.
#[derive(Debug, Clone, Copy)]
pub struct Basis<'r> {
    pub ruleset: &'r Ruleset,
    pub as_of: Option<Date>,
}

/// 变化 — a sheet that comes out otherwise on the second basis.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change<'a, 'b> {
    pub id: Option<Value>,
    pub table: String,
    /// Members that differ: verdict, severity, focus; then disposal, deadline, row.
    pub changed: Vec<&'static str>,
    pub before: Judgement<'a>,
    pub after: Judgement<'b>,
    pub reasons: Vec<Reason>,
}

/// 变化原因 — why the second basis gives another result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Reason {
    /// The three zones are read as two.
    ZoneMapped,
    /// A row no longer holds; the part of its condition that fails.
    RowFails {
        row: String,
        part: String,
    },
    /// A row now holds; the part of its condition that failed before.
    RowHolds {
        row: String,
        part: String,
    },
    /// A row that would have held was not reached, because the other decided first.
    RowFirst {
        row: String,
        before: String,
    },
    /// There is a row on one basis that the other does not have.
    RowNew {
        row: String,
    },
    RowGone {
        row: String,
    },
    /// The same row says something else.
    CellChanged {
        row: String,
        cell: &'static str,
    },
    /// A modifier now applies, or does so no more.
    Adjusted {
        modifier: String,
    },
    AdjustedNoMore {
        modifier: String,
    },
    /// Clauses that come in or are no longer in force.
    ClausesIn {
        clauses: Vec<String>,
    },
    ClausesOut {
        clauses: Vec<String>,
    },
}

/// Judges each sheet on both bases and keeps those whose verdict, severity, focus, measures, deadline or row differ.
///
/// Fines are left out: they are no judgement.
pub fn changes<'a, 'b, I>(
    before: Basis<'a>,
    after: Basis<'b>,
    sheets: I,
) -> impl Iterator<Item = Result<Box<Change<'a, 'b>>, NotJudged>>
where
    I: IntoIterator<Item = FactSheet>,
{
    sheets
        .into_iter()
        .filter_map(move |sheet| match compare(before, after, &sheet) {
            Ok(change) => change.map(Ok),
            Err(error) => Some(Err(NotJudged {
                id: sheet.id().map(ToString::to_string).unwrap_or_default(),
                error,
            })),
        })
}

/// 未比较 — a sheet that cannot be judged, by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotJudged {
    pub id: String,
    pub error: JudgeError,
}

type Compared<'a, 'b> = Option<Box<Change<'a, 'b>>>;

fn compare<'a, 'b>(
    before: Basis<'a>,
    after: Basis<'b>,
    sheet: &FactSheet,
) -> Result<Compared<'a, 'b>, JudgeError> {
    let (Some(mut one), Some(mut two)) = (before.judge(sheet)?, after.judge(sheet)?) else {
        return Ok(None);
    };
    let changed = changed(&one, &two);
    if changed.is_empty() {
        return Ok(None);
    }
    let reasons = reasons(&before, &one, &after, &two);
    (one.trace, two.trace) = (None, None);
    Ok(Some(Box::new(Change {
        id: sheet.id().cloned(),
        table: sheet.text("table")?.unwrap_or_default().to_owned(),
        changed,
        before: one,
        after: two,
        reasons,
    })))
}

impl<'r> Basis<'r> {
    fn judge(&self, sheet: &FactSheet) -> Result<Option<Judgement<'r>>, JudgeError> {
        let dated = self.as_of.map(|day| {
            let mut members = sheet.0.clone();
            members.insert("as_of".to_owned(), Value::from(day.to_string()));
            FactSheet(members)
        });
        let sheet = dated.as_ref().unwrap_or(sheet);
        match judge(self.ruleset, sheet, None, Explain::Trace)? {
            Judged::Judgement(judgement) => Ok(Some(*judgement)),
            Judged::Fine(_) => Ok(None),
        }
    }

    fn has_row(&self, row: &str) -> bool {
        let last = row.split('>').next_back().unwrap_or(row);
        self.ruleset.find_row(last).is_some()
    }
}

fn changed(one: &Judgement<'_>, two: &Judgement<'_>) -> Vec<&'static str> {
    let sorted = |list: &[&str]| {
        let mut list: Vec<String> = list.iter().map(|i| (*i).to_owned()).collect();
        list.sort();
        list
    };
    let found = [
        ("verdict", one.verdict != two.verdict),
        ("severity", one.severity != two.severity),
        ("focus", one.focus != two.focus),
        ("disposal", sorted(&one.disposal) != sorted(&two.disposal)),
        ("deadline", one.deadline != two.deadline),
        ("row", one.row != two.row),
    ];
    found
        .into_iter()
        .filter_map(|(name, is)| is.then_some(name))
        .collect()
}

fn reasons(
    before: &Basis<'_>,
    one: &Judgement<'_>,
    after: &Basis<'_>,
    two: &Judgement<'_>,
) -> Vec<Reason> {
    let mut found = Vec::new();
    if one.zone_mapping.is_none() && two.zone_mapping.is_some() {
        found.push(Reason::ZoneMapped);
    }
    if one.row == two.row {
        found.extend(cells_changed(before, after, &one.row));
    } else {
        found.extend(row_moved(before, one, after, two));
    }
    let names = |list: &[&str], other: &[&str]| -> Vec<String> {
        list.iter()
            .filter(|i| !other.contains(i))
            .map(|i| (*i).to_owned())
            .collect()
    };
    for modifier in names(&two.adjusted_by, &one.adjusted_by) {
        found.push(Reason::Adjusted { modifier });
    }
    for modifier in names(&one.adjusted_by, &two.adjusted_by) {
        found.push(Reason::AdjustedNoMore { modifier });
    }
    let (out, new) = (names(&one.basis, &two.basis), names(&two.basis, &one.basis));
    if !out.is_empty() {
        found.push(Reason::ClausesOut { clauses: out });
    }
    if !new.is_empty() {
        found.push(Reason::ClausesIn { clauses: new });
    }
    found
}

/// Why the one row decided and then the other.
fn row_moved(
    before: &Basis<'_>,
    one: &Judgement<'_>,
    after: &Basis<'_>,
    two: &Judgement<'_>,
) -> Vec<Reason> {
    let (old, new) = (one.row.to_string(), two.row.to_string());
    let mut found = Vec::new();
    match step(two, &old) {
        _ if !after.has_row(&old) => found.push(Reason::RowGone { row: old.clone() }),
        Some(step) if step.value != Tri::True => found.push(Reason::RowFails {
            row: old.clone(),
            part: step.failed.clone().unwrap_or_default(),
        }),
        _ => {}
    }
    match step(one, &new) {
        _ if !before.has_row(&new) => found.push(Reason::RowNew { row: new.clone() }),
        Some(step) if step.value != Tri::True => found.push(Reason::RowHolds {
            row: new.clone(),
            part: step.failed.clone().unwrap_or_default(),
        }),
        _ => {}
    }
    if found.is_empty() {
        found.push(Reason::RowFirst {
            row: new,
            before: old,
        });
    }
    found
}

fn step<'j>(judgement: &'j Judgement<'_>, row: &str) -> Option<&'j TraceRow<'j>> {
    let last = row.split('>').next_back();
    let mut steps = judgement.trace.iter().flatten();
    steps.find(|step| Some(step.row) == last)
}

fn cells_changed(before: &Basis<'_>, after: &Basis<'_>, row: &str) -> Vec<Reason> {
    let last = row.split('>').next_back().unwrap_or(row);
    let (Some(one), Some(two)) = (before.ruleset.find_row(last), after.ruleset.find_row(last))
    else {
        return Vec::new();
    };
    let (one, two) = (&one.text, &two.text);
    let cells = [
        ("when", one.when != two.when),
        ("verdict", one.verdict != two.verdict),
        ("focus", one.focus != two.focus),
        ("disposal", one.disposal != two.disposal),
        ("severity", one.severity != two.severity),
        ("deadline", one.deadline != two.deadline),
        ("basis", one.basis != two.basis),
    ];
    let differing = cells.into_iter().filter(|(_, is)| *is);
    differing
        .map(|(cell, _)| Reason::CellChanged {
            row: row.to_owned(),
            cell,
        })
        .collect()
}
