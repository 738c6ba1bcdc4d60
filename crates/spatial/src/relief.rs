//! 山影 — a hillshade of an elevation raster, laid out as the web map draws pictures: columns even in longitude, rows
//! even in Mercator.
//!
//! The shade of a cell follows Horn (1981): slopes from the eight neighbours, weighted 1-2-1, lit from the north-west at
//! half height.

use std::io::{Read, Seek};

use geo_types::Coord;

use crate::crs::{Crs, Projector};
use crate::elevation::{Elevation, ElevationError, Placement, Raster, Window};

/// Where the light comes from, degrees clockwise from north.
pub const AZIMUTH: f64 = 315.0;
/// How high it stands, degrees.
pub const ALTITUDE: f64 = 45.0;
/// Pixels of a side of the picture, and cells of a side of the window it is drawn from.
pub const MOST_SIDE: u32 = 4_000;
/// Points of an edge that are looked at when a box changes its system: edges bend.
const EDGE_POINTS: u32 = 16;

/// 山影图 — shades from 0 (no light) to 1, row by row from the north; NaN where no height is known.
#[derive(Debug, Clone)]
pub struct Relief {
    pub columns: u32,
    pub rows: u32,
    pub shades: Vec<f32>,
    /// West, south, east, north of the picture's outer edge, CGCS2000 degrees.
    pub bbox: [f64; 4],
    /// Columns and rows of the cells it was drawn from.
    pub cells: [u32; 2],
}

impl Relief {
    /// The picture of a raster over a box of CGCS2000 degrees, as far as the raster covers it.
    pub fn draw<R: Read + Seek>(
        raster: &mut Raster<R>,
        crs: &Crs,
        wanted: [f64; 4],
    ) -> Result<Self, ElevationError> {
        let projector = crs.projector()?;
        let bbox = covered(raster, &projector, wanted)?;
        let window = window_of(raster, &projector, bbox)?;
        let elevation = raster.read(window, MOST_SIDE)?;
        let shades = shaded(&elevation, crs.is_geographic());
        let grid = Shades {
            elevation: &elevation,
            shades: &shades,
        };
        grid.warped(&projector, bbox, [window.columns, window.rows])
    }

    /// Lightness and opacity of every pixel: black where it lies darker than level ground, white where lighter, and
    /// nothing at all where it is level or unknown, so that the map's own ground shows.
    pub fn lightness_and_alpha(&self) -> Vec<u8> {
        let level = ALTITUDE.to_radians().sin() as f32;
        let pair = |shade: f32| match shade {
            s if s.is_nan() => [0, 0],
            s if s < level => [0, share((level - s) / level)],
            s => [u8::MAX, share((s - level) / (1.0 - level))],
        };
        self.shades.iter().flat_map(|s| pair(*s)).collect()
    }
}

fn share(of_one: f32) -> u8 {
    (of_one.clamp(0.0, 1.0) * f32::from(u8::MAX)).round() as u8
}

/// The part of a box that a raster covers.
fn covered<R: Read + Seek>(
    raster: &Raster<R>,
    projector: &Projector,
    wanted: [f64; 4],
) -> Result<[f64; 4], ElevationError> {
    let Placement { origin, cell, .. } = &raster.placement;
    let size = [f64::from(raster.width), f64::from(raster.height)];
    let own = [
        origin[0],
        origin[1] - size[1] * cell[1],
        origin[0] + size[0] * cell[0],
        origin[1],
    ];
    let has = boxed(own, |p| projector.to_cgcs2000(p.x, p.y))?;
    let both = [
        has[0].max(wanted[0]),
        has[1].max(wanted[1]),
        has[2].min(wanted[2]),
        has[3].min(wanted[3]),
    ];
    match both[0] < both[2] && both[1] < both[3] {
        true => Ok(both),
        false => Err(ElevationError::Elsewhere),
    }
}

/// The cells that a box lies over, with one more on each side for the slopes of the outermost.
fn window_of<R: Read + Seek>(
    raster: &Raster<R>,
    projector: &Projector,
    bbox: [f64; 4],
) -> Result<Window, ElevationError> {
    let [west, south, east, north] = boxed(bbox, |p| projector.from_cgcs2000(p))?;
    let Placement { origin, cell, .. } = &raster.placement;
    let within = |at: f64, most: u32| at.clamp(0.0, f64::from(most)) as u32;
    let columns = [
        within(((west - origin[0]) / cell[0]).floor() - 1.0, raster.width),
        within(((east - origin[0]) / cell[0]).ceil() + 1.0, raster.width),
    ];
    let rows = [
        within(((origin[1] - north) / cell[1]).floor() - 1.0, raster.height),
        within(((origin[1] - south) / cell[1]).ceil() + 1.0, raster.height),
    ];
    match columns[0] < columns[1] && rows[0] < rows[1] {
        true => Ok(Window {
            column: columns[0],
            row: rows[0],
            columns: columns[1] - columns[0],
            rows: rows[1] - rows[0],
        }),
        false => Err(ElevationError::Elsewhere),
    }
}

/// The box around a box in another system; points that the system cannot express are passed over.
fn boxed<E>(
    [west, south, east, north]: [f64; 4],
    convert: impl Fn(Coord<f64>) -> Result<Coord<f64>, E>,
) -> Result<[f64; 4], E> {
    let mut found: Option<[f64; 4]> = None;
    let mut fault = None;
    for i in 0..=EDGE_POINTS {
        let t = f64::from(i) / f64::from(EDGE_POINTS);
        let (x, y) = (west + t * (east - west), south + t * (north - south));
        for point in [(x, south), (x, north), (west, y), (east, y)] {
            match convert(Coord::from(point)) {
                Ok(c) => {
                    let f = found.unwrap_or([c.x, c.y, c.x, c.y]);
                    found = Some([f[0].min(c.x), f[1].min(c.y), f[2].max(c.x), f[3].max(c.y)]);
                }
                Err(e) => fault = Some(e),
            }
        }
    }
    match (found, fault) {
        (Some(found), _) => Ok(found),
        (None, Some(fault)) => Err(fault),
        // An edge has points; this cannot be.
        (None, None) => Ok([0.0; 4]),
    }
}

/// Shades of all cells of a grid.
fn shaded(elevation: &Elevation, is_geographic: bool) -> Vec<f32> {
    let (columns, rows) = (elevation.columns, elevation.rows);
    let mut shades = Vec::with_capacity(columns * rows);
    for row in 0..rows {
        let cell_m = cell_m(&elevation.placement, row, is_geographic);
        for column in 0..columns {
            shades.push(shade(elevation, [column, row], cell_m));
        }
    }
    shades
}

/// Width and height of the cells of a row, metres. Degrees are as long as the ellipsoid makes them at that latitude.
fn cell_m(placement: &Placement, row: usize, is_geographic: bool) -> [f64; 2] {
    const A: f64 = 6_378_137.0;
    const E2: f64 = 0.006_694_380_022_9;
    let cell = placement.cell;
    if !is_geographic {
        return cell;
    }
    let lat = (placement.origin[1] - (row as f64 + 0.5) * cell[1]).to_radians();
    let w2 = 1.0 - E2 * lat.sin().powi(2);
    let across = A / w2.sqrt() * lat.cos();
    let along = A * (1.0 - E2) / w2.powf(1.5);
    [cell[0].to_radians() * across, cell[1].to_radians() * along]
}

/// The light on one cell: cosine of the angle between the ground's normal and the light.
fn shade(elevation: &Elevation, [column, row]: [usize; 2], cell_m: [f64; 2]) -> f32 {
    let at = |dx: isize, dy: isize| {
        let x = column
            .checked_add_signed(dx)
            .filter(|x| *x < elevation.columns)?;
        let y = row.checked_add_signed(dy).filter(|y| *y < elevation.rows)?;
        let height = elevation.heights[y * elevation.columns + x];
        (!height.is_nan()).then_some(f64::from(height))
    };
    let Some(middle) = at(0, 0) else {
        return f32::NAN;
    };
    // A neighbour that is not there is taken to lie on the other side's slope, so that the edge is no step; at a corner,
    // where there is no other side, on the plane through the two beside it.
    let beside = |dx: isize, dy: isize| {
        let opposite = || at(-dx, -dy).map(|h| 2.0 * middle - h);
        at(dx, dy).or_else(opposite)
    };
    let near = |dx: isize, dy: isize| {
        let plane = || Some(beside(dx, 0)? + beside(0, dy)? - middle);
        beside(dx, dy).or_else(plane).unwrap_or(middle)
    };
    let side = |dx: isize| near(dx, -1) + 2.0 * near(dx, 0) + near(dx, 1);
    let end = |dy: isize| near(-1, dy) + 2.0 * near(0, dy) + near(1, dy);
    let rise_east = (side(1) - side(-1)) / (8.0 * cell_m[0]);
    let rise_north = (end(-1) - end(1)) / (8.0 * cell_m[1]);
    light(rise_east, rise_north) as f32
}

/// The light on ground that rises so much eastward and northward.
fn light(rise_east: f64, rise_north: f64) -> f64 {
    let (azimuth, altitude) = (AZIMUTH.to_radians(), ALTITUDE.to_radians());
    let towards = [
        azimuth.sin() * altitude.cos(),
        azimuth.cos() * altitude.cos(),
        altitude.sin(),
    ];
    let normal = [-rise_east, -rise_north, 1.0];
    let length = normal.iter().map(|n| n * n).sum::<f64>().sqrt();
    let both = normal.iter().zip(towards).map(|(n, l)| n * l);
    (both.sum::<f64>() / length).max(0.0)
}

/// Shades on the raster's own cells, to be laid out anew.
struct Shades<'e> {
    elevation: &'e Elevation,
    shades: &'e [f32],
}

impl Shades<'_> {
    fn warped(
        &self,
        projector: &Projector,
        bbox: [f64; 4],
        cells: [u32; 2],
    ) -> Result<Relief, ElevationError> {
        let [west, _, east, north] = bbox;
        let ends = [stretched(north), stretched(bbox[1])];
        let (columns, rows) = size(self.elevation.columns as u32, bbox);
        let mut shades = Vec::with_capacity(columns as usize * rows as usize);
        for row in 0..rows {
            let y = ends[0] + (f64::from(row) + 0.5) / f64::from(rows) * (ends[1] - ends[0]);
            let lat = latitude(y);
            for column in 0..columns {
                let lon = west + (f64::from(column) + 0.5) / f64::from(columns) * (east - west);
                let own = projector.from_cgcs2000(Coord { x: lon, y: lat })?;
                shades.push(self.at(own));
            }
        }
        Ok(Relief {
            columns,
            rows,
            shades,
            bbox,
            cells,
        })
    }

    /// The shade at a place, between the four cells around it; those without one do not count.
    fn at(&self, place: Coord<f64>) -> f32 {
        let Placement { origin, cell, .. } = &self.elevation.placement;
        let x = (place.x - origin[0]) / cell[0] - 0.5;
        let y = (origin[1] - place.y) / cell[1] - 0.5;
        let (left, top) = (x.floor(), y.floor());
        let (mut sum, mut weight) = (0.0, 0.0);
        for (dx, dy) in [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)] {
            let share = (1.0 - (x - left - dx).abs()) * (1.0 - (y - top - dy).abs());
            if let Some(shade) = self.cell(left + dx, top + dy) {
                sum += share * f64::from(shade);
                weight += share;
            }
        }
        // Half of what surrounds the place must be known.
        match weight >= 0.5 {
            true => (sum / weight) as f32,
            false => f32::NAN,
        }
    }

    /// The shade of a cell; the outermost cells reach half a cell further, to the raster's edge.
    fn cell(&self, column: f64, row: f64) -> Option<f32> {
        let inside = |at: f64, count: usize| {
            let last = count as f64 - 1.0;
            (-1.0..=last + 1.0)
                .contains(&at)
                .then_some(at.clamp(0.0, last) as usize)
        };
        let x = inside(column, self.elevation.columns)?;
        let y = inside(row, self.elevation.rows)?;
        let shade = self.shades[y * self.elevation.columns + x];
        (!shade.is_nan()).then_some(shade)
    }
}

/// Columns and rows of a picture with square pixels in Mercator, as fine as the cells, no side beyond the limit.
fn size(columns: u32, [west, south, east, north]: [f64; 4]) -> (u32, u32) {
    let tall = (stretched(north) - stretched(south)) / (east - west).to_radians();
    let columns = f64::from(columns.clamp(1, MOST_SIDE)).min(f64::from(MOST_SIDE) / tall);
    let whole = |v: f64| v.round().clamp(1.0, f64::from(MOST_SIDE)) as u32;
    (whole(columns), whole(columns * tall))
}

/// Ordinate of a latitude in Mercator, in radians of longitude.
fn stretched(lat: f64) -> f64 {
    lat.clamp(-85.0, 85.0).to_radians().tan().asinh()
}

fn latitude(stretched: f64) -> f64 {
    stretched.sinh().atan().to_degrees()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;
    use tiff::encoder::{TiffEncoder, colortype};
    use tiff::tags::Tag;

    use super::*;

    /// A GeoTIFF of heights over a box: EPSG code, north-west corner, cell size.
    fn geotiff(
        (width, height): (u32, u32),
        (epsg, corner, cell): (u16, [f64; 2], f64),
        heights: impl Fn(u32, u32) -> f32,
    ) -> Raster<Cursor<Vec<u8>>> {
        let mut file = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut file).unwrap();
        let mut image = encoder
            .new_image::<colortype::Gray32Float>(width, height)
            .unwrap();
        let (model, key) = if epsg < 4500 { (2, 2048) } else { (1, 3072) };
        let directory: [u16; 16] = [
            1, 1, 0, 3, 1024, 0, 1, model, 1025, 0, 1, 1, key, 0, 1, epsg,
        ];
        let tags = image.encoder();
        tags.write_tag(Tag::ModelPixelScaleTag, &[cell, cell, 0.0][..])
            .unwrap();
        let tie = [0.0, 0.0, 0.0, corner[0], corner[1], 0.0];
        tags.write_tag(Tag::ModelTiepointTag, &tie[..]).unwrap();
        tags.write_tag(Tag::GeoKeyDirectoryTag, &directory[..])
            .unwrap();
        tags.write_tag(Tag::GdalNodata, "-32768").unwrap();
        let cells = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let data: Vec<f32> = cells.map(|(x, y)| heights(x, y)).collect();
        image.write_data(&data).unwrap();
        Raster::open(Cursor::new(file.into_inner())).unwrap()
    }

    /// The textbook's formula, by slope and aspect.
    fn by_slope_and_aspect(east: f64, north: f64) -> f64 {
        let zenith = (90.0 - ALTITUDE).to_radians();
        let azimuth = (360.0_f64 - AZIMUTH + 90.0).to_radians();
        let slope = east.hypot(north).atan();
        // Downhill, counted from east against the clock.
        let aspect = (-north).atan2(-east);
        (zenith.cos() * slope.cos() + zenith.sin() * slope.sin() * (azimuth - aspect).cos())
            .max(0.0)
    }

    fn nearly(a: f64, b: f64) -> bool {
        (a - b).abs() < 2e-4
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn a_plane_has_one_shade_and_it_is_the_formulas(east in -2.0..2.0f64, north in -2.0..2.0f64) {
            // 30 m cells in a Gauss–Krüger zone.
            let place = (4545, [457_000.0, 3_936_000.0], 30.0);
            let mut raster = geotiff((40, 30), place, |x, y| {
                (4000.0 + f64::from(x) * 30.0 * east - f64::from(y) * 30.0 * north) as f32
            });
            let elevation = raster.read(Window { column: 0, row: 0, columns: 40, rows: 30 }, 4000).unwrap();
            let expected = by_slope_and_aspect(east, north);
            for shade in shaded(&elevation, false) {
                prop_assert!(nearly(f64::from(shade), expected), "{shade} {expected}");
            }
        }
    }

    #[test]
    fn degrees_are_as_long_as_their_latitude_makes_them() {
        let placement = |lat: f64| Placement {
            origin: [106.0, lat + 0.0005],
            cell: [0.001, 0.001],
            crs: crate::feature::DeclaredCrs::Epsg(4490),
        };
        for lat in [0.0, 35.55, 53.5] {
            let [across, along] = cell_m(&placement(lat), 0, true);
            let measured = |end: (f64, f64)| {
                let line = geo_types::LineString::from(vec![(106.0, lat), end]);
                crate::geodesic::length_m(&line.into())
            };
            assert!((across - measured((106.001, lat))).abs() < 0.01);
            assert!((along - measured((106.0, lat + 0.001))).abs() < 0.01);
        }
    }

    #[test]
    fn level_ground_is_clear_and_slopes_are_light_towards_the_light() {
        let at = [106.4, 35.6];
        let over = [106.4, 35.5, 106.5, 35.6];
        let draw = |rise: f32| {
            let mut raster = geotiff((100, 100), (4490, at, 0.001), |x, y| {
                4000.0 + (x + y) as f32 * rise
            });
            Relief::draw(&mut raster, &Crs::Cgcs2000, over).unwrap()
        };
        let middle = |relief: &Relief| {
            let index = (relief.rows / 2 * relief.columns + relief.columns / 2) as usize * 2;
            let pixels = relief.lightness_and_alpha();
            [pixels[index], pixels[index + 1]]
        };
        assert_eq!(middle(&draw(0.0))[1], 0);
        // Rising to the south-east, the ground faces the north-west.
        let facing = middle(&draw(20.0));
        let turned_away = middle(&draw(-20.0));
        assert!(facing[0] == 255 && facing[1] > 60, "{facing:?}");
        assert!(
            turned_away[0] == 0 && turned_away[1] > 60,
            "{turned_away:?}"
        );
    }

    #[test]
    fn only_what_is_asked_for_is_drawn_and_it_lies_right() {
        // Flat but for one ridge along a parallel.
        let ridge = 35.55;
        let mut raster = geotiff((2000, 2000), (4326, [106.0, 36.0], 0.0005), |_, y| {
            let lat = 36.0 - (f64::from(y) + 0.5) * 0.0005;
            if (lat - ridge).abs() < 0.0011 {
                900.0
            } else {
                0.0
            }
        });
        let relief = Relief::draw(&mut raster, &Crs::Wgs84, [106.4, 35.2, 106.6, 35.9]).unwrap();
        assert_eq!(relief.bbox, [106.4, 35.2, 106.6, 35.9]);
        assert!((400..=404).contains(&relief.columns), "{}", relief.columns);
        let is_lit = |row: &u32| {
            let at = (row * relief.columns + relief.columns / 2) as usize;
            relief.shades[at] > 0.72 || relief.shades[at] < 0.69
        };
        let rows: Vec<u32> = (0..relief.rows).filter(is_lit).collect();
        let mean = f64::from(rows.iter().sum::<u32>()) / rows.len() as f64 + 0.5;
        // Where the web map draws that parallel between the picture's upper and lower edge.
        let share =
            |lat: f64| (stretched(35.9) - stretched(lat)) / (stretched(35.9) - stretched(35.2));
        let expected = share(ridge) * f64::from(relief.rows);
        assert!((mean - expected).abs() < 1.5, "{mean} {expected}");
        let linear = (35.9 - ridge) / 0.7 * f64::from(relief.rows);
        assert!(
            (linear - expected).abs() > 1.0,
            "the test can tell the two apart"
        );
    }

    #[test]
    fn voids_stay_clear_and_a_raster_elsewhere_is_said_so() {
        let place = (4490, [106.4, 35.6], 0.001);
        let mut raster = geotiff((100, 100), place, |x, _| {
            if x < 50 { -32_768.0 } else { x as f32 * 30.0 }
        });
        let wanted = [106.4, 35.5, 106.5, 35.6];
        let relief = Relief::draw(&mut raster, &Crs::Cgcs2000, wanted).unwrap();
        let pixels = relief.lightness_and_alpha();
        let row = (relief.rows / 2 * relief.columns) as usize;
        assert_eq!(pixels[(row + 10) * 2 + 1], 0);
        assert!(pixels[(row + 90) * 2 + 1] > 0);
        assert!(relief.shades[row + 10].is_nan());
        let elsewhere = Relief::draw(&mut raster, &Crs::Cgcs2000, [100.0, 30.0, 101.0, 31.0]);
        assert!(matches!(elsewhere, Err(ElevationError::Elsewhere)));
    }

    #[test]
    fn large_windows_are_thinned_by_means() {
        let mut raster = geotiff((900, 600), (4490, [106.0, 36.0], 0.001), |x, _| x as f32);
        let whole = Window {
            column: 0,
            row: 0,
            columns: 900,
            rows: 600,
        };
        let thin = raster.read(whole, 300).unwrap();
        assert_eq!((thin.columns, thin.rows), (300, 200));
        assert_eq!(&thin.heights[..3], &[1.0, 4.0, 7.0]);
        assert_eq!(thin.placement.cell, [0.003, 0.003]);
        let part = Window {
            column: 100,
            row: 10,
            columns: 7,
            rows: 5,
        };
        let part = raster.read(part, 300).unwrap();
        assert_eq!(part.heights[0], 100.0);
        assert!((part.placement.origin[0] - 106.1).abs() < 1e-9);
        assert!((part.placement.origin[1] - 35.99).abs() < 1e-9);
    }

    #[test]
    fn bytes_that_are_no_raster_are_refused() {
        for bytes in [&b"II\x2a\0"[..], b"MM\0\x2a\0\0\0\x08\0\0", b"PNG"] {
            assert!(Raster::open(Cursor::new(bytes.to_vec())).is_err());
        }
    }
}
