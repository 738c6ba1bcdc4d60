//! ODK Collect as a client: the form passes ODK Validate, filled forms arrive as entries with evidence, once.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use e2e::phone::sha256;
use e2e::{Answer, Demonstration, Person, Register, Server, real_data, script};
use serde_json::{Value, json};

const FORM: &str = "/odk/forms/qingshan-verification";

/// The form of every kind of question, as the writer's own test keeps it.
fn every_kind() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../foreign/tests/snapshots/every_kind.snap.xml")
}

struct Scene {
    register: Register,
    server: Server,
    office: Person,
}

/// Somebody with ODK Collect.
struct Collector {
    basic: String,
    token: String,
}

fn scene() -> Scene {
    let register = Demonstration::shared().register();
    let server = Server::start(&register);
    let office = Person::new(&register, &server, "bangongshi", "office");
    Scene {
        register,
        server,
        office,
    }
}

fn basic(login: &str, token: &str) -> String {
    format!(
        "Basic {}",
        BASE64_STANDARD.encode(format!("{login}:{token}"))
    )
}

impl Scene {
    fn collector(&self, login: &str, post: &str) -> Collector {
        let person = Person::new(&self.register, &self.server, login, post);
        let wanted = json!({ "name": "ODK", "scope": "odk", "expires_on": in_a_month() });
        let added = person
            .post(&self.server, "/api/v1/tokens", &wanted)
            .status(200);
        let token = added.json()["secret"].as_str().unwrap().to_owned();
        Collector {
            basic: basic(login, &token),
            token,
        }
    }

    fn get(&self, collector: &Collector, path: &str) -> Answer {
        let headers = [("Authorization", collector.basic.as_str())];
        self.server.send("GET", path, &headers, None)
    }

    /// Sends a filled form with some of its files, as Collect does.
    fn send(&self, collector: &Collector, xml: &str, files: &[(&str, &[u8])]) -> Answer {
        const BORDER: &str = "x-boundary-of-the-form-x";
        let mut body = Vec::new();
        let form = [(
            "xml_submission_file",
            "form.xml",
            "text/xml",
            xml.as_bytes(),
        )];
        let files = files
            .iter()
            .map(|(name, bytes)| (*name, *name, "application/octet-stream", *bytes));
        for (part, name, kind, bytes) in form.into_iter().chain(files) {
            let head = format!(
                "--{BORDER}\r\nContent-Disposition: form-data; name=\"{part}\"; filename=\"{name}\"\r\nContent-Type: {kind}\r\n\r\n"
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{BORDER}--\r\n").as_bytes());
        let kind = format!("multipart/form-data; boundary={BORDER}");
        let headers = [("Authorization", collector.basic.as_str())];
        self.server
            .send("POST", "/odk/submission", &headers, Some((&kind, &body)))
    }

    /// A site of the list that can be verified, as a row of the CSV file.
    fn a_site(&self, collector: &Collector) -> Vec<String> {
        let list = self
            .get(collector, &format!("{FORM}/sites.csv"))
            .status(200)
            .text();
        let mut rows = list
            .lines()
            .skip(1)
            .map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
        let is_open = |row: &Vec<String>| {
            let state = self.dossier(&row[0])["state"].as_str().unwrap().to_owned();
            let open = [
                "awaiting_verification",
                "in_verification",
                "no_issue",
                "verified_with_issue",
            ];
            !row[2].is_empty() && open.contains(&state.as_str())
        };
        rows.find(is_open).unwrap()
    }

    fn dossier(&self, code: &str) -> Value {
        let path = format!("/api/v1/sites/{code}");
        self.office.get(&self.server, &path).status(200).json()
    }

    fn log_size(&self) -> u64 {
        self.register.verified_head().0
    }
}

fn in_a_month() -> String {
    let date = Command::new("date")
        .args(["-d", "+30 days", "+%F"])
        .output()
        .unwrap();
    String::from_utf8(date.stdout).unwrap().trim().to_owned()
}

/// A submission of the real data (ODK Central's JSON) as it was sent before, its answers put under the questions of our form.
struct Real {
    instance_id: String,
    ecosystem: String,
    threats: String,
    recording: String,
}

fn real() -> Real {
    let bytes = std::fs::read(real_data("field-collection/odk-central/submissions.json")).unwrap();
    let document: Value = serde_json::from_slice(&bytes).unwrap();
    let of = &document["value"][1];
    let text = |name: &str| of[name].as_str().unwrap().to_owned();
    Real {
        instance_id: text("__id"),
        ecosystem: text("local_ecosystem"),
        threats: text("threats"),
        recording: text("audio"),
    }
}

fn photo(path: &str) -> Vec<u8> {
    std::fs::read(real_data(path)).unwrap()
}

const FAR: &str = "photos/gps/HMD_Nokia_8.3_5G.jpg";
const NEAR: &str = "photos/orientation/landscape_3.jpg";
const MORE: &str = "photos/gps/IMG_5195.HEIC";

fn filled(version: &str, instance: &str, inner: &str) -> String {
    format!(
        r#"<?xml version='1.0' ?><data id="qingshan-verification" version="{version}" xmlns:orx="http://openrosa.org/xforms">{inner}<orx:meta><orx:instanceID>{instance}</orx:instanceID></orx:meta></data>"#
    )
}

fn verified(site: &[String], real: &Real) -> String {
    let (code, lat, lon) = (&site[0], &site[2], &site[3]);
    format!(
        "<place_kind>known</place_kind><site>{code}</site><verified_on>2026-11-20</verified_on><round>first</round>\
         <could_check>yes</could_check><place>{lat} {lon} 1802.5 4.5</place>\
         <team><post>后河站护林员</post></team><team><post>后河站站长</post></team><team_size>2</team_size>\
         <condition_text>{} {}</condition_text><conclusion>issue_violation</conclusion>\
         <shot_far>far.jpg</shot_far><shot_near>near.jpg</shot_near>\
         <more><view>detail</view><photo>IMG_5195.HEIC</photo><photo_note>大门</photo_note></more><voice>{}</voice>",
        real.ecosystem, real.threats, real.recording,
    )
}

#[test]
fn every_form_that_is_written_passes_odk_validate() {
    let scene = scene();
    let ranger = scene.collector("hulin", "ranger@houhe");
    let served = scene.get(&ranger, &format!("{FORM}.xml")).status(200);
    let path = scene.register.path("verification.xml");
    std::fs::write(&path, &served.body).unwrap();
    let broken = real_data("field-collection/odk-xforms/test-web-forms/xpath-unknown-function.xml");
    let every_kind = every_kind();
    let seen = script("odk_validate.py", &[&path, &every_kind, &broken]);
    // The validator is not one that takes everything.
    assert_eq!(seen["xpath-unknown-function.xml"]["valid"], false, "{seen}");
    for form in ["verification.xml", "every_kind.snap.xml"] {
        assert_eq!(seen[form]["valid"], true, "{form}: {}", seen[form]["said"]);
        assert_eq!(seen[form]["said"], "", "{form} without warnings");
    }
    let text = served.text();
    let asked = [
        "place_kind",
        "conclusion",
        "team",
        "shot_far",
        "shot_near",
        "shot_north",
        "outline",
    ];
    for name in asked {
        assert!(text.contains(&format!("/data/{name}\"")), "{name}");
    }
    // Required by the flow, told in its words; facts of the tables only where a table of the site's class takes them.
    assert!(text.contains("请填写：现场定位"), "{text}");
    assert!(
        text.contains("selected( /data/site_tables , &apos;quarry&apos;)")
            || text.contains("selected( /data/site_tables , 'quarry')"),
        "{text}"
    );
}

#[test]
fn collect_finds_form_and_sites_by_the_protocol() {
    let scene = scene();
    let ranger = scene.collector("hulin", "ranger@houhe");
    let list = scene.get(&ranger, "/odk/formList").status(200);
    assert_eq!(list.header("x-openrosa-version"), Some("1.0"));
    assert_eq!(
        list.header("x-openrosa-accept-content-length"),
        Some("104857600")
    );
    assert!(list.header("date").is_some());
    assert!(list.header("content-type").unwrap().starts_with("text/xml"));
    let list = list.text();
    let between = |text: &str, from: &str, to: &str| {
        let (_, rest) = text.split_once(from).unwrap();
        rest.split_once(to).unwrap().0.to_owned()
    };
    assert_eq!(
        between(&list, "<formID>", "</formID>"),
        "qingshan-verification"
    );
    assert_eq!(between(&list, "<name>", "</name>"), "实地核查表");
    let local = |url: &str| format!("/odk{}", url.split_once("/odk").unwrap().1);
    let form = scene.get(
        &ranger,
        &local(&between(&list, "<downloadUrl>", "</downloadUrl>")),
    );
    let form = form.status(200);
    let version = between(&list, "<version>", "</version>");
    assert!(form.text().contains(&format!(r#"version="{version}""#)));
    let manifest = scene.get(
        &ranger,
        &local(&between(&list, "<manifestUrl>", "</manifestUrl>")),
    );
    let manifest = manifest.status(200).text();
    assert_eq!(between(&manifest, "<filename>", "</filename>"), "sites.csv");
    let sites = scene.get(
        &ranger,
        &local(&between(&manifest, "<downloadUrl>", "</downloadUrl>")),
    );
    let sites = sites.status(200).text();
    // MD5 as everybody else works it out.
    let file = scene.register.path("sites.csv");
    std::fs::write(&file, &sites).unwrap();
    let md5 = Command::new("md5sum").arg(&file).output().unwrap();
    let md5 = String::from_utf8(md5.stdout).unwrap();
    let told = between(&manifest, "<hash>md5:", "</hash>");
    assert_eq!(Some(told.as_str()), md5.split(' ').next());
    // Only the caller's own.
    assert!(sites.lines().count() > 3, "{sites}");
    let all = scene
        .office
        .get(&scene.server, "/api/v1/sites?limit=1000")
        .json();
    for site in all["items"].as_array().unwrap() {
        let is_listed = sites.contains(&format!("{},", site["site_code"].as_str().unwrap()));
        assert!(!is_listed || site["station_id"] == "houhe", "{site}");
    }
    // The same with the token in the address, which goes on into the addresses told.
    let by_key = format!("/odk/key/{}/formList", ranger.token);
    let keyed = scene
        .server
        .send("GET", &by_key, &[], None)
        .status(200)
        .text();
    assert!(
        keyed.contains(&format!("/odk/key/{}/forms/", ranger.token)),
        "{keyed}"
    );
}

#[test]
fn whoever_is_not_known_is_asked_and_a_token_of_odk_opens_nothing_else() {
    let scene = scene();
    let ranger = scene.collector("hulin", "ranger@houhe");
    let send = |headers: &[(&str, &str)]| scene.server.send("GET", "/odk/formList", headers, None);
    let asked = send(&[]).status(401);
    assert!(
        asked
            .header("www-authenticate")
            .unwrap()
            .starts_with("Basic realm=\"qingshan\"")
    );
    assert_eq!(asked.header("x-openrosa-version"), Some("1.0"));
    assert!(asked.text().contains("submit_error"), "{}", asked.text());
    let wrong = [
        basic("hulin", "qs_wrong"),
        basic("bangongshi", &ranger.token),
        "Basic %%%".to_owned(),
    ];
    for wrong in wrong {
        let _ = send(&[("Authorization", &wrong)]).status(401);
    }
    let bearer = format!("Bearer {}", ranger.token);
    for path in [
        "/api/v1/sites",
        "/api/v1/field/pack",
        "/ogc",
        "/feeds/changes.rss",
    ] {
        let refused = scene
            .server
            .send("GET", path, &[("Authorization", &bearer)], None);
        assert_eq!(refused.status, 403, "{path}");
    }
    // Who verifies nowhere gets no form.
    let jubao = scene.collector("jiwei", "discipline");
    let _ = scene.get(&jubao, "/odk/formList").status(403);
}

#[test]
fn a_real_submission_with_its_files_arrives_as_an_entry_with_evidence() {
    let scene = scene();
    let ranger = scene.collector("hulin", "ranger@houhe");
    let headers = [("Authorization", ranger.basic.as_str())];
    let greeted = scene
        .server
        .send("HEAD", "/odk/submission", &headers, None)
        .status(204);
    assert!(
        greeted
            .header("location")
            .unwrap()
            .ends_with("/odk/submission")
    );
    let site = scene.a_site(&ranger);
    let real = real();
    let (far, near, more) = (photo(FAR), photo(NEAR), photo(MORE));
    // The recording itself is not among the real data; its name is.
    let voice = b"#!AMR\n of the test".as_slice();
    let xml = filled("0a1b2c3d", &real.instance_id, &verified(&site, &real));
    let before = scene.dossier(&site[0]);
    let size = scene.log_size();

    // Collect sends what is large in several requests, each with the form.
    let first = scene
        .send(
            &ranger,
            &xml,
            &[("far.jpg", &far), (&real.recording, voice)],
        )
        .status(201);
    assert!(first.text().contains("submit_success"), "{}", first.text());
    assert!(
        first.text().contains("near.jpg"),
        "what is lacking is told: {}",
        first.text()
    );
    assert_eq!(
        scene.log_size(),
        size,
        "nothing is recorded before all of it is here"
    );
    let second = scene
        .send(
            &ranger,
            &xml,
            &[("near.jpg", &near), ("IMG_5195.HEIC", &more)],
        )
        .status(201);
    assert!(second.text().contains("已入簿"), "{}", second.text());

    let dossier = scene.dossier(&site[0]);
    let verification = dossier["verifications"].as_array().unwrap().last().unwrap();
    let told = verification.to_string();
    assert_eq!(
        dossier["verifications"].as_array().unwrap().len(),
        before["verifications"].as_array().unwrap().len() + 1
    );
    assert!(
        told.contains(&format!("{} {}", real.ecosystem, real.threats)),
        "{told}"
    );
    let named: Vec<&Value> = dossier["evidence"].as_array().unwrap().iter().collect();
    for (name, bytes) in [
        ("far.jpg", &*far),
        ("near.jpg", &near),
        ("IMG_5195.HEIC", &more),
        (&real.recording, voice),
    ] {
        let hash = sha256(bytes);
        let kept = named.iter().find(|e| e["sha256"] == *hash);
        let kept = kept.unwrap_or_else(|| panic!("{name} is no evidence: {named:?}"));
        assert_eq!(kept["file_name"], name);
        assert!(told.contains(&hash), "{name} is named by the verification");
        let blob = scene
            .office
            .get(&scene.server, &format!("/api/v1/blobs/{hash}"))
            .status(200);
        assert_eq!(blob.body, bytes, "{name}, byte for byte");
    }
    let nokia = named
        .iter()
        .find(|e| e["file_name"] == "far.jpg")
        .unwrap()
        .to_string();
    assert!(
        nokia.contains("60.146"),
        "what the camera wrote is kept: {nokia}"
    );
    // The form as it was sent is kept too.
    let form = named
        .iter()
        .find(|e| e["sha256"] == *sha256(xml.as_bytes()))
        .unwrap();
    assert!(form["file_name"].as_str().unwrap().ends_with(".xml"));

    // The same again, whole or in part, changes nothing.
    let size = scene.log_size();
    for files in [&[("far.jpg", &*far)][..], &[]] {
        let again = scene.send(&ranger, &xml, files).status(201).text();
        assert!(again.contains("没有重复登记"), "{again}");
    }
    assert_eq!(scene.log_size(), size);
}

#[test]
fn an_outline_that_was_walked_is_measured() {
    let scene = scene();
    let ranger = scene.collector("hulin", "ranger@houhe");
    let site = scene.a_site(&ranger);
    let real = real();
    let (far, near, more) = (photo(FAR), photo(NEAR), photo(MORE));
    let files: [(&str, &[u8]); 4] = [
        ("far.jpg", &far),
        ("near.jpg", &near),
        ("IMG_5195.HEIC", &more),
        (&real.recording, b"#!AMR\n"),
    ];
    let (lat, lon): (f64, f64) = (site[2].parse().unwrap(), site[3].parse().unwrap());
    let corner = |x: f64, y: f64| format!("{:.6} {:.6} 0 0", lat + y * 0.0003, lon + x * 0.0003);
    let ring = [
        (-1.0, -1.0),
        (1.0, -1.0),
        (1.0, 1.0),
        (-1.0, 1.0),
        (-1.0, -1.0),
    ];
    let ring: Vec<String> = ring.iter().map(|(x, y)| corner(*x, *y)).collect();
    let outline = format!("<outline>{}</outline>", ring.join(";"));
    let inner = format!("{}{outline}", verified(&site, &real));
    let xml = filled("1", "uuid:5d1a0000-0000-4000-8000-000000000002", &inner);
    let told = scene.send(&ranger, &xml, &files).status(201).text();
    assert!(told.contains("已入簿"), "{told}");
    let dossier = scene.dossier(&site[0]);
    let facts = dossier["facts"].as_array().unwrap();
    let area = facts.iter().find(|f| f["field"] == "area_m2").unwrap();
    let (area, side) = (area["value"].as_f64().unwrap(), 0.0006);
    let expected = 111_320.0 * side * lat.to_radians().cos() * 110_950.0 * side;
    assert!(
        (area - expected).abs() < expected * 0.01,
        "{area} for {expected}"
    );
}

#[test]
fn faults_are_told_in_words_and_record_nothing() {
    let scene = scene();
    let ranger = scene.collector("hulin", "ranger@houhe");
    let site = scene.a_site(&ranger);
    let real = real();
    let size = scene.log_size();
    let (far, near, more) = (photo(FAR), photo(NEAR), photo(MORE));
    let files: [(&str, &[u8]); 4] = [
        ("far.jpg", &far),
        ("near.jpg", &near),
        ("IMG_5195.HEIC", &more),
        (&real.recording, b"#!AMR\n"),
    ];
    let good = verified(&site, &real);
    let refused = |number: u32, inner: &str, words: &str| {
        let xml = filled("1", &format!("uuid:fault-{number}"), inner);
        let answer = scene.send(&ranger, &xml, &files).status(400);
        let text = answer.text();
        assert!(
            text.contains("submit_error") && text.contains(words),
            "{words}: {text}"
        );
    };
    refused(
        1,
        &good.replace("<team><post>后河站站长</post></team>", ""),
        "两",
    );
    refused(
        2,
        &good.replace("issue_violation", "no_such_code"),
        "no_such_code",
    );
    refused(3, &good.replace("2026-11-20", "2999-01-01"), "2999-01-01");
    refused(4, &good.replace("1802.5 4.5", "x"), "位置");
    let cut = filled("1", "uuid:cut", &good).split_off(60);
    let told = scene.send(&ranger, &cut, &files).status(400).text();
    assert!(told.contains("损坏"), "{told}");
    let other = filled("1", "uuid:other", &good).replace("qingshan-verification", "somebody-elses");
    let told = scene.send(&ranger, &other, &files).status(400).text();
    assert!(told.contains("somebody-elses"), "{told}");
    // A site of another station is not there.
    let mawu = scene.collector("mawu", "ranger@mawu");
    let theirs = filled("1", "uuid:theirs", &good);
    let _ = scene.send(&mawu, &theirs, &files).status(404);
    assert_eq!(scene.log_size(), size);
}

#[test]
fn a_new_place_comes_as_a_clue_with_its_photos() {
    let scene = scene();
    let head = scene.collector("houhe", "station_head@houhe");
    let site = scene.a_site(&head);
    let far = photo(FAR);
    let inner = format!(
        "<place_kind>new</place_kind><new_name>新建采石点甲</new_name><verified_on>2026-11-21</verified_on><could_check>yes</could_check>\
         <place>{} {} 0 0</place><team><post>站长</post></team><team><post>护林员</post></team>\
         <condition_text>新开挖面</condition_text><conclusion>issue_violation</conclusion><shot_far>far.jpg</shot_far>",
        site[2], site[3]
    );
    let xml = filled("1", "uuid:5d1a0000-0000-4000-8000-000000000001", &inner);
    let told = scene
        .send(&head, &xml, &[("far.jpg", &far)])
        .status(201)
        .text();
    assert!(told.contains("已入簿"), "{told}");
    let clues = scene
        .office
        .get(&scene.server, "/api/v1/clues?limit=1000")
        .status(200)
        .json();
    let clues = clues["items"].as_array().unwrap();
    let own: Vec<&Value> = clues
        .iter()
        .filter(|c| c.to_string().contains("新建采石点甲"))
        .collect();
    assert_eq!(own.len(), 1, "{own:?}");
    assert!(own[0].to_string().contains("field_survey"), "{}", own[0]);
    let size = scene.log_size();
    let again = scene
        .send(&head, &xml, &[("far.jpg", &far)])
        .status(201)
        .text();
    assert!(again.contains("没有重复登记"), "{again}");
    assert_eq!(scene.log_size(), size);
}
