//! The rule set: what the tables say of a sheet, and what they still ask.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rules::{Answer, AnswerValue, Explain, FactSheet, Judged, Judgement, Question, Ruleset};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::error::Error;

/// 规则 — read and checked, with who answers what.
#[derive(Debug)]
pub struct Rules {
    ruleset: Ruleset,
    filling: Filling,
    /// SHA-256 over names and texts of all files, as decisions at the desk freeze it.
    pub version: String,
}

/// Of the filling rules: who can tell a fact, and which facts nobody states.
#[derive(Debug, Default, Deserialize)]
struct Filling {
    #[serde(default)]
    computed: Vec<String>,
    #[serde(default)]
    asked_of: BTreeMap<String, String>,
}

const FILLING: &str = "filling.toml";

impl Rules {
    /// Reads the files of a pack. Any fault refuses them.
    pub fn load(files: &BTreeMap<String, String>) -> Result<Self, Error> {
        let (ruleset, _) =
            Ruleset::from_files(files).map_err(|source| Error::FaultyRules { source })?;
        // What is odd about this file was told when the register was set up; the questions work without it.
        let filling = files.get(FILLING).and_then(|t| toml::from_str(t).ok());
        Ok(Self {
            ruleset,
            filling: filling.unwrap_or_default(),
            version: version(files),
        })
    }

    /// The rules themselves.
    pub fn ruleset(&self) -> &Ruleset {
        &self.ruleset
    }

    /// 初步提示 — the judgement as the desk prints it, with its words for people.
    pub(crate) fn judge(
        &self,
        sheet: Map<String, Value>,
        as_of: Option<Date>,
    ) -> Result<Value, Error> {
        let sheet = FactSheet(sheet);
        let judged = rules::judge(&self.ruleset, &sheet, as_of, Explain::Row)?;
        let mut value = serde_json::to_value(&judged).unwrap_or_default();
        if let (Judged::Judgement(judgement), Some(members)) = (judged, value.as_object_mut()) {
            members.extend(self.in_words(&judgement));
        }
        Ok(value)
    }

    fn in_words(&self, judgement: &Judgement<'_>) -> Map<String, Value> {
        let label = |member: &str, code: &str| Value::from(self.ruleset.label(member, code));
        let labels = |member: &str, codes: &[&str]| -> Value {
            codes.iter().map(|code| label(member, code)).collect()
        };
        let clause = |id: &&str| self.ruleset.find_clause(id).map(rules::Clause::title_zh);
        let clauses: Vec<String> = judgement.basis.iter().filter_map(clause).collect();
        let words = json!({
            "verdict_label": label("verdict", judgement.verdict),
            "reason_text": self.ruleset.condition_of(&judgement.row),
            "disposal_labels": labels("disposal", &judgement.disposal),
            "severity_label": judgement.severity.map(|code| label("severity", code)),
            "deadline_label": judgement.deadline.map(|code| label("deadline", code)),
            "clauses": clauses,
        });
        match words {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }

    /// 待答问题 — the missing facts, with what each answer would come to.
    pub(crate) fn questions(
        &self,
        sheet: Map<String, Value>,
        as_of: Option<Date>,
    ) -> Result<Value, Error> {
        let found = rules::questions(&self.ruleset, &FactSheet(sheet), as_of)?;
        Ok(found.iter().map(|question| self.asked(question)).collect())
    }

    fn asked(&self, question: &Question<'_>) -> Value {
        let name = &question.field.name;
        let who = self.filling.asked_of.get(name);
        json!({
            "fact": name,
            "label": question.field.label,
            "asked_of": who.map_or("station", String::as_str),
            "is_day": question.field.is_day,
            "is_computed": self.filling.computed.contains(name),
            "answers": question.answers.iter().map(|a| self.answer(a)).collect::<Vec<_>>(),
        })
    }

    fn answer(&self, answer: &Answer<'_>) -> Value {
        let day = |day: &Option<Date>| day.map_or_else(String::new, |d| d.to_string());
        let (value, label) = match &answer.value {
            AnswerValue::Word(word) => (word.code.clone(), word.label.clone()),
            AnswerValue::Days { from, to } => {
                let stretch = format!("{}…{}", day(from), day(to));
                (stretch.clone(), stretch)
            }
        };
        json!({
            "value": value,
            "label": label,
            "verdict": answer.verdict,
            "verdict_label": self.ruleset.label("verdict", answer.verdict),
            "row": answer.row,
            "possible": answer.possible,
        })
    }
}

/// As the register names a set of files.
fn version(files: &BTreeMap<String, String>) -> String {
    let mut hash = Sha256::new();
    for (name, text) in files {
        hash.update(name.as_bytes());
        hash.update([0]);
        hash.update(text.as_bytes());
        hash.update([0]);
    }
    hex(&hash.finalize())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
