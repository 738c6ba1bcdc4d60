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
    /// Sites in the denominator but not in the numerator.
    pub open_site_codes: Vec<String>,
}

impl Ratio {
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

/// All tables and ratios over the sites given.
pub fn statistics(sites: &[StatLine<'_>], target_completion_rate: Option<f64>) -> Statistics {
    let counted: Vec<&StatLine<'_>> = sites.iter().filter(|s| s.counts).collect();
    let excluded = SiteState::Excluded.code();
    let in_ledger: Vec<&StatLine<'_>> = counted
        .iter()
        .copied()
        .filter(|s| s.state != excluded)
        .collect();
    Statistics {
        tables: vec![
            table(
                "by_class_zone_change_station",
                &["activity", "zone", "change", "station"],
                &in_ledger,
                |s| {
                    let keys = [s.activity, s.zone, s.change_kind, s.station];
                    vec![keys.map(known).to_vec()]
                },
            ),
            table("by_state", &["site_state"], &counted, |s| {
                vec![vec![s.state]]
            }),
            table("by_zone", &["zone"], &in_ledger, |s| {
                vec![vec![known(s.zone)]]
            }),
            table("by_station", &["station"], &in_ledger, |s| {
                vec![vec![known(s.station)]]
            }),
            // A site with three sources stands in three rows here; the counting basis says so.
            table(
                "issues_by_source_state",
                &["source", "site_state"],
                &in_ledger,
                |s| {
                    let sources = s.issue_sources.iter();
                    sources.map(|source| vec![*source, s.state]).collect()
                },
            ),
            table(
                "focal_by_category_state",
                &["focal", "site_state"],
                &in_ledger,
                |s| {
                    let focal = s.focal.into_iter();
                    focal.map(|category| vec![category, s.state]).collect()
                },
            ),
            table(
                "carried_over_by_determination",
                &["source", "determination"],
                &counted,
                |s| {
                    let carried = s.carried.iter();
                    carried.map(|c| vec![c.source_kind, c.result]).collect()
                },
            ),
        ],
        ratios: ratios(&counted, target_completion_rate),
    }
}

fn known(code: Option<&str>) -> &str {
    code.unwrap_or(UNKNOWN)
}

fn table<'s>(
    id: &str,
    dimensions: &[&str],
    sites: &[&'s StatLine<'s>],
    keys_of: impl Fn(&'s StatLine<'s>) -> Vec<Vec<&'s str>>,
) -> StatTable {
    let mut rows: BTreeMap<Vec<&str>, StatRow> = BTreeMap::new();
    for site in sites {
        for keys in keys_of(site) {
            let row = rows.entry(keys).or_default();
            row.count += 1;
            row.area_m2 += site.area_m2;
            row.site_codes.push(site.site_code.to_owned());
        }
    }
    let named = rows.into_iter().map(|(keys, row)| StatRow {
        keys: keys.into_iter().map(str::to_owned).collect(),
        ..row
    });
    StatTable {
        id: id.to_owned(),
        dimensions: dimensions.iter().map(|d| (*d).to_owned()).collect(),
        rows: named.collect(),
    }
}

fn ratios(counted: &[&StatLine<'_>], target: Option<f64>) -> Vec<Ratio> {
    let awaiting = SiteState::AwaitingVerification.code();
    let verified = |s: &&StatLine<'_>| s.state != awaiting;
    let finished = |s: &&StatLine<'_>| s.is_finished();
    let carried: Vec<&StatLine<'_>> = counted
        .iter()
        .copied()
        .filter(|s| !s.carried.is_empty())
        .collect();
    let focal: Vec<&StatLine<'_>> = carried
        .iter()
        .copied()
        .filter(|s| s.focal.is_some())
        .collect();
    vec![
        ratio("verification_rate", counted, verified, None),
        ratio("carried_over_completion_rate", &carried, finished, None),
        ratio("focal_completion_rate", &focal, finished, target),
    ]
}

fn ratio<'s>(
    id: &str,
    sites: &[&'s StatLine<'s>],
    is_done: impl Fn(&&'s StatLine<'s>) -> bool,
    target: Option<f64>,
) -> Ratio {
    let open: Vec<String> = sites
        .iter()
        .filter(|s| !is_done(s))
        .map(|s| s.site_code.to_owned())
        .collect();
    let denominator = sites.len() as u64;
    Ratio {
        id: id.to_owned(),
        numerator: denominator - open.len() as u64,
        denominator,
        target,
        open_site_codes: open,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let found = statistics(&sites, None);
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
