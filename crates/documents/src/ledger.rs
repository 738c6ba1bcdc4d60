//! 台账 — an official table: merged title, grouped headings, typed columns, totals, notes, ready to be printed.

use std::io::{Seek, Write};

use crate::cell::{looks_like_formula, yes_no};
use crate::grid::Grid;
use crate::measure::{self, Height};
use crate::sheet_xml::{Frame, ListRule, Tail};
use crate::style::{Font, Ground, Horizontal, NumberFormat, Style};
use crate::{CellValue, Error, Shade, xml};

/// 台账表 — how a ledger looks; its rows come separately.
#[derive(Debug, Clone, PartialEq)]
pub struct LedgerSheet {
    pub name: String,
    /// Stands above all columns; empty for none.
    pub title: String,
    /// Lines between title and headings; the parts of a line are spread over the width (left, middle, right).
    pub subtitle: Vec<Vec<String>>,
    pub columns: Vec<ColumnSpec>,
    /// Columns at the left that stay in sight.
    pub key_columns: usize,
    /// Word before the totals; without it there is no row of totals.
    pub total_label: Option<String>,
    /// Lines below the table.
    pub notes: Vec<String>,
}

/// 栏目 — one column of a ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnSpec {
    /// Name of the field in our data (`site_code`); not shown.
    pub key: String,
    pub header: String,
    /// Headings above the header, outermost first; equal neighbors are merged.
    pub groups: Vec<String>,
    /// In characters of the body font; a Chinese character takes two.
    pub width: f64,
    pub format: Format,
    pub wrap: bool,
    /// `None`: as the format asks.
    pub align: Option<Align>,
    /// Values the column accepts, offered as a list.
    pub validation: Option<Vec<String>>,
    /// Whether the list is only offered, and other values are taken too.
    pub is_open: bool,
    /// Whether the row of totals adds this column up.
    pub is_summed: bool,
}

/// 格式 — what a column holds and how numbers in it look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Text,
    Integer,
    /// Fixed number of decimals.
    Decimal(u8),
    /// Degrees with six decimals.
    LonLat,
    /// Two decimals, thousands separated.
    Area,
    Date,
    YesNo,
}

/// 对齐 — side of the cell the text leans on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Center,
    Right,
}

impl LedgerSheet {
    /// A ledger without columns; add them with [`LedgerSheet::column`].
    pub fn new(name: impl Into<String>, title: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            title: title.into(),
            subtitle: Vec::new(),
            columns: Vec::new(),
            key_columns: 0,
            total_label: None,
            notes: Vec::new(),
        }
    }

    /// One more column at the right.
    #[must_use]
    pub fn column(mut self, column: ColumnSpec) -> Self {
        self.columns.push(column);
        self
    }

    /// One more line below the title, its parts spread over the width.
    #[must_use]
    pub fn subtitle<P: Into<String>>(mut self, parts: impl IntoIterator<Item = P>) -> Self {
        self.subtitle
            .push(parts.into_iter().map(Into::into).collect());
        self
    }

    /// Keeps the first `columns` columns in sight.
    #[must_use]
    pub fn keys(mut self, columns: usize) -> Self {
        self.key_columns = columns;
        self
    }

    /// Adds a row of totals.
    #[must_use]
    pub fn totals(mut self, label: impl Into<String>) -> Self {
        self.total_label = Some(label.into());
        self
    }

    /// One more line below the table.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Rows the headings take.
    pub(crate) fn heading_depth(&self) -> usize {
        self.columns
            .iter()
            .map(|column| column.groups.len() + 1)
            .max()
            .unwrap_or(1)
    }

    /// Whether column `right` continues the group of its left neighbor on `level`.
    fn continues_group(&self, right: usize, level: usize) -> bool {
        let groups = |n: usize| {
            self.columns
                .get(n)
                .and_then(|column| column.groups.get(..=level))
        };
        right > 0 && groups(right).is_some() && groups(right - 1) == groups(right)
    }

    pub(crate) fn frame(&self) -> Frame {
        let rows_above =
            usize::from(!self.title.is_empty()) + self.subtitle.len() + self.heading_depth();
        Frame {
            widths: self.columns.iter().map(|column| column.width).collect(),
            frozen_rows: u32::try_from(rows_above).unwrap_or(0),
            // All columns frozen would leave nothing to scroll.
            frozen_columns: if self.key_columns < self.columns.len() {
                self.key_columns
            } else {
                0
            },
            is_selected: false,
        }
    }

    fn total_width(&self) -> f64 {
        self.columns
            .iter()
            .map(|column| column.width)
            .sum::<f64>()
            .max(1.0)
    }
}

impl ColumnSpec {
    /// A wrapped text column of middling width.
    pub fn new(key: impl Into<String>, header: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            header: header.into(),
            groups: Vec::new(),
            width: 14.0,
            format: Format::Text,
            wrap: true,
            align: None,
            validation: None,
            is_open: false,
            is_summed: false,
        }
    }

    /// Puts the column under one more heading, inside those named before.
    #[must_use]
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.groups.push(group.into());
        self
    }

    #[must_use]
    pub fn width(mut self, characters: f64) -> Self {
        self.width = characters;
        self
    }

    #[must_use]
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    #[must_use]
    pub fn align(mut self, align: Align) -> Self {
        self.align = Some(align);
        self
    }

    #[must_use]
    pub fn wrap(mut self, wrap: bool) -> Self {
        self.wrap = wrap;
        self
    }

    /// Offers `allowed` as a list and refuses everything else.
    #[must_use]
    pub fn validation<V: Into<String>>(mut self, allowed: impl IntoIterator<Item = V>) -> Self {
        self.validation = Some(allowed.into_iter().map(Into::into).collect());
        self
    }

    /// Offers `allowed` as a list and takes other values too.
    #[must_use]
    pub fn offers<V: Into<String>>(self, allowed: impl IntoIterator<Item = V>) -> Self {
        let mut column = self.validation(allowed);
        column.is_open = true;
        column
    }

    /// Adds the column up in the row of totals.
    #[must_use]
    pub fn summed(mut self) -> Self {
        self.is_summed = true;
        self
    }

    fn horizontal(&self) -> Horizontal {
        match self.align {
            Some(Align::Left) => Horizontal::Left,
            Some(Align::Center) => Horizontal::Center,
            Some(Align::Right) => Horizontal::Right,
            None => self.format.horizontal(),
        }
    }

    fn style(&self, kind: Kind, shade: Option<Shade>) -> Style {
        Style {
            font: Font::Body,
            ground: shade.map_or(Ground::None, Ground::Shade),
            border: true,
            horizontal: self.horizontal(),
            wrap: self.wrap && matches!(kind, Kind::Blank | Kind::Text | Kind::Quoted),
            number: self.format.number(kind),
            quote: kind == Kind::Quoted,
        }
    }
}

impl Format {
    fn horizontal(self) -> Horizontal {
        match self {
            Self::Text => Horizontal::Left,
            Self::Integer | Self::Decimal(_) | Self::LonLat | Self::Area => Horizontal::Right,
            Self::Date | Self::YesNo => Horizontal::Center,
        }
    }

    /// Look of a value of `kind` in a column of this format.
    fn number(self, kind: Kind) -> NumberFormat {
        match (kind, self) {
            (Kind::Date, _) | (Kind::Blank, Self::Date) => NumberFormat::Date,
            (Kind::Text | Kind::Quoted, _) | (Kind::Blank, Self::Text | Self::YesNo) => {
                NumberFormat::Text
            }
            (_, Self::Integer) => NumberFormat::Integer,
            (_, Self::Decimal(decimals)) => NumberFormat::Decimal(decimals),
            (_, Self::LonLat) => NumberFormat::Decimal(6),
            (_, Self::Area) => NumberFormat::Grouped(2),
            (Kind::Number, _) => NumberFormat::General,
        }
    }
}

/// What a value asks of the look of its cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Blank,
    Text,
    /// Text that looks like a formula.
    Quoted,
    Number,
    Date,
}

const KINDS: [Kind; 5] = [
    Kind::Blank,
    Kind::Text,
    Kind::Quoted,
    Kind::Number,
    Kind::Date,
];

/// Whole numbers beyond 15 digits lose their end in office programs: they are written as text.
const MAX_EXACT_INTEGER: u64 = 999_999_999_999_999;

const TITLE_POINTS: f64 = 44.0;
const SUBTITLE_POINTS: f64 = 24.0;
const HEADING_POINTS: f64 = 24.0;
const TOTAL_POINTS: f64 = 24.0;

/// A ledger while its rows are written.
pub(crate) struct Layout<'s> {
    sheet: &'s LedgerSheet,
    /// Numbers of the looks, by column and kind.
    styles: Vec<[usize; KINDS.len()]>,
    sums: Vec<f64>,
    merges: Vec<String>,
    /// First and last row of the headings.
    headings: (u32, u32),
}

impl<'s> Layout<'s> {
    /// Writes everything above the rows.
    pub(crate) fn begin<W: Write + Seek>(
        sheet: &'s LedgerSheet,
        grid: &mut Grid<'_, W>,
    ) -> Result<Self, Error> {
        let styles = sheet
            .columns
            .iter()
            .map(|column| KINDS.map(|kind| grid.core.styles.intern(column.style(kind, None))))
            .collect();
        let sums = vec![0.0; sheet.columns.len()];
        let mut layout = Self {
            sheet,
            styles,
            sums,
            merges: Vec::new(),
            headings: (0, 0),
        };
        if sheet.columns.is_empty() {
            return Ok(layout);
        }
        layout.title(grid)?;
        for parts in &sheet.subtitle {
            layout.subtitle(grid, parts)?;
        }
        layout.headings(grid)?;
        Ok(layout)
    }

    pub(crate) fn row<W: Write + Seek>(
        &mut self,
        grid: &mut Grid<'_, W>,
        cells: &[CellValue<'_>],
    ) -> Result<(), Error> {
        let (found, expected) = (cells.len(), self.sheet.columns.len());
        if found != expected {
            return Err(Error::RowWidth {
                sheet: grid.name().to_owned(),
                row: grid.row() + 1,
                found,
                expected,
            });
        }
        grid.begin_row(self.height(cells))?;
        let written = cells
            .iter()
            .enumerate()
            .try_for_each(|(column, cell)| self.cell(grid, column, cell));
        match written {
            Ok(()) => grid.end_row(),
            Err(_) => grid.abandon_row(),
        }
        if written.is_ok() {
            self.add_up(cells);
        }
        written
    }

    /// Writes everything below the rows.
    pub(crate) fn end<W: Write + Seek>(&mut self, grid: &mut Grid<'_, W>) -> Result<Tail, Error> {
        let last_row = grid.row();
        if !self.sheet.columns.is_empty() {
            self.totals(grid)?;
            for note in &self.sheet.notes {
                self.note(grid, note)?;
            }
        }
        Ok(self.tail(grid, last_row))
    }

    fn title<W: Write + Seek>(&mut self, grid: &mut Grid<'_, W>) -> Result<(), Error> {
        if self.sheet.title.is_empty() {
            return Ok(());
        }
        let style = Style {
            font: Font::Title,
            horizontal: Horizontal::Center,
            ..Style::PLAIN
        };
        self.line(grid, &self.sheet.title, style, TITLE_POINTS)
    }

    fn note<W: Write + Seek>(&mut self, grid: &mut Grid<'_, W>, note: &str) -> Result<(), Error> {
        let lines = measure::lines(note, self.sheet.total_width());
        let style = Style {
            font: Font::Note,
            wrap: true,
            ..Style::PLAIN
        };
        self.line(grid, note, style, measure::points_of(lines))
    }

    /// One text over all columns.
    fn line<W: Write + Seek>(
        &mut self,
        grid: &mut Grid<'_, W>,
        text: &str,
        style: Style,
        points: f64,
    ) -> Result<(), Error> {
        let style = grid.core.styles.intern(style);
        grid.begin_row(Height::Fixed(points))?;
        grid.text(0, style, text)?;
        grid.end_row();
        self.merge((0, grid.row()), (grid.columns() - 1, grid.row()));
        Ok(())
    }

    fn subtitle<W: Write + Seek>(
        &mut self,
        grid: &mut Grid<'_, W>,
        parts: &[String],
    ) -> Result<(), Error> {
        let starts = self.spread(parts.len());
        let parts = if starts.len() < parts.len() {
            &[parts.join("  ")]
        } else {
            parts
        };
        grid.begin_row(Height::Fixed(SUBTITLE_POINTS))?;
        for (n, (part, &start)) in parts.iter().zip(&starts).enumerate() {
            let horizontal = match n {
                0 => Horizontal::Left,
                n if n + 1 == parts.len() => Horizontal::Right,
                _ => Horizontal::Center,
            };
            let style = grid.core.styles.intern(Style {
                font: Font::Subtitle,
                horizontal,
                ..Style::PLAIN
            });
            grid.text(start, style, part)?;
            let end = starts.get(n + 1).copied().unwrap_or(grid.columns()) - 1;
            self.merge((start, grid.row()), (end, grid.row()));
        }
        grid.end_row();
        Ok(())
    }

    /// First columns of `parts` stretches of about equal width; a single 0 when there are too few columns.
    fn spread(&self, parts: usize) -> Vec<usize> {
        let total = self.sheet.total_width();
        let mut starts = vec![0];
        let mut left = 0.0;
        for (n, column) in self.sheet.columns.iter().enumerate() {
            if n > 0 && starts.len() < parts && left >= total * starts.len() as f64 / parts as f64 {
                starts.push(n);
            }
            left += column.width;
        }
        if starts.len() < parts {
            vec![0]
        } else {
            starts
        }
    }

    fn headings<W: Write + Seek>(&mut self, grid: &mut Grid<'_, W>) -> Result<(), Error> {
        let depth = self.sheet.heading_depth();
        let style = Style {
            font: Font::Heading,
            ground: Ground::Heading,
            border: true,
            horizontal: Horizontal::Center,
            wrap: true,
            ..Style::PLAIN
        };
        let style = grid.core.styles.intern(style);
        let first = grid.row() + 1;
        for level in 0..depth {
            let points = if level + 1 == depth {
                self.lowest_heading_points(depth)
            } else {
                HEADING_POINTS
            };
            grid.begin_row(Height::Fixed(points))?;
            for column in 0..self.sheet.columns.len() {
                match self.heading(column, level) {
                    Some(text) => grid.text(column, style, text)?,
                    None => grid.blank(column, style),
                }
            }
            grid.end_row();
        }
        self.headings = (first, grid.row());
        self.merge_headings(depth);
        Ok(())
    }

    /// Text of a heading cell, unless a merged neighbor covers it.
    fn heading(&self, column: usize, level: usize) -> Option<&'s str> {
        let spec = &self.sheet.columns[column];
        match spec.groups.get(level) {
            Some(_) if self.sheet.continues_group(column, level) => None,
            Some(group) => Some(group),
            None => (level == spec.groups.len()).then_some(&spec.header),
        }
    }

    fn merge_headings(&mut self, depth: usize) {
        let (first, last) = self.headings;
        for level in 0..depth {
            let row = first + level as u32;
            for column in 0..self.sheet.columns.len() {
                if self.heading(column, level).is_none() {
                    continue;
                }
                if level < self.sheet.columns[column].groups.len() {
                    let run = (column + 1..)
                        .take_while(|&next| self.sheet.continues_group(next, level))
                        .count();
                    self.merge((column, row), (column + run, row));
                } else {
                    self.merge((column, row), (column, last));
                }
            }
        }
    }

    /// High enough for the longest header, after what the levels above give it.
    fn lowest_heading_points(&self, depth: usize) -> f64 {
        let points = self.sheet.columns.iter().map(|column| {
            let above = (depth - 1 - column.groups.len()) as f64 * HEADING_POINTS;
            measure::points_of(measure::lines(&column.header, column.width)) + 3.0 - above
        });
        points.fold(HEADING_POINTS, f64::max)
    }

    /// High enough for the longest wrapped text of the row.
    fn height(&self, cells: &[CellValue<'_>]) -> Height {
        let lines = self
            .sheet
            .columns
            .iter()
            .zip(cells)
            .map(|(column, cell)| match cell.bare() {
                CellValue::Text(text) if column.wrap => measure::lines(text, column.width),
                _ => 1,
            });
        Height::of_lines(lines.max().unwrap_or(1))
    }

    fn cell<W: Write + Seek>(
        &self,
        grid: &mut Grid<'_, W>,
        column: usize,
        cell: &CellValue<'_>,
    ) -> Result<(), Error> {
        if let Some(comment) = cell.comment() {
            grid.comment(column, comment)?;
        }
        let shade = cell.shade();
        match cell.bare() {
            CellValue::Empty | CellValue::Marked(_) => {
                let style = self.look(grid, column, Kind::Blank, shade);
                grid.blank(column, style);
                Ok(())
            }
            CellValue::Text(text) => self.text(grid, column, text, shade),
            CellValue::YesNo(answer) => self.text(grid, column, yes_no(*answer), shade),
            CellValue::Integer(integer) if integer.unsigned_abs() > MAX_EXACT_INTEGER => {
                self.text(grid, column, &integer.to_string(), shade)
            }
            CellValue::Integer(integer) => {
                let style = self.look(grid, column, Kind::Number, shade);
                grid.integer(column, style, *integer);
                Ok(())
            }
            CellValue::Number(number) => {
                let style = self.look(grid, column, Kind::Number, shade);
                grid.number(column, style, *number)
            }
            CellValue::Date(date) => match xml::serial_day(*date) {
                Some(serial) => {
                    let style = self.look(grid, column, Kind::Date, shade);
                    grid.integer(column, style, serial);
                    Ok(())
                }
                None => self.text(grid, column, &date.to_string(), shade),
            },
        }
    }

    fn text<W: Write + Seek>(
        &self,
        grid: &mut Grid<'_, W>,
        column: usize,
        text: &str,
        shade: Option<Shade>,
    ) -> Result<(), Error> {
        let kind = if looks_like_formula(text) {
            Kind::Quoted
        } else {
            Kind::Text
        };
        let style = self.look(grid, column, kind, shade);
        if text.is_empty() {
            grid.blank(column, style);
            return Ok(());
        }
        grid.text(column, style, text)
    }

    fn look<W: Write + Seek>(
        &self,
        grid: &mut Grid<'_, W>,
        column: usize,
        kind: Kind,
        shade: Option<Shade>,
    ) -> usize {
        match shade {
            None => self.styles[column][kind as usize],
            Some(_) => grid
                .core
                .styles
                .intern(self.sheet.columns[column].style(kind, shade)),
        }
    }

    fn add_up(&mut self, cells: &[CellValue<'_>]) {
        if self.sheet.total_label.is_none() {
            return;
        }
        for ((sum, column), cell) in self.sums.iter_mut().zip(&self.sheet.columns).zip(cells) {
            match cell.bare() {
                CellValue::Number(number) if column.is_summed => *sum += number,
                CellValue::Integer(integer) if column.is_summed => *sum += *integer as f64,
                _ => {}
            }
        }
    }

    fn totals<W: Write + Seek>(&mut self, grid: &mut Grid<'_, W>) -> Result<(), Error> {
        let Some(label) = &self.sheet.total_label else {
            return Ok(());
        };
        let label_end = self
            .sheet
            .columns
            .iter()
            .position(|column| column.is_summed)
            .unwrap_or(self.sheet.columns.len())
            .max(1);
        grid.begin_row(Height::Fixed(TOTAL_POINTS))?;
        for (n, column) in self.sheet.columns.iter().enumerate() {
            let style = Style {
                font: Font::Strong,
                ground: Ground::Total,
                wrap: false,
                ..column.style(Kind::Number, None)
            };
            let style = if n < label_end {
                Style {
                    horizontal: Horizontal::Center,
                    ..style
                }
            } else {
                style
            };
            let style = grid.core.styles.intern(style);
            match n {
                0 => grid.text(n, style, label)?,
                n if column.is_summed => grid.number(n, style, whole_digits(self.sums[n]))?,
                n => grid.blank(n, style),
            }
        }
        grid.end_row();
        self.merge((0, grid.row()), (label_end - 1, grid.row()));
        Ok(())
    }

    fn merge(&mut self, from: (usize, u32), to: (usize, u32)) {
        if from != to {
            self.merges.push(format!(
                "{}:{}",
                xml::cell_name(from.0, from.1),
                xml::cell_name(to.0, to.1)
            ));
        }
    }

    fn tail<W: Write + Seek>(&mut self, grid: &mut Grid<'_, W>, last_row: u32) -> Tail {
        let (first_heading, heading_row) = self.headings;
        if heading_row == 0 {
            return Tail::default();
        }
        let last_column = self.sheet.columns.len() - 1;
        let has_rows = last_row > heading_row;
        let range = |first: u32| {
            format!(
                "{}:{}",
                xml::cell_name(0, first),
                xml::cell_name(last_column, last_row)
            )
        };
        Tail {
            filter: Some(range(heading_row)),
            merges: std::mem::take(&mut self.merges),
            validations: if has_rows {
                self.validations(grid, heading_row + 1, last_row)
            } else {
                Vec::new()
            },
            text_range: has_rows.then(|| range(heading_row + 1)),
            repeated_rows: Some((first_heading, heading_row)),
            is_hidden: false,
        }
    }

    fn validations<W: Write + Seek>(
        &self,
        grid: &mut Grid<'_, W>,
        first: u32,
        last: u32,
    ) -> Vec<ListRule> {
        let mut rules = Vec::new();
        for (n, column) in self.sheet.columns.iter().enumerate() {
            let answers = [yes_no(true).to_owned(), yes_no(false).to_owned()];
            let allowed = match (&column.validation, column.format) {
                (Some(allowed), _) => allowed.as_slice(),
                (None, Format::YesNo) => &answers,
                _ => continue,
            };
            if let Some(formula) = grid.core.list_formula(allowed) {
                rules.push(ListRule {
                    range: format!("{}:{}", xml::cell_name(n, first), xml::cell_name(n, last)),
                    formula,
                    is_open: column.is_open,
                });
            }
        }
        rules
    }
}

/// A sum of decimal numbers without the crumbs of binary ones: no cell has more than nine decimals.
fn whole_digits(sum: f64) -> f64 {
    let parts = (sum * 1e9).round();
    match parts.abs() < 9e15 {
        true => parts / 1e9,
        false => sum,
    }
}

#[cfg(test)]
mod tests {
    use super::whole_digits;

    #[test]
    fn a_sum_shows_no_binary_crumbs() {
        let sum = 0.1 + 0.2;
        assert_ne!(sum, 0.3);
        assert_eq!(whole_digits(sum), 0.3);
        assert_eq!(whole_digits(2.5e12), 2.5e12);
        assert_eq!(whole_digits(-0.1 - 0.2), -0.3);
    }
}
