//! The cast: people by post, as they sign entries.

use domain::entry::Author;

fn author(actor: &str, role: &str, unit: &str) -> Author {
    Author {
        actor: actor.to_owned(),
        role: role.to_owned(),
        unit: unit.to_owned(),
    }
}

/// 站长·后河: head of one station.
pub fn station_head() -> Author {
    author("站长·后河", "station_head", "后河保护站")
}

/// 管理局办公室.
pub fn bureau_office() -> Author {
    author("办公室·管理局", "office", "管理局")
}

/// 片区负责人.
pub fn area_lead() -> Author {
    author("片区负责人·一", "area_lead", "管理局")
}

/// 经办人.
pub fn case_officer() -> Author {
    author("经办人·保护科", "case_officer", "保护科")
}

/// 复核人.
pub fn reviewer() -> Author {
    author("复核人·保护科", "reviewer", "保护科")
}

/// 外单位: a unit outside the bureau.
pub fn outside_unit() -> Author {
    author("联络员·自然资源局", "outside_unit", "县自然资源局")
}

/// 导入: the desk that takes files in.
pub fn importer() -> Author {
    author("登记员·管理局", "registrar", "管理局")
}
