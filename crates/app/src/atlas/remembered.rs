//! What was counted and may be asked for again.

use std::sync::{Arc, Mutex};

/// Answers remembered of one kind: as many as posts that look at once.
const MOST: usize = 32;

/// 记住的数 — answers by what was asked; forgotten with every change of what they were counted from.
#[derive(Debug)]
pub(super) struct Remembered<K, V>(Mutex<Vec<(K, Arc<V>)>>);

impl<K, V> Default for Remembered<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: PartialEq, V> Remembered<K, V> {
    /// The answer to a question, counted once.
    pub(super) fn of(&self, asked: K, count: impl FnOnce() -> V) -> Arc<V> {
        let mut known = self.0.lock().unwrap_or_else(|e| e.into_inner());
        if let Some((_, answer)) = known.iter().find(|(k, _)| *k == asked) {
            return Arc::clone(answer);
        }
        let answer = Arc::new(count());
        if known.len() >= MOST {
            known.clear();
        }
        known.push((asked, Arc::clone(&answer)));
        answer
    }

    pub(super) fn forget(&mut self) {
        self.0.get_mut().unwrap_or_else(|e| e.into_inner()).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_counted_once_until_it_is_forgotten() {
        let mut remembered = Remembered::default();
        assert_eq!(*remembered.of(0, || "seven"), "seven");
        assert_eq!(*remembered.of(0, || "eight"), "seven");
        assert_eq!(*remembered.of(1, || "nine"), "nine");
        remembered.forget();
        assert_eq!(*remembered.of(0, || "eight"), "eight");
        for asked in 1..=MOST {
            remembered.of(asked, || "many");
        }
        assert_eq!(*remembered.of(0, || "anew"), "anew");
    }
}
