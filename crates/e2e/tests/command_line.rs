//! Help in both languages, exit codes, completions, JSON everywhere.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use e2e::{Demonstration, Register};

const COMMANDS: [&str; 17] = [
    "init",
    "import",
    "sites",
    "clues",
    "verify",
    "ledger",
    "diff",
    "stats",
    "check",
    "log",
    "register",
    "convert",
    "judge",
    "rules",
    "law",
    "bench",
    "completions",
];

fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

#[test]
fn every_command_explains_itself_in_chinese_and_in_english() {
    let register = Register::new();
    for command in COMMANDS {
        let chinese = register
            .run(&["--lang", "zh", command, "--help"])
            .success()
            .stdout;
        let english = register
            .run(&["--lang", "en", command, "--help"])
            .success()
            .stdout;
        assert!(
            is_chinese(chinese.lines().next().unwrap()),
            "{command}: {chinese}"
        );
        assert!(
            !is_chinese(english.lines().next().unwrap()),
            "{command}: {english}"
        );
    }
}

#[test]
fn completions_are_written_for_every_shell() {
    let register = Register::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = register.run(&["completions", shell]).success().stdout;
        assert!(
            script.contains("qingshan") && script.contains("ledger"),
            "{shell}"
        );
    }
}

#[test]
fn mistakes_of_the_user_exit_with_1_and_a_code() {
    let register = Demonstration::shared().register();
    let mistakes: [&[&str]; 5] = [
        &["ledger", "sites", "--as-of", "2019-13-45"],
        &["sites", "2019-000000-XX-9999"],
        &["import", "inspection", "no such file.xlsx", "--yes"],
        &["ledger", "sites", "--station", "没有的站"],
        &[
            "import",
            "inspection",
            "no such file.xlsx",
            "--crs",
            "EPSG:0",
            "--yes",
        ],
    ];
    for mistake in mistakes {
        let outcome = register.run(&[&["--json"], mistake].concat()).exits(1);
        assert!(!outcome.codes().is_empty(), "{outcome:?}");
        assert!(
            !register.run(mistake).exits(1).stderr.trim().is_empty(),
            "{mistake:?}"
        );
    }
    assert_eq!(Register::new().run(&["sites"]).code, Some(1));
    assert_eq!(Register::new().run(&["frobnicate"]).code, Some(1));
}

#[test]
fn every_reading_command_speaks_json() {
    let register = Demonstration::shared().register();
    let commands: [&[&str]; 10] = [
        &["sites", "--all"],
        &["clues"],
        &["clues", "--state", "open"],
        &["ledger", "sites", "--all", "--as-of", "2019-08-19"],
        &[
            "diff",
            "sites",
            "--from",
            "2019-08-18",
            "--to",
            "2019-08-19",
        ],
        &["stats", "--as-of", "2019-08-19"],
        &["log", "verify"],
        &["log", "checkpoint"],
        &["log", "show", "--limit", "5"],
        &["check", "--as-of", "2019-08-19", "--since", "2019-08-18"],
    ];
    for command in commands {
        let outcome = register.run(&[&["--json"], command].concat());
        assert!(matches!(outcome.code, Some(0 | 1)), "{outcome:?}");
        let _ = outcome.json();
    }
}

#[test]
fn looking_after_a_register_speaks_json() {
    let register = Demonstration::shared().register();
    let to = register.path("backup").to_string_lossy().into_owned();
    let _ = register
        .run_as("operator", &["--json", "register", "rebuild"])
        .success()
        .json();
    let _ = register
        .run_as("operator", &["--json", "register", "backup", &to])
        .success()
        .json();
}

#[test]
fn the_front_page_names_every_command() {
    for language in ["zh", "en"] {
        let page = Register::new()
            .run(&["--lang", language, "--help"])
            .success()
            .stdout;
        for command in COMMANDS {
            assert!(page.contains(command), "{language}: {command} in {page}");
        }
    }
}

#[test]
fn a_reader_that_stops_reading_is_no_fault() {
    let register = Demonstration::shared().register();
    let mut sites = register.command("office", &["--json", "sites", "--all"]);
    let mut sites = sites
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(sites.stdout.take());
    let output = sites.wait_with_output().unwrap();
    assert!(
        !String::from_utf8_lossy(&output.stderr).contains("panicked"),
        "{output:?}"
    );
}
