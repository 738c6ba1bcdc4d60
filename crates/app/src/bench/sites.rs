//! 大簿 — a demonstration register filled with synthetic sites, to look at lists and maps at size.

use std::io::Write;
use std::path::Path;

use anyhow::{Result, bail};
use domain::codes::ZoneKind;
use domain::entries::{Basis, SiteFacts, SiteRegistered};
use domain::entry::Entry;
use domain::ids::{EntryId, SiteId, StreamId};
use domain::shape::Shape;
use geo_types::Geometry;
use register::scan::load_layer;
use spatial::gpb::Blob;

use super::pieces;

use crate::session::{Session, Setting, reserve_box};

/// Entries of one append.
const BATCH: usize = 2_000;
/// Sites of one row of the pattern that is laid over the reserve.
const COLUMNS: usize = 400;

/// Appends a site for every polygon of the only layer of a GeoPackage (columns `category`, `zone`, `reserve`), each as a
/// patch seen from above; only to a register that says it is a demonstration.
pub fn run_from(mut session: Session, path: &Path) -> Result<()> {
    if !session.is_demonstration {
        bail!("synthetic sites are for demonstration registers only");
    }
    let layer = load_layer(path, None)?;
    let mut count = 0;
    for range in pieces(&layer)? {
        let mut entries = Vec::new();
        layer.scan("reserve", &range, |feature| {
            let blob = feature.blob.and_then(|b| Blob::parse(b).ok());
            if let Some(shape) = blob.and_then(|b| b.decode().ok()) {
                let reserve = feature.number.unwrap_or(0);
                entries.push(outlined(&session, count, reserve, shape));
                count += 1;
            }
            Ok::<(), anyhow::Error>(())
        })?;
        for batch in entries.chunks(BATCH) {
            session.register.append(batch, session.now)?;
        }
    }
    tell(&session, count)
}

/// A site of an outline: the codes that the harness gives by number, each from its own list.
fn outlined(session: &Session, n: usize, reserve: i64, shape: Geometry<f64>) -> Entry {
    let code = |purpose: &str, n: usize| {
        let list = session.campaign.find_list(&session.codes, purpose);
        let codes = list.map_or(&[][..], |l| &l.codes);
        codes.get(n % codes.len().max(1)).map(|c| c.code.clone())
    };
    let point = crate::geography::representative(&shape);
    let facts = SiteFacts {
        facility_name: Some(format!("演示合成图斑{n:07}")),
        activity_type_code: code("activity", n / 3),
        lon: point.map(|p| crate::geography::degrees(p.x())),
        lat: point.map(|p| crate::geography::degrees(p.y())),
        zone_kind: Some(ZoneKind::ALL[n % 3].code().to_owned()),
        station_id: Some(format!("r{reserve}")),
        area_m2: Some((spatial::geodesic::area_m2(&shape) * 100.0).round() / 100.0),
        current_status: code("current_status", n / 7),
        shape: Some(Shape(shape)),
        ..SiteFacts::default()
    };
    registered(session, n, facts)
}

/// Appends `count` sites spread over the reserve's box; only to a register that says it is a demonstration.
pub fn run(mut session: Session, count: usize) -> Result<()> {
    if !session.is_demonstration {
        bail!("synthetic sites are for demonstration registers only");
    }
    let setting = Setting::load(&session.register)?;
    let Some(area) = reserve_box(&session.register, &setting)? else {
        bail!("the register has no boundary yet");
    };
    let numbers: Vec<usize> = (0..count).collect();
    for batch in numbers.chunks(BATCH) {
        let entries: Vec<Entry> = batch
            .iter()
            .map(|n| site(&session, area, *n, count))
            .collect();
        session.register.append(&entries, session.now)?;
    }
    tell(&session, count)
}

fn tell(session: &Session, count: usize) -> Result<()> {
    let told = serde_json::json!({ "sites": count, "log_size": session.register.log_size()? });
    writeln!(std::io::stdout().lock(), "{told}")?;
    Ok(())
}

fn site(session: &Session, [west, south, east, north]: [f64; 4], n: usize, count: usize) -> Entry {
    let campaign = &session.campaign;
    let rows = count.div_ceil(COLUMNS).max(1);
    let station = campaign.stations.get(n % campaign.stations.len().max(1));
    let activities = campaign.find_list(&session.codes, "activity");
    let activity = activities.and_then(|l| l.codes.get(n / 3 % l.codes.len().max(1)));
    let facts = SiteFacts {
        facility_name: Some(format!("演示合成点位{n:06}")),
        activity_type_code: activity.map(|a| a.code.clone()),
        lon: Some(west + (east - west) * ((n % COLUMNS) as f64 + 0.5) / COLUMNS as f64),
        lat: Some(south + (north - south) * ((n / COLUMNS) as f64 + 0.5) / rows as f64),
        zone_kind: Some(ZoneKind::ALL[n / 7 % 3].code().to_owned()),
        station_id: station.map(|s| s.id.clone()),
        township: Some(format!("演示{}乡", n % 11)),
        village: Some(format!("演示{}村", n % 97)),
        stated_area_m2: Some(100.0 + (n * 7919 % 20_000) as f64),
        current_status: Some("operating".to_owned()),
        owner_name: Some(format!("演示业主{}", n % 5_003)),
        ..SiteFacts::default()
    };
    registered(session, n, facts)
}

fn registered(session: &Session, n: usize, facts: SiteFacts) -> Entry {
    let seed: [&[u8]; 2] = [b"bench sites", &(n as u64).to_be_bytes()];
    let site_id = SiteId::derived(session.now, &seed);
    let reserve = &session.reserve;
    let body = SiteRegistered {
        site_id,
        site_code: format!("{}-合成-{n:06}", session.campaign.year),
        reserve_code: reserve.reserve_code.clone(),
        campaign_id: session.campaign.id.clone(),
        basis: Basis::Person {
            reason: "演示合成".to_owned(),
        },
        facts,
    };
    Entry {
        id: EntryId::derived(session.now, &seed),
        stream: StreamId::site(site_id),
        based_on: None,
        body: body.into(),
        author: session.author(),
        occurred_at: session.now,
        clocks: None,
        stamp: None,
    }
}
