//! 结构 — the numbered changes to the log's tables, and the tables of the projections.

use domain::as_of::AsOf;
use jiff::Timestamp;

use crate::canonical::sha256_hex;
use crate::error::Error;
use crate::projections;
use crate::store::Store;
use crate::{EntryFilter, views};

/// The SQL of one kind of database.
#[derive(Debug)]
pub(crate) struct Schema {
    /// Changes to the log's tables by number and name, never edited once released; the same in every database.
    pub(crate) migrations: &'static [(u32, &'static str, &'static str)],
    /// Tables of the projections as this program wants them; where others are found, they are made anew.
    pub(crate) projections: &'static str,
}

/// Position of the projections' checksum among the migrations.
const PROJECTIONS_VERSION: u32 = 0;

impl Schema {
    fn newest(&self) -> u32 {
        self.migrations.iter().map(|(v, ..)| *v).max().unwrap_or(0)
    }
}

/// Creates what is missing of the log's tables, after refusing what this program does not know.
pub(crate) fn migrate(store: &impl Store) -> Result<(), Error> {
    store.prepare()?;
    check(store)?;
    for (version, name, sql) in store.schema().migrations {
        if store.find_checksum(*version)?.is_none() {
            store.run_script(sql)?;
            store.note_migration(*version, name, &sha256_hex(sql.as_bytes()))?;
        }
    }
    Ok(())
}

/// Refuses what a newer program changed, or whose migrations were not these.
pub(crate) fn check(store: &impl Store) -> Result<(), Error> {
    let (known, found) = (store.schema().newest(), store.newest_migration()?);
    if found > known {
        return Err(Error::NewerSchema { found, known });
    }
    for (version, _, sql) in store.schema().migrations {
        match store.find_checksum(*version)? {
            Some(sum) if sum != sha256_hex(sql.as_bytes()) => {
                return Err(Error::AlteredMigration { version: *version });
            }
            _ => {}
        }
    }
    Ok(())
}

/// Migrates, and makes projections of another program anew. Where there is nothing to do, nobody has to wait for it.
pub(crate) fn bring_up_to_date(store: &impl Store) -> Result<(), Error> {
    let is_done = || -> Result<bool, Error> {
        Ok(store.newest_migration()? == store.schema().newest() && projections_are_current(store)?)
    };
    if is_done()? {
        return Ok(());
    }
    store.writing(|| {
        migrate(store)?;
        if projections_are_current(store)? {
            return Ok(());
        }
        rebuild(store)
    })
}

/// Whether the projections' tables are those this program writes.
pub(crate) fn projections_are_current(store: &impl Store) -> Result<bool, Error> {
    let sum = store.find_checksum(PROJECTIONS_VERSION)?;
    Ok(sum.is_some_and(|sum| sum == sha256_hex(store.schema().projections.as_bytes())))
}

/// Drops all projections and makes them anew, empty, as of `at`.
pub(crate) fn recreate_projections(store: &impl Store, at: Timestamp) -> Result<(), Error> {
    store.recreate_tables(at)?;
    let sum = sha256_hex(store.schema().projections.as_bytes());
    store.note_migration(PROJECTIONS_VERSION, "projections", &sum)
}

/// Drops all projections and makes them anew from the entries.
pub(crate) fn rebuild(store: &impl Store) -> Result<(), Error> {
    recreate_projections(store, opened_at(store)?)?;
    projections::replay(store, store.projector()?)
}

/// When the log took its first entry; tables made anew say so until something is written to them.
pub(crate) fn opened_at(store: &impl Store) -> Result<Timestamp, Error> {
    let mut at = Timestamp::UNIX_EPOCH;
    let first = EntryFilter {
        as_of: AsOf::LogSize(1),
        ..EntryFilter::default()
    };
    views::entries(store, &first, |entry| {
        at = entry.recorded_at;
        Ok::<(), Error>(())
    })?;
    Ok(at)
}
