use documents::marked::*;
use documents::*;
use jiff::civil::date;
fn main() {
    let zones = ["核心区", "缓冲区", "实验区"];
    let types: Vec<String> = [
        "采石采砂",
        "工矿企业",
        "旅游设施",
        "水电设施",
        "道路交通",
        "养殖场",
        "居民点",
        "其他人工设施",
    ]
    .iter()
    .map(|s| s.to_string())
    .collect();
    let long: Vec<String> = (0..90).map(|n| format!("第{n}类活动设施")).collect();
    let sheet = LedgerSheet::new("人类活动点位台账", "青山国家级自然保护区人类活动点位台账")
        .subtitle(["填报单位（盖章）：青山国家级自然保护区管理局", "截至日期：2019年8月19日", "面积单位：平方米"])
        .column(ColumnSpec::new("number", "序号").width(6.0).format(Format::Integer).align(Align::Center))
        .column(ColumnSpec::new("site_code", "点位编号").width(14.0).align(Align::Center))
        .column(ColumnSpec::new("source", "来源").width(12.0).align(Align::Center))
        .column(ColumnSpec::new("station", "保护站").width(10.0).align(Align::Center))
        .column(ColumnSpec::new("division", "县区/乡镇/村").width(20.0))
        .column(ColumnSpec::new("lon", "经度").group("坐标（CGCS2000）").width(12.0).format(Format::LonLat))
        .column(ColumnSpec::new("lat", "纬度").group("坐标（CGCS2000）").width(12.0).format(Format::LonLat))
        .column(ColumnSpec::new("zone", "功能区").width(9.0).align(Align::Center).validation(zones))
        .column(ColumnSpec::new("name", "设施名称").width(20.0))
        .column(ColumnSpec::new("type", "类型").width(12.0).validation(types.clone()))
        .column(ColumnSpec::new("area_m2", "规模").width(13.0).format(Format::Area).summed())
        .column(ColumnSpec::new("built_on", "建立时间").width(11.5).format(Format::Date))
        .column(ColumnSpec::new("permit", "手续办理情况").width(20.0))
        .column(ColumnSpec::new("state", "项目现状").width(14.0).validation(long))
        .column(ColumnSpec::new("issue", "是否存在生态环境问题").width(11.0).format(Format::YesNo))
        .column(ColumnSpec::new("owner", "业主").width(18.0))
        .column(ColumnSpec::new("remark", "备注").width(22.0))
        .keys(2).totals("合计")
        .note("注：1. 面积为椭球面积，压占多个功能区的按最严格的功能区计列；2. 点位编号沿用下发清单，不重编；3. 红色为待核实，黄色为矛盾待查。")
        .note("登记簿：1,284 条　根散列 9f2c 41aa 07d3 …");
    let rows: Vec<Vec<CellValue>> = (0..40i64).map(|n| vec![
        (n+1).into(), format!("QS-2019-{:04}", n*7+3).into(), ["绿盾2017","卫星遥感","信访举报","日常巡护","中央督察"][n as usize%5].into(),
        ["东沟保护站","西坪保护站","南岭保护站","北川保护站"][n as usize%4].into(), format!("青川县石坝乡{}村", ["石坝","黄家","松林","大河"][n as usize%4]).into(),
        (106.512345 + n as f64*0.00371).into(), (35.501234 - n as f64*0.00213).into(), zones[n as usize%3].into(),
        format!("{}号{}", n+1, ["砂石料场","农家乐","引水式电站","护林便道"][n as usize%4]).into(), types[n as usize%8].clone().into(),
        (n as f64*813.37+120.5).into(), if n%6==0 {CellValue::Empty} else {date(1998+(n%20) as i16,(n%12+1) as i8,15).into()},
        if n%3==0 {"未办理任何手续".into()} else {"林地使用许可（川林地审字〔2008〕45号），环评批复齐全，取水许可已于2016年到期未续".into()},
        if n%5==0 {CellValue::from("待核实").remarked(Shade::Red,"卫星图斑与巡护记录不一致，请于8月20日前核实")} else {"正常生产".into()},
        (n%2==0).into(), "某某建材有限责任公司".into(), if n%4==0 {"=1+1 2017年下发清单第3批，与第12号点位重叠".into()} else {CellValue::Empty},
    ]).collect();
    let mut p = WorkbookProperties::new("台账", jiff::civil::datetime(2019, 8, 19, 0, 0, 0, 0));
    p.page_footer = "第 {page} 页 共 {pages} 页".into();
    p.lists_sheet = "代码表".into();
    let mut b = Workbook::new(
        std::fs::File::create("/tmp/docout/sample.xlsx").unwrap(),
        p.clone(),
    )
    .unwrap();
    b.ledger(&sheet, &rows).unwrap();
    b.finish().unwrap();
    std::fs::write(
        "/tmp/docout/sample.csv",
        documents::csv::write(Vec::new(), &sheet, &rows).unwrap(),
    )
    .unwrap();
    let words = MarkedWords {
        remarks: "问题说明".into(),
        list: "问题清单".into(),
        list_headers: ["序号", "工作表", "位置", "轻重", "问题", "建议", "原值"].map(String::from),
        severities: ["提示", "警告", "错误"].map(String::from),
        remark: "【{severity}】{message}".into(),
        remark_with_hint: "【{severity}】{message}（建议：{hint}）".into(),
    };
    let t: Vec<Vec<String>> = vec![
        vec!["某县2018年绿盾台账".into()],
        ["序号", "名称", "经度", "纬度", "面积", "日期"]
            .map(String::from)
            .to_vec(),
        ["1", "石料厂", "35.51", "106.52", "12亩", "2019.8.3"]
            .map(String::from)
            .to_vec(),
        ["2", "农家乐", "106°31′", "35°30′", "=1+1", "二〇一九年八月"]
            .map(String::from)
            .to_vec(),
    ];
    let marks = vec![
        Mark {
            row: 3,
            column: Some(2),
            severity: Severity::Error,
            message: "经纬度疑似颠倒：35.51".into(),
            hint: Some("请核对列名".into()),
        },
        Mark {
            row: 3,
            column: Some(4),
            severity: Severity::Note,
            message: "面积按亩换算".into(),
            hint: None,
        },
        Mark {
            row: 4,
            column: Some(5),
            severity: Severity::Warning,
            message: "日期只到月".into(),
            hint: Some("请补日".into()),
        },
        Mark {
            row: 4,
            column: None,
            severity: Severity::Warning,
            message: "与第3行疑似重复".into(),
            hint: None,
        },
    ];
    let mut b =
        Workbook::new(std::fs::File::create("/tmp/docout/marked.xlsx").unwrap(), p).unwrap();
    documents::marked::write(
        &mut b,
        &[MarkedTable {
            name: "Sheet1",
            rows: &t,
            heading_row: Some(2),
            marks: &marks,
        }],
        &words,
    )
    .unwrap();
    b.finish().unwrap();
}
