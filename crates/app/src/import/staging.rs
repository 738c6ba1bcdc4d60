//! 暂存 — the working table of one import: known sites, entries in the making, diagnostics, fates of rows.

use std::collections::{BTreeMap, BTreeSet};

use domain::as_of::AsOf;
use domain::dossier::{Dossier, SiteState};
use domain::entries::{
    Basis, ClueFacts, ClueLinked, ClueReceived, SiteAmended, SiteFacts, SiteRegistered,
};
use domain::entry::{Entry, EntryBody};
use domain::ids::{BatchId, ClueId, EntryId, SiteId, StreamId};
use domain::numbering::SiteCode;
use domain::policy::Action as Right;
use domain::shape::Shape;
use geo_types::Geometry;
use jiff::Timestamp;
use jiff::civil::Date;
use spatial::diagnostic::{Diagnostic, Place, Severity};

use super::position;
use super::preview::{Action, Preview, RowOutcome};
use super::record::{Fields, Record};
use super::{Convention, ImportKind, ImportRequest, Loaded, MATCHED_AS_OF, batch_entry};
use crate::error::Error;
use crate::geography::{Geography, Located};
use crate::landing::{Known, Proposal, SiteBook, is_name, name_key};
use crate::relapses::ClosedSites;
use crate::session::{Session, start_of};

/// 暂存 — everything one import gathers before it is committed.
pub(super) struct Staging<'s> {
    pub session: &'s Session,
    pub request: &'s ImportRequest,
    pub loaded: &'s Loaded,
    pub batch_id: BatchId,
    pub source_kind: Option<String>,
    pub received_on: Date,
    pub convention: Convention,
    pub geography: Option<Geography>,
    pub book: SiteBook,
    /// In whose territory each site lies, by the station's id.
    stations: BTreeMap<SiteId, Option<String>>,
    /// Whether a site's outline is known, and by what weight: decides whether a further outline is told.
    outlined: BTreeSet<SiteId>,
    pub entries: Vec<Entry>,
    entry_ids: BTreeSet<EntryId>,
    pub diagnostics: Vec<Diagnostic>,
    pub preview: Preview,
    /// Files of the commit besides the imported one.
    pub files: Vec<Vec<u8>>,
    site_codes: Vec<SiteCode>,
    /// Codes of the sites the file speaks of.
    pub(super) spoken_of: BTreeSet<String>,
    /// Sites that a new clue would make suspect of a relapse.
    pub(super) closed: ClosedSites,
    /// When a person decided; what was undone can be decided again. Nothing for an import, which says a thing once.
    pub(super) decided_at: Option<Timestamp>,
}

impl<'s> Staging<'s> {
    /// An empty table over what the register knows now.
    pub(super) fn new(
        session: &'s Session,
        request: &'s ImportRequest,
        loaded: &'s Loaded,
        batch_id: BatchId,
    ) -> Result<Self, Error> {
        let speaks_of_sites = request.kind.speaks_of_sites();
        let geography = match speaks_of_sites {
            true => Some(session.geography(AsOf::Now)?),
            false => None,
        };
        let thresholds = session.campaign.thresholds.clone();
        let convention = Convention {
            declared: request.crs.clone().or_else(|| loaded.declared.clone()),
            envelope: geography.as_ref().and_then(Geography::envelope),
            max_distance_m: thresholds.outside_doubt_m,
        };
        let KnownSites {
            known,
            outlined,
            stations,
            site_codes,
            closed,
        } = match speaks_of_sites {
            true => known_sites(session)?,
            false => KnownSites::default(),
        };
        Ok(Self {
            source_kind: request
                .source_kind
                .clone()
                .or_else(|| request.kind.default_source().map(str::to_owned)),
            received_on: request
                .received_on
                .or(loaded.dated_on)
                .unwrap_or_else(|| session.today()),
            book: SiteBook::new(known, thresholds),
            session,
            request,
            loaded,
            batch_id,
            convention,
            geography,
            stations,
            outlined,
            entries: Vec::new(),
            entry_ids: BTreeSet::new(),
            diagnostics: loaded
                .diagnostics
                .iter()
                .cloned()
                .chain(undeclared_system(request, loaded))
                .collect(),
            preview: Preview::default(),
            files: Vec::new(),
            site_codes,
            spoken_of: BTreeSet::new(),
            closed,
            decided_at: None,
        })
    }

    /// Adds an entry unless the register or this import has it.
    pub(super) fn push(&mut self, entry: Entry) -> Result<bool, Error> {
        let is_known = self.entry_ids.contains(&entry.id)
            || self.session.register.find_entry(entry.id)?.is_some();
        if !is_known {
            self.entry_ids.insert(entry.id);
            self.entries.push(entry);
        }
        Ok(!is_known)
    }

    /// An entry whose id follows from stream, kind, day and `seed`.
    pub(super) fn say(
        &mut self,
        stream: StreamId,
        body: impl Into<EntryBody>,
        on: Date,
        seed: &[&[u8]],
    ) -> Result<bool, Error> {
        let entry = self.session.entry(stream, body, on, seed);
        self.push(entry)
    }

    /// What the ids of a clue's entries follow from: the clue, and the moment of a decision by hand.
    pub(super) fn clue_seed(&self, clue: ClueId) -> Vec<u8> {
        let moment = self.decided_at.map(|at| at.to_string());
        [clue.0.as_bytes(), moment.unwrap_or_default().as_bytes()].concat()
    }

    /// Notes what becomes of a row.
    pub(super) fn outcome(&mut self, record: &Record, title: Option<&str>, action: Action) {
        if let Action::NewSite { site_code }
        | Action::Linked { site_code, .. }
        | Action::Recorded { site_code } = &action
        {
            self.spoken_of.insert(site_code.clone());
        }
        let number = record.place.row.or(record.place.feature).unwrap_or(0);
        let sheet = record.place.sheet.clone();
        self.preview.rows.push(RowOutcome {
            number,
            sheet,
            title: title.unwrap_or("").to_owned(),
            zone_kind: None,
            at: match action {
                // Only for looking at; that the position is doubtful was said when the row was read.
                Action::Refused => position::place(&mut Fields::of(record), &self.convention)
                    .map(|placed| placed.geometry),
                _ => None,
            },
            action,
        });
    }

    /// Where a geometry lies, if there is a boundary to lay it over.
    pub(super) fn locate(&self, geometry: &Geometry<f64>) -> Located {
        self.geography
            .as_ref()
            .map(|g| g.locate(geometry))
            .unwrap_or_default()
    }

    /// Registers a site: its entry, and beside it the facts that follow from laying it over the zones.
    pub(super) fn register_site(
        &mut self,
        facts: SiteFacts,
        codes: &[&str],
        basis: Basis,
        on: Date,
        seed: &[u8],
    ) -> Result<Known, Error> {
        let located = facts.shape.as_ref().map(|s| self.locate(&s.0));
        let station = located
            .as_ref()
            .and_then(|l| l.facts.station_id.clone())
            .or_else(|| facts.station_id.clone());
        let site_code = self.next_code(station.as_deref())?;
        let site_id = SiteId::derived(start_of(on), &[seed]);
        self.stations.insert(site_id, station);
        let known = Known {
            site_id,
            site_code: site_code.clone(),
            names: facts
                .facility_name
                .as_deref()
                .map(name_key)
                .filter(|key| is_name(key))
                .into_iter()
                .collect(),
            activity_type_code: facts.activity_type_code.clone(),
            township: facts.township.clone(),
            geometry: facts.shape.as_ref().map(|s| s.0.clone()),
            codes: codes
                .iter()
                .map(|c| crate::landing::code_key(c))
                .chain([crate::landing::code_key(&site_code)])
                .collect(),
        };
        let body = SiteRegistered {
            site_id,
            site_code,
            reserve_code: self.session.reserve.reserve_code.clone(),
            campaign_id: self.session.campaign.id.clone(),
            basis,
            facts,
        };
        self.say(StreamId::site(site_id), body, on, &[seed])?;
        if let Some(located) = located {
            self.say_located(site_id, located, on, seed)?;
        }
        if known
            .geometry
            .as_ref()
            .is_some_and(crate::geography::is_areal)
        {
            self.outlined.insert(site_id);
        }
        self.book.add(known.clone());
        Ok(known)
    }

    /// Whether who imports may write to a site: a station's post only to those of its own territory.
    pub(super) fn may_touch(&self, site: SiteId) -> bool {
        let station = self.stations.get(&site).and_then(Option::as_deref);
        self.may_write_in(station)
    }

    /// Whether the actor may do this to a site.
    pub(super) fn may_at(&self, site: SiteId, action: Right) -> bool {
        let station = self.stations.get(&site).and_then(Option::as_deref);
        self.session.may(action, station).is_ok()
    }

    /// Whether who imports may register a site where a clue places it.
    pub(super) fn may_found(&self, clue: &ClueFacts, stated_station: Option<&str>) -> bool {
        let located = clue.shape.as_ref().map(|s| self.locate(&s.0));
        let station = located.and_then(|l| l.facts.station_id);
        self.may_write_in(station.as_deref().or(stated_station))
    }

    fn may_write_in(&self, station: Option<&str>) -> bool {
        let action = self.request.kind.action();
        self.session.may(action, station).is_ok()
    }

    /// Codes of the sites proposed, as far as who imports may see them.
    pub(super) fn seen_codes(&self, proposals: Vec<Proposal>) -> Vec<String> {
        let is_seen = |p: &Proposal| {
            let station = self.stations.get(&p.site_id).and_then(Option::as_deref);
            self.session.sees(Right::ReadLedgers, station)
        };
        let seen = proposals.into_iter().filter(is_seen);
        seen.map(|p| p.site_code).collect()
    }

    /// What follows from laying an outline over zones and stations; outweighs what anybody states.
    pub(super) fn say_located(
        &mut self,
        site: SiteId,
        located: Located,
        on: Date,
        seed: &[u8],
    ) -> Result<(), Error> {
        let body = SiteAmended {
            basis: Basis::Overlay,
            facts: located.facts,
        };
        self.say(StreamId::site(site), body, on, &[b"overlay", seed])?;
        Ok(())
    }

    fn next_code(&mut self, station_id: Option<&str>) -> Result<String, Error> {
        let campaign = &self.session.campaign;
        let numbering = campaign.numbering.as_ref().ok_or_else(|| {
            Error::rejected(
                Diagnostic::error("campaign.no_numbering").arg("campaign", &campaign.id),
            )
        })?;
        let part = station_id
            .and_then(|id| campaign.find_station(id))
            .map(|s| s.code.as_str());
        let code = numbering.next(campaign.year, part, &self.site_codes);
        let text = code.to_string();
        self.site_codes.push(code);
        Ok(text)
    }

    /// Further facts of a known site from one source. An outline is told only where none is known, so that a later
    /// clue's point does not stand against an earlier patch.
    pub(super) fn amend(
        &mut self,
        site: &Proposal,
        mut facts: SiteFacts,
        basis: Basis,
        on: Date,
        seed: &[u8],
    ) -> Result<(), Error> {
        let brings_outline = facts
            .shape
            .as_ref()
            .is_some_and(|s| crate::geography::is_areal(&s.0));
        let has_place = self
            .book
            .find(site.site_id)
            .is_some_and(|k| k.geometry.is_some());
        let is_wanted = !has_place || (brings_outline && !self.outlined.contains(&site.site_id));
        let located = match (&facts.shape, is_wanted) {
            (Some(shape), true) => Some(self.locate(&shape.0)),
            _ => {
                facts.shape = None;
                facts.lon = None;
                facts.lat = None;
                facts.precision_m = None;
                None
            }
        };
        if let Some(name) = &facts.facility_name {
            self.book.learn_name(site.site_id, name);
        }
        if facts != SiteFacts::default() {
            self.say(
                StreamId::site(site.site_id),
                SiteAmended { basis, facts },
                on,
                &[b"amend", seed],
            )?;
        }
        if let Some(located) = located {
            self.say_located(site.site_id, located, on, seed)?;
            self.outlined.insert(site.site_id);
        }
        Ok(())
    }

    /// The link between a clue and a site.
    pub(super) fn link(
        &mut self,
        clue: &ClueReceived,
        site: &Proposal,
        reason: Option<String>,
    ) -> Result<(), Error> {
        let body = ClueLinked {
            clue_id: clue.clue_id,
            batch_id: clue.batch_id,
            source_kind: clue.source_kind.clone(),
            external_code: clue.facts.external_code.clone(),
            received_on: clue.received_on,
            rule: site.rule.to_owned(),
            distance_m: site.distance_m,
            iou: site.iou,
            overlap_m2: site.overlap_m2,
            reason,
        };
        if let Some(code) = &clue.facts.external_code {
            self.book.learn_codes(site.site_id, &[code]);
        }
        let seed = self.clue_seed(clue.clue_id);
        self.say(
            StreamId::site(site.site_id),
            body,
            clue.received_on,
            &[&seed],
        )?;
        Ok(())
    }

    /// Whether the register has this clue already, word for word.
    pub(super) fn has_clue(&self, clue: ClueId) -> Result<bool, Error> {
        Ok(self.session.register.find_clue(clue)?.is_some())
    }

    /// State of a site as the register has it; one registered in this import has been seen by nobody.
    pub(super) fn state_of(&self, site: SiteId) -> &'static str {
        let dossier = self.session.register.find_dossier(site, AsOf::Now);
        let state = dossier.ok().flatten().map(|d| d.state);
        state.unwrap_or(SiteState::AwaitingVerification).code()
    }

    /// Counts of the diagnostics by code, for the batch's entry.
    pub(super) fn diagnostic_counts(&self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for diagnostic in &self.diagnostics {
            *counts.entry(diagnostic.code.to_string()).or_insert(0) += 1;
        }
        counts
    }

    /// Entries in order, the batch's own first; none where nothing is new.
    pub(super) fn finish(mut self) -> Result<(Vec<Entry>, Vec<Diagnostic>, Preview), Error> {
        told_once_a_layer(&mut self.diagnostics);
        self.suspect_relapses()?;
        let refused = self.preview.count(|a| matches!(a, Action::Refused));
        let same = self.preview.count(|a| matches!(a, Action::Same));
        let read = self.loaded.count().max(self.preview.rows.len());
        // A second sheet that says nothing new still says which sites the station named, and which it left out.
        let is_sheet = self.request.kind == ImportKind::Verifications;
        if self.entries.is_empty() && same == read && !is_sheet {
            return Ok((Vec::new(), self.diagnostics, self.preview));
        }
        let taken = self.preview.rows.len() - refused - same;
        let batch = batch_entry(&self, read as u64, taken as u64, refused as u64);
        // Tried again after rows were refused: the batch is on record, only what is new is added.
        if self.session.register.find_entry(batch.id)?.is_none() {
            self.entries.insert(0, batch);
        }
        Ok((self.entries, self.diagnostics, self.preview))
    }

    /// Clues of this import that lie on closed-out sites make a relapse suspect, by themselves.
    pub(super) fn suspect_relapses(&mut self) -> Result<(), Error> {
        let suspected = self.closed.suspected_by(self.session, &self.entries)?;
        for (site_code, entry) in suspected {
            let site = entry.stream.as_site();
            let station = site.and_then(|s| self.stations.get(&s)?.as_deref());
            let is_seen = self.session.sees(Right::ReadLedgers, station);
            if let EntryBody::RelapseSuspected(body) = &entry.body
                && is_seen
            {
                let told = Diagnostic::warning("import.relapse_suspected");
                let told = told.arg("site", &site_code).arg("reason", &body.reason);
                self.diagnostics.push(told);
            }
            self.push(entry)?;
        }
        Ok(())
    }

    /// Whether any of the diagnostics of one row keeps it out.
    pub(super) fn is_refused(found: &[Diagnostic]) -> bool {
        found.iter().any(|d| d.severity == Severity::Error)
    }
}

/// A fault of a whole layer was met with each of its features; it is told once, of the layer.
fn told_once_a_layer(diagnostics: &mut Vec<Diagnostic>) {
    let mut told: BTreeSet<(String, Option<String>)> = BTreeSet::new();
    diagnostics.retain_mut(|d| {
        if !position::is_of_layer(d) {
            return true;
        }
        (d.place.row, d.place.feature) = (None, None);
        told.insert((d.code.to_string(), d.place.layer.clone()))
    });
}

/// Positions in columns whose system neither the table nor the person names are read as CGCS2000; told once a file.
fn undeclared_system(request: &ImportRequest, loaded: &Loaded) -> Option<Diagnostic> {
    let is_declared = request.crs.is_some() || loaded.declared.is_some();
    let is_placed = |record: &Record| {
        record.geometry.is_none()
            && ["lon", "position"]
                .iter()
                .any(|field| record.values.contains_key(*field))
    };
    let place = Place {
        file: Some(loaded.file_name.clone()),
        ..Place::default()
    };
    (!is_declared && loaded.records.iter().any(is_placed))
        .then(|| Diagnostic::note("import.crs_not_declared").at(place))
}

/// The sites that a new clue may belong to.
#[derive(Default)]
struct KnownSites {
    known: Vec<Known>,
    outlined: BTreeSet<SiteId>,
    stations: BTreeMap<SiteId, Option<String>>,
    /// Every code ever given, those of merged and withdrawn sites too: none is given again.
    site_codes: Vec<SiteCode>,
    closed: ClosedSites,
}

fn known_sites(session: &Session) -> Result<KnownSites, Error> {
    let mut sites = KnownSites::default();
    session
        .register
        .dossiers::<Error>(MATCHED_AS_OF, |dossier: Dossier| {
            sites.site_codes.extend(dossier.site_code.parse().ok());
            if dossier.state.counts() {
                let is_outlined = dossier
                    .facts
                    .shape
                    .as_ref()
                    .is_some_and(|s| crate::geography::is_areal(&s.0));
                if is_outlined {
                    sites.outlined.insert(dossier.site_id);
                }
                sites.known.push(Known::of(&dossier));
                sites.closed.watch(&dossier);
                let station = dossier.facts.station_id;
                sites.stations.insert(dossier.site_id, station);
            }
            Ok(())
        })?;
    Ok(sites)
}

/// The facts of a site that a clue states.
pub(super) fn facts_of_clue(
    clue: &ClueFacts,
    station_id: Option<String>,
    zone_kind: Option<String>,
) -> SiteFacts {
    let point = clue
        .shape
        .as_ref()
        .and_then(|s| crate::geography::representative(&s.0));
    let is_areal = clue
        .shape
        .as_ref()
        .is_some_and(|s| crate::geography::is_areal(&s.0));
    SiteFacts {
        facility_name: clue.facility_name.clone(),
        activity_type_code: clue.activity_type_code.clone(),
        activity_subtype: clue.activity_subtype.clone(),
        lon: point.map(|p| crate::geography::degrees(p.x())),
        lat: point.map(|p| crate::geography::degrees(p.y())),
        precision_m: clue.precision_m,
        shape: clue.shape.clone(),
        stated_zone_kind: zone_kind,
        station_id: if clue.shape.is_some() {
            None
        } else {
            station_id
        },
        township: clue.township.clone(),
        location_text: clue.location_text.clone(),
        stated_area_m2: clue.stated_area_m2,
        area_m2: if is_areal { clue.area_m2 } else { None },
        built_on: clue.built_on,
        owner_name: clue.owner_name.clone(),
        current_status: clue.current_status.clone(),
        description: clue.summary.clone(),
        note: None,
        ..SiteFacts::default()
    }
}

/// The shape of a geometry as entries hold it.
pub(super) fn shape(geometry: &Geometry<f64>) -> Shape {
    Shape(geometry.clone())
}
