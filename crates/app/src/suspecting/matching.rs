//! 查重 — what is like what, found once for each picture and each text and kept.
//!
//! `likeness/matches.jsonl` in the register's folder says of every picture and text that was searched what it resembles.
//! New ones are searched among themselves and against all older ones; nothing is searched twice.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use domain::suspicion::{Likeness, TextLikeness};
use likeness::text::TextIndex;
use likeness::{Fingerprint, Grade, Match, PictureIndex};
use serde::{Deserialize, Serialize};

use super::corpus::{Corpus, What};
use super::prints::{Prints, key};
use super::{Progress, Stage};
use crate::error::Error;

/// A picture's hash with its fingerprint.
type Print = ([u8; 32], Fingerprint);

const FILE: &str = "matches.jsonl";
/// Searchers at work at once.
const THREADS: usize = 2;

/// 相似 — another one that resembles it, and how sure that is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Like {
    /// SHA-256 of the picture, or entry and member of the text.
    pub(super) other: String,
    /// `same`, `probable`; `identical`, `copied`, `similar`.
    pub(super) grade: String,
    /// 0 to 1.
    pub(super) share: f64,
}

/// A line of the file.
#[derive(Serialize, Deserialize)]
struct Searched {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    photo: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    like: Vec<Like>,
}

/// 相似表 — what resembles what, both ways.
#[derive(Debug, Default)]
pub(super) struct Matches {
    photos: Side,
    texts: Side,
}

#[derive(Debug, Default)]
struct Side {
    searched: HashSet<String>,
    like: HashMap<String, BTreeMap<String, Like>>,
}

impl Side {
    fn take(&mut self, name: String, like: &[Like]) {
        for found in like {
            let back = Like {
                other: name.clone(),
                ..found.clone()
            };
            self.put(&found.other, back);
            self.put(&name, found.clone());
        }
        self.searched.insert(name);
    }

    /// Each once; of two answers about one pair the surer stays.
    fn put(&mut self, name: &str, like: Like) {
        let all = self.like.entry(name.to_owned()).or_default();
        let is_surer = |known: &Like| known.share >= like.share;
        if !all.get(&like.other).is_some_and(is_surer) {
            all.insert(like.other.clone(), like);
        }
    }
}

/// What was found for one picture or text.
type Found = Vec<(String, Vec<Like>)>;

impl Matches {
    /// What was found before; a line that broke off is searched again.
    pub(super) fn load(folder: &Path) -> Self {
        let mut matches = Self::default();
        let Ok(file) = std::fs::File::open(folder.join(FILE)) else {
            return matches;
        };
        for line in BufReader::new(file).lines().map_while(Result::ok) {
            let Ok(searched) = serde_json::from_str::<Searched>(&line) else {
                continue;
            };
            match (searched.photo, searched.text) {
                (Some(photo), _) => matches.photos.take(photo, &searched.like),
                (None, Some(text)) => matches.texts.take(text, &searched.like),
                (None, None) => {}
            }
        }
        matches
    }

    /// Pictures like this one.
    pub(super) fn of_photo(&self, sha256: &str) -> impl Iterator<Item = &Like> {
        self.photos
            .like
            .get(sha256)
            .into_iter()
            .flat_map(BTreeMap::values)
    }

    /// Texts like this one.
    pub(super) fn of_text(&self, reference: &str) -> impl Iterator<Item = &Like> {
        self.texts
            .like
            .get(reference)
            .into_iter()
            .flat_map(BTreeMap::values)
    }

    /// Searches the pictures that were not searched yet; says how many there were.
    pub(super) fn search_photos(
        &mut self,
        folder: &Path,
        prints: &Prints,
        wanted: &[String],
        progress: &dyn Progress,
    ) -> Result<usize, Error> {
        let is_new = |sha: &&String| !self.photos.searched.contains(*sha);
        let new: Vec<&String> = wanted
            .iter()
            .filter(is_new)
            .filter(|s| prints.has(s))
            .collect();
        let found = like_photos(prints, &new, progress)?;
        self.keep(folder, found, true)?;
        Ok(new.len())
    }

    /// Searches the texts that were not searched yet; says how many there were.
    pub(super) fn search_texts(
        &mut self,
        folder: &Path,
        corpus: &Corpus,
        phrases: &[String],
        progress: &dyn Progress,
    ) -> Result<usize, Error> {
        let texts = texts_of(corpus);
        let is_new = |name: &String| !self.texts.searched.contains(name);
        let new = texts.iter().filter(|(name, _)| is_new(name)).count();
        if new == 0 {
            return Ok(0);
        }
        let mut index = TextIndex::with_standard_phrases(phrases);
        for (at, (_, text)) in texts.iter().enumerate() {
            index.insert(at as u64, text);
            if at % 1_000 == 0 {
                progress.tell(Stage::Texts, at, texts.len());
            }
        }
        let found = match new == texts.len() {
            true => all_texts(&index, &texts),
            false => some_texts(&index, &texts, &is_new),
        };
        progress.tell(Stage::Texts, texts.len(), texts.len());
        self.keep(folder, found, false)?;
        Ok(new)
    }

    fn keep(&mut self, folder: &Path, found: Found, are_photos: bool) -> Result<(), Error> {
        if found.is_empty() {
            return Ok(());
        }
        let path = folder.join(FILE);
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(Error::internal)?;
        // What a power cut left stays on a line of its own.
        let mut lines = String::from("\n");
        for (name, like) in found {
            let named = |is: bool| is.then(|| name.clone());
            let searched = Searched {
                photo: named(are_photos),
                text: named(!are_photos),
                like,
            };
            lines.push_str(&serde_json::to_string(&searched).map_err(Error::internal)?);
            lines.push('\n');
            let side = match are_photos {
                true => &mut self.photos,
                false => &mut self.texts,
            };
            side.take(name, &searched.like);
        }
        file.write_all(lines.as_bytes()).map_err(Error::internal)?;
        file.sync_data().map_err(Error::internal)
    }
}

/// Every text with the name entries refer to it by, in order of the log.
pub(super) fn texts_of(corpus: &Corpus) -> Vec<(String, &str)> {
    let of_piece = |piece: &'_ super::corpus::Piece| piece.reference();
    corpus
        .pieces
        .iter()
        .filter_map(|piece| match &piece.what {
            What::Text { text, .. } => Some((of_piece(piece)?, text.as_str())),
            What::Photo { .. } => None,
        })
        .collect()
}

/// New pictures against each other and, one batch after the other, against all that have a fingerprint.
pub(super) fn like_photos(
    prints: &Prints,
    new: &[&String],
    progress: &dyn Progress,
) -> Result<Found, Error> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let of_key: HashMap<[u8; 32], u64> = (0..)
        .zip(new)
        .filter_map(|(at, sha)| Some((key(sha)?, at)))
        .collect();
    progress.tell(Stage::Matching, 0, new.len());
    let mut index = PictureIndex::new();
    prints.stream(|batch| {
        for (sha, print) in batch {
            if let Some(at) = of_key.get(&sha) {
                index.insert(*at, print);
            }
        }
        Ok(())
    })?;
    let mut like: BTreeMap<u64, Vec<Like>> = BTreeMap::new();
    for (a, found) in index.pairs(THREADS) {
        let other = new.get(found.key as usize).map(|s| (*s).clone());
        like.entry(a)
            .or_default()
            .extend(other.map(|o| like_of(o, &found)));
    }
    let total = prints.count();
    let mut done = 0;
    // Where all are new there is nothing older to hold against them.
    let are_old = total > index.len();
    let stream = |each: &mut dyn FnMut(Vec<Print>) -> Result<(), Error>| {
        if are_old { prints.stream(each) } else { Ok(()) }
    };
    stream(&mut |batch| {
        done += batch.len();
        let old: Vec<([u8; 32], Fingerprint)> = batch
            .into_iter()
            .filter(|(sha, _)| !of_key.contains_key(sha))
            .collect();
        for (sha, found) in against(&index, &old) {
            let other = like_of(app_hex(&sha), &found);
            like.entry(found.key).or_default().push(other);
        }
        progress.tell(Stage::Matching, done, total);
        Ok(())
    })?;
    let named = (0..).zip(new);
    Ok(named
        .map(|(at, sha)| ((*sha).clone(), like.remove(&at).unwrap_or_default()))
        .collect())
}

fn app_hex(sha: &[u8; 32]) -> String {
    crate::hex(sha)
}

/// What each of the old pictures resembles among those held.
fn against(index: &PictureIndex, old: &[([u8; 32], Fingerprint)]) -> Vec<([u8; 32], Match)> {
    let share = old.len().div_ceil(THREADS).max(1);
    std::thread::scope(|scope| {
        let search = |own: &[([u8; 32], Fingerprint)]| {
            let found = own
                .iter()
                .flat_map(|(sha, print)| index.find(print).into_iter().map(move |m| (*sha, m)));
            found.collect::<Vec<_>>()
        };
        let workers: Vec<_> = old
            .chunks(share)
            .map(|own| scope.spawn(move || search(own)))
            .collect();
        let join = |worker: std::thread::ScopedJoinHandle<'_, Vec<([u8; 32], Match)>>| {
            // A worker that broke off is heard, not left out.
            worker
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        workers.into_iter().flat_map(join).collect()
    })
}

fn like_of(other: String, found: &Match) -> Like {
    let grade = match found.grade {
        Grade::Same => Likeness::Same,
        _ => Likeness::Probable,
    };
    Like {
        other,
        grade: grade.code().to_owned(),
        share: rounded(1.0 - found.distance),
    }
}

fn rounded(share: f32) -> f64 {
    (f64::from(share.clamp(0.0, 1.0)) * 1_000.0).round() / 1_000.0
}

fn like_of_text(other: &str, found: &likeness::text::TextMatch) -> Like {
    use likeness::text::Grade as G;
    let grade = match found.grade {
        G::Identical => TextLikeness::Identical,
        G::Copied => TextLikeness::Copied,
        G::Similar => TextLikeness::Similar,
    };
    Like {
        other: other.to_owned(),
        grade: grade.code().to_owned(),
        share: rounded(found.containment),
    }
}

fn all_texts(index: &TextIndex, texts: &[(String, &str)]) -> Found {
    let mut like: BTreeMap<u64, Vec<Like>> = BTreeMap::new();
    for (a, found) in index.pairs(THREADS) {
        let other = texts.get(found.key as usize);
        let other = other.map(|(name, _)| like_of_text(name, &found));
        like.entry(a).or_default().extend(other);
    }
    let named = (0..).zip(texts);
    named
        .map(|(at, (name, _))| (name.clone(), like.remove(&at).unwrap_or_default()))
        .collect()
}

fn some_texts(
    index: &TextIndex,
    texts: &[(String, &str)],
    is_new: &dyn Fn(&String) -> bool,
) -> Found {
    let new = texts.iter().filter(|(name, _)| is_new(name));
    new.map(|(name, text)| (name.clone(), like_text(index, texts, name, text)))
        .collect()
}

fn like_text(index: &TextIndex, texts: &[(String, &str)], name: &str, text: &str) -> Vec<Like> {
    let found = index.find(text).into_iter();
    found
        .filter_map(|m| {
            let (other, _) = texts.get(m.key as usize)?;
            (other != name).then(|| like_of_text(other, &m))
        })
        .collect()
}

/// Of so many texts at most everything is laid beside a few ones at once; beyond, those that share much with them and a
/// sample that tells what everybody writes.
const FEW_TEXTS: usize = 400;
/// Signs in the pieces by which candidates are picked.
const PIECE: usize = 6;
/// Share of the smaller text's pieces that a candidate shares at least.
const LEAST_SHARED: f64 = 0.2;

/// What a few texts resemble, without the index of all: for one issue, at once.
pub(super) fn like_texts_at_once(
    corpus: &Corpus,
    phrases: &[String],
    own: &BTreeSet<String>,
) -> Vec<(String, Vec<Like>)> {
    let texts = texts_of(corpus);
    let asked: Vec<HashSet<u64>> = texts
        .iter()
        .filter(|(name, _)| own.contains(name))
        .map(|(_, text)| pieces(text))
        .collect();
    let every = (texts.len() / FEW_TEXTS).max(1);
    let is_likely = |text: &str| {
        let of_text = pieces(text);
        asked.iter().any(|a| {
            let shared = a.intersection(&of_text).count();
            shared as f64 >= LEAST_SHARED * a.len().min(of_text.len()).max(1) as f64
        })
    };
    let picked = texts
        .iter()
        .enumerate()
        .filter(|(at, (name, text))| own.contains(name) || at % every == 0 || is_likely(text));
    let picked: Vec<(String, &str)> = picked.map(|(_, (n, t))| (n.clone(), *t)).collect();
    let mut index = TextIndex::with_standard_phrases(phrases);
    for (at, (_, text)) in picked.iter().enumerate() {
        index.insert(at as u64, text);
    }
    let asked = picked.iter().filter(|(name, _)| own.contains(name));
    asked
        .map(|(name, text)| (name.clone(), like_text(&index, &picked, name, text)))
        .collect()
}

fn pieces(text: &str) -> HashSet<u64> {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let signs: Vec<char> = text.chars().filter(|c| c.is_alphabetic()).collect();
    let hash = |piece: &[char]| {
        let mut hasher = DefaultHasher::new();
        piece.hash(&mut hasher);
        hasher.finish()
    };
    signs.windows(PIECE).map(hash).collect()
}

impl Matches {
    /// Adds what was found at once, for this look only.
    pub(super) fn with(mut self, photos: Found, texts: Found) -> Self {
        for (name, like) in photos {
            self.photos.take(name, &like);
        }
        for (name, like) in texts {
            self.texts.take(name, &like);
        }
        self
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    fn like(other: &str, share: f64) -> Like {
        Like {
            other: other.into(),
            grade: "same".into(),
            share,
        }
    }

    #[test]
    fn matches_are_kept_and_known_from_both_sides() {
        let folder = tempfile::tempdir().unwrap();
        let mut matches = Matches::default();
        let found = vec![
            ("a".to_owned(), vec![like("b", 0.9)]),
            ("b".to_owned(), vec![]),
        ];
        matches.keep(folder.path(), found, true).unwrap();
        std::fs::OpenOptions::new()
            .append(true)
            .open(folder.path().join(FILE))
            .unwrap()
            .write_all(b"{\"photo\":\"c\",\"li")
            .unwrap();
        let mut read = Matches::load(folder.path());
        assert_eq!(read.of_photo("a").collect::<Vec<_>>(), [&like("b", 0.9)]);
        assert_eq!(read.of_photo("b").collect::<Vec<_>>(), [&like("a", 0.9)]);
        assert!(!read.photos.searched.contains("c"));
        let more = vec![("c".to_owned(), vec![like("a", 0.95)])];
        read.keep(folder.path(), more, true).unwrap();
        let again = Matches::load(folder.path());
        assert_eq!(again.of_photo("c").collect::<Vec<_>>(), [&like("a", 0.95)]);
        assert_eq!(again.of_photo("a").count(), 2);
    }
}
