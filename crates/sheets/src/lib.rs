//! 表格 — tables as people send them: XLSX, XLS, ET, ODS and CSV read row by row, headings found, columns proposed for
//! our fields, values normalised. Everything odd is said as a diagnostic with sheet, row and column.

mod delimited;
pub mod error;
pub mod limits;
mod office;
mod ods;
mod ole;
mod package;
pub mod normalise;
pub mod row;
mod scan;
pub mod serial;
pub mod workbook;
mod xlsx;
mod xml;

pub use error::Error;
pub use limits::Limits;
pub use row::{Cell, Merge, Row, RowView, Value, ValueView, column_letter};
pub use workbook::{Kind, Sheet, Table, Visibility, Workbook, open};
