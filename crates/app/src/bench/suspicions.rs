//! 查疑规模 — a demonstration register filled with issues, a picture and an acceptance text each, one in a hundred copied
//! from the one before; then two nights of the search, timed by stage.

use std::cell::RefCell;
use std::io::{Cursor, Write};
use std::time::Instant;

use anyhow::{Result, bail};
use domain::entries::{
    AcceptanceRecorded, Basis, IssueCarriedOver, IssueOpened, ProgressReported, SiteFacts,
    SiteRegistered,
};
use domain::entry::{Entry, EntryBody};
use domain::ids::{EntryId, SiteId, StreamId};

use crate::session::Session;
use crate::suspecting::Stage;

/// Issues of one append.
const BATCH: usize = 200;

/// Numbers that repeat from run to run (splitmix64).
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

/// Fills the register with so many issues and searches it twice: all at once, then one in a hundred more.
pub fn run(mut session: Session, count: usize) -> Result<()> {
    if !session.is_demonstration {
        bail!("synthetic issues are for demonstration registers only");
    }
    fill(&mut session, 0, count)?;
    tell("first night", &mut session)?;
    fill(&mut session, count, count + count.div_ceil(100))?;
    tell("next night", &mut session)?;
    tell("nothing new", &mut session)
}

fn tell(night: &str, session: &mut Session) -> Result<()> {
    let stages: RefCell<Vec<(Stage, Instant)>> = RefCell::default();
    let began = Instant::now();
    let progress = |stage: Stage, _done: usize, _total: usize| {
        let mut stages = stages.borrow_mut();
        if stages.last().is_none_or(|(last, _)| *last != stage) {
            stages.push((stage, Instant::now()));
        }
    };
    let outcome = session.run_suspicions(false, &progress)?;
    let ended = Instant::now();
    let stages = stages.into_inner();
    let ends = stages.iter().skip(1).map(|(_, at)| *at).chain([ended]);
    let by_stage: serde_json::Map<String, serde_json::Value> = stages
        .iter()
        .zip(ends)
        .map(|((stage, from), to)| {
            let seconds = to.duration_since(*from).as_secs_f64();
            (stage.code().to_owned(), seconds.into())
        })
        .collect();
    let told = serde_json::json!({
        "night": night,
        "seconds": began.elapsed().as_secs_f64(),
        "by_stage": by_stage,
        "photos": outcome.photos, "photos_new": outcome.photos_new,
        "texts": outcome.texts, "texts_new": outcome.texts_new,
        "issues_checked": outcome.issues_checked,
        "found": outcome.found, "by_suspicion": outcome.by_suspicion,
    });
    writeln!(std::io::stdout().lock(), "{told}")?;
    Ok(())
}

fn fill(session: &mut Session, from: usize, to: usize) -> Result<()> {
    let numbers: Vec<usize> = (from..to).collect();
    for batch in numbers.chunks(BATCH) {
        let mut entries = Vec::new();
        for n in batch {
            entries.extend(issue(session, *n)?);
        }
        session.register.append(&entries, session.now)?;
    }
    Ok(())
}

/// Whether issue `n` hands in what issue `n - 1` did.
fn is_copy(n: usize) -> bool {
    n % 100 == 99
}

fn issue(session: &mut Session, n: usize) -> Result<Vec<Entry>> {
    let seed: [&[u8]; 2] = [b"bench suspicions", &(n as u64).to_be_bytes()];
    let site = SiteId::derived(session.now, &seed);
    let stream = StreamId::site(site);
    let entry = |session: &Session, body: EntryBody| {
        let kind = body.kind();
        Entry {
            id: EntryId::derived(session.now, &[seed[0], seed[1], kind.as_bytes()]),
            stream: stream.clone(),
            based_on: None,
            body,
            author: session.author(),
            occurred_at: session.now,
            clocks: None,
            stamp: None,
        }
    };
    let source = if is_copy(n) { n - 1 } else { n };
    let bytes = picture(source, if is_copy(n) { 60 } else { 85 })?;
    let size = bytes.len() as u64;
    let sha256 = session
        .register
        .put_blob(&mut bytes.as_slice(), size)?
        .sha256;
    let opened = entry(session, opened(session, n).into());
    let issue = opened.id;
    let today = session.today();
    let progress = ProgressReported {
        issue,
        to_on: today,
        text: "演示推进".to_owned(),
        evidence: vec![sha256],
        ..ProgressReported::default()
    };
    let accepted = AcceptanceRecorded {
        issue,
        level: "self".to_owned(),
        result: "passed".to_owned(),
        inspected_on: today,
        opinion: Some(words(source, n)),
        ..AcceptanceRecorded::default()
    };
    Ok(vec![
        entry(session, registered(session, site, n).into()),
        entry(session, carried_over().into()),
        opened,
        entry(session, progress.into()),
        entry(session, accepted.into()),
    ])
}

fn by_hand() -> Basis {
    Basis::Person {
        reason: "演示合成".to_owned(),
    }
}

fn registered(session: &Session, site_id: SiteId, n: usize) -> SiteRegistered {
    let station = session.campaign.stations.first().map(|s| s.id.clone());
    SiteRegistered {
        site_id,
        site_code: format!("{}-查疑-{n:06}", session.campaign.year),
        reserve_code: session.reserve.reserve_code.clone(),
        campaign_id: session.campaign.id.clone(),
        basis: by_hand(),
        facts: SiteFacts {
            facility_name: Some(format!("演示合成点位{n:06}")),
            station_id: station,
            lon: Some(106.3 + (n % 400) as f64 * 0.01),
            lat: Some(35.3 + (n / 400) as f64 * 0.01),
            ..SiteFacts::default()
        },
    }
}

pub(super) fn carried_over() -> IssueCarriedOver {
    IssueCarriedOver {
        source_kind: "lvdun_2018".to_owned(),
        external_code: None,
        description: None,
        measures: None,
        responsible_unit: None,
        responsible_person: None,
        due_on: None,
        progress: None,
        basis: by_hand(),
    }
}

pub(super) fn opened(session: &Session, n: usize) -> IssueOpened {
    let closing = session.campaign.closing.as_ref();
    let division = session.reserve.division_code.clone().unwrap_or_default();
    let requirements = closing.and_then(|c| c.requirements("A", &division));
    IssueOpened {
        issue_code: Some(format!("查疑-{n:06}")),
        external_code: None,
        characterization: None,
        carried_over_from: Some("lvdun_2018".to_owned()),
        reopens: None,
        source_kind: "lvdun_2018".to_owned(),
        description: "演示合成".to_owned(),
        severity: None,
        close_out_case: "A".to_owned(),
        case_reason: None,
        requirements: requirements.unwrap_or_default(),
        responsible_unit: format!("演示单位{}", n % 97),
        responsible_person: None,
        supervising_unit: None,
        area_lead: None,
        found_on: None,
        plan_due_on: None,
        due_on: None,
        band: None,
        demand: None,
    }
}

/// A small picture that no other resembles: noise at five scales, and patches of light and shade.
fn picture(n: usize, quality: u8) -> Result<Vec<u8>> {
    const WIDTH: usize = 256;
    const HEIGHT: usize = 192;
    let mut draw = Draw(n as u64 * 7_919 + 1);
    let mut plane = vec![110.0_f32; WIDTH * HEIGHT];
    for cell in [64_usize, 32, 16, 8, 4] {
        let across = WIDTH / cell + 2;
        let grid: Vec<f32> = (0..across * (HEIGHT / cell + 2))
            .map(|_| (draw.below(2_001) as f32 / 1_000.0 - 1.0) * (cell as f32).sqrt() * 7.0)
            .collect();
        for (at, value) in plane.iter_mut().enumerate() {
            let (x, y) = (at % WIDTH, at / WIDTH);
            let (fx, fy) = (
                (x % cell) as f32 / cell as f32,
                (y % cell) as f32 / cell as f32,
            );
            let corner = y / cell * across + x / cell;
            let above = grid[corner] * (1.0 - fx) + grid[corner + 1] * fx;
            let below = grid[corner + across] * (1.0 - fx) + grid[corner + across + 1] * fx;
            *value += above * (1.0 - fy) + below * fy;
        }
    }
    for _ in 0..25 {
        let (w, h) = (4 + draw.below(30), 4 + draw.below(24));
        let (left, top) = (draw.below(WIDTH - w), draw.below(HEIGHT - h));
        let shade = draw.below(120) as f32 - 60.0;
        for y in top..top + h {
            for value in &mut plane[y * WIDTH + left..y * WIDTH + left + w] {
                *value += shade;
            }
        }
    }
    let grey: Vec<u8> = plane
        .into_iter()
        .map(|v| v.clamp(0.0, 255.0) as u8)
        .collect();
    let mut out = Cursor::new(Vec::new());
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut out, quality);
    image::ImageEncoder::write_image(
        encoder,
        &grey,
        WIDTH as u32,
        HEIGHT as u32,
        image::ExtendedColorType::L8,
    )?;
    Ok(out.into_inner())
}

/// An acceptance text of words that follow from `source`, with the names and figures of `n`.
fn words(source: usize, n: usize) -> String {
    let mut draw = Draw(source as u64 * 104_729 + 3);
    let mut out = format!(
        "经现场核查，第{n}号点位于2019年{}月{}日完成整改，",
        1 + n % 12,
        1 + n % 28
    );
    for sentence in 0..6 {
        for _ in 0..8 + draw.below(8) {
            let share = draw.below(1_000) as f64 / 1_000.0;
            let word = (share.powi(3) * 4_000.0) as u32;
            let signs = [word * 7_919 % 3_001, word * 104_729 % 2_999];
            out.extend(
                signs
                    .into_iter()
                    .filter_map(|s| char::from_u32(0x4E00 + s * 2)),
            );
        }
        out.push_str(&format!("，面积{}平方米。", 10 + (n * 31 + sentence) % 900));
    }
    out
}
