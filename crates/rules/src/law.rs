//! The clause library: which provision says what, from when until when.

use serde::Deserialize;

use crate::day::{Day, Span};

/// 条款 — one provision in one version.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clause {
    pub id: String,
    pub law: String,
    #[serde(default)]
    pub article: String,
    /// First day in force as known (`2019-04` where the day is not); empty = always so far.
    #[serde(default)]
    pub from: String,
    #[serde(default)]
    pub to: String,
    #[serde(default)]
    pub from_note: String,
    #[serde(default)]
    pub to_note: String,
    #[serde(default)]
    pub demands: String,
    #[serde(default)]
    pub penalty: String,
    #[serde(default)]
    pub body: String,
    /// V · P · G · O, or two for the clause and for what we made of it.
    pub mark: String,
    #[serde(default)]
    pub successors: Vec<String>,
    #[serde(skip)]
    pub(crate) force: Force,
}

/// When a clause holds; a month not known to the day counts whole.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Force {
    pub(crate) from: Option<Day>,
    pub(crate) to: Option<Day>,
}

impl Force {
    pub(crate) fn read(from: &str, to: &str) -> Result<Self, String> {
        let read = |text: &str| match text {
            "" => Ok(None),
            _ => Span::parse(text)
                .map(Some)
                .ok_or_else(|| format!("not a day, month or year: {text}")),
        };
        let (from, to) = (read(from)?.map(|s| s.first), read(to)?.map(|s| s.last));
        match (from, to) {
            (Some(f), Some(t)) if f > t => Err(format!("ends before it begins: {f} > {t}")),
            _ => Ok(Self { from, to }),
        }
    }

    pub(crate) fn holds_on(self, day: Day) -> bool {
        self.from.is_none_or(|f| f <= day) && self.to.is_none_or(|t| day <= t)
    }

    pub(crate) fn holds_throughout(self, span: Span) -> bool {
        self.holds_on(span.first) && self.holds_on(span.last)
    }
}

impl Clause {
    /// General knowledge is never shown as a citation.
    pub fn is_citable(&self) -> bool {
        self.mark != "G"
    }

    /// Name for people: law and article.
    pub fn title(&self) -> String {
        match self.article.as_str() {
            "" => self.law.clone(),
            article => format!("{} Art {article}", self.law),
        }
    }
}
