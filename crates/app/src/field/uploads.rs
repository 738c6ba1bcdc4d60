//! 分块上传 — files come in pieces of at most a mebibyte; what was acknowledged is on disk, and every file is whole or
//! absent.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use p256::SecretKey;
use p256::elliptic_curve::sec1::ToSec1Point;
use register::accounts::{Accounts, FieldFile};
use sha2::{Digest, Sha256};
use spatial::diagnostic::Diagnostic;

use super::{open, rejected};
use crate::error::Error;
use crate::proof::hash_file;

/// Bytes of one piece, and of one file.
pub const LARGEST_CHUNK: usize = 1 << 20;
pub const LARGEST_FIELD_BLOB: u64 = 1 << 30;

/// Bytes of one person's files that may be under way at once, and that may come in one day.
const MOST_UNDER_WAY: u64 = 20 << 30;
const MOST_A_DAY: u64 = 100 << 30;
/// How long nothing touches a rescue file's parts before they are thrown away.
const SPOOL_KEPT: Duration = Duration::from_secs(3600);
/// What lies in the folder of uploads besides the folders of persons.
const SPOOL: &str = "spool";

/// 文件分块 — one piece as it came.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// Who sends it: nobody goes on with what another began.
    pub person_id: String,
    pub sha256: String,
    pub offset: u64,
    /// Size of the whole file.
    pub length: u64,
    /// `sha-256=:…:` (RFC 9530) of this piece.
    pub digest: String,
    pub bytes: Vec<u8>,
}

/// How much of a file is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Nothing,
    /// So many of so many bytes.
    Part(u64, u64),
}

/// What a piece made of its file.
#[derive(Debug)]
pub enum Arrived {
    /// So many bytes are here.
    Part(u64),
    /// All of them, and they are what the name says; the file is to be put among the blobs.
    Whole(PathBuf),
}

/// 上传处 — pieces of files under way, and who writes which.
#[derive(Debug)]
pub struct Uploads {
    folder: PathBuf,
    turns: Mutex<HashMap<String, Arc<Mutex<()>>>>,
}

fn is_name(sha256: &str) -> bool {
    sha256.len() == 64
        && sha256
            .bytes()
            .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The refusal of a piece that begins elsewhere.
pub fn at_offset(offset: u64) -> Error {
    Error::rejected(Diagnostic::error("field.offset").arg("offset", offset))
}

/// Where an offset was wrong: the right one.
pub(crate) fn right_offset(error: &Error) -> Option<u64> {
    match error {
        Error::Rejected(d) if d.code == "field.offset" => d.args.get("offset")?.parse().ok(),
        _ => None,
    }
}

impl Uploads {
    /// Pieces beside a register.
    pub fn new(home: &Path) -> Self {
        Self {
            folder: home.join("uploads"),
            turns: Mutex::default(),
        }
    }

    /// The right offset, where a piece was refused because it began elsewhere.
    pub fn right_offset(error: &Error) -> Option<u64> {
        right_offset(error)
    }

    /// Somebody's files under way; the name of the folder says nothing of them.
    fn folder_of_person(&self, person_id: &str) -> PathBuf {
        self.folder
            .join(&crate::sha256_hex(person_id.as_bytes())[..32])
    }

    /// A file's pieces lie in a folder of its name, in a file that is called by the whole's length.
    fn folder_of(&self, person_id: &str, sha256: &str) -> PathBuf {
        self.folder_of_person(person_id).join(sha256)
    }

    /// How much of a file is here, of what this person sent.
    pub fn standing(&self, person_id: &str, sha256: &str) -> Result<Standing, Error> {
        if !is_name(sha256) {
            return Ok(Standing::Nothing);
        }
        Ok(self
            .part_of(person_id, sha256)?
            .map_or(Standing::Nothing, |(_, have, length)| {
                Standing::Part(have, length)
            }))
    }

    fn part_of(&self, person_id: &str, sha256: &str) -> Result<Option<(PathBuf, u64, u64)>, Error> {
        let entries = match fs::read_dir(self.folder_of(person_id, sha256)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(Error::internal)?,
        };
        for entry in entries {
            let entry = entry.map_err(Error::internal)?;
            let name = entry.file_name();
            let length = name.to_str().and_then(|n| n.strip_suffix(".part"));
            if let Some(length) = length.and_then(|l| l.parse().ok()) {
                let have = entry.metadata().map_err(Error::internal)?.len();
                return Ok(Some((entry.path(), have, length)));
            }
        }
        Ok(None)
    }

    /// Where rescue files lie while they are taken in.
    pub fn spool(&self) -> Result<PathBuf, Error> {
        spool_in(&self.folder)
    }

    /// Whether somebody may begin with another file: so much is theirs already, and so much came of them today.
    fn check_room(&self, chunk: &Chunk, came_today: u64) -> Result<(), Error> {
        let under_way: u64 = files_in(&self.folder_of_person(&chunk.person_id))
            .into_iter()
            .filter_map(|path| path.metadata().ok())
            .map(|m| m.len())
            .sum();
        let is_too_much = under_way.saturating_add(chunk.length) > MOST_UNDER_WAY
            || came_today.saturating_add(chunk.length) > MOST_A_DAY;
        match is_too_much {
            true => Err(rejected("field.too_much")),
            false => Ok(()),
        }
    }

    /// Runs work on one file while nobody else does.
    pub fn in_turn<T>(&self, sha256: &str, work: impl FnOnce() -> T) -> T {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(|e| e.into_inner());
            // Turns that nobody holds are forgotten, so that the list stays as long as the work.
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            Arc::clone(turns.entry(sha256.to_owned()).or_default())
        };
        let _held = turn.lock().unwrap_or_else(|e| e.into_inner());
        work()
    }

    /// Takes a piece; it is on disk when this returns. To be called in turn.
    pub fn take(&self, chunk: &Chunk, came_today: u64) -> Result<Arrived, Error> {
        if !is_name(&chunk.sha256) {
            return Err(super::not_found("upload", &chunk.sha256));
        }
        let size = chunk.bytes.len() as u64;
        let digest = format!(
            "sha-256=:{}:",
            BASE64_STANDARD.encode(Sha256::digest(&chunk.bytes))
        );
        let fits = chunk
            .offset
            .checked_add(size)
            .is_some_and(|end| end <= chunk.length);
        if digest != chunk.digest || !fits {
            return Err(rejected("field.chunk_damaged"));
        }
        let found = self.part_of(&chunk.person_id, &chunk.sha256)?;
        let have = match &found {
            Some((_, have, length)) if *length == chunk.length => *have,
            // Another length under the same name: one of them lies; the later one is believed from its beginning on.
            Some((path, ..)) if chunk.offset == 0 => {
                fs::remove_file(path).map_err(full)?;
                0
            }
            Some((_, have, _)) => return Err(at_offset(*have)),
            None => {
                self.check_room(chunk, came_today)?;
                0
            }
        };
        if chunk.offset != have {
            return Err(at_offset(have));
        }
        let path = self.write(chunk, have)?;
        let have = have + size;
        match have == chunk.length {
            true => self.whole(&chunk.sha256, path),
            false => Ok(Arrived::Part(have)),
        }
    }

    fn write(&self, chunk: &Chunk, have: u64) -> Result<PathBuf, Error> {
        let folder = self.folder_of(&chunk.person_id, &chunk.sha256);
        fs::create_dir_all(&folder).map_err(full)?;
        let path = folder.join(format!("{}.part", chunk.length));
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(full)?;
        let written = file.write_all(&chunk.bytes).and_then(|()| file.sync_data());
        if let Err(e) = written {
            // Half a piece was never acknowledged. Should even that fail, the next one finds another offset.
            let _ = file.set_len(have);
            return Err(full(e));
        }
        Ok(path)
    }

    fn whole(&self, sha256: &str, path: PathBuf) -> Result<Arrived, Error> {
        match hash_file(&path)? == sha256 {
            true => Ok(Arrived::Whole(path)),
            false => {
                fs::remove_file(&path).map_err(full)?;
                Err(rejected("field.blob_damaged"))
            }
        }
    }

    /// The whole of a file that came in pieces and could not be put among the blobs yet.
    pub fn find_whole(&self, person_id: &str, sha256: &str) -> Result<Option<PathBuf>, Error> {
        let found = self.part_of(person_id, sha256)?;
        Ok(found
            .filter(|(_, have, length)| have == length)
            .map(|(path, ..)| path))
    }

    /// Forgets a file that is among the blobs now.
    pub fn forget(&self, person_id: &str, sha256: &str) {
        // What stays behind is swept later.
        let _ = fs::remove_dir_all(self.folder_of(person_id, sha256));
    }

    /// Throws away what nobody went on with since before an instant, and what lies about of rescue files that nobody takes
    /// in any more.
    pub fn sweep(&self, before: SystemTime, now: SystemTime) {
        let idle = now.checked_sub(SPOOL_KEPT);
        for path in paths_in(&self.folder) {
            if path.file_name().is_some_and(|name| name == SPOOL) {
                if let Some(idle) = idle {
                    sweep_folder(&path, idle);
                }
            } else if path.is_dir() {
                sweep_folder(&path, before);
                // Nobody's any more, unless something is left in it: then it stays.
                let _ = fs::remove_dir(&path);
            } else {
                sweep_one(&path, before);
            }
        }
    }
}

/// Where rescue files lie while they are taken in, in a folder of uploads.
fn spool_in(uploads: &Path) -> Result<PathBuf, Error> {
    let folder = uploads.join(SPOOL);
    fs::create_dir_all(&folder).map_err(full)?;
    Ok(folder)
}

/// The same beside a register.
pub(super) fn spool_of(home: &Path) -> Result<PathBuf, Error> {
    spool_in(&home.join("uploads"))
}

fn paths_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// All files under a folder.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let (folders, mut files): (Vec<_>, Vec<_>) =
        paths_in(folder).into_iter().partition(|path| path.is_dir());
    for inner in folders {
        files.extend(files_in(&inner));
    }
    files
}

fn sweep_folder(folder: &Path, before: SystemTime) {
    for path in paths_in(folder) {
        sweep_one(&path, before);
    }
}

/// Throws a file or a folder away that nothing touched since.
fn sweep_one(path: &Path, before: SystemTime) {
    let touched = |path: &Path| path.metadata().and_then(|m| m.modified()).ok();
    let inner = files_in(path);
    let newest = inner
        .iter()
        .filter_map(|p| touched(p))
        .chain(touched(path))
        .max();
    if newest.is_some_and(|at| at < before) {
        // What cannot be removed now is met again.
        let _ = match path.is_dir() {
            true => fs::remove_dir_all(path),
            false => fs::remove_file(path),
        };
    }
}

/// A write that failed: for want of room, in words that the phone knows.
pub fn full(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::FileTooLarge | io::ErrorKind::QuotaExceeded => {
            rejected("field.disk_full")
        }
        _ => Error::internal(error),
    }
}

/// Begin of the last day, for what somebody may send in one.
fn a_day_ago(now: Timestamp) -> Timestamp {
    let day = SignedDuration::from_hours(24);
    now.saturating_sub(day).unwrap_or(now)
}

impl crate::session::Session {
    /// Size of a file that is kept and that this person brought: to all others it is as unknown as any.
    pub fn kept_size(
        &self,
        accounts: &Mutex<Accounts>,
        person_id: &str,
        sha256: &str,
    ) -> Result<Option<u64>, Error> {
        let is_own = is_name(sha256) && open(accounts).has_brought(sha256, person_id)?;
        match is_own && self.register.keeps_blob(sha256)? {
            true => {
                let file = self.register.open_blob(sha256)?;
                Ok(Some(file.metadata().map_err(Error::internal)?.len()))
            }
            false => Ok(None),
        }
    }

    /// Takes a piece in, in its file's turn.
    pub fn take_chunk(
        &self,
        accounts: &Mutex<Accounts>,
        uploads: &Uploads,
        chunk: &Chunk,
    ) -> Result<Arrived, Error> {
        let person = &chunk.person_id;
        uploads.in_turn(&chunk.sha256, || {
            if let Some(size) = self.kept_size(accounts, person, &chunk.sha256)? {
                return Err(at_offset(size));
            }
            let came = match chunk.offset {
                0 => open(accounts).brought_since(person, a_day_ago(self.now))?,
                _ => 0,
            };
            uploads.take(chunk, came)
        })
    }

    /// Puts a file among the blobs whose pieces are all here; its kind must be one that is taken as evidence. What is not
    /// taken is thrown away: the phone is told, and asks its holder.
    pub fn keep_whole(
        &mut self,
        accounts: &Mutex<Accounts>,
        uploads: &Uploads,
        person_id: &str,
        sha256: &str,
    ) -> Result<(), Error> {
        uploads.in_turn(sha256, || {
            let Some(path) = uploads.find_whole(person_id, sha256)? else {
                return Ok(());
            };
            let kept = self.keep_upload(&path, person_id, accounts);
            let is_refused =
                matches!(&kept, Err(Error::Rejected(d)) if d.code == "field.file_kind");
            if kept.is_ok() || is_refused {
                uploads.forget(person_id, sha256);
            }
            kept.map(drop)
        })
    }

    /// Puts a file among the blobs as somebody's.
    pub(super) fn keep_upload(
        &mut self,
        path: &Path,
        person_id: &str,
        accounts: &Mutex<Accounts>,
    ) -> Result<register::Blob, Error> {
        let mut file = File::open(path).map_err(Error::internal)?;
        let mut head = Vec::new();
        (&mut file)
            .take(4096)
            .read_to_end(&mut head)
            .map_err(Error::internal)?;
        if !is_taken(&head) {
            return Err(rejected("field.file_kind"));
        }
        file.rewind().map_err(Error::internal)?;
        let blob = self.register.put_blob(&mut file, LARGEST_FIELD_BLOB)?;
        open(accounts).note_file(&FieldFile {
            sha256: &blob.sha256,
            person_id,
            size_bytes: blob.size_bytes,
            arrived_at: self.now,
        })?;
        Ok(blob)
    }
}

/// Whether a file is of a kind that phones send: a picture, a film, a sound, a paper, or text (tracks).
fn is_taken(head: &[u8]) -> bool {
    // A file sent without its name: text of any kind may be a track.
    crate::evidence::media_type_of(head, "").is_some()
        || (std::str::from_utf8(head).map_or_else(|e| e.error_len().is_none(), |_| true)
            && !head.contains(&0))
}

/// The point that rescue files are sealed to, base64url.
pub(super) fn rescue_key(home: &Path) -> Result<String, Error> {
    Ok(BASE64_URL_SAFE_NO_PAD.encode(point_of(&rescue_secret(home)?)))
}

/// The uncompressed point of a key.
pub(super) fn point_of(key: &SecretKey) -> Vec<u8> {
    key.public_key().to_sec1_point(false).as_bytes().to_vec()
}

/// The key that opens rescue files; made once, beside the node's.
pub(super) fn rescue_secret(home: &Path) -> Result<SecretKey, Error> {
    let path = home.join("keys").join("rescue.key");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => make_rescue_key(&path)?,
        Err(e) => return Err(Error::internal(e)),
    };
    let bytes = BASE64_URL_SAFE_NO_PAD
        .decode(text.trim())
        .map_err(Error::internal)?;
    SecretKey::from_slice(&bytes).map_err(Error::internal)
}

fn make_rescue_key(path: &Path) -> Result<String, Error> {
    // All but one in 2³² random texts are keys.
    let key = loop {
        let bytes = crate::people::random::<32>()?;
        if let Ok(key) = SecretKey::from_slice(&bytes) {
            break key;
        }
    };
    let text = BASE64_URL_SAFE_NO_PAD.encode(key.to_bytes());
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(mut file) => {
            writeln!(file, "{text}").map_err(Error::internal)?;
            file.sync_all().map_err(Error::internal)?;
            Ok(text)
        }
        // Somebody else was quicker.
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            fs::read_to_string(path).map_err(Error::internal)
        }
        Err(e) => Err(Error::internal(e)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    fn chunk(whole: &[u8], from: usize, to: usize) -> Chunk {
        let bytes = whole[from..to].to_vec();
        Chunk {
            person_id: "p-1".to_owned(),
            sha256: crate::hex(&Sha256::digest(whole)),
            offset: from as u64,
            length: whole.len() as u64,
            digest: format!(
                "sha-256=:{}:",
                BASE64_STANDARD.encode(Sha256::digest(&bytes))
            ),
            bytes,
        }
    }

    fn code(error: Error) -> String {
        error.code()
    }

    #[test]
    fn a_file_comes_in_pieces_and_each_piece_once() {
        let home = tempfile::tempdir().unwrap();
        let uploads = Uploads::new(home.path());
        let whole = b"a photo taken in the rain";
        let name = chunk(whole, 0, 1).sha256;
        assert_eq!(uploads.standing("p-1", &name).unwrap(), Standing::Nothing);
        assert!(matches!(
            uploads.take(&chunk(whole, 0, 10), 0).unwrap(),
            Arrived::Part(10)
        ));
        let again = uploads.take(&chunk(whole, 0, 10), 0).unwrap_err();
        assert_eq!(right_offset(&again), Some(10));
        let beyond = uploads.take(&chunk(whole, 12, 20), 0).unwrap_err();
        assert_eq!(right_offset(&beyond), Some(10));
        let part = Standing::Part(10, whole.len() as u64);
        assert_eq!(
            Uploads::new(home.path()).standing("p-1", &name).unwrap(),
            part
        );
        let last = uploads.take(&chunk(whole, 10, whole.len()), 0).unwrap();
        let Arrived::Whole(path) = last else {
            panic!("{last:?}")
        };
        assert_eq!(fs::read(path).unwrap(), whole);
        uploads.forget("p-1", &name);
        assert_eq!(uploads.standing("p-1", &name).unwrap(), Standing::Nothing);
    }

    #[test]
    fn a_damaged_piece_and_a_damaged_whole_are_told_apart() {
        let home = tempfile::tempdir().unwrap();
        let uploads = Uploads::new(home.path());
        let whole = b"two pieces";
        let mut flipped = chunk(whole, 0, 5);
        flipped.bytes[2] ^= 1;
        assert_eq!(
            code(uploads.take(&flipped, 0).unwrap_err()),
            "field.chunk_damaged"
        );
        let mut other = chunk(b"TWO pieces", 0, 5);
        other.sha256 = chunk(whole, 0, 1).sha256;
        uploads.take(&other, 0).unwrap();
        let last = uploads.take(&chunk(whole, 5, 10), 0).unwrap_err();
        assert_eq!(code(last), "field.blob_damaged");
        assert_eq!(
            uploads.standing("p-1", &other.sha256).unwrap(),
            Standing::Nothing
        );
    }

    #[test]
    fn nobody_goes_on_with_what_another_began() {
        let home = tempfile::tempdir().unwrap();
        let uploads = Uploads::new(home.path());
        let whole = b"a photo of the gate";
        let name = chunk(whole, 0, 1).sha256;
        uploads.take(&chunk(whole, 0, 10), 0).unwrap();
        assert_eq!(uploads.standing("p-2", &name).unwrap(), Standing::Nothing);
        let mut others = chunk(whole, 10, whole.len());
        others.person_id = "p-2".to_owned();
        let refused = uploads.take(&others, 0).unwrap_err();
        assert_eq!(right_offset(&refused), Some(0));
    }

    #[test]
    fn nobody_fills_the_disk_alone() {
        let home = tempfile::tempdir().unwrap();
        let uploads = Uploads::new(home.path());
        let mut first = chunk(b"the first of a long film", 0, 9);
        first.length = MOST_UNDER_WAY + 1;
        let refused = uploads.take(&first, 0).unwrap_err();
        assert_eq!(code(refused), "field.too_much");
        first.length = 1 << 20;
        let refused = uploads.take(&first, MOST_A_DAY).unwrap_err();
        assert_eq!(code(refused), "field.too_much");
        uploads.take(&first, 0).unwrap();
    }

    #[test]
    fn what_nobody_goes_on_with_is_swept_files_and_spools_too() {
        let home = tempfile::tempdir().unwrap();
        let uploads = Uploads::new(home.path());
        let whole = b"half of it";
        let name = chunk(whole, 0, 1).sha256;
        uploads.take(&chunk(whole, 0, 5), 0).unwrap();
        let stray = home.path().join("uploads").join(".tmpAbC");
        let spooled = uploads.spool().unwrap().join("rescue");
        fs::write(&stray, b"left by a server that died").unwrap();
        fs::write(&spooled, b"so was this").unwrap();
        let now = spooled.metadata().and_then(|m| m.modified()).unwrap();
        uploads.sweep(now - Duration::from_secs(60), now);
        assert_eq!(
            uploads.standing("p-1", &name).unwrap(),
            Standing::Part(5, 10)
        );
        assert!(stray.exists() && spooled.exists());
        let later = now + Duration::from_secs(7200);
        uploads.sweep(later, later);
        assert_eq!(uploads.standing("p-1", &name).unwrap(), Standing::Nothing);
        assert!(!stray.exists() && !spooled.exists());
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let home = tempfile::tempdir().unwrap();
        let uploads = Uploads::new(home.path());
        let mut away = chunk(b"x", 0, 1);
        away.sha256 = "../../etc".to_owned();
        assert!(uploads.take(&away, 0).is_err());
        assert_eq!(uploads.standing("p-1", "../..").unwrap(), Standing::Nothing);
    }

    #[test]
    fn the_rescue_key_is_made_once() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("keys")).unwrap();
        let first = rescue_key(home.path()).unwrap();
        assert_eq!(rescue_key(home.path()).unwrap(), first);
        assert_eq!(BASE64_URL_SAFE_NO_PAD.decode(first).unwrap().len(), 65);
    }
}
