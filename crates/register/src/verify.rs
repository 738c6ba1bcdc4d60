//! 校验 — recomputes everything that can be recomputed, and reports whatever differs.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use domain::as_of::AsOf;
use serde::Deserialize;
use tlog_tiles::tlog::{record_hash, tree_hash};
use tlog_tiles::{Hash, Tile};

use crate::blobs::hash_file;
use crate::check::VerifyReport;
use crate::error::Error;
use crate::keeper::Keeper;
use crate::key::{self, open_checkpoint};
use crate::publish;
use crate::stamp::StampCheck;
use crate::store::{Store, Which};
use crate::tree::{Growth, TILE_HEIGHT, TileHashes, Tiles};
use crate::{EntryFilter, Head, StoredEntry, canonical, views};

impl<S: Store> Keeper<S> {
    /// Looks at one state of the database, whatever is appended meanwhile.
    pub(crate) fn verify(&self) -> Result<VerifyReport, Error> {
        self.store.reading(|| {
            let size = self.store.size()?;
            let root = tree_hash(size, &TileHashes::new(&self.store)).unwrap_or(Hash([0; 32]));
            let mut report = VerifyReport::new(Head {
                size,
                root_hash: root.0,
            });
            self.store.check_schema(&mut report)?;
            check_entries(&self.store, size, &mut report)?;
            if let Some(stream) = self.store.find_broken_stream()? {
                report.add("register.verify.stream_differs", None, stream);
            }
            self.check_checkpoints(&mut report)?;
            self.check_published_files(size, &mut report);
            self.check_blobs(&mut report)?;
            // A log that cannot be read through gives no projections to compare with.
            if report.is_sound() {
                self.store.check_projections(&mut report)?;
            }
            Ok(report)
        })
    }

    fn check_checkpoints(&self, report: &mut VerifyReport) -> Result<(), Error> {
        let verifier_key = &self.opened().verifier_key;
        if key::verifier_of(&self.home.key()).is_some_and(|key| key != *verifier_key) {
            report.add("register.verify.key_differs", None, verifier_key);
        }
        let hashes = TileHashes::new(&self.store);
        let mut newest = 0;
        self.store.checkpoints(|size, root_hash, note| {
            newest = size;
            report.checkpoints += 1;
            match open_checkpoint(note, verifier_key) {
                Err(_) => report.add("register.verify.checkpoint_invalid", None, size),
                Ok((signed, root)) => {
                    let is_right = signed == size
                        && root_hash == root.0
                        && tree_hash(size, &hashes).ok() == Some(root);
                    if !is_right {
                        report.add("register.verify.checkpoint_differs", None, size);
                    }
                }
            }
            Ok(())
        })?;
        if newest != report.head.size {
            report.add("register.verify.checkpoint_missing", None, report.head.size);
        }
        Ok(())
    }

    /// The folder `log/` may lag behind the database; what it says must be right all the same.
    fn check_published_files(&self, size: u64, report: &mut VerifyReport) {
        let folder = self.home.log();
        let Some((published, root)) = publish::published(&folder, &self.opened().verifier_key)
        else {
            report.add("register.verify.log_file_differs", None, "checkpoint");
            return;
        };
        let is_right = published <= size && self.root_at(published).ok() == Some(root.0);
        if !is_right {
            report.add("register.verify.log_forked", None, published);
            return;
        }
        for tile in Tile::new_tiles(TILE_HEIGHT, 0, published) {
            for (name, expected) in publish::files_of(self, &tile) {
                if !is_file_as(&folder.join(&name), expected.ok().as_deref()) {
                    report.add("register.verify.log_file_differs", None, name);
                }
            }
        }
    }

    fn check_blobs(&self, report: &mut VerifyReport) -> Result<(), Error> {
        let listed = self.store.listed_blobs()?.into_iter();
        let listed: BTreeMap<String, u64> = listed.map(|b| (b.sha256, b.size_bytes)).collect();
        for (sha256, size_bytes) in &listed {
            report.blobs += 1;
            let path = self.blobs().path(sha256);
            match path
                .filter(|path| path.is_file())
                .map(|path| hash_file(&path))
            {
                None => report.add("register.verify.blob_missing", None, sha256),
                Some(Ok(found)) if found.sha256 == *sha256 && found.size_bytes == *size_bytes => {}
                Some(_) => report.add("register.verify.blob_altered", None, sha256),
            }
        }
        let mut check = |seq, sha256: &str| {
            if !listed.contains_key(sha256) {
                report.add("register.verify.blob_unlisted", Some(seq), sha256);
            }
        };
        let filter = EntryFilter {
            kinds: REFERRING_KINDS,
            as_of: AsOf::Now,
            ..EntryFilter::default()
        };
        let read = views::entries(&self.store, &filter, |entry| {
            let named = entry.entry.body.named_files();
            named
                .into_iter()
                .for_each(|sha256| check(entry.seq, sha256));
            Ok::<(), Error>(())
        });
        match read {
            // Reported already, as an entry that was altered.
            Err(Error::Unreadable { .. }) => Ok(()),
            other => other,
        }
    }
}

fn is_file_as(path: &Path, expected: Option<&[u8]>) -> bool {
    fs::read(path).ok().as_deref() == expected
}

/// Kinds of entries that name blobs.
const REFERRING_KINDS: &[&str] = &[
    "clue_batch.imported",
    "boundary.adopted",
    "stations.adopted",
    "routes.adopted",
    "background.adopted",
    "verification.recorded",
    "evidence.recorded",
    "plan.drafted",
    "progress.reported",
    "extension.requested",
    "rectification.reported",
    "completion.evidenced",
    "acceptance.recorded",
    "notice.published",
    "look_back.recorded",
    "relapse.judged",
    "urging.answered",
    "penalty.recorded",
    "referral.recorded",
    "suspicion.found",
    "publicity.recorded",
    "patrol.recorded",
    "track.recorded",
];

/// What the columns of an entry repeat from its bytes.
#[derive(Deserialize)]
struct Envelope {
    seq: u64,
    version: u64,
    id: String,
    stream: String,
    kind: String,
}

impl Envelope {
    fn says(&self, entry: &StoredEntry<'_>) -> bool {
        let names = (self.id.as_str(), self.stream.as_str(), self.kind.as_str());
        (self.seq, self.version) == (entry.seq, entry.version)
            && names == (entry.entry_id, entry.stream, entry.kind)
    }
}

fn check_entries(store: &impl Store, size: u64, report: &mut VerifyReport) -> Result<(), Error> {
    let tiles = ComparedTiles {
        stored: store,
        differing: RefCell::default(),
    };
    let mut growth = Growth::load(0, &tiles)?;
    let (mut expected_seq, mut stamps) = (0, StampCheck::default());
    store.scan(&Which::ALL, |entry| {
        if entry.seq != expected_seq {
            report.add(
                "register.verify.entry_missing",
                Some(expected_seq),
                entry.seq,
            );
        }
        expected_seq = entry.seq + 1;
        let hash = check_entry(&entry, report);
        stamps.look_at(&entry, report);
        growth.push(hash, &tiles)
    })?;
    if expected_seq != size {
        report.add("register.verify.entry_missing", Some(expected_seq), size);
    }
    growth.finish(&tiles)?;
    for (level, index) in tiles.differing.into_inner() {
        report.add(
            "register.verify.tree_differs",
            None,
            format!("{level}/{index}"),
        );
    }
    Ok(())
}

fn check_entry(entry: &StoredEntry<'_>, report: &mut VerifyReport) -> Hash {
    let id = entry
        .entry_id
        .parse()
        .unwrap_or(domain::ids::EntryId(uuid::Uuid::nil()));
    let leaf = canonical::leaf(entry.seq, id, entry.canonical).unwrap_or_default();
    let hash = record_hash(&leaf);
    if hash.0 != entry.leaf_hash {
        report.add(
            "register.verify.entry_altered",
            Some(entry.seq),
            entry.entry_id,
        );
    }
    match serde_json::from_slice::<Envelope>(entry.canonical) {
        Ok(envelope) if envelope.says(entry) => {}
        _ => report.add(
            "register.verify.entry_columns_differ",
            Some(entry.seq),
            entry.entry_id,
        ),
    }
    hash
}

/// Takes recomputed tiles and compares them with the stored ones.
struct ComparedTiles<'a, S> {
    stored: &'a S,
    differing: RefCell<Vec<(u8, u64)>>,
}

impl<S: Store> Tiles for ComparedTiles<'_, S> {
    fn load_tile(&self, level: u8, index: u64) -> Result<Vec<u8>, Error> {
        self.stored.load_tile(level, index)
    }

    fn store_tile(&self, level: u8, index: u64, hashes: &[u8]) -> Result<(), Error> {
        if self.stored.load_tile(level, index).ok().as_deref() != Some(hashes) {
            self.differing.borrow_mut().push((level, index));
        }
        Ok(())
    }
}
