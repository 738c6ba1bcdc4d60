//! GeoPackage geometry: the header with its envelope, and the five functions that R-tree triggers ask for.

use geo_types::Geometry;
use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};

use crate::constraints::failed;
use crate::error::Error;
use crate::wkb::{self, Envelope, SRS_ID};

/// The geometry as a GeoPackage stores it: header, envelope, little-endian WKB.
pub(crate) fn encode(geometry: &Geometry<f64>) -> Vec<u8> {
    let (wkb, envelope) = wkb::encode(geometry);
    let mut blob = Vec::with_capacity(40 + wkb.len());
    blob.extend_from_slice(b"GP\0");
    // Bit 0: little-endian; bits 1–3: envelope [minx, maxx, miny, maxy]; bit 4: empty.
    blob.push(if envelope.is_some() {
        0b0_0011
    } else {
        0b1_0001
    });
    blob.extend_from_slice(&SRS_ID.to_le_bytes());
    if let Some(envelope) = envelope {
        for side in [
            envelope.min[0],
            envelope.max[0],
            envelope.min[1],
            envelope.max[1],
        ] {
            blob.extend_from_slice(&side.to_le_bytes());
        }
    }
    blob.extend_from_slice(&wkb);
    blob
}

/// The envelope in the header of a geometry written by [`encode`]; `None` where it is empty or has none.
///
/// Only envelopes of our own layers are asked for; other programs write them for every geometry but points, whose
/// coordinates are read instead.
pub(crate) fn envelope(blob: &[u8]) -> Option<Envelope> {
    let flags = *blob.get(3)?;
    if !blob.starts_with(b"GP") || flags & 0b1_0000 != 0 {
        return None;
    }
    let is_little = flags & 1 == 1;
    match (flags >> 1) & 7 {
        0 => point_of(blob.get(8..)?),
        1..=4 => {
            let side = |n: usize| number_at(blob, 8 + 8 * n, is_little);
            Some(Envelope {
                min: [side(0)?, side(2)?],
                max: [side(1)?, side(3)?],
            })
        }
        _ => None,
    }
}

fn point_of(wkb: &[u8]) -> Option<Envelope> {
    let is_little = *wkb.first()? == 1;
    let kind: [u8; 4] = wkb.get(1..5)?.try_into().ok()?;
    let kind = if is_little {
        u32::from_le_bytes(kind)
    } else {
        u32::from_be_bytes(kind)
    };
    let place = [
        number_at(wkb, 5, is_little)?,
        number_at(wkb, 13, is_little)?,
    ];
    (kind % 1000 == 1 && place.iter().all(|n| n.is_finite())).then_some(Envelope {
        min: place,
        max: place,
    })
}

fn number_at(bytes: &[u8], at: usize, is_little: bool) -> Option<f64> {
    let bytes: [u8; 8] = bytes.get(at..at + 8)?.try_into().ok()?;
    Some(if is_little {
        f64::from_le_bytes(bytes)
    } else {
        f64::from_be_bytes(bytes)
    })
}

/// Gives a connection the functions that the R-tree triggers of a GeoPackage call.
pub(crate) fn register_functions(db: &Connection) -> Result<(), Error> {
    type Side = fn(&Envelope) -> f64;
    let sides: [(&str, Side); 4] = [
        ("ST_MinX", |e| e.min[0]),
        ("ST_MaxX", |e| e.max[0]),
        ("ST_MinY", |e| e.min[1]),
        ("ST_MaxY", |e| e.max[1]),
    ];
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    let refused = || failed("take the spatial functions");
    for (name, side) in sides {
        db.create_scalar_function(name, 1, flags, move |ctx| {
            Ok(of_argument(ctx).as_ref().map(side))
        })
        .map_err(refused())?;
    }
    db.create_scalar_function("ST_IsEmpty", 1, flags, |ctx| Ok(of_argument(ctx).is_none()))
        .map_err(refused())
}

fn of_argument(ctx: &Context<'_>) -> Option<Envelope> {
    envelope(ctx.get_raw(0).as_blob().ok()?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;
    use geo_types::{MultiPolygon, Point, line_string, polygon};

    #[test]
    fn the_header_holds_the_envelope() {
        let shape =
            Geometry::Polygon(polygon![(x: 106., y: 35.), (x: 107., y: 35.), (x: 107., y: 36.5)]);
        let blob = encode(&shape);
        assert_eq!(&blob[..8], b"GP\0\x03\x8a\x11\0\0");
        assert_eq!(
            envelope(&blob),
            Some(Envelope {
                min: [106., 35.],
                max: [107., 36.5]
            })
        );
        assert_eq!(blob.len(), 8 + 32 + 1 + 4 + 4 + 4 + 4 * 16);
    }

    #[test]
    fn nothing_is_empty() {
        for shape in [
            Geometry::MultiPolygon(MultiPolygon(vec![])),
            Geometry::LineString(line_string![]),
        ] {
            assert_eq!(envelope(&encode(&shape)), None);
        }
    }

    #[test]
    fn a_point_without_envelope_is_read_from_its_place() {
        let with = encode(&Geometry::Point(Point::new(106.5, 35.5)));
        let mut without = with[..8].to_vec();
        without[3] = 1;
        without.extend_from_slice(&with[40..]);
        assert_eq!(envelope(&without), envelope(&with));
    }

    #[test]
    fn no_cut_or_changed_blob_breaks_the_reader() {
        let blob = encode(&Geometry::Point(Point::new(1., 2.)));
        for end in 0..blob.len() {
            envelope(&blob[..end]);
            let mut changed = blob.clone();
            changed[end] ^= 0xff;
            envelope(&changed);
        }
    }
}
