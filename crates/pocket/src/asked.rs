//! What may be asked, as it comes from the page.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::LARGEST_TEXT;
use crate::error::Error;
use crate::shape::{Position, Written};

/// 提问 — one question, by `op`.
#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Asked {
    /// The rule set of the pack, file by file.
    LoadRules { files: BTreeMap<String, String> },
    /// What the tables say of a fact sheet.
    Judge {
        sheet: Map<String, Value>,
        as_of: Option<Date>,
    },
    /// What they still lack.
    Questions {
        sheet: Map<String, Value>,
        as_of: Option<Date>,
    },
    /// Zones, stations and sites of the pack.
    LoadGround(GroundParts),
    /// What lies at a position and near it.
    Place(PlaceAsked),
    /// How large an outline is, and how much of it lies in which zone.
    Outline { shape: Written },
    /// How long a way is.
    Measure { points: Vec<Position> },
    /// How far and in which direction.
    To { from: Position, to: Position },
}

/// 底数 — what a position or an outline is laid over.
#[derive(Debug, Deserialize)]
pub struct GroundParts {
    #[serde(default)]
    pub zones: Vec<ZonePart>,
    #[serde(default)]
    pub stations: Vec<StationPart>,
    #[serde(default)]
    pub sites: Vec<SitePart>,
    #[serde(default)]
    pub sliver_m2: f64,
    #[serde(default)]
    pub sliver_share: f64,
}

/// 功能区 — one zone polygon of the boundary version.
#[derive(Debug, Deserialize)]
pub struct ZonePart {
    pub zone_kind: String,
    #[serde(default)]
    pub name: String,
    pub shape: Written,
}

/// 保护站 — its territory.
#[derive(Debug, Deserialize)]
pub struct StationPart {
    pub station_id: String,
    #[serde(default)]
    pub name: String,
    pub shape: Written,
}

/// 点位 — its outline, or at least its position.
#[derive(Debug, Deserialize)]
pub struct SitePart {
    pub site_id: String,
    #[serde(default)]
    pub shape: Option<Written>,
    #[serde(default)]
    pub lon: Option<f64>,
    #[serde(default)]
    pub lat: Option<f64>,
}

/// 所在 — a position with its error.
#[derive(Debug, Deserialize)]
pub struct PlaceAsked {
    pub lon: f64,
    pub lat: f64,
    #[serde(default)]
    pub accuracy_m: f64,
    /// A site to be told of however far it is.
    #[serde(default)]
    pub site_id: Option<String>,
}

/// Reads a question.
pub(crate) fn read(text: &str) -> Result<Asked, Error> {
    if text.len() > LARGEST_TEXT {
        return Err(Error::TooLarge {
            limit: LARGEST_TEXT,
        });
    }
    serde_json::from_str(text).map_err(|source| Error::Unreadable { source })
}
