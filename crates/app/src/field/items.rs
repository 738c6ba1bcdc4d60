//! 送登件 — what a phone sends is looked at and made durable before anything is answered.

use domain::entry::{Entry, EntryBody, Stamp};
use domain::ids::EntryId;
use jiff::Timestamp;
use register::Register;
use register::accounts::{Accounts, Device, FieldItem};
use serde::Deserialize;
use serde_json::Value;
use spatial::diagnostic::Diagnostic;
use utoipa::ToSchema;

use super::contact::reopened;
use super::{Detail, ItemStatus, KINDS, LARGEST_BATCH, MOST_ITEMS, Waits, told};
use crate::error::Error;
use crate::messages::Messages;
use crate::session::Session;

/// 送登批 — items in the order they were made.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct Submission {
    pub items: Vec<SubmittedItem>,
}

/// 送登件 — an entry exactly as it was signed.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct SubmittedItem {
    /// Canonical JSON text of the stamped entry.
    pub bytes: String,
    /// Version of its stream that the phone knew.
    #[serde(default)]
    pub based_on: Option<u64>,
    /// The entry before it on the same stream, for kinds that do not commute.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Uuid)]
    pub after: Option<EntryId>,
}

/// Ids of a batch in its order; an answer of its own for what is not kept.
#[derive(Debug, Default)]
pub struct TakenItems {
    taken: Vec<(String, Option<ItemStatus>)>,
}

impl TakenItems {
    /// Ids of the items, for whoever tries them now.
    pub fn ids(&self) -> Vec<String> {
        self.taken.iter().map(|(id, _)| id.clone()).collect()
    }

    /// Where the items stand now, as whoever brought them is told.
    pub fn statuses(
        self,
        session: &Session,
        accounts: &Accounts,
    ) -> Result<Vec<ItemStatus>, Error> {
        let mut statuses = Vec::with_capacity(self.taken.len());
        for (id, answer) in self.taken {
            match (answer, accounts.find_item(&id)?) {
                (Some(status), _) => statuses.push(status),
                (None, Some(item)) => statuses.push(told(session, &item)?),
                (None, None) => {}
            }
        }
        Ok(statuses)
    }
}

/// What an entry says of itself before it is read whole.
#[derive(Deserialize)]
struct Head {
    id: EntryId,
    kind: String,
    stream: String,
    occurred_at: Timestamp,
    actor: String,
    stamp: Stamp,
}

/// Takes a batch in: everything that is new is on disk when this returns.
pub fn take(
    accounts: &mut Accounts,
    register: &Register,
    messages: &Messages,
    carrier: &Device,
    submission: &Submission,
    now: Timestamp,
) -> Result<TakenItems, Error> {
    let size: usize = submission.items.iter().map(|i| i.bytes.len()).sum();
    if submission.items.len() > MOST_ITEMS || size > LARGEST_BATCH {
        let fault = Diagnostic::error("field.batch_too_large")
            .arg("most", MOST_ITEMS)
            .arg("bytes", LARGEST_BATCH);
        return Err(Error::rejected(fault));
    }
    let (mut taken, mut fresh) = (TakenItems::default(), Vec::new());
    for item in &submission.items {
        let head = read_head(&item.bytes)?;
        let id = head.id.to_string();
        let known = accounts.find_item(&id)?;
        let among: Option<&FieldItem> = fresh.iter().find(|f: &&FieldItem| f.entry_id == id);
        let answer = match known.as_ref().or(among) {
            Some(first) if is_same(first, item) => {
                put_back(accounts, register, first, item, now)?;
                look_again(accounts, first, &head, now)?;
                None
            }
            Some(_) => {
                let code = "field.other_content";
                Some(ItemStatus::refused(&id, head.stamp.number, code, messages))
            }
            None => match new_item(accounts, carrier, item, &head, now)? {
                Ok(new) => {
                    fresh.push(new);
                    None
                }
                // Whoever signed nothing takes no id, and says nothing in another's name.
                Err(code) => {
                    tracing::warn!(
                        entry.id = id,
                        carrier = carrier.device_id,
                        code,
                        "an item without a valid stamp"
                    );
                    Some(ItemStatus::refused(&id, head.stamp.number, code, messages))
                }
            },
        };
        taken.taken.push((id, answer));
    }
    accounts.keep_items(&fresh)?;
    Ok(taken)
}

/// Where items stand, of those that belong to a phone's holder or came by this phone.
pub fn find_statuses(
    session: &Session,
    accounts: &Accounts,
    device: &Device,
    ids: &str,
) -> Result<Vec<ItemStatus>, Error> {
    const MOST: usize = 500;
    let mut statuses = Vec::new();
    for id in ids.split(',').filter(|id| is_an_id(id)).take(MOST) {
        let item = accounts.find_item(&id.to_lowercase())?.filter(|i| {
            i.person_id == device.person_id || i.carried_by.as_ref() == Some(&device.device_id)
        });
        if let Some(item) = item {
            statuses.push(told(session, &item)?);
        }
    }
    Ok(statuses)
}

/// Whether a text has the length of an id: nothing else is looked for.
fn is_an_id(text: &str) -> bool {
    const LENGTH: usize = 36;
    text.len() == LENGTH
}

fn read_head(bytes: &str) -> Result<Head, Error> {
    serde_json::from_str(bytes).map_err(|e| {
        let fault = Diagnostic::error("field.unreadable").arg("cause", e);
        Error::rejected(fault)
    })
}

/// Whether an item came before with the same bytes; those that were erased are known by their hash.
fn is_same(first: &FieldItem, item: &SubmittedItem) -> bool {
    match &first.item_bytes {
        Some(bytes) => bytes == item.bytes.as_bytes(),
        None => {
            let receipt = Detail::of(first).receipt;
            let signed = register::signed_bytes(item.bytes.as_bytes()).unwrap_or_default();
            receipt.is_some_and(|r| r.entry_sha256 == crate::sha256_hex(&signed))
        }
    }
}

/// An item sent again after the log lost it takes its place anew.
fn put_back(
    accounts: &mut Accounts,
    register: &Register,
    first: &FieldItem,
    sent: &SubmittedItem,
    now: Timestamp,
) -> Result<(), Error> {
    let Ok(id) = first.entry_id.parse::<EntryId>() else {
        return Ok(());
    };
    if first.state != "recorded" || register.find_receipt(id)?.is_some() {
        return Ok(());
    }
    // Its bytes may have been erased since: they come with it.
    let item = FieldItem {
        item_bytes: Some(sent.bytes.clone().into_bytes()),
        ..reopened(first.clone(), now)?
    };
    Ok(accounts.put_back_item(&item)?)
}

/// An item that an older program could not take is judged anew by this one.
fn look_again(
    accounts: &mut Accounts,
    first: &FieldItem,
    head: &Head,
    now: Timestamp,
) -> Result<(), Error> {
    let was_unknown = matches!(
        first.code.as_deref(),
        Some("field.kind" | "field.unfaithful")
    );
    if first.state != "refused" || !was_unknown || Detail::of(first).decided.is_some() {
        return Ok(());
    }
    let device = accounts.find_device(&first.device_id)?;
    let bytes = first.item_bytes.as_deref().unwrap_or_default();
    match fault_of(device.as_ref(), head, bytes) {
        None => Ok(accounts.settle_items(&[reopened(first.clone(), now)?])?),
        Some(_) => Ok(()),
    }
}

/// Codes of items that nobody known has signed.
const UNSIGNED: [&str; 2] = ["field.device_unknown", "field.bad_stamp"];

/// The station that a phone is of: that of its holder's post, else the first that was chosen for it.
fn station_of_maker(accounts: &Accounts, device: &Device) -> Result<Option<String>, Error> {
    let person = accounts.find_person(&device.person_id)?;
    let posts = person.into_iter().flat_map(|p| p.posts);
    let mut held = posts.filter(|p| p.post_id == device.post_id);
    let station = held.find_map(|p| p.station_id);
    Ok(station.or_else(|| device.station_ids.first().cloned()))
}

/// An item as it is kept first: refused where this program can never take it, else to be tried; nothing is kept of what
/// bears no valid stamp.
fn new_item(
    accounts: &Accounts,
    carrier: &Device,
    item: &SubmittedItem,
    head: &Head,
    now: Timestamp,
) -> Result<Result<FieldItem, &'static str>, Error> {
    let device_id = head.stamp.device_id.to_string();
    let device = match device_id == carrier.device_id {
        true => Some(carrier.clone()),
        false => accounts.find_device(&device_id)?,
    };
    let fault = fault_of(device.as_ref(), head, item.bytes.as_bytes());
    if let Some(code) = fault.filter(|code| UNSIGNED.contains(code)) {
        return Ok(Err(code));
    }
    let detail = Detail {
        waits: fault.is_none().then(|| Waits {
            what: "turn".to_owned(),
            ..Waits::default()
        }),
        ..Detail::default()
    };
    let station_id = device
        .as_ref()
        .map(|d| station_of_maker(accounts, d))
        .transpose()?;
    Ok(Ok(FieldItem {
        entry_id: head.id.to_string(),
        number: head.stamp.number,
        carried_by: (device_id != carrier.device_id).then(|| carrier.device_id.clone()),
        person_id: device.map_or_else(|| carrier.person_id.clone(), |d| d.person_id),
        device_id,
        kind: head.kind.clone(),
        stream: head.stream.clone(),
        station_id: station_id.flatten(),
        state: if fault.is_some() {
            "refused"
        } else {
            "received"
        }
        .to_owned(),
        code: Some(fault.unwrap_or("field.awaits_turn").to_owned()),
        detail: detail.to_text()?,
        based_on: item.based_on,
        after_id: item.after.map(|id| id.to_string()),
        is_open: fault.is_none(),
        tries: 0,
        next_try_s: None,
        item_bytes: Some(item.bytes.clone().into_bytes()),
        claimed_at: head.occurred_at,
        arrived_at: now,
        changed_at: now,
    }))
}

/// What makes an item unusable for ever.
fn fault_of(device: Option<&Device>, head: &Head, bytes: &[u8]) -> Option<&'static str> {
    let Some(device) = device else {
        return Some("field.device_unknown");
    };
    let is_signed = head.stamp.number > 0
        && head.actor == device.person_id
        && register::is_stamped(bytes, &head.stamp, &device.public_key);
    if !is_signed {
        return Some("field.bad_stamp");
    }
    let Some((_, nouns)) = KINDS.iter().find(|(kind, _)| *kind == head.kind) else {
        return Some("field.kind");
    };
    let Ok(Some(entry)) = register::read_item(bytes) else {
        return Some("field.unfaithful");
    };
    if !nouns.contains(&entry.stream.noun()) || !says_its_stream(&entry) {
        return Some("field.kind");
    }
    None
}

/// Whether an entry that names what it is about lies on the stream of just that.
fn says_its_stream(entry: &Entry) -> bool {
    let named = match &entry.body {
        EntryBody::PatrolRecorded(b) => Some(b.patrol_id),
        EntryBody::TrackRecorded(b) => Some(b.patrol_id),
        EntryBody::PatrolReviewed(b) => Some(b.patrol_id),
        _ => None,
    };
    match entry.stream.noun() {
        "patrol" => {
            let patrol = entry.stream.as_patrol();
            patrol.is_some() && named.is_none_or(|id| Some(id) == patrol)
        }
        "site" => entry.stream.as_site().is_some(),
        _ => entry.stream.as_clue_batch().is_some(),
    }
}

/// The body of an item as it was sent, for whoever decides on it.
pub(super) fn body_of(item: &FieldItem) -> Value {
    let bytes = item.item_bytes.as_deref().unwrap_or_default();
    let entry: Value = serde_json::from_slice(bytes).unwrap_or_default();
    entry.get("body").cloned().unwrap_or_default()
}
