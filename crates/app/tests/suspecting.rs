//! Paper close-outs, found by the job over dossiers with real pictures and copied texts; relapses noted by an import.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failing test may panic and says what it measured"
)]

#[path = "../../likeness/tests/common/mod.rs"]
mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use app::atlas::Atlases;
use app::import::{ImportKind, ImportRequest};
use app::messages::Language;
use app::suspecting::Stage;
use app::{InitRequest, Post, Session, SuspicionQuery, SuspicionScope, init};
use common::prose::Prose;
use common::scenes::{Scene, draw};
use common::{Draw, alter};
use domain::dossier::Dossier;
use domain::entries::{
    AcceptanceRecorded, Basis, CharacterizationRecorded, CloseOutRecorded, ClueLinked,
    CompletionEvidenced, EvidenceRecorded, IssueOpened, LineCheck, MeasureDone, NoticePublished,
    PermitRecorded, PhotoPair, PlanDrafted, PlanReviewed, ProgressReported, Quantity,
    RectificationMeasure, RectificationReported, RectificationStarted, Signature, SiteFacts,
    SiteRegistered, SuspicionFound, TeamMember, VerificationRecorded,
};
use domain::entry::{Author, Entry, EntryBody};
use domain::ids::{BatchId, ClueId, EntryId, SiteId, StreamId};
use domain::shape::Shape;
use domain::suspicion::Grade;
use geo_types::Rect;
use jiff::Timestamp;
use jiff::civil::Date;

const PHOTOS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/photos");

/// A register with sites whose issues are told entry by entry.
struct House {
    home: tempfile::TempDir,
    session: Session,
}

fn d(text: &str) -> Date {
    text.parse().unwrap()
}

fn noon(day: &str) -> Timestamp {
    format!("{day}T04:00:00Z").parse().unwrap()
}

/// A site with its open issue.
#[derive(Clone, Copy)]
struct Case {
    site: SiteId,
    issue: EntryId,
}

fn sign(names: &[&str]) -> Vec<Signature> {
    let one = |name: &&str| Signature {
        post: (*name).to_owned(),
        unit: None,
        account: Some((*name).to_owned()),
    };
    names.iter().map(one).collect()
}

impl House {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let request = InitRequest {
            campaign: "lvdun-2019".into(),
            reserve_text: include_str!("reserve.toml").into(),
            node: Some("ceshi".into()),
            is_demonstration: false,
            remembers_database: false,
        };
        init(home.path(), &request, noon("2019-08-01")).unwrap();
        let session = open(home.path());
        let mut house = Self { home, session };
        for body in [
            EntryBody::from(boundary(&house)),
            EntryBody::from(stations(&house)),
        ] {
            let code = house.session.reserve.reserve_code.clone();
            house.add(StreamId::reserve(&code), "办公室", "2019-08-01", body);
        }
        house
    }

    fn add(
        &mut self,
        stream: StreamId,
        actor: &str,
        day: &str,
        body: impl Into<EntryBody>,
    ) -> EntryId {
        let body = body.into();
        let at = noon(day);
        let text = serde_json::to_vec(&body).unwrap();
        let id = EntryId::derived(at, &[stream.0.as_bytes(), &text]);
        let entry = Entry {
            id,
            stream,
            based_on: None,
            body,
            author: Author {
                actor: actor.into(),
                role: "office".into(),
                unit: "某单位".into(),
            },
            occurred_at: at,
            clocks: None,
            stamp: None,
        };
        self.session.register.append(&[entry], at).unwrap();
        id
    }

    /// A characterized site `n` kilometres east of the first one, with an open issue at work.
    fn case(&mut self, n: usize) -> Case {
        let site = SiteId::derived(noon("2019-08-16"), &[&n.to_be_bytes()]);
        let stream = StreamId::site(site);
        let (x, y) = (
            106.405 + 0.0004 * n as f64,
            35.505 + 0.0109 * (n % 4) as f64,
        );
        let square = Rect::new((x, y), (x + 0.0011, y + 0.0009)).to_polygon();
        let registered = SiteRegistered {
            site_id: site,
            site_code: format!("2019-620802-HH-{n:04}"),
            reserve_code: self.session.reserve.reserve_code.clone(),
            campaign_id: "lvdun-2019".into(),
            basis: Basis::Person {
                reason: "测试".into(),
            },
            facts: SiteFacts {
                facility_name: Some(format!("{n}号采石场")),
                activity_type_code: Some("A04".into()),
                zone_kind: Some("experimental".into()),
                station_id: Some("houhe".into()),
                area_m2: Some(10_000.0),
                lon: Some(x + 0.0005),
                lat: Some(y + 0.0004),
                shape: Some(Shape(square.into())),
                ..SiteFacts::default()
            },
        };
        self.add(stream.clone(), "站长", "2019-08-16", registered);
        self.verify(&stream, n);
        let decided: CharacterizationRecorded = serde_json::from_value(serde_json::json!({
            "character": "violation", "verdict": "violation", "severity": "A", "row": null,
            "tables_version": "1", "boundary_version": null, "facts": {}, "proposal": {},
            "judged_as_of": "2019-08-18", "decided_by_level": "管理局"
        }))
        .unwrap();
        let characterization = self.add(stream.clone(), "办公室", "2019-08-18", decided);
        let closing = self.session.campaign.closing.as_ref().unwrap();
        let requirements = closing.requirements("A", "620802").unwrap();
        let opened = IssueOpened {
            issue_code: Some(format!("2019-620802-HH-{n:04}-01")),
            external_code: None,
            characterization: Some(characterization),
            carried_over_from: None,
            reopens: None,
            source_kind: "remote_sensing".into(),
            description: "采石破坏植被".into(),
            severity: Some("serious".into()),
            close_out_case: "A".into(),
            case_reason: None,
            requirements,
            responsible_unit: format!("第{}责任单位", n % 7),
            responsible_person: None,
            supervising_unit: None,
            area_lead: None,
            found_on: None,
            plan_due_on: None,
            due_on: Some(d("2019-12-31")),
            band: None,
            demand: None,
        };
        let issue = self.add(stream.clone(), "办公室", "2019-08-20", opened);
        let case = Case { site, issue };
        let plan = PlanDrafted {
            issue,
            target: "拆除并恢复植被".into(),
            disposal: vec![],
            measures: vec![RectificationMeasure {
                sequence: 1,
                content: "拆除设备".into(),
                quantities: vec![Quantity {
                    measure: "demolished_m2".into(),
                    value: 500.0,
                    stated: None,
                }],
                unit: None,
                person: None,
                due_on: None,
            }],
            started_on: None,
            due_on: d("2019-10-31"),
            budget_10k_yuan: None,
            assessment_report: None,
            cause_analysis: None,
            document_number: None,
            evidence: vec![],
        };
        let plan = self.add(stream.clone(), "责任单位", "2019-08-21", plan);
        let reviewed = PlanReviewed {
            issue,
            plan,
            result: "approved".into(),
            reviewers: sign(&["审核人", "审核人乙"]),
            opinion: None,
            reviewed_on: d("2019-08-22"),
            document_number: Some("审〔2019〕1号".into()),
        };
        self.add(stream.clone(), "审核人", "2019-08-22", reviewed);
        let started = RectificationStarted {
            issue,
            started_on: d("2019-08-23"),
            note: None,
        };
        self.add(stream, "责任单位", "2019-08-23", started);
        case
    }

    /// The clue, the papers and the verification that a dossier needs.
    fn verify(&mut self, stream: &StreamId, n: usize) {
        let seed = n.to_be_bytes();
        let linked = ClueLinked {
            clue_id: ClueId::derived(noon("2019-08-16"), &[&seed]),
            batch_id: BatchId::derived(noon("2019-08-16"), &[&seed]),
            source_kind: "remote_sensing".into(),
            external_code: None,
            received_on: d("2019-08-16"),
            rule: "first_clue".into(),
            distance_m: None,
            iou: None,
            overlap_m2: None,
            reason: None,
        };
        self.add(stream.clone(), "站长", "2019-08-16", linked);
        let permit = PermitRecorded {
            permit_kind: "none".into(),
            document_number: None,
            issuer: None,
            issued_on: None,
            valid_to_on: None,
            holder: None,
            area_m2: None,
            is_absent: true,
            note: None,
            basis: Basis::Person {
                reason: "测试".into(),
            },
        };
        self.add(stream.clone(), "站长", "2019-08-16", permit);
        let member = |post: &str| TeamMember {
            post: post.into(),
            unit: None,
        };
        let verified = VerificationRecorded {
            round: "first".into(),
            method: "field".into(),
            verified_on: d("2019-08-17"),
            team: vec![member("站长"), member("护林员")],
            lon: None,
            lat: None,
            is_in_reserve: None,
            clue_truth: None,
            condition_text: None,
            ecological_effect: Some("significant".into()),
            conclusion: "issue_violation".into(),
            suggestion_text: None,
            suggested_disposal: None,
            photo_count: None,
            evidence: vec![],
            judged_facts: BTreeMap::new(),
            facts: SiteFacts::default(),
            basis: Basis::Person {
                reason: "测试".into(),
            },
            ..VerificationRecorded::default()
        };
        self.add(stream.clone(), "站长", "2019-08-17", verified);
    }

    /// Takes a file in as evidence of a site, as an upload does.
    fn photo(&mut self, case: Case, bytes: &[u8], at: Option<(f64, f64)>) -> String {
        self.photo_of("2019-08-30", case, bytes, at)
    }

    /// One taken before work began.
    fn before(&mut self, case: Case, bytes: &[u8]) -> String {
        self.photo_of("2019-08-20", case, bytes, None)
    }

    fn photo_of(
        &mut self,
        taken: &str,
        case: Case,
        bytes: &[u8],
        at: Option<(f64, f64)>,
    ) -> String {
        let blob = self
            .session
            .register
            .put_blob(&mut &*bytes, bytes.len() as u64)
            .unwrap();
        let body = EvidenceRecorded {
            sha256: blob.sha256.clone(),
            size_bytes: blob.size_bytes,
            file_name: "现场.jpg".into(),
            media_type: "image/jpeg".into(),
            note: None,
            taken_at: Some(format!("{taken}T10:00:00")),
            lon: at.map(|p| p.0),
            lat: at.map(|p| p.1),
            azimuth_deg: None,
            device: None,
            ..EvidenceRecorded::default()
        };
        self.add(StreamId::site(case.site), "责任单位", "2019-08-31", body);
        blob.sha256
    }

    fn progress(&mut self, case: Case, files: &[&str]) {
        let body = ProgressReported {
            issue: case.issue,
            to_on: d("2019-09-01"),
            text: "推进".into(),
            evidence: files.iter().map(|f| (*f).to_owned()).collect(),
            ..ProgressReported::default()
        };
        self.add(StreamId::site(case.site), "责任单位", "2019-09-01", body);
    }

    /// Says that the work is done, with a pair of pictures and the effect in words.
    fn report(&mut self, case: Case, before: &str, after: &str, text: &str) {
        let body = RectificationReported {
            issue: case.issue,
            completed_on: d("2019-09-10"),
            result_text: text.into(),
            measures: vec![MeasureDone {
                sequence: 1,
                evidence: vec![after.into()],
                ..MeasureDone::default()
            }],
            photo_pairs: vec![PhotoPair {
                before: before.into(),
                after: after.into(),
                before_azimuth_deg: Some(90.0),
                after_azimuth_deg: Some(90.0),
            }],
            restored_area_m2: Some(9_000.0),
        };
        self.add(StreamId::site(case.site), "责任单位", "2019-09-10", body);
    }

    fn accept(&mut self, case: Case, level: &str, day: &str, opinion: &str) {
        let closing = self.session.campaign.closing.as_ref().unwrap();
        let lines = closing.requirements("A", "620802").unwrap().lines;
        let checks = lines.iter().map(|line| LineCheck {
            line: line.clone(),
            is_met: true,
            remark: None,
        });
        let names = [1, 2, 3].map(|n| format!("{level}{n}"));
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let body = AcceptanceRecorded {
            issue: case.issue,
            level: level.into(),
            result: "passed".into(),
            inspected_on: d(day),
            units: vec!["生态环境局".into(), "林草局".into()],
            methods: vec!["on_site".into()],
            members: sign(&names),
            checks: checks.collect(),
            opinion: Some(opinion.into()),
            document_number: Some(format!("{level}〔2019〕1号")),
            ..AcceptanceRecorded::default()
        };
        self.add(StreamId::site(case.site), names[0], day, body);
    }

    /// The whole way to the close-out of 15 October.
    fn close(&mut self, case: Case, after: &str) {
        self.progress(case, &[]);
        let stream = StreamId::site(case.site);
        let closing = self.session.campaign.closing.as_ref().unwrap();
        let needed = closing.requirements("A", "620802").unwrap();
        for line in &needed.lines {
            let value = needed
                .line_values
                .get(line)
                .and_then(|v| v.first().cloned());
            let body = CompletionEvidenced {
                issue: case.issue,
                line: line.clone(),
                statement: "已落实".into(),
                evidence: vec![after.into()],
                document_number: None,
                value,
            };
            self.add(stream.clone(), "责任单位", "2019-09-10", body);
        }
        self.accept(case, "self", "2019-09-11", "同意");
        self.accept(case, "county", "2019-09-12", "同意");
        self.accept(case, "city", "2019-09-16", "同意");
        let notice = NoticePublished {
            issue: case.issue,
            title: "销号公示".into(),
            started_on: d("2019-09-25"),
            ended_on: d("2019-10-12"),
            working_days: 10,
            evidence: vec!["截图".into()],
            ..NoticePublished::default()
        };
        self.add(stream.clone(), "city1", "2019-09-25", notice);
        self.accept(case, "province", "2019-10-14", "同意");
        let closed = CloseOutRecorded {
            issue: case.issue,
            number: "销〔2019〕1号".into(),
            reason: "rectified".into(),
            reason_text: "已完成整改".into(),
            closed_on: d("2019-10-15"),
            document_number: Some("市〔2019〕1号".into()),
            summary_period: None,
            is_filed_in_national_system: None,
            signatures: sign(&["销号人", "销号人乙"]),
        };
        self.add(stream, "销号人", "2019-10-15", closed);
    }

    fn dossier(&self, case: Case) -> Dossier {
        self.session
            .register
            .load_dossier(case.site, app::AsOf::Now)
            .unwrap()
    }

    fn code(&self, case: Case) -> String {
        self.dossier(case).site_code
    }

    fn run(&mut self) -> app::suspecting::RunOutcome {
        self.session.run_suspicions(false, &silent).unwrap()
    }

    /// Every suspicion noted, with its site's code.
    fn noted(&self) -> Vec<(String, SuspicionFound)> {
        let mut all = Vec::new();
        self.session
            .register
            .dossiers::<app::Error>(app::AsOf::Now, |dossier| {
                let noted = dossier.issues.iter().flat_map(|i| &i.suspicions);
                let code = dossier.site_code.clone();
                all.extend(noted.map(|s| (code.clone(), s.recorded.body.clone())));
                Ok(())
            })
            .unwrap();
        all
    }
}

fn silent(_stage: Stage, _done: usize, _total: usize) {}

fn open(home: &Path) -> Session {
    let post = Post::parse("office").unwrap();
    Session::open(home, &post, noon("2019-11-01"), Language::Chinese).unwrap()
}

fn ground() -> (f64, f64, f64, f64) {
    (106.4, 35.5, 106.6, 35.6)
}

fn boundary(house: &House) -> domain::entries::BoundaryAdopted {
    let (w, s, e, n) = ground();
    let whole: geo_types::Geometry<f64> = Rect::new((w, s), (e, n)).to_polygon().into();
    domain::entries::BoundaryAdopted {
        reserve_code: house.session.reserve.reserve_code.clone(),
        boundary: Shape(whole.clone()),
        zones: vec![domain::entries::Zone {
            zone_id: "SY".into(),
            zone_kind: "experimental".into(),
            name: None,
            area_m2: 1.0e8,
            stated_area_ha: None,
            shape: Shape(whole),
        }],
        ..testkit::a_boundary("测试")
    }
}

fn stations(house: &House) -> domain::entries::StationsAdopted {
    let (w, s, e, n) = ground();
    let mut body = testkit::stations("测试");
    body.reserve_code = house.session.reserve.reserve_code.clone();
    body.stations.truncate(1);
    body.stations[0].shape = Shape(Rect::new((w, s), (e, n)).to_polygon().into());
    body
}

fn real() -> Vec<image::RgbImage> {
    let names = [
        "orientation/landscape_1.jpg",
        "orientation/portrait_1.jpg",
        "gps/45-gps_ifd.jpg",
        "gps/87_OSError.jpg",
        "gps/HMD_Nokia_8.3_5G.jpg",
    ];
    let load = |name: &str| {
        let bytes = std::fs::read(Path::new(PHOTOS).join(name)).unwrap();
        let picture = image::load_from_memory(&bytes).unwrap().into_rgb8();
        let is_large = picture.width().max(picture.height()) > 900;
        if is_large {
            alter::resized(&picture, 900)
        } else {
            picture
        }
    };
    names.map(load).into()
}

/// Every picture at a site of its own: the real ones and drawn places in all their altered copies, and other photographs of
/// the same places. The job, run in two nights, must find each use of one picture and no other.
#[test]
fn reused_pictures_are_found_on_real_evidence() {
    let mut house = House::new();
    // Which photograph each picture is of, its bytes.
    let mut pictures: Vec<(usize, Vec<u8>)> = Vec::new();
    let mut originals = real();
    for place in 0..2 {
        originals.push(draw(Scene::of(place), 480));
    }
    for (n, original) in originals.iter().enumerate() {
        pictures.push((n, alter::jpeg(original, 90)));
        for (_, bytes) in alter::all(original, n as u64) {
            pictures.push((n, bytes));
        }
    }
    for place in 0..12 {
        let season = Scene {
            season: 1 + place / 6,
            ..Scene::of(place % 6)
        };
        let other = pictures.len();
        pictures.push((100 + other, alter::jpeg(&draw(season, 360), 85)));
        pictures.push((
            200 + other,
            alter::jpeg(&draw(Scene::of(300 + place), 360), 85),
        ));
    }
    // The order of arrival is no order of authorship; bytes that are alike are one file.
    let mut order = Draw::new(7);
    for i in (1..pictures.len()).rev() {
        pictures.swap(i, order.below(i + 1));
    }
    let mut of_site: BTreeMap<String, usize> = BTreeMap::new();
    let half = pictures.len() / 2;
    for (n, (original, bytes)) in pictures.iter().enumerate() {
        let case = house.case(n);
        let sha256 = house.photo(case, bytes, None);
        house.progress(case, &[&sha256]);
        of_site.insert(house.code(case), *original);
        if n == half {
            let first = house.run();
            assert_eq!((first.photos_new, first.photos_unreadable), (half + 1, 0));
        }
    }
    let second = house.run();
    assert_eq!(second.photos_new, pictures.len() - half - 1);
    let noted = house.noted();
    let mut found: BTreeSet<(String, String)> = BTreeSet::new();
    for (site, body) in noted.iter().filter(|(_, b)| b.suspicion == "reused_photo") {
        for pair in &body.pairs {
            let mut both = [site.clone(), pair.other_site.clone()];
            both.sort();
            let [a, b] = both;
            found.insert((a, b));
        }
    }
    let sites: Vec<(&String, &usize)> = of_site.iter().collect();
    let mut wanted = BTreeSet::new();
    for (i, (a, original)) in sites.iter().enumerate() {
        for (b, other) in &sites[i + 1..] {
            if original == other {
                wanted.insert(((*a).clone(), (*b).clone()));
            }
        }
    }
    let right = found.intersection(&wanted).count();
    let (recall, precision) = (
        right as f64 / wanted.len() as f64,
        right as f64 / found.len().max(1) as f64,
    );
    println!(
        "job: {} pictures at as many sites, {} pairs of one photograph, {} found in {} entries: recall {recall:.4}, precision {precision:.4}",
        pictures.len(),
        wanted.len(),
        found.len(),
        noted.len()
    );
    assert!(recall >= 0.98, "recall {recall}");
    assert!(precision >= 0.98, "precision {precision}");
    let before = house.session.register.head().unwrap().size;
    assert_eq!(house.run().found, 0, "the same is noted once");
    std::fs::remove_dir_all(house.home.path().join("likeness")).unwrap();
    assert_eq!(house.run().found, 0, "also where all is worked out anew");
    assert_eq!(house.session.register.head().unwrap().size, before);
    let grave = noted
        .iter()
        .all(|(_, b)| b.code.is_some() && !b.text.is_empty());
    assert!(grave, "every entry says why in words and by code");
}

/// Acceptance texts that were copied with other names and figures, among honest ones with the same phrases.
#[test]
fn copied_acceptance_texts_are_found() {
    let mut house = House::new();
    let mut order = Draw::new(11);
    let originals: Vec<Prose> = (0..150).map(|_| Prose::honest(&mut order)).collect();
    let mut texts: Vec<(usize, String)> = Vec::new();
    for (n, prose) in originals.iter().enumerate() {
        texts.push((n, prose.filled(&mut order)));
    }
    for (n, prose) in originals.iter().enumerate().take(30) {
        texts.push((n, prose.without(n % 2, &mut order).filled(&mut order)));
    }
    for i in (1..texts.len()).rev() {
        texts.swap(i, order.below(i + 1));
    }
    let mut of_site: BTreeMap<String, usize> = BTreeMap::new();
    for (n, (original, text)) in texts.iter().enumerate() {
        let case = house.case(n);
        // Later levels are told in words of their own; this one is the text that decides.
        house.accept(case, "self", "2019-09-11", text);
        of_site.insert(house.code(case), *original);
        if n == 120 {
            house.run();
        }
    }
    let outcome = house.run();
    assert_eq!(outcome.texts, texts.len());
    let noted = house.noted();
    let copied = noted.iter().filter(|(_, b)| b.suspicion == "copied_text");
    let mut found = BTreeSet::new();
    let mut grave = 0;
    for (site, body) in copied {
        grave += usize::from(body.grade == "high");
        for pair in &body.pairs {
            let mut both = [site.clone(), pair.other_site.clone()];
            both.sort();
            found.insert(both);
        }
    }
    let right = found
        .iter()
        .filter(|[a, b]| of_site[a] == of_site[b])
        .count();
    println!(
        "job: {} texts, 30 copies, {} found, {right} right",
        texts.len(),
        found.len()
    );
    assert!(right >= 29, "{right} of 30");
    assert!(grave >= 27, "copies are grave: {grave}");
    assert!(found.len() - right <= 1, "{found:?}");
    assert_eq!(house.run().found, 0);
}

/// 大湾村 was put right; 小河沟村 hands in its pictures and its words.
#[test]
fn a_copied_dossier_is_caught_before_acceptance_and_in_the_night() {
    let mut house = House::new();
    let (honest, copied) = (house.case(0), house.case(40));
    let text = Prose::honest(&mut Draw::new(3));
    let mut names = Draw::new(4);
    let place = |n: u64, season: u64| {
        let scene = Scene {
            season,
            ..Scene::of(n)
        };
        alter::jpeg(&draw(scene, 480), 90)
    };
    let before = house.before(honest, &place(500, 0));
    let after = house.photo(honest, &place(501, 0), None);
    let words = text.filled(&mut names);
    house.report(honest, &before, &after, &words);
    let own = house.before(copied, &place(502, 0));
    let stolen = alter::jpeg(
        &alter::cropped(&draw(Scene::of(501), 480), 0.85, &mut names),
        60,
    );
    let stolen = house.photo(copied, &stolen, None);
    let words = text.filled(&mut names);
    house.report(copied, &own, &stolen, &words);

    let site = house.code(honest);
    let clean = house.session.suspect_issue(&site, honest.issue, Grade::Low);
    assert_eq!(clean.unwrap(), [], "whoever had it first took nothing");
    let site = house.code(copied);
    let caught = house
        .session
        .suspect_issue(&site, copied.issue, Grade::High)
        .unwrap();
    let kinds: Vec<&str> = caught.iter().map(|b| b.suspicion.as_str()).collect();
    assert_eq!(kinds, ["copied_text", "reused_photo"], "{caught:?}");
    assert!(caught.iter().all(|b| b.other_sites == [house.code(honest)]));
    let again = house
        .session
        .suspect_issue(&site, copied.issue, Grade::High);
    assert_eq!(again.unwrap(), []);
    assert_eq!(house.run().found, 0, "the night finds what is noted");

    // What is grave stops the county's acceptance until somebody else judged it.
    house.accept(copied, "self", "2019-09-11", "同意");
    house.accept(copied, "county", "2019-09-12", "同意");
    let issue = house.dossier(copied).issues.remove(0);
    let lacking = |v: &domain::issue::VoidEntry| {
        let mut missing = v.missing.iter();
        missing.any(|m| m.code() == "rectify.no_suspicion")
    };
    assert!(issue.void.iter().any(lacking), "{:?}", issue.void);

    // The desk shows both, with what is alike on both sides.
    let atlases = Atlases::default();
    let list = house
        .session
        .list_suspicions(&atlases, &SuspicionQuery::default())
        .unwrap();
    assert_eq!((list.total, list.open), (2, 2));
    assert!(list.items.iter().all(|r| r.stops && r.hint.is_some()));
    for row in &list.items {
        let page = house
            .session
            .suspicion_page(&atlases, &row.entry_id.to_string(), None)
            .unwrap();
        let pair = &page.pairs[0];
        assert!(pair.other.is_visible);
        match row.suspicion.as_str() {
            "reused_photo" => {
                let photo = pair.other.photo.as_ref().unwrap();
                assert_eq!(photo.sha256, after);
            }
            _ => {
                let parts = &pair.other.text.as_ref().unwrap().parts;
                assert!(parts.iter().any(|p| p.differs.is_some()), "{parts:?}");
            }
        }
    }
    let figures = house
        .session
        .suspicion_statistics(&atlases, &SuspicionScope::default())
        .unwrap();
    assert_eq!((figures.total.found, figures.total.open), (2, 2));
    let rate = figures.ratios.iter().find(|r| r.id == "judged_of_found");
    assert_eq!(rate.map(|r| (r.numerator, r.denominator)), Some((0, 2)));
    let files = [
        house
            .session
            .suspicions_file(&atlases, &SuspicionQuery::default())
            .unwrap(),
        house
            .session
            .suspicion_statistics_file(&atlases, &SuspicionScope::default())
            .unwrap(),
    ];
    assert!(files.iter().all(|f| f.bytes.starts_with(b"PK")));
}

#[test]
fn contradictions_of_one_dossier_are_noted_with_the_reason_in_words() {
    let mut house = House::new();
    let case = house.case(0);
    let picture = alter::jpeg(&draw(Scene::of(9), 320), 85);
    let sha256 = house.photo(case, &picture, Some((106.6, 35.9)));
    house.progress(case, &[&sha256]);
    let told = house.session.run_suspicions(true, &silent).unwrap();
    assert_eq!((told.found, told.findings.len()), (1, 1));
    assert_eq!(house.noted(), [], "a dry run writes nothing");
    assert_eq!(house.run().by_suspicion["photo_place"], 1);
    let (_, body) = house.noted().remove(0);
    assert_eq!((body.grade.as_str(), body.evidence.len()), ("high", 1));
    assert!(body.text.contains("米") && body.text.contains("2019-620802-HH-0000"));
    assert_eq!(house.run().found, 0);
}

/// A new patch over a closed-out site makes a relapse suspect by itself, once, with a line on the desk.
#[test]
fn an_import_over_a_closed_site_makes_a_relapse_suspect() {
    let mut house = House::new();
    let (closed, open) = (house.case(0), house.case(30));
    for case in [closed, open] {
        let n = u64::from(case.site == open.site);
        let before = house.before(case, &alter::jpeg(&draw(Scene::of(70 + n), 200), 80));
        let after = house.photo(case, &alter::jpeg(&draw(Scene::of(80 + n), 200), 80), None);
        house.report(case, &before, &after, "植被恢复良好");
        if case.site == closed.site {
            house.close(case, &after);
        }
    }
    assert_eq!(house.dossier(closed).state.code(), "closed_out");
    let over = |case: Case, day: &str| {
        let shape = house.dossier(case).facts.shape.unwrap().0;
        let json = serde_json::to_value(Shape(shape)).unwrap();
        serde_json::json!({ "type": "Feature", "geometry": json,
            "properties": { "图斑编号": format!("TB-{}-{day}", house.code(case)), "后时相": day } })
    };
    let features = [
        over(closed, "2020-03-02"),
        over(closed, "2019-09-01"),
        over(open, "2020-03-02"),
    ];
    let file = serde_json::json!({ "type": "FeatureCollection", "features": features });
    let path = house.home.path().join("图斑.geojson");
    std::fs::write(&path, file.to_string()).unwrap();
    let mut request = ImportRequest::new(ImportKind::Patches, &path);
    request.received_on = Some(d("2020-04-01"));
    request.crs = Some(app::import::parse_crs("CGCS2000").unwrap());
    house.session.now = noon("2020-04-01");
    let staged = house.session.stage(request.clone()).unwrap();
    let told = staged
        .diagnostics
        .iter()
        .filter(|d| d.code == "import.relapse_suspected");
    assert_eq!(told.count(), 1, "{:?}", staged.diagnostics);
    house.session.commit(&staged).unwrap();
    let issue = house.dossier(closed).issues.remove(0);
    assert_eq!(issue.relapses.len(), 1);
    let noted = &issue.relapses[0].recorded;
    assert!(noted.body.overlap_share.unwrap() > 0.9);
    assert!(
        noted.body.reason.contains("2020-03-02"),
        "{}",
        noted.body.reason
    );
    assert!(house.dossier(open).issues[0].relapses.is_empty());
    let again = house.session.stage(request).unwrap();
    assert!(again.is_repeated || again.entries.is_empty());
    let atlases = Atlases::default();
    let query = SuspicionQuery {
        suspicion: Some("relapse".into()),
        ..SuspicionQuery::default()
    };
    let list = house.session.list_suspicions(&atlases, &query).unwrap();
    assert_eq!((list.total, list.open), (1, 1));
    let page = house
        .session
        .suspicion_page(&atlases, &list.items[0].entry_id.to_string(), None)
        .unwrap();
    let relapse = page.relapse.unwrap();
    assert!(relapse.clue_shape.is_some() && relapse.site_shape.is_some());
}
