//! 离线包 — one's own territory and what is needed to work in it, in parts named by their hash.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use domain::as_of::AsOf;
use domain::deadlines::Lights;
use domain::dossier::{Dossier, Kept, SiteState};
use domain::entries::VerificationRecorded;
use domain::fact_sheet::{self, FilledSheet};
use domain::ids::EntryId;
use domain::ledger::Labels;
use domain::policy::Action;
use jiff::Timestamp;
use jiff::civil::Date;
use register::accounts::{Device, HeldPost, Person};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::around::Grounds;
use super::devices::{PostHeld, me_of, posts_of};
use super::{FieldMe, PackNote, around, rejected};
use crate::assets;
use crate::atlas::Atlases;
use crate::error::Error;
use crate::judging_book::JudgingBook;
use crate::people::Visitor;
use crate::proposals::{Ground, keep_known};
use crate::questions::ask;
use crate::session::Session;

/// 离线包清单.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PackManifest {
    pub version: String,
    pub made_at: Timestamp,
    pub log_size: u64,
    pub station_ids: Vec<String>,
    pub as_of: Date,
    pub parts: Vec<PartNote>,
    pub size_bytes: u64,
    pub rules: RulesNote,
    pub person_id: String,
}

/// 离线包部分.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PartNote {
    pub name: String,
    pub sha256: String,
    pub size_bytes: u64,
    /// Items in it, where it is a list.
    pub count: Option<u64>,
    pub made_at: Timestamp,
    pub is_optional: bool,
}

/// Rules and boundary that the pack was made with.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RulesNote {
    pub ruleset_sha256: String,
    pub boundary_version: String,
}

/// 离线包 — made for one post and its stations at one log size.
#[derive(Debug)]
pub struct Pack {
    pub made_at: Timestamp,
    pub log_size: u64,
    pub station_ids: Vec<String>,
    as_of: Date,
    parts: Vec<(PartNote, Vec<u8>)>,
    rules: RulesNote,
}

impl Pack {
    /// The manifest for one person.
    pub fn manifest(&self, person_id: &str) -> PackManifest {
        PackManifest {
            version: self.version(),
            made_at: self.made_at,
            log_size: self.log_size,
            station_ids: self.station_ids.clone(),
            as_of: self.as_of,
            parts: self.parts.iter().map(|(note, _)| note.clone()).collect(),
            size_bytes: self.size_bytes(),
            rules: self.rules.clone(),
            person_id: person_id.to_owned(),
        }
    }

    /// The same content has the same version.
    fn version(&self) -> String {
        let hashes: String = self.parts.iter().map(|(note, _)| &*note.sha256).collect();
        format!("p-{}", &crate::sha256_hex(hashes.as_bytes())[..16])
    }

    /// Entity tag of the manifest.
    pub fn etag(&self) -> String {
        format!("\"{}\"", self.version())
    }

    fn size_bytes(&self) -> u64 {
        self.parts.iter().map(|(note, _)| note.size_bytes).sum()
    }
}

/// 离线包架 — packs made lately, by post and stations.
#[derive(Debug, Default)]
pub struct Packs {
    made: Mutex<HashMap<String, Vec<Arc<Pack>>>>,
    grounds: Grounds,
}

/// Bytes kept, and packs of one territory: a phone that is fetching one may finish it while the next is there.
const MOST_BYTES: u64 = 64 << 20;
const MOST_OF_ONE: usize = 3;

fn key_of(me: &FieldMe) -> String {
    format!("{}|{}|{}", me.role, me.unit, me.station_ids.join(","))
}

impl Packs {
    fn open(&self) -> MutexGuard<'_, HashMap<String, Vec<Arc<Pack>>>> {
        self.made.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn newest(&self, key: &str) -> Option<Arc<Pack>> {
        self.open().get(key)?.last().cloned()
    }

    /// When a pack of this territory was made, as long as it is kept.
    pub fn made_at(&self, me: &FieldMe, etag: &str) -> Option<Timestamp> {
        let made = self.open();
        let mut own = made.get(&key_of(me))?.iter();
        own.find(|p| p.etag() == etag).map(|p| p.made_at)
    }

    fn keep(&self, key: String, pack: Arc<Pack>) {
        let mut packs = self.open();
        let own = packs.entry(key).or_default();
        own.push(pack);
        if own.len() > MOST_OF_ONE {
            own.remove(0);
        }
        let size = |packs: &HashMap<String, Vec<Arc<Pack>>>| -> u64 {
            packs.values().flatten().map(|p| p.size_bytes()).sum()
        };
        while size(&packs) > MOST_BYTES {
            let made = |list: &[Arc<Pack>]| list.iter().map(|p| p.made_at).max();
            let oldest = packs.iter().min_by_key(|(_, list)| made(list));
            let Some(key) = oldest.map(|(key, _)| key.clone()) else {
                break;
            };
            let is_last = packs.len() == 1;
            packs.remove(&key);
            if is_last {
                break;
            }
        }
    }

    /// What there is to say of the newest pack of a territory to a phone that has another, or this one.
    pub fn note(&self, me: &FieldMe, has: Option<&str>) -> Option<PackNote> {
        let pack = self.newest(&key_of(me))?;
        Some(PackNote {
            etag: pack.etag(),
            made_at: pack.made_at,
            is_old: has.is_some_and(|etag| etag != pack.etag()),
            size_bytes: pack.size_bytes(),
        })
    }

    /// A part of a pack of this territory; nothing where the pack moved on.
    pub fn part(&self, me: &FieldMe, name: &str, sha256: &str) -> Option<Vec<u8>> {
        let own = self.open().get(&key_of(me))?.clone();
        // Copied while nobody waits for the packs.
        let mut parts = own.iter().rev().flat_map(|p| &p.parts);
        let found = parts.find(|(note, _)| note.name == name && note.sha256 == sha256);
        found.map(|(_, bytes)| bytes.clone())
    }
}

/// The pack of a phone's holder, as kept or made now.
pub fn pack(
    session: &Session,
    atlases: &Atlases,
    packs: &Packs,
    (person, post, device): (&Person, &HeldPost, &Device),
    people: &[Person],
) -> Result<(FieldMe, Arc<Pack>), Error> {
    let me = me_of(
        person,
        post,
        device,
        (people, session.today()),
        &session.setting,
    )?;
    if me.station_ids.is_empty() {
        return Err(rejected("field.no_station"));
    }
    session.may_somewhere(Action::EnrolDevice)?;
    let key = key_of(&me);
    let log_size = session.register.log_size()?;
    let kept = packs
        .newest(&key)
        .filter(|p| p.log_size == log_size && p.as_of == session.today());
    if let Some(pack) = kept {
        return Ok((me, pack));
    }
    let making = Making {
        session,
        me: &me,
        people,
        posts: posts_of(people, &me.station_ids, &session.setting, session.today()),
        ground: session.ground(JudgingBook::built_in()?, session.today())?,
        sites: sites_of(session, atlases, &me)?,
        grounds: &packs.grounds,
    };
    let pack = Arc::new(making.pack(log_size)?);
    packs.keep(key, Arc::clone(&pack));
    Ok((me, pack))
}

/// A part of a pack of a phone's territory.
pub fn part(
    session: &Session,
    packs: &Packs,
    visitor: &Visitor,
    device: &Device,
    name: &str,
    sha256: &str,
) -> Result<Vec<u8>, Error> {
    let post = visitor.post.as_ref().ok_or_else(crate::people::no_post)?;
    let nobody = (&[][..], session.today());
    let me = me_of(&visitor.person, post, device, nobody, &session.setting)?;
    packs
        .part(&me, name, sha256)
        .ok_or_else(|| rejected("field.pack_moved_on"))
}

/// Sites of the stations that count and that the actor verifies or reads, as the actor may see them.
fn sites_of(session: &Session, atlases: &Atlases, me: &FieldMe) -> Result<Vec<Dossier>, Error> {
    let ids: Vec<_> = {
        let atlas = session.atlas(atlases, AsOf::Now)?;
        let rows = 0..u32::try_from(atlas.sites.len()).unwrap_or(u32::MAX);
        let own = |row: &u32| {
            let station = atlas.sites.station_id(*row);
            station.is_some_and(|s| me.station_ids.iter().any(|own| own == s))
        };
        rows.filter(own)
            .map(|row| atlas.sites.site_id(row))
            .collect()
    };
    let mut sites = Vec::new();
    for site in ids {
        let dossier = session.register.load_dossier(site, AsOf::Now)?;
        let station = dossier.facts.station_id.as_deref();
        let is_own = dossier.state.counts() && session.sees(Action::ReadLedgers, station);
        if is_own {
            sites.push(session.as_seen(dossier));
        }
    }
    sites.sort_by(|a, b| a.site_code.cmp(&b.site_code));
    Ok(sites)
}

/// Parts that a phone works without.
const OPTIONAL: [&str; 2] = ["relief", "pictures"];

struct Making<'a> {
    session: &'a Session,
    me: &'a FieldMe,
    people: &'a [Person],
    posts: Vec<PostHeld>,
    ground: Ground<'a>,
    sites: Vec<Dossier>,
    grounds: &'a Grounds,
}

/// Whose an entry is, for whoever knows whom to look for.
fn mark_of(entry: EntryId, person_id: &str) -> String {
    let text = format!("{entry}\n{person_id}");
    crate::sha256_hex(text.as_bytes())[..16].to_owned()
}

/// A part that is a list.
fn items(items: Vec<Value>) -> Value {
    json!({ "items": items })
}

impl Making<'_> {
    fn pack(&self, log_size: u64) -> Result<Pack, Error> {
        let made_at = self.session.now;
        let (zones, boundary_version) = self.zones()?;
        let contents = [
            ("tasks", items(self.tasks())),
            ("sites", items(self.each_site()?)),
            ("sheets", items(self.sheets()?)),
            ("rules", self.rules()),
            ("zones", zones),
            (
                "routes",
                items(crate::patrols::pack_routes(
                    self.session,
                    &self.me.station_ids,
                )?),
            ),
            ("forms", self.forms()),
        ];
        let mut parts = Vec::new();
        for (name, content) in contents.into_iter().chain(self.around()?) {
            let count = content.get("items").and_then(Value::as_array);
            let count = count.map(|list| list.len() as u64);
            let bytes = serde_json::to_vec(&content).map_err(Error::internal)?;
            let note = PartNote {
                name: name.to_owned(),
                sha256: crate::sha256_hex(&bytes),
                size_bytes: bytes.len() as u64,
                count,
                made_at,
                is_optional: OPTIONAL.contains(&name),
            };
            parts.push((note, bytes));
        }
        Ok(Pack {
            made_at,
            log_size,
            station_ids: self.me.station_ids.clone(),
            as_of: self.session.today(),
            parts,
            rules: RulesNote {
                ruleset_sha256: self.ground.book.version.clone(),
                boundary_version,
            },
        })
    }

    /// What lies around the sites; nothing where no territory is drawn.
    fn around(&self) -> Result<Vec<(&'static str, Value)>, Error> {
        let session = self.session;
        let Some(near) = around::territory(session, &self.me.station_ids)? else {
            return Ok(Vec::new());
        };
        let around::Ground { ground, relief } = self.grounds.of(session, near)?;
        Ok(vec![
            ("ground", ground),
            ("relief", relief),
            ("pictures", around::pictures(session, &self.sites)?),
        ])
    }

    /// Sites to be verified, and sites with an open issue.
    fn tasks(&self) -> Vec<Value> {
        let mut tasks = Vec::new();
        for dossier in &self.sites {
            let awaits = matches!(
                dossier.state,
                SiteState::AwaitingVerification | SiteState::InVerification
            );
            if awaits {
                tasks.push(self.task(dossier, "verify", None, None));
            }
            for issue in dossier.issues.iter().filter(|i| i.is_open()) {
                let reason = self.session.label("site_state", issue.state.code());
                tasks.push(self.task(dossier, "issue", issue.due_on, Some(reason)));
            }
        }
        tasks
    }

    fn task(
        &self,
        dossier: &Dossier,
        kind: &str,
        due_on: Option<Date>,
        reason: Option<String>,
    ) -> Value {
        let today = self.session.today();
        let facts = &dossier.facts;
        let state = dossier.state.code();
        let timers = self.session.campaign.timers.as_ref();
        let lights = Lights::on(today, timers.map_or(0, |t| t.amber_days));
        let task = json!({
            "site_id": dossier.site_id, "site_code": dossier.site_code,
            "facility_name": facts.facility_name, "state": state,
            "state_label": self.session.label("site_state", state),
            "lights": due_on.map(|due| lights.of(due)), "due_on": due_on, "kind": kind,
            "lon": facts.lon, "lat": facts.lat, "reason": reason,
            "unreviewed": !dossier.unreviewed.is_empty(),
        });
        tidied(task)
    }

    fn each_site(&self) -> Result<Vec<Value>, Error> {
        self.sites.iter().map(|d| self.site(d)).collect()
    }

    fn site(&self, dossier: &Dossier) -> Result<Value, Error> {
        let facts = &dossier.facts;
        let mut stated = serde_json::to_value(facts).map_err(Error::internal)?;
        for drawn in ["shape", "zone_shares"] {
            stated.as_object_mut().map(|m| m.shift_remove(drawn));
        }
        let stream = domain::ids::StreamId::site(dossier.site_id);
        let last = dossier.verifications.last().map(|v| self.verification(v));
        let waiting = dossier.verifications.iter();
        let waiting = waiting.filter(|v| dossier.unreviewed.contains(&v.entry_id));
        let waiting: Vec<Value> = waiting.map(|v| self.verification(v)).collect();
        let pictures = dossier.evidence.iter().rev();
        let pictures = pictures
            .filter(|e| e.body.media_type.starts_with("image/"))
            .map(|e| {
                let at = e.body.capture.as_ref();
                tidied(json!({
                    "sha256": e.body.sha256, "view": e.body.view,
                    "lon": at.and_then(|c| c.lon).or(e.body.lon),
                    "lat": at.and_then(|c| c.lat).or(e.body.lat),
                    "azimuth_deg": at.and_then(|c| c.azimuth_deg).or(e.body.azimuth_deg),
                }))
            });
        let activity = facts.activity_type_code.as_deref();
        let site = json!({
            "site_id": dossier.site_id, "site_code": dossier.site_code,
            "state": dossier.state.code(),
            "version": self.session.register.stream_version(&stream)?,
            "facts": stated, "lon": facts.lon, "lat": facts.lat, "shape": facts.shape,
            "zone_kind": facts.zone_kind, "zone_shares": facts.zone_shares,
            "clue_shapes": self.clue_shapes(dossier)?,
            "last_verification": last,
            "to_review": waiting,
            "notes": dossier.remarks.iter().map(|r| &r.body.text).collect::<Vec<_>>(),
            "unreviewed": !dossier.unreviewed.is_empty(),
            "pictures": pictures.collect::<Vec<_>>(),
            "required_shots": self.session.campaign.required_shots(activity),
            "station_id": facts.station_id,
            "activity_label": activity.map(|a| self.session.label("activity", a)),
        });
        Ok(tidied(site))
    }

    /// A verification as its reviewer reads it. Packs are those of a post: `mark` tells their holder alone which are their own.
    fn verification(&self, of: &Kept<VerificationRecorded>) -> Value {
        let person = self.people.iter().find(|p| p.person_id == of.actor);
        let held = person.into_iter().flat_map(|p| &p.posts);
        let ids: Vec<i64> = held.map(|p| p.post_id).collect();
        let by = self.posts.iter().find(|p| ids.contains(&p.post_id));
        tidied(json!({
            "id": of.entry_id, "by": by.map(|p| &p.words), "mark": mark_of(of.entry_id, &of.actor),
            "verified_on": of.body.verified_on,
            "conclusion_label": self.session.label("verdict", &of.body.conclusion),
            "condition_text": of.body.condition_text,
        }))
    }

    fn clue_shapes(&self, dossier: &Dossier) -> Result<Vec<Value>, Error> {
        let mut shapes = Vec::new();
        for linked in &dossier.clues {
            let clue = self.session.register.find_clue(linked.body.clue_id)?;
            let shape = clue.and_then(|c| c.received.body.facts.shape);
            shapes.extend(shape.map(|s| serde_json::to_value(s).unwrap_or_default()));
        }
        Ok(shapes)
    }

    /// Fact sheets as the register fills them, and what the tables still ask.
    fn sheets(&self) -> Result<Vec<Value>, Error> {
        self.sites.iter().map(|d| self.sheet(d)).collect()
    }

    fn sheet(&self, dossier: &Dossier) -> Result<Value, Error> {
        let zones = self.ground.zones(dossier);
        let none = Vec::new();
        let book = self.ground.book;
        let site = fact_sheet::Site {
            dossier,
            as_of: self.ground.as_of,
            reserve: &self.session.reserve,
            zones: &zones,
            patches: self.ground.patches.get(&dossier.site_id).unwrap_or(&none),
            filling: &book.filling,
            area_tolerance: self.session.campaign.thresholds.area_difference_share,
        };
        let asked = |mut sheet: FilledSheet| -> Result<Value, Error> {
            keep_known(&book.ruleset, &mut sheet);
            let missing = ask(&book.ruleset, &book.filling, &site, &sheet)?;
            Ok(json!({ "table": sheet.table, "sheet": sheet.to_json(), "missing": missing }))
        };
        let filled = fact_sheet::fill(&site);
        let is_open = filled.table.is_none();
        let mut told = asked(filled)?;
        if is_open {
            let activity = dossier.facts.activity_type_code.as_deref();
            let choices = activity
                .into_iter()
                .flat_map(|a| book.filling.of_activity(a));
            let mut candidates = Vec::new();
            for (choice, sheet) in choices.zip(fact_sheet::fill_by_candidates(&site)) {
                let mut candidate = asked(sheet)?;
                candidate["subtype"] = json!(choice.subtypes.join(","));
                candidates.push(tidied(candidate));
            }
            told["candidates"] = Value::Array(candidates);
        }
        told["site_id"] = json!(dossier.site_id);
        told["as_of"] = json!(self.ground.as_of);
        Ok(tidied(told))
    }

    fn rules(&self) -> Value {
        json!({ "ruleset_sha256": self.ground.book.version, "files": assets::rule_sets() })
    }

    /// Zones of the whole reserve: they are law, no secret. Territories of the own stations only.
    fn zones(&self) -> Result<(Value, String), Error> {
        let register = &self.session.register;
        let reserve = &self.session.reserve.reserve_code;
        let boundary = register.latest_boundary(reserve, AsOf::Now)?;
        let version = boundary
            .as_ref()
            .map_or(String::new(), |b| b.body.boundary_version.clone());
        let zones = boundary.into_iter().flat_map(|b| b.body.zones);
        let zones: Vec<Value> = zones
            .map(|z| {
                let label = self.session.label("zone", &z.zone_kind);
                let name = z.name.unwrap_or(label);
                json!({ "zone_kind": z.zone_kind, "name": name, "shape": z.shape })
            })
            .collect();
        let stations = register.latest_stations(reserve, AsOf::Now)?;
        let stations = stations.into_iter().flat_map(|s| s.body.stations);
        let stations: Vec<Value> = stations
            .filter(|s| self.me.station_ids.contains(&s.station_id))
            .map(|s| json!({ "station_id": s.station_id, "name": s.name, "shape": s.shape }))
            .collect();
        let sliver = self.session.sliver();
        let part = json!({
            "boundary_version": version, "sliver_m2": sliver.min_area_m2,
            "sliver_share": sliver.min_share, "items": zones, "stations": stations,
        });
        Ok((part, version))
    }

    fn forms(&self) -> Value {
        let lists: BTreeMap<String, _> = self.session.code_lists();
        let mut labels = Map::new();
        for field in crate::amendments::SETTABLE {
            let label = self.session.messages.text(&format!("field.{field}"), &[]);
            labels.insert(field.to_owned(), json!(label));
        }
        let guards = self.session.campaign.flow.iter().flat_map(|f| &f.steps);
        let guards = guards
            .filter(|s| s.code == "verify")
            .flat_map(|s| &s.guards);
        let guards: Map<String, Value> = guards.map(|g| (g.fact.clone(), json!(g.label))).collect();
        json!({
            "lists": lists, "people": self.colleagues(), "shots": self.session.campaign.shots,
            "guards": guards, "labels": labels,
        })
    }

    /// People of the stations, by post alone.
    fn colleagues(&self) -> Vec<Value> {
        self.posts
            .iter()
            .map(|held| json!({ "post": held.words, "unit": held.unit }))
            .collect()
    }
}

/// Without members that say nothing.
fn tidied(mut value: Value) -> Value {
    if let Some(members) = value.as_object_mut() {
        members.retain(|_, v| {
            !v.is_null() && v.as_array().is_none_or(|a| !a.is_empty()) && *v != Value::Bool(false)
        });
    }
    value
}
