//! A PostgreSQL server for tests: made by the first test that needs it, shared by all, gone with its data when nobody
//! is left.
//!
//! `initdb` and `pg_ctl` come from the Debian package. The server listens on a socket in the temporary directory only;
//! a template database with PostGIS is made once and cloned for each test. Where the programs are missing, tests fail.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

/// A fresh database with PostGIS, dropped when the test ends.
#[derive(Debug)]
pub struct TempDatabase {
    cluster: Cluster,
    name: String,
}

impl TempDatabase {
    /// A clone of the template.
    #[allow(
        clippy::new_without_default,
        reason = "a database on a server is no default value"
    )]
    pub fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let cluster = Cluster::shared();
        let name = format!("register_{}_{count}", std::process::id());
        cluster.sql("postgres", &format!("DROP DATABASE IF EXISTS {name}"));
        let clone = format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}");
        cluster.sql("postgres", &clone);
        Self { cluster, name }
    }

    /// Its address.
    pub fn url(&self) -> String {
        let socket = self.cluster.folder.display();
        format!("postgres:///{}?user={USER}&host={socket}", self.name)
    }

    /// Runs statements as somebody who knows nothing of the program; what is selected comes back as lines of cells
    /// parted by '|'.
    pub fn sql(&self, sql: &str) -> Vec<String> {
        self.try_sql(sql).unwrap_or_else(|e| panic!("{sql}: {e}"))
    }

    /// The same for statements that may be refused.
    pub fn try_sql(&self, sql: &str) -> Result<Vec<String>, String> {
        self.cluster.try_sql(&self.name, sql)
    }
}

impl Drop for TempDatabase {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let _ = self.cluster.try_sql("postgres", &drop);
    }
}

const USER: &str = "qingshan";
const TEMPLATE: &str = "register_template";

/// Seconds without a test after which the server ends.
const IDLE: u32 = 20;

/// The server, kept alive as long as this is.
#[derive(Debug)]
struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    /// Held shared by every test; who holds it alone may end the server.
    _in_use: File,
}

impl Cluster {
    fn shared() -> Self {
        let programs = programs();
        let folder = folder();
        // Beside the server's folder, which is made anew, and in one of their own: in the temporary directory itself
        // another user may not open them.
        let locks = folder.with_extension("locks");
        fs::create_dir_all(&locks).expect("a folder can be made");
        let in_use_path = locks.join("in-use");
        let starting = lock_file(&locks.join("starting"));
        starting.lock().expect("a file can be locked");
        let in_use = lock_file(&in_use_path);
        in_use.lock_shared().expect("a file can be locked");
        let cluster = Self {
            folder,
            programs,
            _in_use: in_use,
        };
        let answers = cluster.try_sql(TEMPLATE, "SELECT postgis_version()");
        if answers.is_err() {
            cluster.start(&in_use_path);
        }
        cluster
    }

    fn start(&self, in_use: &Path) {
        let data = self.folder.join("data");
        if data.exists() {
            let _ = self.run("pg_ctl", &["-D", &text(&data), "-m", "immediate", "stop"]);
        }
        let _ = fs::remove_dir_all(&self.folder);
        fs::create_dir_all(&self.folder).expect("a folder can be made");
        give_away(&self.folder);
        // Sorting by Chinese rules, as servers in China may be set up: what must sort by bytes has to say so.
        let made = [
            "-D",
            &text(&data),
            "-U",
            USER,
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--locale-provider=icu",
            "--icu-locale=zh",
            "--no-sync",
        ];
        self.must("initdb", &made);
        // Only the death of the machine would need what is switched off here.
        let options = format!(
            "-c unix_socket_directories={} -c listen_addresses= -c fsync=off -c full_page_writes=off \
             -c max_connections=200 -c shared_buffers=32MB -c timezone=Asia/Shanghai",
            self.folder.display()
        );
        let (data, log) = (text(&data), text(&self.folder.join("log")));
        self.must(
            "pg_ctl",
            &["-D", &data, "-w", "-l", &log, "-o", &options, "start"],
        );
        let made = format!("CREATE DATABASE {TEMPLATE}");
        self.sql("postgres", &made);
        self.sql(TEMPLATE, "CREATE EXTENSION postgis");
        self.end_when_idle(in_use, &data);
    }

    /// Leaves a watcher behind that ends the server once no test holds it any more.
    #[allow(
        clippy::zombie_processes,
        reason = "the watcher outlives the test that starts it"
    )]
    fn end_when_idle(&self, in_use: &Path, data: &str) {
        let (lock, pg_ctl) = (in_use.display(), self.programs.join("pg_ctl"));
        let free = format!("flock -n -x {lock}");
        let stop = format!(
            "sh -c '{} -D {data} -m immediate stop; rm -rf {data}'",
            pg_ctl.display()
        );
        let script = format!(
            "idle=0; while sleep 1; do if {free} true; then idle=$((idle+1)); else idle=0; fi; \
             if [ $idle -ge {IDLE} ]; then {free} {stop} && exit; idle=0; fi; done"
        );
        let mut watcher = as_server(Path::new("sh"));
        watcher.args(["-c", &script]);
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut watcher, 0);
        let _ = quiet(&mut watcher).spawn().expect("sh starts");
    }

    fn must(&self, program: &str, args: &[&str]) {
        let output = self.run(program, args);
        assert!(
            output.status.success(),
            "{program}: {}{}",
            String::from_utf8_lossy(&output.stderr),
            fs::read_to_string(self.folder.join("log")).unwrap_or_default()
        );
    }

    fn run(&self, program: &str, args: &[&str]) -> Output {
        let mut command = as_server(&self.programs.join(program));
        // The server inherits what it is given: with a pipe, waiting for it would never end.
        let errors =
            std::env::temp_dir().join(format!("qingshan-{program}-{}", std::process::id()));
        let file = File::create(&errors).expect("a file can be made");
        command
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let status = command.stderr(file).status();
        let status = status.unwrap_or_else(|e| panic!("{program}: {e}"));
        let stderr = fs::read(&errors).unwrap_or_default();
        let _ = fs::remove_file(errors);
        Output {
            status,
            stdout: Vec::new(),
            stderr,
        }
    }

    fn sql(&self, database: &str, sql: &str) -> Vec<String> {
        self.try_sql(database, sql)
            .unwrap_or_else(|e| panic!("{sql}: {e}"))
    }

    fn try_sql(&self, database: &str, sql: &str) -> Result<Vec<String>, String> {
        let output = Command::new(self.programs.join("psql"))
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", USER])
            .args(["-h", &text(&self.folder), "-d", database, "-c", sql])
            .env("PGTZ", "UTC")
            .env("PGCONNECT_TIMEOUT", "30")
            .stdin(Stdio::null())
            .output()
            .map_err(|e| format!("psql: {e}"))?;
        if output.status.success() {
            let lines = String::from_utf8_lossy(&output.stdout);
            Ok(lines.lines().map(str::to_owned).collect())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }
}

/// Where the server's programs are; Debian keeps them out of the path.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut found: Vec<(u32, PathBuf)> = versions
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(_, bin)| bin.join("initdb").exists())
        .collect();
    found.sort();
    let newest = found.pop().map(|(_, bin)| bin);
    newest.expect("PostgreSQL with PostGIS is missing: `cargo xtask test` installs it, or see the page README.md")
}

/// One server for the tests of one build folder.
fn folder() -> PathBuf {
    let test = std::env::current_exe().expect("a running program has a path");
    let mut hash = DefaultHasher::new();
    test.ancestors().nth(2).hash(&mut hash);
    // Short: the path of a socket has 107 bytes at most.
    std::env::temp_dir().join(format!("qingshan-pg-{:x}", hash.finish()))
}

fn lock_file(path: &Path) -> File {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    #[cfg(unix)]
    {
        // The watcher may run as another user.
        use std::os::unix::fs::PermissionsExt;
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o666));
    }
    file
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// A program as the user the server runs as: PostgreSQL refuses to run as root.
fn as_server(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
        .arg(program)
        .current_dir(std::env::temp_dir());
    command
}

fn give_away(folder: &Path) {
    if is_root() {
        let given = Command::new("chown").arg("postgres").arg(folder).status();
        assert!(
            given.is_ok_and(|status| status.success()),
            "the folder of the server cannot be given to its user"
        );
    }
}

fn quiet(command: &mut Command) -> &mut Command {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
