//! The clause library: its wording is the law's own, and what it says of dates holds together.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::path::Path;

use jiff::civil::date;

#[test]
fn the_wording_of_a_clause_stands_in_the_text_of_the_law() {
    let folder = Path::new(common::ROOT).join("../shared/data/law-texts");
    let ruleset = common::ruleset();
    let quoted = ruleset.clauses().iter().filter(|c| !c.wording.is_empty());
    let mut seen = 0;
    for clause in quoted {
        let path = folder.join(format!("{}.md", clause.edition));
        let text = std::fs::read_to_string(&path).unwrap();
        for passage in &clause.wording {
            let stands = text.lines().any(|line| line.trim() == passage);
            assert!(stands, "{}: {passage}", clause.id);
            seen += 1;
        }
        let first = clause.article.split([',', '–', ' ', '(']).next().unwrap();
        assert!(!first.is_empty(), "{}", clause.id);
    }
    assert!(seen > 40, "{seen}");
}

#[test]
fn a_clause_of_2017_is_not_in_force_in_2026_and_its_successor_is() {
    let ruleset = common::ruleset();
    let clause = ruleset.find_clause("N94-26").unwrap();
    assert!(clause.is_in_force(date(2026, 3, 14)) && !clause.is_in_force(date(2026, 3, 15)));
    assert!(
        ruleset
            .find_clause("N26-26")
            .unwrap()
            .is_in_force(date(2026, 3, 15))
    );
}

#[test]
fn amounts_and_days_that_nobody_read_are_not_shown() {
    let ruleset = common::ruleset();
    let clause = |id: &str| ruleset.find_clause(id).unwrap();
    assert!(!clause("N26-27").is_penalty_checked());
    assert!(!clause("K09-20").is_from_checked());
    assert!(clause("K24-64").is_penalty_checked() && clause("K24-64").is_from_checked());
    let page = &ruleset.printed()["rules-law.md"];
    let line = page.lines().find(|l| l.starts_with("| K09-20 |")).unwrap();
    assert!(
        line.contains("待核") && !line.contains("1997-01-01"),
        "{line}"
    );
}
