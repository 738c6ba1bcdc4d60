//! Sets of rows, narrowed column by column.

/// Rows of one word.
const WORD: usize = u64::BITS as usize;

/// Rows packed at once.
const EIGHT: usize = 8;

/// Eight bytes of zero or one as eight bits, the first the lowest: the product moves byte n to bit 56 + n, and no two parts
/// of it meet.
fn packed(bytes: [u8; EIGHT]) -> u64 {
    u64::from_le_bytes(bytes).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// 行集 — a set of rows, one bit each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    words: Vec<u64>,
}

impl Rows {
    /// The first `count` rows.
    pub(super) fn first(count: usize) -> Self {
        let mut words = vec![u64::MAX; count.div_ceil(WORD)];
        if let Some(last) = words.last_mut()
            && !count.is_multiple_of(WORD)
        {
            *last = (1 << (count % WORD)) - 1;
        }
        Self { words }
    }

    /// Keeps rows whose value in a column passes; the column is read from end to end.
    pub(super) fn keep_column<T: Copy>(&mut self, column: &[T], passes: impl Fn(T) -> bool) {
        for (word, values) in self.words.iter_mut().zip(column.chunks(WORD)) {
            // Where nothing is left nothing is read.
            if *word == 0 {
                continue;
            }
            let mut passed = 0;
            for (at, eight) in values.chunks(EIGHT).enumerate() {
                let mut bytes = [0; EIGHT];
                for (byte, value) in bytes.iter_mut().zip(eight) {
                    *byte = u8::from(passes(*value));
                }
                passed |= packed(bytes) << (EIGHT * at);
            }
            *word &= passed;
        }
    }

    /// Keeps rows that pass; only rows still in the set are asked about.
    pub(super) fn keep(&mut self, passes: impl Fn(usize) -> bool) {
        for (number, word) in self.words.iter_mut().enumerate() {
            let mut left = *word;
            while left != 0 {
                let bit = left.trailing_zeros() as usize;
                if !passes(number * WORD + bit) {
                    *word &= !(1 << bit);
                }
                left &= left - 1;
            }
        }
    }

    /// How many rows are in it.
    pub fn count(&self) -> usize {
        self.words.iter().map(|w| w.count_ones() as usize).sum()
    }

    /// Whether a row is in it.
    pub fn holds(&self, row: u32) -> bool {
        let (number, bit) = (row as usize / WORD, row as usize % WORD);
        self.words.get(number).is_some_and(|w| w >> bit & 1 == 1)
    }

    /// The rows in it, in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.words.iter().enumerate().flat_map(|(number, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = (left != 0).then_some(left.trailing_zeros() as usize)?;
                left &= left - 1;
                Some(number * WORD + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn narrowing_by_bits_is_narrowing_one_by_one(column in prop::collection::vec(0_u8..4, 0..300), wanted in 0_u8..4) {
            let mut rows = Rows::first(column.len());
            rows.keep_column(&column, |v| v != wanted);
            rows.keep(|at| at % 3 != 0);
            let expected: Vec<usize> = (0..column.len()).filter(|at| column[*at] != wanted && at % 3 != 0).collect();
            prop_assert_eq!(rows.count(), expected.len());
            prop_assert!((0..column.len() as u32 + 70).all(|row| rows.holds(row) == expected.contains(&(row as usize))));
            prop_assert_eq!(rows.iter().collect::<Vec<_>>(), expected);
        }
    }
}
