//! 采集情况 — what a device says of the moment something was captured, and what of it a person should look at.

use std::collections::BTreeMap;

use geo_types::Coord;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use spatial::geodesic;

use crate::entry::{Clocks, EntryBody, RecordedEntry, Stamp};
use crate::ids::EntryId;

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

/// 采集标记阈值 — from where on something is told, from `capture.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaptureLimits {
    pub clock_drift_s: i64,
    pub clock_turned_back_s: i64,
    pub clock_ahead_s: i64,
    pub clock_before_contact_s: i64,
    pub gnss_differs_s: i64,
    pub session_jump_s: i64,
    pub poor_accuracy_m: f64,
    pub outside_m: f64,
    pub jump_mps: f64,
}

/// 采集标记 — something about a capture that a person should look at; worked out, never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct CaptureFlag {
    /// Code of CL-CAPTUREFLAG.
    pub code: &'static str,
    /// `low`, `medium`, `high`.
    pub grade: &'static str,
}

const LOW: &str = "low";
const MEDIUM: &str = "medium";
const HIGH: &str = "high";

/// What there is to look at in the stamped entries of one stream, by entry; entries without anything are left out.
pub fn flags_of(
    entries: &[RecordedEntry],
    limits: &CaptureLimits,
) -> BTreeMap<EntryId, Vec<CaptureFlag>> {
    let mut by_device: BTreeMap<_, Vec<(&Stamp, &RecordedEntry)>> = BTreeMap::new();
    for entry in entries {
        if let Some(stamp) = &entry.entry.stamp {
            by_device
                .entry(stamp.device_id)
                .or_default()
                .push((stamp, entry));
        }
    }
    let mut found = BTreeMap::new();
    for mut own in by_device.into_values() {
        own.sort_by_key(|(stamp, entry)| (stamp.number, entry.seq));
        let mut looked = Looked::default();
        for (stamp, entry) in own {
            let flags = looked.at(stamp.number, entry, limits);
            if !flags.is_empty() {
                found.insert(entry.entry.id, flags);
            }
        }
    }
    found
}

/// What was seen of one device so far.
#[derive(Default)]
struct Looked<'a> {
    number: u64,
    clocks: Option<&'a Clocks>,
    place: Option<(Timestamp, Coord<f64>)>,
    jumps: usize,
}

impl<'a> Looked<'a> {
    fn at(
        &mut self,
        number: u64,
        entry: &'a RecordedEntry,
        limits: &CaptureLimits,
    ) -> Vec<CaptureFlag> {
        let mut flags = Vec::new();
        let mut tell = |is: bool, code, grade| {
            if is {
                flags.push(CaptureFlag { code, grade });
            }
        };
        tell(number == self.number, "number_twice", HIGH);
        if let Some(clocks) = &entry.entry.clocks {
            for (code, grade) in self.by_clocks(clocks, entry.recorded_at, limits) {
                tell(true, code, grade);
            }
            self.clocks = Some(clocks);
        }
        let (capture, outside) = capture_of(&entry.entry.body);
        if let Some(capture) = capture {
            for (code, grade) in self.by_place(capture, limits) {
                tell(true, code, grade);
            }
            let near = limits.outside_m + capture.accuracy_m.unwrap_or(0.0);
            let grade = match &capture.is_outside_reason {
                Some(_) => LOW,
                None => MEDIUM,
            };
            tell(outside.is_some_and(|m| m > near), "outside_outline", grade);
        }
        self.number = number;
        flags
    }

    fn by_clocks(
        &self,
        clocks: &Clocks,
        recorded_at: Timestamp,
        limits: &CaptureLimits,
    ) -> Vec<(&'static str, &'static str)> {
        let mut found = Vec::new();
        let device = clocks.device;
        if let (Some(contact), Some(ran)) = (clocks.contact_at, clocks.monotonic_ms) {
            let ran = i64::try_from(ran).unwrap_or(i64::MAX);
            let drift = millis(contact, device).saturating_sub(ran);
            if drift.saturating_abs() > limits.clock_drift_s * 1_000 {
                found.push(("clock_drift", MEDIUM));
            }
        }
        if millis(recorded_at, device) > limits.clock_ahead_s * 1_000 {
            found.push(("clock_ahead", HIGH));
        }
        let before = clocks
            .contact_at
            .map_or(0, |contact| millis(device, contact));
        if before > limits.clock_before_contact_s * 1_000 {
            found.push(("clock_before_contact", HIGH));
        }
        if let Some(last) = self.clocks {
            if millis(device, last.device) > limits.clock_turned_back_s * 1_000 {
                found.push(("clock_turned_back", HIGH));
            }
            let counters = (last.session_ms, clocks.session_ms);
            if let (Some(from), Some(to)) = counters
                && last.session.is_some()
                && last.session == clocks.session
            {
                let counted = |ms| i64::try_from(ms).unwrap_or(i64::MAX);
                let ran = counted(to).saturating_sub(counted(from));
                let jump = millis(last.device, device).saturating_sub(ran);
                if jump.saturating_abs() > limits.session_jump_s * 1_000 {
                    found.push(("session_jump", HIGH));
                }
            }
        }
        found
    }

    fn by_place(
        &mut self,
        capture: &Capture,
        limits: &CaptureLimits,
    ) -> Vec<(&'static str, &'static str)> {
        let mut found = Vec::new();
        let fix = capture.fix_at.map_or(0, |at| millis(capture.at, at).abs());
        if fix > limits.gnss_differs_s * 1_000 {
            found.push(("gnss_differs", MEDIUM));
        }
        let (Some(lon), Some(lat)) = (capture.lon, capture.lat) else {
            found.push(("no_position", LOW));
            return found;
        };
        match capture.accuracy_m {
            // No receiver is exact; those who feign a position often say so.
            Some(0.0) => found.push(("mock_suspected", HIGH)),
            Some(m) if m > limits.poor_accuracy_m => found.push(("poor_position", LOW)),
            _ => {}
        }
        let here = Coord { x: lon, y: lat };
        if let Some((at, there)) = self.place.replace((capture.at, here)) {
            // Half a second at the least: two captures of one moment are no journey.
            let seconds = (millis(at, capture.at).abs() as f64 / 1_000.0).max(0.5);
            if geodesic::distance_m(there, here) / seconds > limits.jump_mps {
                self.jumps += 1;
            }
            if self.jumps >= 2 {
                found.push(("mock_suspected", HIGH));
            }
        }
        found
    }
}

/// Milliseconds from one instant to another.
fn millis(from: Timestamp, to: Timestamp) -> i64 {
    to.as_millisecond() - from.as_millisecond()
}

/// What a body says of its capture, and how far from the site it was.
fn capture_of(body: &EntryBody) -> (Option<&Capture>, Option<f64>) {
    match body {
        EntryBody::EvidenceRecorded(b) => (b.capture.as_ref(), None),
        EntryBody::VerificationRecorded(b) => (b.capture.as_ref(), b.distance_to_site_m),
        _ => (None, None),
    }
}

#[cfg(test)]
mod tests;
