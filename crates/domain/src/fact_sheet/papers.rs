//! 手续清点 — the checklist of papers against what is on file (rules 4.1).

use serde::Serialize;

use super::filling::Document;
use super::{FactSource, Site, source_of};
use crate::dossier::Kept;
use crate::entries::PermitRecorded;
use crate::partial_date::PartialDate;

/// 手续状况 — what is known of one paper of the checklist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PaperState {
    /// 有效: on file, covers the footprint, issued before building
    Good,
    /// 建成后取得
    AfterBuilding,
    /// 面积不足
    DoesNotCover,
    /// 没有: looked for and not found
    Absent,
    /// 未查找
    NotLookedFor,
    /// 时间不明
    DateUnknown,
    /// 面积不明
    AreaUnknown,
}

impl PaperState {
    /// The word looked up as `paper.<code>`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::AfterBuilding => "after_building",
            Self::DoesNotCover => "does_not_cover",
            Self::Absent => "absent",
            Self::NotLookedFor => "not_looked_for",
            Self::DateUnknown => "date_unknown",
            Self::AreaUnknown => "area_unknown",
        }
    }

    fn is_open(self) -> bool {
        matches!(
            self,
            Self::NotLookedFor | Self::DateUnknown | Self::AreaUnknown
        )
    }

    /// Better papers first, where several of a kind are on file.
    fn rank(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::AreaUnknown | Self::DateUnknown => 1,
            Self::DoesNotCover => 2,
            Self::AfterBuilding => 3,
            Self::Absent => 4,
            Self::NotLookedFor => 5,
        }
    }
}

/// 手续一件 — a paper of the checklist, what is known of it, and by which entry.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Paper {
    /// Code of CL-PERMITKIND.
    pub kind: String,
    pub state: PaperState,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<FactSource>,
}

/// Every paper the checklist asks for, in its order.
pub(super) fn count(site: &Site<'_>, documents: &[Document]) -> Vec<Paper> {
    documents.iter().filter_map(|d| paper(site, d)).collect()
}

fn paper(site: &Site<'_>, document: &Document) -> Option<Paper> {
    let subtype = site.dossier.facts.activity_subtype.as_deref();
    let is_of_subtype = document.subtypes.is_empty()
        || subtype.is_some_and(|s| document.subtypes.iter().any(|o| o == s));
    let built = site.dossier.facts.built_on;
    let is_due = document
        .from
        .map_or(Some(true), |from| Some(!built?.is_before(from)?));
    let found = best(site, document);
    match (&found, is_of_subtype, is_due) {
        (_, false, _) | (_, _, Some(false)) => None,
        (None, ..) if document.if_recorded => None,
        // Whether it was needed is not known: a good paper settles it, anything else does not.
        (Some(p), _, None) if p.state != PaperState::Good => Some(Paper {
            state: PaperState::DateUnknown,
            ..found?
        }),
        _ => Some(found.unwrap_or_else(|| looked_for_nowhere(site, document))),
    }
}

fn best(site: &Site<'_>, document: &Document) -> Option<Paper> {
    let is_kind = |p: &&Kept<PermitRecorded>| {
        p.body.permit_kind == document.kind || document.or.contains(&p.body.permit_kind)
    };
    let read = |p: &Kept<PermitRecorded>| Paper {
        kind: p.body.permit_kind.clone(),
        state: state(site, document, &p.body),
        document_number: p.body.document_number.clone(),
        source: Some(source_of(p)),
    };
    let papers = site.dossier.permits.iter().filter(is_kind).map(read);
    papers.min_by_key(|p| p.state.rank())
}

/// No paper of the kind: an explicit 无 for all papers is none, silence is not looked for.
fn looked_for_nowhere(site: &Site<'_>, document: &Document) -> Paper {
    let explicit = site.explicit_none();
    Paper {
        kind: document.kind.clone(),
        state: match explicit.is_some() {
            true => PaperState::Absent,
            false => PaperState::NotLookedFor,
        },
        document_number: None,
        source: explicit,
    }
}

fn state(site: &Site<'_>, document: &Document, permit: &PermitRecorded) -> PaperState {
    if permit.is_absent {
        return PaperState::Absent;
    }
    let facts = &site.dossier.facts;
    let in_time = match (document.may_follow, permit.issued_on, facts.built_on) {
        (true, ..) => Some(true),
        (false, Some(issued), Some(built)) => not_after(issued, built),
        _ => None,
    };
    let footprint = facts.area_m2.or(facts.stated_area_m2);
    let covers = match (document.area, permit.area_m2, footprint) {
        (false, ..) => Some(true),
        (true, Some(granted), Some(used)) => Some(granted >= used * (1.0 - site.area_tolerance)),
        _ => None,
    };
    match (in_time, covers) {
        (Some(false), _) => PaperState::AfterBuilding,
        (_, Some(false)) => PaperState::DoesNotCover,
        (None, _) => PaperState::DateUnknown,
        (_, None) => PaperState::AreaUnknown,
        _ => PaperState::Good,
    }
}

/// Whether something was issued on or before the building; unknown where the spans overlap.
fn not_after(issued: PartialDate, built: PartialDate) -> Option<bool> {
    if issued.last() <= built.first {
        return Some(true);
    }
    (issued.first > built.last()).then_some(false)
}

/// `all`, `partial`, `none`, or nothing where a paper that nobody looked for could change it.
pub(super) fn approvals(papers: &[Paper]) -> Option<&'static str> {
    let count = |is: &dyn Fn(PaperState) -> bool| papers.iter().filter(|p| is(p.state)).count();
    let good = count(&|s| s == PaperState::Good);
    let open = count(&PaperState::is_open);
    let absent = count(&|s| s == PaperState::Absent);
    let defective = papers.len() - good - open - absent;
    // A paper that is there but came late or covers too little is not nothing.
    let has_some = good + defective > 0;
    let lacks_some = absent + defective > 0;
    match (has_some, lacks_some, open) {
        _ if papers.is_empty() => None,
        (true, true, _) => Some("partial"),
        (true, false, 0) => Some("all"),
        (false, true, 0) => Some("none"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn papers(states: &[PaperState]) -> Vec<Paper> {
        let paper = |state: &PaperState| Paper {
            kind: "eia".into(),
            state: *state,
            document_number: None,
            source: None,
        };
        states.iter().map(paper).collect()
    }

    #[test]
    fn papers_nobody_looked_for_leave_it_open_unless_it_is_settled() {
        use PaperState::*;
        let cases: [(&[PaperState], Option<&str>); 9] = [
            (&[Good, Good], Some("all")),
            (&[Good, NotLookedFor], None),
            (&[Good, Absent, NotLookedFor], Some("partial")),
            (&[Absent, Absent], Some("none")),
            (&[Absent, NotLookedFor], None),
            (&[Absent, AfterBuilding], Some("partial")),
            (&[DoesNotCover, NotLookedFor], Some("partial")),
            (&[NotLookedFor, DateUnknown], None),
            (&[], None),
        ];
        for (states, expected) in cases {
            assert_eq!(approvals(&papers(states)), expected, "{states:?}");
        }
    }
}
