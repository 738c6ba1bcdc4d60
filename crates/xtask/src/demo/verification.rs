//! Field verification of 16 to 19 August 2019: one sheet of each station, and the second one that
//! 太统 sent, from which three rows had vanished.

use super::World;
use super::claims::Claim;
use super::desk::{Desk, Input, MARK, Spot};
use super::faults::{area, day, pair, township, yes_no};
use super::history::Carried;
use super::notation::{Day, Style};
use super::patches::Nothing;
use super::plane::moved;
use super::random::Random;
use super::reserve::STATIONS;
use super::sheet::{Cell, Sheet, row, workbook};
use super::sites::Site;
use super::truth::is_unfinished;

/// What a station found at a place.
#[derive(Clone)]
pub(crate) struct Check {
    /// Index of the site.
    pub(crate) site: Option<usize>,
    /// Index of the place where nothing was.
    pub(crate) nothing: Option<usize>,
    /// Station that went there.
    pub(crate) station: usize,
    /// Day.
    pub(crate) on: Day,
    /// 属实, 部分属实, 不属实.
    pub(crate) truth: &'static str,
    /// 是, 否, 待定.
    pub(crate) has_issue: &'static str,
    /// Conclusion as the code list has it.
    pub(crate) conclusion: &'static str,
    /// Disposal as the code list has it.
    pub(crate) disposal: &'static str,
}

/// Draws up who went where when: everywhere but to the missed sites.
pub(crate) fn checks(
    seed: u64,
    (sites, nothings): (&[Site], &[Nothing]),
    carried: &[Carried],
    station_at: impl Fn(&Nothing) -> usize,
) -> Vec<Check> {
    let mut random = Random::new(seed, "checks");
    let mut all = Vec::new();
    for (index, site) in sites.iter().enumerate().filter(|(_, site)| !site.is_missed) {
        let conclusion = conclusion(site);
        all.push(Check {
            site: Some(index),
            nothing: None,
            station: site.station,
            on: check_day(
                &mut random,
                site.has_issue == "是" && !is_unfinished(carried, index),
            ),
            truth: if site.is_in_reserve() {
                "属实"
            } else {
                "部分属实"
            },
            has_issue: site.has_issue,
            conclusion,
            disposal: disposal(site, conclusion),
        });
    }
    for (index, nothing) in nothings.iter().enumerate().filter(|(_, n)| n.is_explained) {
        all.push(Check {
            site: None,
            nothing: Some(index),
            station: station_at(nothing),
            on: check_day(&mut random, false),
            truth: "不属实",
            has_issue: "否",
            conclusion: if nothing.is_inside {
                "影像误判/伪变化"
            } else {
                "不在保护区范围内(排除)"
            },
            disposal: "",
        });
    }
    all
}

/// The last day was kept for the hard cases: issues nobody had on a ledger yet.
fn check_day(random: &mut Random, is_hard: bool) -> Day {
    let last = if is_hard { 62 } else { 87 };
    let day = match random.below(100) {
        share if share >= last => 19,
        0..=21 => 16,
        22..=55 => 17,
        _ => 18,
    };
    Day::new(2019, 8, day)
}

fn conclusion(site: &Site) -> &'static str {
    if !site.is_in_reserve() {
        return "不在保护区范围内(排除)";
    }
    let is_strict = matches!(site.zone, Some(0 | 1));
    match (site.has_issue, site.kind.code, site.status) {
        ("待定", ..) => "待定(需补充材料)",
        ("否", "A01" | "A02", _) => "无问题-原有居民生产生活",
        ("否", ..) if site.kind.owner_kind == "管理机构" => "无问题-保护管理设施",
        ("否", ..) => "无问题-合法合规",
        (_, _, "已拆除" | "废弃") => "存在问题-生态破坏未修复",
        (_, "A03" | "A04", _) if is_strict => "存在问题-违法违规",
        _ if site.permits.is_empty() => "存在问题-未批先建",
        _ if site.permits.len() < 3 => "存在问题-手续不全",
        _ => "存在问题-违法违规",
    }
}

fn disposal(site: &Site, conclusion: &str) -> &'static str {
    match conclusion {
        "不在保护区范围内(排除)" => "",
        "待定(需补充材料)" => "整治",
        "存在问题-生态破坏未修复" => "生态修复",
        "存在问题-手续不全" if site.focal.is_none() => "完善手续",
        text if text.starts_with("存在问题") => "退出",
        _ => "保留",
    }
}

/// How a station writes.
struct Hand {
    unit: &'static str,
    style: Style,
    area_title: &'static str,
    name_title: &'static str,
}

const HANDS: [Hand; 4] = [
    Hand {
        unit: "亩",
        style: Style::Decimal,
        area_title: "面积（亩）",
        name_title: "点位名称",
    },
    Hand {
        unit: "㎡",
        style: Style::Signs,
        area_title: "占地面积（㎡）",
        name_title: "相关设施名称",
    },
    Hand {
        unit: "公顷",
        style: Style::Decimal,
        area_title: "规模（公顷）",
        name_title: "设施名称",
    },
    Hand {
        unit: "亩",
        style: Style::Minutes,
        area_title: "规模（亩）",
        name_title: "活动点位名称",
    },
];

/// Lays the sheets down; returns the keys of the sites that vanished from the second one.
pub(crate) fn lay(world: &World, desk: &mut Desk) -> anyhow::Result<Vec<String>> {
    for (station, name) in STATIONS.iter().enumerate() {
        let file = format!("08-实地核查/演示数据-{name}保护站实地核查表.xlsx");
        station_sheet(world, desk, station, &file, &[])?;
    }
    let station = 2;
    let listed: Vec<usize> = world
        .checks
        .iter()
        .filter(|check| check.station == station && check.on.day < 19)
        .filter_map(|check| check.site)
        .filter(|&site| world.sites[site].has_issue == "是")
        .collect();
    let vanished: Vec<usize> = listed.iter().skip(1).step_by(3).take(3).copied().collect();
    let file = "08-实地核查/演示数据-太统保护站实地核查表（第二次上报）.xlsx";
    station_sheet(world, desk, station, file, &vanished)?;
    Ok(vanished
        .iter()
        .map(|&site| world.sites[site].key.clone())
        .collect())
}

fn station_sheet(
    world: &World,
    desk: &mut Desk,
    station: usize,
    file: &str,
    without: &[usize],
) -> anyhow::Result<()> {
    let name = STATIONS[station];
    let mut random = Random::new(world.seed, name);
    let mut sheet = Sheet::new(
        "实地核查",
        &[
            5.0, 6.0, 15.0, 11.0, 14.0, 10.0, 9.0, 11.0, 11.0, 6.5, 7.0, 9.0, 9.0, 10.0, 19.0, 7.0,
            7.0, 8.0, 11.0, 13.0, 18.0, 8.0, 13.0, 14.0, 8.0, 5.5, 11.0, 8.0,
        ],
    );
    sheet.title(&format!(
        "{name}保护站“绿盾2019”人类活动点位实地核查表（{MARK}）"
    ));
    sheet.subtitle(&format!("填报单位：{name}保护站　　核查时间：2019年8月16日至19日　　包抓领导：局领导班子成员（分管{name}片区）"));
    head(&mut sheet, &HANDS[station]);
    let rows: Vec<&Check> = world
        .checks
        .iter()
        .filter(|check| check.station == station)
        .collect();
    let mut written = 0;
    let first = sheet.last_row() + 1;
    for (index, check) in rows.iter().enumerate() {
        let claim = claim(world, &mut random, check);
        if check.site.is_some_and(|site| without.contains(&site)) {
            continue;
        }
        write_check(world, desk, &mut sheet, (file, index), check, claim);
        written += 1;
    }
    let last = sheet.last_row();
    sheet.merge_down(1, first, last);
    sheet.total(row!["合计", "", format!("{written}个点位")]);
    sheet.note("注：1.核查人员不少于2人；2.照片数含远景、近景；3.本表为演示数据。");
    sheet.note("核查负责人：站长　　　　审核：保护区管理局资源保护科　　　　2019年8月19日");
    desk.layout(file, &sheet);
    let bytes = workbook(&format!("{name}保护站实地核查表"), &[sheet])?;
    let mut input = Input::new(file, "verification", "现地排查", "2019-08-19");
    input.station = Some(name);
    desk.input(input, written, bytes);
    Ok(())
}

fn head(sheet: &mut Sheet, hand: &Hand) {
    sheet.two_level_head(&[
        ("序号", &[]),
        ("保护站", &[]),
        (hand.name_title, &[]),
        ("线索来源", &[]),
        ("图斑/问题编号", &[]),
        ("所在乡镇", &[]),
        ("村", &[]),
        ("地理位置", &["经度", "纬度", "海拔（m）"]),
        ("所在功能区", &[]),
        ("类型", &[]),
        (hand.area_title, &[]),
        ("建立时间", &[]),
        ("手续办理情况", &[]),
        ("项目现状", &[]),
        ("线索是否属实", &[]),
        ("是否存在生态环境问题", &[]),
        (
            "实地核查",
            &[
                "核查时间",
                "核查人员",
                "现场情况",
                "生态影响",
                "核查结论",
                "处理建议",
                "处置方式",
                "照片数",
            ],
        ),
        ("业主", &[]),
        ("备注", &[]),
    ]);
}

fn claim<'a>(world: &'a World, random: &mut Random, check: &Check) -> Claim<'a> {
    match (check.site, check.nothing) {
        (Some(site), _) => {
            let mut claim = Claim::about(random, &world.sites[site]);
            // The station stands in front of it: its own name, its own measure.
            claim.name.clone_from(&world.sites[site].name);
            claim.area_m2 = world.sites[site].area_m2;
            claim
        }
        (None, Some(nothing)) => {
            let nothing = &world.nothings[nothing];
            let at = moved(nothing.center, 9.0, -6.0);
            Claim::about_nothing(at, Vec::new(), 0.0).coded(nothing.code.clone())
        }
        (None, None) => Claim::about_nothing([0.0, 0.0], Vec::new(), 0.0),
    }
}

/// Sources and official numbers by which the station knows the place.
fn known_as(desk: &Desk, site: Option<&Site>) -> (String, String) {
    let Some(site) = site else {
        return ("遥感监测".to_owned(), String::new());
    };
    let mut sources: Vec<&str> = Vec::new();
    let mut codes: Vec<&str> = Vec::new();
    for clue in &desk.clues {
        if clue.site.as_ref() == Some(&site.key) && clue.source_kind != "现地排查" {
            sources.push(clue.source_kind);
            codes.extend(clue.external_code.as_deref());
        }
    }
    sources.dedup();
    codes.truncate(2);
    if sources.is_empty() {
        sources.push("现地排查");
    }
    sources.truncate(3);
    (sources.join("、"), codes.join("、"))
}

fn pair_fault(index: usize) -> Option<&'static str> {
    match index % 19 {
        7 => Some("coordinate.swapped"),
        13 => Some("coordinate.spaces"),
        17 => Some("coordinate.full_width"),
        _ => None,
    }
}

fn area_fault(index: usize) -> Option<&'static str> {
    match index % 17 {
        4 => Some("area.unit_in_cell"),
        9 => Some("area.approximate"),
        14 => Some("area.full_width"),
        _ => None,
    }
}

fn team(desk: &mut Desk, spot: &Spot, station: &str, index: usize) -> String {
    if index == 11 {
        desk.dirt(
            spot,
            Some(19),
            "verification.team_too_small",
            "只有1名核查人员",
        );
        return format!("{station}保护站站长");
    }
    let separator = ["、", "，", " ", ";"][index % 4];
    [
        format!("{station}保护站站长"),
        "专职整改人员".to_owned(),
        "护林员甲".to_owned(),
    ][..2 + index % 2]
        .join(separator)
}

fn write_check(
    world: &World,
    desk: &mut Desk,
    sheet: &mut Sheet,
    (file, index): (&str, usize),
    check: &Check,
    mut claim: Claim<'_>,
) {
    let spot = Spot {
        file: file.to_owned(),
        sheet: Some(sheet.name.clone()),
        row: sheet.last_row() + 1,
    };
    let site = check.site.map(|site| &world.sites[site]);
    let (sources, known_code) = known_as(desk, site);
    let code = claim.code.clone().unwrap_or(known_code);
    let first = index == 0;
    let style = HANDS[check.station].style;
    let mut cells = vec![
        Cell::from(index + 1),
        Cell::from(if first { STATIONS[check.station] } else { "" }),
        Cell::from(&claim.name),
        Cell::from(sources),
        Cell::from(&code),
        township(desk, (&spot, 5), &claim),
        Cell::from(site.map_or("", |site| site.village.as_str())),
    ];
    cells.extend(pair(desk, (&spot, 7), &mut claim, style, pair_fault(index)));
    cells.push(Cell::from(1_400 + (index * 37) % 700));
    cells.extend(facility_cells(desk, &spot, index, (check, site), &claim));
    cells.extend(finding_cells(desk, &spot, index, (check, site)));
    cells.push(Cell::from(site.map_or("", |site| site.kind.owner)));
    cells.push(Cell::from(MARK));
    sheet.body(cells);
    if !code.is_empty() {
        claim.code = Some(code);
    }
    desk.clue(&spot, "现地排查", &claim);
}

/// From the zone to the status.
fn facility_cells(
    desk: &mut Desk,
    spot: &Spot,
    index: usize,
    (check, site): (&Check, Option<&Site>),
    claim: &Claim<'_>,
) -> Vec<Cell> {
    let unit = HANDS[check.station].unit;
    let area = site.map_or(Cell::Blank, |site| {
        area(desk, (spot, 12), site.area_m2, unit, area_fault(index))
    });
    let built_on = site.map_or(Cell::Blank, |site| {
        day(desk, (spot, 13), site.built_on, index)
    });
    vec![
        Cell::from(claim.zone),
        Cell::from(claim.label),
        area,
        built_on,
        Cell::from(site.map_or_else(String::new, Site::permits_text)),
        Cell::from(claim.status),
    ]
}

/// From the truth of the clue to the number of photos.
fn finding_cells(
    desk: &mut Desk,
    spot: &Spot,
    index: usize,
    (check, site): (&Check, Option<&Site>),
) -> Vec<Cell> {
    let is_ticked = index % 6 == 5 && check.truth == "属实";
    let photos = if index == 15 { 0 } else { 2 + index % 5 };
    if photos == 0 {
        desk.dirt(spot, Some(25), "verification.no_photos", "0");
    }
    vec![
        Cell::from(if is_ticked { "√" } else { check.truth }),
        yes_no(desk, (spot, 17), check.has_issue, index),
        day(desk, (spot, 18), check.on, [0, 1, 0, 2, 6, 0][index % 6]),
        Cell::from(team(desk, spot, STATIONS[check.station], index)),
        Cell::from(condition(site)),
        Cell::from(site.map_or("无", |site| site.effect)),
        Cell::from(check.conclusion),
        Cell::from(suggestion(check)),
        Cell::from(check.disposal),
        Cell::from(photos),
    ]
}

fn condition(site: Option<&Site>) -> String {
    site.map_or_else(
        || "现场未见人类活动，影像中为季节性植被变化或积雪".to_owned(),
        |site| format!("{}，现状{}", site.kind.phrase, site.status),
    )
}

fn suggestion(check: &Check) -> &'static str {
    match check.disposal {
        "退出" => "建议责任单位限期退出并恢复生态",
        "生态修复" => "建议覆土植绿，恢复生态",
        "完善手续" => "建议补办手续，加强监管",
        "整治" => "补充材料后再行判别",
        "保留" => "保持现状，加强日常监管",
        _ => "建议排除",
    }
}
