//! 日志速率 — entries appended in batches, projections rebuilt, everything verified: rates as lines of JSON.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use domain::entries::{ClueFacts, ClueReceived, SourcePlace};
use domain::entry::{Author, Entry};
use domain::ids::{BatchId, ClueId, EntryId, StreamId};
use domain::shape::Shape;
use geo_types::{Geometry, Point};
use jiff::Timestamp;
use register::{Address, DatabaseAddress, Opening, Register};

/// Entries of one append.
const BATCH: u64 = 1_000;

/// Appends `count` clues in batches to a fresh register, rebuilds it and verifies it. It lies in the folder, or in an
/// empty database.
pub fn run(count: u64, folder: Option<&Path>, database: Option<DatabaseAddress>) -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let folder = folder.map_or_else(|| temporary.path().join("home"), Path::to_path_buf);
    let at = match database {
        Some(database) => Address::of(folder).in_database(database),
        None => Address::of(folder),
    };
    let author = Author {
        actor: "测速".into(),
        role: "operator".into(),
        unit: String::new(),
    };
    let opened_at = Timestamp::UNIX_EPOCH;
    let opening = Opening {
        node: "bench".into(),
        is_demonstration: true,
        opened_at,
        author: author.clone(),
    };
    let mut register = Register::create(&at, &opening)?;
    let batches: Vec<Vec<Entry>> = (0..count.div_ceil(BATCH))
        .map(|b| batch(b, count, &author))
        .collect();
    let rate = phase("append", count, || {
        batches
            .iter()
            .try_for_each(|b| register.append(b, opened_at).map(|_| ()))
    })?;
    let rebuilt = phase("rebuild", count, || register.rebuild())?;
    let verified = phase("verify", count, || register.verify().map(|_| ()))?;
    let mut out = std::io::stdout().lock();
    let figures = serde_json::json!({
        "n": count, "append_per_s": rate, "rebuild_per_s": rebuilt, "verify_per_s": verified,
        "root_hash": register.head()?.root_hex(),
    });
    writeln!(out, "{figures}")?;
    Ok(())
}

fn phase(
    name: &str,
    count: u64,
    work: impl FnOnce() -> Result<(), register::Error>,
) -> Result<u64> {
    let start = Instant::now();
    work()?;
    let seconds = start.elapsed().as_secs_f64();
    writeln!(
        std::io::stdout().lock(),
        "{}",
        serde_json::json!({ "phase": name, "s": seconds })
    )?;
    Ok((count as f64 / seconds) as u64)
}

fn batch(number: u64, count: u64, author: &Author) -> Vec<Entry> {
    let batch_id = BatchId::derived(Timestamp::UNIX_EPOCH, &[&number.to_be_bytes()]);
    let clues =
        (number * BATCH..count.min((number + 1) * BATCH)).map(|n| clue(n, batch_id, author));
    clues.collect()
}

fn clue(n: u64, batch_id: BatchId, author: &Author) -> Entry {
    let clue_id = ClueId::derived(Timestamp::UNIX_EPOCH, &[&n.to_be_bytes()]);
    let (lon, lat) = (
        106.44 + (n % 1000) as f64 * 1.8e-4,
        35.39 + (n / 1000) as f64 * 2.5e-3,
    );
    let facts = ClueFacts {
        external_code: Some(format!("201901-62-N1-013-MD-{n:06}")),
        facility_name: Some(format!("测速点位{n}")),
        activity_type_code: Some("A04".into()),
        stated_area_m2: Some(1000.0 + n as f64),
        shape: Some(Shape(Geometry::Point(Point::new(lon, lat)))),
        ..ClueFacts::default()
    };
    let body = ClueReceived {
        clue_id,
        batch_id,
        source_kind: "remote_sensing".into(),
        received_on: jiff::civil::date(2019, 7, 22),
        place: SourcePlace {
            file_name: "bench".into(),
            row: Some(n),
            ..SourcePlace::default()
        },
        is_confidential: false,
        facts,
        carried_over: None,
        determination: None,
    };
    Entry {
        id: EntryId::derived(Timestamp::UNIX_EPOCH, &[b"bench", &n.to_be_bytes()]),
        stream: StreamId::clue_batch(batch_id),
        based_on: None,
        body: body.into(),
        author: author.clone(),
        occurred_at: Timestamp::UNIX_EPOCH,
        clocks: None,
        stamp: None,
    }
}
