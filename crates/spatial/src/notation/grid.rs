//! Positions in grid metres: which number is the easting, and in which zone it counts.

use geo_types::Coord;

use super::scalar::Scalar;
use super::{Notation, Position, Reading, Refusal, Source, degrees_text};
use crate::crs::{Crs, GridPosition, GridZone, ZoneWidth};
use crate::diagnostic::Diagnostic;

/// Northings of China, in metres from the equator.
const NORTHINGS_M: std::ops::RangeInclusive<f64> = 370_000.0..=5_960_000.0;
/// Eastings without zone number, in metres with 500 000 on the central meridian.
const EASTINGS_M: std::ops::RangeInclusive<f64> = 50_000.0..=950_000.0;

impl Reading<'_> {
    /// A position in metres.
    pub(super) fn metres(&mut self, first: &Scalar, second: &Scalar) -> Result<Position, Refusal> {
        let step_m = first.step.min(second.step);
        let (at, crs) = match self
            .expectation
            .crs
            .clone()
            .filter(|crs| !crs.is_geographic() && crs.grid().is_none())
        {
            Some(crs) => (self.foreign_grid(first.value, second.value, &crs)?, crs),
            None => self.gauss_kruger(first, second)?,
        };
        let text = degrees_text(at);
        let told = Diagnostic::note("coordinate.projected")
            .arg("text", &self.original)
            .arg("crs", &crs);
        self.diagnostics
            .push(told.arg("repair", &text).repair(text));
        self.diagnostics.extend(crs.doubt());
        self.check_place(at)?;
        let original = self.original.clone();
        Ok(Position {
            lon: at.x,
            lat: at.y,
            precision_m: step_m,
            original,
            notation: Notation::GridMetres,
            crs,
        })
    }

    /// A declared system without Gauss–Krüger zones (UTM and others): the order given, or the only one that makes sense.
    fn foreign_grid(&mut self, first: f64, second: f64, crs: &Crs) -> Result<Coord<f64>, Refusal> {
        let home = |easting, northing| {
            crs.to_cgcs2000(easting, northing).ok().filter(|at| {
                self.expectation.is_at_home(*at) || self.expectation.envelope.is_none()
            })
        };
        if let Some(at) = home(first, second) {
            return Ok(at);
        }
        if let Some(at) = home(second, first) {
            self.tell_axes_exchanged(second, first);
            return Ok(at);
        }
        crs.to_cgcs2000(first, second)
            .ok()
            .ok_or_else(|| self.refusal("coordinate.not_convertible"))
    }

    fn gauss_kruger(
        &mut self,
        first: &Scalar,
        second: &Scalar,
    ) -> Result<(Coord<f64>, Crs), Refusal> {
        let grid = self.grid_position(first, second)?;
        match GridZone::of_prefixed_easting(grid.easting) {
            Some(zone) => {
                let crs = self.crs_in(zone);
                self.in_zone(grid, crs)
            }
            None => self.without_prefix(grid),
        }
    }

    /// Which of two numbers is the easting: by the zone number in front, else by the size.
    fn grid_position(&mut self, first: &Scalar, second: &Scalar) -> Result<GridPosition, Refusal> {
        let is_easting = |value: f64| {
            GridZone::of_prefixed_easting(value).is_some() || EASTINGS_M.contains(&value)
        };
        let fits = |easting: &Scalar, northing: &Scalar| {
            is_easting(easting.value) && NORTHINGS_M.contains(&northing.value)
        };
        let contradicts = |easting: &Scalar, northing: &Scalar| {
            easting.says_northing() == Some(true) || northing.says_northing() == Some(false)
        };
        let (given, exchanged) = (fits(first, second), fits(second, first));
        let grid = |easting: &Scalar, northing: &Scalar| GridPosition {
            easting: easting.value,
            northing: northing.value,
        };
        match (given, exchanged) {
            (false, false) => Err(self.refusal("coordinate.out_of_range")),
            // Near the equator both numbers may be either: only survey letters tell.
            (true, true) if contradicts(first, second) => Ok(grid(second, first)),
            (true, _) => Ok(grid(first, second)),
            (false, true) => {
                if !contradicts(first, second) {
                    self.tell_axes_exchanged(second.value, first.value);
                }
                Ok(grid(second, first))
            }
        }
    }

    fn tell_axes_exchanged(&mut self, easting: f64, northing: f64) {
        let told = match self.source {
            Source::Columns => Diagnostic::warning("coordinate.axes_exchanged"),
            Source::Pair => Diagnostic::note("coordinate.axes_exchanged"),
        };
        let repair = format!("{easting}, {northing}");
        self.diagnostics.push(
            told.arg("text", &self.original)
                .arg("repair", &repair)
                .repair(repair),
        );
    }

    /// The declared datum, or CGCS2000, in a zone. A declared zone that differs from the number in front is told.
    fn crs_in(&mut self, zone: GridZone) -> Crs {
        let declared = self.expectation.crs.as_ref();
        if let Some(other) = declared
            .and_then(Crs::grid)
            .filter(|other| other.central_meridian() != zone.central_meridian())
        {
            let told = Diagnostic::warning("coordinate.zone_differs").arg("text", &self.original);
            self.diagnostics
                .push(told.arg("declared", other.zone).arg("zone", zone.zone));
        }
        match declared {
            Some(Crs::Beijing54 { .. }) => Crs::Beijing54 { grid: Some(zone) },
            Some(Crs::Xian80 { .. }) => Crs::Xian80 { grid: Some(zone) },
            _ => Crs::GaussKruger {
                width: zone.width,
                zone: zone.zone,
                prefixed: zone.prefixed,
            },
        }
    }

    fn in_zone(&self, grid: GridPosition, crs: Crs) -> Result<(Coord<f64>, Crs), Refusal> {
        match grid.to_cgcs2000(&crs) {
            Ok(at) => Ok((at, crs)),
            Err(_) => Err(self.refusal("coordinate.not_convertible")),
        }
    }

    /// An easting without zone number: the declared zone, or the only zone that puts it where it should be.
    fn without_prefix(&mut self, grid: GridPosition) -> Result<(Coord<f64>, Crs), Refusal> {
        if let Some(zone) = self.expectation.crs.as_ref().and_then(Crs::grid) {
            let crs = self.crs_in(GridZone {
                prefixed: false,
                ..zone
            });
            return self.in_zone(grid, crs);
        }
        let zones = self.candidate_zones();
        let mut home: Vec<(Coord<f64>, Crs)> = Vec::new();
        for zone in &zones {
            let (at, crs) = self.in_zone(grid, self.crs_of_candidate(*zone))?;
            if self.expectation.is_at_home(at) {
                home.push((at, crs));
            }
        }
        match home.pop() {
            Some(only) if home.is_empty() => {
                let told =
                    Diagnostic::warning("coordinate.zone_guessed").arg("text", &self.original);
                self.diagnostics.push(told.arg("crs", &only.1));
                Ok(only)
            }
            _ => {
                let names: Vec<String> = zones.iter().map(|zone| zone.zone.to_string()).collect();
                let mut refusal = self.refusal("coordinate.zone_ambiguous");
                *refusal = refusal.arg(
                    "zones",
                    if names.is_empty() {
                        "-".to_owned()
                    } else {
                        names.join(", ")
                    },
                );
                Err(refusal)
            }
        }
    }

    fn crs_of_candidate(&self, zone: GridZone) -> Crs {
        match self.expectation.crs {
            Some(Crs::Beijing54 { .. }) => Crs::Beijing54 { grid: Some(zone) },
            Some(Crs::Xian80 { .. }) => Crs::Xian80 { grid: Some(zone) },
            _ => Crs::GaussKruger {
                width: zone.width,
                zone: zone.zone,
                prefixed: false,
            },
        }
    }

    /// The zones the expected envelope touches, one for each central meridian: a 6-degree zone that shares its meridian
    /// with a 3-degree one gives the same position.
    fn candidate_zones(&self) -> Vec<GridZone> {
        let Some([west, _, east, _]) = self.expectation.envelope else {
            return Vec::new();
        };
        let mut zones: Vec<GridZone> = Vec::new();
        for width in [ZoneWidth::Three, ZoneWidth::Six] {
            for zone in width.chinese_zones() {
                let candidate = GridZone {
                    width,
                    zone,
                    prefixed: false,
                };
                let (center, half) = (candidate.central_meridian(), width.degrees() / 2.0);
                let is_touched = center - half <= east && west <= center + half;
                if is_touched && zones.iter().all(|other| other.central_meridian() != center) {
                    zones.push(candidate);
                }
            }
        }
        zones
    }
}
