//! 列映射 — which column of theirs is which field of ours: proposed with reasons, saved per source, edited by people.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use spatial::diagnostic::{Diagnostic, Place};

use crate::error::Error;
use crate::heading::{Column, Heading, RowRole};
use crate::normalise::{self, compact};
use crate::row::{Row, Value};
use crate::vocabulary::{Field, FieldKind, Unit, Vocabulary, plain_title};

/// 依据 — why a column is taken for a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reason {
    /// The title is a word of the field.
    SameWord { word: String },
    /// The title contains a word of the field.
    PartOfTitle { word: String },
    /// The values look like the field.
    Values,
    /// The title would fit a field that another column fits better.
    TakenBy { column: String },
    /// Nothing is known about the column.
    Unknown,
    /// A person said so.
    ByHand,
}

/// 列映射项 — one column of theirs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MappedColumn {
    /// Column letter.
    pub column: String,
    pub title: String,
    /// Name of our field; none leaves the column out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Unit named in the heading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
    /// From 0 to 1.
    pub confidence: f64,
    pub reason: Reason,
}

/// 列映射 — all columns of a table, in order.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Mapping {
    #[serde(default)]
    pub columns: Vec<MappedColumn>,
}

/// Sample rows that are looked at for what values say.
const SAMPLE_ROWS: usize = 50;

/// Proposes a mapping from titles, and from the values of some rows where titles say nothing.
pub fn propose(heading: &Heading, vocabulary: &Vocabulary, samples: &[Row]) -> Mapping {
    let body: Vec<&Row> = samples
        .iter()
        .filter(|row| row.number >= heading.body_from && heading.role(row) == RowRole::Body)
        .take(SAMPLE_ROWS)
        .collect();
    let mut columns: Vec<MappedColumn> = heading
        .columns
        .iter()
        .map(|column| propose_column(column, vocabulary, &body))
        .collect();
    settle_conflicts(&mut columns);
    Mapping { columns }
}

fn propose_column(column: &Column, vocabulary: &Vocabulary, body: &[&Row]) -> MappedColumn {
    let title = Title::of(&column.title);
    let (field, confidence, reason) = match by_title(&title, vocabulary) {
        Some((field, confidence, reason)) => {
            let fit = fit(field.kind, column.index as usize, body);
            (
                Some(field.name.clone()),
                confidence * (0.4 + 0.6 * fit),
                reason,
            )
        }
        None => by_values(column.index as usize, body, vocabulary).unwrap_or((
            None,
            0.0,
            Reason::Unknown,
        )),
    };
    MappedColumn {
        column: column.letter.clone(),
        title: column.title.clone(),
        field,
        unit: title.unit,
        confidence: (confidence * 100.0).round() / 100.0,
        reason,
    }
}

/// The parts of a title: whole, lowest level, without what stands in brackets, in brackets, unit.
struct Title {
    candidates: Vec<(String, f64)>,
    unit: Option<Unit>,
}

impl Title {
    fn of(title: &str) -> Self {
        let plain = compact(title).replace('（', "(").replace('）', ")");
        let leaf = plain.rsplit('/').next().unwrap_or(&plain);
        let mut unit = None;
        let mut candidates = vec![(plain.clone(), 1.0), (leaf.to_owned(), 0.97)];
        for level in [plain.as_str(), leaf] {
            let (outside, inside) = split_brackets(level);
            unit = unit.or_else(|| inside.as_deref().and_then(Unit::find));
            let is_unit = inside
                .as_deref()
                .is_some_and(|inside| Unit::find(inside).is_some());
            candidates.push((outside, if is_unit { 1.0 } else { 0.95 }));
            candidates.extend(
                inside
                    .filter(|inside| Unit::find(inside).is_none())
                    .map(|inside| (inside, 0.7)),
            );
        }
        if let Some((front, back)) = plain
            .rsplit_once(['/', ':', ','])
            .filter(|(_, back)| Unit::find(back).is_some())
        {
            unit = unit.or_else(|| Unit::find(back));
            candidates.push((front.to_owned(), 0.95));
        }
        if let Some((upper, _)) = plain.split_once('/') {
            candidates.push((upper.to_owned(), 0.5));
        }
        Self { candidates, unit }
    }
}

/// A title without its bracket, and what stands in the bracket.
fn split_brackets(title: &str) -> (String, Option<String>) {
    let Some((front, rest)) = title.split_once(['(', '[', '【']) else {
        return (title.to_owned(), None);
    };
    let (inside, back) = rest.split_once([')', ']', '】']).unwrap_or((rest, ""));
    (format!("{front}{back}"), Some(inside.to_owned()))
}

fn by_title<'v>(title: &Title, vocabulary: &'v Vocabulary) -> Option<(&'v Field, f64, Reason)> {
    let exact = title
        .candidates
        .iter()
        .filter_map(|(text, weight)| vocabulary.find(text).map(|field| (field, *weight, text)));
    if let Some((field, weight, text)) = exact.max_by(|a, b| a.1.total_cmp(&b.1)) {
        return Some((field, weight, Reason::SameWord { word: text.clone() }));
    }
    let (text, _) = title.candidates.get(1)?;
    let (field, word) = vocabulary.find_inside(text)?;
    let share =
        plain_title(word).chars().count() as f64 / plain_title(text).chars().count().max(1) as f64;
    Some((
        field,
        0.35 + 0.5 * share,
        Reason::PartOfTitle {
            word: word.to_owned(),
        },
    ))
}

/// Which share of the values of a column can be read as the kind; 1 where there is nothing to read.
fn fit(kind: FieldKind, column: usize, body: &[&Row]) -> f64 {
    let values = body
        .iter()
        .map(|row| row.value(column))
        .filter(|value| !value.is_blank());
    let (good, all) = values.fold((0u32, 0u32), |(good, all), value| {
        (good + u32::from(can_read(kind, value)), all + 1)
    });
    if all == 0 {
        1.0
    } else {
        f64::from(good) / f64::from(all)
    }
}

fn can_read(kind: FieldKind, value: &Value) -> bool {
    let view = value.view();
    match kind {
        FieldKind::Integer => !normalise::integer(&view).is_fault(),
        FieldKind::Decimal => !normalise::decimal(&view).is_fault(),
        FieldKind::Area => !normalise::area(&view, None).is_fault(),
        FieldKind::Date => !normalise::date(&view).is_fault(),
        FieldKind::YesNo => !normalise::truth(&view).is_fault(),
        FieldKind::Longitude | FieldKind::Latitude => is_coordinate_like(value),
        FieldKind::Position => !normalise::position_text(&value.text()).is_fault(),
        FieldKind::Text
        | FieldKind::LongText
        | FieldKind::Code
        | FieldKind::Choice
        | FieldKind::Length
        | FieldKind::Money => true,
    }
}

/// Degrees, or metres of a projected system: `spatial` tells which.
fn is_coordinate_like(value: &Value) -> bool {
    let view = value.view();
    !normalise::coordinate(&view).is_fault()
        || normalise::decimal(&view)
            .value
            .is_some_and(|number| (100_000.0..1e8).contains(&number))
}

/// Coordinates give themselves away without any title.
fn by_values(
    column: usize,
    body: &[&Row],
    vocabulary: &Vocabulary,
) -> Option<(Option<String>, f64, Reason)> {
    let degrees: Vec<f64> = body
        .iter()
        .filter_map(|row| normalise::coordinate(&row.value(column).view()).value)
        .filter(|c| c.degrees.fract() != 0.0)
        .map(|c| c.degrees)
        .collect();
    if degrees.len() < 2 || degrees.len() * 10 < body.len() * 8 {
        return None;
    }
    let all_in = |low: f64, high: f64| degrees.iter().all(|degrees| (low..=high).contains(degrees));
    let kind = match () {
        () if all_in(73.0, 136.0) => FieldKind::Longitude,
        () if all_in(17.0, 54.0) => FieldKind::Latitude,
        () => return None,
    };
    let field = vocabulary
        .fields()
        .iter()
        .find(|field| field.kind == kind)?;
    Some((Some(field.name.clone()), 0.5, Reason::Values))
}

/// Gives every field to the column that fits it best; the others are left out and say why.
fn settle_conflicts(columns: &mut [MappedColumn]) {
    for at in 0..columns.len() {
        let Some(field) = columns[at].field.clone() else {
            continue;
        };
        let rivals = columns
            .iter()
            .enumerate()
            .filter(|(_, other)| other.field.as_ref() == Some(&field));
        let best = rivals.fold(at, |best, (other, column)| {
            if column.confidence > columns[best].confidence
                || (column.confidence == columns[best].confidence && other < best)
            {
                other
            } else {
                best
            }
        });
        if best != at {
            let column = columns[best].column.clone();
            columns[at].field = None;
            columns[at].reason = Reason::TakenBy { column };
        }
    }
}

impl Mapping {
    /// The mapping as TOML, to be saved with its source and edited.
    pub fn to_toml(&self) -> Result<String, Error> {
        toml::to_string_pretty(self).map_err(|source| Error::WriteMapping { source })
    }

    /// A mapping that was saved.
    pub fn from_toml(text: &str) -> Result<Self, Error> {
        toml::from_str(text).map_err(|source| Error::ReadMapping { source })
    }

    /// The column that is taken for a field.
    pub fn find(&self, field: &str) -> Option<&MappedColumn> {
        self.columns
            .iter()
            .find(|column| column.field.as_deref() == Some(field))
    }

    /// This saved mapping for a new table of the same source: columns are found again by title, wherever they moved.
    /// Columns that are gone and columns that are new are named.
    pub fn apply(&self, heading: &Heading) -> (Self, Vec<Diagnostic>) {
        let mut diagnostics = Vec::new();
        let mut left: Vec<&MappedColumn> = self.columns.iter().collect();
        let columns = heading.columns.iter().map(|column| {
            let known = left
                .iter()
                .position(|saved| plain_title(&saved.title) == plain_title(&column.title));
            match known {
                Some(at) => MappedColumn {
                    column: column.letter.clone(),
                    title: column.title.clone(),
                    ..left.remove(at).clone()
                },
                None => {
                    diagnostics.push(
                        Diagnostic::warning("sheet.column_new")
                            .at(place(column.letter.clone(), heading))
                            .arg("title", &column.title),
                    );
                    MappedColumn {
                        column: column.letter.clone(),
                        title: column.title.clone(),
                        field: None,
                        unit: None,
                        confidence: 0.0,
                        reason: Reason::Unknown,
                    }
                }
            }
        });
        let columns = columns.collect();
        let missing = left.iter().filter(|saved| saved.field.is_some());
        let gone: Vec<_> = missing
            .map(|saved| {
                Diagnostic::warning("sheet.column_missing")
                    .at(place(saved.column.clone(), heading))
                    .arg("title", &saved.title)
            })
            .collect();
        diagnostics.extend(gone);
        (Self { columns }, diagnostics)
    }
}

fn place(column: String, heading: &Heading) -> Place {
    Place {
        row: Some(heading.first_header_row),
        column: Some(column),
        ..Place::default()
    }
}

/// The column index (from 0) of column letters.
pub fn column_index(letters: &str) -> Option<u32> {
    if letters.is_empty() || letters.len() > 3 {
        return None;
    }
    let sum = letters
        .bytes()
        .try_fold(0u32, |sum, byte| match byte.to_ascii_uppercase() {
            letter @ b'A'..=b'Z' => {
                ControlFlow::<(), u32>::Continue(sum * 26 + u32::from(letter - b'A') + 1)
            }
            _ => ControlFlow::Break(()),
        });
    sum.continue_value().map(|sum| sum - 1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;
    use crate::heading::find_heading;

    fn rows(lines: &[&[&str]]) -> Vec<Row> {
        let row = |(at, cells): (usize, &&[&str])| Row {
            number: at as u64 + 1,
            cells: cells.iter().map(|text| Value::from(*text).into()).collect(),
        };
        lines.iter().enumerate().map(row).collect()
    }

    fn proposal(lines: &[&[&str]]) -> Mapping {
        let rows = rows(lines);
        let vocabulary = Vocabulary::standard();
        let heading = find_heading(&rows, &[], &vocabulary).unwrap();
        propose(&heading, &vocabulary, &rows)
    }

    fn fields(mapping: &Mapping) -> Vec<&str> {
        mapping
            .columns
            .iter()
            .map(|column| column.field.as_deref().unwrap_or("-"))
            .collect()
    }

    #[test]
    fn the_thirty_columns_of_the_bench_ledger_are_mapped() {
        let titles = [
            "序号",
            "点位编号",
            "省份",
            "市",
            "县(区)",
            "自然保护区名称",
            "级别",
            "功能区",
            "活动/设施类型",
            "活动设施名称",
            "东经",
            "北纬",
            "面积",
            "建成时间",
            "建设单位",
            "环评文号",
            "用地手续",
            "是否违法违规",
            "问题描述",
            "整改措施",
            "整改状态",
            "整改时限",
            "完成时间",
            "责任单位",
            "责任人",
            "联系电话",
            "处罚金额(万元)",
            "追责人数",
            "核查日期",
            "备注",
        ];
        let mapping = proposal(&[&titles]);
        let lines: Vec<String> = mapping
            .columns
            .iter()
            .map(|c| {
                format!(
                    "{} {} → {} {:?} {}",
                    c.column,
                    c.title,
                    c.field.as_deref().unwrap_or("-"),
                    c.unit,
                    c.confidence
                )
            })
            .collect();
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn units_are_taken_from_headings() {
        let mapping = proposal(&[
            &[
                "序号",
                "面积（亩）",
                "海拔/m",
                "处罚金额【万元】",
                "规模(面积)",
            ],
            &["1", "3", "1500", "2", "5"],
        ]);
        let units: Vec<_> = mapping.columns.iter().map(|column| column.unit).collect();
        assert_eq!(
            units,
            [
                None,
                Some(Unit::Mu),
                Some(Unit::Meter),
                Some(Unit::TenThousandYuan),
                None
            ]
        );
        assert_eq!(
            fields(&mapping)[1..4],
            ["area_m2", "altitude_m", "penalty_amount_yuan"]
        );
        assert!(matches!(mapping.columns[4].reason, Reason::TakenBy { .. }));
    }

    #[test]
    fn values_speak_where_titles_do_not() {
        let mapping = proposal(&[
            &["编号", "甲", "乙", "名称"],
            &["1", "106.5123", "35.4567", "砂场"],
            &["2", "106.5223", "35.4667", "电站"],
        ]);
        assert_eq!(
            fields(&mapping),
            ["site_code", "lon", "lat", "facility_name"]
        );
        assert_eq!(mapping.columns[1].reason, Reason::Values);
    }

    #[test]
    fn values_that_do_not_fit_lower_the_confidence() {
        let good = proposal(&[&["序号", "建成时间"], &["1", "2019年8月"]]);
        let bad = proposal(&[&["序号", "建成时间"], &["1", "砂场"]]);
        assert!(good.columns[1].confidence > 0.9 && bad.columns[1].confidence < 0.5);
    }

    #[test]
    fn a_saved_mapping_finds_its_columns_again() {
        let saved = proposal(&[&["序号", "点位编号", "经度", "纬度"]]);
        let read = Mapping::from_toml(&saved.to_toml().unwrap()).unwrap();
        assert_eq!(read, saved);
        let moved = rows(&[&["点位编号", "序号", "纬度", "经 度", "天气"]]);
        let heading = find_heading(&moved, &[], &Vocabulary::standard()).unwrap();
        let (applied, diagnostics) = read.apply(&heading);
        assert_eq!(
            fields(&applied),
            ["site_code", "sequence", "lat", "lon", "-"]
        );
        assert_eq!(
            diagnostics
                .iter()
                .map(|d| d.code.as_ref())
                .collect::<Vec<_>>(),
            ["sheet.column_new"]
        );
        let fewer = rows(&[&["点位编号", "经度"]]);
        let (_, diagnostics) =
            read.apply(&find_heading(&fewer, &[], &Vocabulary::standard()).unwrap());
        assert_eq!(diagnostics.len(), 2);
    }

    #[test]
    fn letters_and_indexes_are_inverse() {
        for index in [0, 25, 26, 701, 702, 16_383] {
            assert_eq!(column_index(&crate::row::column_letter(index)), Some(index));
        }
        assert_eq!(column_index("A1"), None);
        assert_eq!(column_index(""), None);
    }
}
