//! 野外记录 — reports, events, sightings and observations of peers' field programs become records, and so clues; and a
//! place that a filled form reports lands among the sites.

use domain::entries::{ClueReceived, SourcePlace};
use domain::entry::Entry;
use domain::policy::Action;
use foreign::{
    Found, Source, When, central, comapeo, cybertracker, earthranger, inaturalist, smart,
};
use geo_types::{Geometry, Point};
use sheets::Value;
use spatial::bounds::Limits;
use spatial::diagnostic::{Diagnostic, Place};
use spatial::feature::DeclaredCrs;

use super::record::{Given, Record};
use super::staging::Staging;
use super::{ImportKind, ImportRequest, Loaded, clues};
use crate::error::Error;
use crate::landing::{Decision, Sought};
use crate::session::{Session, local_time};

/// Answers about persons, by what their names hold; they stay in the file that is kept, and go nowhere else.
const OF_PERSONS: [&str; 23] = [
    "phone",
    "nationalid",
    "idnumber",
    "passport",
    "nameornames",
    "personname",
    "username",
    "email",
    "submitter",
    "reported_by",
    "suspectinformation",
    "nationality",
    "surname",
    "fullname",
    "姓名",
    "电话",
    "手机",
    "身份证",
    "证件号",
    "护照",
    "联系人",
    "联系方式",
    "住址",
];

/// Reads the records of a file by whatever program wrote it.
pub(super) fn read(loaded: &mut Loaded) -> Result<(), Error> {
    let limits = Limits::default();
    let broken = |e: foreign::Error| Error::rejected(within(loaded, e.to_diagnostic()));
    let bytes = &loaded.bytes;
    let source = foreign::recognize(bytes, &limits).map_err(broken)?;
    let found = match source {
        Some(Source::SmartPatrol) => smart::read_patrol(bytes, &limits).map(of_smart),
        Some(Source::CyberTracker) => cybertracker::read(bytes, &limits),
        Some(Source::EarthRanger) => earthranger::read(bytes, &limits).map(of_earthranger),
        Some(Source::Submissions) => central::read(bytes, &limits),
        Some(Source::CoMapeo) => comapeo::read(bytes, &limits),
        Some(Source::INaturalist) => inaturalist::read(bytes, &limits),
        Some(Source::OpenRosaSubmission | Source::SmartDataModel) | None => {
            let fault = Diagnostic::error("foreign.unrecognized");
            return Err(Error::rejected(within(loaded, fault)));
        }
    };
    let found = found.map_err(broken)?;
    let told = found.diagnostics.into_iter();
    let told: Vec<Diagnostic> = told.map(|d| within(loaded, d)).collect();
    loaded.diagnostics.extend(told);
    for report in found.found {
        let (record, left_out) = record_of(&loaded.file_name, report);
        if left_out > 0 {
            let note = Diagnostic::note("foreign.persons_left_out").arg("count", left_out);
            loaded.diagnostics.push(note.at(record.whole()));
        }
        loaded.records.push(record);
    }
    Ok(())
}

/// A diagnostic of the file that is read.
pub(super) fn within(loaded: &Loaded, told: Diagnostic) -> Diagnostic {
    let file = Place {
        file: Some(loaded.file_name.clone()),
        ..Place::default()
    };
    let place = told.place.clone().within(&file);
    told.at(place)
}

/// Each waypoint with what was observed there.
fn of_smart(read: Found<smart::Patrol>) -> Found<Vec<foreign::Record>> {
    let patrol = read.found.id.clone().unwrap_or_default();
    let waypoints = (1..).zip(read.found.waypoints());
    Found {
        found: waypoints
            .map(|(number, waypoint)| smart_report(&patrol, number, waypoint))
            .collect(),
        diagnostics: read.diagnostics,
    }
}

/// A waypoint with what was observed there.
pub(super) fn smart_report(
    patrol: &str,
    number: u64,
    waypoint: &smart::Waypoint,
) -> foreign::Record {
    let observations = &waypoint.observations;
    let categories: Vec<&str> = observations
        .iter()
        .filter_map(|o| o.category.as_deref())
        .collect();
    let values = observations.iter().flat_map(|o| {
        let category = o.category.as_deref().unwrap_or_default();
        o.attributes.iter().map(move |a| foreign::Value {
            path: format!("{category}: {}", a.path),
            text: a.text.clone(),
        })
    });
    let id = waypoint.id.as_deref().unwrap_or_default();
    foreign::Record {
        number,
        id: Some(format!("{patrol}/{id}")),
        kind: Some(categories.join("、")).filter(|k| !k.is_empty()),
        text: waypoint.comment.clone(),
        at: waypoint.at,
        position: waypoint.position,
        outline: None,
        values: values.collect(),
        files: waypoint.files.clone(),
    }
}

/// Whether an answer speaks of a person, by what its name holds.
fn is_of_person(value: &foreign::Value) -> bool {
    let path = value.path.to_lowercase();
    OF_PERSONS.iter().any(|word| path.contains(word))
}

/// All that a report says, without its answers about persons, and how many of those there were.
pub(super) fn words_of(report: &foreign::Record) -> (String, usize) {
    let (of_persons, told): (Vec<_>, Vec<_>) = report.values.iter().partition(|v| is_of_person(v));
    let said = report.kind.iter().chain(&report.text).cloned();
    let told = told.iter().map(|v| format!("{}: {}", v.path, v.text));
    let words: Vec<String> = said.chain(told).chain(report.files.clone()).collect();
    (words.join("；"), of_persons.len())
}

/// Events of patrols, by the time of their segment where they tell none, and events of their own.
fn of_earthranger(read: Found<earthranger::Content>) -> Found<Vec<foreign::Record>> {
    let segments = read.found.patrols.into_iter().flat_map(|p| p.segments);
    let of_patrols = segments.flat_map(|segment| {
        let started_at = segment.started_at;
        segment
            .events
            .into_iter()
            .map(move |event| foreign::Record {
                at: event.at.or(started_at),
                ..event
            })
    });
    Found {
        found: of_patrols.chain(read.found.events).collect(),
        diagnostics: read.diagnostics,
    }
}

/// A record under our field names, and how many answers about persons were left out.
fn record_of(file_name: &str, report: foreign::Record) -> (Record, usize) {
    let mut record = Record {
        place: SourcePlace {
            file_name: file_name.to_owned(),
            feature: Some(report.number),
            ..SourcePlace::default()
        },
        crs: DeclaredCrs::Epsg(4326),
        geometry: report.outline.or_else(|| {
            let position = report.position?;
            Some(Geometry::Point(Point::new(position.lon, position.lat)))
        }),
        ..Record::default()
    };
    let day = report.at.map(|at| match at {
        When::Instant(at) => local_time(at).date(),
        When::Local(at) => at.date(),
        When::Day(day) => day,
    });
    let given = [
        ("external_code", report.id),
        ("description", report.text),
        ("received_on", day.map(|d| d.to_string())),
    ];
    for (field, text) in given {
        let Some(text) = text else { continue };
        let given = Given {
            value: Value::from(text.as_str()),
            column: None,
            title: String::new(),
            unit: None,
        };
        record.values.insert(field.to_owned(), given);
    }
    let mut left_out = 0;
    for value in report.values {
        match is_of_person(&value) {
            true => left_out += 1,
            false => {
                record.other.insert(value.path, value.text);
            }
        }
    }
    record
        .other
        .extend(report.kind.map(|kind| ("kind".to_owned(), kind)));
    if !report.files.is_empty() {
        record
            .other
            .insert("files".to_owned(), report.files.join(" "));
    }
    (record, left_out)
}

/// What goes beside a clue that a filled form reports: its link where a stated rule decides, its site where nothing is near
/// and the actor registers sites there; every other one waits for a person.
pub(crate) fn land_report(session: &Session, clue: &ClueReceived) -> Result<Vec<Entry>, Error> {
    let request = ImportRequest::new(ImportKind::FieldReports, "");
    let loaded = Loaded::empty();
    let mut staging = Staging::new(session, &request, &loaded, clue.batch_id)?;
    let drafted = clues::Drafted {
        clue: clue.clone(),
        station_id: None,
        zone_kind: None,
    };
    match staging.book.decide(&Sought::of(&clue.facts)) {
        Decision::Same(site) if staging.may_at(site.site_id, Action::RecordPatrol) => {
            clues::link_to(&mut staging, &drafted, &site)?;
        }
        Decision::New => {
            let located = clue.facts.shape.as_ref().map(|s| staging.locate(&s.0));
            let is_inside = located.as_ref().is_some_and(|l| !l.is_outside);
            let station = located.and_then(|l| l.facts.station_id);
            if is_inside
                && session
                    .may(Action::RegisterSite, station.as_deref())
                    .is_ok()
            {
                clues::found_site(&mut staging, &drafted)?;
            }
        }
        Decision::Same(_) | Decision::Doubtful { .. } => {}
    }
    staging.suspect_relapses()?;
    Ok(staging.entries)
}
