//! 要素服务 — sites, clues, patches, zones, stations and routes as features for other map programs, within the actor's rights.

use std::cell::OnceCell;

use domain::as_of::AsOf;
use domain::ledger::Labels;
use domain::policy::Action;
use domain::shape::Shape;
use geo_types::Geometry;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use spatial::diagnostic::Diagnostic;
use spatial::formats::Told;

use crate::atlas::{
    Atlas, Atlases, Box2, ClueRow, Eyes, GroundLayer, Order, SiteQuery, SiteTable, Sort, Words,
};
use crate::error::Error;
use crate::lists::ClueQuery;
use crate::map::MapLayer;
use crate::session::Session;
use crate::viewer::Viewer;

/// 要素页 — some features as GeoJSON texts, and how many match in all.
pub struct FeaturePage {
    /// A collection up to its last feature.
    text: Vec<u8>,
    pub returned: usize,
    pub matched: usize,
}

const COLLECTION: &[u8] = b"{\"type\":\"FeatureCollection\",\"features\":[";

impl FeaturePage {
    /// The features with commas between them.
    pub fn features(&self) -> &[u8] {
        &self.text[COLLECTION.len()..]
    }

    /// The features as a collection with further members, told as `"name":value` with commas between them.
    pub fn collection(mut self, members: &str) -> Vec<u8> {
        for text in ["],", members, "}"] {
            self.text.extend_from_slice(text.as_bytes());
        }
        self.text
    }
}

/// 要素查询 — box, time, properties, and which part.
#[derive(Debug, Clone, Default)]
pub struct FeatureQuery {
    pub bbox: Option<Box2>,
    /// First and last instant, either open.
    pub during: Option<(Option<Timestamp>, Option<Timestamp>)>,
    /// Properties that must have these values.
    pub properties: Vec<(String, String)>,
    /// Latitude before longitude in what is told.
    pub is_latitude_first: bool,
    pub offset: usize,
    pub limit: usize,
}

/// Few sites lie in so small a box, and a page of so many is soon written; properties asked for are compared with every
/// site of the box spelled out, which may take long.
const SHORT_BOX_DEGREES: f64 = 0.25;
const SHORT_PAGE: usize = 1_000;
/// What a site with an outline takes: pages are written into room that is there.
const BYTES_OF_A_FEATURE: usize = 1_200;

impl FeatureQuery {
    /// Whether answering is soon over.
    pub fn is_short(&self) -> bool {
        let is_small = |b: Box2| {
            let [w, s, e, n] = b.0;
            e - w <= SHORT_BOX_DEGREES && n - s <= SHORT_BOX_DEGREES
        };
        self.bbox.is_some_and(is_small) && self.limit <= SHORT_PAGE && self.properties.is_empty()
    }
}

/// Properties of a collection that can be asked for, with their JSON types.
pub fn properties_of(layer: MapLayer) -> &'static [(&'static str, &'static str)] {
    match layer {
        MapLayer::Sites => &[
            ("site_code", "string"),
            ("facility_name", "string"),
            ("state", "string"),
            ("state_label", "string"),
            ("station_id", "string"),
            ("zone_kind", "string"),
            ("activity_type_code", "string"),
            ("activity_label", "string"),
            ("area_m2", "number"),
            ("has_issue", "string"),
            ("focal_category", "string"),
            ("verdict", "string"),
            ("severity", "string"),
            ("sources", "string"),
            ("updated_at", "string"),
        ],
        MapLayer::Clues | MapLayer::Patches => &[
            ("clue_id", "string"),
            ("state", "string"),
            ("source_kind", "string"),
            ("received_on", "string"),
            ("external_code", "string"),
            ("facility_name", "string"),
            ("activity_type_code", "string"),
            ("station_id", "string"),
            ("site_code", "string"),
            ("area_m2", "number"),
        ],
        _ => &[
            ("id", "string"),
            ("name", "string"),
            ("kind", "string"),
            ("station_id", "string"),
        ],
    }
}

/// Most features of one page.
pub const MOST_FEATURES: usize = 10_000;

impl Viewer {
    /// Sites of an atlas that match, as features.
    pub fn site_features(&self, atlas: &Atlas, query: &FeatureQuery) -> Result<FeaturePage, Error> {
        self.check_features(MapLayer::Sites, query)?;
        let mut told = Telling::of(query);
        let table = &atlas.sites;
        let eyes = self.eyes(table);
        let mut rows = self.rows_of_features(table, query, &eyes)?;
        if query.during.is_some() {
            rows.retain(|row| within(query, table.updated_at(*row)));
        }
        let on_page = rows.len().min(query.limit);
        told.out.reserve(on_page * BYTES_OF_A_FEATURE);
        let labels = self.site_labels(table);
        let is_coded = query.properties.is_empty();
        let unseen = if is_coded {
            query.offset.min(rows.len())
        } else {
            0
        };
        told.matched = unseen;
        for row in rows.drain(unseen..) {
            // What is beyond the page only counts.
            if is_coded && told.is_full() {
                told.matched += 1;
                continue;
            }
            let properties = site_properties(table, row, &eyes, &labels);
            if told.takes(&properties)? {
                told.tell(
                    table.site_code(row),
                    |out| properties.write(out),
                    |out| table.tell_geometry(row, query.is_latitude_first, out),
                )?;
            }
        }
        Ok(told.finish())
    }

    fn check_features(&self, layer: MapLayer, query: &FeatureQuery) -> Result<(), Error> {
        self.may_read_lists(layer.action())?;
        for (name, _) in &query.properties {
            if !properties_of(layer).iter().any(|(known, _)| known == name) {
                let fault = Diagnostic::error("query.property").arg("name", name);
                return Err(Error::rejected(fault));
            }
        }
        Ok(())
    }

    fn rows_of_features(
        &self,
        table: &SiteTable,
        query: &FeatureQuery,
        eyes: &Eyes,
    ) -> Result<Vec<u32>, Error> {
        let filter = self.site_filter(&coded(&query.properties), table)?;
        let bounds = query.bbox.map(mercator_box);
        let code = query.properties.iter().find(|(n, _)| n == "site_code");
        if let Some((_, code)) = code {
            let mut rows = table.rows_of_code(code).to_vec();
            rows.retain(|row| {
                table.matches(*row, &filter, eyes) && bounds.is_none_or(|b| table.touches(*row, b))
            });
            return Ok(rows);
        }
        Ok(match bounds {
            None => {
                let order = Order::By(Sort::parse(None)?);
                table.select(&filter, eyes, order, (0, usize::MAX)).1
            }
            Some(bounds) => table.select_in_box(bounds, &filter, eyes),
        })
    }

    fn site_labels<'a>(&'a self, table: &'a SiteTable) -> SiteLabels<'a> {
        let labels = |list, words: &'a Words| WordLabels {
            viewer: self,
            list,
            words,
            known: vec![OnceCell::new(); words.len()],
        };
        SiteLabels {
            states: labels("site_state", &table.states),
            activities: labels("activity", &table.activities),
        }
    }
}

impl Session {
    /// Whether the actor may read a collection at all.
    pub fn may_read_layer(&self, layer: MapLayer) -> bool {
        self.may_read_lists(layer.action()).is_ok()
    }

    /// Features of a collection that match.
    pub fn features(
        &self,
        atlases: &Atlases,
        layer: MapLayer,
        query: &FeatureQuery,
    ) -> Result<FeaturePage, Error> {
        self.check_features(layer, query)?;
        match layer {
            MapLayer::Sites => self.site_features(&*self.atlas(atlases, AsOf::Now)?, query),
            MapLayer::Clues | MapLayer::Patches => self.clue_features(atlases, layer, query),
            _ => self.ground_features(atlases, layer, query),
        }
    }

    /// One feature of a collection, as GeoJSON.
    pub fn feature(
        &self,
        atlases: &Atlases,
        layer: MapLayer,
        id: &str,
        is_latitude_first: bool,
    ) -> Result<String, Error> {
        let name = match layer {
            MapLayer::Sites => "site_code",
            MapLayer::Clues | MapLayer::Patches => "clue_id",
            _ => "id",
        };
        let query = FeatureQuery {
            properties: vec![(name.to_owned(), id.to_owned())],
            is_latitude_first,
            limit: 1,
            ..FeatureQuery::default()
        };
        let page = self.features(atlases, layer, &query)?;
        match page.returned {
            0 => Err(Error::NotFound {
                what: "feature",
                name: id.to_owned(),
            }),
            _ => String::from_utf8(page.features().to_vec()).map_err(Error::internal),
        }
    }

    fn clue_features(
        &self,
        atlases: &Atlases,
        layer: MapLayer,
        query: &FeatureQuery,
    ) -> Result<FeaturePage, Error> {
        let mut told = Telling::of(query);
        // Geometries are read after the atlas was let go.
        let mut taken = Vec::new();
        {
            let atlas = self.atlas(atlases, AsOf::Now)?;
            let bounds = query.bbox.map(mercator_box);
            for (at, clue) in self.select_clues(&atlas, &ClueQuery::default()) {
                let is_patch = clue.source_kind == "remote_sensing";
                let extent = atlas.clues.shapes.extent(at);
                let day = crate::session::start_of(clue.received_on);
                let is_held = (layer == MapLayer::Patches) == is_patch
                    && bounds.is_none_or(|b| extent.is_some_and(|e| crate::atlas::touch(e, b)))
                    && within(query, day);
                let properties = is_held.then(|| clue_properties(clue));
                if let Some(properties) = properties
                    && told.takes(&properties)?
                {
                    taken.push((clue.clue_id, properties));
                }
            }
        }
        for (clue_id, properties) in taken {
            let clue = self.register.find_clue(clue_id)?;
            let shape = clue.and_then(|c| c.received.body.facts.shape);
            told.tell_shape(
                &clue_id.to_string(),
                &properties,
                shape.as_ref().map(|s| &s.0),
            )?;
        }
        Ok(told.finish())
    }

    fn ground_features(
        &self,
        atlases: &Atlases,
        layer: MapLayer,
        query: &FeatureQuery,
    ) -> Result<FeaturePage, Error> {
        let bounds = query.bbox.map(mercator_box);
        let mut told = Telling::of(query);
        let mut taken = Vec::new();
        {
            let atlas = self.atlas(atlases, AsOf::Now)?;
            let ground: &GroundLayer = match layer {
                MapLayer::Zones => &atlas.ground.zones,
                MapLayer::Stations => &atlas.ground.stations,
                _ => &atlas.ground.routes,
            };
            for (at, feature) in ground.features.iter().enumerate() {
                let station = feature.station_id.as_deref();
                let is_seen = layer == MapLayer::Zones || self.sees(Action::ReadLedgers, station);
                let extent = ground.shapes.extent(at);
                let is_near =
                    bounds.is_none_or(|b| extent.is_some_and(|e| crate::atlas::touch(e, b)));
                if is_seen && is_near {
                    let properties = json!({
                        "id": feature.id,
                        "name": feature.name,
                        "kind": feature.kind,
                        "station_id": feature.station_id,
                    });
                    if told.takes(&properties)? {
                        taken.push((feature.id.clone(), properties));
                    }
                }
            }
        }
        let shapes = self.ground_shapes(layer)?;
        for (id, properties) in taken {
            let found = shapes.iter().find(|(known, _)| *known == id);
            told.tell_shape(&id, &properties, found.map(|(_, shape)| &shape.0))?;
        }
        Ok(told.finish())
    }

    fn ground_shapes(&self, layer: MapLayer) -> Result<Vec<(String, Shape)>, Error> {
        let reserve = &self.reserve.reserve_code;
        Ok(match layer {
            MapLayer::Zones => self
                .register
                .latest_boundary(reserve, AsOf::Now)?
                .map(|b| {
                    let zones = b.body.zones.into_iter();
                    zones.map(|z| (z.zone_id, z.shape)).collect()
                })
                .unwrap_or_default(),
            MapLayer::Stations => self
                .register
                .latest_stations(reserve, AsOf::Now)?
                .map(|s| {
                    let stations = s.body.stations.into_iter();
                    stations.map(|s| (s.station_id, s.shape)).collect()
                })
                .unwrap_or_default(),
            _ => self
                .register
                .latest_routes(reserve, AsOf::Now)?
                .map(|r| {
                    let routes = r.body.routes.into_iter();
                    routes.map(|r| (r.route_id, r.shape)).collect()
                })
                .unwrap_or_default(),
        })
    }
}

/// Features on their way to a page.
struct Telling<'a> {
    query: &'a FeatureQuery,
    out: Vec<u8>,
    returned: usize,
    matched: usize,
}

impl<'a> Telling<'a> {
    fn of(query: &'a FeatureQuery) -> Self {
        Self {
            query,
            out: COLLECTION.to_vec(),
            returned: 0,
            matched: 0,
        }
    }

    fn is_full(&self) -> bool {
        self.returned >= self.query.limit
    }

    /// Counts a feature if its properties are as asked; whether it falls on the page.
    fn takes(&mut self, properties: &impl Serialize) -> Result<bool, Error> {
        if !self.query.properties.is_empty() {
            let properties = serde_json::to_value(properties).map_err(Error::internal)?;
            let mut asked = self.query.properties.iter();
            let is_wanted = |(name, value): &(String, String)| {
                properties.get(name).is_some_and(|v| says(v, value))
            };
            if !asked.all(is_wanted) {
                return Ok(false);
            }
        }
        self.matched += 1;
        let is_on_page = self.matched > self.query.offset && !self.is_full();
        self.returned += usize::from(is_on_page);
        Ok(is_on_page)
    }

    /// Writes a feature; `properties` and `geometry` write their own, if there is a geometry.
    fn tell(
        &mut self,
        id: &str,
        properties: impl FnOnce(&mut Vec<u8>) -> serde_json::Result<()>,
        geometry: impl FnOnce(&mut Vec<u8>) -> bool,
    ) -> Result<(), Error> {
        let out = &mut self.out;
        if out.len() > COLLECTION.len() {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"type\":\"Feature\",\"id\":");
        write_text(out, id).map_err(Error::internal)?;
        out.extend_from_slice(b",\"properties\":");
        properties(out).map_err(Error::internal)?;
        out.extend_from_slice(b",\"geometry\":");
        if !geometry(out) {
            out.extend_from_slice(b"null");
        }
        out.push(b'}');
        Ok(())
    }

    /// The same with the geometry at hand.
    fn tell_shape(
        &mut self,
        id: &str,
        properties: &impl Serialize,
        shape: Option<&Geometry<f64>>,
    ) -> Result<(), Error> {
        let told = shape.map(|geometry| Told {
            geometry,
            is_latitude_first: self.query.is_latitude_first,
        });
        // Writing to memory cannot fail, and coordinates are numbers.
        self.tell(
            id,
            |out| serde_json::to_writer(out, properties),
            |out| told.is_some_and(|told| serde_json::to_writer(out, &told).is_ok()),
        )
    }

    fn finish(self) -> FeaturePage {
        FeaturePage {
            text: self.out,
            returned: self.returned,
            matched: self.matched,
        }
    }
}

/// Labels of the words of a table.
struct SiteLabels<'a> {
    states: WordLabels<'a>,
    activities: WordLabels<'a>,
}

/// Labels of a dictionary's words by their numbers, looked up where they are first asked for: most pages name a few.
struct WordLabels<'a> {
    viewer: &'a Viewer,
    list: &'static str,
    words: &'a Words,
    known: Vec<OnceCell<Option<String>>>,
}

impl WordLabels<'_> {
    fn label(&self, number: u16) -> Option<&str> {
        let known = self.known.get(usize::from(number))?;
        let look_up = || {
            let word = self.words.word(number);
            word.map(|w| self.viewer.label(self.list, w))
        };
        known.get_or_init(look_up).as_deref()
    }
}

/// Properties of a site, in the order of `properties_of`.
#[derive(Debug, Serialize)]
struct SiteProperties<'a> {
    site_code: &'a str,
    facility_name: Option<&'a str>,
    state: &'a str,
    state_label: &'a str,
    station_id: Option<&'a str>,
    zone_kind: Option<&'a str>,
    activity_type_code: Option<&'a str>,
    activity_label: Option<&'a str>,
    area_m2: Option<f64>,
    has_issue: &'a str,
    focal_category: Option<&'a str>,
    verdict: Option<&'a str>,
    severity: Option<&'a str>,
    sources: String,
    updated_at: Timestamp,
}

impl SiteProperties<'_> {
    /// Writes what serializing gives, name by name: a page tells the same names hundreds of times.
    fn write(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        write_member(out, b"{\"site_code\":", Some(self.site_code))?;
        write_member(out, b",\"facility_name\":", self.facility_name)?;
        write_member(out, b",\"state\":", Some(self.state))?;
        write_member(out, b",\"state_label\":", Some(self.state_label))?;
        write_member(out, b",\"station_id\":", self.station_id)?;
        write_member(out, b",\"zone_kind\":", self.zone_kind)?;
        write_member(out, b",\"activity_type_code\":", self.activity_type_code)?;
        write_member(out, b",\"activity_label\":", self.activity_label)?;
        out.extend_from_slice(b",\"area_m2\":");
        serde_json::to_writer(&mut *out, &self.area_m2)?;
        write_member(out, b",\"has_issue\":", Some(self.has_issue))?;
        write_member(out, b",\"focal_category\":", self.focal_category)?;
        write_member(out, b",\"verdict\":", self.verdict)?;
        write_member(out, b",\"severity\":", self.severity)?;
        write_member(out, b",\"sources\":", Some(&self.sources))?;
        out.extend_from_slice(b",\"updated_at\":");
        serde_json::to_writer(&mut *out, &self.updated_at)?;
        out.push(b'}');
        Ok(())
    }
}

fn write_member<const N: usize>(
    out: &mut Vec<u8>,
    name: &[u8; N],
    text: Option<&str>,
) -> serde_json::Result<()> {
    out.extend_from_slice(name);
    match text {
        Some(text) => write_text(out, text),
        None => {
            out.extend_from_slice(b"null");
            Ok(())
        }
    }
}

/// A text as JSON. Hardly any holds what must be escaped, which is seen quicker of all its bytes than byte by byte.
fn write_text(out: &mut Vec<u8>, text: &str) -> serde_json::Result<()> {
    let is_odd = |b: u8| (b < 0x20) | (b == b'"') | (b == b'\\');
    if text.bytes().fold(false, |odd, b| odd | is_odd(b)) {
        return serde_json::to_writer(out, text);
    }
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
    Ok(())
}

fn site_properties<'a>(
    table: &'a SiteTable,
    row: u32,
    eyes: &Eyes,
    labels: &'a SiteLabels<'_>,
) -> SiteProperties<'a> {
    let [state_number, _, _, activity_number, ..] = table.numbers(row);
    let [
        state,
        station_id,
        zone_kind,
        activity,
        focal,
        has_issue,
        verdict,
        severity,
    ] = table.coded(row);
    SiteProperties {
        site_code: table.site_code(row),
        facility_name: Some(table.name(row)).filter(|n| !n.is_empty()),
        state: state.unwrap_or_default(),
        state_label: labels.states.label(state_number).unwrap_or_default(),
        station_id,
        zone_kind,
        activity_type_code: activity,
        activity_label: labels.activities.label(activity_number),
        area_m2: table.area(row),
        has_issue: has_issue.unwrap_or_default(),
        focal_category: focal,
        verdict,
        severity,
        sources: listed(table.sources_of(row, eyes)),
        updated_at: table.updated_at(row),
    }
}

/// Words with commas between them.
fn listed<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.fold(String::new(), |mut all, word| {
        if !all.is_empty() {
            all.push(',');
        }
        all.push_str(word);
        all
    })
}

/// What of the properties the columns know, so that not every row need be spelled out.
fn coded(properties: &[(String, String)]) -> SiteQuery {
    let value = |name: &str| {
        let found = properties.iter().find(|(n, _)| n == name);
        // A comma would be read as two codes.
        found
            .map(|(_, v)| v.clone())
            .filter(|v| !v.contains(',') && !matches!(v.as_str(), "yes" | "no" | "unknown" | ""))
    };
    SiteQuery {
        state: value("state"),
        station: value("station_id"),
        zone: value("zone_kind"),
        activity: value("activity_type_code"),
        focal: value("focal_category"),
        verdict: value("verdict"),
        severity: value("severity"),
        ..SiteQuery::default()
    }
}

fn clue_properties(clue: &ClueRow) -> Value {
    json!({
        "clue_id": clue.clue_id,
        "state": clue.state,
        "source_kind": clue.source_kind,
        "received_on": clue.received_on,
        "external_code": clue.external_code,
        "facility_name": clue.facility_name,
        "activity_type_code": clue.activity_type_code,
        "station_id": clue.station_id,
        "site_code": clue.site_code,
        "area_m2": clue.area_m2,
    })
}

fn says(value: &Value, wanted: &str) -> bool {
    match value {
        Value::String(text) => text == wanted,
        Value::Number(n) => wanted.parse::<f64>().is_ok_and(|w| n.as_f64() == Some(w)),
        Value::Null => false,
        other => *other == wanted,
    }
}

fn within(query: &FeatureQuery, at: Timestamp) -> bool {
    query
        .during
        .is_none_or(|(from, to)| from.is_none_or(|f| at >= f) && to.is_none_or(|t| at <= t))
}

fn mercator_box(bbox: Box2) -> [i32; 4] {
    let [w, s, e, n] = bbox.0;
    let [x0, y0] = spatial::tiles::mercator(w, n);
    let [x1, y1] = spatial::tiles::mercator(e, s);
    [x0, y0, x1, y1]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn properties_are_written_as_they_are_serialized(
            texts in prop::collection::vec(prop::option::of(".{0,20}"), 12),
            area_m2 in prop::option::of(any::<f64>()),
            second in -1_000_000_000..4_000_000_000_i64,
        ) {
            let text = |at: usize| texts[at].as_deref();
            let said = |at: usize| text(at).unwrap_or("\"\\\n\u{1}山");
            let properties = SiteProperties {
                site_code: said(0),
                facility_name: text(1),
                state: said(2),
                state_label: said(3),
                station_id: text(4),
                zone_kind: text(5),
                activity_type_code: text(6),
                activity_label: text(7),
                area_m2,
                has_issue: said(8),
                focal_category: text(9),
                verdict: text(10),
                severity: text(11),
                sources: said(0).to_owned(),
                updated_at: Timestamp::from_second(second).unwrap_or_default(),
            };
            let mut written = Vec::new();
            prop_assert!(properties.write(&mut written).is_ok());
            let whole = serde_json::to_vec(&properties);
            prop_assert_eq!(Some(written), whole.ok());
        }
    }
}
