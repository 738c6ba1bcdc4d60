//! 存储 — what a database does for the register. Everything that both stores do alike is written once upon this.

use domain::as_of::AsOf;
use domain::ids::{ClueId, EntryId, SiteId, StreamId};
use jiff::Timestamp;

use crate::blobs::Blob;
use crate::check::VerifyReport;
use crate::error::Error;
use crate::projections::Writer;
use crate::schema::Schema;
use crate::tree::Tiles;
use crate::{EntryFilter, StoredEntry};

/// Which entries to read, and in which order.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Which<'a> {
    /// By position, those from `from` to before `to` whose stream stands in the range of names.
    Log {
        from: u64,
        to: u64,
        streams: Option<(&'a str, &'a str)>,
    },
    /// Those of all sites before position `to`, site by site, each in order of version.
    Sites { to: u64 },
    /// Those of one stream after a version, in order of version.
    Stream { stream: &'a StreamId, after: u64 },
    /// The one of this id.
    Id(EntryId),
}

/// In which order sites are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SiteOrder {
    /// By their ids, as their streams stand.
    ById,
    /// As they were registered, and as the database keeps them: what came together lies together.
    AsRegistered,
}

impl Which<'_> {
    pub(crate) const ALL: Self = Self::Log {
        from: 0,
        to: u64::MAX,
        streams: None,
    };
}

/// First position that a view surely does not see.
pub(crate) fn end_of(as_of: AsOf) -> u64 {
    match as_of {
        AsOf::LogSize(size) => size,
        _ => u64::MAX,
    }
}

/// Calls `work` with the entries a filter may let through.
pub(crate) fn which<T>(filter: &EntryFilter<'_>, work: impl FnOnce(Which<'_>) -> T) -> T {
    let (low, high) = filter.range();
    work(Which::Log {
        from: 0,
        to: end_of(filter.as_of),
        streams: low.as_deref().zip(high.as_deref()),
    })
}

/// A clue as the projection keeps it, with the entries it speaks of.
pub(crate) struct StoredClue<'a> {
    pub(crate) received: StoredEntry<'a>,
    pub(crate) screened: Option<StoredEntry<'a>>,
    pub(crate) site_id: Option<&'a str>,
    pub(crate) site_code: Option<&'a str>,
}

/// A database that keeps a register.
pub(crate) trait Store: Tiles + Sized {
    /// Writer of projections inside a transaction.
    type Projector<'a>: Writer
    where
        Self: 'a;

    /// Where it is, as people know it.
    fn place(&self) -> std::path::PathBuf;

    /// Lets `work` see one state of the database, whatever is appended meanwhile.
    fn reading<T>(&self, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error>;

    /// Keeps all that `work` writes or nothing; there is one writer at a time, others wait.
    fn writing<T>(&self, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error>;

    /// The SQL that makes its tables.
    fn schema(&self) -> &'static Schema;
    /// Whether the tables of a register are there.
    fn is_register(&self) -> Result<bool, Error>;
    /// What stands before the first migration: the list of migrations, and what the database asks for.
    fn prepare(&self) -> Result<(), Error>;
    fn run_script(&self, sql: &str) -> Result<(), Error>;
    fn newest_migration(&self) -> Result<u32, Error>;
    fn find_checksum(&self, version: u32) -> Result<Option<String>, Error>;
    fn note_migration(&self, version: u32, name: &str, checksum: &str) -> Result<(), Error>;
    /// Drops the projections' tables and makes them anew, empty, as of `at`.
    fn recreate_tables(&self, at: Timestamp) -> Result<(), Error>;
    fn projector(&self) -> Result<Self::Projector<'_>, Error>;

    /// Number of entries in the log.
    fn size(&self) -> Result<u64, Error>;
    /// Calls `each` for every entry asked for.
    fn scan<E: From<Error>>(
        &self,
        which: &Which<'_>,
        each: impl FnMut(StoredEntry<'_>) -> Result<(), E>,
    ) -> Result<(), E>;
    fn insert_entry(
        &self,
        entry: &StoredEntry<'_>,
        occurred_at: Timestamp,
        recorded_at: Timestamp,
    ) -> Result<(), Error>;
    /// Version a stream is at; 0 before its first entry.
    fn stream_version(&self, stream: &StreamId) -> Result<u64, Error>;
    fn set_stream_version(&self, stream: &StreamId, version: u64) -> Result<(), Error>;
    /// A stream whose noted version is not that of its entries, or whose versions have a gap.
    fn find_broken_stream(&self) -> Result<Option<String>, Error>;

    fn newest_checkpoint(&self) -> Result<Option<(u64, String)>, Error>;
    /// Calls `each` with size, root hash and note of every checkpoint, in the order they were signed.
    fn checkpoints(
        &self,
        each: impl FnMut(u64, &[u8], &[u8]) -> Result<(), Error>,
    ) -> Result<(), Error>;
    fn insert_checkpoint(&self, size: u64, root_hash: &[u8], note: &str) -> Result<(), Error>;

    /// Lists a blob that may be listed already.
    fn list_blob(&self, blob: &Blob) -> Result<(), Error>;
    /// Blobs listed, by name.
    fn listed_blobs(&self) -> Result<Vec<Blob>, Error>;

    /// Calls `each` with every stored dossier.
    fn stored_dossiers<E: From<Error>>(
        &self,
        order: SiteOrder,
        each: impl FnMut(&str) -> Result<(), E>,
    ) -> Result<(), E>;
    fn find_stored_dossier(&self, site: SiteId) -> Result<Option<String>, Error>;
    /// Calls `each` with the stored dossiers of the sites given, in their order; sites that are unknown are left out.
    fn stored_dossiers_of<E: From<Error>>(
        &self,
        sites: &[SiteId],
        each: impl FnMut(&str) -> Result<(), E>,
    ) -> Result<(), E>;
    /// The site a code belongs to; the earliest registered, should a code have been given twice.
    fn find_site_by_code(&self, site_code: &str) -> Result<Option<String>, Error>;
    /// Calls `each` with every stored clue, or with the one asked for, in the order they were received.
    fn stored_clues<E: From<Error>>(
        &self,
        only: Option<ClueId>,
        each: impl FnMut(StoredClue<'_>) -> Result<(), E>,
    ) -> Result<(), E>;

    /// Every table, index and trigger must be there as this program makes it.
    fn check_schema(&self, report: &mut VerifyReport) -> Result<(), Error>;
    /// Makes all projections anew beside the stored ones and compares them row by row.
    fn check_projections(&self, report: &mut VerifyReport) -> Result<(), Error>;
}
