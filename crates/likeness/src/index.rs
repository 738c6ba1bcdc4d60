//! 照片索引 — many fingerprints, searched at once.
//!
//! Each mark's description, in its standard position, is filed under three parts of its bits (multi-index hashing). A
//! picture that shares three marks in one orientation and roughly one placement with another is a candidate; candidates are compared as
//! [`compare`](crate::picture::compare) does.
//!
//! Memory: about 4.3 kB for a fingerprint and about 2 kB for its file cards, so 10^5 photos take about 650 MB. Time to search
//! grows with the number of photos, but no file drawer is read beyond its first 4,096 cards: what is printed on every photo
//! (the mark of a camera app) costs a bounded time, and copies of it beyond the drawer's first ones may be missed.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::picture::{Fingerprint, Grade, MOST_MARKS, Orientation, aligned_along};
use crate::threads::by_turns;

/// Ways a description is filed.
const BANDS: usize = 3;
/// Of the other bits kept on a card, at most this many may differ.
const MOST_CARD_BITS: u32 = 4;
/// Cards read of one drawer.
const MOST_CARDS: usize = 4096;
/// Marks that must agree before two pictures are compared.
const FEWEST_SHARED: usize = 3;
/// How far the places may lie apart that single marks give, in points of the frame: their sizes are rough.
const ROUGHLY: f32 = 40.0;
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

/// What is filed of one mark: some bits of its description and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Card {
    bits: u32,
    owner: Owner,
}

/// The picture (23 bits), the mark in it (6 bits), the mark's standard position (3 bits).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Owner(u32);

impl Owner {
    fn slot(self) -> u32 {
        self.0 >> 9
    }

    fn mark(self) -> u8 {
        (self.0 >> 3 & 63) as u8
    }

    fn standard(self) -> Orientation {
        Orientation::ALL[(self.0 & 7) as usize]
    }
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

/// The bits of a description in the order they are filed by: three times sixteen, and the rest.
///
/// The bits of a description depend on each other; taken as they come, sixteen of them tell no more than a thousand drawers
/// apart. This order was chosen greedily on the marks of 54 pictures, so that two of different pictures share a drawer in
/// about 1 of 7,000 cases. Another order finds the same, slower.
const ORDER: [u8; 64] = [
    0, 33, 22, 53, 26, 41, 24, 48, 55, 1, 29, 37, 50, 8, 58, 45, //
    5, 10, 49, 32, 35, 51, 34, 27, 21, 36, 18, 42, 43, 19, 25, 54, //
    3, 47, 46, 31, 6, 30, 2, 52, 38, 39, 28, 9, 44, 17, 13, 16, //
    4, 7, 11, 12, 14, 15, 20, 23, 40, 56, 57, 59, 60, 61, 62, 63,
];

/// Where each byte of a description goes.
static PLACES: LazyLock<[[u64; 256]; 8]> = LazyLock::new(|| {
    let mut table = [[0; 256]; 8];
    for (to, from) in ORDER.iter().enumerate() {
        for (byte, placed) in table[usize::from(from / 8)].iter_mut().enumerate() {
            *placed |= (byte as u64 >> (from % 8) & 1) << to;
        }
    }
    table
});

/// The drawer of a description, and the bits on its card.
fn filed(signs: u64, band: usize) -> (usize, u32) {
    let ordered = (signs.to_le_bytes().iter().zip(PLACES.iter()))
        .fold(0, |all, (byte, places)| all | places[usize::from(*byte)]);
    let rolled = ordered.rotate_right(16 * band as u32);
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
    /// The index holds at most 2^23 pictures; further ones are not taken and `false` is returned.
    pub fn insert(&mut self, key: u64, picture: Fingerprint) -> bool {
        self.remove(key);
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None if self.slots.len() < 1 << 23 => {
                self.slots.push(None);
                (self.slots.len() - 1) as u32
            }
            None => return false,
        };
        if picture.is_comparable() {
            for (drawer, card) in cards(&picture, slot) {
                self.drawers[drawer].push(card);
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
        for (drawer, card) in cards(&held.picture, slot) {
            let cards = &mut self.drawers[drawer];
            if let Some(at) = cards.iter().position(|c| *c == card) {
                cards.remove(at);
            }
        }
        self.free.push(slot);
        Some(held.picture)
    }

    /// All pictures that are the one searched for, nearest first, equal distances by key. One held under the searcher's own
    /// key is found as well.
    pub fn find(&self, picture: &Fingerprint) -> Vec<Match> {
        self.search(picture, |_key| true)
    }

    /// As [`PictureIndex::find`] among the keys asked for; others cost no comparison.
    fn search(&self, picture: &Fingerprint, wanted: impl Fn(u64) -> bool) -> Vec<Match> {
        if !picture.is_comparable() {
            return Vec::new();
        }
        let mut found: Vec<Match> = self
            .candidates(picture, wanted)
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
        let mut keys: Vec<u64> = self.by_key.keys().copied().collect();
        keys.sort_unstable();
        let mut pairs = by_turns(&keys, threads, |key| {
            let picture = self.fingerprint(key);
            let later = picture.map(|p| self.search(p, |other| other > key));
            let later = later.into_iter().flatten();
            later.map(|m| (key, m)).collect()
        });
        pairs.sort_by_key(|(key, found)| (*key, found.key));
        pairs
    }

    /// Pictures that share marks in one orientation and one placement, most shared first.
    fn candidates(
        &self,
        picture: &Fingerprint,
        wanted: impl Fn(u64) -> bool,
    ) -> Vec<(u32, Orientation)> {
        let mut hits = self.hits(picture);
        thin_out(&mut hits);
        hits.sort_unstable();
        hits.dedup();
        let mut counted: Vec<(usize, u32, Orientation)> = hits
            .chunk_by(|a, b| a.placement() == b.placement())
            .filter(|shared| shared.len() >= FEWEST_SHARED)
            .filter_map(|shared| {
                let (slot, turn) = (shared[0].slot(), shared[0].turn());
                let held = self.slots[slot as usize].as_ref()?;
                if !wanted(held.key) {
                    return None;
                }
                let agreeing = agreeing(picture, &held.picture, turn, shared);
                (agreeing >= FEWEST_SHARED).then_some((agreeing, slot, turn))
            })
            .collect();
        counted.sort_unstable_by_key(|(shared, slot, turn)| {
            (std::cmp::Reverse(*shared), *slot, *turn)
        });
        counted.truncate(MOST_CANDIDATES);
        counted
            .into_iter()
            .map(|(_, slot, turn)| (slot, turn))
            .collect()
    }

    /// Marks held that resemble those of a picture.
    fn hits(&self, picture: &Fingerprint) -> Vec<Hit> {
        let mut hits = Vec::new();
        for (nth, mark) in picture.marks.iter().enumerate() {
            for (standard, signs) in mark.all_standard_signs() {
                for band in 0..BANDS {
                    let (drawer, bits) = filed(signs, band);
                    for card in self.drawers[drawer].iter().take(MOST_CARDS) {
                        if (card.bits ^ bits).count_ones() <= MOST_CARD_BITS {
                            hits.push(Hit::new(standard, nth, card.owner));
                        }
                    }
                }
            }
        }
        hits
    }
}

/// Picture, turn, mark searched for, mark found: in one number, so that hits of one placement stand together when sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Hit(u64);

impl Hit {
    fn new(standard: Orientation, nth: usize, owner: Owner) -> Self {
        let turn = standard.followed_by(owner.standard().inverse());
        Self(
            u64::from(owner.slot()) << 24
                | u64::from(turn as u8) << 16
                | (nth as u64) << 8
                | u64::from(owner.mark()),
        )
    }

    fn placement(self) -> u64 {
        self.0 >> 16
    }

    fn slot(self) -> u32 {
        (self.0 >> 24) as u32
    }

    fn turn(self) -> Orientation {
        Orientation::ALL[(self.0 >> 16 & 7) as usize]
    }

    fn marks(self) -> (usize, usize) {
        ((self.0 >> 8 & 0xFF) as usize, (self.0 & 0xFF) as usize)
    }
}

/// Drops hits whose placement has too few of them: counted roughly, in a table that fits the cache. Sorting all would take
/// longer than all the rest.
fn thin_out(hits: &mut Vec<Hit>) {
    let mut counts = vec![0_u8; 1 << 16];
    let cell = |hit: &Hit| (hit.placement().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48) as usize;
    for hit in hits.iter() {
        let count = &mut counts[cell(hit)];
        *count = count.saturating_add(1);
    }
    hits.retain(|hit| usize::from(counts[cell(hit)]) >= FEWEST_SHARED);
}

/// How many of the hits agree on one scale and shift with the one that most agree with; a mark counts once.
fn agreeing(
    picture: &Fingerprint,
    other: &Fingerprint,
    turn: Orientation,
    shared: &[Hit],
) -> usize {
    // Size of a mark and place of its picture's middle, as the pair of marks has it.
    let placements: Vec<(usize, f32, (f32, f32))> = shared
        .iter()
        .take(MOST_MARKS)
        .filter_map(|hit| {
            let (a, b) = hit.marks();
            let (mark, found) = (picture.marks.get(a)?, other.marks.get(b)?);
            let growth = found.log_size() - mark.log_size();
            let (from, to) = (
                turn.turn(mark.off_middle(picture.frame)),
                found.off_middle(other.frame),
            );
            let scale = growth.exp2();
            Some((a, growth, (to.0 - scale * from.0, to.1 - scale * from.1)))
        })
        .collect();
    let support = |seed: &(usize, f32, (f32, f32))| {
        let mut marks = 0_u64;
        for (a, growth, at) in &placements {
            let off = (at.0 - seed.2.0).abs().max((at.1 - seed.2.1).abs());
            if (growth - seed.1).abs() <= 0.4 && off <= ROUGHLY {
                marks |= 1 << a;
            }
        }
        marks.count_ones() as usize
    };
    placements.iter().map(support).max().unwrap_or(0)
}

fn cards(picture: &Fingerprint, slot: u32) -> impl Iterator<Item = (usize, Card)> {
    picture
        .marks
        .iter()
        .zip(0_u32..)
        .flat_map(move |(mark, nth)| {
            let owner = Owner(slot << 9 | nth << 3 | u32::from(mark.standard & 7));
            let signs = mark.standard_signs();
            (0..BANDS).map(move |band| {
                let (drawer, bits) = filed(signs, band);
                (drawer, Card { bits, owner })
            })
        })
}
