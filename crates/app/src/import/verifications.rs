//! 实地核查表 — rows of a station's verification sheet: found for a known site, or a site nobody had reported before.

use std::collections::BTreeMap;

use domain::entries::{Basis, SiteFacts, TeamMember, VerificationRecorded};
use domain::ids::{SiteId, StreamId};
use jiff::civil::Date;
use sheets::normalise::Truth;
use spatial::diagnostic::{Diagnostic, Severity};

use super::clues::{Drafted, draft, found_site};
use super::coding::{code_of, county_of, disposal_of};
use super::permits::site_not_found;
use super::preview::Action;
use super::record::{Fields, Record};
use super::staging::Staging;
use crate::error::Error;
use crate::geography::is_areal;
use crate::landing::{Decision, Proposal, Sought};
use crate::session::Session;

/// Stages every row of a verification sheet.
pub(super) fn stage(staging: &mut Staging<'_>) -> Result<(), Error> {
    let loaded = staging.loaded;
    for record in &loaded.records {
        row(staging, record)?;
    }
    Ok(())
}

fn row(staging: &mut Staging<'_>, record: &Record) -> Result<(), Error> {
    let (drafted, found) = draft(staging, record);
    staging.diagnostics.extend(found);
    let mut fields = Fields::of(record);
    let judged_facts = crate::judged_facts::of_columns(&mut fields)?;
    let body =
        verification(staging, record, &drafted, &mut fields).map(|body| VerificationRecorded {
            judged_facts,
            ..body
        });
    let refused = Staging::is_refused(&fields.diagnostics);
    staging.diagnostics.extend(fields.diagnostics);
    let name = drafted.clue.facts.facility_name.clone();
    let (Some(body), false) = (body, refused) else {
        staging.outcome(record, name.as_deref(), Action::Refused);
        return Ok(());
    };
    let decision = decide(staging, record, &drafted);
    if !is_own(staging, &decision, &drafted) {
        let diagnostic = Diagnostic::error("import.not_your_station");
        staging.diagnostics.push(diagnostic.at(record.whole()));
        staging.outcome(record, name.as_deref(), Action::Refused);
        return Ok(());
    }
    let (site, is_new_site) = match decision {
        Decision::Same(site) => (site, false),
        Decision::New => (new_site(staging, &drafted, body.verified_on)?, true),
        Decision::Doubtful { proposals, .. } => {
            let candidates = staging.seen_codes(proposals);
            staging
                .diagnostics
                .push(site_not_found(record, name.as_deref(), &candidates));
            staging.outcome(record, name.as_deref(), Action::Refused);
            return Ok(());
        }
    };
    staging.spoken_of.insert(site.site_code.clone());
    if let Some(refusal) = refusal(staging, &site, &body) {
        let is_refused = refusal.severity == Severity::Error;
        staging.diagnostics.push(refusal.at(record.whole()));
        if is_refused {
            staging.outcome(record, name.as_deref(), Action::Refused);
            return Ok(());
        }
    }
    let action = record_verification(staging, &site, body, is_new_site)?;
    staging.outcome(record, name.as_deref(), action);
    Ok(())
}

/// Whether the row speaks of what who imports may write to.
fn is_own(staging: &Staging<'_>, decision: &Decision, drafted: &Drafted) -> bool {
    match decision {
        Decision::Same(site) => staging.may_touch(site.site_id),
        Decision::New => staging.may_found(&drafted.clue.facts, drafted.station_id.as_deref()),
        Decision::Doubtful { .. } => true,
    }
}

/// What the campaign's flow says to the row. A sheet tells what others did: what they failed to bring along is asked
/// for, and does not undo that they were there.
fn refusal(
    staging: &Staging<'_>,
    site: &Proposal,
    body: &VerificationRecorded,
) -> Option<Diagnostic> {
    let state = staging.state_of(site.site_id);
    let mut refusal = staging.session.refusal_of(state, body)?;
    if refusal.code == "flow.missing_facts" {
        refusal.severity = Severity::Warning;
    }
    Some(refusal)
}

fn decide(staging: &Staging<'_>, record: &Record, drafted: &Drafted) -> Decision {
    let mut fields = Fields::of(record);
    let facts = &drafted.clue.facts;
    // One cell may name several numbers: 问题编号 of two years for one site.
    let numbers: Vec<String> = ["site_code", "external_code"]
        .iter()
        .filter_map(|f| fields.code_text(f))
        .flat_map(|t| {
            t.split(['、', '；', ';', ',', '，', '/', '\n'])
                .map(|p| p.trim().to_owned())
                .collect::<Vec<_>>()
        })
        .filter(|t| !t.is_empty())
        .collect();
    staging.book.decide(&Sought {
        codes: numbers.iter().map(String::as_str).collect(),
        is_on_the_spot: true,
        ..Sought::of(facts)
    })
}

/// What was found on the spot and nobody had reported: a clue of its own, so that the site is explained.
fn new_site(staging: &mut Staging<'_>, drafted: &Drafted, on: Date) -> Result<Proposal, Error> {
    let mut clue = drafted.clue.clone();
    clue.received_on = on;
    staging.say_clue(&clue)?;
    let own = Drafted {
        clue,
        station_id: drafted.station_id.clone(),
        zone_kind: drafted.zone_kind.clone(),
    };
    found_site(staging, &own)
}

fn verification(
    staging: &Staging<'_>,
    record: &Record,
    drafted: &Drafted,
    fields: &mut Fields<'_>,
) -> Option<VerificationRecorded> {
    let session = staging.session;
    let verified_on = fields.day("verified_at");
    if verified_on.is_none() {
        fields.note(
            "verified_at",
            Diagnostic::error("import.verification_without_day"),
        );
    }
    let team = team(fields);
    let (round, _) = code_of(session, fields, "round", "round");
    let (clue_truth, _) = code_of(session, fields, "clue_truth", "clue_truth");
    let (effect, _) = code_of(session, fields, "ecological_effect", "ecological_effect");
    let (chosen, _) = code_of(session, fields, "suggested_disposal", "disposal");
    let (worded, suggestion) = disposal_of(session, fields);
    let is_in_reserve = fields.truth("is_in_reserve").map(truth_code);
    let conclusion = conclusion(staging, fields, is_in_reserve.as_deref());
    let point = drafted
        .clue
        .facts
        .shape
        .as_ref()
        .and_then(|s| crate::geography::representative(&s.0));
    Some(VerificationRecorded {
        round: round.unwrap_or_else(|| "first".to_owned()),
        method: "field".to_owned(),
        verified_on: verified_on?,
        team,
        lon: point.map(|p| crate::geography::degrees(p.x())),
        lat: point.map(|p| crate::geography::degrees(p.y())),
        is_in_reserve,
        clue_truth,
        condition_text: fields.text("condition_text"),
        ecological_effect: effect,
        conclusion: conclusion?,
        suggestion_text: suggestion,
        suggested_disposal: chosen.or(worded),
        photo_count: fields.count("photo_count"),
        evidence: Vec::new(),
        judged_facts: BTreeMap::new(),
        facts: found_facts(session, drafted, fields),
        basis: Basis::Source {
            batch_id: staging.batch_id,
            place: record.place.clone(),
        },
        ..VerificationRecorded::default()
    })
}

/// The conclusion as coded, or what the sheet's yes/no columns amount to, told as a remark.
fn conclusion(
    staging: &Staging<'_>,
    fields: &mut Fields<'_>,
    is_in_reserve: Option<&str>,
) -> Option<String> {
    let (code, text) = code_of(staging.session, fields, "conclusion", "verdict");
    if code.is_some() {
        return code;
    }
    let has_issue = fields.truth("has_issue");
    let derived = match (is_in_reserve, has_issue) {
        (Some("no"), _) => Some("outside_reserve"),
        (_, Some(Truth::Yes)) => Some("issue_violation"),
        (_, Some(Truth::No)) => Some("no_issue_lawful"),
        (_, Some(Truth::Undecided)) => Some("undetermined"),
        _ => None,
    };
    let diagnostic = match derived {
        Some(code) => Diagnostic::warning("import.conclusion_derived")
            .arg("text", text.unwrap_or_default())
            .repair(domain::ledger::Labels::label(
                &staging.session.viewer,
                "verdict",
                code,
            )),
        None => Diagnostic::error("import.verification_without_conclusion"),
    };
    fields.note("conclusion", diagnostic);
    derived.map(str::to_owned)
}

fn truth_code(truth: Truth) -> String {
    match truth {
        Truth::Yes => "yes",
        Truth::No => "no",
        Truth::Undecided => "disputed",
    }
    .to_owned()
}

/// 站长、护林员 …: posts, separated as lists separate them.
fn team(fields: &mut Fields<'_>) -> Vec<TeamMember> {
    let text = fields.text("team").unwrap_or_default();
    let posts = text
        .split(['、', ',', '，', ';', '；', '/', ' '])
        .map(str::trim)
        .filter(|p| !p.is_empty());
    posts
        .map(|post| TeamMember {
            post: post.to_owned(),
            unit: None,
        })
        .collect()
}

/// Facts of the site that were established on the spot.
fn found_facts(session: &Session, drafted: &Drafted, fields: &mut Fields<'_>) -> SiteFacts {
    let clue = &drafted.clue.facts;
    let point = clue
        .shape
        .as_ref()
        .and_then(|s| crate::geography::representative(&s.0));
    SiteFacts {
        facility_name: clue.facility_name.clone(),
        activity_type_code: clue.activity_type_code.clone(),
        activity_subtype: clue.activity_subtype.clone(),
        lon: point.map(|p| crate::geography::degrees(p.x())),
        lat: point.map(|p| crate::geography::degrees(p.y())),
        shape: clue.shape.clone().filter(|s| is_areal(&s.0)),
        stated_zone_kind: drafted.zone_kind.clone(),
        county: fields
            .text("county")
            .or_else(|| county_of(session, clue.township.as_deref()?)),
        township: clue.township.clone(),
        village: fields.text("village"),
        scale_text: fields.text("scale_text"),
        stated_area_m2: clue.stated_area_m2,
        built_on: clue.built_on,
        owner_name: clue.owner_name.clone(),
        permits_text: fields.text("permits_text"),
        current_status: clue.current_status.clone(),
        description: fields.text("description"),
        ..SiteFacts::default()
    }
}

fn record_verification(
    staging: &mut Staging<'_>,
    site: &Proposal,
    body: VerificationRecorded,
    is_new_site: bool,
) -> Result<Action, Error> {
    let seed = said(site.site_id, &body);
    let on = body.verified_on;
    let outline = body.facts.shape.clone();
    if let Some(name) = &body.facts.facility_name {
        staging.book.learn_name(site.site_id, name);
    }
    let is_new = staging.say(StreamId::site(site.site_id), body, on, &[&seed])?;
    if let (true, Some(shape)) = (is_new, outline) {
        let located = staging.locate(&shape.0);
        staging.say_located(site.site_id, located, on, &seed)?;
    }
    Ok(match (is_new, is_new_site) {
        (false, _) => Action::Same,
        (true, true) => Action::NewSite {
            site_code: site.site_code.clone(),
        },
        (true, false) => Action::Recorded {
            site_code: site.site_code.clone(),
        },
    })
}

/// What was found, without where the row stood: the same finding in a corrected sheet is the same finding.
fn said(site: SiteId, body: &VerificationRecorded) -> Vec<u8> {
    let without_place = VerificationRecorded {
        basis: Basis::Overlay,
        ..body.clone()
    };
    let mut seed = site.0.into_bytes().to_vec();
    seed.extend(serde_json::to_vec(&without_place).unwrap_or_default());
    seed
}
