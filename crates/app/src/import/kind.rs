//! 导入类别 — what a file is taken for, and what follows from that.

use std::str::FromStr;

use domain::policy::Action;
use spatial::diagnostic::Diagnostic;

use crate::error::Error;

/// 导入类别 — the kinds of `qingshan import`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImportKind {
    Boundary,
    Stations,
    Routes,
    Background,
    Patches,
    Inspection,
    Inquiry,
    Petition,
    Patrol,
    TipOff,
    Parcels,
    OldLedger,
    Permits,
    Verifications,
    FieldReports,
    Tracks,
    Photos,
}

impl ImportKind {
    /// All kinds, in the order of the help text.
    pub const ALL: [Self; 17] = [
        Self::Boundary,
        Self::Stations,
        Self::Routes,
        Self::Background,
        Self::Patches,
        Self::Inspection,
        Self::Inquiry,
        Self::Petition,
        Self::Patrol,
        Self::TipOff,
        Self::Parcels,
        Self::OldLedger,
        Self::Permits,
        Self::Verifications,
        Self::FieldReports,
        Self::Tracks,
        Self::Photos,
    ];

    /// The word of the command line and of batch entries.
    pub fn code(self) -> &'static str {
        match self {
            Self::Boundary => "boundary",
            Self::Stations => "stations",
            Self::Routes => "routes",
            Self::Background => "background",
            Self::Patches => "patches",
            Self::Inspection => "inspection",
            Self::Inquiry => "inquiry",
            Self::Petition => "petition",
            Self::Patrol => "patrol",
            Self::TipOff => "tip-off",
            Self::Parcels => "parcels",
            Self::OldLedger => "old-ledger",
            Self::Permits => "permits",
            Self::Verifications => "verifications",
            Self::FieldReports => "field-reports",
            Self::Tracks => "tracks",
            Self::Photos => "photos",
        }
    }

    /// Source of the clues in it, by code, where the file or the person does not say otherwise.
    pub fn default_source(self) -> Option<&'static str> {
        match self {
            Self::Patches => Some("remote_sensing"),
            Self::Inspection => Some("central_inspection"),
            Self::Inquiry => Some("inquiry"),
            Self::Petition => Some("petition"),
            Self::Patrol => Some("patrol"),
            Self::TipOff => Some("petition"),
            Self::Parcels => Some("transfer"),
            Self::Verifications | Self::FieldReports => Some("field_survey"),
            _ => None,
        }
    }

    /// Whether the kind stands for lists of several sources, so that the source must be said.
    pub fn needs_source(self) -> bool {
        matches!(self, Self::Inspection | Self::OldLedger)
    }

    /// Whether it is a layer of the reserve itself, adopted as a version.
    pub fn is_layer(self) -> bool {
        matches!(self, Self::Boundary | Self::Stations | Self::Routes)
    }

    /// Whether it speaks of sites, so that what is known of them must be at hand.
    pub fn speaks_of_sites(self) -> bool {
        !self.is_layer() && self != Self::Background
    }

    /// What the policy is asked.
    pub fn action(self) -> Action {
        match self {
            Self::Boundary | Self::Stations | Self::Routes | Self::Background => {
                Action::AdoptBoundary
            }
            Self::Patches => Action::ImportPatches,
            Self::Inspection => Action::ImportInspection,
            Self::Inquiry => Action::ImportInquiry,
            Self::Petition => Action::ImportPetition,
            Self::Patrol => Action::ImportPatrol,
            Self::TipOff => Action::ImportTipOff,
            Self::Parcels => Action::ImportParcels,
            Self::OldLedger => Action::ImportOldLedger,
            Self::Permits => Action::ImportPermits,
            Self::Verifications | Self::FieldReports => Action::ImportVerifications,
            Self::Tracks => Action::RecordPatrol,
            Self::Photos => Action::Verify,
        }
    }
}

impl FromStr for ImportKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let kinds: Vec<&str> = Self::ALL.iter().map(|k| k.code()).collect();
        Self::ALL
            .into_iter()
            .find(|k| k.code() == text)
            .ok_or_else(|| {
                let diagnostic = Diagnostic::error("import.unknown_kind")
                    .arg("kind", text)
                    .arg("kinds", kinds.join(", "));
                Error::rejected(diagnostic)
            })
    }
}
