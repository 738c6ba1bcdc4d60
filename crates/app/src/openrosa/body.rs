//! A filled form in the words of the register: what was found, by whom, where; coded answers checked against the lists.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use domain::capture::Capture;
use domain::entries::{
    Basis, ClueFacts, FieldWork, ODK, Shot, SiteFacts, TeamMember, VerificationRecorded,
};
use domain::ledger::Labels as _;
use domain::shape::Shape;
use foreign::Position;
use foreign::submission::{Submission, geopoint, geotrace};
use geo_types::{Geometry, LineString, Point, Polygon};
use jiff::Timestamp;
use jiff::civil::Date;
use spatial::diagnostic::Diagnostic;

use super::form::{FACT, SHOT};
use crate::amendments::mended;
use crate::error::Error;
use crate::geography::{degrees, is_areal};
use crate::messages::{Language, Messages};
use crate::session::Session;

/// Conclusion of what could not be checked.
const UNDETERMINED: &str = "undetermined";
/// Characters of one answer in words.
const LONGEST_ANSWER: usize = 20_000;
/// People of one team.
const MOST_TEAM: usize = 20;
/// Corners of an outline: at least three, and the first again; a fix a second for some hours at most.
const CORNERS: RangeInclusive<usize> = 4..=20_000;
/// Files of a form that are listed: one more than are taken, so that too many are told.
const MOST_LISTED: usize = super::submission::MOST_FILES + 1;

/// A photo, sketch or recording that a form names, and what it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) file: String,
    pub(super) view: Option<String>,
    pub(super) note: Option<String>,
}

/// Reads a filled form.
pub(super) struct Sheet<'a> {
    pub(super) session: &'a Session,
    pub(super) submission: &'a Submission,
}

fn fault(code: &'static str, name: &str, text: &str) -> Error {
    let text: String = text.chars().take(80).collect();
    Error::rejected(Diagnostic::error(code).arg("name", name).arg("text", text))
}

impl Sheet<'_> {
    pub(super) fn answer(&self, path: &str) -> Result<Option<String>, Error> {
        let answer = self.submission.one(path);
        match answer.filter(|a| a.chars().count() > LONGEST_ANSWER) {
            Some(long) => Err(fault("odk.too_long", path, long)),
            None => Ok(answer.map(str::to_owned)),
        }
    }

    /// Whether the place is one that the register does not know.
    pub(super) fn is_new_place(&self) -> bool {
        self.submission.one("place_kind") == Some("new")
    }

    pub(super) fn verified_on(&self) -> Result<Date, Error> {
        let text = self.submission.one("verified_on").unwrap_or_default();
        let day: Option<Date> = text.get(..10).and_then(|day| day.parse().ok());
        let day = day.ok_or_else(|| fault("odk.bad_date", "verified_on", text))?;
        match day > self.session.today() {
            true => Err(Error::rejected(
                Diagnostic::error("verification.in_the_future").arg("on", day),
            )),
            false => Ok(day),
        }
    }

    pub(super) fn position(&self) -> Result<Option<Position>, Error> {
        let Some(text) = self.submission.one("place") else {
            return Ok(None);
        };
        match geopoint(text) {
            Some(position) => Ok(Some(position)),
            None => Err(fault("odk.bad_place", "place", text)),
        }
    }

    /// The outline as it was walked, closed.
    pub(super) fn outline(&self) -> Result<Option<Shape>, Error> {
        let Some(text) = self.submission.one("outline") else {
            return Ok(None);
        };
        let bad = || fault("odk.bad_outline", "outline", text);
        let corners = geotrace(text).filter(|c| CORNERS.contains(&c.len()));
        let ring: LineString<f64> = corners
            .ok_or_else(bad)?
            .iter()
            .map(|c| (degrees(c.lon), degrees(c.lat)))
            .collect();
        let walked = Geometry::Polygon(Polygon::new(ring, Vec::new()));
        // Whoever walks crosses his own way now and then.
        let outline = mended(&walked).ok_or_else(bad)?;
        let has_area = is_areal(&outline) && spatial::geodesic::area_m2(&outline) > 0.0;
        has_area.then_some(Some(Shape(outline))).ok_or_else(bad)
    }

    /// Every file the form names, once; no more than tell that there are too many.
    pub(super) fn files(&self) -> Vec<Named> {
        let mut files: Vec<Named> = Vec::new();
        let answers = &self.submission.answers;
        let near = |path: &str, step: u32| {
            let mut all = answers.iter();
            let found = all.find(|a| a.path == path && a.steps.first() == Some(&step));
            found.map(|a| a.text.clone())
        };
        for answer in answers {
            let is_named = files.iter().any(|f| f.file == answer.text);
            if is_named || files.len() >= MOST_LISTED {
                continue;
            }
            let (view, note) = match answer.path.as_str() {
                "voice" => (Some("voice".to_owned()), None),
                "more/photo" => {
                    let step = answer.steps.first().copied().unwrap_or_default();
                    (near("more/view", step), near("more/photo_note", step))
                }
                path => match path.strip_prefix(SHOT) {
                    Some(view) => (Some(view.to_owned()), None),
                    None => continue,
                },
            };
            files.push(Named {
                file: answer.text.clone(),
                view,
                note,
            });
        }
        files
    }

    /// When it was made: the day that was named, at its beginning.
    pub(super) fn occurred_at(&self, on: Date) -> Timestamp {
        crate::session::start_of(on)
    }

    pub(super) fn capture(&self, on: Date) -> Result<Option<Capture>, Error> {
        let at = self.occurred_at(on);
        Ok(self.position()?.map(|position| Capture {
            at,
            lon: Some(degrees(position.lon)),
            lat: Some(degrees(position.lat)),
            accuracy_m: position.accuracy_m,
            altitude_m: position.altitude_m,
            altitude_accuracy_m: None,
            speed_mps: None,
            heading_deg: None,
            azimuth_deg: None,
            azimuth_accuracy_deg: None,
            fix_at: None,
            fix_age_ms: None,
            provider: Some(ODK.to_owned()),
            is_outside_reason: None,
        }))
    }

    fn code(&self, purpose: &str, path: &str) -> Result<Option<String>, Error> {
        self.session.known_code(purpose, self.submission.one(path))
    }

    fn team(&self) -> Result<Vec<TeamMember>, Error> {
        let posts: Vec<&str> = self
            .submission
            .all("team/post")
            .take(MOST_TEAM + 1)
            .collect();
        if !(2..=MOST_TEAM).contains(&posts.len()) {
            let fault = Diagnostic::error("import.team_too_small").arg("count", posts.len());
            return Err(Error::rejected(fault));
        }
        let member = |post: &str| TeamMember {
            post: post.chars().take(100).collect(),
            unit: None,
        };
        Ok(posts.into_iter().map(member).collect())
    }

    fn judged_facts(&self) -> Result<BTreeMap<String, String>, Error> {
        let answers = self.submission.answers.iter();
        let statements: Vec<String> = answers
            .filter_map(|a| {
                let name = a.path.strip_prefix("facts/")?.strip_prefix(FACT)?;
                Some(format!("{name}={}", a.text))
            })
            .collect();
        let (judged, _) = self.session.stated_facts(&statements)?;
        Ok(judged)
    }

    /// The verification, whose files are known by their names as hashes.
    pub(super) fn verification(
        &self,
        hashes: &BTreeMap<String, String>,
    ) -> Result<VerificationRecorded, Error> {
        let verified_on = self.verified_on()?;
        let position = self.position()?;
        let is_unchecked = self.submission.one("could_check") == Some("no");
        let unverified_reason = match is_unchecked {
            true => Some(
                self.code("unverified", "unverified_reason")?
                    .ok_or_else(|| fault("odk.no_reason", "unverified_reason", ""))?,
            ),
            false => None,
        };
        let conclusion = match is_unchecked {
            true => self.session.known_code("verdict", Some(UNDETERMINED))?,
            false => self.code("verdict", "conclusion")?,
        };
        let files = self.files();
        let hash = |f: &Named| hashes.get(&f.file).cloned();
        let evidence = crate::evidence::distinct(files.iter().filter_map(hash).collect());
        let mut shots = Vec::new();
        for file in &files {
            let view = self.session.known_code("shot", file.view.as_deref())?;
            if let (Some(view), Some(sha256)) = (view, hash(file)) {
                shots.push(Shot { view, sha256 });
            }
        }
        let outline = self.outline()?;
        Ok(VerificationRecorded {
            judged_facts: self.judged_facts()?,
            round: self
                .code("round", "round")?
                .unwrap_or_else(|| "first".to_owned()),
            method: "field".to_owned(),
            verified_on,
            team: self.team()?,
            lon: position.map(|p| degrees(p.lon)),
            lat: position.map(|p| degrees(p.lat)),
            clue_truth: self.code("clue_truth", "clue_truth")?,
            condition_text: self.answer("condition_text")?,
            ecological_effect: self.code("ecological_effect", "ecological_effect")?,
            conclusion: conclusion
                .ok_or_else(|| Error::rejected(Diagnostic::error("verification.no_conclusion")))?,
            suggestion_text: self.answer("suggestion_text")?,
            suggested_disposal: self.code("disposal", "suggested_disposal")?,
            photo_count: crate::evidence::count(&evidence),
            evidence,
            outline_method: outline.is_some().then(|| "walked".to_owned()),
            facts: SiteFacts {
                shape: outline,
                ..SiteFacts::default()
            },
            basis: Basis::Person {
                reason: self.answer("condition_text")?.unwrap_or_default(),
            },
            verified_at: Some(self.occurred_at(verified_on)),
            capture: self.capture(verified_on)?,
            shots,
            unverified_reason,
            field: Some(self.field_work()),
            ..VerificationRecorded::default()
        })
    }

    fn field_work(&self) -> FieldWork {
        FieldWork {
            app_version: ODK.to_owned(),
            pack_version: self.submission.version.clone(),
            was_offline: false,
        }
    }

    /// What a sheet of a place nobody knew says as a clue; answers beyond the clue's own fields stay under their titles.
    pub(super) fn clue_facts(&self) -> Result<ClueFacts, Error> {
        let position = self.position()?;
        let point = position.map(|p| Point::new(degrees(p.lon), degrees(p.lat)));
        let outline = self.outline()?;
        let area = outline.as_ref().map(|s| spatial::geodesic::area_m2(&s.0));
        let name = self.answer("new_name")?;
        if name.is_none() && point.is_none() {
            return Err(fault("odk.says_nothing", "new_name", ""));
        }
        let is_outlined = outline.is_some();
        let shape = outline.or_else(|| point.map(|p| Shape(Geometry::Point(p))));
        let accuracy = position.and_then(|p| p.accuracy_m);
        Ok(ClueFacts {
            facility_name: name,
            summary: self.answer("condition_text")?,
            activity_type_code: self.code("activity", "new_activity")?,
            precision_m: accuracy.filter(|_| !is_outlined),
            crs_used: shape.is_some().then(|| "WGS84".to_owned()),
            shape,
            area_m2: area.map(|a| (a * 100.0).round() / 100.0),
            other: self.other_answers()?,
            ..ClueFacts::default()
        })
    }

    fn other_answers(&self) -> Result<BTreeMap<String, String>, Error> {
        let coded = [
            ("could_check", ""),
            ("unverified_reason", "unverified"),
            ("clue_truth", "clue_truth"),
            ("ecological_effect", "ecological_effect"),
            ("conclusion", "verdict"),
            ("suggested_disposal", "disposal"),
            ("suggestion_text", ""),
        ];
        // What goes into the log is Chinese, whatever the phone speaks.
        let messages = Messages::load(Language::Chinese);
        let mut other = BTreeMap::new();
        for (path, purpose) in coded {
            let Some(answer) = self.answer(path)? else {
                continue;
            };
            let text = match purpose {
                "" => answer,
                purpose => {
                    let code = self.session.known_code(purpose, Some(&answer))?;
                    code.map_or(answer, |c| self.session.label(purpose, &c))
                }
            };
            other.insert(messages.text(&format!("odk.{path}"), &[]), text);
        }
        let team: Vec<&str> = self.submission.all("team/post").take(MOST_TEAM).collect();
        if !team.is_empty() {
            other.insert(messages.text("odk.team", &[]), team.join("、"));
        }
        Ok(other)
    }
}
