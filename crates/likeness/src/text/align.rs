//! Two texts side by side.

use std::ops::Range;

use super::normalise::Normal;

/// Texts that need more insertions and deletions than this are not laid side by side.
const MOST_EDITS: usize = 1500;
/// Matches shorter than this between two differences are accidents.
const ACCIDENT: usize = 3;

/// How two texts differ at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// One thing stands in place of another: a name, a village, a sort of tree.
    Exchanged,
    /// Only the first has it.
    Dropped,
    /// Only the second has it.
    Added,
    /// Figures, dates or units differ; all else there is alike.
    Figure,
}

/// A place where two texts differ: byte ranges of the texts as they were given, cut at whole signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub kind: Kind,
    /// In the first text.
    pub first: Range<usize>,
    /// In the second text.
    pub second: Range<usize>,
}

/// Places in signs: a stretch of the first against a stretch of the second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gap {
    pub(super) a: Range<usize>,
    pub(super) b: Range<usize>,
}

/// Matching stretches as (start in a, start in b, length), in order. None if the texts have too little in common.
fn matches(a: &[char], b: &[char]) -> Option<Vec<(usize, usize, usize)>> {
    let (n, m) = (a.len() as isize, b.len() as isize);
    let most = (a.len() + b.len()).min(MOST_EDITS) as isize;
    // Myers 1986: the farthest reach on each diagonal, by number of edits.
    let offset = most + 1;
    let mut reach = vec![0_isize; (2 * most + 3) as usize];
    let mut history: Vec<Vec<isize>> = Vec::new();
    let mut edits = None;
    'search: for d in 0..=most {
        // Only the diagonals of the step before are needed to walk back.
        history.push(reach[(offset - d) as usize..=(offset + d) as usize].to_vec());
        for k in (-d..=d).step_by(2) {
            let at = (offset + k) as usize;
            let down = k == -d || (k != d && reach[at - 1] < reach[at + 1]);
            let mut x = if down {
                reach[at + 1]
            } else {
                reach[at - 1] + 1
            };
            while x < n && x - k < m && x >= 0 && x - k >= 0 && a[x as usize] == b[(x - k) as usize]
            {
                x += 1;
            }
            reach[at] = x;
            if x >= n && x - k >= m {
                edits = Some(d);
                break 'search;
            }
        }
    }
    let mut out: Vec<(usize, usize, usize)> = Vec::new();
    let (mut x, mut y) = (n, m);
    for d in (0..=edits?).rev() {
        let before = &history[d as usize];
        let value = |k: isize| before.get((k + d) as usize).copied().unwrap_or(-1);
        let k = x - y;
        let (px, py) = if d == 0 {
            (0, 0)
        } else {
            let down = k == -d || (k != d && value(k - 1) < value(k + 1));
            let pk = if down { k + 1 } else { k - 1 };
            (value(pk), value(pk) - pk)
        };
        let start_x = match d {
            0 => 0,
            _ if px - py < k => px + 1,
            _ => px,
        };
        if x > start_x {
            out.push((
                start_x as usize,
                (start_x - k) as usize,
                (x - start_x) as usize,
            ));
        }
        (x, y) = (px, py);
    }
    out.reverse();
    Some(out)
}

/// The stretches in which two texts differ, in order. None if they have too little in common.
pub(super) fn gaps(a: &[char], b: &[char]) -> Option<Vec<Gap>> {
    let mut gaps: Vec<Gap> = Vec::new();
    let (mut x, mut y) = (0, 0);
    let end = (a.len(), b.len(), 0);
    for (mx, my, length) in matches(a, b)?.into_iter().chain([end]) {
        if mx > x || my > y {
            match gaps.last_mut() {
                // A sign or two that happen to agree amid what was exchanged.
                Some(last) if x - last.a.end < ACCIDENT => {
                    (last.a.end, last.b.end) = (mx, my);
                }
                _ => gaps.push(Gap { a: x..mx, b: y..my }),
            }
        }
        (x, y) = (mx + length, my + length);
    }
    Some(gaps)
}

fn bytes(text: &Normal, signs: &Range<usize>) -> Range<usize> {
    if signs.is_empty() {
        let at = match signs.start {
            0 => 0,
            n => text.spans[n - 1].1,
        };
        return at..at;
    }
    text.spans[signs.start].0..text.spans[signs.end - 1].1
}

/// What a person is shown: the gaps, and the figures that differ between them.
pub(super) fn differences(
    (first, a): (&str, &Normal),
    (second, b): (&str, &Normal),
    gaps: &[Gap],
) -> Vec<Difference> {
    let mut out = Vec::new();
    let (mut x, mut y) = (0, 0);
    let end = Gap {
        a: a.signs.len()..a.signs.len(),
        b: b.signs.len()..b.signs.len(),
    };
    for gap in gaps.iter().chain([&end]) {
        for (i, j) in (x..gap.a.start).zip(y..gap.b.start) {
            let (s, t) = (a.spans[i], b.spans[j]);
            if a.signs[i] == super::normalise::MASK && first.get(s.0..s.1) != second.get(t.0..t.1) {
                out.push(Difference {
                    kind: Kind::Figure,
                    first: s.0..s.1,
                    second: t.0..t.1,
                });
            }
        }
        let kind = match (gap.a.is_empty(), gap.b.is_empty()) {
            (true, true) => break,
            (false, true) => Kind::Dropped,
            (true, false) => Kind::Added,
            (false, false) => Kind::Exchanged,
        };
        out.push(Difference {
            kind,
            first: bytes(a, &gap.a),
            second: bytes(b, &gap.b),
        });
        (x, y) = (gap.a.end, gap.b.end);
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::super::normalise::normalise;
    use super::*;

    fn check(first: &str, second: &str, expected: &[(Kind, &str, &str)]) {
        let (a, b) = (normalise(first), normalise(second));
        let gaps = gaps(&a.signs, &b.signs).unwrap();
        let found: Vec<(Kind, &str, &str)> = differences((first, &a), (second, &b), &gaps)
            .into_iter()
            .map(|d| (d.kind, &first[d.first], &second[d.second]))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_was_exchanged_is_shown() {
        check(
            "大湾村采石场已于2019年8月拆除厂房三间，覆土后栽植侧柏。",
            "小河沟村采石场已于2018年5月拆除厂房五间，覆土后栽植油松。",
            &[
                (Kind::Exchanged, "大湾", "小河沟"),
                (Kind::Figure, "2019年8月", "2018年5月"),
                (Kind::Figure, "三间", "五间"),
                (Kind::Exchanged, "侧柏", "油松"),
            ],
        );
        check(
            "甲乙丙丁戊己庚",
            "甲乙丙丁",
            &[(Kind::Dropped, "戊己庚", "")],
        );
        check("甲乙丙丁", "甲乙丙丁", &[]);
        check("", "甲", &[(Kind::Added, "", "甲")]);
    }

    /// The plain quadratic way, as the oracle.
    fn longest_common(a: &[char], b: &[char]) -> usize {
        let mut row = vec![0; b.len() + 1];
        for x in a {
            let mut diagonal = 0;
            for (j, y) in b.iter().enumerate() {
                let above = row[j + 1];
                row[j + 1] = if x == y {
                    diagonal + 1
                } else {
                    above.max(row[j])
                };
                diagonal = above;
            }
        }
        row[b.len()]
    }

    proptest::proptest! {
        #[test]
        fn matches_are_matches_and_as_many_as_can_be(a in "[甲乙丙丁]{0,40}", b in "[甲乙丙丁]{0,40}") {
            let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
            let found = matches(&a, &b).unwrap();
            let (mut x, mut y, mut total) = (0, 0, 0);
            for (mx, my, length) in found {
                proptest::prop_assert!(mx >= x && my >= y);
                proptest::prop_assert_eq!(&a[mx..mx + length], &b[my..my + length]);
                (x, y) = (mx + length, my + length);
                total += length;
            }
            proptest::prop_assert_eq!(total, longest_common(&a, &b));
        }
    }
}
