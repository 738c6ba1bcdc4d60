//! The same entries in both stores: the same receipts and refusals, the same log, the same views, the same rows.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::collections::BTreeMap;
use std::process::Command;

use domain::as_of::AsOf;
use domain::entries::SiteFacts;
use domain::entry::Entry;
use domain::ids::StreamId;
use proptest::prelude::*;
use register::{Address, Error, Register};
use rusqlite::types::Value;
use testkit::{
    TempDatabase, TempHome, a_batch, a_clue, a_site, amended, later, linked, screened, unlinked,
};

/// One register in each store, with one key, so that even the signatures are the same.
struct Pair {
    homes: [TempHome; 2],
    database: TempDatabase,
    registers: [Register; 2],
}

impl Pair {
    fn new() -> Self {
        testkit::ran_on("GeoPackage");
        testkit::ran_on("PostgreSQL");
        let (homes, database) = ([TempHome::new(), TempHome::new()], TempDatabase::new());
        let first = Register::create(homes[0].path(), &common::opening()).unwrap();
        std::fs::create_dir(homes[1].join("keys")).unwrap();
        std::fs::copy(
            homes[0].join("keys/node.key"),
            homes[1].join("keys/node.key"),
        )
        .unwrap();
        let at = Address::of(homes[1].path()).in_database(database.url().parse().unwrap());
        let second = Register::create(&at, &common::opening()).unwrap();
        Self {
            homes,
            database,
            registers: [first, second],
        }
    }

    /// Both answers, which must be one.
    fn both(&mut self, mut ask: impl FnMut(&mut Register) -> String) -> (String, String) {
        let [first, second] = &mut self.registers;
        (ask(first), ask(second))
    }
}

fn answer<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(Error::Constraint { constraint, .. }) => format!("constraint {constraint}"),
        Err(error) => format!("{error:?}"),
    }
}

/// Everything a view can show, as of a day, a log size and now.
fn views(register: &Register) -> String {
    let size = register.head().unwrap().size;
    let days = ["2019-08-16", "2019-08-18", "2019-08-20"];
    let mut moments: Vec<AsOf> = days.map(|day| AsOf::Day(day.parse().unwrap())).to_vec();
    moments.extend([AsOf::Now, AsOf::LogSize(size / 2)]);
    let mut told = String::new();
    for as_of in moments {
        let mut line = |value: &dyn std::fmt::Debug| told += &format!("{value:?}\n");
        register
            .dossiers(as_of, |dossier| {
                line(&dossier);
                Ok::<(), Error>(())
            })
            .unwrap();
        register
            .clues(as_of, |clue| {
                line(&clue);
                Ok::<(), Error>(())
            })
            .unwrap();
        line(&register.batches(as_of).unwrap());
        line(
            &register
                .latest_boundary(testkit::RESERVE_CODE, as_of)
                .unwrap(),
        );
    }
    told
}

/// One thing that happens; numbers choose whom it happens to.
fn event(kind: u8, n: u64, m: u64) -> Entry {
    let facts = |name: bool| SiteFacts {
        facility_name: name.then(|| format!("采石场\0{m}")),
        lon: Some(106.0 + 0.01 * m as f64),
        lat: Some(35.5 - 0.0 * m as f64),
        area_m2: Some(-0.0),
        ..SiteFacts::default()
    };
    let reserve = StreamId::reserve(testkit::RESERVE_CODE);
    match kind {
        0 | 1 => a_site(n),
        2 => a_batch(m, n),
        3 | 4 => a_clue(1 + m % 2, n),
        5 | 6 => linked(n, m),
        7 => unlinked(n, m),
        8 => screened(n),
        9 => amended(n, facts(true)),
        10 => amended(n, facts(false)),
        11 => testkit::a_permit(n, &format!("证{m}")),
        12 => testkit::carried_over(n),
        13 => testkit::a_verification(n, "issue_found"),
        14 => testkit::a_determination(n, "completed"),
        15 => testkit::entry(reserve, testkit::a_boundary(&m.to_string())),
        16 => testkit::entry(reserve, testkit::stations(&m.to_string())),
        17 => testkit::entry(reserve, testkit::a_route(&m.to_string())),
        _ => amended(
            n,
            SiteFacts {
                shape: Some(testkit::square(106.1, 35.5, 0.001 * m as f64)),
                ..SiteFacts::default()
            },
        ),
    }
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let one = (
        0u8..19,
        0u64..5,
        0u64..5,
        proptest::option::of(0u64..4),
        0i64..5,
    );
    let one = one.prop_map(|(kind, n, m, based_on, day)| Entry {
        based_on,
        occurred_at: later(day, 0),
        ..event(kind, n, m)
    });
    proptest::collection::vec(one, 1..7)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_history_is_the_same_in_both(slices in proptest::collection::vec(entries(), 1..14)) {
        let mut pair = Pair::new();
        for (slice, hour) in slices.iter().zip(1..) {
            let (first, second) = pair.both(|register| answer(register.append(slice, later(0, hour))));
            prop_assert_eq!(first, second);
        }
        let (first, second) = pair.both(|register| answer(register.checkpoint()));
        prop_assert_eq!(first, second);
        let (first, second) = pair.both(|register| views(register));
        prop_assert_eq!(first, second);
        let rows = rows_of_both(&pair);
        prop_assert_eq!(&rows.0, &rows.1);
        for register in &mut pair.registers {
            register.rebuild().unwrap();
        }
        prop_assert_eq!(rows_of_both(&pair), rows);
    }
}

#[test]
fn a_history_with_everything_fills_the_same_rows() {
    let mut pair = Pair::new();
    let entries = common::a_history();
    for slice in entries.chunks(9) {
        let (first, second) = pair.both(|register| answer(register.append(slice, later(0, 3))));
        assert_eq!(first, second);
    }
    let (first, second) = rows_of_both(&pair);
    assert!(first.values().all(|rows| !rows.is_empty()));
    assert_eq!(first, second);
    let [first, second] = &pair.registers;
    assert_eq!(first.head().unwrap(), second.head().unwrap());
    // The published logs are the same files.
    let listed = |home: &TempHome| {
        let found = Command::new("sh")
            .args(["-c", "find log -type f -exec sha256sum {} + | sort -k2"])
            .current_dir(home.path())
            .output()
            .unwrap();
        String::from_utf8(found.stdout).unwrap()
    };
    let (first, second) = (listed(&pair.homes[0]), listed(&pair.homes[1]));
    assert!(first.contains("log/checkpoint"), "{first}");
    assert_eq!(first, second);
}

type Rows = BTreeMap<&'static str, Vec<String>>;

fn rows_of_both(pair: &Pair) -> (Rows, Rows) {
    let db = common::raw(pair.homes[0].path());
    let tables = common::PROJECTIONS.iter();
    let both = tables.map(|table| {
        let columns = columns(&pair.database, table);
        (
            (*table, in_geopackage(&db, table, &columns)),
            (*table, in_postgres(&pair.database, table, &columns)),
        )
    });
    both.unzip()
}

/// Names and types of a table's columns.
fn columns(database: &TempDatabase, table: &str) -> Vec<(String, String)> {
    let sql = format!(
        "SELECT column_name, data_type FROM information_schema.columns
         WHERE table_name = '{table}' ORDER BY ordinal_position"
    );
    let lines = database.sql(&sql);
    let pair = |line: &String| {
        let (name, kind) = line.split_once('|').unwrap();
        (name.to_owned(), kind.to_owned())
    };
    lines.iter().map(pair).collect()
}

/// Rows with every bit of every number and geometry.
fn in_postgres(database: &TempDatabase, table: &str, columns: &[(String, String)]) -> Vec<String> {
    let cell = |(name, kind): &(String, String)| {
        let text = match kind.as_str() {
            "double precision" => format!("encode(float8send({name}), 'hex')"),
            "boolean" => format!("{name}::int::text"),
            "USER-DEFINED" => format!("encode(ST_AsBinary({name}, 'NDR'), 'hex')"),
            _ => format!("{name}::text"),
        };
        format!("coalesce(replace({text}, E'\\n', '\\n'), '∅')")
    };
    let cells: Vec<String> = columns.iter().map(cell).collect();
    database.sql(&format!(
        "SELECT concat_ws('|', {}) FROM {table} ORDER BY fid",
        cells.join(", ")
    ))
}

fn in_geopackage(
    db: &rusqlite::Connection,
    table: &str,
    columns: &[(String, String)],
) -> Vec<String> {
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let sql = format!("SELECT {} FROM {table} ORDER BY fid", names.join(", "));
    let mut select = db.prepare(&sql).unwrap();
    let rows = select.query_map([], |row| {
        let cells = (0..names.len()).map(|column| Ok(cell(row.get(column)?)));
        Ok(cells.collect::<rusqlite::Result<Vec<_>>>()?.join("|"))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

fn cell(value: Value) -> String {
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|b| format!("{b:02x}")).collect() };
    match value {
        Value::Null => "∅".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => hex(&number.to_be_bytes()),
        // The zero character is what PostgreSQL cannot hold in a column.
        Value::Text(text) => text.replace('\n', "\\n").replace('\0', "\u{fffd}"),
        Value::Blob(blob) => {
            let envelope = if blob[3] & 0b1110 == 0 { 0 } else { 32 };
            hex(&blob[8 + envelope..])
        }
    }
}
