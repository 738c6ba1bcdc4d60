//! The program while it serves: started on a free port, asked over HTTP, ended with the test.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::program::Register;

/// A register being served.
#[derive(Debug)]
pub struct Server {
    child: Child,
    pub port: u16,
    /// Lets the first administrator in, while there is nobody.
    pub setup_code: Option<String>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| {
            panic!(
                "{}: {e}: {}",
                self.status,
                String::from_utf8_lossy(&self.body)
            )
        })
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(n, _)| n == name);
        found.map(|(_, v)| v.as_str())
    }

    /// The answer, which must have this status.
    #[must_use]
    pub fn status(self, wanted: u16) -> Self {
        assert_eq!(self.status, wanted, "{}", self.text());
        self
    }
}

impl Server {
    /// Serves a register on a free port.
    #[must_use]
    pub fn start(register: &Register) -> Self {
        Self::start_with(register, &[])
    }

    /// The same with further arguments.
    #[must_use]
    pub fn start_with(register: &Register, more: &[&str]) -> Self {
        Self::start_telling(register, more, Stdio::null(), None)
    }

    /// The same; the program's log, with all there is to say, goes to a file.
    #[must_use]
    pub fn start_logging(register: &Register, more: &[&str], log: &Path) -> Self {
        let log = File::create(log).expect("a log can be made");
        Self::start_telling(register, more, log.into(), Some("trace"))
    }

    fn start_telling(
        register: &Register,
        more: &[&str],
        log: Stdio,
        log_level: Option<&str>,
    ) -> Self {
        let args = [&["--json", "serve", "--port", "0"], more].concat();
        let mut command = register.command("office", &args);
        if let Some(level) = log_level {
            command.env("QINGSHAN_LOG", level);
        }
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the program starts");
        let stdout = child.stdout.take().expect("standard output is a pipe");
        let mut text = String::new();
        let mut lines = BufReader::new(stdout);
        let ready = loop {
            let read = lines.read_line(&mut text).expect("a pipe can be read");
            assert!(read > 0, "the server ended before it was ready: {text}");
            if let Ok(value) = serde_json::from_str::<Value>(&text) {
                break value;
            }
        };
        Self {
            child,
            port: u16::try_from(ready["port"].as_u64().expect("a port is told"))
                .expect("a port is a port"),
            setup_code: ready["setup_code"].as_str().map(str::to_owned),
        }
    }

    /// The process, for signals.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a power cut would.
    pub fn kill(mut self) {
        self.child.kill().expect("a child can be killed");
        let _ = self.child.wait();
    }

    /// Asks it to end, and waits until it did.
    pub fn stop(mut self) {
        let sent = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        assert!(sent.is_ok_and(|s| s.success()));
        let status = self.child.wait().expect("a child ends");
        assert!(status.success(), "{status}");
    }

    /// Sends one request over a connection of its own.
    #[must_use]
    pub fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<(&str, &[u8])>,
    ) -> Answer {
        self.try_send(method, path, headers, body)
            .unwrap_or_else(|e| panic!("{method} {path}: {e}"))
    }

    /// The same; the connection may break.
    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<(&str, &[u8])>,
    ) -> std::io::Result<Answer> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(120)))?;
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n",
            self.port
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let (kind, content) = body.unwrap_or(("", b""));
        if body.is_some() {
            head.push_str(&format!("Content-Type: {kind}\r\n"));
        }
        head.push_str(&format!("Content-Length: {}\r\n\r\n", content.len()));
        stream.write_all(head.as_bytes())?;
        stream.write_all(content)?;
        let mut raw = Vec::new();
        stream.read_to_end(&mut raw)?;
        answer(&raw).ok_or_else(|| std::io::Error::other("the answer is no HTTP"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone after this.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn answer(raw: &[u8]) -> Option<Answer> {
    let end = raw.windows(4).position(|w| w == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&raw[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|l| l.split_once(':'))
        .map(|(n, v)| (n.trim().to_lowercase(), v.trim().to_owned()))
        .collect();
    let rest = &raw[end + 4..];
    let is_chunked = headers
        .iter()
        .any(|(n, v)| n == "transfer-encoding" && v.contains("chunked"));
    let body = if is_chunked {
        dechunked(rest)?
    } else {
        rest.to_vec()
    };
    Some(Answer {
        status,
        headers,
        body,
    })
}

fn dechunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|w| w == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..end]).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        rest = rest.get(end + 2..)?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size + 2..)?;
    }
}

/// Somebody logged in, in one post.
#[derive(Debug, Clone)]
pub struct Person {
    cookie: String,
    csrf: String,
}

/// A password the tests' people choose.
pub const PASSWORD: &str = "松林-石窟-3-号棚";

impl Person {
    /// Adds an account for a post by the command line, logs in and changes the one-time password.
    #[must_use]
    pub fn new(register: &Register, server: &Server, login: &str, post: &str) -> Self {
        let added = register.json(&["people", "add", login, login, "--post", post]);
        let once = added["one_time_password"].as_str().expect("a password");
        let person = Self::log_in(server, login, once);
        let change = serde_json::json!({ "old": once, "new": PASSWORD });
        let _ = person
            .post(server, "/api/v1/session/password", &change)
            .status(204);
        person
    }

    /// Logs in.
    #[must_use]
    pub fn log_in(server: &Server, login: &str, password: &str) -> Self {
        let answer = try_log_in(server, login, password).status(200);
        let cookie = answer.header("set-cookie").expect("a cookie is set");
        Self {
            cookie: cookie.split(';').next().unwrap_or_default().to_owned(),
            csrf: answer.json()["csrf_token"]
                .as_str()
                .expect("a token")
                .to_owned(),
        }
    }

    /// Reads an address.
    #[must_use]
    pub fn get(&self, server: &Server, path: &str) -> Answer {
        server.send("GET", path, &[("Cookie", &self.cookie)], None)
    }

    /// Sends JSON.
    #[must_use]
    pub fn post(&self, server: &Server, path: &str, body: &Value) -> Answer {
        self.send_json(server, "POST", path, body)
    }

    /// Sends JSON by some method.
    #[must_use]
    pub fn send_json(&self, server: &Server, method: &str, path: &str, body: &Value) -> Answer {
        let headers = self.headers();
        server.send(
            method,
            path,
            &headers,
            Some(("application/json", body.to_string().as_bytes())),
        )
    }

    /// Headers of a request that changes something.
    #[must_use]
    pub fn headers(&self) -> [(&str, &str); 2] {
        [("Cookie", &self.cookie), ("X-CSRF-Token", &self.csrf)]
    }

    /// Sends a file in a form.
    #[must_use]
    pub fn upload(&self, server: &Server, path: &str, name: &str, content: &[u8]) -> Answer {
        const BORDER: &str = "x-boundary-of-the-form-x";
        let mut body = format!(
            "--{BORDER}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        )
        .into_bytes();
        body.extend_from_slice(content);
        body.extend_from_slice(format!("\r\n--{BORDER}--\r\n").as_bytes());
        let kind = format!("multipart/form-data; boundary={BORDER}");
        server.send("POST", path, &self.headers(), Some((&kind, &body)))
    }
}

/// Tries a password.
#[must_use]
pub fn try_log_in(server: &Server, login: &str, password: &str) -> Answer {
    let body = serde_json::json!({ "login": login, "password": password }).to_string();
    server.send(
        "POST",
        "/api/v1/session",
        &[],
        Some(("application/json", body.as_bytes())),
    )
}
