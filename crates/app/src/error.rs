//! Errors of all rooms gathered once, still free of any protocol.

use domain::policy::Denied;
use spatial::diagnostic::Diagnostic;

/// 错误 — why a use case did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{what} not found: {name}")]
    NotFound { what: &'static str, name: String },
    #[error("not allowed")]
    Forbidden(#[source] Denied),
    /// What was given cannot be used; the diagnostic says what, where and how to mend it.
    #[error("rejected: {}", .0.code)]
    Rejected(Box<Diagnostic>),
    /// Nobody known, or what they said to prove it is wrong.
    #[error("not logged in: {}", .0.code)]
    Unauthenticated(Box<Diagnostic>),
    #[error("too many failures, try again in {retry_after_s} s")]
    TooOften { retry_after_s: u64 },
    /// Everything is being read into memory; whoever asks again soon is answered.
    #[error("the register is being loaded")]
    Loading,
    /// What a change was based on has moved on; both sides are told.
    #[error("the site has moved on since version {}", .0.based_on)]
    Stale(Box<Stale>),
    /// A step of an issue cannot be taken; everything that is lacking is told.
    #[error("{}: {}", .0.code, .0.step)]
    Refused(Box<Refused>),
    #[error("register")]
    Register(#[source] register::Error),
    #[error("read {path}")]
    Read {
        path: String,
        #[source]
        source: std::io::Error,
    },
    #[error("internal error")]
    Internal(#[source] anyhow::Error),
}

/// 已有变动 — what was wanted, and what was entered meanwhile.
#[derive(Debug, Clone)]
pub struct Stale {
    pub based_on: u64,
    pub current: u64,
    /// Field, the value wanted, the value there now.
    pub clashes: Vec<(String, serde_json::Value, serde_json::Value)>,
}

/// 不能办理 — which step of an issue was refused, where the issue stands, and all that is lacking.
#[derive(Debug, Clone)]
pub struct Refused {
    /// `issue.step_not_allowed`, `issue.step_refused`.
    pub code: &'static str,
    pub issue_code: String,
    pub step: String,
    pub step_label: String,
    pub state: String,
    pub state_label: String,
    pub missing: Vec<crate::issues::Lack>,
    /// States in which the step may begin.
    pub allowed_from: Vec<String>,
}

impl Error {
    /// Our fault: something that cannot happen did.
    pub fn internal(error: impl Into<anyhow::Error>) -> Self {
        Self::Internal(error.into())
    }

    /// The input's fault, by code.
    pub fn rejected(diagnostic: Diagnostic) -> Self {
        Self::Rejected(Box::new(diagnostic))
    }

    /// Stable code: the key of the sentence people read.
    pub fn code(&self) -> String {
        match self {
            Self::Rejected(diagnostic) | Self::Unauthenticated(diagnostic) => {
                diagnostic.code.to_string()
            }
            Self::NotFound { .. } => "error.not_found".to_owned(),
            Self::Forbidden(denied) => denied.reason.code().to_owned(),
            Self::TooOften { .. } => "session.locked".to_owned(),
            Self::Loading => "atlas.loading".to_owned(),
            Self::Stale(_) => "site.moved_on".to_owned(),
            Self::Refused(refused) => refused.code.to_owned(),
            Self::Register(cause) => cause.code().to_owned(),
            Self::Read { .. } => "error.read".to_owned(),
            Self::Internal(_) => "error.internal".to_owned(),
        }
    }

    /// Whether the person who asked can mend it (exit code 1), or it is ours (2).
    pub fn is_input(&self) -> bool {
        match self {
            Self::NotFound { .. }
            | Self::Forbidden(_)
            | Self::Rejected(_)
            | Self::Unauthenticated(_)
            | Self::TooOften { .. }
            | Self::Stale(_)
            | Self::Refused(_)
            | Self::Read { .. } => true,
            Self::Register(error) => is_input_of_register(error),
            Self::Loading | Self::Internal(_) => false,
        }
    }
}

/// What of the register's errors a person can mend: a wrong folder, a stale basis, a thing that is not there.
fn is_input_of_register(error: &register::Error) -> bool {
    use register::Error as E;
    matches!(
        error,
        E::AlreadyOpened(_)
            | E::NotARegister(_)
            | E::Configuration { .. }
            | E::DatabaseAddress { .. }
            | E::UnfitDatabase { .. }
            | E::NewerSchema { .. }
            | E::NodeName(_)
            | E::ReadOnly
            | E::SiteCodeTaken(_)
            | E::Stale { .. }
            | E::AheadOfStream { .. }
            | E::NotFound { .. }
            | E::BeyondLog { .. }
            | E::BlobTooLarge { .. }
            | E::BlobMissing(_)
    )
}

impl From<register::Error> for Error {
    fn from(error: register::Error) -> Self {
        Self::Register(error)
    }
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        Self::Forbidden(denied)
    }
}
