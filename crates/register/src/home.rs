//! 登记簿目录 — where the parts of a register lie on disk.

use std::fs;
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

    pub(crate) fn blobs(&self) -> PathBuf {
        self.0.join("blobs")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.0.join("log")
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.0.join("keys").join("node.key")
    }

    /// Makes the folders that are not there yet.
    pub(crate) fn lay_out(&self) -> Result<(), Error> {
        for folder in [self.blobs(), self.log(), self.0.join("keys")] {
            fs::create_dir_all(&folder).map_err(Error::file("create the folder", &folder))?;
        }
        restrict(&self.0.join("keys"))
    }
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
