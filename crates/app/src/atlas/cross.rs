//! 交叉计数 — sites and their area by up to three coded columns, in one pass.

use std::collections::HashMap;

use super::columns::Words;
use super::filter::SiteFilter;
use super::site_table::{Eyes, SiteTable};
use super::tally::Counted;

/// 维度 — a coded column to count by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimension {
    State,
    Station,
    Zone,
    Activity,
    Focal,
    Verdict,
    Severity,
    HasIssue,
}

impl Dimension {
    /// All, with the names they have in addresses: those of the conditions.
    pub const ALL: [(&'static str, Self); 8] = [
        ("state", Self::State),
        ("station", Self::Station),
        ("zone", Self::Zone),
        ("activity", Self::Activity),
        ("focal", Self::Focal),
        ("verdict", Self::Verdict),
        ("severity", Self::Severity),
        ("has_issue", Self::HasIssue),
    ];

    /// The dimension of a name.
    pub fn parse(text: &str) -> Option<Self> {
        let known = Self::ALL.into_iter().find(|(name, _)| *name == text);
        known.map(|(_, dimension)| dimension)
    }
}

/// Cells beyond which counters are looked up instead of lying in one array.
const MOST_CELLS: usize = 1 << 20;

impl SiteTable {
    fn words_of(&self, dimension: Dimension) -> &Words {
        match dimension {
            Dimension::State => &self.states,
            Dimension::Station => &self.stations,
            Dimension::Zone => &self.zones,
            Dimension::Activity => &self.activities,
            Dimension::Focal => &self.focals,
            Dimension::Verdict => &self.verdicts,
            Dimension::Severity => &self.severities,
            Dimension::HasIssue => &self.has_issues,
        }
    }

    fn number_of(&self, dimension: Dimension, at: usize) -> usize {
        match dimension {
            Dimension::State => self.state[at].into(),
            Dimension::Station => self.station[at].into(),
            Dimension::Zone => self.zone[at].into(),
            Dimension::Activity => self.activity[at].into(),
            Dimension::Focal => self.focal[at].into(),
            Dimension::Verdict => self.verdict[at].into(),
            Dimension::Severity => self.severity[at].into(),
            Dimension::HasIssue => self.has_issue[at].into(),
        }
    }

    /// The rows wanted that count, by the words of the dimensions; none stands for nothing known.
    pub fn cross(
        &self,
        by: &[Dimension],
        filter: &SiteFilter,
        eyes: &Eyes,
    ) -> Vec<(Vec<Option<&str>>, Counted)> {
        let sizes: Vec<usize> = by.iter().map(|d| self.words_of(*d).len()).collect();
        let cells = sizes.iter().product();
        let rows = (0..self.len() as u32)
            .filter(|row| self.counts(*row) && self.matches(*row, filter, eyes));
        let cell_of = |row: u32| {
            by.iter().zip(&sizes).fold(0, |cell, (dimension, size)| {
                cell * size + self.number_of(*dimension, row as usize)
            })
        };
        let mut counted: Vec<(usize, Counted)> = if cells <= MOST_CELLS {
            let mut cube: Vec<Counted> = vec![(0, 0.0); cells];
            for row in rows {
                add(&mut cube[cell_of(row)], self.area_or_zero(row));
            }
            cube.into_iter().enumerate().collect()
        } else {
            let mut cube: HashMap<usize, Counted> = HashMap::new();
            for row in rows {
                add(
                    cube.entry(cell_of(row)).or_default(),
                    self.area_or_zero(row),
                );
            }
            cube.into_iter().collect()
        };
        counted.retain(|(_, c)| c.0 > 0);
        counted.sort_unstable_by_key(|(cell, _)| *cell);
        let words = |mut cell: usize| {
            let mut words: Vec<Option<&str>> = Vec::with_capacity(by.len());
            for (dimension, size) in by.iter().zip(&sizes).rev() {
                words.push(self.words_of(*dimension).word((cell % size) as u16));
                cell /= size;
            }
            words.reverse();
            words
        };
        let told = counted.into_iter();
        told.map(|(cell, counted)| (words(cell), counted)).collect()
    }
}

fn add(slot: &mut Counted, area: f64) {
    slot.0 += 1;
    slot.1 += area;
}
