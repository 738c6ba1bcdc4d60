//! Cases that a table file carries with it: every row has at least one that hits, one that misses, one at the border.

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::facts::FactSheet;
use crate::judge::{Explain, Judged, Judgement, judge};
use crate::raw::{CaseKind, RawCase};
use crate::ruleset::{CaseFile, Ruleset};

/// 用例报告 — how often each row is tried, and what came out otherwise than written.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CaseReport {
    pub coverage: Vec<Coverage>,
    pub failures: Vec<CaseFailure>,
}

/// 覆盖 — cases of a row (a modifier, a matter, a scale) by kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Coverage {
    pub file: String,
    pub row: String,
    pub hits: usize,
    pub misses: usize,
    pub borders: usize,
}

/// 用例不符 — a case that came out otherwise than written, by row and place (from 1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaseFailure {
    pub file: String,
    pub row: String,
    pub at: usize,
    pub text: String,
}

impl Coverage {
    /// Tried from all three sides.
    pub fn is_whole(&self) -> bool {
        self.hits > 0 && self.misses > 0 && self.borders > 0
    }
}

impl CaseReport {
    /// All rows tried from all sides, and nothing came out otherwise.
    pub fn is_good(&self) -> bool {
        self.failures.is_empty() && self.coverage.iter().all(Coverage::is_whole)
    }
}

/// Runs the cases of every table file.
pub fn run_cases(ruleset: &Ruleset) -> CaseReport {
    let mut report = CaseReport::default();
    for file in &ruleset.cases {
        for row in &file.rows {
            let none = Vec::new();
            let cases = file.cases.get(row).unwrap_or(&none);
            report.coverage.push(coverage(file, row, cases));
            for (case, at) in cases.iter().zip(1usize..) {
                let found = run(ruleset, file, row, case);
                report.failures.extend(found.map(|text| CaseFailure {
                    file: file.path.clone(),
                    row: row.clone(),
                    at,
                    text,
                }));
            }
        }
    }
    report
}

fn coverage(file: &CaseFile, row: &str, cases: &[RawCase]) -> Coverage {
    let count = |kind: CaseKind| cases.iter().filter(|c| c.is == kind).count();
    Coverage {
        file: file.path.clone(),
        row: row.to_owned(),
        hits: count(CaseKind::Hit),
        misses: count(CaseKind::Miss),
        borders: count(CaseKind::Border),
    }
}

/// The fact sheets of all cases, for whoever wants to try something on all of them.
pub fn case_sheets(ruleset: &Ruleset) -> impl Iterator<Item = FactSheet> {
    let all = ruleset
        .cases
        .iter()
        .flat_map(|file| file.cases.values().flatten().map(move |case| (file, case)));
    all.filter_map(|(file, case)| sheet(file, case).ok())
}

fn sheet(file: &CaseFile, case: &RawCase) -> Result<FactSheet, String> {
    let mut members = members(&case.facts)?;
    if !members.contains_key("table") {
        members.insert("table".into(), Value::from(file.table.as_str()));
    }
    members.insert("as_of".into(), Value::from(case.as_of.as_str()));
    Ok(FactSheet(members))
}

/// `name = value; name = [a, b]` as members of an object; amounts are numbers.
pub(crate) fn members(text: &str) -> Result<Map<String, Value>, String> {
    let mut found = Map::new();
    for item in text.split(';').map(str::trim).filter(|i| !i.is_empty()) {
        let (name, value) = item
            .split_once('=')
            .map(|(n, v)| (n.trim(), v.trim()))
            .ok_or_else(|| format!("name = value: {item}"))?;
        if found
            .insert(name.to_owned(), value_of(name, value))
            .is_some()
        {
            return Err(format!("stated twice: {name}"));
        }
    }
    Ok(found)
}

fn value_of(name: &str, text: &str) -> Value {
    if let Some(list) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
        let items = list.split(',').map(str::trim).filter(|i| !i.is_empty());
        return items.map(Value::from).collect();
    }
    let is_amount = name.ends_with("_yuan") || name.ends_with("_m2");
    match text.parse::<u64>() {
        Ok(amount) if is_amount => Value::from(amount),
        _ => Value::from(text),
    }
}

/// What is otherwise than written; none = all as written.
fn run(ruleset: &Ruleset, file: &CaseFile, row: &str, case: &RawCase) -> Option<String> {
    let sheet = match sheet(file, case) {
        Ok(sheet) => sheet,
        Err(text) => return Some(text),
    };
    let expected = match members(&case.expect) {
        Ok(expected) if !expected.is_empty() => expected,
        Ok(_) => return Some("nothing is expected".into()),
        Err(text) => return Some(text),
    };
    let judged = match judge(ruleset, &sheet, None, Explain::Row) {
        Ok(judged) => judged,
        Err(error) => return Some(error.to_string()),
    };
    let mut wrong = differences(&judged, &expected);
    let is_hit = hits(ruleset, file, row, &judged);
    match case.is {
        CaseKind::Hit if !is_hit => wrong.push(format!("{row} is not hit")),
        CaseKind::Miss if is_hit => wrong.push(format!("{row} is hit")),
        _ => {}
    }
    (!wrong.is_empty()).then(|| wrong.join("; "))
}

fn differences(judged: &Judged<'_>, expected: &Map<String, Value>) -> Vec<String> {
    let found = match judged {
        Judged::Judgement(judgement) => serde_json::to_value(judgement),
        Judged::Fine(fine) => serde_json::to_value(fine.fine),
    };
    let found = found.unwrap_or_default();
    let differs = |(name, want): (&String, &Value)| {
        let got = match name.as_str() {
            "missing" => &found["missing_facts"],
            name => &found[name],
        };
        let is_same = match (name.as_str(), want) {
            ("bodies", _) => got == want,
            ("missing", _) => holds_all(got, want),
            (_, Value::Array(_)) => holds_all(got, want) && holds_all(want, got),
            _ => got == want,
        };
        (!is_same).then(|| format!("{name} = {got}, not {want}"))
    };
    expected.iter().filter_map(differs).collect()
}

fn holds_all(all: &Value, some: &Value) -> bool {
    let items = |v: &Value| v.as_array().cloned().unwrap_or_default();
    let all = items(all);
    items(some).iter().all(|item| all.contains(item))
}

/// Whether the row (the modifier, the matter, the scale) took part in the result.
fn hits(ruleset: &Ruleset, file: &CaseFile, row: &str, judged: &Judged<'_>) -> bool {
    match judged {
        Judged::Judgement(judgement) => match file.table.as_str() {
            "modifiers" => judgement.adjusted_by.contains(&row),
            "bodies" => ruleset.matter_of(judgement) == Some(row),
            _ => decides(row, judgement),
        },
        Judged::Fine(fine) => {
            let law = row.split(' ').next_back();
            fine.fine.outcome != "none" && fine.fine.law == law
        }
    }
}

fn decides(row: &str, judgement: &Judgement<'_>) -> bool {
    let own = judgement.row.split('>').next();
    own == Some(row) || judgement.added_rows.contains(&row)
}

/// Cases by row, as the files write them.
pub(crate) type Cases = IndexMap<String, Vec<RawCase>>;
