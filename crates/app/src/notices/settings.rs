//! 通知设置 — `notices.toml` beside the register: when digests go out, by which mail server and webhooks, to whom.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::Deserialize;
use spatial::diagnostic::{Diagnostic, Place};

use crate::error::Error;
use crate::issues::calendar;

/// File beside the register that holds the settings.
const FILE: &str = "notices.toml";
/// Larger than any list of recipients.
const LARGEST: u64 = 256 << 10;
/// Larger than any password.
const LARGEST_SECRET: u64 = 4 << 10;

/// 密钥 — a password or key; shown to nobody.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The secret itself, for who sends.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// 发送日 — on which days digests go out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DigestDays {
    #[default]
    Working,
    Every,
}

/// 加密方式 — how the connection to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    Starttls,
    Tls,
    None,
}

impl Security {
    fn usual_port(self) -> u16 {
        match self {
            Self::Starttls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

/// 机器人种类 — whose format a webhook speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WebhookKind {
    /// 企业微信群机器人
    WeCom,
    /// 钉钉群机器人
    DingTalk,
}

/// 邮件服务器.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailServer {
    pub host: String,
    pub port: u16,
    pub security: Security,
    pub from: String,
    /// Login and password, where the server asks for them.
    pub credentials: Option<(String, Secret)>,
}

/// 邮件收件人 — whose digest goes to which address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailRecipient {
    pub login: String,
    pub to: String,
}

/// 群机器人 — a webhook that carries one person's digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    pub name: String,
    pub kind: WebhookKind,
    /// It holds the key that lets anybody post.
    pub url: Secret,
    pub login: String,
    /// 加签密钥 of DingTalk.
    pub secret: Option<Secret>,
}

/// 通知设置.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeSettings {
    /// Hour in China from which the day's digests go out.
    pub hour: i8,
    pub days: DigestDays,
    pub smtp: Option<MailServer>,
    pub mail: Vec<MailRecipient>,
    pub webhooks: Vec<Webhook>,
}

impl NoticeSettings {
    /// Whether digests go out on this day. A year without a calendar is no reason to keep silent about deadlines: its
    /// days all count.
    pub(super) fn sends_on(&self, day: Date) -> bool {
        match self.days {
            DigestDays::Every => true,
            DigestDays::Working => calendar().is_working_day(day).unwrap_or(true),
        }
    }

    /// Everything that must stand in no log and no answer.
    pub fn secrets(&self) -> Vec<&str> {
        let password = self.smtp.iter().flat_map(|s| &s.credentials);
        let password = password.map(|(_, secret)| secret.expose());
        password
            .chain(self.webhooks.iter().flat_map(|w| w.secrets()))
            .collect()
    }
}

impl Webhook {
    /// The address, the keys in it, and the key that signs.
    fn secrets(&self) -> Vec<&str> {
        let url = self.url.expose();
        let query = url.split_once('?').map_or("", |(_, query)| query);
        let keys = query.split('&').filter_map(|pair| pair.split_once('='));
        let keys = keys.map(|(_, key)| key).filter(|key| key.len() >= 6);
        let sign = self.secret.iter().map(Secret::expose);
        std::iter::once(url).chain(keys).chain(sign).collect()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default = "usual_hour")]
    hour: i8,
    #[serde(default)]
    days: DigestDays,
    smtp: Option<WrittenServer>,
    #[serde(default)]
    mail: Vec<MailRecipient>,
    #[serde(default)]
    webhooks: Vec<WrittenWebhook>,
}

fn usual_hour() -> i8 {
    8
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenServer {
    host: String,
    port: Option<u16>,
    security: Security,
    from: String,
    login: Option<String>,
    password_file: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenWebhook {
    name: String,
    kind: WebhookKind,
    url: Secret,
    login: String,
    secret_file: Option<String>,
    #[serde(default)]
    allow_http: bool,
}

/// Where settings are read from, to say where a fault is.
struct Reading<'a> {
    home: &'a Path,
    path: PathBuf,
}

/// The settings in a folder's `notices.toml`; none where there is no such file, and then nothing is sent.
///
/// # Errors
/// `notices.unreadable` where the file is no TOML of this shape, `notices.value` where a member cannot be used,
/// `notices.secret_file` and `notices.open_to_others` where a file with a secret is not there or not guarded.
pub fn load_settings(home: &Path) -> Result<Option<NoticeSettings>, Error> {
    let reading = Reading {
        home,
        path: home.join(FILE),
    };
    let Some(text) = reading.text()? else {
        return Ok(None);
    };
    let written: Written = toml::from_str(&text).map_err(|e| reading.unreadable(&text, &e))?;
    reading.settings(written).map(Some)
}

impl Reading<'_> {
    fn fault(&self, code: &'static str, row: Option<u64>) -> Diagnostic {
        Diagnostic::error(code).at(Place {
            file: Some(self.path.display().to_string()),
            row,
            ..Place::default()
        })
    }

    fn value(&self, member: impl ToString, text: impl ToString) -> Error {
        let fault = self.fault("notices.value", None);
        Error::rejected(fault.arg("member", member).arg("text", text))
    }

    fn text(&self) -> Result<Option<String>, Error> {
        let read = |source| Error::Read {
            path: self.path.display().to_string(),
            source,
        };
        match std::fs::metadata(&self.path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(read(e)),
            Ok(meta) if meta.len() > LARGEST => {
                let fault = self.fault("notices.unreadable", None).arg("at", FILE);
                return Err(Error::rejected(
                    fault.arg("cause", format!("{} B", meta.len())),
                ));
            }
            Ok(_) => {}
        }
        std::fs::read_to_string(&self.path).map(Some).map_err(read)
    }

    /// What the parser says, without what it quotes: that may be a key that stands in the wrong place.
    fn unreadable(&self, text: &str, error: &toml::de::Error) -> Error {
        let row = error
            .span()
            .and_then(|span| text.get(..span.start))
            .map(|before| before.matches('\n').count() as u64 + 1);
        let message = error.message();
        let names_a_key = ["missing field", "unknown field"];
        let said = match names_a_key.iter().any(|start| message.starts_with(start)) {
            true => message,
            false => message.split(['"', '`']).next().unwrap_or_default(),
        };
        let at = row.map_or_else(|| FILE.to_owned(), |r| format!("{FILE}:{r}"));
        let fault = self.fault("notices.unreadable", row).arg("at", at);
        Error::rejected(fault.arg("cause", said.trim()))
    }

    fn settings(&self, written: Written) -> Result<NoticeSettings, Error> {
        if !(0..=23).contains(&written.hour) {
            return Err(self.value("hour", written.hour));
        }
        let smtp = written.smtp.map(|s| self.server(s)).transpose()?;
        let mut seen = BTreeSet::new();
        for recipient in &written.mail {
            if smtp.is_none() {
                return Err(self.value("smtp", ""));
            }
            self.check_login("mail.login", &recipient.login)?;
            if !is_address(&recipient.to) || !seen.insert(recipient) {
                return Err(self.value("mail.to", &recipient.to));
            }
        }
        let mut names = BTreeSet::new();
        for webhook in &written.webhooks {
            if !is_name(&webhook.name) || !names.insert(webhook.name.clone()) {
                return Err(self.value("webhooks.name", &webhook.name));
            }
        }
        if !written.webhooks.is_empty() {
            self.guarded(&self.path)?;
        }
        let webhooks = written.webhooks.into_iter().map(|w| self.webhook(w));
        Ok(NoticeSettings {
            hour: written.hour,
            days: written.days,
            smtp,
            webhooks: webhooks.collect::<Result<_, _>>()?,
            mail: written.mail,
        })
    }

    fn check_login(&self, member: &str, login: &str) -> Result<(), Error> {
        match login.is_empty() || login.chars().any(|c| c.is_whitespace() || c.is_control()) {
            true => Err(self.value(member, login)),
            false => Ok(()),
        }
    }

    fn server(&self, written: WrittenServer) -> Result<MailServer, Error> {
        let is_host = |c: char| c.is_ascii_alphanumeric() || ".-:".contains(c);
        if written.host.is_empty() || !written.host.chars().all(is_host) {
            return Err(self.value("smtp.host", &written.host));
        }
        if written.port == Some(0) {
            return Err(self.value("smtp.port", 0));
        }
        if !is_address(&written.from) {
            return Err(self.value("smtp.from", &written.from));
        }
        let credentials = match (written.login, written.password_file) {
            (Some(login), Some(file)) => Some((login, self.secret("smtp.password_file", &file)?)),
            (None, None) => None,
            (Some(_), None) => return Err(self.value("smtp.password_file", "")),
            (None, Some(_)) => return Err(self.value("smtp.login", "")),
        };
        // A password in the clear stays on the machine.
        let is_here = ["localhost", "127.0.0.1", "::1"].contains(&written.host.as_str());
        if credentials.is_some() && written.security == Security::None && !is_here {
            return Err(self.value("smtp.security", "none"));
        }
        Ok(MailServer {
            port: written.port.unwrap_or(written.security.usual_port()),
            host: written.host,
            security: written.security,
            from: written.from,
            credentials,
        })
    }

    fn webhook(&self, written: WrittenWebhook) -> Result<Webhook, Error> {
        self.check_login("webhooks.login", &written.login)?;
        let url = written.url.expose();
        let (scheme, rest) = url.split_once("://").unwrap_or(("", ""));
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let is_host = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
        let is_plain = url.chars().all(|c| c.is_ascii_graphic());
        let is_allowed = match scheme {
            "https" => !written.allow_http,
            "http" => written.allow_http,
            _ => false,
        };
        if host.is_empty() || !host.chars().all(is_host) || !is_plain || !is_allowed {
            let shown = format!("{}: {scheme}://…", written.name);
            return Err(self.value("webhooks.url", shown));
        }
        let secret = match (written.kind, written.secret_file) {
            (_, None) => None,
            (WebhookKind::DingTalk, Some(file)) => {
                Some(self.secret("webhooks.secret_file", &file)?)
            }
            (WebhookKind::WeCom, Some(file)) => {
                return Err(self.value("webhooks.secret_file", file));
            }
        };
        Ok(Webhook {
            name: written.name,
            kind: written.kind,
            url: written.url,
            login: written.login,
            secret,
        })
    }

    /// The secret in a file beside the settings; its line end is no part of it.
    fn secret(&self, member: &str, file: &str) -> Result<Secret, Error> {
        let is_beside = !file.is_empty() && Path::new(file).file_name() == Some(file.as_ref());
        if !is_beside {
            return Err(self.value(member, file));
        }
        let path = self.home.join(file);
        let unusable = |cause: String| {
            let fault = self
                .fault("notices.secret_file", None)
                .arg("member", member);
            Error::rejected(fault.arg("text", file).arg("cause", cause))
        };
        let meta = std::fs::metadata(&path).map_err(|e| unusable(e.to_string()))?;
        if !meta.is_file() || meta.len() > LARGEST_SECRET {
            return Err(unusable(format!("{} B", meta.len())));
        }
        self.guarded(&path)?;
        let text = std::fs::read_to_string(&path).map_err(|e| unusable(e.to_string()))?;
        match text.trim_end_matches(['\r', '\n']) {
            "" => Err(unusable("0 B".to_owned())),
            secret => Ok(Secret(secret.to_owned())),
        }
    }

    /// A file with a secret is its owner's alone.
    #[cfg(unix)]
    fn guarded(&self, path: &Path) -> Result<(), Error> {
        use std::os::unix::fs::PermissionsExt;
        let meta = std::fs::metadata(path).map_err(|source| Error::Read {
            path: path.display().to_string(),
            source,
        })?;
        let mode = meta.permissions().mode() & 0o777;
        if mode & 0o077 == 0 {
            return Ok(());
        }
        let fault = Diagnostic::error("notices.open_to_others").at(Place {
            file: Some(path.display().to_string()),
            ..Place::default()
        });
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let fault = fault.arg("mode", format!("{mode:o}"));
        Err(Error::rejected(fault.arg("text", name)))
    }

    #[cfg(not(unix))]
    fn guarded(&self, _path: &Path) -> Result<(), Error> {
        Ok(())
    }
}

/// An address of a mailbox, plain enough for every server.
fn is_address(text: &str) -> bool {
    let is_local = |c: char| c.is_ascii_alphanumeric() || "._%+-".contains(c);
    let is_domain = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    let is_dotted = |part: &str| part.split('.').all(|label| !label.is_empty());
    text.split_once('@').is_some_and(|(local, domain)| {
        local.chars().all(is_local)
            && domain.chars().all(is_domain)
            && is_dotted(local)
            && is_dotted(domain)
    })
}

fn is_name(text: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || "-_·".contains(c);
    (1..=64).contains(&text.chars().count()) && text.chars().all(is_plain)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    const MAIL: &str = "[smtp]\nhost = \"mail.example.org\"\nsecurity = \"tls\"\nfrom = \"qingshan@example.org\"\n";

    fn write(folder: &Path, name: &str, text: &str, mode: u32) {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
    }

    fn read(text: &str) -> Result<NoticeSettings, Error> {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), FILE, text, 0o600);
        write(folder.path(), "smtp.password", "松涛\n", 0o600);
        write(folder.path(), "sign.secret", "SECabcdef\n", 0o600);
        write(folder.path(), "open.secret", "SECabcdef\n", 0o644);
        write(folder.path(), "empty.secret", "\n", 0o600);
        load_settings(folder.path()).map(|s| s.unwrap())
    }

    fn fault(text: &str) -> (String, String) {
        match read(text) {
            Err(Error::Rejected(d)) => {
                let member = d.args.get("member").or(d.args.get("text"));
                (d.code.to_string(), member.cloned().unwrap_or_default())
            }
            other => panic!("{text}: {other:?}"),
        }
    }

    fn webhook(more: &str) -> String {
        format!("[[webhooks]]\nname = \"后河群\"\nlogin = \"a\"\n{more}\n")
    }

    #[test]
    fn no_file_is_no_notice() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(load_settings(folder.path()).unwrap(), None);
    }

    #[test]
    fn what_is_not_said_is_as_usual() {
        let settings = read(MAIL).unwrap();
        assert_eq!((settings.hour, settings.days), (8, DigestDays::Working));
        assert_eq!(settings.smtp.unwrap().port, 465);
    }

    #[test]
    fn secrets_come_from_files_and_are_shown_to_nobody() {
        let text = format!(
            "{MAIL}login = \"qingshan\"\npassword_file = \"smtp.password\"\n[[mail]]\nlogin = \"a\"\nto = \"a@example.org\"\n{}",
            webhook(
                "kind = \"dingtalk\"\nurl = \"https://d.example.org/robot/send?access_token=t0ken-t0ken\"\nsecret_file = \"sign.secret\""
            )
        );
        let settings = read(&text).unwrap();
        let secrets = settings.secrets();
        for secret in ["松涛", "SECabcdef", "t0ken-t0ken"] {
            assert!(secrets.contains(&secret), "{secret}");
            assert!(!format!("{settings:?}").contains(secret), "{secret}");
        }
    }

    #[test]
    fn a_fault_names_the_member() {
        let http = "kind = \"wecom\"\nurl = \"http://w.example.org/send?key=abcdefgh\"";
        let https = "kind = \"wecom\"\nurl = \"https://w.example.org/send?key=abcdefgh\"";
        let to = |to: &str| format!("{MAIL}[[mail]]\nlogin = \"a\"\nto = \"{to}\"\n");
        for (text, member) in [
            ("hour = 24".to_owned(), "hour"),
            (to("a@example.org\\r\\nBcc: b@example.org"), "mail.to"),
            (to("a.example.org"), "mail.to"),
            (
                format!("{}{}", to("a@b.cn"), &to("a@b.cn")[MAIL.len()..]),
                "mail.to",
            ),
            (
                "[[mail]]\nlogin = \"a\"\nto = \"a@b.cn\"".to_owned(),
                "smtp",
            ),
            (format!("{MAIL}login = \"a\""), "smtp.password_file"),
            (
                format!("{MAIL}password_file = \"smtp.password\""),
                "smtp.login",
            ),
            (
                format!("{MAIL}login = \"a\"\npassword_file = \"../smtp.password\""),
                "smtp.password_file",
            ),
            (
                format!("{MAIL}login = \"a\"\npassword_file = \"smtp.password\"")
                    .replace("\"tls\"", "\"none\""),
                "smtp.security",
            ),
            (webhook(http), "webhooks.url"),
            (
                webhook(&format!("{https}\nallow_http = true")),
                "webhooks.url",
            ),
            (
                webhook(&https.replace("w.example", "u:p@w.example")),
                "webhooks.url",
            ),
            (
                webhook(&format!("{https}\nsecret_file = \"sign.secret\"")),
                "webhooks.secret_file",
            ),
            (format!("{0}{0}", webhook(https)), "webhooks.name"),
        ] {
            assert_eq!(
                fault(&text),
                ("notices.value".to_owned(), member.to_owned()),
                "{text}"
            );
        }
        assert!(read(&webhook(&format!("{http}\nallow_http = true"))).is_ok());
    }

    #[test]
    #[cfg(unix)]
    fn a_secret_that_others_may_read_is_refused() {
        let url = "kind = \"dingtalk\"\nurl = \"https://d.example.org/send?access_token=t0ken\"";
        let of = |file: &str| webhook(&format!("{url}\nsecret_file = \"{file}\""));
        let open = "notices.open_to_others".to_owned();
        assert_eq!(fault(&of("open.secret")), (open, "open.secret".to_owned()));
        for file in ["empty.secret", "missing.secret"] {
            assert_eq!(fault(&of(file)).0, "notices.secret_file", "{file}");
        }
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), FILE, &webhook(url), 0o644);
        let refused = load_settings(folder.path());
        assert!(matches!(refused, Err(Error::Rejected(d)) if d.code == "notices.open_to_others"));
    }

    #[test]
    fn a_fault_tells_its_line_and_no_secret() {
        let text = format!(
            "hour = 8\n{}",
            webhook("kind = \"https://w.example.org/send?key=geheim-geheim\"\nurl = \"x\"")
        );
        let Err(Error::Rejected(d)) = read(&text) else {
            panic!("taken");
        };
        assert_eq!(
            (d.code.as_ref(), d.place.row),
            ("notices.unreadable", Some(5))
        );
        assert!(!format!("{d:?}").contains("geheim"), "{d:?}");
        let odd = webhook("kind = \"wecom\"\nurl = \"ftp://w.example.org/geheim\"");
        let Err(odd) = read(&odd) else {
            panic!("taken");
        };
        assert!(!format!("{odd:?}").contains("geheim"), "{odd:?}");
    }

    #[test]
    fn working_days_are_those_of_the_calendar() {
        let settings = read(MAIL).unwrap();
        let every = NoticeSettings {
            days: DigestDays::Every,
            ..settings.clone()
        };
        for (day, is_sent) in [
            (Date::constant(2026, 11, 26), true),
            (Date::constant(2026, 11, 28), false),
            // 国庆节 of 2019, and the Sunday worked for it.
            (Date::constant(2019, 10, 1), false),
            (Date::constant(2019, 9, 29), true),
            // No calendar of that year: silence would be worse.
            (Date::constant(2099, 11, 28), true),
        ] {
            assert_eq!(settings.sends_on(day), is_sent, "{day}");
            assert!(every.sends_on(day));
        }
    }
}
