//! Tables, triggers and GeoPackage 1.4 metadata of a register file.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::blob::SRS_ID;
use crate::canonical::sha256_hex;
use crate::constraints::failed;
use crate::error::Error;
use crate::projections::{TABLES, Table};

/// Numbered changes to the log's tables, never edited once released.
const MIGRATIONS: &[(u32, &str, &str)] = &[(
    1,
    "log",
    include_str!("../../migrations/geopackage/0001_log.sql"),
)];

/// Tables of the projections as this program wants them; where a file has others, they are made anew from the entries.
const PROJECTIONS: &str = include_str!("../../migrations/geopackage/projections.sql");

const METADATA: &str = include_str!("../../migrations/geopackage/metadata.sql");

const MIGRATION_TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
  version INTEGER PRIMARY KEY NOT NULL, name TEXT NOT NULL, sha256 TEXT NOT NULL)";

/// 'GPKG', and version 1.4.0.
const APPLICATION_ID: i32 = 0x4750_4B47;
const USER_VERSION: i32 = 10_400;

/// Position of the projections' checksum among the migrations.
const PROJECTIONS_VERSION: u32 = 0;

/// Creates what is missing of the schema, after refusing what this program does not know.
pub(super) fn migrate(db: &Connection) -> Result<(), Error> {
    db.execute_batch(MIGRATION_TABLE)
        .map_err(failed("list its migrations"))?;
    check(db)?;
    if newest(db)? == 0 {
        db.execute_batch(METADATA)
            .map_err(failed("take the GeoPackage tables"))?;
        db.pragma_update(None, "application_id", APPLICATION_ID)
            .map_err(failed("be named a GeoPackage"))?;
        db.pragma_update(None, "user_version", USER_VERSION)
            .map_err(failed("be named a GeoPackage"))?;
    }
    for (version, name, sql) in MIGRATIONS.iter().filter(|(v, ..)| *v > 0) {
        if checksum(db, *version)?.is_none() {
            db.execute_batch(sql).map_err(failed("migrate"))?;
            note(db, *version, name, sql)?;
        }
    }
    Ok(())
}

/// Refuses a file that a newer program changed, or whose migrations were not these.
pub(super) fn check(db: &Connection) -> Result<(), Error> {
    let known = MIGRATIONS.iter().map(|(v, ..)| *v).max().unwrap_or(0);
    let found = newest(db)?;
    if found > known {
        return Err(Error::NewerSchema { found, known });
    }
    for (version, _, sql) in MIGRATIONS {
        match checksum(db, *version)? {
            Some(sum) if sum != sha256_hex(sql.as_bytes()) => {
                return Err(Error::AlteredMigration { version: *version });
            }
            _ => {}
        }
    }
    Ok(())
}

fn newest(db: &Connection) -> Result<u32, Error> {
    db.query_row(
        "SELECT coalesce(max(version), 0) FROM schema_migrations",
        [],
        |row| row.get(0),
    )
    .map_err(failed("list its migrations"))
}

fn checksum(db: &Connection, version: u32) -> Result<Option<String>, Error> {
    db.query_row(
        "SELECT sha256 FROM schema_migrations WHERE version = ?1",
        [version],
        |row| row.get(0),
    )
    .optional()
    .map_err(failed("list its migrations"))
}

fn note(db: &Connection, version: u32, name: &str, sql: &str) -> Result<(), Error> {
    db.execute(
        "INSERT OR REPLACE INTO schema_migrations VALUES (?1, ?2, ?3)",
        params![version, name, sha256_hex(sql.as_bytes())],
    )
    .map_err(failed("note the migration"))?;
    Ok(())
}

/// Whether the projections' tables are those this program writes.
pub(super) fn projections_are_current(db: &Connection) -> Result<bool, Error> {
    Ok(checksum(db, PROJECTIONS_VERSION)?
        .is_some_and(|sum| sum == sha256_hex(PROJECTIONS.as_bytes())))
}

/// Drops all projections and makes them anew, empty, as of `at`.
pub(super) fn recreate_projections(db: &Connection, at: Timestamp) -> Result<(), Error> {
    for table in TABLES {
        drop_projection(db, table).map_err(failed("drop a projection"))?;
    }
    db.execute_batch(PROJECTIONS)
        .map_err(failed("create the projections"))?;
    for table in TABLES {
        register(db, table, at).map_err(failed("register a projection"))?;
    }
    register_attributes(db, "entries", "登记条目", at).map_err(failed("register the log"))?;
    note(db, PROJECTIONS_VERSION, "projections", PROJECTIONS)
}

fn drop_projection(db: &Connection, table: &Table) -> rusqlite::Result<()> {
    let name = table.name;
    db.execute("DELETE FROM gpkg_extensions WHERE table_name = ?1", [name])?;
    db.execute(
        "DELETE FROM gpkg_geometry_columns WHERE table_name = ?1",
        [name],
    )?;
    db.execute("DELETE FROM gpkg_contents WHERE table_name = ?1", [name])?;
    db.execute_batch(&format!(
        "DROP TABLE IF EXISTS {name}; DROP TABLE IF EXISTS rtree_{name}_geom;"
    ))
}

fn register(db: &Connection, table: &Table, at: Timestamp) -> rusqlite::Result<()> {
    let Some(geometry_type) = table.geometry_type else {
        return register_attributes(db, table.name, table.title, at);
    };
    db.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change, srs_id)
         VALUES (?1, 'features', ?1, ?2, ?3, ?4)",
        params![table.name, table.title, super::instant(at), SRS_ID],
    )?;
    db.execute(
        "INSERT INTO gpkg_geometry_columns (table_name, column_name, geometry_type_name, srs_id, z, m)
         VALUES (?1, 'geom', ?2, ?3, 0, 0)",
        params![table.name, geometry_type, SRS_ID],
    )?;
    db.execute(
        "INSERT INTO gpkg_extensions (table_name, column_name, extension_name, definition, scope)
         VALUES (?1, 'geom', 'gpkg_rtree_index', 'http://www.geopackage.org/spec120/#extension_rtree', 'write-only')",
        [table.name],
    )?;
    db.execute_batch(&RTREE.replace("{t}", table.name))
}

fn register_attributes(
    db: &Connection,
    name: &str,
    title: &str,
    at: Timestamp,
) -> rusqlite::Result<()> {
    db.execute(
        "INSERT OR REPLACE INTO gpkg_contents (table_name, data_type, identifier, description, last_change, srs_id)
         VALUES (?1, 'attributes', ?1, ?2, ?3, 0)",
        params![name, title, super::instant(at)],
    )?;
    Ok(())
}

/// R-tree and its triggers, word for word those of GeoPackage 1.4, so that any other writer keeps the index right.
const RTREE: &str = include_str!("../../migrations/geopackage/rtree.sql");
