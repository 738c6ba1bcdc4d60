//! 统计 — counts and areas over dossiers; every figure names its counting basis and opens to its sites.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::dossier::{Dossier, SiteState};
use crate::ledger::{Focal, has_verified_issue};

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

/// 计入统计的点位 — a dossier with what the campaign computes for it.
pub struct Counted<'a> {
    pub dossier: &'a Dossier,
    pub focal: Option<&'a Focal>,
    /// Code of CL-CHANGE from the site's latest patch, if any.
    pub change_kind: Option<&'a str>,
}

/// 未填 — what stands in a table where a site has no value.
pub const UNKNOWN: &str = "unknown";
/// Key of issues carried over that the city has not found finished or unfinished.
pub const NOT_DETERMINED: &str = "none";

/// All tables and ratios over the sites given.
pub fn statistics(sites: &[Counted<'_>], target_completion_rate: Option<f64>) -> Statistics {
    let counted: Vec<&Counted<'_>> = sites.iter().filter(|s| s.dossier.state.counts()).collect();
    let in_ledger: Vec<&Counted<'_>> = counted
        .iter()
        .copied()
        .filter(|s| s.dossier.state != SiteState::Excluded)
        .collect();
    Statistics {
        tables: vec![
            table(
                "by_class_zone_change_station",
                &["activity", "zone", "change", "station"],
                &in_ledger,
                |s| {
                    vec![vec![
                        activity(s),
                        zone(s),
                        s.change_kind.unwrap_or(UNKNOWN).to_owned(),
                        station(s),
                    ]]
                },
            ),
            table("by_state", &["site_state"], &counted, |s| {
                vec![vec![s.dossier.state.code().to_owned()]]
            }),
            table("by_zone", &["zone"], &in_ledger, |s| vec![vec![zone(s)]]),
            table("by_station", &["station"], &in_ledger, |s| {
                vec![vec![station(s)]]
            }),
            table(
                "issues_by_source_state",
                &["source", "site_state"],
                &in_ledger,
                issue_sources,
            ),
            table(
                "focal_by_category_state",
                &["focal", "site_state"],
                &in_ledger,
                |s| {
                    let state = s.dossier.state.code().to_owned();
                    s.focal
                        .map(|f| vec![f.category.clone(), state])
                        .into_iter()
                        .collect()
                },
            ),
            table(
                "carried_over_by_determination",
                &["source", "determination"],
                &counted,
                determinations,
            ),
        ],
        ratios: ratios(&counted, target_completion_rate),
    }
}

fn table(
    id: &str,
    dimensions: &[&str],
    sites: &[&Counted<'_>],
    keys_of: impl Fn(&Counted<'_>) -> Vec<Vec<String>>,
) -> StatTable {
    let mut rows: BTreeMap<Vec<String>, StatRow> = BTreeMap::new();
    for site in sites {
        for keys in keys_of(site) {
            let row = rows.entry(keys.clone()).or_insert_with(|| StatRow {
                keys,
                ..StatRow::default()
            });
            row.count += 1;
            row.area_m2 += site
                .dossier
                .facts
                .area_m2
                .or(site.dossier.facts.stated_area_m2)
                .unwrap_or(0.0);
            row.site_codes.push(site.dossier.site_code.clone());
        }
    }
    let dimensions = dimensions.iter().map(|d| (*d).to_owned()).collect();
    StatTable {
        id: id.to_owned(),
        dimensions,
        rows: rows.into_values().collect(),
    }
}

fn activity(site: &Counted<'_>) -> String {
    site.dossier
        .facts
        .activity_type_code
        .clone()
        .unwrap_or_else(|| UNKNOWN.to_owned())
}

fn zone(site: &Counted<'_>) -> String {
    site.dossier
        .facts
        .zone_kind
        .clone()
        .unwrap_or_else(|| UNKNOWN.to_owned())
}

fn station(site: &Counted<'_>) -> String {
    site.dossier
        .facts
        .station_id
        .clone()
        .unwrap_or_else(|| UNKNOWN.to_owned())
}

/// A site with three sources stands in three rows here; the counting basis says so.
fn issue_sources(site: &Counted<'_>) -> Vec<Vec<String>> {
    if !has_verified_issue(site.dossier) && site.dossier.unfinished_carried_over().next().is_none()
    {
        return Vec::new();
    }
    let state = site.dossier.state.code();
    site.dossier
        .source_kinds()
        .into_iter()
        .map(|kind| vec![kind.to_owned(), state.to_owned()])
        .collect()
}

fn determinations(site: &Counted<'_>) -> Vec<Vec<String>> {
    let result = |kind: &str| {
        site.dossier
            .determination_of(kind)
            .map_or(NOT_DETERMINED, |d| d.result.as_str())
            .to_owned()
    };
    let carried = site.dossier.carried_over.iter();
    carried
        .map(|c| vec![c.body.source_kind.clone(), result(&c.body.source_kind)])
        .collect()
}

fn ratios(counted: &[&Counted<'_>], target: Option<f64>) -> Vec<Ratio> {
    let verified = |s: &&Counted<'_>| s.dossier.state != SiteState::AwaitingVerification;
    let finished = |s: &&Counted<'_>| s.dossier.unfinished_carried_over().next().is_none();
    let carried: Vec<&Counted<'_>> = counted
        .iter()
        .copied()
        .filter(|s| !s.dossier.carried_over.is_empty())
        .collect();
    let focal: Vec<&Counted<'_>> = carried
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
    sites: &[&'s Counted<'s>],
    is_done: impl Fn(&&'s Counted<'s>) -> bool,
    target: Option<f64>,
) -> Ratio {
    let open: Vec<String> = sites
        .iter()
        .filter(|s| !is_done(s))
        .map(|s| s.dossier.site_code.clone())
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
}
