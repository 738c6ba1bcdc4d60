//! 表头 — where the heading of a table is, under titles and over several rows, and what each row below it is.

use serde::{Deserialize, Serialize};

use crate::normalise::compact;
use crate::row::{Merge, Row, Value, column_letter};
use crate::vocabulary::Vocabulary;

/// Rows in which a heading is looked for.
const LOOK_ROWS: usize = 40;
/// Levels of a heading.
const MAX_LEVELS: u64 = 4;

/// 列 — one column of a heading; levels of a heading of several rows are joined by `/`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// From 0.
    pub index: u32,
    pub letter: String,
    pub title: String,
}

impl Column {
    /// The lowest level of the title.
    pub fn leaf(&self) -> &str {
        self.title.rsplit('/').next().unwrap_or(&self.title)
    }
}

/// 表头 — the heading of a table and the rows it governs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// The title above the heading.
    pub title: Option<String>,
    /// Other lines above the heading (reporting unit, date).
    pub preamble: Vec<String>,
    pub first_header_row: u64,
    pub header_rows: u64,
    pub columns: Vec<Column>,
    /// First row that may be of the body.
    pub body_from: u64,
    /// Last row of the body among the rows that were looked at.
    pub body_to: Option<u64>,
}

/// 行的角色 — what a row below the heading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowRole {
    Body,
    Blank,
    /// The heading again, or a row that numbers the columns.
    RepeatedHeading,
    /// 合计, 小计.
    Total,
    /// A row that names a group of the rows below it.
    Group,
    /// Remarks and signatures below the table.
    Note,
}

/// Finds the heading among the first rows of a sheet. `rows` are in order and hold no empty row.
pub fn find_heading(rows: &[Row], merges: &[Merge], vocabulary: &Vocabulary) -> Option<Heading> {
    let look = &rows[..rows.len().min(LOOK_ROWS)];
    let sheet = Grid { rows: look, merges };
    let best = best_row(look, vocabulary)?;
    let (first, last) = sheet.levels_around(best);
    let columns = sheet.columns(first, last);
    if columns.is_empty() {
        return None;
    }
    let (title, preamble) = above(&rows[..first]);
    let first_header_row = look[first].number;
    let last_header_row = sheet.last_header_row(first, last);
    let mut heading = Heading {
        title,
        preamble,
        first_header_row,
        header_rows: last_header_row - first_header_row + 1,
        columns,
        body_from: last_header_row + 1,
        body_to: None,
    };
    heading.body_from = heading.first_body_row(rows).unwrap_or(heading.body_from);
    heading.body_to = rows
        .iter()
        .rev()
        .find(|row| row.number >= heading.body_from && heading.role(row) == RowRole::Body)
        .map(|row| row.number);
    Some(heading)
}

/// The row that looks most like a heading, the first of equals.
fn best_row(rows: &[Row], vocabulary: &Vocabulary) -> Option<usize> {
    let mut best = (0.0, None);
    for (at, row) in rows.iter().enumerate() {
        let score = score(row, vocabulary);
        if score > best.0 {
            best = (score, Some(at));
        }
    }
    best.1
}

/// Known words count much, other short texts a little; numbers and dates speak against a heading.
fn score(row: &Row, vocabulary: &Vocabulary) -> f64 {
    let texts: Vec<&str> = row
        .filled()
        .filter_map(|(_, value)| {
            if let Value::Text(text) = value {
                Some(text.as_str())
            } else {
                None
            }
        })
        .collect();
    let others = row.filled().count() - texts.len();
    if texts.len() < 2 {
        return 0.0;
    }
    let of_text = |text: &&str| match vocabulary.find(text) {
        Some(_) if text.len() == 1 => 0.5,
        Some(_) => 4.0,
        None if text.chars().count() > 30 || starts_with_digit(text) => -1.0,
        None if vocabulary.find_inside(text).is_some() => 1.5,
        None => 0.25,
    };
    texts.iter().map(of_text).sum::<f64>() - 2.0 * others as f64
}

fn starts_with_digit(text: &str) -> bool {
    text.trim_start()
        .starts_with(|char: char| char.is_ascii_digit())
}

/// Rows with merged ranges; rows are counted by their place in the slice.
struct Grid<'a> {
    rows: &'a [Row],
    merges: &'a [Merge],
}

impl<'a> Grid<'a> {
    fn merge_at(&self, row: u64, column: u32) -> Option<&'a Merge> {
        self.merges.iter().find(|merge| merge.contains(row, column))
    }

    /// The first and last row of the heading around its most telling row.
    fn levels_around(&self, best: usize) -> (usize, usize) {
        let (mut first, mut last) = (best, best);
        while first > 0
            && ((last - first) as u64) < MAX_LEVELS
            && self.is_group_level(first - 1, first)
        {
            first -= 1;
        }
        while last + 1 < self.rows.len()
            && ((last - first) as u64) < MAX_LEVELS
            && self.is_below(last, last + 1)
        {
            last += 1;
        }
        (first, last)
    }

    /// Whether `upper` groups the titles of `lower`, and is not a title or a line about the report.
    fn is_group_level(&self, upper: usize, lower: usize) -> bool {
        let row = &self.rows[upper];
        let filled: Vec<_> = row.filled().collect();
        let is_report_line = filled
            .iter()
            .any(|(_, value)| value.text().contains([':', '：']));
        filled.len() >= 2 && !is_report_line && self.is_below(upper, lower)
    }

    /// Whether every text of `lower` stands under a gap or under a group of `upper`.
    fn is_below(&self, upper: usize, lower: usize) -> bool {
        let (above, below) = (&self.rows[upper], &self.rows[lower]);
        if below.number != above.number + 1 {
            return false;
        }
        let stands_well = |(column, value): (usize, &Value)| {
            matches!(value, Value::Text(text) if !starts_with_digit(text))
                && (above.value(column).is_blank()
                    || self.is_group_start(above, below, column as u32))
        };
        let is_under_any = below
            .filled()
            .any(|(column, _)| !self.group_title(above, column as u32).is_empty());
        is_under_any && below.filled().all(stands_well)
    }

    fn is_group_start(&self, above: &Row, below: &Row, column: u32) -> bool {
        let next = column as usize + 1;
        match self.merge_at(above.number, column) {
            Some(merge) => merge.width() > 1,
            None => {
                self.merges.is_empty()
                    && above.value(next).is_blank()
                    && !below.value(next).is_blank()
            }
        }
    }

    /// The text that stands over a column in an upper row: its own, that of its merged range, or the next to the left
    /// where a file keeps no merged ranges.
    fn group_title(&self, row: &Row, column: u32) -> String {
        if !row.value(column as usize).is_blank() {
            return clean(row.value(column as usize));
        }
        if let Some(merge) = self.merge_at(row.number, column) {
            let anchor = self.rows.iter().find(|row| row.number == merge.first_row);
            return anchor
                .map(|row| clean(row.value(merge.first_column as usize)))
                .unwrap_or_default();
        }
        if !self.merges.is_empty() {
            return String::new();
        }
        let left = (0..column as usize)
            .rev()
            .map(|column| row.value(column))
            .find(|value| !value.is_blank());
        left.map(clean).unwrap_or_default()
    }

    fn columns(&self, first: usize, last: usize) -> Vec<Column> {
        let levels = &self.rows[first..=last];
        let width = levels.iter().map(|row| row.cells.len()).max().unwrap_or(0) as u32;
        let column = |index| {
            let title = self.title(levels, index);
            (!title.is_empty()).then(|| Column {
                index,
                letter: column_letter(index),
                title,
            })
        };
        (0..width).filter_map(column).collect()
    }

    fn title(&self, levels: &[Row], column: u32) -> String {
        let mut parts: Vec<String> = Vec::new();
        for (level, row) in levels.iter().enumerate() {
            let own = clean(row.value(column as usize));
            let is_covered = own.is_empty()
                && levels[level + 1..]
                    .iter()
                    .any(|lower| !lower.value(column as usize).is_blank());
            let part = if is_covered || self.merge_at(row.number, column).is_some() {
                self.group_title(row, column)
            } else {
                own
            };
            if !part.is_empty() && parts.last() != Some(&part) {
                parts.push(part);
            }
        }
        parts.join("/")
    }

    /// The last row of the heading, with merged ranges that reach further down than any text.
    fn last_header_row(&self, first: usize, last: usize) -> u64 {
        let (top, bottom) = (self.rows[first].number, self.rows[last].number);
        let reach = self.merges.iter().filter(|merge| {
            (top..=bottom).contains(&merge.first_row) && merge.height() <= MAX_LEVELS
        });
        let deepest = reach
            .map(|merge| merge.last_row)
            .max()
            .unwrap_or(bottom)
            .max(bottom);
        let next = self.rows.get(last + 1).map_or(u64::MAX, |row| row.number);
        deepest.min(next - 1)
    }
}

/// The text of a heading cell on one line.
fn clean(value: &Value) -> String {
    compact(&value.text()).into_owned()
}

/// Title and other lines above the heading.
fn above(rows: &[Row]) -> (Option<String>, Vec<String>) {
    let mut lines = rows
        .iter()
        .map(|row| {
            row.filled()
                .map(|(_, value)| value.text().trim().to_owned())
                .collect::<Vec<_>>()
                .join(" ")
        })
        .filter(|line| !line.is_empty());
    (lines.next(), lines.collect())
}

const TOTALS: [&str; 6] = ["合计", "小计", "总计", "共计", "累计", "总和"];
const NOTES: [&str; 22] = [
    "注",
    "备注",
    "说明",
    "填表说明",
    "填表人",
    "填报人",
    "填报单位",
    "填报日期",
    "填报时间",
    "制表",
    "制表人",
    "审核人",
    "审核",
    "复核人",
    "负责人",
    "单位负责人",
    "联系人",
    "联系电话",
    "报送单位",
    "分管领导",
    "主要负责人",
    "note",
];

impl Heading {
    /// What a row below the heading is.
    pub fn role(&self, row: &Row) -> RowRole {
        let mut filled = row.filled();
        let Some((column, first)) = filled.next() else {
            return RowRole::Blank;
        };
        let count = 1 + filled.count();
        let text = compact(&first.text()).into_owned();
        let is_text = matches!(first, Value::Text(_)) && !starts_with_digit(&text);
        match () {
            () if self.repeats(row) || is_numbering(row) => RowRole::RepeatedHeading,
            () if is_text && TOTALS.iter().any(|word| text.starts_with(word)) => RowRole::Total,
            () if is_text && count * 2 <= self.columns.len().max(4) && is_note(&text) => {
                RowRole::Note
            }
            () if count == 1
                && column <= 1
                && self.columns.len() >= 4
                && matches!(first, Value::Text(text) if text.trim().parse::<f64>().is_err()) =>
            {
                RowRole::Group
            }
            () => RowRole::Body,
        }
    }

    /// Whether most titles stand in the row again.
    fn repeats(&self, row: &Row) -> bool {
        let is_same = |column: &&Column| {
            let text = clean(row.value(column.index as usize));
            !text.is_empty()
                && (text == column.title || column.title.split('/').any(|level| level == text))
        };
        let same = self.columns.iter().filter(is_same).count();
        same >= 2 && same * 2 > row.filled().count()
    }

    fn first_body_row(&self, rows: &[Row]) -> Option<u64> {
        let mut below = rows.iter().filter(|row| row.number >= self.body_from);
        below
            .find(|row| !matches!(self.role(row), RowRole::Blank | RowRole::RepeatedHeading))
            .map(|row| row.number)
    }
}

fn is_note(text: &str) -> bool {
    let lower = text.to_lowercase();
    let Some((before, _)) = lower.split_once(':').or_else(|| lower.split_once('：')) else {
        return false;
    };
    NOTES.contains(&before.trim_matches(['(', ')', '*', '※']))
}

/// Whether a row numbers the columns: 1, 2, 3 … or (1), (2), (3) ….
fn is_numbering(row: &Row) -> bool {
    let numbers: Vec<Option<u32>> = row
        .filled()
        .map(|(_, value)| compact(&value.text()).trim_matches(['(', ')']).parse().ok())
        .collect();
    let Some(Some(first)) = numbers.first().copied() else {
        return false;
    };
    first <= 1
        && numbers.len() >= 4
        && numbers
            .iter()
            .enumerate()
            .all(|(at, number)| *number == Some(first + at as u32))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    /// Rows of a table drawn with `|`; a cell of digits is a number.
    fn table(text: &str) -> Vec<Row> {
        let cell = |text: &str| match text.trim().parse::<f64>() {
            Ok(number) => Value::Number(number).into(),
            Err(_) => Value::from(text.trim()).into(),
        };
        let rows = text.lines().enumerate().map(|(at, line)| Row {
            number: at as u64 + 1,
            cells: line.split('|').map(cell).collect(),
        });
        rows.filter(|row| !row.is_blank()).collect()
    }

    fn merge(first_row: u64, first_column: u32, last_row: u64, last_column: u32) -> Merge {
        Merge {
            first_row,
            first_column,
            last_row,
            last_column,
        }
    }

    fn titles(heading: &Heading) -> Vec<&str> {
        heading
            .columns
            .iter()
            .map(|column| column.title.as_str())
            .collect()
    }

    #[test]
    fn a_heading_is_found_under_titles() {
        let rows = table(
            "自然保护区人类活动点位台账\n填报单位：后河保护站|||填报日期：2019年8月18日\n序号|点位编号|经度|纬度|面积（亩）\n1|TK-001|106.5|35.5|3\n2|TK-002|106.6|35.6|4\n合计||||7\n注：面积为图上面积",
        );
        let heading = find_heading(&rows, &[merge(1, 0, 1, 4)], &Vocabulary::standard()).unwrap();
        assert_eq!(heading.title.as_deref(), Some("自然保护区人类活动点位台账"));
        assert_eq!(heading.preamble.len(), 1);
        assert_eq!(
            (
                heading.first_header_row,
                heading.header_rows,
                heading.body_from,
                heading.body_to
            ),
            (3, 1, 4, Some(5))
        );
        assert_eq!(
            titles(&heading),
            ["序号", "点位编号", "经度", "纬度", "面积(亩)"]
        );
    }

    #[test]
    fn levels_of_a_heading_are_joined() {
        let text = "台账\n序号|设施名称|地理位置||整改||备注\n|||||\n||经度|纬度|措施|时限|\n1|砂场|106.5|35.5|拆除|2019年|";
        let rows: Vec<Row> = table(&text.replace("|||||\n", "")).into_iter().collect();
        let merges = [
            merge(1, 0, 1, 6),
            merge(2, 0, 3, 0),
            merge(2, 1, 3, 1),
            merge(2, 2, 2, 3),
            merge(2, 4, 2, 5),
            merge(2, 6, 3, 6),
        ];
        let heading = find_heading(&rows, &merges, &Vocabulary::standard()).unwrap();
        assert_eq!(
            titles(&heading),
            [
                "序号",
                "设施名称",
                "地理位置/经度",
                "地理位置/纬度",
                "整改/措施",
                "整改/时限",
                "备注"
            ]
        );
        assert_eq!((heading.header_rows, heading.body_from), (2, 4));
        let without = find_heading(&rows, &[], &Vocabulary::standard()).unwrap();
        assert_eq!(titles(&without), titles(&heading));
    }

    #[test]
    fn rows_below_are_told_apart() {
        let rows = table(
            "序号|点位编号|设施名称|面积|备注\n1|2|3|4|5\n一、后河保护站\n1|TK-1|砂场|3|\n小计|||3|\n序号|点位编号|设施名称|面积|备注\n2|TK-2|电站|4|\n合计|||7|\n填表人：张|审核人：李",
        );
        let heading = find_heading(&rows, &[], &Vocabulary::standard()).unwrap();
        let roles: Vec<RowRole> = rows[1..].iter().map(|row| heading.role(row)).collect();
        use RowRole::{Body, Group, Note, RepeatedHeading, Total};
        assert_eq!(
            roles,
            [
                RepeatedHeading,
                Group,
                Body,
                Total,
                RepeatedHeading,
                Body,
                Total,
                Note
            ]
        );
        assert_eq!((heading.body_from, heading.body_to), (3, Some(7)));
    }

    #[test]
    fn unknown_words_still_make_a_heading() {
        let rows = table("start|end|today|What community\n2023-07-19|x|2|a\n2023-07-20|y|3|b");
        let heading = find_heading(&rows, &[], &Vocabulary::standard()).unwrap();
        assert_eq!(heading.first_header_row, 1);
        assert_eq!(heading.body_from, 2);
    }

    #[test]
    fn a_sheet_of_numbers_has_no_heading() {
        assert_eq!(
            find_heading(&table("1|2|3\n4|5|6"), &[], &Vocabulary::standard()),
            None
        );
        assert_eq!(find_heading(&[], &[], &Vocabulary::standard()), None);
    }

    proptest::proptest! {
        #[test]
        fn no_table_makes_it_panic(text in "([序经纬度号注合计1-3|：\n]{0,60})", row in 0u64..5, column in 0u32..5, rows in 0u64..3, columns in 0u32..3) {
            let rows_of = table(&text);
            let merges = [merge(row, column, row + rows, column + columns)];
            if let Some(heading) = find_heading(&rows_of, &merges, &Vocabulary::standard()) {
                rows_of.iter().for_each(|row| { let _ = heading.role(row); });
            }
        }
    }
}
