//! 外来巡护 — patrols that SMART and EarthRanger exported: one of ours a day of a leg, or a segment.

use domain::entries::{PatrolFinding, SourcePlace};
use foreign::{Found, Source, When, earthranger, smart};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{TimeZone, offset};
use spatial::bounds::Limits;
use spatial::diagnostic::Diagnostic;
use spatial::track::{Fix, RawTrack};

use super::reports::{self, smart_report};
use super::staging::Staging;
use super::tracks::Outing;
use crate::error::Error;
use crate::patrols::coded;
use crate::session::{Session, start_of};

/// What SMART's data models call human activities and animals, and our finding for it; most weighty first.
const SMART_FINDINGS: [(&str, &str); 3] = [
    ("humanactivity", "human_activity"),
    ("animals", "wildlife"),
    ("wildlife", "wildlife"),
];

/// Patrols of a file that one of the programs wrote; nothing where another reader has to look at it.
///
/// # Errors
/// `foreign.*` where it is theirs and broken.
pub(super) fn read(staging: &mut Staging<'_>) -> Result<Option<Vec<(Outing, RawTrack)>>, Error> {
    let loaded = staging.loaded;
    let name = loaded.file_name.to_lowercase();
    if !(name.ends_with(".xml") || name.ends_with(".json")) {
        return Ok(None);
    }
    let limits = Limits::default();
    let broken = |e: foreign::Error| Error::rejected(reports::within(loaded, e.to_diagnostic()));
    let outings = match foreign::recognize(&loaded.bytes, &limits) {
        Ok(Some(Source::SmartPatrol)) => {
            let read = smart::read_patrol(&loaded.bytes, &limits).map_err(broken)?;
            let patrol = tell(staging, read);
            of_smart(staging, &patrol)
        }
        Ok(Some(Source::EarthRanger)) => {
            let read = earthranger::read(&loaded.bytes, &limits).map_err(broken)?;
            let content = tell(staging, read);
            of_earthranger(staging, &content.patrols)
        }
        // Phones' own files are JSON too.
        Ok(_) | Err(_) => return Ok(None),
    };
    Ok(Some(outings))
}

/// Notes what was imperfect; the content is what is left.
fn tell<T>(staging: &mut Staging<'_>, read: Found<T>) -> T {
    let loaded = staging.loaded;
    let told = read.diagnostics.into_iter();
    let told = told.map(|d| reports::within(loaded, d));
    staging.diagnostics.extend(told);
    read.found
}

/// An instant; a wall clock without a zone is one of UTC+8, as the reader told.
fn instant(when: When) -> Option<Timestamp> {
    match when {
        When::Instant(at) => Some(at),
        When::Local(at) => of_wall_clock(at),
        When::Day(day) => Some(start_of(day)),
    }
}

fn of_wall_clock(at: DateTime) -> Option<Timestamp> {
    offset(8).to_timestamp(at).ok()
}

/// SMART counts the milliseconds of its wall clock as if that were UTC.
fn fix_of(fix: &smart::Fix) -> Fix {
    let at = fix
        .at
        .and_then(|at| of_wall_clock(at.to_zoned(TimeZone::UTC).datetime()));
    Fix::new(at.map(Timestamp::as_millisecond), fix.lon, fix.lat)
}

/// A patrol for every day of every leg.
fn of_smart(staging: &mut Staging<'_>, patrol: &smart::Patrol) -> Vec<(Outing, RawTrack)> {
    let id = patrol.id.as_deref().unwrap_or_default();
    let days = patrol
        .legs
        .iter()
        .flat_map(|leg| leg.days.iter().map(move |day| (leg, day)));
    let mut numbers = 1_u64..;
    let mut outings = Vec::new();
    for (number, (leg, day)) in (1_u64..).zip(days) {
        let leg_id = leg.id.as_deref().unwrap_or_default();
        let on = day.on.map(|d| d.to_string()).unwrap_or_default();
        let mut findings = Vec::new();
        let usual = day
            .started_at
            .and_then(of_wall_clock)
            .or_else(|| day.on.map(start_of));
        for (number, waypoint) in numbers.by_ref().zip(&day.waypoints) {
            let report = smart_report(id, number, waypoint);
            let kind = smart_kind(waypoint);
            findings.extend(finding(staging, &report, kind, usual));
        }
        let mode = leg.transport.as_deref().or(match patrol.kind.as_deref() {
            Some("MARINE") => Some("boat"),
            _ => None,
        });
        let outing = Outing {
            subject: patrol.team.clone(),
            name: Some(format!("{id} {on}").trim().to_owned()).filter(|n| !n.is_empty()),
            modes: mode_of(staging.session, mode.unwrap_or_default()),
            head_count: u32::try_from(leg.members.len()).ok().filter(|n| *n > 0),
            place: place(staging, number),
            format: "smart".to_owned(),
            findings,
            identity: patrol
                .id
                .is_some()
                .then(|| format!("smart/{id}/{leg_id}/{on}")),
            span: usual.map(|from| {
                let to = day.ended_at.and_then(of_wall_clock).unwrap_or(from);
                (from, to.max(from))
            }),
            ..Outing::default()
        };
        outings.push((outing, track_of(number, &day.track)));
    }
    outings
}

/// The way of one day; where it broke off is told by the silence between.
fn track_of(number: u64, lines: &[Vec<smart::Fix>]) -> RawTrack {
    RawTrack {
        number,
        fixes: lines.iter().flatten().map(fix_of).collect(),
        in_sequence: true,
        ..RawTrack::default()
    }
}

fn smart_kind(waypoint: &smart::Waypoint) -> &'static str {
    let tops: Vec<&str> = waypoint
        .observations
        .iter()
        .filter_map(|o| o.category.as_deref()?.split('.').next())
        .collect();
    let found = SMART_FINDINGS.iter().find(|(top, _)| tops.contains(top));
    found.map_or("other", |(_, kind)| kind)
}

/// A patrol for every segment that was walked; one that was only planned, or called off, is told and left out.
fn of_earthranger(
    staging: &mut Staging<'_>,
    patrols: &[earthranger::Patrol],
) -> Vec<(Outing, RawTrack)> {
    let segments = patrols
        .iter()
        .flat_map(|p| p.segments.iter().map(move |s| (p, s)));
    let mut outings = Vec::new();
    for (number, (patrol, segment)) in (1_u64..).zip(segments) {
        let titles = [&patrol.title, &patrol.objective, &patrol.serial_number];
        let name = titles.into_iter().flatten().next().cloned();
        let started = segment.started_at.and_then(instant);
        let is_off = patrol.state.as_deref() == Some("cancelled");
        let Some(from) = started.filter(|_| !is_off) else {
            let told = Diagnostic::warning("track.not_walked")
                .arg("name", name.as_deref().unwrap_or_default());
            let told = reports::within(staging.loaded, told);
            staging.diagnostics.push(told);
            continue;
        };
        let to = segment.ended_at.and_then(instant).unwrap_or(from);
        let mut findings = Vec::new();
        for report in &segment.events {
            let kind = kind_of(staging.session, report.kind.as_deref().unwrap_or_default());
            findings.extend(finding(staging, report, &kind, Some(from)));
        }
        let ends = [segment.start, segment.end].into_iter().flatten();
        let outing = Outing {
            name,
            modes: mode_of(staging.session, segment.kind.as_deref().unwrap_or_default()),
            place: place(staging, number),
            format: "earthranger".to_owned(),
            findings,
            identity: segment.id.as_ref().map(|id| format!("earthranger/{id}")),
            span: Some((from, to.max(from))),
            ends: ends.map(|p| (p.lon, p.lat).into()).collect(),
            ..Outing::default()
        };
        let track = RawTrack {
            number,
            ..RawTrack::default()
        };
        outings.push((outing, track));
    }
    outings
}

fn place(staging: &Staging<'_>, number: u64) -> SourcePlace {
    SourcePlace {
        file_name: staging.loaded.file_name.clone(),
        feature: Some(number),
        ..SourcePlace::default()
    }
}

/// Our code in the words of another program: `Vehicle`, `foot_patrol`.
fn mode_of(session: &Session, text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    let mut words = text.split(['_', ' ', '-']);
    let found = words.find_map(|word| coded(session, "patrol_mode", word));
    found.into_iter().collect()
}

fn kind_of(session: &Session, text: &str) -> String {
    let text = text.to_lowercase();
    let mut words = text.split(['_', ' ', '-']);
    let found = words.find_map(|word| coded(session, "finding", word));
    found.unwrap_or_else(|| "other".to_owned())
}

/// What was reported on the way; a report without a word says nothing.
fn finding(
    staging: &mut Staging<'_>,
    report: &foreign::Record,
    kind: &str,
    usual: Option<Timestamp>,
) -> Option<PatrolFinding> {
    let (words, left_out) = reports::words_of(report);
    if left_out > 0 {
        let told = Diagnostic::note("foreign.persons_left_out").arg("count", left_out);
        let mut told = reports::within(staging.loaded, told);
        told.place.feature = Some(report.number);
        staging.diagnostics.push(told);
    }
    let at = report.at.and_then(instant).or(usual);
    let outline = || {
        let outline = report.outline.as_ref()?;
        crate::geography::representative(outline)
    };
    let point = report
        .position
        .map(|p| geo_types::Point::new(p.lon, p.lat))
        .or_else(outline);
    (!words.is_empty()).then(|| PatrolFinding {
        kind: kind.to_owned(),
        at: at.unwrap_or_else(|| start_of(staging.received_on)),
        lon: point.map(|p| crate::geography::degrees(p.x())),
        lat: point.map(|p| crate::geography::degrees(p.y())),
        severity: None,
        action: None,
        note: Some(words),
        evidence: Vec::new(),
        clue_id: None,
        site_id: None,
    })
}
