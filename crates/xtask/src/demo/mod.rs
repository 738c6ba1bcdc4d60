//! The demonstration: a reserve of the true size with invented borders, what stands in it, and the
//! files in which eight kinds of sources speak of it, with every kind of fault such files have.
//! Everything follows from one seed, byte for byte; everything is marked 演示数据; there are posts
//! and units instead of people, and no real enterprise.

mod claims;
mod desk;
mod faults;
mod hearsay;
mod history;
mod kinds;
mod lists;
mod notation;
mod patches;
mod places;
mod plane;
mod random;
mod reserve;
mod sheet;
mod sites;
mod truth;
mod vectors;
mod verification;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Serialize;

use desk::{Desk, Input, MARK};
use history::Carried;
use patches::Nothing;
use reserve::Reserve;
use sites::Site;
use verification::Check;

/// What was made, in the order in which it is to be imported.
#[derive(Debug, Serialize)]
pub(crate) struct Manifest {
    /// 演示数据.
    pub(crate) mark: &'static str,
    /// Seed of the run.
    pub(crate) seed: u64,
    /// Description of the reserve.
    pub(crate) reserve: &'static str,
    /// Ground truth.
    pub(crate) expected: &'static str,
    /// True sites.
    pub(crate) site_count: usize,
    /// Clues, without the rows of field verification.
    pub(crate) clue_count: usize,
    /// Planted faults.
    pub(crate) dirt_count: usize,
    /// Files to import.
    pub(crate) inputs: Vec<Input>,
}

/// Everything that is true before anybody writes.
struct World {
    seed: u64,
    out: PathBuf,
    reserve: Reserve,
    sites: Vec<Site>,
    nothings: Vec<Nothing>,
    carried: Vec<Carried>,
    checks: Vec<Check>,
}

impl World {
    fn new(out: &Path, seed: u64) -> anyhow::Result<Self> {
        let reserve = Reserve::draw()?;
        let sites = sites::build(&reserve, seed);
        let nothings = patches::nothings(seed, &sites, |point| reserve.zone_at(point));
        let carried = history::carried(seed, &sites);
        let station_at = |nothing: &Nothing| reserve.station_at(nothing.center).unwrap_or(0);
        let checks = verification::checks(seed, (&sites, &nothings), &carried, station_at);
        Ok(Self {
            seed,
            out: out.to_owned(),
            reserve,
            sites,
            nothings,
            carried,
            checks,
        })
    }
}

/// Makes the demonstration in a folder.
pub(crate) fn generate(out: &Path, seed: u64) -> anyhow::Result<Manifest> {
    fs::create_dir_all(out).with_context(|| format!("making {}", out.display()))?;
    let world = World::new(out, seed)?;
    let mut desk = Desk::default();
    places::lay(&world, &mut desk)?;
    history::lay(&world, &mut desk)?;
    patches::lay(&world, &mut desk)?;
    lists::lay(&world, &mut desk)?;
    hearsay::lay(&world, &mut desk)?;
    history::lay_permits(&world, &mut desk)?;
    let vanished = verification::lay(&world, &mut desk)?;
    put_in_order(&mut desk.inputs);
    let manifest = manifest(&world, &desk);
    let truth = truth::expected(&world, &desk, &vanished);
    desk.file("expected.json", pretty(&truth)?);
    desk.file("manifest.json", pretty(&manifest)?);
    desk.file("README.txt", readme(&manifest).into_bytes());
    desk.write(out)?;
    Ok(manifest)
}

/// Files are imported as the bureau received them.
fn put_in_order(inputs: &mut [Input]) {
    inputs.sort_by(|a, b| a.received_on.cmp(b.received_on).then(a.order.cmp(&b.order)));
    for (index, input) in inputs.iter_mut().enumerate() {
        input.order = index + 1;
    }
}

fn manifest(world: &World, desk: &Desk) -> Manifest {
    Manifest {
        mark: MARK,
        seed: world.seed,
        reserve: "reserve.toml",
        expected: "expected.json",
        site_count: world.sites.len(),
        clue_count: desk
            .clues
            .iter()
            .filter(|clue| clue.source_kind != "现地排查")
            .count(),
        dirt_count: desk.dirt.len(),
        inputs: desk.inputs.clone(),
    }
}

fn pretty(value: &impl Serialize) -> anyhow::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn readme(manifest: &Manifest) -> String {
    let rows: Vec<String> = manifest
        .inputs
        .iter()
        .map(|input| {
            format!(
                "{:>2}. {}（{}{}条，{}收）",
                input.order,
                input.file,
                if input.source_kind.is_empty() {
                    String::new()
                } else {
                    format!("{}，", input.source_kind)
                },
                input.records,
                input.received_on
            )
        })
        .collect();
    include_str!("README.zh.txt")
        .replace("{inputs}", &rows.join("\n"))
        .replace("{sites}", &manifest.site_count.to_string())
        .replace("{clues}", &manifest.clue_count.to_string())
}

#[cfg(test)]
mod tests;
