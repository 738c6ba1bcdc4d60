//! The ground truth beside the files: which clue means which site, what each ledger must hold on
//! which day, what was missed, which faults were planted where.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::World;
use super::desk::{Desk, MARK};
use super::history::Carried;
use super::notation::Day;
use super::plane::{area_mu, signed_area_m2};
use super::reserve::{STATIONS, ZONES};

/// The days the plan names: stations finish, the bureau sums up.
const DAYS: [Day; 4] = [
    Day::new(2019, 8, 16),
    Day::new(2019, 8, 17),
    Day::new(2019, 8, 18),
    Day::new(2019, 8, 19),
];

/// Everything that is true, as JSON.
pub(crate) fn expected(world: &World, desk: &Desk, vanished: &[String]) -> Value {
    json!({
        "mark": MARK,
        "seed": world.seed,
        "basis": BASIS,
        "reserve": reserve(world),
        "sites": (0..world.sites.len()).map(|site| site_truth(world, desk, site)).collect::<Vec<_>>(),
        "clues": desk.clues,
        "ledgers": DAYS.iter().map(|day| (day.iso(), ledgers(world, *day))).collect::<BTreeMap<_, _>>(),
        "missed_sites": world.sites.iter().filter(|site| site.is_missed).map(|site| &site.key).collect::<Vec<_>>(),
        "unexplained_patches": patches(world, false),
        "explained_patches": patches(world, true),
        "vanished_from_second_report": vanished,
        "contradictions": desk.contradictions,
        "dirt": desk.dirt,
    })
}

const BASIS: &str = "sites: in the reserve and verified on or before the day, or unfinished from 2017/2018 by the city's latest determination. \
focal: sites of a focal category of 2019 with an issue or one still open to judgement, and every unfinished one. \
verified: verified on or before the day with an issue, and every unfinished one. \
Rows, records and features count from one, headings and titles included; row 0 means the whole sheet.";

fn reserve(world: &World) -> Value {
    let zones: BTreeMap<_, _> = world
        .reserve
        .zones
        .iter()
        .map(|zone| (zone.kind, zone.area_m2()))
        .collect();
    let stations: BTreeMap<_, _> = world
        .reserve
        .stations
        .iter()
        .map(|station| (station.name, signed_area_m2(&station.ring)))
        .collect();
    json!({
        "area_m2": signed_area_m2(&world.reserve.boundary),
        "zones_area_m2": zones,
        "stations_area_m2": stations,
    })
}

/// Unfinished by the latest determination; where the city has not spoken, nothing is finished.
pub(crate) fn is_unfinished(carried: &[Carried], site: usize) -> bool {
    carried
        .iter()
        .rfind(|c| c.site == site)
        .is_some_and(|latest| latest.determination != "完成")
}

fn site_truth(world: &World, desk: &Desk, index: usize) -> Value {
    let site = &world.sites[index];
    let check = world.checks.iter().find(|check| check.site == Some(index));
    let clues: Vec<usize> = (0..desk.clues.len())
        .filter(|&clue| desk.clues[clue].site.as_ref() == Some(&site.key))
        .collect();
    let carried: Vec<_> = world.carried.iter().filter(|c| c.site == index).collect();
    json!({
        "key": site.key,
        "name": site.name,
        "activity_type_code": site.kind.code,
        "activity_type": site.kind.label,
        "subtype": site.kind.subtype,
        "focal_category": site.focal,
        "position": site.position,
        "zone": site.zone.map(|zone| ZONES[zone].0),
        "zone_shares": {"core": site.shares[0], "buffer": site.shares[1], "experimental": site.shares[2]},
        "station": STATIONS[site.station],
        "township": site.township,
        "village": site.village,
        "lon": site.center[0],
        "lat": site.center[1],
        "area_m2": site.area_m2,
        "area_mu": area_mu(site.area_m2),
        "built_on": site.built_on,
        "permits": site.permits,
        "current_status": site.status,
        "has_issue": site.has_issue,
        "ecological_effect": site.effect,
        "owner_name": site.kind.owner,
        "owner_kind": site.kind.owner_kind,
        "carried_over": carried,
        "is_unfinished": is_unfinished(&world.carried, index),
        "verified_on": check.map(|check| check.on),
        "conclusion": check.map(|check| check.conclusion),
        "suggested_disposal": check.map(|check| check.disposal),
        "is_missed": site.is_missed,
        "clues": clues,
    })
}

fn ledgers(world: &World, day: Day) -> Value {
    let (mut sites, mut focal, mut verified) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (index, site) in world.sites.iter().enumerate() {
        let check = world
            .checks
            .iter()
            .find(|check| check.site == Some(index) && check.on <= day);
        let is_known = site.is_in_reserve() && check.is_some();
        let is_unfinished = is_unfinished(&world.carried, index);
        if is_known || is_unfinished {
            sites.insert(&site.key);
        }
        if is_unfinished || is_known && site.focal.is_some() && site.has_issue != "否" {
            focal.insert(&site.key);
        }
        if is_unfinished || is_known && site.has_issue == "是" {
            verified.insert(&site.key);
        }
    }
    let of_station = |ledger: &BTreeSet<&String>, station: usize| -> usize {
        world
            .sites
            .iter()
            .filter(|site| site.station == station && ledger.contains(&site.key))
            .count()
    };
    let stations: BTreeMap<_, _> = STATIONS
        .iter()
        .enumerate()
        .map(|(station, name)| {
            let counts = [&sites, &focal, &verified].map(|ledger| of_station(ledger, station));
            (
                *name,
                json!({"sites": counts[0], "focal": counts[1], "verified": counts[2]}),
            )
        })
        .collect();
    json!({
        "counts": {"sites": sites.len(), "focal": focal.len(), "verified": verified.len()},
        "stations": stations,
        "sites": sites,
        "focal": focal,
        "verified": verified,
    })
}

fn patches(world: &World, is_explained: bool) -> Vec<&String> {
    world
        .nothings
        .iter()
        .filter(|nothing| nothing.is_explained == is_explained)
        .map(|nothing| &nothing.code)
        .collect()
}
