//! 账号库 — people, their posts, sessions, API tokens, failed logins, the access log and the outbox, in a database of its
//! own.
//!
//! Nothing in it is an entry: what may have to be erased never enters the log (`docs/adr/`). Entries name a person by
//! `person_id`, a pseudonym that says nothing once the row here is gone.

mod field;
mod outbox;

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::backup::Backup;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use crate::constraints::failed;
use crate::error::Error;

pub use field::{Device, FieldFile, FieldItem, ItemCounts, ItemQuery, NumberGap, OpenItems};
pub use outbox::{NewNotice, Notice};

/// Pages copied at a time, and the pause in which others may write.
const PAGES_A_STEP: i32 = 1024;
const PAUSE: Duration = Duration::from_millis(5);
const READ: &str = "read the accounts";
const WRITE: &str = "write the accounts";

/// 人员 — one person's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Pseudonym that entries name.
    pub person_id: String,
    pub login: String,
    pub name: String,
    pub password_hash: String,
    pub must_change_password: bool,
    pub is_active: bool,
    /// Base32, also before it is confirmed.
    pub totp_secret: Option<String>,
    pub has_totp: bool,
    /// Last time step a code was taken for; no step is taken twice.
    pub totp_last_step: i64,
    pub created_at: Timestamp,
    pub posts: Vec<HeldPost>,
}

/// 任职 — a post held for a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldPost {
    pub post_id: i64,
    pub role: String,
    pub station_id: Option<String>,
    pub from_on: Date,
    pub to_on: Option<Date>,
}

impl HeldPost {
    /// Whether it is held on `day`.
    pub fn is_held(&self, day: Date) -> bool {
        self.from_on <= day && self.to_on.is_none_or(|to| day <= to)
    }
}

/// 登录会话 — a browser that is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginSession {
    pub token_sha256: String,
    pub person_id: String,
    /// Post acted in.
    pub post_id: Option<i64>,
    pub csrf_token: String,
    pub created_at: Timestamp,
    pub seen_at: Timestamp,
    pub expires_at: Timestamp,
    pub address: String,
    pub agent: String,
}

/// 接口令牌 — lets a program in as one post of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    pub token_id: String,
    pub token_sha256: String,
    pub person_id: String,
    pub post_id: i64,
    pub name: String,
    /// `read`, `write`, `ogc`, `field`.
    pub scope: String,
    pub expires_on: Date,
    pub created_at: Timestamp,
}

/// 登录失败 — failures in a row of one login name or address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempts {
    pub failures: u32,
    pub locked_until: Timestamp,
}

/// 访问记录 — who looked at, exported or downloaded what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    pub at: Timestamp,
    pub person_id: Option<String>,
    pub post: String,
    pub action: String,
    pub object: String,
    pub address: String,
    pub request_id: String,
}

/// 账号库 — the accounts of one register.
pub struct Accounts {
    db: Connection,
}

const MIGRATIONS: [&str; 4] = [
    include_str!("../migrations/accounts/0001_accounts.sql"),
    include_str!("../migrations/accounts/0002_settings.sql"),
    include_str!("../migrations/accounts/0003_outbox.sql"),
    include_str!("../migrations/accounts/0004_field.sql"),
];

fn path_in(home: &Path) -> PathBuf {
    home.join("accounts.sqlite")
}

impl Accounts {
    /// Opens the accounts beside a register; makes the file if there is none.
    pub fn open(home: &Path) -> Result<Self, Error> {
        let path = path_in(home);
        let mut db = Connection::open(&path).map_err(failed("open the accounts"))?;
        restrict(&path)?;
        db.busy_timeout(Duration::from_secs(30))
            .map_err(failed("wait its turn"))?;
        db.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;",
        )
        .map_err(failed("be set up for writing"))?;
        migrate(&mut db)?;
        Ok(Self { db })
    }

    /// Copies the accounts beside a register into another folder while they are in use, and checks the copy; answers
    /// how many people it holds. A register that nobody logs in to has none.
    pub fn copy(home: &Path, to: &Path) -> Result<u64, Error> {
        if !path_in(home).exists() {
            return Ok(0);
        }
        let accounts = Self::open(home)?;
        let path = path_in(to);
        let mut copy = Connection::open(&path).map_err(failed("open the copy"))?;
        restrict(&path)?;
        Backup::new(&accounts.db, &mut copy)
            .and_then(|b| b.run_to_completion(PAGES_A_STEP, PAUSE, None))
            .map_err(failed("copy the accounts"))?;
        let found: String = copy
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .map_err(failed(READ))?;
        if found != "ok" {
            return Err(Error::CopyDiffers { reason: found });
        }
        let people: i64 = copy
            .query_row("SELECT count(*) FROM people", [], |row| row.get(0))
            .map_err(failed(READ))?;
        Ok(people.unsigned_abs())
    }

    /// Whether anybody has an account.
    pub fn is_empty(&self) -> Result<bool, Error> {
        self.db
            .query_row("SELECT NOT EXISTS (SELECT 1 FROM people)", [], |row| {
                row.get(0)
            })
            .map_err(failed(READ))
    }

    /// Everybody, by login.
    pub fn people(&self) -> Result<Vec<Person>, Error> {
        let mut people = self.select_people("1 = 1 ORDER BY login", "")?;
        for person in &mut people {
            person.posts = self.posts_of(&person.person_id)?;
        }
        Ok(people)
    }

    /// The person of a login name.
    pub fn find_by_login(&self, login: &str) -> Result<Option<Person>, Error> {
        self.find("login = ?1", login)
    }

    /// The person of an id.
    pub fn find_person(&self, person_id: &str) -> Result<Option<Person>, Error> {
        self.find("person_id = ?1", person_id)
    }

    fn find(&self, condition: &str, value: &str) -> Result<Option<Person>, Error> {
        let Some(mut person) = self.select_people(condition, value)?.pop() else {
            return Ok(None);
        };
        person.posts = self.posts_of(&person.person_id)?;
        Ok(Some(person))
    }

    fn select_people(&self, condition: &str, value: &str) -> Result<Vec<Person>, Error> {
        let sql = format!(
            "SELECT person_id, login, name, password_hash, must_change_password, is_active, totp_secret, has_totp,
                    totp_last_step, created_at FROM people WHERE {condition}"
        );
        let mut select = self.db.prepare_cached(&sql).map_err(failed(READ))?;
        let values: &[&dyn rusqlite::ToSql] = if condition.contains("?1") {
            &[&value]
        } else {
            &[]
        };
        let rows = select.query_map(values, person).map_err(failed(READ))?;
        rows.collect::<Result<_, _>>().map_err(failed(READ))
    }

    fn posts_of(&self, person_id: &str) -> Result<Vec<HeldPost>, Error> {
        let mut select = self
            .db
            .prepare_cached(
                "SELECT post_id, role, station_id, from_on, to_on FROM posts WHERE person_id = ?1 ORDER BY post_id",
            )
            .map_err(failed(READ))?;
        let rows = select
            .query_map([person_id], |row| {
                Ok(HeldPost {
                    post_id: row.get(0)?,
                    role: row.get(1)?,
                    station_id: row.get(2)?,
                    from_on: parsed(row, 3)?,
                    to_on: parsed_option(row, 4)?,
                })
            })
            .map_err(failed(READ))?;
        rows.collect::<Result<_, _>>().map_err(failed(READ))
    }

    /// Adds a person with posts, or says that the login is taken (`false`).
    pub fn add_person(&mut self, person: &Person) -> Result<bool, Error> {
        let tx = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed(WRITE))?;
        let added = tx
            .execute(
                "INSERT INTO people (person_id, login, name, password_hash, must_change_password, is_active, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (login) DO NOTHING",
                params![
                    person.person_id,
                    person.login,
                    person.name,
                    person.password_hash,
                    person.must_change_password,
                    person.is_active,
                    person.created_at.to_string()
                ],
            )
            .map_err(failed(WRITE))?;
        if added == 0 {
            return Ok(false);
        }
        insert_posts(&tx, &person.person_id, &person.posts)?;
        tx.commit().map_err(failed("commit"))?;
        Ok(true)
    }

    /// Changes everything of a person but the posts; the login stays.
    pub fn update_person(&mut self, person: &Person) -> Result<(), Error> {
        self.db
            .prepare_cached(
                "UPDATE people SET name = ?2, password_hash = ?3, must_change_password = ?4, is_active = ?5,
                        totp_secret = ?6, has_totp = ?7, totp_last_step = ?8 WHERE person_id = ?1",
            )
            .and_then(|mut update| {
                update.execute(params![
                    person.person_id,
                    person.name,
                    person.password_hash,
                    person.must_change_password,
                    person.is_active,
                    person.totp_secret,
                    person.has_totp,
                    person.totp_last_step
                ])
            })
            .map_err(failed(WRITE))?;
        Ok(())
    }

    /// Takes a TOTP step for used, unless it or a later one was; whether it may count.
    pub fn take_totp_step(&mut self, person_id: &str, step: i64) -> Result<bool, Error> {
        let taken = self
            .db
            .execute(
                "UPDATE people SET totp_last_step = ?2 WHERE person_id = ?1 AND totp_last_step < ?2",
                params![person_id, step],
            )
            .map_err(failed(WRITE))?;
        Ok(taken == 1)
    }

    /// Replaces a person's posts. Those that stay keep their ids, so that sessions and tokens keep theirs.
    pub fn set_posts(&mut self, person_id: &str, posts: &[HeldPost]) -> Result<(), Error> {
        let tx = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed(WRITE))?;
        tx.execute("DELETE FROM posts WHERE person_id = ?1", [person_id])
            .map_err(failed(WRITE))?;
        insert_posts(&tx, person_id, posts)?;
        tx.commit().map_err(failed("commit"))
    }

    /// Puts a session on record.
    pub fn add_session(&mut self, session: &LoginSession) -> Result<(), Error> {
        self.db
            .execute(
                "INSERT INTO sessions (token_sha256, person_id, post_id, csrf_token, created_at, seen_at, expires_at,
                                       address, agent)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                params![
                    session.token_sha256,
                    session.person_id,
                    session.post_id,
                    session.csrf_token,
                    session.created_at.to_string(),
                    session.seen_at.to_string(),
                    session.expires_at.to_string(),
                    session.address,
                    session.agent
                ],
            )
            .map_err(failed(WRITE))?;
        Ok(())
    }

    /// The session of a token.
    pub fn find_session(&self, token_sha256: &str) -> Result<Option<LoginSession>, Error> {
        Ok(self
            .select_sessions("token_sha256 = ?1", token_sha256)?
            .pop())
    }

    /// A person's sessions, the newest first.
    pub fn sessions_of(&self, person_id: &str) -> Result<Vec<LoginSession>, Error> {
        self.select_sessions("person_id = ?1 ORDER BY created_at DESC", person_id)
    }

    fn select_sessions(&self, condition: &str, value: &str) -> Result<Vec<LoginSession>, Error> {
        let sql = format!(
            "SELECT token_sha256, person_id, post_id, csrf_token, created_at, seen_at, expires_at, address, agent
             FROM sessions WHERE {condition}"
        );
        let mut select = self.db.prepare_cached(&sql).map_err(failed(READ))?;
        let rows = select
            .query_map([value], |row| {
                Ok(LoginSession {
                    token_sha256: row.get(0)?,
                    person_id: row.get(1)?,
                    post_id: row.get(2)?,
                    csrf_token: row.get(3)?,
                    created_at: parsed(row, 4)?,
                    seen_at: parsed(row, 5)?,
                    expires_at: parsed(row, 6)?,
                    address: row.get(7)?,
                    agent: row.get(8)?,
                })
            })
            .map_err(failed(READ))?;
        rows.collect::<Result<_, _>>().map_err(failed(READ))
    }

    /// Notes that a session was used, until when it lasts now, and in which post.
    pub fn touch_session(&mut self, session: &LoginSession) -> Result<(), Error> {
        self.db
            .execute(
                "UPDATE sessions SET seen_at = ?2, expires_at = ?3, post_id = ?4 WHERE token_sha256 = ?1",
                params![
                    session.token_sha256,
                    session.seen_at.to_string(),
                    session.expires_at.to_string(),
                    session.post_id
                ],
            )
            .map_err(failed(WRITE))?;
        Ok(())
    }

    /// Ends one session.
    pub fn end_session(&mut self, token_sha256: &str) -> Result<(), Error> {
        self.db
            .execute(
                "DELETE FROM sessions WHERE token_sha256 = ?1",
                [token_sha256],
            )
            .map_err(failed(WRITE))?;
        Ok(())
    }

    /// What a person keeps for themselves.
    pub fn find_settings(&self, person_id: &str) -> Result<Option<String>, Error> {
        let sql = "SELECT settings FROM person_settings WHERE person_id = ?1";
        self.db
            .query_row(sql, [person_id], |row| row.get(0))
            .optional()
            .map_err(failed(READ))
    }

    /// Keeps that in place of what was kept.
    pub fn keep_settings(&mut self, person_id: &str, settings: &str) -> Result<(), Error> {
        let sql = "INSERT INTO person_settings (person_id, settings) VALUES (?1, ?2)
                   ON CONFLICT (person_id) DO UPDATE SET settings = excluded.settings";
        self.db
            .execute(sql, params![person_id, settings])
            .map_err(failed(WRITE))?;
        Ok(())
    }

    /// Ends all sessions of a person but, if given, one; how many.
    pub fn end_sessions_of(&mut self, person_id: &str, but: Option<&str>) -> Result<usize, Error> {
        self.db
            .execute(
                "DELETE FROM sessions WHERE person_id = ?1 AND token_sha256 <> coalesce(?2, '')",
                params![person_id, but],
            )
            .map_err(failed(WRITE))
    }

    /// Puts an API token on record.
    pub fn add_token(&mut self, token: &ApiToken) -> Result<(), Error> {
        self.db
            .execute(
                "INSERT INTO tokens (token_id, token_sha256, person_id, post_id, name, scope, expires_on, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![
                    token.token_id,
                    token.token_sha256,
                    token.person_id,
                    token.post_id,
                    token.name,
                    token.scope,
                    token.expires_on.to_string(),
                    token.created_at.to_string()
                ],
            )
            .map_err(failed(WRITE))?;
        Ok(())
    }

    /// The API token of a secret.
    pub fn find_token(&self, token_sha256: &str) -> Result<Option<ApiToken>, Error> {
        Ok(self.select_tokens("token_sha256 = ?1", token_sha256)?.pop())
    }

    /// A person's API tokens.
    pub fn tokens_of(&self, person_id: &str) -> Result<Vec<ApiToken>, Error> {
        self.select_tokens("person_id = ?1 ORDER BY created_at", person_id)
    }

    fn select_tokens(&self, condition: &str, value: &str) -> Result<Vec<ApiToken>, Error> {
        let sql = format!(
            "SELECT token_id, token_sha256, person_id, post_id, name, scope, expires_on, created_at FROM tokens
             WHERE {condition}"
        );
        let mut select = self.db.prepare_cached(&sql).map_err(failed(READ))?;
        let rows = select
            .query_map([value], |row| {
                Ok(ApiToken {
                    token_id: row.get(0)?,
                    token_sha256: row.get(1)?,
                    person_id: row.get(2)?,
                    post_id: row.get(3)?,
                    name: row.get(4)?,
                    scope: row.get(5)?,
                    expires_on: parsed(row, 6)?,
                    created_at: parsed(row, 7)?,
                })
            })
            .map_err(failed(READ))?;
        rows.collect::<Result<_, _>>().map_err(failed(READ))
    }

    /// Revokes a person's API token; whether there was one.
    pub fn revoke_token(&mut self, person_id: &str, token_id: &str) -> Result<bool, Error> {
        let gone = self
            .db
            .execute(
                "DELETE FROM tokens WHERE person_id = ?1 AND token_id = ?2",
                [person_id, token_id],
            )
            .map_err(failed(WRITE))?;
        Ok(gone > 0)
    }

    /// Revokes all API tokens of a person; how many.
    pub fn revoke_tokens_of(&mut self, person_id: &str) -> Result<usize, Error> {
        self.db
            .execute("DELETE FROM tokens WHERE person_id = ?1", [person_id])
            .map_err(failed(WRITE))
    }

    /// Failures in a row of a subject (`login:…`, `address:…`).
    pub fn find_attempts(&self, subject: &str) -> Result<Option<Attempts>, Error> {
        self.db
            .query_row(
                "SELECT failures, locked_until FROM attempts WHERE subject = ?1",
                [subject],
                |row| {
                    Ok(Attempts {
                        failures: row.get(0)?,
                        locked_until: parsed(row, 1)?,
                    })
                },
            )
            .optional()
            .map_err(failed(READ))
    }

    /// Notes a failure. Subjects that were quiet since `forget_before` are forgotten, so that the table stays small.
    pub fn note_failure(
        &mut self,
        subject: &str,
        attempts: Attempts,
        at: Timestamp,
        forget_before: Timestamp,
    ) -> Result<(), Error> {
        self.db
            .execute(
                "DELETE FROM attempts WHERE failed_at < ?1",
                [forget_before.to_string()],
            )
            .map_err(failed(WRITE))?;
        self.db
            .execute(
                "INSERT OR REPLACE INTO attempts (subject, failures, failed_at, locked_until) VALUES (?1, ?2, ?3, ?4)",
                params![
                    subject,
                    attempts.failures,
                    at.to_string(),
                    attempts.locked_until.to_string()
                ],
            )
            .map_err(failed(WRITE))?;
        Ok(())
    }

    /// Forgets the failures of a subject.
    pub fn forget_failures(&mut self, subject: &str) -> Result<(), Error> {
        self.db
            .execute("DELETE FROM attempts WHERE subject = ?1", [subject])
            .map_err(failed(WRITE))?;
        Ok(())
    }

    /// Keeps the hash of the set-up code; the one before is void.
    pub fn set_setup_code(&mut self, code_sha256: &str) -> Result<(), Error> {
        self.db
            .execute(
                "INSERT OR REPLACE INTO setup (id, code_sha256) VALUES (1, ?1)",
                [code_sha256],
            )
            .map_err(failed(WRITE))?;
        Ok(())
    }

    /// Takes the set-up code; it works once.
    pub fn take_setup_code(&mut self, code_sha256: &str) -> Result<bool, Error> {
        let taken = self
            .db
            .execute("DELETE FROM setup WHERE code_sha256 = ?1", [code_sha256])
            .map_err(failed(WRITE))?;
        Ok(taken == 1)
    }

    /// Puts views, exports and downloads on record.
    pub fn log_access(&mut self, accesses: &[Access]) -> Result<(), Error> {
        let tx = self.db.transaction().map_err(failed(WRITE))?;
        {
            let mut insert = tx
                .prepare_cached(
                    "INSERT INTO access_log (at, person_id, post, action, object, address, request_id)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )
                .map_err(failed(WRITE))?;
            for access in accesses {
                insert
                    .execute(params![
                        access.at.to_string(),
                        access.person_id,
                        access.post,
                        access.action,
                        access.object,
                        access.address,
                        access.request_id
                    ])
                    .map_err(failed(WRITE))?;
            }
        }
        tx.commit().map_err(failed("commit"))
    }

    /// The access log between two instants, the newest first.
    pub fn accesses(
        &self,
        person_id: Option<&str>,
        from: Timestamp,
        to: Timestamp,
        limit: u32,
        offset: u64,
    ) -> Result<Vec<Access>, Error> {
        let mut select = self
            .db
            .prepare_cached(
                "SELECT at, person_id, post, action, object, address, request_id FROM access_log
                 WHERE at >= ?1 AND at < ?2 AND (?3 IS NULL OR person_id = ?3) ORDER BY id DESC LIMIT ?4 OFFSET ?5",
            )
            .map_err(failed(READ))?;
        let rows = select
            .query_map(
                params![
                    from.to_string(),
                    to.to_string(),
                    person_id,
                    limit,
                    i64::try_from(offset).unwrap_or(i64::MAX)
                ],
                |row| {
                    Ok(Access {
                        at: parsed(row, 0)?,
                        person_id: row.get(1)?,
                        post: row.get(2)?,
                        action: row.get(3)?,
                        object: row.get(4)?,
                        address: row.get(5)?,
                        request_id: row.get(6)?,
                    })
                },
            )
            .map_err(failed(READ))?;
        rows.collect::<Result<_, _>>().map_err(failed(READ))
    }
}

fn insert_posts(db: &Connection, person_id: &str, posts: &[HeldPost]) -> Result<(), Error> {
    for post in posts {
        let known = (post.post_id > 0).then_some(post.post_id);
        db.execute(
            "INSERT INTO posts (post_id, person_id, role, station_id, from_on, to_on) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                known,
                person_id,
                post.role,
                post.station_id,
                post.from_on.to_string(),
                post.to_on.map(|d| d.to_string())
            ],
        )
        .map_err(failed(WRITE))?;
    }
    Ok(())
}

fn person(row: &Row<'_>) -> rusqlite::Result<Person> {
    Ok(Person {
        person_id: row.get(0)?,
        login: row.get(1)?,
        name: row.get(2)?,
        password_hash: row.get(3)?,
        must_change_password: row.get(4)?,
        is_active: row.get(5)?,
        totp_secret: row.get(6)?,
        has_totp: row.get(7)?,
        totp_last_step: row.get(8)?,
        created_at: parsed(row, 9)?,
        posts: Vec::new(),
    })
}

fn parsed<T: std::str::FromStr>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text: String = row.get(column)?;
    text.parse().map_err(|e| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(e))
    })
}

fn parsed_option<T: std::str::FromStr>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text: Option<String> = row.get(column)?;
    match text {
        Some(_) => parsed(row, column).map(Some),
        None => Ok(None),
    }
}

/// Version of the accounts' tables that this program knows.
const VERSION: u32 = 4;

fn migrate(db: &mut Connection) -> Result<(), Error> {
    let tx = db
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed(WRITE))?;
    let found: u32 = tx
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(failed(READ))?;
    if found > VERSION {
        return Err(Error::NewerSchema {
            found,
            known: VERSION,
        });
    }
    if found == VERSION {
        return Ok(());
    }
    for migration in MIGRATIONS.iter().skip(found as usize) {
        tx.execute_batch(migration).map_err(failed("migrate"))?;
    }
    tx.pragma_update(None, "user_version", VERSION)
        .map_err(failed("migrate"))?;
    tx.commit().map_err(failed("commit"))
}

#[cfg(unix)]
fn restrict(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
        .map_err(Error::file("protect", path))
}

#[cfg(not(unix))]
fn restrict(_path: &Path) -> Result<(), Error> {
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_566_000_000 + second).unwrap()
    }

    fn person_named(login: &str) -> Person {
        Person {
            person_id: format!("p-{login}"),
            login: login.into(),
            name: "某岗位人员".into(),
            password_hash: "hash".into(),
            must_change_password: true,
            is_active: true,
            totp_secret: None,
            has_totp: false,
            totp_last_step: 0,
            created_at: at(0),
            posts: vec![HeldPost {
                post_id: 0,
                role: "office".into(),
                station_id: None,
                from_on: Date::constant(2019, 7, 20),
                to_on: None,
            }],
        }
    }

    #[test]
    fn a_login_names_one_person_and_posts_keep_their_ids() {
        let home = tempfile::tempdir().unwrap();
        let mut accounts = Accounts::open(home.path()).unwrap();
        assert!(accounts.is_empty().unwrap());
        assert!(accounts.add_person(&person_named("bangongshi")).unwrap());
        let double = Person {
            person_id: "p-other".into(),
            ..person_named("bangongshi")
        };
        assert!(!accounts.add_person(&double).unwrap());
        let found = accounts.find_by_login("bangongshi").unwrap().unwrap();
        accounts.set_posts(&found.person_id, &found.posts).unwrap();
        let again = accounts.find_person(&found.person_id).unwrap().unwrap();
        assert_eq!(again.posts, found.posts);
    }

    #[test]
    fn a_time_step_and_a_setup_code_work_once() {
        let home = tempfile::tempdir().unwrap();
        let mut accounts = Accounts::open(home.path()).unwrap();
        accounts.add_person(&person_named("a")).unwrap();
        assert!(accounts.take_totp_step("p-a", 7).unwrap());
        assert!(!accounts.take_totp_step("p-a", 7).unwrap());
        assert!(!accounts.take_totp_step("p-a", 6).unwrap());
        accounts.set_setup_code("abc").unwrap();
        assert!(accounts.take_setup_code("abc").unwrap());
        assert!(!accounts.take_setup_code("abc").unwrap());
    }

    #[test]
    fn failures_are_counted_and_forgotten_after_a_while() {
        let home = tempfile::tempdir().unwrap();
        let mut accounts = Accounts::open(home.path()).unwrap();
        let attempts = Attempts {
            failures: 3,
            locked_until: at(60),
        };
        accounts
            .note_failure("login:a", attempts, at(0), at(-100))
            .unwrap();
        assert_eq!(accounts.find_attempts("login:a").unwrap(), Some(attempts));
        accounts
            .note_failure("login:b", attempts, at(9000), at(5000))
            .unwrap();
        assert_eq!(accounts.find_attempts("login:a").unwrap(), None);
    }
}
