//! 原件与证据文件 — files named by their SHA-256, in `blobs/ab/cd/<sha256>`.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use crate::canonical::hex;
use crate::error::Error;

/// 文件 — a stored blob: its name and its size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Lower-case hexadecimal.
    pub sha256: String,
    pub size_bytes: u64,
}

/// How files are called that are not whole yet.
const INCOMING: &str = ".incoming-";

/// A folder of blobs.
#[derive(Debug, Clone)]
pub(crate) struct BlobFolder(PathBuf);

impl BlobFolder {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// Where a blob lies; `None` for what is no SHA-256, so that no name can lead out of the folder.
    pub(crate) fn path(&self, sha256: &str) -> Option<PathBuf> {
        let is_name = sha256.len() == 64
            && sha256
                .bytes()
                .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        is_name.then(|| self.0.join(&sha256[..2]).join(&sha256[2..4]).join(sha256))
    }

    /// Writes to a temporary file while hashing, makes it durable, and gives it its name.
    pub(crate) fn put(&self, content: &mut impl Read, max: u64) -> Result<Blob, Error> {
        let temporary = Temporary::in_folder(&self.0);
        let blob = temporary.fill(content, max)?;
        let path = self
            .path(&blob.sha256)
            .ok_or_else(|| Error::BlobMissing(blob.sha256.clone()))?;
        if path.is_file() && hash_file(&path)? == blob {
            return Ok(blob);
        }
        let folder = path.parent().unwrap_or(&self.0);
        fs::create_dir_all(folder).map_err(Error::file("create the folder", folder))?;
        fs::rename(&temporary.0, &path).map_err(Error::file("name the blob", &path))?;
        for folder in [folder, folder.parent().unwrap_or(folder), &self.0] {
            sync_folder(folder)?;
        }
        Ok(blob)
    }

    /// Throws away what writers that died left half written before an instant.
    pub(crate) fn sweep(&self, before: SystemTime) {
        let entries = fs::read_dir(&self.0).into_iter().flatten().flatten();
        for entry in entries {
            let is_left = entry
                .file_name()
                .to_str()
                .is_some_and(|n| n.starts_with(INCOMING));
            let touched = entry.metadata().and_then(|m| m.modified());
            if is_left && touched.is_ok_and(|at| at < before) {
                // What cannot be removed now is met again.
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    pub(crate) fn open(&self, sha256: &str) -> Result<File, Error> {
        let missing = || Error::BlobMissing(sha256.to_owned());
        let path = self.path(sha256).ok_or_else(missing)?;
        match File::open(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err(missing()),
            other => other.map_err(Error::file("open the blob", &path)),
        }
    }
}

/// A file that goes away unless it was given its name.
struct Temporary(PathBuf);

impl Temporary {
    fn in_folder(folder: &Path) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self(folder.join(format!("{INCOMING}{}-{count}", std::process::id())))
    }

    fn fill(&self, content: &mut impl Read, max: u64) -> Result<Blob, Error> {
        let failed = || Error::file("write the blob", &self.0);
        let mut file = File::create(&self.0).map_err(failed())?;
        let (mut hash, mut size_bytes, mut buffer) = (Sha256::new(), 0u64, vec![0u8; 1 << 16]);
        loop {
            let read = match content.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(failed()(e)),
            };
            size_bytes += read as u64;
            if size_bytes > max {
                return Err(Error::BlobTooLarge { max });
            }
            hash.update(&buffer[..read]);
            file.write_all(&buffer[..read]).map_err(failed())?;
        }
        file.sync_all().map_err(failed())?;
        Ok(Blob {
            sha256: hex(&hash.finalize()),
            size_bytes,
        })
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After the rename there is nothing under this name; a leftover of a failed write is only clutter.
        let _ = fs::remove_file(&self.0);
    }
}

/// Name and size that a file's content has.
pub(crate) fn hash_file(path: &Path) -> Result<Blob, Error> {
    let failed = || Error::file("read the blob", path);
    let mut file = File::open(path).map_err(failed())?;
    let mut hash = Sha256::new();
    let size_bytes = std::io::copy(&mut file, &mut hash).map_err(failed())?;
    Ok(Blob {
        sha256: hex(&hash.finalize()),
        size_bytes,
    })
}

/// Makes a rename durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), Error> {
    #[cfg(unix)]
    File::open(folder)
        .and_then(|f| f.sync_all())
        .map_err(Error::file("make durable", folder))?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, BlobFolder) {
        let folder = tempfile::tempdir().unwrap();
        let blobs = BlobFolder::new(folder.path().to_owned());
        (folder, blobs)
    }

    #[test]
    fn a_blob_is_found_under_the_hash_of_its_content() {
        let (_keep, blobs) = folder();
        let blob = blobs.put(&mut "abc".as_bytes(), 3).unwrap();
        assert_eq!(
            blob.sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        let mut text = String::new();
        blobs
            .open(&blob.sha256)
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "abc");
        assert_eq!(blobs.put(&mut "abc".as_bytes(), 3).unwrap(), blob);
    }

    #[test]
    fn a_blob_above_the_limit_leaves_nothing_behind() {
        let (keep, blobs) = folder();
        assert!(matches!(
            blobs.put(&mut "abcd".as_bytes(), 3),
            Err(Error::BlobTooLarge { max: 3 })
        ));
        assert_eq!(fs::read_dir(keep.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_damaged_blob_is_replaced_when_it_comes_again() {
        let (_keep, blobs) = folder();
        let blob = blobs.put(&mut "abc".as_bytes(), 9).unwrap();
        let path = blobs.path(&blob.sha256).unwrap();
        fs::write(&path, "abX").unwrap();
        blobs.put(&mut "abc".as_bytes(), 9).unwrap();
        assert_eq!(hash_file(&path).unwrap(), blob);
    }

    #[test]
    fn what_is_no_hash_names_no_file() {
        let (_keep, blobs) = folder();
        for name in ["", "../../etc/passwd", &"A".repeat(64), &"/".repeat(64)] {
            assert!(
                matches!(blobs.open(name), Err(Error::BlobMissing(_))),
                "{name:?}"
            );
        }
    }
}
