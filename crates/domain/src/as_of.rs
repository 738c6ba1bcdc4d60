//! 截至 — the day or log position a view is drawn for.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;

use crate::dossier::civil_day;
use crate::entry::RecordedEntry;

/// 截至 — everything known now; what had happened by the end of a day; or what the log held at a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AsOf {
    #[default]
    Now,
    /// Entries whose claimed time falls on or before this day (Asia/Shanghai).
    Day(Date),
    /// Entries with `seq` below this log size, whatever day they claim.
    LogSize(u64),
}

impl AsOf {
    /// Whether a view drawn for this sees the entry.
    pub fn sees(&self, entry: &RecordedEntry) -> bool {
        match self {
            Self::Now => true,
            Self::Day(day) => civil_day(entry.claimed_at()) <= *day,
            Self::LogSize(size) => entry.seq < *size,
        }
    }
}

impl fmt::Display for AsOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now => f.write_str("now"),
            Self::Day(day) => day.fmt(f),
            Self::LogSize(size) => write!(f, "@{size}"),
        }
    }
}

/// 截至写法有误 — neither `now`, a day `YYYY-MM-DD`, nor a log size `@N`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("neither `now`, a day YYYY-MM-DD, nor a log size @N: {0:?}")]
pub struct NotAnAsOf(pub String);

impl FromStr for AsOf {
    type Err = NotAnAsOf;

    fn from_str(text: &str) -> Result<Self, NotAnAsOf> {
        let wrong = || NotAnAsOf(text.to_owned());
        match text.strip_prefix('@') {
            Some(size) => size.parse().map(Self::LogSize).ok().ok_or_else(wrong),
            None if text == "now" => Ok(Self::Now),
            None => text.parse().map(Self::Day).ok().ok_or_else(wrong),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_drawn_for_now_a_day_or_a_log_size() {
        for text in ["now", "2019-08-18", "@412"] {
            assert_eq!(text.parse::<AsOf>().unwrap().to_string(), text);
        }
        assert!("2019-8-18".parse::<AsOf>().is_err());
        assert!("@-1".parse::<AsOf>().is_err());
    }
}
