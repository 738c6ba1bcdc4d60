//! 一张图 — vector tiles of sites, clues, patches, zones, stations and routes, within what the actor may see.

use std::cmp::Reverse;
use std::collections::HashMap;

use domain::policy::{self, Action, Actor, Denied, Reach, Reason};
use spatial::diagnostic::Diagnostic;
use spatial::tiles::{
    EXTENT, GeometryKind, LayerWriter, Path, Pen, TileId, TileWriter, Value, Values, degrees,
};

use crate::atlas::{
    Atlas, ClueRow, Eyes, GroundLayer, SiteFilter, SiteQuery, SiteTable, is_in_tile, tile_bounds,
};
use crate::error::Error;
use crate::lists::ClueQuery;
use crate::viewer::Viewer;

/// 图层 — what can be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MapLayer {
    Sites,
    Clues,
    Patches,
    Zones,
    Stations,
    Routes,
}

impl MapLayer {
    /// All layers, in the order of the legend.
    pub const ALL: [Self; 6] = [
        Self::Zones,
        Self::Stations,
        Self::Routes,
        Self::Patches,
        Self::Clues,
        Self::Sites,
    ];

    /// The word in addresses.
    pub fn code(self) -> &'static str {
        match self {
            Self::Sites => "sites",
            Self::Clues => "clues",
            Self::Patches => "patches",
            Self::Zones => "zones",
            Self::Stations => "stations",
            Self::Routes => "routes",
        }
    }

    /// The layer of a word.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let known = Self::ALL.into_iter().find(|l| l.code() == text);
        known.ok_or_else(|| Error::NotFound {
            what: "map_layer",
            name: text.to_owned(),
        })
    }

    /// Names of the layers inside its tiles, with their attributes.
    pub fn tile_layers(self) -> &'static [(&'static str, &'static [&'static str])] {
        match self {
            Self::Sites => &[("sites", SITE_KEYS), ("site_points", SITE_KEYS)],
            Self::Clues => &[("clues", CLUE_KEYS)],
            Self::Patches => &[("patches", CLUE_KEYS)],
            Self::Zones => &[("zones", GROUND_KEYS)],
            Self::Stations => &[("stations", GROUND_KEYS)],
            Self::Routes => &[("routes", GROUND_KEYS)],
        }
    }

    /// Whether a post may see anything of it at all.
    pub fn check_seen_by(self, actor: &Actor) -> Result<(), Error> {
        let (role, action) = (actor.role, self.action());
        match policy::reach(role, action) {
            Reach::None => Err(Error::Forbidden(Denied {
                role,
                action,
                reason: Reason::RoleMayNot,
            })),
            _ => Ok(()),
        }
    }

    /// What must be allowed to see anything of it.
    pub fn action(self) -> Action {
        match self {
            Self::Clues | Self::Patches => Action::ReadClues,
            _ => Action::ReadLedgers,
        }
    }
}

const SITE_KEYS: &[&str] = &[
    "site_code",
    "name",
    "state",
    "station",
    "zone",
    "activity",
    "focal",
    "has_issue",
    "verdict",
    "severity",
    "count",
];
const CLUE_KEYS: &[&str] = &[
    "clue_id",
    "external_code",
    "name",
    "state",
    "source",
    "station",
    "site_code",
    "count",
];
const GROUND_KEYS: &[&str] = &["id", "name", "kind", "lon", "lat"];

/// From this zoom on outlines are drawn, and every site has its own point.
pub const FULL_ZOOM: u8 = 12;
/// Below it, of the sites in a square of so many units one point stands for all: 32 pixels, a sign with its number.
const THINNING_UNITS: i32 = 256;
/// Names are told from this zoom on.
const NAME_ZOOM: u8 = 13;
/// Source of the clues that are patches.
const PATCH_SOURCE: &str = "remote_sensing";

impl Viewer {
    /// One tile, not compressed; empty where nothing is to be seen.
    pub fn tile(
        &self,
        atlas: &Atlas,
        layer: MapLayer,
        tile: TileId,
        query: &SiteQuery,
    ) -> Result<Vec<u8>, Error> {
        self.may_read_lists(layer.action())?;
        let mut out = TileWriter::default();
        match layer {
            MapLayer::Sites => {
                let eyes = self.eyes(&atlas.sites);
                let filter = self.site_filter(query, &atlas.sites)?;
                draw_sites(&mut out, &atlas.sites, tile, &filter, &eyes);
            }
            MapLayer::Clues | MapLayer::Patches => {
                self.draw_clues(&mut out, atlas, layer, tile, query);
            }
            MapLayer::Zones => self.draw_ground(&mut out, layer, &atlas.ground.zones, tile),
            MapLayer::Stations => self.draw_ground(&mut out, layer, &atlas.ground.stations, tile),
            MapLayer::Routes => self.draw_ground(&mut out, layer, &atlas.ground.routes, tile),
        }
        Ok(out.finish())
    }

    fn draw_clues(
        &self,
        out: &mut TileWriter,
        atlas: &Atlas,
        layer: MapLayer,
        tile: TileId,
        query: &SiteQuery,
    ) {
        let wanted = ClueQuery {
            state: query.state.clone(),
            source: query.source.clone(),
            station: query.station.clone(),
            q: query.q.clone(),
            batch: None,
        };
        let bounds = tile_bounds(tile);
        let mut values = Values::new(CLUE_KEYS);
        let mut writer = LayerWriter::new(layer.code());
        let mut squares: HashMap<[i32; 2], usize> = HashMap::new();
        let mut points: Vec<(usize, &ClueRow, [i32; 2], i64)> = Vec::new();
        let mut pen = Pen::new(tile);
        for row in atlas.clues.find(bounds) {
            let clue = &atlas.clues.rows[row];
            let is_patch = clue.source_kind == PATCH_SOURCE;
            let is_outline = atlas.clues.shapes.kind(row) > GeometryKind::Points;
            let is_of_layer = (layer == MapLayer::Patches) == (is_patch && is_outline);
            if !is_of_layer || !self.wants_clue(clue, &wanted) || !self.sees_clue(clue) {
                continue;
            }
            if layer == MapLayer::Patches && tile.zoom >= FULL_ZOOM - 2 {
                if let Some(path) = atlas.clues.shapes.draw(row, &mut pen) {
                    let tags = clue_tags(&mut values, clue, tile, 1);
                    writer.feature(Some(row as u64 + 1), path, tags);
                }
                continue;
            }
            let Some(extent) = atlas.clues.shapes.extent(row) else {
                continue;
            };
            let local = tile.local(middle(extent));
            if !is_in_tile(local) {
                continue;
            }
            let square = local.map(|v| v.div_euclid(THINNING_UNITS));
            match squares.get(&square) {
                Some(&at) if tile.zoom < FULL_ZOOM => points[at].3 += 1,
                _ => {
                    squares.insert(square, points.len());
                    points.push((row, clue, local, 1));
                }
            }
        }
        for (row, clue, local, count) in points {
            let mut path = Path::new(GeometryKind::Points);
            path.points(&[local]);
            let tags = clue_tags(&mut values, clue, tile, count);
            writer.feature(Some(row as u64 + 1), &path, tags);
        }
        out.layer(&writer, &values);
    }

    fn draw_ground(
        &self,
        out: &mut TileWriter,
        layer: MapLayer,
        ground: &GroundLayer,
        tile: TileId,
    ) {
        let mut values = Values::new(GROUND_KEYS);
        let mut writer = LayerWriter::new(layer.code());
        let mut pen = Pen::new(tile);
        for (row, feature) in ground.features.iter().enumerate() {
            let station = feature.station_id.as_deref();
            // Zones belong to the reserve; territories and routes to a station.
            if layer != MapLayer::Zones && !self.sees(Action::ReadLedgers, station) {
                continue;
            }
            let Some(path) = ground.shapes.draw(row, &mut pen) else {
                continue;
            };
            let [lon, lat] = ground
                .shapes
                .extent(row)
                .map_or([0.0; 2], |e| degrees(middle(e)));
            let attributes = [
                (0, Value::Text(&feature.id)),
                (1, Value::Text(&feature.name)),
                (2, Value::Text(&feature.kind)),
                (3, Value::Real(lon)),
                (4, Value::Real(lat)),
            ];
            writer.feature(Some(row as u64 + 1), path, values.tags(attributes));
        }
        out.layer(&writer, &values);
    }
}

fn middle(extent: [i32; 4]) -> [i32; 2] {
    // Halves first: the sum of two positions may not fit.
    [extent[0] / 2 + extent[2] / 2, extent[1] / 2 + extent[3] / 2]
}

fn clue_tags<'v>(values: &'v mut Values, clue: &ClueRow, tile: TileId, count: i64) -> &'v [u8] {
    let id = clue.clue_id.to_string();
    let mut attributes = vec![
        (3, Value::Text(&clue.state)),
        (4, Value::Text(&clue.source_kind)),
        (7, Value::Integer(count)),
    ];
    let optional = [(5, &clue.station_id), (6, &clue.site_code)];
    for (at, text) in optional {
        attributes.extend(text.as_deref().map(|t| (at, Value::Text(t))));
    }
    if tile.zoom >= FULL_ZOOM - 2 {
        attributes.push((0, Value::Text(&id)));
        for (at, text) in [(1, &clue.external_code), (2, &clue.facility_name)] {
            attributes.extend(text.as_deref().map(|t| (at, Value::Text(t))));
        }
    }
    values.tags(attributes)
}

fn draw_sites(
    out: &mut TileWriter,
    table: &SiteTable,
    tile: TileId,
    filter: &SiteFilter,
    eyes: &Eyes,
) {
    let mut values = Values::new(SITE_KEYS);
    let mut points = LayerWriter::new("site_points");
    if tile.zoom < FULL_ZOOM {
        draw_thinned(&mut points, &mut values, table, tile, filter, eyes);
        out.layer(&points, &values);
        return;
    }
    let mut outlines = LayerWriter::new("sites");
    let bounds = tile_bounds(tile);
    let (mut pen, mut point) = (Pen::new(tile), Path::new(GeometryKind::Points));
    for row in table.in_box(bounds) {
        if !table.matches(row, filter, eyes) {
            continue;
        }
        let drawn = match table.is_outlined(row) {
            true => table.draw(row, &mut pen),
            false => None,
        };
        let local = table.place(row).map(|p| tile.local(p));
        let local = local.filter(|at| is_in_tile(*at));
        if drawn.is_none() && local.is_none() {
            continue;
        }
        let tags = site_tags(&mut values, table, row, tile, 1);
        if let Some(path) = drawn {
            outlines.feature(feature_id(row), path, tags);
        }
        if let Some(local) = local {
            point.restart(GeometryKind::Points);
            point.points(&[local]);
            points.feature(feature_id(row), &point, tags);
        }
    }
    out.layer(&outlines, &values);
    out.layer(&points, &values);
}

/// 一格 — the sites of a square that one point stands for.
#[derive(Clone, Copy, Default)]
struct Square {
    /// The gravest of them.
    row: u32,
    gravity: u8,
    count: u32,
    /// Sum of their places, in units of the tile.
    sum: [i64; 2],
}

/// From afar: one point a square in the midst of its sites, told as the gravest of them, with how many it stands for.
fn draw_thinned(
    points: &mut LayerWriter,
    values: &mut Values,
    table: &SiteTable,
    tile: TileId,
    filter: &SiteFilter,
    eyes: &Eyes,
) {
    const SIDE: usize = (EXTENT / THINNING_UNITS) as usize;
    let mut squares = vec![Square::default(); SIDE * SIDE];
    table.each_place(tile.bounds(0), |row, place| {
        let local = tile.local(place);
        if !is_in_tile(local) || !table.matches(row, filter, eyes) {
            return;
        }
        let [x, y] = local.map(|v| (v / THINNING_UNITS) as usize);
        let square = &mut squares[y * SIDE + x];
        let gravity = table.gravity(row);
        // Among equals the one that came first, in whatever order they are looked at.
        if square.count == 0 || (gravity, Reverse(row)) > (square.gravity, Reverse(square.row)) {
            (square.row, square.gravity) = (row, gravity);
        }
        square.count += 1;
        square.sum = [0, 1].map(|axis| square.sum[axis] + i64::from(local[axis]));
    });
    for square in squares.into_iter().filter(|s| s.count > 0) {
        let count = i64::from(square.count);
        let midst = square.sum.map(|sum| (sum / count) as i32);
        let mut path = Path::new(GeometryKind::Points);
        path.points(&[midst]);
        let tags = site_tags(values, table, square.row, tile, count);
        points.feature(feature_id(square.row), &path, tags);
    }
}

fn feature_id(row: u32) -> Option<u64> {
    Some(u64::from(row) + 1)
}

fn site_tags<'v>(
    values: &'v mut Values,
    table: &SiteTable,
    row: u32,
    tile: TileId,
    count: i64,
) -> &'v [u8] {
    let is_told = tile.zoom >= FULL_ZOOM || count == 1;
    let code = is_told.then(|| (0, Value::Own(table.site_code(row))));
    let name = Some(table.name(row)).filter(|n| tile.zoom >= NAME_ZOOM && !n.is_empty());
    let coded = table.numbers(row).into_iter().zip(table.dictionaries());
    let coded = (2..).zip(coded).filter(|(_, (number, _))| *number > 0);
    let coded = coded.map(|(at, (number, words))| (at, Value::Word(number, words.all())));
    let attributes = code
        .into_iter()
        .chain(name.map(|n| (1, Value::Own(n))))
        .chain(coded)
        .chain([(10, Value::Integer(count))]);
    values.tags(attributes)
}

/// The tile named by three numbers.
pub fn tile_id(zoom: u8, column: u32, row: u32) -> Result<TileId, Error> {
    TileId::new(zoom, column, row).ok_or_else(|| {
        let fault = Diagnostic::error("query.tile")
            .arg("zoom", zoom)
            .arg("column", column)
            .arg("row", row);
        Error::rejected(fault)
    })
}
