use geo_types::{Coord, Geometry, LineString, Polygon};
use serde::ser::{SerializeMap, SerializeTuple};
use serde::{Serialize, Serializer};

/// A geometry as a GeoJSON object, written straight from its coordinates: all digits, rings turned as they are.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    pub geometry: &'a Geometry<f64>,
    /// Latitude before longitude, for reference systems that name it first.
    pub is_latitude_first: bool,
}

impl Serialize for Told<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let is_first = self.is_latitude_first;
        let position = |c: &Coord<f64>| Position(*c, is_first);
        match self.geometry {
            Geometry::Point(p) => object(serializer, "Point", &position(&p.0)),
            Geometry::Line(l) => {
                let ends = [position(&l.start), position(&l.end)];
                object(serializer, "LineString", &ends)
            }
            Geometry::LineString(l) => object(serializer, "LineString", &Line(l, is_first)),
            Geometry::Polygon(p) => object(serializer, "Polygon", &Rings(p, is_first)),
            Geometry::Rect(r) => object(serializer, "Polygon", &Rings(&r.to_polygon(), is_first)),
            Geometry::Triangle(t) => {
                object(serializer, "Polygon", &Rings(&t.to_polygon(), is_first))
            }
            Geometry::MultiPoint(m) => {
                let points = All(|| m.iter().map(|p| position(&p.0)));
                object(serializer, "MultiPoint", &points)
            }
            Geometry::MultiLineString(m) => {
                let lines = All(|| m.iter().map(|l| Line(l, is_first)));
                object(serializer, "MultiLineString", &lines)
            }
            Geometry::MultiPolygon(m) => {
                let polygons = All(|| m.iter().map(|p| Rings(p, is_first)));
                object(serializer, "MultiPolygon", &polygons)
            }
            Geometry::GeometryCollection(m) => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("type", "GeometryCollection")?;
                let parts = All(|| {
                    m.iter().map(|geometry| Told {
                        geometry,
                        is_latitude_first: is_first,
                    })
                });
                map.serialize_entry("geometries", &parts)?;
                map.end()
            }
        }
    }
}

fn object<S: Serializer>(
    serializer: S,
    kind: &str,
    coordinates: &impl Serialize,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(2))?;
    map.serialize_entry("type", kind)?;
    map.serialize_entry("coordinates", coordinates)?;
    map.end()
}

struct Position(Coord<f64>, bool);

impl Serialize for Position {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Coord { x, y } = self.0;
        let [first, second] = if self.1 { [y, x] } else { [x, y] };
        let mut pair = serializer.serialize_tuple(2)?;
        pair.serialize_element(&first)?;
        pair.serialize_element(&second)?;
        pair.end()
    }
}

/// What an iterator gives, as a list.
struct All<F>(F);

impl<T: Serialize, I: Iterator<Item = T>, F: Fn() -> I> Serialize for All<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

struct Line<'a>(&'a LineString<f64>, bool);

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.coords().map(|c| Position(*c, self.1)))
    }
}

struct Rings<'a>(&'a Polygon<f64>, bool);

impl Serialize for Rings<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rings = std::iter::once(self.0.exterior()).chain(self.0.interiors());
        serializer.collect_seq(rings.map(|ring| Line(ring, self.1)))
    }
}

#[cfg(test)]
mod tests {
    use geo_types::{Point, polygon};
    use serde_json::json;

    use super::*;

    fn told(geometry: &Geometry<f64>, is_latitude_first: bool) -> serde_json::Value {
        let told = Told {
            geometry,
            is_latitude_first,
        };
        serde_json::to_value(told).unwrap_or_default()
    }

    #[test]
    fn every_kind_is_told_with_its_coordinates() {
        let square = polygon!(
            exterior: [(x: 0., y: 0.), (x: 9., y: 0.), (x: 9., y: 9.), (x: 0., y: 0.)],
            interiors: [[(x: 5., y: 1.), (x: 8., y: 1.), (x: 8., y: 2.), (x: 5., y: 1.)]],
        );
        let rings = json!([
            [[0.0, 0.0], [9.0, 0.0], [9.0, 9.0], [0.0, 0.0]],
            [[5.0, 1.0], [8.0, 1.0], [8.0, 2.0], [5.0, 1.0]]
        ]);
        let point = Geometry::Point(Point::new(106.5, 35.5));
        let many = Geometry::MultiPolygon(vec![square.clone()].into());
        let both = Geometry::GeometryCollection(vec![point.clone(), square.into()].into());
        assert_eq!(
            told(&point, false),
            json!({ "type": "Point", "coordinates": [106.5, 35.5] })
        );
        assert_eq!(
            told(&many, false),
            json!({ "type": "MultiPolygon", "coordinates": [rings] })
        );
        assert_eq!(
            told(&both, false),
            json!({ "type": "GeometryCollection", "geometries": [
                { "type": "Point", "coordinates": [106.5, 35.5] },
                { "type": "Polygon", "coordinates": rings }
            ] })
        );
    }

    #[test]
    fn latitude_stands_first_at_any_depth() {
        let line = Geometry::LineString(vec![(106.5, 35.5), (106.6, 35.5)].into());
        let lines = Geometry::MultiLineString(
            vec![LineString::from(vec![(106.5, 35.5), (106.6, 35.5)])]
                .into_iter()
                .collect(),
        );
        let swapped = json!([[35.5, 106.5], [35.5, 106.6]]);
        assert_eq!(told(&line, true)["coordinates"], swapped);
        assert_eq!(told(&lines, true)["coordinates"], json!([swapped]));
    }
}
