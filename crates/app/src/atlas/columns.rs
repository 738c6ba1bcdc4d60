//! Dictionaries and texts of columns.

use std::collections::HashMap;

/// 词典 — codes as small numbers; 0 stands for nothing.
#[derive(Debug, Clone)]
pub struct Words {
    words: Vec<Option<String>>,
    numbers: HashMap<String, u16>,
}

impl Default for Words {
    fn default() -> Self {
        Self {
            words: vec![None],
            numbers: HashMap::new(),
        }
    }
}

impl Words {
    /// The number of a word; a new word gets the next one. Beyond 65,535 words nothing more is told apart.
    pub fn enter(&mut self, word: Option<&str>) -> u16 {
        let Some(word) = word.filter(|w| !w.is_empty()) else {
            return 0;
        };
        if let Some(number) = self.numbers.get(word) {
            return *number;
        }
        let Ok(number) = u16::try_from(self.words.len()) else {
            return 0;
        };
        self.words.push(Some(word.to_owned()));
        self.numbers.insert(word.to_owned(), number);
        number
    }

    /// The number of a word that is known.
    pub fn find(&self, word: &str) -> Option<u16> {
        self.numbers.get(word).copied()
    }

    /// The word of a number.
    pub fn word(&self, number: u16) -> Option<&str> {
        self.words.get(usize::from(number))?.as_deref()
    }

    /// All words by number, nothing first.
    pub fn iter(&self) -> impl Iterator<Item = Option<&str>> {
        self.words.iter().map(Option::as_deref)
    }

    /// How many numbers there are.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Never: nothing has a number too.
    pub fn is_empty(&self) -> bool {
        false
    }
}

/// 文本列 — many short texts in one string.
#[derive(Debug, Clone, Default)]
pub(super) struct Texts {
    text: String,
    spans: Vec<(u32, u16)>,
}

impl Texts {
    /// Sets the text of a row; rows are set in order the first time.
    pub(super) fn set(&mut self, row: usize, text: &str) {
        if row < self.spans.len() && self.get(row) == text {
            return;
        }
        let mut length = text.len().min(usize::from(u16::MAX));
        while !text.is_char_boundary(length) {
            length -= 1;
        }
        let start = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.text.push_str(&text[..length]);
        let span = (start, length as u16);
        if row < self.spans.len() {
            self.spans[row] = span;
        } else {
            self.spans.push(span);
        }
    }

    /// The same texts in another order of rows.
    pub(super) fn lay(&mut self, order: &[u32]) {
        let mut laid = Self {
            text: String::with_capacity(self.text.len()),
            spans: Vec::with_capacity(order.len()),
        };
        for (at, row) in order.iter().enumerate() {
            laid.set(at, self.get(*row as usize));
        }
        *self = laid;
    }

    /// The text of a row.
    pub(super) fn get(&self, row: usize) -> &str {
        let (start, length) = self.spans[row];
        let start = start as usize;
        &self.text[start..start + usize::from(length)]
    }
}
