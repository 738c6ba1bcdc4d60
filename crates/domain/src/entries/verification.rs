use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::site::{Basis, SiteFacts};
use crate::capture::Capture;
use crate::ids::EntryId;

/// 核查人员 — by post and unit; at least two on a field verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamMember {
    pub post: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// 核查登记 — what was found on the spot (or at the desk), by whom, and the conclusion.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<Timestamp>,
    /// Position of the verification; `lon` and `lat` hold the same numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture: Option<Capture>,
    /// 0 inside the outline; as the phone worked it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance_to_site_m: Option<f64>,
    /// Legal zone that the phone showed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone_seen: Option<String>,
    /// Boundary version of the pack it was shown by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boundary_version: Option<String>,
    /// `walked` or `drawn`; the outline itself is in the facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outline_method: Option<String>,
    /// Which file is which view.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shots: Vec<Shot>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_shots_reason: Option<String>,
    /// Seen but could not check: code of CL-UNVERIFIED.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unverified_reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<PartyPresent>,
    /// SHA-256 of a track that is evidence of the same site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub track: Option<String>,
    /// What the phone's engine said; never a decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<Hint>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<FieldWork>,
    /// The entry on a merged site of which this is the copy for its successor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried_from: Option<EntryId>,
}

/// What entries by OpenRosa clients say of the program that made them.
pub const ODK: &str = "odk";

impl VerificationRecorded {
    /// Whether it came as a filled form of an OpenRosa client.
    pub fn is_by_odk(&self) -> bool {
        self.field.as_ref().is_some_and(|f| f.app_version == ODK)
    }

    /// SHA-256 of every file it names, each once.
    pub fn files(&self) -> Vec<&str> {
        let shots = self.shots.iter().map(|s| &s.sha256);
        let party = self.party.iter().filter_map(|p| p.signature.as_ref());
        let named = self.evidence.iter().chain(shots).chain(party);
        let mut files: Vec<&str> = Vec::new();
        for file in named.chain(&self.track).map(String::as_str) {
            if !files.contains(&file) {
                files.push(file);
            }
        }
        files
    }
}

/// 照片方位 — which file shows which view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shot {
    /// Code of CL-SHOT.
    pub view: String,
    pub sha256: String,
}

/// 当事人到场 — signed, refused to sign, or absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartyPresent {
    /// `signed`, `refused` or `absent`.
    pub state: String,
    /// SHA-256 of the picture of the signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// SHA-256 of the canonical bytes of what was shown when it was signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// 初步提示 — verdict and row that the engine on the phone reached, and what it did not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hint {
    pub verdict: String,
    pub row: String,
    pub ruleset_sha256: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

/// 手机作业 — by which program, upon which pack, and whether without signal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldWork {
    pub app_version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pack_version: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub was_offline: bool,
}

/// 核查审核 — somebody else read a verification made in the field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerificationReviewed {
    pub verification: EntryId,
    /// `accepted` or `returned`.
    pub result: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
