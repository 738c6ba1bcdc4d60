//! Bodies of entries, one file a noun. Bodies change only by adding optional fields.

mod background;
mod campaign;
mod characterization;
mod clue;
mod evidence;
mod export;
mod issue;
mod permit;
mod register;
mod remark;
mod reserve;
mod site;
mod verification;

pub use background::{BackgroundAdopted, BackgroundWithdrawn};
pub use campaign::CampaignOpened;
pub use characterization::{
    CharacterizationConfirmed, CharacterizationInputs, CharacterizationRecorded,
    CharacterizationRejected, CharacterizationWithdrawn, Override,
};
pub use clue::{
    ClueBatchImported, ClueFacts, ClueLinked, ClueReceived, ClueScreened, ClueUnlinked, SourcePlace,
};
pub use evidence::EvidenceRecorded;
pub use export::LedgerExported;
pub use issue::{DeterminationRecorded, FocalOverridden, IssueCarriedOver};
pub use permit::PermitRecorded;
pub use register::RegisterOpened;
pub use remark::{RemarkKind, RemarkRecorded};
pub use reserve::{
    BoundaryAdopted, ReserveRegistered, Route, RoutesAdopted, Station, StationsAdopted, Zone,
};
pub use site::{
    Basis, SiteAmended, SiteFacts, SiteMerged, SiteRegistered, SiteRestored, SiteWithdrawn,
    ZoneShareFact,
};
pub use verification::{TeamMember, VerificationRecorded};
