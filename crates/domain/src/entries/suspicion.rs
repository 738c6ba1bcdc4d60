//! Paper close-outs found, and what was learned.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::EntryId;

/// 疑点 — a sign that a close-out was done on paper only, with what shows it; a person judges.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SuspicionFound {
    pub issue: EntryId,
    /// Code of CL-SUSPICION: `copied_text`, `reused_photo`, `photo_place`, …
    pub suspicion: String,
    /// `high`, `medium`, `low`.
    pub grade: String,
    /// Check that found it, with its version.
    pub found_by: String,
    /// Entries that it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<EntryId>,
    /// Files that show it, by hash.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// Codes of the other sites it was compared with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_sites: Vec<String>,
    /// Likeness, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub likeness: Option<f64>,
    pub text: String,
    /// What is like what, one by one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pairs: Vec<LikePair>,
    /// Code of the sentence that `text` is, so that it can be said in another language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<String, String>,
}

/// 雷同对照 — something of the issue beside something recorded earlier that it resembles: a file by its hash, a text by
/// entry and member (`<entry>#result_text`).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LikePair {
    pub own: String,
    pub other: String,
    /// Code of the site that the earlier one is of.
    pub other_site: String,
    /// `same`, `probable` of pictures; `identical`, `copied`, `similar` of texts.
    pub grade: String,
    /// 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub likeness: Option<f64>,
}

/// 疑点判定 — a person's verdict on a suspicion; never by whoever did the work suspected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SuspicionJudged {
    pub issue: EntryId,
    /// Entry of the suspicion.
    pub suspicion: EntryId,
    /// `fake`, `slip`, `unfounded`.
    pub verdict: String,
    pub reason: String,
}

/// 漏洞与制度 — a gap that the issue showed, and the rule made of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct LessonRecorded {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issue: Option<EntryId>,
    /// 监管漏洞
    pub gap: String,
    /// 制度、机制
    pub mechanism: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adopted_on: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// 宣传曝光登记 — a report or an exposure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PublicityRecorded {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue: Option<EntryId>,
    /// `report` 跟踪报道, `publicity` 宣传, `exposure` 曝光.
    pub publicity_kind: String,
    pub channel: String,
    pub title: String,
    pub published_on: Date,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}
