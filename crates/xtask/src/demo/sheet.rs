//! Sheets as offices lay them out: a merged title, a heading of one or two levels, rows, totals,
//! notes below.

use encoding_rs::GBK;
use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet,
};

use super::desk::MARK;
use super::notation::Day;

/// A cell.
#[derive(Clone, Debug)]
pub(crate) enum Cell {
    /// Nothing.
    Blank,
    /// Text as typed.
    Text(String),
    /// A number.
    Number(f64),
    /// A day stored as a spreadsheet's serial number.
    Serial(f64),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        if text.is_empty() {
            Self::Blank
        } else {
            Self::Text(text.to_owned())
        }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&String> for Cell {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<f64> for Cell {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<usize> for Cell {
    fn from(number: usize) -> Self {
        Self::Number(number as f64)
    }
}

impl From<Day> for Cell {
    /// A whole day becomes a serial number, anything less text.
    fn from(day: Day) -> Self {
        day.serial()
            .map_or_else(|| Self::Text(day.chinese()), Self::Serial)
    }
}

/// A row of cells from anything that makes one.
macro_rules! row {
    ($($cell:expr),* $(,)?) => { vec![$($crate::demo::sheet::Cell::from($cell)),*] };
}
pub(crate) use row;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Title,
    Subtitle,
    Head,
    Body,
    Group,
    Total,
    Note,
    Blank,
}

/// First row, first column, last row, last column; from zero.
type Merge = [usize; 4];

/// A sheet in the making.
pub(crate) struct Sheet {
    /// Name on the tab.
    pub(crate) name: String,
    widths: Vec<f64>,
    lines: Vec<(Line, Vec<Cell>)>,
    merges: Vec<Merge>,
    is_hidden: bool,
    heads: usize,
}

impl Sheet {
    /// A sheet with columns of these widths.
    pub(crate) fn new(name: &str, widths: &[f64]) -> Self {
        Self {
            name: name.to_owned(),
            widths: widths.to_vec(),
            lines: Vec::new(),
            merges: Vec::new(),
            is_hidden: false,
            heads: 0,
        }
    }

    /// Nobody sees it on opening the file.
    pub(crate) fn hidden(mut self) -> Self {
        self.is_hidden = true;
        self
    }

    /// Number of the last row as a person sees it.
    pub(crate) fn last_row(&self) -> usize {
        self.lines.len()
    }

    fn push(&mut self, line: Line, cells: Vec<Cell>) -> usize {
        self.lines.push((line, cells));
        self.lines.len()
    }

    fn across(&mut self, line: Line, text: &str) {
        let row = self.push(line, vec![Cell::from(text)]) - 1;
        self.merges.push([row, 0, row, self.widths.len() - 1]);
    }

    /// A title over the whole width.
    pub(crate) fn title(&mut self, text: &str) {
        self.across(Line::Title, text);
    }

    /// Unit and day under the title.
    pub(crate) fn subtitle(&mut self, text: &str) {
        self.across(Line::Subtitle, text);
    }

    /// A heading of one level.
    pub(crate) fn head(&mut self, titles: &[&str]) {
        self.heads += 1;
        self.push(Line::Head, titles.iter().map(|&t| Cell::from(t)).collect());
    }

    /// A heading of two levels: a title over its parts, or a title alone over two rows.
    pub(crate) fn two_level_head(&mut self, groups: &[(&str, &[&str])]) {
        self.heads += 1;
        let top = self.lines.len();
        let (mut upper, mut lower) = (Vec::new(), Vec::new());
        for (title, parts) in groups {
            let column = upper.len();
            upper.push(Cell::from(*title));
            if parts.is_empty() {
                lower.push(Cell::Blank);
                self.merges.push([top, column, top + 1, column]);
            } else {
                upper.resize(column + parts.len(), Cell::Blank);
                lower.extend(parts.iter().map(|&part| Cell::from(part)));
                self.merges
                    .push([top, column, top, column + parts.len() - 1]);
            }
        }
        self.push(Line::Head, upper);
        self.push(Line::Head, lower);
    }

    /// A row; returns its number as a person sees it.
    pub(crate) fn body(&mut self, cells: Vec<Cell>) -> usize {
        self.push(Line::Body, cells)
    }

    /// A line over the whole width that names the group of rows below it.
    pub(crate) fn group(&mut self, text: &str) {
        self.across(Line::Group, text);
    }

    /// A total.
    pub(crate) fn total(&mut self, mut cells: Vec<Cell>) {
        cells.resize(self.widths.len(), Cell::Blank);
        self.push(Line::Total, cells);
    }

    /// A note below the table.
    pub(crate) fn note(&mut self, text: &str) {
        self.across(Line::Note, text);
    }

    /// An empty row.
    pub(crate) fn blank(&mut self) {
        self.push(Line::Blank, Vec::new());
    }

    /// Merges a column's cells over several rows; rows as a person counts them.
    pub(crate) fn merge_down(&mut self, column: usize, first_row: usize, last_row: usize) {
        if last_row > first_row {
            self.merges
                .push([first_row - 1, column, last_row - 1, column]);
        }
    }

    /// Height that shows every line of a row's text, in points.
    fn height(&self, row: usize) -> f64 {
        let (line, cells) = &self.lines[row];
        let lines = |(column, cell): (usize, &Cell)| match cell {
            Cell::Text(text) => (drawn_width(text) / (self.widths[column] - 1.0)).ceil(),
            _ => 1.0,
        };
        let tallest = cells.iter().enumerate().map(lines).fold(1.0, f64::max);
        match line {
            Line::Title => 34.0,
            Line::Head | Line::Body => (tallest * 13.0 + 6.0).clamp(24.0, 120.0),
            Line::Subtitle | Line::Group | Line::Total | Line::Note | Line::Blank => 20.0,
        }
    }

    /// What the layout itself puts in a reader's way.
    pub(crate) fn layout_dirt(&self) -> Vec<(usize, &'static str, String)> {
        let mut found = Vec::new();
        let mut heads = 0;
        for (index, (line, cells)) in self.lines.iter().enumerate() {
            let first = cells.iter().find_map(|cell| match cell {
                Cell::Text(text) => Some(text.clone()),
                _ => None,
            });
            let is_second_level = index > 0 && self.lines[index - 1].0 == Line::Head;
            heads += usize::from(*line == Line::Head && !is_second_level);
            let kind = match line {
                Line::Title | Line::Subtitle => "sheet.merged_title",
                Line::Head if is_second_level => "sheet.two_level_heading",
                Line::Head if heads > 1 => "sheet.repeated_heading",
                Line::Group => "import.group_row",
                Line::Total => "import.total_row",
                Line::Note => "sheet.note_below",
                Line::Blank => "sheet.blank_row",
                Line::Head | Line::Body => continue,
            };
            found.push((index + 1, kind, first.unwrap_or_default()));
        }
        let body = |row: usize| self.lines[row].0 == Line::Body;
        let merged = self.merges.iter().filter(|m| m[2] > m[0] && body(m[0]));
        found.extend(merged.map(|m| {
            let text = format!("{}{}:{}{}", letter(m[1]), m[0] + 1, letter(m[3]), m[2] + 1);
            (m[0] + 1, "sheet.merged_body_cells", text)
        }));
        if self.is_hidden {
            found.push((0, "sheet.hidden", self.name.clone()));
        }
        found
    }

    /// The rows as comma-separated text.
    pub(crate) fn csv(&self) -> anyhow::Result<String> {
        let mut writer = csv::WriterBuilder::new()
            .flexible(true)
            .terminator(csv::Terminator::CRLF)
            .from_writer(Vec::new());
        for (line, cells) in &self.lines {
            let mut fields: Vec<String> = cells.iter().map(plain).collect();
            if *line != Line::Title {
                fields.resize(self.widths.len(), String::new());
            }
            writer.write_record(fields)?;
        }
        Ok(String::from_utf8(writer.into_inner()?)?)
    }
}

/// Width of a text in the units of a column: Chinese letters are twice as wide.
fn drawn_width(text: &str) -> f64 {
    let width = |letter: char| if letter.is_ascii() { 1.0 } else { 2.0 };
    text.chars().map(width).sum()
}

fn plain(cell: &Cell) -> String {
    match cell {
        Cell::Blank => String::new(),
        Cell::Text(text) => text.clone(),
        Cell::Number(number) | Cell::Serial(number) => format!("{number}"),
    }
}

/// `A`, `B`, … `AA`.
pub(crate) fn letter(column: usize) -> String {
    let last = char::from(b'A' + (column % 26) as u8);
    if column < 26 {
        last.to_string()
    } else {
        format!("{}{last}", letter(column / 26 - 1))
    }
}

/// Text in the encoding most spreadsheet programs in China write CSV in.
pub(crate) fn gbk(text: &str) -> Vec<u8> {
    GBK.encode(text).0.into_owned()
}

/// A workbook of sheets, the same bytes every time.
pub(crate) fn workbook(title: &str, sheets: &[Sheet]) -> anyhow::Result<Vec<u8>> {
    let mut workbook = Workbook::new();
    let properties = DocProperties::new()
        .set_title(format!("{title}（{MARK}）"))
        .set_company("演示单位")
        .set_creation_datetime(&ExcelDateTime::from_ymd(2019, 8, 16)?);
    workbook.set_properties(&properties);
    let styles = Styles::new();
    for sheet in sheets {
        let worksheet = workbook.add_worksheet();
        worksheet.set_name(&sheet.name)?;
        fill(worksheet, sheet, &styles)?;
    }
    Ok(workbook.save_to_buffer()?)
}

struct Styles {
    title: Format,
    subtitle: Format,
    head: Format,
    body: Format,
    day: Format,
    group: Format,
    note: Format,
}

impl Styles {
    fn new() -> Self {
        let framed = Format::new()
            .set_border(FormatBorder::Thin)
            .set_font_name("宋体")
            .set_font_size(10)
            .set_align(FormatAlign::Center)
            .set_align(FormatAlign::VerticalCenter)
            .set_text_wrap();
        Self {
            title: Format::new()
                .set_font_name("方正小标宋简体")
                .set_font_size(20)
                .set_align(FormatAlign::Center)
                .set_align(FormatAlign::VerticalCenter)
                .set_text_wrap(),
            subtitle: Format::new()
                .set_font_name("楷体_GB2312")
                .set_font_size(11)
                .set_align(FormatAlign::Left),
            head: framed
                .clone()
                .set_font_name("黑体")
                .set_background_color(Color::RGB(0x00F2_F2F2)),
            day: framed.clone().set_num_format("yyyy\"年\"m\"月\"d\"日\""),
            group: framed.clone().set_bold().set_align(FormatAlign::Left),
            note: Format::new()
                .set_font_name("仿宋_GB2312")
                .set_font_size(10)
                .set_text_wrap()
                .set_align(FormatAlign::Left),
            body: framed,
        }
    }

    fn of(&self, line: Line) -> &Format {
        match line {
            Line::Title => &self.title,
            Line::Subtitle => &self.subtitle,
            Line::Head => &self.head,
            Line::Group => &self.group,
            Line::Note => &self.note,
            Line::Body | Line::Total | Line::Blank => &self.body,
        }
    }
}

fn fill(worksheet: &mut Worksheet, sheet: &Sheet, styles: &Styles) -> anyhow::Result<()> {
    for (column, width) in sheet.widths.iter().enumerate() {
        worksheet.set_column_width(column as u16, *width)?;
    }
    for &[top, left, bottom, right] in &sheet.merges {
        let format = styles.of(sheet.lines[top].0);
        worksheet.merge_range(
            top as u32,
            left as u16,
            bottom as u32,
            right as u16,
            "",
            format,
        )?;
    }
    for (row, (line, cells)) in sheet.lines.iter().enumerate() {
        for (column, cell) in cells.iter().enumerate() {
            write_cell(worksheet, [row, column], cell, *line, (sheet, styles))?;
        }
        worksheet.set_row_height(row as u32, sheet.height(row))?;
    }
    if sheet.is_hidden {
        worksheet.set_hidden(true);
    }
    worksheet
        .set_landscape()
        .set_paper_size(8)
        .set_margins(0.4, 0.4, 0.5, 0.5, 0.3, 0.3)
        .set_print_fit_to_pages(1, 0);
    Ok(())
}

fn write_cell(
    worksheet: &mut Worksheet,
    [row, column]: [usize; 2],
    cell: &Cell,
    line: Line,
    (sheet, styles): (&Sheet, &Styles),
) -> anyhow::Result<()> {
    let (at_row, at_column, format) = (row as u32, column as u16, styles.of(line));
    let is_covered = sheet.merges.iter().any(|&[top, left, bottom, right]| {
        (top..=bottom).contains(&row)
            && (left..=right).contains(&column)
            && [top, left] != [row, column]
    });
    match cell {
        _ if is_covered => {}
        Cell::Blank if line == Line::Blank => {}
        Cell::Blank => {
            worksheet.write_blank(at_row, at_column, format)?;
        }
        Cell::Text(text) => {
            worksheet.write_string_with_format(at_row, at_column, text, format)?;
        }
        Cell::Number(number) => {
            worksheet.write_number_with_format(at_row, at_column, *number, format)?;
        }
        Cell::Serial(number) => {
            worksheet.write_number_with_format(at_row, at_column, *number, &styles.day)?;
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    fn sheet() -> Sheet {
        let mut sheet = Sheet::new("表", &[8.0, 8.0, 8.0]);
        sheet.title("台账");
        sheet.two_level_head(&[("序号", &[]), ("位置", &["经度", "纬度"])]);
        let first = sheet.body(row![1_usize, 106.5, 35.5]);
        let last = sheet.body(row!["", "见上", ""]);
        sheet.merge_down(0, first, last);
        sheet.blank();
        sheet.total(row!["合计", "", 2.0]);
        sheet.note("注：演示");
        sheet
    }

    #[test]
    fn the_layout_tells_its_own_faults_with_row_numbers() {
        let found: Vec<(usize, &str)> = sheet()
            .layout_dirt()
            .iter()
            .map(|(row, kind, _)| (*row, *kind))
            .collect();
        assert_eq!(
            found,
            [
                (1, "sheet.merged_title"),
                (3, "sheet.two_level_heading"),
                (6, "sheet.blank_row"),
                (7, "import.total_row"),
                (8, "sheet.note_below"),
                (4, "sheet.merged_body_cells"),
            ]
        );
    }

    #[test]
    fn a_workbook_is_the_same_bytes_twice() {
        let bytes = || workbook("台账", &[sheet()]).unwrap();
        assert_eq!(bytes(), bytes());
    }

    #[test]
    fn columns_have_letters() {
        assert_eq!(
            ["A", "Z", "AA", "AB"],
            [0, 25, 26, 27]
                .map(letter)
                .map(|l| l)
                .each_ref()
                .map(String::as_str)
        );
    }
}
