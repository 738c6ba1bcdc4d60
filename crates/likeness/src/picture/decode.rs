//! Bytes to grey pixels, within bounds.

use std::io::Cursor;

use image::{DynamicImage, GrayImage, ImageDecoder, ImageFormat, ImageReader};

use crate::error::{Bound, Error};

/// What a picture may cost. Checked before pixels are decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub size_bytes: u64,
    /// Width times height.
    pub pixels: u64,
}

impl Default for Limits {
    /// 64 MB and 120 million pixels: a phone's largest photo, but no survey sheet.
    fn default() -> Self {
        Self {
            size_bytes: 64 << 20,
            pixels: 120_000_000,
        }
    }
}

fn bounded(bound: Bound, found: u64, allowed: u64) -> Result<(), Error> {
    if found > allowed {
        return Err(Error::TooLarge {
            bound,
            found,
            allowed,
        });
    }
    Ok(())
}

pub(super) fn grey(bytes: &[u8], limits: &Limits) -> Result<GrayImage, Error> {
    bounded(Bound::Bytes, bytes.len() as u64, limits.size_bytes)?;
    let format = image::guess_format(bytes).map_err(|_unknown| Error::UnknownKind)?;
    if !matches!(
        format,
        ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP
    ) {
        return Err(Error::UnknownKind);
    }
    let decoding = |source| Error::Decode { source };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    // Four bytes a pixel: what is wider is no photograph of a camera.
    let memory = limits.pixels.saturating_mul(4).max(1 << 20);
    let mut bounds = image::Limits::default();
    bounds.max_alloc = Some(memory);
    reader.limits(bounds);
    let mut decoder = reader.into_decoder().map_err(decoding)?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    bounded(Bound::Pixels, pixels, limits.pixels)?;
    bounded(Bound::Memory, decoder.total_bytes(), memory)?;
    let orientation = decoder
        .orientation()
        .unwrap_or(image::metadata::Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder).map_err(decoding)?;
    // Grey first: turning one byte a pixel is cheaper than turning three.
    let mut grey = DynamicImage::ImageLuma8(picture.into_luma8());
    grey.apply_orientation(orientation);
    Ok(grey.into_luma8())
}
