//! Conditions, cells and facts in the words people read, and back: token by token, so that nothing is lost on the way.

use std::collections::BTreeMap;

use crate::expr::tokens;
use crate::field::Words;
use crate::ruleset::{Ruleset, Table};

/// Marks around a word for people that holds more than letters and digits.
const OPEN: char = '「';
const CLOSE: char = '」';

/// 说法 — how a table's texts are said to people.
#[derive(Debug, Clone)]
pub struct Speech<'r> {
    ruleset: &'r Ruleset,
    /// Facts, terms, named days and cells by code.
    names: BTreeMap<&'r str, Name<'r>>,
    /// Codes by what people read.
    codes: BTreeMap<&'r str, &'r str>,
}

#[derive(Debug, Clone, Copy)]
struct Name<'r> {
    label: &'r str,
    words: Option<&'r Words>,
}

/// Which way a text goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    ToPeople,
    ToCode,
}

impl Ruleset {
    /// How the texts of a table (`hydro`), of the gate, of the modifiers (empty) or of all tables (`*`) are said.
    pub fn speech(&self, id: &str) -> Speech<'_> {
        let gate = (id == self.gate.id).then_some(&self.gate);
        let table = gate.or_else(|| self.find_table(id));
        let mut speech = Speech {
            ruleset: self,
            names: BTreeMap::new(),
            codes: BTreeMap::new(),
        };
        speech.learn(table);
        if id == "*" {
            self.tables.iter().for_each(|t| speech.learn(Some(t)));
        }
        speech
    }

    fn grammar<'a>(&'a self, code: &'a str) -> &'a str {
        self.vocabulary
            .grammar
            .get(code)
            .map_or(code, String::as_str)
    }
}

impl<'r> Speech<'r> {
    fn learn(&mut self, table: Option<&'r Table>) {
        let ruleset = self.ruleset;
        let v = &ruleset.vocabulary;
        for (code, words) in [
            ("verdict", &v.verdict),
            ("focus", &v.focus),
            ("severity", &v.severity),
        ] {
            self.name(code, v.members.label(code), Some(words));
        }
        for (code, label) in &ruleset.labels {
            self.name(code, label, None);
        }
        let inputs = table.map_or(&ruleset.common_inputs, |t| &t.inputs);
        for field in inputs
            .iter()
            .filter_map(|id| ruleset.registry.get(usize::from(*id)))
        {
            let words = (!field.is_day).then_some(&field.words);
            self.name(&field.name, &field.label, words);
        }
        for (code, label) in table.into_iter().flat_map(|t| &t.labels) {
            self.name(code, label, None);
        }
    }

    /// A label that two codes share, or that is a word of the grammar, says nothing: the code stays.
    fn name(&mut self, code: &'r str, label: &'r str, words: Option<&'r Words>) {
        let is_grammar = self.ruleset.vocabulary.grammar.values().any(|g| g == label);
        let is_taken = self.codes.get(label).is_some_and(|other| *other != code);
        let label = if is_grammar || is_taken { code } else { label };
        self.codes.insert(label, code);
        self.names.insert(code, Name { label, words });
    }

    /// A condition for people.
    pub fn condition(&self, text: &str) -> String {
        self.turned(text, Way::ToPeople)
            .unwrap_or_else(|_| text.to_owned())
    }

    /// A condition that people wrote.
    pub fn condition_code(&self, text: &str) -> Result<String, String> {
        self.turned(text, Way::ToCode)
    }

    fn turned(&self, text: &str, way: Way) -> Result<String, String> {
        let read = match way {
            Way::ToPeople => tokens(text)?.into_iter().map(str::to_owned).collect(),
            Way::ToCode => people_tokens(text)?,
        };
        let mut turner = Turner {
            speech: self,
            way,
            words: None,
            expects: Expects::Name,
        };
        let turned: Result<Vec<String>, String> =
            read.iter().map(|token| turner.token(token)).collect();
        Ok(spaced(&turned?, way))
    }

    /// A cell of an output column for people: `历史遗留 若 与建区先后 = 建区前；违法违规`.
    pub fn cell(&self, member: &str, text: &str) -> String {
        let item = |item: &str| self.item(member, item, Way::ToPeople);
        let items: Result<Vec<String>, String> = split(text, &[';']).map(item).collect();
        items.map_or_else(|_| text.to_owned(), |items| items.join("；"))
    }

    /// A cell that people wrote.
    pub fn cell_code(&self, member: &str, text: &str) -> Result<String, String> {
        let item = |item: &str| self.item(member, item, Way::ToCode);
        let items: Result<Vec<String>, String> = split(text, &[';', '；']).map(item).collect();
        Ok(items?.join("; "))
    }

    fn item(&self, member: &str, text: &str, way: Way) -> Result<String, String> {
        self.item_of(self.ruleset.words(member), text, way)
    }

    fn item_of(&self, words: Option<&Words>, text: &str, way: Way) -> Result<String, String> {
        let here = format!(" {} ", self.keyword("if", way));
        let there = format!(" {} ", self.keyword("if", way.back()));
        let (word, condition) = match text.split_once(&here) {
            Some((word, condition)) => (word.trim(), Some(condition)),
            None => (text, None),
        };
        let word = match (word.strip_prefix('@'), words) {
            (Some(cell), _) => format!("@{}", self.name_turned(cell, way)?),
            (None, Some(words)) => self.word(words, word, way)?,
            (None, None) => self.grammar_turned(word, way).unwrap_or(word).to_owned(),
        };
        let Some(condition) = condition else {
            return Ok(word);
        };
        Ok(format!("{word}{there}{}", self.turned(condition, way)?))
    }

    /// `name = value; name = [a, b]` for people.
    pub fn facts(&self, text: &str) -> String {
        let own = self.of_table(text, Way::ToPeople);
        let speech = own.as_ref().unwrap_or(self);
        let item = |item: &str| speech.fact(item, Way::ToPeople);
        let items: Result<Vec<String>, String> = split(text, &[';']).map(item).collect();
        items.map_or_else(|_| text.to_owned(), |items| items.join("；"))
    }

    /// Facts that people wrote.
    pub fn facts_code(&self, text: &str) -> Result<String, String> {
        let own = self.of_table(text, Way::ToCode);
        let speech = own.as_ref().unwrap_or(self);
        let item = |item: &str| speech.fact(item, Way::ToCode);
        let items: Result<Vec<String>, String> = split(text, &[';', '；']).map(item).collect();
        Ok(items?.join("; "))
    }

    /// Facts that name their table are said in its words.
    fn of_table(&self, text: &str, way: Way) -> Option<Speech<'r>> {
        let label = match way {
            Way::ToPeople => "table",
            Way::ToCode => self.ruleset.vocabulary.members.label("table"),
        };
        let named = split(text, &[';', '；']).find_map(|item| {
            let (name, value) = item.split_once(['=', '＝'])?;
            (name.trim() == label).then(|| value.trim())
        })?;
        Some(self.ruleset.speech(&self.table_turned(named, Way::ToCode)))
    }

    fn fact(&self, text: &str, way: Way) -> Result<String, String> {
        let (name, value) = text
            .split_once(['=', '＝'])
            .ok_or_else(|| format!("name = value: {text}"))?;
        let (name, value) = (name.trim(), value.trim());
        let members = &self.ruleset.vocabulary.members;
        let turned = match turn_word(members, name, way) {
            Some(turned) => turned.to_owned(),
            None => self.name_turned(name, way)?,
        };
        let code = if way == Way::ToPeople { name } else { &turned };
        let value = self.value(code, value, way)?;
        Ok(format!("{turned} = {value}"))
    }

    fn value(&self, name: &str, value: &str, way: Way) -> Result<String, String> {
        if let Some(list) = value.strip_prefix('[').and_then(|v| v.strip_suffix(']')) {
            let one = |item| self.value(name, item, way);
            let items: Result<Vec<String>, String> =
                split(list, &[',', '，', '、']).map(one).collect();
            let by = if way == Way::ToPeople { "、" } else { ", " };
            return Ok(format!("[{}]", items?.join(by)));
        }
        if name == "table" {
            return Ok(self.table_turned(value, way));
        }
        if matches!(name, "missing" | "unmet") {
            return self.name_turned(value, way);
        }
        let words = self.ruleset.words(name);
        let words = words.or_else(|| self.names.get(name).and_then(|n| n.words));
        match words {
            Some(words) => self.word(words, value, way),
            None => Ok(self.grammar_turned(value, way).unwrap_or(value).to_owned()),
        }
    }

    /// How a row passes on to another table, a line each: `转入判定表 = 矿业权`, `生产状态 = 生产 若 …；停产`.
    ///
    /// The words are those of the table passed on to, the conditions those of the own one.
    pub fn passing(&self, text: &str) -> String {
        self.passed(text, Way::ToPeople)
            .unwrap_or_else(|_| text.to_owned())
    }

    /// A passing on that people wrote.
    pub fn passing_code(&self, text: &str) -> Result<String, String> {
        self.passed(text, Way::ToCode)
    }

    fn passed(&self, text: &str, way: Way) -> Result<String, String> {
        let pairs = pairs(text)?;
        let label = match way {
            Way::ToPeople => "table",
            Way::ToCode => self.ruleset.vocabulary.members.label("table"),
        };
        let table = pairs.iter().find(|(name, _)| *name == label);
        let (_, table) = table.ok_or_else(|| text.to_owned())?;
        let other = self.ruleset.speech(&self.table_turned(table, Way::ToCode));
        let line = |(name, value): &(&str, &str)| {
            if *name == label {
                return self.fact(&format!("{name} = {value}"), way);
            }
            let turned = other.name_turned(name, way)?;
            let code = if way == Way::ToPeople {
                name
            } else {
                turned.as_str()
            };
            let words = other.names.get(code).and_then(|n| n.words);
            let words = words.ok_or_else(|| (*name).to_owned())?;
            let item = |item: &str| self.item_of(Some(words), item, way);
            let items: Result<Vec<String>, String> = split(value, &[';', '；']).map(item).collect();
            let by = if way == Way::ToPeople { "；" } else { "; " };
            Ok(format!("{turned} = {}", items?.join(by)))
        };
        let lines: Result<Vec<String>, String> = pairs.iter().map(line).collect();
        Ok(lines?.join("\n"))
    }

    /// Lines `word = text` with the words of a fact (`zone`) said for people; a text that is such a word is said too.
    pub fn keyed(&self, fact: &str, text: &str) -> String {
        self.keyed_turned(fact, text, Way::ToPeople)
            .unwrap_or_else(|_| text.to_owned())
    }

    /// Lines `word = text` that people wrote.
    pub fn keyed_code(&self, fact: &str, text: &str) -> Result<String, String> {
        self.keyed_turned(fact, text, Way::ToCode)
    }

    fn keyed_turned(&self, fact: &str, text: &str, way: Way) -> Result<String, String> {
        let words = self.names.get(fact).and_then(|n| n.words);
        let words = words.ok_or_else(|| fact.to_owned())?;
        let line = |(word, text): (&str, &str)| {
            let word = self.word(words, word, way)?;
            let text = turn_word(words, text, way).unwrap_or(text);
            Ok(format!("{word} = {text}"))
        };
        let lines: Result<Vec<String>, String> = pairs(text)?.into_iter().map(line).collect();
        Ok(lines?.join("\n"))
    }

    fn table_turned<'a>(&'a self, value: &'a str, way: Way) -> String {
        let mut tables = self.ruleset.tables.iter();
        let found = match way {
            Way::ToPeople => tables.find(|t| t.id == value).map(|t| &t.title),
            Way::ToCode => tables.find(|t| t.title == value).map(|t| &t.id),
        };
        found.map_or(value, String::as_str).to_owned()
    }

    fn word(&self, words: &Words, text: &str, way: Way) -> Result<String, String> {
        let bare = unquoted(text);
        if let Some(turned) = turn_word(words, bare, way) {
            return Ok(turned.to_owned());
        }
        let is_free = bare.starts_with(|c: char| c.is_ascii_digit());
        let known = self.grammar_turned(bare, way);
        match known {
            Some(turned) => Ok(turned.to_owned()),
            None if is_free || words.find(bare).is_some() => Ok(bare.to_owned()),
            None if way == Way::ToPeople => Ok(bare.to_owned()),
            None => Err(bare.to_owned()),
        }
    }

    fn name_turned(&self, text: &str, way: Way) -> Result<String, String> {
        let bare = unquoted(text);
        let is_code = self.names.contains_key(bare);
        match way {
            Way::ToPeople => Ok(self.names.get(bare).map_or(bare, |n| n.label).to_owned()),
            Way::ToCode => match self.codes.get(bare) {
                Some(code) => Ok((*code).to_owned()),
                None if is_code || bare.is_ascii() => Ok(bare.to_owned()),
                None => Err(bare.to_owned()),
            },
        }
    }

    fn keyword(&self, code: &'static str, way: Way) -> &str {
        match way {
            Way::ToPeople => code,
            Way::ToCode => self.ruleset.grammar(code),
        }
    }

    fn grammar_turned<'a>(&'a self, text: &'a str, way: Way) -> Option<&'a str> {
        let grammar = &self.ruleset.vocabulary.grammar;
        match way {
            Way::ToPeople => grammar.get(text).map(String::as_str),
            Way::ToCode => grammar
                .iter()
                .find(|(_, label)| *label == text)
                .map(|(code, _)| code.as_str()),
        }
    }
}

impl Way {
    fn back(self) -> Self {
        match self {
            Self::ToPeople => Self::ToCode,
            Self::ToCode => Self::ToPeople,
        }
    }
}

fn turn_word<'a>(words: &'a Words, text: &str, way: Way) -> Option<&'a str> {
    let mut all = words.0.iter();
    match way {
        Way::ToPeople => all.find(|w| w.code == text).map(|w| w.label.as_str()),
        Way::ToCode => all.find(|w| w.label == text).map(|w| w.code.as_str()),
    }
}

/// What the next token of a condition is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expects {
    Name,
    Value,
    List,
    RowId,
}

struct Turner<'s, 'r> {
    speech: &'s Speech<'r>,
    way: Way,
    /// Words of the fact that a value is for.
    words: Option<&'r Words>,
    expects: Expects,
}

impl Turner<'_, '_> {
    fn token(&mut self, token: &str) -> Result<String, String> {
        match self.expects {
            Expects::RowId => {
                self.expects = Expects::Name;
                return Ok(token.to_owned());
            }
            Expects::Value if token != "[" => {
                self.expects = Expects::Name;
                return self.value(token);
            }
            Expects::List if !matches!(token, "," | "、" | "]") => return self.value(token),
            _ => {}
        }
        match token {
            "[" => self.expects = Expects::List,
            "]" => self.expects = Expects::Name,
            _ => return self.operator_or_name(token),
        }
        Ok(token.to_owned())
    }

    fn operator_or_name(&mut self, token: &str) -> Result<String, String> {
        let pairs = [
            ("!=", "≠"),
            (">=", "since"),
            ("<", "before"),
            (",", "、"),
            ("=", "="),
        ];
        for (code, said) in pairs {
            let said = self.speech.ruleset.grammar(said);
            let (from, to) = match self.way {
                Way::ToPeople => (code, said),
                Way::ToCode => (said, code),
            };
            if token == from || token == code {
                if code != "," {
                    self.expects = Expects::Value;
                }
                return Ok(to.to_owned());
            }
        }
        if let Some(turned) = self.speech.grammar_turned(token, self.way) {
            let code = if self.way == Way::ToPeople {
                token
            } else {
                turned
            };
            match code {
                "in" => self.expects = Expects::Value,
                "row" => self.expects = Expects::RowId,
                "as_of" => self.words = None,
                _ => {}
            }
            return Ok(turned.to_owned());
        }
        if matches!(token, "(" | ")") {
            return Ok(token.to_owned());
        }
        let turned = self.speech.name_turned(token, self.way)?;
        let code = if self.way == Way::ToPeople {
            unquoted(token)
        } else {
            &turned
        };
        self.words = self.speech.names.get(code).and_then(|n| n.words);
        Ok(self.quoted(&turned))
    }

    fn value(&self, token: &str) -> Result<String, String> {
        let turned = match self.words {
            Some(words) => self.speech.word(words, token, self.way)?,
            None => match self.speech.grammar_turned(token, self.way) {
                Some(turned) => turned.to_owned(),
                None => self.speech.name_turned(token, self.way)?,
            },
        };
        Ok(self.quoted(&turned))
    }

    fn quoted(&self, text: &str) -> String {
        let is_plain = text
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
        match self.way {
            Way::ToPeople if !is_plain => format!("{OPEN}{text}{CLOSE}"),
            _ => text.to_owned(),
        }
    }
}

/// The lines `name = value` of a cell.
fn pairs(text: &str) -> Result<Vec<(&str, &str)>, String> {
    let lines = text.lines().map(str::trim).filter(|l| !l.is_empty());
    lines
        .map(|line| {
            let pair = line.split_once(['=', '＝']);
            let (name, value) = pair.ok_or_else(|| line.to_owned())?;
            Ok((name.trim(), value.trim()))
        })
        .collect()
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix(OPEN)
        .and_then(|t| t.strip_suffix(CLOSE))
        .unwrap_or(text)
}

fn split<'t>(text: &'t str, by: &'static [char]) -> impl Iterator<Item = &'t str> {
    text.split(by).map(str::trim).filter(|i| !i.is_empty())
}

/// The tokens of a condition that people wrote: wide signs are read as narrow ones.
fn people_tokens(text: &str) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            OPEN => rest.find(CLOSE).map(|i| i + CLOSE.len_utf8()).ok_or(text)?,
            c if is_letter(c) => rest.find(|c| !is_letter(c)).unwrap_or(rest.len()),
            _ if rest.starts_with("!=") || rest.starts_with(">=") => 2,
            c => c.len_utf8(),
        };
        let (token, tail) = rest.split_at(length);
        found.push(narrow(token).to_owned());
        rest = tail.trim_start();
    }
    Ok(found)
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-')
}

fn narrow(token: &str) -> &str {
    match token {
        "（" => "(",
        "）" => ")",
        "＝" => "=",
        "," | "，" => "、",
        "!=" => "≠",
        "［" | "【" => "[",
        "］" | "】" => "]",
        other => other,
    }
}

/// Tokens with the spaces that the tables are written with.
fn spaced(tokens: &[String], way: Way) -> String {
    let mut text = String::new();
    for token in tokens {
        let is_tight = matches!(token.as_str(), ")" | "]" | "," | "、");
        let after_open = text.is_empty() || text.ends_with(['(', '[']);
        let after_list_mark = way == Way::ToPeople && text.ends_with('、');
        if !is_tight && !after_open && !after_list_mark {
            text.push(' ');
        }
        text.push_str(token);
    }
    text
}
