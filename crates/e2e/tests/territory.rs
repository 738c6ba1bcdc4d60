//! What a post may write by the roundabout ways: rows of a file, days to come, a clue that already has its site.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use std::path::PathBuf;

use e2e::{Demonstration, Person, Register, Server};
use serde_json::{Value, json};

/// Codes of the sites in a station's territory.
fn sites_of(register: &Register, station: &str) -> Vec<String> {
    let sites = register.json(&["sites", "--station", station]);
    let codes = sites.as_array().unwrap().iter();
    codes
        .map(|s| s["site_code"].as_str().unwrap().to_owned())
        .collect()
}

/// A verification sheet of one row.
fn sheet(register: &Register, site: &str, day: &str) -> PathBuf {
    let file = register.path("核查表.csv");
    let heading = "点位编号,核查时间,核查人员,核查情况,是否存在问题,核查结论";
    let row = format!("{site},{day},站长、护林员,现场已查看,否,无问题-原有居民生产生活");
    std::fs::write(&file, format!("{heading}\n{row}\n")).unwrap();
    file
}

fn import(register: &Register, post: &str, kind: &str, file: &std::path::Path) -> e2e::Outcome {
    let file = file.to_string_lossy();
    register.run_as(post, &["import", kind, &file, "--yes", "--json"])
}

#[test]
fn a_station_head_imports_nothing_into_another_territory() {
    let register = Demonstration::shared().register();
    let site = sites_of(&register, "麻武").swap_remove(0);
    let before = register.verified_head();
    let file = sheet(&register, &site, "2019-08-19");
    let refused = import(&register, "station_head@后河", "verifications", &file).exits(1);
    assert!(
        refused
            .codes()
            .contains(&"import.not_your_station".to_owned()),
        "{refused:?}"
    );
    assert_eq!(register.verified_head(), before);
    let own = import(&register, "station_head@麻武", "verifications", &file).success();
    assert_eq!(own.json()["counts"]["recorded"], 1, "{own:?}");
}

#[test]
fn a_permit_for_another_territory_is_refused_row_by_row() {
    let register = Demonstration::shared().register();
    let (own, foreign) = (
        sites_of(&register, "后河").swap_remove(0),
        sites_of(&register, "太统").swap_remove(0),
    );
    let file = register.path("手续.csv");
    let rows = format!(
        "点位编号,手续种类,文号\n{own},环评,演示环评〔2018〕9号\n{foreign},环评,演示环评〔2018〕9号\n"
    );
    std::fs::write(&file, rows).unwrap();
    let file = file.to_string_lossy().into_owned();
    let done = register.run_as(
        "station_head@后河",
        &[
            "import",
            "permits",
            &file,
            "--yes",
            "--leave-out-faulty",
            "--json",
        ],
    );
    let counts = done.success().json()["counts"].clone();
    assert_eq!(
        (&counts["recorded"], &counts["refused"]),
        (&Value::from(1), &Value::from(1))
    );
}

#[test]
fn nobody_verifies_on_a_day_to_come() {
    let register = Demonstration::shared().register();
    let site = sites_of(&register, "后河").swap_remove(0);
    let file = sheet(&register, &site, "2099-08-20");
    let refused = import(&register, "office", "verifications", &file).exits(1);
    assert!(
        refused
            .codes()
            .contains(&"verification.in_the_future".to_owned()),
        "{refused:?}"
    );
}

#[test]
fn a_clue_belongs_to_one_site_until_the_link_is_undone() {
    let register = Demonstration::shared().register();
    let sites = sites_of(&register, "麻武");
    let open = register.json(&["clues", "--state", "open"]);
    let clue = open[0]["clue"]["clue_id"].as_str().unwrap().to_owned();
    let link =
        |site: &str| register.run(&["clues", "link", &clue, site, "--reason", "现场核对是同一处"]);
    let _ = link(&sites[0]).success();
    for again in [&sites[1], &sites[0]] {
        let refused = link(again).exits(1);
        assert!(refused.stderr.contains("已归并"), "{refused:?}");
    }
    let undo = ["clues", "unlink", &clue, "--reason", "归并有误"];
    let _ = register.run(&undo).success();
    let _ = link(&sites[1]).success();
}

/// A number is given once: also when the site that bore it was withdrawn.
#[test]
fn a_withdrawn_sites_code_is_not_given_again() {
    let register = Demonstration::shared().register();
    let open = register.json(&["clues", "--state", "open"]);
    let clue = open[0]["clue"]["clue_id"].as_str().unwrap().to_owned();
    let separate = || {
        let args = ["clues", "separate", &clue, "--reason", "现场核对是另一处"];
        let _ = register.run(&args).success();
        let clues = register.json(&["clues"]);
        let clues = clues.as_array().unwrap().iter();
        let mut own = clues.filter(|c| c["clue"]["clue_id"] == clue.as_str());
        own.next().unwrap()["site_code"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let first = separate();
    let undo = ["clues", "unlink", &clue, "--reason", "另行处理"];
    let _ = register.run(&undo).success();
    let server = Server::start(&register);
    let office = Person::new(&register, &server, "bangongshi", "office");
    let path = format!("/api/v1/sites/{first}");
    let site = office.get(&server, &path).json();
    let body = json!({ "reason": "登记有误，另行立点", "based_on": site["version"] });
    let _ = office
        .post(&server, &format!("{path}/withdrawals"), &body)
        .status(200);
    server.stop();
    let second = separate();
    assert_ne!(first, second);
    assert_eq!(
        register.json(&["sites", &second])["site_code"],
        second.as_str()
    );
}

/// What was merged or withdrawn by mistake comes back as it was, its clues with it, and the log tells all of it.
#[test]
fn a_mistaken_merge_is_taken_back_and_the_clues_with_it() {
    let register = Demonstration::shared().register();
    let all = register.json(&["sites"]);
    let with_clue = |site: &&Value| !site["clues"].as_array().unwrap().is_empty();
    let mut chosen = all.as_array().unwrap().iter().filter(with_clue);
    let before = chosen.next().unwrap().clone();
    let code = before["site_code"].as_str().unwrap();
    let into = chosen.next().unwrap()["site_code"].as_str().unwrap();
    let office = |args: &[&str]| register.run(&[args, &["--reason", "现场复核"]].concat());
    let dossier = |site: &str| register.json(&["sites", site]);
    let clues_of = |dossier: &Value| {
        let clues = dossier["clues"].as_array().unwrap().iter();
        let ids = clues.map(|c| c["clue_id"].as_str().unwrap().to_owned());
        ids.collect::<std::collections::BTreeSet<_>>()
    };
    let holder = clues_of(&dossier(into));

    let _ = office(&["sites", "merge", code, into]).success();
    assert_eq!(dossier(code)["state"], "merged");
    assert_eq!(clues_of(&dossier(code)).len(), 0);
    let refused = register.run_as(
        "station_head@后河",
        &["sites", "restore", code, "--reason", "现场复核"],
    );
    let _ = refused.exits(1);

    let _ = office(&["sites", "restore", code]).success();
    let after = dossier(code);
    assert_eq!(after["state"], before["state"]);
    assert!(after["merged_into"].is_null());
    assert_eq!(clues_of(&after), clues_of(&before));
    assert_eq!(clues_of(&dossier(into)), holder);

    let again = office(&["sites", "restore", code]).exits(1);
    assert!(again.stderr.contains("未被归并或撤销"), "{again:?}");
    let _ = office(&["sites", "withdraw", code]).success();
    assert_eq!(dossier(code)["state"], "withdrawn");
    let _ = office(&["sites", "restore", code]).success();
    assert_eq!(dossier(code)["state"], before["state"]);
}
