//! 限度 — what no phone may say, whoever holds it: the same bounds as at the desk.

use domain::entries::{
    Basis, EvidenceRecorded, PatrolRecorded, SiteFacts, TrackRecorded, VerificationRecorded,
};
use domain::entry::{Entry, EntryBody};
use geo::CoordsIter;

use crate::amendments::SETTABLE;
use crate::import::is_fit;

/// What a verification finds out on the spot, besides what anybody may set.
const FOUND_ON_SITE: [&str; 4] = ["shape", "lon", "lat", "precision_m"];
/// Results of a review.
const REVIEWED: [&str; 2] = ["accepted", "returned"];
/// Characters of one text, of a name, of a review's reason; items of one list: nobody who works says more.
const LONGEST_TEXT: usize = 20_000;
const LONGEST_NAME: usize = 255;
const LONGEST_REASON: usize = 500;
const MOST_LISTED: usize = 1_000;
/// Corners of a track's lines, which are simplified; metres that nobody walks or drives on one patrol.
const MOST_CORNERS: usize = 200_000;
const LONGEST_WAY_M: f64 = 5_000_000.0;

/// Whether a phone may say this at all.
pub(super) fn may_say(entry: &Entry) -> bool {
    match &entry.body {
        EntryBody::ClueReceived(b) => is_fit(entry, b),
        EntryBody::SiteAmended(b) => {
            matches!(b.basis, Basis::Person { .. }) && states_only(&b.facts, &[])
        }
        EntryBody::VerificationRecorded(b) => is_verification(b),
        EntryBody::VerificationReviewed(b) => is_review(&b.result, b.reason.as_deref()),
        EntryBody::PatrolReviewed(b) => is_review(&b.result, b.reason.as_deref()),
        EntryBody::EvidenceRecorded(b) => is_evidence(b),
        EntryBody::PatrolRecorded(b) => is_patrol(b),
        EntryBody::TrackRecorded(b) => is_track(b),
        _ => true,
    }
}

fn is_short(text: Option<&str>, most: usize) -> bool {
    text.is_none_or(|text| text.chars().count() <= most)
}

fn is_verification(body: &VerificationRecorded) -> bool {
    let known = crate::judged_facts::stated().unwrap_or_default();
    let mut judged = body.judged_facts.keys();
    let files = body.files().len();
    judged.all(|name| known.iter().any(|f| f.name == *name))
        && body.photo_count.is_none_or(|count| count as usize <= files)
        && files <= MOST_LISTED
        && body.team.len() <= MOST_LISTED
        && is_short(body.condition_text.as_deref(), LONGEST_TEXT)
        && is_short(body.suggestion_text.as_deref(), LONGEST_TEXT)
        && states_only(&body.facts, &FOUND_ON_SITE)
}

/// A result that there is, with the reason that a return asks for.
fn is_review(result: &str, reason: Option<&str>) -> bool {
    let says_why = result != "returned" || reason.is_some_and(|r| !r.trim().is_empty());
    REVIEWED.contains(&result) && says_why && is_short(reason, LONGEST_REASON)
}

fn is_evidence(body: &EvidenceRecorded) -> bool {
    is_short(Some(&body.file_name), LONGEST_NAME) && is_short(body.note.as_deref(), LONGEST_TEXT)
}

fn is_patrol(body: &PatrolRecorded) -> bool {
    let lists = [
        body.members.len(),
        body.findings.len(),
        body.content_items.len(),
    ];
    is_short(Some(&body.summary), LONGEST_TEXT)
        && is_short(Some(&body.leader), LONGEST_NAME)
        && lists.iter().all(|n| *n <= MOST_LISTED)
}

/// Whether a track says what a way on earth may: all figures of patrols go by it.
fn is_track(track: &TrackRecorded) -> bool {
    let is_length = |metres: f64| (0.0..=LONGEST_WAY_M).contains(&metres);
    let corners = track.segments.iter().map(|s| s.shape.0.coords_count());
    let mut places = track.segments.iter().flat_map(|s| s.shape.0.coords_iter());
    corners.sum::<usize>() <= MOST_CORNERS
        && is_length(track.length_m)
        && track.segments.iter().all(|s| is_length(s.length_m))
        && places.all(|at| at.x.abs() <= 180.0 && at.y.abs() <= 90.0)
}

/// Whether facts are stated that anybody may set, or that are found in this way.
fn states_only(facts: &SiteFacts, found: &[&str]) -> bool {
    let stated = serde_json::to_value(facts).unwrap_or_default();
    let stated = stated
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, value)| !value.is_null());
    let mut names = stated.map(|(name, _)| name.as_str());
    names.all(|name| SETTABLE.contains(&name) || found.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The track of a patrol, changed.
    fn track(change: impl FnOnce(&mut TrackRecorded)) -> Entry {
        let mut entry = testkit::a_track(1);
        if let EntryBody::TrackRecorded(body) = &mut entry.body {
            change(body);
        }
        entry
    }

    /// The review of a patrol, with another result and reason.
    fn review(result: &str, reason: Option<&str>) -> Entry {
        let mut entry = testkit::a_patrol_review(1);
        if let EntryBody::PatrolReviewed(body) = &mut entry.body {
            body.result = result.to_owned();
            body.reason = reason.map(str::to_owned);
        }
        entry
    }

    #[test]
    fn a_track_says_no_more_than_a_way_on_earth_may() {
        assert!(may_say(&track(|_| {})));
        assert!(!may_say(&track(|t| t.length_m = -1.0)));
        assert!(!may_say(&track(|t| t.length_m = 1e300)));
        let beyond = geo_types::LineString::from(vec![(106.5, 35.5), (1e9, 35.5)]);
        let beyond = domain::shape::Shape(beyond.into());
        assert!(!may_say(&track(|t| t.segments[0].shape = beyond)));
    }

    #[test]
    fn a_review_has_a_result_and_where_it_returns_a_reason_that_is_no_essay() {
        assert!(may_say(&review("accepted", None)));
        assert!(may_say(&review("returned", Some("轨迹不全"))));
        assert!(!may_say(&review("returned", Some(" "))));
        assert!(!may_say(&review("perhaps", None)));
        assert!(!may_say(&review("accepted", Some(&"很".repeat(501)))));
    }
}
