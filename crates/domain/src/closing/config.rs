//! `closing.toml` — conditions per case, the rules by which a site falls into a case, the chains of levels, the index.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use spatial::diagnostic::Diagnostic;
use utoipa::ToSchema;

use super::{LEVELS, index};
use crate::codes::Mark;
use crate::dossier::Dossier;
use crate::entries::{ChainLink, ClosingRequirements};
use crate::reading::{self, ReadError, place};

/// 销号情形 — one of A, B1, B2.1, B2.2, C.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Case {
    pub code: String,
    pub label: String,
    /// The condition as the source words it.
    pub text: String,
    #[serde(default)]
    pub mark: Mark,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Option<String>,
    /// Whether the report must state a restored area.
    #[serde(default)]
    pub needs_restored_area: bool,
}

/// 情形判定行 — a row that puts a site into a case; an empty list asks nothing. The first row that applies decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CaseRule {
    pub id: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub activities: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subtypes: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub zones: Vec<String>,
    /// Codes of CL-CHARACTER.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub characters: Vec<String>,
    /// Codes of CL-EFFECT.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<String>,
    pub case: String,
    pub reason: String,
    #[serde(default)]
    pub mark: Mark,
}

/// 销号条件 — one line of the checklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClosingLine {
    pub code: String,
    pub label: String,
    /// Cases that need it.
    pub cases: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Option<String>,
    /// Cases for which the source is not known: 待核实.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unconfirmed_for: Vec<String>,
    /// Kinds of evidence that count, in words.
    pub evidence: Vec<String>,
    /// Values it may have, where it is measured by one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// Field of the completion table that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    #[serde(default)]
    pub mark: Mark,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// 层级链 — the levels of a place; the first chain whose places fit is used, one without places fits everywhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Chain {
    pub id: String,
    pub label: String,
    /// Beginnings of division codes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<String>,
    pub links: Vec<ChainLink>,
    pub notice_working_days: u32,
    #[serde(default)]
    pub mark: Mark,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// 层级名称 — what a level's acceptance is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LevelLabel {
    pub code: String,
    pub label: String,
    pub authority: String,
}

/// 目录要求 — one item of the dossier index with the cases that need it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IndexRow {
    pub number: u8,
    pub code: String,
    pub label: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cases: Vec<String>,
}

/// 销号表 — everything a campaign's close-out is measured by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Closing {
    pub version: String,
    pub source: String,
    pub viewpoint_tolerance_deg: f64,
    pub extension_count: u32,
    pub extension_days: u32,
    /// Share of closed issues looked back at beside the focal ones.
    #[serde(default)]
    pub look_back_percent: u32,
    /// Share of a closed site under a new patch from which a relapse is suspected.
    #[serde(default)]
    pub relapse_overlap_share: f64,
    pub cases: Vec<Case>,
    pub case_rules: Vec<CaseRule>,
    pub lines: Vec<ClosingLine>,
    pub levels: Vec<LevelLabel>,
    pub chains: Vec<Chain>,
    pub index: Vec<IndexRow>,
}

/// 情形认定 — the case a site falls into, with the row that put it there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CaseFinding {
    pub case: String,
    pub rule: String,
    pub reason: String,
    pub mark: Mark,
}

/// 条件与出处 — one condition of a case as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Requirement<'a> {
    pub line: &'a ClosingLine,
    /// Source not known for this case: 待核实.
    pub is_unconfirmed: bool,
}

impl Closing {
    /// Reads a table. Unknown cases, levels and items are reported.
    pub fn from_toml(file: &str, text: &str) -> Result<(Self, Vec<Diagnostic>), ReadError> {
        let (closing, mut diagnostics) = reading::read::<Self>(file, text, "rectify.unknown_key")?;
        diagnostics.extend(closing.faults(file));
        Ok((closing, diagnostics))
    }

    /// The case with this code.
    pub fn find_case(&self, code: &str) -> Option<&Case> {
        self.cases.iter().find(|c| c.code == code)
    }

    /// The condition with this code.
    pub fn find_line(&self, code: &str) -> Option<&ClosingLine> {
        self.lines.iter().find(|l| l.code == code)
    }

    /// The chain used at a place, by its division code.
    pub fn find_chain(&self, division_code: &str) -> Option<&Chain> {
        let fits = |c: &&Chain| {
            c.places.is_empty()
                || c.places
                    .iter()
                    .any(|p| division_code.starts_with(p.as_str()))
        };
        self.chains.iter().find(fits)
    }

    /// The conditions of a case, in order.
    pub fn lines_of<'a>(&'a self, case: &'a str) -> impl Iterator<Item = Requirement<'a>> {
        let of_case = self.lines.iter().filter(move |l| holds(&l.cases, case));
        of_case.map(move |line| Requirement {
            line,
            is_unconfirmed: holds(&line.unconfirmed_for, case),
        })
    }

    /// What an issue of this case at this place must fulfil; `None` for a case or place the table does not know.
    pub fn requirements(&self, case: &str, division_code: &str) -> Option<ClosingRequirements> {
        let of_case = self.find_case(case)?;
        let chain = self.find_chain(division_code)?;
        let lines: Vec<&ClosingLine> = self.lines_of(case).map(|r| r.line).collect();
        let valued = lines.iter().filter(|l| !l.values.is_empty());
        let line_values: BTreeMap<String, Vec<String>> =
            valued.map(|l| (l.code.clone(), l.values.clone())).collect();
        let index = self.index.iter().filter(|i| holds(&i.cases, case));
        Some(ClosingRequirements {
            version: self.version.clone(),
            lines: lines.iter().map(|l| l.code.clone()).collect(),
            line_values,
            chain: chain.links.clone(),
            notice_working_days: chain.notice_working_days,
            index: index.map(|i| i.code.clone()).collect(),
            needs_restored_area: of_case.needs_restored_area,
            viewpoint_tolerance_deg: self.viewpoint_tolerance_deg,
            extension_count: self.extension_count,
            extension_days: self.extension_days,
        })
    }

    /// The case a site falls into by what is known of it, with the row and its reason.
    pub fn case_of(&self, dossier: &Dossier) -> Option<CaseFinding> {
        let facts = &dossier.facts;
        let decided = dossier.characterization.as_ref().map(|c| &c.body);
        let inputs = decided.and_then(|c| c.inputs.as_ref());
        let zone = inputs
            .and_then(|i| i.zone_kind.as_ref())
            .or(facts.zone_kind.as_ref());
        let stated = dossier
            .latest_verification()
            .and_then(|v| v.ecological_effect.as_ref());
        let effect = inputs.and_then(|i| i.ecological_effect.as_ref()).or(stated);
        let character = decided.map(|c| &c.character);
        let applies = |rule: &&CaseRule| {
            asks(&rule.activities, facts.activity_type_code.as_ref())
                && asks(&rule.subtypes, facts.activity_subtype.as_ref())
                && asks(&rule.zones, zone)
                && asks(&rule.characters, character)
                && asks(&rule.effects, effect)
        };
        let rule = self.case_rules.iter().find(applies)?;
        Some(CaseFinding {
            case: rule.case.clone(),
            rule: rule.id.clone(),
            reason: rule.reason.clone(),
            mark: rule.mark,
        })
    }

    fn faults(&self, file: &str) -> Vec<Diagnostic> {
        let cases: BTreeSet<&str> = self.cases.iter().map(|c| c.code.as_str()).collect();
        let unknown = |code: &str, path: &str| {
            Diagnostic::error("rectify.unknown_code")
                .arg("name", code)
                .at(place(file, path))
        };
        let rules = self
            .case_rules
            .iter()
            .map(|r| (&r.case, format!("case_rules.{}", r.id)));
        let lines = self.lines.iter().flat_map(|l| {
            let named = l.cases.iter().chain(&l.unconfirmed_for);
            named.map(|c| (c, format!("lines.{}", l.code)))
        });
        let index = self
            .index
            .iter()
            .flat_map(|i| i.cases.iter().map(|c| (c, format!("index.{}", i.code))));
        let named = rules.chain(lines).chain(index);
        let of_cases = named.filter(|(case, _)| !cases.contains(case.as_str()));
        let mut faults: Vec<Diagnostic> =
            of_cases.map(|(case, path)| unknown(case, &path)).collect();
        let links = self
            .chains
            .iter()
            .flat_map(|c| c.links.iter().map(move |l| (c, l)));
        let lost = links.filter(|(_, l)| !LEVELS.contains(&l.level.as_str()));
        faults.extend(lost.map(|(c, l)| unknown(&l.level, &format!("chains.{}", c.id))));
        let items = self
            .index
            .iter()
            .filter(|i| !index::ITEMS.contains(&i.code.as_str()));
        faults.extend(items.map(|i| unknown(&i.code, "index")));
        let bare = self
            .cases
            .iter()
            .filter(|c| self.lines_of(&c.code).next().is_none());
        faults.extend(bare.map(|c| {
            Diagnostic::error("rectify.no_lines")
                .arg("name", &c.code)
                .at(place(file, "cases"))
        }));
        faults
    }
}

fn holds(list: &[String], code: &str) -> bool {
    list.iter().any(|c| c == code)
}

fn asks(list: &[String], value: Option<&String>) -> bool {
    list.is_empty() || value.is_some_and(|v| list.contains(v))
}
