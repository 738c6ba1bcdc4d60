//! Reading the coordinate system of a `.prj` file: WKT 1 of ESRI and OGC, and WKT 2 by its EPSG id.

use super::{ARC_1960_SHIFT, Crs, CrsError, GridZone, ZoneWidth};

/// Real files stay under 2 kB; a text beyond this is not a coordinate system.
const MAX_TEXT_BYTES: usize = 64 * 1024;
/// Real files nest five deep.
const MAX_DEPTH: usize = 16;

/// A node of WKT: `KEYWORD["name", 1.0, CHILD[…]]`.
#[derive(Debug, Default)]
struct Node {
    keyword: String,
    texts: Vec<String>,
    numbers: Vec<f64>,
    children: Vec<Node>,
}

impl Node {
    fn name(&self) -> &str {
        self.texts.first().map_or("", String::as_str)
    }

    fn find_child(&self, keywords: &[&str]) -> Option<&Node> {
        self.children
            .iter()
            .find(|child| keywords.contains(&child.keyword.as_str()))
    }

    fn find_deep(&self, keywords: &[&str]) -> Option<&Node> {
        self.find_child(keywords).or_else(|| {
            self.children
                .iter()
                .find_map(|child| child.find_deep(keywords))
        })
    }

    /// The EPSG code this very node carries, not one of its parts.
    fn epsg(&self) -> Option<u32> {
        let id = self
            .children
            .iter()
            .rev()
            .find(|child| matches!(child.keyword.as_str(), "AUTHORITY" | "ID"))?;
        if !id.name().eq_ignore_ascii_case("EPSG") {
            return None;
        }
        let text = id
            .texts
            .get(1)
            .cloned()
            .or_else(|| id.numbers.first().map(f64::to_string));
        text?.trim().parse().ok()
    }

    fn parameter(&self, names: &[&str]) -> Option<f64> {
        let named = |child: &&Node| {
            child.keyword == "PARAMETER" && names.contains(&plain(child.name()).as_str())
        };
        self.children.iter().find(named)?.numbers.first().copied()
    }
}

/// A name without punctuation, in lower case: `D_China_2000` and `China 2000` differ by more than that, so names are
/// looked for inside each other.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

pub(super) fn read(text: &str) -> Result<Crs, CrsError> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(CrsError::MalformedWkt("too long"));
    }
    let root = Parser {
        rest: text.trim_start_matches('\u{feff}').trim(),
    }
    .node(0)?;
    if let Some(crs) = root.epsg().and_then(|code| Crs::from_epsg(code).ok()) {
        return Ok(crs);
    }
    match root.keyword.as_str() {
        "GEOGCS" | "GEOGCRS" | "GEODCRS" => Ok(geographic(&root)),
        "PROJCS" | "PROJCRS" => projected(&root),
        "COMPD_CS" | "COMPOUNDCRS" | "BOUNDCRS" => {
            match root.find_deep(&["PROJCS", "PROJCRS", "GEOGCS", "GEOGCRS"]) {
                Some(part) if part.keyword.starts_with("PROJ") => projected(part),
                Some(part) => Ok(geographic(part)),
                None => Err(CrsError::MalformedWkt("no horizontal part")),
            }
        }
        _ => Err(CrsError::MalformedWkt("neither geographic nor projected")),
    }
}

/// What the datum of a definition is to us.
enum Datum {
    Cgcs2000,
    Wgs84,
    Beijing54,
    Xian80,
    Other { definition: String, doubt_m: u32 },
}

impl Datum {
    fn of(node: &Node) -> Datum {
        let datum_name = node.find_deep(&["DATUM", "TRF"]).map_or("", Node::name);
        let names = plain(node.name()) + "|" + &plain(datum_name);
        let has = |needles: &[&str]| needles.iter().any(|needle| names.contains(needle));
        if has(&[
            "cgcs2000",
            "china2000",
            "chinageodeticcoordinatesystem2000",
            "chinageodetic2000",
        ]) {
            Datum::Cgcs2000
        } else if has(&["wgs1984", "wgs84", "worldgeodeticsystem1984"]) {
            Datum::Wgs84
        } else if has(&["beijing1954", "beijing54"]) {
            Datum::Beijing54
        } else if has(&["xian1980", "xian80"]) {
            Datum::Xian80
        } else if has(&["arc1960"]) {
            Datum::Other {
                definition: ARC_1960_SHIFT.to_owned(),
                doubt_m: 0,
            }
        } else {
            Datum::of_spheroid(node)
        }
    }

    /// An unknown datum: its ellipsoid is given, its shift only if the file carries TOWGS84.
    fn of_spheroid(node: &Node) -> Datum {
        let numbers = node
            .find_deep(&["SPHEROID", "ELLIPSOID"])
            .map_or(&[][..], |spheroid| &spheroid.numbers);
        let (a, rf) = match numbers {
            [a, rf, ..] if *a > 6e6 && *a < 7e6 && *rf > 200.0 => (*a, *rf),
            _ => (6_378_137.0, 298.257_223_563),
        };
        let shift = node
            .find_deep(&["TOWGS84"])
            .map(|shift| shift.numbers.as_slice())
            .unwrap_or_default();
        let is_modern = (a - 6_378_137.0).abs() < 0.01 && (rf - 298.257_222).abs() < 1e-3;
        let mut definition = format!("+a={a} +rf={rf}");
        if matches!(shift.len(), 3 | 7) {
            let values: Vec<String> = shift.iter().map(f64::to_string).collect();
            definition += &format!(" +towgs84={}", values.join(","));
        }
        // Datums on GRS 80 or WGS 84 are realisations of one frame within metres; older ellipsoids may be far off.
        let doubt_m = if !shift.is_empty() {
            0
        } else if is_modern {
            2
        } else {
            300
        };
        Datum::Other {
            definition,
            doubt_m,
        }
    }

    fn definition(&self) -> (String, u32) {
        match self {
            Datum::Cgcs2000 => ("+ellps=GRS80".to_owned(), 0),
            Datum::Wgs84 => ("+ellps=WGS84".to_owned(), 0),
            Datum::Beijing54 => (
                super::BEIJING_1954_SHIFT.to_owned(),
                super::BEIJING_1954_DOUBT_M,
            ),
            Datum::Xian80 => (super::XIAN_1980_SHIFT.to_owned(), super::XIAN_1980_DOUBT_M),
            Datum::Other {
                definition,
                doubt_m,
            } => (definition.clone(), *doubt_m),
        }
    }

    fn with_grid(&self, grid: Option<GridZone>) -> Option<Crs> {
        match (self, grid) {
            (
                Datum::Cgcs2000,
                Some(GridZone {
                    width,
                    zone,
                    prefixed,
                }),
            ) => Some(Crs::GaussKruger {
                width,
                zone,
                prefixed,
            }),
            (Datum::Cgcs2000, None) => Some(Crs::Cgcs2000),
            (Datum::Wgs84, None) => Some(Crs::Wgs84),
            (Datum::Beijing54, grid) => Some(Crs::Beijing54 { grid }),
            (Datum::Xian80, grid) => Some(Crs::Xian80 { grid }),
            _ => None,
        }
    }
}

fn geographic(node: &Node) -> Crs {
    let datum = Datum::of(node);
    datum.with_grid(None).unwrap_or_else(|| {
        let (definition, doubt_m) = datum.definition();
        Crs::Other {
            epsg: None,
            definition: format!("+proj=longlat {definition} +no_defs"),
            doubt_m,
        }
    })
}

fn projected(node: &Node) -> Result<Crs, CrsError> {
    let datum = Datum::of(node.find_child(&["GEOGCS", "BASEGEOGCRS"]).unwrap_or(node));
    let method = node
        .find_deep(&["PROJECTION", "METHOD"])
        .map_or("", Node::name);
    let is_gauss = matches!(plain(method).as_str(), "gausskruger" | "transversemercator");
    if let Some(crs) = gauss_zone(node)
        .filter(|_| is_gauss)
        .and_then(|zone| datum.with_grid(Some(zone)))
    {
        return Ok(crs);
    }
    let (datum_definition, doubt_m) = datum.definition();
    let projection = projection(node, method)
        .ok_or_else(|| CrsError::UnsupportedProjection(method.to_owned()))?;
    let unit = node
        .children
        .iter()
        .rev()
        .find(|child| matches!(child.keyword.as_str(), "UNIT" | "LENGTHUNIT"));
    let to_meter = unit
        .and_then(|unit| unit.numbers.first().copied())
        .filter(|factor| *factor > 0.0)
        .unwrap_or(1.0);
    let definition = format!("{projection} {datum_definition} +to_meter={to_meter} +no_defs");
    Ok(Crs::Other {
        epsg: None,
        definition,
        doubt_m,
    })
}

/// Names of one parameter in the spellings of ESRI, OGC and EPSG, without punctuation.
const CENTRAL_MERIDIAN: &[&str] = &[
    "centralmeridian",
    "longitudeofcenter",
    "longitudeofnaturalorigin",
];
const FALSE_EASTING: &[&str] = &["falseeasting"];
const FALSE_NORTHING: &[&str] = &["falsenorthing"];
const SCALE_FACTOR: &[&str] = &["scalefactor", "scalefactoratnaturalorigin"];
const LATITUDE_OF_ORIGIN: &[&str] = &[
    "latitudeoforigin",
    "latitudeofcenter",
    "latitudeofnaturalorigin",
];

/// The Gauss–Krüger zone of a transverse Mercator with unit scale on the equator, if it is one of the Chinese ones.
fn gauss_zone(node: &Node) -> Option<GridZone> {
    let is = |names: &[&str], value: f64, default: f64| {
        (node.parameter(names).unwrap_or(default) - value).abs() < 1e-9
    };
    if !is(SCALE_FACTOR, 1.0, 1.0)
        || !is(LATITUDE_OF_ORIGIN, 0.0, 0.0)
        || !is(FALSE_NORTHING, 0.0, 0.0)
    {
        return None;
    }
    let meridian = node.parameter(CENTRAL_MERIDIAN)?;
    let easting_m = node.parameter(FALSE_EASTING)?;
    if let Some(zone) = GridZone::of_prefixed_easting(easting_m) {
        return ((zone.central_meridian() - meridian).abs() < 1e-9
            && zone.false_easting_m() == easting_m)
            .then_some(zone);
    }
    let name = plain(node.name());
    let widths = if name.contains("3degree") {
        [ZoneWidth::Three, ZoneWidth::Six]
    } else {
        [ZoneWidth::Six, ZoneWidth::Three]
    };
    let on_meridian = |width: ZoneWidth| {
        let zone = width.zone_at(meridian)?;
        (width.central_meridian(zone) == meridian).then_some(GridZone {
            width,
            zone,
            prefixed: false,
        })
    };
    (easting_m == 500_000.0).then(|| widths.into_iter().find_map(on_meridian))?
}

/// The projection part of a PROJ definition.
fn projection(node: &Node, method: &str) -> Option<String> {
    let value = |names: &[&str]| node.parameter(names).unwrap_or(0.0);
    let scale = node.parameter(SCALE_FACTOR).unwrap_or(1.0);
    let origin = format!(
        "+x_0={} +y_0={}",
        value(FALSE_EASTING),
        value(FALSE_NORTHING)
    );
    let (lon, lat) = (value(CENTRAL_MERIDIAN), value(LATITUDE_OF_ORIGIN));
    let first = value(&["standardparallel1", "latitudeof1ststandardparallel"]);
    let second = node
        .parameter(&["standardparallel2", "latitudeof2ndstandardparallel"])
        .unwrap_or(first);
    let method = plain(method);
    Some(match method.as_str() {
        "gausskruger" | "transversemercator" => {
            format!("+proj=tmerc +lat_0={lat} +lon_0={lon} +k={scale} {origin}")
        }
        "mercatorauxiliarysphere" | "popularvisualisationpseudomercator" => {
            format!("+proj=webmerc +lon_0={lon} {origin}")
        }
        "mercator" | "mercator1sp" | "mercator2sp" => {
            format!("+proj=merc +lon_0={lon} +lat_ts={first} +k={scale} {origin}")
        }
        "albers" | "albersconicequalarea" | "albersequalarea" => {
            format!("+proj=aea +lat_0={lat} +lon_0={lon} +lat_1={first} +lat_2={second} {origin}")
        }
        "lambertconformalconic" | "lambertconformalconic2sp" | "lambertconicconformal2sp" => {
            format!("+proj=lcc +lat_0={lat} +lon_0={lon} +lat_1={first} +lat_2={second} {origin}")
        }
        _ => return None,
    })
}

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn node(&mut self, depth: usize) -> Result<Node, CrsError> {
        if depth > MAX_DEPTH {
            return Err(CrsError::MalformedWkt("nested too deeply"));
        }
        let end = self
            .rest
            .find(['[', '('])
            .ok_or(CrsError::MalformedWkt("no bracket"))?;
        let keyword = self.rest[..end].trim().to_ascii_uppercase();
        let mut node = Node {
            keyword,
            ..Node::default()
        };
        self.rest = &self.rest[end + 1..];
        loop {
            self.rest = self
                .rest
                .trim_start_matches(|c: char| c.is_whitespace() || c == ',');
            match self.rest.chars().next() {
                None => return Err(CrsError::MalformedWkt("unclosed bracket")),
                Some(']' | ')') => {
                    self.rest = &self.rest[1..];
                    return Ok(node);
                }
                Some('"') => node.texts.push(self.text()?),
                Some(c) if c.is_ascii_digit() || matches!(c, '+' | '-' | '.') => {
                    node.numbers.push(self.number()?)
                }
                Some(_) => self.word_or_node(&mut node, depth)?,
            }
        }
    }

    fn text(&mut self) -> Result<String, CrsError> {
        let body = &self.rest[1..];
        let end = body
            .find('"')
            .ok_or(CrsError::MalformedWkt("unclosed text"))?;
        let text = body[..end].to_owned();
        self.rest = &body[end + 1..];
        Ok(text)
    }

    fn number(&mut self) -> Result<f64, CrsError> {
        let end = self
            .rest
            .find([',', ']', ')'])
            .ok_or(CrsError::MalformedWkt("unclosed bracket"))?;
        let number: f64 = self.rest[..end]
            .trim()
            .parse()
            .ok()
            .ok_or(CrsError::MalformedWkt("not a number"))?;
        self.rest = &self.rest[end..];
        if number.is_finite() {
            Ok(number)
        } else {
            Err(CrsError::MalformedWkt("not a number"))
        }
    }

    /// A bare word (`NORTH`, an axis direction) is skipped; a word before a bracket opens a child.
    fn word_or_node(&mut self, node: &mut Node, depth: usize) -> Result<(), CrsError> {
        let end = self
            .rest
            .find(['[', '(', ',', ']', ')'])
            .ok_or(CrsError::MalformedWkt("unclosed bracket"))?;
        if self.rest[end..].starts_with(['[', '(']) {
            node.children.push(self.node(depth + 1)?);
        } else {
            self.rest = &self.rest[end..];
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    fn gauss(name: &str, datum: &str, meridian: f64, easting: f64) -> String {
        format!(
            r#"PROJCS["{name}",GEOGCS["GCS_{datum}",DATUM["D_{datum}",SPHEROID["S",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",{easting}],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",{meridian}],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]"#
        )
    }

    #[test]
    fn esri_names_of_the_chinese_systems_are_understood() {
        let cases = [
            (
                gauss(
                    "CGCS2000_3_Degree_GK_Zone_36",
                    "China_Geodetic_Coordinate_System_2000",
                    108.0,
                    36_500_000.0,
                ),
                4524,
            ),
            (
                gauss(
                    "CGCS2000_3_Degree_GK_CM_105E",
                    "China_Geodetic_Coordinate_System_2000",
                    105.0,
                    500_000.0,
                ),
                4544,
            ),
            (
                gauss(
                    "CGCS2000_GK_CM_105E",
                    "China_Geodetic_Coordinate_System_2000",
                    105.0,
                    500_000.0,
                ),
                4507,
            ),
            (
                gauss("CGCS2000_GK_Zone_18", "CGCS_2000", 105.0, 18_500_000.0),
                4496,
            ),
            (
                gauss(
                    "Xian_1980_3_Degree_GK_Zone_36",
                    "Xian_1980",
                    108.0,
                    36_500_000.0,
                ),
                2360,
            ),
            (
                gauss(
                    "Beijing_1954_3_Degree_GK_CM_114E",
                    "Beijing_1954",
                    114.0,
                    500_000.0,
                ),
                2435,
            ),
        ];
        for (text, code) in cases {
            assert_eq!(
                read(&text).unwrap(),
                Crs::from_epsg(code).unwrap(),
                "{text}"
            );
        }
    }

    #[test]
    fn a_local_meridian_stays_a_system_of_its_own() {
        let crs = read(&gauss("Local", "CGCS_2000", 106.5, 500_000.0)).unwrap();
        let place = crs.to_cgcs2000(500_000.0, 3_935_000.0).unwrap();
        assert!((place.x - 106.5).abs() < 1e-9, "{place:?}");
        assert_eq!(crs.doubt_m(), 0);
    }

    #[test]
    fn an_authority_wins_over_names() {
        let text =
            r#"PROJCS["whatever",GEOGCS["x",AUTHORITY["EPSG","4490"]],AUTHORITY["EPSG","4524"]]"#;
        assert_eq!(read(text).unwrap(), Crs::from_epsg(4524).unwrap());
        let wkt2 = r#"PROJCRS["CGCS2000 / 3-degree Gauss-Kruger zone 36",BASEGEOGCRS["x"],CS[Cartesian,2],AXIS["northing (X)",north],ID["EPSG",4524]]"#;
        assert_eq!(read(wkt2).unwrap(), Crs::from_epsg(4524).unwrap());
    }

    #[test]
    fn an_unknown_old_datum_is_doubtful_and_a_stated_shift_is_not() {
        let text = |shift: &str| {
            format!(
                r#"GEOGCS["Old",DATUM["Old",SPHEROID["Bessel",6377397.155,299.1528128]{shift}],UNIT["Degree",0.0174]]"#
            )
        };
        assert_eq!(read(&text("")).unwrap().doubt_m(), 300);
        assert_eq!(
            read(&text(",TOWGS84[414.1,41.3,603.1,0,0,0,0]"))
                .unwrap()
                .doubt_m(),
            0
        );
    }

    #[test]
    fn broken_and_hostile_texts_are_refused() {
        for text in [
            "",
            "GEOGCS",
            "GEOGCS[",
            "GEOGCS[\"x",
            "PROJCS[\"x\",1.e]",
            "LOCAL_CS[\"x\"]",
            "🦀[🦀]",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read(&"A[".repeat(10_000)).is_err());
        assert!(read(&"A".repeat(100_000)).is_err());
        let robinson = r#"PROJCS["r",GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]]],PROJECTION["Robinson"]]"#;
        assert_eq!(
            read(robinson),
            Err(CrsError::UnsupportedProjection("Robinson".to_owned()))
        );
    }
}
