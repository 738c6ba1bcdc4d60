//! Judging a site: decision tables over three-valued facts, with the clause library that they cite.
//!
//! Pure: files come in as text, the day of judgement comes in as a fact. The tables are data that a lawyer can edit;
//! this room reads, checks and applies them.

mod cell;
mod day;
mod error;
mod expr;
mod facts;
mod field;
#[allow(
    dead_code,
    reason = "every member of a data file is read, so that unknown ones are refused; printing them comes next"
)]
mod fine;
mod judge;
#[allow(
    dead_code,
    reason = "every member of a data file is read, so that unknown ones are refused; printing them comes next"
)]
mod law;
mod load;
#[allow(
    dead_code,
    reason = "every member of a data file is read, so that unknown ones are refused; printing them comes next"
)]
mod raw;
#[allow(
    dead_code,
    reason = "every member of a data file is read, so that unknown ones are refused; printing them comes next"
)]
mod ruleset;
mod show;
mod trace;
mod tri;

pub use error::{JudgeError, RuleFault, RuleFaults};
pub use facts::FactSheet;
pub use field::{Field, Word, Words};
pub use fine::{Fine, FineRange};
pub use judge::{Explain, Judged, Judgement, judge};
pub use law::Clause;
pub use ruleset::Ruleset;
pub use trace::TraceRow;
pub use tri::Tri;
