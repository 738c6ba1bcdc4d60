//! The ledgers of the campaigns of 2017 and 2018 with the city's determinations, and the list of
//! permits.

use serde::Serialize;

use super::World;
use super::claims::{Claim, chosen};
use super::desk::{Desk, Input, MARK, Spot};
use super::faults::{Plan, area, day, division, pair, planned, township, yes_no};
use super::notation::{Day, Style, area_text};
use super::random::Random;
use super::reserve::STATIONS;
use super::sheet::{Cell, Sheet, row, workbook};
use super::sites::Site;

/// What the city determined about a site of an earlier campaign.
#[derive(Clone, Serialize)]
pub(crate) struct Carried {
    /// Index of the site.
    #[serde(skip)]
    pub(crate) site: usize,
    /// 2017 or 2018.
    pub(crate) year: i16,
    /// Number in that year's ledger.
    pub(crate) issue_code: String,
    /// 完成, 未完成, 退回, or empty if the city has not spoken.
    pub(crate) determination: &'static str,
    /// Day of the determination.
    pub(crate) determined_on: Option<Day>,
    /// Number of its paper.
    pub(crate) document_number: String,
}

/// Draws up who was on which ledger, and with what outcome.
pub(crate) fn carried(seed: u64, sites: &[Site]) -> Vec<Carried> {
    let mut random = Random::new(seed, "history");
    let listed = |site: &Site| {
        site.is_in_reserve()
            && !site.is_missed
            && site.built_on.year < 2017
            && (site.has_issue != "否" || site.status == "已恢复")
            && !matches!(site.kind.code, "A01" | "A02")
    };
    let mut indices: Vec<usize> = (0..sites.len()).filter(|&i| listed(&sites[i])).collect();
    random.shuffle(&mut indices);
    let first: Vec<usize> = indices.iter().take(36).copied().collect();
    // The campaign of 2018 began with a look back at 2017, then added what it found.
    let mut second: Vec<usize> = first.iter().step_by(3).copied().collect();
    second.extend(indices.iter().skip(36).take(20));
    let mut all = outcomes(&mut random, sites, &first, 2017);
    all.extend(outcomes(&mut random, sites, &second, 2018));
    all
}

fn outcomes(random: &mut Random, sites: &[Site], listed: &[usize], year: i16) -> Vec<Carried> {
    let mut all = Vec::new();
    for (number, &site) in listed.iter().enumerate() {
        let is_looked_back = year == 2018 && number < 12;
        let determination = match (sites[site].status, random.below(10)) {
            ("已恢复", _) => "完成",
            // Found wanting although the year before said it was done, or the other way round.
            (_, 0..=1) if is_looked_back => "退回",
            ("运行" | "在建", 0..=6) => "未完成",
            ("运行" | "在建", 7) => "完成",
            ("运行" | "在建", _) => "退回",
            (_, 0..=4) => "完成",
            (_, 5..=7) => "未完成",
            (_, 8) => "退回",
            _ => "",
        };
        let spoken = !determination.is_empty();
        all.push(Carried {
            site,
            year,
            issue_code: format!("LD{year}-PL-{:03}", number + 1),
            determination,
            determined_on: spoken.then(|| Day::new(year, 11, 2 + (number % 26) as i8)),
            document_number: if spoken {
                format!("演示市认字〔{year}〕{}号", number + 1)
            } else {
                String::new()
            },
        });
    }
    all
}

/// Lays the ledgers and the permits down.
pub(crate) fn lay(world: &World, desk: &mut Desk) -> anyhow::Result<()> {
    ledger_2017(world, desk)?;
    ledger_2018(world, desk)
}

fn spot(file: &str, sheet: &Sheet) -> Spot {
    Spot {
        file: file.to_owned(),
        sheet: Some(sheet.name.clone()),
        row: sheet.last_row() + 1,
    }
}

const FIRST: &str = "02-历史台账/演示数据-绿盾2017问题台账.xlsx";
const FIRST_PAIRS: Plan = &[(10, "coordinate.missing"), (22, "coordinate.rounded")];

const FIRST_HEAD: &[(&str, &[&str])] = &[
    ("序号", &[]),
    ("问题编号", &[]),
    ("点位名称", &[]),
    ("县区乡镇", &[]),
    ("功能区", &[]),
    ("活动类型", &[]),
    ("规模（面积）", &[]),
    ("建立时间", &[]),
    ("坐标", &[]),
    ("存在问题", &[]),
    ("整改措施", &[]),
    ("责任单位", &[]),
    ("整改时限", &[]),
    (
        "整改完成情况",
        &["自查", "县级验收", "市级认定结果", "认定时间", "认定文号"],
    ),
    ("备注", &[]),
];

fn ledger_2017(world: &World, desk: &mut Desk) -> anyhow::Result<()> {
    let mut random = Random::new(world.seed, "ledger 2017");
    let listed: Vec<&Carried> = world.carried.iter().filter(|c| c.year == 2017).collect();
    let mut sheet = Sheet::new(
        "绿盾2017",
        &[
            5.0, 13.0, 17.0, 14.0, 8.0, 10.0, 11.0, 11.0, 20.0, 20.0, 18.0, 13.0, 11.0, 8.0, 8.0,
            9.0, 11.0, 17.0, 9.0,
        ],
    );
    sheet.title(&format!(
        "“绿盾2017”国家级自然保护区监督检查专项行动问题台账（{MARK}）"
    ));
    sheet.subtitle("填报单位：演示单位　　　　　　填报日期：2017年12月20日");
    sheet.two_level_head(FIRST_HEAD);
    for (index, carried) in listed.iter().enumerate() {
        let mut claim = Claim::about(&mut random, &world.sites[carried.site]);
        if index == 5 {
            claim.deny_area(3.1);
        }
        first_row(desk, &mut sheet, index, carried, claim);
    }
    sheet.total(row!["合计", "", listed.len()]);
    sheet.note("注：是否完成整改以市级认定结果为准。演示数据。");
    desk.layout(FIRST, &sheet);
    let old = old_sheet(&world.sites);
    desk.layout(FIRST, &old);
    let bytes = workbook("绿盾2017问题台账", &[sheet, old])?;
    let mut input = Input::new(FIRST, "ledger", "绿盾2017未完成", "2017-12-20");
    input.batch = Some("2017");
    desk.input(input, listed.len(), bytes);
    Ok(())
}

/// An older version somebody hid instead of deleting it.
fn old_sheet(sites: &[Site]) -> Sheet {
    let mut sheet = Sheet::new("旧表（勿用）", &[6.0, 26.0, 13.0, 14.0]).hidden();
    sheet.head(&["序号", "点位名称", "活动类型", "规模（面积）"]);
    for (index, site) in sites.iter().take(5).enumerate() {
        sheet.body(row![
            index + 1,
            &site.name,
            site.kind.label,
            area_text(site.area_m2 * 2.0, "亩")
        ]);
    }
    sheet
}

fn first_row(
    desk: &mut Desk,
    sheet: &mut Sheet,
    index: usize,
    carried: &Carried,
    claim: Claim<'_>,
) {
    let spot = spot(FIRST, sheet);
    let mut claim = claim;
    let site = claim.site;
    let measured = claim.area_m2;
    let unit = ["亩", "㎡", "公顷", "约亩", "km²", "全角亩"][index % 6];
    let area = area_text(measured, unit);
    desk.dirt(&spot, Some(6), "area.unit_in_cell", area.clone());
    let built_on = day(desk, (&spot, 7), claim.built_on, index);
    let fault = planned(FIRST_PAIRS, index);
    let cells = pair(desk, (&spot, 8), &mut claim, Style::Words, fault);
    let position: Vec<String> = cells
        .into_iter()
        .map(joinable)
        .filter(|t| !t.is_empty())
        .collect();
    let determined_on = determination_day(desk, (&spot, 16), carried, index);
    township(desk, (&spot, 3), &claim);
    let checked = if index.is_multiple_of(4) {
        "已完成"
    } else {
        "完成"
    };
    sheet.body(vec![
        Cell::from(index + 1),
        Cell::from(&carried.issue_code),
        Cell::from(&claim.name),
        Cell::from(format!("崆峒区{}", claim.township)),
        Cell::from(claim.zone),
        Cell::from(claim.label),
        Cell::from(area),
        built_on,
        Cell::from(position.join("，")),
        Cell::from(site.map_or("", |site| site.kind.phrase)),
        Cell::from("停止生产经营，拆除设施，恢复植被"),
        Cell::from(site.map_or("", |site| site.kind.owner)),
        Cell::from("2017.12.31"),
        Cell::from(checked),
        Cell::from(if index % 3 == 1 { "" } else { "通过" }),
        Cell::from(written_result(desk, (&spot, 15), carried, index)),
        determined_on,
        Cell::from(&carried.document_number),
        Cell::from(MARK),
    ]);
    contradict_determination(&mut claim, carried);
    desk.clue(
        &spot,
        "绿盾2017未完成",
        &claim.coded(carried.issue_code.clone()),
    );
}

fn joinable(cell: Cell) -> String {
    match cell {
        Cell::Text(text) => text,
        Cell::Number(number) => format!("{number}"),
        Cell::Blank | Cell::Serial(_) => String::new(),
    }
}

/// Done on paper, running on the ground.
fn contradict_determination(claim: &mut Claim<'_>, carried: &Carried) {
    if carried.determination == "完成" && matches!(claim.status, "运行" | "在建") {
        claim.denied.push((
            "determination",
            "市级认定完成".to_owned(),
            format!("现状为{}", claim.status),
        ));
    }
}

fn written_result(
    desk: &mut Desk,
    (spot, column): (&Spot, usize),
    carried: &Carried,
    index: usize,
) -> &'static str {
    let text = match (carried.determination, index % 3) {
        ("完成", 1) => "已完成",
        ("完成", 2) => "完成整改",
        ("未完成", 2) => "整改未完成",
        ("退回", 1) => "退回补充",
        (plain, _) => plain,
    };
    match text {
        "" => desk.dirt(spot, Some(column), "determination.missing", "市级尚未认定"),
        text if text != carried.determination => {
            desk.dirt(spot, Some(column), "determination.variant", text);
        }
        _ => {}
    }
    text
}

fn determination_day(
    desk: &mut Desk,
    place: (&Spot, usize),
    carried: &Carried,
    index: usize,
) -> Cell {
    carried.determined_on.map_or(Cell::Blank, |on| {
        day(desk, place, on, [0, 1, 2, 5, 6][index % 5])
    })
}

const SECOND: &str = "02-历史台账/演示数据-绿盾2018问题台账.xlsx";
const SECOND_PAIRS: Plan = &[
    (4, "coordinate.swapped"),
    (9, "coordinate.full_width"),
    (13, "coordinate.zero"),
    (19, "coordinate.spaces"),
    (25, "coordinate.rounded"),
];
const SECOND_AREAS: Plan = &[
    (3, "area.unit_in_cell"),
    (8, "area.hectares"),
    (15, "area.square_kilometres"),
    (21, "area.missing"),
];

fn ledger_2018(world: &World, desk: &mut Desk) -> anyhow::Result<()> {
    let mut random = Random::new(world.seed, "ledger 2018");
    let mut sheet = Sheet::new(
        "附件2 问题台账",
        &[
            5.0, 8.0, 14.0, 18.0, 13.0, 8.0, 10.0, 10.0, 11.0, 11.0, 12.0, 8.0, 10.0, 14.0, 10.0,
            12.0, 17.0, 14.0, 9.0,
        ],
    );
    sheet.title("附件2");
    sheet.title(&format!(
        "“绿盾2018”自然保护区监督检查专项行动问题台账（{MARK}）"
    ));
    sheet.subtitle("填报时间：二〇一八年十二月十八日");
    sheet.head(SECOND_HEAD);
    let mut index = 0;
    for (station, name) in STATIONS.iter().enumerate() {
        let listed = world
            .carried
            .iter()
            .filter(|c| c.year == 2018 && world.sites[c.site].station == station);
        sheet.group(&format!(
            "（{}）{name}保护站",
            super::notation::counted(station + 1)
        ));
        let first = sheet.last_row() + 1;
        for carried in listed {
            let claim = Claim::about(&mut random, &world.sites[carried.site]);
            second_row(world, desk, &mut sheet, (index, first), carried, claim);
            index += 1;
        }
        let last = sheet.last_row();
        sheet.merge_down(1, first, last);
        sheet.total(row![
            "小计",
            "",
            "",
            format!("{name}保护站{}个", last + 1 - first)
        ]);
        if station == 1 {
            sheet.head(SECOND_HEAD);
        }
    }
    sheet.total(row!["合计", "", "", index]);
    sheet.blank();
    sheet.note("填表说明：1.市级认定结果填“完成”“未完成”“退回”；2.面积为平方米；3.演示数据。");
    desk.layout(SECOND, &sheet);
    // The sheet every new workbook comes with and nobody takes away.
    let empty = Sheet::new("Sheet2", &[8.0]);
    let place = Spot {
        row: 0,
        ..spot(SECOND, &empty)
    };
    desk.dirt(&place, None, "sheet.empty", "Sheet2");
    let bytes = workbook("绿盾2018问题台账", &[sheet, empty])?;
    let mut input = Input::new(SECOND, "ledger", "绿盾2018未完成", "2018-12-18");
    input.batch = Some("2018");
    desk.input(input, index, bytes);
    Ok(())
}

const SECOND_HEAD: &[&str] = &[
    "序号",
    "保护站",
    "问题编号",
    "点位名称",
    "所在乡镇",
    "所在功能区",
    "设施类型",
    "面积（㎡）",
    "经度",
    "纬度",
    "建设时间",
    "项目现状",
    "是否存在生态环境问题",
    "整改进展",
    "市级认定结果",
    "认定日期",
    "认定文件",
    "绿盾2017编号",
    "备注",
];

fn second_row(
    world: &World,
    desk: &mut Desk,
    sheet: &mut Sheet,
    (index, first): (usize, usize),
    carried: &Carried,
    mut claim: Claim<'_>,
) {
    let spot = spot(SECOND, sheet);
    match index {
        6 => claim.deny_area(0.4),
        11 | 17 => claim.deny_status("已拆除"),
        23 => claim.deny_label("其他人工设施"),
        _ => {}
    }
    let site = &world.sites[carried.site];
    let area = area(
        desk,
        (&spot, 7),
        claim.area_m2,
        "㎡",
        planned(SECOND_AREAS, index),
    );
    let fault = planned(SECOND_PAIRS, index);
    let [lon, lat] = pair(desk, (&spot, 8), &mut claim, Style::Decimal, fault);
    let built_on = day(desk, (&spot, 10), claim.built_on, index + 3);
    let has_issue = yes_no(desk, (&spot, 12), site.has_issue, index);
    let station = if spot.row == first {
        STATIONS[site.station]
    } else {
        ""
    };
    let earlier = world
        .carried
        .iter()
        .find(|other| other.year == 2017 && other.site == carried.site);
    sheet.body(vec![
        Cell::from(index + 1),
        Cell::from(station),
        Cell::from(&carried.issue_code),
        Cell::from(&claim.name),
        township(desk, (&spot, 4), &claim),
        Cell::from(claim.zone),
        Cell::from(claim.label),
        area,
        lon,
        lat,
        built_on,
        Cell::from(claim.status),
        has_issue,
        Cell::from(if index.is_multiple_of(4) {
            "自查已完成整改"
        } else {
            "正在推进整改"
        }),
        Cell::from(written_result(desk, (&spot, 14), carried, index)),
        determination_day(desk, (&spot, 15), carried, index + 1),
        Cell::from(&carried.document_number),
        Cell::from(earlier.map_or("", |other| other.issue_code.as_str())),
        Cell::from(MARK),
    ]);
    contradict_determination(&mut claim, carried);
    desk.clue(
        &spot,
        "绿盾2018未完成",
        &claim.coded(carried.issue_code.clone()),
    );
}

const PERMITS: &str = "02-历史台账/演示数据-建设项目审批手续清单.xlsx";

const PERMITS_HEAD: &[&str] = &[
    "序号",
    "项目名称",
    "建设单位",
    "批准文件类型",
    "文号",
    "批准机关",
    "批准日期",
    "有效期至",
    "乡镇代码",
    "备注",
];

/// The list of permits: facilities by name only.
pub(crate) fn lay_permits(world: &World, desk: &mut Desk) -> anyhow::Result<()> {
    let mut random = Random::new(world.seed, "permits");
    let holders = chosen(&mut random, &world.sites, 70, |site| {
        !site.permits.is_empty()
    });
    let mut sheet = Sheet::new(
        "审批手续",
        &[6.0, 22.0, 18.0, 12.0, 24.0, 16.0, 15.0, 15.0, 12.0, 10.0],
    );
    sheet.title(&format!("自然保护区内建设项目审批手续清单（{MARK}）"));
    sheet.head(PERMITS_HEAD);
    let mut index = 0;
    for site in &holders {
        let claim = Claim::about(&mut random, site);
        let first = sheet.last_row() + 1;
        for permit in &site.permits {
            let spot = spot(PERMITS, &sheet);
            let issued_on = day(desk, (&spot, 6), permit.issued_on, index);
            let valid_to_on = permit.valid_to_on.map_or(Cell::Blank, Cell::from);
            let code = division(desk, (&spot, 8), site.township_code(), index % 3 != 1);
            index += 1;
            sheet.body(vec![
                Cell::from(index),
                Cell::from(if spot.row == first {
                    claim.name.as_str()
                } else {
                    ""
                }),
                Cell::from(site.kind.owner),
                Cell::from(permit.kind),
                Cell::from(&permit.document_number),
                Cell::from(permit.issuer),
                issued_on,
                valid_to_on,
                code,
                Cell::from(MARK),
            ]);
        }
        let last = sheet.last_row();
        sheet.merge_down(1, first, last);
    }
    strangers(desk, &mut sheet, &mut index);
    sheet.note("备注：本表为演示数据，文号均为虚构。");
    desk.layout(PERMITS, &sheet);
    let bytes = workbook("建设项目审批手续清单", &[sheet])?;
    desk.input(
        Input::new(PERMITS, "permits", "", "2019-08-10"),
        index,
        bytes,
    );
    Ok(())
}

/// Two papers for facilities nobody has seen.
fn strangers(desk: &mut Desk, sheet: &mut Sheet, index: &mut usize) {
    for name in ["演示旧水磨坊", "演示临时料场"] {
        let spot = spot(PERMITS, sheet);
        desk.dirt(&spot, Some(1), "permit.without_site", name);
        *index += 1;
        let number = format!("演示用地字〔1998〕第9{index:02}号");
        sheet.body(row![
            *index,
            name,
            "演示乡镇建设单位",
            "用地",
            number,
            "县级国土部门",
            Day::new(1998, 6, 11),
            "",
            "620802211",
            MARK
        ]);
    }
}
