//! Writes projection rows into a GeoPackage, and keeps the layers' extents and times of change right.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use domain::entry::RecordedEntry;
use domain::ids::StreamId;
use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, OptionalExtension, ToSql, params, params_from_iter};

use super::{Db, blob};
use crate::constraints::failed;
use crate::error::Error;
use crate::projections::{Cell, TABLES, Table, Writer};
use crate::wkb::Envelope;

/// Statements for one table.
struct Statements {
    insert: String,
    upsert: String,
    next_fid: String,
    old_shape: String,
    index: String,
    unindex: String,
}

impl Statements {
    fn of(table: &Table) -> Self {
        let (name, key) = (table.name, table.columns[0]);
        Self {
            insert: table.insert_sql(),
            upsert: table.upsert_sql(),
            next_fid: format!("SELECT coalesce(max({key}), 0) FROM {name}"),
            old_shape: format!("SELECT geom FROM {name} WHERE {key} = ?1"),
            index: format!("INSERT OR REPLACE INTO rtree_{name}_geom VALUES (?1, ?2, ?3, ?4, ?5)"),
            unindex: format!("DELETE FROM rtree_{name}_geom WHERE id = ?1"),
        }
    }
}

static STATEMENTS: LazyLock<BTreeMap<&'static str, Statements>> = LazyLock::new(|| {
    TABLES
        .iter()
        .map(|table| (table.name, Statements::of(table)))
        .collect()
});

fn statements(table: &'static Table) -> &'static Statements {
    STATEMENTS
        .get(table.name)
        .expect("every table of the closed list has its statements")
}

/// What is known of one table while a transaction runs.
#[derive(Default)]
struct State {
    last_fid: Option<i64>,
    extent: Option<Envelope>,
    /// A geometry that held a side of the extent moved away: the extent has to be measured anew.
    is_extent_doubtful: bool,
    touched_at: Option<Timestamp>,
}

/// Writer of one transaction.
pub(crate) struct Projector<'a> {
    /// Where streams are read; the database itself, or the one whose projections are made anew elsewhere.
    log: &'a Db,
    db: &'a Connection,
    /// Where triggers are off, the R-trees are kept here: the envelopes are at hand.
    keeps_index: bool,
    states: BTreeMap<&'static str, State>,
}

impl<'a> Projector<'a> {
    pub(super) fn begin(log: &'a Db, target: &'a Db) -> Result<Self, Error> {
        let db = &target.0;
        let mut states = BTreeMap::new();
        for table in TABLES {
            states.insert(
                table.name,
                State {
                    extent: stored_extent(db, table)?,
                    ..State::default()
                },
            );
        }
        let has_triggers = db
            .db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER)
            .map_err(failed("say how it is set up"))?;
        Ok(Self {
            log,
            db,
            keeps_index: !has_triggers,
            states,
        })
    }

    fn state(&mut self, table: &'static Table) -> &mut State {
        self.states
            .get_mut(table.name)
            .expect("begin() made a state for each table of the closed list")
    }

    fn execute(&self, sql: &str, values: &[SqlCell], attempt: &'static str) -> Result<(), Error> {
        self.db
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params_from_iter(values)))
            .map_err(failed(attempt))?;
        Ok(())
    }

    fn grow_extent(&mut self, table: &'static Table, envelope: Option<Envelope>) {
        let state = self.state(table);
        if let Some(envelope) = envelope {
            state.extent = Some(state.extent.map_or(envelope, |e| e.union(envelope)));
        }
    }

    /// The geometry that is about to be replaced may have held a side of the extent.
    fn doubt_extent(&mut self, table: &'static Table, old: Option<&[u8]>) {
        let state = self.state(table);
        if let (Some(old), Some(extent)) = (old.and_then(blob::envelope), state.extent) {
            state.is_extent_doubtful |= old.holds_a_side_of(&extent);
        }
    }

    /// Geometry that stands in the row now; `None` where there is no row or none in it.
    fn old_shape(&self, table: &'static Table, key: &SqlCell) -> Result<Option<Vec<u8>>, Error> {
        let old: Option<Option<Vec<u8>>> = self
            .db
            .prepare_cached(&statements(table).old_shape)
            .and_then(|mut select| select.query_row([key], |row| row.get(0)).optional())
            .map_err(failed("read a projection"))?;
        Ok(old.flatten())
    }

    fn index(
        &self,
        table: &'static Table,
        key: &SqlCell,
        envelope: Option<Envelope>,
    ) -> Result<(), Error> {
        if !self.keeps_index {
            return Ok(());
        }
        let statements = statements(table);
        let sql = if envelope.is_some() {
            &statements.index
        } else {
            &statements.unindex
        };
        self.db
            .prepare_cached(sql)
            .and_then(|mut statement| match envelope {
                Some(e) => statement.execute(params![key, e.min[0], e.max[0], e.min[1], e.max[1]]),
                None => statement.execute([key]),
            })
            .map_err(failed("write a spatial index"))?;
        Ok(())
    }
}

impl Writer for Projector<'_> {
    fn insert(&mut self, table: &'static Table, row: Vec<Cell>) -> Result<(), Error> {
        let values: Vec<SqlCell> = row.into_iter().map(SqlCell::from).collect();
        self.execute(&statements(table).insert, &values, "write a projection")?;
        if let [key, SqlCell::Shape(_, envelope @ Some(_)), ..] = &values[..] {
            self.grow_extent(table, *envelope);
            self.index(table, key, *envelope)?;
        }
        Ok(())
    }

    fn upsert(&mut self, table: &'static Table, row: Vec<Cell>) -> Result<(), Error> {
        let values: Vec<SqlCell> = row.into_iter().map(SqlCell::from).collect();
        let (Some(_), [key, shape, ..]) = (table.geometry_type, &values[..]) else {
            return self.execute(&statements(table).upsert, &values, "write a projection");
        };
        let old = self.old_shape(table, key)?;
        self.execute(&statements(table).upsert, &values, "write a projection")?;
        if old.as_deref() != shape.blob() {
            self.doubt_extent(table, old.as_deref());
            self.grow_extent(table, shape.envelope());
            self.index(table, key, shape.envelope())?;
        }
        Ok(())
    }

    fn run(
        &mut self,
        _table: &'static Table,
        sql: &'static str,
        values: Vec<Cell>,
    ) -> Result<(), Error> {
        let values: Vec<SqlCell> = values.into_iter().map(SqlCell::from).collect();
        self.execute(sql, &values, "change a projection")
    }

    fn next_fid(&mut self, table: &'static Table) -> Result<i64, Error> {
        let last = match self.state(table).last_fid {
            Some(last) => last,
            None => self
                .db
                .query_row(&statements(table).next_fid, [], |row| row.get(0))
                .map_err(failed("read a projection"))?,
        };
        self.state(table).last_fid = Some(last + 1);
        Ok(last + 1)
    }

    fn stream(&mut self, stream: &StreamId) -> Result<(Vec<RecordedEntry>, u64), Error> {
        crate::views::load_stream(self.log, stream)
    }

    fn touch(&mut self, table: &'static Table, at: Timestamp) {
        let state = self.state(table);
        // Streams are folded in the order of their names; the latest entry counts.
        state.touched_at = state.touched_at.max(Some(at));
    }

    /// Writes extents and times of change.
    fn finish(self, appended_at: Option<Timestamp>) -> Result<(), Error> {
        for table in TABLES {
            let Some(state) = self.states.get(table.name) else {
                continue;
            };
            let Some(at) = state.touched_at else { continue };
            let extent = if state.is_extent_doubtful {
                measured_extent(self.db, table)?
            } else {
                state.extent
            };
            note_change(self.db, table, at, extent)?;
        }
        appended_at.map_or(Ok(()), |at| touch_log(self.db, at))
    }
}

fn touch_log(db: &Connection, at: Timestamp) -> Result<(), Error> {
    db.prepare_cached("UPDATE gpkg_contents SET last_change = ?1 WHERE table_name = 'entries'")
        .and_then(|mut update| update.execute([super::instant(at)]))
        .map_err(failed("note the time of change"))?;
    Ok(())
}

fn note_change(
    db: &Connection,
    table: &Table,
    at: Timestamp,
    extent: Option<Envelope>,
) -> Result<(), Error> {
    let side = |pick: fn(&Envelope) -> f64| extent.as_ref().map(pick);
    let sides = (
        side(|e| e.min[0]),
        side(|e| e.min[1]),
        side(|e| e.max[0]),
        side(|e| e.max[1]),
    );
    db.prepare_cached(
        "UPDATE gpkg_contents SET last_change = ?2, min_x = ?3, min_y = ?4, max_x = ?5, max_y = ?6
         WHERE table_name = ?1",
    )
    .and_then(|mut update| {
        update.execute(params![
            table.name,
            super::instant(at),
            sides.0,
            sides.1,
            sides.2,
            sides.3
        ])
    })
    .map_err(failed("note the extent of a layer"))?;
    Ok(())
}

/// A cell as SQLite takes it.
enum SqlCell {
    Plain(Value),
    Shape(Vec<u8>, Option<Envelope>),
}

impl SqlCell {
    fn blob(&self) -> Option<&[u8]> {
        match self {
            Self::Plain(_) => None,
            Self::Shape(blob, _) => Some(blob),
        }
    }

    fn envelope(&self) -> Option<Envelope> {
        match self {
            Self::Plain(_) => None,
            Self::Shape(_, envelope) => *envelope,
        }
    }
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
    envelope_of(
        db,
        "SELECT min_x, min_y, max_x, max_y FROM gpkg_contents WHERE table_name = ?1",
        &[&table.name],
    )
}

fn measured_extent(db: &Connection, table: &Table) -> Result<Option<Envelope>, Error> {
    let sql = format!(
        "SELECT min(ST_MinX(geom)), min(ST_MinY(geom)), max(ST_MaxX(geom)), max(ST_MaxY(geom)) FROM {}",
        table.name
    );
    envelope_of(db, &sql, &[])
}

fn envelope_of(
    db: &Connection,
    sql: &str,
    values: &[&dyn ToSql],
) -> Result<Option<Envelope>, Error> {
    let sides: Option<[Option<f64>; 4]> = db
        .prepare_cached(sql)
        .and_then(|mut select| {
            select
                .query_row(values, |row| {
                    Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?])
                })
                .optional()
        })
        .map_err(failed("read the extent of a layer"))?;
    Ok(sides.and_then(|[min_x, min_y, max_x, max_y]| {
        Some(Envelope {
            min: [min_x?, min_y?],
            max: [max_x?, max_y?],
        })
    }))
}
