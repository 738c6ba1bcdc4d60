use std::collections::BTreeSet;
use std::path::Path;

use geo_types::Geometry;
use jiff::Timestamp;
use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, ToSql, params, params_from_iter};
use spatial::diagnostic::{Diagnostic, Place};
use spatial::feature::{DeclaredCrs, Feature, Layer, Value};
use spatial::formats::encode_gpb;

use super::{Error, quoted};

/// `GPKG`, and version 1.3 of the standard.
const APPLICATION_ID: i64 = 0x4750_4b47;
const USER_VERSION: i64 = 10_300;

/// The tables of the standard that every file has.
const SCHEMA: &str = "
CREATE TABLE gpkg_spatial_ref_sys (
  srs_name TEXT NOT NULL,
  srs_id INTEGER NOT NULL PRIMARY KEY,
  organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL,
  definition TEXT NOT NULL,
  description TEXT
);
CREATE TABLE gpkg_contents (
  table_name TEXT NOT NULL PRIMARY KEY,
  data_type TEXT NOT NULL,
  identifier TEXT UNIQUE,
  description TEXT DEFAULT '',
  last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  min_x DOUBLE,
  min_y DOUBLE,
  max_x DOUBLE,
  max_y DOUBLE,
  srs_id INTEGER,
  CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id)
);
CREATE TABLE gpkg_geometry_columns (
  table_name TEXT NOT NULL,
  column_name TEXT NOT NULL,
  geometry_type_name TEXT NOT NULL,
  srs_id INTEGER NOT NULL,
  z TINYINT NOT NULL,
  m TINYINT NOT NULL,
  CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
  CONSTRAINT uk_gc_table_name UNIQUE (table_name),
  CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
  CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id)
);
CREATE TABLE gpkg_extensions (
  table_name TEXT,
  column_name TEXT,
  extension_name TEXT NOT NULL,
  definition TEXT NOT NULL,
  scope TEXT NOT NULL,
  CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name)
);";

const WGS_84: &str = "GEOGCS[\"WGS 84\",DATUM[\"WGS_1984\",SPHEROID[\"WGS 84\",6378137,298.257223563,\
    AUTHORITY[\"EPSG\",\"7030\"]],AUTHORITY[\"EPSG\",\"6326\"]],PRIMEM[\"Greenwich\",0,AUTHORITY[\"EPSG\",\"8901\"]],\
    UNIT[\"degree\",0.0174532925199433,AUTHORITY[\"EPSG\",\"9122\"]],AXIS[\"Latitude\",NORTH],\
    AXIS[\"Longitude\",EAST],AUTHORITY[\"EPSG\",\"4326\"]]";

const CGCS_2000: &str = "GEOGCS[\"China Geodetic Coordinate System 2000\",DATUM[\"China_2000\",SPHEROID[\"CGCS2000\",\
    6378137,298.257222101,AUTHORITY[\"EPSG\",\"1024\"]],AUTHORITY[\"EPSG\",\"1043\"]],PRIMEM[\"Greenwich\",0,\
    AUTHORITY[\"EPSG\",\"8901\"]],UNIT[\"degree\",0.0174532925199433,AUTHORITY[\"EPSG\",\"9122\"]],\
    AXIS[\"Latitude\",NORTH],AXIS[\"Longitude\",EAST],AUTHORITY[\"EPSG\",\"4490\"]]";

/// Ids for systems that have only a definition or a name.
const FIRST_OWN_SRS_ID: i64 = 100_001;

/// Writes layers to a GeoPackage file that must not be there yet: indexed, with extents, ready for QGIS and ArcGIS.
/// Returns what had to be renamed. On failure no file is left behind.
pub fn write(
    path: &Path,
    layers: &[Layer],
    written_at: Timestamp,
) -> Result<Vec<Diagnostic>, Error> {
    if path.exists() {
        return Err(Error::Exists {
            path: path.to_owned(),
        });
    }
    let outcome = write_fresh(path, layers, written_at);
    outcome.map_err(|source| {
        // A half-written file would pass for an export; that it may be gone already is no matter.
        let _ = std::fs::remove_file(path);
        Error::Unwritable {
            path: path.to_owned(),
            source,
        }
    })
}

fn write_fresh(
    path: &Path,
    layers: &[Layer],
    written_at: Timestamp,
) -> rusqlite::Result<Vec<Diagnostic>> {
    let mut connection = Connection::open(path)?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", USER_VERSION)?;
    // The file is fresh and removed on failure: a journal would protect nothing.
    connection.pragma_update(None, "journal_mode", "MEMORY")?;
    let tx = connection.transaction()?;
    tx.execute_batch(SCHEMA)?;
    let mut writer = Writer {
        tx: &tx,
        written_at,
        tables: Names::default(),
        diagnostics: Vec::new(),
    };
    writer.put_standard_systems()?;
    for layer in layers {
        writer.write_layer(layer)?;
    }
    let diagnostics = writer.diagnostics;
    tx.commit()?;
    Ok(diagnostics)
}

struct Writer<'t> {
    tx: &'t Connection,
    written_at: Timestamp,
    tables: Names,
    diagnostics: Vec<Diagnostic>,
}

/// A table about to be filled.
struct Plan<'l> {
    table: String,
    srs_id: i64,
    has_geometry: bool,
    columns: Vec<Column<'l>>,
}

struct Column<'l> {
    attribute: &'l str,
    name: String,
    kind: &'static str,
}

const GEOMETRY: &str = "geom";

impl Writer<'_> {
    fn put_standard_systems(&self) -> rusqlite::Result<()> {
        self.put_system("Undefined Cartesian SRS", -1, "NONE", -1, "undefined")?;
        self.put_system("Undefined geographic SRS", 0, "NONE", 0, "undefined")?;
        self.put_system("WGS 84 geodetic", 4326, "EPSG", 4326, WGS_84)?;
        self.put_system(
            "China Geodetic Coordinate System 2000",
            4490,
            "EPSG",
            4490,
            CGCS_2000,
        )
    }

    fn put_system(
        &self,
        name: &str,
        id: i64,
        organization: &str,
        code: i64,
        wkt: &str,
    ) -> rusqlite::Result<()> {
        const SQL: &str =
            "INSERT OR IGNORE INTO gpkg_spatial_ref_sys VALUES (?1, ?2, ?3, ?4, ?5, NULL)";
        self.tx
            .execute(SQL, params![name, id, organization, code, wkt])
            .map(|_| ())
    }

    /// The id of a system, known from then on.
    fn srs_id(&self, layer: &Layer) -> rusqlite::Result<i64> {
        match &layer.crs {
            DeclaredCrs::None => Ok(if fits_degrees(layer) { 0 } else { -1 }),
            DeclaredCrs::Epsg(code) => {
                let code = i64::from(*code);
                self.put_system(&format!("EPSG:{code}"), code, "EPSG", code, "undefined")
                    .map(|()| code)
            }
            DeclaredCrs::Wkt(wkt) => self.own_system("custom", wkt),
            DeclaredCrs::Name(name) => self.own_system(name, "undefined"),
        }
    }

    fn own_system(&self, name: &str, wkt: &str) -> rusqlite::Result<i64> {
        const KNOWN: &str =
            "SELECT srs_id FROM gpkg_spatial_ref_sys WHERE srs_name = ?1 AND definition = ?2";
        if let Ok(id) = self
            .tx
            .query_row(KNOWN, params![name, wkt], |row| row.get(0))
        {
            return Ok(id);
        }
        const NEXT: &str = "SELECT max(?1, max(srs_id) + 1) FROM gpkg_spatial_ref_sys";
        let id: i64 = self
            .tx
            .query_row(NEXT, [FIRST_OWN_SRS_ID], |row| row.get(0))?;
        self.put_system(name, id, "NONE", id, wkt).map(|()| id)
    }

    fn write_layer(&mut self, layer: &Layer) -> rusqlite::Result<()> {
        let plan = self.plan(layer)?;
        self.create_table(&plan, layer)?;
        self.register_table(&plan, layer)?;
        let extents = self.fill(&plan, layer)?;
        if plan.has_geometry {
            self.index(&plan, &extents)?;
        }
        self.put_extent(&plan, &extents)
    }

    fn plan<'l>(&mut self, layer: &'l Layer) -> rusqlite::Result<Plan<'l>> {
        let has_geometry = layer.features.is_empty()
            || layer
                .features
                .iter()
                .any(|feature| feature.geometry.is_some());
        let table = self.table_name(&layer.name);
        let mut names = Names::default();
        names.take("fid");
        names.take(GEOMETRY);
        let columns = layer.attribute_names().into_iter().map(|attribute| {
            let name = names.take(attribute);
            Column {
                attribute,
                name,
                kind: column_type(layer, attribute),
            }
        });
        let columns: Vec<Column> = columns.collect();
        for column in columns
            .iter()
            .filter(|column| column.name != column.attribute)
        {
            let place = Place {
                layer: Some(table.clone()),
                field: Some(column.attribute.to_owned()),
                ..Place::default()
            };
            let renamed = Diagnostic::note("layer.field_renamed")
                .arg("name", column.attribute)
                .repair(&column.name);
            self.diagnostics.push(renamed.at(place));
        }
        Ok(Plan {
            table,
            srs_id: self.srs_id(layer)?,
            has_geometry,
            columns,
        })
    }

    /// Names beginning with `gpkg_`, `rtree_` or `sqlite_` are not free.
    fn table_name(&mut self, wanted: &str) -> String {
        let lower = wanted.to_lowercase();
        let is_reserved = ["gpkg_", "rtree_", "sqlite_"]
            .iter()
            .any(|prefix| lower.starts_with(prefix));
        let name = self.tables.take(&if is_reserved {
            format!("layer_{wanted}")
        } else {
            wanted.to_owned()
        });
        if name != wanted {
            let renamed = Diagnostic::note("layer.renamed")
                .arg("name", wanted)
                .repair(&name);
            self.diagnostics.push(renamed.at(Place {
                layer: Some(wanted.to_owned()),
                ..Place::default()
            }));
        }
        name
    }

    fn create_table(&self, plan: &Plan, layer: &Layer) -> rusqlite::Result<()> {
        let mut parts = vec!["\"fid\" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL".to_owned()];
        if plan.has_geometry {
            parts.push(format!("\"{GEOMETRY}\" {}", geometry_type(layer)));
        }
        parts.extend(
            plan.columns
                .iter()
                .map(|column| format!("{} {}", quoted(&column.name), column.kind)),
        );
        self.tx.execute_batch(&format!(
            "CREATE TABLE {} ({})",
            quoted(&plan.table),
            parts.join(", ")
        ))
    }

    fn register_table(&self, plan: &Plan, layer: &Layer) -> rusqlite::Result<()> {
        const CONTENTS: &str = "INSERT INTO gpkg_contents (table_name, data_type, identifier, last_change, srs_id) \
                                VALUES (?1, ?2, ?1, ?3, ?4)";
        let data_type = if plan.has_geometry {
            "features"
        } else {
            "attributes"
        };
        let srs_id = plan.has_geometry.then_some(plan.srs_id);
        let written_at = self
            .written_at
            .strftime("%Y-%m-%dT%H:%M:%S.000Z")
            .to_string();
        self.tx
            .execute(CONTENTS, params![plan.table, data_type, written_at, srs_id])?;
        if plan.has_geometry {
            const COLUMNS: &str = "INSERT INTO gpkg_geometry_columns VALUES (?1, ?2, ?3, ?4, 0, 0)";
            self.tx.execute(
                COLUMNS,
                params![plan.table, GEOMETRY, geometry_type(layer), plan.srs_id],
            )?;
        }
        Ok(())
    }

    fn fill(&self, plan: &Plan, layer: &Layer) -> rusqlite::Result<Vec<(i64, Extent)>> {
        let mut names = vec!["\"fid\"".to_owned()];
        names.extend(plan.has_geometry.then(|| format!("\"{GEOMETRY}\"")));
        names.extend(plan.columns.iter().map(|column| quoted(&column.name)));
        let holes = vec!["?"; names.len()].join(", ");
        let sql = format!(
            "INSERT INTO {} ({}) VALUES ({holes})",
            quoted(&plan.table),
            names.join(", ")
        );
        let mut statement = self.tx.prepare(&sql)?;
        let keeps_numbers = has_distinct_numbers(layer);
        let mut extents = Vec::new();
        for (at, feature) in layer.features.iter().enumerate() {
            let fid = if keeps_numbers {
                feature.number.cast_signed()
            } else {
                at as i64 + 1
            };
            statement.execute(params_from_iter(row(plan, feature, fid)))?;
            extents.extend(
                feature
                    .geometry
                    .as_ref()
                    .and_then(extent)
                    .map(|extent| (fid, extent)),
            );
        }
        Ok(extents)
    }

    fn index(&self, plan: &Plan, extents: &[(i64, Extent)]) -> rusqlite::Result<()> {
        const EXTENSION: &str = "INSERT INTO gpkg_extensions VALUES (?1, ?2, 'gpkg_rtree_index', \
                                 'http://www.geopackage.org/spec120/#extension_rtree', 'write-only')";
        self.tx.execute(EXTENSION, params![plan.table, GEOMETRY])?;
        let index = quoted(&format!("rtree_{}_{GEOMETRY}", plan.table));
        self.tx.execute_batch(&format!(
            "CREATE VIRTUAL TABLE {index} USING rtree(id, minx, maxx, miny, maxy)"
        ))?;
        let mut statement = self
            .tx
            .prepare(&format!("INSERT INTO {index} VALUES (?1, ?2, ?3, ?4, ?5)"))?;
        for (fid, [min_x, max_x, min_y, max_y]) in extents {
            statement.execute(params![fid, min_x, max_x, min_y, max_y])?;
        }
        self.tx.execute_batch(&triggers(&plan.table))
    }

    fn put_extent(&self, plan: &Plan, extents: &[(i64, Extent)]) -> rusqlite::Result<()> {
        const SQL: &str = "UPDATE gpkg_contents SET min_x = ?2, max_x = ?3, min_y = ?4, max_y = ?5 WHERE table_name = ?1";
        let whole = extents.iter().map(|(_, extent)| *extent).reduce(united);
        match whole {
            Some([min_x, max_x, min_y, max_y]) => self
                .tx
                .execute(SQL, params![plan.table, min_x, max_x, min_y, max_y])
                .map(|_| ()),
            None => Ok(()),
        }
    }
}

fn has_distinct_numbers(layer: &Layer) -> bool {
    let numbers: BTreeSet<u64> = layer
        .features
        .iter()
        .map(|feature| feature.number)
        .collect();
    numbers.len() == layer.features.len()
        && !numbers.contains(&0)
        && numbers.last().is_none_or(|last| *last <= 1 << 52)
}

/// Keeps the index up in programs that know the spatial functions (Annex F.3 of the standard).
fn triggers(table: &str) -> String {
    const TEMPLATE: &str = r#"
CREATE TRIGGER "rtree_{n}_geom_insert" AFTER INSERT ON {t}
  WHEN (NEW."geom" NOT NULL AND NOT ST_IsEmpty(NEW."geom"))
BEGIN
  INSERT OR REPLACE INTO {r} VALUES (NEW."fid", ST_MinX(NEW."geom"), ST_MaxX(NEW."geom"), ST_MinY(NEW."geom"), ST_MaxY(NEW."geom"));
END;
CREATE TRIGGER "rtree_{n}_geom_update1" AFTER UPDATE OF "geom" ON {t}
  WHEN OLD."fid" = NEW."fid" AND (NEW."geom" NOTNULL AND NOT ST_IsEmpty(NEW."geom"))
BEGIN
  INSERT OR REPLACE INTO {r} VALUES (NEW."fid", ST_MinX(NEW."geom"), ST_MaxX(NEW."geom"), ST_MinY(NEW."geom"), ST_MaxY(NEW."geom"));
END;
CREATE TRIGGER "rtree_{n}_geom_update2" AFTER UPDATE OF "geom" ON {t}
  WHEN OLD."fid" = NEW."fid" AND (NEW."geom" ISNULL OR ST_IsEmpty(NEW."geom"))
BEGIN
  DELETE FROM {r} WHERE id = OLD."fid";
END;
CREATE TRIGGER "rtree_{n}_geom_update3" AFTER UPDATE ON {t}
  WHEN OLD."fid" != NEW."fid" AND (NEW."geom" NOTNULL AND NOT ST_IsEmpty(NEW."geom"))
BEGIN
  DELETE FROM {r} WHERE id = OLD."fid";
  INSERT OR REPLACE INTO {r} VALUES (NEW."fid", ST_MinX(NEW."geom"), ST_MaxX(NEW."geom"), ST_MinY(NEW."geom"), ST_MaxY(NEW."geom"));
END;
CREATE TRIGGER "rtree_{n}_geom_update4" AFTER UPDATE ON {t}
  WHEN OLD."fid" != NEW."fid" AND (NEW."geom" ISNULL OR ST_IsEmpty(NEW."geom"))
BEGIN
  DELETE FROM {r} WHERE id IN (OLD."fid", NEW."fid");
END;
CREATE TRIGGER "rtree_{n}_geom_delete" AFTER DELETE ON {t}
  WHEN OLD."geom" NOT NULL
BEGIN
  DELETE FROM {r} WHERE id = OLD."fid";
END;"#;
    let index = quoted(&format!("rtree_{table}_{GEOMETRY}"));
    // In one pass each, the inserted names last, so that braces in a name are not taken for holes.
    let parts = TEMPLATE.split('{').map(|part| match part.split_once('}') {
        Some(("n", rest)) => format!("{}{rest}", table.replace('"', "\"\"")),
        Some(("t", rest)) => format!("{}{rest}", quoted(table)),
        Some(("r", rest)) => format!("{index}{rest}"),
        _ => part.to_owned(),
    });
    parts.collect()
}

fn row<'f>(plan: &Plan, feature: &'f Feature, fid: i64) -> Vec<Cell<'f>> {
    let mut cells = vec![Cell::Fid(fid)];
    if plan.has_geometry {
        let srs_id = i32::try_from(plan.srs_id).unwrap_or_default();
        cells.push(feature.geometry.as_ref().map_or(Cell::Null, |geometry| {
            Cell::Blob(encode_gpb(geometry, srs_id))
        }));
    }
    cells.extend(plan.columns.iter().map(
        |column| match feature.attributes.get(column.attribute) {
            Some(value) if column.kind == "TEXT" => Cell::Text(value),
            Some(value) => Cell::Value(value),
            None => Cell::Null,
        },
    ));
    cells
}

enum Cell<'f> {
    Null,
    Fid(i64),
    Blob(Vec<u8>),
    Value(&'f Value),
    /// Any value in a column of mixed kinds.
    Text(&'f Value),
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Cell::Null | Cell::Value(Value::Null) | Cell::Text(Value::Null) => {
                rusqlite::types::Null.into()
            }
            Cell::Fid(fid) => (*fid).into(),
            Cell::Blob(blob) => return blob.to_sql(),
            Cell::Value(Value::Bool(value)) => (*value).into(),
            Cell::Value(Value::Integer(value)) => (*value).into(),
            Cell::Value(Value::Real(value)) if !value.is_finite() => rusqlite::types::Null.into(),
            Cell::Value(Value::Real(value)) => (*value).into(),
            Cell::Value(Value::DateTime(text)) => with_milliseconds(text).into(),
            Cell::Value(Value::Text(text) | Value::Date(text)) => text.clone().into(),
            Cell::Text(value) => value.to_string().into(),
        })
    }
}

/// The standard wants a fraction of three digits.
fn with_milliseconds(time: &str) -> String {
    match time.strip_suffix('Z') {
        Some(local) if local.len() == 19 => format!("{local}.000Z"),
        _ => time.to_owned(),
    }
}

fn column_type(layer: &Layer, attribute: &str) -> &'static str {
    let values = layer
        .features
        .iter()
        .filter_map(|feature| feature.attributes.get(attribute));
    let kinds: BTreeSet<&str> = values.filter_map(value_type).collect();
    match kinds.into_iter().collect::<Vec<_>>().as_slice() {
        [one] => one,
        ["INTEGER", "REAL"] => "REAL",
        _ => "TEXT",
    }
}

/// Times that the standard would not take go as text.
fn value_type(value: &Value) -> Option<&'static str> {
    match value {
        Value::Null => None,
        Value::Bool(_) => Some("BOOLEAN"),
        Value::Integer(_) => Some("INTEGER"),
        Value::Real(_) => Some("REAL"),
        Value::Date(_) => Some("DATE"),
        Value::DateTime(text) if text.ends_with('Z') && text.len() >= 20 => Some("DATETIME"),
        Value::Text(_) | Value::DateTime(_) => Some("TEXT"),
    }
}

fn geometry_type(layer: &Layer) -> &'static str {
    let kinds: BTreeSet<&str> = layer
        .features
        .iter()
        .filter_map(|feature| feature.geometry.as_ref())
        .map(kind_of)
        .collect();
    match kinds.into_iter().collect::<Vec<_>>().as_slice() {
        [one] => one,
        _ => "GEOMETRY",
    }
}

fn kind_of(geometry: &Geometry<f64>) -> &'static str {
    match geometry {
        Geometry::Point(_) => "POINT",
        Geometry::Line(_) | Geometry::LineString(_) => "LINESTRING",
        Geometry::Polygon(_) | Geometry::Rect(_) | Geometry::Triangle(_) => "POLYGON",
        Geometry::MultiPoint(_) => "MULTIPOINT",
        Geometry::MultiLineString(_) => "MULTILINESTRING",
        Geometry::MultiPolygon(_) => "MULTIPOLYGON",
        Geometry::GeometryCollection(_) => "GEOMETRYCOLLECTION",
    }
}

/// Least and greatest x, then y.
type Extent = [f64; 4];

fn extent(geometry: &Geometry<f64>) -> Option<Extent> {
    spatial::formats::extent(geometry)
}

fn united(a: Extent, b: Extent) -> Extent {
    [
        a[0].min(b[0]),
        a[1].max(b[1]),
        a[2].min(b[2]),
        a[3].max(b[3]),
    ]
}

fn fits_degrees(layer: &Layer) -> bool {
    let extents = layer
        .features
        .iter()
        .filter_map(|feature| feature.geometry.as_ref())
        .filter_map(extent);
    extents
        .reduce(united)
        .is_none_or(|[min_x, max_x, min_y, max_y]| {
            min_x >= -180.0 && max_x <= 360.0 && min_y >= -90.0 && max_y <= 90.0
        })
}

/// Names already given, without regard to case, as SQLite compares them.
#[derive(Default)]
struct Names(BTreeSet<String>);

impl Names {
    fn take(&mut self, wanted: &str) -> String {
        let plain: String = wanted.chars().filter(|c| *c != '\0').take(100).collect();
        let plain = if plain.trim().is_empty() {
            "_".to_owned()
        } else {
            plain
        };
        let numbered = (2..).map(|number| format!("{plain}_{number}"));
        let mut candidates = std::iter::once(plain.clone()).chain(numbered);
        let free = candidates.find(|name| !self.0.contains(&name.to_lowercase()));
        let free = free.expect("there are more numbers than names");
        self.0.insert(free.to_lowercase());
        free
    }
}
