//! 问题清单 — issues by pages, from the lines in memory.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use domain::as_of::AsOf;
use domain::deadlines::{Light, Lights};
use domain::dossier::SiteState;
use domain::ids::EntryId;
use domain::issue::Side;
use domain::ledger::Labels;
use domain::policy::Action;
use domain::worklist::WaitKind;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use spatial::diagnostic::Diagnostic;
use utoipa::{IntoParams, ToSchema};

use crate::atlas::{Atlas, Atlases, IssueEyes, IssueLine, IssueTable, Words};
use crate::error::Error;
use crate::ledgers::LedgerScope;
use crate::session::Session;

/// 问题查询 — which issues are wanted; several codes are separated by commas.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct IssueQuery {
    /// Part of the number, the site's name, the unit or the description.
    pub q: Option<String>,
    pub state: Option<String>,
    pub station: Option<String>,
    /// Area lead, by post, label or station.
    pub lead: Option<String>,
    /// `green`, `amber`, `red`, `none`.
    pub light: Option<String>,
    pub severity: Option<String>,
    pub case: Option<String>,
    pub responsible_unit: Option<String>,
    pub source: Option<String>,
    /// Year in which it was opened.
    pub year: Option<i16>,
    /// `yes`, `no`.
    pub open: Option<String>,
    /// `yes`: closed out and lasting. `no`: still to be put right, those closed unfixed among them, without those that a
    /// later issue took up.
    pub rectified: Option<String>,
    /// `yes`, `no`.
    pub overdue: Option<String>,
    /// `yes`, `no`.
    pub focal: Option<String>,
    /// `listed`, `referred`, `deferred`.
    pub side: Option<String>,
    /// A kind of the work list.
    pub wait: Option<String>,
}

/// 翻页 — which part of a list of issues, in which order, as of when.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct IssuePaging {
    /// `now`, a day `YYYY-MM-DD`, or a log size `@N`.
    pub as_of: Option<String>,
    /// `due_on`, `opened_on`, `site_code`, `issue_code`, `state`, `responsible_unit`; `-` before it turns it round.
    pub sort: Option<String>,
    /// 50 where it is not said, at most 1,000.
    #[param(minimum = 0, maximum = 1000)]
    pub limit: Option<u64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl IssuePaging {
    pub(super) fn limit(&self) -> usize {
        self.limit.unwrap_or(50).min(1000) as usize
    }

    pub(super) fn as_of(&self) -> Result<AsOf, Error> {
        let text = self.as_of.as_deref();
        text.map_or(Ok(AsOf::Now), crate::parse_as_of)
    }
}

/// 期限 — the nearest deadline of an issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DueView {
    pub timer: String,
    pub label: String,
    pub due_on: Date,
    /// Negative when it is past.
    pub days_left: i32,
    pub light: Light,
}

/// 下一级督促 — the rung to take next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RungBrief {
    pub kind: String,
    pub label: String,
    pub becomes_due_on: Date,
    pub is_due: bool,
}

/// 问题行 — one issue of a list.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct IssueRow {
    #[schema(value_type = String, format = Uuid)]
    pub issue_id: EntryId,
    pub issue_code: String,
    pub site_code: String,
    pub facility_name: Option<String>,
    pub station_id: Option<String>,
    pub station_label: Option<String>,
    pub state: String,
    pub state_label: String,
    pub close_out_case: String,
    pub severity: Option<String>,
    /// Left out for who may not know of a complaint.
    pub source_kind: Option<String>,
    pub source_label: Option<String>,
    pub description: String,
    pub responsible_unit: String,
    pub responsible_person: Option<String>,
    pub supervising_unit: Option<String>,
    pub area_lead: Option<String>,
    pub opened_on: Date,
    pub due_on: Option<Date>,
    pub next_deadline: Option<DueView>,
    pub light: Option<Light>,
    pub is_overdue: bool,
    pub is_focal: bool,
    pub is_open: bool,
    pub sides: Vec<Side>,
    pub percent: Option<u32>,
    /// What waits for somebody's hand.
    pub waits: Vec<WaitKind>,
    pub next_rung: Option<RungBrief>,
    #[schema(value_type = Option<String>, format = Uuid)]
    pub reopens: Option<EntryId>,
    #[schema(value_type = Option<String>, format = Uuid)]
    pub reopened_by: Option<EntryId>,
}

/// 灯数 — issues by the light of their nearest deadline.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct LightCounts {
    pub green: u64,
    pub amber: u64,
    pub red: u64,
    /// Without a deadline that runs.
    pub none: u64,
}

impl LightCounts {
    pub(super) fn count(&mut self, light: Option<Light>) {
        let counter = match light {
            Some(Light::Green) => &mut self.green,
            Some(Light::Amber) => &mut self.amber,
            Some(Light::Red) => &mut self.red,
            None => &mut self.none,
        };
        *counter += 1;
    }
}

/// 问题清单 — one page of issues; the counts are of all that match.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct IssueList {
    pub total: u64,
    pub by_state: BTreeMap<String, u64>,
    pub by_light: LightCounts,
    pub items: Vec<IssueRow>,
    pub next_cursor: Option<String>,
    pub as_of: String,
    pub log_size: u64,
}

/// What a list is sorted by; a later member decides between equal ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SortKey {
    DueOn,
    OpenedOn,
    SiteCode,
    IssueCode,
    State,
    Unit,
}

/// What a list of lines is drawn for: whom, when, which part of the reserve.
pub(crate) struct Looking<'a> {
    pub(super) atlas: &'a Atlas,
    eyes: IssueEyes,
    pub(crate) today: Date,
    lights: Lights,
}

impl<'a> Looking<'a> {
    /// The nearest deadline: its timer, its day and its light.
    pub(super) fn nearest(&self, line: &IssueLine) -> Option<(u16, Date, Light)> {
        let (timer, due) = line.nearest?;
        Some((timer, due, self.light(due)))
    }

    pub(crate) fn light(&self, due: Date) -> Light {
        self.lights.of(due)
    }

    pub(crate) fn lines(&self) -> impl Iterator<Item = &'a IssueLine> {
        let lines = self.atlas.issues.lines().iter();
        lines.filter(|line| self.eyes.see(line))
    }
}

/// A query compared with lines: codes as the numbers the lines have of them, none where no line has the code.
pub(super) struct Wanted<'q> {
    query: &'q IssueQuery,
    text: Option<String>,
    waits: Option<Vec<WaitKind>>,
    states: Option<Vec<SiteState>>,
    sides: Option<Vec<Side>>,
    lights: Option<Vec<Option<Light>>>,
    cases: Option<Vec<u16>>,
    severities: Option<Vec<u16>>,
    units: Option<Vec<u16>>,
    /// 0 for what is not known, or not told.
    sources: Option<Vec<u16>>,
}

/// The codes wanted, each as what `find` knows it by.
fn codes<T>(text: Option<&str>, find: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    let codes = text?.split(',').map(str::trim);
    Some(codes.filter_map(find).collect())
}

impl<'q> Wanted<'q> {
    pub(super) fn of(query: &'q IssueQuery, table: &IssueTable) -> Result<Self, Error> {
        let unknown = |text: &str| {
            let fault = Diagnostic::error("query.wait").arg("text", text);
            Error::rejected(fault)
        };
        let kinds = query.wait.as_deref().map(|codes| {
            let codes = codes.split(',').map(str::trim);
            let kinds = codes.map(|c| WaitKind::from_code(c).ok_or_else(|| unknown(c)));
            kinds.collect::<Result<Vec<_>, _>>()
        });
        let text = query.q.as_deref().map(|q| q.trim().to_lowercase());
        let lights = [
            None,
            Some(Light::Green),
            Some(Light::Amber),
            Some(Light::Red),
        ];
        Ok(Self {
            query,
            text: text.filter(|t| !t.is_empty()),
            waits: kinds.transpose()?,
            states: codes(query.state.as_deref(), SiteState::from_code),
            sides: codes(query.side.as_deref(), |c| {
                Side::ALL.into_iter().find(|s| side_code(*s) == c)
            }),
            lights: codes(query.light.as_deref(), |c| {
                lights.into_iter().find(|l| light_code(*l) == c)
            }),
            cases: codes(query.case.as_deref(), |c| table.cases.find(c)),
            severities: codes(query.severity.as_deref(), |c| match c {
                "unknown" => Some(0),
                c => table.severities.find(c),
            }),
            units: codes(query.responsible_unit.as_deref(), |c| table.units.find(c)),
            sources: codes(query.source.as_deref(), |c| match c {
                domain::statistics::UNKNOWN => Some(0),
                c => table.sources.find(c),
            }),
        })
    }

    /// Whether a line is asked for. Only what the asker may know decides: a filter must not tell what the row does not.
    pub(super) fn holds(&self, session: &Session, line: &IssueLine, looking: &Looking<'_>) -> bool {
        let q = self.query;
        let station = || looking.atlas.issues.station(line);
        let source = || match session.knows_source(line, station()) {
            true => line.source,
            false => 0,
        };
        let light = || looking.nearest(line).map(|(_, _, light)| light);
        yes(&q.open, line.is_open)
            && match q.rectified.as_deref() {
                Some("no") => line.rectified_on.is_none() && !line.is_reopened,
                _ => yes(&q.rectified, line.rectified_on.is_some()),
            }
            && yes(&q.focal, line.is_focal)
            && q.year.is_none_or(|year| line.opened_on.year() == year)
            && q.overdue
                .as_deref()
                .is_none_or(|w| (w != "no") == line.is_overdue(looking.today))
            && one_of(&self.lights, light)
            && one_of(&self.states, || line.state)
            && one_of(&self.cases, || line.case)
            && one_of(&self.severities, || line.severity)
            && one_of(&self.units, || line.unit)
            && one_of(&self.sources, source)
            && self
                .sides
                .as_ref()
                .is_none_or(|sides| sides.iter().any(|s| line.has_side(*s)))
            && self.waits.as_ref().is_none_or(|kinds| {
                let mut waits = session.told_waits(line, station(), looking.today);
                waits.any(|kind| kinds.contains(&kind))
            })
            && self
                .text
                .as_ref()
                .is_none_or(|text| says(line, looking, text))
    }
}

/// Whether the value, which is looked at only where something is wanted, is one of those wanted.
fn one_of<T: PartialEq>(wanted: &Option<Vec<T>>, value: impl FnOnce() -> T) -> bool {
    let wanted = wanted.as_ref();
    wanted.is_none_or(|wanted| wanted.contains(&value()))
}

/// Whether a flag is as wanted.
fn yes(wanted: &Option<String>, value: bool) -> bool {
    let wanted = wanted.as_deref();
    wanted.is_none_or(|w| (w != "no") == value)
}

fn says(line: &IssueLine, looking: &Looking<'_>, text: &str) -> bool {
    let words = &line.words;
    let texts = [
        Some(&*line.code),
        words.name.as_deref(),
        looking.atlas.issues.units.word(line.unit),
        Some(&*words.description),
    ];
    let mut texts = texts.into_iter().flatten();
    texts.any(|t| t.to_lowercase().contains(text))
}

fn light_code(light: Option<Light>) -> &'static str {
    match light {
        Some(Light::Green) => "green",
        Some(Light::Amber) => "amber",
        Some(Light::Red) => "red",
        None => "none",
    }
}

pub(super) fn side_code(side: Side) -> &'static str {
    match side {
        Side::Listed => "listed",
        Side::Referred => "referred",
        Side::Deferred => "deferred",
    }
}

/// What a place in a list is told by, cheap to compare; what has no day comes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part<'a> {
    Number(u8),
    Day(Date),
    Text(&'a str),
    Last,
}

impl<'a> Part<'a> {
    pub(super) fn day(day: Option<Date>) -> Self {
        day.map_or(Self::Last, Self::Day)
    }

    fn written(self) -> String {
        match self {
            Self::Number(n) => format!("n{n}"),
            Self::Day(day) => format!("d{day}"),
            Self::Text(text) => format!("t{text}"),
            Self::Last => "l".to_owned(),
        }
    }

    fn read(text: &'a str) -> Option<Self> {
        let (kind, rest) = text.split_at_checked(1)?;
        Some(match kind {
            "n" => Self::Number(rest.parse().ok()?),
            "d" => Self::Day(rest.parse().ok()?),
            "t" => Self::Text(rest),
            "l" => Self::Last,
            _ => return None,
        })
    }
}

/// Place of a line in a list; whatever it is sorted by, no two are equal.
pub(super) type Key<'a> = (Part<'a>, Part<'a>, EntryId);

fn sort_key<'a>(line: &'a IssueLine, by: SortKey, units: &'a Words) -> Key<'a> {
    let part = match by {
        SortKey::DueOn => Part::day(line.due_on),
        SortKey::OpenedOn => Part::Day(line.opened_on),
        SortKey::SiteCode => Part::Text(&line.site_code),
        SortKey::IssueCode => Part::Text(&line.code),
        SortKey::State => Part::Number(state_place(line.state)),
        SortKey::Unit => Part::Text(units.word(line.unit).unwrap_or_default()),
    };
    (part, Part::Last, line.id)
}

/// States are in the order of the work.
fn state_place(state: SiteState) -> u8 {
    state as u8
}

fn parse_sort(text: Option<&str>) -> Result<(SortKey, bool), Error> {
    let text = text.unwrap_or("due_on");
    let (is_turned, name) = match text.strip_prefix('-') {
        Some(name) => (true, name),
        None => (false, text),
    };
    let key = match name {
        "due_on" | "days_left" => SortKey::DueOn,
        "opened_on" => SortKey::OpenedOn,
        "site_code" => SortKey::SiteCode,
        "issue_code" => SortKey::IssueCode,
        "state" => SortKey::State,
        "responsible_unit" => SortKey::Unit,
        _ => {
            let fault = Diagnostic::error("query.sort").arg("text", text);
            return Err(Error::rejected(fault));
        }
    };
    Ok((key, is_turned))
}

/// What is kept beyond two pages before choosing.
const LEAST_KEPT: usize = 64;

/// 翻页中 — one page of what is sorted by key, after the cursor. Of all that is offered only what may stand on it is kept.
pub(super) struct Pager<'a, T> {
    is_turned: bool,
    limit: usize,
    after: Option<Key<'a>>,
    /// What comes after it stands on a later page.
    until: Option<Key<'a>>,
    kept: Vec<(Key<'a>, T)>,
    has_more: bool,
}

impl<'a, T> Pager<'a, T> {
    pub(super) fn new(
        is_turned: bool,
        cursor: Option<&'a str>,
        limit: usize,
    ) -> Result<Self, Error> {
        Ok(Self {
            is_turned,
            limit,
            after: cursor.map(parse_cursor).transpose()?,
            until: None,
            kept: Vec::new(),
            has_more: false,
        })
    }

    pub(super) fn offer(&mut self, key: Key<'a>, item: T) {
        let is_before = |after: &Key<'a>| ordered(self.is_turned, &key, after) != Ordering::Greater;
        if self.after.as_ref().is_some_and(is_before) {
            return;
        }
        let is_later = |until: &Key<'a>| ordered(self.is_turned, &key, until) == Ordering::Greater;
        if self.until.as_ref().is_some_and(is_later) {
            return;
        }
        self.kept.push((key, item));
        // Twice as many as are shown, so that choosing among them costs little for each.
        if self.kept.len() > 2 * self.limit + LEAST_KEPT {
            self.choose();
        }
    }

    /// Leaves those that would be shown.
    fn choose(&mut self) {
        if self.kept.len() <= self.limit {
            return;
        }
        self.has_more = true;
        if let Some(last) = self.limit.checked_sub(1) {
            let is_turned = self.is_turned;
            self.kept
                .select_nth_unstable_by(last, |a, b| ordered(is_turned, &a.0, &b.0));
            self.until = self.kept.get(last).map(|(key, _)| *key);
        }
        self.kept.truncate(self.limit);
    }

    /// What is shown, in order, and the cursor of the next page.
    pub(super) fn finish(mut self) -> (Vec<T>, Option<String>) {
        self.choose();
        let Self {
            is_turned,
            mut kept,
            has_more,
            ..
        } = self;
        kept.sort_by(|a, b| ordered(is_turned, &a.0, &b.0));
        let last = kept.last().map(|((first, second, id), _)| {
            // A unit separator stands in no name.
            format!("{id}\u{1f}{}\u{1f}{}", first.written(), second.written())
        });
        let next = last.filter(|_| has_more);
        (kept.into_iter().map(|(_, item)| item).collect(), next)
    }
}

fn ordered<'a>(is_turned: bool, a: &Key<'a>, b: &Key<'a>) -> Ordering {
    match is_turned {
        true => b.cmp(a),
        false => a.cmp(b),
    }
}

fn parse_cursor(text: &str) -> Result<Key<'_>, Error> {
    let mut parts = text.split('\u{1f}');
    let mut read = || {
        let id = parts.next()?.parse::<EntryId>().ok()?;
        let first = Part::read(parts.next()?)?;
        let second = Part::read(parts.next()?)?;
        Some((first, second, id))
    };
    read().ok_or_else(|| Error::rejected(Diagnostic::error("query.cursor").arg("text", text)))
}

impl Session {
    /// One page of the issues the actor may read.
    pub fn list_issues(
        &self,
        atlases: &Atlases,
        query: &IssueQuery,
        paging: &IssuePaging,
    ) -> Result<IssueList, Error> {
        self.may_read_lists(Action::ReadLedgers)?;
        let as_of = paging.as_of()?;
        let (by, is_turned) = parse_sort(paging.sort.as_deref())?;
        let atlas = self.atlas(atlases, as_of)?;
        let wanted = Wanted::of(query, &atlas.issues)?;
        let (station, lead) = (query.station.as_deref(), query.lead.as_deref());
        let scope = self.ledger_scope(station, lead)?;
        let looking = self.looking(&atlas, Action::ReadLedgers, &scope, as_of);
        let mut by_state = [0_u64; SiteState::ALL.len()];
        let mut by_light = LightCounts::default();
        let mut pager = Pager::new(is_turned, paging.cursor.as_deref(), paging.limit())?;
        for line in looking.lines().filter(|l| wanted.holds(self, l, &looking)) {
            by_state[usize::from(state_place(line.state))] += 1;
            by_light.count(looking.nearest(line).map(|(_, _, light)| light));
            pager.offer(sort_key(line, by, &atlas.issues.units), line);
        }
        let total = by_state.iter().sum();
        let by_state = SiteState::ALL.iter().zip(by_state);
        let by_state = by_state
            .filter(|(_, count)| *count > 0)
            .map(|(state, count)| (state.code().to_owned(), count))
            .collect();
        let (lines, next_cursor) = pager.finish();
        Ok(IssueList {
            total,
            by_state,
            by_light,
            items: lines.iter().map(|l| self.issue_row(l, &looking)).collect(),
            next_cursor,
            as_of: as_of.to_string(),
            log_size: atlas.log_size,
        })
    }

    /// Whom, when and for which part of the reserve lines are looked at.
    pub(crate) fn looking<'a>(
        &self,
        atlas: &'a Atlas,
        action: Action,
        scope: &LedgerScope,
        as_of: AsOf,
    ) -> Looking<'a> {
        let timers = self.campaign.timers.as_ref();
        let today = match as_of {
            AsOf::Day(day) => day,
            _ => self.today(),
        };
        Looking {
            atlas,
            eyes: self
                .issue_eyes(action, &atlas.issues)
                .within(scope, &atlas.issues),
            today,
            lights: Lights::on(today, timers.map_or(0, |t| t.amber_days)),
        }
    }

    pub(super) fn issue_row(&self, line: &IssueLine, looking: &Looking<'_>) -> IssueRow {
        let table = &looking.atlas.issues;
        let station = table.station(line);
        let nearest = looking.nearest(line);
        let words = &line.words;
        let figures = &words.figures;
        let source = self.knows_source(line, station);
        let source = source.then(|| figures.source_kind.clone());
        let own = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
        IssueRow {
            issue_id: line.id,
            issue_code: line.code.to_string(),
            site_code: line.site_code.to_string(),
            facility_name: own(&words.name),
            station_id: station.map(str::to_owned),
            station_label: station.map(|s| self.label("station", s)),
            state: line.state.code().to_owned(),
            state_label: self.label("site_state", line.state.code()),
            close_out_case: figures.close_out_case.clone(),
            severity: table.severities.word(line.severity).map(str::to_owned),
            source_label: source.as_deref().map(|s| self.label("source", s)),
            source_kind: source,
            description: words.description.to_string(),
            responsible_unit: figures.responsible_unit.clone(),
            responsible_person: own(&words.person),
            supervising_unit: own(&words.supervising_unit),
            area_lead: own(&words.area_lead),
            opened_on: line.opened_on,
            due_on: line.due_on,
            next_deadline: nearest.map(|(timer, due_on, light)| {
                let timer = table.timer(timer);
                DueView {
                    timer: timer.to_owned(),
                    label: self.timer_label(timer),
                    due_on,
                    days_left: (due_on - looking.today).get_days(),
                    light,
                }
            }),
            light: nearest.map(|(_, _, light)| light),
            is_overdue: line.is_overdue(looking.today),
            is_focal: line.is_focal,
            is_open: line.is_open,
            sides: line.sides().collect(),
            percent: words.percent,
            waits: self.told_waits(line, station, looking.today).collect(),
            next_rung: self.rung_brief(line, looking.today),
            reopens: words.reopens,
            reopened_by: words.reopened_by,
        }
    }

    /// What waits, but for what the actor may not know of: secret look-backs and suspicions.
    fn told_waits(
        &self,
        line: &IssueLine,
        station: Option<&str>,
        today: Date,
    ) -> impl Iterator<Item = WaitKind> {
        let is_told = move |kind: &WaitKind| match kind {
            WaitKind::LookBack => self.knows_look_back(line, station),
            WaitKind::JudgeSuspicion => self.sees(Action::ReadSuspicions, station),
            _ => true,
        };
        line.waits_on(today).map(|w| w.kind).filter(is_told)
    }

    /// A secret look-back is known only to who plans them.
    pub(super) fn knows_look_back(&self, line: &IssueLine, station: Option<&str>) -> bool {
        line.look_back != Some(true) || self.sees(Action::PlanLookBack, station)
    }

    pub(super) fn rung_brief(&self, line: &IssueLine, today: Date) -> Option<RungBrief> {
        let (at, becomes_due_on) = line.rung?;
        let rung = self.campaign.ladder.as_ref()?.rungs.get(usize::from(at))?;
        Some(RungBrief {
            kind: rung.kind.clone(),
            label: rung.label.clone(),
            becomes_due_on,
            is_due: becomes_due_on <= today,
        })
    }

    /// Name of a timer: the campaign's, or of a day that a paper sets.
    pub(crate) fn timer_label(&self, timer: &str) -> String {
        let named = self.campaign.timers.as_ref().and_then(|t| t.find(timer));
        named.map_or_else(
            || self.messages.text(&format!("timer.{timer}"), &[]),
            |t| t.label.clone(),
        )
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    const UNITS: [&str; 3] = ["甲单位", "乙单位", "丙单位"];

    fn keyed(count: u32) -> Vec<(Key<'static>, u32)> {
        let day = |n: u32| jiff::civil::date(2019, 9, i8::try_from(n).unwrap());
        let one = |n: u32| {
            let id = EntryId::derived(jiff::Timestamp::UNIX_EPOCH, &[&n.to_be_bytes()]);
            // Many share a day and a unit, so that the id decides; some have no day.
            let due = (!n.is_multiple_of(4)).then(|| day(n % 4));
            ((Part::day(due), Part::Text(UNITS[n as usize % 3]), id), n)
        };
        (0..count).map(one).collect()
    }

    fn page(
        keyed: Vec<(Key<'static>, u32)>,
        is_turned: bool,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<u32>, Option<String>), Error> {
        let mut pager = Pager::new(is_turned, cursor, limit)?;
        for (key, item) in keyed {
            pager.offer(key, item);
        }
        Ok(pager.finish())
    }

    #[test]
    fn pages_follow_on_each_other_and_leave_nothing_out() {
        for is_turned in [false, true] {
            let (whole, none) = page(keyed(500), is_turned, None, 1000).unwrap();
            assert_eq!((whole.len(), none), (500, None));
            let (mut read, mut cursor) = (Vec::new(), None);
            loop {
                let (items, next) = page(keyed(500), is_turned, cursor.as_deref(), 7).unwrap();
                read.extend(items);
                match next {
                    Some(next) => cursor = Some(next),
                    None => break,
                }
            }
            assert_eq!(read, whole);
        }
    }

    #[test]
    fn a_cursor_that_is_none_is_told() {
        let fault = page(keyed(3), false, Some("三"), 2).unwrap_err();
        assert_eq!(fault.code(), "query.cursor");
    }
}
