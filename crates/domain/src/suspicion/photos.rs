//! Pictures against the site, the claimed days and each other.

use std::collections::BTreeMap;

use geo_types::{Coord, Geometry, Point};
use jiff::civil::Date;
use spatial::geodesic::{bearing_degrees, distance_m};
use spatial::matching::MatchIndex;

use super::config::Suspicions;
use super::{Finding, Given, Grade, camera_day};
use crate::dossier::{Dossier, civil_day};
use crate::entries::{
    AcceptanceRecorded, CompletionEvidenced, EvidenceRecorded, LookBackRecorded, PhotoPair,
    ProgressReported, RectificationReported,
};
use crate::entry::EntryBody;
use crate::ids::EntryId;
use crate::issue::Issue;

/// 照片用途 — what a picture is handed in for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PhotoRole {
    /// 整改前
    Before,
    /// 整改后, of a pair
    After,
    /// 措施、进展
    Effect,
    /// 逐条举证、验收
    Evidence,
    /// 回头看
    LookBack,
}

/// 照片使用 — a file that an entry of an issue names as a picture of the work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotoUse {
    pub sha256: String,
    pub role: PhotoRole,
    /// Day that the entry claims for what the picture shows.
    pub claimed_on: Option<Date>,
}

fn used(files: &[String], role: PhotoRole, on: Option<Date>) -> impl Iterator<Item = PhotoUse> {
    files.iter().map(move |sha256| PhotoUse {
        sha256: sha256.clone(),
        role,
        claimed_on: on,
    })
}

fn of_pairs(pairs: &[PhotoPair], on: Date) -> impl Iterator<Item = PhotoUse> {
    let one = |sha256: &String, role, claimed_on| PhotoUse {
        sha256: sha256.clone(),
        role,
        claimed_on,
    };
    pairs.iter().flat_map(move |p| {
        [
            one(&p.before, PhotoRole::Before, None),
            one(&p.after, PhotoRole::After, Some(on)),
        ]
    })
}

fn of_progress(body: &ProgressReported) -> Vec<PhotoUse> {
    let files = used(&body.evidence, PhotoRole::Effect, Some(body.to_on));
    of_pairs(&body.photo_pairs, body.to_on)
        .chain(files)
        .collect()
}

fn of_report(body: &RectificationReported) -> Vec<PhotoUse> {
    let measures = body.measures.iter().flat_map(|m| {
        let on = m.done_on.unwrap_or(body.completed_on);
        used(&m.evidence, PhotoRole::Effect, Some(on))
    });
    of_pairs(&body.photo_pairs, body.completed_on)
        .chain(measures)
        .collect()
}

fn of_completion(body: &CompletionEvidenced) -> Vec<PhotoUse> {
    used(&body.evidence, PhotoRole::Evidence, None).collect()
}

fn of_acceptance(body: &AcceptanceRecorded) -> Vec<PhotoUse> {
    used(&body.evidence, PhotoRole::Evidence, Some(body.inspected_on)).collect()
}

fn of_look_back(body: &LookBackRecorded) -> Vec<PhotoUse> {
    used(&body.evidence, PhotoRole::LookBack, Some(body.looked_on)).collect()
}

/// The pictures that an entry of an issue names. Papers (plans, decisions, screenshots of notices) are none.
pub fn photos_of(body: &EntryBody) -> Vec<PhotoUse> {
    match body {
        EntryBody::ProgressReported(b) => of_progress(b),
        EntryBody::RectificationReported(b) => of_report(b),
        EntryBody::CompletionEvidenced(b) => of_completion(b),
        EntryBody::AcceptanceRecorded(b) => of_acceptance(b),
        EntryBody::LookBackRecorded(b) => of_look_back(b),
        _ => Vec::new(),
    }
}

/// 照片与登记 — a picture with the entry that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) used: PhotoUse,
    pub(super) entry: EntryId,
    pub(super) seq: u64,
}

pub(super) fn named(issue: &Issue) -> Vec<Named> {
    let mut all = Vec::new();
    let mut add = |photos: Vec<PhotoUse>, entry: EntryId, seq: u64| {
        all.extend(photos.into_iter().map(|used| Named { used, entry, seq }));
    };
    for k in &issue.progress {
        add(of_progress(&k.body), k.entry_id, k.seq);
    }
    for k in &issue.reports {
        add(of_report(&k.body), k.entry_id, k.seq);
    }
    for k in &issue.completions {
        add(of_completion(&k.body), k.entry_id, k.seq);
    }
    for k in &issue.acceptances {
        add(of_acceptance(&k.body), k.entry_id, k.seq);
    }
    for k in &issue.look_backs {
        add(of_look_back(&k.body), k.entry_id, k.seq);
    }
    all.sort_by_key(|n| n.seq);
    all
}

pub(super) fn contradictions(
    rules: &Suspicions,
    dossier: &Dossier,
    issue: &Issue,
    given: &Given,
) -> Vec<Finding> {
    let files: BTreeMap<&str, &EvidenceRecorded> = dossier
        .evidence
        .iter()
        .map(|e| (e.body.sha256.as_str(), &e.body))
        .collect();
    let eye = Eye {
        rules,
        dossier,
        issue,
        given,
        files: &files,
        site: site_of(dossier),
    };
    let mut found: Vec<Finding> = Vec::new();
    for named in named(issue) {
        let Some(file) = files.get(named.used.sha256.as_str()) else {
            continue;
        };
        let about = [
            eye.far_away(&named, file),
            eye.looking_away(&named, file),
            eye.at_the_wrong_time(&named, file),
        ];
        for finding in about.into_iter().flatten() {
            note(&mut found, finding);
        }
    }
    for (pair, entry, seq) in pairs(issue) {
        for finding in eye.taken_elsewhere(pair, entry, seq) {
            note(&mut found, finding);
        }
    }
    found
}

/// One file named by several entries is one finding with all of them.
fn note(found: &mut Vec<Finding>, finding: Finding) {
    let same = found
        .iter_mut()
        .find(|f| (f.code, f.grade, &f.about) == (finding.code, finding.grade, &finding.about));
    match same {
        Some(one) => {
            one.entries.extend(finding.entries);
            one.entries.dedup();
            one.last_seq = one.last_seq.max(finding.last_seq);
        }
        None => found.push(finding),
    }
}

fn pairs(issue: &Issue) -> impl Iterator<Item = (&PhotoPair, EntryId, u64)> {
    let of_progress = issue.progress.iter().flat_map(|k| {
        let pairs = k.body.photo_pairs.iter();
        pairs.map(move |p| (p, k.entry_id, k.seq))
    });
    let of_reports = issue.reports.iter().flat_map(|k| {
        let pairs = k.body.photo_pairs.iter();
        pairs.map(move |p| (p, k.entry_id, k.seq))
    });
    of_progress.chain(of_reports)
}

/// The site's outline, or its point with how exactly that is known.
fn site_of(dossier: &Dossier) -> Option<(Geometry<f64>, f64)> {
    let facts = &dossier.facts;
    let slack = facts.precision_m.unwrap_or(0.0).max(0.0);
    let outline = facts.shape.as_ref().map(|s| s.0.clone());
    let point = facts.lon.zip(facts.lat).map(|p| Point::from(p).into());
    outline.or(point).map(|g| (g, slack))
}

fn position(file: &EvidenceRecorded) -> Option<(f64, f64)> {
    let (lon, lat) = file.lon.zip(file.lat)?;
    // 0, 0 is what cameras write that do not know where they are.
    let is_place = lon.abs() <= 180.0 && lat.abs() <= 90.0 && (lon, lat) != (0.0, 0.0);
    is_place.then_some((lon, lat))
}

/// How far apart two directions are, degrees.
fn turn(a: f64, b: f64) -> f64 {
    let turn = (a - b).rem_euclid(360.0);
    turn.min(360.0 - turn)
}

pub(super) fn corners(geometry: &Geometry<f64>) -> Vec<Coord<f64>> {
    use geo_types::Geometry as G;
    match geometry {
        G::Point(p) => vec![p.0],
        G::MultiPoint(points) => points.iter().map(|p| p.0).collect(),
        G::LineString(line) => line.0.clone(),
        G::MultiLineString(lines) => lines.iter().flat_map(|l| l.0.clone()).collect(),
        G::Polygon(p) => p.exterior().0.clone(),
        G::MultiPolygon(parts) => parts.iter().flat_map(|p| p.exterior().0.clone()).collect(),
        G::GeometryCollection(all) => all.iter().flat_map(corners).collect(),
        G::Line(l) => vec![l.start, l.end],
        G::Rect(r) => r.to_polygon().exterior().0.clone(),
        G::Triangle(t) => t.to_polygon().exterior().0.clone(),
    }
}

struct Eye<'a> {
    rules: &'a Suspicions,
    dossier: &'a Dossier,
    issue: &'a Issue,
    given: &'a Given,
    files: &'a BTreeMap<&'a str, &'a EvidenceRecorded>,
    site: Option<(Geometry<f64>, f64)>,
}

impl Eye<'_> {
    /// Metres between where the picture was taken and the site, less what the site's position is uncertain by.
    fn distance(&self, file: &EvidenceRecorded) -> Option<f64> {
        let (lon, lat) = position(file)?;
        let (site, slack) = self.site.as_ref()?;
        // Half the earth round is farther than any.
        let index = MatchIndex::build([(0_u8, site.clone())]);
        let at = Geometry::Point(Point::new(lon, lat));
        let near = index.candidates(&at, 200_000.0);
        let far = || {
            let corners = corners(site).into_iter();
            let distances = corners.map(|c| distance_m(Coord { x: lon, y: lat }, c));
            distances.reduce(f64::min)
        };
        let distance = near.first().map(|c| c.distance_m).or_else(far)?;
        Some((distance - slack).max(0.0))
    }

    fn far_away(&self, named: &Named, file: &EvidenceRecorded) -> Option<Finding> {
        let rule = &self.rules.photo_place;
        let distance = self.distance(file)?;
        let grade = match distance {
            d if d > rule.high_m => Grade::High,
            d if d > rule.medium_m => Grade::Medium,
            d if d > rule.low_m => Grade::Low,
            _ => return None,
        };
        let finding = self.about(named, "photo_place", grade, "suspicion.photo_far");
        let finding = finding.extent(distance);
        Some(
            finding
                .arg("distance", format!("{distance:.0}"))
                .arg("site", &self.dossier.site_code),
        )
    }

    /// Taken beside the site with the back to it.
    fn looking_away(&self, named: &Named, file: &EvidenceRecorded) -> Option<Finding> {
        let rule = &self.rules.photo_place;
        let looks = file.azimuth_deg?;
        let (lon, lat) = position(file)?;
        let (site, slack) = self.site.as_ref()?;
        let distance = self.distance(file)?;
        // Within the site, or as near as positions are exact, one may look anywhere; far away is told already.
        if distance <= 30.0 + slack || distance > rule.low_m {
            return None;
        }
        let from = Coord { x: lon, y: lat };
        let bearings = corners(site).into_iter().map(|c| bearing_degrees(from, c));
        let off = bearings.map(|b| turn(b, looks)).reduce(f64::min)?;
        let finding = self.about(
            named,
            "photo_place",
            rule.azimuth_grade,
            "suspicion.azimuth_off",
        );
        (off > rule.azimuth_off_deg).then(|| {
            finding
                .extent(off)
                .arg("azimuth", format!("{looks:.0}"))
                .arg("off", format!("{off:.0}"))
        })
    }

    fn at_the_wrong_time(&self, named: &Named, file: &EvidenceRecorded) -> Option<Finding> {
        let rule = &self.rules.photo_time;
        let taken = camera_day(file.taken_at.as_deref()?)?;
        let started = self.issue.started.as_ref().map(|s| s.body.started_on);
        let later = |than: Date| (taken - than).get_days();
        let recorded = self.given.recorded_at.get(&named.entry).copied();
        let told = |grade, code, days: i32, on: Date| {
            let finding = self.about(named, "photo_time", grade, code);
            let finding = finding.extent(f64::from(days));
            Some(finding.arg("taken", taken).arg("day", on).arg("days", days))
        };
        let slack = rule.tolerance_days;
        match named.used.role {
            PhotoRole::Before => match started {
                Some(on) if later(on) > slack => told(
                    rule.before_after_start,
                    "suspicion.before_after_start",
                    later(on),
                    on,
                ),
                _ => None,
            },
            PhotoRole::LookBack => match self.issue.closed_on() {
                Some(on) if -later(on) > slack => told(
                    rule.before_close_out,
                    "suspicion.before_close_out",
                    -later(on),
                    on,
                ),
                _ => self.after_claim(named, taken, &told),
            },
            role => match started {
                Some(on) if -later(on) > slack => {
                    let grade = match role {
                        PhotoRole::Evidence => rule.before_work_evidence,
                        _ => rule.before_work,
                    };
                    told(grade, "suspicion.before_work", -later(on), on)
                }
                _ => self.after_claim(named, taken, &told),
            },
        }
        .or_else(|| {
            let on = civil_day(recorded?);
            let days = later(on);
            (days > slack).then(|| told(rule.after_entry, "suspicion.after_entry", days, on))?
        })
    }

    fn after_claim(
        &self,
        named: &Named,
        taken: Date,
        told: &dyn Fn(Grade, &'static str, i32, Date) -> Option<Finding>,
    ) -> Option<Finding> {
        let on = named.used.claimed_on?;
        let days = (taken - on).get_days();
        let rule = &self.rules.photo_time;
        (days > rule.tolerance_days)
            .then(|| told(rule.after_claim, "suspicion.after_claim", days, on))?
    }

    /// Before and after that were not taken from one spot in one direction.
    fn taken_elsewhere(&self, pair: &PhotoPair, entry: EntryId, seq: u64) -> Vec<Finding> {
        let rule = &self.rules.photo_viewpoint;
        let tolerance = self.issue.requirements.viewpoint_tolerance_deg;
        let both = |grade, code| {
            let mut finding = Finding::at("photo_viewpoint", grade, code, entry, seq);
            finding = finding.file(&pair.after);
            finding.evidence.push(pair.before.clone());
            finding
        };
        let (before, after) = (self.files.get(&*pair.before), self.files.get(&*pair.after));
        let mut found = Vec::new();
        let looks = before
            .and_then(|f| f.azimuth_deg)
            .zip(after.and_then(|f| f.azimuth_deg));
        if let Some((a, b)) = looks.filter(|(a, b)| turn(*a, *b) > tolerance) {
            let finding = both(rule.azimuth_grade, "suspicion.azimuths_differ");
            found.push(
                finding
                    .extent(turn(a, b))
                    .arg("before", format!("{a:.0}"))
                    .arg("after", format!("{b:.0}"))
                    .arg("off", format!("{:.0}", turn(a, b))),
            );
        }
        let stated = [
            (pair.before_azimuth_deg, before),
            (pair.after_azimuth_deg, after),
        ];
        let otherwise = stated.into_iter().filter_map(|(stated, file)| {
            let (stated, camera) = stated.zip(file?.azimuth_deg)?;
            (turn(stated, camera) > tolerance).then_some((stated, camera))
        });
        if let Some((stated, camera)) =
            otherwise.max_by(|a, b| turn(a.0, a.1).total_cmp(&turn(b.0, b.1)))
        {
            let finding = both(rule.azimuth_grade, "suspicion.azimuth_stated_otherwise");
            found.push(
                finding
                    .extent(turn(stated, camera))
                    .arg("stated", format!("{stated:.0}"))
                    .arg("camera", format!("{camera:.0}")),
            );
        }
        let places = before
            .and_then(|f| position(f))
            .zip(after.and_then(|f| position(f)));
        let apart = places.map(|(a, b)| distance_m(Coord::from(a), Coord::from(b)));
        if let Some(apart) = apart.filter(|m| *m > rule.apart_m) {
            let finding = both(rule.apart_grade, "suspicion.viewpoints_apart").extent(apart);
            found.push(finding.arg("distance", format!("{apart:.0}")));
        }
        let key = (pair.before.clone(), pair.after.clone());
        if self.given.elsewhere.contains(&key) {
            found.push(both(rule.picture_grade, "suspicion.viewpoint_differs"));
        }
        found
    }

    fn about(
        &self,
        named: &Named,
        suspicion: &'static str,
        grade: Grade,
        code: &'static str,
    ) -> Finding {
        Finding::at(suspicion, grade, code, named.entry, named.seq).file(&named.used.sha256)
    }
}
