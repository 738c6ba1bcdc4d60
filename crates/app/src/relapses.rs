//! 复发疑似 — a clue that lies on a site closed out as put right, noted by itself when the clue comes in or is linked.

use std::collections::BTreeMap;

use domain::dossier::Dossier;
use domain::entries::ClueReceived;
use domain::entry::{Entry, EntryBody};
use domain::ids::{ClueId, EntryId, SiteId, StreamId};
use domain::issue::Issue;
use domain::relapse::{self, Lying};
use geo_types::{Geometry, Point};
use spatial::matching::MatchIndex;

use crate::error::Error;
use crate::messages::{Language, Messages};
use crate::session::Session;

/// 已销号点位 — the sites with an issue that was closed out as put right and has not come back.
#[derive(Default)]
pub(crate) struct ClosedSites(Vec<Closed>);

struct Closed {
    site_id: SiteId,
    site_code: String,
    place: Option<Geometry<f64>>,
    issues: Vec<Issue>,
}

impl ClosedSites {
    /// Keeps a site in mind if it is one of them.
    pub(crate) fn watch(&mut self, dossier: &Dossier) {
        let issues = dossier.issues.iter().filter(|i| relapse::is_watched(i));
        let issues: Vec<Issue> = issues.cloned().collect();
        if issues.is_empty() {
            return;
        }
        let facts = &dossier.facts;
        let point = facts.lon.zip(facts.lat).map(|p| Point::from(p).into());
        self.0.push(Closed {
            site_id: dossier.site_id,
            site_code: dossier.site_code.clone(),
            place: facts.shape.as_ref().map(|s| s.0.clone()).or(point),
            issues,
        });
    }

    /// The relapses that entries about to be appended make suspect, each with its site's code. The clues are among the
    /// entries, or known where only their links are.
    pub(crate) fn suspected_by(
        &self,
        session: &Session,
        entries: &[Entry],
    ) -> Result<Vec<(String, Entry)>, Error> {
        if self.0.is_empty() {
            return Ok(Vec::new());
        }
        let mut clues: BTreeMap<ClueId, ClueReceived> = BTreeMap::new();
        let mut links: BTreeMap<ClueId, SiteId> = BTreeMap::new();
        for entry in entries {
            match &entry.body {
                EntryBody::ClueReceived(b) => {
                    clues.insert(b.clue_id, (**b).clone());
                }
                EntryBody::ClueLinked(b) => {
                    links.extend(entry.stream.as_site().map(|site| (b.clue_id, site)));
                }
                _ => {}
            }
        }
        for clue in links.keys() {
            if !clues.contains_key(clue) {
                let known = session.register.find_clue(*clue)?;
                clues.extend(known.map(|c| (*clue, c.received.body)));
            }
        }
        let places = (0_u32..).zip(&self.0);
        let index = MatchIndex::build(places.filter_map(|(at, c)| Some((at, c.place.clone()?))));
        let chinese = Messages::load(Language::Chinese);
        let mut suspected = Vec::new();
        for clue in clues.values() {
            let linked = links.get(&clue.clue_id);
            let mut lying: BTreeMap<usize, Lying> = BTreeMap::new();
            let of_link = self.0.iter().position(|c| Some(&c.site_id) == linked);
            if let Some(at) = of_link {
                lying.entry(at).or_default().is_linked = true;
            }
            let shape = clue.facts.shape.as_ref();
            for found in shape.iter().flat_map(|s| index.candidates(&s.0, 0.0)) {
                let of_site = lying.entry(found.id as usize).or_default();
                of_site.overlap_m2 = found.overlap_m2;
                of_site.share_of_clue = found.share_of_new;
                of_site.share_of_site = found.share_of_known;
            }
            for (at, lying) in lying {
                let closed = &self.0[at];
                let entries = closed.suspected(session, clue, lying, &chinese);
                suspected.extend(entries.map(|e| (closed.site_code.clone(), e)));
            }
        }
        Ok(suspected)
    }
}

impl Closed {
    fn suspected<'a>(
        &'a self,
        session: &'a Session,
        clue: &'a ClueReceived,
        lying: Lying,
        chinese: &'a Messages,
    ) -> impl Iterator<Item = Entry> + 'a {
        let closing = session.campaign.closing.as_ref();
        self.issues.iter().filter_map(move |issue| {
            let suspected = relapse::of_clue(closing?, issue, clue, lying)?;
            let mut body = suspected.body;
            let mut args = suspected.args;
            if clue.is_confidential {
                // Its number would tell those who must not know that somebody complained.
                args.insert("clue".to_owned(), clue.clue_id.to_string());
            }
            body.reason = session.suspicion_text(chinese, suspected.code, &args);
            let (issue_id, clue_id) = (issue.id.to_string(), clue.clue_id.to_string());
            let seed: [&[u8]; 3] = [
                b"relapse.suspected",
                issue_id.as_bytes(),
                clue_id.as_bytes(),
            ];
            Some(Entry {
                id: EntryId::derived(issue.opened.occurred_at, &seed),
                stream: StreamId::site(self.site_id),
                based_on: None,
                body: body.into(),
                author: session.system_author(chinese),
                occurred_at: session.now,
                clocks: None,
                stamp: None,
            })
        })
    }
}
