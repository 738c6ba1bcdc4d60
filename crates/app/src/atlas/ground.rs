//! 底图要素 — zones, station territories and routes as they hold, ready for tiles.

use domain::as_of::AsOf;
use register::Register;
use spatial::tiles::Shapes;

use crate::error::Error;
use crate::session::Setting;

/// One zone, territory or route.
#[derive(Debug, Clone)]
pub struct GroundFeature {
    pub id: String,
    pub name: String,
    /// Kind of zone; empty for others.
    pub kind: String,
    /// Station whose it is, where it is one's.
    pub station_id: Option<String>,
}

/// Features of one layer with their outlines.
#[derive(Debug, Clone, Default)]
pub struct GroundLayer {
    pub features: Vec<GroundFeature>,
    pub shapes: Shapes,
}

impl GroundLayer {
    fn add(&mut self, feature: GroundFeature, shape: &domain::shape::Shape) {
        self.shapes.set(self.features.len(), Some(&shape.0));
        self.features.push(feature);
    }
}

/// 底图 — the layers of the reserve itself.
#[derive(Debug, Clone, Default)]
pub struct Ground {
    pub zones: GroundLayer,
    pub stations: GroundLayer,
    pub routes: GroundLayer,
}

impl Ground {
    /// As adopted by then; layers that were not adopted are empty.
    pub fn load(register: &Register, setting: &Setting, as_of: AsOf) -> Result<Self, Error> {
        let reserve = &setting.reserve.reserve_code;
        let mut ground = Self::default();
        if let Some(boundary) = register.latest_boundary(reserve, as_of)? {
            for zone in &boundary.body.zones {
                let feature = GroundFeature {
                    id: zone.zone_id.clone(),
                    name: zone.name.clone().unwrap_or_default(),
                    kind: zone.zone_kind.clone(),
                    station_id: None,
                };
                ground.zones.add(feature, &zone.shape);
            }
        }
        if let Some(stations) = register.latest_stations(reserve, as_of)? {
            for station in &stations.body.stations {
                let feature = GroundFeature {
                    id: station.station_id.clone(),
                    name: station.name.clone(),
                    kind: String::new(),
                    station_id: Some(station.station_id.clone()),
                };
                ground.stations.add(feature, &station.shape);
            }
        }
        if let Some(routes) = register.latest_routes(reserve, as_of)? {
            for route in &routes.body.routes {
                let feature = GroundFeature {
                    id: route.route_id.clone(),
                    name: route.name.clone(),
                    kind: String::new(),
                    station_id: route.station_id.clone(),
                };
                ground.routes.add(feature, &route.shape);
            }
        }
        Ok(ground)
    }
}
