//! Work that is too much for the site, too quick to be true, or out of season.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;

use super::config::{MeasureLimit, Suspicions};
use super::photos::corners;
use super::{Finding, Given};
use crate::dossier::Dossier;
use crate::entries::Quantity;
use crate::ids::EntryId;
use crate::issue::Issue;

/// Reported quantities that cover more ground than the site has. Each is told once, at the entry that goes beyond.
pub(super) fn beyond_the_area(
    rules: &Suspicions,
    dossier: &Dossier,
    issue: &Issue,
) -> Vec<Finding> {
    let facts = &dossier.facts;
    let Some(area) = facts.area_m2.or(facts.stated_area_m2).filter(|a| *a > 0.0) else {
        return Vec::new();
    };
    let mut found: Vec<Finding> = Vec::new();
    for limit in &rules.quantity.measures {
        found.extend(too_much(rules, limit, area, issue));
    }
    let stated = issue
        .reports
        .iter()
        .filter_map(|r| Some((r, r.body.restored_area_m2?)));
    let limit = rules
        .quantity
        .measures
        .iter()
        .find(|m| m.measure == "restored_m2");
    for ((report, restored), limit) in stated.zip(limit) {
        let finding = told(rules, limit, area, restored, |grade| {
            Finding::of(
                "quantity_exceeds",
                grade,
                "suspicion.restored_too_much",
                report,
            )
        });
        found.extend(finding);
    }
    found
}

fn too_much(rules: &Suspicions, limit: &MeasureLimit, area: f64, issue: &Issue) -> Option<Finding> {
    let of_measure = |q: &&Quantity| q.measure == limit.measure;
    let mut sum = 0.0;
    let mut shown: Option<(EntryId, u64)> = None;
    let mut last_seq = 0;
    for progress in &issue.progress {
        let quantities = progress.body.quantities.iter().filter(of_measure);
        let part: f64 = quantities.map(|q| q.value * limit.m2_per_unit).sum();
        sum += part;
        if part > 0.0 {
            last_seq = last_seq.max(progress.seq);
            if sum > area * limit.most_times {
                shown = shown.or(Some((progress.entry_id, progress.seq)));
            }
        }
    }
    let (entry, _) = shown?;
    told(rules, limit, area, sum, |grade| {
        let code = "suspicion.quantity_exceeds";
        Finding::at("quantity_exceeds", grade, code, entry, last_seq)
    })
}

fn told(
    rules: &Suspicions,
    limit: &MeasureLimit,
    area: f64,
    covered: f64,
    finding: impl FnOnce(super::Grade) -> Finding,
) -> Option<Finding> {
    let times = covered / area;
    let grade = match times {
        t if t > limit.grave_times => rules.quantity.grave,
        t if t > limit.most_times => rules.quantity.grade,
        _ => return None,
    };
    let told = finding(grade).extent(times);
    Some(
        told.arg("measure", &limit.measure)
            .arg("covered", format!("{covered:.0}"))
            .arg("area", format!("{area:.0}"))
            .arg("times", format!("{times:.1}")),
    )
}

/// Many different steps taken in within minutes.
pub(super) fn steps_at_once(rules: &Suspicions, issue: &Issue, given: &Given) -> Vec<Finding> {
    let rule = &rules.steps_at_once;
    let steps = issue.steps.iter().map(|s| {
        let taken = given.recorded_at.get(&s.entry_id).copied();
        (
            taken.unwrap_or(s.occurred_at),
            s.step.code(),
            s.entry_id,
            s.seq,
        )
    });
    let mut steps: Vec<(Timestamp, &str, EntryId, u64)> = steps.collect();
    steps.sort();
    let mut found = Vec::new();
    let mut from = 0;
    while from < steps.len() {
        let within = |at: Timestamp| at.duration_since(steps[from].0).as_mins() < rule.minutes;
        let burst: Vec<_> = steps[from..].iter().take_while(|s| within(s.0)).collect();
        let kinds: BTreeSet<&str> = burst.iter().map(|s| s.1).collect();
        if kinds.len() < rule.fewest {
            from += 1;
            continue;
        }
        from += burst.len();
        let (first, last) = (burst[0], burst[burst.len() - 1]);
        let code = "suspicion.steps_at_once";
        let mut finding = Finding::at("steps_at_once", rule.grade, code, first.2, last.3);
        finding.entries = burst.iter().map(|s| s.2).collect();
        let seconds = last.0.duration_since(first.0).as_secs();
        let minutes = seconds.div_euclid(60) + i64::from(seconds % 60 > 0);
        found.push(
            finding
                .arg("steps", kinds.len())
                .arg("minutes", minutes.max(1)),
        );
    }
    found
}

/// Planting and sowing that lies wholly in winter.
pub(super) fn planting_in_winter(
    rules: &Suspicions,
    dossier: &Dossier,
    issue: &Issue,
) -> Vec<Finding> {
    let rule = &rules.season;
    let facts = &dossier.facts;
    let shaped = || Some(corners(&facts.shape.as_ref()?.0).first()?.y);
    let Some(lat) = facts.lat.or_else(shaped) else {
        return Vec::new();
    };
    let is_planting = |q: &&Quantity| q.value > 0.0 && rule.measures.contains(&q.measure);
    let is_winter = |from: Date, to: Date| months(from, to).all(|m| rule.is_winter(lat, m));
    let mut found = Vec::new();
    let told = |finding: Finding, measure: &str, from: Date, to: Date| {
        finding
            .arg("measure", measure)
            .arg("from", from)
            .arg("to", to)
            .arg("lat", format!("{lat:.1}"))
    };
    for progress in &issue.progress {
        let body = &progress.body;
        let from = body.from_on.unwrap_or(body.to_on).min(body.to_on);
        let planted = body.quantities.iter().find(is_planting);
        if let Some(planted) = planted.filter(|_| is_winter(from, body.to_on)) {
            let finding = Finding::of(
                "season",
                rule.grade,
                "suspicion.planted_in_winter",
                progress,
            );
            found.push(told(finding, &planted.measure, from, body.to_on));
        }
    }
    let planned: BTreeMap<u32, &Quantity> = issue
        .plan
        .iter()
        .flat_map(|p| &p.body.measures)
        .filter_map(|m| Some((m.sequence, m.quantities.iter().find(is_planting)?)))
        .collect();
    for report in &issue.reports {
        let done = report.body.measures.iter().filter_map(|m| {
            let on = m.done_on.filter(|on| is_winter(*on, *on))?;
            Some((on, *planned.get(&m.sequence)?))
        });
        if let Some((on, planted)) = done.min_by_key(|(on, _)| *on) {
            let finding = Finding::of("season", rule.grade, "suspicion.planted_in_winter", report);
            found.push(told(finding, &planted.measure, on, on));
        }
    }
    found
}

/// The months that a period touches; a year at most.
fn months(from: Date, to: Date) -> impl Iterator<Item = i8> {
    let index = |d: Date| i32::from(d.year()) * 12 + i32::from(d.month()) - 1;
    let (first, last) = (index(from), index(to).max(index(from)));
    let last = last.min(first + 11);
    // A number below twelve fits.
    (first..=last).map(|n| (n.rem_euclid(12) + 1) as i8)
}
