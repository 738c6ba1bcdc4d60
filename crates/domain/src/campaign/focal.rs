//! 焦点问题 — which sites fall under the named categories of a year. Computed from class, subtype and zone; never typed.

use serde::{Deserialize, Serialize};

use super::Campaign;
use crate::codes::{Mark, ZoneKind};

/// 焦点类别 — a category by code of the campaign's focal list, e.g. `quarry_sand`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FocalCategory(pub String);

/// 焦点判定行 — a category holds for a site of these classes, subtypes and zones. Empty means any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FocalRule {
    pub id: String,
    pub category: FocalCategory,
    /// Codes of the activity list.
    pub activities: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subtypes: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub zones: Vec<ZoneKind>,
    /// Years of `as_of` in which the rule holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub years: Vec<i16>,
    /// Years of `as_of` in which it does not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except_years: Vec<i16>,
    /// Why, in the words people read beside the flag.
    pub reason: String,
    #[serde(default)]
    pub mark: Mark,
}

/// 焦点口径 — the year's categories and rules; the first rule that holds decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FocalProfile {
    pub id: String,
    pub title: String,
    pub source: String,
    #[serde(default)]
    pub mark: Mark,
    pub categories: Vec<FocalCategory>,
    pub rules: Vec<FocalRule>,
}

/// 判定缘由 — which row decided, or which fact is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FocalWhy {
    /// This rule holds.
    Rule { id: String, reason: String },
    /// No rule holds.
    NoRule,
    /// A rule would hold or not by a fact that is not known (`activity_type_code`, `activity_subtype`, `zone_kind`);
    /// until then not focal.
    Missing { fact: String, rule: String },
    /// The campaign has no focal categories.
    NoProfile,
}

/// 焦点判定 — category if any, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FocalFinding {
    pub category: Option<FocalCategory>,
    pub why: FocalWhy,
}

enum Answer {
    Holds,
    Fails,
    Missing(&'static str),
}

impl FocalRule {
    fn asks_year(&self, year: i16) -> bool {
        (self.years.is_empty() || self.years.contains(&year)) && !self.except_years.contains(&year)
    }

    fn ask(&self, activity: Option<&str>, subtype: Option<&str>, zone: Option<ZoneKind>) -> Answer {
        let code = |listed: &[String], fact: Option<&str>, name| match fact {
            _ if listed.is_empty() => Answer::Holds,
            Some(code) if listed.iter().any(|l| l == code) => Answer::Holds,
            Some(_) => Answer::Fails,
            None => Answer::Missing(name),
        };
        let zone = match zone {
            _ if self.zones.is_empty() => Answer::Holds,
            Some(zone) if self.zones.contains(&zone) => Answer::Holds,
            Some(_) => Answer::Fails,
            None => Answer::Missing("zone_kind"),
        };
        let activity = code(&self.activities, activity, "activity_type_code");
        let subtype = code(&self.subtypes, subtype, "activity_subtype");
        // A fact that rules the rule out outweighs one that is missing.
        [activity, subtype, zone]
            .into_iter()
            .reduce(worse)
            .unwrap_or(Answer::Fails)
    }
}

fn worse(a: Answer, b: Answer) -> Answer {
    match (a, b) {
        (Answer::Fails, _) | (_, Answer::Fails) => Answer::Fails,
        (Answer::Missing(fact), _) | (_, Answer::Missing(fact)) => Answer::Missing(fact),
        (Answer::Holds, Answer::Holds) => Answer::Holds,
    }
}

impl FocalProfile {
    /// The category of a site as of a day in `as_of_year`, and why. What is not known is `None`.
    pub fn judge(
        &self,
        activity: Option<&str>,
        subtype: Option<&str>,
        zone: Option<ZoneKind>,
        as_of_year: i16,
    ) -> FocalFinding {
        let mut missing = None;
        for rule in self.rules.iter().filter(|r| r.asks_year(as_of_year)) {
            match rule.ask(activity, subtype, zone) {
                Answer::Holds => {
                    let why = FocalWhy::Rule {
                        id: rule.id.clone(),
                        reason: rule.reason.clone(),
                    };
                    return FocalFinding {
                        category: Some(rule.category.clone()),
                        why,
                    };
                }
                Answer::Missing(fact) => {
                    missing.get_or_insert(FocalWhy::Missing {
                        fact: fact.to_owned(),
                        rule: rule.id.clone(),
                    });
                }
                Answer::Fails => {}
            }
        }
        FocalFinding {
            category: None,
            why: missing.unwrap_or(FocalWhy::NoRule),
        }
    }
}

impl Campaign {
    /// Whether a site is focal, as what, and why. An override is the dossier's affair, not the profile's.
    pub fn is_focal(
        &self,
        activity: Option<&str>,
        subtype: Option<&str>,
        zone: Option<ZoneKind>,
        as_of_year: i16,
    ) -> FocalFinding {
        match &self.focal {
            Some(profile) => profile.judge(activity, subtype, zone, as_of_year),
            None => FocalFinding {
                category: None,
                why: FocalWhy::NoProfile,
            },
        }
    }
}
