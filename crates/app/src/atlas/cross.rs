//! 交叉计数 — sites and their area by up to three coded columns, in one pass.

use std::collections::HashMap;

use super::filter::SiteFilter;
use super::site_table::{Eyes, SiteTable};
use super::tally::{Counted, add};

/// 维度 — a coded column to count by, in the order of a row's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimension {
    State,
    Station,
    Zone,
    Activity,
    Focal,
    HasIssue,
    Verdict,
    Severity,
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

/// 组合 — the sites that have the same codes in all dimensions and count: what every figure by codes adds up from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Combination {
    numbers: [u16; COUNT],
    counted: Counted,
}

/// Cells beyond which counters are looked up instead of lying in one array.
const MOST_CELLS: usize = 1 << 20;
/// How many dimensions there are.
const COUNT: usize = Dimension::ALL.len();

impl SiteTable {
    /// All combinations that occur among the rows that count. They are many fewer than rows.
    fn combine(&self) -> Vec<Combination> {
        let mut places: HashMap<[u16; COUNT], usize> = HashMap::new();
        let mut combined: Vec<Combination> = Vec::new();
        for row in (0..self.len()).filter(|row| self.counts[*row]) {
            let numbers = self.numbers(row as u32);
            let place = *places.entry(numbers).or_insert(combined.len());
            if place == combined.len() {
                let counted = (0, 0.0);
                combined.push(Combination { numbers, counted });
            }
            add(&mut combined[place].counted, self.area_or_zero(row as u32));
        }
        combined.shrink_to_fit();
        combined
    }

    /// Calls `each` with the combinations wanted; where something else than codes is asked, with every row wanted by itself.
    fn each_part(&self, filter: &SiteFilter, eyes: &Eyes, mut each: impl FnMut(&Combination)) {
        if !filter.is_coded() {
            let rows = self.wanted(filter, eyes);
            for row in rows.iter().filter(|row| self.counts[*row]) {
                each(&Combination {
                    numbers: self.numbers(row as u32),
                    counted: (1, self.area_or_zero(row as u32)),
                });
            }
            return;
        }
        let seen = (Dimension::Station, &*eyes.sites);
        let asked = [
            (Dimension::State, &filter.state),
            (Dimension::Station, &filter.station),
            (Dimension::Zone, &filter.zone),
            (Dimension::Activity, &filter.activity),
            (Dimension::Focal, &filter.focal),
            (Dimension::HasIssue, &filter.has_issue),
            (Dimension::Verdict, &filter.verdict),
            (Dimension::Severity, &filter.severity),
        ];
        let asked = asked.into_iter();
        let asked = asked.filter_map(|(dimension, wanted)| Some((dimension, wanted.as_deref()?)));
        let conditions: Vec<(Dimension, &[bool])> = [seen].into_iter().chain(asked).collect();
        let holds = |part: &Combination, (dimension, wanted): (Dimension, &[bool])| {
            let number = usize::from(part.numbers[dimension as usize]);
            wanted.get(number).copied().unwrap_or(false)
        };
        for part in self.combined.of((), || self.combine()).iter() {
            if conditions.iter().all(|condition| holds(part, *condition)) {
                each(part);
            }
        }
    }

    /// The rows wanted that count, by the words of the dimensions; none stands for nothing known.
    pub fn cross(
        &self,
        by: &[Dimension],
        filter: &SiteFilter,
        eyes: &Eyes,
    ) -> Vec<(Vec<Option<&str>>, Counted)> {
        let dictionaries = self.dictionaries();
        let words = |mut cell: usize| {
            let mut words: Vec<Option<&str>> = Vec::with_capacity(by.len());
            for words_of in by.iter().rev().map(|d| dictionaries[*d as usize]) {
                words.push(words_of.word((cell % words_of.len()) as u16));
                cell /= words_of.len();
            }
            words.reverse();
            words
        };
        let counted = self.cells(by, filter, eyes).into_iter();
        counted.map(|(cell, c)| (words(cell), c)).collect()
    }

    /// Cells in which something was counted, in order.
    fn cells(&self, by: &[Dimension], filter: &SiteFilter, eyes: &Eyes) -> Vec<(usize, Counted)> {
        let dictionaries = self.dictionaries();
        let columns = by
            .iter()
            .map(|d| (*d as usize, dictionaries[*d as usize].len()));
        let columns: Vec<(usize, usize)> = columns.collect();
        let cell_of = |part: &Combination| {
            let refined = columns.iter();
            refined.fold(0, |cell, (at, size)| {
                cell * size + usize::from(part.numbers[*at])
            })
        };
        let cells = columns.iter().map(|(_, size)| size).product();
        let more = |slot: &mut Counted, part: &Combination| {
            slot.0 += part.counted.0;
            slot.1 += part.counted.1;
        };
        let mut counted: Vec<(usize, Counted)> = if cells <= MOST_CELLS {
            let mut cube: Vec<Counted> = vec![(0, 0.0); cells];
            self.each_part(filter, eyes, |part| more(&mut cube[cell_of(part)], part));
            cube.into_iter().enumerate().collect()
        } else {
            let mut cube: HashMap<usize, Counted> = HashMap::new();
            self.each_part(filter, eyes, |part| {
                more(cube.entry(cell_of(part)).or_default(), part);
            });
            cube.into_iter().collect()
        };
        counted.retain(|(_, c)| c.0 > 0);
        counted.sort_unstable_by_key(|(cell, _)| *cell);
        counted
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::ids::SiteId;
    use proptest::prelude::*;

    use super::*;

    /// A table of codes and whole areas, as many rows as numbers.
    fn table(numbers: &[u16]) -> SiteTable {
        let mut table = SiteTable::default();
        for (words, count) in [
            (&mut table.states, 3),
            (&mut table.stations, 4),
            (&mut table.zones, 2),
            (&mut table.activities, 5),
        ] {
            for n in 0..count {
                words.enter(Some(&format!("w{n}")));
            }
        }
        let bytes = |divisor: u16, size: u16| -> Vec<u8> {
            let spread = numbers.iter().map(|n| (n / divisor % size) as u8);
            spread.collect()
        };
        table.state = bytes(1, 4);
        table.station = numbers.iter().map(|n| n / 3 % 5).collect();
        table.zone = bytes(7, 3);
        table.activity = numbers.iter().map(|n| n / 11 % 6).collect();
        table.focal = bytes(2, 1);
        table.verdict = bytes(2, 1);
        table.severity = bytes(2, 1);
        table.has_issue = bytes(2, 1);
        table.findings = numbers.iter().map(|n| n / 13 % 2).collect();
        table.counts = numbers.iter().map(|n| n % 10 > 0).collect();
        table.area_m2 = numbers.iter().map(|n| f64::from(n % 100)).collect();
        let ids = (0..numbers.len() as u128).map(|n| SiteId(uuid::Uuid::from_u128(n)));
        table.ids = ids.collect();
        table
    }

    proptest! {
        #[test]
        fn combinations_add_up_to_what_rows_give(
            numbers in prop::collection::vec(0_u16..1_000, 0..300),
            stations in prop::collection::vec(any::<bool>(), 5),
            state in prop::option::of(prop::collection::vec(any::<bool>(), 4)),
            has_finding in prop::option::of(any::<bool>()),
        ) {
            let table = table(&numbers);
            let eyes = Eyes { sites: stations, petitions: Vec::new() };
            let filter = SiteFilter { state, has_finding, ..SiteFilter::default() };
            let by = [Dimension::Activity, Dimension::Station];
            let mut expected: BTreeMap<(u16, u16), Counted> = BTreeMap::new();
            for row in 0..numbers.len() as u32 {
                if table.counts(row) && table.matches(row, &filter, &eyes) {
                    let [_, station, _, activity, ..] = table.numbers(row);
                    add(expected.entry((activity, station)).or_default(), table.area_or_zero(row));
                }
            }
            let expected: Vec<(Vec<Option<&str>>, Counted)> = expected
                .into_iter()
                .map(|((a, s), counted)| (vec![table.activities.word(a), table.stations.word(s)], counted))
                .collect();
            prop_assert_eq!(table.cross(&by, &filter, &eyes), expected);
        }
    }
}
