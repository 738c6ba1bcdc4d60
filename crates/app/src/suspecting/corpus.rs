//! 查疑材料 — every picture and every text that dossiers ever named, gathered from the log as it grows.
//!
//! `likeness/corpus.jsonl` in the register's folder keeps what was gathered, so that the next run reads only what the log
//! gained. It follows from the log; it may be deleted at any time and is then made anew.

use std::io::{BufRead, BufReader, Seek, Write};
use std::path::Path;

use domain::entry::{EntryBody, RecordedEntry};
use domain::ids::{EntryId, SiteId};
use domain::issue::issue_of;
use domain::suspicion::{self, PhotoRole};
use register::Register;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// 材料 — one picture or text, with where it was named.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Piece {
    pub(super) seq: u64,
    pub(super) entry: EntryId,
    pub(super) site: SiteId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) issue: Option<EntryId>,
    #[serde(flatten)]
    pub(super) what: What,
}

/// What a piece is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum What {
    Photo {
        sha256: String,
        /// None for loose evidence and for pictures of verifications.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<Role>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        is_of_verification: bool,
    },
    Text {
        member: String,
        text: String,
        is_main: bool,
    },
}

/// [`PhotoRole`] as the file writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Role {
    Before,
    After,
    Effect,
    Evidence,
    LookBack,
}

impl From<PhotoRole> for Role {
    fn from(role: PhotoRole) -> Self {
        match role {
            PhotoRole::Before => Self::Before,
            PhotoRole::After => Self::After,
            PhotoRole::Effect => Self::Effect,
            PhotoRole::Evidence => Self::Evidence,
            PhotoRole::LookBack => Self::LookBack,
        }
    }
}

impl From<Role> for PhotoRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Before => Self::Before,
            Role::After => Self::After,
            Role::Effect => Self::Effect,
            Role::Evidence => Self::Evidence,
            Role::LookBack => Self::LookBack,
        }
    }
}

impl Piece {
    /// How entries refer to a text: entry and member.
    pub(super) fn reference(&self) -> Option<String> {
        match &self.what {
            What::Text { member, .. } => Some(format!("{}#{member}", self.entry)),
            What::Photo { .. } => None,
        }
    }
}

/// Kinds of entries that name pictures or hold texts.
const KINDS: [&str; 7] = [
    "evidence.recorded",
    "verification.recorded",
    "progress.reported",
    "rectification.reported",
    "completion.evidenced",
    "acceptance.recorded",
    "look_back.recorded",
];

/// 查疑材料 — what the log holds up to a position.
#[derive(Debug, Default)]
pub(super) struct Corpus {
    /// Position before which everything was gathered.
    pub(super) to: u64,
    pub(super) pieces: Vec<Piece>,
}

/// A line of the file: a piece, or how far the log was read.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    To { to: u64 },
    Piece(Piece),
}

const FILE: &str = "corpus.jsonl";

impl Corpus {
    /// What was gathered before; nothing where there is no file. A line that broke off with the power is left out with
    /// all after the last mark.
    pub(super) fn load(folder: &Path) -> Result<Self, Error> {
        let mut corpus = Self::default();
        let Ok(file) = std::fs::File::open(folder.join(FILE)) else {
            return Ok(corpus);
        };
        let mut pending = Vec::new();
        for line in BufReader::new(file).lines() {
            let Ok(line) = line else { break };
            match serde_json::from_str(&line) {
                Ok(Line::Piece(piece)) => pending.push(piece),
                Ok(Line::To { to }) => {
                    corpus.to = to;
                    corpus.pieces.append(&mut pending);
                }
                Err(_broken) => break,
            }
        }
        Ok(corpus)
    }

    /// Takes in what the log gained, and says from which piece on it is new and which sites changed at all.
    pub(super) fn catch_up(&mut self, register: &Register) -> Result<usize, Error> {
        let from = self.pieces.len();
        let size = register.log_size()?;
        // A log that is shorter than what was read is another one: a register put back from a backup.
        if size < self.to {
            *self = Self::default();
            return self.catch_up(register);
        }
        let pieces = &mut self.pieces;
        register.stored_entries::<Error>(self.to, size, |stored| {
            if KINDS.contains(&stored.kind) {
                let read: RecordedEntry =
                    serde_json::from_slice(stored.canonical).map_err(Error::internal)?;
                pieces.extend(pieces_of(&read));
            }
            Ok(())
        })?;
        self.to = size;
        Ok(from)
    }

    /// Writes what came since `from`; `was_to` is the position the file ends at.
    pub(super) fn save(&self, folder: &Path, from: usize) -> Result<(), Error> {
        let path = folder.join(FILE);
        let written = |e: std::io::Error| Error::internal(e);
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .truncate(from == 0)
            .write(true)
            .read(true)
            .open(&path)
            .map_err(written)?;
        trim_to_last_mark(&mut file).map_err(written)?;
        let mut out = std::io::BufWriter::new(&mut file);
        for piece in &self.pieces[from..] {
            serde_json::to_writer(&mut out, piece).map_err(Error::internal)?;
            out.write_all(b"\n").map_err(written)?;
        }
        serde_json::to_writer(&mut out, &Line::To { to: self.to }).map_err(Error::internal)?;
        out.write_all(b"\n").map_err(written)?;
        out.flush().map_err(written)?;
        drop(out);
        file.sync_data().map_err(written)
    }
}

/// Cuts off what was written after the last mark, and stands at the end.
fn trim_to_last_mark(file: &mut std::fs::File) -> std::io::Result<()> {
    let mut reader = BufReader::new(&mut *file);
    let (mut at, mut end) = (0, 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line)?;
        if read == 0 {
            break;
        }
        at += read as u64;
        if line.ends_with(b"\n") && line.starts_with(b"{\"to\":") {
            end = at;
        }
    }
    file.set_len(end)?;
    file.seek(std::io::SeekFrom::Start(end))?;
    Ok(())
}

fn pieces_of(entry: &RecordedEntry) -> Vec<Piece> {
    let Some(site) = entry.entry.stream.as_site() else {
        return Vec::new();
    };
    let body = &entry.entry.body;
    let issue = issue_of(body);
    let piece = |what| Piece {
        seq: entry.seq,
        entry: entry.entry.id,
        site,
        issue,
        what,
    };
    let loose = |sha256: &String, is_of_verification| {
        piece(What::Photo {
            sha256: sha256.clone(),
            role: None,
            is_of_verification,
        })
    };
    match body {
        EntryBody::EvidenceRecorded(b) => {
            let is_picture = b.media_type.starts_with("image/");
            is_picture
                .then(|| loose(&b.sha256, false))
                .into_iter()
                .collect()
        }
        EntryBody::VerificationRecorded(b) => {
            b.evidence.iter().map(|sha| loose(sha, true)).collect()
        }
        body => {
            let photos = suspicion::photos_of(body).into_iter().map(|used| {
                piece(What::Photo {
                    sha256: used.sha256,
                    role: Some(used.role.into()),
                    is_of_verification: false,
                })
            });
            let texts = suspicion::texts_of(body).into_iter().map(|used| {
                piece(What::Text {
                    member: used.member,
                    text: used.text,
                    is_main: used.is_main,
                })
            });
            photos.chain(texts).collect()
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    fn piece(seq: u64) -> Piece {
        Piece {
            seq,
            entry: EntryId::default(),
            site: SiteId::default(),
            issue: None,
            what: What::Text {
                member: "opinion".into(),
                text: format!("第{seq}段"),
                is_main: true,
            },
        }
    }

    #[test]
    fn what_was_gathered_is_read_back_and_a_torn_end_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let mut corpus = Corpus {
            to: 5,
            pieces: vec![piece(1), piece(4)],
        };
        corpus.save(folder.path(), 0).unwrap();
        corpus.pieces.push(piece(7));
        corpus.to = 9;
        corpus.save(folder.path(), 2).unwrap();
        let read = Corpus::load(folder.path()).unwrap();
        assert_eq!((read.to, read.pieces.len()), (9, 3));
        assert_eq!(read.pieces, corpus.pieces);
        let path = folder.path().join(FILE);
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push_str(&serde_json::to_string(&piece(10)).unwrap());
        text.push_str("\n{\"seq\":11,\"ent");
        std::fs::write(&path, text).unwrap();
        let torn = Corpus::load(folder.path()).unwrap();
        assert_eq!((torn.to, torn.pieces.len()), (9, 3));
        let mut again = torn;
        again.pieces.push(piece(10));
        again.to = 12;
        again.save(folder.path(), 3).unwrap();
        let whole = Corpus::load(folder.path()).unwrap();
        assert_eq!((whole.to, whole.pieces), (12, again.pieces));
    }
}
