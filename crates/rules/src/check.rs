//! What is wrong with a table as a whole: rows nobody reaches, gaps, overlaps, clauses that never hold for a row.

use serde::Serialize;

use crate::day::Day;
use crate::error::RuleFault;
use crate::expr::Expr;
use crate::law::{Clause, Force};
use crate::region::{Box, Space, TooMany};
use crate::ruleset::{Row, Ruleset, Table};

/// 行间关系 — of a table: which combinations no row takes, which rows take what an earlier one would also take.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TableReport {
    pub table: String,
    /// Combinations of known facts without a row, which the gate's last row takes.
    pub gaps: Vec<String>,
    /// Pairs of rows that can both be true: the first decides.
    pub overlaps: Vec<(String, String)>,
}

/// Gaps named at most.
const MAX_GAPS: usize = 6;

impl Ruleset {
    /// Gaps and overlaps of every table.
    pub fn reports(&self) -> Vec<TableReport> {
        let tables = std::iter::once(&self.gate).chain(&self.tables);
        tables.map(|table| self.report(table)).collect()
    }

    fn report(&self, table: &Table) -> TableReport {
        let mut report = TableReport {
            table: table.id.clone(),
            ..TableReport::default()
        };
        let space = self.space(table);
        let is_gate = table.id == self.gate.id;
        if let Ok(left) = self.left_over(table, &space)
            && !is_gate
        {
            let mut gaps: Vec<Box> = space.known(left);
            gaps.sort_by_key(|gap| gap.fields().count());
            report.gaps = gaps
                .iter()
                .map(|gap| space.spell(gap, &self.registry))
                .collect();
            report.gaps.dedup();
            report.gaps.truncate(MAX_GAPS);
        }
        report.overlaps = overlaps(table, &space);
        report
    }

    fn space(&self, table: &Table) -> Space {
        let rows = self.gate.rows.iter().chain(&table.rows);
        Space::of(rows.map(|row| &row.when), &self.registry)
    }

    /// What the gate lets through.
    fn entering(&self, table: &Table, space: &Space) -> Result<Vec<Box>, TooMany> {
        let mut left = vec![Box::default()];
        if !table.is_ungated && table.id != self.gate.id {
            for row in &self.gate.rows {
                left = space.without(left, &space.truth(&row.when)?)?;
            }
        }
        Ok(left)
    }

    fn left_over(&self, table: &Table, space: &Space) -> Result<Vec<Box>, TooMany> {
        let mut left = self.entering(table, space)?;
        for row in &table.rows {
            left = space.without(left, &space.truth(&row.when)?)?;
        }
        Ok(left)
    }

    /// Faults of rows: never true, never reached, citing what never holds on a day that the row sees.
    pub(crate) fn row_faults(&self) -> Vec<RuleFault> {
        let tables = std::iter::once(&self.gate).chain(&self.tables);
        tables.flat_map(|table| self.faults_of(table)).collect()
    }

    fn faults_of(&self, table: &Table) -> Vec<RuleFault> {
        let space = self.space(table);
        let mut faults = Vec::new();
        let Ok(mut left) = self.entering(table, &space) else {
            return faults;
        };
        for (row, at) in table.rows.iter().zip(0usize..) {
            let Ok(truth) = space.truth(&row.when) else {
                return faults;
            };
            let Ok(reached) = space.meet(&left, &truth) else {
                return faults;
            };
            if truth.is_empty() {
                faults.push(fault(
                    "rules.never_true",
                    table,
                    row,
                    "when",
                    &row.text.when,
                ));
            } else if reached.is_empty() {
                let hiding = hiding(table, at, &space, &truth);
                faults.push(fault("rules.unreachable", table, row, "when", &hiding));
            } else {
                faults.extend(self.never_in_force(table, row, &space.days(&reached)));
            }
            match space.without(left, &truth) {
                Ok(rest) => left = rest,
                Err(TooMany) => return faults,
            }
        }
        faults
    }

    /// A row that blames may also cite what held when the thing was built.
    fn never_in_force(
        &self,
        table: &Table,
        row: &Row,
        days: &[(Option<Day>, Option<Day>)],
    ) -> Vec<RuleFault> {
        let blames = row
            .verdict
            .cases
            .iter()
            .any(|case| self.vocabulary.verdict.code(case.word) == "violation");
        if blames || table.is_ungated {
            return Vec::new();
        }
        let clauses = row
            .basis
            .iter()
            .filter_map(|i| self.clauses.get(usize::from(*i)));
        let silent = clauses.filter(|clause| !days.iter().any(|d| holds_within(clause, *d)));
        silent
            .map(|clause| fault("rules.never_in_force", table, row, "basis", &clause.id))
            .collect()
    }
}

fn holds_within(clause: &Clause, (from, before): (Option<Day>, Option<Day>)) -> bool {
    let Force { from: since, to } = clause.force;
    let ends_too_early = to.zip(from).is_some_and(|(to, from)| to < from);
    let begins_too_late = since
        .zip(before)
        .is_some_and(|(since, before)| since >= before);
    !ends_too_early && !begins_too_late
}

/// The rows above that take all that the row would take.
fn hiding(table: &Table, at: usize, space: &Space, truth: &[Box]) -> String {
    let takes = |row: &&Row| {
        let other = space.truth(&row.when);
        other.is_ok_and(|other| space.meet(&other, truth).is_ok_and(|met| !met.is_empty()))
    };
    let ids: Vec<&str> = table.rows[..at]
        .iter()
        .filter(takes)
        .map(|row| row.id.as_str())
        .collect();
    ids.join(", ")
}

fn overlaps(table: &Table, space: &Space) -> Vec<(String, String)> {
    let truths: Vec<Vec<Box>> = table
        .rows
        .iter()
        .map(|row| space.truth(&row.when).map(|t| space.known(t)))
        .map(Result::unwrap_or_default)
        .collect();
    let mut found = Vec::new();
    for (j, later) in table.rows.iter().enumerate() {
        let is_rest = later.when == Expr::Always;
        for (i, earlier) in table.rows.iter().enumerate().take(j) {
            let both = space.meet(&truths[i], &truths[j]);
            if !is_rest && both.is_ok_and(|met| !met.is_empty()) {
                found.push((earlier.id.clone(), later.id.clone()));
            }
        }
    }
    found
}

fn fault(code: &'static str, table: &Table, row: &Row, cell: &str, text: &str) -> RuleFault {
    RuleFault {
        code,
        file: table.file.clone(),
        row: row.id.clone(),
        cell: cell.to_owned(),
        text: text.to_owned(),
    }
}
