use serde::{Deserialize, Serialize};

use super::site::Basis;
use crate::partial_date::PartialDate;

/// 手续登记 — an approval on file for a site, or the finding that there is none (`is_absent`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PermitRecorded {
    /// Code of the permit-kind list.
    pub permit_kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_number: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_on: Option<PartialDate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to_on: Option<PartialDate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area_m2: Option<f64>,
    /// Looked for and not found: an explicit 无, unlike a paper nobody asked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_absent: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    pub basis: Basis,
}
