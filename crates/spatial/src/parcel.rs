//! 地块坐标 TXT — the parcel text of the land authorities: a header, and rows `J1,1,X,Y` with X = north and Y = east.
//!
//! ```text
//! [属性描述]
//! 坐标系=2000国家大地坐标系
//! 几度分带=3
//! 带号=36
//! [地块坐标]
//! 5,1.2500,1,砂石料场,面,I48G0001,采矿用地,0602,@
//! J1,1,3936817.12,36367435.90
//! ```
//!
//! The second number of a row is the ring: 1 is the exterior, 2 and on are interiors. Text is GBK or UTF-8.

use geo_types::{Coord, Geometry, LineString, MultiPoint, MultiPolygon, Polygon};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::crs::{Crs, CrsError};
use crate::diagnostic::{Diagnostic, Place};
use crate::notation::Expectation;

mod read;
mod write;

pub use write::write;

/// A real file has a few hundred kilobytes; beyond this the text is refused unread.
pub const MAX_BYTES: usize = 64 * 1024 * 1024;

/// What stops reading or writing a parcel text.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ParcelError {
    /// The text is longer than [`MAX_BYTES`].
    #[error("parcel text of {size_bytes} bytes is too long")]
    TooLong {
        /// Its length.
        size_bytes: usize,
    },
    /// There is neither a `[地块坐标]` section nor a parcel line.
    #[error("not a parcel text: no section of coordinates")]
    NotParcelText,
    /// The system for writing cannot be written in this format.
    #[error("coordinate system {0} has no place in a parcel text")]
    UnsuitableCrs(String),
    /// A position cannot be expressed in the system.
    #[error("a position cannot be written in the coordinate system")]
    Project(#[from] CrsError),
}

/// 记录图形属性 — what the rows of a parcel form.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParcelShape {
    /// 面.
    #[default]
    Area,
    /// 线.
    Line,
    /// 点.
    Point,
}

impl ParcelShape {
    /// The word used in the file.
    pub fn word(self) -> &'static str {
        match self {
            ParcelShape::Area => "面",
            ParcelShape::Line => "线",
            ParcelShape::Point => "点",
        }
    }
}

/// 地块 — one parcel of the text, its coordinates converted to CGCS2000 degrees.
#[derive(Debug, Clone, PartialEq)]
pub struct Parcel {
    /// 地块编号.
    pub number: String,
    /// 地块名称.
    pub name: String,
    /// 地块面积 as stated, in hectares.
    pub stated_area_ha: Option<f64>,
    /// 记录图形属性.
    pub shape: ParcelShape,
    /// 图幅号.
    pub map_sheet: String,
    /// 地块用途.
    pub land_use: String,
    /// 地类编码.
    pub land_use_code: String,
    /// Shape in CGCS2000 degrees; None when a row could not be read, so that no half parcel is taken for a whole one.
    pub geometry: Option<Geometry<f64>>,
    /// Line of the parcel in the text, from 1; 0 for a parcel made here.
    pub line: u64,
}

impl Parcel {
    /// A parcel to be written.
    pub fn new(
        number: impl Into<String>,
        name: impl Into<String>,
        geometry: Geometry<f64>,
    ) -> Parcel {
        let shape = match geometry {
            Geometry::Point(_) | Geometry::MultiPoint(_) => ParcelShape::Point,
            Geometry::Line(_) | Geometry::LineString(_) | Geometry::MultiLineString(_) => {
                ParcelShape::Line
            }
            _ => ParcelShape::Area,
        };
        Parcel {
            number: number.into(),
            name: name.into(),
            stated_area_ha: None,
            shape,
            map_sheet: String::new(),
            land_use: String::new(),
            land_use_code: String::new(),
            geometry: Some(geometry),
            line: 0,
        }
    }

    /// The attributes under their official names, in the order of the file; blank ones left out.
    pub fn attributes(&self) -> IndexMap<&'static str, String> {
        let stated = self
            .stated_area_ha
            .map(|area_ha| format!("{area_ha}"))
            .unwrap_or_default();
        let all = [
            ("地块编号", self.number.clone()),
            ("地块名称", self.name.clone()),
            ("地块面积", stated),
            ("图幅号", self.map_sheet.clone()),
            ("地块用途", self.land_use.clone()),
            ("地类编码", self.land_use_code.clone()),
        ];
        all.into_iter()
            .filter(|(_, value)| !value.is_empty())
            .collect()
    }
}

/// 文本编码 — how the text is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextEncoding {
    /// UTF-8.
    Utf8,
    /// GBK (read as its superset GB 18030).
    Gbk,
}

/// 地块坐标文件 — a parcel text, read.
#[derive(Debug, Clone, PartialEq)]
pub struct ParcelText {
    /// The header lines `名称=值`, in order.
    pub header: IndexMap<String, String>,
    /// How it was stored.
    pub encoding: TextEncoding,
    /// The system its rows are in; None when it could not be told.
    pub crs: Option<Crs>,
    /// Its parcels, in order.
    pub parcels: Vec<Parcel>,
}

/// Reads a parcel text. `expectation` helps only where the header says too little: its system and its envelope.
pub fn read(
    bytes: &[u8],
    expectation: &Expectation,
) -> Result<(ParcelText, Vec<Diagnostic>), ParcelError> {
    read::read(bytes, expectation)
}

fn line_place(line: u64) -> Place {
    Place {
        row: Some(line),
        ..Place::default()
    }
}

/// All positions of rings in the order of the text.
type Rings = Vec<(u32, Vec<Coord<f64>>)>;

fn line_geometry(rings: Rings) -> Geometry<f64> {
    let mut lines: Vec<LineString<f64>> = rings
        .into_iter()
        .map(|(_, vertices)| LineString::from(vertices))
        .collect();
    match (lines.len(), lines.pop()) {
        (1, Some(line)) => Geometry::LineString(line),
        (_, last) => Geometry::MultiLineString(lines.into_iter().chain(last).collect()),
    }
}

fn point_geometry(rings: Rings) -> Geometry<f64> {
    let points: Vec<Coord<f64>> = rings
        .into_iter()
        .flat_map(|(_, vertices)| vertices)
        .collect();
    match points[..] {
        [at] => Geometry::Point(at.into()),
        _ => Geometry::MultiPoint(MultiPoint::from_iter(points)),
    }
}

fn area_geometry(mut polygons: Vec<Polygon<f64>>) -> Geometry<f64> {
    match (polygons.len(), polygons.pop()) {
        (1, Some(polygon)) => Geometry::Polygon(polygon),
        (_, last) => {
            Geometry::MultiPolygon(MultiPolygon(polygons.into_iter().chain(last).collect()))
        }
    }
}
