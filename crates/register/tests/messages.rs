//! Every code has a sentence in both languages, and every constraint of the schema has a code.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::collections::BTreeSet;

/// Codes this room can utter, read from its sources: nothing is kept up by hand.
fn codes() -> BTreeSet<String> {
    let sources = [
        include_str!("../src/error.rs"),
        include_str!("../src/constraints.rs"),
        include_str!("../src/verify.rs"),
        include_str!("../src/stamp.rs"),
        include_str!("../src/geopackage/verify.rs"),
        include_str!("../src/postgres/verify.rs"),
    ];
    let quoted = |text: &str| {
        text.split('"')
            .filter(|part| part.starts_with("register."))
            .map(str::to_owned)
            .collect()
    };
    let all: BTreeSet<String> = sources
        .into_iter()
        .flat_map(|text| -> Vec<String> { quoted(text) })
        .collect();
    all.into_iter()
        .filter(|code| {
            code.bytes()
                .all(|b| b.is_ascii_lowercase() || b == b'.' || b == b'_')
        })
        .collect()
}

#[test]
fn every_code_has_a_sentence_in_both_languages() {
    let languages = [
        include_str!("../../../messages/zh-CN/register.toml"),
        include_str!("../../../messages/en/register.toml"),
    ];
    for text in languages {
        let told: BTreeSet<String> = text
            .lines()
            .filter_map(|line| line.strip_prefix("[\"")?.strip_suffix("\"]"))
            .map(str::to_owned)
            .collect();
        assert_eq!(told, codes());
    }
}

#[test]
fn every_constraint_of_the_schema_is_in_the_table() {
    let (home, _register) = common::fresh();
    let tables =
        "SELECT sql FROM sqlite_schema WHERE sql LIKE '%CONSTRAINT%' AND name NOT LIKE 'gpkg_%'";
    let schema = common::rows(&common::raw(home.path()), tables).join("\n");
    let named: BTreeSet<&str> = schema
        .split("CONSTRAINT ")
        .skip(1)
        .filter_map(|rest| rest.split_whitespace().next())
        .collect();
    let listed: BTreeSet<&str> = register::CONSTRAINTS
        .iter()
        .map(|c| c.name)
        .filter(|n| !n.contains('.'))
        .collect();
    assert_eq!(named, listed);
}

#[test]
fn the_schema_is_the_committed_one() {
    let (home, _register) = common::fresh();
    let sql = "SELECT name || ': ' || sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'rtree_%'
               ORDER BY type, name";
    let db = common::raw(home.path());
    let mut select = db.prepare(sql).unwrap();
    let rows: Vec<String> = select
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    insta::assert_snapshot!(rows.join("\n"));
}

#[test]
fn the_file_calls_itself_a_geopackage_1_4() {
    let (home, _register) = common::fresh();
    let db = common::raw(home.path());
    let number = |name: &str| {
        db.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0))
            .unwrap()
    };
    assert_eq!(
        (number("application_id"), number("user_version")),
        (0x4750_4B47, 10_400)
    );
    assert_eq!(
        common::rows(&db, "PRAGMA integrity_check"),
        [r#"Text("ok")"#]
    );
    assert_eq!(
        common::rows(&db, "PRAGMA foreign_key_check"),
        Vec::<String>::new()
    );
}
