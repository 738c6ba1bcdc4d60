//! 手机登记 — a phone is enrolled by its holder, gets a token of its own, and is locked when it is out of hand.

use std::collections::BTreeMap;
use std::sync::Mutex;

use domain::as_of::AsOf;
use domain::dossier::civil_day;
use domain::entries::{DeviceEnrolled, DeviceLocked};
use domain::entry::{Entry, EntryBody};
use domain::ids::{DeviceId, EntryId, StreamId};
use domain::policy::{self, Action, Role};
use domain::stamp;
use jiff::civil::Date;
use jiff::{Span, Timestamp};
use register::accounts::{Accounts, Device, HeldPost, NumberGap, Person};
use serde::{Deserialize, Serialize};
use spatial::diagnostic::Diagnostic;
use utoipa::ToSchema;

use super::contact::cut;
use super::{not_found, open, rejected};
use crate::amendments::{ReceiptView, nothing_appended};
use crate::error::Error;
use crate::people::{self, NewToken, TokenScope, Visitor};
use crate::session::{Session, Setting};

/// Days a phone's token lasts, and days left at which it is renewed.
const TOKEN_DAYS: i64 = 90;
pub(super) const RENEW_AT_DAYS: i64 = 30;
/// Stations that somebody carries whose post has none.
const MOST_STATIONS: usize = 4;
const LONGEST_NOTE: usize = 500;
/// Days of one balance: a year, and the day that begins the next.
const MOST_BALANCE_DAYS: i32 = 367;

/// 本机存储 — what the browser grants, as it says itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct StorageTold {
    pub quota: f64,
    pub usage: f64,
    pub is_persisted: bool,
    pub is_installed: bool,
}

/// 登记请求 — a phone's key, and the proof that whoever asks holds it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct EnrolRequest {
    #[schema(value_type = String, format = Uuid)]
    pub device_id: DeviceId,
    /// `ES256`.
    pub alg: String,
    /// base64url of the uncompressed point, 65 bytes.
    pub public_key: String,
    /// Signature of the new key over `qingshan-enrol-v1\n<device_id>\n<csrf_token>`.
    pub proof: String,
    /// Up to four, for posts that reach wider than stations.
    #[serde(default)]
    pub station_ids: Vec<String>,
    #[serde(default)]
    pub app_version: Option<String>,
    #[serde(default)]
    pub storage: Option<StorageTold>,
}

/// 本人 — whose phone it is, in which post, for which stations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldMe {
    pub person_id: String,
    pub name: String,
    /// The post in words.
    pub post: String,
    pub role: String,
    pub unit: String,
    pub station_ids: Vec<String>,
}

/// 登记簿 — what a phone keeps of the register it belongs to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FieldRegister {
    pub name: String,
    /// Key that checkpoints and receipts are verified by.
    pub verifier_key: String,
    /// Point that rescue files are sealed to, base64url.
    pub rescue_key: String,
    pub reserve_code: String,
}

/// 登记结果 — token and all that a phone has to know.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Enrolled {
    #[schema(value_type = String, format = Uuid)]
    pub device_id: DeviceId,
    pub receipt: ReceiptView,
    pub token: String,
    pub token_expires_on: Date,
    pub me: FieldMe,
    pub register: FieldRegister,
    pub server_time: Timestamp,
    #[serde(skip)]
    pub is_new: bool,
}

/// 新令牌.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TokenFresh {
    pub token: String,
    pub token_expires_on: Date,
}

/// 锁定请求 — why, and since when it has been out of hand.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LockRequest {
    /// Code of CL-DEVICELOCK.
    pub reason: String,
    pub since: Option<Timestamp>,
    pub note: Option<String>,
}

/// 持机人.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DevicePerson {
    pub person_id: String,
    pub name: String,
}

/// 手机 — as its holder and the heads of its station see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeviceRow {
    pub device_id: String,
    pub label: Option<String>,
    pub person: DevicePerson,
    pub post: String,
    /// `active`, `locked`.
    pub state: String,
    pub locked_since: Option<Timestamp>,
    pub lock_reason: Option<String>,
    pub enrolled_at: Timestamp,
    pub seen_at: Option<Timestamp>,
    pub app_version: Option<String>,
    pub pack_etag: Option<String>,
    pub pack_made_at: Option<Timestamp>,
    /// Whether its pack was made more than a day ago.
    pub is_pack_old: bool,
    /// What the phone had not sent when it was last heard of, by kind.
    pub unsent: BTreeMap<String, u64>,
    pub waiting: u64,
    pub held: u64,
    pub storage: Option<StorageTold>,
    /// Numbers of its entries that never came, `5` or `7-9`.
    pub missing_numbers: Vec<String>,
}

/// 手机清单.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Devices {
    pub items: Vec<DeviceRow>,
    pub total: u64,
}

/// 收发对账 — of one phone on one day.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BalanceRow {
    pub day: String,
    pub device_id: String,
    pub person: Option<DevicePerson>,
    pub sent: u64,
    pub received: u64,
    pub recorded: u64,
    pub held: u64,
    pub refused: u64,
}

/// 收发对账 — by phone and day.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Balance {
    pub items: Vec<BalanceRow>,
}

/// What a phone said of itself at its last contact.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Told {
    pub(super) unsent: BTreeMap<String, u64>,
    pub(super) storage: Option<StorageTold>,
}

impl Told {
    fn of(device: &Device) -> Self {
        let told = device.told.as_deref().unwrap_or("{}");
        serde_json::from_str(told).unwrap_or_default()
    }

    pub(super) fn to_text(&self) -> Result<String, Error> {
        serde_json::to_string(self).map_err(Error::internal)
    }
}

/// The post of a person in words, as colleagues call it.
fn post_words(post: &HeldPost, setting: &Setting) -> String {
    lettered_post(post, "", setting)
}

/// The same with a letter that tells those of one post apart.
fn lettered_post(post: &HeldPost, letter: &str, setting: &Setting) -> String {
    let role = Role::from_code(&post.role).map_or(post.role.as_str(), |r| r.label());
    let station = post.station_id.as_deref();
    match station.and_then(|s| setting.campaign.find_station(s)) {
        Some(station) => format!("{role}{letter}（{}）", station.name),
        None => format!("{role}{letter}"),
    }
}

/// 在岗 — somebody's post at a station, in words that no colleague shares.
pub(super) struct PostHeld {
    pub(super) post_id: i64,
    pub(super) words: String,
    pub(super) unit: String,
}

/// Posts held at stations; those of the same post are told apart by a letter that stays theirs as long as they hold it.
pub(super) fn posts_of(
    people: &[Person],
    station_ids: &[String],
    setting: &Setting,
    today: Date,
) -> Vec<PostHeld> {
    let is_own = |p: &&HeldPost| {
        let station = p.station_id.as_ref();
        station.is_some_and(|s| station_ids.contains(s)) && p.is_held(today)
    };
    let active = people.iter().filter(|p| p.is_active);
    let mut posts: Vec<(&Person, &HeldPost)> = active
        .flat_map(|person| person.posts.iter().filter(is_own).map(move |p| (person, p)))
        .collect();
    posts.sort_by_key(|(_, post)| post.post_id);
    let alike = |of: &HeldPost, among: &[(&Person, &HeldPost)]| {
        let same =
            |(_, p): &&(&Person, &HeldPost)| (&p.role, &p.station_id) == (&of.role, &of.station_id);
        among.iter().filter(same).count()
    };
    let held = |(at, (person, post)): (usize, &(&Person, &HeldPost))| {
        let letter = match alike(post, &posts) {
            1 => String::new(),
            _ => letter_of(alike(post, &posts[..at])),
        };
        let actor = people::actor_of(person, post, setting).ok()?;
        Some(PostHeld {
            post_id: post.post_id,
            words: lettered_post(post, &letter, setting),
            unit: actor.unit,
        })
    };
    posts.iter().enumerate().filter_map(held).collect()
}

/// 甲 for the first, and after the tenth a number.
fn letter_of(at: usize) -> String {
    let letters = ["甲", "乙", "丙", "丁", "戊", "己", "庚", "辛", "壬", "癸"];
    letters
        .get(at)
        .map_or_else(|| (at + 1).to_string(), |l| (*l).to_owned())
}

/// Who holds a phone, in the post that its token stands for.
pub(super) fn me_of(
    person: &Person,
    post: &HeldPost,
    device: &Device,
    (people, today): (&[Person], Date),
    setting: &Setting,
) -> Result<FieldMe, Error> {
    let actor = people::actor_of(person, post, setting)?;
    let station_ids = match actor.station_ids.is_empty() {
        true => device.station_ids.clone(),
        false => actor.station_ids,
    };
    let colleagues = posts_of(people, &station_ids, setting, today);
    let own = colleagues.into_iter().find(|p| p.post_id == post.post_id);
    Ok(FieldMe {
        person_id: person.person_id.clone(),
        name: person.name.clone(),
        post: own.map_or_else(|| post_words(post, setting), |p| p.words),
        role: post.role.clone(),
        unit: actor.unit,
        station_ids,
    })
}

fn checked_stations(asked: &[String], setting: &Setting) -> Result<Vec<String>, Error> {
    let unknown = asked
        .iter()
        .find(|s| setting.campaign.find_station(s).is_none());
    if let Some(station) = unknown {
        return Err(not_found("station", station));
    }
    match asked.len() <= MOST_STATIONS {
        true => Ok(asked.to_vec()),
        false => Err(rejected("field.too_many_stations")),
    }
}

/// Enrols a phone for whoever is logged in; the same phone and key again give a fresh token.
pub fn enrol(
    session: &mut Session,
    accounts: &mut Accounts,
    visitor: &Visitor,
    request: &EnrolRequest,
) -> Result<Enrolled, Error> {
    session.may_somewhere(Action::EnrolDevice)?;
    let held = visitor.post.as_ref().ok_or_else(people::no_post)?;
    let browser = visitor
        .session
        .as_ref()
        .ok_or_else(|| rejected("session.not_by_token"))?;
    let id = request.device_id.to_string();
    let text = stamp::enrol_text(&id, &browser.csrf_token);
    let is_proved = request.alg == stamp::ALG
        && stamp::is_public_key(&request.public_key)
        && stamp::is_signed(&request.public_key, &text, &request.proof);
    if !is_proved {
        return Err(rejected("field.bad_proof"));
    }
    let setting = session.setting.clone();
    let known = accounts.find_device(&id)?;
    let is_others =
        |d: &Device| d.public_key != request.public_key || d.person_id != visitor.person.person_id;
    if known.as_ref().is_some_and(is_others) {
        return Err(rejected("field.device_taken"));
    }
    if known.as_ref().is_some_and(|d| d.is_locked) {
        return Err(rejected("field.device_locked"));
    }
    let label = label_of(&browser.agent);
    let (receipt, is_new) = log_enrolment(session, request, label.as_deref())?;
    let mut device = known.unwrap_or(Device {
        device_id: id,
        person_id: visitor.person.person_id.clone(),
        post_id: held.post_id,
        station_ids: Vec::new(),
        alg: request.alg.clone(),
        public_key: request.public_key.clone(),
        label,
        is_locked: false,
        lock_reason: None,
        locked_since: None,
        token_id: None,
        enrolled_at: session.now,
        seen_at: None,
        app_version: None,
        pack_etag: None,
        pack_made_at: None,
        last_number: 0,
        told: None,
    });
    device.post_id = held.post_id;
    device.station_ids = checked_stations(&request.station_ids, &setting)?;
    device.app_version = request.app_version.as_deref().map(cut);
    let told = Told {
        storage: request.storage,
        ..Told::default()
    };
    device.told = Some(told.to_text()?);
    accounts.keep_device(&device)?;
    let fresh = fresh_token(accounts, &mut device, session.now)?;
    Ok(Enrolled {
        device_id: request.device_id,
        receipt,
        token: fresh.token,
        token_expires_on: fresh.token_expires_on,
        me: me_of(
            &visitor.person,
            held,
            &device,
            (&accounts.people()?, session.today()),
            &setting,
        )?,
        register: FieldRegister {
            name: session.register.opened().node.clone(),
            verifier_key: session.register.opened().verifier_key.clone(),
            rescue_key: super::uploads::rescue_key(session.register.home())?,
            reserve_code: session.reserve.reserve_code.clone(),
        },
        server_time: session.now,
        is_new,
    })
}

/// The entry that makes a key known; once for a phone.
fn log_enrolment(
    session: &mut Session,
    request: &EnrolRequest,
    label: Option<&str>,
) -> Result<(ReceiptView, bool), Error> {
    let stream = StreamId::device(request.device_id);
    let body = DeviceEnrolled {
        device_id: request.device_id,
        person_id: session.actor.id.clone(),
        alg: request.alg.clone(),
        public_key: request.public_key.clone(),
        label: label.map(str::to_owned),
    };
    let before = session.register.load_stream(&stream)?;
    let enrolled = before.iter().find_map(|e| match &e.entry.body {
        EntryBody::DeviceEnrolled(b) => Some((e.entry.id, b)),
        _ => None,
    });
    if let Some((id, first)) = enrolled {
        let is_same = first.public_key == body.public_key && first.person_id == body.person_id;
        let receipt = session.register.find_receipt(id)?.filter(|_| is_same);
        let receipt = receipt.ok_or_else(|| rejected("field.device_taken"))?;
        return Ok((ReceiptView::of(&receipt), false));
    }
    let mut entry = session.dated_entry(stream, body)?;
    entry.based_on = Some(0);
    let receipts = session.register.append(&[entry], session.now)?;
    let receipt = receipts.first().ok_or_else(nothing_appended)?;
    Ok((ReceiptView::of(receipt), true))
}

/// Browser and system of an agent's own words, without versions finer than the first number.
fn label_of(agent: &str) -> Option<String> {
    let systems = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("HarmonyOS", "HarmonyOS"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ];
    // The first that is named counts: nearly all call themselves Chrome and Safari besides.
    let browsers = [
        "MicroMessenger",
        "Firefox",
        "Edg",
        "HuaweiBrowser",
        "Chrome",
        "Safari",
    ];
    let system = systems.iter().find(|(part, _)| agent.contains(part));
    let browser = browsers.iter().find_map(|name| {
        let rest = &agent[agent.find(name)? + name.len()..];
        let version: String = rest
            .trim_start_matches('/')
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        Some(format!("{name} {version}").trim().to_owned())
    });
    let words = [system.map(|(_, word)| (*word).to_owned()), browser];
    let label = words.into_iter().flatten().collect::<Vec<_>>().join(" ");
    (!label.is_empty()).then_some(label)
}

/// A new token for a phone; the one before is void.
fn fresh_token(
    accounts: &mut Accounts,
    device: &mut Device,
    now: Timestamp,
) -> Result<TokenFresh, Error> {
    let expires_on = civil_day(now).saturating_add(Span::new().days(TOKEN_DAYS));
    let wanted = NewToken {
        person_id: &device.person_id,
        post_id: device.post_id,
        name: device.device_id.clone(),
        scope: TokenScope::Field,
        expires_on,
    };
    let (token, secret) = people::issue_token(accounts, wanted, now)?;
    if let Some(old) = device.token_id.replace(token.token_id) {
        accounts.revoke_token(&device.person_id, &old)?;
    }
    accounts.set_device_token(device)?;
    Ok(TokenFresh {
        token: secret,
        token_expires_on: expires_on,
    })
}

/// A token that has few days left is renewed at a contact. The one before goes on until its last day: the answer may be
/// lost on its way.
pub(super) fn renewed(
    accounts: &mut Accounts,
    visitor: &Visitor,
    device: &mut Device,
    now: Timestamp,
) -> Result<Option<TokenFresh>, Error> {
    let today = civil_day(now);
    let ends = visitor.token.as_ref().map(|t| t.expires_on);
    let is_due = ends.is_some_and(|on| (on - today).get_days() < RENEW_AT_DAYS as i32);
    if !is_due {
        return Ok(None);
    }
    device.token_id = None;
    fresh_token(accounts, device, now).map(Some)
}

/// A fresh token for one's own phone, by the session of a browser.
pub fn renew_token(
    accounts: &mut Accounts,
    visitor: &Visitor,
    device_id: &str,
    now: Timestamp,
) -> Result<TokenFresh, Error> {
    let held = visitor.post.as_ref().ok_or_else(people::no_post)?;
    if visitor.session.is_none() {
        return Err(rejected("session.not_by_token"));
    }
    let own = accounts
        .find_device(device_id)?
        .filter(|d| d.person_id == visitor.person.person_id);
    let mut device = own.ok_or_else(|| not_found("device", device_id))?;
    device.post_id = held.post_id;
    fresh_token(accounts, &mut device, now)
}

/// The phone that a token was made for.
pub fn device_of(accounts: &Accounts, visitor: &Visitor) -> Result<Device, Error> {
    let unknown = || Error::Unauthenticated(Box::new(Diagnostic::error("field.device_unknown")));
    let token = visitor
        .token
        .as_ref()
        .filter(|t| t.scope == TokenScope::Field.code());
    let token = token.ok_or_else(unknown)?;
    // The name of the token is the phone's id; a renewed phone answers to both its tokens.
    let device = accounts.find_device(&token.name)?;
    device
        .filter(|d| d.person_id == visitor.person.person_id)
        .ok_or_else(unknown)
}

/// The phone of a token, as long as it is not locked.
pub fn active_device(
    session: &Session,
    accounts: &Accounts,
    visitor: &Visitor,
) -> Result<Device, Error> {
    let device = device_of(accounts, visitor)?;
    match device.is_locked {
        true => {
            let words = |code: &str| session.messages.text(&format!("device_lock.{code}"), &[]);
            Err(locked_problem(&device, &words))
        }
        false => Ok(device),
    }
}

/// What is for a desk is told to no phone: its token may be in other hands.
pub fn is_at_desk(visitor: &Visitor) -> Result<(), Error> {
    match visitor.is_phone() {
        true => Err(rejected("session.token_scope")),
        false => Ok(()),
    }
}

/// What a locked phone is told, whatever it asks for.
pub fn locked_problem(device: &Device, words: &dyn Fn(&str) -> String) -> Error {
    let reason = device.lock_reason.as_deref().unwrap_or_default();
    let fault = Diagnostic::error("field.device_locked")
        .arg(
            "since",
            device.locked_since.map_or(String::new(), |t| t.to_string()),
        )
        .arg("reason", words(reason))
        .arg("rescue_url", "/api/v1/field/rescue-files");
    Error::rejected(fault)
}

/// Phones one may see: one's own, and those of the stations one may lock.
fn may_see(session: &Session, device: &Device, person: Option<&Person>) -> bool {
    if device.person_id == session.actor.id {
        return true;
    }
    let scope = policy::scope_of(&session.actor, Action::LockDevice);
    let stations = stations_of(device, person);
    match stations.is_empty() {
        true => scope.covers(&session.resource(None)),
        false => stations
            .iter()
            .any(|s| scope.covers(&session.resource(Some(s)))),
    }
}

fn stations_of(device: &Device, person: Option<&Person>) -> Vec<String> {
    let post = person.and_then(|p| p.posts.iter().find(|p| p.post_id == device.post_id));
    let own = post.and_then(|p| p.station_id.clone());
    own.into_iter()
        .chain(device.station_ids.iter().cloned())
        .collect()
}

/// All phones that the actor may see. The accounts are held for one phone at a time: they are everybody's.
pub fn list_devices(session: &Session, accounts: &Mutex<Accounts>) -> Result<Devices, Error> {
    let (people, devices, waiting) = {
        let accounts = open(accounts);
        (
            accounts.people()?,
            accounts.devices()?,
            accounts.count_waiting()?,
        )
    };
    let people: BTreeMap<String, Person> = people
        .into_iter()
        .map(|p| (p.person_id.clone(), p))
        .collect();
    let ground_since = ground_since(session)?;
    let mut items = Vec::new();
    for device in devices {
        let person = people.get(&device.person_id);
        if may_see(session, &device, person) {
            let gaps = open(accounts).missing_numbers(&device.device_id)?;
            let count = |state: &str| {
                let of = (device.device_id.clone(), state.to_owned());
                waiting.get(&of).copied().unwrap_or(0)
            };
            let counts = (count("received"), count("held"));
            items.push(row_of(session, device, person, counts, gaps, ground_since));
        }
    }
    Ok(Devices {
        total: items.len() as u64,
        items,
    })
}

/// Since when the log has the boundary, territories and routes that hold: a pack made before leads phones by old ones.
fn ground_since(session: &Session) -> Result<Timestamp, Error> {
    let (register, reserve) = (&session.register, &session.reserve.reserve_code);
    let adopted = [
        register
            .latest_boundary(reserve, AsOf::Now)?
            .map(|k| k.entry_id),
        register
            .latest_stations(reserve, AsOf::Now)?
            .map(|k| k.entry_id),
        register
            .latest_routes(reserve, AsOf::Now)?
            .map(|k| k.entry_id),
    ];
    let mut since = Timestamp::UNIX_EPOCH;
    for id in adopted.into_iter().flatten() {
        let entry = register.find_entry(id)?;
        since = entry.map_or(since, |e| since.max(e.recorded_at));
    }
    Ok(since)
}

fn row_of(
    session: &Session,
    device: Device,
    person: Option<&Person>,
    (waiting, held): (u64, u64),
    gaps: Vec<NumberGap>,
    ground_since: Timestamp,
) -> DeviceRow {
    let (setting, now) = (&session.setting, session.now);
    let told = Told::of(&device);
    let post = person.and_then(|p| p.posts.iter().find(|p| p.post_id == device.post_id));
    let missing_numbers = gaps.into_iter().map(|g| match g.from == g.to {
        true => g.from.to_string(),
        false => format!("{}-{}", g.from, g.to),
    });
    let day_ago = now
        .saturating_sub(jiff::SignedDuration::from_hours(24))
        .unwrap_or(now);
    DeviceRow {
        person: DevicePerson {
            person_id: device.person_id.clone(),
            name: person.map_or(String::new(), |p| p.name.clone()),
        },
        post: post.map_or(String::new(), |p| post_words(p, setting)),
        state: if device.is_locked { "locked" } else { "active" }.to_owned(),
        is_pack_old: device
            .pack_made_at
            .is_some_and(|at| at < day_ago || at < ground_since),
        waiting,
        held,
        missing_numbers: missing_numbers.collect(),
        unsent: told.unsent,
        storage: told.storage,
        device_id: device.device_id,
        label: device.label,
        locked_since: device.locked_since,
        lock_reason: device.lock_reason,
        enrolled_at: device.enrolled_at,
        seen_at: device.seen_at,
        app_version: device.app_version,
        pack_etag: device.pack_etag,
        pack_made_at: device.pack_made_at,
    }
}

/// Locks a phone: its holder may, and whoever may lock those of its station.
pub fn lock(
    session: &mut Session,
    accounts: &mut Accounts,
    device_id: &str,
    request: &LockRequest,
) -> Result<ReceiptView, Error> {
    let found = accounts.find_device(device_id)?;
    let device = found.ok_or_else(|| not_found("device", device_id))?;
    let person = accounts.find_person(&device.person_id)?;
    if !may_see(session, &device, person.as_ref()) {
        return Err(not_found("device", device_id));
    }
    let reason = session.known_code("device_lock", Some(&request.reason))?;
    let reason = reason.ok_or_else(|| rejected("field.lock_reason"))?;
    let note = request.note.as_deref().unwrap_or_default().trim();
    // It stays in the log for ever.
    if note.chars().count() > LONGEST_NOTE {
        return Err(rejected("field.note_too_long"));
    }
    let id: DeviceId = device_id
        .parse()
        .map_err(|_unreadable: uuid::Error| not_found("device", device_id))?;
    let body = DeviceLocked {
        device_id: id,
        reason: reason.clone(),
        since: request.since,
        note: Some(note.to_owned()).filter(|n| !n.is_empty()),
    };
    let entry = session.dated_entry(StreamId::device(id), body)?;
    let receipts = session.register.append(&[entry], session.now)?;
    let receipt = receipts.first().ok_or_else(nothing_appended)?;
    // Nothing makes a phone that was out of hand since Monday out of hand since Friday only, or from some day to come.
    let told = request.since.unwrap_or(session.now).min(session.now);
    let since = device
        .locked_since
        .filter(|_| device.is_locked)
        .map_or(told, |first| first.min(told));
    accounts.lock_device(device_id, &reason, since)?;
    Ok(ReceiptView::of(receipt))
}

/// How many entries came from each phone on each day, and where they stand.
pub fn balance(
    session: &Session,
    accounts: &Accounts,
    from: Date,
    to: Date,
) -> Result<Balance, Error> {
    check_period(from, to)?;
    let start = crate::session::start_of;
    let counts =
        accounts.count_items(start(from), start(to.saturating_add(Span::new().days(1))))?;
    let mut rows: BTreeMap<(String, String), BalanceRow> = BTreeMap::new();
    for found in counts {
        let Some(device) = accounts.find_device(&found.device_id)? else {
            continue;
        };
        let person = accounts.find_person(&device.person_id)?;
        if !may_see(session, &device, person.as_ref()) {
            continue;
        }
        let key = (found.day.clone(), found.device_id.clone());
        let row = rows.entry(key).or_insert_with(|| BalanceRow {
            day: found.day.clone(),
            device_id: found.device_id.clone(),
            person: person.map(|p| DevicePerson {
                person_id: p.person_id,
                name: p.name,
            }),
            sent: 0,
            received: 0,
            recorded: 0,
            held: 0,
            refused: 0,
        });
        row.sent += found.count;
        match found.state.as_str() {
            "recorded" => row.recorded += found.count,
            "held" => row.held += found.count,
            "refused" => row.refused += found.count,
            _ => row.received += found.count,
        }
    }
    Ok(Balance {
        items: rows.into_values().collect(),
    })
}

/// Days of a balance: in their order, and no more than somebody reads.
fn check_period(from: Date, to: Date) -> Result<(), Error> {
    let days = from.until(to).map_err(Error::internal)?.get_days();
    match (0..MOST_BALANCE_DAYS).contains(&days) {
        true => Ok(()),
        false => Err(Error::rejected(
            Diagnostic::error("field.period")
                .arg("from", from)
                .arg("to", to)
                .arg("most", MOST_BALANCE_DAYS),
        )),
    }
}

/// An entry that the register makes beside one that a phone made; its id follows from that one.
pub(super) fn beside(of: &Entry, stream: StreamId, body: EntryBody) -> Entry {
    let seed: [&[u8]; 2] = [of.id.0.as_bytes(), stream.0.as_bytes()];
    Entry {
        id: EntryId::derived(of.occurred_at, &seed),
        stream,
        based_on: None,
        body,
        author: of.author.clone(),
        occurred_at: of.occurred_at,
        clocks: None,
        stamp: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_balance_is_of_a_year_at_most_and_of_days_in_their_order() {
        let day = jiff::civil::date;
        let first = day(2026, 1, 1);
        assert!(check_period(first, first).is_ok());
        assert!(check_period(first, day(2027, 1, 1)).is_ok());
        for to in [day(2025, 12, 31), day(2027, 1, 3), day(9999, 12, 31)] {
            let refused = check_period(first, to);
            assert!(refused.is_err_and(|e| e.code() == "field.period"), "{to}");
        }
    }

    #[test]
    fn a_phone_is_called_by_its_system_and_browser() {
        let chrome = "Mozilla/5.0 (Linux; Android 14; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36";
        assert_eq!(label_of(chrome).as_deref(), Some("Android Chrome 141"));
        let wechat = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) MicroMessenger/8.0.42";
        assert_eq!(label_of(wechat).as_deref(), Some("iPhone MicroMessenger 8"));
        assert_eq!(label_of(""), None);
    }
}
