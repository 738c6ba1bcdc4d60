//! 登记 — the append itself: receipts, versions of streams, the tree, the projections, the signed checkpoint.

use std::collections::BTreeMap;

use domain::concurrency::{StalePolicy, clashing_fields};
use domain::entry::{Entry, EntryBody, RecordedEntry};
use domain::ids::{SiteId, StreamId};
use jiff::Timestamp;
use tlog_tiles::Hash;
use tlog_tiles::tlog::record_hash;

use crate::error::{Clash, Error};
use crate::key::NodeKey;
use crate::projections::{self, Touched, Writer};
use crate::store::{Store, Which};
use crate::tree::{self, Growth};
use crate::{Head, Receipt, StoredEntry, canonical, views};

/// Size and root hash now.
pub(crate) fn head(store: &impl Store) -> Result<Head, Error> {
    let size = store.size()?;
    Ok(Head {
        size,
        root_hash: tree::root(size, store)?.0,
    })
}

/// Appends entries inside the transaction the store is in.
pub(crate) fn append(
    store: &impl Store,
    key: &NodeKey,
    node: &str,
    entries: &[Entry],
    recorded_at: Timestamp,
) -> Result<Vec<Receipt>, Error> {
    let mut appending = Appending::begin(store, node, recorded_at)?;
    let receipts = entries
        .iter()
        .map(|entry| appending.take(entry))
        .collect::<Result<Vec<_>, _>>()?;
    appending.finish(key)?;
    Ok(receipts)
}

struct Appending<'a, S: Store> {
    store: &'a S,
    node: &'a str,
    recorded_at: Timestamp,
    first_seq: u64,
    next_seq: u64,
    tree: Growth,
    streams: BTreeMap<StreamId, Version>,
    /// Site codes given in this transaction.
    codes: BTreeMap<String, SiteId>,
    projector: S::Projector<'a>,
    touched: Touched,
}

/// Where a stream stood when the transaction began, and where it stands now.
struct Version {
    before: u64,
    now: u64,
}

impl<'a, S: Store> Appending<'a, S> {
    fn begin(store: &'a S, node: &'a str, recorded_at: Timestamp) -> Result<Self, Error> {
        let size = store.size()?;
        Ok(Self {
            store,
            node,
            recorded_at,
            first_seq: size,
            next_seq: size,
            tree: Growth::load(size, store)?,
            streams: BTreeMap::new(),
            codes: BTreeMap::new(),
            projector: store.projector()?,
            touched: Touched::default(),
        })
    }

    fn take(&mut self, entry: &Entry) -> Result<Receipt, Error> {
        if let Some(receipt) = self.find_receipt(entry)? {
            return Ok(receipt);
        }
        self.check_site_code(entry)?;
        let version = self.next_version(entry)?;
        let recorded = RecordedEntry {
            seq: self.next_seq,
            version,
            recorded_at: self.recorded_at,
            origin: self.node.to_owned(),
            entry: entry.clone(),
        };
        let receipt = self.write(&recorded)?;
        projections::apply(&mut self.projector, &recorded, &mut self.touched)?;
        self.next_seq += 1;
        Ok(receipt)
    }

    /// A code names one site for ever. Codes are chosen before the lock is held, so somebody else may have been quicker.
    fn check_site_code(&mut self, entry: &Entry) -> Result<(), Error> {
        let EntryBody::SiteRegistered(site) = &entry.body else {
            return Ok(());
        };
        let of_another = self
            .store
            .find_site_by_code(&site.site_code)?
            .is_some_and(|id| id != site.site_id.0.hyphenated().to_string());
        let given = self.codes.insert(site.site_code.clone(), site.site_id);
        if of_another || given.is_some_and(|id| id != site.site_id) {
            return Err(Error::SiteCodeTaken(site.site_code.clone()));
        }
        Ok(())
    }

    /// The first receipt of an entry that is in the log already.
    fn find_receipt(&self, entry: &Entry) -> Result<Option<Receipt>, Error> {
        let mut receipt = None;
        self.store.scan(&Which::Id(entry.id), |stored| {
            let first = canonical::same_fact(stored.canonical, entry)?;
            let first = first.ok_or(Error::SameIdOtherContent {
                entry_id: entry.id,
                seq: stored.seq,
            })?;
            receipt = Some(Receipt {
                leaf_hash: stored.leaf_hash.try_into().unwrap_or_default(),
                is_new: false,
                ..Receipt::of(&first)
            });
            Ok::<(), Error>(())
        })?;
        Ok(receipt)
    }

    fn next_version(&mut self, entry: &Entry) -> Result<u64, Error> {
        if !self.streams.contains_key(&entry.stream) {
            let before = self.store.stream_version(&entry.stream)?;
            self.streams.insert(
                entry.stream.clone(),
                Version {
                    before,
                    now: before,
                },
            );
        }
        let version = self.streams.get_mut(&entry.stream).expect("inserted above");
        let Version { before, now } = *version;
        version.now += 1;
        match entry.based_on {
            Some(based_on) if based_on > now => Err(Error::AheadOfStream {
                stream: entry.stream.clone(),
                based_on,
                current: now,
            }),
            Some(based_on) if based_on < before => {
                check_stale(self.store, entry, based_on, before)?;
                Ok(now + 1)
            }
            // Entries of one append that name the same version were made together, not meanwhile.
            _ => Ok(now + 1),
        }
    }

    fn write(&mut self, recorded: &RecordedEntry) -> Result<Receipt, Error> {
        let stored = canonical::encode(recorded)?;
        let hash: Hash = record_hash(&canonical::leaf(recorded.seq, recorded.entry.id, &stored)?);
        self.tree.push(hash, self.store)?;
        let row = StoredEntry {
            seq: recorded.seq,
            entry_id: &recorded.entry.id.0.hyphenated().to_string(),
            stream: &recorded.entry.stream.0,
            version: recorded.version,
            kind: recorded.entry.body.kind(),
            canonical: &stored,
            leaf_hash: &hash.0,
        };
        self.store
            .insert_entry(&row, recorded.claimed_at(), recorded.recorded_at)?;
        Ok(Receipt {
            leaf_hash: hash.0,
            ..Receipt::of(recorded)
        })
    }

    fn finish(self, key: &NodeKey) -> Result<(), Error> {
        if self.next_seq == self.first_seq {
            return Ok(());
        }
        for (stream, version) in self.streams.iter().filter(|(_, v)| v.now > v.before) {
            self.store.set_stream_version(stream, version.now)?;
        }
        let size = self.tree.finish(self.store)?;
        let mut projector = self.projector;
        projections::settle(&mut projector, self.touched)?;
        projector.finish(Some(self.recorded_at))?;
        sign(self.store, key, size)
    }
}

/// Signs the log as it stands, in the transaction that made it so.
fn sign(store: &impl Store, key: &NodeKey, size: u64) -> Result<(), Error> {
    let root = tree::root(size, store)?;
    store.insert_checkpoint(size, &root.0, &key.sign(size, root)?)
}

/// What the entry's kind says about a stream that moved on since version `based_on`.
fn check_stale(
    store: &impl Store,
    entry: &Entry,
    based_on: u64,
    current: u64,
) -> Result<(), Error> {
    let policy = StalePolicy::of(entry.body.kind());
    if policy == StalePolicy::Commute {
        return Ok(());
    }
    let mut meanwhile = views::stream_between(store, &entry.stream, based_on, current)?;
    // What somebody wrote themselves is no news to them.
    meanwhile.retain(|theirs| !is_own(entry, &theirs.entry, policy));
    if meanwhile.is_empty() {
        return Ok(());
    }
    let clash = |theirs: RecordedEntry| {
        let fields = clashing_fields(&entry.body, &theirs.entry.body);
        Clash {
            theirs: Box::new(theirs),
            fields,
        }
    };
    let mut clashes: Vec<Clash> = meanwhile.into_iter().map(clash).collect();
    if policy == StalePolicy::MergeByField {
        clashes.retain(|clash| !clash.fields.is_empty());
        if clashes.is_empty() {
            return Ok(());
        }
    }
    Err(Error::Stale {
        stream: entry.stream.clone(),
        entry_id: entry.id,
        based_on,
        current,
        clashes,
    })
}

/// Whether `theirs` is what the author of a stamped entry stated: before it, and for what is merged by field after it too,
/// because what was claimed later stands whatever comes first.
fn is_own(entry: &Entry, theirs: &Entry, policy: StalePolicy) -> bool {
    let Some(stamp) = &entry.stamp else {
        return false;
    };
    let is_before = theirs.occurred_at < entry.occurred_at;
    let is_lower = theirs
        .stamp
        .as_ref()
        .is_some_and(|t| t.device_id == stamp.device_id && t.number < stamp.number);
    let is_in_order = policy == StalePolicy::MergeByField || is_before || is_lower;
    theirs.author.actor == entry.author.actor && is_in_order
}
