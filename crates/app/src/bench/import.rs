//! Bench workload W3i: one dirty ledger of thirty columns to `clean.csv` with an `errors` column.
//!
//! The contract of the bench counts like its peers where they differ from us: 666.6667 m² to the mu, and
//! `106。26.11.3` read as 26.11 minutes and 3 seconds. The product itself uses 10000/15 m² and reads 26 minutes 11.3 seconds.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::ops::ControlFlow;
use std::path::Path;

use anyhow::{Context, anyhow};
use sheets::normalise::{self, AreaUnit, Truth};
use sheets::{Limits, RowView, ValueView};

/// Headings of the columns that are cleaned, in the order of [`Columns`].
const TITLES: [&str; 12] = [
    "点位编号",
    "自然保护区名称",
    "功能区",
    "活动/设施类型",
    "活动设施名称",
    "东经",
    "北纬",
    "面积",
    "建成时间",
    "是否违法违规",
    "整改状态",
    "核查日期",
];
const HEADER: &str =
    "id,reserve,zone,category,name,lon,lat,area_m2,built,illegal,status,checked,errors\r\n";
const ZONES: [&str; 3] = ["核心区", "缓冲区", "实验区"];
/// Rows in which the heading is looked for.
const HEAD_ROWS: usize = 10;

/// Reads `ledger.xlsx`, cleans its rows and writes `clean.csv` into the folder `out`.
pub fn import(xlsx: &Path, out: &Path) -> anyhow::Result<()> {
    let mut workbook = sheets::open(xlsx, &Limits::default())
        .with_context(|| format!("open {}", xlsx.display()))?;
    let head = workbook.head(0, HEAD_ROWS)?;
    let heading = head
        .iter()
        .find(|row| row.value(0).text() == "序号")
        .ok_or_else(|| anyhow!("no heading that begins with 序号"))?;
    let columns = columns(heading)?;
    fs::create_dir_all(out)?;
    let mut cleaned = BufWriter::with_capacity(256 << 10, File::create(out.join("clean.csv"))?);
    cleaned.write_all(HEADER.as_bytes())?;
    let (body_from, mut line, mut failure) = (heading.number + 1, Vec::new(), None);
    workbook.scan(0, &mut |row| {
        if row.number() < body_from {
            return ControlFlow::Continue(());
        }
        line.clear();
        match clean(row, &columns, &mut line).and_then(|()| cleaned.write_all(&line)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failure = Some(error);
                ControlFlow::Break(())
            }
        }
    })?;
    match failure {
        Some(error) => Err(error.into()),
        None => Ok(cleaned.flush()?),
    }
}

/// Column numbers of [`TITLES`].
type Columns = [u32; 12];

fn columns(heading: &sheets::Row) -> anyhow::Result<Columns> {
    let mut columns = [0; 12];
    for (column, title) in columns.iter_mut().zip(TITLES) {
        let at = heading
            .cells
            .iter()
            .position(|cell| cell.value.text() == title);
        *column = u32::try_from(at.ok_or_else(|| anyhow!("no column {title}"))?)?;
    }
    Ok(columns)
}

/// The codes of one row's faults, in the order they are written.
#[derive(Default)]
struct Faults([Option<&'static str>; 6]);

impl Faults {
    fn add_if(&mut self, is: bool, slot: usize, code: &'static str) {
        self.0[slot] = is.then_some(code);
    }
}

fn clean(row: &RowView<'_>, columns: &Columns, out: &mut Vec<u8>) -> std::io::Result<()> {
    let [
        id,
        reserve,
        zone,
        category,
        name,
        lon,
        lat,
        area,
        built,
        illegal,
        status,
        checked,
    ] = columns.map(|column| row.value(column));
    let mut faults = Faults::default();
    field(out, text(&id));
    field(out, text(&reserve).trim());
    let zone = normalise::compact(text(&zone));
    faults.add_if(!ZONES.contains(&zone.as_ref()), 2, "zone");
    field(out, &zone);
    match text(&category) {
        category if category.contains("(疑似)") => {
            field(out, category.replace("(疑似)", "").trim())
        }
        category => field(out, category.trim()),
    }
    field(out, text(&name));
    let (lon, lat) = position(&lon, &lat, &mut faults);
    degrees_field(out, lon)?;
    degrees_field(out, lat)?;
    area_field(out, &area, &mut faults)?;
    let built = normalise::date(&built).value;
    faults.add_if(built.is_none(), 4, "date");
    date_field(out, built)?;
    truth_field(out, &illegal, &mut faults);
    field(out, text(&status).trim());
    date_field(out, normalise::date(&checked).value)?;
    let codes = faults.0.into_iter().flatten();
    codes
        .enumerate()
        .try_for_each(|(at, code)| write!(out, "{}{code}", if at > 0 { ";" } else { "" }))?;
    out.extend_from_slice(b"\r\n");
    Ok(())
}

fn text<'a>(value: &'a ValueView<'_>) -> &'a str {
    if let ValueView::Text(text) = value {
        text
    } else {
        ""
    }
}

/// One field and the comma behind it, quoted where CSV asks for it.
fn field(out: &mut Vec<u8>, text: &str) {
    if text
        .bytes()
        .any(|byte| matches!(byte, b',' | b'"' | b'\r' | b'\n'))
    {
        out.push(b'"');
        out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(text.as_bytes());
    }
    out.push(b',');
}

fn position(
    lon: &ValueView<'_>,
    lat: &ValueView<'_>,
    faults: &mut Faults,
) -> (Option<f64>, Option<f64>) {
    let (lon, lat) = (degrees(lon), degrees(lat));
    faults.add_if(lon.is_none() || lat.is_none(), 1, "coord");
    match (lon, lat) {
        (Some(first), Some(second)) if first < 60.0 && second > 60.0 => {
            faults.add_if(true, 0, "swapped");
            (lat, lon)
        }
        _ => (lon, lat),
    }
}

fn degrees(value: &ValueView<'_>) -> Option<f64> {
    match value {
        ValueView::Text(text) if text.contains('。') => degrees_of_contract(text),
        _ => normalise::coordinate(value)
            .value
            .map(|coordinate| coordinate.degrees),
    }
}

/// `106。26.11.3` as the peers read it (see the head of this file).
fn degrees_of_contract(text: &str) -> Option<f64> {
    let (degrees, rest) = text.trim().split_once('。')?;
    let (minutes, seconds) = rest.rsplit_once('.')?;
    let (degrees, minutes, seconds): (f64, f64, f64) = (
        degrees.parse().ok()?,
        minutes.parse().ok()?,
        seconds.parse().ok()?,
    );
    (minutes < 60.0 && seconds < 60.0).then_some(degrees + minutes / 60.0 + seconds / 3600.0)
}

fn degrees_field(out: &mut Vec<u8>, degrees: Option<f64>) -> std::io::Result<()> {
    match degrees {
        Some(degrees) if degrees != 0.0 => write!(out, "{degrees:.7},"),
        _ => out.write_all(b","),
    }
}

fn area_field(
    out: &mut Vec<u8>,
    value: &ValueView<'_>,
    faults: &mut Faults,
) -> std::io::Result<()> {
    let area = normalise::area(value, None).value;
    faults.add_if(area.is_none(), 3, "area");
    let m2 = area.map_or(0.0, |area| {
        if area.unit == AreaUnit::Mu {
            area.amount * 666.6667
        } else {
            area.m2
        }
    });
    if m2 == 0.0 {
        out.write_all(b",")
    } else {
        write!(out, "{m2:.2},")
    }
}

fn date_field(out: &mut Vec<u8>, date: Option<normalise::Date>) -> std::io::Result<()> {
    match date {
        Some(date) => write!(out, "{},", date.date),
        None => out.write_all(b","),
    }
}

fn truth_field(out: &mut Vec<u8>, value: &ValueView<'_>, faults: &mut Faults) {
    let reading = normalise::truth(value);
    faults.add_if(reading.is_fault(), 5, "illegal");
    field(
        out,
        match reading.value {
            Some(Truth::Yes) => "1",
            Some(Truth::No) => "0",
            _ => "",
        },
    );
}
