//! From the issue to the report that it is put right.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::EntryId;

/// 签字人 — who signed a paper, by post and unit; the account where the person has one, so that own work can be told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Signature {
    pub post: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Account of the person, as entries name their author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// 工程量 — how much of a measurable thing (code of CL-MEASURE), in the unit of the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Quantity {
    /// Code of CL-MEASURE.
    pub measure: String,
    pub value: f64,
    /// As the paper prints it, where it counts in other units: `15.67 万平方米`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated: Option<String>,
}

/// 验收层级 — one level of the chain an issue has to pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChainLink {
    /// `self`, `county`, `city`, `province`.
    pub level: String,
    /// Whether it stands before the public notice or after it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_after_notice: bool,
    /// Signatures that the paper needs at least.
    #[serde(default)]
    pub signatures: u32,
    /// Units that take part at least.
    #[serde(default)]
    pub units: u32,
}

/// 销号要求 — what the issue must fulfil before it may be closed out, frozen when it was opened.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ClosingRequirements {
    /// Version of the campaign's closing table.
    pub version: String,
    /// Codes of the conditions, each to be evidenced.
    pub lines: Vec<String>,
    /// Values that a condition may have, where it is measured by one: the trend must be `stable` or `improving`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub line_values: BTreeMap<String, Vec<String>>,
    pub chain: Vec<ChainLink>,
    /// Working days that the public notice hangs out at least; 0 where the chain has none.
    pub notice_working_days: u32,
    /// Items of the dossier index that must be there.
    pub index: Vec<String>,
    /// Whether the report must state a restored area.
    pub needs_restored_area: bool,
    /// Before and after must look the same way within this angle, degrees.
    pub viewpoint_tolerance_deg: f64,
    /// Extensions granted at most.
    pub extension_count: u32,
    /// Calendar days that all extensions together may add at most.
    pub extension_days: u32,
}

/// 问题立账 — an issue opens, from a decision on the site's nature, from an earlier campaign, or anew after a false close-out.
/// The issue is named by the id of this entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct IssueOpened {
    /// 问题编号
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue_code: Option<String>,
    /// Number it was issued under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_code: Option<String>,
    /// Entry of the characterization it follows from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub characterization: Option<EntryId>,
    /// Source of the carried-over issue it goes on with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried_over_from: Option<String>,
    /// 重新立账: the closed issue it takes up again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reopens: Option<EntryId>,
    /// Code of CL-SOURCE.
    pub source_kind: String,
    pub description: String,
    /// Code of CL-SEVERITY.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// Close-out case: `A`, `B1`, `B2.1`, `B2.2`, `C`.
    pub close_out_case: String,
    /// Row of the closing table the case follows from, or a person's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case_reason: Option<String>,
    pub requirements: ClosingRequirements,
    /// 整改责任单位
    pub responsible_unit: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responsible_person: Option<String>,
    /// 督导单位
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supervising_unit: Option<String>,
    /// 包抓领导, by post.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area_lead: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_on: Option<Date>,
    /// Day by which the plan must be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_due_on: Option<Date>,
    /// Day by which the issue must be put right; the plan's own day takes its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_on: Option<Date>,
    /// Code of CL-BAND.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub band: Option<String>,
    /// 上级要求: document that sets the demand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub demand: Option<String>,
}

/// 问题更正 — who answers for an issue, or what it must fulfil, is set otherwise; only the members given change.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct IssueAmended {
    pub issue: EntryId,
    pub reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub responsible_unit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub responsible_person: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supervising_unit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area_lead: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub close_out_case: Option<String>,
    /// Takes effect only before the work is reported done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requirements: Option<ClosingRequirements>,
    /// 暂缓（长期坚持）
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_deferred: Option<bool>,
}

/// 整改措施 — one measure of a plan, in measurable quantities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RectificationMeasure {
    pub sequence: u32,
    pub content: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quantities: Vec<Quantity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_on: Option<Date>,
}

/// 整改方案编制 — target, measures, who, by when; a later draft takes the place of an earlier one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlanDrafted {
    pub issue: EntryId,
    pub target: String,
    /// Codes of CL-DISPOSAL: 退出, 整治, 生态修复, 完善手续.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disposal: Vec<String>,
    pub measures: Vec<RectificationMeasure>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_on: Option<Date>,
    pub due_on: Date,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_10k_yuan: Option<f64>,
    /// 科学评估报告
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assessment_report: Option<String>,
    /// 原因分析
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause_analysis: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_number: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}

/// 整改方案审核 — before execution, by other people than those who drafted it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlanReviewed {
    pub issue: EntryId,
    /// Entry of the draft.
    pub plan: EntryId,
    /// `approved`, `returned`.
    pub result: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reviewers: Vec<Signature>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opinion: Option<String>,
    pub reviewed_on: Date,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_number: Option<String>,
}

/// 开工整改 — work begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RectificationStarted {
    pub issue: EntryId,
    pub started_on: Date,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// 对比照片 — before and after from one viewpoint, by hash; directions in degrees from true north.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PhotoPair {
    pub before: String,
    pub after: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_azimuth_deg: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_azimuth_deg: Option<f64>,
}

/// 进展填报 — what was done in a period; quantities are those of the period, not the sum so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProgressReported {
    pub issue: EntryId,
    /// Measure of the plan it is about, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_on: Option<Date>,
    pub to_on: Date,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<u32>,
    pub text: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quantities: Vec<Quantity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spent_10k_yuan: Option<f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub photo_pairs: Vec<PhotoPair>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}

/// 延期申请 — a later day is asked for, with the reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ExtensionRequested {
    pub issue: EntryId,
    pub reason: String,
    pub new_due_on: Date,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}

/// 延期审批 — granted or not, by another person than who asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ExtensionDecided {
    pub issue: EntryId,
    /// Entry of the request.
    pub request: EntryId,
    /// `granted`, `refused`.
    pub result: String,
    /// Where it differs from the day asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_due_on: Option<Date>,
    /// Post that approves.
    pub approver: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opinion: Option<String>,
}

/// 措施完成情况 — what the report says of one measure.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MeasureDone {
    pub sequence: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_on: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// SHA-256 of evidence files.
    pub evidence: Vec<String>,
}

/// 整改完成报告 — the responsible unit says that all is done and asks for acceptance.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RectificationReported {
    pub issue: EntryId,
    pub completed_on: Date,
    /// 整改成效
    pub result_text: String,
    pub measures: Vec<MeasureDone>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub photo_pairs: Vec<PhotoPair>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored_area_m2: Option<f64>,
}

/// 销号条件举证 — one line of the checklist with its statement and evidence.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CompletionEvidenced {
    pub issue: EntryId,
    /// Code of the condition.
    pub line: String,
    pub statement: String,
    /// SHA-256 of evidence files.
    pub evidence: Vec<String>,
    /// Paper, standard or certificate it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_number: Option<String>,
    /// Value of the line where it has one: `stable`, `improving`, a standard number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}
