//! Filled forms whose files have not all come: ODK Collect sends large ones in several requests.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use spatial::diagnostic::Diagnostic;

use crate::error::Error;

/// A form under way, in a folder of its own among the uploads; what nobody goes on with is swept with them.
pub(super) struct WaitingForm {
    folder: PathBuf,
    uploads: PathBuf,
    /// How the folders of this person's forms begin.
    own: String,
}

impl WaitingForm {
    /// The form's folder; of one person, because a file named in a form is taken for what that person saw.
    pub(super) fn of(home: &Path, person_id: &str, instance_id: &str) -> Self {
        let person = crate::sha256_hex(person_id.as_bytes());
        let form = crate::sha256_hex(instance_id.as_bytes());
        let (uploads, own) = (home.join("uploads"), format!("odk-{}-", &person[..16]));
        Self {
            folder: uploads.join(format!("{own}{}", &form[..32])),
            uploads,
            own,
        }
    }

    /// Where a file of the form lies, whatever its name holds.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(&crate::sha256_hex(name.as_bytes())[..32])
    }

    /// Takes in a file that came, as long as no more than so many bytes of the person's forms wait; it is on disk when this
    /// returns.
    pub(super) fn keep(&self, name: &str, from: &Path, most: u64) -> Result<(), Error> {
        let size = from.metadata().map_err(|source| full(name, source))?.len();
        if self.bytes().saturating_add(size) > most {
            let fault = Diagnostic::error("foreign.too_large");
            return Err(Error::rejected(
                fault.arg("what", "bytes").arg("limit", most),
            ));
        }
        let moved = fs::create_dir_all(&self.folder)
            .and_then(|()| fs::File::open(from)?.sync_data())
            .and_then(|()| fs::rename(from, self.file(name)));
        moved.map_err(|source| full(name, source))
    }

    /// Bytes of the files that wait, of all forms of this person.
    fn bytes(&self) -> u64 {
        let inside = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
        let is_own = |f: &fs::DirEntry| f.file_name().to_string_lossy().starts_with(&self.own);
        let folders = inside(&self.uploads).filter(is_own);
        let files = folders.flat_map(|folder| inside(&folder.path()));
        files.filter_map(|f| Some(f.metadata().ok()?.len())).sum()
    }

    /// Names of those files that have not come.
    pub(super) fn missing(&self, names: &[String]) -> Vec<String> {
        let lacks = |name: &&String| !self.file(name).is_file();
        names.iter().filter(lacks).cloned().collect()
    }

    /// Forgets the form: all of it is in the register.
    pub(super) fn forget(&self) {
        // What stays behind is swept later.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn full(name: &str, source: io::Error) -> Error {
    Error::Read {
        path: name.to_owned(),
        source,
    }
}
