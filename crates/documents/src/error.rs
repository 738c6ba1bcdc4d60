//! Why a document could not be written.

/// 文书错误 — what stopped a document; the sentence for people is found by [`Error::code`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A limit of the file format.
    #[error("sheet {sheet}: {limit:?} exceeded ({found}, at most {most})")]
    Limit {
        sheet: String,
        limit: Limit,
        found: usize,
        most: usize,
    },
    /// A cell cannot hold the value.
    #[error("sheet {sheet}, row {row}, column {column}: not a finite number")]
    NotFinite {
        sheet: String,
        row: u32,
        column: usize,
    },
    /// A text longer than a cell holds.
    #[error("sheet {sheet}, row {row}, column {column}: text of {found} characters")]
    TextTooLong {
        sheet: String,
        row: u32,
        column: usize,
        found: usize,
    },
    /// A row with more or fewer cells than the sheet has columns.
    #[error("sheet {sheet}, row {row}: {found} cells for {expected} columns")]
    RowWidth {
        sheet: String,
        row: u32,
        found: usize,
        expected: usize,
    },
    /// Empty, longer than 31 characters, with one of `[]:*?/\`, or with an apostrophe at an end.
    #[error("a sheet cannot be called {name:?}")]
    SheetName { name: String },
    /// Two sheets of one workbook with the same name (case does not count).
    #[error("two sheets called {name:?}")]
    SheetNameTaken { name: String },
    /// A sheet was begun and not closed, or failed on the way.
    #[error("sheet {name:?} was not closed")]
    SheetLeftOpen { name: String },
    /// Office programs refuse a workbook without a visible sheet.
    #[error("a workbook without sheets")]
    NoSheet,
    /// The container could not be written.
    #[error("cannot write part {part}")]
    WritePart {
        part: String,
        #[source]
        source: zip::result::ZipError,
    },
    /// The comma-separated text could not be written.
    #[error("cannot write comma-separated text")]
    WriteCsv(#[source] ::csv::Error),
}

/// Which limit of the file format was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    Columns,
    Rows,
    Comments,
    /// Characters of the page footer or header.
    Footer,
}

impl Error {
    /// Stable code, under which `messages/` keeps the sentence.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Limit {
                limit: Limit::Columns,
                ..
            } => "document.too_many_columns",
            Self::Limit {
                limit: Limit::Rows, ..
            } => "document.too_many_rows",
            Self::Limit {
                limit: Limit::Comments,
                ..
            } => "document.too_many_comments",
            Self::Limit {
                limit: Limit::Footer,
                ..
            } => "document.footer_too_long",
            Self::NotFinite { .. } => "document.not_finite",
            Self::TextTooLong { .. } => "document.text_too_long",
            Self::RowWidth { .. } => "document.row_width",
            Self::SheetName { .. } => "document.sheet_name",
            Self::SheetNameTaken { .. } => "document.sheet_name_taken",
            Self::SheetLeftOpen { .. } => "document.sheet_left_open",
            Self::NoSheet => "document.no_sheet",
            Self::WritePart { .. } => "document.write_part",
            Self::WriteCsv(_) => "document.write_csv",
        }
    }

    /// Values for the holes of the sentence.
    pub fn args(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Limit {
                sheet, found, most, ..
            } => {
                vec![
                    ("sheet", sheet.clone()),
                    ("found", found.to_string()),
                    ("most", most.to_string()),
                ]
            }
            Self::NotFinite { sheet, row, column } => place(sheet, *row, *column),
            Self::TextTooLong {
                sheet,
                row,
                column,
                found,
            } => {
                let mut args = place(sheet, *row, *column);
                args.push(("found", found.to_string()));
                args
            }
            Self::RowWidth {
                sheet,
                row,
                found,
                expected,
            } => vec![
                ("sheet", sheet.clone()),
                ("row", row.to_string()),
                ("found", found.to_string()),
                ("expected", expected.to_string()),
            ],
            Self::SheetName { name }
            | Self::SheetNameTaken { name }
            | Self::SheetLeftOpen { name } => {
                vec![("name", name.clone())]
            }
            Self::WritePart { part, .. } => vec![("part", part.clone())],
            Self::NoSheet | Self::WriteCsv(_) => Vec::new(),
        }
    }
}

fn place(sheet: &str, row: u32, column: usize) -> Vec<(&'static str, String)> {
    vec![
        ("sheet", sheet.to_owned()),
        ("row", row.to_string()),
        ("column", crate::xml::column_letters(column)),
    ]
}
