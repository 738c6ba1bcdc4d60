//! A uniform grid of cells over a box.

use super::shape::Bounds;

/// Part of a cell within which a position is compared with the exact middle line.
pub(crate) const DOUBT: f64 = 1e-6;

/// Cells of equal size; positions outside belong to the nearest cell.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grid {
    origin: [f64; 2],
    size: f64,
    inverse: f64,
    columns: u32,
    rows: u32,
}

/// Columns and rows, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CellRange {
    pub(crate) columns: [u32; 2],
    pub(crate) rows: [u32; 2],
}

impl Grid {
    /// About `cells` square cells over `bounds`.
    pub(crate) fn over(bounds: Bounds, cells: usize) -> Self {
        let extent = |axis: usize| (bounds.max[axis] - bounds.min[axis]).max(1e-9);
        let (width, height) = if bounds.min[0] <= bounds.max[0] {
            (extent(0), extent(1))
        } else {
            (1e-9, 1e-9)
        };
        let cells = cells.clamp(1, 1 << 24) as f64;
        let size = (width * height / cells)
            .sqrt()
            .max(width.max(height) / cells);
        let count = |extent: f64| ((extent / size).floor() as u32).saturating_add(1);
        let origin = if bounds.min[0] <= bounds.max[0] {
            bounds.min
        } else {
            [0.0; 2]
        };
        Self {
            origin,
            size,
            inverse: 1.0 / size,
            columns: count(width),
            rows: count(height),
        }
    }

    pub(crate) fn columns(&self) -> u32 {
        self.columns
    }

    pub(crate) fn cells(&self) -> usize {
        self.columns as usize * self.rows as usize
    }

    #[inline]
    pub(crate) fn column(&self, x: f64) -> u32 {
        (((x - self.origin[0]) * self.inverse) as u32).min(self.columns - 1)
    }

    #[inline]
    pub(crate) fn row(&self, y: f64) -> u32 {
        (((y - self.origin[1]) * self.inverse) as u32).min(self.rows - 1)
    }

    #[inline]
    pub(crate) fn cell(&self, column: u32, row: u32) -> usize {
        row as usize * self.columns as usize + column as usize
    }

    #[inline]
    pub(crate) fn cell_at(&self, p: [f64; 2]) -> usize {
        self.cell(self.column(p[0]), self.row(p[1]))
    }

    #[inline]
    pub(crate) fn range(&self, bounds: &Bounds) -> CellRange {
        CellRange {
            columns: [self.column(bounds.min[0]), self.column(bounds.max[0])],
            rows: [self.row(bounds.min[1]), self.row(bounds.max[1])],
        }
    }

    pub(crate) fn center_x(&self, column: u32) -> f64 {
        self.origin[0] + (f64::from(column) + 0.5) * self.size
    }

    pub(crate) fn center_y(&self, row: u32) -> f64 {
        self.origin[1] + (f64::from(row) + 0.5) * self.size
    }

    pub(crate) fn center_at(&self, p: [f64; 2]) -> [f64; 2] {
        [
            self.center_x(self.column(p[0])),
            self.center_y(self.row(p[1])),
        ]
    }

    /// How many row centres lie strictly below `y`.
    #[inline]
    pub(crate) fn centers_below(&self, y: f64) -> u32 {
        let at = (y - self.origin[1]) * self.inverse + 0.5;
        let below = (at as u32).min(self.rows);
        let beyond = at - f64::from(below);
        if beyond > DOUBT && beyond < 1.0 - DOUBT {
            return below;
        }
        let near = below.saturating_sub(1)..self.rows.min(below.saturating_add(2));
        near.into_iter()
            .find(|row| self.center_y(*row) >= y)
            .unwrap_or(self.rows.min(below.saturating_add(2)))
    }

    /// Where `x` lies among the column centres: `2.25` is a quarter of a cell right of the third.
    #[inline]
    pub(crate) fn among_columns(&self, x: f64) -> f64 {
        (x - self.origin[0]) * self.inverse - 0.5
    }
}

impl CellRange {
    /// Calls `each` with every column and row, row by row.
    #[inline]
    pub(crate) fn each(&self, mut each: impl FnMut(u32, u32)) {
        for row in self.rows[0]..=self.rows[1] {
            for column in self.columns[0]..=self.columns[1] {
                each(column, row);
            }
        }
    }

    pub(crate) fn is_one(&self) -> bool {
        self.columns[0] == self.columns[1] && self.rows[0] == self.rows[1]
    }

    pub(crate) fn count(&self) -> usize {
        (self.columns[1] - self.columns[0] + 1) as usize
            * (self.rows[1] - self.rows[0] + 1) as usize
    }
}
