use std::process::ExitCode;

use app::Error;

use super::Desk;
use crate::arguments::{LogCommand, RegisterCommand};

/// `qingshan log verify|checkpoint|show`.
pub(super) fn run(desk: &Desk<'_>, args: &LogCommand) -> Result<ExitCode, Error> {
    match args {
        LogCommand::Verify => verify(desk),
        LogCommand::Checkpoint => {
            let note = desk.session()?.checkpoint()?;
            desk.output
                .value(&serde_json::json!({ "checkpoint": note }));
            if !desk.output.json {
                print!("{note}");
            }
            Ok(ExitCode::SUCCESS)
        }
        LogCommand::Show { from, limit } => show(desk, *from, *limit),
    }
}

fn verify(desk: &Desk<'_>) -> Result<ExitCode, Error> {
    let bar = desk.output.progress("progress.verifying");
    let report = app::verify_log(desk.arguments.address()?)?;
    bar.finish_and_clear();
    desk.output.value(&report);
    let (size, blobs) = (report.size.to_string(), report.blobs.to_string());
    let fill = [
        ("size", size.as_str()),
        ("root_hash", &report.root_hash),
        ("blobs", &blobs),
    ];
    if report.faults.is_empty() {
        desk.output.say("log.verified", &fill);
        return Ok(ExitCode::SUCCESS);
    }
    desk.output
        .say("log.faulty", &[("count", &report.faults.len().to_string())]);
    for fault in report.faults.iter().take(50) {
        let seq = fault.seq.map_or(String::new(), |s| s.to_string());
        let text = desk
            .output
            .text(&fault.code, &[("seq", &seq), ("subject", &fault.subject)]);
        desk.output.say("log.fault", &[("fault", &text)]);
    }
    Ok(ExitCode::from(1))
}

fn show(desk: &Desk<'_>, from: Option<u64>, limit: u64) -> Result<ExitCode, Error> {
    let session = desk.session()?;
    let entries = session.log_entries(from, limit)?;
    desk.output.value(&entries);
    let headers = ["seq", "kind", "stream", "occurred_on", "actor"]
        .map(|h| desk.output.text(&format!("column.{h}"), &[]));
    let rows: Vec<Vec<String>> = entries
        .iter()
        .map(|e| {
            let day = app::civil_day(e.entry.occurred_at).to_string();
            let kind = e.entry.body.kind().to_owned();
            vec![
                e.seq.to_string(),
                kind,
                e.entry.stream.to_string(),
                day,
                e.entry.author.actor.clone(),
            ]
        })
        .collect();
    desk.output.table(&headers, &rows);
    Ok(ExitCode::SUCCESS)
}

/// `qingshan register rebuild|backup`.
pub(super) fn register(desk: &Desk<'_>, args: &RegisterCommand) -> Result<ExitCode, Error> {
    match args {
        RegisterCommand::Rebuild => {
            let bar = desk.output.progress("progress.rebuilding");
            desk.session()?.rebuild()?;
            bar.finish_and_clear();
            desk.output.value(&serde_json::json!({ "rebuilt": true }));
            desk.output.say("register.rebuilt", &[]);
        }
        RegisterCommand::Backup { to, with_keys } => {
            let bar = desk.output.progress("progress.backing_up");
            let outcome = desk.session()?.backup(to, *with_keys)?;
            bar.finish_and_clear();
            desk.output.value(&outcome);
            let (size, blobs) = (outcome.size.to_string(), outcome.blobs.to_string());
            let people = outcome.people.to_string();
            let path = to.display().to_string();
            let fill = [
                ("path", path.as_str()),
                ("size", &size),
                ("blobs", &blobs),
                ("people", &people),
                ("root_hash", &outcome.root_hash),
            ];
            desk.output.say("register.backed_up", &fill);
        }
    }
    Ok(ExitCode::SUCCESS)
}
