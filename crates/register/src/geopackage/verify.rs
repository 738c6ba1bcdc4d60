//! Recomputes everything that can be recomputed, and reports whatever differs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use domain::as_of::AsOf;
use domain::entry::{EntryBody, RecordedEntry};
use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, Statement};
use serde::Deserialize;
use tlog_tiles::tlog::{record_hash, tree_hash};
use tlog_tiles::{Hash, Tile};

use super::log_store::{self, DbTiles};
use super::{GeoPackage, reads, schema};
use crate::blobs::hash_file;
use crate::check::VerifyReport;
use crate::constraints::failed;
use crate::error::Error;
use crate::key::{self, open_checkpoint};
use crate::projections::TABLES;
use crate::publish;
use crate::tree::{Growth, TILE_HEIGHT, TileHashes, Tiles};
use crate::{EntryFilter, Head, StoredEntry, canonical};

impl GeoPackage {
    /// Looks at one state of the database, whatever is appended meanwhile.
    pub(crate) fn verify(&self) -> Result<VerifyReport, Error> {
        let tx = self.db.unchecked_transaction().map_err(failed("begin"))?;
        let size = log_store::size(&tx)?;
        let root = tree_hash(size, &TileHashes::new(&DbTiles(&tx))).unwrap_or(Hash([0; 32]));
        let mut report = VerifyReport::new(Head {
            size,
            root_hash: root.0,
        });
        check_schema(&tx, &mut report)?;
        check_entries(&tx, size, &mut report)?;
        check_streams(&tx, &mut report)?;
        self.check_checkpoints(&tx, &mut report)?;
        self.check_published_files(size, &mut report);
        self.check_blobs(&tx, &mut report)?;
        // A log that cannot be read through gives no projections to compare with.
        if report.is_sound() {
            check_projections(&tx, &mut report)?;
        }
        Ok(report)
    }

    fn check_checkpoints(&self, db: &Connection, report: &mut VerifyReport) -> Result<(), Error> {
        if key::verifier_of(&self.home.key()).is_some_and(|key| key != self.opened.verifier_key) {
            report.add(
                "register.verify.key_differs",
                None,
                &self.opened.verifier_key,
            );
        }
        let tiles = DbTiles(db);
        let hashes = TileHashes::new(&tiles);
        let sql = "SELECT size, root_hash, note FROM checkpoints ORDER BY size";
        let mut select = db
            .prepare_cached(sql)
            .map_err(failed("read the checkpoints"))?;
        let mut rows = select.query([]).map_err(failed("read the checkpoints"))?;
        let mut newest = 0;
        while let Some(row) = rows.next().map_err(failed("read the checkpoints"))? {
            let size = row
                .get::<_, i64>(0)
                .map_err(failed("read the checkpoints"))?
                .unsigned_abs();
            let bytes = |column| {
                row.get_ref(column)
                    .ok()
                    .and_then(|v| v.as_bytes().ok())
                    .unwrap_or_default()
            };
            newest = size;
            report.checkpoints += 1;
            match open_checkpoint(bytes(2), &self.opened.verifier_key) {
                Err(_) => report.add("register.verify.checkpoint_invalid", None, size),
                Ok((signed, root)) => {
                    let is_right = signed == size
                        && bytes(1) == root.0
                        && tree_hash(size, &hashes).ok() == Some(root);
                    if !is_right {
                        report.add("register.verify.checkpoint_differs", None, size);
                    }
                }
            }
        }
        if newest != report.head.size {
            report.add("register.verify.checkpoint_missing", None, report.head.size);
        }
        Ok(())
    }

    /// The folder `log/` may lag behind the database; what it says must be right all the same.
    fn check_published_files(&self, size: u64, report: &mut VerifyReport) {
        let folder = self.home.log();
        let Some((published, root)) = publish::published(&folder, &self.opened.verifier_key) else {
            report.add("register.verify.log_file_differs", None, "checkpoint");
            return;
        };
        let is_right = published <= size && self.root_at(published).ok() == Some(root.0);
        if !is_right {
            report.add("register.verify.log_forked", None, published);
            return;
        }
        for tile in Tile::new_tiles(TILE_HEIGHT, 0, published) {
            for (name, expected) in publish::files_of(self, &tile) {
                if !is_file_as(&folder.join(&name), expected.ok().as_deref()) {
                    report.add("register.verify.log_file_differs", None, name);
                }
            }
        }
    }

    fn check_blobs(&self, db: &Connection, report: &mut VerifyReport) -> Result<(), Error> {
        let listed = listed_blobs(db)?;
        for (sha256, size_bytes) in &listed {
            report.blobs += 1;
            let path = self.blobs().path(sha256);
            match path
                .filter(|path| path.is_file())
                .map(|path| hash_file(&path))
            {
                None => report.add("register.verify.blob_missing", None, sha256),
                Some(Ok(found)) if found.sha256 == *sha256 && found.size_bytes == *size_bytes => {}
                Some(_) => report.add("register.verify.blob_altered", None, sha256),
            }
        }
        let mut check = |seq, sha256: &str| {
            if !listed.contains_key(sha256) {
                report.add("register.verify.blob_unlisted", Some(seq), sha256);
            }
        };
        let filter = EntryFilter {
            kinds: REFERRING_KINDS,
            as_of: AsOf::Now,
            ..EntryFilter::default()
        };
        let read = reads::entries(db, &filter, |entry| {
            referred_blobs(&entry)
                .into_iter()
                .for_each(|sha256| check(entry.seq, sha256));
            Ok::<(), Error>(())
        });
        match read {
            // Reported already, as an entry that was altered.
            Err(Error::Unreadable { .. }) => Ok(()),
            other => other,
        }
    }
}

fn is_file_as(path: &Path, expected: Option<&[u8]>) -> bool {
    fs::read(path).ok().as_deref() == expected
}

/// Kinds of entries that name blobs.
const REFERRING_KINDS: &[&str] = &[
    "clue_batch.imported",
    "boundary.adopted",
    "stations.adopted",
    "routes.adopted",
    "verification.recorded",
];

/// Blobs an entry names.
fn referred_blobs(entry: &RecordedEntry) -> Vec<&str> {
    match &entry.entry.body {
        EntryBody::ClueBatchImported(body) => vec![&body.sha256],
        EntryBody::BoundaryAdopted(body) => vec![&body.source_sha256],
        EntryBody::StationsAdopted(body) => vec![&body.source_sha256],
        EntryBody::RoutesAdopted(body) => vec![&body.source_sha256],
        EntryBody::VerificationRecorded(body) => body.evidence.iter().map(String::as_str).collect(),
        EntryBody::EvidenceRecorded(body) => vec![body.sha256.as_str()],
        _ => Vec::new(),
    }
}

fn listed_blobs(db: &Connection) -> Result<BTreeMap<String, u64>, Error> {
    let mut select = db
        .prepare_cached("SELECT sha256, size_bytes FROM blobs")
        .map_err(failed("list the blobs"))?;
    let rows = select.query_map([], |row| {
        Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()))
    });
    rows.and_then(Iterator::collect)
        .map_err(failed("list the blobs"))
}

/// Every table, index and trigger must be there as this program makes it: a dropped trigger is a fault.
fn check_schema(db: &Connection, report: &mut VerifyReport) -> Result<(), Error> {
    let expected = schema_of(&scratch()?)?;
    let found = schema_of(db)?;
    for (name, sql) in &expected {
        if found.get(name) != Some(sql) {
            report.add("register.verify.schema_differs", None, name);
        }
    }
    Ok(())
}

fn schema_of(db: &Connection) -> Result<BTreeMap<String, String>, Error> {
    let sql = "SELECT type || ' ' || name, sql FROM sqlite_schema WHERE sql IS NOT NULL";
    let mut select = db.prepare(sql).map_err(failed("say what it is"))?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.and_then(Iterator::collect)
        .map_err(failed("say what it is"))
}

/// An empty database of the same make, in a file that SQLite removes by itself.
fn scratch() -> Result<Connection, Error> {
    let db = Connection::open("").map_err(failed("open a scratch file"))?;
    super::blob::register_functions(&db)?;
    db.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;",
    )
    .map_err(failed("open a scratch file"))?;
    schema::migrate(&db)?;
    schema::recreate_projections(&db, Timestamp::UNIX_EPOCH)?;
    Ok(db)
}

/// What the columns of an entry repeat from its bytes.
#[derive(Deserialize)]
struct Envelope {
    seq: u64,
    version: u64,
    id: String,
    stream: String,
    kind: String,
}

impl Envelope {
    fn says(&self, entry: &StoredEntry<'_>) -> bool {
        let names = (self.id.as_str(), self.stream.as_str(), self.kind.as_str());
        (self.seq, self.version) == (entry.seq, entry.version)
            && names == (entry.entry_id, entry.stream, entry.kind)
    }
}

fn check_entries(db: &Connection, size: u64, report: &mut VerifyReport) -> Result<(), Error> {
    let tiles = ComparedTiles {
        stored: DbTiles(db),
        differing: Default::default(),
    };
    let mut growth = Growth::load(0, &tiles)?;
    let mut expected_seq = 0;
    reads::stored_entries(db, 0, u64::MAX, |entry| {
        if entry.seq != expected_seq {
            report.add(
                "register.verify.entry_missing",
                Some(expected_seq),
                entry.seq,
            );
        }
        expected_seq = entry.seq + 1;
        let hash = check_entry(&entry, report);
        growth.push(hash, &tiles)
    })?;
    if expected_seq != size {
        report.add("register.verify.entry_missing", Some(expected_seq), size);
    }
    growth.finish(&tiles)?;
    for (level, index) in tiles.differing.into_inner() {
        report.add(
            "register.verify.tree_differs",
            None,
            format!("{level}/{index}"),
        );
    }
    Ok(())
}

fn check_entry(entry: &StoredEntry<'_>, report: &mut VerifyReport) -> Hash {
    let id = entry
        .entry_id
        .parse()
        .unwrap_or(domain::ids::EntryId(uuid::Uuid::nil()));
    let leaf = canonical::leaf(entry.seq, id, entry.canonical).unwrap_or_default();
    let hash = record_hash(&leaf);
    if hash.0 != entry.leaf_hash {
        report.add(
            "register.verify.entry_altered",
            Some(entry.seq),
            entry.entry_id,
        );
    }
    match serde_json::from_slice::<Envelope>(entry.canonical) {
        Ok(envelope) if envelope.says(entry) => {}
        _ => report.add(
            "register.verify.entry_columns_differ",
            Some(entry.seq),
            entry.entry_id,
        ),
    }
    hash
}

/// Takes recomputed tiles and compares them with the stored ones.
struct ComparedTiles<'a> {
    stored: DbTiles<'a>,
    differing: std::cell::RefCell<Vec<(u8, u64)>>,
}

impl Tiles for ComparedTiles<'_> {
    fn load_tile(&self, level: u8, index: u64) -> Result<Vec<u8>, Error> {
        self.stored.load_tile(level, index)
    }

    fn store_tile(&self, level: u8, index: u64, hashes: &[u8]) -> Result<(), Error> {
        if self.stored.load_tile(level, index).ok().as_deref() != Some(hashes) {
            self.differing.borrow_mut().push((level, index));
        }
        Ok(())
    }
}

/// Versions of a stream run from 1 to where the stream is noted to stand.
fn check_streams(db: &Connection, report: &mut VerifyReport) -> Result<(), Error> {
    let noted = "SELECT stream, version, version FROM streams ORDER BY stream";
    let found =
        "SELECT stream, max(version), count(*) FROM entries GROUP BY stream ORDER BY stream";
    if let Some(stream) = first_difference((db, noted), (db, found))? {
        report.add("register.verify.stream_differs", None, stream);
    }
    Ok(())
}

/// Makes all projections anew beside the stored ones and compares them row by row.
fn check_projections(db: &Connection, report: &mut VerifyReport) -> Result<(), Error> {
    let fresh = scratch()?;
    // One transaction, never ended: the scratch file goes away with it.
    fresh
        .execute_batch("BEGIN")
        .map_err(failed("open a scratch file"))?;
    super::rebuild(db, &fresh)?;
    for table in TABLES {
        let columns = format!("SELECT * FROM {} ORDER BY fid", table.name);
        compare(db, &fresh, table.name, &columns, report)?;
        let contents = format!(
            "SELECT * FROM gpkg_contents WHERE table_name = '{}'",
            table.name
        );
        compare(db, &fresh, "gpkg_contents", &contents, report)?;
        if table.geometry_type.is_some() {
            let rtree = format!("rtree_{}_geom", table.name);
            compare(
                db,
                &fresh,
                &rtree,
                &format!("SELECT * FROM {rtree} ORDER BY id"),
                report,
            )?;
        }
    }
    Ok(())
}

fn compare(
    stored: &Connection,
    fresh: &Connection,
    name: &str,
    sql: &str,
    report: &mut VerifyReport,
) -> Result<(), Error> {
    if let Some(key) = first_difference((stored, sql), (fresh, sql))? {
        let subject = format!("{name} {key}");
        report.add("register.verify.projection_differs", None, subject);
    }
    Ok(())
}

/// First column of the first row in which two results differ; beyond it rows no longer stand side by side.
fn first_difference(
    ours: (&Connection, &str),
    theirs: (&Connection, &str),
) -> Result<Option<String>, Error> {
    let mut ours = ours
        .0
        .prepare(ours.1)
        .map_err(failed("compare the projections"))?;
    let columns = ours.column_count();
    let mut theirs = theirs
        .0
        .prepare(theirs.1)
        .map_err(failed("compare the projections"))?;
    let (mut ours, mut theirs) = (rows_of(&mut ours, columns)?, rows_of(&mut theirs, columns)?);
    loop {
        match (ours.next(), theirs.next()) {
            (None, None) => return Ok(None),
            (Some(Ok(a)), Some(Ok(b))) if a == b => {}
            (a, b) => {
                let row = [a, b]
                    .into_iter()
                    .flatten()
                    .flatten()
                    .next()
                    .unwrap_or_default();
                return Ok(Some(row.first().map(text_of).unwrap_or_default()));
            }
        }
    }
}

fn text_of(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        other => format!("{other:?}"),
    }
}

fn rows_of<'a>(
    statement: &'a mut Statement<'_>,
    columns: usize,
) -> Result<impl Iterator<Item = rusqlite::Result<Vec<Value>>> + 'a, Error> {
    let rows = statement.query_map([], move |row| {
        (0..columns).map(|column| row.get(column)).collect()
    });
    rows.map_err(failed("compare the projections"))
}
