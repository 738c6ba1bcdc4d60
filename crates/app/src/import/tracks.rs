//! 轨迹导入 — tracks of receivers become patrols with their tracks: one a track of the file, or one a patrol of a table.

use std::collections::{BTreeMap, BTreeSet};

use domain::entries::{PatrolFinding, PatrolRecorded, SourcePlace, TrackRecorded};
use domain::ids::{PatrolId, StreamId, TrackId};
use geo_types::{Coord, LineString, Point};
use jiff::Timestamp;
use serde_json::json;
use spatial::bounds::Limits;
use spatial::diagnostic::{Diagnostic, Place};
use spatial::track::{self, Fix, RawTrack, Waypoint, instant_of};

use super::preview::{Action, RowOutcome};
use super::record::{Fields, Record};
use super::staging::Staging;
use super::{position, program_patrols};
use crate::error::Error;
use crate::patrols::{TrackSource, coded, track_entry};
use crate::session::{Session, start_of};

/// What is said of a patrol besides its fixes.
#[derive(Debug, Clone, Default)]
pub(super) struct Outing {
    pub(super) subject: Option<String>,
    pub(super) name: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) modes: Vec<String>,
    pub(super) head_count: Option<u32>,
    pub(super) place: SourcePlace,
    pub(super) format: String,
    pub(super) findings: Vec<PatrolFinding>,
    /// What its program calls it, in whatever file it comes; else it is known by its file.
    pub(super) identity: Option<String>,
    /// From when to when, as somebody stated it.
    pub(super) span: Option<(Timestamp, Timestamp)>,
    /// Where it began and ended, as stated.
    pub(super) ends: Vec<Coord<f64>>,
}

impl Outing {
    /// Whether anything is known of it at all: a way, or when it was.
    fn is_known(&self, track: &RawTrack) -> bool {
        !track.fixes.is_empty() || self.span.is_some()
    }

    /// Where it was, for finding whose it is: its way, else where something was seen, else its ends.
    fn places(&self, track: &RawTrack) -> Vec<Coord<f64>> {
        let way: Vec<Coord<f64>> = track.fixes.iter().map(|f| f.at).collect();
        let seen = self
            .findings
            .iter()
            .filter_map(|f| Some((f.lon?, f.lat?).into()));
        match way.is_empty() {
            true => seen.chain(self.ends.iter().copied()).collect(),
            false => way,
        }
    }
}

/// Stages every track of a file.
pub(super) fn stage(staging: &mut Staging<'_>) -> Result<(), Error> {
    let outings = match staging.loaded.records.is_empty() {
        true => of_file(staging)?,
        false => of_table(staging),
    };
    if !outings.iter().any(|(outing, track)| outing.is_known(track)) {
        let fault = Diagnostic::error("track.no_fixes").at(file_place(staging));
        return Err(Error::rejected(fault));
    }
    let said = staging.request.station.as_deref();
    let said = said
        .map(|s| staging.session.load_station_id(s))
        .transpose()?;
    let mut zones = ZoneCounts::default();
    for (outing, track) in outings {
        stage_one(staging, outing, track, said.clone(), &mut zones)?;
    }
    zones.tell(staging);
    Ok(())
}

fn file_place(staging: &Staging<'_>) -> Place {
    Place {
        file: Some(staging.loaded.file_name.clone()),
        ..Place::default()
    }
}

/// Characters of a track's title, and of what is said of a mark: an entry holds no more of a stranger's words.
const LONGEST_TITLE: usize = 200;
const LONGEST_NOTE: usize = 2_000;

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// Tracks of a GPX, KML or other vector file, or of a phone; waypoints with words are findings of the first.
fn of_file(staging: &mut Staging<'_>) -> Result<Vec<(Outing, RawTrack)>, Error> {
    if let Some(outings) = program_patrols::read(staging)? {
        return Ok(outings);
    }
    let loaded = staging.loaded;
    let (name, bytes) = (&loaded.file_name, &loaded.bytes);
    let reading = track::read(name, bytes, &Limits::default())
        .map_err(|e| Error::rejected(e.to_diagnostic()))?;
    staging.diagnostics.extend(reading.diagnostics);
    let mut findings: Vec<PatrolFinding> = Vec::new();
    let first = reading
        .tracks
        .iter()
        .flat_map(|t| &t.fixes)
        .find_map(|f| f.t);
    for waypoint in &reading.waypoints {
        findings.extend(finding(waypoint, first, staging));
    }
    let outings = reading.tracks.into_iter().map(|track| {
        let place = SourcePlace {
            file_name: name.clone(),
            feature: Some(track.number),
            ..SourcePlace::default()
        };
        let outing = Outing {
            name: track.name.clone(),
            place,
            format: reading.format.clone(),
            findings: std::mem::take(&mut findings),
            ..Outing::default()
        };
        (outing, track)
    });
    Ok(outings.collect())
}

/// A mark on the way with words of its own.
fn finding(
    waypoint: &Waypoint,
    first: Option<i64>,
    staging: &Staging<'_>,
) -> Option<PatrolFinding> {
    let note: Vec<&str> = [&waypoint.name, &waypoint.text]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    let at = waypoint
        .t
        .or(first)
        .and_then(|t| Timestamp::from_millisecond(t).ok());
    (!note.is_empty()).then(|| PatrolFinding {
        kind: "other".to_owned(),
        at: at.unwrap_or_else(|| start_of(staging.received_on)),
        lon: Some(crate::geography::degrees(waypoint.at.x)),
        lat: Some(crate::geography::degrees(waypoint.at.y)),
        severity: None,
        action: None,
        note: Some(cut(&note.join("；"), LONGEST_NOTE)),
        evidence: Vec::new(),
        clue_id: None,
        site_id: None,
    })
}

/// Rows of a table, one a fix, by the patrol each names.
fn of_table(staging: &mut Staging<'_>) -> Vec<(Outing, RawTrack)> {
    let loaded = staging.loaded;
    let mut patrols: Vec<(Outing, RawTrack)> = Vec::new();
    let mut by_name: BTreeMap<String, usize> = BTreeMap::new();
    let mut supposed = 0_usize;
    for record in &loaded.records {
        let mut fields = Fields::of(record);
        let name = fields.code_text("patrol_ref").unwrap_or_default();
        let at = *by_name.entry(name.clone()).or_insert_with(|| {
            patrols.push(begin(staging, &mut fields, name, record));
            patrols.len() - 1
        });
        match fix(staging, &mut fields, &mut supposed) {
            Some(fix) => patrols[at].1.fixes.push(fix),
            None => {
                let fault = Diagnostic::warning("track.row_without_position");
                fields.diagnostics.push(fault.at(record.whole()));
            }
        }
        staging.diagnostics.append(&mut fields.diagnostics);
    }
    if supposed > 0 {
        let told = Diagnostic::warning("time.no_zone").arg("count", supposed);
        staging.diagnostics.push(told.at(file_place(staging)));
    }
    patrols
}

fn begin(
    staging: &Staging<'_>,
    fields: &mut Fields<'_>,
    name: String,
    record: &Record,
) -> (Outing, RawTrack) {
    let session = staging.session;
    let subject = fields.code_text("subject_ref");
    let kind = fields.text("patrol_kind");
    let mode = fields.text("patrol_mode");
    let outing = Outing {
        subject: subject.or_else(|| Some(name.clone()).filter(|n| !n.is_empty())),
        name: Some(name).filter(|n| !n.is_empty()),
        kind: kind.and_then(|text| coded(session, "patrol_kind", &text)),
        modes: mode
            .and_then(|text| coded(session, "patrol_mode", &text))
            .into_iter()
            .collect(),
        head_count: fields.count("head_count"),
        place: record.place.clone(),
        format: "csv".to_owned(),
        ..Outing::default()
    };
    (outing, RawTrack::default())
}

fn fix(staging: &Staging<'_>, fields: &mut Fields<'_>, supposed: &mut usize) -> Option<Fix> {
    let before = fields.diagnostics.len();
    let at = plain_position(fields).or_else(|| {
        let placed = position::place(fields, &staging.convention)?;
        crate::geography::representative(&placed.geometry).map(|p| p.0)
    });
    // What thousands of rows have in common is not said with each of them.
    fields.diagnostics.truncate(before);
    let at = at?;
    let stamped = fields.raw("fix_time").and_then(|text| instant_of(&text));
    *supposed += usize::from(stamped.is_some_and(|s| s.is_zone_supposed));
    Some(Fix {
        altitude_m: fields.number("altitude_m"),
        accuracy_m: fields.number("accuracy_m"),
        ..Fix::new(stamped.map(|s| s.t), at.x, at.y)
    })
}

/// Decimal degrees as receivers write them; a position of another reserve is no fault here.
fn plain_position(fields: &Fields<'_>) -> Option<Coord<f64>> {
    let number = |field: &str| fields.raw(field)?.parse::<f64>().ok();
    let at = Coord {
        x: number("lon")?,
        y: number("lat")?,
    };
    (at.x.abs() <= 180.0 && at.y.abs() <= 180.0).then_some(at)
}

/// Fixes by the zone they lie in: as read, and each once.
#[derive(Default)]
struct ZoneCounts {
    by_zone: BTreeMap<String, (usize, usize)>,
}

/// A place where fixes lie, with how many and of how many instants.
struct Spot {
    at: Coord<f64>,
    read: usize,
    instants: BTreeSet<Option<i64>>,
}

impl Spot {
    fn of(fix: &Fix) -> Self {
        Self {
            at: fix.at,
            read: 0,
            instants: BTreeSet::new(),
        }
    }
}

impl ZoneCounts {
    fn count(&mut self, staging: &Staging<'_>, fixes: &[Fix]) {
        let mut spots: BTreeMap<(u64, u64), Spot> = BTreeMap::new();
        for fix in fixes {
            let key = (fix.at.x.to_bits(), fix.at.y.to_bits());
            let spot = spots.entry(key).or_insert_with(|| Spot::of(fix));
            spot.read += 1;
            spot.instants.insert(fix.t);
        }
        for Spot { at, read, instants } in spots.into_values() {
            let located = staging.locate(&Point(at).into());
            let zone = located.facts.zone_shares.and_then(|s| {
                let most = s.into_iter().max_by(|a, b| a.share.total_cmp(&b.share));
                most.map(|share| share.zone_id)
            });
            let counts = self.by_zone.entry(zone.unwrap_or_default()).or_default();
            counts.0 += read;
            counts.1 += instants.len();
        }
    }

    fn tell(self, staging: &mut Staging<'_>) {
        for (zone_id, (read, distinct)) in self.by_zone {
            let geography = staging.geography.as_ref();
            let name = geography.and_then(|g| g.zone_name(&zone_id));
            let name = match (zone_id.is_empty(), name) {
                (true, _) => staging.session.messages.text("word.outside_zones", &[]),
                (false, name) => name.unwrap_or(zone_id),
            };
            let told = Diagnostic::note("track.fixes_in_zone")
                .arg("zone", name)
                .arg("read", read)
                .arg("distinct", distinct);
            staging.diagnostics.push(told.at(file_place(staging)));
        }
    }
}

fn stage_one(
    staging: &mut Staging<'_>,
    outing: Outing,
    track: RawTrack,
    said: Option<String>,
    zones: &mut ZoneCounts,
) -> Result<(), Error> {
    if !outing.is_known(&track) {
        return Ok(());
    }
    zones.count(staging, &track.fixes);
    let session = staging.session;
    let title = outing.name.as_deref();
    let title = cut(title.unwrap_or(&outing.place.file_name), LONGEST_TITLE);
    let Some(station_id) = said.or_else(|| station_of(staging, outing.places(&track))) else {
        refuse(staging, "track.station_unknown", &outing, &title, &track);
        return Ok(());
    };
    session.may(staging.request.kind.action(), Some(&station_id))?;
    let seed = match &outing.identity {
        Some(identity) => serde_json::to_vec(identity),
        None => serde_json::to_vec(&(&staging.loaded.sha256, &outing.subject, track.number)),
    };
    let seed = seed.map_err(Error::internal)?;
    let on = start_of(jiff::civil::date(2000, 1, 1));
    let (patrol_id, track_id) = (
        PatrolId::derived(on, &[&seed]),
        TrackId::derived(on, &[&seed]),
    );
    let head = json!({ "from": staging.loaded.sha256, "subject": outing.subject });
    let bytes = track::write_fixes(&track, &head);
    let source = TrackSource {
        patrol_id,
        track_id,
        station_id: station_id.clone(),
        sha256: crate::sha256_hex(&bytes),
        format: outing.format.clone(),
        subject: outing.subject.clone(),
        recorded_by: None,
    };
    let (recorded, tidied) = track_entry(session, source, &track);
    tell(staging, &title, &place_of(&outing), &tidied);
    let span = outing
        .span
        .map(|(from, to)| (from.as_millisecond(), to.as_millisecond()));
    let Some((from, to)) = span.or_else(|| tidied.span()).or_else(|| day_said(staging)) else {
        refuse(staging, "track.day_unknown", &outing, &title, &track);
        return Ok(());
    };
    let sheet = Sheet {
        patrol_id,
        station_id,
        tracks: match track.fixes.is_empty() {
            true => Vec::new(),
            false => vec![track_id],
        },
        span: (from, to),
        title: title.clone(),
    };
    let body = sheet_of(session, &outing, sheet, &tidied)?;
    let day = domain::dossier::civil_day(body.started_at);
    let stream = StreamId::patrol(patrol_id);
    let seed = match &outing.identity {
        Some(_) => content_seed(&body, &recorded)?,
        None => seed,
    };
    let mut is_new = staging.say(stream.clone(), body, day, &[&seed])?;
    if !track.fixes.is_empty() {
        is_new |= staging.say(stream, recorded, day, &[&seed])?;
        staging.files.push(bytes);
    }
    let action = match is_new {
        true => Action::Patrolled {
            name: title.clone(),
        },
        false => Action::Same,
    };
    let outcome = row(&outing, title, &track, action);
    staging.preview.rows.push(outcome);
    Ok(())
}

/// What follows of a patrol besides what is said of it.
struct Sheet {
    patrol_id: PatrolId,
    station_id: String,
    tracks: Vec<TrackId>,
    /// Milliseconds.
    span: (i64, i64),
    title: String,
}

/// The sheet of a patrol as its file tells it.
fn sheet_of(
    session: &Session,
    outing: &Outing,
    sheet: Sheet,
    tidied: &track::Tidied,
) -> Result<PatrolRecorded, Error> {
    let instant = |ms: i64| Timestamp::from_millisecond(ms).map_err(Error::internal);
    let heights = tidied.fixes.iter().filter_map(|f| f.altitude_m);
    Ok(PatrolRecorded {
        patrol_id: sheet.patrol_id,
        reserve_code: session.reserve.reserve_code.clone(),
        station_id: sheet.station_id,
        kind: outing.kind.clone().unwrap_or_else(|| "routine".to_owned()),
        route_id: None,
        plan_month: None,
        started_at: instant(sheet.span.0)?,
        ended_at: instant(sheet.span.1)?,
        leader: session.messages.text("patrol.leader_unnamed", &[]),
        members: Vec::new(),
        head_count: outing.head_count.unwrap_or(1),
        units: Vec::new(),
        modes: outing.modes.clone(),
        weather: None,
        wind: None,
        temperature_c: None,
        altitude_start_m: heights.clone().next().map(f64::round),
        altitude_max_m: heights.max_by(f64::total_cmp).map(f64::round),
        tools: Vec::new(),
        vehicles: Vec::new(),
        content_items: Vec::new(),
        conclusion: match outing.findings.is_empty() {
            true => "normal",
            false => "abnormal",
        }
        .to_owned(),
        findings: outing.findings.clone(),
        tracks: sheet.tracks,
        summary: sheet.title,
        source: Some(outing.place.clone()),
        basis: Some(outing.format.clone()),
        reason: None,
        field: None,
    })
}

/// What a patrol says, whatever file says it: a corrected export is a newer sheet, the same one under another name is none.
fn content_seed(body: &PatrolRecorded, track: &TrackRecorded) -> Result<Vec<u8>, Error> {
    let body = PatrolRecorded {
        source: None,
        ..body.clone()
    };
    let track = TrackRecorded {
        sha256: String::new(),
        ..track.clone()
    };
    serde_json::to_vec(&(body, track)).map_err(Error::internal)
}

/// Where in the file a patrol stands.
fn place_of(outing: &Outing) -> Place {
    Place {
        file: Some(outing.place.file_name.clone()),
        row: outing.place.row,
        feature: outing.place.feature,
        ..Place::default()
    }
}

/// Keeps a patrol out, with the reason.
fn refuse(
    staging: &mut Staging<'_>,
    code: &'static str,
    outing: &Outing,
    title: &str,
    track: &RawTrack,
) {
    let fault = Diagnostic::error(code).arg("name", title);
    staging.diagnostics.push(fault.at(place_of(outing)));
    let outcome = row(outing, title.to_owned(), track, Action::Refused);
    staging.preview.rows.push(outcome);
}

/// The day that was said of the file: what bears no times was walked on no day that could be guessed.
fn day_said(staging: &Staging<'_>) -> Option<(i64, i64)> {
    let day = staging.request.received_on.or(staging.loaded.dated_on)?;
    let begin = start_of(day).as_millisecond();
    Some((begin, begin))
}

/// What is imperfect in a track.
fn tell(staging: &mut Staging<'_>, name: &str, place: &Place, tidied: &track::Tidied) {
    let counts = [
        ("track.repeats", tidied.read - tidied.distinct),
        ("track.refused", tidied.refused),
        ("track.drifts", tidied.drifts.len()),
        ("track.gaps", tidied.gaps.len()),
    ];
    for (code, count) in counts.into_iter().filter(|(_, n)| *n > 0) {
        let told = Diagnostic::note(code).arg("name", name).arg("count", count);
        let told = told.arg("minutes", format!("{:.0}", tidied.gap_s / 60.0));
        staging.diagnostics.push(told.at(place.clone()));
    }
    if !tidied.is_timed && tidied.read > 0 {
        let told = Diagnostic::warning("track.times_unusable").arg("name", name);
        staging.diagnostics.push(told.at(place.clone()));
    }
}

/// The station whose territory holds most of the way, else the importer's own.
fn station_of(staging: &Staging<'_>, places: Vec<Coord<f64>>) -> Option<String> {
    let line = LineString(places);
    let own = &staging.session.actor.station_ids;
    let located = match line.0.len() {
        0 => None,
        1 => staging
            .geography
            .as_ref()?
            .station_of(&Point(line.0[0]).into()),
        _ => staging.geography.as_ref()?.station_of(&line.into()),
    };
    let is_own = |id: &String| own.is_empty() || own.contains(id);
    located.filter(is_own).or_else(|| own.first().cloned())
}

fn row(outing: &Outing, title: String, track: &RawTrack, action: Action) -> RowOutcome {
    let line = track::simplify(&track.fixes, PREVIEW_M);
    let is_way = !track.fixes.is_empty();
    RowOutcome {
        number: outing.place.row.or(outing.place.feature).unwrap_or(1),
        sheet: outing.place.sheet.clone(),
        title,
        zone_kind: None,
        at: is_way.then(|| line.into()),
        action,
    }
}

/// Grain of the lines on the small map, metres.
const PREVIEW_M: f64 = 20.0;
