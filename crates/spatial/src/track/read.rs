use geo_types::{Coord, Geometry, LineString};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde_json::{Value as Json, json};

use super::Fix;
use super::tidy::GapWhy;
use crate::bounds::Limits;
use crate::diagnostic::{Diagnostic, Place};
use crate::feature::{Feature, Format, Layer, Value};
use crate::formats::{self, Error, Excess};

/// 原始轨迹 — the fixes of one track as a file gives them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RawTrack {
    pub name: Option<String>,
    /// Number of the track in the file, from 1.
    pub number: u64,
    pub fixes: Vec<Fix>,
    /// Gaps the recorder noted itself.
    pub breaks: Vec<(GapWhy, i64, i64)>,
    /// Whether the order of the file is that of the way.
    pub in_sequence: bool,
}

/// 航点 — a place marked on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct Waypoint {
    pub number: u64,
    pub t: Option<i64>,
    pub at: Coord<f64>,
    pub name: Option<String>,
    pub text: Option<String>,
}

/// 轨迹文件 — what a file holds of ways and marks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// `fixes`, `gpx`, `kml` or the name of another vector format.
    pub format: String,
    pub tracks: Vec<RawTrack>,
    pub waypoints: Vec<Waypoint>,
    pub diagnostics: Vec<Diagnostic>,
}

/// 时刻 — an instant read from text, and whether its zone had to be supposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamped {
    pub t: i64,
    pub is_zone_supposed: bool,
}

/// Reads an instant of ISO 8601 or of a table; without a zone it is one of UTC+8.
pub fn instant_of(text: &str) -> Option<Stamped> {
    let text = text.trim();
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(Stamped {
            t: instant.as_millisecond(),
            is_zone_supposed: false,
        });
    }
    let plain = text.replace('/', "-");
    let civil: DateTime = plain.parse().ok()?;
    // A day alone says nothing of the hour.
    plain.get(10..).filter(|rest| rest.len() > 1)?;
    let instant = Offset::constant(8).to_timestamp(civil).ok()?;
    Some(Stamped {
        t: instant.as_millisecond(),
        is_zone_supposed: true,
    })
}

/// Reads tracks and waypoints of a file, whatever its format.
pub fn read(name: &str, bytes: &[u8], limits: &Limits) -> Result<Reading, Error> {
    if is_fixes(bytes) {
        return read_fixes(name, bytes, limits);
    }
    let (layers, diagnostics) = formats::read_bytes(name, bytes, limits)?;
    let mut reading = Reading {
        format: layers.first().map_or("", |l| word(l.format)).to_owned(),
        diagnostics,
        ..Reading::default()
    };
    let names: Vec<Option<String>> = layers
        .iter()
        .filter(|l| l.name == "tracks" && l.format == Format::Gpx)
        .flat_map(|l| &l.features)
        .map(|f| text_of(f, "name"))
        .collect();
    let mut supposed = 0_usize;
    for layer in &layers {
        match (layer.format, layer.name.as_str()) {
            (Format::Gpx, "track_points") => {
                reading
                    .tracks
                    .extend(of_points(layer, &names, &mut supposed));
            }
            (Format::Gpx, "tracks" | "routes" | "route_points") => {}
            _ => of_features(layer, &mut reading, &mut supposed),
        }
    }
    if supposed > 0 {
        let told = Diagnostic::warning("time.no_zone").arg("count", supposed);
        let place = Place {
            file: Some(name.to_owned()),
            field: Some("time".to_owned()),
            ..Place::default()
        };
        // Said once for the file instead of once a point.
        let is_single = |d: &Diagnostic| d.code == "layer.time_without_zone";
        reading.diagnostics.retain(|d| !is_single(d));
        reading.diagnostics.push(told.at(place));
    }
    Ok(reading)
}

fn word(format: Format) -> &'static str {
    match format {
        Format::Gpx => "gpx",
        Format::Kml => "kml",
        Format::GeoJson => "geojson",
        _ => "layer",
    }
}

/// The points of GPX tracks, by track.
fn of_points(layer: &Layer, names: &[Option<String>], supposed: &mut usize) -> Vec<RawTrack> {
    let mut tracks: Vec<RawTrack> = Vec::new();
    for feature in &layer.features {
        let Some(Geometry::Point(point)) = &feature.geometry else {
            continue;
        };
        let integer = |name: &str| match feature.attributes.get(name) {
            Some(Value::Integer(n)) => u64::try_from(*n).ok(),
            _ => None,
        };
        let number = integer("path").unwrap_or(1);
        if tracks.last().is_none_or(|t| t.number != number) {
            tracks.push(RawTrack {
                name: number
                    .checked_sub(1)
                    .and_then(|at| names.get(at as usize).cloned().flatten()),
                number,
                in_sequence: true,
                ..RawTrack::default()
            });
        }
        let fix = Fix {
            t: time_of(feature, supposed),
            altitude_m: real_of(feature, "ele"),
            accuracy_m: real_of(feature, "accuracy"),
            speed_mps: real_of(feature, "speed"),
            heading_deg: real_of(feature, "course"),
            segment: integer("segment").unwrap_or(1).saturating_sub(1) as u32,
            ..Fix::new(None, point.x(), point.y())
        };
        if let Some(track) = tracks.last_mut() {
            track.fixes.push(fix);
        }
    }
    tracks
}

/// Lines are ways without times, points are marks.
fn of_features(layer: &Layer, reading: &mut Reading, supposed: &mut usize) {
    for feature in &layer.features {
        let lines: Vec<&LineString<f64>> = match &feature.geometry {
            Some(Geometry::LineString(line)) => vec![line],
            Some(Geometry::MultiLineString(lines)) => lines.iter().collect(),
            Some(Geometry::Point(point)) => {
                reading.waypoints.push(Waypoint {
                    number: feature.number,
                    t: time_of(feature, supposed),
                    at: point.0,
                    name: text_of(feature, "name"),
                    text: ["desc", "cmt", "description"]
                        .iter()
                        .find_map(|n| text_of(feature, n)),
                });
                continue;
            }
            _ => continue,
        };
        let fixes = (0..).zip(lines).flat_map(|(segment, line)| {
            line.0.iter().map(move |c| Fix {
                segment,
                ..Fix::new(None, c.x, c.y)
            })
        });
        reading.tracks.push(RawTrack {
            name: text_of(feature, "name"),
            number: reading.tracks.len() as u64 + 1,
            fixes: fixes.collect(),
            breaks: Vec::new(),
            in_sequence: true,
        });
    }
}

fn time_of(feature: &Feature, supposed: &mut usize) -> Option<i64> {
    let text = ["time", "begin", "start_time"]
        .iter()
        .find_map(|n| text_of(feature, n))?;
    let stamped = instant_of(&text)?;
    *supposed += usize::from(stamped.is_zone_supposed);
    Some(stamped.t)
}

fn text_of(feature: &Feature, name: &str) -> Option<String> {
    match feature.attributes.get(name)? {
        Value::Text(t) | Value::Date(t) | Value::DateTime(t) => {
            Some(t.trim().to_owned()).filter(|t| !t.is_empty())
        }
        _ => None,
    }
}

fn real_of(feature: &Feature, name: &str) -> Option<f64> {
    match feature.attributes.get(name)? {
        Value::Real(n) => Some(*n),
        Value::Integer(n) => Some(*n as f64),
        Value::Text(t) => t.trim().parse().ok().filter(|n: &f64| n.is_finite()),
        _ => None,
    }
}

/// Bytes of a line of a file of fixes: seven numbers, or a head with some words. A longer one is not even parsed.
const LONGEST_LINE: usize = 64 << 10;

/// The head of a file of fixes names its version.
fn is_fixes(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(LONGEST_LINE)];
    let head = head.split(|b| *b == b'\n').next().unwrap_or_default();
    let head: Option<Json> = serde_json::from_slice(head).ok();
    head.is_some_and(|h| h.get("v").and_then(Json::as_u64) == Some(1))
}

/// One line a fix: `[t_ms, lon, lat, altitude, accuracy, speed, heading]`; gaps are objects. Lines that cannot be read
/// (a phone died while it wrote) are told and passed over.
fn read_fixes(name: &str, bytes: &[u8], limits: &Limits) -> Result<Reading, Error> {
    let too_large = |what: Excess| Error::TooLarge {
        file: name.to_owned(),
        what,
        limit: what.limit(limits),
    };
    if bytes.len() as u64 > limits.file_bytes {
        return Err(too_large(Excess::Bytes));
    }
    let mut track = RawTrack {
        number: 1,
        in_sequence: true,
        ..RawTrack::default()
    };
    let mut segment = 0;
    let mut unread = 0_usize;
    let text = String::from_utf8_lossy(bytes);
    for line in text.lines().skip(1).filter(|l| !l.trim().is_empty()) {
        if (track.fixes.len() + track.breaks.len()) as u64 >= limits.vertices {
            return Err(too_large(Excess::Vertices));
        }
        let read = match line.len() > LONGEST_LINE {
            true => Ok(Json::Null),
            false => serde_json::from_str::<Json>(line),
        };
        match read {
            Ok(Json::Array(values)) => match fix_of(&values, segment) {
                Some(fix) => track.fixes.push(fix),
                None => unread += 1,
            },
            Ok(Json::Object(gap)) => {
                let instant = |name: &str| gap.get(name).and_then(Json::as_i64);
                let why = gap.get("gap").and_then(Json::as_str).unwrap_or_default();
                segment += 1;
                if let (Some(from), Some(to)) = (instant("from"), instant("to")) {
                    track.breaks.push((GapWhy::from_code(why), from, to));
                }
            }
            _ => unread += 1,
        }
    }
    let told = (unread > 0).then(|| Diagnostic::warning("track.lines_unread").arg("count", unread));
    Ok(Reading {
        format: "fixes".to_owned(),
        tracks: vec![track],
        waypoints: Vec::new(),
        diagnostics: told.into_iter().collect(),
    })
}

fn fix_of(values: &[Json], segment: u32) -> Option<Fix> {
    let number = |at: usize| values.get(at).and_then(Json::as_f64);
    let t = values.first()?;
    Some(Fix {
        altitude_m: number(3),
        accuracy_m: number(4),
        speed_mps: number(5),
        heading_deg: number(6),
        segment,
        ..Fix::new(
            t.as_i64().or_else(|| t.as_f64().map(|t| t as i64)),
            number(1)?,
            number(2)?,
        )
    })
}

/// Fixes as phones write them; `head` says whose they are.
pub fn write_fixes(track: &RawTrack, head: &Json) -> Vec<u8> {
    let mut first = json!({ "v": 1 });
    if let (Json::Object(first), Json::Object(head)) = (&mut first, head) {
        first.extend(head.clone());
    }
    let mut text = first.to_string();
    let mut segment = track.fixes.first().map_or(0, |f| f.segment);
    for fix in &track.fixes {
        if fix.segment != segment {
            segment = fix.segment;
            text.push_str("\n{\"gap\":\"segment\"}");
        }
        let line = json!([
            fix.t,
            fix.at.x,
            fix.at.y,
            fix.altitude_m,
            fix.accuracy_m,
            fix.speed_mps,
            fix.heading_deg
        ]);
        text.push('\n');
        text.push_str(&line.to_string());
    }
    for (why, from, to) in &track.breaks {
        let line = json!({ "gap": why.code(), "from": from, "to": to });
        text.push('\n');
        text.push_str(&line.to_string());
    }
    text.push('\n');
    text.into_bytes()
}
