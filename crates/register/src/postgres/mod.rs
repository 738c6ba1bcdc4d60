//! The register in a PostgreSQL database with PostGIS, shared by several machines.

mod projector;
mod rows;
mod schema;
mod verify;

use std::cell::{Cell, RefCell, RefMut};
use std::collections::HashMap;

use ::postgres::error::Severity;
use ::postgres::types::ToSql;
use ::postgres::{Client, Config, NoTls, Row, Statement};

use crate::address::DatabaseAddress;
use crate::backup::{CopyTo, copy_log};
use crate::constraints::refused;
use crate::error::Error;
use crate::geopackage;
use crate::home::Home;
use crate::store::Store;

/// Values of a statement.
type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

/// One connection.
///
/// It is used through `&self`, because views call back while they read; it is borrowed for a single statement at a
/// time, and rows are fetched in portions (see [`Db::each`]).
pub(crate) struct Db {
    address: DatabaseAddress,
    is_read_only: bool,
    client: RefCell<Option<Connected>>,
    /// Transactions and reads that are under way, one inside the other.
    depth: Cell<u32>,
}

struct Connected {
    client: Client,
    /// Statements by their text; the server plans each once.
    statements: HashMap<String, Statement>,
}

impl Connected {
    fn statement(&mut self, sql: &str) -> Result<Statement, ::postgres::Error> {
        if let Some(known) = self.statements.get(sql) {
            return Ok(known.clone());
        }
        let statement = self.client.prepare(sql)?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

/// For writing: what was acknowledged survives a power cut, whatever the database is set to.
const WRITING: &str = "SET synchronous_commit = on; SET lock_timeout = '60s';";
const READING: &str = "SET default_transaction_read_only = on;";

/// Bytes that a portion of rows should have; views keep no more than about this in memory.
const PORTION_BYTES: usize = 1 << 20;
const FIRST_PORTION: usize = 64;
const LARGEST_PORTION: usize = 4096;

impl Db {
    pub(crate) fn open(address: &DatabaseAddress) -> Result<Self, Error> {
        Self::connect(address, false)
    }

    pub(crate) fn open_read_only(address: &DatabaseAddress) -> Result<Self, Error> {
        Self::connect(address, true)
    }

    fn connect(address: &DatabaseAddress, is_read_only: bool) -> Result<Self, Error> {
        let db = Self {
            address: address.clone(),
            is_read_only,
            client: RefCell::new(None),
            depth: Cell::new(0),
        };
        drop(db.connected()?);
        Ok(db)
    }

    /// Whether somebody opened a register here.
    pub(crate) fn holds_a_register(&self) -> Result<bool, Error> {
        Ok(self.is_register()? && self.size()? > 0)
    }

    /// The connection. One that was lost is made anew, unless something is under way on it.
    fn connected(&self) -> Result<RefMut<'_, Connected>, Error> {
        let mut slot = self.client.borrow_mut();
        let is_lost = slot.as_ref().is_none_or(|c| c.client.is_closed());
        if is_lost && self.depth.get() == 0 {
            part_with(slot.take());
            *slot = Some(self.dial()?);
        }
        let lost = || Error::UnfitDatabase {
            reason: "the connection was lost".to_owned(),
        };
        RefMut::filter_map(slot, Option::as_mut)
            .ok()
            .ok_or_else(lost)
    }

    fn dial(&self) -> Result<Connected, Error> {
        let mut config: Config = self.address.config()?;
        if config.get_application_name().is_none() {
            config.application_name("qingshan");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(std::time::Duration::from_secs(15));
        }
        let mut client = config.connect(NoTls).map_err(refused("be reached"))?;
        let settings = if self.is_read_only { READING } else { WRITING };
        client
            .batch_execute(settings)
            .map_err(refused("be set up"))?;
        Ok(Connected {
            client,
            statements: HashMap::new(),
        })
    }

    fn query(
        &self,
        attempt: &'static str,
        sql: &str,
        values: Values<'_>,
    ) -> Result<Vec<Row>, Error> {
        let mut connected = self.connected()?;
        let statement = connected.statement(sql).map_err(refused(attempt))?;
        connected
            .client
            .query(&statement, values)
            .map_err(refused(attempt))
    }

    fn find(
        &self,
        attempt: &'static str,
        sql: &str,
        values: Values<'_>,
    ) -> Result<Option<Row>, Error> {
        Ok(self.query(attempt, sql, values)?.into_iter().next())
    }

    fn execute(&self, attempt: &'static str, sql: &str, values: Values<'_>) -> Result<(), Error> {
        let mut connected = self.connected()?;
        let statement = connected.statement(sql).map_err(refused(attempt))?;
        connected
            .client
            .execute(&statement, values)
            .map_err(refused(attempt))?;
        Ok(())
    }

    /// Runs statements that have no values, as they stand.
    fn run(&self, attempt: &'static str, sql: &str) -> Result<(), Error> {
        self.connected()?
            .client
            .batch_execute(sql)
            .map_err(refused(attempt))
    }

    /// Begins a transaction. Nothing is under way before it, so that a connection which is only now found lost is made
    /// anew once.
    fn begin(&self, sql: &str) -> Result<(), Error> {
        let Err(fault) = self.connected()?.client.batch_execute(sql) else {
            return Ok(());
        };
        let says = fault.as_db_error();
        if says.is_some_and(|e| e.parsed_severity() != Some(Severity::Fatal)) {
            return Err(refused("begin")(fault));
        }
        part_with(self.client.borrow_mut().take());
        self.run("begin", sql)
    }

    /// Calls `each` for every row, fetching portions of about a megabyte, so that memory is bounded and `each` may ask
    /// the same connection for more. All portions, and what `each` asks, show one state of the database.
    fn each<E: From<Error>>(
        &self,
        attempt: &'static str,
        sql: &str,
        values: Values<'_>,
        mut each: impl FnMut(&Row) -> Result<(), E>,
    ) -> Result<(), E> {
        let reading = Transaction::begin(self, BEGIN_READING)?;
        // Reads lie one inside the other; the cursor's name is its depth, so that the statement is planned once.
        let cursor = format!("rows_{}", self.depth.get());
        let declare = format!("DECLARE {cursor} NO SCROLL CURSOR FOR {sql}");
        self.execute(attempt, &declare, values)?;
        let read = self.portions(attempt, &cursor, &mut each);
        // Closed also when `each` has had enough: the transaction around may go on, and read at this depth again.
        let closed = self.run(attempt, &format!("CLOSE {cursor}"));
        read?;
        closed?;
        Ok(reading.commit()?)
    }

    fn portions<E: From<Error>>(
        &self,
        attempt: &'static str,
        cursor: &str,
        each: &mut impl FnMut(&Row) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut portion = FIRST_PORTION;
        loop {
            let rows = self.fetch(attempt, cursor, portion)?;
            rows.iter().try_for_each(&mut *each)?;
            if rows.len() < portion {
                return Ok(());
            }
            let bytes: usize = rows.iter().map(Row::raw_size_bytes).sum();
            let usual = (bytes / rows.len()).max(1);
            portion = (PORTION_BYTES / usual).clamp(1, LARGEST_PORTION);
        }
    }

    fn fetch(
        &self,
        attempt: &'static str,
        cursor: &str,
        portion: usize,
    ) -> Result<Vec<Row>, Error> {
        let sql = format!("FETCH FORWARD {portion} FROM {cursor}");
        let mut connected = self.connected()?;
        connected
            .client
            .query_typed(&sql, &[])
            .map_err(refused(attempt))
    }
}

/// A synchronous connection must not end on a thread that drives an asynchronous runtime; servers drop registers there.
fn part_with(connected: Option<Connected>) {
    if let Some(connected) = connected {
        // A thread that cannot be had leaves the connection to the server, which notices.
        let ended = std::thread::Builder::new().spawn(move || drop(connected));
        let _ = ended.map(std::thread::JoinHandle::join);
    }
}

impl Drop for Db {
    fn drop(&mut self) {
        part_with(self.client.get_mut().take());
    }
}

const BEGIN_READING: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ";
/// A verification makes temporary tables, which a reader of nothing else may do too.
const BEGIN_VERIFYING: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE";
/// What others committed before our turn came must be seen: no state is held from before the lock.
const BEGIN_WRITING: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

/// A transaction, or the one that is under way already.
struct Transaction<'a> {
    db: &'a Db,
    is_outermost: bool,
    is_ended: bool,
}

impl<'a> Transaction<'a> {
    fn begin(db: &'a Db, sql: &str) -> Result<Self, Error> {
        let is_outermost = db.depth.get() == 0;
        if is_outermost {
            db.begin(sql)?;
        }
        db.depth.set(db.depth.get() + 1);
        Ok(Self {
            db,
            is_outermost,
            is_ended: false,
        })
    }

    fn commit(mut self) -> Result<(), Error> {
        if self.is_outermost {
            self.db.run("commit", "COMMIT")?;
        }
        self.is_ended = true;
        Ok(())
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if self.is_outermost && !self.is_ended {
            // Should this fail, the connection is gone, and the transaction with it.
            let _ = self.db.run("roll back", "ROLLBACK");
        }
        self.db.depth.set(self.db.depth.get() - 1);
    }
}

impl CopyTo for Db {
    fn copy_to(&self, home: &Home) -> Result<(), Error> {
        let copy = geopackage::Db::create(home)?;
        self.reading(|| copy.writing(|| copy_log(self, &copy)))
    }
}
