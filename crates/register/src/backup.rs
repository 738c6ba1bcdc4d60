//! 备份 — a copy made while the register is in use, and the drill that proves it can be restored.
//!
//! A backup is a GeoPackage register in a folder, whatever store the register is kept in: it needs no server to be
//! read, verified and gone on with.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use domain::ids::StreamId;
use jiff::Timestamp;
use serde::Deserialize;
use tlog_tiles::Hash;

use crate::check::BackupReport;
use crate::error::Error;
use crate::geopackage;
use crate::home::Home;
use crate::keeper::Keeper;
use crate::publish;
use crate::schema;
use crate::store::{Store, Which};
use crate::tree::Growth;

/// How a store gets into the GeoPackage of another folder.
pub(crate) trait CopyTo {
    fn copy_to(&self, home: &Home) -> Result<(), Error>;
}

impl<S: Store + CopyTo> Keeper<S> {
    pub(crate) fn backup(&self, to: &Path, with_key: bool) -> Result<BackupReport, Error> {
        let is_taken = fs::read_dir(to).is_ok_and(|mut entries| entries.next().is_some());
        if is_taken {
            return Err(Error::AlreadyOpened(to.to_owned()));
        }
        let home = Home::new(to);
        home.lay_out()?;
        self.store.copy_to(&home)?;
        if with_key {
            let key = home.key();
            fs::copy(self.home.key(), &key)
                .map_err(Error::file("copy the signing key to", &key))?;
            // What phones sealed for this register is opened by no other key.
            let (from, to) = (self.home.rescue_key(), home.rescue_key());
            if from.exists() {
                fs::copy(&from, &to)
                    .map_err(Error::file("copy the key of rescue files to", &to))?;
            }
        }
        let copy = Keeper::open_read_only(home.clone(), geopackage::Db::open_read_only(&home)?)?;
        let blobs = self.copy_blobs(&copy)?;
        if let Some((size, note)) = copy.store.newest_checkpoint()? {
            publish::publish(&home.log(), &copy, 0, size, &note)?;
        }
        self.drill(&copy, blobs, with_key)
    }

    /// Copies the blobs the copied database lists, hashing each on the way.
    fn copy_blobs(&self, copy: &Keeper<geopackage::Db>) -> Result<u64, Error> {
        let (from, to) = (self.blobs(), copy.blobs());
        let listed = copy.store.listed_blobs()?;
        for blob in &listed {
            let copied = to.put(&mut from.open(&blob.sha256)?, u64::MAX)?;
            if copied.sha256 != blob.sha256 {
                return Err(Error::CopyDiffers {
                    reason: format!("blob {} was altered", blob.sha256),
                });
            }
        }
        Ok(listed.len() as u64)
    }

    /// Opens the copy as a register of its own, verifies it, and compares its root with what this log says.
    fn drill(
        &self,
        copy: &Keeper<geopackage::Db>,
        blobs: u64,
        has_key: bool,
    ) -> Result<BackupReport, Error> {
        let drill = copy.verify()?;
        let head = drill.head;
        if self.root_at(head.size)? != head.root_hash {
            return Err(Error::CopyDiffers {
                reason: format!("other root hash at size {}", head.size),
            });
        }
        Ok(BackupReport {
            head,
            blobs,
            sites: geopackage::count_rows(&copy.store, "sites")?,
            clues: geopackage::count_rows(&copy.store, "clues")?,
            has_key,
            drill,
        })
    }
}

/// What an entry says about its times.
#[derive(Deserialize)]
struct Times {
    occurred_at: Timestamp,
    recorded_at: Timestamp,
    #[serde(default)]
    stamp: Option<serde::de::IgnoredAny>,
}

impl Times {
    /// As [`domain::entry::RecordedEntry::claimed_at`].
    fn claimed_at(&self) -> Timestamp {
        match self.stamp {
            Some(_) => self.occurred_at.min(self.recorded_at),
            None => self.occurred_at,
        }
    }
}

/// Copies the log of one store into an empty one, byte for byte, and makes the projections there.
pub(crate) fn copy_log(from: &impl Store, to: &impl Store) -> Result<(), Error> {
    schema::migrate(to)?;
    let mut tree = Growth::load(0, to)?;
    let mut versions: BTreeMap<StreamId, u64> = BTreeMap::new();
    from.scan(&Which::ALL, |entry| {
        let unreadable = |source| Error::Unreadable {
            seq: entry.seq,
            source,
        };
        let times: Times = serde_json::from_slice(entry.canonical).map_err(unreadable)?;
        to.insert_entry(&entry, times.claimed_at(), times.recorded_at)?;
        tree.push(Hash(entry.leaf_hash.try_into().unwrap_or_default()), to)?;
        versions.insert(StreamId(entry.stream.to_owned()), entry.version);
        Ok::<(), Error>(())
    })?;
    tree.finish(to)?;
    for (stream, version) in &versions {
        to.set_stream_version(stream, *version)?;
    }
    from.checkpoints(|size, root_hash, note| {
        to.insert_checkpoint(size, root_hash, &String::from_utf8_lossy(note))
    })?;
    for blob in from.listed_blobs()? {
        to.list_blob(&blob)?;
    }
    schema::rebuild(to)
}
