//! The true sites of the demonstration: what there is on the ground, before anybody writes about it.

use serde::Serialize;

use super::kinds::{KINDS, Kind, OUTSIDE, Shape};
use super::notation::{Day, counted};
use super::plane::{
    Point, Ring, blob, contains, distance_m, envelope, moved, rectangle, rounded, signed_area_m2,
    strip,
};
use super::random::Random;
use super::reserve::{EXTENT, Reserve, STATIONS, ZONES};

/// A paper that allows something.
#[derive(Clone, Serialize)]
pub(crate) struct Permit {
    /// 立项, 用地, 用林, 环评, 采矿, 取水, …
    pub(crate) kind: &'static str,
    /// Invented number, always with 演示 in it.
    pub(crate) document_number: String,
    /// Unit that issued it.
    pub(crate) issuer: &'static str,
    /// Year and month of issue.
    pub(crate) issued_on: Day,
    /// Year it runs out, if it does.
    pub(crate) valid_to_on: Option<Day>,
}

/// Where a site lies with respect to the border.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Position {
    Inside,
    OnBorder,
    Outside,
}

/// One true site.
pub(crate) struct Site {
    /// `S001` and on: the key of the ground truth.
    pub(crate) key: String,
    /// Kind of facility.
    pub(crate) kind: &'static Kind,
    /// Invented name.
    pub(crate) name: String,
    /// Middle of the facility.
    pub(crate) center: Point,
    /// Outline.
    pub(crate) ring: Ring,
    /// Area of the outline on the ellipsoid.
    pub(crate) area_m2: f64,
    /// Share of the area in core, buffer, experimental zone, by sampling.
    pub(crate) shares: [f64; 3],
    /// Strictest zone touched by more than two per cent of the area.
    pub(crate) zone: Option<usize>,
    /// Where it lies.
    pub(crate) position: Position,
    /// Station whose territory holds the middle, or the nearest one.
    pub(crate) station: usize,
    /// Real township.
    pub(crate) township: &'static str,
    /// Invented village.
    pub(crate) village: String,
    /// Day it was built, as exact as is known.
    pub(crate) built_on: Day,
    /// Papers.
    pub(crate) permits: Vec<Permit>,
    /// 在建, 运行, 停产, 废弃, 已拆除, 已恢复.
    pub(crate) status: &'static str,
    /// 是, 否, 待定.
    pub(crate) has_issue: &'static str,
    /// Category of the campaign of 2019.
    pub(crate) focal: Option<&'static str>,
    /// 明显不利, 轻微, 无, 待评估.
    pub(crate) effect: &'static str,
    /// Nobody of the station went there.
    pub(crate) is_missed: bool,
}

impl Site {
    /// Label of the strictest zone, or the words for a place outside.
    pub(crate) fn zone_label(&self) -> &'static str {
        self.zone.map_or("保护区外", |zone| ZONES[zone].1)
    }

    /// Code of the township in the statistical list.
    pub(crate) fn township_code(&self) -> &'static str {
        match self.township {
            "麻武乡" => "620802211",
            "峡门乡" => "620802212",
            "崆峒镇" => "620802101",
            _ => "620802498",
        }
    }

    /// Is any of it in the reserve?
    pub(crate) fn is_in_reserve(&self) -> bool {
        self.position != Position::Outside
    }

    /// The papers in one line.
    pub(crate) fn permits_text(&self) -> String {
        let papers: Vec<String> = self
            .permits
            .iter()
            .map(|permit| format!("{}：{}", permit.kind, permit.document_number))
            .collect();
        if papers.is_empty() {
            "无".to_owned()
        } else {
            papers.join("；")
        }
    }
}

const TOWNSHIPS: [&[&str]; 4] = [
    &["麻武乡", "崆峒镇"],
    &["麻武乡", "峡门乡"],
    &["崆峒镇", "峡门乡"],
    &["崆峒镇", "平凉崆峒山大景区管理委员会"],
];
const VILLAGES: [&str; 24] = [
    "坪", "沟口", "梁上", "湾里", "岔口", "塬边", "阳坡", "阴坡", "石嘴", "河滩", "柳沟", "松林",
    "桦沟", "东庄", "西庄", "上庄", "下庄", "前山", "后山", "水泉", "窑洼", "磨沟", "药沟", "大湾",
];
const APART_M: f64 = 170.0;
const MISSED_COUNT: usize = 7;
const MISSED: [&str; 12] = [
    "采石场",
    "采砂场",
    "石料加工厂",
    "农家乐",
    "养牛场",
    "弃渣堆放点",
    "取土点",
    "养蜂点",
    "停车场",
    "砖厂",
    "储煤场",
    "水电站",
];

/// Everything that stands in and near the reserve.
pub(crate) fn build(reserve: &Reserve, seed: u64) -> Vec<Site> {
    let mut random = Random::new(seed, "sites");
    let mut places = Places {
        reserve,
        taken: Vec::new(),
    };
    let mut sites = Vec::new();
    for kind in &KINDS {
        let plan = (0..3).flat_map(|zone| std::iter::repeat_n(zone, kind.counts[zone]));
        for (number, zone) in plan.enumerate() {
            let center = places.choose(&mut random, kind, zone, number);
            sites.push(raise(
                reserve,
                &mut random,
                kind,
                number,
                center,
                sites.len(),
            ));
        }
    }
    mark_missed(&mut sites);
    sites
}

/// One each of the first seven kinds that have a site with an issue in the experimental zone.
fn mark_missed(sites: &mut [Site]) {
    let mut left = MISSED_COUNT;
    for stem in MISSED {
        let wanted = |site: &&mut Site| {
            site.kind.stem == stem
                && site.position == Position::Inside
                && site.zone == Some(2)
                && site.has_issue != "否"
        };
        if let Some(site) = sites.iter_mut().rfind(wanted)
            && left > 0
        {
            site.is_missed = true;
            left -= 1;
        }
    }
}

/// Finds room.
struct Places<'a> {
    reserve: &'a Reserve,
    taken: Vec<Point>,
}

impl Places<'_> {
    fn choose(&mut self, random: &mut Random, kind: &Kind, zone: usize, number: usize) -> Point {
        let mut best = self.draw(random, kind, zone, number);
        for _ in 0..200 {
            if self.is_free(best) {
                break;
            }
            best = self.draw(random, kind, zone, number);
        }
        self.taken.push(best);
        best
    }

    fn is_free(&self, point: Point) -> bool {
        self.taken.iter().all(|&t| distance_m(t, point) > APART_M)
    }

    fn draw(&self, random: &mut Random, kind: &Kind, zone: usize, number: usize) -> Point {
        if OUTSIDE.contains(&kind.stem) {
            return self.beyond(random, kind.stem == "石料场" && number == 1);
        }
        match (kind.stem, number) {
            // Astride a seam of the zones or the border: what the overlay has to decide.
            ("采石场", 3 | 7) | ("耕地", 6 | 12) | ("居民点", 7 | 17) | ("水电站", 2) => {
                self.on_line(random, zone)
            }
            ("采石场" | "采砂场" | "耕地" | "通村道路", 5) | ("养牛场" | "停车场", 4) => {
                self.on_line(random, 2)
            }
            _ => self.within(random, zone),
        }
    }

    fn within(&self, random: &mut Random, zone: usize) -> Point {
        let mut point = [EXTENT[0], EXTENT[1]];
        for _ in 0..4_000 {
            point = rounded([
                random.between(EXTENT[0], EXTENT[2]),
                random.between(EXTENT[1], EXTENT[3]),
            ]);
            if self.reserve.zone_at(point) == Some(zone) {
                break;
            }
        }
        point
    }

    /// Near the outer border of a zone.
    fn on_line(&self, random: &mut Random, zone: usize) -> Point {
        let ring = &self.reserve.zones[zone].polygons[0].exterior;
        let vertex = *random.pick(ring);
        rounded(moved(
            vertex,
            random.between(-12.0, 12.0),
            random.between(-12.0, 12.0),
        ))
    }

    /// Outside: a little way off, or so near that a coarse boundary would take it in.
    fn beyond(&self, random: &mut Random, near: bool) -> Point {
        let reach = if near { 130.0 } else { 900.0 };
        let mut point = self.on_line(random, 2);
        for _ in 0..400 {
            let vertex = self.on_line(random, 2);
            let shift = [random.between(-1.0, 1.0), random.between(-1.0, 1.0)];
            point = rounded(moved(vertex, shift[0] * reach, shift[1] * reach));
            let border = &self.reserve.boundary;
            let nearest = border
                .iter()
                .map(|&vertex| distance_m(vertex, point))
                .fold(f64::INFINITY, f64::min);
            if !contains(border, point) && nearest > reach * 0.6 {
                break;
            }
        }
        point
    }
}

fn raise(
    reserve: &Reserve,
    random: &mut Random,
    kind: &'static Kind,
    number: usize,
    center: Point,
    index: usize,
) -> Site {
    let wanted = size(random, kind);
    let ring = match kind.shape {
        Shape::Blob => blob(random, center, wanted),
        Shape::Yard => rectangle(random, center, wanted),
        Shape::Strip(width_m) => strip(random, center, wanted, f64::from(width_m)),
    };
    let shares = shares(reserve, &ring);
    let inside: f64 = shares.iter().sum();
    let zone = shares.iter().position(|&share| share > 0.02);
    let station = nearest_station(reserve, center);
    let township = *random.pick(TOWNSHIPS[station]);
    let village = format!("演示{}村", VILLAGES[(index * 7 + number) % VILLAGES.len()]);
    let built_on = building_day(random, kind);
    let focal = focal_category(kind, zone);
    let permits = papers(random, kind, built_on, index);
    let status = status(random, kind, built_on);
    let has_issue = issue(kind, zone, status, built_on, permits.len());
    Site {
        key: format!("S{:03}", index + 1),
        name: name(kind, number, &village),
        area_m2: signed_area_m2(&ring),
        position: match (inside, zone) {
            (_, None) => Position::Outside,
            (inside, _) if inside < 0.98 => Position::OnBorder,
            _ => Position::Inside,
        },
        effect: effect(focal, status, has_issue),
        is_missed: false,
        kind,
        center,
        ring,
        shares,
        zone,
        station,
        township,
        village,
        built_on,
        permits,
        status,
        has_issue: if zone.is_none() { "否" } else { has_issue },
        focal,
    }
}

fn size(random: &mut Random, kind: &Kind) -> f64 {
    let [low, high] = kind.area_m2;
    (low.ln() + (high / low).ln() * random.unit()).exp()
}

fn name(kind: &Kind, number: usize, village: &str) -> String {
    match kind.stem {
        "居民点" | "耕地" | "经济林地" | "墓地" | "通村道路" => {
            format!("{village}{}{}号", kind.stem, counted(number + 1))
        }
        stem if kind.counts.iter().sum::<usize>() == 1 => format!("演示{stem}"),
        stem => format!("演示{stem}{}号", counted(number + 1)),
    }
}

/// Shares of the area per zone, by a fine grid of points.
fn shares(reserve: &Reserve, ring: &Ring) -> [f64; 3] {
    let [west, south, east, north] = envelope(ring);
    let mut counts = [0_u32; 4];
    for step in 0..24 * 24 {
        let (column, row) = (f64::from(step % 24), f64::from(step / 24));
        let point = [
            west + (east - west) * (column + 0.5) / 24.0,
            south + (north - south) * (row + 0.5) / 24.0,
        ];
        if contains(ring, point) {
            counts[reserve.zone_at(point).unwrap_or(3)] += 1;
        }
    }
    let total = counts.iter().sum::<u32>().max(1);
    [0, 1, 2].map(|zone| f64::from(counts[zone]) / f64::from(total))
}

fn nearest_station(reserve: &Reserve, point: Point) -> usize {
    let distance = |station: usize| {
        reserve.stations[station]
            .ring
            .iter()
            .map(|&vertex| distance_m(vertex, point))
            .fold(f64::INFINITY, f64::min)
    };
    reserve.station_at(point).unwrap_or_else(|| {
        (0..STATIONS.len())
            .min_by(|&a, &b| distance(a).total_cmp(&distance(b)))
            .unwrap_or(0)
    })
}

fn building_day(random: &mut Random, kind: &Kind) -> Day {
    let year = i16::try_from(random.whole(kind.years[0].into(), kind.years[1].into()))
        .unwrap_or(kind.years[0]);
    let month = random.whole(1, 12) as i8;
    let day = random.whole(1, 28) as i8;
    match random.below(10) {
        _ if year < 1985 => Day::new(year, 0, 0),
        0..=2 => Day::new(year, 0, 0),
        3..=7 => Day::new(year, month, 0),
        _ => Day::new(year, month, day),
    }
}

/// The profile of 2019: tourism counts in the core zone only.
fn focal_category(kind: &Kind, zone: Option<usize>) -> Option<&'static str> {
    match (kind.code, kind.subtype, zone?) {
        ("A04", ..) => Some("采石采砂"),
        ("A03", ..) => Some("工矿用地"),
        (_, "水电", _) => Some("水电设施"),
        ("A06", _, 0) => Some("核心区旅游设施"),
        _ => None,
    }
}

fn papers(random: &mut Random, kind: &Kind, built_on: Day, index: usize) -> Vec<Permit> {
    let wanted: &[(&'static str, &'static str)] = match (kind.code, kind.subtype) {
        ("A04", _) => &[
            ("采矿", "县级国土部门"),
            ("用林", "省级林业主管部门"),
            ("环评", "县级环保部门"),
        ],
        ("A03", _) => &[
            ("立项", "县级发改部门"),
            ("用地", "县级国土部门"),
            ("环评", "市级环保部门"),
        ],
        ("A05", "水电") => &[
            ("立项", "市级发改部门"),
            ("取水", "市级水务部门"),
            ("环评", "市级环保部门"),
        ],
        ("A06" | "A07" | "A10" | "A05", _) => &[
            ("立项", "县级发改部门"),
            ("修筑设施许可", "林业主管部门"),
            ("规划", "县级规划部门"),
        ],
        ("A09" | "A08", _) => &[("立项", "县级发改部门"), ("用地", "县级国土部门")],
        _ => &[],
    };
    let held = match random.below(10) {
        0..=2 => 0,
        3..=6 => 1,
        7 => 2,
        _ => wanted.len(),
    };
    // The law on environmental assessment came in 2003; nothing older has one.
    let possible = wanted
        .iter()
        .filter(|(paper, _)| *paper != "环评" || built_on.year >= 2003);
    possible
        .take(held)
        .map(|&(paper, issuer)| permit(random, paper, issuer, built_on, index))
        .collect()
}

fn permit(
    random: &mut Random,
    kind: &'static str,
    issuer: &'static str,
    built_on: Day,
    index: usize,
) -> Permit {
    let year = built_on.year + i16::from(random.chance(0.2));
    let number = format!("演示{kind}字〔{year}〕第{:03}号", index + 1);
    let expires = matches!(kind, "采矿" | "取水");
    Permit {
        kind,
        document_number: number,
        issuer,
        issued_on: Day::new(year, random.whole(1, 12) as i8, random.whole(1, 28) as i8),
        valid_to_on: expires.then(|| Day::new(year + 5 + random.below(10) as i16, 12, 31)),
    }
}

fn status(random: &mut Random, kind: &Kind, built_on: Day) -> &'static str {
    let choices: &[&'static str] = match (kind.code, kind.subtype) {
        (_, "滑道" | "漂流") => &["已拆除"],
        ("A04" | "A03", _) if built_on.year < 2017 => {
            &["停产", "停产", "已拆除", "已恢复", "已恢复", "废弃", "运行"]
        }
        ("A04" | "A03", _) => &["运行", "停产", "在建"],
        (_, "水电") => &["运行", "运行", "停产", "已拆除"],
        ("A06", _) => &["运行", "运行", "停产", "已拆除"],
        ("A08", _) => &["运行", "运行", "废弃"],
        (_, "弃渣") => &["废弃", "已恢复"],
        _ => &["运行"],
    };
    choices[random.below(choices.len())]
}

fn issue(
    kind: &Kind,
    zone: Option<usize>,
    status: &str,
    built_on: Day,
    permits: usize,
) -> &'static str {
    let is_strict = matches!(zone, Some(0 | 1));
    match (kind.code, kind.subtype) {
        ("A10", "管护" | "检查站" | "水文" | "古建筑" | "仓储") => "否",
        (_, "防火道路") => "否",
        ("A01" | "A02", _) if built_on.year < 1983 && zone == Some(0) => "待定",
        ("A01" | "A02", _) if built_on.year < 1983 => "否",
        _ if status == "已恢复" => "否",
        ("A04" | "A03", _) | (_, "水电" | "弃渣") => "是",
        ("A06", _) if is_strict || permits == 0 => "是",
        ("A08", _) if is_strict || permits == 0 => "是",
        ("A99" | "A09" | "A10" | "A07" | "A05", _) if is_strict && permits == 0 => "待定",
        _ => "否",
    }
}

fn effect(focal: Option<&str>, status: &str, has_issue: &str) -> &'static str {
    match (focal, status, has_issue) {
        (_, "已恢复", _) | (_, _, "否") => "无",
        (_, _, "待定") => "待评估",
        (Some(_), "运行" | "在建" | "停产", _) => "明显不利",
        _ => "轻微",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    fn sites() -> Vec<Site> {
        build(&Reserve::draw().unwrap(), 2019)
    }

    #[test]
    fn about_a_hundred_and_eighty_sites_cover_all_classes_and_zones() {
        let sites = sites();
        assert!((175..=190).contains(&sites.len()), "{}", sites.len());
        for code in [
            "A01", "A02", "A03", "A04", "A05", "A06", "A07", "A08", "A09", "A10", "A99",
        ] {
            assert!(sites.iter().any(|site| site.kind.code == code), "{code}");
        }
        for category in ["采石采砂", "工矿用地", "核心区旅游设施", "水电设施"] {
            let count = sites.iter().filter(|s| s.focal == Some(category)).count();
            assert!(count >= 6, "{category} {count}");
        }
        for zone in 0..3 {
            assert!(sites.iter().filter(|s| s.zone == Some(zone)).count() >= 15);
        }
    }

    #[test]
    fn some_sites_lie_astride_outside_and_in_every_station() {
        let sites = sites();
        let astride = |site: &&Site| site.shares.iter().filter(|&&s| s > 0.02).count() > 1;
        assert!(sites.iter().filter(astride).count() >= 5);
        let at = |position| sites.iter().filter(|s| s.position == position).count();
        assert!(at(Position::OnBorder) >= 3, "{}", at(Position::OnBorder));
        assert!(at(Position::Outside) >= 5);
        for station in 0..4 {
            assert!(sites.iter().filter(|s| s.station == station).count() >= 15);
        }
    }

    #[test]
    fn names_and_keys_are_unique_and_marked() {
        let sites = sites();
        let names: std::collections::BTreeSet<_> = sites.iter().map(|s| &s.name).collect();
        assert_eq!(names.len(), sites.len());
        assert!(names.iter().all(|name| name.starts_with("演示")));
    }

    #[test]
    fn seven_sites_are_missed_by_their_station() {
        assert_eq!(sites().iter().filter(|site| site.is_missed).count(), 7);
    }

    #[test]
    fn building_days_fall_into_every_period_of_the_law() {
        let years: Vec<i16> = sites().iter().map(|site| site.built_on.year).collect();
        for (from, to) in [
            (1900, 1981),
            (1983, 1993),
            (1995, 2002),
            (2004, 2004),
            (2006, 2016),
            (2018, 2018),
        ] {
            assert!(
                years.iter().any(|year| (from..=to).contains(year)),
                "{from}–{to}"
            );
        }
    }
}
