//! 督促台 — rungs that are due, each with its letter, and reminders whose day is today.

use std::collections::BTreeMap;

use domain::as_of::AsOf;
use domain::codes::Mark;
use domain::policy::{Action, Role};
use domain::urging::{Addressee, LetterDates};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::IssueRow;
use super::list::{Looking, Pager, Part};
use crate::atlas::{Atlases, IssueLine};
use crate::error::Error;
use crate::session::Session;

/// 督促查询.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UrgingQuery {
    /// `yes` (what is due, the usual), `all`.
    pub due: Option<String>,
    pub rung: Option<String>,
    pub station: Option<String>,
    pub lead: Option<String>,
    /// 20 where it is not said, at most 200: each comes with its letter.
    #[param(minimum = 0, maximum = 200)]
    pub limit: Option<u64>,
    pub cursor: Option<String>,
}

/// 应办督促 — a rung of an issue with the letter as it would be issued today.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UrgingItem {
    pub issue: IssueRow,
    pub kind: String,
    pub label: String,
    pub issued_by: Role,
    pub issued_by_label: String,
    pub letter: bool,
    pub answer_days: u32,
    pub mark: Mark,
    pub to: Option<String>,
    pub becomes_due_on: Date,
    pub is_due: bool,
    /// Whether it is this post that issues it.
    pub is_mine: bool,
    pub dates: Option<LetterDates>,
    pub letter_text: Option<String>,
}

/// 应发提醒.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReminderItem {
    pub issue: IssueRow,
    pub days_before: i32,
    pub to: Addressee,
    pub due_on: Date,
}

/// 督促台.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UrgingList {
    pub today: Date,
    pub total: u64,
    /// Of all that match, by rung.
    pub by_rung: BTreeMap<String, u64>,
    pub items: Vec<UrgingItem>,
    pub reminders: Vec<ReminderItem>,
    pub next_cursor: Option<String>,
}

/// Reminders shown with a list.
const MOST_REMINDERS: usize = 100;

impl Session {
    /// What is to be urged.
    pub fn urging_list(&self, atlases: &Atlases, query: &UrgingQuery) -> Result<UrgingList, Error> {
        self.may_read_lists(Action::Urge)?;
        let atlas = self.atlas(atlases, AsOf::Now)?;
        let (station, lead) = (query.station.as_deref(), query.lead.as_deref());
        let scope = self.ledger_scope(station, lead)?;
        let looking = self.looking(&atlas, Action::Urge, &scope, AsOf::Now);
        let is_all = query.due.as_deref() == Some("all");
        let limit = query.limit.unwrap_or(20).min(200) as usize;
        let mut by_rung: BTreeMap<&str, u64> = BTreeMap::new();
        let mut pager = Pager::new(false, query.cursor.as_deref(), limit)?;
        let ladder = self.campaign.ladder.as_ref();
        for line in looking.lines() {
            let Some((at, becomes_due_on)) = line.rung else {
                continue;
            };
            let Some(rung) = ladder.and_then(|l| l.rungs.get(usize::from(at))) else {
                continue;
            };
            let is_of_rung = query.rung.as_ref().is_none_or(|r| *r == rung.kind);
            if (is_all || becomes_due_on <= looking.today) && is_of_rung {
                *by_rung.entry(rung.kind.as_str()).or_default() += 1;
                pager.offer((Part::Day(becomes_due_on), Part::Last, line.id), line);
            }
        }
        let total = by_rung.values().sum();
        let by_rung = by_rung.into_iter().map(|(r, n)| (r.to_owned(), n));
        let by_rung = by_rung.collect();
        let (lines, next_cursor) = pager.finish();
        let items: Result<Vec<_>, Error> = lines
            .iter()
            .map(|l| self.urging_item(l, &looking))
            .collect();
        Ok(UrgingList {
            today: looking.today,
            total,
            by_rung,
            items: items?.into_iter().flatten().collect(),
            reminders: self.reminders(&looking),
            next_cursor,
        })
    }

    fn urging_item(
        &self,
        line: &IssueLine,
        looking: &Looking<'_>,
    ) -> Result<Option<UrgingItem>, Error> {
        let rungs = self.campaign.ladder.iter().flat_map(|l| &l.rungs);
        let Some(((at, becomes_due_on), rungs)) = line.rung.zip(Some(rungs)) else {
            return Ok(None);
        };
        let Some(rung) = rungs.into_iter().nth(usize::from(at)) else {
            return Ok(None);
        };
        let found = self.load_issue(&line.id.to_string(), AsOf::Now)?;
        let next = self.next_rung(&found.issue, looking.today);
        let to = next.as_ref().and_then(|(n, _)| n.to.clone());
        let dates = next.and_then(|(_, dates)| dates);
        let letter = |dates| self.letter(&found, rung, to.as_deref(), dates).text;
        Ok(Some(UrgingItem {
            issue: self.issue_row(line, looking),
            kind: rung.kind.clone(),
            label: rung.label.clone(),
            issued_by: rung.issued_by,
            issued_by_label: rung.issued_by.label().to_owned(),
            letter: rung.letter,
            answer_days: rung.answer_days,
            mark: rung.mark,
            letter_text: dates.map(letter),
            dates,
            to,
            becomes_due_on,
            is_due: becomes_due_on <= looking.today,
            is_mine: rung.issued_by == self.actor.role,
        }))
    }

    fn reminders(&self, looking: &Looking<'_>) -> Vec<ReminderItem> {
        let rules = self.campaign.ladder.iter().flat_map(|l| &l.reminders);
        let rules: Vec<_> = rules.collect();
        let due = looking.lines().filter(|l| l.is_open && !l.is_reported);
        let due = due.filter_map(|line| {
            let due_on = line.due_on?;
            let left = (due_on - looking.today).get_days();
            let rule = rules.iter().find(|r| r.days_before == left)?;
            Some(ReminderItem {
                issue: self.issue_row(line, looking),
                days_before: rule.days_before,
                to: rule.to,
                due_on,
            })
        });
        due.take(MOST_REMINDERS).collect()
    }
}
