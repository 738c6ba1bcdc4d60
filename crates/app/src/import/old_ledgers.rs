//! 历年台账 — rows of the 绿盾2017 and 绿盾2018 ledgers: sites, the issue carried over, and the city's determination.

use domain::entries::{Basis, ClueReceived, DeterminationRecorded, IssueCarriedOver};
use domain::entry::Entry;
use domain::ids::{SiteId, StreamId};
use spatial::diagnostic::Diagnostic;

use super::clues::{Drafted, doubtful_site, draft, found_site, link_to, title_of};
use super::coding::code_of;
use super::preview::Action;
use super::record::{Fields, Record};
use super::staging::Staging;
use crate::error::Error;
use crate::landing::{Decision, Proposal, Sought};
use crate::session::Session;

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
    let decision = staging.book.decide(&Sought::of(&drafted.clue.facts));
    let mut told = drafted.clue.clone();
    told.carried_over = Some(Box::new(issue));
    told.determination = determination.map(Box::new);
    if waits(&decision, &drafted) {
        // Whoever finds the site later must not have to find the ledger again.
        drafted.clue = told.clone();
    }
    staging.say_clue(&drafted.clue)?;
    let Some((site, action)) = site_of(staging, record, &drafted, decision)? else {
        return Ok(());
    };
    for entry in carried_over(staging.session, &told, site.site_id) {
        staging.push(entry)?;
    }
    staging.outcome(record, Some(&title), action);
    Ok(())
}

/// The unfinished issue that a clue of an earlier ledger tells of, and the city's ruling on it.
pub(crate) fn carried_over(session: &Session, clue: &ClueReceived, site: SiteId) -> Vec<Entry> {
    let seed = clue.clue_id.0.into_bytes();
    let stream = StreamId::site(site);
    let issue = clue.carried_over.as_deref().cloned();
    let issue = issue.map(|b| session.entry(stream.clone(), b, clue.received_on, &[&seed]));
    let ruling = clue.determination.as_deref().cloned();
    let ruling = ruling.map(|b| {
        let on = b.determined_on.unwrap_or(clue.received_on);
        session.entry(stream, b, on, &[&seed])
    });
    issue.into_iter().chain(ruling).collect()
}

/// Whether no rule finds a site and the row itself is too little to found one.
fn waits(decision: &Decision, drafted: &Drafted) -> bool {
    let facts = &drafted.clue.facts;
    let is_telling = facts.facility_name.is_some() || facts.shape.is_some();
    match decision {
        Decision::Same(_) => false,
        Decision::New => !is_telling,
        Decision::Doubtful { reason, .. } => *reason != "no_position" || !is_telling,
    }
}

/// The site of a row: matched, or registered for it; `None` where a person must decide (told with the row).
fn site_of(
    staging: &mut Staging<'_>,
    record: &Record,
    drafted: &Drafted,
    decision: Decision,
) -> Result<Option<(Proposal, Action)>, Error> {
    let waits = waits(&decision, drafted);
    match decision {
        Decision::Same(site) => {
            link_to(staging, drafted, &site)?;
            let action = Action::Linked {
                site_code: site.site_code.clone(),
                rule: site.rule.to_owned(),
            };
            Ok(Some((site, action)))
        }
        Decision::Doubtful { proposals, reason } if waits => {
            doubtful(staging, record, reason, proposals)
        }
        Decision::New if waits => doubtful(staging, record, "says_little", Vec::new()),
        Decision::New | Decision::Doubtful { .. } => {
            let site = found_site(staging, drafted)?;
            let action = Action::NewSite {
                site_code: site.site_code.clone(),
            };
            Ok(Some((site, action)))
        }
    }
}

fn doubtful(
    staging: &mut Staging<'_>,
    record: &Record,
    reason: &str,
    proposals: Vec<Proposal>,
) -> Result<Option<(Proposal, Action)>, Error> {
    let candidates: Vec<String> = proposals.into_iter().map(|p| p.site_code).collect();
    let diagnostic = doubtful_site(staging, record, reason, &candidates);
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
