use std::collections::HashSet;
use std::ops::Range;

use super::{Fix, seconds};
use crate::geodesic::distance_m;

/// 整理参数 — from when on a silence is a gap and a leap is a drift.
#[derive(Debug, Clone, PartialEq)]
pub struct TidyRules {
    /// A silence longer than this ends a segment if the receiver was elsewhere after it …
    pub gap_s: f64,
    /// … farther away than this.
    pub gap_m: f64,
    /// A silence longer than this ends a segment wherever the receiver was.
    pub long_gap_s: f64,
    /// Faster than this is no travelling but a drift of the receiver …
    pub drift_mps: f64,
    /// … if it leapt farther than this.
    pub drift_m: f64,
    /// Fixes less exact than this are refused.
    pub worst_accuracy_m: f64,
    /// Slower than this is standing.
    pub moving_mps: f64,
    /// Times are used if at least this share of the fixes has one.
    pub timed_share: f64,
    /// … and no more than this share of steps goes back in time.
    pub falling_share: f64,
}

impl Default for TidyRules {
    fn default() -> Self {
        Self {
            gap_s: 300.0,
            gap_m: 50.0,
            long_gap_s: 1_800.0,
            drift_mps: 70.0,
            drift_m: 200.0,
            worst_accuracy_m: 200.0,
            moving_mps: 0.3,
            timed_share: 0.8,
            falling_share: 0.05,
        }
    }
}

/// 断开原因 — why nothing was recorded for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GapWhy {
    /// Nothing came.
    Silence,
    Hidden,
    Killed,
    Paused,
    NoFix,
}

impl GapWhy {
    /// As files and messages write it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Silence => "silence",
            Self::Hidden => "hidden",
            Self::Killed => "killed",
            Self::Paused => "paused",
            Self::NoFix => "no_fix",
        }
    }

    /// The reason that files write so.
    pub fn from_code(code: &str) -> Self {
        let all = [Self::Hidden, Self::Killed, Self::Paused, Self::NoFix];
        let found = all.into_iter().find(|w| w.code() == code);
        found.unwrap_or(Self::Silence)
    }
}

/// 断开 — a time between two fixes of which nothing is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gap {
    pub from: Fix,
    pub to: Fix,
    pub why: GapWhy,
}

impl Gap {
    /// How long it lasted.
    pub fn seconds(&self) -> f64 {
        seconds(&self.from, &self.to).unwrap_or_default()
    }

    /// How far apart its ends are.
    pub fn distance_m(&self) -> f64 {
        distance_m(self.from.at, self.to.at)
    }
}

/// 轨迹段 — fixes without a gap between them, by their positions in [`Tidied::fixes`].
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    pub range: Range<usize>,
    pub length_m: f64,
}

/// 整理后的轨迹 — distinct fixes in order, with what was left out and what is known of the way.
#[derive(Debug, Clone, PartialEq)]
pub struct Tidied {
    /// In order, without repeats, refused ones and drifts.
    pub fixes: Vec<Fix>,
    pub segments: Vec<Segment>,
    pub gaps: Vec<Gap>,
    /// Single leaps of the receiver.
    pub drifts: Vec<Fix>,
    pub read: usize,
    /// Fixes that differ in time or place, refused ones and drifts among them.
    pub distinct: usize,
    pub refused: usize,
    /// Whether the times can be used; without them there are neither speeds nor gaps.
    pub is_timed: bool,
    pub length_m: f64,
    pub moving_s: f64,
    pub gap_s: f64,
}

impl Tidied {
    /// First and last instant, where times can be used.
    pub fn span(&self) -> Option<(i64, i64)> {
        let (first, last) = (self.fixes.first()?, self.fixes.last()?);
        self.is_timed.then_some(())?;
        Some((first.t?, last.t?))
    }

    /// Seconds from first to last fix.
    pub fn duration_s(&self) -> f64 {
        self.span()
            .map_or(0.0, |(from, to)| (to - from) as f64 / 1000.0)
    }

    /// The fixes of a segment.
    pub fn of(&self, segment: &Segment) -> &[Fix] {
        &self.fixes[segment.range.clone()]
    }
}

/// Puts fixes in order and says what can be said of them. `in_sequence` says that the file's order is that of the way;
/// `breaks` are gaps that the recorder itself noted, by their instants.
pub fn tidy(
    read: &[Fix],
    in_sequence: bool,
    breaks: &[(GapWhy, i64, i64)],
    rules: &TidyRules,
) -> Tidied {
    let is_timed = has_usable_times(read, in_sequence, rules);
    let distinct = distinct_of(read, is_timed);
    let is_usable = |fix: &&Fix| {
        let is_placed = fix.at.x.abs() <= 180.0 && fix.at.y.abs() <= 90.0;
        let is_origin = fix.at.x == 0.0 && fix.at.y == 0.0;
        let is_exact = fix
            .accuracy_m
            .is_none_or(|a| a.is_nan() || a <= rules.worst_accuracy_m);
        is_placed && !is_origin && is_exact && (!is_timed || fix.t.is_some())
    };
    let mut fixes: Vec<Fix> = distinct.iter().filter(is_usable).copied().collect();
    let refused = distinct.len() - fixes.len();
    if is_timed {
        fixes.sort_by_key(|fix| fix.t);
    }
    let (fixes, drifts) = without_drifts(fixes, is_timed, rules);
    let (segments, gaps) = segments_of(&fixes, is_timed, breaks, rules);
    let moving = |segment: &Segment| moving_s(&fixes[segment.range.clone()], rules);
    Tidied {
        length_m: sum(segments.iter().map(|s| s.length_m)),
        moving_s: match is_timed {
            true => sum(segments.iter().map(moving)),
            false => 0.0,
        },
        gap_s: sum(gaps.iter().map(Gap::seconds)),
        segments,
        gaps,
        drifts,
        read: read.len(),
        distinct: distinct.len(),
        refused,
        is_timed,
        fixes,
    }
}

fn has_usable_times(fixes: &[Fix], in_sequence: bool, rules: &TidyRules) -> bool {
    // 1990: before there was any receiver to write it.
    const FIRST: i64 = 631_152_000_000;
    let times: Vec<i64> = fixes.iter().filter_map(|f| f.t).collect();
    let share = times.len() as f64 / fixes.len().max(1) as f64;
    if times.is_empty() || share < rules.timed_share || times.iter().any(|t| *t < FIRST) {
        return false;
    }
    let falling = times.windows(2).filter(|w| w[1] < w[0]).count();
    !in_sequence || falling as f64 <= rules.falling_share * times.len() as f64
}

/// Without the same fix told again. Without times only what follows upon its like is a repeat: a way may cross itself.
fn distinct_of(read: &[Fix], is_timed: bool) -> Vec<Fix> {
    let mut seen = HashSet::new();
    let mut last = None;
    let is_new = |fix: &&Fix| {
        let place = (fix.at.x.to_bits(), fix.at.y.to_bits());
        let key = (fix.t, place);
        let previous = last.replace((key, fix.segment));
        match is_timed && fix.t.is_some() {
            true => seen.insert(key),
            false => previous != last,
        }
    };
    read.iter().filter(is_new).copied().collect()
}

/// Single leaps: away from the fix before faster than anything drives, while the fix after is reached without it.
fn without_drifts(fixes: Vec<Fix>, is_timed: bool, rules: &TidyRules) -> (Vec<Fix>, Vec<Fix>) {
    if !is_timed {
        return (fixes, Vec::new());
    }
    let leaps = |from: &Fix, to: &Fix| {
        let (metres, s) = (distance_m(from.at, to.at), seconds(from, to));
        metres > rules.drift_m && s.is_some_and(|s| s >= 1.0 && metres / s > rules.drift_mps)
    };
    let mut kept: Vec<Fix> = Vec::with_capacity(fixes.len());
    let mut drifts = Vec::new();
    for (at, fix) in fixes.iter().enumerate() {
        let next = fixes.get(at + 1);
        let is_drift = match kept.last() {
            Some(last) => leaps(last, fix) && next.is_none_or(|n| !leaps(last, n)),
            // The first one has no fix before it: it drifted if the two after it agree with each other only.
            None => next.is_some_and(|n| {
                let after = fixes.get(at + 2);
                leaps(fix, n) && after.is_some_and(|a| leaps(fix, a) && !leaps(n, a))
            }),
        };
        match is_drift {
            true => drifts.push(*fix),
            false => kept.push(*fix),
        }
    }
    (kept, drifts)
}

fn segments_of(
    fixes: &[Fix],
    is_timed: bool,
    breaks: &[(GapWhy, i64, i64)],
    rules: &TidyRules,
) -> (Vec<Segment>, Vec<Gap>) {
    let mut segments = Vec::new();
    let mut gaps = Vec::new();
    let mut start = 0;
    for end in 1..=fixes.len() {
        let Some(next) = fixes.get(end) else {
            segments.push(segment(fixes, start..end));
            break;
        };
        let last = &fixes[end - 1];
        let is_over = match is_timed {
            true => gap_between(last, next, breaks, rules).map(|why| {
                gaps.push(Gap {
                    from: *last,
                    to: *next,
                    why,
                });
            }),
            false => (last.segment != next.segment).then_some(()),
        };
        if is_over.is_some() {
            segments.push(segment(fixes, start..end));
            start = end;
        }
    }
    (segments, gaps)
}

fn gap_between(
    last: &Fix,
    next: &Fix,
    breaks: &[(GapWhy, i64, i64)],
    rules: &TidyRules,
) -> Option<GapWhy> {
    let (from, to) = (last.t?, next.t?);
    let noted = breaks
        .iter()
        .find(|(_, f, t)| *f < to && *t > from && f < t);
    if let Some((why, _, _)) = noted {
        return Some(*why);
    }
    let silent_s = (to - from) as f64 / 1000.0;
    let is_gap = silent_s > rules.long_gap_s
        || (silent_s > rules.gap_s && distance_m(last.at, next.at) > rules.gap_m);
    is_gap.then_some(GapWhy::Silence)
}

fn segment(fixes: &[Fix], range: Range<usize>) -> Segment {
    let steps = fixes[range.clone()].windows(2);
    let length_m = sum(steps.map(|w| distance_m(w[0].at, w[1].at)));
    Segment { range, length_m }
}

fn moving_s(fixes: &[Fix], rules: &TidyRules) -> f64 {
    let steps = fixes.windows(2).filter_map(|w| {
        let s = seconds(&w[0], &w[1])?;
        (s > 0.0 && distance_m(w[0].at, w[1].at) / s > rules.moving_mps).then_some(s)
    });
    sum(steps)
}

/// The sum of nothing is nothing, and not less than nothing.
fn sum(of: impl Iterator<Item = f64>) -> f64 {
    of.fold(0.0, |sum, one| sum + one)
}
