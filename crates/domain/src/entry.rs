//! 登记条目 — the envelope of every fact, and the closed list of what facts there are.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::entries::{
    BackgroundAdopted, BackgroundWithdrawn, BoundaryAdopted, CampaignOpened,
    CharacterizationConfirmed, CharacterizationRecorded, CharacterizationRejected,
    CharacterizationWithdrawn, ClueBatchImported, ClueLinked, ClueReceived, ClueScreened,
    ClueUnlinked, DeterminationRecorded, EvidenceRecorded, FocalOverridden, IssueCarriedOver,
    LedgerExported, PermitRecorded, RegisterOpened, RemarkRecorded, ReserveRegistered,
    RoutesAdopted, SiteAmended, SiteMerged, SiteRegistered, SiteRestored, SiteWithdrawn,
    StationsAdopted, VerificationRecorded,
};
use crate::ids::{EntryId, StreamId};

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
    /// Milliseconds since the last synchronization, by a clock nobody can set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monotonic_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gnss: Option<Timestamp>,
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
