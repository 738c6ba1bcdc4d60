//! 外来野外资料 — what peers' field programs write, read into records of our own, and the form that ODK Collect is given.
//!
//! Pure: bytes come in, records and diagnostics go out; no files, no clock, no sites. A file that cannot be trusted to be
//! whole gives an [`Error`] and nothing else; everything that is only imperfect is a
//! [`Diagnostic`](spatial::diagnostic::Diagnostic) with its place, and the rest is taken.
//!
//! Times are kept as they were written: an instant where a zone was named, else the wall clock, and nobody guesses here.
//! Names of persons are read, because the file says them; whoever writes into the register leaves them out.

pub mod central;
pub mod comapeo;
pub mod cybertracker;
pub mod earthranger;
mod error;
mod ewkb;
mod geometry;
pub mod inaturalist;
mod json;
mod recognize;
mod record;
pub mod smart;
pub mod submission;
pub mod xform;
mod xml;

pub use error::Error;
pub use recognize::{Source, recognize};
pub use record::{Found, Position, Record, Value, When};
