//! 经纬度 — degrees in the notations of ledgers. Projected coordinates and systems are `spatial`'s.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::number::unsigned;
use super::{Reading, fold_width};
use crate::row::ValueView;

/// Which of the two a coordinate says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Axis {
    Lon,
    Lat,
}

/// How the degrees are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notation {
    Decimal,
    /// Degrees and minutes.
    Minutes,
    /// Degrees, minutes and seconds.
    Seconds,
}

/// 坐标值 — one coordinate in degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Coordinate {
    pub degrees: f64,
    pub axis: Option<Axis>,
    pub notation: Notation,
}

impl fmt::Display for Coordinate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.7}", self.degrees)
    }
}

/// 位置 — longitude and latitude in degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Position {
    pub lon: f64,
    pub lat: f64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.7},{:.7}", self.lon, self.lat)
    }
}

/// A coordinate from a number or a text in degrees, minutes and seconds.
pub fn coordinate(value: &ValueView<'_>) -> Reading<Coordinate> {
    match value {
        ValueView::Empty => Reading::absent(),
        ValueView::Number(number) => decimal(*number, None),
        ValueView::Text(text) => coordinate_text(text),
        ValueView::Error(_) => Reading::fault("value.error_cell"),
        ValueView::Bool(_) | ValueView::Date(_) => Reading::fault("value.not_a_coordinate"),
    }
}

fn decimal(degrees: f64, axis: Option<Axis>) -> Reading<Coordinate> {
    if !(-180.0..=180.0).contains(&degrees) {
        return Reading::fault("value.coordinate_out_of_range");
    }
    let hundredfold = degrees * 100.0;
    let is_rounded = (hundredfold - hundredfold.round()).abs() < 1e-9;
    Reading::plain(Coordinate { degrees, axis, notation: Notation::Decimal }).warn_if(is_rounded, "value.coordinate_rounded")
}

/// Numbers found in a coordinate text, and what its letters say.
#[derive(Default)]
struct Parts {
    numbers: [f64; 3],
    count: usize,
    axis: Option<Axis>,
    is_negative: bool,
}

fn coordinate_text(text: &str) -> Reading<Coordinate> {
    let folded = fold_width(text);
    let trimmed = folded.trim_matches(super::is_blank_char);
    if trimmed.is_empty() {
        return Reading::absent();
    }
    if super::number::is_dash(trimmed) {
        return Reading::absent().note("value.dash_as_empty");
    }
    let Some(parts) = parts(trimmed) else { return Reading::fault("value.not_a_coordinate") };
    let sign = if parts.is_negative { -1.0 } else { 1.0 };
    let [degrees, minutes, seconds] = parts.numbers;
    if parts.count == 1 {
        return decimal(sign * degrees, parts.axis).note_if(trimmed.len() != text.len() || parts.axis.is_some(), "value.coordinate_rewritten");
    }
    if minutes >= 60.0 || seconds >= 60.0 || (degrees.fract() != 0.0) || (parts.count == 3 && minutes.fract() != 0.0) {
        return Reading::fault("value.coordinate_minutes");
    }
    let degrees = degrees + minutes / 60.0 + seconds / 3600.0;
    if degrees > 180.0 {
        return Reading::fault("value.coordinate_out_of_range");
    }
    let notation = if parts.count == 2 { Notation::Minutes } else { Notation::Seconds };
    Reading::plain(Coordinate { degrees: sign * degrees, axis: parts.axis, notation }).note("value.coordinate_rewritten")
}

/// The numbers of a coordinate; none if something else stands there too.
fn parts(text: &str) -> Option<Parts> {
    let mut parts = Parts::default();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'0'..=b'9' => {
                let end = at + bytes[at..].iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
                parts.push_run(&bytes[at..end])?;
                at = end;
            }
            b'-' if parts.count == 0 => {
                parts.is_negative = true;
                at += 1;
            }
            byte if byte.is_ascii() => {
                parts.letter(byte)?;
                at += 1;
            }
            _ => {
                let char = text[at..].chars().next()?;
                parts.sign(char)?;
                at += char.len_utf8();
            }
        }
    }
    (parts.count > 0).then_some(parts)
}

impl Parts {
    /// A run of digits and dots: one number, or several when dots also separate (`26.11.3` is 26 minutes 11.3 seconds).
    #[inline]
    fn push_run(&mut self, run: &[u8]) -> Option<()> {
        let run = run.strip_suffix(b".").unwrap_or(run);
        let dots = run.iter().filter(|&&byte| byte == b'.').count();
        if dots <= 1 {
            return self.push(unsigned(run)?);
        }
        let free = 3 - self.count.min(3);
        let mut pieces = run.splitn(free.max(1), |&byte| byte == b'.');
        pieces.try_for_each(|piece| self.push(unsigned(piece)?))
    }

    #[inline]
    fn push(&mut self, number: f64) -> Option<()> {
        *self.numbers.get_mut(self.count)? = number;
        self.count += 1;
        Some(())
    }

    fn letter(&mut self, byte: u8) -> Option<()> {
        match byte.to_ascii_uppercase() {
            b'E' => self.set_axis(Axis::Lon, false),
            b'W' => self.set_axis(Axis::Lon, true),
            b'N' => self.set_axis(Axis::Lat, false),
            b'S' => self.set_axis(Axis::Lat, true),
            b' ' | b'\'' | b'"' | b':' | b'\t' | b'\n' | b'\r' | b'`' => Some(()),
            b'-' | b'_' if self.count > 0 => Some(()),
            _ => None,
        }
    }

    fn sign(&mut self, char: char) -> Option<()> {
        match char {
            '°' | 'º' | '˚' | '度' | '′' | '’' | '‘' | '分' | '″' | '”' | '“' | '秒' | '。' | '〃' | '´' | '\u{A0}' | '经' | '纬' | '\u{3000}' | '\u{200B}' | '\u{FEFF}' => Some(()),
            '东' => self.set_axis(Axis::Lon, false),
            '西' => self.set_axis(Axis::Lon, true),
            '北' => self.set_axis(Axis::Lat, false),
            '南' => self.set_axis(Axis::Lat, true),
            _ => None,
        }
    }

    fn set_axis(&mut self, axis: Axis, is_negative: bool) -> Option<()> {
        if self.axis.is_some() {
            return None;
        }
        self.axis = Some(axis);
        self.is_negative |= is_negative;
        Some(())
    }
}

/// Where longitude and latitude of China lie; a pair that fits only when exchanged was exchanged.
fn is_likely_swapped(lon: f64, lat: f64) -> bool {
    (3.0..=54.0).contains(&lon) && (73.0..=136.0).contains(&lat)
}

/// A position from the two columns of a table. Exchanged columns are put right with a warning.
pub fn position(lon: &ValueView<'_>, lat: &ValueView<'_>) -> Reading<Position> {
    join(coordinate(lon), coordinate(lat))
}

fn join(lon: Reading<Coordinate>, lat: Reading<Coordinate>) -> Reading<Position> {
    let mut joined = Reading { value: None, findings: lon.findings };
    lat.findings.iter().filter(|finding| !lon.findings.contains(finding.code)).for_each(|finding| joined.findings.add(finding.severity, finding.code));
    match (lon.value, lat.value) {
        (Some(a), Some(b)) => place(a, b, joined),
        (None, None) => joined,
        _ if joined.is_fault() => joined,
        _ => Reading::fault("value.coordinate_missing"),
    }
}

fn place(a: Coordinate, b: Coordinate, joined: Reading<Position>) -> Reading<Position> {
    let is_said_swapped = a.axis == Some(Axis::Lat) || b.axis == Some(Axis::Lon);
    let is_contradicting = a.axis.is_some() && a.axis == b.axis;
    if is_contradicting {
        return Reading::fault("value.coordinate_same_axis");
    }
    let is_swapped = is_said_swapped || (a.axis.is_none() && b.axis.is_none() && is_likely_swapped(a.degrees, b.degrees));
    let (lon, lat) = if is_swapped { (b.degrees, a.degrees) } else { (a.degrees, b.degrees) };
    if !(-90.0..=90.0).contains(&lat) {
        return Reading::fault("value.coordinate_out_of_range");
    }
    Reading { value: Some(Position { lon, lat }), findings: joined.findings }.warn_if(is_swapped, "value.position_swapped")
}

/// A position from one text that holds both coordinates: `E106°26′11″,N35°23′17″`, `106.43, 35.38`.
pub fn position_text(text: &str) -> Reading<Position> {
    let folded = fold_width(text);
    let trimmed = folded.trim_matches(super::is_blank_char);
    if trimmed.is_empty() {
        return Reading::absent();
    }
    let separators = [',', ';', '、', '/', '\n', '|'];
    let by_sign = trimmed.split_once(separators);
    let by_axis = || trimmed.char_indices().skip(1).find(|(_, char)| matches!(char, 'N' | 'E' | 'n' | 'e' | '北' | '东')).map(|(at, _)| trimmed.split_at(at));
    let by_blank = || trimmed.split_once(char::is_whitespace).filter(|(first, _)| !first.contains('°'));
    match by_sign.or_else(by_axis).or_else(by_blank) {
        Some((first, second)) => join(coordinate_text(first), coordinate_text(second)),
        None => Reading::fault("value.not_a_coordinate"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    fn degrees(text: &str) -> Option<f64> {
        coordinate(&ValueView::Text(text.into())).value.map(|coordinate| coordinate.degrees)
    }

    #[test]
    fn every_notation_of_ledgers_gives_the_same_degrees() {
        let expected = 106.0 + 26.0 / 60.0 + 11.3 / 3600.0;
        let cases = [
            "106°26′11.30″", "106度26分11.3秒", "106°26'11.300\"", "106 26 11.30", "E106°26'11.3\"", "106。26.11.3", " 106°26′11.30″ \n", "东经106°26′11.3″", "106.26.11.3",
            "１０６°２６′１１．３″", "106:26:11.3", "106°26’11.3”", "106°26′11.3″E", "106-26-11.3",
        ];
        for text in cases {
            assert_eq!(degrees(text), Some(expected), "{text}");
        }
        assert_eq!(degrees("106.436472"), Some(106.436_472));
        assert_eq!(degrees("106°26.188′"), Some(106.0 + 26.188 / 60.0));
        assert_eq!(degrees("S1°30′"), Some(-1.5));
        assert_eq!(degrees("-1.5123"), Some(-1.5123));
    }

    #[test]
    fn what_is_no_coordinate_is_said() {
        let code = |text: &str| coordinate(&ValueView::Text(text.into())).findings.iter().next().map(|finding| finding.code);
        assert_eq!(code("106°60′11″"), Some("value.coordinate_minutes"));
        assert_eq!(code("106°26′60.00″"), Some("value.coordinate_minutes"));
        assert_eq!(code("崆峒山"), Some("value.not_a_coordinate"));
        assert_eq!(code("36503215.2"), Some("value.coordinate_out_of_range"));
        assert_eq!(code("1 2 3 4"), Some("value.not_a_coordinate"));
        assert_eq!(code("106.43"), Some("value.coordinate_rounded"));
    }

    #[test]
    fn exchanged_columns_are_put_right_with_a_warning() {
        let text = |text: &'static str| ValueView::Text(text.into());
        let swapped = position(&text("35.4567"), &text("106.5123"));
        assert_eq!(swapped.value, Some(Position { lon: 106.5123, lat: 35.4567 }));
        assert!(swapped.findings.contains("value.position_swapped"));
        let kenya = position(&text("35.1234"), &text("-1.4321"));
        assert_eq!(kenya.value, Some(Position { lon: 35.1234, lat: -1.4321 }));
        assert!(position(&text("106.5123"), &ValueView::Empty).is_fault());
        assert_eq!(position(&ValueView::Empty, &ValueView::Empty), Reading::absent());
        assert!(position(&text("N35°26′"), &text("N35°27′")).is_fault());
    }

    #[test]
    fn one_cell_may_hold_both() {
        let expected = Some(Position { lon: 106.5123, lat: 35.4567 });
        for text in ["106.5123,35.4567", "106.5123，35.4567", "106.5123 35.4567", "E106.5123N35.4567", "东经106.5123 北纬35.4567", "N35.4567,E106.5123", "35.4567/106.5123"] {
            assert_eq!(position_text(text).value, expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_written_coordinate_is_read_back(written in -180.0f64..180.0) {
            proptest::prop_assert_eq!(degrees(&written.to_string()), Some(written));
        }

        #[test]
        fn arbitrary_text_never_panics(text in "\\PC{0,30}|[0-9°′″EN东经。.,: -]{0,24}") {
            let _ = degrees(&text);
            let _ = position_text(&text);
        }
    }
}
