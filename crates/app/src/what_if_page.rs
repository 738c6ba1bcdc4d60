//! 推演页 — what other days or boundary versions would change, for a screen.

use domain::as_of::AsOf;
use jiff::civil::Date;
use serde::Serialize;
use spatial::diagnostic::Diagnostic;
use utoipa::ToSchema;

use crate::config_page::CodeView;
use crate::error::Error;
use crate::ledgers::LedgerScope;
use crate::session::Session;
use crate::what_if::{Changed, Side, WhatIfRequest};

/// 推演行 — a site that would be judged otherwise.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WhatIfLine {
    pub site_code: String,
    pub facility_name: Option<String>,
    pub station_id: Option<String>,
    pub before: CodeView,
    pub before_severity: Option<String>,
    pub after: CodeView,
    pub after_severity: Option<String>,
    pub reasons: String,
    /// A problem before and none after.
    pub is_legalised: bool,
}

/// 推演页 — both sides in words and the sites between which they differ.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WhatIfView {
    pub before: String,
    pub after: String,
    /// Sites judged on both sides.
    pub site_count: usize,
    pub changed: Vec<WhatIfLine>,
    /// Sites where only the deciding row or the measures differ.
    pub reworded: usize,
    /// Ground and sites that leave or enter the reserve, in words.
    pub boundary: Vec<String>,
}

impl Session {
    /// Judges every site of the scope on two days or under two adopted boundary versions; nothing is written.
    ///
    /// # Errors
    /// `judge.unknown_boundary` where no adopted version bears a name given.
    pub fn what_if_page(
        &self,
        as_of: Vec<Date>,
        zones: Vec<String>,
        scope: &LedgerScope,
    ) -> Result<WhatIfView, Error> {
        // Names only: what comes over the network opens no file.
        let reserve = &self.reserve.reserve_code;
        let adopted = self.register.boundaries(reserve, AsOf::Now)?;
        for name in &zones {
            if !adopted.iter().any(|b| b.body.boundary_version == *name) {
                let fault = Diagnostic::error("what_if.unknown_version").arg("name", name);
                return Err(Error::rejected(fault));
            }
        }
        let request = WhatIfRequest {
            as_of,
            zones,
            ..WhatIfRequest::default()
        };
        let found = self.what_if(&request, scope)?;
        let [before, after] = self.what_if_sides(&found);
        Ok(WhatIfView {
            before,
            after,
            site_count: found.site_count,
            changed: found.changed.iter().map(|c| self.what_if_line(c)).collect(),
            reworded: found.reworded,
            boundary: found
                .boundary
                .iter()
                .flat_map(|b| self.boundary_lines(b))
                .collect(),
        })
    }

    fn what_if_line(&self, changed: &Changed) -> WhatIfLine {
        let verdict = |side: &Side| CodeView {
            code: side.verdict.clone(),
            label: self.judged_label("verdict", &side.verdict),
        };
        WhatIfLine {
            site_code: changed.site_code.clone(),
            facility_name: changed.facility_name.clone(),
            station_id: changed.station_id.clone(),
            before: verdict(&changed.before),
            before_severity: changed.before.severity.clone(),
            after: verdict(&changed.after),
            after_severity: changed.after.severity.clone(),
            reasons: self.change_reasons(changed),
            is_legalised: changed.is_legalised,
        }
    }
}
