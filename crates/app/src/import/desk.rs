//! 导入台 — files waiting in the register's folder between upload and commit; nothing of them is in the log yet.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use domain::entries::Basis;
use domain::entry::{Entry, EntryBody};
use domain::shape::Shape;
use geo_types::Point;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sheets::Mapping;
use spatial::diagnostic::{Diagnostic, Place};
use utoipa::ToSchema;

use super::{BackgroundSaid, ImportKind, ImportRequest, RowAction, Staged};
use crate::amendments::checked_reason;
use crate::clues::refuse_linked;
use crate::error::Error;
use crate::session::Session;

/// 待办导入 — what was uploaded, by whom, and what is said of it. Lies beside the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Waiting {
    pub import_id: String,
    pub kind: String,
    pub file_name: String,
    pub size_bytes: u64,
    /// Account that uploaded it; nobody else sees it.
    pub person_id: String,
    pub uploaded_at: Timestamp,
    pub source_kind: Option<String>,
    pub received_on: Option<Date>,
    pub sender: Option<String>,
    pub document_number: Option<String>,
    pub crs: Option<String>,
    pub layer: Option<String>,
    pub version_name: Option<String>,
    pub valid_from: Option<Date>,
    pub approval: Option<String>,
    pub mapping: Option<String>,
    #[serde(default)]
    pub background: BackgroundSaid,
    #[serde(default)]
    pub station: Option<String>,
}

/// 列 — a column of the file and the field it was taken for.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MappingView {
    pub column: String,
    pub title: String,
    pub field: Option<String>,
    /// From 0 to 1.
    pub confidence: f64,
}

/// A field a column may be taken for.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FieldView {
    pub key: String,
    pub label: String,
}

/// 诊断 — what is imperfect in the file, where, and what to do.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DiagnosticView {
    /// `note`, `warning`, `error`.
    pub severity: String,
    pub code: String,
    /// Sheet, row, column, field, feature: what of them applies.
    #[schema(value_type = Object)]
    pub place: Place,
    pub message: String,
    pub hint: Option<String>,
    pub repair: Option<String>,
}

/// All diagnostics, counted; the first of them in full.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DiagnosticsView {
    pub total: usize,
    pub by_code: BTreeMap<String, usize>,
    pub by_severity: BTreeMap<String, usize>,
    pub items: Vec<DiagnosticView>,
}

/// 行去向 — what would become of a row.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OutcomeView {
    pub number: u64,
    pub sheet: Option<String>,
    pub title: String,
    /// `new_site`, `linked`, `recorded`, `adopted`, `patrolled`, `doubtful`, `screened`, `same`, `refused`.
    pub action: String,
    pub site_code: Option<String>,
    pub rule: Option<String>,
    pub candidates: Vec<String>,
}

/// 预览 — rows by fate.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PreviewView {
    pub counts: BTreeMap<String, usize>,
    pub rows: Vec<OutcomeView>,
    pub row_count: usize,
}

/// 导入页 — a file and what importing it would do.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ImportView {
    pub import_id: String,
    /// `ready`, `faulty` (some rows must be left out), `repeated`, `nothing_new`.
    pub state: String,
    pub kind: String,
    pub file: String,
    pub size_bytes: u64,
    pub sha256: String,
    pub records: usize,
    pub received_on: Option<Date>,
    pub sender: Option<String>,
    pub document_number: Option<String>,
    pub crs: Option<String>,
    pub mapping: Vec<MappingView>,
    pub fields: Vec<FieldView>,
    pub diagnostics: DiagnosticsView,
    pub preview: PreviewView,
    /// GeoJSON of what would be drawn.
    #[schema(value_type = Object)]
    pub shapes: Value,
    /// Entries that would be appended.
    pub entries: usize,
}

/// 列映射请求 — columns with the fields they are to be taken for.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MappingRequest {
    pub columns: Vec<MappingChoice>,
    pub crs: Option<String>,
    pub received_on: Option<Date>,
}

/// One column's field; none leaves it out.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MappingChoice {
    pub column: String,
    pub field: Option<String>,
}

/// 入库结果.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CommitView {
    pub appended: u64,
    pub counts: BTreeMap<String, usize>,
    /// Closed-out sites on which the file makes a relapse suspect.
    pub relapses: usize,
    pub log_size: u64,
}

/// Diagnostics and rows told in full; the counts are of all.
const MOST_TOLD: usize = 2_000;
/// Shapes drawn on the small map.
const MOST_SHAPES: usize = 2_000;

fn relapses_in(staged: &Staged) -> usize {
    let entries = staged.entries.iter();
    entries
        .filter(|e| matches!(e.body, EntryBody::RelapseSuspected(_)))
        .count()
}

fn folder(home: &Path) -> PathBuf {
    home.join("imports")
}

/// Uploads that nobody committed or dropped are kept so long.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Removes uploads that nobody committed or dropped for a week; how many there were.
pub fn sweep_waiting(home: &Path, now: Timestamp) -> usize {
    let places = std::fs::read_dir(folder(home)).into_iter().flatten();
    let places = places.filter_map(|p| Some(p.ok()?.path()));
    let is_old = |place: &PathBuf| {
        let waiting = std::fs::read(place.join("waiting.json")).ok();
        let waiting = waiting.and_then(|w| serde_json::from_slice::<Waiting>(&w).ok());
        // One that broke off has no word of when it came but its folder's own.
        let made = || Timestamp::try_from(place.metadata().ok()?.modified().ok()?).ok();
        let since = waiting.map(|w| w.uploaded_at).or_else(made);
        since.is_some_and(|since| now.duration_since(since) > KEPT_FOR)
    };
    let old = places.filter(is_old);
    // What cannot be removed now is tried again with the next upload.
    old.filter(|place| std::fs::remove_dir_all(place).is_ok())
        .count()
}

/// The place for a new upload: its folder, made, and its id.
pub fn new_waiting(home: &Path, now: Timestamp) -> Result<(String, PathBuf), Error> {
    sweep_waiting(home, now);
    let id = crate::people::new_secret()?[..24].to_owned();
    let place = folder(home).join(&id);
    std::fs::create_dir_all(&place).map_err(|source| Error::Read {
        path: "imports".to_owned(),
        source,
    })?;
    Ok((id, place))
}

/// Where an upload's bytes lie: under the name they came with, which says what kind of file they are.
fn file_of(place: &Path, name: &str) -> PathBuf {
    place.join(plain_name(name))
}

/// The last part of a name, without anything a path could be made of.
pub fn plain_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or("");
    let plain: String = last.chars().filter(|c| !c.is_control()).collect();
    let plain = shortened(&plain);
    match plain.trim_start_matches('.').trim() {
        "" | "waiting.json" => "file".to_owned(),
        plain => plain.to_owned(),
    }
}

/// A name that a file system takes: the stem cut at 200 bytes, the ending kept.
fn shortened(name: &str) -> String {
    const MOST: usize = 200;
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if ending.len() <= 16 => (stem, format!(".{ending}")),
        _ => (name, String::new()),
    };
    let cut = stem.floor_char_boundary(MOST);
    format!("{}{ending}", &stem[..cut])
}

impl Waiting {
    /// Keeps what is said of an upload.
    pub fn save(&self, home: &Path) -> Result<(), Error> {
        let path = folder(home).join(&self.import_id).join("waiting.json");
        let text = serde_json::to_vec_pretty(self).map_err(Error::internal)?;
        std::fs::write(&path, text).map_err(Error::internal)
    }

    fn request(&self, home: &Path) -> Result<ImportRequest, Error> {
        let kind: ImportKind = self.kind.parse()?;
        let place = folder(home).join(&self.import_id);
        let mut request = ImportRequest::new(kind, file_of(&place, &self.file_name));
        request.source_kind = self.source_kind.clone();
        request.received_on = self.received_on;
        request.sender = self.sender.clone();
        request.document_number = self.document_number.clone();
        request.crs = self.crs.as_deref().map(super::parse_crs).transpose()?;
        request.mapping = self.mapping.clone();
        request.layer = self.layer.clone();
        request.version_name = self.version_name.clone();
        request.valid_from = self.valid_from;
        request.approval = self.approval.clone();
        request.background = self.background.clone();
        request.station = self.station.clone();
        Ok(request)
    }
}

impl Session {
    /// Whether the actor may import files of a kind; asked before a byte is taken.
    pub fn may_import(&self, kind: &str) -> Result<ImportKind, Error> {
        let kind: ImportKind = kind.parse()?;
        let station = self.actor.station_ids.first().map(String::as_str);
        self.may(kind.action(), station)?;
        Ok(kind)
    }

    /// An upload of one's own.
    pub fn load_waiting(&self, import_id: &str) -> Result<Waiting, Error> {
        let missing = || Error::NotFound {
            what: "import",
            name: import_id.to_owned(),
        };
        let is_id = import_id.len() == 24 && import_id.bytes().all(|b| b.is_ascii_hexdigit());
        if !is_id {
            return Err(missing());
        }
        let path = folder(self.register.home())
            .join(import_id)
            .join("waiting.json");
        let text = std::fs::read(path).ok().ok_or_else(missing)?;
        let waiting: Waiting = serde_json::from_slice(&text).map_err(Error::internal)?;
        match waiting.person_id == self.actor.id {
            true => Ok(waiting),
            false => Err(missing()),
        }
    }

    /// Reads an upload and works out what importing it would do.
    pub fn stage_waiting(&self, import_id: &str) -> Result<(Waiting, Staged), Error> {
        let waiting = self.load_waiting(import_id)?;
        let staged = self.stage(waiting.request(self.register.home())?)?;
        Ok((waiting, staged))
    }

    /// The page of an upload.
    pub fn import_page(&self, import_id: &str) -> Result<ImportView, Error> {
        let (waiting, staged) = self.stage_waiting(import_id)?;
        Ok(self.import_view(&waiting, &staged))
    }

    fn import_view(&self, waiting: &Waiting, staged: &Staged) -> ImportView {
        let state = match () {
            () if staged.is_repeated => "repeated",
            () if staged.faults() > 0 => "faulty",
            () if staged.entries.is_empty() => "nothing_new",
            () => "ready",
        };
        let mapping = staged.loaded.mappings.first();
        ImportView {
            import_id: waiting.import_id.clone(),
            state: state.to_owned(),
            kind: waiting.kind.clone(),
            file: waiting.file_name.clone(),
            size_bytes: waiting.size_bytes,
            sha256: staged.loaded.sha256.clone(),
            records: staged.read(),
            received_on: waiting.received_on.or(staged.loaded.dated_on),
            sender: waiting.sender.clone().or(staged.loaded.sender.clone()),
            document_number: waiting.document_number.clone(),
            crs: waiting.crs.clone(),
            mapping: mapping
                .iter()
                .flat_map(|m| &m.columns)
                .map(|c| MappingView {
                    column: c.column.clone(),
                    title: c.title.clone(),
                    field: c.field.clone(),
                    confidence: c.confidence,
                })
                .collect(),
            fields: self.mappable_fields(staged.request.kind),
            diagnostics: self.diagnostics_view(&staged.diagnostics),
            preview: preview_view(staged),
            shapes: shapes(staged),
            entries: staged.entries.len(),
        }
    }

    fn mappable_fields(&self, kind: ImportKind) -> Vec<FieldView> {
        let vocabulary = super::load::plain_vocabulary(kind);
        let fields = vocabulary.fields().iter();
        fields
            .map(|f| {
                let code = format!("field.{}", f.name);
                let label = if self.messages.has(&code) {
                    self.messages.text(&code, &[])
                } else {
                    f.words.first().cloned().unwrap_or_else(|| f.name.clone())
                };
                FieldView {
                    key: f.name.clone(),
                    label,
                }
            })
            .collect()
    }

    fn diagnostics_view(&self, all: &[Diagnostic]) -> DiagnosticsView {
        let mut by_code = BTreeMap::new();
        let mut by_severity = BTreeMap::new();
        for diagnostic in all {
            *by_code.entry(diagnostic.code.to_string()).or_insert(0) += 1;
            let severity = crate::severity_code(diagnostic.severity);
            *by_severity.entry(severity.to_owned()).or_insert(0) += 1;
        }
        let mut sorted: Vec<&Diagnostic> = all.iter().collect();
        sorted.sort_by_key(|d| std::cmp::Reverse(d.severity));
        DiagnosticsView {
            total: all.len(),
            by_code,
            by_severity,
            items: sorted
                .into_iter()
                .take(MOST_TOLD)
                .map(|d| {
                    let (message, hint) = self.messages.diagnostic(d);
                    DiagnosticView {
                        severity: crate::severity_code(d.severity).to_owned(),
                        code: d.code.to_string(),
                        place: d.place.clone(),
                        message,
                        hint,
                        repair: d.repair.clone(),
                    }
                })
                .collect(),
        }
    }

    /// Says which columns are which, or what else is known of the file.
    pub fn map_import(
        &self,
        import_id: &str,
        request: &MappingRequest,
    ) -> Result<ImportView, Error> {
        let (mut waiting, staged) = self.stage_waiting(import_id)?;
        let mut mapping: Mapping = staged.loaded.mappings.first().cloned().unwrap_or_default();
        let vocabulary = super::load::plain_vocabulary(staged.request.kind);
        for choice in &request.columns {
            let fault = |code: &'static str, text: &str| {
                Err(Error::rejected(Diagnostic::error(code).arg("text", text)))
            };
            if let Some(field) = &choice.field
                && vocabulary.field(field).is_none()
            {
                return fault("import.unknown_field", field);
            }
            let column = mapping
                .columns
                .iter_mut()
                .find(|c| c.column == choice.column);
            let Some(column) = column else {
                return fault("import.unknown_column", &choice.column);
            };
            column.field.clone_from(&choice.field);
            column.confidence = 1.0;
            column.reason = sheets::Reason::ByHand;
        }
        if !request.columns.is_empty() {
            waiting.mapping = Some(mapping.to_toml().map_err(Error::internal)?);
        }
        if let Some(crs) = &request.crs {
            super::parse_crs(crs)?;
            waiting.crs = Some(crs.clone());
        }
        waiting.received_on = request.received_on.or(waiting.received_on);
        let home = self.register.home().to_owned();
        let staged = self.stage(waiting.request(&home)?)?;
        waiting.save(&home)?;
        Ok(self.import_view(&waiting, &staged))
    }

    /// Takes an upload in, all of it or nothing; what faults keep out only if that is accepted.
    pub fn commit_waiting(
        &mut self,
        import_id: &str,
        leave_out_faulty: bool,
    ) -> Result<CommitView, Error> {
        let (_, staged) = self.stage_waiting(import_id)?;
        if staged.faults() > 0 && !leave_out_faulty {
            let fault = Diagnostic::error("import.has_faults").arg("faults", staged.faults());
            return Err(Error::rejected(fault));
        }
        let appended = self.commit(&staged)?;
        self.drop_waiting(import_id)?;
        Ok(CommitView {
            appended,
            counts: counts(&staged),
            relapses: relapses_in(&staged),
            log_size: self.register.log_size()?,
        })
    }

    /// Forgets an upload.
    pub fn drop_waiting(&self, import_id: &str) -> Result<(), Error> {
        self.load_waiting(import_id)?;
        let place = folder(self.register.home()).join(import_id);
        std::fs::remove_dir_all(place).map_err(Error::internal)
    }

    /// The marked-up copy of an upload, to be sent back.
    pub fn marked_waiting(&self, import_id: &str) -> Result<(String, Vec<u8>), Error> {
        let (waiting, staged) = self.stage_waiting(import_id)?;
        let book = self.marked_copy(&staged, std::io::Cursor::new(Vec::new()))?;
        Ok((
            format!("标注-{}.xlsx", waiting.file_name),
            book.into_inner(),
        ))
    }

    /// Takes a clue off the work list by a person's decision.
    pub fn screen_clue(&mut self, clue: &str, rule: &str, reason: &str) -> Result<(), Error> {
        const RULES: [&str; 4] = [
            "outside_reserve",
            "below_threshold",
            "no_change",
            "duplicate_in_batch",
        ];
        let clue = self.load_clue(clue)?;
        self.may_handle_clue(&clue)?;
        refuse_linked(&clue)?;
        let reason = Some(checked_reason(reason)?);
        if !RULES.contains(&rule) {
            let fault = Diagnostic::error("session.unknown_code")
                .arg("text", rule)
                .arg("known", RULES.join("、"));
            return Err(Error::rejected(fault));
        }
        let body = domain::entries::ClueScreened {
            clue_id: clue.received.body.clue_id,
            rule: rule.to_owned(),
            measured: None,
            threshold: None,
            duplicate_of: None,
            reason,
        };
        let stream = domain::ids::StreamId::clue_batch(clue.received.body.batch_id);
        let entry = self.dated_entry(stream, body)?;
        self.register.append(&[entry], self.now)?;
        Ok(())
    }
}

fn counts(staged: &Staged) -> BTreeMap<String, usize> {
    let all = staged.preview.counts().into_iter();
    all.map(|(fate, n)| (fate.to_owned(), n)).collect()
}

fn preview_view(staged: &Staged) -> PreviewView {
    let rows = staged.preview.rows.iter().take(MOST_TOLD);
    PreviewView {
        counts: counts(staged),
        row_count: staged.preview.rows.len(),
        rows: rows
            .map(|row| {
                let mut view = OutcomeView {
                    number: row.number,
                    sheet: row.sheet.clone(),
                    title: row.title.clone(),
                    action: String::new(),
                    site_code: None,
                    rule: None,
                    candidates: Vec::new(),
                };
                fill(&mut view, &row.action);
                view
            })
            .collect(),
    }
}

fn fill(view: &mut OutcomeView, action: &RowAction) {
    let word = match action {
        RowAction::NewSite { site_code } => {
            view.site_code = Some(site_code.clone());
            "new_site"
        }
        RowAction::Linked { site_code, rule } => {
            view.site_code = Some(site_code.clone());
            view.rule = Some(rule.clone());
            "linked"
        }
        RowAction::Recorded { site_code } => {
            view.site_code = Some(site_code.clone());
            "recorded"
        }
        RowAction::Doubtful { reason, candidates } => {
            view.rule = Some(reason.clone());
            view.candidates.clone_from(candidates);
            "doubtful"
        }
        RowAction::Screened { rule } => {
            view.rule = Some(rule.clone());
            "screened"
        }
        RowAction::Same => "same",
        RowAction::Refused => "refused",
        RowAction::Adopted { .. } => "adopted",
        RowAction::Patrolled { .. } => "patrolled",
    };
    word.clone_into(&mut view.action);
}

/// What the entries would draw, as GeoJSON.
/// What would be drawn, each with its row: clues, sites of lists that are no clues, verifications, rows kept out.
fn shapes(staged: &Staged) -> Value {
    let feature = |geometry: &Shape, number: Option<u64>, sheet: Option<&str>| {
        let properties = json!({ "number": number, "sheet": sheet });
        json!({ "type": "Feature", "geometry": geometry, "properties": properties })
    };
    let of_entry = |entry: &Entry| {
        let (shape, place) = match &entry.body {
            EntryBody::ClueReceived(b) => (b.facts.shape.clone()?, Some(&b.place)),
            // A site that a clue founds lies where the clue is drawn.
            EntryBody::SiteRegistered(b) => match &b.basis {
                Basis::Source { place, .. } => (b.facts.shape.clone()?, Some(place)),
                _ => return None,
            },
            EntryBody::VerificationRecorded(b) => match &b.basis {
                Basis::Source { place, .. } => {
                    let point = Point::new(b.lon?, b.lat?);
                    (Shape(point.into()), Some(place))
                }
                _ => return None,
            },
            _ => return None,
        };
        let number = place.and_then(|p| p.row.or(p.feature));
        let sheet = place.and_then(|p| p.sheet.as_deref());
        Some(feature(&shape, number, sheet))
    };
    let refused = staged.preview.rows.iter().filter_map(|row| {
        let shape = Shape(row.at.clone()?);
        Some(feature(&shape, Some(row.number), row.sheet.as_deref()))
    });
    let drawn = staged.entries.iter().filter_map(of_entry);
    let features: Vec<Value> = refused.chain(drawn).take(MOST_SHAPES).collect();
    json!({ "type": "FeatureCollection", "features": features })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    #[test]
    fn uploads_nobody_took_up_are_gone_after_a_week() {
        let home = tempfile::tempdir().unwrap();
        let (id, place) = new_waiting(home.path(), Timestamp::UNIX_EPOCH).unwrap();
        let now = Timestamp::try_from(place.metadata().unwrap().modified().unwrap()).unwrap();
        assert_eq!(sweep_waiting(home.path(), now), 0);
        let days = |n: i64| now + SignedDuration::from_hours(24 * n);
        assert_eq!(sweep_waiting(home.path(), days(6)), 0);
        assert!(place.ends_with(&id) && place.exists());
        assert_eq!(sweep_waiting(home.path(), days(8)), 1);
        assert!(!place.exists());
    }
}
