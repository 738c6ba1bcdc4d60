//! 交叉计数 — sites and their area by up to three coded columns, in one pass.

use std::collections::HashMap;

use super::columns::Words;
use super::filter::SiteFilter;
use super::site_table::{Eyes, SiteTable};
use super::tally::{Counted, add};

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

/// 列 — the numbers of a coded column.
enum Column<'a> {
    Bytes(&'a [u8]),
    Words(&'a [u16]),
}

impl Column<'_> {
    /// Refines the cells by a column of `size` words.
    fn enter(&self, cells: &mut [usize], size: usize) {
        match self {
            Self::Bytes(numbers) => refine(cells, numbers, size),
            Self::Words(numbers) => refine(cells, numbers, size),
        }
    }
}

fn refine<T: Copy + Into<usize>>(cells: &mut [usize], numbers: &[T], size: usize) {
    for (cell, number) in cells.iter_mut().zip(numbers) {
        *cell = *cell * size + (*number).into();
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

    fn column_of(&self, dimension: Dimension) -> Column<'_> {
        match dimension {
            Dimension::State => Column::Bytes(&self.state),
            Dimension::Station => Column::Words(&self.station),
            Dimension::Zone => Column::Bytes(&self.zone),
            Dimension::Activity => Column::Words(&self.activity),
            Dimension::Focal => Column::Bytes(&self.focal),
            Dimension::Verdict => Column::Bytes(&self.verdict),
            Dimension::Severity => Column::Bytes(&self.severity),
            Dimension::HasIssue => Column::Bytes(&self.has_issue),
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
        // Column by column: which cell every row falls into.
        let mut cell_of = vec![0_usize; self.len()];
        for (dimension, size) in by.iter().zip(&sizes) {
            self.column_of(*dimension).enter(&mut cell_of, *size);
        }
        let rows = (0..self.len() as u32)
            .zip(cell_of)
            .filter(|(row, _)| self.counts(*row) && self.matches(*row, filter, eyes));
        let mut counted: Vec<(usize, Counted)> = if cells <= MOST_CELLS {
            let mut cube: Vec<Counted> = vec![(0, 0.0); cells];
            for (row, cell) in rows {
                add(&mut cube[cell], self.area_or_zero(row));
            }
            cube.into_iter().enumerate().collect()
        } else {
            let mut cube: HashMap<usize, Counted> = HashMap::new();
            for (row, cell) in rows {
                add(cube.entry(cell).or_default(), self.area_or_zero(row));
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
