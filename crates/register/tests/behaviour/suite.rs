//! What a register does, whatever keeps it.

use std::io::Read;

use domain::as_of::AsOf;
use domain::dossier::{Dossier, SiteState};
use domain::entries::SiteFacts;
use domain::entry::{Entry, EntryBody, RecordedEntry};
use domain::ids::{ClueId, SiteId, StreamId};
use register::{Clue, ClueState, EntryFilter, Error, Opening, Register};
use testkit::{Seeded, a_batch, a_clue, a_site, amended, later, linked, screened, start, unlinked};

use crate::Store;

macro_rules! instantiate {
    ($store:ident) => {
        $crate::suite::instantiate! { @ $store:
            a_new_register_holds_its_own_first_entry,
            an_append_gives_receipts_in_the_order_of_the_log,
            the_same_id_gives_the_first_receipt_and_no_new_leaf,
            the_same_id_with_other_content_is_refused_and_nothing_is_kept,
            one_bad_entry_keeps_the_whole_slice_out,
            a_code_names_one_site_whoever_numbered_first,
            commuting_kinds_are_kept_on_a_stream_that_moved_on,
            amendments_of_different_fields_merge,
            amendments_of_one_field_clash_and_show_both_sides,
            a_decision_on_a_stream_that_moved_on_is_refused_with_what_happened,
            entries_of_one_append_upon_one_version_are_no_conflict,
            an_entry_upon_a_version_that_is_not_there_yet_is_refused,
            dossiers_follow_the_entries,
            a_view_of_a_day_does_not_change_when_later_days_come,
            dossiers_of_some_sites_come_in_the_order_asked_for,
            a_view_of_a_log_size_sees_what_the_log_held,
            clues_know_what_became_of_them,
            the_stored_clues_are_those_a_fold_gives,
            what_a_reserve_adopted_last_is_found_as_of_a_day,
            a_background_stands_from_its_last_adoption_until_it_is_withdrawn,
            blobs_are_found_by_their_hash,
            a_reader_sees_what_is_appended_and_cannot_write,
            nothing_is_lost_by_closing_and_opening,
            proofs_hold_against_the_heads_they_were_made_for,
            entries_are_read_by_stream_noun_and_kind,
            a_view_may_ask_for_more_while_it_reads,
            a_view_that_has_seen_enough_leaves_the_register_as_it_was,
            what_the_database_refuses_has_a_code,
            what_an_append_itself_says_is_no_clash,
            long_entries_and_odd_characters_come_back_as_they_were,
            an_untouched_register_is_sound,
            rebuilt_projections_say_the_same,
        }
    };
    (@ $store:ident: $($claim:ident,)+) => {
        $(#[test]
        fn $claim() {
            $crate::suite::$claim::<$store>();
        })+
    };
}
pub(crate) use instantiate;

fn opening() -> Opening {
    Opening {
        node: "ceshi.example".to_owned(),
        is_demonstration: true,
        opened_at: start(),
        author: testkit::bureau_office(),
    }
}

fn fresh<S: Store>() -> (S, Register) {
    S::create(&opening())
}

fn append(register: &mut Register, entries: &[Entry]) -> Vec<register::Receipt> {
    register.append(entries, later(0, 1)).unwrap()
}

fn upon(version: u64, entry: Entry) -> Entry {
    Entry {
        based_on: Some(version),
        ..entry
    }
}

fn on_day(days: i64, entry: Entry) -> Entry {
    Entry {
        occurred_at: later(days, 0),
        ..entry
    }
}

fn named(name: &str) -> SiteFacts {
    SiteFacts {
        facility_name: Some(name.to_owned()),
        ..SiteFacts::default()
    }
}

fn in_village(name: &str) -> SiteFacts {
    SiteFacts {
        village: Some(name.to_owned()),
        ..SiteFacts::default()
    }
}

fn dossiers(register: &Register, as_of: AsOf) -> Vec<Dossier> {
    let mut all = Vec::new();
    register
        .dossiers(as_of, |dossier| {
            all.push(dossier);
            Ok::<(), Error>(())
        })
        .unwrap();
    all
}

fn clues(register: &Register, as_of: AsOf) -> Vec<Clue> {
    let mut all = Vec::new();
    register
        .clues(as_of, |clue| {
            all.push(clue);
            Ok::<(), Error>(())
        })
        .unwrap();
    all
}

fn entries(register: &Register, filter: &EntryFilter<'_>) -> Vec<RecordedEntry> {
    let mut all = Vec::new();
    register
        .entries(filter, |entry| {
            all.push(entry);
            Ok::<(), Error>(())
        })
        .unwrap();
    all
}

pub(crate) fn a_new_register_holds_its_own_first_entry<S: Store>() {
    let (_store, register) = fresh::<S>();
    let all = entries(&register, &EntryFilter::default());
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].entry.body.kind(), "register.opened");
    assert_eq!(
        (all[0].seq, all[0].version, all[0].origin.as_str()),
        (0, 1, "ceshi.example")
    );
    assert_eq!(register.opened().node, "ceshi.example");
    assert!(register.opened().is_demonstration);
    assert!(register.opened().verifier_key.starts_with("ceshi.example+"));
    assert_eq!(register.head().unwrap().size, 1);
}

pub(crate) fn an_append_gives_receipts_in_the_order_of_the_log<S: Store>() {
    let (_store, mut register) = fresh::<S>();
    let receipts = append(
        &mut register,
        &[a_batch(1, 2), a_clue(1, 0), a_site(0), a_clue(1, 1)],
    );
    let places: Vec<(u64, u64)> = receipts.iter().map(|r| (r.seq, r.version)).collect();
    assert_eq!(places, [(1, 1), (2, 2), (3, 1), (4, 3)]);
    assert!(
        receipts
            .iter()
            .all(|r| r.is_new && r.recorded_at == later(0, 1))
    );
    assert_eq!(register.head().unwrap().size, 5);
    assert_eq!(
        register
            .stream_version(&StreamId::site(SiteId::seeded(0)))
            .unwrap(),
        1
    );
}

pub(crate) fn the_same_id_gives_the_first_receipt_and_no_new_leaf<S: Store>() {
    let (_store, mut register) = fresh::<S>();
    let first = append(&mut register, &[a_site(1), a_site(2)]);
    let head = register.head().unwrap();
    let again = register
        .append(&[a_site(2), a_site(1), a_site(2)], later(5, 0))
        .unwrap();
    assert_eq!(register.head().unwrap(), head);
    assert!(again.iter().all(|r| !r.is_new));
    assert_eq!((again[0].seq, again[1].seq), (first[1].seq, first[0].seq));
    assert_eq!(
        (again[0].leaf_hash, again[0].recorded_at),
        (first[1].leaf_hash, first[1].recorded_at)
    );
    // What the append was based on is no part of the fact.
    assert_eq!(
        append(&mut register, &[upon(0, a_site(1))])[0].seq,
        first[0].seq
    );
    let twice = append(&mut register, &[a_site(3), a_site(3)]);
    assert_eq!(
        (twice[0].seq, twice[0].is_new),
        (twice[1].seq, !twice[1].is_new)
    );
}

pub(crate) fn the_same_id_with_other_content_is_refused_and_nothing_is_kept<S: Store>() {
    let (_store, mut register) = fresh::<S>();
    append(&mut register, &[a_site(1)]);
    let head = register.head().unwrap();
    let other = Entry {
        id: a_site(1).id,
        ..a_site(2)
    };
    let refused = register.append(&[a_site(3), other], later(0, 2));
    assert!(
        matches!(refused, Err(Error::SameIdOtherContent { seq: 1, .. })),
        "{refused:?}"
    );
    assert_eq!(register.head().unwrap(), head);
    assert!(register.find_entry(a_site(3).id).unwrap().is_none());
}

pub(crate) fn a_code_names_one_site_whoever_numbered_first<S: Store>() {
    let (_store, mut register) = S::create(&opening());
    register.append(&[a_site(1)], later(0, 1)).unwrap();
    let named = |n: u64, code: &str| {
        let mut entry = a_site(n);
        if let EntryBody::SiteRegistered(site) = &mut entry.body {
            site.site_code = code.to_owned();
        }
        entry
    };
    let before = register.head().unwrap();
    let taken = register.append(&[a_site(2), named(3, "CS-2019-0001")], later(0, 2));
    assert!(matches!(taken, Err(Error::SiteCodeTaken(code)) if code == "CS-2019-0001"));
    let twice = [a_site(4), named(5, "CS-2019-0004")];
    assert!(matches!(
        register.append(&twice, later(0, 2)),
        Err(Error::SiteCodeTaken(_))
    ));
    assert_eq!(register.head().unwrap(), before);
    register
        .append(&[a_site(1), a_site(2)], later(0, 3))
        .unwrap();
}

pub(crate) fn one_bad_entry_keeps_the_whole_slice_out<S: Store>() {
    let (_store, mut register) = fresh::<S>();
    let head = register.head().unwrap();
    let unwritable = amended(
        1,
        SiteFacts {
            area_m2: Some(f64::NAN),
            lon: Some(f64::INFINITY),
            ..named("x")
        },
    );
    let _ = register
        .append(&[a_site(1), upon(9, unwritable)], later(0, 1))
        .unwrap_err();
    assert_eq!(register.head().unwrap(), head);
    assert!(dossiers(&register, AsOf::Now).is_empty());
    append(&mut register, &[a_site(1)]);
    assert_eq!(dossiers(&register, AsOf::Now).len(), 1);
}

pub(crate) fn commuting_kinds_are_kept_on_a_stream_that_moved_on<S: Store>() {
    let (_store, mut register) = fresh::<S>();
    append(&mut register, &[a_site(1)]);
    append(
        &mut register,
        &[upon(1, testkit::a_verification(1, "issue_found"))],
    );
    let second = Entry {
        author: testkit::reviewer(),
        ..testkit::a_verification(1, "no_issue")
    };
    let receipts = append(&mut register, &[upon(1, second)]);
    assert_eq!(receipts[0].version, 3);
    assert_eq!(dossiers(&register, AsOf::Now)[0].verifications.len(), 2);
}

pub(crate) fn amendments_of_different_fields_merge<S: Store>() {
    let (_store, mut register) = fresh::<S>();
    append(&mut register, &[a_site(1)]);
    append(&mut register, &[upon(1, amended(1, named("东沟采石场")))]);
    append(&mut register, &[upon(1, amended(1, in_village("高岭村")))]);
    let facts = &dossiers(&register, AsOf::Now)[0].facts;
    assert_eq!(facts.facility_name.as_deref(), Some("东沟采石场"));
    assert_eq!(facts.village.as_deref(), Some("高岭村"));
}

pub(crate) fn amendments_of_one_field_clash_and_show_both_sides<S: Store>() {
    let (_store, mut register) = fresh::<S>();
    append(&mut register, &[a_site(1)]);
    append(
        &mut register,
        &[
            amended(1, in_village("高岭村")),
            amended(1, named("东沟采石场")),
        ],
    );
    let head = register.head().unwrap();
    let ours = upon(1, amended(1, named("西沟采石场")));
    let Err(Error::Stale {
        based_on,
        current,
        clashes,
        entry_id,
        ..
    }) = register.append(std::slice::from_ref(&ours), later(0, 2))
    else {
        panic!("must be stale")
    };
    assert_eq!((based_on, current, entry_id), (1, 3, ours.id));
    assert_eq!(
        clashes.len(),
        1,
        "only the entry that states the same field clashes"
    );
    assert_eq!(clashes[0].fields, ["facility_name"]);
    assert_eq!(clashes[0].theirs.entry, amended(1, named("东沟采石场")));
    assert_eq!(register.head().unwrap(), head);
    append(&mut register, &[upon(3, ours)]);
}

pub(crate) fn a_decision_on_a_stream_that_moved_on_is_refused_with_what_happened<S: Store>() {
    let (_store, mut register) = fresh::<S>();
    append(&mut register, &[a_site(1)]);
    append(&mut register, &[testkit::a_permit(1, "采矿证〔2015〕3号")]);
    let body = domain::entries::SiteWithdrawn {
        reason: "重复登记".to_owned(),
    };
    let withdrawn = testkit::entry(StreamId::site(SiteId::seeded(1)), body);
    let Err(Error::Stale { clashes, .. }) =
        register.append(&[upon(1, withdrawn.clone())], later(0, 2))
    else {
        panic!("must be stale")
    };
    assert_eq!(clashes[0].theirs.entry.body.kind(), "permit.recorded");
    append(&mut register, &[upon(2, withdrawn)]);
    assert_eq!(
        dossiers(&register, AsOf::Now)[0].state,
        SiteState::Withdrawn
    );
}

pub(crate) fn entries_of_one_append_upon_one_version_are_no_conflict<S: Store>() {
    let (_store, mut register) = fresh::<S>();
    append(&mut register, &[a_site(1)]);
    let body = domain::entries::SiteWithdrawn {
        reason: "重复登记".to_owned(),
    };
    let withdrawn = testkit::entry(StreamId::site(SiteId::seeded(1)), body);
    let receipts = append(
        &mut register,
        &[upon(1, amended(1, named("东沟"))), upon(1, withdrawn)],
    );
    assert_eq!(receipts[1].version, 3);
    let chained = [
        upon(3, amended(1, in_village("高岭村"))),
        upon(4, amended(1, in_village("麻武村"))),
    ];
    assert_eq!(append(&mut register, &chained)[1].version, 5);
}

pub(crate) fn an_entry_upon_a_version_that_is_not_there_yet_is_refused<S: Store>() {
    let (_store, mut register) = fresh::<S>();
    append(&mut register, &[a_site(1)]);
    let ahead = register.append(&[upon(7, amended(1, named("东沟")))], later(0, 1));
    assert!(
        matches!(
            ahead,
            Err(Error::AheadOfStream {
                based_on: 7,
                current: 1,
                ..
            })
        ),
        "{ahead:?}"
    );
}

pub(crate) fn dossiers_follow_the_entries<S: Store>() {
    let (_store, mut register) = fresh::<S>();
    append(
        &mut register,
        &[
            a_site(2),
            a_site(1),
            linked(1, 1),
            testkit::a_verification(1, "issue_found"),
        ],
    );
    append(
        &mut register,
        &[
            testkit::carried_over(1),
            testkit::a_determination(1, "completed"),
        ],
    );
    let all = dossiers(&register, AsOf::Now);
    assert_eq!(all.len(), 2);
    let site = register.load_dossier(SiteId::seeded(1), AsOf::Now).unwrap();
    assert_eq!(site.state, SiteState::VerifiedWithIssue);
    assert_eq!((site.clues.len(), site.carried_over.len()), (1, 1));
    assert_eq!(site.unfinished_carried_over().count(), 0);
    assert_eq!(
        register.find_site_by_code("CS-2019-0001").unwrap(),
        Some(SiteId::seeded(1))
    );
    assert_eq!(register.find_site_by_code("CS-2019-9999").unwrap(), None);
    let missing = register.load_dossier(SiteId::seeded(9), AsOf::Now);
    assert!(matches!(missing, Err(Error::NotFound { what: "site", .. })));
    // A stored dossier is the fold of the stream, and so is one drawn for a log size or a day beyond.
    let size = register.head().unwrap().size;
    assert_eq!(all, dossiers(&register, AsOf::LogSize(size)));
    assert_eq!(
        all,
        dossiers(&register, AsOf::Day("2030-01-01".parse().unwrap()))
    );
}

pub(crate) fn a_view_of_a_day_does_not_change_when_later_days_come<S: Store>() {
    let (_store, mut register) = fresh::<S>();
    let day = AsOf::Day("2019-08-18".parse().unwrap());
    append(
        &mut register,
        &[
            a_site(1),
            on_day(2, a_site(2)),
            on_day(2, amended(1, named("东沟"))),
        ],
    );
    let before = dossiers(&register, day);
    assert_eq!(before.len(), 2);
    append(
        &mut register,
        &[on_day(3, a_site(3)), on_day(3, amended(1, named("西沟")))],
    );
    assert_eq!(dossiers(&register, day), before);
    assert_eq!(
        dossiers(&register, AsOf::Day("2019-08-15".parse().unwrap())),
        []
    );
    assert_eq!(
        dossiers(&register, AsOf::Day("2019-08-19".parse().unwrap())).len(),
        3
    );
    let one = register
        .find_dossier(SiteId::seeded(1), day)
        .unwrap()
        .unwrap();
    assert_eq!(one.facts.facility_name.as_deref(), Some("东沟"));
    assert_eq!(register.find_dossier(SiteId::seeded(3), day).unwrap(), None);
}

pub(crate) fn dossiers_of_some_sites_come_in_the_order_asked_for<S: Store>() {
    let day = AsOf::Day("2019-08-18".parse().unwrap());
    let (_store, mut register) = fresh::<S>();
    let sites = (1..=12_i64).map(|n| on_day(n % 3 + 1, a_site(n.unsigned_abs())));
    let sites: Vec<Entry> = sites.collect();
    append(&mut register, &sites);
    let asked: Vec<SiteId> = [11, 3, 99, 7, 12, 1].map(SiteId::seeded).into();
    for as_of in [AsOf::Now, day] {
        let mut found = Vec::new();
        register
            .dossiers_of(&asked, as_of, |dossier| {
                found.push(dossier);
                Ok::<_, Error>(())
            })
            .unwrap();
        let one_by_one = asked
            .iter()
            .filter_map(|site| register.find_dossier(*site, as_of).unwrap());
        assert_eq!(found, one_by_one.collect::<Vec<_>>());
        assert!(found.len() > 1 && found.len() < asked.len());
    }
    let code = "CS-2019-0001".to_owned();
    let enough = register.dossiers_of(&asked, AsOf::Now, |_| {
        Err(Error::SiteCodeTaken(code.clone()))
    });
    assert!(matches!(enough, Err(Error::SiteCodeTaken(_))));
}

pub(crate) fn a_view_of_a_log_size_sees_what_the_log_held<S: Store>() {
    let (_store, mut register) = fresh::<S>();
    append(&mut register, &[on_day(9, a_site(1)), a_site(2)]);
    assert_eq!(dossiers(&register, AsOf::LogSize(1)), []);
    assert_eq!(
        dossiers(&register, AsOf::LogSize(2))[0].site_id,
        SiteId::seeded(1)
    );
    assert_eq!(dossiers(&register, AsOf::LogSize(u64::MAX)).len(), 2);
}

pub(crate) fn clues_know_what_became_of_them<S: Store>() {
    let (_store, mut register) = fresh::<S>();
    append(
        &mut register,
        &[
            a_batch(1, 4),
            a_clue(1, 0),
            a_clue(1, 1),
            a_clue(1, 2),
            a_clue(1, 3),
        ],
    );
    append(
        &mut register,
        &[
            a_site(1),
            linked(1, 1),
            screened(2),
            screened(3),
            linked(1, 3),
        ],
    );
    let states = |register: &Register| {
        clues(register, AsOf::Now)
            .iter()
            .map(|c| c.state)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        states(&register),
        [
            ClueState::Open,
            ClueState::Linked,
            ClueState::Screened,
            ClueState::Linked
        ]
    );
    let clue = register.find_clue(ClueId::seeded(3)).unwrap().unwrap();
    assert_eq!(clue.site_code.as_deref(), Some("CS-2019-0001"));
    assert_eq!(clue.screened.unwrap().body.rule, "outside_reserve");
    append(&mut register, &[unlinked(1, 1), unlinked(1, 3)]);
    assert_eq!(
        states(&register),
        [
            ClueState::Open,
            ClueState::Open,
            ClueState::Screened,
            ClueState::Screened
        ]
    );
    assert_eq!(register.find_clue(ClueId::seeded(99)).unwrap(), None);
    assert_eq!(register.batches(AsOf::Now).unwrap()[0].body.rows_taken, 4);
}

pub(crate) fn the_stored_clues_are_those_a_fold_gives<S: Store>() {
    let (_store, mut register) = fresh::<S>();
    append(
        &mut register,
        &[
            a_batch(1, 4),
            a_clue(1, 0),
            a_clue(1, 1),
            a_clue(1, 2),
            a_clue(1, 3),
        ],
    );
    append(
        &mut register,
        &[
            a_site(1),
            a_site(2),
            linked(1, 1),
            linked(1, 2),
            screened(3),
        ],
    );
    append(
        &mut register,
        &[
            linked(2, 2),
            unlinked(1, 2),
            linked(2, 3),
            unlinked(2, 3),
            linked(1, 0),
            unlinked(1, 1),
        ],
    );
    let size = register.head().unwrap().size;
    let stored = clues(&register, AsOf::Now);
    assert_eq!(stored, clues(&register, AsOf::LogSize(size)));
    assert_eq!(
        stored[2].site_id,
        Some(SiteId::seeded(2)),
        "the later link holds"
    );
    assert_eq!(stored[2].site_code.as_deref(), Some("CS-2019-0002"));
}

pub(crate) fn a_background_stands_from_its_last_adoption_until_it_is_withdrawn<S: Store>() {
    let (_store, mut register) = fresh::<S>();
    let code = testkit::RESERVE_CODE;
    let standing = |register: &Register| -> Vec<(String, u64, String)> {
        let all = register.backgrounds(code).unwrap().into_iter();
        all.map(|b| {
            (
                b.adopted.body.background_code,
                b.version,
                b.adopted.body.name,
            )
        })
        .collect()
    };
    let said = |code: &str, name: &str| {
        let mut body = testkit::a_background(code);
        body.name = name.to_owned();
        testkit::entry(testkit::background_stream(code), body)
    };
    append(
        &mut register,
        &[said("roads", "道路"), said("rivers", "水系")],
    );
    append(&mut register, &[said("roads", "道路（新）")]);
    let named = |code: &str, version, name: &str| (code.to_owned(), version, name.to_owned());
    let both = [named("rivers", 1, "水系"), named("roads", 2, "道路（新）")];
    assert_eq!(standing(&register), both);
    let withdrawn = || {
        let body = testkit::background_withdrawn("roads");
        testkit::entry(testkit::background_stream("roads"), body)
    };
    // Withdrawn upon what somebody replaced meanwhile: refused.
    let stale = register.append(&[upon(1, withdrawn())], later(0, 9));
    assert!(matches!(stale, Err(Error::Stale { .. })), "{stale:?}");
    append(&mut register, &[upon(2, withdrawn())]);
    assert_eq!(standing(&register), both[..1]);
    assert_eq!(register.backgrounds("NONE").unwrap(), []);
    append(&mut register, &[said("roads", "道路（再）")]);
    assert_eq!(standing(&register)[1], named("roads", 4, "道路（再）"));
}

pub(crate) fn what_a_reserve_adopted_last_is_found_as_of_a_day<S: Store>() {
    let (_store, mut register) = fresh::<S>();
    let stream = StreamId::reserve(testkit::RESERVE_CODE);
    let old = testkit::entry(stream.clone(), testkit::a_boundary("2009"));
    let new = on_day(
        5,
        testkit::entry(stream.clone(), testkit::a_boundary("2019")),
    );
    let reserve = testkit::entry(stream.clone(), testkit::a_reserve());
    let others = [
        testkit::entry(stream.clone(), testkit::stations("1")),
        testkit::entry(stream, testkit::a_route("1")),
    ];
    append(&mut register, &[reserve, old, new]);
    append(&mut register, &others);
    let version = |as_of| {
        let found = register
            .latest_boundary(testkit::RESERVE_CODE, as_of)
            .unwrap();
        found.map(|b| b.body.boundary_version)
    };
    assert_eq!(version(AsOf::Now).as_deref(), Some("2019"));
    assert_eq!(
        version(AsOf::Day("2019-08-20".parse().unwrap())).as_deref(),
        Some("2009")
    );
    assert_eq!(version(AsOf::Day("2019-08-01".parse().unwrap())), None);
    let code = testkit::RESERVE_CODE;
    assert_eq!(
        register
            .latest_stations(code, AsOf::Now)
            .unwrap()
            .unwrap()
            .body
            .stations
            .len(),
        2
    );
    assert_eq!(
        register
            .latest_routes(code, AsOf::Now)
            .unwrap()
            .unwrap()
            .body
            .routes
            .len(),
        1
    );
    assert_eq!(
        register
            .find_reserve(code, AsOf::Now)
            .unwrap()
            .unwrap()
            .body
            .name,
        "测试自然保护区"
    );
    assert_eq!(register.reserves(AsOf::Now).unwrap().len(), 1);
    assert_eq!(register.latest_boundary("NONE", AsOf::Now).unwrap(), None);
}

pub(crate) fn blobs_are_found_by_their_hash<S: Store>() {
    let (_store, mut register) = fresh::<S>();
    let blob = register
        .put_blob(&mut "现场照片".as_bytes(), 1 << 20)
        .unwrap();
    assert_eq!(
        register
            .put_blob(&mut "现场照片".as_bytes(), 1 << 20)
            .unwrap(),
        blob
    );
    let mut text = String::new();
    register
        .open_blob(&blob.sha256)
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, "现场照片");
    assert!(matches!(
        register.open_blob(&"0".repeat(64)),
        Err(Error::BlobMissing(_))
    ));
    assert!(matches!(
        register.put_blob(&mut "12345".as_bytes(), 4),
        Err(Error::BlobTooLarge { max: 4 })
    ));
}

pub(crate) fn a_reader_sees_what_is_appended_and_cannot_write<S: Store>() {
    let (store, mut register) = fresh::<S>();
    let mut reader = store.reopen_read_only();
    append(&mut register, &[a_site(1)]);
    assert_eq!(reader.head().unwrap(), register.head().unwrap());
    assert_eq!(dossiers(&reader, AsOf::Now).len(), 1);
    assert!(matches!(
        reader.append(&[a_site(2)], later(0, 1)),
        Err(Error::ReadOnly)
    ));
    assert!(matches!(
        reader.put_blob(&mut "x".as_bytes(), 9),
        Err(Error::ReadOnly)
    ));
    assert!(matches!(reader.rebuild(), Err(Error::ReadOnly)));
}

pub(crate) fn nothing_is_lost_by_closing_and_opening<S: Store>() {
    let (store, mut register) = fresh::<S>();
    append(&mut register, &[a_site(1), a_site(2), linked(1, 1)]);
    let (head, all) = (register.head().unwrap(), dossiers(&register, AsOf::Now));
    drop(register);
    let mut register = store.reopen();
    assert_eq!(
        (register.head().unwrap(), dossiers(&register, AsOf::Now)),
        (head, all)
    );
    assert_eq!(append(&mut register, &[a_site(3)])[0].seq, 4);
}

pub(crate) fn proofs_hold_against_the_heads_they_were_made_for<S: Store>() {
    use tlog_tiles::Hash;
    use tlog_tiles::tlog::{check_record, check_tree};
    let (_store, mut register) = fresh::<S>();
    let receipts = append(&mut register, &(0..40).map(a_site).collect::<Vec<_>>());
    let old = register.head().unwrap();
    append(&mut register, &(40..300).map(a_site).collect::<Vec<_>>());
    let new = register.head().unwrap();
    assert_eq!(register.root_at(old.size).unwrap(), old.root_hash);
    let hashes = |proof: Vec<[u8; 32]>| proof.into_iter().map(Hash).collect::<Vec<_>>();
    for receipt in &receipts {
        let proof = hashes(register.inclusion_proof(receipt.seq, new.size).unwrap());
        check_record(
            &proof,
            new.size,
            Hash(new.root_hash),
            receipt.seq,
            Hash(receipt.leaf_hash),
        )
        .unwrap();
    }
    let proof = hashes(register.consistency_proof(old.size, new.size).unwrap());
    check_tree(
        &proof,
        new.size,
        Hash(new.root_hash),
        old.size,
        Hash(old.root_hash),
    )
    .unwrap();
    assert!(matches!(
        register.inclusion_proof(new.size, new.size),
        Err(Error::BeyondLog { .. })
    ));
    assert!(matches!(
        register.consistency_proof(2, new.size + 1),
        Err(Error::BeyondLog { .. })
    ));
    assert!(matches!(
        register.root_at(new.size + 1),
        Err(Error::BeyondLog { .. })
    ));
}

pub(crate) fn entries_are_read_by_stream_noun_and_kind<S: Store>() {
    let (_store, mut register) = fresh::<S>();
    append(
        &mut register,
        &[
            a_batch(1, 1),
            a_clue(1, 0),
            a_site(1),
            linked(1, 0),
            a_site(2),
        ],
    );
    let stream = StreamId::site(SiteId::seeded(1));
    let count = |filter: EntryFilter<'_>| entries(&register, &filter).len();
    assert_eq!(
        count(EntryFilter {
            stream: Some(&stream),
            ..Default::default()
        }),
        2
    );
    assert_eq!(
        count(EntryFilter {
            noun: Some("site"),
            ..Default::default()
        }),
        3
    );
    assert_eq!(
        count(EntryFilter {
            noun: Some("register"),
            ..Default::default()
        }),
        1
    );
    assert_eq!(
        count(EntryFilter {
            kinds: &["clue.received", "clue.linked"],
            ..Default::default()
        }),
        2
    );
    assert_eq!(register.load_stream(&stream).unwrap().len(), 2);
    assert_eq!(
        register
            .load_stream(&StreamId::site(SiteId::seeded(9)))
            .unwrap(),
        []
    );
}

pub(crate) fn a_view_may_ask_for_more_while_it_reads<S: Store>() {
    let (_store, mut register) = fresh::<S>();
    append(&mut register, &(0..200).map(a_site).collect::<Vec<_>>());
    let mut seen = 0;
    register
        .dossiers(AsOf::Now, |dossier| {
            let stream = StreamId::site(dossier.site_id);
            assert_eq!(register.load_stream(&stream)?.len(), 1);
            let mut inner = 0;
            register.entries(&EntryFilter::default(), |_| {
                inner += 1;
                Ok::<(), Error>(())
            })?;
            assert_eq!(inner, 201);
            seen += 1;
            Ok::<(), Error>(())
        })
        .unwrap();
    assert_eq!(seen, 200);
}

pub(crate) fn a_view_that_has_seen_enough_leaves_the_register_as_it_was<S: Store>() {
    let (_store, mut register) = fresh::<S>();
    append(&mut register, &(0..200).map(a_site).collect::<Vec<_>>());
    let enough = || Error::NotFound {
        what: "site",
        id: "enough".to_owned(),
    };
    for _ in 0..2 {
        let stopped = register.dossiers(AsOf::Now, |_| {
            let inner = register.entries(&EntryFilter::default(), |_| Err(enough()));
            assert!(matches!(inner, Err(Error::NotFound { .. })));
            let again = entries(&register, &EntryFilter::default());
            assert_eq!(again.len(), 201);
            Err(enough())
        });
        assert!(
            matches!(stopped, Err(Error::NotFound { .. })),
            "{stopped:?}"
        );
    }
    append(&mut register, &[a_site(500)]);
    assert_eq!(dossiers(&register, AsOf::Now).len(), 201);
}

pub(crate) fn what_the_database_refuses_has_a_code<S: Store>() {
    let (_store, mut register) = fresh::<S>();
    append(&mut register, &[a_batch(1, 1), a_clue(1, 0), a_batch(2, 1)]);
    let head = register.head().unwrap();
    let refused = register
        .append(&[a_site(1), a_clue(2, 0)], later(0, 2))
        .unwrap_err();
    assert_eq!(refused.code(), "register.constraint.clue_id_taken");
    assert!(
        matches!(
            refused,
            Error::Constraint {
                constraint: "clues_clue_id_once",
                ..
            }
        ),
        "{refused:?}"
    );
    assert_eq!(register.head().unwrap(), head);
    append(&mut register, &[a_site(1)]);
}

pub(crate) fn what_an_append_itself_says_is_no_clash<S: Store>() {
    let (_store, mut register) = fresh::<S>();
    append(&mut register, &[a_site(1)]);
    append(&mut register, &[amended(1, in_village("高岭村"))]);
    let ours = [
        upon(1, amended(1, named("东沟采石场"))),
        upon(1, amended(1, named("西沟采石场"))),
    ];
    assert_eq!(append(&mut register, &ours)[1].version, 4);
}

pub(crate) fn long_entries_and_odd_characters_come_back_as_they_were<S: Store>() {
    let (store, mut register) = fresh::<S>();
    let odd = format!("a\0b\u{1}\n\t\\'\"%?$1 垚曌𠮷 {}", "长".repeat(90_000));
    let entry = amended(1, named(&odd));
    append(&mut register, &[a_site(1), entry.clone()]);
    assert_eq!(register.find_entry(entry.id).unwrap().unwrap().entry, entry);
    let told = |register: &Register| dossiers(register, AsOf::Now)[0].facts.facility_name.clone();
    assert_eq!(told(&register).as_deref(), Some(odd.as_str()));
    assert_eq!(told(&store.reopen()).as_deref(), Some(odd.as_str()));
    assert_eq!(register.verify().unwrap().faults, []);
    assert_eq!(register.find_site_by_code("a\0").unwrap(), None);
}

pub(crate) fn an_untouched_register_is_sound<S: Store>() {
    let (store, mut register) = fresh::<S>();
    let batch = a_batch(1, 2);
    let EntryBody::ClueBatchImported(mut body) = batch.body.clone() else {
        panic!("a batch")
    };
    body.sha256 = register
        .put_blob(&mut "原件".as_bytes(), 99)
        .unwrap()
        .sha256;
    let batch = Entry {
        body: EntryBody::ClueBatchImported(body),
        ..batch
    };
    append(&mut register, &[batch, a_clue(1, 0), a_clue(1, 1)]);
    append(&mut register, &[a_site(1), linked(1, 1), screened(0)]);
    for register in [register, store.reopen_read_only()] {
        let report = register.verify().unwrap();
        assert_eq!(report.faults, []);
        assert_eq!((report.blobs, report.checkpoints), (1, 3));
        assert_eq!(report.head, register.head().unwrap());
    }
}

pub(crate) fn rebuilt_projections_say_the_same<S: Store>() {
    let (_store, mut register) = fresh::<S>();
    append(&mut register, &[a_batch(1, 2), a_clue(1, 0), a_clue(1, 1)]);
    append(&mut register, &[a_site(1), linked(1, 1), screened(0)]);
    let before = (dossiers(&register, AsOf::Now), clues(&register, AsOf::Now));
    let head = register.head().unwrap();
    register.rebuild().unwrap();
    assert_eq!(
        (dossiers(&register, AsOf::Now), clues(&register, AsOf::Now)),
        before
    );
    assert_eq!(register.head().unwrap(), head);
}
