use serde::{Deserialize, Serialize};

/// 底图类别 — what a background layer shows; how it is drawn follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackgroundKind {
    /// 行政区划界线
    BoundaryLines,
    /// 道路
    Roads,
    /// 水系
    Rivers,
    /// 地名
    Places,
    /// 林班小班
    Compartments,
    /// 国土调查
    LandSurvey,
    /// 地形（山影）
    Relief,
    /// 其他
    Other,
}

impl BackgroundKind {
    /// All kinds, in the order they are drawn, from below.
    pub const ALL: [Self; 8] = [
        Self::Relief,
        Self::LandSurvey,
        Self::Compartments,
        Self::Rivers,
        Self::Roads,
        Self::BoundaryLines,
        Self::Other,
        Self::Places,
    ];

    /// The code as stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::BoundaryLines => "boundary_lines",
            Self::Roads => "roads",
            Self::Rivers => "rivers",
            Self::Places => "places",
            Self::Compartments => "compartments",
            Self::LandSurvey => "land_survey",
            Self::Relief => "relief",
            Self::Other => "other",
        }
    }

    /// The kind with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.code() == code)
    }
}
