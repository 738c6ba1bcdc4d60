use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::ids::EntryId;
use crate::partial_date::PartialDate;

/// 改判 — the proposal was not followed: why. It takes effect when a second reader confirms it (`characterization.confirmed`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    pub reason: String,
    /// 复核人, where known when it was recorded; never the person who decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_reader: Option<String>,
}

/// 判别六要素 — what the nature of a site is judged by, frozen as it was known (国环规生态〔2022〕1号).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CharacterizationInputs {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reserve_established_on: Option<PartialDate>,
    /// First day in force of the clauses applied, the latest of them, as the clause library knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule_effective_on: Option<PartialDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub built_on: Option<PartialDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone_kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approvals: Option<String>,
    /// Code of CL-EFFECT.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ecological_effect: Option<String>,
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<CharacterizationInputs>,
    /// Category of the decision tables (`quarry_sand` … `none`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub focus: Option<String>,
    /// Where every fact of the sheet came from, as shown when it was decided.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub provenance: serde_json::Value,
    /// Posts that signed, at least two; for an override the second reader is the second.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<String>,
    /// 意见文书文号
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opinion_document: Option<String>,
    /// Why it was judged anew, where an earlier decision stood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// 改判复核通过 — a second reader agrees with an override; from here on it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CharacterizationConfirmed {
    /// Entry of the override.
    pub characterization: EntryId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// 改判复核不通过 — a second reader does not agree; the override never takes effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CharacterizationRejected {
    /// Entry of the override.
    pub characterization: EntryId,
    pub reason: String,
}

/// 性质判别撤销 — a decision recorded by mistake holds no more; the one before it does again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CharacterizationWithdrawn {
    /// Entry of the decision.
    pub characterization: EntryId,
    pub reason: String,
}
