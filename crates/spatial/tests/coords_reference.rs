//! Our coordinate systems against PROJ: positions computed once by pyproj 3.7.2 (PROJ 9.5.1), and against an
//! independent Krüger series.

#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use geo_types::Coord;
use spatial::crs::{Crs, CrsError};

/// EPSG code, longitude, latitude, easting, northing.
fn reference() -> Vec<(u32, Coord<f64>, Coord<f64>)> {
    let rows = include_str!("coords_reference.csv").lines().skip(1);
    rows.map(|row| {
        let fields: Vec<f64> = row.split(',').map(|field| field.parse().unwrap()).collect();
        let code = row.split(',').next().unwrap().parse().unwrap();
        (
            code,
            Coord {
                x: fields[1],
                y: fields[2],
            },
            Coord {
                x: fields[3],
                y: fields[4],
            },
        )
    })
    .collect()
}

#[test]
fn every_gauss_kruger_system_agrees_with_proj_within_a_tenth_of_a_millimetre() {
    let rows = reference();
    assert!(rows.len() > 190 && (4491..=4554).all(|code| rows.iter().any(|row| row.0 == code)));
    for (code, geographic, projected) in rows {
        let ours = Crs::from_epsg(code)
            .unwrap()
            .from_cgcs2000(geographic)
            .unwrap();
        let miss_m = (ours.x - projected.x).hypot(ours.y - projected.y);
        assert!(
            miss_m < 1e-4,
            "EPSG:{code} {geographic:?}: {ours:?} is {miss_m} m off {projected:?}"
        );
    }
}

#[test]
fn the_way_back_restores_the_position_to_a_tenth_of_a_millimetre() {
    for (code, geographic, projected) in reference() {
        let ours = Crs::from_epsg(code)
            .unwrap()
            .to_cgcs2000(projected.x, projected.y)
            .unwrap();
        let miss_m = (ours.x - geographic.x).hypot(ours.y - geographic.y) * 111_320.0;
        assert!(
            miss_m < 1e-4,
            "EPSG:{code}: {ours:?} is {miss_m} m off {geographic:?}"
        );
    }
}

/// Krüger's series in the third flattening n to the fourth power, as in textbooks: good to a micrometre in a zone.
fn kruger(geographic: Coord<f64>, central_meridian: f64, false_easting_m: f64) -> Coord<f64> {
    let flattening = 1.0 / 298.257_222_101_f64;
    let n = flattening / (2.0 - flattening);
    let radius = 6_378_137.0 / (1.0 + n) * (1.0 + n.powi(2) / 4.0 + n.powi(4) / 64.0);
    let alpha = [
        n / 2.0 - 2.0 / 3.0 * n.powi(2) + 5.0 / 16.0 * n.powi(3) + 41.0 / 180.0 * n.powi(4),
        13.0 / 48.0 * n.powi(2) - 3.0 / 5.0 * n.powi(3) + 557.0 / 1440.0 * n.powi(4),
        61.0 / 240.0 * n.powi(3) - 103.0 / 140.0 * n.powi(4),
        49561.0 / 161280.0 * n.powi(4),
    ];
    let (phi, lambda) = (
        geographic.y.to_radians(),
        (geographic.x - central_meridian).to_radians(),
    );
    let e = 2.0 * n.sqrt() / (1.0 + n);
    let t = (phi.sin().atanh() - e * (e * phi.sin()).atanh()).sinh();
    let (xi, eta) = (
        t.atan2(lambda.cos()),
        (lambda.sin() / (1.0 + t * t).sqrt()).atanh(),
    );
    let series = alpha.iter().zip(1_u32..).fold((xi, eta), |(x, y), (a, j)| {
        let k = 2.0 * f64::from(j);
        (
            x + a * (k * xi).sin() * (k * eta).cosh(),
            y + a * (k * xi).cos() * (k * eta).sinh(),
        )
    });
    Coord {
        x: false_easting_m + radius * series.1,
        y: radius * series.0,
    }
}

#[test]
fn an_independent_kruger_series_agrees_too() {
    for (code, geographic, _) in reference()
        .into_iter()
        .filter(|row| (4491..=4554).contains(&row.0))
    {
        let crs = Crs::from_epsg(code).unwrap();
        let zone = crs.grid().unwrap();
        let ours = crs.from_cgcs2000(geographic).unwrap();
        let series = kruger(geographic, zone.central_meridian(), zone.false_easting_m());
        assert!(
            (ours.x - series.x).hypot(ours.y - series.y) < 1e-3,
            "EPSG:{code} {ours:?} {series:?}"
        );
    }
}

#[test]
fn datum_shifts_agree_with_proj() {
    // PROJ pipelines: inverse projection, geocentric, Helmert with the same parameters, back.
    let cases = [
        (
            21036,
            (650_000.0, 9_780_000.0),
            (34.349_438_196_9, -1.992_583_147_3),
        ),
        (
            21036,
            (712_345.678, 9_801_234.5),
            (34.909_620_247_4, -1.800_020_077_9),
        ),
        (
            2412,
            (36_366_000.0, 3_935_000.0),
            (106.522_881_117_2, 35.535_025_994_6),
        ),
    ];
    for (code, (easting, northing), (lon, lat)) in cases {
        let ours = Crs::from_epsg(code)
            .unwrap()
            .to_cgcs2000(easting, northing)
            .unwrap();
        assert!(
            (ours.x - lon).abs() < 1e-9 && (ours.y - lat).abs() < 1e-9,
            "EPSG:{code} {ours:?}"
        );
    }
}

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");

#[test]
fn the_prj_files_of_real_data_are_understood() {
    let read = |name: &str| {
        let path = format!("{DATA}/vector-formats/mapshaper/{name}");
        Crs::from_prj_wkt(
            &std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}")),
        )
    };
    assert_eq!(read("dbf/ldid/chinese.prj"), Ok(Crs::Wgs84));
    assert_eq!(read("issues/193/gauss_kruger.prj"), Crs::from_epsg(2435));
    assert_eq!(
        read("issues/193/three_points.prj"),
        Err(CrsError::UnsupportedProjection(
            "Unknown Projection".to_owned()
        ))
    );
    assert_eq!(read("shapefile/six_counties.prj"), Ok(Crs::Wgs84));
    assert_eq!(
        read("issues/518_519_shp_reading/data_corruption_error.prj")
            .unwrap()
            .doubt_m(),
        2
    );
    assert_eq!(
        read("shapefile/nad27/popctr_state1970.prj")
            .unwrap()
            .doubt_m(),
        300
    );
    let mercator = read("issues/166/e_merc.prj")
        .unwrap()
        .to_cgcs2000(11_858_865.351, 4_216_000.0)
        .unwrap();
    assert!((mercator.x - 106.53).abs() < 1e-4, "{mercator:?}");
}

#[test]
fn the_prj_of_the_grumeti_reserves_is_epsg_21036_in_all_but_name() {
    let file = std::fs::File::open(format!("{DATA}/reserve-grumeti/Grbnd_New.zip")).unwrap();
    let mut archive = zip::ZipArchive::new(file).unwrap();
    let text =
        std::io::read_to_string(archive.by_name("Grbnd_New/Grbnd_New.prj").unwrap()).unwrap();
    let ours = Crs::from_prj_wkt(&text).unwrap();
    assert_eq!(ours.doubt_m(), 0);
    let (by_name, by_code) = (
        ours.to_cgcs2000(650_000.0, 9_780_000.0),
        Crs::from_epsg(21036)
            .unwrap()
            .to_cgcs2000(650_000.0, 9_780_000.0),
    );
    let (by_name, by_code) = (by_name.unwrap(), by_code.unwrap());
    assert!((by_name.x - by_code.x).abs() < 1e-10 && (by_name.y - by_code.y).abs() < 1e-10);
}
