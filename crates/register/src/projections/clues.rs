//! Rows that follow from clues: received, screened, linked to a site, unlinked.

use domain::entries::ClueReceived;
use domain::entry::{EntryBody, RecordedEntry};

use super::{Cell, Table, Writer, fid_of};
use crate::error::Error;

/// 线索 — one row a clue, with what became of it.
pub(crate) static CLUES: Table = Table {
    name: "clues",
    title: "线索",
    columns: &[
        "fid",
        "geom",
        "clue_id",
        "batch_id",
        "source_kind",
        "external_code",
        "state",
        "received_on",
        "facility_name",
        "summary",
        "activity_type_code",
        "activity_text",
        "change_kind",
        "area_m2",
        "stated_area_m2",
        "precision_m",
        "township",
        "location_text",
        "file_name",
        "file_row",
        "is_confidential",
    ],
    geometry_type: Some("GEOMETRY"),
};

const SCREEN: &str = "UPDATE clues SET screened_rule = ?1, screened_seq = ?2, \
     state = CASE WHEN site_id IS NULL THEN 'screened' ELSE state END WHERE clue_id = ?3";
const LINK: &str =
    "UPDATE clues SET state = 'linked', site_id = ?1, site_code = NULL WHERE clue_id = ?2";
const UNLINK: &str = "UPDATE clues SET site_id = NULL, site_code = NULL, \
     state = CASE WHEN screened_rule IS NULL THEN 'open' ELSE 'screened' END WHERE clue_id = ?1 AND site_id = ?2";

pub(super) fn apply(writer: &mut impl Writer, entry: &RecordedEntry) -> Result<(), Error> {
    match &entry.entry.body {
        EntryBody::ClueReceived(body) => {
            writer.touch(&CLUES, entry.recorded_at);
            writer.insert(&CLUES, row(entry, body))
        }
        EntryBody::ClueScreened(body) => {
            let values = vec![
                Cell::text(&body.rule),
                Cell::count(entry.seq),
                Cell::text(body.clue_id),
            ];
            change(writer, entry, SCREEN, values)
        }
        EntryBody::ClueLinked(body) => in_site(writer, entry, LINK, |site| {
            vec![site, Cell::text(body.clue_id)]
        }),
        EntryBody::ClueUnlinked(body) => in_site(writer, entry, UNLINK, |site| {
            vec![Cell::text(body.clue_id), site]
        }),
        _ => Ok(()),
    }
}

fn change(
    writer: &mut impl Writer,
    entry: &RecordedEntry,
    sql: &'static str,
    values: Vec<Cell>,
) -> Result<(), Error> {
    writer.touch(&CLUES, entry.recorded_at);
    writer.run(&CLUES, sql, values)
}

fn in_site(
    writer: &mut impl Writer,
    entry: &RecordedEntry,
    sql: &'static str,
    values: impl FnOnce(Cell) -> Vec<Cell>,
) -> Result<(), Error> {
    match entry.entry.stream.as_site() {
        Some(site) => change(writer, entry, sql, values(Cell::text(site))),
        None => Ok(()),
    }
}

fn row(entry: &RecordedEntry, body: &ClueReceived) -> Vec<Cell> {
    let facts = &body.facts;
    vec![
        fid_of(entry),
        Cell::shape_of(facts.shape.as_ref().map(|shape| shape.0.clone())),
        Cell::text(body.clue_id),
        Cell::text(body.batch_id),
        Cell::text(&body.source_kind),
        Cell::text_of(facts.external_code.as_ref()),
        Cell::text("open"),
        Cell::text(body.received_on),
        Cell::text_of(facts.facility_name.as_ref()),
        Cell::text_of(facts.summary.as_ref()),
        Cell::text_of(facts.activity_type_code.as_ref()),
        Cell::text_of(facts.activity_text.as_ref()),
        Cell::text_of(facts.change_kind.as_ref()),
        Cell::real_of(facts.area_m2),
        Cell::real_of(facts.stated_area_m2),
        Cell::real_of(facts.precision_m),
        Cell::text_of(facts.township.as_ref()),
        Cell::text_of(facts.location_text.as_ref()),
        Cell::text(&body.place.file_name),
        body.place
            .row
            .or(body.place.feature)
            .map_or(Cell::Null, Cell::count),
        Cell::Bool(body.is_confidential),
    ]
}
