//! The engine of phones: built to WebAssembly and kept in the repository, so that a machine whose Rust lacks that target
//! takes it as it is. That it answers as the program does is not believed but tested, in every run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use toml::{Table, Value};

use crate::{setup, shell};

const TARGET: &str = "wasm32-unknown-unknown";

/// What the engine is made of. Of `spatial` it is the plane geometry: file formats and atlases are not in it.
const PARTS: [&str; 14] = [
    "crates/pocket/Cargo.toml",
    "crates/pocket/src",
    "crates/rules/Cargo.toml",
    "crates/rules/src",
    "crates/spatial/src/authalic.rs",
    "crates/spatial/src/diagnostic.rs",
    "crates/spatial/src/geodesic.rs",
    "crates/spatial/src/gpb.rs",
    "crates/spatial/src/overlay",
    "crates/spatial/src/repair",
    "crates/spatial/src/repair.rs",
    "crates/spatial/src/validity",
    "crates/spatial/src/validity.rs",
    "crates/spatial/src/zoning.rs",
];

/// Other people's crates in it; what these need is found in the lock file.
const CRATES: [&str; 12] = [
    "geo",
    "geo-types",
    "geographiclib-rs",
    "i_overlay",
    "indexmap",
    "jiff",
    "rstar",
    "serde",
    "serde_json",
    "sha2",
    "thiserror",
    "toml",
];

fn dist() -> PathBuf {
    shell::root().join("crates/pocket/dist")
}

/// `cargo xtask pocket`: takes the kept file where it fits its sources, else builds it.
pub(crate) fn ready() -> Result<()> {
    let sources = sources()?;
    let kept = std::fs::read_to_string(dist().join("pocket.sources")).unwrap_or_default();
    if kept.trim() == sources && dist().join("pocket.wasm.br").exists() {
        return Ok(());
    }
    if !has_target() {
        bail!(
            "crates/pocket/dist/pocket.wasm.br was built from other sources and {TARGET} cannot be added here: run \
             `cargo xtask pocket` on a machine that has it and commit crates/pocket/dist"
        );
    }
    let profile = ["--profile", "pocket"];
    let args = ["build", "-p", "pocket", "--target", TARGET];
    shell::run("cargo", &[&args[..], &profile].concat())?;
    let built = shell::target().join(TARGET).join("pocket/pocket.wasm");
    let built = built.to_string_lossy();
    shell::run("node", &["web/scripts/pocket.mjs", "--pack", &built])?;
    std::fs::write(dist().join("pocket.sources"), format!("{sources}\n"))?;
    println!("pocket: built anew; commit crates/pocket/dist");
    Ok(())
}

/// Lays the engine where the page finds it.
pub(crate) fn lay() -> Result<()> {
    shell::run("node", &["web/scripts/pocket.mjs"])
}

/// What the engine answers natively, written down for the test of the built file.
pub(crate) fn write_cases() -> Result<()> {
    setup::nextest()?;
    // Named by its test alone: features are those of the whole workspace, and nothing is compiled twice.
    shell::run("cargo", &["nextest", "run", "--test", "pocket_cases"])
}

/// Whether the compiler can build for phones, after trying to add what is missing.
fn has_target() -> bool {
    let is_there = || {
        let root = shell::output("rustc", &["--print", "sysroot"]).unwrap_or_default();
        Path::new(root.trim())
            .join("lib/rustlib")
            .join(TARGET)
            .exists()
    };
    is_there() || (shell::output("rustup", &["target", "add", TARGET]).is_some() && is_there())
}

/// SHA-256 over names and texts of all that goes into the engine.
fn sources() -> Result<String> {
    let root = shell::root();
    let mut files = BTreeSet::new();
    for part in PARTS {
        files_of(&root.join(part), &mut files)?;
    }
    let mut hash = Sha256::new();
    for file in &files {
        let name = file.strip_prefix(&root).unwrap_or(file);
        let text = std::fs::read_to_string(file).with_context(|| name.display().to_string())?;
        hash.update(name.to_string_lossy().as_bytes());
        hash.update([0]);
        // A checkout may turn line ends.
        hash.update(text.replace("\r\n", "\n").as_bytes());
        hash.update([0]);
    }
    hash.update(profile(&root)?.as_bytes());
    hash.update(locked(&root)?.as_bytes());
    let digest = hash.finalize();
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn files_of(path: &Path, files: &mut BTreeSet<PathBuf>) -> Result<()> {
    if !path.is_dir() {
        files.insert(path.to_owned());
        return Ok(());
    }
    for item in std::fs::read_dir(path).with_context(|| path.display().to_string())? {
        files_of(&item?.path(), files)?;
    }
    Ok(())
}

/// The profile it is built by, line by line.
fn profile(root: &Path) -> Result<String> {
    let manifest: Table = std::fs::read_to_string(root.join("Cargo.toml"))?.parse()?;
    let profile = manifest.get("profile").and_then(|p| p.get("pocket"));
    let profile = profile.and_then(Value::as_table);
    let lines: BTreeSet<String> = profile
        .context("Cargo.toml has no [profile.pocket]")?
        .iter()
        .map(|(name, value)| format!("{name} = {value}\n"))
        .collect();
    Ok(lines.into_iter().collect())
}

/// The lines of the lock file that the engine is built with.
fn locked(root: &Path) -> Result<String> {
    let lock: Table = std::fs::read_to_string(root.join("Cargo.lock"))?.parse()?;
    let packages = lock.get("package").and_then(Value::as_array);
    let mut by_name: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for package in packages.context("Cargo.lock has no packages")? {
        let name = package.get("name").and_then(Value::as_str);
        by_name
            .entry(name.unwrap_or_default())
            .or_default()
            .push(package);
    }
    let mut left: Vec<String> = CRATES.map(str::to_owned).to_vec();
    let mut lines = BTreeSet::new();
    while let Some(wanted) = left.pop() {
        let (name, version) = wanted.split_once(' ').unwrap_or((wanted.as_str(), ""));
        for package in by_name.get(name).into_iter().flatten() {
            let text = |member: &str| package.get(member).and_then(Value::as_str).unwrap_or("");
            let is_it = version.is_empty() || version == text("version");
            if is_it && lines.insert(format!("{name} {} {}\n", text("version"), text("checksum"))) {
                let needs = package.get("dependencies").and_then(Value::as_array);
                let needs = needs.into_iter().flatten().filter_map(Value::as_str);
                left.extend(needs.map(str::to_owned));
            }
        }
    }
    Ok(lines.into_iter().collect())
}
