use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row};
use spatial::bounds::Limits;
use spatial::diagnostic::{Diagnostic, Place};
use spatial::feature::{DeclaredCrs, Feature, Format, Layer, Value};
use spatial::formats::{Excess, Reading, decode_gpb};

use super::{Error, Summary, quoted};

/// Steps of the SQLite machine between two looks at the count.
const STEPS_PER_LOOK: i32 = 1_000;

/// Layers of a GeoPackage and their sizes.
pub fn list(path: &Path, limits: &Limits) -> Result<Vec<Summary>, Error> {
    let file = File::open(path, limits)?;
    let mut summaries = Vec::new();
    for entry in file.entries()?.into_iter().filter(Entry::is_vector) {
        let Some(table) = file.existing_name(&entry.table)? else {
            continue;
        };
        let sql = format!("SELECT count(*) FROM {}", quoted(&table));
        let rows: i64 = file.asked(file.connection.query_row(&sql, [], |row| row.get(0)))?;
        let has_geometry = entry.geometry_column.is_some();
        summaries.push(Summary {
            name: entry.table,
            crs: entry.crs,
            has_geometry,
            rows: rows.unsigned_abs(),
        });
    }
    Ok(summaries)
}

/// Reads all layers of a GeoPackage, tables without geometry too. A table that breaks off is left out whole.
pub fn read(path: &Path, limits: &Limits) -> Result<(Vec<Layer>, Vec<Diagnostic>), Error> {
    let file = File::open(path, limits)?;
    let mut reading = Reading::new(&file_name(path), limits);
    let mut layers = Vec::new();
    for entry in file.entries()? {
        reading.enter_layer(&entry.table);
        match file.read_entry(&entry, &mut reading) {
            Ok(layer) => layers.extend(layer),
            Err(Error::Unreadable { source, .. }) => {
                reading.report(Diagnostic::error("layer.table_unreadable").arg("why", source));
            }
            Err(other) => return Err(other),
        }
    }
    Ok((layers, reading.into_diagnostics()))
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

struct File<'p> {
    path: &'p Path,
    connection: Connection,
    was_stopped: Arc<AtomicBool>,
    limits: Limits,
}

/// A row of `gpkg_contents` with what belongs to it.
struct Entry {
    table: String,
    data_type: String,
    geometry_column: Option<String>,
    srs_id: Option<i32>,
    crs: DeclaredCrs,
}

impl Entry {
    fn is_vector(&self) -> bool {
        self.geometry_column.is_some()
            || matches!(
                self.data_type.as_str(),
                "features" | "attributes" | "aspatial"
            )
    }
}

impl<'p> File<'p> {
    fn open(path: &'p Path, limits: &Limits) -> Result<Self, Error> {
        let unreadable = |source| Error::Unreadable {
            path: path.to_owned(),
            source,
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(uri(path), flags).map_err(unreadable)?;
        let was_stopped = Arc::new(AtomicBool::new(false));
        let file = Self {
            path,
            connection,
            was_stopped,
            limits: limits.clone(),
        };
        file.asked(file.guard())?;
        match file.asked(file.has_contents())? {
            true => Ok(file),
            false => Err(Error::NotGeoPackage {
                path: path.to_owned(),
            }),
        }
    }

    /// Nothing in the file may run but what a plain query needs, and that not for ever.
    fn guard(&self) -> rusqlite::Result<()> {
        let connection = &self.connection;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
        let longest = i32::try_from(self.limits.file_bytes)
            .unwrap_or(i32::MAX)
            .min(256 << 20);
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, longest)?;
        connection.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, 1 << 20)?;
        connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
        connection.set_limit(Limit::SQLITE_LIMIT_EXPR_DEPTH, 200)?;
        let (looks, most, stop) = (
            AtomicU64::new(0),
            self.limits.sql_kilosteps,
            Arc::clone(&self.was_stopped),
        );
        connection.progress_handler(
            STEPS_PER_LOOK,
            Some(move || {
                let is_over = looks.fetch_add(1, Ordering::Relaxed) >= most;
                stop.fetch_or(is_over, Ordering::Relaxed);
                is_over
            }),
        )?;
        connection.pragma_update(None, "query_only", true)?;
        connection.pragma_update(None, "cell_size_check", true)
    }

    /// An interruption of ours is not a fault of the file.
    fn asked<T>(&self, outcome: rusqlite::Result<T>) -> Result<T, Error> {
        outcome.map_err(|source| match self.was_stopped.load(Ordering::Relaxed) {
            true => Error::Stopped(
                Reading::new(&file_name(self.path), &self.limits).too_large(Excess::Steps),
            ),
            false => Error::Unreadable {
                path: self.path.to_owned(),
                source,
            },
        })
    }

    fn has_contents(&self) -> rusqlite::Result<bool> {
        const SQL: &str =
            "SELECT count(*) > 0 FROM sqlite_master WHERE lower(name) = 'gpkg_contents'";
        self.connection.query_row(SQL, [], |row| row.get(0))
    }

    /// The table as the schema spells it.
    fn existing_name(&self, table: &str) -> Result<Option<String>, Error> {
        const SQL: &str = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND lower(name) = lower(?1) LIMIT 1";
        let mut statement = self.asked(self.connection.prepare_cached(SQL))?;
        let mut rows = self.asked(statement.query([table]))?;
        let row = self.asked(rows.next())?;
        row.map(|row| self.asked(row.get(0))).transpose()
    }

    fn entries(&self) -> Result<Vec<Entry>, Error> {
        let mut entries = self.asked(self.contents())?;
        for entry in &mut entries {
            if let Some((column, srs_id)) = self.geometry_column(&entry.table) {
                entry.geometry_column = Some(column);
                entry.srs_id = srs_id.or(entry.srs_id);
            }
            entry.crs = entry
                .srs_id
                .map_or(DeclaredCrs::None, |srs_id| self.crs(srs_id));
        }
        Ok(entries)
    }

    fn contents(&self) -> rusqlite::Result<Vec<Entry>> {
        const SQL: &str =
            "SELECT table_name, data_type, srs_id FROM gpkg_contents ORDER BY rowid LIMIT 10000";
        let mut statement = self.connection.prepare(SQL)?;
        let rows = statement.query_map([], |row| {
            let data_type: Option<String> = row.get(1)?;
            Ok(Entry {
                table: row.get(0)?,
                data_type: data_type.unwrap_or_default().to_lowercase(),
                geometry_column: None,
                srs_id: row.get(2).ok(),
                crs: DeclaredCrs::None,
            })
        })?;
        rows.collect()
    }

    /// Files with attributes only may lack the table altogether.
    fn geometry_column(&self, table: &str) -> Option<(String, Option<i32>)> {
        const SQL: &str = "SELECT column_name, srs_id FROM gpkg_geometry_columns WHERE lower(table_name) = lower(?1)";
        self.connection
            .query_row(SQL, [table], |row| Ok((row.get(0)?, row.get(1).ok())))
            .ok()
    }

    /// −1 and 0 stand for "undefined" by the standard.
    fn crs(&self, srs_id: i32) -> DeclaredCrs {
        const SQL: &str = "SELECT organization, organization_coordsys_id, definition, srs_name \
                           FROM gpkg_spatial_ref_sys WHERE srs_id = ?1";
        if srs_id <= 0 {
            return DeclaredCrs::None;
        }
        let texts = |row: &Row| {
            let text = |at| {
                row.get::<_, Option<String>>(at)
                    .ok()
                    .flatten()
                    .unwrap_or_default()
            };
            Ok((text(0), row.get::<_, i64>(1).ok(), text(2), text(3)))
        };
        let Ok((organization, code, definition, name)) =
            self.connection.query_row(SQL, [srs_id], texts)
        else {
            return DeclaredCrs::Name(format!("srs_id {srs_id}"));
        };
        // GDAL writes a system of its own for "none", with an id like any other.
        if name.to_lowercase().starts_with("undefined") {
            return DeclaredCrs::None;
        }
        match code.and_then(|code| u32::try_from(code).ok()) {
            Some(code) if organization.eq_ignore_ascii_case("EPSG") => DeclaredCrs::Epsg(code),
            _ if definition.contains('[') => DeclaredCrs::Wkt(definition),
            _ => DeclaredCrs::from_name(&name),
        }
    }

    fn read_entry(&self, entry: &Entry, reading: &mut Reading) -> Result<Option<Layer>, Error> {
        if !entry.is_vector() {
            reading.report(Diagnostic::note("layer.tiles_skipped").arg("type", &entry.data_type));
            return Ok(None);
        }
        let Some(table) = self.existing_name(&entry.table)? else {
            reading.report(Diagnostic::error("layer.table_missing"));
            return Ok(None);
        };
        let columns = self.asked(self.columns(&table, entry))?;
        let mut layer = Layer::new(&entry.table, entry.crs.clone(), Format::GeoPackage);
        let sql = format!("SELECT * FROM {}", quoted(&table));
        let mut statement = self.asked(self.connection.prepare(&sql))?;
        reading.within(statement.column_count() as u64, Excess::Attributes)?;
        let names: Vec<String> = statement
            .column_names()
            .into_iter()
            .map(str::to_owned)
            .collect();
        let columns: Vec<Column> = names
            .into_iter()
            .map(|name| Column::of(name, &columns))
            .collect();
        let mut skipped_blobs = vec![false; columns.len()];
        let mut rows = self.asked(statement.query([]))?;
        while let Some(row) = self.asked(rows.next())? {
            reading.count_feature()?;
            let number = layer.features.len() as u64 + 1;
            layer.features.push(self.read_row(
                row,
                number,
                entry,
                &columns,
                &mut skipped_blobs,
                reading,
            )?);
        }
        for (column, _) in columns
            .iter()
            .zip(skipped_blobs)
            .filter(|(_, was_skipped)| *was_skipped)
        {
            let place = Place {
                field: Some(column.name.clone()),
                ..Place::default()
            };
            reading.report(Diagnostic::note("layer.blob_skipped").at(place));
        }
        Ok(Some(layer))
    }

    fn columns(&self, table: &str, entry: &Entry) -> rusqlite::Result<Vec<Column>> {
        let mut statement = self
            .connection
            .prepare(&format!("PRAGMA table_info({})", quoted(table)))?;
        let is_geometry = |name: &str| {
            entry
                .geometry_column
                .as_deref()
                .is_some_and(|own| own.eq_ignore_ascii_case(name))
        };
        let rows = statement.query_map([], |row| {
            let (name, declared): (String, Option<String>) = (row.get(1)?, row.get(2)?);
            let role = match declared.unwrap_or_default().to_ascii_uppercase().as_str() {
                _ if is_geometry(&name) => Role::Geometry,
                "INTEGER" if row.get::<_, i64>(5)? > 0 => Role::Key,
                "BOOLEAN" => Role::Bool,
                "DATE" => Role::Date,
                "DATETIME" | "TIMESTAMP" => Role::DateTime,
                _ => Role::Plain,
            };
            Ok(Column { name, role })
        })?;
        rows.collect()
    }

    fn read_row(
        &self,
        row: &Row,
        number: u64,
        entry: &Entry,
        columns: &[Column],
        skipped_blobs: &mut [bool],
        reading: &mut Reading,
    ) -> Result<Feature, Error> {
        let mut feature = Feature::new(number);
        for (at, column) in columns.iter().enumerate() {
            let raw = self.asked(row.get_ref(at))?;
            match column.role {
                Role::Geometry => feature.geometry = read_geometry(raw, number, entry, reading)?,
                Role::Key => feature.id = raw.as_i64().ok().map(|key| key.to_string()),
                _ => {
                    skipped_blobs[at] |= matches!(raw, ValueRef::Blob(_));
                    feature
                        .attributes
                        .insert(column.name.clone(), column.value(raw));
                }
            }
        }
        Ok(feature)
    }
}

fn read_geometry(
    raw: ValueRef,
    number: u64,
    entry: &Entry,
    reading: &mut Reading,
) -> Result<Option<geo_types::Geometry<f64>>, Error> {
    let ValueRef::Blob(blob) = raw else {
        reading.report_feature(number, Diagnostic::warning("layer.no_geometry"));
        return Ok(None);
    };
    match decode_gpb(blob, number, reading) {
        Ok(container) => {
            if entry
                .srs_id
                .is_some_and(|srs_id| srs_id != container.srs_id)
            {
                let differs =
                    Diagnostic::warning("layer.srs_mismatch").arg("geometry", container.srs_id);
                reading.report_feature(number, differs);
            }
            if container.geometry.is_none() {
                reading.report_feature(number, Diagnostic::warning("layer.no_geometry"));
            }
            Ok(container.geometry)
        }
        Err(error) => {
            let diagnostic = error.into_diagnostic()?;
            reading.report_feature(number, diagnostic);
            Ok(None)
        }
    }
}

struct Column {
    name: String,
    role: Role,
}

#[derive(Clone, Copy)]
enum Role {
    Geometry,
    Key,
    Bool,
    Date,
    DateTime,
    Plain,
}

impl Column {
    fn of(name: String, known: &[Column]) -> Self {
        let role = known
            .iter()
            .find(|column| column.name == name)
            .map_or(Role::Plain, |column| column.role);
        Self { name, role }
    }

    fn value(&self, raw: ValueRef) -> Value {
        match (raw, self.role) {
            (ValueRef::Null | ValueRef::Blob(_), _) => Value::Null,
            (ValueRef::Integer(number), Role::Bool) => Value::Bool(number != 0),
            (ValueRef::Integer(number), _) => Value::Integer(number),
            (ValueRef::Real(number), _) => Value::Real(number),
            (ValueRef::Text(text), role) => {
                let text = String::from_utf8_lossy(text).into_owned();
                match role {
                    Role::Date => Value::Date(text),
                    Role::DateTime => Value::DateTime(text),
                    _ => Value::Text(text),
                }
            }
        }
    }
}

/// Read-only, and as a file that nobody else changes, unless a log beside it says that somebody does.
fn uri(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    let mut uri = String::from("file:");
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b':' => {
                uri.push(char::from(byte))
            }
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    let has_log = ["-wal", "-journal"].iter().any(|suffix| {
        let mut beside = path.as_os_str().to_owned();
        beside.push(suffix);
        Path::new(&beside).exists()
    });
    uri.push_str(if has_log {
        "?mode=ro"
    } else {
        "?mode=ro&immutable=1"
    });
    uri
}
