//! 照片索引 — many fingerprints, searched at once.
//!
//! Each mark's description, in its standard position, is filed under four quarters of its bits (multi-index hashing). A
//! picture that shares two marks in one orientation with another is a candidate; candidates are compared as
//! [`compare`](crate::picture::compare) does.
//!
//! Memory: about 4.3 kB for a fingerprint and up to 3 kB for its file cards, so 10^5 photos take about 700 MB. Time to search
//! grows with the number of photos, but no file drawer is read beyond its first 4,096 cards: what is printed on every photo
//! (the mark of a camera app) costs a bounded time, and copies of it beyond the drawer's first ones may be missed.

use std::collections::HashMap;

use crate::picture::{Fingerprint, Grade, Mark, Orientation, aligned_along};

/// Quarters of a description.
const BANDS: usize = 4;
/// Of the other bits kept on a card, at most this many may differ.
const MOST_CARD_BITS: u32 = 8;
/// Cards read of one drawer.
const MOST_CARDS: usize = 4096;
/// Marks that must agree before two pictures are compared.
const FEWEST_SHARED: usize = 2;
/// The most candidates compared in one search, those with most shared marks first.
const MOST_CANDIDATES: usize = 256;

/// 查重命中 — a picture that a search found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Match {
    /// The key it was inserted with.
    pub key: u64,
    /// [`Grade::Same`] or [`Grade::Probable`].
    pub grade: Grade,
    /// How the picture searched for has to be turned to lie as the one found.
    pub orientation: Orientation,
    /// The share of the common part that does not agree, 0 to 1.
    pub distance: f32,
    /// The share of the smaller picture that lies on the other, 0 to 1.
    pub overlap: f32,
}

/// What is filed of one mark: bits of its description, the picture, its standard position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Card {
    bits: u32,
    slot_and_standard: u32,
}

#[derive(Debug)]
struct Held {
    key: u64,
    picture: Fingerprint,
}

/// 照片库 — fingerprints by key, to be searched, grown and shrunk at any time.
#[derive(Debug)]
pub struct PictureIndex {
    slots: Vec<Option<Held>>,
    free: Vec<u32>,
    by_key: HashMap<u64, u32>,
    drawers: Vec<Vec<Card>>,
}

impl Default for PictureIndex {
    fn default() -> Self {
        Self::new()
    }
}

fn filed(signs: u64, band: usize) -> (usize, u32) {
    let rolled = signs.rotate_right(16 * band as u32);
    (
        band << 16 | (rolled & 0xFFFF) as usize,
        (rolled >> 16) as u32,
    )
}

impl PictureIndex {
    /// An empty one.
    pub fn new() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            by_key: HashMap::new(),
            drawers: vec![Vec::new(); BANDS << 16],
        }
    }

    /// Pictures held.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// The fingerprint held under a key.
    pub fn fingerprint(&self, key: u64) -> Option<&Fingerprint> {
        let slot = *self.by_key.get(&key)?;
        self.slots[slot as usize].as_ref().map(|h| &h.picture)
    }

    /// Takes a picture in; one held under the same key is replaced. A picture that shows too little is held and never found.
    /// The index holds at most 2^29 pictures; further ones are not taken and `false` is returned.
    pub fn insert(&mut self, key: u64, picture: Fingerprint) -> bool {
        self.remove(key);
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None if self.slots.len() < 1 << 29 => {
                self.slots.push(None);
                (self.slots.len() - 1) as u32
            }
            None => return false,
        };
        if picture.is_comparable() {
            for mark in &picture.marks {
                for (drawer, card) in cards(mark, slot) {
                    self.drawers[drawer].push(card);
                }
            }
        }
        self.by_key.insert(key, slot);
        self.slots[slot as usize] = Some(Held { key, picture });
        true
    }

    /// Takes a picture out and hands it back.
    pub fn remove(&mut self, key: u64) -> Option<Fingerprint> {
        let slot = self.by_key.remove(&key)?;
        let held = self.slots[slot as usize].take()?;
        for mark in &held.picture.marks {
            for (drawer, card) in cards(mark, slot) {
                let cards = &mut self.drawers[drawer];
                if let Some(at) = cards.iter().position(|c| *c == card) {
                    cards.remove(at);
                }
            }
        }
        self.free.push(slot);
        Some(held.picture)
    }

    /// All pictures that are the one searched for, nearest first, equal distances by key. One held under the searcher's own
    /// key is found as well.
    pub fn find(&self, picture: &Fingerprint) -> Vec<Match> {
        if !picture.is_comparable() {
            return Vec::new();
        }
        let mut found: Vec<Match> = self
            .candidates(picture)
            .into_iter()
            .filter_map(|(slot, turn)| {
                let held = self.slots[slot as usize].as_ref()?;
                let comparison = aligned_along(picture, &held.picture, turn);
                matches!(comparison.grade, Grade::Same | Grade::Probable).then_some(Match {
                    key: held.key,
                    grade: comparison.grade,
                    orientation: comparison.orientation,
                    distance: comparison.distance,
                    overlap: comparison.overlap,
                })
            })
            .collect();
        found.sort_by(|a, b| (a.distance.total_cmp(&b.distance)).then_with(|| a.key.cmp(&b.key)));
        found.dedup_by_key(|m| m.key);
        found
    }

    /// All pairs within the index, each once with the smaller key first, searched by so many threads; sorted by keys.
    pub fn pairs(&self, threads: usize) -> Vec<(u64, Match)> {
        let threads = threads.clamp(1, 64);
        let mut keys: Vec<u64> = self.by_key.keys().copied().collect();
        keys.sort_unstable();
        let search = |from: usize| {
            let mut out = Vec::new();
            for key in keys.iter().skip(from).step_by(threads) {
                let Some(picture) = self.fingerprint(*key) else {
                    continue;
                };
                let later = self.find(picture).into_iter().filter(|m| m.key > *key);
                out.extend(later.map(|m| (*key, m)));
            }
            out
        };
        let mut pairs: Vec<(u64, Match)> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads)
                .map(|from| scope.spawn(move || search(from)))
                .collect();
            workers
                .into_iter()
                .flat_map(|worker| worker.join().unwrap_or_default())
                .collect()
        });
        pairs.sort_by_key(|(key, found)| (*key, found.key));
        pairs
    }

    /// Pictures that share marks in one orientation, most shared first.
    fn candidates(&self, picture: &Fingerprint) -> Vec<(u32, Orientation)> {
        // Picture and turn, then the mark: sorted, the same placement stands together.
        let mut hits: Vec<(u32, u8, u8)> = Vec::new();
        for (nth, mark) in picture.marks.iter().enumerate() {
            for (standard, signs) in mark.all_standard_signs() {
                for band in 0..BANDS {
                    let (drawer, bits) = filed(signs, band);
                    for card in self.drawers[drawer].iter().take(MOST_CARDS) {
                        if (card.bits ^ bits).count_ones() <= MOST_CARD_BITS {
                            let theirs = Orientation::ALL[(card.slot_and_standard & 7) as usize];
                            let turn = standard.followed_by(theirs.inverse());
                            hits.push((card.slot_and_standard >> 3, turn as u8, nth as u8));
                        }
                    }
                }
            }
        }
        hits.sort_unstable();
        hits.dedup();
        let mut counted: Vec<(usize, u32, u8)> = hits
            .chunk_by(|a, b| (a.0, a.1) == (b.0, b.1))
            .filter(|shared| shared.len() >= FEWEST_SHARED)
            .map(|shared| (shared.len(), shared[0].0, shared[0].1))
            .collect();
        counted.sort_unstable_by_key(|(shared, slot, turn)| {
            (std::cmp::Reverse(*shared), *slot, *turn)
        });
        counted.truncate(MOST_CANDIDATES);
        counted
            .into_iter()
            .map(|(_, slot, turn)| (slot, Orientation::ALL[usize::from(turn)]))
            .collect()
    }
}

fn cards(mark: &Mark, slot: u32) -> impl Iterator<Item = (usize, Card)> + use<> {
    let (signs, standard) = (mark.standard_signs(), mark.standard);
    (0..BANDS).map(move |band| {
        let (drawer, bits) = filed(signs, band);
        (
            drawer,
            Card {
                bits,
                slot_and_standard: slot << 3 | u32::from(standard & 7),
            },
        )
    })
}
