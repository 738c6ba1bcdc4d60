//! Sets of fact sheets as unions of boxes: for each fact the words it may hold. Conditions become such sets, so that
//! rows nobody can reach, gaps and overlaps can be computed instead of guessed.

use std::collections::BTreeMap;

use crate::day::Day;
use crate::expr::Expr;
use crate::field::{Field, FieldId};

/// Beyond this a set is not computed on.
const MAX_BOXES: usize = 60_000;

/// The word of a fact of which nothing is known.
pub(crate) const UNKNOWN_BIT: u64 = 1 << 63;

/// Positions that stand for the day of judgement and for "overdue".
const AS_OF: FieldId = FieldId::MAX;
const OVERDUE: FieldId = FieldId::MAX - 1;

/// 盒 — for each fact the words it may hold; a fact that is not listed may hold any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Box(BTreeMap<FieldId, u64>);

/// 域 — what the facts range over: words, and the stretches between the days that conditions name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Space {
    full: BTreeMap<FieldId, u64>,
    as_of_cuts: Vec<Day>,
    built_cuts: Vec<Day>,
}

/// Too many boxes to compute on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMany;

type Boxes = Result<Vec<Box>, TooMany>;

fn add(mut all: Vec<Box>, more: Vec<Box>) -> Boxes {
    all.extend(more);
    limited(all)
}

fn limited(boxes: Vec<Box>) -> Boxes {
    if boxes.len() > MAX_BOXES {
        return Err(TooMany);
    }
    Ok(boxes)
}

impl Box {
    fn with(&self, field: FieldId, words: u64) -> Self {
        let mut narrowed = self.clone();
        narrowed.0.insert(field, words);
        narrowed
    }

    /// Words of a fact; none = any.
    pub(crate) fn words(&self, field: FieldId) -> Option<u64> {
        self.0.get(&field).copied()
    }

    /// The facts it says something about.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (FieldId, u64)> {
        self.0.iter().map(|(f, w)| (*f, *w))
    }

    fn meet(&self, other: &Self) -> Option<Self> {
        let mut met = self.clone();
        for (field, words) in &other.0 {
            let both = met.0.get(field).map_or(*words, |w| w & words);
            if both == 0 {
                return None;
            }
            met.0.insert(*field, both);
        }
        Some(met)
    }
}

impl Space {
    /// The space of all facts that the conditions speak of.
    pub(crate) fn of<'e>(conditions: impl Iterator<Item = &'e Expr>, registry: &[Field]) -> Self {
        let mut space = Self::default();
        for condition in conditions {
            space.learn(condition);
        }
        space.as_of_cuts.sort_unstable();
        space.as_of_cuts.dedup();
        space.built_cuts.sort_unstable();
        space.built_cuts.dedup();
        for (field, id) in registry.iter().zip(0u8..) {
            let words = if field.is_day {
                stretches(&space.built_cuts)
            } else {
                (1u64 << field.words.0.len()) - 1
            };
            space.full.insert(id, words | UNKNOWN_BIT);
        }
        space.full.insert(AS_OF, stretches(&space.as_of_cuts));
        space.full.insert(OVERDUE, 0b11);
        space
    }

    fn learn(&mut self, condition: &Expr) {
        match condition {
            Expr::All(parts) | Expr::Any(parts) => parts.iter().for_each(|p| self.learn(p)),
            Expr::Not(part) | Expr::Unproven(part) => self.learn(part),
            Expr::AsOf { since } => self.as_of_cuts.push(*since),
            Expr::Built { since, .. } => self.built_cuts.push(*since),
            _ => {}
        }
    }

    /// Where the condition is true.
    pub(crate) fn truth(&self, condition: &Expr) -> Boxes {
        match condition {
            Expr::All(parts) => self.meet_all(parts, Self::truth),
            Expr::Any(parts) => self.join_all(parts, Self::truth),
            Expr::Not(part) => self.falsehood(part),
            Expr::Unproven(part) => self.complement(self.truth(part)?),
            other => Ok(self.atom(other, true)),
        }
    }

    /// Where the condition is false; where it is unknown it is neither.
    fn falsehood(&self, condition: &Expr) -> Boxes {
        match condition {
            Expr::All(parts) => self.join_all(parts, Self::falsehood),
            Expr::Any(parts) => self.meet_all(parts, Self::falsehood),
            Expr::Not(part) => self.truth(part),
            Expr::Unproven(part) => self.truth(part),
            other => Ok(self.atom(other, false)),
        }
    }

    fn atom(&self, condition: &Expr, is_true: bool) -> Vec<Box> {
        let (field, words) = match condition {
            Expr::In { field, words } => (*field, *words),
            Expr::IsUnknown { field } => (*field, UNKNOWN_BIT),
            Expr::Built { field, since } => (*field, from_cut(&self.built_cuts, *since)),
            Expr::AsOf { since } => (AS_OF, from_cut(&self.as_of_cuts, *since)),
            Expr::Overdue => (OVERDUE, 1),
            _ if is_true => return vec![Box::default()],
            _ => return Vec::new(),
        };
        let full = self.full.get(&field).copied().unwrap_or(0);
        let asks_unknown = matches!(condition, Expr::IsUnknown { .. });
        let known = if asks_unknown {
            full
        } else {
            full & !UNKNOWN_BIT
        };
        let words = if is_true {
            words & full
        } else {
            known & !words
        };
        match words {
            0 => Vec::new(),
            words => vec![Box::default().with(field, words)],
        }
    }

    fn join_all(&self, parts: &[Expr], of: impl Fn(&Self, &Expr) -> Boxes) -> Boxes {
        parts
            .iter()
            .try_fold(Vec::new(), |all, part| add(all, of(self, part)?))
    }

    fn meet_all(&self, parts: &[Expr], of: impl Fn(&Self, &Expr) -> Boxes) -> Boxes {
        parts.iter().try_fold(vec![Box::default()], |all, part| {
            self.meet(&all, &of(self, part)?)
        })
    }

    /// What lies in both.
    pub(crate) fn meet(&self, one: &[Box], other: &[Box]) -> Boxes {
        let pairs = one.iter().flat_map(|a| other.iter().map(move |b| (a, b)));
        let mut met = Vec::new();
        for both in pairs.filter_map(|(a, b)| a.meet(b)) {
            met.push(both);
            if met.len() > MAX_BOXES {
                return Err(TooMany);
            }
        }
        Ok(met)
    }

    fn complement(&self, boxes: Vec<Box>) -> Boxes {
        self.without(vec![Box::default()], &boxes)
    }

    /// What lies in the first and in none of the second.
    pub(crate) fn without(&self, from: Vec<Box>, away: &[Box]) -> Boxes {
        away.iter().try_fold(from, |left, taken| {
            let mut rest = Vec::new();
            for part in &left {
                self.split(part, taken, &mut rest);
            }
            limited(rest)
        })
    }

    /// The parts of `part` outside `taken`, which do not overlap one another.
    fn split(&self, part: &Box, taken: &Box, rest: &mut Vec<Box>) {
        if part.meet(taken).is_none() {
            rest.push(part.clone());
            return;
        }
        let mut inner = part.clone();
        for (field, words) in &taken.0 {
            let full = self.full.get(field).copied().unwrap_or(0);
            let own = inner.words(*field).unwrap_or(full);
            if own & !words != 0 {
                rest.push(inner.with(*field, own & !words));
            }
            inner = inner.with(*field, own & words);
        }
    }

    /// The boxes with every fact known that they speak of.
    pub(crate) fn known(&self, boxes: Vec<Box>) -> Vec<Box> {
        let known = |mut one: Box| {
            for words in one.0.values_mut() {
                *words &= !UNKNOWN_BIT;
            }
            one.0.values().all(|w| *w != 0).then_some(one)
        };
        boxes.into_iter().filter_map(known).collect()
    }

    /// First and last days of judgement that the boxes allow, in order; none = open.
    pub(crate) fn days(&self, boxes: &[Box]) -> Vec<(Option<Day>, Option<Day>)> {
        let full = stretches(&self.as_of_cuts);
        let seen = boxes
            .iter()
            .fold(0, |all, one| all | one.words(AS_OF).unwrap_or(full));
        let ends = |i: usize| {
            let from = i.checked_sub(1).and_then(|i| self.as_of_cuts.get(i));
            (from.copied(), self.as_of_cuts.get(i).copied())
        };
        (0..=self.as_of_cuts.len())
            .filter(|i| seen >> i & 1 == 1)
            .map(ends)
            .collect()
    }

    /// A box in the words of the tables: `cert = never; op = suspended`.
    pub(crate) fn spell(&self, one: &Box, registry: &[Field]) -> String {
        let part = |(field, words): (FieldId, u64)| {
            let known = registry.get(usize::from(field))?;
            if known.is_day || self.full.get(&field) == Some(&(words | UNKNOWN_BIT)) {
                return None;
            }
            let codes = known.words.0.iter().zip(0u32..);
            let chosen: Vec<&str> = codes
                .filter(|(_, i)| words >> i & 1 == 1)
                .map(|(w, _)| w.code.as_str())
                .collect();
            Some(match chosen.as_slice() {
                [only] => format!("{} = {only}", known.name),
                several => format!("{} in [{}]", known.name, several.join(", ")),
            })
        };
        let parts: Vec<String> = one.fields().filter_map(part).collect();
        parts.join("; ")
    }
}

/// One bit for each stretch between cuts.
fn stretches(cuts: &[Day]) -> u64 {
    (1u64 << (cuts.len() + 1).min(60)) - 1
}

/// The stretches on and after a cut.
fn from_cut(cuts: &[Day], since: Day) -> u64 {
    let before = cuts.iter().filter(|c| **c < since).count();
    stretches(cuts) & !((1u64 << (before + 1)) - 1)
}
