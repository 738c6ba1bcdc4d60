//! The office's own layers under the map: brought in, seen by everybody of the reserve, taken down with a reason.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::{Demonstration, Outcome, Person, Register, Scene, Server, real_data};
use serde_json::{Value, json};

/// A place inside the demonstration reserve.
const INSIDE: [f64; 2] = [106.53, 35.55];

fn line(label: &str, coordinates: &Value) -> Value {
    json!({ "type": "Feature", "properties": { "XZQMC": label, "code": 1 },
        "geometry": { "type": "LineString", "coordinates": coordinates } })
}

/// County lines: one through the reserve, one far away.
fn county_lines(register: &Register) -> PathBuf {
    let file = register.path("县界.geojson");
    let [lon, lat] = INSIDE;
    let features = [
        line(
            "甲乙县界",
            &json!([[lon - 0.2, lat], [lon + 0.2, lat + 0.01]]),
        ),
        line("远处县界", &json!([[80.0, 40.0], [81.0, 40.0]])),
    ];
    let all = json!({ "type": "FeatureCollection", "features": features });
    std::fs::write(&file, all.to_string()).unwrap();
    file
}

fn import(register: &Register, post: &str, file: &Path, said: &[&str]) -> Outcome {
    let file = file.to_string_lossy();
    let args = ["--json", "import", "background", &file, "--yes"];
    register.run_as(post, &[&args, said].concat())
}

const COUNTY: [&str; 10] = [
    "--background-kind",
    "boundary_lines",
    "--background-name",
    "县级行政区划界线",
    "--data-source",
    "国家地理信息公共服务平台",
    "--review-number",
    "GS(2024)0650号",
    "--crs",
    "CGCS2000",
];

fn tile_of([lon, lat]: [f64; 2], zoom: u32) -> String {
    let n = f64::from(1 << zoom);
    let x = ((lon + 180.0) / 360.0 * n) as u32;
    let y = ((1.0 - lat.to_radians().tan().asinh() / std::f64::consts::PI) / 2.0 * n) as u32;
    format!("{zoom}/{x}/{y}")
}

/// What GDAL reads in a tile.
fn read_by_gdal(register: &Register, tile: &str, drawn: &[u8]) -> String {
    let file = register.path(&format!("tiles/{tile}.mvt"));
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, drawn).unwrap();
    let out = Command::new("ogrinfo").args(["-al"]).arg(&file).output();
    let out = out.expect("GDAL's ogrinfo is installed");
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    String::from_utf8_lossy(&out.stdout).into_owned()
}

#[test]
fn county_lines_are_brought_in_drawn_for_the_reserve_and_taken_down() {
    let register = Demonstration::shared().register();
    let file = county_lines(&register);
    let nameless = import(&register, "office", &file, &COUNTY[..2]).exits(1);
    assert!(
        nameless
            .codes()
            .contains(&"import.background_name".to_owned())
    );
    let refused = import(&register, "station_head@后河", &file, &COUNTY).exits(1);
    assert!(refused.codes().contains(&"policy.role_may_not".to_owned()));
    let done = import(&register, "office", &file, &COUNTY).success().json();
    assert_eq!(done["counts"]["adopted"], 1);
    let outside = done["diagnostics"].as_array().unwrap().iter();
    assert!(
        outside
            .clone()
            .any(|d| d["code"] == "import.background_outside")
    );
    assert_eq!(
        import(&register, "office", &file, &COUNTY).success().json()["is_repeated"],
        true
    );
    let listed = register.json(&["backgrounds", "list"]);
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["review_number"], "GS(2024)0650号");
    assert_eq!(
        (
            &listed[0]["features_read"],
            &listed[0]["features_drawn"],
            &listed[0]["label_field"]
        ),
        (&json!(2), &json!(1), &json!("XZQMC"))
    );
    let _ = register.verified_head();

    let server = Server::start(&register);
    let office = Person::new(&register, &server, "bangongshi", "office");
    let ranger = Person::new(&register, &server, "hulin", "ranger@houhe");
    let public = Person::new(&register, &server, "gongzhong", "public");
    let code = listed[0]["code"].as_str().unwrap();
    let tile = tile_of(INSIDE, 12);
    let path = format!("/api/v1/backgrounds/{code}/tiles/{tile}.mvt");
    assert_eq!(server.send("GET", &path, &[], None).status, 401);
    assert_eq!(public.get(&server, &path).status, 403);
    assert_eq!(public.get(&server, "/api/v1/backgrounds").status, 403);
    let seen = ranger
        .get(&server, "/api/v1/backgrounds")
        .status(200)
        .json();
    assert_eq!(seen[0]["data_source"], "国家地理信息公共服务平台");
    let drawn = ranger.get(&server, &path).status(200);
    let told = read_by_gdal(&register, &tile, &drawn.body);
    assert!(
        told.contains("甲乙县界") && told.contains("Line String"),
        "{told}"
    );
    let etag = drawn.header("etag").unwrap().to_owned();
    let mut headers = ranger.headers().to_vec();
    headers.push(("If-None-Match", &etag));
    assert_eq!(server.send("GET", &path, &headers, None).status, 304);
    let elsewhere = format!(
        "/api/v1/backgrounds/{code}/tiles/{}.mvt",
        tile_of([80.5, 40.0], 12)
    );
    assert_eq!(ranger.get(&server, &elsewhere).status, 204);
    let picture = format!("/api/v1/backgrounds/{code}/picture");
    assert_eq!(
        ranger.get(&server, &picture).status,
        404,
        "lines are no picture"
    );

    withdrawn(&server, &office, &ranger, code, &path);
    drop(server);
    let again = import(&register, "office", &file, &COUNTY).success().json();
    assert_eq!(
        again["counts"]["adopted"], 1,
        "what was taken down may come again"
    );
    assert_eq!(register.json(&["backgrounds", "list"])[0]["version"], 3);
    let reason = ["backgrounds", "withdraw", code, "--reason", "改用新版"];
    let _ = register.run(&reason).success();
    assert_eq!(register.json(&["backgrounds", "list"]), json!([]));
    let _ = register.verified_head();
}

fn withdrawn(server: &Server, office: &Person, ranger: &Person, code: &str, tile: &str) {
    let path = format!("/api/v1/backgrounds/{code}/withdrawals");
    let said = |reason: &str, based_on: u64| json!({ "reason": reason, "based_on": based_on });
    assert_eq!(ranger.post(server, &path, &said("不用了", 1)).status, 403);
    assert_eq!(office.post(server, &path, &said("", 1)).status, 400);
    assert_eq!(office.post(server, &path, &said("资料过时", 0)).status, 409);
    let nowhere = "/api/v1/backgrounds/none/withdrawals";
    assert_eq!(
        office.post(server, nowhere, &said("资料过时", 1)).status,
        404
    );
    let done = office.post(server, &path, &said("资料过时", 1)).status(200);
    assert_eq!(done.json()["version"], 2);
    assert_eq!(ranger.get(server, "/api/v1/backgrounds").json(), json!([]));
    assert_eq!(ranger.get(server, tile).status, 404);
}

#[test]
fn a_layer_is_looked_at_before_it_is_taken_in_and_its_label_chosen() {
    let register = Demonstration::shared().register();
    let server = Server::start(&register);
    let office = Person::new(&register, &server, "bangongshi", "office");
    let [lon, lat] = INSIDE;
    let places = json!({ "type": "FeatureCollection", "features": [
        { "type": "Feature", "properties": { "拼音": "a-cun", "村": "甲村" }, "geometry": { "type": "Point", "coordinates": [lon, lat] } },
        { "type": "Feature", "properties": { "拼音": "b-cun", "村": "乙村" }, "geometry": { "type": "Point", "coordinates": [lon + 0.001, lat] } }] });
    let said = "background_kind=places&background_name=%E5%9C%B0%E5%90%8D&data_source=%E5%8E%BF%E6%B0%91%E6%94%BF%E5%B1%80";
    let bare = office.upload(
        &server,
        "/api/v1/imports?kind=background",
        "地名.geojson",
        b"{}",
    );
    assert_eq!(bare.status(400).json()["code"], "import.background_kind");
    let path = format!("/api/v1/imports?kind=background&crs=CGCS2000&{said}");
    let text = places.to_string();
    let id = office
        .upload(&server, &path, "地名.geojson", text.as_bytes())
        .status(200)
        .json();
    let page = format!("/api/v1/imports/{}", id["import_id"].as_str().unwrap());
    let staged = office.get(&server, &page).status(200).json();
    assert_eq!(staged["state"], "ready");
    assert_eq!(staged["preview"]["counts"]["adopted"], 2);
    assert_eq!(staged["shapes"]["features"].as_array().unwrap().len(), 2);
    let fields: Vec<&str> = staged["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["key"].as_str().unwrap())
        .collect();
    assert_eq!(fields, ["label"]);
    assert_eq!(
        staged["diagnostics"]["by_code"]["import.background_unlabelled"],
        1
    );
    let column = |title: &str| {
        let mapping = staged["mapping"].as_array().unwrap();
        mapping.iter().find(|m| m["title"] == title).unwrap()["column"].clone()
    };
    let chosen = json!({ "columns": [{ "column": column("村"), "field": "label" }] });
    let again = office
        .send_json(&server, "PUT", &format!("{page}/mapping"), &chosen)
        .status(200)
        .json();
    assert_eq!(again["preview"]["rows"][1]["title"], "乙村");
    assert_eq!(
        again["diagnostics"]["by_code"].get("import.background_unlabelled"),
        None
    );
    let commit = json!({ "leave_out_faulty": false });
    let done = office
        .post(&server, &format!("{page}/commit"), &commit)
        .status(200)
        .json();
    assert_eq!(done["counts"]["adopted"], 2);
    let listed = office.get(&server, "/api/v1/backgrounds").json();
    assert_eq!(
        (&listed[0]["label_field"], &listed[0]["kind"]),
        (&json!("村"), &json!("places"))
    );
    let tile = tile_of(INSIDE, 14);
    let path = format!(
        "/api/v1/backgrounds/{}/tiles/{tile}.mvt",
        listed[0]["code"].as_str().unwrap()
    );
    let told = read_by_gdal(
        &register,
        &tile,
        &office.get(&server, &path).status(200).body,
    );
    assert!(told.contains("甲村") && !told.contains("a-cun"), "{told}");
}

/// Heights written by GDAL: a ridge that runs from south to north through the reserve.
fn heights(register: &Register, name: &str, more: &[&str]) -> PathBuf {
    let [lon, lat] = INSIDE;
    let text = register.path("dem.asc");
    let side = 400;
    let cell = 0.001;
    let head = format!(
        "ncols {side}\nnrows {side}\nxllcorner {}\nyllcorner {}\ncellsize {cell}\nNODATA_value -9999\n",
        lon - 0.2,
        lat - 0.2
    );
    let row: Vec<String> = (0..side)
        .map(|x| (2000 - 20 * i32::abs(x - side / 2)).to_string())
        .collect();
    let row = row.join(" ") + "\n";
    std::fs::write(&text, head + &row.repeat(side as usize)).unwrap();
    let file = register.path(name);
    let out = Command::new("gdal_translate")
        .args(["-q", "-ot", "Int16"])
        .args(more)
        .arg(&text)
        .arg(&file)
        .output();
    let out = out.expect("GDAL's gdal_translate is installed");
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    file
}

const RELIEF: [&str; 6] = [
    "--background-kind",
    "relief",
    "--background-name",
    "地形",
    "--data-source",
    "30 米数字高程模型",
];

#[test]
fn relief_is_drawn_from_a_geotiff_and_served_as_one_picture() {
    let register = Demonstration::shared().register();
    let unplaced = heights(&register, "无坐标系.tif", &[]);
    let refused = import(&register, "office", &unplaced, &RELIEF).exits(1);
    assert!(
        refused.codes().contains(&"import.crs_missing".to_owned()),
        "{refused:?}"
    );
    let three = heights(
        &register,
        "三波段.tif",
        &["-a_srs", "EPSG:4490", "-b", "1", "-b", "1", "-b", "1"],
    );
    let refused = import(&register, "office", &three, &RELIEF).exits(1);
    assert!(
        refused.codes().contains(&"elevation.bands".to_owned()),
        "{refused:?}"
    );
    let lines = county_lines(&register);
    let refused = import(&register, "office", &lines, &RELIEF).exits(1);
    assert!(
        refused
            .codes()
            .contains(&"import.relief_needs_heights".to_owned())
    );
    assert_eq!(register.json(&["backgrounds", "list"]), json!([]));

    let tiled = [
        "-a_srs",
        "EPSG:4490",
        "-co",
        "TILED=YES",
        "-co",
        "COMPRESS=DEFLATE",
        "-co",
        "PREDICTOR=2",
    ];
    let file = heights(&register, "N35E106.tif", &tiled);
    let refused = import(&register, "office", &file, &COUNTY).exits(1);
    assert!(
        refused
            .codes()
            .contains(&"import.heights_are_relief".to_owned())
    );
    let done = import(&register, "office", &file, &RELIEF).success().json();
    assert_eq!(done["counts"]["adopted"], 1, "{done}");
    let listed = register.json(&["backgrounds", "list"]);
    let bbox: Vec<f64> = listed[0]["bbox"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_f64().unwrap())
        .collect();
    assert!(
        bbox[0] < INSIDE[0] && INSIDE[0] < bbox[2] && bbox[1] < INSIDE[1] && INSIDE[1] < bbox[3]
    );
    let _ = register.verified_head();

    let server = Server::start(&register);
    let head = Person::new(&register, &server, "zhanzhang", "station_head@houhe");
    let public = Person::new(&register, &server, "gongzhong", "public");
    let path = format!(
        "/api/v1/backgrounds/{}/picture",
        listed[0]["code"].as_str().unwrap()
    );
    assert_eq!(server.send("GET", &path, &[], None).status, 401);
    assert_eq!(public.get(&server, &path).status, 403);
    let picture = head.get(&server, &path).status(200);
    assert_eq!(picture.header("content-type"), Some("image/png"));
    let (west_side, east_side) = sides(
        &register,
        &picture.body,
        (INSIDE[0] - bbox[0]) / (bbox[2] - bbox[0]),
    );
    // The west side of the ridge faces the light of the north-west.
    assert_eq!((west_side[0], east_side[0]), (255.0, 0.0));
    assert!(
        west_side[1] > 20.0 && east_side[1] > 20.0,
        "{west_side:?} {east_side:?}"
    );
}

/// Lightness and opacity of the picture a little west and east of a place, as GDAL reads them.
fn sides(register: &Register, png: &[u8], share: f64) -> ([f64; 2], [f64; 2]) {
    let file = register.path("山影.png");
    std::fs::write(&file, png).unwrap();
    let told = Command::new("gdalinfo")
        .args(["-json"])
        .arg(&file)
        .output()
        .unwrap();
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    let [width, height] = [0, 1].map(|i| told["size"][i].as_f64().unwrap());
    let at = |share: f64| {
        let place = [(share * width).round(), (height / 2.0).round()].map(|v| v.to_string());
        let out = Command::new("gdallocationinfo")
            .arg("-valonly")
            .arg(&file)
            .args(place)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        let values: Vec<f64> = text
            .split_whitespace()
            .map(|v| v.parse().unwrap())
            .collect();
        [values[0], values[1]]
    };
    (at(share - 0.1), at(share + 0.1))
}

#[test]
fn a_phone_carries_the_ground_of_its_territory_and_small_copies_of_its_photos() {
    let scene = Scene::new();
    let file = county_lines(&scene.register);
    let _ = import(&scene.register, "office", &file, &COUNTY).success();
    let site = scene.site("houhe");
    let code = site["site_code"].as_str().unwrap();
    let folder = scene.register.path(code);
    std::fs::create_dir_all(&folder).unwrap();
    let photo = std::fs::read(real_data("photos/orientation/landscape_1.jpg")).unwrap();
    std::fs::write(folder.join("远景.jpg"), &photo).unwrap();
    let folder = folder.parent().unwrap().join("一批照片");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::rename(scene.register.path(code), folder.join(code)).unwrap();
    let folder = folder.to_string_lossy().into_owned();
    let _ = scene
        .register
        .run(&["import", "photos", &folder, "--yes"])
        .success();

    let phone = scene.phone("hulin", "ranger@houhe");
    let ground = scene.part(&phone, "ground");
    assert_eq!(ground["items"][0]["name"], "甲乙县界");
    assert_eq!(ground["items"].as_array().unwrap().len(), 1);
    assert_eq!(ground["layers"][0]["review_number"], "GS(2024)0650号");
    let pictures = scene.part(&phone, "pictures");
    let hash = e2e::phone::sha256(&photo);
    let copies = pictures["items"].as_array().unwrap();
    let small = copies
        .iter()
        .find(|p| p["sha256"] == hash.as_str())
        .unwrap();
    let size = small["jpeg"].as_str().unwrap().len();
    assert!(size > 500 && size < photo.len(), "{size}");
    let manifest = phone
        .get(&scene.server, "/api/v1/field/pack")
        .status(200)
        .json();
    let optional: Vec<&str> = manifest["parts"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|p| p["is_optional"] == true)
        .map(|p| p["name"].as_str().unwrap())
        .collect();
    assert_eq!(optional, ["relief", "pictures"]);
}
