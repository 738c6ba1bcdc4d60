//! The faults people make in cells, each planted on purpose and noted on the desk.

use super::claims::Claim;
use super::desk::{Desk, Spot};
use super::notation::{Day, Style, area_text};
use super::plane::{Point, area_mu, moved};
use super::sheet::Cell;

/// Fault by the number of the row in its list, counted from zero.
pub(crate) type Plan = &'static [(usize, &'static str)];

/// The fault planned for a row.
pub(crate) fn planned(plan: Plan, row: usize) -> Option<&'static str> {
    plan.iter()
        .find(|(at, _)| *at == row)
        .map(|(_, kind)| *kind)
}

/// Longitude and latitude in two cells, with a fault if one is planned. A fault that loses the
/// position leaves the claim without one.
pub(crate) fn pair(
    desk: &mut Desk,
    (spot, column): (&Spot, usize),
    claim: &mut Claim<'_>,
    style: Style,
    fault: Option<&'static str>,
) -> [Cell; 2] {
    let point = claim.point.unwrap_or_default();
    let [lon, lat] = style.pair(point);
    let (cells, keeps_position) = match fault {
        None => return [cell(style, lon), cell(style, lat)],
        Some("coordinate.missing") => ([String::new(), String::new()], false),
        Some("coordinate.zero") => (["0".to_owned(), "0".to_owned()], false),
        Some("coordinate.rounded") => (point.map(|degrees| format!("{degrees:.2}")), false),
        Some("coordinate.out_of_reserve") => (style.pair(astray(point)), false),
        Some("coordinate.swapped") => ([lat, lon], true),
        Some("coordinate.full_width") => (Style::FullWidth.pair(point), true),
        Some("coordinate.no_decimal_point") => {
            (point.map(|degrees| format!("{:.0}", degrees * 1e6)), false)
        }
        Some(_) => (Style::Spaces.pair(point), true),
    };
    if !keeps_position {
        claim.point = None;
    }
    let kind = fault.unwrap_or_default();
    desk.dirt(spot, Some(column), kind, cells.join("，"));
    cells.map(Cell::from)
}

/// Forty kilometres to the east.
fn astray(point: Point) -> Point {
    moved(point, 40_000.0, 3_000.0)
}

/// Plain degrees are numbers in a sheet, everything else is text.
fn cell(style: Style, text: String) -> Cell {
    match text.parse::<f64>() {
        Ok(number) if style == Style::Decimal => Cell::Number(number),
        _ => Cell::Text(text),
    }
}

/// An area under a heading with a unit, with a fault if one is planned.
pub(crate) fn area(
    desk: &mut Desk,
    (spot, column): (&Spot, usize),
    area_m2: f64,
    heading_unit: &'static str,
    fault: Option<&'static str>,
) -> Cell {
    let number = match heading_unit {
        "亩" => (area_mu(area_m2) * 100.0).round() / 100.0,
        "公顷" => area_m2.round() / 1e4,
        "km²" => area_m2.round() / 1e6,
        _ => area_m2.round(),
    };
    let Some(fault) = fault else {
        return Cell::Number(number);
    };
    let text = match fault {
        "area.approximate" => area_text(area_m2, "约亩"),
        "area.full_width" => area_text(area_m2, "全角亩"),
        "area.unit_in_cell" => area_text(area_m2, if heading_unit == "㎡" { "亩" } else { "㎡" }),
        "area.square_kilometres" => area_text(area_m2, "km²"),
        "area.hectares" => area_text(area_m2, "公顷"),
        "area.range" => {
            let mu = area_mu(area_m2);
            format!("{:.0}-{:.0}亩", mu.floor(), (mu * 1.2).ceil())
        }
        "area.missing" => String::new(),
        "area.words" => "不详".to_owned(),
        _ => format!("{number}"),
    };
    desk.dirt(spot, Some(column), fault, text.clone());
    Cell::from(text)
}

/// A day in one of the ways offices write it; anything but a whole day in the sheet's own format
/// is noted.
pub(crate) fn day(
    desk: &mut Desk,
    (spot, column): (&Spot, usize),
    day: Day,
    manner: usize,
) -> Cell {
    let (kind, text) = match manner % 8 {
        0 if day.is_exact() => return Cell::from(day),
        1 => ("date.dotted", day.separated(".")),
        2 => ("date.chinese", day.chinese()),
        3 => ("date.numerals", day.numerals()),
        4 => ("date.year_only", format!("{}", day.year)),
        5 if day.is_exact() => ("date.compact", day.compact()),
        6 => ("date.slashed", day.separated("/")),
        7 => ("date.vague", format!("{}年前后", day.year)),
        _ => ("date.chinese", day.chinese()),
    };
    desk.dirt(spot, Some(column), kind, text.clone());
    // A bare year sits in the sheet as a number, as people type it.
    text.parse::<f64>()
        .ok()
        .filter(|_| kind == "date.year_only")
        .map_or(Cell::Text(text), Cell::Number)
}

/// Yes or no as people tick it.
pub(crate) fn yes_no(
    desk: &mut Desk,
    (spot, column): (&Spot, usize),
    answer: &str,
    manner: usize,
) -> Cell {
    let variants = match answer {
        "是" => ["是", "有", "√", "Y", "存在", "是 "],
        "否" => ["否", "无", "×", "N", "不存在", "没有"],
        _ => ["待定", "待定", "？", "待核实", "待定", ""],
    };
    let text = variants[manner % 6];
    if text != answer {
        desk.dirt(spot, Some(column), "yes_no.variant", text);
    }
    Cell::from(text)
}

/// The township as this source writes it, noted where that is not its name.
pub(crate) fn township(desk: &mut Desk, (spot, column): (&Spot, usize), claim: &Claim<'_>) -> Cell {
    let is_variant = claim
        .site
        .is_some_and(|site| site.township != claim.township);
    if is_variant {
        desk.dirt(
            spot,
            Some(column),
            "township.variant",
            claim.township.clone(),
        );
    }
    Cell::from(&claim.township)
}

/// Code of a township; as a number where the spreadsheet took it for one.
pub(crate) fn division(
    desk: &mut Desk,
    (spot, column): (&Spot, usize),
    code: &str,
    is_number: bool,
) -> Cell {
    match code.parse::<f64>() {
        Ok(number) if is_number => {
            desk.dirt(spot, Some(column), "code.is_number", code);
            Cell::Number(number)
        }
        _ => Cell::from(code),
    }
}
