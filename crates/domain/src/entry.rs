//! 登记条目 — the envelope of every fact, and the closed list of what facts there are.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::entries::{
    AcceptanceRecorded, AccountabilityRecorded, BackgroundAdopted, BackgroundWithdrawn,
    BoundaryAdopted, CampaignOpened, CharacterizationConfirmed, CharacterizationRecorded,
    CharacterizationRejected, CharacterizationWithdrawn, CloseOutRecorded, ClueBatchImported,
    ClueLinked, ClueReceived, ClueScreened, ClueUnlinked, CompletionEvidenced,
    DeterminationRecorded, DeviceEnrolled, DeviceLocked, EvidenceRecorded, ExtensionDecided,
    ExtensionRequested, FocalOverridden, IssueAmended, IssueCarriedOver, IssueOpened,
    LedgerExported, LessonRecorded, LookBackPlanned, LookBackRecorded, NoticePublished,
    ObjectionAnswered, ObjectionReceived, PatrolPlanAdopted, PatrolRecorded, PatrolReviewed,
    PenaltyRecorded, PermitRecorded, PlanDrafted, PlanReviewed, ProgressReported,
    PublicityRecorded, RectificationReported, RectificationStarted, ReferralReceived,
    ReferralRecorded, RegisterOpened, RelapseJudged, RelapseSuspected, RemarkRecorded,
    RescueFileImported, ReserveRegistered, RoutesAdopted, SiteAmended, SiteMerged, SiteRegistered,
    SiteRestored, SiteWithdrawn, StationsAdopted, SuspicionFound, SuspicionJudged, TrackRecorded,
    UrgingAnswered, UrgingIssued, VerificationRecorded, VerificationReviewed,
};
use crate::ids::{DeviceId, EntryId, StreamId};

macro_rules! bodies {
    ($($kind:literal => $name:ident : $chinese:literal),+ $(,)?) => {
        /// 条目正文 — what happened. The list is closed; a kind that a newer program wrote is read as `Unknown` and kept.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind", content = "body")]
        pub enum EntryBody {
            $(
                #[doc = $chinese]
                #[serde(rename = $kind)]
                $name(Box<$name>),
            )+
        }

        impl EntryBody {
            /// Every kind this program knows, with its Chinese name, in the order they are printed.
            pub const KINDS: &'static [(&'static str, &'static str)] = &[$(($kind, $chinese)),+];

            /// Its Chinese name.
            pub fn title(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => $chinese,)+
                }
            }

            /// The kind as stored: `site.registered`.
            pub fn kind(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => $kind,)+
                }
            }
        }

        $(
            impl From<$name> for EntryBody {
                fn from(body: $name) -> Self {
                    Self::$name(Box::new(body))
                }
            }
        )+
    };
}

bodies! {
    "register.opened" => RegisterOpened: "登记簿启用",
    "reserve.registered" => ReserveRegistered: "保护地登记",
    "boundary.adopted" => BoundaryAdopted: "边界与功能区启用",
    "stations.adopted" => StationsAdopted: "保护站责任区启用",
    "routes.adopted" => RoutesAdopted: "巡护路线启用",
    "background.adopted" => BackgroundAdopted: "底图图层启用",
    "background.withdrawn" => BackgroundWithdrawn: "底图图层撤下",
    "campaign.opened" => CampaignOpened: "专项行动启用",
    "clue_batch.imported" => ClueBatchImported: "批次导入",
    "clue.received" => ClueReceived: "线索接收",
    "clue.screened" => ClueScreened: "线索预筛",
    "clue.linked" => ClueLinked: "线索归并",
    "clue.unlinked" => ClueUnlinked: "撤销归并",
    "site.registered" => SiteRegistered: "点位登记",
    "site.amended" => SiteAmended: "点位补充",
    "site.merged" => SiteMerged: "点位合并",
    "site.withdrawn" => SiteWithdrawn: "点位撤销",
    "site.restored" => SiteRestored: "点位恢复",
    "permit.recorded" => PermitRecorded: "手续登记",
    "verification.recorded" => VerificationRecorded: "核查登记",
    "evidence.recorded" => EvidenceRecorded: "证据登记",
    "characterization.recorded" => CharacterizationRecorded: "性质判别",
    "characterization.confirmed" => CharacterizationConfirmed: "改判复核通过",
    "characterization.rejected" => CharacterizationRejected: "改判复核不通过",
    "characterization.withdrawn" => CharacterizationWithdrawn: "性质判别撤销",
    "issue.carried_over" => IssueCarriedOver: "历史问题结转",
    "determination.recorded" => DeterminationRecorded: "认定登记",
    "focal.overridden" => FocalOverridden: "焦点改定",
    "remark.recorded" => RemarkRecorded: "批示与批注",
    "ledger.exported" => LedgerExported: "台账导出",
    "issue.opened" => IssueOpened: "问题立账",
    "issue.amended" => IssueAmended: "问题更正",
    "plan.drafted" => PlanDrafted: "整改方案编制",
    "plan.reviewed" => PlanReviewed: "整改方案审核",
    "rectification.started" => RectificationStarted: "开工整改",
    "progress.reported" => ProgressReported: "进展填报",
    "extension.requested" => ExtensionRequested: "延期申请",
    "extension.decided" => ExtensionDecided: "延期审批",
    "rectification.reported" => RectificationReported: "整改完成报告",
    "completion.evidenced" => CompletionEvidenced: "销号条件举证",
    "acceptance.recorded" => AcceptanceRecorded: "验收登记",
    "notice.published" => NoticePublished: "公示发布",
    "objection.received" => ObjectionReceived: "异议接收",
    "objection.answered" => ObjectionAnswered: "异议答复",
    "close_out.recorded" => CloseOutRecorded: "销号登记",
    "look_back.planned" => LookBackPlanned: "回头看安排",
    "look_back.recorded" => LookBackRecorded: "回头看登记",
    "relapse.suspected" => RelapseSuspected: "复发疑似",
    "relapse.judged" => RelapseJudged: "复发判定",
    "urging.issued" => UrgingIssued: "督促登记",
    "urging.answered" => UrgingAnswered: "督促答复",
    "penalty.recorded" => PenaltyRecorded: "行政处罚登记",
    "accountability.recorded" => AccountabilityRecorded: "问责登记",
    "referral.recorded" => ReferralRecorded: "移交登记",
    "referral.received" => ReferralReceived: "移交回执",
    "suspicion.found" => SuspicionFound: "疑点登记",
    "suspicion.judged" => SuspicionJudged: "疑点判定",
    "lesson.recorded" => LessonRecorded: "漏洞与制度登记",
    "publicity.recorded" => PublicityRecorded: "宣传曝光登记",
    "verification.reviewed" => VerificationReviewed: "核查审核",
    "device.enrolled" => DeviceEnrolled: "手机登记",
    "device.locked" => DeviceLocked: "手机锁定",
    "rescue_file.imported" => RescueFileImported: "救援文件导入",
    "patrol_plan.adopted" => PatrolPlanAdopted: "巡护计划启用",
    "patrol.recorded" => PatrolRecorded: "巡护登记",
    "track.recorded" => TrackRecorded: "轨迹登记",
    "patrol.reviewed" => PatrolReviewed: "巡护审核",
}

impl EntryBody {
    /// SHA-256 of every file it names; what was taken apart from it or drawn on it is named by its own entry.
    pub fn named_files(&self) -> Vec<&str> {
        fn all(hashes: &[String]) -> Vec<&str> {
            hashes.iter().map(String::as_str).collect()
        }
        match self {
            Self::ClueBatchImported(body) => vec![&body.sha256],
            Self::BoundaryAdopted(body) => vec![&body.source_sha256],
            Self::StationsAdopted(body) => vec![&body.source_sha256],
            Self::RoutesAdopted(body) => vec![&body.source_sha256],
            Self::BackgroundAdopted(body) => vec![&body.source_sha256, &body.drawn_sha256],
            Self::EvidenceRecorded(body) => vec![&body.sha256],
            Self::VerificationRecorded(body) => body.files(),
            Self::TrackRecorded(body) => vec![&body.sha256],
            Self::PatrolRecorded(body) => {
                let findings = body.findings.iter();
                findings.flat_map(|f| all(&f.evidence)).collect()
            }
            Self::RescueFileImported(_) => Vec::new(),
            body => crate::issue::named_blobs(body),
        }
    }
}

/// 登记人 — who entered it, as what, for which unit. People are named by post; a person's name is in the account, not here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    pub actor: String,
    pub role: String,
    pub unit: String,
}

/// 设备时钟 — clocks of the device that made the entry, where it was not the register's own machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clocks {
    pub device: Timestamp,
    /// Milliseconds since the last contact, by a clock nobody can set; absent where the page did not run all the while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monotonic_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gnss: Option<Timestamp>,
    /// 8 hexadecimal digits, new at each start of the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Milliseconds since the page started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_ms: Option<u64>,
    /// The register's time at this device's last contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utc_offset_min: Option<i32>,
}

/// 设备签章 — which device made the entry, and its signature over the canonical bytes (`docs/adr/0018-stamps-and-receipts.md`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    pub device_id: DeviceId,
    /// Counts the entries of this device, from 1, without holes as long as the phone's store lives.
    pub number: u64,
    /// `ES256`; another suite takes the same place.
    pub alg: String,
    /// base64url without padding, 64 bytes r‖s.
    pub signature: String,
}

/// 登记条目 — one fact, before the register has taken it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub id: EntryId,
    pub stream: StreamId,
    /// Version of the stream this entry was made upon; `None` means whatever is current.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub based_on: Option<u64>,
    #[serde(flatten)]
    pub body: EntryBody,
    #[serde(flatten)]
    pub author: Author,
    /// Claimed time of the fact.
    pub occurred_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clocks: Option<Clocks>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stamp: Option<Stamp>,
}

/// 已登记条目 — an entry with its place in this node's log. The canonical JSON of this is what the log covers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordedEntry {
    /// Position in the log, from 0.
    pub seq: u64,
    /// Position in the stream, from 1.
    pub version: u64,
    /// When this node's log took it.
    pub recorded_at: Timestamp,
    /// Node that first took it.
    pub origin: String,
    #[serde(flatten)]
    pub entry: Entry,
}

impl RecordedEntry {
    /// The time the fact counts from. The clock of a phone may stand in the future; nothing it says happened after the
    /// register took it.
    pub fn claimed_at(&self) -> Timestamp {
        match self.entry.stamp {
            Some(_) => self.entry.occurred_at.min(self.recorded_at),
            None => self.entry.occurred_at,
        }
    }
}
