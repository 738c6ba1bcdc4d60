//! What people said and rangers saw: inquiry notes, petitions, patrol findings, waypoints, a tip,
//! and the corner points of two plots.

use super::World;
use super::claims::{Claim, chosen};
use super::desk::{Desk, Input, MARK, Spot};
use super::faults::{Plan, day, pair, planned, yes_no};
use super::notation::{Day, STYLES, Style, gauss_krueger, zone_of};
use super::plane::{Ring, area_mu, scaled, signed_area_m2};
use super::random::Random;
use super::reserve::STATIONS;
use super::sheet::{Cell, Sheet, gbk, workbook};
use super::vectors::{Placemark, Waypoint, gpx, kml};

/// Lays the files down.
pub(crate) fn lay(world: &World, desk: &mut Desk) -> anyhow::Result<()> {
    plots(world, desk);
    tip(world, desk)?;
    inquiries(world, desk)?;
    petitions(world, desk)?;
    patrol(world, desk)?;
    waypoints(world, desk)
}

fn spot(file: &str, sheet: Option<&Sheet>, row: usize) -> Spot {
    Spot {
        file: file.to_owned(),
        sheet: sheet.map(|sheet| sheet.name.clone()),
        row,
    }
}

fn village(claim: &Claim<'_>) -> String {
    claim.site.map_or_else(String::new, |site| {
        format!("{}{}", claim.township, site.village)
    })
}

const INQUIRIES: &str = "05-问询信访/演示数据-问询谈话记录汇总表.xlsx";

const INQUIRY_HEAD: &[&str] = &[
    "序号",
    "谈话时间",
    "谈话对象",
    "谈话人",
    "反映的问题",
    "涉及地点",
    "坐标（如有）",
    "处理意见",
];

fn inquiries(world: &World, desk: &mut Desk) -> anyhow::Result<()> {
    let mut random = Random::new(world.seed, "inquiries");
    let sites = chosen(&mut random, &world.sites, 16, |s| {
        s.has_issue != "否" && !s.is_missed
    });
    let mut sheet = Sheet::new("问询谈话", &[6.0, 20.0, 18.0, 22.0, 44.0, 34.0, 30.0, 20.0]);
    sheet.title(&format!("“绿盾2019”问询谈话记录汇总表（{MARK}）"));
    sheet.head(INQUIRY_HEAD);
    let mut first_of_day = 0;
    for (index, site) in sites.iter().enumerate() {
        let mut claim = Claim::about(&mut random, site);
        let spot = spot(INQUIRIES, Some(&sheet), sheet.last_row() + 1);
        let held_on = Day::new(2019, 8, 5 + (index / 3) as i8);
        let is_first = index.is_multiple_of(3);
        let held_on = if is_first {
            first_of_day = spot.row;
            day(desk, (&spot, 1), held_on, index / 3)
        } else {
            Cell::Blank
        };
        let matter = format!("{}{}，希望核实处理", claim.name, site.kind.phrase);
        let position = spoken_position(desk, &spot, index, &mut claim);
        let row = sheet.body(vec![
            Cell::from(index + 1),
            held_on,
            Cell::from("村民委员会负责人"),
            Cell::from("资源保护科工作人员2名"),
            Cell::from(matter),
            Cell::from(format!("{}，{}附近", village(&claim), claim.name)),
            Cell::from(position),
            Cell::from("转保护站核查"),
        ]);
        if index % 3 == 2 || index + 1 == sites.len() {
            sheet.merge_down(1, first_of_day, row);
        }
        desk.clue(&spot, "问询谈话", &claim);
    }
    sheet.note("备注：谈话内容只记事项，不记个人信息。演示数据。");
    desk.layout(INQUIRIES, &sheet);
    let bytes = workbook("问询谈话记录汇总表", &[sheet])?;
    let input = Input::new(INQUIRIES, "inquiry", "问询谈话", "2019-08-12");
    desk.input(input, sites.len(), bytes);
    Ok(())
}

/// Most people name a place; some know its position.
fn spoken_position(desk: &mut Desk, spot: &Spot, index: usize, claim: &mut Claim<'_>) -> String {
    let point = claim.point.unwrap_or_default();
    match index % 4 {
        1 => Style::Decimal.pair(point).join("，"),
        3 if index > 8 => Style::Words.pair(point).join("，"),
        _ => {
            desk.dirt(spot, Some(6), "coordinate.missing", "只有地名");
            claim.point = None;
            String::new()
        }
    }
}

const PETITIONS: &str = "05-问询信访/演示数据-信访件办理清单.csv";

const PETITION_HEAD: &[&str] = &[
    "登记编号",
    "信访渠道",
    "受理日期",
    "信访人",
    "反映问题",
    "问题地点",
    "坐标",
    "是否属实",
    "办理单位",
    "办结时限",
    "备注",
];

fn petitions(world: &World, desk: &mut Desk) -> anyhow::Result<()> {
    let mut random = Random::new(world.seed, "petitions");
    let sites = chosen(&mut random, &world.sites, 26, |s| {
        s.has_issue != "否" && !s.is_missed
    });
    let mut sheet = Sheet::new("信访", &[1.0; 11]);
    sheet.title(&format!("信访件办理清单（{MARK}）"));
    sheet.head(PETITION_HEAD);
    for (index, site) in sites.iter().enumerate() {
        let mut claim = Claim::about(&mut random, site);
        if index == 8 {
            claim.deny_area(1.7);
        }
        let spot = spot(PETITIONS, None, sheet.last_row() + 1);
        let accepted_on = Day::new(2019, 5 + (index / 9) as i8, 3 + (index % 25) as i8);
        let accepted = written_day(desk, &spot, accepted_on, index);
        let position = petition_position(desk, &spot, index, &mut claim);
        let code = format!("2019{:02}{:07}", accepted_on.month, 1_200_017 + index * 31);
        let channel = ["网络", "来信", "来电", "来访", "12369"][index % 5];
        let answer = ["是", "否", "待定"][usize::from(index % 9 == 4) + usize::from(index == 13)];
        let is_true = yes_no(desk, (&spot, 7), answer, index);
        sheet.body(vec![
            Cell::from(&code),
            Cell::from(channel),
            Cell::from(accepted),
            Cell::from(format!("信访人（登记编号{code}）")),
            Cell::from(complaint(&claim)),
            Cell::from(village(&claim)),
            Cell::from(position),
            is_true,
            Cell::from("保护区管理局"),
            Cell::from("60日"),
            Cell::from(MARK),
        ]);
        desk.clue(&spot, "信访举报", &claim.coded(code));
    }
    desk.layout(PETITIONS, &sheet);
    let bytes = gbk(&sheet.csv()?);
    let input = Input::new(PETITIONS, "petitions", "信访举报", "2019-08-13");
    desk.input(input, sites.len(), bytes);
    Ok(())
}

fn complaint(claim: &Claim<'_>) -> String {
    let phrase = claim.site.map_or("", |site| site.kind.phrase);
    let area = area_mu(claim.area_m2);
    format!("反映{}{phrase}，面积约{area:.1}亩", claim.name)
}

fn written_day(desk: &mut Desk, spot: &Spot, accepted_on: Day, index: usize) -> String {
    match day(desk, (spot, 2), accepted_on, [1, 2, 3, 5, 6][index % 5]) {
        Cell::Text(text) => text,
        Cell::Number(number) | Cell::Serial(number) => format!("{number}"),
        Cell::Blank => String::new(),
    }
}

/// Every notation in turn; the latitude first now and then; sometimes nothing.
fn petition_position(desk: &mut Desk, spot: &Spot, index: usize, claim: &mut Claim<'_>) -> String {
    let point = claim.point.unwrap_or_default();
    let [lon, lat] = STYLES[index % 8].pair(point);
    let separator = ["，", ",", " ", "；"][index % 4];
    let separator = if matches!(STYLES[index % 8], Style::Spaces) {
        "，"
    } else {
        separator
    };
    match index {
        12 | 20 => {
            desk.dirt(spot, Some(6), "coordinate.missing", "");
            claim.point = None;
            String::new()
        }
        16 => {
            desk.dirt(spot, Some(6), "coordinate.swapped", "纬度在前");
            format!("{lat}{separator}{lon}")
        }
        _ => {
            let text = format!("{lon}{separator}{lat}");
            desk.dirt(spot, Some(6), "coordinate.notation", text.clone());
            text
        }
    }
}

const PATROL: &str = "06-巡护发现/演示数据-巡护发现问题记录.csv";
const PATROL_PAIRS: Plan = &[
    (6, "coordinate.zero"),
    (14, "coordinate.rounded"),
    (21, "coordinate.no_decimal_point"),
    (27, "coordinate.swapped"),
    (31, "coordinate.missing"),
];

const PATROL_HEAD: &[&str] = &[
    "发现时间",
    "保护站",
    "巡护路线",
    "巡护人员",
    "经度",
    "纬度",
    "海拔",
    "事件类型",
    "设施名称",
    "情况描述",
    "面积(㎡)",
    "处理情况",
    "数据标记",
];

fn patrol(world: &World, desk: &mut Desk) -> anyhow::Result<()> {
    let mut random = Random::new(world.seed, "patrol");
    let sites = chosen(&mut random, &world.sites, 36, |s| {
        s.zone.is_some() && !s.is_missed
    });
    let mut sheet = Sheet::new("巡护", &[1.0; 13]);
    sheet.head(PATROL_HEAD);
    for (index, site) in sites.iter().enumerate() {
        if index == 11 || index == 24 {
            sheet.blank();
        }
        let mut claim = Claim::about(&mut random, site);
        if index == 17 {
            claim.deny_status("在建");
        }
        let spot = spot(PATROL, None, sheet.last_row() + 1);
        let fault = planned(PATROL_PAIRS, index);
        let [lon, lat] = pair(desk, (&spot, 4), &mut claim, Style::Decimal, fault);
        // A text of two lines in one cell, as phones write it.
        let seen = format!("{}\n现状：{}", site.kind.phrase, claim.status);
        sheet.body(vec![
            Cell::from(found_at(index)),
            Cell::from(STATIONS[site.station]),
            Cell::from(format!("{}{}号线", STATIONS[site.station], index % 3 + 1)),
            Cell::from("护林员甲、护林员乙"),
            lon,
            lat,
            Cell::from(1_450 + random.below(600)),
            Cell::from("人类活动"),
            Cell::from(&claim.name),
            Cell::from(seen),
            Cell::from(claim.area_m2.round()),
            Cell::from(*random.pick(&["上报", "现场制止", "记录", ""])),
            Cell::from(MARK),
        ]);
        desk.clue(&spot, "巡护发现", &claim);
    }
    desk.layout(PATROL, &sheet);
    let mut bytes = "\u{feff}".as_bytes().to_vec();
    bytes.extend(sheet.csv()?.into_bytes());
    let input = Input::new(PATROL, "patrol", "巡护发现", "2019-08-14");
    desk.input(input, sites.len(), bytes);
    Ok(())
}

/// Minute of a finding, in spring and summer before the list was handed in.
fn found_at(index: usize) -> String {
    let (month, day) = (4 + index % 4, 2 + index % 26);
    let (hour, minute) = (8 + index % 9, index * 7 % 60);
    format!("2019-{month:02}-{day:02} {hour:02}:{minute:02}")
}

const WAYPOINTS: &str = "06-巡护发现/演示数据-巡护航点.gpx";

fn waypoints(world: &World, desk: &mut Desk) -> anyhow::Result<()> {
    let mut random = Random::new(world.seed, "waypoints");
    let sites = chosen(&mut random, &world.sites, 14, |s| {
        s.zone.is_some() && !s.is_missed
    });
    let mut marks = Vec::new();
    for (index, site) in sites.iter().enumerate() {
        let claim = Claim::about(&mut random, site);
        let seen = format!("{MARK}：{}，{}", site.kind.label, site.kind.phrase);
        marks.push(Waypoint {
            point: claim.point.unwrap_or_default(),
            name: claim.name.clone(),
            description: seen,
            time: format!(
                "2019-08-{:02}T{:02}:{:02}:00Z",
                1 + index % 12,
                index % 9,
                index * 4
            ),
        });
        desk.clue(&spot(WAYPOINTS, None, index + 1), "巡护发现", &claim);
    }
    let bytes = gpx("演示数据-巡护航点", &marks)?;
    let input = Input::new(WAYPOINTS, "patrol", "巡护发现", "2019-08-14");
    desk.input(input, marks.len(), bytes);
    Ok(())
}

const TIP: &str = "05-问询信访/演示数据-群众线索标注.kml";

fn tip(world: &World, desk: &mut Desk) -> anyhow::Result<()> {
    let mut random = Random::new(world.seed, "tip");
    let sites = chosen(&mut random, &world.sites, 2, |s| {
        s.focal.is_some() && !s.is_missed
    });
    let mut places = Vec::new();
    for (index, site) in sites.iter().enumerate() {
        let claim = Claim::about(&mut random, site);
        let path = if index == 0 {
            vec![claim.point.unwrap_or_default()]
        } else {
            claim.ring.clone()
        };
        places.push(Placemark {
            name: claim.name.clone(),
            description: format!("{MARK}：{}", site.kind.phrase),
            attributes: vec![
                ("来源", "信访举报".to_owned()),
                ("类型", site.kind.label.to_owned()),
            ],
            path,
        });
        desk.clue(&spot(TIP, None, index + 1), "信访举报", &claim);
    }
    let bytes = kml("演示数据-群众线索标注", &places)?;
    desk.input(
        Input::new(TIP, "petitions", "信访举报", "2019-08-08"),
        2,
        bytes,
    );
    Ok(())
}

const PLOTS: &str = "07-地块坐标/演示数据-移送地块界址点坐标.txt";

/// Corner points as the land authorities hand them over: northing before easting, the zone's number
/// in the easting, inner rings numbered two and on.
fn plots(world: &World, desk: &mut Desk) {
    let mut random = Random::new(world.seed, "plots");
    let sites = chosen(&mut random, &world.sites, 2, |s| {
        matches!(s.kind.code, "A03" | "A04") && !s.is_missed && zone_of(s.center) == 36
    });
    let mut text = "[属性描述]\r\n格式版本号=1.01版本\r\n数据产生单位=演示单位（演示数据）\r\n数据产生日期=2019-8-6\r\n坐标系=2000国家大地坐标系\r\n几度分带=3\r\n投影类型=高斯克吕格\r\n计量单位=米\r\n带号=36\r\n精度=0.001\r\n转换参数=,,,,,,\r\n[地块坐标]\r\n".to_owned();
    for (index, site) in sites.iter().enumerate() {
        let claim = Claim::about(&mut random, site).coded(format!("DK{:03}", index + 1));
        let mut rings = vec![claim.ring.clone()];
        if index == 1 {
            rings.push(scaled(&claim.ring, site.center, 0.3, [0.0, 0.0]));
        }
        let corners: usize = rings.iter().map(Vec::len).sum();
        let hole_m2: f64 = rings.iter().skip(1).map(|ring| signed_area_m2(ring)).sum();
        text += &format!(
            "{corners},{:.4},DK{:03},{},面,H48G演示,{},1,@\r\n",
            (claim.area_m2 - hole_m2) / 1e4,
            index + 1,
            site.name,
            site.kind.label
        );
        for (number, ring) in rings.iter().enumerate() {
            text += &corner_rows(ring, number + 1);
        }
        desk.clue(&spot(PLOTS, None, index + 1), "部门移送", &claim);
    }
    let mut input = Input::new(PLOTS, "parcels", "部门移送", "2019-08-06");
    input.crs = Some("CGCS2000 / 3-degree Gauss-Kruger zone 36");
    desk.input(input, sites.len(), gbk(&text));
}

fn corner_rows(ring: &Ring, number: usize) -> String {
    let last = ring.len() - 1;
    ring.iter()
        .enumerate()
        .map(|(corner, &point)| {
            let at = gauss_krueger(point, 36);
            let label = if corner == last { 1 } else { corner + 1 };
            format!(
                "J{label},{number},{:.3},{:.3}\r\n",
                at.northing_m,
                at.prefixed_m()
            )
        })
        .collect()
}
