//! A folder for one register, gone when the test ends.

use std::path::{Path, PathBuf};

/// A temporary register home.
#[derive(Debug)]
pub struct TempHome(tempfile::TempDir);

impl TempHome {
    /// A fresh, empty folder.
    #[allow(
        clippy::new_without_default,
        reason = "a folder on disk is no default value"
    )]
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A path inside the folder.
    pub fn join(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}
