//! The cases that the table files carry come out as written, and try every row from all sides.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use rules::{Coverage, run_cases};

#[test]
fn every_case_comes_out_as_written() {
    let report = run_cases(&common::ruleset());
    let lines = report
        .failures
        .iter()
        .map(|f| format!("{} {} {}: {}", f.file, f.row, f.at, f.text));
    let wrong: Vec<String> = lines.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_row_has_a_case_that_hits_one_that_misses_and_one_at_the_border() {
    let report = run_cases(&common::ruleset());
    let bare: Vec<&Coverage> = report.coverage.iter().filter(|c| !c.is_whole()).collect();
    assert!(bare.is_empty(), "{bare:#?}");
    let files: std::collections::BTreeSet<&str> =
        report.coverage.iter().map(|c| c.file.as_str()).collect();
    let expected = [
        "bodies",
        "completion",
        "fines",
        "generic",
        "gate",
        "hydro",
        "mining",
        "modifiers",
        "quarry",
        "tourism",
    ];
    for name in expected {
        assert!(
            files.contains(format!("tables/{name}.toml").as_str()),
            "{name}"
        );
    }
    assert_eq!(
        report.coverage.len(),
        110,
        "rows, modifiers, matters and scales"
    );
}
