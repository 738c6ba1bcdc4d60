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

/// What an operation of the OpenAPI document asks for.
enum Asks {
    /// Nothing: open to anybody.
    Nothing,
    /// Being logged in; what it touches is one's own, or the words everybody needs.
    Login,
    /// An action of the matrix, at an address with `{site}`, `{clue}`, `{paper}` filled in, with a body that is refused
    /// after the rights were asked.
    Action(&'static str, &'static str, &'static str),
    /// As before, with a file.
    File(&'static str, &'static str),
}

use Asks::{Action, File, Login, Nothing};

const REASONLESS: &str = r#"{ "reason": "" }"#;

/// Every operation of the document; one that is not listed here fails the test.
#[rustfmt::skip]
const OPERATIONS: &[(&str, Asks)] = &[
    ("get /api/v1/access-log", Action("查看访问记录", "/api/v1/access-log", "")),
    ("get /api/v1/backgrounds", Action("查看台账、点位档案", "/api/v1/backgrounds", "")),
    ("get /api/v1/backgrounds/{code}/picture", Login),
    ("get /api/v1/backgrounds/{code}/tiles/{z}/{x}/{y}", Login),
    ("post /api/v1/backgrounds/{code}/withdrawals", Action("导入边界、功能区、责任区、巡护路线、底图图层", "/api/v1/backgrounds/roads/withdrawals", REASONLESS)),
    ("get /api/v1/blobs/{sha256}", Login),
    ("get /api/v1/blobs/{sha256}/thumbnail", Login),
    ("get /api/v1/checks", Action("运行检查", "/api/v1/checks", "")),
    ("get /api/v1/checks/file", Action("运行检查", "/api/v1/checks/file", "")),
    ("get /api/v1/clues", Action("查看线索", "/api/v1/clues?limit=1000", "")),
    ("post /api/v1/clues/matches", Action("线索归并", "/api/v1/clues/matches", r#"{ "dry_run": true }"#)),
    ("get /api/v1/clues/{clue}", Action("查看线索", "/api/v1/clues/{clue}", "")),
    ("get /api/v1/clues/{clue}/matches", Action("查看线索", "/api/v1/clues/{clue}/matches", "")),
    ("post /api/v1/clues/{clue}/link", Action("线索归并", "/api/v1/clues/{clue}/link", r#"{ "site_code": "{site}", "reason": "" }"#)),
    ("post /api/v1/clues/{clue}/screen", Action("线索归并", "/api/v1/clues/{clue}/screen", r#"{ "code": "duplicate", "reason": "" }"#)),
    ("post /api/v1/clues/{clue}/separate", Action("登记点位", "/api/v1/clues/{clue}/separate", REASONLESS)),
    ("post /api/v1/clues/{clue}/unlink", Action("撤销归并", "/api/v1/clues/{clue}/unlink", REASONLESS)),
    ("get /api/v1/config", Login),
    ("get /api/v1/convert", Login),
    ("get /api/v1/counts", Action("查看统计", "/api/v1/counts?by=station,state", "")),
    ("get /api/v1/dashboard", Action("查看统计", "/api/v1/dashboard", "")),
    ("post /api/v1/imports", File("导入实地核查表", "/api/v1/imports?kind=verifications")),
    ("get /api/v1/evidence/{sha256}/proof", Nothing),
    ("get /api/v1/field/balance", Login),
    ("patch /api/v1/field/blobs/{sha256}", Login),
    ("post /api/v1/field/contact", Login),
    ("get /api/v1/field/devices", Login),
    ("post /api/v1/field/devices", Action("登记本人手机", "/api/v1/field/devices", r#"{ "device_id": "01930000-0000-7000-8000-000000000001", "alg": "ES256", "public_key": "", "proof": "" }"#)),
    ("post /api/v1/field/devices/{device_id}/lock", Login),
    ("post /api/v1/field/devices/{device_id}/token", Login),
    ("get /api/v1/field/items", Action("处理待定送登件、导入救援文件", "/api/v1/field/items", "")),
    ("post /api/v1/field/items", Login),
    ("post /api/v1/field/items/{id}/decision", Login),
    ("get /api/v1/field/pack", Login),
    ("get /api/v1/field/pack/parts/{name}", Login),
    ("post /api/v1/field/rescue-files", Action("处理待定送登件、导入救援文件", "/api/v1/field/rescue-files", "{}")),
    ("get /api/v1/imports/{import_id}", Login),
    ("delete /api/v1/imports/{import_id}", Login),
    ("post /api/v1/imports/{import_id}/commit", Login),
    ("put /api/v1/imports/{import_id}/mapping", Login),
    ("get /api/v1/imports/{import_id}/marked", Login),
    ("get /api/v1/closing", Login),
    ("get /api/v1/duties", Action("查看台账、点位档案", "/api/v1/duties", "")),
    ("get /api/v1/duties/file", Action("导出台账", "/api/v1/duties/file", "")),
    ("get /api/v1/issues", Action("查看台账、点位档案", "/api/v1/issues", "")),
    ("get /api/v1/issues/statistics", Action("查看统计", "/api/v1/issues/statistics", "")),
    ("get /api/v1/issues/statistics/file", Action("查看统计", "/api/v1/issues/statistics/file", "")),
    ("get /api/v1/issues/{issue}", Action("查看台账、点位档案", "/api/v1/issues/{issue}", "")),
    ("post /api/v1/issues/{issue}/acts", Action("填报进展", "/api/v1/issues/{issue}/acts", r#"{ "kind": "progress.reported", "body": { "to_on": "2019-09-01", "text": "" } }"#)),
    ("get /api/v1/issues/{issue}/entries", Action("查看台账、点位档案", "/api/v1/issues/{issue}/entries", "")),
    ("get /api/v1/issues/{issue}/letters/{rung}", Action("催办、督办", "/api/v1/issues/{issue}/letters/phone?format=txt", "")),
    ("get /api/v1/judgements", Action("运行判定表", "/api/v1/judgements?limit=5", "")),
    ("get /api/v1/judgements/file", Action("运行判定表", "/api/v1/judgements/file", "")),
    ("get /api/v1/law/clauses", Login),
    ("get /api/v1/ledgers/{view}", Action("查看台账、点位档案", "/api/v1/ledgers/sites?limit=1000", "")),
    ("get /api/v1/ledgers/{view}/diff", Action("查看台账、点位档案", "/api/v1/ledgers/sites/diff?from=2019-08-10", "")),
    ("get /api/v1/ledgers/{view}/file", Action("导出台账", "/api/v1/ledgers/sites/file?format=csv", "")),
    ("get /api/v1/ledgers/{view}/groups", Action("查看台账、点位档案", "/api/v1/ledgers/sites/groups?by=township", "")),
    ("post /api/v1/ledgers/{view}/pastes", Action("补充、更正点位", "/api/v1/ledgers/sites/pastes", r#"{ "rows": [{ "site_code": "{site}", "field": "note", "value": "粘贴" }], "reason": "岗位试验", "dry_run": true }"#)),
    ("get /api/v1/lessons", Action("查看统计", "/api/v1/lessons", "")),
    ("post /api/v1/lessons", Action("登记漏洞与制度", "/api/v1/lessons", r#"{ "body": { "gap": "", "mechanism": "" } }"#)),
    ("get /api/v1/log/checkpoint", Nothing),
    ("get /api/v1/log/entries", Action("查看访问记录", "/api/v1/log/entries", "")),
    ("get /api/v1/log/proof", Nothing),
    ("post /api/v1/log/verifications", Action("查看访问记录", "/api/v1/log/verifications", "{}")),
    ("post /api/v1/look-backs", Action("安排回头看", "/api/v1/look-backs", r#"{ "seed": "", "issues": [], "planned_on": "2020-01-01", "level": "city" }"#)),
    ("get /api/v1/look-backs/draw", Action("安排回头看", "/api/v1/look-backs/draw?seed=a", "")),
    ("get /api/v1/map/layers", Login),
    ("get /api/v1/notices", Action("管理人员、岗位", "/api/v1/notices", "")),
    ("get /api/v1/notices/preview", Login),
    ("post /api/v1/notices/tests", Action("管理人员、岗位", "/api/v1/notices/tests", r#"{ "login": "" }"#)),
    ("get /api/v1/patrols", Action("查看台账、点位档案", "/api/v1/patrols", "")),
    ("post /api/v1/patrols", Action("登记巡护", "/api/v1/patrols", r#"{ "station": "{station}", "kind": "没有这一类", "started_at": "2019-08-16T01:00:00Z", "ended_at": "2019-08-16T05:00:00Z", "leader": "护林员", "head_count": 1, "conclusion": "normal", "summary": "无" }"#)),
    ("get /api/v1/patrols/coverage", Action("查看台账、点位档案", "/api/v1/patrols/coverage", "")),
    ("get /api/v1/patrols/coverage.geojson", Action("查看台账、点位档案", "/api/v1/patrols/coverage.geojson", "")),
    ("get /api/v1/patrols/file", Action("查看台账、点位档案", "/api/v1/patrols/file", "")),
    ("get /api/v1/patrols/plans/proposal", Action("查看台账、点位档案", "/api/v1/patrols/plans/proposal?station={station}&month=2019-08", "")),
    ("get /api/v1/patrols/plans/{station}/{month}", Action("查看台账、点位档案", "/api/v1/patrols/plans/{station}/2019-08", "")),
    ("put /api/v1/patrols/plans/{station}/{month}", Action("安排巡护", "/api/v1/patrols/plans/{station}/2019-08", r#"{ "based_on": 0, "rounds": [{ "kind": "没有这一类", "times": 1 }] }"#)),
    ("get /api/v1/patrols/statistics", Action("查看台账、点位档案", "/api/v1/patrols/statistics", "")),
    ("get /api/v1/patrols/statistics/file", Action("查看台账、点位档案", "/api/v1/patrols/statistics/file", "")),
    ("get /api/v1/patrols/{patrol_id}", Action("查看台账、点位档案", "/api/v1/patrols/not-an-id", "")),
    ("get /api/v1/patrols/{patrol_id}/track.gpx", Action("查看台账、点位档案", "/api/v1/patrols/not-an-id/track.gpx", "")),
    ("get /api/v1/patrols/{patrol_id}/track.geojson", Action("查看台账、点位档案", "/api/v1/patrols/not-an-id/track.geojson", "")),
    ("post /api/v1/patrols/{patrol_id}/reviews", Action("审核巡护", "/api/v1/patrols/not-an-id/reviews", r#"{ "of": "01900000-0000-7000-8000-000000000000", "result": "accepted" }"#)),
    ("post /api/v1/patrols/{patrol_id}/findings/{number}/clue", Action("登记巡护", "/api/v1/patrols/not-an-id/findings/1/clue", "{}")),
    ("put /api/v1/patrols/{patrol_id}/sheet", Action("登记巡护", "/api/v1/patrols/not-an-id/sheet", r#"{ "of": "01900000-0000-7000-8000-000000000000", "reason": "记错了", "sheet": { "station": "houhe", "kind": "没有这一类", "started_at": "2019-08-16T01:00:00Z", "ended_at": "2019-08-16T05:00:00Z", "leader": "护林员", "head_count": 1, "conclusion": "normal", "summary": "无" } }"#)),
    ("get /api/v1/people", Action("管理人员、岗位", "/api/v1/people", "")),
    ("post /api/v1/people", Action("管理人员、岗位", "/api/v1/people", r#"{ "login": "", "name": "" }"#)),
    ("patch /api/v1/people/{person_id}", Login),
    ("delete /api/v1/people/{person_id}/sessions", Login),
    ("get /api/v1/publicity", Action("查看统计", "/api/v1/publicity", "")),
    ("post /api/v1/publicity", Action("登记宣传、曝光", "/api/v1/publicity", r#"{ "body": { "publicity_kind": "report", "channel": "", "title": "", "published_on": "2019-09-01" } }"#)),
    ("get /api/v1/questions/file", Action("运行判定表", "/api/v1/questions/file?site={site}", "")),
    ("get /api/v1/rules/tables", Login),
    ("get /api/v1/rules/what-if", Action("运行判定表", "/api/v1/rules/what-if?on=2019-08-18,2026-08-18", "")),
    ("get /api/v1/session", Nothing),
    ("post /api/v1/session", Nothing),
    ("delete /api/v1/session", Nothing),
    ("post /api/v1/session/password", Login),
    ("post /api/v1/session/post", Login),
    ("put /api/v1/session/totp", Login),
    ("post /api/v1/session/totp", Login),
    ("delete /api/v1/session/totp", Login),
    ("get /api/v1/session/settings", Login),
    ("put /api/v1/session/settings", Login),
    ("get /api/v1/setup", Nothing),
    ("post /api/v1/setup", Nothing),
    ("get /api/v1/sites", Action("查看台账、点位档案", "/api/v1/sites?limit=1000", "")),
    ("get /api/v1/sites/{site_code}", Action("查看台账、点位档案", "/api/v1/sites/{site}", "")),
    ("post /api/v1/sites/{site_code}/amendments", Action("补充、更正点位", "/api/v1/sites/{site}/amendments", r#"{ "facts": {}, "reason": "" }"#)),
    ("post /api/v1/sites/{site_code}/characterizations", Action("性质判别", "/api/v1/sites/{site}/characterizations", r#"{ "verdict": "没有这个结论", "based_on": 0 }"#)),
    ("post /api/v1/sites/{site_code}/characterizations/confirmations", Action("复核改判、改定", "/api/v1/sites/{site}/characterizations/confirmations", r#"{ "of": "01900000-0000-7000-8000-000000000000", "confirm": true }"#)),
    ("post /api/v1/sites/{site_code}/characterizations/withdrawals", Action("性质判别", "/api/v1/sites/{site}/characterizations/withdrawals", REASONLESS)),
    ("get /api/v1/sites/{site_code}/diff", Action("查看台账、点位档案", "/api/v1/sites/{site}/diff?from=2019-08-10", "")),
    ("get /api/v1/sites/{site_code}/entries", Action("查看台账、点位档案", "/api/v1/sites/{site}/entries", "")),
    ("post /api/v1/sites/{site_code}/evidence", File("实地核查登记", "/api/v1/sites/{site}/evidence")),
    ("post /api/v1/sites/{site_code}/remarks", Action("批注、答复", "/api/v1/sites/{site}/remarks", r#"{ "kind": "note", "text": "" }"#)),
    ("post /api/v1/sites/{site_code}/focal-overrides", Action("改定焦点问题", "/api/v1/sites/{site}/focal-overrides", r#"{ "focal_category": null, "reason": "" }"#)),
    ("get /api/v1/sites/{site_code}/judgement", Action("运行判定表", "/api/v1/sites/{site}/judgement", "")),
    ("post /api/v1/sites/{site_code}/issues", Action("问题立账", "/api/v1/sites/{site}/issues", r#"{ "close_out_case": "没有这一情形" }"#)),
    ("get /api/v1/sites/{site_code}/issues/proposal", Action("问题立账", "/api/v1/sites/{site}/issues/proposal", "")),
    ("post /api/v1/sites/{site_code}/merges", Action("点位合并", "/api/v1/sites/{site}/merges", r#"{ "into": "{site}", "reason": "" }"#)),
    ("post /api/v1/sites/{site_code}/restorations", Action("点位撤销", "/api/v1/sites/{site}/restorations", REASONLESS)),
    ("post /api/v1/sites/{site_code}/verification-reviews", Action("审核核查记录", "/api/v1/sites/{site}/verification-reviews", r#"{ "verification": "01930000-0000-7000-8000-000000000001", "result": "没有这个结论" }"#)),
    ("post /api/v1/sites/{site_code}/verifications", Action("实地核查登记", "/api/v1/sites/{site}/verifications", r#"{ "verified_on": "2019-08-20", "team": [], "conclusion": "没有这个结论" }"#)),
    ("post /api/v1/sites/{site_code}/withdrawals", Action("点位撤销", "/api/v1/sites/{site}/withdrawals", REASONLESS)),
    ("get /api/v1/statistics", Action("查看统计", "/api/v1/statistics", "")),
    ("get /api/v1/statistics/file", Action("查看统计", "/api/v1/statistics/file", "")),
    ("get /api/v1/suspicions", Action("查看疑点、问责", "/api/v1/suspicions", "")),
    ("get /api/v1/suspicions/file", Action("查看疑点、问责", "/api/v1/suspicions/file", "")),
    ("get /api/v1/suspicions/runs", Action("查看疑点、问责", "/api/v1/suspicions/runs", "")),
    ("post /api/v1/suspicions/runs", Action("登记疑点", "/api/v1/suspicions/runs", r#"{ "dry_run": true }"#)),
    ("get /api/v1/suspicions/statistics", Action("查看疑点、问责", "/api/v1/suspicions/statistics", "")),
    ("get /api/v1/suspicions/statistics/file", Action("查看疑点、问责", "/api/v1/suspicions/statistics/file", "")),
    ("get /api/v1/suspicions/{entry_id}", Action("查看疑点、问责", "/api/v1/suspicions/not-an-id", "")),
    ("get /api/v1/tiles/{layer}", Action("查看台账、点位档案", "/api/v1/tiles/sites", "")),
    ("get /api/v1/tiles/{layer}/{z}/{x}/{y}", Action("查看台账、点位档案", "/api/v1/tiles/sites/8/203/100.mvt", "")),
    ("get /api/v1/tokens", Login),
    ("post /api/v1/tokens", Login),
    ("delete /api/v1/tokens/{token_id}", Login),
    ("post /api/v1/unit-links", Action("更正问题责任、要求", "/api/v1/unit-links", r#"{ "unit": "", "holder": "经办人", "expires_on": "2019-12-31" }"#)),
    ("get /api/v1/urging", Action("催办、督办", "/api/v1/urging", "")),
    ("get /api/v1/work-items", Login),
    ("get /api/v1/worklist", Action("查看台账、点位档案", "/api/v1/worklist", "")),
];

/// Every operation there is, from the committed document.
fn operations() -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas/openapi.json");
    let document: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let all = paths.iter().flat_map(|(path, operations)| {
        let methods = operations.as_object().unwrap().keys();
        let methods =
            methods.filter(|m| ["get", "post", "put", "patch", "delete"].contains(&m.as_str()));
        methods.map(move |method| format!("{method} {path}"))
    });
    all.collect()
}

/// An issue of an earlier campaign that goes on at a site of a station.
fn issue_of(cast: &Cast, station: &str) -> String {
    let office = &cast.people[3];
    let path = format!("/api/v1/sites?limit=1000&station={station}&source=lvdun_2017,lvdun_2018");
    let sites = office.get(&cast.server, &path).json();
    let asked = json!({ "responsible_unit": "某责任单位", "description": "历年未完成", "due_on": "2019-12-31" });
    let sites = sites["items"].as_array().unwrap().iter();
    let mut opened = sites.filter_map(|site| {
        let code = site["site_code"].as_str().unwrap();
        let answer = office.post(
            &cast.server,
            &format!("/api/v1/sites/{code}/issues"),
            &asked,
        );
        (answer.status == 200).then(|| answer.json()["issue_id"].as_str().unwrap().to_owned())
    });
    opened.next().unwrap()
}

/// A site of a station, and a clue that lies in its territory.
fn things_of(cast: &Cast, station: &str) -> (String, String) {
    let office = &cast.people[3];
    let first = |path: String, member: &str| {
        let found = office.get(&cast.server, &path).json();
        found["items"][0][member].as_str().unwrap().to_owned()
    };
    (
        first(
            format!("/api/v1/sites?limit=1&station={station}"),
            "site_code",
        ),
        first(
            format!("/api/v1/clues?limit=1&station={station}&source=remote_sensing"),
            "clue_id",
        ),
    )
}

#[test]
fn every_operation_of_the_document_asks_for_the_right_it_is_listed_with() {
    let listed: Vec<String> = OPERATIONS
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    let mut there = operations();
    let mut wanted = listed.clone();
    there.sort();
    wanted.sort();
    assert_eq!(there, wanted, "a new operation needs a line here");

    let cast = cast();
    let matrix = matrix();
    let things = [(true, "houhe"), (false, "taitong")].map(|(is_own, station)| {
        let issue = issue_of(&cast, station);
        (is_own, station, things_of(&cast, station), issue)
    });
    let mut asked = 0;
    let mut faults = Vec::new();
    for (name, asks) in OPERATIONS {
        let (action, path, body) = match asks {
            Action(action, path, body) => (*action, *path, Some(*body)),
            File(action, path) => (*action, *path, None),
            Nothing | Login => continue,
        };
        let method = name.split(' ').next().unwrap().to_uppercase();
        for (is_own, station, (site, clue), issue) in &things {
            let fill = |text: &str| {
                let text = text.replace("{site}", site).replace("{clue}", clue);
                let text = text.replace("{station}", station);
                text.replace("{issue}", issue)
            };
            let is_of_one = [Some(path), body]
                .iter()
                .flatten()
                .any(|t| t.contains('{') && fill(t) != **t);
            for (at, person) in cast.people.iter().enumerate() {
                let path = fill(path);
                let answer = match body {
                    None => person.upload(&cast.server, &path, "空.txt", b"\0"),
                    Some("") => person.get(&cast.server, &path),
                    Some(body) => {
                        let body: Value = serde_json::from_str(&fill(body)).unwrap();
                        person.send_json(&cast.server, &method, &path, &body)
                    }
                };
                let who = POSTS[at].1;
                let may = match matrix[action][at].as_str() {
                    "—" => false,
                    "本站/本片" => *is_own || !is_of_one,
                    // The issues are another unit's.
                    "本单位" => !is_of_one,
                    _ => true,
                };
                let is_refused = match answer.status {
                    403 | 404 => true,
                    // A paste answers cell by cell.
                    200 if path.ends_with("/pastes") => answer.json()["refused"] == 1,
                    _ => false,
                };
                if may == is_refused || answer.status >= 500 {
                    let said = answer.text();
                    faults.push(format!("{who} {name} {path}: {} {said}", answer.status));
                }
                asked += 1;
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(asked > 1_000, "{asked}");
    let anybody = |path: &str| cast.server.send("GET", path, &[], None).status;
    for (name, asks) in OPERATIONS {
        if let (Action(_, path, ""), true) = (asks, name.starts_with("get ")) {
            assert_eq!(anybody(path), 401, "{name} without a login");
        }
    }
}
