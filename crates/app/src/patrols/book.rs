//! 巡护簿 — all patrols of a register in memory, current with the log, and what was worked out of their tracks.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::Read;
use std::sync::{Arc, Mutex, MutexGuard};

use domain::as_of::AsOf;
use domain::entries::EvidenceRecorded;
use domain::entry::EntryBody;
use domain::ids::{ClueId, EntryId, PatrolId, StreamId};
use domain::patrol::{Patrol, PatrolFold, PatrolRules};
use register::{EntryFilter, Register};
use spatial::bounds::Limits;
use spatial::diagnostic::Diagnostic;
use spatial::track::{self, Tidied, TidyRules};

use crate::error::Error;
use crate::viewer::Viewer;

/// 巡护簿 — patrols by their ids, as of one position in the log.
#[derive(Debug, Clone, Default)]
pub(crate) struct PatrolBook {
    pub(crate) log_size: u64,
    /// Of an earlier day or position: what is judged by it says nothing of now.
    pub(crate) is_past: bool,
    pub(crate) patrols: BTreeMap<PatrolId, Arc<Patrol>>,
    /// Patrols by the fingerprints of their tracks.
    pub(crate) by_fingerprint: BTreeMap<String, BTreeSet<PatrolId>>,
    /// Files that show what phones reported as clues, by their SHA-256.
    pub(crate) clue_files: BTreeMap<String, (ClueId, EvidenceRecorded)>,
}

/// Kinds of the files beside clues.
const FILES: &[&str] = &["evidence.recorded"];

impl PatrolBook {
    /// Reads everything as of a day or a position in the log.
    fn load(register: &Register, as_of: AsOf) -> Result<Self, Error> {
        let mut book = Self {
            log_size: register.log_size()?,
            is_past: as_of != AsOf::Now,
            ..Self::default()
        };
        let filter = EntryFilter {
            noun: Some("patrol"),
            kinds: PatrolFold::KINDS,
            as_of,
            ..EntryFilter::default()
        };
        let mut folds: BTreeMap<PatrolId, PatrolFold> = BTreeMap::new();
        register.entries::<Error>(&filter, |entry| {
            if let Some(id) = entry.entry.stream.as_patrol() {
                folds.entry(id).or_default().apply(&entry);
            }
            Ok(())
        })?;
        for fold in folds.values() {
            book.put(fold);
        }
        let of_clues = EntryFilter {
            noun: Some("clue_batch"),
            kinds: FILES,
            as_of,
            ..EntryFilter::default()
        };
        book.put_files(register, &of_clues)?;
        Ok(book)
    }

    fn put_files(&mut self, register: &Register, filter: &EntryFilter<'_>) -> Result<(), Error> {
        register.entries::<Error>(filter, |entry| {
            if let EntryBody::EvidenceRecorded(body) = entry.entry.body
                && let Some(clue) = body.clue_id
            {
                self.clue_files.insert(body.sha256.clone(), (clue, *body));
            }
            Ok(())
        })
    }

    fn put(&mut self, fold: &PatrolFold) {
        let Some(patrol) = fold.patrol() else { return };
        self.forget_tracks(patrol.patrol_id);
        for track in &patrol.tracks {
            let same = self.by_fingerprint.entry(track.body.fingerprint.clone());
            same.or_default().insert(patrol.patrol_id);
        }
        self.patrols.insert(patrol.patrol_id, Arc::new(patrol));
    }

    /// A track that a later one replaced is nobody's any more.
    fn forget_tracks(&mut self, patrol: PatrolId) {
        let Some(before) = self.patrols.get(&patrol) else {
            return;
        };
        for track in &before.tracks {
            if let Some(same) = self.by_fingerprint.get_mut(&track.body.fingerprint) {
                same.remove(&patrol);
                if same.is_empty() {
                    self.by_fingerprint.remove(&track.body.fingerprint);
                }
            }
        }
    }

    /// The book with what the log gained since.
    fn caught_up(&self, register: &Register) -> Result<Self, Error> {
        let size = register.log_size()?;
        let mut gained: BTreeSet<PatrolId> = BTreeSet::new();
        let mut batches: BTreeSet<String> = BTreeSet::new();
        register.stored_entries::<Error>(self.log_size, size, |entry| {
            let stream = StreamId(entry.stream.to_owned());
            gained.extend(stream.as_patrol());
            if FILES.contains(&entry.kind) && stream.as_clue_batch().is_some() {
                batches.insert(stream.0);
            }
            Ok(())
        })?;
        let mut book = self.clone();
        book.log_size = size;
        for id in gained {
            let mut fold = PatrolFold::default();
            for entry in register.load_stream(&StreamId::patrol(id))? {
                fold.apply(&entry);
            }
            book.put(&fold);
        }
        for batch in batches {
            let batch = StreamId(batch);
            let filter = EntryFilter {
                stream: Some(&batch),
                kinds: FILES,
                ..EntryFilter::default()
            };
            book.put_files(register, &filter)?;
        }
        Ok(book)
    }
}

/// 巡护架 — the book of now, and tracks tidied lately.
#[derive(Default)]
pub struct PatrolShelf {
    now: Mutex<Option<Arc<PatrolBook>>>,
    tidied: Mutex<VecDeque<(EntryId, Arc<Tidied>)>>,
    judged: Mutex<BTreeMap<(EntryId, u64), Arc<domain::patrol::plausible::Plausibility>>>,
}

/// Tracks kept tidied, and their fixes altogether; each has some ten thousand.
const TIDIED_KEPT: usize = 64;
const FIXES_KEPT: usize = 2_000_000;
/// Bytes and fixes of one track: a fix a second for ten days. A file that a phone sent may be anything.
const LARGEST_TRACK: u64 = 128 << 20;
const MOST_FIXES: u64 = 1_000_000;

impl PatrolShelf {
    /// The book as of now or of an earlier day.
    pub(crate) fn read(&self, register: &Register, as_of: AsOf) -> Result<Arc<PatrolBook>, Error> {
        if as_of != AsOf::Now {
            return Ok(Arc::new(PatrolBook::load(register, as_of)?));
        }
        let mut now = lock(&self.now);
        let book = match now.as_ref() {
            Some(book) if book.log_size == register.log_size()? => return Ok(Arc::clone(book)),
            Some(book) => book.caught_up(register)?,
            None => PatrolBook::load(register, AsOf::Now)?,
        };
        let book = Arc::new(book);
        *now = Some(Arc::clone(&book));
        Ok(book)
    }

    /// The fixes of a recorded track, tidied; nothing where its file cannot be read.
    pub(crate) fn tidied(
        &self,
        register: &Register,
        entry: EntryId,
        sha256: &str,
        rules: &TidyRules,
    ) -> Result<Option<Arc<Tidied>>, Error> {
        let known = |kept: &VecDeque<(EntryId, Arc<Tidied>)>| {
            let found = kept.iter().find(|(id, _)| *id == entry);
            found.map(|(_, tidied)| Arc::clone(tidied))
        };
        if let Some(tidied) = known(&lock(&self.tidied)) {
            return Ok(Some(tidied));
        }
        let limits = Limits {
            file_bytes: LARGEST_TRACK,
            archive_bytes: LARGEST_TRACK,
            vertices: MOST_FIXES,
            ..Limits::default()
        };
        let mut bytes = Vec::new();
        match register.open_blob(sha256) {
            // One byte more tells that it is too large, and is refused by the reader.
            Ok(file) => file
                .take(LARGEST_TRACK + 1)
                .read_to_end(&mut bytes)
                .map_err(Error::internal)?,
            Err(register::Error::BlobMissing(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let Ok(reading) = track::read("track", &bytes, &limits) else {
            return Ok(None);
        };
        let Some(raw) = reading.tracks.first() else {
            return Ok(None);
        };
        let tidied = Arc::new(track::tidy(&raw.fixes, raw.in_sequence, &raw.breaks, rules));
        let mut kept = lock(&self.tidied);
        kept.push_back((entry, Arc::clone(&tidied)));
        let fixes = |kept: &VecDeque<(EntryId, Arc<Tidied>)>| -> usize {
            kept.iter().map(|(_, t)| t.fixes.len()).sum()
        };
        while kept.len() > TIDIED_KEPT || (kept.len() > 1 && fixes(&kept) > FIXES_KEPT) {
            kept.pop_front();
        }
        Ok(Some(tidied))
    }

    /// A judgement worked out once for a sheet and a position in the log.
    pub(super) fn judged(
        &self,
        sheet: EntryId,
        log_size: u64,
        judge: impl FnOnce() -> Result<domain::patrol::plausible::Plausibility, Error>,
    ) -> Result<Arc<domain::patrol::plausible::Plausibility>, Error> {
        if let Some(known) = lock(&self.judged).get(&(sheet, log_size)) {
            return Ok(Arc::clone(known));
        }
        let made = Arc::new(judge()?);
        let mut judged = lock(&self.judged);
        // What was judged by an earlier log is judged again: others' tracks may have come.
        judged.retain(|(_, size), _| *size == log_size);
        judged.insert((sheet, log_size), Arc::clone(&made));
        Ok(made)
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(|e| e.into_inner())
}

/// The figures of `patrols.toml`.
pub(super) fn rules(viewer: &Viewer) -> Result<&PatrolRules, Error> {
    let missing = || {
        let fault = Diagnostic::error("patrol.no_rules").arg("campaign", &viewer.campaign.id);
        Error::rejected(fault)
    };
    viewer.campaign.patrols.as_ref().ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use domain::entry::{Entry, RecordedEntry};

    use super::*;

    fn fold(entries: &[Entry]) -> PatrolFold {
        let mut fold = PatrolFold::default();
        for (seq, entry) in (0..).zip(entries) {
            fold.apply(&RecordedEntry {
                seq,
                version: seq + 1,
                recorded_at: entry.occurred_at,
                origin: "node".to_owned(),
                entry: entry.clone(),
            });
        }
        fold
    }

    /// The track of a patrol under another fingerprint.
    fn again(track: &Entry, fingerprint: &str) -> Entry {
        let mut again = track.clone();
        if let EntryBody::TrackRecorded(body) = &mut again.body {
            body.fingerprint = fingerprint.to_owned();
        }
        again
    }

    #[test]
    fn a_track_that_was_replaced_is_held_against_nobody() {
        let (sheet, track) = (testkit::a_patrol(1), testkit::a_track(1));
        let mut book = PatrolBook::default();
        book.put(&fold(&[sheet.clone(), again(&track, "first")]));
        assert!(book.by_fingerprint.contains_key("first"));
        book.put(&fold(&[
            sheet,
            again(&track, "first"),
            again(&track, "second"),
        ]));
        let known: Vec<&str> = book.by_fingerprint.keys().map(String::as_str).collect();
        assert_eq!(known, ["second"]);
    }
}
