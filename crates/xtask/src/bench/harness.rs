//! The harness of ../shared/bench: its Python and Rust peers, its generators, its runner and its comparison of outputs.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{setup, shell};

/// Python packages of the peers that come with `pip` alone.
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

/// Counts cells of two ledgers that differ; the harness itself compares no ledgers.
const COMPARE_LEDGERS: &str = "
import json, sys
from itertools import zip_longest
from python_calamine import CalamineWorkbook
rows = lambda path: CalamineWorkbook.from_path(path).get_sheet_by_index(0).iter_rows()
count, differ = 0, 0
for a, b in zip_longest(*map(rows, sys.argv[1:3]), fillvalue=[]):
    count += 1
    differ += sum(x != y for x, y in zip_longest(a, b))
print(json.dumps(dict(rows=count, differ=differ)))
";

/// The harness with its peers installed, and the folder of its data.
#[derive(Debug, Clone)]
pub(super) struct Harness {
    scripts: PathBuf,
    python: String,
    data: PathBuf,
    rust_peer: PathBuf,
}

impl Harness {
    /// Installs what is missing: a Python environment in the user's cache, the Rust peers in the data folder.
    pub(super) fn prepare() -> Result<Self> {
        let scripts = shell::root().join("../shared/bench");
        if !scripts.join("run.py").exists() {
            bail!("the harness is missing: expected at ../shared/bench beside the repository");
        }
        let data = std::env::var_os("BENCH_DATA")
            .map_or_else(|| std::env::temp_dir().join("gs-bench"), PathBuf::from);
        Ok(Self {
            python: python()?.to_string_lossy().into_owned(),
            rust_peer: rust_peer(&scripts, &data)?,
            scripts,
            data,
        })
    }

    /// The same harness over a data folder of its own.
    pub(super) fn in_corner(&self, name: &str) -> Self {
        Self {
            data: self.data.join(name),
            ..self.clone()
        }
    }

    /// A folder of the data.
    pub(super) fn folder(&self, name: &str) -> PathBuf {
        self.data.join(name)
    }

    /// Runs one of the harness's servers' measurements, its packages and its database installed and started.
    pub(super) fn serve(&self, script: &str, set: &str, args: &[&str]) -> Result<()> {
        let wanted = self.scripts.join("requirements.txt");
        let pip = Path::new(&self.python).with_file_name("pip");
        let install = ["install", "--quiet", "-r", &wanted.to_string_lossy()];
        shell::run(&pip.to_string_lossy(), &install)?;
        shell::run_with("sh", &[&self.script("pg.sh"), "start"], &self.environment())?;
        let script = self.script(script);
        let args: Vec<&str> = [script.as_str(), "--in", set]
            .into_iter()
            .chain(args.iter().copied())
            .collect();
        shell::run_with(&self.python, &args, &self.environment())
    }

    /// Runs a measurement of ours that asks the harness's peers too.
    pub(super) fn measure(&self, script: &Path, args: &[&str]) -> Result<()> {
        let (script, harness) = (script.to_string_lossy(), self.scripts.to_string_lossy());
        let args: Vec<&str> = [&*script]
            .into_iter()
            .chain(args.iter().copied())
            .chain(["--harness", &harness])
            .collect();
        shell::run_with(&self.python, &args, &self.environment())
    }

    fn script(&self, name: &str) -> String {
        self.scripts.join(name).to_string_lossy().into_owned()
    }

    fn environment(&self) -> [(&'static str, OsString); 2] {
        [
            ("BENCH_DATA", self.data.clone().into()),
            ("BENCH_RUST_PEER", self.rust_peer.clone().into()),
        ]
    }

    /// Generates a set unless its `product` is there.
    pub(super) fn generate(&self, args: &[String], set: &str, product: &str) -> Result<()> {
        if self.data.join(set).join(product).exists() {
            return Ok(());
        }
        let script = self.script("gen.py");
        let args: Vec<&str> = std::iter::once(script.as_str())
            .chain(args.iter().map(String::as_str))
            .collect();
        shell::run_with(&self.python, &args, &self.environment())
    }

    /// Runs peers and `plug` in interleaved rounds; the result lines by name of the peer.
    pub(super) fn run(
        &self,
        workload: &str,
        set: &str,
        peers: &str,
        repeat: &str,
        plug: &str,
    ) -> Result<BTreeMap<String, Value>> {
        let out = Command::new(&self.python)
            .args([&self.script("run.py"), workload, "--in", set])
            .args(["--peers", peers, "--repeat", repeat, "--plug", plug])
            .envs(self.environment())
            .stderr(Stdio::inherit())
            .output()
            .context("run.py")?;
        if !out.status.success() {
            bail!("run.py {workload} failed ({})", out.status);
        }
        let rows = String::from_utf8_lossy(&out.stdout);
        Ok(rows
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter_map(|row| Some((row["peer"].as_str()?.to_owned(), row)))
            .collect())
    }

    /// Compares the output of `ours` with that of a peer; any difference beyond the contract's tolerance is an error.
    pub(super) fn check(&self, workload: &str, set: &str, peer: &str, ours: &str) -> Result<()> {
        let script = self.script("check.py");
        self.compare(
            &[script.as_str(), workload, set, peer, ours],
            workload,
            peer,
        )
    }

    /// Compares two exported ledgers cell by cell.
    pub(super) fn compare_ledgers(&self, set: &str, peer: &str, ours: &str) -> Result<()> {
        let ledger = |who: &str| {
            let path = self.data.join("out/w3e").join(set).join(who);
            path.join("ledger.xlsx").to_string_lossy().into_owned()
        };
        self.compare(
            &["-c", COMPARE_LEDGERS, &ledger(peer), &ledger(ours)],
            "w3e",
            peer,
        )
    }

    fn compare(&self, args: &[&str], workload: &str, peer: &str) -> Result<()> {
        let out = Command::new(&self.python)
            .args(args)
            .envs(self.environment())
            .stderr(Stdio::inherit())
            .output()
            .context("comparison of the outputs")?;
        let text = String::from_utf8_lossy(&out.stdout);
        println!("  outputs, compared with {peer}: {}", text.trim());
        let found: Value = serde_json::from_str(text.trim())
            .with_context(|| format!("{workload}: the outputs were not compared"))?;
        if !agrees(&found) {
            bail!("{workload}: our output differs from that of {peer}");
        }
        Ok(())
    }
}

/// Whether a comparison was made and counts no difference.
fn agrees(found: &Value) -> bool {
    let counts: Vec<&Value> = ["area_off", "best_differ", "differ"]
        .iter()
        .filter_map(|key| found.get(key))
        .flat_map(|value| {
            value
                .as_object()
                .map_or_else(|| vec![value], |columns| columns.values().collect())
        })
        .collect();
    !counts.is_empty() && counts.iter().all(|count| count.as_u64() == Some(0))
}

pub(super) fn python() -> Result<PathBuf> {
    let folder = setup::cache_folder()?.join("bench-venv");
    let (python, stamp) = (folder.join("bin/python"), folder.join("installed.txt"));
    let wanted = PYTHON.join("\n");
    if std::fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(python);
    }
    shell::run("python3", &["-m", "venv", &folder.to_string_lossy()])?;
    let install = [["install", "--quiet"].as_slice(), &PYTHON].concat();
    shell::run(&folder.join("bin/pip").to_string_lossy(), &install)?;
    std::fs::write(stamp, wanted)?;
    Ok(python)
}

fn rust_peer(scripts: &Path, data: &Path) -> Result<PathBuf> {
    let target = data.join("target");
    let program = target.join("release/bench-rust-peers");
    if program.exists() {
        return Ok(program);
    }
    // The harness is read-only; Cargo wants to write a lock file beside the manifest.
    let copy = data.join("rust-peers");
    std::fs::create_dir_all(copy.join("src"))?;
    for file in ["Cargo.toml", "src/main.rs"] {
        std::fs::copy(scripts.join("rust-peers").join(file), copy.join(file))?;
    }
    let manifest = copy.join("Cargo.toml").to_string_lossy().into_owned();
    shell::run_with(
        "cargo",
        &["build", "--release", "--manifest-path", &manifest],
        &[("CARGO_TARGET_DIR", target.into_os_string())],
    )?;
    Ok(program)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    #[test]
    fn outputs_agree_only_if_they_were_compared_and_nothing_differs() {
        let agrees = |text: &str| agrees(&serde_json::from_str(text).unwrap());
        assert!(agrees(
            r#"{"peer":"qingshan","area_off":0,"best_differ":0}"#
        ));
        assert!(agrees(r#"{"rows":7,"differ":{"id":0,"lon":0}}"#));
        assert!(!agrees(r#"{"peer":"qingshan","missing":true}"#));
        assert!(!agrees(r#"{"area_off":0,"best_differ":null}"#));
        assert!(!agrees(r#"{"rows":7,"differ":{"id":0,"lon":1}}"#));
        assert!(!agrees(r#"{"rows":7,"differ":2}"#));
    }
}
