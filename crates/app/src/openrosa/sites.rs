//! The sites a form is about: those the caller verifies, as a CSV file beside the form.

use domain::as_of::AsOf;
use domain::ledger::Labels as _;
use domain::policy::Action;

use super::md5_hex;
use crate::atlas::{Atlases, SiteFilter};
use crate::error::Error;
use crate::judging_book::JudgingBook;
use crate::session::Session;

/// Name of the list in the form, and of its file.
pub(super) const SITES: &str = "sites";
pub const SITES_FILE: &str = "sites.csv";

/// 点位名单 — the file, and what the manifest names it by.
#[derive(Debug, Clone)]
pub struct SiteList {
    pub csv: Vec<u8>,
    pub md5: String,
}

impl Session {
    /// Sites that count and that the actor may verify, each with the decision tables and shots of its class.
    pub fn odk_sites(&self, atlases: &Atlases) -> Result<SiteList, Error> {
        self.may_somewhere(Action::Verify)?;
        let book = JudgingBook::built_in()?;
        let stations = self.station_names(AsOf::Now)?;
        let atlas = self.atlas(atlases, AsOf::Now)?;
        let eyes = self.eyes(&atlas.sites);
        let filter = SiteFilter::default();
        let mut file = csv::Writer::from_writer(Vec::new());
        let heading = ["name", "label", "lat", "lon", "station", "tables", "shots"];
        file.write_record(heading).map_err(Error::internal)?;
        let rows = 0..u32::try_from(atlas.sites.len()).unwrap_or(u32::MAX);
        let mut rows: Vec<u32> = rows
            .filter(|row| {
                let station = atlas.sites.station_id(*row);
                atlas.sites.counts(*row)
                    && atlas.sites.matches(*row, &filter, &eyes)
                    && self.sees(Action::Verify, station)
            })
            .collect();
        rows.sort_by_key(|row| atlas.sites.site_code(*row));
        for row in rows {
            let code = atlas.sites.site_code(row);
            let station = atlas.sites.station_id(row).and_then(|id| stations.get(id));
            let station = station.map_or("", String::as_str);
            let activity = atlas.sites.coded(row)[3];
            let name = match atlas.sites.name(row) {
                "" => activity.map_or_else(String::new, |a| self.label("activity", a)),
                name => name.to_owned(),
            };
            let mut tables: Vec<&str> = Vec::new();
            for choice in activity
                .into_iter()
                .flat_map(|a| book.filling.of_activity(a))
            {
                if !tables.contains(&choice.table.as_str()) {
                    tables.push(&choice.table);
                }
            }
            let (lat, lon) = match atlas.sites.position(row) {
                Some((lon, lat)) => (lat.to_string(), lon.to_string()),
                None => (String::new(), String::new()),
            };
            let (label, tables) = (format!("{code} {name}"), tables.join(" "));
            let shots = self.campaign.required_shots(activity).join(" ");
            let cells = [code, label.trim(), &lat, &lon, station, &tables, &shots];
            file.write_record(cells).map_err(Error::internal)?;
        }
        let csv = file
            .into_inner()
            .map_err(|e| Error::internal(e.into_error()))?;
        Ok(SiteList {
            md5: md5_hex(&csv),
            csv,
        })
    }
}
