//! 地理标签 — the tags of OGC GeoTIFF 1.1 that say in which system the cells lie, where, and how large they are.

use super::ElevationError;
use crate::feature::DeclaredCrs;

const MODEL_TYPE: u16 = 1024;
const RASTER_TYPE: u16 = 1025;
const GEODETIC_CRS: u16 = 2048;
const PROJECTED_CRS: u16 = 3072;
const PROJECTED_CITATION: u16 = 3073;
const GEODETIC_CITATION: u16 = 2049;
const LINEAR_UNIT: u16 = 3076;
const VERTICAL_UNIT: u16 = 4099;
const GEOGRAPHIC: u16 = 2;
const PIXEL_IS_POINT: u16 = 2;
const USER_DEFINED: u16 = 32_767;
const METRE: u16 = 9001;
const ASCII_TAG: u16 = 34_737;

/// 像元定位 — where the cells of a raster lie: its north-west corner and the size of a cell, in the raster's own system.
#[derive(Debug, Clone, PartialEq)]
pub struct Placement {
    /// Outer corner of the first cell: easting or longitude, northing or latitude.
    pub origin: [f64; 2],
    /// Width and height of a cell, both positive; rows run southward.
    pub cell: [f64; 2],
    pub crs: DeclaredCrs,
}

/// The tags as they stand in the file.
#[derive(Debug, Clone, Default)]
pub struct GeoTags {
    /// ModelPixelScale
    pub scale: Vec<f64>,
    /// ModelTiepoint
    pub tie_points: Vec<f64>,
    /// ModelTransformation, 4 × 4
    pub transformation: Vec<f64>,
    /// GeoKeyDirectory
    pub directory: Vec<u16>,
    /// GeoAsciiParams
    pub ascii: String,
}

/// A raster place, where it lies, and how large a cell is there, each as x and y.
type Placing = ([f64; 2], [f64; 2], [f64; 2]);

impl GeoTags {
    /// What the tags come to.
    pub fn placement(&self) -> Result<Placement, ElevationError> {
        for unit in [LINEAR_UNIT, VERTICAL_UNIT] {
            match self.key(unit) {
                None | Some(METRE) => {}
                Some(other) => return Err(ElevationError::Unit(other)),
            }
        }
        let (tie, at, cell) = self.corner()?;
        // Where the cell is meant by its middle, its corner lies half a cell further out.
        let half = match self.key(RASTER_TYPE) {
            Some(PIXEL_IS_POINT) => 0.5,
            _ => 0.0,
        };
        Ok(Placement {
            origin: [
                at[0] - (tie[0] + half) * cell[0],
                at[1] + (tie[1] + half) * cell[1],
            ],
            cell,
            crs: self.crs(),
        })
    }

    /// A place in cells, where it lies, and the size of a cell.
    fn corner(&self) -> Result<Placing, ElevationError> {
        let positive = |cell: [f64; 2]| match cell.iter().all(|c| c.is_finite() && *c > 0.0) {
            true => Ok(cell),
            false => Err(ElevationError::NotPlaced),
        };
        if let [a, b, _, d, e, f, _, h, ..] = self.transformation[..] {
            return match b == 0.0 && e == 0.0 {
                true => Ok(([0.0; 2], [d, h], positive([a, -f])?)),
                false => Err(ElevationError::Rotated),
            };
        }
        match (&self.scale[..], &self.tie_points[..]) {
            ([sx, sy, ..], [i, j, _, x, y, _]) => Ok(([*i, *j], [*x, *y], positive([*sx, *sy])?)),
            _ => Err(ElevationError::NotPlaced),
        }
    }

    fn crs(&self) -> DeclaredCrs {
        let is_geographic = self.key(MODEL_TYPE) == Some(GEOGRAPHIC);
        let (code, citation) = match is_geographic {
            true => (GEODETIC_CRS, GEODETIC_CITATION),
            false => (PROJECTED_CRS, PROJECTED_CITATION),
        };
        match self.key(code) {
            Some(USER_DEFINED) => match self.words(citation) {
                Some(words) => DeclaredCrs::Name(words),
                None => DeclaredCrs::None,
            },
            Some(epsg) => DeclaredCrs::Epsg(u32::from(epsg)),
            None => DeclaredCrs::None,
        }
    }

    fn rows(&self) -> impl Iterator<Item = &[u16]> {
        self.directory.get(4..).unwrap_or_default().chunks_exact(4)
    }

    /// A key whose value stands in the directory itself.
    fn key(&self, id: u16) -> Option<u16> {
        let row = self.rows().find(|row| row[0] == id && row[1] == 0)?;
        Some(row[3])
    }

    /// A key whose value is text.
    fn words(&self, id: u16) -> Option<String> {
        let row = self
            .rows()
            .find(|row| row[0] == id && row[1] == ASCII_TAG)?;
        let (start, length) = (usize::from(row[3]), usize::from(row[2]));
        let text = self.ascii.get(start..start + length)?;
        Some(text.trim_end_matches(['|', '\0']).to_owned())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    /// Keys of the directory, each with the value that stands in it.
    fn tags(keys: &[(u16, u16)]) -> GeoTags {
        let head = [1, 1, 0, keys.len() as u16];
        let rows = keys.iter().flat_map(|(id, value)| [*id, 0, 1, *value]);
        GeoTags {
            scale: vec![0.25, 0.5, 0.0],
            tie_points: vec![0.0, 0.0, 0.0, 106.0, 36.0, 0.0],
            directory: head.into_iter().chain(rows).collect(),
            ..GeoTags::default()
        }
    }

    #[test]
    fn cells_that_are_points_lie_half_a_cell_further_out() {
        let area = tags(&[(MODEL_TYPE, 2), (RASTER_TYPE, 1), (GEODETIC_CRS, 4490)]);
        let placement = area.placement().unwrap();
        assert_eq!(placement.origin, [106.0, 36.0]);
        assert_eq!(placement.cell, [0.25, 0.5]);
        assert_eq!(placement.crs, DeclaredCrs::Epsg(4490));
        let point = tags(&[(MODEL_TYPE, 2), (RASTER_TYPE, 2), (GEODETIC_CRS, 4326)]);
        assert_eq!(point.placement().unwrap().origin, [105.875, 36.25]);
    }

    #[test]
    fn the_projected_system_counts_where_the_model_is_projected() {
        let keys = [(MODEL_TYPE, 1), (GEODETIC_CRS, 4490), (PROJECTED_CRS, 4523)];
        let placement = tags(&keys).placement().unwrap();
        assert_eq!(placement.crs, DeclaredCrs::Epsg(4523));
    }

    #[test]
    fn a_system_of_ones_own_is_named_not_guessed() {
        let mut own = tags(&[(MODEL_TYPE, 1), (PROJECTED_CRS, USER_DEFINED)]);
        assert_eq!(own.placement().unwrap().crs, DeclaredCrs::None);
        own.directory[3] += 1;
        own.directory.extend([PROJECTED_CITATION, ASCII_TAG, 9, 0]);
        own.ascii = "自定|".to_owned();
        assert_eq!(own.words(PROJECTED_CITATION), None, "beyond the text");
        own.ascii = "Local TM|".to_owned();
        let named = DeclaredCrs::Name("Local TM".to_owned());
        assert_eq!(own.placement().unwrap().crs, named);
    }

    #[test]
    fn what_is_rotated_unplaced_or_in_feet_is_refused() {
        let mut turned = tags(&[]);
        turned.transformation = vec![1.0, 0.1, 0.0, 5.0, 0.1, -1.0, 0.0, 6.0];
        assert!(matches!(turned.placement(), Err(ElevationError::Rotated)));
        turned.transformation = vec![2.0, 0.0, 0.0, 5.0, 0.0, -3.0, 0.0, 6.0];
        let placement = turned.placement().unwrap();
        assert_eq!((placement.origin, placement.cell), ([5.0, 6.0], [2.0, 3.0]));
        let mut bare = tags(&[]);
        bare.scale.clear();
        assert!(matches!(bare.placement(), Err(ElevationError::NotPlaced)));
        let feet = tags(&[(VERTICAL_UNIT, 9002)]);
        assert!(matches!(feet.placement(), Err(ElevationError::Unit(9002))));
        assert!(matches!(
            GeoTags::default().placement(),
            Err(ElevationError::NotPlaced)
        ));
    }
}
