//! Which rows are wanted, and in which order.

use spatial::diagnostic::Diagnostic;

use super::filter::SiteFilter;
use super::rows::Rows;
use super::site_table::{Eyes, SiteTable};
use crate::error::Error;

/// 排序 — by what a list of sites is sorted; ties by code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    key: SortKey,
    is_descending: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SortKey {
    SiteCode,
    Name,
    State,
    Station,
    Zone,
    Activity,
    Area,
    Updated,
    Findings,
    Verdict,
    Lon,
    Lat,
}

impl Sort {
    /// By code, as lists stand by themselves.
    const CODE: Self = Self {
        key: SortKey::SiteCode,
        is_descending: false,
    };

    /// Reads `field` or `-field`.
    pub fn parse(text: Option<&str>) -> Result<Self, Error> {
        let text = text.unwrap_or("site_code");
        let (is_descending, name) = match text.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, text),
        };
        let key = Self::key(name)
            .ok_or_else(|| Error::rejected(Diagnostic::error("query.sort").arg("text", text)))?;
        Ok(Self { key, is_descending })
    }

    fn key(name: &str) -> Option<SortKey> {
        Some(match name {
            "site_code" => SortKey::SiteCode,
            "facility_name" => SortKey::Name,
            "state" => SortKey::State,
            "station_id" | "station" => SortKey::Station,
            "zone_kind" | "zone_label" => SortKey::Zone,
            "activity_type_code" | "activity_label" => SortKey::Activity,
            "area_m2" | "area_mu" | "area_ha" => SortKey::Area,
            "updated_at" => SortKey::Updated,
            "finding_count" => SortKey::Findings,
            "verdict" | "conclusion" => SortKey::Verdict,
            "lon" => SortKey::Lon,
            "lat" => SortKey::Lat,
            _ => return None,
        })
    }

    /// Whether a name can be sorted by.
    pub fn knows(name: &str) -> bool {
        Self::key(name.strip_prefix('-').unwrap_or(name)).is_some()
    }
}

/// 次序 — in which order rows are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    By(Sort),
    /// By station, within it by code: the order of written ledgers.
    ByStation,
}

impl SiteTable {
    /// Whether a row is wanted and may be seen.
    pub fn matches(&self, row: u32, filter: &SiteFilter, eyes: &Eyes) -> bool {
        let at = row as usize;
        // A column that nothing is asked of is not even read: this runs over every row.
        fn has(wanted: &Option<Vec<bool>>, number: impl FnOnce() -> usize) -> bool {
            wanted
                .as_ref()
                .is_none_or(|w| w.get(number()).copied().unwrap_or(false))
        }
        let station = usize::from(self.station[at]);
        eyes.sites.get(station).copied().unwrap_or(false)
            && has(&filter.station, || station)
            && has(&filter.state, || self.state[at].into())
            && has(&filter.zone, || self.zone[at].into())
            && has(&filter.activity, || self.activity[at].into())
            && has(&filter.focal, || self.focal[at].into())
            && has(&filter.verdict, || self.verdict[at].into())
            && has(&filter.severity, || self.severity[at].into())
            && has(&filter.has_issue, || self.has_issue[at].into())
            && filter
                .sources
                .is_none_or(|s| self.seen_sources(at, eyes) & s != 0)
            && filter.ledgers.is_none_or(|l| self.ledger_bits[at] & l != 0)
            && filter
                .has_finding
                .is_none_or(|f| (self.findings[at] > 0) == f)
            && filter
                .bbox
                .is_none_or(|b| b.holds(self.lon[at], self.lat[at]))
            && filter.text.as_ref().is_none_or(|t| self.says(at, t))
    }

    fn says(&self, at: usize, text: &str) -> bool {
        let holds = |column: &str| {
            column.contains(text) || (!column.is_empty() && column.to_lowercase().contains(text))
        };
        holds(self.codes.get(at)) || holds(self.names.get(at))
    }

    /// All rows wanted that may be seen: the same as `matches` row by row, but column by column.
    pub fn wanted(&self, filter: &SiteFilter, eyes: &Eyes) -> Rows {
        let mut rows = Rows::first(self.len());
        let mut keep_words = |column: &[u16], wanted: &[bool]| {
            if wanted.contains(&false) {
                let wanted = padded::<{ 1 << 16 }>(wanted);
                rows.keep_column(column, |n| wanted[usize::from(n)]);
            }
        };
        keep_words(&self.station, &eyes.sites);
        for (column, wanted) in [
            (&self.station, &filter.station),
            (&self.activity, &filter.activity),
        ] {
            wanted.iter().for_each(|w| keep_words(column, w));
        }
        for (column, wanted) in [
            (&self.state, &filter.state),
            (&self.zone, &filter.zone),
            (&self.focal, &filter.focal),
            (&self.verdict, &filter.verdict),
            (&self.severity, &filter.severity),
            (&self.has_issue, &filter.has_issue),
        ] {
            let Some(wanted) = wanted else { continue };
            let wanted = padded::<{ 1 << 8 }>(wanted);
            rows.keep_column(column, |n| wanted[usize::from(n)]);
        }
        if let Some(ledgers) = filter.ledgers {
            rows.keep_column(&self.ledger_bits, |bits| bits & ledgers != 0);
        }
        if let Some(has_finding) = filter.has_finding {
            rows.keep_column(&self.findings, |n| (n > 0) == has_finding);
        }
        if let Some(sources) = filter.sources {
            rows.keep(|at| self.seen_sources(at, eyes) & sources != 0);
        }
        if let Some(bbox) = filter.bbox {
            rows.keep(|at| bbox.holds(self.lon[at], self.lat[at]));
        }
        if let Some(text) = &filter.text {
            rows.keep(|at| self.says(at, text));
        }
        rows
    }

    /// Part of the rows wanted, in order, and how many there are in all.
    pub fn select(
        &self,
        filter: &SiteFilter,
        eyes: &Eyes,
        order: Order,
        (offset, limit): (usize, usize),
    ) -> (usize, Vec<u32>) {
        let wanted = self.wanted(filter, eyes);
        let total = wanted.count();
        let kept = match order {
            Order::By(sort) if sort != Sort::CODE => {
                let mut rows = held(&self.by_code, &wanted, (0, total));
                self.sort(&mut rows, sort);
                rows.into_iter().skip(offset).take(limit).collect()
            }
            Order::By(_) => held(&self.by_code, &wanted, (offset, limit)),
            Order::ByStation => held(&self.by_station, &wanted, (offset, limit)),
        };
        (total, kept)
    }

    /// Rows wanted whose outline may touch a box, in mercator parts, by code.
    pub fn select_in_box(&self, bounds: [i32; 4], filter: &SiteFilter, eyes: &Eyes) -> Vec<u32> {
        let is_wanted = |row| self.touches(row, bounds) && self.matches(row, filter, eyes);
        let mut rows = self.grid.find_wanted(bounds, is_wanted);
        rows.sort_unstable_by_key(|row| self.codes.get(*row as usize));
        rows
    }

    fn sort(&self, rows: &mut [u32], sort: Sort) {
        let at = |row: &u32| *row as usize;
        let by = |a: &u32, b: &u32| {
            let (a, b) = (at(a), at(b));
            match sort.key {
                SortKey::SiteCode => self.codes.get(a).cmp(self.codes.get(b)),
                SortKey::Name => self.names.get(a).cmp(self.names.get(b)),
                SortKey::State => self.state[a].cmp(&self.state[b]),
                SortKey::Station => self.station_word(a).cmp(&self.station_word(b)),
                SortKey::Zone => self
                    .zones
                    .word(self.zone[a].into())
                    .cmp(&self.zones.word(self.zone[b].into())),
                SortKey::Activity => self
                    .activities
                    .word(self.activity[a])
                    .cmp(&self.activities.word(self.activity[b])),
                SortKey::Area => self.area_m2[a].total_cmp(&self.area_m2[b]),
                SortKey::Updated => self.updated_at[a].cmp(&self.updated_at[b]),
                SortKey::Findings => self.findings[a].cmp(&self.findings[b]),
                SortKey::Verdict => self
                    .verdicts
                    .word(self.verdict[a].into())
                    .cmp(&self.verdicts.word(self.verdict[b].into())),
                SortKey::Lon => self.lon[a].total_cmp(&self.lon[b]),
                SortKey::Lat => self.lat[a].total_cmp(&self.lat[b]),
            }
        };
        match (sort.key, sort.is_descending) {
            (SortKey::SiteCode, false) => {}
            (_, false) => rows.sort_by(by),
            (_, true) => rows.sort_by(|a, b| by(b, a)),
        }
    }
}

/// The rows of an order that are wanted, from `offset` on, `limit` of them.
fn held(order: &[u32], wanted: &Rows, (offset, limit): (usize, usize)) -> Vec<u32> {
    let rows = order.iter().copied().filter(|row| wanted.holds(*row));
    rows.skip(offset).take(limit).collect()
}

/// What is wanted of a dictionary as an array in which every number of a column has a place.
fn padded<const N: usize>(wanted: &[bool]) -> Box<[bool; N]> {
    let mut all = Box::new([false; N]);
    for (slot, is_wanted) in all.iter_mut().zip(wanted) {
        *slot = *is_wanted;
    }
    all
}

#[cfg(test)]
mod tests {
    use domain::ids::SiteId;
    use proptest::prelude::*;

    use super::super::columns::Words;
    use super::super::filter::Box2;
    use super::*;

    fn words(list: [&str; 2]) -> Words {
        let mut words = Words::default();
        for word in list {
            words.enter(Some(word));
        }
        words
    }

    /// A table of codes alone, as many rows as numbers; texts, outlines and ids are not asked here.
    fn table(numbers: &[u16]) -> SiteTable {
        let bytes = |divisor: u16, size: u16| -> Vec<u8> {
            let spread = numbers.iter().map(|n| (n / divisor % size) as u8);
            spread.collect()
        };
        let mut table = SiteTable {
            stations: words(["后河", "麻武"]),
            sources: words(["patrol", "petition"]),
            station: numbers.iter().map(|n| n % 3).collect(),
            activity: numbers.iter().map(|n| n / 3 % 4).collect(),
            state: bytes(5, 4),
            zone: bytes(7, 3),
            focal: bytes(11, 3),
            verdict: bytes(13, 2),
            severity: bytes(17, 2),
            has_issue: bytes(19, 3),
            ledger_bits: bytes(23, 8),
            findings: numbers.iter().map(|n| n / 29 % 2).collect(),
            source_bits: numbers.iter().map(|n| u32::from(n / 31 % 8)).collect(),
            confidential_bits: 1 << 2,
            lon: numbers.iter().map(|n| f64::from(n % 100)).collect(),
            lat: numbers.iter().map(|n| f64::from(n / 100)).collect(),
            ..SiteTable::default()
        };
        let ids = (0..numbers.len() as u128).map(|n| SiteId(uuid::Uuid::from_u128(n)));
        table.ids = ids.collect();
        table
    }

    fn some_of(size: usize) -> impl Strategy<Value = Option<Vec<bool>>> {
        prop::option::of(prop::collection::vec(any::<bool>(), size))
    }

    fn filters() -> impl Strategy<Value = SiteFilter> {
        let coded = (
            some_of(3),
            some_of(4),
            some_of(3),
            some_of(4),
            some_of(3),
            some_of(2),
            some_of(2),
            some_of(3),
        );
        let others = (
            prop::option::of(0_u32..8),
            prop::option::of(0_u8..8),
            prop::option::of(any::<bool>()),
            prop::option::of((0_u8..100, 0_u8..100)),
        );
        (coded, others).prop_map(|(coded, (sources, ledgers, has_finding, corner))| {
            let (station, state, zone, activity, focal, verdict, severity, has_issue) = coded;
            let bbox = corner.map(|(x, y)| Box2([f64::from(x), 0.0, 100.0, f64::from(y)]));
            SiteFilter {
                text: None,
                station,
                state,
                zone,
                activity,
                focal,
                verdict,
                severity,
                has_issue,
                sources,
                ledgers,
                has_finding,
                bbox,
            }
        })
    }

    proptest! {
        #[test]
        fn column_by_column_is_row_by_row(
            numbers in prop::collection::vec(0_u16..10_000, 0..200),
            filter in filters(),
            sites in prop::collection::vec(any::<bool>(), 3),
            petitions in prop::collection::vec(any::<bool>(), 3),
        ) {
            let table = table(&numbers);
            let eyes = Eyes { sites, petitions };
            let wanted = table.wanted(&filter, &eyes);
            for row in 0..numbers.len() as u32 {
                prop_assert_eq!(wanted.holds(row), table.matches(row, &filter, &eyes), "row {}", row);
            }
        }
    }
}
