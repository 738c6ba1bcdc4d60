//! 图形 — geometry as it stands in entries: GeoJSON coordinates, longitude first, EPSG:4490.

use geo_types::Geometry;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// 图形 — a geometry inside an entry body. Serialized as a GeoJSON geometry object; degrees, CGCS2000.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape(pub Geometry<f64>);

impl Serialize for Shape {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        geojson::Geometry::new(geojson::Value::from(&self.0)).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let geometry = geojson::Geometry::deserialize(deserializer)?;
        Geometry::try_from(geometry)
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}
