//! Bounds on what one file may cost; broken bounds refuse the file before memory is taken.

/// Bounds on what one file may cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file itself.
    pub file_bytes: u64,
    /// Bytes of all parts that are read, after inflating, for formats that stream.
    pub expanded_bytes: u64,
    /// Bytes after inflating, for formats whose library holds the whole workbook.
    pub resident_bytes: u64,
    /// Bytes of the shared strings of a workbook.
    pub shared_string_bytes: u64,
    /// Bytes of one row in the file.
    pub row_bytes: u64,
    /// Rows of one sheet.
    pub rows: u64,
    /// Cells a caller may gather from one sheet, counted as the rectangle they span per row.
    pub cells: u64,
    pub sheets: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 512 << 20,
            expanded_bytes: 4 << 30,
            resident_bytes: 256 << 20,
            shared_string_bytes: 256 << 20,
            row_bytes: 16 << 20,
            rows: 1_048_576,
            cells: 4_000_000,
            sheets: 256,
        }
    }
}
