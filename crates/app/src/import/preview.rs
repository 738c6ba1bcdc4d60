//! 预览 — what would become of every row, before anything is written.

use geo_types::Geometry;
use serde::Serialize;

/// 去向 — what becomes of one row.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// A site is registered for it.
    NewSite { site_code: String },
    /// It belongs to a known site by a stated rule.
    Linked { site_code: String, rule: String },
    /// Facts of a known site, already told or new.
    Recorded { site_code: String },
    /// A person must say which site it is; most likely ones first.
    Doubtful {
        reason: String,
        candidates: Vec<String>,
    },
    /// A stated rule takes it off the work list.
    Screened { rule: String },
    /// The register has it already, word for word.
    Same,
    /// A fault keeps it out.
    Refused,
    /// A layer of the reserve itself: zone, station, route.
    Adopted { name: String },
    /// A patrol with its track.
    Patrolled { name: String },
}

/// 行去向 — one row's fate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RowOutcome {
    /// Row of the sheet or feature of the layer.
    pub number: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    pub title: String,
    /// The strictest zone its position lies in, where it lies in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone_kind: Option<String>,
    /// Where a row lies that is kept out, as far as that can be told.
    #[serde(skip)]
    pub at: Option<Geometry<f64>>,
    #[serde(flatten)]
    pub action: Action,
}

/// 预览 — all rows' fates.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Preview {
    pub rows: Vec<RowOutcome>,
    /// Rows of a batch that had been imported before.
    pub repeated: usize,
}

impl Preview {
    /// Of a batch that is there already.
    pub fn repeated(rows: usize) -> Self {
        Self {
            rows: Vec::new(),
            repeated: rows,
        }
    }

    /// How many rows have a fate.
    pub fn count(&self, is: impl Fn(&Action) -> bool) -> usize {
        self.rows.iter().filter(|r| is(&r.action)).count()
    }

    /// Fates by name, in the order people want to read them.
    pub fn counts(&self) -> Vec<(&'static str, usize)> {
        vec![
            (
                "new_site",
                self.count(|a| matches!(a, Action::NewSite { .. })),
            ),
            ("linked", self.count(|a| matches!(a, Action::Linked { .. }))),
            (
                "recorded",
                self.count(|a| matches!(a, Action::Recorded { .. })),
            ),
            (
                "adopted",
                self.count(|a| matches!(a, Action::Adopted { .. })),
            ),
            (
                "patrolled",
                self.count(|a| matches!(a, Action::Patrolled { .. })),
            ),
            (
                "doubtful",
                self.count(|a| matches!(a, Action::Doubtful { .. })),
            ),
            (
                "screened",
                self.count(|a| matches!(a, Action::Screened { .. })),
            ),
            (
                "same",
                self.count(|a| matches!(a, Action::Same)) + self.repeated,
            ),
            ("refused", self.count(|a| matches!(a, Action::Refused))),
        ]
    }
}
