//! Every role at every address: the answers are those of the printed policy matrix, and never reach beyond its scopes.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use std::collections::BTreeMap;

use e2e::{Demonstration, Person, Register, Server};
use serde_json::{Value, json};

/// Post of each role, in the order of the printed columns.
const POSTS: [(&str, &str); 12] = [
    ("hulin", "ranger@houhe"),
    ("zhanzhang", "station_head@houhe"),
    ("baozhua", "area_lead@houhe"),
    ("bangongshi", "office"),
    ("juzhang", "bureau_leader"),
    ("jiwei", "discipline"),
    ("shiji", "city"),
    ("shengji", "province"),
    ("ducha", "inspector"),
    ("zeren", "responsible_unit"),
    ("gongzhong", "public"),
    ("guanli", "operator"),
];

/// Addresses with the action that the matrix names for them.
const READS: [(&str, &str); 21] = [
    ("/api/v1/sites?limit=1000", "查看台账、点位档案"),
    (
        "/api/v1/sites?limit=1000&as_of=2019-08-18",
        "查看台账、点位档案",
    ),
    (
        "/api/v1/sites?limit=1000&source=petition",
        "查看台账、点位档案",
    ),
    ("/api/v1/ledgers/sites?limit=1000", "查看台账、点位档案"),
    (
        "/api/v1/ledgers/focal?limit=1000&sort=due_on",
        "查看台账、点位档案",
    ),
    (
        "/api/v1/ledgers/verified/diff?from=2019-08-10",
        "查看台账、点位档案",
    ),
    ("/api/v1/ledgers/sites/file?format=csv", "导出台账"),
    (
        "/api/v1/ledgers/sites/file?format=geojson&as_of=2019-08-18",
        "导出台账",
    ),
    ("/api/v1/clues?limit=1000", "查看线索"),
    ("/api/v1/clues?limit=1000&source=petition", "查看线索"),
    ("/api/v1/statistics", "查看统计"),
    ("/api/v1/dashboard", "查看统计"),
    ("/api/v1/checks", "运行检查"),
    ("/api/v1/people", "管理人员、岗位"),
    ("/api/v1/access-log", "查看访问记录"),
    ("/api/v1/log/proof?entry=0", "验证存证日志"),
    (
        "/ogc/collections/sites/items?limit=10000",
        "查看台账、点位档案",
    ),
    ("/ogc/collections/clues/items?limit=10000", "查看线索"),
    ("/api/v1/tiles/sites/8/203/100.mvt", "查看台账、点位档案"),
    ("/api/v1/tiles/patches/14/13040/6460.mvt", "查看线索"),
    ("/feeds/changes.rss", "查看台账、点位档案"),
];

/// Action by role, as printed for those in charge.
fn matrix() -> BTreeMap<String, Vec<String>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/printed/policy.md");
    let page = std::fs::read_to_string(path).unwrap();
    let rows = page.lines().filter(|l| l.starts_with("| "));
    rows.map(|row| {
        let mut cells = row
            .trim_matches('|')
            .split('|')
            .map(|c| c.trim().to_owned());
        (cells.next().unwrap(), cells.collect())
    })
    .filter(|(_, cells): &(String, Vec<String>)| cells.len() == POSTS.len())
    .collect()
}

struct Cast {
    register: Register,
    server: Server,
    people: Vec<Person>,
}

fn cast() -> Cast {
    let register = Demonstration::shared().register();
    let server = Server::start(&register);
    let people = POSTS
        .iter()
        .map(|(login, post)| Person::new(&register, &server, login, post))
        .collect();
    Cast {
        register,
        server,
        people,
    }
}

#[test]
fn every_address_answers_every_role_as_the_matrix_says() {
    let cast = cast();
    let matrix = matrix();
    let office = &cast.people[3];
    let all = office.get(&cast.server, "/api/v1/sites?limit=1000").json();
    let others: Vec<&str> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|s| s["station_id"] != "houhe")
        .map(|s| s["site_code"].as_str().unwrap())
        .collect();
    assert!(others.len() > 50);
    let mut checked = 0;
    for (path, action) in READS {
        for (at, person) in cast.people.iter().enumerate() {
            let reach = matrix[action][at].as_str();
            let answer = person.get(&cast.server, path);
            let who = POSTS[at].1;
            if reach == "—" {
                let is_refused = matches!(answer.status, 403 | 404);
                assert!(is_refused, "{who} {path}: {}", answer.status);
                continue;
            }
            assert!(
                matches!(answer.status, 200 | 204),
                "{who} {path}: {}",
                answer.text()
            );
            if matches!(reach, "本站/本片" | "本单位") {
                let text = answer.text();
                let told = others.iter().find(|code| text.contains(**code));
                assert_eq!(told, None, "{who} {path}");
            }
            checked += 1;
        }
    }
    assert!(checked > 120, "{checked}");
}

#[test]
fn what_was_told_in_confidence_reaches_only_who_may_read_petitions() {
    let cast = cast();
    let matrix = matrix();
    let office = &cast.people[3];
    let petitions = office
        .get(&cast.server, "/api/v1/clues?limit=1000&source=petition")
        .json();
    let petitions = petitions["items"].as_array().unwrap();
    assert!(!petitions.is_empty());
    let secrets: Vec<String> = petitions
        .iter()
        .filter_map(|c| c["summary"].as_str().or(c["external_code"].as_str()))
        .filter(|t| t.chars().count() > 5)
        .map(str::to_owned)
        .collect();
    assert!(!secrets.is_empty());
    let linked: Vec<&str> = petitions
        .iter()
        .filter_map(|c| c["site_code"].as_str())
        .collect();
    assert!(!linked.is_empty());
    for (at, person) in cast.people.iter().enumerate() {
        let who = POSTS[at].1;
        let may = matrix["查看信访线索"][at] != "—";
        let clues = person.get(&cast.server, "/api/v1/clues?limit=1000&source=petition");
        if clues.status == 200 {
            let total = clues.json()["total"].as_u64().unwrap();
            assert_eq!(total > 0, may, "{who}");
        }
        if may {
            continue;
        }
        let mut pages = vec![
            "/api/v1/ledgers/sites?limit=1000".to_owned(),
            "/api/v1/ledgers/sites/file?format=csv".to_owned(),
            "/ogc/collections/sites/items?limit=10000".to_owned(),
            "/feeds/changes.rss".to_owned(),
        ];
        pages.extend(linked.iter().map(|code| format!("/api/v1/sites/{code}")));
        pages.extend(
            linked
                .iter()
                .map(|code| format!("/api/v1/sites/{code}/entries")),
        );
        for page in pages {
            let answer = person.get(&cast.server, &page);
            // A ledger's basis names all sources there are; its rows must not.
            let text = match page.contains("ledgers/sites?") && answer.status == 200 {
                true => answer.json()["rows"].to_string(),
                false => answer.text(),
            };
            for secret in &secrets {
                assert!(!text.contains(secret.as_str()), "{who} {page}: {secret}");
            }
            assert!(!text.contains("信访举报"), "{who} {page} names the source");
        }
    }
}

#[test]
fn writes_follow_the_matrix_too() {
    let cast = cast();
    let matrix = matrix();
    let office = &cast.people[3];
    let own = office
        .get(&cast.server, "/api/v1/sites?limit=1&station=houhe")
        .json()["items"][0]["site_code"]
        .as_str()
        .unwrap()
        .to_owned();
    let open = office
        .get(&cast.server, "/api/v1/clues?state=open&limit=1")
        .json();
    let clue = open["items"][0]["clue_id"].as_str().unwrap().to_owned();
    let amend = json!({ "facts": { "note": "岗位试验" }, "reason": "岗位试验" });
    let verify = json!({ "verified_on": "2019-08-20", "team": ["甲岗", "乙岗"], "conclusion": "no_issue_lawful" });
    let other = office
        .get(&cast.server, "/api/v1/sites?limit=2&station=houhe")
        .json()["items"][1]["site_code"]
        .clone();
    let based_on_nothing = json!({ "reason": "岗位试验", "based_on": 0 });
    let mut merge = based_on_nothing.clone();
    merge["into"] = other;
    let mut focal = based_on_nothing.clone();
    focal["focal_category"] = json!("quarry_sand");
    let writes: [(&str, String, Value); 8] = [
        ("点位合并", format!("/api/v1/sites/{own}/merges"), merge),
        (
            "点位撤销",
            format!("/api/v1/sites/{own}/withdrawals"),
            based_on_nothing,
        ),
        (
            "改定焦点问题",
            format!("/api/v1/sites/{own}/focal-overrides"),
            focal,
        ),
        (
            "补充、更正点位",
            format!("/api/v1/sites/{own}/amendments"),
            amend.clone(),
        ),
        (
            "实地核查登记",
            format!("/api/v1/sites/{own}/verifications"),
            verify,
        ),
        (
            "补充、更正点位",
            "/api/v1/ledgers/sites/pastes".to_owned(),
            json!({ "rows": [{ "site_code": own, "field": "note", "value": "粘贴" }], "reason": "岗位试验" }),
        ),
        (
            "撤销归并",
            format!("/api/v1/clues/{clue}/unlink"),
            json!({ "reason": "岗位试验" }),
        ),
        (
            "管理人员、岗位",
            "/api/v1/people".to_owned(),
            json!({ "login": "xinren", "name": "新人", "posts": [] }),
        ),
    ];
    for (action, path, body) in &writes {
        for (at, person) in cast.people.iter().enumerate() {
            let may = matrix[*action][at] != "—";
            let answer = person.post(&cast.server, path, body);
            let who = POSTS[at].1;
            let refused = match answer.status {
                403 | 404 => true,
                // A paste answers cell by cell.
                200 => answer.json()["refused"].as_u64().is_some_and(|n| n > 0),
                _ => false,
            };
            assert!(
                may || refused,
                "{who} {path}: {} {}",
                answer.status,
                answer.text()
            );
            // What is decided upon a version long past is a conflict, not a question of rights.
            let is_business = matches!(answer.status, 400 | 409) || path.contains("unlink");
            assert!(
                !may || !refused || is_business,
                "{who} {path}: {}",
                answer.text()
            );
        }
    }
    for (kind, action) in [
        ("patches", "导入遥感图斑"),
        ("petition", "导入信访清单"),
        ("verifications", "导入实地核查表"),
    ] {
        for (at, person) in cast.people.iter().enumerate() {
            let may = matrix[action][at] != "—";
            let path = format!("/api/v1/imports?kind={kind}");
            let answer = person.upload(&cast.server, &path, "a.csv", b"a,b\n1,2\n");
            let who = POSTS[at].1;
            assert_eq!(answer.status == 200, may, "{who} {kind}: {}", answer.text());
        }
    }
    let (size, _) = cast.register.verified_head();
    assert!(size > 0);
}
