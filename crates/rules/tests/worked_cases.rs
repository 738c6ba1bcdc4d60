//! The worked cases of the shared data come out as they are printed there.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::path::Path;

#[test]
fn every_worked_case_comes_out_as_printed() {
    let path = Path::new(common::ROOT).join("../shared/data/judgement-cases/examples.jsonl");
    let cases = common::cases(&std::fs::read_to_string(path).unwrap());
    assert_eq!(cases.len(), 24);
    let ruleset = common::ruleset();
    let wrong: Vec<String> = cases
        .iter()
        .flat_map(|case| {
            let found = common::differences(&common::judged(&ruleset, &case.sheet), &case.expect);
            found.into_iter().map(|text| format!("{}: {text}", case.id))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The example of the contract, member by member.
#[test]
fn the_example_of_the_contract_is_reproduced_exactly() {
    let sheet = serde_json::json!({"id":"x1","table":"hydro","zone":"buffer","set":"pre","phase":"stopped","approvals":"all","livelihood":"n","exit_done":"partial","false_alarm":"n","as_of":"2019-08-18"});
    let result = common::judged(&common::ruleset(), sheet.as_object().unwrap());
    let printed = serde_json::json!({"id":"x1","verdict":"legacy","is_problem":"yes","focus":"hydropower","disposal":["demolish_restore","exit_hydro"],"severity":"B","deadline":"2022-12-31","basis":["GS-39","N94-32","N94-30"],"bodies":["city_gov","water","development_energy","ecology","forestry","grid_company"],"row":"H03","missing_facts":[]});
    assert_eq!(result, printed);
}
