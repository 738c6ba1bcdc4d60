//! 填表规则 — which fact of the decision tables is read from where in the dossier; data beside the tables.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;
use spatial::diagnostic::Diagnostic;

use crate::reading::{self, ReadError};

/// 首个边界版本以前 — what is assumed of a spot before the first boundary on file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FirstBoundary {
    /// It lay in the reserve from the day the reserve was established.
    Established,
    /// Nothing.
    Unknown,
}

/// 选表 — the table that judges sites of a class.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Choice {
    pub table: String,
    pub activities: Vec<String>,
    /// Subtypes it is limited to; none means any.
    #[serde(default)]
    pub subtypes: Vec<String>,
    #[serde(default)]
    pub checklist: Option<String>,
    /// Facts that follow from the class itself.
    #[serde(default)]
    pub facts: BTreeMap<String, String>,
}

/// 手续取值 — a fact that one kind of paper decides.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PaperFact {
    pub tables: Vec<String>,
    pub fact: String,
    pub kind: String,
    /// Word where it was looked for and not found.
    #[serde(default)]
    pub absent: Option<String>,
    /// Word where it is on file, whatever its term.
    #[serde(default)]
    pub present: Option<String>,
    /// Word where its term has not ended.
    #[serde(default)]
    pub valid: Option<String>,
    #[serde(default)]
    pub expired: Option<String>,
}

/// 应有手续 — one paper of a checklist.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Document {
    pub kind: String,
    /// Kinds that do as well.
    #[serde(default)]
    pub or: Vec<String>,
    /// Its area must cover the footprint.
    #[serde(default)]
    pub area: bool,
    /// By its nature issued after building.
    #[serde(default)]
    pub may_follow: bool,
    /// Needed only where building began on or after this day.
    #[serde(default)]
    pub from: Option<Date>,
    #[serde(default)]
    pub subtypes: Vec<String>,
    /// Counts only where somebody recorded that it is or is not there.
    #[serde(default)]
    pub if_recorded: bool,
}

/// 手续清单 — the papers a class of sites needs (rules 4.1).
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Checklist {
    pub id: String,
    pub documents: Vec<Document>,
}

/// 性质取值 — the character (CL-CHARACTER) a verdict comes to.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct CharacterOf {
    pub verdict: String,
    #[serde(default)]
    pub activity: Option<String>,
    pub character: String,
}

/// 填表规则 — how fact sheets are filled from dossiers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Filling {
    pub new_since: Date,
    pub first_boundary: FirstBoundary,
    #[serde(default)]
    pub carry_over_sources: Vec<String>,
    #[serde(default)]
    pub none_words: Vec<String>,
    /// Facts that are computed and that nobody states.
    #[serde(default)]
    pub computed: Vec<String>,
    /// Who can tell a fact, where it is not the station.
    #[serde(default)]
    pub asked_of: BTreeMap<String, String>,
    pub choices: Vec<Choice>,
    /// By table, by current status: facts.
    #[serde(default)]
    pub status: BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>,
    /// By conclusion: facts.
    #[serde(default)]
    pub conclusions: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(default)]
    pub paper_facts: Vec<PaperFact>,
    #[serde(default)]
    pub checklists: Vec<Checklist>,
    #[serde(default)]
    pub characters: Vec<CharacterOf>,
}

impl Filling {
    /// Reads the file; keys nobody knows are warnings.
    pub fn from_toml(file: &str, text: &str) -> Result<(Self, Vec<Diagnostic>), ReadError> {
        reading::read::<Self>(file, text, "judge.unknown_filling_key")
    }

    /// The choice for a class and subtype: the first that fits.
    pub fn choice(&self, activity: &str, subtype: Option<&str>) -> Option<&Choice> {
        self.of_activity(activity).find(|c| {
            c.subtypes.is_empty() || subtype.is_some_and(|s| c.subtypes.iter().any(|o| o == s))
        })
    }

    /// Every choice a class may come to.
    pub fn of_activity(&self, activity: &str) -> impl Iterator<Item = &Choice> {
        self.choices
            .iter()
            .filter(move |c| c.activities.iter().any(|a| a == activity))
    }

    /// Papers of a checklist.
    pub fn documents(&self, checklist: &str) -> &[Document] {
        self.checklists
            .iter()
            .find(|c| c.id == checklist)
            .map_or(&[], |c| &c.documents)
    }

    /// Who can tell a fact: `station` or `office`.
    pub fn asked_of(&self, fact: &str) -> &str {
        self.asked_of.get(fact).map_or("station", String::as_str)
    }

    /// The character a verdict comes to, where one does.
    pub fn character(&self, verdict: &str, activity: Option<&str>) -> Option<&str> {
        let fits = |c: &&CharacterOf| {
            c.verdict == verdict && (c.activity.is_none() || c.activity.as_deref() == activity)
        };
        self.characters
            .iter()
            .find(fits)
            .map(|c| c.character.as_str())
    }
}
