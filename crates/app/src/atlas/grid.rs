//! Which rows lie where: squares of one zoom, each with its rows.

use std::collections::HashMap;

use spatial::tiles::{TileId, WORLD_BITS};

/// Zoom of the squares: about 10 km at the equator.
const ZOOM: u8 = 12;
const SHIFT: u32 = WORLD_BITS - ZOOM as u32;
/// A row that covers more squares than this lies in the list that is always looked through.
const MOST_SQUARES: usize = 64;

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

    /// Rows that may lie in a box, each once, in order.
    pub(super) fn find(&self, bounds: [i32; 4]) -> Vec<u32> {
        let [west, north, east, south] = squares_of(bounds);
        let mut found = self.large.clone();
        let asked = u64::from(east - west + 1) * u64::from(south - north + 1);
        if asked > self.squares.len() as u64 {
            let held = self
                .squares
                .iter()
                .filter(|((x, y), _)| (west..=east).contains(x) && (north..=south).contains(y));
            found.extend(held.flat_map(|(_, rows)| rows));
        } else {
            for x in west..=east {
                for y in north..=south {
                    found.extend(self.squares.get(&(x, y)).into_iter().flatten());
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// The box of a tile with its margin.
pub fn bounds(tile: TileId) -> [i32; 4] {
    tile.bounds(spatial::tiles::BUFFER)
}

/// Whether two boxes touch.
pub fn touch(a: [i32; 4], b: [i32; 4]) -> bool {
    a[0] <= b[2] && b[0] <= a[2] && a[1] <= b[3] && b[1] <= a[3]
}

#[cfg(test)]
mod tests {
    use super::*;

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
