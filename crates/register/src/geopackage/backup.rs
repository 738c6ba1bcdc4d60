//! A copy made while the register is in use, and the drill that proves it can be restored.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::{GeoPackage, newest_checkpoint};
use crate::blobs::BlobFolder;
use crate::check::BackupReport;
use crate::constraints::failed;
use crate::error::Error;
use crate::home::Home;
use crate::publish;

/// Pages copied at a time; between two steps others may write.
const PAGES_A_STEP: i32 = 1024;

impl GeoPackage {
    pub(crate) fn backup(&self, to: &Path, with_key: bool) -> Result<BackupReport, Error> {
        let is_taken = fs::read_dir(to).is_ok_and(|mut entries| entries.next().is_some());
        if is_taken {
            return Err(Error::AlreadyOpened(to.to_owned()));
        }
        let home = Home::new(to);
        home.lay_out()?;
        self.copy_database(&home.database())?;
        if with_key {
            let key = home.key();
            fs::copy(self.home.key(), &key)
                .map_err(Error::file("copy the signing key to", &key))?;
        }
        let copy = Self::open_read_only(to)?;
        let blobs = self.copy_blobs(&copy)?;
        if let Some((size, note)) = newest_checkpoint(&copy.db)? {
            publish::publish(&home.log(), &copy, 0, size, &note)?;
        }
        self.drill(&copy, blobs, with_key)
    }

    fn copy_database(&self, path: &Path) -> Result<(), Error> {
        let mut copy = Connection::open(path).map_err(failed("open the copy"))?;
        let backup = Backup::new(&self.db, &mut copy).map_err(failed("begin the copy"))?;
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

    /// Copies the blobs the copied database lists, hashing each on the way.
    fn copy_blobs(&self, copy: &Self) -> Result<u64, Error> {
        let (from, to): (BlobFolder, BlobFolder) = (self.blobs(), copy.blobs());
        let names = listed(&copy.db)?;
        for name in &names {
            let copied = to.put(&mut from.open(name)?, u64::MAX)?;
            if copied.sha256 != *name {
                return Err(Error::CopyDiffers {
                    reason: format!("blob {name} was altered"),
                });
            }
        }
        Ok(names.len() as u64)
    }

    /// Opens the copy as a register of its own, verifies it, and compares its root with what this log says.
    fn drill(&self, copy: &Self, blobs: u64, has_key: bool) -> Result<BackupReport, Error> {
        let drill = copy.verify()?;
        let head = drill.head;
        if self.root_at(head.size)? != head.root_hash {
            return Err(Error::CopyDiffers {
                reason: format!("other root hash at size {}", head.size),
            });
        }
        let count = |table: &str| {
            let sql = format!("SELECT count(*) FROM {table}");
            copy.db
                .query_row(&sql, [], |row| row.get::<_, i64>(0))
                .map_err(failed("count the copy"))
        };
        let (sites, clues) = (
            count("sites")?.unsigned_abs(),
            count("clues")?.unsigned_abs(),
        );
        Ok(BackupReport {
            head,
            blobs,
            sites,
            clues,
            has_key,
            drill,
        })
    }
}

fn listed(db: &Connection) -> Result<Vec<String>, Error> {
    let mut select = db
        .prepare("SELECT sha256 FROM blobs ORDER BY blob_id")
        .map_err(failed("list the blobs"))?;
    let rows = select.query_map([], |row| row.get(0));
    rows.and_then(Iterator::collect)
        .map_err(failed("list the blobs"))
}
