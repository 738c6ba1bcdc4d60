use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::site::Basis;
use crate::partial_date::PartialDate;

/// 历史问题结转 — an issue of an earlier campaign or inspection as its ledger has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IssueCarriedOver {
    /// Code of CL-SOURCE: 绿盾2017, 绿盾2018, 中央督察 …
    pub source_kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measures: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responsible_unit: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responsible_person: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_on: Option<PartialDate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<String>,
    pub basis: Basis,
}

/// 认定登记 — an authority's ruling on whether an issue is finished, with its level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeterminationRecorded {
    /// Issue it rules on: source of the carried-over issue.
    pub source_kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_code: Option<String>,
    /// `city`, `county`, `province`.
    pub level: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// `completed`, `not_completed`, `returned`.
    pub result: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub determined_on: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_number: Option<String>,
    pub basis: Basis,
}

/// 焦点改定 — the computed focal flag is set otherwise, with a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FocalOverridden {
    /// Focal category by code, or `None` for "not focal".
    pub focal_category: Option<String>,
    pub reason: String,
}
