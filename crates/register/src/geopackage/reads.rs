//! Reading entries, dossiers and clues back, as of any day.

use domain::as_of::AsOf;
use domain::dossier::{Dossier, Kept, fold};
use domain::entries::ClueReceived;
use domain::entry::{EntryBody, RecordedEntry};
use domain::ids::{ClueId, EntryId, SiteId, StreamId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::canonical;
use crate::clue::{Clue, ClueFold, ClueState};
use crate::constraints::failed;
use crate::error::Error;
use crate::{EntryFilter, StoredEntry};

const READ: &str = "read the log";

/// Version a stream is at; 0 before its first entry.
pub(super) fn stream_version(db: &Connection, stream: &StreamId) -> Result<u64, Error> {
    let version: Option<i64> = db
        .prepare_cached("SELECT version FROM streams WHERE stream = ?1")
        .and_then(|mut select| select.query_row([&stream.0], |row| row.get(0)).optional())
        .map_err(failed(READ))?;
    Ok(version.unwrap_or(0).unsigned_abs())
}

/// Entries of a stream that this program knows, in order, and the stream's version.
pub(super) fn load_stream(
    db: &Connection,
    stream: &StreamId,
) -> Result<(Vec<RecordedEntry>, u64), Error> {
    let mut version = 0;
    let mut entries = Vec::new();
    each_of_stream(db, stream, 0, |position, entry| {
        version = position;
        entries.extend(entry);
    })?;
    Ok((entries, version))
}

/// Entries of a stream after a version.
pub(super) fn stream_since(
    db: &Connection,
    stream: &StreamId,
    version: u64,
) -> Result<Vec<RecordedEntry>, Error> {
    let mut entries = Vec::new();
    each_of_stream(db, stream, version, |_, entry| entries.extend(entry))?;
    Ok(entries)
}

fn each_of_stream(
    db: &Connection,
    stream: &StreamId,
    after: u64,
    mut each: impl FnMut(u64, Option<RecordedEntry>),
) -> Result<(), Error> {
    let sql = "SELECT seq, kind, canonical, version FROM entries WHERE stream = ?1 AND version > ?2 ORDER BY version";
    let mut select = db.prepare_cached(sql).map_err(failed(READ))?;
    let mut rows = select
        .query(params![stream.0, after.cast_signed()])
        .map_err(failed(READ))?;
    while let Some(row) = rows.next().map_err(failed(READ))? {
        let version: i64 = row.get(3).map_err(failed(READ))?;
        each(version.unsigned_abs(), entry_of(row)?);
    }
    Ok(())
}

/// The entry of a row that begins with `seq, kind, canonical`.
fn entry_of(row: &Row<'_>) -> Result<Option<RecordedEntry>, Error> {
    let seq: i64 = row.get(0).map_err(failed(READ))?;
    let kind = text_at(row, 1)?;
    canonical::decode(seq.unsigned_abs(), kind, text_at(row, 2)?.as_bytes())
}

fn text_at<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a str, Error> {
    let value = row.get_ref(column).map_err(failed(READ))?;
    value.as_str().map_err(|e| failed(READ)(e.into()))
}

pub(super) fn find_entry(db: &Connection, id: EntryId) -> Result<Option<RecordedEntry>, Error> {
    let mut select = db
        .prepare_cached("SELECT seq, kind, canonical FROM entries WHERE entry_id = ?1")
        .map_err(failed(READ))?;
    let mut rows = select
        .query([id.0.hyphenated().to_string()])
        .map_err(failed(READ))?;
    match rows.next().map_err(failed(READ))? {
        Some(row) => entry_of(row),
        None => Ok(None),
    }
}

/// Calls `each` for every entry the filter lets through, in the order of the log.
pub(super) fn entries<E: From<Error>>(
    db: &Connection,
    filter: &EntryFilter<'_>,
    mut each: impl FnMut(RecordedEntry) -> Result<(), E>,
) -> Result<(), E> {
    let (low, high) = filter.range();
    let sql = "SELECT seq, kind, canonical FROM entries
               WHERE seq < ?1 AND (?2 IS NULL OR stream >= ?2) AND (?3 IS NULL OR stream < ?3) ORDER BY seq";
    let mut select = db.prepare_cached(sql).map_err(failed(READ))?;
    let mut rows = select
        .query(params![end_of(filter.as_of), low, high])
        .map_err(failed(READ))?;
    while let Some(row) = rows.next().map_err(failed(READ))? {
        if !filter.admits(text_at(row, 1)?) {
            continue;
        }
        if let Some(entry) = entry_of(row)?.filter(|entry| filter.as_of.sees(entry)) {
            each(entry)?;
        }
    }
    Ok(())
}

/// First position that a view surely does not see.
fn end_of(as_of: AsOf) -> i64 {
    match as_of {
        AsOf::LogSize(size) => i64::try_from(size).unwrap_or(i64::MAX),
        _ => i64::MAX,
    }
}

/// Calls `each` with the stored bytes of every entry, from position `from` on, whether this program knows them or not.
pub(super) fn stored_entries<E: From<Error>>(
    db: &Connection,
    from: u64,
    to: u64,
    mut each: impl FnMut(StoredEntry<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let sql = "SELECT seq, kind, canonical, entry_id, leaf_hash, stream, version FROM entries
               WHERE seq >= ?1 AND seq < ?2 ORDER BY seq";
    let mut select = db.prepare_cached(sql).map_err(failed(READ))?;
    let bound = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let mut rows = select
        .query([bound(from), bound(to)])
        .map_err(failed(READ))?;
    while let Some(row) = rows.next().map_err(failed(READ))? {
        each(stored_entry(row)?)?;
    }
    Ok(())
}

fn stored_entry<'a>(row: &'a Row<'_>) -> Result<StoredEntry<'a>, Error> {
    let number = |column| {
        row.get::<_, i64>(column)
            .map(i64::unsigned_abs)
            .map_err(failed(READ))
    };
    // A damaged row must be reported by verify(), not stop it: whatever type is stored, its bytes are taken.
    let bytes = |column| {
        row.get_ref(column)
            .map(|v| v.as_bytes().unwrap_or_default())
            .map_err(failed(READ))
    };
    let text = |column| bytes(column).map(|b| std::str::from_utf8(b).unwrap_or_default());
    Ok(StoredEntry {
        seq: number(0)?,
        kind: text(1)?,
        canonical: bytes(2)?,
        entry_id: text(3)?,
        leaf_hash: bytes(4)?,
        stream: text(5)?,
        version: number(6).unwrap_or(0),
    })
}

/// Calls `each` for every site's dossier, in the order of the sites' ids.
pub(super) fn dossiers<E: From<Error>>(
    db: &Connection,
    as_of: AsOf,
    each: impl FnMut(Dossier) -> Result<(), E>,
) -> Result<(), E> {
    match as_of {
        AsOf::Now => stored_dossiers(db, each),
        _ => folded_dossiers(db, as_of, each),
    }
}

fn stored_dossiers<E: From<Error>>(
    db: &Connection,
    mut each: impl FnMut(Dossier) -> Result<(), E>,
) -> Result<(), E> {
    let mut select = db
        .prepare_cached("SELECT dossier FROM sites ORDER BY site_id")
        .map_err(failed(READ))?;
    let mut rows = select.query([]).map_err(failed(READ))?;
    while let Some(row) = rows.next().map_err(failed(READ))? {
        each(dossier_of(text_at(row, 0)?)?)?;
    }
    Ok(())
}

fn dossier_of(text: &str) -> Result<Dossier, Error> {
    serde_json::from_str(text).map_err(|source| Error::UnreadableProjection {
        what: "dossier",
        source,
    })
}

fn folded_dossiers<E: From<Error>>(
    db: &Connection,
    as_of: AsOf,
    mut each: impl FnMut(Dossier) -> Result<(), E>,
) -> Result<(), E> {
    let sql = "SELECT seq, kind, canonical FROM entries
               WHERE stream >= 'site/' AND stream < 'site0' AND seq < ?1 ORDER BY stream, version";
    let mut select = db.prepare_cached(sql).map_err(failed(READ))?;
    let mut rows = select.query([end_of(as_of)]).map_err(failed(READ))?;
    let mut of_site: Vec<RecordedEntry> = Vec::new();
    while let Some(row) = rows.next().map_err(failed(READ))? {
        let Some(entry) = entry_of(row)? else {
            continue;
        };
        if of_site
            .last()
            .is_some_and(|last| last.entry.stream != entry.entry.stream)
        {
            fold(&of_site).map_or(Ok(()), &mut each)?;
            of_site.clear();
        }
        if as_of.sees(&entry) {
            of_site.push(entry);
        }
    }
    fold(&of_site).map_or(Ok(()), each)
}

pub(super) fn find_dossier(
    db: &Connection,
    site: SiteId,
    as_of: AsOf,
) -> Result<Option<Dossier>, Error> {
    if as_of == AsOf::Now {
        return one_dossier(
            db,
            "SELECT dossier FROM sites WHERE site_id = ?1",
            &site.0.hyphenated().to_string(),
        );
    }
    let (entries, _) = load_stream(db, &StreamId::site(site))?;
    Ok(fold(entries.iter().filter(|entry| as_of.sees(entry))))
}

/// The site a code belongs to; the earliest registered, should a code have been given twice.
pub(super) fn find_site_by_code(db: &Connection, site_code: &str) -> Result<Option<SiteId>, Error> {
    let text: Option<String> = db
        .prepare_cached("SELECT site_id FROM sites WHERE site_code = ?1 ORDER BY fid LIMIT 1")
        .and_then(|mut select| select.query_row([site_code], |row| row.get(0)).optional())
        .map_err(failed(READ))?;
    Ok(text.and_then(|text| text.parse().ok()))
}

fn one_dossier(db: &Connection, sql: &str, value: &str) -> Result<Option<Dossier>, Error> {
    let text: Option<String> = db
        .prepare_cached(sql)
        .and_then(|mut select| select.query_row([value], |row| row.get(0)).optional())
        .map_err(failed(READ))?;
    text.map(|text| dossier_of(&text)).transpose()
}

/// Calls `each` for every clue, in the order they were received.
pub(super) fn clues<E: From<Error>>(
    db: &Connection,
    as_of: AsOf,
    mut each: impl FnMut(Clue) -> Result<(), E>,
) -> Result<(), E> {
    if as_of == AsOf::Now {
        return stored_clues(db, each);
    }
    let mut fold = ClueFold::default();
    let filter = EntryFilter {
        kinds: ClueFold::KINDS,
        as_of,
        ..EntryFilter::default()
    };
    entries(db, &filter, |entry| {
        fold.apply(entry);
        Ok::<(), E>(())
    })?;
    fold.finish().into_iter().try_for_each(&mut each)
}

fn stored_clues<E: From<Error>>(
    db: &Connection,
    mut each: impl FnMut(Clue) -> Result<(), E>,
) -> Result<(), E> {
    let sql = "SELECT e.seq, e.kind, e.canonical, c.site_id, c.site_code, s.seq, s.kind, s.canonical
               FROM clues c JOIN entries e ON e.seq = c.fid - 1 LEFT JOIN entries s ON s.seq = c.screened_seq
               ORDER BY c.fid";
    let mut select = db.prepare_cached(sql).map_err(failed(READ))?;
    let mut rows = select.query([]).map_err(failed(READ))?;
    while let Some(row) = rows.next().map_err(failed(READ))? {
        if let Some(clue) = stored_clue(row)? {
            each(clue)?;
        }
    }
    Ok(())
}

fn stored_clue(row: &Row<'_>) -> Result<Option<Clue>, Error> {
    let Some(received) = entry_of(row)?.and_then(kept_clue) else {
        return Ok(None);
    };
    let mut clue = Clue::open(received);
    let site: Option<String> = row.get(3).map_err(failed(READ))?;
    clue.site_id = site.and_then(|text| text.parse().ok());
    clue.site_code = row.get(4).map_err(failed(READ))?;
    let screened: Option<i64> = row.get(5).map_err(failed(READ))?;
    if let Some(seq) = screened {
        let entry = canonical::decode(
            seq.unsigned_abs(),
            text_at(row, 6)?,
            text_at(row, 7)?.as_bytes(),
        )?;
        clue.screened = entry.and_then(|entry| match &entry.entry.body {
            EntryBody::ClueScreened(body) => Some(crate::clue::kept(&entry, (**body).clone())),
            _ => None,
        });
    }
    clue.state = ClueState::of(&clue);
    Ok(Some(clue))
}

fn kept_clue(entry: RecordedEntry) -> Option<Kept<ClueReceived>> {
    match &entry.entry.body {
        EntryBody::ClueReceived(body) => Some(crate::clue::kept(&entry, (**body).clone())),
        _ => None,
    }
}

pub(super) fn find_clue(db: &Connection, clue: ClueId) -> Result<Option<Clue>, Error> {
    let sql = "SELECT e.seq, e.kind, e.canonical, c.site_id, c.site_code, s.seq, s.kind, s.canonical
               FROM clues c JOIN entries e ON e.seq = c.fid - 1 LEFT JOIN entries s ON s.seq = c.screened_seq
               WHERE c.clue_id = ?1";
    let mut select = db.prepare_cached(sql).map_err(failed(READ))?;
    let mut rows = select
        .query([clue.0.hyphenated().to_string()])
        .map_err(failed(READ))?;
    match rows.next().map_err(failed(READ))? {
        Some(row) => stored_clue(row),
        None => Ok(None),
    }
}
