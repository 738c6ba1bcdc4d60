//! 出表 — drawn views turned into files: XLSX and CSV through `documents`, map layers through `spatial` and `register`.

use std::io::{Seek, Write};

use documents::{
    Align, CellValue, ColumnSpec, Format, LedgerSheet, Shade, Workbook, WorkbookProperties,
};
use domain::campaign::{ColumnFormat, LedgerColumn};
use domain::ledger::Cell;
use domain::policy::MARKED_EXPORTS;
use jiff::civil;

use crate::error::Error;
use crate::ledgers::LedgerDrawn;
use crate::session::Session;

impl Session {
    /// The ledger as an office workbook.
    pub fn ledger_xlsx<W: Write + Seek>(&self, drawn: &LedgerDrawn, sink: W) -> Result<W, Error> {
        let sheet = self.ledger_sheet(drawn);
        let properties = self.marked(WorkbookProperties::new(
            &sheet.title,
            self.document_time(drawn),
        ));
        let mut book = Workbook::new(sink, properties).map_err(Error::internal)?;
        let mut ledger = book.open_ledger(&sheet).map_err(Error::internal)?;
        let mut cells = Vec::new();
        for row in &drawn.rows {
            cells.clear();
            cells.extend(
                drawn
                    .template
                    .columns
                    .iter()
                    .map(|c| value(row.cells.get(&c.key), c)),
            );
            self.mark_pending(drawn, &mut cells);
            ledger.row(&cells).map_err(Error::internal)?;
        }
        ledger.close().map_err(Error::internal)?;
        book.finish().map_err(Error::internal)
    }

    /// The ledger as CSV with a byte-order mark, so that office programs read it as UTF-8.
    pub fn ledger_csv<W: Write>(&self, drawn: &LedgerDrawn, sink: W) -> Result<W, Error> {
        let sheet = self.ledger_sheet(drawn);
        let mut csv = documents::csv::CsvLedger::open(sink, &sheet).map_err(Error::internal)?;
        let mut cells = Vec::new();
        for row in &drawn.rows {
            cells.clear();
            cells.extend(
                drawn
                    .template
                    .columns
                    .iter()
                    .map(|c| value(row.cells.get(&c.key), c)),
            );
            csv.row(&cells).map_err(Error::internal)?;
        }
        csv.finish().map_err(Error::internal)
    }

    /// 待定 stands out, because the plan wants it gone.
    fn mark_pending(&self, drawn: &LedgerDrawn, cells: &mut [CellValue<'_>]) {
        let pending = domain::ledger::Labels::label(&self.viewer, "has_issue", "pending");
        for (column, cell) in drawn.template.columns.iter().zip(cells) {
            let is_pending = matches!(&*cell, CellValue::Text(t) if *t == pending);
            if column.key == "has_issue" && is_pending {
                *cell = std::mem::replace(cell, CellValue::Empty).shaded(Shade::Amber);
            }
        }
    }

    fn ledger_sheet(&self, drawn: &LedgerDrawn) -> LedgerSheet {
        let text = |code: &str, args: &[(&str, &str)]| self.messages.text(code, args);
        let size = drawn.log_size.to_string();
        let count = drawn.rows.len().to_string();
        let as_of = if drawn.as_of == "now" {
            self.today().to_string()
        } else {
            drawn.as_of.clone()
        };
        let title = match self.is_demonstration {
            true => text("ledger.demonstration_title", &[("title", &drawn.title)]),
            false => drawn.title.clone(),
        };
        let proof = [
            ("log_size", size.as_str()),
            ("root_hash", &drawn.root_hash),
            ("rows", &drawn.rows_sha256),
        ];
        let mut sheet = LedgerSheet::new(&drawn.template.short_title, title)
            .subtitle([
                text("ledger.unit", &[("unit", &drawn.scope_label)]),
                text("ledger.as_of", &[("as_of", &as_of)]),
                text("ledger.count", &[("count", &count)]),
            ])
            .keys(usize::from(drawn.template.frozen_columns));
        sheet = match self.export_mark() {
            Some(mark) => sheet.note(mark),
            None => sheet,
        };
        sheet = sheet
            .note(text("ledger.basis", &[("basis", &drawn.template.basis)]))
            .note(text("ledger.proof", &proof));
        for column in &drawn.template.columns {
            sheet = sheet.column(self.column(column));
        }
        sheet
    }

    fn column(&self, column: &LedgerColumn) -> ColumnSpec {
        let format = match column.format {
            ColumnFormat::Text | ColumnFormat::YesNo => Format::Text,
            ColumnFormat::Integer => Format::Integer,
            ColumnFormat::Decimal(digits) => Format::Decimal(digits),
            ColumnFormat::LonLat => Format::LonLat,
            ColumnFormat::Area => Format::Area,
            ColumnFormat::Date => Format::Date,
        };
        let mut spec = ColumnSpec::new(&column.key, &column.header)
            .width(column.width)
            .format(format)
            .wrap(column.wrap);
        if let Some(group) = &column.group {
            spec = spec.group(group);
        }
        if column.key == "index" || column.validation.is_some() {
            spec = spec.align(Align::Center);
        }
        let list = column
            .validation
            .as_deref()
            .and_then(|p| self.campaign.find_list(&self.codes, p));
        match list {
            Some(list) => spec.validation(list.codes.iter().map(|c| c.label.clone())),
            None => spec,
        }
    }

    /// 导出标识 — who took the file, for posts whose files say so.
    pub(crate) fn export_mark(&self) -> Option<String> {
        let role = self.actor.role;
        let day = self.today().to_string();
        let args = [
            ("role", role.label()),
            ("actor", &self.actor.id),
            ("day", &day),
        ];
        MARKED_EXPORTS
            .contains(&role)
            .then(|| self.messages.text("export.mark", &args))
    }

    /// The same for the name of a file, whose format may have no place for it.
    pub(crate) fn name_mark(&self) -> String {
        let mark = self.export_mark();
        mark.map(|_| self.messages.text("export.name_mark", &[]))
            .unwrap_or_default()
    }

    /// The same workbook with the mark at the foot of every page.
    pub(crate) fn marked(&self, mut properties: WorkbookProperties) -> WorkbookProperties {
        if let Some(mark) = self.export_mark() {
            properties.page_footer = format!("{mark}　{}", properties.page_footer);
        }
        properties
    }

    /// The day the ledger stands for, or of the latest entry: a document's bytes must not depend on when it is written.
    fn document_time(&self, drawn: &LedgerDrawn) -> civil::DateTime {
        let day: civil::Date = drawn.as_of.parse().unwrap_or(self.campaign.started_on);
        day.at(0, 0, 0, 0)
    }
}

fn value<'a>(cell: Option<&'a Cell>, column: &LedgerColumn) -> CellValue<'a> {
    match cell {
        None | Some(Cell::Empty) => CellValue::Empty,
        Some(Cell::Integer(n)) => CellValue::Integer(*n),
        Some(Cell::Number(n)) => CellValue::Number(*n),
        Some(Cell::Date(d)) if column.format == ColumnFormat::Date => CellValue::Date(*d),
        Some(Cell::Date(d)) => CellValue::text(d.to_string()),
        Some(Cell::Text(t)) => CellValue::text(t.as_str()),
    }
}
