//! GPX: waypoints, routes and tracks, each a layer; the points of routes and tracks are layers too, since they carry
//! the times.

use geo_types::{Coord, Geometry, LineString, MultiLineString, Point};

use super::xml::{Element, Pull, Step, Tag, decode};
use super::{Error, Reading};
use crate::diagnostic::{Diagnostic, Place};
use crate::feature::{Attributes, DeclaredCrs, Feature, Format, Layer, Value};

/// Reads the layers that have features. A file without any gives one empty layer, so that it is seen to be read.
pub(super) fn read(name: &str, bytes: &[u8], reading: &mut Reading) -> Result<Vec<Layer>, Error> {
    let text = decode(bytes, reading);
    let mut pull = Pull::new(&text, reading);
    let mut document = Document::new();
    loop {
        match pull.step()? {
            Step::Open(tag) => document.open(tag, &mut pull, reading)?,
            Step::Close => {}
            Step::End => break,
        }
    }
    let mut layers = document.into_layers();
    if layers.is_empty() {
        reading.report(Diagnostic::warning("layer.no_features"));
        layers.push(new_layer(&super::layer_name(name)));
    }
    Ok(layers)
}

fn new_layer(name: &str) -> Layer {
    Layer::new(name, DeclaredCrs::Epsg(4326), Format::Gpx)
}

struct Document {
    waypoints: Layer,
    routes: Layer,
    route_points: Layer,
    tracks: Layer,
    track_points: Layer,
}

/// A route or track while it is read.
#[derive(Default)]
struct Path {
    number: u64,
    attributes: Attributes,
    segments: Vec<Vec<Coord<f64>>>,
    times: Option<(String, String)>,
}

impl Document {
    fn new() -> Self {
        let [waypoints, routes, route_points, tracks, track_points] = [
            "waypoints",
            "routes",
            "route_points",
            "tracks",
            "track_points",
        ]
        .map(new_layer);
        Self {
            waypoints,
            routes,
            route_points,
            tracks,
            track_points,
        }
    }

    fn into_layers(self) -> Vec<Layer> {
        let layers = [
            self.waypoints,
            self.routes,
            self.route_points,
            self.tracks,
            self.track_points,
        ];
        layers
            .into_iter()
            .filter(|layer| !layer.features.is_empty())
            .collect()
    }

    fn open(&mut self, tag: Tag, pull: &mut Pull, reading: &mut Reading) -> Result<(), Error> {
        match tag.name.as_str() {
            "gpx" => Ok(()),
            "wpt" => {
                let element = pull.subtree(tag, reading)?;
                read_point(&element, &mut self.waypoints, Attributes::new(), reading).map(|_| ())
            }
            "rte" => read_path(pull, &mut self.routes, &mut self.route_points, reading),
            "trk" => read_path(pull, &mut self.tracks, &mut self.track_points, reading),
            _ => pull.skip(),
        }
    }
}

/// Reads one `rte` or `trk`; they differ only in that tracks have segments.
fn read_path(
    pull: &mut Pull,
    paths: &mut Layer,
    points: &mut Layer,
    reading: &mut Reading,
) -> Result<(), Error> {
    let mut path = Path {
        number: paths.features.len() as u64 + 1,
        ..Path::default()
    };
    let mut open = 1_u32;
    while open > 0 {
        match pull.step()? {
            Step::Close => open -= 1,
            Step::End => return Err(pull.broken("ends early")),
            Step::Open(tag) => match tag.name.as_str() {
                "trkseg" => {
                    open += 1;
                    path.segments.push(Vec::new());
                }
                "trkpt" | "rtept" => {
                    path.add_point(&pull.subtree(tag, reading)?, points, reading)?
                }
                _ => {
                    let element = pull.subtree(tag, reading)?;
                    put_attribute(&element, &mut path.attributes);
                }
            },
        }
    }
    reading.count_feature()?;
    reading.enter_layer(&paths.name);
    paths.features.push(path.into_feature(reading));
    Ok(())
}

impl Path {
    fn add_point(
        &mut self,
        element: &Element,
        points: &mut Layer,
        reading: &mut Reading,
    ) -> Result<(), Error> {
        if self.segments.is_empty() {
            self.segments.push(Vec::new());
        }
        let mut origin = Attributes::new();
        origin.insert("path".to_owned(), Value::Integer(self.number.cast_signed()));
        origin.insert(
            "segment".to_owned(),
            Value::Integer(self.segments.len() as i64),
        );
        let Some(coord) = read_point(element, points, origin, reading)? else {
            return Ok(());
        };
        if let Some(segment) = self.segments.last_mut() {
            segment.push(coord);
        }
        if let Some(time) = element.child_text("time") {
            let start = self
                .times
                .take()
                .map_or_else(|| time.to_owned(), |(start, _)| start);
            self.times = Some((start, time.to_owned()));
        }
        Ok(())
    }

    /// Segments of a single point make no line, but stay among the points.
    fn into_feature(mut self, reading: &mut Reading) -> Feature {
        let mut lines = Vec::new();
        for (at, segment) in self.segments.into_iter().enumerate() {
            if segment.len() > 1 {
                lines.push(LineString::new(segment));
                continue;
            }
            let short = Diagnostic::note("layer.segment_too_short")
                .arg("segment", at + 1)
                .arg("count", segment.len());
            reading.report_feature(self.number, short);
        }
        if let Some((start, end)) = self.times {
            self.attributes
                .insert("start_time".to_owned(), Value::DateTime(start));
            self.attributes
                .insert("end_time".to_owned(), Value::DateTime(end));
        }
        let geometry = match lines.len() {
            0 => None,
            1 => lines.pop().map(Geometry::LineString),
            _ => Some(Geometry::MultiLineString(MultiLineString(lines))),
        };
        if geometry.is_none() {
            reading.report_feature(self.number, Diagnostic::warning("layer.no_geometry"));
        }
        Feature {
            geometry,
            attributes: self.attributes,
            ..Feature::new(self.number)
        }
    }
}

/// Adds a point to its layer; without a usable position it is reported and left out.
fn read_point(
    element: &Element,
    layer: &mut Layer,
    mut attributes: Attributes,
    reading: &mut Reading,
) -> Result<Option<Coord<f64>>, Error> {
    reading.count_feature()?;
    reading.count_vertices(1)?;
    reading.enter_layer(&layer.name);
    let number = layer.features.last().map_or(1, |last| last.number + 1);
    let Some(coord) = position(element) else {
        let text = format!(
            "{}, {}",
            element.attribute("lon").unwrap_or("-"),
            element.attribute("lat").unwrap_or("-")
        );
        reading.report_feature(
            number,
            Diagnostic::error("layer.coordinate_unusable").arg("text", text),
        );
        return Ok(None);
    };
    element
        .children
        .iter()
        .for_each(|child| put_attribute(child, &mut attributes));
    check_time(element, number, reading);
    layer.features.push(Feature {
        geometry: Some(Point(coord).into()),
        attributes,
        ..Feature::new(number)
    });
    Ok(Some(coord))
}

/// GPX is WGS 84 by definition, so degrees out of range are wrong and not in another system.
fn position(element: &Element) -> Option<Coord<f64>> {
    let number = |name| element.attribute(name)?.trim().parse::<f64>().ok();
    let coord = Coord {
        x: number("lon")?,
        y: number("lat")?,
    };
    (coord.x.abs() <= 180.0 && coord.y.abs() <= 90.0).then_some(coord)
}

/// Times without a zone are common and shift a patrol by eight hours if taken for UTC.
fn check_time(element: &Element, number: u64, reading: &mut Reading) {
    let Some(time) = element.child_text("time") else {
        return;
    };
    let code = match time_of(time) {
        Value::DateTime(text) if has_zone(&text) => return,
        Value::DateTime(_) => "layer.time_without_zone",
        _ => "layer.time_unreadable",
    };
    let place = Place {
        field: Some("time".to_owned()),
        ..Place::default()
    };
    reading.report_feature(
        number,
        Diagnostic::warning(code).arg("text", time).at(place),
    );
}

/// Elements without children become attributes under their own name; those of extensions too. Links keep their address.
fn put_attribute(element: &Element, attributes: &mut Attributes) {
    let mut pending = vec![element];
    while let Some(element) = pending.pop() {
        let value = match element.name.as_str() {
            "link" => element
                .attribute("href")
                .map(|href| Value::Text(href.to_owned())),
            _ if element.children.is_empty() && !element.text.is_empty() => {
                Some(typed(&element.name, &element.text))
            }
            _ => {
                pending.extend(element.children.iter().rev());
                None
            }
        };
        if let Some(value) = value {
            attributes.entry(element.name.clone()).or_insert(value);
        }
    }
}

fn typed(name: &str, text: &str) -> Value {
    let number = |text: &str| {
        text.parse::<f64>()
            .ok()
            .filter(|number| number.is_finite())
            .map(Value::Real)
    };
    let value = match name {
        "ele" | "speed" | "course" | "hdop" | "vdop" | "pdop" | "geoidheight" | "magvar"
        | "ageofdgpsdata" => number(text),
        "sat" | "number" | "dgpsid" => text.parse().ok().map(Value::Integer),
        "time" => Some(time_of(text)),
        _ => None,
    };
    value.unwrap_or_else(|| Value::Text(text.to_owned()))
}

/// A time as ISO 8601 has it, or text.
fn time_of(text: &str) -> Value {
    let shape: Vec<u8> = text
        .bytes()
        .take(19)
        .map(|byte| if byte.is_ascii_digit() { b'0' } else { byte })
        .collect();
    match shape.as_slice() {
        b"0000-00-00T00:00:00" => Value::DateTime(text.to_owned()),
        _ => Value::Text(text.to_owned()),
    }
}

fn has_zone(time: &str) -> bool {
    let rest = time.get(19..).unwrap_or_default();
    rest.ends_with(['Z', 'z']) || rest.contains(['+', '-'])
}
