//! What somebody changes behind the register's back is found.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::collections::BTreeSet;
use std::fs;

use common::{raw, with_history};
use domain::entries::EvidenceRecorded;
use domain::ids::StreamId;
use proptest::prelude::*;
use register::{Error, Register};
use rusqlite::params;
use testkit::later;

fn codes(register: &Register) -> Vec<&'static str> {
    let mut codes: Vec<&str> = register
        .verify()
        .unwrap()
        .faults
        .iter()
        .map(|fault| fault.code)
        .collect();
    codes.dedup();
    codes
}

fn drop_guards(db: &rusqlite::Connection) {
    for name in [
        "entries_refuse_update",
        "entries_refuse_delete",
        "blobs_refuse_update",
        "blobs_refuse_delete",
    ] {
        db.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
    }
}

#[test]
fn an_untouched_register_is_sound() {
    let (_home, register) = with_history();
    let report = register.verify().unwrap();
    assert_eq!(report.faults, []);
    assert_eq!((report.blobs, report.checkpoints), (1, 4));
    assert_eq!(report.head, register.head().unwrap());
}

#[test]
fn entries_refuse_to_be_changed_deleted_or_replaced() {
    let (home, register) = with_history();
    let db = raw(home.path());
    let attempts = [
        "UPDATE entries SET canonical = '{}' WHERE seq = 3",
        "DELETE FROM entries WHERE seq = 3",
        "DELETE FROM entries",
        "INSERT OR REPLACE INTO entries SELECT * FROM entries WHERE seq = 3",
        "UPDATE blobs SET size_bytes = 0",
        "DELETE FROM blobs",
        "INSERT OR REPLACE INTO blobs SELECT * FROM blobs",
        "INSERT OR REPLACE INTO blobs (sha256, size_bytes) SELECT sha256, 0 FROM blobs",
        "INSERT OR REPLACE INTO entries SELECT 999, entry_id, 'x', 1, kind, '', '', leaf_hash, '{}'
         FROM entries WHERE seq = 3",
        "INSERT OR REPLACE INTO entries SELECT 999, 'x', stream, version, kind, '', '', leaf_hash, '{}'
         FROM entries WHERE seq = 3",
    ];
    for sql in attempts {
        let refused = db.execute(sql, []).unwrap_err().to_string();
        assert!(refused.contains("append_only"), "{sql}: {refused}");
    }
    assert_eq!(codes(&register), Vec::<&str>::new());
}

#[test]
fn a_dropped_trigger_is_found() {
    let (home, register) = with_history();
    raw(home.path())
        .execute_batch("DROP TRIGGER entries_refuse_delete")
        .unwrap();
    assert_eq!(codes(&register), ["register.verify.schema_differs"]);
}

#[test]
fn an_entry_removed_from_the_end_with_its_traces_contradicts_the_published_checkpoint() {
    let (home, register) = with_history();
    let last = register.head().unwrap().size.cast_signed() - 1;
    drop(register);
    let db = raw(home.path());
    drop_guards(&db);
    db.execute("DELETE FROM entries WHERE seq = ?1", [last])
        .unwrap();
    db.execute("DELETE FROM checkpoints WHERE size > ?1", [last])
        .unwrap();
    let found = codes(&Register::open_read_only(home.path()).unwrap());
    assert!(found.contains(&"register.verify.log_forked"), "{found:?}");
    // And nothing more is signed over it.
    assert!(matches!(
        Register::open(home.path()),
        Err(Error::Forked { .. })
    ));
}

#[test]
fn an_entry_removed_from_the_middle_is_missed() {
    let (home, register) = with_history();
    let db = raw(home.path());
    drop_guards(&db);
    db.execute("DELETE FROM entries WHERE seq = 5", []).unwrap();
    let report = register.verify().unwrap();
    assert!(
        report
            .faults
            .iter()
            .any(|f| f.code == "register.verify.entry_missing" && f.seq == Some(5))
    );
}

#[test]
fn an_entry_rewritten_with_its_leaf_and_tree_contradicts_the_signature() {
    let (home, register) = with_history();
    drop(register);
    let db = raw(home.path());
    drop_guards(&db);
    let text: String = db
        .query_row("SELECT canonical FROM entries WHERE seq = 8", [], |r| {
            r.get(0)
        })
        .unwrap();
    let text = text.replace("林地变为裸地", "草地变为裸地");
    let leaf = tlog_tiles::tlog::record_hash(text.as_bytes()).0;
    db.execute(
        "UPDATE entries SET canonical = ?1, leaf_hash = ?2 WHERE seq = 8",
        params![text, leaf],
    )
    .unwrap();
    let mut tile: Vec<u8> = db
        .query_row("SELECT hashes FROM log_tiles WHERE tile_id = 0", [], |r| {
            r.get(0)
        })
        .unwrap();
    tile[8 * 32..9 * 32].copy_from_slice(&leaf);
    db.execute("UPDATE log_tiles SET hashes = ?1 WHERE tile_id = 0", [tile])
        .unwrap();
    let found = codes(&Register::open_read_only(home.path()).unwrap());
    assert!(
        found.contains(&"register.verify.checkpoint_differs"),
        "{found:?}"
    );
    assert!(found.contains(&"register.verify.log_forked"), "{found:?}");
    assert!(
        matches!(Register::open(home.path()), Err(Error::Forked { .. })),
        "nothing is signed over it"
    );
}

#[test]
fn a_blob_altered_lost_or_never_stored_is_found() {
    let (home, mut register) = with_history();
    let blob = register.put_blob(&mut "照片".as_bytes(), 100).unwrap();
    let path = home.join(&format!(
        "blobs/{}/{}/{}",
        &blob.sha256[..2],
        &blob.sha256[2..4],
        blob.sha256
    ));
    fs::write(&path, "照爿").unwrap();
    assert_eq!(codes(&register), ["register.verify.blob_altered"]);
    fs::remove_file(&path).unwrap();
    assert_eq!(codes(&register), ["register.verify.blob_missing"]);
    register.put_blob(&mut "照片".as_bytes(), 100).unwrap();
    assert_eq!(codes(&register), Vec::<&str>::new());
    register
        .append(&[testkit::a_batch(7, 0)], later(0, 9))
        .unwrap();
    let report = register.verify().unwrap();
    assert_eq!(report.faults[0].code, "register.verify.blob_unlisted");
    assert_eq!(
        report.faults[0].seq,
        Some(register.head().unwrap().size - 1)
    );
}

#[test]
fn whatever_kind_names_a_file_that_was_never_stored_is_found() {
    let (_home, mut register) = common::fresh();
    let reserve = StreamId::reserve(testkit::RESERVE_CODE);
    let site = testkit::a_site(40);
    let photo = EvidenceRecorded {
        sha256: "2".repeat(64),
        size_bytes: 7,
        file_name: "照片.jpg".to_owned(),
        media_type: "image/jpeg".to_owned(),
        note: None,
        taken_at: None,
        lon: None,
        lat: None,
        azimuth_deg: None,
        device: None,
        ..EvidenceRecorded::default()
    };
    let entries = [
        testkit::a_batch(7, 0),
        testkit::entry(reserve.clone(), testkit::a_boundary("2009")),
        testkit::entry(reserve.clone(), testkit::stations("2009")),
        testkit::entry(reserve, testkit::a_route("2009")),
        testkit::entry(
            testkit::background_stream("roads"),
            testkit::a_background("roads"),
        ),
        testkit::entry(site.stream.clone(), photo),
    ];
    register.append(&[site], later(0, 8)).unwrap();
    let first = register.head().unwrap().size;
    register.append(&entries, later(0, 9)).unwrap();
    let faults = register.verify().unwrap().faults;
    let unlisted = faults
        .iter()
        .filter(|f| f.code == "register.verify.blob_unlisted");
    let found: BTreeSet<u64> = unlisted.filter_map(|f| f.seq).collect();
    let wanted: BTreeSet<u64> = (first..first + entries.len() as u64).collect();
    assert_eq!(found, wanted);
}

#[test]
fn a_changed_file_of_the_published_log_is_found() {
    let (home, register) = with_history();
    for name in ["tile/0/000.p", "tile/entries/000.p"] {
        let folder = home.join("log").join(name);
        let path = fs::read_dir(&folder)
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
        let content = fs::read(&path).unwrap();
        let mut changed = content.clone();
        changed[40] ^= 1;
        fs::write(&path, changed).unwrap();
        assert_eq!(
            codes(&register),
            ["register.verify.log_file_differs"],
            "{name}"
        );
        fs::write(&path, content).unwrap();
    }
    fs::remove_file(home.join("log/checkpoint")).unwrap();
    assert_eq!(codes(&register), ["register.verify.log_file_differs"]);
    // The folder holds nothing of its own.
    fs::remove_dir_all(home.join("log")).unwrap();
    drop(register);
    let register = Register::open(home.path()).unwrap();
    assert_eq!(codes(&register), Vec::<&str>::new());
}

#[test]
fn a_schema_of_a_newer_program_is_refused() {
    let (home, register) = with_history();
    drop(register);
    let db = raw(home.path());
    db.execute("INSERT INTO schema_migrations VALUES (99, 'later', '')", [])
        .unwrap();
    for opened in [
        Register::open(home.path()),
        Register::open_read_only(home.path()),
    ] {
        assert!(
            matches!(opened, Err(Error::NewerSchema { found: 99, .. })),
            "{opened:?}"
        );
    }
    db.execute_batch("DELETE FROM schema_migrations WHERE version = 99")
        .unwrap();
    db.execute_batch("UPDATE schema_migrations SET sha256 = 'other' WHERE version = 1")
        .unwrap();
    assert!(matches!(
        Register::open(home.path()),
        Err(Error::AlteredMigration { version: 1 })
    ));
}

#[test]
fn what_is_no_register_is_refused() {
    let home = testkit::TempHome::new();
    assert!(matches!(
        Register::open(home.path()),
        Err(Error::NotARegister(_))
    ));
    fs::write(home.join("register.gpkg"), "").unwrap();
    assert!(matches!(
        Register::open(home.path()),
        Err(Error::NotARegister(_))
    ));
    fs::write(
        home.join("register.gpkg"),
        "not a database at all, but long enough to have a header".repeat(9),
    )
    .unwrap();
    assert!(Register::open(home.path()).is_err());
    let (home, register) = with_history();
    drop(register);
    assert!(matches!(
        Register::create(home.path(), &common::opening()),
        Err(Error::AlreadyOpened(_))
    ));
}

#[test]
fn without_its_key_a_register_is_read_and_not_written() {
    let (home, register) = with_history();
    drop(register);
    fs::remove_file(home.join("keys/node.key")).unwrap();
    let mut register = Register::open(home.path()).unwrap();
    assert_eq!(codes(&register), Vec::<&str>::new());
    assert!(matches!(
        register.append(&[testkit::a_site(9)], later(0, 9)),
        Err(Error::Key { .. })
    ));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    /// One flipped bit of any entry, in any column, is found, by the verification or already by opening.
    #[test]
    fn a_flipped_bit_of_any_entry_is_found(seq in 0i64..43, byte in any::<prop::sample::Index>(), bit in 0u8..8, column in 0usize..6) {
        let (home, register) = with_history();
        drop(register);
        let db = raw(home.path());
        drop_guards(&db);
        let column = ["canonical", "canonical", "leaf_hash", "entry_id", "stream", "kind"][column];
        let read = format!("SELECT CAST({column} AS BLOB) FROM entries WHERE seq = ?1");
        let mut bytes: Vec<u8> = db.query_row(&read, [seq], |row| row.get(0)).unwrap();
        let at = byte.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let kind = if column == "leaf_hash" { "?1" } else { "CAST(?1 AS TEXT)" };
        db.execute(&format!("UPDATE entries SET {column} = {kind} WHERE seq = ?2"), params![bytes, seq]).unwrap();
        let guards = include_str!("../migrations/geopackage/0001_log.sql");
        for trigger in guards.split("CREATE TRIGGER").skip(1) {
            let sql = format!("CREATE TRIGGER IF NOT EXISTS{}END;", trigger.split("END;").next().unwrap());
            db.execute_batch(&sql).unwrap();
        }
        drop(db);
        let found = Register::open_read_only(home.path()).and_then(|register| register.verify());
        prop_assert!(found.is_err() || found.is_ok_and(|report| report.faults.iter().any(|f| f.seq == Some(seq.unsigned_abs()))));
    }

    /// One flipped bit of any blob is found.
    #[test]
    fn a_flipped_bit_of_any_blob_is_found(byte in any::<prop::sample::Index>(), bit in 0u8..8) {
        let (home, mut register) = common::fresh();
        let content: Vec<u8> = (0..5000u32).map(|n| (n * 31 % 251) as u8).collect();
        let blob = register.put_blob(&mut &content[..], 1 << 20).unwrap();
        let path = home.join(&format!("blobs/{}/{}/{}", &blob.sha256[..2], &blob.sha256[2..4], blob.sha256));
        let mut changed = content;
        let at = byte.index(changed.len());
        changed[at] ^= 1 << bit;
        fs::write(path, changed).unwrap();
        prop_assert_eq!(codes(&register), ["register.verify.blob_altered"]);
    }
}
