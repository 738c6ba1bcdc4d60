//! Satellite patches: the batches of 2018 H2 and 2019 H1 with a supplement, and a provincial file
//! with its axes the wrong way round.

use serde_json::{Value, json};

use super::World;
use super::claims::{Claim, chosen};
use super::desk::{Desk, Input, MARK, Spot};
use super::notation::Day;
use super::plane::{Point, area_mu, blob, distance_m, rounded, scaled};
use super::random::Random;
use super::reserve::{EXTENT, ZONES};
use super::sites::Site;
use super::vectors::{Feature, geojson, geopackage, shapefile_zip};

/// A place where a satellite saw something and there is nothing.
pub(crate) struct Nothing {
    /// Middle.
    pub(crate) center: Point,
    /// In the reserve?
    pub(crate) is_inside: bool,
    /// Does a station's verification explain it?
    pub(crate) is_explained: bool,
    /// Official number.
    pub(crate) code: String,
}

/// Eight places without anything: half of them explained later, half never.
pub(crate) fn nothings(
    world_seed: u64,
    sites: &[Site],
    zone_at: impl Fn(Point) -> Option<usize>,
) -> Vec<Nothing> {
    let mut random = Random::new(world_seed, "nothings");
    let mut found: Vec<Nothing> = Vec::new();
    while found.len() < 8 {
        let center = rounded([
            random.between(EXTENT[0], EXTENT[2]),
            random.between(EXTENT[1], EXTENT[3]),
        ]);
        let is_inside = zone_at(center).is_some();
        let is_lonely = sites
            .iter()
            .all(|site| distance_m(site.center, center) > 450.0);
        if is_lonely && is_inside == (found.len() % 4 != 3) {
            let (batch, serial) = if found.len() < 3 {
                (201_802, 91 + found.len())
            } else {
                (201_901, 91 + found.len())
            };
            found.push(Nothing {
                center,
                is_inside,
                is_explained: found.len() % 2 == 1,
                code: code(batch, serial),
            });
        }
    }
    found
}

/// `201901-62-N1-013-MD-0001`; the serial of the reserve is invented.
pub(crate) fn code(batch: u32, serial: usize) -> String {
    let run = if serial.is_multiple_of(3) { "RO" } else { "MD" };
    format!("{batch}-62-N1-013-{run}-{serial:04}")
}

struct Batch {
    number: u32,
    before: Day,
    after: Day,
    sensor: &'static str,
    resolution_m: f64,
    /// Name of the area column and what to divide square metres by.
    area: (&'static str, f64),
}

struct Patch<'a> {
    claim: Claim<'a>,
    change: &'static str,
}

/// Lays all patch files down.
pub(crate) fn lay(world: &World, desk: &mut Desk) -> anyhow::Result<()> {
    second_half_2018(world, desk)?;
    provincial(world, desk)?;
    first_half_2019(world, desk)?;
    supplement(world, desk)
}

fn patches<'a>(world: &'a World, part: &str, sites: &[&'a Site], batch: u32) -> Vec<Patch<'a>> {
    let mut random = Random::new(world.seed, part);
    let claims = sites.iter().enumerate().map(|(index, site)| {
        let mut claim = Claim::about(&mut random, site).coded(code(batch, index + 1));
        name_after_class(&mut claim);
        match index % 23 {
            5 => claim.deny_label("其他人工设施"),
            11 => claim.deny_zone(ZONES[2].1),
            17 => claim.deny_area(1.9),
            _ => {}
        }
        let change = if site.built_on.year >= 2017 {
            "新增"
        } else {
            *random.pick(&["规模扩大", "无变化", "新增", "类型或性质改变"])
        };
        Patch { claim, change }
    });
    claims.collect()
}

/// Satellites see no names.
fn name_after_class(claim: &mut Claim<'_>) {
    claim.name = claim.label.to_owned();
}

fn empty(world: &World, index: usize) -> Patch<'_> {
    let nothing = &world.nothings[index];
    let mut random = Random::new(world.seed, &nothing.code);
    let ring = blob(&mut random, nothing.center, 900.0 + 400.0 * index as f64);
    let claim = Claim::about_nothing(nothing.center, ring, 900.0 + 400.0 * index as f64)
        .coded(nothing.code.clone());
    Patch {
        claim,
        change: "新增",
    }
}

/// The second half of a site the interpreter drew as two patches.
fn second_half<'a>(world: &World, patch: &Patch<'a>, batch: u32, serial: usize) -> Patch<'a> {
    let mut random = Random::new(world.seed, "halves");
    let mut claim = patch.claim.clone().coded(code(batch, serial));
    let center = claim.point.unwrap_or_default();
    let reach = claim.area_m2.sqrt() * 0.45;
    claim.ring = scaled(
        &claim.ring,
        center,
        0.55,
        [reach, random.between(0.0, reach)],
    );
    claim.area_m2 *= 0.3;
    claim.denied.clear();
    Patch {
        claim,
        change: "规模扩大",
    }
}

fn properties(batch: &Batch, patch: &Patch<'_>) -> Value {
    let claim = &patch.claim;
    let point = claim.point.unwrap_or_default();
    let (area_name, divisor) = batch.area;
    let area = (claim.area_m2 / divisor * 1e4).round() / 1e4;
    json!({
        "问题编号": claim.code,
        "监测批次": batch.number.to_string(),
        "省代码": "62",
        "县代码": "620802",
        "县名称": "崆峒区",
        "保护地代码": "N1-013",
        "保护地名称": format!("太统—崆峒山国家级自然保护区（{MARK}）"),
        "保护地级别": "国家级",
        "所在功能区": claim.zone,
        "活动类型": claim.label,
        "变化类型": patch.change,
        (area_name): area,
        "经度": point[0],
        "纬度": point[1],
        "前时相": batch.before.compact(),
        "后时相": batch.after.compact(),
        "影像源": batch.sensor,
        "分辨率": batch.resolution_m,
        "解译人": "解译员甲",
        "质检人": "质检员乙",
        "备注": MARK,
    })
}

fn features(batch: &Batch, patches: &[Patch<'_>]) -> Vec<Feature> {
    patches
        .iter()
        .map(|patch| Feature::of_ring(patch.claim.ring.clone(), properties(batch, patch)))
        .collect()
}

fn note(desk: &mut Desk, file: &str, patches: &[Patch<'_>]) {
    for (index, patch) in patches.iter().enumerate() {
        desk.clue(&spot(file, index + 1), "遥感监测", &patch.claim);
    }
}

fn spot(file: &str, row: usize) -> Spot {
    Spot {
        file: file.to_owned(),
        sheet: None,
        row,
    }
}

/// A batch whose file has the patches of the sites, three sites twice, and some of nothing.
fn with_extras<'a>(
    world: &'a World,
    desk: &mut Desk,
    file: &str,
    mut patches: Vec<Patch<'a>>,
    (batch, empties): (u32, std::ops::Range<usize>),
) -> Vec<Patch<'a>> {
    for (step, index) in [4, 15, 26].into_iter().enumerate() {
        let half = second_half(world, &patches[index], batch, 80 + step);
        patches.push(half);
        let text = format!("与第{}个图斑为同一点位", index + 1);
        desk.dirt(
            &spot(file, patches.len()),
            None,
            "patch.same_site_twice",
            text,
        );
    }
    for index in empties {
        patches.push(empty(world, index));
        desk.dirt(
            &spot(file, patches.len()),
            None,
            "patch.without_site",
            "实地无对应点位",
        );
    }
    patches
}

fn second_half_2018(world: &World, desk: &mut Desk) -> anyhow::Result<()> {
    const FILE: &str = "03-遥感图斑/演示数据-2018年下半年遥感监测图斑.zip";
    let mut random = Random::new(world.seed, "2018H2 choice");
    let seen = |site: &Site| site.area_m2 > 220.0 && !site.is_missed;
    let sites = chosen(&mut random, &world.sites, 58, seen);
    let patches = patches(world, "2018H2", &sites, 201_802);
    let mut patches = with_extras(world, desk, FILE, patches, (201_802, 0..3));
    // Two patches were given one number, one got none.
    let taken = patches[7].claim.code.clone();
    patches[21].claim.code = taken;
    desk.dirt(
        &spot(FILE, 22),
        None,
        "code.duplicate",
        "与第8个图斑编号相同",
    );
    patches[33].claim.code = None;
    desk.dirt(&spot(FILE, 34), None, "code.missing", "无图斑编号");
    let batch = Batch {
        number: 201_802,
        before: Day::new(2018, 3, 21),
        after: Day::new(2018, 10, 12),
        sensor: "GF-1",
        resolution_m: 2.0,
        area: ("面积平方米", 1.0),
    };
    let bytes = shapefile_zip(
        "演示数据_2018H2",
        "PATCH_2018H2",
        &features(&batch, &patches),
    )?;
    note(desk, FILE, &patches);
    let mut input = Input::new(FILE, "patches", "遥感监测", "2019-01-25");
    input.batch = Some("201802");
    desk.input(input, patches.len(), bytes);
    Ok(())
}

fn provincial(world: &World, desk: &mut Desk) -> anyhow::Result<()> {
    const FILE: &str = "03-遥感图斑/演示数据-省级下发变化图斑.geojson";
    let mut random = Random::new(world.seed, "provincial choice");
    let sites = chosen(&mut random, &world.sites, 10, |site| {
        site.area_m2 > 900.0 && !site.is_missed
    });
    let patches = patches(world, "provincial", &sites, 201_801);
    let batch = Batch {
        number: 201_801,
        before: Day::new(2017, 9, 30),
        after: Day::new(2018, 4, 18),
        sensor: "ZY-3",
        resolution_m: 2.1,
        area: ("面积（公顷）", 1e4),
    };
    let mut features = features(&batch, &patches);
    for (index, feature) in features.iter_mut().enumerate() {
        for vertex in &mut feature.polygons[0].exterior {
            vertex.swap(0, 1);
        }
        desk.dirt(
            &spot(FILE, index + 1),
            None,
            "coordinate.swapped",
            "纬度在前、经度在后",
        );
    }
    note(desk, FILE, &patches);
    let mut input = Input::new(FILE, "patches", "遥感监测", "2019-02-20");
    input.batch = Some("201801");
    desk.input(
        input,
        patches.len(),
        geojson("演示数据-省级下发变化图斑", &features)?,
    );
    Ok(())
}

fn first_half_2019(world: &World, desk: &mut Desk) -> anyhow::Result<()> {
    const FILE: &str = "03-遥感图斑/演示数据-2019年上半年遥感监测图斑.geojson";
    let mut random = Random::new(world.seed, "2019H1 choice");
    let missed = world.sites.iter().filter(|site| site.is_missed);
    let mut sites: Vec<&Site> = missed.collect();
    let seen = |site: &Site| site.area_m2 > 180.0 && !site.is_missed;
    sites.extend(chosen(&mut random, &world.sites, 57, seen));
    random.shuffle(&mut sites);
    let patches = patches(world, "2019H1", &sites, 201_901);
    let patches = with_extras(world, desk, FILE, patches, (201_901, 3..8));
    let batch = Batch {
        number: 201_901,
        before: Day::new(2018, 10, 12),
        after: Day::new(2019, 4, 26),
        sensor: "GF-2",
        resolution_m: 0.8,
        area: ("面积（亩）", 10_000.0 / 15.0),
    };
    let mut features = features(&batch, &patches);
    break_geometries(desk, FILE, &mut features);
    break_attributes(desk, FILE, &patches, &mut features);
    note(desk, FILE, &patches);
    let mut input = Input::new(FILE, "patches", "遥感监测", "2019-07-22");
    input.batch = Some("201901");
    desk.input(
        input,
        patches.len(),
        geojson("演示数据-2019年上半年遥感监测图斑", &features)?,
    );
    Ok(())
}

fn break_geometries(desk: &mut Desk, file: &str, features: &mut [Feature]) {
    let faults = [
        (9, "geometry.self_intersection", "相邻两顶点次序颠倒"),
        (19, "geometry.unclosed_ring", "首尾点不一致"),
        (29, "geometry.repeated_point", "同一顶点连写两次"),
    ];
    for (index, kind, text) in faults {
        desk.dirt(&spot(file, index + 1), None, kind, text);
    }
    features[9].polygons[0].exterior.swap(1, 2);
    features[19].polygons[0].exterior.pop();
    let repeated = &mut features[29].polygons[0].exterior;
    repeated.insert(2, repeated[1]);
}

fn break_attributes(desk: &mut Desk, file: &str, patches: &[Patch<'_>], features: &mut [Feature]) {
    let worded = format!("{:.1}亩", area_mu(patches[12].claim.area_m2));
    features[12].properties["面积（亩）"] = json!(worded);
    desk.dirt(
        &spot(file, 13),
        None,
        "area.unit_in_cell",
        "面积为带单位的文字",
    );
    features[24].properties["面积（亩）"] = json!(patches[24].claim.area_m2.round());
    desk.dirt(&spot(file, 25), None, "area.wrong_unit", "亩列中填了平方米");
    features[40].properties["后时相"] = json!("2019年4月");
    desk.dirt(&spot(file, 41), None, "date.month_only", "2019年4月");
    features[44].properties["所在功能区"] = Value::Null;
    desk.dirt(&spot(file, 45), None, "zone.missing", "未填功能区");
    // The number of the centroid was keyed in by hand and its digits changed places.
    let lon = patches[50].claim.point.unwrap_or_default()[0];
    features[50].properties["经度"] = json!(lon + 0.09);
    desk.dirt(
        &spot(file, 51),
        None,
        "coordinate.contradicts_geometry",
        "经度与图斑范围不符",
    );
}

fn supplement(world: &World, desk: &mut Desk) -> anyhow::Result<()> {
    const FILE: &str = "03-遥感图斑/演示数据-2019年上半年补充图斑.gpkg";
    let mut random = Random::new(world.seed, "supplement choice");
    let sites = chosen(&mut random, &world.sites, 20, |site| {
        site.area_m2 > 150.0 && !site.is_missed
    });
    let mut patches = patches(world, "supplement", &sites, 201_901);
    for (index, patch) in patches.iter_mut().enumerate() {
        patch.claim.code = Some(code(201_901, 201 + index));
    }
    let batch = Batch {
        number: 201_901,
        before: Day::new(2018, 11, 3),
        after: Day::new(2019, 6, 9),
        sensor: "GF-2",
        resolution_m: 0.8,
        area: ("面积_平方米", 1.0),
    };
    let bytes = geopackage(&world.out, "演示数据_补充图斑", &features(&batch, &patches))?;
    note(desk, FILE, &patches);
    let mut input = Input::new(FILE, "patches", "遥感监测", "2019-08-05");
    input.batch = Some("201901");
    desk.input(input, patches.len(), bytes);
    Ok(())
}
