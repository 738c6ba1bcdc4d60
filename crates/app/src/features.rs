//! 要素服务 — sites, clues, patches, zones, stations and routes as features for other map programs, within the actor's rights.

use domain::as_of::AsOf;
use domain::ids::{ClueId, SiteId};
use domain::ledger::Labels;
use domain::policy::Action;
use domain::shape::Shape;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use spatial::diagnostic::Diagnostic;

use crate::atlas::{Atlases, Box2, ClueRow, GroundLayer, SiteQuery, SiteRow, Sort};
use crate::error::Error;
use crate::lists::ClueQuery;
use crate::map::MapLayer;
use crate::session::Session;

/// 要素 — an id, a geometry in CGCS2000 longitude and latitude, properties.
pub struct Feature {
    pub id: String,
    /// GeoJSON geometry.
    pub geometry: Value,
    pub properties: Map<String, Value>,
}

/// 要素页 — some features and how many match in all.
pub struct FeaturePage {
    pub features: Vec<Feature>,
    pub matched: usize,
}

/// 要素查询 — box, time, properties, and which part.
#[derive(Debug, Clone, Default)]
pub struct FeatureQuery {
    pub bbox: Option<Box2>,
    /// First and last instant, either open.
    pub during: Option<(Option<Timestamp>, Option<Timestamp>)>,
    /// Properties that must have these values.
    pub properties: Vec<(String, String)>,
    pub offset: usize,
    pub limit: usize,
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
        self.may_read_lists(layer.action())?;
        for (name, _) in &query.properties {
            if !properties_of(layer).iter().any(|(known, _)| known == name) {
                let fault = Diagnostic::error("query.property").arg("name", name);
                return Err(Error::rejected(fault));
            }
        }
        match layer {
            MapLayer::Sites => self.site_features(atlases, query),
            MapLayer::Clues | MapLayer::Patches => self.clue_features(atlases, layer, query),
            _ => self.ground_features(atlases, layer, query),
        }
    }

    /// One feature of a collection.
    pub fn feature(&self, atlases: &Atlases, layer: MapLayer, id: &str) -> Result<Feature, Error> {
        let name = match layer {
            MapLayer::Sites => "site_code",
            MapLayer::Clues | MapLayer::Patches => "clue_id",
            _ => "id",
        };
        let query = FeatureQuery {
            properties: vec![(name.to_owned(), id.to_owned())],
            limit: 1,
            ..FeatureQuery::default()
        };
        let page = self.features(atlases, layer, &query)?;
        page.features
            .into_iter()
            .next()
            .ok_or_else(|| Error::NotFound {
                what: "feature",
                name: id.to_owned(),
            })
    }

    fn site_features(&self, atlases: &Atlases, query: &FeatureQuery) -> Result<FeaturePage, Error> {
        let chosen: Vec<SiteRow>;
        let matched;
        {
            let atlas = self.atlas(atlases, AsOf::Now)?;
            let eyes = self.eyes(&atlas.sites);
            let filter = self.site_filter(&coded(&query.properties), &atlas.sites)?;
            let rows = match query.bbox.map(mercator_box) {
                None => atlas.sites.select(&filter, &eyes, Sort::parse(None)?),
                Some(bounds) => atlas.sites.select_in_box(bounds, &filter, &eyes),
            };
            let held = rows
                .into_iter()
                .filter(|row| within(query, atlas.sites.updated_at(*row)));
            let is_wanted = |row: &SiteRow| {
                let properties = self.site_properties(row);
                query
                    .properties
                    .iter()
                    .all(|(name, value)| properties.get(name).is_some_and(|v| says(v, value)))
            };
            if query.properties.is_empty() {
                let rows: Vec<u32> = held.collect();
                matched = rows.len();
                let page = rows.iter().skip(query.offset).take(query.limit);
                chosen = page.map(|row| atlas.sites.row(*row, &eyes)).collect();
            } else {
                let all: Vec<SiteRow> = held
                    .map(|row| atlas.sites.row(row, &eyes))
                    .filter(is_wanted)
                    .collect();
                matched = all.len();
                chosen = all
                    .into_iter()
                    .skip(query.offset)
                    .take(query.limit)
                    .collect();
            }
        }
        let features: Result<Vec<Feature>, Error> = chosen
            .iter()
            .map(|row| {
                Ok(Feature {
                    id: row.site_code.clone(),
                    geometry: self.site_geometry(row.site_id)?,
                    properties: self.site_properties(row),
                })
            })
            .collect();
        Ok(FeaturePage {
            features: features?,
            matched,
        })
    }

    fn site_geometry(&self, site: SiteId) -> Result<Value, Error> {
        let geometry = self.register.find_site_shape(site)?;
        Ok(geometry.map_or(Value::Null, |g| {
            serde_json::to_value(Shape(g)).unwrap_or(Value::Null)
        }))
    }

    fn site_properties(&self, row: &SiteRow) -> Map<String, Value> {
        let activity = row.activity_type_code.as_deref();
        let all = json!({
            "site_code": row.site_code,
            "facility_name": row.facility_name,
            "state": row.state,
            "state_label": self.label("site_state", &row.state),
            "station_id": row.station_id,
            "zone_kind": row.zone_kind,
            "activity_type_code": row.activity_type_code,
            "activity_label": activity.map(|a| self.label("activity", a)),
            "area_m2": row.area_m2,
            "has_issue": row.has_issue,
            "focal_category": row.focal_category,
            "verdict": row.verdict,
            "severity": row.severity,
            "sources": row.sources.join(","),
            "updated_at": row.updated_at.to_string(),
        });
        match all {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }

    fn clue_features(
        &self,
        atlases: &Atlases,
        layer: MapLayer,
        query: &FeatureQuery,
    ) -> Result<FeaturePage, Error> {
        let chosen: Vec<(ClueId, Map<String, Value>)>;
        let matched;
        {
            let atlas = self.atlas(atlases, AsOf::Now)?;
            let bounds = query.bbox.map(mercator_box);
            let rows = self.select_clues(&atlas, &ClueQuery::default());
            let held: Vec<(ClueId, Map<String, Value>)> = rows
                .into_iter()
                .filter(|(at, clue)| {
                    let is_patch = clue.source_kind == "remote_sensing";
                    let extent = atlas.clues.shapes.extent(*at);
                    let day = crate::session::start_of(clue.received_on);
                    (layer == MapLayer::Patches) == is_patch
                        && bounds.is_none_or(|b| extent.is_some_and(|e| crate::atlas::touch(e, b)))
                        && within(query, day)
                })
                .map(|(_, clue)| (clue.clue_id, clue_properties(clue)))
                .filter(|(_, properties)| {
                    query
                        .properties
                        .iter()
                        .all(|(name, value)| properties.get(name).is_some_and(|v| says(v, value)))
                })
                .collect();
            matched = held.len();
            chosen = held
                .into_iter()
                .skip(query.offset)
                .take(query.limit)
                .collect();
        }
        let features: Result<Vec<Feature>, Error> = chosen
            .into_iter()
            .map(|(clue_id, properties)| {
                let clue = self.register.find_clue(clue_id)?;
                let shape = clue.and_then(|c| c.received.body.facts.shape);
                Ok(Feature {
                    id: clue_id.to_string(),
                    geometry: shape
                        .and_then(|s| serde_json::to_value(s).ok())
                        .unwrap_or(Value::Null),
                    properties,
                })
            })
            .collect();
        Ok(FeaturePage {
            features: features?,
            matched,
        })
    }

    fn ground_features(
        &self,
        atlases: &Atlases,
        layer: MapLayer,
        query: &FeatureQuery,
    ) -> Result<FeaturePage, Error> {
        let bounds = query.bbox.map(mercator_box);
        let mut all = Vec::new();
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
                let properties = Map::from_iter([
                    ("id".to_owned(), json!(feature.id)),
                    ("name".to_owned(), json!(feature.name)),
                    ("kind".to_owned(), json!(feature.kind)),
                    ("station_id".to_owned(), json!(feature.station_id)),
                ]);
                let is_wanted = query
                    .properties
                    .iter()
                    .all(|(name, value)| properties.get(name).is_some_and(|v| says(v, value)));
                if is_seen && is_near && is_wanted {
                    all.push((feature.id.clone(), properties));
                }
            }
        }
        let matched = all.len();
        let shapes = self.ground_shapes(layer)?;
        let features = all
            .into_iter()
            .skip(query.offset)
            .take(query.limit)
            .map(|(id, properties)| Feature {
                geometry: shapes
                    .iter()
                    .find(|(known, _)| *known == id)
                    .map_or(Value::Null, |(_, shape)| shape.clone()),
                id,
                properties,
            })
            .collect();
        Ok(FeaturePage { features, matched })
    }

    fn ground_shapes(&self, layer: MapLayer) -> Result<Vec<(String, Value)>, Error> {
        let reserve = &self.reserve.reserve_code;
        let told = |id: &str, shape: &Shape| {
            (
                id.to_owned(),
                serde_json::to_value(shape).unwrap_or(Value::Null),
            )
        };
        Ok(match layer {
            MapLayer::Zones => self
                .register
                .latest_boundary(reserve, AsOf::Now)?
                .map(|b| {
                    let zones = b.body.zones.iter();
                    zones.map(|z| told(&z.zone_id, &z.shape)).collect()
                })
                .unwrap_or_default(),
            MapLayer::Stations => self
                .register
                .latest_stations(reserve, AsOf::Now)?
                .map(|s| {
                    let stations = s.body.stations.iter();
                    stations.map(|s| told(&s.station_id, &s.shape)).collect()
                })
                .unwrap_or_default(),
            _ => self
                .register
                .latest_routes(reserve, AsOf::Now)?
                .map(|r| {
                    let routes = r.body.routes.iter();
                    routes.map(|r| told(&r.route_id, &r.shape)).collect()
                })
                .unwrap_or_default(),
        })
    }
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

fn clue_properties(clue: &ClueRow) -> Map<String, Value> {
    let all = json!({
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
    });
    match all {
        Value::Object(map) => map,
        _ => Map::new(),
    }
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
