//! 点位合并、点位撤销、点位恢复 — a site that turned out to be another one, or was registered by mistake: it counts no
//! more and stays readable; what was decided by mistake is taken back by an entry of its own.

use std::collections::BTreeSet;

use domain::as_of::AsOf;
use domain::dossier::{Dossier, SiteState};
use domain::entries::{ClueUnlinked, SiteMerged, SiteRestored, SiteWithdrawn};
use domain::entry::{Entry, EntryBody};
use domain::ids::{ClueId, SiteId, StreamId};
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

/// 撤销或恢复请求.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StandingRequest {
    pub reason: String,
    /// Version of the dossier the decision was made upon.
    pub based_on: Option<u64>,
}

impl Session {
    /// Merges a site into another one, unless an issue of it is still open; its clues follow, everything else stays readable
    /// where it was entered.
    pub fn merge_site(&mut self, code: &str, request: &MergeRequest) -> Result<ReceiptView, Error> {
        let dossier = self.standing_site(code, Action::MergeSites)?;
        nothing_runs(&dossier)?;
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

    /// Takes a site off the ledgers that was registered by mistake, unless an issue of it is still open.
    pub fn withdraw_site(
        &mut self,
        code: &str,
        request: &StandingRequest,
    ) -> Result<ReceiptView, Error> {
        let dossier = self.standing_site(code, Action::WithdrawSite)?;
        nothing_runs(&dossier)?;
        let body = SiteWithdrawn {
            reason: checked_reason(&request.reason)?,
        };
        self.end(&dossier, body, request.based_on, Vec::new())
    }

    /// Takes back that a site was merged or withdrawn; clues that the merge moved and that are where it left them follow.
    pub fn restore_site(
        &mut self,
        code: &str,
        request: &StandingRequest,
    ) -> Result<ReceiptView, Error> {
        let dossier = self.load_dossier_by_code(code, AsOf::Now)?;
        let action = match dossier.state {
            SiteState::Merged => Action::MergeSites,
            _ => Action::WithdrawSite,
        };
        self.may(action, dossier.facts.station_id.as_deref())?;
        if dossier.state.counts() {
            let fault = Diagnostic::error("restore.stands").arg("site", code);
            return Err(Error::rejected(fault));
        }
        let reason = checked_reason(&request.reason)?;
        let returned = match dossier.merged_into {
            Some(into) => self.returned_clues(&dossier, into, &reason)?,
            None => Vec::new(),
        };
        self.end(
            &dossier,
            SiteRestored { reason },
            request.based_on,
            returned,
        )
    }

    /// A site that is the actor's to decide on and has not been merged or withdrawn.
    fn standing_site(&self, code: &str, action: Action) -> Result<Dossier, Error> {
        let dossier = self.load_dossier_by_code(code, AsOf::Now)?;
        self.may(action, dossier.facts.station_id.as_deref())?;
        if dossier.state.counts() {
            return Ok(dossier);
        }
        let state = domain::ledger::Labels::label(&self.viewer, "site_state", dossier.state.code());
        let fault = Diagnostic::error("merge.ended")
            .arg("site", code)
            .arg("state", state);
        Err(Error::rejected(fault))
    }

    /// Appends what ends or restores a site, upon the version that was seen, and what follows from it.
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

    /// The clues that a merge took off a site and that lie where it put them, each moved back.
    fn returned_clues(
        &self,
        merged: &Dossier,
        into: SiteId,
        reason: &str,
    ) -> Result<Vec<Entry>, Error> {
        let history = self.register.load_stream(&StreamId::site(merged.site_id))?;
        let after_merge = history
            .iter()
            .rev()
            .take_while(|e| !matches!(e.entry.body, EntryBody::SiteMerged(_)));
        let moved: BTreeSet<ClueId> = after_merge
            .filter_map(|e| match &e.entry.body {
                EntryBody::ClueUnlinked(b) => Some(b.clue_id),
                _ => None,
            })
            .collect();
        let Some(holder) = self.register.find_dossier(into, AsOf::Now)? else {
            return Ok(Vec::new());
        };
        let held = holder.clues.iter().map(|c| c.body.clue_id);
        let held: Vec<ClueId> = held.filter(|c| moved.contains(c)).collect();
        self.moved(&held, &holder, merged, reason)
    }

    /// Every clue taken off one site and linked to the other for the same reason.
    fn moved_clues(
        &self,
        from: &Dossier,
        into: &Dossier,
        reason: &str,
    ) -> Result<Vec<Entry>, Error> {
        let clues: Vec<ClueId> = from.clues.iter().map(|c| c.body.clue_id).collect();
        self.moved(&clues, from, into, reason)
    }

    fn moved(
        &self,
        clues: &[ClueId],
        from: &Dossier,
        into: &Dossier,
        reason: &str,
    ) -> Result<Vec<Entry>, Error> {
        let mut entries = Vec::new();
        for &clue_id in clues {
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

/// An issue that is still open would be lost with a site that counts no more.
fn nothing_runs(dossier: &Dossier) -> Result<(), Error> {
    let Some(issue) = dossier.open_issue() else {
        return Ok(());
    };
    let fault = Diagnostic::error("merge.issue_open")
        .arg("site", &dossier.site_code)
        .arg("issue", crate::issues::code_of(dossier, issue));
    Err(Error::rejected(fault))
}
