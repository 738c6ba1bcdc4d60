//! 投影 — copies of what follows from the entries, written in the same transaction as the entry.
//!
//! This module says which rows follow from which entry, in words both databases share; how a row gets into a
//! database is the database's own business ([`Writer`]).

mod clues;
mod patrols;
mod reserve;
mod sites;

use std::collections::BTreeMap;

use domain::entry::{EntryBody, RecordedEntry};
use domain::ids::{PatrolId, SiteId, StreamId};
use geo_types::Geometry;
use jiff::Timestamp;

use crate::error::Error;
use crate::store::Store;
use crate::{EntryFilter, views};

pub(crate) use clues::CLUES;
pub(crate) use patrols::{PATROLS, TRACKS};
pub(crate) use reserve::{BOUNDARIES, ROUTES, STATIONS, ZONES};
pub(crate) use sites::{CARRIED_OVER_ISSUES, PERMITS, SITES};

/// One value of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Null,
    Bool(bool),
    Integer(i64),
    Real(f64),
    Text(String),
    Shape(Geometry<f64>),
}

impl Cell {
    fn text(value: impl ToString) -> Self {
        Self::Text(value.to_string())
    }

    fn text_of<T: ToString>(value: Option<&T>) -> Self {
        value.map_or(Self::Null, |v| Self::Text(v.to_string()))
    }

    fn real_of(value: Option<f64>) -> Self {
        value.map_or(Self::Null, Self::Real)
    }

    /// Positions, sizes and counts; the database counts to 2⁶³.
    fn count(value: u64) -> Self {
        Self::Integer(i64::try_from(value).unwrap_or(i64::MAX))
    }

    fn shape_of(value: Option<Geometry<f64>>) -> Self {
        value.map_or(Self::Null, Self::Shape)
    }
}

/// A projection: its name, its columns in the order rows are given (the first is the key), and its geometry type if
/// it is a layer.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// Name for people, shown by GIS programs.
    pub(crate) title: &'static str,
    pub(crate) columns: &'static [&'static str],
    pub(crate) geometry_type: Option<&'static str>,
}

impl Table {
    /// Insert, or replace what stands under the same key.
    pub(crate) fn upsert_sql(&self) -> String {
        let (key, rest) = (self.columns[0], &self.columns[1..]);
        let places: Vec<String> = (1..=self.columns.len()).map(|n| format!("?{n}")).collect();
        let sets: Vec<String> = rest.iter().map(|c| format!("{c}=excluded.{c}")).collect();
        format!(
            "INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({key}) DO UPDATE SET {}",
            self.name,
            self.columns.join(", "),
            places.join(", "),
            sets.join(", ")
        )
    }

    /// Insert a row that cannot be there yet.
    pub(crate) fn insert_sql(&self) -> String {
        let places: Vec<String> = (1..=self.columns.len()).map(|n| format!("?{n}")).collect();
        format!(
            "INSERT INTO {} ({}) VALUES ({})",
            self.name,
            self.columns.join(", "),
            places.join(", ")
        )
    }
}

/// Batches as imported.
pub(crate) static CLUE_BATCHES: Table = Table {
    name: "clue_batches",
    title: "线索批次",
    columns: &[
        "fid",
        "batch_id",
        "import_kind",
        "source_kind",
        "file_name",
        "sha256",
        "size_bytes",
        "sender",
        "document_number",
        "received_on",
        "rows_read",
        "rows_taken",
        "rows_refused",
    ],
    geometry_type: None,
};

/// All projections, in the order they are created.
pub(crate) static TABLES: [&Table; 11] = [
    &SITES,
    &CLUES,
    &BOUNDARIES,
    &ZONES,
    &STATIONS,
    &ROUTES,
    &CLUE_BATCHES,
    &PERMITS,
    &CARRIED_OVER_ISSUES,
    &PATROLS,
    &TRACKS,
];

/// What a database does for the projections.
pub(crate) trait Writer {
    /// Inserts a row that cannot be there yet.
    fn insert(&mut self, table: &'static Table, row: Vec<Cell>) -> Result<(), Error>;
    /// Inserts a row or replaces the one under the same key.
    fn upsert(&mut self, table: &'static Table, row: Vec<Cell>) -> Result<(), Error>;
    /// Runs a statement that both databases understand.
    fn run(
        &mut self,
        table: &'static Table,
        sql: &'static str,
        values: Vec<Cell>,
    ) -> Result<(), Error>;
    /// The key of the next row of a table whose rows are never removed.
    fn next_fid(&mut self, table: &'static Table) -> Result<i64, Error>;
    /// All entries of a stream this program knows, in order of version.
    fn stream(&mut self, stream: &StreamId) -> Result<(Vec<RecordedEntry>, u64), Error>;
    /// Notes that a table changed by an entry taken at `at`.
    fn touch(&mut self, table: &'static Table, at: Timestamp);
    /// Ends the writing; the log itself last grew at `appended_at`, if it grew.
    fn finish(self, appended_at: Option<Timestamp>) -> Result<(), Error>;
}

/// Writes the rows that follow from all entries of a log.
pub(crate) fn replay(log: &impl Store, mut writer: impl Writer) -> Result<(), Error> {
    let (mut touched, mut last) = (Touched::default(), None);
    views::entries(log, &EntryFilter::default(), |entry| {
        last = Some(entry.recorded_at);
        apply(&mut writer, &entry, &mut touched)
    })?;
    settle(&mut writer, touched)?;
    writer.finish(last)
}

/// Sites and patrols whose stream got entries, with when the last of them was taken; folded once at the end.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    sites: BTreeMap<SiteId, Timestamp>,
    patrols: BTreeMap<PatrolId, Timestamp>,
}

/// Writes the rows that follow from one entry, and notes which sites and patrols have to be folded anew.
pub(crate) fn apply(
    writer: &mut impl Writer,
    entry: &RecordedEntry,
    touched: &mut Touched,
) -> Result<(), Error> {
    if let Some(site) = entry.entry.stream.as_site() {
        touched.sites.insert(site, entry.recorded_at);
        sites::apply(writer, entry, site)?;
    }
    if let Some(patrol) = entry.entry.stream.as_patrol() {
        touched.patrols.insert(patrol, entry.recorded_at);
    }
    match &entry.entry.body {
        EntryBody::BoundaryAdopted(body) => reserve::adopt_boundary(writer, entry, body),
        EntryBody::StationsAdopted(body) => reserve::adopt_stations(writer, entry, body),
        EntryBody::RoutesAdopted(body) => reserve::adopt_routes(writer, entry, body),
        EntryBody::ClueBatchImported(body) => import_batch(writer, entry, body),
        _ => clues::apply(writer, entry),
    }
}

/// Folds what was touched and writes its rows.
pub(crate) fn settle(writer: &mut impl Writer, touched: Touched) -> Result<(), Error> {
    for (site, at) in touched.sites {
        sites::refold(writer, site, at)?;
    }
    for (patrol, at) in touched.patrols {
        patrols::refold(writer, patrol, at)?;
    }
    Ok(())
}

/// Key of a row that stands for one entry; keys of layers begin at 1.
fn fid_of(entry: &RecordedEntry) -> Cell {
    Cell::count(entry.seq + 1)
}

fn import_batch(
    writer: &mut impl Writer,
    entry: &RecordedEntry,
    body: &domain::entries::ClueBatchImported,
) -> Result<(), Error> {
    writer.touch(&CLUE_BATCHES, entry.recorded_at);
    let row = vec![
        fid_of(entry),
        Cell::text(body.batch_id),
        Cell::text(&body.import_kind),
        Cell::text_of(body.source_kind.as_ref()),
        Cell::text(&body.file_name),
        Cell::text(&body.sha256),
        Cell::count(body.size_bytes),
        Cell::text_of(body.sender.as_ref()),
        Cell::text_of(body.document_number.as_ref()),
        Cell::text(body.received_on),
        Cell::count(body.rows_read),
        Cell::count(body.rows_taken),
        Cell::count(body.rows_refused),
    ];
    writer.insert(&CLUE_BATCHES, row)
}
