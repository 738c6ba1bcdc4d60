//! Reuse of photographs: altered copies are found, other photographs of the same place are not.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failing test may panic and says what it measured"
)]

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use common::scenes::{Scene, draw};
use common::{Draw, alter};
use image::RgbImage;
use likeness::{Fingerprint, Grade, Limits, Orientation, PictureIndex, compare, viewpoint};

const PHOTOS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/photos");

fn fingerprint(bytes: &[u8]) -> Fingerprint {
    Fingerprint::of_file(bytes, &Limits::default()).unwrap()
}

fn load(path: &Path) -> RgbImage {
    let bytes = std::fs::read(path).unwrap();
    image::load_from_memory(&bytes).unwrap().into_rgb8()
}

/// A picture's name, where it comes from, and the fingerprint.
struct Known {
    name: String,
    original: usize,
    print: Fingerprint,
}

/// The altered copies of an original, the work shared by two threads.
fn altered(originals: &[(String, RgbImage)]) -> Vec<Known> {
    let one = |from: usize| {
        let mut out = Vec::new();
        for (n, (name, picture)) in originals.iter().enumerate().skip(from).step_by(2) {
            out.push(Known {
                name: name.clone(),
                original: n,
                print: fingerprint(&alter::jpeg(picture, 90)),
            });
            for (how, bytes) in alter::all(picture, n as u64) {
                out.push(Known {
                    name: format!("{name}: {how}"),
                    original: n,
                    print: fingerprint(&bytes),
                });
            }
        }
        out
    };
    std::thread::scope(|scope| {
        let second = scope.spawn(|| one(1));
        let mut all = one(0);
        all.extend(second.join().unwrap());
        all
    })
}

/// Recall and precision over all pairs, as the index answers; misses and false hits are printed.
fn measure(title: &str, known: &[Known]) -> (f64, f64) {
    let mut index = PictureIndex::new();
    for (key, picture) in known.iter().enumerate() {
        assert!(index.insert(key as u64, picture.print.clone()));
    }
    let found = index.pairs(2);
    let bare = known.iter().filter(|k| !k.print.is_comparable()).count();
    println!("{title}: {bare} show too little to be compared");
    let mut of: BTreeMap<usize, u64> = BTreeMap::new();
    for picture in known {
        *of.entry(picture.original).or_default() += 1;
    }
    let wanted: u64 = of.values().map(|n| n * (n - 1) / 2).sum();
    let original = |key: u64| known[key as usize].original;
    let right = found
        .iter()
        .filter(|(a, m)| original(*a) == original(m.key))
        .count();
    for (a, m) in found
        .iter()
        .filter(|(a, m)| original(*a) != original(m.key))
        .take(10)
    {
        println!(
            "  false: {} / {}: {m:?}",
            known[*a as usize].name, known[m.key as usize].name
        );
    }
    let mut missed: BTreeMap<String, u32> = BTreeMap::new();
    let set: std::collections::BTreeSet<(u64, u64)> =
        found.iter().map(|(a, m)| (*a, m.key)).collect();
    for (i, a) in known.iter().enumerate() {
        for (j, b) in known.iter().enumerate().skip(i + 1) {
            if a.original == b.original && !set.contains(&(i as u64, j as u64)) {
                for name in [&a.name, &b.name] {
                    *missed.entry(name.clone()).or_default() += 1;
                }
            }
        }
    }
    let mut missed: Vec<_> = missed.into_iter().collect();
    missed.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    for (name, n) in missed.iter().take(12) {
        println!("  missed {n} times: {name}");
    }
    let same = found.iter().filter(|(_, m)| m.grade == Grade::Same).count();
    let (recall, precision) = (
        right as f64 / wanted as f64,
        right as f64 / found.len().max(1) as f64,
    );
    println!(
        "{title}: {} pictures, {wanted} pairs of one photograph, {} found ({same} graded same): recall {recall:.4}, precision {precision:.4}",
        known.len(),
        found.len()
    );
    (recall, precision)
}

fn real() -> Vec<(String, RgbImage)> {
    [
        "orientation/landscape_1.jpg",
        "orientation/portrait_1.jpg",
        "gps/45-gps_ifd.jpg",
        "gps/87_OSError.jpg",
        "gps/HMD_Nokia_8.3_5G.jpg",
    ]
    .into_iter()
    .map(|name| {
        let picture = load(&Path::new(PHOTOS).join(name));
        let picture = if picture.width().max(picture.height()) > 900 {
            alter::resized(&picture, 900)
        } else {
            picture
        };
        (name.to_owned(), picture)
    })
    .collect()
}

#[test]
fn altered_copies_are_found_and_other_photographs_are_not() {
    let mut originals = real();
    for place in 0..4 {
        originals.push((format!("place {place}"), draw(Scene::of(place), 480)));
    }
    let mut known = altered(&originals);
    // Distractors: other places, and the same places in another season, seen from the same spot or close by.
    let mut draws = Draw::new(5);
    let mut others = Vec::new();
    for place in 0..24 {
        let season = Scene {
            season: 1 + place / 12,
            houses: place % 2 == 0,
            ..Scene::of(place % 12)
        };
        let moved = (draws.between(-0.03, 0.03), draws.between(-0.03, 0.03));
        others.push(Scene {
            moved: if place % 4 == 0 { (0.0, 0.0) } else { moved },
            ..season
        });
        others.push(Scene::of(100 + place));
    }
    for (n, scene) in others.into_iter().enumerate() {
        let picture = draw(scene, 360);
        let grey = alter::grey(&picture);
        known.push(Known {
            name: format!("{scene:?}"),
            original: originals.len() + n,
            print: Fingerprint::of_grey(grey.width(), grey.height(), grey.as_raw()).unwrap(),
        });
    }
    let (recall, precision) = measure("all", &known);
    assert!(recall >= 0.98, "recall {recall}");
    assert!(precision >= 0.98, "precision {precision}");
}

#[test]
fn the_orientation_is_found_with_the_picture() {
    let picture = draw(Scene::of(3), 480);
    let mut index = PictureIndex::new();
    index.insert(7, fingerprint(&alter::jpeg(&picture, 90)));
    for orientation in Orientation::ALL {
        let turned = fingerprint(&alter::jpeg(&alter::turned(&picture, orientation), 80));
        let found = index.find(&turned);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].key, found[0].orientation),
            (7, orientation.inverse())
        );
        assert_eq!(
            compare(&turned, index.fingerprint(7).unwrap()).orientation,
            orientation.inverse()
        );
    }
    assert!(index.remove(7).is_some() && index.is_empty());
    assert!(
        index
            .find(&fingerprint(&alter::jpeg(&picture, 90)))
            .is_empty()
    );
}

/// The sixteen files show two scenes; the tag 0x0112 is applied before anything else.
#[test]
fn the_orientation_tag_is_applied() {
    for scene in ["landscape", "portrait"] {
        let prints: Vec<Fingerprint> = (1..=8)
            .map(|n| std::fs::read(format!("{PHOTOS}/orientation/{scene}_{n}.jpg")).unwrap())
            .map(|bytes| fingerprint(&bytes))
            .collect();
        for other in &prints {
            let comparison = compare(&prints[0], other);
            assert_eq!(
                (comparison.grade, comparison.orientation),
                (Grade::Same, Orientation::Upright)
            );
        }
    }
}

#[test]
fn a_photograph_of_nothing_is_recognized() {
    let bytes = std::fs::read(format!("{PHOTOS}/gps/67-0_length_string.jpg")).unwrap();
    assert!(!fingerprint(&bytes).is_comparable());
    assert!(matches!(
        Fingerprint::of_file(
            &std::fs::read(format!("{PHOTOS}/gps/IMG_5195.HEIC")).unwrap(),
            &Limits::default()
        ),
        Err(likeness::Error::UnknownKind)
    ));
}

#[test]
fn a_view_is_recognized_or_left_open_and_never_invented() {
    let print = |scene| {
        let grey = alter::grey(&draw(scene, 320));
        Fingerprint::of_grey(grey.width(), grey.height(), grey.as_raw()).unwrap()
    };
    let mut draws = Draw::new(9);
    let mut tally: BTreeMap<(&str, viewpoint::Grade), u32> = BTreeMap::new();
    for place in 0..12 {
        let before = Scene {
            weeks_only: true,
            ..Scene::of(place)
        };
        let mut moved = || draws.between(-0.04, 0.04);
        let weeks = Scene {
            season: 1,
            houses: false,
            moved: (moved(), moved()),
            ..before
        };
        let season = Scene {
            weeks_only: false,
            ..weeks
        };
        let elsewhere = Scene {
            season: 1,
            ..Scene::of(place + 50)
        };
        let before = print(before);
        for (what, scene) in [
            ("weeks later", weeks),
            ("another season", season),
            ("elsewhere", elsewhere),
        ] {
            let answer = viewpoint::compare(&before, &print(scene));
            *tally.entry((what, answer.grade)).or_default() += 1;
        }
    }
    println!("viewpoints: {tally:?}");
    let count = |what, grade| tally.get(&(what, grade)).copied().unwrap_or(0);
    assert!(count("weeks later", viewpoint::Grade::Same) >= 11);
    assert_eq!(count("elsewhere", viewpoint::Grade::Same), 0);
    assert_eq!(count("another season", viewpoint::Grade::Different), 0);
}
