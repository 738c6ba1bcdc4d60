//! Cells of the output columns: `legacy if set = pre and approvals = all; violation`.

use crate::expr::Expr;
use crate::facts::Facts;
use crate::tri::Tri;

/// 取值格 — cases from left to right, the first that holds gives the word; the last holds always.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Choice {
    pub(crate) cases: Vec<Case>,
}

/// 情形 — a word (by position in its list) and when it holds; none = always.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Case {
    pub(crate) when: Option<Expr>,
    pub(crate) word: u8,
}

/// What a choice may come to, and the unknown facts on which that hangs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Set of positions.
    pub(crate) possible: u64,
    pub(crate) hangs_on: u128,
}

impl Outcome {
    /// The word that holds whatever the unknown facts are.
    pub(crate) fn certain(self) -> Option<u8> {
        (self.possible.count_ones() == 1).then(|| self.first())
    }

    pub(crate) fn first(self) -> u8 {
        u8::try_from(self.possible.trailing_zeros()).unwrap_or(0)
    }

    /// The last position that is possible: of grades the mildest.
    pub(crate) fn last(self) -> u8 {
        u8::try_from(63u32.saturating_sub(self.possible.leading_zeros())).unwrap_or(0)
    }
}

impl Choice {
    /// A choice of one word.
    pub(crate) fn always(word: u8) -> Self {
        Self {
            cases: vec![Case { when: None, word }],
        }
    }

    /// Which words are possible.
    pub(crate) fn weigh(&self, facts: &Facts) -> Outcome {
        let mut outcome = Outcome::default();
        for case in &self.cases {
            let value = case.when.as_ref().map_or(Tri::True, |w| w.eval(facts));
            if value == Tri::False {
                continue;
            }
            outcome.possible |= 1 << case.word;
            if value == Tri::True {
                break;
            }
            outcome.hangs_on |= case.when.as_ref().map_or(0, Expr::fields) & facts.unknown;
        }
        if outcome.certain().is_some() {
            outcome.hangs_on = 0;
        }
        outcome
    }

    /// The facts that stand in its conditions.
    pub(crate) fn fields(&self) -> u128 {
        self.cases
            .iter()
            .filter_map(|c| c.when.as_ref())
            .fold(0, |all, w| all | w.fields())
    }
}

/// What a list of measures comes to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) words: u64,
    pub(crate) hangs: bool,
    pub(crate) hangs_on: u128,
}

/// 措施格 — every item that holds is taken; one that hangs on an unknown fact is left out and said so.
pub(crate) fn take(items: &[Case], facts: &Facts) -> Taken {
    let mut taken = Taken::default();
    for item in items {
        let Some(when) = &item.when else {
            taken.words |= 1 << item.word;
            continue;
        };
        let value = when.eval(facts);
        if value == Tri::True {
            taken.words |= 1 << item.word;
        }
        taken.hangs |= value == Tri::Unknown;
        if value == Tri::Unknown || value == Tri::True && when.asks_unknown() {
            taken.hangs_on |= when.fields() & facts.unknown;
        }
    }
    taken
}
