//! What people say of a site, and what they take away of it: remarks, files of what is seen, marks, settings.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use e2e::{Demonstration, Person, Register, Server};
use serde_json::{Value, json};

fn served() -> (Register, Server) {
    let register = Demonstration::shared().register();
    let server = Server::start(&register);
    (register, server)
}

fn first_site(person: &Person, server: &Server) -> String {
    let list = person.get(server, "/api/v1/sites?station=houhe&limit=1");
    list.status(200).json()["items"][0]["site_code"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn remarks(person: &Person, server: &Server, site: &str) -> Vec<Value> {
    let page = person.get(server, &format!("/api/v1/sites/{site}"));
    page.status(200).json()["remarks"]
        .as_array()
        .unwrap()
        .clone()
}

#[test]
fn an_instruction_waits_until_it_is_answered() {
    let (register, server) = served();
    let leader = Person::new(&register, &server, "juzhang", "bureau_leader");
    let station = Person::new(&register, &server, "houhe", "station_head@houhe");
    let site = first_site(&station, &server);
    let address = format!("/api/v1/sites/{site}/remarks");
    let say = |who: &Person, body: Value| who.post(&server, &address, &body);

    let instruction = json!({ "kind": "instruction", "text": "限期复查，报来照片" });
    assert_eq!(
        say(&station, instruction.clone()).status(403).json()["code"],
        "policy.role_may_not"
    );
    let _ = say(&leader, instruction).status(200);
    let said = remarks(&station, &server, &site);
    assert_eq!(
        (&said[0]["label"], &said[0]["is_open"]),
        (&json!("批示"), &json!(true))
    );

    let to_nothing = json!({ "kind": "answer", "text": "已复查" });
    assert_eq!(
        say(&station, to_nothing).status(400).json()["code"],
        "remark.answers_nothing"
    );
    let answer = json!({ "kind": "answer", "text": "已复查", "of": said[0]["entry_id"] });
    let _ = say(&station, answer.clone()).status(200);
    let said = remarks(&leader, &server, &site);
    assert_eq!(
        (said.len(), &said[0]["is_open"], &said[1]["of"]),
        (2, &json!(false), &said[0]["entry_id"])
    );

    let mut to_an_answer = answer;
    to_an_answer["of"] = said[1]["entry_id"].clone();
    let _ = say(&station, to_an_answer).status(400);
    let before = register.verified_head().0;
    let _ = say(
        &leader,
        json!({ "kind": "note", "text": "短".repeat(2_001) }),
    )
    .status(400);
    assert_eq!(register.verified_head().0, before);
}

#[test]
fn a_file_holds_the_columns_that_are_seen() {
    let (register, server) = served();
    let office = Person::new(&register, &server, "bangongshi", "office");
    let file = |more: &str| {
        let address = format!("/api/v1/ledgers/sites/file?format=csv&station=houhe{more}");
        office.get(&server, &address)
    };
    assert!(file("").status(200).text().contains("备注"));
    let narrow = file("&hidden=note,township").status(200).text();
    assert!(!narrow.contains("备注") && narrow.contains("相关设施名称"));
    assert_eq!(
        file("&hidden=nothing").status(400).json()["code"],
        "query.hidden"
    );
}

#[test]
fn an_inspectors_file_says_who_took_it() {
    let (register, server) = served();
    let name = |person: &Person, format: &str| {
        let address = format!("/api/v1/ledgers/sites/file?format={format}");
        let file = person.get(&server, &address).status(200);
        file.header("content-disposition").unwrap().to_owned()
    };
    let marked = "%E7%9D%A3%E6%9F%A5%E4%B8%93%E7%94%A8"; // 督查专用
    let inspector = Person::new(&register, &server, "ducha", "inspector");
    let office = Person::new(&register, &server, "bangongshi", "office");
    for format in ["csv", "xlsx", "geojson"] {
        assert!(name(&inspector, format).contains(marked), "{format}");
        assert!(!name(&office, format).contains(marked), "{format}");
    }
    // A name is changed at once; the foot of every page says it too.
    let feet = |person: &Person| -> Vec<String> {
        let file = person.get(&server, "/api/v1/ledgers/sites/file?format=xlsx");
        let mut book = zip::ZipArchive::new(std::io::Cursor::new(file.status(200).body)).unwrap();
        let sheets: Vec<String> = book.file_names().map(|n| n.unwrap().into_owned()).collect();
        let sheets = sheets
            .iter()
            .filter(|n| n.starts_with("xl/worksheets/sheet"));
        let text = |name: &String| {
            let mut text = String::new();
            let mut part = book.by_name(name).unwrap();
            std::io::Read::read_to_string(&mut part, &mut text).unwrap();
            text
        };
        sheets.map(text).collect()
    };
    let mark = "仅供督查使用，不得外传";
    let (taken, own) = (feet(&inspector), feet(&office));
    assert!(!taken.is_empty() && taken.iter().all(|sheet| sheet.contains(mark)));
    assert!(own.iter().all(|sheet| !sheet.contains(mark)));
}

#[test]
fn settings_follow_the_account_and_have_a_limit() {
    let (register, server) = served();
    let office = Person::new(&register, &server, "bangongshi", "office");
    let address = "/api/v1/session/settings";
    assert_eq!(office.get(&server, address).status(200).json(), json!({}));
    let views = json!({ "views": [{ "name": "后河", "path": "/ledgers/sites", "query": {} }] });
    let _ = office
        .send_json(&server, "PUT", address, &views)
        .status(204);
    let elsewhere = Person::log_in(&server, "bangongshi", e2e::PASSWORD);
    assert_eq!(elsewhere.get(&server, address).status(200).json(), views);
    let station = Person::new(&register, &server, "houhe", "station_head@houhe");
    assert_eq!(station.get(&server, address).status(200).json(), json!({}));
    let large = json!({ "views": "长".repeat(30_000) });
    let refused = office
        .send_json(&server, "PUT", address, &large)
        .status(400);
    assert_eq!(refused.json()["code"], "settings.too_large");
}
