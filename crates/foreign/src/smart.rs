//! SMART: a patrol as SMART Desktop exports it, and the data model that says what its keys mean.

mod labels;

use jiff::civil::{Date, DateTime, Time};
use serde::Serialize;
use spatial::bounds::Limits;
use spatial::diagnostic::Diagnostic;

use crate::error::Error;
use crate::ewkb;
pub use crate::ewkb::Fix;
use crate::record::{Found, Notes, Position, Value, When, shortened};
use crate::xml::{self, Element};
pub use labels::{Labels, read_labels};

/// SMART 巡护 — one patrol: legs of days, each with its waypoints and track.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Patrol {
    pub id: Option<String>,
    /// `GROUND`, `MARINE`, `AIR`, or what else the file says.
    pub kind: Option<String>,
    pub started_on: Option<Date>,
    pub ended_on: Option<Date>,
    pub is_armed: bool,
    pub team: Option<String>,
    pub objective: Option<String>,
    pub comment: Option<String>,
    pub legs: Vec<Leg>,
}

/// 巡护段 — who went by which means.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Leg {
    pub id: Option<String>,
    pub started_on: Option<Date>,
    pub ended_on: Option<Date>,
    pub transport: Option<String>,
    pub mandate: Option<String>,
    pub members: Vec<Member>,
    pub days: Vec<Day>,
}

/// 队员 — as the file names them; names are not for the register.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Member {
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    pub employee_id: Option<String>,
    pub is_leader: bool,
    pub is_pilot: bool,
}

/// 巡护日 — wall clock times without a zone, as SMART writes them.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Day {
    pub on: Option<Date>,
    pub started_at: Option<DateTime>,
    pub ended_at: Option<DateTime>,
    pub rest_minutes: Option<f64>,
    pub waypoints: Vec<Waypoint>,
    pub track: Vec<Vec<Fix>>,
    /// As the file states it, in kilometres.
    pub distance_km: Option<f64>,
}

/// 航点 — a place where something was observed.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Waypoint {
    pub id: Option<String>,
    pub at: Option<When>,
    pub position: Option<Position>,
    pub comment: Option<String>,
    pub observations: Vec<Observation>,
    pub files: Vec<String>,
}

/// 观测 — a key of the category tree with its attributes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Observation {
    /// `humanactivity.timber.firewood`, without the dot SMART puts at the end.
    pub category: Option<String>,
    pub attributes: Vec<Value>,
}

impl Patrol {
    /// Every waypoint, in the order of the file.
    pub fn waypoints(&self) -> impl Iterator<Item = &Waypoint> {
        let days = self.legs.iter().flat_map(|leg| &leg.days);
        days.flat_map(|day| &day.waypoints)
    }

    /// Fixes of all tracks.
    pub fn fix_count(&self) -> usize {
        let days = self.legs.iter().flat_map(|leg| &leg.days);
        days.flat_map(|day| &day.track).map(Vec::len).sum()
    }
}

/// Reads one patrol.
pub fn read_patrol(bytes: &[u8], limits: &Limits) -> Result<Found<Patrol>, Error> {
    let root = xml::parse(bytes, limits)?;
    if root.name != "patrol" {
        let why = format!("the root element is <{}>", shortened(&root.name));
        return Err(Error::not_this("SMART patrol", why));
    }
    let mut reading = Reading {
        notes: Notes::new(limits),
        waypoints: 0,
        vertices: limits.vertices,
    };
    let found = reading.patrol(&root);
    Ok(Found {
        found,
        diagnostics: reading.notes.finish(),
    })
}

struct Reading<'l> {
    notes: Notes<'l>,
    waypoints: u64,
    vertices: u64,
}

impl Reading<'_> {
    fn patrol(&mut self, root: &Element) -> Patrol {
        let legs: Vec<Leg> = root.all("legs").map(|leg| self.leg(leg)).collect();
        if legs.is_empty() {
            self.notes.report(Diagnostic::warning("foreign.no_legs"));
        }
        Patrol {
            id: identifier(root),
            kind: text(root, "patrolType"),
            started_on: self.day_of(root, "startDate"),
            ended_on: self.day_of(root, "endDate"),
            is_armed: flag(root, "isArmed"),
            team: root.child("team").and_then(|t| text(t, "value")),
            objective: root
                .child("objective")
                .and_then(|o| o.child_text("description"))
                .map(str::to_owned),
            comment: root.child_text("comment").map(str::to_owned),
            legs,
        }
    }

    fn leg(&mut self, leg: &Element) -> Leg {
        let value = |name: &str| leg.child(name).and_then(|v| text(v, "value"));
        let member = |m: &Element| Member {
            given_name: text(m, "givenName"),
            family_name: text(m, "familyName"),
            employee_id: text(m, "employeeId"),
            is_leader: flag(m, "isLeader"),
            is_pilot: flag(m, "isPilot"),
        };
        Leg {
            id: identifier(leg),
            started_on: self.day_of(leg, "startDate"),
            ended_on: self.day_of(leg, "endDate"),
            transport: value("transportType"),
            mandate: value("mandate"),
            members: leg.all("members").map(member).collect(),
            days: leg.all("days").map(|day| self.day(day)).collect(),
        }
    }

    fn day(&mut self, day: &Element) -> Day {
        let on = self.day_of(day, "date");
        if on.is_none() {
            self.notes.report(Diagnostic::warning("foreign.no_day"));
        }
        let waypoints: Vec<Waypoint> = day.all("waypoints").map(|w| self.waypoint(w, on)).collect();
        let has_times = waypoints.iter().any(|w| w.at.is_some());
        if has_times {
            self.notes.report(Diagnostic::note("foreign.no_zone"));
        }
        let tracks = day.all("track");
        Day {
            on,
            started_at: self.clock(day, "startTime", on),
            ended_at: self.clock(day, "endTime", on),
            rest_minutes: number(day, "restMinutes"),
            waypoints,
            track: tracks.flat_map(|track| self.track(track)).collect(),
            distance_km: day.child("track").and_then(|t| number(t, "distance")),
        }
    }

    fn waypoint(&mut self, waypoint: &Element, on: Option<Date>) -> Waypoint {
        self.waypoints += 1;
        let number_in_file = self.waypoints;
        let position = match (number(waypoint, "x"), number(waypoint, "y")) {
            (Some(lon), Some(lat)) => self.notes.position(
                number_in_file,
                Position {
                    lon,
                    lat,
                    altitude_m: None,
                    accuracy_m: None,
                },
            ),
            _ => {
                let none = Diagnostic::warning("foreign.no_position");
                self.notes.about(number_in_file, "position", none);
                None
            }
        };
        let observations = waypoint.all("groups").flat_map(|g| g.all("observations"));
        let attachments = waypoint.all("attachments");
        Waypoint {
            id: identifier(waypoint),
            at: self.clock(waypoint, "time", on).map(When::Local),
            position,
            comment: waypoint.child_text("comment").map(str::to_owned),
            observations: observations.map(observation).collect(),
            files: attachments.filter_map(|a| text(a, "filename")).collect(),
        }
    }

    fn track(&mut self, track: &Element) -> Vec<Vec<Fix>> {
        let Some(geom) = track.attribute("geom") else {
            return Vec::new();
        };
        match ewkb::lines(geom, self.vertices) {
            Ok(lines) => {
                let count: usize = lines.iter().map(Vec::len).sum();
                self.vertices = self.vertices.saturating_sub(count as u64);
                self.checked(lines)
            }
            Err(fault) => {
                let fault = Diagnostic::warning("foreign.bad_track").arg("why", fault);
                self.notes.report(fault);
                Vec::new()
            }
        }
    }

    /// Fixes that can be on earth; the others are counted.
    fn checked(&mut self, lines: Vec<Vec<Fix>>) -> Vec<Vec<Fix>> {
        let is_possible = |fix: &Fix| {
            fix.lon.abs() <= 180.0 && fix.lat.abs() <= 90.0 && (fix.lon, fix.lat) != (0.0, 0.0)
        };
        let mut refused = 0;
        let kept = lines.into_iter().map(|line| {
            let before = line.len();
            let line: Vec<Fix> = line.into_iter().filter(is_possible).collect();
            refused += before - line.len();
            line
        });
        let kept: Vec<Vec<Fix>> = kept.filter(|line| !line.is_empty()).collect();
        if refused > 0 {
            let fault = Diagnostic::warning("foreign.bad_fixes").arg("count", refused);
            self.notes.report(fault);
        }
        kept
    }

    fn day_of(&mut self, element: &Element, name: &str) -> Option<Date> {
        let given = element.attribute(name)?;
        // Files made by hand write an instant where a day belongs.
        let day = given.get(..10).and_then(|day| day.parse().ok());
        if day.is_none() {
            self.bad_time(given);
        }
        day
    }

    /// A time of day on a day.
    fn clock(&mut self, element: &Element, name: &str, on: Option<Date>) -> Option<DateTime> {
        let given = element.attribute(name)?;
        let time: Option<Time> = given.parse().ok();
        if time.is_none() {
            self.bad_time(given);
        }
        Some(on?.to_datetime(time?))
    }

    fn bad_time(&mut self, given: &str) {
        let fault = Diagnostic::warning("foreign.bad_time").arg("text", shortened(given));
        self.notes.report(fault);
    }
}

fn observation(observation: &Element) -> Observation {
    let attribute = |attribute: &Element| {
        let path = key(attribute.attribute("attributeKey")?);
        // `itemKey` of a tree, `dValue` a number, `bValue` yes or no, `sValue` words; several items stand in a row.
        let values = attribute.children.iter().filter_map(|value| {
            let text = value.trimmed()?;
            Some(if value.name == "itemKey" {
                key(text)
            } else {
                text.to_owned()
            })
        });
        let text = values.collect::<Vec<_>>().join(" ");
        Some(Value { path, text }).filter(|v| !v.text.is_empty())
    };
    Observation {
        category: observation.attribute("categoryKey").map(key),
        attributes: observation
            .all("attributes")
            .filter_map(attribute)
            .collect(),
    }
}

/// Bytes of a key and of an identifier: everything below repeats them.
const LONGEST_KEY: usize = 400;

/// SMART ends the keys of trees with a dot.
fn key(given: &str) -> String {
    let given = &given[..given.floor_char_boundary(LONGEST_KEY)];
    given.trim_end_matches('.').to_owned()
}

/// What names a patrol, a leg or a waypoint.
fn identifier(element: &Element) -> Option<String> {
    let given = element.attribute("id")?;
    Some(given[..given.floor_char_boundary(LONGEST_KEY)].to_owned())
}

fn text(element: &Element, name: &str) -> Option<String> {
    element.attribute(name).map(str::to_owned)
}

fn number(element: &Element, name: &str) -> Option<f64> {
    let number: f64 = element.attribute(name)?.parse().ok()?;
    Some(number).filter(|n| n.is_finite())
}

fn flag(element: &Element, name: &str) -> bool {
    element.attribute(name) == Some("true")
}
