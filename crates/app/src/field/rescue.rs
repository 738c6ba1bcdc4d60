//! 救援文件 — what a phone sealed for the register alone, brought by cable, by a colleague's phone, or before it was emptied.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::entries::RescueFileImported;
use domain::entry::EntryBody;
use domain::ids::{DeviceId, StreamId};
use domain::policy::Action;
use domain::stamp;
use jiff::Timestamp;
use register::accounts::{Accounts, Device};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use spatial::diagnostic::Diagnostic;
use tempfile::TempDir;
use utoipa::ToSchema;

use super::items::{Submission, SubmittedItem, take};
use super::sealed::Opener;
use super::uploads::{LARGEST_FIELD_BLOB, full, rescue_secret};
use super::{ItemStatus, MOST_ITEMS, open, rejected, told};
use crate::amendments::{ReceiptView, nothing_appended};
use crate::error::Error;
use crate::people::Visitor;
use crate::session::Session;

const MAGIC: &[u8] = b"QSRESCUE1\n";
const LONGEST_HEADER: u64 = 4096;
/// A frame holds an item, or a mebibyte of a file.
const LARGEST_FRAME: u32 = 8 << 20;
/// A whole file.
pub const LARGEST_RESCUE: u64 = 4 << 30;
/// Bytes of the items that are taken in at once.
const LARGEST_TAKING: usize = 1 << 20;

/// First line of a file, in the clear.
#[derive(Debug, Deserialize)]
struct Header {
    register: String,
    rescue_key_sha256: String,
    device_id: DeviceId,
    /// As it was written: it stands under the signature.
    sealed_at: String,
    enc: String,
    /// Of the phone's key, over device, time and `enc`: nobody seals a file in another's name.
    #[serde(default)]
    signature: String,
}

/// A frame that is no piece of a file.
#[derive(Deserialize)]
#[serde(untagged)]
enum Frame {
    Item { item: SubmittedItem },
    Blob { blob: String, size: u64 },
    End { end: u64, sha256: String },
}

/// 救援文件报告 — what a file brought, and where its items stand now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RescueReport {
    pub device_id: String,
    /// Whose phone it is.
    pub person: String,
    pub sealed_at: Timestamp,
    pub items: Vec<ItemStatus>,
    pub items_new: u64,
    pub items_known: u64,
    pub items_refused: u64,
    pub blobs_new: u64,
    pub blobs_known: u64,
    /// SHA-256 of files that its items name and nobody has.
    pub missing_blobs: Vec<String>,
    /// Files that are no evidence, or not what their names say: kept, and named by no entry.
    pub files_refused: Vec<FileRefused>,
    /// Of the entry that tells of the import; nothing where nothing was new.
    pub receipt: Option<ReceiptView>,
}

/// 不收文件 — a file that was kept aside, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FileRefused {
    /// Of the bytes as they came.
    pub sha256: String,
    pub size_bytes: u64,
    /// `field.file_kind`, `field.blob_damaged`.
    pub code: String,
}

/// 拆封件 — an opened file on its way into the register.
pub struct Rescue {
    device: Device,
    sealed_at: Timestamp,
    sha256: String,
    size_bytes: u64,
    /// Items that are not taken in yet; few, whatever the file holds.
    batch: Vec<SubmittedItem>,
    files: Vec<LaidOut>,
    files_refused: Vec<FileRefused>,
    /// First frame that is not as it was sealed, or is not there.
    broken_at: Option<u64>,
    ids: Vec<String>,
    missing: Vec<String>,
    counts: Counts,
    /// Its files lie here until they are kept.
    folder: TempDir,
}

/// A file of a rescue file on disk.
#[derive(Debug)]
struct LaidOut {
    path: PathBuf,
    /// Whether its bytes are what its name says.
    is_whole: bool,
    sha256: String,
}

#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    new: u64,
    known: u64,
    refused: u64,
    blobs_new: u64,
    blobs_known: u64,
}

/// Whether somebody may hand a file over: a phone of any state may; at the desk, who decides on items.
pub fn may_rescue(session: &Session, accounts: &Accounts, visitor: &Visitor) -> Result<(), Error> {
    match visitor.token {
        Some(_) => super::device_of(accounts, visitor).map(drop),
        None => session.may_take_rescue_files(),
    }
}

impl Session {
    /// Whether the actor takes in files that are brought to the desk.
    pub fn may_take_rescue_files(&self) -> Result<(), Error> {
        self.may_somewhere(Action::DecideItem)
    }
}

/// Opens a file of this register, takes its items in as if the phone had sent them, and lays out its files; whatever comes
/// before the first damage counts.
pub fn unseal(session: &Session, accounts: &Mutex<Accounts>, path: &Path) -> Result<Rescue, Error> {
    let mut reader = BufReader::new(File::open(path).map_err(Error::internal)?);
    let (line, header) = read_header(&mut reader).ok_or_else(not_ours)?;
    let own = rescue_secret(session.register.home())?;
    let point = super::uploads::point_of(&own);
    let is_ours = header.register == session.register.opened().node
        && header.rescue_key_sha256 == crate::sha256_hex(&point);
    let enc = BASE64_URL_SAFE_NO_PAD.decode(&header.enc).ok();
    let opener = enc.filter(|_| is_ours).and_then(|e| Opener::new(&own, &e));
    let opener = opener.ok_or_else(not_ours)?;
    let found = open(accounts).find_device(&header.device_id.to_string())?;
    let device = found.ok_or_else(|| rejected("field.device_unknown"))?;
    let text = stamp::rescue_text(&device.device_id, &header.sealed_at, &header.enc);
    let sealed_at = header.sealed_at.parse().ok();
    let is_own = stamp::is_signed(&device.public_key, &text, &header.signature);
    let sealed_at = sealed_at
        .filter(|_| is_own)
        .ok_or_else(|| rejected("field.rescue_unsigned"))?;
    let folder = super::uploads::spool_of(session.register.home())?;
    let folder = tempfile::Builder::new()
        .prefix("rescue-")
        .tempdir_in(&folder)
        .map_err(full)?;
    let mut rescue = Rescue {
        device,
        sealed_at,
        sha256: crate::proof::hash_file(path)?,
        size_bytes: path.metadata().map_err(Error::internal)?.len(),
        batch: Vec::new(),
        files: Vec::new(),
        files_refused: Vec::new(),
        broken_at: None,
        ids: Vec::new(),
        missing: Vec::new(),
        counts: Counts::default(),
        folder,
    };
    let mut frames = Frames {
        reader,
        opener,
        line,
        count: 0,
        seen: Sha256::new(),
    };
    if !rescue.lay_out(&mut frames, session, accounts)? {
        rescue.broken_at = Some(frames.count);
    }
    rescue.flush(session, accounts)?;
    Ok(rescue)
}

fn not_ours() -> Error {
    rejected("field.rescue_other_register")
}

/// The header with its bytes, which stand beside every frame under the seal.
fn read_header(reader: &mut impl BufRead) -> Option<(Vec<u8>, Header)> {
    let mut magic = [0; MAGIC.len()];
    reader.read_exact(&mut magic).ok()?;
    let mut line = Vec::new();
    reader
        .take(LONGEST_HEADER)
        .read_until(b'\n', &mut line)
        .ok()?;
    (magic == MAGIC && line.pop() == Some(b'\n')).then_some(())?;
    let header = serde_json::from_slice(&line).ok()?;
    Some((line, header))
}

/// Frames of a file, in their turn.
struct Frames<R> {
    reader: R,
    opener: Opener,
    line: Vec<u8>,
    count: u64,
    /// Over the hashes of all frames so far.
    seen: Sha256,
}

impl<R: Read> Frames<R> {
    /// The next frame; nothing where it is cut off or was changed.
    fn next(&mut self) -> Option<Vec<u8>> {
        let mut length = [0; 4];
        self.reader.read_exact(&mut length).ok()?;
        let length = u32::from_be_bytes(length);
        (length <= LARGEST_FRAME).then_some(())?;
        let mut sealed = Vec::new();
        let read = (&mut self.reader)
            .take(length.into())
            .read_to_end(&mut sealed);
        (read.ok()? == length as usize).then_some(())?;
        let plain = self.opener.open(&self.line, sealed)?;
        self.seen.update(crate::sha256_hex(&plain).as_bytes());
        self.count += 1;
        Some(plain)
    }
}

impl Rescue {
    /// Goes through the frames; whether all of them were there as they were sealed.
    fn lay_out<R: Read>(
        &mut self,
        frames: &mut Frames<R>,
        session: &Session,
        accounts: &Mutex<Accounts>,
    ) -> Result<bool, Error> {
        loop {
            let seen = crate::hex(&frames.seen.clone().finalize());
            let Some(plain) = frames.next() else {
                return Ok(false);
            };
            match serde_json::from_slice(&plain) {
                Ok(Frame::Item { item }) => self.take_item(item, session, accounts)?,
                Ok(Frame::Blob { blob, size }) if size <= LARGEST_FIELD_BLOB => {
                    if !self.lay_out_file(frames, blob, size)? {
                        return Ok(false);
                    }
                }
                Ok(Frame::End { end, sha256 }) => {
                    return Ok(end + 1 == frames.count && sha256 == seen);
                }
                _ => return Ok(false),
            }
        }
    }

    fn lay_out_file<R: Read>(
        &mut self,
        frames: &mut Frames<R>,
        name: String,
        size: u64,
    ) -> Result<bool, Error> {
        let path = self.folder.path().join(self.files.len().to_string());
        let mut file = File::create(&path).map_err(full)?;
        let (mut left, mut hash) = (size, Sha256::new());
        while left > 0 {
            let Some(piece) = frames.next() else {
                return Ok(false);
            };
            let Some(rest) = left
                .checked_sub(piece.len() as u64)
                .filter(|_| !piece.is_empty())
            else {
                return Ok(false);
            };
            hash.update(&piece);
            file.write_all(&piece).map_err(full)?;
            left = rest;
        }
        let sha256 = crate::hex(&hash.finalize());
        self.files.push(LaidOut {
            path,
            is_whole: sha256 == name,
            sha256,
        });
        Ok(true)
    }

    /// The phone that sealed it.
    pub fn device_id(&self) -> &str {
        &self.device.device_id
    }

    /// Keeps the next of its files as its holder's; whether there was one. What is no evidence, or was damaged on the phone
    /// already, is kept as well: it may be all there is.
    pub fn keep_file(
        &mut self,
        session: &mut Session,
        accounts: &Mutex<Accounts>,
    ) -> Result<bool, Error> {
        let Some(file) = self.files.pop() else {
            return Ok(false);
        };
        let is_known = session.register.keeps_blob(&file.sha256)?;
        let kept = match file.is_whole {
            true => session.keep_upload(&file.path, &self.device.person_id, accounts),
            false => Err(rejected("field.blob_damaged")),
        };
        match kept {
            Ok(_) if is_known => self.counts.blobs_known += 1,
            Ok(_) => self.counts.blobs_new += 1,
            Err(Error::Rejected(d)) => {
                let mut aside = File::open(&file.path).map_err(Error::internal)?;
                let blob = session.register.put_blob(&mut aside, LARGEST_FIELD_BLOB)?;
                self.files_refused.push(FileRefused {
                    sha256: blob.sha256,
                    size_bytes: blob.size_bytes,
                    code: d.code.to_string(),
                });
            }
            Err(other) => return Err(other),
        }
        // What is among the blobs needs no room here.
        let _ = std::fs::remove_file(&file.path);
        Ok(true)
    }

    fn take_item(
        &mut self,
        item: SubmittedItem,
        session: &Session,
        accounts: &Mutex<Accounts>,
    ) -> Result<(), Error> {
        let size: usize = self.batch.iter().map(|i| i.bytes.len()).sum();
        if self.batch.len() == MOST_ITEMS || size + item.bytes.len() > LARGEST_TAKING {
            self.flush(session, accounts)?;
        }
        self.batch.push(item);
        Ok(())
    }

    /// Takes the items in that came so far; they are durable when this returns.
    fn flush(&mut self, session: &Session, accounts: &Mutex<Accounts>) -> Result<(), Error> {
        let items = std::mem::take(&mut self.batch);
        let mut accounts = open(accounts);
        self.take_batch(session, &mut accounts, items)
    }

    fn take_batch(
        &mut self,
        session: &Session,
        accounts: &mut Accounts,
        items: Vec<SubmittedItem>,
    ) -> Result<(), Error> {
        let known = accounts.known_items(&items.iter().filter_map(id_of).collect::<Vec<_>>())?;
        let (register, messages) = (&session.register, &session.messages);
        let submission = Submission { items };
        match take(
            accounts,
            register,
            messages,
            &self.device,
            &submission,
            session.now,
        ) {
            Ok(taken) => {
                let ids = taken.ids();
                let is_known = |id: &&String| known.contains(*id);
                self.counts.known += ids.iter().filter(is_known).count() as u64;
                self.counts.new += ids.iter().filter(|id| !is_known(id)).count() as u64;
                self.ids.extend(ids);
                Ok(())
            }
            // One that cannot be read holds up no other.
            Err(Error::Rejected(_)) if submission.items.len() > 1 => submission
                .items
                .into_iter()
                .try_for_each(|one| self.take_batch(session, accounts, vec![one])),
            Err(Error::Rejected(_)) => {
                self.counts.refused += 1;
                Ok(())
            }
            Err(other) => Err(other),
        }
    }

    /// Ids of its items, for whoever tries them now.
    pub fn ids(&self) -> Vec<String> {
        self.ids.clone()
    }

    /// Tells of the import in the log where it brought something, and says what became of all of it.
    pub fn finish(
        mut self,
        session: &mut Session,
        accounts: &Mutex<Accounts>,
    ) -> Result<RescueReport, Error> {
        let (statuses, person) = {
            let accounts = open(accounts);
            let mut statuses = Vec::with_capacity(self.ids.len());
            for id in &self.ids {
                if let Some(item) = accounts.find_item(id)? {
                    statuses.push(told(session, &item)?);
                }
            }
            (statuses, accounts.find_person(&self.device.person_id)?)
        };
        let refused = statuses.iter().filter(|s| s.state == "refused").count() as u64;
        for status in &statuses {
            let missing = status.waits.iter().flat_map(|w| &w.missing);
            self.missing.extend(missing.cloned());
        }
        self.missing.sort();
        self.missing.dedup();
        let receipt = match self.counts.new + self.counts.blobs_new {
            0 => None,
            _ => Some(self.told_in_the_log(session)?),
        };
        let report = RescueReport {
            person: person.map_or_else(|| self.device.person_id.clone(), |p| p.name),
            device_id: self.device.device_id,
            sealed_at: self.sealed_at,
            items: statuses,
            items_new: self.counts.new,
            items_known: self.counts.known,
            items_refused: self.counts.refused + refused,
            blobs_new: self.counts.blobs_new,
            blobs_known: self.counts.blobs_known,
            missing_blobs: self.missing,
            files_refused: self.files_refused,
            receipt,
        };
        match self.broken_at {
            None => Ok(report),
            Some(frame) => Err(broken(frame, &report)),
        }
    }

    fn told_in_the_log(&self, session: &mut Session) -> Result<ReceiptView, Error> {
        let device_id: DeviceId = self
            .device
            .device_id
            .parse()
            .map_err(|e: uuid::Error| Error::internal(e))?;
        let stream = StreamId::device(device_id);
        // The same file again is told of once.
        for before in session.register.load_stream(&stream)? {
            let is_same = matches!(&before.entry.body, EntryBody::RescueFileImported(b) if b.sha256 == self.sha256);
            let receipt = session.register.find_receipt(before.entry.id)?;
            if let Some(receipt) = receipt.filter(|_| is_same) {
                return Ok(ReceiptView::of(&receipt));
            }
        }
        let body = RescueFileImported {
            device_id,
            sha256: self.sha256.clone(),
            size_bytes: self.size_bytes,
            items: self.counts.new + self.counts.known + self.counts.refused,
            items_new: self.counts.new,
            items_known: self.counts.known,
            items_refused: self.counts.refused,
            blobs_new: self.counts.blobs_new,
        };
        let entry = session.dated_entry(stream, body)?;
        let receipts = session.register.append(&[entry], session.now)?;
        let first = receipts.first().map(ReceiptView::of);
        first.ok_or_else(nothing_appended)
    }
}

fn id_of(item: &SubmittedItem) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        id: domain::ids::EntryId,
    }
    let named: Named = serde_json::from_str(&item.bytes).ok()?;
    Some(named.id.to_string())
}

/// What was whole was taken; the rest has to be brought again.
fn broken(frame: u64, report: &RescueReport) -> Error {
    let fault = Diagnostic::error("field.rescue_broken")
        .arg("frame", frame + 1)
        .arg("items_new", report.items_new)
        .arg("items_known", report.items_known)
        .arg("blobs_new", report.blobs_new);
    Error::rejected(fault)
}
