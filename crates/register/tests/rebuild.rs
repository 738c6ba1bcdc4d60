//! Projections are copies: made anew from the entries they are the same, row for row.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{dump, fresh, raw, rows, with_history, without_references};
use proptest::prelude::*;
use register::Register;
use testkit::{TempHome, later};

#[test]
fn rebuilt_projections_are_the_same_row_for_row() {
    let (home, mut register) = with_history();
    let (before, head) = (dump(home.path()), register.head().unwrap());
    assert!(
        before.values().all(|rows| !rows.is_empty()),
        "the history must fill every table"
    );
    register.rebuild().unwrap();
    assert_eq!(dump(home.path()), before);
    assert_eq!(register.head().unwrap(), head);
}

#[test]
fn a_rebuild_mends_what_somebody_changed_by_hand() {
    let (home, mut register) = with_history();
    let before = dump(home.path());
    raw(home.path())
        .execute_batch("UPDATE clue_batches SET rows_taken = 0; DELETE FROM permits;")
        .unwrap();
    assert!(!register.verify().unwrap().is_sound());
    register.rebuild().unwrap();
    assert_eq!(dump(home.path()), before);
    assert_eq!(register.verify().unwrap().faults, []);
}

#[test]
fn projections_of_another_program_are_made_anew_on_opening() {
    let (home, register) = with_history();
    let before = dump(home.path());
    drop(register);
    let old = "DROP TABLE permits; UPDATE schema_migrations SET sha256 = 'older' WHERE name = 'projections';";
    raw(home.path()).execute_batch(old).unwrap();
    let outdated = Register::open_read_only(home.path());
    assert!(
        matches!(outdated, Err(register::Error::OutdatedProjections)),
        "{outdated:?}"
    );
    Register::open(home.path()).unwrap();
    assert_eq!(dump(home.path()), before);
}

#[test]
fn an_entry_of_a_kind_nobody_knows_survives_and_disturbs_nothing() {
    let (home, register) = with_history();
    let size = register.head().unwrap().size;
    drop(register);
    // As a newer program would have written it.
    let db = raw(home.path());
    let text = format!(
        r#"{{"actor":"a","body":{{"x":1}},"id":"01890000-0000-7000-8000-000000000000","kind":"site.painted","occurred_at":"2019-08-16T01:00:00Z","origin":"n","recorded_at":"2019-08-16T01:00:00Z","role":"r","seq":{size},"stream":"site/01890000-0000-7000-8000-000000000001","unit":"u","version":1}}"#
    );
    db.execute(
        "INSERT INTO entries VALUES (?1, '01890000-0000-7000-8000-000000000000',
         'site/01890000-0000-7000-8000-000000000001', 1, 'site.painted', '', '', zeroblob(32), ?2)",
        rusqlite::params![size.cast_signed(), text],
    )
    .unwrap();
    let register = Register::open_read_only(home.path()).unwrap();
    let mut kinds = Vec::new();
    register
        .stored_entries(size, size + 1, |entry| {
            kinds.push(entry.kind.to_owned());
            Ok::<(), register::Error>(())
        })
        .unwrap();
    assert_eq!(kinds, ["site.painted"]);
    let mut known = 0;
    register
        .entries(&register::EntryFilter::default(), |_| {
            known += 1;
            Ok::<(), register::Error>(())
        })
        .unwrap();
    assert_eq!(known, size);
}

#[test]
fn extents_are_those_of_the_geometries_also_after_a_site_moved_inward() {
    let (home, mut register) = fresh();
    register
        .append(&[testkit::a_site(1), testkit::a_site(250)], later(0, 1))
        .unwrap();
    let extent = || {
        rows(
            &raw(home.path()),
            "SELECT min_x, max_x FROM gpkg_contents WHERE table_name = 'sites'",
        )
    };
    assert_eq!(extent(), ["Real(106.001)|Real(106.25)"]);
    let inward = domain::entries::SiteFacts {
        lon: Some(106.1),
        lat: Some(35.55),
        ..Default::default()
    };
    register
        .append(&[testkit::amended(250, inward)], later(0, 2))
        .unwrap();
    assert_eq!(extent(), ["Real(106.001)|Real(106.1)"]);
}

#[test]
fn what_cannot_be_written_as_json_is_refused_wherever_it_hides() {
    let (_home, mut register) = fresh();
    let head = register.head().unwrap();
    let mut hidden = testkit::a_boundary("nan");
    hidden.zones[1].area_m2 = f64::NAN;
    let mut shaped = testkit::a_boundary("inf");
    shaped.boundary = testkit::square(f64::INFINITY, 35.5, 0.1);
    for body in [hidden, shaped] {
        let id =
            domain::ids::EntryId::derived(testkit::start(), &[body.boundary_version.as_bytes()]);
        let entry = domain::entry::Entry {
            id,
            body: body.into(),
            ..testkit::a_site(1)
        };
        let refused = register.append(&[entry], later(0, 1));
        assert!(
            matches!(refused, Err(register::Error::Encode { .. })),
            "{refused:?}"
        );
    }
    assert_eq!(register.head().unwrap(), head);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// However the same entries are cut into appends, and however often they are appended: one log, one set of rows.
    #[test]
    fn any_cut_and_any_repetition_give_one_log(cuts in proptest::collection::vec(1usize..9, 1..12), again in any::<bool>()) {
        let (whole_home, mut whole) = fresh();
        let entries = without_references(common::a_history(), &mut whole);
        whole.append(&entries, later(0, 1)).unwrap();

        let home = TempHome::new();
        std::fs::create_dir(home.join("keys")).unwrap();
        std::fs::copy(whole_home.join("keys/node.key"), home.join("keys/node.key")).unwrap();
        let mut cut = Register::create(home.path(), &common::opening()).unwrap();
        let entries = without_references(entries, &mut cut);
        let mut rest = &entries[..];
        for size in cuts.iter().cycle() {
            let (now, later_on) = rest.split_at((*size).min(rest.len()));
            cut.append(now, later(0, 1)).unwrap();
            if again {
                cut.append(now, later(0, 2)).unwrap();
            }
            rest = later_on;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(cut.head().unwrap(), whole.head().unwrap());
        prop_assert_eq!(dump(home.path()), dump(whole_home.path()));
    }
}
