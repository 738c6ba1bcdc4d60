//! 底图图层 — the office's own layers under the map: listed, drawn, taken down. They show what lies around, not what
//! happened: whatever day the map is of, those that stand now are drawn.

use domain::codes::BackgroundKind;
use domain::entries::BackgroundWithdrawn;
use domain::ids::StreamId;
use domain::policy::Action;
use jiff::Timestamp;
use jiff::civil::Date;
use register::Background;
use serde::Serialize;
use spatial::tiles::TileId;
use utoipa::ToSchema;

use crate::amendments::{ReceiptView, checked_reason};
use crate::atlas::Atlases;
use crate::error::{Error, Stale};
use crate::joining::StandingRequest;
use crate::session::Session;

/// 底图图层 — a layer that stands, with what must be told of it wherever it is shown.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BackgroundView {
    pub code: String,
    pub name: String,
    /// `relief`, `land_survey`, `compartments`, `rivers`, `roads`, `boundary_lines`, `other`, `places`.
    pub kind: String,
    pub kind_label: String,
    pub data_source: String,
    /// 审图号
    pub review_number: Option<String>,
    pub dated_on: Option<Date>,
    /// A picture with these corners instead of tiles.
    pub is_picture: bool,
    /// West, south, east, north of what is drawn, degrees.
    pub bbox: [f64; 4],
    pub features_read: u64,
    pub features_drawn: u64,
    /// Attribute that features are labelled by.
    pub label_field: Option<String>,
    pub file_name: String,
    /// SHA-256 of the file as it came.
    pub source_sha256: String,
    /// SHA-256 of what is drawn: another one, another picture.
    pub drawn_sha256: String,
    pub adopted_at: Timestamp,
    /// Version that a withdrawal is based on.
    pub version: u64,
}

impl Session {
    /// Background layers that stand, in the order they are drawn, from below. They are the reserve's, as its zones are.
    pub fn backgrounds(&self) -> Result<Vec<BackgroundView>, Error> {
        let mut standing = self.standing_backgrounds()?;
        standing.sort_by_key(|b| {
            let kind = BackgroundKind::from_code(&b.adopted.body.background_kind);
            BackgroundKind::ALL.iter().position(|k| Some(*k) == kind)
        });
        Ok(standing.into_iter().map(|b| self.background(b)).collect())
    }

    fn standing_backgrounds(&self) -> Result<Vec<Background>, Error> {
        self.may_read_lists(Action::ReadLedgers)?;
        Ok(self.register.backgrounds(&self.reserve.reserve_code)?)
    }

    fn background(&self, standing: Background) -> BackgroundView {
        let Background { version, adopted } = standing;
        let body = adopted.body;
        let label = format!("background_kind.{}", body.background_kind);
        BackgroundView {
            kind_label: self.messages.text(&label, &[]),
            is_picture: body.background_kind == BackgroundKind::Relief.code(),
            code: body.background_code,
            name: body.name,
            kind: body.background_kind,
            data_source: body.data_source,
            review_number: body.review_number,
            dated_on: body.dated_on,
            bbox: body.bbox,
            features_read: body.features_read,
            features_drawn: body.features_drawn,
            label_field: body.label_field,
            file_name: body.file_name,
            source_sha256: body.source_sha256,
            drawn_sha256: body.drawn_sha256,
            adopted_at: adopted.occurred_at,
            version,
        }
    }

    /// SHA-256 of what a layer draws, as long as it is of the kind that is asked for.
    pub fn drawn_background(&self, code: &str, is_picture: bool) -> Result<String, Error> {
        let found = self.load_background(code)?.adopted.body;
        let is_relief = found.background_kind == BackgroundKind::Relief.code();
        match is_relief == is_picture {
            true => Ok(found.drawn_sha256),
            false => Err(missing(code)),
        }
    }

    /// One tile of what a standing layer draws, by its hash, not compressed; empty where nothing lies.
    pub fn background_tile(
        &self,
        atlases: &Atlases,
        drawn_sha256: &str,
        tile: TileId,
    ) -> Result<Vec<u8>, Error> {
        let standing = self.standing_backgrounds()?;
        let mut drawn = standing.iter().map(|b| &b.adopted.body.drawn_sha256);
        if !drawn.any(|sha| sha == drawn_sha256) {
            return Err(missing(drawn_sha256));
        }
        let shelf = atlases.backgrounds();
        let table = shelf.table(&self.register, &standing, drawn_sha256)?;
        Ok(table.tile(tile))
    }

    /// The picture of a layer of relief.
    pub fn background_picture(&self, code: &str) -> Result<(std::fs::File, String), Error> {
        let drawn = self.drawn_background(code, true)?;
        Ok((self.register.open_blob(&drawn)?, drawn))
    }

    /// Takes a layer down; its file and all that was said of it stay in the register.
    pub fn withdraw_background(
        &mut self,
        code: &str,
        request: &StandingRequest,
    ) -> Result<ReceiptView, Error> {
        self.may(Action::AdoptBoundary, None)?;
        let reason = checked_reason(&request.reason)?;
        let standing = self.load_background(code)?;
        let reserve_code = self.reserve.reserve_code.clone();
        let stream = StreamId::background(&reserve_code, code);
        let body = BackgroundWithdrawn {
            reserve_code,
            background_code: code.to_owned(),
            reason,
        };
        let mut entry = self.dated_entry(stream, body)?;
        entry.based_on = Some(request.based_on.unwrap_or(standing.version));
        let receipts = match self.register.append(&[entry], self.now) {
            Err(register::Error::Stale {
                based_on, current, ..
            }) => {
                return Err(Error::Stale(Box::new(Stale {
                    based_on,
                    current,
                    clashes: Vec::new(),
                })));
            }
            other => other?,
        };
        let receipt = receipts.first().map(ReceiptView::of);
        receipt.ok_or_else(crate::amendments::nothing_appended)
    }

    fn load_background(&self, code: &str) -> Result<Background, Error> {
        let standing = self.standing_backgrounds()?.into_iter();
        let mut found = standing.filter(|b| b.adopted.body.background_code == code);
        found.next().ok_or_else(|| missing(code))
    }
}

fn missing(code: &str) -> Error {
    Error::NotFound {
        what: "background",
        name: code.to_owned(),
    }
}
