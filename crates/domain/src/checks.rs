//! 查漏 — what a careful clerk would find by reading all dossiers side by side: gaps, contradictions, doubles, missed reports.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use spatial::diagnostic::{Diagnostic, Place};

use crate::dossier::{Contradiction, Dossier, SiteState, Weight};
use crate::ids::{ClueId, SiteId};
use crate::ledger::LedgerRow;

/// 查漏结果 — one finding: what, about which site or clue, in whose territory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    pub diagnostic: Diagnostic,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clue_id: Option<ClueId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub station_id: Option<String>,
}

/// Fields that the source plan demands of every site (三（一）), with the name of the fact.
pub const DEMANDED_FIELDS: [&str; 8] = [
    "lon",
    "zone_kind",
    "facility_name",
    "activity_type_code",
    "area_m2",
    "built_on",
    "permits_text",
    "current_status",
];

fn about(dossier: &Dossier, diagnostic: Diagnostic) -> Finding {
    Finding {
        diagnostic,
        site_code: Some(dossier.site_code.clone()),
        clue_id: None,
        station_id: dossier.facts.station_id.clone(),
    }
}

fn field_place(field: &str) -> Place {
    Place {
        field: Some(field.to_owned()),
        ..Place::default()
    }
}

/// Findings about single dossiers: incomplete, contradictory, outside, unexplained.
pub fn of_dossier(dossier: &Dossier) -> Vec<Finding> {
    if !dossier.state.counts() {
        return Vec::new();
    }
    let mut found = incomplete(dossier);
    found.extend(
        dossier
            .contradictions()
            .iter()
            .map(|c| contradictory(dossier, c)),
    );
    found.extend(outside(dossier));
    found.extend(unexplained(dossier));
    found.extend(zone_disagrees(dossier));
    found.extend(area_disagrees(dossier));
    found
}

fn states(dossier: &Dossier, field: &str) -> bool {
    match field {
        "permits_text" => dossier.facts.permits_text.is_some() || !dossier.permits.is_empty(),
        "area_m2" => dossier.facts.area_m2.is_some() || dossier.facts.stated_area_m2.is_some(),
        _ => dossier.claims.contains_key(field),
    }
}

fn incomplete(dossier: &Dossier) -> Vec<Finding> {
    if dossier.state == SiteState::Excluded {
        return Vec::new();
    }
    let missing = DEMANDED_FIELDS
        .iter()
        .filter(|field| !states(dossier, field));
    missing
        .map(|field| {
            let diagnostic = Diagnostic::warning("check.incomplete")
                .at(field_place(field))
                .arg("field", field);
            about(dossier, diagnostic)
        })
        .collect()
}

fn contradictory(dossier: &Dossier, contradiction: &Contradiction) -> Finding {
    let text = |value: &serde_json::Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    let against: Vec<String> = contradiction
        .against
        .iter()
        .map(|c| text(&c.value))
        .collect();
    // Where the spot was seen, the contradiction is settled and only worth a remark.
    let is_settled = contradiction.chosen.provenance.weight >= Weight::Verification;
    let diagnostic = match is_settled {
        true => Diagnostic::note("check.contradiction_settled"),
        false => Diagnostic::warning("check.contradictory"),
    };
    let diagnostic = diagnostic
        .at(field_place(&contradiction.field))
        .arg("field", &contradiction.field)
        .arg("chosen", text(&contradiction.chosen.value))
        .arg("against", against.join(" / "));
    about(dossier, diagnostic)
}

fn outside(dossier: &Dossier) -> Option<Finding> {
    let flags = dossier.facts.zone_flags.as_deref().unwrap_or_default();
    let is_outside = flags.iter().any(|f| f == "outside") && dossier.state != SiteState::Excluded;
    is_outside.then(|| about(dossier, Diagnostic::warning("check.outside_reserve")))
}

fn unexplained(dossier: &Dossier) -> Option<Finding> {
    let is_unexplained = dossier.clues.is_empty() && dossier.carried_over.is_empty();
    is_unexplained.then(|| about(dossier, Diagnostic::error("check.unexplained")))
}

/// The zone a source states against the one computed from the outline.
fn zone_disagrees(dossier: &Dossier) -> Option<Finding> {
    let facts = &dossier.facts;
    let (stated, computed) = (
        facts.stated_zone_kind.as_deref()?,
        facts.zone_kind.as_deref()?,
    );
    (stated != computed).then(|| {
        let diagnostic = Diagnostic::warning("check.zone_disagrees")
            .arg("stated", stated)
            .arg("computed", computed);
        about(dossier, diagnostic)
    })
}

/// The area a source states against the geodesic one, when they differ by more than a tenth.
fn area_disagrees(dossier: &Dossier) -> Option<Finding> {
    let facts = &dossier.facts;
    let (stated, computed) = (facts.stated_area_m2?, facts.area_m2?);
    let is_outline = facts
        .shape
        .as_ref()
        .is_some_and(|s| !matches!(s.0, geo_types::Geometry::Point(_)));
    let differs = (stated - computed).abs() > 0.1 * computed.max(stated);
    (is_outline && differs).then(|| {
        let diagnostic = Diagnostic::warning("check.area_disagrees")
            .arg("stated", format!("{stated:.0}"))
            .arg("computed", format!("{computed:.0}"));
        about(dossier, diagnostic)
    })
}

/// 疑似重复 — a pair of sites that may be one, as measured by the caller.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LikelyDouble {
    pub first: SiteId,
    pub second: SiteId,
    pub distance_m: f64,
    pub iou: f64,
    pub is_same_name: bool,
}

/// Findings about pairs of sites.
pub fn of_doubles(doubles: &[LikelyDouble], dossiers: &BTreeMap<SiteId, &Dossier>) -> Vec<Finding> {
    doubles
        .iter()
        .filter_map(|double| {
            let (first, second) = (dossiers.get(&double.first)?, dossiers.get(&double.second)?);
            let diagnostic = Diagnostic::warning("check.duplicate")
                .arg("other", &second.site_code)
                .arg("distance_m", format!("{:.0}", double.distance_m))
                .arg("iou", format!("{:.2}", double.iou));
            Some(about(first, diagnostic))
        })
        .collect()
}

/// 漏报所述 — what is known of a clue that has no site.
#[derive(Debug, Clone)]
pub struct MissedReport<'a> {
    pub clue_id: ClueId,
    /// Label of the source.
    pub source: &'a str,
    pub external_code: Option<&'a str>,
    /// Its name, else its place, else what it says.
    pub words: Option<&'a str>,
    /// Why no rule decided, in words.
    pub reason: &'a str,
    /// Codes of the sites it may belong to, most likely first.
    pub likely: Vec<&'a str>,
}

/// 漏报 — a clue inside the reserve that has no site and was not screened by a stated rule.
pub fn missed_report(clue: &MissedReport<'_>, station_id: Option<String>) -> Finding {
    let named = [clue.external_code, clue.words];
    let named: Vec<&str> = named.into_iter().flatten().collect();
    let likely = match clue.likely.is_empty() {
        true => "—".to_owned(),
        false => clue.likely.join("、"),
    };
    let diagnostic = Diagnostic::error("check.missed_report")
        .arg("clue", named.join(" "))
        .arg("source", clue.source)
        .arg("reason", clue.reason)
        .arg("likely", likely);
    Finding {
        diagnostic,
        site_code: None,
        clue_id: Some(clue.clue_id),
        station_id,
    }
}

/// 消失的点位 — rows of an earlier ledger that a later one no longer holds, with what became of them.
pub fn vanished(
    before: &[LedgerRow],
    after: &[LedgerRow],
    now: &BTreeMap<SiteId, &Dossier>,
) -> Vec<Finding> {
    let still: BTreeMap<SiteId, Option<&str>> = after
        .iter()
        .map(|r| (r.site_id, r.station_id.as_deref()))
        .collect();
    before
        .iter()
        .filter_map(|row| vanished_row(row, &still, now))
        .collect()
}

fn vanished_row(
    row: &LedgerRow,
    still: &BTreeMap<SiteId, Option<&str>>,
    now: &BTreeMap<SiteId, &Dossier>,
) -> Option<Finding> {
    let station = row.station_id.as_deref();
    let diagnostic = match (
        still.get(&row.site_id),
        now.get(&row.site_id).map(|d| d.state),
    ) {
        (Some(same), _) if *same == station => return None,
        (Some(other), _) => {
            Diagnostic::warning("check.moved_to_other_station").arg("station", other.unwrap_or(""))
        }
        (None, Some(SiteState::Excluded | SiteState::Merged | SiteState::Withdrawn)) => {
            let state = now.get(&row.site_id).map_or("", |d| d.state.code());
            Diagnostic::note("check.left_with_reason").arg("state", state)
        }
        (None, _) => Diagnostic::error("check.vanished"),
    };
    Some(Finding {
        diagnostic,
        site_code: Some(row.site_code.clone()),
        clue_id: None,
        station_id: row.station_id.clone(),
    })
}
