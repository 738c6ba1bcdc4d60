//! Lists of allowed values for coded columns: short ones inside the rule, long ones on a hidden sheet.

use std::collections::HashSet;

use indexmap::IndexSet;

use crate::xml;

/// Characters a list inside a rule may have, its quotes not counted.
const MAX_INLINE_CHARS: usize = 255;

/// The lists of a workbook that stand on its hidden sheet, one per column.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    pub(crate) columns: IndexSet<Vec<String>>,
}

impl Lists {
    /// The formula of a list rule; `None` when nothing is allowed, which would only lock the cell.
    pub(crate) fn formula(&mut self, allowed: &[String], lists_sheet: &str) -> Option<String> {
        let allowed = distinct(allowed);
        if allowed.is_empty() {
            return None;
        }
        Some(inline(&allowed).unwrap_or_else(|| self.reference(allowed, lists_sheet)))
    }

    fn reference(&mut self, allowed: Vec<String>, lists_sheet: &str) -> String {
        let rows = u32::try_from(allowed.len())
            .unwrap_or(crate::MAX_ROWS)
            .min(crate::MAX_ROWS);
        let column = self.columns.insert_full(allowed).0;
        let (first, last) = (
            xml::absolute_name(column, 1),
            xml::absolute_name(column, rows),
        );
        format!("{}!{first}:{last}", xml::quoted_sheet(lists_sheet))
    }
}

fn distinct(allowed: &[String]) -> Vec<String> {
    let mut seen = HashSet::new();
    allowed
        .iter()
        .filter(|value| !value.trim().is_empty() && seen.insert(value.as_str()))
        .cloned()
        .collect()
}

fn inline(allowed: &[String]) -> Option<String> {
    let joined = allowed.join(",");
    let is_plain =
        |value: &String| !value.contains([',', '"', '\n', '\r']) && value.trim() == value;
    (joined.encode_utf16().count() <= MAX_INLINE_CHARS && allowed.iter().all(is_plain))
        .then(|| format!("\"{joined}\""))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_short_list_stands_in_the_rule() {
        let mut lists = Lists::default();
        assert_eq!(
            lists
                .formula(&words(&["核心区", "缓冲区", "核心区", ""]), "L")
                .unwrap(),
            "\"核心区,缓冲区\""
        );
        assert!(lists.columns.is_empty());
        assert_eq!(lists.formula(&words(&["", " "]), "L"), None);
    }

    #[test]
    fn a_long_list_or_one_with_commas_stands_on_the_hidden_sheet_once() {
        let mut lists = Lists::default();
        let long: Vec<String> = (0..100).map(|n| format!("类型{n}")).collect();
        assert_eq!(
            lists.formula(&long, "代码'表").unwrap(),
            "'代码''表'!$A$1:$A$100"
        );
        assert_eq!(
            lists
                .formula(&words(&["采石,采砂", "旅游"]), "代码表")
                .unwrap(),
            "'代码表'!$B$1:$B$2"
        );
        assert_eq!(
            lists.formula(&long, "代码表").unwrap(),
            "'代码表'!$A$1:$A$100"
        );
        assert_eq!(lists.columns.len(), 2);
    }
}
