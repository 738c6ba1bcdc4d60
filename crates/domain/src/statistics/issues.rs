//! 问题统计 — issues by state, source and case; rates as raw pairs; quantities planned and done; paper close-outs found.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Ratio, StatRow, StatTable};
use crate::dossier::{Dossier, SiteState};
use crate::entries::Quantity;
use crate::issue::Issue;

/// 工程量合计 — how much of one measure was planned and done over the issues counted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QuantityTotal {
    /// Code of CL-MEASURE.
    pub measure: String,
    pub planned: f64,
    pub done: f64,
    /// Issues that state some of it as done.
    pub issue_count: u64,
}

impl QuantityTotal {
    /// What was done, with one decimal, half away from zero.
    pub fn done_printed(&self) -> String {
        printed(self.done)
    }

    /// What was planned, with one decimal.
    pub fn planned_printed(&self) -> String {
        printed(self.planned)
    }
}

/// One decimal, half away from zero; whole numbers without.
pub fn printed(value: f64) -> String {
    // Sums of decimal fractions carry the error of the last bit; a hundredth of a unit is never meant.
    let tenths = ((value * 1e6).round() / 1e5).round() / 10.0;
    match tenths.fract() == 0.0 {
        true => format!("{tenths:.0}"),
        false => format!("{tenths:.1}"),
    }
}

/// 处罚与问责合计.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PenaltyTotal {
    /// Decisions by number, each counted once.
    pub penalty_count: u64,
    pub amount_yuan: u64,
    pub paid_yuan: u64,
    /// Persons held accountable.
    pub head_count: u64,
    pub referral_count: u64,
}

/// 问题统计集 — the figures of the issues given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IssueStatistics {
    pub tables: Vec<StatTable>,
    pub ratios: Vec<Ratio>,
    pub quantities: Vec<QuantityTotal>,
    pub penalties: PenaltyTotal,
    /// Codes of the sites with an overdue issue.
    pub overdue_site_codes: Vec<String>,
    /// Money spent on rectification, in 10 000 yuan.
    pub spent_10k_yuan: f64,
}

/// 问题数据 — what the figures need of an issue, apart from the issue itself: it can be kept for many.
#[derive(Debug, Clone, PartialEq)]
pub struct IssueFigures {
    pub state: SiteState,
    pub source_kind: String,
    pub close_out_case: String,
    pub responsible_unit: String,
    pub is_reopened: bool,
    pub is_determined: bool,
    pub is_rectified: bool,
    /// Code of CL-CLOSEREASON.
    pub close_reason: Option<String>,
    /// Kind and verdict.
    pub suspicions: Vec<(String, Option<String>)>,
    /// Results.
    pub look_backs: Vec<String>,
    /// Rungs.
    pub urgings: Vec<String>,
    /// By measure.
    pub planned: BTreeMap<String, f64>,
    pub done: BTreeMap<String, f64>,
    /// Number, yuan, and whether it was paid.
    pub penalties: Vec<(String, u64, bool)>,
    pub head_count: u64,
    pub referral_count: u64,
    pub spent_10k_yuan: f64,
}

impl IssueFigures {
    /// Those of an issue.
    pub fn of(issue: &Issue) -> Self {
        let owned = |sums: BTreeMap<&str, f64>| {
            let sums = sums.into_iter();
            sums.map(|(measure, value)| (measure.to_owned(), value))
                .collect()
        };
        let suspicions = issue.suspicions.iter().map(|s| {
            let verdict = s.answer.as_ref().map(|a| a.body.verdict.clone());
            (s.recorded.body.suspicion.clone(), verdict)
        });
        let look_backs = issue.look_backs.iter().map(|b| b.body.result.clone());
        let urgings = issue.urgings.iter().map(|u| u.recorded.body.rung.clone());
        let penalties = issue.penalties.iter().map(|p| {
            let amount = p.body.amount_yuan.unwrap_or(0);
            let number = p.body.document_number.clone();
            (number, amount, p.body.paid_on.is_some())
        });
        let persons = issue.accountability.iter();
        let spent = issue.progress.iter().filter_map(|p| p.body.spent_10k_yuan);
        Self {
            state: issue.state,
            source_kind: issue.opened.body.source_kind.clone(),
            close_out_case: issue.close_out_case.clone(),
            responsible_unit: issue.responsible.unit.clone(),
            is_reopened: issue.reopened_by.is_some(),
            is_determined: issue.is_determined(),
            is_rectified: issue.is_rectified(),
            close_reason: issue.close_out.as_ref().map(|c| c.body.reason.clone()),
            suspicions: suspicions.collect(),
            look_backs: look_backs.collect(),
            urgings: urgings.collect(),
            planned: owned(planned_of(issue)),
            done: owned(done_of(issue)),
            penalties: penalties.collect(),
            head_count: persons.map(|a| u64::from(a.body.head_count)).sum(),
            referral_count: issue.referrals.len() as u64,
            spent_10k_yuan: spent.sum(),
        }
    }
}

/// 问题统计底行 — an issue's figures with what they need of its site.
#[derive(Debug, Clone, PartialEq)]
pub struct IssueLine<'a> {
    pub site_code: &'a str,
    pub area_m2: f64,
    pub figures: Cow<'a, IssueFigures>,
    pub is_focal: bool,
    pub is_overdue: bool,
}

impl<'a> IssueLine<'a> {
    /// The lines of a site's issues, as of `today`.
    pub fn of(dossier: &'a Dossier, is_focal: bool, today: Date) -> Vec<Self> {
        let facts = &dossier.facts;
        let line = |issue: &'a Issue| Self {
            site_code: &dossier.site_code,
            area_m2: facts.area_m2.or(facts.stated_area_m2).unwrap_or(0.0),
            figures: Cow::Owned(IssueFigures::of(issue)),
            is_focal,
            is_overdue: issue.is_overdue(today),
        };
        dossier.issues.iter().map(line).collect()
    }

    /// Counted once: an issue that another one took up again stands for itself no more.
    fn counts(&self) -> bool {
        !self.figures.is_reopened
    }

    fn was_closed_out(&self) -> bool {
        self.figures.close_reason.as_deref() == Some("rectified")
    }

    fn has_relapsed(&self) -> bool {
        let relapsed = self.figures.state == SiteState::Relapsed;
        self.was_closed_out() && (relapsed || self.figures.is_reopened)
    }
}

/// Tables, rates and totals over the issues given.
pub fn issue_statistics(lines: &[IssueLine<'_>], target: Option<f64>) -> IssueStatistics {
    let counted: Vec<&IssueLine<'_>> = lines.iter().filter(|l| l.counts()).collect();
    let all: Vec<&IssueLine<'_>> = lines.iter().collect();
    let overdue: BTreeSet<&str> = counted
        .iter()
        .filter(|l| l.is_overdue)
        .map(|l| l.site_code)
        .collect();
    IssueStatistics {
        tables: tables(&counted, &all),
        ratios: ratios(&counted, &all, target),
        quantities: quantities(&all),
        penalties: penalties(&all),
        overdue_site_codes: overdue.into_iter().map(str::to_owned).collect(),
        spent_10k_yuan: all.iter().map(|l| l.figures.spent_10k_yuan).sum(),
    }
}

fn tables(counted: &[&IssueLine<'_>], all: &[&IssueLine<'_>]) -> Vec<StatTable> {
    vec![
        table(
            "issues_by_state_source_case",
            &["site_state", "source", "close_out_case"],
            counted,
            |l| {
                let state = l.figures.state.code().to_owned();
                let (source, case) = (&l.figures.source_kind, &l.figures.close_out_case);
                vec![vec![state, source.clone(), case.clone()]]
            },
        ),
        table("overdue_by_unit", &["responsible_unit"], counted, |l| {
            let unit = l.figures.responsible_unit.clone();
            l.is_overdue.then(|| vec![unit]).into_iter().collect()
        }),
        table("closed_by_reason", &["close_reason"], all, |l| {
            single(l.figures.close_reason.as_slice())
        }),
        table(
            "suspicions_by_kind_verdict",
            &["suspicion", "suspicion_verdict"],
            all,
            |l| {
                let found = l.figures.suspicions.iter();
                found
                    .map(|(kind, verdict)| {
                        let open = || super::NOT_DETERMINED.to_owned();
                        vec![kind.clone(), verdict.clone().unwrap_or_else(open)]
                    })
                    .collect()
            },
        ),
        table("look_backs_by_result", &["look_back"], all, |l| {
            single(&l.figures.look_backs)
        }),
        table("urgings_by_rung", &["urge"], all, |l| {
            single(&l.figures.urgings)
        }),
    ]
}

fn single(keys: &[String]) -> Vec<Vec<String>> {
    keys.iter().map(|key| vec![key.clone()]).collect()
}

fn table(
    id: &str,
    dimensions: &[&str],
    lines: &[&IssueLine<'_>],
    keys_of: impl Fn(&IssueLine<'_>) -> Vec<Vec<String>>,
) -> StatTable {
    let mut rows: BTreeMap<Vec<String>, StatRow> = BTreeMap::new();
    for line in lines {
        for keys in keys_of(line) {
            let row = rows.entry(keys).or_default();
            row.count += 1;
            row.area_m2 += line.area_m2;
            row.site_codes.push(line.site_code.to_owned());
        }
    }
    let named = rows.into_iter().map(|(keys, row)| StatRow { keys, ..row });
    StatTable {
        id: id.to_owned(),
        dimensions: dimensions.iter().map(|d| (*d).to_owned()).collect(),
        rows: named.collect(),
    }
}

fn ratios(counted: &[&IssueLine<'_>], all: &[&IssueLine<'_>], target: Option<f64>) -> Vec<Ratio> {
    let focal: Vec<&IssueLine<'_>> = counted.iter().copied().filter(|l| l.is_focal).collect();
    let closed: Vec<&IssueLine<'_>> = all.iter().copied().filter(|l| l.was_closed_out()).collect();
    let determined = |l: &IssueLine<'_>| l.figures.is_determined;
    let rectified = |l: &IssueLine<'_>| l.figures.is_rectified;
    vec![
        ratio("issue_completion_rate", counted, determined, None),
        ratio("focal_issue_completion_rate", &focal, determined, target),
        ratio("close_out_rate", counted, rectified, None),
        ratio("relapse_rate", &closed, IssueLine::has_relapsed, None),
    ]
}

fn ratio<'s>(
    id: &str,
    lines: &[&'s IssueLine<'s>],
    is_done: impl Fn(&IssueLine<'s>) -> bool,
    target: Option<f64>,
) -> Ratio {
    let open = lines.iter().filter(|l| !is_done(l));
    let open: Vec<String> = open.map(|l| l.site_code.to_owned()).collect();
    let denominator = lines.len() as u64;
    Ratio {
        id: id.to_owned(),
        numerator: denominator - open.len() as u64,
        denominator,
        target,
        open_site_codes: open,
    }
}

/// Quantities of an issue that were done, by measure: the sum of its progress reports.
pub fn done_of(issue: &Issue) -> BTreeMap<&str, f64> {
    sum(issue.progress.iter().flat_map(|p| &p.body.quantities))
}

/// Quantities of an issue that its plan foresees, by measure.
pub fn planned_of(issue: &Issue) -> BTreeMap<&str, f64> {
    let measures = issue.plan.iter().flat_map(|p| &p.body.measures);
    sum(measures.flat_map(|m| &m.quantities))
}

fn sum<'a>(quantities: impl Iterator<Item = &'a Quantity>) -> BTreeMap<&'a str, f64> {
    let mut totals = BTreeMap::new();
    for quantity in quantities.filter(|q| q.value.is_finite()) {
        *totals.entry(quantity.measure.as_str()).or_insert(0.0) += quantity.value;
    }
    totals
}

fn quantities(lines: &[&IssueLine<'_>]) -> Vec<QuantityTotal> {
    let mut totals: BTreeMap<&str, QuantityTotal> = BTreeMap::new();
    for line in lines {
        for (measure, value) in &line.figures.planned {
            totals.entry(measure).or_default().planned += value;
        }
        for (measure, value) in &line.figures.done {
            let total = totals.entry(measure).or_default();
            total.done += value;
            total.issue_count += 1;
        }
    }
    let named = totals.into_iter().map(|(measure, total)| QuantityTotal {
        measure: measure.to_owned(),
        ..total
    });
    named.collect()
}

fn penalties(lines: &[&IssueLine<'_>]) -> PenaltyTotal {
    // A decision may be told of several times, as it is filed, decided, paid: the largest amount told stands.
    let mut decisions: BTreeMap<&str, (u64, bool)> = BTreeMap::new();
    for (number, amount, is_paid) in lines.iter().flat_map(|l| &l.figures.penalties) {
        let told = decisions.entry(number).or_default();
        told.0 = told.0.max(*amount);
        told.1 |= is_paid;
    }
    let paid = decisions.values().filter(|(_, is_paid)| *is_paid);
    PenaltyTotal {
        penalty_count: decisions.len() as u64,
        amount_yuan: decisions.values().map(|(amount, _)| amount).sum(),
        paid_yuan: paid.map(|(amount, _)| amount).sum(),
        head_count: lines.iter().map(|l| l.figures.head_count).sum(),
        referral_count: lines.iter().map(|l| l.figures.referral_count).sum(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests;
