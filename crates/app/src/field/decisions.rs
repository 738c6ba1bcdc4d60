//! 处理 — what a person decides on items that no rule can: record as it is, merge field by field, or refuse with a reason.

use std::collections::BTreeMap;
use std::sync::Mutex;

use domain::as_of::AsOf;
use domain::entries::{Basis, ClueReceived, SiteAmended, SiteFacts};
use domain::entry::{Entry, EntryBody};
use domain::ids::{EntryId, SiteId, StreamId};
use domain::policy::{Action, Role};
use jiff::civil::Date;
use jiff::{Span, Timestamp};
use register::accounts::{Accounts, FieldItem, ItemQuery, Person};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use spatial::diagnostic::Diagnostic;
use utoipa::{IntoParams, ToSchema};

use super::items::body_of;
use super::settle::{
    Seen, carried_to, copy_of, measured, missing_files, recorded, station_of_stream,
};
use super::{Decided, Detail, ItemStatus, not_found, open, rejected};
use crate::amendments::nothing_appended;
use crate::error::Error;
use crate::import::{FieldLanding, nothing_said};
use crate::session::Session;

/// 处理请求 — the choice, for a merge whose value of each field, and why.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecisionRequest {
    /// `record`, `merge`, `refuse`.
    pub choice: String,
    /// For `merge`: `mine` or `theirs` of each clashing field.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    pub reason: String,
}

/// 送登件查询.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ItemFilter {
    /// States with commas between; `held,received` where none is said.
    pub state: Option<String>,
    /// Refused items since this day; of the last 30 days where it is not said.
    pub refused_since: Option<Date>,
    pub station: Option<String>,
    pub device: Option<String>,
    /// 50 where it is not said, at most 500.
    #[param(minimum = 0, maximum = 500)]
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<i64>,
}

/// 待处理送登件 — as the desk reads it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FieldItemView {
    #[serde(flatten)]
    pub status: ItemStatus,
    pub kind: String,
    pub kind_label: String,
    pub stream: String,
    pub site_code: Option<String>,
    /// Who made it.
    pub person: String,
    pub device_id: String,
    pub claimed_at: Timestamp,
    pub arrived_at: Timestamp,
    #[schema(value_type = Object)]
    pub body: Value,
}

/// 送登件清单.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FieldItems {
    pub total: u64,
    pub by_state: BTreeMap<String, u64>,
    pub items: Vec<FieldItemView>,
    pub next: Option<String>,
}

/// Codes of items that their maker's post did not reach.
const BEYOND_RIGHTS: [&str; 2] = ["field.other_station", "field.not_your_post"];
const USUAL_STATES: &str = "held,received";
/// How long refused items are shown without being asked for.
const REFUSED_SHOWN_DAYS: i64 = 30;
/// Bytes of bodies on one page; a page that would hold more ends earlier.
const LARGEST_PAGE: usize = 8 << 20;
/// A reason is a sentence, no essay.
const LONGEST_REASON: usize = 500;

/// States an item may be asked for by.
const STATES: [&str; 4] = ["received", "held", "recorded", "refused"];
/// Characters of a condition, and of a choice; choices of one merge.
const LONGEST_WORD: usize = 64;
const MOST_VALUES: usize = 64;

/// The states asked for, each once; what no list holds is told instead of looked for.
fn states_of(filter: &ItemFilter) -> Result<Vec<String>, Error> {
    let fault = |name: &str| Error::rejected(Diagnostic::error("field.query").arg("name", name));
    let is_long = |text: &Option<String>| {
        text.as_ref()
            .is_some_and(|t| t.chars().count() > LONGEST_WORD)
    };
    let named = [
        ("state", &filter.state),
        ("station", &filter.station),
        ("device", &filter.device),
    ];
    if let Some((name, _)) = named.iter().find(|(_, text)| is_long(text)) {
        return Err(fault(name));
    }
    let asked = filter.state.as_deref().unwrap_or(USUAL_STATES);
    let asked: Vec<&str> = asked.split(',').map(str::trim).collect();
    if asked.iter().any(|state| !STATES.contains(state)) {
        return Err(fault("state"));
    }
    let wanted = STATES.iter().filter(|state| asked.contains(state));
    Ok(wanted.map(|state| (*state).to_owned()).collect())
}

/// A phone may merge what is its own; all else is done at the desk.
pub fn only_merge() -> Error {
    rejected("session.token_scope")
}

fn no_such_choice(text: &str) -> Error {
    let text: String = text.chars().take(LONGEST_WORD).collect();
    Error::rejected(Diagnostic::error("field.choice").arg("text", text))
}

impl Session {
    /// Items that are not in the log, of the stations that the actor decides for; the newest first.
    pub fn field_items(
        &self,
        accounts: &Mutex<Accounts>,
        filter: &ItemFilter,
    ) -> Result<FieldItems, Error> {
        self.may_somewhere(Action::DecideItem)?;
        let states = states_of(filter)?;
        let stations = self.stations_decided_for(filter.station.as_deref());
        let usual = self
            .today()
            .saturating_sub(Span::new().days(REFUSED_SHOWN_DAYS));
        let limit = filter.limit.unwrap_or(50).min(500);
        let query = ItemQuery {
            states: &states,
            refused_since: crate::session::start_of(filter.refused_since.unwrap_or(usual)),
            device_id: filter.device.as_deref(),
            station_ids: stations.as_deref(),
            before: filter.cursor.unwrap_or(i64::MAX),
            limit: limit + 1,
        };
        let (counts, rows) = {
            let accounts = open(accounts);
            let counts = accounts.count_listed(&query)?;
            let rows = match limit {
                0 => Vec::new(),
                _ => accounts.list_items(&query)?,
            };
            (counts, rows)
        };
        let mut found = FieldItems {
            total: counts.iter().map(|(_, n)| n).sum(),
            by_state: counts.into_iter().collect(),
            items: Vec::new(),
            next: None,
        };
        let (mut last, mut size) = (i64::MAX, 0);
        for (at, item) in rows {
            // What was sent is read one by one: the accounts are everybody's.
            let item = open(accounts).find_item(&item.entry_id)?.unwrap_or(item);
            size += item.item_bytes.as_ref().map_or(0, Vec::len);
            let is_full = found.items.len() == limit as usize
                || (size > LARGEST_PAGE && !found.items.is_empty());
            if is_full {
                found.next = Some(last.to_string());
                break;
            }
            last = at;
            let person = open(accounts).find_person(&item.person_id)?;
            found.items.push(self.field_item_view(&item, person)?);
        }
        Ok(found)
    }

    /// Stations whose items the actor decides on; nothing where it is all of them.
    fn stations_decided_for(&self, asked: Option<&str>) -> Option<Vec<String>> {
        let sees = |id: &str| self.sees(Action::DecideItem, Some(id));
        if let Some(id) = asked {
            let own = Some(id.to_owned()).filter(|id| sees(id));
            return Some(own.into_iter().collect());
        }
        if self.sees(Action::DecideItem, None) {
            return None;
        }
        let all = self.campaign.stations.iter();
        Some(all.map(|s| s.id.clone()).filter(|id| sees(id)).collect())
    }

    /// The station whose head decides on an item: that of its site today, else its maker's.
    fn station_of_item(&self, item: &FieldItem) -> Result<Option<String>, Error> {
        let of_site = station_of_stream(self, &item.stream)?;
        Ok(of_site.or_else(|| item.station_id.clone()))
    }

    fn field_item_view(
        &self,
        item: &FieldItem,
        person: Option<Person>,
    ) -> Result<FieldItemView, Error> {
        let site = StreamId(item.stream.clone()).as_site();
        let dossier = match site {
            Some(site) => self.register.find_dossier(site, AsOf::Now)?,
            None => None,
        };
        let kinds = EntryBody::KINDS.iter();
        let label = kinds
            .filter(|(k, _)| *k == item.kind)
            .map(|(_, l)| *l)
            .next();
        Ok(FieldItemView {
            status: ItemStatus::of(item, &self.messages),
            kind: item.kind.clone(),
            kind_label: label.unwrap_or(&item.kind).to_owned(),
            stream: item.stream.clone(),
            site_code: dossier.map(|d| d.site_code),
            person: person.map_or_else(|| item.person_id.clone(), |p| p.name),
            device_id: item.device_id.clone(),
            claimed_at: item.claimed_at,
            arrived_at: item.arrived_at,
            body: body_of(item),
        })
    }

    /// Decides on a held item; the stream too, on which others may have waited. Whoever made it may merge it; all else is the head's of its station.
    pub fn decide_item(
        &mut self,
        accounts: &Mutex<Accounts>,
        id: &str,
        request: &DecisionRequest,
    ) -> Result<(ItemStatus, String), Error> {
        let found = open(accounts).find_item(&id.to_lowercase())?;
        let item = found.ok_or_else(|| not_found("field_item", id))?;
        self.may_decide(&item, request)?;
        if request.values.len() > MOST_VALUES {
            return Err(no_such_choice(&request.values.len().to_string()));
        }
        let reason = request.reason.trim();
        if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
            return Err(rejected("field.no_reason"));
        }
        let detail = Detail::of(&item);
        if item.state != "held" || detail.waits.as_ref().is_none_or(|w| w.what == "blobs") {
            // Nothing is forced in whose files are not here: the log would name what nobody has.
            return Err(rejected("field.not_to_decide"));
        }
        let decided = Decided {
            by: self.decider(),
            at: self.now,
            reason: reason.to_owned(),
            choice: request.choice.clone(),
        };
        let item = match request.choice.as_str() {
            "refuse" => {
                let refused = self.refused_by_hand(item, decided)?;
                // Another program, or one that died before it could say so, may have recorded it.
                if self.is_recorded(&refused)? || !open(accounts).refuse_item(&refused)? {
                    return Err(rejected("field.not_to_decide"));
                }
                return Ok((ItemStatus::of(&refused, &self.messages), refused.stream));
            }
            "record" | "merge" => self.recorded_by_hand(accounts, item, request, decided)?,
            other => return Err(no_such_choice(other)),
        };
        open(accounts).settle_items(std::slice::from_ref(&item))?;
        Ok((ItemStatus::of(&item, &self.messages), item.stream))
    }

    fn decider(&self) -> String {
        let label = Role::label(self.actor.role);
        format!("{} {label}", self.actor.unit).trim().to_owned()
    }

    fn may_decide(&self, item: &FieldItem, request: &DecisionRequest) -> Result<(), Error> {
        let is_own = item.person_id == self.actor.id;
        // What one's own rights do not reach is not made right by oneself, whatever post one has come to since.
        let is_denied = item
            .code
            .as_deref()
            .is_some_and(|code| code.starts_with("policy.") || BEYOND_RIGHTS.contains(&code));
        if is_own && is_denied && request.choice != "refuse" {
            return Err(rejected("policy.own_work"));
        }
        let is_own_merge = request.choice == "merge" && is_own;
        if is_own_merge {
            return Ok(());
        }
        let station = self.station_of_item(item)?;
        match self.sees(Action::DecideItem, station.as_deref()) {
            true => self.may(Action::DecideItem, station.as_deref()),
            // One's own is known to oneself: out of the present post it is denied, not hidden.
            false if is_own => self.may(Action::DecideItem, station.as_deref()),
            // What is not yours to know of is not found; who may never decide is told so.
            false => self
                .may_somewhere(Action::DecideItem)
                .and_then(|()| Err(not_found("field_item", &item.entry_id))),
        }
    }

    fn is_recorded(&self, item: &FieldItem) -> Result<bool, Error> {
        let id: Option<EntryId> = item.entry_id.parse().ok();
        let receipt = id.map(|id| self.register.find_receipt(id));
        Ok(receipt.transpose()?.flatten().is_some())
    }

    fn refused_by_hand(&self, item: FieldItem, decided: Decided) -> Result<FieldItem, Error> {
        let detail = Detail {
            waits: None,
            decided: Some(decided),
            ..Detail::of(&item)
        };
        Ok(FieldItem {
            state: "refused".to_owned(),
            code: Some("field.refused".to_owned()),
            detail: detail.to_text()?,
            is_open: false,
            changed_at: self.now,
            ..item
        })
    }

    fn recorded_by_hand(
        &mut self,
        accounts: &Mutex<Accounts>,
        item: FieldItem,
        request: &DecisionRequest,
        decided: Decided,
    ) -> Result<FieldItem, Error> {
        let bytes = item.item_bytes.as_deref().unwrap_or_default();
        let read = register::read_item(bytes).map_err(Error::internal)?;
        let entry = read.ok_or_else(|| rejected("field.unfaithful"))?;
        if !missing_files(&mut Seen::new(self), accounts, &item, &entry)?.is_empty() {
            return Err(rejected("field.not_to_decide"));
        }
        // What was found of a merged site goes on with its successor, as it does without a decision.
        let copy = copy_of(self, &entry)?;
        let mut entries = match &entry.body {
            EntryBody::ClueReceived(clue) => self.with_its_batch(&entry, clue)?,
            _ => vec![entry.clone()],
        };
        entries.extend(copy.clone());
        entries.extend(self.measured_by_hand(copy.as_ref().unwrap_or(&entry))?);
        if request.choice == "merge" {
            entries.extend(self.chosen_values(&item, &entry, request)?);
        }
        let receipts = self.register.append(&entries, self.now)?;
        let receipt = receipts
            .iter()
            .find(|r| r.entry_id == entry.id)
            .ok_or_else(nothing_appended)?;
        let detail = Detail {
            decided: Some(decided),
            ..Detail::of(&item)
        };
        let clashes = detail.clashes.clone();
        let item = FieldItem {
            detail: detail.to_text()?,
            ..item
        };
        let item = recorded(self, item, receipt, clashes)?;
        match copy {
            Some(copy) => carried_to(self, item, &copy),
            None => Ok(item),
        }
    }

    /// What follows from an outline that a person lets in. One that lies in another territory is let in by whoever decides
    /// there too.
    fn measured_by_hand(&self, entry: &Entry) -> Result<Option<Entry>, Error> {
        let site = entry.stream.as_site();
        let found = site.map(|site| self.register.find_dossier(site, AsOf::Now));
        let Some(dossier) = found.transpose()?.flatten() else {
            return Ok(None);
        };
        let measured = measured(self, entry, &dossier)?;
        if let Some(EntryBody::SiteAmended(body)) = measured.as_ref().map(|m| &m.body)
            && let Some(station) = &body.facts.station_id
            && Some(station) != dossier.facts.station_id.as_ref()
        {
            self.may(Action::DecideItem, Some(station.as_str()))?;
        }
        Ok(measured)
    }

    /// A clue with the batch it lies in and the site that a stated rule finds for it.
    fn with_its_batch(&mut self, entry: &Entry, clue: &ClueReceived) -> Result<Vec<Entry>, Error> {
        let unsaid = nothing_said();
        let landed = FieldLanding::new(self, &unsaid).beside(entry, clue, &self.actor)?;
        for file in &landed.files {
            self.register
                .put_blob(&mut file.as_slice(), file.len() as u64)?;
        }
        Ok([landed.before, vec![entry.clone()], landed.after].concat())
    }

    /// The decider's own entry that states the value chosen of every clashing field.
    fn chosen_values(
        &self,
        item: &FieldItem,
        entry: &Entry,
        request: &DecisionRequest,
    ) -> Result<Option<Entry>, Error> {
        let Some(site) = entry.stream.as_site() else {
            return Err(rejected("field.not_to_decide"));
        };
        let mut facts = Map::new();
        for clash in Detail::of(item).clashes {
            let choice = request.values.get(&clash.field).map(String::as_str);
            let value = match choice {
                Some("mine") => clash.mine,
                Some("theirs") => clash.theirs,
                _ => {
                    let fault = Diagnostic::error("field.no_choice").arg("field", clash.label);
                    return Err(Error::rejected(fault));
                }
            };
            facts.insert(clash.field, value);
        }
        if facts.is_empty() {
            return Err(rejected("field.not_to_decide"));
        }
        let facts: SiteFacts =
            serde_json::from_value(Value::Object(facts)).map_err(Error::internal)?;
        self.amended_by_hand(site, facts, &request.reason).map(Some)
    }

    fn amended_by_hand(
        &self,
        site: SiteId,
        facts: SiteFacts,
        reason: &str,
    ) -> Result<Entry, Error> {
        let dossier = self.register.load_dossier(site, AsOf::Now)?;
        self.may(Action::AmendSite, dossier.facts.station_id.as_deref())?;
        let basis = Basis::Person {
            reason: reason.trim().to_owned(),
        };
        self.dated_entry(StreamId::site(site), SiteAmended { basis, facts })
    }
}
