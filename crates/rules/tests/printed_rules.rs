//! The printed pages of the tables are fresh: `cargo xtask gen` writes them.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::path::Path;

#[test]
fn printed_pages_of_the_rules_are_fresh() {
    let folder = Path::new(common::ROOT).join("docs/printed");
    let mut stale = Vec::new();
    for (name, text) in common::ruleset().printed() {
        let path = folder.join(&name);
        if std::fs::read_to_string(&path).unwrap_or_default() == text {
            continue;
        }
        if std::env::var_os("QINGSHAN_BLESS").is_some() {
            std::fs::write(&path, text).unwrap();
        } else {
            stale.push(name);
        }
    }
    assert!(stale.is_empty(), "run `cargo xtask gen`: {stale:?}");
}
