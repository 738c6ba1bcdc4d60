//! 判定速率 — fact sheets judged on one core, the deciding row's trace kept; rate and peak memory as lines of JSON.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rules::{Explain, FactSheet, Judged, Ruleset, judge};
use serde_json::{Map, Value, json};

use crate::judging::ruleset;

/// Sheets made and judged at a time: memory does not grow with their number.
const BATCH: usize = 10_000;
/// Days of judgement around the changes of the law.
const DAYS: [&str; 6] = [
    "2017-07-21",
    "2018-12-01",
    "2019-08-18",
    "2022-08-16",
    "2024-03-01",
    "2026-06-01",
];
const BUILT: [&str; 5] = ["1979", "1995-06", "2003-08-31", "2005-03-01", "2018-05-01"];
/// Sheets for the peer, which reads the same tables as we do.
const PEER_SHEETS: usize = 100_000;
const PEER_TABLES: [&str; 2] = ["hydro", "tourism"];

/// A small generator, the same on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n.max(1)
    }
}

/// Judges `count` sheets; with a folder the peer's tables and sheets are written there and timed as well.
pub fn run(count: usize, peer: Option<&Path>) -> Result<()> {
    let ruleset = ruleset()?;
    let tables: Vec<&str> = ruleset.table_ids().collect();
    let mut dice = Dice(830);
    let (mut spent, mut judged, mut verdicts) = (Duration::ZERO, 0usize, 0usize);
    while judged < count {
        let size = BATCH.min(count - judged);
        let batch: Vec<FactSheet> = (0..size)
            .map(|_| {
                let table = tables[dice.below(tables.len())];
                sheet(ruleset, table, 12, &mut dice)
            })
            .collect();
        let start = Instant::now();
        for sheet in &batch {
            verdicts += weigh(ruleset, sheet)?;
        }
        spent += start.elapsed();
        judged += size;
    }
    let seconds = spent.as_secs_f64();
    let figures = json!({
        "n": count, "s": seconds, "judged_per_s": (count as f64 / seconds) as u64,
        "peak_mb": peak_mb(), "characters": verdicts,
    });
    writeln!(std::io::stdout().lock(), "{figures}")?;
    peer.map_or(Ok(()), |folder| beside(ruleset, folder))
}

/// A use of the result, so that it has to be made.
fn weigh(ruleset: &Ruleset, sheet: &FactSheet) -> Result<usize> {
    match judge(ruleset, sheet, None, Explain::DecidingRow)? {
        Judged::Judgement(j) => Ok(j.row.len() + j.trace.map_or(0, |t| t.len()) + j.basis.len()),
        Judged::Fine(_) => Ok(0),
    }
}

/// A sheet of a table; one fact in `unknown` is left out (0 = all are stated).
fn sheet(ruleset: &Ruleset, table: &str, unknown: usize, dice: &mut Dice) -> FactSheet {
    let mut members = Map::new();
    members.insert("table".into(), Value::from(table));
    members.insert("as_of".into(), Value::from(DAYS[dice.below(DAYS.len())]));
    for field in ruleset.inputs(table) {
        let is_left_out = unknown > 0 && dice.below(unknown) == 0;
        let words = &field.words.0;
        let value = match field.default_code() {
            _ if field.is_day => BUILT[dice.below(BUILT.len())],
            // What has a default mostly is as usual: else every sheet would end in the first rows.
            Some(usual) if dice.below(8) > 0 => usual,
            _ => words[dice.below(words.len())].code.as_str(),
        };
        if !is_left_out {
            members.insert(field.name.clone(), Value::from(value));
        }
    }
    FactSheet(members)
}

/// The same tables for `zen-engine`, the same sheets with every fact known, and our own time on them.
fn beside(ruleset: &Ruleset, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut dice = Dice(85);
    for table in PEER_TABLES {
        let model = ruleset.jdm(table).context("no such table")?;
        std::fs::write(folder.join(format!("{table}.json")), model.to_string())?;
        let sheets: Vec<FactSheet> = (0..PEER_SHEETS)
            .map(|_| sheet(ruleset, table, 0, &mut dice))
            .collect();
        let start = Instant::now();
        for sheet in &sheets {
            weigh(ruleset, sheet)?;
        }
        let seconds = start.elapsed().as_secs_f64();
        let mut out = Vec::new();
        for sheet in &sheets {
            write_peer_line(ruleset, sheet, &mut out)?;
        }
        std::fs::write(folder.join(format!("{table}.jsonl")), out)?;
        let figures = json!({
            "table": table, "n": PEER_SHEETS, "s": seconds,
            "judged_per_s": (PEER_SHEETS as f64 / seconds) as u64,
        });
        writeln!(std::io::stdout().lock(), "{figures}")?;
    }
    Ok(())
}

/// Days as numbers, since the peer compares numbers; and what we say, so that the two can be compared.
fn write_peer_line(ruleset: &Ruleset, sheet: &FactSheet, out: &mut Vec<u8>) -> Result<()> {
    let Judged::Judgement(judgement) = judge(ruleset, sheet, None, Explain::Row)? else {
        return Ok(());
    };
    let mut facts = sheet.0.clone();
    let zone_of = |zone: &str| match zone {
        "core" | "buffer" => "core_protection".to_owned(),
        "experimental" => "general_control".to_owned(),
        other => other.to_owned(),
    };
    if judgement.zone_mapping.is_some() {
        let zone = zone_of(facts["zone"].as_str().unwrap_or_default());
        facts.insert("zone".into(), Value::from(zone));
    }
    let day = |text: &str| {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        // A year or a month stands for its last day: none of the generated ones holds a day that matters.
        let filled = format!("{digits:9<8}");
        filled.parse::<u32>().unwrap_or(0)
    };
    for (from, to) in [("as_of", "as_of_day"), ("built", "built_day")] {
        let number = day(facts[from].as_str().unwrap_or_default());
        facts.insert(to.into(), Value::from(number));
    }
    let expected = json!({ "row": judgement.row, "verdict": judgement.verdict });
    serde_json::to_writer(&mut *out, &json!({ "facts": facts, "expect": expected }))?;
    out.push(b'\n');
    Ok(())
}

/// Peak memory of this process in megabytes, where the system tells.
fn peak_mb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1024)
}
