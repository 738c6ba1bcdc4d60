//! 手续 — approvals on file, found for a site by number or name; 无 is recorded as looked for and not found.

use domain::entries::{Basis, PermitRecorded};
use domain::ids::StreamId;
use spatial::diagnostic::Diagnostic;

use super::coding::{activity_of, code_of};
use super::preview::Action;
use super::record::{Fields, Record};
use super::staging::Staging;
use crate::error::Error;
use crate::landing::{Decision, Proposal, Sought};

/// Stages every row of a permit list.
pub(super) fn stage(staging: &mut Staging<'_>) -> Result<(), Error> {
    let loaded = staging.loaded;
    for record in &loaded.records {
        row(staging, record)?;
    }
    Ok(())
}

fn row(staging: &mut Staging<'_>, record: &Record) -> Result<(), Error> {
    let mut fields = Fields::of(record);
    let placed = super::position::place(&mut fields, &staging.convention);
    let codes: Vec<String> = ["site_code", "external_code"]
        .iter()
        .filter_map(|f| fields.code_text(f))
        .collect();
    let name = fields
        .text("facility_name")
        .or_else(|| fields.text("owner_name"));
    let (activity, _, _) = activity_of(staging.session, &mut fields);
    let permit = permit(staging, record, &mut fields);
    let decision = staging.book.decide(&Sought {
        codes: codes.iter().map(String::as_str).collect(),
        name: name.as_deref(),
        activity_type_code: activity.as_deref(),
        geometry: placed.as_ref().map(|p| &p.geometry),
        ..Sought::default()
    });
    let refused = Staging::is_refused(&fields.diagnostics);
    staging.diagnostics.extend(fields.diagnostics);
    let action = match (permit, decision) {
        (Some(_), Decision::Same(site)) if !refused && !staging.may_touch(site.site_id) => {
            let diagnostic = Diagnostic::error("import.not_your_station");
            staging.diagnostics.push(diagnostic.at(record.whole()));
            Action::Refused
        }
        (Some(permit), Decision::Same(site)) if !refused => record_permit(staging, &site, permit)?,
        (None, _) => {
            staging
                .diagnostics
                .push(Diagnostic::error("import.permit_without_kind").at(record.whole()));
            Action::Refused
        }
        (Some(_), decision) => {
            let candidates = match decision {
                Decision::Doubtful { proposals, .. } => staging.seen_codes(proposals),
                _ => Vec::new(),
            };
            staging
                .diagnostics
                .push(site_not_found(record, name.as_deref(), &candidates));
            Action::Refused
        }
    };
    staging.outcome(record, name.as_deref(), action);
    Ok(())
}

/// The row names no site the register knows, or several.
pub(super) fn site_not_found(
    record: &Record,
    name: Option<&str>,
    candidates: &[String],
) -> Diagnostic {
    Diagnostic::error("import.site_not_found")
        .at(record.whole())
        .arg("name", name.unwrap_or(""))
        .arg("candidates", candidates.join("、"))
}

fn permit(
    staging: &Staging<'_>,
    record: &Record,
    fields: &mut Fields<'_>,
) -> Option<PermitRecorded> {
    let (kind, text) = code_of(staging.session, fields, "permit_kind", "permit_kind");
    let document_number = fields.text("document_number");
    let says_none = |t: &Option<String>| {
        t.as_deref()
            .is_some_and(|t| matches!(t, "无" | "未办理" | "没有" | "none"))
    };
    let is_absent =
        kind.as_deref() == Some("none") || says_none(&document_number) || says_none(&text);
    let kind = kind.or_else(|| text.is_some().then(|| "other".to_owned()))?;
    Some(PermitRecorded {
        permit_kind: kind,
        document_number: document_number.filter(|n| !says_none(&Some(n.clone()))),
        issuer: fields.text("issuer"),
        issued_on: fields.date("issued_on"),
        valid_to_on: fields.date("valid_to_on"),
        holder: fields.text("owner_name"),
        area_m2: fields.area_m2("area_m2"),
        is_absent,
        note: fields.text("note"),
        basis: Basis::Source {
            batch_id: staging.batch_id,
            place: record.place.clone(),
        },
    })
}

fn record_permit(
    staging: &mut Staging<'_>,
    site: &Proposal,
    permit: PermitRecorded,
) -> Result<Action, Error> {
    let seed = said(&permit);
    let is_new = staging.say(
        StreamId::site(site.site_id),
        permit,
        staging.received_on,
        &[&seed],
    )?;
    Ok(match is_new {
        true => Action::Recorded {
            site_code: site.site_code.clone(),
        },
        false => Action::Same,
    })
}

/// What the paper says, without where it stood: the same paper in a corrected list is the same paper.
fn said(permit: &PermitRecorded) -> Vec<u8> {
    let without_place = PermitRecorded {
        basis: Basis::Overlay,
        ..permit.clone()
    };
    serde_json::to_vec(&without_place).unwrap_or_default()
}
