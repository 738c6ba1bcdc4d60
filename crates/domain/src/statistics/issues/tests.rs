use super::*;
use crate::dossier::Dossier;
use crate::entries::{
    LookBackRecorded, PenaltyRecorded, ProgressReported, Signature, SuspicionFound, SuspicionJudged,
};
use crate::issue::tests::{Story, quantities};

fn today() -> Date {
    "2019-12-31".parse().unwrap()
}

fn figures(stories: &[Story]) -> IssueStatistics {
    let dossiers: Vec<Dossier> = stories.iter().map(Story::dossier).collect();
    let lines: Vec<IssueLine<'_>> = dossiers
        .iter()
        .flat_map(|d| IssueLine::of(d, true, today()))
        .collect();
    issue_statistics(&lines, Some(0.9))
}

fn at_work(code: &str) -> Story {
    Story::site(code).open("A").plan().start()
}

fn several(prefix: &str, count: usize, build: impl Fn(Story) -> Story) -> Vec<Story> {
    (0..count)
        .map(|n| build(Story::site(&format!("{prefix}-{n}"))))
        .collect()
}

fn done(figures: &IssueStatistics, measure: &str) -> String {
    let total = figures.quantities.iter().find(|q| q.measure == measure);
    total.map_or(String::new(), QuantityTotal::done_printed)
}

fn percent(figures: &IssueStatistics, id: &str) -> (u64, u64, Option<f64>) {
    let ratio = figures.ratios.iter().find(|r| r.id == id).unwrap();
    (ratio.numerator, ratio.denominator, ratio.percent())
}

/// E5b: 甘沟采石区 2017–18.
#[test]
fn the_gangou_quarry_adds_up_over_its_seasons() {
    let mut story = at_work("甘沟").progress(
        "2017-10-31",
        &[
            ("slag_m3", 20_000.0),
            ("soil_cover_mu", 120.0),
            ("planted_trees", 40_000.0),
            ("planted_trees", 30_000.0),
            ("sown_kg", 2_000.0),
            ("sown_mu", 140.0),
        ],
    );
    let spring = ProgressReported {
        issue: story.issue,
        to_on: "2018-04-30".parse().unwrap(),
        text: "春季补植补播".into(),
        quantities: quantities(&[("planted_trees", 30_000.0), ("sown_kg", 200.0)]),
        spent_10k_yuan: Some(117.0),
        ..ProgressReported::default()
    };
    story.add("责任单位", "2018-04-30", spring);
    let figures = figures(&[story]);
    let found = [
        "slag_m3",
        "soil_cover_mu",
        "planted_trees",
        "sown_kg",
        "sown_mu",
    ]
    .map(|measure| done(&figures, measure));
    assert_eq!(found, ["20000", "120", "100000", "2200", "140"]);
    assert_eq!(printed(figures.spent_10k_yuan), "117");
}

/// E6: 张掖, 140 of 171 own problems done = 81.9 %; 古浪, 14 problems all accepted by county and city.
#[test]
fn rates_keep_their_raw_pairs() {
    let mut zhangye = several("张掖", 140, |s| s.determined("A"));
    zhangye.extend(several("张掖未", 31, |s| s.open("A").plan().start()));
    let found = figures(&zhangye);
    assert_eq!(
        percent(&found, "issue_completion_rate"),
        (140, 171, Some(81.9))
    );
    assert_eq!(
        percent(&found, "close_out_rate"),
        (0, 171, Some(0.0)),
        "determined is not closed out"
    );
    assert_eq!(
        found.overdue_site_codes.len(),
        31,
        "due on 10-31, in work at the end of the year"
    );
    let gulang = figures(&several("古浪", 14, |s| s.determined("C")));
    assert_eq!(
        percent(&gulang, "issue_completion_rate"),
        (14, 14, Some(100.0))
    );
}

/// E7: 高新区 3 sites, 14,625 m² restored; 梁平 8 old issues: 5 rectified, 3 of them closed, 3 running.
#[test]
fn rectified_closed_and_running_are_told_apart() {
    let mut gaoxin = several("高新", 2, |s| {
        s.open("A")
            .plan()
            .start()
            .progress("2019-09-01", &[("restored_m2", 5_000.0)])
    });
    gaoxin.push(at_work("高新-2").progress("2019-09-01", &[("restored_m2", 4_625.0)]));
    let found = figures(&gaoxin);
    assert_eq!(done(&found, "restored_m2"), "14625");
    assert_eq!(
        found
            .quantities
            .iter()
            .find(|q| q.measure == "restored_m2")
            .unwrap()
            .issue_count,
        3
    );

    let mut liangping = several("梁平销", 3, |s| s.closed("A"));
    liangping.extend(several("梁平改", 2, |s| s.determined("A")));
    liangping.extend(several("梁平中", 3, |s| s.open("A").plan().start()));
    let found = figures(&liangping);
    assert_eq!(percent(&found, "issue_completion_rate"), (5, 8, Some(62.5)));
    assert_eq!(percent(&found, "close_out_rate"), (3, 8, Some(37.5)));
    let by_state = &found.tables[0];
    let states: Vec<(&str, u64)> = by_state
        .rows
        .iter()
        .map(|r| (r.keys[0].as_str(), r.count))
        .collect();
    assert_eq!(
        states,
        [("city_determined", 2), ("closed_out", 3), ("rectifying", 3)]
    );
}

/// E9: 盘锦, 171 files sent to the province, 7 in preparation (盘山 4, 大洼 3).
#[test]
fn files_sent_and_files_in_preparation_make_the_whole() {
    let mut all = several("盘锦", 171, |s| s.closed("C"));
    all.extend(several("盘山", 4, |s| s.determined("C")));
    all.extend(several("大洼", 3, |s| s.determined("C")));
    let found = figures(&all);
    assert_eq!(percent(&found, "close_out_rate"), (171, 178, Some(96.1)));
    let open = &found
        .ratios
        .iter()
        .find(|r| r.id == "close_out_rate")
        .unwrap()
        .open_site_codes;
    let of = |place: &str| open.iter().filter(|c| c.starts_with(place)).count();
    assert_eq!((of("盘山"), of("大洼")), (4, 3));
}

/// E11: 宁夏 self-report 2017, 40 sites.
#[test]
fn the_ningxia_report_adds_up() {
    let demolished = [3.0, 4.0, 4.0, 7.0, 3.0];
    let mut all: Vec<Story> = (0..5)
        .map(|n| {
            at_work(&format!("宁夏-{n}"))
                .progress("2017-12-31", &[("demolished_sites", demolished[n])])
        })
        .collect();
    all.push(at_work("宁夏-合计").progress(
        "2017-12-31",
        &[
            ("demolished_rooms", 1_293.0),
            ("demolished_chimneys", 2.0),
            ("demolished_m2", 156_700.0),
            ("debris_m3", 85_874.0),
            ("slag_m3", 120_000.0),
            ("restored_m2", 106_450.0),
            ("sown_kg", 2_300.0 / 2.0),
        ],
    ));
    all.extend(several("宁夏其余", 34, |s| s.open("A")));
    let found = figures(&all);
    let totals = [
        "demolished_sites",
        "demolished_rooms",
        "demolished_chimneys",
        "demolished_m2",
        "debris_m3",
        "slag_m3",
        "restored_m2",
        "sown_kg",
    ]
    .map(|measure| done(&found, measure));
    assert_eq!(
        totals,
        [
            "21", "1293", "2", "156700", "85874", "120000", "106450", "1150"
        ]
    );
    assert_eq!(percent(&found, "issue_completion_rate").1, 40);
}

/// E13: 常宁大义山 2020, five mines.
#[test]
fn the_five_mines_of_changning_add_up_to_a_decimal() {
    let trees = [50_000.0, 45_100.0, 40_000.0, 45_000.0, 40_000.0];
    let area = [100.1, 90.2, 88.3, 85.4, 90.2];
    let all: Vec<Story> = (0..5)
        .map(|n| {
            let given = [("planted_trees", trees[n]), ("restored_mu", area[n])];
            at_work(&format!("常宁-{n}")).progress("2020-11-30", &given)
        })
        .collect();
    let found = figures(&all);
    assert_eq!(
        (done(&found, "planted_trees"), done(&found, "restored_mu")),
        ("220100".into(), "454.2".into())
    );
}

#[test]
fn a_relapse_counts_among_what_was_closed_and_a_close_unfixed_among_nothing() {
    let mut stories = several("销", 4, |s| s.closed("A"));
    let body = LookBackRecorded {
        issue: stories[0].issue,
        looked_on: "2019-12-01".parse().unwrap(),
        level: "city".into(),
        result: "false_rectification".into(),
        text: "未拆除".into(),
        members: ["甲", "乙"]
            .map(|post| Signature {
                post: post.into(),
                ..Signature::default()
            })
            .to_vec(),
        ..LookBackRecorded::default()
    };
    stories[0].add("督察", "2019-12-01", body);
    let found = figures(&stories);
    assert_eq!(percent(&found, "relapse_rate"), (1, 4, Some(25.0)));
    assert_eq!(percent(&found, "issue_completion_rate"), (3, 4, Some(75.0)));
}

#[test]
fn paper_close_outs_stand_by_verdict_and_a_fine_is_counted_once() {
    let mut story = at_work("S1");
    let found_one = |kind: &str| SuspicionFound {
        issue: story.issue,
        suspicion: kind.into(),
        grade: "high".into(),
        found_by: "text@1".into(),
        text: "雷同".into(),
        ..SuspicionFound::default()
    };
    let (text, photo) = (found_one("copied_text"), found_one("reused_photo"));
    let text = story.add("办公室", "2019-09-01", text);
    story.add("办公室", "2019-09-01", photo);
    let body = SuspicionJudged {
        issue: story.issue,
        suspicion: text,
        verdict: "fake".into(),
        reason: "逐字相同".into(),
    };
    story.add("纪委", "2019-09-02", body);
    for paid in [None, Some("2019-10-01".parse().unwrap())] {
        let body = PenaltyRecorded {
            issue: story.issue,
            document_number: "罚〔2019〕1号".into(),
            authority: "生态环境局".into(),
            penalty_kind: "fine".into(),
            amount_yuan: Some(50_000),
            paid_on: paid,
            ..PenaltyRecorded::default()
        };
        story.add("办公室", "2019-09-03", body);
    }
    let figures = figures(&[story]);
    let table = figures
        .tables
        .iter()
        .find(|t| t.id == "suspicions_by_kind_verdict")
        .unwrap();
    let keys: Vec<Vec<&str>> = table
        .rows
        .iter()
        .map(|r| r.keys.iter().map(String::as_str).collect())
        .collect();
    assert_eq!(keys, [["copied_text", "fake"], ["reused_photo", "none"]]);
    let total = &figures.penalties;
    assert_eq!(
        (total.penalty_count, total.amount_yuan, total.paid_yuan),
        (1, 50_000, 50_000)
    );
}

/// E10: 兴隆山, eight quarries and mines ordered to stop, two licences cancelled; 永登, slag cleared and 20 亩 replanted.
#[test]
fn licences_cancelled_and_slopes_replanted_add_up() {
    let mut stories = several("兴隆山", 8, |s| s.open("A").plan().start());
    for story in stories.iter_mut().take(2) {
        *story = std::mem::replace(story, Story::site("空"))
            .progress("2017-10-31", &[("permits_cancelled", 1.0)]);
    }
    stories.push(at_work("永登").progress("2017-10-31", &[("planted_mu", 20.0)]));
    let found = figures(&stories);
    assert_eq!(
        ["permits_cancelled", "planted_mu"].map(|m| done(&found, m)),
        ["2", "20"]
    );
    assert_eq!(percent(&found, "close_out_rate"), (0, 9, Some(0.0)));
}
