//! Outlines as GeoJSON, written straight from the steps they are kept in: the very text that their geometries would give.

use itoa::Buffer as Digits;

use super::outlines::{Decoder, LINE, LINES, Number, POINT, POINTS, POLYGON, POLYGONS};

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
            out,
        };
        teller.geometry()
    }
}

struct Teller<'d, 'a, 'o> {
    decoder: &'d mut Decoder<'a>,
    is_latitude_first: bool,
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
        self.list(holes + 1, Self::line)
    }

    fn position(&mut self) -> Option<()> {
        let (x, y) = (self.decoder.read(0)?, self.decoder.read(1)?);
        let [first, second] = if self.is_latitude_first {
            [y, x]
        } else {
            [x, y]
        };
        self.out.push(b'[');
        write_number(first, self.out);
        self.out.push(b',');
        write_number(second, self.out);
        self.out.push(b']');
        Some(())
    }
}

fn write_number(number: Number, out: &mut Vec<u8>) {
    let parts = match number {
        Number::Parts(parts) if parts == 0 || parts.unsigned_abs() >= LEAST_PLAIN => parts,
        small_or_odd => return write_float(small_or_odd.degrees(), out),
    };
    if parts < 0 {
        out.push(b'-');
    }
    let (whole, rest) = (parts.unsigned_abs() / PARTS, parts.unsigned_abs() % PARTS);
    out.extend_from_slice(Digits::new().format(whole).as_bytes());
    // One more in front keeps the zeros behind the point; the point takes its place.
    let mut digits = Digits::new();
    let digits = digits.format(PARTS + rest);
    let idle = digits[2..].bytes().rev().take_while(|d| *d == b'0');
    out.push(b'.');
    out.extend_from_slice(&digits.as_bytes()[1..digits.len() - idle.count()]);
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
        fn parts_are_written_as_the_numbers_they_are(parts in prop_oneof![-200_000_000_000..200_000_000_000_i64, -20_000..20_000_i64]) {
            let mut told = Vec::new();
            write_number(Number::Parts(parts), &mut told);
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
            write_number(Number::Parts(parts), &mut told);
            assert_eq!(told, text.as_bytes());
        }
    }
}
