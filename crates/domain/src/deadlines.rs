//! 时限 — which timers run, when they began, how they are counted, when they end, and how near that is.

use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use spatial::diagnostic::Diagnostic;
use utoipa::ToSchema;

use crate::calendar::{CalendarError, LastDay, WorkingCalendar};
use crate::codes::Mark;
use crate::issue::Issue;
use crate::reading::{self, ReadError};

/// 计时单位 — calendar days or working days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DayUnit {
    /// 日
    CalendarDays,
    /// 工作日
    WorkingDays,
}

/// 起算 — from the day after the event, or with the first day counted (公示).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Counting {
    #[default]
    NextDay,
    FirstDay,
}

/// 计时规则 — one timer of the campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Timer {
    pub code: String,
    pub label: String,
    pub count: u32,
    pub unit: DayUnit,
    #[serde(default)]
    pub counting: Counting,
    #[serde(default = "stays")]
    pub last_day: LastDay,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Option<String>,
    #[serde(default)]
    pub mark: Mark,
}

fn stays() -> LastDay {
    LastDay::Stays
}

/// 计时规则表 — `deadlines.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Timers {
    pub version: String,
    /// Days left up to which the light is amber.
    pub amber_days: i32,
    pub timers: Vec<Timer>,
}

/// 灯 — how near the day is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Light {
    /// 绿: more than the amber days are left.
    Green,
    /// 黄
    Amber,
    /// 红: overdue.
    Red,
}

/// 期限 — a timer that runs: when it began, how it is counted, when it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Deadline {
    /// Code of the timer, or `plan_due`, `rectification_due`, `supplement_due`, `look_back_due` for a day set by a paper.
    pub timer: String,
    pub began_on: Date,
    /// Counted days; `None` for a day set by a paper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<DayUnit>,
    pub due_on: Date,
    /// Calendar days left; negative when overdue.
    pub days_left: i32,
    pub light: Light,
}

/// 灯 — the lights of days as seen on one day: red when past, amber when few days are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lights {
    today: Date,
    amber_until: Date,
}

impl Lights {
    /// Amber from today until `amber_days` later.
    pub fn on(today: Date, amber_days: i32) -> Self {
        Self {
            today,
            amber_until: today.saturating_add(amber_days.days()),
        }
    }

    /// The light of what must be done by `due`.
    pub fn of(self, due: Date) -> Light {
        match due {
            due if due < self.today => Light::Red,
            due if due <= self.amber_until => Light::Amber,
            _ => Light::Green,
        }
    }
}

impl Timer {
    /// The last day of the timer that began with an event on `from`.
    pub fn due(&self, from: Date, calendar: &WorkingCalendar) -> Result<Date, CalendarError> {
        match (self.unit, self.counting) {
            (DayUnit::WorkingDays, Counting::NextDay) => {
                calendar.add_working_days(from, self.count)
            }
            (DayUnit::WorkingDays, Counting::FirstDay) => {
                calendar.public_notice_end(from, self.count)
            }
            (DayUnit::CalendarDays, Counting::NextDay) => {
                calendar.add_calendar_days(from, self.count, self.last_day)
            }
            (DayUnit::CalendarDays, Counting::FirstDay) => {
                let after = self.count.saturating_sub(1);
                calendar.add_calendar_days(from, after, self.last_day)
            }
        }
    }
}

impl Timers {
    /// Reads a table of timers.
    pub fn from_toml(file: &str, text: &str) -> Result<(Self, Vec<Diagnostic>), ReadError> {
        reading::read::<Self>(file, text, "rectify.unknown_key")
    }

    /// The timer with this code.
    pub fn find(&self, code: &str) -> Option<&Timer> {
        self.timers.iter().find(|t| t.code == code)
    }

    /// The deadline of a timer that began on `from`, as seen on `today`; `None` for a timer the campaign does not have.
    pub fn deadline(
        &self,
        code: &str,
        from: Date,
        calendar: &WorkingCalendar,
        today: Date,
    ) -> Result<Option<Deadline>, CalendarError> {
        let Some(timer) = self.find(code) else {
            return Ok(None);
        };
        let due_on = timer.due(from, calendar)?;
        let mut deadline = self.on_paper(code, from, due_on, today);
        deadline.count = Some(timer.count);
        deadline.unit = Some(timer.unit);
        Ok(Some(deadline))
    }

    /// A deadline whose day a paper sets.
    pub fn on_paper(&self, code: &str, began_on: Date, due_on: Date, today: Date) -> Deadline {
        Deadline {
            timer: code.to_owned(),
            began_on,
            count: None,
            unit: None,
            due_on,
            days_left: (due_on - today).get_days(),
            light: Lights::on(today, self.amber_days).of(due_on),
        }
    }

    /// Deadlines that run for an issue on `today`, the nearest first. One that reaches into a year without a calendar is
    /// an error, never a guess.
    pub fn of_issue(
        &self,
        issue: &Issue,
        calendar: &WorkingCalendar,
        today: Date,
    ) -> Result<Vec<Deadline>, CalendarError> {
        let (all, uncounted) = self.running(issue, calendar, today);
        uncounted.into_iter().next().map_or(Ok(all), Err)
    }

    /// The same, with those that can be counted beside the reasons why others cannot.
    pub fn running(
        &self,
        issue: &Issue,
        calendar: &WorkingCalendar,
        today: Date,
    ) -> (Vec<Deadline>, Vec<CalendarError>) {
        let on_paper = [
            self.rectification_due(issue, today),
            self.supplement_due(issue, today),
            self.look_back_due(issue, today),
        ];
        let mut all: Vec<Deadline> = on_paper.into_iter().flatten().collect();
        let mut uncounted = Vec::new();
        let counted = [
            self.plan_due(issue, calendar, today),
            self.notice_end(issue, calendar, today)
                .map(|end| end.into_iter().collect()),
            self.answers_due(issue, calendar, today),
            self.penalty_due(issue, calendar, today),
        ];
        for part in counted {
            match part {
                Ok(deadlines) => all.extend(deadlines),
                Err(cause) => uncounted.push(cause),
            }
        }
        all.sort_by(|a, b| (a.due_on, &a.timer).cmp(&(b.due_on, &b.timer)));
        (all, uncounted)
    }

    /// The plan is due by the day the issue names, else so many days after it was opened; an interview starts its own timer.
    fn plan_due(
        &self,
        issue: &Issue,
        calendar: &WorkingCalendar,
        today: Date,
    ) -> Result<Vec<Deadline>, CalendarError> {
        if issue.plan.is_some() || !issue.is_open() {
            return Ok(Vec::new());
        }
        let opened_on = issue.opened_on();
        let mut all = Vec::new();
        match issue.opened.body.plan_due_on {
            Some(day) => all.push(self.on_paper("plan_due", opened_on, day, today)),
            None => all.extend(self.deadline("plan", opened_on, calendar, today)?),
        }
        let interviews = issue.urgings.iter().map(|u| &u.recorded.body);
        let last = interviews
            .filter(|u| u.rung == "interview")
            .map(|u| u.issued_on)
            .max();
        if let Some(day) = last {
            all.extend(self.deadline("plan_after_interview", day, calendar, today)?);
        }
        Ok(all)
    }

    fn rectification_due(&self, issue: &Issue, today: Date) -> Option<Deadline> {
        let is_reported = crate::closing::STATES_AFTER_REPORT.contains(&issue.state);
        let due_on = issue.due_on.filter(|_| !is_reported && issue.is_open())?;
        let began_on = issue.started.as_ref().map(|s| s.body.started_on);
        let began_on = began_on.unwrap_or(issue.opened_on());
        Some(self.on_paper("rectification_due", began_on, due_on, today))
    }

    fn supplement_due(&self, issue: &Issue, today: Date) -> Option<Deadline> {
        let last = issue.acceptances.last().filter(|_| issue.is_open())?;
        let day = last
            .body
            .supplement_due_on
            .filter(|_| last.body.result == "supplement")?;
        Some(self.on_paper("supplement_due", last.body.inspected_on, day, today))
    }

    fn notice_end(
        &self,
        issue: &Issue,
        calendar: &WorkingCalendar,
        today: Date,
    ) -> Result<Option<Deadline>, CalendarError> {
        let Some(notice) = issue.notice().filter(|_| issue.is_open()) else {
            return Ok(None);
        };
        let first = notice.body.started_on;
        let needed = issue.requirements.notice_working_days;
        let counted = calendar.public_notice_end(first, needed)?;
        let due_on = counted.max(notice.body.ended_on);
        let mut deadline = self.on_paper("notice_end", first, due_on, today);
        deadline.count = Some(needed);
        deadline.unit = Some(DayUnit::WorkingDays);
        Ok(Some(deadline))
    }

    fn answers_due(
        &self,
        issue: &Issue,
        calendar: &WorkingCalendar,
        today: Date,
    ) -> Result<Vec<Deadline>, CalendarError> {
        let mut all = Vec::new();
        // What nobody answered before the issue was closed is answered no more.
        if !issue.is_open() {
            return Ok(all);
        }
        for open in issue.objections.iter().filter(|o| o.answer.is_none()) {
            let from = open.recorded.body.received_on;
            all.extend(self.deadline("objection_answer", from, calendar, today)?);
        }
        let urgings = issue.urgings.iter().filter(|u| u.answer.is_none());
        all.extend(urgings.filter_map(|u| {
            let body = &u.recorded.body;
            let due_on = body.answer_due_on?;
            Some(self.on_paper("urging_answer", body.issued_on, due_on, today))
        }));
        Ok(all)
    }

    /// A case that was filed must be decided; a later entry of the same number says that it was.
    fn penalty_due(
        &self,
        issue: &Issue,
        calendar: &WorkingCalendar,
        today: Date,
    ) -> Result<Vec<Deadline>, CalendarError> {
        let is_decided = |number: &str| {
            let mut same = issue
                .penalties
                .iter()
                .filter(|p| p.body.document_number == number);
            same.any(|p| p.body.decided_on.is_some())
        };
        let mut all = Vec::new();
        for penalty in issue.penalties.iter().map(|p| &p.body) {
            let open = penalty
                .filed_on
                .filter(|_| !is_decided(&penalty.document_number));
            if let Some(from) = open {
                all.extend(self.deadline("penalty_decision", from, calendar, today)?);
            }
        }
        Ok(all)
    }

    fn look_back_due(&self, issue: &Issue, today: Date) -> Option<Deadline> {
        let planned = issue.look_back_plans.last()?;
        let is_done = issue.look_backs.iter().any(|l| l.seq > planned.seq);
        let began_on = crate::dossier::civil_day(planned.occurred_at);
        (!is_done).then(|| self.on_paper("look_back_due", began_on, planned.body.planned_on, today))
    }
}

/// 信访期限 — what is known of a petition's way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PetitionDays {
    pub received_on: Option<Date>,
    /// 转送、交办
    pub transferred_on: Option<Date>,
    /// 受理
    pub accepted_on: Option<Date>,
    pub is_extended: bool,
    pub finished_on: Option<Date>,
}

impl Timers {
    /// Deadlines of a petition (信访工作条例 22, 23, 34), the nearest first.
    pub fn of_petition(
        &self,
        days: &PetitionDays,
        calendar: &WorkingCalendar,
        today: Date,
    ) -> Result<Vec<Deadline>, CalendarError> {
        let open = |day: Option<Date>| day.filter(|_| days.finished_on.is_none());
        let until_accepted = |day: Option<Date>| open(day).filter(|_| days.accepted_on.is_none());
        let finish = match days.is_extended {
            true => "petition_finish_extended",
            false => "petition_finish",
        };
        let running = [
            ("petition_route", until_accepted(days.received_on)),
            ("petition_objection", until_accepted(days.transferred_on)),
            ("petition_answer", until_accepted(days.transferred_on)),
            (finish, open(days.accepted_on)),
        ];
        let mut all = Vec::new();
        for (code, from) in running {
            if let Some(from) = from {
                all.extend(self.deadline(code, from, calendar, today)?);
            }
        }
        all.sort_by(|a, b| (a.due_on, &a.timer).cmp(&(b.due_on, &b.timer)));
        Ok(all)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::issue::tests::Story;
    use crate::shipped;

    fn timers() -> Timers {
        let text = &shipped::campaign_files("lvdun-2019")["deadlines.toml"];
        let (timers, found) = Timers::from_toml("deadlines.toml", text).unwrap();
        assert_eq!(found, []);
        timers
    }

    fn d(text: &str) -> Date {
        text.parse().unwrap()
    }

    /// The worked examples of the domain page, section 7.
    #[rstest]
    #[case::fifteen_days("petition_route", "2019-08-16", "2019-08-31")]
    #[case::sixty_days("petition_finish", "2019-08-16", "2019-10-15")]
    #[case::sixty_and_thirty("petition_finish_extended", "2019-08-16", "2019-11-14")]
    #[case::into_national_day("petition_route", "2019-09-18", "2019-10-03")]
    #[case::five_working_days("petition_objection", "2019-09-27", "2019-10-10")]
    #[case::notice_over_national_day("notice", "2019-09-25", "2019-10-12")]
    #[case::plan_over_spring_festival("plan_after_interview", "2020-01-15", "2020-02-19")]
    #[case::notice_over_spring_festival("notice", "2020-01-16", "2020-02-05")]
    #[case::real_notice_of_2024("notice", "2024-12-13", "2024-12-26")]
    #[case::real_notice_of_2025("notice", "2025-03-21", "2025-04-03")]
    #[case::penalty("penalty_decision", "2019-08-16", "2019-11-14")]
    fn a_timer_ends_to_the_day(#[case] code: &str, #[case] from: &str, #[case] expected: &str) {
        let calendar = shipped::calendar().0;
        let due = timers().find(code).unwrap().due(d(from), &calendar);
        assert_eq!(due, Ok(d(expected)));
    }

    #[rstest]
    #[case("2019-08-16", "2019-09-02")]
    #[case("2019-09-18", "2019-10-08")]
    fn a_timer_that_rolls_over_ends_on_a_working_day(#[case] from: &str, #[case] expected: &str) {
        let mut timer = timers().find("petition_route").unwrap().clone();
        timer.last_day = LastDay::RollsOver;
        let calendar = shipped::calendar().0;
        assert_eq!(timer.due(d(from), &calendar), Ok(d(expected)));
    }

    #[rstest]
    #[case(16, Light::Green)]
    #[case(15, Light::Amber)]
    #[case(0, Light::Amber)]
    #[case(-1, Light::Red)]
    fn the_light_turns_at_fifteen_days_and_at_the_day_itself(
        #[case] left: i32,
        #[case] expected: Light,
    ) {
        let lights = Lights::on(d("2019-08-18"), timers().amber_days);
        assert_eq!(lights.of(d("2019-08-18") + left.days()), expected);
    }

    #[test]
    fn no_answer_is_due_once_the_issue_is_closed() {
        let calendar = shipped::calendar().0;
        let urged = |mut story: Story| {
            let body = crate::entries::UrgingIssued {
                issue: story.issue,
                rung: "phone".into(),
                issued_on: d("2019-09-20"),
                answer_due_on: Some(d("2019-09-23")),
                ..crate::entries::UrgingIssued::default()
            };
            story.add("办公室", "2019-09-20", body);
            story
        };
        let is_due = |story: Story| {
            let (running, _) = timers().running(&story.folded(), &calendar, d("2019-09-21"));
            running.iter().any(|d| d.timer == "urging_answer")
        };
        let story = urged(Story::site("S1").determined("A"));
        assert!(is_due(story));
        let closed = urged(Story::site("S1").determined("A")).notice();
        assert!(!is_due(closed.accept("province", "2019-10-14").close()));
    }

    #[test]
    fn a_petition_runs_on_one_timer_after_another() {
        let calendar = shipped::calendar().0;
        let mut days = PetitionDays {
            received_on: Some(d("2019-08-16")),
            ..PetitionDays::default()
        };
        let due = |days: &PetitionDays| -> Vec<(String, String)> {
            let all = timers()
                .of_petition(days, &calendar, d("2019-08-20"))
                .unwrap();
            all.into_iter()
                .map(|d| (d.timer, d.due_on.to_string()))
                .collect()
        };
        let one = |code: &str, day: &str| vec![(code.to_owned(), day.to_owned())];
        assert_eq!(due(&days), one("petition_route", "2019-08-31"));
        days.accepted_on = Some(d("2019-08-16"));
        assert_eq!(due(&days), one("petition_finish", "2019-10-15"));
        days.is_extended = true;
        assert_eq!(due(&days), one("petition_finish_extended", "2019-11-14"));
        days.finished_on = Some(d("2019-09-01"));
        assert_eq!(due(&days), []);
    }

    #[test]
    fn an_issue_shows_the_deadlines_of_where_it_stands() {
        let calendar = shipped::calendar().0;
        let due = |story: Story, today: &str| -> Vec<(String, String, Light)> {
            let all = timers()
                .of_issue(&story.folded(), &calendar, d(today))
                .unwrap();
            let told = |d: Deadline| (d.timer, d.due_on.to_string(), d.light);
            all.into_iter().map(told).collect()
        };
        let one = |code: &str, day: &str, light| (code.to_owned(), day.to_owned(), light);
        let opened = Story::site("S1").open("A");
        let expected = [
            one("plan", "2019-09-18", Light::Green),
            one("rectification_due", "2019-12-31", Light::Green),
        ];
        assert_eq!(due(opened, "2019-08-20"), expected);
        let at_work = Story::site("S1").open("A").plan().start();
        let expected = [one("rectification_due", "2019-10-31", Light::Red)];
        assert_eq!(due(at_work, "2019-11-01"), expected);
        let noticed = Story::site("S1").determined("A").notice();
        let expected = [one("notice_end", "2019-10-12", Light::Amber)];
        assert_eq!(due(noticed, "2019-10-08"), expected);
        assert_eq!(due(Story::site("S1").closed("A"), "2019-11-01"), []);
    }

    #[test]
    fn a_year_without_a_calendar_is_told_and_not_guessed() {
        let calendar = WorkingCalendar::default();
        let answer = timers().deadline("plan", d("2019-08-16"), &calendar, d("2019-08-16"));
        assert!(answer.is_err());
    }
}
