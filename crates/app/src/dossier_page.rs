//! 一点一档 — one page for a site: facts with provenance, clues, papers, verifications, and its timeline.

use domain::as_of::AsOf;
use domain::capture::flags_of;
use domain::dossier::{Claim, Dossier, Kept, Weight};
use domain::entries::{Basis, BoundaryAdopted};
use domain::entry::{EntryBody, RecordedEntry};
use domain::ids::{EntryId, SiteId, StreamId};
use domain::ledger::Labels;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::error::Error;
use crate::issues::IssueBrief;
use crate::remarks::RemarkView;
use crate::session::Session;

/// 出处 — which entry states a fact and how much it weighs.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProvenanceView {
    #[schema(value_type = String, format = Uuid)]
    pub entry_id: EntryId,
    pub seq: u64,
    pub occurred_at: Timestamp,
    /// `clue`, `ledger`, `verification`, `correction`, `computed`.
    pub weight: String,
    /// Where it comes from, in words.
    pub basis_text: String,
}

/// 说法 — one source's statement of a field.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClaimView {
    pub value: Value,
    pub text: String,
    pub provenance: ProvenanceView,
}

/// 事实 — a field of the dossier: what holds, where it comes from, what else was said.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FactView {
    pub field: String,
    pub label: String,
    pub value: Value,
    pub text: String,
    pub unit: Option<String>,
    pub provenance: ProvenanceView,
    pub others: Vec<ClaimView>,
}

/// 证据 — a file that shows something of the site.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EvidenceView {
    pub sha256: String,
    /// `photo`, `document`, `verification`.
    pub kind: String,
    pub file_name: Option<String>,
    pub media_type: Option<String>,
    pub size_bytes: Option<u64>,
    pub note: Option<String>,
    pub occurred_at: Timestamp,
    pub exif: Option<ExifView>,
}

/// What the camera wrote into a photo.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct ExifView {
    /// Local time without a zone.
    pub taken_at: Option<String>,
    /// Degrees WGS84.
    pub lon: Option<f64>,
    pub lat: Option<f64>,
    pub azimuth_deg: Option<f64>,
    pub device: Option<String>,
}

/// 相关点位 — a site that may have to do with this one.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RelatedSite {
    pub site_code: String,
    pub facility_name: Option<String>,
    /// `near`, `same_name`, `same_owner`.
    pub why: String,
    pub distance_m: Option<f64>,
}

/// 分区占比 — how much of a site lies in a zone.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ZoneShareView {
    pub zone_kind: String,
    /// m² of areas, m of lines, count of points.
    pub measure: f64,
    /// From 0 to 1.
    pub share: f64,
}

/// 边界版本 — a version of the boundary, and where the site lies under it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BoundaryVersionView {
    pub version_name: String,
    #[schema(value_type = Option<String>, format = Date)]
    pub valid_from: Option<jiff::civil::Date>,
    #[schema(value_type = Option<String>, format = Date)]
    pub valid_to: Option<jiff::civil::Date>,
    pub approval: Option<String>,
    /// Whether it is the version in force.
    pub is_current: bool,
    pub zone_kind: Option<String>,
    pub shares: Vec<ZoneShareView>,
}

/// 设备签章 — an entry that a phone signed: its place in the log, and what of its capture a person should look at.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SignedView {
    #[schema(value_type = String, format = Uuid)]
    pub entry_id: EntryId,
    pub seq: u64,
    pub kind: String,
    /// Of the file it takes in.
    pub sha256: Option<String>,
    pub device_id: String,
    pub number: u64,
    /// What the phone says.
    pub claimed_at: Timestamp,
    /// When the register took it.
    pub recorded_at: Timestamp,
    pub flags: Vec<FlagView>,
}

/// 采集标记.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FlagView {
    pub code: String,
    pub label: String,
    /// `low`, `medium`, `high`.
    pub grade: String,
}

/// 档案页 — a site as of a day.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DossierView {
    #[schema(value_type = String, format = Uuid)]
    pub site_id: SiteId,
    pub site_code: String,
    pub state: String,
    pub state_label: String,
    pub facility_name: Option<String>,
    pub station_id: Option<String>,
    pub focal_category: Option<String>,
    pub focal_reason: Option<String>,
    pub facts: Vec<FactView>,
    /// GeoJSON geometry, CGCS2000.
    pub shape: Option<Value>,
    pub lon: Option<f64>,
    pub lat: Option<f64>,
    pub zone_shares: Value,
    pub boundary_version: Option<String>,
    /// The site laid over every boundary version adopted by then.
    pub boundary_versions: Vec<BoundaryVersionView>,
    pub external_codes: Vec<String>,
    pub clues: Vec<Value>,
    pub permits: Vec<Value>,
    pub verifications: Vec<Value>,
    /// 未审核: entries of verifications made in the field that nobody else has accepted yet.
    #[schema(value_type = Vec<String>)]
    pub unreviewed: Vec<EntryId>,
    /// What others said of them.
    pub reviews: Vec<Value>,
    /// Entries that phones signed, in the order of the log.
    pub signed: Vec<SignedView>,
    pub carried_over: Vec<Value>,
    pub determinations: Vec<Value>,
    pub characterization: Option<Value>,
    /// Issues of the site, oldest first.
    pub issues: Vec<IssueBrief>,
    pub merged_into: Option<String>,
    /// 批示与批注, oldest first.
    pub remarks: Vec<RemarkView>,
    pub related: Vec<RelatedSite>,
    pub evidence: Vec<EvidenceView>,
    pub registered_at: Timestamp,
    pub updated_at: Timestamp,
    /// Version of the site's stream; a change names it in `based_on`.
    pub version: u64,
    pub as_of: String,
    pub log_size: u64,
}

/// 经过 — one entry of a site's timeline.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TimelineItem {
    pub seq: u64,
    #[schema(value_type = String, format = Uuid)]
    pub entry_id: EntryId,
    pub version: u64,
    pub kind: String,
    pub title: String,
    /// Who entered it, by post; a person by the pseudonym of the account.
    pub actor: String,
    pub role: String,
    pub role_label: String,
    pub unit: String,
    pub occurred_at: Timestamp,
    pub recorded_at: Timestamp,
    pub summary: String,
    /// The entry's body; nothing where the post may not know all of it.
    pub body: Option<Value>,
}

/// Fields of the dossier page that are no single facts.
const NOT_LISTED: [&str; 2] = ["shape", "zone_shares"];

impl Session {
    /// The page of a site.
    pub fn dossier_page(
        &self,
        atlases: &crate::atlas::Atlases,
        code: &str,
        as_of: AsOf,
    ) -> Result<DossierView, Error> {
        let dossier = self.load_dossier_by_code(code, as_of)?;
        let focal = self.focal(&dossier);
        let facts = &dossier.facts;
        let version = self
            .register
            .stream_version(&StreamId::site(dossier.site_id))?;
        let merged_into = match dossier.merged_into {
            Some(site) => self
                .register
                .find_dossier(site, as_of)?
                .map(|d| d.site_code),
            None => None,
        };
        Ok(DossierView {
            site_id: dossier.site_id,
            site_code: dossier.site_code.clone(),
            state: dossier.state.code().to_owned(),
            state_label: self.label("site_state", dossier.state.code()),
            facility_name: facts.facility_name.clone(),
            station_id: facts.station_id.clone(),
            focal_category: focal.as_ref().map(|f| f.category.clone()),
            focal_reason: focal.map(|f| f.reason),
            facts: self.facts(&dossier),
            shape: facts.shape.as_ref().map(json),
            lon: facts.lon,
            lat: facts.lat,
            zone_shares: facts.zone_shares.as_ref().map_or(Value::Null, json),
            boundary_version: facts.boundary_version.clone(),
            boundary_versions: self.boundary_versions(&dossier, as_of)?,
            external_codes: dossier
                .external_codes()
                .into_iter()
                .map(str::to_owned)
                .collect(),
            clues: kept(&dossier.clues),
            permits: kept(&dossier.permits),
            verifications: kept(&dossier.verifications),
            unreviewed: dossier.unreviewed.clone(),
            reviews: kept(&dossier.reviews),
            signed: self.signed(&dossier, as_of)?,
            carried_over: kept(&dossier.carried_over),
            determinations: kept(&dossier.determinations),
            characterization: dossier.characterization.as_ref().map(json),
            issues: self.issue_briefs(&dossier),
            merged_into,
            remarks: self.remarks(&dossier)?,
            related: self.related_sites(atlases, &dossier, as_of)?,
            evidence: evidence(&dossier),
            registered_at: dossier.registered_at,
            updated_at: dossier.updated_at,
            version,
            as_of: as_of.to_string(),
            log_size: self.register.log_size()?,
        })
    }

    /// Entries of the site that phones signed, with what is worked out of their clocks and places.
    fn signed(&self, dossier: &Dossier, as_of: AsOf) -> Result<Vec<SignedView>, Error> {
        let stream = StreamId::site(dossier.site_id);
        let mut entries = self.register.load_stream(&stream)?;
        entries.retain(|e| e.entry.stamp.is_some() && as_of.sees(e));
        let limits = self.campaign.capture.as_ref();
        let flags = limits.map(|l| flags_of(&entries, l)).unwrap_or_default();
        let view = |e: &RecordedEntry| {
            let stamp = e.entry.stamp.as_ref()?;
            let own = flags.get(&e.entry.id).into_iter().flatten();
            Some(SignedView {
                entry_id: e.entry.id,
                seq: e.seq,
                kind: e.entry.body.kind().to_owned(),
                sha256: match &e.entry.body {
                    EntryBody::EvidenceRecorded(b) => Some(b.sha256.clone()),
                    _ => None,
                },
                device_id: stamp.device_id.to_string(),
                number: stamp.number,
                claimed_at: e.claimed_at(),
                recorded_at: e.recorded_at,
                flags: own
                    .map(|f| FlagView {
                        code: f.code.to_owned(),
                        label: self.label("capture_flag", f.code),
                        grade: f.grade.to_owned(),
                    })
                    .collect(),
            })
        };
        Ok(entries.iter().filter_map(view).collect())
    }

    /// The site laid over each boundary version, oldest first.
    fn boundary_versions(
        &self,
        dossier: &Dossier,
        as_of: AsOf,
    ) -> Result<Vec<BoundaryVersionView>, Error> {
        let Some(geometry) = crate::proposals::geometry_of(dossier) else {
            return Ok(Vec::new());
        };
        let reserve = &self.reserve.reserve_code;
        let mut adopted = self.register.boundaries(reserve, as_of)?;
        adopted.sort_by_key(|b| (b.body.valid_from_on, b.seq));
        let last = adopted.len();
        let view = |(at, kept): (usize, Kept<BoundaryAdopted>)| {
            let body = kept.body;
            let (valid_from, valid_to) = (body.valid_from_on, body.valid_to_on);
            let approval = body.approval_document.clone();
            let laid = self.lay_boundary(body, None)?;
            let located = laid.geography.locate(&geometry).facts;
            let shares = located.zone_shares.unwrap_or_default();
            Ok(BoundaryVersionView {
                version_name: laid.adopted.boundary_version,
                valid_from,
                valid_to,
                approval,
                is_current: at + 1 == last,
                zone_kind: located.zone_kind,
                shares: shares
                    .into_iter()
                    .map(|s| ZoneShareView {
                        zone_kind: s.zone_kind,
                        measure: s.measure,
                        share: s.share,
                    })
                    .collect(),
            })
        };
        adopted.into_iter().enumerate().map(view).collect()
    }

    fn facts(&self, dossier: &Dossier) -> Vec<FactView> {
        let listed = dossier
            .claims
            .iter()
            .filter(|(field, _)| !NOT_LISTED.contains(&field.as_str()));
        listed
            .filter_map(|(field, claims)| {
                let (first, rest) = claims.split_first()?;
                Some(FactView {
                    field: field.clone(),
                    label: self.messages.text(&format!("field.{field}"), &[]),
                    value: first.value.clone(),
                    text: self.fact_text(field, &first.value),
                    unit: unit_of(field).map(str::to_owned),
                    provenance: self.provenance(first),
                    others: rest
                        .iter()
                        .map(|claim| ClaimView {
                            value: claim.value.clone(),
                            text: self.fact_text(field, &claim.value),
                            provenance: self.provenance(claim),
                        })
                        .collect(),
                })
            })
            .collect()
    }

    /// A fact's value as people read it: the label of a code, else the value.
    pub(crate) fn fact_text(&self, field: &str, value: &Value) -> String {
        let list = match field {
            "activity_type_code" => Some("activity"),
            "activity_subtype" => Some("subtype"),
            "zone_kind" | "stated_zone_kind" => Some("zone"),
            "station_id" => Some("station"),
            "current_status" => Some("current_status"),
            "has_issue" => Some("has_issue"),
            _ => None,
        };
        match (list, value) {
            (Some(list), Value::String(code)) => self.label(list, code),
            (None, Value::String(text)) => text.clone(),
            (_, Value::Array(items)) => items
                .iter()
                .map(|i| i.as_str().map_or_else(|| i.to_string(), str::to_owned))
                .collect::<Vec<_>>()
                .join("、"),
            (_, other) => other.to_string(),
        }
    }

    fn provenance(&self, claim: &Claim) -> ProvenanceView {
        let p = &claim.provenance;
        ProvenanceView {
            entry_id: p.entry_id,
            seq: p.seq,
            occurred_at: p.occurred_at,
            weight: weight_code(p.weight).to_owned(),
            basis_text: self.basis_text(p.weight, &p.basis),
        }
    }

    fn basis_text(&self, weight: Weight, basis: &Basis) -> String {
        let text = |code: &str, args: &[(&str, &str)]| self.messages.text(code, args);
        match basis {
            Basis::Person { reason } if !reason.is_empty() => {
                text("basis.person", &[("reason", reason)])
            }
            Basis::Source { place, .. } => {
                let row = place
                    .row
                    .or(place.feature)
                    .map_or(String::new(), |n| n.to_string());
                let sheet = place.sheet.as_deref().or(place.layer.as_deref());
                text(
                    "basis.source",
                    &[
                        ("file", &place.file_name),
                        ("sheet", sheet.unwrap_or("")),
                        ("row", &row),
                    ],
                )
            }
            _ => text(&format!("weight.{}", weight_code(weight)), &[]),
        }
    }

    /// Everything entered about a site, in order, but for what was told in confidence to those who may not read it.
    pub fn timeline(&self, code: &str, as_of: AsOf) -> Result<Vec<TimelineItem>, Error> {
        let dossier = self.load_dossier_by_code(code, as_of)?;
        let entries = self
            .register
            .load_stream(&StreamId::site(dossier.site_id))?;
        let seen: Vec<&RecordedEntry> = entries.iter().filter(|e| as_of.sees(e)).collect();
        let may_all = self.sees(
            domain::policy::Action::ReadPetitions,
            dossier.facts.station_id.as_deref(),
        );
        let hidden = if may_all {
            Default::default()
        } else {
            confidential_clues(&seen)
        };
        // Even that something is kept back would tell of a complaint: such entries are left out, and of the registration
        // only what the site is.
        let is_told = |e: &RecordedEntry| is_told_by(&e.entry.body, &hidden);
        let station = dossier.facts.station_id.as_deref();
        Ok(seen
            .into_iter()
            .filter(|e| !is_told(e) || is_registration(e))
            .filter(|e| self.is_told_of_issue(&e.entry.body, station))
            .map(|e| {
                let is_withheld = is_told(e) || self.withholds(&e.entry.body, station);
                self.timeline_item(e, is_withheld)
            })
            .collect())
    }

    pub(crate) fn timeline_item(&self, entry: &RecordedEntry, is_withheld: bool) -> TimelineItem {
        let kind = entry.entry.body.kind();
        let author = &entry.entry.author;
        let body = serde_json::to_value(&entry.entry.body)
            .ok()
            .and_then(|v| v.get("body").cloned());
        TimelineItem {
            seq: entry.seq,
            entry_id: entry.entry.id,
            version: entry.version,
            kind: kind.to_owned(),
            title: entry.entry.body.title().to_owned(),
            actor: author.actor.clone(),
            role: author.role.clone(),
            role_label: self.role_label(&author.role),
            unit: author.unit.clone(),
            occurred_at: entry.entry.occurred_at,
            recorded_at: entry.recorded_at,
            summary: self.summary(&entry.entry.body),
            body: body.filter(|_| !is_withheld),
        }
    }

    /// An entry in a few words: what it says, with labels for codes.
    fn summary(&self, body: &EntryBody) -> String {
        let facts = |facts: &domain::entries::SiteFacts| {
            domain::dossier::stated_fields(facts)
                .iter()
                .filter(|f| !matches!(f.as_str(), "lat" | "precision_m" | "zone_flags"))
                .map(|f| self.messages.text(&format!("field.{f}"), &[]))
                .collect::<Vec<_>>()
                .join("、")
        };
        match body {
            EntryBody::SiteRegistered(b) => b.facts.facility_name.clone().unwrap_or_default(),
            EntryBody::SiteAmended(b) => match &b.basis {
                Basis::Person { reason } => format!("{}：{reason}", facts(&b.facts)),
                _ => facts(&b.facts),
            },
            EntryBody::ClueLinked(b) => {
                let source = self.label("source", &b.source_kind);
                let code = b.external_code.as_deref().unwrap_or("");
                let reason = b.reason.as_deref().unwrap_or("");
                format!("{source} {code} {reason}").trim().to_owned()
            }
            EntryBody::ClueUnlinked(b) => b.reason.clone(),
            EntryBody::VerificationRecorded(b) => {
                let conclusion = self.label("verdict", &b.conclusion);
                let condition = b.condition_text.as_deref().unwrap_or("");
                format!("{} {conclusion} {condition}", b.verified_on)
                    .trim()
                    .to_owned()
            }
            EntryBody::PermitRecorded(b) => {
                let kind = self.label("permit_kind", &b.permit_kind);
                format!("{kind} {}", b.document_number.as_deref().unwrap_or(""))
                    .trim()
                    .to_owned()
            }
            EntryBody::EvidenceRecorded(b) => b.file_name.clone(),
            EntryBody::IssueCarriedOver(b) => b.description.clone().unwrap_or_default(),
            EntryBody::DeterminationRecorded(b) => self.label("determination", &b.result),
            EntryBody::CharacterizationRecorded(b) => self.label("character", &b.character),
            EntryBody::FocalOverridden(b) => b.reason.clone(),
            EntryBody::RemarkRecorded(b) => {
                format!("{}：{}", self.remark_label(b.remark_kind), b.text)
            }
            EntryBody::SiteRestored(b) => b.reason.clone(),
            EntryBody::SiteMerged(b) => b.reason.clone(),
            EntryBody::SiteWithdrawn(b) => b.reason.clone(),
            body => self.issue_summary(body),
        }
    }
}

fn is_registration(entry: &RecordedEntry) -> bool {
    matches!(entry.entry.body, EntryBody::SiteRegistered(_))
}

fn confidential_clues(
    entries: &[&RecordedEntry],
) -> std::collections::BTreeSet<domain::ids::ClueId> {
    entries
        .iter()
        .filter_map(|e| match &e.entry.body {
            EntryBody::ClueLinked(b) if crate::atlas::is_confidential(&b.source_kind) => {
                Some(b.clue_id)
            }
            _ => None,
        })
        .collect()
}

fn is_told_by(body: &EntryBody, hidden: &std::collections::BTreeSet<domain::ids::ClueId>) -> bool {
    let by_basis =
        |basis: &Basis| matches!(basis, Basis::Clue { clue_id, .. } if hidden.contains(clue_id));
    match body {
        EntryBody::ClueLinked(b) => hidden.contains(&b.clue_id),
        EntryBody::ClueUnlinked(b) => hidden.contains(&b.clue_id),
        EntryBody::SiteRegistered(b) => by_basis(&b.basis),
        EntryBody::SiteAmended(b) => by_basis(&b.basis),
        EntryBody::IssueCarriedOver(b) => crate::atlas::is_confidential(&b.source_kind),
        _ => false,
    }
}

fn json<T: Serialize>(value: &T) -> Value {
    // Bodies hold only strings, finite numbers and shapes.
    serde_json::to_value(value).unwrap_or(Value::Null)
}

fn kept<T: Serialize>(all: &[Kept<T>]) -> Vec<Value> {
    all.iter().map(json).collect()
}

fn evidence(dossier: &Dossier) -> Vec<EvidenceView> {
    let uploaded = dossier.evidence.iter().map(|e| {
        let body = &e.body;
        let is_photo = body.media_type.starts_with("image/") && !body.media_type.contains("svg");
        EvidenceView {
            sha256: body.sha256.clone(),
            kind: if is_photo { "photo" } else { "document" }.to_owned(),
            file_name: Some(body.file_name.clone()),
            media_type: Some(body.media_type.clone()),
            size_bytes: Some(body.size_bytes),
            note: body.note.clone(),
            occurred_at: e.occurred_at,
            exif: Some(ExifView {
                taken_at: body.taken_at.clone(),
                lon: body.lon,
                lat: body.lat,
                azimuth_deg: body.azimuth_deg,
                device: body.device.clone(),
            }),
        }
    });
    let known: Vec<&str> = dossier
        .evidence
        .iter()
        .map(|e| e.body.sha256.as_str())
        .collect();
    let of_verifications = dossier
        .verifications
        .iter()
        .flat_map(|v| v.body.evidence.iter().map(move |sha256| (v, sha256)))
        .filter(|(_, sha256)| !known.contains(&sha256.as_str()))
        .map(|(v, sha256)| EvidenceView {
            sha256: sha256.clone(),
            kind: "verification".to_owned(),
            file_name: None,
            media_type: None,
            size_bytes: None,
            note: None,
            occurred_at: v.occurred_at,
            exif: None,
        });
    uploaded.chain(of_verifications).collect()
}

fn unit_of(field: &str) -> Option<&'static str> {
    Some(match field {
        "area_m2" | "stated_area_m2" => "m²",
        "precision_m" => "m",
        "lon" | "lat" => "°",
        _ => return None,
    })
}

pub(crate) fn weight_code(weight: Weight) -> &'static str {
    match weight {
        Weight::Clue => "clue",
        Weight::Ledger => "ledger",
        Weight::Verification => "verification",
        Weight::Correction => "correction",
        Weight::Computed => "computed",
    }
}
