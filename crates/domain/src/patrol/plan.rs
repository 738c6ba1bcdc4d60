//! 巡护计划 — what a month should hold: every route so often, and every unfinished site on one of them.

use geo_types::{Coord, LineString};
use spatial::ways::distance_to_m;

use super::PlanRules;
use crate::entries::{KeyPoint, PlannedRound};

/// 计划路线 — a route that rounds are walked on.
#[derive(Debug, Clone)]
pub struct PlanRoute {
    pub route_id: String,
    pub lines: Vec<LineString<f64>>,
}

/// 不在路线上 — a key point that no route passes, with the nearest one.
#[derive(Debug, Clone, PartialEq)]
pub struct OffRoute {
    pub point: KeyPoint,
    pub nearest: Option<(String, f64)>,
}

/// 计划建议 — rounds for a month, and what lies on none of the routes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Proposal {
    pub rounds: Vec<PlannedRound>,
    pub off_route: Vec<OffRoute>,
}

/// Every route as often as the campaign asks, with the key points it passes.
pub fn propose(routes: &[PlanRoute], points: &[KeyPoint], rules: &PlanRules) -> Proposal {
    let mut rounds: Vec<PlannedRound> = routes
        .iter()
        .map(|route| PlannedRound {
            route_id: Some(route.route_id.clone()),
            kind: "routine".to_owned(),
            times: rules.rounds_per_month,
            key_points: Vec::new(),
            posts: Vec::new(),
            on: None,
        })
        .collect();
    let mut off_route = Vec::new();
    for point in points {
        let at = Coord {
            x: point.lon,
            y: point.lat,
        };
        let distances = routes.iter().enumerate();
        let distances = distances.filter_map(|(i, r)| Some((i, distance_to_m(at, &r.lines)?)));
        let nearest = distances.min_by(|a, b| a.1.total_cmp(&b.1));
        match nearest {
            Some((i, metres)) if metres <= rules.off_route_m => {
                rounds[i].key_points.push(point.clone());
            }
            _ => off_route.push(OffRoute {
                point: point.clone(),
                nearest: nearest.map(|(i, metres)| (routes[i].route_id.clone(), metres)),
            }),
        }
    }
    Proposal { rounds, off_route }
}

#[cfg(test)]
mod tests {
    use geo_types::line_string;

    use super::*;

    fn point(name: &str, lon: f64, lat: f64) -> KeyPoint {
        KeyPoint {
            site_id: None,
            name: Some(name.to_owned()),
            lon,
            lat,
            reason: Some("unfinished_issue".to_owned()),
        }
    }

    #[test]
    fn a_point_no_route_passes_is_named_with_the_nearest() {
        let routes = [PlanRoute {
            route_id: "R1".to_owned(),
            lines: vec![line_string![(x: 106.50, y: 35.50), (x: 106.52, y: 35.50)]],
        }];
        let rules = PlanRules {
            rounds_per_month: 4,
            off_route_m: 200.0,
        };
        let points = [point("near", 106.51, 35.501), point("far", 106.51, 35.51)];
        let plan = propose(&routes, &points, &rules);
        assert_eq!(plan.rounds.len(), 1);
        assert_eq!(
            (plan.rounds[0].times, plan.rounds[0].key_points.len()),
            (4, 1)
        );
        let [off] = &plan.off_route[..] else {
            panic!("{:?}", plan.off_route)
        };
        assert_eq!(off.point.name.as_deref(), Some("far"));
        let (route, metres) = off.nearest.clone().unwrap_or_default();
        assert!(
            route == "R1" && (1_100.0..1_120.0).contains(&metres),
            "{metres}"
        );
        let none = propose(&[], &points, &rules);
        assert!(none.rounds.is_empty() && none.off_route.iter().all(|o| o.nearest.is_none()));
    }
}
