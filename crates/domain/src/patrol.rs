//! 巡护 — what follows from patrols and their tracks: whether a track is plausible, what was covered, what a month came to.
//! No clock, no files; positions and fixes are handed in.

mod config;
pub mod coverage;
mod fold;
pub mod ledger;
pub mod plan;
pub mod plausible;

pub use config::{CoverageRules, PatrolRules, PlanRules, PlausibleRules};
pub use fold::{Patrol, PatrolFold};
