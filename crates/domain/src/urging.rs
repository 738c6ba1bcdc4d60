//! 督促阶梯 — reminders before the day, then rung after rung: when each becomes due, who issues it, to whom, to be
//! answered by when.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use spatial::diagnostic::Diagnostic;
use utoipa::ToSchema;

use crate::calendar::{CalendarError, WorkingCalendar};
use crate::codes::Mark;
use crate::deadlines::DayUnit;
use crate::issue::Issue;
use crate::policy::Role;
use crate::reading::{self, ReadError, place};

/// 提醒 — before the day, without legal weight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reminder {
    pub days_before: i32,
    /// Member of the issue's responsibility that it goes to.
    pub to: Addressee,
}

/// 督促对象 — whom a rung goes to.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Addressee {
    /// 整改责任单位
    ResponsibleUnit,
    /// 责任人
    ResponsiblePerson,
    /// 督导单位
    SupervisingUnit,
    /// 包抓领导
    AreaLead,
    /// 局纪委
    Discipline,
}

/// 督促级别 — one rung of the ladder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rung {
    /// Code of CL-URGE.
    pub kind: String,
    pub label: String,
    /// Days from the due day: negative before it.
    pub days: i32,
    pub unit: DayUnit,
    pub issued_by: Role,
    pub to: Addressee,
    /// Working days to answer.
    pub answer_days: u32,
    /// Whether it is a paper with a number.
    #[serde(default)]
    pub letter: bool,
    #[serde(default)]
    pub mark: Mark,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// 督促阶梯 — `urging.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UrgingLadder {
    pub version: String,
    #[serde(default)]
    pub reminders: Vec<Reminder>,
    pub rungs: Vec<Rung>,
}

/// 应办督促 — the rung to take next, since when it is due, and the dates its letter carries if it is issued today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextRung {
    pub rung: Rung,
    /// Name of the unit or post it goes to, where the issue knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    pub becomes_due_on: Date,
    pub is_due: bool,
    pub dates: LetterDates,
}

/// 函件日期 — what a letter carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LetterDates {
    /// 原定完成时限
    pub due_on: Date,
    pub issued_on: Date,
    /// Answer by this day, in working days after the letter.
    pub answer_due_on: Date,
    /// Calendar days overdue on the day of the letter; 0 before the day.
    pub overdue_days: i32,
}

/// 应发提醒 — a reminder whose day is today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueReminder {
    pub days_before: i32,
    pub to: Addressee,
    pub due_on: Date,
}

impl Rung {
    /// Day on which the rung becomes due for an issue due on `due_on`.
    pub fn becomes_due(
        &self,
        due_on: Date,
        calendar: &WorkingCalendar,
    ) -> Result<Date, CalendarError> {
        match (self.unit, u32::try_from(self.days)) {
            (DayUnit::WorkingDays, Ok(days)) => calendar.add_working_days(due_on, days),
            (DayUnit::WorkingDays, Err(_)) => back(due_on, self.days.unsigned_abs(), calendar),
            (DayUnit::CalendarDays, _) => due_on
                .checked_add(jiff::Span::new().days(self.days))
                .map_err(|_out_of_range| CalendarError::OutOfRange),
        }
    }

    /// The dates of its letter, issued on `issued_on`.
    pub fn dates(
        &self,
        due_on: Date,
        issued_on: Date,
        calendar: &WorkingCalendar,
    ) -> Result<LetterDates, CalendarError> {
        Ok(LetterDates {
            due_on,
            issued_on,
            answer_due_on: calendar.add_working_days(issued_on, self.answer_days)?,
            overdue_days: (issued_on - due_on).get_days().max(0),
        })
    }
}

fn back(from: Date, count: u32, calendar: &WorkingCalendar) -> Result<Date, CalendarError> {
    let mut day = from;
    let mut left = count;
    while left > 0 {
        day = day
            .yesterday()
            .map_err(|_first_day_of_time| CalendarError::OutOfRange)?;
        left -= u32::from(calendar.is_working_day(day)?);
    }
    Ok(day)
}

impl UrgingLadder {
    /// Reads a ladder. Rungs that do not climb are reported.
    pub fn from_toml(file: &str, text: &str) -> Result<(Self, Vec<Diagnostic>), ReadError> {
        let (ladder, mut diagnostics) = reading::read::<Self>(file, text, "rectify.unknown_key")?;
        let falls = ladder
            .rungs
            .windows(2)
            .filter(|pair| pair[1].days < pair[0].days);
        diagnostics.extend(falls.map(|pair| {
            Diagnostic::error("rectify.ladder_falls")
                .arg("name", &pair[1].label)
                .at(place(file, &format!("rungs.{}", pair[1].kind)))
        }));
        Ok((ladder, diagnostics))
    }

    /// The rung with this code.
    pub fn find_rung(&self, kind: &str) -> Option<&Rung> {
        self.rungs.iter().find(|r| r.kind == kind)
    }

    /// The rung to take next for an issue: the one above the highest taken since the day was last set. `None` when the
    /// issue needs no urging: no day, reported done, closed, or at the top.
    pub fn next_rung(
        &self,
        issue: &Issue,
        calendar: &WorkingCalendar,
        today: Date,
    ) -> Result<Option<NextRung>, CalendarError> {
        let is_reported = crate::closing::STATES_AFTER_REPORT.contains(&issue.state);
        let Some(due_on) = issue.due_on.filter(|_| issue.is_open() && !is_reported) else {
            return Ok(None);
        };
        let Some(rung) = self.rungs.get(self.taken(issue, calendar)?) else {
            return Ok(None);
        };
        let becomes_due_on = rung.becomes_due(due_on, calendar)?;
        Ok(Some(NextRung {
            to: addressee(issue, rung.to),
            becomes_due_on,
            is_due: becomes_due_on <= today,
            dates: rung.dates(due_on, today, calendar)?,
            rung: rung.clone(),
        }))
    }

    /// How many rungs were climbed for the day that holds now; what was urged for an earlier day does not count.
    fn taken(&self, issue: &Issue, calendar: &WorkingCalendar) -> Result<usize, CalendarError> {
        let Some((first, due_on)) = self.rungs.first().zip(issue.due_on) else {
            return Ok(0);
        };
        let begins_on = match issue.granted_count() {
            0 => Date::MIN,
            _ => first.becomes_due(due_on, calendar)?,
        };
        let counted = issue.urgings.iter().map(|u| &u.recorded.body);
        let places = counted
            .filter(|u| u.issued_on >= begins_on)
            .filter_map(|u| self.rungs.iter().position(|r| r.kind == u.rung));
        Ok(places.max().map_or(0, |highest| highest + 1))
    }

    /// Reminders whose day is today.
    pub fn reminders_due(&self, issue: &Issue, today: Date) -> Vec<DueReminder> {
        let is_reported = crate::closing::STATES_AFTER_REPORT.contains(&issue.state);
        let Some(due_on) = issue.due_on.filter(|_| issue.is_open() && !is_reported) else {
            return Vec::new();
        };
        let left = (due_on - today).get_days();
        let due = self.reminders.iter().filter(|r| r.days_before == left);
        due.map(|r| DueReminder {
            days_before: r.days_before,
            to: r.to,
            due_on,
        })
        .collect()
    }
}

fn addressee(issue: &Issue, to: Addressee) -> Option<String> {
    let own = &issue.responsible;
    match to {
        Addressee::ResponsibleUnit => Some(own.unit.clone()),
        Addressee::ResponsiblePerson => own.person.clone(),
        Addressee::SupervisingUnit => own.supervising_unit.clone(),
        Addressee::AreaLead => own.area_lead.clone(),
        Addressee::Discipline => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests;
