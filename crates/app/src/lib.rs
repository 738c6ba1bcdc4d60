//! One function per use case: authorise → decide → append; for command line, jobs and (later) the web alike.

pub mod assets;
mod checks;
mod clues;
pub mod convert;
mod desk;
pub mod error;
pub mod geography;
pub mod import;
pub mod landing;
mod ledgers;
pub mod messages;
mod render;
pub mod session;
mod statistics;

pub use error::Error;
pub use ledgers::{LedgerDrawn, LedgerScope, Site};
pub use session::{Post, Session};

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
