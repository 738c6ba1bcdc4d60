//! 图集 — all sites and clues of a register in memory, by columns, for lists, figures and maps that must come at once.
//!
//! It is a copy: what it holds follows from the dossiers, row by row, and is brought up to the log's position before it
//! is read. Texts lie in one string, coded fields as numbers of a dictionary.

mod background_table;
mod clue_table;
mod columns;
mod cross;
mod filter;
mod grid;
mod ground;
mod issues;
mod laying;
mod outlines;
mod remembered;
mod rows;
mod selecting;
mod site_table;
mod suspicions;
mod tally;
mod told_outlines;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, RwLock, RwLockReadGuard, TryLockError};
use std::time::{Duration, Instant};

use domain::as_of::AsOf;
use domain::dossier::Dossier;
use domain::ids::{ClueId, SiteId, StreamId};
use domain::policy::{self, Action, Actor, Resource, Scope};
use register::{Clue, Register};

pub use background_table::{BackgroundShelf, TILE_LAYERS};
pub use clue_table::{ClueRow, ClueTable};
pub use columns::Words;
pub use cross::Dimension;
pub use filter::{Box2, SiteFilter, SiteQuery};
pub use grid::{bounds as tile_bounds, touch};
pub use ground::{Ground, GroundFeature, GroundLayer};
pub(crate) use issues::percent_of;
pub use issues::{IssueEyes, IssueLine, IssueTable, UnopenedLine};
pub use rows::Rows;
pub use selecting::{Order, Sort};
pub(crate) use site_table::is_confidential;
pub use site_table::{Eyes, SiteRow, SiteTable};
pub use suspicions::{SuspicionLine, SuspicionTable};
pub use tally::{Counted, Tally};

use crate::error::Error;
use crate::session::{Setting, unreadable_dossier};

/// 图集 — sites and clues as of one day or log position.
pub struct Atlas {
    /// Log position the tables follow from.
    pub log_size: u64,
    pub sites: SiteTable,
    pub clues: ClueTable,
    pub issues: IssueTable,
    pub ground: Ground,
    pub suspicions: SuspicionTable,
    /// What the lines follow from besides the dossiers: who asks may have read it earlier, or later.
    setting: Setting,
    /// Where something changed since this was last asked: boxes in mercator units.
    touched: Vec<[i32; 4]>,
}

impl Atlas {
    /// Reads everything.
    pub fn load(register: &Register, as_of: AsOf) -> Result<Self, Error> {
        // The size first, then the setting: what is added meanwhile is met again by the next catching up.
        let log_size = register.log_size()?;
        let setting = Setting::load(register)?;
        let Columns {
            sites,
            issues,
            suspicions,
        } = load_columns(register, &setting, as_of)?;
        let geography = crate::session::geography_of(register, &setting, AsOf::Now).ok();
        let mut clues = ClueTable::new(geography);
        register.clues::<Error>(as_of, |clue| {
            clues.put(clue);
            Ok(())
        })?;
        Ok(Self {
            log_size,
            sites,
            clues,
            issues,
            ground: Ground::load(register, &setting, as_of)?,
            suspicions,
            setting,
            touched: Vec::new(),
        })
    }

    /// Takes in what the log gained; nothing in it can fail, so that readers never meet half of it.
    fn take_in(&mut self, gained: Gained) {
        for dossier in &gained.dossiers {
            self.touched.extend(self.sites.extent(dossier.site_id));
            self.sites.put(dossier, &self.setting);
            self.issues.put(dossier, &self.setting);
            self.suspicions.put(dossier);
            self.touched.extend(self.sites.extent(dossier.site_id));
        }
        self.sites.settle();
        for clue in gained.clues {
            self.touched.extend(self.clues.put(clue));
        }
        self.log_size = gained.size;
    }

    /// What changed since this was last asked.
    pub fn take_touched(&mut self) -> Vec<[i32; 4]> {
        std::mem::take(&mut self.touched)
    }
}

/// Whether a place in a tile's own units lies in the tile itself, not only beside it.
pub(crate) fn is_in_tile(local: [i32; 2]) -> bool {
    local
        .iter()
        .all(|v| (0..spatial::tiles::EXTENT).contains(v))
}

/// Dossiers handed over at once, and how many such parcels may wait.
const PARCEL: usize = 256;
const MOST_PARCELS: usize = 4;

/// What the dossiers give: a line a site, a line an issue, a line a suspicion.
#[derive(Default)]
struct Columns {
    sites: SiteTable,
    issues: IssueTable,
    suspicions: SuspicionTable,
}

/// All dossiers by columns. One thread reads and decodes, another enters: either takes about as long.
fn load_columns(register: &Register, setting: &Setting, as_of: AsOf) -> Result<Columns, Error> {
    std::thread::scope(|scope| {
        let (hand, handed) = mpsc::sync_channel::<Vec<Dossier>>(MOST_PARCELS);
        let entering = scope.spawn(move || {
            let mut columns = Columns {
                sites: SiteTable::new(),
                ..Columns::default()
            };
            for dossier in handed.into_iter().flatten() {
                // Only what is compared is read here: most claims of most sites stay as they came.
                let checked = dossier.check_compared_claims();
                checked.map_err(unreadable_dossier)?;
                columns.sites.put(&dossier, setting);
                columns.issues.put(&dossier, setting);
                columns.suspicions.put(&dossier);
            }
            columns.sites.lay_by_place();
            columns.sites.settle();
            Ok::<Columns, register::Error>(columns)
        });
        let mut parcel = Vec::with_capacity(PARCEL);
        let mut take = |dossier: Dossier| {
            parcel.push(dossier);
            if parcel.len() == PARCEL {
                let full = std::mem::replace(&mut parcel, Vec::with_capacity(PARCEL));
                // Nobody takes a parcel only where entering broke off; joining tells why.
                return hand.send(full).map_err(Error::internal);
            }
            Ok::<(), Error>(())
        };
        let read = match as_of {
            AsOf::Now => register.dossiers_as_registered(&mut take),
            _ => register.dossiers(as_of, &mut take),
        };
        let _ = hand.send(parcel);
        drop(hand);
        let entered = entering.join();
        let columns = entered.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        read?;
        Ok(columns)
    })
}

/// Sites that are taken in one by one at most; what changed more is read anew, outside the lock.
const MOST_GAINED: usize = 5_000;

/// What a log gained since an atlas was read.
struct Gained {
    size: u64,
    dossiers: Vec<Dossier>,
    clues: Vec<Clue>,
}

impl Gained {
    /// Reads it; nothing where everything has to be read anew: the setting changed, or very much did.
    fn read(register: &Register, from: u64) -> Result<Option<Self>, Error> {
        let size = register.log_size()?;
        let mut sites = BTreeSet::new();
        let mut clues = BTreeSet::new();
        let mut is_setting_changed = false;
        register.stored_entries::<Error>(from, size, |entry| {
            sites.extend(StreamId(entry.stream.to_owned()).as_site());
            if entry.kind.starts_with("clue.") {
                let body: Option<ClueOf> = serde_json::from_slice(entry.canonical).ok();
                clues.extend(body.and_then(|b| b.body.clue_id));
            }
            is_setting_changed |= matches!(
                entry.kind,
                "campaign.opened"
                    | "reserve.registered"
                    | "boundary.adopted"
                    | "stations.adopted"
                    | "routes.adopted"
            );
            Ok(())
        })?;
        if is_setting_changed || sites.len() + clues.len() > MOST_GAINED {
            return Ok(None);
        }
        let mut gained = Self {
            size,
            dossiers: Vec::with_capacity(sites.len()),
            clues: Vec::with_capacity(clues.len()),
        };
        let sites: Vec<SiteId> = sites.into_iter().collect();
        register.dossiers_of(&sites, AsOf::Now, |dossier| {
            dossier.check_claims().map_err(unreadable_dossier)?;
            gained.dossiers.push(dossier);
            Ok::<_, Error>(())
        })?;
        for clue in clues {
            gained.clues.extend(register.find_clue(clue)?);
        }
        Ok(Some(gained))
    }
}

#[derive(serde::Deserialize)]
struct ClueOf {
    body: ClueOfBody,
}

#[derive(serde::Deserialize)]
struct ClueOfBody {
    clue_id: Option<ClueId>,
}

/// 可见范围 — which stations' things an actor sees, over a dictionary of station ids. The same rule as for single checks.
pub fn visible_stations(
    actor: &Actor,
    action: Action,
    setting: &Setting,
    stations: &Words,
) -> Vec<bool> {
    let scope = policy::scope_of(actor, action);
    if let Scope::Stations {
        reserve_code,
        station_ids,
    } = &scope
    {
        let is_here = *reserve_code == setting.reserve.reserve_code;
        let is_own = |station: Option<&str>| {
            is_here && station.is_some_and(|s| station_ids.iter().any(|own| own == s))
        };
        return stations.iter().map(is_own).collect();
    }
    // No other scope asks for the station: one answer is that of all.
    let covers = scope.covers(&Resource {
        reserve_code: Some(setting.reserve.reserve_code.clone()),
        division_code: setting.reserve.division_code.clone(),
        ..Resource::default()
    });
    vec![covers; stations.len()]
}

/// 图集柜 — the atlas of now, kept current, and a few of earlier days.
pub struct Atlases {
    now: RwLock<Option<Atlas>>,
    /// Held by who brings the atlas of now up to the log; the others wait a little and are then told to come back.
    keeping: Mutex<()>,
    past: Mutex<Vec<Past>>,
    backgrounds: BackgroundShelf,
    patrols: crate::patrols::PatrolShelf,
    loads: AtomicU64,
}

struct Past {
    as_of: AsOf,
    log_size: u64,
    atlas: Arc<Atlas>,
}

/// How long to wait before looking again, and at most.
const PATIENCE: Duration = Duration::from_millis(5);
const MOST_PATIENCE: Duration = Duration::from_secs(4);
/// Atlases of earlier days that are kept.
const PAST_KEPT: usize = 6;

/// An atlas for reading.
pub enum AtlasRead<'a> {
    Now(RwLockReadGuard<'a, Option<Atlas>>),
    Past(Arc<Atlas>),
}

impl std::ops::Deref for AtlasRead<'_> {
    type Target = Atlas;

    fn deref(&self) -> &Atlas {
        match self {
            Self::Past(atlas) => atlas,
            // `Atlases::read` hands out the guard only after it was filled.
            Self::Now(guard) => guard
                .as_ref()
                .expect("an atlas is filled before it is read"),
        }
    }
}

impl Default for Atlases {
    fn default() -> Self {
        Self {
            now: RwLock::new(None),
            keeping: Mutex::new(()),
            past: Mutex::new(Vec::new()),
            backgrounds: BackgroundShelf::default(),
            patrols: crate::patrols::PatrolShelf::default(),
            loads: AtomicU64::new(0),
        }
    }
}

impl Atlases {
    /// The atlas as of a day, current with the log of `register`.
    pub fn read(&self, register: &Register, as_of: AsOf) -> Result<AtlasRead<'_>, Error> {
        match as_of {
            AsOf::Now => self.read_now(register),
            _ => self.read_past(register, as_of),
        }
    }

    fn read_now(&self, register: &Register) -> Result<AtlasRead<'_>, Error> {
        let size = register.log_size()?;
        let began = Instant::now();
        loop {
            let guard = self.now.read().unwrap_or_else(|e| e.into_inner());
            if guard.as_ref().is_some_and(|a| a.log_size >= size) {
                return Ok(AtlasRead::Now(guard));
            }
            drop(guard);
            match self.keeping.try_lock() {
                // What guards the work lives as long as this match; a panic before left nothing half done.
                Ok(_) | Err(TryLockError::Poisoned(_)) => self.keep_up(register)?,
                Err(TryLockError::WouldBlock) if began.elapsed() > MOST_PATIENCE => {
                    return Err(Error::Loading);
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(PATIENCE),
            }
        }
    }

    /// Takes in what the log gained, or everything; readers go on with what there was until it has been read.
    fn keep_up(&self, register: &Register) -> Result<(), Error> {
        let kept = || self.now.write().unwrap_or_else(|e| e.into_inner());
        let from = {
            let now = self.now.read().unwrap_or_else(|e| e.into_inner());
            now.as_ref().map(|atlas| atlas.log_size)
        };
        let gained = match from {
            Some(from) => Gained::read(register, from)?,
            None => None,
        };
        if let Some(gained) = gained {
            if let Some(atlas) = kept().as_mut() {
                atlas.take_in(gained);
            }
            return Ok(());
        }
        let loaded = Atlas::load(register, AsOf::Now)?;
        *kept() = Some(loaded);
        self.loads.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }

    fn read_past(&self, register: &Register, as_of: AsOf) -> Result<AtlasRead<'_>, Error> {
        let log_size = match as_of {
            // What the log held at a size never changes, once it has held so much.
            AsOf::LogSize(size) => size.min(register.log_size()?),
            _ => register.log_size()?,
        };
        let mut past = self.past.lock().unwrap_or_else(|e| e.into_inner());
        let found = past
            .iter()
            .position(|p| p.as_of == as_of && p.log_size == log_size);
        if let Some(at) = found {
            let kept = past.remove(at);
            let atlas = Arc::clone(&kept.atlas);
            past.push(kept);
            return Ok(AtlasRead::Past(atlas));
        }
        let atlas = Arc::new(Atlas::load(register, as_of)?);
        past.retain(|p| p.as_of != as_of);
        if past.len() >= PAST_KEPT {
            past.remove(0);
        }
        past.push(Past {
            as_of,
            log_size,
            atlas: Arc::clone(&atlas),
        });
        Ok(AtlasRead::Past(atlas))
    }

    /// The atlas of now, if it is current with a log of this size and nobody holds it.
    pub fn at_hand(&self, log_size: u64) -> Option<AtlasRead<'_>> {
        let guard = self.now.try_read().ok()?;
        let is_current = guard.as_ref().is_some_and(|a| a.log_size >= log_size);
        is_current.then_some(AtlasRead::Now(guard))
    }

    /// Background layers as they are drawn.
    pub fn backgrounds(&self) -> &BackgroundShelf {
        &self.backgrounds
    }

    /// Patrols and what was worked out of their tracks.
    pub fn patrols(&self) -> &crate::patrols::PatrolShelf {
        &self.patrols
    }

    /// How often everything was read.
    pub fn loads(&self) -> u64 {
        self.loads.load(Ordering::Acquire)
    }

    /// What changed in the atlas of now since this was last asked.
    pub fn take_touched(&self) -> Vec<[i32; 4]> {
        let mut guard = self.now.write().unwrap_or_else(|e| e.into_inner());
        guard.as_mut().map(Atlas::take_touched).unwrap_or_default()
    }

    /// Whether something changed since that was last asked; cheap.
    pub fn is_touched(&self) -> bool {
        let guard = self.now.read().unwrap_or_else(|e| e.into_inner());
        guard.as_ref().is_some_and(|a| !a.touched.is_empty())
    }
}
