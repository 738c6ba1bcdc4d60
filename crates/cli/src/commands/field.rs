//! Phones by the command line: which there are, what waits of what they sent, and the files that were brought by hand.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;

use app::field::{
    self, DecisionRequest, DeviceRow, FieldItemView, ItemFilter, LockRequest, OpenItems,
    RescueReport, open,
};
use app::people::Accounts;
use app::{Error, Session};

use super::Desk;
use crate::arguments::FieldCommand;

/// `qingshan field …`.
pub(super) fn run(desk: &Desk<'_>, command: &FieldCommand) -> Result<ExitCode, Error> {
    let mut session = desk.session()?;
    let accounts = Mutex::new(Accounts::open(&desk.arguments.home)?);
    match command {
        FieldCommand::Devices => {
            let devices = field::list_devices(&session, &accounts)?;
            desk.output.value(&devices);
            list_devices(desk, &devices.items);
        }
        FieldCommand::Lock {
            device,
            reason,
            since,
            note,
        } => {
            let request = LockRequest {
                reason: reason.clone(),
                since: *since,
                note: note.clone(),
            };
            let receipt = field::lock(&mut session, &mut open(&accounts), device, &request)?;
            desk.output.value(&receipt);
            desk.output.say("field_cli.locked", &[("device", device)]);
        }
        FieldCommand::Items {
            state,
            station,
            device,
            limit,
        } => {
            let filter = ItemFilter {
                state: state.clone(),
                refused_since: None,
                station: station.clone(),
                device: device.clone(),
                limit: *limit,
                cursor: None,
            };
            let found = session.field_items(&accounts, &filter)?;
            desk.output.value(&found);
            list_items(desk, &found.items);
            let total = found.total.to_string();
            desk.output.say("field_cli.items", &[("total", &total)]);
        }
        FieldCommand::Decide {
            item,
            choice,
            value,
            reason,
        } => {
            let request = DecisionRequest {
                choice: choice.clone(),
                values: value.iter().cloned().collect(),
                reason: reason.clone(),
            };
            let (status, stream) = session.decide_item(&accounts, item, &request)?;
            // What waited behind it goes on.
            field::settle(&mut session, &accounts, &OpenItems::OfStreams(&[stream]))?;
            desk.output.value(&status);
            let state = desk
                .output
                .text(&format!("item_state.{}", status.state), &[]);
            let told = [("item", item.as_str()), ("state", &state)];
            desk.output.say("field_cli.decided", &told);
        }
        FieldCommand::Rescue { file } => {
            let report = rescue(&mut session, &accounts, file)?;
            desk.output.value(&report);
            say(desk, &report);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn rescue(
    session: &mut Session,
    accounts: &Mutex<Accounts>,
    file: &Path,
) -> Result<RescueReport, Error> {
    session.may_take_rescue_files()?;
    let unread = |source| Error::Read {
        path: file.display().to_string(),
        source,
    };
    std::fs::File::open(file).map_err(unread)?;
    let mut rescue = field::unseal(session, accounts, file)?;
    while rescue.keep_file(session, accounts)? {}
    field::settle(session, accounts, &OpenItems::Ids(&rescue.ids()))?;
    rescue.finish(session, accounts)
}

fn say(desk: &Desk<'_>, report: &RescueReport) {
    let recorded = report
        .items
        .iter()
        .filter(|i| i.state == "recorded")
        .count();
    let number = |n: u64| n.to_string();
    let told = [
        ("person", report.person.clone()),
        ("sealed_at", app::local_time(report.sealed_at).to_string()),
        ("new", number(report.items_new)),
        ("known", number(report.items_known)),
        ("refused", number(report.items_refused)),
        ("recorded", recorded.to_string()),
        ("files", number(report.blobs_new)),
        ("files_known", number(report.blobs_known)),
        ("missing", report.missing_blobs.len().to_string()),
    ];
    let told: Vec<(&str, &str)> = told.iter().map(|(n, v)| (*n, v.as_str())).collect();
    desk.output.say("field_cli.rescued", &told);
}

fn headed<const N: usize>(desk: &Desk<'_>, names: [&str; N]) -> Vec<String> {
    let header = |name| desk.output.text(&format!("column.{name}"), &[]);
    names.into_iter().map(header).collect()
}

fn list_devices(desk: &Desk<'_>, devices: &[DeviceRow]) {
    let names = [
        "device",
        "person",
        "post",
        "state",
        "seen_at",
        "unsent",
        "held",
        "missing_numbers",
    ];
    let row = |d: &DeviceRow| {
        let unsent: u64 = d.unsent.values().sum();
        let seen = d.seen_at.map(|at| app::local_time(at).to_string());
        vec![
            d.device_id.clone(),
            d.person.name.clone(),
            d.post.clone(),
            desk.output.text(&format!("device_state.{}", d.state), &[]),
            seen.unwrap_or_default(),
            unsent.to_string(),
            d.held.to_string(),
            d.missing_numbers.join(","),
        ]
    };
    let rows: Vec<Vec<String>> = devices.iter().map(row).collect();
    desk.output.table(&headed(desk, names), &rows);
}

fn list_items(desk: &Desk<'_>, items: &[FieldItemView]) {
    let names = [
        "item",
        "number",
        "kind",
        "site_code",
        "person",
        "state",
        "reason",
    ];
    let row = |i: &FieldItemView| {
        vec![
            i.status.id.clone(),
            i.status.number.to_string(),
            i.kind_label.clone(),
            i.site_code.clone().unwrap_or_default(),
            i.person.clone(),
            desk.output
                .text(&format!("item_state.{}", i.status.state), &[]),
            i.status.text.clone().unwrap_or_default(),
        ]
    };
    let rows: Vec<Vec<String>> = items.iter().map(row).collect();
    desk.output.table(&headed(desk, names), &rows);
}
