//! The hex EWKB of a SMART track: lines whose third ordinate is the time in milliseconds since 1970.

use jiff::Timestamp;

/// 定位 — one fix of a track: when, where.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Fix {
    pub at: Option<Timestamp>,
    pub lon: f64,
    pub lat: f64,
}

/// What keeps a track from being read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum Fault {
    #[error("not hexadecimal")]
    NotHex,
    #[error("ends early")]
    EndsEarly,
    #[error("geometry of type {0} is no line")]
    NotALine(u32),
    #[error("byte order {0}")]
    ByteOrder(u8),
    #[error("more than {0} vertices")]
    TooMany(u64),
    #[error("bytes are left over")]
    LeftOver,
}

/// Lines of the track, each with its fixes in order.
pub(crate) fn lines(hex: &str, most_vertices: u64) -> Result<Vec<Vec<Fix>>, Fault> {
    let bytes = unhex(hex.trim())?;
    let mut rest = Rest {
        bytes: &bytes,
        left: most_vertices,
        most: most_vertices,
    };
    let head = rest.head()?;
    let lines = match head.kind {
        2 => vec![rest.line(head)?],
        5 => {
            // Each line needs nine bytes at least, so that a lying count allocates nothing.
            let count = rest.count(head, 9)?;
            let mut lines = Vec::with_capacity(count);
            for _ in 0..count {
                let inner = rest.head()?;
                if inner.kind != 2 {
                    return Err(Fault::NotALine(inner.kind));
                }
                lines.push(rest.line(inner)?);
            }
            lines
        }
        other => return Err(Fault::NotALine(other)),
    };
    match rest.bytes.is_empty() {
        true => Ok(lines),
        false => Err(Fault::LeftOver),
    }
}

fn unhex(text: &str) -> Result<Vec<u8>, Fault> {
    let digit = |byte: u8| char::from(byte).to_digit(16).ok_or(Fault::NotHex);
    let (pairs, odd) = text.as_bytes().as_chunks::<2>();
    if !odd.is_empty() {
        return Err(Fault::NotHex);
    }
    let byte = |pair: &[u8; 2]| -> Result<u8, Fault> {
        Ok(((digit(pair[0])? << 4) | digit(pair[1])?) as u8)
    };
    pairs.iter().map(byte).collect()
}

#[derive(Clone, Copy)]
struct Head {
    is_little: bool,
    kind: u32,
    has_z: bool,
    dimensions: usize,
}

struct Rest<'b> {
    bytes: &'b [u8],
    left: u64,
    most: u64,
}

impl Rest<'_> {
    /// ISO adds thousands for Z and M, the extended form sets high bits and may carry an SRID.
    fn head(&mut self) -> Result<Head, Fault> {
        let is_little = match self.take::<1>()?[0] {
            0 => false,
            1 => true,
            other => return Err(Fault::ByteOrder(other)),
        };
        let code = self.number(is_little)?;
        if code & 0x2000_0000 != 0 {
            self.take::<4>()?;
        }
        let plain = code & 0x0fff_ffff;
        let (kind, iso) = (plain % 1000, plain / 1000);
        let has_z = code & 0x8000_0000 != 0 || matches!(iso, 1 | 3);
        let has_m = code & 0x4000_0000 != 0 || matches!(iso, 2 | 3);
        if iso > 3 {
            return Err(Fault::NotALine(plain));
        }
        Ok(Head {
            is_little,
            kind,
            has_z,
            dimensions: 2 + usize::from(has_z) + usize::from(has_m),
        })
    }

    fn line(&mut self, head: Head) -> Result<Vec<Fix>, Fault> {
        let count = self.count(head, head.dimensions * 8)?;
        self.left = self
            .left
            .checked_sub(count as u64)
            .ok_or(Fault::TooMany(self.most))?;
        (0..count).map(|_| self.fix(head)).collect()
    }

    fn fix(&mut self, head: Head) -> Result<Fix, Fault> {
        let mut numbers = [0.0; 4];
        for number in numbers.iter_mut().take(head.dimensions) {
            let raw = self.take::<8>()?;
            *number = if head.is_little {
                f64::from_le_bytes(raw)
            } else {
                f64::from_be_bytes(raw)
            };
        }
        let [lon, lat, ms, _] = numbers;
        let at = head.has_z && ms.is_finite() && ms > 0.0;
        Ok(Fix {
            at: at
                .then(|| Timestamp::from_millisecond(ms as i64).ok())
                .flatten(),
            lon,
            lat,
        })
    }

    /// A count of things that need at least `least` bytes each.
    fn count(&mut self, head: Head, least: usize) -> Result<usize, Fault> {
        let count = self.number(head.is_little)? as usize;
        match count.checked_mul(least) {
            Some(needed) if needed <= self.bytes.len() => Ok(count),
            _ => Err(Fault::EndsEarly),
        }
    }

    fn number(&mut self, is_little: bool) -> Result<u32, Fault> {
        let raw = self.take::<4>()?;
        Ok(if is_little {
            u32::from_le_bytes(raw)
        } else {
            u32::from_be_bytes(raw)
        })
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let (taken, rest) = self
            .bytes
            .split_first_chunk::<N>()
            .ok_or(Fault::EndsEarly)?;
        self.bytes = rest;
        Ok(*taken)
    }
}
