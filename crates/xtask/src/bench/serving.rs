//! Serving a million sites: our program and its peers asked in the same rounds (`python/serving.py`).

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::harness::Harness;
use super::{load_average, program};
use crate::{demo, shell};

/// Peers that need no program but a database and packages; `BENCH_PEERS` names others.
const PEERS: &str = "load,postgis-direct,tipg,pygeoapi-postgis,polars,sqlite";

/// Prints what ours and the peers take, all over the outlines of one file.
pub(super) fn run(harness: &Harness, repeat: &str) -> Result<()> {
    let args = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    harness.generate(&args("w1 --size l"), "w1_l", "patches.gpkg")?;
    harness.generate(&args("w4 --src w1_l"), "w4_l", "bbox.txt")?;
    let set = harness.folder("w4_l");
    let home = filled(harness, &set)?;
    let (home, set) = (home.to_string_lossy(), set.to_string_lossy());
    println!("w4: load average {}", load_average());
    let script = shell::root().join("crates/xtask/python/serving.py");
    let peers = std::env::var("BENCH_PEERS").unwrap_or_else(|_| PEERS.to_owned());
    let (load, peers): (Vec<&str>, Vec<&str>) = peers.split(',').partition(|p| *p == "load");
    harness.serve("w4.py", "w4_l", &["--peers", &load.join(",")])?;
    let (peers, program) = (peers.join(","), program());
    let mut args = vec![&*program, &home, &set, "--peers", &peers];
    args.extend(["--rounds", repeat]);
    harness.measure(&script, &args)
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
