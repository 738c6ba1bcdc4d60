//! 工作簿 — several sheets in one XLSX file, written as they come.

use std::io::{Seek, Write};

use jiff::civil;

use crate::comment::Comments;
use crate::grid::Grid;
use crate::ledger::Layout;
use crate::measure::Height;
use crate::package::Package;
use crate::sheet_xml::{Frame, Tail, footer_code};
use crate::strings::SharedStrings;
use crate::style::{Style, Styles};
use crate::validation::Lists;
use crate::{CellValue, Error, LedgerSheet, Limit, xml};

/// 文件属性 — what a workbook says about itself, and the few words it needs.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkbookProperties {
    pub title: String,
    pub creator: String,
    /// Creation time in UTC; handed in, so that the same view gives the same bytes.
    pub created: civil::DateTime,
    /// Page footer with the holes `{page}` and `{pages}`.
    pub page_footer: String,
    /// Name of the hidden sheet that holds long code lists.
    pub lists_sheet: String,
}

impl WorkbookProperties {
    /// Properties with a footer and a lists sheet without words.
    pub fn new(title: impl Into<String>, created: civil::DateTime) -> Self {
        Self {
            title: title.into(),
            creator: "qingshan".to_owned(),
            created,
            page_footer: "{page} / {pages}".to_owned(),
            lists_sheet: "_lists".to_owned(),
        }
    }
}

/// 工作簿 — a workbook being written; sheets appear in the order they are added.
pub struct Workbook<W: Write + Seek> {
    core: Core<W>,
}

/// 台账写入 — a ledger sheet being written row by row; ends with [`LedgerWriter::close`].
pub struct LedgerWriter<'b, W: Write + Seek> {
    grid: Grid<'b, W>,
    layout: Layout<'b>,
}

/// What all sheets of a workbook share.
pub(crate) struct Core<W: Write + Seek> {
    pub(crate) package: Package<W>,
    pub(crate) strings: SharedStrings,
    pub(crate) styles: Styles,
    pub(crate) lists: Lists,
    pub(crate) footer: String,
    properties: WorkbookProperties,
    sheets: Vec<SheetRecord>,
    open_sheet: Option<String>,
    next_shape_block: usize,
}

/// What the workbook part says about a sheet.
struct SheetRecord {
    name: String,
    is_hidden: bool,
    has_comments: bool,
    /// Name and reference of the defined names.
    names: Vec<(&'static str, String)>,
}

impl<W: Write + Seek> Workbook<W> {
    /// Begins a workbook in `sink`.
    pub fn new(sink: W, properties: WorkbookProperties) -> Result<Self, Error> {
        let footer = footer_code(&properties.page_footer);
        let found = footer.encode_utf16().count();
        if found > 255 {
            return Err(Error::Limit {
                sheet: properties.title,
                limit: Limit::Footer,
                found,
                most: 255,
            });
        }
        let mut core = Core::new(sink, properties, footer);
        core.write_fixed_parts()?;
        Ok(Self { core })
    }

    /// Adds a whole ledger.
    pub fn ledger<'a, R>(
        &mut self,
        sheet: &LedgerSheet,
        rows: impl IntoIterator<Item = R>,
    ) -> Result<(), Error>
    where
        R: AsRef<[CellValue<'a>]>,
    {
        let mut writer = self.open_ledger(sheet)?;
        for row in rows {
            writer.row(row.as_ref())?;
        }
        writer.close()
    }

    /// Begins a ledger whose rows come one by one.
    pub fn open_ledger<'b>(
        &'b mut self,
        sheet: &'b LedgerSheet,
    ) -> Result<LedgerWriter<'b, W>, Error> {
        let mut grid = Grid::open(&mut self.core, &sheet.name, sheet.frame())?;
        let layout = Layout::begin(sheet, &mut grid)?;
        Ok(LedgerWriter { grid, layout })
    }

    pub(crate) fn grid(&mut self, name: &str, frame: Frame) -> Result<Grid<'_, W>, Error> {
        Grid::open(&mut self.core, name, frame)
    }

    /// Ends the workbook and gives the sink back.
    pub fn finish(mut self) -> Result<W, Error> {
        self.core.check_closed()?;
        if self.core.sheets.is_empty() {
            return Err(Error::NoSheet);
        }
        self.core.write_lists()?;
        self.core.write_closing_parts()?;
        self.core.package.finish()
    }
}

impl<W: Write + Seek> LedgerWriter<'_, W> {
    /// Writes one row, a value per column. A row that fails leaves no trace.
    pub fn row(&mut self, cells: &[CellValue<'_>]) -> Result<(), Error> {
        self.layout.row(&mut self.grid, cells)
    }

    /// Writes what stands below the rows and ends the sheet.
    pub fn close(mut self) -> Result<(), Error> {
        let tail = self.layout.end(&mut self.grid)?;
        self.grid.close(tail)
    }
}

impl<W: Write + Seek> Core<W> {
    fn new(sink: W, properties: WorkbookProperties, footer: String) -> Self {
        Self {
            package: Package::new(sink),
            strings: SharedStrings::default(),
            styles: Styles::default(),
            lists: Lists::default(),
            footer,
            properties,
            sheets: Vec::new(),
            open_sheet: None,
            next_shape_block: 1,
        }
    }

    /// Long lists of allowed values go to the hidden sheet of this workbook.
    pub(crate) fn list_formula(&mut self, allowed: &[String]) -> Option<String> {
        self.lists.formula(allowed, &self.properties.lists_sheet)
    }

    /// Opens the part of the next sheet; answers whether it is the first.
    pub(crate) fn begin_sheet(&mut self, name: &str) -> Result<bool, Error> {
        self.check_closed()?;
        check_name(name)?;
        let folded = name.to_lowercase();
        if self
            .sheets
            .iter()
            .any(|sheet| sheet.name.to_lowercase() == folded)
        {
            return Err(Error::SheetNameTaken {
                name: name.to_owned(),
            });
        }
        self.package
            .begin(&format!("xl/worksheets/sheet{}.xml", self.sheets.len() + 1))?;
        self.open_sheet = Some(name.to_owned());
        Ok(self.sheets.is_empty())
    }

    pub(crate) fn end_sheet(
        &mut self,
        name: String,
        tail: &Tail,
        last_cell: &str,
        comments: &Comments,
    ) -> Result<(), Error> {
        let number = self.sheets.len() + 1;
        let has_comments = !comments.is_empty();
        if has_comments {
            comments.write(
                &mut self.package,
                number,
                self.next_shape_block,
                &self.properties.creator,
            )?;
            self.next_shape_block += comments.blocks();
            self.package.part(
                &format!("xl/worksheets/_rels/sheet{number}.xml.rels"),
                &comment_relations(number),
            )?;
        }
        let names = defined_names(&name, tail, last_cell);
        self.sheets.push(SheetRecord {
            name,
            is_hidden: tail.is_hidden,
            has_comments,
            names,
        });
        self.open_sheet = None;
        Ok(())
    }

    fn check_closed(&self) -> Result<(), Error> {
        match &self.open_sheet {
            Some(name) => Err(Error::SheetLeftOpen { name: name.clone() }),
            None => Ok(()),
        }
    }

    fn write_lists(&mut self) -> Result<(), Error> {
        if self.lists.columns.is_empty() {
            return Ok(());
        }
        let lists = std::mem::take(&mut self.lists);
        let name = self.properties.lists_sheet.clone();
        let style = self.styles.intern(Style::PLAIN);
        let frame = Frame {
            widths: vec![16.0; lists.columns.len()],
            ..Frame::default()
        };
        let mut grid = Grid::open(self, &name, frame)?;
        for n in 0..lists.columns.iter().map(Vec::len).max().unwrap_or(0) {
            grid.begin_row(Height::of_lines(1))?;
            for (column, list) in lists.columns.iter().enumerate() {
                list.get(n)
                    .map_or(Ok(()), |value| grid.text(column, style, value))?;
            }
            grid.end_row();
        }
        grid.close(Tail {
            is_hidden: true,
            ..Tail::default()
        })
    }

    /// Parts that depend on no sheet come first: programs tell the kind of the file by its beginning.
    fn write_fixed_parts(&mut self) -> Result<(), Error> {
        self.package.part("_rels/.rels", &root_relations())?;
        self.package.part("docProps/app.xml", APP_PROPERTIES)?;
        self.package
            .part("docProps/core.xml", &core_properties(&self.properties))
    }

    fn write_closing_parts(&mut self) -> Result<(), Error> {
        let has_strings = !self.strings.is_empty();
        if has_strings {
            self.strings.write(&mut self.package)?;
        }
        self.package.part("xl/styles.xml", &self.styles.xml())?;
        self.package.part("xl/workbook.xml", &self.workbook_xml())?;
        self.package.part(
            "xl/_rels/workbook.xml.rels",
            &workbook_relations(self.sheets.len(), has_strings),
        )?;
        self.package
            .part("[Content_Types].xml", &self.content_types(has_strings))
    }

    fn workbook_xml(&self) -> String {
        let mut out = format!(
            "{}<workbook xmlns=\"{}\" xmlns:r=\"{}\">",
            xml::DECLARATION,
            xml::MAIN,
            xml::RELATIONS
        );
        out.push_str("<bookViews><workbookView xWindow=\"0\" yWindow=\"0\" windowWidth=\"28800\" windowHeight=\"15000\"/></bookViews>");
        out.push_str("<sheets>");
        for (n, sheet) in self.sheets.iter().enumerate() {
            let state = if sheet.is_hidden {
                " state=\"hidden\""
            } else {
                ""
            };
            out.push_str(&format!(
                "<sheet name=\"{}\" sheetId=\"{2}\"{state} r:id=\"rId{1}\"/>",
                xml::text(&sheet.name),
                n + 1,
                n + 1
            ));
        }
        out.push_str("</sheets>");
        self.push_defined_names(&mut out);
        out.push_str("<calcPr calcId=\"124519\"/></workbook>");
        out
    }

    fn push_defined_names(&self, out: &mut String) {
        if self.sheets.iter().all(|sheet| sheet.names.is_empty()) {
            return;
        }
        out.push_str("<definedNames>");
        for (n, sheet) in self.sheets.iter().enumerate() {
            for (name, reference) in &sheet.names {
                let hidden = if *name == FILTER_NAME {
                    " hidden=\"1\""
                } else {
                    ""
                };
                out.push_str(&format!(
                    "<definedName name=\"{name}\" localSheetId=\"{n}\"{hidden}>{}</definedName>",
                    xml::text(reference)
                ));
            }
        }
        out.push_str("</definedNames>");
    }

    fn content_types(&self, has_strings: bool) -> String {
        let mut out = format!(
            "{}<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">",
            xml::DECLARATION
        );
        let mut default = |extension, kind| {
            out.push_str(&format!(
                "<Default Extension=\"{extension}\" ContentType=\"{kind}\"/>"
            ))
        };
        default(
            "rels",
            "application/vnd.openxmlformats-package.relationships+xml",
        );
        default("xml", "application/xml");
        default(
            "vml",
            "application/vnd.openxmlformats-officedocument.vmlDrawing",
        );
        let mut part = |part: &str, kind| {
            out.push_str(&format!(
                "<Override PartName=\"/{part}\" ContentType=\"application/vnd.{kind}+xml\"/>"
            ))
        };
        part(
            "docProps/app.xml",
            "openxmlformats-officedocument.extended-properties",
        );
        part(
            "docProps/core.xml",
            "openxmlformats-package.core-properties",
        );
        part(
            "xl/workbook.xml",
            "openxmlformats-officedocument.spreadsheetml.sheet.main",
        );
        part(
            "xl/styles.xml",
            "openxmlformats-officedocument.spreadsheetml.styles",
        );
        if has_strings {
            part(
                "xl/sharedStrings.xml",
                "openxmlformats-officedocument.spreadsheetml.sharedStrings",
            );
        }
        for (n, sheet) in self.sheets.iter().enumerate() {
            part(
                &format!("xl/worksheets/sheet{}.xml", n + 1),
                "openxmlformats-officedocument.spreadsheetml.worksheet",
            );
            if sheet.has_comments {
                part(
                    &format!("xl/comments{}.xml", n + 1),
                    "openxmlformats-officedocument.spreadsheetml.comments",
                );
            }
        }
        out.push_str("</Types>");
        out
    }
}

const APP_PROPERTIES: &str = concat!(
    "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n",
    "<Properties xmlns=\"http://schemas.openxmlformats.org/officeDocument/2006/extended-properties\">",
    "<Application>qingshan</Application></Properties>"
);

const FILTER_NAME: &str = "_xlnm._FilterDatabase";

/// Rules of office programs for sheet names.
fn check_name(name: &str) -> Result<(), Error> {
    let is_good = !name.trim().is_empty()
        && name.encode_utf16().count() <= 31
        && !name.contains(['[', ']', ':', '*', '?', '/', '\\'])
        && !name.contains(char::is_control)
        && !name.starts_with('\'')
        && !name.ends_with('\'')
        && !name.eq_ignore_ascii_case("history");
    if is_good {
        Ok(())
    } else {
        Err(Error::SheetName {
            name: name.to_owned(),
        })
    }
}

fn defined_names(sheet: &str, tail: &Tail, last_cell: &str) -> Vec<(&'static str, String)> {
    let sheet = xml::quoted_sheet(sheet);
    let mut names = Vec::new();
    if tail.is_hidden {
        return names;
    }
    if let Some(range) = &tail.filter {
        names.push((FILTER_NAME, format!("{sheet}!{}", absolute_range(range))));
    }
    names.push(("_xlnm.Print_Area", format!("{sheet}!$A$1:{last_cell}")));
    if let Some((first, last)) = tail.repeated_rows {
        names.push(("_xlnm.Print_Titles", format!("{sheet}!${first}:${last}")));
    }
    names
}

/// `$A$3:$F$9` for `A3:F9`.
fn absolute_range(range: &str) -> String {
    let absolute = |cell: &str| {
        let digits = cell
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(cell.len());
        format!("${}${}", &cell[..digits], &cell[digits..])
    };
    range.split(':').map(absolute).collect::<Vec<_>>().join(":")
}

fn root_relations() -> String {
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    relations(&[
        (
            format!("{office}/officeDocument"),
            "xl/workbook.xml".to_owned(),
        ),
        (
            "http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties"
                .to_owned(),
            "docProps/core.xml".to_owned(),
        ),
        (
            format!("{office}/extended-properties"),
            "docProps/app.xml".to_owned(),
        ),
    ])
}

fn workbook_relations(sheets: usize, has_strings: bool) -> String {
    let mut list: Vec<(String, String)> = (1..=sheets)
        .map(|n| {
            (
                format!("{}/worksheet", xml::RELATIONS),
                format!("worksheets/sheet{n}.xml"),
            )
        })
        .collect();
    list.push((
        format!("{}/styles", xml::RELATIONS),
        "styles.xml".to_owned(),
    ));
    if has_strings {
        list.push((
            format!("{}/sharedStrings", xml::RELATIONS),
            "sharedStrings.xml".to_owned(),
        ));
    }
    relations(&list)
}

fn comment_relations(number: usize) -> String {
    relations(&[
        (
            format!("{}/vmlDrawing", xml::RELATIONS),
            format!("../drawings/vmlDrawing{number}.vml"),
        ),
        (
            format!("{}/comments", xml::RELATIONS),
            format!("../comments{number}.xml"),
        ),
    ])
}

/// A relationship part; the n-th (from 1) is called `rIdn`.
fn relations(list: &[(String, String)]) -> String {
    let mut out = format!(
        "{}<Relationships xmlns=\"{}\">",
        xml::DECLARATION,
        xml::PACKAGE_RELATIONS
    );
    for (n, (kind, target)) in list.iter().enumerate() {
        out.push_str(&format!(
            "<Relationship Id=\"rId{}\" Type=\"{kind}\" Target=\"{target}\"/>",
            n + 1
        ));
    }
    out.push_str("</Relationships>");
    out
}

fn core_properties(properties: &WorkbookProperties) -> String {
    let created = properties.created.strftime("%Y-%m-%dT%H:%M:%SZ");
    format!(
        "{}<cp:coreProperties xmlns:cp=\"http://schemas.openxmlformats.org/package/2006/metadata/core-properties\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:dcterms=\"http://purl.org/dc/terms/\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><dc:title>{}</dc:title><dc:creator>{2}</dc:creator>\
         <cp:lastModifiedBy>{2}</cp:lastModifiedBy><dcterms:created xsi:type=\"dcterms:W3CDTF\">{created}</dcterms:created>\
         <dcterms:modified xsi:type=\"dcterms:W3CDTF\">{created}</dcterms:modified></cp:coreProperties>",
        xml::DECLARATION,
        xml::text(&properties.title),
        xml::text(&properties.creator),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_office_programs_refuse_are_refused() {
        for name in [
            "",
            " ",
            "a/b",
            "a[1]",
            "'a",
            "a'",
            "History",
            &"长".repeat(32),
        ] {
            assert!(
                matches!(check_name(name), Err(Error::SheetName { .. })),
                "{name}"
            );
        }
        for name in ["台账", "点位 (2019)", "it's", &"长".repeat(31)] {
            assert!(check_name(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn ranges_become_absolute() {
        assert_eq!(absolute_range("A3:AF9"), "$A$3:$AF$9");
    }
}
