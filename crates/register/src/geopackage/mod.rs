//! The register in a GeoPackage: one SQLite file in WAL mode, beside it blobs, the published log and the key.

mod backup;
mod blob;
mod log_store;
mod projector;
mod reads;
mod schema;
mod verify;

use std::path::Path;

use domain::as_of::AsOf;
use domain::dossier::Dossier;
use domain::entries::RegisterOpened;
use domain::entry::{Entry, EntryBody, RecordedEntry};
use domain::ids::{ClueId, EntryId, SiteId, StreamId};
use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior, params};

use crate::blobs::{Blob, BlobFolder};
use crate::clue::Clue;
use crate::constraints::failed;
use crate::error::Error;
use crate::home::Home;
use crate::key::{self, NodeKey};
use crate::publish::{self, LogSource};
use crate::tree::{self, TileHashes, Tiles};
use crate::{EntryFilter, Head, Opening, Receipt, StoredEntry, canonical};
use log_store::DbTiles;

/// The register in one folder.
pub struct GeoPackage {
    home: Home,
    db: Connection,
    key: Option<NodeKey>,
    opened: RegisterOpened,
    is_read_only: bool,
}

impl std::fmt::Debug for GeoPackage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GeoPackage")
            .field("home", &self.home)
            .field("node", &self.opened.node)
            .finish_non_exhaustive()
    }
}

/// An instant as GeoPackage writes it.
fn instant(at: Timestamp) -> String {
    format!("{at:.3}")
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, Error> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).map_err(failed("open the file"))?;
    db.busy_timeout(std::time::Duration::from_secs(30))
        .map_err(failed("wait its turn"))?;
    db.set_prepared_statement_cache_capacity(128);
    blob::register_functions(&db)?;
    Ok(db)
}

fn connect_to_write(path: &Path, flags: OpenFlags) -> Result<Connection, Error> {
    let db = connect(path, flags | OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // FULL: what was acknowledged survives a power cut.
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;
         PRAGMA wal_autocheckpoint = 8000; PRAGMA temp_store = MEMORY;",
    )
    .map_err(failed("be set up for writing"))?;
    // Triggers are for other programs. This connection keeps the R-trees itself (see Projector) and only appends;
    // that it does both right is what verify() proves, which makes the projections anew with the triggers on.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)
        .map_err(failed("be set up for writing"))?;
    Ok(db)
}

impl GeoPackage {
    /// Creates a register and appends its first entry. What a crash left half-made is finished.
    pub(crate) fn create(folder: &Path, opening: &Opening) -> Result<Self, Error> {
        let home = Home::new(folder);
        home.lay_out()?;
        let verifier_key = key::ensure(&home.key(), &opening.node)?;
        let mut db = connect_to_write(&home.database(), OpenFlags::SQLITE_OPEN_CREATE)?;
        let tx = db
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed("begin"))?;
        schema::migrate(&tx)?;
        if log_store::size(&tx)? > 0 {
            return Err(Error::AlreadyOpened(folder.to_owned()));
        }
        schema::recreate_projections(&tx, opening.opened_at)?;
        let key = key::find(&home.key(), &opening.node)?.ok_or_else(no_key)?;
        let entry = opening.entry(verifier_key);
        log_store::append(&tx, &key, &opening.node, &[entry], opening.opened_at)?;
        tx.commit().map_err(failed("commit"))?;
        drop(db);
        Self::open(folder)
    }

    /// Opens a register for reading and writing; brings projections and published log up to date.
    pub(crate) fn open(folder: &Path) -> Result<Self, Error> {
        let home = existing(folder)?;
        let mut db = connect_to_write(&home.database(), OpenFlags::empty())?;
        let opened = first_entry(&db, folder)?;
        let key = key::find(&home.key(), &opened.node)?;
        bring_up_to_date(&mut db)?;
        let register = Self {
            home,
            db,
            key,
            opened,
            is_read_only: false,
        };
        if register.key.is_some() {
            register.check_published()?;
            register.publish();
        }
        Ok(register)
    }

    /// Opens a register for reading; the file may be written by another process meanwhile.
    pub(crate) fn open_read_only(folder: &Path) -> Result<Self, Error> {
        let home = existing(folder)?;
        let db = connect(&home.database(), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let opened = first_entry(&db, folder)?;
        if !schema::projections_are_current(&db)? {
            return Err(Error::OutdatedProjections);
        }
        Ok(Self {
            home,
            db,
            key: None,
            opened,
            is_read_only: true,
        })
    }

    pub(crate) fn opened(&self) -> &RegisterOpened {
        &self.opened
    }

    pub(crate) fn folder(&self) -> &Path {
        self.home.folder()
    }

    /// Appends all entries or none.
    pub(crate) fn append(
        &mut self,
        entries: &[Entry],
        recorded_at: Timestamp,
    ) -> Result<Vec<Receipt>, Error> {
        if self.is_read_only {
            return Err(Error::ReadOnly);
        }
        let tx = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed("begin"))?;
        let key = self.key.as_ref().ok_or_else(no_key)?;
        let receipts = log_store::append(&tx, key, &self.opened.node, entries, recorded_at)?;
        tx.commit().map_err(failed("commit"))?;
        if receipts.iter().any(|receipt| receipt.is_new) {
            self.publish();
        }
        Ok(receipts)
    }

    /// What was published must be reachable from the log as it stands, or nothing more is signed.
    fn check_published(&self) -> Result<(), Error> {
        let Some((size, root)) = publish::published(&self.home.log(), &self.opened.verifier_key)
        else {
            return Ok(());
        };
        let is_reachable =
            size <= log_store::size(&self.db)? && tree::root(size, &DbTiles(&self.db))? == root;
        if is_reachable {
            Ok(())
        } else {
            Err(Error::Forked { size })
        }
    }

    /// Brings `log/` up to the newest checkpoint. The commit stands whether this works or not: it is made up for at
    /// the next append or opening.
    fn publish(&self) {
        if let Err(error) = self.try_publish() {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the log folder could not be brought up to date"
            );
        }
    }

    fn try_publish(&self) -> Result<(), Error> {
        let Some((size, note)) = newest_checkpoint(&self.db)? else {
            return Ok(());
        };
        let published = publish::published(&self.home.log(), &self.opened.verifier_key)
            .map_or(0, |(size, _)| size);
        if published >= size {
            return Ok(());
        }
        publish::publish(&self.home.log(), self, published, size, &note)
    }

    pub(crate) fn checkpoint(&self) -> Result<String, Error> {
        let newest = newest_checkpoint(&self.db)?;
        newest.map(|(_, note)| note).ok_or_else(|| Error::Tree {
            reason: "there is no checkpoint".to_owned(),
        })
    }

    pub(crate) fn head(&self) -> Result<Head, Error> {
        log_store::head(&self.db)
    }

    pub(crate) fn root_at(&self, size: u64) -> Result<[u8; 32], Error> {
        self.within_log(size)?;
        Ok(tree::root(size, &DbTiles(&self.db))?.0)
    }

    fn within_log(&self, asked: u64) -> Result<(), Error> {
        let size = log_store::size(&self.db)?;
        if asked <= size {
            Ok(())
        } else {
            Err(Error::BeyondLog { asked, size })
        }
    }

    pub(crate) fn inclusion_proof(&self, seq: u64, size: u64) -> Result<Vec<[u8; 32]>, Error> {
        self.within_log(size)?;
        if seq >= size {
            return Err(Error::BeyondLog { asked: seq, size });
        }
        let proof = tlog_tiles::tlog::prove_record(size, seq, &TileHashes::new(&DbTiles(&self.db)));
        Ok(proof
            .map_err(Error::tree)?
            .into_iter()
            .map(|hash| hash.0)
            .collect())
    }

    pub(crate) fn consistency_proof(&self, old: u64, new: u64) -> Result<Vec<[u8; 32]>, Error> {
        self.within_log(new)?;
        if old > new {
            return Err(Error::BeyondLog {
                asked: old,
                size: new,
            });
        }
        if old == 0 || old == new {
            return Ok(Vec::new());
        }
        let proof = tlog_tiles::tlog::prove_tree(new, old, &TileHashes::new(&DbTiles(&self.db)));
        Ok(proof
            .map_err(Error::tree)?
            .into_iter()
            .map(|hash| hash.0)
            .collect())
    }

    pub(crate) fn entries<E: From<Error>>(
        &self,
        filter: &EntryFilter<'_>,
        each: impl FnMut(RecordedEntry) -> Result<(), E>,
    ) -> Result<(), E> {
        reads::entries(&self.db, filter, each)
    }

    pub(crate) fn stored_entries<E: From<Error>>(
        &self,
        from: u64,
        to: u64,
        each: impl FnMut(StoredEntry<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        reads::stored_entries(&self.db, from, to, each)
    }

    pub(crate) fn load_stream(&self, stream: &StreamId) -> Result<Vec<RecordedEntry>, Error> {
        Ok(reads::load_stream(&self.db, stream)?.0)
    }

    pub(crate) fn stream_version(&self, stream: &StreamId) -> Result<u64, Error> {
        reads::stream_version(&self.db, stream)
    }

    pub(crate) fn find_entry(&self, id: EntryId) -> Result<Option<RecordedEntry>, Error> {
        reads::find_entry(&self.db, id)
    }

    pub(crate) fn dossiers<E: From<Error>>(
        &self,
        as_of: AsOf,
        each: impl FnMut(Dossier) -> Result<(), E>,
    ) -> Result<(), E> {
        reads::dossiers(&self.db, as_of, each)
    }

    pub(crate) fn find_dossier(&self, site: SiteId, as_of: AsOf) -> Result<Option<Dossier>, Error> {
        reads::find_dossier(&self.db, site, as_of)
    }

    pub(crate) fn find_site_by_code(&self, site_code: &str) -> Result<Option<SiteId>, Error> {
        reads::find_site_by_code(&self.db, site_code)
    }

    pub(crate) fn clues<E: From<Error>>(
        &self,
        as_of: AsOf,
        each: impl FnMut(Clue) -> Result<(), E>,
    ) -> Result<(), E> {
        reads::clues(&self.db, as_of, each)
    }

    pub(crate) fn find_clue(&self, clue: ClueId) -> Result<Option<Clue>, Error> {
        reads::find_clue(&self.db, clue)
    }

    pub(crate) fn put_blob(
        &mut self,
        content: &mut impl std::io::Read,
        max: u64,
    ) -> Result<Blob, Error> {
        if self.is_read_only {
            return Err(Error::ReadOnly);
        }
        let blob = self.blobs().put(content, max)?;
        self.db
            .prepare_cached(
                "INSERT INTO blobs (sha256, size_bytes)
                 SELECT ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM blobs WHERE sha256 = ?1)",
            )
            .and_then(|mut insert| {
                insert.execute(params![blob.sha256, blob.size_bytes.cast_signed()])
            })
            .map_err(failed("list the blob"))?;
        Ok(blob)
    }

    pub(crate) fn open_blob(&self, sha256: &str) -> Result<std::fs::File, Error> {
        self.blobs().open(sha256)
    }

    fn blobs(&self) -> BlobFolder {
        BlobFolder::new(self.home.blobs())
    }

    /// Drops the projections and makes them anew from the entries.
    pub(crate) fn rebuild(&mut self) -> Result<(), Error> {
        if self.is_read_only {
            return Err(Error::ReadOnly);
        }
        let tx = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed("begin"))?;
        rebuild(&tx, &tx)?;
        tx.commit().map_err(failed("commit"))
    }
}

fn no_key() -> Error {
    Error::Key {
        reason: "keys/node.key is not there".to_owned(),
    }
}

fn existing(folder: &Path) -> Result<Home, Error> {
    let home = Home::new(folder);
    if home.database().is_file() {
        Ok(home)
    } else {
        Err(Error::NotARegister(folder.to_owned()))
    }
}

fn first_entry(db: &Connection, folder: &Path) -> Result<RegisterOpened, Error> {
    let is_register: bool = db
        .query_row(
            "SELECT count(*) = 2 FROM sqlite_schema WHERE name IN ('entries', 'schema_migrations')",
            [],
            |row| row.get(0),
        )
        .map_err(failed("say what it is"))?;
    if !is_register {
        return Err(Error::NotARegister(folder.to_owned()));
    }
    schema::check(db)?;
    let mut opened = None;
    let filter = EntryFilter {
        as_of: AsOf::LogSize(1),
        ..EntryFilter::default()
    };
    reads::entries(db, &filter, |entry| {
        if let EntryBody::RegisterOpened(body) = entry.entry.body {
            opened = Some(*body);
        }
        Ok::<(), Error>(())
    })?;
    opened.ok_or_else(|| Error::NotARegister(folder.to_owned()))
}

fn bring_up_to_date(db: &mut Connection) -> Result<(), Error> {
    let tx = db
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed("begin"))?;
    schema::migrate(&tx)?;
    if !schema::projections_are_current(&tx)? {
        rebuild(&tx, &tx)?;
    }
    tx.commit().map_err(failed("commit"))
}

/// Makes the projections of the log in `log` anew in `target`, which may be the same database.
fn rebuild(log: &Connection, target: &Connection) -> Result<(), Error> {
    let mut opened_at = Timestamp::UNIX_EPOCH;
    let first = EntryFilter {
        as_of: AsOf::LogSize(1),
        ..EntryFilter::default()
    };
    reads::entries(log, &first, |entry| {
        opened_at = entry.recorded_at;
        Ok::<(), Error>(())
    })?;
    schema::recreate_projections(target, opened_at)?;
    log_store::replay(log, target)
}

fn newest_checkpoint(db: &Connection) -> Result<Option<(u64, String)>, Error> {
    db.prepare_cached("SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT 1")
        .and_then(|mut select| {
            select
                .query_row([], |row| {
                    Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get(1)?))
                })
                .optional()
        })
        .map_err(failed("read the checkpoint"))
}

impl LogSource for GeoPackage {
    fn tile(&self, level: u8, index: u64) -> Result<Vec<u8>, Error> {
        DbTiles(&self.db).load_tile(level, index)
    }

    fn leaves(&self, from: u64, to: u64, each: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        reads::stored_entries(&self.db, from, to, |entry| {
            let no_id = |e| Error::Tree {
                reason: format!("entry {}: {e}", entry.seq),
            };
            let id = entry.entry_id.parse().map_err(no_id)?;
            each(&canonical::leaf(entry.seq, id, entry.canonical)?);
            Ok(())
        })
    }
}
