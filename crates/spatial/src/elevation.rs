//! 高程 — elevation rasters (GeoTIFF): where their cells lie, and the heights of a window of them.
//!
//! Only the cells of the window are kept, however large the file; what it claims about itself is checked before memory
//! is taken for it.

mod geokeys;

use std::io::{Read, Seek};

use tiff::decoder::{ChunkType, Decoder, DecodingResult, Limits};
use tiff::tags::Tag;

use crate::crs::CrsError;
use crate::diagnostic::Diagnostic;

pub use geokeys::{GeoTags, Placement};

/// Cells of a side that a file may claim.
const MOST_SIDE: u32 = 100_000;
/// Cells looked at for one window: those of 20,000 × 20,000.
const MOST_CELLS: u64 = 400_000_000;
/// Cells of one strip or tile: what is unpacked at once.
const MOST_CHUNK_BYTES: usize = 64 << 20;
/// No ground of the Earth lies beyond these heights, metres: voids that a file forgot to declare.
const HEIGHTS_M: std::ops::RangeInclusive<f64> = -500.0..=9_000.0;

/// What can be wrong with an elevation raster.
#[derive(Debug, thiserror::Error)]
pub enum ElevationError {
    /// No TIFF, or broken, or packed in a way we do not read.
    #[error("not a readable TIFF: {0}")]
    Unreadable(#[from] tiff::TiffError),
    /// Its size or one of its parts is beyond what we take.
    #[error("{width} × {height} cells are too many")]
    TooLarge { width: u32, height: u32 },
    /// It is a picture of several bands, not heights.
    #[error("{0} bands where heights have one")]
    Bands(u16),
    /// It does not say where its cells lie.
    #[error("no cell size or no tie point")]
    NotPlaced,
    /// Its rows do not run from west to east.
    #[error("the raster is rotated")]
    Rotated,
    /// Heights or distances are not in metres (EPSG unit code).
    #[error("unit {0} is not the metre")]
    Unit(u16),
    /// It covers nothing of what is asked for.
    #[error("the raster lies elsewhere")]
    Elsewhere,
    /// Its positions cannot be brought to CGCS2000.
    #[error("the raster cannot be placed")]
    Crs(#[from] CrsError),
}

impl ElevationError {
    /// The same for people, by code.
    pub fn to_diagnostic(&self) -> Diagnostic {
        match self {
            Self::Unreadable(cause) => {
                Diagnostic::error("elevation.unreadable").arg("cause", cause)
            }
            Self::TooLarge { width, height } => Diagnostic::error("elevation.too_large")
                .arg("width", width)
                .arg("height", height)
                .arg("most", MOST_SIDE),
            Self::Bands(count) => Diagnostic::error("elevation.bands").arg("count", count),
            Self::NotPlaced => Diagnostic::error("elevation.not_placed"),
            Self::Rotated => Diagnostic::error("elevation.rotated"),
            Self::Unit(code) => Diagnostic::error("elevation.unit").arg("unit", code),
            Self::Elsewhere => Diagnostic::error("elevation.elsewhere"),
            Self::Crs(cause) => Diagnostic::error("import.not_convertible").arg("cause", cause),
        }
    }
}

/// Whether bytes begin as a TIFF or BigTIFF does.
pub fn is_tiff(head: &[u8]) -> bool {
    [b"II\x2a\0", b"MM\0\x2a", b"II\x2b\0", b"MM\0\x2b"]
        .iter()
        .any(|magic| head.starts_with(*magic))
}

/// 像元窗口 — cells of a raster: first column and row, and how many of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub column: u32,
    pub row: u32,
    pub columns: u32,
    pub rows: u32,
}

/// 高程格网 — heights in metres, row by row from the north; NaN where nothing is known.
#[derive(Debug, Clone)]
pub struct Elevation {
    pub columns: usize,
    pub rows: usize,
    pub heights: Vec<f32>,
    /// Where its own cells lie, in the raster's system.
    pub placement: Placement,
}

/// 高程文件 — an elevation raster, opened; its cells are read when asked for.
pub struct Raster<R: Read + Seek> {
    decoder: Decoder<R>,
    pub width: u32,
    pub height: u32,
    pub placement: Placement,
    nodata: Option<f64>,
}

impl<R: Read + Seek> Raster<R> {
    /// Opens a raster and reads what it says of itself.
    pub fn open(reader: R) -> Result<Self, ElevationError> {
        let mut limits = Limits::default();
        limits.decoding_buffer_size = MOST_CHUNK_BYTES;
        limits.intermediate_buffer_size = MOST_CHUNK_BYTES;
        let mut decoder = Decoder::new(reader)?.with_limits(limits);
        let (width, height) = decoder.dimensions()?;
        if width == 0 || height == 0 || width > MOST_SIDE || height > MOST_SIDE {
            return Err(ElevationError::TooLarge { width, height });
        }
        let bands = decoder
            .find_tag_unsigned::<u16>(Tag::SamplesPerPixel)?
            .unwrap_or(1);
        if bands != 1 {
            return Err(ElevationError::Bands(bands));
        }
        let tags = geo_tags(&mut decoder)?;
        let placement = tags.placement()?;
        let nodata = text(&mut decoder, Tag::GdalNodata)?;
        Ok(Self {
            nodata: nodata.and_then(|t| t.trim_matches(char::from(0)).trim().parse().ok()),
            decoder,
            width,
            height,
            placement,
        })
    }

    /// Heights of a window, thinned by means of squares until no side has more than `most` cells.
    pub fn read(&mut self, window: Window, most: u32) -> Result<Elevation, ElevationError> {
        let step = window.columns.max(window.rows).div_ceil(most.max(1)).max(1);
        let mut means = Means::new(window, step);
        let (chunk_width, chunk_height) = self.decoder.chunk_dimensions();
        let across = match self.decoder.get_chunk_type() {
            ChunkType::Strip => 1,
            ChunkType::Tile => self.width.div_ceil(chunk_width.max(1)),
        };
        let wide = if across == 1 {
            self.width
        } else {
            window.columns
        };
        if u64::from(wide) * u64::from(window.rows) > MOST_CELLS {
            return Err(ElevationError::TooLarge {
                width: wide,
                height: window.rows,
            });
        }
        let (first, last) = (window.row, window.row + window.rows - 1);
        for down in first / chunk_height.max(1)..=last / chunk_height.max(1) {
            for right in 0..across {
                let corner = [right * chunk_width, down * chunk_height];
                if across > 1 && !means.touches(corner[0], chunk_width) {
                    continue;
                }
                let index = down * across + right;
                let size = self.decoder.chunk_data_dimensions(index);
                let cells = self.decoder.read_chunk(index)?;
                means.take(corner, size, &|at| self.height_of(&cells, at));
            }
        }
        Ok(means.finish(&self.placement))
    }

    /// The height of one cell; `None` where nothing is known.
    fn height_of(&self, cells: &DecodingResult, at: usize) -> Option<f64> {
        let value = value(cells, at)?;
        // A void of 4-byte heights is declared in decimals of which the cells hold the nearest they can.
        let is_void = self
            .nodata
            .is_some_and(|n| value == n || value as f32 == n as f32);
        (!is_void && HEIGHTS_M.contains(&value)).then_some(value)
    }
}

fn value(cells: &DecodingResult, at: usize) -> Option<f64> {
    Some(match cells {
        DecodingResult::U8(v) => f64::from(*v.get(at)?),
        DecodingResult::U16(v) => f64::from(*v.get(at)?),
        DecodingResult::U32(v) => f64::from(*v.get(at)?),
        DecodingResult::U64(v) => *v.get(at)? as f64,
        DecodingResult::F16(v) => f64::from(v.get(at)?.to_f32()),
        DecodingResult::F32(v) => f64::from(*v.get(at)?),
        DecodingResult::F64(v) => *v.get(at)?,
        DecodingResult::I8(v) => f64::from(*v.get(at)?),
        DecodingResult::I16(v) => f64::from(*v.get(at)?),
        DecodingResult::I32(v) => f64::from(*v.get(at)?),
        DecodingResult::I64(v) => *v.get(at)? as f64,
    })
}

fn geo_tags<R: Read + Seek>(decoder: &mut Decoder<R>) -> Result<GeoTags, ElevationError> {
    let mut numbers = |tag| -> Result<Vec<f64>, ElevationError> {
        match decoder.find_tag(tag)? {
            Some(value) => Ok(value.into_f64_vec()?),
            None => Ok(Vec::new()),
        }
    };
    let scale = numbers(Tag::ModelPixelScaleTag)?;
    let tie_points = numbers(Tag::ModelTiepointTag)?;
    let transformation = numbers(Tag::ModelTransformationTag)?;
    let directory = decoder
        .find_tag_unsigned_vec::<u16>(Tag::GeoKeyDirectoryTag)?
        .unwrap_or_default();
    let ascii = text(decoder, Tag::GeoAsciiParamsTag)?.unwrap_or_default();
    Ok(GeoTags {
        scale,
        tie_points,
        transformation,
        directory,
        ascii,
    })
}

fn text<R: Read + Seek>(
    decoder: &mut Decoder<R>,
    tag: Tag,
) -> Result<Option<String>, ElevationError> {
    let found = decoder.find_tag(tag)?;
    Ok(found.map(|v| v.into_string()).transpose()?)
}

/// Sums of squares of cells, on the way to their means.
struct Means {
    window: Window,
    step: u32,
    columns: usize,
    sums: Vec<f32>,
    counts: Vec<u32>,
}

impl Means {
    fn new(window: Window, step: u32) -> Self {
        let columns = window.columns.div_ceil(step) as usize;
        let rows = window.rows.div_ceil(step) as usize;
        Self {
            window,
            step,
            columns,
            sums: vec![0.0; columns * rows],
            counts: vec![0; columns * rows],
        }
    }

    /// Whether columns of a chunk lie in the window.
    fn touches(&self, column: u32, width: u32) -> bool {
        column < self.window.column + self.window.columns
            && column.saturating_add(width) > self.window.column
    }

    /// Takes in a chunk of some columns and rows whose first cell is `corner`.
    fn take(&mut self, corner: [u32; 2], size: (u32, u32), height: &dyn Fn(usize) -> Option<f64>) {
        let Window {
            column,
            row,
            columns,
            rows,
        } = self.window;
        let from = [column.max(corner[0]), row.max(corner[1])];
        let to = [
            (column + columns).min(corner[0] + size.0),
            (row + rows).min(corner[1] + size.1),
        ];
        for y in from[1]..to[1] {
            let line = (y - corner[1]) as usize * size.0 as usize;
            for x in from[0]..to[0] {
                let Some(h) = height(line + (x - corner[0]) as usize) else {
                    continue;
                };
                let at = ((y - row) / self.step) as usize * self.columns
                    + ((x - column) / self.step) as usize;
                self.sums[at] += h as f32;
                self.counts[at] += 1;
            }
        }
    }

    fn finish(self, placement: &Placement) -> Elevation {
        let step = f64::from(self.step);
        let cell = placement.cell;
        let first = [f64::from(self.window.column), f64::from(self.window.row)];
        let heights = self.sums.iter().zip(&self.counts);
        Elevation {
            columns: self.columns,
            rows: self.sums.len() / self.columns.max(1),
            heights: heights
                .map(|(sum, n)| if *n == 0 { f32::NAN } else { sum / *n as f32 })
                .collect(),
            placement: Placement {
                origin: [
                    placement.origin[0] + first[0] * cell[0],
                    placement.origin[1] - first[1] * cell[1],
                ],
                cell: [cell[0] * step, cell[1] * step],
                crs: placement.crs.clone(),
            },
        }
    }
}
