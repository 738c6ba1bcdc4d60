//! The killed process and what is left of it: the same for every store.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use domain::as_of::AsOf;
use domain::entry::Entry;
use register::{EntryFilter, Error, Register};
use testkit::{a_clue, a_site, later, linked};

/// Where the child finds its register.
const HOME: &str = "REGISTER_KILL_TEST_HOME";
const SLICE: u64 = 20;

/// Slice number `n`: clues, sites and links between them.
fn slice(n: u64) -> Vec<Entry> {
    let numbers = n * SLICE..(n + 1) * SLICE;
    numbers
        .flat_map(|k| [a_clue(1, k), a_site(k), linked(k, k)])
        .collect()
}

/// The part played by the killed process: appends slice after slice and says so. A test named `child` calls it.
pub(crate) fn play_the_child() {
    let Ok(home) = std::env::var(HOME) else {
        return;
    };
    let mut register = Register::open(Path::new(&home)).unwrap();
    let mut out = std::io::stdout();
    for n in 0.. {
        register.append(&slice(n), later(0, 1)).unwrap();
        writeln!(out, "\nacknowledged {n}").unwrap();
        out.flush().unwrap();
    }
}

/// Runs the child for a while, kills it, and returns how many slices it acknowledged.
pub(crate) fn acknowledged_before_kill(home: &Path, wait: Duration) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture"])
        .env(HOME, home)
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

/// Whole slices are there, all that were acknowledged, none twice, and the projections with them.
pub(crate) fn check_whole_slices(register: &Register, acknowledged: u64) {
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
        .dossiers(AsOf::Now, |_| {
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
