use serde::{Deserialize, Serialize};

macro_rules! source_kinds {
    ($($variant:ident = $code:literal $label:literal),+ $(,)?) => {
        /// 线索来源 — where a clue comes from (CL-SOURCE). The labels and synonyms people write stand in the code list.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum SourceKind {
            $(
                #[doc = $label]
                #[serde(rename = $code)]
                $variant,
            )+
        }

        impl SourceKind {
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
        }
    };
}

source_kinds! {
    RemoteSensing = "remote_sensing" "遥感监测",
    FieldSurvey = "field_survey" "现地排查",
    CentralInspection = "central_inspection" "中央督察",
    Inquiry = "inquiry" "问询谈话",
    Petition = "petition" "信访举报",
    Lvdun2017 = "lvdun_2017" "绿盾2017未完成",
    Lvdun2018 = "lvdun_2018" "绿盾2018未完成",
    ProvincialInspection = "provincial_inspection" "省级督察",
    Patrol = "patrol" "巡护发现",
    Media = "media" "媒体曝光",
    Audit = "audit" "审计",
    Superior = "superior" "上级交办",
    Transfer = "transfer" "部门移送",
    WarningFilm = "warning_film" "警示片",
}

impl SourceKind {
    /// The kind with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|k| k.code() == code)
    }

    /// Whether it stands for issues carried over from an earlier campaign.
    pub fn is_carried_over(self) -> bool {
        matches!(self, Self::Lvdun2017 | Self::Lvdun2018)
    }

    /// Whether clues of this kind must not reach the person or unit accused (信访工作条例 第三十条).
    pub fn is_confidential(self) -> bool {
        self == Self::Petition
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
        let list = book.find_list(&"CL-SOURCE@2019".parse().unwrap()).unwrap();
        let listed: Vec<(&str, &str)> = list
            .codes
            .iter()
            .map(|c| (c.code.as_str(), c.label.as_str()))
            .collect();
        let known: Vec<(&str, &str)> = SourceKind::ALL
            .iter()
            .map(|k| (k.code(), k.label()))
            .collect();
        assert_eq!(known, listed);
        for kind in SourceKind::ALL {
            assert_eq!(SourceKind::from_code(kind.code()), Some(*kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.code());
        }
    }
}
