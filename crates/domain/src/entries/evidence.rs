use serde::{Deserialize, Serialize};

use crate::capture::Capture;
use crate::ids::{ClueId, EntryId};

/// 证据登记 — a file that shows something of the site; the bytes are a blob, named by their SHA-256.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EvidenceRecorded {
    pub sha256: String,
    pub size_bytes: u64,
    pub file_name: String,
    /// By what the bytes are, not by what the name says.
    pub media_type: String,
    /// What it shows, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// As the camera wrote it, without a zone: `2019-08-16T09:30:00`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<String>,
    /// Where the camera says it was, degrees WGS84.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lon: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
    /// Direction the camera looked to, degrees from true north.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub azimuth_deg: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture: Option<Capture>,
    /// Code of CL-SHOT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view: Option<String>,
    /// The finding it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clue_id: Option<ClueId>,
    /// The file that this one is a sketch on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sketch_of: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// The entry on a merged site of which this is the copy for its successor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried_from: Option<EntryId>,
}
