//! The stored form of a fingerprint.
//!
//! Version 1, little endian: version (1 byte), frame width and height (2 + 2), number of marks (1), each mark: x, y, size,
//! standards, standard, signs (2 + 2 + 1 + 1 + 1 + 8), relief width and height (2 + 2), its points two to a byte.

use super::Fingerprint;
use super::marks::{self, Mark, UNIT};
use super::relief::{self, Relief};
use crate::error::Error;

const VERSION: u8 = 1;

pub(super) fn encode(picture: &Fingerprint) -> Vec<u8> {
    let mut out = Vec::with_capacity(10 + picture.marks.len() * 15 + picture.relief.packed.len());
    let sizes = |out: &mut Vec<u8>, w: u16, h: u16| {
        out.extend(w.to_le_bytes());
        out.extend(h.to_le_bytes());
    };
    out.push(VERSION);
    sizes(&mut out, picture.frame.0, picture.frame.1);
    out.push(picture.marks.len() as u8);
    for mark in &picture.marks {
        sizes(&mut out, mark.x, mark.y);
        out.extend([mark.size, mark.standards, mark.standard]);
        out.extend(mark.signs.to_le_bytes());
    }
    sizes(&mut out, picture.relief.width, picture.relief.height);
    out.extend(&picture.relief.packed);
    out
}

struct Reader<'a>(&'a [u8]);

fn broken(reason: &'static str) -> Error {
    Error::Fingerprint { reason }
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (first, rest) = self
            .0
            .split_first_chunk::<N>()
            .ok_or_else(|| broken("ends too early"))?;
        self.0 = rest;
        Ok(*first)
    }

    fn byte(&mut self) -> Result<u8, Error> {
        self.take::<1>().map(|[b]| b)
    }

    fn number(&mut self) -> Result<u16, Error> {
        self.take().map(u16::from_le_bytes)
    }

    /// Sides of a grid of about `area` points.
    fn sides(&mut self, area: f32) -> Result<(u16, u16), Error> {
        let (w, h) = (self.number()?, self.number()?);
        let points = f32::from(w) * f32::from(h);
        if w == 0 || h == 0 || points < area * 0.8 || points > area * 1.2 {
            return Err(broken("impossible size"));
        }
        Ok((w, h))
    }
}

pub(super) fn decode(bytes: &[u8]) -> Result<Fingerprint, Error> {
    let mut reader = Reader(bytes);
    if reader.byte()? != VERSION {
        return Err(broken("unknown version"));
    }
    let frame = reader.sides(marks::AREA)?;
    let count = usize::from(reader.byte()?);
    if count > marks::MOST {
        return Err(broken("too many marks"));
    }
    let mut marks = Vec::with_capacity(count);
    for _nth in 0..count {
        let (x, y) = (reader.number()?, reader.number()?);
        let [size, standards, standard] = reader.take()?;
        let inside = |at: u16, side: u16| f32::from(at) / UNIT < f32::from(side);
        if !inside(x, frame.0) || !inside(y, frame.1) || standard > 7 || standards == 0 {
            return Err(broken("impossible mark"));
        }
        let signs = u64::from_le_bytes(reader.take()?);
        marks.push(Mark {
            x,
            y,
            size,
            standards,
            standard,
            signs,
        });
    }
    let (width, height) = reader.sides(relief::AREA)?;
    let points = usize::from(width) * usize::from(height);
    if reader.0.len() != points.div_ceil(2) {
        return Err(broken("wrong length"));
    }
    Ok(Fingerprint {
        frame,
        marks,
        relief: Relief {
            width,
            height,
            packed: reader.0.to_vec(),
        },
    })
}
