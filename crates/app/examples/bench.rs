//! Runs a workload of the side-by-side benchmark: `bench overlay PATCHES ZONES --out DIR`,
//! `bench match points|iou NEW OLD --out DIR`.
#![allow(clippy::print_stdout, reason = "a command-line program")]

use std::path::Path;

use anyhow::{Result, bail};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        ["overlay", patches, zones, "--out", out] => {
            println!(
                "{:?}",
                app::bench::overlay::run(Path::new(patches), Path::new(zones), Path::new(out))?
            );
        }
        ["match", how, new, old, "--out", out] => {
            let run = match *how {
                "points" => app::bench::matching::points,
                "iou" => app::bench::matching::iou,
                _ => bail!("match points|iou NEW OLD --out DIR"),
            };
            println!("{:?}", run(Path::new(new), Path::new(old), Path::new(out))?);
        }
        _ => bail!("overlay PATCHES ZONES --out DIR, or match points|iou NEW OLD --out DIR"),
    }
    for line in std::fs::read_to_string("/proc/self/status")?
        .lines()
        .filter(|line| line.starts_with("VmHWM"))
    {
        println!("{line}");
    }
    Ok(())
}
