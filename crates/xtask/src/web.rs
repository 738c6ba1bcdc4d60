//! The browser side: install by the lock file, check, build, and drive it in a real browser.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::{demo_run, setup, shell};

fn folder() -> PathBuf {
    shell::root().join("web")
}

fn npm(args: &[&str]) -> Result<()> {
    shell::run_in(&folder(), "npm", args)
}

/// Installs what the lock file names, unless it was the last thing installed.
fn install() -> Result<()> {
    let lock = std::fs::read_to_string(folder().join("package-lock.json"))
        .context("web/package-lock.json")?;
    let stamp = folder().join("node_modules/.installed-lock");
    if std::fs::read_to_string(&stamp).is_ok_and(|have| have == lock) {
        return Ok(());
    }
    npm(&["ci", "--ignore-scripts", "--no-audit", "--no-fund"])?;
    std::fs::write(stamp, lock).context("web/node_modules")
}

/// `cargo xtask web`.
pub(crate) fn command(args: &[String]) -> Result<()> {
    build(true)?;
    if args.iter().any(|a| a == "--e2e") {
        journeys()?;
    }
    Ok(())
}

/// Types, lints, unit tests; then the built files in `web/dist`, compressed and within their budgets.
pub(crate) fn build(is_checked: bool) -> Result<()> {
    install()?;
    if is_checked {
        npm(&["run", "check"])?;
        npm(&["run", "test"])?;
    }
    npm(&["run", "build"])
}

/// The journeys in Chromium against the built binary and a demonstration register; screenshots go to the target folder.
pub(crate) fn journeys() -> Result<()> {
    setup::browser()?;
    let target = shell::target();
    let report = target.join("web-e2e/report.json");
    if report.exists() {
        std::fs::remove_file(&report)?;
    }
    let demo = target.join("web-e2e/demo");
    if demo.exists() {
        std::fs::remove_dir_all(&demo)?;
    }
    std::fs::create_dir_all(&demo)?;
    let text = |path: PathBuf| path.to_string_lossy().into_owned();
    let args = [
        "run",
        "e2e",
        "--",
        "--binary",
        &text(shell::binary()),
        "--demo",
        &text(demo.clone()),
        "--out",
        &text(target.join("web-e2e")),
    ];
    demo_run::run(&[
        "--out".to_owned(),
        text(demo.clone()),
        "--no-serve".to_owned(),
    ])?;
    npm(&args)?;
    // A suite that did not run must not look like one that passed.
    let ran = std::fs::read_to_string(&report)
        .ok()
        .and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok())
        .and_then(|report| report["passed"].as_u64())
        .unwrap_or(0);
    if ran == 0 {
        bail!("no browser journey ran");
    }
    println!("{ran} browser journeys passed");
    Ok(())
}
