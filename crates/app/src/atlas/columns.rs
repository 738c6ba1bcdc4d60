//! Dictionaries, texts and ids of columns.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use domain::ids::SiteId;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

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
    pub fn all(&self) -> &[Option<String>] {
        &self.words
    }

    /// The same one after the other.
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
    spans: Vec<Span>,
}

/// Where a text begins and how long it is, in six bytes: of a million two would be lost for nothing.
#[derive(Debug, Clone, Copy)]
#[repr(C, packed(2))]
struct Span {
    start: u32,
    length: u16,
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
        let length = length as u16;
        let span = Span { start, length };
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
        let Span { start, length } = self.spans[row];
        let start = start as usize;
        &self.text[start..start + usize::from(length)]
    }
}

/// 标识列 — ids by row, and rows by id. Each id is held once: of a million, a map of its own would take as much again.
#[derive(Debug, Default)]
pub(super) struct Ids {
    ids: Vec<SiteId>,
    rows: HashTable<u32>,
    hasher: RandomState,
}

impl Ids {
    /// The row of an id; a new id gets the next one.
    pub(super) fn enter(&mut self, id: SiteId) -> usize {
        let Self { ids, rows, hasher } = self;
        let is_it = |row: &u32| ids[*row as usize] == id;
        let hash_of = |row: &u32| hasher.hash_one(ids[*row as usize]);
        match rows.entry(hasher.hash_one(id), is_it, hash_of) {
            Entry::Occupied(known) => *known.get() as usize,
            Entry::Vacant(place) => {
                place.insert(ids.len() as u32);
                ids.push(id);
                ids.len() - 1
            }
        }
    }

    /// The row of an id that is known.
    pub(super) fn find(&self, id: SiteId) -> Option<u32> {
        let is_it = |row: &u32| self.ids[*row as usize] == id;
        self.rows.find(self.hasher.hash_one(id), is_it).copied()
    }

    /// The id of a row.
    pub(super) fn get(&self, row: usize) -> SiteId {
        self.ids[row]
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }
}

impl FromIterator<SiteId> for Ids {
    fn from_iter<T: IntoIterator<Item = SiteId>>(ids: T) -> Self {
        let mut column = Self::default();
        for id in ids {
            column.enter(id);
        }
        column
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_keeps_its_row() {
        let id = |n: u128| SiteId(uuid::Uuid::from_u128(n));
        let mut ids: Ids = (0..1_000).map(id).collect();
        assert_eq!(ids.enter(id(7)), 7);
        assert_eq!(ids.enter(id(5_000)), 1_000);
        assert_eq!(
            (ids.find(id(999)), ids.find(id(5_000))),
            (Some(999), Some(1_000))
        );
        assert_eq!((ids.find(id(1_000)), ids.len()), (None, 1_001));
        assert_eq!(ids.get(3), id(3));
    }
}
