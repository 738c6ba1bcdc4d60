//! What holds for every fact sheet: nothing decisive goes missing unnamed, order does not matter, the unknown blames nobody.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::path::Path;
use std::sync::OnceLock;

use proptest::prelude::*;
use rules::{Explain, FactSheet, Field, Judged, Judgement, Ruleset, case_sheets, judge};
use serde_json::{Map, Value};

fn ruleset() -> &'static Ruleset {
    static ONCE: OnceLock<Ruleset> = OnceLock::new();
    ONCE.get_or_init(common::ruleset)
}

fn judgement(sheet: &Map<String, Value>) -> Option<Judgement<'static>> {
    match judge(ruleset(), &FactSheet(sheet.clone()), None, Explain::Row).unwrap() {
        Judged::Judgement(judgement) => Some(*judgement),
        Judged::Fine(_) => None,
    }
}

fn facts(sheet: &Map<String, Value>) -> Vec<String> {
    let is_fact = |name: &&String| !matches!(name.as_str(), "id" | "table" | "as_of");
    sheet.keys().filter(is_fact).cloned().collect()
}

/// The facts whose absence changes the verdict without being named.
fn silent_losses(sheet: &Map<String, Value>) -> Vec<String> {
    let Some(whole) = judgement(sheet) else {
        return Vec::new();
    };
    let is_silent = |name: &String| {
        let mut less = sheet.clone();
        less.shift_remove(name);
        let found = judgement(&less).unwrap();
        found.verdict != whole.verdict && !found.missing_facts.contains(&name.as_str())
    };
    facts(sheet).into_iter().filter(is_silent).collect()
}

fn all_cases() -> Vec<Map<String, Value>> {
    let path = Path::new(common::ROOT).join("../shared/data/judgement-cases/examples.jsonl");
    let worked = common::cases(&std::fs::read_to_string(path).unwrap());
    let own = case_sheets(ruleset()).map(|sheet| sheet.0);
    worked
        .into_iter()
        .map(|case| case.sheet)
        .chain(own)
        .collect()
}

#[test]
fn taking_a_fact_away_from_any_case_gives_the_same_verdict_or_names_it() {
    let cases = all_cases();
    assert!(cases.len() > 400, "{}", cases.len());
    for sheet in cases {
        assert_eq!(silent_losses(&sheet), Vec::<String>::new(), "{sheet:?}");
    }
}

/// Days around every day on which the law or the tables change.
const DAYS: [&str; 14] = [
    "1990-01-01",
    "2003-09-01",
    "2018-04-14",
    "2018-04-15",
    "2018-12-31",
    "2019-08-18",
    "2020-01-01",
    "2022-08-15",
    "2022-08-16",
    "2023-01-01",
    "2026-03-14",
    "2026-03-15",
    "2026-08-15",
    "2026-11-01",
];
const BUILT: [&str; 10] = [
    "1975",
    "1982-10",
    "2003",
    "2003-08-31",
    "2003-09-01",
    "2018-04",
    "2018-04-15",
    "2019-05",
    "2026-03-14",
    "2026-03-15",
];

/// A value for a fact: absent, unknown, or one of its words.
fn value(field: &'static Field) -> BoxedStrategy<Option<Value>> {
    let mut choices: Vec<Option<Value>> = vec![None, Some(Value::from("unknown"))];
    match field.is_day {
        true => choices.extend(BUILT.iter().map(|d| Some(Value::from(*d)))),
        false => choices.extend(
            field
                .words
                .0
                .iter()
                .map(|w| Some(Value::from(w.code.as_str()))),
        ),
    }
    // Defaults mostly stay: else every sheet would end in the first rows.
    let stay = if field.default_code().is_some() { 6 } else { 0 };
    choices.extend(std::iter::repeat_n(None, stay));
    proptest::sample::select(choices).boxed()
}

fn sheet() -> impl Strategy<Value = Map<String, Value>> {
    let tables: Vec<&'static str> = ruleset().table_ids().collect();
    (
        proptest::sample::select(tables),
        proptest::sample::select(&DAYS[..]),
    )
        .prop_flat_map(|(table, day)| {
            let inputs = ruleset().inputs(table);
            let names: Vec<&str> = inputs.iter().map(|f| f.name.as_str()).collect();
            let values: Vec<_> = inputs.into_iter().map(value).collect();
            (Just(names), values).prop_map(move |(names, values)| {
                let stated = names.iter().zip(values);
                let mut members: Map<String, Value> = stated
                    .filter_map(|(n, v)| Some(((*n).to_owned(), v?)))
                    .collect();
                members.insert("table".into(), Value::from(table));
                members.insert("as_of".into(), Value::from(day));
                members
            })
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn taking_a_fact_away_from_any_sheet_gives_the_same_verdict_or_names_it(sheet in sheet()) {
        prop_assert_eq!(silent_losses(&sheet), Vec::<String>::new());
    }

    #[test]
    fn the_order_of_facts_does_not_matter(sheet in sheet()) {
        let turned: Map<String, Value> = sheet.clone().into_iter().rev().collect();
        prop_assert_eq!(judgement(&sheet), judgement(&turned));
    }

    /// Blame with a fact unknown stands only where some value of it is blamed too, or the fact is named as missing.
    #[test]
    fn what_is_unknown_is_never_blamed_harder_than_what_is_known(sheet in sheet()) {
        let table = sheet["table"].as_str().unwrap_or_default();
        for field in ruleset().inputs(table).into_iter().filter(|f| !f.is_day) {
            let mut unknown = sheet.clone();
            unknown.insert(field.name.clone(), Value::from("unknown"));
            let found = judgement(&unknown).unwrap();
            if found.verdict != "violation" || found.missing_facts.contains(&field.name.as_str()) {
                continue;
            }
            let is_blamed = field.words.0.iter().any(|word| {
                let mut known = sheet.clone();
                known.insert(field.name.clone(), Value::from(word.code.as_str()));
                judgement(&known).unwrap().verdict == "violation"
            });
            prop_assert!(is_blamed, "{}", field.name);
        }
    }

    #[test]
    fn a_result_is_whole_and_in_the_lists(sheet in sheet()) {
        let found = judgement(&sheet).unwrap();
        prop_assert!(!found.row.is_empty() && !found.bodies.is_empty());
        prop_assert!(["yes", "no", "pending", "resolved"].contains(&found.is_problem));
        let mut measures = found.disposal.clone();
        measures.dedup();
        prop_assert_eq!(measures.len(), found.disposal.len());
    }
}
