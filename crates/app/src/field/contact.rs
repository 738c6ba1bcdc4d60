//! 联络 — the first thing a phone does when it is back: clocks, what it still holds, what became of what it sent.

use std::collections::BTreeMap;

use domain::ids::EntryId;
use jiff::{SignedDuration, Timestamp};
use register::Register;
use register::accounts::{Accounts, Device, FieldItem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::devices::{StorageTold, Told, active_device, me_of, renewed};
use super::{Detail, FieldMe, ItemStatus, Packs};
use crate::error::Error;
use crate::people::{self, Visitor};
use crate::session::Session;

/// 联络 — what a phone says of itself.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct Contact {
    pub app_version: Option<String>,
    pub device_now: Option<Timestamp>,
    pub session: Option<String>,
    pub session_ms: Option<u64>,
    /// Entries not sent yet, by kind.
    pub unsent: BTreeMap<String, u64>,
    pub storage: Option<StorageTold>,
    pub pack_etag: Option<String>,
    /// The newest receipts it still keeps, at most 200.
    pub kept: Vec<KeptReceipt>,
}

/// A receipt as a phone keeps it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct KeptReceipt {
    #[schema(value_type = String, format = Uuid)]
    pub id: EntryId,
    pub seq: u64,
    pub leaf_hash: String,
}

/// 离线包简况 — the newest pack that was made for this territory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PackNote {
    pub etag: String,
    pub made_at: Timestamp,
    /// Whether the phone has another.
    pub is_old: bool,
    pub size_bytes: u64,
}

/// 联络答复.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ContactAnswer {
    pub server_time: Timestamp,
    pub checkpoint: String,
    pub log_size: u64,
    pub pack: Option<PackNote>,
    /// Receipts that this log does not know: their items are to be sent again.
    pub unknown: Vec<String>,
    /// Items of this phone that changed since its last contact.
    pub statuses: Vec<ItemStatus>,
    /// Highest number of its entries that arrived.
    pub last_number: u64,
    pub me: FieldMe,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_expires_on: Option<jiff::civil::Date>,
}

/// Receipts looked at in one contact.
const MOST_RECEIPTS: usize = 200;
/// What a phone says of itself is kept so long, and of so many kinds of entries.
const LONGEST_WORD: usize = 64;
const MOST_KINDS: usize = 64;
/// Seconds between the beginning of a settling and the moment in which what it did is to be seen.
const SETTLED_WITHIN_S: i64 = 120;

/// The beginning of what a phone says of itself.
pub(super) fn cut(word: &str) -> String {
    word.chars().take(LONGEST_WORD).collect()
}

/// Answers a phone, and notes what it says.
pub fn contact(
    session: &Session,
    accounts: &mut Accounts,
    packs: &Packs,
    visitor: &Visitor,
    said: &Contact,
) -> Result<ContactAnswer, Error> {
    let (register, now) = (&session.register, session.now);
    // Read now: while items were settled somebody may have locked it.
    let mut device = active_device(session, accounts, visitor)?;
    let held = visitor.post.as_ref().ok_or_else(people::no_post)?;
    let people = (&accounts.people()?[..], session.today());
    let me = me_of(&visitor.person, held, &device, people, &session.setting)?;
    let pack = packs.note(&me, said.pack_etag.as_deref());
    let unknown = unknown_receipts(register, &said.kept)?;
    reopen(session, accounts, &device, &unknown)?;
    // A settling notes its own beginning, and may have ended after the last contact: what is told twice is told.
    let since = device.seen_at.unwrap_or(Timestamp::UNIX_EPOCH);
    let since = Timestamp::from_second(since.as_second() - SETTLED_WITHIN_S).unwrap_or(since);
    let changed = accounts.items_changed_since(&device, since)?;
    let statuses = changed.iter().map(|item| super::told(session, item));
    let statuses: Vec<ItemStatus> = statuses.collect::<Result<_, Error>>()?;
    device.seen_at = Some(now);
    device.post_id = held.post_id;
    device.app_version = said.app_version.as_deref().map(cut);
    let pack_etag = said.pack_etag.as_deref().map(cut);
    if device.pack_etag != pack_etag {
        let made_at = |etag: &String| packs.made_at(&me, etag);
        device.pack_made_at = pack_etag.as_ref().and_then(made_at);
        device.pack_etag = pack_etag;
    }
    let unsent = said.unsent.iter().take(MOST_KINDS);
    let told = Told {
        unsent: unsent.map(|(kind, n)| (cut(kind), *n)).collect(),
        storage: said.storage,
    };
    device.told = Some(told.to_text()?);
    let fresh = renewed(accounts, visitor, &mut device, now)?;
    accounts.note_contact(&device)?;
    Ok(ContactAnswer {
        server_time: now,
        checkpoint: register.checkpoint()?,
        log_size: register.log_size()?,
        pack,
        unknown: unknown.iter().map(EntryId::to_string).collect(),
        statuses,
        last_number: device.last_number,
        me,
        token_expires_on: fresh.as_ref().map(|t| t.token_expires_on),
        token: fresh.map(|t| t.token),
    })
}

/// Receipts that the log contradicts: it is shorter than they are, or another.
fn unknown_receipts(register: &Register, kept: &[KeptReceipt]) -> Result<Vec<EntryId>, Error> {
    let mut unknown = Vec::new();
    for told in kept.iter().take(MOST_RECEIPTS) {
        let found = register.find_receipt(told.id)?;
        let is_known = found.is_some_and(|r| crate::hex(&r.leaf_hash) == told.leaf_hash);
        if !is_known {
            unknown.push(told.id);
        }
    }
    if !unknown.is_empty() {
        tracing::warn!(
            count = unknown.len(),
            "a phone keeps receipts that this log does not know"
        );
    }
    Ok(unknown)
}

/// Items of this phone whose receipt the log does not know are tried anew, where their bytes are still here. A receipt that
/// stands is taken from nobody, whatever a phone says of it.
fn reopen(
    session: &Session,
    accounts: &mut Accounts,
    device: &Device,
    unknown: &[EntryId],
) -> Result<(), Error> {
    let mut again = Vec::new();
    for id in unknown {
        let item = accounts.find_item(&id.to_string())?;
        let is_own = |i: &FieldItem| {
            i.device_id == device.device_id && i.state == "recorded" && i.item_bytes.is_some()
        };
        let Some(item) = item.filter(is_own) else {
            continue;
        };
        let in_log = session.register.find_receipt(*id)?;
        let leaf_hash = in_log.map(|r| crate::hex(&r.leaf_hash));
        let receipt = Detail::of(&item).receipt;
        let stands = leaf_hash.is_some() && receipt.map(|r| r.leaf_hash) == leaf_hash;
        if !stands {
            again.push(reopened(item, session.now)?);
        }
    }
    Ok(accounts.settle_items(&again)?)
}

/// A recorded item as it stands when the log has lost it.
pub(super) fn reopened(item: FieldItem, now: Timestamp) -> Result<FieldItem, Error> {
    let detail = Detail {
        receipt: None,
        waits: Some(super::Waits {
            what: "turn".to_owned(),
            ..super::Waits::default()
        }),
        ..Detail::of(&item)
    };
    Ok(FieldItem {
        state: "received".to_owned(),
        code: Some("field.awaits_turn".to_owned()),
        detail: detail.to_text()?,
        is_open: true,
        tries: 0,
        next_try_s: None,
        changed_at: now,
        ..item
    })
}

/// How long the bytes of recorded items are kept: a log restored from a backup can take them back.
pub(super) const BYTES_KEPT: SignedDuration = SignedDuration::from_hours(24 * 30);
