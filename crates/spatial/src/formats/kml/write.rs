use std::io::Write;

use geo_types::{Coord, Geometry, LineString, Polygon};
use quick_xml::escape::escape;

use crate::feature::{Feature, Layer, Value};
use crate::formats::{Error, decimal};

/// Writes a layer as KML that Google Earth, Ovital and QGIS read: a typed schema, one style, geometry on the ground.
/// The attributes `name` and `description` become those of the placemark.
pub fn write_kml(layer: &Layer, out: &mut dyn Write) -> Result<(), Error> {
    if !layer.crs.is_geographic() {
        return Err(Error::NotGeographic {
            file: layer.name.clone(),
            format: "KML",
        });
    }
    let fields = schema_of(layer);
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(out, r#"<kml xmlns="http://www.opengis.net/kml/2.2">"#)?;
    writeln!(out, "<Document>\n<name>{}</name>", clean(&layer.name))?;
    out.write_all(STYLE.as_bytes())?;
    write_schema(&fields, out)?;
    for feature in &layer.features {
        write_placemark(feature, &fields, out)?;
    }
    Ok(writeln!(out, "</Document>\n</kml>")?)
}

const STYLE: &str = "<Style id=\"plain\"><LineStyle><color>ff2040e0</color><width>2</width></LineStyle>\
                     <PolyStyle><color>402040e0</color></PolyStyle></Style>\n";

/// Elements of a placemark, not of its schema.
const OWN: &[&str] = &["name", "description"];

fn schema_of(layer: &Layer) -> Vec<(&str, &'static str)> {
    let names = layer.attribute_names();
    let typed = names.into_iter().filter(|name| !is_own(layer, name));
    typed.map(|name| (name, field_type(layer, name))).collect()
}

/// A name or description that is no text stays a typed field.
fn is_own(layer: &Layer, name: &str) -> bool {
    let is_text = |value: &Value| matches!(value, Value::Text(_) | Value::Null);
    OWN.contains(&name)
        && layer
            .features
            .iter()
            .filter_map(|feature| feature.attributes.get(name))
            .all(is_text)
}

fn field_type(layer: &Layer, name: &str) -> &'static str {
    let values = layer
        .features
        .iter()
        .filter_map(|feature| feature.attributes.get(name));
    let mut kinds: Vec<_> = values
        .filter(|value| !value.is_null())
        .map(kind_of)
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    match kinds.as_slice() {
        [one] => one,
        ["double", "int"] => "double",
        _ => "string",
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "bool",
        Value::Integer(_) => "int",
        Value::Real(_) => "double",
        _ => "string",
    }
}

fn write_schema(fields: &[(&str, &str)], out: &mut dyn Write) -> Result<(), Error> {
    if fields.is_empty() {
        return Ok(());
    }
    writeln!(out, "<Schema id=\"fields\" name=\"fields\">")?;
    for (name, kind) in fields {
        writeln!(
            out,
            "<SimpleField name=\"{}\" type=\"{kind}\"/>",
            clean(name)
        )?;
    }
    Ok(writeln!(out, "</Schema>")?)
}

fn write_placemark(
    feature: &Feature,
    fields: &[(&str, &str)],
    out: &mut dyn Write,
) -> Result<(), Error> {
    match &feature.id {
        Some(id) => write!(out, "<Placemark id=\"{}\">", clean(id))?,
        None => write!(out, "<Placemark>")?,
    }
    for own in OWN {
        let is_field = fields.iter().any(|(name, _)| name == own);
        if let Some(value) = feature
            .attributes
            .get(*own)
            .filter(|value| !value.is_null() && !is_field)
        {
            write!(out, "<{own}>{}</{own}>", clean(&value.to_string()))?;
        }
    }
    write!(out, "<styleUrl>#plain</styleUrl>")?;
    write_fields(feature, fields, out)?;
    if let Some(geometry) = &feature.geometry {
        write_geometry(geometry, out)?;
    }
    Ok(writeln!(out, "</Placemark>")?)
}

fn write_fields(
    feature: &Feature,
    fields: &[(&str, &str)],
    out: &mut dyn Write,
) -> Result<(), Error> {
    if fields.is_empty() {
        return Ok(());
    }
    write!(out, "<ExtendedData><SchemaData schemaUrl=\"#fields\">")?;
    for (name, _) in fields {
        if let Some(value) = feature.attributes.get(*name) {
            write!(
                out,
                "<SimpleData name=\"{}\">{}</SimpleData>",
                clean(name),
                clean(&value.to_string())
            )?;
        }
    }
    Ok(write!(out, "</SchemaData></ExtendedData>")?)
}

/// Escaped, and without the control characters that XML cannot hold.
fn clean(text: &str) -> String {
    let allowed = |c: &char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
    let kept: String = text
        .chars()
        .filter(allowed)
        .filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}'))
        .collect();
    escape(kept)
        .replace('\r', "&#13;")
        .replace('\n', "&#10;")
        .replace('\t', "&#9;")
}

fn write_geometry(geometry: &Geometry<f64>, out: &mut dyn Write) -> Result<(), Error> {
    match geometry {
        Geometry::Point(point) => write_coords("Point", &[point.0], out),
        Geometry::LineString(line) => write_coords("LineString", &line.0, out),
        Geometry::Line(line) => write_coords("LineString", &[line.start, line.end], out),
        Geometry::Polygon(polygon) => write_polygon(polygon, out),
        Geometry::Rect(rect) => write_polygon(&rect.to_polygon(), out),
        Geometry::Triangle(triangle) => write_polygon(&triangle.to_polygon(), out),
        Geometry::MultiPoint(points) => {
            write_multi(points.iter().map(|point| (*point).into()), out)
        }
        Geometry::MultiLineString(lines) => write_multi(lines.iter().cloned().map(Into::into), out),
        Geometry::MultiPolygon(polygons) => {
            write_multi(polygons.iter().cloned().map(Into::into), out)
        }
        Geometry::GeometryCollection(parts) => write_multi(parts.iter().cloned(), out),
    }
}

fn write_multi(
    parts: impl Iterator<Item = Geometry<f64>>,
    out: &mut dyn Write,
) -> Result<(), Error> {
    write!(out, "<MultiGeometry>")?;
    for part in parts {
        write_geometry(&part, out)?;
    }
    Ok(write!(out, "</MultiGeometry>")?)
}

fn write_polygon(polygon: &Polygon<f64>, out: &mut dyn Write) -> Result<(), Error> {
    write!(out, "<Polygon><outerBoundaryIs>")?;
    write_ring(polygon.exterior(), out)?;
    write!(out, "</outerBoundaryIs>")?;
    for ring in polygon.interiors() {
        write!(out, "<innerBoundaryIs>")?;
        write_ring(ring, out)?;
        write!(out, "</innerBoundaryIs>")?;
    }
    Ok(write!(out, "</Polygon>")?)
}

fn write_ring(ring: &LineString<f64>, out: &mut dyn Write) -> Result<(), Error> {
    write_coords("LinearRing", &ring.0, out)
}

fn write_coords(element: &str, coords: &[Coord<f64>], out: &mut dyn Write) -> Result<(), Error> {
    write!(out, "<{element}><coordinates>")?;
    for (at, coord) in coords.iter().enumerate() {
        let space = if at == 0 { "" } else { " " };
        write!(out, "{space}{},{}", decimal(coord.x), decimal(coord.y))?;
    }
    Ok(write!(out, "</coordinates></{element}>")?)
}
