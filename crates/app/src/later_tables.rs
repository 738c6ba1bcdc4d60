//! 后出的表 — a register opened before a table was made goes by the one its campaign ships; what it was opened with stays
//! in the log as it is.

use std::collections::BTreeMap;

use domain::campaign::Campaign;
use domain::codes::{CodeBook, ListRef};

use crate::assets;
use crate::error::Error;
use crate::session::load_campaign;

/// Files that came to campaigns after registers were opened with them.
const LATER_TABLES: [&str; 7] = [
    "closing.toml",
    "deadlines.toml",
    "urging.toml",
    "suspicions.toml",
    "shots.toml",
    "patrols.toml",
    "capture.toml",
];
/// The file that names the code lists.
const CAMPAIGN: &str = "campaign.toml";

type Files = BTreeMap<String, String>;

/// The campaign of a register, with the later tables where they fit what it was opened with.
pub(crate) fn campaign_of(id: &str, files: &Files, codes: &CodeBook) -> Result<Campaign, Error> {
    let with_later = completed(id, files, codes);
    let fitting = with_later.and_then(|files| load_campaign(&files, codes).ok());
    match fitting {
        Some(campaign) => Ok(campaign),
        None => load_campaign(files, codes),
    }
}

/// The files with the tables they lack, and the lists these need; nothing where none is lacking.
fn completed(id: &str, files: &Files, codes: &CodeBook) -> Option<Files> {
    let shipped = assets::find_campaign(id)?;
    let is_later = |(name, _): &(&String, &String)| LATER_TABLES.contains(&name.as_str());
    let lacking: Vec<(&String, &String)> = shipped
        .iter()
        .filter(is_later)
        .filter(|(name, _)| !files.contains_key(*name))
        .collect();
    if lacking.is_empty() {
        return None;
    }
    let mut completed = files.clone();
    completed.extend(lacking.into_iter().map(|(n, t)| (n.clone(), t.clone())));
    let lists = with_later_lists(files.get(CAMPAIGN)?, shipped.get(CAMPAIGN)?, codes)?;
    completed.insert(CAMPAIGN.to_owned(), lists);
    Some(completed)
}

/// The campaign's text with the lists it lacks, and with later versions of those that only gained codes.
fn with_later_lists(own: &str, shipped: &str, codes: &CodeBook) -> Option<String> {
    let mut table: toml::Table = own.parse().ok()?;
    let shipped: toml::Table = shipped.parse().ok()?;
    let lists = table.get_mut("code_lists")?.as_table_mut()?;
    for (purpose, later) in shipped.get("code_lists")?.as_table()? {
        let is_taken = match lists.get(purpose) {
            None => true,
            Some(own) => only_gained(own, later, codes).unwrap_or(false),
        };
        if is_taken {
            lists.insert(purpose.clone(), later.clone());
        }
    }
    toml::to_string(&table).ok()
}

fn only_gained(own: &toml::Value, later: &toml::Value, codes: &CodeBook) -> Option<bool> {
    let list = |value: &toml::Value| codes.find_list(&value.as_str()?.parse::<ListRef>().ok()?);
    let (own, later) = (list(own)?, list(later)?);
    let has = |code: &str| later.codes.iter().any(|c| c.code == code);
    Some(own.id == later.id && own.codes.iter().all(|c| has(&c.code)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;
    use crate::session::load_codes;

    /// As registers were opened before issues were part of the program.
    fn early() -> Files {
        let mut files = assets::find_campaign("lvdun-2019").unwrap();
        files.retain(|name, _| !LATER_TABLES.contains(&name.as_str()));
        let campaign = files.get_mut(CAMPAIGN).unwrap();
        let later = [
            "measure",
            "close_out_case",
            "close_reason",
            "accept_level",
            "accept_result",
            "accept_method",
            "look_back",
            "relapse",
            "suspicion",
            "suspicion_verdict",
            "penalty",
            "accountability",
            "referral",
            "severity",
        ];
        let is_early = |line: &&str| {
            !later
                .iter()
                .any(|p| line.starts_with(&format!("{p} = \"CL-")))
        };
        let early: Vec<&str> = campaign.lines().filter(is_early).collect();
        let early = early.join("\n").replace("CL-URGE@2", "CL-URGE@1");
        *campaign = early.replace("[[urging]]\nkind = \"referral\"\nis_in_plan = false\n", "");
        files
    }

    #[test]
    fn a_register_opened_before_the_tables_goes_by_the_shipped_ones() {
        let codes = load_codes().unwrap();
        let campaign = campaign_of("lvdun-2019", &early(), &codes).unwrap();
        assert!(campaign.closing.is_some() && campaign.ladder.is_some());
        assert!(campaign.timers.is_some() && campaign.suspicions.is_some());
        assert_eq!(campaign.code_lists["urge"].version, "2");
    }

    #[test]
    fn a_campaign_that_the_tables_do_not_fit_opens_as_it_was() {
        let codes = load_codes().unwrap();
        let mut files = early();
        // A table of its own ladder that the shipped ones know nothing of: only its campaign names the list.
        let campaign = files.get_mut(CAMPAIGN).unwrap();
        *campaign = campaign.replace("urge = \"CL-URGE@1\"", "urge = \"CL-PROGRESS@1\"");
        let urgings = campaign.find("[[urging]]").unwrap();
        let rest = campaign.find("[focal]").unwrap();
        campaign.replace_range(urgings..rest, "");
        assert!(load_campaign(&files, &codes).is_ok(), "it reads by itself");
        let completed = completed("lvdun-2019", &files, &codes).unwrap();
        assert!(
            load_campaign(&completed, &codes).is_err(),
            "the ladder's rungs are no codes of its list"
        );
        let read = campaign_of("lvdun-2019", &files, &codes).unwrap();
        assert!(read.closing.is_none() && read.ladder.is_none());
        let unknown = campaign_of("unknown-campaign", &early(), &codes).unwrap();
        assert!(unknown.closing.is_none());
    }
}
