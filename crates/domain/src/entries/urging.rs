//! Urging, penalties, accountability, hand-over.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::EntryId;

/// 督促登记 — one rung of the urging ladder was taken: by whom, to whom, to answer by when.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UrgingIssued {
    pub issue: EntryId,
    /// Code of CL-URGE.
    pub rung: String,
    /// Post or authority.
    pub issued_by: String,
    pub to_unit: String,
    pub issued_on: Date,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_due_on: Option<Date>,
    pub text: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_number: Option<String>,
    /// Number of the receipt, or who took the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
}

/// 督促答复 — what the urged unit answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UrgingAnswered {
    pub issue: EntryId,
    /// Entry of the urging.
    pub urging: EntryId,
    pub answered_on: Date,
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_number: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}

/// 行政处罚登记 — number, kind, amount, paid; a later entry of the same number says what became of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PenaltyRecorded {
    pub issue: EntryId,
    pub document_number: String,
    pub authority: String,
    /// Code of CL-PENALTY.
    pub penalty_kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount_yuan: Option<u64>,
    /// Day the case was filed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filed_on: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_on: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid_on: Option<Date>,
    /// 申请法院强制执行
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enforced_on: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub court: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}

/// 问责登记 — how many persons, in which way, by which paper; persons are not named here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AccountabilityRecorded {
    pub issue: EntryId,
    pub head_count: u32,
    /// Code of CL-ACCOUNTABILITY.
    pub action_kind: String,
    /// 追责情形 of the plan.
    pub ground: String,
    pub authority: String,
    pub decided_on: Date,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_number: Option<String>,
}

/// 移交登记 — handed over to police, discipline or enforcement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReferralRecorded {
    pub issue: EntryId,
    /// Code of CL-REFERRAL.
    pub to_kind: String,
    pub to_unit: String,
    pub referred_on: Date,
    pub reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_number: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}

/// 移交回执 — taken, sent back or concluded by the unit it was handed to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReferralReceived {
    pub issue: EntryId,
    /// Entry of the referral.
    pub referral: EntryId,
    /// `taken`, `sent_back`, `concluded`.
    pub result: String,
    pub received_on: Date,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt_number: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}
