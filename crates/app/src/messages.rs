//! 文本 — sentences for people, looked up by code in `messages/<language>/*.toml`.

use std::collections::BTreeMap;
use std::str::FromStr;

use spatial::diagnostic::Diagnostic;

use crate::assets;
use crate::error::Error;

/// 语言 — Chinese first, English second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    #[default]
    Chinese,
    English,
}

impl Language {
    /// Folder of `messages/`.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }
}

impl FromStr for Language {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "zh" | "zh-CN" | "zh_CN" => Ok(Self::Chinese),
            "en" => Ok(Self::English),
            other => Err(other.to_owned()),
        }
    }
}

#[derive(Debug, Clone, Default)]
struct Sentence {
    message: String,
    hint: Option<String>,
}

/// 文本集 — every sentence of one language.
#[derive(Debug, Clone, Default)]
pub struct Messages {
    language: Language,
    sentences: BTreeMap<String, Sentence>,
    /// Codes that two files define, or files that do not parse; shown by the tidy test.
    pub faults: Vec<String>,
}

impl Messages {
    /// The built-in sentences of a language.
    pub fn load(language: Language) -> Self {
        let mut all = Self {
            language,
            ..Self::default()
        };
        for (name, text) in assets::messages(language.folder()) {
            match text.parse::<toml::Table>() {
                Ok(table) => all.add(&name, table),
                Err(e) => all.faults.push(format!("{name}: {e}")),
            }
        }
        all
    }

    /// The language the sentences are in.
    pub fn language(&self) -> Language {
        self.language
    }

    fn add(&mut self, file: &str, table: toml::Table) {
        for (code, value) in table {
            let sentence = match value {
                toml::Value::String(message) => Sentence {
                    message,
                    hint: None,
                },
                toml::Value::Table(mut t) => Sentence {
                    message: take_text(&mut t, "message").unwrap_or_default(),
                    hint: take_text(&mut t, "hint"),
                },
                other => Sentence {
                    message: other.to_string(),
                    hint: None,
                },
            };
            if self.sentences.insert(code.clone(), sentence).is_some() {
                self.faults.push(format!("{file}: {code} is defined twice"));
            }
        }
    }

    /// Whether the code has a sentence.
    pub fn has(&self, code: &str) -> bool {
        self.sentences.contains_key(code)
    }

    /// Every code, sorted.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.sentences.keys().map(String::as_str)
    }

    /// The sentence of a code with its holes filled; the code itself where no sentence is known.
    pub fn text(&self, code: &str, args: &[(&str, &str)]) -> String {
        match self.sentences.get(code) {
            Some(sentence) => fill(&sentence.message, args),
            None => code.to_owned(),
        }
    }

    /// What a person is to do about a code, where its sentence says so without arguments.
    pub fn hint(&self, code: &str) -> Option<&str> {
        self.sentences.get(code)?.hint.as_deref()
    }

    /// Message and hint of a diagnostic. Beside each argument `x` a hole `{x_label}` is filled with its name for people,
    /// where it is the name of a field or a code.
    pub fn diagnostic(&self, diagnostic: &Diagnostic) -> (String, Option<String>) {
        let labels: Vec<(String, String)> = diagnostic
            .args
            .iter()
            .map(|(name, value)| (format!("{name}_label"), self.label_of(value)))
            .collect();
        let mut args: Vec<(&str, &str)> = diagnostic
            .args
            .iter()
            .map(|(name, value)| (name.as_ref(), value.as_str()))
            .collect();
        args.extend(
            labels
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        );
        args.push(("repair", diagnostic.repair.as_deref().unwrap_or("")));
        let hint = self
            .sentences
            .get(diagnostic.code.as_ref())
            .and_then(|s| s.hint.as_ref());
        (
            self.text(&diagnostic.code, &args),
            hint.map(|h| fill(h, &args)),
        )
    }

    /// Message and hint of an error.
    pub fn error(&self, error: &Error) -> (String, Option<String>) {
        let text = |args: &[(&str, &str)]| self.text(&error.code(), args);
        let message = match error {
            Error::Rejected(diagnostic) | Error::Unauthenticated(diagnostic) => {
                return self.diagnostic(diagnostic);
            }
            Error::NotFound { what, name } => {
                let what = self.text(&format!("noun.{what}"), &[]);
                text(&[("what", &what), ("name", name)])
            }
            Error::Forbidden(denied) => text(&[
                ("role", denied.role.label()),
                ("action", denied.action.label()),
            ]),
            Error::TooOften { retry_after_s } => text(&[("seconds", &retry_after_s.to_string())]),
            Error::Stale(stale) => text(&[
                ("based_on", &stale.based_on.to_string()),
                ("current", &stale.current.to_string()),
            ]),
            Error::Refused(refused) => {
                let lacks: Vec<&str> = refused.missing.iter().map(|m| m.text.as_str()).collect();
                text(&[
                    ("step", &refused.step_label),
                    ("state", &refused.state_label),
                    ("issue", &refused.issue_code),
                    ("missing", &lacks.join("；")),
                ])
            }
            Error::Register(cause) => {
                let args = cause.args();
                let args: Vec<(&str, &str)> = args.iter().map(|(n, v)| (*n, &**v)).collect();
                self.text(cause.code(), &args)
            }
            Error::Read { path, .. } => text(&[("path", path)]),
            Error::Loading | Error::Internal(_) => text(&[]),
        };
        (message, None)
    }

    fn label_of(&self, value: &str) -> String {
        let known = [format!("field.{value}"), format!("label.{value}")]
            .into_iter()
            .find(|code| self.has(code));
        known.map_or_else(|| value.to_owned(), |code| self.text(&code, &[]))
    }
}

fn take_text(table: &mut toml::Table, key: &str) -> Option<String> {
    match table.remove(key)? {
        toml::Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

/// Fills `{name}` holes; a hole without a value is left empty, so that no brace reaches a reader.
fn fill(sentence: &str, args: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(sentence.len() + 32);
    let mut rest = sentence;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        out.push_str(args.iter().find(|(n, _)| *n == name).map_or("", |(_, v)| v));
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_filled_and_unknown_ones_leave_no_brace() {
        assert_eq!(
            fill("第 {row} 行：{text}{x}", &[("row", "3"), ("text", "空")]),
            "第 3 行：空"
        );
        assert_eq!(fill("a { b", &[]), "a { b");
    }

    #[test]
    fn both_languages_know_the_same_codes() {
        let zh = Messages::load(Language::Chinese);
        let en = Messages::load(Language::English);
        assert_eq!(zh.faults, Vec::<String>::new());
        assert_eq!(en.faults, Vec::<String>::new());
        let missing: Vec<&str> = zh
            .codes()
            .filter(|c| !en.has(c))
            .chain(en.codes().filter(|c| !zh.has(c)))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
