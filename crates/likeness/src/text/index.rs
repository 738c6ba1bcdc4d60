//! Many texts, searched at once.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::align::{self, Difference, Gap};
use super::normalise::{Normal, normalise};
use super::postings::Postings;
use crate::threads::by_turns;

/// Texts with fewer signs than this are never judged: "已完成整改，具备销号条件" is no copy.
const SHORTEST: usize = 40;
/// Signs in a piece.
const PIECE: usize = 6;
/// Of the pieces, one in so many is kept, chosen by its hash.
const SAMPLE: u32 = 2;
/// Kept pieces that are rare and shared, before two texts are compared: about thirty signs.
const FEWEST_RARE: usize = 10;
/// A piece is rare from this weight: at 10^5 texts, if at most a hundred independent ones contain it.
const RARE: f32 = 0.6;
/// As if so many texts had been read before the first one.
const PRIOR: f32 = 500.0;
/// What names, villages and sorts of trees need at most, in signs.
const LONGEST_EXCHANGE: usize = 16;
/// Candidates compared in one search, those with most in common first.
const MOST_CANDIDATES: usize = 200;
/// Matches of one search.
const MOST_MATCHES: usize = 100;

/// 文本相似等级 — the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// Alike but for punctuation, spaces and width of signs.
    Identical,
    /// Only names, figures and short words differ; sentences may have been dropped or added.
    Copied,
    /// Much of what is rare in them is common to both.
    Similar,
}

/// 文本命中 — a text that a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct TextMatch {
    /// The key it was inserted with.
    pub key: u64,
    pub grade: Grade,
    /// The share of the shorter text's pieces that the other contains, figures masked, 0 to 1.
    pub containment: f32,
    /// Common pieces over all pieces, 0 to 1.
    pub jaccard: f32,
    /// As `containment`, every piece weighed by its rarity.
    pub rare_containment: f32,
    /// What differs, in order; `first` is the text searched for.
    pub differences: Vec<Difference>,
}

#[derive(Debug)]
struct Held {
    key: u64,
    text: String,
    pieces: Vec<u32>,
    /// The text it is a copy of.
    origin: Option<u32>,
    copies: BTreeSet<u32>,
    /// The pieces filed under this text: all of an origin's, those of a copy that its origin lacks.
    filed: Vec<u32>,
}

/// 文本库 — texts by key, to be searched, grown and shrunk at any time.
///
/// Memory: the text itself and about 2 kB. A search compares at most 200 texts and reports at most 100.
#[derive(Debug, Default)]
pub struct TextIndex {
    slots: Vec<Option<Held>>,
    free: Vec<u32>,
    by_key: HashMap<u64, u32>,
    postings: Postings,
    standard: HashSet<u32>,
    /// Texts that are no copies.
    origins: usize,
}

/// A text made ready for searching.
struct Query<'a> {
    text: &'a str,
    normal: Normal,
    pieces: Vec<u32>,
}

fn hash(signs: &[char]) -> u32 {
    let mut h = 0x9E37_79B9_7F4A_7C15_u64;
    for sign in signs {
        h = (h ^ u64::from(u32::from(*sign))).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        h ^= h >> 29;
    }
    (h >> 32) as u32
}

fn all_pieces(signs: &[char]) -> Vec<u32> {
    let mut pieces: Vec<u32> = signs.windows(PIECE).map(hash).collect();
    pieces.sort_unstable();
    pieces.dedup();
    pieces
}

fn sampled(signs: &[char]) -> Vec<u32> {
    let mut pieces = all_pieces(signs);
    pieces.retain(|p| p % SAMPLE == 0);
    pieces
}

/// How many numbers two sorted lists have in common, weighed.
fn common(a: &[u32], b: &[u32], weight: impl Fn(u32) -> f32) -> f32 {
    let (mut i, mut j, mut sum) = (0, 0, 0.0);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                sum += weight(a[i]);
                i += 1;
                j += 1;
            }
        }
    }
    sum
}

impl TextIndex {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty one that knows phrases everybody writes: the text of forms, the words of the law. They weigh nothing.
    pub fn with_standard_phrases<S: AsRef<str>>(phrases: impl IntoIterator<Item = S>) -> Self {
        let mut index = Self::default();
        for phrase in phrases {
            index
                .standard
                .extend(sampled(&normalise(phrase.as_ref()).signs));
        }
        index
    }

    /// Texts held.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// The text held under a key.
    pub fn text(&self, key: u64) -> Option<&str> {
        let slot = *self.by_key.get(&key)?;
        self.held(slot).map(|held| held.text.as_str())
    }

    /// Takes a text in; one held under the same key is replaced. A text too short to be judged is held and never found.
    /// The index holds at most 2^31 texts; further ones are not taken and `false` is returned.
    pub fn insert(&mut self, key: u64, text: &str) -> bool {
        self.remove(key);
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None if self.slots.len() < 1 << 31 => {
                self.slots.push(None);
                (self.slots.len() - 1) as u32
            }
            None => return false,
        };
        self.by_key.insert(key, slot);
        self.file(slot, key, text.to_owned());
        true
    }

    /// Takes a text out; whether it was there.
    pub fn remove(&mut self, key: u64) -> bool {
        let Some(slot) = self.by_key.remove(&key) else {
            return false;
        };
        let copies = self.take_out(slot).map(|held| held.copies);
        self.free.push(slot);
        // Copies of what is gone find a new origin among themselves.
        for copy in copies.into_iter().flatten() {
            if let Some(held) = self.take_out(copy) {
                self.file(copy, held.key, held.text);
            }
        }
        true
    }

    /// All texts that resemble this one, the surest first. One held under the searcher's own key is found as well.
    pub fn find(&self, text: &str) -> Vec<TextMatch> {
        let Some(query) = Query::of(text) else {
            return Vec::new();
        };
        let mut found: Vec<TextMatch> = Vec::new();
        for slot in self.candidates(&query) {
            if found.len() >= MOST_MATCHES {
                break;
            }
            found.extend(self.compare(&query, slot));
        }
        found.sort_by(|a, b| {
            (a.grade.cmp(&b.grade))
                .then(b.rare_containment.total_cmp(&a.rare_containment))
                .then(a.key.cmp(&b.key))
        });
        found
    }

    /// All pairs within the index, each once with the smaller key first, searched by so many threads; sorted by keys. Of each
    /// text at most 100 matches are looked at: a text copied more often yields fewer pairs, but every copy is in one.
    pub fn pairs(&self, threads: usize) -> Vec<(u64, TextMatch)> {
        let mut keys: Vec<u64> = self.by_key.keys().copied().collect();
        keys.sort_unstable();
        let mut pairs = by_turns(&keys, threads, |key| {
            let matches = self.text(key).map(|text| self.find(text));
            let others = matches.into_iter().flatten().filter(|m| m.key != key);
            others
                .map(|found| match found.key > key {
                    true => (key, found),
                    false => (found.key, found.seen_from(key)),
                })
                .collect()
        });
        pairs.sort_by_key(|(key, found)| (*key, found.key));
        pairs.dedup_by_key(|(key, found)| (*key, found.key));
        pairs
    }

    fn held(&self, slot: u32) -> Option<&Held> {
        self.slots.get(slot as usize)?.as_ref()
    }

    fn file(&mut self, slot: u32, key: u64, text: String) {
        let (mut pieces, mut filed, mut origin) = (Vec::new(), Vec::new(), None);
        if let Some(query) = Query::of(&text) {
            origin = self.origin(&query);
            pieces = query.pieces;
            filed.clone_from(&pieces);
        }
        if let Some(held) = origin.and_then(|o| self.slots[o as usize].as_mut()) {
            held.copies.insert(slot);
            filed.retain(|p| held.pieces.binary_search(p).is_err());
        } else {
            self.origins += 1;
        }
        for piece in &filed {
            self.postings.add(*piece, slot);
        }
        self.slots[slot as usize] = Some(Held {
            key,
            text,
            pieces,
            origin,
            copies: BTreeSet::new(),
            filed,
        });
    }

    fn take_out(&mut self, slot: u32) -> Option<Held> {
        let held = self.slots[slot as usize].take()?;
        for piece in &held.filed {
            self.postings.remove(*piece, slot);
        }
        match held.origin.and_then(|o| self.slots[o as usize].as_mut()) {
            Some(origin) => {
                origin.copies.remove(&slot);
            }
            None => self.origins -= usize::from(held.origin.is_none()),
        }
        Some(held)
    }

    /// The text that this one is a copy of, in turn no copy itself.
    fn origin(&self, query: &Query<'_>) -> Option<u32> {
        let origins: Vec<u32> = self
            .families(query)
            .into_iter()
            .take(MOST_CANDIDATES)
            .collect();
        origins.into_iter().find(|slot| {
            self.compare(query, *slot)
                .is_some_and(|found| found.grade <= Grade::Copied)
        })
    }

    /// Weight of a piece by the number of independent texts that contain it, 0 to 1.
    fn weight(&self, piece: u32) -> f32 {
        if self.standard.contains(&piece) {
            return 0.0;
        }
        let texts = self.postings.of(piece).len().max(1) as f32;
        (1.0 - texts.ln() / (self.origins as f32 + PRIOR).ln()).max(0.0)
    }

    /// Origins that share enough rare pieces with a text, most first.
    fn families(&self, query: &Query<'_>) -> Vec<u32> {
        let mut hits: Vec<u32> = Vec::new();
        for piece in &query.pieces {
            if self.weight(*piece) >= RARE {
                hits.extend(self.postings.of(*piece).iter());
            }
        }
        // What a copy has beyond its origin counts for the family.
        for hit in &mut hits {
            *hit = self.held(*hit).and_then(|h| h.origin).unwrap_or(*hit);
        }
        hits.sort_unstable();
        let mut counted: Vec<(usize, u32)> = hits
            .chunk_by(|a, b| a == b)
            .map(|same| (same.len(), same[0]))
            .filter(|(shared, _)| *shared >= FEWEST_RARE)
            .collect();
        counted.sort_unstable_by_key(|(shared, slot)| (std::cmp::Reverse(*shared), *slot));
        counted.into_iter().map(|(_, slot)| slot).collect()
    }

    fn candidates(&self, query: &Query<'_>) -> Vec<u32> {
        let mut out = Vec::new();
        for origin in self.families(query) {
            let Some(held) = self.held(origin) else {
                continue;
            };
            out.push(origin);
            out.extend(&held.copies);
            if out.len() >= MOST_CANDIDATES {
                break;
            }
        }
        out.truncate(MOST_CANDIDATES);
        out
    }

    fn compare(&self, query: &Query<'_>, slot: u32) -> Option<TextMatch> {
        let held = self.held(slot)?;
        let weight = |piece: u32| self.weight(piece);
        let sum = |pieces: &[u32]| pieces.iter().map(|p| weight(*p)).sum::<f32>();
        let rare = common(&query.pieces, &held.pieces, weight);
        let shared = common(&query.pieces, &held.pieces, |p| {
            f32::from(u8::from(weight(p) >= RARE))
        });
        let least = sum(&query.pieces).min(sum(&held.pieces));
        let rare_containment = rare / least.max(f32::MIN_POSITIVE);
        if (shared as usize) < FEWEST_RARE || rare_containment < 0.25 {
            return None;
        }
        let other = normalise(&held.text);
        let gaps = align::gaps(&query.normal.signs, &other.signs)?;
        let grade = grade(&query.normal, &other, &gaps, rare_containment)?;
        let (a, b) = (all_pieces(&query.normal.signs), all_pieces(&other.signs));
        let both = common(&a, &b, |_| 1.0);
        Some(TextMatch {
            key: held.key,
            grade,
            containment: both / a.len().min(b.len()).max(1) as f32,
            jaccard: both / (a.len() as f32 + b.len() as f32 - both).max(1.0),
            rare_containment: rare_containment.min(1.0),
            differences: align::differences(
                (query.text, &query.normal),
                (&held.text, &other),
                &gaps,
            ),
        })
    }
}

fn grade(a: &Normal, b: &Normal, gaps: &[Gap], rare_containment: f32) -> Option<Grade> {
    if a.plain == b.plain && a.signs == b.signs {
        return Some(Grade::Identical);
    }
    let differing: usize = gaps.iter().map(|gap| gap.a.len()).sum();
    let matching = a.signs.len() - differing;
    let share = matching as f32 / a.signs.len().min(b.signs.len()) as f32;
    let short = gaps
        .iter()
        .all(|gap| gap.a.len().min(gap.b.len()) <= LONGEST_EXCHANGE);
    match () {
        () if short && share >= 0.7 && rare_containment >= 0.35 => Some(Grade::Copied),
        () if share >= 0.5 && rare_containment >= 0.3 => Some(Grade::Similar),
        () => None,
    }
}

impl<'a> Query<'a> {
    /// None if the text is too short to be judged.
    fn of(text: &'a str) -> Option<Self> {
        let normal = normalise(text);
        (normal.signs.len() >= SHORTEST).then(|| Query {
            text,
            pieces: sampled(&normal.signs),
            normal,
        })
    }
}

impl TextMatch {
    /// The same match as the text found sees it.
    fn seen_from(mut self, key: u64) -> Self {
        use super::align::Kind;
        self.key = key;
        for difference in &mut self.differences {
            std::mem::swap(&mut difference.first, &mut difference.second);
            difference.kind = match difference.kind {
                Kind::Dropped => Kind::Added,
                Kind::Added => Kind::Dropped,
                other => other,
            };
        }
        self
    }
}
