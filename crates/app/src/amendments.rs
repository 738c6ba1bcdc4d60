//! 补充更正 — facts of a site set by a person with a reason: single fields, a whole paste, an outline.

use std::collections::BTreeMap;

use domain::as_of::AsOf;
use domain::dossier::{Dossier, Weight, stated_fields};
use domain::entries::{Basis, FocalOverridden, SiteAmended, SiteFacts};
use domain::entry::{Entry, EntryBody};
use domain::ids::{EntryId, StreamId};
use domain::policy::Action;
use domain::shape::Shape;
use geo::CoordsIter;
use geo_types::Geometry;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use spatial::diagnostic::{Diagnostic, Severity};
use spatial::validity::{Fault, validate};
use utoipa::ToSchema;

use crate::error::{Error, Stale};
use crate::ledger_page::field_of_column;
use crate::session::Session;

/// 回执 — an entry's place in the log.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReceiptView {
    #[schema(value_type = String, format = Uuid)]
    pub entry_id: EntryId,
    pub seq: u64,
    /// Version of the site's stream after it.
    pub version: u64,
    pub recorded_at: Timestamp,
    /// RFC 6962 leaf hash.
    pub leaf_hash: String,
}

impl ReceiptView {
    pub(crate) fn of(receipt: &register::Receipt) -> Self {
        Self {
            entry_id: receipt.entry_id,
            seq: receipt.seq,
            version: receipt.version,
            recorded_at: receipt.recorded_at,
            leaf_hash: crate::hex(&receipt.leaf_hash),
        }
    }
}

/// 更正请求 — fields with their values, an outline, why, and upon which version.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AmendRequest {
    /// Field and value; codes or labels for coded fields.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub facts: Map<String, Value>,
    /// GeoJSON geometry, CGCS2000 longitude and latitude.
    #[schema(value_type = Option<Object>)]
    pub shape: Option<Value>,
    pub reason: String,
    /// Version of the dossier the change was made upon.
    pub based_on: Option<u64>,
}

/// 粘贴请求 — cells of a ledger.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasteRequest {
    pub rows: Vec<PasteCell>,
    pub reason: String,
    /// Only says what would happen.
    #[serde(default)]
    pub dry_run: bool,
}

/// One pasted cell.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasteCell {
    pub site_code: String,
    /// Column of the ledger, or fact of the site.
    pub field: String,
    #[schema(value_type = Object)]
    pub value: Value,
}

/// What becomes of one pasted cell.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PasteOutcome {
    pub site_code: String,
    pub field: String,
    /// `changed`, `same`, `refused`.
    pub outcome: String,
    pub before: String,
    pub after: String,
    pub message: Option<String>,
}

/// 粘贴结果 — nothing is written if a cell is refused.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PasteResult {
    pub is_written: bool,
    pub changed: usize,
    pub same: usize,
    pub refused: usize,
    pub cells: Vec<PasteOutcome>,
}

/// 焦点改定请求 — a focal category by code or label, or none, and why.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FocalRequest {
    /// None says that the site is not focal.
    pub focal_category: Option<String>,
    pub reason: String,
    /// Version of the dossier the change was made upon.
    pub based_on: Option<u64>,
}

/// Facts a person may set; everything else is computed or comes with its own entry.
pub(crate) const SETTABLE: [&str; 20] = [
    "facility_name",
    "activity_type_code",
    "activity_subtype",
    "county",
    "township",
    "village",
    "location_text",
    "scale_text",
    "stated_area_m2",
    "capacity",
    "capacity_unit",
    "built_on",
    "expanded_on",
    "owner_name",
    "owner_kind",
    "permits_text",
    "current_status",
    "description",
    "note",
    "stated_zone_kind",
];

/// Purpose of the code list that a settable fact is coded by.
pub(crate) fn list_of(field: &str) -> Option<&'static str> {
    match field {
        "activity_type_code" => Some("activity"),
        "activity_subtype" => Some("subtype"),
        "current_status" => Some("current_status"),
        "stated_zone_kind" => Some("zone"),
        _ => None,
    }
}

/// Corners of one outline.
const MOST_CORNERS: usize = 50_000;

fn is_error(fault: &Fault) -> bool {
    fault.severity() == Severity::Error
}

/// An outline as it was walked, mended where its line crosses itself; nothing where it is too tangled to be mended in any
/// time that somebody waits.
pub(crate) fn mended(outline: &Geometry<f64>) -> Option<Geometry<f64>> {
    if outline.coords_count() > MOST_CORNERS {
        return None;
    }
    let faults = validate(outline);
    if faults.iter().any(|f| matches!(f, Fault::TooComplex { .. })) {
        return None;
    }
    let mended = match faults.iter().any(is_error) {
        true => spatial::repair::repair(outline).geometry,
        false => outline.clone(),
    };
    // What cannot be mended is taken out: then there is nothing to measure.
    (mended.coords_count() > 0).then_some(mended)
}

/// Whether the outline on record is one that a verification does not outweigh: what is measured goes on following it.
pub(crate) fn has_set_outline(dossier: &Dossier) -> bool {
    let claims = dossier
        .claims
        .get("shape")
        .and_then(|claims| claims.first());
    claims.is_some_and(|claim| claim.provenance.weight > Weight::Verification)
}

/// Cells of one paste.
const MOST_CELLS: usize = 20_000;

impl Session {
    /// Sets facts of a site.
    pub fn amend_site(&mut self, code: &str, request: &AmendRequest) -> Result<ReceiptView, Error> {
        let dossier = self.load_dossier_by_code(code, AsOf::Now)?;
        self.may(Action::AmendSite, dossier.facts.station_id.as_deref())?;
        let reason = checked_reason(&request.reason)?;
        let mut facts = self.checked_facts(&request.facts)?;
        let located = match &request.shape {
            Some(value) => Some(self.checked_shape(value, &mut facts)?),
            None => None,
        };
        if facts == SiteFacts::default() {
            return Err(Error::rejected(Diagnostic::error("amend.nothing")));
        }
        let stream = StreamId::site(dossier.site_id);
        let mut entry = self.correction(&stream, facts, &reason)?;
        entry.based_on = request.based_on;
        let mut entries = vec![entry];
        if let Some(located) = located {
            // A station that draws the outline elsewhere would put the site out of its own hands.
            self.may(Action::AmendSite, located.station_id.as_deref())?;
            let body = SiteAmended {
                basis: Basis::Overlay,
                facts: located,
            };
            entries.push(self.dated_entry(stream, body)?);
        }
        let receipts = self.append_checked(&entries, &dossier)?;
        let receipt = receipts.first().ok_or_else(nothing_appended)?;
        Ok(ReceiptView {
            version: receipts.last().map_or(receipt.version, |r| r.version),
            ..ReceiptView::of(receipt)
        })
    }

    /// Sets the computed focal category otherwise.
    pub fn override_focal(
        &mut self,
        code: &str,
        request: &FocalRequest,
    ) -> Result<ReceiptView, Error> {
        let dossier = self.load_dossier_by_code(code, AsOf::Now)?;
        self.may(Action::OverrideFocal, dossier.facts.station_id.as_deref())?;
        let body = FocalOverridden {
            focal_category: self.known_code("focal", request.focal_category.as_deref())?,
            reason: checked_reason(&request.reason)?,
        };
        let stream = StreamId::site(dossier.site_id);
        let mut entry = self.dated_entry(stream.clone(), body)?;
        // Refused if the site moved on meanwhile: what it was computed from may be another.
        entry.based_on = Some(match request.based_on {
            Some(version) => version,
            None => self.register.stream_version(&stream)?,
        });
        let receipts = self.append_checked(&[entry], &dossier)?;
        receipts
            .first()
            .map(ReceiptView::of)
            .ok_or_else(nothing_appended)
    }

    fn correction(
        &self,
        stream: &StreamId,
        facts: SiteFacts,
        reason: &str,
    ) -> Result<Entry, Error> {
        let body = SiteAmended {
            basis: Basis::Person {
                reason: reason.to_owned(),
            },
            facts,
        };
        self.dated_entry(stream.clone(), body)
    }

    /// An entry made this moment.
    pub(crate) fn dated_entry(
        &self,
        stream: StreamId,
        body: impl Into<EntryBody>,
    ) -> Result<Entry, Error> {
        let body = body.into();
        let said = serde_json::to_vec(&body).map_err(Error::internal)?;
        let moment = self.now.to_string();
        let seed: [&[u8]; 4] = [
            stream.0.as_bytes(),
            &said,
            self.actor.id.as_bytes(),
            moment.as_bytes(),
        ];
        Ok(Entry {
            id: EntryId::derived(self.now, &seed),
            stream,
            based_on: None,
            body,
            author: self.author(),
            occurred_at: self.now,
            clocks: None,
            stamp: None,
        })
    }

    /// Appends; where the site moved on, both sides are told.
    pub(crate) fn append_checked(
        &mut self,
        entries: &[Entry],
        dossier: &Dossier,
    ) -> Result<Vec<register::Receipt>, Error> {
        match self.register.append(entries, self.now) {
            Err(register::Error::Stale {
                based_on,
                current,
                clashes,
                entry_id,
                ..
            }) => {
                let ours = entries
                    .iter()
                    .find(|e| e.id == entry_id)
                    .map(|e| stated(&e.body));
                let ours = ours.unwrap_or_default();
                let now = self.register.load_dossier(dossier.site_id, AsOf::Now)?;
                let now = self.as_seen(now);
                let there = stated_values(&now.facts);
                let mut fields: Vec<String> = clashes.into_iter().flat_map(|c| c.fields).collect();
                fields.sort();
                fields.dedup();
                let value = |of: &Map<String, Value>, field: &str| {
                    of.get(field).cloned().unwrap_or(Value::Null)
                };
                Err(Error::Stale(Box::new(Stale {
                    based_on,
                    current,
                    clashes: fields
                        .into_iter()
                        .map(|f| (f.clone(), value(&ours, &f), value(&there, &f)))
                        .collect(),
                })))
            }
            other => Ok(other?),
        }
    }

    /// Facts as people give them: known fields, codes for labels, dates that are dates.
    fn checked_facts(&self, given: &Map<String, Value>) -> Result<SiteFacts, Error> {
        let mut facts = Map::new();
        for (field, value) in given {
            if !SETTABLE.contains(&field.as_str()) {
                let fault = Diagnostic::error("amend.field").arg("field", field);
                return Err(Error::rejected(fault));
            }
            facts.insert(field.clone(), self.checked_value(field, value)?);
        }
        let unreadable = |e: serde_json::Error| {
            Error::rejected(
                Diagnostic::error("amend.value")
                    .arg("field", "")
                    .arg("cause", e),
            )
        };
        serde_json::from_value(Value::Object(facts)).map_err(unreadable)
    }

    fn checked_value(&self, field: &str, value: &Value) -> Result<Value, Error> {
        let fault = |cause: &str| {
            let fault = Diagnostic::error("amend.value")
                .arg("field", field)
                .arg("cause", cause);
            Err(Error::rejected(fault))
        };
        let list = list_of(field);
        match (field, value) {
            ("stated_area_m2" | "capacity", Value::Number(_)) => Ok(value.clone()),
            ("stated_area_m2" | "capacity", Value::String(text)) => {
                let number = text.trim().parse::<f64>().ok().filter(|n| n.is_finite());
                let number = number.and_then(serde_json::Number::from_f64);
                number.map_or_else(|| fault(text), |n| Ok(Value::Number(n)))
            }
            ("stated_area_m2" | "capacity", _) => fault("number"),
            (_, Value::String(text)) if text.chars().count() > 4000 => fault("4000"),
            (_, Value::String(text)) => match list {
                Some(list) => {
                    let found = self
                        .campaign
                        .find_list(&self.codes, list)
                        .and_then(|l| l.find_code(text).or_else(|| l.find(text)));
                    found.map_or_else(|| fault(text), |c| Ok(Value::String(c.code.clone())))
                }
                None => Ok(Value::String(text.trim().to_owned())),
            },
            _ => fault("text"),
        }
    }

    /// An outline as drawn: valid, in China, laid over the zones; what follows from that.
    fn checked_shape(&self, value: &Value, facts: &mut SiteFacts) -> Result<SiteFacts, Error> {
        let fault =
            |cause: String| Error::rejected(Diagnostic::error("amend.shape").arg("cause", cause));
        let shape: Shape =
            serde_json::from_value(value.clone()).map_err(|e| fault(e.to_string()))?;
        // Whoever sits at a desk draws without a remark.
        if let Some(first) = validate(&shape.0).first() {
            return Err(fault(first.code().to_owned()));
        }
        let located = self.located(&shape)?;
        facts.shape = Some(shape);
        facts.lon = located.lon;
        facts.lat = located.lat;
        facts.area_m2 = located.area_m2;
        Ok(located)
    }

    /// What follows from where an outline lies, laid over zones and stations: area, shares, station. It has to be valid, of
    /// no more corners than anybody draws, and in the reserve or near it.
    pub(crate) fn located(&self, shape: &Shape) -> Result<SiteFacts, Error> {
        let fault =
            |cause: String| Error::rejected(Diagnostic::error("amend.shape").arg("cause", cause));
        let corners = shape.0.coords_count();
        if corners > MOST_CORNERS {
            return Err(fault(format!("{corners} > {MOST_CORNERS}")));
        }
        if let Some(first) = validate(&shape.0).iter().find(|f| is_error(f)) {
            return Err(fault(first.code().to_owned()));
        }
        let located = self.geography(AsOf::Now)?.locate(&shape.0);
        if located.outside_by_m > self.campaign.thresholds.outside_doubt_m {
            return Err(fault(format!("{:.0} m", located.outside_by_m)));
        }
        Ok(located.facts)
    }

    /// Cells pasted into a ledger: all or nothing, one entry a site.
    pub fn paste(&mut self, request: &PasteRequest) -> Result<PasteResult, Error> {
        if request.rows.len() > MOST_CELLS {
            let fault = Diagnostic::error("paste.too_many").arg("most", MOST_CELLS);
            return Err(Error::rejected(fault));
        }
        let reason = if request.dry_run {
            request.reason.clone()
        } else {
            checked_reason(&request.reason)?
        };
        let mut cells = Vec::with_capacity(request.rows.len());
        let mut by_site: BTreeMap<String, (Dossier, Map<String, Value>)> = BTreeMap::new();
        for cell in &request.rows {
            cells.push(self.paste_cell(cell, &mut by_site));
        }
        let count = |wanted: &str| cells.iter().filter(|c| c.outcome == wanted).count();
        let (changed, refused) = (count("changed"), count("refused"));
        let is_written = !request.dry_run && refused == 0 && changed > 0;
        if is_written {
            let mut entries = Vec::new();
            for (dossier, facts) in by_site.values().filter(|(_, f)| !f.is_empty()) {
                let facts = self.checked_facts(facts)?;
                let mut entry =
                    self.correction(&StreamId::site(dossier.site_id), facts, &reason)?;
                entry.based_on = Some(
                    self.register
                        .stream_version(&StreamId::site(dossier.site_id))?,
                );
                entries.push(entry);
            }
            self.register.append(&entries, self.now)?;
        }
        Ok(PasteResult {
            is_written,
            changed,
            same: count("same"),
            refused,
            cells,
        })
    }

    fn paste_cell(
        &self,
        cell: &PasteCell,
        by_site: &mut BTreeMap<String, (Dossier, Map<String, Value>)>,
    ) -> PasteOutcome {
        let field = field_of_column(&cell.field).unwrap_or(&cell.field);
        let mut outcome = PasteOutcome {
            site_code: cell.site_code.clone(),
            field: field.to_owned(),
            outcome: "refused".to_owned(),
            before: String::new(),
            after: String::new(),
            message: None,
        };
        match self.try_cell(cell, field, by_site) {
            Ok((before, after)) => {
                outcome.before = before.map_or(String::new(), |v| self.fact_text(field, &v));
                outcome.after = self.fact_text(field, &after);
                let is_same = outcome.before == outcome.after;
                outcome.outcome = if is_same { "same" } else { "changed" }.to_owned();
                if is_same && let Some((_, facts)) = by_site.get_mut(&cell.site_code) {
                    facts.remove(field);
                }
            }
            Err(error) => outcome.message = Some(self.messages.error(&error).0),
        }
        outcome
    }

    fn try_cell(
        &self,
        cell: &PasteCell,
        field: &str,
        by_site: &mut BTreeMap<String, (Dossier, Map<String, Value>)>,
    ) -> Result<(Option<Value>, Value), Error> {
        if !by_site.contains_key(&cell.site_code) {
            let dossier = self.load_dossier_by_code(&cell.site_code, AsOf::Now)?;
            self.may(Action::AmendSite, dossier.facts.station_id.as_deref())?;
            by_site.insert(cell.site_code.clone(), (dossier, Map::new()));
        }
        let single = Map::from_iter([(field.to_owned(), cell.value.clone())]);
        let checked = stated_values(&self.checked_facts(&single)?);
        let value = checked
            .get(field)
            .cloned()
            .ok_or_else(|| Error::rejected(Diagnostic::error("amend.nothing")))?;
        let (dossier, facts) = by_site
            .get_mut(&cell.site_code)
            .ok_or_else(nothing_appended)?;
        facts.insert(field.to_owned(), value.clone());
        let before = stated_values(&dossier.facts).get(field).cloned();
        Ok((before, value))
    }
}

pub(crate) fn nothing_appended() -> Error {
    Error::internal(anyhow::anyhow!("an append of one entry gave no receipt"))
}

fn stated(body: &EntryBody) -> Map<String, Value> {
    match body {
        EntryBody::SiteAmended(b) => stated_values(&b.facts),
        _ => Map::new(),
    }
}

fn stated_values(facts: &SiteFacts) -> Map<String, Value> {
    let Ok(Value::Object(all)) = serde_json::to_value(facts) else {
        return Map::new();
    };
    let fields = stated_fields(facts);
    all.into_iter()
        .filter(|(f, _)| fields.contains(f))
        .collect()
}

/// A reason that says something.
pub(crate) fn checked_reason(text: &str) -> Result<String, Error> {
    let reason = text.trim();
    match (2..=500).contains(&reason.chars().count()) {
        true => Ok(reason.to_owned()),
        false => Err(Error::rejected(Diagnostic::error("amend.reason"))),
    }
}
