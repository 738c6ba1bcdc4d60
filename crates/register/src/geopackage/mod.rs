//! The register in a GeoPackage: one SQLite file in WAL mode that QGIS reads while it is in use.

mod blob;
mod copy;
mod projector;
mod rows;
mod schema;
mod verify;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::constraints::failed;
use crate::error::Error;
use crate::home::Home;
pub(crate) use copy::count_rows;

/// One file.
pub(crate) struct Db(Connection);

/// An instant as GeoPackage writes it.
fn instant(at: Timestamp) -> String {
    format!("{at:.3}")
}

impl Db {
    /// The file of a new register, which may be there already.
    pub(crate) fn create(home: &Home) -> Result<Self, Error> {
        home.lay_out()?;
        connect_to_write(&home.database(), OpenFlags::SQLITE_OPEN_CREATE).map(Self)
    }

    pub(crate) fn open(home: &Home) -> Result<Self, Error> {
        check_is_there(home)?;
        connect_to_write(&home.database(), OpenFlags::empty()).map(Self)
    }

    pub(crate) fn open_read_only(home: &Home) -> Result<Self, Error> {
        check_is_there(home)?;
        connect(&home.database(), OpenFlags::SQLITE_OPEN_READ_ONLY).map(Self)
    }

    fn over(db: Connection) -> Self {
        Self(db)
    }

    /// Folder of the file.
    fn folder(&self) -> PathBuf {
        let file = self.0.path().map(PathBuf::from).unwrap_or_default();
        file.parent().map(Path::to_owned).unwrap_or_default()
    }

    fn transaction<T>(
        &self,
        behavior: TransactionBehavior,
        work: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let tx = Transaction::new_unchecked(&self.0, behavior).map_err(failed("begin"))?;
        let done = work()?;
        tx.commit().map_err(failed("commit"))?;
        Ok(done)
    }
}

fn check_is_there(home: &Home) -> Result<(), Error> {
    if home.database().is_file() {
        Ok(())
    } else {
        Err(Error::NotARegister(home.folder().to_owned()))
    }
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
