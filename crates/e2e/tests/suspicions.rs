//! The search for suspicions as its users meet it: from the command line, and over HTTP in the background.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use std::collections::BTreeSet;
use std::time::Duration;

use e2e::rectification::{self as told, DecidedSite};
use e2e::{Demonstration, Person, Register, Server, real_data};
use serde_json::{Value, json};

/// Two issues reported done with the same words, but for the figures, and with the same photograph.
fn copied(register: &Register) -> [String; 2] {
    let text = |amount: &str| {
        format!(
            "料棚全部拆除，建筑垃圾和弃渣清运{amount}方，运到县城填埋场，坡面削成三级台地后覆土四十厘米，撒播冰草、苜蓿等\
             本地草种，沟口砌浆砌石挡墙，看护房一并拆走，进场便道用块石封堵并立牌"
        )
    };
    ["一百二十", "六十"].map(|amount| {
        let site = DecidedSite::of(register);
        let open = [
            "--json",
            "issues",
            "open",
            &site.code,
            "--unit",
            "演示公司",
            "--description",
            "未批先建",
            "--due",
            "2019-12-31",
            "--on",
            "2019-08-20",
        ];
        let opened = register.run_as("office", &open).success().json();
        let issue = opened["issue_code"].as_str().unwrap().to_owned();
        let act = |post: &str, kind: &str, on: &str, body: &Value| {
            let path = register.path("登记.json");
            std::fs::write(&path, body.to_string()).unwrap();
            let path = path.to_string_lossy();
            let args = [
                "--json", "issues", "act", &issue, kind, "--body", &path, "--on", on,
            ];
            register.run_as(post, &args).success().json()
        };
        let attach = |file: &str| {
            let path = real_data(file);
            let args = [
                "--json",
                "issues",
                "attach",
                &site.code,
                &path.to_string_lossy(),
            ];
            let added = register.run_as(&site.head(), &args).success().json();
            added[0]["sha256"].as_str().unwrap().to_owned()
        };
        let plan = told::plan(&site);
        let planned = act(&plan.post, plan.kind, plan.on, &plan.body);
        let review = told::review(planned["entry_id"].as_str().unwrap());
        let _ = act(&review.post, review.kind, review.on, &review.body);
        let before = attach("photos/orientation/landscape_1.jpg");
        let after = attach("photos/orientation/portrait_1.jpg");
        let page = register.json(&["issues", "show", &issue]);
        for mut step in told::work(&site, &page, &before, &after) {
            if step.kind == "rectification.reported" {
                step.body["result_text"] = json!(text(amount));
            }
            let _ = act(&step.post, step.kind, step.on, &step.body);
        }
        issue
    })
}

/// Waits until the search is over; ends by its own count, not by the clock.
fn finished(server: &Server, person: &Person) -> Value {
    for _ in 0..1_200 {
        let run = person
            .get(server, "/api/v1/suspicions/runs")
            .status(200)
            .json();
        if run["state"] != "running" {
            return run;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("the search does not end");
}

#[test]
fn the_search_runs_from_the_command_line_and_the_same_is_noted_once() {
    let register = Demonstration::shared().register();
    let issues = copied(&register);
    let (before, _) = register.verified_head();
    let tried = register.json(&["suspicions", "run", "--dry-run"]);
    assert_eq!(
        register.verified_head().0,
        before,
        "a dry run writes nothing"
    );
    let done = register.json(&["suspicions", "run"]);
    assert_eq!(done["found"], tried["found"], "{done}");
    assert_eq!(done["photos_new"], 0, "fingerprints are made once: {done}");
    let found = done["found"].as_u64().unwrap();
    assert_eq!(register.verified_head().0, before + found);
    let noted = register.json(&[
        "suspicions",
        "list",
        "--suspicion",
        "reused_photo,copied_text",
    ]);
    let of = |issue: &str| {
        let items = noted["items"].as_array().unwrap().iter();
        let kinds = items.filter(|i| i["issue_code"] == issue);
        kinds
            .map(|i| i["suspicion"].as_str().unwrap().to_owned())
            .collect::<BTreeSet<_>>()
    };
    assert!(
        of(&issues[0]).is_empty(),
        "whoever had it first is not accused: {noted}"
    );
    assert_eq!(of(&issues[1]).len(), 2, "{noted}");
    let again = register.json(&["suspicions", "run"]);
    assert_eq!(again["found"], 0, "{again}");
    let list = register.json(&["suspicions", "list"]);
    assert!(list["total"].as_u64().unwrap() >= found, "{list}");
    let figures = register.json(&["suspicions", "statistics"]);
    assert_eq!(figures["total"]["found"], list["total"], "{figures}");
    let refused = register.run_as("station_head@houhe", &["suspicions", "run"]);
    assert_ne!(refused.code, Some(0));
    let out = register.path("疑点.xlsx");
    let out = out.to_str().unwrap();
    let _ = register
        .run(&["suspicions", "list", "--out", out])
        .success();
    assert!(std::fs::read(out).unwrap().starts_with(b"PK"));
}

#[test]
fn the_search_runs_in_the_background_while_others_are_served() {
    let register = Demonstration::shared().register();
    let server = Server::start(&register);
    let office = Person::new(&register, &server, "bangongshi", "office");
    let discipline = Person::new(&register, &server, "jiwei", "discipline");
    let head = Person::new(&register, &server, "zhanzhang", "station_head@houhe");
    let never = office
        .get(&server, "/api/v1/suspicions/runs")
        .status(200)
        .json();
    assert_eq!(never["state"], "never");
    let refused = head.post(&server, "/api/v1/suspicions/runs", &json!({}));
    assert_eq!(refused.status, 403, "{}", refused.text());
    let begun = discipline
        .post(&server, "/api/v1/suspicions/runs", &json!({}))
        .status(202)
        .json();
    assert_eq!(begun["state"], "running");
    let beside = office
        .get(&server, "/api/v1/sites?limit=1")
        .status(200)
        .json();
    assert!(beside["total"].as_u64().unwrap() > 0);
    let run = finished(&server, &office);
    assert_eq!(run["state"], "done", "{run}");
    assert_eq!(run["error"], Value::Null);
    assert!(run["finished_at"].is_string() && run["outcome"]["log_size"].is_u64());
    let list = discipline
        .get(&server, "/api/v1/suspicions")
        .status(200)
        .json();
    assert!(list["total"].as_u64() >= run["outcome"]["found"].as_u64());
    for person in [&office, &discipline] {
        let figures = person
            .get(&server, "/api/v1/suspicions/statistics")
            .status(200)
            .json();
        assert_eq!(figures["total"]["found"], list["total"]);
    }
    let file = discipline.get(&server, "/api/v1/suspicions/statistics/file");
    assert!(file.status(200).body.starts_with(b"PK"));
    let none = discipline.get(
        &server,
        "/api/v1/suspicions/01900000-0000-7000-8000-000000000000",
    );
    assert_eq!(none.status, 404);
    let again = discipline.post(
        &server,
        "/api/v1/suspicions/runs",
        &json!({ "dry_run": true }),
    );
    assert_eq!(again.status, 202, "{}", again.text());
    let run = finished(&server, &office);
    assert_eq!(run["outcome"]["found"], 0, "{run}");
    server.stop();
}
