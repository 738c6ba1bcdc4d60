//! 巡护办理 — what is done to patrols at the desk.

use domain::as_of::AsOf;
use domain::entries::PatrolReviewed;
use domain::ids::{EntryId, StreamId};
use domain::patrol::Patrol;
use domain::policy::{self, Action};
use serde::Deserialize;
use spatial::diagnostic::Diagnostic;
use utoipa::ToSchema;

use super::judge::Bench;
use crate::amendments::{ReceiptView, checked_reason, nothing_appended};
use crate::atlas::Atlases;
use crate::error::Error;
use crate::session::Session;

/// 审核请求 — what came of reading a patrol.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatrolReviewRequest {
    /// The sheet that was read; a newer one has to be read anew.
    #[schema(value_type = String, format = Uuid)]
    pub of: EntryId,
    /// `accepted`, `returned`.
    pub result: String,
    /// Asked for where it is returned.
    pub reason: Option<String>,
}

/// Characters of a result that is none, as it is told back.
const LONGEST_RESULT: usize = 40;

impl Session {
    /// Whether the actor may review a patrol: not one they recorded themselves.
    pub(super) fn may_review(&self, patrol: &Patrol) -> Result<(), Error> {
        let station = patrol.sheet.body.station_id.as_str();
        let mut resource = self.resource(Some(station));
        resource.done = vec![(Action::RecordPatrol, patrol.written_by.clone())];
        Ok(policy::may(&self.actor, Action::ReviewPatrol, &resource)?)
    }

    /// Notes that somebody else read a patrol.
    pub fn review_patrol(
        &mut self,
        atlases: &Atlases,
        patrol_id: &str,
        request: &PatrolReviewRequest,
    ) -> Result<ReceiptView, Error> {
        self.may_read_lists(Action::ReviewPatrol)?;
        let book = atlases.patrols().read(&self.register, AsOf::Now)?;
        let bench = Bench::new(self, atlases.patrols(), &book)?;
        let patrol = self.find_patrol(&bench, patrol_id)?;
        self.may_review(patrol)?;
        let fault = |code: &'static str, text: &str| {
            Err(Error::rejected(Diagnostic::error(code).arg("text", text)))
        };
        if patrol.sheet.entry_id != request.of {
            return fault("patrol.sheet_moved_on", &request.of.to_string());
        }
        let reason = request.reason.as_deref().map(str::trim);
        let reason = reason.filter(|r| !r.is_empty());
        let reason = match (&*request.result, reason) {
            ("accepted", reason) => reason.map(checked_reason).transpose()?,
            ("returned", reason) => Some(checked_reason(reason.unwrap_or_default())?),
            (other, _) => {
                let shown: String = other.chars().take(LONGEST_RESULT).collect();
                return fault("patrol.review_result", &shown);
            }
        };
        let stream = StreamId::patrol(patrol.patrol_id);
        let body = PatrolReviewed {
            patrol_id: patrol.patrol_id,
            of: request.of,
            result: request.result.clone(),
            reason,
        };
        let version = self.register.stream_version(&stream)?;
        let mut entry = self.dated_entry(stream, body)?;
        entry.based_on = Some(version);
        let receipts = self.register.append(&[entry], self.now)?;
        let receipt = receipts.first().map(ReceiptView::of);
        receipt.ok_or_else(nothing_appended)
    }
}
