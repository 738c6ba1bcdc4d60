//! Readers and writers of vector files, seen from outside: real files, hostile files, round trips.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "formats/cases.rs"]
mod cases;
#[path = "formats/corpus.rs"]
mod corpus;
#[path = "formats/hostile.rs"]
mod hostile;
#[path = "formats/made.rs"]
mod made;
#[path = "formats/round_trip.rs"]
mod round_trip;
