//! Cross references of a campaign: whatever is named must exist.

use std::collections::BTreeSet;

use spatial::diagnostic::Diagnostic;

use super::{COLUMN_KEYS, Campaign, LedgerTemplate};
use crate::codes::CodeBook;
use crate::reading::place;

const CAMPAIGN: &str = "campaign.toml";
const LEDGERS: &str = "ledgers.toml";
const CLOSING: &str = "closing.toml";
const URGING: &str = "urging.toml";

pub(super) fn faults(campaign: &Campaign, codes: &CodeBook) -> Vec<Diagnostic> {
    let mut faults = dates(campaign);
    faults.extend(posts(campaign));
    faults.extend(stations(campaign));
    faults.extend(lists(campaign, codes));
    faults.extend(focal(campaign, codes));
    faults.extend(urging(campaign, codes));
    faults.extend(closing(campaign, codes));
    faults.extend(figures(campaign));
    faults.extend(campaign.ledgers.iter().flat_map(|l| ledger(campaign, l)));
    faults.extend(repeated(
        LEDGERS,
        "ledgers",
        campaign.ledgers.iter().map(|l| l.view.code()),
    ));
    faults
}

fn fault(code: &'static str, file: &str, path: &str, name: impl ToString) -> Diagnostic {
    Diagnostic::error(code)
        .arg("name", name)
        .at(place(file, path))
}

fn repeated<'a>(file: &str, path: &str, names: impl Iterator<Item = &'a str>) -> Vec<Diagnostic> {
    let mut seen = BTreeSet::new();
    let twice = names.filter(|n| !seen.insert(*n));
    twice
        .map(|n| fault("campaign.repeated", file, path, n))
        .collect()
}

fn dates(campaign: &Campaign) -> Vec<Diagnostic> {
    let backwards = |path: &str| fault("campaign.dates_backwards", CAMPAIGN, path, path);
    let mut faults = Vec::new();
    if campaign.ended_on < campaign.started_on {
        faults.push(backwards("ended_on"));
    }
    for milestone in &campaign.milestones {
        if milestone
            .from_on
            .is_some_and(|from| from > milestone.due_on)
        {
            faults.push(backwards(&format!("milestones.{}", milestone.id)));
        }
    }
    for pair in campaign
        .milestones
        .windows(2)
        .filter(|p| p[1].due_on < p[0].due_on)
    {
        faults.push(backwards(&format!("milestones.{}", pair[1].id)));
    }
    let responsibilities = campaign.responsibilities.iter();
    let reversed = responsibilities.filter(|r| r.to_on.is_some_and(|to| to < r.from_on));
    faults.extend(reversed.map(|r| backwards(&format!("responsibilities.{}", r.station))));
    faults.extend(repeated(
        CAMPAIGN,
        "milestones",
        campaign.milestones.iter().map(|m| m.id.as_str()),
    ));
    faults
}

fn posts(campaign: &Campaign) -> Vec<Diagnostic> {
    let mut named: Vec<(String, &str)> = Vec::new();
    if let Some(group) = &campaign.leading_group {
        named.extend(
            std::iter::once(&group.head)
                .chain(&group.deputies)
                .map(|p| ("leading_group".to_owned(), p.as_str())),
        );
    }
    named.extend(
        campaign
            .office
            .iter()
            .map(|o| ("office.director".to_owned(), o.director.as_str())),
    );
    named.extend(
        campaign
            .stations
            .iter()
            .map(|s| (format!("stations.{}", s.id), s.area_lead.as_str())),
    );
    named.extend(
        campaign
            .responsibilities
            .iter()
            .map(|r| (format!("responsibilities.{}", r.station), r.lead.as_str())),
    );
    for milestone in &campaign.milestones {
        named.extend(
            milestone
                .duty
                .iter()
                .map(|p| (format!("milestones.{}", milestone.id), p.as_str())),
        );
    }
    for requirement in &campaign.requirements {
        let posts = requirement.posts.iter().chain(&requirement.enforced_by);
        named.extend(posts.map(|p| (format!("requirements.{}", requirement.number), p.as_str())));
    }
    let unknown = named
        .into_iter()
        .filter(|(_, post)| campaign.find_post(post).is_none());
    let mut faults: Vec<Diagnostic> = unknown
        .map(|(path, post)| fault("campaign.unknown_post", CAMPAIGN, &path, post))
        .collect();
    faults.extend(repeated(
        CAMPAIGN,
        "posts",
        campaign.posts.iter().map(|p| p.id.as_str()),
    ));
    faults
}

fn stations(campaign: &Campaign) -> Vec<Diagnostic> {
    let unknown = campaign
        .responsibilities
        .iter()
        .filter(|r| campaign.find_station(&r.station).is_none());
    let mut faults: Vec<Diagnostic> = unknown
        .map(|r| {
            fault(
                "campaign.unknown_station",
                CAMPAIGN,
                "responsibilities",
                &r.station,
            )
        })
        .collect();
    faults.extend(repeated(
        CAMPAIGN,
        "stations",
        campaign.stations.iter().map(|s| s.id.as_str()),
    ));
    faults.extend(repeated(
        CAMPAIGN,
        "stations",
        campaign.stations.iter().map(|s| s.code.as_str()),
    ));
    let numbering = campaign.numbering.iter().filter(|n| !n.is_valid());
    faults.extend(numbering.map(|n| fault("campaign.numbering", CAMPAIGN, "numbering", &n.area)));
    faults
}

fn lists(campaign: &Campaign, codes: &CodeBook) -> Vec<Diagnostic> {
    let unknown = campaign
        .code_lists
        .iter()
        .filter(|(_, list)| codes.find_list(list).is_none());
    unknown
        .map(|(purpose, list)| {
            fault(
                "campaign.unknown_list",
                CAMPAIGN,
                &format!("code_lists.{purpose}"),
                list,
            )
        })
        .collect()
}

fn focal(campaign: &Campaign, codes: &CodeBook) -> Vec<Diagnostic> {
    let Some(profile) = &campaign.focal else {
        return Vec::new();
    };
    let mut faults = Vec::new();
    let mut check = |purpose: &str, code: &str, path: &str| {
        if campaign
            .find_list(codes, purpose)
            .is_some_and(|l| l.find_code(code).is_none())
        {
            faults.push(fault("campaign.unknown_code", CAMPAIGN, path, code));
        }
    };
    profile
        .categories
        .iter()
        .for_each(|c| check("focal", &c.0, "focal.categories"));
    for rule in &profile.rules {
        let path = format!("focal.rules.{}", rule.id);
        check("focal", &rule.category.0, &path);
        rule.activities
            .iter()
            .for_each(|a| check("activity", a, &path));
        rule.subtypes
            .iter()
            .for_each(|s| check("subtype", s, &path));
    }
    let outside = profile
        .rules
        .iter()
        .filter(|r| !profile.categories.contains(&r.category));
    faults.extend(outside.map(|r| {
        fault(
            "campaign.unknown_code",
            CAMPAIGN,
            &format!("focal.rules.{}", r.id),
            &r.category.0,
        )
    }));
    faults.extend(repeated(
        CAMPAIGN,
        "focal.rules",
        profile.rules.iter().map(|r| r.id.as_str()),
    ));
    faults
}

fn urging(campaign: &Campaign, codes: &CodeBook) -> Vec<Diagnostic> {
    let Some(list) = campaign.find_list(codes, "urge") else {
        return Vec::new();
    };
    let rungs = campaign.ladder.iter().flat_map(|l| &l.rungs);
    let named = campaign
        .urging
        .iter()
        .map(|u| (CAMPAIGN, "urging", &u.kind))
        .chain(rungs.map(|r| (URGING, "rungs", &r.kind)));
    let unknown = named.filter(|(_, _, kind)| list.find_code(kind).is_none());
    unknown
        .map(|(file, path, kind)| fault("campaign.unknown_code", file, path, kind))
        .collect()
}

/// Cases and conditions that decide by activity, subtype, zone, nature or effect name codes of the campaign's lists.
fn closing(campaign: &Campaign, codes: &CodeBook) -> Vec<Diagnostic> {
    let Some(closing) = &campaign.closing else {
        return Vec::new();
    };
    let named = closing.case_rules.iter().flat_map(|rule| {
        let lists = [
            ("activity", &rule.activities),
            ("subtype", &rule.subtypes),
            ("zone", &rule.zones),
            ("character", &rule.characters),
            ("ecological_effect", &rule.effects),
        ];
        lists.into_iter().flat_map(move |(purpose, values)| {
            values.iter().map(move |value| (rule, purpose, value))
        })
    });
    let unknown = named.filter(|(_, purpose, value)| {
        let list = campaign.find_list(codes, purpose);
        list.is_some_and(|l| l.find_code(value).is_none())
    });
    unknown
        .map(|(rule, _, value)| {
            let path = format!("case_rules.{}", rule.id);
            fault("campaign.unknown_code", CLOSING, &path, value)
        })
        .collect()
}

fn figures(campaign: &Campaign) -> Vec<Diagnostic> {
    let t = &campaign.thresholds;
    let shares = [
        ("same_iou", t.same_iou),
        ("overlap_share", t.overlap_share),
        ("sliver_share", t.sliver_share),
        (
            "target_completion_rate",
            campaign.target_completion_rate.unwrap_or(0.0),
        ),
    ];
    let lengths = [
        ("same_code_distance_m", t.same_code_distance_m),
        ("near_distance_m", t.near_distance_m),
        ("near_and_alike_distance_m", t.near_and_alike_distance_m),
        ("sliver_m2", t.sliver_m2),
        ("minimum_area_m2", t.minimum_area_m2),
        ("outside_doubt_m", t.outside_doubt_m),
        ("area_difference_share", t.area_difference_share),
    ];
    let bad_shares = shares.into_iter().filter(|(_, v)| !(0.0..=1.0).contains(v));
    let bad_lengths = lengths
        .into_iter()
        .filter(|(_, v)| !(v.is_finite() && *v >= 0.0));
    bad_shares
        .chain(bad_lengths)
        .map(|(name, _)| fault("campaign.figure", CAMPAIGN, "thresholds", name))
        .collect()
}

fn ledger(campaign: &Campaign, ledger: &LedgerTemplate) -> Vec<Diagnostic> {
    let path = format!("ledgers.{}", ledger.view.code());
    let mut faults = repeated(
        LEDGERS,
        &path,
        ledger.columns.iter().map(|c| c.key.as_str()),
    );
    for column in &ledger.columns {
        if !COLUMN_KEYS.contains(&column.key.as_str()) {
            faults.push(fault(
                "campaign.unknown_column",
                LEDGERS,
                &path,
                &column.key,
            ));
        }
        let purpose = column
            .validation
            .iter()
            .filter(|v| !campaign.code_lists.contains_key(v.as_str()));
        faults.extend(purpose.map(|v| fault("campaign.unknown_list", LEDGERS, &path, v)));
        if !(column.width > 0.0 && column.width <= 255.0) {
            faults.push(fault("campaign.figure", LEDGERS, &path, &column.key));
        }
    }
    faults
}
