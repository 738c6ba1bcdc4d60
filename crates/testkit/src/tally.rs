//! How many tests ran on each store: a run that left one out must not look like one that did not.

use std::fs::File;
use std::io::Write;

/// Notes that a test ran on a store, in the file that `QINGSHAN_TALLY` names; `cargo xtask test` counts them.
pub fn ran_on(store: &str) {
    let Some(path) = std::env::var_os("QINGSHAN_TALLY") else {
        return;
    };
    let mut tally = File::options()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    // One write: tests of several processes append at once.
    tally.write_all(format!("{store}\n").as_bytes()).unwrap();
}
