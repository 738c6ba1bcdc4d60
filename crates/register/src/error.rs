//! What stops the register, named by what was attempted.

use std::io;
use std::path::{Path, PathBuf};

use domain::entry::RecordedEntry;
use domain::ids::{EntryId, StreamId};

/// 数据库驱动 — what the driver of one of the databases says.
#[derive(Debug, thiserror::Error)]
pub enum Driver {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error(transparent)]
    Postgres(#[from] postgres::Error),
}

/// What stops an operation on the register.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot {attempt} {}", .path.display())]
    File {
        attempt: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("the database would not {attempt}")]
    Database {
        attempt: &'static str,
        source: Driver,
    },
    /// A constraint of the database, the last guard, refused the row.
    #[error("constraint {constraint} refused the row ({code})")]
    Constraint {
        constraint: &'static str,
        code: &'static str,
        source: Driver,
    },
    /// `register.toml` is not as it must be; what it says is not repeated, it may hold a password.
    #[error("{} cannot be used: {reason}", .path.display())]
    Configuration { path: PathBuf, reason: String },
    #[error("this is no address of a database: {reason}")]
    DatabaseAddress { reason: String },
    /// The database lacks what a register needs.
    #[error("the database cannot keep a register: {reason}")]
    UnfitDatabase { reason: String },
    #[error("there is a register in {} already", .0.display())]
    AlreadyOpened(PathBuf),
    #[error("there is no register in {}", .0.display())]
    NotARegister(PathBuf),
    /// A newer program has changed the schema; this one must not touch it.
    #[error("schema {found} is newer than {known}, the newest this program knows")]
    NewerSchema { found: u32, known: u32 },
    #[error("migration {version} was applied with other contents")]
    AlteredMigration { version: u32 },
    /// The projections' tables are not those this program writes; opening for writing makes them anew.
    #[error("the projections were written by another version of the program")]
    OutdatedProjections,
    #[error("a node is named without spaces and without '+': {0:?}")]
    NodeName(String),
    #[error("the signing key of this node cannot be used: {reason}")]
    Key { reason: String },
    #[error("the register is open for reading only")]
    ReadOnly,
    /// An id names one entry for ever.
    #[error("entry {entry_id} is in the log at {seq} with other content")]
    SameIdOtherContent { entry_id: EntryId, seq: u64 },
    /// Another site bears the code; whoever numbered upon an older state numbers anew.
    #[error("site code {0} belongs to another site")]
    SiteCodeTaken(String),
    /// The stream moved on since the entry was made, in a way that its kind does not bear.
    #[error("stream {stream} is at version {current}, the entry was made upon {based_on}")]
    Stale {
        stream: StreamId,
        entry_id: EntryId,
        based_on: u64,
        current: u64,
        clashes: Vec<Clash>,
    },
    #[error(
        "stream {stream} is at version {current}; the entry names {based_on}, which is not there yet"
    )]
    AheadOfStream {
        stream: StreamId,
        based_on: u64,
        current: u64,
    },
    #[error("{what} {id} not found")]
    NotFound { what: &'static str, id: String },
    #[error("the log has {size} entries, not {asked}")]
    BeyondLog { asked: u64, size: u64 },
    #[error("the entry cannot be written as canonical JSON")]
    Encode { source: serde_json::Error },
    #[error("entry {seq} of the log cannot be read")]
    Unreadable { seq: u64, source: serde_json::Error },
    #[error("a stored copy ({what}) cannot be read; rebuild the projections")]
    UnreadableProjection {
        what: &'static str,
        source: serde_json::Error,
    },
    #[error("the blob is larger than {max} bytes")]
    BlobTooLarge { max: u64 },
    #[error("no blob {0:?}")]
    BlobMissing(String),
    #[error("the stored tree is damaged: {reason}")]
    Tree { reason: String },
    /// What was signed before cannot be reached from the log as it stands: nothing more is signed.
    #[error("the log contradicts the checkpoint signed at size {size}")]
    Forked { size: u64 },
    #[error("the copy differs from the register: {reason}")]
    CopyDiffers { reason: String },
}

/// What was appended meanwhile, and on which fields both sides speak.
#[derive(Debug, Clone, PartialEq)]
pub struct Clash {
    /// The entry of the other side.
    pub theirs: Box<RecordedEntry>,
    /// Fields that both state; empty where the kind is refused whatever was stated.
    pub fields: Vec<String>,
}

impl Error {
    /// What the text of its code speaks of, by name.
    pub fn args(&self) -> Vec<(&'static str, String)> {
        let shown = |path: &PathBuf| path.display().to_string();
        match self {
            Self::File { path, .. } | Self::AlreadyOpened(path) | Self::NotARegister(path) => {
                vec![("path", shown(path))]
            }
            Self::Database { attempt, .. } => vec![("attempt", (*attempt).to_owned())],
            Self::NewerSchema { found, known } => {
                vec![("found", found.to_string()), ("known", known.to_string())]
            }
            Self::AlteredMigration { version } => vec![("version", version.to_string())],
            Self::NodeName(node) => vec![("node", node.clone())],
            Self::SiteCodeTaken(code) => vec![("site_code", code.clone())],
            Self::Configuration { path, reason } => {
                vec![("path", shown(path)), ("reason", reason.clone())]
            }
            Self::DatabaseAddress { reason }
            | Self::UnfitDatabase { reason }
            | Self::Key { reason }
            | Self::Tree { reason }
            | Self::CopyDiffers { reason } => vec![("reason", reason.clone())],
            Self::SameIdOtherContent { entry_id, seq } => {
                vec![("entry_id", entry_id.to_string()), ("seq", seq.to_string())]
            }
            Self::Stale {
                based_on, current, ..
            }
            | Self::AheadOfStream {
                based_on, current, ..
            } => vec![
                ("based_on", based_on.to_string()),
                ("current", current.to_string()),
            ],
            Self::NotFound { what, id } => vec![("what", (*what).to_owned()), ("id", id.clone())],
            Self::BeyondLog { asked, size } => {
                vec![("asked", asked.to_string()), ("size", size.to_string())]
            }
            Self::Unreadable { seq, .. } => vec![("seq", seq.to_string())],
            Self::UnreadableProjection { what, .. } => vec![("what", (*what).to_owned())],
            Self::BlobTooLarge { max } => vec![("max", max.to_string())],
            Self::BlobMissing(sha256) => vec![("sha256", sha256.clone())],
            Self::Forked { size } => vec![("size", size.to_string())],
            Self::Constraint { .. }
            | Self::OutdatedProjections
            | Self::ReadOnly
            | Self::Encode { .. } => Vec::new(),
        }
    }

    /// Stable code, the key into `messages/<language>/register.toml`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "register.file",
            Self::Database { .. } => "register.database",
            Self::Constraint { code, .. } => code,
            Self::Configuration { .. } => "register.configuration",
            Self::DatabaseAddress { .. } => "register.database_address",
            Self::UnfitDatabase { .. } => "register.unfit_database",
            Self::AlreadyOpened(_) => "register.already_opened",
            Self::NotARegister(_) => "register.not_a_register",
            Self::NewerSchema { .. } => "register.newer_schema",
            Self::AlteredMigration { .. } => "register.altered_migration",
            Self::OutdatedProjections => "register.outdated_projections",
            Self::NodeName(_) => "register.node_name",
            Self::Key { .. } => "register.key",
            Self::ReadOnly => "register.read_only",
            Self::SameIdOtherContent { .. } => "register.same_id_other_content",
            Self::SiteCodeTaken(_) => "register.site_code_taken",
            Self::Stale { .. } => "register.stale",
            Self::AheadOfStream { .. } => "register.ahead_of_stream",
            Self::NotFound { .. } => "register.not_found",
            Self::BeyondLog { .. } => "register.beyond_log",
            Self::Encode { .. } => "register.encode",
            Self::Unreadable { .. } => "register.unreadable",
            Self::UnreadableProjection { .. } => "register.unreadable_projection",
            Self::BlobTooLarge { .. } => "register.blob_too_large",
            Self::BlobMissing(_) => "register.blob_missing",
            Self::Tree { .. } => "register.tree",
            Self::Forked { .. } => "register.forked",
            Self::CopyDiffers { .. } => "register.copy_differs",
        }
    }

    pub(crate) fn file(attempt: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File {
            attempt,
            path,
            source,
        }
    }

    pub(crate) fn tree(source: tlog_tiles::tlog::Error) -> Self {
        Self::Tree {
            reason: source.to_string(),
        }
    }
}
