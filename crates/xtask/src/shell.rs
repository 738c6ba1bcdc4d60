//! Running other programs, loudly.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Root of the repository.
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest
        .ancestors()
        .nth(2)
        .unwrap_or(manifest)
        .to_path_buf()
}

/// Folder of build results (`CARGO_TARGET_DIR` or `target`).
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The built program of the development profile.
pub(crate) fn binary() -> PathBuf {
    target().join("debug").join("qingshan")
}

/// Builds the program with the features of the whole workspace, so that it shares every result with the tests.
pub(crate) fn build_program() -> Result<()> {
    run("cargo", &["build", "--workspace", "--bin", "qingshan"])
}

/// Runs a command in the repository's root, showing it first; fails if it fails.
pub(crate) fn run(program: &str, args: &[&str]) -> Result<()> {
    run_in(&root(), program, args)
}

/// Runs a command in a folder.
pub(crate) fn run_in(folder: &Path, program: &str, args: &[&str]) -> Result<()> {
    println!("$ {program} {}", args.join(" "));
    let status = Command::new(program)
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("start {program}"))?;
    if !status.success() {
        bail!("{program} {} failed ({status})", args.join(" "));
    }
    Ok(())
}

/// Standard output of a command, or `None` if it cannot be started or fails.
pub(crate) fn output(program: &str, args: &[&str]) -> Option<String> {
    let out = Command::new(program)
        .args(args)
        .current_dir(root())
        .stdin(Stdio::null())
        .output()
        .ok()?;
    out.status
        .success()
        .then(|| String::from_utf8_lossy(&out.stdout).into_owned())
}

/// Runs a command in the repository's root with further environment variables.
pub(crate) fn run_with(
    program: &str,
    args: &[&str],
    env: &[(&str, std::ffi::OsString)],
) -> Result<()> {
    println!("$ {program} {}", args.join(" "));
    let status = Command::new(program)
        .args(args)
        .envs(env.iter().map(|(k, v)| (k, v)))
        .current_dir(root())
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("start {program}"))?;
    if !status.success() {
        bail!("{program} {} failed ({status})", args.join(" "));
    }
    Ok(())
}
