//! 回头看安排 — closed issues drawn by seed, all focal ones and a share of the rest, and the plan put on record.

use domain::as_of::AsOf;
use domain::entries::{LookBackPlanned, Sampling};
use domain::ids::EntryId;
use domain::look_back::{self, Candidate, Drawn};
use domain::policy::Action;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use spatial::diagnostic::Diagnostic;
use utoipa::{IntoParams, ToSchema};

use super::acts::SaidAct;
use super::list::Looking;
use super::{ActRequest, IssueRow};
use crate::amendments::ReceiptView;
use crate::atlas::{Atlases, IssueLine};
use crate::error::Error;
use crate::session::Session;

/// 抽样请求.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DrawRequest {
    /// Any words; the same seed draws the same issues.
    pub seed: String,
    /// Share of the issues that are not focal; the campaign's where it is not said.
    #[param(minimum = 0, maximum = 100)]
    pub percent: Option<u32>,
    pub station: Option<String>,
    pub lead: Option<String>,
}

/// 中签问题.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DrawnIssue {
    pub issue: IssueRow,
    /// `all_focal`, `by_risk`.
    pub method: String,
    pub risk: u32,
}

/// 抽样结果 — what a seed draws; nothing is written.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LookBackDraw {
    pub seed: String,
    pub percent: u32,
    /// Closed issues without a look-back that waits, and how many of them are focal.
    pub candidates: u64,
    pub focal: u64,
    pub drawn: Vec<DrawnIssue>,
}

/// 安排请求 — the drawing is done again by its seed, and each issue drawn gets its plan.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanLookBacksRequest {
    pub seed: String,
    pub percent: Option<u32>,
    pub station: Option<String>,
    pub lead: Option<String>,
    /// The issues of the preview, in its order: nothing else is recorded.
    #[schema(value_type = Vec<String>)]
    pub issues: Vec<EntryId>,
    pub planned_on: Date,
    /// `county`, `city`, `province`, `bureau`.
    pub level: String,
    /// 暗查
    #[serde(default)]
    pub is_secret: bool,
    /// Day claimed; today where it is not said.
    pub on: Option<Date>,
}

/// An issue drawn that could not be planned.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SkippedIssue {
    pub issue_code: String,
    pub code: String,
    pub text: String,
}

/// 安排结果.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LookBackPlan {
    pub planned: u64,
    pub skipped: Vec<SkippedIssue>,
    pub receipts: Vec<ReceiptView>,
}

/// Plans made at once.
const MOST_PLANS: usize = 2_000;

impl Session {
    /// What a seed draws.
    pub fn draw_look_backs(
        &self,
        atlases: &Atlases,
        request: &DrawRequest,
    ) -> Result<LookBackDraw, Error> {
        self.may_read_lists(Action::PlanLookBack)?;
        let atlas = self.atlas(atlases, AsOf::Now)?;
        let (station, lead) = (request.station.as_deref(), request.lead.as_deref());
        let scope = self.ledger_scope(station, lead)?;
        let looking = self.looking(&atlas, Action::PlanLookBack, &scope, AsOf::Now);
        let percent = self.percent(request.percent)?;
        let candidates = candidates(&looking);
        let drawn = look_back::draw(&candidates, percent, checked_seed(&request.seed)?);
        let view = |drawn: &Drawn| {
            let line = atlas.issues.find(drawn.candidate.issue)?;
            Some(DrawnIssue {
                issue: self.issue_row(line, &looking),
                method: drawn.method.clone(),
                risk: drawn.candidate.risk,
            })
        };
        Ok(LookBackDraw {
            seed: request.seed.clone(),
            percent,
            candidates: candidates.len() as u64,
            focal: candidates.iter().filter(|c| c.is_focal).count() as u64,
            drawn: drawn.iter().filter_map(view).collect(),
        })
    }

    /// Draws again and records a plan for each issue drawn.
    pub fn plan_look_backs(
        &mut self,
        atlases: &Atlases,
        request: &PlanLookBacksRequest,
    ) -> Result<LookBackPlan, Error> {
        self.may_read_lists(Action::PlanLookBack)?;
        let percent = self.percent(request.percent)?;
        let drawn = {
            let atlas = self.atlas(atlases, AsOf::Now)?;
            let (station, lead) = (request.station.as_deref(), request.lead.as_deref());
            let scope = self.ledger_scope(station, lead)?;
            let looking = self.looking(&atlas, Action::PlanLookBack, &scope, AsOf::Now);
            look_back::draw(&candidates(&looking), percent, checked_seed(&request.seed)?)
        };
        if !drawn
            .iter()
            .map(|d| d.candidate.issue)
            .eq(request.issues.iter().copied())
        {
            return Err(Error::rejected(Diagnostic::error("issue.draw_moved_on")));
        }
        if drawn.len() > MOST_PLANS {
            let fault = Diagnostic::error("issue.too_many_plans").arg("count", drawn.len());
            return Err(Error::rejected(fault));
        }
        let mut plan = LookBackPlan {
            planned: 0,
            skipped: Vec::new(),
            receipts: Vec::new(),
        };
        for drawn in drawn {
            let act = planned(&drawn, request, percent)?;
            let key = drawn.candidate.issue.to_string();
            match self.act_on_issue(&key, act, false) {
                Ok(receipt) => {
                    plan.planned += u64::from(receipt.is_new);
                    plan.receipts.extend(receipt.receipt);
                }
                Err(error) if error.is_input() => plan.skipped.push(SkippedIssue {
                    issue_code: drawn.candidate.site_code,
                    code: error.code(),
                    text: self.messages.error(&error).0,
                }),
                Err(error) => return Err(error),
            }
        }
        Ok(plan)
    }

    fn percent(&self, asked: Option<u32>) -> Result<u32, Error> {
        let usual = self.campaign.closing.as_ref().map(|c| c.look_back_percent);
        let percent = asked.or(usual).unwrap_or(0);
        match percent {
            0..=100 => Ok(percent),
            _ => {
                let fault = Diagnostic::error("issue.percent").arg("percent", percent);
                Err(Error::rejected(fault))
            }
        }
    }
}

fn checked_seed(seed: &str) -> Result<&str, Error> {
    match seed.trim() {
        "" => Err(Error::rejected(Diagnostic::error("issue.seed"))),
        seed => Ok(seed),
    }
}

/// Closed as put right, and no look-back waits already.
fn candidates(looking: &Looking<'_>) -> Vec<Candidate> {
    let is_candidate = |l: &&IssueLine| l.rectified_on.is_some() && l.look_back.is_none();
    let lines = looking.lines().filter(is_candidate);
    lines
        .map(|line| Candidate {
            issue: line.id,
            site_code: line.site_code.to_string(),
            is_focal: line.is_focal,
            risk: line.words.risk,
        })
        .collect()
}

fn planned(
    drawn: &Drawn,
    request: &PlanLookBacksRequest,
    percent: u32,
) -> Result<ActRequest, Error> {
    let body = LookBackPlanned {
        issue: EntryId::default(),
        planned_on: request.planned_on,
        level: request.level.clone(),
        is_secret: request.is_secret,
        sampling: Some(Sampling {
            method: drawn.method.clone(),
            seed: Some(request.seed.trim().to_owned()),
            share_percent: Some(percent),
            risk: Some(drawn.candidate.risk),
        }),
    };
    let mut body = match serde_json::to_value(body).map_err(Error::internal)? {
        serde_json::Value::Object(body) => body,
        _ => serde_json::Map::new(),
    };
    body.remove("issue");
    Ok(ActRequest {
        act: SaidAct {
            kind: "look_back.planned".to_owned(),
            body,
        },
        based_on: None,
        on: request.on,
    })
}
