//! 相关点位 — sites near a site, of its name, or of its owner.

use domain::as_of::AsOf;
use domain::dossier::Dossier;

use crate::atlas::{Atlases, SiteFilter};
use crate::dossier_page::RelatedSite;
use crate::error::Error;
use crate::session::Session;

/// Sites farther away than this are not called near.
const NEAR_M: f64 = 300.0;
/// More than these are not told.
const MOST: usize = 20;

impl Session {
    /// Sites the actor may read that may have to do with this one, the nearest first.
    pub(crate) fn related_sites(
        &self,
        atlases: &Atlases,
        dossier: &Dossier,
        as_of: AsOf,
    ) -> Result<Vec<RelatedSite>, Error> {
        let atlas = self.atlas(atlases, as_of)?;
        let table = &atlas.sites;
        let eyes = self.eyes(table);
        let here = dossier.facts.lon.zip(dossier.facts.lat);
        let namesakes = table.rows_of_name(dossier.facts.facility_name.as_deref());
        let mut rows = here.map_or_else(Vec::new, |here| table.in_box(around(here)));
        rows.extend(&namesakes);
        rows.sort_unstable();
        rows.dedup();
        let filter = SiteFilter::default();
        let mut found = Vec::new();
        for row in rows {
            if table.site_id(row) == dossier.site_id || !table.matches(row, &filter, &eyes) {
                continue;
            }
            let distance_m = here.zip(table.position(row)).and_then(|(a, b)| near(a, b));
            let is_same_name = namesakes.contains(&row);
            if distance_m.is_none() && !is_same_name {
                continue;
            }
            found.push(RelatedSite {
                site_code: table.site_code(row).to_owned(),
                facility_name: Some(table.name(row).to_owned()).filter(|n| !n.is_empty()),
                why: if is_same_name { "same_name" } else { "near" }.to_owned(),
                distance_m,
            });
        }
        let far = f64::INFINITY;
        found.sort_by(|a, b| {
            let distance = |r: &RelatedSite| r.distance_m.unwrap_or(far);
            distance(a).total_cmp(&distance(b))
        });
        found.truncate(MOST);
        Ok(found)
    }
}

/// A box some hundred metres around a place, in mercator parts.
fn around((lon, lat): (f64, f64)) -> [i32; 4] {
    let (up, side) = (
        NEAR_M / 110_000.0,
        NEAR_M / (111_000.0 * lat.to_radians().cos().max(0.01)),
    );
    let [west, north] = spatial::tiles::mercator(lon - side, lat + up);
    let [east, south] = spatial::tiles::mercator(lon + side, lat - up);
    [west, north, east, south]
}

fn near(a: (f64, f64), b: (f64, f64)) -> Option<f64> {
    // Cheap first: a degree of latitude is 111 km, one of longitude at most as much.
    if (a.1 - b.1).abs() * 110_000.0 > NEAR_M {
        return None;
    }
    let coord = |p: (f64, f64)| geo_types::Coord { x: p.0, y: p.1 };
    let distance = spatial::geodesic::distance_m(coord(a), coord(b));
    (distance <= NEAR_M).then(|| (distance * 10.0).round() / 10.0)
}
