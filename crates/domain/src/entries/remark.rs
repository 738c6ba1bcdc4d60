//! What those who answer for an area, or who inspect it, say of a site.

use serde::{Deserialize, Serialize};

use crate::ids::EntryId;

/// 批示种类 — what a remark asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemarkKind {
    /// 批示: an answer is waited for.
    Instruction,
    /// 督查意见: an answer is waited for.
    Finding,
    /// 批注
    Note,
    /// 答复, to an instruction or a finding.
    Answer,
}

impl RemarkKind {
    /// Whether somebody has to answer it.
    pub fn awaits_answer(self) -> bool {
        matches!(self, Self::Instruction | Self::Finding)
    }

    /// The kind with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        let all = [Self::Instruction, Self::Finding, Self::Note, Self::Answer];
        all.into_iter().find(|kind| kind.code() == code)
    }

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Instruction => "instruction",
            Self::Finding => "finding",
            Self::Note => "note",
            Self::Answer => "answer",
        }
    }
}

/// 批示与批注 — written on the site's page, kept like every fact; it changes no state and no fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemarkRecorded {
    pub remark_kind: RemarkKind,
    pub text: String,
    /// Entry that an answer is to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<EntryId>,
}
