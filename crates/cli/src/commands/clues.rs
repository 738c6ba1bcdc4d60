use std::process::ExitCode;

use app::{Error, Labels};

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
    }
}

fn list(desk: &Desk<'_>, args: &Clues) -> Result<ExitCode, Error> {
    let session = desk.session()?;
    let clues = session.clues(
        args.state.as_deref(),
        args.source.as_deref(),
        as_of(&args.as_of)?,
    )?;
    let values: Vec<serde_json::Value> = clues
        .iter()
        .map(|c| {
            serde_json::json!({
                "clue": c.received.body, "state": c.state.code(),
                "site_code": c.site_code, "screened": c.screened.as_ref().map(|s| &s.body),
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
    ]
    .map(|h| desk.output.text(&format!("column.{h}"), &[]));
    let rows: Vec<Vec<String>> = clues
        .iter()
        .map(|c| {
            let body = &c.received.body;
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
                c.site_code.clone().unwrap_or_default(),
            ]
        })
        .collect();
    desk.output.table(&headers, &rows);
    desk.output
        .say("clues.count", &[("count", &clues.len().to_string())]);
    Ok(ExitCode::SUCCESS)
}

fn show(desk: &Desk<'_>, clue: &str) -> Result<ExitCode, Error> {
    let session = desk.session()?;
    let clue = session.load_clue(clue)?;
    let likely = session.likely_sites(&clue)?;
    let body = &clue.received.body;
    let proposals: Vec<serde_json::Value> = likely
        .iter()
        .map(|p| serde_json::json!({
            "site_code": p.site_code, "rule": p.rule, "distance_m": p.distance_m, "iou": p.iou, "overlap_m2": p.overlap_m2,
        }))
        .collect();
    desk.output.value(
        &serde_json::json!({ "clue": body, "state": clue.state.code(), "likely": proposals }),
    );
    let facts = serde_json::to_value(&body.facts).unwrap_or_default();
    desk.output.say(
        "clues.show",
        &[
            ("id", &body.clue_id.to_string()),
            ("state", clue.state.code()),
        ],
    );
    if let (Some(map), false) = (facts.as_object(), desk.output.json) {
        for (field, value) in map.iter().filter(|(f, _)| *f != "shape") {
            println!("  {field}: {value}");
        }
    }
    for p in &likely {
        let distance = p.distance_m.map_or(String::new(), |d| format!("{d:.0}"));
        let iou = p.iou.map_or(String::new(), |v| format!("{v:.2}"));
        desk.output.say(
            "clues.likely",
            &[
                ("site", &p.site_code),
                ("rule", p.rule),
                ("distance", &distance),
                ("iou", &iou),
            ],
        );
    }
    Ok(ExitCode::SUCCESS)
}
