//! Killing the process at any moment of an append loses nothing that was acknowledged and doubles nothing.

#![allow(clippy::unwrap_used, reason = "tests")]
#![cfg(unix)]

mod common;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use domain::entry::Entry;
use register::{EntryFilter, Error, Register};
use testkit::{TempHome, a_clue, a_site, later, linked};

const HOME: &str = "REGISTER_KILL_TEST_HOME";
const KILLS: u32 = 60;
const SLICE: u64 = 20;

/// Slice number `n`: clues, sites and links between them.
fn slice(n: u64) -> Vec<Entry> {
    let numbers = n * SLICE..(n + 1) * SLICE;
    numbers
        .flat_map(|k| [a_clue(1, k), a_site(k), linked(k, k)])
        .collect()
}

/// The part played by the killed process: appends slice after slice and says so.
#[test]
fn child() {
    let Ok(home) = std::env::var(HOME) else {
        return;
    };
    let mut register = Register::open(std::path::Path::new(&home)).unwrap();
    let mut out = std::io::stdout();
    for n in 0.. {
        register.append(&slice(n), later(0, 1)).unwrap();
        writeln!(out, "\nacknowledged {n}").unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn sixty_kills_lose_nothing_acknowledged_and_double_nothing() {
    let home = TempHome::new();
    drop(Register::create(home.path(), &common::opening()).unwrap());
    let mut most = 0;
    for kill in 0..KILLS {
        // Moments are spread over starting, appending and publishing; a fixed spread keeps the test repeatable.
        let wait = Duration::from_millis(15 + u64::from(kill * 37 % 120));
        most = most.max(acknowledged_before_kill(&home, wait));
        check_whole_slices(&home, most);
    }
    assert!(most > 0, "no slice was ever acknowledged");
    let register = Register::open(home.path()).unwrap();
    assert_eq!(register.verify().unwrap().faults, []);
}

/// Runs the child for a while, kills it, and returns how many slices it acknowledged.
fn acknowledged_before_kill(home: &TempHome, wait: Duration) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture"])
        .env(HOME, home.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(wait);
    child.kill().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let slices = lines.filter_map(|line| line.strip_prefix("acknowledged ")?.parse::<u64>().ok());
    let acknowledged = slices.max().map_or(0, |n| n + 1);
    child.wait().unwrap();
    acknowledged
}

fn check_whole_slices(home: &TempHome, acknowledged: u64) {
    let register = Register::open(home.path()).unwrap();
    let per_slice = SLICE * 3;
    let appended = register.head().unwrap().size - 1;
    assert_eq!(appended % per_slice, 0, "a slice was kept in part");
    assert!(
        appended / per_slice >= acknowledged,
        "acknowledged {acknowledged}, kept {}",
        appended / per_slice
    );
    let mut ids = std::collections::BTreeSet::new();
    register
        .entries(&EntryFilter::default(), |entry| {
            assert!(ids.insert(entry.entry.id), "doubled");
            Ok::<(), Error>(())
        })
        .unwrap();
    let mut sites = 0;
    register
        .dossiers(domain::as_of::AsOf::Now, |_| {
            sites += 1;
            Ok::<(), Error>(())
        })
        .unwrap();
    assert_eq!(
        sites,
        appended / 3,
        "projections and log were committed together"
    );
}
