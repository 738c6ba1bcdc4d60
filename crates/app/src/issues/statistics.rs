//! 问题统计 — the figures of issues for a scope, from the lines in memory, as data and as a workbook.

use std::borrow::Cow;
use std::io::Cursor;

use documents::{CellValue, ColumnSpec, Format, Workbook};
use domain::as_of::AsOf;
use domain::policy::Action;
use domain::statistics::issues::{
    IssueFigures, IssueLine as FigureLine, IssueStatistics, PenaltyTotal, QuantityTotal,
    issue_statistics,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::list::Looking;
use crate::atlas::{Atlases, IssueLine};
use crate::error::Error;
use crate::figure_pages::{MadeFile, RatioView, StatTableView};
use crate::session::Session;

/// 工程量合计.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct QuantityTotalView {
    /// Code of CL-MEASURE.
    pub measure: String,
    pub label: String,
    pub unit_label: String,
    pub planned: f64,
    pub done: f64,
    /// With one decimal, half away from zero; whole numbers without.
    pub planned_printed: String,
    pub done_printed: String,
    pub issue_count: u64,
}

/// 问题统计集.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct IssueStatisticsView {
    pub scope_label: String,
    pub as_of: String,
    pub tables: Vec<StatTableView>,
    pub ratios: Vec<RatioView>,
    pub quantities: Vec<QuantityTotalView>,
    pub penalties: PenaltyTotal,
    pub overdue_site_codes: Vec<String>,
    pub spent_10k_yuan: f64,
}

/// Table that only who may read suspicions sees.
const OF_SUSPICIONS: &str = "suspicions_by_kind_verdict";

impl Session {
    /// The figures of the issues of a scope that the actor may read.
    pub fn issue_statistics(
        &self,
        atlases: &Atlases,
        station: Option<&str>,
        lead: Option<&str>,
        as_of: AsOf,
    ) -> Result<IssueStatistics, Error> {
        self.may_read_lists(Action::ReadStatistics)?;
        let atlas = self.atlas(atlases, as_of)?;
        let scope = self.ledger_scope(station, lead)?;
        let looking = self.looking(&atlas, Action::ReadStatistics, &scope, as_of);
        let lines: Vec<FigureLine<'_>> = looking
            .lines()
            .map(|line| self.figure_line(line, &looking))
            .collect();
        let mut figures = issue_statistics(&lines, self.campaign.target_completion_rate);
        if self.may_read_lists(Action::ReadSuspicions).is_err() {
            figures.tables.retain(|t| t.id != OF_SUSPICIONS);
            figures.penalties.head_count = 0;
        }
        Ok(figures)
    }

    /// A line as it is counted for the actor: a complaint is a source that is not known.
    fn figure_line<'a>(&self, line: &'a IssueLine, looking: &'a Looking<'_>) -> FigureLine<'a> {
        let station = looking.atlas.issues.station(line);
        let figures = match self.knows_source(line, station) {
            true => Cow::Borrowed(&line.words.figures),
            false => Cow::Owned(IssueFigures {
                source_kind: domain::statistics::UNKNOWN.to_owned(),
                ..line.words.figures.clone()
            }),
        };
        FigureLine {
            site_code: &line.site_code,
            area_m2: line.words.area_m2,
            figures,
            is_focal: line.is_focal,
            is_overdue: line.is_overdue(looking.today),
        }
    }

    /// The figures with titles, labels and counting bases.
    pub fn issue_statistics_view(
        &self,
        atlases: &Atlases,
        station: Option<&str>,
        lead: Option<&str>,
        as_of: AsOf,
    ) -> Result<IssueStatisticsView, Error> {
        let figures = self.issue_statistics(atlases, station, lead, as_of)?;
        let scope = self.ledger_scope(station, lead)?;
        Ok(IssueStatisticsView {
            scope_label: self.scope_label(&scope),
            as_of: as_of.to_string(),
            tables: figures.tables.into_iter().map(|t| self.table(t)).collect(),
            ratios: figures.ratios.into_iter().map(|r| self.ratio(r)).collect(),
            quantities: figures
                .quantities
                .iter()
                .map(|q| self.total_view(q))
                .collect(),
            penalties: figures.penalties,
            overdue_site_codes: figures.overdue_site_codes,
            spent_10k_yuan: figures.spent_10k_yuan,
        })
    }

    fn total_view(&self, total: &QuantityTotal) -> QuantityTotalView {
        let (label, unit_label) = self.measure_words(&total.measure);
        QuantityTotalView {
            measure: total.measure.clone(),
            label,
            unit_label,
            planned: total.planned,
            done: total.done,
            planned_printed: total.planned_printed(),
            done_printed: total.done_printed(),
            issue_count: total.issue_count,
        }
    }

    /// The figures as a workbook: rates, tables, quantities.
    pub fn issue_statistics_file(
        &self,
        atlases: &Atlases,
        station: Option<&str>,
        lead: Option<&str>,
        as_of: AsOf,
    ) -> Result<MadeFile, Error> {
        let figures = self.issue_statistics(atlases, station, lead, as_of)?;
        let scope = self.scope_label(&self.ledger_scope(station, lead)?);
        let day = self.told_day(as_of);
        let mut book = self.summary_book("issue_stats.workbook", &day, Cursor::new(Vec::new()))?;
        self.ratio_sheet(&mut book, &figures.ratios, &scope, &day)?;
        for table in &figures.tables {
            self.table_sheet(&mut book, table, &scope, &day)?;
        }
        self.quantity_sheet(&mut book, &figures.quantities, (&scope, &day))?;
        let made = book.finish().map_err(Error::internal)?;
        Ok(self.workbook("issue_stats.workbook", &scope, &day, made))
    }

    fn quantity_sheet(
        &self,
        book: &mut Workbook<Cursor<Vec<u8>>>,
        totals: &[QuantityTotal],
        (scope, day): (&str, &str),
    ) -> Result<(), Error> {
        let header = |code: &str| self.messages.text(&format!("column.{code}"), &[]);
        let number = |key: &str| ColumnSpec::new(key, header(key)).format(Format::Decimal(1));
        let sheet = self
            .summary_sheet("quantities", scope, day)
            .column(ColumnSpec::new("measure", header("measure")).width(24.0))
            .column(ColumnSpec::new("measure_unit", header("measure_unit")).width(10.0))
            .column(number("planned").width(14.0))
            .column(number("done").width(14.0))
            .column(
                ColumnSpec::new("issue_count", header("issue_count"))
                    .format(Format::Integer)
                    .width(10.0),
            );
        let row = |total: &QuantityTotal| {
            let (label, unit) = self.measure_words(&total.measure);
            vec![
                CellValue::text(label),
                CellValue::text(unit),
                CellValue::Number(total.planned),
                CellValue::Number(total.done),
                CellValue::Integer(i64::try_from(total.issue_count).unwrap_or(i64::MAX)),
            ]
        };
        let rows: Vec<Vec<CellValue<'_>>> = totals.iter().map(row).collect();
        book.ledger(&sheet, &rows).map_err(Error::internal)
    }
}
