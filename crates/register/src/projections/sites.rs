//! Rows that follow from the stream of a site.

use domain::dossier::{Dossier, civil_day, fold};
use domain::entries::{IssueCarriedOver, PermitRecorded};
use domain::entry::{EntryBody, RecordedEntry};
use domain::ids::{SiteId, StreamId};
use geo_types::{Geometry, Point};
use jiff::Timestamp;

use super::{CLUES, Cell, Table, Writer, fid_of};
use crate::error::Error;

/// 点位 — one row a site, drawn from its dossier as of now.
pub(crate) static SITES: Table = Table {
    name: "sites",
    title: "点位",
    columns: &[
        "fid",
        "geom",
        "site_id",
        "site_code",
        "facility_name",
        "state",
        "activity_type_code",
        "activity_subtype",
        "zone_kind",
        "zone_flags",
        "boundary_version",
        "station_id",
        "township",
        "village",
        "lon",
        "lat",
        "area_m2",
        "built_on",
        "owner_name",
        "current_status",
        "has_issue",
        "description",
        "conclusion",
        "verified_on",
        "sources",
        "external_codes",
        "reserve_code",
        "campaign_id",
        "merged_into",
        "registered_on",
        "updated_on",
        "last_seq",
        "version",
        "dossier",
    ],
    geometry_type: Some("GEOMETRY"),
};

/// 手续 — one row a permit recorded.
pub(crate) static PERMITS: Table = Table {
    name: "permits",
    title: "手续",
    columns: &[
        "fid",
        "site_id",
        "permit_kind",
        "document_number",
        "issuer",
        "issued_on",
        "valid_to_on",
        "holder",
        "area_m2",
        "is_absent",
        "note",
    ],
    geometry_type: None,
};

/// 历史问题 — one row an issue carried over.
pub(crate) static CARRIED_OVER_ISSUES: Table = Table {
    name: "carried_over_issues",
    title: "历史问题",
    columns: &[
        "fid",
        "site_id",
        "source_kind",
        "external_code",
        "description",
        "measures",
        "responsible_unit",
        "due_on",
        "progress",
    ],
    geometry_type: None,
};

const NAME_SITE_OF_CLUES: &str =
    "UPDATE clues SET site_code = ?1 WHERE clue_id = ?2 AND site_id = ?3";

pub(super) fn apply(
    writer: &mut impl Writer,
    entry: &RecordedEntry,
    site: SiteId,
) -> Result<(), Error> {
    match &entry.entry.body {
        EntryBody::PermitRecorded(body) => record_permit(writer, entry, site, body),
        EntryBody::IssueCarriedOver(body) => carry_over(writer, entry, site, body),
        _ => Ok(()),
    }
}

fn record_permit(
    writer: &mut impl Writer,
    entry: &RecordedEntry,
    site: SiteId,
    body: &PermitRecorded,
) -> Result<(), Error> {
    writer.touch(&PERMITS, entry.recorded_at);
    let row = vec![
        fid_of(entry),
        Cell::text(site),
        Cell::text(&body.permit_kind),
        Cell::text_of(body.document_number.as_ref()),
        Cell::text_of(body.issuer.as_ref()),
        Cell::text_of(body.issued_on.as_ref()),
        Cell::text_of(body.valid_to_on.as_ref()),
        Cell::text_of(body.holder.as_ref()),
        Cell::real_of(body.area_m2),
        Cell::Bool(body.is_absent),
        Cell::text_of(body.note.as_ref()),
    ];
    writer.insert(&PERMITS, row)
}

fn carry_over(
    writer: &mut impl Writer,
    entry: &RecordedEntry,
    site: SiteId,
    body: &IssueCarriedOver,
) -> Result<(), Error> {
    writer.touch(&CARRIED_OVER_ISSUES, entry.recorded_at);
    let row = vec![
        fid_of(entry),
        Cell::text(site),
        Cell::text(&body.source_kind),
        Cell::text_of(body.external_code.as_ref()),
        Cell::text_of(body.description.as_ref()),
        Cell::text_of(body.measures.as_ref()),
        Cell::text_of(body.responsible_unit.as_ref()),
        Cell::text_of(body.due_on.as_ref()),
        Cell::text_of(body.progress.as_ref()),
    ];
    writer.insert(&CARRIED_OVER_ISSUES, row)
}

/// Folds a site's stream and writes its row; nothing before the site is registered.
pub(super) fn refold(writer: &mut impl Writer, site: SiteId, at: Timestamp) -> Result<(), Error> {
    let (entries, version) = writer.stream(&StreamId::site(site))?;
    let Some(dossier) = fold(&entries) else {
        return Ok(());
    };
    writer.touch(&SITES, at);
    writer.upsert(&SITES, row(&dossier, version)?)?;
    for clue in &dossier.clues {
        let values = vec![
            Cell::text(&dossier.site_code),
            Cell::text(clue.body.clue_id),
            Cell::text(site),
        ];
        writer.run(&CLUES, NAME_SITE_OF_CLUES, values)?;
    }
    Ok(())
}

fn row(dossier: &Dossier, version: u64) -> Result<Vec<Cell>, Error> {
    let facts = &dossier.facts;
    let verified = dossier.latest_verification();
    let text = serde_json::to_string(dossier).map_err(|source| Error::Encode { source })?;
    Ok(vec![
        Cell::count(dossier.first_seq + 1),
        Cell::shape_of(place(dossier)),
        Cell::text(dossier.site_id),
        Cell::text(&dossier.site_code),
        Cell::text_of(facts.facility_name.as_ref()),
        Cell::text(dossier.state.code()),
        Cell::text_of(facts.activity_type_code.as_ref()),
        Cell::text_of(facts.activity_subtype.as_ref()),
        Cell::text_of(facts.zone_kind.as_ref()),
        Cell::text_of(
            facts
                .zone_flags
                .as_ref()
                .map(|flags| flags.join(","))
                .as_ref(),
        ),
        Cell::text_of(facts.boundary_version.as_ref()),
        Cell::text_of(facts.station_id.as_ref()),
        Cell::text_of(facts.township.as_ref()),
        Cell::text_of(facts.village.as_ref()),
        Cell::real_of(facts.lon),
        Cell::real_of(facts.lat),
        Cell::real_of(facts.area_m2),
        Cell::text_of(facts.built_on.as_ref()),
        Cell::text_of(facts.owner_name.as_ref()),
        Cell::text_of(facts.current_status.as_ref()),
        Cell::text_of(facts.has_issue.as_ref()),
        Cell::text_of(facts.description.as_ref()),
        Cell::text_of(verified.map(|v| &v.conclusion)),
        Cell::text_of(verified.map(|v| &v.verified_on)),
        Cell::text(dossier.source_kinds().join(",")),
        Cell::text(dossier.external_codes().join(",")),
        Cell::text(&dossier.reserve_code),
        Cell::text(&dossier.campaign_id),
        Cell::text_of(dossier.merged_into.as_ref()),
        Cell::text(civil_day(dossier.registered_at)),
        Cell::text(civil_day(dossier.updated_at)),
        Cell::count(dossier.last_seq),
        Cell::count(version),
        Cell::Text(text),
    ])
}

/// The outline where there is one, else the representative point.
fn place(dossier: &Dossier) -> Option<Geometry<f64>> {
    let facts = &dossier.facts;
    let point = || Some(Geometry::Point(Point::new(facts.lon?, facts.lat?)));
    facts
        .shape
        .as_ref()
        .map(|shape| shape.0.clone())
        .or_else(point)
}
