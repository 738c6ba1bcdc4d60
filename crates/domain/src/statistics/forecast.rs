//! 进度预测 — when a milestone's work will be done at the pace of the last days.

use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The pace is that of so many days at most, the day looked at included.
pub const WINDOW_DAYS: i64 = 14;

/// 进度预测 — simple on purpose, so that it can be worked out again by hand: what was done on the last days, divided by
/// the days since the first of them, goes on as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Forecast {
    /// What is still to be done.
    pub remaining: u64,
    /// Done in the window, and the days of the window.
    pub done_lately: u64,
    pub window_days: u32,
    /// So many a day are needed from here on to be done on the due day; none once it is past.
    pub needed_per_day: Option<u64>,
    /// Day on which all is done at this pace; none where nothing was done lately.
    #[schema(value_type = Option<String>, format = Date)]
    pub expected_on: Option<Date>,
    /// Expected after the due day, or not at all.
    pub is_late: bool,
}

/// The forecast of `total` things, of which those of `done_on` are done, each with its day; `None` where all is done.
/// Days after `today` do not count. `undated` are done on a day nobody knows.
pub fn forecast(
    done_on: impl IntoIterator<Item = (Date, u64)>,
    undated: u64,
    total: u64,
    (today, due_on): (Date, Date),
) -> Option<Forecast> {
    let begin = today.saturating_sub((WINDOW_DAYS - 1).days());
    let (mut done, mut lately, mut first) = (undated, 0, today);
    for (day, count) in done_on.into_iter().filter(|(day, _)| *day <= today) {
        done += count;
        if day >= begin && count > 0 {
            lately += count;
            first = first.min(day);
        }
    }
    let remaining = total.saturating_sub(done);
    if remaining == 0 {
        return None;
    }
    let days = |from: Date, to: Date| i64::from((to - from).get_days());
    let window = match lately {
        0 => WINDOW_DAYS,
        _ => days(first, today) + 1,
    };
    let left = days(today, due_on);
    let expected_on = (lately > 0).then(|| {
        let needed = (remaining * window.unsigned_abs()).div_ceil(lately);
        let ahead = i64::try_from(needed).unwrap_or(i64::MAX).min(MOST_DAYS);
        today.saturating_add(ahead.days())
    });
    Some(Forecast {
        remaining,
        done_lately: lately,
        window_days: u32::try_from(window).unwrap_or(u32::MAX),
        needed_per_day: (left > 0).then(|| remaining.div_ceil(left.unsigned_abs())),
        is_late: expected_on.is_none_or(|day| day > due_on),
        expected_on,
    })
}

/// Nobody plans further ahead than a century.
const MOST_DAYS: i64 = 36_525;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_pace_of_the_last_days_goes_on() {
        let done = [(date(2019, 8, 14), 10), (date(2019, 8, 16), 20)];
        let told = forecast(done, 0, 90, (date(2019, 8, 16), date(2019, 8, 18))).unwrap();
        // 30 in three days, 60 remain: six days more.
        assert_eq!(
            told,
            Forecast {
                remaining: 60,
                done_lately: 30,
                window_days: 3,
                needed_per_day: Some(30),
                expected_on: Some(date(2019, 8, 22)),
                is_late: true,
            }
        );
    }

    #[test]
    fn old_and_undated_work_is_done_but_sets_no_pace() {
        let done = [(date(2019, 5, 1), 40), (date(2019, 9, 1), 40)];
        let told = forecast(done, 5, 60, (date(2019, 8, 16), date(2019, 8, 16))).unwrap();
        assert_eq!((told.remaining, told.done_lately), (15, 0));
        assert_eq!(told.window_days, 14);
        assert_eq!((told.needed_per_day, told.expected_on), (None, None));
        assert!(told.is_late);
    }

    #[test]
    fn nothing_is_foretold_of_what_is_done() {
        let done = [(date(2019, 8, 1), 3)];
        let days = (date(2019, 8, 16), date(2019, 8, 18));
        assert_eq!(forecast(done, 0, 3, days), None);
        assert_eq!(forecast([], 0, 0, days), None);
    }

    proptest::proptest! {
        #[test]
        fn a_forecast_is_never_before_today_and_says_late_rightly(
            counts in proptest::collection::vec((0_i32..60, 0_u64..50), 0..20), more in 1_u64..1000, left in -30_i64..60,
        ) {
            let today = date(2019, 8, 16);
            let done: Vec<(Date, u64)> = counts.iter().map(|(ago, n)| (today.saturating_sub((*ago).days()), *n)).collect();
            let total = done.iter().map(|(_, n)| n).sum::<u64>() + more;
            let due = today.saturating_add(left.days());
            let told = forecast(done, 0, total, (today, due)).unwrap();
            proptest::prop_assert_eq!(told.remaining, more);
            proptest::prop_assert!(told.window_days >= 1 && i64::from(told.window_days) <= WINDOW_DAYS);
            proptest::prop_assert!(told.expected_on.is_none_or(|day| day > today));
            proptest::prop_assert_eq!(told.is_late, told.expected_on.is_none_or(|day| day > due));
        }
    }
}
