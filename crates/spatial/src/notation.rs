//! 坐标写法 — reading positions as people write them: degrees in Western and Chinese signs, grid metres, either order.
//!
//! Plain decimal degrees pass without a word. Every other reading leaves a diagnostic, and where two readings are
//! possible the position is refused rather than guessed.

use geo_types::Coord;
use serde::{Deserialize, Serialize};

use crate::crs::Crs;
use crate::diagnostic::{Diagnostic, Place, Severity};
use crate::geodesic;

mod grid;
mod lexer;
mod scalar;

use scalar::{Problem, Scalar};

/// Longer cells are remarks, not coordinates.
const MAX_TEXT_BYTES: usize = 240;
/// Longitude and latitude of China with its islands: west, south, east, north.
const CHINA: [f64; 4] = [73.4, 3.4, 135.1, 53.6];
/// Two decimals of a degree: a step of about a kilometre.
const COARSE_STEP_DEGREES: f64 = 0.009_999;

/// 半球 — the direction written beside an angle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hemisphere {
    /// 东经.
    East,
    /// 西经.
    West,
    /// 北纬.
    North,
    /// 南纬.
    South,
}

impl Hemisphere {
    fn axis(self) -> Axis {
        match self {
            Hemisphere::East | Hemisphere::West => Axis::Longitude,
            Hemisphere::North | Hemisphere::South => Axis::Latitude,
        }
    }

    fn is_negative(self) -> bool {
        matches!(self, Hemisphere::West | Hemisphere::South)
    }
}

/// What a label says a number is. Of survey letters, X is north and Y is east.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Axis {
    Longitude,
    Latitude,
    SurveyX,
    SurveyY,
}

/// 写法 — how a position was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notation {
    /// `106.53`, with or without a degree sign or a direction.
    DecimalDegrees,
    /// `106°32.25′`.
    DegreesMinutes,
    /// `106°32′15.2″`, `东经106度32分15.2秒`, `106 32 15.2`, `106:32:15`.
    DegreesMinutesSeconds,
    /// `106.32.15` and `106。32.15.2`: sexagesimal with dots between.
    DottedSexagesimal,
    /// `10632.25`: ddmm.mmmm, as receivers write it.
    PackedDegreesMinutes,
    /// `1063215.2`: dddmmss.s.
    PackedDegreesMinutesSeconds,
    /// Grid metres, as easting and northing.
    GridMetres,
}

impl Notation {
    /// The name used in diagnostics.
    pub fn name(self) -> &'static str {
        match self {
            Notation::DecimalDegrees => "decimal_degrees",
            Notation::DegreesMinutes => "degrees_minutes",
            Notation::DegreesMinutesSeconds => "degrees_minutes_seconds",
            Notation::DottedSexagesimal => "dotted_sexagesimal",
            Notation::PackedDegreesMinutes => "packed_degrees_minutes",
            Notation::PackedDegreesMinutesSeconds => "packed_degrees_minutes_seconds",
            Notation::GridMetres => "grid_metres",
        }
    }
}

/// 角度 — one angle as read from one text.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Angle {
    /// Degrees, negative for west and south.
    pub degrees: f64,
    /// The direction written beside it.
    pub hemisphere: Option<Hemisphere>,
    /// How it was written.
    pub notation: Notation,
    /// One unit of the last digit written, in degrees.
    pub step_degrees: f64,
}

/// 坐标 — a position as read: CGCS2000 degrees, with how it was written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Longitude, CGCS2000, degrees.
    pub lon: f64,
    /// Latitude, CGCS2000, degrees.
    pub lat: f64,
    /// One unit of the last digit written, in metres on the ground; of the two axes the finer, because spreadsheets drop
    /// trailing zeros.
    pub precision_m: f64,
    /// The text as given.
    pub original: String,
    /// How it was written; of two ways, the less plain.
    pub notation: Notation,
    /// The system it was written in.
    pub crs: Crs,
}

/// 预期 — what is known beforehand about the positions of an input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expectation {
    /// Where they should lie: west, south, east, north in CGCS2000 degrees.
    pub envelope: Option<[f64; 4]>,
    /// The system they are declared to be in; None takes degrees as CGCS2000 and metres as CGCS2000 Gauss–Krüger.
    pub crs: Option<Crs>,
    /// How far outside the envelope is still accepted without a word, in metres.
    pub max_distance_m: f64,
    /// How much a position farther out weighs.
    pub outside: Severity,
}

impl Default for Expectation {
    fn default() -> Expectation {
        Expectation {
            envelope: None,
            crs: None,
            max_distance_m: 2_000.0,
            outside: Severity::Warning,
        }
    }
}

impl Expectation {
    /// Positions in or near an envelope (west, south, east, north).
    pub fn within(envelope: [f64; 4], max_distance_m: f64) -> Expectation {
        Expectation {
            envelope: Some(envelope),
            max_distance_m,
            ..Expectation::default()
        }
    }

    /// Metres from a position to the envelope: 0 inside; None without an envelope.
    fn distance_outside_m(&self, at: Coord<f64>) -> Option<f64> {
        let [west, south, east, north] = self.envelope?;
        let (lon_m, lat_m) = geodesic::degree_lengths_m(at.y.clamp(-89.0, 89.0));
        let beyond = |value: f64, low: f64, high: f64| (low - value).max(value - high).max(0.0);
        Some((beyond(at.x, west, east) * lon_m).hypot(beyond(at.y, south, north) * lat_m))
    }

    /// Whether a position is where it should be, as far as anybody knows: near the envelope, or else in China.
    fn is_at_home(&self, at: Coord<f64>) -> bool {
        match self.distance_outside_m(at) {
            Some(distance_m) => distance_m <= self.max_distance_m,
            None => is_in_china(at),
        }
    }

    /// A position outside China is worth a word unless the envelope itself lies abroad.
    fn expects_china(&self) -> bool {
        self.envelope
            .is_none_or(|[west, south, ..]| is_in_china(Coord { x: west, y: south }))
    }
}

fn is_in_china(at: Coord<f64>) -> bool {
    let [west, south, east, north] = CHINA;
    (west..=east).contains(&at.x) && (south..=north).contains(&at.y)
}

/// Reads one angle from one text. Grid metres are no angle.
pub fn parse_angle(text: &str) -> (Option<Angle>, Vec<Diagnostic>) {
    let read = scalar::read(text).and_then(|scalar| {
        let scalar = if scalar.is_bare_and_large() {
            scalar.packed().ok_or(Problem::OutOfRange)?
        } else {
            scalar
        };
        if scalar.value.abs() > 360.0 {
            Err(Problem::OutOfRange)
        } else {
            Ok(scalar)
        }
    });
    match read {
        Err(problem) => (None, vec![problem.diagnostic(text, None)]),
        Ok(scalar) => {
            let angle = Angle {
                degrees: scalar.value,
                hemisphere: scalar.hemisphere,
                notation: scalar.notation,
                step_degrees: scalar.step,
            };
            let note = scalar.note(text, format!("{:.7}", angle.degrees));
            (Some(angle), note.into_iter().collect())
        }
    }
}

/// Reads a position from two texts, the one meant for longitude (or easting) first.
pub fn parse_position(
    lon_text: &str,
    lat_text: &str,
    expectation: &Expectation,
) -> (Option<Position>, Vec<Diagnostic>) {
    if let Some(position) = plain_position(lon_text, lat_text, expectation) {
        return (Some(position), Vec::new());
    }
    let (lon, lat) = (scalar::read(lon_text), scalar::read(lat_text));
    let original = || format!("{}, {}", lon_text.trim(), lat_text.trim());
    match (lon, lat) {
        (Ok(lon), Ok(lat)) => Reading::new(original(), expectation, Source::Columns).read(lon, lat),
        (Err(Problem::Missing), Err(Problem::Missing)) => {
            (None, vec![Diagnostic::error("coordinate.missing")])
        }
        (lon, lat) => {
            let fault = |read: Result<Scalar, Problem>, text: &str, field| {
                Some(read.err()?.diagnostic(text, Some(field)))
            };
            (
                None,
                fault(lon, lon_text, "lon")
                    .into_iter()
                    .chain(fault(lat, lat_text, "lat"))
                    .collect(),
            )
        }
    }
}

/// Reads a position from one text that holds both numbers, in either order.
pub fn parse_pair(text: &str, expectation: &Expectation) -> (Option<Position>, Vec<Diagnostic>) {
    match scalar::read_pair(text) {
        Ok((first, second)) => {
            Reading::new(text.trim().to_owned(), expectation, Source::Pair).read(first, second)
        }
        Err(problem) => (None, vec![problem.diagnostic(text, None)]),
    }
}

/// The common case, without looking at single characters twice: two plain decimals, precise, and where they should be.
fn plain_position(lon_text: &str, lat_text: &str, expectation: &Expectation) -> Option<Position> {
    if !matches!(expectation.crs, None | Some(Crs::Cgcs2000 | Crs::Wgs84)) {
        return None;
    }
    let ((lon, lon_decimals), (lat, lat_decimals)) =
        (plain_decimal(lon_text)?, plain_decimal(lat_text)?);
    let at = Coord { x: lon, y: lat };
    // What needs a word goes the long way.
    if lon_decimals.max(lat_decimals) <= 2 || !expectation.is_at_home(at) || !is_in_china(at) {
        return None;
    }
    Some(Position {
        lon,
        lat,
        precision_m: precision_m(
            at,
            10.0_f64.powi(-lon_decimals),
            10.0_f64.powi(-lat_decimals),
        ),
        original: [lon_text.trim(), ", ", lat_text.trim()].concat(),
        notation: Notation::DecimalDegrees,
        crs: expectation.crs.clone().unwrap_or(Crs::Cgcs2000),
    })
}

/// A number of digits and at most one dot, up to 180, with its count of decimals.
fn plain_decimal(text: &str) -> Option<(f64, i32)> {
    let text = text.trim();
    if text.len() > 24
        || !text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    let decimals = text
        .bytes()
        .rev()
        .position(|byte| byte == b'.')
        .unwrap_or(0);
    (value <= 180.0).then_some((value, i32::try_from(decimals).ok()?))
}

/// The finer of two steps in degrees, in metres on the ground.
fn precision_m(at: Coord<f64>, lon_step: f64, lat_step: f64) -> f64 {
    let (lon_m, lat_m) = geodesic::degree_lengths_m(at.y);
    // Trailing zeros get lost in spreadsheets, so the finer axis tells how the writer measured.
    lon_step.min(lat_step) * lon_m.max(lat_m)
}

/// Where the two numbers came from: it decides what an exchanged order means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    /// Two columns with headings, which then are wrong.
    Columns,
    /// One text, where either order is usual.
    Pair,
}

/// One position on its way from two scalars to degrees.
struct Reading<'a> {
    original: String,
    expectation: &'a Expectation,
    source: Source,
    diagnostics: Vec<Diagnostic>,
}

/// What stopped a reading, as a diagnostic.
type Refusal = Box<Diagnostic>;

impl<'a> Reading<'a> {
    fn new(original: String, expectation: &'a Expectation, source: Source) -> Reading<'a> {
        Reading {
            original,
            expectation,
            source,
            diagnostics: Vec::new(),
        }
    }

    fn read(mut self, first: Scalar, second: Scalar) -> (Option<Position>, Vec<Diagnostic>) {
        match self.position(first, second) {
            Ok(position) => (Some(position), self.diagnostics),
            Err(refusal) => {
                self.diagnostics.push(*refusal);
                (None, self.diagnostics)
            }
        }
    }

    fn position(&mut self, first: Scalar, second: Scalar) -> Result<Position, Refusal> {
        let (first, second) = self.ordered_by_labels(first, second)?;
        if first.is_bare_and_large() || second.is_bare_and_large() {
            return match self.packed(&first, &second) {
                Some((lon, lat)) => self.degrees(lon, lat),
                None => self.metres(&first, &second),
            };
        }
        let (lon, lat) = self.ordered_by_range(first, second);
        self.degrees(lon, lat)
    }

    /// Longitude first, as far as directions and labels tell.
    fn ordered_by_labels(
        &mut self,
        first: Scalar,
        second: Scalar,
    ) -> Result<(Scalar, Scalar), Refusal> {
        let (says_lat_first, says_lon_first) = (
            first.is_labeled(Axis::Latitude) || second.is_labeled(Axis::Longitude),
            first.is_labeled(Axis::Longitude) || second.is_labeled(Axis::Latitude),
        );
        if says_lat_first && says_lon_first {
            return Err(self.refusal("coordinate.contradictory"));
        }
        if says_lat_first {
            self.tell_exchanged(&second, &first);
            return Ok((second, first));
        }
        Ok((first, second))
    }

    /// Longitude first, as far as the ranges tell: the order given, unless only the other one makes sense.
    fn ordered_by_range(&mut self, first: Scalar, second: Scalar) -> (Scalar, Scalar) {
        if first.has_label() || second.has_label() {
            return (first, second);
        }
        let (given, exchanged) = (
            Coord {
                x: first.value,
                y: second.value,
            },
            Coord {
                x: second.value,
                y: first.value,
            },
        );
        let is_only_exchanged = given.y.abs() > 90.0 && exchanged.y.abs() <= 90.0;
        let is_home_exchanged =
            !self.expectation.is_at_home(given) && self.expectation.is_at_home(exchanged);
        if is_only_exchanged || is_home_exchanged {
            self.tell_exchanged(&second, &first);
            return (second, first);
        }
        (first, second)
    }

    fn tell_exchanged(&mut self, lon: &Scalar, lat: &Scalar) {
        let told = match self.source {
            Source::Columns => Diagnostic::warning("coordinate.swapped"),
            Source::Pair => Diagnostic::note("coordinate.latitude_first"),
        };
        let repair = format!("{}, {}", lon.value, lat.value);
        self.diagnostics.push(
            told.arg("text", &self.original)
                .arg("repair", &repair)
                .repair(repair),
        );
    }

    /// Both numbers as packed sexagesimal, when nothing else fits.
    fn packed(&self, first: &Scalar, second: &Scalar) -> Option<(Scalar, Scalar)> {
        let (one, other) = (first.packed()?, second.packed()?);
        let is_home = |lon: &Scalar, lat: &Scalar| {
            self.expectation.is_at_home(Coord {
                x: lon.value,
                y: lat.value,
            })
        };
        if is_home(&one, &other) {
            return Some((one, other));
        }
        is_home(&other, &one).then_some((other, one))
    }

    /// Finishes a position in degrees.
    fn degrees(&mut self, lon: Scalar, lat: Scalar) -> Result<Position, Refusal> {
        if lon.value.abs() > 180.0 || lat.value.abs() > 90.0 {
            return Err(self.refusal("coordinate.out_of_range"));
        }
        if lon.value == 0.0 && lat.value == 0.0 {
            return Err(self.refusal("coordinate.zero"));
        }
        let crs = self.geographic_crs();
        let at = crs
            .to_cgcs2000(lon.value, lat.value)
            .ok()
            .ok_or_else(|| self.refusal("coordinate.not_convertible"))?;
        if lon.step.min(lat.step) >= COARSE_STEP_DEGREES {
            let told = Diagnostic::warning("coordinate.rounded").arg("text", &self.original);
            let step_m = precision_m(at, lon.step, lat.step);
            self.diagnostics
                .push(told.arg("precision_m", format!("{step_m:.0}")));
        }
        let notation = lon.notation.max(lat.notation);
        let plainer = if lon.notation == notation { &lon } else { &lat };
        let is_normalized = lon.is_normalized || lat.is_normalized;
        let told = Scalar {
            is_normalized,
            ..*plainer
        }
        .note(&self.original, degrees_text(at));
        self.diagnostics.extend(told);
        self.check_place(at)?;
        let precision_m = precision_m(at, lon.step, lat.step);
        Ok(Position {
            lon: at.x,
            lat: at.y,
            precision_m,
            original: self.original.clone(),
            notation,
            crs,
        })
    }

    /// The declared datum for degrees: of a declared grid, the datum under it.
    fn geographic_crs(&self) -> Crs {
        match &self.expectation.crs {
            Some(Crs::Beijing54 { .. }) => Crs::Beijing54 { grid: None },
            Some(Crs::Xian80 { .. }) => Crs::Xian80 { grid: None },
            Some(crs) if crs.is_geographic() => crs.clone(),
            _ => Crs::Cgcs2000,
        }
    }

    /// Whether the position lies where positions of this input should.
    fn check_place(&mut self, at: Coord<f64>) -> Result<(), Refusal> {
        let distance_m = self.expectation.distance_outside_m(at).unwrap_or(0.0);
        let code = if !is_in_china(at) && self.expectation.expects_china() {
            "coordinate.outside_china"
        } else if distance_m > self.expectation.max_distance_m {
            "coordinate.outside_reserve"
        } else {
            return Ok(());
        };
        let mut told = Diagnostic::warning(code)
            .arg("text", &self.original)
            .arg("position", degrees_text(at));
        told = told.arg("distance_km", format!("{:.1}", distance_m / 1000.0));
        told.severity = self.expectation.outside;
        if told.severity == Severity::Error {
            return Err(Box::new(told));
        }
        self.diagnostics.push(told);
        Ok(())
    }

    fn refusal(&self, code: &'static str) -> Refusal {
        Box::new(Diagnostic::error(code).arg("text", &self.original))
    }
}

/// A position as people read it, to a centimetre.
fn degrees_text(at: Coord<f64>) -> String {
    format!("{:.7}, {:.7}", at.x, at.y)
}

fn field_place(field: Option<&str>) -> Place {
    Place {
        field: field.map(str::to_owned),
        ..Place::default()
    }
}

#[cfg(test)]
mod tests;
