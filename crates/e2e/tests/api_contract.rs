//! The API against its own document, by a foreign tester: no 5xx, no answer that the document does not describe.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use std::path::Path;
use std::process::Command;

use e2e::phone::Phone;
use e2e::{Demonstration, Person, Register, Server, python};
use serde_json::json;

/// Operations that only a phone's own token reaches.
const OF_PHONES: &str = "^(GET|POST|HEAD|PATCH) /api/v1/field/(contact|pack|pack/parts/\\{name\\}|blobs/\\{sha256\\}|items|rescue-files)$";

#[test]
fn schemathesis_finds_no_fault_and_no_undocumented_answer() {
    let register = Demonstration::shared().register();
    let server = Server::start(&register);
    let office = Person::new(&register, &server, "bangongshi", "office");
    let expires = Command::new("date")
        .args(["-d", "+2 days", "+%F"])
        .output()
        .unwrap();
    let expires = String::from_utf8(expires.stdout).unwrap();
    let body = json!({ "name": "schemathesis", "scope": "write", "expires_on": expires.trim() });
    let token = office
        .post(&server, "/api/v1/tokens", &body)
        .status(200)
        .json();
    let secret = token["secret"].as_str().unwrap();
    // Revoking the tester's own token, or ending everybody's sessions, would end the test.
    let left_out = format!("{OF_PHONES}| /api/v1/(setup|session|tokens/|people/[^/]+/sessions)");
    tested(
        &register,
        &server,
        secret,
        ["--exclude-name-regex", &left_out],
    );

    let head = Person::new(&register, &server, "houhe", "station_head@houhe");
    let phone = Phone::enrol(&server, &head, "schemathesis");
    tested(
        &register,
        &server,
        &phone.token,
        ["--include-name-regex", OF_PHONES],
    );
    assert!(register.verified_head().0 > 0);
}

fn tested(register: &Register, server: &Server, secret: &str, chosen: [&str; 2]) {
    let bearer = format!("Authorization: Bearer {secret}");
    let address = format!("http://127.0.0.1:{}", server.port);
    let program = python().with_file_name("schemathesis");
    let serializers = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/python"));
    let out = Command::new(program)
        .args(["run", &format!("{address}/openapi.json"), "--url", &address, "-H", &bearer])
        .args([
            "--checks",
            "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
            "--phases",
            "examples,coverage,fuzzing",
            "--max-examples",
            "8",
            "--seed",
            "2019",
        ])
        .args(chosen)
        .env("SCHEMATHESIS_HOOKS", "serializers")
        .env("PYTHONPATH", serializers)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(register.path(""))
        .output()
        .expect("schemathesis is installed by `cargo xtask test`");
    let text = String::from_utf8_lossy(&out.stdout);
    let end: String = text
        .chars()
        .rev()
        .take(16_000)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect();
    assert!(out.status.success(), "{end}");
    assert!(!end.contains("Authentication failed"), "{end}");
}
