//! The clause library: which provision says what, from when until when.

use serde::{Deserialize, Serialize};

use crate::day::{Day, Span};

/// 条款 — one provision in one version.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
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
    /// The articles' own words, where the text at hand is the law itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wording: Vec<String>,
    /// The edition that the wording is taken from.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub edition: String,
    #[serde(skip)]
    pub(crate) force: Force,
}

/// Whether a text says of itself that nobody read it in the law.
fn is_doubted(text: &str) -> bool {
    ["待核", "(G)"].iter().any(|doubt| text.contains(doubt))
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

    /// Whether the amounts of its penalty were read in the text; others are never printed.
    pub fn is_penalty_checked(&self) -> bool {
        self.mark.starts_with('V') && !is_doubted(&self.penalty)
    }

    /// Whether the day it came into force was read in the text.
    pub fn is_from_checked(&self) -> bool {
        !is_doubted(&self.from_note)
    }

    /// Name of the law without its year: `矿产资源法` of `矿产资源法 (2009)`.
    pub(crate) fn law_name(&self) -> &str {
        let name = self.law.split(['(', '（']).next();
        name.unwrap_or(&self.law).trim()
    }

    /// Whether it holds on a day.
    pub fn is_in_force(&self, day: jiff::civil::Date) -> bool {
        self.force.holds_on(Day::from(day))
    }

    /// Name for people in Chinese: `《矿产资源法 (2009)》第20(5)条`.
    pub fn title_zh(&self) -> String {
        let law = match self.law.contains('《') {
            true => self.law.clone(),
            false => format!("《{}》", self.law),
        };
        if let Some(chapter) = self.article.strip_prefix("chapter ") {
            return format!("{law}第{chapter}章");
        }
        let (article, version) = self.article_and_text();
        let version = version.map_or_else(String::new, |v| format!("（{v}）"));
        match article.split_once('(') {
            None if matches!(article, "" | "whole") => law,
            None => format!("{law}第{article}条{version}"),
            Some((article, part)) => format!("{law}第{}条({part}{version}", article.trim()),
        }
    }

    /// The article, and whose wording it has where a law kept its name: `27, 1994 text` is article 27, 1994年文本.
    fn article_and_text(&self) -> (&str, Option<String>) {
        let Some((article, note)) = self.article.split_once(", ") else {
            return (&self.article, None);
        };
        match (note.strip_suffix(" text"), note.strip_prefix("before ")) {
            (Some(year), _) => (article, Some(format!("{year}年文本"))),
            (None, Some(year)) => (article, Some(format!("{year}年以前文本"))),
            (None, None) => (&self.article, None),
        }
    }
}
