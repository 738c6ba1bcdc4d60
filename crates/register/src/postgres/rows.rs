//! The rows of a PostgreSQL register, one statement each.

use std::path::PathBuf;

use ::postgres::Row;
use ::postgres::types::{FromSql, ToSql};
use domain::ids::{ClueId, SiteId, StreamId};
use jiff::Timestamp;

use super::projector::Projector;
use super::{BEGIN_VERIFYING, BEGIN_WRITING, Db, Transaction, schema, verify};
use crate::StoredEntry;
use crate::blobs::Blob;
use crate::check::VerifyReport;
use crate::constraints::refused;
use crate::error::Error;
use crate::schema::Schema;
use crate::statements::{clues, entries};
use crate::store::{SiteOrder, Store, StoredClue, Which};
use crate::tree::Tiles;

const READ: &str = "read the log";

/// Writers of one schema take turns by this lock; the number is a name that no other program uses by chance.
const TAKE_TURN: &str = "SELECT pg_advisory_xact_lock(1905231127, hashtext(current_schema()))";

fn at<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Result<T, Error> {
    row.try_get(column).map_err(refused(READ))
}

fn number_at(row: &Row, column: usize) -> Result<u64, Error> {
    at::<i64>(row, column).map(i64::unsigned_abs)
}

/// A position or size as the database counts.
fn bound(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// An instant as the database holds it, which knows no year before 4713 BC; the exact one is in the entry's bytes.
fn instant(at: Timestamp) -> Timestamp {
    const EARLIEST: i64 = -210_800_000_000;
    at.max(Timestamp::constant(EARLIEST, 0))
}

fn stored_entry(row: &Row) -> Result<StoredEntry<'_>, Error> {
    Ok(StoredEntry {
        seq: number_at(row, 0)?,
        kind: at(row, 1)?,
        canonical: at::<&str>(row, 2)?.as_bytes(),
        entry_id: at(row, 3)?,
        leaf_hash: at(row, 4)?,
        stream: at(row, 5)?,
        version: number_at(row, 6)?,
    })
}

fn stored_clue(row: &Row) -> Result<StoredClue<'_>, Error> {
    let entry = |seq: i64, first: usize| -> Result<StoredEntry<'_>, Error> {
        Ok(StoredEntry {
            seq: seq.unsigned_abs(),
            kind: at(row, first + 1)?,
            canonical: at::<&str>(row, first + 2)?.as_bytes(),
            entry_id: "",
            leaf_hash: &[],
            stream: "",
            version: 0,
        })
    };
    let screened: Option<i64> = at(row, 5)?;
    Ok(StoredClue {
        received: entry(at(row, 0)?, 0)?,
        screened: screened.map(|seq| entry(seq, 5)).transpose()?,
        site_id: at(row, 3)?,
        site_code: at(row, 4)?,
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
        let sql = "SELECT hashes FROM log_tiles WHERE tile_id = $1";
        let row = self.find("read the tree", sql, &[&tile_id(level, index)?])?;
        let missing = || Error::Tree {
            reason: format!("level {level}, tile {index} is missing"),
        };
        at(&row.ok_or_else(missing)?, 0)
    }

    fn store_tile(&self, level: u8, index: u64, hashes: &[u8]) -> Result<(), Error> {
        let sql = "INSERT INTO log_tiles (tile_id, hashes) VALUES ($1, $2)
                   ON CONFLICT (tile_id) DO UPDATE SET hashes = excluded.hashes";
        self.execute("write the tree", sql, &[&tile_id(level, index)?, &hashes])
    }
}

impl Db {
    /// A few rows, read whole: they are kept whole by whoever asks.
    fn all<E: From<Error>>(
        &self,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
        each: impl FnMut(&Row) -> Result<(), E>,
    ) -> Result<(), E> {
        self.query(READ, sql, values)?.iter().try_for_each(each)
    }
}

impl Store for Db {
    type Projector<'a> = Projector<'a>;

    fn place(&self) -> PathBuf {
        PathBuf::from(self.address.to_string())
    }

    fn reading<T>(&self, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        let reading = Transaction::begin(self, BEGIN_VERIFYING)?;
        let done = work()?;
        reading.commit()?;
        Ok(done)
    }

    fn writing<T>(&self, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        let writing = Transaction::begin(self, BEGIN_WRITING)?;
        self.find("wait its turn", TAKE_TURN, &[])?;
        let done = work()?;
        writing.commit()?;
        Ok(done)
    }

    fn schema(&self) -> &'static Schema {
        &schema::SCHEMA
    }

    fn is_register(&self) -> Result<bool, Error> {
        let sql = "SELECT to_regclass('entries') IS NOT NULL AND to_regclass('schema_migrations') IS NOT NULL";
        let row = self.find("say what it is", sql, &[])?;
        row.map_or(Ok(false), |row| at(&row, 0))
    }

    fn prepare(&self) -> Result<(), Error> {
        schema::prepare(self)
    }

    fn run_script(&self, sql: &str) -> Result<(), Error> {
        self.run("migrate", sql)
    }

    fn newest_migration(&self) -> Result<u32, Error> {
        schema::newest(self)
    }

    fn find_checksum(&self, version: u32) -> Result<Option<String>, Error> {
        schema::find_checksum(self, version)
    }

    fn note_migration(&self, version: u32, name: &str, checksum: &str) -> Result<(), Error> {
        schema::note(self, version, name, checksum)
    }

    fn recreate_tables(&self, _at: Timestamp) -> Result<(), Error> {
        schema::recreate_tables(self)
    }

    fn projector(&self) -> Result<Projector<'_>, Error> {
        Ok(Projector::begin(self))
    }

    fn size(&self) -> Result<u64, Error> {
        let sql = "SELECT coalesce(max(seq) + 1, 0) FROM entries";
        let row = self.find("count the log", sql, &[])?;
        row.map_or(Ok(0), |row| number_at(&row, 0))
    }

    fn scan<E: From<Error>>(
        &self,
        which: &Which<'_>,
        mut each: impl FnMut(StoredEntry<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let each = |row: &Row| each(stored_entry(row)?);
        match *which {
            Which::Log {
                from,
                to,
                streams: None,
            } => {
                let sql = entries!("WHERE seq >= $1 AND seq < $2 ORDER BY seq");
                self.each(READ, sql, &[&bound(from), &bound(to)], each)
            }
            Which::Log {
                from,
                to,
                streams: Some((low, high)),
            } => {
                let sql = entries!(
                    "WHERE seq >= $1 AND seq < $2 AND stream >= $3 AND stream < $4 ORDER BY seq"
                );
                self.each(READ, sql, &[&bound(from), &bound(to), &low, &high], each)
            }
            Which::Sites { to } => {
                let sql = entries!(
                    "WHERE stream >= 'site/' AND stream < 'site0' AND seq < $1 ORDER BY stream, version"
                );
                self.each(READ, sql, &[&bound(to)], each)
            }
            Which::Stream { stream, after } => {
                let sql = entries!("WHERE stream = $1 AND version > $2 ORDER BY version");
                self.all(sql, &[&stream.0, &bound(after)], each)
            }
            Which::Id(id) => {
                let sql = entries!("WHERE entry_id = $1");
                self.all(sql, &[&id.0.hyphenated().to_string()], each)
            }
        }
    }

    fn insert_entry(
        &self,
        entry: &StoredEntry<'_>,
        occurred_at: Timestamp,
        recorded_at: Timestamp,
    ) -> Result<(), Error> {
        let sql = "INSERT INTO entries
                   (seq, entry_id, stream, version, kind, occurred_at, recorded_at, leaf_hash, canonical)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let text = std::str::from_utf8(entry.canonical).expect("canonical JSON is UTF-8");
        let values: [&(dyn ToSql + Sync); 9] = [
            &bound(entry.seq),
            &entry.entry_id,
            &entry.stream,
            &bound(entry.version),
            &entry.kind,
            &instant(occurred_at),
            &instant(recorded_at),
            &entry.leaf_hash,
            &text,
        ];
        self.execute("append an entry", sql, &values)
    }

    fn stream_version(&self, stream: &StreamId) -> Result<u64, Error> {
        let sql = "SELECT version FROM streams WHERE stream = $1";
        let row = self.find(READ, sql, &[&stream.0])?;
        row.map_or(Ok(0), |row| number_at(&row, 0))
    }

    fn set_stream_version(&self, stream: &StreamId, version: u64) -> Result<(), Error> {
        let sql = "INSERT INTO streams (stream, version) VALUES ($1, $2)
                   ON CONFLICT (stream) DO UPDATE SET version = excluded.version";
        let attempt = "note the version of a stream";
        self.execute(attempt, sql, &[&stream.0, &bound(version)])
    }

    fn find_broken_stream(&self) -> Result<Option<String>, Error> {
        verify::find_broken_stream(self)
    }

    fn newest_checkpoint(&self) -> Result<Option<(u64, String)>, Error> {
        let sql = "SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT 1";
        let row = self.find("read the checkpoint", sql, &[])?;
        row.map(|row| Ok((number_at(&row, 0)?, at(&row, 1)?)))
            .transpose()
    }

    fn checkpoints(
        &self,
        mut each: impl FnMut(u64, &[u8], &[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let sql = "SELECT size, root_hash, note FROM checkpoints ORDER BY size";
        self.each("read the checkpoints", sql, &[], |row| {
            each(
                number_at(row, 0)?,
                at(row, 1)?,
                at::<&str>(row, 2)?.as_bytes(),
            )
        })
    }

    fn insert_checkpoint(&self, size: u64, root_hash: &[u8], note: &str) -> Result<(), Error> {
        let sql = "INSERT INTO checkpoints (size, root_hash, note) VALUES ($1, $2, $3)";
        self.execute(
            "keep the checkpoint",
            sql,
            &[&bound(size), &root_hash, &note],
        )
    }

    fn list_blob(&self, blob: &Blob) -> Result<(), Error> {
        let sql = "INSERT INTO blobs (sha256, size_bytes) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        self.execute(
            "list the blob",
            sql,
            &[&blob.sha256, &bound(blob.size_bytes)],
        )
    }

    fn listed_blobs(&self) -> Result<Vec<Blob>, Error> {
        let sql = "SELECT sha256, size_bytes FROM blobs ORDER BY sha256";
        let rows = self.query("list the blobs", sql, &[])?;
        let blob = |row: &Row| {
            Ok(Blob {
                sha256: at(row, 0)?,
                size_bytes: number_at(row, 1)?,
            })
        };
        rows.iter().map(blob).collect()
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
        self.each(READ, sql, &[], |row| each(at(row, 0)?))
    }

    fn find_stored_dossier(&self, site: SiteId) -> Result<Option<String>, Error> {
        let sql = "SELECT dossier FROM sites WHERE site_id = $1";
        let row = self.find(READ, sql, &[&site.0.hyphenated().to_string()])?;
        row.map(|row| at(&row, 0)).transpose()
    }

    fn stored_dossiers_of<E: From<Error>>(
        &self,
        sites: &[SiteId],
        mut each: impl FnMut(&str) -> Result<(), E>,
    ) -> Result<(), E> {
        let sql = "SELECT dossier FROM unnest($1::text[]) WITH ORDINALITY wanted (id, place)
                   JOIN sites ON site_id = wanted.id ORDER BY wanted.place";
        let ids = sites.iter().map(|site| site.0.hyphenated().to_string());
        let ids: Vec<String> = ids.collect();
        self.each(READ, sql, &[&ids], |row| each(at(row, 0)?))
    }

    fn find_site_by_code(&self, site_code: &str) -> Result<Option<String>, Error> {
        // No code has a zero character, and the database takes none.
        if site_code.contains('\0') {
            return Ok(None);
        }
        let sql = "SELECT site_id FROM sites WHERE site_code = $1 ORDER BY fid LIMIT 1";
        let row = self.find(READ, sql, &[&site_code])?;
        row.map(|row| at(&row, 0)).transpose()
    }

    fn stored_clues<E: From<Error>>(
        &self,
        only: Option<ClueId>,
        mut each: impl FnMut(StoredClue<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let each = |row: &Row| each(stored_clue(row)?);
        match only {
            None => self.each(READ, clues!("ORDER BY c.fid"), &[], each),
            Some(clue) => {
                let id = clue.0.hyphenated().to_string();
                self.all(clues!("WHERE c.clue_id = $1"), &[&id], each)
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
