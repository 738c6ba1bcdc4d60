//! Seeded numbers. The generator is written out here so that the demonstration stays the same
//! byte for byte whatever a crate's author does to an algorithm.

/// A SplitMix64 stream.
pub(crate) struct Random {
    state: u64,
}

impl Random {
    /// A stream of its own for every part of the demonstration: a change in one file leaves the others as they are.
    pub(crate) fn new(seed: u64, part: &str) -> Self {
        let label = part.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Self {
            state: seed ^ label,
        }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A number in `[0, 1)`.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number in `[low, high)`.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// An index below `count`; zero if there is nothing to choose from.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        (self.unit() * count as f64) as usize
    }

    /// A whole number in `[low, high]`.
    pub(crate) fn whole(&mut self, low: i32, high: i32) -> i32 {
        low + (self.unit() * f64::from(high - low + 1)) as i32
    }

    /// True with the given probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of several things; the slice is never empty.
    pub(crate) fn pick<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        &things[self.below(things.len())]
    }

    /// Puts things in a random order.
    pub(crate) fn shuffle<T>(&mut self, things: &mut [T]) {
        for last in (1..things.len()).rev() {
            things.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn a_part_has_its_own_stream_and_repeats_it() {
        let draw = |part| -> Vec<u64> {
            let mut random = Random::new(7, part);
            (0..4).map(|_| random.next()).collect()
        };
        assert_eq!(draw("sites"), draw("sites"));
        assert_ne!(draw("sites"), draw("patches"));
    }

    #[test]
    fn numbers_stay_in_their_range() {
        let mut random = Random::new(1, "range");
        for _ in 0..10_000 {
            assert!((0.0..1.0).contains(&random.unit()));
            assert!((3..=9).contains(&random.whole(3, 9)));
            assert!(random.below(5) < 5);
        }
    }
}
