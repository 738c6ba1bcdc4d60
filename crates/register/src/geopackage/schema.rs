//! Tables, triggers and GeoPackage 1.4 metadata of a register file.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use crate::constraints::failed;
use crate::error::Error;
use crate::projections::{TABLES, Table};
use crate::schema::Schema;
use crate::wkb::SRS_ID;

pub(super) static SCHEMA: Schema = Schema {
    migrations: &[(
        1,
        "log",
        include_str!("../../migrations/geopackage/0001_log.sql"),
    )],
    projections: include_str!("../../migrations/geopackage/projections.sql"),
};

const METADATA: &str = include_str!("../../migrations/geopackage/metadata.sql");

const MIGRATION_TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
  version INTEGER PRIMARY KEY NOT NULL, name TEXT NOT NULL, sha256 TEXT NOT NULL)";

/// 'GPKG', and version 1.4.0.
const APPLICATION_ID: i32 = 0x4750_4B47;
const USER_VERSION: i32 = 10_400;

/// The list of migrations, and in a new file what makes it a GeoPackage.
pub(super) fn prepare(db: &Connection) -> Result<(), Error> {
    db.execute_batch(MIGRATION_TABLE)
        .map_err(failed("list its migrations"))?;
    if newest(db)? == 0 {
        db.execute_batch(METADATA)
            .map_err(failed("take the GeoPackage tables"))?;
        db.pragma_update(None, "application_id", APPLICATION_ID)
            .map_err(failed("be named a GeoPackage"))?;
        db.pragma_update(None, "user_version", USER_VERSION)
            .map_err(failed("be named a GeoPackage"))?;
    }
    Ok(())
}

pub(super) fn newest(db: &Connection) -> Result<u32, Error> {
    db.query_row(
        "SELECT coalesce(max(version), 0) FROM schema_migrations",
        [],
        |row| row.get(0),
    )
    .map_err(failed("list its migrations"))
}

pub(super) fn find_checksum(db: &Connection, version: u32) -> Result<Option<String>, Error> {
    db.query_row(
        "SELECT sha256 FROM schema_migrations WHERE version = ?1",
        [version],
        |row| row.get(0),
    )
    .optional()
    .map_err(failed("list its migrations"))
}

pub(super) fn note(db: &Connection, version: u32, name: &str, sum: &str) -> Result<(), Error> {
    db.execute(
        "INSERT OR REPLACE INTO schema_migrations VALUES (?1, ?2, ?3)",
        params![version, name, sum],
    )
    .map_err(failed("note the migration"))?;
    Ok(())
}

/// Drops all projections and makes them anew, empty, as of `at`.
pub(super) fn recreate_tables(db: &Connection, at: Timestamp) -> Result<(), Error> {
    for table in TABLES {
        drop_projection(db, table).map_err(failed("drop a projection"))?;
    }
    db.execute_batch(SCHEMA.projections)
        .map_err(failed("create the projections"))?;
    for table in TABLES {
        register(db, table, at).map_err(failed("register a projection"))?;
    }
    register_attributes(db, "entries", "登记条目", at).map_err(failed("register the log"))
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
