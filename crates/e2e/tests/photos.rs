//! Photos of a folder or archive find their sites, by number or by where they were taken; none is lost or taken twice.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use std::io::Write;
use std::path::Path;

use e2e::{Scene, real_data};
use serde_json::Value;

/// A JPEG that says where it was taken, in whole ten-millionths of a second of arc.
fn photo_at(lon: f64, lat: f64, seed: u8) -> Vec<u8> {
    let mut tiff = b"II*\0\x08\0\0\0".to_vec();
    // One field: the GPS directory at 26.
    tiff.extend(1_u16.to_le_bytes());
    field(&mut tiff, 0x8825, 4, 1, 26);
    tiff.extend(0_u32.to_le_bytes());
    // Four fields, 2 + 4 × 12 + 4 bytes; the fractions follow at 80 and 104.
    tiff.extend(4_u16.to_le_bytes());
    field(&mut tiff, 1, 2, 2, u32::from(b'N'));
    field(&mut tiff, 2, 5, 3, 80);
    field(&mut tiff, 3, 2, 2, u32::from(b'E'));
    field(&mut tiff, 4, 5, 3, 104);
    tiff.extend(0_u32.to_le_bytes());
    for degrees in [lat, lon] {
        let millionths = (degrees * 1e6).round() as u32;
        for (n, of) in [(millionths, 1_000_000_u32), (0, 1), (0, 1)] {
            tiff.extend(n.to_le_bytes());
            tiff.extend(of.to_le_bytes());
        }
    }
    let mut jpeg = b"\xff\xd8\xff\xe1".to_vec();
    jpeg.extend(u16::try_from(tiff.len() + 8).unwrap().to_be_bytes());
    jpeg.extend(b"Exif\0\0");
    jpeg.extend(tiff);
    jpeg.extend([0xff, 0xfe, 0, 3, seed, 0xff, 0xd9]);
    jpeg
}

fn field(tiff: &mut Vec<u8>, tag: u16, kind: u16, count: u32, value: u32) {
    tiff.extend(tag.to_le_bytes());
    tiff.extend(kind.to_le_bytes());
    tiff.extend(count.to_le_bytes());
    tiff.extend(value.to_le_bytes());
}

/// Two sites of a station, each far from every other.
fn sites(scene: &Scene) -> Vec<Value> {
    let list = scene.read("/api/v1/sites?station=houhe&limit=200");
    let all = list["items"].as_array().unwrap().clone();
    let at = |s: &Value| (s["lon"].as_f64().unwrap(), s["lat"].as_f64().unwrap());
    let is_alone = |one: &Value| {
        let (lon, lat) = at(one);
        let near = all.iter().filter(|s| {
            let (x, y) = at(s);
            (x - lon).hypot(y - lat) < 0.006
        });
        near.count() == 1
    };
    all.iter()
        .filter(|s| is_alone(s))
        .take(2)
        .cloned()
        .collect()
}

fn names(scene: &Scene, site: &Value) -> Vec<String> {
    let code = site["site_code"].as_str().unwrap();
    let dossier = scene.dossier(code);
    let evidence = dossier["evidence"].as_array().unwrap().iter();
    let names = evidence.map(|e| e["file_name"].as_str().unwrap().to_owned());
    names.collect()
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[test]
fn a_folder_of_photos_is_laid_to_its_sites_and_what_fits_none_is_told() {
    let scene = Scene::new();
    let both = sites(&scene);
    let [first, second] = both.as_slice() else {
        panic!("{both:?}")
    };
    let code = second["site_code"].as_str().unwrap();
    let at = |s: &Value| (s["lon"].as_f64().unwrap(), s["lat"].as_f64().unwrap());
    let folder = scene.register.path("照片");
    std::fs::create_dir_all(folder.join(code)).unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).unwrap();
    let (lon, lat) = at(first);
    write("IMG_0001.jpg", &photo_at(lon, lat, 1));
    write("IMG_0002.jpg", &photo_at(lon + 0.5, lat, 2));
    write("说明.txt", "八月拍摄".as_bytes());
    let helsinki = std::fs::read(real_data("photos/gps/HMD_Nokia_8.3_5G.jpg")).unwrap();
    write(&format!("{code}/远景.jpg"), &helsinki);
    let heic = std::fs::read(real_data("photos/gps/IMG_5195.HEIC")).unwrap();
    write(&format!("{code}_近景.HEIC"), &heic);
    write(
        "无位置.jpg",
        b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xd9",
    );

    let folder = text(&folder);
    let preview = ["import", "photos", &folder, "--dry-run"];
    let preview = scene
        .register
        .run(&[&["--json"], &preview[..]].concat())
        .json();
    assert_eq!(preview["counts"]["linked"], 3, "{preview}");
    assert_eq!(preview["counts"]["refused"], 2, "{preview}");
    let told: Vec<&str> = preview["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["code"].as_str().unwrap())
        .collect();
    for code in [
        "photo.no_site",
        "photo.no_position",
        "photo.not_a_picture",
        "photo.far_from_site",
    ] {
        assert!(told.contains(&code), "{code} in {told:?}");
    }
    assert!(names(&scene, first).is_empty());

    let import = ["import", "photos", &folder, "--leave-out-faulty", "--yes"];
    let done = scene.register.json(&import);
    assert_eq!(done["appended"], 4, "the batch and three photos: {done}");
    assert_eq!(names(&scene, first), ["IMG_0001.jpg"]);
    let mut names = names(&scene, second);
    names.sort();
    assert_eq!(names, [format!("{code}_近景.HEIC"), "远景.jpg".to_owned()]);
    let sha = e2e::phone::sha256(&helsinki);
    let kept = scene
        .office
        .get(&scene.server, &format!("/api/v1/blobs/{sha}"))
        .status(200);
    assert_eq!(kept.body, helsinki, "the original, byte by byte");

    // The same pictures again, from an archive, and one of them for the site it belongs to.
    let zip = scene.register.path("再来.zip");
    let mut archive = zip::ZipWriter::new(std::fs::File::create(&zip).unwrap());
    let plain = zip::write::SimpleFileOptions::default();
    for (name, bytes) in [
        ("IMG_0001.jpg".to_owned(), photo_at(lon, lat, 1)),
        (format!("{code}/IMG_0002.jpg"), photo_at(lon + 0.5, lat, 2)),
    ] {
        archive.start_file(name, plain).unwrap();
        archive.write_all(&bytes).unwrap();
    }
    let _ = archive.finish().unwrap();
    let again = scene
        .register
        .json(&["import", "photos", &text(&zip), "--yes"]);
    assert_eq!(
        (&again["counts"]["linked"], &again["counts"]["same"]),
        (&Value::from(1), &Value::from(1)),
        "{again}"
    );
    let (_, root) = scene.register.verified_head();
    let repeated = scene
        .register
        .json(&["import", "photos", &text(&zip), "--yes"]);
    assert_eq!(repeated["appended"], 0);
    assert_eq!(scene.register.verified_head().1, root);
}

#[test]
fn a_station_files_photos_only_to_its_own_sites() {
    let scene = Scene::new();
    let site = &sites(&scene)[0];
    let (lon, lat) = (site["lon"].as_f64().unwrap(), site["lat"].as_f64().unwrap());
    let file = scene.register.path("one.jpg");
    std::fs::write(&file, photo_at(lon, lat, 9)).unwrap();
    let import = ["--json", "import", "photos", &text(&file), "--dry-run"];
    let other = scene.register.run_as("ranger@taitong", &import).json();
    assert_eq!(other["diagnostics"][0]["code"], "photo.no_site", "{other}");
    let own = scene.register.run_as("ranger@houhe", &import).json();
    assert_eq!(own["counts"]["linked"], 1, "{own}");
}
