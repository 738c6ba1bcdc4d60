//! 销号表 — what close-outs of the campaign are measured by, as screens show it.

use domain::closing::Closing;
use domain::deadlines::Timers;
use domain::urging::UrgingLadder;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Error;
use crate::session::Session;

/// 销号表、时限、督促阶梯.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClosingView {
    #[serde(flatten)]
    pub closing: Closing,
    pub timers: Timers,
    pub ladder: UrgingLadder,
}

impl Session {
    /// The tables that issues of the campaign are measured by.
    pub fn closing_view(&self) -> Result<ClosingView, Error> {
        Ok(ClosingView {
            closing: self.closing()?.clone(),
            timers: self.campaign.timers.clone().unwrap_or_default(),
            ladder: self.campaign.ladder.clone().unwrap_or_default(),
        })
    }
}
