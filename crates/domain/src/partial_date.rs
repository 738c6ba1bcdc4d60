//! 不完整日期 — a date known to the year, the month or the day.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// 精度 — how exactly a date is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DatePrecision {
    Year,
    Month,
    Day,
}

/// 不完整日期 — first day of the span and how exactly it is known; written `2019`, `2019-08` or `2019-08-03`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartialDate {
    /// First day the date can mean.
    pub first: Date,
    pub precision: DatePrecision,
}

impl PartialDate {
    /// A date known to the day.
    pub fn day(first: Date) -> Self {
        Self {
            first,
            precision: DatePrecision::Day,
        }
    }

    /// Last day the date can mean.
    pub fn last(&self) -> Date {
        match self.precision {
            DatePrecision::Day => self.first,
            DatePrecision::Month => self.first.last_of_month(),
            DatePrecision::Year => self.first.last_of_year(),
        }
    }

    /// Whether the date is before `day`; `None` where the day falls inside the span (rule E6 of the tables).
    pub fn is_before(&self, day: Date) -> Option<bool> {
        match (self.last() < day, self.first >= day) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        }
    }
}

impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let d = self.first;
        match self.precision {
            DatePrecision::Year => write!(f, "{:04}", d.year()),
            DatePrecision::Month => write!(f, "{:04}-{:02}", d.year(), d.month()),
            DatePrecision::Day => write!(f, "{d}"),
        }
    }
}

/// 日期写法有误 — the text is not `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a date of the form YYYY, YYYY-MM or YYYY-MM-DD: {0:?}")]
pub struct NotADate(pub String);

impl FromStr for PartialDate {
    type Err = NotADate;

    fn from_str(text: &str) -> Result<Self, NotADate> {
        let wrong = || NotADate(text.to_owned());
        let number = |part: &str| {
            part.parse::<i16>()
                .ok()
                .filter(|_| part.bytes().all(|b| b.is_ascii_digit()))
        };
        let parts: Vec<i16> = text
            .split('-')
            .map(number)
            .collect::<Option<_>>()
            .ok_or_else(wrong)?;
        let (year, month, day, precision) = match parts[..] {
            [y] => (y, 1, 1, DatePrecision::Year),
            [y, m] => (y, m, 1, DatePrecision::Month),
            [y, m, d] => (y, m, d, DatePrecision::Day),
            _ => return Err(wrong()),
        };
        let small = |n: i16| i8::try_from(n).ok();
        let first = small(month)
            .zip(small(day))
            .and_then(|(m, d)| Date::new(year, m, d).ok())
            .filter(|_| text.len() >= 4)
            .ok_or_else(wrong)?;
        Ok(Self { first, precision })
    }
}

impl Serialize for PartialDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PartialDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_year_is_neither_before_nor_after_a_day_inside_it() {
        let year: PartialDate = "2003".parse().unwrap();
        assert_eq!(year.is_before("2003-09-01".parse().unwrap()), None);
        assert_eq!(year.is_before("2004-01-01".parse().unwrap()), Some(true));
        assert_eq!(year.is_before("2003-01-01".parse().unwrap()), Some(false));
    }

    #[test]
    fn dates_are_written_as_exactly_as_they_are_known() {
        for text in ["2019", "2019-08", "2019-08-03"] {
            assert_eq!(text.parse::<PartialDate>().unwrap().to_string(), text);
        }
        for wrong in [
            "",
            "19",
            "2019-13",
            "2019-02-30",
            "2019-8-3-1",
            "20190803x",
            "+2019",
            "2019年",
        ] {
            assert!(wrong.parse::<PartialDate>().is_err(), "{wrong}");
        }
    }
}
