//! The matrix itself: role × action × reach.

use serde::{Deserialize, Serialize};

macro_rules! coded {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $code:literal $label:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $(
                #[doc = $label]
                #[serde(rename = $code)]
                $variant,
            )+
        }

        impl $name {
            /// All of them, in the order of the printed matrix.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code as stored.
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }

            /// The word of the printed matrix.
            pub fn label(self) -> &'static str {
                match self {
                    $(Self::$variant => $label,)+
                }
            }

            /// The one with this code.
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|v| v.code() == code)
            }
        }
    };
}

coded! {
    /// 角色 — as what somebody acts. A person may hold several and acts in one at a time.
    Role {
        Ranger = "ranger" "护林员",
        StationHead = "station_head" "保护站站长",
        AreaLead = "area_lead" "包抓领导",
        Office = "office" "领导小组办公室（资源保护科）",
        BureauLeader = "bureau_leader" "局领导（组长）",
        Discipline = "discipline" "局纪委",
        City = "city" "市级主管部门",
        Province = "province" "省级主管部门",
        Inspector = "inspector" "督察组",
        ResponsibleUnit = "responsible_unit" "整改责任单位",
        Public = "public" "公众",
        Operator = "operator" "系统管理员",
    }
}

coded! {
    /// 操作 — what somebody does.
    Action {
        InitRegister = "init_register" "建立登记簿",
        ManageCampaign = "manage_campaign" "启用、修改专项行动配置",
        AdoptBoundary = "adopt_boundary" "导入边界、功能区、责任区、巡护路线、底图图层",
        ImportPatches = "import_patches" "导入遥感图斑",
        ImportInspection = "import_inspection" "导入督察清单",
        ImportInquiry = "import_inquiry" "导入问询谈话记录",
        ImportPetition = "import_petition" "导入信访清单",
        ImportPatrol = "import_patrol" "导入巡护发现",
        ImportTipOff = "import_tip_off" "导入群众举报位置",
        ImportOldLedger = "import_old_ledger" "导入历年台账",
        ImportPermits = "import_permits" "导入手续清单",
        ImportVerifications = "import_verifications" "导入实地核查表",
        ImportParcels = "import_parcels" "导入勘测定界坐标",
        RegisterSite = "register_site" "登记点位",
        AmendSite = "amend_site" "补充、更正点位",
        LinkClue = "link_clue" "线索归并",
        UnlinkClue = "unlink_clue" "撤销归并",
        MergeSites = "merge_sites" "点位合并",
        WithdrawSite = "withdraw_site" "点位撤销",
        Verify = "verify" "实地核查登记",
        Judge = "judge" "运行判定表",
        Characterize = "characterize" "性质判别",
        OverrideFocal = "override_focal" "改定焦点问题",
        ConfirmOverride = "confirm_override" "复核改判、改定",
        RecordDetermination = "record_determination" "登记认定结果",
        Instruct = "instruct" "批示",
        Remark = "remark" "批注、答复、督查意见",
        ReadLedgers = "read_ledgers" "查看台账、点位档案",
        ReadClues = "read_clues" "查看线索",
        ReadPetitions = "read_petitions" "查看信访线索",
        Export = "export" "导出台账",
        ReadStatistics = "read_statistics" "查看统计",
        RunCheck = "run_check" "运行检查",
        VerifyLog = "verify_log" "验证存证日志",
        RebuildRegister = "rebuild_register" "重建视图",
        Backup = "backup" "备份",
        ManagePeople = "manage_people" "管理人员、岗位",
        ReadAccessLog = "read_access_log" "查看访问记录",
    }
}

coded! {
    /// 权限范围 — how far a permission reaches.
    Reach {
        None = "none" "—",
        Stations = "stations" "本站/本片",
        Unit = "unit" "本单位",
        Reserve = "reserve" "本保护区",
        City = "city" "本市",
        Province = "province" "本省",
        Everything = "everything" "全部",
    }
}

/// 职责分离 — `(later, earlier)`: nobody takes the later action on what they did the earlier one to.
pub const SEPARATED: &[(Action, Action)] = &[
    (Action::ConfirmOverride, Action::Characterize),
    (Action::ConfirmOverride, Action::OverrideFocal),
];

/// 加标导出 — roles whose files say on every page who took them.
pub const MARKED_EXPORTS: &[Role] = &[Role::Inspector];

type Row = (Action, [Reach; Role::ALL.len()]);

const N: Reach = Reach::None;
const S: Reach = Reach::Stations;
const U: Reach = Reach::Unit;
const R: Reach = Reach::Reserve;
const C: Reach = Reach::City;
const P: Reach = Reach::Province;
const X: Reach = Reach::Everything;

/// One row an action, one column a role, in the order of [`Role::ALL`].
#[rustfmt::skip]
const MATRIX: [Row; Action::ALL.len()] = [
    //                              护林 站长 包抓 办公 局领 纪委 市级 省级 督察 责任 公众 管理
    (Action::InitRegister,         [N,   N,   N,   N,   N,   N,   N,   N,   N,   N,   N,   X]),
    (Action::ManageCampaign,       [N,   N,   N,   R,   R,   N,   N,   N,   N,   N,   N,   N]),
    (Action::AdoptBoundary,        [N,   N,   N,   R,   N,   N,   N,   N,   N,   N,   N,   N]),
    (Action::ImportPatches,        [N,   N,   N,   R,   N,   N,   C,   P,   N,   N,   N,   N]),
    (Action::ImportInspection,     [N,   N,   N,   R,   N,   N,   C,   P,   N,   N,   N,   N]),
    (Action::ImportInquiry,        [N,   N,   N,   R,   N,   R,   N,   N,   N,   N,   N,   N]),
    (Action::ImportPetition,       [N,   N,   N,   R,   N,   R,   N,   N,   N,   N,   N,   N]),
    (Action::ImportPatrol,         [N,   S,   N,   R,   N,   N,   N,   N,   N,   N,   N,   N]),
    (Action::ImportTipOff,         [N,   N,   N,   R,   N,   R,   N,   N,   N,   N,   N,   N]),
    (Action::ImportOldLedger,      [N,   N,   N,   R,   N,   N,   N,   N,   N,   N,   N,   N]),
    (Action::ImportPermits,        [N,   S,   N,   R,   N,   N,   N,   N,   N,   N,   N,   N]),
    (Action::ImportVerifications,  [N,   S,   S,   R,   N,   N,   N,   N,   N,   N,   N,   N]),
    (Action::ImportParcels,        [N,   N,   N,   R,   N,   N,   N,   N,   N,   N,   N,   N]),
    (Action::RegisterSite,         [N,   S,   S,   R,   N,   N,   N,   N,   N,   N,   N,   N]),
    (Action::AmendSite,            [N,   S,   N,   R,   N,   N,   N,   N,   N,   N,   N,   N]),
    (Action::LinkClue,             [N,   S,   N,   R,   N,   N,   N,   N,   N,   N,   N,   N]),
    (Action::UnlinkClue,           [N,   N,   N,   R,   N,   N,   N,   N,   N,   N,   N,   N]),
    (Action::MergeSites,           [N,   N,   N,   R,   N,   N,   N,   N,   N,   N,   N,   N]),
    (Action::WithdrawSite,         [N,   N,   N,   R,   N,   N,   N,   N,   N,   N,   N,   N]),
    (Action::Verify,               [S,   S,   S,   R,   N,   N,   C,   P,   P,   N,   N,   N]),
    (Action::Judge,                [N,   S,   S,   R,   R,   R,   C,   P,   P,   N,   N,   N]),
    (Action::Characterize,         [N,   S,   S,   R,   R,   N,   C,   P,   N,   N,   N,   N]),
    (Action::OverrideFocal,        [N,   N,   N,   R,   R,   N,   N,   N,   N,   N,   N,   N]),
    (Action::ConfirmOverride,      [N,   N,   S,   R,   R,   N,   C,   P,   N,   N,   N,   N]),
    (Action::RecordDetermination,  [N,   N,   N,   R,   N,   N,   C,   P,   N,   N,   N,   N]),
    (Action::Instruct,             [N,   N,   S,   N,   R,   N,   C,   P,   N,   N,   N,   N]),
    (Action::Remark,               [N,   S,   S,   R,   R,   R,   C,   P,   P,   U,   N,   N]),
    (Action::ReadLedgers,          [S,   S,   S,   R,   R,   R,   C,   P,   P,   U,   N,   N]),
    (Action::ReadClues,            [S,   S,   S,   R,   R,   R,   C,   P,   P,   N,   N,   N]),
    (Action::ReadPetitions,        [N,   N,   N,   R,   R,   R,   C,   P,   P,   N,   N,   N]),
    (Action::Export,               [N,   S,   S,   R,   R,   R,   C,   P,   P,   N,   N,   N]),
    (Action::ReadStatistics,       [S,   S,   S,   R,   R,   R,   C,   P,   P,   U,   N,   N]),
    (Action::RunCheck,             [N,   S,   S,   R,   R,   R,   C,   P,   P,   N,   N,   N]),
    (Action::VerifyLog,            [X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X]),
    (Action::RebuildRegister,      [N,   N,   N,   N,   N,   N,   N,   N,   N,   N,   N,   X]),
    (Action::Backup,               [N,   N,   N,   N,   N,   N,   N,   N,   N,   N,   N,   X]),
    (Action::ManagePeople,         [N,   N,   N,   R,   N,   N,   N,   N,   N,   N,   N,   X]),
    (Action::ReadAccessLog,        [N,   N,   N,   R,   R,   R,   N,   N,   N,   N,   N,   X]),
];

/// How far `role` may take `action`.
pub fn reach(role: Role, action: Action) -> Reach {
    MATRIX[action as usize].1[role as usize]
}

/// The whole matrix, row by row, for the printed page.
pub fn matrix() -> impl Iterator<Item = (Action, &'static [Reach])> {
    MATRIX
        .iter()
        .map(|(action, reaches)| (*action, reaches.as_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_stand_in_the_order_of_the_actions() {
        let rows: Vec<Action> = matrix().map(|(action, _)| action).collect();
        assert_eq!(rows, Action::ALL);
        for (index, role) in Role::ALL.iter().enumerate() {
            assert_eq!(*role as usize, index);
        }
    }

    #[test]
    fn codes_are_unique_and_read_back() {
        for action in Action::ALL {
            assert_eq!(Action::from_code(action.code()), Some(*action));
        }
        for role in Role::ALL {
            assert_eq!(Role::from_code(role.code()), Some(*role));
        }
    }
}
