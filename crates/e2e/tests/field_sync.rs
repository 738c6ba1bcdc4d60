//! Phones and the register: what is recorded without a network arrives whole, once, signed, and is answered with a receipt.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use std::collections::BTreeSet;

use e2e::phone::{Item, Phone, canonical, picture, root_by_proof, sha256};
use e2e::{Person, Scene, Server};
use serde_json::{Value, json};

fn stream_of(task: &Value) -> String {
    format!("site/{}", task["site_id"].as_str().unwrap())
}

fn evidence(phone: &mut Phone, task: &Value, view: &str, file: &[u8]) -> Item {
    let at = phone.enrolled_at.clone();
    let hash = sha256(file);
    let body = json!({
        "sha256": hash, "size_bytes": file.len(), "file_name": format!("{view}.jpg"), "media_type": "image/jpeg",
        "view": view,
        "capture": { "at": at, "lon": task["lon"], "lat": task["lat"], "accuracy_m": 6, "provider": "browser" },
    });
    phone.record(&stream_of(task), "evidence.recorded", &at, body, &[&hash])
}

fn verification(phone: &mut Phone, task: &Value, condition: &str, files: &[&[u8]]) -> Item {
    verified_with(phone, task, condition, files, json!({}))
}

/// A verification that found facts of the site: an outline drawn on the spot.
fn verified_with(
    phone: &mut Phone,
    task: &Value,
    condition: &str,
    files: &[&[u8]],
    facts: Value,
) -> Item {
    let at = phone.enrolled_at.clone();
    let hashes: Vec<String> = files.iter().map(|f| sha256(f)).collect();
    let shots = ["far", "near"].iter().zip(&hashes);
    let shots: Vec<Value> = shots
        .map(|(view, hash)| json!({ "view": view, "sha256": hash }))
        .collect();
    let body = json!({
        "round": "first", "method": "field", "verified_on": at[..10], "verified_at": at,
        "team": [{ "post": "护林员甲" }, { "post": "护林员乙" }],
        "lon": task["lon"], "lat": task["lat"], "condition_text": condition, "conclusion": "issue_violation",
        "evidence": hashes, "shots": shots, "facts": facts, "basis": { "from": "person", "reason": "现场核查" },
        "capture": { "at": at, "lon": task["lon"], "lat": task["lat"], "accuracy_m": 6, "provider": "browser" },
        "field": { "app_version": "0.6.0", "was_offline": true },
    });
    let hashes: Vec<&str> = hashes.iter().map(String::as_str).collect();
    phone.record(
        &stream_of(task),
        "verification.recorded",
        &at,
        body,
        &hashes,
    )
}

/// A square around a place, and about how many square metres it has.
fn square(at: &Value, side_deg: f64) -> (Value, f64) {
    let (lon, lat) = (at["lon"].as_f64().unwrap(), at["lat"].as_f64().unwrap());
    let rounded = |degrees: f64| (degrees * 1e5).round() / 1e5;
    let (west, south) = (rounded(lon - side_deg / 2.0), rounded(lat - side_deg / 2.0));
    let (east, north) = (rounded(west + side_deg), rounded(south + side_deg));
    let ring = [
        [west, south],
        [east, south],
        [east, north],
        [west, north],
        [west, south],
    ];
    let metres = 111_320.0 * (east - west) * lat.to_radians().cos() * 110_950.0 * (north - south);
    (json!({ "type": "Polygon", "coordinates": [ring] }), metres)
}

fn area_of(dossier: &Value) -> f64 {
    let facts = dossier["facts"].as_array().unwrap();
    let area = facts.iter().find(|f| f["field"] == "area_m2");
    area.and_then(|f| f["value"].as_f64()).unwrap_or_default()
}

fn states(statuses: &[Value]) -> Vec<&str> {
    statuses
        .iter()
        .map(|s| s["state"].as_str().unwrap())
        .collect()
}

fn codes(statuses: &[Value]) -> Vec<&str> {
    statuses
        .iter()
        .map(|s| s["code"].as_str().unwrap_or(""))
        .collect()
}

/// SHA-256 of what the phone signed.
fn signed_sha256(item: &Item) -> String {
    let mut entry: Value = serde_json::from_str(&item.bytes).unwrap();
    entry["stamp"]
        .as_object_mut()
        .unwrap()
        .shift_remove("signature");
    sha256(canonical(&entry).as_bytes())
}

#[test]
fn a_verification_made_offline_stands_in_the_dossier_and_its_receipt_is_true() {
    let scene = Scene::new();
    let server = &scene.server;
    let mut phone = scene.phone("hulin", "ranger@houhe");
    let task = scene.a_task(&phone);
    let (far, near) = (picture("far", 5_000), picture("near", 3_000));
    let items = [
        evidence(&mut phone, &task, "far", &far),
        evidence(&mut phone, &task, "near", &near),
        verification(&mut phone, &task, "采坑一处，设备已撤", &[&far, &near]),
    ];
    let all: Vec<&Item> = items.iter().collect();

    let hello = phone.contact(server, &[]).status(200).json();
    assert_eq!(hello["me"]["station_ids"], json!(["houhe"]));

    // The entries come before their files: all wait, and each says for how many.
    let told = phone.submit(server, &all);
    assert_eq!(states(&told), ["held", "held", "held"]);
    assert_eq!(codes(&told), ["field.awaits_blobs"; 3]);
    assert_eq!(told[2]["waits"]["need"], 2);

    // The first file in pieces, one of them twice, one damaged on its way.
    let hash = sha256(&far);
    assert_eq!(phone.standing(server, &hash), None);
    assert_eq!(phone.send_piece(server, &far, 0, 2_000).status, 204);
    let again = phone.send_piece(server, &far, 0, 2_000);
    assert_eq!(
        (again.status, again.header("upload-offset")),
        (409, Some("2000"))
    );
    let wrong = Some("sha-256=:AAAA:");
    let damaged = phone.send_bytes(server, &hash, far.len(), 2_000, &far[2_000..2_500], wrong);
    assert_eq!(damaged.status(400).json()["code"], "field.chunk_damaged");
    assert_eq!(phone.standing(server, &hash), Some((2_000, 5_000)));
    phone.upload(server, &far, 1_500);
    assert_eq!(phone.standing(server, &hash), Some((5_000, 5_000)));
    let told = phone.ask(server, &all);
    assert_eq!(states(&told), ["recorded", "held", "held"]);
    assert_eq!(told[2]["waits"]["have"], 1);
    phone.upload(server, &near, 1 << 20);

    // The register recorded the rest by itself.
    let told = phone.ask(server, &all);
    assert_eq!(states(&told), ["recorded"; 3], "{told:#?}");
    for (item, status) in all.iter().zip(&told) {
        let receipt = &status["receipt"];
        assert_eq!(receipt["id"], item.id.as_str());
        assert_eq!(receipt["entry_sha256"], signed_sha256(item).as_str());
        let note = receipt["note"].as_str().unwrap();
        assert!(
            note.starts_with("qingshan-receipt/v1 ") && note.contains(&item.id),
            "{note}"
        );
        let proof = format!("/api/v1/log/proof?entry={}", receipt["seq"]);
        let proof = server.send("GET", &proof, &[], None).status(200).json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let path: Vec<String> = proof["proof"]
            .as_array()
            .unwrap()
            .iter()
            .map(text)
            .collect();
        let place = (
            receipt["seq"].as_u64().unwrap(),
            proof["size"].as_u64().unwrap(),
        );
        let root = root_by_proof(&text(&receipt["leaf_hash"]), place, &path);
        assert_eq!(root.as_deref(), proof["root_hash"].as_str());
    }
    assert_eq!(
        phone.submit(server, &all),
        told,
        "the same again is answered the same"
    );

    let dossier = scene.dossier(task["site_code"].as_str().unwrap());
    let found = dossier["verifications"].as_array().unwrap().last().unwrap();
    assert_eq!(found["condition_text"], "采坑一处，设备已撤");
    assert_eq!(found["entry_id"], items[2].id.as_str());
    assert_eq!(dossier["state"], "verified_with_issue");
    for file in [&far, &near] {
        let path = format!("/api/v1/blobs/{}", sha256(file));
        assert_eq!(scene.office.get(server, &path).status(200).body, *file);
    }
    let Scene {
        register, server, ..
    } = scene;
    server.stop();
    let _ = register.run(&["log", "verify"]).success();
    let _ = register
        .run_as("operator", &["register", "rebuild"])
        .success();
    let _ = register.run(&["log", "verify"]).success();
}

#[test]
fn the_area_of_a_site_follows_the_outline_that_a_phone_drew() {
    let scene = Scene::new();
    let server = &scene.server;
    let mut phone = scene.phone("hulin", "ranger@houhe");
    let task = scene.a_task(&phone);
    let (far, near) = (picture("far", 900), picture("near", 800));
    phone.upload(server, &far, 1 << 20);
    phone.upload(server, &near, 1 << 20);
    let (shape, area_m2) = square(&task, 0.0006);
    let items = [
        evidence(&mut phone, &task, "far", &far),
        evidence(&mut phone, &task, "near", &near),
        verified_with(
            &mut phone,
            &task,
            "沿边描了一圈",
            &[&far, &near],
            json!({ "shape": shape }),
        ),
    ];
    let code = task["site_code"].as_str().unwrap();
    let before = area_of(&scene.dossier(code));
    assert!(
        (before - area_m2).abs() > area_m2 * 0.02,
        "another area before: {before}"
    );
    let told = phone.submit(server, &items.iter().collect::<Vec<_>>());
    assert_eq!(states(&told), ["recorded"; 3], "{told:#?}");
    let after = area_of(&scene.dossier(code));
    assert!(
        (after - area_m2).abs() < area_m2 * 0.01,
        "{after} for {area_m2}"
    );
}

#[test]
fn an_outline_in_another_territory_waits_for_who_decides_there_too() {
    let scene = Scene::new();
    let server = &scene.server;
    let mut phone = scene.phone("hulin", "ranger@houhe");
    let task = scene.a_task(&phone);
    let (far, near) = (picture("far", 900), picture("near", 800));
    phone.upload(server, &far, 1 << 20);
    phone.upload(server, &near, 1 << 20);
    let (shape, area_m2) = square(&scene.site("taitong"), 0.0006);
    let items = [
        evidence(&mut phone, &task, "far", &far),
        evidence(&mut phone, &task, "near", &near),
        verified_with(
            &mut phone,
            &task,
            "描到了沟外",
            &[&far, &near],
            json!({ "shape": shape }),
        ),
    ];
    let told = phone.submit(server, &items.iter().collect::<Vec<_>>());
    assert_eq!(codes(&told), ["", "", "field.other_station"], "{told:#?}");
    let head = scene.person("zhanzhang", "station_head@houhe");
    let path = format!("/api/v1/field/items/{}/decision", items[2].id);
    let record = json!({ "choice": "record", "reason": "与本人核对无误" });
    assert_eq!(head.post(server, &path, &record).status, 403);
    let decided = scene.office.post(server, &path, &record).status(200).json();
    assert_eq!(decided["state"], "recorded", "{decided:#?}");
    let after = area_of(&scene.dossier(task["site_code"].as_str().unwrap()));
    assert!(
        (after - area_m2).abs() < area_m2 * 0.01,
        "{after} for {area_m2}"
    );
}

#[test]
fn a_question_to_the_field_desk_has_its_bounds() {
    let scene = Scene::new();
    let ask = |path: &str| scene.office.get(&scene.server, path).status(400).json();
    for days in [
        "from=2020-01-01&to=2026-01-01",
        "from=2026-01-02&to=2026-01-01",
    ] {
        let refused = ask(&format!("/api/v1/field/balance?{days}"));
        assert_eq!(refused["code"], "field.period", "{days}");
    }
    let long = "x".repeat(65);
    for asked in ["state=held,lost".to_owned(), format!("device={long}")] {
        let refused = ask(&format!("/api/v1/field/items?{asked}"));
        assert_eq!(refused["code"], "field.query", "{asked}");
    }
    let _ = scene.read("/api/v1/field/balance?from=2026-01-01&to=2026-12-31");
    let _ = scene.read("/api/v1/field/items?state=held,%20refused&limit=5");
}

#[test]
fn what_was_not_signed_by_this_phone_or_says_otherwise_than_signed_is_refused() {
    let scene = Scene::new();
    let server = &scene.server;
    let mut phone = scene.phone("hulin", "ranger@houhe");
    let task = scene.a_task(&phone);
    let file = picture("one", 900);
    phone.upload(server, &file, 1 << 20);
    let good = evidence(&mut phone, &task, "far", &file);
    let with_bytes = |bytes: String| Item {
        bytes,
        ..good.clone()
    };

    let changed = with_bytes(good.bytes.replace("far.jpg", "fat.jpg"));
    assert_eq!(
        codes(&phone.submit(server, &[&changed])),
        ["field.bad_stamp"]
    );

    let other = evidence(&mut phone, &task, "near", &file);
    let entry: Value = serde_json::from_str(&other.bytes).unwrap();
    let mut padded = entry.clone();
    padded["body"]["unknown_member"] = "kept nowhere".into();
    padded["stamp"]
        .as_object_mut()
        .unwrap()
        .shift_remove("signature");
    let padded = Item {
        bytes: phone.stamped(padded),
        ..other
    };
    assert_eq!(
        codes(&phone.submit(server, &[&padded])),
        ["field.unfaithful"]
    );

    let at = phone.enrolled_at.clone();
    let stranger = phone.record(&stream_of(&task), "site.merged", &at, json!({}), &[]);
    assert_eq!(codes(&phone.submit(server, &[&stranger])), ["field.kind"]);

    let mut cloned = Phone::unknown("another phone");
    cloned.me = phone.me.clone();
    cloned.enrolled_at = phone.enrolled_at.clone();
    let forged = evidence(&mut cloned, &task, "far", &file);
    assert_eq!(
        codes(&phone.submit(server, &[&forged])),
        ["field.device_unknown"]
    );

    // What was refused stays refused under its id; nothing of it came near the log.
    let whole = evidence(&mut phone, &task, "east", &file);
    let told = phone.submit(server, &[&changed, &whole]);
    assert_eq!(states(&told), ["refused", "recorded"]);
    let unread = phone.post(
        server,
        "/api/v1/field/items",
        &json!({ "items": [{ "bytes": "{" }] }),
    );
    assert_eq!(unread.status(400).json()["code"], "field.unreadable");
}

#[test]
fn a_pack_holds_ones_own_territory_and_nothing_of_another() {
    let scene = Scene::new();
    let server = &scene.server;
    let phone = scene.phone("hulin", "ranger@houhe");
    let manifest = phone.get(server, "/api/v1/field/pack").status(200);
    let etag = manifest.header("etag").unwrap().to_owned();
    let again = phone.send(
        server,
        "GET",
        "/api/v1/field/pack",
        &[("If-None-Match", &etag)],
        None,
    );
    assert_eq!(again.status, 304);
    let all = scene.office.get(server, "/api/v1/sites?limit=1000").json();
    let all = all["items"].as_array().unwrap();
    let of = |is_own: bool| -> BTreeSet<&str> {
        let sites = all
            .iter()
            .filter(|s| (s["station_id"] == "houhe") == is_own);
        sites.map(|s| s["site_code"].as_str().unwrap()).collect()
    };
    let (own, others) = (of(true), of(false));
    assert!(others.len() > 50 && !own.is_empty());
    let sites = scene.part(&phone, "sites");
    let carried: BTreeSet<&str> = sites["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["site_code"].as_str().unwrap())
        .collect();
    assert_eq!(carried, own);
    let manifest = manifest.json();
    for note in manifest["parts"].as_array().unwrap() {
        let name = note["name"].as_str().unwrap();
        let text = scene.part(&phone, name).to_string();
        let told = others.iter().find(|code| text.contains(**code));
        assert_eq!(told, None, "{name}");
    }
    let sheets = scene.part(&phone, "sheets");
    assert_eq!(sheets["items"].as_array().unwrap().len(), own.len());
    let rules = scene.part(&phone, "rules");
    assert!(rules["files"]["filling.toml"].is_string());
    assert_eq!(rules["ruleset_sha256"], manifest["rules"]["ruleset_sha256"]);

    // A fetch that stopped goes on where it was.
    let note = manifest["parts"]
        .as_array()
        .unwrap()
        .iter()
        .find(|p| p["name"] == "zones")
        .unwrap();
    let hash = note["sha256"].as_str().unwrap();
    let path = format!("/api/v1/field/pack/parts/zones?v={hash}");
    let whole = phone.get(server, &path).status(200).body;
    let quoted = format!("\"{hash}\"");
    let headers = [("Range", "bytes=100-"), ("If-Range", quoted.as_str())];
    let rest = phone.send(server, "GET", &path, &headers, None);
    assert_eq!((rest.status, rest.body), (206, whole[100..].to_vec()));
    let other = phone.get(
        server,
        &format!("/api/v1/field/pack/parts/zones?v={}", "0".repeat(64)),
    );
    assert_eq!(other.status(410).json()["code"], "field.pack_moved_on");
}

#[test]
fn a_locked_phone_may_do_nothing_and_what_it_claims_after_its_loss_waits() {
    let scene = Scene::new();
    let server = &scene.server;
    let mut phone = scene.phone("hulin", "ranger@houhe");
    let task = scene.a_task(&phone);
    let file = picture("late", 900);
    phone.upload(server, &file, 1 << 20);
    let late = evidence(&mut phone, &task, "far", &file);
    let other = scene.phone("hulin2", "ranger@taitong");
    let path = format!("/api/v1/field/devices/{}/lock", phone.device_id);
    let lost = json!({ "reason": "lost", "since": "2019-08-01T00:00:00Z" });
    let stranger = Person::new(
        &scene.register,
        server,
        "zhanzhang2",
        "station_head@taitong",
    );
    assert_eq!(stranger.post(server, &path, &lost).status, 404);
    let head = Person::new(&scene.register, server, "zhanzhang", "station_head@houhe");
    let _ = head.post(server, &path, &lost).status(200);
    let refused = phone.contact(server, &[]).status(403).json();
    assert_eq!(refused["code"], "field.device_locked");
    assert_eq!(refused["details"]["reason"], "遗失");
    assert_eq!(
        phone
            .post(server, "/api/v1/field/items", &json!({ "items": [] }))
            .status,
        403
    );
    // A colleague carries it in; it waits for the head of the station.
    let told = other.submit(server, &[&late]);
    assert_eq!(codes(&told), ["field.after_lock"]);
    let waiting = head.get(server, "/api/v1/field/items").status(200).json();
    assert_eq!(waiting["total"], 1);
    assert_eq!(waiting["items"][0]["id"], late.id.as_str());
    let decision = format!("/api/v1/field/items/{}/decision", late.id);
    let record = json!({ "choice": "record", "reason": "本人当面说明" });
    assert_eq!(stranger.post(server, &decision, &record).status, 404);
    let decided = head.post(server, &decision, &record).status(200).json();
    assert_eq!(decided["state"], "recorded");
    assert_eq!(decided["decided"]["choice"], "record");
}

#[test]
fn s01_both_phones_keep_their_own() {
    let scene = Scene::new();
    let server = &scene.server;
    let mut first = scene.phone("zhanzhang", "station_head@houhe");
    let mut second = scene.phone("zhanzhang2", "station_head@houhe");
    let sites = scene.part(&first, "sites");
    let site = &sites["items"][0];
    let (stream, version) = (stream_of(site), site["version"].as_u64().unwrap());
    let amended = |phone: &mut Phone, facts: Value| {
        let at = phone.enrolled_at.clone();
        let body = json!({ "basis": { "from": "person", "reason": "现场更正" }, "facts": facts });
        phone
            .record(&stream, "site.amended", &at, body, &[])
            .upon(version, None)
    };
    let mine = amended(
        &mut first,
        json!({ "facility_name": "一号采石场", "township": "麻武乡" }),
    );
    assert_eq!(states(&first.submit(server, &[&mine])), ["recorded"]);
    // s19: another field does not clash; the same one does, on that field only.
    let beside = amended(&mut second, json!({ "village": "高岭村" }));
    let against = amended(
        &mut second,
        json!({ "facility_name": "二号采石场", "location_text": "沟口" }),
    );
    let against = against.upon(version, Some(&beside));
    let told = second.submit(server, &[&beside, &against]);
    assert_eq!(states(&told), ["recorded", "held"], "{told:#?}");
    let clashes = told[1]["clashes"].as_array().unwrap();
    assert_eq!(clashes.len(), 1);
    assert_eq!(clashes[0]["field"], "facility_name");
    assert_eq!(clashes[0]["mine"], "二号采石场");
    assert_eq!(clashes[0]["theirs"], "一号采石场");
    // s17: a chain of one's own edits upon one version is no clash with itself.
    let chain: Vec<Item> = (1..4)
        .map(|n| {
            amended(
                &mut first,
                json!({ "facility_name": format!("一号采石场{n}") }),
            )
        })
        .collect();
    let chain: Vec<&Item> = chain.iter().collect();
    assert_eq!(states(&first.submit(server, &chain)), ["recorded"; 3]);

    let path = format!("/api/v1/field/items/{}/decision", against.id);
    let merge = json!({ "choice": "merge", "values": { "facility_name": "theirs" }, "reason": "以先到者为准" });
    let incomplete = json!({ "choice": "merge", "reason": "以先到者为准" });
    assert_eq!(second.post(server, &path, &incomplete).status, 400);
    let by_force = json!({ "choice": "record", "reason": "x" });
    assert_eq!(
        first.post(server, &path, &by_force).status,
        403,
        "a phone may only merge"
    );
    let decided = second.post(server, &path, &merge).status(200).json();
    assert_eq!(decided["state"], "recorded", "{decided:#?}");
    let dossier = scene.dossier(site["site_code"].as_str().unwrap());
    let facts = dossier["facts"].as_array().unwrap();
    let name = facts
        .iter()
        .find(|f| f["field"] == "facility_name")
        .unwrap();
    assert_eq!(name["value"], "一号采石场");
    let said: Vec<&str> = name["others"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|o| o["value"].as_str())
        .collect();
    assert!(
        said.contains(&"二号采石场"),
        "both stay in the dossier: {said:?}"
    );
}

#[test]
fn a_file_that_only_others_brought_is_named_by_nobody() {
    let scene = Scene::new();
    let server = &scene.server;
    let first = scene.phone("hulin", "ranger@houhe");
    let mut second = scene.phone("hulin2", "ranger@houhe");
    let task = scene.a_task(&second);
    let file = picture("not theirs", 2_000);
    first.upload(server, &file, 1 << 20);
    let hash = sha256(&file);
    assert_eq!(first.standing(server, &hash), Some((2_000, 2_000)));
    assert_eq!(second.standing(server, &hash), None);
    let item = evidence(&mut second, &task, "far", &file);
    let told = second.submit(server, &[&item]);
    assert_eq!(codes(&told), ["field.awaits_blobs"]);
    assert_eq!(told[0]["waits"]["missing"], json!([hash]));
    second.upload(server, &file, 1_000);
    assert_eq!(states(&second.ask(server, &[&item])), ["recorded"]);
}

#[test]
fn what_asks_for_its_basis_waits_for_a_person_where_it_is_left_out_or_came_by_another() {
    let scene = Scene::new();
    let server = &scene.server;
    let mut phone = scene.phone("zhanzhang", "station_head@houhe");
    let other = scene.phone("hulin", "ranger@houhe");
    let sites = scene.part(&phone, "sites");
    let site = &sites["items"][0];
    let (stream, version) = (stream_of(site), site["version"].as_u64().unwrap());
    let at = phone.enrolled_at.clone();
    let body = |village: &str| json!({ "basis": { "from": "person", "reason": "现场更正" }, "facts": { "village": village } });
    let bare = phone.record(&stream, "site.amended", &at, body("高岭村"), &[]);
    assert_eq!(codes(&phone.submit(server, &[&bare])), ["field.no_basis"]);
    let based = phone
        .record(&stream, "site.amended", &at, body("石坝村"), &[])
        .upon(version, None);
    assert_eq!(codes(&other.submit(server, &[&based])), ["field.no_basis"]);
    let head = Person::new(&scene.register, server, "zhanzhang2", "station_head@houhe");
    let waiting = head.get(server, "/api/v1/field/items").status(200).json();
    assert_eq!(waiting["by_state"]["held"], 2);
    assert_eq!(
        waiting["items"][0]["id"],
        based.id.as_str(),
        "the newest first"
    );
    let path = format!("/api/v1/field/items/{}/decision", based.id);
    let record = json!({ "choice": "record", "reason": "与本人核对无误" });
    let decided = head.post(server, &path, &record).status(200).json();
    assert_eq!(decided["state"], "recorded", "{decided:#?}");
}

#[test]
fn a_chain_of_edits_goes_in_at_once() {
    let scene = Scene::new();
    let server = &scene.server;
    let mut phone = scene.phone("zhanzhang", "station_head@houhe");
    let sites = scene.part(&phone, "sites");
    let site = &sites["items"][0];
    let (stream, version) = (stream_of(site), site["version"].as_u64().unwrap());
    let at = phone.enrolled_at.clone();
    let mut chain: Vec<Item> = Vec::new();
    for n in 1..=40 {
        let body = json!({
            "basis": { "from": "person", "reason": "现场更正" }, "facts": { "facility_name": format!("一号采石场{n}") },
        });
        let item = phone.record(&stream, "site.amended", &at, body, &[]);
        chain.push(item.upon(version, chain.last()));
    }
    let chain: Vec<&Item> = chain.iter().collect();
    assert_eq!(states(&phone.submit(server, &chain)), ["recorded"; 40]);
}

#[test]
fn a_receipt_that_stands_is_taken_from_nobody() {
    let scene = Scene::new();
    let server = &scene.server;
    let mut phone = scene.phone("hulin", "ranger@houhe");
    let other = scene.phone("hulin2", "ranger@houhe");
    let task = scene.a_task(&phone);
    let file = picture("stands", 900);
    phone.upload(server, &file, 1 << 20);
    let item = evidence(&mut phone, &task, "far", &file);
    let told = phone.submit(server, &[&item]);
    assert_eq!(states(&told), ["recorded"]);
    // Something more in the log: a receipt that were made anew would be another.
    let more = evidence(&mut phone, &task, "near", &file);
    assert_eq!(states(&phone.submit(server, &[&more])), ["recorded"]);
    let lie =
        json!({ "id": item.id, "seq": told[0]["receipt"]["seq"], "leaf_hash": "00".repeat(32) });
    for liar in [&other, &phone] {
        let answer = liar.contact(server, std::slice::from_ref(&lie));
        let unknown = &answer.status(200).json()["unknown"];
        assert_eq!(unknown, &json!([item.id]));
        assert_eq!(phone.ask(server, &[&item]), told);
    }
}

#[test]
fn a_rescue_file_is_taken_from_the_phone_that_sealed_it_alone() {
    let scene = Scene::new();
    let server = &scene.server;
    let person = Person::new(&scene.register, server, "hulin", "ranger@houhe");
    let phone = Phone::enrol(server, &person, "hulin");
    let other = scene.phone("hulin2", "ranger@taitong");
    let enrolled = phone.ask_to_enrol(server, &person).status(200).json();
    let hand_over = |signed_by: &Phone| {
        let file = phone.rescue_head(&enrolled["register"], signed_by);
        let body = Some(("application/x-qingshan-rescue", file.as_slice()));
        let answer = other.send(server, "POST", "/api/v1/field/rescue-files", &[], body);
        answer.status(400).json()["code"].clone()
    };
    assert_eq!(hand_over(&other), "field.rescue_unsigned");
    // The seal is its own: what is missing is all that should follow.
    assert_eq!(hand_over(&phone), "field.rescue_broken");
}

#[test]
fn whoever_holds_no_post_any_more_still_hands_over_what_the_phone_holds() {
    let scene = Scene::new();
    let server = &scene.server;
    let person = Person::new(&scene.register, server, "hulin", "ranger@houhe");
    let mut phone = Phone::enrol(server, &person, "hulin");
    let enrolled = phone.ask_to_enrol(server, &person).status(200).json();
    phone.token = enrolled["token"].as_str().unwrap().to_owned();
    let operator = Person::new(&scene.register, server, "guanli", "operator");
    let over = json!({
        "posts": [{ "role": "ranger", "station_id": "houhe", "from_on": "2019-01-01", "to_on": "2019-01-02" }],
    });
    let path = format!("/api/v1/people/{}", phone.me["person_id"].as_str().unwrap());
    let _ = operator
        .send_json(server, "PATCH", &path, &over)
        .status(200);
    let told = phone.contact(server, &[]).status(403).json();
    assert_eq!(told["code"], "field.no_post");
    let file = phone.rescue_head(&enrolled["register"], &phone);
    let body = Some(("application/x-qingshan-rescue", file.as_slice()));
    let answer = phone.send(server, "POST", "/api/v1/field/rescue-files", &[], body);
    assert_eq!(
        answer.status(400).json()["code"],
        "field.rescue_broken",
        "it was opened: what is missing is all that should follow"
    );
}

#[test]
fn a_note_that_would_stay_for_ever_is_short() {
    let scene = Scene::new();
    let server = &scene.server;
    let phone = scene.phone("hulin", "ranger@houhe");
    let head = Person::new(&scene.register, server, "zhanzhang", "station_head@houhe");
    let path = format!("/api/v1/field/devices/{}/lock", phone.device_id);
    let long = json!({ "reason": "lost", "note": "很".repeat(501) });
    let refused = head.post(server, &path, &long).status(400).json();
    assert_eq!(refused["code"], "field.note_too_long");
    let short = json!({ "reason": "lost", "note": "很".repeat(500) });
    let _ = head.post(server, &path, &short).status(200);
}

#[test]
fn s02_server_dies_between_upload_and_append() {
    let scene = Scene::new();
    let mut phone = scene.phone("hulin", "ranger@houhe");
    let task = scene.a_task(&phone);
    let files: Vec<Vec<u8>> = (0..5).map(|n| picture(&n.to_string(), 4_000)).collect();
    let items: Vec<Item> = files
        .iter()
        .map(|f| evidence(&mut phone, &task, "far", f))
        .collect();
    let all: Vec<&Item> = items.iter().collect();
    for file in &files[..3] {
        phone.upload(&scene.server, file, 1_000);
    }
    assert_eq!(
        phone.send_piece(&scene.server, &files[3], 0, 1_000).status,
        204
    );
    let told = phone.submit(&scene.server, &all);
    assert_eq!(
        states(&told),
        ["recorded", "recorded", "recorded", "held", "held"]
    );
    let Scene {
        register, server, ..
    } = scene;
    server.kill();
    let server = Server::start(&register);
    assert_eq!(
        phone.standing(&server, &sha256(&files[3])),
        Some((1_000, 4_000))
    );
    assert_eq!(
        phone.submit(&server, &all),
        told,
        "nothing was lost, nothing doubled"
    );
    phone.upload(&server, &files[3], 1_000);
    phone.upload(&server, &files[4], 1_000);
    assert_eq!(states(&phone.ask(&server, &all)), ["recorded"; 5]);
    server.stop();
    let _ = register.run(&["log", "verify"]).success();
}
