//! Patches laid over zones: the area of each patch in each zone, and the zone with the most of it.

use std::io::Write;
use std::ops::RangeInclusive;
use std::path::Path;

use anyhow::Result;
use register::scan::{Feature, Layer, load_layer};
use spatial::authalic::EllipsoidArea;
use spatial::gpb::Blob;
use spatial::overlay::{OutlineIndex, OutlinePart, Scratch, Shape, Share};

use super::{create, in_order, pieces, push_fixed, push_integer};

/// Pairs with less area are no pairs.
const LEAST_AREA_M2: f64 = 0.01;

/// What was read and found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    /// Zones read.
    pub zones: u64,
    /// Patches read.
    pub patches: u64,
    /// Patches and zones without a readable area or number; they are left out.
    pub unreadable: u64,
    /// Pairs of patch and zone.
    pub pairs: u64,
}

/// Zones with their numbers, ready to lay patches over.
struct Zones {
    index: OutlineIndex,
    numbers: Vec<i64>,
}

/// The lines of one range of patches.
#[derive(Default)]
struct Lines {
    areas: Vec<u8>,
    best: Vec<u8>,
    report: Report,
}

/// Memory of one thread.
#[derive(Default)]
struct State {
    shape: Shape,
    scratch: Scratch,
    shares: Vec<Share>,
}

/// Lays the only layer of `patches` (column `pid`) over the only layer of `zones` (column `zid`) and writes
/// `areas.csv` and `best.csv` into `out`.
pub fn run(patches: &Path, zones: &Path, out: &Path) -> Result<Report> {
    let (zones, mut report) = read_zones(&load_layer(zones, None)?)?;
    let patches = load_layer(patches, None)?;
    let mut areas = create(&out.join("areas.csv"), "pid,zid,area_m2\n")?;
    let mut best = create(&out.join("best.csv"), "pid,zid,area_m2,share\n")?;
    let ranges = pieces(&patches)?;
    let work = |state: &mut State, range: &RangeInclusive<i64>| {
        overlay_range(&patches, range, &zones, state)
    };
    in_order(&ranges, State::default, work, |lines: Lines| {
        report.patches += lines.report.patches;
        report.unreadable += lines.report.unreadable;
        report.pairs += lines.report.pairs;
        areas.write_all(&lines.areas)?;
        Ok(best.write_all(&lines.best)?)
    })?;
    areas.flush()?;
    best.flush()?;
    Ok(report)
}

fn read_zones(layer: &Layer) -> Result<(Zones, Report)> {
    let (mut parts, mut numbers, mut report) = (Vec::new(), Vec::new(), Report::default());
    let ranges = pieces(layer)?;
    in_order(
        &ranges,
        || (),
        |(), range| read_zone_range(layer, range),
        |(part, own, unreadable)| {
            parts.push(part);
            numbers.extend(own);
            report.unreadable += unreadable;
            Ok(())
        },
    )?;
    report.zones = numbers.len() as u64;
    Ok((
        Zones {
            index: OutlineIndex::build(parts)?,
            numbers,
        },
        report,
    ))
}

fn read_zone_range(
    layer: &Layer,
    range: &RangeInclusive<i64>,
) -> Result<(OutlinePart, Vec<i64>, u64)> {
    let mut part = OutlinePart::with_capacity(usize::try_from(layer.blob_bytes(range)? / 16)?);
    let (mut numbers, mut unreadable) = (Vec::new(), 0);
    layer.scan("zid", range, |feature| {
        let (Some(number), Some(blob)) = (
            feature.number,
            feature.blob.and_then(|b| Blob::parse(b).ok()),
        ) else {
            unreadable += 1;
            return Ok::<(), anyhow::Error>(());
        };
        match part.add_blob(&blob) {
            Ok(sound) => {
                numbers.push(number);
                unreadable += u64::from(!sound);
            }
            Err(_) => unreadable += 1,
        }
        Ok(())
    })?;
    Ok((part, numbers, unreadable))
}

fn overlay_range(
    layer: &Layer,
    range: &RangeInclusive<i64>,
    zones: &Zones,
    state: &mut State,
) -> Result<Lines> {
    let mut lines = Lines::default();
    layer.scan("pid", range, |feature| {
        lines.report.patches += 1;
        if overlay_patch(feature, zones, state, &mut lines).is_none() {
            lines.report.unreadable += 1;
        }
        Ok::<(), anyhow::Error>(())
    })?;
    Ok(lines)
}

/// Writes the lines of one patch; `None` if it has no number or no readable area.
fn overlay_patch(
    feature: Feature<'_>,
    zones: &Zones,
    state: &mut State,
    lines: &mut Lines,
) -> Option<()> {
    let pid = feature.number?;
    let State {
        shape,
        scratch,
        shares,
    } = state;
    if !shape
        .read_polygons(&Blob::parse(feature.blob?).ok()?)
        .ok()?
    {
        return None;
    }
    let bounds = shape.bounds();
    let measure = EllipsoidArea::between(bounds.min[1], bounds.max[1]);
    let total = shape.total(&measure);
    zones.index.overlay(shape, &measure, total, scratch, shares);
    shares.retain(|share| share.measure > LEAST_AREA_M2);
    for share in shares.iter() {
        push_pair(
            &mut lines.areas,
            pid,
            zones.numbers[share.outline as usize],
            share.measure,
        );
        lines.areas.push(b'\n');
    }
    lines.report.pairs += shares.len() as u64;
    let zid = |share: &Share| zones.numbers[share.outline as usize];
    let most = |a: &&Share, b: &&Share| a.measure.total_cmp(&b.measure).then(zid(b).cmp(&zid(a)));
    if let Some(best) = shares.iter().max_by(most) {
        push_pair(&mut lines.best, pid, zid(best), best.measure);
        lines.best.push(b',');
        push_fixed(&mut lines.best, best.measure / total, 6);
        lines.best.push(b'\n');
    }
    Some(())
}

fn push_pair(out: &mut Vec<u8>, pid: i64, zid: i64, area_m2: f64) {
    push_integer(out, pid);
    out.push(b',');
    push_integer(out, zid);
    out.push(b',');
    push_fixed(out, area_m2, 2);
}
