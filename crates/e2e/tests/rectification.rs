//! An issue goes from opening to look-back, on the command line and over HTTP, by nine posts; nothing is closed on paper only.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use std::collections::BTreeMap;

use e2e::rectification::{self as told, Act, DecidedSite};
use e2e::{Demonstration, Outcome, Person, Register, Server};
use serde_json::{Value, json};

/// The command line as posts use it.
struct Desk<'a> {
    register: &'a Register,
    site: DecidedSite,
    issue: String,
}

impl<'a> Desk<'a> {
    fn open(register: &'a Register) -> Self {
        let site = DecidedSite::of(register);
        let opened = register
            .run_as(
                "office",
                &[
                    "--json",
                    "issues",
                    "open",
                    &site.code,
                    "--unit",
                    "某旅游公司",
                    "--description",
                    "未批先建观景台",
                    "--due",
                    "2019-12-31",
                    "--on",
                    "2019-08-20",
                ],
            )
            .success()
            .json();
        assert_eq!(opened["state"], "characterized");
        Self {
            register,
            issue: opened["issue_code"].as_str().unwrap().to_owned(),
            site,
        }
    }

    fn page(&self) -> Value {
        self.register.json(&["issues", "show", &self.issue])
    }

    fn act(&self, act: &Act) -> Outcome {
        let path = self.register.path("登记.json");
        std::fs::write(&path, act.body.to_string()).unwrap();
        let path = path.to_string_lossy();
        let args = [
            "--json",
            "issues",
            "act",
            &self.issue,
            act.kind,
            "--body",
            &path,
            "--on",
            act.on,
        ];
        self.register.run_as(&act.post, &args)
    }

    fn done(&self, act: &Act) -> Value {
        self.act(act).success().json()
    }

    fn all(&self, acts: &[Act]) {
        for act in acts {
            let _ = self.done(act);
        }
    }

    /// Records a file as evidence of the site; its hash.
    fn attach(&self, name: &str) -> String {
        let path = self.register.path(name);
        std::fs::write(&path, format!("{name}的内容")).unwrap();
        let path = path.to_string_lossy();
        let post = self.site.head();
        let args = ["--json", "issues", "attach", &self.site.code, &path];
        let added = self.register.run_as(&post, &args).success().json();
        added[0]["sha256"].as_str().unwrap().to_owned()
    }

    /// Up to the public notice.
    fn noticed(&self) {
        let planned = self.done(&told::plan(&self.site));
        let _ = self.done(&told::review(planned["entry_id"].as_str().unwrap()));
        let (before, after) = (self.attach("整改前.txt"), self.attach("整改后.txt"));
        self.all(&told::work(&self.site, &self.page(), &before, &after));
        let screenshot = self.attach("公示截图.txt");
        self.all(&told::acceptances(&self.site, &self.page(), &screenshot));
    }
}

#[test]
fn an_issue_goes_its_way_on_the_command_line() {
    let register = Demonstration::shared().register();
    let desk = Desk::open(&register);
    desk.noticed();
    let objection = json!({ "received_on": "2019-09-27", "text": "仍有建筑垃圾" });
    let objection = desk.done(&Act {
        post: "discipline".into(),
        kind: "objection.received",
        body: objection,
        on: "2019-09-27",
    });
    let closing = told::closing(&desk.page());
    let early = desk.act(&closing[1]).exits(1);
    let codes = early.codes();
    for lacking in [
        "issue.step_refused",
        "rectify.objections_answered",
        "rectify.earlier_levels",
    ] {
        assert!(codes.contains(&lacking.to_owned()), "{lacking}: {codes:?}");
    }
    let _ = desk.done(&Act {
        post: "bureau_leader".into(),
        kind: "objection.answered",
        body: json!({
            "objection": objection["entry_id"], "result": "dismissed", "text": "经查已清运", "answered_on": "2019-09-30",
        }),
        on: "2019-09-30",
    });
    desk.all(&closing);
    let closed = desk.page();
    assert_eq!(closed["state"], "closed_out");
    assert_eq!(closed["percent"], 100);
    assert_eq!(closed["void"], json!([]));

    let draw = [
        "--json",
        "issues",
        "draw",
        "--seed",
        "2019年第四季度",
        "--percent",
        "100",
    ];
    let drawn = register.run_as("discipline", &draw).success().json();
    assert_eq!(drawn["drawn"].as_array().unwrap().len(), 1, "{drawn}");
    let plan = [&draw[..], &["--plan", "2019-12-01", "--secret"]].concat();
    let planned = register.run_as("discipline", &plan).success().json();
    assert_eq!(planned["planned"], 1, "{planned}");
    let again = register.run_as("discipline", &plan).success().json();
    assert_eq!(again["planned"], 0, "what waits is not drawn again");
    let waits = register
        .run_as("inspector", &["--json", "issues", "worklist"])
        .success()
        .json();
    let kinds: Vec<&str> = waits["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|g| g["kind"].as_str().unwrap())
        .collect();
    assert!(kinds.contains(&"look_back"), "{kinds:?}");
    // A secret check is no secret if the station reads of it.
    let seen = register
        .run_as(
            &desk.site.head(),
            &["--json", "issues", "show", &desk.issue],
        )
        .success()
        .json();
    assert_eq!(seen["issue"].get("look_back_plans"), None, "{seen}");
    // Nor of who took which step, nor of the day on which something is due; whoever planned it reads all of it.
    let show = ["--json", "issues", "show", &desk.issue];
    let known = register.run_as("discipline", &show).success().json();
    for told in ["/issue/steps", "/issue/hands", "/deadlines"] {
        let says = |page: &Value| {
            let part = page.pointer(told).map(Value::to_string);
            part.is_some_and(|part| part.contains("look_back"))
        };
        assert!(says(&known), "{told}: {known}");
        assert!(!says(&seen), "{told}: {seen}");
    }
    // Nor does its row in the list say what waits.
    let row = |post: &str| {
        let listed = register.run_as(post, &["--json", "issues", "list"]);
        let listed = listed.success().json();
        let mut rows = listed["items"].as_array().unwrap().iter();
        let own = rows.find(|row| row["issue_code"] == desk.issue.as_str());
        own.unwrap().to_string()
    };
    assert!(row("discipline").contains("look_back"));
    assert!(!row(&desk.site.head()).contains("look_back"));
    // Nor does the whole dossier, however it is printed.
    for args in [
        &["--json", "sites", &desk.site.code][..],
        &["--json", "sites", "--all"],
    ] {
        let planned = |post: &str| {
            let told = register.run_as(post, args).success().json();
            told.to_string().contains("is_secret")
        };
        assert!(planned("discipline"), "{args:?}");
        assert!(!planned(&desk.site.head()), "{args:?}");
    }

    let _ = desk.done(&Act {
        post: "inspector".into(),
        kind: "look_back.recorded",
        body: json!({
            "looked_on": "2019-12-01", "level": "province", "result": "false_rectification", "text": "设施复建",
            "members": told::signed("督察", 2), "is_secret": true,
        }),
        on: "2019-12-01",
    });
    let old = desk.page();
    assert_eq!(old["state"], "relapsed");
    let id = old["issue_id"].as_str().unwrap();
    let opened = register
        .run_as(
            "office",
            &[
                "--json",
                "issues",
                "open",
                &desk.site.code,
                "--reopens",
                id,
                "--unit",
                "某旅游公司",
                "--description",
                "虚假整改，重新立账",
                "--on",
                "2019-12-03",
            ],
        )
        .success()
        .json();
    assert_ne!(opened["issue_id"], old["issue_id"]);
    assert_eq!(
        desk.page()["issue"]["reopened_by"],
        opened["issue_id"],
        "the old close-out is marked"
    );
    let figures = register.json(&["issues", "stats"]);
    let relapse = figures["ratios"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["id"] == "relapse_rate")
        .unwrap();
    assert_eq!(
        (&relapse["numerator"], &relapse["denominator"]),
        (&json!(1), &json!(1))
    );
    let _ = register.verified_head();
}

#[test]
fn nobody_accepts_own_work_and_nothing_is_accepted_without_evidence() {
    let register = Demonstration::shared().register();
    let desk = Desk::open(&register);
    let planned = desk.done(&told::plan(&desk.site));
    let plan = planned["entry_id"].as_str().unwrap();
    let own = Act {
        post: "office".into(),
        ..told::plan(&desk.site)
    };
    let redrafted = desk.done(&own);
    let stale = desk.act(&told::review(plan)).exits(1);
    assert!(
        stale.codes().contains(&"rectify.plan".to_owned()),
        "an older draft is not reviewed: {stale:?}"
    );
    let review = told::review(redrafted["entry_id"].as_str().unwrap());
    let by_author = Act {
        post: "office".into(),
        ..review.clone()
    };
    let refused = desk.act(&by_author).exits(1);
    assert!(
        refused.codes().contains(&"policy.own_work".to_owned()),
        "{refused:?}"
    );
    let _ = desk.done(&review);
    let after = desk.attach("整改后.txt");
    let page = desk.page();
    let work = told::work(&desk.site, &page, &after, &after);
    let _ = desk.done(&work[0]);
    let report = work.last().unwrap();
    let same_photo = desk.act(report).exits(1);
    assert!(
        same_photo
            .codes()
            .contains(&"rectify.same_viewpoint".to_owned()),
        "{same_photo:?}"
    );
    let before = desk.attach("整改前.txt");
    let work = told::work(&desk.site, &page, &before, &after);
    let _ = desk.done(work.last().unwrap());
    let unevidenced = desk
        .act(&told::acceptance(
            &desk.site.lead(),
            "self",
            "2019-09-12",
            &page,
        ))
        .exits(1);
    assert!(
        unevidenced
            .codes()
            .contains(&"rectify.lines_evidenced".to_owned()),
        "{unevidenced:?}"
    );
    let foreign = json!({ "line": "penalties", "statement": "已缴", "evidence": ["00"] });
    let foreign = desk
        .act(&Act {
            post: desk.site.head(),
            kind: "completion.evidenced",
            body: foreign,
            on: "2019-09-11",
        })
        .exits(1);
    assert!(
        foreign.codes().contains(&"issue.evidence".to_owned()),
        "{foreign:?}"
    );
    let skipped = desk.act(&told::closing(&page)[1]).exits(1);
    assert!(
        skipped
            .codes()
            .contains(&"issue.step_not_allowed".to_owned()),
        "{skipped:?}"
    );
    assert_eq!(desk.page()["state"], "awaiting_acceptance");
    let _ = register.verified_head();
}

/// Accounts for the posts of a story.
struct Cast {
    server: Server,
    people: BTreeMap<String, Person>,
}

impl Cast {
    fn of(register: &Register, site: &DecidedSite) -> Self {
        let server = Server::start(register);
        let posts = [
            ("zhanzhang", site.head()),
            ("baozhua", site.lead()),
            ("bangongshi", "office".to_owned()),
            ("juzhang", "bureau_leader".to_owned()),
            ("shiji", "city".to_owned()),
            ("shengji", "province".to_owned()),
            ("jiwei", "discipline".to_owned()),
            ("zeren", "responsible_unit@某旅游公司".to_owned()),
            ("bieren", "responsible_unit@别的公司".to_owned()),
        ];
        let people = posts.map(|(login, post)| {
            let person = Person::new(register, &server, login, &post);
            (post, person)
        });
        Self {
            server,
            people: people.into_iter().collect(),
        }
    }

    fn get(&self, post: &str, path: &str) -> e2e::Answer {
        self.people[post].get(&self.server, path)
    }

    fn post(&self, post: &str, path: &str, body: &Value) -> e2e::Answer {
        self.people[post].post(&self.server, path, body)
    }

    fn act(&self, issue: &str, act: &Act) -> e2e::Answer {
        let body = json!({ "kind": act.kind, "body": act.body, "on": act.on });
        self.post(&act.post, &format!("/api/v1/issues/{issue}/acts"), &body)
    }

    fn done(&self, issue: &str, act: &Act) -> Value {
        self.act(issue, act).status(200).json()
    }

    fn upload(&self, site: &DecidedSite, name: &str) -> String {
        let path = format!("/api/v1/sites/{}/evidence", site.code);
        let person = &self.people[&site.head()];
        let added = person.upload(
            &self.server,
            &path,
            name,
            format!("{name}的内容").as_bytes(),
        );
        added.status(200).json()["sha256"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    fn kinds(&self, post: &str) -> Vec<String> {
        let list = self.get(post, "/api/v1/worklist").status(200).json();
        let groups = list["groups"].as_array().unwrap().iter();
        groups
            .map(|g| g["kind"].as_str().unwrap().to_owned())
            .collect()
    }
}

#[test]
fn a_step_that_cannot_be_taken_leaves_no_file_behind() {
    let register = Demonstration::shared().register();
    let desk = Desk::open(&register);
    let path = register.path("进展照片.txt");
    std::fs::write(&path, "进展").unwrap();
    let path = path.to_string_lossy();
    let (before, _) = register.verified_head();
    let report = |set: &[&str]| {
        let mut args = vec![
            "--json",
            "issues",
            "act",
            &desk.issue,
            "progress.reported",
            "--file",
            &path,
        ];
        args.extend(set.iter().flat_map(|text| ["--set", text]));
        register.run_as(&desk.site.head(), &args)
    };
    // A member is lacking, and the step is not due yet.
    for (set, code) in [
        (&["text=已拆除"][..], "issue.body_lacks"),
        (
            &["text=已拆除", "to_on=2019-09-01"],
            "issue.step_not_allowed",
        ),
    ] {
        let refused = report(set).exits(1);
        assert!(refused.codes().contains(&code.to_owned()), "{refused:?}");
    }
    assert_eq!(register.verified_head().0, before);
}

#[test]
fn an_issue_goes_its_way_over_http_and_each_post_sees_what_waits_for_it() {
    let register = Demonstration::shared().register();
    let site = DecidedSite::of(&register);
    let cast = Cast::of(&register, &site);
    let address = format!("/api/v1/sites/{}/issues", site.code);
    let proposal = cast
        .get("office", &format!("{address}/proposal"))
        .status(200)
        .json();
    assert!(
        proposal["cases"].as_array().unwrap().len() == 5,
        "{proposal}"
    );
    assert!(cast.kinds("office").contains(&"open_issue".to_owned()));
    let asked = json!({
        "responsible_unit": "某旅游公司", "description": "未批先建观景台", "due_on": "2019-12-31",
        "on": "2019-08-20", "based_on": proposal["based_on"],
    });
    let opened = cast.post("office", &address, &asked).status(200).json();
    let issue = opened["issue_id"].as_str().unwrap();
    let page = |post: &str| {
        cast.get(post, &format!("/api/v1/issues/{issue}"))
            .status(200)
            .json()
    };
    assert_eq!(page("office")["state"], "characterized");
    assert!(cast.kinds(&site.head()).contains(&"draft_plan".to_owned()));

    let planned = cast.done(issue, &told::plan(&site));
    assert_eq!(planned["state"], "planning");
    assert!(
        cast.kinds("bureau_leader")
            .contains(&"review_plan".to_owned())
    );
    let twice = cast.done(issue, &told::plan(&site));
    assert_eq!(twice["state"], "planning");
    let plan = twice["entry_id"].as_str().unwrap();
    let trying = json!({ "kind": "plan.reviewed", "body": { "plan": plan, "result": "approved", "reviewed_on": "2019-08-22" } });
    let lacking = cast
        .post(
            "bureau_leader",
            &format!("/api/v1/issues/{issue}/acts?dry_run=true"),
            &trying,
        )
        .status(400)
        .json();
    assert_eq!(lacking["code"], "issue.step_refused", "{lacking}");
    let lacks: Vec<&str> = lacking["details"]["missing"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["code"].as_str().unwrap())
        .collect();
    assert_eq!(lacks, ["rectify.signatures", "rectify.document_number"]);
    let _ = cast.done(issue, &told::review(plan));

    // What was decided upon a version long past is a conflict, with both sides.
    let old = json!({ "kind": "rectification.started", "body": { "started_on": "2019-08-23" }, "based_on": 1 });
    let clash = cast
        .post(&site.head(), &format!("/api/v1/issues/{issue}/acts"), &old)
        .status(409)
        .json();
    assert_eq!(clash["code"], "site.moved_on");
    assert!(!clash["details"]["clashes"].as_array().unwrap().is_empty());

    let seen = page("office")["version"].clone();
    let (before, after) = (
        cast.upload(&site, "整改前.txt"),
        cast.upload(&site, "整改后.txt"),
    );
    // A file that came in meanwhile is no clash: it only adds.
    let amended = json!({ "kind": "issue.amended", "body": { "reason": "补责任人", "responsible_person": "项目经理" }, "based_on": seen });
    let acts = format!("/api/v1/issues/{issue}/acts");
    let amended = cast.post("office", &acts, &amended).status(200).json();
    assert_eq!(amended["is_new"], true);
    for act in told::work(&site, &page("office"), &before, &after) {
        let _ = cast.done(issue, &act);
    }
    // Progress had been evidenced by the station; the unit that answers may report too, nobody else's unit.
    let row = cast
        .get("responsible_unit@某旅游公司", "/api/v1/issues")
        .status(200)
        .json();
    assert_eq!(row["total"], 1);
    let others = cast
        .get("responsible_unit@别的公司", "/api/v1/issues")
        .status(200)
        .json();
    assert_eq!(others["total"], 0);
    let _ = cast
        .get(
            "responsible_unit@别的公司",
            &format!("/api/v1/issues/{issue}"),
        )
        .status(404);
    by_link(&cast, issue);
    let shot = cast.upload(&site, "公示截图.txt");
    for act in told::acceptances(&site, &page("office"), &shot) {
        let waits = cast.kinds(&act.post);
        assert!(!waits.is_empty(), "{} waits for nothing", act.post);
        let _ = cast.done(issue, &act);
    }
    assert_eq!(page("office")["state"], "in_public_notice");
    for act in told::closing(&page("office")) {
        let _ = cast.done(issue, &act);
    }
    let closed = page("office");
    assert_eq!(closed["state"], "closed_out");
    let steps: Vec<&str> = closed["strip"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|s| !s["reached_on"].is_null())
        .map(|s| s["state"].as_str().unwrap())
        .collect();
    assert_eq!(steps.len(), 9, "{steps:?}");
    let reached = |state: &str| {
        let strip = closed["strip"].as_array().unwrap().iter();
        let mut found = strip.filter(|s| s["state"] == state);
        found.next().unwrap()["reached_on"].clone()
    };
    // The self-check and the province's filing leave the issue where it is: they reach nothing.
    let days = ["awaiting_acceptance", "in_public_notice", "closed_out"].map(reached);
    assert_eq!(days, ["2019-09-10", "2019-09-25", "2019-10-16"]);
    let entries = cast
        .get("office", &format!("/api/v1/issues/{issue}/entries"))
        .status(200)
        .json();
    assert!(entries.as_array().unwrap().len() > 15);
    let list = cast
        .get("office", "/api/v1/issues?state=closed_out&sort=-opened_on")
        .status(200)
        .json();
    assert_eq!(list["items"][0]["issue_id"], issue);
    let stats = cast
        .get("office", "/api/v1/issues/statistics")
        .status(200)
        .json();
    let trees = stats["quantities"]
        .as_array()
        .unwrap()
        .iter()
        .find(|q| q["measure"] == "demolished_m2")
        .unwrap();
    assert_eq!(
        (&trees["planned"], &trees["done"]),
        (&json!(120.0), &json!(120.0))
    );
    for path in [
        "/api/v1/duties",
        "/api/v1/duties/file",
        "/api/v1/issues/statistics/file",
        "/api/v1/urging",
        "/api/v1/closing",
        "/feeds/deadlines.ics",
    ] {
        let _ = cast.get("office", path).status(200);
    }
}

/// A link made for the unit reaches its issue and nothing else, and may enter what the unit may.
fn by_link(cast: &Cast, issue: &str) {
    let day = cast.get("office", "/api/v1/worklist").json()["today"].clone();
    let asked = json!({ "unit": "某旅游公司", "holder": "项目经理", "expires_on": day });
    let refused = cast.post("discipline", "/api/v1/unit-links", &asked);
    assert_eq!(refused.status, 403);
    let link = cast
        .post("office", "/api/v1/unit-links", &asked)
        .status(200)
        .json();
    let bearer = format!("Bearer {}", link["secret"].as_str().unwrap());
    let send = |method: &str, path: &str, body: Option<&Value>| {
        let text = body.map(Value::to_string);
        let body = text.as_ref().map(|t| ("application/json", t.as_bytes()));
        cast.server
            .send(method, path, &[("Authorization", &bearer)], body)
    };
    let seen = send("GET", "/api/v1/issues", None).status(200).json();
    assert_eq!(seen["items"][0]["issue_id"], issue);
    assert_eq!(send("GET", "/api/v1/sites", None).json()["total"], 0);
    let page = send("GET", &format!("/api/v1/issues/{issue}"), None)
        .status(200)
        .json();
    let kinds: Vec<&str> = page["acts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["kind"].as_str().unwrap())
        .collect();
    assert!(kinds.contains(&"completion.evidenced"), "{kinds:?}");
    assert!(!kinds.contains(&"close_out.recorded"), "{kinds:?}");
    let close = json!({ "kind": "close_out.recorded", "body": {} });
    let acts = format!("/api/v1/issues/{issue}/acts");
    assert!(matches!(
        send("POST", &acts, Some(&close)).status,
        400 | 403
    ));
}

#[test]
fn letters_carry_the_right_dates_and_the_ladder_is_climbed_rung_by_rung() {
    let register = Demonstration::shared().register();
    let desk = Desk::open(&register);
    // Due on 2019-12-31 and never begun: every day of the ladder is past.
    let due = register
        .run_as("office", &["--json", "issues", "urging", "--all"])
        .success()
        .json();
    let item = &due["items"][0];
    assert_eq!(item["issue"]["issue_code"], desk.issue.as_str());
    assert_eq!(item["kind"], "phone");
    let urge = |post: &str, rung: &str| {
        desk.act(&Act {
            post: post.into(),
            kind: "urging.issued",
            body: json!({ "rung": rung, "issued_by": "岗位", "to_unit": "某旅游公司", "issued_on": "2020-01-02", "text": "催办" }),
            on: "2020-01-02",
        })
    };
    let _ = urge(&desk.site.head(), "phone").success();
    let _ = urge(&desk.site.lead(), "on_site").success();
    let page = desk.page();
    assert_eq!(page["next_rung"]["kind"], "letter", "{page}");
    // 2019-12-31, then three working days: 2 and 3 January, and the 6th after the weekend.
    assert_eq!(page["next_rung"]["becomes_due_on"], "2020-01-06");
    let path = register.path("督办函.html");
    let path = path.to_string_lossy();
    let args = [
        "--json",
        "issues",
        "letter",
        &desk.issue,
        "letter",
        "--out",
        &path,
    ];
    let written = register.run_as("office", &args);
    match written.code {
        Some(0) => {
            let letter = std::fs::read_to_string(&*path).unwrap();
            assert!(letter.contains("督办函") && letter.contains("2019年12月31日"));
            assert!(letter.contains("已逾期"), "{letter}");
        }
        // A letter of today is not dated by guess: its year has no calendar yet.
        _ => assert_eq!(written.codes(), ["calendar.no_year"]),
    }
    let _ = desk.act(&Act {
        post: "office".into(),
        kind: "urging.issued",
        body: json!({ "rung": "没有这一级", "issued_by": "办公室", "to_unit": "某旅游公司", "issued_on": "2020-01-06", "text": "" }),
        on: "2020-01-06",
    })
    .exits(1);
}

#[test]
fn a_site_with_an_open_issue_is_neither_merged_nor_withdrawn_and_a_visit_leaves_the_issue_where_it_is()
 {
    let register = Demonstration::shared().register();
    let desk = Desk::open(&register);
    let sites = register.json(&["sites", "--all"]);
    let sites = sites.as_array().unwrap().iter();
    let other = sites
        .map(|s| s["site_code"].as_str().unwrap())
        .find(|code| *code != desk.site.code)
        .unwrap();
    let (size, _) = register.verified_head();
    for args in [
        &["sites", "withdraw", &desk.site.code, "--reason", "误登记"][..],
        &[
            "sites",
            "merge",
            &desk.site.code,
            other,
            "--reason",
            "同一处",
        ],
    ] {
        let args = [&["--json"], args].concat();
        let refused = register.run_as("office", &args).exits(1);
        assert!(
            refused.codes().contains(&"merge.issue_open".to_owned()),
            "{}",
            refused.stderr
        );
    }
    assert_eq!(register.verified_head().0, size, "nothing was written");
    // The other way round the issue stays where it is, and the clues come to it.
    let merged = [
        "sites",
        "merge",
        other,
        &desk.site.code,
        "--reason",
        "同一处",
    ];
    let _ = register.run_as("office", &merged).success();
    assert_eq!(desk.page()["state"], "characterized");
    let dossier = register.json(&["sites", &desk.site.code]);
    let position = format!("{},{}", dossier["facts"]["lon"], dossier["facts"]["lat"]);
    let photos = ["再访远景.jpg", "再访近景.jpg"].map(|name| {
        let path = register.path(name);
        std::fs::write(&path, name).unwrap();
        path.to_string_lossy().into_owned()
    });
    let mut visit = vec![
        "verify",
        &desk.site.code,
        "--conclusion",
        "issue_violation",
        "--on",
        "2019-08-25",
    ];
    visit.extend([
        "--team",
        "站长,护林员",
        "--effect",
        "slight",
        "--position",
        &position,
    ]);
    visit.extend(photos.iter().flat_map(|photo| ["--evidence", photo]));
    let _ = register.run_as(&desk.site.head(), &visit).success();
    let page = desk.page();
    assert_eq!(page["state"], "characterized", "a visit moves no issue");
    assert_eq!(
        register.json(&["sites", &desk.site.code])["state"],
        "characterized"
    );
}

/// The script of the README, as a stranger runs it: from a judgement to the reopened false close-out.
#[test]
fn the_walkthrough_runs_as_one_script_of_commands() {
    let register = Demonstration::shared().register();
    let (before, _) = register.verified_head();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/python/walkthrough.py");
    let output = std::process::Command::new(e2e::python())
        .arg("-B")
        .arg(script)
        .arg(e2e::program("qingshan"))
        .arg(register.home())
        .env("PYTHONIOENCODING", "utf-8")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{complaint}");
    for step in [
        "已销号",
        "疑点：",
        "复发疑似：",
        "反弹",
        "原销号已标注",
        "核验无误",
    ] {
        assert!(told.contains(step), "{step}: {told}");
    }
    assert!(register.verified_head().0 > before + 40, "{told}");
}
