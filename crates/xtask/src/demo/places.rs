//! The reserve as files: border, zones, stations, patrol routes, and its description.

use serde_json::json;

use super::World;
use super::desk::{Desk, MARK};
use super::plane::{Point, Ring, contains, distance_m, polygon_area_m2, rounded, signed_area_m2};
use super::random::Random;
use super::reserve::{STATIONS, ZONES};
use super::vectors::{Feature, Placemark, geojson, kml, shapefile_zip};

const NAME: &str = "太统—崆峒山国家级自然保护区";
/// The border of the demonstration as an office would cite it.
const APPROVAL: &str = "演示批复〔2005〕1号";

/// Lays the files down.
pub(crate) fn lay(world: &World, desk: &mut Desk) -> anyhow::Result<()> {
    let border = [Feature::of_ring(
        world.reserve.boundary.clone(),
        json!({"名称": NAME, "级别": "国家级", "批复面积": 16_283.0, "数据标记": MARK}),
    )];
    desk.file(
        "01-保护区/演示数据-保护区边界.geojson",
        geojson("保护区边界（演示数据）", &border)?,
    );
    let zones = zones(world);
    desk.file(
        "01-保护区/演示数据-功能区.geojson",
        geojson("功能区（演示数据）", &zones)?,
    );
    let archive = shapefile_zip("演示数据_功能区", "TTKTS_GNQ", &zones)?;
    desk.file("01-保护区/演示数据-功能区.zip", archive);
    desk.file(
        "01-保护区/演示数据-保护站.geojson",
        geojson("保护站（演示数据）", &stations(world))?,
    );
    let routes = kml("巡护路线（演示数据）", &routes(world))?;
    desk.file("01-保护区/演示数据-巡护路线.kml", routes);
    desk.file("reserve.toml", description(world).into_bytes());
    Ok(())
}

fn zones(world: &World) -> Vec<Feature> {
    let feature = |zone: &super::reserve::Zone| {
        Feature::new(
            zone.polygons.clone(),
            json!({
                "保护区名称": NAME,
                "功能区": zone.label,
                "批复面积": stated_ha(zone.kind),
                "批复文号": APPROVAL,
                "生效日期": "2005-07",
                "备注": MARK,
            }),
        )
    };
    world.reserve.zones.iter().map(feature).collect()
}

fn stated_ha(kind: &str) -> f64 {
    ZONES
        .iter()
        .find(|zone| zone.0 == kind)
        .map_or(0.0, |zone| zone.2)
}

fn stations(world: &World) -> Vec<Feature> {
    let feature = |station: &super::reserve::Station| {
        let area = signed_area_m2(&station.ring) / 1e4;
        Feature::of_ring(
            station.ring.clone(),
            json!({
                "保护站": format!("{}保护站", station.name),
                "简称": station.name,
                "负责人": "站长",
                "包抓领导": format!("局领导班子成员（分管{}片区）", station.name),
                "面积_公顷": (area * 100.0).round() / 100.0,
                "数据标记": MARK,
            }),
        )
    };
    world.reserve.stations.iter().map(feature).collect()
}

/// Three routes for each station, past its sites, never leaving its territory.
fn routes(world: &World) -> Vec<Placemark> {
    let mut random = Random::new(world.seed, "routes");
    let mut all = Vec::new();
    for (index, station) in STATIONS.iter().enumerate() {
        for number in 1..=3 {
            let path = route(world, &mut random, index);
            let length: f64 = path.windows(2).map(|leg| distance_m(leg[0], leg[1])).sum();
            all.push(Placemark {
                name: format!("{station}{number}号线"),
                description: MARK.to_owned(),
                attributes: vec![
                    ("保护站", format!("{station}保护站")),
                    ("类型", ["日常", "稽查", "监测"][number - 1].to_owned()),
                    ("长度_km", format!("{:.2}", length / 1000.0)),
                ],
                path,
            });
        }
    }
    all
}

/// From site to nearest site, with the bends of a path between them.
fn route(world: &World, random: &mut Random, station: usize) -> Ring {
    let territory = &world.reserve.stations[station].ring;
    let mut stops: Vec<Point> = world
        .sites
        .iter()
        .map(|site| site.center)
        .filter(|&center| contains(territory, center))
        .collect();
    random.shuffle(&mut stops);
    stops.truncate(12);
    let mut path = Vec::new();
    let Some(mut at) = stops.pop() else {
        return path;
    };
    path.push(at);
    while let Some(next) = nearest(&stops, at) {
        let stop = stops.swap_remove(next);
        for bend in bends(random, at, stop) {
            if contains(territory, bend) {
                path.push(bend);
            }
        }
        path.push(stop);
        at = stop;
    }
    path
}

fn nearest(stops: &[Point], at: Point) -> Option<usize> {
    (0..stops.len()).min_by(|&a, &b| distance_m(stops[a], at).total_cmp(&distance_m(stops[b], at)))
}

fn bends(random: &mut Random, from: Point, to: Point) -> Vec<Point> {
    (1..10)
        .map(|step| {
            let share = f64::from(step) / 10.0;
            let sway = random.between(-0.05, 0.05);
            rounded([
                from[0] + (to[0] - from[0]) * share - (to[1] - from[1]) * sway,
                from[1] + (to[1] - from[1]) * share + (to[0] - from[0]) * sway,
            ])
        })
        .collect()
}

fn description(world: &World) -> String {
    let mut text = format!(
        "# {MARK}：范围与各功能区面积为真实数值，界线为虚构。\n\
         mark = \"{MARK}\"\n\
         name = \"{NAME}（{MARK}）\"\n\
         short_name = \"太统—崆峒山\"\n\
         reserve_code = \"N1-013\"\n\
         kind = \"自然保护区\"\n\
         level = \"国家级\"\n\
         established_on = \"1982-10\"\n\
         upgraded_on = \"2005-07\"\n\
         stated_area_ha = 16283\n\
         zoning_scheme = \"三区\"\n\
         boundary_version = \"{APPROVAL}\"\n\
         valid_from_on = \"2005-07-01\"\n\
         management_body = \"太统—崆峒山国家级自然保护区管理局\"\n\
         competent_authority = \"甘肃省林业和草原局\"\n\
         province_code = \"62\"\n\
         county_codes = [\"620802\"]\n\
         extent = [106.4364, 35.3881, 106.6206, 35.6461]\n\n\
         [files]\n\
         boundary = \"01-保护区/演示数据-保护区边界.geojson\"\n\
         zones = \"01-保护区/演示数据-功能区.geojson\"\n\
         zones_shapefile = \"01-保护区/演示数据-功能区.zip\"\n\
         stations = \"01-保护区/演示数据-保护站.geojson\"\n\
         routes = \"01-保护区/演示数据-巡护路线.kml\"\n"
    );
    for zone in &world.reserve.zones {
        let area: f64 = zone.polygons.iter().map(polygon_area_m2).sum();
        text += &format!(
            "\n[[zones]]\nkind = \"{}\"\nlabel = \"{}\"\nstated_area_ha = {}\narea_m2 = {area:.0}\n",
            zone.kind,
            zone.label,
            stated_ha(zone.kind)
        );
    }
    for station in &world.reserve.stations {
        text += &format!(
            "\n[[stations]]\nname = \"{0}\"\ntitle = \"{0}保护站\"\nhead = \"站长\"\narea_lead = \"局领导班子成员（分管{0}片区）\"\narea_m2 = {1:.0}\n",
            station.name,
            signed_area_m2(&station.ring)
        );
    }
    text
}
