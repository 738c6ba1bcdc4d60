//! Whatever comes in, an answer comes out.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

mod common;

use common::alter;
use common::scenes::{Scene, draw};
use likeness::text::TextIndex;
use likeness::{Bound, Error, Fingerprint, Grade, Limits, PictureIndex, compare, viewpoint};
use proptest::prelude::*;

const INVALID: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../shared/data/photos/invalid"
);

fn read(bytes: &[u8]) -> Result<Fingerprint, Error> {
    Fingerprint::of_file(bytes, &Limits::default())
}

#[test]
fn damaged_photographs_are_refused_or_read_as_far_as_they_go() {
    let mut files: Vec<_> = std::fs::read_dir(INVALID)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    files.sort();
    assert_eq!(files.len(), 7);
    for path in files {
        if let Err(error) = read(&std::fs::read(&path).unwrap()) {
            assert!(matches!(error, Error::Decode { .. }), "{path:?}: {error}");
        }
    }
}

#[test]
fn what_is_too_large_is_not_decoded() {
    let file = alter::jpeg(&draw(Scene::of(1), 64), 80);
    let limits = Limits {
        pixels: 1000,
        ..Limits::default()
    };
    let bound = |limits| match Fingerprint::of_file(&file, &limits) {
        Err(Error::TooLarge { bound, .. }) => bound,
        other => panic!("{other:?}"),
    };
    assert_eq!(bound(limits), Bound::Pixels);
    let limits = Limits {
        size_bytes: 10,
        ..Limits::default()
    };
    assert_eq!(bound(limits), Bound::Bytes);
    assert!(matches!(read(b"GIF89a......"), Err(Error::UnknownKind)));
    assert!(matches!(read(b""), Err(Error::UnknownKind)));
    assert!(matches!(read(&file[..200]), Err(Error::Decode { .. })));
}

#[test]
fn pictures_that_show_nothing_match_nothing() {
    let mut index = PictureIndex::new();
    let mut bare: Vec<(String, Fingerprint)> = Vec::new();
    for value in [0, 128, 255] {
        let flat = alter::flat(640, 480, value);
        bare.push((
            format!("flat {value}"),
            Fingerprint::of_grey(640, 480, flat.as_raw()).unwrap(),
        ));
    }
    let mut noise = common::Draw::new(3);
    let sky: Vec<u8> = (0..640 * 480)
        .map(|i| (230.0 - 60.0 * (i / 640) as f32 / 480.0 + noise.between(-3.0, 3.0)) as u8)
        .collect();
    bare.push((
        "sky".to_owned(),
        Fingerprint::of_grey(640, 480, &sky).unwrap(),
    ));
    let night: Vec<u8> = (0..640 * 480)
        .map(|_| noise.between(0.0, 6.0) as u8)
        .collect();
    bare.push((
        "night".to_owned(),
        Fingerprint::of_grey(640, 480, &night).unwrap(),
    ));
    for (key, (name, print)) in bare.iter().enumerate() {
        assert!(!print.is_comparable(), "{name}");
        assert_eq!(compare(print, print).grade, Grade::NotComparable);
        assert_eq!(
            viewpoint::compare(print, print).grade,
            viewpoint::Grade::Uncertain
        );
        index.insert(key as u64, print.clone());
    }
    for (_, print) in &bare {
        assert!(index.find(print).is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(32) })]

    #[test]
    fn random_bytes_are_no_picture(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(read(&bytes).is_err());
        prop_assert!(Fingerprint::from_bytes(&bytes).is_err());
    }

    #[test]
    fn damaged_files_and_fingerprints_do_not_panic(at in 0_usize..1 << 20, to: u8, cut in 0_usize..1 << 20) {
        let mut file = alter::jpeg(&draw(Scene::of(1), 64), 80);
        let whole = read(&file).unwrap();
        let n = file.len();
        file[at % n] = to;
        file.truncate(n - cut % (n / 2));
        let _either = read(&file);
        let mut stored = whole.to_bytes();
        let n = stored.len();
        stored[at % n] = to;
        if let Ok(read) = Fingerprint::from_bytes(&stored) {
            prop_assert_eq!(read.to_bytes(), stored.clone());
            compare(&whole, &read);
            viewpoint::compare(&read, &whole);
            let mut index = PictureIndex::new();
            index.insert(1, read.clone());
            index.find(&whole);
            prop_assert_eq!(index.remove(1), Some(read));
        }
        stored.truncate(cut % n);
        prop_assert!(Fingerprint::from_bytes(&stored).is_err());
    }

    #[test]
    fn any_shape_of_pixels_has_a_fingerprint(width in 1_u32..80, height in 1_u32..80, value: u8) {
        let pixels: Vec<u8> = (0..width * height).map(|i| (i as u8).wrapping_mul(value)).collect();
        let print = Fingerprint::of_grey(width, height, &pixels).unwrap();
        prop_assert_eq!(Fingerprint::from_bytes(&print.to_bytes()).unwrap(), print);
        prop_assert!(Fingerprint::of_grey(width, height + 1, &pixels).is_err());
    }

    #[test]
    fn any_texts_can_be_compared(texts in proptest::collection::vec("[甲乙丙0-9一二三亩.，a ]{0,120}|\\PC{0,80}", 1..12)) {
        let mut index = TextIndex::new();
        for (key, text) in texts.iter().enumerate() {
            index.insert(key as u64, text);
        }
        for (key, text) in texts.iter().enumerate() {
            for found in index.find(text) {
                let other = &texts[found.key as usize];
                for d in &found.differences {
                    prop_assert!(text.get(d.first.clone()).is_some() && other.get(d.second.clone()).is_some());
                }
            }
            prop_assert!(index.remove(key as u64));
        }
        prop_assert!(index.is_empty());
    }
}
