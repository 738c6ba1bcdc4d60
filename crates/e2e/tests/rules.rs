//! Decision tables as a lawyer keeps them: tried, exported, changed in a workbook, loaded, compared.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use std::collections::BTreeMap;
use std::path::Path;

use e2e::{Outcome, Register, real_data};
use serde_json::Value;

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// All files below a folder by their path in it.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for part in ["", "law", "tables"] {
        for item in std::fs::read_dir(folder.join(part)).unwrap() {
            let path = item.unwrap().path();
            if path.is_file() {
                let name = format!("{part}/{}", path.file_name().unwrap().to_string_lossy());
                found.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    found
}

/// A command that has to succeed.
fn run(register: &Register, args: &[&str]) {
    let done = register.run(args);
    assert_eq!(done.code, Some(0), "{done:?}");
}

/// Sets a cell with openpyxl; its address.
fn set_cell(book: &Path, sheet: &str, key: &str, heading: &str, to: &str) -> String {
    let args = [&text(book), sheet, key, heading, to].map(str::to_owned);
    let said = e2e::script("set_cell.py", &args);
    said["address"].as_str().unwrap().to_owned()
}

const SHEET: &str = r#"{"id":"h","table":"hydro","zone":"experimental","set":"post","phase":"operating","approvals":"all","eco_flow_ok":"y","accepted":"y","unsafe_dam":"y","as_of":"2019-08-18"}"#;

fn verdict(register: &Register, tables: &str) -> Value {
    let facts = register.path("facts.jsonl");
    std::fs::write(&facts, SHEET).unwrap();
    let args = ["judge", "--facts", &text(&facts), "--tables", tables];
    let out = register.run(&args).success().stdout;
    serde_json::from_str::<Value>(&out).unwrap()["verdict"].clone()
}

#[test]
fn every_row_is_tried_from_all_sides_and_the_built_in_set_is_clean() {
    let register = Register::new();
    let out = register.run(&["rules", "test"]).success().stdout;
    assert!(
        out.contains("110 行中 110 行三面俱试") && out.contains("不符 0 个"),
        "{out}"
    );
    let checked = register.run(&["rules", "check"]).success().stdout;
    assert!(
        checked.contains("没有差错") && checked.contains("从未取得"),
        "{checked}"
    );
}

#[test]
fn an_unchanged_workbook_gives_the_same_files_byte_for_byte() {
    let register = Register::new();
    let (folder, book, back) = (
        register.path("a"),
        register.path("规则.xlsx"),
        register.path("b"),
    );
    run(&register, &["rules", "export", &text(&folder)]);
    run(&register, &["rules", "export", &text(&book)]);
    run(
        &register,
        &["rules", "load", &text(&book), "--out", &text(&back)],
    );
    assert!(files(&folder).len() > 15);
    assert_eq!(files(&folder), files(&back));
}

#[test]
fn a_changed_cell_changes_verdict_and_printed_page() {
    let register = Register::new();
    let (book, out) = (register.path("规则.xlsx"), register.path("新"));
    run(&register, &["rules", "export", &text(&book)]);
    set_cell(
        &book,
        "水电",
        "H06",
        "结论",
        "违法违规 若 与建区先后 = 建区后；历史遗留",
    );
    set_cell(
        &book,
        "水电·用例",
        "H06",
        "应得",
        "判定行 = H06；结论 = 违法违规",
    );
    run(
        &register,
        &["rules", "load", &text(&book), "--out", &text(&out)],
    );
    let hydro = std::fs::read_to_string(out.join("tables/hydro.toml")).unwrap();
    assert!(
        hydro.contains("verdict = \"violation if set = post; legacy\""),
        "{hydro}"
    );
    assert_eq!(verdict(&register, &text(&out)), "violation");
    let pages = register.path("印本");
    let print = ["rules", "print", &text(&pages), "--tables", &text(&out)];
    run(&register, &print);
    let page = std::fs::read_to_string(pages.join("rules-hydro.md")).unwrap();
    assert!(
        page.contains("违法违规 若 与建区先后 = 建区后；历史遗留"),
        "{page}"
    );
    let diff = [
        "rules",
        "diff",
        "--facts",
        &text(&register.path("facts.jsonl")),
        "--tables",
        &text(&pages.with_file_name("新")),
        "--tables",
        &text(&out),
    ];
    let same = register.run(&diff).success().stdout;
    assert!(same.contains("0 份的判定不同"), "{same}");
}

#[test]
fn a_broken_cell_is_refused_with_its_address_and_nothing_is_written() {
    let register = Register::new();
    let (book, out) = (register.path("规则.xlsx"), register.path("新"));
    run(&register, &["rules", "export", &text(&book)]);
    let address = set_cell(&book, "水电", "H06", "结论", "大概违法");
    let load = ["rules", "load", &text(&book), "--out", &text(&out)];
    refuses_at(&register, &load, &address);
    assert!(!out.exists());
    set_cell(&book, "水电", "H06", "结论", "历史遗留");
    let address = set_cell(&book, "旅游设施", "T05", "条件", "功能区 = 核心区");
    refuses_at(&register, &load, &address);
    assert!(!out.exists());
}

/// What only the head of a table, the passing on of a row, the matrix and the scales of fines say.
#[test]
fn every_part_of_the_tables_can_be_changed_in_the_workbook() {
    let register = Register::new();
    let (book, out) = (register.path("规则.xlsx"), register.path("新"));
    run(&register, &["rules", "export", &text(&book)]);
    let passing = "表 = 矿业权\n许可证 = 过期\n生产状态 = 停产";
    let industry = "核心区 = X\n缓冲区 = X\n实验区 = X\n核心保护区 = X\n一般控制区 = X";
    let changes = [
        ("采石采砂", "Q07", "转入", passing),
        ("旅游设施·表头", "旅游设施", "重点类别", "采石采砂"),
        (
            "其他活动·矩阵",
            "industry、warehouse_yard",
            "各区",
            industry,
        ),
        (
            "罚款幅度",
            "eia_report_missing",
            "情节严重时（下限、上限）",
            "1、2",
        ),
        ("违法行为", "scenic_quarry", "名称", "景区开山采石"),
        ("日期·核实标记", "V", "意思", "条文已读"),
    ];
    for (sheet, key, heading, to) in changes {
        set_cell(&book, sheet, key, heading, to);
    }
    let load = ["rules", "load", &text(&book), "--out", &text(&out)];
    run(&register, &load);
    let file = |name: &str| std::fs::read_to_string(out.join("tables").join(name)).unwrap();
    for (name, line) in [
        (
            "quarry.toml",
            r#"delegate = { table = "mining", cert = "expired", op = "suspended" }"#,
        ),
        ("tourism.toml", r#"focus = "quarry_sand""#),
        (
            "generic.toml",
            r#"experimental = "X", core_protection = "X", general_control = "X" }"#,
        ),
        ("fines.toml", "serious = [1, 2]"),
        ("fines.toml", r#"label = "景区开山采石""#),
    ] {
        assert!(file(name).contains(line), "{name}: {line}");
    }
    let settings = std::fs::read_to_string(out.join("settings.toml")).unwrap();
    assert!(settings.contains("V = \"条文已读\""), "{settings}");
}

#[test]
fn a_broken_passing_on_or_zone_is_refused_with_its_address() {
    for (sheet, key, heading, to) in [
        ("采石采砂", "Q07", "转入", "表 = 矿业权\n许可证 = 有过"),
        (
            "其他活动·矩阵",
            "industry、warehouse_yard",
            "各区",
            "核心地区 = X",
        ),
    ] {
        let register = Register::new();
        let (book, out) = (register.path("规则.xlsx"), register.path("新"));
        run(&register, &["rules", "export", &text(&book)]);
        let address = set_cell(&book, sheet, key, heading, to);
        let load = ["rules", "load", &text(&book), "--out", &text(&out)];
        refuses_at(&register, &load, &address);
        assert!(!out.exists());
    }
}

/// The command fails and names the cell.
fn refuses_at(register: &Register, command: &[&str], address: &str) {
    let refused = register.run(command).exits(1);
    assert!(
        said(&refused).contains(&format!("[{address}]")),
        "{refused:?}"
    );
}

fn said(outcome: &Outcome) -> String {
    format!("{}{}", outcome.stdout, outcome.stderr)
}

#[test]
fn a_folder_with_a_mistake_is_refused_and_the_old_tables_still_judge() {
    let register = Register::new();
    let folder = register.path("坏");
    std::fs::create_dir_all(folder.join("tables")).unwrap();
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rulesets/tables/hydro.toml");
    let broken = std::fs::read_to_string(built_in)
        .unwrap()
        .replace("unsafe_dam = y", "unsafe_dma = y");
    std::fs::write(folder.join("tables/hydro.toml"), broken).unwrap();
    let facts = register.path("facts.jsonl");
    std::fs::write(&facts, SHEET).unwrap();
    let judge = [
        "judge",
        "--facts",
        &text(&facts),
        "--tables",
        &text(&folder),
    ];
    let refused = register.run(&judge).exits(1);
    assert!(
        said(&refused).contains("tables/hydro.toml H06 的“when”"),
        "{refused:?}"
    );
    let judged = register.run(&["judge", "--facts", &text(&facts)]).success();
    assert!(judged.stdout.contains(r#""row":"H06""#), "{judged:?}");
}

/// The cases of the plan and the worked cases, under the law of 2019 and under that of 2026, with the differences explained.
#[test]
fn the_plans_cases_replay_under_2019_and_2026_law_with_the_differences_explained() {
    let register = Register::new();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let mut lines = std::fs::read_to_string(own.join("plan-2019.jsonl")).unwrap();
    let worked = std::fs::read_to_string(real_data("judgement-cases/examples.jsonl")).unwrap();
    for line in worked.lines() {
        let mut case: Value = serde_json::from_str(line).unwrap();
        let id = case["id"].take();
        case["facts"]["id"] = id;
        lines.push_str(&format!("{}\n", case["facts"]));
    }
    let facts = register.path("cases.jsonl");
    std::fs::write(&facts, lines).unwrap();
    let args = [
        "rules",
        "diff",
        "--facts",
        &text(&facts),
        "--as-of",
        "2019-08-18",
        "--as-of",
        "2026-11-01",
    ];
    let out = register.run(&args).success().stdout;
    let golden = own.join("replay-2019-2026.txt");
    if std::env::var_os("QINGSHAN_BLESS").is_some() {
        std::fs::write(&golden, &out).unwrap();
    }
    assert_eq!(out, std::fs::read_to_string(&golden).unwrap());
}

#[test]
fn the_clause_library_answers_by_day_and_hides_what_nobody_read() {
    let register = Register::new();
    let shown = register
        .run(&["law", "show", "N94-26", "--as-of", "2026-11-01"])
        .success()
        .stdout;
    assert!(
        shown.contains("不在有效期内") && shown.contains("N26-2"),
        "{shown}"
    );
    let then = register
        .run(&["law", "show", "N94-26", "--as-of", "2019-08-18"])
        .success()
        .stdout;
    assert!(
        then.contains("第二十六条 禁止在自然保护区内进行砍伐"),
        "{then}"
    );
    let unread = register.run(&["law", "show", "N26-27"]).success().stdout;
    assert!(unread.contains("金额待核"), "{unread}");
    let found = register
        .run(&["law", "search", "开矿", "--as-of", "2019-08-18"])
        .success()
        .stdout;
    assert!(found.contains("N94-26"), "{found}");
    let nothing = register.run(&["law", "search", "没有这样的话"]);
    let unknown = register.run(&["law", "show", "X-9999"]);
    assert_eq!((nothing.code, unknown.code), (Some(1), Some(1)));
}
