//! Three-valued logic (Kleene): what is unknown stays unknown until it cannot matter.

/// 三值 — false, unknown, true; the order makes "and" the minimum and "or" the maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tri {
    False,
    Unknown,
    True,
}

impl Tri {
    /// The negation; of unknown it is unknown.
    pub(crate) fn negated(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }
}

impl From<bool> for Tri {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}
