//! Why a question has no answer.

use std::collections::BTreeMap;

use rules::{JudgeError, RuleFaults};
use spatial::overlay::OutlinesTooLarge;

/// 未能回答 — by code, with what its sentence is filled with.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the question cannot be read")]
    Unreadable { source: serde_json::Error },
    #[error("the text is longer than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("no rules were loaded")]
    NoRules,
    #[error("the rule set has faults")]
    FaultyRules { source: RuleFaults },
    #[error("no ground was loaded")]
    NoGround,
    #[error("the zones have too many points")]
    TooManyPoints { source: OutlinesTooLarge },
    #[error("{0} is no position in degrees")]
    NoPosition(String),
    #[error("an outline is a polygon, not a {0}")]
    NotAnOutline(&'static str),
    #[error(transparent)]
    Judge(#[from] JudgeError),
}

impl Error {
    /// The code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "pocket.unreadable",
            Self::TooLarge { .. } => "pocket.too_large",
            Self::NoRules => "pocket.no_rules",
            Self::FaultyRules { .. } => "pocket.faulty_rules",
            Self::NoGround => "pocket.no_ground",
            Self::TooManyPoints { .. } => "pocket.too_many_points",
            Self::NoPosition(_) => "pocket.no_position",
            Self::NotAnOutline(_) => "pocket.not_an_outline",
            Self::Judge(error) => error.code(),
        }
    }

    /// What its sentence is filled with.
    pub fn args(&self) -> BTreeMap<&'static str, String> {
        match self {
            Self::Unreadable { source } => BTreeMap::from([("text", source.to_string())]),
            Self::TooLarge { limit } => BTreeMap::from([("limit", limit.to_string())]),
            Self::FaultyRules { source } => BTreeMap::from([("text", source.to_string())]),
            Self::NoPosition(text) => BTreeMap::from([("text", text.clone())]),
            Self::NotAnOutline(kind) => BTreeMap::from([("kind", (*kind).to_owned())]),
            Self::Judge(error) => error.args().into_iter().collect(),
            Self::NoRules | Self::NoGround | Self::TooManyPoints { .. } => BTreeMap::new(),
        }
    }
}
