//! The files of a rule set as they are written.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::Deserialize;

use crate::cases::Cases;
use crate::law::Clause;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawSettings {
    pub(crate) dates: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) focus_profile: RawProfile,
    pub(crate) zone_mapping: RawMapping,
    pub(crate) completion: RawCompletion,
    #[serde(default, rename = "register")]
    pub(crate) _register: toml::Table,
    #[serde(default)]
    pub(crate) marks: IndexMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawProfile {
    pub(crate) cell: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawMapping {
    pub(crate) from: String,
    pub(crate) map: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawCompletion {
    pub(crate) level: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawVocabulary {
    pub(crate) verdict: IndexMap<String, String>,
    pub(crate) is_problem: IndexMap<String, String>,
    pub(crate) focus: IndexMap<String, String>,
    pub(crate) disposal: IndexMap<String, String>,
    pub(crate) severity: IndexMap<String, String>,
    pub(crate) deadline: IndexMap<String, String>,
    pub(crate) bodies: IndexMap<String, String>,
    #[serde(default)]
    pub(crate) problem: IndexMap<String, String>,
    #[serde(default)]
    pub(crate) grammar: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) members: IndexMap<String, String>,
    #[serde(default)]
    pub(crate) outcome: IndexMap<String, String>,
    #[serde(default)]
    pub(crate) columns: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) sheets: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawInput {
    pub(crate) label: String,
    pub(crate) values: String,
    pub(crate) default: Option<String>,
    #[serde(default)]
    pub(crate) counts_as: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawTable {
    #[serde(default)]
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) note: String,
    pub(crate) focus: Option<String>,
    pub(crate) deadline: Option<String>,
    /// Judged without zone, gate, grades and deadlines.
    #[serde(default)]
    pub(crate) ungated: bool,
    #[serde(default)]
    pub(crate) inputs: IndexMap<String, RawInput>,
    #[serde(default)]
    pub(crate) terms: IndexMap<String, String>,
    #[serde(default)]
    pub(crate) cells: IndexMap<String, String>,
    /// Names for people of terms and cells.
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) matrix: Vec<RawMatrix>,
    #[serde(default)]
    pub(crate) unmet: Vec<RawUnmet>,
    #[serde(default)]
    pub(crate) rows: Vec<RawRow>,
    #[serde(default)]
    pub(crate) cases: Cases,
}

/// 用例 — a fact sheet and what the table says about it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawCase {
    pub(crate) is: CaseKind,
    pub(crate) as_of: String,
    pub(crate) facts: String,
    pub(crate) expect: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CaseKind {
    Hit,
    Miss,
    Border,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawMatrix {
    pub(crate) activities: Vec<String>,
    pub(crate) zones: IndexMap<String, String>,
    pub(crate) basis: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawUnmet {
    #[serde(rename = "if")]
    pub(crate) when: Option<String>,
    pub(crate) field: String,
    pub(crate) needs: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawRow {
    pub(crate) id: String,
    pub(crate) when: String,
    #[serde(default)]
    pub(crate) adds: bool,
    pub(crate) delegate: Option<IndexMap<String, String>>,
    pub(crate) verdict: Option<String>,
    pub(crate) focus: Option<String>,
    #[serde(default)]
    pub(crate) disposal: String,
    pub(crate) severity: Option<String>,
    pub(crate) deadline: Option<String>,
    #[serde(default)]
    pub(crate) basis: String,
    #[serde(default)]
    pub(crate) mark: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawModifiers {
    pub(crate) modifiers: Vec<RawModifier>,
    #[serde(default)]
    pub(crate) cases: Cases,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawModifier {
    pub(crate) id: String,
    pub(crate) when: String,
    pub(crate) severity: Option<String>,
    #[serde(default)]
    pub(crate) raise: u8,
    #[serde(default)]
    pub(crate) disposal: String,
    #[serde(default)]
    pub(crate) bodies: String,
    #[serde(default)]
    pub(crate) basis: String,
    #[serde(default)]
    pub(crate) mark: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawBodies {
    pub(crate) matters: Vec<RawMatter>,
    #[serde(default)]
    pub(crate) cases: Cases,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawMatter {
    pub(crate) matter: String,
    #[serde(default)]
    pub(crate) rows: Vec<String>,
    #[serde(default)]
    pub(crate) verdicts: Vec<String>,
    pub(crate) bodies: String,
    #[serde(default)]
    pub(crate) basis: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawLaw {
    pub(crate) clauses: Vec<Clause>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawFines {
    pub(crate) offences: Vec<RawOffence>,
    #[serde(default)]
    pub(crate) cases: Cases,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawOffence {
    pub(crate) code: String,
    pub(crate) label: String,
    pub(crate) scales: Vec<RawScale>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawScale {
    pub(crate) law: String,
    pub(crate) clause: String,
    #[serde(default)]
    pub(crate) from: String,
    pub(crate) kind: ScaleKind,
    #[serde(default)]
    pub(crate) of: String,
    #[serde(default)]
    pub(crate) min: u64,
    #[serde(default)]
    pub(crate) max: u64,
    pub(crate) serious: Option<(u64, u64)>,
    pub(crate) below: Option<RawBelow>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ScaleKind {
    Fixed,
    Percent,
    Times,
    Unknown,
}

/// Where the amount is smaller than `amount`, a fixed range takes its place.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawBelow {
    pub(crate) amount: u64,
    pub(crate) min: u64,
    pub(crate) max: u64,
}
