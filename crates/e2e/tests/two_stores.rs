//! The demonstration in PostgreSQL: the same job by the same commands, the same ledgers to the last byte.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use e2e::{Demonstration, Person, Register, Server, import_args};
use serde_json::{Value, json};
use testkit::TempDatabase;

/// A ledger drawn to a file, as bytes.
fn drawn(register: &Register, view: &str, as_of: &str, extension: &str) -> Vec<u8> {
    let out = register.path(&format!("{view}-{as_of}.{extension}"));
    let file = out.to_string_lossy().into_owned();
    let args = ["ledger", view, "--all", "--as-of", as_of, "--out", &file];
    let _ = register.run(&args).success();
    std::fs::read(out).unwrap()
}

#[test]
fn the_demonstration_in_postgresql_gives_the_same_ledgers_byte_for_byte() {
    testkit::ran_on("PostgreSQL");
    let demonstration = Demonstration::shared();
    let (register, database) = (Register::new(), TempDatabase::new());
    let url = database.url();
    demonstration.set_up(&register, &["--database", &url]);
    assert!(!register.home().join("register.gpkg").exists());
    demonstration.import_all(&register);
    let head = register.verified_head();

    // The same log as a GeoPackage: every ledger of both is the same file.
    let copy = Register::new();
    let to = copy.home().to_string_lossy().into_owned();
    let backup = ["register", "backup", &to, "--with-keys"];
    let _ = register.run_as("operator", &backup).success();
    assert!(copy.home().join("register.gpkg").exists());
    assert_eq!(copy.verified_head(), head);
    for view in ["sites", "focal", "verified"] {
        for as_of in ["2019-08-18", "2019-08-19", "now"] {
            for extension in ["csv", "xlsx", "geojson"] {
                let ours = drawn(&register, view, as_of, extension);
                let theirs = drawn(&copy, view, as_of, extension);
                assert!(!ours.is_empty());
                assert!(ours == theirs, "{view} {as_of} {extension} differ");
            }
        }
    }

    // A register that was a GeoPackage from the start draws the same rows; its log is another one, with its own key.
    let other = demonstration.register();
    for view in ["sites", "focal", "verified"] {
        for as_of in ["2019-08-18", "2019-08-19"] {
            let rows = |register: &Register| {
                let drawn = register.json(&["ledger", view, "--all", "--as-of", as_of]);
                (drawn["rows_sha256"].clone(), drawn["rows"].clone())
            };
            let (ours, theirs) = (rows(&register), rows(&other));
            assert!(ours == theirs, "{view} {as_of} differ");
        }
    }
    // Every ledger that left the house is an entry, in both logs.
    let head = register.verified_head();
    assert_eq!(head.0, copy.verified_head().0);
    let _ = register
        .run_as("operator", &["register", "rebuild"])
        .success();
    assert_eq!(register.verified_head(), head);
    judging_is_the_same(&register, &copy);
}

/// What the tables propose, what another day's law would change, and a decision with what follows from it.
fn judging_is_the_same(register: &Register, copy: &Register) {
    const JUDGE: [&str; 4] = ["judge", "--all", "--as-of", "2019-08-19"];
    let judged = register.json(&JUDGE);
    assert!(judged == copy.json(&JUDGE), "judgements differ");
    let days = ["--as-of", "2019-08-19", "--as-of", "2026-11-01"];
    let what_if = [&["rules", "diff"], &days[..]].concat();
    assert!(
        register.json(&what_if) == copy.json(&what_if),
        "what-if differs"
    );
    let (before, _) = register.verified_head();
    let is_open = |site: &&Value| {
        site["state"] == "verified_with_issue" && site["proposal"]["is_problem"] == "yes"
    };
    let mut sites = judged.as_array().unwrap().iter().filter(is_open);
    let decided = sites.find(|site| {
        let code = site["site_code"].as_str().unwrap();
        let accept = ["characterize", code, "--on", "2019-08-19", "--accept"];
        let accept = [&accept[..], &["--signed", "副组长（包抓领导）"]].concat();
        let codes = [register.run(&accept).code, copy.run(&accept).code];
        assert_eq!(codes[0], codes[1], "{code}");
        codes[0] == Some(0)
    });
    let decided = decided.expect("one site has all that a decision needs");
    let judged = register.json(&JUDGE);
    assert!(judged == copy.json(&JUDGE), "decisions differ");
    let mut sites = judged.as_array().unwrap().iter();
    let site = sites.find(|site| site["site_code"] == decided["site_code"]);
    assert!(!site.unwrap()["decision"].is_null());
    assert_eq!(register.verified_head().0, before + 1);
}

/// A node of a register in a database, served, with somebody of the office.
struct Node {
    register: Register,
    server: Server,
    office: Person,
}

impl Node {
    fn serve(register: Register) -> Self {
        let server = Server::start(&register);
        let office = Person::new(&register, &server, "bangongshi", "office");
        Self {
            register,
            server,
            office,
        }
    }

    /// What the office is told; of features without the links, which name the server's port.
    fn told(&self, path: &str) -> Vec<u8> {
        let answer = self.office.get(&self.server, path).status(200);
        match path.strip_prefix("/ogc") {
            Some(_) => answer.json()["features"].to_string().into_bytes(),
            None => answer.body,
        }
    }

    fn amend(&self, site_code: &str, note: &str) {
        let path = format!("/api/v1/sites/{site_code}/amendments");
        let body = json!({ "facts": { "note": note }, "reason": "两机同时办理" });
        let _ = self.office.post(&self.server, &path, &body).status(200);
    }
}

/// A further node of the database: its own folder, the same key, the same blobs.
fn further_node(demonstration: &Demonstration, first: &Register, url: &str) -> Register {
    let node = Register::new();
    let keys = node.home().join("keys");
    std::fs::create_dir_all(&keys).unwrap();
    std::fs::copy(first.home().join("keys/node.key"), keys.join("node.key")).unwrap();
    std::os::unix::fs::symlink(first.home().join("blobs"), node.home().join("blobs")).unwrap();
    let reserve = demonstration.input("reserve.toml");
    let reserve = reserve.to_string_lossy().into_owned();
    let init = ["init", "--campaign", "lvdun-2019", "--reserve", &reserve];
    let init = [&init[..], &["--demonstration", "--database", url]].concat();
    let _ = node.run_as("operator", &init).success();
    assert_eq!(node.verified_head(), first.verified_head());
    node
}

const READS: [&str; 17] = [
    "/api/v1/sites?limit=1000",
    "/api/v1/sites?limit=1000&as_of=2019-02-01&sort=-area_m2",
    "/api/v1/sites?limit=1000&bbox=106.45,35.5,106.5,35.6",
    "/api/v1/clues?limit=1000",
    "/api/v1/ledgers/sites?limit=1000",
    "/api/v1/ledgers/sites?limit=1000&sort=-township",
    "/api/v1/ledgers/focal?limit=1000",
    "/api/v1/ledgers/sites/diff?from=2018-01-01",
    "/api/v1/statistics",
    "/api/v1/checks",
    "/api/v1/dashboard",
    "/api/v1/work-items",
    "/api/v1/config",
    "/api/v1/log/checkpoint",
    "/api/v1/tiles/sites/10/814/403.mvt",
    "/api/v1/tiles/zones/10/814/403.mvt",
    "/ogc/collections/sites/items?limit=10000",
];

#[test]
fn two_nodes_serve_one_database_and_tell_what_a_geopackage_tells() {
    testkit::ran_on("PostgreSQL");
    let demonstration = Demonstration::shared();
    let (first, database) = (Register::new(), TempDatabase::new());
    let url = database.url();
    demonstration.set_up(&first, &["--database", &url]);
    for input in demonstration.manifest().iter().take(4) {
        let _ = first.run(&import_args(&demonstration, input)).success();
    }
    let second = further_node(&demonstration, &first, &url);
    let copy = Register::new();
    let to = copy.home().to_string_lossy().into_owned();
    let backup = ["register", "backup", &to, "--with-keys"];
    let _ = first.run_as("operator", &backup).success();
    let [first, second, copy] = [first, second, copy].map(Node::serve);
    for path in READS {
        let told = first.told(path);
        assert!(!told.is_empty() && told == second.told(path), "{path}");
        assert!(told == copy.told(path), "{path} of the GeoPackage");
    }

    let sites: Value = serde_json::from_slice(&first.told(READS[0])).unwrap();
    let sites = sites["items"].as_array().unwrap().iter().take(12);
    let codes: Vec<&str> = sites.map(|s| s["site_code"].as_str().unwrap()).collect();
    let (size, _) = first.register.verified_head();
    std::thread::scope(|scope| {
        for (name, node) in [("甲", &first), ("乙", &second)] {
            let codes = &codes;
            scope.spawn(move || codes.iter().for_each(|code| node.amend(code, name)));
        }
    });
    let head = first.register.verified_head();
    assert_eq!(head.0, size + 2 * codes.len() as u64, "no edit is lost");
    assert_eq!(second.register.verified_head(), head);
    for code in codes {
        let path = format!("/api/v1/sites/{code}/entries");
        assert!(first.told(&path) == second.told(&path), "{path}");
    }
    for path in READS {
        assert!(first.told(path) == second.told(path), "{path} after edits");
    }
}

#[test]
fn the_log_is_measured_on_both_stores_and_the_register_is_left_alone() {
    testkit::ran_on("PostgreSQL");
    let (register, database) = (Register::new(), TempDatabase::new());
    let (url, bench) = (database.url(), ["bench", "log", "--entries", "1500"]);
    let in_database = [&bench[..], &["--register", &url]].concat();
    for args in [&bench[..], &in_database] {
        let told = register.run(args).success().stdout;
        let figures = told.lines().last().unwrap();
        let figures: Value = serde_json::from_str(figures).unwrap();
        assert_eq!(figures["n"], 1500);
        assert!(figures["append_per_s"].as_u64().unwrap() > 0, "{told}");
    }
    assert!(!register.home().exists());
    let count = database.sql("SELECT count(*) FROM entries");
    assert_eq!(count, ["1501"]);
}

#[test]
fn no_message_shows_the_password_of_a_database() {
    let register = Register::new();
    for address in [
        "postgres://guard:geheim@localhost:1/houhe?connect_timeout=1",
        "postgres://guard:geheim@localhost:port/houhe",
        "mysql://guard:geheim@localhost/houhe",
    ] {
        for args in [
            &["--register", address, "sites"][..],
            &["--json", "--register", address, "log", "verify"],
        ] {
            let outcome = register.run(args);
            let told = format!("{}{}", outcome.stdout, outcome.stderr);
            assert!(matches!(outcome.code, Some(1 | 2)), "{told}");
            assert!(
                !told.contains("geheim") && told.contains("数据库"),
                "{told}"
            );
        }
        let mut help = register.command("office", &["--help"]);
        let help = help.env("QINGSHAN_REGISTER", address).output().unwrap();
        let help = String::from_utf8_lossy(&help.stdout);
        assert!(
            help.contains("QINGSHAN_REGISTER") && !help.contains("geheim"),
            "{help}"
        );
    }
}
