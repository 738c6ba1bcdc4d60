//! Writes projection rows into a GeoPackage, and keeps the layers' extents and times of change right.

use std::collections::BTreeMap;

use domain::entry::RecordedEntry;
use domain::ids::StreamId;
use jiff::Timestamp;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, OptionalExtension, ToSql, params, params_from_iter};

use super::blob::{self, Envelope};
use crate::constraints::failed;
use crate::error::Error;
use crate::projections::{Cell, TABLES, Table, Writer};

/// What is known of one table while a transaction runs.
struct State {
    insert_sql: String,
    upsert_sql: String,
    last_fid: Option<i64>,
    extent: Option<Envelope>,
    /// A geometry that held a side of the extent moved away: the extent has to be measured anew.
    is_extent_doubtful: bool,
    touched_at: Option<Timestamp>,
}

/// Writer of one transaction.
pub(super) struct Projector<'a> {
    db: &'a Connection,
    states: BTreeMap<&'static str, State>,
}

impl<'a> Projector<'a> {
    pub(super) fn begin(db: &'a Connection) -> Result<Self, Error> {
        let mut states = BTreeMap::new();
        for table in TABLES {
            let state = State {
                insert_sql: table.insert_sql(),
                upsert_sql: table.upsert_sql(),
                last_fid: None,
                extent: stored_extent(db, table)?,
                is_extent_doubtful: false,
                touched_at: None,
            };
            states.insert(table.name, state);
        }
        Ok(Self { db, states })
    }

    /// Writes extents and times of change.
    pub(super) fn finish(self) -> Result<(), Error> {
        for table in TABLES {
            let Some(state) = self.states.get(table.name) else { continue };
            let Some(at) = state.touched_at else { continue };
            let extent = if state.is_extent_doubtful { measured_extent(self.db, table)? } else { state.extent };
            let side = |pick: fn(&Envelope) -> f64| extent.as_ref().map(pick);
            self.db
                .prepare_cached(
                    "UPDATE gpkg_contents SET last_change = ?2, min_x = ?3, min_y = ?4, max_x = ?5, max_y = ?6
                     WHERE table_name = ?1",
                )
                .and_then(|mut update| {
                    update.execute(params![
                        table.name,
                        super::instant(at),
                        side(|e| e.min[0]),
                        side(|e| e.min[1]),
                        side(|e| e.max[0]),
                        side(|e| e.max[1]),
                    ])
                })
                .map_err(failed("note the extent of a layer"))?;
        }
        Ok(())
    }

    fn state(&mut self, table: &'static Table) -> &mut State {
        self.states.get_mut(table.name).expect("begin() made a state for each table of the closed list")
    }

    fn grow_extent(&mut self, table: &'static Table, values: &[SqlCell]) {
        let state = self.state(table);
        for value in values {
            if let SqlCell::Shape(_, Some(envelope)) = value {
                state.extent = Some(state.extent.map_or(*envelope, |e| e.union(*envelope)));
            }
        }
    }

    /// The row that is about to be replaced may have held a side of the extent.
    fn doubt_extent(&mut self, table: &'static Table, key: &SqlCell) -> Result<(), Error> {
        if table.geometry_type.is_none() {
            return Ok(());
        }
        let sql = format!("SELECT geom FROM {} WHERE {} = ?1", table.name, table.columns[0]);
        let old: Option<Option<Vec<u8>>> = self
            .db
            .prepare_cached(&sql)
            .and_then(|mut select| select.query_row([key], |row| row.get(0)).optional())
            .map_err(failed("read a projection"))?;
        let old = old.flatten().and_then(|geometry| blob::envelope(&geometry));
        let state = self.state(table);
        if let (Some(old), Some(extent)) = (old, state.extent) {
            state.is_extent_doubtful |= old.holds_a_side_of(&extent);
        }
        Ok(())
    }
}

impl Writer for Projector<'_> {
    fn insert(&mut self, table: &'static Table, row: Vec<Cell>) -> Result<(), Error> {
        let values: Vec<SqlCell> = row.into_iter().map(SqlCell::from).collect();
        self.grow_extent(table, &values);
        let sql = &self.state(table).insert_sql;
        let sql = sql.clone();
        self.db
            .prepare_cached(&sql)
            .and_then(|mut insert| insert.execute(params_from_iter(values)))
            .map_err(failed("write a projection"))?;
        Ok(())
    }

    fn upsert(&mut self, table: &'static Table, row: Vec<Cell>) -> Result<(), Error> {
        let values: Vec<SqlCell> = row.into_iter().map(SqlCell::from).collect();
        self.doubt_extent(table, &values[0])?;
        self.grow_extent(table, &values);
        let sql = self.state(table).upsert_sql.clone();
        self.db
            .prepare_cached(&sql)
            .and_then(|mut upsert| upsert.execute(params_from_iter(values)))
            .map_err(failed("write a projection"))?;
        Ok(())
    }

    fn run(&mut self, _table: &'static Table, sql: &'static str, values: Vec<Cell>) -> Result<(), Error> {
        self.db
            .prepare_cached(sql)
            .and_then(|mut update| update.execute(params_from_iter(values.into_iter().map(SqlCell::from))))
            .map_err(failed("change a projection"))?;
        Ok(())
    }

    fn next_fid(&mut self, table: &'static Table) -> Result<i64, Error> {
        let last = match self.state(table).last_fid {
            Some(last) => last,
            None => self
                .db
                .query_row(&format!("SELECT coalesce(max(fid), 0) FROM {}", table.name), [], |row| row.get(0))
                .map_err(failed("read a projection"))?,
        };
        self.state(table).last_fid = Some(last + 1);
        Ok(last + 1)
    }

    fn stream(&mut self, stream: &StreamId) -> Result<(Vec<RecordedEntry>, u64), Error> {
        super::reads::load_stream(self.db, stream)
    }

    fn touch(&mut self, table: &'static Table, at: Timestamp) {
        let state = self.state(table);
        // Streams are folded in the order of their names; the latest entry counts.
        state.touched_at = state.touched_at.max(Some(at));
    }
}

/// A cell as SQLite takes it.
enum SqlCell {
    Plain(Value),
    Shape(Vec<u8>, Option<Envelope>),
}

impl From<Cell> for SqlCell {
    fn from(cell: Cell) -> Self {
        Self::Plain(match cell {
            Cell::Null => Value::Null,
            Cell::Bool(value) => Value::Integer(i64::from(value)),
            Cell::Integer(value) => Value::Integer(value),
            Cell::Real(value) => Value::Real(value),
            Cell::Text(value) => Value::Text(value),
            Cell::Shape(shape) => {
                let blob = blob::encode(&shape);
                let envelope = blob::envelope(&blob);
                return Self::Shape(blob, envelope);
            }
        })
    }
}

impl ToSql for SqlCell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Plain(value) => ValueRef::from(value),
            Self::Shape(blob, _) => ValueRef::Blob(blob),
        }))
    }
}

fn stored_extent(db: &Connection, table: &Table) -> Result<Option<Envelope>, Error> {
    envelope_of(db, "SELECT min_x, min_y, max_x, max_y FROM gpkg_contents WHERE table_name = ?1", &[&table.name])
}

fn measured_extent(db: &Connection, table: &Table) -> Result<Option<Envelope>, Error> {
    let sql = format!(
        "SELECT min(ST_MinX(geom)), min(ST_MinY(geom)), max(ST_MaxX(geom)), max(ST_MaxY(geom)) FROM {}",
        table.name
    );
    envelope_of(db, &sql, &[])
}

fn envelope_of(db: &Connection, sql: &str, values: &[&dyn ToSql]) -> Result<Option<Envelope>, Error> {
    let sides: Option<[Option<f64>; 4]> = db
        .query_row(sql, values, |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]))
        .optional()
        .map_err(failed("read the extent of a layer"))?;
    Ok(sides.and_then(|[min_x, min_y, max_x, max_y]| {
        Some(Envelope { min: [min_x?, min_y?], max: [max_x?, max_y?] })
    }))
}
