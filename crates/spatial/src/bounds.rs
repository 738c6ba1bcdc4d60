//! 限额 — how much a foreign file may cost before it is refused.

/// 读取限额 — bounds on time and memory for one input, whatever it claims about itself.
///
/// The defaults let a province-sized upload through and keep a hostile one under about a gigabyte of memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one file, packed or not.
    pub file_bytes: u64,
    /// Bytes that may come out of an archive altogether, nested ones included.
    pub archive_bytes: u64,
    /// Entries of one archive.
    pub archive_entries: usize,
    /// How many bytes one packed byte may become; small entries are not judged by it.
    pub archive_ratio: u64,
    /// Archives within archives; 1 means none inside.
    pub archive_depth: u32,
    /// Features of the whole input.
    pub features: u64,
    /// Vertices of the whole input.
    pub vertices: u64,
    /// Attributes of one feature.
    pub attributes: usize,
    /// Elements inside one XML subtree.
    pub xml_elements: u64,
    /// XML elements or geometry collections within each other.
    pub depth: u32,
    /// Diagnostics kept; further ones are only counted.
    pub diagnostics: usize,
    /// Steps of the SQLite machine for reading one foreign container, in thousands.
    pub sql_kilosteps: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 512 << 20,
            archive_bytes: 1 << 30,
            archive_entries: 20_000,
            archive_ratio: 200,
            archive_depth: 2,
            features: 1_000_000,
            vertices: 10_000_000,
            attributes: 2_000,
            xml_elements: 1_000_000,
            depth: 64,
            diagnostics: 5_000,
            sql_kilosteps: 2_000_000,
        }
    }
}
