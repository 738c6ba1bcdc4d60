//! 统计 — counts and areas over dossiers; every figure names its counting basis and opens to its sites.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::dossier::{Dossier, SiteState};

pub mod forecast;
pub mod issues;

/// 统计行 — one combination of keys with its figures and the sites behind them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StatRow {
    /// Codes in the order of the table's dimensions.
    pub keys: Vec<String>,
    pub count: u64,
    /// Geodesic or stated area of the sites counted, m².
    pub area_m2: f64,
    /// As many as asked for; `count` is of all.
    pub site_codes: Vec<String>,
}

/// 统计表 — a figure by dimensions. `id` names title and counting basis in the texts (`stat.<id>.title`, `.basis`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatTable {
    pub id: String,
    /// Lists in which the keys are looked up: `activity`, `zone`, `change`, `station`, `source`, `site_state` …
    pub dimensions: Vec<String>,
    pub rows: Vec<StatRow>,
}

/// 比率 — a raw pair, kept as such; printed with one decimal (the published 92 % of 2020 was 91.55 %).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ratio {
    pub id: String,
    pub numerator: u64,
    pub denominator: u64,
    pub target: Option<f64>,
    /// Sites in the denominator but not in the numerator, as many as asked for.
    pub open_site_codes: Vec<String>,
}

impl Ratio {
    fn of_none(id: &str, target: Option<f64>) -> Self {
        Self {
            id: id.to_owned(),
            numerator: 0,
            denominator: 0,
            target,
            open_site_codes: Vec::new(),
        }
    }

    fn add(&mut self, site: &StatLine<'_>, is_done: bool, most_listed: usize) {
        self.denominator += 1;
        if is_done {
            self.numerator += 1;
        } else {
            list(&mut self.open_site_codes, site.site_code, most_listed);
        }
    }

    /// Percent with one decimal, half away from zero; `None` for an empty denominator.
    pub fn percent(&self) -> Option<f64> {
        let share = self.numerator as f64 / self.denominator as f64;
        (self.denominator > 0).then(|| (share * 1000.0).round() / 10.0)
    }
}

/// 统计集 — the minimum set of figures (domain page, section 7).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    pub tables: Vec<StatTable>,
    pub ratios: Vec<Ratio>,
}

/// 结转问题 — an issue of an earlier campaign as the city found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carried<'a> {
    pub source_kind: &'a str,
    /// Code of what the city found, or [`NOT_DETERMINED`].
    pub result: &'a str,
    pub is_finished: bool,
}

/// 统计底行 — what the figures need to know of a site.
#[derive(Debug, Clone, PartialEq)]
pub struct StatLine<'a> {
    pub site_code: &'a str,
    /// Geodesic or stated area, m².
    pub area_m2: f64,
    /// Code of the state.
    pub state: &'a str,
    /// Whether the state counts.
    pub counts: bool,
    pub activity: Option<&'a str>,
    pub zone: Option<&'a str>,
    pub station: Option<&'a str>,
    /// Code of CL-CHANGE from the site's latest patch, if any.
    pub change_kind: Option<&'a str>,
    /// Focal category that the campaign computes.
    pub focal: Option<&'a str>,
    /// Sources of a site that has an issue; none of others.
    pub issue_sources: Vec<&'a str>,
    pub carried: Vec<Carried<'a>>,
}

impl<'a> StatLine<'a> {
    fn is_finished(&self) -> bool {
        self.carried.iter().all(|c| c.is_finished)
    }

    fn is_verified(&self) -> bool {
        self.state != SiteState::AwaitingVerification.code()
    }

    fn is_excluded(&self) -> bool {
        self.state == SiteState::Excluded.code()
    }
}

impl Dossier {
    /// The issues carried over, as the city found them.
    pub fn carried(&self) -> Vec<Carried<'_>> {
        let view = |source_kind: &'_ str| {
            self.determination_of(source_kind)
                .map(|d| d.result.as_str())
        };
        let issues = self
            .carried_over
            .iter()
            .map(|c| c.body.source_kind.as_str());
        issues
            .map(|source_kind| {
                let result = view(source_kind);
                let is_finished = self.is_carried_over_finished(source_kind);
                let determined = if is_finished {
                    "completed"
                } else {
                    NOT_DETERMINED
                };
                Carried {
                    source_kind,
                    result: result.unwrap_or(determined),
                    is_finished,
                }
            })
            .collect()
    }
}

/// 未填 — what stands in a table where a site has no value.
pub const UNKNOWN: &str = "unknown";
/// Key of issues carried over that the city has not found finished or unfinished.
pub const NOT_DETERMINED: &str = "none";

/// All tables and ratios over the sites given, in one pass. Each figure names its first `most_listed` sites; `count` is
/// of all.
pub fn statistics<'a>(
    sites: impl IntoIterator<Item = StatLine<'a>>,
    target_completion_rate: Option<f64>,
    most_listed: usize,
) -> Statistics {
    let mut tables: Vec<Table<'a>> = TABLES.iter().map(Table::new).collect();
    let mut ratios = [
        Ratio::of_none("verification_rate", None),
        Ratio::of_none("carried_over_completion_rate", None),
        Ratio::of_none("focal_completion_rate", target_completion_rate),
    ];
    for site in sites.into_iter().filter(|site| site.counts) {
        for table in &mut tables {
            table.add(&site, most_listed);
        }
        let [verification, carried_over, focal] = &mut ratios;
        verification.add(&site, site.is_verified(), most_listed);
        if !site.carried.is_empty() {
            carried_over.add(&site, site.is_finished(), most_listed);
            if site.focal.is_some() {
                focal.add(&site, site.is_finished(), most_listed);
            }
        }
    }
    Statistics {
        tables: tables.into_iter().map(Table::told).collect(),
        ratios: ratios.into(),
    }
}

/// Calls with each combination of keys in which a site stands.
type KeysOf = for<'a> fn(&StatLine<'a>, &mut dyn FnMut(&[&'a str]));

/// What a table counts.
struct TableSpec {
    id: &'static str,
    dimensions: &'static [&'static str],
    /// Excluded sites stand in no ledger, but are counted by what became of them.
    has_excluded: bool,
    keys_of: KeysOf,
}

const TABLES: [TableSpec; 7] = [
    TableSpec {
        id: "by_class_zone_change_station",
        dimensions: &["activity", "zone", "change", "station"],
        has_excluded: false,
        keys_of: |s, each| each(&[s.activity, s.zone, s.change_kind, s.station].map(known)),
    },
    TableSpec {
        id: "by_state",
        dimensions: &["site_state"],
        has_excluded: true,
        keys_of: |s, each| each(&[s.state]),
    },
    TableSpec {
        id: "by_zone",
        dimensions: &["zone"],
        has_excluded: false,
        keys_of: |s, each| each(&[known(s.zone)]),
    },
    TableSpec {
        id: "by_station",
        dimensions: &["station"],
        has_excluded: false,
        keys_of: |s, each| each(&[known(s.station)]),
    },
    // A site with three sources stands in three rows here; the counting basis says so.
    TableSpec {
        id: "issues_by_source_state",
        dimensions: &["source", "site_state"],
        has_excluded: false,
        keys_of: |s, each| {
            let sources = s.issue_sources.iter();
            sources.for_each(|source| each(&[source, s.state]));
        },
    },
    TableSpec {
        id: "focal_by_category_state",
        dimensions: &["focal", "site_state"],
        has_excluded: false,
        keys_of: |s, each| s.focal.iter().for_each(|focal| each(&[focal, s.state])),
    },
    TableSpec {
        id: "carried_over_by_determination",
        dimensions: &["source", "determination"],
        has_excluded: true,
        keys_of: |s, each| {
            let carried = s.carried.iter();
            carried.for_each(|c| each(&[c.source_kind, c.result]));
        },
    },
];

fn known(code: Option<&str>) -> &str {
    code.unwrap_or(UNKNOWN)
}

/// A table in the making.
struct Table<'a> {
    spec: &'static TableSpec,
    rows: BTreeMap<Vec<&'a str>, StatRow>,
}

impl<'a> Table<'a> {
    fn new(spec: &'static TableSpec) -> Self {
        let rows = BTreeMap::new();
        Self { spec, rows }
    }

    fn add(&mut self, site: &StatLine<'a>, most_listed: usize) {
        if site.is_excluded() && !self.spec.has_excluded {
            return;
        }
        (self.spec.keys_of)(site, &mut |keys| {
            let row = match self.rows.get_mut(keys) {
                Some(row) => row,
                None => self.rows.entry(keys.to_vec()).or_default(),
            };
            row.count += 1;
            row.area_m2 += site.area_m2;
            list(&mut row.site_codes, site.site_code, most_listed);
        });
    }

    fn told(self) -> StatTable {
        let named = self.rows.into_iter().map(|(keys, row)| StatRow {
            keys: keys.into_iter().map(str::to_owned).collect(),
            ..row
        });
        let dimensions = self.spec.dimensions.iter();
        StatTable {
            id: self.spec.id.to_owned(),
            dimensions: dimensions.map(|d| (*d).to_owned()).collect(),
            rows: named.collect(),
        }
    }
}

fn list(codes: &mut Vec<String>, code: &str, most: usize) {
    if codes.len() < most {
        codes.push(code.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_counts_all_sites_and_names_the_first() {
        let codes: Vec<String> = (1..=5).map(|n| format!("S-{n}")).collect();
        let lines = codes.iter().map(|code| StatLine {
            site_code: code,
            area_m2: 2.0,
            state: "awaiting_verification",
            counts: code != "S-1",
            activity: None,
            zone: Some("core"),
            station: None,
            change_kind: None,
            focal: None,
            issue_sources: Vec::new(),
            carried: Vec::new(),
        });
        let found = statistics(lines, None, 3);
        let row = &found.tables[2].rows[0];
        assert_eq!(
            (row.keys[0].as_str(), row.count, row.area_m2),
            ("core", 4, 8.0)
        );
        assert_eq!(row.site_codes, ["S-2", "S-3", "S-4"]);
        let rate = &found.ratios[0];
        assert_eq!((rate.numerator, rate.denominator), (0, 4));
        assert_eq!(rate.open_site_codes, row.site_codes);
    }

    #[test]
    fn a_rate_is_printed_with_one_decimal_and_kept_as_a_pair() {
        let ratio = |numerator, denominator| Ratio {
            id: String::new(),
            numerator,
            denominator,
            target: None,
            open_site_codes: Vec::new(),
        };
        // The ministry's figures of 2020 and the rounding trap of the domain page.
        assert_eq!(ratio(5_038, 5_503).percent(), Some(91.6));
        assert_eq!(ratio(1_217, 1_388).percent(), Some(87.7));
        assert_eq!(ratio(0, 0).percent(), None);
    }

    /// E14: the ministry's bulletin, state of 2015: 156,061 places of 28,546 km²; 居民点 and 农业 together 78 and 89 %.
    #[test]
    fn the_bulletin_of_2015_adds_up_and_its_shares_follow_from_raw_pairs() {
        // Places and km² by kind, as printed; the rest is what is missing to the printed totals.
        let printed = [
            ("residential", 73_602_u64, 2_195.0),
            ("agriculture", 47_608, 23_194.0),
            ("rest", 34_851, 3_157.0),
        ];
        let mut sites = Vec::new();
        for (kind, count, km2) in printed {
            let one = StatLine {
                site_code: "E14",
                area_m2: km2 * 1e6 / count as f64,
                state: "verified_with_issue",
                counts: true,
                activity: Some(kind),
                zone: None,
                station: None,
                change_kind: None,
                focal: None,
                issue_sources: Vec::new(),
                carried: Vec::new(),
            };
            sites.extend(std::iter::repeat_n(one, count as usize));
        }
        let found = statistics(sites, None, 1_000);
        let kinds = &found.tables[0].rows;
        let sum = |codes: &[&str]| {
            let rows = kinds.iter().filter(|r| codes.contains(&r.keys[0].as_str()));
            rows.fold((0, 0.0), |(n, km2), r| (n + r.count, km2 + r.area_m2 / 1e6))
        };
        let all = sum(&["residential", "agriculture", "rest"]);
        let both = sum(&["residential", "agriculture"]);
        assert_eq!((all.0, all.1.round()), (156_061, 28_546.0));
        assert_eq!((both.0, both.1.round()), (121_210, 25_389.0));
        let share = |part: f64, whole: f64| (part / whole * 100.0).round();
        assert_eq!(share(both.0 as f64, all.0 as f64), 78.0);
        assert_eq!(share(both.1, all.1), 89.0);
    }
}
