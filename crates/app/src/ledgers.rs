//! 台账 — the three ledgers drawn for a scope as of a day, compared between days, and written to files.

use std::collections::{BTreeMap, BTreeSet};

use domain::as_of::AsOf;
use domain::campaign::{LedgerColumn, LedgerTemplate, LedgerView};
use domain::dossier::Dossier;
use domain::entries::LedgerExported;
use domain::ids::{EntryId, SiteId, StreamId};
use domain::ledger::{self, Cell, Focal, LedgerContext, LedgerDifference, LedgerRow};
use domain::policy::Action;
use domain::privacy;
use geo_types::Geometry;
use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};
use spatial::diagnostic::Diagnostic;

use crate::error::Error;
use crate::session::Session;
use crate::viewer::Viewer;

/// 台账范围 — a station, an area lead's stations, or the whole reserve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerScope {
    All,
    Station(String),
    /// Post of the lead with the ids of the stations led.
    Lead {
        post: String,
        station_ids: Vec<String>,
    },
}

impl LedgerScope {
    /// As written in entries: `all`, `station:<id>`, `lead:<post>`.
    pub fn code(&self) -> String {
        match self {
            Self::All => "all".to_owned(),
            Self::Station(id) => format!("station:{id}"),
            Self::Lead { post, .. } => format!("lead:{post}"),
        }
    }

    /// Whether a station's sites are in the scope.
    pub fn holds(&self, station: Option<&str>) -> bool {
        match self {
            Self::All => true,
            Self::Station(id) => station == Some(id),
            Self::Lead { station_ids, .. } => {
                station.is_some_and(|s| station_ids.iter().any(|id| id == s))
            }
        }
    }
}

/// 台账 — rows in order, with everything that lets the same rows be drawn again.
#[derive(Debug, Clone, Serialize)]
pub struct LedgerDrawn {
    #[serde(skip)]
    pub template: LedgerTemplate,
    #[serde(skip)]
    pub scope: LedgerScope,
    pub title: String,
    pub scope_label: String,
    pub as_of: String,
    /// Size and root hash of the log the rows follow from, exports left aside.
    pub log_size: u64,
    pub root_hash: String,
    /// SHA-256 over the rows' canonical JSON.
    pub rows_sha256: String,
    pub rows: Vec<LedgerRow>,
    #[serde(skip)]
    pub shapes: BTreeMap<SiteId, Geometry<f64>>,
    /// Sites whose owner is said to be a natural person.
    #[serde(skip)]
    persons: BTreeSet<SiteId>,
}

/// Columns that may hold a person's name.
const NAMED: [&str; 2] = ["owner_name", "responsible_person"];

impl LedgerDrawn {
    /// The same rows for readers who need not know who: of natural persons only the family name.
    pub fn masked(mut self) -> Result<Self, Error> {
        for row in &mut self.rows {
            let is_person = self.persons.contains(&row.site_id);
            for key in NAMED {
                if let Some(Cell::Text(name)) = row.cells.get_mut(key)
                    && (is_person && key == "owner_name" || privacy::is_like_a_person(name))
                {
                    *name = privacy::masked(name);
                }
            }
        }
        self.rows_sha256 = rows_sha256(&self.rows)?;
        Ok(self)
    }

    /// The same rows without some of their columns, which therefore are not in their hash either.
    pub fn without(mut self, hidden: &[String]) -> Result<Self, Error> {
        if hidden.is_empty() {
            return Ok(self);
        }
        if let Some(key) = hidden
            .iter()
            .find(|key| self.template.find_column(key).is_none())
        {
            let fault = Diagnostic::error("query.hidden").arg("text", key.as_str());
            return Err(Error::rejected(fault));
        }
        let frozen = usize::from(self.template.frozen_columns);
        let is_kept = |c: &LedgerColumn| !hidden.contains(&c.key);
        let still_frozen = self
            .template
            .columns
            .iter()
            .take(frozen)
            .filter(|c| is_kept(c))
            .count();
        self.template.frozen_columns = u16::try_from(still_frozen).unwrap_or_default();
        self.template.columns.retain(is_kept);
        for row in &mut self.rows {
            row.cells.retain(|key, _| !hidden.contains(key));
        }
        self.rows_sha256 = rows_sha256(&self.rows)?;
        Ok(self)
    }

    /// Numbers the rows as they stand now and takes their hash anew.
    pub(crate) fn renumber(&mut self) -> Result<(), Error> {
        for (i, row) in self.rows.iter_mut().enumerate() {
            if let Some(cell) = row.cells.get_mut("index") {
                *cell = Cell::Integer(i as i64 + 1);
            }
        }
        self.rows_sha256 = rows_sha256(&self.rows)?;
        Ok(())
    }
}

/// A dossier with its focal category, as of some day.
pub struct Site {
    pub dossier: Dossier,
    pub focal: Option<Focal>,
}

impl Viewer {
    /// The scope meant by the command line or request, checked against what the actor may read.
    pub fn ledger_scope(
        &self,
        station: Option<&str>,
        lead: Option<&str>,
    ) -> Result<LedgerScope, Error> {
        match (station, lead) {
            (Some(text), _) => Ok(LedgerScope::Station(self.load_station_id(text)?)),
            (None, Some(text)) => self.lead_scope(text),
            (None, None) => Ok(LedgerScope::All),
        }
    }

    fn lead_scope(&self, text: &str) -> Result<LedgerScope, Error> {
        let day = self.campaign.started_on;
        let led: Vec<_> = self
            .campaign
            .stations
            .iter()
            .filter_map(|s| Some((s, self.campaign.find_area_lead(&s.id, day)?)))
            .filter(|(s, post)| {
                post.id == text || post.label == text || s.id == text || s.name == text
            })
            .collect();
        let (_, post) = led.first().ok_or_else(|| Error::NotFound {
            what: "area_lead",
            name: text.to_owned(),
        })?;
        let station_ids = led.iter().map(|(s, _)| s.id.clone()).collect();
        Ok(LedgerScope::Lead {
            post: post.label.clone(),
            station_ids,
        })
    }

    /// How the scope is named in titles.
    pub fn scope_label(&self, scope: &LedgerScope) -> String {
        match scope {
            LedgerScope::All => self.reserve.name.clone(),
            LedgerScope::Station(id) => self
                .campaign
                .find_station(id)
                .map_or(id.clone(), |s| s.name.clone()),
            LedgerScope::Lead { post, .. } => post.clone(),
        }
    }
}

impl Session {
    /// All sites the actor may read as of a day, by code.
    pub fn sites(&self, as_of: AsOf) -> Result<Vec<Site>, Error> {
        let mut sites = Vec::new();
        self.register.dossiers::<Error>(as_of, |dossier| {
            if self.sees(Action::ReadLedgers, dossier.facts.station_id.as_deref()) {
                let focal = self.focal(&dossier);
                let dossier = self.as_seen(dossier);
                sites.push(Site { dossier, focal });
            }
            Ok(())
        })?;
        sites.sort_by(|a, b| a.dossier.site_code.cmp(&b.dossier.site_code));
        Ok(sites)
    }

    /// The sites with the log they follow from: where somebody writes meanwhile they are read again, in the end as of a log size.
    fn sites_with_basis(&self, as_of: AsOf) -> Result<(Vec<Site>, (u64, String)), Error> {
        for _ in 0..READINGS {
            let basis = self.basis(as_of)?;
            let sites = self.sites(as_of)?;
            if self.basis(as_of)? == basis {
                return Ok((sites, basis));
            }
        }
        let settled = match as_of {
            AsOf::Now => AsOf::LogSize(self.register.log_size()?),
            other => other,
        };
        let basis = self.basis(settled)?;
        Ok((self.sites(settled)?, basis))
    }

    /// Draws a ledger.
    pub fn draw_ledger(
        &self,
        view: LedgerView,
        scope: &LedgerScope,
        as_of: AsOf,
    ) -> Result<LedgerDrawn, Error> {
        let template = self.template(view)?.clone();
        let stations = self.station_names(as_of)?;
        let leads = self.area_leads();
        let context = LedgerContext {
            reserve: &self.reserve,
            stations: &stations,
            area_leads: &leads,
            labels: &self.viewer,
        };
        let keys: Vec<String> = template.columns.iter().map(|c| c.key.clone()).collect();
        let (sites, (log_size, root_hash)) = self.sites_with_basis(as_of)?;
        let held = |s: &&Site| {
            scope.holds(s.dossier.facts.station_id.as_deref())
                && ledger::holds(view, &s.dossier, s.focal.as_ref())
        };
        let chosen: Vec<&Site> = sites.iter().filter(held).collect();
        let mut rows: Vec<LedgerRow> = chosen
            .iter()
            .map(|s| ledger::row(&s.dossier, s.focal.as_ref(), &keys, &context))
            .collect();
        number(&mut rows);
        let persons = chosen
            .iter()
            .filter(|s| s.dossier.facts.owner_kind.as_deref() == Some("individual"))
            .map(|s| s.dossier.site_id)
            .collect();
        let shape = |s: &&Site| Some((s.dossier.site_id, s.dossier.facts.shape.clone()?.0));
        Ok(LedgerDrawn {
            title: template.title.clone(),
            scope_label: self.scope_label(scope),
            as_of: as_of.to_string(),
            log_size,
            root_hash,
            rows_sha256: rows_sha256(&rows)?,
            persons,
            shapes: chosen.iter().filter_map(shape).collect(),
            template,
            scope: scope.clone(),
            rows,
        })
    }

    pub(crate) fn template(&self, view: LedgerView) -> Result<&LedgerTemplate, Error> {
        let missing = || Error::NotFound {
            what: "ledger_template",
            name: view.code().to_owned(),
        };
        self.campaign.find_ledger(view).ok_or_else(missing)
    }

    pub(crate) fn area_leads(&self) -> BTreeMap<String, String> {
        let day = self.campaign.started_on;
        let lead = |id: &str| {
            self.campaign
                .find_area_lead(id, day)
                .map(|p| p.label.clone())
        };
        self.campaign
            .stations
            .iter()
            .filter_map(|s| Some((s.id.clone(), lead(&s.id)?)))
            .collect()
    }

    /// Log size and root hash that a view follows from: exports come after what they export and change no row.
    pub(crate) fn basis(&self, as_of: AsOf) -> Result<(u64, String), Error> {
        let size = match as_of {
            AsOf::LogSize(size) => size.min(self.register.log_size()?),
            _ => self.size_without_trailing_exports()?,
        };
        Ok((size, crate::hex(&self.register.root_at(size)?)))
    }

    fn size_without_trailing_exports(&self) -> Result<u64, Error> {
        let mut end = self.register.log_size()?;
        while end > 0 {
            let from = end.saturating_sub(EXPORTS_AT_ONCE);
            let mut last = None;
            self.register.stored_entries::<Error>(from, end, |e| {
                if e.kind != "ledger.exported" {
                    last = Some(e.seq + 1);
                }
                Ok(())
            })?;
            if let Some(size) = last {
                return Ok(size);
            }
            end = from;
        }
        Ok(0)
    }

    /// Compares a ledger between two days.
    pub fn diff_ledger(
        &self,
        view: LedgerView,
        scope: &LedgerScope,
        from: AsOf,
        to: AsOf,
    ) -> Result<LedgerDifference, Error> {
        let before = self.draw_ledger(view, scope, from)?;
        let after = self.draw_ledger(view, scope, to)?;
        Ok(ledger::difference(&before.rows, &after.rows))
    }

    /// Puts on record that a ledger was exported; the same rows to the same post are one fact.
    pub fn record_export(&mut self, drawn: &LedgerDrawn, format: &str) -> Result<(), Error> {
        let body = LedgerExported {
            view: drawn.template.view.code().to_owned(),
            scope: drawn.scope.code(),
            as_of: drawn.as_of.clone(),
            log_size: drawn.log_size,
            root_hash: drawn.root_hash.clone(),
            row_count: drawn.rows.len() as u64,
            rows_sha256: drawn.rows_sha256.clone(),
            format: format.to_owned(),
        };
        let seed = [
            body.view.as_str(),
            &body.scope,
            &body.as_of,
            &body.rows_sha256,
            format,
            &self.actor.id,
        ]
        .join("|");
        let mut entry = self.entry(StreamId::register(), body, self.today(), &[]);
        // The id follows from what was exported to whom, not from when: exporting the same rows again is the same fact.
        entry.id = EntryId::derived(
            Timestamp::UNIX_EPOCH,
            &[b"ledger.exported", seed.as_bytes()],
        );
        entry.occurred_at = self.now;
        if self.register.find_entry(entry.id)?.is_none() {
            self.register.append(&[entry], self.now)?;
        }
        Ok(())
    }
}

/// Times a ledger is read while others write before it is read as of a log size.
const READINGS: u32 = 3;

/// Entries looked at in one go while looking back for the last that is no export.
const EXPORTS_AT_ONCE: u64 = 64;

fn number(rows: &mut [LedgerRow]) {
    rows.sort_by(|a, b| (&a.station_id, &a.site_code).cmp(&(&b.station_id, &b.site_code)));
    for (i, row) in rows.iter_mut().enumerate() {
        if let Some(cell) = row.cells.get_mut("index") {
            *cell = Cell::Integer(i as i64 + 1);
        }
    }
}

fn rows_sha256(rows: &[LedgerRow]) -> Result<String, Error> {
    let text = serde_json::to_vec(rows).map_err(Error::internal)?;
    Ok(crate::hex(&Sha256::digest(text)))
}
