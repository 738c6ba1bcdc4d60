//! 巡护文件 — the ledger of patrols and the figures of a month as tables, a patrol's tracks as GPX.

use std::io::Cursor;

use documents::{CellValue, ColumnSpec, Format, LedgerSheet, Shade};
use domain::ledger::Labels;
use domain::patrol::Patrol;
use domain::policy::Action;
use jiff::tz::TimeZone;
use spatial::diagnostic::Diagnostic;

use super::coverage::CoverageCount;
use super::judge::Bench;
use super::list::{PatrolQuery, PatrolRow, query_as_of};
use super::page::PatrolView;
use super::statistics::{PatrolStatisticsQuery, StationMonth};
use crate::atlas::Atlases;
use crate::error::Error;
use crate::figure_pages::MadeFile;
use crate::session::Session;

impl Session {
    /// 巡护台账 — the patrols of a query, all of them, as XLSX or CSV.
    pub fn patrols_file(
        &self,
        atlases: &Atlases,
        query: &PatrolQuery,
        format: &str,
    ) -> Result<MadeFile, Error> {
        self.may_read_lists(Action::ReadLedgers)?;
        let book = atlases
            .patrols()
            .read(&self.register, query_as_of(query)?)?;
        let bench = Bench::new(self, atlases.patrols(), &book)?;
        let rows = self.patrol_rows(&bench, query)?;
        let scope = self.scope_of_query(query.station.as_deref())?;
        let day = self.today().to_string();
        let sheet = self.patrol_ledger(&scope, &day);
        let cells: Vec<Vec<CellValue<'_>>> = (1..)
            .zip(&rows)
            .map(|(n, (row, patrol))| self.patrol_cells(n, row, patrol))
            .collect();
        self.made("stat.patrols.title", &scope, &day, &sheet, &cells, format)
    }

    /// 巡护统计表 — the figures of a month by stations, as XLSX or CSV.
    pub fn patrol_statistics_file(
        &self,
        atlases: &Atlases,
        query: &PatrolStatisticsQuery,
        format: &str,
    ) -> Result<MadeFile, Error> {
        let view = self.patrol_statistics(atlases, query)?;
        let sheet = self.statistics_ledger(&view.month);
        let cells: Vec<Vec<CellValue<'_>>> = view.rows.iter().map(statistics_cells).collect();
        let (title, scope) = ("stat.patrol_months.title", self.scope_of_query(None)?);
        self.made(title, &scope, &view.month, &sheet, &cells, format)
    }

    fn scope_of_query(&self, station: Option<&str>) -> Result<String, Error> {
        let all = || self.messages.text("patrol.all_stations", &[]);
        let station = station.map(|s| self.load_station_id(s)).transpose()?;
        Ok(station.map_or_else(all, |s| self.label("station", &s)))
    }

    fn made(
        &self,
        title: &str,
        scope: &str,
        day: &str,
        sheet: &LedgerSheet,
        rows: &[Vec<CellValue<'_>>],
        format: &str,
    ) -> Result<MadeFile, Error> {
        match format {
            "xlsx" => {
                let mut book = self.summary_book(title, day, Cursor::new(Vec::new()))?;
                book.ledger(sheet, rows).map_err(Error::internal)?;
                let made = book.finish().map_err(Error::internal)?;
                Ok(self.workbook(title, scope, day, made))
            }
            "csv" => {
                let bytes =
                    documents::csv::write(Vec::new(), sheet, rows).map_err(Error::internal)?;
                let name = self.messages.text(title, &[]);
                Ok(MadeFile {
                    name: format!("{name}-{scope}-{day}{}.csv", self.name_mark()),
                    format: "csv".to_owned(),
                    media_type: "text/csv; charset=utf-8",
                    bytes,
                })
            }
            other => {
                let fault = Diagnostic::error("query.format").arg("text", other);
                Err(Error::rejected(fault))
            }
        }
    }

    fn patrol_ledger(&self, scope: &str, day: &str) -> LedgerSheet {
        let column = |key: &'static str, width: f64| self.patrol_column(key, width);
        let number = |key: &'static str, format: Format| column(key, 9.0).format(format).summed();
        self.summary_sheet("patrols", scope, day)
            .column(column("index", 6.0).format(Format::Integer))
            .column(column("patrol_day", 12.0).format(Format::Date))
            .column(column("patrol_station", 12.0))
            .column(column("patrol_kind", 8.0))
            .column(column("patrol_route", 16.0))
            .column(column("patrol_leader", 14.0))
            .column(column("patrol_members", 18.0))
            .column(number("patrol_heads", Format::Integer))
            .column(column("patrol_modes", 12.0))
            .column(column("patrol_times", 14.0))
            .column(number("patrol_hours", Format::Decimal(1)))
            .column(number("patrol_km", Format::Decimal(1)))
            .column(column("patrol_heights", 14.0))
            .column(column("patrol_weather", 10.0))
            .column(column("patrol_tools", 16.0))
            .column(column("patrol_content", 30.0))
            .column(number("patrol_findings", Format::Integer))
            .column(column("patrol_clues", 20.0))
            .column(column("patrol_conclusion", 8.0))
            .column(column("patrol_fixes", 16.0))
            .column(column("patrol_plausibility", 12.0))
            .column(column("patrol_review", 10.0))
            .column(column("patrol_summary", 30.0))
            .keys(2)
            .totals(self.messages.text("word.total", &[]))
    }

    fn patrol_column(&self, key: &'static str, width: f64) -> ColumnSpec {
        let header = self.messages.text(&format!("column.{key}"), &[]);
        ColumnSpec::new(key, header).width(width).wrap(true)
    }

    fn patrol_cells<'a>(
        &self,
        number: i64,
        row: &'a PatrolRow,
        patrol: &'a Patrol,
    ) -> Vec<CellValue<'a>> {
        let body = &patrol.sheet.body;
        let members: Vec<&str> = body.members.iter().map(|m| m.post.as_str()).collect();
        let contents: Vec<String> = body.content_items.iter().map(content).collect();
        let clues: Vec<String> = body
            .findings
            .iter()
            .filter_map(|f| f.clue_id)
            .map(|id| id.to_string())
            .collect();
        let fixes: u64 = patrol.tracks.iter().map(|t| t.body.fixes_distinct).sum();
        let told = [
            ("fixes", fixes.to_string()),
            ("gap_min", row.gap_min.to_string()),
        ];
        let told: Vec<(&str, &str)> = told.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let track = match row.has_track {
            true => self.messages.text("patrol.fixes_and_gaps", &told),
            false => String::new(),
        };
        let plausibility = CellValue::text(row.plausibility_label.as_str());
        vec![
            CellValue::Integer(number),
            CellValue::Date(row.on),
            CellValue::text(row.station_label.as_str()),
            CellValue::text(row.kind_label.as_str()),
            CellValue::text(row.route_name.as_deref().unwrap_or_default()),
            CellValue::text(row.leader.as_str()),
            CellValue::text(members.join("、")),
            CellValue::Integer(row.head_count.into()),
            CellValue::text(row.modes_label.as_str()),
            CellValue::text(times(row)),
            CellValue::Number(row.hours),
            CellValue::Number((row.length_m / 10.0).round() / 100.0),
            CellValue::text(heights(patrol)),
            CellValue::text(body.weather.as_deref().unwrap_or_default()),
            CellValue::text(body.tools.join("、")),
            CellValue::text(contents.join("；")),
            CellValue::Integer(row.findings as i64),
            CellValue::text(clues.join("、")),
            CellValue::text(row.conclusion_label.as_str()),
            CellValue::text(track),
            match &*row.plausibility {
                "high" => plausibility.shaded(Shade::Red),
                "medium" => plausibility.shaded(Shade::Amber),
                _ => plausibility,
            },
            CellValue::text(row.review_label.as_str()),
            CellValue::text(row.summary.as_str()),
        ]
    }

    fn statistics_ledger(&self, month: &str) -> LedgerSheet {
        let scope = self.messages.text("patrol.all_stations", &[]);
        let number =
            |key: &'static str, format: Format| self.patrol_column(key, 10.0).format(format);
        let whole = |key: &'static str| number(key, Format::Integer);
        let share = |key: &'static str| number(key, Format::Decimal(1));
        self.summary_sheet("patrol_months", &scope, month)
            .column(self.patrol_column("patrol_station", 16.0))
            .column(whole("patrol_planned"))
            .column(whole("patrol_planned_done"))
            .column(whole("patrol_count"))
            .column(whole("patrol_before"))
            .column(self.patrol_column("patrol_kinds", 20.0))
            .column(self.patrol_column("patrol_modes", 20.0))
            .column(whole("patrol_people"))
            .column(share("patrol_km"))
            .column(share("patrol_km_before"))
            .column(share("patrol_hours"))
            .column(self.patrol_column("patrol_found", 24.0))
            .column(whole("patrol_clue_count"))
            .column(whole("patrol_clues_confirmed"))
            .column(whole("patrol_abnormal"))
            .column(whole("patrol_reviewed"))
            .column(whole("patrol_doubtful"))
            .column(whole("patrol_cells_passed"))
            .column(whole("patrol_cells_all"))
            .column(share("patrol_cells"))
            .column(share("patrol_routes_km"))
            .column(share("patrol_routes_all_km"))
            .column(share("patrol_routes"))
            .column(whole("patrol_unfinished_passed"))
            .column(whole("patrol_unfinished_all"))
            .column(share("patrol_unfinished"))
            .keys(1)
    }
}

fn statistics_cells(row: &StationMonth) -> Vec<CellValue<'_>> {
    let whole = |n: u64| CellValue::Integer(i64::try_from(n).unwrap_or(i64::MAX));
    let parts = |of: &std::collections::BTreeMap<String, u64>| {
        let told: Vec<String> = of.iter().map(|(name, n)| format!("{name} {n}")).collect();
        CellValue::text(told.join("，"))
    };
    let percent = |of: &CoverageCount| of.percent.map_or(CellValue::Empty, CellValue::Number);
    let km = |metres: f64| CellValue::Number((metres / 100.0).round() / 10.0);
    let count = |n: f64| CellValue::Integer(n as i64);
    vec![
        CellValue::text(row.station_label.as_str()),
        whole(row.planned.into()),
        whole(row.planned_done.into()),
        whole(row.patrols),
        whole(row.patrols_before),
        parts(&row.by_kind),
        parts(&row.by_mode),
        whole(row.person_times),
        CellValue::Number(row.km),
        CellValue::Number(row.km_before),
        CellValue::Number(row.hours),
        parts(&row.findings),
        whole(row.clues),
        whole(row.clues_confirmed),
        whole(row.abnormal),
        whole(row.reviewed),
        whole(row.doubtful),
        count(row.cells.visited),
        count(row.cells.total),
        percent(&row.cells),
        km(row.routes.visited),
        km(row.routes.total),
        percent(&row.routes),
        count(row.unfinished_sites.visited),
        count(row.unfinished_sites.total),
        percent(&row.unfinished_sites),
    ]
}

fn content(item: &domain::entries::ContentItem) -> String {
    match &item.result {
        Some(result) => format!("{}. {}：{result}", item.number, item.text),
        None => format!("{}. {}", item.number, item.text),
    }
}

/// As ledgers say it, in the time of the place.
fn times(row: &PatrolRow) -> String {
    let zone = TimeZone::fixed(jiff::tz::offset(8));
    let clock = |at: jiff::Timestamp| at.to_zoned(zone.clone()).strftime("%H:%M").to_string();
    format!("{}–{}", clock(row.started_at), clock(row.ended_at))
}

fn heights(patrol: &Patrol) -> String {
    let body = &patrol.sheet.body;
    let heights = [body.altitude_start_m, body.altitude_max_m];
    let told: Vec<String> = heights
        .into_iter()
        .flatten()
        .map(|m| format!("{m:.0}"))
        .collect();
    told.join(" / ")
}

/// The tracks as GPX 1.1: one `trk` a track, one `trkseg` a segment; gaps are no part of it.
pub(super) fn gpx(page: &PatrolView) -> String {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<gpx version=\"1.1\" creator=\"qingshan\" xmlns=\"http://www.topografix.com/GPX/1/1\">\n",
    );
    for track in &page.tracks {
        text.push_str(&format!("<trk><name>{}</name>\n", track.track_id));
        for segment in &track.segments {
            text.push_str("<trkseg>\n");
            for point in points(&segment.shape.0) {
                text.push_str(&format!(
                    "<trkpt lat=\"{}\" lon=\"{}\"/>\n",
                    point.y, point.x
                ));
            }
            text.push_str("</trkseg>\n");
        }
        text.push_str("</trk>\n");
    }
    text.push_str("</gpx>\n");
    text
}

fn points(geometry: &geo_types::Geometry<f64>) -> Vec<geo_types::Coord<f64>> {
    use geo::CoordsIter;
    geometry.coords_iter().collect()
}
