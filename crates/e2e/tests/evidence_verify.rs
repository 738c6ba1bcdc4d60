//! What anybody can find out about a file of evidence: whether the register took it, when, and that nothing was changed since.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use std::path::{Path, PathBuf};

use e2e::phone::{Item, Phone, picture, sha256};
use e2e::{Demonstration, Person, Register, Server, script};
use serde_json::{Value, json};

/// A photo taken by a phone and recorded, the proof of it, and the key of the register's node.
struct Taken {
    register: Register,
    item: Item,
    photo: PathBuf,
    proof: PathBuf,
    vkey: String,
    seq: u64,
}

fn taken() -> Taken {
    let register = Demonstration::shared().register();
    let server = Server::start(&register);
    let ranger = Person::new(&register, &server, "hulin", "ranger@houhe");
    let mut phone = Phone::enrol(&server, &ranger, "evidence");
    let sites = ranger
        .get(&server, "/api/v1/sites?limit=1&station=houhe")
        .status(200)
        .json();
    let site = &sites["items"][0];
    let file = picture("evidence", 40_000);
    phone.upload(&server, &file, 1 << 20);
    let at = phone.enrolled_at.clone();
    let hash = sha256(&file);
    let body = json!({
        "sha256": hash, "size_bytes": file.len(), "file_name": "far.jpg", "media_type": "image/jpeg", "view": "far",
        "capture": { "at": at, "lon": 106.53, "lat": 35.55, "accuracy_m": 6, "provider": "browser" },
    });
    let stream = format!("site/{}", site["site_id"].as_str().unwrap());
    let item = phone.record(&stream, "evidence.recorded", &at, body, &[&hash]);
    let told = phone.submit(&server, &[&item]);
    assert_eq!(told[0]["state"], "recorded", "{told:#?}");
    let path = format!("/api/v1/evidence/{hash}/proof");
    let open = server.send("GET", &path, &[], None).status(200).json();
    assert!(
        open["entry"].is_null(),
        "who may not read the site is told hashes alone"
    );
    let full = ranger
        .get(&server, &format!("{path}?full=true"))
        .status(200);
    let key = server
        .send("GET", "/api/v1/log/proof?entry=0", &[], None)
        .status(200)
        .json();
    server.stop();
    let (photo, proof) = (register.path("far.jpg"), register.path("far.proof.json"));
    std::fs::write(&photo, &file).unwrap();
    std::fs::write(&proof, &full.body).unwrap();
    Taken {
        item,
        photo,
        proof,
        vkey: key["verifier_key"].as_str().unwrap().to_owned(),
        seq: told[0]["receipt"]["seq"].as_u64().unwrap(),
        register,
    }
}

impl Taken {
    fn by_register(&self, photo: &Path) -> e2e::Outcome {
        let photo = photo.to_str().unwrap();
        self.register.run(&["--json", "evidence", "verify", photo])
    }

    fn by_proof(&self, photo: &Path, proof: &Path) -> e2e::Outcome {
        let [photo, proof] = [photo, proof].map(|p| p.to_str().unwrap());
        let key = self.vkey.as_str();
        let args = [
            "--json", "evidence", "verify", photo, "--proof", proof, "--vkey", key,
        ];
        self.register.run(&args)
    }

    /// The proof with something else in its entry.
    fn forged(&self, change: impl Fn(&str) -> String) -> PathBuf {
        let text = std::fs::read_to_string(&self.proof).unwrap();
        let mut proof: Value = serde_json::from_str(&text).unwrap();
        let entry = proof["entry"].as_str().unwrap();
        let changed = change(entry);
        assert_ne!(changed, entry);
        proof["entry"] = changed.into();
        let path = self.register.path("forged.proof.json");
        std::fs::write(&path, proof.to_string()).unwrap();
        path
    }
}

#[test]
fn the_original_is_told_by_the_register_and_by_the_proof_alone() {
    let taken = taken();
    let told = taken.by_register(&taken.photo).success().json();
    assert_eq!(told[0]["seq"], taken.seq);
    assert_eq!(told[0]["file_name"], "far.jpg");
    assert!(told[0]["device_id"].is_string());
    let alone = taken.by_proof(&taken.photo, &taken.proof).success().json();
    assert_eq!(alone[0]["seq"], taken.seq);
    let other = taken
        .vkey
        .replace(&taken.vkey[taken.vkey.len() - 8..], "AAAAAAA=");
    let args = [
        "--json",
        "evidence",
        "verify",
        taken.photo.to_str().unwrap(),
    ];
    let args = [
        &args[..],
        &["--proof", taken.proof.to_str().unwrap(), "--vkey", &other],
    ]
    .concat();
    assert_eq!(
        taken.register.run(&args).exits(2).json()["code"],
        "verify.checkpoint"
    );
}

#[test]
fn a_changed_pixel_is_another_file() {
    let taken = taken();
    let mut bytes = std::fs::read(&taken.photo).unwrap();
    bytes[20_000] ^= 1;
    let changed = taken.register.path("changed.jpg");
    std::fs::write(&changed, &bytes).unwrap();
    for outcome in [
        taken.by_register(&changed),
        taken.by_proof(&changed, &taken.proof),
    ] {
        let outcome = outcome.exits(1);
        let said = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(said.contains("evidence.not_taken"), "{said}");
    }
}

#[test]
fn a_changed_time_or_place_in_the_proof_does_not_hold() {
    let taken = taken();
    let earlier = taken.forged(|entry| {
        let read: Value = serde_json::from_str(entry).unwrap();
        let was = read["occurred_at"].as_str().unwrap();
        entry.replace(
            &format!("\"occurred_at\":\"{was}\""),
            &format!("\"occurred_at\":\"2018{}\"", &was[4..]),
        )
    });
    let outcome = taken.by_proof(&taken.photo, &earlier).exits(2);
    assert_eq!(outcome.json()["code"], "verify.not_in_log");
    let elsewhere = taken.forged(|entry| entry.replace("106.53", "106.63"));
    let outcome = taken.by_proof(&taken.photo, &elsewhere).exits(2);
    assert_eq!(outcome.json()["code"], "verify.not_in_log");
}

#[test]
fn a_record_changed_or_removed_in_the_register_is_found() {
    // What was changed does not hold; what was removed was, by this register, never taken.
    for (how, code, why) in [
        ("backdate", 2, "verify.not_in_log"),
        ("remove", 1, "evidence.not_taken"),
    ] {
        let taken = taken();
        let _ = taken.register.run(&["log", "verify"]).success();
        let gpkg = taken.register.home().join("register.gpkg");
        let done = script("tamper.py", &[gpkg.to_str().unwrap(), how, &taken.item.id]);
        assert_eq!(done, 1, "{how}");
        let report = taken
            .register
            .run(&["--json", "log", "verify"])
            .exits(1)
            .json();
        assert!(!report["faults"].as_array().unwrap().is_empty(), "{how}");
        let outcome = taken.by_register(&taken.photo).exits(code);
        let told = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(told.contains(why), "{how}: {told}");
        // The proof that was fetched before still tells the truth.
        let alone = taken.by_proof(&taken.photo, &taken.proof).success().json();
        assert_eq!(alone[0]["seq"], taken.seq);
    }
}
