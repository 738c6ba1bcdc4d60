//! 导入 — staged, diagnosed, previewed; then one commit or none. The same file twice adds nothing.

mod backgrounds;
mod clues;
mod coding;
mod desk;
mod from_field;
mod kind;
mod load;
mod old_ledgers;
mod permits;
mod photos;
mod position;
mod preview;
mod program_patrols;
mod record;
mod report;
mod reports;
mod reserve;
mod staging;
mod tracks;
mod verifications;

use std::path::PathBuf;

use domain::as_of::AsOf;
use domain::entries::{ClueBatchImported, ClueReceived};
use domain::entry::{Entry, EntryBody};
use domain::ids::{BatchId, ClueId, StreamId};
use domain::policy::Action;
use jiff::civil::Date;
use spatial::crs::Crs;
use spatial::diagnostic::{Diagnostic, Severity};

pub use backgrounds::BackgroundSaid;
pub use desk::*;
pub(crate) use from_field::{FieldLanding, is_fit, nothing_said};
pub use kind::ImportKind;
pub use load::{Loaded, LoadedTable};
pub use position::{Convention, Placed, system_of};
pub use preview::{Action as RowAction, Preview, RowOutcome};
pub use record::{Fields, Given, Record};

pub(crate) use old_ledgers::carried_over;
pub(crate) use reports::land_report;

use crate::error::Error;
use crate::landing::{Decision, Sought};
use crate::session::{Session, start_of};
use staging::Staging;

/// 导入请求 — a file and what is said of it.
#[derive(Debug, Clone)]
pub struct ImportRequest {
    pub kind: ImportKind,
    pub path: PathBuf,
    /// Source of the clues, by code, where it is not the kind's usual one.
    pub source_kind: Option<String>,
    pub received_on: Option<Date>,
    pub sender: Option<String>,
    pub document_number: Option<String>,
    /// System of positions where the file does not say.
    pub crs: Option<Crs>,
    /// Saved column mapping as text.
    pub mapping: Option<String>,
    /// Only this sheet or layer.
    pub layer: Option<String>,
    pub version_name: Option<String>,
    pub valid_from: Option<Date>,
    pub approval: Option<String>,
    /// What is said of a background layer.
    pub background: BackgroundSaid,
    /// Whose tracks they are, where neither the file nor the importer's post says.
    pub station: Option<String>,
}

impl ImportRequest {
    /// A request with nothing said but kind and file.
    pub fn new(kind: ImportKind, path: impl Into<PathBuf>) -> Self {
        Self {
            kind,
            path: path.into(),
            source_kind: None,
            received_on: None,
            sender: None,
            document_number: None,
            crs: None,
            mapping: None,
            layer: None,
            version_name: None,
            valid_from: None,
            approval: None,
            background: BackgroundSaid::default(),
            station: None,
        }
    }
}

/// 暂存批次 — what an import would do; nothing is written yet.
pub struct Staged {
    pub request: ImportRequest,
    pub loaded: Loaded,
    /// Every entry of the one commit, in order; empty when there is nothing new.
    pub entries: Vec<Entry>,
    pub diagnostics: Vec<Diagnostic>,
    pub preview: Preview,
    /// Files to be kept besides the imported one.
    pub files: Vec<Vec<u8>>,
    /// The batch had been imported before: same bytes, same kind.
    pub is_repeated: bool,
}

impl Staged {
    /// Rows, features, pictures or patrols that were read.
    pub fn read(&self) -> usize {
        self.loaded.count().max(self.preview.rows.len())
    }

    /// Rows that faults keep out.
    pub fn faults(&self) -> usize {
        self.diagnostics
            .iter()
            .filter(|d| d.severity == Severity::Error)
            .count()
    }
}

impl Session {
    /// Reads a file and works out what importing it would do.
    pub fn stage(&self, request: ImportRequest) -> Result<Staged, Error> {
        self.may(request.kind.action(), self.own_station())?;
        let loaded = load::load(self, &request)?;
        let (batch_id, is_repeated) = match request.kind {
            ImportKind::Background => backgrounds::batch(self, &request, &loaded)?,
            _ => {
                let batch_id = batch_id(&request, &loaded);
                (batch_id, self.has_batch(batch_id)?)
            }
        };
        if is_repeated {
            let preview = Preview::repeated(loaded.count());
            return Ok(Staged {
                request,
                loaded,
                entries: Vec::new(),
                diagnostics: Vec::new(),
                preview,
                files: Vec::new(),
                is_repeated: true,
            });
        }
        let mut staging = Staging::new(self, &request, &loaded, batch_id)?;
        match request.kind {
            ImportKind::Boundary => reserve::boundary(&mut staging)?,
            ImportKind::Stations => reserve::stations(&mut staging)?,
            ImportKind::Routes => reserve::routes(&mut staging)?,
            ImportKind::Background => backgrounds::stage(&mut staging)?,
            ImportKind::OldLedger => old_ledgers::stage(&mut staging)?,
            ImportKind::Permits => permits::stage(&mut staging)?,
            ImportKind::Verifications => verifications::stage(&mut staging)?,
            ImportKind::Tracks => tracks::stage(&mut staging)?,
            ImportKind::Photos => photos::stage(&mut staging)?,
            _ => clues::stage(&mut staging)?,
        }
        let files = std::mem::take(&mut staging.files);
        let (entries, diagnostics, preview) = staging.finish()?;
        Ok(Staged {
            request,
            loaded,
            entries,
            diagnostics,
            preview,
            files,
            is_repeated: false,
        })
    }

    /// Stations in whose territory the actor imports: a station's own lists, or the whole reserve's.
    fn own_station(&self) -> Option<&str> {
        self.actor.station_ids.first().map(String::as_str)
    }

    /// Whether a file was taken in whole. One whose rows were partly refused may be tried again, because what they
    /// speak of may be known by now.
    fn has_batch(&self, batch_id: BatchId) -> Result<bool, Error> {
        let stream = self.register.load_stream(&StreamId::clue_batch(batch_id))?;
        Ok(stream.iter().any(|e| match &e.entry.body {
            EntryBody::ClueBatchImported(body) => body.rows_refused == 0,
            _ => false,
        }))
    }

    /// Appends everything a staged import holds, in one transaction, with the file itself as a blob.
    ///
    /// # Errors
    /// `import.crs_missing`, `import.crs_unknown` where none of a layer's positions could be read: what is said of the
    /// file mends all of it at once, and without that it would be taken in without a single place.
    pub fn commit(&mut self, staged: &Staged) -> Result<u64, Error> {
        if let Some(fault) = staged.diagnostics.iter().find(|d| position::is_of_layer(d)) {
            return Err(Error::rejected(fault.clone()));
        }
        if staged.entries.is_empty() {
            return Ok(0);
        }
        for file in std::iter::once(&staged.loaded.bytes).chain(&staged.files) {
            self.register
                .put_blob(&mut file.as_slice(), file.len() as u64)?;
        }
        let pictures = staged.entries.iter().filter_map(|e| match &e.body {
            EntryBody::EvidenceRecorded(body) => Some(body.sha256.as_str()),
            _ => None,
        });
        photos::keep(
            &mut self.register,
            &staged.loaded.photos,
            &pictures.collect(),
        )?;
        let receipts = self.register.append(&staged.entries, self.now)?;
        Ok(receipts.iter().filter(|r| r.is_new).count() as u64)
    }
}

/// The batch follows from kind, bytes and what was said of the file that changes its meaning.
fn batch_id(request: &ImportRequest, loaded: &Loaded) -> BatchId {
    let layer = request.layer.as_deref().unwrap_or("");
    let seed: [&[u8]; 3] = [
        request.kind.code().as_bytes(),
        loaded.sha256.as_bytes(),
        layer.as_bytes(),
    ];
    BatchId::derived(start_of(Date::constant(2000, 1, 1)), &seed)
}

/// The entry that says a file was taken in.
fn batch_entry(staging: &Staging<'_>, rows_read: u64, rows_taken: u64, rows_refused: u64) -> Entry {
    let request = staging.request;
    let body = ClueBatchImported {
        batch_id: staging.batch_id,
        import_kind: request.kind.code().to_owned(),
        source_kind: staging.source_kind.clone(),
        file_name: staging.loaded.file_name.clone(),
        sha256: staging.loaded.sha256.clone(),
        size_bytes: staging.loaded.bytes.len() as u64,
        sender: request
            .sender
            .clone()
            .or_else(|| staging.loaded.sender.clone()),
        document_number: request.document_number.clone(),
        received_on: staging.received_on,
        rows_read,
        rows_taken,
        rows_refused,
        mapping: staging.loaded.mapping_text(),
        site_codes: staging.spoken_of.iter().cloned().collect(),
        diagnostics: staging.diagnostic_counts(),
    };
    let stream = StreamId::clue_batch(staging.batch_id);
    staging.session.entry(
        stream,
        body,
        staging.received_on,
        &[staging.loaded.sha256.as_bytes()],
    )
}

/// Views that matching looks at are those of now, whatever day the batch claims.
const MATCHED_AS_OF: AsOf = AsOf::Now;

/// Facts of a site that a clue states, for a link made by hand.
pub fn facts_of_clue(facts: &domain::entries::ClueFacts) -> domain::entries::SiteFacts {
    let stated = staging::facts_of_clue(facts, None, None);
    // Where the site is, is not decided by the way: a link by hand adds what the clue says, not its position.
    domain::entries::SiteFacts {
        shape: None,
        lon: None,
        lat: None,
        precision_m: None,
        area_m2: None,
        ..stated
    }
}

/// The entries that register a site of its own for a clue, and its code.
pub fn site_for_clue(
    session: &Session,
    clue: &ClueReceived,
    reason: &str,
) -> Result<(String, Vec<Entry>), Error> {
    let request = ImportRequest::new(ImportKind::Inspection, "");
    let loaded = Loaded::empty();
    let mut staging = Staging::new(session, &request, &loaded, clue.batch_id)?;
    staging.decided_at = Some(session.now);
    let drafted = clues::Drafted {
        clue: clue.clone(),
        station_id: None,
        zone_kind: None,
    };
    let mut site = clues::register_for(&mut staging, &drafted)?;
    site.rule = "person";
    staging.link(clue, &site, Some(reason.to_owned()))?;
    staging.suspect_relapses()?;
    Ok((site.site_code, staging.entries))
}

/// 重新比对 — an open clue that a stated rule has come to decide.
#[derive(Debug, Clone, PartialEq)]
pub struct Matched {
    pub clue_id: ClueId,
    pub site_code: String,
    pub rule: &'static str,
}

/// Open clues held against what is known of the sites now, and the entries that link those a rule decides.
pub fn match_open(
    session: &Session,
    open: &[register::Clue],
) -> Result<(Vec<Matched>, Vec<Entry>), Error> {
    let request = ImportRequest::new(ImportKind::Inspection, "");
    let loaded = Loaded::empty();
    let none = BatchId::derived(session.now, &[]);
    let mut staging = Staging::new(session, &request, &loaded, none)?;
    let mut matched = Vec::new();
    for clue in open.iter().map(|c| &c.received.body) {
        let Decision::Same(site) = staging.book.decide(&Sought::of(&clue.facts)) else {
            continue;
        };
        let station = staging
            .book
            .find(site.site_id)
            .and_then(|k| k.geometry.clone())
            .and_then(|g| staging.locate(&g).facts.station_id);
        if session.may(Action::LinkClue, station.as_deref()).is_err() {
            continue;
        }
        let before = staging.entries.len();
        clues::link_to(&mut staging, &drafted_again(session, clue), &site)?;
        for entry in carried_over(session, clue, site.site_id) {
            staging.push(entry)?;
        }
        // The link had been made and a person undid it: what was said once is not said again.
        let is_linked = staging.entries[before..]
            .iter()
            .any(|e| matches!(e.body, EntryBody::ClueLinked(_)));
        match is_linked {
            true => matched.push(Matched {
                clue_id: clue.clue_id,
                site_code: site.site_code,
                rule: site.rule,
            }),
            false => staging.entries.truncate(before),
        }
    }
    staging.suspect_relapses()?;
    Ok((matched, staging.entries))
}

fn drafted_again(session: &Session, clue: &ClueReceived) -> clues::Drafted {
    let station = clue.facts.station_text.as_deref();
    let zone = clue.facts.zone_text.as_deref();
    let zones = session.campaign.find_list(&session.codes, "zone");
    clues::Drafted {
        clue: clue.clone(),
        station_id: station
            .and_then(|t| session.campaign.find_station_by_text(t))
            .map(|s| s.id.clone()),
        zone_kind: zone
            .zip(zones)
            .and_then(|(t, list)| list.find(t))
            .map(|c| c.code.clone()),
    }
}

/// A coordinate system as people name it: CGCS2000, WGS84, GCJ-02, BD-09, EPSG:4523.
pub fn parse_crs(text: &str) -> Result<Crs, Error> {
    let plain = text.to_uppercase().replace(['-', '_', ' '], "");
    let unknown = || Error::rejected(Diagnostic::error("import.unknown_crs").arg("text", text));
    match plain.as_str() {
        "CGCS2000" | "EPSG:4490" => Ok(Crs::Cgcs2000),
        "WGS84" | "EPSG:4326" => Ok(Crs::Wgs84),
        "GCJ02" => Ok(Crs::Gcj02),
        "BD09" => Ok(Crs::Bd09),
        other => {
            let code = other
                .strip_prefix("EPSG:")
                .and_then(|c| c.parse().ok())
                .ok_or_else(unknown)?;
            Crs::from_epsg(code).ok().ok_or_else(unknown)
        }
    }
}
