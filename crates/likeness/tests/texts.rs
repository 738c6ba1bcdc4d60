//! Copied acceptance texts are found, standard phrases are not taken for copies.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failing test may panic and says what it measured"
)]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::Draw;
use common::prose::Prose;
use likeness::text::{Grade, Kind, TextIndex};

#[test]
fn planted_copies_are_found_and_standard_phrases_are_not() {
    let mut draw = Draw::new(1);
    let d = &mut draw;
    // Each text with the number of what it was written from.
    let mut texts: Vec<(usize, String)> = Vec::new();
    let originals: Vec<Prose> = (0..1500).map(|_| Prose::honest(d)).collect();
    for (n, prose) in originals.iter().enumerate() {
        texts.push((n, prose.filled(d)));
    }
    for (n, original) in originals.iter().enumerate().take(150) {
        for _ in 0..1 + n % 3 {
            let dropped = d.below(3);
            texts.push((n, original.without(dropped, d).filled(d)));
        }
    }
    for n in 0..200 {
        texts.push((originals.len() + n, Prose::standard(d).filled(d)));
    }
    // The order of arrival is no order of authorship.
    for i in (1..texts.len()).rev() {
        texts.swap(i, d.below(i + 1));
    }
    let mut index = TextIndex::new();
    for (key, (_, text)) in texts.iter().enumerate() {
        assert!(index.insert(key as u64, text));
    }
    let found = index.pairs(2);
    let source = |key: u64| texts[key as usize].0;
    let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
    for (n, _) in &texts {
        *sizes.entry(*n).or_default() += 1;
    }
    let wanted: usize = sizes.values().map(|n| n * (n - 1) / 2).sum();
    let right = found
        .iter()
        .filter(|(a, m)| source(*a) == source(m.key))
        .count();
    let mut grades: BTreeMap<(bool, Grade), usize> = BTreeMap::new();
    for (a, m) in &found {
        *grades
            .entry((source(*a) == source(m.key), m.grade))
            .or_default() += 1;
    }
    for (a, m) in found
        .iter()
        .filter(|(a, m)| source(*a) != source(m.key))
        .take(3)
    {
        println!(
            "false {m:?}\n  {}\n  {}",
            texts[*a as usize].1, texts[m.key as usize].1
        );
    }
    let set: BTreeSet<(u64, u64)> = found.iter().map(|(a, m)| (*a, m.key)).collect();
    let mut shown = 0;
    for (i, (a, first)) in texts.iter().enumerate() {
        for (j, (b, second)) in texts.iter().enumerate().skip(i + 1) {
            if a == b && !set.contains(&(i as u64, j as u64)) && shown < 3 {
                println!("missed\n  {first}\n  {second}");
                shown += 1;
            }
        }
    }
    let (recall, precision) = (
        right as f64 / wanted as f64,
        right as f64 / found.len().max(1) as f64,
    );
    println!(
        "texts: {}, {wanted} pairs of one source, {} found: recall {recall:.4}, precision {precision:.4}; (right, grade): {grades:?}",
        texts.len(),
        found.len()
    );
    let copied = grades.get(&(true, Grade::Copied)).copied().unwrap_or(0);
    assert!(recall >= 0.98 && precision >= 0.98);
    assert!(
        copied as f64 >= 0.9 * right as f64,
        "copies are graded copied"
    );
}

const FIRST: &str = "大湾村兴隆石料有限公司采石场于2019年8月18日完成整改,东侧采坑先由破碎锤逐层剥离,恢复成台阶状坡面,栽植侧柏320株,\
                     成活率92%,验收组王建国认为具备销号条件。";
const SECOND: &str = "小河沟村宏达建材厂采石场于2018年5月3日完成整改，东侧采坑先由破碎锤逐层剥离，恢复成台阶状坡面，栽植油松1,280株，\
                      成活率88.5%，验收组李志强认为具备销号条件。";

#[test]
fn a_person_sees_what_was_exchanged() {
    let mut index = TextIndex::new();
    index.insert(7, FIRST);
    let found = index.find(SECOND);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].key, found[0].grade), (7, Grade::Copied));
    let shown: Vec<(Kind, &str, &str)> = (found[0].differences.iter())
        .map(|d| (d.kind, &SECOND[d.first.clone()], &FIRST[d.second.clone()]))
        .collect();
    assert_eq!(
        shown,
        [
            (
                Kind::Exchanged,
                "小河沟村宏达建材厂",
                "大湾村兴隆石料有限公司"
            ),
            (Kind::Figure, "2018年5月3日", "2019年8月18日"),
            (Kind::Exchanged, "油松", "侧柏"),
            (Kind::Figure, "1,280株", "320株"),
            (Kind::Figure, "88.5%", "92%"),
            (Kind::Exchanged, "李志强", "王建国"),
        ]
    );
}

#[test]
fn punctuation_and_width_make_no_difference() {
    let mut index = TextIndex::new();
    index.insert(1, FIRST);
    let wide = FIRST.replace(',', "， ").replace('2', "２");
    assert_eq!(index.find(&wide)[0].grade, Grade::Identical);
}

#[test]
fn short_texts_are_never_judged() {
    let mut index = TextIndex::new();
    for key in 0..3 {
        index.insert(key, "经现场核查,该点位已完成整改,具备销号条件。");
    }
    assert!(
        index
            .find("经现场核查,该点位已完成整改,具备销号条件。")
            .is_empty()
    );
    assert!(index.pairs(2).is_empty());
}

#[test]
fn the_words_of_a_form_can_be_named() {
    let form = "经现场核查,该点位违法违规建筑已全部拆除,场地已平整,植被已恢复,验收资料齐全,影像资料完整,具备销号条件,同意销号。";
    let texts = [
        format!("大湾村采石场。{form}验收人王建国。"),
        format!("五里墩鱼塘。{form}验收人陈晓东。"),
    ];
    let mut naive = TextIndex::new();
    let mut told = TextIndex::with_standard_phrases([form]);
    for (key, text) in texts.iter().enumerate() {
        naive.insert(key as u64, text);
        told.insert(key as u64, text);
    }
    assert_eq!(naive.pairs(1).len(), 1);
    assert!(told.pairs(1).is_empty());
}

#[test]
fn an_original_may_leave_and_its_copies_still_know_each_other() {
    let mut index = TextIndex::new();
    for (key, name) in ["王建国", "李志强", "张海燕"].into_iter().enumerate() {
        index.insert(key as u64, &FIRST.replace("王建国", name));
    }
    assert_eq!(index.pairs(1).len(), 3);
    assert!(index.remove(0));
    assert_eq!(index.find(FIRST).len(), 2);
    assert_eq!(index.pairs(2).len(), 1);
    index.insert(1, "另一份");
    assert_eq!((index.pairs(1).len(), index.len()), (0, 2));
    assert_eq!(index.text(1), Some("另一份"));
}

#[test]
fn a_text_copied_everywhere_does_not_become_a_standard_phrase() {
    let mut index = TextIndex::new();
    let mut draw = Draw::new(4);
    for key in 0..300 {
        index.insert(key, &Prose::honest(&mut draw).filled(&mut draw));
    }
    let template = Prose::honest(&mut draw);
    for key in 1000..1400 {
        index.insert(key, &template.filled(&mut draw));
    }
    let found = index.find(&template.filled(&mut draw));
    assert_eq!(found.len(), 100);
    assert!(
        found
            .iter()
            .all(|m| m.key >= 1000 && m.grade == Grade::Copied)
    );
}
