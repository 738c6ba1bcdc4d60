//! Lists of the inspectorates: central, provincial, and clues handed down with positions from the
//! map of a phone.

use super::World;
use super::claims::{Claim, chosen};
use super::desk::{Desk, Input, MARK, Spot};
use super::faults::{Plan, area, day, division, pair, planned, township, yes_no};
use super::notation::{Day, Style, full_width, gauss_krueger, gcj02, zone_of};
use super::random::Random;
use super::sheet::{Cell, Sheet, row, workbook};
use super::sites::Site;

/// Lays the lists down.
pub(crate) fn lay(world: &World, desk: &mut Desk) -> anyhow::Result<()> {
    provincial(world, desk)?;
    central(world, desk)?;
    handed_down(world, desk)
}

fn spot(file: &str, sheet: &Sheet) -> Spot {
    Spot {
        file: file.to_owned(),
        sheet: Some(sheet.name.clone()),
        row: sheet.last_row() + 1,
    }
}

fn place(claim: &Claim<'_>) -> String {
    let village = claim.site.map_or("", |site| site.village.as_str());
    format!("{}{village}", claim.township)
}

fn description(claim: &Claim<'_>) -> String {
    let Some(site) = claim.site else {
        return String::new();
    };
    format!(
        "{}位于{}{}，{}，现状为{}。",
        claim.name,
        claim.zone,
        place(claim),
        site.kind.phrase,
        claim.status
    )
}

const CENTRAL: &str = "04-督察清单/演示数据-中央环境保护第五督察组反馈问题清单.xlsx";
const CENTRAL_PAIRS: Plan = &[
    (5, "coordinate.missing"),
    (8, "coordinate.rounded"),
    (11, "coordinate.swapped"),
    (17, "coordinate.out_of_reserve"),
    (20, "coordinate.zero"),
    (23, "coordinate.full_width"),
];
const CENTRAL_AREAS: Plan = &[
    (2, "area.approximate"),
    (7, "area.unit_in_cell"),
    (13, "area.hectares"),
    (16, "area.full_width"),
    (22, "area.missing"),
    (25, "area.range"),
];

fn central(world: &World, desk: &mut Desk) -> anyhow::Result<()> {
    let mut random = Random::new(world.seed, "central");
    let weighty = |site: &Site| site.focal.is_some() && !site.is_missed || site.kind.code == "A06";
    let sites = chosen(&mut random, &world.sites, 28, weighty);
    let mut sheet = Sheet::new(
        "问题清单",
        &[
            6.0, 14.0, 18.0, 16.0, 9.0, 10.0, 10.0, 14.0, 14.0, 36.0, 14.0, 12.0, 12.0, 9.0,
        ],
    );
    sheet.title(&format!("中央环境保护第五督察组督察反馈问题清单（{MARK}）"));
    sheet.subtitle("涉及保护地：太统—崆峒山国家级自然保护区　　　　整理日期：2019年7月30日");
    central_head(&mut sheet);
    for (index, site) in sites.iter().enumerate() {
        if index == 14 {
            central_head(&mut sheet);
        }
        let mut claim = Claim::about(&mut random, site);
        match index {
            3 => claim.deny_area(2.6),
            6 => claim.deny_label("工矿用地"),
            9 => claim.deny_status("已拆除"),
            15 => claim.deny_zone("核心区"),
            _ => {}
        }
        central_row(desk, &mut sheet, index, claim);
    }
    sheet.total(row!["合计", "", format!("{}个问题", sites.len())]);
    sheet.blank();
    sheet
        .note("注：1.面积以亩计；2.坐标为2000国家大地坐标系；3.本表为演示数据，设施名称均为虚构。");
    sheet.note("填表单位：演示单位　　　审核：保护区管理局资源保护科");
    desk.layout(CENTRAL, &sheet);
    let bytes = workbook("中央环境保护第五督察组督察反馈问题清单", &[sheet])?;
    let input = Input::new(CENTRAL, "inspection", "中央督察", "2019-07-30");
    desk.input(input, sites.len(), bytes);
    Ok(())
}

fn central_head(sheet: &mut Sheet) {
    sheet.two_level_head(&[
        ("序号", &[]),
        ("问题编号", &[]),
        ("问题名称", &[]),
        ("所在乡镇", &[]),
        ("所在功能区", &[]),
        ("活动/设施类型", &[]),
        ("面积（亩）", &[]),
        ("坐标", &["东经", "北纬"]),
        ("问题描述", &[]),
        ("整改要求", &[]),
        ("整改时限", &[]),
        ("责任单位", &[]),
        ("备注", &[]),
    ]);
}

fn central_row(desk: &mut Desk, sheet: &mut Sheet, index: usize, claim: Claim<'_>) {
    let spot = spot(CENTRAL, sheet);
    let mut claim = claim;
    let code = central_code(desk, &spot, index);
    let area = area(
        desk,
        (&spot, 6),
        claim.area_m2,
        "亩",
        planned(CENTRAL_AREAS, index),
    );
    let fault = planned(CENTRAL_PAIRS, index);
    let text = description(&claim);
    let [east, north] = pair(desk, (&spot, 7), &mut claim, Style::Signs, fault);
    township(desk, (&spot, 3), &claim);
    let due = day(desk, (&spot, 11), Day::new(2019, 12, 31), index % 3);
    sheet.body(vec![
        Cell::from(index + 1),
        Cell::from(&code),
        Cell::from(&claim.name),
        Cell::from(place(&claim)),
        Cell::from(claim.zone),
        Cell::from(claim.label),
        area,
        east,
        north,
        Cell::from(text),
        Cell::from("限期整改到位，恢复生态"),
        due,
        Cell::from("属地区级政府"),
        Cell::from(MARK),
    ]);
    desk.clue(&spot, "中央督察", &claim.coded(code));
}

/// Two problems bear one number, one number is typed in full width.
fn central_code(desk: &mut Desk, spot: &Spot, index: usize) -> String {
    let serial = if index == 13 { 13 } else { index + 1 };
    let code = format!("中督五-PL-{serial:03}");
    match index {
        13 => desk.dirt(spot, Some(1), "code.duplicate", code.clone()),
        18 => {
            let code = full_width(&code);
            desk.dirt(spot, Some(1), "code.full_width", code.clone());
            return code;
        }
        _ => {}
    }
    code
}

const PROVINCIAL: &str = "04-督察清单/演示数据-省级督察发现问题清单.xlsx";
const PROVINCIAL_AREAS: Plan = &[
    (4, "area.unit_in_cell"),
    (12, "area.square_kilometres"),
    (19, "area.words"),
    (26, "area.approximate"),
];

const PROVINCIAL_HEAD: &[&str] = &[
    "序号",
    "图斑编号",
    "行政区划代码",
    "问题点位",
    "功能区",
    "设施类型",
    "占地面积（公顷）",
    "纵坐标X",
    "横坐标Y",
    "中央经线",
    "建成时间",
    "现状",
    "问题表现",
    "是否整改",
    "备注",
];

fn provincial(world: &World, desk: &mut Desk) -> anyhow::Result<()> {
    let mut random = Random::new(world.seed, "provincial list");
    let sites = chosen(&mut random, &world.sites, 30, |s| {
        s.has_issue != "否" && !s.is_missed
    });
    let mut sheet = Sheet::new(
        "附件1",
        &[
            6.0, 17.0, 11.0, 18.0, 8.0, 10.0, 10.0, 12.0, 13.0, 9.0, 12.0, 8.0, 32.0, 8.0, 9.0,
        ],
    );
    sheet.title("附件1");
    sheet.title(&format!("省级自然保护区督察发现问题清单（{MARK}）"));
    sheet.subtitle("单位：公顷、米　　　坐标系：2000国家大地坐标系，3度分带");
    sheet.head(PROVINCIAL_HEAD);
    for (index, site) in sites.iter().enumerate() {
        let mut claim = Claim::about(&mut random, site);
        match index {
            2 => claim.deny_built_on(-7),
            10 => claim.deny_area(0.45),
            21 => claim.deny_label("旅游设施"),
            _ => {}
        }
        claim.code = patch_code(desk, site);
        provincial_row(desk, &mut sheet, index, claim);
        if index == 9 {
            sheet.blank();
        }
    }
    let total: f64 = sites.iter().map(|site| site.area_m2 / 1e4).sum();
    sheet.total(row![
        "合计",
        "",
        "",
        "",
        "",
        "",
        (total * 100.0).round() / 100.0
    ]);
    sheet.note("说明：横坐标含带号；跨带点位分别采用35带、36带坐标。演示数据。");
    desk.layout(PROVINCIAL, &sheet);
    let bytes = workbook("省级自然保护区督察发现问题清单", &[sheet])?;
    let input = Input::new(PROVINCIAL, "inspection", "省级督察", "2019-06-20");
    desk.input(input, sites.len(), bytes);
    Ok(())
}

/// Number of a patch of the same site from the batches handed down before this list.
fn patch_code(desk: &Desk, site: &Site) -> Option<String> {
    desk.clues
        .iter()
        .filter(|clue| clue.source_kind == "遥感监测" && clue.site.as_ref() == Some(&site.key))
        .filter_map(|clue| clue.external_code.clone())
        .find(|code| code.starts_with("2018"))
}

fn provincial_row(desk: &mut Desk, sheet: &mut Sheet, index: usize, mut claim: Claim<'_>) {
    let spot = spot(PROVINCIAL, sheet);
    let written = written_code(desk, &spot, index, claim.code.as_deref());
    let division = division_cell(desk, &spot, &claim, index);
    let area = area(
        desk,
        (&spot, 6),
        claim.area_m2,
        "公顷",
        planned(PROVINCIAL_AREAS, index),
    );
    let [northing, easting, meridian] = projected(desk, &spot, index, &mut claim);
    let built_on = day(desk, (&spot, 10), claim.built_on, index + 1);
    let answer = if claim.status == "已恢复" {
        "是"
    } else {
        "否"
    };
    let is_mended = yes_no(desk, (&spot, 13), answer, index);
    sheet.body(vec![
        Cell::from(index + 1),
        Cell::from(&written),
        division,
        Cell::from(&claim.name),
        Cell::from(claim.zone),
        Cell::from(claim.label),
        area,
        northing,
        easting,
        meridian,
        built_on,
        Cell::from(claim.status),
        Cell::from(description(&claim)),
        is_mended,
        Cell::from(MARK),
    ]);
    desk.clue(&spot, "省级督察", &claim);
}

fn written_code(desk: &mut Desk, spot: &Spot, index: usize, code: Option<&str>) -> String {
    let Some(code) = code else {
        return String::new();
    };
    let (kind, text) = match index % 7 {
        2 => ("code.full_width", full_width(code)),
        4 => ("code.lower_case", code.to_lowercase()),
        6 => ("code.spaces", code.replace('-', " - ")),
        _ => return code.to_owned(),
    };
    desk.dirt(spot, Some(1), kind, text.clone());
    text
}

/// Codes of townships; half of them have become numbers.
fn division_cell(desk: &mut Desk, spot: &Spot, claim: &Claim<'_>, index: usize) -> Cell {
    let code = claim.site.map_or("", Site::township_code);
    division(desk, (spot, 2), code, index.is_multiple_of(2))
}

/// Northing, easting and central meridian; some without the zone's number, one pair turned round.
fn projected(desk: &mut Desk, spot: &Spot, index: usize, claim: &mut Claim<'_>) -> [Cell; 3] {
    let Some(point) = claim.point else {
        return [Cell::Blank, Cell::Blank, Cell::Blank];
    };
    let at = gauss_krueger(point, zone_of(point));
    let round = |value: f64| (value * 100.0).round() / 100.0;
    let meridian = f64::from(at.zone) * 3.0;
    let (northing, easting) = (round(at.northing_m), round(at.prefixed_m()));
    match index {
        6 | 15 => {
            desk.dirt(
                spot,
                Some(8),
                "coordinate.zone_missing",
                "横坐标无带号，表中注明中央经线",
            );
            [northing.into(), round(at.easting_m).into(), meridian.into()]
        }
        18 => {
            desk.dirt(
                spot,
                Some(8),
                "coordinate.zone_missing",
                "横坐标无带号，亦无中央经线",
            );
            [northing.into(), round(at.easting_m).into(), Cell::Blank]
        }
        23 => {
            desk.dirt(spot, Some(7), "coordinate.swapped", "纵横坐标颠倒");
            [easting.into(), northing.into(), meridian.into()]
        }
        28 => {
            desk.dirt(spot, Some(7), "coordinate.missing", "");
            claim.point = None;
            [Cell::Blank, Cell::Blank, Cell::Blank]
        }
        _ => [
            northing.into(),
            easting.into(),
            Cell::from(format!("{meridian}°")),
        ],
    }
}

const HANDED_DOWN: &str = "04-督察清单/演示数据-上级交办线索（手机地图定位）.xlsx";

const HANDED_DOWN_HEAD: &[&str] = &[
    "序号",
    "线索名称",
    "位置",
    "经度",
    "纬度",
    "反映内容",
    "交办日期",
    "办理时限",
];

fn handed_down(world: &World, desk: &mut Desk) -> anyhow::Result<()> {
    let mut random = Random::new(world.seed, "handed down");
    let sites = chosen(&mut random, &world.sites, 10, |s| {
        s.status == "运行" && !s.is_missed
    });
    let mut sheet = Sheet::new("交办单", &[6.0, 24.0, 24.0, 13.0, 13.0, 46.0, 14.0, 14.0]);
    sheet.title(&format!("关于办理自然保护区有关线索的交办单（{MARK}）"));
    sheet.head(HANDED_DOWN_HEAD);
    for (index, site) in sites.iter().enumerate() {
        let claim = Claim::about(&mut random, site);
        let spot = spot(HANDED_DOWN, &sheet);
        let shown = gcj02(claim.point.unwrap_or_default());
        desk.dirt(&spot, Some(3), "coordinate.gcj02", "经纬度为GCJ-02坐标系");
        let degrees = |value: f64| (value * 1e6).round() / 1e6;
        sheet.body(row![
            index + 1,
            &claim.name,
            place(&claim),
            degrees(shown[0]),
            degrees(shown[1]),
            description(&claim),
            Day::new(2019, 8, 9),
            "2019.8.20",
        ]);
        desk.clue(&spot, "上级交办", &claim);
    }
    sheet.note("注：表中经纬度取自手机地图，为GCJ-02坐标系（火星坐标），使用前请转换。演示数据。");
    desk.layout(HANDED_DOWN, &sheet);
    let bytes = workbook("关于办理自然保护区有关线索的交办单", &[sheet])?;
    let mut input = Input::new(HANDED_DOWN, "inspection", "上级交办", "2019-08-09");
    input.crs = Some("GCJ-02");
    desk.input(input, sites.len(), bytes);
    Ok(())
}
