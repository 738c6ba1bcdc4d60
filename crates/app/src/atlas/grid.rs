//! Which rows lie where: squares of one zoom, each with its rows.

use std::collections::HashMap;

use spatial::tiles::{TileId, WORLD_BITS};

/// Zoom of the squares: about 5 km at the equator.
const ZOOM: u8 = 13;
const SHIFT: u32 = WORLD_BITS - ZOOM as u32;
/// A row that covers more squares than this lies in the list that is always looked through.
const MOST_SQUARES: usize = 256;

/// 格网 — rows by square.
#[derive(Debug, Clone, Default)]
pub(super) struct Grid {
    squares: HashMap<(u32, u32), Vec<u32>>,
    large: Vec<u32>,
}

fn squares_of(extent: [i32; 4]) -> [u32; 4] {
    extent.map(|v| (v >> SHIFT).max(0) as u32)
}

impl Grid {
    /// Enters a row with the box around it.
    pub(super) fn enter(&mut self, row: u32, extent: [i32; 4]) {
        let [west, north, east, south] = squares_of(extent);
        let count = (east - west + 1) as usize * (south - north + 1) as usize;
        if count > MOST_SQUARES {
            self.large.push(row);
            return;
        }
        for x in west..=east {
            for y in north..=south {
                self.squares.entry((x, y)).or_default().push(row);
            }
        }
    }

    /// Takes a row out of where it was.
    pub(super) fn remove(&mut self, row: u32, extent: [i32; 4]) {
        let [west, north, east, south] = squares_of(extent);
        self.large.retain(|r| *r != row);
        for x in west..=east {
            for y in north..=south {
                if let Some(rows) = self.squares.get_mut(&(x, y)) {
                    rows.retain(|r| *r != row);
                }
            }
        }
    }

    /// The same rows under new numbers.
    pub(super) fn name_anew(&mut self, new_row: impl Fn(u32) -> u32) {
        for rows in self.squares.values_mut().chain([&mut self.large]) {
            rows.iter_mut().for_each(|row| *row = new_row(*row));
            rows.sort_unstable();
            rows.shrink_to_fit();
        }
    }

    /// Calls `each` with the squares that meet a box and their rows, in no order.
    #[allow(
        clippy::iter_over_hash_type,
        reason = "what is found is put in order, or counted"
    )]
    fn meet(&self, bounds: [i32; 4], mut each: impl FnMut((u32, u32), &[u32])) {
        let [west, north, east, south] = squares_of(bounds);
        let asked = u64::from(east - west + 1) * u64::from(south - north + 1);
        if asked > self.squares.len() as u64 {
            for (square @ (x, y), rows) in &self.squares {
                if (west..=east).contains(x) && (north..=south).contains(y) {
                    each(*square, rows);
                }
            }
            return;
        }
        for x in west..=east {
            for y in north..=south {
                let square = (x, y);
                self.squares
                    .get(&square)
                    .into_iter()
                    .for_each(|rows| each(square, rows));
            }
        }
    }

    /// Rows that may lie in a box, each once, in order.
    pub(super) fn find(&self, bounds: [i32; 4]) -> Vec<u32> {
        self.find_wanted(bounds, |_| true)
    }

    /// The same of those rows alone that are wanted.
    pub(super) fn find_wanted(
        &self,
        bounds: [i32; 4],
        is_wanted: impl Fn(u32) -> bool,
    ) -> Vec<u32> {
        let mut found = Vec::new();
        let mut take = |rows: &[u32]| found.extend(rows.iter().filter(|row| is_wanted(**row)));
        take(&self.large);
        self.meet(bounds, |_, rows| take(rows));
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Calls `each` once for every row whose place may lie in a box, in no order. Every row was entered with its place in its box.
    pub(super) fn each_at(
        &self,
        bounds: [i32; 4],
        place: impl Fn(u32) -> Option<[i32; 2]>,
        mut each: impl FnMut(u32, [i32; 2]),
    ) {
        for row in &self.large {
            place(*row).into_iter().for_each(|p| each(*row, p));
        }
        self.meet(bounds, |(x, y), rows| {
            for row in rows {
                let Some(at) = place(*row) else { continue };
                // It stands in every square it touches; it is told where its place is.
                let [home_x, home_y, ..] = squares_of([at[0], at[1], at[0], at[1]]);
                if (home_x, home_y) == (x, y) {
                    each(*row, at);
                }
            }
        });
    }
}

/// The box of a tile with its margin.
pub fn bounds(tile: TileId) -> [i32; 4] {
    tile.bounds(spatial::tiles::BUFFER)
}

/// Whether two boxes touch. Of many near a tile about half do, in no order: all four sides are compared without a branch.
pub fn touch(a: [i32; 4], b: [i32; 4]) -> bool {
    (a[0] <= b[2]) & (b[0] <= a[2]) & (a[1] <= b[3]) & (b[1] <= a[3])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_many_squares_is_told_once_where_its_place_is() {
        let mut grid = Grid::default();
        let side = 1 << SHIFT;
        let corner = [side * 5 - 9, side * 5 - 9, side * 5 + 9, side * 5 + 9];
        let place = [side * 5 + 1, side * 5 - 1];
        grid.enter(7, corner);
        grid.enter(8, [0, 0, i32::MAX >> 2, i32::MAX >> 2]);
        let told = |bounds| {
            let mut told = Vec::new();
            grid.each_at(bounds, |_| Some(place), |row, at| told.push((row, at)));
            told
        };
        assert_eq!(told([0, 0, side * 9, side * 9]), [(8, place), (7, place)]);
        assert_eq!(
            told([side * 4, side * 4, side * 5 - 1, side * 5 - 1]),
            [(8, place)]
        );
    }

    #[test]
    fn rows_are_found_where_they_are_and_not_where_they_were() {
        let mut grid = Grid::default();
        let side = 1 << SHIFT;
        let here = [side * 5, side * 5, side * 5 + 10, side * 6 + 10];
        grid.enter(7, here);
        grid.enter(8, [0, 0, i32::MAX >> 1, i32::MAX >> 1]);
        assert_eq!(
            grid.find([side * 5, side * 6, side * 5 + 1, side * 6 + 1]),
            [7, 8]
        );
        assert_eq!(grid.find([0, 0, 1, 1]), [8]);
        grid.remove(7, here);
        assert_eq!(grid.find(here), [8]);
    }
}
