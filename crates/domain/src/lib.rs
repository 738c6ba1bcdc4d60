//! What the work is: vocabulary, entries, the dossier fold, transitions, policy, calendar, campaign configuration.
//!
//! Pure: no IO, no clock, no random numbers. What is needed from outside is handed in.

pub mod as_of;
pub mod calendar;
pub mod campaign;
pub mod capture;
pub mod checks;
pub mod closing;
pub mod codes;
pub mod concurrency;
pub mod deadlines;
pub mod dossier;
pub mod entries;
pub mod entry;
pub mod fact_sheet;
pub mod flow;
pub mod ids;
pub mod issue;
pub mod ledger;
pub mod look_back;
pub mod numbering;
pub mod partial_date;
pub mod patrol;
pub mod policy;
pub mod printed;
pub mod privacy;
mod reading;
pub mod relapse;
pub mod shape;
#[cfg(test)]
mod shipped;
pub mod stamp;
pub mod statistics;
pub mod stored;
pub mod suspicion;
pub mod urging;
pub mod worklist;
