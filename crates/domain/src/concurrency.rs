//! 并发规则 — what an append to a stream that has moved on does, per kind of entry.

use crate::entry::EntryBody;

/// 陈旧追加的处理 — commute (both kept), merge (field by field), or refuse (both sides shown).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StalePolicy {
    /// Both entries are kept; their order does not matter.
    Commute,
    /// Kept if no field that it states was stated meanwhile; else the clashing fields are shown.
    MergeByField,
    /// Not appended: the decision was made on something that no longer holds.
    Refuse,
}

impl StalePolicy {
    /// The rule for entries of this kind.
    pub fn of(kind: &str) -> Self {
        match kind {
            "site.amended" => Self::MergeByField,
            "clue.received"
            | "clue.screened"
            | "permit.recorded"
            | "verification.recorded"
            | "evidence.recorded"
            | "issue.carried_over"
            | "determination.recorded"
            | "remark.recorded"
            | "clue_batch.imported"
            | "ledger.exported"
            | "clue.linked"
            | "progress.reported"
            | "completion.evidenced"
            | "extension.requested"
            | "objection.received"
            | "relapse.suspected"
            | "urging.issued"
            | "urging.answered"
            | "penalty.recorded"
            | "accountability.recorded"
            | "referral.recorded"
            | "referral.received"
            | "suspicion.found"
            | "lesson.recorded"
            | "publicity.recorded"
            | "device.locked"
            | "rescue_file.imported"
            | "patrol.recorded"
            | "track.recorded" => Self::Commute,
            _ => Self::Refuse,
        }
    }

    /// 中文说明, for the printed table.
    pub fn label(self) -> &'static str {
        match self {
            Self::Commute => "可交换：两条都保留",
            Self::MergeByField => "逐字段合并：不同字段合并，同一字段两说并列待定",
            Self::Refuse => "拒绝：并列双方，由人决定",
        }
    }
}

/// Fields that both an entry and one appended meanwhile state, in alphabetical order.
pub fn clashing_fields(ours: &EntryBody, theirs: &EntryBody) -> Vec<String> {
    let stated = |body: &EntryBody| match body {
        EntryBody::SiteAmended(b) => crate::dossier::stated_fields(&b.facts),
        EntryBody::VerificationRecorded(b) => crate::dossier::stated_fields(&b.facts),
        _ => Vec::new(),
    };
    let theirs = stated(theirs);
    let mut both: Vec<String> = stated(ours)
        .into_iter()
        .filter(|f| theirs.contains(f))
        .collect();
    both.sort();
    both
}

/// The whole table, one row a kind: `(kind, Chinese name, rule)`.
pub fn table() -> Vec<(&'static str, &'static str, StalePolicy)> {
    EntryBody::KINDS
        .iter()
        .map(|(kind, name)| (*kind, *name, StalePolicy::of(kind)))
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;
    use crate::entries::{Basis, SiteAmended, SiteFacts};

    fn amended(facts: SiteFacts) -> EntryBody {
        SiteAmended {
            basis: Basis::Person {
                reason: "更正".into(),
            },
            facts,
        }
        .into()
    }

    #[test]
    fn only_fields_stated_by_both_clash() {
        let name = amended(SiteFacts {
            facility_name: Some("一号".into()),
            ..Default::default()
        });
        let both = amended(SiteFacts {
            facility_name: Some("二号".into()),
            township: Some("麻武乡".into()),
            ..Default::default()
        });
        assert_eq!(clashing_fields(&name, &both), ["facility_name"]);
        let place = amended(SiteFacts {
            village: Some("高岭村".into()),
            ..Default::default()
        });
        assert!(clashing_fields(&name, &place).is_empty());
    }
}
