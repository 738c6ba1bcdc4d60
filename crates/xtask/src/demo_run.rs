//! `cargo xtask demo`: the demonstration reserve from inputs to ledgers, as a clerk would do it by hand.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{demo, setup, shell};

/// Seed of the demonstration; another one gives other sites in the same reserve.
const SEED: u64 = 2019;

/// Only the inputs, for looking at them.
pub(crate) fn inputs(args: &[String]) -> Result<()> {
    let out = args
        .first()
        .context("where to? cargo xtask demo-inputs DIR")?;
    let manifest = demo::generate(Path::new(out), SEED)?;
    println!(
        "{} sites, {} clues, {} planted faults in {} files to import, in {out}",
        manifest.site_count,
        manifest.clue_count,
        manifest.dirt_count,
        manifest.inputs.len()
    );
    Ok(())
}

/// The whole job.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let value_of = |flag: &str| {
        let at = args.iter().position(|a| a == flag)?;
        args.get(at + 1)
    };
    let folder = value_of("--out").map_or_else(|| shell::target().join("demo"), PathBuf::from);
    let is_served = !args.iter().any(|a| a == "--no-serve");
    setup::web_files()?;
    shell::build_program()?;
    let demo = make(folder)?;
    if is_served {
        demo.serve(value_of("--port").map_or("8320", String::as_str))?;
    }
    Ok(())
}

/// The demonstration by the program as it is built, without serving it.
pub(crate) fn make(folder: PathBuf) -> Result<Demonstration> {
    let demo = Demonstration {
        program: shell::binary(),
        folder,
    };
    std::fs::create_dir_all(demo.path("ledgers"))?;
    std::fs::create_dir_all(demo.path("reports"))?;
    demo.make_inputs()?;
    demo.set_up()?;
    demo.import_all()?;
    demo.judge()?;
    demo.draw()?;
    demo.rectify()?;
    demo.conclude()?;
    demo.add_people()?;
    Ok(demo)
}

/// One account a post: login, what the account is called, post.
const ACCOUNTS: [(&str, &str, &str); 16] = [
    ("guanli", "系统管理员", "operator"),
    ("bangongshi", "领导小组办公室经办人", "office"),
    ("fuhe", "领导小组办公室复核人", "office"),
    ("juzhang", "局领导", "bureau_leader"),
    ("jiwei", "局纪委", "discipline"),
    ("houhe", "后河保护站站长", "station_head@houhe"),
    ("mawu", "麻武保护站站长", "station_head@mawu"),
    ("taitong", "太统保护站站长", "station_head@taitong"),
    (
        "kongtongshan",
        "崆峒山保护站站长",
        "station_head@kongtongshan",
    ),
    ("baozhua-houhe", "包抓领导·后河", "area_lead@houhe"),
    ("baozhua-mawu", "包抓领导·麻武", "area_lead@mawu"),
    (
        "zeren",
        "演示旅游开发公司",
        "responsible_unit@演示旅游开发公司",
    ),
    ("hulin-houhe", "护林员·后河", "ranger@houhe"),
    ("shiji", "市级主管部门", "city"),
    ("shengji", "省级主管部门", "province"),
    ("ducha", "督察组", "inspector"),
];

/// The program and the folder it works in.
pub(crate) struct Demonstration {
    program: PathBuf,
    folder: PathBuf,
}

impl Demonstration {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).to_string_lossy().into_owned()
    }

    /// Runs `qingshan` and returns what it printed; exit code 1 means "something to look at" where that is allowed.
    pub(crate) fn qingshan(&self, args: &[&str], may_find: bool) -> Result<String> {
        self.qingshan_as(post_for(args), args, may_find)
    }

    pub(crate) fn qingshan_as(&self, post: &str, args: &[&str], may_find: bool) -> Result<String> {
        let home = self.text("register");
        let out = Command::new(&self.program)
            .args(["--home", &home, "--as", post])
            .args(args)
            .output()
            .with_context(|| self.program.display().to_string())?;
        let code = out.status.code().unwrap_or(2);
        if code == 0 || (code == 1 && may_find) {
            return Ok(String::from_utf8_lossy(&out.stdout).into_owned());
        }
        bail!(
            "qingshan {}: {}",
            args.join(" "),
            String::from_utf8_lossy(&out.stderr)
        )
    }

    pub(crate) fn json(&self, args: &[&str], may_find: bool) -> Result<Value> {
        let text = self.qingshan(&[&["--json"], args].concat(), may_find)?;
        serde_json::from_str(&text).with_context(|| format!("qingshan {}", args.join(" ")))
    }

    fn make_inputs(&self) -> Result<()> {
        let manifest = demo::generate(&self.path("inputs"), SEED)?;
        println!(
            "\n一、演示数据：{} 个真实点位、{} 条线索、{} 处人为植入的差错，{} 份待导入文件",
            manifest.site_count,
            manifest.clue_count,
            manifest.dirt_count,
            manifest.inputs.len()
        );
        Ok(())
    }

    fn set_up(&self) -> Result<()> {
        println!("\n二、建立登记簿，载入“绿盾2019”实施方案、功能区、保护站和巡护路线");
        let reserve = self.text("inputs/reserve.toml");
        self.qingshan(
            &[
                "init",
                "--campaign",
                "lvdun-2019",
                "--reserve",
                &reserve,
                "--demonstration",
            ],
            false,
        )?;
        let file = |name: &str| self.text(&format!("inputs/01-保护区/演示数据-{name}"));
        // GeoJSON names no system; the bureau says what its own files are in.
        let valid = ["--valid-from", "2005-07-01", "--crs", "CGCS2000", "--yes"];
        let zones = file("功能区.geojson");
        let approval = [
            "--version-name",
            "演示批复〔2005〕1号",
            "--approval",
            "演示批复〔2005〕1号",
        ];
        self.step(&[&["import", "boundary", &zones], &valid[..], &approval[..]].concat())?;
        let stations = file("保护站.geojson");
        self.step(&[&["import", "stations", &stations], &valid[..]].concat())?;
        let routes = file("巡护路线.kml");
        self.step(&[&["import", "routes", &routes], &valid[..]].concat())
    }

    fn step(&self, args: &[&str]) -> Result<()> {
        let text = self.qingshan(args, false)?;
        let last = text
            .lines()
            .rfind(|l| !l.trim().is_empty())
            .unwrap_or_default();
        println!("   {} {}：{last}", args[0], args[1]);
        Ok(())
    }

    fn import_all(&self) -> Result<()> {
        println!(
            "\n三、按收到日期逐份导入（先诊断，标注副本留在 reports/，有错误的行退回，其余入库）"
        );
        let manifest: Value =
            serde_json::from_str(&std::fs::read_to_string(self.path("inputs/manifest.json"))?)?;
        for input in manifest["inputs"].as_array().into_iter().flatten() {
            self.import(input)?;
        }
        println!("   （核查后点位有了名称，手续清单再导入一次，补登此前对不上的行）");
        let permits = manifest["inputs"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|i| i["kind"] == "permits");
        permits.map_or(Ok(()), |input| self.import(input))?;
        let matched = self.json(&["clues", "match"], false)?;
        println!(
            "   （未落点的线索按规则再比对一次：落点 {} 条）",
            matched.as_array().map_or(0, Vec::len)
        );
        let open = self.json(&["clues", "--state", "open"], false)?;
        println!(
            "   仍待人工 {} 条，clues --state open 逐条列明原因和可能点位",
            open.as_array().map_or(0, Vec::len)
        );
        Ok(())
    }

    fn import(&self, input: &Value) -> Result<()> {
        let text = |key: &str| input[key].as_str().unwrap_or_default().to_owned();
        let file = text("file");
        let path = self.text(&format!("inputs/{file}"));
        let stem = Path::new(&file)
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let report = self.text(&format!("reports/{stem}-标注.xlsx"));
        let received = text("received_on");
        let source = source_code(&text("source_kind"));
        let mut args = vec!["import", kind_word(&text("kind"))?, path.as_str()];
        args.extend([
            "--received-on",
            received.as_str(),
            "--report",
            report.as_str(),
            "--leave-out-faulty",
            "--yes",
        ]);
        if let Some(code) = source {
            args.extend(["--source", code]);
        }
        if file.ends_with(".geojson") {
            args.extend(["--crs", "CGCS2000"]);
        }
        let result = self.json(&args, false)?;
        let count = |fate: &str| result["counts"][fate].as_u64().unwrap_or(0);
        println!(
            "   {received} {}：{} 条 → 新立点 {}，归并 {}，登记 {}，待人工 {}，预筛 {}，重复 {}，退回 {}；诊断 {} 条",
            text("title"),
            result["records"],
            count("new_site"),
            count("linked"),
            count("recorded"),
            count("doubtful"),
            count("screened"),
            count("same"),
            count("refused"),
            result["diagnostics"].as_array().map_or(0, Vec::len)
        );
        Ok(())
    }

    fn judge(&self) -> Result<()> {
        println!("\n四、判别点位性质：判定表提出建议，由人决定；2019年的法和现行的法各判一遍");
        for day in ["2019-08-19", "2026-11-01"] {
            let out = self.text(&format!("ledgers/{day} 性质判别建议.xlsx"));
            let text = self.qingshan(&["judge", "--all", "--as-of", day, "--out", &out], false)?;
            println!("   {}", text.lines().last().unwrap_or_default());
        }
        let out = self.text("ledgers/2019年与现行法判别差异.xlsx");
        let days = [
            "--as-of",
            "2019-08-19",
            "--as-of",
            "2026-11-01",
            "--out",
            &out,
        ];
        let changes = self.json(&[&["rules", "diff"], &days[..]].concat(), false)?;
        println!(
            "   法律变化后，{} 个点位的性质、等级或重点类别会变（推演，不写入登记簿）",
            changes["changed"].as_array().map_or(0, Vec::len)
        );
        self.decide()?;
        for station in ["后河", "麻武", "太统", "崆峒山"] {
            let out = self.text(&format!("ledgers/{station} 待核实问题清单.xlsx"));
            let args = [
                "questions",
                "--station",
                station,
                "--as-of",
                "2019-08-19",
                "--out",
                &out,
            ];
            let text = self.qingshan(&args, false)?;
            println!("   {station}：{}", text.lines().last().unwrap_or_default());
        }
        Ok(())
    }

    /// People decide on the sites whose six inputs are all known: most proposals are accepted, one is overridden by the
    /// office and confirmed by the bureau's leader.
    fn decide(&self) -> Result<()> {
        let judged = self.json(&["judge", "--all", "--as-of", "2019-08-19"], false)?;
        let mut decided = 0;
        for site in judged.as_array().into_iter().flatten() {
            let code = site["site_code"].as_str().unwrap_or_default();
            let is_ready = site["state"] == "verified_with_issue"
                && site["decision"].is_null()
                && site["proposal"]["is_problem"] == "yes";
            if !is_ready || decided == 6 {
                continue;
            }
            let args = ["characterize", code, "--on", "2019-08-19"];
            let choice: &[&str] = match decided {
                5 => &[
                    "--override",
                    "legacy",
                    "--severity",
                    "C",
                    "--reason",
                    "设施始建早于区划，后仅作翻修，附旧档复印件",
                ],
                _ => &["--accept", "--signed", "副组长（包抓领导）"],
            };
            let text = self.qingshan(&[&args[..], choice].concat(), true)?;
            // A site that lacks one of the six inputs is refused and stays a question.
            if let Some(line) = text.lines().next() {
                println!("   {line}");
                decided += 1;
            }
            if decided == 6 {
                let confirm = [&args[..], &["--confirm"]].concat();
                let text = self.qingshan_as("bureau_leader", &confirm, false)?;
                println!("   {}", text.lines().next().unwrap_or_default());
            }
        }
        Ok(())
    }

    fn draw(&self) -> Result<()> {
        println!("\n五、出台账：四站三本、全局三本，8月18日和8月19日各一套");
        for day in ["2019-08-18", "2019-08-19"] {
            for (view, name) in [
                ("sites", "人类活动点位台账"),
                ("focal", "焦点问题台账"),
                ("verified", "实地核查问题台账"),
            ] {
                for station in ["后河", "麻武", "太统", "崆峒山"] {
                    self.ledger(view, name, day, Some(station))?;
                }
                self.ledger(view, name, day, None)?;
            }
        }
        self.other_formats()
    }

    fn ledger(&self, view: &str, name: &str, day: &str, station: Option<&str>) -> Result<()> {
        let unit = station.unwrap_or("全局");
        let out = self.text(&format!("ledgers/{day} {unit} {name}.xlsx"));
        let mut args = vec!["ledger", view, "--as-of", day, "--out", &out];
        match station {
            Some(station) => args.extend(["--station", station]),
            None => args.push("--all"),
        }
        let drawn = self.json(&args, false)?;
        if station.is_none() {
            let rows = drawn["rows"].as_array().map_or(0, Vec::len);
            let root = drawn["root_hash"].as_str().unwrap_or_default();
            println!(
                "   {day} 全局{name}：{rows} 行；日志 {} 条，根哈希 {}",
                drawn["log_size"],
                &root[..root.len().min(16)]
            );
        }
        Ok(())
    }

    fn other_formats(&self) -> Result<()> {
        for extension in ["csv", "geojson", "gpkg"] {
            let out = self.text(&format!(
                "ledgers/2019-08-19 全局 人类活动点位台账.{extension}"
            ));
            self.qingshan(
                &[
                    "ledger",
                    "sites",
                    "--as-of",
                    "2019-08-19",
                    "--all",
                    "--out",
                    &out,
                ],
                false,
            )?;
        }
        let stats = self.text("ledgers/2019-08-19 统计.xlsx");
        self.qingshan(&["stats", "--as-of", "2019-08-19", "--out", &stats], false)?;
        let findings = self.text("ledgers/2019-08-19 查漏补缺清单.xlsx");
        self.qingshan(
            &[
                "check",
                "--as-of",
                "2019-08-19",
                "--since",
                "2019-08-18",
                "--out",
                &findings,
            ],
            true,
        )?;
        Ok(())
    }

    fn conclude(&self) -> Result<()> {
        println!("\n六、核对");
        let difference = self.json(
            &[
                "diff",
                "sites",
                "--from",
                "2019-08-18",
                "--to",
                "2019-08-19",
            ],
            false,
        )?;
        let count = |key: &str| difference[key].as_array().map_or(0, Vec::len);
        println!(
            "   18日至19日：新增 {}，减少 {}，变化 {}",
            count("added"),
            count("removed"),
            count("changed")
        );
        let found = self.json(
            &["check", "--as-of", "2019-08-19", "--since", "2019-08-18"],
            true,
        )?;
        let of = |code: &str| {
            found
                .as_array()
                .into_iter()
                .flatten()
                .filter(|f| f["diagnostic"]["code"] == code)
                .count()
        };
        println!(
            "   查漏：未落点线索 {}，资料不全 {}，相互矛盾 {}，疑似重复 {}，从站上清单消失 {}",
            of("check.missed_report"),
            of("check.incomplete"),
            of("check.contradictory"),
            of("check.duplicate"),
            of("check.vanished_from_sheet")
        );
        let report = self.json(&["log", "verify"], false)?;
        println!(
            "   存证日志：{} 条全部核验无误，根哈希 {}",
            report["size"],
            report["root_hash"].as_str().unwrap_or_default()
        );
        println!("\n看什么：");
        println!(
            "   {}",
            self.text("ledgers/2019-08-19 全局 人类活动点位台账.xlsx")
        );
        println!(
            "   {}",
            self.text("ledgers/2019-08-19 全局 焦点问题台账.xlsx")
        );
        println!("   {}", self.text("ledgers/2019-08-19 查漏补缺清单.xlsx"));
        println!("   {}", self.text("ledgers/2019-08-19 性质判别建议.xlsx"));
        // In PostgreSQL there is no such file.
        if self.path("register/register.gpkg").exists() {
            println!(
                "   {}（QGIS 可直接打开）",
                self.text("register/register.gpkg")
            );
        }
        println!("   {}（标注错误的原表，可退回修改）", self.text("reports"));
        Ok(())
    }
}

impl Demonstration {
    /// One account a post, with one-time passwords; an account that is there already gets a new one.
    fn add_people(&self) -> Result<()> {
        println!("\n七、账号（一次性密码，首次登录须修改）");
        let there = self.json(&["people", "list"], false)?;
        let logins: Vec<&str> = there
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|p| p["login"].as_str())
            .collect();
        for (login, name, post) in ACCOUNTS {
            let added = if logins.contains(&login) {
                self.json(&["people", "reset", login], false)?
            } else {
                self.json(&["people", "add", login, name, "--post", post], false)?
            };
            let password = added["one_time_password"].as_str().unwrap_or_default();
            println!("   {login:<14} {password:<18} {name}（{post}）");
        }
        Ok(())
    }

    /// Serves until it is interrupted.
    fn serve(&self, port: &str) -> Result<()> {
        println!("\n七、启动服务（Ctrl+C 停止）");
        let home = self.text("register");
        let log = std::fs::File::create(self.path("serve.log"))?;
        let status = Command::new(&self.program)
            .args(["--home", &home, "serve", "--port", port])
            .stderr(log)
            .status()
            .with_context(|| self.program.display().to_string())?;
        if status.success() {
            Ok(())
        } else {
            bail!("qingshan serve: {}", self.text("serve.log"))
        }
    }
}

/// Setting up a register and looking after it is the operator's affair; the rest is the office's.
fn post_for(args: &[&str]) -> &'static str {
    match args.iter().find(|a| !a.starts_with("--")) {
        Some(&"init" | &"register") => "operator",
        _ => "office",
    }
}

/// The command line's word for a kind of input.
fn kind_word(kind: &str) -> Result<&'static str> {
    Ok(match kind {
        "ledger" => "old-ledger",
        "patches" => "patches",
        "inspection" => "inspection",
        "inquiry" => "inquiry",
        "petitions" => "petition",
        "patrol" => "patrol",
        "permits" => "permits",
        "parcels" => "parcels",
        "verification" => "verifications",
        other => bail!("no import for {other}"),
    })
}

fn source_code(label: &str) -> Option<&'static str> {
    Some(match label {
        "遥感监测" => "remote_sensing",
        "中央督察" => "central_inspection",
        "省级督察" => "provincial_inspection",
        "上级交办" => "superior",
        "问询谈话" => "inquiry",
        "信访举报" => "petition",
        "巡护发现" => "patrol",
        "部门移送" => "transfer",
        "绿盾2017未完成" => "lvdun_2017",
        "绿盾2018未完成" => "lvdun_2018",
        "现地排查" => "field_survey",
        _ => return None,
    })
}
