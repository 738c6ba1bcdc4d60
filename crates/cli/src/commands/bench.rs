use std::process::ExitCode;

use app::Error;

use super::Desk;
use crate::arguments::{BenchCommand, MatchBy};

/// `qingshan bench …`: the contracts of the shared benchmark; phases and figures as lines of JSON.
pub(super) fn run(desk: &Desk<'_>, args: &BenchCommand) -> Result<ExitCode, Error> {
    let outcome = match args {
        BenchCommand::Overlay {
            patches,
            zones,
            out,
        } => app::bench::overlay::run(patches, zones, out).map(|r| print(&r)),
        BenchCommand::Match {
            new,
            old,
            by: MatchBy::Distance,
            out,
        } => app::bench::matching::points(new, old, out).map(|r| print(&r)),
        BenchCommand::Match {
            new,
            old,
            by: MatchBy::Iou,
            out,
        } => app::bench::matching::iou(new, old, out).map(|r| print(&r)),
        BenchCommand::Import { ledger, out } => app::bench::import::import(ledger, out),
        BenchCommand::Export { rows, out } => app::bench::export::export(rows, out),
        BenchCommand::Judge { sheets, peer } => app::bench::judging::run(*sheets, peer.as_deref()),
        BenchCommand::Sites { count, from } => match from {
            Some(path) => app::bench::sites::run_from(desk.session()?, path),
            None => app::bench::sites::run(desk.session()?, *count),
        },
        BenchCommand::Issues { count } => app::bench::issues::run(desk.session()?, *count),
        BenchCommand::Suspicions { count } => app::bench::suspicions::run(desk.session()?, *count),
        BenchCommand::Log { entries, folder } => {
            let database = desk.arguments.database()?;
            app::bench::log::run(*entries, folder.as_deref(), database)
        }
    };
    outcome.map_err(Error::internal)?;
    Ok(ExitCode::SUCCESS)
}

/// What a workload counted, as one line of JSON.
fn print(report: &impl serde::Serialize) {
    println!("{}", serde_json::to_string(report).unwrap_or_default());
}
