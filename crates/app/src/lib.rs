//! One function per use case: authorise → decide → append; for command line, jobs and (later) the web alike.

mod amendments;
pub mod assets;
pub mod atlas;
mod backgrounds;
mod basemaps;
pub mod bench;
mod characterizing;
mod checks;
mod clue_page;
mod clues;
mod config_page;
pub mod convert;
mod dashboard;
mod desk;
mod dossier_page;
pub mod error;
mod evidence;
pub mod features;
mod feed;
pub mod field;
mod figure_pages;
mod flow;
pub mod geography;
pub mod import;
mod issues;
mod joining;
mod judged_facts;
mod judgement_page;
mod judgement_sheets;
mod judgement_view;
pub mod judging;
mod judging_book;
mod keeping;
pub mod landing;
mod later_tables;
mod law_pages;
mod layers;
mod ledger_page;
mod ledgers;
mod lists;
pub mod map;
pub mod messages;
pub mod notices;
pub mod openrosa;
mod patrols;
pub mod people;
pub mod proof;
mod proposals;
mod questions;
mod relapses;
mod related;
mod remarks;
mod render;
pub mod rule_book;
pub mod rule_diff;
pub mod rule_tables;
pub mod session;
mod statistics;
mod summaries;
pub mod suspecting;
mod suspicion_desk;
mod suspicion_files;
mod unpacked;
mod verification_page;
mod view_files;
mod viewer;
mod what_if;
mod what_if_files;
mod what_if_page;

pub use amendments::*;
pub use backgrounds::*;
pub use basemaps::*;
pub use characterizing::{CharacterizeRequest, Characterized, SecondReading};
pub use clue_page::*;
pub use clues::Waiting;
pub use config_page::*;
pub use convert::{PositionView, SaidView};
pub use dashboard::*;
pub use desk::{InitOutcome, InitRequest, VerifyRequest, init};
pub use domain::as_of::AsOf;
pub use domain::campaign::LedgerView;
pub use domain::checks::Finding;
pub use domain::dossier::{Claim, Weight, civil_day};
pub use domain::entries::{ClueReceived, SourcePlace};
pub use domain::ids::EntryId;
pub use domain::ledger::{Cell, Labels, LedgerRow};
pub use domain::statistics::StatTable;
pub use domain::statistics::forecast::Forecast;
pub use dossier_page::*;
pub use error::Error;
pub use evidence::*;
pub use feed::{DeadlineItem, FeedItem};
pub use figure_pages::*;
pub use issues::*;
pub use joining::{MergeRequest, StandingRequest};
pub use judgement_sheets::count_verdicts;
pub use judgement_view::*;
pub use keeping::{BackupOutcome, LogItem, LogPage, LogReport, verify_log};
pub use law_pages::*;
pub use ledger_page::*;
pub use ledgers::{LedgerDrawn, LedgerScope, Site};
pub use lists::*;
pub use patrols::*;
pub use proposals::{Difference, Proposal, SiteJudgement, TraceLine};
pub use questions::Asked;
pub use register::{Address, Clue, ClueState, DatabaseAddress, Register};
pub use remarks::{RemarkRequest, RemarkView};
pub use session::{Post, Session, Setting, local_time, reserve_box};
pub use spatial::diagnostic;
pub use spatial::diagnostic::Severity;
pub use suspicion_desk::*;
pub use verification_page::*;
pub use viewer::Viewer;
pub use what_if::{BoundaryChange, Changed, Side, WhatIf, WhatIfRequest};
pub use what_if_page::{WhatIfLine, WhatIfView};

use diagnostic::Diagnostic;

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| DIGITS[usize::from(digit)]).collect()
}

/// The bytes that hexadecimal stands for; nothing where it is none.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, odd) = text.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| Some(((digit(pair[0])? << 4) | digit(pair[1])?) as u8);
    odd.is_empty().then(|| pairs.iter().map(byte).collect())?
}

/// SHA-256 in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    use sha2::Digest;
    hex(&sha2::Sha256::digest(bytes))
}

/// A day, a log size `@N`, or `now`.
pub fn parse_as_of(text: &str) -> Result<AsOf, Error> {
    text.parse()
        .ok()
        .ok_or_else(|| Error::rejected(Diagnostic::error("session.not_an_as_of").arg("text", text)))
}

/// A day `YYYY-MM-DD`.
pub fn parse_day(text: &str) -> Result<jiff::civil::Date, Error> {
    text.parse()
        .ok()
        .ok_or_else(|| Error::rejected(Diagnostic::error("session.not_an_as_of").arg("text", text)))
}

/// `LON,LAT` in any notation the register reads.
pub fn parse_position(text: &str) -> Result<(f64, f64), Error> {
    let (position, found) =
        spatial::notation::parse_pair(text, &spatial::notation::Expectation::default());
    let fault = || {
        found
            .into_iter()
            .next()
            .unwrap_or_else(|| Diagnostic::error("session.not_a_position").arg("text", text))
    };
    position
        .map(|p| (p.lon, p.lat))
        .ok_or_else(|| Error::rejected(fault()))
}
