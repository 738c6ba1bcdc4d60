//! Merged cells of the body: the value stands in the first row only, and counts for all.

use spatial::diagnostic::{Diagnostic, Place};

use crate::row::{Cell, Merge, Row, column_letter};

/// Cells that are filled per row at most; overlapping ranges of a hostile file end here.
const MAX_FILLS_PER_ROW: usize = 256;

/// Copies the value of ranges merged downward into their other rows, from `body_from` on; one note per range.
/// Rows are in order; rows the file does not have stay absent.
pub fn fill_merged(rows: &mut [Row], merges: &[Merge], body_from: u64) -> Vec<Diagnostic> {
    let mut notes = Vec::new();
    let mut left = rows.len().saturating_mul(MAX_FILLS_PER_ROW);
    for merge in merges
        .iter()
        .filter(|merge| merge.height() > 1 && merge.first_row >= body_from)
    {
        let start = rows.partition_point(|row| row.number < merge.first_row);
        let end = rows.partition_point(|row| row.number <= merge.last_row);
        left = left.saturating_sub(end - start);
        if left == 0 {
            break;
        }
        let (Some(anchor), column) = (
            rows.get(start).filter(|row| row.number == merge.first_row),
            merge.first_column as usize,
        ) else {
            continue;
        };
        let value = anchor.value(column).clone();
        if value.is_blank() {
            continue;
        }
        notes.push(note(merge, &value.text()));
        for row in &mut rows[start + 1..end] {
            if row.cells.len() <= column {
                row.cells.resize(column + 1, Cell::default());
            }
            row.cells[column] = Cell {
                value: value.clone(),
                is_filled: true,
            };
        }
    }
    notes
}

fn note(merge: &Merge, text: &str) -> Diagnostic {
    let place = Place {
        row: Some(merge.first_row),
        column: Some(column_letter(merge.first_column)),
        ..Place::default()
    };
    Diagnostic::note("sheet.merged_filled_down")
        .at(place)
        .arg("rows", merge.height())
        .arg("text", text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::Value;

    fn row(number: u64, texts: &[&str]) -> Row {
        Row {
            number,
            cells: texts.iter().map(|text| Value::from(*text).into()).collect(),
        }
    }

    #[test]
    fn a_value_counts_for_all_rows_of_its_range() {
        let mut rows = vec![
            row(3, &["后河", "a"]),
            row(4, &["", "b"]),
            row(6, &[]),
            row(7, &["麻武", "c"]),
        ];
        let merges = [
            Merge {
                first_row: 3,
                first_column: 0,
                last_row: 6,
                last_column: 0,
            },
            Merge {
                first_row: 1,
                first_column: 0,
                last_row: 2,
                last_column: 5,
            },
        ];
        let notes = fill_merged(&mut rows, &merges, 3);
        assert_eq!(
            rows.iter()
                .map(|row| row.value(0).text().into_owned())
                .collect::<Vec<_>>(),
            ["后河", "后河", "后河", "麻武"]
        );
        assert!(rows[1].cells[0].is_filled && !rows[0].cells[0].is_filled);
        assert_eq!(notes.len(), 1);
    }

    #[test]
    fn ranges_that_lie_over_each_other_cost_a_bounded_time() {
        let mut rows: Vec<Row> = (1..=2000).map(|number| row(number, &["x"])).collect();
        let merges = vec![
            Merge {
                first_row: 1,
                first_column: 16_000,
                last_row: 1_048_576,
                last_column: 16_000
            };
            100_000
        ];
        assert!(fill_merged(&mut rows, &merges, 1).is_empty());
    }
}
