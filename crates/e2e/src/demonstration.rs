//! The demonstration register: made once for all tests of one build, copied by each.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::UNIX_EPOCH;

use serde_json::Value;

use crate::program::{Register, program};

/// Inputs and register of the demonstration; never changed, only copied.
#[derive(Debug)]
pub struct Demonstration {
    folder: PathBuf,
}

impl Demonstration {
    /// The demonstration of this build; the first test that asks makes it, others wait.
    #[must_use]
    pub fn shared() -> Self {
        let shelf = shelf();
        let lock = File::create(shelf.join("lock")).expect("a lock file can be made");
        lock.lock().expect("a file can be locked");
        let folder = shelf.join(fingerprint());
        if !folder.join("done").exists() {
            clear(&shelf);
            Self {
                folder: folder.clone(),
            }
            .make();
            File::create(folder.join("done")).expect("a mark can be left");
        }
        Self { folder }
    }

    /// A copy of the register to work on.
    #[must_use]
    pub fn register(&self) -> Register {
        Register::copy_of(&self.folder.join("register"))
    }

    /// A file of the inputs.
    #[must_use]
    pub fn input(&self, name: &str) -> PathBuf {
        self.folder.join("inputs").join(name)
    }

    /// The list of inputs in the order they arrived.
    #[must_use]
    pub fn manifest(&self) -> Vec<Value> {
        let manifest = self.read("manifest.json");
        let mut inputs = manifest["inputs"]
            .as_array()
            .expect("inputs are listed")
            .clone();
        // Permits come before the verifications that give sites their names; the rows refused then are taken now.
        let permits: Vec<Value> = inputs
            .iter()
            .filter(|i| i["kind"] == "permits")
            .cloned()
            .collect();
        inputs.extend(permits);
        inputs
    }

    /// What the generator knows to be true.
    #[must_use]
    pub fn truth(&self) -> Value {
        self.read("expected.json")
    }

    fn read(&self, name: &str) -> Value {
        let path = self.input(name);
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    }

    /// A register with the campaign, boundary, stations and routes of the demonstration, and no clue yet.
    #[must_use]
    pub fn empty_register(&self) -> Register {
        let register = Register::new();
        self.set_up(&register, &[]);
        register
    }

    /// Makes a register with the campaign, boundary, stations and routes of the demonstration.
    pub fn set_up(&self, register: &Register, more: &[&str]) {
        let reserve = text(&self.input("reserve.toml"));
        let init = [
            "init",
            "--campaign",
            "lvdun-2019",
            "--reserve",
            &reserve,
            "--demonstration",
        ];
        let init = [&init[..], more].concat();
        let _ = register.run_as("operator", &init).success();
        for (kind, file) in [
            ("boundary", "功能区.geojson"),
            ("stations", "保护站.geojson"),
            ("routes", "巡护路线.kml"),
        ] {
            let file = self.input(&format!("01-保护区/演示数据-{file}"));
            let _ = register.run(&boundary_args(kind, &file)).success();
        }
    }

    /// Imports everything in the order it arrived, and asks the rules again about clues that found no site.
    pub fn import_all(&self, register: &Register) {
        for input in self.manifest() {
            let _ = register.run(&import_args(self, &input)).success();
        }
        let _ = register.run(&["clues", "match"]).success();
    }

    fn make(&self) {
        std::fs::create_dir_all(&self.folder).expect("a folder can be made");
        let inputs = text(&self.folder.join("inputs"));
        let made = Command::new(program("xtask"))
            .args(["demo-inputs", &inputs])
            .output()
            .expect("xtask starts");
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        let register = self.empty_register();
        self.import_all(&register);
        crate::program::copy_folder(&register.home(), &self.folder.join("register"));
    }
}

/// Arguments that load a layer of the reserve.
#[must_use]
pub fn boundary_args(kind: &str, file: &Path) -> Vec<String> {
    let mut args = vec!["import".to_owned(), kind.to_owned(), text(file)];
    let valid = ["--valid-from", "2005-07-01", "--crs", "CGCS2000", "--yes"];
    args.extend(valid.map(str::to_owned));
    if kind == "boundary" {
        let version = [
            "--version-name",
            "演示批复〔2005〕1号",
            "--approval",
            "演示批复〔2005〕1号",
        ];
        args.extend(version.map(str::to_owned));
    }
    args
}

/// Arguments that import one file of the manifest, as a clerk types them.
#[must_use]
pub fn import_args(demonstration: &Demonstration, input: &Value) -> Vec<String> {
    let word = |key: &str| input[key].as_str().unwrap_or_default();
    let file = word("file");
    let path = text(&demonstration.input(file));
    let mut args = vec![
        "--json",
        "import",
        kind_word(word("kind")),
        &path,
        "--received-on",
        word("received_on"),
    ];
    args.extend(["--leave-out-faulty", "--yes"]);
    if let Some(code) = source_code(word("source_kind")) {
        args.extend(["--source", code]);
    }
    if file.ends_with(".geojson") {
        args.extend(["--crs", "CGCS2000"]);
    }
    args.into_iter().map(str::to_owned).collect()
}

fn kind_word(kind: &str) -> &str {
    match kind {
        "ledger" => "old-ledger",
        "petitions" => "petition",
        "verification" => "verifications",
        same => same,
    }
}

/// Only sources that do not follow from the kind of the input.
fn source_code(label: &str) -> Option<&'static str> {
    Some(match label {
        "中央督察" => "central_inspection",
        "省级督察" => "provincial_inspection",
        "上级交办" => "superior",
        "部门移送" => "transfer",
        "信访举报" => "petition",
        "绿盾2017未完成" => "lvdun_2017",
        "绿盾2018未完成" => "lvdun_2018",
        _ => return None,
    })
}

/// Where finished demonstrations are kept between tests: beside the test programs, never in the repository.
fn shelf() -> PathBuf {
    let test = std::env::current_exe().expect("a running program has a path");
    let shelf = test
        .parent()
        .and_then(Path::parent)
        .expect("tests lie in target/PROFILE/deps")
        .join("e2e-demonstration");
    std::fs::create_dir_all(&shelf).expect("a folder can be made");
    shelf
}

/// Another build makes another demonstration.
fn fingerprint() -> String {
    let of = |name: &str| {
        let about = std::fs::metadata(program(name)).expect("the program exists");
        let changed = about
            .modified()
            .expect("files have times")
            .duration_since(UNIX_EPOCH);
        format!(
            "{:x}-{:x}",
            about.len(),
            changed.map_or(0, |d| d.as_nanos())
        )
    };
    format!("{}-{}", of("qingshan"), of("xtask"))
}

/// Leftovers of earlier builds and of a run that was interrupted.
fn clear(shelf: &Path) {
    for entry in std::fs::read_dir(shelf)
        .expect("a folder can be listed")
        .flatten()
    {
        if entry.path().is_dir() {
            std::fs::remove_dir_all(entry.path()).expect("a folder can be removed");
        }
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
