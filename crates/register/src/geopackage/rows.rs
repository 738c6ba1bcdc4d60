//! The rows of a GeoPackage, one statement each.

use std::path::PathBuf;

use domain::ids::{ClueId, SiteId, StreamId};
use jiff::Timestamp;
use rusqlite::{OptionalExtension, Params, Row, TransactionBehavior, params};

use super::projector::Projector;
use super::{Db, instant, schema, verify};
use crate::StoredEntry;
use crate::blobs::Blob;
use crate::check::VerifyReport;
use crate::constraints::failed;
use crate::error::Error;
use crate::schema::Schema;
use crate::statements::{clues, entries};
use crate::store::{SiteOrder, Store, StoredClue, Which};
use crate::tree::Tiles;

const READ: &str = "read the log";

impl Db {
    fn execute(&self, attempt: &'static str, sql: &str, values: impl Params) -> Result<(), Error> {
        self.0
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .map_err(failed(attempt))?;
        Ok(())
    }

    /// The first column of the row a query finds.
    fn find<T: rusqlite::types::FromSql>(
        &self,
        sql: &str,
        values: impl Params,
    ) -> Result<Option<T>, Error> {
        self.0
            .prepare_cached(sql)
            .and_then(|mut select| select.query_row(values, |row| row.get(0)).optional())
            .map_err(failed(READ))
    }

    fn each<E: From<Error>>(
        &self,
        sql: &str,
        values: impl Params,
        mut each: impl FnMut(&Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut select = self.0.prepare_cached(sql).map_err(failed(READ))?;
        let mut rows = select.query(values).map_err(failed(READ))?;
        while let Some(row) = rows.next().map_err(failed(READ))? {
            each(row)?;
        }
        Ok(())
    }
}

/// A position or size as SQLite counts.
fn bound(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// A damaged row must be reported by a verification, not stop it: whatever type is stored, its bytes are taken.
fn bytes_at<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a [u8], Error> {
    row.get_ref(column)
        .map(|v| v.as_bytes().unwrap_or_default())
        .map_err(failed(READ))
}

fn text_at<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a str, Error> {
    bytes_at(row, column).map(|b| std::str::from_utf8(b).unwrap_or_default())
}

fn number_at(row: &Row<'_>, column: usize) -> Result<u64, Error> {
    let number: Result<i64, Error> = row.get(column).map_err(failed(READ));
    number.map(i64::unsigned_abs)
}

fn stored_entry<'a>(row: &'a Row<'_>) -> Result<StoredEntry<'a>, Error> {
    Ok(StoredEntry {
        seq: number_at(row, 0)?,
        kind: text_at(row, 1)?,
        canonical: bytes_at(row, 2)?,
        entry_id: text_at(row, 3)?,
        leaf_hash: bytes_at(row, 4)?,
        stream: text_at(row, 5)?,
        version: number_at(row, 6).unwrap_or(0),
    })
}

fn stored_clue<'a>(row: &'a Row<'_>) -> Result<StoredClue<'a>, Error> {
    let entry = |first: usize| -> Result<StoredEntry<'a>, Error> {
        Ok(StoredEntry {
            seq: number_at(row, first)?,
            kind: text_at(row, first + 1)?,
            canonical: bytes_at(row, first + 2)?,
            entry_id: "",
            leaf_hash: &[],
            stream: "",
            version: 0,
        })
    };
    let text = |column: usize| row.get_ref(column).map(|v| v.as_str().ok());
    let screened: Option<i64> = row.get(5).map_err(failed(READ))?;
    Ok(StoredClue {
        received: entry(0)?,
        screened: screened.map(|_| entry(5)).transpose()?,
        site_id: text(3).map_err(failed(READ))?,
        site_code: text(4).map_err(failed(READ))?,
    })
}

fn tile_id(level: u8, index: u64) -> Result<i64, Error> {
    let wrong = |_| Error::Tree {
        reason: format!("level {level} has no tile {index}"),
    };
    i64::try_from(index)
        .map(|index| (i64::from(level) << 48) + index)
        .map_err(wrong)
}

impl Tiles for Db {
    fn load_tile(&self, level: u8, index: u64) -> Result<Vec<u8>, Error> {
        let sql = "SELECT hashes FROM log_tiles WHERE tile_id = ?1";
        self.0
            .prepare_cached(sql)
            .and_then(|mut select| {
                select
                    .query_row([tile_id(level, index).ok()], |row| row.get(0))
                    .optional()
            })
            .map_err(failed("read the tree"))?
            .ok_or_else(|| Error::Tree {
                reason: format!("level {level}, tile {index} is missing"),
            })
    }

    fn store_tile(&self, level: u8, index: u64, hashes: &[u8]) -> Result<(), Error> {
        let sql = "INSERT OR REPLACE INTO log_tiles (tile_id, hashes) VALUES (?1, ?2)";
        self.execute(
            "write the tree",
            sql,
            params![tile_id(level, index)?, hashes],
        )
    }
}

impl Store for Db {
    type Projector<'a> = Projector<'a>;

    fn place(&self) -> PathBuf {
        self.folder()
    }

    fn reading<T>(&self, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        self.transaction(TransactionBehavior::Deferred, work)
    }

    fn writing<T>(&self, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        self.transaction(TransactionBehavior::Immediate, work)
    }

    fn schema(&self) -> &'static Schema {
        &schema::SCHEMA
    }

    fn is_register(&self) -> Result<bool, Error> {
        let sql =
            "SELECT count(*) = 2 FROM sqlite_schema WHERE name IN ('entries', 'schema_migrations')";
        self.0
            .query_row(sql, [], |row| row.get(0))
            .map_err(failed("say what it is"))
    }

    fn prepare(&self) -> Result<(), Error> {
        schema::prepare(&self.0)
    }

    fn run_script(&self, sql: &str) -> Result<(), Error> {
        self.0.execute_batch(sql).map_err(failed("migrate"))
    }

    fn newest_migration(&self) -> Result<u32, Error> {
        schema::newest(&self.0)
    }

    fn find_checksum(&self, version: u32) -> Result<Option<String>, Error> {
        schema::find_checksum(&self.0, version)
    }

    fn note_migration(&self, version: u32, name: &str, checksum: &str) -> Result<(), Error> {
        schema::note(&self.0, version, name, checksum)
    }

    fn recreate_tables(&self, at: Timestamp) -> Result<(), Error> {
        schema::recreate_tables(&self.0, at)
    }

    fn projector(&self) -> Result<Projector<'_>, Error> {
        Projector::begin(self, self)
    }

    fn size(&self) -> Result<u64, Error> {
        let size: Option<i64> = self.find("SELECT coalesce(max(seq) + 1, 0) FROM entries", [])?;
        Ok(size.unwrap_or(0).unsigned_abs())
    }

    fn scan<E: From<Error>>(
        &self,
        which: &Which<'_>,
        mut each: impl FnMut(StoredEntry<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let each = |row: &Row<'_>| each(stored_entry(row)?);
        match *which {
            Which::Log {
                from,
                to,
                streams: None,
            } => {
                let sql = entries!("WHERE seq >= ?1 AND seq < ?2 ORDER BY seq");
                self.each(sql, [bound(from), bound(to)], each)
            }
            Which::Log {
                from,
                to,
                streams: Some((low, high)),
            } => {
                // The plus keeps the planner from walking the whole log in its order: streams of one noun are few.
                let sql = entries!(
                    "WHERE +seq >= ?1 AND +seq < ?2 AND stream >= ?3 AND stream < ?4 ORDER BY +seq"
                );
                self.each(sql, params![bound(from), bound(to), low, high], each)
            }
            Which::Sites { to } => {
                let sql = entries!(
                    "WHERE stream >= 'site/' AND stream < 'site0' AND seq < ?1 ORDER BY stream, version"
                );
                self.each(sql, [bound(to)], each)
            }
            Which::Stream { stream, after } => {
                let sql = entries!("WHERE stream = ?1 AND version > ?2 ORDER BY version");
                self.each(sql, params![stream.0, bound(after)], each)
            }
            Which::Id(id) => {
                let sql = entries!("WHERE entry_id = ?1");
                self.each(sql, [id.0.hyphenated().to_string()], each)
            }
        }
    }

    fn insert_entry(
        &self,
        entry: &StoredEntry<'_>,
        occurred_at: Timestamp,
        recorded_at: Timestamp,
    ) -> Result<(), Error> {
        let sql = "INSERT OR FAIL INTO entries
                   (seq, entry_id, stream, version, kind, occurred_at, recorded_at, leaf_hash, canonical)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let text = std::str::from_utf8(entry.canonical).expect("canonical JSON is UTF-8");
        let values = params![
            bound(entry.seq),
            entry.entry_id,
            entry.stream,
            bound(entry.version),
            entry.kind,
            instant(occurred_at),
            instant(recorded_at),
            entry.leaf_hash,
            text,
        ];
        self.execute("append an entry", sql, values)
    }

    fn stream_version(&self, stream: &StreamId) -> Result<u64, Error> {
        let sql = "SELECT version FROM streams WHERE stream = ?1";
        let version: Option<i64> = self.find(sql, [&stream.0])?;
        Ok(version.unwrap_or(0).unsigned_abs())
    }

    fn set_stream_version(&self, stream: &StreamId, version: u64) -> Result<(), Error> {
        let sql = "INSERT INTO streams (stream, version) VALUES (?1, ?2)
                   ON CONFLICT (stream) DO UPDATE SET version = excluded.version";
        let attempt = "note the version of a stream";
        self.execute(attempt, sql, params![stream.0, bound(version)])
    }

    fn find_broken_stream(&self) -> Result<Option<String>, Error> {
        verify::find_broken_stream(self)
    }

    fn newest_checkpoint(&self) -> Result<Option<(u64, String)>, Error> {
        let sql = "SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT 1";
        let mut newest = None;
        self.each(sql, [], |row| {
            newest = Some((number_at(row, 0)?, row.get(1).map_err(failed(READ))?));
            Ok::<(), Error>(())
        })?;
        Ok(newest)
    }

    fn checkpoints(
        &self,
        mut each: impl FnMut(u64, &[u8], &[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let sql = "SELECT size, root_hash, note FROM checkpoints ORDER BY size";
        self.each(sql, [], |row| {
            each(number_at(row, 0)?, bytes_at(row, 1)?, bytes_at(row, 2)?)
        })
    }

    fn insert_checkpoint(&self, size: u64, root_hash: &[u8], note: &str) -> Result<(), Error> {
        let sql = "INSERT INTO checkpoints (size, root_hash, note) VALUES (?1, ?2, ?3)";
        let values = params![bound(size), root_hash, note];
        self.execute("keep the checkpoint", sql, values)
    }

    fn list_blob(&self, blob: &Blob) -> Result<(), Error> {
        let sql = "INSERT INTO blobs (sha256, size_bytes)
                   SELECT ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM blobs WHERE sha256 = ?1)";
        let values = params![blob.sha256, bound(blob.size_bytes)];
        self.execute("list the blob", sql, values)
    }

    fn listed_blobs(&self) -> Result<Vec<Blob>, Error> {
        let mut blobs = Vec::new();
        let sql = "SELECT sha256, size_bytes FROM blobs ORDER BY sha256";
        self.each(sql, [], |row| {
            blobs.push(Blob {
                sha256: text_at(row, 0)?.to_owned(),
                size_bytes: number_at(row, 1)?,
            });
            Ok::<(), Error>(())
        })?;
        Ok(blobs)
    }

    fn stored_dossiers<E: From<Error>>(
        &self,
        order: SiteOrder,
        mut each: impl FnMut(&str) -> Result<(), E>,
    ) -> Result<(), E> {
        let sql = match order {
            SiteOrder::ById => "SELECT dossier FROM sites ORDER BY site_id",
            SiteOrder::AsRegistered => "SELECT dossier FROM sites ORDER BY fid",
        };
        self.each(sql, [], |row| each(text_at(row, 0)?))
    }

    fn find_stored_dossier(&self, site: SiteId) -> Result<Option<String>, Error> {
        let id = site.0.hyphenated().to_string();
        self.find("SELECT dossier FROM sites WHERE site_id = ?1", [id])
    }

    fn stored_dossiers_of<E: From<Error>>(
        &self,
        sites: &[SiteId],
        mut each: impl FnMut(&str) -> Result<(), E>,
    ) -> Result<(), E> {
        let sql =
            "SELECT dossier FROM json_each(?1) wanted CROSS JOIN sites ON site_id = wanted.value
                   ORDER BY wanted.key";
        let ids = serde_json::json!(sites).to_string();
        self.each(sql, [ids], |row| each(text_at(row, 0)?))
    }

    fn find_site_by_code(&self, site_code: &str) -> Result<Option<String>, Error> {
        let sql = "SELECT site_id FROM sites WHERE site_code = ?1 ORDER BY fid LIMIT 1";
        self.find(sql, [site_code])
    }

    fn stored_clues<E: From<Error>>(
        &self,
        only: Option<ClueId>,
        mut each: impl FnMut(StoredClue<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let each = |row: &Row<'_>| each(stored_clue(row)?);
        match only {
            None => self.each(clues!("ORDER BY c.fid"), [], each),
            Some(clue) => {
                let id = clue.0.hyphenated().to_string();
                self.each(clues!("WHERE c.clue_id = ?1"), [id], each)
            }
        }
    }

    fn check_schema(&self, report: &mut VerifyReport) -> Result<(), Error> {
        verify::check_schema(self, report)
    }

    fn check_projections(&self, report: &mut VerifyReport) -> Result<(), Error> {
        verify::check_projections(self, report)
    }
}
