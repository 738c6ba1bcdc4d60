//! 外来记录 — one thing that was seen or reported, in whatever program it was written down.

use geo_types::Geometry;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use serde::Serialize;
use spatial::bounds::Limits;
use spatial::diagnostic::{Diagnostic, Place};

/// 写下的时间 — as much of a time as the file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum When {
    /// With a zone or an offset.
    Instant(Timestamp),
    /// A wall clock without a zone.
    Local(DateTime),
    Day(Date),
}

impl When {
    /// Reads ISO 8601 with or without zone, or a day.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let instant = text.parse().map(Self::Instant).ok();
        let local = || text.parse().map(Self::Local).ok();
        let day = || text.parse().map(Self::Day).ok();
        match text.len() {
            0..=10 => day(),
            _ => instant.or_else(local),
        }
    }
}

/// 位置 — where, in degrees as the device gave them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Position {
    pub lon: f64,
    pub lat: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub altitude_m: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy_m: Option<f64>,
}

/// 填写的一项 — the path of a question, and what was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Value {
    pub path: String,
    pub text: String,
}

/// 外来记录 — one report, event, sighting or observation.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Record {
    /// Position in the file, from 1.
    pub number: u64,
    /// The file's own identifier.
    pub id: Option<String>,
    /// What kind of thing it is, in the words of the file.
    pub kind: Option<String>,
    /// What people wrote about it.
    pub text: Option<String>,
    pub at: Option<When>,
    pub position: Option<Position>,
    /// Where it is more than a point.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "as_wkt_kind"
    )]
    pub outline: Option<Geometry<f64>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Value>,
    /// Names of the files that belong to it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
}

/// Kind and vertices of an outline: what a snapshot and a preview show of it.
fn as_wkt_kind<S: serde::Serializer>(
    outline: &Option<Geometry<f64>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    use geo_types::Geometry as G;
    let (kind, vertices) = match outline {
        Some(G::Polygon(p)) => ("Polygon", p.exterior().0.len()),
        Some(G::MultiPolygon(m)) => (
            "MultiPolygon",
            m.0.iter().map(|p| p.exterior().0.len()).sum(),
        ),
        Some(G::LineString(l)) => ("LineString", l.0.len()),
        Some(G::MultiLineString(m)) => ("MultiLineString", m.0.iter().map(|l| l.0.len()).sum()),
        Some(_) => ("other", 0),
        None => ("none", 0),
    };
    serializer.collect_str(&format_args!("{kind} of {vertices} vertices"))
}

/// 读到的 — records of a file, and what was imperfect about them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Found<T> {
    pub found: T,
    pub diagnostics: Vec<Diagnostic>,
}

/// Diagnostics of one reading, bounded.
pub(crate) struct Notes<'l> {
    limits: &'l Limits,
    kept: Vec<Diagnostic>,
    more: u64,
}

impl<'l> Notes<'l> {
    pub(crate) fn new(limits: &'l Limits) -> Self {
        Self {
            limits,
            kept: Vec::new(),
            more: 0,
        }
    }

    pub(crate) fn limits(&self) -> &'l Limits {
        self.limits
    }

    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        if self.kept.len() < self.limits.diagnostics {
            self.kept.push(diagnostic);
        } else {
            self.more += 1;
        }
    }

    /// About record `number`, its member `field`.
    pub(crate) fn about(&mut self, number: u64, field: &str, diagnostic: Diagnostic) {
        let place = Place {
            feature: Some(number),
            field: Some(field.to_owned()),
            ..Place::default()
        };
        let place = diagnostic.place.clone().within(&place);
        self.report(diagnostic.at(place));
    }

    pub(crate) fn finish(mut self) -> Vec<Diagnostic> {
        if self.more > 0 {
            let more = Diagnostic::warning("foreign.more_diagnostics").arg("count", self.more);
            self.kept.push(more);
        }
        self.kept
    }

    /// A position that can be one, else a diagnostic; (0, 0) is what programs write where no fix was had.
    pub(crate) fn position(&mut self, number: u64, given: Position) -> Option<Position> {
        let Position { lon, lat, .. } = given;
        if lon == 0.0 && lat == 0.0 {
            let none = Diagnostic::warning("foreign.no_fix");
            self.about(number, "position", none);
            return None;
        }
        if !(lon.abs() <= 180.0 && lat.abs() <= 90.0) {
            let fault = Diagnostic::warning("foreign.out_of_range")
                .arg("lon", lon)
                .arg("lat", lat);
            self.about(number, "position", fault);
            return None;
        }
        Some(given)
    }

    /// A time that can be read, else a diagnostic; nothing written is no fault.
    pub(crate) fn when(&mut self, number: u64, field: &str, text: Option<&str>) -> Option<When> {
        let text = text.map(str::trim).filter(|t| !t.is_empty())?;
        let read = When::parse(text);
        if read.is_none() {
            let fault = Diagnostic::warning("foreign.bad_time").arg("text", shortened(text));
            self.about(number, field, fault);
        }
        read
    }
}

/// Enough of a foreign text to find it again.
pub(crate) fn shortened(text: &str) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
