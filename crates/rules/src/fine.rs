//! The range of a fine: the law at the time of the act, the milder one since, the highest of several.

use serde::Serialize;
use serde_json::Value;

use crate::day::{Day, Span};
use crate::error::JudgeError;
use crate::facts::{FactSheet, not_allowed};
use crate::law::Force;
use crate::raw::{RawScale, ScaleKind};
use crate::ruleset::Ruleset;

/// As many offences as one act can meet.
const MAX_OFFENCES: usize = 100;

/// 罚款行为 — what an act may be fined for, by law and time.
#[derive(Debug, Clone)]
pub(crate) struct Offence {
    pub(crate) code: String,
    pub(crate) label: String,
    pub(crate) scales: Vec<(Force, RawScale)>,
}

/// 罚款幅度结果 — a range, never a decision.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fine<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Value>,
    pub fine: FineRange<'r>,
}

/// 幅度 — or why there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct FineRange<'r> {
    pub outcome: &'static str,
    pub min_yuan: Option<u64>,
    pub max_yuan: Option<u64>,
    pub law: Option<&'r str>,
}

impl<'r> FineRange<'r> {
    fn none(law: &'r str) -> Self {
        Self {
            outcome: "none",
            min_yuan: None,
            max_yuan: None,
            law: Some(law),
        }
    }

    fn not_computable(law: Option<&'r str>) -> Self {
        Self {
            outcome: "not_computable",
            min_yuan: None,
            max_yuan: None,
            law,
        }
    }

    fn range(min: u64, max: u64, law: &'r str) -> Self {
        Self {
            outcome: "range",
            min_yuan: Some(min),
            max_yuan: Some(max),
            law: Some(law),
        }
    }
}

/// What a fine sheet states.
struct Act<'s> {
    sheet: &'s FactSheet,
    ended: Day,
    decided: Day,
    is_serious: bool,
}

/// Computes the range by T1 to T3.
pub(crate) fn compute<'r>(
    ruleset: &'r Ruleset,
    sheet: &FactSheet,
    day: Day,
) -> Result<Fine<'r>, JudgeError> {
    check_amounts(ruleset, sheet)?;
    let ended = span(sheet, "ended_on")?;
    let discovered = span(sheet, "discovered_on")?;
    let offences = offences(ruleset, sheet)?;
    let is_serious = match sheet.text("serious")? {
        None | Some("n") => false,
        Some("y") => true,
        Some(other) => return Err(not_allowed("serious", &Value::from(other), "y · n")),
    };
    let act = Act {
        sheet,
        ended: ended.map_or(day, |s| s.last),
        decided: day,
        is_serious,
    };
    let lapsed = ended
        .zip(discovered)
        .is_some_and(|(e, d)| d.first > e.last.plus_years(2));
    let fine = if lapsed {
        FineRange::none("T2")
    } else {
        highest(offences.iter().map(|o| act.range(o)))
    };
    Ok(Fine {
        id: sheet.id().cloned(),
        fine,
    })
}

fn span(sheet: &FactSheet, field: &'static str) -> Result<Option<Span>, JudgeError> {
    let Some(text) = sheet.text(field)?.filter(|t| *t != "unknown") else {
        return Ok(None);
    };
    let read = Span::parse(text)
        .ok_or_else(|| not_allowed(field, &Value::from(text), "YYYY · YYYY-MM · YYYY-MM-DD"));
    read.map(Some)
}

fn check_amounts(ruleset: &Ruleset, sheet: &FactSheet) -> Result<(), JudgeError> {
    let amounts = ruleset
        .offences
        .iter()
        .flat_map(|o| &o.scales)
        .map(|(_, s)| s.of.as_str())
        .filter(|of| !of.is_empty());
    for name in amounts {
        match sheet.0.get(name) {
            Some(value) if value.as_u64().is_none() => {
                return Err(not_allowed(name, value, "a whole number, 0 or more"));
            }
            _ => {}
        }
    }
    Ok(())
}

fn offences<'r>(ruleset: &'r Ruleset, sheet: &FactSheet) -> Result<Vec<&'r Offence>, JudgeError> {
    let known = || {
        ruleset
            .offences
            .iter()
            .map(|o| o.code.as_str())
            .collect::<Vec<_>>()
            .join(" · ")
    };
    let all = sheet.0.get("offences").unwrap_or(&Value::Null);
    let codes = all
        .as_array()
        .filter(|c| !c.is_empty() && c.len() <= MAX_OFFENCES);
    let codes = codes.ok_or_else(|| not_allowed("offences", all, &known()))?;
    let find = |code: &Value| {
        ruleset
            .offences
            .iter()
            .find(|o| Some(o.code.as_str()) == code.as_str())
    };
    codes
        .iter()
        .map(|c| find(c).ok_or_else(|| not_allowed("offences", c, &known())))
        .collect()
}

/// T3: one act, one fine, at the highest; one that cannot be computed could be the highest.
fn highest<'r>(ranges: impl Iterator<Item = FineRange<'r>>) -> FineRange<'r> {
    let mut best: Option<FineRange<'r>> = None;
    for range in ranges {
        if range.outcome == "not_computable" {
            return range;
        }
        let is_higher =
            best.is_none_or(|b| (range.max_yuan, range.min_yuan) > (b.max_yuan, b.min_yuan));
        if is_higher {
            best = Some(range);
        }
    }
    best.unwrap_or(FineRange::not_computable(None))
}

impl Act<'_> {
    /// T1: the scale of the day the act ended; the one of the decision where it is milder.
    fn range<'r>(&self, offence: &'r Offence) -> FineRange<'r> {
        let on = |day: Day| {
            offence
                .scales
                .iter()
                .find(|(force, _)| force.holds_on(day))
                .map(|(_, s)| s)
        };
        let (then, now) = (on(self.ended), on(self.decided));
        let Some(then) = then else {
            return FineRange::not_computable(None);
        };
        let at_the_time = self.scaled(then);
        match now {
            Some(now) if now.law != then.law => milder(at_the_time, self.scaled(now)),
            _ => at_the_time,
        }
    }

    fn scaled<'r>(&self, scale: &'r RawScale) -> FineRange<'r> {
        let law = scale.law.as_str();
        let amount = self.sheet.0.get(&scale.of).and_then(Value::as_u64);
        let (min, max) = match self.is_serious.then_some(scale.serious).flatten() {
            Some(serious) => serious,
            None => (scale.min, scale.max),
        };
        match (scale.kind, amount, scale.below) {
            (ScaleKind::Unknown, ..) => FineRange::not_computable(Some(law)),
            (ScaleKind::Fixed, ..) => FineRange::range(min, max, law),
            (_, None, _) => FineRange::not_computable(Some(law)),
            (_, Some(a), Some(below)) if a < below.amount => {
                FineRange::range(below.min, below.max, law)
            }
            (ScaleKind::Times, Some(a), _) => {
                FineRange::range(a.saturating_mul(min), a.saturating_mul(max), law)
            }
            (ScaleKind::Percent, Some(a), _) => {
                FineRange::range(percent(a, min), percent(a, max), law)
            }
        }
    }
}

fn percent(amount: u64, rate: u64) -> u64 {
    u64::try_from(u128::from(amount) * u128::from(rate) / 100).unwrap_or(u64::MAX)
}

/// Lower maximum, then lower minimum; where one is not known, nobody can say which is milder.
fn milder<'r>(then: FineRange<'r>, now: FineRange<'r>) -> FineRange<'r> {
    if now.outcome == "not_computable" {
        return now;
    }
    let is_milder =
        then.outcome == "range" && (now.max_yuan, now.min_yuan) < (then.max_yuan, then.min_yuan);
    if is_milder { now } else { then }
}
