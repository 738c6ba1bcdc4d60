//! 动态 — what was entered last about sites the actor may read.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use domain::as_of::AsOf;
use domain::ids::{EntryId, SiteId, StreamId};
use domain::policy::Action;
use jiff::Timestamp;

use crate::error::Error;
use crate::session::Session;

/// One thing that was entered.
pub struct FeedItem {
    pub entry_id: EntryId,
    pub site_code: String,
    pub title: String,
    pub summary: String,
    pub recorded_at: Timestamp,
}

/// One deadline that runs.
pub struct DeadlineItem {
    pub uid: String,
    pub title: String,
    pub text: String,
    pub due_on: jiff::civil::Date,
}

/// Deadlines told.
const MOST_DEADLINES: usize = 500;
/// Entries told.
const MOST: usize = 100;
/// Entries looked back over.
const BACK: u64 = 5_000;

impl Session {
    /// The latest entries about sites, the newest first, within what the actor may read.
    pub fn latest_changes_told(&self) -> Result<Vec<FeedItem>, Error> {
        self.may_read_lists(Action::ReadLedgers)?;
        let size = self.register.log_size()?;
        let mut ids = Vec::new();
        self.register
            .stored_entries::<Error>(size.saturating_sub(BACK), size, |entry| {
                let site = StreamId(entry.stream.to_owned()).as_site();
                if let (Some(site), Ok(id)) = (site, entry.entry_id.parse::<EntryId>()) {
                    ids.push((site, id));
                }
                Ok(())
            })?;
        let mut codes: BTreeMap<SiteId, Option<String>> = BTreeMap::new();
        let mut told = Vec::new();
        for (site, id) in ids.into_iter().rev() {
            if told.len() >= MOST {
                break;
            }
            let code = match codes.entry(site) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => {
                    let dossier = self.register.find_dossier(site, AsOf::Now)?;
                    let seen = dossier
                        .filter(|d| self.sees(Action::ReadLedgers, d.facts.station_id.as_deref()))
                        .map(|d| d.site_code);
                    new.insert(seen)
                }
            };
            let Some(code) = code else {
                continue;
            };
            let item = self
                .timeline(code, AsOf::Now)?
                .into_iter()
                .find(|i| i.entry_id == id);
            told.extend(item.map(|item| FeedItem {
                entry_id: id,
                site_code: code.clone(),
                title: format!("{code} {}", item.title),
                summary: item.summary,
                recorded_at: item.recorded_at,
            }));
        }
        Ok(told)
    }

    /// Deadlines of issues the actor may read, the nearest first.
    pub fn deadlines_told(
        &self,
        atlases: &crate::atlas::Atlases,
    ) -> Result<Vec<DeadlineItem>, Error> {
        if self.may_read_lists(Action::ReadLedgers).is_err() {
            return Ok(Vec::new());
        }
        let atlas = self.atlas(atlases, AsOf::Now)?;
        let table = &atlas.issues;
        let eyes = self.issue_eyes(Action::ReadLedgers, table);
        let lines = table.lines().iter().filter(|l| eyes.see(l));
        let mut told: Vec<DeadlineItem> = lines
            .flat_map(|line| {
                let running = line.words.deadlines.iter();
                running
                    .map(move |(timer, due_on)| (table.timer(*timer), *due_on))
                    .map(move |(timer, due_on)| DeadlineItem {
                        uid: format!("{}.{timer}", line.id),
                        title: format!("{} {}", self.timer_label(timer), line.code),
                        text: line.words.description.to_string(),
                        due_on,
                    })
            })
            .collect();
        told.sort_by(|a, b| (a.due_on, &a.uid).cmp(&(b.due_on, &b.uid)));
        told.truncate(MOST_DEADLINES);
        Ok(told)
    }
}
