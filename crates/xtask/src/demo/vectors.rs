//! The files of map programs: GeoJSON, zipped Shapefile with a GBK table, GeoPackage, KML, GPX.

use std::fmt::Write as _;
use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use encoding_rs::GBK;
use rusqlite::{Connection, params, params_from_iter, types};
use serde_json::{Map, Value, json};
use shapefile::{PolygonRing, ShapeWriter};
use zip::write::SimpleFileOptions;

use super::desk::MARK;
use super::plane::{Point, Polygon, Ring, envelope};

/// Polygons with attributes in order. Faults are planted in rings, so nothing here mends them.
pub(crate) struct Feature {
    /// Where.
    pub(crate) polygons: Vec<Polygon>,
    /// What.
    pub(crate) properties: Map<String, Value>,
}

impl Feature {
    /// Polygons with attributes in the order given.
    pub(crate) fn new(polygons: Vec<Polygon>, properties: Value) -> Self {
        let properties = match properties {
            Value::Object(map) => map,
            _ => Map::new(),
        };
        Self {
            polygons,
            properties,
        }
    }

    /// One ring with attributes.
    pub(crate) fn of_ring(ring: Ring, properties: Value) -> Self {
        let polygon = Polygon {
            exterior: ring,
            interiors: Vec::new(),
        };
        Self::new(vec![polygon], properties)
    }
}

fn rings(polygon: &Polygon) -> Vec<&Ring> {
    std::iter::once(&polygon.exterior)
        .chain(&polygon.interiors)
        .collect()
}

/// A GeoJSON file.
pub(crate) fn geojson(name: &str, features: &[Feature]) -> anyhow::Result<Vec<u8>> {
    let mut text = format!(
        "{{\n\"type\": \"FeatureCollection\",\n\"name\": {},\n\"features\": [\n",
        json!(name)
    );
    for (index, feature) in features.iter().enumerate() {
        let separator = if index + 1 < features.len() { "," } else { "" };
        let line = json!({
            "type": "Feature",
            "properties": feature.properties,
            "geometry": geojson_geometry(&feature.polygons),
        });
        writeln!(text, "{line}{separator}")?;
    }
    text.push_str("]\n}\n");
    Ok(text.into_bytes())
}

fn geojson_geometry(polygons: &[Polygon]) -> Value {
    match polygons {
        [polygon] => json!({"type": "Polygon", "coordinates": rings(polygon)}),
        _ => {
            let parts: Vec<_> = polygons.iter().map(rings).collect();
            json!({"type": "MultiPolygon", "coordinates": parts})
        }
    }
}

/// CGCS2000 as map programs write it beside a Shapefile.
const PRJ: &str = r#"GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]"#;

/// A Shapefile in a folder in a ZIP archive, names in upper case, the table in GBK.
pub(crate) fn shapefile_zip(
    folder: &str,
    stem: &str,
    features: &[Feature],
) -> anyhow::Result<Vec<u8>> {
    let (shp, shx) = shapes(features)?;
    let parts = [
        ("SHP", shp),
        ("SHX", shx),
        ("DBF", dbf(features)),
        ("PRJ", PRJ.as_bytes().to_vec()),
    ];
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default());
    for (extension, bytes) in parts {
        archive.start_file(format!("{folder}/{stem}.{extension}"), options)?;
        archive.write_all(&bytes)?;
    }
    Ok(archive.finish()?.into_inner())
}

fn shapes(features: &[Feature]) -> anyhow::Result<(Vec<u8>, Vec<u8>)> {
    let (mut shp, mut shx) = (Cursor::new(Vec::new()), Cursor::new(Vec::new()));
    let mut writer = ShapeWriter::with_shx(&mut shp, &mut shx);
    for feature in features {
        writer.write_shape(&shape(&feature.polygons))?;
    }
    writer.finalize()?;
    drop(writer);
    Ok((shp.into_inner(), shx.into_inner()))
}

fn shape(parts: &[Polygon]) -> shapefile::Polygon {
    let points = |ring: &Ring| -> Vec<shapefile::Point> {
        ring.iter()
            .map(|p| shapefile::Point::new(p[0], p[1]))
            .collect()
    };
    let rings = parts.iter().flat_map(|part| {
        let holes = part.interiors.iter().map(points).map(PolygonRing::Inner);
        std::iter::once(PolygonRing::Outer(points(&part.exterior))).chain(holes)
    });
    shapefile::Polygon::with_rings(rings.collect())
}

struct Column {
    name: String,
    kind: u8,
    width: u8,
    decimals: u8,
}

/// A dBASE III table. Written here because field names are Chinese, which the crate's do not allow,
/// and because the crate dates the file with today.
fn dbf(features: &[Feature]) -> Vec<u8> {
    let columns = columns(features);
    let width: usize = columns.iter().map(|c| usize::from(c.width)).sum();
    let header = 32 * (columns.len() + 1) + 1;
    let mut bytes = vec![0x03, 119, 8, 16];
    bytes.extend((features.len() as u32).to_le_bytes());
    bytes.extend((header as u16).to_le_bytes());
    bytes.extend(((width + 1) as u16).to_le_bytes());
    bytes.extend([0; 17]);
    // Language driver 0x4d: GBK.
    bytes.extend([0x4d, 0, 0]);
    for column in &columns {
        let mut name = GBK.encode(&column.name).0.into_owned();
        name.resize(11, 0);
        bytes.extend(name);
        bytes.extend([column.kind, 0, 0, 0, 0, column.width, column.decimals]);
        bytes.extend([0; 14]);
    }
    bytes.push(0x0d);
    for feature in features {
        bytes.push(b' ');
        for column in &columns {
            bytes.extend(field(column, feature.properties.get(&column.name)));
        }
    }
    bytes.push(0x1a);
    bytes
}

fn columns(features: &[Feature]) -> Vec<Column> {
    let names = features.first().map(|first| first.properties.keys());
    names
        .into_iter()
        .flatten()
        .map(|name| {
            let values: Vec<&Value> = features
                .iter()
                .filter_map(|f| f.properties.get(name))
                .collect();
            column(name, &values)
        })
        .collect()
}

fn column(name: &str, values: &[&Value]) -> Column {
    let longest = |value: &&Value| GBK.encode(value.as_str().unwrap_or_default()).0.len();
    let is_number = values.iter().any(|value| value.is_number());
    let (kind, width, decimals) = if is_number {
        (b'N', 18, if name.ends_with('度') { 7 } else { 2 })
    } else if name.ends_with("时相") {
        (b'D', 8, 0)
    } else {
        let width = values.iter().map(longest).max().unwrap_or(0).clamp(2, 250);
        (b'C', width as u8, 0)
    };
    Column {
        name: name.to_owned(),
        kind,
        width,
        decimals,
    }
}

fn field(column: &Column, value: Option<&Value>) -> Vec<u8> {
    let width = usize::from(column.width);
    match value {
        Some(Value::Number(number)) => {
            let number = number.as_f64().unwrap_or_default();
            let decimals = usize::from(column.decimals);
            format!("{number:>width$.decimals$}").into_bytes()
        }
        Some(Value::String(text)) => {
            let mut bytes = GBK.encode(text).0.into_owned();
            bytes.resize(width, b' ');
            bytes
        }
        _ => vec![b' '; width],
    }
}

const GEOPACKAGE: &str = r#"
PRAGMA application_id = 1196444487;
PRAGMA user_version = 10300;
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL, organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT DEFAULT '', last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')), min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER, CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL, CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name), CONSTRAINT uk_gc_table_name UNIQUE (table_name), CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name), CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
INSERT INTO gpkg_spatial_ref_sys VALUES ('Undefined Cartesian SRS', -1, 'NONE', -1, 'undefined', NULL), ('Undefined geographic SRS', 0, 'NONE', 0, 'undefined', NULL), ('WGS 84', 4326, 'EPSG', 4326, 'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433],AUTHORITY["EPSG","4326"]]', NULL), ('China Geodetic Coordinate System 2000', 4490, 'EPSG', 4490, 'GEOGCS["China Geodetic Coordinate System 2000",DATUM["China_2000",SPHEROID["CGCS2000",6378137,298.257222101]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433],AUTHORITY["EPSG","4490"]]', NULL);
"#;

/// A GeoPackage as the bytes of its file, made beside the output and taken away again.
pub(crate) fn geopackage(
    scratch: &Path,
    table: &str,
    features: &[Feature],
) -> anyhow::Result<Vec<u8>> {
    let path = scratch.join("patches.gpkg.partial");
    if path.exists() {
        fs::remove_file(&path)?;
    }
    let connection = Connection::open(&path)?;
    fill_geopackage(&connection, table, features)?;
    connection.close().map_err(|(_, error)| error)?;
    let bytes = fs::read(&path)?;
    fs::remove_file(&path)?;
    Ok(bytes)
}

fn fill_geopackage(
    connection: &Connection,
    table: &str,
    features: &[Feature],
) -> anyhow::Result<()> {
    connection.execute_batch(GEOPACKAGE)?;
    let Some(first) = features.first() else {
        return Ok(());
    };
    let columns: Vec<String> = first
        .properties
        .iter()
        .map(|(name, value)| {
            let kind = if value.is_number() { "DOUBLE" } else { "TEXT" };
            format!("\"{name}\" {kind}")
        })
        .collect();
    connection.execute_batch(&format!(
        "CREATE TABLE \"{table}\" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom POLYGON, {});",
        columns.join(", ")
    ))?;
    let whole = features.iter().filter_map(extent).fold(EMPTY, joined);
    connection.execute(
        "INSERT INTO gpkg_contents VALUES (?1, 'features', ?1, ?2, '2019-08-05T08:00:00.000Z', ?3, ?4, ?5, ?6, 4490)",
        params![table, MARK, whole[0], whole[1], whole[2], whole[3]],
    )?;
    connection.execute(
        "INSERT INTO gpkg_geometry_columns VALUES (?1, 'geom', 'POLYGON', 4490, 0, 0)",
        [table],
    )?;
    let marks = vec!["?"; columns.len() + 1].join(", ");
    let mut insert =
        connection.prepare(&format!("INSERT INTO \"{table}\" VALUES (NULL, {marks})"))?;
    for feature in features {
        let mut values = vec![types::Value::Blob(blob(&feature.polygons))];
        values.extend(feature.properties.values().map(sql_value));
        insert.execute(params_from_iter(values))?;
    }
    Ok(())
}

const EMPTY: [f64; 4] = [
    f64::INFINITY,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NEG_INFINITY,
];

fn extent(feature: &Feature) -> Option<[f64; 4]> {
    Some(envelope(&feature.polygons.first()?.exterior))
}

fn joined(a: [f64; 4], b: [f64; 4]) -> [f64; 4] {
    [
        a[0].min(b[0]),
        a[1].min(b[1]),
        a[2].max(b[2]),
        a[3].max(b[3]),
    ]
}

fn sql_value(value: &Value) -> types::Value {
    match value {
        Value::Number(number) => types::Value::Real(number.as_f64().unwrap_or_default()),
        Value::String(text) => types::Value::Text(text.clone()),
        _ => types::Value::Null,
    }
}

/// The geometry blob of GeoPackage: header with envelope, then little-endian WKB.
fn blob(polygons: &[Polygon]) -> Vec<u8> {
    let [polygon] = polygons else {
        return Vec::new();
    };
    let [west, south, east, north] = envelope(&polygon.exterior);
    let mut bytes = vec![b'G', b'P', 0, 0b0000_0011];
    bytes.extend(4490_i32.to_le_bytes());
    for edge in [west, east, south, north] {
        bytes.extend(edge.to_le_bytes());
    }
    bytes.push(1);
    bytes.extend(3_u32.to_le_bytes());
    bytes.extend((polygon.interiors.len() as u32 + 1).to_le_bytes());
    for ring in rings(polygon) {
        bytes.extend((ring.len() as u32).to_le_bytes());
        bytes.extend(ring.iter().flatten().flat_map(|value| value.to_le_bytes()));
    }
    bytes
}

/// A placemark of a KML file.
pub(crate) struct Placemark {
    /// Name.
    pub(crate) name: String,
    /// Description.
    pub(crate) description: String,
    /// Further attributes.
    pub(crate) attributes: Vec<(&'static str, String)>,
    /// `Point`, `LineString` or `Polygon`, by the number of vertices and whether they close.
    pub(crate) path: Ring,
}

/// A KML file.
pub(crate) fn kml(name: &str, placemarks: &[Placemark]) -> anyhow::Result<Vec<u8>> {
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<kml xmlns=\"http://www.opengis.net/kml/2.2\">\n<Document>\n<name>{name}</name>\n"
    );
    for place in placemarks {
        write!(
            text,
            "<Placemark>\n<name>{}</name>\n<description>{}</description>\n<ExtendedData>",
            place.name, place.description
        )?;
        for (key, value) in &place.attributes {
            write!(text, "<Data name=\"{key}\"><value>{value}</value></Data>")?;
        }
        writeln!(
            text,
            "</ExtendedData>\n{}\n</Placemark>",
            kml_geometry(&place.path)
        )?;
    }
    text.push_str("</Document>\n</kml>\n");
    Ok(text.into_bytes())
}

fn kml_geometry(path: &Ring) -> String {
    let vertices: Vec<String> = path
        .iter()
        .map(|p| format!("{:.7},{:.7},0", p[0], p[1]))
        .collect();
    let coordinates = format!("<coordinates>{}</coordinates>", vertices.join(" "));
    match path.len() {
        1 => format!("<Point>{coordinates}</Point>"),
        _ if path.first() == path.last() => format!(
            "<Polygon><outerBoundaryIs><LinearRing>{coordinates}</LinearRing></outerBoundaryIs></Polygon>"
        ),
        _ => format!("<LineString><tessellate>1</tessellate>{coordinates}</LineString>"),
    }
}

/// A waypoint of a GPX file.
pub(crate) struct Waypoint {
    /// Position.
    pub(crate) point: Point,
    /// Name.
    pub(crate) name: String,
    /// Description.
    pub(crate) description: String,
    /// Instant, in UTC as the format demands.
    pub(crate) time: String,
}

/// A GPX file.
pub(crate) fn gpx(name: &str, waypoints: &[Waypoint]) -> anyhow::Result<Vec<u8>> {
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<gpx version=\"1.1\" creator=\"{MARK}\" xmlns=\"http://www.topografix.com/GPX/1/1\">\n<metadata><name>{name}</name></metadata>\n"
    );
    for place in waypoints {
        writeln!(
            text,
            "<wpt lat=\"{:.7}\" lon=\"{:.7}\"><time>{}</time><name>{}</name><desc>{}</desc></wpt>",
            place.point[1], place.point[0], place.time, place.name, place.description
        )?;
    }
    text.push_str("</gpx>\n");
    Ok(text.into_bytes())
}
