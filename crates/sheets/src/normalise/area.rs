//! 面积 — areas in every unit and writing, to square metres.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::number::{is_dash, leading, trimmed};
use super::Reading;
use crate::row::ValueView;

/// 面积单位 — the units areas come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AreaUnit {
    SquareMeter,
    /// 公亩
    Are,
    /// 公顷
    Hectare,
    SquareKilometer,
    /// 亩, 10000/15 m².
    Mu,
}

/// Spellings of the units, the longer before those they begin with.
const SPELLINGS: [(&str, AreaUnit); 25] = [
    ("平方公里", AreaUnit::SquareKilometer),
    ("平方千米", AreaUnit::SquareKilometer),
    ("km2", AreaUnit::SquareKilometer),
    ("km²", AreaUnit::SquareKilometer),
    ("km^2", AreaUnit::SquareKilometer),
    ("k㎡", AreaUnit::SquareKilometer),
    ("㎢", AreaUnit::SquareKilometer),
    ("公顷", AreaUnit::Hectare),
    ("hm2", AreaUnit::Hectare),
    ("hm²", AreaUnit::Hectare),
    ("hm^2", AreaUnit::Hectare),
    ("h㎡", AreaUnit::Hectare),
    ("ha", AreaUnit::Hectare),
    ("公亩", AreaUnit::Are),
    ("市亩", AreaUnit::Mu),
    ("亩", AreaUnit::Mu),
    ("mu", AreaUnit::Mu),
    ("平方米", AreaUnit::SquareMeter),
    ("平米", AreaUnit::SquareMeter),
    ("㎡", AreaUnit::SquareMeter),
    ("m2", AreaUnit::SquareMeter),
    ("m²", AreaUnit::SquareMeter),
    ("m^2", AreaUnit::SquareMeter),
    ("平方", AreaUnit::SquareMeter),
    ("平", AreaUnit::SquareMeter),
];

impl AreaUnit {
    /// Square metres of an amount in this unit.
    pub fn m2(self, amount: f64) -> f64 {
        match self {
            Self::SquareMeter => amount,
            Self::Are => amount * 100.0,
            Self::Hectare => amount * 10_000.0,
            Self::SquareKilometer => amount * 1_000_000.0,
            Self::Mu => amount * 10_000.0 / 15.0,
        }
    }

    /// The unit a text begins with, and what follows it.
    pub fn leading(text: &str) -> Option<(Self, &str)> {
        let starts = |spelling: &str| text.get(..spelling.len()).is_some_and(|start| start.eq_ignore_ascii_case(spelling));
        let (spelling, unit) = SPELLINGS.into_iter().find(|(spelling, _)| starts(spelling))?;
        Some((unit, &text[spelling.len()..]))
    }
}

/// 面积 — an area in square metres, with the amount and unit it was written in.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Area {
    pub m2: f64,
    pub amount: f64,
    pub unit: AreaUnit,
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} m²", self.m2)
    }
}

/// Larger than any county; a larger area is a slip of the unit.
const MAX_M2: f64 = 1e11;

/// An area; `column_unit` is the unit of the heading, which counts where the cell names none.
pub fn area(value: &ValueView<'_>, column_unit: Option<AreaUnit>) -> Reading<Area> {
    match value {
        ValueView::Empty => Reading::absent(),
        ValueView::Number(number) => of_unit(*number, None, column_unit),
        ValueView::Text(text) => area_text(text, column_unit),
        ValueView::Error(_) => Reading::fault("value.error_cell"),
        ValueView::Bool(_) | ValueView::Date(_) => Reading::fault("value.not_an_area"),
    }
}

fn of_unit(amount: f64, own: Option<AreaUnit>, column: Option<AreaUnit>) -> Reading<Area> {
    let unit = own.or(column).unwrap_or(AreaUnit::SquareMeter);
    let m2 = unit.m2(amount);
    if !(0.0..=MAX_M2).contains(&m2) {
        return Reading::fault("value.area_out_of_range");
    }
    Reading::plain(Area { m2, amount, unit })
        .warn_if(own.is_none() && column.is_none(), "value.unit_assumed")
        .warn_if(own.is_some() && column.is_some() && own != column, "value.unit_differs_from_heading")
        .note_if(unit != AreaUnit::SquareMeter, "value.unit_converted")
}

fn area_text(text: &str, column_unit: Option<AreaUnit>) -> Reading<Area> {
    let folded = trimmed(text);
    if folded.is_empty() {
        return Reading::absent();
    }
    if is_dash(&folded) {
        return Reading::absent().note("value.dash_as_empty");
    }
    let (start, is_about) = strip_about(&folded);
    let Some(number) = leading(start) else { return Reading::fault("value.not_an_area") };
    let rest = number.rest.trim_start();
    if is_range(rest) {
        return Reading::fault("value.range");
    }
    let (rest, is_about_more) = strip_more(rest);
    let (factor, rest) = match rest.strip_prefix('万') {
        Some(rest) => (1e4, rest.trim_start()),
        None => (1.0, rest),
    };
    let (own, rest) = AreaUnit::leading(rest).map_or((None, rest), |(unit, rest)| (Some(unit), rest));
    let (rest, is_about_after) = strip_more(rest.trim_start());
    if is_range(rest) {
        return Reading::fault("value.range");
    }
    let is_remarked = rest.starts_with(['(', '[']);
    if !(rest.is_empty() || is_remarked) {
        return Reading::fault("value.not_an_area");
    }
    of_unit(number.number * factor, own, column_unit)
        .warn_if(is_about || is_about_more || is_about_after, "value.approximate")
        .note_if(!number.is_plain || is_remarked, "value.number_rewritten")
}

fn strip_about(text: &str) -> (&str, bool) {
    let stripped = text.trim_start_matches(['约', '大', '近', '为', '共', '计', '合', '总', '占', '地', '面', '积', ':', '≈', '~', ' ']);
    (stripped, text[..text.len() - stripped.len()].contains(['约', '近', '≈', '~']))
}

fn strip_more(text: &str) -> (&str, bool) {
    for word in ["左右", "上下", "以上", "多", "余"] {
        if let Some(rest) = text.strip_prefix(word) {
            return (rest.trim_start(), true);
        }
    }
    (text, false)
}

/// Whether a second number follows a sign of range.
fn is_range(rest: &str) -> bool {
    let Some(after) = rest.strip_prefix(['-', '~', '至', '到', '—', '–', '～', '〜']) else { return false };
    leading(after.trim_start_matches(['-', '—', ' '])).is_some()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    fn read(text: &str) -> Reading<Area> {
        area(&ValueView::Text(text.into()), None)
    }

    #[test]
    fn areas_are_read_in_every_unit() {
        let mu = 10_000.0 / 15.0;
        let cases = [
            ("1200㎡", 1200.0),
            ("1200 m2", 1200.0),
            ("1,200平方米", 1200.0),
            ("１２００平米", 1200.0),
            ("0.5公顷", 5000.0),
            ("0.5hm²", 5000.0),
            ("0.5 HA", 5000.0),
            ("3亩", 3.0 * mu),
            ("三亩", 3.0 * mu),
            ("约3.2亩", 3.2 * mu),
            ("三点二亩左右", 3.2 * mu),
            ("1.5平方公里", 1.5e6),
            ("1.5km²", 1.5e6),
            ("2公亩", 200.0),
            ("1.2万平方米", 12_000.0),
            ("3亩(2000平方米)", 3.0 * mu),
            ("占地面积约20余亩", 20.0 * mu),
        ];
        for (text, m2) in cases {
            let got = read(text).value.unwrap_or_else(|| panic!("{text}")).m2;
            assert!((got - m2).abs() < 1e-6, "{text}: {got}");
        }
    }

    #[test]
    fn what_is_not_sure_is_said() {
        let code = |text: &str| read(text).findings.iter().map(|finding| finding.code).collect::<Vec<_>>();
        assert_eq!(code("1200平方米"), [""; 0]);
        assert_eq!(code("3-5亩"), ["value.range"]);
        assert_eq!(code("3亩至5亩"), ["value.range"]);
        assert_eq!(code("1200"), ["value.unit_assumed"]);
        assert_eq!(code("约3亩"), ["value.unit_converted", "value.approximate"]);
        assert_eq!(code("20m×30m"), ["value.not_an_area"]);
        assert_eq!(code("-5亩"), ["value.area_out_of_range"]);
        assert_eq!(code("99999999平方公里"), ["value.area_out_of_range"]);
        assert_eq!(code("/"), ["value.dash_as_empty"]);
        assert_eq!(code("较大"), ["value.not_an_area"]);
    }

    #[test]
    fn the_unit_of_the_heading_counts_where_the_cell_names_none() {
        let number = area(&ValueView::Number(3.0), Some(AreaUnit::Hectare));
        assert_eq!(number.value.unwrap().m2, 30_000.0);
        let text = area(&ValueView::Text("3亩".into()), Some(AreaUnit::Hectare));
        assert_eq!(text.value.unwrap().unit, AreaUnit::Mu);
        assert!(text.findings.contains("value.unit_differs_from_heading"));
    }

    proptest::proptest! {
        #[test]
        fn a_written_area_is_read_back(m2 in 0.0f64..1e10) {
            let written = format!("{m2}平方米");
            proptest::prop_assert_eq!(read(&written).value.map(|area| area.m2), Some(m2));
        }

        #[test]
        fn arbitrary_text_never_panics(text in "\\PC{0,30}|[0-9约亩公顷平方米万.()（）~-]{0,20}") {
            let _ = read(&text);
        }
    }
}
