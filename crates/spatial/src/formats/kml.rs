//! KML: one layer a file. Folders become the attribute `folder`, since people sort zones and clues by them.

mod write;

use std::collections::BTreeMap;

use geo_types::{Coord, Geometry};

use super::rings::{Assembly, gather};
use super::xml::{Element, Pull, Step, Tag, decode};
use super::{Error, Reading};
use crate::diagnostic::{Diagnostic, Place};
use crate::feature::{Attributes, DeclaredCrs, Feature, Format, Layer, Value};
pub use write::write_kml;

const GEOMETRIES: &[&str] = &[
    "Point",
    "LineString",
    "LinearRing",
    "Polygon",
    "MultiGeometry",
    "Track",
    "MultiTrack",
    "Model",
];

/// Declared types of fields: schema, field, type.
type Schemas = BTreeMap<(String, String), String>;

/// Reads all placemarks.
pub(super) fn read(name: &str, bytes: &[u8], reading: &mut Reading) -> Result<Layer, Error> {
    let text = decode(bytes, reading);
    let mut pull = Pull::new(&text, reading);
    let mut walk = Walk {
        layer: Layer::new(
            super::layer_name(name),
            DeclaredCrs::Epsg(4326),
            Format::Kml,
        ),
        schemas: Schemas::new(),
        containers: Vec::new(),
    };
    reading.enter_layer(&walk.layer.name);
    loop {
        match pull.step()? {
            Step::Open(tag) => walk.open(tag, &mut pull, reading)?,
            Step::Close => walk.close(),
            Step::End => break,
        }
    }
    if walk.layer.features.is_empty() {
        reading.report(Diagnostic::warning("layer.no_features"));
    }
    Ok(walk.layer)
}

struct Walk {
    layer: Layer,
    schemas: Schemas,
    /// Names of the open `kml`, `Document` and `Folder` elements; only folders have one that counts.
    containers: Vec<Container>,
}

#[derive(Default)]
struct Container {
    is_folder: bool,
    name: String,
}

impl Walk {
    fn open(&mut self, tag: Tag, pull: &mut Pull, reading: &mut Reading) -> Result<(), Error> {
        match tag.name.as_str() {
            "kml" | "Document" | "Folder" | "Update" | "Create" => {
                self.containers.push(Container {
                    is_folder: tag.name == "Folder",
                    name: String::new(),
                });
                Ok(())
            }
            "name" => {
                let name = pull.subtree(tag, reading)?.text;
                self.containers
                    .last_mut()
                    .into_iter()
                    .for_each(|container| container.name.clone_from(&name));
                Ok(())
            }
            "Placemark" => self.placemark(&pull.subtree(tag, reading)?, reading),
            "Schema" => {
                self.learn_schema(&pull.subtree(tag, reading)?);
                Ok(())
            }
            kind if GEOMETRIES.contains(&kind) => {
                self.bare_geometry(pull.subtree(tag, reading)?, reading)
            }
            "NetworkLink" | "GroundOverlay" | "PhotoOverlay" | "ScreenOverlay" => {
                reading.report(Diagnostic::note("layer.element_skipped").arg("name", &tag.name));
                pull.skip()
            }
            _ => pull.skip(),
        }
    }

    fn close(&mut self) {
        self.containers.pop();
    }

    fn learn_schema(&mut self, schema: &Element) {
        let id = schema
            .attribute("id")
            .or(schema.attribute("name"))
            .unwrap_or_default();
        for field in schema.all("SimpleField") {
            if let (Some(name), Some(kind)) = (field.attribute("name"), field.attribute("type")) {
                self.schemas
                    .insert((id.to_owned(), name.to_owned()), kind.to_owned());
            }
        }
    }

    /// A geometry without a placemark around it: not valid, but clear.
    fn bare_geometry(&mut self, geometry: Element, reading: &mut Reading) -> Result<(), Error> {
        reading.report(Diagnostic::note("layer.bare_geometry"));
        self.placemark(
            &Element {
                children: vec![geometry],
                ..Element::default()
            },
            reading,
        )
    }

    fn placemark(&mut self, placemark: &Element, reading: &mut Reading) -> Result<(), Error> {
        reading.count_feature()?;
        let number = self.layer.features.len() as u64 + 1;
        let mut builder = GeometryBuilder {
            assembly: Assembly::new(reading, number),
            parts: Vec::new(),
            times: None,
        };
        for child in placemark
            .children
            .iter()
            .filter(|child| GEOMETRIES.contains(&child.name.as_str()))
        {
            builder.add(child)?;
        }
        let (geometry, times) = (gather(builder.parts), builder.times);
        let has_element = placemark
            .children
            .iter()
            .any(|child| GEOMETRIES.contains(&child.name.as_str()));
        if geometry.is_none() && !has_element {
            reading.report_feature(number, Diagnostic::warning("layer.no_geometry"));
        }
        let attributes = self.attributes(placemark, times, number, reading);
        let id = placemark.attribute("id").map(str::to_owned);
        self.layer.features.push(Feature {
            number,
            id,
            geometry,
            attributes,
        });
        Ok(())
    }

    fn folder(&self) -> String {
        let names: Vec<&str> = self
            .containers
            .iter()
            .filter(|container| container.is_folder)
            .map(|container| container.name.as_str())
            .collect();
        names.join("/")
    }

    fn attributes(
        &self,
        placemark: &Element,
        times: Option<(String, String)>,
        number: u64,
        reading: &mut Reading,
    ) -> Attributes {
        let mut attributes = Attributes::new();
        let folder = self.folder();
        let mut put = |name: &str, text: Option<&str>| {
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                attributes.insert(name.to_owned(), Value::Text(text.to_owned()));
            }
        };
        put("folder", Some(&folder));
        for name in ["name", "description", "address", "phoneNumber"] {
            put(name, placemark.child_text(name));
        }
        put_times(placemark, times, &mut attributes);
        for extended in placemark.all("ExtendedData") {
            self.put_extended(extended, &mut attributes, number, reading);
        }
        attributes
    }

    fn put_extended(
        &self,
        extended: &Element,
        attributes: &mut Attributes,
        number: u64,
        reading: &mut Reading,
    ) {
        for data in extended.all("Data") {
            let text = data.child_text("value").unwrap_or_default();
            put_value(data.attribute("name"), text_value(text), attributes);
        }
        for data in extended.all("SchemaData") {
            let schema = data
                .attribute("schemaUrl")
                .unwrap_or_default()
                .trim_start_matches('#');
            for field in data.all("SimpleData") {
                let name = field.attribute("name").unwrap_or_default();
                let kind = self
                    .schemas
                    .get(&(schema.to_owned(), name.to_owned()))
                    .map_or("string", String::as_str);
                let value = typed(kind, &field.text).unwrap_or_else(|| {
                    let place = Place {
                        field: Some(name.to_owned()),
                        ..Place::default()
                    };
                    let unread =
                        Diagnostic::warning("layer.number_unreadable").arg("text", &field.text);
                    reading.report_feature(number, unread.at(place));
                    text_value(&field.text)
                });
                put_value(Some(name), value, attributes);
            }
        }
    }
}

fn put_value(name: Option<&str>, value: Value, attributes: &mut Attributes) {
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return;
    };
    // A field may be called like an element of the placemark; the placemark's own comes first.
    let free = if attributes.contains_key(name) {
        format!("{name}_2")
    } else {
        name.to_owned()
    };
    attributes.insert(free, value);
}

fn text_value(text: &str) -> Value {
    if text.is_empty() {
        Value::Null
    } else {
        Value::Text(text.to_owned())
    }
}

fn typed(kind: &str, text: &str) -> Option<Value> {
    match kind {
        _ if text.is_empty() => Some(Value::Null),
        "int" | "uint" | "short" | "ushort" => text.parse().ok().map(Value::Integer),
        "float" | "double" => text
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite())
            .map(Value::Real),
        "bool" => match text {
            "1" | "true" | "True" => Some(Value::Bool(true)),
            "0" | "false" | "False" => Some(Value::Bool(false)),
            _ => None,
        },
        _ => Some(Value::Text(text.to_owned())),
    }
}

/// A moment, a span, or the first and last moment of a track.
fn put_times(placemark: &Element, track: Option<(String, String)>, attributes: &mut Attributes) {
    let mut put = |name: &str, text: Option<&str>| {
        if let Some(text) = text {
            attributes.insert(name.to_owned(), Value::DateTime(text.to_owned()));
        }
    };
    put(
        "time",
        placemark
            .child("TimeStamp")
            .and_then(|stamp| stamp.child_text("when")),
    );
    let span = placemark.child("TimeSpan");
    put("start_time", span.and_then(|span| span.child_text("begin")));
    put("end_time", span.and_then(|span| span.child_text("end")));
    if let Some((start, end)) = track {
        put("start_time", Some(&start));
        put("end_time", Some(&end));
    }
}

struct GeometryBuilder<'r, 'l> {
    assembly: Assembly<'r, 'l>,
    parts: Vec<Geometry<f64>>,
    times: Option<(String, String)>,
}

impl GeometryBuilder<'_, '_> {
    /// Adds an element and those within it; the depth of the document is bounded, so the list of pending ones is too.
    fn add(&mut self, element: &Element) -> Result<(), Error> {
        let mut pending = vec![element];
        while let Some(element) = pending.pop() {
            match element.name.as_str() {
                "MultiGeometry" | "MultiTrack" => pending.extend(element.children.iter().rev()),
                "Point" => {
                    let coords = self.coords(element)?;
                    let point = coords.first().and_then(|coord| self.assembly.point(*coord));
                    self.parts.extend(point.map(Geometry::Point));
                }
                "LineString" => {
                    let coords = self.coords(element)?;
                    self.parts
                        .extend(self.assembly.line(coords).map(Geometry::LineString));
                }
                "LinearRing" => {
                    let ring = self.coords(element)?;
                    self.parts
                        .extend(self.assembly.polygon(vec![ring]).map(Geometry::Polygon));
                }
                "Polygon" => self.polygon(element)?,
                "Track" => self.track(element)?,
                "Model" => self
                    .assembly
                    .report(Diagnostic::note("layer.element_skipped").arg("name", "Model")),
                _ => {}
            }
        }
        Ok(())
    }

    fn polygon(&mut self, polygon: &Element) -> Result<(), Error> {
        let mut rings = Vec::new();
        for boundary in polygon
            .all("outerBoundaryIs")
            .chain(polygon.all("innerBoundaryIs"))
        {
            for ring in boundary.all("LinearRing") {
                rings.push(self.coords(ring)?);
            }
        }
        self.parts
            .extend(self.assembly.polygon(rings).map(Geometry::Polygon));
        Ok(())
    }

    fn track(&mut self, track: &Element) -> Result<(), Error> {
        let mut coords = Vec::new();
        for position in track.all("coord") {
            let joined = position
                .text
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(",");
            coords.extend(self.parse(&joined)?);
        }
        let times: Vec<&str> = track
            .all("when")
            .map(|when| when.text.as_str())
            .filter(|text| !text.is_empty())
            .collect();
        if let (Some(first), Some(last)) = (times.first(), times.last()) {
            let start = self
                .times
                .take()
                .map_or_else(|| (*first).to_owned(), |(start, _)| start);
            self.times = Some((start, (*last).to_owned()));
        }
        self.parts
            .extend(self.assembly.line(coords).map(Geometry::LineString));
        Ok(())
    }

    fn coords(&mut self, element: &Element) -> Result<Vec<Coord<f64>>, Error> {
        let text = element.child_text("coordinates").unwrap_or_default();
        // "1, 2" is not allowed, but meant as one position.
        let joined = text.contains(", ") || text.contains(" ,") || text.contains(",\n");
        if joined {
            let tight = text.split(',').map(str::trim).collect::<Vec<_>>().join(",");
            return self.parse(&tight);
        }
        self.parse(text)
    }

    fn parse(&mut self, text: &str) -> Result<Vec<Coord<f64>>, Error> {
        let mut coords = Vec::new();
        for (at, tuple) in text.split_whitespace().enumerate() {
            self.assembly.reading.count_vertices(1)?;
            match parse_tuple(tuple) {
                Some(coord) => coords.push(coord),
                None => {
                    let place = Place {
                        vertex: u32::try_from(at + 1).ok(),
                        ..Place::default()
                    };
                    let unread =
                        Diagnostic::error("layer.coordinate_unusable").arg("text", shorten(tuple));
                    self.assembly.report(unread.at(place));
                }
            }
        }
        Ok(coords)
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(60).collect()
}

/// KML is WGS 84 by definition, so degrees out of range are wrong.
fn parse_tuple(tuple: &str) -> Option<Coord<f64>> {
    let mut numbers = tuple.split(',').map(|number| number.parse::<f64>().ok());
    let coord = Coord {
        x: numbers.next()??,
        y: numbers.next()??,
    };
    (coord.x.abs() <= 360.0 && coord.y.abs() <= 90.0).then_some(coord)
}
