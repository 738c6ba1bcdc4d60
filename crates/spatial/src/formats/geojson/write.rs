use std::io::Write;

use geo_types::{Coord, Geometry, LineString, Polygon};

use crate::feature::{Feature, Layer, Value};
use crate::formats::rings::doubled_area;
use crate::formats::{Error, decimal};

/// Writes a layer as GeoJSON after RFC 7946: exteriors counter-clockwise, nine decimals, no `crs` member.
pub fn write_geojson(layer: &Layer, out: &mut dyn Write) -> Result<(), Error> {
    if !layer.crs.is_geographic() {
        return Err(Error::NotGeographic {
            file: layer.name.clone(),
            format: "GeoJSON",
        });
    }
    write!(
        out,
        "{{\"type\":\"FeatureCollection\",\"name\":{},\"features\":[",
        quote(&layer.name)
    )?;
    for (at, feature) in layer.features.iter().enumerate() {
        out.write_all(if at == 0 { b"\n" } else { b",\n" })?;
        write_feature(feature, out)?;
    }
    Ok(writeln!(out, "\n]}}")?)
}

fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn write_feature(feature: &Feature, out: &mut dyn Write) -> Result<(), Error> {
    write!(out, "{{\"type\":\"Feature\",")?;
    if let Some(id) = &feature.id {
        write!(out, "\"id\":{},", quote(id))?;
    }
    write!(out, "\"properties\":{{")?;
    for (at, (name, value)) in feature.attributes.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        write!(out, "{comma}{}:{}", quote(name), json_of(value))?;
    }
    write!(out, "}},\"geometry\":")?;
    match &feature.geometry {
        Some(geometry) => write_geometry(geometry, out)?,
        None => write!(out, "null")?,
    }
    Ok(write!(out, "}}")?)
}

fn json_of(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Integer(value) => (*value).into(),
        // JSON has no infinities; they become null.
        Value::Real(value) => (*value).into(),
        Value::Text(text) | Value::Date(text) | Value::DateTime(text) => text.as_str().into(),
    }
}

fn write_geometry(geometry: &Geometry<f64>, out: &mut dyn Write) -> Result<(), Error> {
    match geometry {
        Geometry::GeometryCollection(parts) => {
            write!(out, "{{\"type\":\"GeometryCollection\",\"geometries\":[")?;
            for (at, part) in parts.iter().enumerate() {
                write!(out, "{}", if at == 0 { "" } else { "," })?;
                write_geometry(part, out)?;
            }
            Ok(write!(out, "]}}")?)
        }
        other => {
            let (kind, coordinates) = coordinates_of(other);
            Ok(write!(
                out,
                "{{\"type\":\"{kind}\",\"coordinates\":{coordinates}}}"
            )?)
        }
    }
}

fn coordinates_of(geometry: &Geometry<f64>) -> (&'static str, String) {
    match geometry {
        Geometry::Point(point) => ("Point", position(&point.0)),
        Geometry::MultiPoint(points) => (
            "MultiPoint",
            list(points.iter().map(|point| position(&point.0))),
        ),
        Geometry::LineString(line) => ("LineString", line_of(line)),
        Geometry::Line(line) => (
            "LineString",
            list([line.start, line.end].iter().map(position)),
        ),
        Geometry::MultiLineString(lines) => ("MultiLineString", list(lines.iter().map(line_of))),
        Geometry::Polygon(polygon) => ("Polygon", polygon_of(polygon)),
        Geometry::Rect(rect) => ("Polygon", polygon_of(&rect.to_polygon())),
        Geometry::Triangle(triangle) => ("Polygon", polygon_of(&triangle.to_polygon())),
        Geometry::MultiPolygon(polygons) => ("MultiPolygon", list(polygons.iter().map(polygon_of))),
        Geometry::GeometryCollection(_) => ("GeometryCollection", "[]".to_owned()),
    }
}

fn list(parts: impl Iterator<Item = String>) -> String {
    format!("[{}]", parts.collect::<Vec<_>>().join(","))
}

fn position(coord: &Coord<f64>) -> String {
    format!("[{},{}]", decimal(coord.x), decimal(coord.y))
}

fn line_of(line: &LineString<f64>) -> String {
    list(line.coords().map(position))
}

fn polygon_of(polygon: &Polygon<f64>) -> String {
    let exterior = turned(polygon.exterior(), true);
    let interiors = polygon.interiors().iter().map(|ring| turned(ring, false));
    list(std::iter::once(exterior).chain(interiors))
}

fn turned(ring: &LineString<f64>, counter_clockwise: bool) -> String {
    let wrong_way = (doubled_area(ring) > 0.0) != counter_clockwise;
    if wrong_way {
        list(ring.coords().rev().map(position))
    } else {
        line_of(ring)
    }
}
