//! 判别事实 — facts of the decision tables that people state: by hand as `name=value`, or in a column of a
//! verification sheet titled with the fact's Chinese name.

use std::collections::BTreeMap;

use domain::entries::SiteFacts;
use rules::Field;
use sheets::vocabulary::Field as VocabularyField;
use sheets::{FieldKind, Vocabulary};
use spatial::diagnostic::Diagnostic;

use crate::error::Error;
use crate::judging_book::JudgingBook;
use crate::session::Session;

/// Fields of a record that hold such facts begin so.
const PREFIX: &str = "fact.";

/// Words for "nobody knows".
const UNKNOWN_WORDS: [&str; 6] = ["unknown", "未知", "不详", "不清楚", "待核实", "—"];

/// Heading of the column that asks for a fact.
pub(crate) fn header(label: &str) -> String {
    format!("判别：{label}")
}

/// Every input of every table; one name may stand in several tables with words of each.
fn fields() -> Result<Vec<&'static Field>, Error> {
    let ruleset = &JudgingBook::built_in()?.ruleset;
    let tables: Vec<&str> = ruleset.table_ids().collect();
    Ok(tables.iter().flat_map(|t| ruleset.inputs(t)).collect())
}

/// Facts that may be stated: all but those the register computes.
pub(crate) fn stated() -> Result<Vec<&'static Field>, Error> {
    let computed = &JudgingBook::built_in()?.filling.computed;
    let mut fields = fields()?;
    fields.retain(|f| !computed.contains(&f.name) && !f.is_day);
    Ok(fields)
}

/// The column vocabulary of verification sheets with a field for every fact that may be stated. A title that is a word
/// of the sheet itself (手续, 现状) stays one; `判别：` before it says that the fact is meant.
pub(crate) fn with_facts(vocabulary: &Vocabulary) -> Result<Vocabulary, Error> {
    let mut by_name: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for field in stated()? {
        let words = by_name
            .entry(format!("{PREFIX}{}", field.name))
            .or_default();
        let titles = [header(&field.label), format!("判别事实：{}", field.label)];
        let plain = vocabulary
            .find(&field.label)
            .is_none()
            .then(|| field.label.clone());
        for title in titles.into_iter().chain(plain) {
            if !words.contains(&title) {
                words.push(title);
            }
        }
    }
    let own = by_name.into_iter().map(|(name, words)| VocabularyField {
        name,
        kind: FieldKind::Choice,
        words,
        tables: Vec::new(),
    });
    Ok(vocabulary.with(own))
}

/// The facts of a record's columns; a word no table knows is told and not taken.
pub(crate) fn of_columns(
    fields: &mut crate::import::Fields<'_>,
) -> Result<BTreeMap<String, String>, Error> {
    let names: Vec<String> = fields
        .record
        .values
        .keys()
        .filter(|name| name.starts_with(PREFIX))
        .cloned()
        .collect();
    let mut facts = BTreeMap::new();
    for column in names {
        let name = &column[PREFIX.len()..];
        let Some(text) = fields.text(&column) else {
            continue;
        };
        match word(name, &text)? {
            Found::Code(code) => {
                facts.insert(name.to_owned(), code);
            }
            Found::Unknown => {}
            Found::None { known } => {
                let diagnostic = Diagnostic::warning("import.fact_not_known")
                    .arg("text", &text)
                    .arg("known", known);
                fields.note(&column, diagnostic);
            }
        }
    }
    Ok(facts)
}

enum Found {
    Code(String),
    Unknown,
    None { known: String },
}

/// The code of a word or of its name for people.
fn word(name: &str, text: &str) -> Result<Found, Error> {
    let text = text.trim();
    if UNKNOWN_WORDS.contains(&text) {
        return Ok(Found::Unknown);
    }
    let fields = stated()?;
    let words: Vec<&rules::Word> = fields
        .iter()
        .filter(|f| f.name == name)
        .flat_map(|f| &f.words.0)
        .collect();
    let plain = match text {
        "有" | "√" | "Y" | "yes" => "是",
        "无" | "×" | "N" | "no" => "否",
        other => other,
    };
    let is = |w: &&&rules::Word| w.code == text || w.label == text || w.label == plain;
    if let Some(found) = words.iter().find(is) {
        return Ok(Found::Code(found.code.clone()));
    }
    let accepts = fields.iter().any(|f| f.name == name && f.accepts(text));
    if accepts {
        return Ok(Found::Code(text.to_owned()));
    }
    let mut known: Vec<String> = words
        .iter()
        .map(|w| format!("{}（{}）", w.code, w.label))
        .collect();
    known.dedup();
    Ok(Found::None {
        known: known.join("、"),
    })
}

impl Session {
    /// `name=value` statements: facts of the tables, and `built` and `activity_subtype`, which are fields of the site.
    pub(crate) fn stated_facts(
        &self,
        statements: &[String],
    ) -> Result<(BTreeMap<String, String>, SiteFacts), Error> {
        let mut facts = BTreeMap::new();
        let mut of_site = SiteFacts::default();
        for statement in statements {
            let (name, value) = statement.split_once('=').ok_or_else(|| {
                Error::rejected(Diagnostic::error("session.not_a_fact").arg("text", statement))
            })?;
            let (name, value) = (name.trim(), value.trim());
            match name {
                "built" => of_site.built_on = Some(day(value)?),
                "activity_subtype" => {
                    of_site.activity_subtype = self.known_code("subtype", Some(value))?;
                }
                _ => {
                    if let Some(code) = stated_word(name, value)? {
                        facts.insert(name.to_owned(), code);
                    }
                }
            }
        }
        Ok((facts, of_site))
    }
}

fn day(text: &str) -> Result<domain::partial_date::PartialDate, Error> {
    text.parse().ok().ok_or_else(|| {
        Error::rejected(Diagnostic::error("session.not_a_partial_date").arg("text", text))
    })
}

fn stated_word(name: &str, value: &str) -> Result<Option<String>, Error> {
    let fields = stated()?;
    if !fields.iter().any(|f| f.name == name) {
        let mut known: Vec<String> = fields
            .iter()
            .map(|f| format!("{}（{}）", f.name, f.label))
            .collect();
        known.sort();
        known.dedup();
        return Err(Error::rejected(
            Diagnostic::error("session.unknown_fact")
                .arg("text", name)
                .arg("known", known.join("、")),
        ));
    }
    match word(name, value)? {
        Found::Code(code) => Ok(Some(code)),
        Found::Unknown => Ok(None),
        Found::None { known } => Err(Error::rejected(
            Diagnostic::error("session.unknown_code")
                .arg("text", value)
                .arg("known", known),
        )),
    }
}
