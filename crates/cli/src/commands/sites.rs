use std::process::ExitCode;

use app::{Error, FocalRequest, Labels, MergeRequest, RemarkRequest, StandingRequest};

use super::Desk;
use super::ledgers::{as_of, scope};
use crate::arguments::{Convert, SiteAction, Sites, Verify};

/// `qingshan sites [CODE]`: the list, one dossier, or a decision on whether a site counts.
pub(super) fn run(desk: &Desk<'_>, args: &Sites) -> Result<ExitCode, Error> {
    match (&args.action, &args.code) {
        (Some(action), _) => decide(desk, action),
        (None, Some(code)) => dossier(desk, code, args),
        (None, None) => list(desk, args),
    }
}

fn decide(desk: &Desk<'_>, action: &SiteAction) -> Result<ExitCode, Error> {
    let mut session = desk.session()?;
    let standing = |reason: &str| StandingRequest {
        reason: reason.to_owned(),
        based_on: None,
    };
    let (site, receipt) = match action {
        SiteAction::Merge { site, into, reason } => {
            let request = MergeRequest {
                into: into.clone(),
                reason: reason.clone(),
                based_on: None,
            };
            (site, session.merge_site(site, &request)?)
        }
        SiteAction::Withdraw { site, reason } => {
            (site, session.withdraw_site(site, &standing(reason))?)
        }
        SiteAction::Restore { site, reason } => {
            (site, session.restore_site(site, &standing(reason))?)
        }
        SiteAction::Focal {
            site,
            category,
            reason,
        } => {
            let request = FocalRequest {
                focal_category: Some(category.clone()).filter(|c| c != "none"),
                reason: reason.clone(),
                based_on: None,
            };
            (site, session.override_focal(site, &request)?)
        }
        SiteAction::Remark {
            site,
            kind,
            text,
            of,
        } => {
            let request = RemarkRequest {
                kind: kind.clone(),
                text: text.clone(),
                of: *of,
            };
            (site, session.remark(site, &request)?)
        }
    };
    desk.output.value(&receipt);
    let dossier = session.load_dossier_by_code(site, app::AsOf::Now)?;
    let state = session.label("site_state", dossier.state.code());
    let seq = receipt.seq.to_string();
    desk.output.say(
        "sites.decided",
        &[
            ("site", &dossier.site_code),
            ("state", &state),
            ("seq", &seq),
        ],
    );
    Ok(ExitCode::SUCCESS)
}

fn list(desk: &Desk<'_>, args: &Sites) -> Result<ExitCode, Error> {
    let session = desk.session()?;
    let scope = scope(&session, &args.scope)?;
    let is_wanted = |s: &app::Site| {
        scope.holds(s.dossier.facts.station_id.as_deref())
            && args
                .state
                .as_deref()
                .is_none_or(|state| s.dossier.state.code() == state)
    };
    let sites: Vec<app::Site> = session
        .sites(as_of(&args.as_of)?)?
        .into_iter()
        .filter(is_wanted)
        .collect();
    if let Some(path) = &args.out {
        session.write_sites(&sites, path, desk.now)?;
        desk.output.say(
            "sites.written",
            &[
                ("path", &path.display().to_string()),
                ("count", &sites.len().to_string()),
            ],
        );
        return Ok(ExitCode::SUCCESS);
    }
    if desk.output.json {
        let told = sites.into_iter().map(|s| session.told(s.dossier));
        desk.output.value(&told.collect::<Vec<_>>());
        return Ok(ExitCode::SUCCESS);
    }
    let headers = [
        "site",
        "facility_name",
        "activity",
        "zone",
        "station",
        "state",
        "focal",
    ]
    .map(|h| desk.output.text(&format!("column.{h}"), &[]));
    let rows: Vec<Vec<String>> = sites
        .iter()
        .map(|s| {
            let facts = &s.dossier.facts;
            let label = |list: &str, code: &Option<String>| {
                code.as_deref()
                    .map_or(String::new(), |c| session.label(list, c))
            };
            vec![
                s.dossier.site_code.clone(),
                facts.facility_name.clone().unwrap_or_default(),
                label("activity", &facts.activity_type_code),
                label("zone", &facts.zone_kind),
                label("station", &facts.station_id),
                session.label("site_state", s.dossier.state.code()),
                s.focal
                    .as_ref()
                    .map_or(String::new(), |f| session.label("focal", &f.category)),
            ]
        })
        .collect();
    desk.output.table(&headers, &rows);
    desk.output
        .say("sites.count", &[("count", &sites.len().to_string())]);
    Ok(ExitCode::SUCCESS)
}

/// 一点一档 on the screen: facts with their sources, clues, papers, verifications, history.
fn dossier(desk: &Desk<'_>, code: &str, args: &Sites) -> Result<ExitCode, Error> {
    let session = desk.session()?;
    let dossier = session.load_dossier_by_code(code, as_of(&args.as_of)?)?;
    let dossier = session.told(dossier);
    desk.output.value(&dossier);
    if desk.output.json {
        return Ok(ExitCode::SUCCESS);
    }
    let state = session.label("site_state", dossier.state.code());
    desk.output.say(
        "sites.dossier",
        &[("code", &dossier.site_code), ("state", &state)],
    );
    for (field, claims) in dossier
        .claims
        .iter()
        .filter(|(f, _)| *f != "shape" && *f != "zone_shares")
    {
        fact(desk, &session, field, claims.iter().map(|c| &**c));
    }
    for clue in &dossier.clues {
        let source = session.label("source", &clue.body.source_kind);
        let day = clue.body.received_on.to_string();
        let code = clue.body.external_code.clone().unwrap_or_default();
        let rule = desk.output.text(&format!("rule.{}", clue.body.rule), &[]);
        desk.output.say(
            "sites.clue",
            &[
                ("source", &source),
                ("code", &code),
                ("day", &day),
                ("rule", &rule),
            ],
        );
    }
    for permit in &dossier.permits {
        let kind = session.label("permit_kind", &permit.body.permit_kind);
        desk.output.say(
            "sites.permit",
            &[
                ("kind", &kind),
                (
                    "number",
                    permit.body.document_number.as_deref().unwrap_or(""),
                ),
            ],
        );
    }
    for v in &dossier.verifications {
        let conclusion = session.label("verdict", &v.body.conclusion);
        desk.output.say(
            "sites.verification",
            &[
                ("day", &v.body.verified_on.to_string()),
                ("conclusion", &conclusion),
            ],
        );
    }
    for c in &dossier.carried_over {
        let source = session.label("source", &c.body.source_kind);
        let result = dossier
            .determination_of(&c.body.source_kind)
            .map_or(String::new(), |d| session.label("determination", &d.result));
        desk.output.say(
            "sites.carried_over",
            &[("source", &source), ("result", &result)],
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// The value that stands, and what other sources said otherwise; who says the same is only counted.
fn fact<'c>(
    desk: &Desk<'_>,
    session: &app::Session,
    field: &str,
    claims: impl Iterator<Item = &'c app::Claim>,
) {
    let name = desk.output.text(&format!("field.{field}"), &[]);
    let mut shown: Vec<(String, usize, &app::Claim)> = Vec::new();
    for claim in claims {
        let value = session.field_text(field, &claim.value);
        match shown.iter_mut().find(|(known, ..)| *known == value) {
            Some((_, count, _)) => *count += 1,
            None => shown.push((value, 1, claim)),
        }
    }
    for (i, (value, count, claim)) in shown.iter().enumerate() {
        let seq = claim.provenance.seq.to_string();
        let day = app::civil_day(claim.provenance.occurred_at).to_string();
        let from = desk
            .output
            .text(&format!("weight.{}", weight(claim.provenance.weight)), &[]);
        let others = match count {
            1 => String::new(),
            n => desk
                .output
                .text("sites.agreeing", &[("count", &(n - 1).to_string())]),
        };
        let line = if i == 0 {
            "sites.fact"
        } else {
            "sites.other_claim"
        };
        let args = [
            ("field", name.as_str()),
            ("value", value),
            ("from", &from),
            ("day", &day),
            ("seq", &seq),
            ("others", &others),
        ];
        desk.output.say(line, &args);
    }
}

fn weight(weight: app::Weight) -> &'static str {
    match weight {
        app::Weight::Clue => "clue",
        app::Weight::Ledger => "ledger",
        app::Weight::Verification => "verification",
        app::Weight::Correction => "correction",
        app::Weight::Computed => "computed",
    }
}

/// `qingshan verify SITE`.
pub(super) fn verify(desk: &Desk<'_>, args: &Verify) -> Result<ExitCode, Error> {
    let position = args
        .position
        .as_deref()
        .map(app::parse_position)
        .transpose()?;
    let request = app::VerifyRequest {
        site_code: args.site.clone(),
        conclusion: args.conclusion.clone(),
        on: args.on,
        team: args.team.clone(),
        position,
        condition: args.condition.clone(),
        ecological_effect: args.effect.clone(),
        clue_truth: args.truth.clone(),
        disposal: args.disposal.clone(),
        evidence: args.evidence.clone(),
        facts: args.fact.clone(),
    };
    let mut session = desk.session()?;
    let dossier = session.verify_site(&request)?;
    let dossier = session.told(dossier);
    desk.output.value(&dossier);
    let state = session.label("site_state", dossier.state.code());
    desk.output.say(
        "verify.done",
        &[("site", &dossier.site_code), ("state", &state)],
    );
    Ok(ExitCode::SUCCESS)
}

/// `qingshan convert IN OUT`.
pub(super) fn convert(desk: &Desk<'_>, args: &Convert) -> Result<ExitCode, Error> {
    let crs = args
        .crs
        .as_deref()
        .map(app::import::parse_crs)
        .transpose()?;
    let found = app::convert::convert(
        &args.input,
        &args.output,
        crs,
        args.layer.as_deref(),
        desk.now,
    )?;
    desk.output.value(&found);
    desk.output.diagnostics(&found);
    desk.output.say(
        "convert.done",
        &[("path", &args.output.display().to_string())],
    );
    Ok(ExitCode::SUCCESS)
}
