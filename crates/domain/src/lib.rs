//! What the work is: vocabulary, entries, the dossier fold, transitions, policy, calendar, campaign configuration.
//!
//! Pure: no IO, no clock, no random numbers. What is needed from outside is handed in.

pub mod as_of;
pub mod checks;
pub mod concurrency;
pub mod dossier;
pub mod entries;
pub mod entry;
pub mod ids;
pub mod ledger;
pub mod partial_date;
pub mod shape;
pub mod statistics;

