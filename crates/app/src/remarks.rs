//! 批示与批注 — what those who answer for an area, or inspect it, say of a site, and the answers.

use domain::as_of::AsOf;
use domain::dossier::{Dossier, Kept};
use domain::entries::{RemarkKind, RemarkRecorded};
use domain::ids::{EntryId, StreamId};
use domain::policy::{Action, Role};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use spatial::diagnostic::Diagnostic;
use utoipa::ToSchema;

use crate::amendments::ReceiptView;
use crate::error::Error;
use crate::session::Session;

/// Characters that a remark may have.
const LONGEST: usize = 2_000;

/// 批示请求 — kind and text; an answer says to what.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RemarkRequest {
    /// `instruction`, `finding`, `note`, `answer`.
    pub kind: String,
    pub text: String,
    /// Entry that an answer is to.
    #[schema(value_type = Option<String>, format = Uuid)]
    pub of: Option<EntryId>,
}

/// 批示 — a remark as the site's page shows it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RemarkView {
    #[schema(value_type = String, format = Uuid)]
    pub entry_id: EntryId,
    pub kind: String,
    pub label: String,
    pub text: String,
    /// Who wrote it, by post.
    pub actor: String,
    pub role_label: String,
    pub unit: String,
    pub occurred_at: Timestamp,
    #[schema(value_type = Option<String>, format = Uuid)]
    pub of: Option<EntryId>,
    /// Whether somebody still has to answer it.
    pub is_open: bool,
}

impl Session {
    /// Puts a remark on a site's page; an instruction is for those who lead, a finding for those who inspect, an answer names what it is to.
    pub fn remark(&mut self, code: &str, request: &RemarkRequest) -> Result<ReceiptView, Error> {
        let dossier = self.load_dossier_by_code(code, AsOf::Now)?;
        let kind = known_kind(&request.kind)?;
        let action = match kind {
            RemarkKind::Instruction => Action::Instruct,
            RemarkKind::Finding => Action::RecordFinding,
            _ => Action::Remark,
        };
        self.may(action, dossier.facts.station_id.as_deref())?;
        let body = RemarkRecorded {
            remark_kind: kind,
            text: checked_text(&request.text)?,
            of: answered(&dossier, kind, request.of)?,
        };
        let entry = self.dated_entry(StreamId::site(dossier.site_id), body)?;
        self.append_checked(&[entry], &dossier)?
            .first()
            .map(ReceiptView::of)
            .ok_or_else(crate::amendments::nothing_appended)
    }

    /// The remarks of a site, oldest first.
    pub(crate) fn remarks(&self, dossier: &Dossier) -> Result<Vec<RemarkView>, Error> {
        let open: Vec<EntryId> = dossier.unanswered_remarks().map(|r| r.entry_id).collect();
        let view = |kept: &Kept<RemarkRecorded>| {
            let entry = self.register.find_entry(kept.entry_id)?;
            let author = entry.map(|e| e.entry.author);
            let role = author.as_ref().and_then(|a| Role::from_code(&a.role));
            Ok(RemarkView {
                entry_id: kept.entry_id,
                kind: kept.body.remark_kind.code().to_owned(),
                label: self.remark_label(kept.body.remark_kind),
                text: kept.body.text.clone(),
                actor: kept.actor.clone(),
                unit: author.map(|a| a.unit).unwrap_or_default(),
                role_label: role.map(|r| r.label().to_owned()).unwrap_or_default(),
                occurred_at: kept.occurred_at,
                of: kept.body.of,
                is_open: open.contains(&kept.entry_id),
            })
        };
        dossier.remarks.iter().map(view).collect()
    }

    /// 批示、督查意见、批注、答复
    pub(crate) fn remark_label(&self, kind: RemarkKind) -> String {
        self.messages.text(&format!("remark.{}", kind.code()), &[])
    }
}

fn known_kind(text: &str) -> Result<RemarkKind, Error> {
    RemarkKind::from_code(text).ok_or_else(|| {
        let fault = Diagnostic::error("remark.kind").arg("text", text);
        Error::rejected(fault)
    })
}

fn checked_text(text: &str) -> Result<String, Error> {
    let said = text.trim();
    match (2..=LONGEST).contains(&said.chars().count()) {
        true => Ok(said.to_owned()),
        false => {
            let fault = Diagnostic::error("remark.text").arg("longest", LONGEST.to_string());
            Err(Error::rejected(fault))
        }
    }
}

/// What an answer is to: an instruction or a finding of this site. Nothing else is to anything.
fn answered(
    dossier: &Dossier,
    kind: RemarkKind,
    of: Option<EntryId>,
) -> Result<Option<EntryId>, Error> {
    let awaits = |id: EntryId| {
        let mut remarks = dossier.remarks.iter();
        remarks.any(|r| r.entry_id == id && r.body.remark_kind.awaits_answer())
    };
    match (kind, of) {
        (RemarkKind::Answer, Some(id)) if awaits(id) => Ok(Some(id)),
        (RemarkKind::Answer, _) => {
            Err(Error::rejected(Diagnostic::error("remark.answers_nothing")))
        }
        (_, None) => Ok(None),
        (_, Some(_)) => Err(Error::rejected(Diagnostic::error("remark.no_answer"))),
    }
}
