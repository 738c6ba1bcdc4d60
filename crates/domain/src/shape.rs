//! 图形 — geometry as it stands in entries: GeoJSON coordinates, longitude first, EPSG:4490.

use std::fmt;

use geo_types::{
    Coord, Geometry, GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon,
    Point, Polygon,
};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use spatial::formats::Told;

/// 图形 — a geometry inside an entry body. Serialized as a GeoJSON geometry object; degrees, CGCS2000.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape(pub Geometry<f64>);

impl Serialize for Shape {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let told = Told {
            geometry: &self.0,
            is_latitude_first: false,
        };
        told.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Written::deserialize(deserializer)?;
        let kind = written.kind;
        let geometry = written.geometry();
        geometry
            .map(Self)
            .ok_or_else(|| D::Error::custom(format!("the coordinates are not those of a {kind:?}")))
    }
}

/// A GeoJSON object as it is read: the type may come after the coordinates.
#[derive(Deserialize)]
struct Written {
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(default)]
    coordinates: Option<Nest>,
    #[serde(default)]
    geometries: Option<Vec<Shape>>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
enum Kind {
    Point,
    MultiPoint,
    LineString,
    MultiLineString,
    Polygon,
    MultiPolygon,
    GeometryCollection,
}

impl Written {
    fn geometry(self) -> Option<Geometry<f64>> {
        if let Kind::GeometryCollection = self.kind {
            let parts = self.geometries?.into_iter().map(|shape| shape.0);
            let parts = GeometryCollection(parts.collect());
            return Some(Geometry::GeometryCollection(parts));
        }
        let coordinates = self.coordinates?;
        Some(match self.kind {
            Kind::Point => Point(coordinates.position()?).into(),
            Kind::MultiPoint => {
                let points = coordinates.each(|c| c.position().map(Point));
                MultiPoint(points?).into()
            }
            Kind::LineString => coordinates.line()?.into(),
            Kind::MultiLineString => MultiLineString(coordinates.each(Nest::line)?).into(),
            Kind::Polygon => coordinates.polygon()?.into(),
            Kind::MultiPolygon => MultiPolygon(coordinates.each(Nest::polygon)?).into(),
            Kind::GeometryCollection => return None,
        })
    }
}

/// Coordinates of any depth.
enum Nest {
    Number(f64),
    Position(Coord<f64>),
    List(Vec<Nest>),
}

impl Nest {
    fn position(self) -> Option<Coord<f64>> {
        match self {
            Self::Position(position) => Some(position),
            _ => None,
        }
    }

    fn each<T>(self, one: impl Fn(Self) -> Option<T>) -> Option<Vec<T>> {
        match self {
            Self::List(nests) => nests.into_iter().map(one).collect(),
            _ => None,
        }
    }

    fn line(self) -> Option<LineString<f64>> {
        self.each(Self::position).map(LineString)
    }

    fn polygon(self) -> Option<Polygon<f64>> {
        let mut rings = self.each(Self::line)?.into_iter();
        let exterior = rings.next().unwrap_or_else(|| LineString(Vec::new()));
        Some(Polygon::new(exterior, rings.collect()))
    }
}

impl<'de> Deserialize<'de> for Nest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NestVisitor)
    }
}

struct NestVisitor;

impl<'de> Visitor<'de> for NestVisitor {
    type Value = Nest;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("coordinates")
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Nest, E> {
        Ok(Nest::Number(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Nest, E> {
        Ok(Nest::Number(value as f64))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Nest, E> {
        Ok(Nest::Number(value as f64))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Nest, A::Error> {
        let Some(first) = seq.next_element()? else {
            return Ok(Nest::List(Vec::new()));
        };
        let Nest::Number(x) = first else {
            let mut nests = vec![first];
            while let Some(nest) = seq.next_element()? {
                nests.push(nest);
            }
            return Ok(Nest::List(nests));
        };
        let y = seq.next_element()?;
        let y = y.ok_or_else(|| A::Error::custom("a position has two numbers at least"))?;
        // Heights may follow; they are not kept.
        while seq.next_element::<f64>()?.is_some() {}
        Ok(Nest::Position(Coord { x, y }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Nine decimals: what every reader of numbers reads exactly.
    fn number() -> impl Strategy<Value = f64> {
        (-180_000_000_000..180_000_000_000_i64).prop_map(|n| n as f64 / 1e9)
    }

    fn line(least: usize) -> impl Strategy<Value = LineString<f64>> {
        prop::collection::vec((number(), number()), least..6).prop_map(LineString::from)
    }

    fn polygon() -> impl Strategy<Value = Polygon<f64>> {
        let rings = (line(4), prop::collection::vec(line(4), 0..3));
        rings.prop_map(|(exterior, holes)| Polygon::new(exterior, holes))
    }

    fn geometry() -> impl Strategy<Value = Geometry<f64>> {
        let one = prop_oneof![
            (number(), number()).prop_map(|p| Geometry::Point(p.into())),
            line(2).prop_map(Geometry::LineString),
            polygon().prop_map(Geometry::Polygon),
            line(1).prop_map(|l| Geometry::MultiPoint(MultiPoint::from(l.0))),
            prop::collection::vec(line(2), 0..3)
                .prop_map(|m| Geometry::MultiLineString(MultiLineString(m))),
            prop::collection::vec(polygon(), 0..3)
                .prop_map(|m| Geometry::MultiPolygon(MultiPolygon(m))),
        ];
        one.prop_recursive(2, 6, 3, |inner| {
            let parts = prop::collection::vec(inner, 0..3);
            parts.prop_map(|m| Geometry::GeometryCollection(GeometryCollection(m)))
        })
    }

    proptest! {
        #[test]
        fn shapes_are_written_and_read_as_geojson_is(geometry in geometry()) {
            let peer = geojson::Geometry::new(geojson::Value::from(&geometry));
            let text = serde_json::to_string(&Shape(geometry.clone())).unwrap_or_default();
            prop_assert_eq!(&text, &peer.to_string());
            // As canonical text has it: members by name, the coordinates first.
            let value: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
            let sorted: std::collections::BTreeMap<&String, &serde_json::Value> =
                value.as_object().into_iter().flatten().collect();
            let sorted = serde_json::to_string(&sorted).unwrap_or_default();
            for text in [text, sorted] {
                let read: Shape = serde_json::from_str(&text).map_err(|e| TestCaseError::fail(e.to_string()))?;
                prop_assert_eq!(&read.0, &geometry);
            }
        }
    }

    #[test]
    fn coordinates_must_be_those_of_the_type() {
        let read = |text: &str| serde_json::from_str::<Shape>(text).ok().map(|s| s.0);
        let point = Some(Geometry::Point(Point::new(106.0, 35.5)));
        assert_eq!(
            read(r#"{"type":"Point","coordinates":[106,35.5,1800]}"#),
            point
        );
        assert_eq!(
            read(r#"{"coordinates":[106,35.5],"bbox":[1,2,3,4],"type":"Point"}"#),
            point
        );
        for wrong in [
            r#"{"type":"Point","coordinates":[106]}"#,
            r#"{"type":"Point","coordinates":[]}"#,
            r#"{"type":"Point","coordinates":[[106,35]]}"#,
            r#"{"type":"Point"}"#,
            r#"{"type":"LineString","coordinates":[106,35]}"#,
            r#"{"type":"Polygon","coordinates":[[106,35],[107,35]]}"#,
            r#"{"type":"Feature","geometry":null}"#,
            r#"{"type":"LineString","coordinates":[[106,"35"]]}"#,
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
