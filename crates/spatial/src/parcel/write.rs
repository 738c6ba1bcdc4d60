//! Writing the parcel text.

use std::fmt::Write as _;

use geo_types::{Coord, Geometry, LineString, Polygon};

use super::{Parcel, ParcelError, TextEncoding};
use crate::crs::{Crs, Projector, ZoneWidth};
use crate::geodesic;

/// Writes parcels as the land authorities' text, with eastings in a Gauss–Krüger zone.
///
/// `unit` and `date` go to the header lines 数据产生单位 and 数据产生日期. Stated areas are kept; where there is none, the
/// geodesic area is written. Lines end as on Windows, because that is where these files are read.
pub fn write(
    parcels: &[Parcel],
    crs: &Crs,
    unit: &str,
    date: &str,
    encoding: TextEncoding,
) -> Result<Vec<u8>, ParcelError> {
    let projector = crs.projector()?;
    let mut text = header(crs, unit, date)?;
    for parcel in parcels {
        let rings = parcel.geometry.as_ref().map(rings).unwrap_or_default();
        text.push_str(&parcel_line(parcel, rings.iter().map(Vec::len).sum()));
        for (number, ring) in (1..).zip(&rings) {
            rows(&mut text, number, ring, &projector)?;
        }
    }
    Ok(match encoding {
        TextEncoding::Utf8 => text.into_bytes(),
        TextEncoding::Gbk => encoding_rs::GB18030.encode(&text).0.into_owned(),
    })
}

fn header(crs: &Crs, unit: &str, date: &str) -> Result<String, ParcelError> {
    let zone = crs
        .grid()
        .ok_or_else(|| ParcelError::UnsuitableCrs(crs.to_string()))?;
    let datum = match crs {
        Crs::Beijing54 { .. } => "1954年北京坐标系",
        Crs::Xian80 { .. } => "80国家大地坐标系",
        _ => "2000国家大地坐标系",
    };
    let width = match zone.width {
        ZoneWidth::Three => 3,
        ZoneWidth::Six => 6,
    };
    let lines = [
        "[属性描述]".to_owned(),
        "格式版本号=1.01版本".to_owned(),
        format!("数据产生单位={}", one_line(unit)),
        format!("数据产生日期={}", one_line(date)),
        format!("坐标系={datum}"),
        format!("几度分带={width}"),
        "投影类型=高斯克吕格".to_owned(),
        "计量单位=米".to_owned(),
        format!("带号={}", zone.zone),
        "精度=0.001".to_owned(),
        "转换参数=,,,,,,".to_owned(),
        "[地块坐标]".to_owned(),
    ];
    Ok(lines.join("\r\n") + "\r\n")
}

fn parcel_line(parcel: &Parcel, point_count: usize) -> String {
    let computed = || {
        parcel
            .geometry
            .as_ref()
            .map(|geometry| geodesic::area_ha(geodesic::area_m2(geometry)))
    };
    let area_ha = parcel.stated_area_ha.or_else(computed).unwrap_or(0.0);
    let fields = [
        &parcel.number,
        &parcel.name,
        parcel.shape.word(),
        &parcel.map_sheet,
        &parcel.land_use,
        &parcel.land_use_code,
    ];
    let fields: Vec<String> = fields.into_iter().map(one_field).collect();
    format!("{point_count},{area_ha:.4},{},@\r\n", fields.join(","))
}

/// Rows of one ring; the last repeats the name of the first when the ring is closed.
fn rows(
    text: &mut String,
    ring: u32,
    vertices: &[Coord<f64>],
    projector: &Projector,
) -> Result<(), ParcelError> {
    let is_closed = vertices.len() > 1 && vertices.first() == vertices.last();
    for (index, at) in vertices.iter().enumerate() {
        let grid = projector.from_cgcs2000(*at)?;
        let is_closing = is_closed && index + 1 == vertices.len();
        let label = if is_closing { 1 } else { index + 1 };
        // X is north.
        let written = write!(text, "J{label},{ring},{:.3},{:.3}\r\n", grid.y, grid.x);
        debug_assert!(written.is_ok(), "a String takes everything");
    }
    Ok(())
}

fn rings(geometry: &Geometry<f64>) -> Vec<Vec<Coord<f64>>> {
    let of_line = |line: &LineString<f64>| line.0.clone();
    let of_polygon = |polygon: &Polygon<f64>| -> Vec<Vec<Coord<f64>>> {
        std::iter::once(polygon.exterior())
            .chain(polygon.interiors())
            .map(of_line)
            .collect()
    };
    match geometry {
        Geometry::Point(point) => vec![vec![point.0]],
        Geometry::MultiPoint(points) => vec![points.iter().map(|point| point.0).collect()],
        Geometry::Line(line) => vec![vec![line.start, line.end]],
        Geometry::LineString(line) => vec![of_line(line)],
        Geometry::MultiLineString(lines) => lines.iter().map(of_line).collect(),
        Geometry::Polygon(polygon) => of_polygon(polygon),
        Geometry::MultiPolygon(parts) => parts.iter().flat_map(of_polygon).collect(),
        Geometry::Rect(rect) => of_polygon(&rect.to_polygon()),
        Geometry::Triangle(triangle) => of_polygon(&triangle.to_polygon()),
        Geometry::GeometryCollection(members) => members.iter().flat_map(rings).collect(),
    }
}

/// A value that cannot break out of its line.
fn one_line(value: &str) -> String {
    value
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// A value that cannot break out of its field.
fn one_field(value: &str) -> String {
    value
        .chars()
        .map(|c| {
            if c.is_control() {
                ' '
            } else if c == ',' {
                '，'
            } else if c == '@' {
                '＠'
            } else {
                c
            }
        })
        .collect()
}
