use std::process::ExitCode;

use app::{BackgroundView, Error, StandingRequest};

use super::Desk;
use crate::arguments::BackgroundsCommand;

/// `qingshan backgrounds …`: layers of the office's own under the map.
pub(super) fn run(desk: &Desk<'_>, command: &BackgroundsCommand) -> Result<ExitCode, Error> {
    let mut session = desk.session()?;
    match command {
        BackgroundsCommand::List => list(desk, &session.backgrounds()?),
        BackgroundsCommand::Withdraw { code, reason } => {
            let request = StandingRequest {
                reason: reason.clone(),
                based_on: None,
            };
            let receipt = session.withdraw_background(code, &request)?;
            desk.output.value(&receipt);
            desk.output.say("backgrounds.withdrawn", &[("code", code)]);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(desk: &Desk<'_>, layers: &[BackgroundView]) {
    let output = desk.output;
    output.value(&layers);
    if output.json {
        return;
    }
    if layers.is_empty() {
        output.say("backgrounds.none", &[]);
        return;
    }
    let columns = [
        "code",
        "kind",
        "name",
        "data_source",
        "review_number",
        "dated_on",
        "features",
    ];
    let headers = columns.map(|c| output.text(&format!("column.background.{c}"), &[]));
    let row = |layer: &BackgroundView| {
        vec![
            layer.code.clone(),
            layer.kind_label.clone(),
            layer.name.clone(),
            layer.data_source.clone(),
            layer.review_number.clone().unwrap_or_default(),
            layer.dated_on.map_or_else(String::new, |d| d.to_string()),
            layer.features_drawn.to_string(),
        ]
    };
    let rows: Vec<Vec<String>> = layers.iter().map(row).collect();
    output.table(&headers, &rows);
}
