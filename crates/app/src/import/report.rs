//! 标注副本 — the table as it came, with every fault in color, to be sent back to whoever wrote it.

use std::io::{Seek, Write};

use documents::marked::{self, Mark, MarkedTable, MarkedWords};
use documents::{Workbook, WorkbookProperties};
use sheets::column_index;
use spatial::diagnostic::{Diagnostic, Severity};

use super::Staged;
use crate::error::Error;
use crate::session::Session;

impl Session {
    /// Writes the marked-up copy of a staged import.
    pub fn marked_copy<W: Write + Seek>(&self, staged: &Staged, sink: W) -> Result<W, Error> {
        let created = staged
            .loaded
            .dated_on
            .unwrap_or(self.campaign.started_on)
            .at(0, 0, 0, 0);
        let mut book = Workbook::new(
            sink,
            WorkbookProperties::new(&staged.loaded.file_name, created),
        )
        .map_err(Error::internal)?;
        let sheets = self.copied(staged);
        let tables: Vec<MarkedTable<'_, String>> = sheets
            .iter()
            .map(|s| MarkedTable {
                name: &s.name,
                rows: &s.rows,
                heading_row: s.heading_row,
                marks: &s.marks,
            })
            .collect();
        marked::write(&mut book, &tables, &self.marked_words()).map_err(Error::internal)?;
        book.finish().map_err(Error::internal)
    }

    fn copied(&self, staged: &Staged) -> Vec<Copied> {
        let tables = staged.loaded.tables.iter().map(|t| {
            let last = t.table.rows.last().map_or(0, |r| r.number) as usize;
            let mut rows = vec![Vec::new(); last];
            for row in &t.table.rows {
                rows[row.number as usize - 1] = row
                    .cells
                    .iter()
                    .map(|c| c.value.text().into_owned())
                    .collect();
            }
            let is_here = |d: &&Diagnostic| {
                d.place
                    .sheet
                    .as_ref()
                    .is_none_or(|s| *s == t.table.sheet.name)
            };
            Copied {
                name: t.table.sheet.name.clone(),
                rows,
                heading_row: u32::try_from(t.heading.first_header_row + t.heading.header_rows - 1)
                    .ok(),
                marks: staged
                    .diagnostics
                    .iter()
                    .filter(is_here)
                    .filter_map(|d| self.mark(d))
                    .collect(),
            }
        });
        let tables: Vec<Copied> = tables.collect();
        if tables.is_empty() {
            vec![self.features_as_table(staged)]
        } else {
            tables
        }
    }

    /// A layer has no sheet to mark; its features and what is said of them become one.
    fn features_as_table(&self, staged: &Staged) -> Copied {
        let titles: Vec<String> = {
            let mut titles: Vec<String> = Vec::new();
            for record in &staged.loaded.records {
                let given = record
                    .values
                    .values()
                    .map(|g| &g.title)
                    .chain(record.other.keys());
                for title in given {
                    if !titles.contains(title) {
                        titles.push(title.clone());
                    }
                }
            }
            titles
        };
        let cell = |record: &super::Record, title: &String| {
            let given = record
                .values
                .values()
                .find(|g| g.title == *title)
                .map(|g| g.value.text().into_owned());
            given
                .or_else(|| record.other.get(title).cloned())
                .unwrap_or_default()
        };
        let mut rows = vec![titles.clone()];
        rows.extend(
            staged
                .loaded
                .records
                .iter()
                .map(|r| titles.iter().map(|t| cell(r, t)).collect()),
        );
        let row_of = |d: &Diagnostic| {
            let at =
                staged.loaded.records.iter().position(|r| {
                    r.place.feature == d.place.feature && r.place.layer == d.place.layer
                });
            at.and_then(|i| u32::try_from(i + 2).ok())
        };
        let marks = staged.diagnostics.iter().filter_map(|d| {
            let (message, hint) = self.messages.diagnostic(d);
            Some(Mark {
                row: row_of(d)?,
                column: None,
                severity: severity(d.severity),
                message,
                hint,
            })
        });
        Copied {
            name: staged.loaded.file_name.clone(),
            marks: marks.collect(),
            rows,
            heading_row: Some(1),
        }
    }

    fn mark(&self, diagnostic: &Diagnostic) -> Option<Mark> {
        let (message, hint) = self.messages.diagnostic(diagnostic);
        Some(Mark {
            row: u32::try_from(diagnostic.place.row?).ok()?,
            column: diagnostic
                .place
                .column
                .as_deref()
                .and_then(column_index)
                .map(|c| c as usize),
            severity: severity(diagnostic.severity),
            message,
            hint,
        })
    }

    fn marked_words(&self) -> MarkedWords {
        let text = |code: &str| self.messages.text(code, &[]);
        let pattern = |code: &str| {
            let holes = ["severity", "message", "hint"].map(|hole| (hole, format!("{{{hole}}}")));
            let holes: Vec<(&str, &str)> = holes.iter().map(|(n, v)| (*n, v.as_str())).collect();
            self.messages.text(code, &holes)
        };
        let headers = [
            "number", "sheet", "cell", "severity", "message", "hint", "given",
        ];
        MarkedWords {
            remarks: text("report.remarks"),
            list: text("report.list"),
            list_headers: headers.map(|h| text(&format!("report.{h}"))),
            severities: [
                text("severity.note"),
                text("severity.warning"),
                text("severity.error"),
            ],
            // The holes are filled mark by mark.
            remark: pattern("report.remark"),
            remark_with_hint: pattern("report.remark_with_hint"),
        }
    }
}

struct Copied {
    name: String,
    rows: Vec<Vec<String>>,
    heading_row: Option<u32>,
    marks: Vec<Mark>,
}

fn severity(severity: Severity) -> marked::Severity {
    match severity {
        Severity::Note => marked::Severity::Note,
        Severity::Warning => marked::Severity::Warning,
        Severity::Error => marked::Severity::Error,
    }
}
