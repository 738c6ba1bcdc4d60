//! 先前用过 — which pictures and texts of an issue were recorded earlier, elsewhere or for something else.

use std::collections::{BTreeMap, HashMap};

use domain::ids::{EntryId, SiteId};
use domain::suspicion::{
    Finding, Likeness, OtherPhoto, OtherText, PhotoRole, Suspicions, TextLikeness, reused_photo,
    reused_text,
};
use spatial::geodesic::distance_m;

use super::Sites;
use super::corpus::{Corpus, Piece, What};
use super::matching::{Like, Matches};
use crate::error::Error;

/// Others that one finding names at most: what a form letter or one scan for many sites is like needs no longer list.
const MOST_OTHERS: usize = 100;

/// 使用表 — every use of every picture, and every text by its name.
pub(super) struct Uses<'a> {
    corpus: &'a Corpus,
    matches: &'a Matches,
    /// Uses of a file, in order of the log.
    photos: HashMap<&'a str, Vec<usize>>,
    texts: HashMap<String, usize>,
}

/// Findings by site and issue.
pub(super) type ByIssue = BTreeMap<(SiteId, EntryId), Vec<Finding>>;

impl<'a> Uses<'a> {
    pub(super) fn of(corpus: &'a Corpus, matches: &'a Matches) -> Self {
        let mut photos: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut texts = HashMap::new();
        for (at, piece) in corpus.pieces.iter().enumerate() {
            match &piece.what {
                What::Photo { sha256, .. } => photos.entry(sha256).or_default().push(at),
                What::Text { .. } => texts.extend(piece.reference().map(|name| (name, at))),
            }
        }
        Self {
            corpus,
            matches,
            photos,
            texts,
        }
    }

    /// What was used before, over all issues.
    pub(super) fn findings(
        &self,
        sites: &mut Sites<'_>,
        rules: &Suspicions,
    ) -> Result<ByIssue, Error> {
        self.findings_among(&|_| true, sites, rules)
    }

    /// What was used before, of one issue.
    pub(super) fn findings_of(
        &self,
        issue: EntryId,
        sites: &mut Sites<'_>,
        rules: &Suspicions,
    ) -> Result<Vec<Finding>, Error> {
        let found = self.findings_among(&|of| of == issue, sites, rules)?;
        Ok(found.into_values().flatten().collect())
    }

    fn findings_among(
        &self,
        is_wanted: &dyn Fn(EntryId) -> bool,
        sites: &mut Sites<'_>,
        rules: &Suspicions,
    ) -> Result<ByIssue, Error> {
        let mut photos: BTreeMap<(SiteId, EntryId, &str), Vec<&Piece>> = BTreeMap::new();
        let mut found = ByIssue::new();
        for piece in &self.corpus.pieces {
            let Some(issue) = piece.issue.filter(|i| is_wanted(*i)) else {
                continue;
            };
            match &piece.what {
                What::Photo { sha256, .. } => {
                    let key = (piece.site, issue, sha256.as_str());
                    photos.entry(key).or_default().push(piece);
                }
                What::Text { is_main, .. } => {
                    let finding = self.of_text(piece, issue, *is_main, sites, rules)?;
                    let of_issue = found.entry((piece.site, issue)).or_default();
                    of_issue.extend(finding);
                }
            }
        }
        for ((site, issue, sha256), uses) in photos {
            let finding = self.of_photo(site, issue, sha256, &uses, sites, rules)?;
            found.entry((site, issue)).or_default().extend(finding);
        }
        found.retain(|_, findings| !findings.is_empty());
        Ok(found)
    }

    fn of_photo(
        &self,
        site: SiteId,
        issue: EntryId,
        sha256: &str,
        uses: &[&Piece],
        sites: &mut Sites<'_>,
        rules: &Suspicions,
    ) -> Result<Option<Finding>, Error> {
        let roles: Vec<PhotoRole> = uses.iter().filter_map(|p| role_of(p)).collect();
        let named_by: Vec<(EntryId, u64)> = in_order(uses.iter().map(|p| (p.entry, p.seq)));
        let exact = Like {
            other: sha256.to_owned(),
            grade: Likeness::Same.code().to_owned(),
            share: 1.0,
        };
        let mut alike: Vec<&Like> = std::iter::once(&exact)
            .chain(self.matches.of_photo(sha256))
            .collect();
        // The surest first: what is too many is left out from the end.
        alike.sort_by_key(|like| like.grade != Likeness::Same.code());
        // Whoever had it first, in whatever form, did not take it from the others.
        let own = alike.iter().flat_map(|like| self.uses_of(&like.other));
        let first = own.filter(|p| p.site == site).map(|p| p.seq).min();
        let first = first.unwrap_or(u64::MAX);
        let named_first = named_by.first().map_or(u64::MAX, |(_, seq)| *seq);
        let mut others: Vec<(u64, OtherPhoto)> = Vec::new();
        for like in &alike {
            for piece in self.uses_of(&like.other) {
                let is_same_site = piece.site == site;
                let is_own = is_same_site && like.other == sha256 && piece.issue == Some(issue);
                // What shows the state before, or the work itself, stands against a later use whenever it came.
                let is_other_role = is_same_site && is_against(piece, &roles);
                let is_earlier = match is_same_site {
                    true => piece.seq <= named_first || is_other_role,
                    false => piece.seq < first,
                };
                if !is_earlier || (is_own && !is_other_role) {
                    continue;
                }
                if !is_same_site && others.len() >= MOST_OTHERS {
                    continue;
                }
                let other = self.other_photo(piece, like, site, issue, sites)?;
                let is_told = others.iter().any(|(_, o)| {
                    o.site_code == other.site_code
                        && o.role == other.role
                        && o.is_same_issue == other.is_same_issue
                        && o.is_of_verification == other.is_of_verification
                });
                if !is_told {
                    others.push((piece.seq, other));
                }
            }
        }
        others.sort_by_key(|(seq, _)| *seq);
        let others: Vec<OtherPhoto> = others.into_iter().map(|(_, o)| o).collect();
        Ok(reused_photo(rules, sha256, &roles, &named_by, &others))
    }

    fn other_photo(
        &self,
        piece: &Piece,
        like: &Like,
        site: SiteId,
        issue: EntryId,
        sites: &mut Sites<'_>,
    ) -> Result<OtherPhoto, Error> {
        let is_same_site = piece.site == site;
        let other = sites.find(piece.site)?;
        let distance = match is_same_site {
            true => None,
            false => {
                let here = sites.find(site)?.and_then(|(_, at)| at);
                let there = other.as_ref().and_then(|(_, at)| *at);
                here.zip(there).map(|(a, b)| distance_m(a, b))
            }
        };
        let is_of_verification = match &piece.what {
            What::Photo {
                is_of_verification, ..
            } => *is_of_verification,
            What::Text { .. } => false,
        };
        Ok(OtherPhoto {
            sha256: like.other.clone(),
            site_code: other.map(|(code, _)| code).unwrap_or_default(),
            is_same_site,
            is_same_issue: is_same_site && piece.issue.is_none_or(|i| i == issue),
            role: role_of(piece),
            is_of_verification,
            distance_m: distance,
            likeness: match like.grade.as_str() {
                "same" => Likeness::Same,
                _ => Likeness::Probable,
            },
            share: like.share,
        })
    }

    fn of_text(
        &self,
        piece: &Piece,
        issue: EntryId,
        is_main: bool,
        sites: &mut Sites<'_>,
        rules: &Suspicions,
    ) -> Result<Option<Finding>, Error> {
        let Some(reference) = piece.reference() else {
            return Ok(None);
        };
        let alike = self.matches.of_text(&reference);
        let alike = alike.filter_map(|like| {
            let other = &self.corpus.pieces[*self.texts.get(&like.other)?];
            Some((other, like))
        });
        let alike: Vec<(&Piece, &Like)> = alike.collect();
        // Whoever wrote it first did not take it from the others.
        let own = alike.iter().filter(|(other, _)| other.site == piece.site);
        let first = own.map(|(other, _)| other.seq).min();
        let first = first.unwrap_or(piece.seq).min(piece.seq);
        let is_earlier = |(other, _): &(&Piece, &Like)| match other.site == piece.site {
            true => other.seq < piece.seq && other.issue != Some(issue),
            false => other.seq < first,
        };
        let mut alike: Vec<_> = alike.into_iter().filter(is_earlier).collect();
        alike.sort_by_key(|(other, like)| (like.grade == "similar", other.seq));
        alike.truncate(MOST_OTHERS);
        alike.sort_by_key(|(other, _)| other.seq);
        let mut others = Vec::new();
        for (other, like) in alike {
            others.push(OtherText {
                reference: like.other.clone(),
                site_code: sites
                    .find(other.site)?
                    .map(|(code, _)| code)
                    .unwrap_or_default(),
                is_same_site: other.site == piece.site,
                likeness: match like.grade.as_str() {
                    "identical" => TextLikeness::Identical,
                    "copied" => TextLikeness::Copied,
                    _ => TextLikeness::Similar,
                },
                share: like.share,
            });
        }
        let named_by = (piece.entry, piece.seq);
        Ok(reused_text(rules, &reference, is_main, named_by, &others))
    }

    fn uses_of(&self, sha256: &str) -> impl Iterator<Item = &'a Piece> {
        let uses = self.photos.get(sha256).map_or(&[][..], Vec::as_slice);
        uses.iter().map(|at| &self.corpus.pieces[*at])
    }
}

fn role_of(piece: &Piece) -> Option<PhotoRole> {
    match &piece.what {
        What::Photo { role, .. } => role.map(Into::into),
        What::Text { .. } => None,
    }
}

/// Whether the same picture was named for something that contradicts one of these roles.
fn is_against(piece: &Piece, roles: &[PhotoRole]) -> bool {
    match role_of(piece) {
        Some(PhotoRole::Before) if roles.contains(&PhotoRole::After) => true,
        Some(role) => role != PhotoRole::LookBack && roles.contains(&PhotoRole::LookBack),
        None => false,
    }
}

fn in_order(all: impl Iterator<Item = (EntryId, u64)>) -> Vec<(EntryId, u64)> {
    let mut all: Vec<(EntryId, u64)> = all.collect();
    all.sort_by_key(|(_, seq)| *seq);
    all.dedup();
    all
}
