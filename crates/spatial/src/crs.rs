//! 坐标系 — named coordinate systems and the way from each of them to CGCS2000 geographic (EPSG:4490).
//!
//! Inside the program every position is longitude, latitude in CGCS2000. WGS 84 is taken as identical to it: the two
//! datums agree within centimetres, their ellipsoids within 0.11 mm at the pole.
//!
//! The registered axis order of the Chinese Gauss–Krüger systems is *northing first*, and surveyors call the northing
//! X and the easting Y. [`GridPosition`] is the only way grid metres travel here, so the two cannot be confused.

use std::cell::RefCell;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use geo::MapCoords;
use geo_types::{Coord, Geometry};
use proj4rs::Proj;
use serde::{Deserialize, Serialize};

use crate::diagnostic::Diagnostic;
use crate::gcj02;

mod wkt;

/// What can go wrong with a coordinate system or a position in it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CrsError {
    /// The EPSG code is not one we know.
    #[error("coordinate system EPSG:{0} is not known")]
    UnknownEpsg(u32),
    /// The name is not one we know.
    #[error("coordinate system {0:?} is not known")]
    UnknownName(String),
    /// The text of a `.prj` file is not WKT.
    #[error("not a coordinate system in WKT: {0}")]
    MalformedWkt(&'static str),
    /// The `.prj` names a projection we do not compute.
    #[error("projection {0:?} is not supported")]
    UnsupportedProjection(String),
    /// The definition was refused by the projection library.
    #[error("coordinate system cannot be set up: {0}")]
    SetUp(String),
    /// The position lies outside what the system can express.
    #[error("position {east}, {north} lies outside its coordinate system")]
    OutsideDomain {
        /// Easting or longitude as given.
        east: f64,
        /// Northing or latitude as given.
        north: f64,
    },
}

/// 几度分带 — how many degrees of longitude one Gauss–Krüger zone spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZoneWidth {
    /// 3-degree zones, numbered 25–45 in China.
    Three,
    /// 6-degree zones, numbered 13–23 in China.
    Six,
}

impl ZoneWidth {
    /// Degrees a zone of this width spans.
    pub fn degrees(self) -> f64 {
        match self {
            ZoneWidth::Three => 3.0,
            ZoneWidth::Six => 6.0,
        }
    }

    /// Zone numbers in use in China. The two ranges share no number, so a number tells its width.
    pub fn chinese_zones(self) -> std::ops::RangeInclusive<u8> {
        match self {
            ZoneWidth::Three => 25..=45,
            ZoneWidth::Six => 13..=23,
        }
    }

    /// Width of the zones a number belongs to, if it is in use in China.
    pub fn of_zone(zone: u8) -> Option<ZoneWidth> {
        [ZoneWidth::Three, ZoneWidth::Six]
            .into_iter()
            .find(|width| width.chinese_zones().contains(&zone))
    }

    /// Longitude of the central meridian of a zone, in degrees.
    pub fn central_meridian(self, zone: u8) -> f64 {
        match self {
            ZoneWidth::Three => f64::from(zone) * 3.0,
            ZoneWidth::Six => f64::from(zone) * 6.0 - 3.0,
        }
    }

    /// Chinese zone in which a longitude lies.
    pub fn zone_at(self, lon: f64) -> Option<u8> {
        let number = match self {
            ZoneWidth::Three => (lon / 3.0).round(),
            ZoneWidth::Six => (lon / 6.0).floor() + 1.0,
        };
        self.chinese_zones().find(|zone| f64::from(*zone) == number)
    }
}

/// 高斯-克吕格投影带 — one zone: its width, its number, and whether eastings carry the number in front (36 500 000).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct GridZone {
    /// Three or six degrees.
    pub width: ZoneWidth,
    /// Zone number, counted as the width says.
    pub zone: u8,
    /// Whether the easting begins with the zone number.
    pub prefixed: bool,
}

impl GridZone {
    /// Easting of the central meridian, in metres.
    pub fn false_easting_m(self) -> f64 {
        if self.prefixed {
            f64::from(self.zone) * 1e6 + 500_000.0
        } else {
            500_000.0
        }
    }

    /// Longitude of the central meridian, in degrees.
    pub fn central_meridian(self) -> f64 {
        self.width.central_meridian(self.zone)
    }

    /// The zone of a prefixed easting such as 36 453 210: the digits in front of six tell zone and width.
    pub fn of_prefixed_easting(easting: f64) -> Option<GridZone> {
        let zone = (easting / 1e6).floor();
        let inside_m = easting - zone * 1e6;
        let number = (13..=45_u8).find(|number| f64::from(*number) == zone)?;
        let width = ZoneWidth::of_zone(number)?;
        (50_000.0..=950_000.0)
            .contains(&inside_m)
            .then_some(GridZone {
                width,
                zone: number,
                prefixed: true,
            })
    }
}

/// 坐标系 — the coordinate system of an input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "system", rename_all = "snake_case")]
pub enum Crs {
    /// 2000国家大地坐标系, longitude/latitude (EPSG:4490): the system everything is stored in.
    Cgcs2000,
    /// WGS 84, longitude/latitude (EPSG:4326): taken as identical to CGCS2000.
    Wgs84,
    /// 火星坐标: the shifted datum of Chinese web maps (Amap, Tencent).
    Gcj02,
    /// 百度坐标: shifted once more by Baidu.
    Bd09,
    /// CGCS2000 / Gauss–Krüger, the 64 systems EPSG:4491–4554.
    GaussKruger {
        /// Three or six degrees.
        width: ZoneWidth,
        /// Zone number, counted as the width says.
        zone: u8,
        /// Whether the easting begins with the zone number.
        prefixed: bool,
    },
    /// 1954年北京坐标系, geographic or in a Gauss–Krüger zone. Converted by regional parameters, so approximate.
    Beijing54 {
        /// None for longitude/latitude.
        grid: Option<GridZone>,
    },
    /// 1980西安坐标系, geographic or in a Gauss–Krüger zone. No parameters are published, so approximate.
    Xian80 {
        /// None for longitude/latitude.
        grid: Option<GridZone>,
    },
    /// Any other system, as a PROJ definition.
    Other {
        /// EPSG code, if it has one.
        epsg: Option<u32>,
        /// PROJ string.
        definition: String,
        /// Metres by which positions may be off because the datum shift is unknown; 0 when it is known.
        doubt_m: u32,
    },
}

/// 北京54 to WGS 84 of the Ordos basin (EPSG transformation 15921), the published set nearest to the reserve.
const BEIJING_1954_SHIFT: &str = "+ellps=krass +towgs84=11.911,-154.833,-80.079,0,0,0,0";
/// The ellipsoid of 西安80 (IAG 1975). There is no published shift, so none is applied.
const XIAN_1980_SHIFT: &str = "+a=6378140 +rf=298.257";
/// Off its own region the shift of 北京54 is known to tens of metres only.
const BEIJING_1954_DOUBT_M: u32 = 50;
/// The shift of 西安80 is of this order.
const XIAN_1980_DOUBT_M: u32 = 150;

static GEOGRAPHIC: LazyLock<Result<Proj, String>> = LazyLock::new(|| {
    Proj::from_proj_string("+proj=longlat +datum=WGS84").map_err(|error| error.to_string())
});

impl Crs {
    /// A CGCS2000 Gauss–Krüger zone in use in China; none for any other number.
    pub fn gauss_kruger(zone: u8, prefixed: bool) -> Option<Crs> {
        ZoneWidth::of_zone(zone).map(|width| Crs::GaussKruger {
            width,
            zone,
            prefixed,
        })
    }

    /// The system registered under an EPSG code.
    pub fn from_epsg(code: u32) -> Result<Crs, CrsError> {
        known_epsg(code).ok_or(CrsError::UnknownEpsg(code))
    }

    /// The system described by a `.prj` file: WKT 1 as ESRI or OGC write it, or WKT 2 with an EPSG id.
    pub fn from_prj_wkt(text: &str) -> Result<Crs, CrsError> {
        wkt::read(text)
    }

    /// The EPSG code, if the system has one.
    pub fn epsg(&self) -> Option<u32> {
        match self {
            Crs::Cgcs2000 => Some(4490),
            Crs::Wgs84 => Some(4326),
            Crs::Gcj02 | Crs::Bd09 => None,
            Crs::GaussKruger {
                width,
                zone,
                prefixed,
            } => FAMILIES[0].code(GridZone {
                width: *width,
                zone: *zone,
                prefixed: *prefixed,
            }),
            Crs::Beijing54 { grid } => grid.map_or(Some(4214), |zone| FAMILIES[1].code(zone)),
            Crs::Xian80 { grid } => grid.map_or(Some(4610), |zone| FAMILIES[2].code(zone)),
            Crs::Other { epsg, .. } => *epsg,
        }
    }

    /// The Gauss–Krüger zone, if the system is one.
    pub fn grid(&self) -> Option<GridZone> {
        match self {
            Crs::GaussKruger {
                width,
                zone,
                prefixed,
            } => Some(GridZone {
                width: *width,
                zone: *zone,
                prefixed: *prefixed,
            }),
            Crs::Beijing54 { grid } | Crs::Xian80 { grid } => *grid,
            _ => None,
        }
    }

    /// Whether positions are longitude and latitude in degrees.
    pub fn is_geographic(&self) -> bool {
        match self {
            Crs::Cgcs2000 | Crs::Wgs84 | Crs::Gcj02 | Crs::Bd09 => true,
            Crs::GaussKruger { .. } => false,
            Crs::Beijing54 { grid } | Crs::Xian80 { grid } => grid.is_none(),
            Crs::Other { definition, .. } => definition.contains("+proj=longlat"),
        }
    }

    /// Metres by which converted positions may be off because of the datum; 0 when it is exact.
    pub fn doubt_m(&self) -> u32 {
        match self {
            Crs::Cgcs2000 | Crs::Wgs84 | Crs::GaussKruger { .. } => 0,
            Crs::Gcj02 | Crs::Bd09 => 1,
            Crs::Beijing54 { .. } => BEIJING_1954_DOUBT_M,
            Crs::Xian80 { .. } => XIAN_1980_DOUBT_M,
            Crs::Other { doubt_m, .. } => *doubt_m,
        }
    }

    /// What a reader of converted positions must know: an approximate datum, a removed offset. Once per file is enough.
    pub fn doubt(&self) -> Option<Diagnostic> {
        let diagnostic = match (self, self.doubt_m()) {
            (_, 0) => return None,
            (Crs::Gcj02 | Crs::Bd09, _) => Diagnostic::note("coordinate.offset_removed"),
            _ => Diagnostic::warning("coordinate.approximate_datum"),
        };
        Some(diagnostic.arg("crs", self).arg("doubt_m", self.doubt_m()))
    }

    /// The way from and to CGCS2000, set up once for many positions.
    pub fn projector(&self) -> Result<Projector, CrsError> {
        let step = match self {
            Crs::Cgcs2000 | Crs::Wgs84 => Step::Same,
            Crs::Gcj02 => Step::Gcj02,
            Crs::Bd09 => Step::Bd09,
            _ => Step::Proj(Box::new(self.proj()?)),
        };
        Ok(Projector {
            step,
            false_easting_m: self.grid().map(GridZone::false_easting_m),
        })
    }

    /// CGCS2000 position of one position given in this system, easting or longitude first.
    /// The last system used is remembered per thread; to be sure of one set-up for many positions, keep a [`Projector`].
    pub fn to_cgcs2000(
        &self,
        easting_or_lon: f64,
        northing_or_lat: f64,
    ) -> Result<Coord<f64>, CrsError> {
        self.with_projector(|projector| projector.to_cgcs2000(easting_or_lon, northing_or_lat))
    }

    /// Position in this system (x = easting or longitude) of a CGCS2000 position.
    pub fn from_cgcs2000(&self, position: Coord<f64>) -> Result<Coord<f64>, CrsError> {
        self.with_projector(|projector| projector.from_cgcs2000(position))
    }

    /// Setting up a projection costs twenty times the projecting, and ledgers name one system in every row.
    fn with_projector<T>(
        &self,
        work: impl FnOnce(&Projector) -> Result<T, CrsError>,
    ) -> Result<T, CrsError> {
        thread_local! {
            static LAST: RefCell<Option<(Crs, Projector)>> = const { RefCell::new(None) };
        }
        LAST.with_borrow_mut(|last| {
            if last.as_ref().is_none_or(|(crs, _)| crs != self) {
                *last = Some((self.clone(), self.projector()?));
            }
            match last {
                Some((_, projector)) => work(projector),
                None => work(&self.projector()?),
            }
        })
    }

    fn proj(&self) -> Result<Proj, CrsError> {
        Proj::from_proj_string(&self.definition())
            .map_err(|error| CrsError::SetUp(error.to_string()))
    }

    /// The PROJ definition; of the shifted Chinese datums, that of the datum under the shift.
    pub fn definition(&self) -> String {
        let datum = match self {
            Crs::Cgcs2000 | Crs::Wgs84 | Crs::Gcj02 | Crs::Bd09 | Crs::GaussKruger { .. } => {
                "+ellps=GRS80"
            }
            Crs::Beijing54 { .. } => BEIJING_1954_SHIFT,
            Crs::Xian80 { .. } => XIAN_1980_SHIFT,
            Crs::Other { definition, .. } => return definition.clone(),
        };
        match self.grid() {
            None => format!("+proj=longlat {datum} +no_defs"),
            Some(zone) => format!(
                "+proj=tmerc +lat_0=0 +lon_0={} +k=1 +x_0={} +y_0=0 {datum} +units=m +no_defs",
                zone.central_meridian(),
                zone.false_easting_m()
            ),
        }
    }
}

/// `EPSG:4524`, `GCJ-02`, `BD-09`, or the PROJ definition: the name [`Crs::from_str`] reads back.
impl fmt::Display for Crs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.epsg()) {
            (_, Some(code)) => write!(f, "EPSG:{code}"),
            (Crs::Gcj02, None) => f.write_str("GCJ-02"),
            (Crs::Bd09, None) => f.write_str("BD-09"),
            (_, None) => f.write_str(&self.definition()),
        }
    }
}

impl FromStr for Crs {
    type Err = CrsError;

    /// Reads `EPSG:4524`, `4524`, `cgcs2000`, `wgs84`, `gcj02`, `bd09`, the Chinese names, or a PROJ string.
    fn from_str(text: &str) -> Result<Crs, CrsError> {
        let text = text.trim();
        if text.starts_with("+proj=") && text.len() < 1000 {
            return Ok(Crs::Other {
                epsg: None,
                definition: text.to_owned(),
                doubt_m: 0,
            });
        }
        let plain: String = text
            .chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect();
        if let Ok(code) = plain.strip_prefix("epsg").unwrap_or(&plain).parse() {
            return Crs::from_epsg(code);
        }
        named(&plain).ok_or_else(|| CrsError::UnknownName(text.to_owned()))
    }
}

/// The system of a name in lower case without punctuation.
fn named(plain: &str) -> Option<Crs> {
    const NAMES: [(&str, Crs); 6] = [
        (
            "cgcs2000|2000国家大地坐标系|国家2000|2000|大地2000",
            Crs::Cgcs2000,
        ),
        ("wgs84|wgs1984|世界大地坐标系", Crs::Wgs84),
        ("gcj02|火星坐标系|火星坐标|高德", Crs::Gcj02),
        ("bd09|bd09ll|百度坐标系|百度坐标|百度", Crs::Bd09),
        (
            "beijing54|beijing1954|1954北京坐标系|1954年北京坐标系|北京54|54北京坐标系",
            Crs::Beijing54 { grid: None },
        ),
        (
            "xian80|xian1980|1980西安坐标系|80国家大地坐标系|西安80|80西安坐标系",
            Crs::Xian80 { grid: None },
        ),
    ];
    NAMES
        .into_iter()
        .find(|(names, _)| names.split('|').any(|name| name == plain))
        .map(|(_, crs)| crs)
}

/// Code ranges of one datum's zones: (first code, zone width, prefixed). Each range counts zones upward.
struct Family {
    ranges: [(u32, ZoneWidth, bool); 4],
}

const FAMILIES: [Family; 3] = [
    // CGCS2000
    Family {
        ranges: [
            (4491, ZoneWidth::Six, true),
            (4502, ZoneWidth::Six, false),
            (4513, ZoneWidth::Three, true),
            (4534, ZoneWidth::Three, false),
        ],
    },
    // Beijing 1954
    Family {
        ranges: [
            (21413, ZoneWidth::Six, true),
            (21453, ZoneWidth::Six, false),
            (2401, ZoneWidth::Three, true),
            (2422, ZoneWidth::Three, false),
        ],
    },
    // Xian 1980
    Family {
        ranges: [
            (2327, ZoneWidth::Six, true),
            (2338, ZoneWidth::Six, false),
            (2349, ZoneWidth::Three, true),
            (2370, ZoneWidth::Three, false),
        ],
    },
];

impl Family {
    fn zone(&self, code: u32) -> Option<GridZone> {
        self.ranges.iter().find_map(|&(first, width, prefixed)| {
            let offset = u8::try_from(code.checked_sub(first)?).ok()?;
            let zone = width.chinese_zones().start().checked_add(offset)?;
            width.chinese_zones().contains(&zone).then_some(GridZone {
                width,
                zone,
                prefixed,
            })
        })
    }

    fn code(&self, zone: GridZone) -> Option<u32> {
        let zones = zone.width.chinese_zones();
        let (first, ..) = self
            .ranges
            .iter()
            .find(|(_, width, prefixed)| (*width, *prefixed) == (zone.width, zone.prefixed))?;
        zones
            .contains(&zone.zone)
            .then(|| first + u32::from(zone.zone - zones.start()))
    }
}

fn known_epsg(code: u32) -> Option<Crs> {
    match code {
        4490 | 4480 | 4479 => return Some(Crs::Cgcs2000),
        4326 | 4979 => return Some(Crs::Wgs84),
        4214 => return Some(Crs::Beijing54 { grid: None }),
        4610 => return Some(Crs::Xian80 { grid: None }),
        3857 | 900913 | 102100 => {
            return Some(other(
                3857,
                "+proj=merc +a=6378137 +b=6378137 +units=m +no_defs".to_owned(),
            ));
        }
        _ => {}
    }
    if let Some(GridZone {
        width,
        zone,
        prefixed,
    }) = FAMILIES[0].zone(code)
    {
        return Some(Crs::GaussKruger {
            width,
            zone,
            prefixed,
        });
    }
    let beijing = FAMILIES[1]
        .zone(code)
        .map(|zone| Crs::Beijing54 { grid: Some(zone) });
    let xian = || {
        FAMILIES[2]
            .zone(code)
            .map(|zone| Crs::Xian80 { grid: Some(zone) })
    };
    beijing.or_else(xian).or_else(|| utm_epsg(code))
}

/// UTM: WGS 84 (EPSG:326xx, 327xx), CGCS2000-compatible, and Arc 1960 (EPSG:21035–21037, 21095–21097).
fn utm_epsg(code: u32) -> Option<Crs> {
    let (zone, south, datum) = match code {
        32601..=32660 => (code - 32600, false, "+ellps=WGS84"),
        32701..=32760 => (code - 32700, true, "+ellps=WGS84"),
        21035..=21037 => (code - 21000, true, ARC_1960_SHIFT),
        21095..=21097 => (code - 21060, false, ARC_1960_SHIFT),
        _ => return None,
    };
    let hemisphere = if south { " +south" } else { "" };
    Some(other(
        code,
        format!("+proj=utm +zone={zone}{hemisphere} {datum} +units=m +no_defs"),
    ))
}

/// Arc 1960 to WGS 84 (EPSG transformation 1122, Kenya and Tanzania).
const ARC_1960_SHIFT: &str = "+a=6378249.145 +rf=293.465 +towgs84=-160,-6,-302,0,0,0,0";

fn other(epsg: u32, definition: String) -> Crs {
    Crs::Other {
        epsg: Some(epsg),
        definition,
        doubt_m: 0,
    }
}

/// 平面坐标 — a position in grid metres, with its axes named. Chinese survey papers call the northing X, the easting Y.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GridPosition {
    /// Metres east, with or without the zone number in front.
    pub easting: f64,
    /// Metres north of the equator.
    pub northing: f64,
}

impl GridPosition {
    /// From survey papers, where X is north and Y is east.
    pub fn from_survey_xy(x_north: f64, y_east: f64) -> GridPosition {
        GridPosition {
            easting: y_east,
            northing: x_north,
        }
    }

    /// CGCS2000 position of this grid position.
    pub fn to_cgcs2000(self, crs: &Crs) -> Result<Coord<f64>, CrsError> {
        crs.to_cgcs2000(self.easting, self.northing)
    }
}

enum Step {
    Same,
    Gcj02,
    Bd09,
    Proj(Box<Proj>),
}

/// The way between one coordinate system and CGCS2000, set up once.
pub struct Projector {
    step: Step,
    false_easting_m: Option<f64>,
}

impl fmt::Debug for Projector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Projector")
            .field("false_easting_m", &self.false_easting_m)
            .finish_non_exhaustive()
    }
}

impl Projector {
    /// CGCS2000 longitude and latitude in degrees of a position in the system, easting or longitude first.
    pub fn to_cgcs2000(
        &self,
        easting_or_lon: f64,
        northing_or_lat: f64,
    ) -> Result<Coord<f64>, CrsError> {
        let given = Coord {
            x: easting_or_lon,
            y: northing_or_lat,
        };
        let outside = CrsError::OutsideDomain {
            east: given.x,
            north: given.y,
        };
        let position = match &self.step {
            Step::Same => given,
            Step::Gcj02 => gcj02::gcj02_to_wgs84(given),
            Step::Bd09 => gcj02::bd09_to_wgs84(given),
            Step::Proj(_) if !self.is_grid_plausible(given) => return Err(outside),
            Step::Proj(proj) => self.unproject(proj, given).ok_or(outside.clone())?,
        };
        if is_on_earth(position) {
            Ok(position)
        } else {
            Err(outside)
        }
    }

    /// Position in the system (x = easting or longitude) of a CGCS2000 position in degrees.
    pub fn from_cgcs2000(&self, position: Coord<f64>) -> Result<Coord<f64>, CrsError> {
        let outside = CrsError::OutsideDomain {
            east: position.x,
            north: position.y,
        };
        if !is_on_earth(position) {
            return Err(outside);
        }
        match &self.step {
            Step::Same => Ok(position),
            Step::Gcj02 => Ok(gcj02::wgs84_to_gcj02(position)),
            Step::Bd09 => Ok(gcj02::wgs84_to_bd09(position)),
            Step::Proj(proj) => project(proj, position).ok_or(outside),
        }
    }

    /// The transverse Mercator inverse answers anything; beyond this reach the answer would be nonsense.
    fn is_grid_plausible(&self, given: Coord<f64>) -> bool {
        const REACH_M: f64 = 1_500_000.0;
        self.false_easting_m.is_none_or(|origin_m| {
            (given.x - origin_m).abs() <= REACH_M && given.y.abs() <= 10_002_000.0
        })
    }

    fn unproject(&self, proj: &Proj, given: Coord<f64>) -> Option<Coord<f64>> {
        let geographic = GEOGRAPHIC.as_ref().ok()?;
        let mut point = if proj.is_latlong() {
            radians(given)
        } else {
            (given.x, given.y, 0.0)
        };
        proj4rs::transform::transform(proj, geographic, &mut point).ok()?;
        Some(Coord {
            x: point.0.to_degrees(),
            y: point.1.to_degrees(),
        })
    }
}

fn project(proj: &Proj, position: Coord<f64>) -> Option<Coord<f64>> {
    let geographic = GEOGRAPHIC.as_ref().ok()?;
    let mut point = radians(position);
    proj4rs::transform::transform(geographic, proj, &mut point).ok()?;
    let projected = if proj.is_latlong() {
        Coord {
            x: point.0.to_degrees(),
            y: point.1.to_degrees(),
        }
    } else {
        Coord {
            x: point.0,
            y: point.1,
        }
    };
    (projected.x.is_finite() && projected.y.is_finite()).then_some(projected)
}

fn radians(degrees: Coord<f64>) -> (f64, f64, f64) {
    (degrees.x.to_radians(), degrees.y.to_radians(), 0.0)
}

/// Longitude to ±360° is let through, because files that cross the date line count on.
fn is_on_earth(position: Coord<f64>) -> bool {
    position.x.is_finite()
        && position.y.is_finite()
        && position.x.abs() <= 360.0
        && position.y.abs() <= 90.0
}

/// Converts every coordinate of a geometry from a system to CGCS2000, in place; on an error nothing has changed.
pub fn convert(geometry: &mut Geometry<f64>, from: &Crs) -> Result<(), CrsError> {
    let projector = from.projector()?;
    if matches!(projector.step, Step::Same) {
        return Ok(());
    }
    *geometry =
        geometry.try_map_coords(|position| projector.to_cgcs2000(position.x, position.y))?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;
    use geo_types::line_string;
    use rstest::rstest;

    #[rstest]
    #[case(4491, 13, ZoneWidth::Six, true)]
    #[case(4512, 23, ZoneWidth::Six, false)]
    #[case(4523, 35, ZoneWidth::Three, true)]
    #[case(4524, 36, ZoneWidth::Three, true)]
    #[case(4545, 36, ZoneWidth::Three, false)]
    #[case(4554, 45, ZoneWidth::Three, false)]
    fn the_64_codes_name_their_zone(
        #[case] code: u32,
        #[case] zone: u8,
        #[case] width: ZoneWidth,
        #[case] prefixed: bool,
    ) {
        assert_eq!(
            Crs::from_epsg(code),
            Ok(Crs::GaussKruger {
                width,
                zone,
                prefixed
            })
        );
    }

    #[test]
    fn every_known_code_comes_back_from_its_system_and_its_name() {
        let codes = (2327..=2390)
            .chain(2401..=2442)
            .chain(4491..=4554)
            .chain(21413..=21423)
            .chain(21453..=21463);
        for code in codes.chain([4326, 4490, 4214, 4610, 3857, 32648, 32736, 21036]) {
            let crs = Crs::from_epsg(code).unwrap();
            assert_eq!(crs.epsg(), Some(code));
            assert_eq!(crs.to_string().parse::<Crs>().unwrap(), crs);
        }
        assert_eq!(Crs::from_epsg(2391), Err(CrsError::UnknownEpsg(2391)));
    }

    #[test]
    fn a_prefixed_easting_tells_its_zone_and_width() {
        let zone = GridZone::of_prefixed_easting(36_453_210.4).unwrap();
        assert_eq!((zone.zone, zone.width), (36, ZoneWidth::Three));
        assert_eq!(
            GridZone::of_prefixed_easting(18_600_000.0).unwrap().width,
            ZoneWidth::Six
        );
        assert_eq!(GridZone::of_prefixed_easting(24_500_000.0), None);
        assert_eq!(GridZone::of_prefixed_easting(3_935_000.0), None);
        assert_eq!(GridZone::of_prefixed_easting(f64::NAN), None);
    }

    #[test]
    fn the_reserve_lies_in_zones_35_and_36_of_three_degrees_and_18_of_six() {
        assert_eq!(ZoneWidth::Three.zone_at(106.4364), Some(35));
        assert_eq!(ZoneWidth::Three.zone_at(106.6206), Some(36));
        assert_eq!(ZoneWidth::Six.zone_at(106.53), Some(18));
        assert_eq!(ZoneWidth::Six.zone_at(34.9), None);
    }

    #[test]
    fn a_prefixed_easting_in_an_unprefixed_system_is_refused() {
        let bare = Crs::gauss_kruger(36, false).unwrap();
        assert!(matches!(
            bare.to_cgcs2000(36_453_210.0, 3_935_000.0),
            Err(CrsError::OutsideDomain { .. })
        ));
        assert!(bare.to_cgcs2000(f64::INFINITY, 3_935_000.0).is_err());
    }

    #[test]
    fn old_datums_and_shifted_ones_say_so() {
        assert_eq!(Crs::Cgcs2000.doubt(), None);
        assert_eq!(
            Crs::from_epsg(2412).unwrap().doubt().unwrap().code,
            "coordinate.approximate_datum"
        );
        assert_eq!(
            Crs::Gcj02.doubt().unwrap().code,
            "coordinate.offset_removed"
        );
    }

    #[test]
    fn a_geometry_that_cannot_be_converted_is_left_as_it_was() {
        let mut line =
            Geometry::from(line_string![(x: 36_500_000.0, y: 3_935_000.0), (x: 1e12, y: 0.0)]);
        let before = line.clone();
        assert!(convert(&mut line, &Crs::gauss_kruger(36, true).unwrap()).is_err());
        assert_eq!(line, before);
    }

    #[test]
    fn chinese_survey_papers_put_north_first() {
        let position = GridPosition::from_survey_xy(3_935_000.0, 36_366_000.0);
        let place = position
            .to_cgcs2000(&Crs::gauss_kruger(36, true).unwrap())
            .unwrap();
        assert!(
            (106.5..106.6).contains(&place.x) && (35.5..35.6).contains(&place.y),
            "{place:?}"
        );
    }
}
