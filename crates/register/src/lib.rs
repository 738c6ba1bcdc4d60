//! 登记簿 — appends entries and keeps the projections, the blobs and the Merkle log.
//!
//! A register lives in a folder:
//!
//! ```text
//! register.gpkg      entries, tree, projections: one GeoPackage (SQLite, WAL), readable by QGIS while in use
//! register.toml      instead of it: names the PostgreSQL database that holds the same
//! blobs/ab/cd/<sha>  files named by their SHA-256
//! log/               the log for others, in C2SP tlog-tiles form; rebuilt from the database at any time
//! keys/node.key      signs checkpoints; never in the database, never in a backup unless asked for
//! ```
//!
//! The only way to write is [`Register::append`]; entries are never changed or deleted. Everything else in the
//! database follows from them: [`Register::rebuild`] proves it, [`Register::verify`] proves that nothing was altered.

#![allow(
    clippy::missing_errors_doc,
    reason = "the error enum names what can fail"
)]

pub mod accounts;
mod address;
mod append;
mod backup;
mod blobs;
mod canonical;
mod check;
mod clue;
mod constraints;
mod error;
mod geopackage;
mod home;
mod keeper;
mod key;
pub mod layers;
mod postgres;
mod projections;
mod proof;
mod publish;
pub mod scan;
mod schema;
mod stamp;
mod statements;
mod store;
mod tree;
mod verify;
mod views;
mod wkb;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use domain::as_of::AsOf;
use domain::dossier::{Dossier, Kept};
use domain::entries::{
    BackgroundAdopted, BoundaryAdopted, CampaignOpened, ClueBatchImported, RegisterOpened,
    ReserveRegistered, RoutesAdopted, StationsAdopted,
};
use domain::entry::{Author, Entry, EntryBody, RecordedEntry};
use domain::ids::{ClueId, EntryId, SiteId, StreamId};
use jiff::Timestamp;

use home::Home;
use keeper::Keeper;

pub use address::{Address, DatabaseAddress};
pub use blobs::Blob;
pub use check::{BackupReport, Fault, VerifyReport};
pub use clue::{Clue, ClueState};
pub use constraints::{CONSTRAINTS, Constraint};
pub use error::{Clash, Driver, Error};
pub use key::open_note;
pub use proof::{leaf_of, open_checkpoint, root_of_proof};
pub use stamp::{is_stamped, item_bytes, read_item, signed_bytes};

/// 启用 — what a new register is told about itself.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Name of the node, without spaces and '+'; also the name in its checkpoints.
    pub node: String,
    pub is_demonstration: bool,
    pub opened_at: Timestamp,
    pub author: Author,
}

impl Opening {
    fn entry(&self, verifier_key: String) -> Entry {
        Entry {
            id: EntryId::derived(
                self.opened_at,
                &[b"register.opened", verifier_key.as_bytes()],
            ),
            stream: StreamId::register(),
            based_on: None,
            body: RegisterOpened {
                node: self.node.clone(),
                hash_suite: "SHA-256".to_owned(),
                signature_suite: "Ed25519".to_owned(),
                verifier_key,
                is_demonstration: self.is_demonstration,
            }
            .into(),
            author: self.author.clone(),
            occurred_at: self.opened_at,
            clocks: None,
            stamp: None,
        }
    }
}

/// 回执 — an entry's place in the log; the same for ever, however often the entry is appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub entry_id: EntryId,
    pub seq: u64,
    /// Position in the stream.
    pub version: u64,
    pub recorded_at: Timestamp,
    /// RFC 6962 leaf hash.
    pub leaf_hash: [u8; 32],
    /// Whether this append put it there, not an earlier one.
    pub is_new: bool,
}

impl Receipt {
    fn of(entry: &RecordedEntry) -> Self {
        Self {
            entry_id: entry.entry.id,
            seq: entry.seq,
            version: entry.version,
            recorded_at: entry.recorded_at,
            leaf_hash: [0; 32],
            is_new: true,
        }
    }
}

/// 日志头 — size and root hash of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    pub size: u64,
    pub root_hash: [u8; 32],
}

impl Head {
    /// The root hash in lower-case hexadecimal.
    pub fn root_hex(&self) -> String {
        canonical::hex(&self.root_hash)
    }
}

/// 底图图层 — a background layer in force.
#[derive(Debug, Clone, PartialEq)]
pub struct Background {
    /// Version of its stream at its adoption: what a withdrawal is based on.
    pub version: u64,
    pub adopted: Kept<BackgroundAdopted>,
}

/// 筛选 — which entries to read.
#[derive(Debug, Clone, Copy, Default)]
pub struct EntryFilter<'a> {
    /// Only this stream.
    pub stream: Option<&'a StreamId>,
    /// Only streams of this noun: `site`, `clue_batch`, `reserve`.
    pub noun: Option<&'a str>,
    /// Only these kinds; empty means all.
    pub kinds: &'a [&'a str],
    pub as_of: AsOf,
}

impl EntryFilter<'_> {
    fn admits(&self, kind: &str) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }

    /// Least stream name, and the first name beyond, that can match.
    fn range(&self) -> (Option<String>, Option<String>) {
        match (self.stream, self.noun) {
            // No stream has a control character in its name, and PostgreSQL takes no zero in a text.
            (Some(stream), _) => (Some(stream.0.clone()), Some(format!("{}\u{1}", stream.0))),
            // The register's own stream has no slash; '0' is the character after '/'.
            (None, Some(noun)) => (Some(noun.to_owned()), Some(format!("{noun}0"))),
            (None, None) => (None, None),
        }
    }
}

/// 存储的条目 — an entry as it lies in the store, whether this program knows its kind or not.
#[derive(Debug, Clone, Copy)]
pub struct StoredEntry<'a> {
    pub seq: u64,
    pub entry_id: &'a str,
    pub stream: &'a str,
    pub version: u64,
    pub kind: &'a str,
    /// Canonical JSON, the bytes the log covers.
    pub canonical: &'a [u8],
    pub leaf_hash: &'a [u8],
}

/// The register in one file on this machine.
#[derive(Debug)]
pub struct GeoPackage(Keeper<geopackage::Db>);

/// The register in a database that several machines share.
#[derive(Debug)]
pub struct Postgres(Keeper<postgres::Db>);

/// 登记簿 — one register, in one of the stores that keep it.
#[derive(Debug)]
pub enum Register {
    /// A GeoPackage in the register's folder.
    GeoPackage(Box<GeoPackage>),
    /// A PostgreSQL database with PostGIS.
    Postgres(Box<Postgres>),
}

/// Hands a call to the store.
macro_rules! store {
    ($register:expr, $keeper:ident => $call:expr) => {
        match $register {
            Register::GeoPackage(store) => {
                let $keeper = &store.0;
                $call
            }
            Register::Postgres(store) => {
                let $keeper = &store.0;
                $call
            }
        }
    };
}

impl Register {
    fn in_geopackage(keeper: Keeper<geopackage::Db>) -> Self {
        Self::GeoPackage(Box::new(GeoPackage(keeper)))
    }

    fn in_postgres(keeper: Keeper<postgres::Db>) -> Self {
        Self::Postgres(Box::new(Postgres(keeper)))
    }

    /// Creates a register at an address, makes its key, and appends `register.opened`.
    pub fn create(at: impl Into<Address>, opening: &Opening) -> Result<Self, Error> {
        let at = at.into();
        let home = Home::new(at.folder());
        match at.database()? {
            None => {
                let db = geopackage::Db::create(&home)?;
                Keeper::create(home, db, opening).map(Self::in_geopackage)
            }
            Some(database) => {
                let db = postgres::Db::open(&database)?;
                Keeper::create(home, db, opening).map(Self::in_postgres)
            }
        }
    }

    /// Whether there is a register at an address.
    pub fn is_there(at: impl Into<Address>) -> Result<bool, Error> {
        let at = at.into();
        match at.database()? {
            None => Ok(Home::new(at.folder()).database().exists()),
            Some(database) => postgres::Db::open_read_only(&database)?.holds_a_register(),
        }
    }

    /// Opens the register of an address for reading and writing.
    pub fn open(at: impl Into<Address>) -> Result<Self, Error> {
        let at = at.into();
        let home = Home::new(at.folder());
        match at.database()? {
            None => {
                let db = geopackage::Db::open(&home)?;
                Keeper::open(home, db).map(Self::in_geopackage)
            }
            Some(database) => {
                let db = postgres::Db::open(&database)?;
                Keeper::open(home, db).map(Self::in_postgres)
            }
        }
    }

    /// Opens the register of an address for reading; others may write it meanwhile.
    pub fn open_read_only(at: impl Into<Address>) -> Result<Self, Error> {
        let at = at.into();
        let home = Home::new(at.folder());
        match at.database()? {
            None => {
                let db = geopackage::Db::open_read_only(&home)?;
                Keeper::open_read_only(home, db).map(Self::in_geopackage)
            }
            Some(database) => {
                let db = postgres::Db::open_read_only(&database)?;
                Keeper::open_read_only(home, db).map(Self::in_postgres)
            }
        }
    }

    /// Folder the register lives in.
    pub fn home(&self) -> &Path {
        store!(self, s => s.folder())
    }

    /// What the register's first entry says of it: node, suites, verifier key.
    pub fn opened(&self) -> &RegisterOpened {
        store!(self, s => s.opened())
    }

    /// Appends all entries or none, in one transaction with everything that follows from them.
    ///
    /// An id that is in the log already gives its first receipt and adds nothing, unless it comes with other content.
    /// An entry made upon an older version of its stream is treated as its kind says ([`domain::concurrency`]).
    pub fn append(
        &mut self,
        entries: &[Entry],
        recorded_at: Timestamp,
    ) -> Result<Vec<Receipt>, Error> {
        store!(self, s => s.append(entries, recorded_at))
    }

    /// Size and root hash of the log.
    pub fn head(&self) -> Result<Head, Error> {
        store!(self, s => s.head())
    }

    /// Whether it is a file of this machine: what is asked of it is answered without anybody else.
    pub fn is_file(&self) -> bool {
        matches!(self, Self::GeoPackage(_))
    }

    /// Entries in the log; much cheaper than its head, which hashes.
    pub fn log_size(&self) -> Result<u64, Error> {
        store!(self, s => s.log_size())
    }

    /// Root hash the log had at a size.
    pub fn root_at(&self, size: u64) -> Result<[u8; 32], Error> {
        store!(self, s => s.root_at(size))
    }

    /// The newest signed checkpoint (C2SP signed note).
    pub fn checkpoint(&self) -> Result<String, Error> {
        store!(self, s => s.checkpoint())
    }

    /// RFC 6962 proof that entry `seq` is in the log of `size`.
    pub fn inclusion_proof(&self, seq: u64, size: u64) -> Result<Vec<[u8; 32]>, Error> {
        store!(self, s => s.inclusion_proof(seq, size))
    }

    /// RFC 6962 proof that the log of size `old` is the beginning of the log of size `new`.
    pub fn consistency_proof(&self, old: u64, new: u64) -> Result<Vec<[u8; 32]>, Error> {
        store!(self, s => s.consistency_proof(old, new))
    }

    /// Calls `each` for every entry the filter lets through, in the order of the log.
    pub fn entries<E: From<Error>>(
        &self,
        filter: &EntryFilter<'_>,
        each: impl FnMut(RecordedEntry) -> Result<(), E>,
    ) -> Result<(), E> {
        store!(self, s => s.entries(filter, each))
    }

    /// Calls `each` with the stored bytes of the entries from `from` to before `to`, also those of unknown kind.
    pub fn stored_entries<E: From<Error>>(
        &self,
        from: u64,
        to: u64,
        each: impl FnMut(StoredEntry<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        store!(self, s => s.stored_entries(from, to, each))
    }

    /// Entries of a stream in order of version; none if there is no such stream.
    pub fn load_stream(&self, stream: &StreamId) -> Result<Vec<RecordedEntry>, Error> {
        store!(self, s => s.load_stream(stream))
    }

    /// Version a stream is at; 0 before its first entry.
    pub fn stream_version(&self, stream: &StreamId) -> Result<u64, Error> {
        store!(self, s => s.stream_version(stream))
    }

    /// The entry of an id.
    pub fn find_entry(&self, id: EntryId) -> Result<Option<RecordedEntry>, Error> {
        store!(self, s => s.find_entry(id))
    }

    /// The receipt an entry got when it was appended.
    pub fn find_receipt(&self, id: EntryId) -> Result<Option<Receipt>, Error> {
        store!(self, s => s.find_receipt(id))
    }

    /// The stored bytes of an entry, those the log covers.
    pub fn find_stored(&self, id: EntryId) -> Result<Option<Vec<u8>>, Error> {
        store!(self, s => s.find_stored(id))
    }

    /// Lines signed by this node (C2SP signed note); the first line ends with the node's name.
    pub fn sign_note(&self, first_line: &str, lines: &[String]) -> Result<String, Error> {
        store!(self, s => s.sign_note(first_line, lines))
    }

    /// Whether a file is kept under this SHA-256.
    pub fn keeps_blob(&self, sha256: &str) -> Result<bool, Error> {
        store!(self, s => s.keeps_blob(sha256))
    }

    /// Calls `each` for every site's dossier, in the order of the sites' ids.
    pub fn dossiers<E: From<Error>>(
        &self,
        as_of: AsOf,
        each: impl FnMut(Dossier) -> Result<(), E>,
    ) -> Result<(), E> {
        store!(self, s => s.dossiers(as_of, each))
    }

    /// Calls `each` for every site's dossier as of now, in the order the sites were registered: the database is read
    /// from end to end, and sites that came together come together.
    pub fn dossiers_as_registered<E: From<Error>>(
        &self,
        each: impl FnMut(Dossier) -> Result<(), E>,
    ) -> Result<(), E> {
        store!(self, s => s.dossiers_as_registered(each))
    }

    /// The dossier of a site, if it was registered by then.
    pub fn find_dossier(&self, site: SiteId, as_of: AsOf) -> Result<Option<Dossier>, Error> {
        store!(self, s => s.find_dossier(site, as_of))
    }

    /// Calls `each` for the dossiers of the sites given, in their order; sites not registered by then are left out.
    pub fn dossiers_of<E: From<Error>>(
        &self,
        sites: &[SiteId],
        as_of: AsOf,
        each: impl FnMut(Dossier) -> Result<(), E>,
    ) -> Result<(), E> {
        store!(self, s => s.dossiers_of(sites, as_of, each))
    }

    /// The dossier of a site; an error if it was not registered by then.
    pub fn load_dossier(&self, site: SiteId, as_of: AsOf) -> Result<Dossier, Error> {
        self.find_dossier(site, as_of)?
            .ok_or_else(|| Error::NotFound {
                what: "site",
                id: site.to_string(),
            })
    }

    /// The site a code was given to.
    pub fn find_site_by_code(&self, site_code: &str) -> Result<Option<SiteId>, Error> {
        store!(self, s => s.find_site_by_code(site_code))
    }

    /// Calls `each` for every clue with what became of it, in the order they were received.
    pub fn clues<E: From<Error>>(
        &self,
        as_of: AsOf,
        each: impl FnMut(Clue) -> Result<(), E>,
    ) -> Result<(), E> {
        store!(self, s => s.clues(as_of, each))
    }

    /// A clue as of now.
    pub fn find_clue(&self, clue: ClueId) -> Result<Option<Clue>, Error> {
        store!(self, s => s.find_clue(clue))
    }

    /// Batches imported, in the order of the log.
    pub fn batches(&self, as_of: AsOf) -> Result<Vec<Kept<ClueBatchImported>>, Error> {
        self.bodies(
            None,
            Some("clue_batch"),
            "clue_batch.imported",
            as_of,
            |body| match body {
                EntryBody::ClueBatchImported(body) => Some(*body),
                _ => None,
            },
        )
    }

    /// Reserves registered, in the order of the log.
    pub fn reserves(&self, as_of: AsOf) -> Result<Vec<Kept<ReserveRegistered>>, Error> {
        self.bodies(
            None,
            Some("reserve"),
            "reserve.registered",
            as_of,
            |body| match body {
                EntryBody::ReserveRegistered(body) => Some(*body),
                _ => None,
            },
        )
    }

    /// The latest statement about a reserve.
    pub fn find_reserve(
        &self,
        reserve_code: &str,
        as_of: AsOf,
    ) -> Result<Option<Kept<ReserveRegistered>>, Error> {
        let stream = StreamId::reserve(reserve_code);
        let all = self.bodies(
            Some(&stream),
            None,
            "reserve.registered",
            as_of,
            |body| match body {
                EntryBody::ReserveRegistered(body) => Some(*body),
                _ => None,
            },
        )?;
        Ok(all.into_iter().last())
    }

    /// Boundary versions adopted, in the order of the log.
    pub fn boundaries(
        &self,
        reserve_code: &str,
        as_of: AsOf,
    ) -> Result<Vec<Kept<BoundaryAdopted>>, Error> {
        let stream = StreamId::reserve(reserve_code);
        self.bodies(
            Some(&stream),
            None,
            "boundary.adopted",
            as_of,
            |body| match body {
                EntryBody::BoundaryAdopted(body) => Some(*body),
                _ => None,
            },
        )
    }

    /// The boundary version adopted last.
    pub fn latest_boundary(
        &self,
        reserve_code: &str,
        as_of: AsOf,
    ) -> Result<Option<Kept<BoundaryAdopted>>, Error> {
        Ok(self.boundaries(reserve_code, as_of)?.into_iter().last())
    }

    /// The station territories adopted last.
    pub fn latest_stations(
        &self,
        reserve_code: &str,
        as_of: AsOf,
    ) -> Result<Option<Kept<StationsAdopted>>, Error> {
        let stream = StreamId::reserve(reserve_code);
        let all = self.bodies(
            Some(&stream),
            None,
            "stations.adopted",
            as_of,
            |body| match body {
                EntryBody::StationsAdopted(body) => Some(*body),
                _ => None,
            },
        )?;
        Ok(all.into_iter().last())
    }

    /// The patrol routes adopted last.
    pub fn latest_routes(
        &self,
        reserve_code: &str,
        as_of: AsOf,
    ) -> Result<Option<Kept<RoutesAdopted>>, Error> {
        let stream = StreamId::reserve(reserve_code);
        let all = self.bodies(
            Some(&stream),
            None,
            "routes.adopted",
            as_of,
            |body| match body {
                EntryBody::RoutesAdopted(body) => Some(*body),
                _ => None,
            },
        )?;
        Ok(all.into_iter().last())
    }

    /// Background layers of a reserve that are not withdrawn, each as adopted last, by code.
    pub fn backgrounds(&self, reserve_code: &str) -> Result<Vec<Background>, Error> {
        let mut standing = BTreeMap::new();
        let filter = EntryFilter {
            noun: Some("background"),
            kinds: &["background.adopted", "background.withdrawn"],
            ..EntryFilter::default()
        };
        self.entries(&filter, |entry| {
            let (version, kept) = (entry.version, clue::kept(&entry, ()));
            match entry.entry.body {
                EntryBody::BackgroundAdopted(body) if body.reserve_code == reserve_code => {
                    let code = body.background_code.clone();
                    let adopted = kept.with(*body);
                    standing.insert(code, Background { version, adopted });
                }
                EntryBody::BackgroundWithdrawn(body) if body.reserve_code == reserve_code => {
                    standing.remove(&body.background_code);
                }
                _ => {}
            }
            Ok::<(), Error>(())
        })?;
        Ok(standing.into_values().collect())
    }

    /// Campaigns opened, in the order of the log; one opened anew comes again.
    pub fn campaigns(&self, as_of: AsOf) -> Result<Vec<Kept<CampaignOpened>>, Error> {
        self.bodies(
            None,
            Some("campaign"),
            "campaign.opened",
            as_of,
            |body| match body {
                EntryBody::CampaignOpened(body) => Some(*body),
                _ => None,
            },
        )
    }

    /// The configuration of a campaign opened last.
    pub fn find_campaign(
        &self,
        campaign_id: &str,
        as_of: AsOf,
    ) -> Result<Option<Kept<CampaignOpened>>, Error> {
        let all = self.campaigns(as_of)?;
        Ok(all
            .into_iter()
            .rev()
            .find(|campaign| campaign.body.campaign_id == campaign_id))
    }

    fn bodies<T>(
        &self,
        stream: Option<&StreamId>,
        noun: Option<&str>,
        kind: &str,
        as_of: AsOf,
        pick: impl Fn(EntryBody) -> Option<T>,
    ) -> Result<Vec<Kept<T>>, Error> {
        let mut found = Vec::new();
        let filter = EntryFilter {
            stream,
            noun,
            kinds: &[kind],
            as_of,
        };
        self.entries(&filter, |entry| {
            let kept = clue::kept(&entry, ());
            found.extend(pick(entry.entry.body).map(|body| kept.with(body)));
            Ok::<(), Error>(())
        })?;
        Ok(found)
    }

    /// Stores a file under its SHA-256, reading at most `max` bytes; a file that is there already is kept once.
    pub fn put_blob(&mut self, content: &mut impl Read, max: u64) -> Result<Blob, Error> {
        store!(self, s => s.put_blob(content, max))
    }

    /// Throws away what was left half written of files before an instant.
    pub fn sweep_blobs(&self, before: std::time::SystemTime) {
        store!(self, s => s.sweep_blobs(before));
    }

    /// Opens a stored file by its SHA-256.
    pub fn open_blob(&self, sha256: &str) -> Result<File, Error> {
        store!(self, s => s.open_blob(sha256))
    }

    /// Recomputes leaf hashes, tree, projections and blobs, opens every checkpoint, looks at every published file and
    /// at the triggers, and reports whatever differs.
    pub fn verify(&self) -> Result<VerifyReport, Error> {
        store!(self, s => s.verify())
    }

    /// Copies the register into an empty folder while it is in use, then opens and verifies the copy. The signing key
    /// goes along only if asked for: two nodes with one key could sign two histories.
    pub fn backup(&self, to: &Path, with_key: bool) -> Result<BackupReport, Error> {
        store!(self, s => s.backup(to, with_key))
    }

    /// Drops the projections and makes them anew from the entries; the log is not touched.
    pub fn rebuild(&mut self) -> Result<(), Error> {
        store!(self, s => s.rebuild())
    }
}
