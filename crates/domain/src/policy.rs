//! 权限 — who may do what to what, as data. Callers ask [`may`]; lists are filtered by the scope of [`scope_of`], which
//! is the same rule seen from the other side. No other code mentions a role.

use std::fmt;

use serde::{Deserialize, Serialize};

mod matrix;

pub use matrix::{Action, MARKED_EXPORTS, Reach, Role, SEPARATED, matrix, reach};

/// 行为人 — who asks, as what, and what is theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Account of the person; the same person in two roles keeps one id.
    pub id: String,
    pub role: Role,
    pub unit: String,
    /// Stations that are theirs: a ranger's own, an area lead's several.
    #[serde(default)]
    pub station_ids: Vec<String>,
    #[serde(default)]
    pub reserve_code: Option<String>,
    /// GB/T 2260 code of the division the office is of; the first two digits are the province, four the city.
    #[serde(default)]
    pub division_code: Option<String>,
}

/// 对象 — what is asked about, by where it belongs. What is not known belongs to nobody below the reserve.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Resource {
    pub reserve_code: Option<String>,
    pub division_code: Option<String>,
    pub station_id: Option<String>,
    /// 整改责任单位
    pub responsible_unit: Option<String>,
    /// What was done to it before, and by which account; for the separation of duties.
    pub done: Vec<(Action, String)>,
}

/// 范围 — everything an actor may do an action to; also the filter of lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    Nothing,
    /// Things in the territory of these stations of one reserve.
    Stations {
        reserve_code: String,
        station_ids: Vec<String>,
    },
    /// Things for which this unit is answerable.
    ResponsibleUnit(String),
    Reserve(String),
    /// Things in divisions whose code begins so.
    Division(String),
    Everything,
}

impl Scope {
    /// Whether `resource` is inside.
    pub fn covers(&self, resource: &Resource) -> bool {
        let is = |field: &Option<String>, wanted: &str| field.as_deref() == Some(wanted);
        match self {
            Self::Nothing => false,
            Self::Stations {
                reserve_code,
                station_ids,
            } => {
                is(&resource.reserve_code, reserve_code)
                    && resource
                        .station_id
                        .as_ref()
                        .is_some_and(|s| station_ids.contains(s))
            }
            Self::ResponsibleUnit(unit) => is(&resource.responsible_unit, unit),
            Self::Reserve(code) => is(&resource.reserve_code, code),
            Self::Division(prefix) => resource
                .division_code
                .as_ref()
                .is_some_and(|d| d.starts_with(prefix.as_str())),
            Self::Everything => true,
        }
    }
}

/// 不予办理的原因 — which rule said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The role may never do this.
    RoleMayNot,
    /// The role may, but not to this.
    OutOfScope,
    /// The same person did what this action is to check.
    OwnWork,
}

impl Reason {
    /// Stable code of the sentence people read.
    pub fn code(self) -> &'static str {
        match self {
            Self::RoleMayNot => "policy.role_may_not",
            Self::OutOfScope => "policy.out_of_scope",
            Self::OwnWork => "policy.own_work",
        }
    }
}

/// 不予办理 — who may not do what, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Denied {
    pub role: Role,
    pub action: Action,
    pub reason: Reason,
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} may not {}: {}",
            self.role.code(),
            self.action.code(),
            self.reason.code()
        )
    }
}

/// Whether `actor` may do `action` to `resource`.
pub fn may(actor: &Actor, action: Action, resource: &Resource) -> Result<(), Denied> {
    let deny = |reason| {
        Err(Denied {
            role: actor.role,
            action,
            reason,
        })
    };
    if reach(actor.role, action) == Reach::None {
        return deny(Reason::RoleMayNot);
    }
    if !scope_of(actor, action).covers(resource) {
        return deny(Reason::OutOfScope);
    }
    if is_own_work(actor, action, resource) {
        return deny(Reason::OwnWork);
    }
    Ok(())
}

/// Everything `actor` may do `action` to. An actor whose station, reserve, division or unit is not known has no scope
/// that depends on it.
pub fn scope_of(actor: &Actor, action: Action) -> Scope {
    let division = |digits: usize| {
        let code = actor.division_code.as_deref().and_then(|d| d.get(..digits));
        code.map_or(Scope::Nothing, |d| Scope::Division(d.to_owned()))
    };
    match reach(actor.role, action) {
        Reach::None => Scope::Nothing,
        Reach::Stations => stations_of(actor),
        Reach::Unit if actor.unit.is_empty() => Scope::Nothing,
        Reach::Unit => Scope::ResponsibleUnit(actor.unit.clone()),
        Reach::Reserve => actor
            .reserve_code
            .clone()
            .map_or(Scope::Nothing, Scope::Reserve),
        Reach::City => division(4),
        Reach::Province => division(2),
        Reach::Everything => Scope::Everything,
    }
}

fn stations_of(actor: &Actor) -> Scope {
    match &actor.reserve_code {
        Some(code) if !actor.station_ids.is_empty() => Scope::Stations {
            reserve_code: code.clone(),
            station_ids: actor.station_ids.clone(),
        },
        _ => Scope::Nothing,
    }
}

fn is_own_work(actor: &Actor, action: Action, resource: &Resource) -> bool {
    let checked = |done: &Action| SEPARATED.contains(&(action, *done));
    resource
        .done
        .iter()
        .any(|(done, by)| *by == actor.id && checked(done))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    const RESERVE: &str = "N1-062";

    fn actor(role: Role) -> Actor {
        Actor {
            id: "账号甲".into(),
            role,
            unit: "某责任单位".into(),
            station_ids: vec!["houhe".into()],
            reserve_code: Some(RESERVE.into()),
            division_code: Some("620802".into()),
        }
    }

    fn site(station: &str) -> Resource {
        Resource {
            reserve_code: Some(RESERVE.into()),
            division_code: Some("620802".into()),
            station_id: Some(station.into()),
            ..Resource::default()
        }
    }

    #[rstest]
    #[case(Role::StationHead, "houhe", None)]
    #[case(Role::StationHead, "mawu", Some(Reason::OutOfScope))]
    #[case(Role::AreaLead, "mawu", Some(Reason::OutOfScope))]
    #[case(Role::Office, "mawu", None)]
    #[case(Role::Discipline, "houhe", Some(Reason::RoleMayNot))]
    #[case(Role::Public, "houhe", Some(Reason::RoleMayNot))]
    fn a_station_verifies_its_own_sites_only(
        #[case] role: Role,
        #[case] station: &str,
        #[case] expected: Option<Reason>,
    ) {
        let answer = may(&actor(role), Action::Verify, &site(station));
        assert_eq!(answer.err().map(|d| d.reason), expected);
    }

    #[test]
    fn nobody_confirms_their_own_override() {
        let mut resource = site("houhe");
        resource.done = vec![(Action::Characterize, "账号甲".into())];
        let own = may(&actor(Role::Office), Action::ConfirmOverride, &resource).unwrap_err();
        assert_eq!(own.reason, Reason::OwnWork);
        let second = Actor {
            id: "账号乙".into(),
            ..actor(Role::Office)
        };
        assert_eq!(may(&second, Action::ConfirmOverride, &resource), Ok(()));
        let other_role = actor(Role::BureauLeader);
        assert!(
            may(&other_role, Action::ConfirmOverride, &resource).is_err(),
            "one person in two roles is one person"
        );
    }

    #[test]
    fn a_station_cannot_make_a_site_vanish() {
        for action in [Action::WithdrawSite, Action::MergeSites] {
            assert_eq!(
                may(&actor(Role::StationHead), action, &site("houhe"))
                    .unwrap_err()
                    .reason,
                Reason::RoleMayNot
            );
        }
    }

    #[test]
    fn accusations_do_not_reach_stations_or_the_accused() {
        for role in [
            Role::Ranger,
            Role::StationHead,
            Role::AreaLead,
            Role::ResponsibleUnit,
            Role::Public,
            Role::Operator,
        ] {
            assert_eq!(
                reach(role, Action::ReadPetitions),
                Reach::None,
                "{}",
                role.code()
            );
        }
    }

    #[test]
    fn anybody_may_check_the_log() {
        for role in Role::ALL {
            assert_eq!(
                may(&actor(*role), Action::VerifyLog, &Resource::default()),
                Ok(())
            );
        }
    }

    #[test]
    fn an_actor_without_a_place_has_no_scope() {
        for role in Role::ALL {
            let lost = Actor {
                station_ids: vec![],
                reserve_code: None,
                division_code: None,
                unit: String::new(),
                ..actor(*role)
            };
            for action in Action::ALL {
                let everywhere = reach(*role, *action) == Reach::Everything;
                assert_eq!(
                    scope_of(&lost, *action) != Scope::Nothing,
                    everywhere,
                    "{} {}",
                    role.code(),
                    action.code()
                );
            }
        }
    }

    #[test]
    fn a_province_sees_its_cities_and_no_other_province() {
        let province = Actor {
            reserve_code: None,
            station_ids: vec![],
            division_code: Some("620000".into()),
            ..actor(Role::Province)
        };
        let elsewhere = Resource {
            division_code: Some("640425".into()),
            ..site("houhe")
        };
        assert_eq!(may(&province, Action::ReadLedgers, &site("houhe")), Ok(()));
        assert_eq!(
            may(&province, Action::ReadLedgers, &elsewhere)
                .unwrap_err()
                .reason,
            Reason::OutOfScope
        );
    }

    fn any_of<T: Copy + fmt::Debug>(all: &'static [T]) -> impl Strategy<Value = T> {
        prop::sample::select(all)
    }

    fn maybe(all: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
        prop::option::of(any_of(all).prop_map(str::to_owned))
    }

    fn any_actor() -> impl Strategy<Value = Actor> {
        let stations = prop::collection::vec(
            any_of(&["houhe", "mawu", "taitong"]).prop_map(str::to_owned),
            0..3,
        );
        let divisions = maybe(&["620802", "620800", "620000", "640425", "6", "平凉"]);
        (
            any_of(Role::ALL),
            stations,
            maybe(&[RESERVE, "N1-007"]),
            divisions,
            any_of(&["", "甲局", "乙局"]),
            any_of(&["甲", "乙"]),
        )
            .prop_map(
                |(role, station_ids, reserve_code, division_code, unit, id)| Actor {
                    id: id.into(),
                    role,
                    unit: unit.into(),
                    station_ids,
                    reserve_code,
                    division_code,
                },
            )
    }

    fn any_resource() -> impl Strategy<Value = Resource> {
        let done = prop::collection::vec(
            (
                any_of(Action::ALL),
                any_of(&["甲", "乙"]).prop_map(str::to_owned),
            ),
            0..4,
        );
        (
            maybe(&[RESERVE, "N1-007"]),
            maybe(&["620802", "620821", "640425"]),
            maybe(&["houhe", "mawu"]),
            maybe(&["甲局", ""]),
            done,
        )
            .prop_map(
                |(reserve_code, division_code, station_id, responsible_unit, done)| Resource {
                    reserve_code,
                    division_code,
                    station_id,
                    responsible_unit,
                    done,
                },
            )
    }

    /// The matrix read word by word, without scopes: an independent account of what a single check should say.
    fn plainly_allowed(actor: &Actor, action: Action, resource: &Resource) -> bool {
        let same_reserve =
            actor.reserve_code.is_some() && actor.reserve_code == resource.reserve_code;
        let same_start = |n: usize| match (&actor.division_code, &resource.division_code) {
            (Some(a), Some(r)) => {
                a.len() >= n
                    && a.is_char_boundary(n)
                    && r.len() >= n
                    && a.as_bytes()[..n] == r.as_bytes()[..n]
            }
            _ => false,
        };
        match reach(actor.role, action) {
            Reach::None => false,
            Reach::Stations => {
                same_reserve
                    && resource
                        .station_id
                        .iter()
                        .any(|s| actor.station_ids.contains(s))
            }
            Reach::Unit => {
                !actor.unit.is_empty() && resource.responsible_unit.as_ref() == Some(&actor.unit)
            }
            Reach::Reserve => same_reserve,
            Reach::City => same_start(4),
            Reach::Province => same_start(2),
            Reach::Everything => true,
        }
    }

    proptest! {
        #[test]
        fn a_filtered_list_holds_exactly_what_single_checks_allow(
            actor in any_actor(), action in any_of(Action::ALL), list in prop::collection::vec(any_resource(), 0..12)
        ) {
            let scope = scope_of(&actor, action);
            for resource in &list {
                let without_history = Resource { done: vec![], ..resource.clone() };
                prop_assert_eq!(scope.covers(resource), may(&actor, action, &without_history).is_ok());
                prop_assert_eq!(scope.covers(resource), plainly_allowed(&actor, action, resource));
            }
        }

        #[test]
        fn history_only_ever_takes_away(actor in any_actor(), action in any_of(Action::ALL), resource in any_resource()) {
            if may(&actor, action, &resource).is_ok() {
                prop_assert!(scope_of(&actor, action).covers(&resource));
                let own = resource.done.iter().any(|(done, by)| *by == actor.id && SEPARATED.contains(&(action, *done)));
                prop_assert!(!own);
            }
        }
    }
}
