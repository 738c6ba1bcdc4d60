//! The browser side: install by the lock file, check, build, and drive it in a real browser.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

use crate::{demo_run, pocket, setup, shell};

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
        shell::build_program()?;
        journeys()?;
    }
    Ok(())
}

/// The engine of phones; types, lints, unit tests; then the built files in `web/dist`, compressed and within their budgets.
pub(crate) fn build(is_checked: bool) -> Result<()> {
    install()?;
    pocket::ready()?;
    pocket::lay()?;
    if is_checked {
        npm(&["run", "check"])?;
        pocket::write_cases()?;
        npm(&["run", "test"])?;
    }
    if is_built()? {
        return Ok(());
    }
    npm(&["run", "build"])?;
    std::fs::write(folder().join(BUILT), "").context("web/node_modules")
}

/// Left when a build came to its end: `dist` lies there half finished before.
const BUILT: &str = "node_modules/.built";

/// Whether the built files are newer than all they are made of: building them anew would compile the server anew.
fn is_built() -> Result<bool> {
    let Ok(built) = modified(&folder().join(BUILT)) else {
        return Ok(false);
    };
    if !folder().join("dist/index.html").exists() {
        return Ok(false);
    }
    let mut left = vec![folder()];
    while let Some(path) = left.pop() {
        if path.is_dir() {
            let names = std::fs::read_dir(&path)?.collect::<Result<Vec<_>, _>>()?;
            let not_source = |name: &str| matches!(name, "node_modules" | "dist" | "e2e");
            let sources = names
                .iter()
                .filter(|e| !not_source(&e.file_name().to_string_lossy()));
            left.extend(sources.map(std::fs::DirEntry::path));
        } else if modified(&path)? > built {
            return Ok(false);
        }
    }
    Ok(true)
}

fn modified(path: &Path) -> Result<SystemTime> {
    let about = std::fs::metadata(path).with_context(|| path.display().to_string())?;
    Ok(about.modified()?)
}

/// The journeys in Chromium against the built binary and a demonstration register, those of phones too, and the short
/// torture; screenshots and figures go to the target folder.
pub(crate) fn journeys() -> Result<()> {
    setup::browser()?;
    let target = shell::target();
    let demo = target.join("web-e2e/demo");
    if demo.exists() {
        std::fs::remove_dir_all(&demo)?;
    }
    std::fs::create_dir_all(&demo)?;
    demo_run::make(demo.clone())?;
    let out = target.join("web-e2e");
    let ran = suite("e2e", &demo, &out, "report.json", "passed")?;
    println!("{ran} browser journeys passed");
    let out = target.join("web-e2e-field");
    let ran = suite("e2e:field", &demo, &out, "report.json", "passed")?;
    println!("{ran} journeys of phones passed");
    let ran = suite("torture", &demo, &out, "torture.json", "recorded")?;
    println!("{ran} records came through the torture");
    Ok(())
}

/// Runs a suite and reads how much of it there was: one that did not run must not look like one that passed.
fn suite(script: &str, demo: &Path, out: &Path, report: &str, member: &str) -> Result<u64> {
    let report = out.join(report);
    if report.exists() {
        std::fs::remove_file(&report)?;
    }
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let (binary, demo) = (text(&shell::binary()), text(demo));
    let args = ["run", script, "--", "--binary", &binary, "--demo", &demo];
    npm(&[&args[..], &["--out", &text(out)]].concat())?;
    let ran = std::fs::read_to_string(&report)
        .ok()
        .and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok())
        .and_then(|report| report[member].as_u64())
        .unwrap_or(0);
    if ran == 0 {
        bail!("nothing of {script} ran");
    }
    Ok(ran)
}
