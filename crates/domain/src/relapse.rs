//! 复发 — a clue that lies on a site whose issue was closed out as put right, and that is newer than the close-out.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::closing::Closing;
use crate::entries::{ClueReceived, RelapseSuspected};
use crate::issue::Issue;

/// 位置关系 — how a clue lies on a site.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Lying {
    /// Area in common; 0 unless both are areas.
    pub overlap_m2: f64,
    /// Part of the clue inside the site.
    pub share_of_clue: f64,
    /// Part of the site inside the clue.
    pub share_of_site: f64,
    /// Whether a rule or a person said that the clue belongs to the site.
    pub is_linked: bool,
}

/// 疑似复发 — the entry but for its words, and the words by code.
#[derive(Debug, Clone, PartialEq)]
pub struct Suspected {
    pub body: RelapseSuspected,
    /// Code of the sentence that says why.
    pub code: &'static str,
    pub args: BTreeMap<String, String>,
}

/// Whether an issue was closed out as put right and stands so.
pub fn is_watched(issue: &Issue) -> bool {
    issue.is_rectified() && issue.reopened_by.is_none()
}

/// The relapse that a clue makes suspect; `None` where it is older than the close-out, lies beside, or was noted before.
pub fn of_clue(
    closing: &Closing,
    issue: &Issue,
    clue: &ClueReceived,
    lying: Lying,
) -> Option<Suspected> {
    let closed_on = issue.closed_on().filter(|_| is_watched(issue))?;
    let is_noted = issue
        .relapses
        .iter()
        .any(|r| r.recorded.body.clue_id == Some(clue.clue_id));
    let seen_on = seen_on(clue);
    if is_noted || seen_on <= closed_on || tells_recovery(clue) {
        return None;
    }
    let share = lying.share_of_clue.max(lying.share_of_site);
    let code = match () {
        () if share > 0.0 && share >= closing.relapse_overlap_share && lying.overlap_m2 > 0.0 => {
            "suspicion.relapse_overlap"
        }
        () if share > 0.0 && share >= closing.relapse_overlap_share => "suspicion.relapse_inside",
        () if lying.is_linked => "suspicion.relapse_linked",
        () => return None,
    };
    let is_area = code == "suspicion.relapse_overlap";
    let number = clue.facts.external_code.clone();
    let args = [
        ("clue", number.unwrap_or_else(|| clue.clue_id.to_string())),
        ("seen", seen_on.to_string()),
        ("closed", closed_on.to_string()),
        ("overlap", format!("{:.0}", lying.overlap_m2)),
        ("percent", format!("{:.0}", share * 100.0)),
    ];
    Some(Suspected {
        body: RelapseSuspected {
            issue: issue.id,
            clue_id: Some(clue.clue_id),
            batch_id: Some(clue.batch_id),
            overlap_area_m2: is_area.then_some((lying.overlap_m2 * 100.0).round() / 100.0),
            overlap_share: is_area.then_some((share * 1e4).round() / 1e4),
            acquired_on: clue.facts.acquired_on_after.map(|d| d.first),
            reason: String::new(),
        },
        code,
        args: args.into_iter().map(|(n, v)| (n.to_owned(), v)).collect(),
    })
}

/// Whether the clue itself says that the activity went away.
fn tells_recovery(clue: &ClueReceived) -> bool {
    let change = clue.facts.change_kind.as_deref();
    change.is_some_and(|c| matches!(c, "gone" | "reduced"))
}

/// Day on which what the clue tells was seen: that of the image, else the day it came in.
fn seen_on(clue: &ClueReceived) -> Date {
    let acquired = clue.facts.acquired_on_after.map(|d| d.first);
    acquired.unwrap_or(clue.received_on)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::entries::{ClueFacts, SourcePlace};
    use crate::ids::{BatchId, ClueId};
    use crate::issue::tests::Story;
    use crate::shipped;

    fn clue(acquired: Option<&str>, received: &str, change: &str) -> ClueReceived {
        ClueReceived {
            clue_id: ClueId::default(),
            batch_id: BatchId::default(),
            source_kind: "satellite".into(),
            received_on: received.parse().unwrap(),
            place: SourcePlace::default(),
            is_confidential: false,
            facts: ClueFacts {
                acquired_on_after: acquired.map(|d| d.parse().unwrap()),
                change_kind: Some(change.into()),
                ..ClueFacts::default()
            },
            carried_over: None,
            determination: None,
        }
    }

    fn over(share: f64) -> Lying {
        Lying {
            overlap_m2: 100.0,
            share_of_clue: share,
            ..Lying::default()
        }
    }

    /// The story closes on 15 October 2019; a tenth of the smaller outline is enough.
    #[rstest]
    #[case::newer_image(
        clue(Some("2020-03-02"), "2020-04-01", "added"),
        over(0.4),
        Some("suspicion.relapse_overlap")
    )]
    #[case::older_image(clue(Some("2019-10-15"), "2020-04-01", "added"), over(0.4), None)]
    #[case::month_of_the_close_out(clue(Some("2019-10"), "2020-04-01", "added"), over(0.4), None)]
    #[case::touches_only(clue(Some("2020-03-02"), "2020-04-01", "added"), over(0.05), None)]
    #[case::gone(clue(Some("2020-03-02"), "2020-04-01", "gone"), over(0.4), None)]
    #[case::still_there(
        clue(Some("2020-03-02"), "2020-04-01", "unchanged"),
        over(0.4),
        Some("suspicion.relapse_overlap")
    )]
    #[case::point_within(clue(None, "2020-04-01", "added"), Lying { share_of_clue: 1.0, ..Lying::default() }, Some("suspicion.relapse_inside"))]
    #[case::beside(clue(None, "2020-04-01", "added"), Lying::default(), None)]
    #[case::told_of_the_site(clue(None, "2020-04-01", "added"), Lying { is_linked: true, ..Lying::default() }, Some("suspicion.relapse_linked"))]
    #[case::told_before(clue(None, "2019-10-01", "added"), Lying { is_linked: true, ..Lying::default() }, None)]
    fn a_newer_clue_on_a_closed_site_is_suspect(
        #[case] clue: ClueReceived,
        #[case] lying: Lying,
        #[case] expected: Option<&str>,
    ) {
        let closing = shipped::campaign("lvdun-2019").0.closing.unwrap();
        let closed = Story::site("S1").closed("A").folded();
        let found = of_clue(&closing, &closed, &clue, lying);
        assert_eq!(found.as_ref().map(|s| s.code), expected);
        let open = Story::site("S1").determined("A").folded();
        assert_eq!(of_clue(&closing, &open, &clue, lying), None);
        let Some(found) = found else { return };
        let mut again = Story::site("S1").closed("A");
        let body = RelapseSuspected {
            reason: "测试".into(),
            ..found.body
        };
        let body = RelapseSuspected {
            issue: again.issue,
            ..body
        };
        again.add("系统", "2020-04-01", body);
        assert_eq!(of_clue(&closing, &again.folded(), &clue, lying), None);
    }
}
