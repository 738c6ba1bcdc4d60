//! Shared by the tests that look inside the GeoPackage with a connection of their own.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test uses what it needs"
)]

pub(crate) mod kills;

use std::collections::BTreeMap;
use std::path::Path;

use domain::entries::SiteFacts;
use domain::entry::Entry;
use domain::ids::StreamId;
use register::{Opening, Register};
use rusqlite::Connection;
use testkit::{
    TempHome, a_batch, a_clue, a_site, amended, later, linked, screened, start, unlinked,
};

pub(crate) fn opening() -> Opening {
    Opening {
        node: "ceshi.example".to_owned(),
        is_demonstration: true,
        opened_at: start(),
        author: testkit::bureau_office(),
    }
}

pub(crate) fn fresh() -> (TempHome, Register) {
    let home = TempHome::new();
    let register = Register::create(home.path(), &opening()).unwrap();
    (home, register)
}

/// A connection that knows nothing of the program.
pub(crate) fn raw(home: &Path) -> Connection {
    Connection::open(home.join("register.gpkg")).unwrap()
}

/// A bit of everything: batch, clues, sites, links, a boundary with zones, stations, routes, permits, issues,
/// patrols.
pub(crate) fn a_history() -> Vec<Entry> {
    let reserve = StreamId::reserve(testkit::RESERVE_CODE);
    let named = |name: &str| SiteFacts {
        facility_name: Some(name.to_owned()),
        ..SiteFacts::default()
    };
    let moved = SiteFacts {
        lon: Some(106.05),
        lat: Some(35.51),
        ..SiteFacts::default()
    };
    let shaped = SiteFacts {
        shape: Some(testkit::square(106.2, 35.58, 0.001)),
        ..SiteFacts::default()
    };
    let mut entries = vec![
        testkit::entry(reserve.clone(), testkit::a_reserve()),
        testkit::entry(reserve.clone(), testkit::a_boundary("2009")),
        testkit::entry(reserve.clone(), testkit::stations("2009")),
        testkit::entry(reserve.clone(), testkit::a_route("2009")),
        testkit::entry(
            testkit::background_stream("roads"),
            testkit::a_background("roads"),
        ),
        a_batch(1, 12),
    ];
    entries.extend((0..12).map(|n| a_clue(1, n)));
    entries.extend((0..6).flat_map(|n| [a_site(n * 40), linked(n * 40, n)]));
    entries.extend([
        screened(7),
        screened(8),
        linked(0, 8),
        unlinked(0, 8),
        amended(0, named("东沟采石场")),
        amended(200, moved),
        amended(80, shaped),
        testkit::a_permit(40, "采矿证〔2015〕3号"),
        testkit::carried_over(40),
        testkit::a_determination(40, "not_completed"),
        testkit::a_verification(40, "issue_found"),
        testkit::entry(reserve.clone(), testkit::a_boundary("2019")),
        testkit::entry(reserve, testkit::stations("2019")),
        // The track comes before its sheet, as phones may send them.
        testkit::a_track(1),
        testkit::a_patrol(1),
        testkit::a_patrol(2),
        testkit::a_patrol_review(1),
        testkit::a_track(2),
    ]);
    let days = entries.len() as i64;
    entries
        .iter_mut()
        .zip(0..)
        .for_each(|(entry, n)| entry.occurred_at = later(n * 10 / days, 0));
    entries
}

/// Blobs that the history names, so that a verification finds nothing missing.
pub(crate) fn without_references(mut entries: Vec<Entry>, register: &mut Register) -> Vec<Entry> {
    use domain::entry::EntryBody;
    let blob = register.put_blob(&mut "原件".as_bytes(), 1 << 20).unwrap();
    for entry in &mut entries {
        match &mut entry.body {
            EntryBody::ClueBatchImported(body) => body.sha256.clone_from(&blob.sha256),
            EntryBody::TrackRecorded(body) => body.sha256.clone_from(&blob.sha256),
            EntryBody::BoundaryAdopted(body) => body.source_sha256.clone_from(&blob.sha256),
            EntryBody::StationsAdopted(body) => body.source_sha256.clone_from(&blob.sha256),
            EntryBody::RoutesAdopted(body) => body.source_sha256.clone_from(&blob.sha256),
            EntryBody::BackgroundAdopted(body) => {
                body.source_sha256.clone_from(&blob.sha256);
                body.drawn_sha256.clone_from(&blob.sha256);
            }
            _ => {}
        }
    }
    entries
}

/// A register with the whole history, appended in three goes.
pub(crate) fn with_history() -> (TempHome, Register) {
    let (home, mut register) = fresh();
    let entries = without_references(a_history(), &mut register);
    for (slice, hours) in entries.chunks(entries.len().div_ceil(3)).zip(1..) {
        register.append(slice, later(0, hours)).unwrap();
    }
    (home, register)
}

pub(crate) const PROJECTIONS: [&str; 9] = [
    "sites",
    "clues",
    "boundaries",
    "zones",
    "stations",
    "routes",
    "clue_batches",
    "permits",
    "carried_over_issues",
];

/// Every row of every projection, of the spatial indexes and of the layers' metadata, as text.
pub(crate) fn dump(home: &Path) -> BTreeMap<String, Vec<String>> {
    let db = raw(home);
    let mut dump = BTreeMap::new();
    for table in PROJECTIONS {
        dump.insert(
            table.to_owned(),
            rows(&db, &format!("SELECT * FROM {table} ORDER BY fid")),
        );
        let is_layer: bool = db
            .query_row(
                "SELECT count(*) = 1 FROM gpkg_geometry_columns WHERE table_name = ?1",
                [table],
                |r| r.get(0),
            )
            .unwrap();
        if is_layer {
            let rtree = format!("rtree_{table}_geom");
            dump.insert(
                rtree.clone(),
                rows(&db, &format!("SELECT * FROM {rtree} ORDER BY id")),
            );
        }
    }
    for table in ["gpkg_contents", "gpkg_geometry_columns", "gpkg_extensions"] {
        dump.insert(
            table.to_owned(),
            rows(&db, &format!("SELECT * FROM {table} ORDER BY table_name")),
        );
    }
    dump
}

pub(crate) fn rows(db: &Connection, sql: &str) -> Vec<String> {
    let mut select = db.prepare(sql).unwrap();
    let columns = select.column_count();
    let line = |row: &rusqlite::Row<'_>| {
        let cells = (0..columns).map(|c| {
            row.get::<_, rusqlite::types::Value>(c)
                .map(|v| format!("{v:?}"))
        });
        cells
            .collect::<Result<Vec<_>, _>>()
            .map(|cells| cells.join("|"))
    };
    select
        .query_map([], line)
        .unwrap()
        .map(Result::unwrap)
        .collect()
}
