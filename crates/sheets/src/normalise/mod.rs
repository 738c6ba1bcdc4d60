//! 规范化 — values as people write them, turned into values of ours; what was not plain leaves a finding.
//!
//! A normaliser allocates nothing for a plain value; findings become diagnostics only when somebody asks.

pub mod area;
pub mod coordinate;
pub mod date;
pub mod number;
pub mod text;
pub mod truth;

use std::fmt::Display;

use spatial::diagnostic::{Diagnostic, Place, Severity};

pub use area::{Area, AreaUnit, area};
pub use coordinate::{Axis, Coordinate, Notation, Position, coordinate, position, position_text};
pub use date::{Date, Precision, date};
pub use number::{code, decimal, integer};
pub use text::{compact, fold_width, is_blank_char, text};
pub use truth::{Truth, truth};

/// 所见 — one thing noticed about a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    pub code: &'static str,
    pub severity: Severity,
}

/// Everything noticed about one value, without allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Findings([Option<Finding>; 4]);

impl Findings {
    pub(crate) fn add(&mut self, severity: Severity, code: &'static str) {
        if let Some(free) = self.0.iter_mut().find(|slot| slot.is_none()) {
            *free = Some(Finding { code, severity });
        }
    }

    /// The findings, in the order they were made.
    pub fn iter(&self) -> impl Iterator<Item = Finding> {
        self.0.into_iter().flatten()
    }

    /// Whether a finding with this code was made.
    pub fn contains(&self, code: &str) -> bool {
        self.iter().any(|finding| finding.code == code)
    }
}

/// 读数 — a value as it was understood, and what was noticed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading<T> {
    /// None for an empty cell and for a value that could not be understood.
    pub value: Option<T>,
    pub findings: Findings,
}

impl<T> Reading<T> {
    pub(crate) fn plain(value: T) -> Self {
        Self { value: Some(value), findings: Findings::default() }
    }

    pub(crate) fn absent() -> Self {
        Self { value: None, findings: Findings::default() }
    }

    pub(crate) fn fault(code: &'static str) -> Self {
        let mut reading = Self::absent();
        reading.findings.add(Severity::Error, code);
        reading
    }

    pub(crate) fn note(mut self, code: &'static str) -> Self {
        self.findings.add(Severity::Note, code);
        self
    }

    pub(crate) fn warn(mut self, code: &'static str) -> Self {
        self.findings.add(Severity::Warning, code);
        self
    }

    pub(crate) fn note_if(self, is: bool, code: &'static str) -> Self {
        if is { self.note(code) } else { self }
    }

    pub(crate) fn warn_if(self, is: bool, code: &'static str) -> Self {
        if is { self.warn(code) } else { self }
    }

    /// Whether the value could not be taken.
    pub fn is_fault(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }
}

impl<T: Display> Reading<T> {
    /// The findings as diagnostics about `original` at `place`, with the understood value as repair.
    pub fn diagnostics(&self, original: &str, place: &Place) -> Vec<Diagnostic> {
        self.findings.iter().map(|finding| self.diagnostic(finding, original, place)).collect()
    }

    fn diagnostic(&self, finding: Finding, original: &str, place: &Place) -> Diagnostic {
        let diagnostic = match finding.severity {
            Severity::Note => Diagnostic::note(finding.code),
            Severity::Warning => Diagnostic::warning(finding.code),
            Severity::Error => Diagnostic::error(finding.code),
        };
        let diagnostic = diagnostic.at(place.clone()).arg("text", original);
        match &self.value {
            Some(value) => diagnostic.repair(value),
            None => diagnostic,
        }
    }

    /// The value and the diagnostics, as the rooms above take them.
    pub fn split(self, original: &str, place: &Place) -> (Option<T>, Vec<Diagnostic>) {
        let diagnostics = self.diagnostics(original, place);
        (self.value, diagnostics)
    }
}
