//! `cargo xtask tidy`: pages name paths that exist, rooms keep to their floors, no machine's own paths are committed, every
//! code that the program can say has its sentence in both languages.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::shell;

/// What each room may depend on (house rules, ARCHITECTURE.md).
const FLOORS: [(&str, &[&str]); 15] = [
    ("spatial", &[]),
    ("sheets", &["spatial"]),
    ("likeness", &[]),
    ("foreign", &["spatial"]),
    ("domain", &["spatial"]),
    ("rules", &["domain", "spatial"]),
    ("pocket", &["rules", "spatial"]),
    ("documents", &["domain", "spatial"]),
    ("register", &["domain", "spatial"]),
    (
        "app",
        &[
            "spatial",
            "sheets",
            "likeness",
            "foreign",
            "domain",
            "rules",
            "documents",
            "register",
        ],
    ),
    ("server", &["app", "domain"]),
    ("cli", &["server", "app"]),
    ("testkit", &["domain", "spatial", "register"]),
    ("e2e", &[]),
    ("xtask", &[]),
];

/// Checks all of it and lists every fault found.
pub(crate) fn run() -> Result<()> {
    let mut faults = Vec::new();
    floors(&mut faults)?;
    for page in tracked(&["*.md"])? {
        paths_in(&page, &mut faults)?;
    }
    machine_paths(&mut faults)?;
    migrations(&mut faults)?;
    sentences(&mut faults)?;
    if faults.is_empty() {
        println!("tidy: nothing to mend");
        return Ok(());
    }
    bail!("{} faults:\n{}", faults.len(), faults.join("\n"))
}

fn tracked(patterns: &[&str]) -> Result<Vec<String>> {
    let mut args = vec!["ls-files", "--"];
    args.extend(patterns);
    let listing = shell::output("git", &args).context("git ls-files")?;
    Ok(listing.lines().map(str::to_owned).collect())
}

fn floors(faults: &mut Vec<String>) -> Result<()> {
    let text = shell::output(
        "cargo",
        &[
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--offline",
        ],
    )
    .context("cargo metadata")?;
    let metadata: Value = serde_json::from_str(&text)?;
    let allowed: BTreeMap<&str, &[&str]> = FLOORS.into_iter().collect();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let room = package["name"].as_str().unwrap_or_default();
        let Some(may) = allowed.get(room) else {
            faults.push(format!("room {room} has no floor"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let name = dependency["name"].as_str().unwrap_or_default();
            let is_dev = dependency["kind"].as_str() == Some("dev");
            if allowed.contains_key(name) && !is_dev && !may.contains(&name) {
                faults.push(format!("{room} must not depend on {name}"));
            }
        }
    }
    Ok(())
}

/// Paths written in back quotes that look like files of the repository must exist.
fn paths_in(page: &str, faults: &mut Vec<String>) -> Result<()> {
    let root = shell::root();
    let text = std::fs::read_to_string(root.join(page))?;
    for quoted in text.split('`').skip(1).step_by(2) {
        let starts = [
            "crates/",
            "docs/",
            "campaigns/",
            "calendars/",
            "codes/",
            "messages/",
            "rulesets/",
            "fixtures/",
        ];
        let is_pattern = quoted.contains(['*', '<', '…', ' ', '{', '}']);
        if starts.iter().any(|s| quoted.starts_with(s))
            && !is_pattern
            && !root.join(quoted).exists()
        {
            faults.push(format!("{page} names `{quoted}`, which does not exist"));
        }
    }
    Ok(())
}

/// A change to the log's tables has the same number and name in both databases.
fn migrations(faults: &mut Vec<String>) -> Result<()> {
    let numbered = |store: &str| -> Result<Vec<String>> {
        let files = tracked(&[&format!("crates/register/migrations/{store}/[0-9]*.sql")])?;
        let names = files.iter().filter_map(|file| file.rsplit('/').next());
        Ok(names.map(str::to_owned).collect())
    };
    let (geopackage, postgres) = (numbered("geopackage")?, numbered("postgres")?);
    if geopackage != postgres {
        faults.push(format!(
            "migrations are not paired: {geopackage:?} and {postgres:?}"
        ));
    }
    Ok(())
}

fn machine_paths(faults: &mut Vec<String>) -> Result<()> {
    let homes = ["/home/", "/root/", "/Users/", "/work/"];
    for file in tracked(&["*.rs", "*.toml", "*.md", "*.sh", "*.py", ".ci/run"])? {
        let path = shell::root().join(&file);
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        // This file holds the list itself.
        if Path::new(&file).ends_with("xtask/src/tidy.rs") {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            if homes.iter().any(|h| line.contains(h)) {
                faults.push(format!("{file}:{}: a path of one machine", number + 1));
            }
        }
    }
    Ok(())
}

/// Every code such as `import.total_row` in the rooms' sources is a sentence in both languages.
fn sentences(faults: &mut Vec<String>) -> Result<()> {
    // Codes of the lines that programs read, kinds of entries, and files.
    let silent_rooms = [
        "crates/xtask/",
        "crates/e2e/",
        "crates/testkit/",
        "crates/rules/",
    ];
    let kinds = std::fs::read_to_string(shell::root().join("crates/domain/src/entry.rs"))?;
    let kinds: BTreeSet<&str> = codes_in(&kinds).collect();
    let is_file = |code: &str| {
        let endings = [
            ".toml", ".xlsx", ".csv", ".gpkg", ".json", ".sqlite", ".log", ".html",
        ];
        endings.iter().any(|e| code.ends_with(e))
    };
    for language in ["zh-CN", "en"] {
        let known = sentences_of(language)?;
        let heads: BTreeSet<&str> = known.iter().filter_map(|k| k.split('.').next()).collect();
        for file in tracked(&["crates/*/src/*.rs"])? {
            if silent_rooms.iter().any(|room| file.starts_with(room)) {
                continue;
            }
            let text = std::fs::read_to_string(shell::root().join(&file))?;
            let program = text.split("#[cfg(test)]").next().unwrap_or_default();
            for code in codes_in(program) {
                let head = code.split('.').next().unwrap_or_default();
                let is_silent = kinds.contains(code) || is_file(code) || !heads.contains(head);
                if !is_silent && !known.contains(code) {
                    faults.push(format!("{file}: `{code}` has no sentence in {language}"));
                }
            }
        }
    }
    Ok(())
}

fn sentences_of(language: &str) -> Result<BTreeSet<String>> {
    let mut known = BTreeSet::new();
    for file in tracked(&[&format!("messages/{language}/*.toml")])? {
        let text = std::fs::read_to_string(shell::root().join(&file))?;
        let table: toml::Table = text.parse().with_context(|| file.clone())?;
        known.extend(table.keys().cloned());
    }
    Ok(known)
}

/// Texts in quotes of two words with a dot between: `import.total_row`.
fn codes_in(source: &str) -> impl Iterator<Item = &str> {
    let is_word = |w: &str| {
        !w.is_empty()
            && w.chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    source.split('"').filter(move |text| {
        let two = text.split_once('.');
        two.is_some_and(|(head, tail)| is_word(head) && is_word(tail))
    })
}
