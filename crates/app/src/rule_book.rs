//! 规则册 — a rule set as a workbook that a lawyer edits, and back: one sheet a table, its cases on a sheet of their own.
//!
//! What a cell does not change stays byte for byte as it stands in the text files, comments and layout included.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use documents::{CellValue, ColumnSpec, LedgerSheet, Workbook, WorkbookProperties};
use rules::{Ruleset, Speech};
use sheets::Limits;
use spatial::diagnostic::{Diagnostic, Place};
use toml_edit::DocumentMut;

use crate::error::Error;
use crate::judging::RulesRefused;
use crate::rule_tables::RuleTables;

mod records;

use records::{Records, Shape};

/// 栏 — how the texts of a column are said to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Say {
    /// As it stands.
    Plain,
    Condition,
    /// Words of a member of the result, with or without conditions.
    Cell(&'static str),
    Facts,
    /// A word that has its own heading: hit, miss, border.
    Heading,
    /// `true` or nothing, said by the heading.
    Flag,
    /// How a row passes on to another table.
    Passing,
    /// Lines that begin with a zone.
    Zones,
    /// Lines that begin with the code of a column.
    Columns,
}

/// 表页 — one sheet of the workbook and where its lines stand in the files.
struct Page {
    name: String,
    title: String,
    file: String,
    /// Whose words the conditions speak in.
    table: String,
    shape: Shape,
    columns: Vec<(&'static str, Say)>,
}

const ROWS: &[(&str, Say)] = &[
    ("id", Say::Plain),
    ("when", Say::Condition),
    ("delegate", Say::Passing),
    ("verdict", Say::Cell("verdict")),
    ("focus", Say::Cell("focus")),
    ("disposal", Say::Cell("disposal")),
    ("severity", Say::Cell("severity")),
    ("deadline", Say::Cell("deadline")),
    ("basis", Say::Cell("basis")),
    ("mark", Say::Plain),
    ("adds", Say::Flag),
];
const CASES: &[(&str, Say)] = &[
    ("id", Say::Plain),
    ("is", Say::Heading),
    ("as_of", Say::Plain),
    ("facts", Say::Facts),
    ("expect", Say::Facts),
];
const MODIFIERS: &[(&str, Say)] = &[
    ("id", Say::Plain),
    ("when", Say::Condition),
    ("severity", Say::Cell("severity")),
    ("raise", Say::Plain),
    ("disposal", Say::Cell("disposal")),
    ("bodies", Say::Cell("bodies")),
    ("basis", Say::Cell("basis")),
    ("mark", Say::Plain),
];
const MATTERS: &[(&str, Say)] = &[
    ("matter", Say::Plain),
    ("rows", Say::Plain),
    ("verdicts", Say::Plain),
    ("bodies", Say::Cell("bodies")),
    ("basis", Say::Cell("basis")),
];
const INPUTS: &[(&str, Say)] = &[
    ("code", Say::Plain),
    ("label", Say::Plain),
    ("values", Say::Plain),
    ("default", Say::Plain),
    ("counts_as", Say::Plain),
];
const HEAD: &[(&str, Say)] = &[
    ("title", Say::Plain),
    ("focus", Say::Cell("focus")),
    ("deadline", Say::Cell("deadline")),
    ("note", Say::Plain),
    ("ungated", Say::Flag),
];
const OFFENCES: &[(&str, Say)] = &[("code", Say::Plain), ("label", Say::Plain)];
const PROFILE: &[(&str, Say)] = &[("code", Say::Plain), ("text", Say::Cell("focus"))];
const MAPPING: &[(&str, Say)] = &[("code", Say::Plain), ("text", Say::Zones)];
const TERMS: &[(&str, Say)] = &[("code", Say::Plain), ("text", Say::Condition)];
const CELLS: &[(&str, Say)] = &[("code", Say::Plain), ("text", Say::Cell("severity"))];
const DATES: &[(&str, Say)] = &[("code", Say::Plain), ("text", Say::Plain)];
const UNMET: &[(&str, Say)] = &[
    ("field", Say::Plain),
    ("if", Say::Condition),
    ("needs", Say::Condition),
];
const MATRIX: &[(&str, Say)] = &[
    ("activities", Say::Plain),
    ("zones", Say::Zones),
    ("basis", Say::Cell("basis")),
];
const SCALES: &[(&str, Say)] = &[
    ("offence", Say::Plain),
    ("law", Say::Plain),
    ("clause", Say::Plain),
    ("from", Say::Plain),
    ("kind", Say::Plain),
    ("of", Say::Plain),
    ("min", Say::Plain),
    ("max", Say::Plain),
    ("serious", Say::Plain),
    ("below", Say::Columns),
];
const CLAUSES: &[(&str, Say)] = &[
    ("id", Say::Plain),
    ("law", Say::Plain),
    ("article", Say::Plain),
    ("from", Say::Plain),
    ("from_note", Say::Plain),
    ("to", Say::Plain),
    ("to_note", Say::Plain),
    ("demands", Say::Plain),
    ("penalty", Say::Plain),
    ("body", Say::Plain),
    ("mark", Say::Plain),
    ("successors", Say::Plain),
    ("edition", Say::Plain),
    ("wording", Say::Plain),
];

/// Writes the rule set as a workbook.
pub fn write_workbook(tables: &RuleTables, path: &Path) -> Result<(), Error> {
    let unwritable = |source| Error::Read {
        path: path.display().to_string(),
        source,
    };
    let file = File::create(path).map_err(unwritable)?;
    // The day is not that of the clock: same tables, same bytes.
    let created = jiff::civil::datetime(2019, 8, 18, 0, 0, 0, 0);
    let properties = WorkbookProperties::new("rules", created);
    let book = Workbook::new(BufWriter::new(file), properties);
    let mut book = book.map_err(Error::internal)?;
    for page in pages(tables) {
        let records = page.records(&tables.files).map_err(Error::internal)?;
        let speech = tables.ruleset.speech(&page.table);
        let lines: Vec<Vec<CellValue<'_>>> = records
            .lines
            .iter()
            .map(|line| page.said(line, &speech, &tables.ruleset))
            .map(|line| line.into_iter().map(CellValue::text).collect())
            .collect();
        book.ledger(&page.sheet(&tables.ruleset), &lines)
            .map_err(Error::internal)?;
    }
    book.finish().map_err(Error::internal)?;
    Ok(())
}

/// Reads a workbook against the rule set that it was made from: the files with the changed cells put in.
///
/// A cell that says nothing the tables know is refused with its address, such as `水电!C7`.
pub fn read_workbook(path: &Path, base: &RuleTables) -> Result<RuleTables, RulesRefused> {
    let mut book = sheets::open(path, &Limits::default())
        .map_err(|e| RulesRefused::Faults(vec![e.diagnostic()]))?;
    let (read, _) = book
        .tables()
        .map_err(|e| RulesRefused::Faults(vec![e.diagnostic()]))?;
    let mut documents = BTreeMap::new();
    let mut faults = Vec::new();
    let mut placed = Vec::new();
    for page in pages(base) {
        let Some(table) = read.iter().find(|t| t.sheet.name == page.name) else {
            continue;
        };
        match page.taken(table, base) {
            Ok(lines) => {
                let outcome = page.put(&lines, base, &mut documents);
                faults.extend(outcome.err().map(|fault| *fault));
                placed.push((page, lines));
            }
            Err(found) => faults.extend(found),
        }
    }
    if placed.is_empty() && faults.is_empty() {
        faults.push(Diagnostic::error("rules.no_sheet"));
    }
    if !faults.is_empty() {
        return Err(RulesRefused::Faults(faults));
    }
    let mut files = base.files.clone();
    for (file, document) in documents {
        files.insert(file, DocumentMut::to_string(&document));
    }
    RuleTables::read(files).map_err(|refused| addressed(refused, &placed))
}

/// Faults found by the checks of the tables, with the address of their cell.
fn addressed(refused: RulesRefused, placed: &[(Page, Vec<Line>)]) -> RulesRefused {
    let RulesRefused::Faults(faults) = refused else {
        return refused;
    };
    let at = |mut fault: Diagnostic| {
        let arg = |name: &str| fault.args.get(name).cloned().unwrap_or_default();
        let (file, row, cell) = (arg("file"), arg("row"), arg("cell"));
        let found = placed.iter().find_map(|(page, lines)| {
            let line = lines.iter().find(|l| l.id() == row || row == "terms")?;
            let column = page.columns.iter().position(|(key, _)| *key == cell);
            (page.file == file && column.is_some()).then_some((page, line, column))
        });
        if let Some((page, line, column)) = found {
            fault.place.sheet = Some(page.name.clone());
            fault.place.row = Some(line.number);
            fault.place.column = column.map(letter);
        }
        fault
    };
    RulesRefused::Faults(faults.into_iter().map(at).collect())
}

/// 行 — of a sheet as read: its number and the codes its cells stand for.
struct Line {
    number: u64,
    cells: Vec<String>,
}

impl Line {
    fn id(&self) -> &str {
        self.cells.first().map_or("", String::as_str)
    }
}

fn pages(tables: &RuleTables) -> Vec<Page> {
    let ruleset = &tables.ruleset;
    let mut found = Vec::new();
    let ids = std::iter::once("gate").chain(ruleset.table_ids());
    for id in ids {
        let title = ruleset.table_title(id).to_owned();
        let file = format!("tables/{id}.toml");
        let mut add = |sheet: &str, shape, columns: &[(&'static str, Say)]| {
            let name = match sheet {
                "" => title.clone(),
                sheet => format!("{title}·{}", ruleset.sheet(sheet)),
            };
            found.push(Page {
                title: name.clone(),
                name,
                file: file.clone(),
                table: id.to_owned(),
                shape,
                columns: columns.to_vec(),
            });
        };
        add("", Shape::List("rows"), ROWS);
        add("head", Shape::Head, HEAD);
        add("cases", Shape::Cases, CASES);
        add("terms", Shape::Map("terms"), TERMS);
        add("cells", Shape::Map("cells"), CELLS);
        add("inputs", Shape::Tables("inputs"), INPUTS);
        add("matrix", Shape::List("matrix"), MATRIX);
        add("unmet", Shape::List("unmet"), UNMET);
        add("labels", Shape::Map("labels"), DATES);
    }
    found.extend(other_pages(tables));
    found.retain(|page| {
        page.records(&tables.files)
            .is_ok_and(|r| !r.lines.is_empty())
    });
    found
}

/// Pages that belong to no table.
fn other_pages(tables: &RuleTables) -> Vec<Page> {
    let ruleset = &tables.ruleset;
    let cases = |name: &str| format!("{}·{}", ruleset.sheet(name), ruleset.sheet("cases"));
    let page = |name: String, file: &str, shape, columns: &[(&'static str, Say)]| Page {
        title: name.clone(),
        name,
        file: file.to_owned(),
        table: String::new(),
        shape,
        columns: columns.to_vec(),
    };
    let sheet = |name: &str| ruleset.sheet(name).to_owned();
    let common = |part: &str| format!("{}·{}", ruleset.sheet("common"), ruleset.sheet(part));
    let settings = |part: &str| format!("{}·{}", ruleset.sheet("dates"), ruleset.sheet(part));
    let (modifiers, bodies) = ("tables/modifiers.toml", "tables/bodies.toml");
    let mut found = vec![
        page(
            sheet("modifiers"),
            modifiers,
            Shape::List("modifiers"),
            MODIFIERS,
        ),
        page(cases("modifiers"), modifiers, Shape::Cases, CASES),
        page(sheet("matters"), bodies, Shape::List("matters"), MATTERS),
        page(cases("matters"), bodies, Shape::Cases, CASES),
        page(sheet("scales"), "tables/fines.toml", Shape::Scales, SCALES),
        page(cases("scales"), "tables/fines.toml", Shape::Cases, CASES),
        page(
            common("inputs"),
            "tables/common.toml",
            Shape::Tables("inputs"),
            INPUTS,
        ),
        page(
            common("terms"),
            "tables/common.toml",
            Shape::Map("terms"),
            TERMS,
        ),
        page(
            common("labels"),
            "tables/common.toml",
            Shape::Map("labels"),
            DATES,
        ),
        page(
            sheet("offences"),
            "tables/fines.toml",
            Shape::List("offences"),
            OFFENCES,
        ),
        page(sheet("dates"), "settings.toml", Shape::Map("dates"), DATES),
        page(
            settings("labels"),
            "settings.toml",
            Shape::Map("labels"),
            DATES,
        ),
        page(
            settings("marks"),
            "settings.toml",
            Shape::Map("marks"),
            DATES,
        ),
        page(
            sheet("focus_profile"),
            "settings.toml",
            Shape::Map("focus_profile"),
            PROFILE,
        ),
        page(
            sheet("zone_mapping"),
            "settings.toml",
            Shape::Map("zone_mapping"),
            MAPPING,
        ),
        page(
            sheet("completion"),
            "settings.toml",
            Shape::Map("completion"),
            DATES,
        ),
    ];
    for file in tables.files.keys().filter(|f| f.starts_with("law/")) {
        let part = file.trim_start_matches("law/").trim_end_matches(".toml");
        let name = format!("{}·{part}", ruleset.sheet("law"));
        found.push(page(name, file, Shape::List("clauses"), CLAUSES));
    }
    // Cases of these speak of every table.
    for page in &mut found {
        if page.shape == Shape::Cases {
            page.table = "*".to_owned();
        }
    }
    found
}

impl Page {
    fn records(&self, files: &BTreeMap<String, String>) -> Result<Records, toml_edit::TomlError> {
        let text = files.get(&self.file).map_or("", String::as_str);
        let keys: Vec<&str> = self.columns.iter().map(|(key, _)| *key).collect();
        Ok(Records::read(
            &text.parse::<DocumentMut>()?,
            self.shape,
            &keys,
        ))
    }

    fn sheet(&self, ruleset: &Ruleset) -> LedgerSheet {
        let mut sheet = LedgerSheet::new(&self.name, &self.title).keys(1);
        for (key, say) in &self.columns {
            let width = match (*key, say) {
                ("facts" | "expect" | "demands" | "values" | "note" | "wording", _) => 60.0,
                (_, Say::Condition) => 48.0,
                (_, Say::Cell(_) | Say::Passing | Say::Zones) => 30.0,
                _ => 14.0,
            };
            let column = ColumnSpec::new(*key, ruleset.column(key)).width(width);
            sheet = sheet.column(match say {
                Say::Cell(member) => match ruleset.words(member) {
                    Some(words) => column.offers(words.0.iter().map(|w| w.label.clone())),
                    None => column,
                },
                Say::Heading => column.validation(KINDS.map(|kind| ruleset.column(kind))),
                Say::Flag => column.validation([ruleset.column(key)]),
                _ => column,
            });
        }
        sheet
    }

    /// A line of codes in the words of people.
    fn said(&self, line: &[String], speech: &Speech<'_>, ruleset: &Ruleset) -> Vec<String> {
        let pairs = self.columns.iter().zip(line);
        pairs
            .map(|((key, say), text)| match say {
                Say::Plain => text.clone(),
                Say::Condition => speech.condition(text),
                Say::Cell(member) => speech.cell(member, text),
                Say::Facts => speech.facts(text),
                Say::Heading => ruleset.column(text).to_owned(),
                Say::Flag if text == "true" => ruleset.column(key).to_owned(),
                Say::Flag => String::new(),
                Say::Passing if text.is_empty() => String::new(),
                Say::Passing => speech.passing(text),
                Say::Zones => speech.keyed("zone", text),
                Say::Columns => headings(text, |key| ruleset.column(key)),
            })
            .collect()
    }

    /// The lines of a sheet as codes; what has not changed is taken as it stands in the files.
    fn taken(
        &self,
        table: &sheets::Table,
        base: &RuleTables,
    ) -> Result<Vec<Line>, Vec<Diagnostic>> {
        let speech = base.ruleset.speech(&self.table);
        let records = self.records(&base.files).unwrap_or_default();
        let known: Vec<(Vec<String>, &Vec<String>)> = records
            .lines
            .iter()
            .map(|line| (self.said(line, &speech, &base.ruleset), line))
            .collect();
        let first = base.ruleset.column(self.columns[0].0);
        let is_heading = |row: &&sheets::Row| row.value(0).text().trim() == first;
        let Some(heading) = table.rows.iter().find(is_heading).map(|r| r.number) else {
            let place = Place {
                sheet: Some(self.name.clone()),
                ..Place::default()
            };
            return Err(vec![
                Diagnostic::error("rules.no_heading")
                    .at(place)
                    .arg("text", first),
            ]);
        };
        let mut faults = Vec::new();
        let mut lines = Vec::new();
        for row in table.rows.iter().filter(|r| r.number > heading) {
            let said: Vec<String> = (0..self.columns.len())
                .map(|c| row.value(c).text().trim().to_owned())
                .collect();
            if said.iter().all(String::is_empty) {
                continue;
            }
            let at = lines.len();
            let same = known.get(at).filter(|(k, _)| k[0] == said[0]);
            let same = same.or_else(|| {
                known
                    .iter()
                    .find(|(k, _)| self.is_keyed() && k[0] == said[0])
            });
            match self.line(row.number, &said, same, &speech, &base.ruleset) {
                Ok(line) => lines.push(line),
                Err(found) => faults.extend(found),
            }
        }
        if faults.is_empty() {
            Ok(lines)
        } else {
            Err(faults)
        }
    }

    /// Whether the first column names a line alone.
    fn is_keyed(&self) -> bool {
        !matches!(self.shape, Shape::Cases | Shape::Scales)
    }

    fn line(
        &self,
        number: u64,
        said: &[String],
        same: Option<&(Vec<String>, &Vec<String>)>,
        speech: &Speech<'_>,
        ruleset: &Ruleset,
    ) -> Result<Line, Vec<Diagnostic>> {
        let mut cells = Vec::new();
        let mut faults = Vec::new();
        for (at, ((key, say), text)) in self.columns.iter().zip(said).enumerate() {
            let old = same.filter(|(known, _)| known[at].trim() == *text);
            let code = match old {
                Some((_, line)) => Ok(line[at].clone()),
                None => code_of(key, *say, text, speech, ruleset),
            };
            match code {
                Ok(code) => cells.push(code),
                Err(found) => {
                    let place = Place {
                        sheet: Some(self.name.clone()),
                        row: Some(number),
                        column: Some(letter(at)),
                        ..Place::default()
                    };
                    let fault = Diagnostic::error("rules.cell_broken");
                    faults.push(fault.at(place).arg("text", found));
                }
            }
        }
        if faults.is_empty() {
            Ok(Line { number, cells })
        } else {
            Err(faults)
        }
    }

    /// Puts the lines into the page's file.
    fn put(
        &self,
        lines: &[Line],
        base: &RuleTables,
        documents: &mut BTreeMap<String, DocumentMut>,
    ) -> Result<(), Box<Diagnostic>> {
        let text = base.files.get(&self.file).map_or("", String::as_str);
        let document = match documents.entry(self.file.clone()) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let parsed = text.parse::<DocumentMut>();
                let unreadable = |e: toml_edit::TomlError| {
                    let fault = Diagnostic::error("rules.not_readable")
                        .arg("file", &self.file)
                        .arg("text", e);
                    Box::new(fault)
                };
                entry.insert(parsed.map_err(unreadable)?)
            }
        };
        let keys: Vec<&str> = self.columns.iter().map(|(key, _)| *key).collect();
        let cells: Vec<&Vec<String>> = lines.iter().map(|l| &l.cells).collect();
        records::write(document, self.shape, &keys, &cells);
        Ok(())
    }
}

fn letter(column: usize) -> String {
    sheets::column_letter(u32::try_from(column).unwrap_or(u32::MAX))
}

/// The words of `is`.
const KINDS: [&str; 3] = ["hit", "miss", "border"];

/// The lines `key = value` with another key.
fn headings<'a>(text: &'a str, turn: impl Fn(&'a str) -> &'a str) -> String {
    let line = |line: &'a str| match line.split_once('=') {
        Some((key, value)) => format!("{} = {}", turn(key.trim()), value.trim()),
        None => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Columns of the fixed range that takes a fine's place where the sum is small.
const BELOW: [&str; 3] = ["amount", "min", "max"];

fn code_of(
    key: &str,
    say: Say,
    text: &str,
    speech: &Speech<'_>,
    ruleset: &Ruleset,
) -> Result<String, String> {
    match say {
        _ if text.is_empty() => Ok(String::new()),
        Say::Plain => Ok(text.to_owned()),
        Say::Condition => speech.condition_code(text),
        Say::Cell(member) => speech.cell_code(member, text),
        Say::Facts => speech.facts_code(text),
        Say::Heading => {
            let kind = KINDS
                .into_iter()
                .find(|kind| ruleset.column(kind) == text || *kind == text);
            kind.map(str::to_owned).ok_or_else(|| text.to_owned())
        }
        Say::Flag if text == ruleset.column(key) => Ok("true".to_owned()),
        Say::Flag => Err(text.to_owned()),
        Say::Passing => speech.passing_code(text),
        Say::Zones if !text.contains(['=', '＝']) => Ok(text.to_owned()),
        Say::Zones => speech.keyed_code("zone", text),
        Say::Columns => {
            let code = |said| {
                let found = BELOW.into_iter().find(|key| ruleset.column(key) == said);
                found.unwrap_or(said)
            };
            Ok(headings(&text.replace('＝', "="), code))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;
    use toml_edit::{Item, TableLike};

    /// What a workbook does not show: the table's name in the programs, the lists that stand on pages of their own, and
    /// what is no table of the law.
    const NOT_SHOWN: [&str; 3] = ["id", "offences/scales", "register"];

    fn shown(pages: &[Page], file: &str) -> Vec<String> {
        let mut paths = vec![];
        for page in pages.iter().filter(|p| p.file == file) {
            let keys = page.columns.iter().map(|(key, _)| *key);
            match page.shape {
                Shape::Head => paths.extend(keys.map(str::to_owned)),
                Shape::List(name) | Shape::Tables(name) => {
                    paths.extend(keys.map(|k| format!("{name}/{k}")));
                }
                Shape::Map(name) => paths.push(format!("{name}/*")),
                Shape::Cases => paths.extend(keys.map(|k| format!("cases/{k}"))),
                Shape::Scales => paths.extend(keys.map(|k| format!("offences/scales/{k}"))),
            }
        }
        paths
    }

    fn keys_of(table: &dyn TableLike, under: &str) -> Vec<String> {
        table.iter().map(|(k, _)| format!("{under}/{k}")).collect()
    }

    /// Paths of everything that a file says; names that the lawyers give are left out.
    fn said(document: &DocumentMut) -> Vec<String> {
        let mut found = vec![];
        for (key, item) in document.iter() {
            match item {
                Item::ArrayOfTables(list) => {
                    found.extend(list.iter().flat_map(|t| keys_of(t, key)));
                }
                Item::Table(map) if key == "cases" => {
                    let all = map.iter().filter_map(|(_, i)| i.as_array()).flatten();
                    let all = all.filter_map(toml_edit::Value::as_inline_table);
                    found.extend(all.flat_map(|t| keys_of(t, key)));
                }
                Item::Table(map) if key == "inputs" => {
                    let all = map.iter().filter_map(|(_, i)| i.as_table_like());
                    found.extend(all.flat_map(|t| keys_of(t, key)));
                }
                Item::Table(_) => found.push(format!("{key}/*")),
                _ => found.push(key.to_owned()),
            }
        }
        found
    }

    #[test]
    fn the_workbook_shows_everything_that_the_tables_say() {
        let tables = RuleTables::built_in().unwrap();
        let pages = pages(&tables);
        let is_of_law =
            |f: &str| f.starts_with("tables/") || f.starts_with("law/") || f == "settings.toml";
        let mut missing = vec![];
        for (file, text) in tables.files.iter().filter(|(f, _)| is_of_law(f)) {
            let shown = shown(&pages, file);
            let document = text.parse::<DocumentMut>().unwrap();
            let hidden = |p: &String| {
                !shown.contains(p)
                    && !NOT_SHOWN
                        .iter()
                        .any(|n| p == n || p.starts_with(&format!("{n}/")))
            };
            missing.extend(
                said(&document)
                    .into_iter()
                    .filter(hidden)
                    .map(|p| format!("{file}: {p}")),
            );
        }
        missing.sort();
        missing.dedup();
        assert!(missing.is_empty(), "{missing:#?}");
    }
}
