//! 发件箱 — notices to people outside the program: one row a day, channel and recipient, tried until sent or given up.

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Row, params};

use super::{Accounts, READ, WRITE, parsed, parsed_option};
use crate::constraints::failed;
use crate::error::Error;

/// 通知 — one row of the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub notice_id: i64,
    /// Civil day in China that it is of.
    pub day: Date,
    /// `digest`, `test`.
    pub kind: String,
    /// `mail`, `webhook`.
    pub channel: String,
    /// Address of the mail, name of the webhook.
    pub recipient: String,
    /// Whose day it tells.
    pub login: String,
    /// What is told, as `app` writes it.
    pub content: String,
    /// `queued`, `sent`, `failed`, `nothing`.
    pub state: String,
    pub attempts: u32,
    /// Code of what went wrong last.
    pub last_error: Option<String>,
    /// What the other side said, short and without secrets.
    pub last_cause: Option<String>,
    pub queued_at: Timestamp,
    pub next_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

/// 待发通知 — a notice to be put into the outbox.
#[derive(Debug, Clone, Copy)]
pub struct NewNotice<'a> {
    pub day: Date,
    pub kind: &'a str,
    pub channel: &'a str,
    pub recipient: &'a str,
    pub login: &'a str,
    pub content: &'a str,
    pub state: &'a str,
    pub at: Timestamp,
}

const COLUMNS: &str = "notice_id, day, kind, channel, recipient, login, content, state, attempts, last_error, \
                       last_cause, queued_at, next_at_s, ended_at";

impl Accounts {
    /// Puts a notice into the outbox; a digest of the same day, channel, recipient and login is there already (`false`).
    pub fn queue_notice(&mut self, notice: &NewNotice<'_>) -> Result<bool, Error> {
        let ended_at = (notice.state != "queued").then(|| notice.at.to_string());
        let added = self
            .db
            .execute(
                "INSERT INTO outbox (day, kind, channel, recipient, login, content, state, queued_at, next_at_s, ended_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING",
                params![
                    notice.day.to_string(),
                    notice.kind,
                    notice.channel,
                    notice.recipient,
                    notice.login,
                    notice.content,
                    notice.state,
                    notice.at.to_string(),
                    notice.at.as_second(),
                    ended_at,
                ],
            )
            .map_err(failed(WRITE))?;
        Ok(added == 1)
    }

    /// Whether a digest of that day stands in the outbox, whatever became of it.
    pub fn has_digest(
        &self,
        day: Date,
        channel: &str,
        recipient: &str,
        login: &str,
    ) -> Result<bool, Error> {
        self.db
            .query_row(
                "SELECT EXISTS (SELECT 1 FROM outbox WHERE kind = 'digest' AND day = ?1 AND channel = ?2
                                AND recipient = ?3 AND login = ?4)",
                params![day.to_string(), channel, recipient, login],
                |row| row.get(0),
            )
            .map_err(failed(READ))
    }

    /// Takes notices that are due, for this caller alone: until `lease_to` nobody else is given them. Each taking counts
    /// as an attempt.
    pub fn take_notices(
        &mut self,
        now: Timestamp,
        lease_to: Timestamp,
        most: u32,
    ) -> Result<Vec<Notice>, Error> {
        let sql = format!(
            "UPDATE outbox SET attempts = attempts + 1, next_at_s = ?2 WHERE notice_id IN
             (SELECT notice_id FROM outbox WHERE state = 'queued' AND next_at_s <= ?1 ORDER BY notice_id LIMIT ?3)
             RETURNING {COLUMNS}"
        );
        let mut taking = self.db.prepare_cached(&sql).map_err(failed(WRITE))?;
        let rows = taking
            .query_map(params![now.as_second(), lease_to.as_second(), most], notice)
            .map_err(failed(WRITE))?;
        let mut taken: Vec<Notice> = rows.collect::<Result<_, _>>().map_err(failed(WRITE))?;
        taken.sort_by_key(|n| n.notice_id);
        Ok(taken)
    }

    /// When the next notice is due, if one waits.
    pub fn next_notice_at(&self) -> Result<Option<Timestamp>, Error> {
        let second: Option<i64> = self
            .db
            .query_row(
                "SELECT min(next_at_s) FROM outbox WHERE state = 'queued'",
                [],
                |row| row.get(0),
            )
            .map_err(failed(READ))?;
        Ok(second.and_then(|s| Timestamp::from_second(s).ok()))
    }

    /// Notes that a notice went out.
    pub fn note_sent(&mut self, notice_id: i64, at: Timestamp) -> Result<(), Error> {
        self.db
            .execute(
                "UPDATE outbox SET state = 'sent', ended_at = ?2, last_error = NULL, last_cause = NULL
                 WHERE notice_id = ?1",
                params![notice_id, at.to_string()],
            )
            .map_err(failed(WRITE))?;
        Ok(())
    }

    /// Notes why a notice did not go out; it is tried again at `again_at`, or given up.
    pub fn note_not_sent(
        &mut self,
        notice_id: i64,
        error: &str,
        cause: Option<&str>,
        at: Timestamp,
        again_at: Option<Timestamp>,
    ) -> Result<(), Error> {
        let state = if again_at.is_some() {
            "queued"
        } else {
            "failed"
        };
        let ended_at = again_at.is_none().then(|| at.to_string());
        self.db
            .execute(
                "UPDATE outbox SET state = ?2, last_error = ?3, last_cause = ?4, next_at_s = ?5, ended_at = ?6
                 WHERE notice_id = ?1",
                params![
                    notice_id,
                    state,
                    error,
                    cause,
                    again_at.unwrap_or(at).as_second(),
                    ended_at
                ],
            )
            .map_err(failed(WRITE))?;
        Ok(())
    }

    /// Gives up what waits from days before `today`; how many. What failed before keeps its own reason, what was never
    /// tried has this one.
    pub fn give_up_notices(
        &mut self,
        today: Date,
        error: &str,
        at: Timestamp,
    ) -> Result<usize, Error> {
        self.db
            .execute(
                "UPDATE outbox SET state = 'failed', last_error = coalesce(last_error, ?2), ended_at = ?3
                 WHERE state = 'queued' AND day < ?1",
                params![today.to_string(), error, at.to_string()],
            )
            .map_err(failed(WRITE))
    }

    /// Forgets notices of days before `day`; how many.
    pub fn forget_notices(&mut self, day: Date) -> Result<usize, Error> {
        self.db
            .execute("DELETE FROM outbox WHERE day < ?1", [day.to_string()])
            .map_err(failed(WRITE))
    }

    /// How many notices of a kind were queued after an instant.
    pub fn count_notices(&self, kind: &str, after: Timestamp) -> Result<u64, Error> {
        let count: i64 = self
            .db
            .query_row(
                "SELECT count(*) FROM outbox WHERE kind = ?1 AND queued_at > ?2",
                params![kind, after.to_string()],
                |row| row.get(0),
            )
            .map_err(failed(READ))?;
        Ok(count.unsigned_abs())
    }

    /// The outbox, the newest first, and how many there are.
    pub fn notices(&self, limit: u32, offset: u64) -> Result<(u64, Vec<Notice>), Error> {
        let total: i64 = self
            .db
            .query_row("SELECT count(*) FROM outbox", [], |row| row.get(0))
            .map_err(failed(READ))?;
        let sql =
            format!("SELECT {COLUMNS} FROM outbox ORDER BY notice_id DESC LIMIT ?1 OFFSET ?2");
        let mut select = self.db.prepare_cached(&sql).map_err(failed(READ))?;
        let offset = i64::try_from(offset).unwrap_or(i64::MAX);
        let rows = select
            .query_map(params![limit, offset], notice)
            .map_err(failed(READ))?;
        let found = rows.collect::<Result<_, _>>().map_err(failed(READ))?;
        Ok((total.unsigned_abs(), found))
    }
}

fn notice(row: &Row<'_>) -> rusqlite::Result<Notice> {
    let next_at_s: i64 = row.get(12)?;
    Ok(Notice {
        notice_id: row.get(0)?,
        day: parsed(row, 1)?,
        kind: row.get(2)?,
        channel: row.get(3)?,
        recipient: row.get(4)?,
        login: row.get(5)?,
        content: row.get(6)?,
        state: row.get(7)?,
        attempts: row.get(8)?,
        last_error: row.get(9)?,
        last_cause: row.get(10)?,
        queued_at: parsed(row, 11)?,
        next_at: Timestamp::from_second(next_at_s).unwrap_or(Timestamp::MAX),
        ended_at: parsed_option(row, 13)?,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    const DAY: Date = Date::constant(2026, 11, 26);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_651_200 + second).unwrap()
    }

    fn digest(recipient: &str) -> NewNotice<'_> {
        NewNotice {
            day: DAY,
            kind: "digest",
            channel: "mail",
            recipient,
            login: "zhanzhang",
            content: "{}",
            state: "queued",
            at: at(0),
        }
    }

    fn states(accounts: &Accounts) -> Vec<(String, u32)> {
        let (_, all) = accounts.notices(10, 0).unwrap();
        all.into_iter().map(|n| (n.state, n.attempts)).collect()
    }

    #[test]
    fn a_digest_is_queued_once_a_day_and_a_test_as_often_as_asked() {
        let home = tempfile::tempdir().unwrap();
        let mut one = Accounts::open(home.path()).unwrap();
        let mut other = Accounts::open(home.path()).unwrap();
        assert!(one.queue_notice(&digest("a@example.org")).unwrap());
        assert!(!other.queue_notice(&digest("a@example.org")).unwrap());
        assert!(other.queue_notice(&digest("b@example.org")).unwrap());
        let next_day = NewNotice {
            day: DAY.tomorrow().unwrap(),
            ..digest("a@example.org")
        };
        assert!(one.queue_notice(&next_day).unwrap());
        let test = NewNotice {
            kind: "test",
            ..digest("a@example.org")
        };
        assert!(one.queue_notice(&test).unwrap() && one.queue_notice(&test).unwrap());
        assert_eq!(one.count_notices("test", at(-60)).unwrap(), 2);
        assert_eq!(one.count_notices("test", at(0)).unwrap(), 0);
        assert!(
            one.has_digest(DAY, "mail", "a@example.org", "zhanzhang")
                .unwrap()
        );
        assert!(
            !one.has_digest(DAY, "webhook", "a@example.org", "zhanzhang")
                .unwrap()
        );
        assert_eq!(one.notices(2, 1).unwrap().0, 5);
    }

    #[test]
    fn whoever_takes_a_notice_has_it_alone_until_the_lease_ends() {
        let home = tempfile::tempdir().unwrap();
        let mut one = Accounts::open(home.path()).unwrap();
        let mut other = Accounts::open(home.path()).unwrap();
        one.queue_notice(&digest("a@example.org")).unwrap();
        assert_eq!(one.take_notices(at(0), at(180), 10).unwrap().len(), 1);
        assert_eq!(other.take_notices(at(1), at(181), 10).unwrap(), []);
        assert_eq!(other.next_notice_at().unwrap(), Some(at(180)));
        let again = other.take_notices(at(180), at(360), 10).unwrap();
        assert_eq!(again[0].attempts, 2, "the first died with its work");
        other.note_sent(again[0].notice_id, at(182)).unwrap();
        assert_eq!(one.take_notices(at(999), at(1179), 10).unwrap(), []);
        assert_eq!(one.next_notice_at().unwrap(), None);
        assert_eq!(states(&one), [("sent".to_owned(), 2)]);
    }

    #[test]
    fn what_is_not_sent_waits_or_is_given_up_and_is_forgotten_in_the_end() {
        let home = tempfile::tempdir().unwrap();
        let mut accounts = Accounts::open(home.path()).unwrap();
        accounts.queue_notice(&digest("a@example.org")).unwrap();
        let id = accounts.take_notices(at(0), at(180), 1).unwrap()[0].notice_id;
        accounts
            .note_not_sent(id, "notices.refused", Some("550"), at(1), Some(at(16)))
            .unwrap();
        assert_eq!(accounts.take_notices(at(15), at(180), 1).unwrap(), []);
        let taken = accounts.take_notices(at(16), at(196), 1).unwrap();
        assert_eq!(taken[0].last_cause.as_deref(), Some("550"));
        accounts
            .note_not_sent(id, "notices.refused", None, at(17), None)
            .unwrap();
        assert_eq!(states(&accounts), [("failed".to_owned(), 2)]);

        accounts.queue_notice(&digest("b@example.org")).unwrap();
        accounts.queue_notice(&digest("c@example.org")).unwrap();
        let late = id + 2;
        accounts
            .note_not_sent(late, "notices.timed_out", None, at(2), Some(at(90_000)))
            .unwrap();
        let tomorrow = DAY.tomorrow().unwrap();
        let mut given_up = |today, second| {
            accounts
                .give_up_notices(today, "notices.day_over", at(second))
                .unwrap()
        };
        assert_eq!(given_up(DAY, 2), 0);
        assert_eq!(given_up(tomorrow, 86_400), 2);
        assert_eq!(accounts.next_notice_at().unwrap(), None);
        let (_, all) = accounts.notices(2, 0).unwrap();
        let reasons: Vec<_> = all.iter().map(|n| n.last_error.as_deref()).collect();
        let reason = [Some("notices.timed_out"), Some("notices.day_over")];
        assert_eq!(reasons, reason, "its own, where it has one");
        assert_eq!(accounts.forget_notices(DAY).unwrap(), 0);
        assert_eq!(accounts.forget_notices(tomorrow).unwrap(), 3);
    }
}
