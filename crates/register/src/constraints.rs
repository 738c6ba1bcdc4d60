//! Named constraints: the database is the last guard, and what it refuses has a code people can look up.

use crate::error::{Driver, Error};

/// 约束 — one constraint of the schema, by the name both databases give it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Constraint {
    pub name: &'static str,
    pub table: &'static str,
    /// Columns, as SQLite names them when a UNIQUE is broken.
    pub columns: &'static [&'static str],
    /// Problem code, the key into `messages/`.
    pub code: &'static str,
}

const fn row(
    name: &'static str,
    table: &'static str,
    columns: &'static [&'static str],
    code: &'static str,
) -> Constraint {
    Constraint {
        name,
        table,
        columns,
        code,
    }
}

/// Every constraint of the schema.
pub const CONSTRAINTS: &[Constraint] = &[
    row(
        "entries_seq_not_negative",
        "entries",
        &["seq"],
        "register.constraint.entry_form",
    ),
    row(
        "entries_version_positive",
        "entries",
        &["version"],
        "register.constraint.entry_form",
    ),
    row(
        "entries_leaf_hash_length",
        "entries",
        &["leaf_hash"],
        "register.constraint.entry_form",
    ),
    row(
        "entries_entry_id_once",
        "entries",
        &["entry_id"],
        "register.constraint.entry_id_taken",
    ),
    row(
        "entries_stream_version_once",
        "entries",
        &["stream", "version"],
        "register.constraint.stream_moved_on",
    ),
    row(
        "entries.append_only",
        "entries",
        &[],
        "register.constraint.append_only",
    ),
    row(
        "streams_stream_once",
        "streams",
        &["stream"],
        "register.constraint.stream_moved_on",
    ),
    row(
        "log_tiles_hashes_length",
        "log_tiles",
        &["hashes"],
        "register.constraint.log_form",
    ),
    row(
        "checkpoints_root_hash_length",
        "checkpoints",
        &["root_hash"],
        "register.constraint.log_form",
    ),
    row(
        "blobs_sha256_form",
        "blobs",
        &["sha256"],
        "register.constraint.blob_form",
    ),
    row(
        "blobs_size_not_negative",
        "blobs",
        &["size_bytes"],
        "register.constraint.blob_form",
    ),
    row(
        "blobs_sha256_once",
        "blobs",
        &["sha256"],
        "register.constraint.blob_taken",
    ),
    row(
        "blobs.append_only",
        "blobs",
        &[],
        "register.constraint.append_only",
    ),
    row(
        "sites_site_id_once",
        "sites",
        &["site_id"],
        "register.constraint.site_id_taken",
    ),
    row(
        "clues_clue_id_once",
        "clues",
        &["clue_id"],
        "register.constraint.clue_id_taken",
    ),
];

/// The constraint that a message of SQLite speaks of: it names a CHECK and our own triggers, and for a UNIQUE the
/// columns.
fn broken_by(message: &str) -> Option<&'static Constraint> {
    if let Some(columns) = message.strip_prefix("UNIQUE constraint failed: ") {
        return CONSTRAINTS.iter().find(|c| qualified(c) == columns);
    }
    let name = message
        .strip_prefix("CHECK constraint failed: ")
        .unwrap_or(message);
    CONSTRAINTS.iter().find(|c| c.name == name)
}

fn qualified(constraint: &Constraint) -> String {
    let columns: Vec<String> = constraint
        .columns
        .iter()
        .map(|c| format!("{}.{c}", constraint.table))
        .collect();
    columns.join(", ")
}

/// What a failed statement of SQLite means: a named constraint, or the database's own trouble.
pub(crate) fn failed(attempt: &'static str) -> impl FnOnce(rusqlite::Error) -> Error {
    move |source| {
        let broken = match &source {
            rusqlite::Error::SqliteFailure(_, Some(message)) => broken_by(message),
            _ => None,
        };
        error(attempt, broken, source.into())
    }
}

/// What a failed statement of PostgreSQL means; it names the constraint, and our triggers name theirs.
pub(crate) fn refused(attempt: &'static str) -> impl FnOnce(postgres::Error) -> Error {
    move |source| {
        let name = source.as_db_error().and_then(|e| e.constraint());
        let broken = name.and_then(|name| CONSTRAINTS.iter().find(|c| c.name == name));
        error(attempt, broken, source.into())
    }
}

fn error(attempt: &'static str, broken: Option<&'static Constraint>, source: Driver) -> Error {
    match broken {
        Some(c) => Error::Constraint {
            constraint: c.name,
            code: c.code,
            source,
        },
        None => Error::Database { attempt, source },
    }
}
