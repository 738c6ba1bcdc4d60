//! 疑点表册 — the suspicions and their figures as workbooks for the discipline office.

use std::io::{Cursor, Seek, Write};

use documents::{CellValue, ColumnSpec, Format, Shade, Workbook};

use crate::atlas::Atlases;
use crate::error::Error;
use crate::figure_pages::MadeFile;
use crate::session::Session;
use crate::suspicion_desk::{
    SuspicionGroup, SuspicionQuery, SuspicionRow, SuspicionScope, SuspicionStatistics,
};

impl Session {
    /// The suspicions that a query wants, as a list to work down.
    pub fn suspicions_file(
        &self,
        atlases: &Atlases,
        query: &SuspicionQuery,
    ) -> Result<MadeFile, Error> {
        let list = self.all_suspicions(atlases, query)?;
        let scope = self.ledger_scope(query.station.as_deref(), query.lead.as_deref())?;
        let label = self.scope_label(&scope);
        let day = self.suspicion_day(&list.as_of);
        let mut book = self.summary_book("stat.suspicions.title", &day, Cursor::new(Vec::new()))?;
        self.suspicion_sheet(&mut book, &list.items, &label, &day)?;
        let made = book.finish().map_err(Error::internal)?;
        Ok(self.workbook("stat.suspicions.title", &label, &day, made))
    }

    /// Kinds by grade by verdict, rates as raw pairs, stations and units.
    pub fn suspicion_statistics_file(
        &self,
        atlases: &Atlases,
        scope: &SuspicionScope,
    ) -> Result<MadeFile, Error> {
        let figures = self.suspicion_statistics(atlases, scope)?;
        let label = figures.scope_label.clone();
        let day = self.suspicion_day(&figures.as_of);
        let title = "stat.suspicion_figures.title";
        let mut book = self.summary_book(title, &day, Cursor::new(Vec::new()))?;
        self.suspicion_figures(&mut book, &figures, &day)?;
        self.suspicion_ratios(&mut book, &figures, &day)?;
        self.suspicion_groups(
            &mut book,
            &figures.by_station,
            "suspicion_stations",
            &figures,
            &day,
        )?;
        self.suspicion_groups(
            &mut book,
            &figures.by_unit,
            "suspicion_units",
            &figures,
            &day,
        )?;
        let made = book.finish().map_err(Error::internal)?;
        Ok(self.workbook(title, &label, &day, made))
    }

    fn suspicion_day(&self, as_of: &str) -> String {
        match as_of {
            "now" => self.today().to_string(),
            day => day.to_owned(),
        }
    }

    fn suspicion_sheet<W: Write + Seek>(
        &self,
        book: &mut Workbook<W>,
        rows: &[SuspicionRow],
        scope: &str,
        day: &str,
    ) -> Result<(), Error> {
        let header = |code: &str| self.messages.text(&format!("column.{code}"), &[]);
        let wide = |key: &'static str, title: &str, width: f64| {
            ColumnSpec::new(key, header(title)).width(width).wrap(true)
        };
        let sheet = self
            .summary_sheet("suspicions", scope, day)
            .column(
                ColumnSpec::new("index", header("index"))
                    .format(Format::Integer)
                    .width(6.0),
            )
            .column(ColumnSpec::new("grade", header("suspicion_grade")).width(8.0))
            .column(wide("kind", "suspicion", 20.0))
            .column(ColumnSpec::new("site", header("site")).width(20.0))
            .column(wide("name", "facility_name", 18.0))
            .column(ColumnSpec::new("issue", header("issue_code")).width(22.0))
            .column(ColumnSpec::new("station", header("station")).width(12.0))
            .column(wide("unit", "suspicion_unit", 18.0))
            .column(wide("text", "message", 60.0))
            .column(wide("others", "other_sites", 24.0))
            .column(ColumnSpec::new("found", header("found_on")).width(12.0))
            .column(ColumnSpec::new("verdict", header("suspicion_verdict")).width(12.0))
            .column(wide("reason", "verdict_reason", 30.0))
            .keys(4);
        let rows: Vec<Vec<CellValue<'_>>> = (1..)
            .zip(rows)
            .map(|(n, row)| self.suspicion_cells(n, row))
            .collect();
        book.ledger(&sheet, &rows).map_err(Error::internal)
    }

    fn suspicion_cells(&self, number: i64, row: &SuspicionRow) -> Vec<CellValue<'_>> {
        let shade = match row.grade.as_deref() {
            Some("high") | None => Shade::Red,
            Some("medium") => Shade::Amber,
            Some(_) => Shade::Blue,
        };
        let others: Vec<&str> = row
            .other_sites
            .iter()
            .map(|o| o.site_code.as_str())
            .collect();
        let found = domain::dossier::civil_day(row.found_at);
        let verdict = row.verdict.as_ref();
        let grade = row.grade_label.clone();
        vec![
            CellValue::Integer(number),
            CellValue::text(grade.unwrap_or_else(|| row.suspicion_label.clone())).shaded(shade),
            CellValue::text(row.suspicion_label.clone()),
            CellValue::text(row.site_code.clone()),
            CellValue::text(row.facility_name.clone().unwrap_or_default()),
            CellValue::text(row.issue_code.clone().unwrap_or_default()),
            CellValue::text(row.station_label.clone().unwrap_or_default()),
            CellValue::text(row.responsible_unit.clone()),
            CellValue::text(row.text.clone()),
            CellValue::text(others.join("、")),
            CellValue::text(found.to_string()),
            CellValue::text(match verdict {
                Some(v) => v.verdict_label.clone(),
                None => self.messages.text("suspecting.open", &[]),
            }),
            CellValue::text(verdict.map_or(String::new(), |v| v.reason.clone())),
        ]
    }

    fn suspicion_figures<W: Write + Seek>(
        &self,
        book: &mut Workbook<W>,
        figures: &SuspicionStatistics,
        day: &str,
    ) -> Result<(), Error> {
        let header = |code: &str| self.messages.text(&format!("column.{code}"), &[]);
        let verdicts: Vec<&String> = figures.total.by_verdict.keys().collect();
        let number = |key: &str, title: String| {
            ColumnSpec::new(key, title)
                .format(Format::Integer)
                .width(10.0)
                .summed()
        };
        let mut sheet = self
            .summary_sheet("suspicion_figures", &figures.scope_label, day)
            .column(ColumnSpec::new("kind", header("suspicion")).width(28.0))
            .column(ColumnSpec::new("grade", header("suspicion_grade")).width(8.0))
            .column(number("found", header("suspicions_found")))
            .column(number("open", header("suspicions_open")));
        for verdict in &verdicts {
            sheet = sheet.column(number(verdict, self.any_verdict_label(verdict)));
        }
        let sheet = sheet.totals(self.messages.text("word.total", &[]));
        let whole = |n: u64| CellValue::Integer(i64::try_from(n).unwrap_or(i64::MAX));
        let rows: Vec<Vec<CellValue<'_>>> = figures
            .rows
            .iter()
            .map(|row| {
                let by_verdict = verdicts
                    .iter()
                    .map(|v| whole(row.counts.by_verdict.get(*v).copied().unwrap_or(0)));
                let head = [
                    CellValue::text(row.suspicion_label.clone()),
                    CellValue::text(row.grade_label.clone().unwrap_or_default()),
                    whole(row.counts.found),
                    whole(row.counts.open),
                ];
                head.into_iter().chain(by_verdict).collect()
            })
            .collect();
        book.ledger(&sheet, &rows).map_err(Error::internal)
    }

    fn any_verdict_label(&self, verdict: &str) -> String {
        use domain::ledger::Labels;
        match self.label("suspicion_verdict", verdict) {
            label if label == verdict => self.label("relapse", verdict),
            label => label,
        }
    }

    fn suspicion_ratios<W: Write + Seek>(
        &self,
        book: &mut Workbook<W>,
        figures: &SuspicionStatistics,
        day: &str,
    ) -> Result<(), Error> {
        let header = |code: &str| self.messages.text(&format!("column.{code}"), &[]);
        let number = |key: &'static str| {
            ColumnSpec::new(key, header(key))
                .format(Format::Integer)
                .width(10.0)
        };
        let sheet = self
            .summary_sheet("suspicion_ratios", &figures.scope_label, day)
            .column(ColumnSpec::new("title", header("figure")).width(36.0))
            .column(number("numerator"))
            .column(number("denominator"));
        let whole = |n: u64| CellValue::Integer(i64::try_from(n).unwrap_or(i64::MAX));
        let rows: Vec<Vec<CellValue<'_>>> = figures
            .ratios
            .iter()
            .map(|r| {
                vec![
                    CellValue::text(r.label.clone()),
                    whole(r.numerator),
                    whole(r.denominator),
                ]
            })
            .collect();
        book.ledger(&sheet, &rows).map_err(Error::internal)
    }

    fn suspicion_groups<W: Write + Seek>(
        &self,
        book: &mut Workbook<W>,
        groups: &[SuspicionGroup],
        id: &str,
        figures: &SuspicionStatistics,
        day: &str,
    ) -> Result<(), Error> {
        let header = |code: &str| self.messages.text(&format!("column.{code}"), &[]);
        let number = |key: &'static str| {
            let title = header(&format!("suspicions_{key}"));
            ColumnSpec::new(key, title)
                .format(Format::Integer)
                .width(10.0)
                .summed()
        };
        let sheet = self
            .summary_sheet(id, &figures.scope_label, day)
            .column(ColumnSpec::new("label", header("figure")).width(30.0))
            .column(number("found"))
            .column(number("open"))
            .column(number("fake"))
            .totals(self.messages.text("word.total", &[]));
        let whole = |n: u64| CellValue::Integer(i64::try_from(n).unwrap_or(i64::MAX));
        let rows: Vec<Vec<CellValue<'_>>> = groups
            .iter()
            .map(|g| {
                vec![
                    CellValue::text(g.label.clone()),
                    whole(g.found),
                    whole(g.open),
                    whole(g.fake),
                ]
            })
            .collect();
        book.ledger(&sheet, &rows).map_err(Error::internal)
    }
}
