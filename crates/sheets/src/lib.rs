//! 表格 — tables as people send them: XLSX, XLS, ET, ODS and CSV read row by row, headings found, columns proposed for
//! our fields, values normalised. Everything odd is said as a diagnostic with sheet, row and column.

mod delimited;
pub mod error;
pub mod fill;
pub mod heading;
pub mod limits;
pub mod mapping;
pub mod marks;
pub mod normalise;
mod ods;
mod office;
mod ole;
mod package;
pub mod row;
mod scan;
pub mod serial;
pub mod vocabulary;
pub mod workbook;
mod xlsx;
mod xml;

pub use error::Error;
pub use fill::fill_merged;
pub use heading::{Column, Heading, RowRole, find_heading};
pub use limits::Limits;
pub use mapping::{MappedColumn, Mapping, Reason, column_index, propose};
pub use marks::{Mark, MarkedRow, mark};
pub use row::{Cell, Merge, Row, RowView, Value, ValueView, column_letter};
pub use vocabulary::{Field, FieldKind, Unit, Vocabulary};
pub use workbook::{Kind, Sheet, Table, Visibility, Workbook, open};
