use std::collections::BTreeSet;

use jiff::civil::date;
use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::codes::ZoneKind;
use crate::shipped;

fn lvdun_2019() -> Campaign {
    shipped::campaign("lvdun-2019").0
}

#[rstest]
#[case("lvdun-2017")]
#[case("lvdun-2018")]
#[case("lvdun-2019")]
fn a_shipped_campaign_is_faultless(#[case] id: &str) {
    let (campaign, diagnostics) = shipped::campaign(id);
    assert_eq!(diagnostics, []);
    assert_eq!(campaign.id, id);
}

#[test]
fn the_plan_is_carried_completely() {
    let campaign = lvdun_2019();
    assert_eq!(
        campaign
            .tasks
            .iter()
            .map(|t| t.number.as_str())
            .collect::<Vec<_>>(),
        ["三（一）", "三（二）", "三（三）"]
    );
    let in_plan: Vec<&PlanSource> = campaign.sources.iter().filter(|s| s.is_in_plan).collect();
    assert_eq!(in_plan.len(), 5);
    let taken: BTreeSet<SourceKind> = campaign
        .sources
        .iter()
        .flat_map(|s| s.kinds.iter().copied())
        .collect();
    assert_eq!(
        taken.len(),
        SourceKind::ALL.len(),
        "every source kind has its line"
    );
    let due: Vec<String> = campaign
        .milestones
        .iter()
        .map(|m| m.due_on.to_string())
        .collect();
    assert_eq!(
        due,
        [
            "2019-08-16",
            "2019-08-18",
            "2019-08-19",
            "2019-08-29",
            "2019-09-30",
            "2019-12-31"
        ]
    );
    assert_eq!(campaign.milestones[3].from_on, Some(date(2019, 8, 20)));
    assert_eq!(campaign.legal_texts.len(), 8);
    assert_eq!(campaign.stations.len(), 4);
    assert_eq!(campaign.leading_group.unwrap().deputies.len(), 4);
}

/// The plan prints names; the repository carries posts. Read from the plan itself, so that no name stands here.
#[test]
fn no_personal_name_of_the_plan_is_in_the_configuration() {
    let path = shipped::root().join("../shared/source/绿盾2019-实施方案.txt");
    let Ok(plan) = std::fs::read_to_string(path) else {
        return;
    };
    let heads = plan.split("同志").filter_map(|before| {
        let name: Vec<char> = before
            .chars()
            .rev()
            .take_while(|c| !"，。、；局长任副组".contains(*c))
            .collect();
        (2..=3)
            .contains(&name.len())
            .then(|| name.into_iter().rev().collect::<String>())
    });
    let members = plan
        .split_once("成员由")
        .and_then(|(_, rest)| rest.split_once("组成"))
        .map(|(names, _)| names)
        .unwrap();
    let names: BTreeSet<String> = heads
        .chain(members.split('、').map(str::to_owned))
        .collect();
    assert!(names.len() >= 11, "the plan's names were found: {names:?}");
    for (file, text) in shipped::campaign_files("lvdun-2019") {
        for name in &names {
            assert!(!text.contains(name.as_str()), "{file} names a person");
        }
    }
}

#[test]
fn the_misprinted_title_is_kept_beside_the_right_one() {
    let campaign = lvdun_2019();
    let text = campaign
        .legal_texts
        .iter()
        .find(|t| t.number.as_deref() == Some("甘政办发〔2018〕85号"))
        .unwrap();
    assert!(text.title.contains("分类处置"));
    assert!(text.printed_as.as_ref().unwrap().contains("分类处理"));
}

#[rstest]
#[case("后河")]
#[case("后河保护站")]
#[case("后河站")]
#[case("ＨＨ")]
#[case("houhe")]
#[case(" 后 河 ")]
fn a_station_is_known_by_any_of_its_names(#[case] text: &str) {
    assert_eq!(
        lvdun_2019()
            .find_station_by_text(text)
            .map(|s| s.id.as_str()),
        Some("houhe")
    );
}

#[rstest]
#[case("")]
#[case("站")]
#[case("保护站")]
#[case("白水")]
fn an_unknown_station_is_not_guessed(#[case] text: &str) {
    assert_eq!(lvdun_2019().find_station_by_text(text), None);
}

#[test]
fn every_station_has_its_area_lead() {
    let campaign = lvdun_2019();
    for (station, label) in [
        ("houhe", "副组长（包抓领导·后河）"),
        ("mawu", "副组长（包抓领导·麻武）"),
        ("taitong", "副组长（包抓领导·太统）"),
        ("kongtongshan", "副组长（包抓领导·崆峒山）"),
    ] {
        assert_eq!(
            campaign
                .find_area_lead(station, date(2019, 8, 18))
                .unwrap()
                .label,
            label
        );
    }
    assert_eq!(campaign.find_area_lead("baishui", date(2019, 8, 18)), None);
}

#[test]
fn a_responsibility_in_force_outweighs_the_stations_entry() {
    let mut campaign = lvdun_2019();
    campaign.responsibilities[0].lead = "lead_mawu".into();
    campaign.responsibilities[0].to_on = Some(date(2019, 8, 20));
    assert_eq!(
        campaign
            .find_area_lead("houhe", date(2019, 8, 20))
            .unwrap()
            .id,
        "lead_mawu"
    );
    assert_eq!(
        campaign
            .find_area_lead("houhe", date(2019, 8, 21))
            .unwrap()
            .id,
        "lead_houhe"
    );
}

#[rstest]
#[case::quarry(Some("A04"), None, None, 2019, Some("quarry_sand"), "F01")]
#[case::soil_pit_listed_as_works(Some("A03"), Some("soil"), None, 2019, Some("quarry_sand"), "F02")]
#[case::factory(
    Some("A03"),
    Some("factory"),
    Some(ZoneKind::Experimental),
    2019,
    Some("industrial_mining"),
    "F03"
)]
#[case::works_of_unknown_kind(Some("A03"), None, None, 2019, Some("industrial_mining"), "F03")]
#[case::core_tourism(
    Some("A06"),
    None,
    Some(ZoneKind::Core),
    2019,
    Some("core_tourism"),
    "F04"
)]
#[case::core_protection(
    Some("A06"),
    None,
    Some(ZoneKind::CoreProtection),
    2019,
    Some("core_tourism"),
    "F04"
)]
#[case::buffer_in_2019(Some("A06"), None, Some(ZoneKind::Buffer), 2019, None, "none")]
#[case::buffer_in_2020(
    Some("A06"),
    None,
    Some(ZoneKind::Buffer),
    2020,
    Some("core_tourism"),
    "F05"
)]
#[case::unzoned_in_2018(
    Some("A06"),
    None,
    Some(ZoneKind::Unzoned),
    2018,
    Some("core_tourism"),
    "F05"
)]
#[case::experimental_in_2020(Some("A06"), None, Some(ZoneKind::Experimental), 2020, None, "none")]
#[case::zone_not_known(Some("A06"), None, None, 2019, None, "zone_kind")]
#[case::hydropower(
    Some("A05"),
    Some("hydropower"),
    Some(ZoneKind::Experimental),
    2019,
    Some("hydropower"),
    "F06"
)]
#[case::wind(Some("A05"), Some("wind"), Some(ZoneKind::Core), 2019, None, "none")]
#[case::energy_of_unknown_kind(
    Some("A05"),
    None,
    Some(ZoneKind::Core),
    2019,
    None,
    "activity_subtype"
)]
#[case::houses(Some("A02"), None, Some(ZoneKind::Core), 2019, None, "none")]
#[case::class_not_known(None, None, None, 2019, None, "activity_type_code")]
fn focal_is_computed_from_class_subtype_zone_and_year(
    #[case] activity: Option<&str>,
    #[case] subtype: Option<&str>,
    #[case] zone: Option<ZoneKind>,
    #[case] year: i16,
    #[case] expected: Option<&str>,
    #[case] why: &str,
) {
    let finding = lvdun_2019().is_focal(activity, subtype, zone, year);
    assert_eq!(finding.category.as_ref().map(|c| c.0.as_str()), expected);
    let given = match &finding.why {
        FocalWhy::Rule { id, .. } => id,
        FocalWhy::Missing { fact, .. } => fact,
        FocalWhy::NoRule => "none",
        FocalWhy::NoProfile => "no profile",
    };
    assert_eq!(given, why);
}

#[test]
fn two_years_word_the_same_buffer_zone_tourism_differently() {
    let tourism = |id: &str| {
        let finding =
            shipped::campaign(id)
                .0
                .is_focal(Some("A06"), None, Some(ZoneKind::Buffer), 2019);
        finding.category.map(|c| c.0)
    };
    assert_eq!(tourism("lvdun-2019"), None);
    assert_eq!(tourism("lvdun-2018"), Some("zone_tourism".into()));
    assert_eq!(tourism("lvdun-2017"), None);
}

#[test]
fn the_three_ledgers_show_what_the_plan_demands() {
    let campaign = lvdun_2019();
    let views: Vec<LedgerView> = campaign.ledgers.iter().map(|l| l.view).collect();
    assert_eq!(views, LedgerView::ALL);
    let demanded = [
        "facility_name",
        "activity_label",
        "lon",
        "lat",
        "zone_label",
        "scale_text",
        "area_m2",
        "built_on",
        "permits_text",
        "current_status",
        "has_issue",
    ];
    let sites = campaign.find_ledger(LedgerView::Sites).unwrap();
    for key in demanded {
        assert!(
            sites.find_column(key).is_some_and(|c| c.is_required),
            "{key}"
        );
    }
    let focal = campaign.find_ledger(LedgerView::Focal).unwrap();
    assert!(
        ["focal_category", "determination", "area_lead", "due_on"]
            .iter()
            .all(|k| focal.find_column(k).is_some())
    );
    let verified = campaign.find_ledger(LedgerView::Verified).unwrap();
    assert!(
        ["verified_at", "team", "clue_truth", "suggested_disposal"]
            .iter()
            .all(|k| verified.find_column(k).is_some())
    );
}

#[test]
fn the_columns_of_a_heading_group_stand_together() {
    for ledger in lvdun_2019().ledgers {
        let mut runs: Vec<&str> = ledger
            .columns
            .iter()
            .map(|c| c.group.as_deref().unwrap_or(""))
            .collect();
        runs.dedup();
        let groups: Vec<&&str> = runs.iter().filter(|g| !g.is_empty()).collect();
        assert_eq!(
            groups.len(),
            groups.iter().collect::<BTreeSet<_>>().len(),
            "{:?}",
            ledger.view
        );
    }
}

#[test]
fn what_2017_and_2018_left_unfinished_is_carried_over() {
    let carried: Vec<SourceKind> = lvdun_2019().carried_over_sources().collect();
    assert_eq!(carried, [SourceKind::Lvdun2017, SourceKind::Lvdun2018]);
}

#[test]
fn on_the_eighteenth_the_station_ledgers_are_next() {
    let campaign = lvdun_2019();
    let next = campaign.milestones_ahead(date(2019, 8, 18)).next().unwrap();
    assert_eq!(
        (next.id.as_str(), next.ledgers.len()),
        ("station_ledgers", 3)
    );
    assert_eq!(campaign.milestones_ahead(date(2020, 1, 1)).count(), 0);
}

#[test]
fn site_codes_follow_the_stations() {
    let campaign = lvdun_2019();
    let station = campaign.find_station("kongtongshan").unwrap();
    let code = campaign
        .numbering
        .as_ref()
        .unwrap()
        .next(campaign.year, Some(&station.code), []);
    assert_eq!(code.to_string(), "2019-620802-KT-0001");
}

fn with(change: impl Fn(&str) -> String) -> Vec<String> {
    let mut files = shipped::campaign_files("lvdun-2019");
    for text in files.values_mut() {
        *text = change(text);
    }
    let diagnostics = Campaign::from_files(&files, &shipped::code_book().0)
        .unwrap()
        .1;
    diagnostics
        .iter()
        .map(|d| d.code.to_string())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

#[rstest]
#[case(
    "seat = \"资源保护科\"",
    "seat = \"资源保护科\"\nfloor = 3",
    "campaign.unknown_key"
)]
#[case(
    "director = \"office_director\"",
    "director = \"nobody\"",
    "campaign.unknown_post"
)]
#[case(
    "station = \"houhe\"",
    "station = \"baishui\"",
    "campaign.unknown_station"
)]
#[case("code = \"MW\"", "code = \"HH\"", "campaign.repeated")]
#[case(
    "activity = \"CL-ACT14@2014\"",
    "activity = \"CL-ACT14@1999\"",
    "campaign.unknown_list"
)]
#[case(
    "activities = [\"A04\"]",
    "activities = [\"A44\"]",
    "campaign.unknown_code"
)]
#[case(
    "category = \"hydropower\"",
    "category = \"dock\"",
    "campaign.unknown_code"
)]
#[case("kind = \"phone\"", "kind = \"pigeon\"", "campaign.unknown_code")]
#[case(
    "due_on = \"2019-08-19\"",
    "due_on = \"2019-08-09\"",
    "campaign.dates_backwards"
)]
#[case(
    "ended_on = \"2019-12-31\"",
    "ended_on = \"2018-12-31\"",
    "campaign.dates_backwards"
)]
#[case("same_iou = 0.3", "same_iou = 3.0", "campaign.figure")]
#[case("near_distance_m = 200.0", "near_distance_m = nan", "campaign.figure")]
#[case("area = \"620802\"", "area = \"崆峒区\"", "campaign.numbering")]
#[case(
    "key = \"owner_name\"",
    "key = \"owner_shoe_size\"",
    "campaign.unknown_column"
)]
#[case("key = \"owner_name\"", "key = \"note\"", "campaign.repeated")]
#[case(
    "validation = \"zone\"",
    "validation = \"colour\"",
    "campaign.unknown_list"
)]
#[case("view = \"focal\"", "view = \"sites\"", "campaign.repeated")]
#[case("to = \"merged\"", "to = \"swallowed\"", "flow.dangling_state")]
fn a_slip_in_the_configuration_is_found(#[case] from: &str, #[case] to: &str, #[case] code: &str) {
    let found = with(|text| text.replacen(from, to, 1));
    assert!(found.iter().any(|c| c == code), "{found:?}");
}

#[rstest]
#[case("started_on = \"2019-08-16\"", "started_on = \"soon\"")]
#[case("format = \"lon_lat\"", "format = \"roman\"")]
#[case("format = \"decimal:2\"", "format = \"decimal:200\"")]
#[case("kinds = [\"petition\"]", "kinds = [\"rumour\"]")]
fn what_has_no_meaning_is_an_error(#[case] from: &str, #[case] to: &str) {
    let mut files = shipped::campaign_files("lvdun-2019");
    files
        .values_mut()
        .for_each(|text| *text = text.replacen(from, to, 1));
    assert!(matches!(
        Campaign::from_files(&files, &CodeBook::default()),
        Err(ReadError::Parse { .. })
    ));
}

#[test]
fn a_folder_without_its_campaign_file_is_an_error() {
    let missing = Campaign::from_files(&BTreeMap::new(), &CodeBook::default());
    assert!(matches!(missing, Err(ReadError::Missing { .. })));
}

#[test]
fn the_configuration_survives_being_written_and_read() {
    let campaign = lvdun_2019();
    let text = toml::to_string(&campaign).unwrap();
    let (again, diagnostics) = Campaign::from_toml(&text).unwrap();
    assert_eq!(diagnostics, []);
    assert_eq!(
        again,
        Campaign {
            ledgers: vec![],
            flow: None,
            closing: None,
            timers: None,
            ladder: None,
            suspicions: None,
            shots: vec![],
            patrols: None,
            capture: None,
            ..campaign
        }
    );
}

proptest! {
    #[test]
    fn any_text_is_a_campaign_or_an_error(text in ".{0,300}") {
        let _ = Campaign::from_toml(&text);
    }

    #[test]
    fn a_torn_file_never_panics(cut in any::<prop::sample::Index>()) {
        let mut files = shipped::campaign_files("lvdun-2019");
        for text in files.values_mut() {
            let ends: Vec<usize> = text.char_indices().map(|(i, _)| i).collect();
            text.truncate(ends[cut.index(ends.len())]);
        }
        let _ = Campaign::from_files(&files, &CodeBook::default());
    }
}
