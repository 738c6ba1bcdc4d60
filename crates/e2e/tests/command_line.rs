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

#[test]
fn a_folder_without_a_register_is_named_with_what_to_do() {
    let register = Register::new();
    let outcome = register.run(&["sites"]).exits(1);
    let home = register.home();
    assert!(
        outcome.stderr.contains(&*home.to_string_lossy()),
        "{outcome:?}"
    );
    assert!(outcome.stderr.contains("init"), "{outcome:?}");
}

#[test]
fn help_of_subcommands_speaks_the_language_asked_for() {
    let register = Register::new();
    let help = register.run(&["import", "--help"]).success().stdout;
    for english in ["Usage", "Arguments", "Options", "Print help"] {
        assert!(!help.contains(english), "{help}");
    }
}

#[test]
fn a_verification_by_hand_needs_what_the_flow_demands() {
    let register = Demonstration::shared().register();
    let sites = register.json(&["sites", "--state", "awaiting_verification"]);
    let site = sites[0]["site_code"].as_str().unwrap().to_owned();
    let verify = [
        "--json",
        "verify",
        &site,
        "--conclusion",
        "issue_violation",
        "--on",
        "2019-08-20",
        "--team",
        "站长",
        "--team",
        "护林员",
    ];
    let before = register.verified_head();
    let outcome = register.run_as("station_head@后河", &verify);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    let outcome = register.run(&verify).exits(1);
    assert_eq!(outcome.codes(), ["flow.missing_facts"], "{outcome:?}");
    assert_eq!(register.verified_head(), before);
    let photos = ["far.jpg", "near.jpg"].map(|n| register.path(n).to_string_lossy().into_owned());
    for photo in &photos {
        std::fs::write(photo, photo).unwrap();
    }
    let whole = [
        &verify[..],
        &[
            "--position",
            "106.5,35.5",
            "--evidence",
            &photos[0],
            "--evidence",
            &photos[1],
        ],
    ];
    let dossier = register.run(&whole.concat()).success().json();
    assert_eq!(dossier["state"], "verified_with_issue");
}

#[test]
fn what_waits_for_a_person_is_listed_with_a_reason() {
    let register = Demonstration::shared().register();
    let open = register.json(&["clues", "--state", "open"]);
    let open = open.as_array().unwrap();
    assert!(!open.is_empty());
    for clue in open {
        assert!(clue["reason"].is_string(), "{clue}");
    }
    assert_eq!(register.json(&["clues", "match"]), serde_json::json!([]));
}

#[test]
fn a_marked_copy_says_in_words_what_is_wrong_with_a_row() {
    let demonstration = Demonstration::shared();
    let register = demonstration.empty_register();
    let sheet = demonstration.input("08-实地核查/演示数据-麻武保护站实地核查表.xlsx");
    let copy = register.path("marked.xlsx").to_string_lossy().into_owned();
    let sheet = sheet.to_string_lossy().into_owned();
    let args = [
        "import",
        "verifications",
        &sheet,
        "--dry-run",
        "--report",
        &copy,
    ];
    let outcome = register.run(&args);
    assert!(matches!(outcome.code, Some(0 | 1)), "{outcome:?}");
    let mut zip = zip::ZipArchive::new(std::fs::File::open(&copy).unwrap()).unwrap();
    let mut strings = String::new();
    std::io::Read::read_to_string(
        &mut zip.by_name("xl/sharedStrings.xml").unwrap(),
        &mut strings,
    )
    .unwrap();
    // One person went there, and one place has no photos: the flow demands two of each.
    assert!(strings.contains("还缺：核查人员"), "{strings:.2000}");
    assert!(!strings.contains("[] "), "remarks without words");
}
