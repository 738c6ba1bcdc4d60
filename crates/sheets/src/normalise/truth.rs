//! Yes and no in the words and marks of ledgers.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::number::is_dash;
use super::{Reading, compact};
use crate::row::ValueView;

/// 是否 — yes, no, or said to be undecided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    Yes,
    No,
    Undecided,
}

impl fmt::Display for Truth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Yes => "是",
            Self::No => "否",
            Self::Undecided => "待定",
        })
    }
}

const YES: &[&str] = &[
    "是", "有", "√", "✓", "✔", "☑", "v", "y", "yes", "true", "t", "1", "对", "是的", "属实", "存在", "违规", "违法", "违法违规", "已", "已办", "已办理", "已完成", "完成", "符合",
    "齐全", "具备", "在",
];
const NO: &[&str] = &[
    "否", "无", "×", "✗", "✘", "✕", "x", "n", "no", "false", "f", "0", "不", "非", "没有", "不是", "不属实", "不存在", "不违规", "不违法", "合法", "未", "未办", "未办理", "未完成", "不符合",
    "不齐全", "不具备", "不在",
];
const UNDECIDED: &[&str] = &["待定", "待核实", "待核查", "待查", "待确认", "待核", "不详", "不清", "不确定", "不明", "未知", "部分", "部分属实", "基本属实", "?", "争议", "边界争议"];

/// Yes, no or undecided.
pub fn truth(value: &ValueView<'_>) -> Reading<Truth> {
    match value {
        ValueView::Empty => Reading::absent(),
        ValueView::Bool(is) => Reading::plain(if *is { Truth::Yes } else { Truth::No }),
        ValueView::Number(1.0) => Reading::plain(Truth::Yes).note("value.yes_no_variant"),
        ValueView::Number(0.0) => Reading::plain(Truth::No).note("value.yes_no_variant"),
        ValueView::Text(text) => truth_text(text),
        ValueView::Error(_) => Reading::fault("value.error_cell"),
        ValueView::Number(_) | ValueView::Date(_) => Reading::fault("value.not_yes_no"),
    }
}

fn truth_text(text: &str) -> Reading<Truth> {
    match text {
        "是" => return Reading::plain(Truth::Yes),
        "否" => return Reading::plain(Truth::No),
        _ => {}
    }
    let word = compact(text).to_ascii_lowercase();
    let is = |list: &[&str]| list.contains(&word.as_str());
    match () {
        () if word.is_empty() => Reading::absent(),
        () if is_dash(&word) => Reading::absent().note("value.dash_as_empty"),
        () if is(YES) => Reading::plain(Truth::Yes).note("value.yes_no_variant"),
        () if is(NO) => Reading::plain(Truth::No).note("value.yes_no_variant"),
        () if is(UNDECIDED) => Reading::plain(Truth::Undecided).warn("value.undecided"),
        () => Reading::fault("value.not_yes_no"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    #[test]
    fn words_and_marks_are_understood() {
        let cases = [
            ("是 ", Truth::Yes),
            ("√", Truth::Yes),
            ("Ｙ", Truth::Yes),
            ("属 实", Truth::Yes),
            ("1", Truth::Yes),
            ("×", Truth::No),
            ("不属实", Truth::No),
            ("不违规", Truth::No),
            ("无", Truth::No),
            ("待核实", Truth::Undecided),
            ("部分属实", Truth::Undecided),
            ("？", Truth::Undecided),
        ];
        for (text, truth) in cases {
            assert_eq!(super::truth(&ValueView::Text(text.into())).value, Some(truth), "{text}");
        }
    }

    #[test]
    fn other_words_are_faults_and_blanks_are_absent() {
        assert!(truth(&ValueView::Text("拆除".into())).is_fault());
        assert!(truth(&ValueView::Number(2.0)).is_fault());
        assert_eq!(truth(&ValueView::Text("　".into())), Reading::absent());
        assert_eq!(truth(&ValueView::Text("是".into())).findings.iter().count(), 0);
    }

    #[test]
    fn the_written_form_is_read_back() {
        for is in [Truth::Yes, Truth::No, Truth::Undecided] {
            assert_eq!(truth(&ValueView::Text(is.to_string().into())).value, Some(is));
        }
    }

    #[test]
    fn no_word_stands_in_two_lists() {
        let all: Vec<_> = [YES, NO, UNDECIDED].concat();
        let mut unique = all.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), all.len());
    }
}
