//! 登记簿的保管 — folder, database and key held together: what a register does, whichever store keeps its rows.

use std::fs::File;
use std::path::Path;

use domain::as_of::AsOf;
use domain::dossier::Dossier;
use domain::entries::RegisterOpened;
use domain::entry::{Entry, EntryBody, RecordedEntry};
use domain::ids::{ClueId, EntryId, SiteId, StreamId};
use jiff::Timestamp;

use crate::blobs::{Blob, BlobFolder};
use crate::clue::Clue;
use crate::error::Error;
use crate::home::Home;
use crate::key::{self, NodeKey};
use crate::publish::{self, LogSource};
use crate::store::{Store, Which};
use crate::tree::{self, TileHashes};
use crate::{EntryFilter, Head, Opening, Receipt, StoredEntry, append, canonical, schema, views};

/// A register in a folder, its rows in a store.
pub(crate) struct Keeper<S> {
    pub(crate) home: Home,
    pub(crate) store: S,
    key: Option<NodeKey>,
    opened: RegisterOpened,
    is_read_only: bool,
}

impl<S> std::fmt::Debug for Keeper<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keeper")
            .field("home", &self.home)
            .field("node", &self.opened.node)
            .finish_non_exhaustive()
    }
}

impl<S: Store> Keeper<S> {
    /// Creates a register in an empty store and appends its first entry. What a crash left half-made is finished.
    pub(crate) fn create(home: Home, store: S, opening: &Opening) -> Result<Self, Error> {
        home.lay_out()?;
        let verifier_key = key::ensure(&home.key(), &opening.node)?;
        store.writing(|| {
            schema::migrate(&store)?;
            if store.size()? > 0 {
                return Err(Error::AlreadyOpened(store.place()));
            }
            schema::recreate_projections(&store, opening.opened_at)?;
            let key = key::find(&home.key(), &opening.node)?.ok_or_else(no_key)?;
            let entry = opening.entry(verifier_key);
            append::append(&store, &key, &opening.node, &[entry], opening.opened_at)
        })?;
        Self::open(home, store)
    }

    /// Opens a register for reading and writing; brings projections and published log up to date.
    pub(crate) fn open(home: Home, store: S) -> Result<Self, Error> {
        let opened = first_entry(&store)?;
        // A further node of the same log may have an empty folder yet.
        home.lay_out()?;
        let key = key::find(&home.key(), &opened.node)?;
        schema::bring_up_to_date(&store)?;
        let keeper = Self {
            home,
            store,
            key,
            opened,
            is_read_only: false,
        };
        if keeper.key.is_some() {
            keeper.check_published()?;
            keeper.publish();
        }
        Ok(keeper)
    }

    /// Opens a register for reading; others may write it meanwhile.
    pub(crate) fn open_read_only(home: Home, store: S) -> Result<Self, Error> {
        let opened = first_entry(&store)?;
        if !schema::projections_are_current(&store)? {
            return Err(Error::OutdatedProjections);
        }
        Ok(Self {
            home,
            store,
            key: None,
            opened,
            is_read_only: true,
        })
    }

    pub(crate) fn opened(&self) -> &RegisterOpened {
        &self.opened
    }

    pub(crate) fn folder(&self) -> &Path {
        self.home.folder()
    }

    pub(crate) fn blobs(&self) -> BlobFolder {
        BlobFolder::new(self.home.blobs())
    }

    fn check_writable(&self) -> Result<(), Error> {
        if self.is_read_only {
            Err(Error::ReadOnly)
        } else {
            Ok(())
        }
    }

    /// Appends all entries or none.
    pub(crate) fn append(
        &self,
        entries: &[Entry],
        recorded_at: Timestamp,
    ) -> Result<Vec<Receipt>, Error> {
        self.check_writable()?;
        let key = self.key.as_ref().ok_or_else(no_key)?;
        let receipts = self.store.writing(|| {
            append::append(&self.store, key, &self.opened.node, entries, recorded_at)
        })?;
        if receipts.iter().any(|receipt| receipt.is_new) {
            self.publish();
        }
        Ok(receipts)
    }

    /// What was published must be reachable from the log as it stands, or nothing more is signed.
    fn check_published(&self) -> Result<(), Error> {
        let Some((size, root)) = publish::published(&self.home.log(), &self.opened.verifier_key)
        else {
            return Ok(());
        };
        let is_reachable = size <= self.store.size()? && tree::root(size, &self.store)? == root;
        if is_reachable {
            Ok(())
        } else {
            Err(Error::Forked { size })
        }
    }

    /// Brings `log/` up to the newest checkpoint. The commit stands whether this works or not: it is made up for at
    /// the next append or opening.
    fn publish(&self) {
        if let Err(error) = self.try_publish() {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the log folder could not be brought up to date"
            );
        }
    }

    fn try_publish(&self) -> Result<(), Error> {
        let path = self.home.publishing();
        let turn = File::create(&path).map_err(Error::file("create the lock file", &path))?;
        turn.lock().map_err(Error::file("lock", &path))?;
        let Some((size, note)) = self.store.newest_checkpoint()? else {
            return Ok(());
        };
        let published = publish::published(&self.home.log(), &self.opened.verifier_key)
            .map_or(0, |(size, _)| size);
        if published >= size {
            return Ok(());
        }
        publish::publish(&self.home.log(), self, published, size, &note)
    }

    pub(crate) fn checkpoint(&self) -> Result<String, Error> {
        let newest = self.store.newest_checkpoint()?;
        newest.map(|(_, note)| note).ok_or_else(|| Error::Tree {
            reason: "there is no checkpoint".to_owned(),
        })
    }

    pub(crate) fn head(&self) -> Result<Head, Error> {
        append::head(&self.store)
    }

    pub(crate) fn log_size(&self) -> Result<u64, Error> {
        self.store.size()
    }

    pub(crate) fn root_at(&self, size: u64) -> Result<[u8; 32], Error> {
        self.within_log(size)?;
        Ok(tree::root(size, &self.store)?.0)
    }

    fn within_log(&self, asked: u64) -> Result<(), Error> {
        let size = self.store.size()?;
        if asked <= size {
            Ok(())
        } else {
            Err(Error::BeyondLog { asked, size })
        }
    }

    pub(crate) fn inclusion_proof(&self, seq: u64, size: u64) -> Result<Vec<[u8; 32]>, Error> {
        self.within_log(size)?;
        if seq >= size {
            return Err(Error::BeyondLog { asked: seq, size });
        }
        let proof = tlog_tiles::tlog::prove_record(size, seq, &TileHashes::new(&self.store));
        Ok(proof
            .map_err(Error::tree)?
            .into_iter()
            .map(|hash| hash.0)
            .collect())
    }

    pub(crate) fn consistency_proof(&self, old: u64, new: u64) -> Result<Vec<[u8; 32]>, Error> {
        self.within_log(new)?;
        if old > new {
            return Err(Error::BeyondLog {
                asked: old,
                size: new,
            });
        }
        if old == 0 || old == new {
            return Ok(Vec::new());
        }
        let proof = tlog_tiles::tlog::prove_tree(new, old, &TileHashes::new(&self.store));
        Ok(proof
            .map_err(Error::tree)?
            .into_iter()
            .map(|hash| hash.0)
            .collect())
    }

    pub(crate) fn entries<E: From<Error>>(
        &self,
        filter: &EntryFilter<'_>,
        each: impl FnMut(RecordedEntry) -> Result<(), E>,
    ) -> Result<(), E> {
        views::entries(&self.store, filter, each)
    }

    pub(crate) fn stored_entries<E: From<Error>>(
        &self,
        from: u64,
        to: u64,
        each: impl FnMut(StoredEntry<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let which = Which::Log {
            from,
            to,
            streams: None,
        };
        self.store.scan(&which, each)
    }

    pub(crate) fn load_stream(&self, stream: &StreamId) -> Result<Vec<RecordedEntry>, Error> {
        Ok(views::load_stream(&self.store, stream)?.0)
    }

    pub(crate) fn stream_version(&self, stream: &StreamId) -> Result<u64, Error> {
        self.store.stream_version(stream)
    }

    pub(crate) fn find_entry(&self, id: EntryId) -> Result<Option<RecordedEntry>, Error> {
        views::find_entry(&self.store, id)
    }

    /// The receipt an entry got when it was appended.
    pub(crate) fn find_receipt(&self, id: EntryId) -> Result<Option<Receipt>, Error> {
        let mut found = None;
        self.store.scan(&Which::Id(id), |stored| {
            let recorded = canonical::decode(stored.seq, stored.kind, stored.canonical)?;
            found = recorded.map(|entry| Receipt {
                leaf_hash: stored.leaf_hash.try_into().unwrap_or_default(),
                is_new: false,
                ..Receipt::of(&entry)
            });
            Ok::<(), Error>(())
        })?;
        Ok(found)
    }

    /// The stored bytes of an entry, those the log covers.
    pub(crate) fn find_stored(&self, id: EntryId) -> Result<Option<Vec<u8>>, Error> {
        let mut found = None;
        self.store.scan(&Which::Id(id), |stored| {
            found = Some(stored.canonical.to_vec());
            Ok::<(), Error>(())
        })?;
        Ok(found)
    }

    /// Lines signed by this node, headed so that they can be taken for no checkpoint.
    pub(crate) fn sign_note(&self, first_line: &str, lines: &[String]) -> Result<String, Error> {
        let key = self.key.as_ref().ok_or_else(no_key)?;
        key.sign_note(first_line, lines)
    }

    /// Whether a file is kept; one that lies in its place is listed, should a crash have come between.
    pub(crate) fn keeps_blob(&self, sha256: &str) -> Result<bool, Error> {
        let path = self.blobs().path(sha256);
        let Some(size_bytes) = path
            .and_then(|p| std::fs::metadata(p).ok())
            .map(|m| m.len())
        else {
            return Ok(false);
        };
        if !self.is_read_only {
            self.store.list_blob(&Blob {
                sha256: sha256.to_owned(),
                size_bytes,
            })?;
        }
        Ok(true)
    }

    pub(crate) fn dossiers<E: From<Error>>(
        &self,
        as_of: AsOf,
        each: impl FnMut(Dossier) -> Result<(), E>,
    ) -> Result<(), E> {
        views::dossiers(&self.store, as_of, each)
    }

    pub(crate) fn dossiers_as_registered<E: From<Error>>(
        &self,
        each: impl FnMut(Dossier) -> Result<(), E>,
    ) -> Result<(), E> {
        views::dossiers_as_registered(&self.store, each)
    }

    pub(crate) fn find_dossier(&self, site: SiteId, as_of: AsOf) -> Result<Option<Dossier>, Error> {
        views::find_dossier(&self.store, site, as_of)
    }

    pub(crate) fn dossiers_of<E: From<Error>>(
        &self,
        sites: &[SiteId],
        as_of: AsOf,
        each: impl FnMut(Dossier) -> Result<(), E>,
    ) -> Result<(), E> {
        views::dossiers_of(&self.store, sites, as_of, each)
    }

    pub(crate) fn find_site_by_code(&self, site_code: &str) -> Result<Option<SiteId>, Error> {
        let text = self.store.find_site_by_code(site_code)?;
        Ok(text.and_then(|text| text.parse().ok()))
    }

    pub(crate) fn clues<E: From<Error>>(
        &self,
        as_of: AsOf,
        each: impl FnMut(Clue) -> Result<(), E>,
    ) -> Result<(), E> {
        views::clues(&self.store, as_of, each)
    }

    pub(crate) fn find_clue(&self, clue: ClueId) -> Result<Option<Clue>, Error> {
        views::find_clue(&self.store, clue)
    }

    pub(crate) fn sweep_blobs(&self, before: std::time::SystemTime) {
        self.blobs().sweep(before);
    }

    pub(crate) fn put_blob(
        &self,
        content: &mut impl std::io::Read,
        max: u64,
    ) -> Result<Blob, Error> {
        self.check_writable()?;
        let blob = self.blobs().put(content, max)?;
        self.store.list_blob(&blob)?;
        Ok(blob)
    }

    pub(crate) fn open_blob(&self, sha256: &str) -> Result<File, Error> {
        self.blobs().open(sha256)
    }

    /// Drops the projections and makes them anew from the entries.
    pub(crate) fn rebuild(&self) -> Result<(), Error> {
        self.check_writable()?;
        self.store.writing(|| schema::rebuild(&self.store))
    }
}

fn no_key() -> Error {
    Error::Key {
        reason: "keys/node.key is not there".to_owned(),
    }
}

fn first_entry(store: &impl Store) -> Result<RegisterOpened, Error> {
    if !store.is_register()? {
        return Err(Error::NotARegister(store.place()));
    }
    schema::check(store)?;
    let mut opened = None;
    let filter = EntryFilter {
        as_of: AsOf::LogSize(1),
        ..EntryFilter::default()
    };
    views::entries(store, &filter, |entry| {
        if let EntryBody::RegisterOpened(body) = entry.entry.body {
            opened = Some(*body);
        }
        Ok::<(), Error>(())
    })?;
    opened.ok_or_else(|| Error::NotARegister(store.place()))
}

impl<S: Store> LogSource for Keeper<S> {
    fn tile(&self, level: u8, index: u64) -> Result<Vec<u8>, Error> {
        self.store.load_tile(level, index)
    }

    fn leaves(&self, from: u64, to: u64, each: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        self.stored_entries(from, to, |entry| {
            let no_id = |e| Error::Tree {
                reason: format!("entry {}: {e}", entry.seq),
            };
            let id = entry.entry_id.parse().map_err(no_id)?;
            each(&canonical::leaf(entry.seq, id, entry.canonical)?);
            Ok(())
        })
    }
}
