//! 线索 — a clue and what became of it.

use std::collections::BTreeMap;

use domain::dossier::Kept;
use domain::entries::{ClueReceived, ClueScreened};
use domain::entry::{EntryBody, RecordedEntry};
use domain::ids::{ClueId, SiteId};

/// 线索状态 — what became of a clue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClueState {
    /// 待归并: neither linked nor screened.
    Open,
    /// 已预筛: a stated rule took it off the work list.
    Screened,
    /// 已归并: belongs to a site.
    Linked,
}

impl ClueState {
    /// The state as stored in the projection.
    pub fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Screened => "screened",
            Self::Linked => "linked",
        }
    }

    pub(crate) fn of(clue: &Clue) -> Self {
        match (clue.site_id, &clue.screened) {
            (Some(_), _) => Self::Linked,
            (None, Some(_)) => Self::Screened,
            (None, None) => Self::Open,
        }
    }
}

/// 线索 — a clue as of some day.
#[derive(Debug, Clone, PartialEq)]
pub struct Clue {
    pub received: Kept<ClueReceived>,
    pub state: ClueState,
    pub screened: Option<Kept<ClueScreened>>,
    /// Site it was linked to last.
    pub site_id: Option<SiteId>,
    pub site_code: Option<String>,
}

impl Clue {
    pub(crate) fn open(received: Kept<ClueReceived>) -> Self {
        Self {
            received,
            state: ClueState::Open,
            screened: None,
            site_id: None,
            site_code: None,
        }
    }
}

pub(crate) fn kept<T>(entry: &RecordedEntry, body: T) -> Kept<T> {
    Kept {
        entry_id: entry.entry.id,
        seq: entry.seq,
        occurred_at: entry.claimed_at(),
        actor: entry.entry.author.actor.clone(),
        body,
    }
}

/// Folds the entries that concern clues, in the order of the log; says the same as the stored projection.
#[derive(Debug, Default)]
pub(crate) struct ClueFold {
    clues: Vec<Clue>,
    positions: BTreeMap<ClueId, usize>,
    codes: BTreeMap<SiteId, String>,
}

impl ClueFold {
    pub(crate) const KINDS: &'static [&'static str] = &[
        "clue.received",
        "clue.screened",
        "clue.linked",
        "clue.unlinked",
        "site.registered",
    ];

    pub(crate) fn apply(&mut self, entry: RecordedEntry) {
        let site = entry.entry.stream.as_site();
        match &entry.entry.body {
            EntryBody::ClueReceived(body) => {
                self.positions.insert(body.clue_id, self.clues.len());
                self.clues.push(Clue::open(kept(&entry, (**body).clone())));
            }
            EntryBody::ClueScreened(body) => {
                let screened = kept(&entry, (**body).clone());
                self.change(body.clue_id, |clue| clue.screened = Some(screened));
            }
            EntryBody::ClueLinked(body) if site.is_some() => {
                self.change(body.clue_id, |clue| clue.site_id = site);
            }
            EntryBody::ClueUnlinked(body) => self.change(body.clue_id, |clue| {
                if clue.site_id == site {
                    clue.site_id = None;
                }
            }),
            EntryBody::SiteRegistered(body) => {
                self.codes
                    .entry(body.site_id)
                    .or_insert_with(|| body.site_code.clone());
            }
            _ => {}
        }
    }

    fn change(&mut self, clue: ClueId, change: impl FnOnce(&mut Clue)) {
        // A change to a clue that this view does not see yet is no fault: days are claimed, not enforced.
        if let Some(clue) = self
            .positions
            .get(&clue)
            .and_then(|at| self.clues.get_mut(*at))
        {
            change(clue);
        }
    }

    pub(crate) fn finish(mut self) -> Vec<Clue> {
        for clue in &mut self.clues {
            clue.state = ClueState::of(clue);
            clue.site_code = clue.site_id.and_then(|site| self.codes.get(&site).cloned());
        }
        self.clues
    }
}
