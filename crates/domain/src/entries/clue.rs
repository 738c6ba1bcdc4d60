use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{DeterminationRecorded, IssueCarriedOver};
use crate::ids::{BatchId, ClueId};
use crate::partial_date::PartialDate;
use crate::shape::Shape;

/// 批次导入 — a file taken in: what it was, who sent it, what became of its rows. The file itself is a blob.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClueBatchImported {
    pub batch_id: BatchId,
    /// Kind of import: `patches`, `inspection`, `inquiry`, `petition`, `patrol`, `tip_off`, `old_ledger`, `permits`, `verifications`, `parcels`, `field-reports`.
    pub import_kind: String,
    /// Code of CL-SOURCE, for batches of clues.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_kind: Option<String>,
    pub file_name: String,
    pub sha256: String,
    pub size_bytes: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_number: Option<String>,
    pub received_on: Date,
    /// Rows or features read, taken, and kept out by faults.
    pub rows_read: u64,
    pub rows_taken: u64,
    pub rows_refused: u64,
    /// Column mapping used, as text that can be edited and used again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping: Option<String>,
    /// Codes of the sites the file speaks of, also those it says nothing new about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub site_codes: Vec<String>,
    /// Diagnostics by code.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub diagnostics: BTreeMap<String, u64>,
}

/// 原件位置 — where in the source a fact stood.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourcePlace {
    pub file_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<String>,
    /// Row of the sheet as seen, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// Feature of the layer, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature: Option<u64>,
}

/// 线索内容 — what a source says. Coded fields hold codes of the campaign's lists; what could not be coded stays in `*_text`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClueFacts {
    /// Number it was issued under; kept as given, never rebuilt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facility_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location_text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub township: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub station_text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone_text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activity_text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activity_type_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activity_subtype: Option<String>,
    /// Area the source states, m².
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stated_area_m2: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area_before_m2: Option<f64>,
    /// Code of CL-CHANGE.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change_kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acquired_on_before: Option<PartialDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acquired_on_after: Option<PartialDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sensor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub built_on: Option<PartialDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub responsible_unit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_on: Option<PartialDate>,
    /// How exactly the position is known, metres; absent for outlines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision_m: Option<f64>,
    /// How the source wrote the position, and the system it was taken for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position_text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crs_used: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shape: Option<Shape>,
    /// Geodesic area of the outline, m².
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area_m2: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Columns of the source that have no field here, by title.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub other: BTreeMap<String, String>,
}

/// 线索接收 — one clue of a batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClueReceived {
    pub clue_id: ClueId,
    pub batch_id: BatchId,
    /// Code of CL-SOURCE.
    pub source_kind: String,
    pub received_on: Date,
    pub place: SourcePlace,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_confidential: bool,
    pub facts: ClueFacts,
    /// What a row of an earlier ledger says beyond the clue, kept where no site is known yet to say it of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried_over: Option<Box<IssueCarriedOver>>,
    /// The city's ruling that stood in the same row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub determination: Option<Box<DeterminationRecorded>>,
}

/// 线索预筛 — a stated rule took the clue off the work list; it stays in the register and in the statistics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClueScreened {
    pub clue_id: ClueId,
    /// `outside_reserve`, `below_threshold`, `no_change`, `duplicate_in_batch`.
    pub rule: String,
    /// The figure that decided (distance in m, area in m²).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicate_of: Option<ClueId>,
    /// Why, where a person screened it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// 线索归并 — a clue belongs to the site of this stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClueLinked {
    pub clue_id: ClueId,
    pub batch_id: BatchId,
    /// Code of CL-SOURCE, of the clue.
    pub source_kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_code: Option<String>,
    pub received_on: Date,
    /// Stated rule that decided (`same_code`, `overlap`, `near_and_alike`, `first_clue`), or `person`.
    pub rule: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance_m: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iou: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap_m2: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// 撤销归并 — the link is undone; names the clue and says why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClueUnlinked {
    pub clue_id: ClueId,
    pub reason: String,
}
