//! 台账 as comma-separated text: one heading line and the rows, UTF-8 with a mark at the start so that office programs
//! read Chinese right. Title, totals and notes stay out: the text is for programs.

use std::borrow::Cow;
use std::io::Write;

use crate::cell::{looks_like_formula, yes_no};
use crate::{CellValue, Error, LedgerSheet};

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A ledger being written as comma-separated text.
pub struct CsvLedger<'s, W: Write> {
    writer: ::csv::Writer<W>,
    sheet: &'s LedgerSheet,
    row: u32,
    /// Printed number or date, reused from cell to cell.
    printed: Vec<u8>,
}

/// Writes a whole ledger.
pub fn write<'a, W: Write, R>(
    sink: W,
    sheet: &LedgerSheet,
    rows: impl IntoIterator<Item = R>,
) -> Result<W, Error>
where
    R: AsRef<[CellValue<'a>]>,
{
    let mut ledger = CsvLedger::open(sink, sheet)?;
    for row in rows {
        ledger.row(row.as_ref())?;
    }
    ledger.finish()
}

impl<'s, W: Write> CsvLedger<'s, W> {
    /// Writes the heading line.
    pub fn open(mut sink: W, sheet: &'s LedgerSheet) -> Result<Self, Error> {
        sink.write_all(BYTE_ORDER_MARK)
            .map_err(|source| Error::WriteCsv(source.into()))?;
        let mut writer = ::csv::WriterBuilder::new()
            .terminator(::csv::Terminator::CRLF)
            .from_writer(sink);
        let headers = headers(sheet);
        writer
            .write_record(headers.iter().map(|header| harmless(header).into_owned()))
            .map_err(Error::WriteCsv)?;
        Ok(Self {
            writer,
            sheet,
            row: 1,
            printed: Vec::new(),
        })
    }

    /// Writes one row, a value per column. A row that fails leaves no trace.
    pub fn row(&mut self, cells: &[CellValue<'_>]) -> Result<(), Error> {
        self.check(cells)?;
        for cell in cells {
            self.cell(cell).map_err(Error::WriteCsv)?;
        }
        self.row += 1;
        self.writer
            .write_record(None::<&[u8]>)
            .map_err(Error::WriteCsv)
    }

    /// Ends the text and gives the sink back.
    pub fn finish(self) -> Result<W, Error> {
        self.writer
            .into_inner()
            .map_err(|error| Error::WriteCsv(std::io::Error::from(error.error().kind()).into()))
    }

    fn check(&self, cells: &[CellValue<'_>]) -> Result<(), Error> {
        let (sheet, row) = (&self.sheet.name, self.row + 1);
        let (found, expected) = (cells.len(), self.sheet.columns.len());
        if found != expected {
            return Err(Error::RowWidth {
                sheet: sheet.clone(),
                row,
                found,
                expected,
            });
        }
        match cells.iter().position(
            |cell| matches!(cell.bare(), CellValue::Number(number) if !number.is_finite()),
        ) {
            Some(column) => Err(Error::NotFinite {
                sheet: sheet.clone(),
                row,
                column,
            }),
            None => Ok(()),
        }
    }

    fn cell(&mut self, cell: &CellValue<'_>) -> Result<(), ::csv::Error> {
        self.printed.clear();
        match cell.bare() {
            CellValue::Empty | CellValue::Marked(_) => {}
            CellValue::Text(text) => return self.writer.write_field(harmless(text).as_bytes()),
            CellValue::YesNo(answer) => self.printed.extend_from_slice(yes_no(*answer).as_bytes()),
            CellValue::Integer(integer) => crate::xml::push_integer(&mut self.printed, *integer),
            CellValue::Number(number) => crate::xml::push_number(&mut self.printed, *number),
            CellValue::Date(date) => self.printed.extend_from_slice(date.to_string().as_bytes()),
        }
        self.writer.write_field(&self.printed)
    }
}

/// Headers; those that are not unique with the headings above them.
fn headers(sheet: &LedgerSheet) -> Vec<Cow<'_, str>> {
    let is_unique = |header: &str| {
        sheet
            .columns
            .iter()
            .filter(|column| column.header == header)
            .count()
            == 1
    };
    let full = |column: &crate::ColumnSpec| {
        let path: Vec<&str> = column
            .groups
            .iter()
            .chain([&column.header])
            .map(String::as_str)
            .collect();
        path.join("/")
    };
    let header = |column| -> Cow<'_, str> {
        let column: &crate::ColumnSpec = column;
        if is_unique(&column.header) {
            Cow::Borrowed(&column.header)
        } else {
            Cow::Owned(full(column))
        }
    };
    sheet.columns.iter().map(header).collect()
}

/// Text an office program will not run as a formula: an apostrophe goes before what looks like one.
fn harmless(text: &str) -> Cow<'_, str> {
    if looks_like_formula(text) && !is_plain_number(text) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

fn is_plain_number(text: &str) -> bool {
    text.bytes()
        .skip(1)
        .all(|byte| byte.is_ascii_digit() || byte == b'.')
        && text.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::{ColumnSpec, Format, Shade};
    use jiff::civil::date;

    fn sheet() -> LedgerSheet {
        LedgerSheet::new("台账", "标题")
            .column(ColumnSpec::new("code", "编号"))
            .column(
                ColumnSpec::new("a", "面积")
                    .group("核查前")
                    .format(Format::Area),
            )
            .column(
                ColumnSpec::new("b", "面积")
                    .group("核查后")
                    .format(Format::Area),
            )
            .column(ColumnSpec::new("on", "日期").format(Format::Date))
            .totals("合计")
            .note("口径")
    }

    fn print(row: [CellValue<'_>; 4]) -> String {
        String::from_utf8(write(Vec::new(), &sheet(), [row]).unwrap()).unwrap()
    }

    #[test]
    fn the_text_begins_with_its_mark_and_one_heading_line() {
        let text = print([
            "QS-1".into(),
            1234.5.into(),
            CellValue::Empty,
            date(2019, 8, 18).into(),
        ]);
        assert_eq!(
            text,
            "\u{FEFF}编号,核查前/面积,核查后/面积,日期\r\nQS-1,1234.5,,2019-08-18\r\n"
        );
    }

    #[test]
    fn formulas_are_defused_and_numbers_left_alone() {
        for (text, written) in [
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("@SUM(1)", "'@SUM(1)"),
            ("-1+1", "'-1+1"),
            ("＝1+1", "'＝1+1"),
            ("-5.5", "-5.5"),
            ("-inf", "'-inf"),
            ("核心区", "核心区"),
        ] {
            let line = print([text.into(), 0.0.into(), true.into(), CellValue::Empty]);
            assert_eq!(
                line.lines().nth(1).unwrap(),
                format!("{written},0,是,"),
                "{text}"
            );
        }
    }

    #[test]
    fn marks_leave_no_trace_in_text() {
        let marked = CellValue::from("待核实").remarked(Shade::Red, "请核实");
        assert!(
            print([marked, 1.0.into(), 2.0.into(), false.into()]).ends_with("待核实,1,2,否\r\n")
        );
    }

    #[test]
    fn rows_of_another_width_and_numbers_that_are_none_are_refused() {
        let sheet = sheet();
        let mut ledger = CsvLedger::open(Vec::new(), &sheet).unwrap();
        assert!(matches!(
            ledger.row(&[CellValue::Empty]),
            Err(Error::RowWidth {
                found: 1,
                expected: 4,
                ..
            })
        ));
        let row = [
            CellValue::Empty,
            f64::NAN.into(),
            CellValue::Empty,
            CellValue::Empty,
        ];
        assert!(matches!(
            ledger.row(&row),
            Err(Error::NotFinite {
                column: 1,
                row: 2,
                ..
            })
        ));
        assert_eq!(
            ledger
                .finish()
                .unwrap()
                .iter()
                .filter(|&&byte| byte == b'\n')
                .count(),
            1
        );
    }
}
