//! Judging: gate, table, choices inside the row, grades; and what is missing for a surer answer.

use std::borrow::Cow;

use jiff::civil::Date;
use serde::Serialize;
use serde_json::Value;

use crate::cell::{Outcome, Taken, take};
use crate::day::Day;
use crate::error::JudgeError;
use crate::expr::Expr;
use crate::facts::{FactSheet, Facts};
use crate::field::{FOCUS, FieldId, SEVERITY, UNKNOWN, VERDICT, bit};
use crate::fine::{self, Fine};
use crate::ruleset::{Row, Ruleset, Table};
use crate::trace::{self, TraceRow};
use crate::tri::Tri;

/// 判定结果 — as the contract of the command line prints it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judgement<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Value>,
    pub verdict: &'r str,
    pub is_problem: &'r str,
    pub focus: &'r str,
    pub disposal: Vec<&'r str>,
    pub severity: Option<&'r str>,
    pub deadline: Option<&'r str>,
    pub basis: Vec<&'r str>,
    pub bodies: Vec<&'r str>,
    pub row: Cow<'r, str>,
    pub missing_facts: Vec<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone_mapping: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unmet: Option<Vec<&'r str>>,
    /// Rows below the deciding one whose measures were added.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub added_rows: Vec<&'r str>,
    /// Modifiers that changed the grade or added measures.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub adjusted_by: Vec<&'r str>,
    /// Codes of what is odd about the sheet although it was judged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<Vec<TraceRow<'r>>>,
}

/// 结果 — of a sheet: a judgement, or the range of a fine.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Judged<'r> {
    Judgement(Box<Judgement<'r>>),
    Fine(Fine<'r>),
}

/// How much is told of the way to a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Explain {
    /// The id of the deciding row only.
    #[default]
    Row,
    /// The deciding row with the values that it saw.
    DecidingRow,
    /// Every row looked at.
    Trace,
}

/// Judges one fact sheet; the sheet's own `as_of` goes before the one given.
pub fn judge<'r>(
    ruleset: &'r Ruleset,
    sheet: &FactSheet,
    as_of: Option<Date>,
    explain: Explain,
) -> Result<Judged<'r>, JudgeError> {
    match prepare(ruleset, sheet, as_of)? {
        Some(prepared) => Ok(judge_by(ruleset, &prepared, sheet, explain)),
        None => {
            let day = day_of(sheet, as_of)?;
            fine::compute(ruleset, sheet, day).map(Judged::Fine)
        }
    }
}

/// A sheet read, its zone mapped, its deciding row found.
pub(crate) struct Prepared<'r> {
    pub(crate) table: &'r Table,
    /// As the sheet states them.
    pub(crate) stated: Facts,
    /// As they are judged: with the zone mapped.
    facts: Facts,
    is_mapped: bool,
    hit: Hit<'r>,
}

impl Prepared<'_> {
    /// Bits of the facts that the result names as missing.
    pub(crate) fn missing(&self, ruleset: &Ruleset) -> u128 {
        let hangs_on = Settled::of(ruleset, self.table, &self.hit).hangs_on;
        missing(ruleset, self.table, &self.facts, &self.hit) | hangs_on
    }
}

/// Finds table, day and deciding row; none for a sheet that asks for a fine.
pub(crate) fn prepare<'r>(
    ruleset: &'r Ruleset,
    sheet: &FactSheet,
    as_of: Option<Date>,
) -> Result<Option<Prepared<'r>>, JudgeError> {
    let name = sheet.text("table")?.unwrap_or("");
    let table = ruleset.find_table(name);
    if table.is_none() && name != "fine" {
        let known = ruleset
            .table_ids()
            .chain(["fine"])
            .collect::<Vec<_>>()
            .join(" · ");
        let table = name.chars().take(80).collect();
        return Err(JudgeError::UnknownTable { table, known });
    }
    let day = day_of(sheet, as_of)?;
    let Some(table) = table else { return Ok(None) };
    let stated = Facts::read(sheet, &table.inputs, &ruleset.registry, day)?;
    let mut facts = stated;
    let is_mapped = !table.is_ungated && map_zone(ruleset, &mut facts);
    let hit = decide(ruleset, table, &facts);
    Ok(Some(Prepared {
        table,
        stated,
        facts,
        is_mapped,
        hit,
    }))
}

/// The sheet's own day of judgement goes before the one given.
fn day_of(sheet: &FactSheet, as_of: Option<Date>) -> Result<Day, JudgeError> {
    let own = sheet
        .text("as_of")?
        .map(|text| Day::parse(text).ok_or_else(|| not_a_day(text)))
        .transpose()?;
    own.or_else(|| as_of.map(Day::from))
        .ok_or(JudgeError::NoDay)
}

fn not_a_day(text: &str) -> JudgeError {
    let value = text.chars().take(80).collect();
    JudgeError::ValueNotAllowed {
        field: "as_of".into(),
        value,
        allowed: "YYYY-MM-DD".into(),
    }
}

fn judge_by<'r>(
    ruleset: &'r Ruleset,
    prepared: &Prepared<'r>,
    sheet: &FactSheet,
    explain: Explain,
) -> Judged<'r> {
    let Prepared {
        table, facts, hit, ..
    } = prepared;
    let result = Settled::of(ruleset, table, hit);
    let missing = missing(ruleset, table, facts, hit) | result.hangs_on;
    let trace = match explain {
        Explain::Row => None,
        Explain::DecidingRow => Some(vec![trace::deciding(ruleset, table, hit)]),
        Explain::Trace => Some(trace::rows(ruleset, table, facts, hit)),
    };
    let mut judgement = result.spell(ruleset, table, hit);
    judgement.id = sheet.id().cloned();
    judgement.missing_facts = names(ruleset, missing);
    judgement.zone_mapping = prepared.is_mapped.then_some("provisional");
    judgement.warnings = warnings(ruleset, facts);
    judgement.trace = trace;
    Judged::Judgement(Box::new(judgement))
}

/// T6: three zones are read as two once the law knows only two.
pub(crate) fn map_zone(ruleset: &Ruleset, facts: &mut Facts) -> bool {
    let mapping = &ruleset.mapping;
    let zone = facts.code(mapping.zone);
    let new = mapping
        .pairs
        .iter()
        .find(|(from, _)| *from == zone)
        .filter(|_| facts.as_of >= mapping.from);
    if let Some((_, to)) = new {
        facts.set(mapping.zone, *to);
    }
    new.is_some()
}

fn warnings(ruleset: &Ruleset, facts: &Facts) -> Vec<&'static str> {
    let is_early = ruleset
        .first_regime
        .is_some_and(|first| facts.as_of < first);
    let is_unbuilt = facts.built.is_some_and(|b| b.first > facts.as_of);
    let found = [
        (is_early, "judge.before_every_regime"),
        (is_unbuilt, "judge.built_after_as_of"),
    ];
    found
        .into_iter()
        .filter_map(|(is, code)| is.then_some(code))
        .collect()
}

fn names(ruleset: &Ruleset, fields: u128) -> Vec<&str> {
    let named = ruleset
        .registry
        .iter()
        .zip(0u8..)
        .filter(|(_, id)| fields & bit(*id) != 0);
    named.map(|(field, _)| field.name.as_str()).collect()
}

/// 命中 — the row that decides and the facts it saw.
pub(crate) struct Hit<'r> {
    pub(crate) row: &'r Row,
    pub(crate) stage: Stage<'r>,
    pub(crate) facts: Facts,
}

/// Where the deciding row stands.
#[derive(Clone, Copy)]
pub(crate) enum Stage<'r> {
    /// In the gate, at this place; `is_fallback` where no row matched.
    Gate { at: usize, is_fallback: bool },
    /// In the table the sheet names.
    Table { at: usize },
    /// In a table that a row of the named one passes on to.
    Delegated {
        via: usize,
        table: &'r Table,
        at: usize,
    },
    /// Passed on, and no row matched there.
    DelegatedNowhere { via: usize, table: &'r Table },
}

fn first_true(rows: &[Row], facts: &Facts) -> Option<usize> {
    rows.iter()
        .position(|row| row.when.eval(facts) == Tri::True)
}

/// Gate, then table: the first row that is true.
pub(crate) fn decide<'r>(ruleset: &'r Ruleset, table: &'r Table, facts: &Facts) -> Hit<'r> {
    let gate = if table.is_ungated {
        None
    } else {
        first_true(&ruleset.gate.rows, facts)
    };
    if let Some(at) = gate {
        let is_fallback = at == ruleset.fallback;
        return Hit {
            row: &ruleset.gate.rows[at],
            stage: Stage::Gate { at, is_fallback },
            facts: *facts,
        };
    }
    let Some(at) = first_true(&table.rows, facts) else {
        let stage = Stage::Gate {
            at: ruleset.fallback,
            is_fallback: true,
        };
        return Hit {
            row: &ruleset.gate.rows[ruleset.fallback],
            stage,
            facts: *facts,
        };
    };
    pass_on(ruleset, table, at, facts)
}

fn pass_on<'r>(ruleset: &'r Ruleset, table: &'r Table, at: usize, facts: &Facts) -> Hit<'r> {
    let row = &table.rows[at];
    let Some(delegate) = &row.delegate else {
        return Hit {
            row,
            stage: Stage::Table { at },
            facts: *facts,
        };
    };
    let mut settled = *facts;
    for (field, choice) in &delegate.settles {
        settled.settle(*field, choice.weigh(facts).certain().unwrap_or(UNKNOWN));
    }
    let other = &ruleset.tables[delegate.table];
    match first_true(&other.rows, &settled) {
        Some(found) => {
            let stage = Stage::Delegated {
                via: at,
                table: other,
                at: found,
            };
            Hit {
                row: &other.rows[found],
                stage,
                facts: settled,
            }
        }
        None => {
            let stage = Stage::DelegatedNowhere {
                via: at,
                table: other,
            };
            Hit {
                row: &ruleset.gate.rows[ruleset.fallback],
                stage,
                facts: settled,
            }
        }
    }
}

/// E3: the verdict that holds for every value of what is unknown, else the one that blames nobody.
pub(crate) fn verdict_of(ruleset: &Ruleset, hit: &Hit<'_>) -> u8 {
    hit.row
        .verdict
        .weigh(&hit.facts)
        .certain()
        .unwrap_or(ruleset.vocabulary.legacy)
}

/// E7: (a) unknown facts of rows above that are undecided, (b) defaults that another value would overturn.
fn missing(ruleset: &Ruleset, table: &Table, facts: &Facts, hit: &Hit<'_>) -> u128 {
    let undecided = |rows: &[Row], facts: &Facts| {
        let open = rows
            .iter()
            .filter(|row| row.fields & facts.unknown != 0 && row.when.eval(facts) == Tri::Unknown);
        open.fold(0, |all, row| all | row.fields & facts.unknown)
    };
    let gate: &[Row] = if table.is_ungated {
        &[]
    } else {
        &ruleset.gate.rows
    };
    let above = match hit.stage {
        Stage::Gate {
            is_fallback: true, ..
        } => undecided(gate, facts) | undecided(&table.rows, facts) | at_gate(hit),
        Stage::Gate { at, .. } => undecided(&gate[..at], facts),
        Stage::Table { at } => undecided(gate, facts) | undecided(&table.rows[..at], facts),
        Stage::Delegated {
            via,
            table: other,
            at,
        } => {
            undecided(gate, facts)
                | undecided(&table.rows[..via], facts)
                | undecided(&other.rows[..at], &hit.facts)
        }
        Stage::DelegatedNowhere { table: other, .. } => {
            undecided(gate, facts)
                | undecided(&table.rows, facts)
                | undecided(&other.rows, &hit.facts)
        }
    };
    above | overturning(ruleset, table, facts, hit)
}

/// The gate's last row asks for what is unknown; where it holds, that is what is missing.
fn at_gate(hit: &Hit<'_>) -> u128 {
    match hit.row.when.eval(&hit.facts) {
        Tri::True => asked_unknown(&hit.row.when, &hit.facts),
        _ => 0,
    }
}

fn asked_unknown(when: &Expr, facts: &Facts) -> u128 {
    match when {
        Expr::Any(parts) => parts
            .iter()
            .filter(|p| p.eval(facts) == Tri::True)
            .fold(0, |all, p| all | asked_unknown(p, facts)),
        other => other.fields() & facts.unknown,
    }
}

/// Facts that could have changed the verdict: those in the gate, in rows down to the deciding one, in its verdict.
fn weighed(ruleset: &Ruleset, table: &Table, hit: &Hit<'_>) -> u128 {
    let last = |t: &Table| t.fields_down_to.last().copied().unwrap_or(0);
    let down_to = |t: &Table, at: usize| t.fields_down_to.get(at).copied().unwrap_or(0);
    let gate = if table.is_ungated {
        0
    } else {
        last(&ruleset.gate)
    };
    let rows = match hit.stage {
        Stage::Gate {
            is_fallback: false, ..
        } => 0,
        Stage::Gate { .. } => last(table),
        Stage::Table { at } => down_to(table, at),
        Stage::Delegated {
            via,
            table: other,
            at,
        } => down_to(table, via) | down_to(other, at),
        Stage::DelegatedNowhere { table: other, .. } => last(table) | last(other),
    };
    gate | rows | hit.row.verdict.fields()
}

fn overturning(ruleset: &Ruleset, table: &Table, facts: &Facts, hit: &Hit<'_>) -> u128 {
    let mut open = facts.assumed & weighed(ruleset, table, hit);
    let verdict = verdict_of(ruleset, hit);
    let mut found = 0;
    while open != 0 {
        let field = u8::try_from(open.trailing_zeros()).unwrap_or(0);
        open &= open - 1;
        if is_overturned(ruleset, table, facts, hit, (field, verdict)) {
            found |= bit(field);
        }
    }
    found
}

/// Whether another word of the fact alone, or not knowing it, gives another verdict.
fn is_overturned(
    ruleset: &Ruleset,
    table: &Table,
    facts: &Facts,
    hit: &Hit<'_>,
    (field, verdict): (FieldId, u8),
) -> bool {
    let assumed = facts.code(field);
    let count = ruleset
        .registry
        .get(usize::from(field))
        .map_or(0, |f| f.words.0.len());
    let mut other = *facts;
    (0u8..)
        .take(count)
        .chain([UNKNOWN])
        .filter(|word| *word != assumed)
        .any(|word| {
            other.set(field, word);
            let stays = is_same_row(ruleset, table, hit, &other, field);
            let found = match stays {
                true => hit.row.verdict.weigh(&other).certain(),
                false => Some(verdict_of(ruleset, &decide(ruleset, table, &other))),
            };
            found.unwrap_or(ruleset.vocabulary.legacy) != verdict
        })
}

/// Whether the same row decides with one fact changed: no row down to it became true or ceased to be.
fn is_same_row(
    ruleset: &Ruleset,
    table: &Table,
    hit: &Hit<'_>,
    other: &Facts,
    field: FieldId,
) -> bool {
    let gate: &[Row] = if table.is_ungated {
        &[]
    } else {
        &ruleset.gate.rows
    };
    let (gate, rows) = match hit.stage {
        Stage::Gate {
            at,
            is_fallback: false,
        } => (&gate[..=at], &table.rows[..0]),
        Stage::Gate { .. } => (gate, &table.rows[..]),
        Stage::Table { at } => (gate, &table.rows[..=at]),
        Stage::Delegated { .. } | Stage::DelegatedNowhere { .. } => return false,
    };
    let is_true = |row: &Row, facts: &Facts| row.when.eval(facts) == Tri::True;
    gate.iter()
        .chain(rows)
        .filter(|row| row.fields & bit(field) != 0)
        .all(|row| is_true(row, other) == is_true(row, &hit.facts))
}

/// What follows from the deciding row, as positions in the lists of words.
struct Settled<'r> {
    facts: Facts,
    verdict: u8,
    focus: u8,
    disposal: u64,
    severity: u8,
    deadline: u8,
    basis: Vec<u16>,
    extra_bodies: Vec<u8>,
    unmet: u128,
    hangs_on: u128,
    added_rows: Vec<&'r str>,
    adjusted_by: Vec<&'r str>,
}

impl<'r> Settled<'r> {
    fn of(ruleset: &'r Ruleset, table: &'r Table, hit: &Hit<'r>) -> Self {
        let mut facts = hit.facts;
        let verdict = hit.row.verdict.weigh(&facts);
        facts.set(VERDICT, verdict.certain().unwrap_or(UNKNOWN));
        let measures = take(&hit.row.disposal, &facts);
        let mut settled = Self {
            verdict: verdict.certain().unwrap_or(ruleset.vocabulary.legacy),
            focus: ruleset.vocabulary.no_focus,
            disposal: measures.words,
            severity: 0,
            deadline: 0,
            basis: basis(ruleset, table, hit),
            extra_bodies: Vec::new(),
            unmet: 0,
            hangs_on: verdict.hangs_on | measures.hangs_on,
            added_rows: Vec::new(),
            adjusted_by: Vec::new(),
            facts,
        };
        settled.field_check(ruleset, verdict, measures);
        settled.facts.set(VERDICT, settled.verdict);
        settled.grade(ruleset, table, hit);
        settled.add_up(ruleset, hit, table);
        match table.is_ungated {
            true => settled.requirements(table),
            false => settled.modify(ruleset),
        }
        settled
    }

    fn field_check(&mut self, ruleset: &Ruleset, verdict: Outcome, measures: Taken) {
        if verdict.certain().is_none() || measures.hangs {
            self.disposal |= 1 << ruleset.vocabulary.field_check;
        }
    }

    fn grade(&mut self, ruleset: &Ruleset, table: &Table, hit: &Hit<'_>) {
        self.focus = self.focus_of(ruleset, table, hit);
        self.facts.set(FOCUS, self.focus);
        let severity = hit.row.severity.weigh(&self.facts);
        self.severity = severity.last();
        self.facts.set(SEVERITY, self.severity);
        let deadline = hit.row.deadline.weigh(&self.facts);
        self.deadline = deadline.certain().unwrap_or(ruleset.vocabulary.plan);
        self.facts.deadline = ruleset
            .vocabulary
            .days
            .get(usize::from(self.deadline))
            .copied()
            .flatten();
        if !table.is_ungated {
            self.hangs_on |= severity.hangs_on | deadline.hangs_on;
        }
    }

    /// A table that passes on keeps its own focus where the other has one.
    fn focus_of(&self, ruleset: &Ruleset, table: &Table, hit: &Hit<'_>) -> u8 {
        let none = ruleset.vocabulary.no_focus;
        let of = |row: &Row| row.focus.weigh(&self.facts).certain().unwrap_or(none);
        match hit.stage {
            Stage::Delegated { via, .. } if of(hit.row) != none => {
                table.rows.get(via).map_or(none, of)
            }
            _ => of(hit.row),
        }
    }

    /// Rows that add up: the measures of all, the highest grade, the clauses of all.
    fn add_up(&mut self, ruleset: &Ruleset, hit: &Hit<'_>, table: &'r Table) {
        let Stage::Table { at } = hit.stage else {
            return;
        };
        if !hit.row.is_adding {
            return;
        }
        for row in table
            .rows
            .iter()
            .skip(at + 1)
            .filter(|r| r.is_adding && r.when.eval(&hit.facts) == Tri::True)
        {
            self.added_rows.push(&row.id);
            self.disposal |= take(&row.disposal, &self.facts).words;
            self.severity = self.severity.min(row.severity.weigh(&self.facts).last());
            push_new(&mut self.basis, &row.basis);
        }
        self.facts.set(SEVERITY, self.severity);
        debug_assert!(usize::from(self.severity) < ruleset.vocabulary.severity.0.len());
    }

    fn requirements(&mut self, table: &Table) {
        for requirement in &table.unmet {
            let is_asked = requirement
                .when
                .as_ref()
                .is_none_or(|w| w.eval(&self.facts) == Tri::True);
            let value = requirement.needs.eval(&self.facts);
            if is_asked && value != Tri::True {
                self.unmet |= bit(requirement.field);
            }
            if is_asked && value == Tri::Unknown {
                self.hangs_on |= bit(requirement.field) & self.facts.unknown;
            }
        }
    }

    fn modify(&mut self, ruleset: &'r Ruleset) {
        for modifier in &ruleset.modifiers {
            if modifier.when.eval(&self.facts) != Tri::True {
                continue;
            }
            self.adjusted_by.push(&modifier.id);
            self.severity = modifier
                .severity
                .unwrap_or(self.severity)
                .saturating_sub(modifier.raise);
            self.facts.set(SEVERITY, self.severity);
            self.disposal |= take(&modifier.disposal, &self.facts).words;
            self.extra_bodies.extend(&modifier.bodies);
            push_new(&mut self.basis, &modifier.basis);
        }
    }

    fn spell(&self, ruleset: &'r Ruleset, table: &'r Table, hit: &Hit<'r>) -> Judgement<'r> {
        let v = &ruleset.vocabulary;
        let graded = |code: &'r str| (!table.is_ungated).then_some(code);
        let disposal = v
            .disposal
            .0
            .iter()
            .zip(0u32..)
            .filter(|(_, i)| self.disposal >> i & 1 == 1);
        let is_failing = table.is_ungated && hit.row.when.fields() & self.unmet != 0;
        Judgement {
            id: None,
            verdict: v.verdict.code(self.verdict),
            is_problem: v
                .is_problem
                .get(usize::from(self.verdict))
                .map_or("", String::as_str),
            focus: v.focus.code(self.focus),
            disposal: disposal.map(|(word, _)| word.code.as_str()).collect(),
            severity: graded(v.severity.code(self.severity)),
            deadline: graded(v.deadline.code(self.deadline)),
            basis: self.clauses(ruleset),
            bodies: self.bodies(ruleset, hit),
            row: row_id(table, hit),
            missing_facts: Vec::new(),
            zone_mapping: None,
            unmet: table.is_ungated.then(|| {
                if is_failing {
                    names(ruleset, self.unmet)
                } else {
                    Vec::new()
                }
            }),
            added_rows: self.added_rows.clone(),
            adjusted_by: self.adjusted_by.clone(),
            warnings: Vec::new(),
            trace: None,
        }
    }

    /// Clauses in force on the day; for blame also those in force when it was built.
    fn clauses(&self, ruleset: &'r Ruleset) -> Vec<&'r str> {
        let is_blamed = ruleset.vocabulary.verdict.code(self.verdict) == "violation";
        let found = self
            .basis
            .iter()
            .filter_map(|i| ruleset.clauses.get(usize::from(*i)));
        let holds = found.filter(|clause| {
            let then = self
                .facts
                .built
                .filter(|b| is_blamed && b.last <= self.facts.as_of);
            let held = then.is_some_and(|b| clause.force.holds_throughout(b));
            clause.is_citable() && (held || clause.force.holds_on(self.facts.as_of))
        });
        holds.map(|clause| clause.id.as_str()).collect()
    }

    fn bodies(&self, ruleset: &'r Ruleset, hit: &Hit<'_>) -> Vec<&'r str> {
        let mut found = ruleset
            .verdict_bodies
            .get(&self.verdict)
            .unwrap_or(&hit.row.bodies)
            .clone();
        push_new(&mut found, &self.extra_bodies);
        found
            .iter()
            .map(|b| ruleset.vocabulary.bodies.code(*b))
            .collect()
    }
}

fn push_new<T: Copy + PartialEq>(list: &mut Vec<T>, more: &[T]) {
    for item in more {
        if !list.contains(item) {
            list.push(*item);
        }
    }
}

/// The clauses of the row, after those of the activity's matrix line where the row says so.
fn basis(ruleset: &Ruleset, table: &Table, hit: &Hit<'_>) -> Vec<u16> {
    let mut found = Vec::new();
    if hit.row.by_matrix {
        let activity = table.activity.map(|a| hit.facts.code(a));
        let line = activity.and_then(|a| table.matrix_basis.get(&a));
        found.extend(line.into_iter().flatten());
    }
    push_new(&mut found, &hit.row.basis);
    if let Stage::Delegated { via, .. } = hit.stage {
        push_new(&mut found, &table.rows[via].basis);
    }
    debug_assert!(
        found
            .iter()
            .all(|i| usize::from(*i) < ruleset.clauses.len())
    );
    found
}

pub(crate) fn row_id<'r>(table: &'r Table, hit: &Hit<'r>) -> Cow<'r, str> {
    match hit.stage {
        Stage::Delegated { via, .. } => {
            Cow::Owned(format!("{}>{}", table.rows[via].id, hit.row.id))
        }
        _ => Cow::Borrowed(&hit.row.id),
    }
}
