//! 查重 — finding close-outs that were made on paper: pictures and texts that were used before, bytes in and answers out.
//!
//! - [`picture`]: a [`Fingerprint`] of a photo that survives resizing, recompression, cropping, turning, mirroring and a
//!   burnt-in caption, and the comparison of two;
//! - [`index`]: the same over 10^5 photos and more;
//! - [`viewpoint`]: whether two pictures were taken from one spot, as far as that can be told;
//! - [`text`]: texts that were copied with names and figures exchanged.
//!
//! The room reads no file, no clock and draws no random number: same input, same answer. It grades likeness and never
//! judges people; the verdict is a person's.

pub mod error;
pub mod index;
pub mod picture;
pub mod text;
mod threads;
pub mod viewpoint;

pub use error::{Bound, Error};
pub use index::{Match, PictureIndex};
pub use picture::{Comparison, Fingerprint, Grade, Limits, Orientation, compare};
