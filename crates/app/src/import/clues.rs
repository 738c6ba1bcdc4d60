//! 线索 — rows and features of a batch become clues; each finds its site, founds one, is screened by a stated rule, or
//! waits for a person.

use domain::entries::{Basis, ClueFacts, ClueReceived, ClueScreened};
use domain::ids::{ClueId, StreamId};
use domain::partial_date::PartialDate;
use jiff::ToSpan;
use jiff::civil::Date;
use spatial::diagnostic::Diagnostic;

use super::coding::{activity_of, code_of, source_of, station_of, township_of, zone_of};
use super::position;
use super::preview::Action;
use super::record::{Fields, Record};
use super::staging::{Staging, facts_of_clue, shape};
use crate::error::Error;
use crate::geography::{Located, is_areal};
use crate::landing::{Decision, Proposal, Sought};
use crate::session::start_of;

/// A clue as read, with what the register makes of its words.
pub(super) struct Drafted {
    pub(super) clue: ClueReceived,
    pub(super) station_id: Option<String>,
    pub(super) zone_kind: Option<String>,
}

/// Stages every record of a clue batch.
pub(super) fn stage(staging: &mut Staging<'_>) -> Result<(), Error> {
    let loaded = staging.loaded;
    for record in &loaded.records {
        let (drafted, found) = draft(staging, record);
        staging.diagnostics.extend(found);
        let zone_kind = land(staging, record, drafted)?;
        if let Some(row) = staging.preview.rows.last_mut() {
            row.zone_kind = zone_kind;
        }
    }
    Ok(())
}

/// Why a record's site is not certain, and which ones it may be.
pub(super) fn doubtful_site(
    staging: &Staging<'_>,
    record: &Record,
    reason: &str,
    candidates: &[String],
) -> Diagnostic {
    let messages = &staging.session.messages;
    let candidates = match candidates {
        [] => messages.text("word.none", &[]),
        some => some.join("、"),
    };
    Diagnostic::warning("import.doubtful_site")
        .at(record.whole())
        .arg("reason", messages.text(&format!("doubt.{reason}"), &[]))
        .arg("candidates", candidates)
}

/// Reads a record as a clue; nothing in a record keeps a clue out, because a clue must not get lost.
pub(super) fn draft(staging: &Staging<'_>, record: &Record) -> (Drafted, Vec<Diagnostic>) {
    let session = staging.session;
    let mut fields = Fields::of(record);
    let placed = position::place(&mut fields, &staging.convention);
    let (activity, subtype, activity_text) = activity_of(session, &mut fields);
    let (zone_kind, zone_text) = zone_of(session, &mut fields);
    let (station_id, station_text) = station_of(session, &mut fields);
    let (change_kind, _) = code_of(session, &mut fields, "change_kind", "change");
    let (current_status, _) = code_of(session, &mut fields, "current_status", "current_status");
    let row_source = source_of(session, &mut fields);
    let area = placed
        .as_ref()
        .filter(|p| is_areal(&p.geometry))
        .map(|p| spatial::geodesic::area_m2(&p.geometry));
    let received_on = fields.day("received_on");
    let mut facts = ClueFacts {
        external_code: fields.code_text("external_code"),
        facility_name: fields.text("facility_name"),
        summary: fields.text("description"),
        location_text: fields.text("location_text"),
        township: township_of(session, &mut fields),
        station_text,
        zone_text,
        activity_text,
        activity_type_code: activity,
        activity_subtype: subtype,
        stated_area_m2: fields.area_m2("area_m2"),
        area_before_m2: fields.area_m2("area_before_m2"),
        change_kind,
        acquired_on_before: fields.date("acquired_on_before"),
        acquired_on_after: fields.date("acquired_on_after"),
        sensor: fields.text("sensor"),
        built_on: fields.date("built_on"),
        current_status,
        owner_name: fields.text("owner_name"),
        responsible_unit: fields.text("responsible_unit"),
        registration_number: fields.code_text("registration_number"),
        due_on: due_on(&mut fields, received_on),
        precision_m: placed.as_ref().and_then(|p| p.precision_m),
        position_text: placed.as_ref().and_then(|p| p.original.clone()),
        crs_used: placed.as_ref().map(|p| p.crs_used.clone()),
        shape: placed.as_ref().map(|p| shape(&p.geometry)),
        area_m2: area.map(|a| (a * 100.0).round() / 100.0),
        note: fields.text("note"),
        other: record.other.clone(),
    };
    facts.other.extend(std::mem::take(&mut fields.unread));
    if facts.external_code.is_none() && facts.facility_name.is_none() && facts.shape.is_none() {
        fields.note(
            "external_code",
            Diagnostic::warning("import.clue_says_little"),
        );
    }
    let received_on = received_on.unwrap_or(staging.received_on);
    let source_kind = row_source
        .or_else(|| staging.source_kind.clone())
        .unwrap_or_default();
    let clue = received(staging, record, source_kind, received_on, facts);
    (
        Drafted {
            clue,
            station_id,
            zone_kind,
        },
        fields.diagnostics,
    )
}

fn received(
    staging: &Staging<'_>,
    record: &Record,
    source_kind: String,
    received_on: Date,
    facts: ClueFacts,
) -> ClueReceived {
    // The id follows from what is said, not from where it stood: the same clue in a corrected file is the same clue.
    let said = serde_json::to_vec(&facts).unwrap_or_default();
    let clue_id = ClueId::derived(start_of(received_on), &[source_kind.as_bytes(), &said]);
    let is_confidential = domain::codes::SourceKind::from_code(&source_kind)
        .is_some_and(domain::codes::SourceKind::is_confidential);
    ClueReceived {
        clue_id,
        batch_id: staging.batch_id,
        source_kind,
        received_on,
        place: record.place.clone(),
        is_confidential,
        facts,
        carried_over: None,
        determination: None,
    }
}

/// Finds the clue's place in the register; returns the zone it lies in.
pub(super) fn land(
    staging: &mut Staging<'_>,
    record: &Record,
    drafted: Drafted,
) -> Result<Option<String>, Error> {
    let title = title_of(&drafted.clue.facts);
    if staging.has_clue(drafted.clue.clue_id)? {
        staging.outcome(record, Some(&title), Action::Same);
        return Ok(None);
    }
    let is_new = staging.say_clue(&drafted.clue)?;
    if !is_new {
        let diagnostic = Diagnostic::note("import.repeated_in_batch").at(record.whole());
        staging.diagnostics.push(diagnostic);
        staging.outcome(record, Some(&title), Action::Same);
        return Ok(None);
    }
    let located = drafted
        .clue
        .facts
        .shape
        .as_ref()
        .map(|s| staging.locate(&s.0));
    if let Some(rule) = screen(staging, &drafted.clue, located.as_ref())? {
        staging.outcome(record, Some(&title), Action::Screened { rule });
        return Ok(None);
    }
    let decision = staging.book.decide(&Sought::of(&drafted.clue.facts));
    settle(staging, record, drafted, decision, &title)?;
    Ok(located.and_then(|l| l.facts.zone_kind))
}

fn settle(
    staging: &mut Staging<'_>,
    record: &Record,
    drafted: Drafted,
    decision: Decision,
    title: &str,
) -> Result<(), Error> {
    let action = match decision {
        // What lies in another station's territory is for the office to link.
        Decision::Same(site) if !staging.may_touch(site.site_id) => {
            doubtful(staging, record, "other_station", Vec::new())
        }
        Decision::New if !staging.may_found(&drafted.clue.facts, drafted.station_id.as_deref()) => {
            doubtful(staging, record, "other_station", Vec::new())
        }
        Decision::Same(site) => {
            link_to(staging, &drafted, &site)?;
            Action::Linked {
                site_code: site.site_code,
                rule: site.rule.to_owned(),
            }
        }
        Decision::New => {
            let site = found_site(staging, &drafted)?;
            Action::NewSite {
                site_code: site.site_code,
            }
        }
        Decision::Doubtful { proposals, reason } => doubtful(staging, record, reason, proposals),
    };
    staging.outcome(record, Some(title), action);
    Ok(())
}

/// The clue waits for a person.
fn doubtful(
    staging: &mut Staging<'_>,
    record: &Record,
    reason: &str,
    proposals: Vec<Proposal>,
) -> Action {
    let candidates = staging.seen_codes(proposals);
    let diagnostic = doubtful_site(staging, record, reason, &candidates);
    staging.diagnostics.push(diagnostic);
    Action::Doubtful {
        reason: reason.to_owned(),
        candidates,
    }
}

/// Links a clue to a site and tells the site what the clue says.
pub(super) fn link_to(
    staging: &mut Staging<'_>,
    drafted: &Drafted,
    site: &Proposal,
) -> Result<(), Error> {
    let clue = &drafted.clue;
    let facts = facts_of_clue(
        &clue.facts,
        drafted.station_id.clone(),
        drafted.zone_kind.clone(),
    );
    let basis = Basis::Clue {
        clue_id: clue.clue_id,
        batch_id: clue.batch_id,
    };
    staging.amend(
        site,
        facts,
        basis,
        clue.received_on,
        &clue.clue_id.0.into_bytes(),
    )?;
    staging.link(clue, site, None)
}

/// Registers a site for a clue that belongs to none, and links the clue to it.
pub(super) fn found_site(staging: &mut Staging<'_>, drafted: &Drafted) -> Result<Proposal, Error> {
    let first = register_for(staging, drafted)?;
    staging.link(&drafted.clue, &first, None)?;
    Ok(first)
}

/// Registers a site with what a clue says.
pub(super) fn register_for(
    staging: &mut Staging<'_>,
    drafted: &Drafted,
) -> Result<Proposal, Error> {
    let clue = &drafted.clue;
    let facts = facts_of_clue(
        &clue.facts,
        drafted.station_id.clone(),
        drafted.zone_kind.clone(),
    );
    let basis = Basis::Clue {
        clue_id: clue.clue_id,
        batch_id: clue.batch_id,
    };
    let codes: Vec<&str> = clue
        .facts
        .external_code
        .iter()
        .map(String::as_str)
        .collect();
    let seed = staging.clue_seed(clue.clue_id);
    let known = staging.register_site(facts, &codes, basis, clue.received_on, &seed)?;
    Ok(Proposal {
        site_id: known.site_id,
        site_code: known.site_code,
        rule: "first_clue",
        distance_m: None,
        iou: None,
        overlap_m2: None,
    })
}

/// Stated rules that take a clue off the work list; it stays in the register and in the statistics.
fn screen(
    staging: &mut Staging<'_>,
    clue: &ClueReceived,
    located: Option<&Located>,
) -> Result<Option<String>, Error> {
    let thresholds = staging.session.campaign.thresholds.clone();
    let Some(located) = located else {
        return Ok(None);
    };
    let screened = |rule: &str, measured: f64, threshold: f64| ClueScreened {
        clue_id: clue.clue_id,
        rule: rule.to_owned(),
        measured: Some((measured * 10.0).round() / 10.0),
        threshold: Some(threshold),
        duplicate_of: None,
        reason: None,
    };
    let body = if located.is_outside && located.outside_by_m.is_finite() {
        screened("outside_reserve", located.outside_by_m, 0.0)
    } else if clue
        .facts
        .area_m2
        .is_some_and(|a| a < thresholds.minimum_area_m2)
    {
        screened(
            "below_threshold",
            clue.facts.area_m2.unwrap_or(0.0),
            thresholds.minimum_area_m2,
        )
    } else {
        return Ok(None);
    };
    if located.outside_by_m > thresholds.outside_doubt_m {
        staging
            .diagnostics
            .push(far_outside(clue, located.outside_by_m));
    }
    let rule = body.rule.clone();
    let seed = clue.clue_id.0.into_bytes();
    staging.say(
        StreamId::clue_batch(clue.batch_id),
        body,
        clue.received_on,
        &[&seed],
    )?;
    Ok(Some(rule))
}

fn far_outside(clue: &ClueReceived, metres: f64) -> Diagnostic {
    let place = spatial::diagnostic::Place {
        file: Some(clue.place.file_name.clone()),
        sheet: clue.place.sheet.clone(),
        layer: clue.place.layer.clone(),
        row: clue.place.row,
        feature: clue.place.feature,
        ..Default::default()
    };
    Diagnostic::warning("import.far_outside")
        .at(place)
        .arg("km", format!("{:.1}", metres / 1000.0))
}

/// How a clue is named in previews.
pub(super) fn title_of(facts: &ClueFacts) -> String {
    let parts = [
        &facts.external_code,
        &facts.facility_name,
        &facts.location_text,
    ];
    parts
        .into_iter()
        .flatten()
        .take(2)
        .cloned()
        .collect::<Vec<_>>()
        .join(" ")
}

impl Staging<'_> {
    /// The entry that a clue was received.
    pub(super) fn say_clue(&mut self, clue: &ClueReceived) -> Result<bool, Error> {
        let seed = clue.clue_id.0.into_bytes();
        self.say(
            StreamId::clue_batch(clue.batch_id),
            clue.clone(),
            clue.received_on,
            &[&seed],
        )
    }
}

/// The day a clue has to be dealt with by: a date, or a number of days (60日) counted from the day it was received.
fn due_on(fields: &mut Fields<'_>, received_on: Option<Date>) -> Option<PartialDate> {
    let text = fields.raw("due_on")?;
    let counted = days_of(&text).zip(received_on);
    let Some((days, received)) = counted else {
        return fields.date("due_on");
    };
    let due = received.checked_add(days.days()).ok()?;
    let diagnostic = Diagnostic::note("import.due_counted")
        .arg("text", &text)
        .arg("received", received)
        .repair(due);
    fields.note("due_on", diagnostic);
    Some(PartialDate::day(due))
}

/// The days of `60日`, `60天`, `60日内`; working days are not counted so.
fn days_of(text: &str) -> Option<i64> {
    let text = text.trim().trim_end_matches('内');
    let number = text.strip_suffix(['日', '天'])?;
    let days: i64 = number.trim().parse().ok()?;
    (1..1000).contains(&days).then_some(days)
}

#[cfg(test)]
mod tests {
    use super::days_of;

    #[test]
    fn days_are_counted_only_where_days_are_written() {
        assert_eq!(days_of("60日"), Some(60));
        assert_eq!(days_of(" 15 天内"), Some(15));
        for text in [
            "2019年8月3日",
            "60",
            "20个工作日",
            "20190803日",
            "0日",
            "-3日",
        ] {
            assert_eq!(days_of(text), None, "{text}");
        }
    }
}
