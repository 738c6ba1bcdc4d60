//! Rows that follow from patrols: one a patrol, one a track.

use domain::dossier::Kept;
use domain::entries::TrackRecorded;
use domain::entry::{EntryBody, RecordedEntry};
use domain::ids::{PatrolId, StreamId};
use domain::patrol::{Patrol, PatrolFold};
use geo_types::{Geometry, LineString, MultiLineString};
use jiff::Timestamp;

use super::{Cell, Table, Writer};
use crate::error::Error;

/// 巡护 — one row a patrol, as its last sheet says.
pub(crate) static PATROLS: Table = Table {
    name: "patrols",
    title: "巡护",
    columns: &[
        "fid",
        "patrol_id",
        "reserve_code",
        "station_id",
        "kind",
        "route_id",
        "started_at",
        "ended_at",
        "leader",
        "head_count",
        "length_m",
        "moving_s",
        "findings",
        "conclusion",
        "review",
        "source",
    ],
    geometry_type: None,
};

/// 轨迹 — one row a track; gaps are no part of the line.
pub(crate) static TRACKS: Table = Table {
    name: "tracks",
    title: "巡护轨迹",
    columns: &[
        "fid",
        "geom",
        "track_id",
        "patrol_id",
        "station_id",
        "started_at",
        "ended_at",
        "length_m",
        "gap_s",
        "fixes_distinct",
        "fingerprint",
    ],
    geometry_type: Some("MULTILINESTRING"),
};

/// Folds a patrol's stream and writes its rows: tracks and reviews may come before the sheet.
pub(super) fn refold(
    writer: &mut impl Writer,
    patrol_id: PatrolId,
    at: Timestamp,
) -> Result<(), Error> {
    let (entries, _) = writer.stream(&StreamId::patrol(patrol_id))?;
    let mut fold = PatrolFold::default();
    for entry in &entries {
        fold.apply(entry);
    }
    if let Some(patrol) = fold.patrol() {
        writer.touch(&PATROLS, at);
        writer.upsert(&PATROLS, row(patrol_id, &patrol))?;
    }
    for track in fold.tracks() {
        writer.touch(&TRACKS, at);
        writer.upsert(&TRACKS, track_row(first_of(&entries, track), track))?;
    }
    Ok(())
}

/// Where a track was recorded first: its row's key stays when it is recorded anew.
fn first_of(entries: &[RecordedEntry], track: &Kept<TrackRecorded>) -> u64 {
    let is_it = |e: &&RecordedEntry| match &e.entry.body {
        EntryBody::TrackRecorded(body) => body.track_id == track.body.track_id,
        _ => false,
    };
    entries.iter().find(is_it).map_or(track.seq, |e| e.seq)
}

fn row(patrol_id: PatrolId, patrol: &Patrol) -> Vec<Cell> {
    let body = &patrol.sheet.body;
    let review = patrol.review().map(|r| &r.body.result);
    vec![
        Cell::count(patrol.first_seq + 1),
        Cell::text(patrol_id),
        Cell::text(&body.reserve_code),
        Cell::text(&body.station_id),
        Cell::text(&body.kind),
        Cell::text_of(body.route_id.as_ref()),
        Cell::text(body.started_at),
        Cell::text(body.ended_at),
        Cell::text(&body.leader),
        Cell::count(body.head_count.into()),
        Cell::Real(patrol.length_m()),
        Cell::count(patrol.moving_s()),
        Cell::count(body.findings.len() as u64),
        Cell::text(&body.conclusion),
        Cell::text_of(review),
        Cell::text_of(body.basis.as_ref()),
    ]
}

fn track_row(first_seq: u64, track: &Kept<TrackRecorded>) -> Vec<Cell> {
    let body = &track.body;
    vec![
        Cell::count(first_seq + 1),
        Cell::shape_of(lines(body)),
        Cell::text(body.track_id),
        Cell::text(body.patrol_id),
        Cell::text_of(body.station_id.as_ref()),
        Cell::text_of(body.started_at.as_ref()),
        Cell::text_of(body.ended_at.as_ref()),
        Cell::Real(body.length_m),
        Cell::count(body.gap_s),
        Cell::count(body.fixes_distinct),
        Cell::text(&body.fingerprint),
    ]
}

fn lines(body: &TrackRecorded) -> Option<Geometry<f64>> {
    let line = |geometry: &Geometry<f64>| match geometry {
        Geometry::LineString(line) => Some(line.clone()).filter(|l| l.0.len() > 1),
        _ => None,
    };
    let lines: Vec<LineString<f64>> = body
        .segments
        .iter()
        .filter_map(|s| line(&s.shape.0))
        .collect();
    (!lines.is_empty()).then(|| MultiLineString(lines).into())
}
