//! Tables and triggers of a register in PostgreSQL, and what the database has to bring along.

use super::Db;
use crate::constraints::refused;
use crate::error::Error;
use crate::projections::TABLES;
use crate::schema::Schema;

pub(super) static SCHEMA: Schema = Schema {
    migrations: &[(
        1,
        "log",
        include_str!("../../migrations/postgres/0001_log.sql"),
    )],
    projections: include_str!("../../migrations/postgres/projections.sql"),
};

const LIST: &str = "list its migrations";

const MIGRATION_TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
  version integer PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL)";

/// The list of migrations, after refusing a database that cannot keep a register.
pub(super) fn prepare(db: &Db) -> Result<(), Error> {
    if newest_if_any(db)?.is_some() {
        return Ok(());
    }
    check_encoding(db)?;
    take_postgis(db)?;
    db.run(LIST, MIGRATION_TABLE)
}

fn check_encoding(db: &Db) -> Result<(), Error> {
    let row = db.find(
        "say what it is",
        "SELECT current_setting('server_encoding')",
        &[],
    )?;
    let encoding: String = match row {
        Some(row) => row.try_get(0).map_err(refused("say what it is"))?,
        None => String::new(),
    };
    if encoding == "UTF8" {
        return Ok(());
    }
    Err(Error::UnfitDatabase {
        reason: format!("its encoding is {encoding}, not UTF8"),
    })
}

/// PostGIS, made ready where we may; else an administrator has to.
fn take_postgis(db: &Db) -> Result<(), Error> {
    let find = "SELECT 1 FROM pg_extension WHERE extname = 'postgis'";
    if db.find("say what it is", find, &[])?.is_some() {
        return Ok(());
    }
    let refuse = |e: Error| {
        let cause = std::error::Error::source(&e)
            .and_then(std::error::Error::source)
            .map_or_else(String::new, ToString::to_string);
        Error::UnfitDatabase {
            reason: format!("an administrator must run CREATE EXTENSION postgis ({cause})"),
        }
    };
    db.run("take PostGIS", "CREATE EXTENSION postgis")
        .map_err(refuse)
}

fn newest_if_any(db: &Db) -> Result<Option<u32>, Error> {
    let sql = "SELECT to_regclass('schema_migrations') IS NOT NULL";
    let is_there = match db.find(LIST, sql, &[])? {
        Some(row) => row.try_get(0).map_err(refused(LIST))?,
        None => false,
    };
    if is_there {
        newest(db).map(Some)
    } else {
        Ok(None)
    }
}

pub(super) fn newest(db: &Db) -> Result<u32, Error> {
    let sql = "SELECT coalesce(max(version), 0) FROM schema_migrations";
    let row = db.find(LIST, sql, &[])?;
    let newest: i32 = match row {
        Some(row) => row.try_get(0).map_err(refused(LIST))?,
        None => 0,
    };
    Ok(newest.unsigned_abs())
}

pub(super) fn find_checksum(db: &Db, version: u32) -> Result<Option<String>, Error> {
    let sql = "SELECT sha256 FROM schema_migrations WHERE version = $1";
    let row = db.find(LIST, sql, &[&version.cast_signed()])?;
    row.map(|row| row.try_get(0).map_err(refused(LIST)))
        .transpose()
}

pub(super) fn note(db: &Db, version: u32, name: &str, checksum: &str) -> Result<(), Error> {
    let sql = "INSERT INTO schema_migrations VALUES ($1, $2, $3)
               ON CONFLICT (version) DO UPDATE SET name = excluded.name, sha256 = excluded.sha256";
    let attempt = "note the migration";
    db.execute(attempt, sql, &[&version.cast_signed(), &name, &checksum])
}

/// Drops all projections and makes them anew, empty.
pub(super) fn recreate_tables(db: &Db) -> Result<(), Error> {
    for table in TABLES {
        db.run(
            "drop a projection",
            &format!("DROP TABLE IF EXISTS {}", table.name),
        )?;
    }
    db.run("create the projections", SCHEMA.projections)?;
    for table in TABLES {
        let titled = format!("COMMENT ON TABLE {} IS '{}'", table.name, table.title);
        db.run("name a projection", &titled)?;
    }
    Ok(())
}
