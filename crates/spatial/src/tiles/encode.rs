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
    /// A text of a dictionary, by its number there: told apart by the number alone.
    Word(u16, &'a [Option<String>]),
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
    /// The commands as they are encoded, with room behind them: so many bytes count.
    room: Vec<u8>,
    used: usize,
    cursor: [i32; 2],
}

impl Path {
    /// An empty path.
    pub fn new(kind: GeometryKind) -> Self {
        Self {
            kind,
            room: Vec::new(),
            used: 0,
            cursor: [0, 0],
        }
    }

    /// Empties it for another geometry.
    pub fn restart(&mut self, kind: GeometryKind) {
        self.kind = kind;
        self.used = 0;
        self.cursor = [0, 0];
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.used == 0
    }

    /// The commands as they are encoded.
    pub fn commands(&self) -> &[u8] {
        &self.room[..self.used]
    }

    fn command(&mut self, id: u32, count: usize) {
        self.number(id | (count as u32) << 3);
    }

    fn go(&mut self, to: [i32; 2]) {
        for (to, from) in to.iter().zip(self.cursor) {
            self.number(zigzag(to - from));
        }
        self.cursor = to;
    }

    /// Writes eight bytes, of which those of the number count: whether a step takes one byte or two nobody foresees.
    #[inline]
    fn number(&mut self, value: u32) {
        let end = self.used + 8;
        if end > self.room.len() {
            self.make_room(end);
        }
        let (bytes, count) = varint_of(value);
        self.room[self.used..end].copy_from_slice(&bytes);
        self.used += count;
    }

    #[cold]
    fn make_room(&mut self, end: usize) {
        self.room.resize(2 * end + 64, 0);
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

/// The bytes of a number, and how many count; without a branch but for large ones.
fn varint_of(value: u32) -> ([u8; 8], usize) {
    let value = u64::from(value);
    if value < 1 << 14 {
        let is_long = value > 0x7f;
        let bytes = (value & 0x7f) | u64::from(is_long) << 7 | value >> 7 << 8;
        return (bytes.to_le_bytes(), 1 + usize::from(is_long));
    }
    let count = varint_len(value);
    let sevens = (0..5).fold(0, |all, at| all | (value >> (7 * at) & 0x7f) << (8 * at));
    let sequels = 0x80_8080_8080 & ((1 << (8 * (count - 1))) - 1);
    ((sevens | sequels).to_le_bytes(), count)
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
    /// The keys as they are encoded.
    keys: Vec<u8>,
    texts: HashMap<String, u32>,
    /// By key.
    words: Vec<WordsTold>,
    /// Few: most layers count, and most counts are one.
    numbers: BTreeMap<(u8, u64), u32>,
    count: u32,
    told: Vec<u8>,
    tags: Vec<u8>,
}

/// Words of a dictionary with their values' numbers, one more than these; 0 where a word was not told yet.
#[derive(Clone)]
struct WordsTold {
    /// By number: most dictionaries are no longer.
    first: [u32; 64],
    /// The others in order.
    further: Vec<(u16, u32)>,
}

const NO_WORDS: WordsTold = WordsTold {
    first: [0; 64],
    further: Vec::new(),
};

/// What layers and their features begin with room for.
const USUAL_BYTES: usize = 8192;

impl Values {
    /// No values yet, of these attributes.
    pub fn new(keys: &[&str]) -> Self {
        let mut told = Vec::with_capacity(256);
        keys.iter()
            .for_each(|name| bytes(&mut told, 3, name.as_bytes()));
        Self {
            keys: told,
            texts: HashMap::new(),
            words: vec![NO_WORDS; keys.len()],
            numbers: BTreeMap::new(),
            count: 0,
            told: Vec::with_capacity(USUAL_BYTES / 2),
            tags: Vec::with_capacity(64),
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
        let words = &mut self.words[at];
        if let Some(told) = words.first.get_mut(usize::from(number)) {
            if *told == 0 {
                *told = self.count + 1;
            }
            return *told - 1;
        }
        let further = &mut words.further;
        match further.binary_search_by_key(&number, |(known, _)| *known) {
            Ok(found) => further[found].1 - 1,
            Err(place) => {
                further.insert(place, (number, self.count + 1));
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
            Value::Text(text) | Value::Own(text) => tell_text(out, text),
            Value::Word(number, dictionary) => {
                let word = dictionary
                    .get(usize::from(*number))
                    .and_then(Option::as_ref);
                tell_text(out, word.map_or("", String::as_str));
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

fn tell_text(out: &mut Vec<u8>, text: &str) {
    varint(out, bytes_len(text.len()) as u64);
    bytes(out, 1, text.as_bytes());
}

/// 图层 — one layer of a tile in the making.
pub struct LayerWriter<'n> {
    name: &'n str,
    features: Vec<u8>,
    count: usize,
}

impl<'n> LayerWriter<'n> {
    /// An empty layer.
    pub fn new(name: &'n str) -> Self {
        Self {
            name,
            features: Vec::with_capacity(USUAL_BYTES),
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
        let told = match tags.len() {
            0 => 0,
            length => bytes_len(length),
        };
        let content = id.map_or(0, |id| 1 + varint_len(id)) + told + 2 + bytes_len(path.used);
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
        bytes(out, 4, path.commands());
        self.count += 1;
    }
}

/// What every layer ends with: how many units its side has.
const TAIL: [u8; 3] = [5 << 3, 0x80 | (EXTENT & 0x7f) as u8, (EXTENT >> 7) as u8];

/// A tile in the making.
#[derive(Default)]
pub struct TileWriter {
    out: Vec<u8>,
}

impl TileWriter {
    /// Adds a layer with the values its features are told by, unless nothing is in it.
    pub fn layer(&mut self, layer: &LayerWriter<'_>, values: &Values) {
        if layer.is_empty() {
            return;
        }
        let parts = [&layer.features[..], &values.keys, &values.told, &TAIL];
        let content: usize = parts.iter().map(|part| part.len()).sum();
        let length = 2 + bytes_len(layer.name.len()) + content;
        let out = &mut self.out;
        // Tiles are kept as they are: room beyond their end would be kept with them.
        out.reserve_exact(bytes_len(length));
        key(out, 3, 2);
        varint(out, length as u64);
        key(out, 15, 0);
        varint(out, 2);
        bytes(out, 1, layer.name.as_bytes());
        parts.iter().for_each(|part| out.extend_from_slice(part));
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
        let mut dictionary = vec![None; 101];
        dictionary[3] = Some("a".to_owned());
        dictionary[100] = Some("b".to_owned());
        let word = |number| Value::Word(number, &dictionary);
        let (told, by_number) = layer(&[word(3), word(100), word(3), word(100)]);
        assert_eq!(told, 4);
        let by_text = ["a", "b", "a", "b"].map(Value::Text);
        let (_, by_text) = layer(&by_text);
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
                if let Ok(value) = u32::try_from(value) {
                    let (bytes, count) = varint_of(value);
                    assert_eq!(out, bytes[..count], "{value}");
                }
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
