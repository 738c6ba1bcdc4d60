use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::site::{Basis, SiteFacts};

/// 核查人员 — by post and unit; at least two on a field verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamMember {
    pub post: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// 核查登记 — what was found on the spot (or at the desk), by whom, and the conclusion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VerificationRecorded {
    /// Code of the round list: 初核, 复核, 省级, 国家, 回头看.
    pub round: String,
    /// `field` or `desk`.
    pub method: String,
    pub verified_on: Date,
    pub team: Vec<TeamMember>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lon: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
    /// 是否在保护区内: `yes`, `no`, `disputed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_in_reserve: Option<String>,
    /// 线索是否属实: code of the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clue_truth: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition_text: Option<String>,
    /// 生态影响: code of the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ecological_effect: Option<String>,
    /// 核查结论: code of CL-VERDICT.
    pub conclusion: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion_text: Option<String>,
    /// 处理意见: code of CL-DISPOSAL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggested_disposal: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo_count: Option<u32>,
    /// SHA-256 of evidence files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// 判别事实 found out on the spot, in the words of the decision tables: `adverse` → `n`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub judged_facts: BTreeMap<String, String>,
    /// Facts established on the spot; they outweigh what clues and old ledgers say.
    pub facts: SiteFacts,
    pub basis: Basis,
}
