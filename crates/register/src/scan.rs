//! Streams the features of any GeoPackage file: a number column and the geometry blob, row by row.
//!
//! The file is opened read-only and nothing in it is trusted: names are quoted, blobs are handed on unread. A layer can
//! be split into ranges of its key, so that several threads read it, each over its own connection.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension, types::ValueRef};

/// Why a file could not be scanned.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The file is not there, not readable or no SQLite database.
    #[error("cannot open {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// The file has no such feature layer, or none at all.
    #[error("{} has no feature layer {layer}", path.display())]
    NoLayer {
        /// The file.
        path: PathBuf,
        /// The layer asked for.
        layer: String,
    },
    /// The layer has no such column.
    #[error("layer {layer} has no column {column}")]
    NoColumn {
        /// The layer.
        layer: String,
        /// The column asked for.
        column: String,
    },
    /// Reading broke off.
    #[error("cannot read layer {layer}")]
    Read {
        /// The layer.
        layer: String,
        /// What SQLite says.
        source: rusqlite::Error,
    },
}

/// A feature layer of a GeoPackage file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// The file.
    pub path: PathBuf,
    /// Table of the layer.
    pub table: String,
    /// Column with the geometry blobs.
    pub geometry_column: String,
    /// Reference system (`gpkg_spatial_ref_sys`).
    pub srs_id: i32,
    /// All columns, in order.
    pub columns: Vec<String>,
    /// The integer primary key, by which the layer can be split; views have none.
    key: Option<String>,
}

/// One feature on its way past.
#[derive(Debug, Clone, Copy)]
pub struct Feature<'a> {
    /// Value of the number column asked for; a value that is no integer is `None`.
    pub number: Option<i64>,
    /// The geometry blob, unread; `None` if the column is empty.
    pub blob: Option<&'a [u8]>,
}

/// The feature layers of a GeoPackage file, by table name.
pub fn layers(path: &Path) -> Result<Vec<Layer>, ScanError> {
    let connection = open(path)?;
    read_layers(&connection, path).map_err(|source| ScanError::Open {
        path: path.to_owned(),
        source,
    })
}

/// The feature layer named `table`, or the only one if `table` is not given.
pub fn load_layer(path: &Path, table: Option<&str>) -> Result<Layer, ScanError> {
    let mut layers = layers(path)?;
    let at = match table {
        Some(table) => layers.iter().position(|layer| layer.table == table),
        None => (layers.len() == 1).then_some(0),
    };
    let missing = || ScanError::NoLayer {
        path: path.to_owned(),
        layer: table.unwrap_or("").to_owned(),
    };
    at.map(|at| layers.swap_remove(at)).ok_or_else(missing)
}

fn open(path: &Path) -> Result<Connection, ScanError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let attempt = || {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    };
    attempt().map_err(|source| ScanError::Open {
        path: path.to_owned(),
        source,
    })
}

fn read_layers(connection: &Connection, path: &Path) -> rusqlite::Result<Vec<Layer>> {
    let mut statement = connection.prepare(
        "SELECT table_name, column_name, srs_id FROM gpkg_geometry_columns ORDER BY table_name",
    )?;
    let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let found: Vec<(String, String, i32)> = found.collect::<rusqlite::Result<_>>()?;
    found
        .into_iter()
        .map(|(table, geometry_column, srs_id)| {
            let (columns, key) = read_columns(connection, &table)?;
            Ok(Layer {
                path: path.to_owned(),
                table,
                geometry_column,
                srs_id,
                columns,
                key,
            })
        })
        .collect()
}

/// The columns of a table, and its key if that is one integer column.
fn read_columns(
    connection: &Connection,
    table: &str,
) -> rusqlite::Result<(Vec<String>, Option<String>)> {
    let mut statement =
        connection.prepare("SELECT name, type, pk FROM pragma_table_info(?1) ORDER BY cid")?;
    let rows = statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let rows: Vec<(String, String, i64)> = rows.collect::<rusqlite::Result<_>>()?;
    let keys: Vec<_> = rows.iter().filter(|row| row.2 > 0).collect();
    let key = match keys.as_slice() {
        [(name, kind, _)] if kind.eq_ignore_ascii_case("INTEGER") => Some(name.clone()),
        _ => None,
    };
    Ok((rows.into_iter().map(|row| row.0).collect(), key))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl Layer {
    /// Total size of the geometry blobs of a key range in bytes, without reading them.
    pub fn blob_bytes(&self, range: &RangeInclusive<i64>) -> Result<u64, ScanError> {
        let sum = format!(
            "coalesce(sum(length({})), 0)",
            quoted(&self.geometry_column)
        );
        let (sql, limits) = self.select(&sum, range);
        let bytes: Result<i64, _> =
            open(&self.path)?.query_row(&sql, rusqlite::params_from_iter(limits), |row| row.get(0));
        bytes
            .map(i64::unsigned_abs)
            .map_err(|source| self.reading(source))
    }

    /// Splits the layer into ranges of its key, of at most about `keys` keys each but at least `least` ranges and no
    /// more than a thousand; about equal if the keys are dense.
    pub fn ranges_of(&self, keys: u64, least: u32) -> Result<Vec<RangeInclusive<i64>>, ScanError> {
        let whole = self.ranges(1)?;
        let span = whole
            .first()
            .map_or(0, |range| range.end().abs_diff(*range.start()));
        self.ranges(
            u32::try_from(span / keys.max(1))
                .unwrap_or(u32::MAX)
                .min(1000)
                .max(least),
        )
    }

    /// Splits the layer into at most `count` ranges of its key, about equal if the keys are dense.
    pub fn ranges(&self, count: u32) -> Result<Vec<RangeInclusive<i64>>, ScanError> {
        let Some(key) = &self.key else {
            return Ok(vec![i64::MIN..=i64::MAX]);
        };
        let sql = |end| format!("SELECT {end}({}) FROM {}", quoted(key), quoted(&self.table));
        let connection = open(&self.path)?;
        let limit = |end| -> Result<Option<i64>, ScanError> {
            let value = connection
                .query_row(&sql(end), [], |row| row.get(0))
                .optional();
            value
                .map(Option::flatten)
                .map_err(|source| self.reading(source))
        };
        Ok(match (limit("min")?, limit("max")?) {
            (Some(first), Some(last)) => split(first, last, count),
            _ => Vec::new(),
        })
    }

    /// Hands every feature of a key range to `each`, in the order of the key, until it returns an error.
    ///
    /// The blob lies in the memory of SQLite and is valid during the call only.
    pub fn scan<E: From<ScanError>>(
        &self,
        number_column: &str,
        range: &RangeInclusive<i64>,
        mut each: impl FnMut(Feature<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let connection = open(&self.path)?;
        let number = self.column(number_column)?;
        let (sql, limits) = self.select(
            &format!("{number}, {}", quoted(&self.geometry_column)),
            range,
        );
        let mut statement = connection
            .prepare(&sql)
            .map_err(|source| self.reading(source))?;
        let mut rows = statement
            .query(rusqlite::params_from_iter(limits))
            .map_err(|source| self.reading(source))?;
        while let Some(row) = rows.next().map_err(|source| self.reading(source))? {
            let value = |column| row.get_ref(column).map_err(|source| self.reading(source));
            let number = if let ValueRef::Integer(number) = value(0)? {
                Some(number)
            } else {
                None
            };
            let blob = if let ValueRef::Blob(blob) = value(1)? {
                Some(blob)
            } else {
                None
            };
            each(Feature { number, blob })?;
        }
        Ok(())
    }

    /// A column of the layer, quoted.
    fn column(&self, name: &str) -> Result<String, ScanError> {
        let missing = || ScanError::NoColumn {
            layer: self.table.clone(),
            column: name.to_owned(),
        };
        self.columns
            .iter()
            .find(|column| *column == name)
            .map(|column| quoted(column))
            .ok_or_else(missing)
    }

    /// A query over a key range, in the order of the key, with its parameters; over everything if there is no key.
    fn select(&self, columns: &str, range: &RangeInclusive<i64>) -> (String, Vec<i64>) {
        let sql = format!("SELECT {columns} FROM {}", quoted(&self.table));
        match self.key.as_deref().map(quoted) {
            Some(key) => (
                format!("{sql} WHERE {key} BETWEEN ?1 AND ?2 ORDER BY {key}"),
                vec![*range.start(), *range.end()],
            ),
            None => (sql, Vec::new()),
        }
    }

    fn reading(&self, source: rusqlite::Error) -> ScanError {
        ScanError::Read {
            layer: self.table.clone(),
            source,
        }
    }
}

fn split(first: i64, last: i64, count: u32) -> Vec<RangeInclusive<i64>> {
    let width = last.abs_diff(first) / u64::from(count.max(1));
    let mut ranges = Vec::new();
    let mut start = first;
    loop {
        let end = start
            .checked_add_unsigned(width)
            .map_or(last, |end| end.min(last));
        ranges.push(start..=end);
        match end.checked_add(1) {
            Some(next) if end < last => start = next,
            _ => return ranges,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    /// Key, number and blob.
    type Row<'a> = (i64, Option<i64>, Option<&'a [u8]>);

    fn geopackage(rows: &[Row<'_>]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sites.gpkg");
        let connection = Connection::open(&path).unwrap();
        connection
            .execute_batch(
                "CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT, srs_id INTEGER);
                 CREATE TABLE \"a \"\"layer\" (fid INTEGER PRIMARY KEY, geom BLOB, pid INTEGER);
                 INSERT INTO gpkg_geometry_columns VALUES ('a \"layer', 'geom', 4490);",
            )
            .unwrap();
        for row in rows {
            connection
                .execute("INSERT INTO \"a \"\"layer\" VALUES (?1, ?3, ?2)", *row)
                .unwrap();
        }
        (folder, path)
    }

    fn numbers(layer: &Layer, ranges: Vec<RangeInclusive<i64>>) -> Vec<Option<i64>> {
        let mut seen = Vec::new();
        for range in ranges {
            layer
                .scan("pid", &range, |feature| {
                    seen.push(feature.number);
                    Ok::<(), ScanError>(())
                })
                .unwrap();
        }
        seen
    }

    #[test]
    fn ranges_together_hold_every_feature_once_and_in_order() {
        let rows: Vec<_> = [-7, 0, 3, 4, 5, 1000, 1_000_000]
            .map(|fid| (fid, Some(fid * 2), None))
            .to_vec();
        let (_folder, path) = geopackage(&rows);
        let layer = load_layer(&path, None).unwrap();
        for count in [1, 2, 3, 64] {
            let ranges = layer.ranges(count).unwrap();
            assert!(ranges.len() <= count as usize);
            assert_eq!(
                numbers(&layer, ranges),
                rows.iter().map(|row| row.1).collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn the_greatest_and_least_keys_do_not_overflow() {
        let (_folder, path) = geopackage(&[(i64::MIN, Some(1), None), (i64::MAX, Some(2), None)]);
        let layer = load_layer(&path, Some("a \"layer")).unwrap();
        assert_eq!(
            numbers(&layer, layer.ranges(7).unwrap()),
            [Some(1), Some(2)]
        );
    }

    #[test]
    fn blobs_arrive_as_they_are_and_missing_values_as_none() {
        let (_folder, path) = geopackage(&[(1, None, Some(b"GP\x00")), (2, Some(5), None)]);
        let layer = load_layer(&path, None).unwrap();
        let mut seen = Vec::new();
        let each = |feature: Feature<'_>| {
            seen.push((feature.number, feature.blob.map(<[u8]>::to_vec)));
            Ok::<(), ScanError>(())
        };
        layer.scan("pid", &(i64::MIN..=i64::MAX), each).unwrap();
        assert_eq!(seen, [(None, Some(b"GP\x00".to_vec())), (Some(5), None)]);
        assert_eq!(
            (layer.blob_bytes(&(0..=9)).unwrap(), layer.srs_id),
            (3, 4490)
        );
    }

    #[test]
    fn what_is_not_there_is_said_by_name() {
        let (_folder, path) = geopackage(&[]);
        let layer = load_layer(&path, None).unwrap();
        let missing = layer
            .scan("zid", &(0..=1), |_| Ok::<(), ScanError>(()))
            .unwrap_err();
        assert_eq!(missing.to_string(), "layer a \"layer has no column zid");
        assert!(matches!(
            load_layer(&path, Some("zones")),
            Err(ScanError::NoLayer { .. })
        ));
        assert!(matches!(
            load_layer(Path::new("nowhere.gpkg"), None),
            Err(ScanError::Open { .. })
        ));
        assert_eq!(layer.ranges(4).unwrap(), []);
    }
}
