//! 登记簿目录 — where the parts of a register lie on disk.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// The folder of one register.
#[derive(Debug, Clone)]
pub(crate) struct Home(PathBuf);

impl Home {
    pub(crate) fn new(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("register.gpkg")
    }

    /// Names the database, where that is not the file above.
    pub(crate) fn configuration(&self) -> PathBuf {
        self.0.join("register.toml")
    }

    /// Held while `log/` is written, so that of two programs in one folder the later one writes last.
    pub(crate) fn publishing(&self) -> PathBuf {
        self.0.join(".publishing")
    }

    pub(crate) fn blobs(&self) -> PathBuf {
        self.0.join("blobs")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.0.join("log")
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.0.join("keys").join("node.key")
    }

    /// The key that opens rescue files, beside it.
    pub(crate) fn rescue_key(&self) -> PathBuf {
        self.key().with_file_name("rescue.key")
    }

    /// Makes the folders that are not there yet.
    pub(crate) fn lay_out(&self) -> Result<(), Error> {
        for folder in [self.blobs(), self.log(), self.0.join("keys")] {
            fs::create_dir_all(&folder).map_err(Error::file("create the folder", &folder))?;
        }
        restrict(&self.0.join("keys"))
    }
}

/// Writes a new file that only its owner reads, durably.
pub(crate) fn write_secret(path: &Path, text: &str) -> Result<(), Error> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options
        .open(path)
        .map_err(Error::file("create the secret file", path))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(Error::file("write the secret file", path))
}

#[cfg(unix)]
fn restrict(folder: &Path) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
        .map_err(Error::file("protect", folder))
}

#[cfg(not(unix))]
fn restrict(_folder: &Path) -> Result<(), Error> {
    Ok(())
}
