use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// 专项行动启用 — the configuration a campaign runs on, as it was on that day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CampaignOpened {
    pub campaign_id: String,
    pub name: String,
    pub year: i16,
    /// Files of the campaign's folder as text, by name; the register can be replayed without the folder.
    pub files: BTreeMap<String, String>,
}
