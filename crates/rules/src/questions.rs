//! Missing facts as questions: what each possible answer would come to, so that people see why it is asked.

use jiff::civil::Date;

use crate::day::{Day, Span};
use crate::error::JudgeError;
use crate::expr::Expr;
use crate::facts::{FactSheet, Facts};
use crate::field::{Field, FieldId, Word, bit};
use crate::judge::{self, Hit, Prepared};
use crate::ruleset::{Ruleset, Table};
use crate::tri::Tri;

/// 待答问题 — a missing fact, and what its answers separate.
#[derive(Debug, Clone, PartialEq)]
pub struct Question<'r> {
    pub field: &'r Field,
    pub answers: Vec<Answer<'r>>,
}

/// 答案 — one value of the missing fact and what would follow from it alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer<'r> {
    pub value: AnswerValue<'r>,
    pub verdict: &'r str,
    pub row: String,
    /// Every verdict still possible once this is answered, whatever else is unknown.
    pub possible: Vec<&'r str>,
}

/// 答案取值 — a word of the fact's list, or a stretch of days between two that matter.
#[derive(Debug, Clone, PartialEq)]
pub enum AnswerValue<'r> {
    Word(&'r Word),
    /// Both ends belong to it; none = open.
    Days {
        from: Option<Date>,
        to: Option<Date>,
    },
}

impl<'r> Question<'r> {
    /// The verdicts that the answers lead to or leave possible, in their order of appearance.
    pub fn verdicts(&self) -> Vec<&'r str> {
        let mut found = Vec::new();
        for verdict in self.answers.iter().flat_map(|a| &a.possible) {
            if !found.contains(verdict) {
                found.push(*verdict);
            }
        }
        found
    }
}

/// One question for each missing fact of the sheet, in the order of `missing_facts`.
pub fn questions<'r>(
    ruleset: &'r Ruleset,
    sheet: &FactSheet,
    as_of: Option<Date>,
) -> Result<Vec<Question<'r>>, JudgeError> {
    let Some(prepared) = judge::prepare(ruleset, sheet, as_of)? else {
        return Ok(Vec::new());
    };
    let missing = prepared.missing(ruleset);
    let fields = ruleset
        .registry
        .iter()
        .zip(0u8..)
        .filter(|(_, id)| missing & bit(*id) != 0);
    Ok(fields
        .map(|(field, id)| Question {
            field,
            answers: answers(ruleset, &prepared, field, id),
        })
        .collect())
}

fn answers<'r>(
    ruleset: &'r Ruleset,
    prepared: &Prepared<'r>,
    field: &'r Field,
    id: FieldId,
) -> Vec<Answer<'r>> {
    let answer = |value: AnswerValue<'r>| {
        let mut facts = prepared.stated;
        match &value {
            AnswerValue::Word(word) => {
                facts.settle(id, field.words.find(&word.code).unwrap_or_default());
            }
            AnswerValue::Days { from, to } => facts.settle_day(id, within(*from, *to)),
        }
        judge::map_zone(ruleset, &mut facts);
        let hit = judge::decide(ruleset, prepared.table, &facts);
        Answer {
            value,
            verdict: ruleset
                .vocabulary
                .verdict
                .code(judge::verdict_of(ruleset, &hit)),
            row: judge::row_id(prepared.table, &hit).into_owned(),
            possible: possible(ruleset, prepared.table, &facts, &hit),
        }
    };
    if field.is_day {
        stretches(ruleset, prepared.table)
            .into_iter()
            .map(answer)
            .collect()
    } else {
        field
            .words
            .0
            .iter()
            .map(AnswerValue::Word)
            .map(answer)
            .collect()
    }
}

/// Any day of the stretch stands for it.
fn within(from: Option<Date>, to: Option<Date>) -> Span {
    let day = Day::from(from.or(to).unwrap_or(Date::constant(2000, 1, 1)));
    Span {
        first: day,
        last: day,
    }
}

/// The days that the table's conditions compare with cut time into stretches.
fn stretches<'r>(ruleset: &Ruleset, table: &Table) -> Vec<AnswerValue<'r>> {
    let mut cuts = Vec::new();
    let gate = &ruleset.gate.rows;
    for row in gate.iter().chain(&table.rows) {
        cut_days(&row.when, &mut cuts);
        let cases = row.verdict.cases.iter().chain(&row.disposal);
        let conditions = cases.filter_map(|case| case.when.as_ref());
        conditions.for_each(|when| cut_days(when, &mut cuts));
    }
    cuts.sort_unstable();
    cuts.dedup();
    let mut from = None;
    let mut found = Vec::new();
    for cut in cuts.into_iter().filter_map(Day::date) {
        let to = cut.yesterday().ok();
        found.push(AnswerValue::Days { from, to });
        from = Some(cut);
    }
    found.push(AnswerValue::Days { from, to: None });
    found
}

fn cut_days(when: &Expr, cuts: &mut Vec<Day>) {
    match when {
        Expr::All(parts) | Expr::Any(parts) => parts.iter().for_each(|p| cut_days(p, cuts)),
        Expr::Not(part) | Expr::Unproven(part) => cut_days(part, cuts),
        Expr::Built { since, .. } => cuts.push(*since),
        _ => {}
    }
}

/// Verdicts of every row that may yet decide: those that are not false, down to the first that is true.
fn possible<'r>(
    ruleset: &'r Ruleset,
    table: &'r Table,
    facts: &Facts,
    hit: &Hit<'r>,
) -> Vec<&'r str> {
    let mut words = 1u64 << judge::verdict_of(ruleset, hit);
    let gate: &[_] = if table.is_ungated {
        &[]
    } else {
        &ruleset.gate.rows
    };
    for row in gate.iter().chain(&table.rows) {
        let value = row.when.eval(facts);
        if value != Tri::False && row.delegate.is_none() {
            words |= row.verdict.weigh(facts).possible;
        }
        if value == Tri::True {
            break;
        }
    }
    let verdicts = ruleset.vocabulary.verdict.0.iter().zip(0u32..);
    verdicts
        .filter(|(_, i)| words >> i & 1 == 1)
        .map(|(word, _)| word.code.as_str())
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// The built-in rule set.
    fn ruleset() -> Ruleset {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../rulesets");
        let mut files = BTreeMap::new();
        for folder in ["", "law/", "tables/"] {
            for item in std::fs::read_dir(format!("{root}/{folder}")).unwrap() {
                let path = item.unwrap().path();
                if path.extension().is_some_and(|e| e == "toml") {
                    let name = path.file_name().unwrap().to_string_lossy();
                    let text = std::fs::read_to_string(&path).unwrap();
                    files.insert(format!("{folder}{name}"), text);
                }
            }
        }
        Ruleset::from_files(&files).unwrap().0
    }

    fn asked(ruleset: &Ruleset, sheet: serde_json::Value) -> Vec<(String, Vec<String>)> {
        let sheet = FactSheet::from_json(sheet).unwrap();
        let found = questions(ruleset, &sheet, None).unwrap();
        let line = |a: &Answer<'_>| match &a.value {
            AnswerValue::Word(word) => format!("{} {} {}", word.code, a.verdict, a.row),
            AnswerValue::Days { from, to } => format!("{from:?}…{to:?} {} {}", a.verdict, a.row),
        };
        let lines = |q: &Question<'_>| {
            let all = q.answers.iter().map(line).collect();
            (q.field.name.clone(), all)
        };
        found.iter().map(lines).collect()
    }

    #[test]
    fn the_building_day_is_asked_for_in_the_stretches_that_matter() {
        let sheet = serde_json::json!({"table":"hydro","zone":"experimental","set":"post","phase":"operating",
            "approvals":"all","eco_flow_ok":"y","accepted":"y","eia":"no","severe_damage":"y","as_of":"2019-08-18",
            "false_alarm":"n"});
        let found = asked(&ruleset(), sheet);
        let built = found.iter().find(|(f, _)| f == "built").unwrap();
        assert_eq!(
            built.1,
            [
                "None…Some(2003-08-31) lawful H14",
                "Some(2003-09-01)…None violation H04"
            ]
        );
    }

    #[test]
    fn a_question_says_which_verdicts_it_separates() {
        let sheet = serde_json::json!({"table":"tourism","zone":"core","approvals":"all","as_of":"2019-08-18"});
        let ruleset = ruleset();
        let sheet = FactSheet::from_json(sheet).unwrap();
        let found = questions(&ruleset, &sheet, None).unwrap();
        let set = found.iter().find(|q| q.field.name == "set").unwrap();
        assert_eq!(set.verdicts(), ["legacy", "violation"]);
        assert_eq!(set.answers.len(), 2);
    }

    #[test]
    fn a_fine_asks_for_nothing() {
        let sheet =
            serde_json::json!({"table":"fine","offences":["eco_flow_short"],"as_of":"2023-09-01"});
        assert!(asked(&ruleset(), sheet).is_empty());
    }
}
