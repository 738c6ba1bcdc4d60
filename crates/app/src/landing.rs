//! 落点 — which known site a clue belongs to: proposals with reasons, decided by stated rules or left to a person.

use std::collections::{BTreeMap, BTreeSet};

use domain::campaign::Thresholds;
use domain::dossier::Dossier;
use domain::ids::SiteId;
use domain::numbering::ExternalCode;
use geo_types::Geometry;
use spatial::matching::{Candidate, MatchIndex};

/// 已知点位 — what matching looks at of a site.
#[derive(Debug, Clone)]
pub struct Known {
    pub site_id: SiteId,
    pub site_code: String,
    pub name: Option<String>,
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
            name: dossier.facts.facility_name.as_deref().map(name_key),
            activity_type_code: dossier.facts.activity_type_code.clone(),
            township: dossier.facts.township.clone(),
            geometry: dossier.facts.shape.as_ref().map(|s| s.0.clone()),
            codes: codes.collect(),
        }
    }
}

/// 待落点者 — what a clue, a ledger row or a verification offers for matching.
#[derive(Debug, Clone, Default)]
pub struct Sought<'a> {
    pub codes: Vec<&'a str>,
    pub name: Option<&'a str>,
    pub activity_type_code: Option<&'a str>,
    pub geometry: Option<&'a Geometry<f64>>,
}

/// 可能对应的点位 — a proposal with the figures a person needs to decide.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    pub site_id: SiteId,
    pub site_code: String,
    /// `same_code`, `overlap`, `near_and_alike`, `same_name`, `near`.
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
        if let Some(name) = &site.name {
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
        let is_far = measured.is_some_and(|m| m.distance_m > self.thresholds.same_code_distance_m);
        Some(match is_far {
            true => Decision::Doubtful {
                proposals: vec![proposal],
                reason: "same_code_far_apart",
            },
            false => Decision::Same(proposal),
        })
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
        let alike: Vec<&&(usize, Candidate<u32>)> = near
            .iter()
            .filter(|(at, c)| {
                c.distance_m <= t.near_and_alike_distance_m && self.is_alike(*at, sought)
            })
            .collect();
        match (&alike[..], near.is_empty()) {
            ([(at, c)], _) => Decision::Same(proposal(&self.sites[*at], "near_and_alike", Some(c))),
            ([], true) => self.elsewhere(sought),
            ([], false)
                if near
                    .iter()
                    .all(|(at, _)| self.is_of_other_kind(*at, sought)) =>
            {
                Decision::New
            }
            _ => Decision::Doubtful {
                proposals: near
                    .iter()
                    .map(|(at, c)| proposal(&self.sites[*at], "near", Some(c)))
                    .collect(),
                reason: if alike.len() > 1 {
                    "several_alike"
                } else {
                    "near_but_not_surely_same"
                },
            },
        }
    }

    /// Nothing near; a site of the same distinctive name farther off is a doubt, not a new site.
    fn elsewhere(&self, sought: &Sought<'_>) -> Decision {
        let named = self.named(sought);
        let unplaced: Vec<&Known> = named
            .iter()
            .copied()
            .filter(|s| s.geometry.is_none())
            .collect();
        match (&unplaced[..], named.is_empty()) {
            ([site], _) if named.len() == 1 => Decision::Same(proposal(site, "same_name", None)),
            (_, true) => Decision::New,
            _ => Decision::Doubtful {
                proposals: named
                    .iter()
                    .map(|s| proposal(s, "same_name", None))
                    .collect(),
                reason: "same_name_far_apart",
            },
        }
    }

    fn by_name_alone(&self, sought: &Sought<'_>) -> Decision {
        let named = self.named(sought);
        match &named[..] {
            [site] => Decision::Same(proposal(site, "same_name", None)),
            [] => Decision::Doubtful {
                proposals: Vec::new(),
                reason: "no_position",
            },
            several => Decision::Doubtful {
                proposals: several
                    .iter()
                    .map(|s| proposal(s, "same_name", None))
                    .collect(),
                reason: "several_of_that_name",
            },
        }
    }

    fn named(&self, sought: &Sought<'_>) -> Vec<&Known> {
        let key = sought
            .name
            .map(name_key)
            .filter(|n| n.chars().count() >= LEAST_NAME);
        let Some(key) = key else { return Vec::new() };
        let exact = self
            .by_name
            .get(&key)
            .map(Vec::as_slice)
            .unwrap_or_default();
        if !exact.is_empty() {
            return exact.iter().map(|&i| &self.sites[i]).collect();
        }
        // Lists put the township before the name: 峡门乡演示管护站房二号.
        let inside = |known: &&String| {
            known.chars().count() >= LEAST_NAME + 2 && key.ends_with(known.as_str())
        };
        let known = self.by_name.iter().filter(|(k, _)| inside(k));
        known
            .flat_map(|(_, at)| at.iter().map(|&i| &self.sites[i]))
            .collect()
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

    fn is_alike(&self, at: usize, sought: &Sought<'_>) -> bool {
        let site = &self.sites[at];
        let same_name = sought
            .name
            .map(name_key)
            .zip(site.name.clone())
            .is_some_and(|(a, b)| a == b);
        let same_kind = sought
            .activity_type_code
            .zip(site.activity_type_code.as_deref())
            .is_some_and(|(a, b)| a == b);
        same_name || same_kind
    }

    fn is_of_other_kind(&self, at: usize, sought: &Sought<'_>) -> bool {
        let known = self.sites[at].activity_type_code.as_deref();
        sought
            .activity_type_code
            .zip(known)
            .is_some_and(|(a, b)| a != b)
    }
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
