use serde::{Deserialize, Serialize};

/// 台账导出 — a ledger left the register: which view, for whom, as of when, and the hash of its rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LedgerExported {
    /// `sites`, `focal_issues`, `verified_issues`.
    pub view: String,
    /// `all`, `station:<id>` or `lead:<post>`.
    pub scope: String,
    pub as_of: String,
    /// Log size and root hash the view was drawn from.
    pub log_size: u64,
    pub root_hash: String,
    pub row_count: u64,
    /// SHA-256 over the canonical JSON of the rows: the same number months later proves the same rows.
    pub rows_sha256: String,
    pub format: String,
}
