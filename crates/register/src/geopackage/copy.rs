//! Copying the file page by page while it is in use.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::Db;
use crate::backup::CopyTo;
use crate::constraints::failed;
use crate::error::Error;
use crate::home::Home;

/// Pages copied at a time; between two steps others may write.
const PAGES_A_STEP: i32 = 1024;

impl CopyTo for Db {
    fn copy_to(&self, home: &Home) -> Result<(), Error> {
        copy_pages(&self.0, &home.database())
    }
}

fn copy_pages(from: &Connection, to: &Path) -> Result<(), Error> {
    let mut copy = Connection::open(to).map_err(failed("open the copy"))?;
    let backup = Backup::new(from, &mut copy).map_err(failed("begin the copy"))?;
    loop {
        match backup
            .step(PAGES_A_STEP)
            .map_err(failed("copy its pages"))?
        {
            StepResult::Done => break,
            StepResult::More => {}
            // Another process is writing: the copy goes on when it is done.
            _ => std::thread::sleep(Duration::from_millis(20)),
        }
    }
    drop(backup);
    copy.close()
        .map_err(|(_, source)| failed("close the copy")(source))
}

/// Rows of a projection.
pub(crate) fn count_rows(db: &Db, table: &str) -> Result<u64, Error> {
    let sql = format!("SELECT count(*) FROM {table}");
    let count: i64 =
        db.0.query_row(&sql, [], |row| row.get(0))
            .map_err(failed("count the copy"))?;
    Ok(count.unsigned_abs())
}
