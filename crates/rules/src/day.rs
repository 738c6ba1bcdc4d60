//! Days as numbers that compare, and spans of days for a month or a year.

use jiff::civil::Date;

/// 日 — a civil day, packed so that comparing is one instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day(i32);

impl Day {
    /// `YYYY-MM-DD` and nothing else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let b = text.as_bytes();
        let is_written_out = b.len() == 10 && b[4] == b'-' && b[7] == b'-';
        let has_digits = b
            .iter()
            .enumerate()
            .all(|(i, c)| matches!(i, 4 | 7) || c.is_ascii_digit());
        (is_written_out && has_digits)
            .then(|| text.parse::<Date>().ok())
            .flatten()
            .map(Self::from)
    }

    /// As a number such as 20190818.
    pub(crate) fn number(self) -> i32 {
        self.0
    }

    /// As a civil date.
    pub(crate) fn date(self) -> Option<Date> {
        Date::new(self.year(), self.month(), self.day()).ok()
    }

    /// The same day two years on; the last of February where there is none.
    pub(crate) fn plus_years(self, years: i16) -> Self {
        let later = |date: Date| date.checked_add(jiff::Span::new().years(years)).ok();
        self.date().and_then(later).map_or(self, Self::from)
    }

    fn year(self) -> i16 {
        i16::try_from(self.0 / 10_000).unwrap_or(0)
    }

    fn month(self) -> i8 {
        i8::try_from(self.0 / 100 % 100).unwrap_or(0)
    }

    fn day(self) -> i8 {
        i8::try_from(self.0 % 100).unwrap_or(0)
    }
}

impl From<Date> for Day {
    fn from(date: Date) -> Self {
        Self(
            i32::from(date.year()) * 10_000 + i32::from(date.month()) * 100 + i32::from(date.day()),
        )
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:04}-{:02}-{:02}",
            self.year(),
            self.month(),
            self.day()
        )
    }
}

/// 时段 — first and last day of what was said: a day, a month or a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) first: Day,
    pub(crate) last: Day,
}

impl Span {
    /// `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let first = match text.len() {
            4 => format!("{text}-01-01"),
            7 => format!("{text}-01"),
            _ => text.to_owned(),
        };
        let first = Day::parse(&first)?;
        let date = first.date()?;
        let last = match text.len() {
            4 => date.last_of_year(),
            7 => date.last_of_month(),
            _ => date,
        };
        Some(Self {
            first,
            last: Day::from(last),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_month_spans_its_days_and_only_iso_days_are_read() {
        let span = Span::parse("2020-02").unwrap();
        assert_eq!(
            (span.first.to_string(), span.last.to_string()),
            ("2020-02-01".into(), "2020-02-29".into())
        );
        for text in [
            "2019-13",
            "19-01-01",
            "2019-1-01",
            "2019-02-30",
            "",
            "20190818",
            "2019-08-18T00",
            "+019-01-01",
        ] {
            assert_eq!(Span::parse(text), None, "{text}");
        }
    }

    #[test]
    fn two_years_after_a_leap_day_is_the_last_of_february() {
        assert_eq!(
            Day::parse("2020-02-29").unwrap().plus_years(2).to_string(),
            "2022-02-28"
        );
    }
}
