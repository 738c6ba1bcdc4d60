//! Killing the process at any moment of an append loses nothing that was acknowledged and doubles nothing.

#![allow(clippy::unwrap_used, reason = "tests")]
#![cfg(unix)]

mod common;

use std::time::Duration;

use common::kills::{acknowledged_before_kill, check_whole_slices, play_the_child};
use register::Register;
use testkit::TempHome;

const KILLS: u32 = 60;

#[test]
fn child() {
    play_the_child();
}

#[test]
fn sixty_kills_lose_nothing_acknowledged_and_double_nothing() {
    let home = TempHome::new();
    drop(Register::create(home.path(), &common::opening()).unwrap());
    let mut most = 0;
    for kill in 0..KILLS {
        // Moments are spread over starting, appending and publishing; a fixed spread keeps the test repeatable.
        let wait = Duration::from_millis(15 + u64::from(kill * 37 % 120));
        most = most.max(acknowledged_before_kill(home.path(), wait));
        check_whole_slices(&Register::open(home.path()).unwrap(), most);
    }
    assert!(most > 0, "no slice was ever acknowledged");
    let register = Register::open(home.path()).unwrap();
    assert_eq!(register.verify().unwrap().faults, []);
}
