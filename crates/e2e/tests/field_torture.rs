//! The torture cases of the field desk: failures of other programs, each by its number against the real register.
//!
//! Every case has a test that proves it. What the phone's own code must do is proven in `web/src/offline` with a simulated
//! register, what a person sees in a journey with a real browser; the rest is below or beside.
//!
//! | Case | Proven by |
//! | --- | --- |
//! | S1 both keep their own, both values stay | `field_sync.rs` `s01_both_phones_keep_their_own`; journey `field-conflict.mjs` |
//! | S2 dies between upload and append | `field_sync.rs` `s02_server_dies_between_upload_and_append`; `torture.test.ts` S2 |
//! | S3 reaches its successor by lineage | `s03_s16_…` three below; a site keeps its id, so another number changes nothing; no act splits one |
//! | S4 the same upload 50 times | `s04_fifty_clones_send_one_act_and_the_queue_behind_it_flows`, `s04_a_clone_that_says_otherwise_…` |
//! | S5 the writer stands still | `s05_what_the_writer_cannot_take_is_received_and_goes_in_alone` |
//! | S6 cut inside each photo | `s06_a_cut_inside_each_of_five_photos_is_told_on_both_sides`; `losses.test.ts` (damage); `torture.test.ts` S6 |
//! | S7 nothing discards unsent work | journey `field-store.mjs` "no choice on the phone discards what was not sent" |
//! | S8 one kind fails | `torture.test.ts` S8; `losses.test.ts` "a kind the register does not take yet …" |
//! | S9 full phone, kill in a write | `web/e2e/torture.mjs` (page and browser kills, quota); `losses.test.ts`; journey `field-store.mjs` (rescue file) |
//! | S10 server disk full at item n | `s10_a_disk_full_at_item_n_takes_the_rest_later_and_nothing_twice`; `sync.test.ts` "a full disk …" |
//! | S11 seven teams, five days | `s11_seven_teams_lose_nothing_and_the_balance_says_so` (days as claimed: the register's clock is its own) |
//! | S12 boundary, codes or form change | `s12_…` three below; an entry that an older program wrote differs in its codes and its pack alone |
//! | S13 started offline | `torture.test.ts` S13 |
//! | S14 login expires offline | `torture.test.ts` S14; `sync.test.ts` "… an expired login loses nothing" |
//! | S15 a shared phone | `sync.test.ts` "work of a person who leaves …"; journey `field-store.mjs` "two persons on one phone …" |
//! | S16 merged or withdrawn meanwhile | `s03_s16_…` three below |
//! | S17 one editor, phone and desk in turn | `s17_one_editor_at_phone_and_desk_in_turn_meets_no_conflict` |
//! | S18 create and three updates, 24 orders | `s18_…` two below |
//! | S19 two updates against a desk edit | `s19_the_clash_stands_on_the_one_field_alone`; `field_sync.rs` `s01_…` |
//! | S20 built upon something refused | `s20_…` two below |
//! | S21 the link is cut again and again | `torture.test.ts` S21; `web/e2e/torture.mjs` (`sent_to_needed`); `uploads.rs` |
//! | S22 clock at 1970 and two years ahead | `s22_a_clock_set_to_1970_and_two_years_ahead_…`; `torture.test.ts` S22; `domain/src/capture/tests.rs` (mock) |
//! | S23 the track dies with the screen | `track.test.ts`; journey `field-work.mjs` "a patrol with a finding …", "a patrol whose page died …" |
//! | S24 never finishes | `torture.test.ts` S24 |
//! | S25 restored from yesterday | `s25_a_register_set_back_to_yesterday_is_told_and_gets_its_entries_again`; `sync.test.ts`, `losses.test.ts` |
//! | S26 everything at random | `web/e2e/torture.mjs` (seeded), `sudden_death.rs` |
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use e2e::phone::{Item, Phone, picture, sha256};
use e2e::{Person, Scene, Server};
use serde_json::{Value, json};

/* What phones record */

fn stream_of(site: &Value) -> String {
    format!("site/{}", site["site_id"].as_str().unwrap())
}

fn code_of(site: &Value) -> &str {
    site["site_code"].as_str().unwrap()
}

fn evidence_at(phone: &mut Phone, site: &Value, at: &str, file: &[u8]) -> Item {
    let hash = sha256(file);
    let body = json!({
        "sha256": hash, "size_bytes": file.len(), "file_name": "p.jpg", "media_type": "image/jpeg", "view": "far",
        "capture": { "at": at, "lon": site["lon"], "lat": site["lat"], "accuracy_m": 6, "provider": "browser" },
    });
    phone.record(&stream_of(site), "evidence.recorded", at, body, &[&hash])
}

fn evidence(phone: &mut Phone, site: &Value, file: &[u8]) -> Item {
    let at = phone.enrolled_at.clone();
    evidence_at(phone, site, &at, file)
}

/// A verification with its files; members given here stand in place of the usual ones.
fn verification_at(
    phone: &mut Phone,
    site: &Value,
    at: &str,
    files: &[&[u8]],
    more: &Value,
) -> Item {
    let hashes: Vec<String> = files.iter().map(|f| sha256(f)).collect();
    let mut body = json!({
        "round": "first", "method": "field", "verified_on": &at[..10], "verified_at": at,
        "team": [{ "post": "护林员甲" }, { "post": "护林员乙" }],
        "lon": site["lon"], "lat": site["lat"], "condition_text": "采坑一处", "conclusion": "issue_violation",
        "evidence": hashes, "facts": {}, "basis": { "from": "person", "reason": "现场核查" },
    });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    let hashes: Vec<&str> = hashes.iter().map(String::as_str).collect();
    phone.record(&stream_of(site), "verification.recorded", at, body, &hashes)
}

fn verification(phone: &mut Phone, site: &Value, files: &[&[u8]], more: &Value) -> Item {
    let at = phone.enrolled_at.clone();
    verification_at(phone, site, &at, files, more)
}

fn amended_at(phone: &mut Phone, site: &Value, at: &str, facts: &Value) -> Item {
    let body = json!({ "basis": { "from": "person", "reason": "现场更正" }, "facts": facts });
    phone.record(&stream_of(site), "site.amended", at, body, &[])
}

fn amended(phone: &mut Phone, site: &Value, facts: &Value) -> Item {
    let at = phone.enrolled_at.clone();
    amended_at(phone, site, &at, facts)
}

/// Two photos and a verification, whose files are here already.
fn an_act(server: &Server, phone: &mut Phone, site: &Value, seed: &str) -> Vec<Item> {
    let files = ["far", "near"].map(|view| picture(&format!("{seed} {view}"), 900));
    for file in &files {
        phone.upload(server, file, 1 << 20);
    }
    let mut items: Vec<Item> = files.iter().map(|f| evidence(phone, site, f)).collect();
    let named: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    items.push(verification(phone, site, &named, &json!({})));
    items
}

/* What is told */

fn refs(items: &[Item]) -> Vec<&Item> {
    items.iter().collect()
}

fn states(statuses: &[Value]) -> Vec<&str> {
    statuses
        .iter()
        .filter_map(|s| s["state"].as_str())
        .collect()
}

fn code(status: &Value) -> &str {
    status["code"].as_str().unwrap_or("")
}

/// The register's own time.
fn now(server: &Server, phone: &Phone) -> String {
    let hello = phone.contact(server, &[]).status(200).json();
    hello["server_time"].as_str().unwrap().to_owned()
}

fn fact<'a>(dossier: &'a Value, field: &str) -> &'a Value {
    let facts = dossier["facts"].as_array().unwrap();
    facts
        .iter()
        .find(|f| f["field"] == field)
        .unwrap_or(&Value::Null)
}

/// Every value of a field that the dossier shows, the one that stands first.
fn said_of(dossier: &Value, field: &str) -> Vec<Value> {
    let found = fact(dossier, field);
    let others = found["others"].as_array().into_iter().flatten();
    let all = std::iter::once(&found["value"]).chain(others.map(|o| &o["value"]));
    all.cloned().collect()
}

/// Ids of the verifications in a dossier; that of the original, for a copy.
fn verified(dossier: &Value) -> Vec<String> {
    let all = dossier["verifications"].as_array().unwrap().iter();
    let id = |v: &Value| {
        v["carried_from"]
            .as_str()
            .or(v["entry_id"].as_str())
            .map(str::to_owned)
    };
    all.filter_map(id).collect()
}

fn decide(server: &Server, by: &Person, item: &Item, said: &Value) -> Value {
    let path = format!("/api/v1/field/items/{}/decision", item.id);
    by.post(server, &path, said).status(200).json()
}

/// Sites of the phone's territory that can be verified, merged and withdrawn.
fn sites_of(scene: &Scene, phone: &Phone) -> Vec<Value> {
    let open = [
        "awaiting_verification",
        "in_verification",
        "no_issue",
        "verified_with_issue",
    ];
    let part = scene.part(phone, "sites");
    let all = part["items"].as_array().unwrap().iter();
    let fits = |s: &&Value| s["lon"].is_number() && open.iter().any(|state| s["state"] == *state);
    all.filter(fits).cloned().collect()
}

fn merge(scene: &Scene, site: &Value, into: &Value) {
    let path = format!("/api/v1/sites/{}/merges", code_of(site));
    let said = json!({ "into": code_of(into), "reason": "现场核对为同一处" });
    let _ = scene.office.post(&scene.server, &path, &said).status(200);
}

/// Dice that fall the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }

    fn shuffle<T>(&mut self, things: &mut [T]) {
        for at in (1..things.len()).rev() {
            things.swap(at, self.below(at + 1));
        }
    }
}

/// Asks until all is recorded; the phone does nothing else.
fn waits_until_recorded(server: &Server, phone: &Phone, items: &[Item]) -> Vec<Value> {
    for _ in 0..240 {
        let told = phone.ask(server, &refs(items));
        if told.iter().all(|s| s["state"] == "recorded") {
            return told;
        }
        std::thread::sleep(Duration::from_millis(250));
    }
    panic!("waited in vain: {:#?}", phone.ask(server, &refs(items)));
}

/* A server whose disk is full */

/// Runs one test again in a process that outlives a full disk as the program does in service: the signal for a file that
/// may not grow is ignored, and the write fails instead. Whether this is the process outside, which has nothing else to do.
fn is_outside(test: &str) -> bool {
    const INSIDE: &str = "QINGSHAN_TORTURE_INSIDE";
    if std::env::var_os(INSIDE).is_some() {
        return false;
    }
    let again = "trap '' XFSZ; exec \"$0\" --exact \"$1\" --nocapture";
    let done = Command::new("sh")
        .args(["-c", again])
        .arg(std::env::current_exe().unwrap())
        .arg(test)
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let text = [done.stdout, done.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert!(done.status.success() && text.contains("1 passed"), "{text}");
    true
}

/// No file of the server may grow beyond this from now on; `unlimited` takes it back.
fn limit_files(server: &Server, most: &str) {
    let pid = server.pid().to_string();
    let limit = format!("--fsize={most}:");
    let done = Command::new("prlimit")
        .args(["--pid", &pid, &limit])
        .status();
    assert!(done.unwrap().success());
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |m| m.len())
}

/// How far the log's own file has grown since the server started.
fn log_grew(scene: &Scene) -> u64 {
    size(&scene.register.home().join("register.gpkg-wal"))
}

/// The desk works until the log's file is the longest that the server writes, so that a limit meets it alone.
fn log_outgrows(scene: &Scene, site: &Value) {
    let accounts = scene.register.home().join("accounts.sqlite-wal");
    let path = format!("/api/v1/sites/{}/amendments", code_of(site));
    for n in 0..400 {
        if log_grew(scene) > size(&accounts) + (3 << 20) {
            return;
        }
        let said = json!({ "facts": { "note": format!("第{n}次") }, "reason": "补记" });
        let _ = scene.office.post(&scene.server, &path, &said).status(200);
    }
    panic!("the log grew to {} only", log_grew(scene));
}

/* The cases */

#[test]
fn s03_s16_what_was_found_of_a_merged_site_reaches_the_end_of_its_line() {
    let scene = Scene::new();
    let server = &scene.server;
    let mut phone = scene.phone("hulin", "ranger@houhe");
    let sites = sites_of(&scene, &phone);
    let [first, second, last] = &sites[..3] else {
        panic!("three sites")
    };
    let items = an_act(server, &mut phone, first, "merged");
    merge(&scene, first, second);
    merge(&scene, second, last);

    let told = phone.submit(server, &refs(&items));
    assert_eq!(states(&told), ["recorded"; 3], "{told:#?}");
    for status in &told {
        assert_eq!(
            status["carried_to"], last["site_code"],
            "the phone is told where it went"
        );
    }
    let id = items[2].id.as_str();
    let (old, new) = (scene.dossier(code_of(first)), scene.dossier(code_of(last)));
    assert_eq!(
        verified(&old).iter().filter(|v| *v == id).count(),
        1,
        "as signed"
    );
    assert_eq!(
        verified(&new).iter().filter(|v| *v == id).count(),
        1,
        "its copy, once"
    );
    assert_eq!(
        (&old["state"], &new["state"]),
        (&json!("merged"), &json!("verified_with_issue"))
    );
    let files: BTreeSet<&str> = new["evidence"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|e| e["sha256"].as_str())
        .collect();
    assert!(
        items[2]
            .blobs
            .iter()
            .all(|hash| files.contains(hash.as_str()))
    );
    // Sent again, nothing comes back and nothing is doubled.
    assert_eq!(phone.submit(server, &refs(&items)), told);
    assert_eq!(verified(&scene.dossier(code_of(last))), verified(&new));
    assert_eq!(scene.dossier(code_of(first))["state"], "merged");
    let _ = scene.register.verified_head();
}

/// Shows: what the office lets in of a merged site is appended there alone; the successor never hears of it.
#[test]
fn s03_s16_an_edit_of_a_merged_site_waits_with_its_successor_named_and_reaches_it() {
    let scene = Scene::new();
    let server = &scene.server;
    let mut phone = scene.phone("zhanzhang", "station_head@houhe");
    let sites = sites_of(&scene, &phone);
    let [first, last] = &sites[..2] else {
        panic!("two sites")
    };
    let based_on = first["version"].as_u64().unwrap();
    let edit =
        amended(&mut phone, first, &json!({ "owner_name": "张三采石场" })).upon(based_on, None);
    merge(&scene, first, last);

    let told = phone.submit(server, &[&edit]);
    assert_eq!(
        (states(&told)[0], code(&told[0])),
        ("held", "field.site_merged")
    );
    assert_eq!(told[0]["args"]["site_code"], last["site_code"]);
    let waiting = scene.read("/api/v1/field/items");
    assert_eq!(
        waiting["items"][0]["body"]["facts"]["owner_name"], "张三采石场",
        "the phone's side"
    );
    assert!(
        waiting["items"][0]["text"]
            .as_str()
            .unwrap()
            .contains(code_of(last)),
        "the other side"
    );

    let record = json!({ "choice": "record", "reason": "与本人核对无误" });
    let decided = decide(server, &scene.office, &edit, &record);
    assert_eq!(decided["state"], "recorded", "{decided:#?}");
    let successor = scene.dossier(code_of(last));
    assert!(
        said_of(&successor, "owner_name").contains(&json!("张三采石场")),
        "an edit let in by the office reaches the successor: {}",
        fact(&successor, "owner_name")
    );
}

#[test]
fn s03_s16_a_withdrawn_site_does_not_come_back_from_a_phone() {
    let scene = Scene::new();
    let server = &scene.server;
    let mut phone = scene.phone("hulin", "ranger@houhe");
    let site = sites_of(&scene, &phone).swap_remove(0);
    let items = an_act(server, &mut phone, &site, "withdrawn");
    let path = format!("/api/v1/sites/{}/withdrawals", code_of(&site));
    let why = json!({ "reason": "登记有误，现场无此设施" });
    let _ = scene.office.post(server, &path, &why).status(200);

    let told = phone.submit(server, &refs(&items));
    assert_eq!(states(&told), ["held"; 3], "{told:#?}");
    for status in &told {
        assert_eq!(code(status), "field.site_withdrawn");
        assert!(
            status["text"]
                .as_str()
                .unwrap()
                .contains("登记有误，现场无此设施"),
            "why, in words"
        );
    }
    assert_eq!(
        scene.read("/api/v1/field/items")["total"],
        3,
        "the office sees what waits"
    );
    assert_eq!(scene.dossier(code_of(&site))["state"], "withdrawn");

    let refuse = json!({ "choice": "refuse", "reason": "点位不存在" });
    for item in &items {
        assert_eq!(
            decide(server, &scene.office, item, &refuse)["state"],
            "refused"
        );
    }
    for status in phone.submit(server, &refs(&items)) {
        assert_eq!(
            (code(&status), &status["decided"]["reason"]),
            ("field.refused", &json!("点位不存在"))
        );
    }
    let dossier = scene.dossier(code_of(&site));
    assert_eq!(dossier["state"], "withdrawn");
    assert!(!verified(&dossier).contains(&items[2].id));
}

/// Sends a file as a clone does that shares its name with others: it asks where the register stands and goes on from there.
fn upload_among_clones(server: &Server, phone: &Phone, whole: &[u8]) {
    for _ in 0..400 {
        let have = phone
            .standing(server, &sha256(whole))
            .map_or(0, |(have, _)| have);
        if have == whole.len() {
            return;
        }
        let to = (have + 700).min(whole.len());
        let status = phone.send_piece(server, whole, have, to).status;
        assert!(matches!(status, 201 | 204 | 409 | 503), "{status}");
    }
    panic!("the file never came");
}

#[test]
fn s04_fifty_clones_send_one_act_and_the_queue_behind_it_flows() {
    let scene = Scene::new();
    let server = &scene.server;
    let mut phone = scene.phone("hulin", "ranger@houhe");
    let site = scene.a_task(&phone);
    let file = picture("fifty", 2_000);
    let mut items = vec![evidence(&mut phone, &site, &file)];
    let behind = picture("behind", 900);
    phone.upload(server, &behind, 1 << 20);

    let answers: Vec<Vec<Value>> = std::thread::scope(|scope| {
        let send = || {
            let clone = phone.clone();
            let first = clone.submit(server, &[&items[0]]);
            upload_among_clones(server, &clone, &file);
            [first, clone.submit(server, &[&items[0]])].concat()
        };
        let hands: Vec<_> = (0..50).map(|_| scope.spawn(send)).collect();
        hands.into_iter().map(|h| h.join().unwrap()).collect()
    });
    let told = waits_until_recorded(server, &phone, &items);
    for status in answers.iter().flatten() {
        assert!(
            ["received", "held", "recorded"].contains(&status["state"].as_str().unwrap()),
            "{status:#?}"
        );
        if status["state"] == "recorded" {
            assert_eq!(
                status["receipt"], told[0]["receipt"],
                "always the first receipt"
            );
        }
    }
    // What stands behind it is not held up.
    items.push(evidence(&mut phone, &site, &behind));
    let told = phone.submit(server, &refs(&items));
    assert_eq!(states(&told), ["recorded"; 2], "{told:#?}");
    let entries = scene.read(&format!("/api/v1/sites/{}/entries", code_of(&site)));
    let once = |item: &Item| {
        entries
            .as_array()
            .unwrap()
            .iter()
            .filter(|e| e["entry_id"] == item.id.as_str())
            .count()
    };
    assert_eq!(items.iter().map(once).collect::<Vec<_>>(), [1, 1]);
    let _ = scene.register.verified_head();
}

#[test]
fn s04_a_clone_that_says_otherwise_under_one_number_is_kept_apart_and_told_of() {
    let scene = Scene::new();
    let server = &scene.server;
    let mut phone = scene.phone("hulin", "ranger@houhe");
    let site = scene.a_task(&phone);
    let (mine, other) = (picture("mine", 900), picture("other", 900));
    for file in [&mine, &other] {
        phone.upload(server, file, 1 << 20);
    }
    let mut clone = phone.clone();
    let first = evidence(&mut phone, &site, &mine);
    let told = phone.submit(server, &[&first]);
    assert_eq!(states(&told), ["recorded"]);
    // The clone counts on from where it was copied: the same id, the same number, another content.
    let same_id = evidence(&mut clone, &site, &other);
    assert_eq!(same_id.id, first.id);
    let refused = clone.submit(server, &[&same_id]);
    assert_eq!(
        (states(&refused)[0], code(&refused[0])),
        ("refused", "field.other_content")
    );
    assert_eq!(
        phone.ask(server, &[&first]),
        told,
        "the first keeps its receipt"
    );
    // Under an id of its own it is recorded, and the number that came twice is shown.
    let mut entry: Value = serde_json::from_str(&same_id.bytes).unwrap();
    entry["id"] = e2e::phone::uuid("a clone").into();
    entry["stamp"]
        .as_object_mut()
        .unwrap()
        .shift_remove("signature");
    let id = e2e::phone::uuid("a clone");
    let twin = Item {
        bytes: clone.stamped(entry),
        id,
        ..same_id
    };
    assert_eq!(states(&clone.submit(server, &[&twin])), ["recorded"]);
    let dossier = scene.dossier(code_of(&site));
    let signed = dossier["signed"].as_array().unwrap();
    let shown = signed
        .iter()
        .find(|s| s["entry_id"] == twin.id.as_str())
        .unwrap();
    let codes: Vec<&str> = shown["flags"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|f| f["code"].as_str())
        .collect();
    assert!(codes.contains(&"number_twice"), "{codes:?}");
}

#[test]
fn s05_what_the_writer_cannot_take_is_received_and_goes_in_alone() {
    if is_outside("s05_what_the_writer_cannot_take_is_received_and_goes_in_alone") {
        return;
    }
    let scene = Scene::new();
    let mut phone = scene.phone("hulin", "ranger@houhe");
    let site = scene.a_task(&phone);
    let items = [
        an_act(&scene.server, &mut phone, &site, "one"),
        an_act(&scene.server, &mut phone, &site, "two"),
    ]
    .concat();
    log_outgrows(&scene, &site);
    // The log's file cannot grow: its writer stands still, everything else goes on.
    limit_files(&scene.server, &log_grew(&scene).to_string());
    let told = phone.submit(&scene.server, &refs(&items));
    // Photos wait for their turn, and a verification for its photos: all six are on disk, none in the log.
    let waiting = ["received", "received", "held"].repeat(2);
    assert_eq!(states(&told), waiting, "{told:#?}");
    for status in &told {
        let words = match status["state"] == "received" {
            true => (
                "field.awaits_store",
                "已收到，登记簿暂时不能写入（磁盘已满或正忙），将自动重试。",
            ),
            false => ("field.awaits_evidence", status["text"].as_str().unwrap()),
        };
        assert_eq!((code(status), status["text"].as_str().unwrap()), words);
        assert!(!words.1.is_empty());
    }
    // Tried again and again meanwhile: it is told the same, and the desk sees it too.
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(states(&phone.ask(&scene.server, &refs(&items))), waiting);
    let at_desk = scene.read("/api/v1/field/items");
    assert_eq!(at_desk["by_state"], json!({ "held": 2, "received": 4 }));
    let year = &phone.enrolled_at[..4];
    let days = format!("from={year}-01-01&to={year}-12-31");
    let balance = scene.read(&format!("/api/v1/field/balance?{days}"));
    let row = &balance["items"][0];
    let told = ["sent", "received", "held", "recorded"].map(|n| row[n].as_u64().unwrap());
    assert_eq!(told, [6, 4, 2, 0], "sent six, received six, recorded none");
    // The power goes, too. What was received is received.
    let Scene {
        register, server, ..
    } = scene;
    server.kill();
    let server = Server::start(&register);
    let told = waits_until_recorded(&server, &phone, &items);
    assert_eq!(phone.submit(&server, &refs(&items)), told);
    server.stop();
    let _ = register.verified_head();
}

#[test]
fn s06_a_cut_inside_each_of_five_photos_is_told_on_both_sides() {
    let scene = Scene::new();
    let server = &scene.server;
    let mut phone = scene.phone("hulin", "ranger@houhe");
    let site = scene.a_task(&phone);
    let files: Vec<Vec<u8>> = (0..5)
        .map(|n| picture(&format!("five {n}"), 4_000))
        .collect();
    let mut items: Vec<Item> = files
        .iter()
        .map(|f| evidence(&mut phone, &site, f))
        .collect();
    let named: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    items.push(verification(&mut phone, &site, &named, &json!({})));
    let _ = phone.submit(server, &refs(&items));
    for file in &files {
        assert_eq!(phone.send_piece(server, file, 0, 1_500).status, 204);
        // The line breaks: what arrives of this piece is not what was sent, and nothing of it counts.
        let (hash, cut) = (sha256(file), Some("sha-256=:AAAA:"));
        let answer = phone.send_bytes(server, &hash, file.len(), 1_500, &file[1_500..1_700], cut);
        assert_eq!(answer.status(400).json()["code"], "field.chunk_damaged");
        assert_eq!(phone.standing(server, &hash), Some((1_500, 4_000)));
    }
    for file in &files[..2] {
        phone.upload(server, file, 1_000);
    }
    let told = phone.ask(server, &[&items[5]]);
    let waits = &told[0]["waits"];
    assert_eq!(
        (&waits["have"], &waits["need"]),
        (&json!(2), &json!(5)),
        "{told:#?}"
    );
    let waiting = scene.read("/api/v1/field/items");
    let at_desk = waiting["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|i| i["id"] == items[5].id.as_str())
        .unwrap();
    assert_eq!(&at_desk["waits"], waits, "the desk is told the same");
    assert_eq!(waits["missing"].as_array().unwrap().len(), 3);
    // Damage that every piece's own digest hides is found by the hash of the whole, and the file is asked for anew.
    let mut bad = files[2].clone();
    bad[3_000] ^= 1;
    let hash = sha256(&files[2]);
    let answer = phone.send_bytes(server, &hash, bad.len(), 1_500, &bad[1_500..], None);
    assert_eq!(answer.status(422).json()["code"], "field.blob_damaged");
    assert_eq!(phone.standing(server, &hash), None);
    for file in &files[2..] {
        phone.upload(server, file, 1_000);
    }
    assert_eq!(states(&phone.ask(server, &refs(&items))), ["recorded"; 6]);
}

#[test]
fn s10_a_disk_full_at_item_n_takes_the_rest_later_and_nothing_twice() {
    if is_outside("s10_a_disk_full_at_item_n_takes_the_rest_later_and_nothing_twice") {
        return;
    }
    const ALL: usize = 100;
    let scene = Scene::new();
    let server = &scene.server;
    let mut phone = scene.phone("hulin", "ranger@houhe");
    let site = scene.a_task(&phone);
    let file = picture("on the full disk", 900);
    phone.upload(server, &file, 1 << 20);
    let items: Vec<Item> = (0..ALL)
        .map(|_| evidence(&mut phone, &site, &file))
        .collect();
    log_outgrows(&scene, &site);
    // Room for some of them: one shows how much they take.
    let before = log_grew(&scene);
    assert_eq!(states(&phone.submit(server, &[&items[0]])), ["recorded"]);
    let one = log_grew(&scene) - before;
    limit_files(server, &(log_grew(&scene) + 2 * one + one / 2).to_string());
    let told = phone.submit(server, &refs(&items));
    let full: Vec<bool> = told.iter().map(|s| s["state"] == "received").collect();
    let taken = full.iter().filter(|is_full| !**is_full).count();
    assert!(
        (2..ALL).contains(&taken),
        "{taken} of {ALL} before the disk was full"
    );
    for status in told.iter().filter(|s| s["state"] == "received") {
        assert_eq!(code(status), "field.awaits_store");
    }
    let kept: Vec<&Value> = told.iter().filter(|s| s["state"] == "recorded").collect();
    assert!(
        kept.iter().all(|s| s["receipt"]["seq"].is_u64()),
        "n-1 are receipted"
    );

    // A file finds no room either, and that is said; its pieces go on where they were.
    let large = picture("no room for it", (1 << 20) + 1);
    limit_files(server, "500000");
    let answer = phone.send_piece(server, &large, 0, 1 << 20);
    assert_eq!(answer.status(507).json()["code"], "field.disk_full");

    // Where not even the outbox can grow, nothing is taken, and that is no success.
    let late = evidence(&mut phone, &site, &file);
    limit_files(server, "4096");
    let submitted = json!({ "items": [late.submitted()] });
    let answer = phone.post(server, "/api/v1/field/items", &submitted);
    // SQLite takes a file that may not grow for a fault of the disk, a full one for a full one: either is no success.
    assert!(answer.status >= 500, "{}", answer.text());
    assert_eq!(
        phone.ask(server, &[&late]),
        Vec::<Value>::new(),
        "nothing is half taken"
    );

    limit_files(server, "unlimited");
    assert_eq!(states(&phone.submit(server, &[&late])), ["recorded"]);
    let after = waits_until_recorded(server, &phone, &items);
    for (before, after) in told
        .iter()
        .zip(&after)
        .filter(|(b, _)| b["state"] == "recorded")
    {
        assert_eq!(before["receipt"], after["receipt"], "a receipt stands");
    }
    let seqs: BTreeSet<u64> = after
        .iter()
        .filter_map(|s| s["receipt"]["seq"].as_u64())
        .collect();
    assert_eq!(seqs.len(), ALL, "exactly all, each once");
    let entries = scene.read(&format!("/api/v1/sites/{}/entries", code_of(&site)));
    let ids: BTreeSet<&str> = items.iter().map(|i| i.id.as_str()).collect();
    let own = entries
        .as_array()
        .unwrap()
        .iter()
        .filter(|e| ids.contains(e["entry_id"].as_str().unwrap()));
    assert_eq!(own.count(), ALL);
    phone.upload(server, &large, 1 << 20);
    let Scene {
        register, server, ..
    } = scene;
    server.stop();
    let _ = register.verified_head();
}

const TEAMS: usize = 7;
const DAYS: usize = 5;

/// Five days of one team, with files; what lies on the phone on the last evening.
fn five_days(server: &Server, phone: &mut Phone, seed: usize, sites: &[Value]) -> Vec<Item> {
    let mut items = Vec::new();
    for day in 0..DAYS {
        let (site, at) = (
            &sites[(seed + day) % sites.len()],
            format!("2019-08-1{day}T0{seed}:30:00Z"),
        );
        let files = [0, 1].map(|n| picture(&format!("team {seed} day {day} {n}"), 700));
        for file in &files {
            phone.upload(server, file, 1 << 20);
            items.push(evidence_at(phone, site, &at, file));
        }
        let named: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
        items.push(verification_at(phone, site, &at, &named, &json!({})));
    }
    items
}

/// Sends in no order, in pieces of no size, and some of it twice.
fn send_at_random(server: &Server, phone: &Phone, items: &[Item], dice: &mut Dice) {
    let mut order: Vec<&Item> = items.iter().collect();
    dice.shuffle(&mut order);
    let mut rest = order.as_slice();
    while !rest.is_empty() {
        let (some, others) = rest.split_at(rest.len().min(1 + dice.below(6)));
        let _ = phone.submit(server, some);
        if dice.below(3) == 0 {
            let _ = phone.submit(server, some);
        }
        rest = others;
    }
}

#[test]
fn s11_seven_teams_lose_nothing_and_the_balance_says_so() {
    let scene = Scene::new();
    let server = &scene.server;
    let mut phones: Vec<Phone> = (0..TEAMS)
        .map(|n| scene.phone(&format!("hulin{n}"), "ranger@houhe"))
        .collect();
    let sites = sites_of(&scene, &phones[0]);
    let sites = &sites[..3.min(sites.len())];
    let teams: Vec<(&Phone, Vec<Item>)> = phones
        .iter_mut()
        .enumerate()
        .map(|(n, phone)| {
            let items = five_days(server, phone, n, sites);
            (&*phone, items)
        })
        .collect();
    std::thread::scope(|scope| {
        for (n, (phone, items)) in teams.iter().enumerate() {
            scope.spawn(move || send_at_random(server, phone, items, &mut Dice(n as u64 + 7)));
        }
    });
    let of_team = DAYS * 3;
    let mut seqs = BTreeSet::new();
    for (phone, items) in &teams {
        let told = waits_until_recorded(server, phone, items);
        seqs.extend(told.iter().map(|s| s["receipt"]["seq"].as_u64().unwrap()));
    }
    assert_eq!(seqs.len(), TEAMS * of_team, "all recorded, each once");
    let said: Vec<String> = sites
        .iter()
        .flat_map(|s| verified(&scene.dossier(code_of(s))))
        .collect();
    for item in teams
        .iter()
        .flat_map(|(_, items)| items.chunks(3).map(|act| &act[2]))
    {
        assert_eq!(
            said.iter().filter(|id| **id == item.id).count(),
            1,
            "{}",
            item.id
        );
    }
    let day = &now(server, teams[0].0)[..4];
    let balance = scene.read(&format!(
        "/api/v1/field/balance?from={day}-01-01&to={day}-12-31"
    ));
    for (phone, _) in &teams {
        let rows = balance["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|r| r["device_id"] == phone.device_id.as_str());
        let sum = |name: &str| rows.clone().map(|r| r[name].as_u64().unwrap()).sum::<u64>();
        assert_eq!(
            (sum("sent"), sum("recorded")),
            (of_team as u64, of_team as u64)
        );
        assert_eq!((sum("received"), sum("held"), sum("refused")), (0, 0, 0));
    }
    let _ = scene.register.verified_head();
}

/// The zones of the reserve, drawn a little otherwise; the file they are in.
fn another_boundary(register: &e2e::Register) -> String {
    let layer = e2e::Demonstration::shared().input("01-保护区/演示数据-功能区.geojson");
    let mut layer: Value = serde_json::from_slice(&std::fs::read(layer).unwrap()).unwrap();
    let ring = layer
        .pointer_mut("/features/0/geometry/coordinates/0")
        .unwrap();
    let ring = if ring[0][0].is_array() {
        &mut ring[0]
    } else {
        ring
    };
    let corner = ring[1].as_array_mut().unwrap();
    corner[0] = json!(corner[0].as_f64().unwrap() + 1e-6);
    let file = register.path("功能区.geojson");
    std::fs::write(&file, layer.to_string()).unwrap();
    file.to_string_lossy().into_owned()
}

/// A verification made upon a pack whose boundary was replaced before it was sent.
struct OldWork {
    phone: Phone,
    site: Value,
    manifest: Value,
    items: Vec<Item>,
    hello: Value,
}

const NEW_BOUNDARY: &str = "演示批复〔2019〕7号";

fn adopt_boundary(register: &e2e::Register) {
    let layer = another_boundary(register);
    let valid = ["--valid-from", "2019-09-01", "--crs", "CGCS2000", "--yes"];
    let named = ["--version-name", NEW_BOUNDARY, "--approval", NEW_BOUNDARY];
    let args = [&["import", "boundary", &layer][..], &valid, &named].concat();
    let _ = register.run(&args).success();
}

/// A contact by a phone that says which pack it has.
fn contact_with(server: &Server, phone: &Phone, etag: &str) -> Value {
    let said = json!({ "app_version": "0.5.0", "pack_etag": etag, "unsent": {}, "kept": [] });
    let hello = phone.post(server, "/api/v1/field/contact", &said);
    hello.status(200).json()
}

fn old_work(scene: &Scene) -> OldWork {
    let server = &scene.server;
    let mut phone = scene.phone("hulin", "ranger@houhe");
    let site = scene.a_task(&phone);
    let pack = phone.get(server, "/api/v1/field/pack").status(200);
    let (manifest, etag) = (pack.json(), pack.header("etag").unwrap().to_owned());
    let _ = contact_with(server, &phone, &etag);
    let files = ["far", "near"].map(|view| picture(view, 800));
    let mut items: Vec<Item> = files
        .iter()
        .map(|f| evidence(&mut phone, &site, f))
        .collect();
    let named: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    let work = json!({ "field": { "app_version": "0.5.0", "pack_version": manifest["version"], "was_offline": true } });
    items.push(verification(&mut phone, &site, &named, &work));
    adopt_boundary(&scene.register);
    // Somebody else fetches the new pack first.
    let other = scene.phone("hulin2", "ranger@houhe");
    let new = other.get(server, "/api/v1/field/pack").status(200).json();
    assert_eq!(new["rules"]["boundary_version"], NEW_BOUNDARY);
    let hello = contact_with(server, &phone, &etag);
    for file in &files {
        phone.upload(server, file, 1 << 20);
    }
    OldWork {
        phone,
        site,
        manifest,
        items,
        hello,
    }
}

#[test]
fn s12_a_boundary_adopted_meanwhile_keeps_no_record_out() {
    let scene = Scene::new();
    let old = old_work(&scene);
    let told = old.phone.submit(&scene.server, &refs(&old.items));
    assert_eq!(states(&told), ["recorded"; 3], "{told:#?}");
    let dossier = scene.dossier(code_of(&old.site));
    let all = dossier["verifications"].as_array().unwrap();
    let own = all
        .iter()
        .find(|v| v["entry_id"] == old.items[2].id.as_str())
        .unwrap();
    assert_eq!(
        own["field"]["pack_version"], old.manifest["version"],
        "it says upon what it was made"
    );
    assert_eq!(
        old.hello["pack"]["is_old"], true,
        "the phone is told of a newer pack"
    );
    let _ = scene.register.verified_head();
}

/// Shows: a pack is old for the office when it is a day old, whatever the boundary did meanwhile.
#[test]
fn s12_the_office_is_told_which_phones_work_upon_the_old_boundary() {
    let scene = Scene::new();
    let old = old_work(&scene);
    let devices = scene.read("/api/v1/field/devices");
    let of = |id: &str| {
        devices["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|d| d["device_id"] == id)
            .unwrap()
    };
    let row = of(&old.phone.device_id);
    assert_eq!(row["app_version"], "0.5.0");
    assert!(row["pack_made_at"].is_string());
    assert_eq!(row["is_pack_old"], true, "{row:#}");
}

#[test]
fn s12_a_code_that_is_in_no_list_any_more_waits_for_the_office_and_is_recorded_as_it_was_said() {
    let scene = Scene::new();
    let server = &scene.server;
    let mut phone = scene.phone("hulin", "ranger@houhe");
    let site = scene.a_task(&phone);
    let files = ["far", "near"].map(|view| picture(view, 800));
    let mut items: Vec<Item> = files
        .iter()
        .map(|f| evidence(&mut phone, &site, f))
        .collect();
    for file in &files {
        phone.upload(server, file, 1 << 20);
    }
    let named: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    let old = json!({ "suggested_disposal": "a_word_of_last_year" });
    items.push(verification(&mut phone, &site, &named, &old));
    let told = phone.submit(server, &refs(&items));
    assert_eq!(states(&told), ["recorded", "recorded", "held"], "{told:#?}");
    assert_eq!(
        (code(&told[2]), &told[2]["args"]["code"]),
        ("field.unknown_code", &json!("a_word_of_last_year"))
    );
    let waiting = scene.read("/api/v1/field/items");
    assert_eq!(
        (&waiting["total"], &waiting["items"][0]["id"]),
        (&json!(1), &json!(items[2].id))
    );
    let record = json!({ "choice": "record", "reason": "旧版代码，照录" });
    assert_eq!(
        decide(server, &scene.office, &items[2], &record)["state"],
        "recorded"
    );
    let dossier = scene.dossier(code_of(&site));
    let all = dossier["verifications"].as_array().unwrap();
    let own = all
        .iter()
        .find(|v| v["entry_id"] == items[2].id.as_str())
        .unwrap();
    assert_eq!(own["suggested_disposal"], "a_word_of_last_year");
}

/// One person with a phone and a desk: what lies on the phone, and what was said last.
struct Editor<'a> {
    scene: &'a Scene,
    desk: &'a Person,
    phone: Phone,
    site: Value,
    /// What the phone knew of the site when it was last in contact.
    known: u64,
    waiting: Vec<Item>,
    last: Option<String>,
}

const NAMED: [&str; 3] = ["owner_name", "location_text", "facility_name"];

impl Editor<'_> {
    fn version(&self) -> u64 {
        self.scene.dossier(code_of(&self.site))["version"]
            .as_u64()
            .unwrap()
    }

    /// Always the owner's name, and another field beside it: each edit of the day meets the one before.
    fn facts(&self, n: usize) -> Value {
        json!({ "owner_name": format!("第{n}次"), NAMED[1 + n % 2]: format!("第{n}次") })
    }

    fn at_phone(&mut self, n: usize) {
        let at = now(&self.scene.server, &self.phone);
        let facts = self.facts(n);
        let item = amended_at(&mut self.phone, &self.site, &at, &facts);
        let item = item.upon(self.known, self.waiting.last());
        self.waiting.push(item);
        self.last = Some(format!("第{n}次"));
    }

    fn at_desk(&mut self, n: usize) {
        let path = format!("/api/v1/sites/{}/amendments", code_of(&self.site));
        let said = json!({ "facts": self.facts(n), "reason": "更正", "based_on": self.version() });
        let answer = self.desk.post(&self.scene.server, &path, &said);
        assert_eq!(answer.status, 200, "edit {n}: {}", answer.text());
        self.last = Some(format!("第{n}次"));
    }

    fn send(&mut self, n: usize) {
        let told = self.phone.submit(&self.scene.server, &refs(&self.waiting));
        let fits = told.iter().all(|s| s["state"] == "recorded");
        assert!(fits, "a conflict without cause after edit {n}: {told:#?}");
        self.waiting.clear();
        self.known = self.version();
        let dossier = self.scene.dossier(code_of(&self.site));
        let stands = fact(&dossier, "owner_name")["value"]
            .as_str()
            .map(str::to_owned);
        assert_eq!(
            stands, self.last,
            "what was said last stands after edit {n}"
        );
    }
}

/// Acts of the day; a thousand would take half a minute over HTTP.
const ACTS: usize = 180;

/// Each act is an edit at the phone, an edit at the desk (of the page as it stands) or an upload, as the dice fall. The rule
/// itself has no random parts: `register::append::is_own_earlier`.
///
/// Shows: an edit made on the phone before one at the desk, and sent after it, is held as a clash of the editor with himself.
#[test]
fn s17_one_editor_at_phone_and_desk_in_turn_meets_no_conflict() {
    let scene = Scene::new();
    let desk = scene.person("zhanzhang", "station_head@houhe");
    let phone = Phone::enrol(&scene.server, &desk, "zhanzhang");
    let site = scene.a_task(&phone);
    let mut dice = Dice(1778);
    let known = scene.dossier(code_of(&site))["version"].as_u64().unwrap();
    let mut editor = Editor {
        scene: &scene,
        desk: &desk,
        phone,
        site,
        known,
        waiting: Vec::new(),
        last: None,
    };
    for n in 0..ACTS {
        match dice.below(3) {
            0 => editor.at_phone(n),
            1 => editor.at_desk(n),
            _ if editor.waiting.is_empty() => {}
            _ => editor.send(n),
        }
    }
}

/// Every order of four.
fn orders() -> Vec<[usize; 4]> {
    let mut all = Vec::new();
    for n in 0..256usize {
        let order = [n & 3, (n >> 2) & 3, (n >> 4) & 3, (n >> 6) & 3];
        if BTreeSet::from(order).len() == 4 {
            all.push(order);
        }
    }
    assert_eq!(all.len(), 24);
    all
}

#[test]
fn s18_a_first_edit_and_three_upon_it_give_one_fold_in_all_orders() {
    let scene = Scene::new();
    let server = &scene.server;
    let mut phone = scene.phone("zhanzhang", "station_head@houhe");
    let site = scene.a_task(&phone);
    for order in orders() {
        let version = scene.dossier(code_of(&site))["version"].as_u64().unwrap();
        let at = now(server, &phone);
        let mut chain: Vec<Item> = Vec::new();
        for n in 0..4 {
            let facts = json!({ "facility_name": format!("{order:?} {n}"), NAMED[n % 2]: format!("{order:?} {n}") });
            let item = amended_at(&mut phone, &site, &at, &facts);
            chain.push(item.upon(version, chain.last()));
        }
        let mut come = BTreeSet::new();
        for n in order {
            let _ = phone.submit(server, &[&chain[n]]);
            come.insert(n);
            let whole = (0..4).take_while(|n| come.contains(n)).count();
            let here: Vec<usize> = come.iter().copied().collect();
            let asked: Vec<&Item> = here.iter().map(|n| &chain[*n]).collect();
            for (n, status) in here.iter().zip(phone.ask(server, &asked)) {
                if *n < whole {
                    assert_eq!(status["state"], "recorded", "{order:?} {n}: {status:#?}");
                    continue;
                }
                assert_eq!(
                    (code(&status), &status["waits"]["for"]),
                    ("field.awaits_predecessor", &json!("predecessor"))
                );
                assert_eq!(
                    status["args"]["after"],
                    chain[n - 1].id.as_str(),
                    "it says what it waits for"
                );
            }
        }
        let dossier = scene.dossier(code_of(&site));
        let stands = |field: &str| fact(&dossier, field)["value"].clone();
        let wanted = |n: usize| json!(format!("{order:?} {n}"));
        assert_eq!(stands("facility_name"), wanted(3));
        assert_eq!((stands(NAMED[0]), stands(NAMED[1])), (wanted(2), wanted(3)));
        assert_eq!(
            dossier["version"].as_u64().unwrap(),
            version + 4,
            "each once"
        );
    }
}

#[test]
fn s18_photos_and_what_names_them_give_one_dossier_in_all_orders() {
    let scene = Scene::new();
    let server = &scene.server;
    let mut phone = scene.phone("hulin", "ranger@houhe");
    let site = scene.a_task(&phone);
    for (run, order) in orders().into_iter().enumerate() {
        let files: Vec<Vec<u8>> = (0..3)
            .map(|n| picture(&format!("order {run} {n}"), 600))
            .collect();
        let mut items: Vec<Item> = files
            .iter()
            .map(|f| evidence(&mut phone, &site, f))
            .collect();
        let named: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
        items.push(verification(&mut phone, &site, &named, &json!({})));
        let mut come = BTreeSet::new();
        for n in order {
            if let Some(file) = files.get(n) {
                assert_eq!(phone.send_piece(server, file, 0, file.len()).status, 201);
            }
            come.insert(n);
            let told = phone.submit(server, &[&items[n]]);
            assert_eq!(
                told[0]["state"] == "recorded",
                n < 3 || come.len() == 4,
                "{order:?} {n}: {told:#?}"
            );
            if n == 3 && come.len() < 4 {
                assert!(
                    ["field.awaits_evidence", "field.awaits_blobs"].contains(&code(&told[0])),
                    "{told:#?}"
                );
                assert!(!told[0]["text"].as_str().unwrap().is_empty());
            }
        }
        assert_eq!(
            states(&phone.ask(server, &refs(&items))),
            ["recorded"; 4],
            "{order:?}"
        );
        let said = verified(&scene.dossier(code_of(&site)));
        assert_eq!(said.iter().filter(|id| **id == items[3].id).count(), 1);
    }
}

#[test]
fn s19_the_clash_stands_on_the_one_field_alone() {
    let scene = Scene::new();
    let server = &scene.server;
    let mut phone = scene.phone("zhanzhang", "station_head@houhe");
    let site = scene.a_task(&phone);
    let version = site["version"].as_u64().unwrap();
    let first = amended(
        &mut phone,
        &site,
        &json!({ "owner_name": "手机一", "village": "高岭村" }),
    )
    .upon(version, None);
    let second = json!({ "owner_name": "手机二", "location_text": "沟口" });
    let second = amended(&mut phone, &site, &second).upon(version, Some(&first));
    let path = format!("/api/v1/sites/{}/amendments", code_of(&site));
    let desk =
        json!({ "facts": { "owner_name": "办公室" }, "reason": "营业执照", "based_on": version });
    let _ = scene.office.post(server, &path, &desk).status(200);

    let told = phone.submit(server, &[&first, &second]);
    assert_eq!(code(&told[0]), "field.clash", "{told:#?}");
    assert_eq!(
        code(&told[1]),
        "field.awaits_predecessor",
        "it is not judged before the one it follows"
    );
    let fields = |status: &Value| -> Vec<String> {
        let clashes = status["clashes"].as_array().cloned().unwrap_or_default();
        clashes
            .iter()
            .map(|c| c["field"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(fields(&told[0]), ["owner_name"]);
    let sides = &told[0]["clashes"][0];
    assert_eq!(
        (&sides["mine"], &sides["theirs"]),
        (&json!("手机一"), &json!("办公室"))
    );

    let merge =
        json!({ "choice": "merge", "values": { "owner_name": "theirs" }, "reason": "以执照为准" });
    let path = format!("/api/v1/field/items/{}/decision", first.id);
    let _ = phone.post(server, &path, &merge).status(200);
    let told = phone.ask(server, &[&first, &second]);
    assert_eq!(states(&told), ["recorded", "held"], "{told:#?}");
    assert_eq!(
        (code(&told[1]), fields(&told[1])),
        ("field.clash", vec!["owner_name".to_owned()])
    );
    let path = format!("/api/v1/field/items/{}/decision", second.id);
    let decided = phone.post(server, &path, &merge).status(200).json();
    assert_eq!(decided["state"], "recorded", "{decided:#?}");
    let dossier = scene.dossier(code_of(&site));
    let stands = |field: &str| fact(&dossier, field)["value"].clone();
    assert_eq!(stands("owner_name"), "办公室");
    assert_eq!(
        (stands("village"), stands("location_text")),
        (json!("高岭村"), json!("沟口")),
        "the rest went in"
    );
    let said = said_of(&dossier, "owner_name");
    assert!(
        said.contains(&json!("手机一")) && said.contains(&json!("手机二")),
        "all stay in the dossier: {said:?}"
    );
}

/// An edit that clashed and was refused by the office, and one made upon it; both of one phone.
fn refused_and_upon_it(scene: &Scene, phone: &mut Phone) -> (Value, Item, Item) {
    let server = &scene.server;
    let site = scene.a_task(phone);
    let version = site["version"].as_u64().unwrap();
    let first = amended(phone, &site, &json!({ "owner_name": "手机" })).upon(version, None);
    let upon = amended(phone, &site, &json!({ "village": "高岭村" })).upon(version, Some(&first));
    let path = format!("/api/v1/sites/{}/amendments", code_of(&site));
    let desk =
        json!({ "facts": { "owner_name": "办公室" }, "reason": "营业执照", "based_on": version });
    let _ = scene.office.post(server, &path, &desk).status(200);
    let told = phone.submit(server, &[&first, &upon]);
    assert_eq!(states(&told), ["held", "held"], "{told:#?}");
    let refuse = json!({ "choice": "refuse", "reason": "以执照为准" });
    assert_eq!(
        decide(server, &scene.office, &first, &refuse)["state"],
        "refused"
    );
    (site, first, upon)
}

#[test]
fn s20_work_upon_a_refused_record_is_kept_and_marked() {
    let scene = Scene::new();
    let server = &scene.server;
    let mut phone = scene.phone("zhanzhang", "station_head@houhe");
    let (site, first, upon) = refused_and_upon_it(&scene, &mut phone);
    let told = phone.ask(server, &[&first, &upon]);
    assert_eq!(states(&told), ["refused", "recorded"], "{told:#?}");
    assert_eq!(told[0]["decided"]["reason"], "以执照为准");
    assert_eq!(
        told[1]["args"]["built_on_refused"],
        first.number.to_string(),
        "marked"
    );
    let dossier = scene.dossier(code_of(&site));
    assert_eq!(fact(&dossier, "village")["value"], "高岭村");
    assert_eq!(fact(&dossier, "owner_name")["value"], "办公室");
    // What is made later upon the refused one finds its place, too.
    let version = dossier["version"].as_u64().unwrap();
    let later =
        amended(&mut phone, &site, &json!({ "location_text": "沟口" })).upon(version, Some(&first));
    let told = phone.submit(server, &[&later]);
    assert_eq!(states(&told), ["recorded"], "{told:#?}");
    assert_eq!(
        told[0]["args"]["built_on_refused"],
        first.number.to_string()
    );
}

/// Shows: a contact tells of the items of its own device alone.
#[test]
fn s20_a_refusal_shows_on_every_phone_of_the_person() {
    let scene = Scene::new();
    let server = &scene.server;
    let person = scene.person("zhanzhang", "station_head@houhe");
    let mut phone = Phone::enrol(server, &person, "zhanzhang");
    let other = Phone::enrol(server, &person, "the second phone");
    let (_, first, _) = refused_and_upon_it(&scene, &mut phone);
    for one in [&phone, &other] {
        let hello = one.contact(server, &[]).status(200).json();
        let statuses = hello["statuses"].as_array().unwrap();
        let told = statuses.iter().find(|s| s["id"] == first.id.as_str());
        assert_eq!(
            told.map(|s| &s["state"]),
            Some(&json!("refused")),
            "{statuses:#?}"
        );
    }
}

/// The same item as a phone signs it whose clock stands elsewhere: its counters run on.
fn with_clock(phone: &Phone, item: &Item, device: &str, session_ms: u64) -> Item {
    let mut entry: Value = serde_json::from_str(&item.bytes).unwrap();
    entry["stamp"]
        .as_object_mut()
        .unwrap()
        .shift_remove("signature");
    entry["clocks"] = json!({
        "device": device, "session": "9f31ac02", "session_ms": session_ms,
        "contact_at": phone.enrolled_at, "monotonic_ms": session_ms,
    });
    Item {
        bytes: phone.stamped(entry),
        ..item.clone()
    }
}

#[test]
fn s22_a_clock_set_to_1970_and_two_years_ahead_keeps_the_order_and_is_told() {
    let scene = Scene::new();
    let server = &scene.server;
    let mut phone = scene.phone("zhanzhang", "station_head@houhe");
    let site = scene.a_task(&phone);
    let version = site["version"].as_u64().unwrap();
    let at = phone.enrolled_at.clone();
    // The time claimed comes of the counter since the last contact (`clock.ts`); the wall clock says what it likes.
    let year: u64 = at[..4].parse().unwrap();
    let clocks = [
        at.clone(),
        "1970-01-01T00:00:10Z".to_owned(),
        format!("{}{}", year + 2, &at[4..]),
        at.clone(),
    ];
    let mut chain: Vec<Item> = Vec::new();
    for (n, clock) in clocks.iter().enumerate() {
        let item = amended_at(
            &mut phone,
            &site,
            &at,
            &json!({ "owner_name": format!("第{n}次") }),
        );
        let item = with_clock(&phone, &item, clock, 1_000 + n as u64);
        chain.push(item.upon(version, chain.last()));
    }
    let told = phone.submit(server, &refs(&chain));
    assert_eq!(states(&told), ["recorded"; 4], "{told:#?}");
    let dossier = scene.dossier(code_of(&site));
    assert_eq!(
        fact(&dossier, "owner_name")["value"],
        "第3次",
        "the order is the order of making"
    );
    let signed = dossier["signed"].as_array().unwrap();
    let flags = |n: usize| -> BTreeSet<&str> {
        let row = signed
            .iter()
            .find(|s| s["entry_id"] == chain[n].id.as_str())
            .unwrap();
        row["flags"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|f| f["code"].as_str())
            .collect()
    };
    assert!(flags(0).is_empty(), "{:?}", flags(0));
    assert!(
        flags(1).is_superset(&BTreeSet::from([
            "clock_drift",
            "clock_turned_back",
            "clock_before_contact"
        ])),
        "{:?}",
        flags(1)
    );
    assert!(
        flags(2).is_superset(&BTreeSet::from(["clock_drift", "clock_ahead"])),
        "{:?}",
        flags(2)
    );
    assert!(flags(3).contains("clock_turned_back"), "{:?}", flags(3));
}

#[test]
fn s22_a_phone_that_claims_the_future_itself_is_cut_at_the_registers_time_and_keeps_its_order() {
    let scene = Scene::new();
    let server = &scene.server;
    let mut phone = scene.phone("zhanzhang", "station_head@houhe");
    let site = scene.a_task(&phone);
    let version = site["version"].as_u64().unwrap();
    let year: u64 = phone.enrolled_at[..4].parse().unwrap();
    let ahead = |n: u64| format!("{}-03-0{n}T00:00:00Z", year + 2);
    // The later act claims the earlier time: the clock was set back between the two.
    let first = amended_at(&mut phone, &site, &ahead(2), &json!({ "owner_name": "先" }))
        .upon(version, None);
    let second = amended_at(&mut phone, &site, &ahead(1), &json!({ "owner_name": "后" }))
        .upon(version, Some(&first));
    let told = phone.submit(server, &[&first, &second]);
    assert_eq!(states(&told), ["recorded"; 2], "{told:#?}");
    let dossier = scene.dossier(code_of(&site));
    assert_eq!(fact(&dossier, "owner_name")["value"], "后");
    let signed = dossier["signed"].as_array().unwrap();
    for item in [&first, &second] {
        let row = signed
            .iter()
            .find(|s| s["entry_id"] == item.id.as_str())
            .unwrap();
        assert_eq!(
            row["claimed_at"], row["recorded_at"],
            "nothing happened after the register took it"
        );
    }
}

#[test]
fn s25_a_register_set_back_to_yesterday_is_told_and_gets_its_entries_again() {
    let scene = Scene::new();
    let mut phone = scene.phone("hulin", "ranger@houhe");
    let site = scene.a_task(&phone);
    let Scene {
        register, server, ..
    } = scene;
    server.stop();
    let yesterday = e2e::Register::copy_of(&register.home());
    let server = Server::start(&register);
    let items = an_act(&server, &mut phone, &site, "after the backup");
    let told = phone.submit(&server, &refs(&items));
    assert_eq!(states(&told), ["recorded"; 3]);
    server.stop();

    let server = Server::start(&yesterday);
    let kept = |s: &Value| json!({ "id": s["receipt"]["id"], "seq": s["receipt"]["seq"], "leaf_hash": s["receipt"]["leaf_hash"] });
    let kept: Vec<Value> = told.iter().map(kept).collect();
    let hello = phone.contact(&server, &kept).status(200).json();
    let shorter = hello["log_size"].as_u64() <= told[0]["receipt"]["seq"].as_u64();
    assert!(shorter, "the phone sees a log shorter than its receipts");
    let ids: Vec<&str> = items.iter().map(|i| i.id.as_str()).collect();
    assert_eq!(
        hello["unknown"],
        json!(ids),
        "the gap is told, item by item"
    );
    // Sent again, with the files that the backup lacks.
    let held = phone.submit(&server, &refs(&items));
    assert_eq!(
        held.iter().map(code).collect::<Vec<_>>(),
        ["field.awaits_blobs"; 3]
    );
    for view in ["far", "near"] {
        phone.upload(
            &server,
            &picture(&format!("after the backup {view}"), 900),
            1 << 20,
        );
    }
    let again = waits_until_recorded(&server, &phone, &items);
    let seqs: BTreeSet<u64> = again
        .iter()
        .filter_map(|s| s["receipt"]["seq"].as_u64())
        .collect();
    assert_eq!(seqs.len(), 3);
    let known: Vec<Value> = again.iter().map(|s| json!({ "id": s["id"], "seq": s["receipt"]["seq"], "leaf_hash": s["receipt"]["leaf_hash"] })).collect();
    let hello = phone.contact(&server, &known).status(200).json();
    assert_eq!(hello["unknown"], json!([]));
    server.stop();
    let _ = yesterday.verified_head();
}
