//! What the plan says: goals, tasks, texts, sources, dates, posts, requirements.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::codes::{Mark, SourceKind};

/// 工作目标 — one goal of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goal {
    pub text: String,
}

/// 重点工作 — one task of the plan, with what it must bring forth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Number in the plan, e.g. `三（一）`.
    pub number: String,
    pub title: String,
    pub text: String,
    #[serde(default)]
    pub outcomes: Vec<String>,
}

/// 引用文件 — a law or paper the plan rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegalText {
    pub title: String,
    /// 文号, absent for laws.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Title as the plan prints it, where that differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub printed_as: Option<String>,
    #[serde(default)]
    pub mark: Mark,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// 台账来源 — one source of clues as the plan words it, with the codes of CL-SOURCE it stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanSource {
    pub text: String,
    pub kinds: Vec<SourceKind>,
    /// Whether the plan names it among the sources of the site ledger; others are taken as well.
    #[serde(default)]
    pub is_in_plan: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// 时间节点 — what must be there by when, and who answers for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Milestone {
    pub id: String,
    pub name: String,
    /// First day, for a span.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_on: Option<Date>,
    /// Last day on which it is on time.
    pub due_on: Date,
    /// Wording of the plan.
    pub text: String,
    /// Posts that answer for it.
    pub duty: Vec<String>,
    #[serde(default)]
    pub deliverables: Vec<String>,
    /// Ledgers drawn up as of the due day belong to the milestone.
    #[serde(default)]
    pub ledgers: Vec<super::LedgerView>,
    /// The milestone is about issues put right, not about sites checked.
    #[serde(default)]
    pub is_of_issues: bool,
}

/// 岗位 — a post. People are named by post; who holds it stands in the accounts, not here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    pub id: String,
    pub label: String,
    pub unit: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duty: Option<String>,
}

/// 领导小组 — head, deputies, members, by post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeadingGroup {
    pub name: String,
    pub head: String,
    pub deputies: Vec<String>,
    /// Members the plan lists besides; it gives names without posts.
    pub member_count: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// 领导小组办公室 — where it sits, who heads it, what it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Office {
    pub seat: String,
    pub director: String,
    pub duties: Vec<String>,
}

/// 包片责任 — which post leads which station's area, from when to when, and for what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Responsibility {
    pub lead: String,
    pub station: String,
    pub from_on: Date,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_on: Option<Date>,
    pub duty: String,
}

impl Responsibility {
    /// Whether it holds on `day`.
    pub fn is_in_force(&self, day: Date) -> bool {
        self.from_on <= day && self.to_on.is_none_or(|to| day <= to)
    }
}

/// 工作要求 — what chapter five demands of whom, and on what grounds discipline follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    /// Number in the plan, e.g. `五（一）`.
    pub number: String,
    /// Posts it is addressed to.
    pub posts: Vec<String>,
    pub text: String,
    /// 追责情形: faults for which the demand names consequences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grounds: Vec<String>,
    /// Post that acts on the grounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enforced_by: Option<String>,
}

/// 督促方式 — one step of the urging ladder, a code of CL-URGE.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UrgingStep {
    pub kind: String,
    pub is_in_plan: bool,
}

/// 统计项 — one figure or table of the statistics, with its counting basis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statistic {
    pub id: String,
    pub title: String,
    #[serde(default)]
    pub dimensions: Vec<String>,
    pub measure: String,
    /// 统计口径, printed beside the figure.
    pub basis: String,
    /// Stage whose entries it counts: `clue`, `verification`, `characterization`, `rectification`, `close_out`.
    pub stage: String,
}
