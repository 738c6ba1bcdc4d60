//! 台账模板 — columns, order, headings and formats of the ledgers. A ledger is always a view; nothing is typed into it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::codes::Mark;

/// 台账视图 — the three ledgers of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerView {
    /// 人类活动点位台账: every site, also those without an issue.
    Sites,
    /// 焦点问题台账: the focal categories, and what earlier campaigns left unfinished.
    Focal,
    /// 实地核查问题台账: issues verified on the spot, and what earlier campaigns left unfinished.
    Verified,
}

impl LedgerView {
    /// All three.
    pub const ALL: &'static [Self] = &[Self::Sites, Self::Focal, Self::Verified];

    /// The word of the command line.
    pub fn code(self) -> &'static str {
        match self {
            Self::Sites => "sites",
            Self::Focal => "focal",
            Self::Verified => "verified",
        }
    }
}

/// 单元格格式 — how a column's values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ColumnFormat {
    Text,
    Integer,
    /// Digits after the point.
    Decimal(u8),
    /// Degrees.
    LonLat,
    /// Area in the unit the key names.
    Area,
    Date,
    YesNo,
}

/// 格式写法有误 — not a column format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a column format: {0:?}")]
pub struct NotAFormat(pub String);

/// More digits after the point than this say nothing.
const MOST_DIGITS: u8 = 9;

impl TryFrom<String> for ColumnFormat {
    type Error = NotAFormat;

    fn try_from(text: String) -> Result<Self, NotAFormat> {
        match text.as_str() {
            "text" => Ok(Self::Text),
            "integer" => Ok(Self::Integer),
            "lon_lat" => Ok(Self::LonLat),
            "area" => Ok(Self::Area),
            "date" => Ok(Self::Date),
            "yes_no" => Ok(Self::YesNo),
            other => {
                let digits = other
                    .strip_prefix("decimal:")
                    .and_then(|d| d.parse().ok())
                    .filter(|d| *d <= MOST_DIGITS);
                digits.map(Self::Decimal).ok_or(NotAFormat(text))
            }
        }
    }
}

impl fmt::Display for ColumnFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("text"),
            Self::Integer => f.write_str("integer"),
            Self::Decimal(digits) => write!(f, "decimal:{digits}"),
            Self::LonLat => f.write_str("lon_lat"),
            Self::Area => f.write_str("area"),
            Self::Date => f.write_str("date"),
            Self::YesNo => f.write_str("yes_no"),
        }
    }
}

impl From<ColumnFormat> for String {
    fn from(format: ColumnFormat) -> Self {
        format.to_string()
    }
}

fn text_format() -> ColumnFormat {
    ColumnFormat::Text
}

/// 台账列 — one column: what it shows and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LedgerColumn {
    /// One of [`COLUMN_KEYS`].
    pub key: String,
    pub header: String,
    /// Heading above several columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Width in characters.
    pub width: f64,
    #[serde(default = "text_format")]
    pub format: ColumnFormat,
    /// Purpose (of the campaign's code lists) whose labels the column offers for choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<String>,
    #[serde(default)]
    pub wrap: bool,
    /// Demanded by the plan.
    #[serde(default)]
    pub is_required: bool,
    #[serde(default)]
    pub mark: Mark,
}

/// 台账模板 — one ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LedgerTemplate {
    pub view: LedgerView,
    pub title: String,
    /// Short name, for sheets and files.
    pub short_title: String,
    /// What is in it, printed below the table.
    pub basis: String,
    /// Columns that stay in sight when scrolling.
    #[serde(default)]
    pub frozen_columns: u16,
    pub columns: Vec<LedgerColumn>,
}

impl LedgerTemplate {
    /// The column that shows `key`.
    pub fn find_column(&self, key: &str) -> Option<&LedgerColumn> {
        self.columns.iter().find(|c| c.key == key)
    }
}

/// 列键 — everything a ledger can show.
pub const COLUMN_KEYS: &[&str] = &[
    "index",
    "site_code",
    "external_codes",
    "sources",
    "station",
    "county",
    "township",
    "village",
    "lon",
    "lat",
    "zone_label",
    "zone_shares_text",
    "facility_name",
    "activity_label",
    "scale_text",
    "area_m2",
    "area_mu",
    "area_ha",
    "built_on",
    "permits_text",
    "current_status",
    "has_issue",
    "owner_name",
    "note",
    "focal_category",
    "focal_reason",
    "description",
    "character",
    "legal_basis",
    "measures",
    "responsible_unit",
    "responsible_person",
    "area_lead",
    "due_on",
    "progress",
    "determination",
    "campaign_years",
    "state",
    "reserve_name",
    "reserve_level",
    "activity_type",
    "clue_source",
    "verified_at",
    "team",
    "condition_text",
    "clue_truth",
    "conclusion",
    "suggested_disposal",
    "rectification",
    "photos",
    "is_before_reserve",
    "ecological_effect",
    "verification_round",
    "boundary_version",
    "mining_licence",
    "capacity_kw",
];
