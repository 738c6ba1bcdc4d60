//! 读入 — a file of any kind becomes records: table rows under mapped columns, or layer features under mapped attributes.

use std::collections::BTreeMap;
use std::path::Path;

use domain::entries::SourcePlace;
use jiff::civil::Date;
use sha2::{Digest, Sha256};
use sheets::{
    Heading, MappedColumn, Mapping, Row, RowRole, Table, Value, Vocabulary, column_index,
};
use spatial::bounds::Limits;
use spatial::crs::Crs;
use spatial::diagnostic::{Diagnostic, Place};
use spatial::elevation;
use spatial::feature::{self, DeclaredCrs, Layer};
use spatial::formats::{self, FileKind};
use spatial::notation::Expectation;

use super::photos::{self, Photos};
use super::record::{Given, Record};
use super::{ImportKind, ImportRequest};
use crate::error::Error;
use crate::session::Session;
use crate::unpacked::Unpacked;

/// 读入的表 — one sheet as it was, for the marked copy.
pub struct LoadedTable {
    pub table: Table,
    pub heading: Heading,
}

/// 读入结果 — everything a file gave.
pub struct Loaded {
    pub file_name: String,
    pub bytes: Vec<u8>,
    pub sha256: String,
    pub records: Vec<Record>,
    pub diagnostics: Vec<Diagnostic>,
    pub mappings: Vec<Mapping>,
    pub tables: Vec<LoadedTable>,
    /// System of positions that the table itself names in its head or notes.
    pub declared: Option<Crs>,
    /// Day that stands in the table's head (填报日期 …).
    pub dated_on: Option<Date>,
    /// Unit that stands in the table's head.
    pub sender: Option<String>,
    /// Pictures, where these are what is imported.
    pub(super) photos: Photos,
}

impl Loaded {
    /// Rows, features or pictures in it.
    pub(super) fn count(&self) -> usize {
        self.records.len().max(self.photos.len())
    }

    /// The mapping of the first table as text, for the batch's entry and for saving.
    pub fn mapping_text(&self) -> Option<String> {
        self.mappings.first().and_then(|m| m.to_toml().ok())
    }
}

/// Files larger than this are refused before they are read.
const MAX_FILE_BYTES: u64 = 512 << 20;

/// Fields of the column vocabulary that go by another name in entries, by kind of table.
const ALIASES: [(&str, &str); 18] = [
    ("activity_type", "activity_type_code"),
    ("issue_description", "description"),
    ("summary", "description"),
    ("matter", "description"),
    ("event_text", "description"),
    ("remark", "note"),
    ("patch_code", "external_code"),
    ("progress_text", "progress"),
    ("rectification_status", "progress"),
    ("photos", "photo_count"),
    ("held_on", "received_on"),
    ("patrol_date", "received_on"),
    ("determination_document_number", "determination_document"),
    ("verification_round", "round"),
    ("event_kind", "activity_type_code"),
    ("inspection_batch", "source_document"),
    ("name", "facility_name"),
    ("division_text", "location_text"),
];

/// Reads the file of a request.
pub(super) fn load(session: &Session, request: &ImportRequest) -> Result<Loaded, Error> {
    if request.kind == ImportKind::Photos {
        return photos::read(&request.path);
    }
    let mut loaded = Loaded::open(&request.path)?;
    if request.kind == ImportKind::Background {
        super::backgrounds::check_format(&loaded, &request.background)?;
        if !elevation::is_tiff(&loaded.bytes) {
            loaded.read_layers(request)?;
        }
        return Ok(loaded);
    }
    if request.kind == ImportKind::FieldReports {
        super::reports::read(&mut loaded)?;
        return Ok(loaded);
    }
    if request.kind == ImportKind::Tracks && !matches!(content_of(&loaded), Content::Table) {
        // Fixes with their times are no features; `tracks` reads them itself.
        return Ok(loaded);
    }
    match content_of(&loaded) {
        Content::Table => loaded.read_tables(session, request, &request.path)?,
        Content::Parcels => loaded.read_parcels(session, request)?,
        Content::Layers => match packed_table(&loaded)? {
            Some(table) => loaded.read_tables(session, request, table.path())?,
            None => loaded.read_layers(request)?,
        },
    }
    Ok(loaded)
}

enum Content {
    Table,
    Parcels,
    Layers,
}

/// The one table of an archive: offices send workbooks zipped.
fn packed_table(loaded: &Loaded) -> Result<Option<Unpacked>, Error> {
    if formats::detect(&loaded.file_name, &loaded.bytes) != FileKind::Zip {
        return Ok(None);
    }
    match formats::read_bytes(&loaded.file_name, &loaded.bytes, &Limits::default()) {
        Err(formats::Error::NeedsSheets {
            file,
            content: Some(content),
        }) => Unpacked::of(&file, &content).map(Some),
        _ => Ok(None),
    }
}

fn content_of(loaded: &Loaded) -> Content {
    let name = loaded.file_name.to_lowercase();
    let is_office = [".xlsx", ".xls", ".et", ".ods", ".csv", ".tsv", ".xlsm"]
        .iter()
        .any(|e| name.ends_with(e));
    match formats::detect(&loaded.file_name, &loaded.bytes) {
        FileKind::GeoPackage => Content::Layers,
        _ if name.ends_with(".txt") => Content::Parcels,
        _ if is_office => Content::Table,
        _ => Content::Layers,
    }
}

impl Loaded {
    /// Nothing: for decisions by hand that go the same way as imports.
    pub fn empty() -> Self {
        Self {
            file_name: String::new(),
            bytes: Vec::new(),
            sha256: String::new(),
            records: Vec::new(),
            diagnostics: Vec::new(),
            mappings: Vec::new(),
            tables: Vec::new(),
            declared: None,
            dated_on: None,
            sender: None,
            photos: Photos::default(),
        }
    }

    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let read = |source| Error::Read {
            path: path.display().to_string(),
            source,
        };
        let size = std::fs::metadata(path).map_err(read)?.len();
        if size > MAX_FILE_BYTES {
            let diagnostic = Diagnostic::error("import.file_too_large")
                .arg("mb", size >> 20)
                .arg("limit", MAX_FILE_BYTES >> 20);
            return Err(Error::rejected(diagnostic));
        }
        let bytes = std::fs::read(path).map_err(read)?;
        Ok(Self {
            file_name: path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            sha256: crate::hex(&Sha256::digest(&bytes)),
            bytes,
            ..Self::empty()
        })
    }

    fn read_tables(
        &mut self,
        session: &Session,
        request: &ImportRequest,
        path: &Path,
    ) -> Result<(), Error> {
        let vocabulary = vocabulary(request.kind)?;
        let mut book = sheets::open(path, &sheets::Limits::default())
            .map_err(|e| Error::rejected(e.diagnostic()))?;
        let (tables, found) = book.tables().map_err(|e| Error::rejected(e.diagnostic()))?;
        self.diagnostics.extend(found);
        for table in tables {
            let is_wanted = request
                .layer
                .as_ref()
                .is_none_or(|wanted| *wanted == table.sheet.name);
            if is_wanted {
                self.read_table(session, request, table, &vocabulary)?;
            }
        }
        if self.records.is_empty() {
            let code = match self.tables.is_empty() {
                true => "sheet.heading_not_found",
                false => "import.no_rows",
            };
            return Err(Error::rejected(
                Diagnostic::error(code).at(self.file_place()),
            ));
        }
        Ok(())
    }

    fn read_table(
        &mut self,
        session: &Session,
        request: &ImportRequest,
        mut table: Table,
        vocabulary: &Vocabulary,
    ) -> Result<(), Error> {
        let at = Place {
            sheet: Some(table.sheet.name.clone()),
            ..self.file_place()
        };
        let Some(heading) = sheets::find_heading(&table.rows, &table.merges, vocabulary) else {
            self.diagnostics
                .push(Diagnostic::warning("sheet.no_table").at(at));
            return Ok(());
        };
        let mapping = match &request.mapping {
            Some(text) => {
                let saved =
                    Mapping::from_toml(text).map_err(|e| Error::rejected(e.diagnostic()))?;
                let (mapping, found) = saved.apply(&heading);
                self.diagnostics
                    .extend(found.into_iter().map(|d| within(d, &at)));
                mapping
            }
            None => sheets::propose(&heading, vocabulary, &table.rows),
        };
        let original = table.clone();
        let notes = sheets::fill_merged(&mut table.rows, &table.merges, heading.body_from);
        self.diagnostics
            .extend(notes.into_iter().map(|d| within(d, &at)));
        self.read_heads(session, &heading, &table);
        for row in &table.rows {
            self.read_row(&heading, &mapping, row, &table.sheet.name);
        }
        self.mappings.push(mapping);
        self.tables.push(LoadedTable {
            table: original,
            heading,
        });
        Ok(())
    }

    fn read_row(&mut self, heading: &Heading, mapping: &Mapping, row: &Row, sheet: &str) {
        if row.number < heading.body_from {
            return;
        }
        let place = Place {
            sheet: Some(sheet.to_owned()),
            row: Some(row.number),
            ..self.file_place()
        };
        let note = |code: &'static str| Diagnostic::note(code).at(place.clone());
        match heading.role(row) {
            RowRole::Body => {
                let record = record_of(row, mapping, &self.file_name, sheet);
                if !record.is_blank() {
                    self.records.push(record);
                }
            }
            RowRole::RepeatedHeading => self.diagnostics.push(note("import.heading_repeated")),
            RowRole::Total => self.diagnostics.push(note("import.total_row")),
            RowRole::Group => self.diagnostics.push(note("import.group_row")),
            RowRole::Note => self.diagnostics.push(note("import.note_row")),
            RowRole::Blank => {}
        }
    }

    /// System and day that title, preamble or notes below the table name; never taken silently.
    fn read_heads(&mut self, _session: &Session, heading: &Heading, table: &Table) {
        let notes = table
            .rows
            .iter()
            .filter(|r| r.number >= heading.body_from && heading.role(r) == RowRole::Note);
        let note_texts = notes.map(|r| {
            r.filled()
                .map(|(_, v)| v.text().into_owned())
                .collect::<Vec<_>>()
                .join(" ")
        });
        let lines: Vec<String> = heading
            .title
            .iter()
            .chain(&heading.preamble)
            .cloned()
            .chain(note_texts)
            .collect();
        for line in &lines {
            let named = crs_named_in(line);
            if let (Some(crs), None) = (&named, &self.declared) {
                let diagnostic = Diagnostic::note("import.crs_from_table")
                    .arg("text", line.trim())
                    .arg("crs", crs);
                self.diagnostics.push(diagnostic.at(Place {
                    sheet: Some(table.sheet.name.clone()),
                    ..self.file_place()
                }));
            }
            self.declared = self.declared.take().or(named);
            self.sender = self
                .sender
                .take()
                .or_else(|| after_label(line, &["填报单位", "报送单位", "编制单位"]));
        }
    }

    fn read_layers(&mut self, request: &ImportRequest) -> Result<(), Error> {
        // A shapefile's other parts lie beside it, so the file is read from its folder, not from memory.
        let (layers, found) = crate::convert::read_layers(&request.path)?;
        self.diagnostics.extend(found);
        self.take_layers(layers, request)
    }

    fn read_parcels(&mut self, session: &Session, request: &ImportRequest) -> Result<(), Error> {
        let envelope = session
            .geography(domain::as_of::AsOf::Now)
            .ok()
            .and_then(|g| g.envelope());
        let expectation = Expectation {
            envelope,
            crs: request.crs.clone(),
            ..Expectation::default()
        };
        let (text, found) = spatial::parcel::read(&self.bytes, &expectation).map_err(|e| {
            Error::rejected(
                Diagnostic::error("import.not_a_parcel_text")
                    .arg("cause", e)
                    .at(self.file_place()),
            )
        })?;
        let at = self.file_place();
        self.diagnostics
            .extend(found.into_iter().map(|d| within(d, &at)));
        for (number, parcel) in (1..).zip(&text.parcels) {
            let mut record = Record {
                place: SourcePlace {
                    file_name: self.file_name.clone(),
                    feature: Some(number),
                    row: Some(parcel.line),
                    ..SourcePlace::default()
                },
                geometry: parcel.geometry.clone(),
                // The reader gives CGCS2000 longitude and latitude whatever the file held.
                crs: DeclaredCrs::Epsg(4490),
                ..Record::default()
            };
            for (title, value) in parcel.attributes() {
                record.other.insert(title.to_owned(), value);
            }
            let name = Given {
                value: Value::from(parcel.name.as_str()),
                column: None,
                title: String::new(),
                unit: None,
            };
            let code = Given {
                value: Value::from(parcel.number.as_str()),
                ..name.clone()
            };
            record.values.insert("facility_name".to_owned(), name);
            record.values.insert("external_code".to_owned(), code);
            self.records.push(record);
        }
        Ok(())
    }

    fn take_layers(&mut self, layers: Vec<Layer>, request: &ImportRequest) -> Result<(), Error> {
        let vocabulary = vocabulary(request.kind)?;
        let is_background = request.kind == ImportKind::Background;
        let names: Vec<String> = layers.iter().map(|l| l.name.clone()).collect();
        let wanted: Vec<Layer> = layers
            .into_iter()
            .filter(|l| request.layer.as_ref().is_none_or(|w| *w == l.name))
            .filter(|l| l.features.iter().any(|f| f.geometry.is_some()))
            .collect();
        if wanted.is_empty() {
            let diagnostic = Diagnostic::error("import.no_layer")
                .arg("layers", names.join("、"))
                .at(self.file_place());
            return Err(Error::rejected(diagnostic));
        }
        if is_background && wanted.len() > 1 {
            let diagnostic = Diagnostic::error("import.several_layers")
                .arg("layers", names.join("、"))
                .at(self.file_place());
            return Err(Error::rejected(diagnostic));
        }
        for layer in wanted {
            let mapping = match is_background {
                true => self.label_mapping(&layer, request, &vocabulary)?,
                false => attribute_mapping(&layer, &vocabulary),
            };
            self.take_layer(layer, &mapping);
        }
        Ok(())
    }

    /// Which attribute features are labelled by: what the person says, else what its name says.
    fn label_mapping(
        &mut self,
        layer: &Layer,
        request: &ImportRequest,
        vocabulary: &Vocabulary,
    ) -> Result<BTreeMap<String, MappedColumn>, Error> {
        let heading = attribute_heading(layer);
        let mut mapping = match &request.mapping {
            Some(text) => {
                let saved =
                    Mapping::from_toml(text).map_err(|e| Error::rejected(e.diagnostic()))?;
                saved.apply(&heading).0
            }
            None => sheets::propose(&heading, vocabulary, &[]),
        };
        if let Some(label) = &request.background.label {
            super::backgrounds::label_by(&mut mapping, label)?;
        }
        self.mappings.push(mapping.clone());
        Ok(by_title(mapping))
    }

    fn take_layer(&mut self, layer: Layer, mapping: &BTreeMap<String, MappedColumn>) {
        for feature in &layer.features {
            let mut record = Record {
                place: SourcePlace {
                    file_name: self.file_name.clone(),
                    layer: Some(layer.name.clone()),
                    feature: Some(feature.number),
                    ..SourcePlace::default()
                },
                geometry: feature.geometry.clone(),
                crs: layer.crs.clone(),
                ..Record::default()
            };
            for (title, value) in &feature.attributes {
                put(
                    &mut record,
                    mapping.get(title.as_str()),
                    title,
                    cell_value(value),
                    None,
                );
            }
            self.records.push(record);
        }
    }

    fn file_place(&self) -> Place {
        Place {
            file: Some(self.file_name.clone()),
            ..Place::default()
        }
    }
}

fn within(diagnostic: Diagnostic, outer: &Place) -> Diagnostic {
    let place = diagnostic.place.clone().within(outer);
    diagnostic.at(place)
}

/// The fields that a kind of table may have; of a background layer only its label counts.
pub(super) fn plain_vocabulary(kind: ImportKind) -> Vocabulary {
    let standard = Vocabulary::standard();
    match kind {
        ImportKind::Background => standard.of_table_alone(table_name(kind)),
        _ => standard.of_table(table_name(kind)),
    }
}

/// The words by which a kind of table calls our fields.
fn vocabulary(kind: ImportKind) -> Result<Vocabulary, Error> {
    let vocabulary = plain_vocabulary(kind);
    match kind {
        ImportKind::Verifications => crate::judged_facts::with_facts(&vocabulary),
        _ => Ok(vocabulary),
    }
}

/// Name of the vocabulary's table for a kind of import.
fn table_name(kind: ImportKind) -> &'static str {
    match kind {
        ImportKind::Patches => "patches",
        ImportKind::Petition | ImportKind::TipOff => "petitions",
        ImportKind::Inquiry => "inquiries",
        ImportKind::Inspection => "inspections",
        ImportKind::Patrol => "patrols",
        ImportKind::Permits => "permits",
        ImportKind::Verifications => "verifications",
        ImportKind::OldLedger => "issues",
        ImportKind::Background => "backgrounds",
        ImportKind::Tracks => "tracks",
        _ => "clues",
    }
}

fn record_of(row: &Row, mapping: &Mapping, file_name: &str, sheet: &str) -> Record {
    let mut record = Record {
        place: SourcePlace {
            file_name: file_name.to_owned(),
            sheet: Some(sheet.to_owned()),
            row: Some(row.number),
            ..SourcePlace::default()
        },
        ..Record::default()
    };
    for column in &mapping.columns {
        let Some(index) = column_index(&column.column) else {
            continue;
        };
        let value = row.value(index as usize);
        put(
            &mut record,
            Some(column),
            &column.title,
            value.clone(),
            Some(index),
        );
    }
    record
}

/// Puts a value under its field, or under its own title where it has none. The running number is nobody's fact.
fn put(
    record: &mut Record,
    mapped: Option<&MappedColumn>,
    title: &str,
    value: Value,
    column: Option<u32>,
) {
    if value.is_blank() {
        return;
    }
    let field = mapped.and_then(|m| m.field.as_deref());
    match field.map(entry_field) {
        Some("sequence") => {}
        Some(field) => {
            let unit = mapped.and_then(|m| m.unit).and_then(sheets::Unit::area);
            let given = Given {
                value,
                column,
                title: title.to_owned(),
                unit,
            };
            record.values.entry(field.to_owned()).or_insert(given);
        }
        None => {
            record
                .other
                .insert(title.to_owned(), value.text().into_owned());
        }
    }
}

fn entry_field(field: &str) -> &str {
    ALIASES
        .iter()
        .find(|(theirs, _)| *theirs == field)
        .map_or(field, |(_, ours)| ours)
}

/// Attributes of a layer mapped by their names, as columns are by their titles.
fn attribute_mapping(layer: &Layer, vocabulary: &Vocabulary) -> BTreeMap<String, MappedColumn> {
    by_title(sheets::propose(&attribute_heading(layer), vocabulary, &[]))
}

fn by_title(mapping: Mapping) -> BTreeMap<String, MappedColumn> {
    let columns = mapping.columns.into_iter();
    columns.map(|c| (c.title.clone(), c)).collect()
}

fn attribute_heading(layer: &Layer) -> Heading {
    let names = layer.attribute_names();
    let columns = names.iter().enumerate().map(|(i, name)| sheets::Column {
        index: i as u32,
        letter: sheets::column_letter(i as u32),
        title: (*name).to_owned(),
    });
    Heading {
        title: None,
        preamble: Vec::new(),
        first_header_row: 1,
        header_rows: 1,
        columns: columns.collect(),
        body_from: 2,
        body_to: None,
    }
}

fn cell_value(value: &feature::Value) -> Value {
    match value {
        feature::Value::Null => Value::Empty,
        feature::Value::Bool(b) => Value::Bool(*b),
        feature::Value::Integer(n) => Value::Number(*n as f64),
        feature::Value::Real(n) => Value::Number(*n),
        feature::Value::Text(t) | feature::Value::Date(t) | feature::Value::DateTime(t) => {
            Value::from(t.as_str())
        }
    }
}

/// A coordinate system named in words, as tables do in their head or notes.
fn crs_named_in(line: &str) -> Option<Crs> {
    let upper = line.to_uppercase().replace(['－', '—'], "-");
    let names: [(&[&str], Crs); 4] = [
        (&["GCJ-02", "GCJ02", "火星坐标", "高德"], Crs::Gcj02),
        (&["BD-09", "BD09", "百度坐标"], Crs::Bd09),
        (&["CGCS2000", "国家2000", "2000国家大地"], Crs::Cgcs2000),
        (&["WGS84", "WGS-84", "WGS 84"], Crs::Wgs84),
    ];
    // A projected system has zone and width, which words in a title seldom give whole; its columns speak for themselves.
    let is_projected = ["高斯", "投影", "带", "GAUSS"]
        .iter()
        .any(|w| upper.contains(w));
    let found = names
        .into_iter()
        .find(|(words, _)| words.iter().any(|w| upper.contains(w)))
        .map(|(_, crs)| crs);
    found.filter(|crs| !is_projected || matches!(crs, Crs::Gcj02 | Crs::Bd09))
}

fn after_label(line: &str, labels: &[&str]) -> Option<String> {
    let rest = labels
        .iter()
        .find_map(|label| line.split_once(label))
        .map(|(_, rest)| rest)?;
    let text = rest.trim_start_matches(['：', ':', ' ', '（', '(']);
    let end = text
        .find([' ', '\u{3000}', '；', ';', '，'])
        .unwrap_or(text.len());
    Some(text[..end].trim_end_matches(['）', ')']).to_owned()).filter(|t| !t.is_empty())
}
