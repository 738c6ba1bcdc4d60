//! 通知 — the daily digest of what people have to do, queued in the outbox and told by mail and group robots; nothing is
//! sent from here, and never in a request.

mod digest;
mod settings;

use domain::dossier::civil_day;
use domain::policy::{Action, Actor};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use register::accounts::{NewNotice, Notice, Person};
use serde::{Deserialize, Serialize};
use spatial::diagnostic::Diagnostic;
use utoipa::{IntoParams, ToSchema};

use crate::error::Error;
use crate::messages::Messages;
use crate::people::{self, Accounts};

pub use digest::{Digest, DigestLine, DigestSection, digest};
pub use settings::{
    DigestDays, MailRecipient, MailServer, NoticeSettings, Secret, Security, Webhook, WebhookKind,
    load_settings,
};

/// Pauses after the first, second … failed try; after as many tries as there are pauses and one more it is given up.
const PAUSES_S: [i64; 5] = [15, 60, 300, 900, 3600];
/// So long a notice that is being sent is nobody else's; longer than any sending takes.
const LEASE: SignedDuration = SignedDuration::from_secs(180);
/// Notices taken at a time.
const TAKEN_AT_ONCE: u32 = 8;
/// Days that the outbox remembers.
const KEPT_DAYS: i64 = 400;
/// Tests within a minute.
const MOST_TESTS: u64 = 5;
/// Characters kept of what the other side said.
const LONGEST_CAUSE: usize = 200;

/// 收件方 — one of the channels that a person's digest goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    Mail(MailRecipient),
    Webhook(Webhook),
}

impl Recipient {
    /// `mail`, `webhook`.
    pub fn channel(&self) -> &'static str {
        match self {
            Self::Mail(_) => "mail",
            Self::Webhook(_) => "webhook",
        }
    }

    /// As the outbox names it: never an address that holds a key.
    fn name(&self) -> &str {
        match self {
            Self::Mail(mail) => &mail.to,
            Self::Webhook(webhook) => &webhook.name,
        }
    }

    fn login(&self) -> &str {
        match self {
            Self::Mail(mail) => &mail.login,
            Self::Webhook(webhook) => &webhook.login,
        }
    }
}

impl NoticeSettings {
    fn recipients(&self) -> impl Iterator<Item = Recipient> {
        let mail = self.mail.iter().cloned().map(Recipient::Mail);
        mail.chain(self.webhooks.iter().cloned().map(Recipient::Webhook))
    }

    /// Whether the day's digests are to be out: it is a day for them, and the hour has come.
    pub fn is_time(&self, now: Timestamp) -> bool {
        let day = civil_day(now);
        let hours = now.duration_since(crate::session::start_of(day)).as_hours();
        hours >= i64::from(self.hour) && self.sends_on(day)
    }

    /// A text without anything that must not be known, on one line, short.
    pub fn scrubbed(&self, text: &str) -> String {
        let mut text = text.to_owned();
        let mut secrets = self.secrets();
        // What holds another secret goes first, or its rest would stay.
        secrets.sort_by_key(|s| std::cmp::Reverse(s.len()));
        for secret in secrets {
            text = text.replace(secret, "…");
        }
        let line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
        line.take(LONGEST_CAUSE).collect()
    }
}

/// Puts the day's digests into the outbox, each once; how many are new. What `digest_of` cannot say is left for the next
/// round, and the first such fault told when all others are in.
pub fn queue_digests(
    accounts: &mut Accounts,
    settings: &NoticeSettings,
    now: Timestamp,
    mut digest_of: impl FnMut(&Person) -> Result<Digest, Error>,
) -> Result<usize, Error> {
    let day = civil_day(now);
    let mut queued = 0;
    let mut fault = None;
    for recipient in settings.recipients() {
        let (channel, name, login) = (recipient.channel(), recipient.name(), recipient.login());
        if accounts.has_digest(day, channel, name, login)? {
            continue;
        }
        let person = find_recipient(accounts, login, day)?;
        let digest = match person.as_ref().map(&mut digest_of).transpose() {
            Ok(digest) => digest,
            Err(error) => {
                fault = fault.or(Some(error));
                continue;
            }
        };
        let state = match &digest {
            Some(digest) if digest.is_empty() => "nothing",
            _ => "queued",
        };
        let content = serde_json::to_string(&digest).map_err(Error::internal)?;
        let notice = NewNotice {
            day,
            kind: "digest",
            channel,
            recipient: name,
            login,
            content: &content,
            state,
            at: now,
        };
        queued += usize::from(accounts.queue_notice(&notice)? && state == "queued");
    }
    fault.map_or(Ok(queued), Err)
}

/// Somebody who may be told something: an account that is in use, with a post today.
fn find_recipient(accounts: &Accounts, login: &str, day: Date) -> Result<Option<Person>, Error> {
    let found = accounts.find_by_login(login)?;
    Ok(found.filter(|p| p.is_active && p.posts.iter().any(|post| post.is_held(day))))
}

/// 待发 — a notice in hand, with where it goes.
#[derive(Debug, Clone)]
pub struct Outgoing {
    pub notice_id: i64,
    pub day: Date,
    pub attempts: u32,
    pub recipient: Recipient,
    /// How the letter addresses its reader.
    pub name: String,
    pub digest: Digest,
    pub queued_at: Timestamp,
}

/// Notices that are due, taken for this caller alone. What has nobody to go to any more is given up here; so is what is
/// left of days gone by.
pub fn take_due(
    accounts: &mut Accounts,
    settings: &NoticeSettings,
    now: Timestamp,
) -> Result<Vec<Outgoing>, Error> {
    let today = civil_day(now);
    accounts.give_up_notices(today, "notices.day_over", now)?;
    let lease_to = now.saturating_add(LEASE).unwrap_or(Timestamp::MAX);
    let mut due = Vec::new();
    for notice in accounts.take_notices(now, lease_to, TAKEN_AT_ONCE)? {
        match outgoing(accounts, settings, &notice, today)? {
            Ok(outgoing) => due.push(outgoing),
            Err(code) => accounts.note_not_sent(notice.notice_id, code, None, now, None)?,
        }
    }
    Ok(due)
}

fn outgoing(
    accounts: &Accounts,
    settings: &NoticeSettings,
    notice: &Notice,
    today: Date,
) -> Result<Result<Outgoing, &'static str>, Error> {
    let wanted = (
        notice.channel.as_str(),
        notice.recipient.as_str(),
        notice.login.as_str(),
    );
    let is_it = |r: &Recipient| (r.channel(), r.name(), r.login()) == wanted;
    let Some(recipient) = settings.recipients().find(is_it) else {
        return Ok(Err("notices.no_recipient"));
    };
    // Taken more often than it may be tried: whoever had it never noted what became of it.
    if notice.attempts as usize > PAUSES_S.len() + 1 {
        return Ok(Err("notices.outcome_unknown"));
    }
    // An older program may have written it; the others that were taken with it are not to wait for that.
    let Ok(digest) = serde_json::from_str::<Option<Digest>>(&notice.content) else {
        return Ok(Err("notices.content_unreadable"));
    };
    let person = find_recipient(accounts, &notice.login, today)?;
    let (Some(person), Some(digest)) = (person, digest) else {
        return Ok(Err("notices.no_person"));
    };
    Ok(Ok(Outgoing {
        notice_id: notice.notice_id,
        day: notice.day,
        attempts: notice.attempts,
        recipient,
        name: person.name,
        digest,
        queued_at: notice.queued_at,
    }))
}

/// 未送达 — why a notice did not arrive: a code, and what the other side said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    pub code: &'static str,
    pub cause: String,
}

/// Notes what became of a notice: sent, to be tried again after a pause that grows, or given up.
pub fn note_outcome(
    accounts: &mut Accounts,
    settings: &NoticeSettings,
    outgoing: &Outgoing,
    outcome: &Result<(), Undelivered>,
    now: Timestamp,
) -> Result<(), Error> {
    let fault = match outcome {
        Ok(()) => return Ok(accounts.note_sent(outgoing.notice_id, now)?),
        Err(fault) => fault,
    };
    let cause = settings.scrubbed(&fault.cause);
    let cause = (!cause.is_empty()).then_some(cause.as_str());
    let again_at = again_at(outgoing.attempts, now);
    Ok(accounts.note_not_sent(outgoing.notice_id, fault.code, cause, now, again_at)?)
}

/// When to try again after so many tries; `None` once it was tried often enough.
fn again_at(attempts: u32, now: Timestamp) -> Option<Timestamp> {
    let tried = usize::try_from(attempts.max(1) - 1).ok()?;
    let pause = PAUSES_S.get(tried)?;
    now.checked_add(SignedDuration::from_secs(*pause)).ok()
}

/// Forgets what is older than the outbox remembers.
pub fn forget_old(accounts: &mut Accounts, now: Timestamp) -> Result<(), Error> {
    let first = civil_day(now).saturating_sub(jiff::Span::new().days(KEPT_DAYS));
    accounts.forget_notices(first)?;
    Ok(())
}

/// 试发请求 — whom to send a test message: the mail of a login, or a webhook by its name.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeTest {
    pub login: Option<String>,
    pub webhook: Option<String>,
}

/// 试发 — how many test messages were queued.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NoticesQueued {
    pub queued: usize,
}

/// Queues a test message to everything a login's mail goes to, or to a webhook.
pub fn queue_test(
    accounts: &mut Accounts,
    settings: Option<&NoticeSettings>,
    actor: &Actor,
    request: &NoticeTest,
    messages: &Messages,
    now: Timestamp,
) -> Result<NoticesQueued, Error> {
    people::may(actor, Action::ManagePeople)?;
    let refused = |code| Err(Error::rejected(Diagnostic::error(code)));
    let Some(settings) = settings else {
        return refused("notices.not_configured");
    };
    let wanted = |r: &Recipient| match r {
        Recipient::Mail(mail) => request.login.as_ref() == Some(&mail.login),
        Recipient::Webhook(webhook) => request.webhook.as_ref() == Some(&webhook.name),
    };
    let found: Vec<Recipient> = settings.recipients().filter(wanted).collect();
    if found.is_empty() {
        return refused("notices.no_recipient");
    }
    let minute_ago = now
        .checked_sub(SignedDuration::from_mins(1))
        .unwrap_or(Timestamp::MIN);
    if accounts.count_notices("test", minute_ago)? + found.len() as u64 > MOST_TESTS {
        return refused("notices.too_many_tests");
    }
    let message = digest::test_message(messages, now);
    let content = serde_json::to_string(&message).map_err(Error::internal)?;
    for recipient in &found {
        accounts.queue_notice(&NewNotice {
            day: message.day,
            kind: "test",
            channel: recipient.channel(),
            recipient: recipient.name(),
            login: recipient.login(),
            content: &content,
            state: "queued",
            at: now,
        })?;
    }
    Ok(NoticesQueued {
        queued: found.len(),
    })
}

/// 通知查询 — a page of the outbox.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NoticeQuery {
    pub offset: Option<u64>,
    /// At most 1,000.
    #[param(minimum = 0, maximum = 1000)]
    pub limit: Option<u32>,
}

/// 通知 — one row of the outbox, for people.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NoticeView {
    pub notice_id: i64,
    pub day: Date,
    /// `digest`, `test`.
    pub kind: String,
    /// `mail`, `webhook`.
    pub channel: String,
    pub recipient: String,
    pub login: String,
    pub title: String,
    /// `queued`, `sent`, `failed`, `nothing` (there was nothing to do, so nothing was sent).
    pub state: String,
    pub state_label: String,
    pub attempts: u32,
    /// What went wrong last, in words.
    pub error: Option<String>,
    pub queued_at: Timestamp,
    /// Next try, while it is queued.
    pub next_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

/// 发件箱 — the newest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NoticePage {
    pub total: u64,
    pub items: Vec<NoticeView>,
}

/// What was sent to whom, is waiting, or failed.
pub fn list_notices(
    accounts: &Accounts,
    actor: &Actor,
    query: &NoticeQuery,
    messages: &Messages,
) -> Result<NoticePage, Error> {
    people::may(actor, Action::ManagePeople)?;
    let limit = query.limit.unwrap_or(50).min(1000);
    let (total, found) = accounts.notices(limit, query.offset.unwrap_or(0))?;
    let items = found.into_iter().map(|n| notice_view(n, messages));
    Ok(NoticePage {
        total,
        items: items.collect(),
    })
}

fn notice_view(notice: Notice, messages: &Messages) -> NoticeView {
    // A digest for nobody has no text.
    let digest: Option<Digest> = serde_json::from_str(&notice.content).unwrap_or_default();
    let cause = notice.last_cause.unwrap_or_default();
    let error = notice
        .last_error
        .map(|code| messages.text(&code, &[("cause", &cause)]));
    NoticeView {
        notice_id: notice.notice_id,
        day: notice.day,
        title: digest.map_or_else(String::new, |d| d.title),
        state_label: messages.text(&format!("notice_state.{}", notice.state), &[]),
        next_at: (notice.state == "queued").then_some(notice.next_at),
        kind: notice.kind,
        channel: notice.channel,
        recipient: notice.recipient,
        login: notice.login,
        state: notice.state,
        attempts: notice.attempts,
        error,
        queued_at: notice.queued_at,
        ended_at: notice.ended_at,
    }
}

/// 摘要预览 — what one's digest would say now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DigestPreview {
    pub digest: Digest,
    /// As it stands in a mail.
    pub letter: String,
    /// Whether there is nothing to do, so that nothing would be sent.
    pub is_empty: bool,
}

/// A digest as its reader would get it.
pub fn preview(digest: Digest, person: &Person, messages: &Messages) -> DigestPreview {
    DigestPreview {
        letter: digest.letter(messages, &person.name),
        is_empty: digest.is_empty(),
        digest,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;
    use crate::messages::Language;
    use domain::policy::Role;
    use register::accounts::HeldPost;

    /// 2026-11-26, 8:00 in China.
    const EIGHT: i64 = 1_795_651_200;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(EIGHT + second).unwrap()
    }

    fn settings(home: &std::path::Path) -> NoticeSettings {
        let text = "[smtp]\nhost = \"localhost\"\nsecurity = \"none\"\nfrom = \"q@example.org\"\n\
                    [[mail]]\nlogin = \"zhanzhang\"\nto = \"z@example.org\"\n\
                    [[mail]]\nlogin = \"weiren\"\nto = \"w@example.org\"\n\
                    [[webhooks]]\nname = \"后河群\"\nkind = \"wecom\"\nlogin = \"zhanzhang\"\n\
                    url = \"https://w.example.org/cgi-bin/webhook/send?key=0a1b2c3d\"\n";
        let path = home.join("notices.toml");
        std::fs::write(&path, text).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        load_settings(home).unwrap().unwrap()
    }

    fn station_head() -> Person {
        Person {
            person_id: "p-1".into(),
            login: "zhanzhang".into(),
            name: "后河站站长".into(),
            password_hash: "hash".into(),
            must_change_password: false,
            is_active: true,
            totp_secret: None,
            has_totp: false,
            totp_last_step: 0,
            created_at: at(0),
            posts: vec![HeldPost {
                post_id: 0,
                role: "station_head".into(),
                station_id: Some("houhe".into()),
                from_on: Date::constant(2019, 7, 20),
                to_on: None,
            }],
        }
    }

    fn some_work(_: &Person) -> Result<Digest, Error> {
        let messages = Messages::load(Language::Chinese);
        let mut digest = digest::test_message(&messages, at(0));
        digest.sections.push(DigestSection {
            post: "站长".into(),
            lines: Vec::new(),
        });
        Ok(digest)
    }

    fn desk() -> (tempfile::TempDir, Accounts, NoticeSettings) {
        let home = tempfile::tempdir().unwrap();
        let mut accounts = Accounts::open(home.path()).unwrap();
        accounts.add_person(&station_head()).unwrap();
        let settings = settings(home.path());
        (home, accounts, settings)
    }

    fn administrator() -> Actor {
        Actor {
            id: "p-9".into(),
            role: Role::Operator,
            unit: String::new(),
            station_ids: vec![],
            reserve_code: None,
            division_code: None,
        }
    }

    fn listed(accounts: &Accounts) -> Vec<(String, String, u32, Option<String>)> {
        let messages = Messages::load(Language::Chinese);
        let query = NoticeQuery::default();
        let page = list_notices(accounts, &administrator(), &query, &messages).unwrap();
        let rows = page.items.into_iter().rev();
        rows.map(|n| (n.recipient, n.state, n.attempts, n.error))
            .collect()
    }

    #[test]
    fn digests_go_out_from_the_hour_on_and_once_a_day() {
        let (_home, mut accounts, settings) = desk();
        assert!(!settings.is_time(at(-1)));
        assert!(settings.is_time(at(0)) && settings.is_time(at(15 * 3600)));
        assert!(!settings.is_time(at(2 * 86_400)), "Saturday");
        assert_eq!(
            queue_digests(&mut accounts, &settings, at(0), some_work).unwrap(),
            3
        );
        assert_eq!(
            queue_digests(&mut accounts, &settings, at(60), some_work).unwrap(),
            0
        );
        let due = take_due(&mut accounts, &settings, at(60)).unwrap();
        assert_eq!(due.len(), 2, "nobody is called weiren");
        assert_eq!(due[0].name, "后河站站长");
        for outgoing in &due {
            note_outcome(&mut accounts, &settings, outgoing, &Ok(()), at(61)).unwrap();
        }
        assert!(
            take_due(&mut accounts, &settings, at(3600))
                .unwrap()
                .is_empty()
        );
        let rows = listed(&accounts);
        assert_eq!(rows[0], ("z@example.org".into(), "sent".into(), 1, None));
        assert_eq!(
            (rows[1].0.as_str(), rows[1].1.as_str()),
            ("w@example.org", "failed")
        );
        assert!(rows[1].3.as_ref().unwrap().contains("账号"));
    }

    #[test]
    fn nothing_to_do_is_noted_and_not_sent_later_that_day() {
        let (_home, mut accounts, settings) = desk();
        let nothing = |_: &Person| {
            let messages = Messages::load(Language::Chinese);
            Ok(digest::test_message(&messages, at(0)))
        };
        assert_eq!(
            queue_digests(&mut accounts, &settings, at(0), nothing).unwrap(),
            1
        );
        assert_eq!(
            queue_digests(&mut accounts, &settings, at(60), some_work).unwrap(),
            0
        );
        assert_eq!(listed(&accounts)[0].1, "nothing");
    }

    #[test]
    fn a_failure_is_tried_again_after_growing_pauses_and_then_given_up() {
        let (_home, mut accounts, settings) = desk();
        queue_digests(&mut accounts, &settings, at(0), some_work).unwrap();
        let fault = Undelivered {
            code: "notices.refused",
            cause: format!("93000 {}", settings.webhooks[0].url.expose()),
        };
        let mut now = 0;
        let mut tries = Vec::new();
        while let Some(next) = accounts.next_notice_at().unwrap() {
            now = next.as_second() - EIGHT;
            let due = take_due(&mut accounts, &settings, at(now)).unwrap();
            for outgoing in &due {
                let outcome = match &outgoing.recipient {
                    Recipient::Webhook(_) => Err(fault.clone()),
                    Recipient::Mail(_) => Ok(()),
                };
                note_outcome(&mut accounts, &settings, outgoing, &outcome, at(now)).unwrap();
            }
            tries.push(now);
        }
        assert_eq!(tries, [0, 15, 75, 375, 1275, 4875]);
        let rows = listed(&accounts);
        assert_eq!((rows[2].1.as_str(), rows[2].2), ("failed", 6));
        let error = rows[2].3.as_ref().unwrap();
        assert!(
            error.contains("93000") && !error.contains("0a1b2c3d"),
            "{error}"
        );
        assert!(now < 86_400);
    }

    #[test]
    fn what_waits_at_the_days_end_is_given_up() {
        let (_home, mut accounts, settings) = desk();
        queue_digests(&mut accounts, &settings, at(15 * 3600), some_work).unwrap();
        assert!(
            take_due(&mut accounts, &settings, at(16 * 3600))
                .unwrap()
                .is_empty()
        );
        let rows = listed(&accounts);
        assert!(rows.iter().all(|r| r.1 == "failed"), "{rows:?}");
        forget_old(&mut accounts, at(400 * 86_400)).unwrap();
        assert_eq!(listed(&accounts).len(), 3);
        forget_old(&mut accounts, at(401 * 86_400)).unwrap();
        assert!(listed(&accounts).is_empty());
    }

    #[test]
    fn what_cannot_be_read_holds_nobody_up_and_what_nobody_answers_for_is_given_up() {
        let (_home, mut accounts, settings) = desk();
        let odd = NewNotice {
            day: civil_day(at(0)),
            kind: "digest",
            channel: "mail",
            recipient: "z@example.org",
            login: "zhanzhang",
            content: "{}",
            state: "queued",
            at: at(0),
        };
        assert!(accounts.queue_notice(&odd).unwrap());
        queue_digests(&mut accounts, &settings, at(0), some_work).unwrap();
        let mut now = 0;
        let mut tries = 0;
        while accounts.next_notice_at().unwrap().is_some() {
            let due = take_due(&mut accounts, &settings, at(now)).unwrap();
            assert!(due.iter().all(|o| o.recipient.channel() == "webhook"));
            tries += due.len();
            now += LEASE.as_secs();
        }
        assert_eq!(tries, 6, "taken, and never noted");
        let rows = listed(&accounts);
        assert_eq!(rows[0].1, "failed");
        assert!(rows[0].3.as_ref().unwrap().contains("读不出"), "{rows:?}");
        assert_eq!((rows[2].1.as_str(), rows[2].2), ("failed", 7));
    }

    #[test]
    fn tests_are_for_administrators_and_five_a_minute() {
        let (_home, mut accounts, settings) = desk();
        let messages = Messages::load(Language::Chinese);
        let webhook = NoticeTest {
            webhook: Some("后河群".into()),
            ..NoticeTest::default()
        };
        let mut ask = |actor: &Actor, test: &NoticeTest, second| {
            let queued = queue_test(
                &mut accounts,
                Some(&settings),
                actor,
                test,
                &messages,
                at(second),
            );
            queued.map(|q| q.queued).map_err(|e| e.code())
        };
        let head = Actor {
            role: Role::StationHead,
            ..administrator()
        };
        assert_eq!(ask(&head, &webhook, 0), Err("policy.role_may_not".into()));
        let nobody = NoticeTest {
            login: Some("后河群".into()),
            ..NoticeTest::default()
        };
        assert_eq!(
            ask(&administrator(), &nobody, 0),
            Err("notices.no_recipient".into())
        );
        for _ in 0..5 {
            assert_eq!(ask(&administrator(), &webhook, 1), Ok(1));
        }
        assert_eq!(
            ask(&administrator(), &webhook, 60),
            Err("notices.too_many_tests".into())
        );
        assert_eq!(ask(&administrator(), &webhook, 61), Ok(1));
    }
}
