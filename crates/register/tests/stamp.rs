//! Golden vectors of the stamp (`schemas/stamp-vectors.json`): what a phone writes and signs, the register reads and verifies,
//! byte for byte. The phone's own tests read the same file. `QINGSHAN_BLESS=1` writes it anew.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::entry::Stamp;
use domain::stamp::{ALG, entry_text};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use register::{is_stamped, read_item, signed_bytes};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../schemas/stamp-vectors.json"
);
const DEVICE: &str = "01930000-0000-7000-8000-000000000009";

fn key() -> SigningKey {
    SigningKey::from_slice(&Sha256::digest(b"a key for vectors, and for nothing else")).unwrap()
}

fn public_key() -> String {
    let point = key().verifying_key().to_sec1_point(false);
    BASE64_URL_SAFE_NO_PAD.encode(point.as_bytes())
}

/// Bodies in which writers differ: numbers, escapes, order of names, what is empty.
fn bodies() -> Vec<(&'static str, Value)> {
    let at = "2026-11-26T05:58:20.1Z";
    let photo = json!({
        "sha256": "ab".repeat(32), "size_bytes": 2_411_093, "file_name": "IMG_0007.jpg", "media_type": "image/jpeg", "view": "far",
        "capture": { "at": at, "lon": 106.5307, "lat": 35.5512, "accuracy_m": 6, "provider": "browser" },
    });
    let with = |member: &str, value: Value| {
        let mut body = photo.clone();
        body[member] = value;
        body
    };
    let capture = |member: &str, value: Value| {
        let mut body = photo.clone();
        body["capture"][member] = value;
        body
    };
    vec![
        ("a photo", photo.clone()),
        (
            "whole numbers stay whole",
            capture("accuracy_m", json!(100)),
        ),
        ("a fraction", capture("accuracy_m", json!(6.5))),
        ("a small number", capture("accuracy_m", json!(0.000_001))),
        ("a smaller number", capture("accuracy_m", json!(1e-7))),
        ("a large number", capture("altitude_m", json!(1e21))),
        ("many digits", capture("lon", json!(106.530_712_345_678_9))),
        ("a negative number", capture("altitude_m", json!(-154.3))),
        ("zero", capture("accuracy_m", json!(0))),
        (
            "an instant of a whole second",
            capture("at", json!("2026-11-26T05:58:20Z")),
        ),
        (
            "an instant of a millisecond",
            capture("at", json!("2026-11-26T05:58:20.005Z")),
        ),
        ("Chinese", with("note", json!("采坑一处，设备已撤"))),
        (
            "quotes and backslashes",
            with("note", json!("\"C:\\照片\" / 现场")),
        ),
        (
            "control characters",
            with("note", json!("一\n二\t三\r\u{8}\u{c}\u{1}")),
        ),
        (
            "beyond the first plane",
            with("note", json!("😀 𠮷 \u{fb33}")),
        ),
        (
            "line separators",
            with("note", json!("\u{2028}\u{2029}\u{7f}")),
        ),
        (
            "a combining mark stays apart",
            with("note", json!("e\u{301} é")),
        ),
        ("an empty text", with("note", json!(""))),
        ("a sketch", with("sketch_of", json!("cd".repeat(32)))),
        ("a sound", with("duration_ms", json!(61_000))),
    ]
}

fn vectors() -> Value {
    let vectors: Vec<Value> = bodies()
        .into_iter()
        .enumerate()
        .map(|(n, (name, body))| {
            let entry = json!({
                "id": format!("01930000-0000-7000-8000-{:012}", n + 1),
                "stream": "site/01900000-0000-7000-8000-000000000001", "kind": "evidence.recorded", "body": body,
                "actor": "p-3fa1c09b7d20", "role": "ranger", "unit": "后河保护站", "occurred_at": "2026-11-26T05:58:23.12Z",
                "clocks": { "device": "2026-11-26T05:58:23.12Z", "contact_at": "2026-11-25T23:10:02Z", "monotonic_ms": 24_501_118,
                            "session": "9f31ac02", "session_ms": 24_512_007, "utc_offset_min": 480 },
                "stamp": { "alg": ALG, "device_id": DEVICE, "number": n + 1 },
            });
            let canonical = signed_bytes(entry.to_string().as_bytes()).unwrap();
            let signature: Signature = key().sign(&entry_text(&canonical));
            let signature = BASE64_URL_SAFE_NO_PAD.encode(signature.to_bytes());
            let hash: String = Sha256::digest(&canonical).iter().map(|b| format!("{b:02x}")).collect();
            json!({
                "name": name, "entry": entry, "canonical": String::from_utf8(canonical).unwrap(), "sha256": hash,
                "signature": signature,
            })
        })
        .collect();
    json!({ "alg": ALG, "prefix": "qingshan-entry-v1\n", "public_key": public_key(), "vectors": vectors })
}

#[test]
fn the_vectors_are_as_committed() {
    let text = format!("{:#}\n", vectors());
    if std::env::var_os("QINGSHAN_BLESS").is_some() {
        std::fs::write(FILE, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(FILE).unwrap(), text);
}

#[test]
fn every_vector_is_read_faithfully_and_its_stamp_holds_for_these_bytes_alone() {
    let committed: Value = serde_json::from_str(&std::fs::read_to_string(FILE).unwrap()).unwrap();
    let vectors = committed["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 20);
    let key = committed["public_key"].as_str().unwrap();
    for vector in vectors {
        let mut entry = vector["entry"].clone();
        entry["stamp"]["signature"] = vector["signature"].clone();
        let bytes = serde_jcs::to_vec(&entry).unwrap();
        let canonical = vector["canonical"].as_str().unwrap();
        assert_eq!(signed_bytes(&bytes).unwrap(), canonical.as_bytes());
        let read = read_item(&bytes).unwrap();
        let read = read.unwrap_or_else(|| panic!("{}", vector["name"]));
        let stamp = read.stamp.clone().unwrap();
        assert!(is_stamped(&bytes, &stamp, key), "{}", vector["name"]);
        let later = String::from_utf8(bytes.clone()).unwrap();
        let later = later.replace("05:58:23.12Z", "05:58:24.12Z");
        assert!(!is_stamped(later.as_bytes(), &stamp, key));
        let other = Stamp {
            number: stamp.number + 1,
            ..stamp.clone()
        };
        let forged = later.replace("05:58:24.12Z", "05:58:23.12Z");
        assert!(
            is_stamped(forged.as_bytes(), &other, key),
            "the number under the signature is that of the bytes"
        );
        assert!(!is_stamped(&bytes, &stamp, "BAAA"));
    }
}

#[test]
fn what_the_register_adds_is_not_signed() {
    let committed: Value = serde_json::from_str(&std::fs::read_to_string(FILE).unwrap()).unwrap();
    let mut entry = committed["vectors"][0]["entry"].clone();
    for (member, value) in [
        ("seq", json!(7)),
        ("version", json!(3)),
        ("origin", json!("node")),
        ("recorded_at", json!("2026-11-26T06:00:00Z")),
        ("based_on", json!(2)),
    ] {
        entry[member] = value;
    }
    let signed = signed_bytes(entry.to_string().as_bytes()).unwrap();
    assert_eq!(
        signed,
        committed["vectors"][0]["canonical"]
            .as_str()
            .unwrap()
            .as_bytes()
    );
    entry["origin2"] = json!("a member nobody knows");
    assert_ne!(signed_bytes(entry.to_string().as_bytes()).unwrap(), signed);
}
