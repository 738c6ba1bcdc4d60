use std::process::ExitCode;

use app::Error;
use app::import::{BackgroundSaid, ImportKind, ImportRequest, RowAction, Staged};

use super::Desk;
use crate::arguments::Import;
use crate::output::Output;

/// `qingshan import KIND FILE`: stage, show, confirm, commit.
pub(super) fn run(desk: &Desk<'_>, args: &Import) -> Result<ExitCode, Error> {
    let mut session = desk.session()?;
    let request = request(args)?;
    let bar = desk.output.progress("progress.staging");
    let staged = session.stage(request)?;
    bar.finish_and_clear();
    if let Some(path) = &args.report {
        let file = super::create(path)?;
        session.marked_copy(&staged, file)?;
    }
    if let (Some(path), Some(text)) = (&args.save_mapping, staged.loaded.mapping_text()) {
        std::fs::write(path, text).map_err(|source| Error::Read {
            path: path.display().to_string(),
            source,
        })?;
    }
    show(desk, args, &staged);
    let is_stopped = staged.faults() > 0 && !args.leave_out_faulty;
    let appended = if args.dry_run || is_stopped || staged.entries.is_empty() {
        0
    } else if args.yes || desk.output.confirm("import.confirm") {
        let bar = desk.output.progress("progress.committing");
        let appended = session.commit(&staged)?;
        bar.finish_and_clear();
        appended
    } else {
        0
    };
    conclude(desk, args, &staged, is_stopped, appended);
    Ok(if is_stopped {
        ExitCode::from(1)
    } else {
        ExitCode::SUCCESS
    })
}

fn request(args: &Import) -> Result<ImportRequest, Error> {
    let kind: ImportKind = args.kind.parse()?;
    let mut request = ImportRequest::new(kind, &args.file);
    request.source_kind = args.source.clone();
    request.received_on = args.received_on;
    request.sender = args.sender.clone();
    request.document_number = args.document.clone();
    request.crs = args
        .crs
        .as_deref()
        .map(app::import::parse_crs)
        .transpose()?;
    request.layer = args.layer.clone();
    request.version_name = args.version_name.clone();
    request.valid_from = args.valid_from;
    request.approval = args.approval.clone();
    request.background = BackgroundSaid {
        kind: args.background_kind.clone(),
        name: args.background_name.clone(),
        code: args.background_code.clone(),
        data_source: args.data_source.clone(),
        review_number: args.review_number.clone(),
        dated_on: args.dated_on,
        label: args.label.clone(),
    };
    request.station = args.station.clone();
    if let Some(path) = &args.mapping {
        let read = std::fs::read_to_string(path);
        request.mapping = Some(read.map_err(|source| Error::Read {
            path: path.display().to_string(),
            source,
        })?);
    }
    Ok(request)
}

fn show(desk: &Desk<'_>, args: &Import, staged: &Staged) {
    let output = desk.output;
    if output.json {
        return;
    }
    let name = &staged.loaded.file_name;
    let records = staged.read().to_string();
    output.say("import.read", &[("file", name), ("records", &records)]);
    output.diagnostics(&staged.diagnostics);
    let counts = staged.preview.counts();
    let parts: Vec<String> = counts
        .iter()
        .filter(|(_, n)| *n > 0)
        .map(|(fate, n)| output.text(&format!("fate.{fate}"), &[("count", &n.to_string())]))
        .collect();
    output.say(
        "import.preview",
        &[("counts", &parts.join(&output.text("output.separator", &[])))],
    );
    if args.dry_run {
        list(desk, staged);
    }
}

/// Rows that the dry run lists; the counts above speak of all.
const LISTED: usize = 60;

/// The rows' fates, for the dry run.
fn list(desk: &Desk<'_>, staged: &Staged) {
    let output = desk.output;
    let headers =
        ["row", "title", "fate", "site"].map(|h| output.text(&format!("column.{h}"), &[]));
    let rows: Vec<Vec<String>> = staged
        .preview
        .rows
        .iter()
        .take(LISTED)
        .map(|row| {
            let (fate, site) = fate(output, &row.action);
            let fate = output.text(&format!("action.{fate}"), &[]);
            vec![row.number.to_string(), row.title.clone(), fate, site]
        })
        .collect();
    output.table(&headers, &rows);
    let more = staged.preview.rows.len().saturating_sub(LISTED);
    if more > 0 {
        output.say("import.more_rows", &[("count", &more.to_string())]);
    }
}

fn fate(output: &Output, action: &RowAction) -> (&'static str, String) {
    let words = |kind: &str, code: &str| output.text(&format!("{kind}.{code}"), &[]);
    match action {
        RowAction::NewSite { site_code } => ("new_site", site_code.clone()),
        RowAction::Linked { site_code, rule } => {
            ("linked", format!("{site_code}（{}）", words("rule", rule)))
        }
        RowAction::Recorded { site_code } => ("recorded", site_code.clone()),
        RowAction::Doubtful { candidates, .. } => ("doubtful", candidates.join(" / ")),
        RowAction::Screened { rule } => ("screened", words("screened", rule)),
        RowAction::Same => ("same", String::new()),
        RowAction::Refused => ("refused", String::new()),
        RowAction::Adopted { name } => ("adopted", name.clone()),
        RowAction::Patrolled { name } => ("patrolled", name.clone()),
    }
}

fn conclude(desk: &Desk<'_>, args: &Import, staged: &Staged, is_stopped: bool, appended: u64) {
    let output = desk.output;
    output.value(&serde_json::json!({
        "file": staged.loaded.file_name,
        "sha256": staged.loaded.sha256,
        "is_repeated": staged.is_repeated,
        "records": staged.read(),
        "counts": staged.preview.counts().into_iter().collect::<std::collections::BTreeMap<_, _>>(),
        "rows": staged.preview.rows,
        "diagnostics": staged.diagnostics,
        "entries": staged.entries.len(),
        "appended": appended,
        "is_stopped": is_stopped,
    }));
    let count = appended.to_string();
    let faults = staged.faults().to_string();
    match () {
        () if staged.is_repeated => output.say("import.repeated", &[]),
        () if is_stopped => output.say("import.stopped", &[("faults", &faults)]),
        () if staged.entries.is_empty() => output.say("import.nothing_new", &[]),
        () if args.dry_run => output.say(
            "import.dry_run",
            &[("entries", &staged.entries.len().to_string())],
        ),
        () if appended > 0 => output.say("import.done", &[("count", &count)]),
        () => output.say("import.not_done", &[]),
    }
    if let Some(path) = &args.report {
        output.say("import.report", &[("path", &path.display().to_string())]);
    }
}
