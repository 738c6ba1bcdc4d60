//! The desk on which the files of the demonstration pile up, together with what is true about them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use super::claims::Claim;
use super::sheet::{Sheet, letter};

/// The mark every file of the demonstration carries.
pub(crate) const MARK: &str = "演示数据";

/// One file to be imported.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Input {
    /// Place in the order in which the files reached the bureau.
    pub(crate) order: usize,
    /// Path below the output folder.
    pub(crate) file: String,
    /// What the importer has to make of it.
    pub(crate) kind: &'static str,
    /// Source of the clues in it, as the code list calls it.
    pub(crate) source_kind: &'static str,
    /// Title in Chinese.
    pub(crate) title: String,
    /// Day the bureau received it.
    pub(crate) received_on: &'static str,
    /// Monitoring batch or campaign year, if it belongs to one.
    pub(crate) batch: Option<&'static str>,
    /// Station that sent it.
    pub(crate) station: Option<&'static str>,
    /// Coordinate system the file is in, if not CGCS2000 degrees.
    pub(crate) crs: Option<&'static str>,
    /// Rows, features or plots in it.
    pub(crate) records: usize,
}

impl Input {
    /// An input with nothing special about it.
    pub(crate) fn new(
        file: &str,
        kind: &'static str,
        source_kind: &'static str,
        received_on: &'static str,
    ) -> Self {
        let name = file.rsplit('/').next().unwrap_or(file);
        let stem = name.split('.').next().unwrap_or(name);
        Self {
            order: 0,
            file: file.to_owned(),
            kind,
            source_kind,
            title: stem.replace("演示数据-", ""),
            received_on,
            batch: None,
            station: None,
            crs: None,
            records: 0,
        }
    }
}

/// What is true about one clue.
#[derive(Clone, Serialize)]
pub(crate) struct ClueTruth {
    /// File it is in.
    pub(crate) file: String,
    /// Sheet, for workbooks.
    pub(crate) sheet: Option<String>,
    /// Row as a person sees it, or the number of the feature from one.
    pub(crate) row: usize,
    /// Source as the code list calls it.
    pub(crate) source_kind: &'static str,
    /// Official number as written.
    pub(crate) external_code: Option<String>,
    /// Key of the site it means; nothing if there is none.
    pub(crate) site: Option<String>,
    /// How the site can be recognised: `geometry`, `name`, `code`, or `person` if only a person can.
    pub(crate) matched_by: &'static str,
}

/// One planted fault.
#[derive(Clone, Serialize)]
pub(crate) struct Dirt {
    file: String,
    sheet: Option<String>,
    row: usize,
    column: Option<String>,
    kind: &'static str,
    /// What a good import makes of it.
    outcome: &'static str,
    text: String,
}

/// One statement that other sources deny.
#[derive(Clone, Serialize)]
pub(crate) struct Contradiction {
    site: String,
    field: &'static str,
    file: String,
    row: usize,
    says: String,
    truth: String,
}

/// A position in a file.
#[derive(Clone)]
pub(crate) struct Spot {
    /// File.
    pub(crate) file: String,
    /// Sheet.
    pub(crate) sheet: Option<String>,
    /// Row or feature.
    pub(crate) row: usize,
}

/// Files and truth.
#[derive(Default)]
pub(crate) struct Desk {
    files: BTreeMap<String, Vec<u8>>,
    /// Files to import.
    pub(crate) inputs: Vec<Input>,
    /// Clues.
    pub(crate) clues: Vec<ClueTruth>,
    /// Faults.
    pub(crate) dirt: Vec<Dirt>,
    /// Statements that others deny.
    pub(crate) contradictions: Vec<Contradiction>,
}

impl Desk {
    /// Lays a file down.
    pub(crate) fn file(&mut self, path: &str, bytes: Vec<u8>) {
        self.files.insert(path.to_owned(), bytes);
    }

    /// Lays a file down that is to be imported.
    pub(crate) fn input(&mut self, mut input: Input, records: usize, bytes: Vec<u8>) {
        input.order = self.inputs.len() + 1;
        input.records = records;
        self.file(&input.file.clone(), bytes);
        self.inputs.push(input);
    }

    /// Notes which site a clue means.
    pub(crate) fn clue(&mut self, spot: &Spot, source_kind: &'static str, claim: &Claim<'_>) {
        self.clues.push(ClueTruth {
            file: spot.file.clone(),
            sheet: spot.sheet.clone(),
            row: spot.row,
            source_kind,
            external_code: claim.code.clone(),
            site: claim.site.map(|site| site.key.clone()),
            matched_by: claim.matched_by(),
        });
        for (field, says, truth) in &claim.denied {
            self.contradictions.push(Contradiction {
                site: claim.site.map(|site| site.key.clone()).unwrap_or_default(),
                field,
                file: spot.file.clone(),
                row: spot.row,
                says: says.clone(),
                truth: truth.clone(),
            });
        }
    }

    /// Notes a planted fault; `column` counts from zero.
    pub(crate) fn dirt(
        &mut self,
        spot: &Spot,
        column: Option<usize>,
        kind: &'static str,
        text: impl Into<String>,
    ) {
        self.dirt.push(Dirt {
            file: spot.file.clone(),
            sheet: spot.sheet.clone(),
            row: spot.row,
            column: column.map(letter),
            kind,
            outcome: outcome(kind),
            text: text.into(),
        });
    }

    /// Notes the faults a sheet has by its layout.
    pub(crate) fn layout(&mut self, file: &str, sheet: &Sheet) {
        for (row, kind, text) in sheet.layout_dirt() {
            let spot = Spot {
                file: file.to_owned(),
                sheet: Some(sheet.name.clone()),
                row,
            };
            self.dirt(&spot, None, kind, text);
        }
    }

    /// Writes every file below the folder.
    pub(crate) fn write(&self, out: &Path) -> anyhow::Result<()> {
        for (path, bytes) in &self.files {
            let path = out.join(path);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(&path, bytes).with_context(|| format!("writing {}", path.display()))?;
        }
        Ok(())
    }
}

/// What a good import makes of a fault: `layout` is stepped over, `read` is understood as it stands,
/// `imprecise` is kept with its precision, `repaired` is mended with a warning, `lost` is a value
/// nobody can recover, `asked` is a question for a person.
fn outcome(kind: &str) -> &'static str {
    match kind {
        "date.year_only" | "date.month_only" | "date.vague" => "imprecise",
        "coordinate.rounded" | "area.approximate" => "imprecise",
        "coordinate.swapped" | "coordinate.gcj02" | "coordinate.zone_missing" => "repaired",
        "coordinate.missing" | "coordinate.zero" | "coordinate.no_decimal_point" => "lost",
        "area.missing" | "area.words" | "area.range" => "lost",
        "code.missing" | "determination.missing" | "zone.missing" => "lost",
        "code.duplicate" | "area.wrong_unit" => "asked",
        "coordinate.out_of_reserve" | "coordinate.contradicts_geometry" => "asked",
        _ => match kind.split('.').next() {
            Some("sheet") => "layout",
            Some("geometry") => "repaired",
            Some("patch" | "permit" | "verification") => "asked",
            _ => "read",
        },
    }
}
