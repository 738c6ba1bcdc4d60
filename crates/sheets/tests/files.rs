//! Every real file of the spreadsheet collection is read or refused in words, and read as calamine reads it.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use calamine::{Data, Reader, open_workbook_auto};
use sheets::{Limits, Value, Visibility, Workbook, column_letter, open};

fn collection() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/spreadsheets")).to_owned()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn is_table(path: &Path) -> bool {
    !["md", ""].contains(&path.extension().unwrap_or_default().to_str().unwrap()) && path.file_name().unwrap() != "SHA256SUMS"
}

fn outcome(path: &Path) -> String {
    let mut workbook = match open(path, &Limits::default()) {
        Ok(workbook) => workbook,
        Err(error) => return format!("{}: {error}\n", error.code()),
    };
    let mut out = format!("{:?}\n", workbook.kind());
    for sheet in workbook.sheets().to_vec() {
        let (table, diagnostics) = workbook.table(sheet.index).unwrap();
        let cells: usize = table.rows.iter().map(|row| row.filled().count()).sum();
        let shown = if sheet.visibility == Visibility::Visible { "" } else { " (hidden)" };
        write!(out, "  {:?}{shown}: {} rows, {cells} cells, {} merges", sheet.name, table.rows.len(), table.merges.len()).unwrap();
        diagnostics.iter().for_each(|diagnostic| write!(out, " [{}]", diagnostic.code).unwrap());
        let first = table.rows.first().map(|row| row.filled().take(4).map(|(_, v)| v.text().chars().take(16).collect()).collect::<Vec<String>>());
        writeln!(out, " {:?}", first.unwrap_or_default()).unwrap();
    }
    out
}

#[test]
fn every_file_of_the_collection_is_read_or_refused_in_words() {
    let root = collection();
    let mut all = String::new();
    for path in files(&root).into_iter().filter(|path| is_table(path)) {
        write!(all, "{} → {}", path.strip_prefix(&root).unwrap().display(), outcome(&path)).unwrap();
    }
    insta::assert_snapshot!(all);
}

/// Cells of one sheet as text, without empty ones.
type Cells = BTreeMap<(u64, u32), String>;

fn ours(workbook: &mut Workbook, sheet: usize) -> Cells {
    let mut cells = Cells::new();
    workbook
        .scan(sheet, &mut |row| {
            cells.extend(row.values().map(|(column, value)| ((row.number(), column), value.into_value().text().into_owned())));
            ControlFlow::Continue(())
        })
        .unwrap();
    cells.retain(|_, text| !text.is_empty());
    cells
}

fn theirs(range: &calamine::Range<Data>) -> Cells {
    let (row0, column0) = range.start().unwrap_or_default();
    let mut cells = Cells::new();
    for (row, column, value) in range.used_cells() {
        cells.insert((u64::from(row0) + row as u64 + 1, column0 + column as u32), text(value));
    }
    cells.retain(|_, text| !text.is_empty());
    cells
}

fn text(value: &Data) -> String {
    match value {
        Data::Bool(is) => Value::Bool(*is).text().into_owned(),
        Data::Int(whole) => whole.to_string(),
        Data::DateTime(at) => serial_text(at),
        other => other.to_string(),
    }
}

fn serial_text(at: &calamine::ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, milli) = at.to_ymd_hms_milli();
    if at.is_duration() {
        let seconds = (at.as_f64().abs() * 86400.0).round() as i64;
        let sign = if at.as_f64() < 0.0 { "-" } else { "" };
        return format!("{sign}{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }
    if at.as_f64() < 0.0 {
        return at.as_f64().to_string();
    }
    if (0.0..1.0).contains(&at.as_f64()) {
        return format!("{hour:02}:{minute:02}:{second:02}");
    }
    match (hour, minute, second, milli) {
        (0, 0, 0, 0) => format!("{year:04}-{month:02}-{day:02}"),
        _ if milli == 0 => format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"),
        _ => format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}").trim_end_matches('0').to_owned(),
    }
}

/// A workbook in an open document names dates and times in ISO form; the two readers differ only in how they write them.
fn is_same(ours: &str, theirs: &str) -> bool {
    ours == theirs || ours.replace(".0", "") == theirs.trim_end_matches("T00:00:00") || theirs.starts_with("PT")
}

#[test]
fn cells_agree_with_calamine_wherever_it_reads_the_file() {
    let root = collection();
    let (mut compared, mut differences) = (0, String::new());
    for path in files(&root).into_iter().filter(|path| is_table(path)) {
        let Ok(mut workbook) = open(&path, &Limits::default()) else { continue };
        let Ok(mut oracle) = open_workbook_auto(&path) else { continue };
        for sheet in workbook.sheets().to_vec() {
            let Ok(range) = oracle.worksheet_range(&sheet.name) else { continue };
            let (a, b) = (ours(&mut workbook, sheet.index), theirs(&range));
            for key in a.keys().chain(b.keys()).collect::<std::collections::BTreeSet<_>>() {
                let (x, y) = (a.get(key).map_or("", String::as_str), b.get(key).map_or("", String::as_str));
                compared += 1;
                if !is_same(x, y) {
                    writeln!(differences, "{} {}!{}{}: {x:?} / {y:?}", path.file_name().unwrap().display(), sheet.name, column_letter(key.1), key.0).unwrap();
                }
            }
        }
    }
    assert!(compared > 10_000, "{compared}");
    insta::assert_snapshot!(differences);
}
