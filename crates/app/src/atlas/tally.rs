//! 计数 — all figures of a dashboard in one pass over the columns.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::campaign::LedgerView;
use jiff::civil::Date;

use super::columns::Words;
use super::filter::{SiteFilter, ledger_bit_of};
use super::site_table::{Eyes, SiteTable, day_of};

/// Sites and their area.
pub type Counted = (u64, f64);

/// States without a conclusion.
const WAITING: [&str; 2] = ["awaiting_verification", "in_verification"];

/// 计数 — of the sites in the first ledger: all that count and are not excluded.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    pub all: Counted,
    pub focal_any: Counted,
    pub in_focal: Counted,
    pub in_verified: Counted,
    pub with_finding: Counted,
    pub without_finding: Counted,
    pub by_state: BTreeMap<String, Counted>,
    pub by_zone: BTreeMap<String, Counted>,
    pub by_activity: BTreeMap<String, Counted>,
    pub by_station: BTreeMap<String, Counted>,
    pub by_source: BTreeMap<String, Counted>,
    pub by_focal: BTreeMap<String, Counted>,
    pub by_focal_with_issue: BTreeMap<String, Counted>,
    /// Sites with a conclusion by the day of their latest verification.
    pub concluded_on: BTreeMap<Date, u64>,
    /// By activity, zone, state.
    pub cross: BTreeMap<(String, String, String), Counted>,
}

impl Tally {
    /// Sites without a conclusion yet.
    pub fn waiting(&self) -> Counted {
        let of = |state: &str| self.by_state.get(state).copied().unwrap_or_default();
        let [a, b] = WAITING.map(of);
        (a.0 + b.0, a.1 + b.1)
    }

    /// Sites with a conclusion that nobody verified on a day that is known.
    pub fn concluded_undated(&self) -> u64 {
        let dated: u64 = self.concluded_on.values().sum();
        (self.all.0 - self.waiting().0).saturating_sub(dated)
    }
}

pub(super) fn add(slot: &mut Counted, area: f64) {
    slot.0 += 1;
    slot.1 += area;
}

fn word(words: &Words, number: usize) -> String {
    words.word(number as u16).unwrap_or("unknown").to_owned()
}

fn named(words: &Words, counts: &[Counted]) -> BTreeMap<String, Counted> {
    let counted = counts.iter().enumerate().filter(|(_, c)| c.0 > 0);
    counted.map(|(n, c)| (word(words, n), *c)).collect()
}

impl SiteTable {
    /// Counts the rows wanted that stand in a ledger.
    pub fn tally(&self, filter: &SiteFilter, eyes: &Eyes, view: LedgerView) -> Arc<Tally> {
        let count = || self.count(filter, eyes, view);
        match filter.is_open() {
            true => self.tallied.of((view, eyes.clone()), count),
            false => Arc::new(count()),
        }
    }

    fn count(&self, filter: &SiteFilter, eyes: &Eyes, view: LedgerView) -> Tally {
        let zones = self.zones.len();
        let states = self.states.len();
        // One flat array of counters: activity × zone × state; the rest follows by adding up.
        let mut cube: Vec<Counted> = vec![(0, 0.0); self.activities.len() * zones * states];
        let mut stations = vec![(0, 0.0); self.stations.len()];
        let mut focals = vec![(0, 0.0); self.focals.len()];
        let mut focals_with_issue = vec![(0, 0.0); self.focals.len()];
        let mut sources = vec![(0, 0.0); self.sources.len()];
        let mut days: BTreeMap<u16, u64> = BTreeMap::new();
        let mut tally = Tally::default();
        let is_waiting = |state: u8| {
            WAITING
                .iter()
                .any(|w| self.states.find(w) == Some(u16::from(state)))
        };
        let waiting: Vec<bool> = (0..states as u8).map(is_waiting).collect();
        let has_issue = self.has_issues.find("yes").unwrap_or(u16::MAX);
        let ledger = ledger_bit_of(view);
        let mut wanted = self.wanted(filter, eyes);
        wanted.keep_column(&self.ledger_bits, |bits| bits & ledger != 0);
        for at in wanted.iter() {
            let row = at as u32;
            let area = self.area_or_zero(row);
            let cell = (usize::from(self.activity[at]) * zones + usize::from(self.zone[at]))
                * states
                + usize::from(self.state[at]);
            add(&mut cube[cell], area);
            add(&mut stations[usize::from(self.station[at])], area);
            if self.verified_on[at] > 0 && !waiting[usize::from(self.state[at])] {
                *days.entry(self.verified_on[at]).or_default() += 1;
            }
            let focal = usize::from(self.focal[at]);
            if focal > 0 {
                add(&mut focals[focal], area);
                if u16::from(self.has_issue[at]) == has_issue {
                    add(&mut focals_with_issue[focal], area);
                }
            }
            let mut bits = self.seen_sources(at, eyes);
            while bits != 0 {
                let source = bits.trailing_zeros() as usize;
                if let Some(slot) = sources.get_mut(source) {
                    add(slot, area);
                }
                bits &= bits - 1;
            }
            if self.is_in_ledger(row, LedgerView::Focal) {
                add(&mut tally.in_focal, area);
            }
            if self.is_in_ledger(row, LedgerView::Verified) {
                add(&mut tally.in_verified, area);
            }
            if self.has_finding(row) {
                add(&mut tally.with_finding, area);
            } else {
                add(&mut tally.without_finding, area);
            }
        }
        let dated = days
            .into_iter()
            .map(|(number, count)| (day_of(number), count));
        tally.concluded_on = dated.collect();
        self.add_up(&cube, &mut tally);
        tally.by_station = named(&self.stations, &stations);
        tally.by_focal = named(&self.focals, &focals);
        tally.by_focal_with_issue = named(&self.focals, &focals_with_issue);
        tally.by_source = named(&self.sources, &sources);
        tally.focal_any = focals
            .iter()
            .fold((0, 0.0), |sum, c| (sum.0 + c.0, sum.1 + c.1));
        tally
    }

    fn add_up(&self, cube: &[Counted], tally: &mut Tally) {
        let (zones, states) = (self.zones.len(), self.states.len());
        let more = |slot: &mut Counted, c: &Counted| {
            slot.0 += c.0;
            slot.1 += c.1;
        };
        for (cell, counted) in cube.iter().enumerate().filter(|(_, c)| c.0 > 0) {
            let activity = word(&self.activities, cell / states / zones);
            let zone = word(&self.zones, cell / states % zones);
            let state = word(&self.states, cell % states);
            more(&mut tally.all, counted);
            more(tally.by_state.entry(state.clone()).or_default(), counted);
            more(tally.by_zone.entry(zone.clone()).or_default(), counted);
            more(
                tally.by_activity.entry(activity.clone()).or_default(),
                counted,
            );
            more(
                tally.cross.entry((activity, zone, state)).or_default(),
                counted,
            );
        }
    }
}
