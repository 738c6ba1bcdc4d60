//! The log inside a GeoPackage: tiles, versions of streams, and the append itself.

use std::collections::BTreeMap;

use domain::concurrency::{StalePolicy, clashing_fields};
use domain::entry::{Entry, RecordedEntry};
use domain::ids::StreamId;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use tlog_tiles::Hash;
use tlog_tiles::tlog::record_hash;

use super::projector::Projector;
use super::reads;
use crate::canonical;
use crate::constraints::failed;
use crate::error::{Clash, Error};
use crate::key::NodeKey;
use crate::projections::{self, Touched};
use crate::tree::{self, Growth, Tiles};
use crate::{Head, Receipt};

/// Tiles in the table `log_tiles`.
pub(super) struct DbTiles<'a>(pub(super) &'a Connection);

impl DbTiles<'_> {
    fn id(level: u8, index: u64) -> Result<i64, Error> {
        let wrong = |_| Error::Tree {
            reason: format!("level {level} has no tile {index}"),
        };
        i64::try_from(index)
            .map(|index| (i64::from(level) << 48) + index)
            .map_err(wrong)
    }
}

impl Tiles for DbTiles<'_> {
    fn load_tile(&self, level: u8, index: u64) -> Result<Vec<u8>, Error> {
        self.0
            .prepare_cached("SELECT hashes FROM log_tiles WHERE tile_id = ?1")
            .and_then(|mut select| {
                select
                    .query_row([Self::id(level, index).ok()], |row| row.get(0))
                    .optional()
            })
            .map_err(failed("read the tree"))?
            .ok_or_else(|| Error::Tree {
                reason: format!("level {level}, tile {index} is missing"),
            })
    }

    fn store_tile(&self, level: u8, index: u64, hashes: &[u8]) -> Result<(), Error> {
        self.0
            .prepare_cached("INSERT OR REPLACE INTO log_tiles (tile_id, hashes) VALUES (?1, ?2)")
            .and_then(|mut insert| insert.execute(params![Self::id(level, index).ok(), hashes]))
            .map_err(failed("write the tree"))?;
        Ok(())
    }
}

/// Number of entries in the log.
pub(super) fn size(db: &Connection) -> Result<u64, Error> {
    let size: i64 = db
        .prepare_cached("SELECT coalesce(max(seq) + 1, 0) FROM entries")
        .and_then(|mut select| select.query_row([], |row| row.get(0)))
        .map_err(failed("count the log"))?;
    Ok(size.unsigned_abs())
}

/// Size and root hash now.
pub(super) fn head(db: &Connection) -> Result<Head, Error> {
    let size = size(db)?;
    Ok(Head {
        size,
        root_hash: tree::root(size, &DbTiles(db))?.0,
    })
}

/// Appends entries inside the transaction `db` is in.
pub(super) fn append(
    db: &Connection,
    key: &NodeKey,
    node: &str,
    entries: &[Entry],
    recorded_at: Timestamp,
) -> Result<Vec<Receipt>, Error> {
    let mut appending = Appending::begin(db, node, recorded_at)?;
    let receipts = entries
        .iter()
        .map(|entry| appending.take(entry))
        .collect::<Result<Vec<_>, _>>()?;
    appending.finish(key)?;
    Ok(receipts)
}

struct Appending<'a> {
    db: &'a Connection,
    node: &'a str,
    recorded_at: Timestamp,
    first_seq: u64,
    next_seq: u64,
    tree: Growth,
    streams: BTreeMap<StreamId, Version>,
    projector: Projector<'a>,
    touched: Touched,
}

/// Where a stream stood when the transaction began, and where it stands now.
struct Version {
    before: u64,
    now: u64,
}

impl<'a> Appending<'a> {
    fn begin(db: &'a Connection, node: &'a str, recorded_at: Timestamp) -> Result<Self, Error> {
        let size = size(db)?;
        Ok(Self {
            db,
            node,
            recorded_at,
            first_seq: size,
            next_seq: size,
            tree: Growth::load(size, &DbTiles(db))?,
            streams: BTreeMap::new(),
            projector: Projector::begin(db, db)?,
            touched: Touched::default(),
        })
    }

    fn take(&mut self, entry: &Entry) -> Result<Receipt, Error> {
        if let Some(receipt) = self.find_receipt(entry)? {
            return Ok(receipt);
        }
        let version = self.next_version(entry)?;
        let recorded = RecordedEntry {
            seq: self.next_seq,
            version,
            recorded_at: self.recorded_at,
            origin: self.node.to_owned(),
            entry: entry.clone(),
        };
        let receipt = self.write(&recorded)?;
        projections::apply(&mut self.projector, &recorded, &mut self.touched)?;
        self.next_seq += 1;
        Ok(receipt)
    }

    /// The first receipt of an entry that is in the log already.
    fn find_receipt(&self, entry: &Entry) -> Result<Option<Receipt>, Error> {
        let found: Option<(i64, [u8; 32], String)> = self
            .db
            .prepare_cached("SELECT seq, leaf_hash, canonical FROM entries WHERE entry_id = ?1")
            .and_then(|mut select| {
                let id = entry.id.0.hyphenated().to_string();
                select
                    .query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                    .optional()
            })
            .map_err(failed("look up an entry"))?;
        let Some((seq, leaf_hash, stored)) = found else {
            return Ok(None);
        };
        let seq = seq.unsigned_abs();
        let Some(first) = canonical::same_fact(stored.as_bytes(), entry)? else {
            return Err(Error::SameIdOtherContent {
                entry_id: entry.id,
                seq,
            });
        };
        Ok(Some(Receipt {
            leaf_hash,
            is_new: false,
            ..Receipt::of(&first)
        }))
    }

    fn next_version(&mut self, entry: &Entry) -> Result<u64, Error> {
        if !self.streams.contains_key(&entry.stream) {
            let before = reads::stream_version(self.db, &entry.stream)?;
            self.streams.insert(
                entry.stream.clone(),
                Version {
                    before,
                    now: before,
                },
            );
        }
        let version = self.streams.get_mut(&entry.stream).expect("inserted above");
        let Version { before, now } = *version;
        version.now += 1;
        match entry.based_on {
            Some(based_on) if based_on > now => Err(Error::AheadOfStream {
                stream: entry.stream.clone(),
                based_on,
                current: now,
            }),
            Some(based_on) if based_on < before => {
                check_stale(self.db, entry, based_on, before)?;
                Ok(now + 1)
            }
            // Entries of one append that name the same version were made together, not meanwhile.
            _ => Ok(now + 1),
        }
    }

    fn write(&mut self, recorded: &RecordedEntry) -> Result<Receipt, Error> {
        let stored = canonical::encode(recorded)?;
        let hash: Hash = record_hash(&canonical::leaf(recorded.seq, recorded.entry.id, &stored)?);
        self.tree.push(hash, &DbTiles(self.db))?;
        let text = std::str::from_utf8(&stored).expect("canonical JSON is UTF-8");
        self.db
            .prepare_cached(
                "INSERT OR FAIL INTO entries
                 (seq, entry_id, stream, version, kind, occurred_at, recorded_at, leaf_hash, canonical)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )
            .and_then(|mut insert| {
                insert.execute(params![
                    recorded.seq.cast_signed(),
                    recorded.entry.id.0.hyphenated().to_string(),
                    recorded.entry.stream.0,
                    recorded.version.cast_signed(),
                    recorded.entry.body.kind(),
                    super::instant(recorded.entry.occurred_at),
                    super::instant(recorded.recorded_at),
                    hash.0,
                    text,
                ])
            })
            .map_err(failed("append an entry"))?;
        Ok(Receipt {
            leaf_hash: hash.0,
            ..Receipt::of(recorded)
        })
    }

    fn finish(self, key: &NodeKey) -> Result<(), Error> {
        if self.next_seq == self.first_seq {
            return Ok(());
        }
        for (stream, version) in self.streams.iter().filter(|(_, v)| v.now > v.before) {
            self.db
                .prepare_cached(
                    "INSERT INTO streams (stream, version) VALUES (?1, ?2)
                     ON CONFLICT (stream) DO UPDATE SET version = excluded.version",
                )
                .and_then(|mut upsert| upsert.execute(params![stream.0, version.now.cast_signed()]))
                .map_err(failed("note the version of a stream"))?;
        }
        let size = self.tree.finish(&DbTiles(self.db))?;
        let mut projector = self.projector;
        projections::settle(&mut projector, self.touched)?;
        projector.finish()?;
        touch_log(self.db, self.recorded_at)?;
        store_checkpoint(self.db, key, size)
    }
}

fn touch_log(db: &Connection, at: Timestamp) -> Result<(), Error> {
    db.prepare_cached("UPDATE gpkg_contents SET last_change = ?1 WHERE table_name = 'entries'")
        .and_then(|mut update| update.execute([super::instant(at)]))
        .map_err(failed("note the time of change"))?;
    Ok(())
}

/// Signs the log as it stands, in the transaction that made it so.
fn store_checkpoint(db: &Connection, key: &NodeKey, size: u64) -> Result<(), Error> {
    let root = tree::root(size, &DbTiles(db))?;
    let note = key.sign(size, root)?;
    db.prepare_cached("INSERT INTO checkpoints (size, root_hash, note) VALUES (?1, ?2, ?3)")
        .and_then(|mut insert| insert.execute(params![size.cast_signed(), root.0, note]))
        .map_err(failed("keep the checkpoint"))?;
    Ok(())
}

/// What the entry's kind says about a stream that moved on since version `based_on`.
fn check_stale(db: &Connection, entry: &Entry, based_on: u64, current: u64) -> Result<(), Error> {
    let policy = StalePolicy::of(entry.body.kind());
    if policy == StalePolicy::Commute {
        return Ok(());
    }
    let meanwhile = reads::stream_since(db, &entry.stream, based_on)?;
    let clash = |theirs: RecordedEntry| {
        let fields = clashing_fields(&entry.body, &theirs.entry.body);
        Clash {
            theirs: Box::new(theirs),
            fields,
        }
    };
    let mut clashes: Vec<Clash> = meanwhile.into_iter().map(clash).collect();
    if policy == StalePolicy::MergeByField {
        clashes.retain(|clash| !clash.fields.is_empty());
        if clashes.is_empty() {
            return Ok(());
        }
    }
    Err(Error::Stale {
        stream: entry.stream.clone(),
        entry_id: entry.id,
        based_on,
        current,
        clashes,
    })
}

/// Writes the projections' rows of all entries of a log into `target`.
pub(super) fn replay(log: &Connection, target: &Connection) -> Result<(), Error> {
    let mut projector = Projector::begin(log, target)?;
    let mut touched = Touched::default();
    let mut last = None;
    reads::entries(log, &crate::EntryFilter::default(), |entry| {
        last = Some(entry.recorded_at);
        projections::apply(&mut projector, &entry, &mut touched)
    })?;
    projections::settle(&mut projector, touched)?;
    projector.finish()?;
    last.map_or(Ok(()), |at| touch_log(target, at))
}
