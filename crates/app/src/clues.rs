//! 线索 — the inbox: list, look at likely sites, link, undo, keep apart.

use domain::as_of::AsOf;
use domain::dossier::Dossier;
use domain::entries::{Basis, ClueLinked, ClueReceived, ClueUnlinked, SiteAmended};
use domain::entry::Entry;
use domain::ids::{ClueId, StreamId};
use domain::policy::Action;
use register::{Clue, ClueState};
use spatial::diagnostic::Diagnostic;

use crate::amendments::checked_reason;
use crate::error::Error;
use crate::geography::Geography;
use crate::import::Matched;
use crate::landing::{Decision, Known, Proposal, SiteBook, Sought};
use crate::relapses::ClosedSites;
use crate::session::Session;

/// 待落点 — why a clue waits for a person, and the sites to look at.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// Code of a `doubt.` text.
    pub reason: &'static str,
    pub proposals: Vec<Proposal>,
}

impl From<Decision> for Waiting {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Same(site) => Self {
                reason: "decided_since",
                proposals: vec![site],
            },
            Decision::New => Self {
                reason: "none_known",
                proposals: Vec::new(),
            },
            Decision::Doubtful { reason, proposals } => Self { reason, proposals },
        }
    }
}

impl Session {
    /// Clues the actor may read, filtered by state and source.
    pub fn clues(
        &self,
        state: Option<&str>,
        source: Option<&str>,
        as_of: AsOf,
    ) -> Result<Vec<Clue>, Error> {
        let geography = self.geography_if_laid(AsOf::Now)?;
        let mut clues = Vec::new();
        self.register.clues::<Error>(as_of, |clue| {
            let body = &clue.received.body;
            let is_wanted = state.is_none_or(|s| clue.state.code() == s)
                && source.is_none_or(|s| body.source_kind == s);
            if is_wanted && self.sees_received(body, geography.as_ref()) {
                clues.push(clue);
            }
            Ok(())
        })?;
        Ok(clues)
    }

    /// Whether the actor may read a clue, by where it lies; without geography it lies nowhere.
    pub(crate) fn sees_received(&self, clue: &ClueReceived, geography: Option<&Geography>) -> bool {
        let placed = clue.facts.shape.as_ref().zip(geography);
        let station = placed.and_then(|(shape, g)| g.station_of(&shape.0));
        self.sees_clue_at(clue.is_confidential, station.as_deref())
    }

    /// A clue by id, or by the start of it or the number it was issued under.
    pub fn load_clue(&self, text: &str) -> Result<Clue, Error> {
        let wanted = crate::landing::code_key(text);
        let matches = |c: &Clue| {
            let body = &c.received.body;
            body.clue_id.to_string().starts_with(text)
                || body
                    .facts
                    .external_code
                    .as_deref()
                    .is_some_and(|code| crate::landing::code_key(code) == wanted)
        };
        let mut found: Vec<Clue> = self
            .clues(None, None, AsOf::Now)?
            .into_iter()
            .filter(matches)
            .collect();
        match found.len() {
            1 => Ok(found.remove(0)),
            _ => Err(Error::NotFound {
                what: "clue",
                name: text.to_owned(),
            }),
        }
    }

    /// Whether the actor may decide where a clue belongs: where it lies, it must be theirs.
    pub(crate) fn may_handle_clue(&self, clue: &Clue) -> Result<(), Error> {
        let shape = clue.received.body.facts.shape.as_ref();
        let station = match shape {
            Some(shape) => self
                .geography(AsOf::Now)
                .ok()
                .and_then(|g| g.station_of(&shape.0)),
            None => None,
        };
        self.may(Action::LinkClue, station.as_deref())
    }

    /// Why each clue waits for a person, and the sites it may belong to, most likely first.
    pub fn waiting(&self, clues: &[Clue]) -> Result<Vec<Waiting>, Error> {
        let mut known = Vec::new();
        self.register.dossiers::<Error>(AsOf::Now, |d| {
            if d.state.counts() && self.sees(Action::ReadLedgers, d.facts.station_id.as_deref()) {
                known.push(Known::of(&d));
            }
            Ok(())
        })?;
        let book = SiteBook::new(known, self.campaign.thresholds.clone());
        let decisions = clues
            .iter()
            .map(|c| book.decide(&Sought::of(&c.received.body.facts)));
        Ok(decisions.map(Waiting::from).collect())
    }

    /// Links open clues for which a stated rule has come to decide, since more is known of the sites; what a person
    /// took off a site is left alone. Tried only, unless `commit`.
    pub fn match_clues(&mut self, commit: bool) -> Result<Vec<Matched>, Error> {
        let open = self.clues(Some(ClueState::Open.code()), None, AsOf::Now)?;
        let (matched, entries) = crate::import::match_open(self, &open)?;
        if commit && !entries.is_empty() {
            self.register.append(&entries, self.now)?;
        }
        Ok(matched)
    }

    /// Links a clue to a site by a person's decision.
    pub fn link_clue(&mut self, clue: &str, site_code: &str, reason: &str) -> Result<(), Error> {
        let clue = self.load_clue(clue)?;
        let dossier = self.load_dossier_by_code(site_code, AsOf::Now)?;
        self.may(Action::LinkClue, dossier.facts.station_id.as_deref())?;
        refuse_linked(&clue)?;
        let reason = &checked_reason(reason)?;
        let mut entries = self.linked_by_hand(&clue.received.body, &dossier, reason);
        let mut closed = ClosedSites::default();
        closed.watch(&dossier);
        let suspected = closed.suspected_by(self, &entries)?;
        entries.extend(suspected.into_iter().map(|(_, entry)| entry));
        self.register.append(&entries, self.now)?;
        Ok(())
    }

    /// The entries that link a clue to a site by a person's decision.
    pub(crate) fn linked_by_hand(
        &self,
        body: &ClueReceived,
        dossier: &Dossier,
        reason: &str,
    ) -> Vec<Entry> {
        let linked = ClueLinked {
            clue_id: body.clue_id,
            batch_id: body.batch_id,
            source_kind: body.source_kind.clone(),
            external_code: body.facts.external_code.clone(),
            received_on: body.received_on,
            rule: "person".to_owned(),
            distance_m: None,
            iou: None,
            overlap_m2: None,
            reason: Some(reason.to_owned()),
        };
        let stream = StreamId::site(dossier.site_id);
        let mut facts = crate::import::facts_of_clue(&body.facts);
        if dossier.facts.shape.is_some() {
            // The outline on record stands; a clue's point is no better.
            (facts.shape, facts.lon, facts.lat, facts.precision_m) = (None, None, None, None);
        }
        let basis = Basis::Clue {
            clue_id: body.clue_id,
            batch_id: body.batch_id,
        };
        let mut entries = vec![
            self.by_hand(stream.clone(), linked, body.clue_id, reason),
            self.by_hand(stream, SiteAmended { basis, facts }, body.clue_id, reason),
        ];
        entries.extend(crate::import::carried_over(self, body, dossier.site_id));
        entries
    }

    /// Undoes a link; the link itself stays readable.
    pub fn unlink_clue(&mut self, clue: &str, reason: &str) -> Result<(), Error> {
        let clue = self.load_clue(clue)?;
        let site = clue.site_id.ok_or_else(|| Error::NotFound {
            what: "link",
            name: clue.received.body.clue_id.to_string(),
        })?;
        let station = self
            .register
            .load_dossier(site, AsOf::Now)?
            .facts
            .station_id;
        self.may(Action::UnlinkClue, station.as_deref())?;
        let reason = &checked_reason(reason)?;
        let clue_id = clue.received.body.clue_id;
        let body = ClueUnlinked {
            clue_id,
            reason: reason.to_owned(),
        };
        let entry = self.by_hand(StreamId::site(site), body, clue_id, reason);
        self.register.append(&[entry], self.now)?;
        Ok(())
    }

    /// Registers a site of its own for a clue that a person found to be none of the known ones; returns its code.
    pub fn separate_clue(&mut self, clue: &str, reason: &str) -> Result<String, Error> {
        let clue = self.load_clue(clue)?;
        let station = clue
            .received
            .body
            .facts
            .shape
            .as_ref()
            .and_then(|s| self.geography(AsOf::Now).ok()?.station_of(&s.0));
        self.may(Action::RegisterSite, station.as_deref())?;
        refuse_linked(&clue)?;
        let body = clue.received.body;
        let reason = &checked_reason(reason)?;
        let (code, entries) = crate::import::site_for_clue(self, &body, reason)?;
        self.register.append(&entries, self.now)?;
        Ok(code)
    }

    /// An entry made now by a person; the same decision for the same reason at the same moment is one entry.
    pub(crate) fn by_hand(
        &self,
        stream: StreamId,
        body: impl Into<domain::entry::EntryBody>,
        clue: ClueId,
        reason: &str,
    ) -> Entry {
        let moment = self.now.to_string();
        let mut entry = self.entry(
            stream,
            body,
            self.today(),
            &[&clue.0.into_bytes(), reason.as_bytes(), moment.as_bytes()],
        );
        entry.occurred_at = self.now;
        entry
    }
}

/// A clue belongs to one site at a time: the link there is has to be undone first.
pub(crate) fn refuse_linked(clue: &Clue) -> Result<(), Error> {
    if clue.state == ClueState::Linked {
        return Err(Error::rejected(Diagnostic::error("clue.already_linked")));
    }
    Ok(())
}
