//! One issue told from opening to close-out: who does what on which day, as the bodies of its entries.

use serde_json::{Value, json};

use crate::Register;

/// A site whose nature was decided, with a place for files.
#[derive(Debug, Clone)]
pub struct DecidedSite {
    pub code: String,
    pub station: String,
}

/// Day on which the site is judged.
const JUDGED_ON: &str = "2019-08-19";

impl DecidedSite {
    /// Finds a site with an issue found on the spot and papers on file, tells what is missing, and decides on it.
    #[must_use]
    pub fn of(register: &Register) -> Self {
        let judged = register.json(&["judge", "--all", "--as-of", JUDGED_ON]);
        let is_fit = |j: &&Value| {
            let facts = j["sheet"]["facts"].as_array().expect("facts");
            j["state"] == "verified_with_issue"
                && j["sheet"]["table"] == "tourism"
                && facts
                    .iter()
                    .any(|f| f["name"] == "zone" && f["value"] != "outside")
        };
        let judged = judged.as_array().expect("judgements");
        let found = judged.iter().filter(is_fit).find_map(|j| {
            let code = j["site_code"].as_str().expect("a code").to_owned();
            let dossier = register.json(&["sites", &code]);
            let has_papers = dossier["claims"]["permits_text"].is_array();
            has_papers.then_some((code, dossier))
        });
        let (code, dossier) = found.expect("a site that can be decided on");
        let station = dossier["facts"]["station_id"].as_str().expect("a station");
        let site = Self {
            station: station.to_owned(),
            code,
        };
        site.decide(register, &dossier);
        site
    }

    fn decide(&self, register: &Register, dossier: &Value) {
        let position = format!("{},{}", dossier["facts"]["lon"], dossier["facts"]["lat"]);
        let photos = ["远景.jpg", "近景.jpg"].map(|name| {
            let path = register.path(name);
            std::fs::write(&path, format!("{name} {}", self.code)).expect("a file");
            path.to_string_lossy().into_owned()
        });
        let verify: Vec<&str> = [
            "verify",
            &self.code,
            "--conclusion",
            "issue_violation",
            "--on",
            JUDGED_ON,
            "--team",
            "站长,护林员",
            "--effect",
            "slight",
            "--position",
            &position,
            "--evidence",
            &photos[0],
            "--evidence",
            &photos[1],
            "--fact",
            "built=2012",
            "--fact",
            "approvals=none",
            "--fact",
            "consistent=y",
        ]
        .to_vec();
        let _ = register.run(&verify).success();
        let decide = [
            "characterize",
            &self.code,
            "--accept",
            "--signed",
            "包抓领导",
            "--on",
            JUDGED_ON,
        ];
        let _ = register.run_as("office", &decide).success();
    }

    /// Post of the station.
    #[must_use]
    pub fn head(&self) -> String {
        format!("station_head@{}", self.station)
    }

    /// Post of who leads the area.
    #[must_use]
    pub fn lead(&self) -> String {
        format!("area_lead@{}", self.station)
    }
}

/// One step: by which post, which entry, on which day.
#[derive(Debug, Clone)]
pub struct Act {
    pub post: String,
    pub kind: &'static str,
    pub body: Value,
    pub on: &'static str,
}

fn act(post: &str, kind: &'static str, on: &'static str, body: Value) -> Act {
    Act {
        post: post.to_owned(),
        kind,
        body,
        on,
    }
}

/// Signatures of so many people of a level.
#[must_use]
pub fn signed(level: &str, count: usize) -> Value {
    let one = |n: usize| json!({ "post": format!("{level}验收人{n}"), "unit": format!("{level}单位{n}") });
    (1..=count).map(one).collect()
}

/// The plan and the review of it; the review names the draft's entry.
#[must_use]
pub fn plan(site: &DecidedSite) -> Act {
    let quantity = |measure: &str, value: f64| json!([{ "measure": measure, "value": value }]);
    act(
        &site.head(),
        "plan.drafted",
        "2019-08-21",
        json!({
            "target": "拆除设施，恢复植被",
            "disposal": ["restore"],
            "measures": [
                { "sequence": 1, "content": "拆除设施", "quantities": quantity("demolished_m2", 120.0) },
                { "sequence": 2, "content": "覆土植树", "quantities": quantity("planted_trees", 300.0) },
            ],
            "due_on": "2019-10-31",
            "budget_10k_yuan": 12.5,
            "assessment_report": "评估〔2019〕1号",
        }),
    )
}

/// What a second pair of eyes says of the plan.
#[must_use]
pub fn review(plan: &str) -> Act {
    act(
        "bureau_leader",
        "plan.reviewed",
        "2019-08-22",
        json!({
            "plan": plan, "result": "approved", "reviewed_on": "2019-08-22",
            "reviewers": signed("审核", 2), "document_number": "审〔2019〕1号",
        }),
    )
}

/// Beginning, progress, every condition evidenced, and the report: by those who do the work.
#[must_use]
pub fn work(site: &DecidedSite, page: &Value, before: &str, after: &str) -> Vec<Act> {
    let head = site.head();
    let mut acts = vec![
        act(
            &head,
            "rectification.started",
            "2019-08-23",
            json!({ "started_on": "2019-08-23" }),
        ),
        act(
            &head,
            "progress.reported",
            "2019-09-01",
            json!({
                "measure": 1, "to_on": "2019-09-01", "text": "拆除完毕", "evidence": [after],
                "quantities": [{ "measure": "demolished_m2", "value": 120.0 }], "spent_10k_yuan": 4.2,
            }),
        ),
    ];
    for line in page["checklist"].as_array().expect("a checklist") {
        let value = line["values"].as_array().and_then(|v| v.first());
        acts.push(act(
            &head,
            "completion.evidenced",
            "2019-09-08",
            json!({
                "line": line["line"], "statement": format!("{}已落实", line["label"]),
                "evidence": [after], "value": value,
            }),
        ));
    }
    let done = |n: u32| json!({ "sequence": n, "done_on": "2019-09-09", "evidence": [after] });
    acts.push(act(
        &head,
        "rectification.reported",
        "2019-09-10",
        json!({
            "completed_on": "2019-09-09", "result_text": "设施拆除，植被恢复", "measures": [done(1), done(2)],
            "restored_area_m2": 900.0,
            "photo_pairs": [{ "before": before, "after": after, "before_azimuth_deg": 350.0, "after_azimuth_deg": 4.0 }],
        }),
    ));
    acts
}

/// An acceptance that finds every condition met.
#[must_use]
pub fn acceptance(post: &str, level: &str, on: &'static str, page: &Value) -> Act {
    let lines = page["checklist"].as_array().expect("a checklist").iter();
    let checks: Vec<Value> = lines
        .map(|line| json!({ "line": line["line"], "is_met": true }))
        .collect();
    act(
        post,
        "acceptance.recorded",
        on,
        json!({
            "level": level, "result": "passed", "inspected_on": on, "units": ["生态环境局", "林草局"],
            "methods": ["papers", "on_site"], "members": signed(level, 3), "checks": checks,
            "document_number": format!("{level}〔2019〕1号"),
        }),
    )
}

/// Self-check, county, city, notice; by different posts each.
#[must_use]
pub fn acceptances(site: &DecidedSite, page: &Value, screenshot: &str) -> Vec<Act> {
    let notice = json!({
        "title": "销号公示", "started_on": "2019-09-25", "ended_on": "2019-10-12", "working_days": 10,
        "channel": "政府网站", "evidence": [screenshot],
    });
    vec![
        acceptance(&site.lead(), "self", "2019-09-12", page),
        acceptance("office", "county", "2019-09-16", page),
        acceptance("city", "city", "2019-09-20", page),
        act("city", "notice.published", "2019-09-25", notice),
    ]
}

/// The province's filing and the close-out.
#[must_use]
pub fn closing(page: &Value) -> Vec<Act> {
    let close_out = json!({
        "number": "销〔2019〕1号", "reason": "rectified", "reason_text": "逐条落实，验收通过", "closed_on": "2019-10-16",
        "document_number": "平环〔2019〕16号", "signatures": signed("销号", 2),
    });
    vec![
        acceptance("province", "province", "2019-10-15", page),
        act(
            "bureau_leader",
            "close_out.recorded",
            "2019-10-16",
            close_out,
        ),
    ]
}
