//! What only PostgreSQL has to be verified: its schema and its projections, each compared with one made anew in
//! temporary tables, which are gone when the transaction ends.

use std::collections::BTreeMap;

use super::{Db, schema};
use crate::check::VerifyReport;
use crate::constraints::refused;
use crate::error::Error;
use crate::projections::{self, TABLES};
use crate::store::Store;

const LOOK: &str = "say what it is";
const COMPARE: &str = "compare the projections";

/// Versions of a stream run from 1 to where the stream is noted to stand.
pub(super) fn find_broken_stream(db: &Db) -> Result<Option<String>, Error> {
    let sql = "SELECT coalesce(s.stream, e.stream) FROM streams s
               FULL JOIN (SELECT stream, max(version) AS last, count(*) AS entries FROM entries GROUP BY stream) e
               ON e.stream = s.stream
               WHERE s.version IS DISTINCT FROM e.last OR e.last IS DISTINCT FROM e.entries
               ORDER BY 1 LIMIT 1";
    let row = db.find("read the log", sql, &[])?;
    row.map(|row| row.try_get(0).map_err(refused("read the log")))
        .transpose()
}

/// Puts names for temporary tables before all others, until the transaction or the savepoint ends.
const TEMPORARY_FIRST: &str =
    "SELECT set_config('search_path', 'pg_temp, ' || current_setting('search_path'), true)";

/// Every table, column, constraint, index, trigger and function must be there as this program makes it.
pub(super) fn check_schema(db: &Db, report: &mut VerifyReport) -> Result<(), Error> {
    let home = current_schema(db)?;
    db.run(LOOK, "SAVEPOINT scratch")?;
    db.find(LOOK, TEMPORARY_FIRST, &[])?;
    // The name of a temporary function is never found by itself.
    let log = schema::SCHEMA.migrations.iter().map(|(.., sql)| *sql);
    let log: String = log.collect();
    db.run(
        LOOK,
        &log.replace("refuse_change()", "pg_temp.refuse_change()"),
    )?;
    db.run(LOOK, schema::SCHEMA.projections)?;
    let scratch = temporary_schema(db)?;
    let (expected, found) = (schema_of(db, &scratch)?, schema_of(db, &home)?);
    db.run(
        LOOK,
        "ROLLBACK TO SAVEPOINT scratch; RELEASE SAVEPOINT scratch",
    )?;
    for (name, definition) in &expected {
        if found.get(name) != Some(definition) {
            report.add("register.verify.schema_differs", None, name);
        }
    }
    Ok(())
}

fn current_schema(db: &Db) -> Result<String, Error> {
    text(db, "SELECT current_schema()::text")
}

fn temporary_schema(db: &Db) -> Result<String, Error> {
    text(
        db,
        "SELECT nspname::text FROM pg_namespace WHERE oid = pg_my_temp_schema()",
    )
}

fn text(db: &Db, sql: &str) -> Result<String, Error> {
    match db.find(LOOK, sql, &[])? {
        Some(row) => row.try_get(0).map_err(refused(LOOK)),
        None => Ok(String::new()),
    }
}

/// Names and definitions of all that a schema holds, free of the schema's own name.
fn schema_of(db: &Db, name: &str) -> Result<BTreeMap<String, String>, Error> {
    let sql = "
        WITH home AS (SELECT oid, quote_ident(nspname) || '.' AS prefix FROM pg_namespace WHERE nspname = $1),
        tables AS (SELECT c.oid, c.relname FROM pg_class c, home WHERE c.relnamespace = home.oid AND c.relkind = 'r')
        SELECT 'column ' || t.relname || '.' || a.attname,
               concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, l.collname)
        FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_collation l ON l.oid = a.attcollation
        UNION ALL
        SELECT 'constraint ' || t.relname || '.' || c.conname, pg_get_constraintdef(c.oid)
        FROM tables t JOIN pg_constraint c ON c.conrelid = t.oid
        UNION ALL
        SELECT 'index ' || i.relname, replace(replace(pg_get_indexdef(x.indexrelid), home.prefix, ''), 'pg_temp.', '')
        FROM home, tables t JOIN pg_index x ON x.indrelid = t.oid JOIN pg_class i ON i.oid = x.indexrelid
        UNION ALL
        SELECT 'trigger ' || t.relname || '.' || g.tgname,
               replace(replace(pg_get_triggerdef(g.oid), home.prefix, ''), 'pg_temp.', '') || ' ' || g.tgenabled::text
        FROM home, tables t JOIN pg_trigger g ON g.tgrelid = t.oid AND NOT g.tgisinternal
        UNION ALL
        SELECT 'function ' || p.proname, p.prosrc FROM pg_proc p, home
        WHERE p.pronamespace = home.oid AND p.proname = 'refuse_change'";
    let rows = db.query(LOOK, sql, &[&name])?;
    let pair = |row: &::postgres::Row| {
        let at = |column| row.try_get(column).map_err(refused(LOOK));
        Ok((at(0)?, at(1)?))
    };
    rows.iter().map(pair).collect()
}

/// Makes all projections anew in temporary tables and compares them row by row.
pub(super) fn check_projections(db: &Db, report: &mut VerifyReport) -> Result<(), Error> {
    let home = current_schema(db)?;
    db.run(COMPARE, "SAVEPOINT scratch")?;
    db.find(COMPARE, TEMPORARY_FIRST, &[])?;
    db.run(COMPARE, schema::SCHEMA.projections)?;
    projections::replay(db, db.projector()?)?;
    for table in TABLES {
        if let Some(fid) = find_difference(db, &home, table.name)? {
            let subject = format!("{} {fid}", table.name);
            report.add("register.verify.projection_differs", None, subject);
        }
    }
    db.run(
        COMPARE,
        "ROLLBACK TO SAVEPOINT scratch; RELEASE SAVEPOINT scratch",
    )
}

/// Key of the first row that is not the same in both, to the last bit of every number and geometry.
fn find_difference(db: &Db, home: &str, table: &str) -> Result<Option<i64>, Error> {
    let home = home.replace('"', "\"\"");
    let sql = format!(
        "SELECT coalesce(a.fid, b.fid) FROM \"{home}\".{table} a FULL JOIN pg_temp.{table} b USING (fid)
         WHERE a::text IS DISTINCT FROM b::text ORDER BY 1 LIMIT 1"
    );
    let row = db.find(COMPARE, &sql, &[])?;
    row.map(|row| row.try_get(0).map_err(refused(COMPARE)))
        .transpose()
}
