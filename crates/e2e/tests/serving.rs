//! The served register as browsers and programs meet it: who gets in, what they see, what survives.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use std::collections::BTreeMap;

use e2e::{Demonstration, Person, Register, Server, try_log_in};
use serde_json::{Value, json};

fn served() -> (Register, Server) {
    let register = Demonstration::shared().register();
    let server = Server::start(&register);
    (register, server)
}

#[test]
fn the_first_administrator_comes_in_by_the_code_on_the_console() {
    let (register, server) = served();
    let code = server.setup_code.clone().unwrap();
    let needed = server.send("GET", "/api/v1/setup", &[], None).json();
    assert_eq!(needed["is_needed"], true);
    let set_up = |code: &str| {
        let body = json!({ "setup_code": code, "login": "guanli", "name": "系统管理员", "password": e2e::PASSWORD });
        let body = body.to_string();
        server.send(
            "POST",
            "/api/v1/setup",
            &[],
            Some(("application/json", body.as_bytes())),
        )
    };
    assert_eq!(
        set_up("wrong").status(401).json()["code"],
        "people.wrong_setup_code"
    );
    let _ = set_up(&code).status(204);
    assert_eq!(
        set_up(&code).status(400).json()["code"],
        "people.already_set_up"
    );
    let admin = Person::log_in(&server, "guanli", e2e::PASSWORD);
    let me = admin.get(&server, "/api/v1/session").status(200).json();
    assert_eq!(me["post"]["role"], "operator");
    // Looking after the program is not looking into dossiers.
    assert_eq!(
        admin.get(&server, "/api/v1/sites").status(403).json()["code"],
        "policy.role_may_not"
    );
    drop(server);
    let again = Server::start(&register);
    assert_eq!(again.setup_code, None);
}

#[test]
fn nobody_sees_anything_without_logging_in() {
    let (_register, server) = served();
    let document = server.send("GET", "/openapi.json", &[], None).json();
    let mut asked = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path = path
            .replace("{z}/{x}/{y}", "3/6/3.mvt")
            .replace("{view}", "sites")
            .replace("{layer}", "sites")
            .replace(['{', '}'], "");
        for method in methods.as_object().unwrap().keys() {
            let is_open =
                path == "/api/v1/setup" || (path == "/api/v1/session" && method == "post");
            // The log is anybody's to verify; it tells hashes alone.
            let is_open = is_open || path.starts_with("/api/v1/log/");
            // So is what it says of a file by whoever has the file; its entries need a login.
            let is_open = is_open || path == "/api/v1/evidence/sha256/proof";
            if is_open {
                continue;
            }
            let body = (method != "get").then_some(("application/json", b"{}".as_slice()));
            let answer = server.send(&method.to_uppercase(), &path, &[], body);
            assert_eq!(answer.status, 401, "{method} {path}: {}", answer.text());
            asked += 1;
        }
    }
    assert!(asked > 30, "{asked}");
    let whole = format!("/api/v1/evidence/{}/proof?full=true", "0".repeat(64));
    assert_eq!(server.send("GET", &whole, &[], None).status, 401);
    for path in ["/ogc", "/ogc/collections/sites/items", "/feeds/changes.rss"] {
        assert_eq!(server.send("GET", path, &[], None).status, 401, "{path}");
    }
}

/// Everything a station head can ask, with parameters that name another station.
const READS: [&str; 16] = [
    "/api/v1/sites?limit=1000",
    "/api/v1/sites?limit=1000&station=mawu",
    "/api/v1/sites?limit=1000&q=2019",
    "/api/v1/sites?limit=1000&as_of=2019-08-18",
    "/api/v1/ledgers/sites?limit=1000",
    "/api/v1/ledgers/sites?limit=1000&sort=-township",
    "/api/v1/ledgers/focal?limit=1000",
    "/api/v1/ledgers/verified?limit=1000",
    "/api/v1/ledgers/sites/diff?from=2019-08-18",
    "/api/v1/ledgers/sites/file?format=csv",
    "/api/v1/ledgers/sites/file?format=geojson",
    "/api/v1/statistics",
    "/api/v1/checks",
    "/api/v1/dashboard",
    "/ogc/collections/sites/items?limit=10000",
    "/feeds/changes.rss",
];

#[test]
fn a_station_head_sees_nothing_of_another_station() {
    let (register, server) = served();
    let office = Person::new(&register, &server, "bangongshi", "office");
    let head = Person::new(&register, &server, "houhe", "station_head@houhe");
    let all = office
        .get(&server, "/api/v1/sites?limit=1000")
        .status(200)
        .json();
    let items = all["items"].as_array().unwrap();
    let (own, others): (Vec<&Value>, Vec<&Value>) =
        items.iter().partition(|s| s["station_id"] == "houhe");
    assert!(
        own.len() > 20 && others.len() > 60,
        "{} {}",
        own.len(),
        others.len()
    );
    let others: Vec<&str> = others
        .iter()
        .filter_map(|s| s["site_code"].as_str())
        .collect();
    for path in READS {
        let answer = head.get(&server, path).status(200);
        let text = answer.text();
        for code in &others {
            assert!(!text.contains(code), "{path} tells of {code}");
        }
        if path.starts_with("/api/v1/sites") && !path.contains("mawu") {
            assert!(answer.json()["total"].as_u64().unwrap() > 0, "{path}");
        }
    }
    for path in ["", "/entries", "/diff?from=2019-08-18"] {
        let path = format!("/api/v1/sites/{}{path}", others[0]);
        assert_eq!(head.get(&server, &path).status, 404, "{path}");
        assert_eq!(office.get(&server, &path).status, 200, "{path}");
    }
    let elsewhere = format!("/ogc/collections/sites/items/{}", others[0]);
    assert_eq!(head.get(&server, &elsewhere).status, 404);
    for path in [
        "/api/v1/statistics?station=mawu",
        "/api/v1/checks?station=mawu",
    ] {
        assert_eq!(head.get(&server, path).status, 403, "{path}");
    }
    let file = "/api/v1/ledgers/sites/file?format=csv&station=mawu";
    assert_eq!(head.get(&server, file).status, 403);
    let amend = json!({ "facts": { "note": "越权" }, "reason": "越权更正" });
    let path = format!("/api/v1/sites/{}/amendments", others[0]);
    assert_eq!(head.post(&server, &path, &amend).status, 404);
}

#[test]
fn tiles_show_a_station_its_own_sites_only() {
    let (register, server) = served();
    let office = Person::new(&register, &server, "bangongshi", "office");
    let head = Person::new(&register, &server, "houhe", "station_head@houhe");
    let sites = office.get(&server, "/api/v1/sites?limit=1000").json();
    let mut checked = 0;
    for site in sites["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|s| s["lon"].is_number())
    {
        let (lon, lat) = (site["lon"].as_f64().unwrap(), site["lat"].as_f64().unwrap());
        let n = f64::from(1 << 16);
        let x = ((lon + 180.0) / 360.0 * n) as u32;
        let y = ((1.0 - lat.to_radians().tan().asinh() / std::f64::consts::PI) / 2.0 * n) as u32;
        let path = format!("/api/v1/tiles/sites/16/{x}/{y}.mvt");
        let code = site["site_code"].as_str().unwrap();
        let has = |person: &Person| {
            let tile = person.get(&server, &path).body;
            tile.windows(code.len()).any(|w| w == code.as_bytes())
        };
        assert!(has(&office), "{path} lacks {code}");
        assert_eq!(has(&head), site["station_id"] == "houhe", "{path} {code}");
        checked += 1;
    }
    assert!(checked > 80, "{checked}");
}

#[test]
fn a_tile_comes_coded_to_those_who_take_it() {
    let (register, server) = served();
    let office = Person::new(&register, &server, "bangongshi", "office");
    let path = "/api/v1/tiles/sites/10/814/403.mvt";
    let plain = office.get(&server, path).status(200);
    assert_eq!(plain.header("content-encoding"), None);
    let headers = [office.headers()[0], ("Accept-Encoding", "gzip, br")];
    let coded = server.send("GET", path, &headers, None).status(200);
    assert_eq!(coded.header("content-encoding"), Some("gzip"));
    assert_eq!(gunzipped(&coded.body), plain.body);
    assert_ne!(coded.header("etag"), plain.header("etag"));
}

fn gunzipped(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut child = std::process::Command::new("gzip")
        .arg("-dc")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), bytes).unwrap();
    std::io::Read::read_to_end(&mut child.stdout.take().unwrap(), &mut out).unwrap();
    assert!(child.wait().unwrap().success());
    out
}

#[test]
fn an_edit_is_an_entry_and_a_stale_one_shows_both_sides() {
    let (register, server) = served();
    let head = Person::new(&register, &server, "houhe", "station_head@houhe");
    let office = Person::new(&register, &server, "bangongshi", "office");
    let sites = head.get(&server, "/api/v1/sites").json();
    let code = sites["items"][0]["site_code"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/sites/{code}");
    let before = head.get(&server, &path).json();
    let edit = |note: &str| json!({ "facts": { "note": note }, "reason": "现场补充", "based_on": before["version"] });
    let amendments = format!("{path}/amendments");
    let no_reason = json!({ "facts": { "note": "x" }, "reason": " " });
    assert_eq!(
        head.post(&server, &amendments, &no_reason)
            .status(400)
            .json()["code"],
        "amend.reason"
    );
    let receipt = head
        .post(&server, &amendments, &edit("甲说"))
        .status(200)
        .json();
    assert!(receipt["seq"].as_u64().unwrap() > 0);
    let clash = office
        .post(&server, &amendments, &edit("乙说"))
        .status(409)
        .json();
    assert_eq!(clash["code"], "site.moved_on");
    assert_eq!(clash["details"]["clashes"][0]["wanted"], "乙说");
    assert_eq!(clash["details"]["clashes"][0]["current"], "甲说");
    let entries = head.get(&server, &format!("{path}/entries")).json();
    let last = entries.as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["kind"], "site.amended");
    let me = head.get(&server, "/api/v1/session").json();
    assert_eq!(last["actor"], me["person_id"], "an account, not a name");
    assert!(register.verified_head().0 > 0);
}

#[test]
fn anybody_asks_for_checkpoint_and_proof_and_for_nothing_else() {
    let (_register, server) = served();
    let ask = |path: &str| server.send("GET", path, &[], None);
    let note = ask("/api/v1/log/checkpoint").status(200).text();
    let size: u64 = note.lines().nth(1).unwrap().parse().unwrap();
    let proof = ask("/api/v1/log/proof?entry=1").status(200).json();
    assert_eq!(proof["size"], size);
    assert!(!proof["proof"].as_array().unwrap().is_empty());
    let beyond = format!("/api/v1/log/proof?entry={size}");
    assert!((400..500).contains(&ask(&beyond).status));
    for path in ["/api/v1/sites", "/api/v1/statistics", "/api/v1/config"] {
        assert_eq!(ask(path).status, 401, "{path}");
    }
}

#[test]
fn a_site_is_merged_with_its_clues_or_withdrawn_and_stays_readable() {
    let (register, server) = served();
    let head = Person::new(&register, &server, "houhe", "station_head@houhe");
    let office = Person::new(&register, &server, "bangongshi", "office");
    let sites = office
        .get(&server, "/api/v1/sites?limit=3&station=houhe&ledger=sites")
        .json();
    let path = |at: usize| {
        let code = sites["items"][at]["site_code"].as_str().unwrap();
        format!("/api/v1/sites/{code}")
    };
    let dossier = |path: &str| office.get(&server, path).status(200).json();
    let count = |path: &str| dossier(path)["clues"].as_array().unwrap().len();
    let (gone, stays) = (path(0), path(1));
    let together = count(&gone) + count(&stays);
    assert!(count(&gone) > 0);
    let merge = json!({ "into": sites["items"][1]["site_code"], "reason": "现场核对为同一处" });
    let merges = format!("{gone}/merges");
    assert_eq!(head.post(&server, &merges, &merge).status, 403);
    let itself = json!({ "into": sites["items"][0]["site_code"], "reason": "现场核对为同一处" });
    let refused = office.post(&server, &merges, &itself).status(400).json();
    assert_eq!(refused["code"], "merge.same");
    let _ = office.post(&server, &merges, &merge).status(200);
    assert_eq!(dossier(&gone)["state"], "merged");
    assert_eq!(
        dossier(&gone)["merged_into"],
        sites["items"][1]["site_code"]
    );
    assert_eq!((count(&gone), count(&stays)), (0, together));
    let again = office.post(&server, &merges, &merge).status(400).json();
    assert_eq!(again["code"], "merge.ended");
    let withdrawn = path(2);
    let withdrawals = format!("{withdrawn}/withdrawals");
    let nothing = json!({ "reason": "" });
    assert_eq!(office.post(&server, &withdrawals, &nothing).status, 400);
    let reason = json!({ "reason": "误登记：区外设施" });
    let _ = office.post(&server, &withdrawals, &reason).status(200);
    assert_eq!(dossier(&withdrawn)["state"], "withdrawn");
    let now = office
        .get(
            &server,
            "/api/v1/sites?limit=1000&station=houhe&ledger=sites",
        )
        .json();
    assert_eq!(
        now["total"].as_u64().unwrap() + 2,
        sites["total"].as_u64().unwrap()
    );
    assert!(register.verified_head().0 > 0);
}

#[test]
fn guessing_is_slowed_and_sessions_survive_a_restart() {
    let (register, server) = served();
    let head = Person::new(&register, &server, "houhe", "station_head@houhe");
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(try_log_in(&server, "houhe", "wrong-password").status);
    }
    assert_eq!(statuses[..4], [401, 401, 401, 401]);
    assert!(statuses[4..].contains(&429), "{statuses:?}");
    server.kill();
    let again = Server::start(&register);
    let _ = head.get(&again, "/api/v1/session").status(200);
    let csrf = again.send("DELETE", "/api/v1/session", &head.headers()[..1], None);
    assert_eq!(csrf.status(403).json()["code"], "session.csrf");
    let _ = again
        .send("DELETE", "/api/v1/session", &head.headers(), None)
        .status(204);
    assert_eq!(head.get(&again, "/api/v1/session").status, 401);
    again.stop();
}

#[test]
fn no_acknowledged_entry_is_lost_when_the_power_goes() {
    let (register, server) = served();
    let office = Person::new(&register, &server, "bangongshi", "office");
    let sites = office.get(&server, "/api/v1/sites?limit=40").json();
    let codes: Vec<String> = sites["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["site_code"].as_str().unwrap().to_owned())
        .collect();
    let acknowledged = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let (office, server, codes, acknowledged) = (&office, &server, &codes, &acknowledged);
            scope.spawn(move || {
                for round in 0.. {
                    let code = &codes[(worker * 10 + round) % codes.len()];
                    let body = json!({ "facts": { "note": format!("{worker}-{round}") }, "reason": "断电试验" });
                    let sent = server.try_send(
                        "POST",
                        &format!("/api/v1/sites/{code}/amendments"),
                        &office.headers(),
                        Some(("application/json", body.to_string().as_bytes())),
                    );
                    match sent {
                        Ok(answer) if answer.status == 200 => {
                            acknowledged.lock().unwrap().push(answer.json()["entry_id"].clone());
                        }
                        _ => break,
                    }
                }
            });
        }
        while acknowledged.lock().unwrap().len() < 60 {
            std::thread::yield_now();
        }
        let killed = std::process::Command::new("kill")
            .args(["-KILL", &server.pid().to_string()])
            .status();
        assert!(killed.unwrap().success());
    });
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(acknowledged.len() >= 60);
    let (size, _) = register.verified_head();
    let log = register.json(&["log", "show", "--from", "0", "--limit", &size.to_string()]);
    let text = log.to_string();
    for id in &acknowledged {
        assert!(
            text.contains(id.as_str().unwrap()),
            "{id} was acknowledged and is gone"
        );
    }
}

#[test]
fn dangerous_uploads_are_inert() {
    let (register, server) = served();
    let head = Person::new(&register, &server, "houhe", "station_head@houhe");
    let sites = head.get(&server, "/api/v1/sites").json();
    let code = sites["items"][0]["site_code"].as_str().unwrap();
    let path = format!("/api/v1/sites/{code}/evidence");
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>";
    let added = head.upload(&server, &path, "a.svg", svg).status(200).json();
    let sha = added["sha256"].as_str().unwrap();
    let answer = head
        .get(&server, &format!("/api/v1/blobs/{sha}"))
        .status(200);
    assert_eq!(
        answer.header("content-type"),
        Some("application/octet-stream")
    );
    assert!(
        answer
            .header("content-disposition")
            .unwrap()
            .starts_with("attachment")
    );
    assert!(
        answer
            .header("content-security-policy")
            .unwrap()
            .contains("sandbox")
    );
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.body, svg);
    assert_eq!(
        head.upload(&server, &path, "a.exe", b"MZ\x90\0\x03\0\0\0")
            .status(400)
            .json()["code"],
        "evidence.kind"
    );
    let other = Person::new(&register, &server, "mawu", "station_head@mawu");
    assert_eq!(
        other.get(&server, &format!("/api/v1/blobs/{sha}")).status,
        404
    );
}

#[test]
fn a_verification_names_no_evidence_but_that_of_its_own_site() {
    let (register, server) = served();
    let office = Person::new(&register, &server, "bangongshi", "office");
    let list = "/api/v1/sites?limit=1000&state=awaiting_verification";
    let sites = office.get(&server, list).json();
    let text = |site: &Value, name: &str| site[name].as_str().unwrap().to_owned();
    let mut sites = sites["items"].as_array().unwrap().iter();
    let first = sites.find(|s| s["station_id"].is_string()).unwrap();
    let station = text(first, "station_id");
    let elsewhere = match station.as_str() {
        "houhe" => "mawu",
        _ => "houhe",
    };
    let head = |station: &str| {
        let post = format!("station_head@{station}");
        Person::new(&register, &server, station, &post)
    };
    let (head, other) = (head(&station), head(elsewhere));
    let path = |site: &Value| format!("/api/v1/sites/{}", text(site, "site_code"));
    let own = path(first);
    let theirs = other.get(&server, "/api/v1/sites?limit=1").json();
    let elsewhere = path(&theirs["items"][0]);
    let photo = |name: &str, content: &[u8]| {
        let path = format!("{own}/evidence");
        let kept = head.upload(&server, &path, name, content).status(200);
        kept.json()["sha256"].as_str().unwrap().to_owned()
    };
    let far = photo("far.jpg", b"\xff\xd8\xff\xe0 far \xff\xd9");
    let near = photo("near.jpg", b"\xff\xd8\xff\xe0 near \xff\xd9");
    let verify = json!({ "verified_on": "2019-08-20", "team": ["甲岗", "乙岗"], "conclusion": "issue_violation",
        "lon": 106.5, "lat": 35.5, "evidence": [far, near] });
    let blob = format!("/api/v1/blobs/{far}");
    let path = format!("{elsewhere}/verifications");
    let refused = other.post(&server, &path, &verify).status(404).json();
    assert_eq!(refused["code"], "error.not_found");
    assert_eq!(other.get(&server, &blob).status, 404);
    let _ = head
        .post(&server, &format!("{own}/verifications"), &verify)
        .status(200);
    let _ = head.get(&server, &blob).status(200);
}

fn token(person: &Person, server: &Server, scope: &str) -> String {
    let body = json!({ "name": "地图程序", "scope": scope, "expires_on": tomorrow() });
    let added = person
        .post(server, "/api/v1/tokens", &body)
        .status(200)
        .json();
    added["secret"].as_str().unwrap().to_owned()
}

/// The day after today, by the machine's own calendar.
fn tomorrow() -> String {
    let out = std::process::Command::new("date")
        .args(["-d", "+2 days", "+%F"])
        .output()
        .unwrap();
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

fn ogrinfo(address: &str, more: &[&str]) -> String {
    let out = std::process::Command::new("ogrinfo")
        .args(["-ro", address])
        .args(more)
        .output()
        .expect("GDAL's ogrinfo is installed");
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(
        out.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&out.stderr)
    );
    text
}

fn feature_count(text: &str) -> u64 {
    let line = text.lines().find_map(|l| l.strip_prefix("Feature Count: "));
    line.unwrap().trim().parse().unwrap()
}

#[test]
fn gdal_reads_collections_with_a_token_and_sees_its_scope() {
    let (register, server) = served();
    let office = Person::new(&register, &server, "bangongshi", "office");
    let head = Person::new(&register, &server, "houhe", "station_head@houhe");
    let count = |person: &Person| {
        let secret = token(person, &server, "ogc");
        let address = format!("OAPIF:http://127.0.0.1:{}/ogc?token={secret}", server.port);
        let listed = ogrinfo(&address, &[]);
        for layer in ["sites", "clues", "zones", "stations", "routes", "patches"] {
            assert!(listed.contains(layer), "{layer}: {listed}");
        }
        let told = ogrinfo(&address, &["-so", "sites"]);
        assert!(told.contains("site_code"), "{told}");
        let part = ogrinfo(
            &address,
            &["-so", "sites", "-spat", "106", "35", "106.5", "35.6"],
        );
        let all = feature_count(&told);
        assert!(feature_count(&part) <= all);
        let read = ogrinfo(&address, &["-al", "sites"]);
        assert_eq!(read.matches("OGRFeature(").count() as u64, all);
        (all, read)
    };
    let (all, _) = count(&office);
    let (own, text) = count(&head);
    let listed = |person: &Person| {
        let list = person.get(&server, "/api/v1/sites?limit=0").json();
        list["total"].as_u64().unwrap()
    };
    assert_eq!((all, own), (listed(&office), listed(&head)));
    assert!(own > 0 && own < all);
    assert!(!text.contains("station_id (String) = mawu"));
}

#[test]
fn a_token_does_what_its_scope_says_and_no_more() {
    let (register, server) = served();
    let head = Person::new(&register, &server, "houhe", "station_head@houhe");
    let ask = |secret: &str, method: &str, path: &str| {
        let bearer = format!("Bearer {secret}");
        let body = (method != "GET").then_some(("application/json", b"{}".as_slice()));
        server
            .send(method, path, &[("Authorization", &bearer)], body)
            .status
    };
    let (ogc, read, write) = (
        token(&head, &server, "ogc"),
        token(&head, &server, "read"),
        token(&head, &server, "write"),
    );
    assert_eq!(ask(&ogc, "GET", "/ogc/collections"), 200);
    assert_eq!(ask(&ogc, "GET", "/api/v1/sites"), 403);
    assert_eq!(ask(&read, "GET", "/api/v1/sites"), 200);
    assert_eq!(ask(&read, "POST", "/api/v1/ledgers/sites/pastes"), 403);
    assert_eq!(
        ask(&write, "POST", "/api/v1/ledgers/sites/pastes"),
        400,
        "read, and found wanting"
    );
    assert_eq!(ask("qs_unknown", "GET", "/api/v1/sites"), 401);
    let query = format!("/api/v1/sites?token={read}");
    assert_eq!(
        server.send("GET", &query, &[], None).status,
        401,
        "not in addresses of the API"
    );
    let calendar = server.send(
        "GET",
        &format!("/feeds/deadlines.ics?token={ogc}"),
        &[],
        None,
    );
    assert!(calendar.status(200).text().contains("BEGIN:VEVENT"));
}

#[test]
fn a_token_makes_no_token_and_ends_with_the_password() {
    let (register, server) = served();
    let head = Person::new(&register, &server, "houhe", "station_head@houhe");
    let admin = Person::new(&register, &server, "guanli", "operator");
    let me = head.get(&server, "/api/v1/session").json();
    let person = format!("/api/v1/people/{}", me["person_id"].as_str().unwrap());
    let send = |secret: &str, method: &str, path: &str, body: &Value| {
        let bearer = format!("Bearer {secret}");
        let body = body.to_string();
        let body = (method != "GET").then_some(("application/json", body.as_bytes()));
        server.send(method, path, &[("Authorization", &bearer)], body)
    };
    let status = |secret: &str| send(secret, "GET", "/api/v1/sites?limit=1", &Value::Null).status;

    let first = token(&head, &server, "write");
    let renewal = json!({ "name": "续期", "scope": "write", "expires_on": tomorrow() });
    let refused = send(&first, "POST", "/api/v1/tokens", &renewal).status(403);
    assert_eq!(refused.json()["code"], "session.token_scope");
    assert_eq!(status(&first), 200);

    let fresh = "白桦-石阶-7-号亭";
    let change = json!({ "old": e2e::PASSWORD, "new": fresh });
    let _ = head
        .post(&server, "/api/v1/session/password", &change)
        .status(204);
    assert_eq!(status(&first), 401, "own password changed");

    let second = token(&head, &server, "read");
    let sessions = format!("{person}/sessions");
    let _ = admin
        .send_json(&server, "DELETE", &sessions, &json!({}))
        .status(204);
    assert_eq!(status(&second), 401, "forced logout");

    let head = Person::log_in(&server, "houhe", fresh);
    let third = token(&head, &server, "ogc");
    let collections = |secret: &str| send(secret, "GET", "/ogc/collections", &Value::Null).status;
    assert_eq!(collections(&third), 200);
    let reset = json!({ "reset_password": true });
    let _ = admin
        .send_json(&server, "PATCH", &person, &reset)
        .status(200);
    assert_eq!(collections(&third), 401, "password reset");
}

#[test]
fn an_import_goes_by_steps_and_all_or_nothing() {
    let (register, server) = served();
    let office = Person::new(&register, &server, "bangongshi", "office");
    let size = register.verified_head().0;
    let sites = office.get(&server, "/api/v1/sites?limit=1").json();
    let code = sites["items"][0]["site_code"].as_str().unwrap();
    let table = format!(
        "点位编号,设施名称,核查时间,核查人员,核查结论\n\
         {code},,2019-08-19,甲岗、乙岗,无问题\n没有这个点位,,2019-08-19,甲岗、乙岗,无问题\n"
    );
    let path = "/api/v1/imports?kind=verifications&received_on=2019-08-20";
    let uploaded = office
        .upload(&server, path, "核查.csv", table.as_bytes())
        .status(200)
        .json();
    let id = uploaded["import_id"].as_str().unwrap();
    let at = |rest: &str| format!("/api/v1/imports/{id}{rest}");
    let page = office.get(&server, &at("")).status(200).json();
    assert_eq!(page["state"], "faulty", "{page}");
    assert!(page["mapping"].as_array().unwrap().len() >= 4);
    assert!(page["diagnostics"]["total"].as_u64().unwrap() > 0);
    let refused = office.post(&server, &at("/commit"), &json!({}));
    assert_eq!(refused.status(400).json()["code"], "import.has_faults");
    assert_eq!(register.verified_head().0, size, "nothing was written");
    let marked = office.get(&server, &at("/marked")).status(200);
    assert!(marked.body.starts_with(b"PK"));
    let other = Person::new(&register, &server, "fuhe", "office");
    assert_eq!(
        other.get(&server, &at("")).status,
        404,
        "one's own uploads only"
    );
    let done = office.post(
        &server,
        &at("/commit"),
        &json!({ "leave_out_faulty": true }),
    );
    assert!(done.status(200).json()["appended"].as_u64().unwrap() > 0);
    assert_eq!(office.get(&server, &at("")).status, 404);
}

#[test]
fn a_refusal_without_words_of_its_own_is_told_as_a_problem() {
    let (_register, server) = served();
    let from_elsewhere = [("X-Forwarded-For", "192.0.2.7"), ("Accept-Language", "en")];
    let refused = server
        .send("GET", "/metrics", &from_elsewhere, None)
        .status(404);
    assert_eq!(refused.header("content-type"), Some("application/json"));
    let problem = refused.json();
    assert_eq!(problem["code"], "request.no_such_address");
    assert_eq!(problem["message"], "There is no such address");
    assert_eq!(
        problem["request_id"].as_str(),
        refused.header("x-request-id")
    );
    let head = server.send("HEAD", "/metrics", &from_elsewhere, None);
    assert_eq!((head.status, head.body.len()), (404, 0));
}

#[test]
fn answers_are_told_again_only_when_something_changed() {
    let (register, server) = served();
    let office = Person::new(&register, &server, "bangongshi", "office");
    let first = office.get(&server, "/api/v1/dashboard").status(200);
    let etag = first.header("etag").unwrap().to_owned();
    let again = |etag: &str| {
        let headers = [office.headers()[0], ("If-None-Match", etag)];
        server
            .send("GET", "/api/v1/dashboard", &headers, None)
            .status
    };
    assert_eq!(again(&etag), 304);
    let program = concat!("\"", env!("CARGO_PKG_VERSION"), "-");
    assert!(etag.contains(program), "a new program answers anew: {etag}");
    let tile = "/api/v1/tiles/sites/8/203/100.mvt";
    let before = office
        .get(&server, tile)
        .status(200)
        .header("etag")
        .unwrap()
        .to_owned();
    assert_eq!(office.get(&server, tile).header("etag").unwrap(), before);
    let sites = office
        .get(&server, "/api/v1/sites?state=awaiting_verification")
        .json();
    let code = sites["items"][0]["site_code"].as_str().unwrap();
    let photo = |name: &str, content: &[u8]| {
        let path = format!("/api/v1/sites/{code}/evidence");
        let kept = office.upload(&server, &path, name, content).status(200);
        kept.json()["sha256"].as_str().unwrap().to_owned()
    };
    let far = photo("far.jpg", b"\xff\xd8\xff\xe0 far \xff\xd9");
    let near = photo("near.jpg", b"\xff\xd8\xff\xe0 near \xff\xd9");
    let path = format!("/api/v1/sites/{code}/verifications");
    let mut verify = json!({ "verified_on": "2019-08-20", "team": ["甲岗", "乙岗"], "conclusion": "issue_violation",
        "lon": 106.5, "lat": 35.5, "evidence": [far] });
    // One photograph is not enough for the campaign's flow.
    let _ = office.post(&server, &path, &verify).status(400);
    verify["evidence"] = json!([verify["evidence"][0], near]);
    let _ = office.post(&server, &path, &verify).status(200);
    assert_eq!(again(&etag), 200);
    // The figure opens to what it counts.
    let board = office.get(&server, "/api/v1/dashboard").json();
    for figure in board["totals"]
        .as_array()
        .unwrap()
        .iter()
        .chain(board["by_state"].as_array().unwrap())
    {
        let query = figure["query"].as_str().unwrap();
        let list = office
            .get(&server, &format!("/api/v1/sites?limit=0&{query}"))
            .json();
        assert_eq!(list["total"], figure["count"], "{query}");
    }
}

/// Some of the figures counted anew from the dossiers themselves.
fn recounted(dossiers: &Value) -> Vec<(&'static str, BTreeMap<String, u64>)> {
    let counted = |key: &dyn Fn(&Value) -> String, with_excluded: bool| {
        let mut counts = BTreeMap::new();
        for dossier in dossiers.as_array().unwrap() {
            let state = dossier["state"].as_str().unwrap();
            let is_out = state == "excluded" && !with_excluded;
            if !is_out && !["merged", "withdrawn"].contains(&state) {
                *counts.entry(key(dossier)).or_insert(0) += 1;
            }
        }
        counts
    };
    let fact = |name: &'static str| {
        move |d: &Value| d["facts"][name].as_str().unwrap_or("unknown").to_owned()
    };
    let state = |d: &Value| d["state"].as_str().unwrap().to_owned();
    vec![
        ("by_state", counted(&state, true)),
        ("by_zone", counted(&fact("zone_kind"), false)),
        ("by_station", counted(&fact("station_id"), false)),
    ]
}

/// What the columns in memory say is what the dossiers say, for posts that see all and for those that do not.
#[test]
fn figures_at_once_are_those_of_the_dossiers() {
    let register = Demonstration::shared().register();
    let server = Server::start(&register);
    for (login, post) in [
        ("bangongshi", "office"),
        ("zhanzhang", "station_head@houhe"),
        ("baozhua", "area_lead@mawu"),
    ] {
        let person = Person::new(&register, &server, login, post);
        for as_of in ["now", "2019-08-18"] {
            let station = post.split_once('@').map(|(_, s)| ["--station", s]);
            let mut args = vec!["stats", "--json", "--as-of", as_of];
            args.extend(station.iter().flatten());
            let drawn = register.run_as(post, &args).success().json();
            let at_once = person
                .get(&server, &format!("/api/v1/statistics?as_of={as_of}"))
                .json();
            let figures = |told: &Value| -> Vec<Value> {
                let tables = told["tables"].as_array().unwrap().iter();
                let rows =
                    tables.flat_map(|t| t["rows"].as_array().unwrap().iter().map(move |r| (t, r)));
                rows.map(|(t, r)| json!([t["id"], r["keys"], r["count"], r["site_codes"]]))
                    .collect()
            };
            assert!(figures(&drawn).len() > 10, "{post}");
            assert_eq!(figures(&drawn), figures(&at_once), "{post} {as_of}");
            let rates = |told: &Value| -> Vec<Value> {
                let ratios = told["ratios"].as_array().unwrap().iter();
                ratios
                    .map(|r| {
                        json!([
                            r["id"],
                            r["numerator"],
                            r["denominator"],
                            r["open_site_codes"]
                        ])
                    })
                    .collect()
            };
            assert_eq!(rates(&drawn), rates(&at_once), "{post} {as_of}");
            let mut listing = vec!["sites", "--json", "--as-of", as_of];
            listing.extend(station.iter().flatten());
            let dossiers = register.run_as(post, &listing).success().json();
            let states = dossiers.as_array().unwrap().iter();
            let states: Vec<&str> = states.map(|d| d["state"].as_str().unwrap()).collect();
            let counts = |s: &&&str| !["merged", "withdrawn"].contains(*s);
            let all = states.iter().filter(counts).count();
            let looked_at = states
                .iter()
                .filter(counts)
                .filter(|s| **s != "awaiting_verification");
            assert_eq!(
                rates(&at_once)[0],
                json!([
                    "verification_rate",
                    looked_at.count(),
                    all,
                    rates(&at_once)[0][3]
                ]),
                "{post} {as_of}"
            );
            for (table, counted) in recounted(&dossiers) {
                let rows = figures(&at_once).into_iter().filter(|f| f[0] == table);
                let told: BTreeMap<String, u64> = rows
                    .map(|f| (f[1][0].as_str().unwrap().to_owned(), f[2].as_u64().unwrap()))
                    .collect();
                assert_eq!(told, counted, "{post} {as_of} {table}");
            }
        }
    }
    let office = Person::log_in(&server, "bangongshi", e2e::PASSWORD);
    let counts = office
        .get(&server, "/api/v1/counts?by=zone,activity,state")
        .json();
    let listed = office.get(&server, "/api/v1/sites?limit=1").json();
    assert_eq!(counts["total"], listed["total"]);
    let refused = office.get(&server, "/api/v1/counts?by=owner").status(400);
    assert!(refused.text().contains("query.by"));
}
