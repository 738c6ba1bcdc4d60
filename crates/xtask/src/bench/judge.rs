//! Judging: our rate; then, on the same tables and sheets, that of a public rule engine, and the ratio.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{harness, program};
use crate::shell;

/// The public rule engine that judges beside ours.
const PEER: &str = "zen-engine==2.1.*";

/// Prints both rates and their ratio; fails if the peer comes to another row or verdict.
pub(super) fn run() -> Result<()> {
    let python = harness::python()?;
    let pip = python.with_file_name("pip").to_string_lossy().into_owned();
    shell::run(&pip, &["install", "--quiet", PEER])?;
    let folder = std::env::temp_dir().join("gs-bench-judge");
    let folder = folder.to_string_lossy();
    let ours = shell::output(&program(), &["bench", "judge", "--peer", &folder]);
    let ours = ours.context("qingshan bench judge")?;
    print!("{ours}");
    let script = shell::root().join("crates/xtask/python/judge_peer.py");
    let python = python.to_string_lossy();
    let theirs = shell::output(&python, &[&script.to_string_lossy(), &folder]);
    let (ours, theirs) = (by_table(&ours), by_table(&theirs.context("judge_peer.py")?));
    for (table, row) in &theirs {
        let rate = |row: &Value| row["judged_per_s"].as_f64().unwrap_or(f64::NAN);
        let own = ours.get(table).map_or(f64::NAN, rate);
        let (peer, agree, n) = (rate(row), &row["agree"], &row["n"]);
        let ratio = own / peer;
        println!(
            "judge {table}: ours {own:.0}/s, {PEER} {peer:.0}/s, ratio {ratio:.0}; {agree} of {n} rows agree"
        );
        if agree != n {
            bail!("{table}: the peer comes to other rows");
        }
    }
    Ok(())
}

fn by_table(lines: &str) -> BTreeMap<String, Value> {
    let rows = lines
        .lines()
        .filter_map(|l| serde_json::from_str::<Value>(l).ok());
    rows.filter_map(|row| Some((row["table"].as_str()?.to_owned(), row)))
        .collect()
}
