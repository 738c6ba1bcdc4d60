//! 标注 — the original rows with what is said about them, for a marked copy that is sent back.

use std::collections::BTreeMap;

use spatial::diagnostic::{Diagnostic, Severity};

use crate::mapping::column_index;
use crate::row::Row;
use crate::workbook::Table;

/// 标注 — one cell, or a whole row where no column is named, and what is said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// From 0; none marks the row.
    pub column: Option<u32>,
    /// The heaviest of the diagnostics.
    pub severity: Severity,
    /// Positions in the list of diagnostics.
    pub diagnostics: Vec<usize>,
}

/// 标注行 — an original row with its marks, by column.
#[derive(Debug, Clone, PartialEq)]
pub struct MarkedRow<'a> {
    pub row: &'a Row,
    pub marks: Vec<Mark>,
}

/// Every row of a table with the diagnostics that point at it; those of other sheets are left out.
pub fn mark<'a>(table: &'a Table, diagnostics: &[Diagnostic]) -> Vec<MarkedRow<'a>> {
    let mut by_row: BTreeMap<u64, BTreeMap<Option<u32>, Mark>> = BTreeMap::new();
    for (position, diagnostic) in diagnostics.iter().enumerate() {
        let place = &diagnostic.place;
        let is_here = place
            .sheet
            .as_ref()
            .is_none_or(|name| *name == table.sheet.name);
        let Some(row) = place.row.filter(|_| is_here) else {
            continue;
        };
        let column = place.column.as_deref().and_then(column_index);
        let marks = by_row.entry(row).or_default();
        let mark = marks.entry(column).or_insert(Mark {
            column,
            severity: diagnostic.severity,
            diagnostics: Vec::new(),
        });
        mark.severity = mark.severity.max(diagnostic.severity);
        mark.diagnostics.push(position);
    }
    let marks_of = |row: &Row| {
        by_row
            .get(&row.number)
            .map(|marks| marks.values().cloned().collect())
            .unwrap_or_default()
    };
    table
        .rows
        .iter()
        .map(|row| MarkedRow {
            row,
            marks: marks_of(row),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::Value;
    use crate::workbook::{Sheet, Visibility};
    use spatial::diagnostic::Place;

    #[test]
    fn the_heaviest_word_about_a_cell_gives_its_mark() {
        let sheet = Sheet {
            index: 0,
            name: "台账".into(),
            visibility: Visibility::Visible,
        };
        let row = |number| Row {
            number,
            cells: vec![Value::from("a").into()],
        };
        let table = Table {
            sheet,
            rows: vec![row(3), row(4)],
            merges: Vec::new(),
        };
        let at = |sheet: &str, row, column: Option<&str>| Place {
            sheet: Some(sheet.into()),
            row: Some(row),
            column: column.map(str::to_owned),
            ..Place::default()
        };
        let diagnostics = [
            Diagnostic::note("value.tidied").at(at("台账", 4, Some("B"))),
            Diagnostic::error("value.range").at(at("台账", 4, Some("B"))),
            Diagnostic::warning("site.duplicate").at(at("台账", 4, None)),
            Diagnostic::error("value.range").at(at("别的", 4, Some("A"))),
        ];
        let marked = mark(&table, &diagnostics);
        assert!(marked[0].marks.is_empty());
        let expected = [
            Mark {
                column: None,
                severity: Severity::Warning,
                diagnostics: vec![2],
            },
            Mark {
                column: Some(1),
                severity: Severity::Error,
                diagnostics: vec![0, 1],
            },
        ];
        assert_eq!(marked[1].marks, expected);
    }
}
