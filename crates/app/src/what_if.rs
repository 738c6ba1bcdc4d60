//! 假设推演 — every site judged twice, under two rule sets, days or boundary versions; what would change and why.
//! Nothing is written.

use std::path::{Path, PathBuf};

use domain::as_of::AsOf;
use domain::dossier::Dossier;
use domain::entries::BoundaryAdopted;
use domain::entry::EntryBody;
use domain::ids::SiteId;
use domain::policy::Action;
use geo::BooleanOps;
use geo_types::{Geometry, MultiPolygon};
use jiff::civil::Date;
use rules::Explain;
use serde::Serialize;
use spatial::diagnostic::Diagnostic;

use crate::error::Error;
use crate::geography::polygons;
use crate::import::{ImportKind, ImportRequest};
use crate::judging_book::JudgingBook;
use crate::ledgers::LedgerScope;
use crate::proposals::{Difference, Ground, SiteJudgement, differences, geometry_of};
use crate::session::Session;

/// 推演请求 — two of anything are compared, one replaces what is in force.
#[derive(Debug, Clone, Default)]
pub struct WhatIfRequest {
    /// Folders of rule sets.
    pub tables: Vec<PathBuf>,
    pub as_of: Vec<Date>,
    /// Names of adopted boundary versions, or files of proposed ones.
    pub zones: Vec<String>,
    /// System of positions of proposed boundaries, where the file does not say.
    pub crs: Option<spatial::crs::Crs>,
}

/// 推演结果 — which sites would be judged otherwise.
#[derive(Debug, Clone, Serialize)]
pub struct WhatIf {
    pub before: WorldShown,
    pub after: WorldShown,
    /// Sites judged in both.
    pub site_count: usize,
    pub changed: Vec<Changed>,
    /// Sites where only the deciding row or the measures differ.
    pub reworded: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boundary: Option<BoundaryChange>,
}

/// 一方 — what one side is judged with.
#[derive(Debug, Clone, Serialize)]
pub struct WorldShown {
    pub tables_version: String,
    pub as_of: Date,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boundary_version: Option<String>,
}

/// 变动点位 — a site whose verdict, grade or category would change.
#[derive(Debug, Clone, Serialize)]
pub struct Changed {
    pub site_id: SiteId,
    pub site_code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facility_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub station_id: Option<String>,
    pub before: Side,
    pub after: Side,
    pub differences: Vec<Difference>,
    pub reasons: Vec<Diagnostic>,
    /// A problem before and none after.
    pub is_legalised: bool,
    #[serde(skip)]
    pub geometry: Option<Geometry<f64>>,
}

/// 一方结果 — what one side says of a site.
#[derive(Debug, Clone, Serialize)]
pub struct Side {
    pub verdict: String,
    pub is_problem: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    pub focus: String,
    pub row: String,
    pub zone: String,
    pub basis: Vec<String>,
}

/// 边界变动 — ground and sites that leave or enter the reserve.
#[derive(Debug, Clone, Serialize)]
pub struct BoundaryChange {
    pub before_area_m2: f64,
    pub after_area_m2: f64,
    pub leaving_area_m2: f64,
    pub entering_area_m2: f64,
    pub leaving_sites: Vec<String>,
    pub entering_sites: Vec<String>,
    /// Sites that stay inside in another zone.
    pub rezoned_sites: Vec<String>,
    /// Sites that are a problem before and none after.
    pub legalised_sites: Vec<String>,
    #[serde(skip)]
    pub leaving: MultiPolygon<f64>,
    #[serde(skip)]
    pub entering: MultiPolygon<f64>,
}

impl Session {
    /// Judges every site of the scope on both sides.
    pub fn what_if(&self, request: &WhatIfRequest, scope: &LedgerScope) -> Result<WhatIf, Error> {
        self.may_somewhere(Action::Judge)?;
        let books = two(&request.tables, |folder| JudgingBook::load(folder))?;
        let built_in = JudgingBook::built_in()?;
        let book = |i: usize| books[i].as_ref().unwrap_or(built_in);
        let today = self.today();
        let days = match request.as_of[..] {
            // One day is the day of both sides; one rule set or boundary replaces what is in force.
            [day] => [day, day],
            _ => two(&request.as_of, |day| Ok(*day))?.map(|d| d.unwrap_or(today)),
        };
        let zones = two(&request.zones, |name| self.boundary_meant(name, request))?;
        let mut grounds = [
            self.ground(book(0), days[0])?,
            self.ground(book(1), days[1])?,
        ];
        for (ground, adopted) in grounds.iter_mut().zip(&zones) {
            if let Some(adopted) = adopted {
                self.put_in_force(ground, adopted.clone())?;
            }
        }
        // Both sides see what is known by the later day, so that only rules, day and boundary differ.
        let known = AsOf::Day(days[0].max(days[1]));
        let mut result = self.compare(&grounds, known, scope)?;
        if !request.zones.is_empty() {
            result.1.boundary = boundary_change(&grounds, &result.0);
        }
        Ok(result.1)
    }

    fn compare(
        &self,
        grounds: &[Ground<'_>; 2],
        known: AsOf,
        scope: &LedgerScope,
    ) -> Result<(Vec<Changed>, WhatIf), Error> {
        let mut all = Vec::new();
        for site in self.sites(known)? {
            let dossier = &site.dossier;
            let station = dossier.facts.station_id.as_deref();
            if dossier.state.counts() && scope.holds(station) && self.sees(Action::Judge, station) {
                all.push(self.judged_twice(grounds, dossier)?);
            }
        }
        let differs = |c: &&Changed| {
            c.differences
                .iter()
                .any(|d| matches!(d.member.as_str(), "verdict" | "severity" | "focus"))
        };
        let changed: Vec<Changed> = all.iter().filter(differs).cloned().collect();
        let reworded = all
            .iter()
            .filter(|c| !c.differences.is_empty() && !differs(c))
            .count();
        let result = WhatIf {
            before: shown(&grounds[0]),
            after: shown(&grounds[1]),
            site_count: all.len(),
            changed,
            reworded,
            boundary: None,
        };
        Ok((all, result))
    }

    fn judged_twice(&self, grounds: &[Ground<'_>; 2], dossier: &Dossier) -> Result<Changed, Error> {
        let before = self.judge_dossier(&grounds[0], dossier, Explain::Row)?;
        let after = self.judge_dossier(&grounds[1], dossier, Explain::Row)?;
        let changes = match (&before.proposal, &after.proposal) {
            (Some(before), Some(after)) => differences(before, after),
            _ => Vec::new(),
        };
        let (old, new) = (side(&before), side(&after));
        let is_legalised = old.is_problem == "yes" && new.is_problem == "no";
        let reasons = match changes.is_empty() {
            true => Vec::new(),
            false => self.reasons(&before, &after),
        };
        Ok(Changed {
            site_id: dossier.site_id,
            site_code: dossier.site_code.clone(),
            facility_name: dossier.facts.facility_name.clone(),
            station_id: dossier.facts.station_id.clone(),
            before: old,
            after: new,
            differences: changes,
            reasons,
            is_legalised,
            geometry: geometry_of(dossier),
        })
    }

    /// Why two results differ: facts, clauses, rows.
    fn reasons(&self, before: &SiteJudgement, after: &SiteJudgement) -> Vec<Diagnostic> {
        let mut reasons = Vec::new();
        let ruleset = JudgingBook::built_in().map(|b| &b.ruleset).ok();
        let table = before.sheet.table.as_deref().unwrap_or_default();
        let fields = ruleset.map_or(Vec::new(), |r| r.inputs(table));
        for field in &fields {
            let value = |j: &SiteJudgement| {
                let found = j.sheet.find(&field.name);
                let unknown = || self.messages.text("judge.unknown", &[]);
                found.map_or_else(unknown, |f| field.words.label(&f.value).to_owned())
            };
            let (old, new) = (value(before), value(after));
            if old != new {
                reasons.push(
                    Diagnostic::note("what_if.fact_differs")
                        .arg("label", &field.label)
                        .arg("before", old)
                        .arg("after", new),
                );
            }
        }
        let (old, new) = (side(before), side(after));
        let lacking = |of: &Side, other: &Side| {
            let only = of.basis.iter().filter(|c| !other.basis.contains(c));
            only.map(|c| self.citation(c))
                .collect::<Vec<_>>()
                .join("、")
        };
        let (gone, come) = (lacking(&old, &new), lacking(&new, &old));
        if !gone.is_empty() {
            reasons.push(Diagnostic::note("what_if.clauses_gone").arg("clauses", gone));
        }
        if !come.is_empty() {
            reasons.push(Diagnostic::note("what_if.clauses_come").arg("clauses", come));
        }
        if old.row != new.row {
            reasons.push(
                Diagnostic::note("what_if.row_differs")
                    .arg("before", &old.row)
                    .arg("after", &new.row),
            );
        }
        if reasons.is_empty() {
            reasons.push(Diagnostic::note("what_if.same_row").arg("row", &new.row));
        }
        reasons
    }

    /// An adopted version by name, or a file of a proposed one, read and not kept.
    fn boundary_meant(
        &self,
        name: &str,
        request: &WhatIfRequest,
    ) -> Result<BoundaryAdopted, Error> {
        let adopted = self
            .register
            .boundaries(&self.reserve.reserve_code, AsOf::Now)?;
        let named = adopted
            .iter()
            .rev()
            .find(|b| b.body.boundary_version == name);
        if let Some(found) = named {
            return Ok(found.body.clone());
        }
        let path = Path::new(name);
        if !path.is_file() {
            let known: Vec<&str> = adopted
                .iter()
                .map(|b| b.body.boundary_version.as_str())
                .collect();
            return Err(Error::rejected(
                Diagnostic::error("what_if.no_such_boundary")
                    .arg("name", name)
                    .arg("known", known.join("、")),
            ));
        }
        let staged = self.stage(ImportRequest {
            crs: request.crs.clone(),
            version_name: path.file_stem().map(|s| s.to_string_lossy().into_owned()),
            ..ImportRequest::new(ImportKind::Boundary, path)
        })?;
        let sha256 = staged.loaded.sha256.clone();
        let proposed = staged.entries.into_iter().find_map(|e| match e.body {
            EntryBody::BoundaryAdopted(body) => Some(*body),
            _ => None,
        });
        let known = || {
            let same = adopted.into_iter().find(|b| b.body.source_sha256 == sha256);
            same.map(|b| b.body)
        };
        proposed.or_else(known).ok_or_else(|| {
            Error::rejected(
                Diagnostic::error("what_if.no_such_boundary")
                    .arg("name", name)
                    .arg("known", ""),
            )
        })
    }

    /// Makes a version the one in force, whatever its own validity; later ones are left out.
    fn put_in_force(
        &self,
        ground: &mut Ground<'_>,
        mut adopted: BoundaryAdopted,
    ) -> Result<(), Error> {
        let from = adopted
            .valid_from_on
            .unwrap_or(ground.as_of)
            .min(ground.as_of);
        adopted.valid_from_on = Some(from);
        adopted.valid_to_on = None;
        let version = adopted.boundary_version.clone();
        ground.boundaries.retain(|b| {
            b.adopted.boundary_version != version
                && b.adopted.valid_from_on.is_none_or(|other| other <= from)
        });
        let laid = self.lay_boundary(adopted, None)?;
        ground.boundaries.push(laid);
        Ok(())
    }
}

/// Two sides of what was given: nothing, one that replaces what is in force, or both.
fn two<T, U>(given: &[T], read: impl Fn(&T) -> Result<U, Error>) -> Result<[Option<U>; 2], Error> {
    match given {
        [] => Ok([None, None]),
        [after] => Ok([None, Some(read(after)?)]),
        [before, after] => Ok([Some(read(before)?), Some(read(after)?)]),
        more => Err(Error::rejected(
            Diagnostic::error("what_if.too_many").arg("count", more.len()),
        )),
    }
}

fn shown(ground: &Ground<'_>) -> WorldShown {
    WorldShown {
        tables_version: ground.book.version.clone(),
        as_of: ground.as_of,
        boundary_version: ground
            .boundaries
            .last()
            .map(|b| b.adopted.boundary_version.clone()),
    }
}

fn side(judged: &SiteJudgement) -> Side {
    let proposal = judged.proposal.as_ref();
    let text =
        |of: &dyn Fn(&crate::proposals::Proposal) -> String| proposal.map_or(String::new(), of);
    Side {
        verdict: text(&|p| p.verdict.clone()),
        is_problem: text(&|p| p.is_problem.clone()),
        severity: proposal.and_then(|p| p.severity.clone()),
        focus: text(&|p| p.focus.clone()),
        row: text(&|p| p.row.clone()),
        zone: judged
            .sheet
            .find("zone")
            .map_or(String::new(), |f| f.value.clone()),
        basis: proposal.map_or(Vec::new(), |p| p.basis.clone()),
    }
}

fn boundary_change(grounds: &[Ground<'_>; 2], all: &[Changed]) -> Option<BoundaryChange> {
    let [before, after] = [0, 1].map(|i: usize| grounds[i].boundaries.last().map(|b| &b.adopted));
    let (before, after) = (before?, after?);
    let (old, new) = (polygons(&before.boundary), polygons(&after.boundary));
    let (leaving, entering) = (old.difference(&new), new.difference(&old));
    let area = |m: &MultiPolygon<f64>| {
        let m2 = spatial::geodesic::area_m2(&Geometry::MultiPolygon(m.clone()));
        // Nothing has no sign.
        (m2 * 100.0).round().max(0.0) / 100.0
    };
    let codes = |is: &dyn Fn(&Changed) -> bool| {
        all.iter()
            .filter(|c| is(c))
            .map(|c| c.site_code.clone())
            .collect::<Vec<_>>()
    };
    let is_out = |s: &Side| s.zone == "outside" || s.zone.is_empty();
    Some(BoundaryChange {
        before_area_m2: before.area_m2,
        after_area_m2: after.area_m2,
        leaving_area_m2: area(&leaving),
        entering_area_m2: area(&entering),
        leaving_sites: codes(&|c| !is_out(&c.before) && is_out(&c.after)),
        entering_sites: codes(&|c| is_out(&c.before) && !is_out(&c.after)),
        rezoned_sites: codes(&|c| {
            !is_out(&c.before) && !is_out(&c.after) && c.before.zone != c.after.zone
        }),
        legalised_sites: codes(&|c| c.is_legalised),
        leaving,
        entering,
    })
}
