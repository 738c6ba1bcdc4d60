use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// 改判 — the proposal was not followed: why, and who confirmed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    pub reason: String,
    /// 复核人, never the person who decided.
    pub second_reader: String,
}

/// 性质判别 — what the site is under which law, decided by people; the engine's proposal is frozen beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CharacterizationRecorded {
    /// Code of CL-CHARACTER.
    pub character: String,
    /// `violation`, `legacy`, `lawful`, `undetermined`, `out_of_scope`, `application`, `resolved`.
    pub verdict: String,
    pub severity: Option<String>,
    #[serde(default)]
    pub disposal: Vec<String>,
    /// Clause ids.
    #[serde(default)]
    pub legal_basis: Vec<String>,
    /// Row of the decision table the proposal came from.
    pub row: Option<String>,
    pub tables_version: String,
    pub boundary_version: Option<String>,
    /// The fact sheet as judged.
    pub facts: serde_json::Value,
    /// The engine's result as given.
    pub proposal: serde_json::Value,
    pub judged_as_of: Date,
    /// 站, 管理局, 县, 市, 省.
    pub decided_by_level: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overridden: Option<Override>,
}
