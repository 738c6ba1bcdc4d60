//! 落点 — which known site a clue belongs to: proposals with reasons, decided by stated rules or left to a person.

use std::collections::{BTreeMap, BTreeSet};

use domain::campaign::Thresholds;
use domain::dossier::Dossier;
use domain::entries::ClueFacts;
use domain::ids::SiteId;
use domain::numbering::ExternalCode;
use geo_types::Geometry;
use spatial::matching::{Candidate, MatchIndex};

/// 已知点位 — what matching looks at of a site.
#[derive(Debug, Clone)]
pub struct Known {
    pub site_id: SiteId,
    pub site_code: String,
    /// Every name a source gave it, as keys.
    pub names: BTreeSet<String>,
    pub activity_type_code: Option<String>,
    pub township: Option<String>,
    pub geometry: Option<Geometry<f64>>,
    pub codes: BTreeSet<String>,
}

impl Known {
    /// From a dossier.
    pub fn of(dossier: &Dossier) -> Self {
        let codes = dossier
            .external_codes()
            .into_iter()
            .map(code_key)
            .chain([code_key(&dossier.site_code)]);
        Self {
            site_id: dossier.site_id,
            site_code: dossier.site_code.clone(),
            names: names_of(dossier),
            activity_type_code: dossier.facts.activity_type_code.clone(),
            township: dossier.facts.township.clone(),
            geometry: dossier.facts.shape.as_ref().map(|s| s.0.clone()),
            codes: codes.collect(),
        }
    }
}

/// One source calls a quarry by its owner, the next by its village; all of them are names of the site.
fn names_of(dossier: &Dossier) -> BTreeSet<String> {
    let claims = dossier.claims.get("facility_name").into_iter().flatten();
    claims
        .filter_map(|c| c.value.as_str())
        .map(name_key)
        .filter(|n| is_name(n))
        .collect()
}

/// 待落点者 — what a clue, a ledger row or a verification offers for matching.
#[derive(Debug, Clone, Default)]
pub struct Sought<'a> {
    pub codes: Vec<&'a str>,
    pub name: Option<&'a str>,
    /// Sentences that may name a site: where it is, what is said of it.
    pub texts: Vec<&'a str>,
    pub township: Option<&'a str>,
    pub activity_type_code: Option<&'a str>,
    pub geometry: Option<&'a Geometry<f64>>,
    /// How exact the position is, where it is known to be coarse.
    pub precision_m: Option<f64>,
    /// Whether somebody stood there: a verification, and no clue.
    pub is_on_the_spot: bool,
}

impl<'a> Sought<'a> {
    /// What a clue offers.
    pub fn of(facts: &'a ClueFacts) -> Self {
        Self {
            codes: facts.external_code.iter().map(String::as_str).collect(),
            name: facts.facility_name.as_deref(),
            texts: [&facts.location_text, &facts.summary]
                .into_iter()
                .flatten()
                .map(String::as_str)
                .collect(),
            township: facts.township.as_deref(),
            activity_type_code: facts.activity_type_code.as_deref(),
            geometry: facts.shape.as_ref().map(|s| &s.0),
            precision_m: facts.precision_m,
            is_on_the_spot: false,
        }
    }
}

/// 可能对应的点位 — a proposal with the figures a person needs to decide.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    pub site_id: SiteId,
    pub site_code: String,
    /// `same_code`, `overlap`, `near_and_alike`, `same_name`, `named_in_text`, `near`, `near_unexplained`, `same_kind_and_township`.
    pub rule: &'static str,
    pub distance_m: Option<f64>,
    pub iou: Option<f64>,
    pub overlap_m2: Option<f64>,
}

/// 落点决定 — one site by a stated rule, a new site, or a person must look.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    Same(Proposal),
    /// Nothing known is near or alike, and there is a position.
    New,
    /// Several may be meant, or there is too little to tell; most likely first.
    Doubtful {
        proposals: Vec<Proposal>,
        reason: &'static str,
    },
}

/// 点位簿 — known sites by number, name and place; grows while a batch is read.
pub struct SiteBook {
    sites: Vec<Known>,
    by_code: BTreeMap<String, usize>,
    by_name: BTreeMap<String, Vec<usize>>,
    by_id: BTreeMap<SiteId, usize>,
    settled: MatchIndex<u32>,
    /// Sites added since `settled` was built; searched one by one.
    recent: Vec<usize>,
    thresholds: Thresholds,
}

/// Names shorter than this tell no sites apart.
const LEAST_NAME: usize = 3;
/// More sites than this nobody looks through.
const MOST_PROPOSED: usize = 10;
/// More sites than this are not searched one by one.
const RECENT_LIMIT: usize = 64;

impl SiteBook {
    /// A book of the sites given.
    pub fn new(sites: Vec<Known>, thresholds: Thresholds) -> Self {
        let mut book = Self {
            sites: Vec::new(),
            by_code: BTreeMap::new(),
            by_name: BTreeMap::new(),
            by_id: BTreeMap::new(),
            settled: MatchIndex::build(Vec::new()),
            recent: Vec::new(),
            thresholds,
        };
        for site in sites {
            book.enter(site);
        }
        book.settle();
        book
    }

    /// Adds a site just registered, or replaces what is known of it.
    pub fn add(&mut self, site: Known) {
        let at = self.enter(site);
        self.recent.push(at);
        if self.recent.len() > RECENT_LIMIT {
            self.settle();
        }
    }

    fn enter(&mut self, site: Known) -> usize {
        let at = self.sites.len();
        for code in &site.codes {
            self.by_code.insert(code.clone(), at);
        }
        for name in &site.names {
            self.by_name.entry(name.clone()).or_default().push(at);
        }
        self.by_id.insert(site.site_id, at);
        self.sites.push(site);
        at
    }

    fn settle(&mut self) {
        let items = self.sites.iter().enumerate();
        let placed = items.filter_map(|(i, s)| Some((i as u32, s.geometry.clone()?)));
        self.settled = MatchIndex::build(placed);
        self.recent.clear();
    }

    /// The number of a further source now also names this site.
    pub fn learn_codes(&mut self, site: SiteId, codes: &[&str]) {
        if let Some(&at) = self.by_id.get(&site) {
            for code in codes {
                self.by_code.insert(code_key(code), at);
                self.sites[at].codes.insert(code_key(code));
            }
        }
    }

    /// A further source calls this site by this name.
    pub fn learn_name(&mut self, site: SiteId, name: &str) {
        let key = name_key(name);
        let Some(&at) = self.by_id.get(&site) else {
            return;
        };
        if is_name(&key) && self.sites[at].names.insert(key.clone()) {
            self.by_name.entry(key).or_default().push(at);
        }
    }

    /// What is known of a site.
    pub fn find(&self, site: SiteId) -> Option<&Known> {
        self.by_id.get(&site).map(|&at| &self.sites[at])
    }

    /// The site that bears a number, ours or issued.
    pub fn find_by_code(&self, code: &str) -> Option<&Known> {
        self.by_code.get(&code_key(code)).map(|&at| &self.sites[at])
    }

    /// Every own site code, for numbering.
    pub fn site_codes(&self) -> impl Iterator<Item = &str> {
        self.sites.iter().map(|s| s.site_code.as_str())
    }

    /// Which site is sought.
    pub fn decide(&self, sought: &Sought<'_>) -> Decision {
        if let Some(decision) = self.by_number(sought) {
            return decision;
        }
        match sought.geometry {
            Some(geometry) => self.by_place(sought, geometry),
            None => self.by_name_alone(sought),
        }
    }

    fn by_number(&self, sought: &Sought<'_>) -> Option<Decision> {
        let at = sought
            .codes
            .iter()
            .find_map(|code| self.by_code.get(&code_key(code)))?;
        let site = &self.sites[*at];
        let measured = sought
            .geometry
            .zip(site.geometry.as_ref())
            .and_then(|(new, known)| pair(new, known));
        let proposal = proposal(site, "same_code", measured.as_ref());
        let t = &self.thresholds;
        let is_beyond = |limit: f64| measured.is_some_and(|m| m.distance_m > limit);
        let doubtful = |reason| Decision::Doubtful {
            proposals: vec![proposal.clone()],
            reason,
        };
        Some(if is_beyond(t.same_code_distance_m) {
            doubtful("same_code_far_apart")
        } else if is_beyond(t.near_distance_m) && self.bears_other_name(*at, sought) {
            doubtful("same_code_other_name")
        } else {
            Decision::Same(proposal)
        })
    }

    /// Whether both have names, and none of them is the other's: lists give one number twice.
    fn bears_other_name(&self, at: usize, sought: &Sought<'_>) -> bool {
        let site = &self.sites[at];
        let is_named = sought.name.is_some_and(|n| is_name(&name_key(n)));
        is_named && !site.names.is_empty() && !self.meant_by_name(sought).contains(&site.site_id)
    }

    fn by_place(&self, sought: &Sought<'_>, geometry: &Geometry<f64>) -> Decision {
        let mut found: Vec<(usize, Candidate<u32>)> = self.candidates(geometry);
        found.sort_by(|a, b| {
            b.1.iou
                .total_cmp(&a.1.iou)
                .then(a.1.distance_m.total_cmp(&b.1.distance_m))
                .then(a.0.cmp(&b.0))
        });
        let t = &self.thresholds;
        let overlaps = |c: &Candidate<u32>| {
            c.iou >= t.same_iou
                || c.share_of_new >= t.overlap_share
                || c.share_of_known >= t.overlap_share
        };
        if let Some((at, c)) = found.iter().find(|(_, c)| overlaps(c)) {
            return Decision::Same(proposal(&self.sites[*at], "overlap", Some(c)));
        }
        let near: Vec<&(usize, Candidate<u32>)> = found
            .iter()
            .filter(|(_, c)| c.distance_m <= t.near_distance_m)
            .collect();
        match near.is_empty() {
            true => self.elsewhere(sought, geometry),
            false => self.by_nearness(sought, &near),
        }
    }

    fn by_nearness(&self, sought: &Sought<'_>, near: &[&(usize, Candidate<u32>)]) -> Decision {
        let t = &self.thresholds;
        // A name tells sites apart better than a kind, and reaches farther.
        let named = self.meant_by_name(sought);
        let by_name = near
            .iter()
            .filter(|(at, _)| named.contains(&self.sites[*at].site_id));
        let by_kind = near.iter().filter(|(at, c)| {
            c.distance_m <= t.near_and_alike_distance_m && self.is_of_kind(*at, sought)
        });
        for meant in [by_name.collect::<Vec<_>>(), by_kind.collect()] {
            match &meant[..] {
                [] => {}
                [(at, c)] => {
                    return Decision::Same(proposal(&self.sites[*at], "near_and_alike", Some(c)));
                }
                _ => return self.doubtful_near(near, "several_alike"),
            }
        }
        // Who went to the only place nearby that nobody has named or classed yet has seen what it is.
        if let ([(at, c)], true) = (near, sought.is_on_the_spot)
            && c.distance_m <= t.near_and_alike_distance_m
            && self.is_unexplained(*at)
        {
            return Decision::Same(proposal(&self.sites[*at], "near_unexplained", Some(c)));
        }
        match near
            .iter()
            .all(|(at, _)| self.is_of_other_kind(*at, sought))
        {
            true => Decision::New,
            false => self.doubtful_near(near, "near_but_not_surely_same"),
        }
    }

    fn doubtful_near(&self, near: &[&(usize, Candidate<u32>)], reason: &'static str) -> Decision {
        let proposals = near
            .iter()
            .take(MOST_PROPOSED)
            .map(|(at, c)| proposal(&self.sites[*at], "near", Some(c)));
        Decision::Doubtful {
            proposals: proposals.collect(),
            reason,
        }
    }

    /// Nothing near; a site of the same distinctive name farther off is a doubt, not a new site, unless the position is
    /// too coarse to speak against it.
    fn elsewhere(&self, sought: &Sought<'_>, geometry: &Geometry<f64>) -> Decision {
        let named = self.named(sought);
        let measured = |site: &Known| site.geometry.as_ref().and_then(|g| pair(geometry, g));
        let agrees = |site: &Known| {
            measured(site).is_none_or(|m| m.distance_m <= sought.precision_m.unwrap_or(0.0))
        };
        match &named[..] {
            [] => Decision::New,
            [site] if agrees(site) => {
                Decision::Same(proposal(site, "same_name", measured(site).as_ref()))
            }
            several => Decision::Doubtful {
                proposals: several
                    .iter()
                    .map(|s| proposal(s, "same_name", measured(s).as_ref()))
                    .collect(),
                reason: "same_name_far_apart",
            },
        }
    }

    fn by_name_alone(&self, sought: &Sought<'_>) -> Decision {
        let named = self.named(sought);
        if named.is_empty() {
            return self.by_text(sought);
        }
        self.by_words(&named, sought, "same_name", "several_of_that_name")
    }

    /// A sentence that names one known site, and in no other township, means it.
    fn by_text(&self, sought: &Sought<'_>) -> Decision {
        let named = self.named_in(&sought.texts);
        // A name of its own that nobody knows is another site's, whatever the sentence mentions besides.
        if named.is_empty() || sought.name.is_some() {
            let mentioned = named.iter().map(|s| proposal(s, "named_in_text", None));
            return Decision::Doubtful {
                proposals: mentioned.chain(self.of_kind_and_township(sought)).collect(),
                reason: "no_position",
            };
        }
        self.by_words(&named, sought, "named_in_text", "several_named_in_text")
    }

    fn by_words(
        &self,
        named: &[&Known],
        sought: &Sought<'_>,
        rule: &'static str,
        several: &'static str,
    ) -> Decision {
        let proposals = || named.iter().map(|s| proposal(s, rule, None)).collect();
        match named {
            [site] if is_elsewhere(site, sought) => Decision::Doubtful {
                proposals: proposals(),
                reason: "named_in_another_township",
            },
            [site] => Decision::Same(proposal(site, rule, None)),
            _ => Decision::Doubtful {
                proposals: proposals(),
                reason: several,
            },
        }
    }

    fn named(&self, sought: &Sought<'_>) -> Vec<&Known> {
        let key = sought
            .name
            .map(name_key)
            .filter(|n| is_name(n) && n.chars().count() >= LEAST_NAME);
        let Some(key) = key else { return Vec::new() };
        if let Some(exact) = self.by_name.get(&key) {
            return self.once_each(exact.iter().copied());
        }
        // Lists put the township before the name: 峡门乡演示管护站房二号.
        let is_tail = |long: &str, short: &str| is_telling(short) && long.ends_with(short);
        let known = self
            .by_name
            .iter()
            .filter(|(known, _)| is_tail(&key, known) || is_tail(known, &key));
        self.once_each(known.flat_map(|(_, at)| at.iter().copied()))
    }

    /// Sites whose whole name stands in one of the texts; a name that is only part of a longer one found does not count.
    fn named_in(&self, texts: &[&str]) -> Vec<&Known> {
        let texts: Vec<String> = texts.iter().map(|t| name_key(t)).collect();
        let found: Vec<(&String, &Vec<usize>)> = self
            .by_name
            .iter()
            .filter(|(name, _)| is_telling(name) && texts.iter().any(|t| t.contains(*name)))
            .collect();
        let is_whole = |name: &String| {
            !found
                .iter()
                .any(|(other, _)| *other != name && other.contains(name.as_str()))
        };
        let whole = found.iter().filter(|(name, _)| is_whole(name));
        self.once_each(whole.flat_map(|(_, at)| at.iter().copied()))
    }

    /// Where there is neither name nor position, what a person would look through first.
    fn of_kind_and_township(&self, sought: &Sought<'_>) -> Vec<Proposal> {
        let (Some(kind), Some(township)) = (sought.activity_type_code, sought.township) else {
            return Vec::new();
        };
        self.sites
            .iter()
            .filter(|s| s.activity_type_code.as_deref() == Some(kind))
            .filter(|s| s.township.as_deref() == Some(township))
            .take(MOST_PROPOSED)
            .map(|s| proposal(s, "same_kind_and_township", None))
            .collect()
    }

    /// A site replaced by what was learned later stands in the book twice; the last is meant.
    fn once_each(&self, at: impl Iterator<Item = usize>) -> Vec<&Known> {
        let ids: BTreeSet<usize> = at
            .filter_map(|i| self.by_id.get(&self.sites[i].site_id).copied())
            .collect();
        ids.into_iter().map(|i| &self.sites[i]).collect()
    }

    fn candidates(&self, geometry: &Geometry<f64>) -> Vec<(usize, Candidate<u32>)> {
        let reach = self.thresholds.near_distance_m;
        let mut found: Vec<(usize, Candidate<u32>)> = self
            .settled
            .candidates(geometry, reach)
            .into_iter()
            .map(|c| (c.id as usize, c))
            .collect();
        for &at in &self.recent {
            let known = self.sites[at].geometry.as_ref();
            let measured = known.and_then(|k| {
                MatchIndex::build(vec![(at as u32, k.clone())])
                    .candidates(geometry, reach)
                    .pop()
            });
            found.extend(measured.map(|c| (at, c)));
        }
        found
    }

    /// Sites near a place, nearest first.
    pub fn around(&self, place: &Geometry<f64>) -> Vec<Proposal> {
        let mut found = self.candidates(place);
        found.sort_by(|a, b| {
            a.1.distance_m
                .total_cmp(&b.1.distance_m)
                .then(a.0.cmp(&b.0))
        });
        let found = found.iter().take(MOST_PROPOSED);
        found
            .map(|(at, c)| proposal(&self.sites[*at], "near", Some(c)))
            .collect()
    }

    /// A site that was named by its own number, and how far from a place it lies.
    pub fn by_own_code(&self, site: SiteId, place: Option<&Geometry<f64>>) -> Option<Proposal> {
        let site = self.find(site)?;
        let measured = place
            .zip(site.geometry.as_ref())
            .and_then(|(new, known)| pair(new, known));
        Some(proposal(site, "same_code", measured.as_ref()))
    }

    /// Sites that bear the name sought, or are named in its sentences where it has no name of its own.
    fn meant_by_name(&self, sought: &Sought<'_>) -> BTreeSet<SiteId> {
        let named = match sought.name {
            Some(_) => self.named(sought),
            None => self.named_in(&sought.texts),
        };
        named.into_iter().map(|s| s.site_id).collect()
    }

    fn is_of_kind(&self, at: usize, sought: &Sought<'_>) -> bool {
        let known = self.sites[at].activity_type_code.as_deref();
        sought
            .activity_type_code
            .zip(known)
            .is_some_and(|(a, b)| a == b)
    }

    fn is_unexplained(&self, at: usize) -> bool {
        let site = &self.sites[at];
        site.names.is_empty() && site.activity_type_code.is_none()
    }

    fn is_of_other_kind(&self, at: usize, sought: &Sought<'_>) -> bool {
        let known = self.sites[at].activity_type_code.as_deref();
        sought
            .activity_type_code
            .zip(known)
            .is_some_and(|(a, b)| a != b)
    }
}

/// Words that lists put where there is no name; two of them are not one place.
const NAMELESS: [&str; 8] = [
    "无",
    "不详",
    "未知",
    "无名",
    "未命名",
    "疑似图斑",
    "变化图斑",
    "疑似变化区域",
];

/// Whether a key names anything.
pub fn is_name(key: &str) -> bool {
    !key.is_empty() && !NAMELESS.contains(&key)
}

/// Names shorter than this are common words, which other names and sentences hold by chance.
fn is_telling(name: &str) -> bool {
    name.chars().count() >= LEAST_NAME + 2
}

/// Whether both name a township, and not the same.
fn is_elsewhere(site: &Known, sought: &Sought<'_>) -> bool {
    let both = sought.township.zip(site.township.as_deref());
    // Some lists write the village behind it.
    both.is_some_and(|(a, b)| !a.starts_with(b) && !b.starts_with(a))
}

fn pair(new: &Geometry<f64>, known: &Geometry<f64>) -> Option<Candidate<u32>> {
    MatchIndex::build(vec![(0, known.clone())])
        .candidates(new, f64::INFINITY)
        .pop()
}

fn proposal(site: &Known, rule: &'static str, measured: Option<&Candidate<u32>>) -> Proposal {
    let round = |v: f64, scale: f64| (v * scale).round() / scale;
    Proposal {
        site_id: site.site_id,
        site_code: site.site_code.clone(),
        rule,
        distance_m: measured.map(|m| round(m.distance_m, 10.0)),
        iou: measured.map(|m| round(m.iou, 1e4)),
        overlap_m2: measured.map(|m| round(m.overlap_m2, 10.0)),
    }
}

/// Issued numbers compare without case, width and separators.
pub fn code_key(code: &str) -> String {
    ExternalCode(code.to_owned()).matching_key()
}

/// Names compare without blanks and brackets, with one kind of numerals, and without the words that lists add
/// (`（原址）`, `（演示数据）`).
pub fn name_key(name: &str) -> String {
    let folded: String = name
        .chars()
        .map(|c| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
            _ => c,
        })
        .filter(|c| !c.is_whitespace() && !"()[]（）【】·、,，.。-_".contains(*c))
        .collect();
    let plain = folded
        .to_lowercase()
        .replace("原址", "")
        .replace("演示数据", "");
    chinese_numbers(&plain)
}

/// `3号` and `12号` as `三号` and `十二号`; digits that name no number stay.
fn chinese_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut digits = String::new();
    for c in text.chars() {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        let number = if c == '号' {
            digits.parse().ok().and_then(chinese_number)
        } else {
            None
        };
        out.push_str(&number.unwrap_or_else(|| digits.clone()));
        digits.clear();
        out.push(c);
    }
    out.push_str(&digits);
    out
}

/// 1 to 99 as written in names.
fn chinese_number(number: u8) -> Option<String> {
    const DIGITS: [&str; 10] = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
    let (tens, ones) = (usize::from(number / 10), usize::from(number % 10));
    match tens {
        0 if ones > 0 => Some(DIGITS[ones].to_owned()),
        1 => Some(format!("十{}", DIGITS[ones])),
        2..=9 => Some(format!("{}十{}", DIGITS[tens], DIGITS[ones])),
        _ => None,
    }
}
