use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// 底图图层启用 — a layer of the office's own that the map is drawn over: lines, areas, names, or the shade of the ground.
/// Adopted anew, the later one holds. What is drawn is a blob of its own, so that it never depends on reading the
/// original again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackgroundAdopted {
    pub reserve_code: String,
    /// Names the layer for ever; the last part of its stream.
    pub background_code: String,
    pub name: String,
    /// `boundary_lines`, `roads`, `rivers`, `places`, `compartments`, `land_survey`, `relief`, `other`.
    pub background_kind: String,
    /// Who made it, as it must be told on maps.
    pub data_source: String,
    /// 审图号
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_number: Option<String>,
    /// Day of what it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dated_on: Option<Date>,
    pub file_name: String,
    /// SHA-256 of the file as it came.
    pub source_sha256: String,
    /// SHA-256 of what is drawn: GeoJSON in CGCS2000, or for relief a picture in web Mercator.
    pub drawn_sha256: String,
    /// How the file's coordinates became CGCS2000.
    pub crs_used: String,
    /// West, south, east, north of what is drawn, degrees; for relief the corners of the picture.
    pub bbox: [f64; 4],
    pub features_read: u64,
    /// Those near the reserve; the others are only in the original.
    pub features_drawn: u64,
    /// Attribute of the file that features are labelled by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_field: Option<String>,
    /// Columns and rows of the cells that the relief was drawn from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cells: Option<[u32; 2]>,
}

/// 底图图层撤下 — the layer is drawn no more; its file stays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackgroundWithdrawn {
    pub reserve_code: String,
    pub background_code: String,
    pub reason: String,
}
