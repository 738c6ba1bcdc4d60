use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

/// 分区方案 — the scheme a reserve is zoned by. Zones of one scheme are never read as zones of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZoningScheme {
    /// 三区: 核心区, 缓冲区, 实验区 (and 外围保护地带), the Regulations of 1994 to 2026-03-14.
    ThreeZone,
    /// 两区: 核心保护区, 一般控制区.
    TwoZone,
    /// 未分区: rules of core and buffer apply to the whole.
    Unzoned,
    /// 分级保护: 一、二、三级保护区 of scenic areas.
    Graded,
    /// 公园分区: 保育区, 恢复重建区, 复育区 of wetland, forest and scenic parks.
    Park,
}

impl ZoningScheme {
    /// The code as stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::ThreeZone => "three_zone",
            Self::TwoZone => "two_zone",
            Self::Unzoned => "unzoned",
            Self::Graded => "graded",
            Self::Park => "park",
        }
    }

    /// The scheme with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        [
            Self::ThreeZone,
            Self::TwoZone,
            Self::Unzoned,
            Self::Graded,
            Self::Park,
        ]
        .into_iter()
        .find(|s| s.code() == code)
    }
}

/// 功能区组 — groups the decision tables speak of: Z1, Z2, Z3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ZoneGroup {
    /// Core and core protection zone.
    Z1,
    /// Buffer zone, and the whole of an unzoned reserve.
    Z2,
    /// Experimental and general control zone.
    Z3,
}

macro_rules! zone_kinds {
    ($($variant:ident = $code:literal $label:literal, $scheme:ident, $rank:literal, $group:expr;)+) => {
        /// 功能区 — kind of zone (CL-ZONE). The legal zone of a site is the strictest touched above the sliver.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum ZoneKind {
            $(
                #[doc = $label]
                #[serde(rename = $code)]
                $variant,
            )+
        }

        impl ZoneKind {
            /// Every kind, in the order of the list.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code as stored.
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }

            /// The label as printed.
            pub fn label(self) -> &'static str {
                match self {
                    $(Self::$variant => $label,)+
                }
            }

            /// The scheme it belongs to.
            pub fn scheme(self) -> ZoningScheme {
                match self {
                    $(Self::$variant => ZoningScheme::$scheme,)+
                }
            }

            /// Strictness within its scheme; higher is stricter. To compare zones use [`ZoneKind::compare`].
            pub fn rank(self) -> u8 {
                match self {
                    $(Self::$variant => $rank,)+
                }
            }

            /// The group of the decision tables, where they know the zone.
            pub fn group(self) -> Option<ZoneGroup> {
                match self {
                    $(Self::$variant => $group,)+
                }
            }
        }
    };
}

zone_kinds! {
    Core = "core" "核心区", ThreeZone, 30, Some(ZoneGroup::Z1);
    Buffer = "buffer" "缓冲区", ThreeZone, 20, Some(ZoneGroup::Z2);
    Experimental = "experimental" "实验区", ThreeZone, 10, Some(ZoneGroup::Z3);
    OuterBelt = "outer_belt" "外围保护地带", ThreeZone, 1, None;
    CoreProtection = "core_protection" "核心保护区", TwoZone, 30, Some(ZoneGroup::Z1);
    GeneralControl = "general_control" "一般控制区", TwoZone, 10, Some(ZoneGroup::Z3);
    Unzoned = "unzoned" "未分区", Unzoned, 20, Some(ZoneGroup::Z2);
    FirstGrade = "first_grade" "一级保护区", Graded, 30, None;
    SecondGrade = "second_grade" "二级保护区", Graded, 20, None;
    ThirdGrade = "third_grade" "三级保护区", Graded, 10, None;
    Conservation = "conservation" "保育区", Park, 30, None;
    Reconstruction = "reconstruction" "恢复重建区", Park, 20, None;
    Recovery = "recovery" "复育区", Park, 10, None;
}

impl ZoneKind {
    /// The kind with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|k| k.code() == code)
    }

    /// Which of two zones is stricter; `None` where they belong to different schemes and no rule compares them.
    pub fn compare(self, other: Self) -> Option<Ordering> {
        (self.scheme() == other.scheme()).then(|| self.rank().cmp(&other.rank()))
    }

    /// The strictest of several zones of one scheme; `None` for no zones or zones of several schemes.
    pub fn strictest(zones: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut zones = zones.into_iter();
        let first = zones.next()?;
        zones.try_fold(first, |strictest, zone| match strictest.compare(zone)? {
            Ordering::Less => Some(zone),
            _ => Some(strictest),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;
    use crate::shipped;

    #[test]
    fn the_enum_and_the_code_list_say_the_same() {
        let book = shipped::code_book().0;
        let list = book.find_list(&"CL-ZONE@1".parse().unwrap()).unwrap();
        let listed: Vec<(&str, &str)> = list
            .codes
            .iter()
            .map(|c| (c.code.as_str(), c.label.as_str()))
            .collect();
        let known: Vec<(&str, &str)> = ZoneKind::ALL
            .iter()
            .map(|k| (k.code(), k.label()))
            .collect();
        assert_eq!(known, listed);
        for kind in ZoneKind::ALL {
            assert_eq!(ZoneKind::from_code(kind.code()), Some(*kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.code());
            assert_eq!(
                ZoningScheme::from_code(kind.scheme().code()),
                Some(kind.scheme())
            );
        }
    }

    #[test]
    fn core_is_stricter_than_buffer_than_experimental() {
        use ZoneKind::{Buffer, Core, Experimental};
        assert_eq!(
            ZoneKind::strictest([Experimental, Core, Buffer]),
            Some(Core)
        );
        assert_eq!(ZoneKind::strictest([Experimental, Buffer]), Some(Buffer));
        assert_eq!(Experimental.compare(Experimental), Some(Ordering::Equal));
        assert_eq!(ZoneKind::strictest([]), None);
    }

    #[test]
    fn zones_of_two_schemes_are_not_compared() {
        assert_eq!(ZoneKind::Core.compare(ZoneKind::CoreProtection), None);
        assert_eq!(
            ZoneKind::strictest([ZoneKind::Experimental, ZoneKind::GeneralControl]),
            None
        );
    }
}
