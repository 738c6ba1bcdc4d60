//! A fact sheet read against a table's inputs.

use serde_json::{Map, Value};

use crate::day::{Day, Span};
use crate::error::JudgeError;
use crate::field::{Field, FieldId, MAX_FIELDS, UNKNOWN, bit};

/// 事实表 — one JSON object as it came, of one site.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FactSheet(pub Map<String, Value>);

impl FactSheet {
    /// A fact sheet is an object.
    pub fn from_json(value: Value) -> Result<Self, JudgeError> {
        match value {
            Value::Object(members) => Ok(Self(members)),
            other => Err(JudgeError::NotAnObject(kind_of(&other))),
        }
    }

    /// The id as given.
    pub fn id(&self) -> Option<&Value> {
        self.0.get("id")
    }

    /// A text member; another kind of value is an error, an absent one is none.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, JudgeError> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(not_allowed(name, other, "a string")),
        }
    }
}

pub(crate) fn not_allowed(field: &str, value: &Value, allowed: &str) -> JudgeError {
    let mut text = value.to_string();
    if text.len() > 80 {
        let cut = (0..=80)
            .rev()
            .find(|i| text.is_char_boundary(*i))
            .unwrap_or(0);
        text.truncate(cut);
        text.push('…');
    }
    JudgeError::ValueNotAllowed {
        field: field.to_owned(),
        value: text,
        allowed: allowed.to_owned(),
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Facts as codes, ready for conditions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    codes: [u8; MAX_FIELDS],
    pub(crate) built: Option<Span>,
    pub(crate) as_of: Day,
    pub(crate) deadline: Option<Day>,
    /// Facts without a default of which nothing is known.
    pub(crate) unknown: u128,
    /// Facts with a default that the sheet does not state.
    pub(crate) assumed: u128,
}

impl Facts {
    /// Reads the inputs of a table out of a sheet.
    pub(crate) fn read(
        sheet: &FactSheet,
        inputs: &[FieldId],
        registry: &[Field],
        as_of: Day,
    ) -> Result<Self, JudgeError> {
        let mut facts = Self {
            codes: [UNKNOWN; MAX_FIELDS],
            built: None,
            as_of,
            deadline: None,
            unknown: 0,
            assumed: 0,
        };
        for id in inputs {
            let Some(field) = registry.get(usize::from(*id)) else {
                continue;
            };
            match sheet.0.get(&field.name) {
                Some(value) => facts.state(*id, field, value)?,
                None => facts.assume(*id, field),
            }
        }
        Ok(facts)
    }

    fn assume(&mut self, id: FieldId, field: &Field) {
        match field.default {
            Some(code) => {
                self.codes[usize::from(id)] = code;
                self.assumed |= bit(id);
            }
            None => self.unknown |= bit(id),
        }
    }

    fn state(&mut self, id: FieldId, field: &Field, value: &Value) -> Result<(), JudgeError> {
        let text = value.as_str();
        if text == Some("unknown") {
            if field.default.is_none() {
                self.unknown |= bit(id);
            }
            return Ok(());
        }
        if field.is_day {
            let span = text.and_then(Span::parse);
            self.built = Some(span.ok_or_else(|| {
                not_allowed(&field.name, value, "YYYY · YYYY-MM · YYYY-MM-DD · unknown")
            })?);
            return Ok(());
        }
        let code = text.and_then(|t| {
            field
                .words
                .find(t)
                .or_else(|| field.counts_as.get(t).copied())
        });
        let known = code.ok_or_else(|| not_allowed(&field.name, value, &field.words.listed()))?;
        self.codes[usize::from(id)] = known;
        Ok(())
    }

    pub(crate) fn code(&self, field: FieldId) -> u8 {
        self.codes[usize::from(field)]
    }

    pub(crate) fn set(&mut self, field: FieldId, code: u8) {
        self.codes[usize::from(field)] = code;
    }

    /// States a fact that stood for unknown before.
    pub(crate) fn settle(&mut self, field: FieldId, code: u8) {
        self.set(field, code);
        self.unknown &= !bit(field);
        self.assumed &= !bit(field);
    }

    /// States the building day.
    pub(crate) fn settle_day(&mut self, field: FieldId, built: Span) {
        self.built = Some(built);
        self.unknown &= !bit(field);
    }

    /// Whether nothing is known of a word.
    pub(crate) fn is_unknown(&self, field: FieldId) -> bool {
        self.code(field) == UNKNOWN
    }
}
