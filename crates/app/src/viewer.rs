//! 查看人 — who looks, under which setting: all that lists, figures and tiles depend on besides the atlas and what was
//! asked.

use std::ops::Deref;
use std::sync::Arc;

use domain::issue::built_in_flow;
use domain::ledger::Labels;
use domain::policy::{self, Action, Actor, Denied, Reach, Reason, Resource};

use crate::atlas::{ClueRow, Eyes, SiteFilter, SiteQuery, SiteTable, visible_stations};
use crate::error::Error;
use crate::ledgers::LedgerScope;
use crate::messages::Messages;
use crate::session::Setting;

/// 查看人 — an actor under a setting, with the words of their language.
#[derive(Clone)]
pub struct Viewer {
    pub setting: Setting,
    pub actor: Actor,
    pub messages: Arc<Messages>,
}

impl Deref for Viewer {
    type Target = Setting;

    fn deref(&self) -> &Setting {
        &self.setting
    }
}

impl Viewer {
    /// Asks the policy; what is asked about lies in this reserve and, if given, in a station's territory.
    pub fn may(&self, action: Action, station_id: Option<&str>) -> Result<(), Error> {
        Ok(policy::may(
            &self.actor,
            action,
            &self.resource(station_id),
        )?)
    }

    /// Asks the policy whether the post may do this to anything at all; lists are then filtered by its scope.
    pub fn may_somewhere(&self, action: Action) -> Result<(), Error> {
        match policy::scope_of(&self.actor, action) {
            policy::Scope::Nothing => self.may(action, None),
            _ => Ok(()),
        }
    }

    /// A role that may never read a list is told so; one whose scope is empty sees an empty list.
    pub(crate) fn may_read_lists(&self, action: Action) -> Result<(), Error> {
        match policy::reach(self.actor.role, action) {
            Reach::None => Err(Error::Forbidden(Denied {
                role: self.actor.role,
                action,
                reason: Reason::RoleMayNot,
            })),
            _ => Ok(()),
        }
    }

    /// The resource that stands for something in a station's territory.
    pub fn resource(&self, station_id: Option<&str>) -> Resource {
        Resource {
            reserve_code: Some(self.reserve.reserve_code.clone()),
            division_code: self.reserve.division_code.clone(),
            station_id: station_id.map(str::to_owned),
            ..Resource::default()
        }
    }

    /// Whether a list for `action` shows what lies in this station's territory.
    pub fn sees(&self, action: Action, station_id: Option<&str>) -> bool {
        policy::scope_of(&self.actor, action).covers(&self.resource(station_id))
    }

    /// Whether the actor may read a clue.
    pub fn sees_clue(&self, clue: &ClueRow) -> bool {
        self.sees_clue_at(clue.is_confidential, clue.station_id.as_deref())
    }

    /// The same of a clue that lies in a station's territory: the one rule for whoever asks.
    pub(crate) fn sees_clue_at(&self, is_confidential: bool, station_id: Option<&str>) -> bool {
        let action = match is_confidential {
            true => Action::ReadPetitions,
            false => Action::ReadClues,
        };
        self.sees(action, station_id)
    }

    /// What the actor sees of the sites.
    pub fn eyes(&self, table: &SiteTable) -> Eyes {
        let of = |action| visible_stations(&self.actor, action, &self.setting, &table.stations);
        Eyes {
            sites: of(Action::ReadLedgers),
            petitions: of(Action::ReadPetitions),
        }
    }

    /// The filter of a query.
    pub fn site_filter(&self, query: &SiteQuery, table: &SiteTable) -> Result<SiteFilter, Error> {
        let lead = match query.lead.as_deref() {
            Some(text) => match self.ledger_scope(None, Some(text))? {
                LedgerScope::Lead { station_ids, .. } => Some(station_ids),
                _ => None,
            },
            None => None,
        };
        SiteFilter::of(query, table, lead.as_deref())
    }

    /// The station meant by a text: id, code, name or synonym.
    pub fn load_station_id(&self, text: &str) -> Result<String, Error> {
        let found = self
            .campaign
            .find_station_by_text(text)
            .map(|s| s.id.clone());
        found.ok_or_else(|| Error::NotFound {
            what: "station",
            name: text.to_owned(),
        })
    }
}

impl Labels for Viewer {
    fn label(&self, list: &str, code: &str) -> String {
        match list {
            // States that came after a register was opened have their words from the table as shipped.
            "site_state" => {
                let own = self.campaign.flow.as_ref().map(|f| f.state_label(code));
                own.filter(|label| *label != code)
                    .unwrap_or_else(|| built_in_flow().state_label(code))
                    .to_owned()
            }
            _ if code == domain::statistics::UNKNOWN => self.messages.text("word.unknown", &[]),
            "determination" if code == domain::statistics::NOT_DETERMINED => {
                self.messages.text("word.not_determined", &[])
            }
            "station" => self
                .campaign
                .find_station(code)
                .map_or(code, |s| &s.name)
                .to_owned(),
            "clause" => self.citation(code),
            "measure" => self.judged_label("disposal", code),
            "yes_no" => self.messages.text(&format!("word.{code}"), &[]),
            _ => self
                .campaign
                .find_list(&self.codes, list)
                .map_or(code, |l| l.label(code))
                .to_owned(),
        }
    }
}
