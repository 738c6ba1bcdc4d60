//! 候登处 — what phones send, from their enrolment to the receipt: devices, packs, files in chunks, items
//! (`docs/adr/0019-the-field-desk.md`).

mod around;
mod bounds;
mod contact;
mod decisions;
mod devices;
mod items;
mod pack;
mod rescue;
mod sealed;
mod settle;
mod uploads;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use domain::ids::EntryId;
use domain::policy::Action;
use jiff::Timestamp;
use register::accounts::{Accounts, FieldItem};
use serde::{Deserialize, Serialize};
use spatial::diagnostic::Diagnostic;
use utoipa::ToSchema;

use crate::error::Error;
use crate::messages::Messages;
use crate::session::Session;

pub use crate::people::no_post;
pub use contact::{Contact, ContactAnswer, KeptReceipt, PackNote, contact};
pub use decisions::{DecisionRequest, FieldItemView, FieldItems, ItemFilter, only_merge};
pub use devices::{
    Balance, BalanceRow, DevicePerson, DeviceRow, Devices, EnrolRequest, Enrolled, FieldMe,
    FieldRegister, LockRequest, StorageTold, TokenFresh, active_device, balance, device_of, enrol,
    is_at_desk, list_devices, lock, locked_problem, renew_token,
};
pub use items::{Submission, SubmittedItem, TakenItems, find_statuses, take};
pub use pack::{Pack, PackManifest, Packs, PartNote, RulesNote, pack, part};
pub use register::accounts::{Device, OpenItems};
pub use rescue::{FileRefused, LARGEST_RESCUE, Rescue, RescueReport, may_rescue, unseal};
pub(crate) use settle::OUT_OF_HAND;
pub use settle::{settle, tidy};
pub use uploads::{
    Arrived, Chunk, LARGEST_CHUNK, LARGEST_FIELD_BLOB, Standing, Uploads, at_offset, full,
};

/// Kinds of entries that are taken from phones, with the nouns of the streams they may lie on.
pub const KINDS: [(&str, &[&str]); 8] = [
    ("verification.recorded", &["site"]),
    ("evidence.recorded", &["site", "patrol", "clue_batch"]),
    ("site.amended", &["site"]),
    ("verification.reviewed", &["site"]),
    ("patrol.recorded", &["patrol"]),
    ("track.recorded", &["patrol"]),
    ("patrol.reviewed", &["patrol"]),
    // Its batch is made beside the first clue of it.
    ("clue.received", &["clue_batch"]),
];

/// Codes of `messages/*/field.toml`, which shares its prefix with the names of facts.
pub(crate) const CODES: [&str; 54] = [
    "device_locked",
    "device_unknown",
    "token_expired",
    "no_station",
    "bad_stamp",
    "bad_proof",
    "device_taken",
    "too_many_stations",
    "lock_reason",
    "unfaithful",
    "unreadable",
    "batch_too_large",
    "other_content",
    "kind",
    "facts",
    "clue",
    "not_your_post",
    "other_station",
    "unknown_site",
    "site_withdrawn",
    "site_merged",
    "after_lock",
    "clash",
    "awaits_blobs",
    "awaits_store",
    "awaits_turn",
    "awaits_predecessor",
    "awaits_evidence",
    "unknown_code",
    "refused",
    "no_reason",
    "not_to_decide",
    "choice",
    "no_choice",
    "offset",
    "chunk_damaged",
    "blob_damaged",
    "file_kind",
    "disk_full",
    "file_too_large",
    "busy",
    "pack_moved_on",
    "app_too_old",
    "log_shorter",
    "rescue_broken",
    "rescue_other_register",
    "rescue_unsigned",
    "no_post",
    "no_basis",
    "not_appended",
    "too_much",
    "note_too_long",
    "period",
    "query",
];

/// Items of one batch, and bytes of all of them together.
pub const MOST_ITEMS: usize = 100;
pub const LARGEST_BATCH: usize = 4 << 20;

/// 回执 — an entry's place in the log, signed by the node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ItemReceipt {
    #[schema(value_type = String, format = Uuid)]
    pub id: EntryId,
    /// SHA-256 of the bytes that the phone signed.
    pub entry_sha256: String,
    pub seq: u64,
    /// Version of the stream after it.
    pub version: u64,
    pub recorded_at: Timestamp,
    /// RFC 6962 leaf hash.
    pub leaf_hash: String,
    pub log_size: u64,
    pub root_hash: String,
    /// C2SP signed note over the lines above.
    pub note: String,
}

/// 等待 — what an item waits for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Waits {
    /// `blobs`, `predecessor`, `decision`, `turn`.
    #[serde(rename = "for")]
    pub what: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub have: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub need: Option<u64>,
    /// SHA-256 of the files that have not come.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

/// 并列 — one field with both values, and whose the other one is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FieldClash {
    pub field: String,
    pub label: String,
    #[schema(value_type = Object)]
    pub mine: serde_json::Value,
    #[schema(value_type = Object)]
    pub theirs: serde_json::Value,
    pub theirs_by: String,
    pub theirs_at: Timestamp,
}

/// 处理决定 — what a person decided on an item, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Decided {
    /// By post.
    pub by: String,
    pub at: Timestamp,
    pub reason: String,
    /// `record`, `merge`, `refuse`.
    pub choice: String,
}

/// What there is to say of an item besides its state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Detail {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    args: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waits: Option<Waits>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    clashes: Vec<FieldClash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided: Option<Decided>,
    #[serde(skip_serializing_if = "Option::is_none")]
    carried_to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<ItemReceipt>,
}

impl Detail {
    fn of(item: &FieldItem) -> Self {
        // What this program wrote it reads; anything else says nothing.
        serde_json::from_str(&item.detail).unwrap_or_default()
    }

    fn to_text(&self) -> Result<String, Error> {
        serde_json::to_string(self).map_err(Error::internal)
    }
}

/// 送登状态 — where an item stands, in words too.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ItemStatus {
    pub id: String,
    pub number: u64,
    /// `received`, `held`, `recorded`, `refused`.
    pub state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ItemReceipt>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits: Option<Waits>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clashes: Vec<FieldClash>,
    /// Code of the site that a copy went to, where the site was merged meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carried_to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided: Option<Decided>,
}

impl ItemStatus {
    /// Of an item as it is kept.
    pub fn of(item: &FieldItem, messages: &Messages) -> Self {
        let detail = Detail::of(item);
        Self {
            id: item.entry_id.clone(),
            number: item.number,
            state: item.state.clone(),
            text: item
                .code
                .as_deref()
                .map(|c| worded(messages, c, &detail.args)),
            code: item.code.clone(),
            args: detail.args,
            receipt: detail.receipt,
            waits: detail.waits,
            clashes: detail.clashes,
            carried_to: detail.carried_to,
            decided: detail.decided,
        }
    }

    /// Of an item that is not kept: its id belongs to another.
    fn refused(id: &str, number: u64, code: &str, messages: &Messages) -> Self {
        Self {
            id: id.to_owned(),
            number,
            state: "refused".to_owned(),
            code: Some(code.to_owned()),
            text: Some(messages.text(code, &[])),
            args: BTreeMap::new(),
            receipt: None,
            waits: None,
            clashes: Vec::new(),
            carried_to: None,
            decided: None,
        }
    }
}

/// 送登状态 as somebody is told it. What others stated of a site is for whoever decides on the item, and for its maker as long
/// as the present post reads that site: who only carries it, or was moved elsewhere since, learns where it stands.
fn told(session: &Session, item: &FieldItem) -> Result<ItemStatus, Error> {
    let mut status = ItemStatus::of(item, &session.messages);
    if status.clashes.is_empty() {
        return Ok(status);
    }
    let of_stream = settle::station_of_stream(session, &item.stream)?;
    let station = of_stream.or_else(|| item.station_id.clone());
    let action = match item.person_id == session.actor.id {
        true => Action::ReadLedgers,
        false => Action::DecideItem,
    };
    if !session.sees(action, station.as_deref()) {
        status.clashes.clear();
    }
    Ok(status)
}

fn worded(messages: &Messages, code: &str, args: &BTreeMap<String, String>) -> String {
    let args: Vec<(&str, &str)> = args.iter().map(|(n, v)| (&**n, &**v)).collect();
    messages.text(code, &args)
}

/// The accounts, for work that is over quickly.
pub fn open(accounts: &Mutex<Accounts>) -> MutexGuard<'_, Accounts> {
    // What a panicking request left is whole: every change is one transaction.
    accounts.lock().unwrap_or_else(|e| e.into_inner())
}

fn rejected(code: &'static str) -> Error {
    Error::rejected(Diagnostic::error(code))
}

fn not_found(what: &'static str, name: &str) -> Error {
    Error::NotFound {
        what,
        name: name.to_owned(),
    }
}
