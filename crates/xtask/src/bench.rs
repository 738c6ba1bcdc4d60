//! `cargo xtask bench`: our program and its peers on the same generated files, interleaved, with the harness of ../shared/bench.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{setup, shell};

/// Peers that come with `pip` and `cargo` alone; PostGIS, DuckDB and LibreOffice join when `BENCH_PEERS` names them.
const PYTHON: [&str; 12] = [
    "numpy",
    "scipy",
    "shapely",
    "geopandas",
    "pyogrio",
    "pyproj",
    "pandas",
    "pyarrow",
    "openpyxl",
    "xlsxwriter",
    "python-calamine",
    "polars",
];

struct Workload {
    name: &'static str,
    generate: Vec<String>,
    set: String,
    peers: &'static str,
    plug: &'static str,
    reference: &'static str,
}

struct Options {
    what: String,
    large: bool,
    repeat: String,
}

/// Runs the workloads named and prints medians and ratios.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let options = options(args);
    let harness = shell::root().join("../shared/bench");
    if !harness.join("run.py").exists() {
        bail!("the harness is missing: expected at ../shared/bench beside the repository");
    }
    shell::run("cargo", &["build", "--release", "--package", "cli"])?;
    if options.what == "log" || options.what == "all" {
        shell::run(&program(), &["bench", "log"])?;
    }
    let python = environment()?;
    rust_peers(&harness)?;
    for workload in workloads(&options) {
        measure(&harness, &python, &workload, &options)?;
    }
    Ok(())
}

fn options(args: &[String]) -> Options {
    let after = |flag: &str| {
        args.iter()
            .position(|a| a == flag)
            .and_then(|i| args.get(i + 1))
            .cloned()
    };
    Options {
        what: args
            .first()
            .filter(|a| !a.starts_with('-'))
            .cloned()
            .unwrap_or_else(|| "all".to_owned()),
        large: after("--size").as_deref() != Some("t"),
        repeat: after("--repeat").unwrap_or_else(|| "5".to_owned()),
    }
}

fn program() -> String {
    shell::target()
        .join("release/qingshan")
        .to_string_lossy()
        .into_owned()
}

fn scratch() -> PathBuf {
    std::env::var_os("BENCH_DATA")
        .map_or_else(|| std::env::temp_dir().join("gs-bench"), PathBuf::from)
}

fn environment() -> Result<PathBuf> {
    let folder = setup::cache_folder()?.join("bench-venv");
    let python = folder.join("bin/python");
    if !python.exists() {
        shell::run("python3", &["-m", "venv", &folder.to_string_lossy()])?;
        let mut install = vec!["install", "--quiet"];
        install.extend(PYTHON);
        shell::run(&folder.join("bin/pip").to_string_lossy(), &install)?;
    }
    Ok(python)
}

fn rust_peers(harness: &Path) -> Result<()> {
    let target: OsString = scratch().join("target").into_os_string();
    let manifest = harness.join("rust-peers/Cargo.toml");
    if scratch().join("target/release/bench-rust-peers").exists() {
        return Ok(());
    }
    // The harness is read-only; Cargo wants to write a lock file beside the manifest.
    let copy = scratch().join("rust-peers");
    std::fs::create_dir_all(copy.join("src"))?;
    std::fs::copy(&manifest, copy.join("Cargo.toml"))?;
    std::fs::copy(
        harness.join("rust-peers/src/main.rs"),
        copy.join("src/main.rs"),
    )?;
    let manifest = copy.join("Cargo.toml").to_string_lossy().into_owned();
    shell::run_with(
        "cargo",
        &["build", "--release", "--manifest-path", &manifest],
        &[("CARGO_TARGET_DIR", target)],
    )
}

fn workloads(options: &Options) -> Vec<Workload> {
    let strings = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    let n = if options.large { "100000" } else { "10000" };
    let size = if options.large { "m" } else { "t" };
    let match_set = format!("w2_{n}_{n}");
    let ledger_set = format!("w3_{n}");
    let all = vec![
        Workload {
            name: "w1",
            generate: strings(&["w1", "--size", size]),
            set: format!("w1_{size}"),
            peers: "shapely-tuned,rust-geo",
            plug: "bench overlay {in}/patches.gpkg {in}/zones.gpkg --out {out}",
            reference: "shapely-tuned",
        },
        Workload {
            name: "w2p",
            generate: strings(&["w2", "--n", n, "--m", n]),
            set: match_set.clone(),
            peers: "scipy-kdtree,rust-rstar",
            plug: "bench match {in}/new.gpkg {in}/old.gpkg --by distance --out {out}",
            reference: "rust-rstar",
        },
        Workload {
            name: "w2i",
            generate: vec![],
            set: match_set,
            peers: "shapely,rust-geo",
            plug: "bench match {in}/new.gpkg {in}/old.gpkg --by iou --out {out}",
            reference: "shapely",
        },
        Workload {
            name: "w3i",
            generate: strings(&["w3", "--rows", n]),
            set: ledger_set.clone(),
            peers: "calamine,rust-calamine",
            plug: "bench import {in}/ledger.xlsx --out {out}",
            reference: "calamine",
        },
        Workload {
            name: "w3e",
            generate: strings(&["w3e", "--rows", n]),
            set: ledger_set,
            peers: "xlsxwriter,rust-xlsxwriter",
            plug: "bench export {in}/clean.csv --out {out}",
            reference: "",
        },
    ];
    all.into_iter()
        .filter(|w| options.what == "all" || w.name.starts_with(options.what.as_str()))
        .collect()
}

fn measure(harness: &Path, python: &Path, workload: &Workload, options: &Options) -> Result<()> {
    let script = |name: &str| harness.join(name).to_string_lossy().into_owned();
    let python_text = python.to_string_lossy().into_owned();
    let data = [("BENCH_DATA", scratch().into_os_string())];
    if !workload.generate.is_empty() && !scratch().join(&workload.set).join("meta.json").exists() {
        let mut args = vec![script("gen.py")];
        args.extend(workload.generate.iter().cloned());
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        shell::run_with(&python_text, &args, &data)?;
    }
    let plug = format!("qingshan={} {}", program(), workload.plug);
    let peers = std::env::var("BENCH_PEERS").unwrap_or_else(|_| workload.peers.to_owned());
    let out = Command::new(python)
        .arg(script("run.py"))
        .args([
            workload.name,
            "--in",
            &workload.set,
            "--peers",
            &peers,
            "--repeat",
            &options.repeat,
            "--plug",
            &plug,
        ])
        .envs(data.iter().map(|(k, v)| (k, v)))
        .output()
        .context("run.py")?;
    print_ratios(workload.name, &String::from_utf8_lossy(&out.stdout))?;
    if workload.reference.is_empty() {
        return Ok(());
    }
    shell::run_with(
        &python_text,
        &[
            &script("check.py"),
            workload.name,
            &workload.set,
            workload.reference,
            "qingshan",
        ],
        &data,
    )
}

fn print_ratios(name: &str, lines: &str) -> Result<()> {
    let rows: BTreeMap<String, Value> = lines
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|row| Some((row["peer"].as_str()?.to_owned(), row)))
        .collect();
    let ours = rows
        .get("qingshan")
        .and_then(|r| r["cpu_s"].as_f64())
        .context("our own run failed")?;
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!(
        "{name}: medians; load average {}",
        load.split(' ').take(3).collect::<Vec<_>>().join(" ")
    );
    for (peer, row) in rows {
        let number = |key: &str| row[key].as_f64().unwrap_or(f64::NAN);
        let ratio = number("cpu_s") / ours;
        println!(
            "  {peer:<18} cpu {:>8.3} s  wall {:>8.3} s  {:>7.1} MB  ratio {ratio:>6.1}",
            number("cpu_s"),
            number("wall_s"),
            number("rss_mb")
        );
    }
    Ok(())
}
