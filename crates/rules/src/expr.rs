//! Conditions as people write them in the tables: `Z3 and set = post and approvals in [none, partial]`.
//!
//! Read once into a small tree; words outside a fact's list are refused while loading.

use std::collections::BTreeMap;

use crate::day::{Day, Span};
use crate::facts::Facts;
use crate::field::{Field, FieldId, UNKNOWN, bit};
use crate::tri::Tri;

const MAX_DEPTH: usize = 24;
const MAX_LENGTH: usize = 4_000;
/// Terms stand for whole conditions: what they expand to is limited, or ten lines of terms would fill the memory.
const MAX_NODES: usize = 20_000;

/// 条件 — a condition over facts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expr {
    All(Vec<Expr>),
    Any(Vec<Expr>),
    Not(Box<Expr>),
    /// True unless the part is proven.
    Unproven(Box<Expr>),
    /// The fact's word is in the set.
    In {
        field: FieldId,
        words: u64,
    },
    /// Nobody knows the fact.
    IsUnknown {
        field: FieldId,
    },
    /// The building day lies on or after (before) a day.
    Built {
        field: FieldId,
        since: Day,
    },
    /// The day of judgement lies on or after a day.
    AsOf {
        since: Day,
    },
    /// The deadline is a day that has passed.
    Overdue,
    Always,
}

impl Expr {
    /// The condition's value.
    pub(crate) fn eval(&self, facts: &Facts) -> Tri {
        match self {
            Self::All(parts) => least(parts, facts),
            Self::Any(parts) => greatest(parts, facts),
            Self::Not(part) => part.eval(facts).negated(),
            Self::Unproven(part) => Tri::from(part.eval(facts) != Tri::True),
            Self::In { field, words } => match facts.code(*field) {
                UNKNOWN => Tri::Unknown,
                code => Tri::from(words >> code & 1 == 1),
            },
            Self::IsUnknown { field } => Tri::from(facts.is_unknown(*field)),
            Self::Built { since, .. } => facts.built.map_or(Tri::Unknown, |b| since_day(b, *since)),
            Self::AsOf { since } => Tri::from(facts.as_of >= *since),
            Self::Overdue => Tri::from(facts.deadline.is_some_and(|d| facts.as_of > d)),
            Self::Always => Tri::True,
        }
    }

    /// The facts that stand in the condition.
    pub(crate) fn fields(&self) -> u128 {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().fold(0, |all, p| all | p.fields()),
            Self::Not(part) | Self::Unproven(part) => part.fields(),
            Self::In { field, .. } | Self::IsUnknown { field } | Self::Built { field, .. } => {
                bit(*field)
            }
            Self::AsOf { .. } | Self::Overdue | Self::Always => 0,
        }
    }

    /// Whether somewhere it asks if a fact is unknown.
    pub(crate) fn asks_unknown(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::asks_unknown),
            Self::Not(part) | Self::Unproven(part) => part.asks_unknown(),
            Self::IsUnknown { .. } => true,
            _ => false,
        }
    }

    fn nodes(&self) -> usize {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().fold(1, |all, p| all + p.nodes()),
            Self::Not(part) | Self::Unproven(part) => 1 + part.nodes(),
            _ => 1,
        }
    }

    /// The parts that must all hold.
    pub(crate) fn conjuncts(&self) -> &[Expr] {
        match self {
            Self::All(parts) => parts,
            other => std::slice::from_ref(other),
        }
    }
}

fn least(parts: &[Expr], facts: &Facts) -> Tri {
    let mut value = Tri::True;
    for part in parts {
        value = value.min(part.eval(facts));
        if value == Tri::False {
            break;
        }
    }
    value
}

fn greatest(parts: &[Expr], facts: &Facts) -> Tri {
    let mut value = Tri::False;
    for part in parts {
        value = value.max(part.eval(facts));
        if value == Tri::True {
            break;
        }
    }
    value
}

/// E6: a span that the day falls inside is neither before nor after it.
fn since_day(span: Span, day: Day) -> Tri {
    if span.first >= day {
        Tri::True
    } else if span.last < day {
        Tri::False
    } else {
        Tri::Unknown
    }
}

/// 语境 — what a condition may name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    pub(crate) fields: BTreeMap<String, FieldId>,
    pub(crate) terms: BTreeMap<String, Expr>,
    pub(crate) rows: BTreeMap<String, Expr>,
    pub(crate) dates: BTreeMap<String, Day>,
    pub(crate) unmet: Option<Expr>,
}

/// Reads a condition.
pub(crate) fn parse(text: &str, scope: &Scope, registry: &[Field]) -> Result<Expr, String> {
    if text.len() > MAX_LENGTH {
        return Err(format!("longer than {MAX_LENGTH} bytes"));
    }
    let mut reader = Reader {
        tokens: tokens(text)?,
        at: 0,
        scope,
        registry,
    };
    let expr = reader.any(0)?;
    if expr.nodes() > MAX_NODES {
        return Err(format!(
            "more than {MAX_NODES} parts once its terms are written out"
        ));
    }
    match reader.peek() {
        None => Ok(expr),
        Some(rest) => Err(format!("unexpected: {rest}")),
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-')
}

pub(crate) fn tokens(text: &str) -> Result<Vec<&str>, String> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = token_length(rest, first)?;
        let (token, tail) = rest.split_at(length);
        found.push(token);
        rest = tail.trim_start();
    }
    Ok(found)
}

fn token_length(rest: &str, first: char) -> Result<usize, String> {
    if is_word(first) {
        return Ok(rest.find(|c| !is_word(c)).unwrap_or(rest.len()));
    }
    match first {
        '!' | '>' | '<' if rest[1..].starts_with('=') => Ok(2),
        '(' | ')' | '[' | ']' | ',' | '=' | '>' | '<' => Ok(1),
        other => Err(format!("unexpected character: {other}")),
    }
}

struct Reader<'a> {
    tokens: Vec<&'a str>,
    at: usize,
    scope: &'a Scope,
    registry: &'a [Field],
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.tokens.get(self.at).copied()
    }

    fn next(&mut self) -> Result<&'a str, String> {
        let token = self.peek().ok_or("ends too early")?;
        self.at += 1;
        Ok(token)
    }

    fn eat(&mut self, token: &str) -> bool {
        let is_here = self.peek() == Some(token);
        self.at += usize::from(is_here);
        is_here
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        match self.next()? {
            found if found == token => Ok(()),
            found => Err(format!("expected {token}, found {found}")),
        }
    }

    fn any(&mut self, depth: usize) -> Result<Expr, String> {
        if depth > MAX_DEPTH {
            return Err("nested too deep".to_owned());
        }
        let mut parts = vec![self.all(depth)?];
        while self.eat("or") {
            parts.push(self.all(depth)?);
        }
        Ok(joined(parts, Expr::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Expr, String> {
        let mut parts = vec![self.unary(depth)?];
        while self.eat("and") {
            parts.push(self.unary(depth)?);
        }
        Ok(joined(parts, Expr::All))
    }

    fn unary(&mut self, depth: usize) -> Result<Expr, String> {
        if depth > MAX_DEPTH {
            return Err("nested too deep".to_owned());
        }
        if self.eat("not") {
            return Ok(Expr::Not(Box::new(self.unary(depth + 1)?)));
        }
        if self.eat("unproven") {
            return Ok(Expr::Unproven(Box::new(self.unary(depth + 1)?)));
        }
        if self.eat("(") {
            let inner = self.any(depth + 1)?;
            self.expect(")")?;
            return Ok(inner);
        }
        let name = self.next()?;
        self.atom(name)
    }

    fn atom(&mut self, name: &str) -> Result<Expr, String> {
        match name {
            "always" => Ok(Expr::Always),
            "overdue" => Ok(Expr::Overdue),
            "unmet" => self
                .scope
                .unmet
                .clone()
                .ok_or_else(|| "this table lists no conditions to meet".to_owned()),
            "row" => {
                let id = self.next()?;
                self.scope
                    .rows
                    .get(id)
                    .cloned()
                    .ok_or_else(|| format!("no row above this one is called {id}"))
            }
            "as_of" => self.day_test(|since| Expr::AsOf { since }),
            _ => self.fact(name),
        }
    }

    fn fact(&mut self, name: &str) -> Result<Expr, String> {
        if let Some(term) = self.scope.terms.get(name) {
            return Ok(term.clone());
        }
        let field = *self
            .scope
            .fields
            .get(name)
            .ok_or_else(|| format!("no such fact or term: {name}"))?;
        let is_day = self
            .registry
            .get(usize::from(field))
            .is_some_and(|f| f.is_day);
        match self.peek() {
            _ if is_day => self.day_test(|since| Expr::Built { field, since }),
            Some("=" | "!=") => self.equality(field),
            Some("in") => self.membership(field),
            _ => Err(format!("after {name} comes =, != or in")),
        }
    }

    fn equality(&mut self, field: FieldId) -> Result<Expr, String> {
        let is_negated = self.next()? == "!=";
        let word = self.next()?;
        let test = match word {
            "unknown" => Expr::IsUnknown { field },
            _ => Expr::In {
                field,
                words: self.word(field, word)?,
            },
        };
        Ok(if is_negated {
            Expr::Not(Box::new(test))
        } else {
            test
        })
    }

    fn membership(&mut self, field: FieldId) -> Result<Expr, String> {
        self.expect("in")?;
        self.expect("[")?;
        let mut words = 0;
        loop {
            let word = self.next()?;
            words |= self.word(field, word)?;
            if self.eat("]") {
                return Ok(Expr::In { field, words });
            }
            self.expect(",")?;
        }
    }

    fn word(&self, field: FieldId, word: &str) -> Result<u64, String> {
        let known = self
            .registry
            .get(usize::from(field))
            .ok_or("no such fact")?;
        let index = known.words.find(word);
        index.map(|i| 1u64 << i).ok_or_else(|| {
            format!(
                "{word} is no value of {} ({})",
                known.name,
                known.words.listed()
            )
        })
    }

    fn day_test(&mut self, make: impl Fn(Day) -> Expr) -> Result<Expr, String> {
        let operator = self.next()?;
        let text = self.next()?;
        let named = self.scope.dates.get(text).copied();
        let day = named
            .or_else(|| Day::parse(text))
            .ok_or_else(|| format!("neither a day nor a named day: {text}"))?;
        match operator {
            ">=" => Ok(make(day)),
            "<" => Ok(Expr::Not(Box::new(make(day)))),
            other => Err(format!("days are compared with >= or <, not {other}")),
        }
    }
}

fn joined(mut parts: Vec<Expr>, join: impl Fn(Vec<Expr>) -> Expr) -> Expr {
    match parts.len() {
        1 => parts.swap_remove(0),
        _ => join(parts),
    }
}
