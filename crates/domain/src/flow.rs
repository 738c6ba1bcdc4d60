//! 流转表 — which step leads from which state to which, and what must be on file for it. The table is data of the
//! campaign; this is the walker. A state is never assigned, only reached.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use spatial::diagnostic::Diagnostic;

use crate::codes::Mark;
use crate::reading::{self, ReadError, place};

/// 状态 — one state of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    pub code: String,
    pub label: String,
    /// Whether a site in this state counts in ledgers and statistics.
    #[serde(default = "yes")]
    pub counts: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

fn yes() -> bool {
    true
}

/// 附加状态 — stands beside the state (挂牌督办, 移交, 暂缓) and does not replace it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideState {
    pub code: String,
    pub label: String,
    /// States it may stand beside.
    pub beside: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// 条件 — one thing that must be on file before a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guard {
    /// Name of the fact: `position`, `team`.
    pub fact: String,
    pub label: String,
    /// The fact must be a number of at least this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<u64>,
    /// The fact must be one of these codes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_of: Vec<String>,
    /// Not asked for where this other fact is on file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unless: Option<String>,
}

/// 去向 — where a step leads, and on what; the first outcome that applies decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub to: String,
    /// Fact that decides; an outcome without one always applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fact: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_of: Vec<String>,
}

/// 步骤 — a row of the transition table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub code: String,
    pub label: String,
    pub from: Vec<String>,
    /// Kind of the entry that takes the step; absent while no entry takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    #[serde(default)]
    pub guards: Vec<Guard>,
    pub outcomes: Vec<Outcome>,
    #[serde(default)]
    pub mark: Mark,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// 流转表 — states and steps of a campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    pub version: String,
    /// State in which a site begins.
    pub initial: String,
    pub states: Vec<State>,
    #[serde(default)]
    pub side_states: Vec<SideState>,
    pub steps: Vec<Step>,
}

/// 事实值 — what is on file about one fact of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FactValue {
    /// On file or not.
    Present(bool),
    /// How many.
    Count(u64),
    /// A code; an empty one is nothing on file.
    Code(String),
}

impl From<bool> for FactValue {
    fn from(present: bool) -> Self {
        Self::Present(present)
    }
}

impl From<u64> for FactValue {
    fn from(count: u64) -> Self {
        Self::Count(count)
    }
}

impl From<&str> for FactValue {
    fn from(code: &str) -> Self {
        Self::Code(code.to_owned())
    }
}

/// 步骤事实 — what is on file for a step, by name.
pub type Facts = BTreeMap<String, FactValue>;

/// 拒绝 — why a step cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{code}: step {step} from {state}")]
pub struct Refusal {
    /// `flow.unknown_state`, `flow.unknown_step`, `flow.step_not_allowed`, `flow.missing_facts`, `flow.no_outcome`.
    pub code: &'static str,
    pub state: String,
    pub step: String,
    /// Names of the facts that are not on file or not sufficient.
    pub missing: Vec<String>,
}

impl Guard {
    /// Whether the facts satisfy it.
    pub fn is_met(&self, facts: &Facts) -> bool {
        let waived = self.unless.as_ref().and_then(|fact| facts.get(fact));
        if waived.is_some_and(|value| *value != FactValue::Code(String::new())) {
            return true;
        }
        let Some(value) = facts.get(&self.fact) else {
            return false;
        };
        let enough = match (value, self.at_least) {
            (FactValue::Present(present), None) => *present,
            (FactValue::Present(present), Some(least)) => u64::from(*present) >= least,
            (FactValue::Count(count), least) => *count >= least.unwrap_or(1),
            (FactValue::Code(code), None) => !code.is_empty(),
            (FactValue::Code(_), Some(_)) => false,
        };
        enough && (self.one_of.is_empty() || is_one_of(value, &self.one_of))
    }
}

impl Outcome {
    fn applies(&self, facts: &Facts) -> bool {
        self.fact.as_ref().is_none_or(|fact| {
            facts
                .get(fact)
                .is_some_and(|value| is_one_of(value, &self.one_of))
        })
    }
}

fn is_one_of(value: &FactValue, codes: &[String]) -> bool {
    matches!(value, FactValue::Code(code) if codes.contains(code))
}

impl Flow {
    /// A table without states: nothing moves in it.
    pub fn empty() -> Self {
        Self {
            version: String::new(),
            initial: String::new(),
            states: Vec::new(),
            side_states: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// Reads a table. Dangling states, steps that lead nowhere and states nobody reaches are reported.
    pub fn from_toml(file: &str, text: &str) -> Result<(Self, Vec<Diagnostic>), ReadError> {
        let (flow, mut diagnostics) = reading::read::<Self>(file, text, "flow.unknown_key")?;
        diagnostics.extend(flow.faults(file));
        Ok((flow, diagnostics))
    }

    /// The state with this code.
    pub fn find_state(&self, code: &str) -> Option<&State> {
        self.states.iter().find(|s| s.code == code)
    }

    /// The label of a state, or the code itself where the table does not know it.
    pub fn state_label<'a>(&'a self, code: &'a str) -> &'a str {
        self.find_state(code).map_or(code, |s| &s.label)
    }

    /// Steps that may begin in `state`, whatever is on file.
    pub fn steps_from<'a>(&'a self, state: &'a str) -> impl Iterator<Item = &'a Step> {
        self.steps
            .iter()
            .filter(move |s| s.from.iter().any(|f| f == state))
    }

    /// The state that `step` leads to from `state` with these facts, or why it cannot be taken.
    pub fn next(&self, state: &str, step: &str, facts: &Facts) -> Result<&State, Refusal> {
        let refuse = |code, missing| Refusal {
            code,
            state: state.to_owned(),
            step: step.to_owned(),
            missing,
        };
        if self.find_state(state).is_none() {
            return Err(refuse("flow.unknown_state", Vec::new()));
        }
        let rows: Vec<&Step> = self.steps.iter().filter(|s| s.code == step).collect();
        if rows.is_empty() {
            return Err(refuse("flow.unknown_step", Vec::new()));
        }
        let row = rows.into_iter().find(|s| s.from.iter().any(|f| f == state));
        let row = row.ok_or_else(|| refuse("flow.step_not_allowed", Vec::new()))?;
        let missing: Vec<String> = row
            .guards
            .iter()
            .filter(|g| !g.is_met(facts))
            .map(|g| g.fact.clone())
            .collect();
        if !missing.is_empty() {
            return Err(refuse("flow.missing_facts", missing));
        }
        let outcome = row.outcomes.iter().find(|o| o.applies(facts));
        outcome
            .and_then(|o| self.find_state(&o.to))
            .ok_or_else(|| refuse("flow.no_outcome", Vec::new()))
    }

    /// States that can be reached from the initial one.
    pub fn reachable(&self) -> BTreeSet<&str> {
        let mut reached = BTreeSet::from([self.initial.as_str()]);
        let mut open = vec![self.initial.as_str()];
        while let Some(state) = open.pop() {
            let targets = self
                .steps_from(state)
                .flat_map(|s| &s.outcomes)
                .map(|o| o.to.as_str());
            open.extend(targets.filter(|t| reached.insert(t)));
        }
        reached
    }

    fn faults(&self, file: &str) -> Vec<Diagnostic> {
        let known: BTreeSet<&str> = self.states.iter().map(|s| s.code.as_str()).collect();
        let unknown = |state: &str, path: &str| {
            (!known.contains(state)).then(|| {
                Diagnostic::error("flow.dangling_state")
                    .arg("state", state)
                    .at(place(file, path))
            })
        };
        let mut faults: Vec<Diagnostic> = unknown(&self.initial, "initial").into_iter().collect();
        for step in &self.steps {
            let path = format!("steps.{}", step.code);
            let targets = step.outcomes.iter().map(|o| &o.to);
            faults.extend(
                step.from
                    .iter()
                    .chain(targets)
                    .filter_map(|s| unknown(s, &path)),
            );
            if step.outcomes.is_empty() {
                faults.push(
                    Diagnostic::error("flow.no_outcomes")
                        .arg("step", &step.code)
                        .at(place(file, &path)),
                );
            }
        }
        for side in &self.side_states {
            let path = format!("side_states.{}", side.code);
            faults.extend(side.beside.iter().filter_map(|s| unknown(s, &path)));
        }
        let reachable = self.reachable();
        let lost = self
            .states
            .iter()
            .filter(|s| !reachable.contains(s.code.as_str()));
        faults.extend(lost.map(|s| {
            Diagnostic::warning("flow.unreachable")
                .arg("state", &s.code)
                .at(place(file, "states"))
        }));
        faults
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;
    use crate::dossier::{SiteState, state_after};
    use crate::shipped;

    fn flow() -> Flow {
        shipped::campaign("lvdun-2019").0.flow.unwrap()
    }

    fn verified(conclusion: &str) -> Facts {
        Facts::from([
            ("position".into(), true.into()),
            ("photos".into(), 2.into()),
            ("team".into(), 2.into()),
            ("conclusion".into(), conclusion.into()),
        ])
    }

    #[rstest]
    #[case("outside_reserve", "excluded")]
    #[case("false_alarm", "excluded")]
    #[case("no_issue_lawful", "no_issue")]
    #[case("no_issue_resident", "no_issue")]
    #[case("no_issue_management", "no_issue")]
    #[case("issue_unapproved", "verified_with_issue")]
    #[case("issue_incomplete_papers", "verified_with_issue")]
    #[case("issue_violation", "verified_with_issue")]
    #[case("issue_unrestored", "verified_with_issue")]
    #[case("undetermined", "in_verification")]
    fn the_conclusion_decides_where_a_verification_leads(
        #[case] conclusion: &str,
        #[case] expected: &str,
    ) {
        let flow = flow();
        let next = flow
            .next("in_verification", "verify", &verified(conclusion))
            .unwrap();
        assert_eq!(next.code, expected);
        assert_eq!(
            state_after(conclusion).code(),
            expected,
            "the dossier's fold agrees with the table"
        );
    }

    #[test]
    fn every_conclusion_of_the_list_has_an_outcome() {
        let book = shipped::code_book().0;
        for code in &book
            .find_list(&"CL-VERDICT@1".parse().unwrap())
            .unwrap()
            .codes
        {
            assert!(
                flow()
                    .next("awaiting_verification", "verify", &verified(&code.code))
                    .is_ok(),
                "{}",
                code.code
            );
        }
    }

    #[test]
    fn the_table_has_exactly_the_states_of_the_dossier() {
        let states = SiteState::ALL;
        let flow = flow();
        assert_eq!(flow.states.len(), states.len());
        for state in states {
            assert_eq!(
                flow.find_state(state.code()).map(|s| s.counts),
                Some(state.counts()),
                "{}",
                state.code()
            );
        }
        assert_eq!(flow.reachable().len(), states.len());
    }

    #[test]
    fn every_entry_the_table_names_is_a_kind_of_entry() {
        let known: Vec<&str> = crate::entry::EntryBody::KINDS
            .iter()
            .map(|(kind, _)| *kind)
            .collect();
        for step in flow().steps {
            assert!(
                step.entry.iter().all(|e| known.contains(&e.as_str())),
                "{}",
                step.code
            );
        }
    }

    #[test]
    fn a_verification_by_one_person_without_photos_is_refused_with_what_is_missing() {
        let mut facts = verified("issue_violation");
        facts.insert("team".into(), 1.into());
        facts.remove("photos");
        let refusal = flow()
            .next("in_verification", "verify", &facts)
            .unwrap_err();
        assert_eq!(
            (refusal.code, refusal.missing),
            ("flow.missing_facts", vec!["photos".into(), "team".into()])
        );
    }

    #[test]
    fn a_site_without_an_issue_is_not_characterized() {
        let refusal = flow()
            .next("no_issue", "characterize", &Facts::new())
            .unwrap_err();
        assert_eq!(refusal.code, "flow.step_not_allowed");
    }

    #[test]
    fn characterization_needs_the_five_inputs_the_effect_a_basis_and_two_signatures() {
        let refusal = flow()
            .next("verified_with_issue", "characterize", &Facts::new())
            .unwrap_err();
        let needed = [
            "reserve_established_on",
            "rule_effective_on",
            "built_on",
            "zone_kind",
            "approvals",
            "ecological_effect",
            "legal_basis",
            "signatures",
        ];
        assert_eq!(refusal.missing, needed);
    }

    #[rstest]
    #[case("nowhere", "verify", "flow.unknown_state")]
    #[case("in_verification", "dance", "flow.unknown_step")]
    #[case("withdrawn", "verify", "flow.step_not_allowed")]
    fn a_step_that_does_not_exist_is_refused(
        #[case] state: &str,
        #[case] step: &str,
        #[case] code: &str,
    ) {
        assert_eq!(
            flow().next(state, step, &Facts::new()).unwrap_err().code,
            code
        );
    }

    #[test]
    fn a_dangling_state_and_an_unreachable_one_are_reported() {
        let text = "version = \"1\"\ninitial = \"a\"\n[[states]]\ncode = \"a\"\nlabel = \"甲\"\n[[states]]\ncode = \"c\"\n\
            label = \"丙\"\n[[steps]]\ncode = \"go\"\nlabel = \"走\"\nfrom = [\"a\"]\noutcomes = [{to = \"b\"}]\n";
        let diagnostics = Flow::from_toml("flow.toml", text).unwrap().1;
        let codes: Vec<&str> = diagnostics.iter().map(|d| d.code.as_ref()).collect();
        assert_eq!(codes, ["flow.dangling_state", "flow.unreachable"]);
    }

    fn any_facts() -> impl Strategy<Value = Facts> {
        let names = [
            "position",
            "photos",
            "team",
            "conclusion",
            "into",
            "reason",
            "assignee",
            "built_on",
            "legal_basis",
        ];
        let value = prop_oneof![
            any::<bool>().prop_map(FactValue::Present),
            (0u64..4).prop_map(FactValue::Count),
            prop::sample::select(vec![
                "issue_violation",
                "undetermined",
                "no_issue_lawful",
                "",
                "nonsense"
            ])
            .prop_map(FactValue::from),
        ];
        prop::collection::btree_map(
            prop::sample::select(names.to_vec()).prop_map(str::to_owned),
            value,
            0..9,
        )
    }

    proptest! {
        #[test]
        fn no_walk_leaves_the_table_or_is_characterized_without_a_verified_issue(
            walk in prop::collection::vec((prop::sample::select(vec!["assign", "verify", "characterize", "merge", "withdraw"]), any_facts()), 0..30)
        ) {
            let flow = flow();
            let mut state = flow.initial.clone();
            for (step, facts) in walk {
                if let Ok(next) = flow.next(&state, step, &facts) {
                    prop_assert!(next.code != "characterized" || state == "verified_with_issue" || state == "characterized");
                    state = next.code.clone();
                }
            }
            prop_assert!(flow.find_state(&state).is_some());
        }
    }
}
