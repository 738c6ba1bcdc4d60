//! Reading the parcel text.

use geo::CoordinatePosition;
use geo::coordinate_position::CoordPos;
use geo_types::{Coord, Geometry, LineString, Polygon};
use indexmap::IndexMap;

use super::{
    MAX_BYTES, Parcel, ParcelError, ParcelShape, ParcelText, Rings, TextEncoding, area_geometry,
    line_geometry, line_place, point_geometry,
};
use crate::crs::{Crs, GridPosition, GridZone, Projector, ZoneWidth};
use crate::diagnostic::{Diagnostic, Severity};
use crate::notation::{Expectation, parse_position};
use crate::{geodesic, repair};

/// Stated and computed area may differ by the projection and by rounding; beyond this share a person should look.
const AREA_TOLERANCE: f64 = 0.01;
/// Unreadable rows listed one by one; beyond this the file is something else.
const MAX_ROW_FAULTS: usize = 200;
/// Rings of one parcel; real ones have a few. More would cost the square of their number.
const MAX_RINGS: usize = 5_000;

pub(super) fn read(
    bytes: &[u8],
    expectation: &Expectation,
) -> Result<(ParcelText, Vec<Diagnostic>), ParcelError> {
    if bytes.len() > MAX_BYTES {
        return Err(ParcelError::TooLong {
            size_bytes: bytes.len(),
        });
    }
    let (text, encoding, is_damaged) = decode(bytes);
    let mut reader = Reader::new(expectation);
    if is_damaged {
        reader
            .diagnostics
            .push(Diagnostic::warning("parcel.damaged_text"));
    }
    for (number, line) in (1..).zip(text.lines()) {
        reader.line(number, line.trim());
    }
    reader.finish(encoding)
}

/// UTF-8 where it is valid, else GB 18030; and whether characters were lost.
fn decode(bytes: &[u8]) -> (String, TextEncoding, bool) {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), TextEncoding::Utf8, false),
        Err(_) => {
            let (text, _, is_damaged) = encoding_rs::GB18030.decode(bytes);
            (text.into_owned(), TextEncoding::Gbk, is_damaged)
        }
    }
}

/// One row of coordinates as written: X is north and Y is east, unless the file exchanges them.
struct Row {
    line: u64,
    ring: u32,
    x_text: String,
    y_text: String,
    x: f64,
    y: f64,
}

/// A parcel on its way.
struct Draft {
    parcel: Parcel,
    stated_points: Option<usize>,
    rows: Vec<Row>,
    is_broken: bool,
}

struct Reader<'a> {
    expectation: &'a Expectation,
    header: IndexMap<String, String>,
    has_section: bool,
    is_in_coordinates: bool,
    drafts: Vec<Draft>,
    row_faults: usize,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Reader<'a> {
    fn new(expectation: &'a Expectation) -> Reader<'a> {
        Reader {
            expectation,
            header: IndexMap::new(),
            has_section: false,
            is_in_coordinates: false,
            drafts: Vec::new(),
            row_faults: 0,
            diagnostics: Vec::new(),
        }
    }

    fn line(&mut self, number: u64, line: &str) {
        if line.is_empty() {
            return;
        }
        if let Some(section) = line.strip_prefix(['[', '［', '【']) {
            self.is_in_coordinates = section.starts_with("地块坐标");
            self.has_section |= self.is_in_coordinates;
        } else if let Some(fields) = parcel_fields(line) {
            self.drafts.push(draft(number, &fields));
        } else if self.is_in_coordinates || !self.drafts.is_empty() {
            self.row(number, line);
        } else if let Some((name, value)) = line.split_once(['=', '＝']) {
            self.header
                .insert(name.trim().to_owned(), value.trim().to_owned());
        }
    }

    fn row(&mut self, number: u64, line: &str) {
        let row = row(number, line);
        match (self.drafts.last_mut(), row) {
            (Some(draft), Some(row)) => draft.rows.push(row),
            (draft, _) => {
                if let Some(draft) = draft {
                    draft.is_broken = true;
                }
                self.row_faults += 1;
                if self.row_faults <= MAX_ROW_FAULTS {
                    let excerpt: String = line.chars().take(60).collect();
                    let told = Diagnostic::error("parcel.row_unreadable").at(line_place(number));
                    self.diagnostics.push(told.arg("text", excerpt));
                }
            }
        }
    }

    fn finish(
        mut self,
        encoding: TextEncoding,
    ) -> Result<(ParcelText, Vec<Diagnostic>), ParcelError> {
        if !self.has_section && self.drafts.is_empty() {
            return Err(ParcelError::NotParcelText);
        }
        if self.row_faults > MAX_ROW_FAULTS {
            let told = Diagnostic::error("parcel.more_rows_unreadable");
            self.diagnostics
                .push(told.arg("count", self.row_faults - MAX_ROW_FAULTS));
        }
        let frame = self.frame();
        let drafts = std::mem::take(&mut self.drafts);
        let parcels = drafts
            .into_iter()
            .map(|draft| self.parcel(draft, frame.as_ref()))
            .collect();
        let crs = frame.map(|frame| frame.crs);
        Ok((
            ParcelText {
                header: self.header,
                encoding,
                crs,
                parcels,
            },
            self.diagnostics,
        ))
    }

    /// A header value by its name; names are looked for inside each other because files vary (`带号`, `带 号`).
    fn header_value(&self, name: &str) -> Option<&str> {
        let plain = |text: &str| text.split_whitespace().collect::<String>();
        let found = self
            .header
            .iter()
            .find(|(key, _)| plain(key) == name)
            .map(|(_, value)| value.as_str());
        found.filter(|value| !value.is_empty())
    }

    /// The system, the order of the axes and the way to degrees: from the header and the first row.
    fn frame(&mut self) -> Option<Frame> {
        let transform = self
            .header_value("转换参数")
            .is_some_and(|values| values.contains(|c: char| matches!(c, '1'..='9')));
        if transform {
            self.diagnostics
                .push(Diagnostic::warning("parcel.transform_ignored"));
        }
        let first = self.drafts.iter().flat_map(|draft| &draft.rows).next()?;
        let line = first.line;
        let (x, y) = (first.x, first.y);
        let (x_text, y_text) = (first.x_text.clone(), first.y_text.clone());
        let is_exchanged = is_easting_first(x, y);
        if is_exchanged {
            self.diagnostics.push(
                Diagnostic::warning("parcel.axes_exchanged")
                    .at(line_place(line))
                    .arg("text", format!("{x_text},{y_text}")),
            );
        }
        let crs = self.crs(
            line,
            if is_exchanged {
                (&x_text, &y_text)
            } else {
                (&y_text, &x_text)
            },
        )?;
        let projector = match crs.projector() {
            Ok(projector) => projector,
            Err(_) => {
                self.diagnostics
                    .push(Diagnostic::error("parcel.crs_unknown").at(line_place(line)));
                return None;
            }
        };
        self.diagnostics
            .extend(crs.doubt().map(|doubt| doubt.at(line_place(line))));
        Some(Frame {
            crs,
            is_exchanged,
            projector,
        })
    }

    /// The system of the first row, given as easting (or longitude) and northing (or latitude).
    fn crs(&mut self, line: u64, (east, north): (&str, &str)) -> Option<Crs> {
        let declared = self.declared_crs();
        let known = declared.clone().or_else(|| self.expectation.crs.clone());
        // One reading of the first row decides between zone number in front, declared zone and envelope.
        let guessing = Expectation {
            crs: known,
            outside: Severity::Warning,
            ..self.expectation.clone()
        };
        let trusting = Expectation {
            max_distance_m: f64::INFINITY,
            ..guessing.clone()
        };
        let needs_guess = trusting.crs.as_ref().and_then(Crs::grid).is_none();
        let (position, told) =
            parse_position(east, north, if needs_guess { &guessing } else { &trusting });
        let keep = [
            "coordinate.zone_differs",
            "coordinate.zone_guessed",
            "coordinate.zone_ambiguous",
        ];
        let told = told
            .into_iter()
            .filter(|one| keep.contains(&one.code.as_ref()));
        self.diagnostics
            .extend(told.map(|one| one.at(line_place(line))));
        let crs = position.map(|position| position.crs);
        if crs.is_none() {
            self.diagnostics
                .push(Diagnostic::error("parcel.crs_unknown").at(line_place(line)));
        }
        crs
    }

    /// The system the header declares.
    fn declared_crs(&mut self) -> Option<Crs> {
        let name = self.header_value("坐标系")?.to_owned();
        let datum = datum(&name);
        if datum.is_none() {
            self.diagnostics
                .push(Diagnostic::warning("parcel.datum_unknown").arg("name", &name));
        }
        let number = self
            .header_value("带号")
            .and_then(|text| text.parse::<u8>().ok());
        let width = match self
            .header_value("几度分带")
            .map(|text| text.trim_end_matches(['度', '带']))
        {
            Some("3") => Some(ZoneWidth::Three),
            Some("6") => Some(ZoneWidth::Six),
            _ => number.and_then(ZoneWidth::of_zone),
        };
        let zone = match (number, width) {
            (Some(zone), Some(width)) if width.chinese_zones().contains(&zone) => Some(GridZone {
                width,
                zone,
                prefixed: true,
            }),
            _ => None,
        };
        match (datum.unwrap_or(Crs::Cgcs2000), zone) {
            (Crs::Beijing54 { .. }, grid) => Some(Crs::Beijing54 { grid }),
            (Crs::Xian80 { .. }, grid) => Some(Crs::Xian80 { grid }),
            (
                _,
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
            (_, None) => None,
        }
    }

    fn parcel(&mut self, draft: Draft, frame: Option<&Frame>) -> Parcel {
        let Draft {
            mut parcel,
            stated_points,
            rows,
            is_broken,
        } = draft;
        let line = parcel.line;
        if is_broken {
            self.diagnostics.push(
                Diagnostic::error("parcel.incomplete")
                    .at(line_place(line))
                    .arg("name", &parcel.name),
            );
            return parcel;
        }
        if rows.is_empty() {
            self.diagnostics.push(
                Diagnostic::error("parcel.no_rows")
                    .at(line_place(line))
                    .arg("name", &parcel.name),
            );
            return parcel;
        }
        self.check_point_count(line, stated_points, &rows);
        parcel.geometry = frame.and_then(|frame| self.geometry(&parcel, rows, frame));
        self.check_area(&parcel);
        parcel
    }

    fn geometry(
        &mut self,
        parcel: &Parcel,
        rows: Vec<Row>,
        frame: &Frame,
    ) -> Option<Geometry<f64>> {
        let mut rings: Rings = Vec::new();
        for row in rows {
            let Some(at) = frame.position(&row) else {
                let told = Diagnostic::error("parcel.row_outside_domain").at(line_place(row.line));
                self.diagnostics
                    .push(told.arg("text", format!("{},{}", row.x_text, row.y_text)));
                return None;
            };
            match rings.last_mut() {
                Some((ring, vertices)) if *ring == row.ring => vertices.push(at),
                _ => rings.push((row.ring, vec![at])),
            }
        }
        if rings.len() > MAX_RINGS {
            let told = Diagnostic::error("parcel.too_many_rings").at(line_place(parcel.line));
            self.diagnostics
                .push(told.arg("count", rings.len()).arg("name", &parcel.name));
            return None;
        }
        Some(match parcel.shape {
            ParcelShape::Area => area_geometry(self.polygons(parcel.line, rings)),
            ParcelShape::Line => line_geometry(rings),
            ParcelShape::Point => point_geometry(rings),
        })
    }

    /// Exteriors with their interiors. A ring numbered 2 or more that lies outside is a part of its own, and told.
    fn polygons(&mut self, line: u64, rings: Rings) -> Vec<Polygon<f64>> {
        let mut parts: Vec<(Polygon<f64>, Vec<LineString<f64>>)> = Vec::new();
        for (number, mut vertices) in rings {
            self.diagnostics
                .extend(repair::close_ring(&mut vertices, number).map(|told| {
                    let place = told.place.clone().within(&line_place(line));
                    told.at(place)
                }));
            let ring = LineString::from(vertices);
            match parts
                .last_mut()
                .filter(|(exterior, _)| number > 1 && encloses(exterior, &ring))
            {
                Some((_, interiors)) => interiors.push(ring),
                None => {
                    if number > 1 && !parts.is_empty() {
                        let told = Diagnostic::warning("parcel.ring_is_part").at(line_place(line));
                        self.diagnostics.push(told.arg("ring", number));
                    }
                    parts.push((Polygon::new(ring, Vec::new()), Vec::new()));
                }
            }
        }
        parts
            .into_iter()
            .map(|(part, interiors)| Polygon::new(part.into_inner().0, interiors))
            .collect()
    }

    /// The stated count may or may not include the rows that close the rings.
    fn check_point_count(&mut self, line: u64, stated: Option<usize>, rows: &[Row]) {
        let Some(stated) = stated else { return };
        let mut rings: Vec<u32> = rows.iter().map(|row| row.ring).collect();
        rings.dedup();
        if stated != rows.len() && stated + rings.len() != rows.len() {
            let told = Diagnostic::warning("parcel.point_count").at(line_place(line));
            self.diagnostics
                .push(told.arg("stated", stated).arg("count", rows.len()));
        }
    }

    fn check_area(&mut self, parcel: &Parcel) {
        let (Some(stated_ha), Some(geometry)) = (parcel.stated_area_ha, &parcel.geometry) else {
            return;
        };
        let computed_ha = geodesic::area_ha(geodesic::area_m2(geometry));
        // Four decimals of a hectare are a square metre; stated areas end there.
        let tolerance_ha = (computed_ha * AREA_TOLERANCE).max(0.0002);
        if parcel.shape == ParcelShape::Area && (stated_ha - computed_ha).abs() > tolerance_ha {
            let told = Diagnostic::warning("parcel.area_differs")
                .at(line_place(parcel.line))
                .arg("name", &parcel.name);
            self.diagnostics.push(
                told.arg("stated_ha", stated_ha)
                    .arg("computed_ha", format!("{computed_ha:.4}")),
            );
        }
    }
}

/// How the rows of a text become degrees.
struct Frame {
    crs: Crs,
    is_exchanged: bool,
    projector: Projector,
}

impl Frame {
    fn position(&self, row: &Row) -> Option<Coord<f64>> {
        let grid = if self.is_exchanged {
            GridPosition {
                easting: row.x,
                northing: row.y,
            }
        } else {
            GridPosition::from_survey_xy(row.x, row.y)
        };
        self.projector.to_cgcs2000(grid.easting, grid.northing).ok()
    }
}

/// The fields of a parcel line: it ends in `@`.
fn parcel_fields(line: &str) -> Option<Vec<&str>> {
    let body = line
        .trim_end_matches([',', '，', ' '])
        .strip_suffix(['@', '＠'])?;
    let comma = if body.contains(',') { ',' } else { '，' };
    Some(
        body.trim_end_matches(comma)
            .split(comma)
            .map(str::trim)
            .collect(),
    )
}

fn draft(line: u64, fields: &[&str]) -> Draft {
    let field = |index: usize| fields.get(index).copied().unwrap_or_default().to_owned();
    let shape = match field(4).as_str() {
        "线" => ParcelShape::Line,
        "点" => ParcelShape::Point,
        _ => ParcelShape::Area,
    };
    let parcel = Parcel {
        number: field(2),
        name: field(3),
        stated_area_ha: field(1)
            .parse()
            .ok()
            .filter(|area_ha: &f64| area_ha.is_finite() && *area_ha > 0.0),
        shape,
        map_sheet: field(5),
        land_use: field(6),
        land_use_code: field(7),
        geometry: None,
        line,
    };
    Draft {
        parcel,
        stated_points: field(0).parse().ok(),
        rows: Vec::new(),
        is_broken: false,
    }
}

/// `J1,1,x,y`, with commas of either width, tabs or spaces between.
fn row(line: u64, text: &str) -> Option<Row> {
    let fields: Vec<&str> = text
        .split([',', '，', '\t', ' '])
        .map(str::trim)
        .filter(|field| !field.is_empty())
        .collect();
    let [_, ring, x_text, y_text, ..] = fields[..] else {
        return None;
    };
    let number = |text: &str| text.parse::<f64>().ok().filter(|value| value.is_finite());
    let (x, y) = (number(x_text)?, number(y_text)?);
    Some(Row {
        line,
        ring: ring.parse().ok()?,
        x_text: x_text.to_owned(),
        y_text: y_text.to_owned(),
        x,
        y,
    })
}

/// Whether a file puts the easting first against the rule: the first number has a zone in front, or the second is
/// the only one that can be a northing of China; or longitude first in degrees.
fn is_easting_first(x: f64, y: f64) -> bool {
    if x.abs() <= 180.0 && y.abs() <= 180.0 {
        return x.abs() > 90.0 && y.abs() <= 90.0;
    }
    let is_prefixed = |value: f64| GridZone::of_prefixed_easting(value).is_some();
    let is_northing_only = |value: f64| (950_000.0..6_000_000.0).contains(&value);
    is_prefixed(x) || (is_northing_only(y) && x < 950_000.0)
}

/// The datum of a header, by the years in its name.
fn datum(name: &str) -> Option<Crs> {
    let has = |needle: &str| name.contains(needle);
    if has("2000") || has("CGCS") {
        Some(Crs::Cgcs2000)
    } else if has("80") {
        Some(Crs::Xian80 { grid: None })
    } else if has("54") {
        Some(Crs::Beijing54 { grid: None })
    } else if has("84") {
        Some(Crs::Wgs84)
    } else {
        None
    }
}

/// Whether a ring lies within a polygon without interiors: by its first vertex that is not on the boundary.
/// A handful of vertices is looked at, so that many small rings on one long boundary stay affordable.
fn encloses(outer: &Polygon<f64>, inner: &LineString<f64>) -> bool {
    let sides = inner
        .0
        .iter()
        .take(8)
        .map(|at| outer.coordinate_position(at));
    sides
        .into_iter()
        .find(|side| *side != CoordPos::OnBoundary)
        .is_none_or(|side| side == CoordPos::Inside)
}
