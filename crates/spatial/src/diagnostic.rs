//! 诊断 — what is imperfect in an input, where, and how to mend it.
//!
//! Diagnostics never stop an operation; errors do. A diagnostic carries a stable code and arguments;
//! the sentence people read is looked up by code in `messages/<language>/`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// 轻重 — how much a diagnostic weighs, from a remark to a fault that keeps the row or feature out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Something was understood or mended without doubt (a full-width digit, a unit).
    Note,
    /// Taken, but a person should look (an approximate datum, a rounded position).
    Warning,
    /// Not taken: the row or feature stays out until it is mended.
    Error,
}

/// 位置 — where in an input a diagnostic points. Rows count from 1 as a person sees them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<String>,
    /// Row of the sheet, or line of the text file, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// Column letter as the office program shows it (`A`, `AB`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Field of ours the value was meant for (`lon`, `area_m2`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Feature of the layer, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feature: Option<u64>,
    /// Ring of the feature, from 1; 1 is the exterior of the first polygon.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ring: Option<u32>,
    /// Vertex of the ring or line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vertex: Option<u32>,
}

/// 诊断 — one imperfection of an input: code, weight, place, arguments for the sentence, proposed repair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Stable, dotted: `coordinate.swapped`, `sheet.heading_not_found`.
    pub code: Cow<'static, str>,
    pub severity: Severity,
    pub place: Place,
    /// Values for the `{name}` holes of the sentence.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<Cow<'static, str>, String>,
    /// What was done or could be done instead, as a value a person can accept (`106.5123`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repair: Option<String>,
}

impl Diagnostic {
    /// A fault that keeps the row or feature out.
    pub fn error(code: &'static str) -> Self {
        Self::new(code, Severity::Error)
    }

    /// A doubt a person should look at.
    pub fn warning(code: &'static str) -> Self {
        Self::new(code, Severity::Warning)
    }

    /// A remark: understood or mended without doubt.
    pub fn note(code: &'static str) -> Self {
        Self::new(code, Severity::Note)
    }

    fn new(code: &'static str, severity: Severity) -> Self {
        Self {
            code: Cow::Borrowed(code),
            severity,
            place: Place::default(),
            args: BTreeMap::new(),
            repair: None,
        }
    }

    /// The same diagnostic at `place`.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    /// The same diagnostic with a value for the hole `{name}`.
    #[must_use]
    pub fn arg(mut self, name: &'static str, value: impl ToString) -> Self {
        self.args.insert(Cow::Borrowed(name), value.to_string());
        self
    }

    /// The same diagnostic with a proposed or performed repair.
    #[must_use]
    pub fn repair(mut self, value: impl ToString) -> Self {
        self.repair = Some(value.to_string());
        self
    }
}

impl Place {
    /// The same place with the outer parts (file, sheet, layer, row) of `outer` filled in where absent here.
    #[must_use]
    pub fn within(self, outer: &Place) -> Place {
        Place {
            file: self.file.or_else(|| outer.file.clone()),
            sheet: self.sheet.or_else(|| outer.sheet.clone()),
            layer: self.layer.or_else(|| outer.layer.clone()),
            row: self.row.or(outer.row),
            column: self.column.or_else(|| outer.column.clone()),
            field: self.field.or_else(|| outer.field.clone()),
            feature: self.feature.or(outer.feature),
            ring: self.ring.or(outer.ring),
            vertex: self.vertex.or(outer.vertex),
        }
    }
}
