//! XLSX: the parts around the sheets (relations, sheet list, styles, shared strings), found by relation and not by
//! name, so that transitional, strict and oddly packed workbooks read alike.

use std::collections::HashMap;
use std::io::BufReader;
use std::ops::ControlFlow;

use quick_xml::events::{BytesStart, Event};

use crate::error::{Claim, Error};
use crate::limits::Limits;
use crate::package::Package;
use crate::row::{RowView, SharedStrings};
use crate::scan::{self, SheetTail};
use crate::serial::{self, Shown};
use crate::workbook::{Sheet, Visibility};
use crate::xml::{PartReader, attribute, flag, push_reference, unescape_workbook};

/// Bytes of a part that is read as a whole (sheet list, relations, styles).
const SMALL_PART_BYTES: u64 = 64 << 20;

pub(crate) struct Book {
    package: Package,
    paths: Vec<String>,
    styles: Vec<Shown>,
    shared: SharedStrings,
    is_1904: bool,
}

struct Relation {
    kind: String,
    target: String,
}

/// What the sheet list of a workbook says.
#[derive(Default)]
struct SheetList {
    sheets: Vec<(Sheet, String)>,
    is_1904: bool,
}

/// The path of the workbook part if the package is a spreadsheet in XML.
pub(crate) fn workbook_path(package: &mut Package) -> Option<String> {
    let main = relations(package, "").ok()?.into_values().find(|relation| relation.kind == "officeDocument")?;
    let is_workbook = main.target.to_lowercase().ends_with("workbook.xml") && package.contains(&main.target);
    is_workbook.then_some(main.target)
}

impl Book {
    pub(crate) fn open(mut package: Package, path: &str, limits: &Limits) -> Result<(Self, Vec<Sheet>), Error> {
        let relations = relations(&mut package, path)?;
        let list = sheet_list(&package.bytes(path, SMALL_PART_BYTES)?, path)?;
        if list.sheets.len() as u64 > limits.sheets {
            return Err(Error::TooLarge { what: Claim::Sheets, limit: limits.sheets });
        }
        let of_kind = |kind: &str| relations.values().find(|relation| relation.kind == kind).map(|r| r.target.clone());
        let styles = match of_kind("styles").filter(|part| package.contains(part)) {
            Some(part) => styles(&package.bytes(&part, SMALL_PART_BYTES)?, &part)?,
            None => Vec::new(),
        };
        let shared = match of_kind("sharedStrings").filter(|part| package.contains(part)) {
            Some(part) => shared_strings(&mut package, &part, limits)?,
            None => SharedStrings::default(),
        };
        let (sheets, paths) = tables(list.sheets, &relations);
        Ok((Self { package, paths, styles, shared, is_1904: list.is_1904 }, sheets))
    }

    pub(crate) fn scan(
        &mut self,
        index: usize,
        limits: &Limits,
        visit: &mut dyn FnMut(&RowView<'_>) -> ControlFlow<()>,
    ) -> Result<SheetTail, scan::Stop> {
        let path = &self.paths[index];
        let part = self.package.part(path).map_err(scan::Stop::Error)?;
        let context = scan::Context { styles: &self.styles, shared: &self.shared, is_1904: self.is_1904, part: path };
        scan::scan(part, &context, limits, visit)
    }
}

/// Worksheets with their paths; chart and dialog sheets hold no table.
fn tables(list: Vec<(Sheet, String)>, relations: &HashMap<String, Relation>) -> (Vec<Sheet>, Vec<String>) {
    let worksheet = |id: &String| relations.get(id).filter(|relation| relation.kind == "worksheet");
    list.into_iter()
        .filter_map(|(sheet, id)| worksheet(&id).map(|relation| (sheet, relation.target.clone())))
        .enumerate()
        .map(|(index, (sheet, path))| (Sheet { index, ..sheet }, path))
        .unzip()
}

/// The relations of a part (of the package for the empty path), by id, with targets resolved.
fn relations(package: &mut Package, source: &str) -> Result<HashMap<String, Relation>, Error> {
    let (folder, name) = source.rsplit_once('/').unwrap_or(("", source));
    let path = if folder.is_empty() { format!("_rels/{name}.rels") } else { format!("{folder}/_rels/{name}.rels") };
    let bytes = package.bytes(&path, SMALL_PART_BYTES)?;
    let mut relations = HashMap::new();
    let mut reader = PartReader::new(bytes.as_slice(), &path);
    loop {
        match reader.next()? {
            Event::Start(element) | Event::Empty(element) if element.local_name().as_ref() == b"Relationship" => {
                if let Some((id, relation)) = relation(&element, folder) {
                    relations.insert(id, relation);
                }
            }
            Event::Eof => return Ok(relations),
            _ => {}
        }
    }
}

fn relation(element: &BytesStart<'_>, folder: &str) -> Option<(String, Relation)> {
    let kind = attribute(element, "Type")?;
    let kind = kind.rsplit('/').next()?.to_owned();
    let target = resolve(folder, &attribute(element, "Target")?);
    Some((attribute(element, "Id")?, Relation { kind, target }))
}

/// A target relative to a folder, as a path inside the package; it cannot leave the package.
fn resolve(folder: &str, target: &str) -> String {
    let target = target.replace('\\', "/");
    let mut steps: Vec<&str> = if target.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => drop(steps.pop()),
            step => steps.push(step),
        }
    }
    steps.retain(|step| !step.is_empty());
    steps.join("/")
}

fn sheet_list(bytes: &[u8], path: &str) -> Result<SheetList, Error> {
    let mut list = SheetList::default();
    let mut reader = PartReader::new(bytes, path);
    loop {
        match reader.next()? {
            Event::Start(element) | Event::Empty(element) => match element.local_name().as_ref() {
                b"workbookPr" => list.is_1904 |= flag(&element, "date1904"),
                b"sheet" => list.sheets.push((sheet(&element), attribute(&element, "id").unwrap_or_default())),
                _ => {}
            },
            Event::Eof => return Ok(list),
            _ => {}
        }
    }
}

fn sheet(element: &BytesStart<'_>) -> Sheet {
    let visibility = match attribute(element, "state").as_deref() {
        Some("hidden") => Visibility::Hidden,
        Some("veryHidden") => Visibility::VeryHidden,
        _ => Visibility::Visible,
    };
    Sheet { index: 0, name: attribute(element, "name").unwrap_or_default(), visibility }
}

/// For every cell style, how it shows a number.
fn styles(bytes: &[u8], path: &str) -> Result<Vec<Shown>, Error> {
    let mut reader = PartReader::new(bytes, path);
    let mut codes = HashMap::new();
    let mut styles = Vec::new();
    let mut is_in_cell_styles = false;
    loop {
        match reader.next()? {
            Event::Start(element) | Event::Empty(element) => match element.local_name().as_ref() {
                b"numFmt" => {
                    if let Some(id) = number(&element, "numFmtId") {
                        codes.insert(id, serial::format_code(&attribute(&element, "formatCode").unwrap_or_default()));
                    }
                }
                b"cellXfs" => is_in_cell_styles = true,
                b"xf" if is_in_cell_styles => styles.push(number(&element, "numFmtId").unwrap_or(0)),
                _ => {}
            },
            Event::End(element) if element.local_name().as_ref() == b"cellXfs" => is_in_cell_styles = false,
            Event::Eof => break,
            _ => {}
        }
    }
    let shown = |id: u32| codes.get(&id).copied().unwrap_or_else(|| serial::built_in_format(id));
    Ok(styles.into_iter().map(shown).collect())
}

fn number(element: &BytesStart<'_>, name: &str) -> Option<u32> {
    attribute(element, name)?.parse().ok()
}

/// All shared strings: runs joined, readings (furigana) left out.
fn shared_strings(package: &mut Package, path: &str, limits: &Limits) -> Result<SharedStrings, Error> {
    let limit = limits.shared_string_bytes.min(u64::from(u32::MAX));
    let input = BufReader::with_capacity(64 << 10, package.part(path)?);
    let mut reader = PartReader::new(input, path);
    let mut strings = SharedStrings::default();
    let mut texts = TextRuns::default();
    loop {
        let event = reader.next()?;
        if matches!(event, Event::Eof) {
            return Ok(strings);
        }
        let is_end = matches!(&event, Event::End(element) if element.local_name().as_ref() == b"si");
        let is_empty = matches!(&event, Event::Empty(element) if element.local_name().as_ref() == b"si");
        texts.take(&event);
        if is_end || is_empty {
            strings.text.push_str(&texts.finish());
            strings.finish_one();
        }
        if strings.text.len() as u64 + texts.text.len() as u64 > limit {
            return Err(Error::TooLarge { what: Claim::SharedStrings, limit: limits.shared_string_bytes });
        }
    }
}

/// Gathers the text of `t` elements outside `rPh`.
#[derive(Default)]
pub(crate) struct TextRuns {
    text: String,
    is_in_text: bool,
    reading_depth: u32,
}

impl TextRuns {
    pub(crate) fn take(&mut self, event: &Event<'_>) {
        match event {
            Event::Start(element) => match element.local_name().as_ref() {
                b"t" => self.is_in_text = true,
                b"rPh" => self.reading_depth += 1,
                _ => {}
            },
            Event::End(element) => match element.local_name().as_ref() {
                b"t" => self.is_in_text = false,
                b"rPh" => self.reading_depth = self.reading_depth.saturating_sub(1),
                _ => {}
            },
            Event::Text(text) if self.is_text() => self.text.push_str(&String::from_utf8_lossy(text)),
            Event::CData(text) if self.is_text() => self.text.push_str(&String::from_utf8_lossy(text)),
            Event::GeneralRef(reference) if self.is_text() => push_reference(reference, &mut self.text),
            _ => {}
        }
    }

    pub(crate) fn finish(&mut self) -> String {
        let text = std::mem::take(&mut self.text);
        if text.contains("_x") { unescape_workbook(&text) } else { text }
    }

    fn is_text(&self) -> bool {
        self.is_in_text && self.reading_depth == 0
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    #[test]
    fn targets_stay_inside_the_package() {
        assert_eq!(resolve("xl", "worksheets/sheet1.xml"), "xl/worksheets/sheet1.xml");
        assert_eq!(resolve("xl", "/xl/styles.xml"), "xl/styles.xml");
        assert_eq!(resolve("xl", "../../../etc/passwd"), "etc/passwd");
        assert_eq!(resolve("xl", "worksheets\\sheet1.xml"), "xl/worksheets/sheet1.xml");
    }
}
