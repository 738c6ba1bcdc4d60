//! 底图图层 — the office's own layers under the map: lines, areas and names near the reserve, or the shade of the ground.
//!
//! What is drawn is made once, here, and kept as a file of its own: GeoJSON in CGCS2000, or for relief a picture.

use std::collections::BTreeSet;
use std::io::Cursor;

use domain::codes::BackgroundKind;
use domain::entries::BackgroundAdopted;
use domain::ids::{BatchId, StreamId};
use geo::{BoundingRect, CoordsIter, Simplify};
use geo_types::{Geometry, Rect};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sheets::Mapping;
use spatial::crs::Crs;
use spatial::diagnostic::{Diagnostic, Place, Severity};
use spatial::elevation::{self, Raster};
use spatial::feature::{DeclaredCrs, Feature, Format, Layer, Value};
use spatial::formats;
use spatial::relief::Relief;

use super::position;
use super::preview::{Action, RowOutcome};
use super::record::{Fields, Record};
use super::staging::Staging;
use super::{ImportRequest, Loaded};
use crate::error::Error;
use crate::session::{Session, reserve_box, start_of};

/// The field that features are labelled by.
const LABEL: &str = "label";
/// Features this near to the reserve's box are drawn, degrees.
const NEAR: f64 = 1.0;
/// Relief is drawn this far around the reserve's box, degrees.
const RELIEF_MARGIN: f64 = 0.15;
/// Vertices of all features on the small map of the preview.
const MOST_PREVIEWED: usize = 60_000;
/// How coarse they are there, degrees.
const PREVIEW_GRAIN: f64 = 0.000_5;
/// What is noticed of a file as a whole though it is met with every feature; told once.
const OF_THE_FILE: [&str; 3] = [
    "import.declared_crs_used",
    "coordinate.offset_removed",
    "coordinate.approximate_datum",
];
/// Letters of a name, a source, a number.
const LONGEST: usize = 200;

/// 底图图层说明 — what is said of a layer, as it came from the form or the command line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackgroundSaid {
    pub kind: Option<String>,
    pub name: Option<String>,
    /// Lower-case letters, digits and hyphens; where it is not said, it follows from kind and name.
    pub code: Option<String>,
    pub data_source: Option<String>,
    /// 审图号
    pub review_number: Option<String>,
    pub dated_on: Option<Date>,
    /// Attribute that features are labelled by.
    pub label: Option<String>,
}

/// What is said, checked.
struct Stated {
    kind: BackgroundKind,
    name: String,
    code: String,
    data_source: String,
    review_number: Option<String>,
}

impl BackgroundSaid {
    /// Refuses what cannot be a layer's kind, name, code or source.
    pub fn check(&self) -> Result<(), Error> {
        self.stated().map(|_| ())
    }

    fn stated(&self) -> Result<Stated, Error> {
        let given = self.kind.as_deref().unwrap_or_default();
        let kind = BackgroundKind::from_code(given).ok_or_else(|| {
            let kinds: Vec<&str> = BackgroundKind::ALL.iter().map(|k| k.code()).collect();
            let fault = Diagnostic::error("import.background_kind").arg("kind", given);
            Error::rejected(fault.arg("kinds", kinds.join("、")))
        })?;
        let name = told(self.name.as_deref(), "import.background_name")?;
        let data_source = told(self.data_source.as_deref(), "import.background_source")?;
        let code = match worded(self.code.as_deref()) {
            Some(code) => checked_code(code)?,
            None => code_of(kind, &name),
        };
        let review_number = worded(self.review_number.as_deref());
        Ok(Stated {
            kind,
            name,
            code,
            data_source,
            review_number,
        })
    }
}

fn worded(text: Option<&str>) -> Option<String> {
    let text = text?.trim();
    let plain = text.chars().filter(|c| !c.is_control()).take(LONGEST);
    let plain: String = plain.collect();
    (!plain.is_empty()).then_some(plain)
}

fn told(text: Option<&str>, code: &'static str) -> Result<String, Error> {
    worded(text).ok_or_else(|| Error::rejected(Diagnostic::error(code)))
}

fn checked_code(code: String) -> Result<String, Error> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    match code.len() <= 64 && code.chars().all(is_plain) {
        true => Ok(code),
        false => Err(Error::rejected(
            Diagnostic::error("import.background_code").arg("code", code),
        )),
    }
}

/// The code of a layer that was given none: the same kind and name is the same layer.
fn code_of(kind: BackgroundKind, name: &str) -> String {
    let kind = kind.code().replace('_', "-");
    format!("{kind}-{}", &crate::sha256_hex(name.as_bytes())[..8])
}

/// Heights are for relief and for nothing else; everything else is a vector file.
pub(super) fn check_format(loaded: &Loaded, said: &BackgroundSaid) -> Result<(), Error> {
    let is_relief = said.stated()?.kind == BackgroundKind::Relief;
    let name = loaded.file_name.to_lowercase();
    let is_table = [".xlsx", ".xls", ".et", ".ods", ".csv", ".tsv", ".txt"];
    let code = match (is_relief, elevation::is_tiff(&loaded.bytes)) {
        (true, false) => "import.relief_needs_heights",
        (false, true) => "import.heights_are_relief",
        _ if is_table.iter().any(|e| name.ends_with(e)) => "import.background_format",
        _ => return Ok(()),
    };
    Err(Error::rejected(Diagnostic::error(code).at(whole(loaded))))
}

/// Takes one attribute for the label and no other.
pub(super) fn label_by(mapping: &mut Mapping, label: &str) -> Result<(), Error> {
    if !mapping.columns.iter().any(|c| c.title == label) {
        let titles: Vec<&str> = mapping.columns.iter().map(|c| c.title.as_str()).collect();
        let fault = Diagnostic::error("import.unknown_label").arg("text", label);
        return Err(Error::rejected(fault.arg("known", titles.join("、"))));
    }
    for column in &mut mapping.columns {
        let is_it = column.title == label;
        column.field = is_it.then(|| LABEL.to_owned());
        if is_it {
            column.confidence = 1.0;
            column.reason = sheets::Reason::ByHand;
        }
    }
    Ok(())
}

fn label_field(loaded: &Loaded) -> Option<String> {
    let column = loaded.mappings.first()?.find(LABEL)?;
    Some(column.title.clone())
}

/// The batch of a layer, and whether the very same stands already. What was withdrawn or replaced may come again.
pub(super) fn batch(
    session: &Session,
    request: &ImportRequest,
    loaded: &Loaded,
) -> Result<(BatchId, bool), Error> {
    let stated = request.background.stated()?;
    let reserve = &session.reserve.reserve_code;
    let standing = session.register.backgrounds(reserve)?.into_iter();
    let is_repeated = standing.map(|b| b.adopted.body).any(|b| {
        b.background_code == stated.code
            && b.background_kind == stated.kind.code()
            && b.name == stated.name
            && b.data_source == stated.data_source
            && b.review_number == stated.review_number
            && b.dated_on == request.background.dated_on
            && b.source_sha256 == loaded.sha256
            && b.label_field == label_field(loaded)
            && request
                .crs
                .as_ref()
                .is_none_or(|crs| crs.to_string() == b.crs_used)
    });
    let stream = StreamId::background(reserve, &stated.code);
    let version = session.register.stream_version(&stream)?.to_string();
    let seed: [&[u8]; 4] = [
        request.kind.code().as_bytes(),
        loaded.sha256.as_bytes(),
        stated.code.as_bytes(),
        version.as_bytes(),
    ];
    let batch_id = BatchId::derived(start_of(Date::constant(2000, 1, 1)), &seed);
    Ok((batch_id, is_repeated))
}

/// Stages a layer of lines, areas, names, or relief.
pub(super) fn stage(staging: &mut Staging<'_>) -> Result<(), Error> {
    let stated = staging.request.background.stated()?;
    let reserve = reserve_box(&staging.session.register, &staging.session.setting)?;
    let reserve = reserve.ok_or_else(|| {
        Error::rejected(Diagnostic::error("session.not_set_up").arg("what", "boundary"))
    })?;
    staging.convention.envelope = Some(reserve);
    if stated.kind == BackgroundKind::BoundaryLines && stated.review_number.is_none() {
        let doubt = Diagnostic::warning("import.no_review_number").at(whole(staging.loaded));
        staging.diagnostics.push(doubt);
    }
    let drawn = match stated.kind {
        BackgroundKind::Relief => relief(staging, &stated, reserve)?,
        _ => features(staging, &stated, reserve)?,
    };
    match drawn {
        Some(drawn) => say(staging, stated, drawn),
        // The fault is told; what is said of the file mends it.
        None => Ok(()),
    }
}

/// What a layer draws.
struct Drawn {
    bytes: Vec<u8>,
    bbox: [f64; 4],
    crs_used: String,
    read: usize,
    count: usize,
    cells: Option<[u32; 2]>,
}

fn say(staging: &mut Staging<'_>, stated: Stated, drawn: Drawn) -> Result<(), Error> {
    let reserve_code = staging.session.reserve.reserve_code.clone();
    let stream = StreamId::background(&reserve_code, &stated.code);
    let body = BackgroundAdopted {
        reserve_code,
        background_code: stated.code,
        name: stated.name,
        background_kind: stated.kind.code().to_owned(),
        data_source: stated.data_source,
        review_number: stated.review_number,
        dated_on: staging.request.background.dated_on,
        file_name: staging.loaded.file_name.clone(),
        source_sha256: staging.loaded.sha256.clone(),
        drawn_sha256: crate::sha256_hex(&drawn.bytes),
        crs_used: drawn.crs_used,
        bbox: drawn.bbox.map(crate::geography::degrees),
        features_read: drawn.read as u64,
        features_drawn: drawn.count as u64,
        label_field: label_field(staging.loaded),
        cells: drawn.cells,
    };
    staging.files.push(drawn.bytes);
    let seed = staging.batch_id.0.as_bytes().to_owned();
    let said = serde_json::to_vec(&body).map_err(Error::internal)?;
    staging.say(stream, body, staging.received_on, &[&seed, &said])?;
    Ok(())
}

fn features(
    staging: &mut Staging<'_>,
    stated: &Stated,
    reserve: [f64; 4],
) -> Result<Option<Drawn>, Error> {
    let mut gathered = Gathered::new(stated, widened(reserve, NEAR));
    let loaded = staging.loaded;
    let mut told = BTreeSet::new();
    for record in &loaded.records {
        let mut fields = Fields::of(record);
        let placed = position::place(&mut fields, &staging.convention);
        let label = fields.text(LABEL);
        fields
            .diagnostics
            .retain(|d| !OF_THE_FILE.contains(&&*d.code) || told.insert(d.code.clone()));
        staging.diagnostics.append(&mut fields.diagnostics);
        match placed {
            Some(placed) => gathered.take(staging, record, placed, label),
            None if record.geometry.is_some() => {
                staging.outcome(record, label.as_deref(), Action::Refused);
            }
            None => {}
        }
    }
    if gathered.outside > 0 {
        let note = Diagnostic::note("import.background_outside")
            .arg("count", gathered.outside)
            .at(whole(loaded));
        staging.diagnostics.push(note);
    }
    if stated.kind == BackgroundKind::Places && label_field(loaded).is_none() {
        let doubt = Diagnostic::warning("import.background_unlabelled").at(whole(loaded));
        staging.diagnostics.push(doubt);
    }
    gathered.finish(staging)
}

/// Features on their way to what is drawn.
struct Gathered {
    layer: Layer,
    near: Rect<f64>,
    name: String,
    bbox: Option<Rect<f64>>,
    crs_used: String,
    outside: usize,
    previewed: usize,
}

impl Gathered {
    fn new(stated: &Stated, near: [f64; 4]) -> Self {
        Self {
            layer: Layer::new(&stated.name, DeclaredCrs::Epsg(4490), Format::GeoJson),
            near: rect(near),
            name: stated.name.clone(),
            bbox: None,
            crs_used: String::new(),
            outside: 0,
            previewed: 0,
        }
    }

    fn take(
        &mut self,
        staging: &mut Staging<'_>,
        record: &Record,
        placed: position::Placed,
        label: Option<String>,
    ) {
        use geo::Intersects;
        let own = placed.geometry.bounding_rect();
        let Some(own) = own.filter(|own| own.intersects(&self.near)) else {
            self.outside += 1;
            return;
        };
        self.bbox = Some(self.bbox.map_or(own, |b| around(b, own)));
        if let Ok((crs, _)) = position::system_of(&record.crs, &staging.convention) {
            self.crs_used = crs.to_string();
        }
        let name = self.name.clone();
        staging.outcome(record, label.as_deref(), Action::Adopted { name });
        if let Some(row) = staging.preview.rows.last_mut() {
            row.at = self.previewed(&placed.geometry);
        }
        let mut feature = Feature::new(record.place.feature.unwrap_or_default());
        feature.geometry = Some(placed.geometry);
        let label = label.map(|l| (LABEL.to_owned(), Value::Text(l)));
        feature.attributes.extend(label);
        self.layer.features.push(feature);
    }

    /// A coarse copy for the small map, while there is room on it.
    fn previewed(&mut self, geometry: &Geometry<f64>) -> Option<Geometry<f64>> {
        if self.previewed >= MOST_PREVIEWED {
            return None;
        }
        let coarse = coarse(geometry);
        self.previewed += coarse.coords_count();
        Some(coarse)
    }

    fn finish(self, staging: &mut Staging<'_>) -> Result<Option<Drawn>, Error> {
        let Some(bbox) = self.bbox else {
            let faults = &staging.diagnostics;
            if faults.iter().any(position::is_of_layer) {
                return Ok(None);
            }
            let is_fault = |d: &&Diagnostic| d.severity == Severity::Error;
            let fault = match (faults.iter().find(is_fault), self.outside) {
                (Some(fault), _) => fault.clone(),
                (None, 0) => Diagnostic::error("import.nothing_usable"),
                (None, _) => Diagnostic::error("import.background_elsewhere"),
            };
            return Err(Error::rejected(fault));
        };
        let mut bytes = Vec::new();
        formats::write_geojson(&self.layer, &mut bytes)
            .map_err(|e| Error::rejected(e.to_diagnostic()))?;
        Ok(Some(Drawn {
            bytes,
            bbox: [bbox.min().x, bbox.min().y, bbox.max().x, bbox.max().y],
            crs_used: self.crs_used,
            read: staging.loaded.records.len(),
            count: self.layer.features.len(),
            cells: None,
        }))
    }
}

fn relief(
    staging: &mut Staging<'_>,
    stated: &Stated,
    reserve: [f64; 4],
) -> Result<Option<Drawn>, Error> {
    let at = whole(staging.loaded);
    let refused = |e: elevation::ElevationError| Error::rejected(e.to_diagnostic().at(at.clone()));
    let mut raster = Raster::open(Cursor::new(&staging.loaded.bytes)).map_err(refused)?;
    let Some(crs) = system(staging, &raster.placement.crs) else {
        return Ok(None);
    };
    let wanted = widened(reserve, RELIEF_MARGIN);
    let relief = Relief::draw(&mut raster, &crs, wanted).map_err(refused)?;
    if relief.shades.iter().all(|s| s.is_nan()) {
        return Err(refused(elevation::ElevationError::Elsewhere));
    }
    staging.preview.rows.push(RowOutcome {
        number: 1,
        sheet: None,
        title: stated.name.clone(),
        zone_kind: None,
        at: Some(rect(relief.bbox).to_polygon().into()),
        action: Action::Adopted {
            name: stated.name.clone(),
        },
    });
    Ok(Some(Drawn {
        bytes: png(&relief)?,
        bbox: relief.bbox,
        crs_used: crs.to_string(),
        read: 1,
        count: 1,
        cells: Some(relief.cells),
    }))
}

/// The raster's system: what the file says, else what the person declares; told where nobody says.
fn system(staging: &mut Staging<'_>, declared: &DeclaredCrs) -> Option<Crs> {
    let at = whole(staging.loaded);
    match position::system_of(declared, &staging.convention) {
        Ok((crs, found)) => {
            let found = found.into_iter().map(|d| d.at(at.clone()));
            staging.diagnostics.extend(found);
            Some(crs)
        }
        Err(fault) => {
            staging.diagnostics.push(fault.at(at));
            None
        }
    }
}

fn png(relief: &Relief) -> Result<Vec<u8>, Error> {
    use image::ImageEncoder;
    let mut bytes = Vec::new();
    image::codecs::png::PngEncoder::new(&mut bytes)
        .write_image(
            &relief.lightness_and_alpha(),
            relief.columns,
            relief.rows,
            image::ExtendedColorType::La8,
        )
        .map_err(Error::internal)?;
    Ok(bytes)
}

fn whole(loaded: &Loaded) -> Place {
    Place {
        file: Some(loaded.file_name.clone()),
        ..Place::default()
    }
}

fn widened([west, south, east, north]: [f64; 4], by: f64) -> [f64; 4] {
    [west - by, south - by, east + by, north + by]
}

fn rect([west, south, east, north]: [f64; 4]) -> Rect<f64> {
    Rect::new((west, south), (east, north))
}

fn around(a: Rect<f64>, b: Rect<f64>) -> Rect<f64> {
    Rect::new(
        (a.min().x.min(b.min().x), a.min().y.min(b.min().y)),
        (a.max().x.max(b.max().x), a.max().y.max(b.max().y)),
    )
}

fn coarse(geometry: &Geometry<f64>) -> Geometry<f64> {
    match geometry {
        Geometry::LineString(line) => line.simplify(PREVIEW_GRAIN).into(),
        Geometry::MultiLineString(lines) => lines.simplify(PREVIEW_GRAIN).into(),
        Geometry::Polygon(area) => area.simplify(PREVIEW_GRAIN).into(),
        Geometry::MultiPolygon(areas) => areas.simplify(PREVIEW_GRAIN).into(),
        other => other.clone(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    fn said(kind: &str, name: &str, code: Option<&str>) -> BackgroundSaid {
        BackgroundSaid {
            kind: Some(kind.to_owned()),
            name: Some(name.to_owned()),
            code: code.map(str::to_owned),
            data_source: Some("县交通局".to_owned()),
            ..BackgroundSaid::default()
        }
    }

    #[test]
    fn a_layer_without_a_code_is_named_by_its_kind_and_name() {
        let one = said("boundary_lines", "县界", None).stated().unwrap();
        assert_eq!(
            one.code,
            said("boundary_lines", " 县界 ", None)
                .stated()
                .unwrap()
                .code
        );
        assert_ne!(
            one.code,
            said("boundary_lines", "乡界", None).stated().unwrap().code
        );
        assert!(one.code.starts_with("boundary-lines-"), "{}", one.code);
        let own = said("roads", "道路", Some("county-roads"))
            .stated()
            .unwrap();
        assert_eq!(own.code, "county-roads");
    }

    #[test]
    fn what_is_missing_or_would_make_a_path_is_refused() {
        let code = |said: BackgroundSaid| said.check().unwrap_err().code();
        assert_eq!(
            code(said("streets", "道路", None)),
            "import.background_kind"
        );
        assert_eq!(code(said("roads", " ", None)), "import.background_name");
        for bad in ["../a", "A", "路"] {
            let fault = code(said("roads", "道路", Some(bad)));
            assert_eq!(fault, "import.background_code", "{bad}");
        }
        let mut nameless = said("roads", "道路", None);
        nameless.data_source = None;
        assert_eq!(code(nameless), "import.background_source");
    }
}
