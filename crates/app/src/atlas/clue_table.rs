//! Clues as lists show them.

use std::collections::HashMap;

use domain::ids::{BatchId, ClueId};
use jiff::civil::Date;
use register::Clue;
use serde::Serialize;
use utoipa::ToSchema;

use super::grid::Grid;
use crate::geography::{Geography, representative};
use spatial::tiles::Shapes;

/// 线索行 — one clue of a list.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ClueRow {
    #[schema(value_type = String, format = Uuid)]
    pub clue_id: ClueId,
    #[schema(value_type = String, format = Uuid)]
    pub batch_id: BatchId,
    /// `open`, `screened`, `linked`.
    pub state: String,
    pub source_kind: String,
    pub received_on: Date,
    pub is_confidential: bool,
    pub external_code: Option<String>,
    pub facility_name: Option<String>,
    pub summary: Option<String>,
    pub activity_type_code: Option<String>,
    pub township: Option<String>,
    pub area_m2: Option<f64>,
    /// Station in whose territory most of it lies.
    pub station_id: Option<String>,
    pub lon: Option<f64>,
    pub lat: Option<f64>,
    pub site_code: Option<String>,
    /// Kind of change the patch shows.
    pub change_kind: Option<String>,
    /// Rule that took it off the work list.
    pub screened_by: Option<String>,
}

/// 线索表 — all clues in the order they came.
pub struct ClueTable {
    geography: Option<Geography>,
    pub rows: Vec<ClueRow>,
    by_id: HashMap<ClueId, usize>,
    pub shapes: Shapes,
    grid: Grid,
}

impl ClueTable {
    /// An empty table; without geography no clue has a station.
    pub fn new(geography: Option<Geography>) -> Self {
        Self {
            geography,
            rows: Vec::new(),
            by_id: HashMap::new(),
            shapes: Shapes::default(),
            grid: Grid::default(),
        }
    }

    /// Rows that may lie in a box, in mercator parts.
    pub fn find(&self, bounds: [i32; 4]) -> impl Iterator<Item = usize> {
        self.grid.find(bounds).into_iter().map(|row| row as usize)
    }

    /// Enters a clue, or what became of it; where it lies. A clue is received once: its outline never changes.
    pub fn put(&mut self, clue: Clue) -> Option<[i32; 4]> {
        let body = clue.received.body;
        let row = *self.by_id.entry(body.clue_id).or_insert(self.rows.len());
        let facts = body.facts;
        let geometry = facts.shape.as_ref().map(|s| &s.0);
        let point = geometry.and_then(representative);
        let known = self.rows.get(row).and_then(|r| r.station_id.clone());
        let station_id = known.or_else(|| {
            let geography = self.geography.as_ref()?;
            geography.station_of(geometry?)
        });
        if row == self.rows.len() {
            self.shapes.set(row, geometry);
            if let Some(extent) = self.shapes.extent(row) {
                self.grid.enter(row as u32, extent);
            }
        }
        let made = ClueRow {
            clue_id: body.clue_id,
            batch_id: body.batch_id,
            state: clue.state.code().to_owned(),
            source_kind: body.source_kind,
            received_on: body.received_on,
            is_confidential: body.is_confidential,
            external_code: facts.external_code,
            facility_name: facts.facility_name,
            summary: facts.summary,
            activity_type_code: facts.activity_type_code,
            township: facts.township,
            area_m2: facts.area_m2.or(facts.stated_area_m2),
            station_id,
            lon: point.map(|p| crate::geography::degrees(p.x())),
            lat: point.map(|p| crate::geography::degrees(p.y())),
            site_code: clue.site_code,
            change_kind: facts.change_kind,
            screened_by: clue.screened.map(|s| s.body.rule),
        };
        if row < self.rows.len() {
            self.rows[row] = made;
        } else {
            self.rows.push(made);
        }
        self.shapes.extent(row)
    }

    /// Kind of change of the patch received last, by code of the site.
    pub fn latest_changes(&self) -> HashMap<&str, &str> {
        let mut latest: HashMap<&str, (Date, ClueId, &str)> = HashMap::new();
        for row in &self.rows {
            let (Some(site), Some(change)) = (&row.site_code, &row.change_kind) else {
                continue;
            };
            let stated = (row.received_on, row.clue_id, change.as_str());
            let slot = latest.entry(site).or_insert(stated);
            if (slot.0, slot.1) < (stated.0, stated.1) {
                *slot = stated;
            }
        }
        let changes = latest.into_iter();
        changes.map(|(site, (.., change))| (site, change)).collect()
    }

    /// A clue by id.
    pub fn find_clue(&self, clue: ClueId) -> Option<&ClueRow> {
        self.by_id.get(&clue).map(|row| &self.rows[*row])
    }
}
