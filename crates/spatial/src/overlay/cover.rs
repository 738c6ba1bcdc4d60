//! Which outlines hold the centre of each cell, found once by following the outlines along the rows of the grid.

use std::collections::HashMap;

use super::grid::{DOUBT, Grid};
use super::side::point_left_of_outline;

/// For every cell the outlines that hold its centre.
#[derive(Debug)]
pub(super) struct Cover {
    /// Index into `sets`, by cell.
    cells: Vec<u32>,
    /// Sets of outlines that occur together; the first is empty.
    sets: Vec<Vec<u32>>,
    /// The set that comes of a set and one more outline.
    grown: HashMap<(u32, u32), u32>,
}

/// Where an outline crosses the middle line of a row: the row, and the first column whose centre lies right of it.
pub(super) type RowCrossing = u64;

impl Cover {
    pub(super) fn new(cells: usize) -> Self {
        Self {
            cells: vec![0; cells],
            sets: vec![Vec::new()],
            grown: HashMap::new(),
        }
    }

    /// The outlines that hold the centre of a cell, in the order they were added.
    #[inline]
    pub(super) fn at(&self, cell: usize) -> &[u32] {
        &self.sets[self.cells[cell] as usize]
    }

    /// Adds an outline by its crossings with the rows.
    pub(super) fn add(&mut self, grid: &Grid, outline: u32, crossings: &mut [RowCrossing]) {
        crossings.sort_unstable();
        for pair in crossings.chunks_exact(2) {
            let ([row, from], [_, to]) = (unpack(pair[0]), unpack(pair[1]));
            let first = grid.cell(0, row);
            self.fill(first + from as usize..first + to as usize, outline);
        }
    }

    fn fill(&mut self, cells: std::ops::Range<usize>, outline: u32) {
        let mut last = None;
        for cell in cells {
            let old = self.cells[cell];
            let new = match last {
                Some((seen, grown)) if seen == old => grown,
                _ => self.grow(old, outline),
            };
            last = Some((old, new));
            self.cells[cell] = new;
        }
    }

    fn grow(&mut self, set: u32, outline: u32) -> u32 {
        let sets = &mut self.sets;
        *self.grown.entry((set, outline)).or_insert_with(|| {
            let mut members = sets[set as usize].clone();
            members.push(outline);
            sets.push(members);
            sets.len() as u32 - 1
        })
    }
}

/// Appends the crossings of consecutive outline edges with the middle lines of the rows.
pub(super) fn cross_rows(grid: &Grid, run: &[[f64; 2]], crossings: &mut Vec<RowCrossing>) {
    let Some(first) = run.first() else { return };
    let mut below = grid.centers_below(first[1]);
    for edge in run.windows(2) {
        let next = grid.centers_below(edge[1][1]);
        for row in below.min(next)..below.max(next) {
            crossings.push(
                u64::from(row) << 32
                    | u64::from(first_column_right_of(grid, [edge[0], edge[1]], row)),
            );
        }
        below = next;
    }
}

fn unpack(crossing: RowCrossing) -> [u32; 2] {
    [(crossing >> 32) as u32, crossing as u32]
}

/// The first column whose centre lies right of the edge on the middle line of `row`, which the edge crosses.
fn first_column_right_of(grid: &Grid, [c, d]: [[f64; 2]; 2], row: u32) -> u32 {
    let y = grid.center_y(row);
    let x = c[0] + (y - c[1]) * (d[0] - c[0]) / (d[1] - c[1]);
    let at = grid.among_columns(x);
    let nearest = (at + 0.5) as u32;
    if (at - f64::from(nearest)).abs() > DOUBT {
        return ((at + 1.0) as u32).min(grid.columns());
    }
    let column = nearest.min(grid.columns() - 1);
    let (left, _) = point_left_of_outline(c, d, [grid.center_x(column), y]);
    let upward = d[1] > c[1];
    if left == upward { column + 1 } else { column }
}
