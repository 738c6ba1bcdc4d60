//! What a verification and a backup report.

use crate::Head;

/// 差错 — something that is not as the log says it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Key into `messages/<language>/register.toml`.
    pub code: &'static str,
    /// Entry it concerns, by position.
    pub seq: Option<u64>,
    /// What else it concerns: a blob's hash, a table, a file.
    pub subject: String,
}

/// 校验报告 — what was looked at, and every fault found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyReport {
    pub head: Head,
    pub checkpoints: u64,
    /// Blobs whose content was hashed.
    pub blobs: u64,
    /// Entries whose device signature was verified.
    pub stamps: u64,
    pub faults: Vec<Fault>,
    /// Faults beyond those listed: a wreck is not listed row by row.
    pub faults_omitted: u64,
}

/// Faults listed one by one.
const MAX_FAULTS: usize = 1000;

impl VerifyReport {
    pub(crate) fn new(head: Head) -> Self {
        Self {
            head,
            checkpoints: 0,
            blobs: 0,
            stamps: 0,
            faults: Vec::new(),
            faults_omitted: 0,
        }
    }

    /// Whether nothing was found.
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }

    pub(crate) fn add(&mut self, code: &'static str, seq: Option<u64>, subject: impl ToString) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(Fault {
                code,
                seq,
                subject: subject.to_string(),
            });
        } else {
            self.faults_omitted += 1;
        }
    }
}

/// 备份报告 — what a backup holds, after it was opened and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupReport {
    pub head: Head,
    pub blobs: u64,
    pub sites: u64,
    pub clues: u64,
    pub has_key: bool,
    /// The restore drill: the copy verified as a register of its own.
    pub drill: VerifyReport,
}
