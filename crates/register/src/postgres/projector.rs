//! Writes projection rows into PostgreSQL; extents and spatial indexes are PostGIS's own business.

use std::collections::BTreeMap;
use std::error::Error as StdError;

use ::postgres::types::private::BytesMut;
use ::postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use domain::entry::RecordedEntry;
use domain::ids::StreamId;
use jiff::Timestamp;
use jiff::civil::{Date, date};

use super::Db;
use crate::constraints::refused;
use crate::error::Error;
use crate::projections::{Cell, Table, Writer};
use crate::{views, wkb};

/// Writer of one transaction.
pub(crate) struct Projector<'a> {
    db: &'a Db,
    last_fids: BTreeMap<&'static str, i64>,
}

impl<'a> Projector<'a> {
    pub(super) fn begin(db: &'a Db) -> Self {
        Self {
            db,
            last_fids: BTreeMap::new(),
        }
    }

    fn execute(&self, attempt: &'static str, sql: &str, values: Vec<Cell>) -> Result<(), Error> {
        let values: Vec<SqlCell> = values.into_iter().map(SqlCell::from).collect();
        let values: Vec<&(dyn ToSql + Sync)> = values
            .iter()
            .map(|value| value as &(dyn ToSql + Sync))
            .collect();
        self.db.execute(attempt, sql, &values)
    }
}

/// A statement of both databases as PostgreSQL writes it.
fn translated(sql: &str) -> String {
    sql.replace('?', "$")
}

/// The same for a row of a table, whose second column is the geometry if it is a layer.
fn translated_row(table: &Table, sql: &str) -> String {
    let sql = translated(sql);
    match table.geometry_type {
        Some(_) => sql.replacen("$2,", "$2::geometry,", 1),
        None => sql,
    }
}

impl Writer for Projector<'_> {
    fn insert(&mut self, table: &'static Table, row: Vec<Cell>) -> Result<(), Error> {
        let sql = translated_row(table, &table.insert_sql());
        self.execute("write a projection", &sql, row)
    }

    fn upsert(&mut self, table: &'static Table, row: Vec<Cell>) -> Result<(), Error> {
        let sql = translated_row(table, &table.upsert_sql());
        self.execute("write a projection", &sql, row)
    }

    fn run(
        &mut self,
        _table: &'static Table,
        sql: &'static str,
        values: Vec<Cell>,
    ) -> Result<(), Error> {
        self.execute("change a projection", &translated(sql), values)
    }

    fn next_fid(&mut self, table: &'static Table) -> Result<i64, Error> {
        let last = match self.last_fids.get(table.name) {
            Some(last) => *last,
            None => {
                let (name, key) = (table.name, table.columns[0]);
                let sql = format!("SELECT coalesce(max({key}), 0) FROM {name}");
                let row = self.db.find("read a projection", &sql, &[])?;
                row.map_or(Ok(0), |row| {
                    row.try_get(0).map_err(refused("read a projection"))
                })?
            }
        };
        self.last_fids.insert(table.name, last + 1);
        Ok(last + 1)
    }

    fn stream(&mut self, stream: &StreamId) -> Result<(Vec<RecordedEntry>, u64), Error> {
        views::load_stream(self.db, stream)
    }

    fn touch(&mut self, _table: &'static Table, _at: Timestamp) {}

    fn finish(self, _appended_at: Option<Timestamp>) -> Result<(), Error> {
        Ok(())
    }
}

/// A cell as PostgreSQL takes it, by the type of the column it goes to.
#[derive(Debug)]
enum SqlCell {
    Null,
    Bool(bool),
    Integer(i64),
    Real(f64),
    Text(String),
    /// EWKB.
    Shape(Vec<u8>),
}

impl From<Cell> for SqlCell {
    fn from(cell: Cell) -> Self {
        match cell {
            Cell::Null => Self::Null,
            Cell::Bool(value) => Self::Bool(value),
            Cell::Integer(value) => Self::Integer(value),
            // Canonical JSON knows no negative zero; a rebuilt row must be the same.
            Cell::Real(value) => Self::Real(value + 0.0),
            // The database holds no zero character; what was said stands in the entry and the dossier.
            Cell::Text(value) if value.contains('\0') => {
                Self::Text(value.replace('\0', "\u{fffd}"))
            }
            Cell::Text(value) => Self::Text(value),
            Cell::Shape(shape) => wkb::encode_extended(&shape).map_or(Self::Null, Self::Shape),
        }
    }
}

impl ToSql for SqlCell {
    fn to_sql(
        &self,
        column: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Bool(value) => value.to_sql(column, out),
            Self::Integer(value) => value.to_sql(column, out),
            Self::Real(value) => value.to_sql(column, out),
            Self::Text(value) if *column == Type::DATE => day(value)?.to_sql(column, out),
            Self::Text(value) => value.to_sql(column, out),
            Self::Shape(ewkb) => {
                out.extend_from_slice(ewkb);
                Ok(IsNull::No)
            }
        }
    }

    fn accepts(_column: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A day as the database holds it, which knows none before 4713 BC.
fn day(text: &str) -> Result<Date, jiff::Error> {
    text.parse::<Date>().map(|day| day.max(date(-4712, 1, 1)))
}
