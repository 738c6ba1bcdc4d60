//! `cargo xtask bench`: our program and its peers on the same generated files, interleaved, with the harness of ../shared/bench.

mod harness;
mod judge;
mod serving;
mod workloads;

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::shell;
use harness::Harness;
use workloads::{MEMORY, Size, Workload, workloads};

/// Name of our own program among the peers.
const OURS: &str = "qingshan";
const TOPICS: [&str; 10] = [
    "all", "w1", "w2", "w2p", "w2i", "w3", "w4", "log", "judge", "memory",
];

struct Options {
    topic: String,
    size: Size,
    repeat: String,
}

/// Runs the workloads named and prints medians, ratios and whether the goals are reached.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let options = options(args)?;
    shell::run("cargo", &["build", "--release", "--package", "cli"])?;
    print_machine();
    let wants = |topic: &str| options.topic == "all" || topic.starts_with(&options.topic);
    if wants("log") {
        shell::run(&program(), &["bench", "log"])?;
    }
    if wants("judge") {
        judge::run()?;
    }
    if matches!(options.topic.as_str(), "log" | "judge") {
        return Ok(());
    }
    let harness = Harness::prepare()?;
    for workload in workloads(options.size).iter().filter(|w| wants(w.name)) {
        measure(&harness, workload, &options.repeat)?;
    }
    // An hour with its peers: only where it is asked for by name.
    if options.topic == "w4" {
        serving::run(&harness, &options.repeat)?;
    }
    if wants("memory") {
        print_memory(&harness)?;
    }
    Ok(())
}

fn options(args: &[String]) -> Result<Options> {
    let after = |flag: &str| {
        let at = args.iter().position(|a| a == flag);
        at.and_then(|i| args.get(i + 1)).map(String::as_str)
    };
    let topic = args.first().filter(|a| !a.starts_with('-'));
    let topic = topic.map_or("all", String::as_str);
    if !TOPICS.contains(&topic) {
        bail!("no workload {topic}; there are: {}", TOPICS.join(" "));
    }
    Ok(Options {
        topic: topic.to_owned(),
        size: Size::named(after("--size").unwrap_or("m"))?,
        repeat: after("--repeat").unwrap_or("5").to_owned(),
    })
}

fn program() -> String {
    let program = shell::target().join("release/qingshan");
    program.to_string_lossy().into_owned()
}

fn plug(arguments: &str) -> String {
    format!("{OURS}={} {arguments}", program())
}

fn print_machine() {
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let models: Vec<&str> = cpus
        .lines()
        .filter_map(|line| line.strip_prefix("model name"))
        .map(|rest| rest.trim_start_matches([' ', '\t', ':']))
        .collect();
    let commit = shell::output("git", &["describe", "--always", "--dirty"]).unwrap_or_default();
    println!(
        "commit {}; {} × {}; load average {}",
        commit.trim(),
        models.len(),
        models.first().unwrap_or(&"unknown processor"),
        load_average()
    );
}

fn load_average() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

fn measure(harness: &Harness, workload: &Workload, repeat: &str) -> Result<()> {
    harness.generate(&workload.generate, &workload.set, workload.product)?;
    let peers = std::env::var("BENCH_PEERS").unwrap_or_else(|_| workload.peers.to_owned());
    let rows = harness.run(
        workload.name,
        &workload.set,
        &peers,
        repeat,
        &plug(workload.plug),
    )?;
    print_ratios(workload, &rows)?;
    if workload.name == "w3e" {
        harness.compare_ledgers(&workload.set, workload.reference, OURS)
    } else {
        harness.check(workload.name, &workload.set, workload.reference, OURS)
    }
}

fn print_ratios(workload: &Workload, rows: &BTreeMap<String, Value>) -> Result<()> {
    let ours = rows.get(OURS).context("our own run is missing")?;
    let ours = ours["cpu_s"]
        .as_f64()
        .with_context(|| format!("our own run failed: {}", ours["error"]))?;
    println!(
        "{} {}: medians; load average {}",
        workload.name,
        workload.set,
        load_average()
    );
    for (peer, row) in rows {
        let number = |key: &str| row[key].as_f64().unwrap_or(f64::NAN);
        if row["cpu_s"].is_null() {
            println!("  {peer:<18} failed: {}", row["error"]);
            continue;
        }
        let ratio = number("cpu_s") / ours;
        println!(
            "  {peer:<18} cpu {:>8.3} s  wall {:>8.3} s  {:>7.1} MB  ratio {ratio:>6.1}{}",
            number("cpu_s"),
            number("wall_s"),
            number("rss_mb"),
            verdict(workload, peer, ratio)
        );
    }
    Ok(())
}

fn verdict(workload: &Workload, peer: &str, ratio: f64) -> String {
    let goal = workload.goals.iter().find(|goal| goal.0 == peer);
    goal.map_or_else(String::new, |(_, goal)| {
        let word = if ratio >= *goal { "reached" } else { "missed" };
        format!("  goal {goal} {word}")
    })
}

/// Peak memory of our program as its input grows.
fn print_memory(harness: &Harness) -> Result<()> {
    println!("peak memory as the input grows");
    for case in MEMORY {
        let harness = case
            .corner
            .map_or_else(|| harness.clone(), |name| harness.in_corner(name));
        let words: Vec<String> = case.generate.split(' ').map(str::to_owned).collect();
        harness.generate(&words, case.set, "meta.json")?;
        let rows = harness.run(case.workload, case.set, "", "1", &plug(case.plug))?;
        let peak = rows.get(OURS).and_then(|row| row["rss_mb"].as_f64());
        println!(
            "  {:<52} {:>7.1} MB",
            case.what,
            peak.context("our own run failed")?
        );
    }
    Ok(())
}
