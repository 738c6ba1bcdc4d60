use std::path::Path;
use std::process::ExitCode;

use app::atlas::Atlases;
use app::{
    CoverageCount, CoverageQuery, Error, PatrolPlanRequest, PatrolProposalQuery, PatrolQuery,
    PatrolRow, PatrolStatisticsQuery, PlannedRoundView,
};

use super::Desk;
use crate::arguments::PatrolsCommand;

/// `qingshan patrols`: list, one of them, coverage, plans, figures of a month, the ledger as a file.
pub(super) fn run(desk: &Desk<'_>, command: &PatrolsCommand) -> Result<ExitCode, Error> {
    match command {
        PatrolsCommand::List {
            station,
            month,
            kind,
            plausibility,
            reviewed,
            limit,
        } => {
            let query = PatrolQuery {
                station: station.clone(),
                month: month.clone(),
                kind: kind.clone(),
                plausibility: plausibility.clone(),
                reviewed: reviewed.clone(),
                limit: Some(*limit),
                ..PatrolQuery::default()
            };
            list(desk, &query)
        }
        PatrolsCommand::Show { patrol } => show(desk, patrol),
        PatrolsCommand::Coverage {
            station,
            month,
            from,
            to,
            days,
            reviewed_only,
        } => {
            let query = CoverageQuery {
                station: station.clone(),
                month: month.clone(),
                from: *from,
                to: *to,
                days: *days,
                reviewed_only: reviewed_only.then(|| "yes".to_owned()),
                ..CoverageQuery::default()
            };
            coverage(desk, &query)
        }
        PatrolsCommand::Plan {
            station,
            month,
            adopt: Some(file),
            ..
        } => adopt(desk, station, month, file),
        PatrolsCommand::Plan {
            station,
            month,
            propose,
            ..
        } => plan(desk, station, month, *propose),
        PatrolsCommand::Stats { month } => stats(desk, month.clone()),
        PatrolsCommand::File {
            out,
            station,
            month,
        } => {
            let query = PatrolQuery {
                station: station.clone(),
                month: month.clone(),
                ..PatrolQuery::default()
            };
            file(desk, out, &query)
        }
    }
}

fn km(metres: f64) -> String {
    format!("{:.1}", metres / 1000.0)
}

fn list(desk: &Desk<'_>, query: &PatrolQuery) -> Result<ExitCode, Error> {
    let session = desk.session()?;
    let list = session.list_patrols(&Atlases::default(), query)?;
    let output = desk.output;
    output.value(&list);
    let headers = [
        "patrol_id",
        "patrol_day",
        "patrol_station",
        "patrol_kind",
        "patrol_km",
        "patrol_hours",
        "patrol_findings",
        "patrol_plausibility",
        "patrol_review",
        "patrol_summary",
    ]
    .map(|h| output.text(&format!("column.{h}"), &[]));
    let rows: Vec<Vec<String>> = list.items.iter().map(cells).collect();
    output.table(&headers, &rows);
    let totals = &list.totals;
    let told = [
        ("total", list.total.to_string()),
        ("km", km(totals.length_m)),
        ("hours", format!("{:.1}", totals.hours)),
        ("unreviewed", totals.unreviewed.to_string()),
        ("doubtful", totals.doubtful.to_string()),
    ];
    let told: Vec<(&str, &str)> = told.iter().map(|(n, v)| (*n, v.as_str())).collect();
    output.say("patrol.listed", &told);
    Ok(ExitCode::SUCCESS)
}

fn cells(row: &PatrolRow) -> Vec<String> {
    vec![
        row.patrol_id.to_string(),
        row.on.to_string(),
        row.station_label.clone(),
        row.kind_label.clone(),
        km(row.length_m),
        format!("{:.1}", row.hours),
        row.findings.to_string(),
        row.plausibility_label.clone(),
        row.review_label.clone(),
        row.summary.clone(),
    ]
}

fn show(desk: &Desk<'_>, patrol: &str) -> Result<ExitCode, Error> {
    let session = desk.session()?;
    let page = session.patrol_page(&Atlases::default(), patrol)?;
    let output = desk.output;
    output.value(&page);
    let row = &page.row;
    let (on, km_told, hours) = (row.on.to_string(), km(row.length_m), row.hours.to_string());
    let line = [
        ("on", on.as_str()),
        ("station", &row.station_label),
        ("kind", &row.kind_label),
        ("summary", &row.summary),
        ("km", &km_told),
        ("hours", &hours),
        ("plausibility", &row.plausibility_label),
        ("review", &row.review_label),
    ];
    output.say("patrol.shown", &line);
    for doubt in &page.plausibility {
        let told = [
            ("grade", doubt.grade_label.as_str()),
            ("text", doubt.text.as_str()),
        ];
        output.say("patrol.doubt_line", &told);
    }
    for track in &page.tracks {
        let told = [
            ("track", track.track_id.to_string()),
            ("read", track.fixes_read.to_string()),
            ("distinct", track.fixes_distinct.to_string()),
            ("refused", track.fixes_refused.to_string()),
            ("segments", track.segments.len().to_string()),
            ("gaps", track.gaps.len().to_string()),
            ("minutes", (track.gap_s / 60).to_string()),
        ];
        let told: Vec<(&str, &str)> = told.iter().map(|(n, v)| (*n, v.as_str())).collect();
        output.say("patrol.track", &told);
    }
    Ok(ExitCode::SUCCESS)
}

fn share(count: &CoverageCount) -> String {
    count
        .percent
        .map_or_else(|| "—".to_owned(), |p| format!("{p:.1}"))
}

fn coverage(desk: &Desk<'_>, query: &CoverageQuery) -> Result<ExitCode, Error> {
    let session = desk.session()?;
    let view = session.patrol_coverage(&Atlases::default(), query)?;
    let output = desk.output;
    output.value(&view);
    let of = |c: &CoverageCount| format!("{:.0}/{:.0}", c.visited, c.total);
    let told = [
        ("from", view.from.to_string()),
        ("to", view.to.to_string()),
        ("patrols", view.patrols.to_string()),
        ("cell", format!("{:.0}", view.cell_m)),
        ("visited", format!("{:.0}", view.cells.visited)),
        ("total", format!("{:.0}", view.cells.total)),
        ("percent", share(&view.cells)),
        ("sites", of(&view.sites)),
        ("unfinished", of(&view.unfinished_sites)),
        ("routes", format!("{} %", share(&view.routes))),
    ];
    let told: Vec<(&str, &str)> = told.iter().map(|(n, v)| (*n, v.as_str())).collect();
    output.say("patrol.covered", &told);
    for zone in &view.zone_list {
        let told = [
            ("zone", zone.name.clone()),
            ("km", km(zone.metres)),
            ("percent", zone.percent.to_string()),
        ];
        let told: Vec<(&str, &str)> = told.iter().map(|(n, v)| (*n, v.as_str())).collect();
        output.say("patrol.zone", &told);
    }
    Ok(ExitCode::SUCCESS)
}

fn plan(desk: &Desk<'_>, station: &str, month: &str, propose: bool) -> Result<ExitCode, Error> {
    let session = desk.session()?;
    let atlases = Atlases::default();
    let output = desk.output;
    let view = session.patrol_plan(&atlases, station, month)?;
    if !propose && view.version > 0 {
        output.value(&view);
        rounds(desk, &view.rounds);
        let told = [
            ("station", view.station_label),
            ("month", view.month),
            ("planned", view.planned.to_string()),
            ("done", view.done.to_string()),
            ("unplanned", view.unplanned.to_string()),
            ("days", view.unfinished_days.to_string()),
            ("visited", format!("{:.0}", view.unfinished.visited)),
            ("total", format!("{:.0}", view.unfinished.total)),
        ];
        say(desk, "patrol.planned", &told);
        return Ok(ExitCode::SUCCESS);
    }
    let query = PatrolProposalQuery {
        station: station.to_owned(),
        month: month.to_owned(),
    };
    let proposal = session.propose_patrol_plan(&atlases, &query)?;
    output.value(&proposal);
    if view.version == 0 {
        let told = [("station", view.station_label), ("month", view.month)];
        say(desk, "patrol.no_plan", &told);
    }
    rounds(desk, &proposal.rounds);
    let told = [
        ("rounds", proposal.rounds.len().to_string()),
        ("unfinished", proposal.unfinished.to_string()),
        ("off", proposal.off_route.len().to_string()),
        ("placeless", proposal.without_position.len().to_string()),
    ];
    say(desk, "patrol.proposed", &told);
    for off in proposal.off_route {
        let told = [
            ("name", off.key_point.name),
            ("site", off.key_point.site_code.unwrap_or_default()),
            ("text", off.text),
        ];
        say(desk, "patrol.off_route_line", &told);
    }
    Ok(ExitCode::SUCCESS)
}

fn say<const N: usize>(desk: &Desk<'_>, code: &str, args: &[(&str, String); N]) {
    let told: Vec<(&str, &str)> = args.iter().map(|(n, v)| (*n, v.as_str())).collect();
    desk.output.say(code, &told);
}

fn rounds(desk: &Desk<'_>, rounds: &[PlannedRoundView]) {
    let output = desk.output;
    let headers = [
        "patrol_route",
        "patrol_kind",
        "patrol_planned",
        "patrol_done",
        "patrol_points",
    ]
    .map(|h| output.text(&format!("column.{h}"), &[]));
    let rows = rounds.iter().map(|r| {
        let points: Vec<&str> = r.key_points.iter().map(|p| p.name.as_str()).collect();
        vec![
            r.route_name
                .clone()
                .or_else(|| r.route_id.clone())
                .unwrap_or_else(|| "—".to_owned()),
            r.kind_label.clone(),
            r.times.to_string(),
            r.done.to_string(),
            points.join("、"),
        ]
    });
    output.table(&headers, &rows.collect::<Vec<_>>());
}

fn adopt(desk: &Desk<'_>, station: &str, month: &str, file: &Path) -> Result<ExitCode, Error> {
    let path = file.display().to_string();
    let text = std::fs::read(file).map_err(|source| Error::Read {
        path: path.clone(),
        source,
    })?;
    let request = PatrolPlanRequest::from_file(&path, &text)?;
    let mut session = desk.session()?;
    let receipt = session.adopt_patrol_plan(station, month, &request)?;
    desk.output.value(&receipt);
    let times: u32 = request.rounds.iter().map(|r| r.times).sum();
    let told = [
        ("station", station.to_owned()),
        ("month", month.to_owned()),
        ("rounds", request.rounds.len().to_string()),
        ("times", times.to_string()),
    ];
    say(desk, "patrol.plan_adopted", &told);
    Ok(ExitCode::SUCCESS)
}

/// The ledger of patrols as a file; its ending says which kind.
fn file(desk: &Desk<'_>, out: &Path, query: &PatrolQuery) -> Result<ExitCode, Error> {
    let session = desk.session()?;
    let format = out.extension().and_then(|e| e.to_str()).unwrap_or("xlsx");
    let made = session.patrols_file(&Atlases::default(), query, format)?;
    let path = out.display().to_string();
    std::fs::write(out, &made.bytes).map_err(|source| Error::Read {
        path: path.clone(),
        source,
    })?;
    desk.output.say("patrol.written", &[("path", &path)]);
    Ok(ExitCode::SUCCESS)
}

fn stats(desk: &Desk<'_>, month: Option<String>) -> Result<ExitCode, Error> {
    let session = desk.session()?;
    let query = PatrolStatisticsQuery { month };
    let view = session.patrol_statistics(&Atlases::default(), &query)?;
    let output = desk.output;
    output.value(&view);
    let headers = [
        "patrol_station",
        "patrol_count",
        "patrol_before",
        "patrol_people",
        "patrol_km",
        "patrol_hours",
        "patrol_cells",
        "patrol_routes",
        "patrol_unfinished",
        "patrol_doubtful",
    ]
    .map(|h| output.text(&format!("column.{h}"), &[]));
    let rows = view.rows.iter().map(|r| {
        vec![
            r.station_label.clone(),
            r.patrols.to_string(),
            r.patrols_before.to_string(),
            r.person_times.to_string(),
            format!("{:.1}", r.km),
            format!("{:.1}", r.hours),
            share(&r.cells),
            share(&r.routes),
            share(&r.unfinished_sites),
            r.doubtful.to_string(),
        ]
    });
    output.table(&headers, &rows.collect::<Vec<_>>());
    Ok(ExitCode::SUCCESS)
}
