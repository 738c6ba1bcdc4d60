//! 解包文件 — a database or table that came inside an archive, laid down on disk for the reader that needs a file.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::error::Error;

/// 解包文件 — removed when it is no longer held.
pub(crate) struct Unpacked {
    path: PathBuf,
    _folder: TempDir,
}

impl Unpacked {
    /// Lays the content down under the last part of its name in the archive; the folders it names are not made.
    pub(crate) fn of(name: &str, content: &[u8]) -> Result<Self, Error> {
        let own = Path::new(name).file_name().unwrap_or_default();
        let read = |source| Error::Read {
            path: name.to_owned(),
            source,
        };
        let folder = tempfile::tempdir().map_err(read)?;
        let path = folder.path().join(own);
        std::fs::write(&path, content).map_err(read)?;
        Ok(Self {
            path,
            _folder: folder,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}
