//! 汇总表 — statistics and findings as office workbooks.

use std::collections::BTreeSet;
use std::io::{Seek, Write};

use documents::{CellValue, ColumnSpec, Format, LedgerSheet, Shade, Workbook, WorkbookProperties};
use domain::checks::Finding;
use domain::ledger::Labels;
use domain::statistics::{Ratio, StatTable, Statistics};
use spatial::diagnostic::Severity;

use crate::error::Error;
use crate::session::Session;

impl Session {
    /// Every table of the statistics set on its own sheet, with its counting basis and the sites behind each figure.
    pub fn statistics_xlsx<W: Write + Seek>(
        &self,
        statistics: &Statistics,
        scope: &str,
        as_of: &str,
        sink: W,
    ) -> Result<W, Error> {
        let mut book = self.summary_book("stats.workbook", as_of, sink)?;
        self.ratio_sheet(&mut book, &statistics.ratios, scope, as_of)?;
        for table in &statistics.tables {
            self.table_sheet(&mut book, table, scope, as_of)?;
        }
        book.finish().map_err(Error::internal)
    }

    pub(crate) fn summary_book<W: Write + Seek>(
        &self,
        title: &str,
        as_of: &str,
        sink: W,
    ) -> Result<Workbook<W>, Error> {
        let day: jiff::civil::Date = as_of.parse().unwrap_or(self.campaign.started_on);
        let properties =
            WorkbookProperties::new(self.messages.text(title, &[]), day.at(0, 0, 0, 0));
        Workbook::new(sink, self.marked(properties)).map_err(Error::internal)
    }

    pub(crate) fn summary_sheet(&self, id: &str, scope: &str, as_of: &str) -> LedgerSheet {
        let text = |code: &str, args: &[(&str, &str)]| self.messages.text(code, args);
        let title = text(&format!("stat.{id}.title"), &[]);
        let title = if self.is_demonstration {
            text("ledger.demonstration_title", &[("title", &title)])
        } else {
            title
        };
        LedgerSheet::new(text(&format!("stat.{id}.sheet"), &[]), title)
            .subtitle([
                text("ledger.unit", &[("unit", scope)]),
                text("ledger.as_of", &[("as_of", as_of)]),
            ])
            .note(text(&format!("stat.{id}.basis"), &[]))
    }

    pub(crate) fn ratio_sheet<W: Write + Seek>(
        &self,
        book: &mut Workbook<W>,
        ratios: &[Ratio],
        scope: &str,
        as_of: &str,
    ) -> Result<(), Error> {
        let header = |code: &str| self.messages.text(&format!("column.{code}"), &[]);
        let sheet = self
            .summary_sheet("rates", scope, as_of)
            .column(ColumnSpec::new("title", header("figure")).width(30.0))
            .column(
                ColumnSpec::new("numerator", header("numerator"))
                    .format(Format::Integer)
                    .width(10.0),
            )
            .column(
                ColumnSpec::new("denominator", header("denominator"))
                    .format(Format::Integer)
                    .width(10.0),
            )
            .column(
                ColumnSpec::new("percent", header("percent"))
                    .format(Format::Decimal(1))
                    .width(10.0),
            )
            .column(
                ColumnSpec::new("target", header("target"))
                    .format(Format::Decimal(1))
                    .width(10.0),
            )
            .column(
                ColumnSpec::new("basis", header("basis"))
                    .width(50.0)
                    .wrap(true),
            )
            .column(
                ColumnSpec::new("open", header("open_sites"))
                    .width(60.0)
                    .wrap(true),
            );
        let rows: Vec<Vec<CellValue<'_>>> = ratios
            .iter()
            .map(|r| {
                let text = |kind: &str| self.messages.text(&format!("stat.{}.{kind}", r.id), &[]);
                vec![
                    CellValue::text(text("title")),
                    CellValue::Integer(r.numerator as i64),
                    CellValue::Integer(r.denominator as i64),
                    CellValue::from(r.percent()),
                    CellValue::from(r.target.map(|t| t * 100.0)),
                    CellValue::text(text("basis")),
                    CellValue::text(codes(&r.open_site_codes)),
                ]
            })
            .collect();
        book.ledger(&sheet, &rows).map_err(Error::internal)
    }

    pub(crate) fn table_sheet<W: Write + Seek>(
        &self,
        book: &mut Workbook<W>,
        table: &StatTable,
        scope: &str,
        as_of: &str,
    ) -> Result<(), Error> {
        let header = |code: &str| self.messages.text(&format!("column.{code}"), &[]);
        let mut sheet = self.summary_sheet(&table.id, scope, as_of);
        for dimension in &table.dimensions {
            let name = self.messages.text(&format!("dimension.{dimension}"), &[]);
            sheet = sheet.column(ColumnSpec::new(dimension, name).width(18.0));
        }
        sheet = sheet
            .column(
                ColumnSpec::new("count", header("count"))
                    .format(Format::Integer)
                    .width(9.0)
                    .summed(),
            )
            .column(
                ColumnSpec::new("area_ha", header("area_ha"))
                    .format(Format::Decimal(4))
                    .width(13.0)
                    .summed(),
            )
            .column(
                ColumnSpec::new("sites", header("sites"))
                    .width(70.0)
                    .wrap(true),
            )
            .totals(self.messages.text("word.total", &[]));
        let rows: Vec<Vec<CellValue<'_>>> = table
            .rows
            .iter()
            .map(|row| {
                let labels = table
                    .dimensions
                    .iter()
                    .zip(&row.keys)
                    .map(|(list, code)| CellValue::text(self.label(list, code)));
                let area = (row.area_m2 / 10_000.0 * 1e4).round() / 1e4;
                let figures = [
                    CellValue::Integer(row.count as i64),
                    CellValue::Number(area),
                    CellValue::text(codes(&row.site_codes)),
                ];
                labels.chain(figures).collect()
            })
            .collect();
        book.ledger(&sheet, &rows).map_err(Error::internal)
    }

    /// All findings as a list to work down.
    pub fn findings_xlsx<W: Write + Seek>(
        &self,
        found: &[Finding],
        scope: &str,
        as_of: &str,
        sink: W,
    ) -> Result<W, Error> {
        let header = |code: &str| self.messages.text(&format!("column.{code}"), &[]);
        let mut book = self.summary_book("check.workbook", as_of, sink)?;
        let sheet = self
            .summary_sheet("findings", scope, as_of)
            .column(
                ColumnSpec::new("index", header("index"))
                    .format(Format::Integer)
                    .width(6.0),
            )
            .column(ColumnSpec::new("kind", header("finding")).width(22.0))
            .column(ColumnSpec::new("site", header("site")).width(20.0))
            .column(ColumnSpec::new("station", header("station")).width(12.0))
            .column(
                ColumnSpec::new("message", header("message"))
                    .width(70.0)
                    .wrap(true),
            )
            .column(
                ColumnSpec::new("hint", header("hint"))
                    .width(50.0)
                    .wrap(true),
            )
            .keys(3);
        let rows: Vec<Vec<CellValue<'_>>> = (1..)
            .zip(found)
            .map(|(n, f)| self.finding_row(n, f))
            .collect();
        book.ledger(&sheet, &rows).map_err(Error::internal)?;
        book.finish().map_err(Error::internal)
    }

    fn finding_row(&self, number: i64, finding: &Finding) -> Vec<CellValue<'_>> {
        let (message, hint) = self.messages.diagnostic(&finding.diagnostic);
        let shade = match finding.diagnostic.severity {
            Severity::Error => Shade::Red,
            Severity::Warning => Shade::Amber,
            Severity::Note => Shade::Blue,
        };
        let about = finding
            .site_code
            .clone()
            .or_else(|| finding.clue_id.map(|c| c.to_string()[..18].to_owned()))
            .unwrap_or_default();
        let station = finding
            .station_id
            .as_deref()
            .map_or(String::new(), |s| self.label("station", s));
        let kind = self
            .messages
            .text(&format!("{}.title", finding.diagnostic.code), &[]);
        vec![
            CellValue::Integer(number),
            CellValue::text(kind).shaded(shade),
            CellValue::text(about),
            CellValue::text(station),
            CellValue::text(message),
            CellValue::text(hint.unwrap_or_default()),
        ]
    }
}

/// Codes in one cell, each once; office programs hold some 32,000 characters.
fn codes(codes: &[String]) -> String {
    const MOST: usize = 1_000;
    let mut told = BTreeSet::new();
    let once: Vec<&str> = codes
        .iter()
        .map(String::as_str)
        .filter(|code| told.insert(*code))
        .collect();
    let mut text = once[..once.len().min(MOST)].join("、");
    if once.len() > MOST {
        text.push('…');
    }
    text
}
