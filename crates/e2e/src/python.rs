//! Foreign verifiers, written by others in Python.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The Python that has the foreign verifiers installed.
pub fn python() -> PathBuf {
    let named = std::env::var_os("QINGSHAN_PYTHON");
    let path = named.expect(
        "QINGSHAN_PYTHON is not set: run `cargo xtask test`, which installs the foreign verifiers",
    );
    PathBuf::from(path)
}

/// Runs one of the scripts in `python/` and reads the JSON it prints.
pub fn script<S: AsRef<OsStr>>(name: &str, args: &[S]) -> Value {
    let file = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/python")).join(name);
    let output = Command::new(python())
        .arg("-B")
        .arg(&file)
        .args(args)
        .env("PYTHONIOENCODING", "utf-8")
        .output()
        .expect("python starts");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {complaint}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{name}: {e}\n{complaint}"))
}
