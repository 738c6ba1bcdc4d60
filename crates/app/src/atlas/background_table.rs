//! 底图图层表 — the drawn features of background layers in memory, read once from their files and kept while they hold.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use register::{Background, Register};
use spatial::bounds::Limits;
use spatial::feature::Feature;
use spatial::formats;
use spatial::tiles::{
    GeometryKind, LayerWriter, Path, Pen, Shapes, TileId, TileWriter, Value, Values, mercator,
};

use super::grid::{self, Grid};
use crate::error::Error;

/// Names of the layers inside the tiles, with their one attribute.
pub const TILE_LAYERS: [&str; 2] = ["background", "background_labels"];
const KEYS: &[&str] = &["label"];

/// 底图图层表 — features of one layer with their labels.
#[derive(Debug, Default)]
pub struct BackgroundTable {
    shapes: Shapes,
    labels: Vec<Option<Box<str>>>,
    /// Where the name of an area stands, once for the whole of it.
    marks: Vec<Option<[i32; 2]>>,
    grid: Grid,
}

impl BackgroundTable {
    /// The features of a drawn file.
    pub fn read(drawn: &[u8]) -> Result<Self, Error> {
        let (layers, _) = formats::read_bytes("drawn.geojson", drawn, &Limits::default())
            .map_err(|e| Error::rejected(e.to_diagnostic()))?;
        let mut table = Self::default();
        for feature in layers.into_iter().flat_map(|l| l.features) {
            table.add(&feature);
        }
        Ok(table)
    }

    fn add(&mut self, feature: &Feature) {
        let row = self.labels.len();
        self.shapes.set(row, feature.geometry.as_ref());
        let label = feature.attributes.get("label").map(ToString::to_string);
        let is_named_area = label.is_some() && self.shapes.kind(row) == GeometryKind::Polygons;
        let mark = feature.geometry.as_ref().filter(|_| is_named_area);
        let mark = mark.and_then(crate::geography::representative);
        self.marks.push(mark.map(|p| mercator(p.x(), p.y())));
        self.labels.push(label.map(String::into_boxed_str));
        if let Some(extent) = self.shapes.extent(row) {
            self.grid.enter(row as u32, extent);
        }
    }

    /// One tile, not compressed; empty where nothing lies.
    pub fn tile(&self, tile: TileId) -> Vec<u8> {
        let bounds = grid::bounds(tile);
        let [name, marks_name] = TILE_LAYERS;
        let mut values = Values::new(KEYS);
        let mut features = LayerWriter::new(name);
        let mut marks = LayerWriter::new(marks_name);
        let mut pen = Pen::new(tile);
        for row in self.grid.find(bounds) {
            let at = row as usize;
            let is_near = self
                .shapes
                .extent(at)
                .is_some_and(|e| grid::touch(e, bounds));
            if !is_near {
                continue;
            }
            let label = self.labels[at].as_deref().map(|l| (0, Value::Text(l)));
            let tags = values.tags(label);
            let id = Some(u64::from(row) + 1);
            if let Some(path) = self.shapes.draw(at, &mut pen) {
                features.feature(id, path, tags);
            }
            let mark = self.marks[at].map(|m| tile.local(m));
            if let Some(mark) = mark.filter(|m| super::is_in_tile(*m)) {
                let mut path = Path::new(GeometryKind::Points);
                path.points(&[mark]);
                marks.feature(id, &path, tags);
            }
        }
        let mut out = TileWriter::default();
        for layer in [features, marks] {
            out.layer(&layer, &values);
        }
        out.finish()
    }
}

/// 底图图层架 — tables by what they draw; those that are drawn no more are dropped.
#[derive(Default)]
pub struct BackgroundShelf(Mutex<BTreeMap<String, Arc<BackgroundTable>>>);

impl BackgroundShelf {
    /// The table of a layer that stands, read from its file the first time.
    pub fn table(
        &self,
        register: &Register,
        standing: &[Background],
        drawn_sha256: &str,
    ) -> Result<Arc<BackgroundTable>, Error> {
        // Held while a file is read: who asks for the same meanwhile waits instead of reading it too.
        let mut tables = self.0.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(table) = tables.get(drawn_sha256) {
            return Ok(Arc::clone(table));
        }
        let mut drawn = Vec::new();
        let mut file = register.open_blob(drawn_sha256)?;
        std::io::Read::read_to_end(&mut file, &mut drawn).map_err(Error::internal)?;
        let table = Arc::new(BackgroundTable::read(&drawn)?);
        let holds = |sha: &String| standing.iter().any(|b| b.adopted.body.drawn_sha256 == *sha);
        tables.retain(|sha, _| holds(sha));
        tables.insert(drawn_sha256.to_owned(), Arc::clone(&table));
        Ok(table)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    const DRAWN: &str = r#"{"type":"FeatureCollection","features":[
        {"type":"Feature","properties":{"label":"甲县"},"geometry":{"type":"Polygon","coordinates":[[[106,35],[107,35],[107,36],[106,36],[106,35]]]}},
        {"type":"Feature","properties":{},"geometry":{"type":"LineString","coordinates":[[106.4,35.5],[106.5,35.5]]}}]}"#;

    #[test]
    fn a_named_area_is_marked_in_one_tile_and_drawn_in_all_it_touches() {
        let table = BackgroundTable::read(DRAWN.as_bytes()).unwrap();
        let mark = table.marks[0].unwrap();
        assert_eq!(table.marks[1], None);
        let zoom = 10;
        let corner = |lon, lat| TileId::of(mercator(lon, lat), zoom);
        let (first, last) = (corner(106.0, 36.0), corner(107.0, 35.0));
        let mut with_mark = 0;
        for column in first.column..=last.column {
            for row in first.row..=last.row {
                let tile = TileId::new(zoom, column, row).unwrap();
                let text = String::from_utf8_lossy(&table.tile(tile)).into_owned();
                with_mark += usize::from(text.contains("background_labels"));
                assert_eq!(
                    text.contains("background_labels"),
                    TileId::of(mark, zoom) == tile
                );
            }
        }
        assert_eq!(with_mark, 1);
        let far = TileId::of(mercator(110.0, 30.0), zoom);
        assert!(table.tile(far).is_empty());
    }
}
