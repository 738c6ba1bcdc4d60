//! Outlines as GeoJSON, written straight from the steps they are kept in: the very text that their geometries would give.

use super::outlines::{Decoder, LINE, LINES, POINT, POINTS, POLYGON, POLYGONS};

/// Parts of a degree in one degree: nine digits tell them.
const PARTS: u64 = 1_000_000_000;
/// Fewer parts are told with an exponent, as other numbers of their size are.
const LEAST_PLAIN: u64 = 10_000;

impl Decoder<'_> {
    /// Writes what comes next as a GeoJSON object.
    pub(super) fn tell(&mut self, is_latitude_first: bool, out: &mut Vec<u8>) -> Option<()> {
        let mut teller = Teller {
            decoder: self,
            is_latitude_first,
            wholes: Default::default(),
            out,
        };
        teller.geometry()
    }
}

struct Teller<'d, 'a, 'o> {
    decoder: &'d mut Decoder<'a>,
    is_latitude_first: bool,
    /// Of the first and the second coordinate told last.
    wholes: [Whole; 2],
    out: &'o mut Vec<u8>,
}

impl Teller<'_, '_, '_> {
    fn geometry(&mut self) -> Option<()> {
        match self.decoder.byte()? {
            POINT => self.object("Point", "coordinates", Self::position),
            LINE => self.object("LineString", "coordinates", Self::line),
            POLYGON => self.object("Polygon", "coordinates", Self::rings),
            POINTS => self.object("MultiPoint", "coordinates", Self::line),
            LINES => self.object("MultiLineString", "coordinates", |t| t.several(Self::line)),
            POLYGONS => self.object("MultiPolygon", "coordinates", |t| t.several(Self::rings)),
            _ => {
                // What is greatest in it is told by its parts.
                self.decoder.byte()?;
                let all = |t: &mut Self| t.several(Self::geometry);
                self.object("GeometryCollection", "geometries", all)
            }
        }
    }

    fn object(
        &mut self,
        kind: &str,
        member: &str,
        content: impl FnOnce(&mut Self) -> Option<()>,
    ) -> Option<()> {
        for text in ["{\"type\":\"", kind, "\",\"", member, "\":"] {
            self.out.extend_from_slice(text.as_bytes());
        }
        content(self)?;
        self.out.push(b'}');
        Some(())
    }

    fn list(&mut self, count: u64, one: impl Fn(&mut Self) -> Option<()>) -> Option<()> {
        self.out.push(b'[');
        for at in 0..count {
            if at > 0 {
                self.out.push(b',');
            }
            one(self)?;
        }
        self.out.push(b']');
        Some(())
    }

    fn several(&mut self, one: impl Fn(&mut Self) -> Option<()>) -> Option<()> {
        let count = self.decoder.number()?;
        self.list(count, one)
    }

    fn line(&mut self) -> Option<()> {
        self.several(Self::position)
    }

    fn rings(&mut self) -> Option<()> {
        let holes = self.decoder.number()?;
        self.list(holes + 1, Self::ring)
    }

    /// A ring, written without its first position at the end.
    fn ring(&mut self) -> Option<()> {
        let start = self.out.len();
        self.line()?;
        let told = &self.out[start..];
        // Without the brackets around all positions.
        if let Some(first) = told
            .iter()
            .position(|byte| *byte == b']')
            .filter(|_| told.len() > 2)
        {
            self.out.pop();
            self.out.push(b',');
            self.out.extend_from_within(start + 1..=start + first);
            self.out.push(b']');
        }
        Some(())
    }

    fn position(&mut self) -> Option<()> {
        if !self.decoder.is_in_steps() {
            let position = (self.decoder.degrees()?, self.decoder.degrees()?);
            self.pair(position, write_float);
            return Some(());
        }
        let position = (self.decoder.parts(0)?, self.decoder.parts(1)?);
        if !is_plain(position.0) || !is_plain(position.1) {
            self.pair(position, write_parts);
            return Some(());
        }
        let (first, second) = self.in_order(position);
        let [first_whole, second_whole] = &mut self.wholes;
        write_piece(self.out, |piece| {
            piece.push(b'[');
            piece.degrees(first, first_whole);
            piece.push(b',');
            piece.degrees(second, second_whole);
            piece.push(b']');
        });
        Some(())
    }

    fn in_order<T>(&self, (x, y): (T, T)) -> (T, T) {
        match self.is_latitude_first {
            true => (y, x),
            false => (x, y),
        }
    }

    fn pair<T>(&mut self, position: (T, T), write: impl Fn(T, &mut Vec<u8>)) {
        let (first, second) = self.in_order(position);
        self.out.push(b'[');
        write(first, self.out);
        self.out.push(b',');
        write(second, self.out);
        self.out.push(b']');
    }
}

/// Whether parts are told without an exponent.
fn is_plain(parts: i64) -> bool {
    parts == 0 || parts.unsigned_abs() >= LEAST_PLAIN
}

fn write_parts(parts: i64, out: &mut Vec<u8>) {
    match is_plain(parts) {
        true => write_piece(out, |piece| piece.degrees(parts, &mut Whole::default())),
        false => write_float(parts as f64 / PARTS as f64, out),
    }
}

/// Whole degrees, which hardly change along an outline: they are put into words once.
#[derive(Clone, Copy, Default)]
struct Whole {
    /// So many parts of a degree.
    parts: u64,
    /// The digits, the first in the lowest byte, and how many; none before the first number.
    text: u64,
    count: usize,
}

impl Whole {
    fn of(parts: u64) -> Self {
        let whole = parts / PARTS;
        let digits = eight_digits(whole as u32);
        let idle = ((digits ^ ZEROS).trailing_zeros() / 8).min(7);
        Self {
            parts: whole * PARTS,
            text: digits >> (8 * idle),
            count: 8 - idle as usize,
        }
    }
}

const ROOM: usize = 64;
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// A text in the making, of two numbers at most: `-999999.999999999` is the longest.
struct Piece<'o> {
    room: &'o mut [u8; ROOM],
    used: usize,
}

/// Writes a piece where it stays: copying digits costs more than telling them.
fn write_piece(out: &mut Vec<u8>, write: impl FnOnce(&mut Piece<'_>)) {
    let start = out.len();
    out.extend_from_slice(&[0; ROOM]);
    let Some(room) = out.last_chunk_mut() else {
        return;
    };
    let mut piece = Piece { room, used: 0 };
    write(&mut piece);
    let used = piece.used;
    out.truncate(start + used);
}

impl Piece<'_> {
    fn push(&mut self, byte: u8) {
        self.room[self.used] = byte;
        self.used += 1;
    }

    /// Writes eight bytes, of which the first `count` stay.
    fn eight(&mut self, bytes: u64, count: usize) {
        self.room[self.used..self.used + 8].copy_from_slice(&bytes.to_le_bytes());
        self.used += count;
    }

    /// Parts of a degree as degrees, with as many digits behind the point as are needed, one at least.
    fn degrees(&mut self, parts: i64, whole: &mut Whole) {
        if parts < 0 {
            self.push(b'-');
        }
        let parts = parts.unsigned_abs();
        if whole.count == 0 || parts.wrapping_sub(whole.parts) >= PARTS {
            *whole = Whole::of(parts);
        }
        self.eight(whole.text, whole.count);
        self.push(b'.');
        let rest = (parts - whole.parts) as u32;
        let (digits, last) = (eight_digits(rest / 10), (rest % 10) as u8);
        if last > 0 {
            self.eight(digits, 8);
            self.push(b'0' + last);
            return;
        }
        let idle = ((digits ^ ZEROS).leading_zeros() / 8).min(7);
        self.eight(digits, 8 - idle as usize);
    }
}

/// The eight decimal digits of a number as text, the first in the lowest byte: halves, quarters, digits, side by side.
fn eight_digits(number: u32) -> u64 {
    let fours = u64::from(number / 10_000) | u64::from(number % 10_000) << 32;
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let twos = hundreds | (fours - 100 * hundreds) << 16;
    let tens = ((twos * 103) >> 10) & 0x000f_000f_000f_000f;
    let ones = tens | (twos - 10 * tens) << 8;
    ones | ZEROS
}

fn write_float(value: f64, out: &mut Vec<u8>) {
    // Writing to memory cannot fail, and coordinates are numbers.
    let _ = serde_json::to_writer(out, &value);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use spatial::formats::Told;

    use super::super::outlines::{Outlines, tests::geometry};
    use super::*;

    proptest! {
        #[test]
        fn latitude_stands_first_where_it_is_asked_for(outline in geometry()) {
            let mut outlines = Outlines::default();
            outlines.set(0, Some(&outline));
            let mut told = Vec::new();
            prop_assert!(outlines.tell(0, true, &mut told));
            let whole = serde_json::to_vec(&Told { geometry: &outline, is_latitude_first: true });
            prop_assert_eq!(Some(told), whole.ok());
        }

        #[test]
        fn eight_digits_are_those_of_the_number(number in 0_u32..100_000_000) {
            prop_assert_eq!(eight_digits(number).to_le_bytes().to_vec(), format!("{number:08}").into_bytes());
        }

        #[test]
        fn parts_are_written_as_the_numbers_they_are(parts in prop_oneof![-200_000_000_000..200_000_000_000_i64, -20_000..20_000_i64, -999_999_999_999_999..1_000_000_000_000_000_i64]) {
            let mut told = Vec::new();
            write_parts(parts, &mut told);
            let number = serde_json::to_vec(&(parts as f64 / PARTS as f64));
            prop_assert_eq!(Some(told), number.ok());
        }
    }

    #[test]
    fn whole_degrees_keep_their_point() {
        for (parts, text) in [
            (0, "0.0"),
            (180_000_000_000, "180.0"),
            (-7_500_000_000, "-7.5"),
        ] {
            let mut told = Vec::new();
            write_parts(parts, &mut told);
            assert_eq!(told, text.as_bytes());
        }
    }
}
