//! Turns typed view data into the bytes of office documents: ledgers as XLSX and CSV, marked-up copies of imports.
//!
//! A document is a function of what is handed in: same view, same bytes. This room reads no clock, draws no random
//! numbers, opens no files (it writes to the sink it is given), and knows no sentence: every word that stands in a
//! document comes from the caller.
//!
//! ```
//! use documents::{CellValue, ColumnSpec, Format, LedgerSheet, Workbook, WorkbookProperties};
//!
//! let sheet = LedgerSheet::new("台账", "人类活动点位台账")
//!     .column(ColumnSpec::new("site_code", "点位编号").width(14.0))
//!     .column(ColumnSpec::new("lon", "经度").group("坐标").format(Format::LonLat))
//!     .column(ColumnSpec::new("lat", "纬度").group("坐标").format(Format::LonLat));
//! let rows = [[CellValue::from("QS-0001"), CellValue::from(106.512345), CellValue::from(35.501234)]];
//! let created = jiff::civil::datetime(2019, 8, 18, 0, 0, 0, 0);
//! let mut book = Workbook::new(std::io::Cursor::new(Vec::new()), WorkbookProperties::new("台账", created))?;
//! book.ledger(&sheet, &rows)?;
//! let bytes = book.finish()?.into_inner();
//! assert!(bytes.starts_with(b"PK"));
//! # Ok::<(), documents::Error>(())
//! ```

mod cell;
mod comment;
pub mod csv;
mod error;
mod grid;
mod ledger;
pub mod marked;
mod measure;
mod package;
mod sheet_xml;
mod strings;
mod style;
mod validation;
mod workbook;
mod xml;

pub use cell::{CellValue, MarkedCell, Shade};
pub use error::{Error, Limit};
pub use ledger::{Align, ColumnSpec, Format, LedgerSheet};
pub use workbook::{LedgerWriter, Workbook, WorkbookProperties};

/// Columns a sheet holds at most.
pub const MAX_COLUMNS: usize = 16_384;
/// Rows a sheet holds at most.
pub const MAX_ROWS: u32 = 1_048_576;
/// Characters (UTF-16 units, as office programs count) a cell holds at most.
pub const MAX_CELL_CHARS: usize = 32_767;
/// Comments a sheet holds at most; beyond that office programs become unusable.
pub const MAX_COMMENTS: usize = 65_000;
