//! Issues by lines: what lists, work lists, urging and figures need of each, so that no request folds a dossier.

use std::collections::HashMap;
use std::ops::BitOr;

use domain::deadlines::{Deadline, Timers};
use domain::dossier::{Dossier, SiteState, Standing};
use domain::ids::{EntryId, SiteId};
use domain::issue::{Issue, Side};
use domain::policy::Action;
use domain::statistics::issues::IssueFigures;
use domain::worklist::{self, Wait};
use jiff::civil::Date;
use smallvec::SmallVec;

use super::columns::Words;
use crate::issues::{calendar, code_of};
use crate::ledgers::LedgerScope;
use crate::session::Setting;

/// 问题行 — one issue as lists see it. What depends on the day is worked out when it is asked.
/// What lists are filtered, counted and sorted by lies here, close together; what only the rows shown say, in its words.
#[derive(Debug, Clone)]
pub struct IssueLine {
    pub id: EntryId,
    pub code: Box<str>,
    pub site_code: Box<str>,
    pub words: Box<IssueWords>,
    /// What waits, for most one thing or two.
    waits: SmallVec<[Wait; 2]>,
    pub opened_on: Date,
    pub due_on: Option<Date>,
    /// Day of the close-out of an issue put right.
    pub rectified_on: Option<Date>,
    /// The nearest deadline, with the number of its timer.
    pub nearest: Option<(u16, Date)>,
    /// Place of the next rung on the ladder, and since when it is due.
    pub rung: Option<(u8, Date)>,
    pub(super) station: u16,
    pub unit: u16,
    pub source: u16,
    pub case: u16,
    /// 0 where it is not known.
    pub severity: u16,
    pub state: SiteState,
    sides: u8,
    pub is_focal: bool,
    /// Whether its source protects a complainant.
    pub is_confidential: bool,
    pub is_open: bool,
    pub is_reported: bool,
    pub is_determined: bool,
    /// Whether a later issue took it up.
    pub is_reopened: bool,
    /// Whether a look-back is planned and not done; whether it is a secret one.
    pub look_back: Option<bool>,
}

/// 问题字句 — what the row of an issue says, and what figures need of it.
#[derive(Debug, Clone)]
pub struct IssueWords {
    pub name: Option<Box<str>>,
    pub area_m2: f64,
    pub description: Box<str>,
    pub target: Option<Box<str>>,
    pub demand: Option<Box<str>>,
    pub person: Option<Box<str>>,
    pub supervising_unit: Option<Box<str>>,
    pub area_lead: Option<Box<str>>,
    /// Words of the latest progress report, or of the report that all is done.
    pub progress: Option<Box<str>>,
    pub percent: Option<u32>,
    /// Nearest first, each with the number of its timer.
    pub deadlines: Box<[(u16, Date)]>,
    pub risk: u32,
    pub reopens: Option<EntryId>,
    pub reopened_by: Option<EntryId>,
    pub figures: IssueFigures,
    hands: Box<[(Action, u16)]>,
}

/// 待立账点位 — a site whose nature was decided and that no issue stands for.
#[derive(Debug, Clone)]
pub struct UnopenedLine {
    pub site_code: Box<str>,
    pub name: Option<Box<str>>,
    station: u16,
}

/// 问题表 — the issues of all sites.
#[derive(Debug, Clone, Default)]
pub struct IssueTable {
    lines: Vec<IssueLine>,
    by_id: HashMap<EntryId, u32>,
    unopened: HashMap<SiteId, UnopenedLine>,
    pub stations: Words,
    pub units: Words,
    pub sources: Words,
    pub cases: Words,
    pub severities: Words,
    timers: Words,
    actors: Words,
}

/// Timer of a planned look-back.
const LOOK_BACK_DUE: &str = "look_back_due";
/// Words of a line are cut at so many characters.
const MOST_WORDS: usize = 160;

impl IssueLine {
    /// The work is not reported done, and the day is past.
    pub fn is_overdue(&self, today: Date) -> bool {
        let at_work = matches!(
            self.state,
            SiteState::Characterized
                | SiteState::Planning
                | SiteState::PlanApproved
                | SiteState::Rectifying
        );
        at_work && !self.is_reopened && self.due_on.is_some_and(|due| due < today)
    }

    /// Whether work of this line may be done on `today`.
    pub fn waits_on(&self, today: Date) -> impl Iterator<Item = &Wait> {
        let is_time = move |w: &&Wait| w.from_on.is_none_or(|from| from <= today);
        self.waits.iter().filter(is_time)
    }

    /// What stands beside its state.
    pub fn sides(&self) -> impl Iterator<Item = Side> {
        Side::ALL.into_iter().filter(|side| self.has_side(*side))
    }

    /// Whether this stands beside its state.
    pub fn has_side(&self, side: Side) -> bool {
        self.sides & bit_of(side) != 0
    }
}

impl IssueTable {
    /// Enters the issues of a dossier, or what changed of them.
    pub fn put(&mut self, dossier: &Dossier, setting: &Setting) {
        self.put_unopened(dossier);
        for issue in &dossier.issues {
            let line = self.line_of(dossier, issue, setting);
            let next = self.lines.len() as u32;
            let at = *self.by_id.entry(issue.id).or_insert(next);
            match self.lines.get_mut(at as usize) {
                Some(kept) => *kept = line,
                None => self.lines.push(line),
            }
        }
    }

    fn put_unopened(&mut self, dossier: &Dossier) {
        let decided = |d: &domain::dossier::Decision| {
            let verdict = d.recorded.body.verdict.as_str();
            d.standing == Standing::Effective && matches!(verdict, "violation" | "legacy")
        };
        let waits = dossier.state == SiteState::Characterized
            && dossier.issues.is_empty()
            && dossier.characterizations.iter().any(decided);
        match waits {
            true => {
                let line = UnopenedLine {
                    site_code: dossier.site_code.as_str().into(),
                    name: own(&dossier.facts.facility_name),
                    station: self.stations.enter(dossier.facts.station_id.as_deref()),
                };
                self.unopened.insert(dossier.site_id, line);
            }
            false => {
                self.unopened.remove(&dossier.site_id);
            }
        }
    }

    fn line_of(&mut self, dossier: &Dossier, issue: &Issue, setting: &Setting) -> IssueLine {
        let facts = &dossier.facts;
        let opened = &issue.opened.body;
        let (deadlines, rung) = running(issue, setting);
        let hands = issue.hands.iter();
        let hands = hands.map(|h| (h.action, self.actors.enter(Some(&h.actor))));
        let hands: Box<[_]> = hands.collect();
        let planned = issue.look_back_plans.last();
        let is_done =
            |seq: u64| -> bool { issue.look_backs.last().is_some_and(|done| done.seq > seq) };
        let look_back = planned
            .filter(|p| !is_done(p.seq))
            .map(|p| p.body.is_secret);
        // A secret look-back would be no secret if its day stood in lists.
        let is_told = |d: &&Deadline| look_back != Some(true) || d.timer != LOOK_BACK_DUE;
        let told = deadlines.iter().filter(is_told);
        let numbered = told.map(|d| (self.timers.enter(Some(&d.timer)), d.due_on));
        let numbered: Box<[_]> = numbered.collect();
        let last = issue.progress.last().map(|p| p.body.text.as_str());
        let reported = issue.report().map(|r| r.body.result_text.as_str());
        let plan = issue.plan.as_ref().map(|p| p.body.target.as_str());
        let responsible = &issue.responsible;
        let words = IssueWords {
            name: own(&facts.facility_name),
            area_m2: facts.area_m2.or(facts.stated_area_m2).unwrap_or(0.0),
            description: cut(&opened.description),
            target: plan.map(cut),
            demand: opened.demand.as_deref().map(cut),
            person: own(&responsible.person),
            supervising_unit: own(&responsible.supervising_unit),
            area_lead: own(&responsible.area_lead),
            progress: reported.or(last).map(cut),
            percent: percent_of(issue),
            deadlines: numbered,
            risk: domain::look_back::risk_of(issue),
            reopens: opened.reopens,
            reopened_by: issue.reopened_by,
            figures: IssueFigures::of(issue),
            hands,
        };
        let figures = &words.figures;
        IssueLine {
            id: issue.id,
            code: code_of(dossier, issue).into(),
            site_code: dossier.site_code.as_str().into(),
            waits: worklist::waiting(issue, &deadlines).into(),
            opened_on: issue.opened_on(),
            due_on: issue.due_on,
            rectified_on: issue.rectified_on(),
            nearest: words.deadlines.first().copied(),
            rung,
            station: self.stations.enter(facts.station_id.as_deref()),
            unit: self.units.enter(Some(&responsible.unit)),
            source: self.sources.enter(Some(&figures.source_kind)),
            case: self.cases.enter(Some(&figures.close_out_case)),
            severity: self.severities.enter(opened.severity.as_deref()),
            state: issue.state,
            sides: issue.sides.iter().map(|s| bit_of(*s)).fold(0, u8::bitor),
            is_focal: crate::session::focal_of(&setting.campaign, dossier).is_some(),
            is_confidential: crate::issues::is_of_complaint(opened),
            is_open: issue.is_open(),
            is_reported: domain::closing::STATES_AFTER_REPORT.contains(&issue.state),
            is_determined: figures.is_determined,
            is_reopened: issue.reopened_by.is_some(),
            look_back,
            words: Box::new(words),
        }
    }

    /// All lines, in the order they came.
    pub fn lines(&self) -> &[IssueLine] {
        &self.lines
    }

    /// Sites that wait for an issue to be opened.
    pub fn unopened(&self) -> impl Iterator<Item = &UnopenedLine> {
        self.unopened.values()
    }

    /// The line of an issue.
    pub fn find(&self, id: EntryId) -> Option<&IssueLine> {
        self.lines.get(*self.by_id.get(&id)? as usize)
    }

    /// Station of a line.
    pub fn station<'a>(&'a self, line: &IssueLine) -> Option<&'a str> {
        self.stations.word(line.station)
    }

    /// Code of a timer by the number lines have of it.
    pub fn timer(&self, number: u16) -> &str {
        self.timers.word(number).unwrap_or_default()
    }

    /// The number of somebody who did something of an issue.
    pub fn actor(&self, actor: &str) -> Option<u16> {
        self.actors.find(actor)
    }

    /// Whether the actor did what this action is to check (职责分离).
    pub fn is_own_work(&self, line: &IssueLine, action: Action, actor: Option<u16>) -> bool {
        let is_theirs = |(done, by): &(Action, u16)| {
            Some(*by) == actor && domain::policy::SEPARATED.contains(&(action, *done))
        };
        actor.is_some() && line.words.hands.iter().any(is_theirs)
    }
}

/// 所见问题 — which lines an actor sees for an action: by station, or by the unit that answers.
#[derive(Debug, Clone)]
pub struct IssueEyes {
    pub(crate) stations: Vec<bool>,
    pub(crate) unit: Option<u16>,
    /// Stations of the scope looked at; all where none is chosen.
    scope: Option<Vec<bool>>,
}

impl IssueEyes {
    /// Of these stations, and whatever this unit answers for.
    pub(crate) fn new(stations: Vec<bool>, unit: Option<u16>) -> Self {
        Self {
            stations,
            unit,
            scope: None,
        }
    }

    /// Only what lies in the scope.
    pub(crate) fn within(self, scope: &LedgerScope, table: &IssueTable) -> Self {
        let stations = table.stations.iter();
        let scope = match scope {
            LedgerScope::All => None,
            scope => Some(stations.map(|station| scope.holds(station)).collect()),
        };
        Self { scope, ..self }
    }

    /// Whether a line is seen.
    pub fn see(&self, line: &IssueLine) -> bool {
        let is_theirs = holds(&self.stations, line.station) || self.unit == Some(line.unit);
        let in_scope = |scope: &Vec<bool>| holds(scope, line.station);
        is_theirs && self.scope.as_ref().is_none_or(in_scope)
    }

    /// Whether a site without an issue is seen.
    pub fn see_unopened(&self, line: &UnopenedLine) -> bool {
        let in_scope = |scope: &Vec<bool>| holds(scope, line.station);
        holds(&self.stations, line.station) && self.scope.as_ref().is_none_or(in_scope)
    }
}

fn holds(stations: &[bool], station: u16) -> bool {
    stations.get(usize::from(station)).copied().unwrap_or(false)
}

fn running(issue: &Issue, setting: &Setting) -> (Vec<Deadline>, Option<(u8, Date)>) {
    let none = Timers::default();
    let timers = setting.campaign.timers.as_ref().unwrap_or(&none);
    // The day only decides how many days are left; that is worked out when it is asked.
    let (deadlines, _) = timers.running(issue, calendar(), issue.opened_on());
    let ladder = setting.campaign.ladder.as_ref();
    let rung = ladder.zip(issue.due_on).and_then(|(ladder, due)| {
        let next = ladder.next_rung(issue, calendar(), due).ok()??;
        let at = ladder.rungs.iter().position(|r| r.kind == next.rung.kind)?;
        Some((u8::try_from(at).ok()?, next.becomes_due_on))
    });
    (deadlines, rung)
}

/// How far the work is: as last reported, or by what was done of what was planned.
pub(crate) fn percent_of(issue: &Issue) -> Option<u32> {
    use domain::statistics::issues::{done_of, planned_of};
    if issue.is_rectified() {
        return Some(100);
    }
    let told = issue.progress.iter().rev().find_map(|p| p.body.percent);
    let counted = || {
        let (planned, done) = (planned_of(issue), done_of(issue));
        let of = |measure: &str| done.get(measure).copied().unwrap_or(0.0);
        let shares = planned.iter().filter(|(_, plan)| **plan > 0.0);
        let shares: Vec<f64> = shares.map(|(m, plan)| (of(m) / plan).min(1.0)).collect();
        let mean = shares.iter().sum::<f64>() / shares.len() as f64;
        (!shares.is_empty()).then(|| (mean * 100.0).floor() as u32)
    };
    told.or_else(counted).map(|p| p.min(100))
}

fn own(text: &Option<String>) -> Option<Box<str>> {
    text.as_deref().map(Into::into)
}

fn bit_of(side: Side) -> u8 {
    1 << side as u8
}

fn cut(text: &str) -> Box<str> {
    let mut short: String = text.chars().take(MOST_WORDS).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short.into()
}
