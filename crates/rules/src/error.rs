//! Why a sheet was not judged, and what is wrong with a table.

/// 判定错误 — a fact sheet that cannot be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JudgeError {
    #[error("not JSON: {0}")]
    NotJson(String),
    #[error("a fact sheet is a JSON object, not {0}")]
    NotAnObject(&'static str),
    #[error("the line is longer than {limit} bytes")]
    LineTooLong { limit: usize },
    #[error("no such table: {table} ({known})")]
    UnknownTable { table: String, known: String },
    #[error("{field} = {value} is none of: {allowed}")]
    ValueNotAllowed {
        field: String,
        value: String,
        allowed: String,
    },
    #[error("no day of judgement: give as_of in the sheet or --as-of")]
    NoDay,
}

impl JudgeError {
    /// The code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotJson(_) => "judge.not_json",
            Self::NotAnObject(_) => "judge.not_an_object",
            Self::LineTooLong { .. } => "judge.line_too_long",
            Self::UnknownTable { .. } => "judge.unknown_table",
            Self::ValueNotAllowed { .. } => "judge.value_not_allowed",
            Self::NoDay => "judge.no_day",
        }
    }

    /// What the sentence of the code is filled with.
    pub fn args(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::NotJson(text) => vec![("text", text.clone())],
            Self::NotAnObject(kind) => vec![("text", (*kind).to_owned())],
            Self::LineTooLong { limit } => vec![("limit", limit.to_string())],
            Self::UnknownTable { table, known } => {
                vec![("table", table.clone()), ("known", known.clone())]
            }
            Self::ValueNotAllowed {
                field,
                value,
                allowed,
            } => {
                vec![
                    ("field", field.clone()),
                    ("value", value.clone()),
                    ("allowed", allowed.clone()),
                ]
            }
            Self::NoDay => Vec::new(),
        }
    }
}

/// 规则表差错 — what is wrong with a table, with its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFault {
    pub code: &'static str,
    pub file: String,
    pub row: String,
    pub cell: String,
    pub text: String,
}

impl std::fmt::Display for RuleFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let address = [&self.file, &self.row, &self.cell];
        let address: Vec<&str> = address
            .into_iter()
            .map(String::as_str)
            .filter(|p| !p.is_empty())
            .collect();
        write!(f, "{}: {} ({})", address.join(" / "), self.text, self.code)
    }
}

/// 规则集拒收 — a rule set with faults is not used; the one in force stays in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFaults(pub Vec<RuleFault>);

impl std::fmt::Display for RuleFaults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}",
            self.0
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n")
        )
    }
}

impl std::error::Error for RuleFaults {}
