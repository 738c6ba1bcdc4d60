//! The way to a result: every row looked at, what failed, the values used.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::expr::Expr;
use crate::facts::Facts;
use crate::field::{Field, UNKNOWN, bit};
use crate::judge::{Hit, Stage};
use crate::ruleset::{Row, Ruleset, Table};
use crate::show;
use crate::tri::Tri;

/// 推理步骤 — a row and why it did or did not decide.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TraceRow<'r> {
    pub table: &'r str,
    pub row: &'r str,
    pub value: Tri,
    /// The first part of the condition that does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// The facts that stand in the condition, as they were seen.
    pub facts: BTreeMap<&'r str, String>,
}

/// The deciding row alone.
pub(crate) fn deciding<'r>(ruleset: &'r Ruleset, table: &'r Table, hit: &Hit<'r>) -> TraceRow<'r> {
    let of = match hit.stage {
        Stage::Gate { .. } | Stage::DelegatedNowhere { .. } => &ruleset.gate.id,
        Stage::Table { .. } => &table.id,
        Stage::Delegated { table: other, .. } => &other.id,
    };
    step(ruleset, of, hit.row, &hit.facts)
}

/// Every row from the gate down to the deciding one.
pub(crate) fn rows<'r>(
    ruleset: &'r Ruleset,
    table: &'r Table,
    facts: &Facts,
    hit: &Hit<'r>,
) -> Vec<TraceRow<'r>> {
    let mut found = Vec::new();
    let mut add = |t: &'r Table, rows: &'r [Row], facts: &Facts| {
        found.extend(rows.iter().map(|row| step(ruleset, &t.id, row, facts)));
    };
    let gate = &ruleset.gate;
    if !table.is_ungated {
        let until = match hit.stage {
            Stage::Gate { at, .. } if gate.rows[at].when.eval(facts) == Tri::True => at + 1,
            _ => gate.rows.len(),
        };
        add(gate, &gate.rows[..until], facts);
        if until < gate.rows.len() || gate.rows[until - 1].when.eval(facts) == Tri::True {
            return found;
        }
    }
    match hit.stage {
        Stage::Table { at } => add(table, &table.rows[..=at], facts),
        Stage::Gate { .. } => add(table, &table.rows, facts),
        Stage::Delegated {
            via,
            table: other,
            at,
        } => {
            add(table, &table.rows[..=via], facts);
            add(other, &other.rows[..=at], &hit.facts);
        }
        Stage::DelegatedNowhere { via, table: other } => {
            add(table, &table.rows[..=via], facts);
            add(other, &other.rows, &hit.facts);
        }
    }
    found
}

fn step<'r>(ruleset: &'r Ruleset, table: &'r str, row: &'r Row, facts: &Facts) -> TraceRow<'r> {
    let value = row.when.eval(facts);
    let failing = |part: &&Expr| part.eval(facts) == value;
    let failed = (value != Tri::True)
        .then(|| row.when.conjuncts().iter().find(failing))
        .flatten();
    let used = ruleset
        .registry
        .iter()
        .zip(0u8..)
        .filter(|(_, id)| row.fields & bit(*id) != 0);
    TraceRow {
        table,
        row: &row.id,
        value,
        failed: failed.map(|part| show::condition(part, &ruleset.registry)),
        facts: used
            .map(|(field, id)| (field.name.as_str(), seen(field, facts, id)))
            .collect(),
    }
}

fn seen(field: &Field, facts: &Facts, id: u8) -> String {
    match (field.is_day, facts.built, facts.code(id)) {
        (true, Some(built), _) if built.first == built.last => built.first.to_string(),
        (true, Some(built), _) => format!("{}…{}", built.first, built.last),
        (false, _, code) if code != UNKNOWN => field.words.code(code).to_owned(),
        _ => "unknown".to_owned(),
    }
}
