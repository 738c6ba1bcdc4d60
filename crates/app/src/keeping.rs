//! 保管 — the log, the projections and the copies of a register.

use std::path::Path;

use domain::entry::RecordedEntry;
use domain::policy::{Action, Role};
use jiff::Timestamp;
use register::accounts::Accounts;
use register::{Address, Register};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Error;
use crate::session::Session;

/// 核验结果 — what was looked at and what was found wrong.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LogReport {
    pub size: u64,
    pub root_hash: String,
    pub blobs: u64,
    /// Checkpoints signed before, all of which the log must still contain.
    pub checkpoints: u64,
    pub faults: Vec<LogFault>,
    /// Faults beyond those listed.
    pub faults_omitted: u64,
}

impl LogReport {
    fn unreadable(seq: u64) -> Self {
        let fault = LogFault {
            code: "register.unreadable".to_owned(),
            seq: Some(seq),
            subject: String::new(),
        };
        Self {
            size: 0,
            root_hash: String::new(),
            blobs: 0,
            checkpoints: 0,
            faults: vec![fault],
            faults_omitted: 0,
        }
    }
}

/// 日志行 — an entry of the log by what it is, not by what it says.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LogItem {
    pub seq: u64,
    pub kind: String,
    pub title: String,
    pub stream: String,
    pub actor: String,
    pub role_label: String,
    pub occurred_at: Timestamp,
    pub recorded_at: Timestamp,
}

/// 日志页 — some entries, oldest first, and how many there are.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LogPage {
    pub total: u64,
    pub items: Vec<LogItem>,
}

impl LogItem {
    fn of(entry: &RecordedEntry) -> Self {
        let author = &entry.entry.author;
        let role = Role::from_code(&author.role);
        Self {
            seq: entry.seq,
            kind: entry.entry.body.kind().to_owned(),
            title: entry.entry.body.title().to_owned(),
            stream: entry.entry.stream.to_string(),
            actor: author.actor.clone(),
            role_label: role.map_or(author.role.clone(), |r| r.label().to_owned()),
            occurred_at: entry.entry.occurred_at,
            recorded_at: entry.recorded_at,
        }
    }
}

/// 核验问题 — one thing that is not as the log says; the sentence is that of its code.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LogFault {
    pub code: String,
    /// Entry it concerns, by position in the log.
    pub seq: Option<u64>,
    /// What else it concerns: a blob's hash, a table, a file.
    pub subject: String,
}

/// 备份结果 — what the copy holds; the same root hash as the register had.
#[derive(Debug, Clone, Serialize)]
pub struct BackupOutcome {
    pub size: u64,
    pub root_hash: String,
    pub blobs: u64,
    /// People whose accounts lie beside the copy.
    pub people: u64,
}

/// Verifies a register without needing its campaign: an outsider can do it with the folder (and the database, if that is elsewhere) alone.
pub fn verify_log(at: impl Into<Address>) -> Result<LogReport, Error> {
    let register = match Register::open_read_only(at) {
        Ok(register) => register,
        // An entry that cannot even be read is a fault of the log, not of the question.
        Err(register::Error::Unreadable { seq, .. }) => return Ok(LogReport::unreadable(seq)),
        Err(error) => return Err(error.into()),
    };
    report_on(&register)
}

fn report_on(register: &Register) -> Result<LogReport, Error> {
    let report = register.verify()?;
    let faults = report.faults.iter().map(|f| LogFault {
        code: f.code.to_owned(),
        seq: f.seq,
        subject: f.subject.clone(),
    });
    Ok(LogReport {
        size: report.head.size,
        root_hash: report.head.root_hex(),
        blobs: report.blobs,
        checkpoints: report.checkpoints,
        faults: faults.collect(),
        faults_omitted: report.faults_omitted,
    })
}

impl Session {
    /// The signed checkpoint as a C2SP note.
    pub fn checkpoint(&self) -> Result<String, Error> {
        self.may(Action::VerifyLog, None)?;
        Ok(self.register.checkpoint()?)
    }

    /// Entries by position, the newest where nothing else is said.
    pub fn log_entries(&self, from: Option<u64>, limit: u64) -> Result<Vec<RecordedEntry>, Error> {
        self.may(Action::ReadAccessLog, None)?;
        let head = self.register.log_size()?;
        let from = from.unwrap_or_else(|| head.saturating_sub(limit));
        let to = from.saturating_add(limit).min(head);
        let mut entries = Vec::new();
        if from < to {
            self.register.stored_entries::<Error>(from, to, |stored| {
                entries.push(serde_json::from_slice(stored.canonical).map_err(Error::internal)?);
                Ok(())
            })?;
        }
        Ok(entries)
    }

    /// Checks the whole log, its checkpoints and the files it names; long work, for those who answer for the records.
    pub fn verify_log(&self) -> Result<LogReport, Error> {
        self.may(Action::ReadAccessLog, None)?;
        report_on(&self.register)
    }

    /// One page of the log without what the entries say: that a site's page tells, to whom it may.
    pub fn log_page(&self, from: Option<u64>, limit: u64) -> Result<LogPage, Error> {
        let entries = self.log_entries(from, limit)?;
        Ok(LogPage {
            total: self.register.log_size()?,
            items: entries.iter().map(LogItem::of).collect(),
        })
    }

    /// Recreates all projections from the entries.
    pub fn rebuild(&mut self) -> Result<(), Error> {
        self.may(Action::RebuildRegister, None)?;
        Ok(self.register.rebuild()?)
    }

    /// Copies the register and its accounts while they are in use, and checks the copies.
    pub fn backup(&mut self, to: &Path, with_keys: bool) -> Result<BackupOutcome, Error> {
        self.may(Action::Backup, None)?;
        let report = self.register.backup(to, with_keys)?;
        Ok(BackupOutcome {
            size: report.head.size,
            root_hash: report.head.root_hex(),
            blobs: report.blobs,
            people: Accounts::copy(self.register.home(), to)?,
        })
    }
}
