//! What only a GeoPackage has to be verified: its schema, its projections with their spatial indexes and extents.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, Statement};

use super::Db;
use super::projector::Projector;
use crate::check::VerifyReport;
use crate::constraints::failed;
use crate::error::Error;
use crate::projections::{self, TABLES};
use crate::schema::{migrate, opened_at, recreate_projections};

/// Every table, index and trigger must be there as this program makes it: a dropped trigger is a fault.
pub(super) fn check_schema(db: &Db, report: &mut VerifyReport) -> Result<(), Error> {
    let expected = schema_of(&scratch()?.0)?;
    let found = schema_of(&db.0)?;
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
fn scratch() -> Result<Db, Error> {
    let db = Connection::open("").map_err(failed("open a scratch file"))?;
    super::blob::register_functions(&db)?;
    db.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;",
    )
    .map_err(failed("open a scratch file"))?;
    let db = Db::over(db);
    migrate(&db)?;
    recreate_projections(&db, Timestamp::UNIX_EPOCH)?;
    Ok(db)
}

/// Versions of a stream run from 1 to where the stream is noted to stand.
pub(super) fn find_broken_stream(db: &Db) -> Result<Option<String>, Error> {
    let noted = "SELECT stream, version, version FROM streams ORDER BY stream";
    let found =
        "SELECT stream, max(version), count(*) FROM entries GROUP BY stream ORDER BY stream";
    first_difference((&db.0, noted), (&db.0, found))
}

/// Makes all projections anew beside the stored ones and compares them row by row.
pub(super) fn check_projections(db: &Db, report: &mut VerifyReport) -> Result<(), Error> {
    let scratch = scratch()?;
    // One transaction, never ended: the scratch file goes away with it.
    scratch
        .0
        .execute_batch("BEGIN")
        .map_err(failed("open a scratch file"))?;
    recreate_projections(&scratch, opened_at(db)?)?;
    projections::replay(db, Projector::begin(db, &scratch)?)?;
    let (db, fresh) = (&db.0, &scratch.0);
    for table in TABLES {
        let columns = format!("SELECT * FROM {} ORDER BY fid", table.name);
        compare(db, fresh, table.name, &columns, report)?;
        let contents = format!(
            "SELECT * FROM gpkg_contents WHERE table_name = '{}'",
            table.name
        );
        compare(db, fresh, "gpkg_contents", &contents, report)?;
        if table.geometry_type.is_some() {
            let rtree = format!("rtree_{}_geom", table.name);
            compare(
                db,
                fresh,
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
