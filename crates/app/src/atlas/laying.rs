//! 排布 — what lies near each other in the land lies near each other in memory: a tile or a box then reads runs of rows
//! instead of a dozen places far apart for every site.

use spatial::tiles::quad_order;

use super::site_table::SiteTable;

impl SiteTable {
    /// Lays all rows in the order of the tiles they lie in, those that lie nowhere last. Only while nobody knows a row by
    /// its number yet; what is entered later stands behind.
    pub(super) fn lay_by_place(&mut self) {
        let key = |row: u32| {
            let corner = self.outlines.extent(row as usize).map(|[x, y, ..]| [x, y]);
            let place = self.place(row).or(corner);
            place.map_or(u64::MAX, quad_order)
        };
        let mut order: Vec<(u64, u32)> = (0..self.len() as u32).map(|r| (key(r), r)).collect();
        order.sort_unstable();
        let order: Vec<u32> = order.into_iter().map(|(_, row)| row).collect();
        self.lay_columns(&order);
        self.name_rows_anew(&order);
    }

    fn lay_columns(&mut self, order: &[u32]) {
        self.ids = order
            .iter()
            .map(|row| self.ids.get(*row as usize))
            .collect();
        self.codes.lay(order);
        self.names.lay(order);
        self.outlines.lay(order);
        for column in [&mut self.station, &mut self.activity, &mut self.verified_on] {
            lay(column, order);
        }
        for column in [
            &mut self.state,
            &mut self.zone,
            &mut self.focal,
            &mut self.verdict,
            &mut self.severity,
            &mut self.has_issue,
            &mut self.ledger_bits,
        ] {
            lay(column, order);
        }
        for column in [&mut self.area_m2, &mut self.lon, &mut self.lat] {
            lay(column, order);
        }
        lay(&mut self.name_keys, order);
        lay(&mut self.source_bits, order);
        lay(&mut self.findings, order);
        lay(&mut self.places, order);
        lay(&mut self.updated_at, order);
        lay(&mut self.counts, order);
        lay(&mut self.has_verified_issue, order);
    }

    /// What knows rows by their numbers is told the new ones.
    fn name_rows_anew(&mut self, order: &[u32]) {
        let mut new = vec![0; order.len()];
        for (at, row) in (0..).zip(order) {
            new[*row as usize] = at;
        }
        let new_row = |row: u32| new[row as usize];
        self.grid.name_anew(new_row);
        let carried = std::mem::take(&mut self.carried).into_iter();
        self.carried = carried.map(|(row, c)| (new_row(row), c)).collect();
        let rows = self.evidence.values_mut().flatten();
        rows.for_each(|row| *row = new_row(*row));
        self.moved.iter_mut().for_each(|row| *row = new_row(*row));
    }
}

/// A column in another order of rows.
pub(super) fn lay<T: Copy>(column: &mut Vec<T>, order: &[u32]) {
    *column = order.iter().map(|row| column[*row as usize]).collect();
}
