//! The process can be killed at any moment of an import: nothing is lost, nothing is doubled.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use std::process::Stdio;
use std::time::Duration;

use e2e::{Demonstration, Register, import_args, script};
use serde_json::Value;

/// Kills in all; spread evenly over the inputs, in their order, because matching depends on it.
const KILLS: usize = 200;

#[test]
fn two_hundred_kills_lose_and_double_nothing() {
    let demonstration = Demonstration::shared();
    let register = demonstration.empty_register();
    let inputs = demonstration.manifest();
    let mut dice = Dice(20190816);
    let (mut killed, mut ended) = (0, 0);
    for input in &inputs {
        for _ in 0..KILLS.div_ceil(inputs.len()) {
            if die_during(&register, &import_args(&demonstration, input), dice.delay()) {
                killed += 1;
            } else {
                ended += 1;
            }
        }
        let _ = register.verified_head();
        let _ = register.run(&import_args(&demonstration, input)).success();
    }
    assert!(
        killed >= KILLS / 2,
        "only {killed} died, {ended} were faster than the kill"
    );
    let _ = register.run(&["clues", "match"]).success();
    let _ = register.verified_head();
    assert_eq!(content(&register), content(&demonstration.register()));
}

/// Whether the process died of the kill rather than ended before it.
fn die_during(register: &Register, args: &[String], delay: Duration) -> bool {
    let mut command = register.command("office", args);
    let mut importing = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(delay);
    importing.kill().unwrap();
    importing.wait().unwrap().code().is_none()
}

fn content(register: &Register) -> Value {
    let mut all = script("entries.py", &[register.home().join("register.gpkg")]);
    all.as_object_mut().unwrap().remove("verifier_key");
    all
}

/// The same dice in every run, so that a failure can be looked at again.
struct Dice(u64);

impl Dice {
    /// Mostly early moments, where files are opened; some late ones, where rows are written.
    fn delay(&mut self) -> Duration {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let roll = self.0 >> 33;
        Duration::from_millis(
            1 + if roll.is_multiple_of(2) {
                (roll / 2) % 60
            } else {
                (roll / 2) % 240
            },
        )
    }
}
