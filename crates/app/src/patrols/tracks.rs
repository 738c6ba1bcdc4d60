//! 轨迹登记 — from fixes as they came to the entry that says what follows from them.

use domain::entries::{Segment, TrackRecorded};
use domain::ids::{PatrolId, TrackId};
use domain::patrol::PatrolRules;
use domain::shape::Shape;
use geo_types::{Coord, Geometry, LineString, Point};
use jiff::Timestamp;
use spatial::track::{self, RawTrack, Tidied, TidyRules};

use crate::session::Session;
use crate::viewer::Viewer;

/// What is known of a track besides its fixes.
pub(crate) struct TrackSource {
    pub(crate) patrol_id: PatrolId,
    pub(crate) track_id: TrackId,
    pub(crate) station_id: String,
    pub(crate) sha256: String,
    pub(crate) format: String,
    pub(crate) subject: Option<String>,
    pub(crate) recorded_by: Option<String>,
}

/// Lines in entries stay within this of the fixes, metres; the fixes themselves are in the file.
const GRAIN_M: f64 = 2.0;

/// The entry of a track, and the track as tidied.
pub(crate) fn track_entry(
    session: &Session,
    source: TrackSource,
    raw: &RawTrack,
) -> (TrackRecorded, Tidied) {
    let tidied = track::tidy(
        &raw.fixes,
        raw.in_sequence,
        &raw.breaks,
        &tidy_rules(session),
    );
    let span = tidied.span();
    let body = TrackRecorded {
        track_id: source.track_id,
        patrol_id: source.patrol_id,
        reserve_code: session.reserve.reserve_code.clone(),
        station_id: Some(source.station_id),
        sha256: source.sha256,
        format: source.format,
        recorded_by: source.recorded_by,
        subject: source.subject,
        started_at: span.and_then(|(from, _)| instant(from)),
        ended_at: span.and_then(|(_, to)| instant(to)),
        fixes_read: tidied.read as u64,
        fixes_distinct: tidied.distinct as u64,
        fixes_refused: tidied.refused as u64,
        length_m: deci(tidied.length_m),
        moving_s: tidied.moving_s.round() as u64,
        gap_s: tidied.gap_s.round() as u64,
        segments: tidied
            .segments
            .iter()
            .map(|s| segment(&tidied, s))
            .collect(),
        fingerprint: track::fingerprint(&tidied),
    };
    (body, tidied)
}

fn segment(track: &Tidied, segment: &track::Segment) -> Segment {
    let fixes = track.of(segment);
    let of = |fix: Option<&track::Fix>| {
        let t = fix.filter(|_| track.is_timed)?.t?;
        instant(t)
    };
    Segment {
        started_at: of(fixes.first()),
        ended_at: of(fixes.last()),
        length_m: deci(segment.length_m),
        shape: Shape(shape(&track::simplify(fixes, GRAIN_M))),
    }
}

/// A line, or the point that a single fix is.
fn shape(line: &LineString<f64>) -> Geometry<f64> {
    let rounded = |c: &Coord<f64>| Coord {
        x: crate::geography::degrees(c.x),
        y: crate::geography::degrees(c.y),
    };
    let points: Vec<Coord<f64>> = line.0.iter().map(rounded).collect();
    if let [only] = points.as_slice() {
        return Point(*only).into();
    }
    LineString(points).into()
}

/// The line of a segment; a single fix is a line of one point.
pub(super) fn line_of(segment: &Segment) -> LineString<f64> {
    match &segment.shape.0 {
        Geometry::LineString(line) => line.clone(),
        Geometry::Point(point) => LineString(vec![point.0]),
        _ => LineString(Vec::new()),
    }
}

/// How tracks are tidied under this campaign.
pub(super) fn tidy_rules(viewer: &Viewer) -> TidyRules {
    let rules = viewer.campaign.patrols.as_ref();
    rules.map(PatrolRules::tidy).unwrap_or_default()
}

fn instant(ms: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(ms).ok()
}

fn deci(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// The code of a list of the campaign that a word stands for.
pub(crate) fn coded(viewer: &Viewer, purpose: &str, text: &str) -> Option<String> {
    let list = viewer.campaign.find_list(&viewer.codes, purpose)?;
    list.find(text).map(|code| code.code.clone())
}
