//! 照片指纹库 — the fingerprint of every picture, made once.
//!
//! `likeness/photos.bin` in the register's folder: a head, then one record a file: SHA-256, what became of it, length,
//! fingerprint. Only added to; it follows from the files and may be deleted at any time.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use likeness::{Fingerprint, Limits};
use register::Register;

use super::Progress;
use super::Stage;
use crate::error::Error;

const FILE: &str = "photos.bin";
/// Names the kind of file and its version; another one is made anew.
const HEAD: &[u8; 8] = b"QSPHOTO1";
/// A fingerprint is about 4.3 kB; more is no fingerprint.
const LONGEST: u32 = 1 << 16;
/// Pictures decoded at once.
const THREADS: usize = 2;
/// Files opened at once while fingerprints are made.
const BATCH: usize = 16;

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// A paper, a film, a table.
    NoPicture = 0,
    Print = 1,
    /// Damaged, too large.
    Unreadable = 2,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    fate: Fate,
    at: u64,
    length: u32,
}

/// 照片指纹库 — where each file's fingerprint lies.
#[derive(Debug, Default)]
pub(super) struct Prints {
    path: std::path::PathBuf,
    known: HashMap<[u8; 32], Place>,
    end: u64,
}

/// A hash as bytes; none for what is no hash.
pub(super) fn key(sha256: &str) -> Option<[u8; 32]> {
    let bytes = sha256.as_bytes();
    if bytes.len() != 64 {
        return None;
    }
    let digit = |b: u8| char::from(b).to_digit(16);
    let mut out = [0; 32];
    for (to, pair) in out.iter_mut().zip(bytes.chunks_exact(2)) {
        // Two digits of four bits each are a byte.
        *to = (digit(pair[0])? * 16 + digit(pair[1])?) as u8;
    }
    Some(out)
}

impl Prints {
    /// Reads where fingerprints lie; none where there is no file. A record that broke off is made anew.
    pub(super) fn load(folder: &Path) -> Result<Self, Error> {
        let mut prints = Self {
            path: folder.join(FILE),
            ..Self::default()
        };
        let Ok(file) = File::open(&prints.path) else {
            return Ok(prints);
        };
        let size = file.metadata().map_err(Error::internal)?.len();
        let mut reader = BufReader::new(file);
        let mut head = [0; 8];
        if reader.read_exact(&mut head).is_err() || head != *HEAD {
            return Ok(prints);
        }
        prints.end = HEAD.len() as u64;
        let mut record = [0; 37];
        while reader.read_exact(&mut record).is_ok() {
            let (sha, fate, length) = parts(&record);
            let at = prints.end + record.len() as u64;
            let end = at + u64::from(length);
            let Some(fate) = fate.filter(|_| length <= LONGEST && end <= size) else {
                break;
            };
            if reader.seek_relative(i64::from(length)).is_err() {
                break;
            }
            prints.known.insert(sha, Place { fate, at, length });
            prints.end = end;
        }
        Ok(prints)
    }

    pub(super) fn has(&self, sha256: &str) -> bool {
        key(sha256).is_some_and(|k| self.known.contains_key(&k))
    }

    /// How many pictures have one.
    pub(super) fn count(&self) -> usize {
        self.known
            .values()
            .filter(|p| p.fate == Fate::Print)
            .count()
    }

    /// The fingerprint of a file, where it is a picture and was looked at.
    pub(super) fn find(&self, sha256: &str) -> Option<Fingerprint> {
        let place = self.known.get(&key(sha256)?)?;
        if place.fate != Fate::Print {
            return None;
        }
        let mut file = File::open(&self.path).ok()?;
        file.seek(SeekFrom::Start(place.at)).ok()?;
        let mut bytes = vec![0; place.length as usize];
        file.read_exact(&mut bytes).ok()?;
        Fingerprint::from_bytes(&bytes).ok()
    }

    /// Calls `each` with every fingerprint, in the order they were made, many at a time.
    pub(super) fn stream(
        &self,
        mut each: impl FnMut(Vec<([u8; 32], Fingerprint)>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Ok(file) = File::open(&self.path) else {
            return Ok(());
        };
        let mut reader = BufReader::with_capacity(1 << 20, file);
        let mut head = [0; 8];
        if reader.read_exact(&mut head).is_err() {
            return Ok(());
        }
        let mut at = HEAD.len() as u64;
        let mut batch = Vec::new();
        let mut record = [0; 37];
        while at < self.end && reader.read_exact(&mut record).is_ok() {
            let (sha, fate, length) = parts(&record);
            let mut bytes = vec![0; length as usize];
            reader.read_exact(&mut bytes).map_err(Error::internal)?;
            at += record.len() as u64 + u64::from(length);
            let print = Fingerprint::from_bytes(&bytes).ok();
            batch.extend(
                print
                    .filter(|_| fate == Some(Fate::Print))
                    .map(|p| (sha, p)),
            );
            if batch.len() >= 2_048 {
                each(std::mem::take(&mut batch))?;
            }
        }
        each(batch)
    }

    /// Makes the fingerprints that are missing; says how many files were looked at and how many could not be read.
    pub(super) fn add(
        &mut self,
        register: &Register,
        wanted: &[String],
        progress: &dyn Progress,
    ) -> Result<(usize, usize), Error> {
        let missing = wanted.iter().filter(|sha| !self.has(sha));
        let missing: Vec<&String> = missing.filter(|sha| key(sha).is_some()).collect();
        if missing.is_empty() {
            return Ok((0, 0));
        }
        let mut file = self.open()?;
        let mut unreadable = 0;
        for (nth, batch) in missing.chunks(BATCH).enumerate() {
            progress.tell(Stage::Photos, nth * BATCH, missing.len());
            for (sha, looked) in batch.iter().zip(look(register, batch)) {
                unreadable += usize::from(!matches!(looked, Some(Ok(_))));
                if let Some(looked) = looked {
                    self.put(&mut file, sha, looked)?;
                }
            }
        }
        file.sync_data().map_err(Error::internal)?;
        progress.tell(Stage::Photos, missing.len(), missing.len());
        Ok((missing.len(), unreadable))
    }

    fn open(&mut self) -> Result<File, Error> {
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&self.path)
            .map_err(Error::internal)?;
        file.set_len(self.end).map_err(Error::internal)?;
        file.seek(SeekFrom::Start(self.end))
            .map_err(Error::internal)?;
        if self.end == 0 {
            file.write_all(HEAD).map_err(Error::internal)?;
            self.end = HEAD.len() as u64;
        }
        Ok(file)
    }

    fn put(&mut self, file: &mut File, sha256: &str, looked: Looked) -> Result<(), Error> {
        let Some(sha) = key(sha256) else {
            return Ok(());
        };
        let (fate, bytes) = match &looked {
            Ok(Some(print)) => (Fate::Print, print.to_bytes()),
            Ok(None) => (Fate::NoPicture, Vec::new()),
            Err(()) => (Fate::Unreadable, Vec::new()),
        };
        // Longer ones are refused when read; a fingerprint never is.
        let length = bytes.len() as u32;
        let mut record = Vec::with_capacity(37 + bytes.len());
        record.extend(sha);
        record.push(fate as u8);
        record.extend(length.to_le_bytes());
        record.extend(&bytes);
        file.write_all(&record).map_err(Error::internal)?;
        let at = self.end + 37;
        self.known.insert(sha, Place { fate, at, length });
        self.end += record.len() as u64;
        Ok(())
    }
}

fn parts(record: &[u8; 37]) -> ([u8; 32], Option<Fate>, u32) {
    let mut sha = [0; 32];
    sha.copy_from_slice(&record[..32]);
    let fate = match record[32] {
        0 => Some(Fate::NoPicture),
        1 => Some(Fate::Print),
        2 => Some(Fate::Unreadable),
        _ => None,
    };
    let length = [record[33], record[34], record[35], record[36]];
    (sha, fate, u32::from_le_bytes(length))
}

/// A fingerprint; none for what is no picture; an error for what cannot be read.
pub(super) type Looked = Result<Option<Fingerprint>, ()>;

/// Looks at some files, by as many threads as there are processors for it; in their order. None for what could not be
/// opened or read now: it is looked at again.
pub(super) fn look(register: &Register, wanted: &[&String]) -> Vec<Option<Looked>> {
    let limits = Limits::default();
    let files = wanted.iter().map(|sha| register.open_blob(sha).ok());
    let mut files: Vec<Option<File>> = files.collect();
    let share = files.len().div_ceil(THREADS).max(1);
    std::thread::scope(|scope| {
        let print = |file: &mut Option<File>| print_of(file.take()?, &limits);
        let workers: Vec<_> = files
            .chunks_mut(share)
            .map(|own| scope.spawn(move || own.iter_mut().map(print).collect()))
            .collect();
        let join = |worker: std::thread::ScopedJoinHandle<'_, Vec<Option<Looked>>>| {
            // A worker that broke off is heard, not left out.
            worker
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        workers.into_iter().flat_map(join).collect()
    })
}

/// One file at a time a thread: a film named as evidence must not lie in memory beside fifteen others.
fn print_of(file: File, limits: &Limits) -> Option<Looked> {
    let mut bytes = Vec::new();
    file.take(limits.size_bytes + 1)
        .read_to_end(&mut bytes)
        .ok()?;
    Some(match Fingerprint::of_file(&bytes, limits) {
        Ok(print) => Ok(Some(print)),
        Err(likeness::Error::UnknownKind) => Ok(None),
        Err(_unreadable) => Err(()),
    })
}
