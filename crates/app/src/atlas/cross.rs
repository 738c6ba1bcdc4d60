//! 交叉计数 — sites and their area by up to three coded columns, in one pass.

use std::collections::HashMap;
use std::sync::Arc;

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
#[derive(Clone, Copy)]
enum Column<'a> {
    Bytes(&'a [u8]),
    Words(&'a [u16]),
}

impl Column<'_> {
    fn number(self, row: usize) -> usize {
        match self {
            Self::Bytes(numbers) => numbers[row].into(),
            Self::Words(numbers) => numbers[row].into(),
        }
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
        let cells = match filter.is_open() {
            true => {
                let asked = (by.to_vec(), eyes.sites.clone());
                let count = || self.cells(by, filter, eyes);
                self.crossed.of(asked, count)
            }
            false => Arc::new(self.cells(by, filter, eyes)),
        };
        let words = |mut cell: usize| {
            let mut words: Vec<Option<&str>> = Vec::with_capacity(by.len());
            for words_of in by.iter().rev().map(|d| self.words_of(*d)) {
                words.push(words_of.word((cell % words_of.len()) as u16));
                cell /= words_of.len();
            }
            words.reverse();
            words
        };
        let told = cells.iter();
        told.map(|(cell, counted)| (words(*cell), *counted))
            .collect()
    }

    /// Cells in which something was counted, in order.
    fn cells(&self, by: &[Dimension], filter: &SiteFilter, eyes: &Eyes) -> Vec<(usize, Counted)> {
        let columns = by.iter().map(|d| (self.column_of(*d), self.words_of(*d)));
        let columns: Vec<(Column<'_>, usize)> = columns.map(|(c, w)| (c, w.len())).collect();
        let cell_of = |row: usize| {
            let refined = columns.iter();
            refined.fold(0, |cell, (column, size)| cell * size + column.number(row))
        };
        let wanted = self.wanted(filter, eyes);
        let rows = wanted.iter().filter(|row| self.counts[*row]);
        let cells = columns.iter().map(|(_, size)| size).product();
        let mut counted: Vec<(usize, Counted)> = if cells <= MOST_CELLS {
            let mut cube: Vec<Counted> = vec![(0, 0.0); cells];
            for row in rows {
                add(&mut cube[cell_of(row)], self.area_or_zero(row as u32));
            }
            cube.into_iter().enumerate().collect()
        } else {
            let mut cube: HashMap<usize, Counted> = HashMap::new();
            for row in rows {
                let slot = cube.entry(cell_of(row)).or_default();
                add(slot, self.area_or_zero(row as u32));
            }
            cube.into_iter().collect()
        };
        counted.retain(|(_, c)| c.0 > 0);
        counted.sort_unstable_by_key(|(cell, _)| *cell);
        counted
    }
}
