//! 图层与要素 — what every vector file becomes on the way in, and what every one is made from on the way out.

use std::fmt;

use geo_types::Geometry;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// 属性 — the named values of a feature, in the order of the file.
pub type Attributes = IndexMap<String, Value>;

/// 图层 — features of one file or table that share a declared coordinate system.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    pub name: String,
    /// As the file declares it; nothing is transformed or guessed here.
    pub crs: DeclaredCrs,
    pub format: Format,
    pub features: Vec<Feature>,
}

/// 要素 — one thing of a layer: a geometry, if it has a usable one, and its attributes.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    /// Position in the file, from 1. Deleted and unreadable records leave gaps, so that the number still finds the
    /// record in the original.
    pub number: u64,
    /// The file's own identifier.
    pub id: Option<String>,
    /// As in the file: `x` = longitude or easting, `y` = latitude or northing. Z and M are not kept.
    /// `None` if the file has none or if it is unusable; a diagnostic at this feature says which.
    pub geometry: Option<Geometry<f64>>,
    pub attributes: Attributes,
}

/// 属性值 — one value of a feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
pub enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Real(f64),
    Text(String),
    /// `YYYY-MM-DD`.
    Date(String),
    /// ISO 8601 as the file gives it, with or without a zone.
    DateTime(String),
}

/// 声明的坐标系 — what the file itself says about its coordinates; often nothing, and not always the truth.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", content = "value", rename_all = "snake_case")]
pub enum DeclaredCrs {
    #[default]
    None,
    Epsg(u32),
    /// Well-known text of a `.prj` file or of a GeoPackage.
    Wkt(String),
    /// Any other name, such as a URN without an EPSG code.
    Name(String),
}

/// 格式 — what a layer was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    GeoJson,
    Shapefile,
    /// A dBASE table alone: attributes without geometry.
    Dbf,
    Kml,
    Gpx,
    GeoPackage,
}

impl Layer {
    /// An empty layer.
    pub fn new(name: impl Into<String>, crs: DeclaredCrs, format: Format) -> Self {
        Self {
            name: name.into(),
            crs,
            format,
            features: Vec::new(),
        }
    }

    /// Names of all attributes, in the order in which they first appear.
    pub fn attribute_names(&self) -> Vec<&str> {
        let mut names = indexmap::IndexSet::new();
        for feature in &self.features {
            names.extend(feature.attributes.keys().map(String::as_str));
        }
        names.into_iter().collect()
    }
}

impl Feature {
    /// A feature without identifier and geometry.
    pub fn new(number: u64) -> Self {
        Self {
            number,
            id: None,
            geometry: None,
            attributes: Attributes::new(),
        }
    }
}

impl Value {
    /// Whether there is no value.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The text, if the value is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) | Value::Date(text) | Value::DateTime(text) => Some(text),
            _ => None,
        }
    }
}

/// As a person reads it; nothing for `Null`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => Ok(()),
            Value::Bool(value) => value.fmt(f),
            Value::Integer(value) => value.fmt(f),
            Value::Real(value) => value.fmt(f),
            Value::Text(text) | Value::Date(text) | Value::DateTime(text) => f.write_str(text),
        }
    }
}

impl DeclaredCrs {
    /// Reads `EPSG:4490`, `urn:ogc:def:crs:EPSG::4490`, `http://www.opengis.net/def/crs/EPSG/0/4490` and CRS 84.
    pub fn from_name(name: &str) -> Self {
        let name = name.trim();
        let upper = name.to_ascii_uppercase();
        if name.is_empty() {
            return Self::None;
        }
        // CRS 84 is WGS 84 with longitude first, which is how all geometry here is ordered.
        if upper.ends_with("CRS84") {
            return Self::Epsg(4326);
        }
        let code = upper
            .rsplit([':', '/', '#'])
            .next()
            .and_then(|tail| tail.parse().ok());
        match code {
            Some(code) if upper.contains("EPSG") => Self::Epsg(code),
            _ => Self::Name(name.to_owned()),
        }
    }

    /// Whether GeoJSON, KML and a lon/lat table may hold the coordinates as they are: geographic CGCS2000 or WGS 84,
    /// or nothing declared.
    pub fn is_geographic(&self) -> bool {
        match self {
            Self::None => true,
            Self::Epsg(code) => matches!(code, 4490 | 4480 | 4326 | 4979),
            Self::Wkt(_) | Self::Name(_) => false,
        }
    }
}

impl Format {
    /// Stable name for diagnostics and snapshots.
    pub fn name(self) -> &'static str {
        match self {
            Format::GeoJson => "GeoJSON",
            Format::Shapefile => "Shapefile",
            Format::Dbf => "DBF",
            Format::Kml => "KML",
            Format::Gpx => "GPX",
            Format::GeoPackage => "GeoPackage",
        }
    }
}
