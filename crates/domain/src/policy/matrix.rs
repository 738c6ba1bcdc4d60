//! The matrix itself: role × action × reach.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! coded {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $code:literal $label:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $(
                #[doc = $label]
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
        RecordFinding = "record_finding" "登记督查意见",
        Remark = "remark" "批注、答复",
        OpenIssue = "open_issue" "问题立账",
        AmendIssue = "amend_issue" "更正问题责任、要求",
        DraftPlan = "draft_plan" "编制整改方案",
        ReviewPlan = "review_plan" "审核整改方案",
        StartRectification = "start_rectification" "开工整改",
        ReportProgress = "report_progress" "填报进展",
        RequestExtension = "request_extension" "申请延期",
        DecideExtension = "decide_extension" "审批延期",
        EvidenceCompletion = "evidence_completion" "销号条件举证",
        ReportRectification = "report_rectification" "报告整改完成",
        AcceptSelf = "accept_self" "自验",
        AcceptCounty = "accept_county" "县级验收",
        Determine = "determine" "市级认定",
        FileProvince = "file_province" "省级备案",
        PublishNotice = "publish_notice" "发布公示",
        ReceiveObjection = "receive_objection" "接收异议",
        HandleObjection = "handle_objection" "答复异议",
        CloseOut = "close_out" "销号登记",
        PlanLookBack = "plan_look_back" "安排回头看",
        LookBack = "look_back" "回头看登记",
        SuspectRelapse = "suspect_relapse" "登记复发疑似",
        JudgeRelapse = "judge_relapse" "判定复发",
        Urge = "urge" "催办、督办",
        AnswerUrging = "answer_urging" "答复督办",
        RecordPenalty = "record_penalty" "登记行政处罚",
        RecordAccountability = "record_accountability" "登记问责",
        Refer = "refer" "移交、登记回执",
        FindSuspicion = "find_suspicion" "登记疑点",
        JudgeSuspicion = "judge_suspicion" "判定疑点",
        ReadSuspicions = "read_suspicions" "查看疑点、问责",
        RecordLesson = "record_lesson" "登记漏洞与制度",
        RecordPublicity = "record_publicity" "登记宣传、曝光",
        EnrolDevice = "enrol_device" "登记本人手机",
        LockDevice = "lock_device" "锁定手机",
        DecideItem = "decide_item" "处理待定送登件、导入救援文件",
        RecordPatrol = "record_patrol" "登记巡护",
        PlanPatrol = "plan_patrol" "安排巡护",
        ReviewPatrol = "review_patrol" "审核巡护",
        ReviewVerification = "review_verification" "审核核查记录",
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
    (Action::ReviewPlan, Action::DraftPlan),
    (Action::DecideExtension, Action::RequestExtension),
    (Action::AcceptSelf, Action::ReportRectification),
    (Action::AcceptSelf, Action::EvidenceCompletion),
    (Action::AcceptCounty, Action::DraftPlan),
    (Action::AcceptCounty, Action::ReportProgress),
    (Action::AcceptCounty, Action::EvidenceCompletion),
    (Action::AcceptCounty, Action::ReportRectification),
    (Action::Determine, Action::DraftPlan),
    (Action::Determine, Action::ReportProgress),
    (Action::Determine, Action::EvidenceCompletion),
    (Action::Determine, Action::ReportRectification),
    (Action::FileProvince, Action::DraftPlan),
    (Action::FileProvince, Action::ReportProgress),
    (Action::FileProvince, Action::EvidenceCompletion),
    (Action::FileProvince, Action::ReportRectification),
    (Action::CloseOut, Action::DraftPlan),
    (Action::CloseOut, Action::ReportProgress),
    (Action::CloseOut, Action::EvidenceCompletion),
    (Action::CloseOut, Action::ReportRectification),
    (Action::HandleObjection, Action::DraftPlan),
    (Action::HandleObjection, Action::ReportProgress),
    (Action::HandleObjection, Action::EvidenceCompletion),
    (Action::HandleObjection, Action::ReportRectification),
    (Action::LookBack, Action::DraftPlan),
    (Action::LookBack, Action::ReportProgress),
    (Action::LookBack, Action::EvidenceCompletion),
    (Action::LookBack, Action::ReportRectification),
    (Action::JudgeRelapse, Action::DraftPlan),
    (Action::JudgeRelapse, Action::ReportProgress),
    (Action::JudgeRelapse, Action::EvidenceCompletion),
    (Action::JudgeRelapse, Action::ReportRectification),
    (Action::JudgeSuspicion, Action::DraftPlan),
    (Action::JudgeSuspicion, Action::ReportProgress),
    (Action::JudgeSuspicion, Action::EvidenceCompletion),
    (Action::JudgeSuspicion, Action::ReportRectification),
    (Action::AcceptCounty, Action::AcceptSelf),
    (Action::Determine, Action::AcceptSelf),
    (Action::Determine, Action::AcceptCounty),
    (Action::FileProvince, Action::AcceptCounty),
    (Action::FileProvince, Action::Determine),
    (Action::CloseOut, Action::AcceptSelf),
    (Action::CloseOut, Action::AcceptCounty),
    (Action::CloseOut, Action::Determine),
    (Action::LookBack, Action::AcceptCounty),
    (Action::LookBack, Action::Determine),
    (Action::LookBack, Action::CloseOut),
    (Action::JudgeRelapse, Action::CloseOut),
    (Action::JudgeSuspicion, Action::AcceptCounty),
    (Action::JudgeSuspicion, Action::Determine),
    (Action::JudgeSuspicion, Action::CloseOut),
    (Action::AcceptCounty, Action::JudgeSuspicion),
    (Action::Determine, Action::JudgeSuspicion),
    (Action::FileProvince, Action::JudgeSuspicion),
    (Action::PublishNotice, Action::JudgeSuspicion),
    (Action::CloseOut, Action::JudgeSuspicion),
    (Action::ReviewPatrol, Action::RecordPatrol),
    (Action::ReviewVerification, Action::Verify),
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
    (Action::RecordFinding,        [N,   N,   N,   N,   N,   R,   C,   P,   P,   N,   N,   N]),
    (Action::Remark,               [N,   S,   S,   R,   R,   R,   C,   P,   P,   N,   N,   N]),
    (Action::OpenIssue,            [N,   N,   N,   R,   N,   N,   C,   P,   N,   N,   N,   N]),
    (Action::AmendIssue,           [N,   N,   N,   R,   R,   N,   N,   N,   N,   N,   N,   N]),
    (Action::DraftPlan,            [N,   S,   N,   R,   N,   N,   N,   N,   N,   U,   N,   N]),
    (Action::ReviewPlan,           [N,   N,   N,   R,   R,   N,   C,   N,   N,   N,   N,   N]),
    (Action::StartRectification,   [N,   S,   N,   R,   N,   N,   N,   N,   N,   U,   N,   N]),
    (Action::ReportProgress,       [N,   S,   N,   R,   N,   N,   N,   N,   N,   U,   N,   N]),
    (Action::RequestExtension,     [N,   S,   N,   R,   N,   N,   N,   N,   N,   U,   N,   N]),
    (Action::DecideExtension,      [N,   N,   N,   R,   R,   N,   C,   P,   N,   N,   N,   N]),
    (Action::EvidenceCompletion,   [N,   S,   S,   R,   N,   N,   N,   N,   N,   U,   N,   N]),
    (Action::ReportRectification,  [N,   S,   N,   R,   N,   N,   N,   N,   N,   U,   N,   N]),
    (Action::AcceptSelf,           [N,   S,   S,   R,   N,   N,   N,   N,   N,   U,   N,   N]),
    (Action::AcceptCounty,         [N,   N,   N,   R,   N,   N,   C,   P,   N,   N,   N,   N]),
    (Action::Determine,            [N,   N,   N,   R,   N,   N,   C,   P,   N,   N,   N,   N]),
    (Action::FileProvince,         [N,   N,   N,   R,   N,   N,   N,   P,   N,   N,   N,   N]),
    (Action::PublishNotice,        [N,   N,   N,   R,   N,   N,   C,   P,   N,   N,   N,   N]),
    (Action::ReceiveObjection,     [N,   N,   N,   R,   N,   R,   C,   P,   N,   N,   N,   N]),
    (Action::HandleObjection,      [N,   N,   N,   R,   R,   N,   C,   P,   N,   N,   N,   N]),
    (Action::CloseOut,             [N,   N,   N,   R,   R,   N,   C,   P,   N,   N,   N,   N]),
    (Action::PlanLookBack,         [N,   N,   S,   R,   R,   R,   C,   P,   P,   N,   N,   N]),
    (Action::LookBack,             [N,   S,   S,   R,   R,   R,   C,   P,   P,   N,   N,   N]),
    (Action::SuspectRelapse,       [S,   S,   S,   R,   N,   R,   C,   P,   P,   N,   N,   N]),
    (Action::JudgeRelapse,         [N,   N,   S,   R,   R,   N,   C,   P,   P,   N,   N,   N]),
    (Action::Urge,                 [N,   S,   S,   R,   R,   N,   C,   P,   N,   N,   N,   N]),
    (Action::AnswerUrging,         [N,   S,   N,   R,   N,   N,   N,   N,   N,   U,   N,   N]),
    (Action::RecordPenalty,        [N,   N,   N,   R,   N,   N,   C,   P,   N,   N,   N,   N]),
    (Action::RecordAccountability, [N,   N,   N,   N,   N,   R,   C,   P,   N,   N,   N,   N]),
    (Action::Refer,                [N,   N,   N,   R,   R,   R,   C,   P,   N,   N,   N,   N]),
    (Action::FindSuspicion,        [N,   N,   N,   R,   N,   R,   C,   P,   P,   N,   N,   N]),
    (Action::JudgeSuspicion,       [N,   N,   N,   N,   N,   R,   C,   P,   N,   N,   N,   N]),
    (Action::ReadSuspicions,       [N,   N,   N,   R,   R,   R,   C,   P,   P,   N,   N,   N]),
    (Action::RecordLesson,         [N,   S,   S,   R,   R,   R,   C,   P,   N,   N,   N,   N]),
    (Action::RecordPublicity,      [N,   S,   N,   R,   N,   N,   C,   P,   N,   N,   N,   N]),
    (Action::EnrolDevice,          [S,   S,   S,   R,   N,   N,   C,   P,   P,   N,   N,   N]),
    (Action::LockDevice,           [N,   S,   N,   R,   N,   N,   N,   N,   N,   N,   N,   X]),
    (Action::DecideItem,           [N,   S,   N,   R,   N,   N,   N,   N,   N,   N,   N,   N]),
    (Action::RecordPatrol,         [S,   S,   S,   R,   N,   N,   N,   N,   N,   N,   N,   N]),
    (Action::PlanPatrol,           [N,   S,   N,   R,   N,   N,   N,   N,   N,   N,   N,   N]),
    (Action::ReviewPatrol,         [N,   S,   S,   R,   R,   N,   N,   N,   N,   N,   N,   N]),
    (Action::ReviewVerification,   [N,   S,   S,   R,   R,   N,   C,   P,   N,   N,   N,   N]),
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
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
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
    fn codes_are_written_as_they_are_called() {
        for action in Action::ALL {
            assert_eq!(serde_json::to_value(action).unwrap(), action.code());
        }
        for role in Role::ALL {
            assert_eq!(serde_json::to_value(role).unwrap(), role.code());
        }
        for reach in Reach::ALL {
            assert_eq!(serde_json::to_value(reach).unwrap(), reach.code());
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
