//! What is special about a register in PostgreSQL: guards, tampering, several nodes, sudden death, foreign readers.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::process::Command;
use std::time::Duration;

use common::kills::{acknowledged_before_kill, check_whole_slices, play_the_child};
use common::{a_history, opening, without_references};
use domain::ids::{SiteId, StreamId};
use register::{Address, DatabaseAddress, EntryFilter, Error, Register};
use testkit::{Seeded, TempDatabase, TempHome, a_site, later};

/// A register in a database of its own.
struct Place {
    home: TempHome,
    database: TempDatabase,
}

impl Place {
    fn new() -> Self {
        testkit::ran_on("PostgreSQL");
        Self {
            home: TempHome::new(),
            database: TempDatabase::new(),
        }
    }

    fn address(&self) -> Address {
        Address::of(self.home.path()).in_database(self.database.url().parse().unwrap())
    }

    fn open(&self) -> Result<Register, Error> {
        Register::open(self.address())
    }

    fn open_read_only(&self) -> Result<Register, Error> {
        Register::open_read_only(self.address())
    }

    fn sql(&self, sql: &str) -> Vec<String> {
        self.database.sql(sql)
    }

    /// Every row of every projection, as text.
    fn dump(&self) -> Vec<(&'static str, Vec<String>)> {
        let rows = |table: &&'static str| {
            let sql = format!("SELECT t::text FROM {table} t ORDER BY fid");
            (*table, self.sql(&sql))
        };
        common::PROJECTIONS.iter().map(rows).collect()
    }

    /// Somebody with all rights works around the guards, and leaves them as they were.
    fn behind_the_guards(&self, table: &str, sql: &str) {
        self.sql(&format!(
            "ALTER TABLE {table} DISABLE TRIGGER USER; {sql};
             ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_refuse_change;
             ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_refuse_truncate"
        ));
    }
}

fn fresh() -> (Place, Register) {
    let place = Place::new();
    let register = Register::create(place.address(), &opening()).unwrap();
    (place, register)
}

fn with_history() -> (Place, Register) {
    let (place, mut register) = fresh();
    let entries = without_references(a_history(), &mut register);
    for (slice, hours) in entries.chunks(entries.len().div_ceil(3)).zip(1..) {
        register.append(slice, later(0, hours)).unwrap();
    }
    (place, register)
}

fn codes(register: &Register) -> Vec<&'static str> {
    let report = register.verify().unwrap();
    let mut codes: Vec<&str> = report.faults.iter().map(|fault| fault.code).collect();
    codes.dedup();
    codes
}

#[test]
fn rebuilt_projections_are_the_same_row_for_row() {
    let (place, mut register) = with_history();
    let (before, head) = (place.dump(), register.head().unwrap());
    assert!(before.iter().all(|(_, rows)| !rows.is_empty()));
    register.rebuild().unwrap();
    assert_eq!(place.dump(), before);
    assert_eq!(register.head().unwrap(), head);
    assert_eq!(codes(&register), Vec::<&str>::new());
}

#[test]
fn a_rebuild_mends_what_somebody_changed_by_hand() {
    let (place, mut register) = with_history();
    let before = place.dump();
    for change in [
        "UPDATE clue_batches SET rows_taken = 0",
        "DELETE FROM permits",
        "UPDATE sites SET geom = ST_Translate(geom, 1e-9, 0) WHERE fid = (SELECT min(fid) FROM sites)",
        "INSERT INTO stations SELECT 99, geom, reserve_code, 'x', false, 'x', 'x', 1, 1 FROM stations LIMIT 1",
    ] {
        place.sql(change);
        assert_eq!(
            codes(&register),
            ["register.verify.projection_differs"],
            "{change}"
        );
        register.rebuild().unwrap();
        assert_eq!(place.dump(), before);
    }
    assert_eq!(codes(&register), Vec::<&str>::new());
}

#[test]
fn projections_of_another_program_are_made_anew_on_opening() {
    let (place, register) = with_history();
    let before = place.dump();
    drop(register);
    place.sql("DROP TABLE permits; UPDATE schema_migrations SET sha256 = 'older' WHERE name = 'projections'");
    let outdated = place.open_read_only();
    assert!(
        matches!(outdated, Err(Error::OutdatedProjections)),
        "{outdated:?}"
    );
    place.open().unwrap();
    assert_eq!(place.dump(), before);
}

#[test]
fn an_entry_of_a_kind_nobody_knows_survives_and_disturbs_nothing() {
    let (place, register) = with_history();
    let size = register.head().unwrap().size;
    place.sql(&format!(
        "INSERT INTO entries VALUES ({size}, 'x', 'site/x', 1, 'site.painted', now(), now(), sha256('x'), '{{}}')"
    ));
    let mut kinds = Vec::new();
    register
        .stored_entries(size, size + 1, |entry| {
            kinds.push(entry.kind.to_owned());
            Ok::<(), Error>(())
        })
        .unwrap();
    assert_eq!(kinds, ["site.painted"]);
    let mut known = 0;
    register
        .entries(&EntryFilter::default(), |_| {
            known += 1;
            Ok::<(), Error>(())
        })
        .unwrap();
    assert_eq!(known, size);
}

#[test]
fn entries_refuse_to_be_changed_deleted_or_replaced() {
    let (place, register) = with_history();
    for sql in [
        "UPDATE entries SET canonical = '{}' WHERE seq = 3",
        "DELETE FROM entries WHERE seq = 3",
        "DELETE FROM entries",
        "TRUNCATE entries",
        "SET session_replication_role = replica; DELETE FROM entries",
        "INSERT INTO entries SELECT * FROM entries WHERE seq = 3 ON CONFLICT (seq) DO UPDATE SET canonical = '{}'",
        "UPDATE blobs SET size_bytes = 0",
        "DELETE FROM blobs",
        "TRUNCATE blobs",
    ] {
        let refused = place.database.try_sql(sql).unwrap_err();
        assert!(refused.contains("append_only"), "{sql}: {refused}");
    }
    assert_eq!(codes(&register), Vec::<&str>::new());
}

#[test]
fn a_guard_that_was_dropped_or_switched_off_is_found() {
    let (place, register) = with_history();
    for (spoil, mend) in [
        (
            "ALTER TABLE entries DISABLE TRIGGER entries_refuse_change",
            "ALTER TABLE entries ENABLE ALWAYS TRIGGER entries_refuse_change",
        ),
        (
            "ALTER TABLE blobs DROP CONSTRAINT blobs_size_not_negative",
            "ALTER TABLE blobs ADD CONSTRAINT blobs_size_not_negative CHECK (size_bytes >= 0)",
        ),
        (
            "DROP INDEX sites_by_geom",
            "CREATE INDEX sites_by_geom ON sites USING gist (geom)",
        ),
        (
            "ALTER TABLE streams ALTER COLUMN version DROP NOT NULL",
            "ALTER TABLE streams ALTER COLUMN version SET NOT NULL",
        ),
    ] {
        place.sql(spoil);
        assert_eq!(
            codes(&register),
            ["register.verify.schema_differs"],
            "{spoil}"
        );
        place.sql(mend);
        assert_eq!(codes(&register), Vec::<&str>::new(), "{mend}");
    }
    place.sql("CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'");
    assert_eq!(codes(&register), ["register.verify.schema_differs"]);
}

#[test]
fn what_was_changed_behind_the_guards_is_found() {
    let changes = [
        "UPDATE entries SET canonical = replace(canonical, '林地', '草地') WHERE seq = 8",
        "UPDATE entries SET leaf_hash = sha256(leaf_hash) WHERE seq = 8",
        "UPDATE entries SET entry_id = entry_id || 'a' WHERE seq = 8",
        "UPDATE entries SET kind = 'clue.screened' WHERE seq = 8",
        "UPDATE entries SET stream = 'site/x' WHERE seq = 8",
        "UPDATE entries SET version = 900 WHERE seq = 8",
    ];
    for change in changes {
        let (place, register) = with_history();
        drop(register);
        place.behind_the_guards("entries", change);
        let found = place.open_read_only().unwrap().verify().unwrap();
        assert!(
            found.faults.iter().any(|fault| fault.seq == Some(8)),
            "{change}: {:?}",
            found.faults
        );
        assert!(
            !found
                .faults
                .iter()
                .any(|f| f.code == "register.verify.schema_differs")
        );
    }
}

#[test]
fn removed_entries_are_missed() {
    let (place, register) = with_history();
    place.behind_the_guards("entries", "DELETE FROM entries WHERE seq = 5");
    let report = register.verify().unwrap();
    let missing =
        |f: &register::Fault| f.code == "register.verify.entry_missing" && f.seq == Some(5);
    assert!(report.faults.iter().any(missing), "{:?}", report.faults);
    // From the end, with all its traces in the database.
    let (place, register) = with_history();
    let last = register.head().unwrap().size - 1;
    drop(register);
    place.behind_the_guards(
        "entries",
        &format!(
            "DELETE FROM entries WHERE seq = {last}; DELETE FROM checkpoints WHERE size > {last}"
        ),
    );
    let found = codes(&place.open_read_only().unwrap());
    assert!(found.contains(&"register.verify.log_forked"), "{found:?}");
    assert!(matches!(place.open(), Err(Error::Forked { .. })));
}

#[test]
fn an_entry_rewritten_with_its_leaf_and_tree_contradicts_the_signature() {
    let (place, register) = with_history();
    drop(register);
    place.behind_the_guards(
        "entries",
        "UPDATE entries SET canonical = replace(canonical, '林地', '草地') WHERE seq = 8;
         UPDATE entries SET leaf_hash = sha256('\\x00' || convert_to(canonical, 'UTF8')) WHERE seq = 8;
         UPDATE log_tiles SET hashes = overlay(hashes PLACING (SELECT leaf_hash FROM entries WHERE seq = 8) FROM 257)
         WHERE tile_id = 0",
    );
    let found = codes(&place.open_read_only().unwrap());
    assert!(
        !found.contains(&"register.verify.entry_altered"),
        "{found:?}"
    );
    assert!(
        found.contains(&"register.verify.checkpoint_differs"),
        "{found:?}"
    );
    assert!(matches!(place.open(), Err(Error::Forked { .. })));
}

#[test]
fn a_schema_of_a_newer_program_is_refused() {
    let (place, register) = with_history();
    drop(register);
    place.sql("INSERT INTO schema_migrations VALUES (99, 'later', '')");
    for opened in [place.open(), place.open_read_only()] {
        assert!(
            matches!(opened, Err(Error::NewerSchema { found: 99, .. })),
            "{opened:?}"
        );
    }
    place.sql("DELETE FROM schema_migrations WHERE version = 99; UPDATE schema_migrations SET sha256 = 'x' WHERE version = 1");
    assert!(matches!(
        place.open(),
        Err(Error::AlteredMigration { version: 1 })
    ));
}

#[test]
fn an_address_leads_to_one_register() {
    let place = Place::new();
    assert!(!Register::is_there(place.address()).unwrap());
    assert!(matches!(place.open(), Err(Error::NotARegister(_))));
    let register = Register::create(place.address(), &opening()).unwrap();
    assert!(Register::is_there(place.address()).unwrap());
    let again = Register::create(place.address(), &opening());
    assert!(matches!(again, Err(Error::AlreadyOpened(_))), "{again:?}");
    // The folder alone holds nothing, until it remembers.
    assert!(!Register::is_there(place.home.path()).unwrap());
    place.address().remember().unwrap();
    assert_eq!(
        Register::open(place.home.path()).unwrap().head().unwrap(),
        register.head().unwrap()
    );
}

#[test]
fn a_server_that_cannot_be_reached_is_told_without_the_password() {
    let home = TempHome::new();
    let nowhere = "postgres://guard:geheim@localhost:1/houhe?connect_timeout=1";
    let at = Address::of(home.path()).in_database(nowhere.parse().unwrap());
    let error = Register::open(&at).unwrap_err();
    let mut told = format!("{error} {error:?} {at:?}");
    let mut cause = std::error::Error::source(&error);
    while let Some(source) = cause {
        told += &format!(" {source}");
        cause = source.source();
    }
    assert_eq!(error.code(), "register.database", "{told}");
    assert!(!told.contains("geheim"), "{told}");
}

#[test]
fn every_constraint_of_the_schema_is_in_the_table() {
    let (place, _register) = fresh();
    let mut named = place.sql(
        "SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace
         AND contype IN ('c', 'u', 'p') AND conname NOT LIKE '%_pkey' AND conrelid <> 'spatial_ref_sys'::regclass",
    );
    named.retain(|name| !name.starts_with("spatial_ref_sys"));
    named.sort();
    let mut listed: Vec<&str> = register::CONSTRAINTS
        .iter()
        .map(|c| c.name)
        .filter(|n| !n.contains('.'))
        .collect();
    listed.sort_unstable();
    assert_eq!(named, listed);
}

#[test]
fn the_schema_is_the_committed_one() {
    let (place, _register) = fresh();
    let columns = place.sql(
        "SELECT c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
                || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END || coalesce(' ' || l.collname, '')
         FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
         LEFT JOIN pg_collation l ON l.oid = a.attcollation AND l.collname <> 'default'
         WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname <> 'spatial_ref_sys'
         ORDER BY c.relname COLLATE \"C\", a.attnum",
    );
    let indexes = place.sql(
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'spatial_ref_sys'
         ORDER BY indexname COLLATE \"C\"",
    );
    let triggers = place.sql(
        "SELECT pg_get_triggerdef(oid) || ' ' || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal
         ORDER BY tgname COLLATE \"C\"",
    );
    insta::assert_snapshot!([columns, indexes, triggers].concat().join("\n"));
}

#[test]
fn two_nodes_append_to_one_log_at_once() {
    let (place, register) = fresh();
    drop(register);
    // The second node has its own folder and the register's key.
    let second = TempHome::new();
    std::fs::create_dir(second.join("keys")).unwrap();
    std::fs::copy(
        place.home.join("keys/node.key"),
        second.join("keys/node.key"),
    )
    .unwrap();
    let database = || place.database.url().parse::<DatabaseAddress>().unwrap();
    let nodes = [
        place.address(),
        Address::of(second.path()).in_database(database()),
    ];
    const APPENDS: u64 = 25;
    let work = |node: u64, at: Address| {
        std::thread::spawn(move || {
            let mut register = Register::open(at).unwrap();
            let mut new = 0;
            for n in 0..APPENDS {
                // A site of its own, a site that both register, and a further fact about that one.
                let facts = domain::entries::SiteFacts {
                    village: Some(format!("{node}-{n}")),
                    ..Default::default()
                };
                let entries = [
                    a_site(1000 + node * 100 + n),
                    a_site(n),
                    testkit::amended(n, facts),
                ];
                let receipts = register.append(&entries, later(0, 1)).unwrap();
                new += receipts.iter().filter(|r| r.is_new).count() as u64;
            }
            new
        })
    };
    let threads: Vec<_> = (0..)
        .zip(nodes.clone())
        .map(|(node, at)| work(node, at))
        .collect();
    let new: u64 = threads.into_iter().map(|t| t.join().unwrap()).sum();
    // Each registered site is new once, whoever came first.
    assert_eq!(new, 2 * APPENDS * 2 + APPENDS);
    let mut roots = Vec::new();
    for at in &nodes {
        let register = Register::open(at).unwrap();
        assert_eq!(register.verify().unwrap().faults, []);
        assert_eq!(register.head().unwrap().size, 1 + new);
        assert_eq!(
            register
                .load_stream(&StreamId::site(SiteId::seeded(3)))
                .unwrap()
                .len(),
            3
        );
        roots.push((
            register.head().unwrap(),
            std::fs::read(at.folder().join("log/checkpoint")).unwrap(),
        ));
    }
    assert_eq!(roots[0], roots[1]);
}

#[test]
fn a_node_without_the_key_reads_and_does_not_write() {
    let (place, mut register) = fresh();
    register.append(&[a_site(1)], later(0, 1)).unwrap();
    let elsewhere = TempHome::new();
    let at = Address::of(elsewhere.path()).in_database(place.database.url().parse().unwrap());
    let mut node = Register::open(at).unwrap();
    assert_eq!(node.head().unwrap(), register.head().unwrap());
    let refused = node.append(&[a_site(2)], later(0, 1));
    assert!(matches!(refused, Err(Error::Key { .. })), "{refused:?}");
}

#[test]
fn a_connection_that_was_cut_is_made_anew() {
    let (place, mut register) = fresh();
    let cut = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
               WHERE application_name = 'qingshan' AND datname = current_database()";
    place.sql(cut);
    // Nothing was under way, so that nobody notices.
    register.append(&[a_site(1)], later(0, 1)).unwrap();
    assert_eq!(register.head().unwrap().size, 2);
    assert_eq!(register.verify().unwrap().faults, []);
}

#[test]
fn a_backup_is_a_geopackage_with_the_same_log() {
    let (place, register) = with_history();
    let to = TempHome::new();
    let report = register.backup(&to.join("copy"), true).unwrap();
    assert_eq!(report.head, register.head().unwrap());
    assert_eq!(
        (report.blobs, report.sites, report.clues, report.has_key),
        (1, 6, 12, true)
    );
    assert_eq!(report.drill.faults, []);
    let mut copy = Register::open(&to.join("copy")).unwrap();
    assert!(matches!(copy, Register::GeoPackage(_)));
    assert_eq!(copy.checkpoint().unwrap(), register.checkpoint().unwrap());
    copy.append(&[a_site(99)], later(1, 0)).unwrap();
    assert_eq!(copy.verify().unwrap().faults, []);
    let refused = register.backup(place.home.path(), false);
    assert!(matches!(refused, Err(Error::AlreadyOpened(_))));
}

/// GDAL is what QGIS reads with; it knows nothing of the program.
#[test]
fn gdal_reads_the_layers() {
    let (place, _register) = with_history();
    let url = place.database.url();
    let (database, rest) = url
        .trim_start_matches("postgres:///")
        .split_once('?')
        .unwrap();
    let options = rest.replace('&', " ");
    let source = format!("PG:dbname={database} {options}");
    for (layer, kind, count) in [
        ("sites", "Unknown (any)", 6),
        ("clues", "Unknown (any)", 12),
        ("zones", "Multi Polygon", 6),
        ("stations", "Multi Polygon", 4),
        ("routes", "Multi Line String", 1),
    ] {
        let read = Command::new("ogrinfo")
            .args(["-so", &source, layer])
            .output()
            .expect("GDAL is installed (cargo xtask test does)");
        let told = String::from_utf8_lossy(&read.stdout);
        for expected in [
            format!("Geometry: {kind}"),
            format!("Feature Count: {count}"),
            "\"EPSG\",4490".to_owned(),
        ] {
            assert!(told.contains(&expected), "{layer}: {expected}\n{told}");
        }
    }
}

const KILLS: u32 = 20;

#[test]
fn child() {
    play_the_child();
}

#[test]
fn sudden_deaths_lose_nothing_acknowledged_and_double_nothing() {
    let (place, register) = fresh();
    drop(register);
    place.address().remember().unwrap();
    let mut most = 0;
    for kill in 0..KILLS {
        // From starting over appending to publishing; a fixed spread keeps the test repeatable.
        let wait = Duration::from_millis(60 + u64::from(kill * kill * 4));
        most = most.max(acknowledged_before_kill(place.home.path(), wait));
        check_whole_slices(&place.open().unwrap(), most);
    }
    assert!(most > 0, "no slice was ever acknowledged");
    assert_eq!(place.open().unwrap().verify().unwrap().faults, []);
}
