//! Tables with mistakes are refused, each mistake with file, row and cell.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use rstest::rstest;
use rules::{RuleFault, Ruleset};

/// The faults of the rule set with one text replaced in one file.
fn faults(file: &str, from: &str, to: &str) -> Vec<RuleFault> {
    let mut files = common::files();
    let text = files.get_mut(file).unwrap();
    assert!(text.contains(from), "{file} does not hold {from}");
    *text = text.replacen(from, to, 1);
    Ruleset::from_unchecked_files(&files).unwrap_err().0
}

#[rstest]
#[case::unknown_word(
    "hydro",
    r#"verdict = "lawful""#,
    r#"verdict = "fine""#,
    "rules.unknown_word",
    "H14",
    "verdict"
)]
#[case::unknown_fact(
    "hydro",
    "unsafe_dam = y",
    "unsafe_damm = y",
    "rules.condition",
    "H06",
    "when"
)]
#[case::unknown_value(
    "hydro",
    "phase = proposed",
    "phase = dreamt",
    "rules.condition",
    "H01",
    "when"
)]
#[case::unknown_clause(
    "hydro",
    r#"basis = "GS-203""#,
    r#"basis = "GS-999""#,
    "rules.no_such_clause",
    "H08",
    "basis"
)]
#[case::unknown_measure(
    "tourism",
    "order_correct; penalise",
    "order_correct; hang",
    "rules.unknown_word",
    "T02",
    "disposal"
)]
#[case::no_last_case(
    "hydro",
    "legacy if set = pre; violation",
    "legacy if set = pre",
    "rules.no_last_case",
    "H03",
    "verdict"
)]
#[case::twice(
    "tourism",
    r#"id = "T05""#,
    r#"id = "T04""#,
    "rules.defined_twice",
    "T04",
    "id"
)]
#[case::unreachable(
    "tourism",
    r#"when = "Z2""#,
    r#"when = "zone = core and set = post""#,
    "rules.unreachable",
    "T05",
    "when"
)]
#[case::never_true(
    "hydro",
    "Z1 or Z2",
    "zone = core and zone = buffer",
    "rules.never_true",
    "H03",
    "when"
)]
#[case::results_decide(
    "hydro",
    "unsafe_dam = y",
    "severity = A",
    "rules.cycle",
    "H06",
    "when"
)]
#[case::term_cycle(
    "mining",
    "illegal_grant = \"set = post",
    "illegal_grant = \"blame_unknown and set = post",
    "rules.cycle",
    "terms",
    "illegal_grant"
)]
#[case::passes_to_itself(
    "quarry",
    r#"table = "mining""#,
    r#"table = "quarry""#,
    "rules.cycle",
    "Q07",
    "delegate"
)]
#[case::case_of_no_row(
    "hydro",
    "\nH14 = [",
    "\nH99 = [",
    "rules.unknown_word",
    "H99",
    "cases"
)]
fn a_mistake_is_refused_with_its_address(
    #[case] table: &str,
    #[case] from: &str,
    #[case] to: &str,
    #[case] code: &str,
    #[case] row: &str,
    #[case] cell: &str,
) {
    let file = format!("tables/{table}.toml");
    let found = faults(&file, from, to);
    let is_it = |f: &RuleFault| f.code == code && f.row == row && f.cell == cell && f.file == file;
    assert!(found.iter().any(is_it), "{found:#?}");
}

#[test]
fn a_clause_that_never_holds_for_a_row_is_refused() {
    let found = faults(
        "tables/mining.toml",
        r#"basis = "K24-26; P-142; N26-27""#,
        r#"basis = "K24-26; P-142; N94-26""#,
    );
    let expected = ("rules.never_in_force", "M07", "basis", "N94-26");
    let found: Vec<_> = found
        .iter()
        .map(|f| (f.code, f.row.as_str(), f.cell.as_str(), f.text.as_str()))
        .collect();
    assert_eq!(found, [expected]);
}

#[test]
fn two_versions_of_a_clause_do_not_overlap() {
    let found = faults("law/reserve.toml", "id = \"N94-27o\"", "id = \"N94-27x\"");
    assert!(
        found.iter().any(|f| f.code == "rules.no_such_clause"),
        "{found:#?}"
    );
    let mut files = common::files();
    let text = files.get_mut("law/minerals.toml").unwrap();
    *text = text.replacen("to = \"2025-06-30\"", "to = \"2025-12-31\"", 1);
    let found = Ruleset::from_unchecked_files(&files).unwrap_err().0;
    let is_it = |f: &RuleFault| f.code == "rules.versions_overlap" && f.row == "K09-20";
    assert!(found.iter().any(is_it), "{found:#?}");
}

#[test]
fn a_file_that_is_no_toml_is_refused_and_so_is_one_that_lacks() {
    let mut files = common::files();
    files.insert("tables/gate.toml".into(), "id = ".into());
    files.remove("tables/bodies.toml");
    let found = Ruleset::from_unchecked_files(&files).unwrap_err().0;
    assert!(
        found.iter().any(|f| f.code == "rules.missing_file"),
        "{found:#?}"
    );
}

#[test]
fn gaps_and_overlaps_are_reported() {
    let reports = common::ruleset().reports();
    let of = |id: &str| reports.iter().find(|r| r.table == id).unwrap();
    let mining = of("mining");
    assert!(
        mining.gaps.iter().any(|g| g.contains("cert = never")),
        "{:?}",
        mining.gaps
    );
    assert!(of("hydro").overlaps.contains(&("H06".into(), "H07".into())));
    assert_eq!(of("completion").gaps, Vec::<String>::new());
}
