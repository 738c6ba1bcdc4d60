//! The daily digest from outside: real sockets, a mail server and group robots written here, and what they receive.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use e2e::{Demonstration, Person, Register, Server};
use serde_json::{Value, json};

const SMTP_PASSWORD: &str = "geheim-smtp-7f3a9c";
const ROBOT_KEY: &str = "geheim-robot-b81c55d0";
const SIGN_SECRET: &str = "SECgeheim-sign-4410ee";
const SECRETS: [&str; 3] = [SMTP_PASSWORD, ROBOT_KEY, SIGN_SECRET];
/// Longer than the first pause after a failure.
const PATIENCE: Duration = Duration::from_secs(90);
/// So long nothing may come.
const SILENCE: Duration = Duration::from_secs(5);

/// What a robot's address was asked, and with what.
#[derive(Debug)]
struct Posted {
    target: String,
    body: Value,
}

/// A robot that answers with each of these in turn, the last again and again.
fn robot(answers: &'static [(u16, &'static str)]) -> (u16, Receiver<Posted>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (told, posted) = channel();
    std::thread::spawn(move || {
        for (at, stream) in listener.incoming().enumerate() {
            let (status, answer) = answers[at.min(answers.len() - 1)];
            // Whoever does not wait for it any more has seen enough.
            if told
                .send(answered(stream.unwrap(), status, answer))
                .is_err()
            {
                return;
            }
        }
    });
    (port, posted)
}

fn answered(stream: TcpStream, status: u16, answer: &str) -> Posted {
    let mut reader = BufReader::new(&stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let target = line.split(' ').nth(1).unwrap().to_owned();
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    write!(
        &stream,
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}",
        answer.len()
    )
    .unwrap();
    let body = serde_json::from_slice(&body).unwrap();
    Posted { target, body }
}

/// What was said to the mail server, line by line, and the letter.
type Heard = (Vec<String>, Vec<u8>);

/// A mail server that asks for a password and takes everything; what it heard, and the letters.
fn mail_server() -> (u16, Receiver<Heard>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (told, letters) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (heard, letter) = taken(&stream.unwrap());
            if !letter.is_empty() && told.send((heard, letter)).is_err() {
                return;
            }
        }
    });
    (port, letters)
}

fn taken(stream: &TcpStream) -> Heard {
    let mut reader = BufReader::new(stream);
    let say = |text: &str| {
        let mut out = stream;
        out.write_all(text.as_bytes()).unwrap();
    };
    let (mut heard, mut letter) = (Vec::new(), Vec::new());
    say("220 mail.example.org\r\n");
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap() == 0 {
            return (heard, letter);
        }
        let line = line.trim_end().to_owned();
        match line.split(' ').next().unwrap().to_uppercase().as_str() {
            "EHLO" => say("250-mail.example.org\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n"),
            "AUTH" => say("235 welcome\r\n"),
            "DATA" => {
                say("354 go on\r\n");
                loop {
                    let mut row = Vec::new();
                    reader.read_until(b'\n', &mut row).unwrap();
                    if row == b".\r\n" {
                        break;
                    }
                    letter.extend_from_slice(&row);
                }
                say("250 taken\r\n");
            }
            "QUIT" => {
                say("221 bye\r\n");
                heard.push(line);
                return (heard, letter);
            }
            _ => say("250 well\r\n"),
        }
        heard.push(line);
    }
}

fn keep(register: &Register, name: &str, text: &str) {
    let path = register.home().join(name);
    std::fs::write(&path, text).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
}

/// The demonstration with two people, told from midnight on, every day.
fn register_with(settings: &str) -> Register {
    let register = Demonstration::shared().register();
    for (login, name, post) in [
        ("baozhua", "包抓领导·后河", "area_lead@houhe"),
        ("bangongshi", "局办公室", "office"),
    ] {
        let _ = register
            .run(&["people", "add", login, name, "--post", post])
            .success();
    }
    keep(&register, "smtp.password", &format!("{SMTP_PASSWORD}\n"));
    keep(&register, "sign.secret", &format!("{SIGN_SECRET}\n"));
    keep(
        &register,
        "notices.toml",
        &format!("hour = 0\ndays = \"every\"\n{settings}"),
    );
    register
}

fn serve(register: &Register, log: &Path) -> Server {
    let url = ["--public-url", "http://qs.example.org"];
    Server::start_logging(register, &url, log)
}

fn outbox(register: &Register) -> Vec<Value> {
    let page = register.json(&["notices", "list"]);
    page["items"].as_array().unwrap().clone()
}

/// Waits until the outbox says so: what was received is noted a moment later.
fn wait_for(register: &Register, what: &str, is_so: impl Fn(&[Value]) -> bool) {
    for _ in 0..100 {
        let rows = outbox(register);
        if is_so(&rows) {
            return;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    panic!("{what}: {:?}", outbox(register));
}

fn assert_keeps_secrets(register: &Register, logs: &[&Path]) {
    let said = register.run(&["notices", "list"]).success().stdout;
    let mut texts = vec![("the outbox as told".to_owned(), said.into_bytes())];
    for log in logs {
        texts.push((log.display().to_string(), std::fs::read(log).unwrap()));
    }
    for file in ["accounts.sqlite", "accounts.sqlite-wal"] {
        let path = register.home().join(file);
        if path.exists() {
            texts.push((file.to_owned(), std::fs::read(path).unwrap()));
        }
    }
    for (name, bytes) in &texts {
        assert!(
            !bytes.is_empty() || name.ends_with("-wal"),
            "{name} is empty"
        );
        for secret in SECRETS {
            let is_told = bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
            assert!(!is_told, "{name} tells {secret}");
        }
    }
}

#[test]
fn a_digest_arrives_once_by_mail_and_by_robot_whatever_restarts() {
    let (smtp, letters) = mail_server();
    let (port, posted) = robot(&[(200, r#"{ "errcode": 0, "errmsg": "ok" }"#)]);
    let register = register_with(&format!(
        "[smtp]\nhost = \"127.0.0.1\"\nport = {smtp}\nsecurity = \"none\"\nfrom = \"qingshan@example.org\"\n\
         login = \"qingshan\"\npassword_file = \"smtp.password\"\n\
         [[mail]]\nlogin = \"baozhua\"\nto = \"houhe@example.org\"\n\
         [[webhooks]]\nname = \"局群\"\nkind = \"dingtalk\"\nlogin = \"bangongshi\"\nallow_http = true\n\
         url = \"http://127.0.0.1:{port}/robot/send?access_token={ROBOT_KEY}\"\nsecret_file = \"sign.secret\"\n"
    ));
    let logs = [register.path("first.log"), register.path("second.log")];
    let server = serve(&register, &logs[0]);

    let (heard, letter) = letters.recv_timeout(PATIENCE).unwrap();
    assert!(
        heard.iter().any(|l| l.starts_with("AUTH PLAIN ")),
        "{heard:?}"
    );
    assert!(
        heard
            .iter()
            .any(|l| l.contains("RCPT TO:<houhe@example.org>")),
        "{heard:?}"
    );
    let file = register.path("letter.eml");
    std::fs::write(&file, letter).unwrap();
    let mail = e2e::script("read_mail.py", &[&file]);
    let preview = register.json(&[
        "notices",
        "preview",
        "baozhua",
        "--public-url",
        "http://qs.example.org",
    ]);
    assert_eq!(mail["Subject"], preview["digest"]["title"]);
    assert_eq!(
        mail["text"].as_str().unwrap().replace('\r', ""),
        preview["letter"]
    );
    let text = mail["text"].as_str().unwrap();
    assert!(text.starts_with("包抓领导·后河："), "{text}");
    assert!(text.contains("http://qs.example.org/sites?"), "{text}");
    assert_eq!(mail["Auto-Submitted"], "auto-generated");
    assert_eq!(mail["defects"], json!([]));

    let post = posted.recv_timeout(PATIENCE).unwrap();
    assert!(
        post.target.starts_with("/robot/send?access_token="),
        "{}",
        post.target
    );
    assert!(
        post.target.contains("&timestamp=") && post.target.contains("&sign="),
        "{}",
        post.target
    );
    let of_office = register.json(&["notices", "preview", "bangongshi"]);
    assert_eq!(post.body["msgtype"], "markdown");
    assert_eq!(post.body["markdown"]["title"], of_office["digest"]["title"]);
    let first = &of_office["digest"]["sections"][0]["lines"][0];
    let counted = format!("**{}**", first["count"]);
    assert!(
        post.body["markdown"]["text"]
            .as_str()
            .unwrap()
            .contains(&counted),
        "{}",
        post.body
    );
    assert_ne!(
        mail["Subject"], post.body["markdown"]["title"],
        "each their own day"
    );

    let is_sent = |rows: &[Value]| rows.len() == 2 && rows.iter().all(|r| r["state"] == "sent");
    wait_for(&register, "both are sent", is_sent);
    server.stop();

    let again = serve(&register, &logs[1]);
    assert_eq!(
        posted.recv_timeout(SILENCE).err(),
        Some(RecvTimeoutError::Timeout)
    );
    assert!(letters.try_recv().is_err(), "a restart sends nothing again");
    assert!(is_sent(&outbox(&register)));
    again.stop();
    assert_keeps_secrets(&register, &[&logs[0], &logs[1]]);
}

#[test]
fn a_robot_that_refuses_is_tried_again_and_a_test_goes_out_at_once() {
    const REFUSAL: &str =
        r#"{ "errcode": 93000, "errmsg": "invalid webhook url, key=geheim-robot-b81c55d0" }"#;
    let (port, posted) = robot(&[
        (200, REFUSAL),
        (200, r#"{ "errcode": 0, "errmsg": "ok" }"#),
        (302, ""),
    ]);
    let register = register_with(&format!(
        "[[webhooks]]\nname = \"后河群\"\nkind = \"wecom\"\nlogin = \"baozhua\"\nallow_http = true\n\
         url = \"http://127.0.0.1:{port}/cgi-bin/webhook/send?key={ROBOT_KEY}\"\n"
    ));
    let log = register.path("serve.log");
    let server = serve(&register, &log);
    let first = posted.recv_timeout(PATIENCE).unwrap();
    let content = first.body["markdown"]["content"].as_str().unwrap();
    assert!(
        content.starts_with("**【青山】") && content.len() <= 4096,
        "{content}"
    );
    wait_for(&register, "it waits with its reason", |rows| {
        let error = rows[0]["error"].as_str().unwrap_or_default();
        rows[0]["state"] == "queued" && rows[0]["attempts"] == 1 && error.contains("93000")
    });
    let second = posted.recv_timeout(PATIENCE).unwrap();
    assert_eq!(first.body, second.body);
    wait_for(&register, "it is sent", |rows| {
        rows[0]["state"] == "sent" && rows[0]["attempts"] == 2 && rows[0]["error"].is_null()
    });

    let office = Person::new(&register, &server, "zhiban", "office");
    let test = json!({ "webhook": "后河群" });
    let queued = office.post(&server, "/api/v1/notices/tests", &test);
    assert_eq!(queued.status(202).json()["queued"], 1);
    let tested = posted.recv_timeout(Duration::from_secs(10)).unwrap();
    let content = tested.body["markdown"]["content"].as_str().unwrap();
    assert!(content.contains("试发"), "{content}");
    wait_for(&register, "a redirect is no way", |rows| {
        let error = rows[0]["error"].as_str().unwrap_or_default();
        rows[0]["kind"] == "test" && error.contains("302")
    });
    let page = office
        .get(&server, "/api/v1/notices?limit=1")
        .status(200)
        .json();
    assert_eq!(
        (&page["total"], &page["items"][0]["kind"]),
        (&json!(2), &json!("test"))
    );
    for _ in 0..4 {
        let _ = office
            .post(&server, "/api/v1/notices/tests", &test)
            .status(202);
    }
    let refused = office
        .post(&server, "/api/v1/notices/tests", &test)
        .status(429);
    assert_eq!(refused.json()["code"], "notices.too_many_tests");
    let mine = office
        .get(&server, "/api/v1/notices/preview")
        .status(200)
        .json();
    assert_eq!(mine["is_empty"], false);
    assert!(
        mine["letter"].as_str().unwrap().starts_with("zhiban："),
        "{mine}"
    );
    server.stop();
    assert_keeps_secrets(&register, &[&log]);
}

#[test]
fn without_settings_nothing_is_sent_and_with_faulty_ones_nothing_starts() {
    let register = Demonstration::shared().register();
    let server = Server::start(&register);
    let office = Person::new(&register, &server, "bangongshi", "office");
    let refused = office.post(
        &server,
        "/api/v1/notices/tests",
        &json!({ "login": "bangongshi" }),
    );
    assert_eq!(refused.status(400).json()["code"], "notices.not_configured");
    server.stop();
    keep(
        &register,
        "notices.toml",
        &format!(
            "[[webhooks]]\nname = \"a\"\nlogin = \"a\"\nkind = \"wecom\"\nurl = \"http://w.example.org/?key={ROBOT_KEY}\"\n"
        ),
    );
    let outcome = register.run(&["serve", "--port", "0"]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    let said = format!("{outcome:?}");
    assert!(
        said.contains("webhooks.url") && said.contains("notices.toml"),
        "{said}"
    );
    assert!(!said.contains(ROBOT_KEY), "{said}");
}
