//! What we write, we read back the same.

use geo_types::{
    Coord, Geometry, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon,
};
use proptest::prelude::*;
use spatial::bounds::Limits;
use spatial::feature::{Attributes, DeclaredCrs, Feature, Format, Layer, Value};
use spatial::formats::{Reading, decode_gpb, encode_gpb, write_geojson, write_kml};

use crate::made::read;

/// Nine decimals survive writing exactly.
fn coord() -> impl Strategy<Value = Coord<f64>> {
    let degree = |most: i64| {
        (-most * 1_000_000_000..=most * 1_000_000_000).prop_map(|nano| nano as f64 / 1e9)
    };
    (degree(180), degree(90))
        .prop_filter("no fix", |(x, y)| (*x, *y) != (0.0, 0.0))
        .prop_map(|(x, y)| Coord { x, y })
}

fn line() -> impl Strategy<Value = LineString<f64>> {
    prop::collection::vec(coord(), 2..8).prop_map(LineString::new)
}

/// A counter-clockwise square, with a clockwise hole or without.
fn polygon() -> impl Strategy<Value = Polygon<f64>> {
    (-170_i32..170, -80_i32..80, any::<bool>()).prop_map(|(x, y, has_hole)| {
        let (x, y) = (f64::from(x), f64::from(y));
        let shell = vec![
            (x, y),
            (x + 4.0, y),
            (x + 4.0, y + 4.0),
            (x, y + 4.0),
            (x, y),
        ];
        let hole = vec![
            (x + 1.0, y + 1.0),
            (x + 1.0, y + 2.0),
            (x + 2.0, y + 2.0),
            (x + 1.0, y + 1.0),
        ];
        Polygon::new(
            shell.into(),
            if has_hole { vec![hole.into()] } else { vec![] },
        )
    })
}

fn geometry() -> impl Strategy<Value = Geometry<f64>> {
    prop_oneof![
        coord().prop_map(|coord| Point(coord).into()),
        line().prop_map(Geometry::LineString),
        polygon().prop_map(Geometry::Polygon),
        prop::collection::vec(coord().prop_map(Point), 2..5)
            .prop_map(|points| MultiPoint(points).into()),
        prop::collection::vec(line(), 2..4).prop_map(|lines| MultiLineString(lines).into()),
        prop::collection::vec(polygon(), 2..4).prop_map(|polygons| MultiPolygon(polygons).into()),
        (coord(), line()).prop_map(|(point, line)| {
            Geometry::GeometryCollection(
                vec![Point(point).into(), Geometry::LineString(line)].into(),
            )
        }),
    ]
}

fn text() -> impl Strategy<Value = String> {
    "[a-z<>&\"'青山{}=,;\\\\]([ a-z<>&\"'青山\n\t,;]{0,12}[a-z<>&\"'青山])?"
}

fn attributes() -> impl Strategy<Value = Attributes> {
    (
        text(),
        any::<i64>(),
        -1e12..1e12_f64,
        any::<bool>(),
        prop::option::of(text()),
    )
        .prop_map(|(label, count, size, is_open, remark)| {
            Attributes::from_iter([
                ("标签".to_owned(), Value::Text(label)),
                ("count <&>".to_owned(), Value::Integer(count)),
                ("size".to_owned(), Value::Real(size)),
                ("is_open".to_owned(), Value::Bool(is_open)),
                ("remark".to_owned(), remark.map_or(Value::Null, Value::Text)),
            ])
        })
}

fn layer(format: Format) -> impl Strategy<Value = Layer> {
    let feature = (geometry(), attributes(), prop::option::of("[a-z0-9]{1,8}"));
    prop::collection::vec(feature, 1..6).prop_map(move |parts| {
        let mut layer = Layer::new("层", DeclaredCrs::Epsg(4326), format);
        for (at, (geometry, attributes, id)) in parts.into_iter().enumerate() {
            layer.features.push(Feature {
                number: at as u64 + 1,
                id,
                geometry: Some(geometry),
                attributes,
            });
        }
        layer
    })
}

fn read_back(name: &str, bytes: &[u8]) -> Layer {
    let (mut layers, _) = read(name, bytes)
        .unwrap_or_else(|error| panic!("{error}\n{}", String::from_utf8_lossy(bytes)));
    layers.remove(0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn geojson_comes_back(layer in layer(Format::GeoJson)) {
        let mut bytes = Vec::new();
        write_geojson(&layer, &mut bytes).unwrap();
        let back = read_back("层.geojson", &bytes);
        prop_assert_eq!(back.features, layer.features);
        prop_assert_eq!(back.name, layer.name);
    }

    #[test]
    fn kml_comes_back(layer in layer(Format::Kml)) {
        let mut bytes = Vec::new();
        write_kml(&layer, &mut bytes).unwrap();
        prop_assert_eq!(read_back("层.kml", &bytes), layer);
    }

    #[test]
    fn a_geopackage_geometry_comes_back(geometry in geometry(), srs_id in any::<i32>()) {
        let limits = Limits::default();
        let mut reading = Reading::new("a", &limits);
        let container = decode_gpb(&encode_gpb(&geometry, srs_id), 1, &mut reading).unwrap();
        prop_assert_eq!((container.srs_id, container.geometry), (srs_id, Some(geometry)));
        prop_assert!(reading.into_diagnostics().is_empty());
    }
}
