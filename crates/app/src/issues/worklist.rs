//! 待办 — what waits for the person who asks: by step, with counts and lights; own work is left to others.

use domain::as_of::AsOf;
use domain::deadlines::Light;
use domain::policy::{Action, Reach, reach};
use domain::worklist::WaitKind;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use spatial::diagnostic::Diagnostic;
use utoipa::{IntoParams, ToSchema};

use super::list::{Looking, Pager, Part};
use super::{IssueRow, LightCounts};
use crate::atlas::{Atlas, Atlases, IssueEyes, IssueLine};
use crate::error::Error;
use crate::session::Session;

/// 待办查询 — all groups, or one by pages.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WorklistQuery {
    /// One group: a kind of work.
    pub kind: Option<String>,
    /// Items of each group: 10 where it is not said, 50 of a single one, at most 1,000.
    #[param(minimum = 0, maximum = 1000)]
    pub limit: Option<u64>,
    /// `next_cursor` of the page before; with `kind` only.
    pub cursor: Option<String>,
}

/// 待办项 — one thing to do. A site that waits for its issue is named by its code alone.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WorkEntry {
    pub issue: Option<IssueRow>,
    pub site_code: String,
    pub facility_name: Option<String>,
    pub due_on: Option<Date>,
    pub days_left: Option<i32>,
    pub light: Option<Light>,
}

/// 待办组 — work of one kind.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WorkGroup {
    /// A kind of [`WaitKind`], `urge`, or `open_issue`.
    pub kind: String,
    pub label: String,
    /// The right it asks for.
    pub action: String,
    pub count: u64,
    pub lights: LightCounts,
    pub items: Vec<WorkEntry>,
}

/// 待办清单.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Worklist {
    pub today: Date,
    pub total: u64,
    pub groups: Vec<WorkGroup>,
    pub next_cursor: Option<String>,
}

/// Kinds of groups that are no waits of an issue.
const URGE: &str = "urge";
const OPEN_ISSUE: &str = "open_issue";

/// Something to do with the day by which it must be.
struct Todo<'a> {
    line: Option<&'a IssueLine>,
    site_code: &'a str,
    name: Option<&'a str>,
    due_on: Option<Date>,
}

/// Work of one kind, with the right it asks for.
struct Pile<'a> {
    kind: &'static str,
    action: Action,
    todos: Vec<Todo<'a>>,
}

/// Work of one kind by its numbers.
pub(crate) struct WorkCount {
    pub(crate) kind: &'static str,
    pub(crate) count: u64,
    pub(crate) lights: LightCounts,
    pub(crate) nearest: Option<Date>,
}

impl Session {
    /// What waits for the actor.
    pub fn worklist(&self, atlases: &Atlases, query: &WorklistQuery) -> Result<Worklist, Error> {
        self.may_read_lists(Action::ReadLedgers)?;
        let atlas = self.atlas(atlases, AsOf::Now)?;
        let looking = self.looking(&atlas, Action::ReadLedgers, None, None, AsOf::Now)?;
        let usual = if query.kind.is_some() { 50 } else { 10 };
        let limit = query.limit.unwrap_or(usual).min(1000) as usize;
        let cursor = query.cursor.as_deref().filter(|_| query.kind.is_some());
        let mut groups = Vec::new();
        let mut next_cursor = None;
        for pile in self.piles(&looking, query.kind.as_deref())? {
            if pile.todos.is_empty() && query.kind.is_none() {
                continue;
            }
            let (group, next) = self.work_group(pile, &looking, cursor, limit)?;
            next_cursor = next.filter(|_| query.kind.is_some());
            groups.push(group);
        }
        Ok(Worklist {
            today: looking.today,
            total: groups.iter().map(|g| g.count).sum(),
            groups,
            next_cursor,
        })
    }

    /// How many things of each kind wait for the actor, by light, with the day nearest; for the desk.
    pub(crate) fn work_counts(&self, atlas: &Atlas) -> Result<Vec<WorkCount>, Error> {
        let looking = self.looking(atlas, Action::ReadLedgers, None, None, AsOf::Now)?;
        let piles = self.piles(&looking, None)?.into_iter();
        let counted = piles.filter(|pile| !pile.todos.is_empty()).map(|pile| {
            let mut lights = LightCounts::default();
            let days = pile.todos.iter().map(|t| t.due_on);
            days.for_each(|due| lights.count(due.map(|due| looking.light(due))));
            WorkCount {
                kind: pile.kind,
                count: pile.todos.len() as u64,
                lights,
                nearest: pile.todos.iter().filter_map(|t| t.due_on).min(),
            }
        });
        Ok(counted.collect())
    }

    /// What waits for the actor by kind, in one pass over the lines; kinds that the role may never do are left out.
    fn piles<'a>(
        &self,
        looking: &'a Looking<'_>,
        asked: Option<&str>,
    ) -> Result<Vec<Pile<'a>>, Error> {
        let table = &looking.atlas.issues;
        let may = |action| reach(self.actor.role, action) != Reach::None;
        let mut piles: Vec<(Option<WaitKind>, IssueEyes, Pile<'a>)> = group_kinds(asked)?
            .into_iter()
            .map(|kind| {
                let wait = WaitKind::from_code(kind);
                let action = match kind {
                    URGE => Action::Urge,
                    OPEN_ISSUE => Action::OpenIssue,
                    _ => wait.map_or(Action::ReadLedgers, WaitKind::action),
                };
                let todos = Vec::new();
                let pile = Pile {
                    kind,
                    action,
                    todos,
                };
                (wait, self.issue_eyes(action, table), pile)
            })
            .filter(|(_, _, pile)| may(pile.action))
            .collect();
        let place = |kind: WaitKind| WaitKind::ALL.iter().position(|k| *k == kind);
        let mut of_kind = vec![None; WaitKind::ALL.len()];
        for (at, (wait, _, _)) in piles.iter().enumerate() {
            if let Some(slot) = wait.and_then(place).and_then(|n| of_kind.get_mut(n)) {
                *slot = Some(at);
            }
        }
        let urging = piles.iter().position(|(_, _, pile)| pile.kind == URGE);
        for line in looking.lines() {
            let mut told = 0_u64;
            for wait in line.waits_on(looking.today) {
                let Some(kind) = place(wait.kind) else {
                    continue;
                };
                // The first wait of a kind stands for the others.
                let is_first = told & (1 << kind) == 0;
                told |= 1 << kind;
                let Some(at) = of_kind[kind].filter(|_| is_first) else {
                    continue;
                };
                let (_, eyes, pile) = &mut piles[at];
                let is_theirs = eyes.see(line)
                    && !table.is_own_work(line, pile.action, &self.actor.id)
                    && (wait.kind != WaitKind::LookBack
                        || self.knows_look_back(line, table.station(line)));
                if is_theirs {
                    pile.todos.push(Todo::of(line, wait.due_on));
                }
            }
            let Some(at) = urging.filter(|_| self.is_mine_to_urge(line, looking.today)) else {
                continue;
            };
            let (_, eyes, pile) = &mut piles[at];
            if eyes.see(line) && !table.is_own_work(line, pile.action, &self.actor.id) {
                pile.todos
                    .push(Todo::of(line, line.rung.map(|(_, due)| due)));
            }
        }
        let unopened = piles.iter_mut().filter(|(_, _, p)| p.kind == OPEN_ISSUE);
        for (_, eyes, pile) in unopened {
            let waiting = table.unopened().filter(|line| eyes.see_unopened(line));
            pile.todos.extend(waiting.map(|line| Todo {
                line: None,
                site_code: &line.site_code,
                name: line.name.as_deref(),
                due_on: None,
            }));
        }
        Ok(piles.into_iter().map(|(_, _, pile)| pile).collect())
    }

    /// Whether the next rung is due, and it is this role that issues it.
    pub(super) fn is_mine_to_urge(&self, line: &IssueLine, today: Date) -> bool {
        let ladder = self.campaign.ladder.as_ref();
        let rung = line.rung.zip(ladder);
        rung.is_some_and(|((at, due), ladder)| {
            let issuer = ladder.rungs.get(at).map(|r| r.issued_by);
            due <= today && issuer == Some(self.actor.role)
        })
    }

    fn work_group<'a>(
        &self,
        pile: Pile<'a>,
        looking: &Looking<'_>,
        cursor: Option<&'a str>,
        limit: usize,
    ) -> Result<(WorkGroup, Option<String>), Error> {
        let mut lights = LightCounts::default();
        let (kind, count) = (pile.kind, pile.todos.len() as u64);
        let mut pager = Pager::new(false, cursor, limit)?;
        for todo in pile.todos {
            lights.count(todo.due_on.map(|due| looking.light(due)));
            let id = todo.line.map(|l| l.id).unwrap_or_default();
            let due = Part::day(todo.due_on);
            pager.offer((due, Part::Text(todo.site_code), id), todo);
        }
        let (shown, next) = pager.finish();
        let entry = |todo: &Todo<'_>| WorkEntry {
            issue: todo.line.map(|l| self.issue_row(l, looking)),
            site_code: todo.site_code.to_owned(),
            facility_name: todo.name.map(str::to_owned),
            due_on: todo.due_on,
            days_left: todo.due_on.map(|d| (d - looking.today).get_days()),
            light: todo.due_on.map(|d| looking.light(d)),
        };
        let group = WorkGroup {
            kind: kind.to_owned(),
            label: self.messages.text(&format!("work.{kind}"), &[]),
            action: pile.action.code().to_owned(),
            count,
            lights,
            items: shown.iter().map(entry).collect(),
        };
        Ok((group, next))
    }
}

impl<'a> Todo<'a> {
    fn of(line: &'a IssueLine, due_on: Option<Date>) -> Self {
        Self {
            line: Some(line),
            site_code: &line.site_code,
            name: line.name.as_deref(),
            due_on,
        }
    }
}

/// Kinds of groups, all or the one asked for.
fn group_kinds(asked: Option<&str>) -> Result<Vec<&'static str>, Error> {
    let waits = WaitKind::ALL.iter().map(|k| k.code());
    let all = std::iter::once(OPEN_ISSUE).chain(waits).chain([URGE]);
    let found: Vec<&str> = all
        .filter(|kind| asked.is_none_or(|asked| asked == *kind))
        .collect();
    match (found.is_empty(), asked) {
        (true, Some(text)) => {
            let fault = Diagnostic::error("query.wait").arg("text", text);
            Err(Error::rejected(fault))
        }
        _ => Ok(found),
    }
}
