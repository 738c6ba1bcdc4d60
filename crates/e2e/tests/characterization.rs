//! A site is judged, decided on by people, frozen, read a second time; what-if changes nothing; questions come back answered.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use e2e::{Demonstration, Person, Register, Server, script};
use serde_json::{Value, json};

const DAY: &str = "2019-08-19";

/// A site with an issue found on the spot whose facts are all told, so that people can decide.
fn a_decidable_site(register: &Register) -> String {
    let judged = register.json(&["judge", "--all", "--as-of", DAY]);
    let is_fit = |j: &&Value| {
        j["state"] == "verified_with_issue"
            && j["sheet"]["table"] == "tourism"
            && j["sheet"]["facts"]
                .as_array()
                .unwrap()
                .iter()
                .any(|f| f["name"] == "zone" && f["value"] != "outside")
    };
    let site = judged.as_array().unwrap().iter().find(is_fit).unwrap();
    let code = site["site_code"].as_str().unwrap().to_owned();
    verify(
        register,
        &code,
        DAY,
        &["built=2012", "approvals=none", "consistent=y"],
    );
    code
}

fn verify(register: &Register, site: &str, on: &str, facts: &[&str]) {
    let dossier = register.json(&["sites", site]);
    let position = format!("{},{}", dossier["facts"]["lon"], dossier["facts"]["lat"]);
    let photos = ["远景.jpg", "近景.jpg"].map(|name| {
        let path = register.path(name);
        std::fs::write(&path, format!("{name} {facts:?}")).unwrap();
        path.to_string_lossy().into_owned()
    });
    let mut args = vec![
        "verify",
        site,
        "--conclusion",
        "issue_violation",
        "--on",
        on,
        "--team",
        "站长,护林员",
        "--effect",
        "slight",
        "--position",
        &position,
    ];
    args.extend(photos.iter().flat_map(|p| ["--evidence", p.as_str()]));
    args.extend(facts.iter().flat_map(|f| ["--fact", *f]));
    let _ = register.run(&args).success();
}

fn judge(register: &Register, site: &str) -> Value {
    register.json(&["judge", "--site", site, "--as-of", DAY])
}

fn characterize(register: &Register, post: &str, site: &str, rest: &[&str]) -> e2e::Outcome {
    let args = [&["--json", "characterize", site, "--on", DAY], rest].concat();
    register.run_as(post, &args)
}

#[test]
fn every_fact_names_the_entry_it_came_from() {
    let register = Demonstration::shared().register();
    let site = a_decidable_site(&register);
    let judged = judge(&register, &site);
    assert_eq!(judged["proposal"]["verdict"], "violation", "{judged}");
    for fact in judged["sheet"]["facts"].as_array().unwrap() {
        let is_absence = fact["why"]["code"] == "fact.nothing_carried_over";
        let sources = fact["sources"].as_array().unwrap();
        assert_eq!(sources.is_empty(), is_absence, "{fact}");
    }
    let stated = |name: &str| {
        let facts = judged["sheet"]["facts"].as_array().unwrap();
        facts.iter().find(|f| f["name"] == name).unwrap()["value"].clone()
    };
    assert_eq!(
        (stated("approvals"), stated("set"), stated("built")),
        ("none".into(), "post".into(), "2012".into())
    );
    let page = register
        .run(&["judge", "--site", &site, "--as-of", DAY])
        .success()
        .stdout;
    let row = judged["proposal"]["row"].as_str().unwrap();
    assert!(page.contains(&format!("→ {row} 符合")), "{page}");
    assert!(
        page.contains("登记簿第") && page.contains("自然保护区条例"),
        "{page}"
    );
}

#[test]
fn a_decision_stays_as_it_was_and_the_difference_is_shown() {
    let register = Demonstration::shared().register();
    let site = a_decidable_site(&register);
    let done = characterize(
        &register,
        "office",
        &site,
        &["--accept", "--signed", "包抓领导"],
    )
    .success()
    .json();
    assert_eq!(
        (&done["is_effective"], &done["state"]),
        (&true.into(), &"characterized".into())
    );
    let before = judge(&register, &site);
    assert_eq!(before["differences"].as_array().unwrap().len(), 0);
    assert_eq!(before["decision"]["verdict"], "violation");

    verify(
        &register,
        &site,
        DAY,
        &["approvals=all", "set=pre", "adverse=n"],
    );
    let after = judge(&register, &site);
    assert_eq!(
        after["decision"], before["decision"],
        "the decision is frozen"
    );
    assert!(
        !after["differences"].as_array().unwrap().is_empty(),
        "{after}"
    );
    let found = register
        .run(&["--json", "check", "--as-of", DAY])
        .exits(1)
        .json();
    let differs = found.as_array().unwrap().iter().any(|f| {
        f["diagnostic"]["code"] == "check.characterization_differs"
            && f["site_code"] == site.as_str()
    });
    assert!(differs);
    let again = characterize(
        &register,
        "office",
        &site,
        &["--accept", "--signed", "包抓领导"],
    );
    assert!(
        again
            .exits(1)
            .codes()
            .contains(&"characterize.reason_for_anew".to_owned())
    );
    let ledger = register.json(&["ledger", "verified", "--all", "--as-of", DAY]);
    let row = ledger["rows"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["site_code"] == site.as_str())
        .unwrap();
    assert_eq!(row["cells"]["character"], "违法违规");
    let _ = register.verified_head();
}

#[test]
fn one_signature_is_not_enough() {
    let register = Demonstration::shared().register();
    let site = a_decidable_site(&register);
    let head = register.verified_head();
    let refused = characterize(&register, "office", &site, &["--accept"]).exits(1);
    assert!(
        refused.codes().contains(&"flow.missing_facts".to_owned()),
        "{refused:?}"
    );
    assert_eq!(register.verified_head(), head);
}

#[test]
fn an_override_needs_a_reason_and_a_second_reader_who_is_somebody_else() {
    let register = Demonstration::shared().register();
    let site = a_decidable_site(&register);
    let bare = characterize(&register, "office", &site, &["--override", "legacy"]).exits(1);
    assert!(
        bare.codes()
            .contains(&"characterize.reason_needed".to_owned())
    );
    let reason = [
        "--override",
        "legacy",
        "--reason",
        "建区前已有木屋，2012年翻修",
        "--severity",
        "C",
    ];
    let done = characterize(&register, "office", &site, &reason)
        .success()
        .json();
    assert_eq!(done["is_effective"], false);
    assert_eq!(judge(&register, &site)["decision"], Value::Null);
    let own = characterize(&register, "office", &site, &["--confirm"]).exits(1);
    assert!(
        own.codes().iter().any(|c| c.contains("own_work")),
        "{own:?}"
    );
    let confirmed = characterize(&register, "bureau_leader", &site, &["--confirm"])
        .success()
        .json();
    assert_eq!(
        (&confirmed["is_effective"], &confirmed["state"]),
        (&true.into(), &"characterized".into())
    );
    let judged = judge(&register, &site);
    assert_eq!(
        (
            &judged["decision"]["verdict"],
            &judged["decision"]["is_override"]
        ),
        (&"legacy".into(), &true.into())
    );
    // What was decided by mistake is withdrawn by a further entry, and everything stays readable.
    let withdrawn = characterize(
        &register,
        "office",
        &site,
        &["--withdraw", "--reason", "误录"],
    )
    .success()
    .json();
    assert_eq!(withdrawn["state"], "verified_with_issue");
    assert_eq!(judge(&register, &site)["decision"], Value::Null);
    let before = register.verified_head();
    let _ = register
        .run_as("operator", &["register", "rebuild"])
        .success();
    assert_eq!(
        register.verified_head(),
        before,
        "the rows follow from the entries"
    );
}

#[test]
fn a_second_reader_confirms_the_override_that_was_read_and_no_other() {
    let register = Demonstration::shared().register();
    let site = a_decidable_site(&register);
    let overridden = |verdict: &str| {
        let args = ["--override", verdict, "--reason", "现场另有材料"];
        let done = characterize(&register, "office", &site, &args).success();
        done.json()["entry_id"].as_str().unwrap().to_owned()
    };
    let first = overridden("legacy");
    let server = Server::start(&register);
    let leader = Person::new(&register, &server, "juzhang", "bureau_leader");
    let seen = leader.get(&server, &format!("/api/v1/sites/{site}/judgement"));
    assert_eq!(
        seen.json()["awaiting"]["entry_id"],
        first.as_str(),
        "{}",
        seen.text()
    );
    let withdrawal = ["--withdraw", "--reason", "误录"];
    let _ = characterize(&register, "office", &site, &withdrawal).success();
    let second = overridden("lawful");

    let path = format!("/api/v1/sites/{site}/characterizations/confirmations");
    let read = |body: &Value| leader.post(&server, &path, body);
    let unnamed = read(&json!({ "confirm": true })).status(400).json();
    assert_eq!(unnamed["code"], "characterize.which_override");
    for confirm in [true, false] {
        let late = json!({ "of": first, "confirm": confirm, "reason": "同意" });
        let refused = read(&late).status(409).json();
        assert_eq!(refused["code"], "site.moved_on");
        assert_eq!(
            refused["details"]["clashes"][0]["current"],
            second.as_str(),
            "{refused}"
        );
    }
    let done = read(&json!({ "of": second, "confirm": true })).status(200);
    assert_eq!(done.json()["is_effective"], true);
    assert_eq!(done.json()["verdict"]["code"], "lawful");
}

#[test]
fn a_rejected_override_never_takes_effect() {
    let register = Demonstration::shared().register();
    let site = a_decidable_site(&register);
    let _ = characterize(
        &register,
        "office",
        &site,
        &["--override", "lawful", "--reason", "测试"],
    )
    .success();
    let rejected = characterize(
        &register,
        "bureau_leader",
        &site,
        &["--reject", "--reason", "没有批文"],
    )
    .success()
    .json();
    assert_eq!(rejected["is_effective"], false);
    let late = characterize(&register, "bureau_leader", &site, &["--confirm"]).exits(1);
    assert!(late.codes().contains(&"characterize.none_waits".to_owned()));
}

#[test]
fn what_if_writes_nothing_and_says_what_would_change() {
    let demonstration = Demonstration::shared();
    let register = demonstration.register();
    let before = (
        register.verified_head(),
        script("dump.py", &[register.home().join("register.gpkg")]),
    );
    let laws = register.json(&["rules", "diff", "--as-of", DAY, "--as-of", "2026-11-01"]);
    assert!(!laws["changed"].as_array().unwrap().is_empty());
    for changed in laws["changed"].as_array().unwrap() {
        assert!(
            !changed["reasons"].as_array().unwrap().is_empty(),
            "{changed}"
        );
    }
    // A proposed boundary that keeps only the core zone: everything else leaves.
    let zones = demonstration.input("01-保护区/演示数据-功能区.geojson");
    let mut proposed: Value =
        serde_json::from_str(&std::fs::read_to_string(zones).unwrap()).unwrap();
    proposed["features"].as_array_mut().unwrap().truncate(1);
    let file = register.path("调整方案.geojson");
    std::fs::write(&file, proposed.to_string()).unwrap();
    let (file, layer, report) = (
        file.to_string_lossy().into_owned(),
        register.path("变动.geojson"),
        register.path("变动.xlsx"),
    );
    let (layer, report) = (
        layer.to_string_lossy().into_owned(),
        report.to_string_lossy().into_owned(),
    );
    let moved = register.json(&[
        "rules", "diff", "--zones", &file, "--crs", "CGCS2000", "--as-of", DAY, "--layer", &layer,
        "--out", &report,
    ]);
    let boundary = &moved["boundary"];
    assert!(
        boundary["leaving_area_m2"].as_f64().unwrap() > 1.0e6,
        "{boundary}"
    );
    assert!(!boundary["leaving_sites"].as_array().unwrap().is_empty());
    assert!(!boundary["legalised_sites"].as_array().unwrap().is_empty());
    let drawn: Value = serde_json::from_str(&std::fs::read_to_string(&layer).unwrap()).unwrap();
    assert!(
        drawn["features"].as_array().unwrap().len() > moved["changed"].as_array().unwrap().len()
    );
    let after = (
        register.verified_head(),
        script("dump.py", &[register.home().join("register.gpkg")]),
    );
    assert_eq!(before, after);
}

#[test]
fn questions_go_out_blank_and_come_back_answered() {
    let register = Demonstration::shared().register();
    let asked = |register: &Register| {
        let sites = register.json(&["questions", "--station", "后河", "--as-of", DAY]);
        let sites = sites.as_array().unwrap().clone();
        sites
            .iter()
            .map(|s| s["questions"].as_array().unwrap().len())
            .sum::<usize>()
    };
    let before = asked(&register);
    let (blank, filled) = (register.path("问题.xlsx"), register.path("问题-已填.xlsx"));
    let _ = register
        .run(&[
            "questions",
            "--station",
            "后河",
            "--as-of",
            DAY,
            "--out",
            &blank.to_string_lossy(),
        ])
        .success();
    let answers = script("fill_questions.py", &[&blank, &filled]);
    assert!(answers["answered"].as_u64().unwrap() > 0, "{answers}");
    let taken = register
        .run(&[
            "--json",
            "import",
            "verifications",
            &filled.to_string_lossy(),
            "--leave-out-faulty",
            "--yes",
        ])
        .success()
        .json();
    let recorded = taken["counts"]["recorded"].as_u64().unwrap();
    assert_eq!(
        recorded,
        answers["rows"].as_array().unwrap().len() as u64,
        "{taken}"
    );
    let after = asked(&register);
    assert!(after < before, "{before} questions before, {after} after");
}
