//! 落账 — items that wait for nothing any more are appended, many at a time; every other one is told what it waits for.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::rc::Rc;
use std::sync::Mutex;

use domain::as_of::AsOf;
use domain::codes::CodeList;
use domain::concurrency::{StalePolicy, clashing_fields};
use domain::dossier::{Dossier, Kept, SiteState, civil_day};
use domain::entries::{Basis, EvidenceRecorded, SiteAmended, VerificationRecorded};
use domain::entry::{Entry, EntryBody, RecordedEntry};
use domain::ids::{EntryId, SiteId, StreamId};
use domain::policy::{Action, Actor, Reason, Role};
use domain::shape::Shape;
use jiff::Timestamp;
use register::accounts::{Accounts, Device, FieldItem, ItemQuery, OpenItems, Person};
use register::{Clash, Receipt};
use spatial::diagnostic::Diagnostic;

use super::bounds::may_say;
use super::contact::BYTES_KEPT;
use super::devices::beside;
use super::{Detail, FieldClash, ItemReceipt, Waits, open};
use crate::amendments::{has_set_outline, mended, nothing_appended};
use crate::error::Error;
use crate::import::{FieldLanding, nothing_said};
use crate::people;
use crate::session::Session;

/// Items looked at in one round, and appended in one transaction.
const A_ROUND: u32 = 1_000;
const A_TRANSACTION: usize = 50;
/// Rounds in one settling: what waits for something that came in this very settling goes on.
const MOST_ROUNDS: usize = 20;
/// Lineages longer than this are none.
const LONGEST_LINEAGE: usize = 32;
/// Tries after which a person is asked, unless it is for want of room or of a turn; and the longest pause between two.
const MOST_TRIES: u32 = 20;
const LONGEST_PAUSE_S: i64 = 30;

/// What a recorded item says that was made upon a refused one.
const UPON_REFUSED: &str = "built_on_refused";

/// First line of receipts; no checkpoint begins so.
const RECEIPT: &str = "qingshan-receipt/v1";

/// Appends all items that wait for nothing any more; how many. The accounts are locked for moments only: others come in
/// while the log is written.
pub fn settle(
    session: &mut Session,
    accounts: &Mutex<Accounts>,
    which: &OpenItems<'_>,
) -> Result<usize, Error> {
    let mut streams = round(session, accounts, which)?;
    let mut recorded = streams.len();
    for _ in 0..MOST_ROUNDS {
        if streams.is_empty() {
            break;
        }
        // What was recorded may be what others on its stream waited for.
        streams.sort();
        streams.dedup();
        streams = round(session, accounts, &OpenItems::UponStreams(&streams))?;
        recorded += streams.len();
    }
    Ok(recorded)
}

/// What is done once a day: bytes that the log holds for long enough are erased, and what waits for a person is shown to
/// whoever answers for the site now.
pub fn tidy(session: &Session, accounts: &Mutex<Accounts>) -> Result<(), Error> {
    let long_ago = session.now.saturating_sub(BYTES_KEPT);
    open(accounts).forget_item_bytes(long_ago.unwrap_or(session.now))?;
    let states = ["held".to_owned()];
    let mut query = ItemQuery {
        states: &states,
        refused_since: session.now,
        device_id: None,
        station_ids: None,
        before: i64::MAX,
        limit: A_ROUND,
    };
    loop {
        let held = open(accounts).list_items(&query)?;
        let Some((last, _)) = held.last() else {
            return Ok(());
        };
        query.before = *last;
        for (_, item) in held {
            let station = station_of_stream(session, &item.stream)?;
            if station.is_some() && station != item.station_id {
                open(accounts).move_item(&item.entry_id, station.as_deref())?;
            }
        }
    }
}

/// The station of the site or of the patrol that a stream is of, today.
pub(super) fn station_of_stream(session: &Session, stream: &str) -> Result<Option<String>, Error> {
    let stream = StreamId(stream.to_owned());
    match stream.as_site() {
        Some(site) => {
            let dossier = session.register.find_dossier(site, AsOf::Now)?;
            Ok(dossier.and_then(|d| d.facts.station_id))
        }
        None if stream.as_patrol().is_some() => {
            Ok(patrol_of(session, &stream)?.map(|(station, _)| station))
        }
        None => Ok(None),
    }
}

/// The station of a patrol, and who recorded it last.
fn patrol_of(session: &Session, stream: &StreamId) -> Result<Option<(String, String)>, Error> {
    let entries = session.register.load_stream(stream)?;
    Ok(entries.into_iter().rev().find_map(|e| match e.entry.body {
        EntryBody::PatrolRecorded(b) => Some((b.station_id.clone(), e.entry.author.actor)),
        _ => None,
    }))
}

/// The station that an item of a patrol names, where the log has no sheet of it yet.
fn station_said(item: &FieldItem) -> Option<String> {
    let bytes = item.item_bytes.as_deref()?;
    match register::read_item(bytes).ok()??.body {
        EntryBody::PatrolRecorded(body) => Some(body.station_id),
        EntryBody::TrackRecorded(body) => body.station_id,
        _ => None,
    }
}

/// Dossiers, and streams' evidence, kept at once in one round.
const MOST_SEEN: usize = 64;

/// 已读 — dossiers and evidence as the log has them, read once for all items of a stream; true as long as nothing is
/// appended.
pub(super) struct Seen<'s> {
    session: &'s Session,
    dossiers: BTreeMap<SiteId, Option<Rc<Dossier>>>,
    evidence: BTreeMap<StreamId, BTreeSet<String>>,
}

impl<'s> Seen<'s> {
    pub(super) fn new(session: &'s Session) -> Self {
        Self {
            session,
            dossiers: BTreeMap::new(),
            evidence: BTreeMap::new(),
        }
    }

    fn dossier(&mut self, site: SiteId) -> Result<Option<Rc<Dossier>>, Error> {
        if let Some(seen) = self.dossiers.get(&site) {
            return Ok(seen.clone());
        }
        if self.dossiers.len() >= MOST_SEEN {
            self.dossiers.clear();
        }
        let dossier = self.session.register.find_dossier(site, AsOf::Now)?;
        let dossier = dossier.map(Rc::new);
        self.dossiers.insert(site, dossier.clone());
        Ok(dossier)
    }

    /// Hashes of the files that are evidence on a stream.
    fn evidence(&mut self, stream: &StreamId) -> Result<&BTreeSet<String>, Error> {
        if !self.evidence.contains_key(stream) {
            if self.evidence.len() >= MOST_SEEN {
                self.evidence.clear();
            }
            let entries = self.session.register.load_stream(stream)?.into_iter();
            let files = entries.filter_map(|e| match e.entry.body {
                EntryBody::EvidenceRecorded(body) => Some(body.sha256),
                _ => None,
            });
            self.evidence.insert(stream.clone(), files.collect());
        }
        Ok(&self.evidence[stream])
    }

    fn station_of(&mut self, stream: &str) -> Result<Option<String>, Error> {
        match StreamId(stream.to_owned()).as_site() {
            Some(site) => Ok(self.dossier(site)?.and_then(|d| d.facts.station_id.clone())),
            None => station_of_stream(self.session, stream),
        }
    }
}

/// What a round is decided with, read at its beginning.
struct Known {
    people: BTreeMap<String, Person>,
    devices: BTreeMap<String, Device>,
    /// Items named as predecessors, by id.
    before: BTreeMap<String, FieldItem>,
}

/// One look at items; the streams of those that were recorded.
fn round(
    session: &mut Session,
    accounts: &Mutex<Accounts>,
    which: &OpenItems<'_>,
) -> Result<Vec<String>, Error> {
    let (items, known) = {
        let mut accounts = open(accounts);
        let items = accounts.open_items(which, session.now, A_ROUND)?;
        if items.len() == A_ROUND as usize {
            // There may be more: those come first the next time.
            let ids: Vec<String> = items.iter().map(|i| i.entry_id.clone()).collect();
            accounts.note_tried(&ids, session.now)?;
        }
        let known = read_known(&accounts, &items)?;
        (items, known)
    };
    let mut changed = Vec::new();
    let mut ready: Vec<Ready> = Vec::new();
    let mut coming = Coming::default();
    let mut seen = Seen::new(session);
    let unsaid = nothing_said();
    let mut landing = FieldLanding::new(session, &unsaid);
    for item in items {
        let mut look = Look {
            session: &*session,
            accounts,
            known: &known,
            seen: &mut seen,
            coming: &mut coming,
            landing: &mut landing,
            upon: Vec::new(),
        };
        match look.judge(&item) {
            Ok(Judged::Ready(entries, files)) => {
                let upon = std::mem::take(&mut look.upon);
                coming.ids.insert(item.entry_id.clone());
                ready.push(Ready {
                    item: attached(item, &known)?,
                    entries,
                    files,
                    upon,
                });
            }
            Ok(Judged::Recorded(receipt)) => {
                changed.push(recorded_before(session, item, &receipt)?)
            }
            Ok(Judged::Other(outcome)) => changed.extend(outcome.apply(item, session.now)?),
            // What is wrong with one site or item ends nothing for the others.
            Err(error) => {
                let is_passing = matches!(&error, Error::Register(e) if is_passing(e));
                changed.push(put_off(item, &error, is_passing, session.now)?);
            }
        }
    }
    let is_done = |item: &&FieldItem| item.state == "recorded";
    let mut streams: Vec<String> = changed
        .iter()
        .filter(is_done)
        .map(|i| i.stream.clone())
        .collect();
    let mut failed = BTreeSet::new();
    for some in ready.chunks(A_TRANSACTION) {
        let appended = append(session, some, &mut failed)?;
        streams.extend(appended.iter().filter(is_done).map(|i| i.stream.clone()));
        // At once: what the log has, the phone is told, whatever becomes of the next.
        open(accounts).settle_items(&appended)?;
    }
    open(accounts).settle_items(&changed)?;
    Ok(streams)
}

fn read_known(accounts: &Accounts, items: &[FieldItem]) -> Result<Known, Error> {
    let mut known = Known {
        people: BTreeMap::new(),
        devices: BTreeMap::new(),
        before: BTreeMap::new(),
    };
    for item in items {
        if !known.people.contains_key(&item.person_id)
            && let Some(person) = accounts.find_person(&item.person_id)?
        {
            known.people.insert(item.person_id.clone(), person);
        }
        if !known.devices.contains_key(&item.device_id)
            && let Some(device) = accounts.find_device(&item.device_id)?
        {
            known.devices.insert(item.device_id.clone(), device);
        }
        if let Some(after) = &item.after_id
            && let Some(before) = accounts.find_item(after)?
        {
            known.before.insert(after.clone(), before);
        }
    }
    Ok(known)
}

/// An item whose predecessor was refused goes on, and says so.
fn attached(item: FieldItem, known: &Known) -> Result<FieldItem, Error> {
    let before = item.after_id.as_ref().and_then(|id| known.before.get(id));
    let Some(refused) = before.filter(|b| b.state == "refused") else {
        return Ok(item);
    };
    let mut detail = Detail::of(&item);
    detail.args = BTreeMap::from([(UPON_REFUSED.to_owned(), refused.number.to_string())]);
    Ok(FieldItem {
        detail: detail.to_text()?,
        ..item
    })
}

/// An item whose entries can be appended; the first that bears its id is its own.
struct Ready {
    item: FieldItem,
    entries: Vec<Entry>,
    /// Files that entries beside it name.
    files: Vec<Vec<u8>>,
    /// Items of the same round that have to be appended before it.
    upon: Vec<String>,
}

/// What a round will append, as far as it was looked at.
#[derive(Default)]
struct Coming {
    ids: BTreeSet<String>,
    /// Items that are evidence of a file, by stream and file.
    evidenced: BTreeMap<(String, String), String>,
}

/// What an item waits for, or why it never will be taken.
#[derive(Debug, Clone, Default)]
pub(super) struct Outcome {
    state: &'static str,
    code: String,
    args: BTreeMap<String, String>,
    waits: Option<Waits>,
    clashes: Vec<FieldClash>,
    is_open: bool,
    station_id: Option<String>,
}

enum Judged {
    /// Entries in order, and files that those beside it name.
    Ready(Vec<Entry>, Vec<Vec<u8>>),
    /// The log has it already.
    Recorded(Receipt),
    Other(Outcome),
}

impl Outcome {
    fn held(code: impl Into<String>, what: &str) -> Self {
        Self {
            state: "held",
            code: code.into(),
            waits: Some(Waits {
                what: what.to_owned(),
                ..Waits::default()
            }),
            is_open: what != "decision",
            ..Self::default()
        }
    }

    fn refused(code: &str) -> Self {
        Self {
            state: "refused",
            code: code.to_owned(),
            ..Self::default()
        }
    }

    fn told(diagnostic: &Diagnostic) -> Self {
        let args = diagnostic.args.iter();
        Self {
            args: args.map(|(n, v)| (n.to_string(), v.clone())).collect(),
            ..Self::held(diagnostic.code.to_string(), "decision")
        }
    }

    fn arg(mut self, name: &str, value: impl ToString) -> Self {
        self.args.insert(name.to_owned(), value.to_string());
        self
    }

    /// The item as it stands now; nothing where it stood so before.
    fn apply(self, item: FieldItem, now: Timestamp) -> Result<Option<FieldItem>, Error> {
        let detail = Detail {
            args: self.args,
            waits: self.waits,
            clashes: self.clashes,
            ..Detail::of(&item)
        };
        let detail = detail.to_text()?;
        let is_news = item.state != self.state
            || item.code.as_deref() != Some(self.code.as_str())
            || item.detail != detail;
        Ok(is_news.then(|| FieldItem {
            state: self.state.to_owned(),
            code: Some(self.code),
            detail,
            is_open: self.is_open,
            station_id: self.station_id.or(item.station_id.clone()),
            changed_at: now,
            ..item
        }))
    }
}

/// The action that an entry of this kind asks the policy for.
fn action_of(entry: &Entry) -> Action {
    match (&entry.body, entry.stream.noun()) {
        (EntryBody::VerificationRecorded(_), _) | (EntryBody::EvidenceRecorded(_), "site") => {
            Action::Verify
        }
        (EntryBody::SiteAmended(_), _) => Action::AmendSite,
        (EntryBody::VerificationReviewed(_), _) => Action::ReviewVerification,
        (EntryBody::PatrolReviewed(_), _) => Action::ReviewPatrol,
        _ => Action::RecordPatrol,
    }
}

/// One look at one item.
struct Look<'a, 's> {
    session: &'s Session,
    accounts: &'a Mutex<Accounts>,
    known: &'a Known,
    seen: &'a mut Seen<'s>,
    coming: &'a mut Coming,
    landing: &'a mut FieldLanding<'s>,
    /// What it found to come before this item in the same round.
    upon: Vec<String>,
}

impl Look<'_, '_> {
    /// What is to be done with an item; whoever decides on it is the head of its site's station, or its patrol's: its maker
    /// may be of another by now.
    fn judge(&mut self, item: &FieldItem) -> Result<Judged, Error> {
        let mut judged = self.weigh(item)?;
        if let Judged::Other(outcome) = &mut judged
            && outcome.station_id.is_none()
        {
            let known = self.seen.station_of(&item.stream)?;
            outcome.station_id = known.or_else(|| station_said(item));
        }
        Ok(judged)
    }

    fn weigh(&mut self, item: &FieldItem) -> Result<Judged, Error> {
        let bytes = item.item_bytes.as_deref().unwrap_or_default();
        let Ok(Some(mut entry)) = register::read_item(bytes) else {
            return Ok(Judged::Other(Outcome::refused("field.unfaithful")));
        };
        if let Some(receipt) = self.session.register.find_receipt(entry.id)? {
            return Ok(match is_in_log(self.session, &entry, bytes)? {
                true => Judged::Recorded(receipt),
                false => Judged::Other(Outcome::refused("field.other_content")),
            });
        }
        let Some(actor) = self.actor_of(&entry) else {
            return Ok(Judged::Other(Outcome::held(
                "field.not_your_post",
                "decision",
            )));
        };
        let device = self.known.devices.get(&item.device_id);
        let since = device.filter(|d| d.is_locked).and_then(|d| d.locked_since);
        // Whoever has a phone that was lost sets its clock as he likes: what came after says nothing of when it was made.
        let is_out_of_hand = device
            .and_then(|d| d.lock_reason.as_deref())
            .is_some_and(|reason| OUT_OF_HAND.contains(&reason));
        let is_after = |since: Timestamp| {
            entry.occurred_at >= since || (is_out_of_hand && item.arrived_at >= since)
        };
        if since.is_some_and(is_after) {
            return Ok(Judged::Other(Outcome::held("field.after_lock", "decision")));
        }
        if !may_say(&entry) {
            return Ok(Judged::Other(Outcome::refused("field.facts")));
        }
        let found = match entry.stream.as_site() {
            Some(site) => self.judge_on_site(item, &entry, &actor, site)?,
            None => self.judge_elsewhere(item, &entry, &actor)?,
        };
        Ok(match found {
            Err(outcome) => Judged::Other(*outcome),
            Ok(beside) => {
                // Kinds that commute are kept whatever came between; the rest says upon what it was made.
                let commutes = StalePolicy::of(entry.body.kind()) == StalePolicy::Commute;
                entry.based_on = item.based_on.filter(|_| !commutes);
                if let EntryBody::EvidenceRecorded(b) = &entry.body {
                    let key = (entry.stream.0.clone(), b.sha256.clone());
                    self.coming.evidenced.insert(key, item.entry_id.clone());
                }
                if let EntryBody::ClueReceived(clue) = &entry.body {
                    let landed = self.landing.beside(&entry, clue, &actor)?;
                    let entries = [landed.before, vec![entry], landed.after].concat();
                    return Ok(Judged::Ready(entries, landed.files));
                }
                Judged::Ready([vec![entry], beside].concat(), Vec::new())
            }
        })
    }

    /// Who made the entry, in the post it names, held on that day or now.
    fn actor_of(&self, entry: &Entry) -> Option<Actor> {
        let person = self.known.people.get(&entry.author.actor)?;
        let setting = &self.session.setting;
        let days = [civil_day(entry.occurred_at), self.session.today()];
        let mut held = person
            .posts
            .iter()
            .filter(|p| p.role == entry.author.role && days.iter().any(|day| p.is_held(*day)));
        held.find_map(|post| {
            let actor = people::actor_of(person, post, setting).ok()?;
            (actor.unit == entry.author.unit).then_some(actor)
        })
    }

    fn judge_on_site(
        &mut self,
        item: &FieldItem,
        entry: &Entry,
        actor: &Actor,
        site: SiteId,
    ) -> Result<Result<Vec<Entry>, Box<Outcome>>, Error> {
        let Some(dossier) = self.seen.dossier(site)? else {
            return Ok(no(Outcome::held("field.unknown_site", "decision")));
        };
        let station = dossier.facts.station_id.clone();
        let at_station = |mut outcome: Outcome| {
            outcome.station_id.clone_from(&station);
            no(outcome)
        };
        let mut done = Vec::new();
        if let EntryBody::VerificationReviewed(body) = &entry.body {
            let reviewed = |v: &&Kept<VerificationRecorded>| v.entry_id == body.verification;
            let Some(of) = dossier.verifications.iter().find(reviewed) else {
                return Ok(at_station(Outcome::held(
                    "field.awaits_predecessor",
                    "predecessor",
                )));
            };
            done.push((Action::Verify, of.actor.clone()));
        }
        if let Some(outcome) = self.denied(entry, actor, station.as_deref(), done) {
            return Ok(at_station(outcome));
        }
        if dossier.state == SiteState::Withdrawn {
            let reason = self.withdrawn_because(site)?;
            let outcome = Outcome::held("field.site_withdrawn", "decision");
            return Ok(at_station(outcome.arg("reason", reason)));
        }
        let successor = successor_of(self.session, &dossier)?;
        let commutes = StalePolicy::of(entry.body.kind()) == StalePolicy::Commute;
        if let Some(other) = successor.as_ref().filter(|_| !commutes) {
            let outcome = Outcome::held("field.site_merged", "decision");
            return Ok(at_station(outcome.arg("site_code", &other.site_code)));
        }
        if let Some(outcome) = self.awaited(item, entry, &dossier)? {
            return Ok(at_station(outcome));
        }
        if let Some(outcome) = unbased(item, entry) {
            return Ok(at_station(outcome));
        }
        if let EntryBody::VerificationRecorded(body) = &entry.body {
            if let Some(code) = self.unknown_code(body) {
                let outcome = Outcome::held("field.unknown_code", "decision");
                return Ok(at_station(outcome.arg("code", code)));
            }
            // A merged site takes no step any more; what was found of it is kept and goes on with its successor.
            let state = successor.as_ref().unwrap_or(&*dossier).state;
            if let Some(refusal) = self.session.refusal_of_flow(state.code(), body) {
                return Ok(at_station(Outcome::told(&refusal)));
            }
        }
        if let Some(outcome) = self.misplaced(entry, actor, station.as_deref())? {
            return Ok(at_station(outcome));
        }
        let copy = successor.as_ref().and_then(|s| carried(entry, s));
        let (of, site) = (copy.as_ref().unwrap_or(entry), successor.as_ref());
        let measured = measured(self.session, of, site.unwrap_or(&*dossier))?;
        Ok(Ok(copy.into_iter().chain(measured).collect()))
    }

    /// An outline that cannot be measured waits for a person, and so does one in another's territory: it would put the site
    /// out of its station's hands.
    fn misplaced(
        &self,
        entry: &Entry,
        actor: &Actor,
        station: Option<&str>,
    ) -> Result<Option<Outcome>, Error> {
        let Some(outline) = outline_of(entry) else {
            return Ok(None);
        };
        let mended = mended(&outline.0).map_or_else(|| outline.clone(), Shape);
        let located = match self.session.located(&mended) {
            Err(Error::Rejected(fault)) => return Ok(Some(Outcome::told(&fault))),
            located => located?,
        };
        let elsewhere = located.station_id.filter(|s| Some(s.as_str()) != station);
        Ok(elsewhere.and_then(|s| self.denied(entry, actor, Some(&s), Vec::new())))
    }

    fn judge_elsewhere(
        &mut self,
        item: &FieldItem,
        entry: &Entry,
        actor: &Actor,
    ) -> Result<Result<Vec<Entry>, Box<Outcome>>, Error> {
        if let EntryBody::ClueReceived(clue) = &entry.body
            && !self.landing.is_own(entry, clue)?
        {
            return Ok(no(Outcome::refused("field.facts")));
        }
        let mut done = Vec::new();
        // A patrol that the log has is of its station, whatever is laid beside it says.
        let patrol = patrol_of(self.session, &entry.stream)?;
        let of_patrol = patrol.as_ref().map(|(station, _)| station.clone());
        let station = match &entry.body {
            EntryBody::PatrolRecorded(b) => Some(b.station_id.clone()),
            EntryBody::TrackRecorded(b) => of_patrol.or_else(|| b.station_id.clone()),
            EntryBody::PatrolReviewed(_) => {
                let Some((station, actor)) = patrol else {
                    return Ok(no(Outcome::held("field.awaits_predecessor", "predecessor")));
                };
                done.push((Action::RecordPatrol, actor));
                Some(station)
            }
            _ => of_patrol,
        };
        let station = station.or_else(|| actor.station_ids.first().cloned());
        let held = self
            .denied(entry, actor, station.as_deref(), done)
            .map_or_else(|| self.awaited_files(item, entry), |o| Ok(Some(o)))?
            .or_else(|| unbased(item, entry));
        Ok(match held {
            Some(mut outcome) => {
                outcome.station_id = station;
                no(outcome)
            }
            None => Ok(Vec::new()),
        })
    }

    /// What the policy says against it.
    fn denied(
        &self,
        entry: &Entry,
        actor: &Actor,
        station: Option<&str>,
        done: Vec<(Action, String)>,
    ) -> Option<Outcome> {
        let mut resource = self.session.resource(station);
        resource.done = done;
        let denied = domain::policy::may(actor, action_of(entry), &resource).err()?;
        let name = |id: &str| {
            let known = self.session.campaign.find_station(id);
            known.map_or_else(|| id.to_owned(), |s| s.name.clone())
        };
        Some(match denied.reason {
            Reason::OutOfScope => Outcome::held("field.other_station", "decision")
                .arg("station", station.map_or_else(|| "—".to_owned(), name)),
            reason => Outcome::held(reason.code(), "decision")
                .arg("role", Role::label(denied.role))
                .arg("action", denied.action.label()),
        })
    }

    fn withdrawn_because(&self, site: SiteId) -> Result<String, Error> {
        let entries = self.session.register.load_stream(&StreamId::site(site))?;
        let reason = entries.into_iter().rev().find_map(|e| match e.entry.body {
            EntryBody::SiteWithdrawn(b) => Some(b.reason),
            _ => None,
        });
        Ok(reason.unwrap_or_default())
    }

    /// The predecessor, the files, and the evidence of the files it names.
    fn awaited(
        &mut self,
        item: &FieldItem,
        entry: &Entry,
        dossier: &Dossier,
    ) -> Result<Option<Outcome>, Error> {
        if let Some(outcome) = self.awaited_predecessor(item, entry)? {
            return Ok(Some(outcome));
        }
        if let Some(outcome) = self.awaited_files(item, entry)? {
            return Ok(Some(outcome));
        }
        let EntryBody::VerificationRecorded(body) = &entry.body else {
            return Ok(None);
        };
        for sha256 in body.files() {
            if dossier.evidence.iter().any(|e| e.body.sha256 == sha256) {
                continue;
            }
            let key = (entry.stream.0.clone(), sha256.to_owned());
            match self.coming.evidenced.get(&key) {
                Some(id) => self.upon.push(id.clone()),
                None => return Ok(Some(Outcome::held("field.awaits_evidence", "predecessor"))),
            }
        }
        Ok(None)
    }

    fn awaited_predecessor(
        &mut self,
        item: &FieldItem,
        entry: &Entry,
    ) -> Result<Option<Outcome>, Error> {
        let commutes = StalePolicy::of(entry.body.kind()) == StalePolicy::Commute;
        let Some(after) = item.after_id.as_ref().filter(|_| !commutes) else {
            return Ok(None);
        };
        if self.coming.ids.contains(after) {
            self.upon.push(after.clone());
            return Ok(None);
        }
        let before = self.known.before.get(after);
        if before.is_some_and(|b| matches!(b.state.as_str(), "recorded" | "refused")) {
            return Ok(None);
        }
        let id: Option<EntryId> = after.parse().ok();
        let is_in_log = match id {
            Some(id) => self.session.register.find_receipt(id)?.is_some(),
            None => false,
        };
        let number = before.map_or_else(String::new, |b| b.number.to_string());
        let outcome = Outcome::held("field.awaits_predecessor", "predecessor");
        Ok((!is_in_log).then(|| outcome.arg("number", number).arg("after", after)))
    }

    /// Files that have not come; files that are no kind of evidence.
    fn awaited_files(&mut self, item: &FieldItem, entry: &Entry) -> Result<Option<Outcome>, Error> {
        let named = entry.body.named_files();
        let missing = missing_files(self.seen, self.accounts, item, entry)?;
        if !missing.is_empty() {
            let (have, need) = ((named.len() - missing.len()) as u64, named.len() as u64);
            let mut outcome = Outcome::held("field.awaits_blobs", "blobs")
                .arg("have", have)
                .arg("need", need);
            outcome.waits = Some(Waits {
                what: "blobs".to_owned(),
                have: Some(have),
                need: Some(need),
                missing,
            });
            return Ok(Some(outcome));
        }
        match &entry.body {
            EntryBody::EvidenceRecorded(body) if !self.is_kind_taken(body)? => Ok(Some(
                Outcome::refused("evidence.kind").arg("name", &body.file_name),
            )),
            _ => Ok(None),
        }
    }

    fn is_kind_taken(&self, body: &EvidenceRecorded) -> Result<bool, Error> {
        let file = self.session.register.open_blob(&body.sha256)?;
        let mut head = Vec::new();
        file.take(4096)
            .read_to_end(&mut head)
            .map_err(Error::internal)?;
        Ok(crate::evidence::media_type_of(&head, &body.file_name).is_some())
    }

    /// A code that is in no list any more.
    fn unknown_code(&self, body: &VerificationRecorded) -> Option<String> {
        let list = |purpose| {
            self.session
                .campaign
                .find_list(&self.session.codes, purpose)
        };
        let lacks = |list: Option<&CodeList>, code: &str| {
            list.is_some_and(|l| !code.is_empty() && l.find_code(code).is_none())
        };
        let coded = [
            ("round", Some(&body.round)),
            ("verdict", Some(&body.conclusion)),
            ("clue_truth", body.clue_truth.as_ref()),
            ("ecological_effect", body.ecological_effect.as_ref()),
            ("disposal", body.suggested_disposal.as_ref()),
            ("unverified", body.unverified_reason.as_ref()),
        ];
        let mut given = coded
            .into_iter()
            .filter_map(|(purpose, code)| Some((purpose, code?)))
            .chain(body.shots.iter().map(|s| ("shot", &s.view)));
        given
            .find(|(purpose, code)| lacks(list(purpose), code))
            .map(|(_, code)| code.clone())
    }
}

/// Reasons of CL-DEVICELOCK for which a phone may be in a stranger's hands.
pub(crate) const OUT_OF_HAND: [&str; 2] = ["lost", "stolen"];

/// Whether the log holds just this under its id.
pub(super) fn is_in_log(session: &Session, entry: &Entry, bytes: &[u8]) -> Result<bool, Error> {
    let stored = session.register.find_stored(entry.id)?.unwrap_or_default();
    let stored = register::signed_bytes(&stored).map_err(Error::internal)?;
    let sent = register::signed_bytes(bytes).map_err(Error::internal)?;
    Ok(stored == sent)
}

/// Files that an entry names and that are not here, or that neither its maker nor whoever carries it has brought: a hash that
/// somebody knows gives no file that they may not read. What is evidence on its stream already may be named again.
pub(super) fn missing_files(
    seen: &mut Seen<'_>,
    accounts: &Mutex<Accounts>,
    item: &FieldItem,
    entry: &Entry,
) -> Result<Vec<String>, Error> {
    let session = seen.session;
    let named = entry.body.named_files();
    let mut missing = Vec::new();
    for sha256 in &named {
        let is_here = session.register.keeps_blob(sha256)? && has_brought(accounts, item, sha256)?;
        if !is_here {
            missing.push((*sha256).to_owned());
        }
    }
    if missing.is_empty() {
        return Ok(missing);
    }
    let before = seen.evidence(&entry.stream)?;
    missing.retain(|sha256| !before.contains(sha256));
    Ok(missing)
}

fn has_brought(accounts: &Mutex<Accounts>, item: &FieldItem, sha256: &str) -> Result<bool, Error> {
    let accounts = open(accounts);
    if accounts.has_brought(sha256, &item.person_id)? {
        return Ok(true);
    }
    let carrier = item.carried_by.as_deref();
    let carrier = carrier.map(|id| accounts.find_device(id)).transpose()?;
    match carrier.flatten() {
        Some(device) => Ok(accounts.has_brought(sha256, &device.person_id)?),
        None => Ok(false),
    }
}

/// What is not signed may have been left out or changed by whoever sent it: an entry whose kind asks what it was made upon is
/// not appended over whatever came between.
fn unbased(item: &FieldItem, entry: &Entry) -> Option<Outcome> {
    let commutes = StalePolicy::of(entry.body.kind()) == StalePolicy::Commute;
    let is_sure = item.based_on.is_some() && item.carried_by.is_none();
    (!commutes && !is_sure).then(|| Outcome::held("field.no_basis", "decision"))
}

/// The site that a merged one is now, to the end of the line.
fn successor_of(session: &Session, dossier: &Dossier) -> Result<Option<Dossier>, Error> {
    let mut last = None;
    let mut next = dossier.merged_into;
    for _ in 0..LONGEST_LINEAGE {
        let Some(site) = next else { break };
        let Some(found) = session.register.find_dossier(site, AsOf::Now)? else {
            break;
        };
        next = found.merged_into;
        last = Some(found);
    }
    Ok(last)
}

/// The copy of an entry that goes to the site which its own was merged into.
pub(super) fn copy_of(session: &Session, entry: &Entry) -> Result<Option<Entry>, Error> {
    let Some(site) = entry.stream.as_site() else {
        return Ok(None);
    };
    let dossier = session.register.find_dossier(site, AsOf::Now)?;
    let successor = dossier.map(|d| successor_of(session, &d)).transpose()?;
    Ok(successor.flatten().and_then(|s| carried(entry, &s)))
}

fn no(outcome: Outcome) -> Result<Vec<Entry>, Box<Outcome>> {
    Err(Box::new(outcome))
}

/// The outline that a verification brings.
fn outline_of(entry: &Entry) -> Option<&Shape> {
    match &entry.body {
        EntryBody::VerificationRecorded(body) => body.facts.shape.as_ref(),
        _ => None,
    }
}

/// What follows from the outline that a verification brings to a site, as a computed fact beside it; nothing where a person
/// set the outline that stands.
pub(super) fn measured(
    session: &Session,
    entry: &Entry,
    dossier: &Dossier,
) -> Result<Option<Entry>, Error> {
    let Some(outline) = outline_of(entry).filter(|_| !has_set_outline(dossier)) else {
        return Ok(None);
    };
    let Some(mended) = mended(&outline.0) else {
        return Ok(None);
    };
    let body = SiteAmended {
        basis: Basis::Overlay,
        facts: session.geography(AsOf::Now)?.locate(&mended).facts,
    };
    let stream = StreamId::site(dossier.site_id);
    Ok(Some(beside(entry, stream, body.into())))
}

/// The copy for the site that the old one was merged into.
fn carried(entry: &Entry, successor: &Dossier) -> Option<Entry> {
    let body: EntryBody = match &entry.body {
        EntryBody::VerificationRecorded(b) => VerificationRecorded {
            carried_from: Some(entry.id),
            ..(**b).clone()
        }
        .into(),
        EntryBody::EvidenceRecorded(b) => EvidenceRecorded {
            carried_from: Some(entry.id),
            ..(**b).clone()
        }
        .into(),
        EntryBody::SiteAmended(b) => (**b).clone().into(),
        _ => return None,
    };
    Some(beside(entry, StreamId::site(successor.site_id), body))
}

/// Appends what is ready, all together; where one of them cannot be, each by itself. What was to follow one that could not be
/// waits for it.
fn append(
    session: &mut Session,
    ready: &[Ready],
    failed: &mut BTreeSet<String>,
) -> Result<Vec<FieldItem>, Error> {
    for file in ready.iter().flat_map(|r| &r.files) {
        session
            .register
            .put_blob(&mut file.as_slice(), file.len() as u64)?;
    }
    let hangs =
        |one: &Ready, failed: &BTreeSet<String>| one.upon.iter().any(|id| failed.contains(id));
    let mut done = Vec::new();
    if ready.len() > 1 && !ready.iter().any(|one| hangs(one, failed)) {
        let all: Vec<Entry> = ready.iter().flat_map(|r| r.entries.clone()).collect();
        if let Ok(receipts) = session.register.append(&all, session.now) {
            let mut rest = receipts.as_slice();
            for one in ready {
                let (own, others) = rest.split_at(one.entries.len());
                rest = others;
                done.push(appended(session, one, own)?);
            }
            return Ok(done);
        }
    }
    for one in ready {
        if hangs(one, failed) {
            failed.insert(one.item.entry_id.clone());
            done.extend(waits_behind(one, session.now)?);
            continue;
        }
        match session.register.append(&one.entries, session.now) {
            Ok(receipts) => done.push(appended(session, one, &receipts)?),
            Err(error) => {
                failed.insert(one.item.entry_id.clone());
                done.extend(one_failed(session, one, error)?);
            }
        }
    }
    Ok(done)
}

fn waits_behind(one: &Ready, now: Timestamp) -> Result<Option<FieldItem>, Error> {
    let code = match one.item.kind.as_str() {
        "verification.recorded" => "field.awaits_evidence",
        _ => "field.awaits_predecessor",
    };
    Outcome::held(code, "predecessor").apply(one.item.clone(), now)
}

/// The item after its append, with the receipt signed.
fn appended(session: &Session, one: &Ready, receipts: &[Receipt]) -> Result<FieldItem, Error> {
    let receipt = receipts
        .iter()
        .find(|r| r.entry_id.to_string() == one.item.entry_id)
        .ok_or_else(nothing_appended)?;
    let own = one.entries.iter().find(|e| e.id == receipt.entry_id);
    let clashes = match own {
        Some(entry) => informed(session, entry, one.item.based_on)?,
        None => Vec::new(),
    };
    let item = recorded(session, one.item.clone(), receipt, clashes)?;
    let copy = one
        .entries
        .iter()
        .find(|e| e.stamp.is_none() && is_carried(e));
    match copy {
        Some(copy) => carried_to(session, item, copy),
        None => Ok(item),
    }
}

/// A recorded item that says where its copy went.
pub(super) fn carried_to(
    session: &Session,
    item: FieldItem,
    copy: &Entry,
) -> Result<FieldItem, Error> {
    let Some(site) = copy.stream.as_site() else {
        return Ok(item);
    };
    let dossier = session.register.load_dossier(site, AsOf::Now)?;
    let detail = Detail {
        carried_to: Some(dossier.site_code),
        ..Detail::of(&item)
    };
    Ok(FieldItem {
        detail: detail.to_text()?,
        ..item
    })
}

/// An item that the log has already: whoever appended it could not say so any more.
fn recorded_before(
    session: &Session,
    item: FieldItem,
    receipt: &Receipt,
) -> Result<FieldItem, Error> {
    let bytes = item.item_bytes.as_deref().unwrap_or_default();
    let entry = register::read_item(bytes).ok().flatten();
    let item = recorded(session, item, receipt, Vec::new())?;
    let copy = entry.map(|e| copy_of(session, &e)).transpose()?.flatten();
    match copy {
        Some(copy) if session.register.find_receipt(copy.id)?.is_some() => {
            carried_to(session, item, &copy)
        }
        _ => Ok(item),
    }
}

/// Whether an entry is the copy for the successor of a merged site.
fn is_carried(entry: &Entry) -> bool {
    match &entry.body {
        EntryBody::VerificationRecorded(b) => b.carried_from.is_some(),
        EntryBody::EvidenceRecorded(b) => b.carried_from.is_some(),
        _ => false,
    }
}

/// A recorded item with its receipt.
pub(super) fn recorded(
    session: &Session,
    item: FieldItem,
    receipt: &Receipt,
    clashes: Vec<FieldClash>,
) -> Result<FieldItem, Error> {
    let detail = Detail::of(&item);
    let receipt = match detail.receipt.clone() {
        Some(first) => first,
        None => signed_receipt(session, &item, receipt)?,
    };
    let mut args = detail.args;
    args.retain(|name, _| name == UPON_REFUSED);
    let detail = Detail {
        args,
        waits: None,
        clashes,
        receipt: Some(receipt),
        decided: detail.decided,
        carried_to: detail.carried_to,
    };
    Ok(FieldItem {
        state: "recorded".to_owned(),
        code: None,
        detail: detail.to_text()?,
        is_open: false,
        changed_at: session.now,
        ..item
    })
}

fn signed_receipt(
    session: &Session,
    item: &FieldItem,
    receipt: &Receipt,
) -> Result<ItemReceipt, Error> {
    let bytes = item.item_bytes.as_deref().unwrap_or_default();
    let signed = register::signed_bytes(bytes).map_err(Error::internal)?;
    let entry_sha256 = crate::sha256_hex(&signed);
    let leaf_hash = crate::hex(&receipt.leaf_hash);
    let head = session.register.head()?;
    let lines = [
        receipt.entry_id.to_string(),
        entry_sha256.clone(),
        receipt.seq.to_string(),
        leaf_hash.clone(),
        receipt.recorded_at.to_string(),
    ];
    Ok(ItemReceipt {
        id: receipt.entry_id,
        entry_sha256,
        seq: receipt.seq,
        version: receipt.version,
        recorded_at: receipt.recorded_at,
        leaf_hash,
        log_size: head.size,
        root_hash: head.root_hex(),
        note: session.register.sign_note(RECEIPT, &lines)?,
    })
}

/// What an append that failed makes of an item.
fn one_failed(
    session: &Session,
    one: &Ready,
    error: register::Error,
) -> Result<Vec<FieldItem>, Error> {
    use register::Error as E;
    let outcome = match error {
        E::Stale { clashes, .. } => {
            let own = one.entries.iter().find(|e| e.stamp.is_some());
            let mut outcome = Outcome::held("field.clash", "decision");
            if let Some(entry) = own {
                outcome.clashes = side_by_side(session, entry, &clashes);
            }
            outcome
        }
        E::AheadOfStream { .. } => Outcome::held(error.code(), "decision"),
        E::SameIdOtherContent { .. } => Outcome::refused("field.other_content"),
        E::Encode { .. } => Outcome::refused("field.unfaithful"),
        // The writer is busy or the disk is full: nothing is lost, it is tried again.
        error => {
            let is_passing = is_passing(&error);
            let item = one.item.clone();
            return put_off(item, &error, is_passing, session.now).map(|item| vec![item]);
        }
    };
    let changed = outcome.apply(one.item.clone(), session.now)?;
    Ok(changed.into_iter().collect())
}

/// What time mends: the writer is busy, the disk is full or away.
fn is_passing(error: &register::Error) -> bool {
    matches!(
        error,
        register::Error::Database { .. } | register::Error::File { .. }
    )
}

/// An item that could not be tried for a reason of the register's own: it is tried again, each time a little later; what time
/// does not mend is shown to a person in the end.
fn put_off(
    item: FieldItem,
    error: &(dyn std::error::Error + 'static),
    is_passing: bool,
    now: Timestamp,
) -> Result<FieldItem, Error> {
    tracing::warn!(
        error,
        entry.id = item.entry_id,
        tries = item.tries,
        "an item could not be appended; it is tried again"
    );
    let tries = item.tries.saturating_add(1);
    let outcome = match tries >= MOST_TRIES && !is_passing {
        true => Outcome::held("field.not_appended", "decision").arg("cause", error),
        false => {
            let code = match is_passing {
                true => "field.awaits_store",
                false => "field.awaits_turn",
            };
            Outcome {
                state: "received",
                ..Outcome::held(code, "turn")
            }
        }
    };
    let wait_s = (1i64 << tries.min(10)).min(LONGEST_PAUSE_S);
    let item = outcome.apply(item.clone(), now)?.unwrap_or(item);
    Ok(FieldItem {
        tries,
        next_try_s: Some(now.as_second().saturating_add(wait_s)),
        ..item
    })
}

/// Both values of every field that both state.
fn side_by_side(session: &Session, entry: &Entry, clashes: &[Clash]) -> Vec<FieldClash> {
    let mine = facts_of(&entry.body);
    let mut shown: BTreeMap<String, FieldClash> = BTreeMap::new();
    for clash in clashes.iter().filter(|c| !is_in_confidence(session, c)) {
        let theirs = facts_of(&clash.theirs.entry.body);
        for field in &clash.fields {
            let value = |of: &serde_json::Value| of.get(field).cloned().unwrap_or_default();
            // Of several, the last one counts.
            shown.insert(
                field.clone(),
                FieldClash {
                    label: session.messages.text(&format!("field.{field}"), &[]),
                    field: field.clone(),
                    mine: value(&mine),
                    theirs: value(&theirs),
                    theirs_by: by_post(&clash.theirs),
                    theirs_at: clash.theirs.claimed_at(),
                },
            );
        }
    }
    shown.into_values().collect()
}

/// Whether the other side states what was told in confidence: that is shown to nobody here.
fn is_in_confidence(session: &Session, clash: &Clash) -> bool {
    let basis = match &clash.theirs.entry.body {
        EntryBody::SiteAmended(b) => &b.basis,
        _ => return false,
    };
    match basis {
        Basis::Clue { clue_id, .. } => {
            let clue = session.register.find_clue(*clue_id).ok().flatten();
            // What cannot be looked up is not shown.
            clue.is_none_or(|c| {
                let told = &c.received.body;
                told.is_confidential || crate::atlas::is_confidential(&told.source_kind)
            })
        }
        _ => false,
    }
}

/// For kinds that are kept whatever came between: what others stated meanwhile of the same fields, otherwise.
fn informed(
    session: &Session,
    entry: &Entry,
    based_on: Option<u64>,
) -> Result<Vec<FieldClash>, Error> {
    let Some(based_on) = based_on else {
        return Ok(Vec::new());
    };
    let entries = session.register.load_stream(&entry.stream)?;
    let others = entries.into_iter().filter(|e| {
        e.version > based_on && e.entry.author.actor != entry.author.actor && e.entry.id != entry.id
    });
    let clashes: Vec<Clash> = others
        .map(|theirs| Clash {
            fields: clashing_fields(&entry.body, &theirs.entry.body),
            theirs: Box::new(theirs),
        })
        .collect();
    let mut found = side_by_side(session, entry, &clashes);
    found.retain(|clash| clash.mine != clash.theirs);
    Ok(found)
}

fn facts_of(body: &EntryBody) -> serde_json::Value {
    let facts = match body {
        EntryBody::SiteAmended(b) => &b.facts,
        EntryBody::VerificationRecorded(b) => &b.facts,
        _ => return serde_json::Value::Null,
    };
    serde_json::to_value(facts).unwrap_or_default()
}

fn by_post(entry: &RecordedEntry) -> String {
    let author = &entry.entry.author;
    let role = Role::from_code(&author.role).map_or(author.role.as_str(), |r| r.label());
    format!("{} {role}", author.unit).trim().to_owned()
}
