//! 照片查重 — the fingerprint of a picture and the comparison of two.
//!
//! A picture is brought to a fixed area in grey. Blobs that stand out at several scales are its **marks**: position, scale
//! and a 64-bit description of the surroundings whose bits only change places when the picture is turned or mirrored. Beside
//! them stands a **relief**: a grid of about 7,000 points in 16 steps, each relative to its surroundings, so that brightness
//! and contrast cancel.
//!
//! Two pictures are compared twice. First marks that resemble each other must agree on one orientation, one scale and one
//! shift; that survives cropping and tells how the one lies on the other. Then the reliefs are laid upon each other and
//! compared block by block: the *same* picture agrees nearly everywhere but for a caption, while a second photograph of the
//! same place has other shadows, other leaves and other clouds.
//!
//! Known limits: cropping beyond about a third of the area, turning by angles that are no multiples of 90°, stretching of
//! one axis by more than a few per cent, collages, photographs of a screen or of a print. Two exposures of a burst, taken
//! from a tripod within seconds, are one picture for this room.

mod code;
mod compare;
mod decode;
mod marks;
mod orientation;
mod plane;
mod relief;

pub use compare::{Comparison, Grade, compare};
pub use decode::Limits;
pub use orientation::Orientation;

pub(crate) use compare::{align, aligned_along, relief_share, settle};
pub(crate) use marks::{MOST as MOST_MARKS, Mark};
pub(crate) use plane::Plane;
pub(crate) use relief::{Lay, Relief, lay_coarsely};

use crate::error::Error;
/// Fewer marks than this carry too little to compare.
const FEWEST_MARKS: usize = 10;
/// The least share of a picture's blocks that must show something.
const LEAST_TEXTURE: f32 = 0.12;

/// 照片指纹 — what is kept of a picture in order to find it again: about 4.3 kB, see [`Fingerprint::to_bytes`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// Width and height after the orientation tag was applied, at the fixed area that marks are measured in.
    pub(crate) frame: (u16, u16),
    pub(crate) marks: Vec<Mark>,
    pub(crate) relief: Relief,
}

impl Fingerprint {
    /// The fingerprint of a JPEG, PNG or WebP file. The orientation tag of a JPEG is applied first.
    ///
    /// # Errors
    /// [`Error::UnknownKind`], [`Error::TooLarge`] before anything is decoded, [`Error::Decode`] for damaged files.
    pub fn of_file(bytes: &[u8], limits: &Limits) -> Result<Self, Error> {
        let grey = decode::grey(bytes, limits)?;
        Self::of_grey(grey.width(), grey.height(), grey.as_raw())
    }

    /// The fingerprint of decoded pixels: one byte of luma each, row by row, upright.
    ///
    /// # Errors
    /// [`Error::Shape`] if `pixels` does not hold `width` × `height` values or none.
    pub fn of_grey(width: u32, height: u32, pixels: &[u8]) -> Result<Self, Error> {
        let frame = Plane::framed(width, height, pixels, marks::AREA)?;
        let small = Plane::framed(width, height, pixels, relief::AREA)?;
        Ok(Self {
            frame: (frame.width as u16, frame.height as u16),
            marks: marks::find(&frame),
            relief: Relief::of(&small),
        })
    }

    /// Whether the picture shows enough to be compared. All sky, all black, a blank page do not; they match nothing.
    pub fn is_comparable(&self) -> bool {
        self.marks.len() >= FEWEST_MARKS && self.relief.texture() >= LEAST_TEXTURE
    }

    /// The stored form; the first byte is the version of the encoding. Equal fingerprints have equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        code::encode(self)
    }

    /// Reads what [`Fingerprint::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`Error::Fingerprint`] for an unknown version and for bytes that are no fingerprint.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        code::decode(bytes)
    }
}
