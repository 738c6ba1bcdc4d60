use crate::dossier::{Kept, kept};
use crate::entries::{EvidenceRecorded, PatrolRecorded, PatrolReviewed, TrackRecorded};
use crate::entry::{EntryBody, RecordedEntry};
use crate::ids::{EntryId, PatrolId};

/// 巡护 — the fold of a patrol's stream. The sheet recorded last counts; nothing of the earlier ones is lost.
#[derive(Debug, Clone, PartialEq)]
pub struct Patrol {
    pub patrol_id: PatrolId,
    pub sheet: Kept<PatrolRecorded>,
    /// Earlier sheets that say the same, but for a finding that has become a clue since.
    pub same_sheets: Vec<EntryId>,
    /// Whose hand wrote what the sheet says.
    pub written_by: String,
    /// Position in the log of the first sheet: the patrol's place in lists as registered.
    pub first_seq: u64,
    /// How many sheets there are.
    pub sheets: usize,
    /// By track, the one recorded last under its id.
    pub tracks: Vec<Kept<TrackRecorded>>,
    pub reviews: Vec<Kept<PatrolReviewed>>,
    pub evidence: Vec<Kept<EvidenceRecorded>>,
    /// The device of the newest sheet, where a phone made it.
    pub device: Option<String>,
}

impl Patrol {
    /// The last review of the sheet that counts; a review of an earlier sheet says nothing of it.
    pub fn review(&self) -> Option<&Kept<PatrolReviewed>> {
        let of = |r: &&Kept<PatrolReviewed>| {
            r.body.of == self.sheet.entry_id || self.same_sheets.contains(&r.body.of)
        };
        self.reviews.iter().rfind(of)
    }

    /// Metres of its tracks, gaps left out.
    pub fn length_m(&self) -> f64 {
        // The sum of nothing is a negative zero.
        self.tracks.iter().map(|t| t.body.length_m).sum::<f64>() + 0.0
    }

    /// Seconds moving, by its tracks.
    pub fn moving_s(&self) -> u64 {
        self.tracks.iter().map(|t| t.body.moving_s).sum()
    }
}

/// 巡护折叠 — a patrol in the making, entry by entry in order of the log.
#[derive(Debug, Clone, Default)]
pub struct PatrolFold {
    sheet: Option<Kept<PatrolRecorded>>,
    same_sheets: Vec<EntryId>,
    written_by: String,
    first_seq: Option<u64>,
    sheets: usize,
    tracks: Vec<Kept<TrackRecorded>>,
    reviews: Vec<Kept<PatrolReviewed>>,
    evidence: Vec<Kept<EvidenceRecorded>>,
    device: Option<String>,
}

impl PatrolFold {
    /// Kinds of entries that a patrol is made of.
    pub const KINDS: &'static [&'static str] = &[
        "patrol.recorded",
        "track.recorded",
        "patrol.reviewed",
        "evidence.recorded",
    ];

    /// Takes one entry of the patrol's stream.
    pub fn apply(&mut self, entry: &RecordedEntry) {
        match &entry.entry.body {
            EntryBody::PatrolRecorded(body) => {
                self.first_seq.get_or_insert(entry.seq);
                self.sheets += 1;
                let new = kept(entry, &**body);
                match &self.sheet {
                    Some(old) if without_clues(&old.body) == without_clues(&new.body) => {
                        self.same_sheets.push(old.entry_id);
                    }
                    _ => {
                        self.same_sheets.clear();
                        self.written_by.clone_from(&new.actor);
                        self.device = entry.entry.stamp.as_ref().map(|s| s.device_id.to_string());
                    }
                }
                self.sheet = Some(new);
            }
            EntryBody::TrackRecorded(body) => {
                let of = |t: &Kept<TrackRecorded>| t.body.track_id == body.track_id;
                let track = kept(entry, &**body);
                match self.tracks.iter().position(of) {
                    Some(at) => self.tracks[at] = track,
                    None => self.tracks.push(track),
                }
            }
            EntryBody::PatrolReviewed(body) => self.reviews.push(kept(entry, &**body)),
            EntryBody::EvidenceRecorded(body) => self.evidence.push(kept(entry, &**body)),
            _ => {}
        }
    }

    /// The patrol; nothing while its sheet has not come.
    pub fn patrol(&self) -> Option<Patrol> {
        let sheet = self.sheet.clone()?;
        Some(Patrol {
            patrol_id: sheet.body.patrol_id,
            sheet,
            same_sheets: self.same_sheets.clone(),
            written_by: self.written_by.clone(),
            first_seq: self.first_seq?,
            sheets: self.sheets,
            tracks: self.tracks.clone(),
            reviews: self.reviews.clone(),
            evidence: self.evidence.clone(),
            device: self.device.clone(),
        })
    }

    /// Tracks that came, with or without a sheet.
    pub fn tracks(&self) -> &[Kept<TrackRecorded>] {
        &self.tracks
    }
}

/// What a sheet says, whichever of its findings are clues.
fn without_clues(sheet: &PatrolRecorded) -> PatrolRecorded {
    let mut sheet = sheet.clone();
    for finding in &mut sheet.findings {
        finding.clue_id = None;
    }
    sheet
}
