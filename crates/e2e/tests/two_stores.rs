//! The demonstration in PostgreSQL: the same job by the same commands, the same ledgers to the last byte.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use e2e::{Demonstration, Register};
use serde_json::Value;
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
