//! A rule set read, checked and ready to judge by.

use std::collections::BTreeMap;

use crate::cases::Cases;
use crate::cell::{Case, Choice};
use crate::day::Day;
use crate::expr::Expr;
use crate::field::{Field, FieldId, Words};
use crate::fine::Offence;
use crate::judge::Judgement;
use crate::law::Clause;
use crate::raw::{RawMatrix, RawMatter, RawModifier, RawRow, RawUnmet};

/// 规则集 — tables, settings and the clause library.
#[derive(Debug, Clone)]
pub struct Ruleset {
    pub(crate) registry: Vec<Field>,
    pub(crate) vocabulary: Vocabulary,
    pub(crate) gate: Table,
    /// Row of the gate that stands for "no row matches".
    pub(crate) fallback: usize,
    pub(crate) tables: Vec<Table>,
    pub(crate) modifiers: Vec<Modifier>,
    pub(crate) matters: Vec<RawMatter>,
    /// Bodies that a verdict brings with it, whatever the row.
    pub(crate) verdict_bodies: BTreeMap<u8, Vec<u8>>,
    pub(crate) clauses: Vec<Clause>,
    pub(crate) offences: Vec<Offence>,
    pub(crate) mapping: ZoneMapping,
    pub(crate) first_regime: Option<Day>,
    pub(crate) marks: Vec<(String, String)>,
    pub(crate) cases: Vec<CaseFile>,
    pub(crate) common_terms: Vec<(String, String)>,
    pub(crate) common_inputs: Vec<FieldId>,
    /// Names for people of the common terms and of named days.
    pub(crate) labels: BTreeMap<String, String>,
}

/// 用例集 — the cases of a file, and the rows that want some.
#[derive(Debug, Clone)]
pub(crate) struct CaseFile {
    pub(crate) path: String,
    /// The table that a case is for which names none.
    pub(crate) table: String,
    pub(crate) rows: Vec<String>,
    pub(crate) cases: Cases,
}

/// 用词 — the lists of the result's members.
#[derive(Debug, Clone, Default)]
pub(crate) struct Vocabulary {
    pub(crate) verdict: Words,
    /// By verdict.
    pub(crate) is_problem: Vec<String>,
    pub(crate) focus: Words,
    pub(crate) disposal: Words,
    pub(crate) severity: Words,
    /// Words and every day that a table prints.
    pub(crate) deadline: Words,
    /// By deadline: the day, where it is one.
    pub(crate) days: Vec<Option<Day>>,
    pub(crate) bodies: Words,
    pub(crate) problem: Words,
    pub(crate) outcome: Words,
    pub(crate) members: Words,
    pub(crate) grammar: BTreeMap<String, String>,
    pub(crate) columns: BTreeMap<String, String>,
    pub(crate) sheets: BTreeMap<String, String>,
    pub(crate) legacy: u8,
    pub(crate) field_check: u8,
    pub(crate) no_focus: u8,
    pub(crate) plan: u8,
}

/// 分区映射 — T6.
#[derive(Debug, Clone)]
pub(crate) struct ZoneMapping {
    pub(crate) zone: FieldId,
    pub(crate) from: Day,
    pub(crate) pairs: Vec<(u8, u8)>,
}

/// 判定表 — rows read from top to bottom.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) note: String,
    pub(crate) file: String,
    pub(crate) is_ungated: bool,
    /// Every fact a sheet for this table may state.
    pub(crate) inputs: Vec<FieldId>,
    /// Facts that this file itself brings.
    pub(crate) own_inputs: Vec<FieldId>,
    pub(crate) terms: Vec<(String, String)>,
    pub(crate) cells: Vec<(String, String)>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) rows: Vec<Row>,
    /// By row: the facts in its condition and all conditions above it.
    pub(crate) fields_down_to: Vec<u128>,
    pub(crate) unmet: Vec<Requirement>,
    pub(crate) unmet_text: Vec<RawUnmet>,
    /// Focus and deadline of rows that name none.
    pub(crate) focus: Option<String>,
    pub(crate) deadline: Option<String>,
    pub(crate) matrix: Vec<RawMatrix>,
    /// By activity: clauses of its matrix line.
    pub(crate) matrix_basis: BTreeMap<u8, Vec<u16>>,
    pub(crate) activity: Option<FieldId>,
}

/// 行 — a condition and what follows from it.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) when: Expr,
    pub(crate) fields: u128,
    pub(crate) is_adding: bool,
    pub(crate) delegate: Option<Delegate>,
    pub(crate) verdict: Choice,
    pub(crate) focus: Choice,
    pub(crate) disposal: Vec<Case>,
    pub(crate) severity: Choice,
    pub(crate) deadline: Choice,
    pub(crate) basis: Vec<u16>,
    /// The matrix line of the activity goes before the row's own clauses.
    pub(crate) by_matrix: bool,
    pub(crate) bodies: Vec<u8>,
    pub(crate) text: RawRow,
}

/// 转表 — another table decides, with some facts settled.
#[derive(Debug, Clone)]
pub(crate) struct Delegate {
    pub(crate) table: usize,
    pub(crate) settles: Vec<(FieldId, Choice)>,
}

/// 应满足的条件 — of a way of completion.
#[derive(Debug, Clone)]
pub(crate) struct Requirement {
    pub(crate) when: Option<Expr>,
    pub(crate) field: FieldId,
    pub(crate) needs: Expr,
}

/// 调整 — changes to the grade after a row has decided.
#[derive(Debug, Clone)]
pub(crate) struct Modifier {
    pub(crate) id: String,
    pub(crate) when: Expr,
    pub(crate) severity: Option<u8>,
    pub(crate) raise: u8,
    pub(crate) disposal: Vec<Case>,
    pub(crate) bodies: Vec<u8>,
    pub(crate) basis: Vec<u16>,
    pub(crate) text: RawModifier,
}

impl Ruleset {
    /// Table by id.
    pub(crate) fn find_table(&self, id: &str) -> Option<&Table> {
        self.tables.iter().find(|t| t.id == id)
    }

    /// Ids of the tables a sheet may name.
    pub fn table_ids(&self) -> impl Iterator<Item = &str> {
        self.tables.iter().map(|t| t.id.as_str())
    }

    /// Heading of a column of the workbook.
    pub fn column<'a>(&'a self, key: &'a str) -> &'a str {
        let own = self.vocabulary.columns.get(key);
        own.map_or_else(|| self.vocabulary.members.label(key), String::as_str)
    }

    /// Name of a sheet of the workbook.
    pub fn sheet<'a>(&'a self, key: &'a str) -> &'a str {
        self.vocabulary.sheets.get(key).map_or(key, String::as_str)
    }

    /// Words of a member of the result: codes with their names for people.
    pub fn words(&self, member: &str) -> Option<&Words> {
        let v = &self.vocabulary;
        Some(match member {
            "verdict" => &v.verdict,
            "focus" => &v.focus,
            "disposal" => &v.disposal,
            "severity" => &v.severity,
            "deadline" => &v.deadline,
            "bodies" => &v.bodies,
            "is_problem" => &v.problem,
            "outcome" => &v.outcome,
            _ => return None,
        })
    }

    /// Name for people of a table.
    pub fn table_title<'a>(&'a self, id: &'a str) -> &'a str {
        let gate = (id == self.gate.id).then_some(&self.gate);
        gate.or_else(|| self.find_table(id))
            .map_or(id, |t| t.title.as_str())
    }

    /// Ids of the rows of a table, from top to bottom; of the gate by `gate`.
    pub fn row_ids(&self, table: &str) -> Vec<&str> {
        let gate = (table == self.gate.id).then_some(&self.gate);
        gate.or_else(|| self.find_table(table))
            .map_or_else(Vec::new, |t| t.rows.iter().map(|r| r.id.as_str()).collect())
    }

    /// A row of any table, by id.
    pub(crate) fn find_row(&self, id: &str) -> Option<&Row> {
        let tables = std::iter::once(&self.gate).chain(&self.tables);
        tables.flat_map(|t| &t.rows).find(|row| row.id == id)
    }

    /// Facts a sheet for the table may state, with their words.
    pub fn inputs(&self, table: &str) -> Vec<&Field> {
        let ids = self.find_table(table).map_or(&[][..], |t| &t.inputs);
        ids.iter()
            .filter_map(|id| self.registry.get(usize::from(*id)))
            .collect()
    }

    /// The matter of the table of bodies that a judgement belongs to.
    pub(crate) fn matter_of(&self, judgement: &Judgement<'_>) -> Option<&str> {
        let by_verdict = self
            .matters
            .iter()
            .find(|m| m.verdicts.iter().any(|v| v == judgement.verdict));
        let row = judgement.row.split('>').next_back().unwrap_or_default();
        by_verdict
            .or_else(|| matter_of_row(&self.matters, row))
            .map(|m| m.matter.as_str())
    }

    /// The clause library.
    pub fn clauses(&self) -> &[Clause] {
        &self.clauses
    }

    /// A clause by id.
    pub fn find_clause(&self, id: &str) -> Option<&Clause> {
        self.clauses.iter().find(|c| c.id == id)
    }

    /// Name for people of a result's word, such as `verdict`, `violation`.
    pub fn label<'a>(&'a self, member: &str, code: &'a str) -> &'a str {
        self.words(member).map_or(code, |words| words.label(code))
    }
}

/// The matter that names the row, or else the one that names its letter.
pub(crate) fn matter_of_row<'m>(matters: &'m [RawMatter], row: &str) -> Option<&'m RawMatter> {
    let exact = matters.iter().find(|m| m.rows.iter().any(|r| r == row));
    let by_letter = |r: &String| {
        r.strip_suffix('*')
            .is_some_and(|letter| row.starts_with(letter))
    };
    exact.or_else(|| matters.iter().find(|m| m.rows.iter().any(by_letter)))
}
