//! Writing Mapbox Vector Tiles 2.1 by hand: a few field numbers, variable-length integers, zigzag deltas.

use std::collections::{BTreeMap, HashMap};

use super::{EXTENT, GeometryKind};

const MOVE_TO: u32 = 1;
const LINE_TO: u32 = 2;
const CLOSE_PATH: u32 = 7;

/// A value of an attribute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    Text(&'a str),
    /// A text of a dictionary, with its number there: told apart by the number alone.
    Word(u16, &'a str),
    /// A text that hardly any other feature of the layer has: told with each, not looked for among those told.
    Own(&'a str),
    Real(f64),
    Integer(i64),
    Bool(bool),
}

/// 路径 — a geometry as commands of a tile.
#[derive(Debug, Clone)]
pub struct Path {
    kind: GeometryKind,
    commands: Vec<u32>,
    cursor: [i32; 2],
}

impl Path {
    /// An empty path.
    pub fn new(kind: GeometryKind) -> Self {
        Self {
            kind,
            commands: Vec::new(),
            cursor: [0, 0],
        }
    }

    /// Empties it for another geometry.
    pub fn restart(&mut self, kind: GeometryKind) {
        self.kind = kind;
        self.commands.clear();
        self.cursor = [0, 0];
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    /// The commands as they are encoded.
    pub fn commands(&self) -> &[u32] {
        &self.commands
    }

    fn command(&mut self, id: u32, count: usize) {
        self.commands.push(id | (count as u32) << 3);
    }

    fn go(&mut self, to: [i32; 2]) {
        for (to, from) in to.iter().zip(self.cursor) {
            self.commands.push(zigzag(to - from));
        }
        self.cursor = to;
    }

    /// Adds points; whether there were any.
    pub fn points(&mut self, points: &[[i32; 2]]) -> bool {
        if points.is_empty() {
            return false;
        }
        self.command(MOVE_TO, points.len());
        points.iter().for_each(|p| self.go(*p));
        true
    }

    /// Adds a line, unless it has no length.
    pub fn line(&mut self, line: &[[i32; 2]]) -> bool {
        if line.len() < 2 {
            return false;
        }
        self.command(MOVE_TO, 1);
        self.go(line[0]);
        self.command(LINE_TO, line.len() - 1);
        line[1..].iter().for_each(|p| self.go(*p));
        true
    }

    /// Adds a ring, not closed, turned as the format wants exteriors and holes; whether it has an area at all.
    pub fn ring(&mut self, ring: &[[i32; 2]], is_hole: bool) -> bool {
        let area = twice_area(ring);
        if ring.len() < 3 || area == 0 {
            return false;
        }
        self.command(MOVE_TO, 1);
        self.go(ring[0]);
        self.command(LINE_TO, ring.len() - 1);
        // In tile units y grows downward: an exterior's area by the usual formula is positive.
        if (area > 0) == is_hole {
            ring[1..].iter().rev().for_each(|p| self.go(*p));
        } else {
            ring[1..].iter().for_each(|p| self.go(*p));
        }
        self.command(CLOSE_PATH, 1);
        true
    }
}

fn twice_area(ring: &[[i32; 2]]) -> i64 {
    let mut sum = 0;
    let Some(mut before) = ring.last() else {
        return 0;
    };
    for point in ring {
        sum +=
            i64::from(before[0]) * i64::from(point[1]) - i64::from(point[0]) * i64::from(before[1]);
        before = point;
    }
    sum
}

fn zigzag(value: i32) -> u32 {
    ((value << 1) ^ (value >> 31)) as u32
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Bytes that a number takes.
fn varint_len(value: u64) -> usize {
    (u64::BITS - (value | 1).leading_zeros()).div_ceil(7) as usize
}

/// Every field number of the format is below 16: its key is one byte.
fn key(out: &mut Vec<u8>, field: u8, wire: u8) {
    out.push(field << 3 | wire);
}

fn bytes(out: &mut Vec<u8>, field: u8, content: &[u8]) {
    key(out, field, 2);
    varint(out, content.len() as u64);
    out.extend_from_slice(content);
}

/// Bytes that such a field takes.
fn bytes_len(content: usize) -> usize {
    1 + varint_len(content as u64) + content
}

/// 值表 — values of attributes, told once; keys are known beforehand. Layers with the same keys may share one: what is told
/// of a feature in two of them is then worked out once.
pub struct Values {
    keys: Vec<&'static str>,
    texts: HashMap<String, u32>,
    /// By key: numbers of the dictionary in order, with the value's number.
    words: Vec<Vec<(u16, u32)>>,
    /// Few: most layers count, and most counts are one.
    numbers: BTreeMap<(u8, u64), u32>,
    count: u32,
    told: Vec<u8>,
    tags: Vec<u8>,
}

impl Values {
    /// No values yet, of these attributes.
    pub fn new(keys: &[&'static str]) -> Self {
        Self {
            keys: keys.to_vec(),
            texts: HashMap::new(),
            words: vec![Vec::new(); keys.len()],
            numbers: BTreeMap::new(),
            count: 0,
            told: Vec::with_capacity(1024),
            tags: Vec::new(),
        }
    }

    /// What a feature is told by: positions in the keys with values, each as two numbers.
    pub fn tags<'v>(&mut self, attributes: impl IntoIterator<Item = (usize, Value<'v>)>) -> &[u8] {
        self.tags.clear();
        for (at, value) in attributes {
            let number = self.value(at, &value);
            varint(&mut self.tags, at as u64);
            varint(&mut self.tags, u64::from(number));
        }
        &self.tags
    }

    fn value(&mut self, at: usize, value: &Value<'_>) -> u32 {
        let next = self.count;
        let number = match value {
            Value::Text(text) => {
                if let Some(number) = self.texts.get(*text) {
                    return *number;
                }
                self.texts.insert((*text).to_owned(), next);
                next
            }
            Value::Word(number, _) => self.word(at, *number),
            Value::Own(_) => next,
            Value::Real(v) => *self.numbers.entry((3, v.to_bits())).or_insert(next),
            Value::Integer(v) => *self.numbers.entry((6, v.cast_unsigned())).or_insert(next),
            Value::Bool(v) => *self.numbers.entry((7, u64::from(*v))).or_insert(next),
        };
        if number == next {
            self.tell(value);
        }
        number
    }

    fn word(&mut self, at: usize, number: u16) -> u32 {
        let told = &mut self.words[at];
        match told.binary_search_by_key(&number, |(known, _)| *known) {
            Ok(found) => told[found].1,
            Err(place) => {
                told.insert(place, (number, self.count));
                self.count
            }
        }
    }

    /// Writes a value under the next number.
    fn tell(&mut self, value: &Value<'_>) {
        self.count += 1;
        let out = &mut self.told;
        key(out, 4, 2);
        match value {
            Value::Text(text) | Value::Word(_, text) | Value::Own(text) => {
                varint(out, bytes_len(text.len()) as u64);
                bytes(out, 1, text.as_bytes());
            }
            Value::Real(v) => {
                varint(out, 9);
                key(out, 3, 1);
                out.extend_from_slice(&v.to_le_bytes());
            }
            Value::Integer(v) => {
                let zigzag = ((v << 1) ^ (v >> 63)).cast_unsigned();
                varint(out, 1 + varint_len(zigzag) as u64);
                key(out, 6, 0);
                varint(out, zigzag);
            }
            Value::Bool(v) => {
                varint(out, 2);
                key(out, 7, 0);
                varint(out, u64::from(*v));
            }
        }
    }
}

/// 图层 — one layer of a tile in the making.
pub struct LayerWriter {
    name: String,
    features: Vec<u8>,
    count: usize,
}

impl LayerWriter {
    /// An empty layer.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            features: Vec::with_capacity(4096),
            count: 0,
        }
    }

    /// Features in it.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds a feature, with tags of the values that the layer is written with.
    pub fn feature(&mut self, id: Option<u64>, path: &Path, tags: &[u8]) {
        let commands = path.commands.iter().map(|c| u64::from(*c));
        let drawn: usize = commands.clone().map(varint_len).sum();
        let told = match tags.len() {
            0 => 0,
            length => bytes_len(length),
        };
        let content = id.map_or(0, |id| 1 + varint_len(id)) + told + 2 + bytes_len(drawn);
        let out = &mut self.features;
        out.reserve(bytes_len(content));
        key(out, 2, 2);
        varint(out, content as u64);
        if let Some(id) = id {
            key(out, 1, 0);
            varint(out, id);
        }
        if !tags.is_empty() {
            bytes(out, 2, tags);
        }
        key(out, 3, 0);
        out.push(match path.kind {
            GeometryKind::Nothing => 0,
            GeometryKind::Points => 1,
            GeometryKind::Lines => 2,
            GeometryKind::Polygons => 3,
        });
        key(out, 4, 2);
        varint(out, drawn as u64);
        commands.for_each(|command| varint(out, command));
        self.count += 1;
    }
}

/// A tile in the making.
#[derive(Default)]
pub struct TileWriter {
    out: Vec<u8>,
}

impl TileWriter {
    /// Adds a layer with the values its features are told by, unless nothing is in it.
    pub fn layer(&mut self, layer: &LayerWriter, values: &Values) {
        if layer.is_empty() {
            return;
        }
        let mut head = Vec::new();
        key(&mut head, 15, 0);
        varint(&mut head, 2);
        bytes(&mut head, 1, layer.name.as_bytes());
        let mut keys = Vec::new();
        for name in &values.keys {
            bytes(&mut keys, 3, name.as_bytes());
        }
        let mut tail = Vec::new();
        key(&mut tail, 5, 0);
        varint(&mut tail, u64::from(EXTENT.cast_unsigned()));
        let parts = [&head, &layer.features, &keys, &values.told, &tail];
        let length = parts.iter().map(|part| part.len()).sum();
        self.out.reserve(bytes_len(length));
        key(&mut self.out, 3, 2);
        varint(&mut self.out, length as u64);
        parts
            .iter()
            .for_each(|part| self.out.extend_from_slice(part));
    }

    /// The tile.
    pub fn finish(self) -> Vec<u8> {
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_those_of_the_specification() {
        // Section 4.3.5 of the specification, version 2.1.
        let mut point = Path::new(GeometryKind::Points);
        point.points(&[[25, 17]]);
        assert_eq!(point.commands(), [9, 50, 34]);
        let mut points = Path::new(GeometryKind::Points);
        points.points(&[[5, 7], [3, 2]]);
        assert_eq!(points.commands(), [17, 10, 14, 3, 9]);
        let mut line = Path::new(GeometryKind::Lines);
        line.line(&[[2, 2], [2, 10], [10, 10]]);
        assert_eq!(line.commands(), [9, 4, 4, 18, 0, 16, 16, 0]);
        let mut polygon = Path::new(GeometryKind::Polygons);
        polygon.ring(&[[3, 6], [8, 12], [20, 34]], false);
        assert_eq!(polygon.commands(), [9, 6, 12, 18, 10, 12, 24, 44, 15]);
    }

    #[test]
    fn a_word_is_told_once_a_key_however_often_it_is_used() {
        let mut point = Path::new(GeometryKind::Points);
        point.points(&[[25, 17]]);
        let layer = |told: &[Value<'_>]| {
            let mut values = Values::new(&["state", "zone"]);
            let mut writer = LayerWriter::new("sites");
            for value in told {
                writer.feature(None, &point, values.tags([(0, *value), (1, *value)]));
            }
            let mut tile = TileWriter::default();
            tile.layer(&writer, &values);
            (values.count, tile.finish())
        };
        let (told, by_number) = layer(&[
            Value::Word(3, "a"),
            Value::Word(0, "b"),
            Value::Word(3, "a"),
        ]);
        assert_eq!(told, 4);
        let (_, by_text) = layer(&[Value::Text("a"), Value::Text("b"), Value::Text("a")]);
        // Texts are shared between keys, words are not: the same features, two values more.
        assert_eq!(by_number.len(), by_text.len() + 2 * (2 + 3));
        assert_eq!(layer(&[Value::Own("a"), Value::Own("a")]).0, 4);
    }

    #[test]
    fn a_number_takes_as_many_bytes_as_it_is_said_to() {
        for bits in 0..u64::BITS {
            for value in [(1 << bits) - 1, 1 << bits, u64::MAX >> bits] {
                let mut out = Vec::new();
                varint(&mut out, value);
                assert_eq!(out.len(), varint_len(value), "{value}");
            }
        }
    }

    #[test]
    fn rings_are_turned_as_the_format_wants_them() {
        let square = [[0, 0], [10, 0], [10, 10], [0, 10]];
        let turned = [[0, 0], [0, 10], [10, 10], [10, 0]];
        let ring = |points: &[[i32; 2]], is_hole| {
            let mut path = Path::new(GeometryKind::Polygons);
            path.ring(points, is_hole);
            path.commands().to_vec()
        };
        assert_eq!(ring(&square, false), ring(&turned, false));
        assert_eq!(ring(&square, true), ring(&turned, true));
        assert_ne!(ring(&square, true), ring(&square, false));
        assert!(ring(&[[0, 0], [5, 5], [10, 10]], false).is_empty());
    }
}
