//! Facts by name: which words each may hold, what it is when nobody said.

use std::collections::BTreeMap;

/// Index of a fact in the registry.
pub(crate) type FieldId = u8;

/// As many facts as a bit set of them holds.
pub(crate) const MAX_FIELDS: usize = 96;

/// A word is one bit of a set of words.
pub(crate) const MAX_WORDS: usize = 63;

/// The code of an unknown fact.
pub(crate) const UNKNOWN: u8 = u8::MAX;

/// Facts that the engine itself states while it judges.
pub(crate) const VERDICT: FieldId = 0;
pub(crate) const FOCUS: FieldId = 1;
pub(crate) const SEVERITY: FieldId = 2;

/// 词 — a code with its name for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    pub code: String,
    pub label: String,
}

/// 词表 — the words an output or a fact may hold, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words(pub Vec<Word>);

impl Words {
    /// Position of a code.
    pub(crate) fn find(&self, code: &str) -> Option<u8> {
        self.0
            .iter()
            .position(|w| w.code == code)
            .and_then(|i| u8::try_from(i).ok())
    }

    /// The code at a position; empty for one that is not in the list.
    pub(crate) fn code(&self, index: u8) -> &str {
        self.0.get(usize::from(index)).map_or("", |w| &w.code)
    }

    /// The name for people of a code, or the code itself.
    pub fn label<'a>(&'a self, code: &'a str) -> &'a str {
        self.0
            .iter()
            .find(|w| w.code == code)
            .map_or(code, |w| &w.label)
    }

    /// All codes, for a message.
    pub(crate) fn listed(&self) -> String {
        self.0
            .iter()
            .map(|w| w.code.as_str())
            .collect::<Vec<_>>()
            .join(" · ")
    }
}

/// 事实 — one input of the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// As the fact sheet writes it.
    pub name: String,
    /// Its name for people.
    pub label: String,
    pub words: Words,
    /// What it is if absent; none = unknown.
    pub(crate) default: Option<u8>,
    /// Other words that count as one of the list (E5).
    pub(crate) counts_as: BTreeMap<String, u8>,
    /// A day, month or year instead of a word.
    pub is_day: bool,
}

impl Field {
    /// Whether a sheet may state this word.
    pub fn accepts(&self, word: &str) -> bool {
        word == "unknown" || self.words.find(word).is_some() || self.counts_as.contains_key(word)
    }

    /// The default's code, if the fact has one.
    pub fn default_code(&self) -> Option<&str> {
        self.default.map(|d| self.words.code(d))
    }
}

/// The bit of a fact.
pub(crate) fn bit(field: FieldId) -> u128 {
    1u128 << field
}
