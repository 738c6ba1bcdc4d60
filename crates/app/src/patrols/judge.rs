//! 可信度判定 — a patrol's tracks by themselves, and held against those of others.

use std::sync::Arc;

use domain::dossier::Kept;
use domain::entries::TrackRecorded;
use domain::patrol::plausible::{Doubt, Outing, Plausibility, Walked, at_once, judge};
use domain::patrol::{Patrol, PatrolRules};
use geo::BoundingRect;
use geo_types::{Coord, Geometry, LineString, MultiLineString, Rect};
use spatial::track::{Tidied, likeness};

use super::book::{PatrolBook, PatrolShelf, rules};
use super::tracks::line_of;
use crate::error::Error;
use crate::geography::Geography;
use crate::session::Session;

/// What judging looks at besides the patrol.
pub(super) struct Bench<'s> {
    pub(super) session: &'s Session,
    pub(super) shelf: &'s PatrolShelf,
    pub(super) book: &'s PatrolBook,
    pub(super) rules: &'s PatrolRules,
    geography: Option<Geography>,
}

impl<'s> Bench<'s> {
    pub(super) fn new(
        session: &'s Session,
        shelf: &'s PatrolShelf,
        book: &'s PatrolBook,
    ) -> Result<Self, Error> {
        Ok(Self {
            rules: rules(session)?,
            geography: session.geography_if_laid(domain::as_of::AsOf::Now)?,
            session,
            shelf,
            book,
        })
    }

    /// Where things lie; nothing before a boundary was adopted.
    pub(super) fn geography(&self) -> Option<&Geography> {
        self.geography.as_ref()
    }

    /// What speaks against a patrol's tracks; without a track there is nothing to judge.
    pub(super) fn judge(&self, patrol: &Patrol) -> Result<Arc<Plausibility>, Error> {
        // What is known of now is kept; an earlier day is judged by what was known then, and by nothing else.
        if self.book.is_past {
            return self.judge_anew(patrol).map(Arc::new);
        }
        let (sheet, size) = (patrol.sheet.entry_id, self.book.log_size);
        self.shelf.judged(sheet, size, || self.judge_anew(patrol))
    }

    fn judge_anew(&self, patrol: &Patrol) -> Result<Plausibility, Error> {
        let mut whole = Plausibility {
            is_unjudged: true,
            doubts: Vec::new(),
        };
        for track in &patrol.tracks {
            let judged = self.judge_track(patrol, track)?;
            whole.is_unjudged &= judged.is_unjudged;
            whole.add(judged.doubts);
        }
        let own = outing(patrol);
        let others = self.book.patrols.values().filter(|p| is_at_once(p, patrol));
        for other in others {
            whole.add(at_once(&own, &outing(other), &self.rules.plausible));
        }
        Ok(whole)
    }

    pub(super) fn judge_track(
        &self,
        patrol: &Patrol,
        track: &Kept<TrackRecorded>,
    ) -> Result<Plausibility, Error> {
        let Some(tidied) = self.tidied(track)? else {
            return Ok(Plausibility {
                is_unjudged: true,
                doubts: vec![Doubt::new("file_missing", domain::suspicion::Grade::Medium)],
            });
        };
        let walked = Walked {
            modes: &patrol.sheet.body.modes,
            is_phone: track.body.format == "fixes",
        };
        let rules = &self.rules.plausible;
        let mut judged = judge(&tidied, &walked, rules);
        if !judged.is_unjudged {
            judged.add(self.same_tracks(patrol, track, &tidied)?);
            judged.add(self.outside(patrol, track));
        }
        Ok(judged)
    }

    pub(super) fn tidied(&self, track: &Kept<TrackRecorded>) -> Result<Option<Arc<Tidied>>, Error> {
        let rules = self.rules.tidy();
        self.shelf.tidied(
            &self.session.register,
            track.entry_id,
            &track.body.sha256,
            &rules,
        )
    }

    /// The same way under another name: fix for fix, or near enough that nobody walked it twice.
    fn same_tracks(
        &self,
        patrol: &Patrol,
        track: &Kept<TrackRecorded>,
        tidied: &Tidied,
    ) -> Result<Vec<Doubt>, Error> {
        let rules = &self.rules.plausible;
        let own = |id: &domain::ids::PatrolId| *id == patrol.patrol_id;
        let same = self.book.by_fingerprint.get(&track.body.fingerprint);
        let mut doubts: Vec<Doubt> = same
            .into_iter()
            .flatten()
            .filter(|id| !own(id))
            .map(|id| Doubt::new("same_track", rules.same_grade).arg("patrol", id))
            .collect();
        if !doubts.is_empty() {
            return Ok(doubts);
        }
        for other in self.book.patrols.values().filter(|p| !own(&p.patrol_id)) {
            for theirs in other
                .tracks
                .iter()
                .filter(|t| may_be_alike(&t.body, &track.body))
            {
                let Some(their_fixes) = self.tidied(theirs)? else {
                    continue;
                };
                let like = likeness(tidied, &their_fixes, rules.like_m, rules.like_s);
                if like.fixes >= rules.fewest_fixes && like.share >= rules.like_share {
                    let doubt = Doubt::new("like_track", rules.like_grade);
                    let doubt = doubt.arg("patrol", other.patrol_id);
                    doubts.push(doubt.arg("percent", format!("{:.0}", like.share * 100.0)));
                }
            }
        }
        Ok(doubts)
    }

    fn outside(&self, patrol: &Patrol, track: &Kept<TrackRecorded>) -> Option<Doubt> {
        let geography = self.geography.as_ref()?;
        let lines = MultiLineString(track.body.segments.iter().map(line_of).collect());
        let share = geography.share_in_station(&patrol.sheet.body.station_id, &lines.into())?;
        let rules = &self.rules.plausible;
        (share < rules.inside_least_share).then(|| {
            let doubt = Doubt::new("outside", rules.outside_grade);
            doubt.arg("percent", format!("{:.0}", share * 100.0))
        })
    }
}

fn is_at_once(one: &Patrol, other: &Patrol) -> bool {
    let (a, b) = (&one.sheet.body, &other.sheet.body);
    a.started_at < b.ended_at && b.started_at < a.ended_at && one.patrol_id != other.patrol_id
}

fn outing(patrol: &Patrol) -> Outing {
    let body = &patrol.sheet.body;
    let first = patrol.tracks.first().and_then(|t| t.body.segments.first());
    let first = first.and_then(|s| line_of(s).0.first().copied());
    Outing {
        patrol: patrol.patrol_id.to_string(),
        leader: body.leader.clone(),
        actor: patrol.sheet.actor.clone(),
        // What is imported is entered by one account for many who walked.
        device: patrol.device.clone(),
        from_ms: body.started_at.as_millisecond(),
        to_ms: body.ended_at.as_millisecond(),
        at: first.filter(|_| patrol.device.is_some()),
    }
}

/// Tracks worth comparing fix by fix: they overlap in place and, where both have times, in time.
fn may_be_alike(a: &TrackRecorded, b: &TrackRecorded) -> bool {
    let overlap = |a: &TrackRecorded, b: &TrackRecorded| {
        let (a0, a1, b0, b1) = (a.started_at?, a.ended_at?, b.started_at?, b.ended_at?);
        Some(a0 <= b1 && b0 <= a1)
    };
    if overlap(a, b) == Some(false) {
        return false;
    }
    let (Some(a), Some(b)) = (bounds(a), bounds(b)) else {
        return false;
    };
    let near = |x: f64, y: f64| (x - y).abs() < ALIKE_DEGREES;
    near(a.min().x, b.min().x)
        && near(a.min().y, b.min().y)
        && near(a.max().x, b.max().x)
        && near(a.max().y, b.max().y)
}

/// A copy reaches as far as its original, to a hundred metres: a piece may have been cut off.
const ALIKE_DEGREES: f64 = 0.001;

fn bounds(track: &TrackRecorded) -> Option<Rect<f64>> {
    let lines: Vec<LineString<f64>> = track.segments.iter().map(line_of).collect();
    Geometry::MultiLineString(MultiLineString(lines)).bounding_rect()
}

/// Somewhere on a patrol, for lists drawn on a map.
pub(super) fn place_of(patrol: &Patrol) -> Option<Coord<f64>> {
    let segments = patrol.tracks.iter().flat_map(|t| &t.body.segments);
    let longest = segments.max_by(|a, b| a.length_m.total_cmp(&b.length_m))?;
    let line = line_of(longest);
    line.0.get(line.0.len() / 2).copied()
}
