//! 工作日历 — which days are worked, and how deadlines are counted.
//!
//! The counting rules are those of `domain.md` §7: a timer starts the day after the event; a public notice counts its
//! first day; a last day off moves only where the timer says that it rolls over. A year without a calendar is an
//! error, never a guess.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};
use spatial::diagnostic::Diagnostic;
use utoipa::ToSchema;

use crate::codes::Mark;
use crate::reading::{self, ReadError, place};

/// 放假通知 — the document a year's arrangement stands in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HolidayNotice {
    /// 文号, e.g. `国办发明电〔2018〕15号`.
    pub number: String,
    pub title: String,
    #[serde(default)]
    pub mark: Mark,
}

/// 放假调休 — one holiday: the days off from first to last, and the weekend days worked for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holiday {
    pub name: String,
    pub off_from: Date,
    pub off_to: Date,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub make_up: Vec<Date>,
    /// Number of the notice it follows.
    pub notice: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// 年度日历 — the arrangement of one calendar year, including the days of its December that belong to the next New Year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarYear {
    pub year: i16,
    pub notices: Vec<HolidayNotice>,
    pub holidays: Vec<Holiday>,
}

/// 无法计时 — why a deadline cannot be counted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// 该年没有日历
    #[error("no working-day calendar for {year}")]
    NoCalendar { year: i16 },
    #[error("the deadline lies outside the calendar of civil dates")]
    OutOfRange,
}

impl CalendarError {
    /// Stable code of the sentence people read.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoCalendar { .. } => "calendar.no_year",
            Self::OutOfRange => "calendar.out_of_range",
        }
    }
}

/// 期满遇休 — what happens when the last day is a day off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LastDay {
    /// The day stays.
    Stays,
    /// 顺延: it moves to the next working day.
    RollsOver,
}

/// 改动的日子 — a day on which two calendars disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangedDay {
    pub date: Date,
    pub was_worked: bool,
    pub is_worked: bool,
}

/// 工作日历 — all years that have been loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkingCalendar {
    years: BTreeMap<i16, CalendarYear>,
    off: BTreeSet<Date>,
    worked: BTreeSet<Date>,
}

impl WorkingCalendar {
    /// Reads year files, each `(file name, text)`.
    pub fn from_files<'a>(
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<(Self, Vec<Diagnostic>), ReadError> {
        let mut calendar = Self::default();
        let mut diagnostics = Vec::new();
        for (file, text) in files {
            let (year, found) = reading::read::<CalendarYear>(file, text, "calendar.unknown_key")?;
            diagnostics.extend(found);
            diagnostics.extend(calendar.add_year(file, year));
        }
        Ok((calendar, diagnostics))
    }

    /// Adds one year, replacing what stood for it. Faulty holidays are reported and left out.
    pub fn add_year(&mut self, file: &str, year: CalendarYear) -> Vec<Diagnostic> {
        let belongs = |d: &Date| d.year() == year.year;
        self.off.retain(|d| !belongs(d));
        self.worked.retain(|d| !belongs(d));
        let mut diagnostics = Vec::new();
        for (index, holiday) in year.holidays.iter().enumerate() {
            match fault(&year, holiday) {
                Some(code) => diagnostics.push(report(file, index, holiday, code)),
                None => self.take(holiday),
            }
        }
        self.years.insert(year.year, year);
        diagnostics
    }

    fn take(&mut self, holiday: &Holiday) {
        self.off.extend(days(holiday.off_from, holiday.off_to));
        self.worked.extend(&holiday.make_up);
    }

    /// Years loaded, in order.
    pub fn years(&self) -> impl Iterator<Item = &CalendarYear> {
        self.years.values()
    }

    /// Whether `date` is worked: not a holiday, and a weekday or a make-up day.
    pub fn is_working_day(&self, date: Date) -> Result<bool, CalendarError> {
        if !self.years.contains_key(&date.year()) {
            return Err(CalendarError::NoCalendar { year: date.year() });
        }
        let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        Ok(self.worked.contains(&date) || (!weekend && !self.off.contains(&date)))
    }

    /// The `count`-th working day after `event`; `count` 0 is the event's own day.
    pub fn add_working_days(&self, event: Date, count: u32) -> Result<Date, CalendarError> {
        let mut date = event;
        for _ in 0..count {
            date = self.next_working_day(date)?;
        }
        Ok(date)
    }

    /// The `count`-th calendar day after `event`.
    pub fn add_calendar_days(
        &self,
        event: Date,
        count: u32,
        last_day: LastDay,
    ) -> Result<Date, CalendarError> {
        let span = jiff::Span::new()
            .try_days(i64::from(count))
            .map_err(|_out_of_range| CalendarError::OutOfRange)?;
        let date = event
            .checked_add(span)
            .map_err(|_out_of_range| CalendarError::OutOfRange)?;
        match last_day {
            LastDay::Stays => Ok(date),
            LastDay::RollsOver => self.roll_over(date),
        }
    }

    /// Last day of a public notice of `count` working days that hangs out from `first`; the first day counts if it is
    /// worked. A notice of 0 days ends on its first day.
    pub fn public_notice_end(&self, first: Date, count: u32) -> Result<Date, CalendarError> {
        let counted = u32::from(self.is_working_day(first)?);
        self.add_working_days(first, count.saturating_sub(counted))
    }

    /// `date` itself if it is worked, else the next working day (顺延).
    pub fn roll_over(&self, date: Date) -> Result<Date, CalendarError> {
        if self.is_working_day(date)? {
            Ok(date)
        } else {
            self.next_working_day(date)
        }
    }

    /// The first working day after `date`.
    pub fn next_working_day(&self, date: Date) -> Result<Date, CalendarError> {
        let mut date = date;
        loop {
            // Ends: past the last loaded year `is_working_day` refuses.
            date = date
                .tomorrow()
                .map_err(|_last_day_of_time| CalendarError::OutOfRange)?;
            if self.is_working_day(date)? {
                return Ok(date);
            }
        }
    }

    /// Working days from the day after `from` up to and including `to`; 0 if `to` is not after `from`.
    pub fn working_days_between(&self, from: Date, to: Date) -> Result<u32, CalendarError> {
        let mut count = 0;
        let mut date = from;
        while date < to {
            date = date
                .tomorrow()
                .map_err(|_last_day_of_time| CalendarError::OutOfRange)?;
            count += u32::from(self.is_working_day(date)?);
        }
        Ok(count)
    }

    /// Days of years both calendars know on which they disagree, so that a changed arrangement can be shown.
    pub fn changed_days(&self, newer: &Self) -> Vec<ChangedDay> {
        let touched: BTreeSet<Date> = [&self.off, &self.worked, &newer.off, &newer.worked]
            .into_iter()
            .flatten()
            .copied()
            .collect();
        let compare = |date: Date| {
            let (was_worked, is_worked) = (
                self.is_working_day(date).ok()?,
                newer.is_working_day(date).ok()?,
            );
            (was_worked != is_worked).then_some(ChangedDay {
                date,
                was_worked,
                is_worked,
            })
        };
        touched.into_iter().filter_map(compare).collect()
    }
}

/// A holiday longer than this is a slip of the pen.
const LONGEST_HOLIDAY_DAYS: usize = 31;

fn days(from: Date, to: Date) -> impl Iterator<Item = Date> {
    from.series(jiff::Span::new().days(1))
        .take_while(move |d| *d <= to)
        .take(LONGEST_HOLIDAY_DAYS + 1)
}

fn fault(year: &CalendarYear, holiday: &Holiday) -> Option<&'static str> {
    let named = |d: &Date| d.year() == year.year;
    let weekend = |d: &Date| matches!(d.weekday(), Weekday::Saturday | Weekday::Sunday);
    let length = days(holiday.off_from, holiday.off_to).count();
    match holiday {
        h if h.off_to < h.off_from || length > LONGEST_HOLIDAY_DAYS => {
            Some("calendar.holiday_span")
        }
        h if !named(&h.off_from) || !named(&h.off_to) || !h.make_up.iter().all(named) => {
            Some("calendar.other_year")
        }
        h if !h.make_up.iter().all(weekend) => Some("calendar.make_up_not_weekend"),
        h if !year.notices.iter().any(|n| n.number == h.notice) => {
            Some("calendar.notice_not_listed")
        }
        _ => None,
    }
}

fn report(file: &str, index: usize, holiday: &Holiday, code: &'static str) -> Diagnostic {
    Diagnostic::error(code)
        .arg("name", &holiday.name)
        .arg("from", holiday.off_from)
        .arg("to", holiday.off_to)
        .arg("notice", &holiday.notice)
        .at(place(file, &format!("holidays.{index}")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;
    use crate::shipped;

    fn d(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn the_shipped_calendars_are_faultless_and_complete() {
        let (calendar, diagnostics) = shipped::calendar();
        assert_eq!(diagnostics, []);
        let years: Vec<i16> = calendar.years().map(|y| y.year).collect();
        assert_eq!(years, (2017..=2026).collect::<Vec<_>>());
    }

    /// Counts of an independent holiday table (PyPI chinesecalendar 1.11), not of ours.
    #[rstest]
    #[case(2017, 249)]
    #[case(2018, 250)]
    #[case(2019, 250)]
    #[case(2020, 249)]
    #[case(2021, 250)]
    #[case(2022, 249)]
    #[case(2023, 249)]
    #[case(2024, 251)]
    #[case(2025, 248)]
    #[case(2026, 248)]
    fn a_year_has_its_number_of_working_days(#[case] year: i16, #[case] expected: u32) {
        let calendar = shipped::calendar().0;
        let worked = days_of(year)
            .filter(|d| calendar.is_working_day(*d).unwrap())
            .count();
        assert_eq!(worked, expected as usize);
    }

    fn days_of(year: i16) -> impl Iterator<Item = Date> {
        date(year, 1, 1)
            .series(jiff::Span::new().days(1))
            .take_while(move |d| d.year() == year)
    }

    #[rstest]
    #[case::saturday_stays("2019-08-16", 15, LastDay::Stays, "2019-08-31")]
    #[case::saturday_rolls_over("2019-08-16", 15, LastDay::RollsOver, "2019-09-02")]
    #[case::sixty_days("2019-08-16", 60, LastDay::Stays, "2019-10-15")]
    #[case::sixty_and_thirty("2019-08-16", 90, LastDay::Stays, "2019-11-14")]
    #[case::national_day_stays("2019-09-18", 15, LastDay::Stays, "2019-10-03")]
    #[case::national_day_rolls_over("2019-09-18", 15, LastDay::RollsOver, "2019-10-08")]
    fn calendar_days_start_the_day_after_the_event(
        #[case] event: &str,
        #[case] count: u32,
        #[case] last_day: LastDay,
        #[case] expected: &str,
    ) {
        let calendar = shipped::calendar().0;
        assert_eq!(
            calendar.add_calendar_days(d(event), count, last_day),
            Ok(d(expected))
        );
    }

    #[rstest]
    #[case::national_day_2019("2019-09-27", 5, "2019-10-10")]
    #[case::spring_festival_2020("2020-01-15", 20, "2020-02-19")]
    #[case::none_is_the_day_itself("2019-10-01", 0, "2019-10-01")]
    fn working_days_start_the_day_after_the_event(
        #[case] event: &str,
        #[case] count: u32,
        #[case] expected: &str,
    ) {
        assert_eq!(
            shipped::calendar().0.add_working_days(d(event), count),
            Ok(d(expected))
        );
    }

    #[rstest]
    #[case::national_day_2019("2019-09-25", "2019-10-12")]
    #[case::spring_festival_2020("2020-01-16", "2020-02-05")]
    #[case::wanling_lake("2024-12-13", "2024-12-26")]
    #[case::zhejiang("2025-03-21", "2025-04-03")]
    #[case::hung_out_on_a_saturday("2019-08-17", "2019-08-30")]
    fn a_public_notice_of_ten_days_counts_its_first_day(
        #[case] first: &str,
        #[case] expected: &str,
    ) {
        assert_eq!(
            shipped::calendar().0.public_notice_end(d(first), 10),
            Ok(d(expected))
        );
    }

    #[test]
    fn a_year_without_a_calendar_is_an_error_not_a_guess() {
        let calendar = shipped::calendar().0;
        assert_eq!(
            calendar.is_working_day(date(2016, 12, 30)),
            Err(CalendarError::NoCalendar { year: 2016 })
        );
        let over_new_year = calendar.add_working_days(date(2026, 12, 30), 3);
        assert_eq!(over_new_year, Err(CalendarError::NoCalendar { year: 2027 }));
        let far = calendar.add_calendar_days(date(2019, 1, 1), u32::MAX, LastDay::Stays);
        assert_eq!(far, Err(CalendarError::OutOfRange));
    }

    #[test]
    fn the_extended_spring_festival_took_back_a_make_up_day() {
        let calendar = shipped::calendar().0;
        assert_eq!(calendar.is_working_day(date(2020, 1, 19)), Ok(true));
        assert_eq!(calendar.is_working_day(date(2020, 2, 1)), Ok(false));
        assert_eq!(calendar.is_working_day(date(2020, 2, 3)), Ok(true));
    }

    #[test]
    fn a_changed_arrangement_lists_the_days_it_moves() {
        let before = "year = 2020\nnotices = [{number = \"甲\", title = \"\"}]\n[[holidays]]\nname = \"春节\"\n\
            off_from = \"2020-01-24\"\noff_to = \"2020-01-30\"\nmake_up = [\"2020-01-19\", \"2020-02-01\"]\nnotice = \"甲\"\n";
        let (before, diagnostics) = WorkingCalendar::from_files([("2020.toml", before)]).unwrap();
        assert_eq!(diagnostics, []);
        let after = shipped::calendar().0;
        let spring = |c: &ChangedDay| c.date < date(2020, 3, 1) && c.date > date(2020, 1, 1);
        let moved: Vec<Date> = before
            .changed_days(&after)
            .into_iter()
            .filter(spring)
            .map(|c| c.date)
            .collect();
        assert_eq!(moved, [date(2020, 1, 31), date(2020, 2, 1)]);
    }

    #[rstest]
    #[case(
        "off_from = \"2020-02-02\"\noff_to = \"2020-01-24\"",
        "calendar.holiday_span"
    )]
    #[case(
        "off_from = \"2020-01-24\"\noff_to = \"2021-01-24\"",
        "calendar.holiday_span"
    )]
    #[case(
        "off_from = \"2021-01-24\"\noff_to = \"2021-01-25\"",
        "calendar.other_year"
    )]
    #[case(
        "off_from = \"2020-01-24\"\noff_to = \"2020-01-25\"\nmake_up = [\"2020-01-20\"]",
        "calendar.make_up_not_weekend"
    )]
    fn a_faulty_holiday_is_reported_and_left_out(#[case] dates: &str, #[case] code: &str) {
        let text = format!(
            "year = 2020\nnotices = [{{number = \"甲\", title = \"\"}}]\n[[holidays]]\nname = \"春节\"\nnotice = \"甲\"\n{dates}\n"
        );
        let (calendar, diagnostics) =
            WorkingCalendar::from_files([("2020.toml", text.as_str())]).unwrap();
        assert_eq!(
            diagnostics
                .iter()
                .map(|d| d.code.as_ref())
                .collect::<Vec<_>>(),
            [code]
        );
        assert_eq!(calendar.is_working_day(date(2020, 1, 24)), Ok(true));
    }

    fn some_day() -> impl Strategy<Value = Date> {
        (0i64..3000).prop_map(|n| {
            date(2017, 1, 1)
                .checked_add(jiff::Span::new().days(n))
                .unwrap()
        })
    }

    proptest! {
        #[test]
        fn counting_back_gives_the_number_counted(event in some_day(), count in 0u32..120) {
            let calendar = shipped::calendar().0;
            let end = calendar.add_working_days(event, count).unwrap();
            prop_assert_eq!(calendar.working_days_between(event, end), Ok(count));
            prop_assert!(count == 0 || calendar.is_working_day(end).unwrap());
        }

        #[test]
        fn a_longer_time_limit_never_ends_earlier(event in some_day(), count in 0u32..120) {
            let calendar = shipped::calendar().0;
            for last_day in [LastDay::Stays, LastDay::RollsOver] {
                let (a, b) = (calendar.add_calendar_days(event, count, last_day), calendar.add_calendar_days(event, count + 1, last_day));
                prop_assert!(a.unwrap() <= b.unwrap());
            }
            prop_assert!(calendar.public_notice_end(event, count).unwrap() <= calendar.add_working_days(event, count).unwrap());
        }
    }
}
