use std::process::ExitCode;

use app::landing::Proposal;
use app::{Clue, ClueState, Error, Labels, Waiting};

use super::Desk;
use super::ledgers::as_of;
use crate::arguments::{ClueAction, Clues};

/// `qingshan clues`: the inbox.
pub(super) fn run(desk: &Desk<'_>, args: &Clues) -> Result<ExitCode, Error> {
    match &args.action {
        None => list(desk, args),
        Some(ClueAction::Show { clue }) => show(desk, clue),
        Some(ClueAction::Link { clue, site, reason }) => {
            desk.session()?.link_clue(clue, site, reason)?;
            desk.output.say("clues.linked", &[("site", site)]);
            Ok(ExitCode::SUCCESS)
        }
        Some(ClueAction::Unlink { clue, reason }) => {
            desk.session()?.unlink_clue(clue, reason)?;
            desk.output.say("clues.unlinked", &[]);
            Ok(ExitCode::SUCCESS)
        }
        Some(ClueAction::Separate { clue, reason }) => {
            let code = desk.session()?.separate_clue(clue, reason)?;
            desk.output.say("clues.separated", &[("site", &code)]);
            Ok(ExitCode::SUCCESS)
        }
        Some(ClueAction::Match { dry_run }) => rematch(desk, !dry_run),
    }
}

fn list(desk: &Desk<'_>, args: &Clues) -> Result<ExitCode, Error> {
    let session = desk.session()?;
    let clues = session.clues(
        args.state.as_deref(),
        args.source.as_deref(),
        as_of(&args.as_of)?,
    )?;
    let open: Vec<Clue> = clues
        .iter()
        .filter(|c| c.state == ClueState::Open)
        .cloned()
        .collect();
    let mut waiting = session.waiting(&open)?.into_iter();
    let doubts: Vec<Option<Waiting>> = clues
        .iter()
        .map(|c| {
            (c.state == ClueState::Open)
                .then(|| waiting.next())
                .flatten()
        })
        .collect();
    let values: Vec<serde_json::Value> = clues
        .iter()
        .zip(&doubts)
        .map(|(c, doubt)| {
            serde_json::json!({
                "clue": c.received.body, "state": c.state.code(),
                "site_code": c.site_code, "screened": c.screened.as_ref().map(|s| &s.body),
                "reason": doubt.as_ref().map(|d| d.reason),
                "likely": doubt.as_ref().map(|d| proposals(&d.proposals)),
            })
        })
        .collect();
    desk.output.value(&values);
    let headers = [
        "clue",
        "source",
        "external_code",
        "title",
        "received_on",
        "clue_state",
        "site",
        "reason",
    ]
    .map(|h| desk.output.text(&format!("column.{h}"), &[]));
    let rows: Vec<Vec<String>> = clues
        .iter()
        .zip(&doubts)
        .map(|(c, doubt)| {
            let body = &c.received.body;
            let likely = doubt.iter().flat_map(|d| &d.proposals);
            let likely: Vec<&str> = likely.take(3).map(|p| p.site_code.as_str()).collect();
            let title = [
                &body.facts.facility_name,
                &body.facts.location_text,
                &body.facts.summary,
            ];
            vec![
                body.clue_id.to_string()[..18].to_owned(),
                session.label("source", &body.source_kind),
                body.facts.external_code.clone().unwrap_or_default(),
                title
                    .into_iter()
                    .flatten()
                    .next()
                    .cloned()
                    .unwrap_or_default(),
                body.received_on.to_string(),
                desk.output
                    .text(&format!("clue_state.{}", c.state.code()), &[]),
                c.site_code.clone().unwrap_or_else(|| likely.join(" ")),
                doubt
                    .as_ref()
                    .map_or(String::new(), |d| reason(desk, d.reason)),
            ]
        })
        .collect();
    desk.output.table(&headers, &rows);
    desk.output
        .say("clues.count", &[("count", &clues.len().to_string())]);
    Ok(ExitCode::SUCCESS)
}

fn reason(desk: &Desk<'_>, code: &str) -> String {
    desk.output.text(&format!("doubt.{code}"), &[])
}

fn proposals(likely: &[Proposal]) -> Vec<serde_json::Value> {
    let value = |p: &Proposal| {
        serde_json::json!({
            "site_code": p.site_code, "rule": p.rule, "distance_m": p.distance_m, "iou": p.iou, "overlap_m2": p.overlap_m2,
        })
    };
    likely.iter().map(value).collect()
}

/// Stated rules once more, now that more is known of the sites.
fn rematch(desk: &Desk<'_>, commit: bool) -> Result<ExitCode, Error> {
    let matched = desk.session()?.match_clues(commit)?;
    let values = matched.iter().map(
        |m| serde_json::json!({ "clue_id": m.clue_id, "site_code": m.site_code, "rule": m.rule }),
    );
    desk.output.value(&values.collect::<Vec<_>>());
    for m in &matched {
        let rule = desk.output.text(&format!("rule.{}", m.rule), &[]);
        let id = m.clue_id.to_string();
        desk.output.say(
            "clues.match",
            &[("clue", &id[..18]), ("site", &m.site_code), ("rule", &rule)],
        );
    }
    let count = matched.len().to_string();
    let done = if commit {
        "clues.matched"
    } else {
        "clues.would_match"
    };
    desk.output.say(done, &[("count", &count)]);
    Ok(ExitCode::SUCCESS)
}

fn show(desk: &Desk<'_>, clue: &str) -> Result<ExitCode, Error> {
    let session = desk.session()?;
    let clue = session.load_clue(clue)?;
    let is_open = clue.state == ClueState::Open;
    let doubt = session.waiting(std::slice::from_ref(&clue))?.pop();
    let likely = doubt.as_ref().map_or(&[][..], |d| &d.proposals[..]);
    let body = &clue.received.body;
    desk.output.value(&serde_json::json!({
        "clue": body, "state": clue.state.code(), "site_code": clue.site_code,
        "reason": doubt.as_ref().filter(|_| is_open).map(|d| d.reason), "likely": proposals(likely),
    }));
    let state = desk
        .output
        .text(&format!("clue_state.{}", clue.state.code()), &[]);
    let id = body.clue_id.to_string();
    desk.output
        .say("clues.show", &[("id", &id), ("state", &state)]);
    if desk.output.json {
        return Ok(ExitCode::SUCCESS);
    }
    facts(desk, &session, body);
    if let (Some(doubt), true) = (&doubt, is_open) {
        let reason = reason(desk, doubt.reason);
        desk.output.say("clues.waits", &[("reason", &reason)]);
    }
    for p in likely {
        likely_site(desk, &session, p);
    }
    Ok(ExitCode::SUCCESS)
}

/// What the clue says, under the names people know.
fn facts(desk: &Desk<'_>, session: &app::Session, body: &app::ClueReceived) {
    let source = session.label("source", &body.source_kind);
    let day = body.received_on.to_string();
    let place = place(&body.place);
    desk.output.say(
        "clues.from",
        &[("source", &source), ("day", &day), ("place", &place)],
    );
    let facts = serde_json::to_value(&body.facts).unwrap_or_default();
    let shown = facts.as_object().into_iter().flatten();
    for (field, value) in shown.filter(|(f, _)| *f != "shape" && *f != "other") {
        let name = desk.output.text(&format!("field.{field}"), &[]);
        let text = session.field_text(field, value);
        desk.output
            .say("clues.fact", &[("field", &name), ("value", &text)]);
    }
    for (title, value) in &body.facts.other {
        desk.output
            .say("clues.fact", &[("field", title), ("value", value)]);
    }
}

fn place(place: &app::SourcePlace) -> String {
    let number = place.row.or(place.feature).map(|n| n.to_string());
    [
        Some(place.file_name.clone()),
        place.sheet.clone().or_else(|| place.layer.clone()),
        number,
    ]
    .into_iter()
    .flatten()
    .collect::<Vec<_>>()
    .join(" ")
}

fn likely_site(desk: &Desk<'_>, session: &app::Session, p: &Proposal) {
    let name = session
        .load_dossier_by_code(&p.site_code, app::AsOf::Now)
        .ok()
        .and_then(|d| d.facts.facility_name)
        .unwrap_or_default();
    let rule = desk.output.text(&format!("rule.{}", p.rule), &[]);
    let measured = [
        p.distance_m.map(|d| ("clues.distance", format!("{d:.0}"))),
        p.iou
            .filter(|v| *v > 0.0)
            .map(|v| ("clues.iou", format!("{v:.2}"))),
    ];
    let measured: Vec<String> = measured
        .into_iter()
        .flatten()
        .map(|(code, value)| desk.output.text(code, &[("value", &value)]))
        .collect();
    desk.output.say(
        "clues.likely",
        &[
            ("site", &p.site_code),
            ("name", &name),
            ("rule", &rule),
            ("measured", &measured.concat()),
        ],
    );
}
