//! 图层输出 — sites and ledgers as map layers.

use std::path::Path;

use domain::ledger::{Cell, Labels};
use jiff::Timestamp;
use spatial::feature::{Attributes, DeclaredCrs, Feature, Format, Layer, Value};

use crate::convert::write_layers;
use crate::error::Error;
use crate::ledgers::{LedgerDrawn, Site};
use crate::session::Session;

impl Session {
    /// Writes a drawn ledger as a layer, its columns under their headers; format by the file's extension.
    pub fn ledger_layer(
        &self,
        drawn: &LedgerDrawn,
        path: &Path,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut layer = Layer::new(
            &drawn.template.short_title,
            DeclaredCrs::Epsg(4490),
            Format::GeoJson,
        );
        for (number, row) in (1..).zip(&drawn.rows) {
            let mut feature = Feature::new(number);
            feature.id = Some(row.site_code.clone());
            feature.geometry = drawn.shapes.get(&row.site_id).cloned();
            let columns = drawn.template.columns.iter();
            feature.attributes = columns
                .map(|c| (c.header.clone(), attribute(row.cells.get(&c.key))))
                .collect();
            layer.features.push(feature);
        }
        write_layers(path, &[layer], now)
    }

    /// Writes sites as a layer with the fields people filter by.
    pub fn write_sites(&self, sites: &[Site], path: &Path, now: Timestamp) -> Result<(), Error> {
        let mut layer = Layer::new("sites", DeclaredCrs::Epsg(4490), Format::GeoJson);
        for (number, site) in (1..).zip(sites) {
            let mut feature = Feature::new(number);
            feature.id = Some(site.dossier.site_code.clone());
            feature.geometry = site.dossier.facts.shape.as_ref().map(|s| s.0.clone());
            feature.attributes = self.site_attributes(site);
            layer.features.push(feature);
        }
        write_layers(path, &[layer], now)
    }

    fn site_attributes(&self, site: &Site) -> Attributes {
        let facts = &site.dossier.facts;
        let label = |list: &str, code: Option<&str>| {
            code.map_or(Value::Null, |c| Value::Text(self.label(list, c)))
        };
        let text = |text: Option<&String>| text.map_or(Value::Null, |t| Value::Text(t.clone()));
        Attributes::from_iter([
            (
                "site_code".to_owned(),
                Value::Text(site.dossier.site_code.clone()),
            ),
            (
                "facility_name".to_owned(),
                text(facts.facility_name.as_ref()),
            ),
            (
                "activity".to_owned(),
                label("activity", facts.activity_type_code.as_deref()),
            ),
            ("zone".to_owned(), label("zone", facts.zone_kind.as_deref())),
            (
                "station".to_owned(),
                label("station", facts.station_id.as_deref()),
            ),
            (
                "state".to_owned(),
                label("site_state", Some(site.dossier.state.code())),
            ),
            (
                "focal".to_owned(),
                label("focal", site.focal.as_ref().map(|f| f.category.as_str())),
            ),
            (
                "area_m2".to_owned(),
                facts.area_m2.map_or(Value::Null, Value::Real),
            ),
            (
                "built_on".to_owned(),
                facts
                    .built_on
                    .map_or(Value::Null, |d| Value::Text(d.to_string())),
            ),
        ])
    }
}

fn attribute(cell: Option<&Cell>) -> Value {
    match cell {
        None | Some(Cell::Empty) => Value::Null,
        Some(Cell::Integer(n)) => Value::Integer(*n),
        Some(Cell::Number(n)) => Value::Real(*n),
        Some(Cell::Date(d)) => Value::Date(d.to_string()),
        Some(Cell::Text(t)) => Value::Text(t.clone()),
    }
}
