//! What stops a fingerprint from being made or read.

/// Which bound a picture would break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// The bytes handed in.
    Bytes,
    /// Width times height.
    Pixels,
    /// Memory of the decoder.
    Memory,
}

impl Bound {
    /// The name of the bound, as sentences use it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Pixels => "pixels",
            Self::Memory => "bytes of memory",
        }
    }
}

/// What stops a fingerprint from being made or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither JPEG nor PNG nor WebP, by their first bytes.
    #[error("not a picture of a known kind")]
    UnknownKind,
    /// Larger than the caller allows; nothing was decoded.
    #[error("more {} than allowed: {found} instead of {allowed}", .bound.name())]
    TooLarge {
        bound: Bound,
        found: u64,
        allowed: u64,
    },
    /// The bytes announce a picture and do not hold one.
    #[error("picture cannot be decoded")]
    Decode {
        #[source]
        source: image::ImageError,
    },
    /// Width times height is not the number of pixels handed in, or is zero.
    #[error("{width} × {height} pixels announced, {found} given")]
    Shape {
        width: u32,
        height: u32,
        found: usize,
    },
    /// Stored bytes that are no fingerprint of a version known here.
    #[error("not a fingerprint: {reason}")]
    Fingerprint { reason: &'static str },
}
