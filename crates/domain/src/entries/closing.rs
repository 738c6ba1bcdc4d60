//! From acceptance to close-out and look-back.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::rectification::Signature;
use crate::ids::{BatchId, ClueId, EntryId};

/// 逐条核对 — what those who accept say of one condition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LineCheck {
    pub line: String,
    pub is_met: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

/// 验收登记 — self-check, county acceptance, city determination or provincial filing, line by line.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AcceptanceRecorded {
    pub issue: EntryId,
    /// `self`, `county`, `city`, `province`.
    pub level: String,
    /// `passed`, `supplement`, `failed`.
    pub result: String,
    pub inspected_on: Date,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<String>,
    /// Codes of CL-ACCEPTMETHOD: 听取汇报, 查阅资料, 实地核查.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Signature>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<LineCheck>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opinion: Option<String>,
    /// Day by which what lacks must be there, for `supplement`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supplement_due_on: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_number: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}

/// 公示发布 — the issue hangs out for objections, from the first to the last day, both counted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NoticePublished {
    pub issue: EntryId,
    pub title: String,
    pub started_on: Date,
    pub ended_on: Date,
    pub working_days: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// SHA-256 of the screenshot.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}

/// 异议接收 — somebody objects; who it is lies in the sealed store.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ObjectionReceived {
    pub issue: EntryId,
    pub received_on: Date,
    pub text: String,
    /// Reference into the sealed store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person_ref: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
}

/// 异议答复 — an upheld objection sends the issue back to rectification.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ObjectionAnswered {
    pub issue: EntryId,
    /// Entry of the objection.
    pub objection: EntryId,
    /// `upheld`, `dismissed`.
    pub result: String,
    pub text: String,
    pub answered_on: Date,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_number: Option<String>,
}

/// 销号登记 — the issue leaves the list: put right (`rectified`), or closed for another reason and never counted as rectified.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CloseOutRecorded {
    pub issue: EntryId,
    /// 登记表编号
    pub number: String,
    /// Code of CL-CLOSEREASON; only `rectified` is a close-out in the sense of the campaign.
    pub reason: String,
    pub reason_text: String,
    pub closed_on: Date,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_number: Option<String>,
    /// 汇总表 period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary_period: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_filed_in_national_system: Option<bool>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<Signature>,
}

/// 抽样 — how a site came into a look-back, so that the drawing can be repeated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Sampling {
    /// `all_focal`, `by_risk`, `named`.
    pub method: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_percent: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<u32>,
}

/// 回头看安排 — when, by which level, announced or secret, and how it was drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LookBackPlanned {
    pub issue: EntryId,
    pub planned_on: Date,
    /// `county`, `city`, `province`, `bureau`.
    pub level: String,
    /// 暗查
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_secret: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampling: Option<Sampling>,
}

/// 回头看登记 — what was found: 巩固, 部分反弹, 反弹, 虚假整改.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LookBackRecorded {
    pub issue: EntryId,
    pub looked_on: Date,
    pub level: String,
    /// Code of CL-LOOKBACK: `consolidated`, `partial_relapse`, `relapse`, `false_rectification`.
    pub result: String,
    pub text: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Signature>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_secret: bool,
    /// Day of the imagery looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acquired_on: Option<Date>,
    /// 修复趋势: `stable`, `improving`, `declining`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trend: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}

/// 复发疑似 — a new patch or clue lies on a closed site; a person judges.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RelapseSuspected {
    pub issue: EntryId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clue_id: Option<ClueId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_id: Option<BatchId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap_area_m2: Option<f64>,
    /// Of the smaller outline, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap_share: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acquired_on: Option<Date>,
    pub reason: String,
}

/// 复发判定 — a person's verdict on a suspected relapse.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RelapseJudged {
    pub issue: EntryId,
    /// Entry of the suspicion.
    pub suspicion: EntryId,
    /// `relapse`, `false_rectification`, `no_relapse`.
    pub verdict: String,
    pub reason: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}
