//! 离线底图 — what a pack carries around its sites: the office's own layers, the shade of the ground, small copies of
//! photos; all of it near one's own territory and no farther.

use std::collections::VecDeque;
use std::io::{Cursor, Read};
use std::path::PathBuf;
use std::sync::Mutex;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use domain::dossier::Dossier;
use domain::entries::BackgroundAdopted;
use geo::{BoundingRect, Intersects, Simplify};
use geo_types::{Coord, Geometry, LineString, MultiLineString, Rect};
use image::ImageFormat;
use serde_json::{Value, json};
use spatial::bounds::Limits;
use spatial::formats;

use crate::error::Error;
use crate::session::Session;

/// Ground beyond the territory, degrees: some two kilometres.
const MARGIN: f64 = 0.02;
/// Lines stay within this of what is drawn at the desk, degrees: some five metres.
const GRAIN: f64 = 0.000_05;
/// Drawn files larger than this are for the desk.
const LARGEST_DRAWN: u64 = 64 << 20;
/// Sides of a small copy, pixels; photos of one site; new ones made for one pack, so that none waits long for it.
const SMALL: u32 = 360;
const OF_ONE_SITE: usize = 3;
const NEW_ONES: usize = 24;
/// Bytes of all copies in a pack.
const MOST_PICTURES: usize = 6 << 20;
/// Relief finer than this is for the desk, pixels of a side.
const MOST_PIXELS: u32 = 1_500;

/// The box of one's own territory with some ground around it; nothing where no station has one.
pub(super) fn territory(session: &Session, station_ids: &[String]) -> Result<Option<Rect>, Error> {
    let reserve = &session.reserve.reserve_code;
    let adopted = session
        .register
        .latest_stations(reserve, domain::as_of::AsOf::Now)?;
    let stations = adopted.into_iter().flat_map(|s| s.body.stations);
    let own = stations.filter(|s| station_ids.contains(&s.station_id));
    let boxes = own.filter_map(|s| s.shape.0.bounding_rect());
    let all = boxes.reduce(|a, b| {
        let (low, high) = (a.min(), a.max());
        let (l, h) = (b.min(), b.max());
        Rect::new(
            Coord {
                x: low.x.min(l.x),
                y: low.y.min(l.y),
            },
            Coord {
                x: high.x.max(h.x),
                y: high.y.max(h.y),
            },
        )
    });
    let margin = Coord {
        x: MARGIN,
        y: MARGIN,
    };
    Ok(all.map(|r| Rect::new(r.min() - margin, r.max() + margin)))
}

fn credit(body: &BackgroundAdopted) -> Value {
    json!({ "name": body.name, "data_source": body.data_source, "review_number": body.review_number })
}

/// 底图 — layers and relief near one territory, as parts of a pack.
#[derive(Debug, Clone)]
pub(super) struct Ground {
    pub(super) ground: Value,
    pub(super) relief: Value,
}

/// 底图架 — what was drawn lately for territories; it stands as long as the layers do, whatever else is recorded.
#[derive(Debug, Default)]
pub(super) struct Grounds(Mutex<VecDeque<(String, Ground)>>);

/// Territories whose ground is kept.
const KEPT: usize = 8;

impl Grounds {
    /// The ground near a territory, as kept or drawn now.
    pub(super) fn of(&self, session: &Session, near: Rect) -> Result<Ground, Error> {
        let layers = session
            .register
            .backgrounds(&session.reserve.reserve_code)?;
        let layers: Vec<BackgroundAdopted> = layers.into_iter().map(|b| b.adopted.body).collect();
        let drawn: Vec<&str> = layers.iter().map(|b| &*b.drawn_sha256).collect();
        let key = format!("{near:?} {}", drawn.join(" "));
        let mut kept = self.0.lock().unwrap_or_else(|e| e.into_inner());
        if let Some((_, have)) = kept.iter().find(|(k, _)| *k == key) {
            return Ok(have.clone());
        }
        let made = Ground {
            ground: ground(session, &layers, near)?,
            relief: relief(session, &layers, near)?,
        };
        kept.push_back((key, made.clone()));
        if kept.len() > KEPT {
            kept.pop_front();
        }
        Ok(made)
    }
}

/// Lines, areas and names of the office's layers near the territory.
fn ground(session: &Session, all: &[BackgroundAdopted], near: Rect) -> Result<Value, Error> {
    let (mut items, mut labels, mut layers) = (Vec::new(), Vec::new(), Vec::new());
    for body in all {
        if body.background_kind == "relief" {
            continue;
        }
        let before = items.len() + labels.len();
        let drawn = read(session, &body.drawn_sha256)?;
        let (read, _) = formats::read_bytes("drawn.geojson", &drawn, &Limits::default())
            .map_err(|e| Error::rejected(e.to_diagnostic()))?;
        for feature in read.into_iter().flat_map(|l| l.features) {
            let name = feature.attributes.get("label").map(ToString::to_string);
            let Some(shape) = feature.geometry.and_then(|g| within(g, near)) else {
                continue;
            };
            match (shape, name) {
                (Geometry::Point(p), Some(name)) => {
                    labels.push(json!({ "text": name, "lon": p.x(), "lat": p.y() }));
                }
                (Geometry::Point(_), None) => {}
                (shape, name) => {
                    let shape = domain::shape::Shape(shape);
                    items.push(
                        json!({ "name": name, "kind": body.background_kind, "shape": shape }),
                    );
                }
            }
        }
        if items.len() + labels.len() > before {
            layers.push(credit(body));
        }
    }
    Ok(json!({ "items": items, "labels": labels, "layers": layers }))
}

fn read(session: &Session, sha256: &str) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    session
        .register
        .open_blob(sha256)?
        .take(LARGEST_DRAWN)
        .read_to_end(&mut bytes)
        .map_err(Error::internal)?;
    Ok(bytes)
}

/// What of a shape lies near: the runs of a line, an area whole.
fn within(shape: Geometry<f64>, near: Rect) -> Option<Geometry<f64>> {
    if !shape.bounding_rect()?.intersects(&near) {
        return None;
    }
    match shape {
        Geometry::LineString(line) => lines(&[line], near),
        Geometry::MultiLineString(all) => lines(&all.0, near),
        Geometry::Polygon(p) => Some(p.simplify(GRAIN).into()),
        Geometry::MultiPolygon(all) => Some(all.simplify(GRAIN).into()),
        other => Some(other),
    }
}

fn lines(all: &[LineString<f64>], near: Rect) -> Option<Geometry<f64>> {
    let mut runs: Vec<LineString<f64>> = Vec::new();
    for line in all {
        let mut run: Vec<Coord<f64>> = Vec::new();
        for step in line.lines() {
            if step.intersects(&near) {
                if run.is_empty() {
                    run.push(step.start);
                }
                run.push(step.end);
            } else if !run.is_empty() {
                runs.push(LineString(std::mem::take(&mut run)));
            }
        }
        if !run.is_empty() {
            runs.push(LineString(run));
        }
    }
    let mut runs: Vec<LineString<f64>> = runs.iter().map(|r| r.simplify(GRAIN)).collect();
    match runs.len() {
        0 => None,
        1 => runs.pop().map(Geometry::from),
        _ => Some(MultiLineString(runs).into()),
    }
}

/// Pictures of relief, cut to the territory.
fn relief(session: &Session, all: &[BackgroundAdopted], near: Rect) -> Result<Value, Error> {
    let mut items = Vec::new();
    for body in all {
        if body.background_kind != "relief" {
            continue;
        }
        let drawn = read(session, &body.drawn_sha256)?;
        if let Some(Part { bbox, png }) = cut(&drawn, body.bbox, near)? {
            let mut item = credit(body);
            item["bbox"] = json!(bbox);
            item["media_type"] = json!("image/png");
            item["base64"] = json!(BASE64_STANDARD.encode(png));
            items.push(item);
        }
    }
    Ok(json!({ "items": items }))
}

/// Northing of web Mercator, of a sphere of radius 1.
fn northing(lat: f64) -> f64 {
    (std::f64::consts::FRAC_PI_4 + lat.to_radians() / 2.0)
        .tan()
        .ln()
}

fn latitude(northing: f64) -> f64 {
    (2.0 * northing.exp().atan() - std::f64::consts::FRAC_PI_2).to_degrees()
}

/// A part of a picture as PNG, with its west, south, east, north.
struct Part {
    bbox: [f64; 4],
    png: Vec<u8>,
}

/// A picture in web Mercator cut to whole pixels around `near`.
fn cut(drawn: &[u8], bbox: [f64; 4], near: Rect) -> Result<Option<Part>, Error> {
    let [west, south, east, north] = bbox;
    let (low, high) = (near.min(), near.max());
    if low.x >= east || high.x <= west || low.y >= north || high.y <= south {
        return Ok(None);
    }
    let picture = image::load_from_memory(drawn).map_err(Error::internal)?;
    let (width, height) = (f64::from(picture.width()), f64::from(picture.height()));
    let (top, bottom) = (northing(north), northing(south));
    let column = |lon: f64| ((lon - west) / (east - west) * width).clamp(0.0, width);
    let row = |lat: f64| ((top - northing(lat)) / (top - bottom) * height).clamp(0.0, height);
    let (x0, x1) = (column(low.x).floor(), column(high.x).ceil());
    let (y0, y1) = (row(high.y).floor(), row(low.y).ceil());
    let part = picture.crop_imm(x0 as u32, y0 as u32, (x1 - x0) as u32, (y1 - y0) as u32);
    let part = match part.width().max(part.height()) > MOST_PIXELS {
        true => part.resize(
            MOST_PIXELS,
            MOST_PIXELS,
            image::imageops::FilterType::Triangle,
        ),
        false => part,
    };
    let lon = |x: f64| crate::geography::degrees(west + x / width * (east - west));
    let lat = |y: f64| crate::geography::degrees(latitude(top - y / height * (top - bottom)));
    let mut png = Cursor::new(Vec::new());
    part.write_to(&mut png, ImageFormat::Png)
        .map_err(Error::internal)?;
    Ok(Some(Part {
        bbox: [lon(x0), lat(y1), lon(x1), lat(y0)],
        png: png.into_inner(),
    }))
}

/// Small copies of the last photos of each site. They are kept beside the register; a pack makes some of those that are
/// not there yet, the next one more.
pub(super) fn pictures(session: &Session, sites: &[Dossier]) -> Result<Value, Error> {
    let folder = session.register.home().join("small");
    std::fs::create_dir_all(&folder).map_err(Error::internal)?;
    let (mut new_ones, mut size) = (NEW_ONES, 0);
    let mut items = Vec::new();
    for dossier in sites {
        let photos = dossier.evidence.iter().rev().map(|e| &e.body);
        let photos = photos.filter(|b| b.media_type.starts_with("image/"));
        for body in photos.take(OF_ONE_SITE) {
            let path = folder.join(format!("{}.jpg", body.sha256));
            if size >= MOST_PICTURES {
                return Ok(json!({ "items": items }));
            }
            if let Some(jpeg) = small(session, &body.sha256, path, &mut new_ones)? {
                size += jpeg.len();
                items.push(json!({ "sha256": body.sha256, "jpeg": BASE64_STANDARD.encode(jpeg) }));
            }
        }
    }
    Ok(json!({ "items": items }))
}

/// The small copy of a photo; nothing where it is not made yet, and nothing ever of what cannot be drawn.
fn small(
    session: &Session,
    sha256: &str,
    path: PathBuf,
    new_ones: &mut usize,
) -> Result<Option<Vec<u8>>, Error> {
    if let Ok(have) = std::fs::read(&path) {
        return Ok(Some(have).filter(|h| !h.is_empty()));
    }
    if *new_ones == 0 {
        return Ok(None);
    }
    *new_ones -= 1;
    let file = session.register.open_blob(sha256)?;
    let made = crate::evidence::small_copy(file, SMALL).unwrap_or_default();
    let beside = path.with_extension("part");
    std::fs::write(&beside, &made).map_err(Error::internal)?;
    std::fs::rename(&beside, &path).map_err(Error::internal)?;
    Ok(Some(made).filter(|m| !m.is_empty()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    fn near() -> Rect {
        Rect::new(Coord { x: 0.0, y: 0.0 }, Coord { x: 1.0, y: 1.0 })
    }

    #[test]
    fn a_line_keeps_only_its_runs_near_the_territory() {
        let line = LineString::from(vec![
            (-5.0, 0.5),
            (0.5, 0.5),
            (5.0, 0.5),
            (5.0, 9.0),
            (0.5, 9.0),
            (0.5, 0.7),
        ]);
        let Some(Geometry::MultiLineString(runs)) = within(line.into(), near()) else {
            panic!("two runs");
        };
        let ends: Vec<_> = runs
            .0
            .iter()
            .map(|r| (r.0[0].x, r.0[r.0.len() - 1].x))
            .collect();
        assert_eq!(ends, [(-5.0, 5.0), (0.5, 0.5)]);
        let far = LineString::from(vec![(3.0, 3.0), (4.0, 4.0)]);
        assert_eq!(within(far.into(), near()), None);
    }

    #[test]
    fn a_picture_is_cut_to_whole_pixels_and_says_where_its_corners_are() {
        let mut drawn = Cursor::new(Vec::new());
        image::DynamicImage::new_luma8(100, 100)
            .write_to(&mut drawn, ImageFormat::Png)
            .unwrap();
        let Part { bbox, png } = cut(drawn.get_ref(), [-1.0, -1.0, 3.0, 3.0], near())
            .unwrap()
            .unwrap();
        assert_eq!((bbox[0], bbox[2]), (0.0, 1.0));
        // Rows are not whole there: a little more is kept, never less.
        assert!(
            bbox[1] <= 0.0 && bbox[1] > -0.05 && bbox[3] >= 1.0 && bbox[3] < 1.05,
            "{bbox:?}"
        );
        let part = image::load_from_memory(&png).unwrap();
        assert_eq!((part.width(), part.height()), (25, 26));
        let elsewhere = cut(drawn.get_ref(), [5.0, 5.0, 6.0, 6.0], near()).unwrap();
        assert!(elsewhere.is_none());
    }
}
