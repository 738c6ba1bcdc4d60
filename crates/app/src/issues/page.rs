//! 问题详情 — everything of an issue: the fold, its checklist, deadlines, ladder, and what this person may do now.

use std::collections::BTreeMap;

use domain::as_of::AsOf;
use domain::closing::{self, Attempt, Fact};
use domain::codes::Mark;
use domain::deadlines::{DayUnit, Deadline, Light};
use domain::dossier::{Dossier, Kept, SiteState};
use domain::entries::{CompletionEvidenced, IssueOpened};
use domain::entry::{EntryBody, RecordedEntry};
use domain::ids::{EntryId, StreamId};
use domain::issue::{Issue, IssueStep, Side, built_in_flow, issue_of};
use domain::ledger::Labels;
use domain::policy::{self, Action, Role};
use domain::statistics::issues::{done_of, planned_of};
use domain::urging::{Addressee, LetterDates, NextRung, Rung};
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::acts::{KINDS, step_label};
use super::{Found, Lack, calendar};
use crate::dossier_page::TimelineItem;
use crate::error::Error;
use crate::session::Session;

/// 状态条 — one state of the way, and when it was reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StripState {
    pub state: String,
    pub label: String,
    pub reached_on: Option<Date>,
    pub is_current: bool,
}

/// 工程量 — planned and done of one measure.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct QuantityView {
    /// Code of CL-MEASURE.
    pub measure: String,
    pub label: String,
    pub unit_label: String,
    pub planned: f64,
    pub done: f64,
}

/// 措施进度 — one measure of the plan with what was done of it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MeasureView {
    pub sequence: u32,
    pub content: String,
    pub unit: Option<String>,
    pub person: Option<String>,
    pub due_on: Option<Date>,
    pub quantities: Vec<QuantityView>,
    /// Whether a report or a progress shows files for it.
    pub has_evidence: bool,
}

/// 销号清单行 — one condition with what evidences it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ChecklistLine {
    pub line: String,
    pub label: String,
    pub clause: Option<String>,
    /// Source not known for this case: 待核实.
    pub is_unconfirmed: bool,
    pub mark: Mark,
    pub note: Option<String>,
    /// Kinds of evidence that count, in words.
    pub evidence_kinds: Vec<String>,
    /// Values it may have, where it is measured by one.
    pub values: Vec<String>,
    pub is_evidenced: bool,
    pub entries: Vec<Kept<CompletionEvidenced>>,
    /// What the latest acceptance that spoke of it remarked.
    pub remark: Option<String>,
}

/// 验收层级 — one level of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChainView {
    pub level: String,
    pub label: String,
    pub authority: Option<String>,
    pub signatures: u32,
    pub units: u32,
    pub is_after_notice: bool,
    /// Entry by which it passed.
    #[schema(value_type = Option<String>, format = Uuid)]
    pub passed: Option<EntryId>,
}

/// 档案目录行.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct IndexView {
    pub number: u8,
    pub code: String,
    pub label: String,
    pub is_needed: bool,
    pub is_there: bool,
}

/// 期限 — a deadline that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeadlineView {
    pub timer: String,
    pub label: String,
    pub began_on: Date,
    pub count: Option<u32>,
    pub unit: Option<DayUnit>,
    pub due_on: Date,
    pub days_left: i32,
    pub light: Light,
    pub clause: Option<String>,
    pub mark: Option<Mark>,
}

/// 督促级别 — one rung of the ladder, and whether it was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RungView {
    pub kind: String,
    pub label: String,
    /// Days from the due day: negative before it.
    pub days: i32,
    pub unit: DayUnit,
    pub issued_by: Role,
    pub issued_by_label: String,
    pub to: Addressee,
    pub answer_days: u32,
    pub letter: bool,
    pub mark: Mark,
    pub note: Option<String>,
    #[schema(value_type = Option<String>, format = Uuid)]
    pub taken: Option<EntryId>,
}

/// 应办督促 — the rung to take next, with the letter as it would be issued today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NextRungView {
    pub kind: String,
    pub label: String,
    pub issued_by: Role,
    pub issued_by_label: String,
    pub to: Option<String>,
    pub becomes_due_on: Date,
    pub is_due: bool,
    /// Nothing where the days of the letter reach into a year without a calendar.
    pub dates: Option<LetterDates>,
    pub letter_text: Option<String>,
    /// Whether this person may issue it.
    pub may: bool,
}

/// 可办步骤 — a step that may begin where the issue stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OpenStepView {
    pub step: String,
    pub label: String,
    /// Kind of the entry that takes it.
    pub kind: String,
    pub action: String,
    /// Whether role and place allow it.
    pub may: bool,
    /// Whether another person must do it.
    pub is_own_work: bool,
    pub missing: Vec<Lack>,
}

/// 可办事项 — what this person may enter now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ActBrief {
    pub kind: String,
    pub label: String,
    pub action: String,
}

/// 不生效的登记 — an entry whose step was not allowed, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct VoidView {
    #[schema(value_type = String, format = Uuid)]
    pub entry_id: EntryId,
    pub kind: String,
    pub kind_label: String,
    pub step: String,
    pub step_label: String,
    pub from: String,
    pub code: String,
    pub text: String,
    pub missing: Vec<Lack>,
}

/// 问题详情页.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct IssueView {
    #[schema(value_type = String, format = Uuid)]
    pub issue_id: EntryId,
    pub issue_code: String,
    pub site_code: String,
    pub facility_name: Option<String>,
    pub station_id: Option<String>,
    pub station_label: Option<String>,
    /// Version of the site's stream; an act names it in `based_on`.
    pub version: u64,
    pub as_of: String,
    pub log_size: u64,
    pub today: Date,
    pub state: String,
    pub state_label: String,
    pub strip: Vec<StripState>,
    pub light: Option<Light>,
    pub is_overdue: bool,
    pub is_focal: bool,
    pub sides: Vec<Side>,
    /// The whole fold. What the post may not know is left out and named in `hidden`.
    pub issue: Issue,
    pub hidden: Vec<String>,
    pub measures: Vec<MeasureView>,
    pub quantities: Vec<QuantityView>,
    pub spent_10k_yuan: f64,
    pub percent: Option<u32>,
    pub checklist: Vec<ChecklistLine>,
    pub chain: Vec<ChainView>,
    pub index: Vec<IndexView>,
    pub deadlines: Vec<DeadlineView>,
    pub ladder: Vec<RungView>,
    pub next_rung: Option<NextRungView>,
    pub open_steps: Vec<OpenStepView>,
    pub acts: Vec<ActBrief>,
    pub void: Vec<VoidView>,
    /// Authors of its entries, as people read them.
    pub people: BTreeMap<String, String>,
}

/// States of the way in their order; those of levels the chain lacks are left out.
const WAY: [SiteState; 10] = [
    SiteState::Characterized,
    SiteState::Planning,
    SiteState::PlanApproved,
    SiteState::Rectifying,
    SiteState::AwaitingAcceptance,
    SiteState::CountyAccepted,
    SiteState::CityDetermined,
    SiteState::InPublicNotice,
    SiteState::ClosedOut,
    SiteState::Consolidated,
];

impl Session {
    /// The page of an issue.
    pub fn issue_page(&self, key: &str, as_of: AsOf) -> Result<IssueView, Error> {
        let found = self.load_issue(key, as_of)?;
        let stream = StreamId::site(found.dossier.site_id);
        let entries = self.register.load_stream(&stream)?;
        let (dossier, issue) = (&found.dossier, &found.issue);
        let today = match as_of {
            AsOf::Day(day) => day,
            _ => self.today(),
        };
        let told = self.as_told(&found.dossier, &found.issue);
        let deadlines = self.running(&told, today);
        let station = dossier.facts.station_id.as_deref();
        let next_rung = self.next_rung_view(&found, today);
        Ok(IssueView {
            issue_id: issue.id,
            issue_code: found.code.clone(),
            site_code: dossier.site_code.clone(),
            facility_name: dossier.facts.facility_name.clone(),
            station_id: station.map(str::to_owned),
            station_label: station.map(|s| self.label("station", s)),
            version: entries.last().map_or(0, |e| e.version),
            as_of: as_of.to_string(),
            log_size: self.register.log_size()?,
            today,
            state: issue.state.code().to_owned(),
            state_label: self.label("site_state", issue.state.code()),
            strip: self.strip(issue),
            light: deadlines.first().map(|d| d.light),
            is_overdue: issue.is_overdue(today),
            is_focal: self.focal(dossier).is_some(),
            sides: issue.sides.clone(),
            measures: self.measures(issue),
            quantities: self.quantities(&planned_of(issue), &done_of(issue)),
            spent_10k_yuan: issue
                .progress
                .iter()
                .filter_map(|p| p.body.spent_10k_yuan)
                .sum(),
            percent: crate::atlas::percent_of(issue),
            checklist: self.checklist(issue),
            chain: self.chain(issue),
            index: self.index(&found, today),
            deadlines: deadlines.iter().map(|d| self.deadline_view(d)).collect(),
            ladder: self.ladder(issue),
            next_rung,
            open_steps: self.open_steps(&found, today),
            acts: self.acts(&found),
            void: told.void.iter().map(|v| self.void_view(v)).collect(),
            people: entries
                .iter()
                .filter(|e| self.is_told_of_issue(&e.entry.body, station))
                .map(|e| (e.entry.author.actor.clone(), self.by_post(&e.entry.author)))
                .collect(),
            hidden: self.hidden(&found),
            issue: told,
        })
    }

    /// What was entered about an issue, in order.
    pub fn issue_timeline(&self, key: &str, as_of: AsOf) -> Result<Vec<TimelineItem>, Error> {
        let found = self.load_issue(key, as_of)?;
        let stream = StreamId::site(found.dossier.site_id);
        let entries = self.register.load_stream(&stream)?;
        let id = found.issue.id;
        let station = found.dossier.facts.station_id.as_deref();
        let is_told = |e: &&RecordedEntry| {
            let is_about = e.entry.id == id || issue_of(&e.entry.body) == Some(id);
            is_about && as_of.sees(e) && self.is_told_of_issue(&e.entry.body, station)
        };
        let told = entries.iter().filter(is_told);
        let withheld = |e: &RecordedEntry| self.withholds(&e.entry.body, station);
        Ok(told.map(|e| self.timeline_item(e, withheld(e))).collect())
    }

    /// Whether of an entry of an issue only the summary may be known: who objected lies in its body.
    pub(crate) fn withholds(&self, body: &EntryBody, station: Option<&str>) -> bool {
        matches!(body, EntryBody::ObjectionReceived(b) if b.person_ref.is_some())
            && !self.sees(Action::ReadPetitions, station)
    }

    /// Whether an entry of an issue may be known: suspicions and accountability only to who may read them, a secret
    /// look-back only to who plans them.
    pub(crate) fn is_told_of_issue(&self, body: &EntryBody, station: Option<&str>) -> bool {
        let action = match body {
            EntryBody::SuspicionFound(_)
            | EntryBody::SuspicionJudged(_)
            | EntryBody::AccountabilityRecorded(_) => Action::ReadSuspicions,
            EntryBody::LookBackPlanned(b) if b.is_secret => Action::PlanLookBack,
            EntryBody::IssueOpened(b) if is_of_complaint(b) => Action::ReadPetitions,
            _ => return true,
        };
        self.sees(action, station)
    }

    /// A dossier whose issues are told as the actor may know them; for whoever prints the whole of it.
    pub fn told(&self, mut dossier: Dossier) -> Dossier {
        let issues = dossier.issues.iter();
        let issues = issues.map(|issue| self.as_told(&dossier, issue)).collect();
        dossier.issues = issues;
        dossier
    }

    /// The issue as the actor may know it.
    fn as_told(&self, dossier: &Dossier, issue: &Issue) -> Issue {
        let resource = self.issue_resource(dossier, issue);
        let may = |action| policy::scope_of(&self.actor, action).covers(&resource);
        let mut issue = issue.clone();
        if !may(Action::ReadSuspicions) {
            issue.suspicions.clear();
            issue.accountability.clear();
            issue.hands.retain(|h| h.action != Action::JudgeSuspicion);
            let void = issue.void.iter_mut();
            void.for_each(|v| v.missing.retain(|m| m.fact != Fact::NoSuspicion));
        }
        if !may(Action::PlanLookBack) {
            let plans = issue.look_back_plans.iter().filter(|p| p.body.is_secret);
            let secret: Vec<EntryId> = plans.map(|p| p.entry_id).collect();
            issue.look_back_plans.retain(|p| !p.body.is_secret);
            issue.steps.retain(|s| !secret.contains(&s.entry_id));
            issue.hands.retain(|h| h.action != Action::PlanLookBack);
            issue.void.retain(|v| v.kind != "look_back.planned");
        }
        if !may(Action::ReadPetitions) {
            let opened = &mut issue.opened.body;
            if is_of_complaint(opened) {
                opened.source_kind.clear();
                opened.carried_over_from = None;
                opened.external_code = None;
            }
            let objections = issue.objections.iter_mut();
            objections.for_each(|o| o.recorded.body.person_ref = None);
        }
        issue
    }

    fn hidden(&self, found: &Found) -> Vec<String> {
        let parts = [
            (
                Action::ReadSuspicions,
                &["suspicions", "accountability"][..],
            ),
            (Action::PlanLookBack, &["secret_look_backs"][..]),
            (Action::ReadPetitions, &["complainants"][..]),
        ];
        let hidden = parts
            .iter()
            .filter(|(action, _)| !self.may_on(*action, found));
        let names = hidden.flat_map(|(_, names)| *names);
        names.map(|n| (*n).to_owned()).collect()
    }

    /// Deadlines that run, the nearest first; those that cannot be counted are left out.
    pub(super) fn running(&self, issue: &Issue, today: Date) -> Vec<Deadline> {
        let timers = self.campaign.timers.as_ref();
        timers.map_or_else(Vec::new, |t| t.running(issue, calendar(), today).0)
    }

    pub(super) fn deadline_view(&self, deadline: &Deadline) -> DeadlineView {
        let timer = self.campaign.timers.as_ref();
        let timer = timer.and_then(|t| t.find(&deadline.timer));
        DeadlineView {
            timer: deadline.timer.clone(),
            label: self.timer_label(&deadline.timer),
            began_on: deadline.began_on,
            count: deadline.count,
            unit: deadline.unit,
            due_on: deadline.due_on,
            days_left: deadline.days_left,
            light: deadline.light,
            clause: timer.and_then(|t| t.clause.clone()),
            mark: timer.map(|t| t.mark),
        }
    }

    fn strip(&self, issue: &Issue) -> Vec<StripState> {
        let has = |level: &str| issue.requirements.chain.iter().any(|l| l.level == level);
        let is_way = |state: &SiteState| match state {
            SiteState::CountyAccepted => has("county"),
            SiteState::CityDetermined => has("city"),
            SiteState::InPublicNotice => issue.requirements.notice_working_days > 0,
            _ => true,
        };
        let aside = matches!(issue.state, SiteState::Relapsed | SiteState::ClosedUnfixed);
        let states = WAY.iter().copied().filter(is_way);
        let states = states.chain(aside.then_some(issue.state));
        let reached = |state: SiteState| {
            // Steps that leave the issue where it is do not reach anything.
            let mut steps = issue.steps.iter().rev();
            let steps = steps.find(|s| s.to == state && s.from != state);
            let began = (state == SiteState::Characterized).then(|| issue.opened_on());
            steps.map(|s| crate::civil_day(s.occurred_at)).or(began)
        };
        states
            .map(|state| StripState {
                state: state.code().to_owned(),
                label: self.label("site_state", state.code()),
                reached_on: reached(state),
                is_current: state == issue.state,
            })
            .collect()
    }

    fn measures(&self, issue: &Issue) -> Vec<MeasureView> {
        let planned = issue.plan.iter().flat_map(|p| &p.body.measures);
        let has_files = |hashes: &[String]| hashes.iter().any(|h| !h.is_empty());
        planned
            .map(|m| {
                let of_measure = |p: &&Kept<domain::entries::ProgressReported>| {
                    p.body.measure == Some(m.sequence)
                };
                let progress: Vec<_> = issue.progress.iter().filter(of_measure).collect();
                let mut done = BTreeMap::new();
                for quantity in progress.iter().flat_map(|p| &p.body.quantities) {
                    *done.entry(quantity.measure.as_str()).or_insert(0.0) += quantity.value;
                }
                let mut plan = BTreeMap::new();
                for quantity in &m.quantities {
                    *plan.entry(quantity.measure.as_str()).or_insert(0.0) += quantity.value;
                }
                let reported = issue.report().into_iter().flat_map(|r| &r.body.measures);
                let mut reported = reported.filter(|r| r.sequence == m.sequence);
                MeasureView {
                    sequence: m.sequence,
                    content: m.content.clone(),
                    unit: m.unit.clone(),
                    person: m.person.clone(),
                    due_on: m.due_on,
                    quantities: self.quantities(&plan, &done),
                    has_evidence: reported.any(|r| has_files(&r.evidence))
                        || progress.iter().any(|p| has_files(&p.body.evidence)),
                }
            })
            .collect()
    }

    pub(super) fn quantities(
        &self,
        planned: &BTreeMap<&str, f64>,
        done: &BTreeMap<&str, f64>,
    ) -> Vec<QuantityView> {
        let mut measures: Vec<&str> = planned.keys().chain(done.keys()).copied().collect();
        measures.sort_unstable();
        measures.dedup();
        let view = |measure: &str| {
            let (label, unit_label) = self.measure_words(measure);
            QuantityView {
                measure: measure.to_owned(),
                label,
                unit_label,
                planned: planned.get(measure).copied().unwrap_or(0.0),
                done: done.get(measure).copied().unwrap_or(0.0),
            }
        };
        measures.into_iter().map(view).collect()
    }

    /// Name and unit of a measurable thing.
    pub(super) fn measure_words(&self, measure: &str) -> (String, String) {
        let list = self.campaign.find_list(&self.codes, "measure");
        let code = list.and_then(|l| l.find_code(measure));
        let unit = code.and_then(|c| c.group.clone()).unwrap_or_default();
        (code.map_or(measure.to_owned(), |c| c.label.clone()), unit)
    }

    fn checklist(&self, issue: &Issue) -> Vec<ChecklistLine> {
        let closing = self.campaign.closing.as_ref();
        let case = &issue.close_out_case;
        let lines = closing::checklist(issue).into_iter();
        lines
            .map(|progress| {
                let known = closing.and_then(|c| c.find_line(&progress.line));
                let values = issue.requirements.line_values.get(&progress.line);
                let given = issue.completions.iter();
                let given = given.filter(|c| progress.entries.contains(&c.entry_id));
                ChecklistLine {
                    label: known.map_or_else(|| progress.line.clone(), |l| l.label.clone()),
                    clause: known.and_then(|l| l.clause.clone()),
                    is_unconfirmed: known.is_none_or(|l| l.unconfirmed_for.contains(case)),
                    mark: known.map(|l| l.mark).unwrap_or_default(),
                    note: known.and_then(|l| l.note.clone()),
                    evidence_kinds: known.map_or_else(Vec::new, |l| l.evidence.clone()),
                    values: values.cloned().unwrap_or_default(),
                    is_evidenced: progress.is_evidenced,
                    entries: given.cloned().collect(),
                    remark: progress.remark,
                    line: progress.line,
                }
            })
            .collect()
    }

    fn chain(&self, issue: &Issue) -> Vec<ChainView> {
        let levels = self.campaign.closing.as_ref().map(|c| &c.levels);
        let links = issue.requirements.chain.iter();
        links
            .map(|link| {
                let known = levels.into_iter().flatten().find(|l| l.code == link.level);
                ChainView {
                    level: link.level.clone(),
                    label: known.map_or_else(
                        || self.label("accept_level", &link.level),
                        |l| l.label.clone(),
                    ),
                    authority: known.map(|l| l.authority.clone()),
                    signatures: link.signatures,
                    units: link.units,
                    is_after_notice: link.is_after_notice,
                    passed: issue.passed_at(&link.level).map(|a| a.entry_id),
                }
            })
            .collect()
    }

    fn index(&self, found: &Found, today: Date) -> Vec<IndexView> {
        let attempt = Attempt::today(&self.actor.id, today, None);
        let rows = self.campaign.closing.as_ref().map(|c| &c.index);
        let items = closing::dossier_index(&found.dossier, &found.issue, &attempt);
        let label = |code: &str| {
            let row = rows.into_iter().flatten().find(|r| r.code == code);
            row.map_or_else(|| code.to_owned(), |r| r.label.clone())
        };
        let view = |item: closing::IndexItem| IndexView {
            number: item.number,
            label: label(&item.code),
            code: item.code,
            is_needed: item.is_needed,
            is_there: item.is_there,
        };
        items.into_iter().map(view).collect()
    }

    fn ladder(&self, issue: &Issue) -> Vec<RungView> {
        let rungs = self.campaign.ladder.iter().flat_map(|l| &l.rungs);
        let taken = |rung: &Rung| {
            let urgings = issue.urgings.iter().rev().map(|u| &u.recorded);
            let mut of_rung = urgings.filter(|u| u.body.rung == rung.kind);
            of_rung.next().map(|u| u.entry_id)
        };
        rungs
            .map(|rung| RungView {
                kind: rung.kind.clone(),
                label: rung.label.clone(),
                days: rung.days,
                unit: rung.unit,
                issued_by: rung.issued_by,
                issued_by_label: rung.issued_by.label().to_owned(),
                to: rung.to,
                answer_days: rung.answer_days,
                letter: rung.letter,
                mark: rung.mark,
                note: rung.note.clone(),
                taken: taken(rung),
            })
            .collect()
    }

    /// The rung to take next as of a day, with the dates of its letter where they can be counted.
    pub(super) fn next_rung(
        &self,
        issue: &Issue,
        today: Date,
    ) -> Option<(NextRung, Option<LetterDates>)> {
        let ladder = self.campaign.ladder.as_ref()?;
        if let Ok(next) = ladder.next_rung(issue, calendar(), today) {
            return next.map(|n| (n.clone(), Some(n.dates)));
        }
        // A letter of today cannot be dated; which rung it is, and since when, may be known all the same.
        let next = ladder.next_rung(issue, calendar(), issue.due_on?).ok()??;
        let is_due = next.becomes_due_on <= today;
        Some((NextRung { is_due, ..next }, None))
    }

    fn next_rung_view(&self, found: &Found, today: Date) -> Option<NextRungView> {
        let (next, dates) = self.next_rung(&found.issue, today)?;
        let letter = |dates| {
            self.letter(found, &next.rung, next.to.as_deref(), dates)
                .text
        };
        Some(NextRungView {
            kind: next.rung.kind.clone(),
            label: next.rung.label.clone(),
            issued_by: next.rung.issued_by,
            issued_by_label: next.rung.issued_by.label().to_owned(),
            becomes_due_on: next.becomes_due_on,
            is_due: next.is_due,
            dates,
            letter_text: dates.map(letter),
            may: self.may_on(Action::Urge, found),
            to: next.to,
        })
    }

    fn open_steps(&self, found: &Found, today: Date) -> Vec<OpenStepView> {
        let flow = built_in_flow();
        let attempt = Attempt::today(&self.actor.id, today, None);
        let (issue, dossier) = (&found.issue, &found.dossier);
        let steps = closing::open_steps(flow, issue, dossier, &attempt, Some(calendar()));
        let knows_suspicions = self.may_on(Action::ReadSuspicions, found);
        let view = |mut open: closing::OpenStep| {
            open.missing
                .retain(|m| knows_suspicions || m.fact != Fact::NoSuspicion);
            let row = flow.steps.iter().find(|s| s.code == open.step.code());
            let action = open.step.action();
            OpenStepView {
                step: open.step.code().to_owned(),
                label: step_label(flow, open.step),
                kind: row.and_then(|r| r.entry.clone()).unwrap_or_default(),
                action: action.code().to_owned(),
                may: self.may_on(action, found),
                is_own_work: closing::is_own_work(action, &self.actor.id, &issue.hands),
                missing: self.lacks(&open.missing),
            }
        };
        steps.into_iter().map(view).collect()
    }

    /// Everything the actor may enter now: steps that begin here, and what stands beside them.
    fn acts(&self, found: &Found) -> Vec<ActBrief> {
        let flow = built_in_flow();
        let resource = self.issue_resource(&found.dossier, &found.issue);
        let mut acts: Vec<ActBrief> = Vec::new();
        for (kind, label) in EntryBody::KINDS {
            if !KINDS.contains(kind) {
                continue;
            }
            let may = |action: &Action| policy::may(&self.actor, *action, &resource).is_ok();
            let action = actions_of(kind, found.issue.state, flow)
                .into_iter()
                .find(may);
            acts.extend(action.map(|action| ActBrief {
                kind: (*kind).to_owned(),
                label: (*label).to_owned(),
                action: action.code().to_owned(),
            }));
        }
        acts
    }

    fn void_view(&self, void: &domain::issue::VoidEntry) -> VoidView {
        let kinds = EntryBody::KINDS.iter();
        let mut named = kinds.filter(|(kind, _)| *kind == void.kind);
        let missing = self.lacks(&void.missing);
        let lacks: Vec<&str> = missing.iter().map(|m| m.text.as_str()).collect();
        let code = match void.missing.is_empty() {
            true => "issue.step_not_allowed",
            false => "issue.step_refused",
        };
        let step_label = step_label(built_in_flow(), void.step);
        let state = self.label("site_state", void.from.code());
        let text = self.messages.text(
            code,
            &[
                ("step", &step_label),
                ("state", &state),
                ("issue", ""),
                ("missing", &lacks.join("；")),
            ],
        );
        VoidView {
            entry_id: void.entry_id,
            kind: void.kind.clone(),
            kind_label: named.next().map_or("", |(_, label)| label).to_owned(),
            step: void.step.code().to_owned(),
            step_label,
            from: void.from.code().to_owned(),
            code: void.code.clone(),
            text,
            missing,
        }
    }
}

/// Whether an issue follows from what was told in confidence.
pub(crate) fn is_of_complaint(opened: &IssueOpened) -> bool {
    let carried = opened.carried_over_from.as_deref();
    let mut sources = std::iter::once(opened.source_kind.as_str()).chain(carried);
    sources.any(crate::atlas::is_confidential)
}

/// Actions by which an entry of this kind may be made where an issue stands in `state`; none where its step does not
/// begin there.
fn actions_of(kind: &str, state: SiteState, flow: &domain::flow::Flow) -> Vec<Action> {
    let beside = match kind {
        "issue.amended" => Some(Action::AmendIssue),
        "urging.issued" => Some(Action::Urge),
        "urging.answered" => Some(Action::AnswerUrging),
        "penalty.recorded" => Some(Action::RecordPenalty),
        "accountability.recorded" => Some(Action::RecordAccountability),
        "referral.recorded" | "referral.received" => Some(Action::Refer),
        "suspicion.found" => Some(Action::FindSuspicion),
        "suspicion.judged" => Some(Action::JudgeSuspicion),
        "lesson.recorded" => Some(Action::RecordLesson),
        "publicity.recorded" => Some(Action::RecordPublicity),
        _ => None,
    };
    if let Some(action) = beside {
        return vec![action];
    }
    let rows = flow.steps_from(state.code());
    let of_kind = rows.filter(|row| row.entry.as_deref() == Some(kind));
    let steps = of_kind.filter_map(|row| IssueStep::from_code(&row.code));
    steps.map(IssueStep::action).collect()
}
