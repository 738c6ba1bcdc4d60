//! 采集情况 — what a device says of the moment something was captured.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// 采集情况 — where, how exactly, looking where, and what the device said about it when something was captured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Capture {
    /// Device clock at the moment.
    pub at: Timestamp,
    /// Degrees WGS84 as the device gave them; the same as CGCS2000 within its accuracy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lon: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy_m: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub altitude_m: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub altitude_accuracy_m: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed_mps: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heading_deg: Option<f64>,
    /// Compass at the shutter, from true north.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub azimuth_deg: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub azimuth_accuracy_deg: Option<f64>,
    /// Time that the source of the position gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix_age_ms: Option<u64>,
    /// `browser`, `external`, `typed`, `photo` or `odk`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Why it was captured outside of the outline, where that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_outside_reason: Option<String>,
}
