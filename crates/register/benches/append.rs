//! 100,000 clues appended in batches of 1,000, rebuilt and verified; sites beside them; prints entries per second.
//!
//! Run with `cargo bench -p register --bench append [-- ENTRIES [BATCH]]`.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement for people"
)]

use std::time::Instant;

use domain::as_of::AsOf;
use domain::entry::Entry;
use register::{Error, Opening, Register};
use testkit::{TempHome, a_clue, a_site, cpu_seconds, later, linked, start};

fn measure<T>(what: &str, count: usize, run: impl FnOnce() -> T) -> T {
    let (began, cpu_before) = (Instant::now(), cpu_seconds());
    let result = run();
    let (took, cpu) = (began.elapsed().as_secs_f64(), cpu_seconds() - cpu_before);
    let (rate, cpu_rate) = (count as f64 / took, count as f64 / cpu.max(0.01));
    println!(
        "{what:<34} {count:>8} in {took:>7.2} s {rate:>8.0} per s, {cpu:>6.2} CPU s {cpu_rate:>8.0} per CPU s"
    );
    result
}

fn append(register: &mut Register, entries: &[Entry], batch: usize) {
    for slice in entries.chunks(batch) {
        register.append(slice, later(0, 1)).unwrap();
    }
}

fn main() {
    let numbers: Vec<usize> = std::env::args()
        .filter_map(|arg| arg.parse().ok())
        .collect();
    let count = numbers.first().copied().unwrap_or(100_000);
    let batch = numbers.get(1).copied().unwrap_or(1000);
    let home = TempHome::new();
    let opening = Opening {
        node: "bench.example".to_owned(),
        is_demonstration: true,
        opened_at: start(),
        author: testkit::importer(),
    };
    let mut register = Register::create(home.path(), &opening).unwrap();
    let clues: Vec<Entry> = (0..count as u64).map(|n| a_clue(1, n)).collect();
    let sites: Vec<Entry> = (0..count as u64 / 10)
        .flat_map(|n| [a_site(n), linked(n, n)])
        .collect();
    measure("append clue.received", clues.len(), || {
        append(&mut register, &clues, batch)
    });
    measure("append the same again", clues.len(), || {
        append(&mut register, &clues, batch)
    });
    measure("append site.registered + linked", sites.len(), || {
        append(&mut register, &sites, batch)
    });
    let size = register.head().unwrap().size as usize;
    measure("rebuild", size, || register.rebuild().unwrap());
    let report = measure("verify", size, || register.verify().unwrap());
    assert!(report.is_sound(), "{:?}", report.faults);
    let mut seen = 0;
    let mut count_clues = |_| {
        seen += 1;
        Ok::<(), Error>(())
    };
    measure("read clues as of now", clues.len(), || {
        register.clues(AsOf::Now, &mut count_clues).unwrap()
    });
    let day = AsOf::Day("2019-08-20".parse().unwrap());
    measure("read clues as of a day", clues.len(), || {
        register.clues(day, &mut count_clues).unwrap()
    });
    let single: Vec<Entry> = (0..200).map(|n| a_site(10_000_000 + n)).collect();
    measure("append one by one", single.len(), || {
        append(&mut register, &single, 1)
    });
    let megabytes = std::fs::metadata(home.join("register.gpkg")).unwrap().len() / 1_000_000;
    println!("file {megabytes} MB, log of {size} entries, {seen} clues read");
}
