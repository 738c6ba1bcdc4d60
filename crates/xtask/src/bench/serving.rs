//! Serving a million sites: our program asked by its own client and by the harness's, the peers by the harness's.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::harness::Harness;
use super::{load_average, program};
use crate::{demo, shell};

/// Peers that need no program but a database and packages; `BENCH_PEERS` names others.
const PEERS: &str = "load,postgis-direct,tipg,pygeoapi-postgis";

/// Prints what ours and the peers take, all over the outlines of one file.
pub(super) fn run(harness: &Harness) -> Result<()> {
    let args = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    harness.generate(&args("w1 --size l"), "w1_l", "patches.gpkg")?;
    harness.generate(&args("w4 --src w1_l"), "w4_l", "bbox.txt")?;
    let set = harness.folder("w4_l");
    let home = filled(harness, &set)?;
    let (home, set) = (home.to_string_lossy(), set.to_string_lossy());
    println!("w4: load average {}", load_average());
    let script = shell::root().join("crates/xtask/python/serving.py");
    let ours = [&*script.to_string_lossy(), &program(), &home, &set];
    shell::run(harness.python(), &ours)?;
    let token = std::fs::read_to_string(Path::new(&*home).join("bench-token"));
    let token = token.context("the token that serving.py made")?;
    let plug = format!("qingshan={} --home {home} serve --port {{port}}", program());
    let routes = format!(
        "qingshan:tile=/api/v1/tiles/sites/{{zxy}}.mvt?token={token},\
         items=/ogc/collections/sites/items?f=json&limit=1000&bbox={{bbox}}&token={token}"
    );
    let peers = std::env::var("BENCH_PEERS").unwrap_or_else(|_| PEERS.to_owned());
    let peers = ["--peers", &peers, "--plug", &plug, "--routes", &routes];
    harness.serve("w4.py", "w4_l", &peers)?;
    for peer in ["polars", "sqlite"] {
        harness.statistics(peer, Path::new(&*set))?;
    }
    Ok(())
}

/// A demonstration register with a site for every outline; made once, kept with the data.
fn filled(harness: &Harness, set: &Path) -> Result<PathBuf> {
    let home = harness.folder("w4-register");
    if home.join("filled").exists() {
        return Ok(home);
    }
    let _ = std::fs::remove_dir_all(&home);
    let inputs = harness.folder("w4-inputs");
    demo::generate(&inputs, 2019)?;
    let (at, layer) = (home.to_string_lossy(), set.join("sites.gpkg"));
    let reserve = inputs.join("reserve.toml");
    let reserve = reserve.to_string_lossy();
    let init = "init --campaign lvdun-2019 --demonstration --reserve";
    let init: Vec<&str> = ["--home", &at, "--as", "operator"]
        .into_iter()
        .chain(init.split(' '))
        .chain([&*reserve])
        .collect();
    shell::run(&program(), &init)?;
    let layer = layer.to_string_lossy();
    let fill = ["--home", &at, "bench", "sites", "--from", &layer];
    shell::run(&program(), &fill)?;
    std::fs::write(home.join("filled"), "")?;
    Ok(home)
}
