//! 人员 — accounts, posts, logging in, second factor, sessions, API tokens, the access log. People are personal data and lie in the accounts beside the register, never in an entry.

mod links;
mod passwords;
mod secrets;
mod views;

use domain::dossier::civil_day;
use domain::policy::{self, Action, Actor, Resource, Role};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use register::accounts::{ApiToken, Attempts, HeldPost, LoginSession};
use serde_json::{Map, Value};
use spatial::diagnostic::Diagnostic;

use crate::error::Error;
use crate::session::{Post, Setting};

pub use links::{UnitLinkAdded, UnitLinkRequest, add_unit_link};
pub use passwords::one_time_password;
pub use register::accounts::{Access, Accounts, Person};
pub(crate) use secrets::random;
pub use secrets::{digest_of, new_secret, sha256_of};
pub use views::*;

/// A session that is not used for so long ends.
const IDLE: SignedDuration = SignedDuration::from_hours(12);
/// However much a session is used, it ends.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 7);
/// Uses closer together than this are not noted one by one.
const TOUCH_EVERY: SignedDuration = SignedDuration::from_secs(60);
/// Failures of one login name that cost nothing.
const FREE_FAILURES_OF_LOGIN: u32 = 3;
/// Failures from one address that cost nothing: a station shares one.
const FREE_FAILURES_OF_ADDRESS: u32 = 20;
const LONGEST_DELAY_S: i64 = 900;
/// Failures are forgotten after a quiet day.
const FORGET_FAILURES: SignedDuration = SignedDuration::from_hours(24);

/// 来访者 — a person who is known, in the post they act in.
#[derive(Debug, Clone)]
pub struct Visitor {
    pub person: Person,
    /// The post acted in, if one is held today.
    pub post: Option<HeldPost>,
    pub session: Option<LoginSession>,
    pub token: Option<ApiToken>,
}

impl Visitor {
    /// Who is written into entries and asked about in the policy.
    pub fn actor(&self, setting: &Setting) -> Result<Actor, Error> {
        match &self.post {
            Some(held) => actor_of(&self.person, held, setting),
            None if self.is_phone() => {
                let nobody = Post {
                    role: Role::Public,
                    station: None,
                };
                setting.actor(&nobody, Some(&self.person.person_id))
            }
            None => Err(no_post()),
        }
    }

    /// Whether a phone comes with its token.
    pub fn is_phone(&self) -> bool {
        let token = self.token.as_ref();
        token.is_some_and(|t| t.scope == TokenScope::Field.code())
    }

    /// The post as text for the access log: `station_head@houhe`.
    pub fn post_text(&self) -> String {
        self.post.as_ref().map_or(String::new(), post_text)
    }
}

/// A person as they act in one of their posts.
pub(crate) fn actor_of(
    person: &Person,
    held: &HeldPost,
    setting: &Setting,
) -> Result<Actor, Error> {
    let role = Role::from_code(&held.role).ok_or_else(no_post)?;
    let post = Post {
        role,
        station: held.station_id.clone(),
    };
    setting.actor(&post, Some(&person.person_id))
}

fn post_text(post: &HeldPost) -> String {
    match &post.station_id {
        Some(station) => format!("{}@{station}", post.role),
        None => post.role.clone(),
    }
}

/// Nobody acts without a post.
pub fn no_post() -> Error {
    Error::rejected(Diagnostic::error("session.no_post"))
}

fn unauthenticated(code: &'static str) -> Error {
    Error::Unauthenticated(Box::new(Diagnostic::error(code)))
}

/// 登录请求 — what a person says who wants to come in, and from where.
#[derive(Debug, Clone, Default)]
pub struct LoginRequest {
    pub login: String,
    pub password: String,
    pub totp: Option<String>,
    pub address: String,
    pub agent: String,
}

/// A session just begun: the token is told once, to the browser.
pub struct LoggedIn {
    pub token: String,
    pub visitor: Visitor,
}

/// 首次启用 — the code that lets the first administrator in; printed on the console, good once.
pub fn setup_code(accounts: &mut Accounts) -> Result<Option<String>, Error> {
    if !accounts.is_empty()? {
        return Ok(None);
    }
    let code = one_time_password()?;
    accounts.set_setup_code(&sha256_of(&code))?;
    Ok(Some(code))
}

/// Makes the first administrator.
pub fn set_up(
    accounts: &mut Accounts,
    code: &str,
    login: &str,
    name: &str,
    password: &str,
    now: Timestamp,
) -> Result<Person, Error> {
    if !accounts.is_empty()? {
        return Err(Error::rejected(Diagnostic::error("people.already_set_up")));
    }
    let login = checked_login(login)?;
    passwords::check(password, &login)?;
    if !accounts.take_setup_code(&sha256_of(code.trim()))? {
        return Err(unauthenticated("people.wrong_setup_code"));
    }
    let person = Person {
        person_id: secrets::new_id("p")?,
        login,
        name: checked_name(name)?,
        password_hash: passwords::hash(password)?,
        must_change_password: false,
        is_active: true,
        totp_secret: None,
        has_totp: false,
        totp_last_step: 0,
        created_at: now,
        posts: vec![HeldPost {
            post_id: 0,
            role: Role::Operator.code().to_owned(),
            station_id: None,
            from_on: civil_day(now),
            to_on: None,
        }],
    };
    accounts.add_person(&person)?;
    Ok(person)
}

/// Checks what a person says and begins a session. A wrong password costs more time at every failure.
pub fn log_in(
    accounts: &mut Accounts,
    request: &LoginRequest,
    now: Timestamp,
) -> Result<LoggedIn, Error> {
    let login = request.login.trim().to_lowercase();
    let subjects = [
        (format!("login:{login}"), FREE_FAILURES_OF_LOGIN),
        (
            format!("address:{}", request.address),
            FREE_FAILURES_OF_ADDRESS,
        ),
    ];
    for (subject, _) in &subjects {
        refuse_locked(accounts, subject, now)?;
    }
    let person = accounts.find_by_login(&login)?;
    let known = person.as_ref().map(|p| p.password_hash.as_str());
    let is_right = passwords::is_right(&request.password, known);
    let Some(mut person) = person.filter(|p| is_right && p.is_active) else {
        for (subject, free) in &subjects {
            note_failure(accounts, subject, *free, now)?;
        }
        tracing::warn!(address = %request.address, "a login failed");
        return Err(unauthenticated("session.bad_credentials"));
    };
    if let Err(error) = second_factor(accounts, &mut person, request.totp.as_deref(), now) {
        if request.totp.is_some() {
            for (subject, free) in &subjects {
                note_failure(accounts, subject, *free, now)?;
            }
        }
        return Err(error);
    }
    accounts.forget_failures(&subjects[0].0)?;
    begin_session(accounts, person, request, now)
}

fn begin_session(
    accounts: &mut Accounts,
    person: Person,
    request: &LoginRequest,
    now: Timestamp,
) -> Result<LoggedIn, Error> {
    let token = new_secret()?;
    let post = held_today(&person, None, now);
    let session = LoginSession {
        token_sha256: sha256_of(&token),
        person_id: person.person_id.clone(),
        post_id: post.as_ref().map(|p| p.post_id),
        csrf_token: new_secret()?,
        created_at: now,
        seen_at: now,
        expires_at: after(now, IDLE),
        address: request.address.clone(),
        agent: request.agent.chars().take(200).collect(),
    };
    accounts.add_session(&session)?;
    let visitor = Visitor {
        person,
        post,
        session: Some(session),
        token: None,
    };
    Ok(LoggedIn { token, visitor })
}

fn after(now: Timestamp, duration: SignedDuration) -> Timestamp {
    now.saturating_add(duration).unwrap_or(Timestamp::MAX)
}

fn refuse_locked(accounts: &Accounts, subject: &str, now: Timestamp) -> Result<(), Error> {
    let attempts = accounts.find_attempts(subject)?;
    match attempts {
        Some(a) if a.locked_until > now => Err(Error::TooOften {
            retry_after_s: u64::try_from(a.locked_until.as_second() - now.as_second())
                .unwrap_or(0)
                .max(1),
        }),
        _ => Ok(()),
    }
}

fn note_failure(
    accounts: &mut Accounts,
    subject: &str,
    free: u32,
    now: Timestamp,
) -> Result<(), Error> {
    let failures = accounts
        .find_attempts(subject)?
        .map_or(0, |a| a.failures)
        .saturating_add(1);
    let locked_until = after(now, SignedDuration::from_secs(delay_s(failures, free)));
    let forget_before = now.saturating_sub(FORGET_FAILURES).unwrap_or(now);
    let attempts = Attempts {
        failures,
        locked_until,
    };
    Ok(accounts.note_failure(subject, attempts, now, forget_before)?)
}

/// Nothing for the first failures, then 2, 4, 8 … seconds.
fn delay_s(failures: u32, free: u32) -> i64 {
    let paid = failures.saturating_sub(free);
    match paid {
        0 => 0,
        n => (1_i64 << n.min(16)).min(LONGEST_DELAY_S),
    }
}

fn second_factor(
    accounts: &mut Accounts,
    person: &mut Person,
    code: Option<&str>,
    now: Timestamp,
) -> Result<(), Error> {
    if !person.has_totp {
        return Ok(());
    }
    let secret = person.totp_secret.as_deref().unwrap_or_default();
    let Some(code) = code.filter(|c| !c.is_empty()) else {
        return Err(unauthenticated("session.totp_needed"));
    };
    let step = secrets::totp_step(secret, code, now)?;
    let is_fresh = match step {
        Some(step) => accounts.take_totp_step(&person.person_id, step)?,
        None => false,
    };
    if is_fresh {
        Ok(())
    } else {
        Err(unauthenticated("session.bad_credentials"))
    }
}

fn held_today(person: &Person, wanted: Option<i64>, now: Timestamp) -> Option<HeldPost> {
    let day = civil_day(now);
    let held = || person.posts.iter().filter(|p| p.is_held(day));
    held()
        .find(|p| Some(p.post_id) == wanted)
        .or_else(|| held().next())
        .cloned()
}

/// Who a session's token belongs to; `None` if it is unknown, has ended, or the person was shut out.
pub fn visit(
    accounts: &mut Accounts,
    token: &str,
    now: Timestamp,
) -> Result<Option<Visitor>, Error> {
    let Some(mut session) = accounts.find_session(&sha256_of(token))? else {
        return Ok(None);
    };
    let is_over = session.expires_at <= now || after(session.created_at, LONGEST) <= now;
    let person = accounts.find_person(&session.person_id)?;
    let Some(person) = person.filter(|p| p.is_active && !is_over) else {
        accounts.end_session(&session.token_sha256)?;
        return Ok(None);
    };
    let post = held_today(&person, session.post_id, now);
    let is_due = now.duration_since(session.seen_at) >= TOUCH_EVERY;
    let post_id = post.as_ref().map(|p| p.post_id);
    if is_due || post_id != session.post_id {
        session.seen_at = now;
        session.expires_at = after(now, IDLE);
        session.post_id = post_id;
        accounts.touch_session(&session)?;
    }
    Ok(Some(Visitor {
        person,
        post,
        session: Some(session),
        token: None,
    }))
}

/// Who an API token belongs to.
pub fn visit_by_token(
    accounts: &Accounts,
    secret: &str,
    now: Timestamp,
) -> Result<Option<Visitor>, Error> {
    let Some(token) = accounts.find_token(&sha256_of(secret))? else {
        return Ok(None);
    };
    if token.expires_on < civil_day(now) {
        return Ok(None);
    }
    let person = accounts.find_person(&token.person_id)?;
    let Some(person) = person.filter(|p| p.is_active) else {
        return Ok(None);
    };
    let day = civil_day(now);
    let own = person
        .posts
        .iter()
        .find(|p| p.post_id == token.post_id && p.is_held(day))
        .cloned();
    // A phone goes with its holder to another post; what it holds of the old one is told from the answer.
    let is_phone = token.scope == TokenScope::Field.code();
    let post = own.or_else(|| held_today(&person, None, now).filter(|_| is_phone));
    // Without a post it may still hand over what it holds.
    Ok((post.is_some() || is_phone).then(|| Visitor {
        person,
        post,
        session: None,
        token: Some(token),
    }))
}

/// Acts in another of the posts one holds.
pub fn change_post(
    accounts: &mut Accounts,
    visitor: &Visitor,
    post_id: i64,
    now: Timestamp,
) -> Result<Visitor, Error> {
    let day = civil_day(now);
    let post = visitor
        .person
        .posts
        .iter()
        .find(|p| p.post_id == post_id && p.is_held(day));
    let post = post.cloned().ok_or_else(no_post)?;
    let mut session = visitor
        .session
        .clone()
        .ok_or_else(|| unauthenticated("session.needed"))?;
    session.post_id = Some(post_id);
    accounts.touch_session(&session)?;
    Ok(Visitor {
        post: Some(post),
        session: Some(session),
        ..visitor.clone()
    })
}

/// The visitor's row as it is now: what was recognized may be seconds old, and written back it would undo what an
/// administrator did meanwhile.
fn load_oneself(accounts: &Accounts, visitor: &Visitor) -> Result<Person, Error> {
    accounts
        .find_person(&visitor.person.person_id)?
        .filter(|p| p.is_active)
        .ok_or_else(|| unauthenticated("session.needed"))
}

/// The account of a person who sits at a browser: passwords and second factors are not for programs.
fn load_oneself_in_person(accounts: &Accounts, visitor: &Visitor) -> Result<Person, Error> {
    match visitor.token {
        None => load_oneself(accounts, visitor),
        Some(_) => Err(Error::rejected(Diagnostic::error("session.not_by_token"))),
    }
}

/// Bytes that a person's settings may have.
const MOST_SETTINGS: usize = 64 * 1024;

/// What a person keeps for themselves, such as saved views: a JSON object, empty where nothing was kept.
pub fn settings(accounts: &Accounts, visitor: &Visitor) -> Result<Map<String, Value>, Error> {
    let kept = accounts.find_settings(&visitor.person.person_id)?;
    Ok(kept
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default())
}

/// Keeps these settings in place of those kept before.
pub fn keep_settings(
    accounts: &mut Accounts,
    visitor: &Visitor,
    settings: &Map<String, Value>,
) -> Result<(), Error> {
    let person = load_oneself(accounts, visitor)?;
    let text = serde_json::to_string(settings).map_err(Error::internal)?;
    if text.len() > MOST_SETTINGS {
        let fault =
            Diagnostic::error("settings.too_large").arg("most", (MOST_SETTINGS / 1024).to_string());
        return Err(Error::rejected(fault));
    }
    accounts.keep_settings(&person.person_id, &text)?;
    Ok(())
}

/// Changes one's own password; other sessions and all API tokens end.
pub fn change_password(
    accounts: &mut Accounts,
    visitor: &Visitor,
    old: &str,
    new: &str,
) -> Result<(), Error> {
    let mut person = load_oneself_in_person(accounts, visitor)?;
    if !passwords::is_right(old, Some(&person.password_hash)) {
        return Err(Error::rejected(Diagnostic::error("password.wrong")));
    }
    if old == new {
        return Err(Error::rejected(Diagnostic::error("password.same")));
    }
    passwords::check(new, &person.login)?;
    person.password_hash = passwords::hash(new)?;
    person.must_change_password = false;
    accounts.update_person(&person)?;
    let own = visitor.session.as_ref().map(|s| s.token_sha256.as_str());
    accounts.end_sessions_of(&person.person_id, own)?;
    accounts.revoke_tokens_of(&person.person_id)?;
    Ok(())
}

/// Proposes a second factor; it counts once a code of it was shown.
pub fn propose_totp(
    accounts: &mut Accounts,
    visitor: &Visitor,
    issuer: &str,
) -> Result<TotpProposal, Error> {
    let mut person = load_oneself_in_person(accounts, visitor)?;
    if person.has_totp {
        return Err(Error::rejected(Diagnostic::error("totp.already")));
    }
    let proposal = secrets::new_totp(issuer, &person.login)?;
    person.totp_secret = Some(proposal.secret.clone());
    accounts.update_person(&person)?;
    Ok(proposal)
}

/// Makes the proposed second factor count.
pub fn confirm_totp(
    accounts: &mut Accounts,
    visitor: &Visitor,
    code: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let mut person = load_oneself_in_person(accounts, visitor)?;
    let secret = person.totp_secret.clone().unwrap_or_default();
    let step = secrets::totp_step(&secret, code, now)?
        .ok_or_else(|| Error::rejected(Diagnostic::error("totp.wrong_code")))?;
    person.has_totp = true;
    person.totp_last_step = step;
    Ok(accounts.update_person(&person)?)
}

/// Drops one's second factor; the password is asked once more.
pub fn drop_totp(accounts: &mut Accounts, visitor: &Visitor, password: &str) -> Result<(), Error> {
    let mut person = load_oneself_in_person(accounts, visitor)?;
    if !passwords::is_right(password, Some(&person.password_hash)) {
        return Err(Error::rejected(Diagnostic::error("password.wrong")));
    }
    person.has_totp = false;
    person.totp_secret = None;
    Ok(accounts.update_person(&person)?)
}

/// Asks whether somebody may manage people, or read what people looked at.
pub(crate) fn may(actor: &Actor, action: Action) -> Result<(), Error> {
    let resource = Resource {
        reserve_code: actor.reserve_code.clone(),
        ..Resource::default()
    };
    Ok(policy::may(actor, action, &resource)?)
}

/// Everybody with an account.
pub fn list_people(
    accounts: &Accounts,
    setting: &Setting,
    actor: &Actor,
    now: Timestamp,
) -> Result<Vec<PersonView>, Error> {
    may(actor, Action::ManagePeople)?;
    let people = accounts.people()?;
    people
        .iter()
        .map(|p| {
            let sessions = accounts.sessions_of(&p.person_id)?;
            Ok(person_view(p, setting, sessions.len(), now))
        })
        .collect()
}

/// Adds a person; returns the one-time password.
pub fn add_person(
    accounts: &mut Accounts,
    setting: &Setting,
    actor: &Actor,
    request: &PersonRequest,
    now: Timestamp,
) -> Result<PersonAdded, Error> {
    may(actor, Action::ManagePeople)?;
    let password = one_time_password()?;
    let person = Person {
        person_id: secrets::new_id("p")?,
        login: checked_login(&request.login)?,
        name: checked_name(&request.name)?,
        password_hash: passwords::hash(&password)?,
        must_change_password: true,
        is_active: true,
        totp_secret: None,
        has_totp: false,
        totp_last_step: 0,
        created_at: now,
        posts: checked_posts(&request.posts, setting, now)?,
    };
    if !accounts.add_person(&person)? {
        let taken = Diagnostic::error("people.login_taken").arg("login", &person.login);
        return Err(Error::rejected(taken));
    }
    let person = load_person(accounts, &person.person_id)?;
    Ok(PersonAdded {
        person: person_view(&person, setting, 0, now),
        one_time_password: Some(password),
    })
}

/// Changes a person: name, whether they may come in, posts; or gives a new one-time password.
pub fn change_person(
    accounts: &mut Accounts,
    setting: &Setting,
    actor: &Actor,
    person_id: &str,
    change: &PersonChange,
    now: Timestamp,
) -> Result<PersonAdded, Error> {
    may(actor, Action::ManagePeople)?;
    let mut person = load_person(accounts, person_id)?;
    if let Some(name) = &change.name {
        person.name = checked_name(name)?;
    }
    let is_grave = change.posts.is_some() || change.reset_password || change.is_active.is_some();
    if is_grave && actor.id == person_id {
        return Err(Error::rejected(Diagnostic::error("people.not_oneself")));
    }
    person.is_active = change.is_active.unwrap_or(person.is_active);
    let posts = match &change.posts {
        Some(posts) => Some(checked_posts(posts, setting, now)?),
        None => None,
    };
    let mut password = None;
    if change.reset_password {
        let fresh = one_time_password()?;
        person.password_hash = passwords::hash(&fresh)?;
        person.must_change_password = true;
        person.has_totp = false;
        person.totp_secret = None;
        password = Some(fresh);
    }
    accounts.update_person(&person)?;
    if let Some(posts) = posts {
        accounts.set_posts(person_id, &posts)?;
    }
    if change.reset_password || change.is_active == Some(false) {
        accounts.end_sessions_of(person_id, None)?;
        accounts.revoke_tokens_of(person_id)?;
        accounts.forget_failures(&format!("login:{}", person.login))?;
    }
    let person = load_person(accounts, person_id)?;
    let sessions = accounts.sessions_of(person_id)?.len();
    Ok(PersonAdded {
        person: person_view(&person, setting, sessions, now),
        one_time_password: password,
    })
}

/// Forced logout: sessions and API tokens end; how many sessions.
pub fn end_sessions(
    accounts: &mut Accounts,
    actor: &Actor,
    person_id: &str,
) -> Result<usize, Error> {
    if actor.id != person_id {
        may(actor, Action::ManagePeople)?;
    }
    load_person(accounts, person_id)?;
    accounts.revoke_tokens_of(person_id)?;
    Ok(accounts.end_sessions_of(person_id, None)?)
}

fn load_person(accounts: &Accounts, person_id: &str) -> Result<Person, Error> {
    accounts
        .find_person(person_id)?
        .ok_or_else(|| Error::NotFound {
            what: "person",
            name: person_id.to_owned(),
        })
}

/// One's own API tokens.
pub fn list_tokens(accounts: &Accounts, visitor: &Visitor) -> Result<Vec<TokenView>, Error> {
    let tokens = accounts.tokens_of(&visitor.person.person_id)?;
    Ok(tokens.iter().map(token_view).collect())
}

/// Makes an API token for the post one acts in; the secret is told once. Only a session may: a token that makes tokens
/// would never expire.
pub fn add_token(
    accounts: &mut Accounts,
    visitor: &Visitor,
    request: &TokenRequest,
    now: Timestamp,
) -> Result<TokenAdded, Error> {
    if visitor.session.is_none() || request.scope == TokenScope::Field {
        return Err(Error::rejected(Diagnostic::error("session.token_scope")));
    }
    let post = visitor.post.as_ref().ok_or_else(no_post)?;
    checked_expiry(request.expires_on, now, MAX_TOKEN_DAYS)?;
    let wanted = NewToken {
        person_id: &visitor.person.person_id,
        post_id: post.post_id,
        name: checked_name(&request.name)?,
        scope: request.scope,
        expires_on: request.expires_on,
    };
    let (token, secret) = issue_token(accounts, wanted, now)?;
    Ok(TokenAdded {
        token: token_view(&token),
        secret,
    })
}

pub(crate) struct NewToken<'a> {
    pub(crate) person_id: &'a str,
    pub(crate) post_id: i64,
    pub(crate) name: String,
    pub(crate) scope: TokenScope,
    pub(crate) expires_on: Date,
}

/// Puts a token on record; its secret is kept nowhere.
pub(crate) fn issue_token(
    accounts: &mut Accounts,
    wanted: NewToken<'_>,
    now: Timestamp,
) -> Result<(ApiToken, String), Error> {
    let secret = format!("{}_{}", wanted.scope.prefix(), new_secret()?);
    let token = ApiToken {
        token_id: secrets::new_id("t")?,
        token_sha256: sha256_of(&secret),
        person_id: wanted.person_id.to_owned(),
        post_id: wanted.post_id,
        name: wanted.name,
        scope: wanted.scope.code().to_owned(),
        expires_on: wanted.expires_on,
        created_at: now,
    };
    accounts.add_token(&token)?;
    Ok((token, secret))
}

/// A last day is today or later, and not further off than this many days.
fn checked_expiry(expires_on: Date, now: Timestamp, most_days: i64) -> Result<(), Error> {
    let today = civil_day(now);
    let longest = today.saturating_add(jiff::Span::new().days(most_days));
    match (today..=longest).contains(&expires_on) {
        true => Ok(()),
        false => {
            let fault = Diagnostic::error("token.expiry")
                .arg("from", today)
                .arg("to", longest);
            Err(Error::rejected(fault))
        }
    }
}

/// API tokens last a year at most.
const MAX_TOKEN_DAYS: i64 = 366;

/// Revokes one of one's own API tokens.
pub fn revoke_token(
    accounts: &mut Accounts,
    visitor: &Visitor,
    token_id: &str,
) -> Result<(), Error> {
    if accounts.revoke_token(&visitor.person.person_id, token_id)? {
        return Ok(());
    }
    Err(Error::NotFound {
        what: "token",
        name: token_id.to_owned(),
    })
}

/// What people looked at, exported and downloaded; the newest first.
pub fn accesses(
    accounts: &Accounts,
    actor: &Actor,
    query: &AccessQuery,
) -> Result<Vec<AccessView>, Error> {
    may(actor, Action::ReadAccessLog)?;
    let from = query
        .from
        .map_or(Timestamp::UNIX_EPOCH, crate::session::start_of);
    let to = query.to.map_or(Timestamp::MAX, |d| {
        crate::session::start_of(d.saturating_add(jiff::Span::new().days(1)))
    });
    let person = query.person.as_deref();
    let found = accounts.accesses(
        person,
        from,
        to,
        query.limit.unwrap_or(100).min(1000),
        query.offset.unwrap_or(0),
    )?;
    Ok(found.into_iter().map(access_view).collect())
}

/// Puts views, exports and downloads on record.
pub fn log_access(accounts: &mut Accounts, accesses: &[Access]) -> Result<(), Error> {
    Ok(accounts.log_access(accesses)?)
}

fn checked_login(text: &str) -> Result<String, Error> {
    let login = text.trim().to_lowercase();
    let is_plain = login
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c));
    match (2..=32).contains(&login.len()) && is_plain {
        true => Ok(login),
        false => Err(Error::rejected(
            Diagnostic::error("people.login_form").arg("login", text),
        )),
    }
}

fn checked_name(text: &str) -> Result<String, Error> {
    let name = text.trim();
    match (1..=64).contains(&name.chars().count()) && !name.chars().any(char::is_control) {
        true => Ok(name.to_owned()),
        false => Err(Error::rejected(Diagnostic::error("people.name_form"))),
    }
}

fn checked_posts(
    posts: &[PostRequest],
    setting: &Setting,
    now: Timestamp,
) -> Result<Vec<HeldPost>, Error> {
    posts
        .iter()
        .map(|p| {
            let text = match &p.station_id {
                Some(station) => format!("{}@{station}", p.role),
                None => p.role.clone(),
            };
            // The same reading as on the command line: unknown roles and stations, and posts without theirs, are told.
            let actor = setting.actor(&Post::parse(&text)?, None)?;
            Ok(HeldPost {
                post_id: p.post_id.unwrap_or(0),
                role: actor.role.code().to_owned(),
                // Of an outside unit, its name stands there.
                station_id: match actor.role {
                    Role::ResponsibleUnit => p.station_id.clone(),
                    _ => actor.station_ids.into_iter().next(),
                },
                from_on: p.from_on.unwrap_or_else(|| civil_day(now)),
                to_on: p.to_on,
            })
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_766_000_000 + second).unwrap()
    }

    fn accounts_with(login: &str, password: &str) -> (tempfile::TempDir, Accounts) {
        let home = tempfile::tempdir().unwrap();
        let mut accounts = Accounts::open(home.path()).unwrap();
        let code = setup_code(&mut accounts).unwrap().unwrap();
        set_up(&mut accounts, &code, login, "系统管理员", password, at(0)).unwrap();
        (home, accounts)
    }

    fn request(password: &str) -> LoginRequest {
        LoginRequest {
            login: "guanli".into(),
            password: password.into(),
            address: "192.0.2.7".into(),
            ..LoginRequest::default()
        }
    }

    #[test]
    fn the_setup_code_works_once_and_there_is_no_default_password() {
        let (_home, mut accounts) = accounts_with("guanli", "崆峒山下-2019-松林");
        assert_eq!(setup_code(&mut accounts).unwrap(), None);
        let again = set_up(&mut accounts, "x", "b", "乙", "崆峒山下-2019-松林", at(1));
        assert!(matches!(again, Err(Error::Rejected(d)) if d.code == "people.already_set_up"));
    }

    #[test]
    fn a_session_belongs_to_a_token_until_it_is_idle_too_long() {
        let (_home, mut accounts) = accounts_with("guanli", "崆峒山下-2019-松林");
        let begun = log_in(&mut accounts, &request("崆峒山下-2019-松林"), at(10)).unwrap();
        let seen = |accounts: &mut Accounts, second| {
            visit(accounts, &begun.token, at(second)).unwrap().is_some()
        };
        assert!(seen(&mut accounts, 3600));
        assert!(seen(&mut accounts, 3600 + 11 * 3600), "use prolongs it");
        assert!(!seen(&mut accounts, 3600 + 24 * 3600));
        assert!(!seen(&mut accounts, 3600), "ended is ended");
    }

    #[test]
    fn guessing_a_password_gets_slower_and_slower() {
        let (_home, mut accounts) = accounts_with("guanli", "崆峒山下-2019-松林");
        let mut now = 100;
        let mut waits = Vec::new();
        while waits.len() < 5 {
            match log_in(&mut accounts, &request("wrong"), at(now)) {
                Err(Error::Unauthenticated(_)) => {}
                Err(Error::TooOften { retry_after_s }) => {
                    waits.push(retry_after_s);
                    now += i64::try_from(retry_after_s).unwrap();
                }
                other => panic!("{:?}", other.map(|l| l.visitor.person)),
            }
        }
        assert_eq!(waits, [2, 4, 8, 16, 32]);
        let locked = log_in(&mut accounts, &request("wrong"), at(now));
        assert!(locked.is_err());
        let right = log_in(&mut accounts, &request("崆峒山下-2019-松林"), at(now));
        assert!(
            matches!(right, Err(Error::TooOften { .. })),
            "also the right one waits"
        );
    }

    #[test]
    fn a_code_of_the_second_factor_counts_once() {
        let (_home, mut accounts) = accounts_with("guanli", "崆峒山下-2019-松林");
        let begun = log_in(&mut accounts, &request("崆峒山下-2019-松林"), at(0)).unwrap();
        let proposal = propose_totp(&mut accounts, &begun.visitor, "青山").unwrap();
        let again = visit(&mut accounts, &begun.token, at(1)).unwrap().unwrap();
        let code = secrets::totp_code(&proposal.secret, at(1)).unwrap();
        confirm_totp(&mut accounts, &again, &code, at(1)).unwrap();
        let with = |code: &str| LoginRequest {
            totp: Some(code.to_owned()),
            ..request("崆峒山下-2019-松林")
        };
        let without = log_in(&mut accounts, &request("崆峒山下-2019-松林"), at(2));
        assert!(
            matches!(without, Err(Error::Unauthenticated(d)) if d.code == "session.totp_needed")
        );
        assert!(
            log_in(&mut accounts, &with(&code), at(3)).is_err(),
            "confirming used it up"
        );
        let later = secrets::totp_code(&proposal.secret, at(60)).unwrap();
        assert!(log_in(&mut accounts, &with(&later), at(60)).is_ok());
        assert!(log_in(&mut accounts, &with(&later), at(61)).is_err());
    }

    #[test]
    fn what_was_recognized_earlier_is_never_written_back() {
        const PASSWORD: &str = "崆峒山下-2019-松林";
        let (_home, mut accounts) = accounts_with("guanli", PASSWORD);
        let begun = log_in(&mut accounts, &request(PASSWORD), at(0)).unwrap();
        let id = begun.visitor.person.person_id.clone();
        let mut now = load_person(&accounts, &id).unwrap();
        now.name = "改过的名字".into();
        accounts.update_person(&now).unwrap();
        let proposal = propose_totp(&mut accounts, &begun.visitor, "青山").unwrap();
        let code = secrets::totp_code(&proposal.secret, at(1)).unwrap();
        confirm_totp(&mut accounts, &begun.visitor, &code, at(1)).unwrap();
        assert_eq!(load_person(&accounts, &id).unwrap().name, "改过的名字");

        let mut shut_out = load_person(&accounts, &id).unwrap();
        shut_out.is_active = false;
        accounts.update_person(&shut_out).unwrap();
        let visitor = &begun.visitor;
        let fresh = "白桦-石阶-7-号亭";
        let refusals = [
            change_password(&mut accounts, visitor, PASSWORD, fresh).err(),
            drop_totp(&mut accounts, visitor, PASSWORD).err(),
            propose_totp(&mut accounts, visitor, "青山").err(),
            confirm_totp(&mut accounts, visitor, &code, at(90)).err(),
        ];
        for refusal in refusals {
            assert!(
                matches!(&refusal, Some(Error::Unauthenticated(d)) if d.code == "session.needed"),
                "{refusal:?}"
            );
        }
        assert_eq!(load_person(&accounts, &id).unwrap(), shut_out);
    }
}
