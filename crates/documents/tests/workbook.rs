//! Ledgers and marked copies, read back by another library, and their parts as they stand in the file.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{Cursor, Read as _};

use calamine::{Data, DataType as _, Reader as _, Xlsx};
use documents::marked::{Mark, MarkedTable, MarkedWords, Severity};
use documents::{
    Align, CellValue, ColumnSpec, Error, Format, LedgerSheet, Limit, Shade, Workbook,
    WorkbookProperties,
};
use jiff::civil::{date, datetime};
use proptest::prelude::*;

type Bytes = Cursor<Vec<u8>>;

fn book() -> Workbook<Bytes> {
    let mut properties = WorkbookProperties::new("台账 <试>", datetime(2019, 8, 19, 8, 30, 0, 0));
    properties.page_footer = "第 {page} 页 共 {pages} 页".into();
    properties.lists_sheet = "代码表".into();
    Workbook::new(Cursor::new(Vec::new()), properties).unwrap()
}

fn finish(book: Workbook<Bytes>) -> Vec<u8> {
    book.finish().unwrap().into_inner()
}

fn one_column(format: Format) -> LedgerSheet {
    LedgerSheet::new("表", "").column(ColumnSpec::new("a", "甲").format(format))
}

/// A ledger with two heading levels, every format, a list, totals and notes.
fn sites_sheet() -> LedgerSheet {
    LedgerSheet::new("点位台账", "青山自然保护区人类活动点位台账")
        .subtitle(["填报单位：管理局", "截至 2019-08-19", "单位：平方米"])
        .column(
            ColumnSpec::new("number", "序号")
                .width(6.0)
                .format(Format::Integer)
                .align(Align::Center),
        )
        .column(ColumnSpec::new("site_code", "点位编号"))
        .column(
            ColumnSpec::new("lon", "经度")
                .group("坐标")
                .format(Format::LonLat),
        )
        .column(
            ColumnSpec::new("lat", "纬度")
                .group("坐标")
                .format(Format::LonLat),
        )
        .column(ColumnSpec::new("zone", "功能区").validation(["核心区", "缓冲区", "实验区"]))
        .column(
            ColumnSpec::new("area_m2", "面积")
                .format(Format::Area)
                .summed(),
        )
        .column(ColumnSpec::new("built_on", "建立时间").format(Format::Date))
        .column(ColumnSpec::new("issue", "是否存在问题").format(Format::YesNo))
        .keys(2)
        .totals("合计")
        .note("注：面积为椭球面积。")
}

fn sites_rows() -> Vec<Vec<CellValue<'static>>> {
    vec![
        vec![
            1.into(),
            "QS-0001".into(),
            106.512345.into(),
            35.501234.into(),
            "核心区".into(),
            1200.5.into(),
            date(2008, 5, 12).into(),
            true.into(),
        ],
        vec![
            2.into(),
            "=1+1".into(),
            CellValue::Empty,
            CellValue::Empty,
            CellValue::from("待核实").remarked(Shade::Red, "与 <台账> 不符"),
            300.25.into(),
            date(1899, 1, 1).into(),
            false.into(),
        ],
    ]
}

fn sites_book() -> Vec<u8> {
    let mut book = book();
    book.ledger(&sites_sheet(), sites_rows()).unwrap();
    finish(book)
}

fn open(bytes: &[u8]) -> Xlsx<Cursor<&[u8]>> {
    calamine::open_workbook_from_rs(Cursor::new(bytes)).unwrap()
}

fn part(bytes: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    archive
        .by_name(name)
        .unwrap_or_else(|_| panic!("no part {name}"))
        .read_to_string(&mut text)
        .unwrap();
    text
}

/// One tag per line, for people to compare.
fn lined(xml: &str) -> String {
    xml.replace("><", ">\n<")
}

#[test]
fn values_come_back_with_their_types() {
    let bytes = sites_book();
    let range = open(&bytes).worksheet_range("点位台账").unwrap();
    let at = |row: u32, column: u32| {
        range
            .get_value((row, column))
            .cloned()
            .unwrap_or(Data::Empty)
    };
    assert_eq!(
        at(0, 0),
        Data::String("青山自然保护区人类活动点位台账".into())
    );
    assert_eq!(at(2, 2), Data::String("坐标".into()));
    assert_eq!(at(3, 3), Data::String("纬度".into()));
    assert_eq!(at(4, 0).as_i64(), Some(1));
    assert_eq!(at(4, 2), Data::Float(106.512345));
    assert_eq!(at(5, 1), Data::String("=1+1".into()));
    assert_eq!(at(5, 2), Data::Empty);
    assert_eq!(at(5, 4), Data::String("待核实".into()));
    assert_eq!(
        (at(4, 7), at(5, 7)),
        (Data::String("是".into()), Data::String("否".into()))
    );
    assert_eq!(at(6, 5), Data::Float(1500.75));
    assert_eq!(at(5, 6), Data::String("1899-01-01".into()));
    match at(4, 6) {
        Data::DateTime(day) => assert_eq!(day.as_f64(), 39_580.0),
        other => panic!("a date came back as {other:?}"),
    }
}

#[test]
fn titles_headings_and_totals_are_merged() {
    let bytes = sites_book();
    let merged = open(&bytes).merge_cells_by_sheet_name("点位台账").unwrap();
    let ranges: Vec<_> = merged
        .iter()
        .map(|range| (range.start, range.end))
        .collect();
    for range in [
        ((0, 0), (0, 7)),
        ((2, 2), (2, 3)),
        ((2, 0), (3, 0)),
        ((2, 7), (3, 7)),
        ((6, 0), (6, 4)),
        ((7, 0), (7, 7)),
    ] {
        assert!(ranges.contains(&range), "{range:?} is not among {ranges:?}");
    }
    assert!(
        !ranges.contains(&((2, 2), (3, 2))),
        "a grouped heading must not run down"
    );
}

#[test]
fn groups_nest_and_end_where_their_outer_group_ends() {
    let column = |outer: &str, inner: &str, header: &str| {
        ColumnSpec::new(header, header).group(outer).group(inner)
    };
    let sheet = LedgerSheet::new("表", "")
        .column(column("核查", "面积", "前"))
        .column(column("核查", "面积", "后"))
        .column(column("整改", "面积", "完"));
    let mut book = book();
    book.ledger(
        &sheet,
        [[CellValue::Empty, CellValue::Empty, CellValue::Empty]],
    )
    .unwrap();
    let sheet = part(&finish(book), "xl/worksheets/sheet1.xml");
    assert!(sheet.contains("<mergeCells count=\"2\"><mergeCell ref=\"A1:B1\"/><mergeCell ref=\"A2:B2\"/></mergeCells>"), "{sheet}");
}

#[test]
fn the_sheet_stands_in_the_file_as_agreed() {
    insta::assert_snapshot!(
        "sheet",
        lined(&part(&sites_book(), "xl/worksheets/sheet1.xml"))
    );
}

#[test]
fn the_workbook_names_what_is_printed_repeated_and_filtered() {
    insta::assert_snapshot!("workbook", lined(&part(&sites_book(), "xl/workbook.xml")));
}

#[test]
fn the_looks_stand_in_the_file_as_agreed() {
    insta::assert_snapshot!("styles", lined(&part(&sites_book(), "xl/styles.xml")));
}

#[test]
fn comments_have_a_text_and_a_shape() {
    let bytes = sites_book();
    assert!(part(&bytes, "xl/comments1.xml").contains("<comment ref=\"E6\" authorId=\"0\">"));
    assert!(part(&bytes, "xl/comments1.xml").contains("与 &lt;台账&gt; 不符"));
    assert!(
        part(&bytes, "xl/drawings/vmlDrawing1.vml")
            .contains("<x:Row>5</x:Row><x:Column>4</x:Column>")
    );
    assert!(part(&bytes, "xl/worksheets/_rels/sheet1.xml.rels").contains("../comments1.xml"));
    assert!(part(&bytes, "[Content_Types].xml").contains("/xl/comments1.xml"));
}

#[test]
fn the_same_view_gives_the_same_bytes() {
    assert_eq!(sites_book(), sites_book());
}

#[test]
fn row_by_row_and_all_at_once_give_the_same_bytes() {
    let (mut book, sheet) = (book(), sites_sheet());
    let mut ledger = book.open_ledger(&sheet).unwrap();
    for row in sites_rows() {
        ledger.row(&row).unwrap();
    }
    ledger.close().unwrap();
    assert_eq!(finish(book), sites_book());
}

#[test]
fn a_long_code_list_goes_to_a_hidden_sheet() {
    let types: Vec<String> = (0..120).map(|n| format!("活动类型{n}")).collect();
    let sheet =
        LedgerSheet::new("表", "").column(ColumnSpec::new("type", "类型").validation(types));
    let mut book = book();
    book.ledger(&sheet, [[CellValue::from("活动类型3")]])
        .unwrap();
    let bytes = finish(book);
    assert!(
        part(&bytes, "xl/worksheets/sheet1.xml")
            .contains("sqref=\"A2:A2\"><formula1>'代码表'!$A$1:$A$120</formula1>")
    );
    assert!(
        part(&bytes, "xl/workbook.xml")
            .contains("<sheet name=\"代码表\" sheetId=\"2\" state=\"hidden\" r:id=\"rId2\"/>")
    );
    let lists = open(&bytes).worksheet_range("代码表").unwrap();
    assert_eq!(
        lists.get_value((119, 0)),
        Some(&Data::String("活动类型119".into()))
    );
}

#[test]
fn a_column_that_never_repeats_comes_back_whole() {
    let rows: Vec<[CellValue<'_>; 1]> = (0..70_000)
        .map(|n| [CellValue::from(format!("编号{n}"))])
        .collect();
    let mut book = book();
    book.ledger(&one_column(Format::Text), &rows).unwrap();
    let range = open(&finish(book)).worksheet_range("表").unwrap();
    for n in [0, 1_023, 1_024, 1_025, 65_536, 69_999] {
        assert_eq!(
            range.get_value((n + 1, 0)),
            Some(&Data::String(format!("编号{n}")))
        );
    }
}

#[test]
fn whole_numbers_beyond_fifteen_digits_stay_exact_as_text() {
    let mut book = book();
    let rows = [
        [CellValue::from(999_999_999_999_999)],
        [CellValue::from(1_000_000_000_000_001)],
        [CellValue::from(i64::MIN)],
    ];
    book.ledger(&one_column(Format::Integer), rows).unwrap();
    let range = open(&finish(book)).worksheet_range("表").unwrap();
    assert_eq!(
        range.get_value((1, 0)).unwrap().as_i64(),
        Some(999_999_999_999_999)
    );
    assert_eq!(
        range.get_value((2, 0)),
        Some(&Data::String("1000000000000001".into()))
    );
    assert_eq!(
        range.get_value((3, 0)),
        Some(&Data::String(i64::MIN.to_string()))
    );
}

#[test]
fn a_failed_row_leaves_no_trace() {
    let (mut book, sheet) = (
        book(),
        LedgerSheet {
            key_columns: 0,
            ..sites_sheet()
        },
    );
    let mut ledger = book.open_ledger(&sheet).unwrap();
    let [first, second] = <[_; 2]>::try_from(sites_rows()).unwrap();
    ledger.row(&first).unwrap();
    let mut broken = second.clone();
    broken[5] = f64::INFINITY.into();
    assert!(matches!(
        ledger.row(&broken),
        Err(Error::NotFinite {
            row: 6,
            column: 5,
            ..
        })
    ));
    assert!(matches!(
        ledger.row(&broken[..3]),
        Err(Error::RowWidth {
            row: 6,
            found: 3,
            expected: 8,
            ..
        })
    ));
    ledger.row(&second).unwrap();
    ledger.close().unwrap();
    let bytes = finish(book);
    assert_eq!(
        open(&bytes)
            .worksheet_range("点位台账")
            .unwrap()
            .get_value((6, 5)),
        Some(&Data::Float(1500.75))
    );
    assert_eq!(
        part(&bytes, "xl/comments1.xml")
            .matches("<comment ref")
            .count(),
        1
    );
}

#[test]
fn the_limits_of_the_format_are_errors_with_a_name() {
    let mut book = book();
    let wide = LedgerSheet {
        columns: vec![ColumnSpec::new("a", "甲"); documents::MAX_COLUMNS + 1],
        ..LedgerSheet::new("宽", "")
    };
    let error = book.open_ledger(&wide).map(|_| ()).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Limit {
                limit: Limit::Columns,
                found: 16_385,
                most: 16_384,
                ..
            }
        ),
        "{error}"
    );

    let sheet = one_column(Format::Text);
    let mut ledger = book.open_ledger(&sheet).unwrap();
    let full = "长".repeat(documents::MAX_CELL_CHARS);
    ledger.row(&[CellValue::from(full.as_str())]).unwrap();
    let error = ledger
        .row(&[CellValue::from(format!("{full}长"))])
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::TextTooLong {
                row: 3,
                column: 0,
                found: 32_768,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(error.code(), "document.text_too_long");
    assert!(error.args().contains(&("column", "A".to_owned())));
    ledger.close().unwrap();
}

#[test]
fn the_last_row_fits_and_the_next_does_not() {
    let (mut book, sheet) = (book(), one_column(Format::Integer));
    let mut ledger = book.open_ledger(&sheet).unwrap();
    for n in 1..i64::from(documents::MAX_ROWS) {
        ledger.row(&[CellValue::Integer(n)]).unwrap();
    }
    let error = ledger.row(&[CellValue::Integer(0)]).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Limit {
                limit: Limit::Rows,
                ..
            }
        ),
        "{error}"
    );
    ledger.close().unwrap();
    assert!(part(&finish(book), "xl/worksheets/sheet1.xml").contains("<row r=\"1048576\""));
}

#[test]
fn sheets_that_office_programs_refuse_are_refused() {
    let mut book = book();
    assert!(matches!(
        book.ledger(&LedgerSheet::new("a/b", ""), [[]]),
        Err(Error::SheetName { .. })
    ));
    let sheet = one_column(Format::Text);
    book.ledger(&sheet, [[CellValue::Empty]]).unwrap();
    assert!(matches!(
        book.ledger(&sheet, [[CellValue::Empty]]),
        Err(Error::SheetNameTaken { .. })
    ));
    drop(
        book.open_ledger(&LedgerSheet {
            name: "未完".into(),
            ..sheet.clone()
        })
        .unwrap(),
    );
    assert!(
        matches!(book.finish().map(|_| ()), Err(Error::SheetLeftOpen { name }) if name == "未完")
    );
    assert!(matches!(
        self::book().finish().map(|_| ()),
        Err(Error::NoSheet)
    ));
}

#[test]
fn a_ledger_without_rows_or_columns_is_still_a_file() {
    let mut book = book();
    book.ledger(&sites_sheet(), Vec::<Vec<CellValue<'_>>>::new())
        .unwrap();
    book.ledger(
        &LedgerSheet::new("空", "无栏目"),
        Vec::<Vec<CellValue<'_>>>::new(),
    )
    .unwrap();
    let bytes = finish(book);
    assert_eq!(open(&bytes).sheet_names(), ["点位台账", "空"]);
    assert!(!part(&bytes, "xl/worksheets/sheet1.xml").contains("<dataValidation "));
}

fn words() -> MarkedWords {
    MarkedWords {
        remarks: "问题说明".into(),
        list: "问题清单".into(),
        list_headers: ["序号", "工作表", "位置", "轻重", "问题", "建议", "原值"].map(String::from),
        severities: ["提示", "警告", "错误"].map(String::from),
        remark: "【{severity}】{message}".into(),
        remark_with_hint: "【{severity}】{message}（建议：{hint}）".into(),
    }
}

fn mark(
    row: u32,
    column: Option<usize>,
    severity: Severity,
    message: &str,
    hint: Option<&str>,
) -> Mark {
    Mark {
        row,
        column,
        severity,
        message: message.into(),
        hint: hint.map(Into::into),
    }
}

fn marked_copy(name: &str, rows: &[Vec<&str>], marks: &[Mark]) -> Vec<u8> {
    let mut book = book();
    let table = MarkedTable {
        name,
        rows,
        heading_row: Some(2),
        marks,
    };
    documents::marked::write(&mut book, &[table], &words()).unwrap();
    finish(book)
}

#[test]
fn a_marked_copy_keeps_every_cell_and_says_what_is_wrong() {
    let rows = [
        vec!["某县台账"],
        vec!["序号", "经度"],
        vec!["1", "35.51"],
        vec!["=1", ""],
    ];
    let marks = [
        mark(4, None, Severity::Warning, "与第 {severity} 行重复", None),
        mark(3, Some(1), Severity::Note, "度数", None),
        mark(3, Some(1), Severity::Error, "疑似颠倒", Some("请核对列名")),
        mark(90, Some(7), Severity::Error, "不在表内", None),
    ];
    let bytes = marked_copy("附件/1", &rows, &marks);
    let mut read = open(&bytes);
    let copy = read.worksheet_range("附件_1").unwrap();
    let text = |row, column| {
        copy.get_value((row, column))
            .map(ToString::to_string)
            .unwrap_or_default()
    };
    assert_eq!(
        (text(0, 0), text(1, 1), text(2, 1), text(3, 0)),
        (
            "某县台账".into(),
            "经度".into(),
            "35.51".into(),
            "=1".into()
        )
    );
    assert_eq!(text(1, 2), "问题说明");
    assert_eq!(
        text(2, 2),
        "【提示】度数\n【错误】疑似颠倒（建议：请核对列名）"
    );
    assert_eq!(text(3, 2), "【警告】与第 {severity} 行重复");
    let list = read.worksheet_range("问题清单").unwrap();
    let row = |n: u32| {
        (0..7)
            .map(|c| {
                list.get_value((n, c))
                    .map(ToString::to_string)
                    .unwrap_or_default()
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(
        row(4),
        [
            "3",
            "附件_1",
            "B3",
            "错误",
            "疑似颠倒",
            "请核对列名",
            "35.51"
        ]
    );
    assert_eq!(row(5), ["4", "附件_1", "H90", "错误", "不在表内", "", ""]);
}

#[test]
fn the_gravest_mark_of_a_cell_decides_its_color() {
    let rows = [vec![""], vec!["甲"], vec!["1"]];
    let marks = [
        mark(3, Some(0), Severity::Note, "a", None),
        mark(3, Some(0), Severity::Error, "b", None),
    ];
    let bytes = marked_copy("S", &rows, &marks);
    let sheet = part(&bytes, "xl/worksheets/sheet1.xml");
    let style: usize = sheet
        .split("<c r=\"A3\" s=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let styles = part(&bytes, "xl/styles.xml");
    let format = styles
        .split("<cellXfs")
        .nth(1)
        .unwrap()
        .split("<xf ")
        .nth(style + 1)
        .unwrap()
        .to_owned();
    let fill: usize = format
        .split("fillId=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!(
        styles
            .split("<fill>")
            .nth(fill + 1)
            .unwrap()
            .contains("FFFFC7CE"),
        "red"
    );
    assert_eq!(
        part(&bytes, "xl/comments1.xml")
            .matches("<comment ref=\"A3\"")
            .count(),
        1
    );
}

#[test]
fn a_marked_copy_survives_texts_that_fit_no_cell_and_names_that_clash() {
    let long = "长".repeat(40_000);
    let rows = [vec![long.as_str()], vec!["甲"]];
    let marks = [mark(1, Some(0), Severity::Error, &long, Some(&long))];
    let table = |name| MarkedTable {
        name,
        rows: &rows,
        heading_row: None,
        marks: &marks,
    };
    let mut book = book();
    documents::marked::write(
        &mut book,
        &[
            table("问题清单"),
            table("history"),
            table("'"),
            table("_"),
            table(""),
        ],
        &words(),
    )
    .unwrap();
    let names = open(&finish(book)).sheet_names();
    assert_eq!(
        names,
        [
            "问题清单 (2)",
            "_history",
            "_",
            "_ (2)",
            "_ (3)",
            "问题清单"
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_text_survives_the_way_there_and_back(texts in prop::collection::vec("(?s).{0,12}|[_x0-9A-F\\x00-\\x1f\r\n\u{FFFE}\u{FFFF}<&>\" ]{0,24}", 1..12)) {
        let rows: Vec<[CellValue<'_>; 1]> = texts.iter().map(|text| [CellValue::from(text.as_str())]).collect();
        let mut book = book();
        book.ledger(&one_column(Format::Text), &rows).unwrap();
        let range = open(&finish(book)).worksheet_range("表").unwrap();
        for (n, text) in texts.iter().enumerate() {
            let read = match range.get_value((n as u32 + 1, 0)) {
                Some(Data::String(read)) => read.clone(),
                _ => String::new(),
            };
            prop_assert_eq!(&read, text);
        }
    }

    #[test]
    fn every_number_survives_the_way_there_and_back(number in prop::num::f64::NORMAL | prop::num::f64::ZERO | prop::num::f64::SUBNORMAL) {
        let mut book = book();
        book.ledger(&one_column(Format::Decimal(3)), [[CellValue::Number(number)]]).unwrap();
        let range = open(&finish(book)).worksheet_range("表").unwrap();
        prop_assert_eq!(range.get_value((1, 0)).and_then(|value| value.as_f64()), Some(number));
    }

    #[test]
    fn every_text_survives_as_comma_separated_text_but_for_the_apostrophe(text in "(?s).{0,16}") {
        let sheet = one_column(Format::Text);
        let bytes = documents::csv::write(Vec::new(), &sheet, [[CellValue::from(text.as_str())], ["end".into()]]).unwrap();
        let records: Vec<csv::StringRecord> = csv::Reader::from_reader(&bytes[..]).records().map(Result::unwrap).collect();
        let read = records.first().map(|record| record[0].to_owned()).unwrap_or_default();
        prop_assert!(read == text || read == format!("'{text}"), "{read:?} for {text:?}");
    }
}
