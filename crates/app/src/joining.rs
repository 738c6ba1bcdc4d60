//! 点位合并、点位撤销 — a site that turned out to be another one, or was registered by mistake: it counts no more and
//! stays readable.

use domain::as_of::AsOf;
use domain::dossier::Dossier;
use domain::entries::{ClueUnlinked, SiteMerged, SiteWithdrawn};
use domain::entry::{Entry, EntryBody};
use domain::ids::StreamId;
use domain::policy::Action;
use serde::Deserialize;
use spatial::diagnostic::Diagnostic;
use utoipa::ToSchema;

use crate::amendments::{ReceiptView, checked_reason, nothing_appended};
use crate::error::Error;
use crate::session::Session;

/// 合并请求 — the site it turned out to be, and why.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MergeRequest {
    /// Code of the site that stays.
    pub into: String,
    pub reason: String,
    /// Version of the dossier the decision was made upon.
    pub based_on: Option<u64>,
}

/// 撤销请求.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawRequest {
    pub reason: String,
    /// Version of the dossier the decision was made upon.
    pub based_on: Option<u64>,
}

impl Session {
    /// Merges a site into another one; its clues follow, everything else stays readable where it was entered.
    pub fn merge_site(&mut self, code: &str, request: &MergeRequest) -> Result<ReceiptView, Error> {
        let dossier = self.standing_site(code, Action::MergeSites)?;
        let into = self.standing_site(&request.into, Action::MergeSites)?;
        if dossier.site_id == into.site_id {
            let fault = Diagnostic::error("merge.same").arg("site", code);
            return Err(Error::rejected(fault));
        }
        let reason = checked_reason(&request.reason)?;
        let body = SiteMerged {
            into: into.site_id,
            reason: reason.clone(),
        };
        let moved = self.moved_clues(&dossier, &into, &reason)?;
        self.end(&dossier, body, request.based_on, moved)
    }

    /// Takes a site off the ledgers that was registered by mistake.
    pub fn withdraw_site(
        &mut self,
        code: &str,
        request: &WithdrawRequest,
    ) -> Result<ReceiptView, Error> {
        let dossier = self.standing_site(code, Action::WithdrawSite)?;
        let body = SiteWithdrawn {
            reason: checked_reason(&request.reason)?,
        };
        self.end(&dossier, body, request.based_on, Vec::new())
    }

    /// A site that is the actor's to decide on and has not been merged or withdrawn.
    fn standing_site(&self, code: &str, action: Action) -> Result<Dossier, Error> {
        let dossier = self.load_dossier_by_code(code, AsOf::Now)?;
        self.may(action, dossier.facts.station_id.as_deref())?;
        if dossier.state.counts() {
            return Ok(dossier);
        }
        let state = domain::ledger::Labels::label(self, "site_state", dossier.state.code());
        let fault = Diagnostic::error("merge.ended")
            .arg("site", code)
            .arg("state", state);
        Err(Error::rejected(fault))
    }

    /// Appends what ends a site, upon the version that was seen, and what follows from it.
    fn end(
        &mut self,
        dossier: &Dossier,
        body: impl Into<EntryBody>,
        based_on: Option<u64>,
        following: Vec<Entry>,
    ) -> Result<ReceiptView, Error> {
        let stream = StreamId::site(dossier.site_id);
        let mut entry = self.dated_entry(stream.clone(), body)?;
        entry.based_on = Some(match based_on {
            Some(version) => version,
            None => self.register.stream_version(&stream)?,
        });
        let entries: Vec<Entry> = std::iter::once(entry).chain(following).collect();
        let receipts = self.append_checked(&entries, dossier)?;
        receipts
            .first()
            .map(ReceiptView::of)
            .ok_or_else(nothing_appended)
    }

    /// Every clue taken off one site and linked to the other for the same reason.
    fn moved_clues(
        &self,
        from: &Dossier,
        into: &Dossier,
        reason: &str,
    ) -> Result<Vec<Entry>, Error> {
        let mut entries = Vec::new();
        for linked in &from.clues {
            let clue_id = linked.body.clue_id;
            let unlinked = ClueUnlinked {
                clue_id,
                reason: reason.to_owned(),
            };
            let stream = StreamId::site(from.site_id);
            entries.push(self.by_hand(stream, unlinked, clue_id, reason));
            let Some(clue) = self.register.find_clue(clue_id)? else {
                continue;
            };
            entries.extend(self.linked_by_hand(&clue.received.body, into, reason));
        }
        Ok(entries)
    }
}
