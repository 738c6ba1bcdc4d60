//! A phone as the register sees one: a key that never leaves it, an outbox, signed entries, files in pieces.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::server::{Answer, Person, Server};

/// A phone in somebody's hand.
#[derive(Debug, Clone)]
pub struct Phone {
    pub device_id: String,
    pub token: String,
    /// Holder, post and stations, as the register told them.
    pub me: Value,
    /// The register's time when it was enrolled.
    pub enrolled_at: String,
    key: SigningKey,
    number: u64,
    seed: String,
}

/// An entry as it waits on the phone.
#[derive(Debug, Clone)]
pub struct Item {
    pub id: String,
    pub number: u64,
    pub bytes: String,
    pub blobs: Vec<String>,
    pub based_on: Option<u64>,
    pub after: Option<String>,
}

impl Item {
    /// As it goes over the wire.
    #[must_use]
    pub fn submitted(&self) -> Value {
        let mut item = json!({ "bytes": self.bytes, "blobs": self.blobs });
        if let Some(version) = self.based_on {
            item["based_on"] = version.into();
        }
        if let Some(after) = &self.after {
            item["after"] = after.as_str().into();
        }
        item
    }

    /// Made upon a version of its stream, after another entry of the phone.
    #[must_use]
    pub fn upon(mut self, version: u64, after: Option<&Item>) -> Self {
        self.based_on = Some(version);
        self.after = after.map(|i| i.id.clone());
        self
    }
}

/// Lower-case hexadecimal SHA-256.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|b| format!("{b:02x}")).collect()
}

/// JSON as RFC 8785 writes it; the tests' numbers are written the same by everybody.
#[must_use]
pub fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
            sorted.sort_by(|a, b| a.0.encode_utf16().cmp(b.0.encode_utf16()));
            let members: Vec<String> = sorted
                .into_iter()
                .map(|(k, v)| format!("{}:{}", Value::String(k.clone()), canonical(v)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        scalar => scalar.to_string(),
    }
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let digits = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
    (0..hex.len()).step_by(2).map(digits).collect()
}

/// Root hash that a leaf and a proof of inclusion lead to (RFC 9162, 2.1.3.2); the leaf's place is its position in a log of
/// a size. Nothing where the proof is of another length.
#[must_use]
pub fn root_by_proof(leaf_hash: &str, place: (u64, u64), proof: &[String]) -> Option<String> {
    let (mut at, mut last) = (place.0, place.1.checked_sub(1)?);
    let mut root = leaf_hash.to_owned();
    for hash in proof {
        if last == 0 {
            return None;
        }
        let is_right = at % 2 == 1 || at == last;
        let (left, right) = if is_right {
            (hash, &root)
        } else {
            (&root, hash)
        };
        root = sha256(&[&[1], &*bytes_of(left), &*bytes_of(right)].concat());
        while is_right && at % 2 == 0 && at != 0 {
            (at, last) = (at / 2, last / 2);
        }
        (at, last) = (at / 2, last / 2);
    }
    (last == 0).then_some(root)
}

/// A picture of so many bytes, another one for every seed.
#[must_use]
pub fn picture(seed: &str, size: usize) -> Vec<u8> {
    let mut bytes = b"\xff\xd8\xff\xe0".to_vec();
    let mut block = Sha256::digest(seed.as_bytes());
    while bytes.len() < size {
        bytes.extend_from_slice(&block);
        block = Sha256::digest(block);
    }
    bytes.truncate(size);
    bytes
}

impl Phone {
    /// Makes a key and enrols it for a person; the seed makes it another phone.
    #[must_use]
    pub fn enrol(server: &Server, person: &Person, seed: &str) -> Self {
        let mut phone = Self::unknown(seed);
        let answer = phone.ask_to_enrol(server, person).status(201).json();
        phone.token = answer["token"].as_str().expect("a token").to_owned();
        phone.enrolled_at = answer["server_time"].as_str().expect("a time").to_owned();
        phone.me = answer["me"].clone();
        phone
    }

    /// A phone that no register knows.
    #[must_use]
    pub fn unknown(seed: &str) -> Self {
        let key = SigningKey::from_slice(&Sha256::digest(seed.as_bytes())).expect("a key");
        Self {
            device_id: uuid(&format!("{seed} device")),
            token: String::new(),
            me: Value::Null,
            enrolled_at: String::new(),
            key,
            number: 0,
            seed: seed.to_owned(),
        }
    }

    /// The request of an enrolment, whatever comes of it.
    #[must_use]
    pub fn ask_to_enrol(&self, server: &Server, person: &Person) -> Answer {
        let [_, (_, csrf)] = person.headers();
        let proof = format!("qingshan-enrol-v1\n{}\n{csrf}", self.device_id);
        let point = self.key.verifying_key().to_sec1_point(false);
        let request = json!({
            "device_id": self.device_id, "alg": "ES256",
            "public_key": BASE64_URL_SAFE_NO_PAD.encode(point.as_bytes()),
            "proof": self.sign(&proof), "app_version": "0.6.0",
            "storage": { "quota": 10_800_000_000_u64, "usage": 9_000_000, "is_persisted": true, "is_installed": true },
        });
        person.post(server, "/api/v1/field/devices", &request)
    }

    /// The head of a rescue file of this phone, signed by another or by itself; no frame follows.
    #[must_use]
    pub fn rescue_head(&self, register: &Value, signed_by: &Phone) -> Vec<u8> {
        let point = register["rescue_key"].as_str().expect("a key");
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(point).expect("base64url");
        let at = &self.enrolled_at;
        let text = format!("qingshan-rescue-v1\n{}\n{at}\n{point}", self.device_id);
        let head = json!({
            "register": register["name"], "rescue_key_sha256": sha256(&bytes), "device_id": self.device_id,
            "sealed_at": at, "enc": point, "signature": signed_by.sign(&text),
        });
        format!("QSRESCUE1\n{head}\n").into_bytes()
    }

    fn sign(&self, text: &str) -> String {
        let signature: Signature = self.key.sign(text.as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(signature.to_bytes())
    }

    /// Makes and signs an entry that claims to be of an instant.
    #[must_use]
    pub fn record(
        &mut self,
        stream: &str,
        kind: &str,
        at: &str,
        body: Value,
        blobs: &[&str],
    ) -> Item {
        self.number += 1;
        let id = uuid(&format!("{} {}", self.seed, self.number));
        let text = |member: &str| self.me[member].as_str().unwrap_or_default().to_owned();
        let entry = json!({
            "id": id, "stream": stream, "kind": kind, "body": body,
            "actor": text("person_id"), "role": text("role"), "unit": text("unit"), "occurred_at": at,
            "clocks": { "device": at, "session": "9f31ac02", "session_ms": 1200 + self.number },
            "stamp": { "alg": "ES256", "device_id": self.device_id, "number": self.number },
        });
        Item {
            bytes: self.stamped(entry),
            number: self.number,
            id,
            blobs: blobs.iter().map(|b| (*b).to_owned()).collect(),
            based_on: None,
            after: None,
        }
    }

    /// The canonical text of an entry with the signature in its stamp.
    #[must_use]
    pub fn stamped(&self, mut entry: Value) -> String {
        let signed = format!("qingshan-entry-v1\n{}", canonical(&entry));
        entry["stamp"]["signature"] = self.sign(&signed).into();
        canonical(&entry)
    }

    /// Any request with the phone's token.
    #[must_use]
    pub fn send(
        &self,
        server: &Server,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<(&str, &[u8])>,
    ) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let headers = [&[("Authorization", bearer.as_str())], headers].concat();
        server.send(method, path, &headers, body)
    }

    /// Reads an address.
    #[must_use]
    pub fn get(&self, server: &Server, path: &str) -> Answer {
        self.send(server, "GET", path, &[], None)
    }

    /// Sends JSON.
    #[must_use]
    pub fn post(&self, server: &Server, path: &str, body: &Value) -> Answer {
        let text = body.to_string();
        let body = Some(("application/json", text.as_bytes()));
        self.send(server, "POST", path, &[], body)
    }

    /// Says hello, with the receipts it keeps.
    #[must_use]
    pub fn contact(&self, server: &Server, kept: &[Value]) -> Answer {
        let said = json!({
            "app_version": "0.6.0", "device_now": self.enrolled_at, "session": "9f31ac02", "session_ms": 1200,
            "unsent": { "evidence.recorded": 2 }, "kept": kept,
            "storage": { "quota": 10_800_000_000_u64, "usage": 9_000_000, "is_persisted": true, "is_installed": true },
        });
        self.post(server, "/api/v1/field/contact", &said)
    }

    /// Sends items; where each of them stands.
    #[must_use]
    pub fn submit(&self, server: &Server, items: &[&Item]) -> Vec<Value> {
        let items: Vec<Value> = items.iter().map(|i| i.submitted()).collect();
        let answer = self.post(server, "/api/v1/field/items", &json!({ "items": items }));
        let answer = answer.status(200).json();
        answer["results"].as_array().expect("results").clone()
    }

    /// Where items stand now.
    #[must_use]
    pub fn ask(&self, server: &Server, items: &[&Item]) -> Vec<Value> {
        let ids: Vec<&str> = items.iter().map(|i| i.id.as_str()).collect();
        let path = format!("/api/v1/field/items?ids={}", ids.join(","));
        let answer = self.get(server, &path).status(200).json();
        answer["results"].as_array().expect("results").clone()
    }

    /// How much of a file the register has: bytes here, bytes in all.
    #[must_use]
    pub fn standing(&self, server: &Server, sha256: &str) -> Option<(usize, usize)> {
        let path = format!("/api/v1/field/blobs/{sha256}");
        let answer = self.send(server, "HEAD", &path, &[], None);
        let number = |name: &str| answer.header(name)?.parse().ok();
        match answer.status {
            404 => None,
            _ => Some((number("upload-offset")?, number("upload-length")?)),
        }
    }

    /// Sends one piece of a file.
    #[must_use]
    pub fn send_piece(&self, server: &Server, whole: &[u8], from: usize, to: usize) -> Answer {
        self.send_bytes(
            server,
            &sha256(whole),
            whole.len(),
            from,
            &whole[from..to],
            None,
        )
    }

    /// Sends bytes as a piece, under any name and digest.
    #[must_use]
    pub fn send_bytes(
        &self,
        server: &Server,
        sha256: &str,
        length: usize,
        offset: usize,
        bytes: &[u8],
        digest: Option<&str>,
    ) -> Answer {
        let own = format!(
            "sha-256=:{}:",
            BASE64_STANDARD.encode(Sha256::digest(bytes))
        );
        let (offset, length) = (offset.to_string(), length.to_string());
        let headers = [
            ("Upload-Offset", offset.as_str()),
            ("Upload-Length", length.as_str()),
            ("Content-Digest", digest.unwrap_or(&own)),
        ];
        let path = format!("/api/v1/field/blobs/{sha256}");
        let body = Some(("application/offset+octet-stream", bytes));
        self.send(server, "PATCH", &path, &headers, body)
    }

    /// Sends a file in pieces, from where the register stands.
    pub fn upload(&self, server: &Server, whole: &[u8], piece: usize) {
        let mut at = self
            .standing(server, &sha256(whole))
            .map_or(0, |(have, _)| have);
        while at < whole.len() {
            let to = (at + piece).min(whole.len());
            let answer = self.send_piece(server, whole, at, to);
            assert!(matches!(answer.status, 201 | 204), "{}", answer.text());
            at = to;
        }
    }
}

/// A UUID in the shape of version 7 that follows from a text.
#[must_use]
pub fn uuid(seed: &str) -> String {
    let mut hex = sha256(seed.as_bytes());
    hex.replace_range(12..13, "7");
    hex.replace_range(16..17, "8");
    format!(
        "0193{}-{}-{}-{}-{}",
        &hex[4..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..32]
    )
}
