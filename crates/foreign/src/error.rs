use spatial::diagnostic::{Diagnostic, Place};

/// Why a file gives nothing at all. What is wrong with single records is a [`Diagnostic`] instead.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is more in it than {limit} {what}")]
    TooLarge { what: &'static str, limit: u64 },
    #[error("it is not UTF-8 text after {valid} bytes")]
    NotUtf8 { valid: usize },
    #[error("broken XML at line {line}: {why}")]
    BrokenXml { line: u64, why: String },
    #[error("it brings its own document type definition, which is refused")]
    DtdRefused,
    #[error("it is nested too deeply")]
    TooDeep,
    #[error("broken JSON at line {line}, column {column}")]
    BrokenJson {
        line: usize,
        column: usize,
        source: serde_json::Error,
    },
    #[error("broken table at line {line}: {why}")]
    BrokenTable { line: u64, why: String },
    /// Whole, but not what it was taken for.
    #[error("no {expected}: {why}")]
    NotThis { expected: &'static str, why: String },
}

impl Error {
    /// Stable code; the sentence is looked up by it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "foreign.too_large",
            Self::NotUtf8 { .. } => "foreign.not_utf8",
            Self::BrokenXml { .. } => "foreign.broken_xml",
            Self::DtdRefused => "foreign.dtd_refused",
            Self::TooDeep => "foreign.too_deep",
            Self::BrokenJson { .. } => "foreign.broken_json",
            Self::BrokenTable { .. } => "foreign.broken_table",
            Self::NotThis { .. } => "foreign.not_this",
        }
    }

    /// The same for people: where, what, and, by its sentence, how to mend it.
    pub fn to_diagnostic(&self) -> Diagnostic {
        let diagnostic = Diagnostic::error(self.code());
        match self {
            Self::TooLarge { what, limit } => diagnostic.arg("what", what).arg("limit", limit),
            Self::NotUtf8 { valid } => diagnostic.arg("valid", valid),
            Self::BrokenXml { line, why } | Self::BrokenTable { line, why } => {
                diagnostic.arg("line", line).arg("why", why).at(row(*line))
            }
            Self::BrokenJson {
                line,
                column,
                source,
            } => diagnostic
                .arg("line", line)
                .arg("column", column)
                .arg("why", source)
                .at(row(*line as u64)),
            Self::NotThis { expected, why } => diagnostic.arg("expected", expected).arg("why", why),
            Self::DtdRefused | Self::TooDeep => diagnostic,
        }
    }

    pub(crate) fn not_this(expected: &'static str, why: impl Into<String>) -> Self {
        Self::NotThis {
            expected,
            why: why.into(),
        }
    }
}

fn row(line: u64) -> Place {
    Place {
        row: Some(line),
        ..Place::default()
    }
}
