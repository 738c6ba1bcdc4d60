use std::collections::BTreeMap;

use super::{Error, Excess};
use crate::bounds::Limits;
use crate::diagnostic::{Diagnostic, Place};

/// 读取过程 — what one reading may still cost and what it has found so far. Diagnostics get the file and layer they
/// belong to here.
#[derive(Debug)]
pub struct Reading<'l> {
    limits: &'l Limits,
    place: Place,
    diagnostics: Vec<Diagnostic>,
    unlisted: BTreeMap<String, u64>,
    features: u64,
    vertices: u64,
    pub(crate) archive_bytes: u64,
}

impl<'l> Reading<'l> {
    /// A reading of `file` that has cost nothing yet.
    pub fn new(file: &str, limits: &'l Limits) -> Self {
        Self {
            limits,
            place: Place {
                file: Some(file.to_owned()),
                ..Place::default()
            },
            diagnostics: Vec::new(),
            unlisted: BTreeMap::new(),
            features: 0,
            vertices: 0,
            archive_bytes: limits.archive_bytes,
        }
    }

    /// The bounds it keeps.
    pub fn limits(&self) -> &'l Limits {
        self.limits
    }

    /// The file now read.
    pub fn file(&self) -> &str {
        self.place.file.as_deref().unwrap_or_default()
    }

    /// Goes on with another file; returns the one before.
    pub fn enter_file(&mut self, file: impl Into<String>) -> String {
        self.place.layer = None;
        self.place.file.replace(file.into()).unwrap_or_default()
    }

    /// Goes on with another layer of the file.
    pub fn enter_layer(&mut self, layer: &str) {
        self.place.layer = Some(layer.to_owned());
    }

    /// Adds a diagnostic, within the file and layer now read.
    pub fn report(&mut self, mut diagnostic: Diagnostic) {
        if self.diagnostics.len() >= self.limits.diagnostics {
            *self
                .unlisted
                .entry(diagnostic.code.into_owned())
                .or_default() += 1;
            return;
        }
        diagnostic.place = diagnostic.place.within(&self.place);
        self.diagnostics.push(diagnostic);
    }

    /// Adds a diagnostic about a feature.
    pub fn report_feature(&mut self, feature: u64, diagnostic: Diagnostic) {
        let place = Place {
            feature: Some(feature),
            ..diagnostic.place.clone()
        };
        self.report(diagnostic.at(place));
    }

    /// Counts a feature before it is built.
    pub fn count_feature(&mut self) -> Result<(), Error> {
        self.features += 1;
        self.within(self.features, Excess::Features)
    }

    /// Counts vertices before they are allocated.
    pub fn count_vertices(&mut self, count: u64) -> Result<(), Error> {
        self.vertices = self.vertices.saturating_add(count);
        self.within(self.vertices, Excess::Vertices)
    }

    /// Refuses more than the bound of `what`.
    pub fn within(&self, count: u64, what: Excess) -> Result<(), Error> {
        match count <= what.limit(self.limits) {
            true => Ok(()),
            false => Err(self.too_large(what)),
        }
    }

    /// The refusal for too much of `what`.
    pub fn too_large(&self, what: Excess) -> Error {
        Error::TooLarge {
            file: self.file().to_owned(),
            what,
            limit: what.limit(self.limits),
        }
    }

    /// All diagnostics; those beyond the bound are summed up by code.
    pub fn into_diagnostics(mut self) -> Vec<Diagnostic> {
        for (code, count) in std::mem::take(&mut self.unlisted) {
            let more = Diagnostic::warning("layer.more_diagnostics")
                .arg("code", code)
                .arg("count", count);
            self.diagnostics.push(more.at(Place {
                file: self.place.file.clone(),
                ..Place::default()
            }));
        }
        self.diagnostics
    }
}
