//! 发现落点 — clues that phones report get their batch and, where a stated rule decides, their site; every other one waits
//! for a person.

use std::collections::BTreeSet;

use domain::as_of::AsOf;
use domain::entries::{ClueBatchImported, ClueReceived};
use domain::entry::{Entry, EntryBody};
use domain::ids::{BatchId, EntryId, SiteId, StreamId};
use domain::policy::{Action, Actor, may};
use domain::shape::Shape;
use geo_types::Geometry;

use super::staging::Staging;
use super::{ImportKind, ImportRequest, Loaded, clues};
use crate::error::Error;
use crate::landing::{Decision, Sought};
use crate::session::{Session, start_of};

/// Characters of all that a phone says of one clue.
const LONGEST_SAID: usize = 20_000;
const SOURCE: &str = "patrol";

/// 线索附件 — what goes into the log beside a clue, and the file its batch names.
#[derive(Debug, Clone, Default)]
pub(crate) struct Beside {
    /// The batch, where it is new.
    pub(crate) before: Vec<Entry>,
    /// The link to a site, where a stated rule made it.
    pub(crate) after: Vec<Entry>,
    pub(crate) files: Vec<Vec<u8>>,
}

/// 发现落点 — what is known of sites, read once for all clues of a round.
pub(crate) struct FieldLanding<'s> {
    session: &'s Session,
    request: &'s ImportRequest,
    loaded: &'s Loaded,
    staging: Option<Staging<'s>>,
    begun: BTreeSet<BatchId>,
}

/// What a landing borrows; nothing is said of a file, because there is none.
pub(crate) fn nothing_said() -> (ImportRequest, Loaded) {
    (ImportRequest::new(ImportKind::Patrol, ""), Loaded::empty())
}

/// Whether a clue says what a phone may say: what was seen on a patrol, and where.
pub(crate) fn is_fit(entry: &Entry, clue: &ClueReceived) -> bool {
    let is_placed = |shape: &Shape| match &shape.0 {
        Geometry::Point(at) => at.x().abs() <= 180.0 && at.y().abs() <= 90.0,
        _ => false,
    };
    let said = serde_json::to_string(&clue.facts).unwrap_or_default();
    entry.stream == StreamId::clue_batch(clue.batch_id)
        && clue.source_kind == SOURCE
        && !clue.is_confidential
        && clue.carried_over.is_none()
        && clue.determination.is_none()
        && clue.facts.external_code.is_none()
        && clue.facts.shape.as_ref().is_none_or(is_placed)
        && said.chars().count() <= LONGEST_SAID
}

impl<'s> FieldLanding<'s> {
    pub(crate) fn new(
        session: &'s Session,
        (request, loaded): &'s (ImportRequest, Loaded),
    ) -> Self {
        Self {
            session,
            request,
            loaded,
            staging: None,
            begun: BTreeSet::new(),
        }
    }

    /// Whether the batch is one of this person's phone, or none yet; and the clue none that somebody else told.
    pub(crate) fn is_own(&self, entry: &Entry, clue: &ClueReceived) -> Result<bool, Error> {
        let register = &self.session.register;
        if register.find_clue(clue.clue_id)?.is_some() {
            return Ok(false);
        }
        let first = register.load_stream(&entry.stream)?.into_iter().next();
        Ok(first.is_none_or(|e| e.entry.author.actor == entry.author.actor))
    }

    /// What goes beside a clue that is about to be recorded.
    pub(crate) fn beside(
        &mut self,
        entry: &Entry,
        clue: &ClueReceived,
        actor: &Actor,
    ) -> Result<Beside, Error> {
        let mut beside = Beside::default();
        if let Some((batch, file)) = self.batch(entry, clue)? {
            beside.before.push(batch);
            beside.files.push(file);
        }
        let session = self.session;
        let staging = match &mut self.staging {
            Some(staging) => staging,
            none => none.insert(Staging::new(
                session,
                self.request,
                self.loaded,
                clue.batch_id,
            )?),
        };
        let before = staging.entries.len();
        staging.push(entry.clone())?;
        if let Decision::Same(site) = staging.book.decide(&Sought::of(&clue.facts))
            && is_own_site(session, actor, site.site_id)?
        {
            let drafted = clues::Drafted {
                clue: clue.clone(),
                station_id: None,
                zone_kind: None,
            };
            clues::link_to(staging, &drafted, &site)?;
        }
        staging.suspect_relapses()?;
        let made = staging.entries.split_off(before).into_iter();
        let made = made.filter(|e| e.id != entry.id);
        beside.after.extend(made.map(|e| Entry {
            author: entry.author.clone(),
            occurred_at: entry.occurred_at,
            ..e
        }));
        Ok(beside)
    }

    /// The batch a clue lies in, where nothing of it is known yet.
    fn batch(
        &mut self,
        entry: &Entry,
        clue: &ClueReceived,
    ) -> Result<Option<(Entry, Vec<u8>)>, Error> {
        let day = start_of(jiff::civil::date(2000, 1, 1));
        let seed: [&[u8]; 2] = [b"clue_batch of a patrol", clue.batch_id.0.as_bytes()];
        let id = EntryId::derived(day, &seed);
        let is_known =
            !self.begun.insert(clue.batch_id) || self.session.register.find_entry(id)?.is_some();
        if is_known {
            return Ok(None);
        }
        let file = serde_json::to_vec(&serde_json::json!({ "patrol": clue.batch_id.to_string() }))
            .map_err(Error::internal)?;
        let body = ClueBatchImported {
            batch_id: clue.batch_id,
            import_kind: SOURCE.to_owned(),
            source_kind: Some(SOURCE.to_owned()),
            file_name: clue.place.file_name.clone(),
            sha256: crate::sha256_hex(&file),
            size_bytes: file.len() as u64,
            sender: None,
            document_number: None,
            received_on: clue.received_on,
            rows_read: 0,
            rows_taken: 0,
            rows_refused: 0,
            mapping: None,
            site_codes: Vec::new(),
            diagnostics: std::collections::BTreeMap::new(),
        };
        let batch = Entry {
            id,
            stream: StreamId::clue_batch(clue.batch_id),
            based_on: None,
            body: EntryBody::from(body),
            author: entry.author.clone(),
            occurred_at: entry.occurred_at,
            clocks: None,
            stamp: None,
        };
        Ok(Some((batch, file)))
    }
}

/// Whether a site lies where the actor patrols; what lies elsewhere is for the office to link.
fn is_own_site(session: &Session, actor: &Actor, site: SiteId) -> Result<bool, Error> {
    let dossier = session.register.find_dossier(site, AsOf::Now)?;
    Ok(dossier.is_some_and(|d| {
        let resource = session.resource(d.facts.station_id.as_deref());
        may(actor, Action::RecordPatrol, &resource).is_ok()
    }))
}
