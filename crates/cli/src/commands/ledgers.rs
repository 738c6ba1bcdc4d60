use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::process::ExitCode;

use app::{AsOf, Error, LedgerDrawn, LedgerScope, LedgerView, Session};

use super::Desk;
use crate::arguments::{Diff, Ledger, Scope, View};

impl View {
    fn ledger(self) -> LedgerView {
        match self {
            Self::Sites => LedgerView::Sites,
            Self::Focal => LedgerView::Focal,
            Self::Verified => LedgerView::Verified,
        }
    }
}

/// The scope named on the command line; nothing named means all that the post may see.
pub(super) fn scope(session: &Session, scope: &Scope) -> Result<LedgerScope, Error> {
    session.ledger_scope(scope.station.as_deref(), scope.lead.as_deref())
}

/// A day, a log size or `now`.
pub(super) fn as_of(text: &str) -> Result<AsOf, Error> {
    app::parse_as_of(text)
}

/// `qingshan ledger VIEW`.
pub(super) fn run(desk: &Desk<'_>, args: &Ledger) -> Result<ExitCode, Error> {
    let mut session = desk.session()?;
    let scope = scope(&session, &args.scope)?;
    let as_of = as_of(&args.as_of)?;
    let drawn = session.draw_ledger(args.view.ledger(), &scope, as_of)?;
    let drawn = if args.full_names {
        drawn
    } else {
        drawn.masked()?
    };
    match &args.out {
        Some(path) => {
            let format = write(&session, &drawn, path, desk)?;
            session.record_export(&drawn, &format)?;
        }
        None => list(desk, &drawn),
    }
    desk.output.value(&drawn);
    let size = drawn.log_size.to_string();
    let rows = drawn.rows.len().to_string();
    let path = args
        .out
        .as_ref()
        .map_or(String::new(), |p| p.display().to_string());
    let code = if args.out.is_some() {
        "ledger.written"
    } else {
        "ledger.drawn"
    };
    let fill = [
        ("title", drawn.title.as_str()),
        ("scope", &drawn.scope_label),
        ("as_of", &session.told_day(as_of)),
        ("rows", &rows),
        ("path", &path),
        ("log_size", &size),
        ("root_hash", &drawn.root_hash),
        ("sha256", &drawn.rows_sha256),
    ];
    desk.output.say(code, &fill);
    Ok(ExitCode::SUCCESS)
}

fn write(
    session: &Session,
    drawn: &LedgerDrawn,
    path: &Path,
    desk: &Desk<'_>,
) -> Result<String, Error> {
    let extension = path
        .extension()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    let create = || {
        let made = File::create(path).map(BufWriter::new);
        made.map_err(|source| Error::Read {
            path: path.display().to_string(),
            source,
        })
    };
    match extension.as_str() {
        "xlsx" => session.ledger_xlsx(drawn, create()?).map(|_| ())?,
        "csv" => session.ledger_csv(drawn, create()?).map(|_| ())?,
        _ => session.ledger_layer(drawn, path, desk.now)?,
    }
    Ok(extension)
}

/// On the screen: the columns that tell rows apart; the file has all.
fn list(desk: &Desk<'_>, drawn: &LedgerDrawn) {
    let wanted = [
        "index",
        "site_code",
        "facility_name",
        "activity_label",
        "zone_label",
        "station",
        "has_issue",
        "state",
    ];
    let columns: Vec<_> = drawn
        .template
        .columns
        .iter()
        .filter(|c| wanted.contains(&c.key.as_str()))
        .collect();
    let headers: Vec<String> = columns.iter().map(|c| c.header.clone()).collect();
    let cell = |row: &app::LedgerRow, key: &str| {
        row.cells.get(key).map(app::Cell::text).unwrap_or_default()
    };
    let rows: Vec<Vec<String>> = drawn
        .rows
        .iter()
        .map(|row| columns.iter().map(|c| cell(row, &c.key)).collect())
        .collect();
    desk.output.table(&headers, &rows);
}

/// `qingshan diff VIEW --from --to`.
pub(super) fn diff(desk: &Desk<'_>, args: &Diff) -> Result<ExitCode, Error> {
    let session = desk.session()?;
    let scope = scope(&session, &args.scope)?;
    let difference = session.diff_ledger(
        args.view.ledger(),
        &scope,
        as_of(&args.from)?,
        as_of(&args.to)?,
    )?;
    desk.output.value(&difference);
    let counts = [
        difference.added.len(),
        difference.removed.len(),
        difference.changed.len(),
    ]
    .map(|n| n.to_string());
    let fill = [
        ("added", counts[0].as_str()),
        ("removed", &counts[1]),
        ("changed", &counts[2]),
    ];
    desk.output.say("diff.summary", &fill);
    for (rows, line) in [
        (&difference.added, "diff.added"),
        (&difference.removed, "diff.removed"),
    ] {
        for row in rows {
            let name = row
                .cells
                .get("facility_name")
                .map_or(String::new(), app::Cell::text);
            desk.output
                .say(line, &[("code", &row.site_code), ("name", &name)]);
        }
    }
    let headers = session.ledger_headers(args.view.ledger());
    let blank = desk.output.text("word.blank", &[]);
    for row in &difference.changed {
        let shown = |cell: &app::Cell| match cell.text() {
            text if text.is_empty() => blank.clone(),
            text => text,
        };
        let texts: Vec<String> = row
            .changes
            .iter()
            .map(|(key, old, new)| {
                let header = headers.get(key.as_str()).map_or(key.as_str(), |h| h);
                format!("{header} {} → {}", shown(old), shown(new))
            })
            .collect();
        desk.output.say(
            "diff.changed",
            &[("code", &row.site_code), ("changes", &texts.join("；"))],
        );
    }
    Ok(ExitCode::SUCCESS)
}
