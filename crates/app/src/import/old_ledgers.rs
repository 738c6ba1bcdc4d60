//! 历年台账 — rows of the 绿盾2017 and 绿盾2018 ledgers: sites, the issue carried over, and the city's determination.

use domain::entries::{Basis, DeterminationRecorded, IssueCarriedOver};
use domain::ids::StreamId;
use spatial::diagnostic::Diagnostic;

use super::clues::{Drafted, draft, found_site, link_to, title_of};
use super::coding::code_of;
use super::preview::Action;
use super::record::{Fields, Record};
use super::staging::Staging;
use crate::error::Error;
use crate::landing::{Decision, Proposal, Sought};

/// Stages every row of an old ledger.
pub(super) fn stage(staging: &mut Staging<'_>) -> Result<(), Error> {
    if staging.source_kind.is_none() {
        let diagnostic = Diagnostic::error("import.old_ledger_needs_source");
        return Err(Error::rejected(diagnostic));
    }
    let loaded = staging.loaded;
    for record in &loaded.records {
        row(staging, record)?;
    }
    Ok(())
}

fn row(staging: &mut Staging<'_>, record: &Record) -> Result<(), Error> {
    let (mut drafted, found) = draft(staging, record);
    staging.diagnostics.extend(found);
    // The ledger's own year is the source, whatever its source column says of how the issue was found then.
    drafted.clue.source_kind = staging.source_kind.clone().unwrap_or_default();
    let mut fields = Fields::of(record);
    let (result, _) = code_of(
        staging.session,
        &mut fields,
        "determination_result",
        "determination",
    );
    let issue = issue(staging, record, &drafted, &mut fields);
    let determination = determination(staging, record, &drafted, &mut fields, result.clone());
    let title = title_of(&drafted.clue.facts);
    staging.diagnostics.extend(fields.diagnostics);
    if staging.has_clue(drafted.clue.clue_id)? {
        staging.outcome(record, Some(&title), Action::Same);
        return Ok(());
    }
    staging.say_clue(&drafted.clue)?;
    let Some((site, action)) = site_of(staging, record, &drafted)? else {
        return Ok(());
    };
    let seed = drafted.clue.clue_id.0.into_bytes();
    let stream = StreamId::site(site.site_id);
    staging.say(stream.clone(), issue, drafted.clue.received_on, &[&seed])?;
    if let Some(body) = determination {
        let on = body.determined_on.unwrap_or(drafted.clue.received_on);
        staging.say(stream, body, on, &[&seed])?;
    }
    staging.outcome(record, Some(&title), action);
    Ok(())
}

/// The site of a row: matched, or registered for it; `None` where a person must decide (told with the row).
fn site_of(
    staging: &mut Staging<'_>,
    record: &Record,
    drafted: &Drafted,
) -> Result<Option<(Proposal, Action)>, Error> {
    let facts = &drafted.clue.facts;
    let decision = staging.book.decide(&Sought {
        codes: facts.external_code.iter().map(String::as_str).collect(),
        name: facts.facility_name.as_deref(),
        activity_type_code: facts.activity_type_code.as_deref(),
        geometry: facts.shape.as_ref().map(|s| &s.0),
    });
    match decision {
        Decision::Same(site) => {
            link_to(staging, drafted, &site)?;
            let action = Action::Linked {
                site_code: site.site_code.clone(),
                rule: site.rule.to_owned(),
            };
            Ok(Some((site, action)))
        }
        // A ledger's row is a site even where its position was never written down.
        Decision::New
        | Decision::Doubtful {
            reason: "no_position",
            ..
        } if facts.facility_name.is_some() || facts.shape.is_some() => {
            let site = found_site(staging, drafted)?;
            let action = Action::NewSite {
                site_code: site.site_code.clone(),
            };
            Ok(Some((site, action)))
        }
        Decision::New => doubtful(staging, record, "says_little", Vec::new()),
        Decision::Doubtful { proposals, reason } => doubtful(staging, record, reason, proposals),
    }
}

fn doubtful(
    staging: &mut Staging<'_>,
    record: &Record,
    reason: &str,
    proposals: Vec<Proposal>,
) -> Result<Option<(Proposal, Action)>, Error> {
    let candidates: Vec<String> = proposals.into_iter().map(|p| p.site_code).collect();
    let diagnostic = Diagnostic::warning("import.doubtful_site")
        .at(record.whole())
        .arg(
            "reason",
            staging
                .session
                .messages
                .text(&format!("doubt.{reason}"), &[]),
        )
        .arg("candidates", candidates.join("、"));
    staging.diagnostics.push(diagnostic);
    staging.outcome(
        record,
        None,
        Action::Doubtful {
            reason: reason.to_owned(),
            candidates,
        },
    );
    Ok(None)
}

fn issue(
    staging: &Staging<'_>,
    record: &Record,
    drafted: &Drafted,
    fields: &mut Fields<'_>,
) -> IssueCarriedOver {
    IssueCarriedOver {
        source_kind: drafted.clue.source_kind.clone(),
        external_code: drafted.clue.facts.external_code.clone(),
        description: drafted.clue.facts.summary.clone(),
        measures: fields.text("measures"),
        responsible_unit: fields.text("responsible_unit"),
        responsible_person: fields.text("responsible_person"),
        due_on: fields.date("due_on"),
        progress: fields.text("progress"),
        basis: basis(staging, record),
    }
}

fn determination(
    staging: &Staging<'_>,
    record: &Record,
    drafted: &Drafted,
    fields: &mut Fields<'_>,
    result: Option<String>,
) -> Option<DeterminationRecorded> {
    Some(DeterminationRecorded {
        source_kind: drafted.clue.source_kind.clone(),
        external_code: drafted.clue.facts.external_code.clone(),
        level: "city".to_owned(),
        authority: fields.text("determination_authority"),
        result: result?,
        determined_on: fields.day("determined_on"),
        document_number: fields.text("determination_document"),
        basis: basis(staging, record),
    })
}

fn basis(staging: &Staging<'_>, record: &Record) -> Basis {
    Basis::Source {
        batch_id: staging.batch_id,
        place: record.place.clone(),
    }
}
