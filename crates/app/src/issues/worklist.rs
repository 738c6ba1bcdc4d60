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
use crate::atlas::{Atlas, Atlases, IssueEyes, IssueLine, IssueTable, UnopenedLine};
use crate::error::Error;
use crate::ledgers::LedgerScope;
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
pub(crate) const URGE: &str = "urge";
const OPEN_ISSUE: &str = "open_issue";

/// Something to do with the day by which it must be.
struct Todo<'a> {
    line: Option<&'a IssueLine>,
    site_code: &'a str,
    /// Of a site without an issue.
    name: Option<&'a str>,
    due_on: Option<Date>,
}

/// Work of one kind: how much of it, and the page of it that is shown.
struct Pile<'a> {
    kind: &'static str,
    action: Action,
    eyes: IssueEyes,
    count: u64,
    lights: LightCounts,
    nearest: Option<Date>,
    shown: Pager<'a, Todo<'a>>,
}

/// Work of one kind by its numbers.
pub(crate) struct WorkCount {
    pub(crate) kind: &'static str,
    pub(crate) count: u64,
    pub(crate) lights: LightCounts,
    pub(crate) nearest: Option<Date>,
}

/// Which piles, and which page of each.
struct Asked<'a> {
    kind: Option<&'a str>,
    cursor: Option<&'a str>,
    limit: usize,
}

impl Session {
    /// What waits for the actor.
    pub fn worklist(&self, atlases: &Atlases, query: &WorklistQuery) -> Result<Worklist, Error> {
        self.may_read_lists(Action::ReadLedgers)?;
        let atlas = self.atlas(atlases, AsOf::Now)?;
        let looking = self.looking(&atlas, Action::ReadLedgers, &LedgerScope::All, AsOf::Now);
        let usual = if query.kind.is_some() { 50 } else { 10 };
        let asked = Asked {
            kind: query.kind.as_deref(),
            cursor: query.cursor.as_deref().filter(|_| query.kind.is_some()),
            limit: query.limit.unwrap_or(usual).min(1000) as usize,
        };
        let mut groups = Vec::new();
        let mut next_cursor = None;
        for pile in self.piles(&looking, &asked)? {
            if pile.count == 0 && query.kind.is_none() {
                continue;
            }
            let (group, next) = self.work_group(pile, &looking);
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
        let looking = self.looking(atlas, Action::ReadLedgers, &LedgerScope::All, AsOf::Now);
        let asked = Asked {
            kind: None,
            cursor: None,
            limit: 0,
        };
        let piles = self.piles(&looking, &asked)?.into_iter();
        let counted = piles.filter(|pile| pile.count > 0).map(|pile| WorkCount {
            kind: pile.kind,
            count: pile.count,
            lights: pile.lights,
            nearest: pile.nearest,
        });
        Ok(counted.collect())
    }

    /// What waits for the actor by kind, in one pass over the lines; kinds that the role may never do are left out.
    fn piles<'a>(&self, looking: &Looking<'a>, asked: &Asked<'a>) -> Result<Vec<Pile<'a>>, Error> {
        let table = &looking.atlas.issues;
        let mut piles = self.empty_piles(table, asked)?;
        let mut of_kind = [None; WaitKind::ALL.len()];
        for (kind, slot) in WaitKind::ALL.iter().zip(&mut of_kind) {
            *slot = piles.iter().position(|pile| pile.kind == kind.code());
        }
        let urging = piles.iter().position(|pile| pile.kind == URGE);
        let actor = table.actor(&self.actor.id);
        let is_theirs = |pile: &Pile<'_>, line: &IssueLine| {
            pile.eyes.see(line) && !table.is_own_work(line, pile.action, actor)
        };
        for line in looking.lines() {
            let mut told = 0_u64;
            for wait in line.waits_on(looking.today) {
                let kind = wait.kind as usize;
                // The first wait of a kind stands for the others.
                let is_first = told & (1 << kind) == 0;
                told |= 1 << kind;
                let Some(at) = of_kind[kind].filter(|_| is_first) else {
                    continue;
                };
                let is_told = wait.kind != WaitKind::LookBack
                    || self.knows_look_back(line, table.station(line));
                if is_told && is_theirs(&piles[at], line) {
                    piles[at].put(Todo::of(line, wait.due_on), looking);
                }
            }
            let is_mine = |_: &usize| self.is_mine_to_urge(line, looking.today);
            let Some(at) = urging.filter(is_mine) else {
                continue;
            };
            if is_theirs(&piles[at], line) {
                let due_on = line.rung.map(|(_, due)| due);
                piles[at].put(Todo::of(line, due_on), looking);
            }
        }
        for pile in piles.iter_mut().filter(|pile| pile.kind == OPEN_ISSUE) {
            for line in table.unopened() {
                if pile.eyes.see_unopened(line) {
                    pile.put(Todo::of_site(line), looking);
                }
            }
        }
        Ok(piles)
    }

    fn empty_piles<'a>(
        &self,
        table: &IssueTable,
        asked: &Asked<'a>,
    ) -> Result<Vec<Pile<'a>>, Error> {
        let mut piles = Vec::new();
        for kind in group_kinds(asked.kind)? {
            let action = match kind {
                URGE => Action::Urge,
                OPEN_ISSUE => Action::OpenIssue,
                _ => WaitKind::from_code(kind).map_or(Action::ReadLedgers, WaitKind::action),
            };
            if reach(self.actor.role, action) == Reach::None {
                continue;
            }
            piles.push(Pile {
                kind,
                action,
                eyes: self.issue_eyes(action, table),
                count: 0,
                lights: LightCounts::default(),
                nearest: None,
                shown: Pager::new(false, asked.cursor, asked.limit)?,
            });
        }
        Ok(piles)
    }

    /// Whether the next rung is due, and it is this role that issues it.
    pub(super) fn is_mine_to_urge(&self, line: &IssueLine, today: Date) -> bool {
        let Some((at, _)) = line.rung.filter(|(_, due)| *due <= today) else {
            return false;
        };
        let rungs = self.campaign.ladder.as_ref().map(|l| &l.rungs);
        let rung = rungs.and_then(|rungs| rungs.get(usize::from(at)));
        rung.is_some_and(|rung| rung.issued_by == self.actor.role)
    }

    fn work_group(&self, pile: Pile<'_>, looking: &Looking<'_>) -> (WorkGroup, Option<String>) {
        let (shown, next) = pile.shown.finish();
        let entry = |todo: &Todo<'_>| WorkEntry {
            issue: todo.line.map(|l| self.issue_row(l, looking)),
            site_code: todo.site_code.to_owned(),
            facility_name: todo.name().map(str::to_owned),
            due_on: todo.due_on,
            days_left: todo.due_on.map(|d| (d - looking.today).get_days()),
            light: todo.due_on.map(|d| looking.light(d)),
        };
        let group = WorkGroup {
            kind: pile.kind.to_owned(),
            label: self.messages.text(&format!("work.{}", pile.kind), &[]),
            action: pile.action.code().to_owned(),
            count: pile.count,
            lights: pile.lights,
            items: shown.iter().map(entry).collect(),
        };
        (group, next)
    }
}

impl<'a> Pile<'a> {
    fn put(&mut self, todo: Todo<'a>, looking: &Looking<'_>) {
        self.count += 1;
        self.lights.count(todo.due_on.map(|due| looking.light(due)));
        self.nearest = self.nearest.into_iter().chain(todo.due_on).min();
        let id = todo.line.map(|l| l.id).unwrap_or_default();
        let key = (Part::day(todo.due_on), Part::Text(todo.site_code), id);
        self.shown.offer(key, todo);
    }
}

impl<'a> Todo<'a> {
    fn of(line: &'a IssueLine, due_on: Option<Date>) -> Self {
        Self {
            line: Some(line),
            site_code: &line.site_code,
            due_on,
            name: None,
        }
    }

    fn of_site(line: &'a UnopenedLine) -> Self {
        Self {
            line: None,
            site_code: &line.site_code,
            name: line.name.as_deref(),
            due_on: None,
        }
    }

    fn name(&self) -> Option<&'a str> {
        self.line
            .map_or(self.name, |line| line.words.name.as_deref())
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
