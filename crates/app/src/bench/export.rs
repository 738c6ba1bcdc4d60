//! Ledger export as measured side by side with other programs: a clean table becomes a styled ledger.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use csv::StringRecord;
use documents::{CellValue, ColumnSpec, Format, LedgerSheet, Shade, Workbook, WorkbookProperties};

/// What the contract asks of the look: one width, two frozen columns, numbers with two decimals, this value in red.
const TITLE: &str = "自然保护区人类活动点位台账";
const SHEET: &str = "台账";
const WIDTH: f64 = 14.0;
const NUMBERS: [&str; 3] = ["lon", "lat", "area_m2"];
const OPEN_STATE: &str = "待核实";

/// Writes the rows of `clean_csv` as a ledger to `out`: an `.xlsx` file, or a folder that receives `ledger.xlsx`.
pub fn export(clean_csv: &Path, out: &Path) -> anyhow::Result<()> {
    let mut rows = csv::Reader::from_path(clean_csv)
        .with_context(|| format!("cannot read {}", clean_csv.display()))?;
    let sheet = ledger(rows.headers().context("the table has no heading line")?);
    let target = target(out)?;
    let file =
        File::create(&target).with_context(|| format!("cannot create {}", target.display()))?;
    let created = jiff::civil::datetime(2019, 8, 18, 0, 0, 0, 0);
    let mut book = Workbook::new(
        BufWriter::new(file),
        WorkbookProperties::new(TITLE, created),
    )?;
    write_rows(&mut book, &sheet, &mut rows)?;
    book.finish()?
        .into_inner()
        .map_err(|error| error.into_error())
        .context("cannot finish the workbook")?;
    Ok(())
}

fn write_rows(
    book: &mut Workbook<BufWriter<File>>,
    sheet: &LedgerSheet,
    rows: &mut csv::Reader<File>,
) -> anyhow::Result<()> {
    let mut ledger = book.open_ledger(sheet)?;
    let mut record = StringRecord::new();
    while rows
        .read_record(&mut record)
        .context("the table is damaged")?
    {
        let cells: Vec<CellValue<'_>> = sheet
            .columns
            .iter()
            .zip(&record)
            .map(|(column, text)| cell(column.format, text))
            .collect();
        ledger.row(&cells)?;
    }
    ledger.close()?;
    Ok(())
}

fn ledger(headers: &StringRecord) -> LedgerSheet {
    let column = |header: &str| {
        let format = if NUMBERS.contains(&header) {
            Format::Area
        } else {
            Format::Text
        };
        ColumnSpec::new(header, header).width(WIDTH).format(format)
    };
    LedgerSheet {
        columns: headers.iter().map(column).collect(),
        ..LedgerSheet::new(SHEET, TITLE).keys(2)
    }
}

fn cell(format: Format, text: &str) -> CellValue<'_> {
    match (format, text) {
        (Format::Area, text) => number(text),
        (_, OPEN_STATE) => CellValue::text(text).shaded(Shade::Red),
        _ => CellValue::text(text),
    }
}

/// The number a text says; what says none stays text, as it came.
fn number(text: &str) -> CellValue<'_> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => CellValue::Number(number),
        _ => CellValue::text(text),
    }
}

fn target(out: &Path) -> anyhow::Result<PathBuf> {
    if out
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("xlsx"))
    {
        return Ok(out.to_owned());
    }
    std::fs::create_dir_all(out).with_context(|| format!("cannot create {}", out.display()))?;
    Ok(out.join("ledger.xlsx"))
}
