//! Running the program as its user does.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The built program: `QINGSHAN_BIN`, or the one beside the running test.
pub fn program(name: &str) -> PathBuf {
    let beside = std::env::var_os("QINGSHAN_BIN")
        .map(PathBuf::from)
        .unwrap_or_else(built_program);
    let path = beside.with_file_name(name);
    assert!(
        path.is_file(),
        "{} is missing: build it first (cargo xtask test does)",
        path.display()
    );
    path
}

/// Tests lie in `target/PROFILE/deps`, programs one folder up.
fn built_program() -> PathBuf {
    let test = std::env::current_exe().expect("a running program has a path");
    let profile = test
        .parent()
        .and_then(Path::parent)
        .expect("tests lie in target/PROFILE/deps");
    profile.join("qingshan")
}

/// A file of the real data beside the repository.
pub fn real_data(path: &str) -> PathBuf {
    let file = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(path);
    assert!(
        file.exists(),
        "{} is missing: the real data lies in ../shared/data",
        file.display()
    );
    file
}

/// What a command left behind.
#[derive(Debug)]
pub struct Outcome {
    /// Exit code; none if a signal ended the program.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
    command: String,
}

impl Outcome {
    fn new(command: String, output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
            command,
        }
    }

    /// The outcome of a command that had to succeed.
    #[must_use]
    pub fn success(self) -> Self {
        self.exits(0)
    }

    /// The outcome of a command that had to end with this exit code.
    #[must_use]
    pub fn exits(self, code: i32) -> Self {
        let Self {
            command,
            stdout,
            stderr,
            ..
        } = &self;
        assert_eq!(
            self.code,
            Some(code),
            "qingshan {command}\n{stderr}\n{}",
            head(stdout)
        );
        self
    }

    /// What it printed, which must be JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| {
            panic!(
                "qingshan {}: {e}\n{}\n{}",
                self.command,
                head(&self.stdout),
                self.stderr
            )
        })
    }

    /// Every diagnostic code and error code named in the output.
    #[must_use]
    pub fn codes(&self) -> Vec<String> {
        let mut codes = Vec::new();
        let printed = [&self.stdout, &self.stderr];
        for value in printed
            .iter()
            .filter_map(|text| serde_json::from_str::<Value>(text).ok())
        {
            collect_codes(&value, &mut codes);
        }
        codes
    }
}

fn head(text: &str) -> String {
    text.chars().take(1500).collect()
}

fn collect_codes(value: &Value, codes: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            codes.extend(
                fields
                    .get("code")
                    .and_then(Value::as_str)
                    .map(str::to_owned),
            );
            fields.values().for_each(|v| collect_codes(v, codes));
        }
        Value::Array(items) => items.iter().for_each(|v| collect_codes(v, codes)),
        _ => {}
    }
}

/// A register in its own folder, removed when the test ends.
#[derive(Debug)]
pub struct Register {
    folder: TempDir,
}

impl Default for Register {
    fn default() -> Self {
        Self::new()
    }
}

impl Register {
    /// An empty folder with nothing in it yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
        }
    }

    /// A copy of a whole folder, the register inside it at `register`.
    #[must_use]
    pub fn copy_of(original: &Path) -> Self {
        let copy = Self::new();
        copy_folder(original, &copy.home());
        copy
    }

    /// The register's own folder.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.path("register")
    }

    /// A path beside the register.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a command on the register as the office.
    #[must_use]
    pub fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> Outcome {
        self.run_as("office", args)
    }

    /// Runs a command on the register as this post.
    #[must_use]
    pub fn run_as<S: AsRef<OsStr>>(&self, post: &str, args: &[S]) -> Outcome {
        let mut command = self.command(post, args);
        let output = command.output().expect("the program starts");
        Outcome::new(words(args), &output)
    }

    /// Runs a command with a ceiling on its address space and 20 seconds of processor time, so that a bomb ends it.
    #[must_use]
    pub fn run_bounded<S: AsRef<OsStr>>(&self, limit_kib: u64, args: &[S]) -> Outcome {
        let inner = self.command("office", args);
        let output = Command::new("sh")
            .args([
                "-c",
                &format!("ulimit -v {limit_kib} && ulimit -t 20 && exec \"$0\" \"$@\""),
            ])
            .arg(inner.get_program())
            .args(inner.get_args())
            .stdin(Stdio::null())
            .env("RUST_BACKTRACE", "0")
            .output()
            .expect("sh starts");
        Outcome::new(words(args), &output)
    }

    /// The command itself, not started.
    #[must_use]
    pub fn command<S: AsRef<OsStr>>(&self, post: &str, args: &[S]) -> Command {
        let mut command = Command::new(program("qingshan"));
        command
            .arg("--home")
            .arg(self.home())
            .args(["--as", post])
            .args(args);
        // The caller's own settings must not leak into a test.
        command
            .env_remove("QINGSHAN_LANG")
            .env_remove("QINGSHAN_REGISTER")
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::null());
        command
    }

    /// Runs a command that must succeed and print JSON.
    #[must_use]
    pub fn json(&self, args: &[&str]) -> Value {
        self.run(&[&["--json"], args].concat()).success().json()
    }

    /// Size and root hash of the log, by the program's own verification, which must find no fault.
    #[must_use]
    pub fn verified_head(&self) -> (u64, String) {
        let report = self.json(&["log", "verify"]);
        assert_eq!(
            report["faults"].as_array().map(Vec::len),
            Some(0),
            "{report}"
        );
        let root = report["root_hash"].as_str().expect("a root hash");
        (report["size"].as_u64().expect("a size"), root.to_owned())
    }
}

fn words<S: AsRef<OsStr>>(args: &[S]) -> String {
    args.iter()
        .map(|a| a.as_ref().to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder can be made");
    for entry in std::fs::read_dir(from).unwrap_or_else(|e| panic!("{}: {e}", from.display())) {
        let path = entry.expect("a folder can be listed").path();
        let target = to.join(path.file_name().expect("an entry has a name"));
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        }
    }
}
