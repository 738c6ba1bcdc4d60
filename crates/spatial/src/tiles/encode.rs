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

fn key(out: &mut Vec<u8>, field: u32, wire: u32) {
    varint(out, u64::from(field << 3 | wire));
}

fn bytes(out: &mut Vec<u8>, field: u32, content: &[u8]) {
    key(out, field, 2);
    varint(out, content.len() as u64);
    out.extend_from_slice(content);
}

/// 图层 — one layer of a tile in the making. Keys are known beforehand; values are told once.
pub struct LayerWriter {
    name: String,
    keys: Vec<&'static str>,
    texts: HashMap<String, u32>,
    /// By key and number of the dictionary: the value's number and one; 0 where it was not told yet.
    words: Vec<Vec<u32>>,
    /// Few: most layers count, and most counts are one.
    numbers: BTreeMap<(u8, u64), u32>,
    value_count: u32,
    values: Vec<u8>,
    features: Vec<u8>,
    count: usize,
    scratch: Vec<u8>,
    packed: Vec<u8>,
    content: Vec<u8>,
}

impl LayerWriter {
    /// An empty layer with these attributes.
    pub fn new(name: &str, keys: &[&'static str]) -> Self {
        Self {
            name: name.to_owned(),
            keys: keys.to_vec(),
            texts: HashMap::new(),
            words: vec![Vec::new(); keys.len()],
            numbers: BTreeMap::new(),
            value_count: 0,
            values: Vec::with_capacity(1024),
            features: Vec::with_capacity(4096),
            count: 0,
            scratch: Vec::new(),
            packed: Vec::new(),
            content: Vec::new(),
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

    /// Adds a feature; attributes are positions in the layer's keys with values.
    pub fn feature<'v>(
        &mut self,
        id: Option<u64>,
        path: &Path,
        attributes: impl IntoIterator<Item = (usize, Value<'v>)>,
    ) {
        let mut scratch = std::mem::take(&mut self.scratch);
        let mut packed = std::mem::take(&mut self.packed);
        scratch.clear();
        if let Some(id) = id {
            key(&mut scratch, 1, 0);
            varint(&mut scratch, id);
        }
        packed.clear();
        for (at, value) in attributes {
            varint(&mut packed, at as u64);
            let value = self.value(at, &value);
            varint(&mut packed, u64::from(value));
        }
        if !packed.is_empty() {
            bytes(&mut scratch, 2, &packed);
        }
        key(&mut scratch, 3, 0);
        varint(
            &mut scratch,
            match path.kind {
                GeometryKind::Nothing => 0,
                GeometryKind::Points => 1,
                GeometryKind::Lines => 2,
                GeometryKind::Polygons => 3,
            },
        );
        packed.clear();
        for command in &path.commands {
            varint(&mut packed, u64::from(*command));
        }
        bytes(&mut scratch, 4, &packed);
        bytes(&mut self.features, 2, &scratch);
        self.count += 1;
        self.scratch = scratch;
        self.packed = packed;
    }

    fn value(&mut self, at: usize, value: &Value<'_>) -> u32 {
        let next = self.value_count;
        let number = match value {
            Value::Text(text) => {
                if let Some(number) = self.texts.get(*text) {
                    return *number;
                }
                self.texts.insert((*text).to_owned(), next);
                next
            }
            Value::Word(number, _) => return self.word(at, usize::from(*number), value),
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

    fn word(&mut self, at: usize, number: usize, value: &Value<'_>) -> u32 {
        let told = &mut self.words[at];
        if told.len() <= number {
            told.resize(number + 1, 0);
        }
        if told[number] == 0 {
            told[number] = self.value_count + 1;
            self.tell(value);
        }
        self.words[at][number] - 1
    }

    /// Writes a value under the next number.
    fn tell(&mut self, value: &Value<'_>) {
        self.value_count += 1;
        let mut content = std::mem::take(&mut self.content);
        content.clear();
        match value {
            Value::Text(text) | Value::Word(_, text) | Value::Own(text) => {
                bytes(&mut content, 1, text.as_bytes());
            }
            Value::Real(v) => {
                key(&mut content, 3, 1);
                content.extend_from_slice(&v.to_le_bytes());
            }
            Value::Integer(v) => {
                key(&mut content, 6, 0);
                varint(&mut content, ((v << 1) ^ (v >> 63)).cast_unsigned());
            }
            Value::Bool(v) => {
                key(&mut content, 7, 0);
                varint(&mut content, u64::from(*v));
            }
        }
        bytes(&mut self.values, 4, &content);
        self.content = content;
    }

    fn finish(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.features.len() + self.values.len() + 256);
        key(&mut out, 15, 0);
        varint(&mut out, 2);
        bytes(&mut out, 1, self.name.as_bytes());
        out.extend_from_slice(&self.features);
        for name in &self.keys {
            bytes(&mut out, 3, name.as_bytes());
        }
        out.extend_from_slice(&self.values);
        key(&mut out, 5, 0);
        varint(&mut out, u64::from(EXTENT.cast_unsigned()));
        out
    }
}

/// A tile in the making.
#[derive(Default)]
pub struct TileWriter {
    out: Vec<u8>,
}

impl TileWriter {
    /// Adds a layer, unless nothing is in it.
    pub fn layer(&mut self, layer: LayerWriter) {
        if !layer.is_empty() {
            bytes(&mut self.out, 3, &layer.finish());
        }
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
        let layer = |values: &[Value<'_>]| {
            let mut writer = LayerWriter::new("sites", &["state", "zone"]);
            for value in values {
                writer.feature(None, &point, [(0, *value), (1, *value)]);
            }
            (writer.value_count, writer.finish())
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
