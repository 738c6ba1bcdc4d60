//! 巡护页 — one patrol with its tracks, what speaks against them, its findings, evidence and reviews.

use std::collections::BTreeMap;

use domain::as_of::AsOf;
use domain::dossier::Kept;
use domain::entries::{ContentItem, PatrolFinding, TrackRecorded};
use domain::ids::{ClueId, EntryId, PatrolId, TrackId};
use domain::ledger::Labels;
use domain::patrol::Patrol;
use domain::patrol::plausible::{Doubt, Plausibility};
use domain::policy::Action;
use domain::shape::Shape;
use geo_types::LineString;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use spatial::diagnostic::Diagnostic;
use spatial::track::Gap;
use utoipa::ToSchema;

use super::judge::Bench;
use super::list::PatrolRow;
use crate::atlas::Atlases;
use crate::error::Error;
use crate::session::Session;

/// 疑由 — one thing that speaks against a track, in words.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DoubtView {
    pub code: String,
    /// `low`, `medium`, `high`.
    pub grade: String,
    pub grade_label: String,
    pub text: String,
    pub args: BTreeMap<String, String>,
}

/// 轨迹段 — a part without a gap.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SegmentView {
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub length_m: f64,
    /// GeoJSON; a single fix is a point.
    #[schema(value_type = Object)]
    pub shape: Shape,
}

/// 断开 — nothing is known between its ends.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct GapView {
    pub from_at: Option<Timestamp>,
    pub to_at: Option<Timestamp>,
    pub minutes: f64,
    pub distance_m: f64,
    /// `silence`, `hidden`, `killed`, `paused`, `no_fix`.
    pub why: String,
    pub why_label: String,
    /// Both ends, longitude first: to be drawn dotted.
    pub ends: [[f64; 2]; 2],
}

/// 轨迹 — one track with its figures.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TrackView {
    #[schema(value_type = String, format = Uuid)]
    pub track_id: TrackId,
    pub format: String,
    pub recorded_by: Option<String>,
    pub subject: Option<String>,
    /// SHA-256 of the file with its fixes.
    pub sha256: String,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub fixes_read: u64,
    pub fixes_distinct: u64,
    pub fixes_refused: u64,
    pub length_m: f64,
    pub moving_s: u64,
    pub gap_s: u64,
    pub segments: Vec<SegmentView>,
    pub gaps: Vec<GapView>,
    /// Single leaps of the receiver, left out of the length.
    pub drifts: Vec<[f64; 2]>,
    pub plausibility: Vec<DoubtView>,
}

/// 巡护审核 — who read it, and with which result.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PatrolReviewView {
    pub at: Timestamp,
    pub result: String,
    pub result_label: String,
    pub reason: Option<String>,
    /// Of the sheet that counts; one of an earlier sheet says nothing of it.
    pub is_of_current: bool,
}

/// 发现 — something seen on the way.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PatrolFindingView {
    #[schema(value_type = Object)]
    #[serde(flatten)]
    pub finding: PatrolFinding,
    pub kind_label: String,
    pub clue_code: Option<String>,
    pub site_code: Option<String>,
}

/// 巡护页 — everything of one patrol.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PatrolView {
    pub row: PatrolRow,
    /// The sheet that counts; a review names it.
    #[schema(value_type = String, format = Uuid)]
    pub sheet_entry: EntryId,
    pub sheets: usize,
    pub plan_month: Option<String>,
    pub members: Vec<String>,
    pub units: Vec<String>,
    pub weather: Option<String>,
    pub wind: Option<String>,
    pub temperature_c: Option<f64>,
    pub altitude_start_m: Option<f64>,
    pub altitude_max_m: Option<f64>,
    pub tools: Vec<String>,
    pub vehicles: Vec<String>,
    #[schema(value_type = Vec<Object>)]
    pub content_items: Vec<ContentItem>,
    pub findings: Vec<PatrolFindingView>,
    pub tracks: Vec<TrackView>,
    /// Of the patrol as a whole, the gravest first.
    pub plausibility: Vec<DoubtView>,
    pub is_unjudged: bool,
    pub reviews: Vec<PatrolReviewView>,
    /// SHA-256 and names of files.
    pub evidence: Vec<PatrolFile>,
    pub unreviewed: bool,
    /// Whether the actor may review it.
    pub may_review: bool,
    /// Whether the actor may correct it, and make clues of its findings.
    pub may_record: bool,
    /// The route it says it walked, GeoJSON.
    #[schema(value_type = Option<Object>)]
    pub route_shape: Option<Shape>,
}

/// 巡护文件 — a file that shows something of the patrol.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PatrolFile {
    pub sha256: String,
    pub file_name: String,
    pub media_type: String,
}

impl Session {
    /// One patrol; one of a station the actor may not read is not found.
    pub fn patrol_page(&self, atlases: &Atlases, patrol_id: &str) -> Result<PatrolView, Error> {
        self.may_read_lists(Action::ReadLedgers)?;
        let book = atlases.patrols().read(&self.register, AsOf::Now)?;
        let bench = Bench::new(self, atlases.patrols(), &book)?;
        let patrol = self.find_patrol(&bench, patrol_id)?;
        let judged = bench.judge(patrol)?;
        let body = &patrol.sheet.body;
        let routes = self
            .register
            .latest_routes(&self.reserve.reserve_code, AsOf::Now)?;
        let routes = routes.into_iter().flat_map(|r| r.body.routes);
        let route = routes
            .into_iter()
            .find(|r| Some(&r.route_id) == body.route_id.as_ref());
        let name = route.as_ref().map(|r| r.name.clone());
        let mut findings = Vec::new();
        for finding in &body.findings {
            findings.push(self.finding_view(&bench, finding)?);
        }
        let mut tracks = Vec::new();
        for track in &patrol.tracks {
            tracks.push(self.track_view(&bench, patrol, track)?);
        }
        Ok(PatrolView {
            row: self.patrol_row(patrol, judged.word(), name),
            sheet_entry: patrol.sheet.entry_id,
            sheets: patrol.sheets,
            plan_month: body.plan_month.clone(),
            members: body.members.iter().map(|m| m.post.clone()).collect(),
            units: body.units.clone(),
            weather: body.weather.clone(),
            wind: body.wind.clone(),
            temperature_c: body.temperature_c,
            altitude_start_m: body.altitude_start_m,
            altitude_max_m: body.altitude_max_m,
            tools: body.tools.clone(),
            vehicles: body.vehicles.clone(),
            content_items: body.content_items.clone(),
            findings,
            tracks,
            plausibility: self.doubts(&judged),
            is_unjudged: judged.is_unjudged,
            reviews: self.reviews(patrol),
            evidence: files_of(patrol),
            unreviewed: patrol.review().is_none(),
            may_review: self.may_review(patrol).is_ok(),
            may_record: self
                .may(Action::RecordPatrol, Some(&body.station_id))
                .is_ok(),
            route_shape: route.map(|r| r.shape),
        })
    }

    pub(super) fn find_patrol<'b>(
        &self,
        bench: &Bench<'b>,
        patrol_id: &str,
    ) -> Result<&'b Patrol, Error> {
        let id: PatrolId = patrol_id.parse().ok().ok_or_else(|| {
            Error::rejected(Diagnostic::error("patrol.not_an_id").arg("text", patrol_id))
        })?;
        let found = bench.book.patrols.get(&id);
        let seen = found.filter(|p| {
            let station = Some(p.sheet.body.station_id.as_str());
            self.sees(Action::ReadLedgers, station)
        });
        seen.map(|p| &**p).ok_or_else(|| Error::NotFound {
            what: "patrol",
            name: patrol_id.to_owned(),
        })
    }

    pub(super) fn doubts(&self, judged: &Plausibility) -> Vec<DoubtView> {
        judged.doubts.iter().map(|d| self.doubt(d)).collect()
    }

    fn doubt(&self, doubt: &Doubt) -> DoubtView {
        let args: Vec<(&str, &str)> = doubt.args.iter().map(|(n, v)| (&**n, &**v)).collect();
        let grade = doubt.grade.code();
        DoubtView {
            text: self
                .messages
                .text(&format!("patrol.doubt_{}", doubt.code), &args),
            grade_label: self
                .messages
                .text(&format!("patrol.plausibility_{grade}"), &[]),
            grade: grade.to_owned(),
            code: doubt.code.clone(),
            args: doubt.args.clone(),
        }
    }

    /// What became of a finding is told to whoever may read its clue, and the site it came to.
    fn finding_view(
        &self,
        bench: &Bench<'_>,
        finding: &PatrolFinding,
    ) -> Result<PatrolFindingView, Error> {
        let found = finding.clue_id.map(|id| self.register.find_clue(id));
        let clue = found.transpose()?.flatten();
        let clue = clue.filter(|c| self.sees_received(&c.received.body, bench.geography()));
        let site = clue.as_ref().and_then(|c| c.site_id);
        let site = site.map(|id| self.register.find_dossier(id, AsOf::Now));
        let site = site.transpose()?.flatten();
        let site = site.filter(|d| self.sees(Action::ReadLedgers, d.facts.station_id.as_deref()));
        Ok(PatrolFindingView {
            kind_label: self.label("finding", &finding.kind),
            clue_code: clue.map(|c| c.received.body.clue_id.to_string()),
            site_code: site.map(|d| d.site_code),
            finding: finding.clone(),
        })
    }

    fn track_view(
        &self,
        bench: &Bench<'_>,
        patrol: &Patrol,
        track: &Kept<TrackRecorded>,
    ) -> Result<TrackView, Error> {
        let tidied = bench.tidied(track)?;
        let judged = bench.judge_track(patrol, track)?;
        let body = &track.body;
        let (gaps, drifts) = match &tidied {
            Some(t) => (
                t.gaps.iter().map(|g| self.gap(g)).collect(),
                t.drifts.iter().map(|f| [f.at.x, f.at.y]).collect(),
            ),
            None => (Vec::new(), Vec::new()),
        };
        Ok(TrackView {
            track_id: body.track_id,
            format: body.format.clone(),
            recorded_by: body.recorded_by.clone(),
            subject: body.subject.clone(),
            sha256: body.sha256.clone(),
            started_at: body.started_at,
            ended_at: body.ended_at,
            fixes_read: body.fixes_read,
            fixes_distinct: body.fixes_distinct,
            fixes_refused: body.fixes_refused,
            length_m: body.length_m,
            moving_s: body.moving_s,
            gap_s: body.gap_s,
            segments: body
                .segments
                .iter()
                .map(|s| SegmentView {
                    started_at: s.started_at,
                    ended_at: s.ended_at,
                    length_m: s.length_m,
                    shape: s.shape.clone(),
                })
                .collect(),
            gaps,
            drifts,
            plausibility: self.doubts(&judged),
        })
    }

    fn gap(&self, gap: &Gap) -> GapView {
        let instant = |t: Option<i64>| Timestamp::from_millisecond(t?).ok();
        let why = gap.why.code();
        GapView {
            from_at: instant(gap.from.t),
            to_at: instant(gap.to.t),
            minutes: (gap.seconds() / 6.0).round() / 10.0,
            distance_m: gap.distance_m().round(),
            why_label: self.messages.text(&format!("patrol.gap_{why}"), &[]),
            why: why.to_owned(),
            ends: [[gap.from.at.x, gap.from.at.y], [gap.to.at.x, gap.to.at.y]],
        }
    }

    fn reviews(&self, patrol: &Patrol) -> Vec<PatrolReviewView> {
        let view = |review: &Kept<domain::entries::PatrolReviewed>| PatrolReviewView {
            at: review.occurred_at,
            result_label: self
                .messages
                .text(&format!("patrol.review_{}", review.body.result), &[]),
            result: review.body.result.clone(),
            reason: review.body.reason.clone(),
            is_of_current: review.body.of == patrol.sheet.entry_id
                || patrol.same_sheets.contains(&review.body.of),
        };
        patrol.reviews.iter().map(view).collect()
    }

    /// The tracks of a patrol as GeoJSON or GPX.
    pub fn patrol_track(
        &self,
        atlases: &Atlases,
        patrol_id: &str,
        is_gpx: bool,
    ) -> Result<Vec<u8>, Error> {
        let page = self.patrol_page(atlases, patrol_id)?;
        if is_gpx {
            return Ok(super::files::gpx(&page).into_bytes());
        }
        let features: Vec<Value> = page.tracks.iter().flat_map(features).collect();
        let all = json!({ "type": "FeatureCollection", "features": features });
        serde_json::to_vec(&all).map_err(Error::internal)
    }
}

impl Session {
    /// A file of a patrol, or of a clue that a phone reported, with its kind and name, as far as the actor may see it.
    pub(crate) fn open_of_patrols(
        &self,
        atlases: &Atlases,
        sha256: &str,
    ) -> Result<Option<(std::fs::File, String, String)>, Error> {
        let book = atlases.patrols().read(&self.register, AsOf::Now)?;
        let of_patrol = book.patrols.values().find_map(|p| {
            let station = Some(p.sheet.body.station_id.as_str());
            let file = p.evidence.iter().find(|e| e.body.sha256 == sha256)?;
            self.sees(Action::ReadClues, station).then_some(&file.body)
        });
        let body = match (of_patrol, book.clue_files.get(sha256)) {
            (Some(body), _) => body,
            (None, Some((clue, body))) if self.sees_clue_of(*clue)? => body,
            _ => return Ok(None),
        };
        let file = self.register.open_blob(sha256)?;
        Ok(Some((
            file,
            body.media_type.clone(),
            body.file_name.clone(),
        )))
    }

    fn sees_clue_of(&self, clue: ClueId) -> Result<bool, Error> {
        let geography = self.geography_if_laid(AsOf::Now)?;
        let clue = self.register.find_clue(clue)?;
        Ok(clue.is_some_and(|c| self.sees_received(&c.received.body, geography.as_ref())))
    }
}

fn features(track: &TrackView) -> Vec<Value> {
    let segments = track.segments.iter().map(|s| {
        json!({ "type": "Feature", "geometry": s.shape, "properties": {
            "what": "segment", "track_id": track.track_id, "started_at": s.started_at,
            "ended_at": s.ended_at, "length_m": s.length_m } })
    });
    let gaps = track.gaps.iter().map(|g| {
        let ends: Vec<(f64, f64)> = g.ends.iter().map(|[x, y]| (*x, *y)).collect();
        let chord = Shape(LineString::from(ends).into());
        json!({ "type": "Feature", "geometry": chord, "properties": {
            "what": "gap", "track_id": track.track_id, "from_at": g.from_at, "to_at": g.to_at,
            "minutes": g.minutes, "why": g.why } })
    });
    segments.chain(gaps).collect()
}

fn files_of(patrol: &Patrol) -> Vec<PatrolFile> {
    let of = |e: &Kept<domain::entries::EvidenceRecorded>| PatrolFile {
        sha256: e.body.sha256.clone(),
        file_name: e.body.file_name.clone(),
        media_type: e.body.media_type.clone(),
    };
    patrol.evidence.iter().map(of).collect()
}
