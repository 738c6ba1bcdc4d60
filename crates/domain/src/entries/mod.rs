//! Bodies of entries, one file a noun. Bodies change only by adding optional fields.

mod background;
mod campaign;
mod characterization;
mod closing;
mod clue;
mod device;
mod evidence;
mod export;
mod issue;
mod patrol;
mod permit;
mod rectification;
mod register;
mod remark;
mod reserve;
mod site;
mod suspicion;
mod urging;
mod verification;

pub use background::{BackgroundAdopted, BackgroundWithdrawn};
pub use campaign::CampaignOpened;
pub use characterization::{
    CharacterizationConfirmed, CharacterizationInputs, CharacterizationRecorded,
    CharacterizationRejected, CharacterizationWithdrawn, Override,
};
pub use closing::{
    AcceptanceRecorded, CloseOutRecorded, LineCheck, LookBackPlanned, LookBackRecorded,
    NoticePublished, ObjectionAnswered, ObjectionReceived, RelapseJudged, RelapseSuspected,
    Sampling,
};
pub use clue::{
    ClueBatchImported, ClueFacts, ClueLinked, ClueReceived, ClueScreened, ClueUnlinked, SourcePlace,
};
pub use device::{DeviceEnrolled, DeviceLocked, RescueFileImported};
pub use evidence::EvidenceRecorded;
pub use export::LedgerExported;
pub use issue::{DeterminationRecorded, FocalOverridden, IssueCarriedOver};
pub use patrol::{
    ContentItem, KeyPoint, PatrolFinding, PatrolPlanAdopted, PatrolRecorded, PatrolReviewed,
    PlannedRound, Segment, TrackRecorded,
};
pub use permit::PermitRecorded;
pub use rectification::{
    ChainLink, ClosingRequirements, CompletionEvidenced, ExtensionDecided, ExtensionRequested,
    IssueAmended, IssueOpened, MeasureDone, PhotoPair, PlanDrafted, PlanReviewed, ProgressReported,
    Quantity, RectificationMeasure, RectificationReported, RectificationStarted, Signature,
};
pub use register::RegisterOpened;
pub use remark::{RemarkKind, RemarkRecorded};
pub use reserve::{
    BoundaryAdopted, ReserveRegistered, Route, RoutesAdopted, Station, StationsAdopted, Zone,
};
pub use site::{
    Basis, SiteAmended, SiteFacts, SiteMerged, SiteRegistered, SiteRestored, SiteWithdrawn,
    ZoneShareFact,
};
pub use suspicion::{LessonRecorded, LikePair, PublicityRecorded, SuspicionFound, SuspicionJudged};
pub use urging::{
    AccountabilityRecorded, PenaltyRecorded, ReferralReceived, ReferralRecorded, UrgingAnswered,
    UrgingIssued,
};
pub use verification::{
    FieldWork, Hint, ODK, PartyPresent, Shot, TeamMember, VerificationRecorded,
    VerificationReviewed,
};
