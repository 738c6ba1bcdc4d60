use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::partial_date::PartialDate;
use crate::shape::Shape;

/// 保护地登记 — a protected area and who manages it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReserveRegistered {
    pub reserve_code: String,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short_name: Option<String>,
    /// Code of CL-RESERVEKIND.
    pub kind: String,
    /// Code of CL-LEVEL.
    pub level: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub established_on: Option<PartialDate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upgraded_on: Option<PartialDate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated_area_ha: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management_body: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub competent_authority: Option<String>,
    /// GB/T 2260 code of the county the reserve's office lies in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub division_code: Option<String>,
}

/// 功能区 — one zone of a boundary version; `area_m2` is geodesic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Zone {
    pub zone_id: String,
    /// Code of CL-ZONE (`core`, `buffer`, `experimental`, `core_protection`, `general_control`, `unzoned`).
    pub zone_kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub area_m2: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated_area_ha: Option<f64>,
    pub shape: Shape,
}

/// 边界与功能区启用 — one version of boundary and zones, by approval document and validity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BoundaryAdopted {
    pub reserve_code: String,
    pub boundary_version: String,
    /// `three_zone`, `two_zone` or `unzoned`.
    pub zoning_scheme: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_document: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from_on: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to_on: Option<Date>,
    /// SHA-256 of the file it was read from.
    pub source_sha256: String,
    /// How the file's coordinates became CGCS2000, in words a surveyor can check.
    pub crs_used: String,
    pub area_m2: f64,
    pub boundary: Shape,
    pub zones: Vec<Zone>,
}

/// 保护站 — a field station and its territory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Station {
    pub station_id: String,
    pub name: String,
    pub area_m2: f64,
    pub shape: Shape,
}

/// 保护站责任区启用 — territories of all stations of a reserve from a day on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StationsAdopted {
    pub reserve_code: String,
    pub version: String,
    pub source_sha256: String,
    pub crs_used: String,
    pub stations: Vec<Station>,
}

/// 巡护路线 — a line rangers walk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Route {
    pub route_id: String,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub station_id: Option<String>,
    pub length_m: f64,
    pub shape: Shape,
}

/// 巡护路线启用 — the routes of a reserve from a day on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoutesAdopted {
    pub reserve_code: String,
    pub version: String,
    pub source_sha256: String,
    pub crs_used: String,
    pub routes: Vec<Route>,
}
