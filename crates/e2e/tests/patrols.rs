//! Patrols from the phone and at the desk: findings become clues at once, a month is planned, a patrol is reviewed.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use e2e::phone::{Item, Phone, picture, sha256, uuid};
use e2e::{Person, Scene};
use serde_json::{Value, json};

/// What a phone reports as a clue, with its photo.
fn finding(
    phone: &mut Phone,
    patrol: &str,
    name: &str,
    at: (f64, f64),
    photo: &[u8],
) -> (String, Item, Item) {
    let now = phone.enrolled_at.clone();
    let (clue, hash) = (uuid(name), sha256(photo));
    let stream = format!("clue_batch/{patrol}");
    let said = json!({
        "clue_id": clue, "batch_id": patrol, "source_kind": "patrol", "received_on": &now[..10],
        "place": { "file_name": format!("巡护 {patrol}") },
        "facts": { "summary": format!("人类活动：{name}"), "precision_m": 6,
                   "shape": { "type": "Point", "coordinates": [at.0, at.1] } },
    });
    let told = phone.record(&stream, "clue.received", &now, said, &[]);
    let shown = json!({
        "sha256": hash, "size_bytes": photo.len(), "file_name": "IMG_1.jpg", "media_type": "image/jpeg",
        "clue_id": clue, "capture": { "at": now, "lon": at.0, "lat": at.1, "accuracy_m": 6, "provider": "browser" },
    });
    let shown = phone.record(&stream, "evidence.recorded", &now, shown, &[&hash]);
    (clue, told, shown)
}

fn states(statuses: &[Value]) -> Vec<String> {
    let word = |s: &Value| format!("{} {}", s["state"].as_str().unwrap(), s["code"]);
    statuses.iter().map(word).collect()
}

#[test]
fn what_a_ranger_finds_is_a_clue_of_the_inbox_at_once() {
    let scene = Scene::new();
    let server = &scene.server;
    let ranger = scene.person("hulin", "ranger@houhe");
    let mut phone = Phone::enrol(server, &ranger, "hulin");
    let site = scene.site("houhe");
    let (lon, lat) = (site["lon"].as_f64().unwrap(), site["lat"].as_f64().unwrap());
    let patrol = uuid("a patrol");
    let photo = picture("a road", 40_000);
    let other = picture("a hut", 30_000);
    phone.upload(server, &photo, 64 << 10);
    phone.upload(server, &other, 64 << 10);
    let before = scene.register.verified_head();
    let (clue, told, shown) = finding(&mut phone, &patrol, "沟口新修便道", (lon, lat), &photo);
    let (second, told_2, shown_2) =
        finding(&mut phone, &patrol, "坡上新房", (lon + 0.004, lat), &other);
    let items = [&told, &shown, &told_2, &shown_2];
    let statuses = phone.submit(server, &items);
    assert_eq!(states(&statuses), vec!["recorded null"; 4], "{statuses:?}");
    // Sent again, nothing is added.
    let again = phone.submit(server, &items);
    assert_eq!(again[0]["receipt"], statuses[0]["receipt"]);
    let after = scene.register.verified_head();
    assert_ne!(before, after);

    let inbox = scene.read("/api/v1/clues?limit=1000&source=patrol");
    let ids: Vec<&str> = inbox["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["clue_id"].as_str().unwrap())
        .collect();
    assert!(ids.contains(&clue.as_str()) && ids.contains(&second.as_str()));
    let page = scene.read(&format!("/api/v1/clues/{clue}"));
    assert_eq!(page["files"][0]["sha256"], sha256(&photo));
    assert!(
        page["place"]["file_name"]
            .as_str()
            .unwrap()
            .contains(&patrol)
    );
    let blob = format!("/api/v1/blobs/{}", sha256(&photo));
    assert_eq!(scene.office.get(server, &blob).status(200).body, photo);
    // Whoever may not know of the clue does not get its photo either.
    let stranger = scene.person("ling", "ranger@taitong");
    assert_eq!(stranger.get(server, &blob).status, 404);

    // The batch is there once, and names what it is of.
    let (from, limit) = (before.0.to_string(), (after.0 - before.0).to_string());
    let log = scene
        .register
        .json(&["log", "show", "--from", &from, "--limit", &limit]);
    let text = log.to_string();
    let kinds = text.matches("clue_batch.imported").count();
    assert_eq!(kinds, 1, "{text}");
    let place = |kind: &str| text.find(kind).unwrap();
    assert!(
        place("clue_batch.imported") < place("clue.received"),
        "{text}"
    );

    // A phone says nothing of numbers and rulings, and nothing in another's batch.
    let mut thief = Phone::enrol(server, &stranger, "ling");
    let (_, stolen, _) = finding(&mut thief, &patrol, "别处", (lon, lat), &photo);
    let refused = thief.submit(server, &[&stolen]);
    assert_eq!(states(&refused), [r#"refused "field.facts""#]);
    let _ = scene.register.verified_head();
}

#[test]
fn a_finding_tells_of_its_clue_only_who_may_read_it() {
    let scene = Scene::new();
    let server = &scene.server;
    let mut phone = scene.phone("hulin", "ranger@houhe");
    // Numbered by the station in whose territory it was found to lie.
    let sites = scene.read("/api/v1/sites?limit=200&station=taitong");
    let mut sites = sites["items"].as_array().unwrap().iter();
    let in_it =
        |s: &&Value| s["site_code"].as_str().unwrap().contains("-TT-") && s["lon"].is_number();
    let site = sites.find(in_it).unwrap();
    let at = (site["lon"].as_f64().unwrap(), site["lat"].as_f64().unwrap());
    let (patrol, photo) = (uuid("beyond the border"), picture("a road", 9_000));
    phone.upload(server, &photo, 64 << 10);
    let (clue, told, shown) = finding(&mut phone, &patrol, "邻站新修便道", at, &photo);
    let now = phone.enrolled_at.clone();
    let body = json!({
        "patrol_id": patrol, "reserve_code": phone_reserve(&scene), "station_id": "houhe", "kind": "routine",
        "started_at": now, "ended_at": now, "leader": "护林员", "head_count": 2, "modes": ["foot"],
        "conclusion": "abnormal", "summary": "走到邻站", "basis": "phone",
        "findings": [{ "kind": "other", "at": now, "lon": at.0, "lat": at.1, "clue_id": clue }],
    });
    let stream = format!("patrol/{patrol}");
    let sheet = phone.record(&stream, "patrol.recorded", &now, body, &[]);
    let done = phone.submit(server, &[&told, &shown, &sheet]);
    assert_eq!(states(&done), vec!["recorded null"; 3], "{done:#?}");
    let path = format!("/api/v1/patrols/{patrol}");
    assert_eq!(scene.read(&path)["findings"][0]["clue_code"], clue.as_str());
    let head = scene.person("zhanzhang", "station_head@houhe");
    let own = head.get(server, &path).status(200).json();
    assert!(own["findings"][0]["clue_code"].is_null(), "{own:#?}");
    let clue = format!("/api/v1/clues/{clue}");
    assert_eq!(head.get(server, &clue).status, 404);
    let other = scene.person("ling", "station_head@taitong");
    let _ = other.get(server, &clue).status(200);
    assert_eq!(other.get(server, &path).status, 404);
}

#[test]
fn a_month_is_planned_upon_its_proposal_and_an_older_plan_is_refused() {
    let scene = Scene::new();
    let server = &scene.server;
    let proposal = scene.read("/api/v1/patrols/plans/proposal?station=houhe&month=2026-11");
    let rounds = proposal["rounds"].as_array().unwrap();
    let (unfinished, off) = (
        proposal["unfinished"].as_u64().unwrap(),
        proposal["off_route"].as_array().unwrap(),
    );
    let on_routes: usize = rounds
        .iter()
        .map(|r| r["key_points"].as_array().unwrap().len())
        .sum();
    let placeless = proposal["without_position"].as_array().unwrap().len();
    assert_eq!(on_routes + off.len() + placeless, unfinished as usize);
    for one in off {
        let far = one["distance_m"].as_f64();
        assert!(
            far.is_none_or(|m| m > proposal["off_route_m"].as_f64().unwrap()),
            "{one}"
        );
    }
    let path = "/api/v1/patrols/plans/houhe/2026-11";
    let none = scene.read(path);
    assert_eq!(
        (none["version"].as_u64(), none["planned"].as_u64()),
        (Some(0), Some(0))
    );
    let own = json!({ "kind": "inspection", "times": 2, "posts": ["护林员"],
        "key_points": [{ "name": "沟口", "lon": 106.5, "lat": 35.5, "reason": "custom" }] });
    let plan = |based_on: u64, times: u32| {
        let mut own = own.clone();
        own["times"] = times.into();
        json!({ "based_on": based_on, "rounds": [own], "note": "沟口便道每周看一次" })
    };
    let head = scene.person("zhanzhang", "station_head@houhe");
    let put = |who: &Person, body: &Value| who.send_json(server, "PUT", path, body);
    let done = put(&head, &plan(0, 2)).status(200).json();
    assert_eq!(done["version"], 1);
    let clash = put(&scene.office, &plan(0, 5)).status(409).json();
    assert_eq!(
        clash["details"]["clashes"][0]["current"][0]["times"], 2,
        "{clash}"
    );
    assert_eq!(clash["details"]["clashes"][0]["wanted"][0]["times"], 5);
    let _ = put(&scene.office, &plan(1, 5)).status(200);
    let now = scene.read(path);
    assert_eq!(
        (now["version"].as_u64(), now["planned"].as_u64()),
        (Some(2), Some(5))
    );
    assert_eq!(now["rounds"][0]["key_points"][0]["name"], "沟口");
    let ranger = scene.person("hulin", "ranger@houhe");
    assert_eq!(put(&ranger, &plan(2, 1)).status, 403);
    let unknown =
        json!({ "based_on": 2, "rounds": [{ "route_id": "没有", "kind": "routine", "times": 1 }] });
    let refused = put(&head, &unknown).status(400).json();
    assert_eq!(refused["code"], "patrol.plan_route");
}

#[test]
fn the_figures_of_a_month_hold_what_the_viewer_sees() {
    let scene = Scene::new();
    let server = &scene.server;
    let point = json!({ "name": "沟口", "lon": 106.5, "lat": 35.5, "reason": "custom" });
    let round = json!({ "kind": "inspection", "times": 3, "posts": [], "key_points": [point] });
    let plan = json!({ "based_on": 0, "rounds": [round] });
    for station in ["houhe", "taitong"] {
        let path = format!("/api/v1/patrols/plans/{station}/2026-11");
        let _ = scene
            .office
            .send_json(server, "PUT", &path, &plan)
            .status(200);
    }
    let path = "/api/v1/patrols/statistics?month=2026-11";
    let head = scene.person("zhanzhang", "station_head@houhe");
    let own = head.get(server, path).status(200).json();
    let own = own["rows"].as_array().unwrap();
    let stations: Vec<&Value> = own.iter().map(|r| &r["station_id"]).collect();
    assert_eq!(stations, [&Value::Null, &json!("houhe")]);
    for member in ["planned", "cells", "routes", "unfinished_sites"] {
        assert_eq!(own[0][member], own[1][member], "{member}");
    }
    assert_eq!(own[0]["planned"], 3);
    let all = scene.read(path);
    assert_eq!(all["rows"][0]["planned"], 6);
}

#[test]
fn a_patrol_of_a_phone_is_listed_reviewed_by_another_and_in_the_ledger() {
    let scene = Scene::new();
    let server = &scene.server;
    let ranger = scene.person("hulin", "ranger@houhe");
    let head = scene.person("zhanzhang", "station_head@houhe");
    let mut phone = Phone::enrol(server, &ranger, "hulin");
    let now = phone.enrolled_at.clone();
    let patrol = uuid("walked");
    let stream = format!("patrol/{patrol}");
    let body = json!({
        "patrol_id": patrol, "reserve_code": phone_reserve(&scene), "station_id": "houhe", "kind": "routine",
        "started_at": now, "ended_at": now, "leader": "护林员", "head_count": 2, "modes": ["foot"],
        "conclusion": "normal", "summary": "沟口一线", "basis": "phone",
        "content_items": [{ "number": 1, "text": "查看沟口便道" }],
    });
    let item = phone.record(&stream, "patrol.recorded", &now, body, &[]);
    let done = phone.submit(server, &[&item]);
    assert_eq!(states(&done), ["recorded null"]);
    let path = format!("/api/v1/patrols/{patrol}");
    let page = scene.read(&path);
    assert_eq!(page["unreviewed"], true);
    assert_eq!(
        page["row"]["plausibility"], "unjudged",
        "without a track nothing is judged"
    );
    let review = json!({ "of": page["sheet_entry"], "result": "accepted" });
    let reviews = format!("{path}/reviews");
    assert_eq!(
        ranger.post(server, &reviews, &review).status,
        403,
        "nobody reviews their own"
    );
    let without_reason = json!({ "of": page["sheet_entry"], "result": "returned" });
    assert_eq!(head.post(server, &reviews, &without_reason).status, 400);
    let _ = head.post(server, &reviews, &review).status(200);
    assert_eq!(scene.read(&path)["row"]["review"], "accepted");

    let csv = scene
        .office
        .get(server, "/api/v1/patrols/file?format=csv")
        .status(200)
        .text();
    let line = csv.lines().find(|l| l.contains("沟口一线")).unwrap();
    assert!(
        line.contains("查看沟口便道") && line.contains("已通过"),
        "{line}"
    );
    let xlsx = scene
        .office
        .get(server, "/api/v1/patrols/file")
        .status(200)
        .body;
    assert_eq!(&xlsx[..2], b"PK");
    let month = &page["row"]["on"].as_str().unwrap()[..7];
    let figures = scene.read(&format!("/api/v1/patrols/statistics?month={month}"));
    assert_eq!(
        (
            figures["rows"][0]["patrols"].as_u64(),
            figures["rows"][0]["person_times"].as_u64()
        ),
        (Some(1), Some(2))
    );
    let table = format!("/api/v1/patrols/statistics/file?format=csv&month={month}");
    let table = scene.office.get(server, &table).status(200).text();
    assert!(table.lines().count() > 2, "{table}");
}

fn phone_reserve(scene: &Scene) -> String {
    let session = scene.read("/api/v1/session");
    session["reserve"]["code"].as_str().unwrap().to_owned()
}

#[test]
fn a_patrol_is_entered_at_the_desk_corrected_and_its_finding_becomes_a_clue() {
    let scene = Scene::new();
    let server = &scene.server;
    let ranger = scene.person("hulin", "ranger@houhe");
    let head = scene.person("zhanzhang", "station_head@houhe");
    let far = scene.person("linzhan", "ranger@taitong");
    let site = scene.site("houhe");
    let sheet = json!({
        "station": "houhe", "kind": "routine", "started_at": "2019-08-16T01:00:00Z", "ended_at": "2019-08-16T05:00:00Z",
        "leader": "后河保护站护林员", "members": ["护林员"], "head_count": 2, "modes": ["foot"], "weather": "晴",
        "conclusion": "abnormal", "summary": "沟口有人采挖",
        "findings": [
            { "kind": "human_activity", "at": "2019-08-16T02:00:00Z", "lon": site["lon"], "lat": site["lat"], "note": "沟口采挖", "is_clue": true },
            { "kind": "grazing", "at": "2019-08-16T03:00:00Z", "note": "羊群" },
        ],
    });
    let early = json!({ "ended_at": "2019-08-15T05:00:00Z" });
    let mut wrong = sheet.clone();
    wrong["ended_at"] = early["ended_at"].clone();
    let refused = ranger.post(server, "/api/v1/patrols", &wrong).status(400);
    assert_eq!(refused.json()["code"], "patrol.ends_before");
    assert_eq!(far.post(server, "/api/v1/patrols", &sheet).status, 403);

    let before = scene.read("/api/v1/clues?limit=1000&source=patrol");
    let done = ranger
        .post(server, "/api/v1/patrols", &sheet)
        .status(200)
        .json();
    assert_eq!(done["clues"].as_array().unwrap().len(), 1);
    let path = format!("/api/v1/patrols/{}", done["patrol_id"].as_str().unwrap());
    let page = scene.read(&path);
    assert_eq!(page["findings"][0]["clue_code"], done["clues"][0]);
    assert!(page["findings"][1]["clue_code"].is_null());

    // A review is of what the sheet says; that a finding becomes a clue does not undo it, a correction does.
    let review = json!({ "of": page["sheet_entry"], "result": "accepted" });
    let _ = head
        .post(server, &format!("{path}/reviews"), &review)
        .status(200);
    let clue = format!("{path}/findings/2/clue");
    let _ = head.post(server, &clue, &json!({})).status(200);
    let page = scene.read(&path);
    assert!(page["findings"][1]["clue_code"].is_string());
    assert_eq!(page["row"]["clues"], 2);
    assert_eq!(page["row"]["review"], "accepted");
    let twice = head.post(server, &clue, &json!({})).status(400).json();
    assert_eq!(twice["code"], "patrol.is_clue");

    let mut corrected = sheet.clone();
    corrected["summary"] = json!("沟口有人采挖，已劝离");
    corrected["findings"] = json!([]);
    let sheet_path = format!("{path}/sheet");
    let of_old =
        json!({ "of": done["receipt"]["entry_id"], "reason": "补记处置", "sheet": corrected });
    let stale = ranger
        .send_json(server, "PUT", &sheet_path, &of_old)
        .status(400)
        .json();
    assert_eq!(stale["code"], "patrol.sheet_moved_on");
    let correction = json!({ "of": page["sheet_entry"], "reason": "补记处置", "sheet": corrected });
    let _ = ranger
        .send_json(server, "PUT", &sheet_path, &correction)
        .status(200);
    let page = scene.read(&path);
    assert_eq!(page["row"]["summary"], "沟口有人采挖，已劝离");
    assert_eq!(page["findings"].as_array().unwrap().len(), 2);
    assert!(page["row"]["review"].is_null());
    let inbox = scene.read("/api/v1/clues?limit=1000&source=patrol");
    assert_eq!(
        inbox["total"].as_u64(),
        before["total"].as_u64().map(|n| n + 2)
    );
    let _ = scene.register.verified_head();
}
