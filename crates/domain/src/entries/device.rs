use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::DeviceId;

/// 手机登记 — a phone and the key by which its entries are known; nothing that tells whose hands it is in but a pseudonym.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceEnrolled {
    pub device_id: DeviceId,
    pub person_id: String,
    /// `ES256`.
    pub alg: String,
    /// base64url of the uncompressed point, 65 bytes.
    pub public_key: String,
    /// Kind of program, as the agent names itself; never a name of a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// 手机锁定 — from here on the phone may hand over what it holds, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceLocked {
    pub device_id: DeviceId,
    /// Code of CL-DEVICELOCK.
    pub reason: String,
    /// Out of hand since then: entries that claim a later time wait for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// 救援文件导入 — a sealed outbox was opened by the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RescueFileImported {
    pub device_id: DeviceId,
    pub sha256: String,
    pub size_bytes: u64,
    pub items: u64,
    pub items_new: u64,
    pub items_known: u64,
    pub items_refused: u64,
    pub blobs_new: u64,
}
