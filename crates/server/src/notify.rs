//! 通知发送 — looks once a minute whether the day's digests are to be queued and what waits in the outbox, and sends it by
//! mail and to group robots; never in a request.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use app::Error;
use app::diagnostic::Diagnostic;
use app::messages::{Language, Messages};
use app::notices::{
    self, MailRecipient, MailServer, NoticeSettings, Outgoing, Recipient, Security, Undelivered,
    Webhook,
};
use app::people::Accounts;
use base64::Engine;
use domain::dossier::civil_day;
use jiff::Timestamp;
use jiff::civil::Date;
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use serde::Deserialize;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::desk::Desk;

/// How often it is looked whether the hour has come.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// How often while the register is being read into memory.
const WHILE_LOADING: Duration = Duration::from_secs(2);
/// Looking again at once would not help.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
/// One sending takes no longer.
const LONGEST_SENDING: Duration = Duration::from_secs(30);
const LONGEST_CONNECTING: Duration = Duration::from_secs(10);
/// The end of the program waits so long for what is being sent, lest it be sent again.
const LONGEST_FAREWELL: Duration = Duration::from_secs(10);
/// Bytes of an answer that are read.
const LONGEST_ANSWER: usize = 64 << 10;

/// 通知员 — queues and sends, on a connection to the accounts of its own.
pub(crate) struct Notifier {
    desk: Desk,
    settings: Arc<NoticeSettings>,
    accounts: Arc<Mutex<Accounts>>,
    sender: Arc<Sender>,
    /// Day whose digests are all in the outbox.
    queued_on: Option<Date>,
    /// The register is still being read into memory; digests wait for that.
    is_loading: bool,
}

/// A notifier at work.
pub(crate) struct Running {
    stop: watch::Sender<bool>,
    work: JoinHandle<()>,
}

impl Running {
    pub(crate) fn start(notifier: Notifier) -> Self {
        let (stop, told) = watch::channel(false);
        Self {
            stop,
            work: tokio::spawn(notifier.run(told)),
        }
    }

    /// Ends it once what is being sent is sent.
    pub(crate) async fn stop(mut self) {
        // Whoever listens is the work; if it has ended, there is nothing to stop.
        let _ = self.stop.send(true);
        if tokio::time::timeout(LONGEST_FAREWELL, &mut self.work)
            .await
            .is_err()
        {
            self.work.abort();
        }
    }
}

impl Notifier {
    /// The notifier of a desk whose folder says who is to be told; a fault in that stops the start.
    pub(crate) fn of(desk: &Desk) -> Result<Option<Self>, Error> {
        let Some(settings) = desk.notices() else {
            return Ok(None);
        };
        let messages = Arc::clone(desk.messages(Language::Chinese));
        Ok(Some(Self {
            desk: desk.clone(),
            settings: Arc::clone(settings),
            accounts: Arc::new(Mutex::new(Accounts::open(desk.home())?)),
            sender: Arc::new(Sender::new(settings, messages)?),
            queued_on: None,
            is_loading: false,
        }))
    }

    async fn run(mut self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            self.queue().await;
            self.send_due(&stop).await;
            let pause = self.pause().await;
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.desk.outbox_bell().notified() => {}
                // An error means that nobody can tell it to stop any more: the program ends.
                _ = stop.changed() => {}
            }
        }
    }

    /// Puts the day's digests into the outbox when the hour has come.
    async fn queue(&mut self) {
        let now = self.desk.now();
        let today = civil_day(now);
        self.is_loading = false;
        if self.queued_on == Some(today) || !self.settings.is_time(now) {
            return;
        }
        let (desk, settings) = (self.desk.clone(), Arc::clone(&self.settings));
        let queued = self
            .with_accounts(move |accounts| {
                notices::forget_old(accounts, now)?;
                let queued = notices::queue_digests(accounts, &settings, now, |person| {
                    desk.digest_of(person, Language::Chinese)
                });
                match queued {
                    Err(Error::Loading) => Ok(None),
                    other => other.map(Some),
                }
            })
            .await;
        self.is_loading = queued == Some(None);
        if let Some(count) = queued.flatten() {
            self.queued_on = Some(today);
            tracing::info!(count, "the day's digests are queued");
        }
    }

    /// Sends what is due, some at a time, until nothing is or the program ends.
    async fn send_due(&self, stop: &watch::Receiver<bool>) {
        while !*stop.borrow() {
            let (settings, now) = (Arc::clone(&self.settings), self.desk.now());
            let due = self
                .with_accounts(move |accounts| notices::take_due(accounts, &settings, now))
                .await
                .unwrap_or_default();
            if due.is_empty() {
                return;
            }
            let mut sending = JoinSet::new();
            for outgoing in due {
                let sender = Arc::clone(&self.sender);
                sending.spawn(async move {
                    let outcome = sender.send(&outgoing, now).await;
                    (outgoing, outcome)
                });
            }
            while let Some(done) = sending.join_next().await {
                // A panic in it is reported by its own hook; the notice is tried again when its lease ends.
                if let Ok((outgoing, outcome)) = done {
                    self.note(outgoing, outcome).await;
                }
            }
        }
    }

    async fn note(&self, outgoing: Outgoing, outcome: Result<(), Undelivered>) {
        let channel = outgoing.recipient.channel();
        let (id, attempts) = (outgoing.notice_id, outgoing.attempts);
        match &outcome {
            Ok(()) => tracing::info!(notice.id = id, notice.channel = channel, "a notice is sent"),
            Err(fault) => tracing::warn!(
                notice.id = id,
                notice.channel = channel,
                notice.attempts = attempts,
                notice.error = fault.code,
                cause = self.settings.scrubbed(&fault.cause),
                "a notice could not be sent"
            ),
        }
        let (settings, now) = (Arc::clone(&self.settings), self.desk.now());
        self.with_accounts(move |accounts| {
            notices::note_outcome(accounts, &settings, &outgoing, &outcome, now)
        })
        .await;
    }

    /// Until something is due, and no longer than the clock may be left alone.
    async fn pause(&self) -> Duration {
        let now = self.desk.now();
        let next = self
            .with_accounts(|accounts| accounts.next_notice_at().map_err(Error::from))
            .await
            .flatten();
        let until = next.map_or(LOOK_EVERY, |next| {
            Duration::try_from(next.duration_since(now)).unwrap_or_default()
        });
        let longest = if self.is_loading {
            WHILE_LOADING
        } else {
            LOOK_EVERY
        };
        until.clamp(SHORTEST_PAUSE, longest)
    }

    /// Work with the accounts, away from the threads that serve; what went wrong is logged.
    async fn with_accounts<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Accounts) -> Result<T, Error> + Send + 'static,
    ) -> Option<T> {
        let accounts = Arc::clone(&self.accounts);
        let done = tokio::task::spawn_blocking(move || {
            // What a panic left is whole: every change is one statement.
            work(&mut accounts.lock().unwrap_or_else(PoisonError::into_inner))
        });
        match done.await {
            Ok(Ok(value)) => Some(value),
            Ok(Err(error)) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the outbox could not be worked down"
                );
                None
            }
            // A panic is reported by its own hook; the next round goes on.
            Err(_) => None,
        }
    }
}

/// 发送器 — connections to the outside.
struct Sender {
    mailer: Option<Mailer>,
    client: Option<reqwest::Client>,
    messages: Arc<Messages>,
}

struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

fn no_transport(cause: &(dyn std::error::Error + 'static)) -> Error {
    Error::rejected(Diagnostic::error("notices.no_transport").arg("cause", causes(cause)))
}

/// An error with everything behind it, on one line.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some tell their source themselves.
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

fn undelivered(code: &'static str, cause: impl Into<String>) -> Undelivered {
    Undelivered {
        code,
        cause: cause.into(),
    }
}

/// Addresses that those who send cannot read stop the start, rather than every notice.
fn check(settings: &NoticeSettings) -> Result<(), Error> {
    let from = settings.smtp.iter().map(|s| ("smtp.from", &s.from));
    let to = settings.mail.iter().map(|m| ("mail.to", &m.to));
    let odd_mail = from
        .chain(to)
        .find(|(_, text)| text.parse::<Address>().is_err());
    let is_odd = |w: &&Webhook| reqwest::Url::parse(w.url.expose()).is_err();
    let odd_robot = settings.webhooks.iter().find(is_odd);
    // The address of a robot holds its key, so its name is told.
    match odd_mail.or(odd_robot.map(|w| ("webhooks.url", &w.name))) {
        None => Ok(()),
        Some((member, text)) => {
            let fault = Diagnostic::error("notices.value").arg("member", member);
            Err(Error::rejected(fault.arg("text", text)))
        }
    }
}

impl Sender {
    fn new(settings: &NoticeSettings, messages: Arc<Messages>) -> Result<Self, Error> {
        check(settings)?;
        // Whoever was first stays; there is only this one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = (!settings.webhooks.is_empty()).then(client);
        Ok(Self {
            mailer: settings.smtp.as_ref().map(Mailer::new).transpose()?,
            client: client.transpose()?,
            messages,
        })
    }

    async fn send(&self, outgoing: &Outgoing, now: Timestamp) -> Result<(), Undelivered> {
        let sending = async {
            match (&outgoing.recipient, &self.mailer, &self.client) {
                (Recipient::Mail(mail), Some(mailer), _) => {
                    self.mail(mailer, mail, outgoing, now).await
                }
                (Recipient::Webhook(webhook), _, Some(client)) => {
                    self.post(client, webhook, outgoing, now).await
                }
                // The settings have no recipient without its server.
                _ => Err(undelivered("notices.no_recipient", "")),
            }
        };
        match tokio::time::timeout(LONGEST_SENDING, sending).await {
            Ok(outcome) => outcome,
            Err(_) => Err(undelivered("notices.timed_out", "")),
        }
    }

    async fn mail(
        &self,
        mailer: &Mailer,
        mail: &MailRecipient,
        outgoing: &Outgoing,
        now: Timestamp,
    ) -> Result<(), Undelivered> {
        let text = outgoing.digest.letter(&self.messages, &outgoing.name);
        let letter = mailer.letter(mail, outgoing, text, now)?;
        match mailer.transport.send(letter).await {
            Ok(_) => Ok(()),
            Err(error) => Err(undelivered(mail_fault(&error), causes(&error))),
        }
    }

    async fn post(
        &self,
        client: &reqwest::Client,
        webhook: &Webhook,
        outgoing: &Outgoing,
        now: Timestamp,
    ) -> Result<(), Undelivered> {
        let payload = outgoing.digest.payload(&self.messages, webhook.kind);
        let url = address(webhook, now)?;
        let unsent = |error: reqwest::Error| {
            let code = match error.is_timeout() {
                true => "notices.timed_out",
                false => "notices.unreachable",
            };
            undelivered(code, causes(&error.without_url()))
        };
        let mut answer = client
            .post(url)
            .json(&payload)
            .send()
            .await
            .map_err(unsent)?;
        if !answer.status().is_success() {
            return Err(undelivered("notices.refused", answer.status().to_string()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unsent)? {
            body.extend_from_slice(&chunk);
            if body.len() > LONGEST_ANSWER {
                return Err(undelivered(
                    "notices.no_answer",
                    format!("> {LONGEST_ANSWER} B"),
                ));
            }
        }
        acknowledged(&body)
    }
}

/// Robots answer 200 also where they take nothing; what counts is `errcode`.
fn acknowledged(body: &[u8]) -> Result<(), Undelivered> {
    #[derive(Deserialize)]
    struct Answer {
        errcode: i64,
        #[serde(default)]
        errmsg: String,
    }
    match serde_json::from_slice::<Answer>(body) {
        Ok(answer) if answer.errcode == 0 => Ok(()),
        Ok(answer) => {
            let said = format!("{} {}", answer.errcode, answer.errmsg);
            Err(undelivered("notices.refused", said))
        }
        Err(error) => Err(undelivered("notices.no_answer", error.to_string())),
    }
}

/// The webhook's address, for robots with a signing key signed as of now.
fn address(webhook: &Webhook, now: Timestamp) -> Result<reqwest::Url, Undelivered> {
    // What the parser says may quote the address.
    let parsed = reqwest::Url::parse(webhook.url.expose()).ok();
    let mut url = parsed.ok_or_else(|| undelivered("notices.no_recipient", ""))?;
    if let Some(secret) = &webhook.secret {
        let timestamp = now.as_millisecond().to_string();
        let sign = signature(&timestamp, secret.expose());
        url.query_pairs_mut()
            .append_pair("timestamp", &timestamp)
            .append_pair("sign", &sign);
    }
    Ok(url)
}

/// 加签 — Base64 of HMAC-SHA256 over time and key, with the key.
fn signature(timestamp: &str, secret: &str) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
    let text = format!("{timestamp}\n{secret}");
    let tag = ring::hmac::sign(&key, text.as_bytes());
    base64::engine::general_purpose::STANDARD.encode(tag)
}

/// A client that goes nowhere but where it is told to.
fn client() -> Result<reqwest::Client, Error> {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(LONGEST_CONNECTING)
        .timeout(LONGEST_SENDING)
        .user_agent(concat!("qingshan/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|e| no_transport(&e))
}

fn mail_fault(error: &lettre::transport::smtp::Error) -> &'static str {
    if error.is_timeout() {
        "notices.timed_out"
    } else if error.is_permanent() || error.is_transient() {
        "notices.refused"
    } else if error.is_response() {
        "notices.no_answer"
    } else {
        "notices.unreachable"
    }
}

impl Mailer {
    fn new(server: &MailServer) -> Result<Self, Error> {
        let protection =
            || TlsParameters::new_rustls(server.host.clone()).map_err(|e| no_transport(&e));
        let tls = match server.security {
            Security::Starttls => Tls::Required(protection()?),
            Security::Tls => Tls::Wrapper(protection()?),
            Security::None => Tls::None,
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host)
            .port(server.port)
            .tls(tls)
            .timeout(Some(LONGEST_SENDING));
        if let Some((login, password)) = &server.credentials {
            let credentials = Credentials::new(login.clone(), password.expose().to_owned());
            transport = transport.credentials(credentials);
        }
        Ok(Self {
            transport: transport.build(),
            // Addresses were looked at when the settings were read.
            from: Mailbox::new(None, server.from.parse().map_err(Error::internal)?),
        })
    }

    /// The letter; its id follows from the notice, so that what is sent twice is seen to be one.
    fn letter(
        &self,
        mail: &MailRecipient,
        outgoing: &Outgoing,
        text: String,
        now: Timestamp,
    ) -> Result<Message, Undelivered> {
        let unwritten = |error: &(dyn std::error::Error + 'static)| {
            undelivered("notices.no_recipient", causes(error))
        };
        let to = mail
            .to
            .parse()
            .map_err(|e: lettre::address::AddressError| unwritten(&e))?;
        let id = format!(
            "<{}.{}.{}@{}>",
            outgoing.day.strftime("%Y%m%d"),
            outgoing.notice_id,
            outgoing.queued_at.as_millisecond(),
            self.from.email.domain(),
        );
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(&outgoing.digest.title)
            .date(SystemTime::from(now))
            .message_id(Some(id))
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ))
            .header(ContentType::TEXT_PLAIN)
            .body(text)
            .map_err(|e| unwritten(&e))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_what_the_robot_expects() {
        // Worked out with Python's hmac and base64.
        let sign = signature("1577262236757", "SECc0ffee0123456789");
        assert_eq!(sign, "+nWqM2JE7x2Dy3HJSGjCIRqdvT1ZqL7r4cjp5ogsMNI=");
    }

    #[test]
    fn an_address_that_cannot_be_read_stops_the_start_and_is_not_told() {
        let of = |url: &str, to: &str| NoticeSettings {
            hour: 8,
            days: notices::DigestDays::Every,
            smtp: None,
            mail: vec![MailRecipient {
                login: "a".into(),
                to: to.into(),
            }],
            webhooks: vec![Webhook {
                name: "后河群".into(),
                kind: notices::WebhookKind::WeCom,
                url: serde_json::from_value(url.into()).unwrap(),
                login: "a".into(),
                secret: None,
            }],
        };
        let url = "https://w.example.org/send?key=geheim";
        assert!(check(&of(url, "a@example.org")).is_ok());
        let odd_port = url.replace(".org", ".org:99999");
        let odd_host = format!("a@{}.org", "x".repeat(64));
        for (settings, member) in [
            (of(&odd_port, "a@example.org"), "webhooks.url"),
            (of(url, &odd_host), "mail.to"),
        ] {
            let fault = format!("{:?}", check(&settings).unwrap_err());
            assert!(fault.contains(member), "{fault}");
            assert!(!fault.contains("geheim"), "{fault}");
        }
    }

    #[test]
    fn an_answer_counts_by_its_code() {
        let code = |body: &str| acknowledged(body.as_bytes()).map_err(|u| (u.code, u.cause));
        assert_eq!(code(r#"{ "errcode": 0, "errmsg": "ok" }"#), Ok(()));
        let refused = code(r#"{ "errcode": 45009, "errmsg": "api freq out of limit" }"#);
        let said = "45009 api freq out of limit".to_owned();
        assert_eq!(refused, Err(("notices.refused", said)));
        for body in ["", "<html>", "{}", "[]"] {
            assert_eq!(code(body).unwrap_err().0, "notices.no_answer", "{body}");
        }
    }
}
