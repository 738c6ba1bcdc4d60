//! 责任清单 — what each leader and station must know: policy, task, target, demand, deadline, progress; always current.

use std::io::Cursor;

use documents::{CellValue, ColumnSpec, Format};
use domain::deadlines::Light;
use domain::ids::EntryId;
use domain::ledger::Labels;
use domain::policy::{Action, Role};
use domain::statistics::forecast::Forecast;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::list::{Looking, Pager, Part, Wanted};
use super::{IssuePaging, IssueQuery};
use crate::atlas::{Atlases, IssueLine};
use crate::error::Error;
use crate::figure_pages::MadeFile;
use crate::ledgers::LedgerScope;
use crate::session::Session;

/// 责任岗位.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DutyHolder {
    pub post: String,
    pub label: String,
    pub unit: String,
    pub duty: Option<String>,
}

/// 节点责任 — a milestone that the holders answer for.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DutyMilestone {
    pub id: String,
    pub name: String,
    pub text: String,
    pub from_on: Option<Date>,
    pub due_on: Date,
    pub days_left: i32,
    pub light: Light,
    pub deliverables: Vec<String>,
    pub duty_labels: Vec<String>,
    /// Done and all, where the milestone is about sites to be checked or issues to be put right.
    pub done: Option<u64>,
    pub total: Option<u64>,
    /// Of what is not done yet.
    pub forecast: Option<Forecast>,
}

/// 工作要求 — what the plan demands of the holders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DutyRequirement {
    pub number: String,
    pub text: String,
}

/// 责任行 — one issue as those answerable must know it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DutyRow {
    #[schema(value_type = String, format = Uuid)]
    pub issue_id: EntryId,
    pub issue_code: String,
    pub site_code: String,
    pub facility_name: Option<String>,
    pub station_label: Option<String>,
    /// 政策: the clause the case rests on.
    pub policy: String,
    /// 任务
    pub task: String,
    /// 目标, as the plan has it.
    pub target: Option<String>,
    /// 要求: of the paper that demands it, else what the case asks for.
    pub demand: String,
    pub due_on: Option<Date>,
    pub days_left: Option<i32>,
    pub light: Option<Light>,
    /// 进展
    pub progress: String,
    pub percent: Option<u32>,
    pub state: String,
    pub state_label: String,
    pub responsible_unit: String,
    pub responsible_person: Option<String>,
    pub area_lead: Option<String>,
}

/// 责任清单.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Duties {
    pub scope_label: String,
    pub as_of: String,
    pub today: Date,
    pub holders: Vec<DutyHolder>,
    pub milestones: Vec<DutyMilestone>,
    pub requirements: Vec<DutyRequirement>,
    pub rows: Vec<DutyRow>,
    /// Issues in the list; how many of them the city found completed.
    pub total: u64,
    pub determined: u64,
    pub overdue: u64,
    pub next_cursor: Option<String>,
}

/// Rows of a written list.
const MOST_ROWS: u64 = 1_000_000;

impl Session {
    /// The responsibility list of a scope.
    pub fn duties(
        &self,
        atlases: &Atlases,
        query: &IssueQuery,
        paging: &IssuePaging,
    ) -> Result<Duties, Error> {
        self.duties_up_to(atlases, query, paging, paging.limit())
    }

    fn duties_up_to(
        &self,
        atlases: &Atlases,
        query: &IssueQuery,
        paging: &IssuePaging,
        limit: usize,
    ) -> Result<Duties, Error> {
        self.may_read_lists(Action::ReadLedgers)?;
        let as_of = paging.as_of()?;
        let scope = self.own_scope(query.station.as_deref(), query.lead.as_deref())?;
        let atlas = self.atlas(atlases, as_of)?;
        let looking = self.looking(&atlas, Action::ReadLedgers, &scope, as_of);
        let holders = self.holders(&scope);
        let wanted = Wanted::of(query, &atlas.issues)?;
        let (mut total, mut determined, mut overdue) = (0, 0, 0);
        let mut pager = Pager::new(false, paging.cursor.as_deref(), limit)?;
        let counted = looking.lines().filter(|l| !l.is_reopened);
        for line in counted.filter(|l| wanted.holds(self, l, &looking)) {
            total += 1;
            determined += u64::from(line.is_determined);
            overdue += u64::from(line.is_overdue(looking.today));
            // What is still open comes first, the nearest day before all.
            let open = Part::Number(u8::from(!line.is_open));
            pager.offer((open, Part::day(line.due_on), line.id), line);
        }
        let (lines, next_cursor) = pager.finish();
        Ok(Duties {
            scope_label: self.scope_label(&scope),
            as_of: as_of.to_string(),
            today: looking.today,
            milestones: self.duty_milestones(&looking, &scope, &holders)?,
            requirements: self.duty_requirements(&holders),
            holders,
            rows: lines.iter().map(|l| self.duty_row(l, &looking)).collect(),
            total,
            determined,
            overdue,
            next_cursor,
        })
    }

    /// Posts that answer for a scope.
    fn holders(&self, scope: &LedgerScope) -> Vec<DutyHolder> {
        let posts = self.campaign.posts.iter();
        let leads: Vec<&str> = self
            .campaign
            .stations
            .iter()
            .filter(|s| scope.holds(Some(&s.id)))
            .filter_map(|s| {
                self.campaign
                    .find_area_lead(&s.id, self.campaign.started_on)
            })
            .map(|p| p.id.as_str())
            .collect();
        let of_stations: Vec<String> = self
            .campaign
            .stations
            .iter()
            .filter(|s| scope.holds(Some(&s.id)))
            .map(|s| s.name.clone())
            .collect();
        let is_whole = *scope == LedgerScope::All;
        let answers = |p: &&domain::campaign::Post| {
            is_whole || leads.contains(&p.id.as_str()) || of_stations.contains(&p.unit)
        };
        posts
            .filter(answers)
            .filter(|p| p.id != Role::ResponsibleUnit.code())
            .map(|p| DutyHolder {
                post: p.id.clone(),
                label: p.label.clone(),
                unit: p.unit.clone(),
                duty: p.duty.clone(),
            })
            .collect()
    }

    fn duty_milestones(
        &self,
        looking: &Looking<'_>,
        scope: &LedgerScope,
        holders: &[DutyHolder],
    ) -> Result<Vec<DutyMilestone>, Error> {
        let board = self.board(looking.atlas, scope)?;
        let progress = board.milestones(looking);
        let is_theirs = |posts: &[String]| {
            posts
                .iter()
                .any(|post| holders.iter().any(|h| h.post == *post))
        };
        let theirs = self
            .campaign
            .milestones
            .iter()
            .filter(|m| is_theirs(&m.duty));
        let label = |post: &String| {
            let known = self.campaign.find_post(post);
            known.map_or_else(|| post.clone(), |p| p.label.clone())
        };
        let view = |m: &domain::campaign::Milestone| {
            let counted = progress.iter().find(|p| p.id == m.id);
            DutyMilestone {
                id: m.id.clone(),
                name: m.name.clone(),
                text: m.text.clone(),
                from_on: m.from_on,
                due_on: m.due_on,
                days_left: (m.due_on - looking.today).get_days(),
                light: counted.map_or_else(|| looking.light(m.due_on), |p| p.light),
                deliverables: m.deliverables.clone(),
                duty_labels: m.duty.iter().map(label).collect(),
                done: counted.and_then(|p| p.done),
                total: counted.and_then(|p| p.total),
                forecast: counted.and_then(|p| p.forecast.clone()),
            }
        };
        Ok(theirs.map(view).collect())
    }

    fn duty_requirements(&self, holders: &[DutyHolder]) -> Vec<DutyRequirement> {
        let demands = self.campaign.requirements.iter();
        let of_holders = demands.filter(|r| {
            let mut posts = r.posts.iter();
            posts.any(|post| holders.iter().any(|h| h.post == *post))
        });
        of_holders
            .map(|r| DutyRequirement {
                number: r.number.clone(),
                text: r.text.clone(),
            })
            .collect()
    }

    fn duty_row(&self, line: &IssueLine, looking: &Looking<'_>) -> DutyRow {
        let words = &line.words;
        let figures = &words.figures;
        let closing = self.campaign.closing.as_ref();
        let case = closing.and_then(|c| c.find_case(&figures.close_out_case));
        let station = looking.atlas.issues.station(line);
        let due = line.due_on.filter(|_| line.is_open && !line.is_reported);
        let own = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
        let state_label = self.label("site_state", line.state.code());
        DutyRow {
            issue_id: line.id,
            issue_code: line.code.to_string(),
            site_code: line.site_code.to_string(),
            facility_name: own(&words.name),
            station_label: station.map(|s| self.label("station", s)),
            policy: case
                .and_then(|c| c.clause.clone())
                .unwrap_or_else(|| self.messages.text("word.to_be_verified", &[])),
            task: words.description.to_string(),
            target: own(&words.target),
            demand: own(&words.demand)
                .or_else(|| case.map(|c| c.text.clone()))
                .unwrap_or_default(),
            due_on: line.due_on,
            days_left: due.map(|d| (d - looking.today).get_days()),
            light: due.map(|d| looking.light(d)),
            progress: own(&words.progress).unwrap_or_else(|| state_label.clone()),
            percent: words.percent,
            state: line.state.code().to_owned(),
            state_label,
            responsible_unit: figures.responsible_unit.clone(),
            responsible_person: own(&words.person),
            area_lead: own(&words.area_lead),
        }
    }

    /// The responsibility list as a workbook: one page to print.
    pub fn duties_file(
        &self,
        atlases: &Atlases,
        query: &IssueQuery,
        as_of: Option<String>,
    ) -> Result<MadeFile, Error> {
        let paging = IssuePaging {
            as_of,
            ..IssuePaging::default()
        };
        self.may_read_lists(Action::Export)?;
        let limit = usize::try_from(MOST_ROWS).unwrap_or(usize::MAX);
        let duties = self.duties_up_to(atlases, query, &paging, limit)?;
        let day = self.told_day(paging.as_of()?);
        let made = self.duties_xlsx(&duties, &day)?;
        Ok(self.workbook("duties.workbook", &duties.scope_label, &day, made))
    }

    fn duties_xlsx(&self, duties: &Duties, day: &str) -> Result<Cursor<Vec<u8>>, Error> {
        let header = |code: &str| self.messages.text(&format!("column.{code}"), &[]);
        let column =
            |key: &str, width: f64| ColumnSpec::new(key, header(key)).width(width).wrap(true);
        let mut book = self.summary_book("duties.workbook", day, Cursor::new(Vec::new()))?;
        let milestones = self
            .summary_sheet("duty_milestones", &duties.scope_label, day)
            .column(column("milestone", 24.0))
            .column(column("due_on", 12.0))
            .column(column("demand", 60.0))
            .column(column("deliverables", 30.0))
            .column(column("duty_posts", 44.0))
            .column(column("progress", 34.0));
        let rows: Vec<Vec<CellValue<'_>>> = duties
            .milestones
            .iter()
            .map(|m| {
                vec![
                    CellValue::text(m.name.clone()),
                    CellValue::text(m.due_on.to_string()),
                    CellValue::text(m.text.clone()),
                    CellValue::text(m.deliverables.join("、")),
                    CellValue::text(m.duty_labels.join("、")),
                    CellValue::text(self.milestone_progress(m)),
                ]
            })
            .collect();
        book.ledger(&milestones, &rows).map_err(Error::internal)?;
        let sheet = self
            .summary_sheet("duties", &duties.scope_label, day)
            .column(
                ColumnSpec::new("index", header("index"))
                    .format(Format::Integer)
                    .width(6.0),
            )
            .column(column("issue", 27.0))
            .column(column("name", 20.0))
            .column(column("policy", 24.0))
            .column(column("task", 34.0))
            .column(column("goal", 30.0))
            .column(column("demand", 34.0))
            .column(column("due_on", 12.0))
            .column(column("progress", 34.0))
            .column(column("responsible_unit", 20.0))
            .column(column("area_lead", 26.0));
        let rows: Vec<Vec<CellValue<'_>>> = (1..).zip(&duties.rows).map(duty_cells).collect();
        book.ledger(&sheet, &rows).map_err(Error::internal)?;
        book.finish().map_err(Error::internal)
    }
}

impl Session {
    /// How far a milestone is, and what is foretold of the rest.
    fn milestone_progress(&self, milestone: &DutyMilestone) -> String {
        let counted = milestone.done.zip(milestone.total);
        let counted = counted.map(|(done, total)| format!("{done}/{total}"));
        let forecast = milestone.forecast.as_ref().map(|f| self.forecast_words(f));
        let parts: Vec<String> = counted.into_iter().chain(forecast).collect();
        parts.join("\n")
    }

    /// When the rest will be done at the pace of the last days, and what a day must bring to be in time.
    pub fn forecast_words(&self, forecast: &Forecast) -> String {
        let count = |n: u64| n.to_string();
        let (window, remaining) = (forecast.window_days.to_string(), count(forecast.remaining));
        let day = forecast.expected_on.map(|d| d.to_string());
        let args = [
            ("window", window.as_str()),
            ("done", &count(forecast.done_lately)),
            ("remaining", &remaining),
            ("day", day.as_deref().unwrap_or_default()),
        ];
        let code = match day {
            Some(_) => "forecast.expected",
            None => "forecast.stands_still",
        };
        let pace = self.messages.text(code, &args);
        match forecast.needed_per_day.filter(|_| forecast.is_late) {
            Some(needed) => {
                let needed = self
                    .messages
                    .text("forecast.needed", &[("count", &count(needed))]);
                format!("{pace}{needed}")
            }
            None => pace,
        }
    }
}

fn duty_cells<'a>((number, row): (i64, &DutyRow)) -> Vec<CellValue<'a>> {
    let percent = row.percent.map_or(String::new(), |p| format!("（{p}%）"));
    vec![
        CellValue::Integer(number),
        CellValue::text(row.issue_code.clone()),
        CellValue::text(row.facility_name.clone().unwrap_or_default()),
        CellValue::text(row.policy.clone()),
        CellValue::text(row.task.clone()),
        CellValue::text(row.target.clone().unwrap_or_default()),
        CellValue::text(row.demand.clone()),
        CellValue::text(row.due_on.map_or(String::new(), |d| d.to_string())),
        CellValue::text(match row.progress == row.state_label {
            true => format!("{}{percent}", row.state_label),
            false => format!("{}：{}{percent}", row.state_label, row.progress),
        }),
        CellValue::text(row.responsible_unit.clone()),
        CellValue::text(row.area_lead.clone().unwrap_or_default()),
    ]
}
