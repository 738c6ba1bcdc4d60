//! New patches matched with old ones: the nearest centre within reach, and the likest outline.

use std::io::Write;
use std::ops::RangeInclusive;
use std::path::Path;

use anyhow::Result;
use register::scan::{Feature, Layer, load_layer};
use spatial::authalic::Albers;
use spatial::gpb::Blob;
use spatial::matching::{Known, MatchIndex, PositionIndex};
use spatial::overlay::{Clip, Shape};

use super::{create, in_order, pieces, push_fixed, push_integer};

/// How far apart two centres may lie.
const REACH_M: f64 = 100.0;
/// Likeness that is no match.
const LEAST_IOU: f64 = 0.1;

/// What was read and found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    /// Old patches read.
    pub old: u64,
    /// New patches with a match.
    pub matched: u64,
}

/// The patches of one range: number and something of each.
type Numbered<T> = Vec<(i64, T)>;

/// The nearest old centre (column `oid`) for each new patch (column `nid`), in the Albers plane of China, as
/// `match.csv`.
pub fn points(new: &Path, old: &Path, out: &Path) -> Result<Report> {
    let (new, old) = (load_layer(new, None)?, load_layer(old, None)?);
    let (mut numbers, mut centers) = (Vec::new(), Vec::new());
    each_range(
        &old,
        |shape, range| read_centers(&old, "oid", range, shape),
        |known| {
            numbers.extend(known.iter().map(|(number, _)| *number));
            centers.extend(known.iter().map(|(_, center)| *center));
            Ok(())
        },
    )?;
    let index = PositionIndex::build(&centers);
    let mut report = Report {
        old: numbers.len() as u64,
        matched: 0,
    };
    let mut csv = create(&out.join("match.csv"), "nid,oid,dist_m\n")?;
    let find = |shape: &mut Shape, range: &RangeInclusive<i64>| {
        let new = read_centers(&new, "nid", range, shape)?;
        Ok(lines(
            new.into_iter().filter_map(|(nid, center)| {
                let (at, distance_m) = index.nearest(center, REACH_M)?;
                Some((nid, numbers[at as usize], distance_m))
            }),
            3,
        ))
    };
    each_range(&new, find, |(bytes, count)| {
        report.matched += count;
        Ok(csv.write_all(&bytes)?)
    })?;
    csv.flush()?;
    Ok(report)
}

/// The old patch (column `oid`) with the greatest intersection over union for each new one (column `nid`), as
/// `iou.csv`.
pub fn iou(new: &Path, old: &Path, out: &Path) -> Result<Report> {
    let (new, old) = (load_layer(new, None)?, load_layer(old, None)?);
    let mut known = Vec::new();
    each_range(
        &old,
        |shape, range| read_known(&old, range, shape),
        |part| {
            known.extend(part);
            Ok(())
        },
    )?;
    let mut report = Report {
        old: known.len() as u64,
        matched: 0,
    };
    let index = MatchIndex::of(known);
    let mut csv = create(&out.join("iou.csv"), "nid,oid,iou\n")?;
    let find = |(shape, clip): &mut (Shape, Clip), range: &RangeInclusive<i64>| {
        let mut found = Vec::new();
        each_area(&new, "nid", range, shape, |nid, shape| {
            let best = index.likest(shape, LEAST_IOU, clip);
            found.extend(best.map(|(oid, iou)| (nid, oid, iou)));
        })?;
        Ok(lines(found.into_iter(), 6))
    };
    in_order(&pieces(&new)?, Default::default, find, |(bytes, count)| {
        report.matched += count;
        Ok(csv.write_all(&bytes)?)
    })?;
    csv.flush()?;
    Ok(report)
}

fn each_range<R: Send>(
    layer: &Layer,
    work: impl Fn(&mut Shape, &RangeInclusive<i64>) -> Result<R> + Sync,
    sink: impl FnMut(R) -> Result<()>,
) -> Result<()> {
    in_order(&pieces(layer)?, Shape::default, work, sink)
}

/// Calls `each` with number and shape of every readable area of a range.
fn each_area(
    layer: &Layer,
    number_column: &str,
    range: &RangeInclusive<i64>,
    shape: &mut Shape,
    mut each: impl FnMut(i64, &Shape),
) -> Result<()> {
    layer.scan(number_column, range, |feature: Feature<'_>| {
        if let (Some(number), Some(blob)) = (
            feature.number,
            feature.blob.and_then(|b| Blob::parse(b).ok()),
        ) && matches!(shape.read_polygons(&blob), Ok(true))
        {
            each(number, shape);
        }
        Ok::<(), anyhow::Error>(())
    })
}

fn read_centers(
    layer: &Layer,
    number_column: &str,
    range: &RangeInclusive<i64>,
    shape: &mut Shape,
) -> Result<Numbered<[f64; 2]>> {
    let albers = Albers::china();
    let mut centers = Vec::new();
    each_area(layer, number_column, range, shape, |number, shape| {
        centers.extend(
            shape
                .area_centroid()
                .map(|center| (number, albers.forward(center))),
        );
    })?;
    Ok(centers)
}

/// The old patches of a range, measured.
fn read_known(
    layer: &Layer,
    range: &RangeInclusive<i64>,
    shape: &mut Shape,
) -> Result<Vec<Known<i64>>> {
    let mut known = Vec::new();
    each_area(layer, "oid", range, shape, |number, shape| {
        known.push(Known::new(number, shape.clone()));
    })?;
    Ok(known)
}

/// Lines `number,number,value` and how many.
fn lines(rows: impl Iterator<Item = (i64, i64, f64)>, decimals: u32) -> (Vec<u8>, u64) {
    let (mut bytes, mut count) = (Vec::new(), 0);
    for (a, b, value) in rows {
        push_integer(&mut bytes, a);
        bytes.push(b',');
        push_integer(&mut bytes, b);
        bytes.push(b',');
        push_fixed(&mut bytes, value, decimals);
        bytes.push(b'\n');
        count += 1;
    }
    (bytes, count)
}
