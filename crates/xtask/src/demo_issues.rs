//! Issues of the demonstration: opened from decisions and from earlier campaigns, and walked to one stage each, by the posts
//! that may.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::demo_run::Demonstration;
use crate::picture::flat_picture;

/// Stages the decided sites are walked to, one after the other.
const STAGES: [Stage; 6] = [
    Stage::Closed,
    Stage::Noticed,
    Stage::SelfChecked,
    Stage::AtWork,
    Stage::Planned,
    Stage::Opened,
];
/// Issues of earlier campaigns that go on.
const CARRIED_OVER: usize = 8;
/// Invented units that answer.
const UNITS: [&str; 3] = ["演示旅游开发公司", "演示采石厂", "演示乡政府"];

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Opened,
    Planned,
    AtWork,
    SelfChecked,
    Noticed,
    Closed,
}

/// An issue on its way.
struct Walk<'a> {
    demo: &'a Demonstration,
    site: String,
    station: String,
    issue: String,
    area_m2: f64,
}

impl Demonstration {
    /// Opens issues and walks them.
    pub(crate) fn rectify(&self) -> Result<()> {
        println!("\n五之二、问题立账整改：每个已判别点位走到一个阶段，历年未完成问题接续立账");
        let sites = self.json(&["sites", "--all", "--state", "characterized"], false)?;
        let sites = sites.as_array().into_iter().flatten();
        let codes = sites.filter_map(|s| s["site_code"].as_str());
        for ((stage, code), unit) in STAGES.iter().zip(codes).zip(UNITS.iter().cycle()) {
            let walk = Walk::open(self, code, unit)?;
            if let Some(walk) = walk {
                walk.up_to(*stage)?;
                println!("   {}：{}", walk.issue, walk.state()?);
            }
        }
        self.carry_on()
    }

    /// Issues of 绿盾2017 and 2018 that the city has not found finished.
    fn carry_on(&self) -> Result<()> {
        let sites = self.json(&["sites", "--all"], false)?;
        let mut opened = 0;
        for site in sites.as_array().into_iter().flatten() {
            let is_carried = site["carried_over"]
                .as_array()
                .is_some_and(|c| !c.is_empty());
            let code = site["site_code"].as_str().unwrap_or_default();
            if opened < CARRIED_OVER && is_carried && Walk::open(self, code, UNITS[2])?.is_some() {
                opened += 1;
            }
        }
        println!("   历年未完成问题接续立账 {opened} 个");
        Ok(())
    }
}

impl<'a> Walk<'a> {
    /// Opens an issue; nothing where the site has no ground for one.
    fn open(demo: &'a Demonstration, site: &str, unit: &str) -> Result<Option<Self>> {
        let proposal = demo.json(&["issues", "open", site, "--propose"], true);
        let lacks = |p: &Value| {
            p["missing"]
                .as_array()
                .is_some_and(|m| m.iter().any(|m| m["fact"] == "ground"))
        };
        if proposal.as_ref().map_or(true, lacks) {
            return Ok(None);
        }
        let args = [
            "--json",
            "issues",
            "open",
            site,
            "--unit",
            unit,
            "--description",
            "未经批准建设，破坏植被",
            "--due",
            "2019-12-31",
            "--on",
            "2019-08-20",
        ];
        let opened: Value = serde_json::from_str(&demo.qingshan(&args, false)?)?;
        let dossier = demo.json(&["sites", site], false)?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok(Some(Self {
            demo,
            site: site.to_owned(),
            station: text(&dossier["facts"]["station_id"]),
            issue: text(&opened["issue_code"]),
            area_m2: dossier["facts"]["area_m2"].as_f64().unwrap_or(1200.0),
        }))
    }

    fn state(&self) -> Result<String> {
        let page = self.page()?;
        Ok(page["state_label"].as_str().unwrap_or_default().to_owned())
    }

    fn page(&self) -> Result<Value> {
        self.demo.json(&["issues", "show", &self.issue], false)
    }

    fn head(&self) -> String {
        format!("station_head@{}", self.station)
    }

    fn act(&self, post: &str, kind: &str, on: &str, body: &Value) -> Result<Value> {
        let path = self.demo.text("登记.json");
        std::fs::write(&path, body.to_string())?;
        let args = [
            "--json",
            "issues",
            "act",
            &self.issue,
            kind,
            "--body",
            &path,
            "--on",
            on,
        ];
        let done = self.demo.qingshan_as(post, &args, false)?;
        std::fs::remove_file(&path)?;
        serde_json::from_str(&done).with_context(|| format!("{kind}: {done}"))
    }

    /// Records a picture of one colour as evidence; its hash.
    fn picture(&self, name: &str, rgb: [u8; 3]) -> Result<String> {
        let path = self.demo.text(&format!("{}-{name}.png", self.issue));
        // No two issues show the same picture.
        let shade = u8::try_from(self.issue.bytes().map(u32::from).sum::<u32>() % 64)?;
        std::fs::write(&path, flat_picture(rgb.map(|c| c.saturating_add(shade))))?;
        let args = ["--json", "issues", "attach", &self.site, &path];
        let added: Value =
            serde_json::from_str(&self.demo.qingshan_as(&self.head(), &args, false)?)?;
        std::fs::remove_file(&path)?;
        let sha256 = added[0]["sha256"].as_str().context("a hash")?;
        Ok(sha256.to_owned())
    }

    fn up_to(&self, stage: Stage) -> Result<()> {
        type Taken<'a> = fn(&Walk<'a>) -> Result<()>;
        let stages: [(Stage, Taken<'a>); 5] = [
            (Stage::Planned, Self::plan),
            (Stage::AtWork, Self::work),
            (Stage::SelfChecked, Self::report),
            (Stage::Noticed, Self::accept),
            (Stage::Closed, Self::close),
        ];
        for (at, step) in stages {
            if at <= stage {
                step(self)?;
            }
        }
        Ok(())
    }

    fn plan(&self) -> Result<()> {
        let amount = |measure: &str, value: f64| json!([{ "measure": measure, "value": value }]);
        let body = json!({
            "target": "拆除设施，恢复植被",
            "measures": [
                { "sequence": 1, "content": "拆除建筑物", "quantities": amount("demolished_m2", 180.0), "due_on": "2019-09-15" },
                { "sequence": 2, "content": "覆土、植树", "quantities": amount("planted_trees", 400.0), "due_on": "2019-10-20" },
            ],
            "due_on": "2019-10-31", "budget_10k_yuan": 15.0, "assessment_report": "演示评估〔2019〕1号",
            "cause_analysis": "巡护发现晚，审批与监管脱节",
        });
        self.act(&self.head(), "plan.drafted", "2019-08-21", &body)
            .map(drop)
    }

    fn work(&self) -> Result<()> {
        let page = self.page()?;
        let review = json!({
            "plan": page["issue"]["plan"]["entry_id"], "result": "approved", "reviewed_on": "2019-08-23",
            "reviewers": [{ "post": "生态环境局", "unit": "崆峒分局" }, { "post": "自然资源局", "unit": "崆峒区" }],
            "document_number": "演示审〔2019〕1号",
        });
        self.act("bureau_leader", "plan.reviewed", "2019-08-23", &review)?;
        let start = json!({ "started_on": "2019-08-25" });
        self.act(&self.head(), "rectification.started", "2019-08-25", &start)?;
        let after = self.picture("进展", [90, 120, 60])?;
        let progress = json!({
            "measure": 1, "to_on": "2019-09-10", "percent": 60, "text": "建筑物已拆除", "spent_10k_yuan": 6.0,
            "quantities": [{ "measure": "demolished_m2", "value": 180.0 }], "evidence": [after],
        });
        self.act(&self.head(), "progress.reported", "2019-09-10", &progress)
            .map(drop)
    }

    fn report(&self) -> Result<()> {
        let before = self.picture("整改前", [120, 110, 100])?;
        let after = self.picture("整改后", [50, 130, 50])?;
        let page = self.page()?;
        for line in page["checklist"].as_array().into_iter().flatten() {
            let value = line["values"].as_array().and_then(|v| v.first());
            let label = line["label"].as_str().unwrap_or_default();
            let body = json!({
                "line": line["line"], "statement": format!("{label}，已落实"), "evidence": [after], "value": value,
            });
            self.act(&self.head(), "completion.evidenced", "2019-09-16", &body)?;
        }
        let done = |n: u32| json!({ "sequence": n, "done_on": "2019-09-16", "evidence": [after] });
        let body = json!({
            "completed_on": "2019-09-16", "result_text": "设施拆除，植被恢复", "measures": [done(1), done(2)],
            "restored_area_m2": (self.area_m2 * 0.9).round(),
            "photo_pairs": [{ "before": before, "after": after, "before_azimuth_deg": 120.0, "after_azimuth_deg": 126.0 }],
        });
        self.act(&self.head(), "rectification.reported", "2019-09-16", &body)?;
        let lead = format!("area_lead@{}", self.station);
        self.acceptance(&lead, "self", "2019-09-18")
    }

    fn acceptance(&self, post: &str, level: &str, on: &str) -> Result<()> {
        let page = self.page()?;
        let lines = page["checklist"].as_array().into_iter().flatten();
        let checks: Vec<Value> = lines
            .map(|l| json!({ "line": l["line"], "is_met": true }))
            .collect();
        let member = |n: u32| json!({ "post": format!("验收人员{n}"), "unit": format!("{level}验收单位{n}") });
        let body = json!({
            "level": level, "result": "passed", "inspected_on": on, "units": ["生态环境局", "林草局"],
            "methods": ["report", "papers", "on_site"], "members": [member(1), member(2), member(3)],
            "checks": checks, "document_number": format!("演示{level}〔2019〕1号"),
        });
        self.act(post, "acceptance.recorded", on, &body).map(drop)
    }

    fn accept(&self) -> Result<()> {
        self.acceptance("office", "county", "2019-09-20")?;
        self.acceptance("city", "city", "2019-09-24")?;
        let shot = self.picture("公示截图", [180, 180, 150])?;
        let notice = json!({
            "title": "自然保护区问题整改销号公示", "started_on": "2019-09-25", "ended_on": "2019-10-12",
            "working_days": 10, "channel": "政府网站", "evidence": [shot],
        });
        self.act("city", "notice.published", "2019-09-25", &notice)
            .map(drop)
    }

    fn close(&self) -> Result<()> {
        self.acceptance("province", "province", "2019-10-15")?;
        let body = json!({
            "number": "演示销〔2019〕1号", "reason": "rectified", "reason_text": "逐条落实，逐级验收，公示无异议",
            "closed_on": "2019-10-16", "document_number": "演示平环〔2019〕16号",
            "signatures": [{ "post": "局长" }, { "post": "办公室主任" }],
        });
        self.act("bureau_leader", "close_out.recorded", "2019-10-16", &body)
            .map(drop)
    }
}
