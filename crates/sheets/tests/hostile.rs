//! Bad input costs bounded time and memory, never panics, and is refused in words.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;

use sheets::error::{Claim, Found};
use sheets::{Error, Kind, Limits, Value, Workbook, open};
use tempfile::NamedTempFile;
use zip::write::SimpleFileOptions;

fn file(bytes: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn package(parts: &[(&str, &str)]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    let mut zip = zip::ZipWriter::new(file.as_file_mut());
    for (name, text) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
    file
}

const RELATIONS: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const WORKBOOK: &str = r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="表" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
const WORKBOOK_RELATIONS: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>"#;
const TYPES: &str =
    r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"></Types>"#;

fn xlsx(sheet: &str, shared: &str) -> NamedTempFile {
    package(&[
        ("[Content_Types].xml", TYPES),
        ("_rels/.rels", RELATIONS),
        ("xl/workbook.xml", WORKBOOK),
        ("xl/_rels/workbook.xml.rels", WORKBOOK_RELATIONS),
        ("xl/sharedStrings.xml", shared),
        ("xl/worksheets/sheet1.xml", sheet),
    ])
}

fn ods(content: &str) -> NamedTempFile {
    package(&[
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
        ("content.xml", content),
    ])
}

fn read(path: &Path, limits: &Limits) -> Result<Workbook, Error> {
    let mut workbook = open(path, limits)?;
    workbook.tables()?;
    Ok(workbook)
}

fn refusal(file: &NamedTempFile, limits: &Limits) -> Error {
    match read(file.path(), limits) {
        Ok(_) => panic!("taken"),
        Err(error) => error,
    }
}

fn too_large(error: &Error) -> Option<Claim> {
    if let Error::TooLarge { what, .. } = error {
        Some(*what)
    } else {
        None
    }
}

const SHARED: &str = "<sst><si><t>甲</t></si></sst>";

#[test]
fn a_sheet_that_inflates_beyond_the_limit_is_refused() {
    let row = "<row><c><v>1</v></c></row>";
    let sheet = format!(
        "<worksheet><sheetData>{}</sheetData></worksheet>",
        row.repeat(500_000)
    );
    let bomb = xlsx(&sheet, SHARED);
    assert!(bomb.as_file().metadata().unwrap().len() < 200_000);
    let limits = Limits {
        expanded_bytes: 1 << 20,
        ..Limits::default()
    };
    assert_eq!(
        too_large(&refusal(&bomb, &limits)),
        Some(Claim::ExpandedBytes)
    );
}

#[test]
fn shared_strings_beyond_the_limit_are_refused() {
    let shared = format!(
        "<sst>{}</sst>",
        format!("<si><t>{}</t></si>", "长".repeat(1000)).repeat(2000)
    );
    let limits = Limits {
        shared_string_bytes: 1 << 20,
        ..Limits::default()
    };
    assert_eq!(
        too_large(&refusal(
            &xlsx("<worksheet><sheetData/></worksheet>", &shared),
            &limits
        )),
        Some(Claim::SharedStrings)
    );
}

#[test]
fn a_far_column_in_every_row_is_refused_before_it_is_gathered() {
    let row = "<row><c r=\"XFD1\"><v>1</v></c></row>".replace("XFD1", "XFD");
    let rows: String = (1..=2000)
        .map(|n| {
            row.replace("<row>", &format!("<row r=\"{n}\">"))
                .replace("XFD", &format!("XFD{n}"))
        })
        .collect();
    let sheet = xlsx(
        &format!("<worksheet><sheetData>{rows}</sheetData></worksheet>"),
        SHARED,
    );
    assert_eq!(
        too_large(&refusal(&sheet, &Limits::default())),
        Some(Claim::Cells)
    );
    let mut workbook = open(sheet.path(), &Limits::default()).unwrap();
    let mut count = 0;
    workbook
        .scan(0, &mut |_| {
            count += 1;
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(count, 2000, "streaming costs nothing");
}

#[test]
fn entity_bombs_are_refused_in_every_part() {
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>";
    let sheet = "<worksheet><sheetData><row><c t=\"s\"><v>0</v></c></row></sheetData></worksheet>";
    for file in [
        xlsx(sheet, &format!("{bomb}<sst><si><t>&b;</t></si></sst>")),
        xlsx(&format!("{bomb}{sheet}"), SHARED),
        ods(&format!(
            "{bomb}<office:document-content><table:table table:name=\"a\"/></office:document-content>"
        )),
    ] {
        assert!(matches!(
            refusal(&file, &Limits::default()),
            Error::Damaged { .. }
        ));
    }
}

#[test]
fn repetition_claims_of_open_documents_cost_nothing() {
    let table = |rows: &str| {
        format!(
            "<office:document-content><table:table table:name=\"表\">{rows}</table:table></office:document-content>"
        )
    };
    let empty = ods(&table(
        "<table:table-row table:number-rows-repeated=\"4000000000\"><table:table-cell table:number-columns-repeated=\"4000000000\"/></table:table-row>",
    ));
    assert!(read(empty.path(), &Limits::default()).is_ok());
    let full = "<table:table-row table:number-rows-repeated=\"4000000000\"><table:table-cell office:value-type=\"float\" office:value=\"1\"/></table:table-row>";
    assert_eq!(
        too_large(&refusal(&ods(&table(full)), &Limits::default())),
        Some(Claim::Rows)
    );
    let wide = "<table:table-row table:number-rows-repeated=\"1000000\"><table:table-cell table:number-columns-repeated=\"4000000000\" office:value-type=\"float\" office:value=\"1\"/></table:table-row>";
    assert_eq!(
        too_large(&refusal(&ods(&table(wide)), &Limits::default())),
        Some(Claim::Cells)
    );
}

#[test]
fn other_kinds_are_refused_by_content_whatever_their_name() {
    let cases: [(&[u8], Found); 6] = [
        (b"%PDF-1.7 ...", Found::Pdf),
        (
            b"<html><body><table><tr><td>1</td></tr></table></body></html>",
            Found::WebPage,
        ),
        (b"<?xml version=\"1.0\"?><Workbook/>", Found::Xml),
        (b"\x89PNG\r\n\x1a\n", Found::Image),
        (b"\x03\x01\x00\x00\x00\x00dbf", Found::Binary),
        (
            b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
            Found::Archive,
        ),
    ];
    for (bytes, expected) in cases {
        assert!(
            matches!(open(file(bytes).path(), &Limits::default()), Err(Error::NotATable { found }) if found == expected),
            "{expected:?}"
        );
    }
    assert!(matches!(
        open(file(b"").path(), &Limits::default()),
        Err(Error::Empty)
    ));
    assert!(matches!(
        open("no such file.xlsx", &Limits::default()),
        Err(Error::Read { .. })
    ));
}

#[test]
fn unusual_writing_is_read_by_the_general_reader_and_said() {
    let sheet = r#"<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:sheetData><x:row r="2"><x:c r="B2" t="s"><x:v>0</x:v></x:c><x:c r="C2"><x:v>1.5</x:v></x:c></x:row></x:sheetData></x:worksheet>"#;
    let odd = xlsx(sheet, SHARED);
    let (table, diagnostics) = open(odd.path(), &Limits::default())
        .unwrap()
        .table(0)
        .unwrap();
    assert_eq!(table.rows.len(), 1);
    assert_eq!(
        (
            table.rows[0].number,
            table.rows[0].value(1),
            table.rows[0].value(2)
        ),
        (2, &Value::from("甲"), &Value::Number(1.5))
    );
    assert_eq!(diagnostics[0].code, "sheet.unusual_writing");
}

#[test]
fn the_general_reader_goes_on_where_the_fast_one_stopped() {
    let sheet = r#"<worksheet><sheetData><row r="1"><c r="A1"><v>1</v></c></row><!-- odd --><row r="2"><c r="A2"><v>2</v></c></row></sheetData><mergeCells><mergeCell ref="A1:B1"/></mergeCells></worksheet>"#;
    let (table, _) = open(xlsx(sheet, SHARED).path(), &Limits::default())
        .unwrap()
        .table(0)
        .unwrap();
    let values: Vec<_> = table
        .rows
        .iter()
        .map(|row| (row.number, row.value(0).text().into_owned()))
        .collect();
    assert_eq!(values, [(1, "1".to_owned()), (2, "2".to_owned())]);
    assert_eq!(table.merges.len(), 1);
}

fn rows_of(bytes: &[u8]) -> (Vec<(u64, Vec<String>)>, Vec<String>) {
    let file = file(bytes);
    let mut workbook = open(file.path(), &Limits::default()).unwrap();
    assert_eq!(workbook.kind(), Kind::Text);
    let (table, diagnostics) = workbook.table(0).unwrap();
    let rows = table
        .rows
        .iter()
        .map(|row| {
            (
                row.number,
                row.cells
                    .iter()
                    .map(|cell| cell.value.text().into_owned())
                    .collect(),
            )
        })
        .collect();
    (
        rows,
        diagnostics
            .iter()
            .map(|diagnostic| diagnostic.code.to_string())
            .collect(),
    )
}

#[test]
fn text_is_read_in_every_encoding_and_with_every_delimiter() {
    let expected = vec![
        (1, vec!["编号".to_owned(), "名称".to_owned()]),
        (3, vec!["1".to_owned(), "砂场,东\n区".to_owned()]),
    ];
    let comma = "编号,名称\r\n\r\n1,\"砂场,东\n区\"\r\n";
    let (gbk, _, _) = encoding_rs::GB18030.encode(comma);
    let utf16: Vec<u8> = [0xFF, 0xFE]
        .into_iter()
        .chain(comma.encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    assert_eq!(rows_of(comma.as_bytes()), (expected.clone(), vec![]));
    assert_eq!(
        rows_of(&[b"\xEF\xBB\xBF", comma.as_bytes()].concat()).0,
        expected
    );
    assert_eq!(
        rows_of(&gbk),
        (expected.clone(), vec!["sheet.text_encoding".to_owned()])
    );
    assert_eq!(rows_of(&utf16).0, expected);
    assert_eq!(
        rows_of("编号;名称\n\n1;\"砂场,东\n区\"\n".as_bytes()).0,
        expected
    );
    assert_eq!(
        rows_of("编号\t名称\n\n1\t\"砂场,东\n区\"\n".as_bytes()).0,
        expected
    );
    assert_eq!(
        rows_of("sep=;\n编号;名称\n".as_bytes()).0,
        [(2, vec!["编号".to_owned(), "名称".to_owned()])]
    );
}

#[test]
fn ragged_rows_and_forgotten_quotes_are_said() {
    assert_eq!(
        rows_of(b"a,b\n1,2,3\n1\n1,2,3,4\n").1,
        ["sheet.ragged_rows"]
    );
    let forgotten = format!("a,b\n1,\"x\n{}", "2,3\n".repeat(80));
    assert_eq!(rows_of(forgotten.as_bytes()).1, ["sheet.unclosed_quote"]);
    let endless = file(format!("a,b\n1,\"{}", "x".repeat(3 << 20)).as_bytes());
    let limits = Limits {
        row_bytes: 1 << 20,
        ..Limits::default()
    };
    assert_eq!(
        too_large(&refusal(&endless, &limits)),
        Some(Claim::RowBytes)
    );
}

/// A small generator of places, so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides.max(1)
    }
}

#[test]
fn real_files_with_flipped_and_missing_bytes_never_panic() {
    let root = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/spreadsheets/sheetjs"
    ));
    let limits = Limits {
        expanded_bytes: 64 << 20,
        resident_bytes: 16 << 20,
        cells: 1_000_000,
        ..Limits::default()
    };
    let mut dice = Dice(20_190_818);
    let mut tried = 0;
    for entry in std::fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        let Ok(bytes) = std::fs::read(&path) else {
            continue;
        };
        if bytes.len() > 60_000 {
            continue;
        }
        for _ in 0..6 {
            let mut broken = bytes.clone();
            (0..1 + dice.throw(8)).for_each(|_| {
                let at = dice.throw(broken.len());
                broken[at] ^= 1 << dice.throw(8);
            });
            if dice.throw(3) == 0 {
                broken.truncate(dice.throw(broken.len()));
            }
            let _ = read(file(&broken).path(), &limits);
            tried += 1;
        }
    }
    assert!(tried > 150, "{tried}");
}

#[test]
fn what_is_written_by_an_office_library_is_read_back() {
    use rust_xlsxwriter::{Format, Workbook};
    let mut book = Workbook::new();
    let day = Format::new().set_num_format("yyyy\"年\"m\"月\"d\"日\"");
    let sheet = book.add_worksheet().set_name("点位台账").unwrap();
    sheet
        .merge_range(0, 0, 0, 3, "台账", &Format::new())
        .unwrap();
    sheet.write(1, 0, "a&b<c>\"d\" _x000D_ 换\n行").unwrap();
    sheet.write(1, 1, 0.1 + 0.2).unwrap();
    sheet.write(1, 2, true).unwrap();
    sheet
        .write_with_format(
            1,
            3,
            rust_xlsxwriter::ExcelDateTime::from_ymd(2019, 8, 19).unwrap(),
            &day,
        )
        .unwrap();
    let out = NamedTempFile::new().unwrap();
    book.save(out.path()).unwrap();
    let (tables, diagnostics) = open(out.path(), &Limits::default())
        .unwrap()
        .tables()
        .unwrap();
    assert_eq!(diagnostics.len(), 0);
    assert_eq!(tables[0].sheet.name, "点位台账");
    assert_eq!(
        (tables[0].merges[0].width(), tables[0].merges[0].height()),
        (4, 1)
    );
    let texts: Vec<_> = tables[0].rows[1]
        .cells
        .iter()
        .map(|cell| cell.value.text().into_owned())
        .collect();
    assert_eq!(
        texts,
        [
            "a&b<c>\"d\" _x000D_ 换\n行",
            "0.30000000000000004",
            "TRUE",
            "2019-08-19"
        ]
    );
}
