use serde::{Deserialize, Serialize};

use super::clue::SourcePlace;
use crate::ids::{BatchId, ClueId, SiteId};
use crate::partial_date::PartialDate;
use crate::shape::Shape;

/// 功能区占比 — how much of the site lies in one zone, m² (length in m for lines, count for points).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ZoneShareFact {
    pub zone_id: String,
    pub zone_kind: String,
    pub measure: f64,
    /// Of the whole, 0 to 1.
    pub share: f64,
}

/// 点位事实 — what can be said of a site. Every member is optional: an entry states what it knows, the dossier weighs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SiteFacts {
    /// 设施名称
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facility_name: Option<String>,
    /// 类型, code of the campaign's activity list
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activity_type_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activity_subtype: Option<String>,
    /// 代表点经度, degrees CGCS2000
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lon: Option<f64>,
    /// 代表点纬度, degrees CGCS2000
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision_m: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shape: Option<Shape>,
    /// 所在功能区: strictest zone touched above the sliver, computed from shape and boundary version
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone_kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone_shares: Option<Vec<ZoneShareFact>>,
    /// `outside`, `partly_outside`, `straddling`, `unzoned`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone_flags: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boundary_version: Option<String>,
    /// 功能区 as the source states it, where it states one
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stated_zone_kind: Option<String>,
    /// 保护站
    #[serde(skip_serializing_if = "Option::is_none")]
    pub station_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub county: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub township: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub village: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location_text: Option<String>,
    /// 规模 in words
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_text: Option<String>,
    /// 面积, m²: geodesic where there is an outline, else as stated
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area_m2: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stated_area_m2: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity_unit: Option<String>,
    /// 建立时间
    #[serde(skip_serializing_if = "Option::is_none")]
    pub built_on: Option<PartialDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expanded_on: Option<PartialDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_kind: Option<String>,
    /// 手续办理情况 in words
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permits_text: Option<String>,
    /// 项目现状
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_status: Option<String>,
    /// 是否存在生态环境问题: `yes`, `no`, `pending`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_issue: Option<String>,
    /// 问题描述
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// 依据 — where a statement comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Basis {
    /// A clue of a batch.
    Clue { clue_id: ClueId, batch_id: BatchId },
    /// A row of an imported ledger, sheet or list.
    Source {
        batch_id: BatchId,
        place: SourcePlace,
    },
    /// A person's own statement.
    Person { reason: String },
    /// Computed by overlay with the boundary version named in the facts.
    Overlay,
}

impl Default for Basis {
    /// Somebody's word, no reason given.
    fn default() -> Self {
        Self::Person {
            reason: String::new(),
        }
    }
}

/// 点位登记 — a human activity gets a place in the register, suspected until verified.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SiteRegistered {
    pub site_id: SiteId,
    pub site_code: String,
    pub reserve_code: String,
    pub campaign_id: String,
    pub basis: Basis,
    pub facts: SiteFacts,
}

/// 点位补充 — further or corrected facts of a site; only the members given are stated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SiteAmended {
    pub basis: Basis,
    pub facts: SiteFacts,
}

/// 点位合并 — this site turned out to be another one; its clues follow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SiteMerged {
    pub into: SiteId,
    pub reason: String,
}

/// 点位撤销 — registered by mistake; stays readable, counts no more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SiteWithdrawn {
    pub reason: String,
}

/// 点位恢复 — merged or withdrawn by mistake; counts again, in the state that its verifications and decisions give.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SiteRestored {
    pub reason: String,
}
