//! 推演报告 — what would change, as a workbook and as a map layer.

use std::io::{Seek, Write};
use std::path::Path;

use documents::{CellValue, ColumnSpec, Format as CellFormat, Shade, Workbook, WorkbookProperties};
use domain::ledger::Labels;
use geo_types::Geometry;
use jiff::Timestamp;
use spatial::feature::{Attributes, DeclaredCrs, Feature, Format, Layer, Value};

use crate::convert::write_layers;
use crate::error::Error;
use crate::session::Session;
use crate::what_if::{BoundaryChange, Changed, WhatIf};

impl Session {
    /// Both sides in words: day, rule set, boundary version.
    pub fn what_if_sides(&self, result: &WhatIf) -> [String; 2] {
        [&result.before, &result.after].map(|world| {
            let version = &world.tables_version[..world.tables_version.len().min(12)];
            self.messages.text(
                "what_if.side",
                &[
                    ("as_of", &world.as_of.to_string()),
                    ("tables", version),
                    ("boundary", world.boundary_version.as_deref().unwrap_or("—")),
                ],
            )
        })
    }

    /// Why a site would be judged otherwise, in words.
    pub fn change_reasons(&self, changed: &Changed) -> String {
        let texts: Vec<String> = changed
            .reasons
            .iter()
            .map(|r| self.messages.diagnostic(r).0)
            .collect();
        texts.join(&self.messages.text("judge.semicolon", &[]))
    }

    /// Every changed site with both results and the reasons; with boundaries also the areas.
    pub fn what_if_xlsx<W: Write + Seek>(
        &self,
        result: &WhatIf,
        scope: &str,
        sink: W,
    ) -> Result<W, Error> {
        let [before, after] = self.what_if_sides(result);
        let as_of = result.after.as_of;
        let mut sheet = self
            .judgement_sheet("what_if", scope, as_of)
            .subtitle([before.clone(), after.clone()])
            .keys(3);
        let plain = [
            ("index", 6.0),
            ("site", 20.0),
            ("facility_name", 22.0),
            ("station", 12.0),
        ];
        for (code, width) in plain {
            let spec = ColumnSpec::new(code, self.heading(code)).width(width);
            sheet = sheet.column(match code {
                "index" => spec.format(CellFormat::Integer),
                _ => spec,
            });
        }
        for (group, side) in [("what_if.before", "before"), ("what_if.after", "after")] {
            let group = self.messages.text(group, &[]);
            for (code, width) in [
                ("zone", 10.0),
                ("verdict", 12.0),
                ("severity", 12.0),
                ("focal", 14.0),
                ("row", 9.0),
            ] {
                sheet = sheet.column(
                    ColumnSpec::new(format!("{side}_{code}"), self.heading(code))
                        .group(&group)
                        .width(width),
                );
            }
        }
        sheet = sheet.column(ColumnSpec::new("reasons", self.heading("reasons")).width(60.0));
        if let Some(boundary) = &result.boundary {
            for line in self.boundary_lines(boundary) {
                sheet = sheet.note(line);
            }
        }
        let rows: Vec<Vec<CellValue<'_>>> = (1..)
            .zip(&result.changed)
            .map(|(n, c)| self.changed_row(n, c))
            .collect();
        let properties = WorkbookProperties::new(&sheet.title, as_of.at(0, 0, 0, 0));
        let mut book = Workbook::new(sink, self.marked(properties)).map_err(Error::internal)?;
        book.ledger(&sheet, &rows).map_err(Error::internal)?;
        book.finish().map_err(Error::internal)
    }

    fn changed_row(&self, number: i64, changed: &Changed) -> Vec<CellValue<'_>> {
        let mut row = vec![
            CellValue::Integer(number),
            CellValue::text(changed.site_code.clone()),
            CellValue::text(changed.facility_name.clone().unwrap_or_default()),
            CellValue::text(
                changed
                    .station_id
                    .as_deref()
                    .map_or(String::new(), |s| self.label("station", s)),
            ),
        ];
        for side in [&changed.before, &changed.after] {
            let verdict = CellValue::text(self.judged_label("verdict", &side.verdict));
            let severity = side.severity.as_deref();
            row.extend([
                CellValue::text(self.zone_label(&side.zone)),
                match changed.is_legalised {
                    true => verdict.shaded(Shade::Amber),
                    false => verdict,
                },
                CellValue::text(
                    severity.map_or(String::new(), |s| self.judged_label("severity", s)),
                ),
                CellValue::text(self.judged_label("focus", &side.focus)),
                CellValue::text(side.row.clone()),
            ]);
        }
        row.push(CellValue::text(self.change_reasons(changed)));
        row
    }

    /// What a boundary change comes to, in lines: areas, sites that leave, enter, change zone, are no problem any more.
    pub fn boundary_lines(&self, boundary: &BoundaryChange) -> Vec<String> {
        let ha = |m2: f64| format!("{:.2}", m2 / 10_000.0);
        let areas = self.messages.text(
            "what_if.areas",
            &[
                ("before", &ha(boundary.before_area_m2)),
                ("after", &ha(boundary.after_area_m2)),
                ("leaving", &ha(boundary.leaving_area_m2)),
                ("entering", &ha(boundary.entering_area_m2)),
            ],
        );
        let sites = |code: &str, codes: &[String]| {
            let (count, list) = (codes.len().to_string(), codes.join("、"));
            self.messages
                .text(code, &[("count", &count), ("sites", &list)])
        };
        vec![
            areas,
            sites("what_if.leaving", &boundary.leaving_sites),
            sites("what_if.entering", &boundary.entering_sites),
            sites("what_if.rezoned", &boundary.rezoned_sites),
            sites("what_if.legalised", &boundary.legalised_sites),
        ]
    }

    /// Changed sites, and the ground that leaves or enters, as a layer; format by the file's extension.
    pub fn what_if_layer(&self, result: &WhatIf, path: &Path, now: Timestamp) -> Result<(), Error> {
        let mut layer = Layer::new("what_if", DeclaredCrs::Epsg(4490), Format::GeoJson);
        let mut push = |kind: &str, geometry: Option<Geometry<f64>>, attributes: Attributes| {
            let mut feature = Feature::new(layer.features.len() as u64 + 1);
            feature.geometry = geometry;
            feature.attributes = attributes;
            let kind = Value::Text(self.messages.text(&format!("what_if.kind.{kind}"), &[]));
            feature.attributes.insert("kind".to_owned(), kind);
            layer.features.push(feature);
        };
        if let Some(boundary) = &result.boundary {
            for (kind, ground, area) in [
                ("leaving", &boundary.leaving, boundary.leaving_area_m2),
                ("entering", &boundary.entering, boundary.entering_area_m2),
            ] {
                if !ground.0.is_empty() {
                    let area = ("area_m2".to_owned(), Value::Real(area));
                    let geometry = Geometry::MultiPolygon(ground.clone());
                    push(kind, Some(geometry), Attributes::from_iter([area]));
                }
            }
        }
        for changed in &result.changed {
            push(
                "site",
                changed.geometry.clone(),
                self.changed_attributes(changed),
            );
        }
        write_layers(path, &[layer], now)
    }

    fn changed_attributes(&self, changed: &Changed) -> Attributes {
        let text = |t: String| Value::Text(t);
        let verdict = |v: &str| text(self.judged_label("verdict", v));
        Attributes::from_iter([
            ("site_code".to_owned(), text(changed.site_code.clone())),
            (
                "facility_name".to_owned(),
                text(changed.facility_name.clone().unwrap_or_default()),
            ),
            (
                "zone_before".to_owned(),
                text(self.zone_label(&changed.before.zone)),
            ),
            (
                "zone_after".to_owned(),
                text(self.zone_label(&changed.after.zone)),
            ),
            (
                "verdict_before".to_owned(),
                verdict(&changed.before.verdict),
            ),
            ("verdict_after".to_owned(), verdict(&changed.after.verdict)),
            ("reasons".to_owned(), text(self.change_reasons(changed))),
        ])
    }
}
