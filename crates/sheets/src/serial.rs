//! Serial numbers of days, and which number formats show them as dates.

use std::borrow::Cow;

use jiff::civil::{Date, DateTime, Time, date};
use jiff::{SignedDuration, ToSpan};

use crate::row::ValueView;

/// How a number format shows a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    Plain,
    /// A date, a date with time, or a time of day.
    Moment,
    /// Hours (or minutes, seconds) that run on: `[h]:mm`.
    Duration,
}

/// The first serial number after the last day office programs know, 9999-12-31.
const SERIAL_END: f64 = 2_958_466.0;
const MILLIS_PER_DAY: f64 = 86_400_000.0;

/// A serial number as a date, or as the text of a time of day when it has no day; a plain number when it is neither.
pub(crate) fn date_or_time(serial: f64, is_1904: bool) -> ValueView<'static> {
    if (0.0..1.0).contains(&serial) && (serial > 0.0 || !is_1904) {
        return time_of_day(serial).map_or(ValueView::Number(serial), |time| ValueView::Text(Cow::Owned(time.to_string())));
    }
    moment(serial, is_1904).map_or(ValueView::Number(serial), ValueView::Date)
}

/// The date and time of a serial number; none for the day Excel invented (1900-02-29) and outside the calendar.
pub fn moment(serial: f64, is_1904: bool) -> Option<DateTime> {
    if !(0.0..SERIAL_END).contains(&serial) {
        return None;
    }
    let mut day = serial.floor();
    let mut millis = ((serial - day) * MILLIS_PER_DAY).round();
    if millis >= MILLIS_PER_DAY {
        day += 1.0;
        millis = 0.0;
    }
    let on = day_of(day as i64, is_1904)?;
    if millis == 0.0 {
        return Some(on.to_datetime(Time::midnight()));
    }
    on.to_datetime(Time::midnight()).checked_add(SignedDuration::from_millis(millis as i64)).ok()
}

fn day_of(day: i64, is_1904: bool) -> Option<Date> {
    let epoch = match (is_1904, day) {
        (true, _) => date(1904, 1, 1),
        (false, 60) => return None,
        (false, ..60) => date(1899, 12, 31),
        (false, _) => date(1899, 12, 30),
    };
    epoch.checked_add(day.days()).ok()
}

fn time_of_day(serial: f64) -> Option<Time> {
    let seconds = (serial * 86_400.0).round() as i64;
    Time::midnight().checked_add(SignedDuration::from_secs(seconds.min(86_399))).ok()
}

/// Hours, minutes and seconds of a serial number shown as a duration.
pub(crate) fn duration_text(serial: f64) -> String {
    let seconds = (serial.abs() * 86_400.0).round() as u64;
    let sign = if serial < 0.0 { "-" } else { "" };
    format!("{sign}{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// How the number formats known to every office program (ECMA-376 part 1, 18.8.30) show a number.
/// Numbers 27 to 36 and 50 to 58 are dates and times in Chinese, Japanese and Korean programs.
pub(crate) fn built_in_format(id: u32) -> Shown {
    match id {
        14..=22 | 27..=36 | 45 | 47 | 50..=58 => Shown::Moment,
        46 => Shown::Duration,
        _ => Shown::Plain,
    }
}

/// How a format code shows a positive number: only its first section counts.
pub(crate) fn format_code(code: &str) -> Shown {
    let lower = code.to_ascii_lowercase();
    if lower.starts_with("general") || lower.starts_with("g/") {
        return Shown::Plain;
    }
    let mut chars = lower.chars();
    while let Some(char) = chars.next() {
        match char {
            '"' => drop(chars.by_ref().find(|&c| c == '"')),
            '\\' | '_' | '*' => drop(chars.next()),
            '[' => {
                let inside: String = chars.by_ref().take_while(|&c| c != ']').collect();
                if is_running_unit(&inside) {
                    return Shown::Duration;
                }
            }
            ';' => return Shown::Plain,
            'y' | 'm' | 'd' | 'h' | 's' => return Shown::Moment,
            _ => {}
        }
    }
    Shown::Plain
}

fn is_running_unit(inside: &str) -> bool {
    ["h", "m", "s"].iter().any(|unit| !inside.is_empty() && inside.trim_matches(|c| unit.starts_with(c)).is_empty())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    #[test]
    fn both_date_systems_meet_at_the_same_day() {
        assert_eq!(moment(43_696.0, false).unwrap().date(), date(2019, 8, 19));
        assert_eq!(moment(43_696.0 - 1462.0, true).unwrap().date(), date(2019, 8, 19));
        assert_eq!(moment(1.0, false).unwrap().date(), date(1900, 1, 1));
        assert_eq!(moment(59.0, false).unwrap().date(), date(1900, 2, 28));
        assert_eq!(moment(61.0, false).unwrap().date(), date(1900, 3, 1));
        assert_eq!(moment(0.0, true).unwrap().date(), date(1904, 1, 1));
    }

    #[test]
    fn the_day_excel_invented_is_no_date() {
        assert_eq!(moment(60.0, false), None);
        assert_eq!(date_or_time(60.0, false), ValueView::Number(60.0));
    }

    #[test]
    fn times_are_rounded_and_carried_into_the_next_day() {
        assert_eq!(moment(43_696.5, false).unwrap().to_string(), "2019-08-19T12:00:00");
        assert_eq!(moment(43_696.999_999_999_9, false).unwrap().to_string(), "2019-08-20T00:00:00");
        assert_eq!(date_or_time(0.354_166_666_7, false), ValueView::Text("08:30:00".into()));
        assert_eq!(duration_text(1.25), "30:00:00");
    }

    #[test]
    fn numbers_outside_the_calendar_stay_numbers() {
        for number in [-1.0, 2_958_466.0, 1e300, f64::NAN, f64::INFINITY] {
            assert_eq!(moment(number, false), None, "{number}");
        }
    }

    #[test]
    fn format_codes_tell_dates_from_numbers() {
        let cases = [
            ("General", Shown::Plain),
            ("G/通用格式", Shown::Plain),
            ("0.00E+00", Shown::Plain),
            ("#,##0.00\\ \"days\"", Shown::Plain),
            ("[Red]0;[Blue]d", Shown::Plain),
            ("@", Shown::Plain),
            ("yyyy\"年\"m\"月\"d\"日\";@", Shown::Moment),
            ("[$-804]aaaa;@", Shown::Plain),
            ("[DBNum1][$-804]yyyy\"年\"m\"月\"", Shown::Moment),
            ("h:mm AM/PM", Shown::Moment),
            ("[h]:mm:ss", Shown::Duration),
            ("[mm]:ss", Shown::Duration),
            ("0.0_d", Shown::Plain),
        ];
        for (code, shown) in cases {
            assert_eq!(format_code(code), shown, "{code}");
        }
    }
}
