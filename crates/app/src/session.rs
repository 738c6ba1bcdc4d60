//! 办理环境 — an opened register with who acts, when, and under which campaign.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use domain::as_of::AsOf;
use domain::campaign::Campaign;
use domain::codes::{CodeBook, ListRef};
use domain::dossier::{Dossier, civil_day};
use domain::entries::ReserveRegistered;
use domain::entry::{Author, Entry, EntryBody};
use domain::ids::{EntryId, StreamId};
use domain::ledger::{Focal, Labels as _};
use domain::policy::{Action, Actor, Role};
use jiff::Timestamp;
use jiff::civil::Date;
use register::{Address, Register};
use spatial::diagnostic::Diagnostic;
use spatial::zoning::Sliver;

use crate::assets;
use crate::error::Error;
use crate::geography::Geography;
use crate::later_tables;
use crate::messages::{Language, Messages};
use crate::viewer::Viewer;

/// 办理环境 — everything a use case needs; made once a command or request.
pub struct Session {
    pub register: Register,
    pub now: Timestamp,
    pub viewer: Viewer,
}

impl Deref for Session {
    type Target = Viewer;

    fn deref(&self) -> &Viewer {
        &self.viewer
    }
}

/// 登记簿设置 — what all sessions over one register share: code lists, campaign, reserve. Read once, not at every request.
#[derive(Clone)]
pub struct Setting {
    pub codes: Arc<CodeBook>,
    pub campaign: Arc<Campaign>,
    pub reserve: Arc<ReserveRegistered>,
    pub is_demonstration: bool,
}

impl Setting {
    /// The setting in force in a register.
    pub fn load(register: &Register) -> Result<Self, Error> {
        let codes = load_codes()?;
        let opened = register
            .campaigns(AsOf::Now)?
            .pop()
            .ok_or_else(|| not_set_up("campaign"))?
            .body;
        let reserve = register
            .reserves(AsOf::Now)?
            .pop()
            .ok_or_else(|| not_set_up("reserve"))?
            .body;
        let campaign = later_tables::campaign_of(&opened.campaign_id, &opened.files, &codes)?;
        Ok(Self {
            codes: Arc::new(codes),
            campaign: Arc::new(campaign),
            reserve: Arc::new(reserve),
            is_demonstration: register.opened().is_demonstration,
        })
    }

    /// Who acts in a post, under an id that entries name.
    pub fn actor(&self, post: &Post, id: Option<&str>) -> Result<Actor, Error> {
        let mut actor = actor(post, &self.campaign, &self.reserve)?;
        if let Some(id) = id {
            id.clone_into(&mut actor.id);
        }
        Ok(actor)
    }

    /// A session over an opened register.
    pub fn session(
        &self,
        register: Register,
        actor: Actor,
        now: Timestamp,
        messages: Arc<Messages>,
    ) -> Session {
        let viewer = self.viewer(actor, messages);
        Session {
            register,
            now,
            viewer,
        }
    }

    /// An actor under this setting.
    pub fn viewer(&self, actor: Actor, messages: Arc<Messages>) -> Viewer {
        Viewer {
            setting: self.clone(),
            actor,
            messages,
        }
    }
}

/// 岗位写法 — `office`, `station_head@houhe`, `responsible_unit@某单位`: as what, and for which station or unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    pub role: Role,
    pub station: Option<String>,
}

impl Post {
    /// Reads a post; the station is looked up by the campaign later.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (role, station) = match text.split_once('@') {
            Some((role, station)) => (role, Some(station.to_owned())),
            None => (text, None),
        };
        let roles: Vec<&str> = Role::ALL.iter().map(|r| r.code()).collect();
        let known = Role::from_code(role).ok_or_else(|| {
            Error::rejected(
                Diagnostic::error("session.unknown_role")
                    .arg("role", role)
                    .arg("roles", roles.join(", ")),
            )
        })?;
        Ok(Self {
            role: known,
            station,
        })
    }
}

impl Session {
    /// Opens a register for a post.
    pub fn open(
        at: impl Into<Address>,
        post: &Post,
        now: Timestamp,
        language: Language,
    ) -> Result<Self, Error> {
        let register = Register::open(at)?;
        Self::over(register, post, now, language)
    }

    /// A session over an opened register.
    pub fn over(
        register: Register,
        post: &Post,
        now: Timestamp,
        language: Language,
    ) -> Result<Self, Error> {
        let setting = Setting::load(&register)?;
        let actor = setting.actor(post, None)?;
        let messages = Arc::new(Messages::load(language));
        Ok(setting.session(register, actor, now, messages))
    }

    /// A dossier as the actor may see it: what was told in confidence only by those who may read petitions.
    pub fn as_seen(&self, dossier: Dossier) -> Dossier {
        if self.sees(Action::ReadPetitions, dossier.facts.station_id.as_deref()) {
            return dossier;
        }
        dossier.without_sources(crate::atlas::is_confidential)
    }

    /// Who is written into entries.
    pub fn author(&self) -> Author {
        Author {
            actor: self.actor.id.clone(),
            role: self.actor.role.code().to_owned(),
            unit: self.actor.unit.clone(),
        }
    }

    /// An entry whose id follows from its content, so that saying it twice adds nothing.
    pub fn entry(
        &self,
        stream: StreamId,
        body: impl Into<EntryBody>,
        on: Date,
        seed: &[&[u8]],
    ) -> Entry {
        let body = body.into();
        let occurred_at = start_of(on);
        let mut parts: Vec<&[u8]> = vec![stream.0.as_bytes(), body.kind().as_bytes()];
        parts.extend(seed);
        let id = EntryId::derived(occurred_at, &parts);
        Entry {
            id,
            stream,
            based_on: None,
            body,
            author: self.author(),
            occurred_at,
            clocks: None,
            stamp: None,
        }
    }

    /// Today in the register's zone.
    pub fn today(&self) -> Date {
        civil_day(self.now)
    }

    /// Boundary, zones and stations in force, or what to import first.
    pub fn geography(&self, as_of: AsOf) -> Result<Geography, Error> {
        geography_of(&self.register, &self.setting, as_of)
    }

    /// The same; nothing before a boundary was adopted.
    pub(crate) fn geography_if_laid(&self, as_of: AsOf) -> Result<Option<Geography>, Error> {
        match self.geography(as_of) {
            Err(Error::Rejected(fault)) if fault.code == "session.not_set_up" => Ok(None),
            laid => laid.map(Some),
        }
    }

    pub(crate) fn sliver(&self) -> Sliver {
        sliver_of(&self.campaign)
    }

    /// Station names by id: those of the territories in force, else the campaign's.
    pub fn station_names(&self, as_of: AsOf) -> Result<BTreeMap<String, String>, Error> {
        let adopted = self
            .register
            .latest_stations(&self.reserve.reserve_code, as_of)?;
        let from_campaign = self
            .campaign
            .stations
            .iter()
            .map(|s| (s.id.clone(), s.name.clone()));
        let mut names: BTreeMap<String, String> = from_campaign.collect();
        names.extend(
            adopted
                .into_iter()
                .flat_map(|a| a.body.stations)
                .map(|s| (s.station_id, s.name)),
        );
        Ok(names)
    }

    /// The focal category of a site, computed by the campaign's profile or set by a person.
    pub fn focal(&self, dossier: &Dossier) -> Option<Focal> {
        focal_of(&self.campaign, dossier)
    }

    fn find_site_by_issued_code(&self, code: &str) -> Result<Option<domain::ids::SiteId>, Error> {
        let wanted = crate::landing::code_key(code);
        let mut found = None;
        self.register.dossiers::<Error>(AsOf::Now, |d| {
            if d.external_codes()
                .iter()
                .any(|c| crate::landing::code_key(c) == wanted)
            {
                found = Some(d.site_id);
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// Site by own or issued code, within what the actor may read.
    pub fn load_dossier_by_code(&self, code: &str, as_of: AsOf) -> Result<Dossier, Error> {
        let missing = || Error::NotFound {
            what: "site",
            name: code.to_owned(),
        };
        let own = self.register.find_site_by_code(code)?;
        let site = own
            .map_or_else(|| self.find_site_by_issued_code(code), |s| Ok(Some(s)))?
            .ok_or_else(missing)?;
        let dossier = self
            .register
            .find_dossier(site, as_of)?
            .ok_or_else(missing)?;
        if !self.sees(Action::ReadLedgers, dossier.facts.station_id.as_deref()) {
            // What is not yours to know of is not found.
            return Err(missing());
        }
        dossier.check_claims().map_err(unreadable_dossier)?;
        Ok(self.as_seen(dossier))
    }
}

impl Session {
    /// A fact as people read it: codes by their labels, figures without idle digits.
    pub fn field_text(&self, field: &str, value: &serde_json::Value) -> String {
        let list = match field {
            "activity_type_code" => "activity",
            "activity_subtype" => "subtype",
            "zone_kind" | "stated_zone_kind" => "zone",
            "station_id" => "station",
            "change_kind" => "change",
            "has_issue" => "yes_no",
            "current_status" | "ecological_effect" | "owner_kind" => field,
            _ => "",
        };
        match value {
            serde_json::Value::String(code) if !list.is_empty() => self.label(list, code),
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Number(n) if field == "precision_m" => n
                .as_f64()
                .map_or_else(|| n.to_string(), |v| format!("{v:.1}")),
            serde_json::Value::Array(items) => items
                .iter()
                .map(|item| self.field_text(field, item))
                .collect::<Vec<_>>()
                .join("、"),
            other => other.to_string(),
        }
    }

    /// Headers of a ledger's columns by their keys.
    pub fn ledger_headers(&self, view: domain::campaign::LedgerView) -> BTreeMap<String, String> {
        let template = self.campaign.find_ledger(view);
        template
            .into_iter()
            .flat_map(|t| &t.columns)
            .map(|c| (c.key.clone(), c.header.clone()))
            .collect()
    }
}

/// Boundary, zones and stations in force, or what to import first.
pub(crate) fn geography_of(
    register: &Register,
    setting: &Setting,
    as_of: AsOf,
) -> Result<Geography, Error> {
    let reserve = &setting.reserve.reserve_code;
    let boundary = register
        .latest_boundary(reserve, as_of)?
        .ok_or_else(|| not_set_up("boundary"))?;
    let stations = register.latest_stations(reserve, as_of)?;
    let sliver = sliver_of(&setting.campaign);
    Geography::build(&boundary.body, stations.as_ref().map(|s| &s.body), sliver)
}

fn sliver_of(campaign: &Campaign) -> Sliver {
    Sliver {
        min_area_m2: campaign.thresholds.sliver_m2,
        min_share: campaign.thresholds.sliver_share,
    }
}

/// Smallest box around the reserve: west, south, east, north in degrees; `None` before a boundary was adopted.
pub fn reserve_box(register: &Register, setting: &Setting) -> Result<Option<[f64; 4]>, Error> {
    use geo::BoundingRect;
    let boundary = register.latest_boundary(&setting.reserve.reserve_code, AsOf::Now)?;
    let rect = boundary.and_then(|b| b.body.boundary.0.bounding_rect());
    Ok(rect.map(|r| [r.min().x, r.min().y, r.max().x, r.max().y]))
}

/// The focal category of a site, computed by the campaign's profile or set by a person.
pub(crate) fn focal_of(campaign: &Campaign, dossier: &Dossier) -> Option<Focal> {
    if let Some(set) = &dossier.focal_override {
        let category = set.body.focal_category.clone()?;
        return Some(Focal {
            category,
            reason: set.body.reason.clone(),
            is_overridden: true,
        });
    }
    let facts = &dossier.facts;
    let zone = facts
        .zone_kind
        .as_deref()
        .and_then(domain::codes::ZoneKind::from_code);
    let activity = facts.activity_type_code.as_deref();
    let finding = campaign.is_focal(
        activity,
        facts.activity_subtype.as_deref(),
        zone,
        campaign.year,
    );
    let reason = match finding.why {
        domain::campaign::FocalWhy::Rule { reason, .. } => reason,
        _ => String::new(),
    };
    finding.category.map(|c| Focal {
        category: c.0,
        reason,
        is_overridden: false,
    })
}

/// A dossier of the projections in which something is not what it should be.
pub(crate) fn unreadable_dossier(source: serde_json::Error) -> register::Error {
    register::Error::UnreadableProjection {
        what: "dossier",
        source,
    }
}

fn not_set_up(what: &'static str) -> Error {
    Error::rejected(Diagnostic::error("session.not_set_up").arg("what", what))
}

/// The instant at which a civil day begins in the register's zone (UTC+8).
pub fn start_of(day: Date) -> Timestamp {
    let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(8));
    // Only days at the very ends of the calendar have no instant; those are no days of ours.
    day.to_zoned(zone)
        .map_or(Timestamp::UNIX_EPOCH, |z| z.timestamp())
}

/// Date and time of day in the register's zone (UTC+8).
pub fn local_time(at: Timestamp) -> jiff::civil::DateTime {
    at.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(8)))
        .datetime()
}

/// Built-in code lists.
pub fn load_codes() -> Result<CodeBook, Error> {
    let files = assets::code_lists();
    let pairs = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()));
    let (book, _) = CodeBook::from_files(pairs).map_err(Error::internal)?;
    Ok(book)
}

/// A campaign from its files; a fault in them is the configuration's, told with its place.
pub fn load_campaign(
    files: &BTreeMap<String, String>,
    codes: &CodeBook,
) -> Result<Campaign, Error> {
    let read = Campaign::from_files(files, codes);
    let (campaign, diagnostics) = read
        .map_err(|e| Error::rejected(Diagnostic::error("campaign.unreadable").arg("cause", e)))?;
    let fault = diagnostics
        .into_iter()
        .find(|d| d.severity == spatial::diagnostic::Severity::Error);
    fault.map_or(Ok(campaign), |f| Err(Error::rejected(f)))
}

/// A code list by its reference, for tools that need one outside a campaign.
pub fn find_list<'a>(
    codes: &'a CodeBook,
    reference: &ListRef,
) -> Option<&'a domain::codes::CodeList> {
    codes.find_list(reference)
}

fn actor(post: &Post, campaign: &Campaign, reserve: &ReserveRegistered) -> Result<Actor, Error> {
    // An outside unit is named as it is; everybody else belongs to a station or to the whole.
    let own_unit = (post.role == Role::ResponsibleUnit)
        .then(|| post.station.clone())
        .flatten();
    let station = match &post.station {
        Some(text) if own_unit.is_none() => {
            let unknown = || Error::NotFound {
                what: "station",
                name: text.clone(),
            };
            Some(campaign.find_station_by_text(text).ok_or_else(unknown)?)
        }
        _ => None,
    };
    let needs_station = matches!(post.role, Role::Ranger | Role::StationHead | Role::AreaLead);
    if needs_station && station.is_none() {
        return Err(Error::rejected(
            Diagnostic::error("session.post_needs_station").arg("role", post.role.code()),
        ));
    }
    let id = match own_unit.as_ref().or(station.map(|s| &s.name)) {
        Some(whose) => format!("{}·{whose}", post.role.label()),
        None => post.role.label().to_owned(),
    };
    let unit = own_unit.unwrap_or_else(|| {
        let whole = || reserve.management_body.clone().unwrap_or_default();
        station.map_or_else(whole, |s| s.name.clone())
    });
    Ok(Actor {
        id,
        role: post.role,
        unit,
        station_ids: station.into_iter().map(|s| s.id.clone()).collect(),
        reserve_code: Some(reserve.reserve_code.clone()),
        division_code: reserve.division_code.clone(),
    })
}
