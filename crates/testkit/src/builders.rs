//! Builders of entries. Everything follows from small numbers, so the same test makes the same ids every time.

use domain::entries::{
    Basis, ClueBatchImported, ClueFacts, ClueLinked, ClueReceived, ClueScreened, ClueUnlinked,
    DeterminationRecorded, IssueCarriedOver, PatrolFinding, PatrolRecorded, PatrolReviewed,
    PermitRecorded, Segment, SiteAmended, SiteFacts, SiteRegistered, SourcePlace, TeamMember,
    TrackRecorded, VerificationRecorded,
};
use domain::entry::{Entry, EntryBody};
use domain::ids::{BatchId, ClueId, EntryId, PatrolId, SiteId, StreamId, TrackId};
use domain::shape::Shape;
use jiff::civil::date;

use crate::{RESERVE_CODE, area_lead, importer, later, square, start, station_head};

/// Ids from small numbers.
pub trait Seeded {
    /// The id number `n` of its type.
    fn seeded(n: u64) -> Self;
}

macro_rules! seeded {
    ($($id:ty),+) => {
        $(impl Seeded for $id {
            fn seeded(n: u64) -> Self {
                <$id>::derived(start(), &[b"testkit", &n.to_be_bytes()])
            }
        })+
    };
}

seeded!(EntryId, SiteId, ClueId, BatchId, PatrolId, TrackId);

/// An entry of a body, signed by the desk, claimed at [`start`], its id following from stream, kind and body.
pub fn entry(stream: StreamId, body: impl Into<EntryBody>) -> Entry {
    let body = body.into();
    let text = serde_json::to_vec(&body).unwrap();
    Entry {
        id: EntryId::derived(start(), &[stream.0.as_bytes(), &text]),
        stream,
        based_on: None,
        body,
        author: importer(),
        occurred_at: start(),
        clocks: None,
        stamp: None,
    }
}

/// Batch number `batch` of satellite patches with a number of clues.
pub fn a_batch(batch: u64, rows: u64) -> Entry {
    let batch_id = BatchId::seeded(batch);
    let body = ClueBatchImported {
        batch_id,
        import_kind: "patches".to_owned(),
        source_kind: Some("satellite".to_owned()),
        file_name: format!("疑似图斑-{batch}.geojson"),
        sha256: format!("{batch:064x}"),
        size_bytes: 1000 * rows,
        sender: None,
        document_number: None,
        received_on: date(2019, 8, 16),
        rows_read: rows,
        rows_taken: rows,
        rows_refused: 0,
        mapping: None,
        site_codes: Vec::new(),
        diagnostics: Default::default(),
    };
    entry(StreamId::clue_batch(batch_id), body)
}

/// Clue number `n` of batch number `batch`: a small square somewhere in the tiny reserve.
pub fn a_clue(batch: u64, n: u64) -> Entry {
    let batch_id = BatchId::seeded(batch);
    let step = |k: u64, of: u64| (n * k % of) as f64 / of as f64;
    let body = ClueReceived {
        clue_id: ClueId::seeded(n),
        batch_id,
        source_kind: "satellite".to_owned(),
        received_on: date(2019, 8, 16),
        place: SourcePlace {
            file_name: format!("疑似图斑-{batch}.geojson"),
            feature: Some(n + 1),
            ..SourcePlace::default()
        },
        is_confidential: false,
        facts: ClueFacts {
            external_code: Some(format!("TB-{n:05}")),
            facility_name: Some(format!("疑似采石场{n}号")),
            summary: Some("林地变为裸地，疑似采石取土".to_owned()),
            activity_type_code: Some("quarry".to_owned()),
            stated_area_m2: Some(1234.5 + n as f64),
            area_m2: Some(1200.25 + n as f64),
            change_kind: Some("new".to_owned()),
            shape: Some(square(
                106.0 + 0.299 * step(7919, 10_007),
                35.5 + 0.099 * step(104_729, 10_009),
                0.0005,
            )),
            ..ClueFacts::default()
        },
        carried_over: None,
        determination: None,
    };
    entry(StreamId::clue_batch(batch_id), body)
}

/// Site number `n`, registered from clue number `n` of batch 1, as a point in the tiny reserve.
pub fn a_site(n: u64) -> Entry {
    let site_id = SiteId::seeded(n);
    let body = SiteRegistered {
        site_id,
        site_code: format!("CS-2019-{n:04}"),
        reserve_code: RESERVE_CODE.to_owned(),
        campaign_id: "lvdun-2019".to_owned(),
        basis: Basis::Clue {
            clue_id: ClueId::seeded(n),
            batch_id: BatchId::seeded(1),
        },
        facts: SiteFacts {
            facility_name: Some(format!("采石场{n}号")),
            activity_type_code: Some("quarry".to_owned()),
            lon: Some(106.0 + 0.001 * (n % 300) as f64),
            lat: Some(35.55),
            station_id: Some("houhe".to_owned()),
            ..SiteFacts::default()
        },
    };
    entry(StreamId::site(site_id), body)
}

/// Further facts of site number `n`, stated by a person.
pub fn amended(n: u64, facts: SiteFacts) -> Entry {
    let basis = Basis::Person {
        reason: "现场补充".to_owned(),
    };
    entry(
        StreamId::site(SiteId::seeded(n)),
        SiteAmended { basis, facts },
    )
}

/// Clue number `clue` of batch 1 linked to site number `site`.
pub fn linked(site: u64, clue: u64) -> Entry {
    let body = ClueLinked {
        clue_id: ClueId::seeded(clue),
        batch_id: BatchId::seeded(1),
        source_kind: "satellite".to_owned(),
        external_code: Some(format!("TB-{clue:05}")),
        received_on: date(2019, 8, 16),
        rule: "first_clue".to_owned(),
        distance_m: None,
        iou: None,
        overlap_m2: None,
        reason: None,
    };
    entry(StreamId::site(SiteId::seeded(site)), body)
}

/// The link of a clue undone.
pub fn unlinked(site: u64, clue: u64) -> Entry {
    let body = ClueUnlinked {
        clue_id: ClueId::seeded(clue),
        reason: "并非同一处".to_owned(),
    };
    entry(StreamId::site(SiteId::seeded(site)), body)
}

/// Clue number `clue` of batch 1 screened as lying outside.
pub fn screened(clue: u64) -> Entry {
    let body = ClueScreened {
        clue_id: ClueId::seeded(clue),
        rule: "outside_reserve".to_owned(),
        measured: Some(812.5),
        threshold: Some(500.0),
        duplicate_of: None,
        reason: None,
    };
    entry(StreamId::clue_batch(BatchId::seeded(1)), body)
}

/// A field verification of site number `n` that finds an issue.
pub fn a_verification(n: u64, conclusion: &str) -> Entry {
    let member = |post: &str| TeamMember {
        post: post.to_owned(),
        unit: Some("后河保护站".to_owned()),
    };
    let body = VerificationRecorded {
        round: "first".to_owned(),
        method: "field".to_owned(),
        verified_on: date(2019, 8, 18),
        team: vec![member("站长"), member("护林员")],
        lon: None,
        lat: None,
        is_in_reserve: Some("yes".to_owned()),
        clue_truth: None,
        condition_text: Some("采坑一处，设备已撤".to_owned()),
        ecological_effect: None,
        conclusion: conclusion.to_owned(),
        suggestion_text: None,
        suggested_disposal: None,
        photo_count: None,
        judged_facts: std::collections::BTreeMap::new(),
        evidence: vec![],
        facts: SiteFacts {
            has_issue: Some("yes".to_owned()),
            ..SiteFacts::default()
        },
        basis: Basis::Person {
            reason: "现场核查".to_owned(),
        },
        ..VerificationRecorded::default()
    };
    Entry {
        author: station_head(),
        ..entry(StreamId::site(SiteId::seeded(n)), body)
    }
}

/// A permit of site number `n`.
pub fn a_permit(n: u64, document_number: &str) -> Entry {
    let body = PermitRecorded {
        permit_kind: "mining_licence".to_owned(),
        document_number: Some(document_number.to_owned()),
        issuer: Some("县自然资源局".to_owned()),
        issued_on: "2015-03".parse().ok(),
        valid_to_on: None,
        holder: None,
        area_m2: None,
        is_absent: false,
        note: None,
        basis: Basis::Person {
            reason: "查阅档案".to_owned(),
        },
    };
    entry(StreamId::site(SiteId::seeded(n)), body)
}

/// An issue of 绿盾2018 carried over to site number `n`.
pub fn carried_over(n: u64) -> Entry {
    let body = IssueCarriedOver {
        source_kind: "lvdun_2018".to_owned(),
        external_code: Some(format!("2018-{n}")),
        description: Some("采石破坏植被".to_owned()),
        measures: None,
        responsible_unit: None,
        responsible_person: None,
        due_on: "2018-12".parse().ok(),
        progress: Some("整改中".to_owned()),
        basis: Basis::Person {
            reason: "历史台账".to_owned(),
        },
    };
    entry(StreamId::site(SiteId::seeded(n)), body)
}

/// The city's ruling on the issue of 绿盾2018 of site number `n`.
pub fn a_determination(n: u64, result: &str) -> Entry {
    let body = DeterminationRecorded {
        source_kind: "lvdun_2018".to_owned(),
        external_code: None,
        level: "city".to_owned(),
        authority: Some("市生态环境局".to_owned()),
        result: result.to_owned(),
        determined_on: Some(date(2019, 3, 1)),
        document_number: None,
        basis: Basis::Person {
            reason: "市级认定".to_owned(),
        },
    };
    entry(StreamId::site(SiteId::seeded(n)), body)
}

/// Patrol number `n` of 后河: four hours, three people, one finding.
pub fn a_patrol(n: u64) -> Entry {
    let patrol_id = PatrolId::seeded(n);
    let body = PatrolRecorded {
        patrol_id,
        reserve_code: RESERVE_CODE.to_owned(),
        station_id: "houhe".to_owned(),
        kind: "routine".to_owned(),
        route_id: None,
        plan_month: None,
        started_at: later(1, 1),
        ended_at: later(1, 5),
        leader: "后河保护站护林员".to_owned(),
        members: Vec::new(),
        head_count: 3,
        units: Vec::new(),
        modes: vec!["foot".to_owned()],
        weather: Some("晴".to_owned()),
        wind: None,
        temperature_c: None,
        altitude_start_m: None,
        altitude_max_m: None,
        tools: Vec::new(),
        vehicles: Vec::new(),
        content_items: Vec::new(),
        findings: vec![PatrolFinding {
            kind: "grazing".to_owned(),
            at: later(1, 2),
            lon: Some(106.51),
            lat: Some(35.55),
            severity: None,
            action: None,
            note: Some("羊群进入沟口".to_owned()),
            evidence: Vec::new(),
            clue_id: None,
            site_id: None,
        }],
        tracks: vec![TrackId::seeded(n)],
        conclusion: "abnormal".to_owned(),
        summary: "沟口有放牧，已劝离。".to_owned(),
        source: None,
        basis: Some("desk".to_owned()),
        reason: None,
        field: None,
    };
    Entry {
        author: station_head(),
        ..entry(StreamId::patrol(patrol_id), body)
    }
}

/// The track of patrol number `n`: two segments with a gap between them.
pub fn a_track(n: u64) -> Entry {
    let patrol_id = PatrolId::seeded(n);
    let segment = |east: f64, hours: i64| Segment {
        started_at: Some(later(1, hours)),
        ended_at: Some(later(1, hours + 1)),
        length_m: 906.0,
        shape: Shape(
            geo_types::LineString::from(vec![
                (106.50 + east, 35.55),
                (106.51 + east, 35.55 + n as f64 * 1e-4),
            ])
            .into(),
        ),
    };
    let body = TrackRecorded {
        track_id: TrackId::seeded(n),
        patrol_id,
        reserve_code: RESERVE_CODE.to_owned(),
        station_id: Some("houhe".to_owned()),
        sha256: format!("{n:064x}"),
        format: "gpx".to_owned(),
        recorded_by: None,
        subject: None,
        started_at: Some(later(1, 1)),
        ended_at: Some(later(1, 4)),
        fixes_read: 400,
        fixes_distinct: 390,
        fixes_refused: 2,
        length_m: 1_812.0,
        moving_s: 5_400,
        gap_s: 3_600,
        segments: vec![segment(0.0, 1), segment(0.02, 3)],
        fingerprint: format!("{n:064x}"),
    };
    Entry {
        author: station_head(),
        ..entry(StreamId::patrol(patrol_id), body)
    }
}

/// Patrol number `n` read and accepted by the area lead.
pub fn a_patrol_review(n: u64) -> Entry {
    let patrol_id = PatrolId::seeded(n);
    let body = PatrolReviewed {
        patrol_id,
        of: a_patrol(n).id,
        result: "accepted".to_owned(),
        reason: None,
    };
    Entry {
        author: area_lead(),
        ..entry(StreamId::patrol(patrol_id), body)
    }
}
