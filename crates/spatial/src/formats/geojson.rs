//! GeoJSON: collections, single features, bare geometries, and one feature a line. Objects are taken apart by reference
//! into the text, so that only coordinates and attributes cost memory of their own.

mod told;
mod write;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use geo_types::{Coord, Geometry, Polygon};
use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;

use super::rings::Assembly;
use super::{Error, Excess, Reading, text};
use crate::diagnostic::{Diagnostic, Place};
use crate::feature::{Attributes, DeclaredCrs, Feature, Format, Layer, Value};
pub use told::Told;
pub use write::write_geojson;

/// Reads a file of one or more GeoJSON texts.
pub(super) fn read(name: &str, bytes: &[u8], reading: &mut Reading) -> Result<Layer, Error> {
    let text = text::decode(bytes, None, reading);
    let text = text.trim_start_matches('\u{feff}');
    // Text sequences (RFC 8142) put a record separator before each text.
    let text = if text.contains('\u{1e}') {
        Cow::Owned(text.replace('\u{1e}', " "))
    } else {
        Cow::Borrowed(text)
    };
    let mut layer = Layer::new(super::layer_name(name), DeclaredCrs::None, Format::GeoJson);
    let mut collector = Collector {
        layer: &mut layer,
        reading,
        ids: BTreeSet::new(),
        seen: 0,
    };
    for document in serde_json::Deserializer::from_str(&text).into_iter::<&RawValue>() {
        let document = document.map_err(|source| broken(name, source))?;
        collector.document(document.get())?;
    }
    if layer.features.is_empty() {
        reading.report(Diagnostic::warning("layer.no_features"));
    }
    Ok(layer)
}

fn broken(name: &str, source: serde_json::Error) -> Error {
    Error::BrokenJson {
        file: name.to_owned(),
        line: source.line(),
        column: source.column(),
        source,
    }
}

/// A GeoJSON object whose parts are still text. Members of one name twice: the last counts, as elsewhere.
#[derive(Default)]
struct Object<'t> {
    kind: Option<String>,
    features: Option<&'t RawValue>,
    geometry: Option<&'t RawValue>,
    geometries: Option<&'t RawValue>,
    coordinates: Option<&'t RawValue>,
    properties: Option<&'t RawValue>,
    crs: Option<&'t RawValue>,
    name: Option<&'t RawValue>,
    id: Option<&'t RawValue>,
}

impl<'t> Deserialize<'t> for Object<'t> {
    fn deserialize<D: Deserializer<'t>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

struct ObjectVisitor;

impl<'t> Visitor<'t> for ObjectVisitor {
    type Value = Object<'t>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a GeoJSON object")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Object<'t>, A::Error> {
        let mut object = Object::default();
        while let Some(key) = map.next_key::<Cow<str>>()? {
            let slot = match key.as_ref() {
                "type" => {
                    object.kind = map
                        .next_value::<&RawValue>()
                        .map(|raw| serde_json::from_str(raw.get()).ok())?;
                    continue;
                }
                "features" => &mut object.features,
                "geometry" => &mut object.geometry,
                "geometries" => &mut object.geometries,
                "coordinates" => &mut object.coordinates,
                "properties" => &mut object.properties,
                "crs" => &mut object.crs,
                "name" => &mut object.name,
                "id" => &mut object.id,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *slot = Some(map.next_value()?);
        }
        Ok(object)
    }
}

const GEOMETRIES: &[&str] = &[
    "Point",
    "MultiPoint",
    "LineString",
    "MultiLineString",
    "Polygon",
    "MultiPolygon",
    "GeometryCollection",
];

struct Collector<'c, 'l> {
    layer: &'c mut Layer,
    reading: &'c mut Reading<'l>,
    ids: BTreeSet<String>,
    seen: u64,
}

impl Collector<'_, '_> {
    fn document(&mut self, text: &str) -> Result<(), Error> {
        let Ok(object) = serde_json::from_str::<Object>(text) else {
            return Err(self.refuse("the root is no object"));
        };
        self.learn_crs(object.crs);
        match object.kind.as_deref() {
            Some("FeatureCollection") => self.collection(&object),
            Some("Feature") => self.feature(&object),
            Some(kind) if GEOMETRIES.contains(&kind) => self.bare_geometry(text),
            Some("Topology") => Err(self.refuse("it is TopoJSON")),
            Some(other) => Err(self.refuse(&format!("its type is {}", shorten(other)))),
            None => Err(self.refuse("it has no type")),
        }
    }

    fn refuse(&self, why: &str) -> Error {
        Error::NotGeoJson {
            file: self.reading.file().to_owned(),
            why: why.to_owned(),
        }
    }

    fn collection(&mut self, collection: &Object) -> Result<(), Error> {
        if let Some(name) = collection
            .name
            .and_then(|raw| serde_json::from_str::<String>(raw.get()).ok())
        {
            self.layer.name = name;
        }
        let Some(features) = collection.features else {
            return Err(self.refuse("it has no features"));
        };
        let mut failure = None;
        let seed = Features {
            collector: self,
            failure: &mut failure,
        };
        let outcome = seed.deserialize(&mut serde_json::Deserializer::from_str(features.get()));
        match (failure, outcome) {
            (Some(error), _) => Err(error),
            (None, Err(_)) => Err(self.refuse("its features are no array")),
            (None, Ok(())) => Ok(()),
        }
    }

    /// An element of `features`, whatever it is.
    fn element(&mut self, text: &str) -> Result<(), Error> {
        match serde_json::from_str::<Object>(text) {
            Ok(object) if object.kind.as_deref() == Some("Feature") => self.feature(&object),
            Ok(object) => self.leave_out(object.kind.as_deref().unwrap_or("-")),
            Err(_) => self.leave_out(&shorten(text)),
        }
    }

    fn leave_out(&mut self, text: &str) -> Result<(), Error> {
        self.reading.count_feature()?;
        let number = self.next_number();
        self.reading.report_feature(
            number,
            Diagnostic::error("layer.not_a_feature").arg("text", shorten(text)),
        );
        Ok(())
    }

    fn feature(&mut self, object: &Object) -> Result<(), Error> {
        self.reading.count_feature()?;
        let number = self.next_number();
        let id = object.id.and_then(|raw| plain_text(raw.get()));
        self.check_id(id.as_deref(), number);
        let attributes = self.attributes(object.properties, number)?;
        let geometry = match object.geometry.map(RawValue::get) {
            None | Some("null") => {
                self.reading
                    .report_feature(number, Diagnostic::warning("layer.no_geometry"));
                None
            }
            Some(text) => read_geometry(text, number, self.reading)?,
        };
        self.layer.features.push(Feature {
            number,
            id,
            geometry,
            attributes,
        });
        Ok(())
    }

    fn bare_geometry(&mut self, text: &str) -> Result<(), Error> {
        self.reading.count_feature()?;
        let number = self.next_number();
        let geometry = read_geometry(text, number, self.reading)?;
        self.layer.features.push(Feature {
            geometry,
            ..Feature::new(number)
        });
        Ok(())
    }

    /// Numbers go by position in the file, so what is left out uses one up.
    fn next_number(&mut self) -> u64 {
        self.seen += 1;
        self.seen
    }

    fn check_id(&mut self, id: Option<&str>, number: u64) {
        let Some(id) = id else { return };
        if !self.ids.insert(id.to_owned()) {
            self.reading
                .report_feature(number, Diagnostic::warning("layer.id_twice").arg("id", id));
        }
    }

    fn attributes(
        &mut self,
        properties: Option<&RawValue>,
        number: u64,
    ) -> Result<Attributes, Error> {
        let text = properties.map_or("null", RawValue::get);
        if text == "null" {
            return Ok(Attributes::new());
        }
        let Ok(Properties(raw)) = serde_json::from_str(text) else {
            self.reading
                .report_feature(number, Diagnostic::warning("layer.properties_unreadable"));
            return Ok(Attributes::new());
        };
        self.reading.within(raw.len() as u64, Excess::Attributes)?;
        Ok(raw
            .into_iter()
            .map(|(name, raw)| (name, read_value(raw.get())))
            .collect())
    }

    fn learn_crs(&mut self, crs: Option<&RawValue>) {
        let Some(crs) =
            crs.and_then(|raw| serde_json::from_str::<serde_json::Value>(raw.get()).ok())
        else {
            return;
        };
        let properties = &crs["properties"];
        let name = properties["name"].as_str().or(properties["href"].as_str());
        self.layer.crs = match (
            name,
            properties["code"]
                .as_u64()
                .and_then(|code| u32::try_from(code).ok()),
        ) {
            (Some(name), _) => DeclaredCrs::from_name(name),
            (None, Some(code)) => DeclaredCrs::Epsg(code),
            (None, None) => return,
        };
    }
}

/// Members of `properties` in order, each still text.
struct Properties<'t>(Vec<(String, &'t RawValue)>);

impl<'t> Deserialize<'t> for Properties<'t> {
    fn deserialize<D: Deserializer<'t>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'t> Visitor<'t> for Members {
            type Value = Properties<'t>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Properties<'t>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry::<String, &RawValue>()? {
                    members.push(member);
                }
                Ok(Properties(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// Walks the array of features without holding more than one.
struct Features<'s, 'c, 'l> {
    collector: &'s mut Collector<'c, 'l>,
    failure: &'s mut Option<Error>,
}

impl<'t> DeserializeSeed<'t> for Features<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'t> Visitor<'t> for Features<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an array of features")
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(element) = elements.next_element::<&RawValue>()? {
            if let Err(error) = self.collector.element(element.get()) {
                *self.failure = Some(error);
                return Err(A::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(60).collect()
}

/// A string without its quotes, a number as written.
fn plain_text(json: &str) -> Option<String> {
    match json.as_bytes().first()? {
        b'"' => serde_json::from_str(json).ok(),
        b'n' => None,
        _ => Some(json.to_owned()),
    }
}

/// Lists and objects are kept as JSON text; whole numbers too large for us as their digits.
fn read_value(json: &str) -> Value {
    match json {
        "null" => return Value::Null,
        "true" => return Value::Bool(true),
        "false" => return Value::Bool(false),
        _ => {}
    }
    let is_number = json.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    let is_whole = is_number && !json.contains(['.', 'e', 'E']);
    match (
        is_number,
        is_whole.then(|| json.parse()),
        json.parse::<f64>(),
    ) {
        (true, Some(Ok(number)), _) => Value::Integer(number),
        (true, None, Ok(number)) if number.is_finite() => Value::Real(number),
        _ => Value::Text(plain_text(json).unwrap_or_else(|| json.to_owned())),
    }
}

fn read_geometry(
    text: &str,
    feature: u64,
    reading: &mut Reading,
) -> Result<Option<Geometry<f64>>, Error> {
    let mut builder = Builder {
        assembly: Assembly::new(reading, feature),
        had_text: false,
    };
    let geometry = builder.geometry(text, 0)?;
    if builder.had_text {
        let place = Place {
            field: Some("coordinates".to_owned()),
            ..Place::default()
        };
        builder
            .assembly
            .report(Diagnostic::warning("layer.coordinates_as_text").at(place));
    }
    Ok(geometry)
}

/// Coordinates of any depth, compact.
enum Node {
    Number { value: f64, was_text: bool },
    Position { coord: Coord<f64>, was_text: bool },
    List(Vec<Node>),
    Other,
}

struct Builder<'r, 'l> {
    assembly: Assembly<'r, 'l>,
    had_text: bool,
}

impl Builder<'_, '_> {
    fn geometry(&mut self, text: &str, depth: u32) -> Result<Option<Geometry<f64>>, Error> {
        if depth > self.assembly.reading.limits().depth {
            return Err(Error::TooDeep {
                file: self.assembly.reading.file().to_owned(),
            });
        }
        let Ok(object) = serde_json::from_str::<Object>(text) else {
            return Ok(self.unreadable("it is no object"));
        };
        let kind = object.kind.as_deref().unwrap_or("-");
        if kind == "GeometryCollection" {
            return self.collection(&object, depth);
        }
        if !GEOMETRIES.contains(&kind) {
            self.assembly
                .report(Diagnostic::error("layer.geometry_type").arg("type", shorten(kind)));
            return Ok(None);
        }
        let Some(coordinates) = object.coordinates else {
            return Ok(self.unreadable("it has no coordinates"));
        };
        Ok(match self.nodes(coordinates.get())? {
            Some(node) => self.build(kind, node),
            None => None,
        })
    }

    fn unreadable(&mut self, why: &str) -> Option<Geometry<f64>> {
        self.assembly
            .report(Diagnostic::error("layer.geometry_unreadable").arg("why", why));
        None
    }

    fn collection(&mut self, object: &Object, depth: u32) -> Result<Option<Geometry<f64>>, Error> {
        let members = object
            .geometries
            .map(|raw| serde_json::from_str::<Vec<&RawValue>>(raw.get()));
        let Some(Ok(members)) = members else {
            return Ok(self.unreadable("it has no geometries"));
        };
        let mut parts = Vec::new();
        for member in members {
            self.assembly.reading.count_vertices(1)?;
            parts.extend(self.geometry(member.get(), depth + 1)?);
        }
        Ok((!parts.is_empty()).then(|| Geometry::GeometryCollection(parts.into())))
    }

    /// Parses coordinates, counting while it goes.
    fn nodes(&mut self, text: &str) -> Result<Option<Node>, Error> {
        let mut failure = None;
        let seed = NodeSeed {
            reading: &mut *self.assembly.reading,
            failure: &mut failure,
        };
        let outcome = seed.deserialize(&mut serde_json::Deserializer::from_str(text));
        match (failure, outcome) {
            (Some(error), _) => Err(error),
            (None, Ok(node)) => Ok(Some(node)),
            (None, Err(error)) => {
                self.unreadable(&error.to_string());
                Ok(None)
            }
        }
    }

    fn build(&mut self, kind: &str, node: Node) -> Option<Geometry<f64>> {
        match (kind, node) {
            ("Point", Node::Position { coord, was_text }) => {
                self.had_text |= was_text;
                self.assembly.point(coord).map(Geometry::Point)
            }
            ("Point", Node::List(list)) if list.is_empty() => None,
            ("MultiPoint", Node::List(list)) => {
                let coords = self.positions(list)?;
                let points: Vec<_> = coords
                    .into_iter()
                    .filter_map(|coord| self.assembly.point(coord))
                    .collect();
                unless_empty(points.is_empty(), geo_types::MultiPoint(points).into())
            }
            ("LineString", Node::List(list)) => {
                let coords = self.positions(list)?;
                self.assembly.line(coords).map(Geometry::LineString)
            }
            ("Polygon", Node::List(list)) => self.polygon(list).map(Geometry::Polygon),
            ("MultiLineString", Node::List(list)) => {
                let lines = self.lists(list)?;
                let lines: Vec<_> = lines
                    .into_iter()
                    .filter_map(|line| self.assembly.line(line))
                    .collect();
                unless_empty(lines.is_empty(), geo_types::MultiLineString(lines).into())
            }
            ("MultiPolygon", Node::List(list)) => {
                let polygons: Vec<_> = list
                    .into_iter()
                    .filter_map(|part| self.polygon_of(part))
                    .collect();
                unless_empty(
                    polygons.is_empty(),
                    geo_types::MultiPolygon(polygons).into(),
                )
            }
            _ => self.unreadable("its coordinates do not fit its type"),
        }
    }

    fn polygon_of(&mut self, node: Node) -> Option<Polygon<f64>> {
        match node {
            Node::List(rings) => self.polygon(rings),
            _ => {
                self.unreadable("a polygon is no list of rings");
                None
            }
        }
    }

    fn polygon(&mut self, rings: Vec<Node>) -> Option<Polygon<f64>> {
        let rings = self.lists(rings)?;
        if rings.is_empty() {
            self.unreadable("a polygon has no ring");
            return None;
        }
        self.assembly.polygon(rings)
    }

    fn lists(&mut self, nodes: Vec<Node>) -> Option<Vec<Vec<Coord<f64>>>> {
        let mut lists = Vec::with_capacity(nodes.len());
        for node in nodes {
            let Node::List(list) = node else {
                self.unreadable("its coordinates do not fit its type");
                return None;
            };
            lists.push(self.positions(list)?);
        }
        Some(lists)
    }

    fn positions(&mut self, nodes: Vec<Node>) -> Option<Vec<Coord<f64>>> {
        let mut coords = Vec::with_capacity(nodes.len());
        for node in nodes {
            let Node::Position { coord, was_text } = node else {
                self.unreadable("a position is not two numbers");
                return None;
            };
            self.had_text |= was_text;
            coords.push(coord);
        }
        Some(coords)
    }
}

fn unless_empty(is_empty: bool, geometry: Geometry<f64>) -> Option<Geometry<f64>> {
    if is_empty { None } else { Some(geometry) }
}

struct NodeSeed<'s, 'l> {
    reading: &'s mut Reading<'l>,
    failure: &'s mut Option<Error>,
}

impl<'t> DeserializeSeed<'t> for NodeSeed<'_, '_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'t> Visitor<'t> for NodeSeed<'_, '_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("coordinates")
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Number {
            value,
            was_text: false,
        })
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number {
            value: value as f64,
            was_text: false,
        })
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number {
            value: value as f64,
            was_text: false,
        })
    }

    /// RFC 7946 forbids it, map services in the wild do it.
    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(text
            .trim()
            .parse()
            .map_or(Node::Other, |value| Node::Number {
                value,
                was_text: true,
            }))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Node, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Node::Other)
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut elements: A) -> Result<Node, A::Error> {
        if let Err(error) = self.reading.count_vertices(1) {
            *self.failure = Some(error);
            return Err(A::Error::custom("stopped"));
        }
        let mut list = List::default();
        while let Some(node) = elements.next_element_seed(NodeSeed {
            reading: &mut *self.reading,
            failure: &mut *self.failure,
        })? {
            list.push(node);
        }
        Ok(list.into_node())
    }
}

/// Elements of an array: of a position only the first two numbers are kept, however many there are.
#[derive(Default)]
struct List {
    numbers: [f64; 2],
    number_count: usize,
    was_text: bool,
    nodes: Vec<Node>,
}

impl List {
    fn push(&mut self, node: Node) {
        match node {
            Node::Number { value, was_text } => {
                if let Some(slot) = self.numbers.get_mut(self.number_count) {
                    *slot = value;
                    self.was_text |= was_text;
                }
                self.number_count += 1;
            }
            other => self.nodes.push(other),
        }
    }

    fn into_node(self) -> Node {
        let [x, y] = self.numbers;
        match (self.number_count, self.nodes.is_empty()) {
            (0, _) => Node::List(self.nodes),
            (2.., true) => Node::Position {
                coord: Coord { x, y },
                was_text: self.was_text,
            },
            _ => Node::Other,
        }
    }
}
