//! The same tables for another engine: a decision model in the JSON form that `zen-engine` reads, to be measured beside ours.

use serde_json::{Value, json};

use crate::cell::Choice;
use crate::expr::Expr;
use crate::field::Words;
use crate::ruleset::{Row, Ruleset};

impl Ruleset {
    /// Gate and table as one first-hit decision table over known facts: row, verdict, severity, deadline.
    pub fn jdm(&self, table: &str) -> Option<Value> {
        let table = self.find_table(table)?;
        let last = self.gate.rows.get(self.fallback)?;
        let gate = self.gate.rows.iter().take(self.fallback);
        let mut rules: Vec<Value> = gate.map(|row| self.jdm_row(row, None)).collect();
        rules.push(self.jdm_row(last, None));
        rules.extend(table.rows.iter().map(|row| self.jdm_row(row, None)));
        rules.push(self.jdm_row(last, Some("true")));
        Some(json!({
            "contentType": "application/vnd.gorules.decision",
            "nodes": [
                {"id": "in", "name": "in", "type": "inputNode", "position": {"x": 0, "y": 0}, "content": {"schema": ""}},
                {"id": "table", "name": table.id, "type": "decisionTableNode", "position": {"x": 1, "y": 0}, "content": {
                    "hitPolicy": "first", "passThrough": false, "executionMode": "single",
                    "inputs": [{"id": "when", "name": "when"}],
                    "outputs": [
                        {"id": "row", "name": "row", "field": "row"},
                        {"id": "verdict", "name": "verdict", "field": "verdict"},
                        {"id": "severity", "name": "severity", "field": "severity"},
                        {"id": "deadline", "name": "deadline", "field": "deadline"},
                    ],
                    "rules": rules,
                }},
                {"id": "out", "name": "out", "type": "outputNode", "position": {"x": 2, "y": 0}, "content": {"schema": ""}},
            ],
            "edges": [
                {"id": "a", "type": "edge", "sourceId": "in", "targetId": "table"},
                {"id": "b", "type": "edge", "sourceId": "table", "targetId": "out"},
            ],
        }))
    }

    fn jdm_row(&self, row: &Row, when: Option<&str>) -> Value {
        let v = &self.vocabulary;
        let verdict = self.jdm_choice(&row.verdict, &v.verdict, "''");
        json!({
            "_id": format!("{}{}", row.id, when.unwrap_or_default()),
            "when": when.map_or_else(|| self.jdm_condition(&row.when, ""), str::to_owned),
            "row": format!("'{}'", row.id),
            "verdict": verdict,
            "severity": self.jdm_choice(&row.severity, &v.severity, &verdict),
            "deadline": self.jdm_choice(&row.deadline, &v.deadline, &verdict),
        })
    }

    fn jdm_choice(&self, choice: &Choice, words: &Words, verdict: &str) -> String {
        let mut text = String::new();
        for case in &choice.cases {
            let word = words.code(case.word);
            match &case.when {
                Some(when) => {
                    let condition = self.jdm_condition(when, verdict);
                    text.push_str(&format!("({condition}) ? '{word}' : "));
                }
                None => text.push_str(&format!("'{word}'")),
            }
        }
        text
    }

    fn jdm_condition(&self, expr: &Expr, verdict: &str) -> String {
        let joined = |parts: &[Expr], by: &str| {
            let parts: Vec<String> = parts
                .iter()
                .map(|p| self.jdm_condition(p, verdict))
                .collect();
            format!("({})", parts.join(by))
        };
        let name = |field: u8| match self.registry.get(usize::from(field)) {
            Some(known) if known.name == "verdict" => format!("({verdict})"),
            Some(known) => known.name.clone(),
            None => String::new(),
        };
        match expr {
            Expr::All(parts) => joined(parts, " and "),
            Expr::Any(parts) => joined(parts, " or "),
            Expr::Not(part) => format!("not ({})", self.jdm_condition(part, verdict)),
            Expr::Unproven(part) => format!("not ({})", self.jdm_condition(part, verdict)),
            Expr::In { field, words } => {
                let known = self.registry.get(usize::from(*field));
                let all = known.map(|f| f.words.0.as_slice()).unwrap_or_default();
                let chosen: Vec<String> = all
                    .iter()
                    .zip(0u32..)
                    .filter(|(_, i)| words >> i & 1 == 1)
                    .map(|(w, _)| format!("'{}'", w.code))
                    .collect();
                format!("{} in [{}]", name(*field), chosen.join(", "))
            }
            Expr::IsUnknown { field } => format!("{} == 'unknown'", name(*field)),
            Expr::Built { since, .. } => format!("built_day >= {}", since.number()),
            Expr::AsOf { since } => format!("as_of_day >= {}", since.number()),
            Expr::Overdue => "false".to_owned(),
            Expr::Always => "true".to_owned(),
        }
    }
}
