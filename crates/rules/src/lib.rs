//! Judging a site: decision tables over three-valued facts, with the clause library that they cite.
//!
//! Pure: files come in as text, the day of judgement comes in as a fact. The tables are data that a lawyer can edit;
//! this room reads, checks and applies them.

mod cases;
mod cell;
mod check;
mod day;
mod diff;
mod error;
mod expr;
mod facts;
mod field;
mod fine;
mod jdm;
mod judge;
mod law;
mod load;
mod printed;
mod questions;
mod raw;
mod region;
mod ruleset;
mod show;
mod speech;
mod trace;
mod tri;

pub use cases::{CaseFailure, CaseReport, Coverage, case_sheets, run_cases};
pub use check::TableReport;
pub use diff::{Basis, Change, NotJudged, Reason, changes};
pub use error::{JudgeError, RuleFault, RuleFaults};
pub use facts::FactSheet;
pub use field::{Field, Word, Words};
pub use fine::{Fine, FineRange};
pub use judge::{Explain, Judged, Judgement, judge};
pub use law::Clause;
pub use printed::{ROW_HEADS, RowShown, TableShown};
pub use questions::{Answer, AnswerValue, Question, questions};
pub use ruleset::Ruleset;
pub use speech::Speech;
pub use trace::TraceRow;
pub use tri::Tri;
