//! 日期 — dates in every writing, with the precision they were given in.

use std::fmt;

use jiff::civil;
use serde::{Deserialize, Serialize};

use super::number::{chinese_digit, is_dash, trimmed};
use super::{Reading, is_blank_char};
use crate::row::ValueView;
use crate::serial;

/// 精度 — how exactly a date is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    Year,
    Month,
    Day,
}

/// 日期 — a day, or the first day of the month or year that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Date {
    pub date: civil::Date,
    pub precision: Precision,
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.precision {
            Precision::Year => write!(f, "{:04}", self.date.year()),
            Precision::Month => write!(f, "{:04}-{:02}", self.date.year(), self.date.month()),
            Precision::Day => write!(f, "{}", self.date),
        }
    }
}

const YEARS: std::ops::RangeInclusive<i64> = 1900..=2100;
/// Serial numbers of 1954 to 2064: a number in a date column that is no year is one of these.
const SERIALS: std::ops::RangeInclusive<i64> = 20_000..=60_000;

/// A date from a date cell, a number or a text.
pub fn date(value: &ValueView<'_>) -> Reading<Date> {
    match value {
        ValueView::Empty => Reading::absent(),
        ValueView::Date(at) => Reading::plain(Date {
            date: at.date(),
            precision: Precision::Day,
        }),
        ValueView::Number(number) => date_number(*number),
        ValueView::Text(text) => date_text(text),
        ValueView::Error(_) => Reading::fault("value.error_cell"),
        ValueView::Bool(_) => Reading::fault("value.not_a_date"),
    }
}

/// A number in a date column: `20190803`, `201908`, `2019`, `2019.8`, or a serial number whose style was lost.
fn date_number(number: f64) -> Reading<Date> {
    if !(0.0..1e9).contains(&number) {
        return Reading::fault("value.not_a_date");
    }
    let whole = number as i64;
    if number.fract() == 0.0 {
        return digits(whole);
    }
    if YEARS.contains(&whole) {
        let hundredths = ((number - whole as f64) * 100.0).round() as i64;
        return year_and_fraction(whole, hundredths);
    }
    match SERIALS
        .contains(&whole)
        .then(|| serial::moment(number, false))
        .flatten()
    {
        Some(at) => Reading::plain(Date {
            date: at.date(),
            precision: Precision::Day,
        })
        .note("value.date_from_serial"),
        None => Reading::fault("value.not_a_date"),
    }
}

/// `2019.8` is August; `2019.1` may be January, or October that lost its zero.
fn year_and_fraction(year: i64, hundredths: i64) -> Reading<Date> {
    let month = if hundredths % 10 == 0 {
        hundredths / 10
    } else {
        hundredths
    };
    of_parts(year, Some(month), None).warn_if(hundredths == 10, "value.date_ambiguous")
}

/// Digits without any separator.
fn digits(number: i64) -> Reading<Date> {
    match number {
        19_000_101..=21_001_231 => of_parts(
            number / 10_000,
            Some(number / 100 % 100),
            Some(number % 100),
        )
        .note("value.date_rewritten"),
        190_001..=210_012 => of_parts(number / 100, Some(number % 100), None),
        _ if YEARS.contains(&number) => of_parts(number, None, None),
        _ if SERIALS.contains(&number) => match serial::moment(number as f64, false) {
            Some(at) => Reading::plain(Date {
                date: at.date(),
                precision: Precision::Day,
            })
            .note("value.date_from_serial"),
            None => Reading::fault("value.not_a_date"),
        },
        _ => Reading::fault("value.not_a_date"),
    }
}

fn of_parts(year: i64, month: Option<i64>, day: Option<i64>) -> Reading<Date> {
    if !YEARS.contains(&year) {
        return Reading::fault("value.not_a_date");
    }
    let part = |part: Option<i64>| i8::try_from(part.unwrap_or(1)).unwrap_or(-1);
    let precision = match (month, day) {
        (Some(_), Some(_)) => Precision::Day,
        (Some(_), None) => Precision::Month,
        (None, _) => Precision::Year,
    };
    match civil::Date::new(year as i16, part(month), part(day)) {
        Ok(date) => Reading::plain(Date { date, precision })
            .note_if(precision != Precision::Day, "value.date_partial"),
        Err(_) => Reading::fault("value.date_impossible"),
    }
}

/// The number groups of a date text and what stands around them.
#[derive(Default)]
struct Parts<'a> {
    groups: [i64; 3],
    lengths: [usize; 3],
    count: usize,
    /// First sign after the first group.
    separator: char,
    rest: &'a str,
}

fn date_text(text: &str) -> Reading<Date> {
    let folded = trimmed(text);
    if folded.is_empty() {
        return Reading::absent();
    }
    if is_dash(&folded) {
        return Reading::absent().note("value.dash_as_empty");
    }
    if is_unknown(&folded) {
        return Reading::absent().warn("value.date_unknown");
    }
    let western = if folded.contains(|char| chinese_digit(char).is_some() || char == '十') {
        to_western(&folded)
    } else {
        folded.clone().into_owned()
    };
    let (start, is_about) = match western.strip_prefix(['约', '近']) {
        Some(rest) => (rest, true),
        None => (western.as_str(), false),
    };
    let Some(parts) = parts(start) else {
        return Reading::fault("value.not_a_date");
    };
    understand(&parts)
        .warn_if(is_about, "value.approximate")
        .note_if(
            western != *folded || folded.len() != text.len(),
            "value.date_rewritten",
        )
}

fn is_unknown(text: &str) -> bool {
    [
        "不详",
        "不明",
        "未知",
        "不清",
        "无",
        "待查",
        "待核实",
        "时间不详",
    ]
    .contains(&text)
}

/// Chinese digits and tens as western digits: `二〇一九年十二月三十日` → `2019年12月30日`.
fn to_western(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    for (at, &char) in chars.iter().enumerate() {
        let neighbour = |at: Option<usize>| {
            at.and_then(|at| chars.get(at))
                .and_then(|&char| chinese_digit(char))
        };
        match (char, chinese_digit(char)) {
            ('十', _) => {
                if neighbour(at.checked_sub(1)).is_none() {
                    out.push('1');
                }
                if neighbour(Some(at + 1)).is_none() {
                    out.push('0');
                }
            }
            (_, Some(digit)) => out.push((b'0' + digit) as char),
            _ => out.push(char),
        }
    }
    out
}

/// Up to three groups of digits with the separators of dates between them.
fn parts(text: &str) -> Option<Parts<'_>> {
    let mut parts = Parts::default();
    let mut rest = text;
    while parts.count < 3 {
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        if length == 0 || length > 8 {
            break;
        }
        parts.groups[parts.count] = rest[..length].parse().ok()?;
        parts.lengths[parts.count] = length;
        parts.count += 1;
        rest = &rest[length..];
        let unblanked = rest.trim_start_matches(is_blank_char);
        if unblanked.chars().next().is_some_and(is_separator) {
            rest = unblanked;
        }
        let Some(separator) = rest.chars().next().filter(|&char| is_separator(char)) else {
            break;
        };
        if parts.count == 1 {
            parts.separator = separator;
        }
        let is_last = matches!(separator, '日' | '号');
        let after = rest[separator.len_utf8()..].trim_start_matches(is_blank_char);
        if is_last {
            rest = after;
            break;
        }
        if !after.starts_with(|char: char| char.is_ascii_digit()) {
            rest = if matches!(separator, '年' | '月') {
                after
            } else {
                rest
            };
            break;
        }
        rest = after;
    }
    parts.rest = rest;
    (parts.count > 0).then_some(parts)
}

fn is_separator(char: char) -> bool {
    matches!(
        char,
        '-' | '.' | '/' | '年' | '月' | '日' | '号' | '、' | '。' | ' ' | '—' | '–' | '\\'
    )
}

fn understand(parts: &Parts<'_>) -> Reading<Date> {
    let [first, second, third] = parts.groups;
    let rest = parts.rest;
    if parts.count == 1 && parts.separator == '\0' && parts.lengths[0] != 2 && rest.is_empty() {
        return digits(first);
    }
    if is_range(parts) {
        return Reading::fault("value.range");
    }
    if parts.count == 3 && parts.lengths[2] == 4 {
        return year_last(first, second, third);
    }
    let is_short = parts.lengths[0] == 2 && (parts.count > 1 || parts.separator == '年');
    if rest.starts_with("代") || (is_short && rest.starts_with("年代")) || rest.starts_with("世纪")
    {
        return Reading::fault("value.date_decade");
    }
    let year = match (is_short, first) {
        (true, 50..) => first + 1900,
        (true, _) => first + 2000,
        (false, _) => first,
    };
    let month = (parts.count > 1).then_some(second);
    let day = (parts.count > 2).then_some(third);
    with_rest(year, month, day, rest).warn_if(is_short, "value.date_short_year")
}

/// Two years joined, or a second date behind a sign of range.
fn is_range(parts: &Parts<'_>) -> bool {
    let is_second_year =
        parts.count > 1 && YEARS.contains(&parts.groups[1]) && parts.lengths[1] == 4;
    let after = parts.rest.trim_start_matches(is_blank_char);
    let is_joined = after
        .strip_prefix(['-', '~', '至', '到', '—', '–'])
        .is_some_and(|after| {
            after
                .trim_start_matches(['-', '—', ' '])
                .starts_with(|c: char| c.is_ascii_digit())
        });
    is_second_year || is_joined
}

/// Day and month before the year: taken when only one order is possible.
fn year_last(first: i64, second: i64, year: i64) -> Reading<Date> {
    match (first > 12, second > 12) {
        (true, false) => of_parts(year, Some(second), Some(first)).warn("value.date_order"),
        (false, true) => of_parts(year, Some(first), Some(second)).warn("value.date_order"),
        _ if first == second => of_parts(year, Some(first), Some(second)).warn("value.date_order"),
        _ => Reading::fault("value.date_ambiguous"),
    }
}

/// Words behind the numbers: a time of day is dropped, vague words lower the precision.
fn with_rest(year: i64, month: Option<i64>, day: Option<i64>, rest: &str) -> Reading<Date> {
    let rest = rest
        .trim_matches(is_blank_char)
        .trim_start_matches(['年', '月', '份', '.', '-', '/']);
    let plain = of_parts(year, month, day);
    if rest.is_empty() || (day.is_some() && is_time(rest)) {
        return plain;
    }
    let is_year_only = month.is_none();
    match rest {
        "底" | "末" | "终" if is_year_only => {
            of_parts(year, Some(12), None).warn("value.date_vague")
        }
        "初" if is_year_only => of_parts(year, Some(1), None).warn("value.date_vague"),
        _ if is_vague(rest) => plain.warn("value.date_vague"),
        _ if rest.starts_with(['(', '建', '投', '开', '始', '竣', '完']) => {
            plain.note("value.date_rewritten")
        }
        _ => Reading::fault("value.not_a_date"),
    }
}

fn is_vague(rest: &str) -> bool {
    const WORDS: [&str; 23] = [
        "底",
        "末",
        "初",
        "中",
        "上旬",
        "中旬",
        "下旬",
        "上半年",
        "下半年",
        "春",
        "夏",
        "秋",
        "冬",
        "春季",
        "夏季",
        "秋季",
        "冬季",
        "左右",
        "前后",
        "以前",
        "之前",
        "前",
        "后",
    ];
    WORDS.contains(&rest)
}

fn is_time(rest: &str) -> bool {
    let rest = rest.trim_start_matches(['T', 't']);
    rest.starts_with(|char: char| char.is_ascii_digit())
        && rest.contains([':', '时', '点'])
        && rest.chars().all(|char| {
            char.is_ascii_digit()
                || matches!(
                    char,
                    ':' | '.' | '+' | '-' | 'Z' | 'z' | ' ' | '时' | '点' | '分' | '秒'
                )
        })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        let reading = date(&ValueView::Text(text.into()));
        let codes: Vec<_> = reading
            .findings
            .iter()
            .filter(|f| f.severity > spatial::diagnostic::Severity::Note)
            .map(|f| f.code.trim_start_matches("value."))
            .collect();
        format!(
            "{} {}",
            reading
                .value
                .map_or_else(|| "-".to_owned(), |date| date.to_string()),
            codes.join(" ")
        )
        .trim_end()
        .to_owned()
    }

    #[test]
    fn dates_are_read_in_every_writing() {
        let cases = [
            ("2019.8.3", "2019-08-03"),
            ("2019/8/3", "2019-08-03"),
            ("2019-08-03", "2019-08-03"),
            ("2019年8月3日", "2019-08-03"),
            ("2019 年 8 月 3 日", "2019-08-03"),
            ("２０１９年８月３号", "2019-08-03"),
            ("二〇一九年八月", "2019-08"),
            ("二○一九年八月三日", "2019-08-03"),
            ("二零一九年十二月三十一日", "2019-12-31"),
            ("二〇一九年十月二十日", "2019-10-20"),
            ("20190803", "2019-08-03"),
            ("201908", "2019-08"),
            ("2019-08", "2019-08"),
            ("2019.8", "2019-08"),
            ("2019年8月份", "2019-08"),
            ("2019", "2019"),
            ("2019年", "2019"),
            ("2019-08-03 10:30:00", "2019-08-03"),
            ("2019-08-03T10:30:00.000+08:00", "2019-08-03"),
            ("43680", "2019-08-03"),
            ("2018年底", "2018-12 date_vague"),
            ("2018年初", "2018-01 date_vague"),
            ("2018年上半年", "2018 date_vague"),
            ("2018年8月下旬", "2018-08 date_vague"),
            ("约2015年", "2015 approximate"),
            ("98年8月", "1998-08 date_short_year"),
            ("19.8.3", "2019-08-03 date_short_year"),
            ("31/8/2019", "2019-08-31 date_order"),
            ("3/8/2019", "- date_ambiguous"),
            ("2019-02-30", "- date_impossible"),
            ("2019年13月", "- date_impossible"),
            ("2015-2017", "- range"),
            ("2015年至2017年", "- range"),
            ("2015年8月-2017年9月", "- range"),
            ("90年代", "- date_decade"),
            ("1990年代", "- date_decade"),
            ("不详", "- date_unknown"),
            ("/", "-"),
            ("", "-"),
            ("建成", "- not_a_date"),
            ("2019年拆除", "- not_a_date"),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn numbers_in_a_date_column_are_years_months_days_or_serials() {
        let read = |number: f64| {
            date(&ValueView::Number(number))
                .value
                .map(|date| date.to_string())
        };
        assert_eq!(read(2019.0).unwrap(), "2019");
        assert_eq!(read(2019.8).unwrap(), "2019-08");
        assert_eq!(read(2019.12).unwrap(), "2019-12");
        assert_eq!(read(20_190_803.0).unwrap(), "2019-08-03");
        assert_eq!(read(43_680.0).unwrap(), "2019-08-03");
        assert_eq!(read(43_680.75).unwrap(), "2019-08-03");
        assert_eq!(read(-1.0), None);
        assert_eq!(read(f64::NAN), None);
        assert!(
            date(&ValueView::Number(2019.1))
                .findings
                .contains("value.date_ambiguous")
        );
    }

    proptest::proptest! {
        #[test]
        fn a_written_date_is_read_back(days in 0i64..70_000, precision in 0..3) {
            use jiff::ToSpan;
            let on = civil::date(1900, 1, 1).checked_add(days.days()).unwrap();
            let precision = [Precision::Year, Precision::Month, Precision::Day][precision as usize];
            let on = match precision {
                Precision::Year => civil::date(on.year(), 1, 1),
                Precision::Month => on.first_of_month(),
                Precision::Day => on,
            };
            let written = Date { date: on, precision };
            proptest::prop_assert_eq!(date(&ValueView::Text(written.to_string().into())).value, Some(written));
        }

        #[test]
        fn arbitrary_text_never_panics(text in "\\PC{0,30}|[0-9一二十年月日至./ -]{0,20}") {
            let _ = read(&text);
        }
    }
}
