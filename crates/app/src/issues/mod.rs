//! 问题整改 — an issue from opening to look-back: what people enter, what is due of whom, what lists and figures show.

use std::sync::LazyLock;

use domain::as_of::AsOf;
use domain::calendar::WorkingCalendar;
use domain::closing::{Fact, Missing};
use domain::dossier::Dossier;
use domain::ids::{EntryId, SiteId};
use domain::issue::Issue;
use domain::policy::{self, Action, Resource, Scope};
use serde::Serialize;
use spatial::diagnostic::Diagnostic;
use utoipa::ToSchema;

use crate::atlas::{IssueEyes, IssueLine, IssueTable, visible_stations};
use crate::error::Error;
use crate::session::Session;

mod acts;
mod brief;
mod closing_page;
mod coded;
mod duties;
mod letters;
mod list;
mod look_backs;
mod opening;
mod page;
mod records;
mod statistics;
mod urging;
mod worklist;

pub use acts::{ActReceipt, ActRequest, IssueAct, SaidAct};
pub use brief::IssueBrief;
pub use closing_page::ClosingView;
pub use duties::{Duties, DutyHolder, DutyMilestone, DutyRequirement, DutyRow};
pub(crate) use list::Looking;
pub use list::{DueView, IssueList, IssuePaging, IssueQuery, IssueRow, LightCounts, RungBrief};
pub use look_backs::{
    DrawRequest, DrawnIssue, LookBackDraw, LookBackPlan, PlanLookBacksRequest, SkippedIssue,
};
pub use opening::{CaseChoice, IssueProposal, OpenIssueRequest};
pub(crate) use page::is_of_complaint;
pub use page::{
    ActBrief, ChainView, ChecklistLine, DeadlineView, IndexView, IssueView, MeasureView,
    NextRungView, OpenStepView, QuantityView, RungView, StripState, VoidView,
};
pub use records::{LessonItem, LessonList, PublicityItem, PublicityList};
pub use statistics::{IssueStatisticsView, QuantityTotalView};
pub use urging::{ReminderItem, UrgingItem, UrgingList, UrgingQuery};
pub(crate) use worklist::{URGE, WorkCount};
pub use worklist::{WorkEntry, WorkGroup, Worklist, WorklistQuery};

/// The working-day calendar the program carries.
pub(crate) fn calendar() -> &'static WorkingCalendar {
    static CALENDAR: LazyLock<WorkingCalendar> = LazyLock::new(|| {
        let files = crate::assets::calendars();
        let pairs = files
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()));
        // A test of the calendars holds that they can be read; without one no day would be counted.
        WorkingCalendar::from_files(pairs).map_or_else(|_| WorkingCalendar::default(), |(c, _)| c)
    });
    &CALENDAR
}

/// The number people know an issue by: its own, or the site's with the place of the issue on it.
pub(crate) fn code_of(dossier: &Dossier, issue: &Issue) -> String {
    let own = issue.opened.body.issue_code.clone();
    own.unwrap_or_else(|| {
        let place = dossier.issues.iter().position(|i| i.id == issue.id);
        numbered(&dossier.site_code, place.unwrap_or(0))
    })
}

pub(crate) fn numbered(site_code: &str, place: usize) -> String {
    format!("{site_code}-{:02}", place + 1)
}

/// 所缺 — one thing a step lacks, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Lack {
    /// Name in the transition table.
    pub fact: String,
    /// Stable code of the sentence.
    pub code: String,
    /// Condition, level, measure or item of the dossier index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line_label: Option<String>,
    pub text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// An issue that was found and that the actor may read, with its site.
pub(crate) struct Found {
    pub(crate) dossier: Dossier,
    pub(crate) issue: Issue,
    pub(crate) code: String,
}

impl Session {
    /// What the policy is asked about: an issue lies where its site lies, and its unit answers for it.
    pub(crate) fn issue_resource(&self, dossier: &Dossier, issue: &Issue) -> Resource {
        Resource {
            responsible_unit: Some(issue.responsible.unit.clone()),
            done: issue.done(),
            ..self.resource(dossier.facts.station_id.as_deref())
        }
    }

    /// An issue by its id, its own number, or the newest one of a site, within what the actor may read.
    pub(crate) fn load_issue(&self, key: &str, as_of: AsOf) -> Result<Found, Error> {
        let missing = || Error::NotFound {
            what: "issue",
            name: key.to_owned(),
        };
        let (site, id) = self.locate_issue(key)?.ok_or_else(missing)?;
        let dossier = self
            .register
            .find_dossier(site, as_of)?
            .ok_or_else(missing)?;
        let issue = match id {
            Some(id) => dossier.find_issue(id),
            None => {
                let named = |i: &&Issue| code_of(&dossier, i) == key;
                let newest = dossier.issues.last().filter(|_| dossier.site_code == key);
                dossier.issues.iter().find(named).or(newest)
            }
        };
        let issue = issue.ok_or_else(missing)?.clone();
        let resource = self.issue_resource(&dossier, &issue);
        policy::may(&self.actor, Action::ReadLedgers, &resource)
            // What is not yours to know of is not found.
            .map_err(|_denied| missing())?;
        Ok(Found {
            code: code_of(&dossier, &issue),
            issue,
            dossier,
        })
    }

    /// The id of an issue that the actor may read, by any of its names.
    pub fn issue_id(&self, key: &str) -> Result<EntryId, Error> {
        Ok(self.load_issue(key, AsOf::Now)?.issue.id)
    }

    /// The site of an issue, and its id where the key is one.
    fn locate_issue(&self, key: &str) -> Result<Option<(SiteId, Option<EntryId>)>, Error> {
        if let Ok(id) = key.parse::<EntryId>() {
            let opened = self.register.find_entry(id)?;
            let site = opened.and_then(|e| e.entry.stream.as_site());
            return Ok(site.map(|site| (site, Some(id))));
        }
        if let Some(site) = self.register.find_site_by_code(key)? {
            return Ok(Some((site, None)));
        }
        let of_site = key.rsplit_once('-').map(|(site, _)| site);
        let site = of_site.map(|code| self.register.find_site_by_code(code));
        Ok(site.transpose()?.flatten().map(|site| (site, None)))
    }

    /// What the actor sees of the issues for an action.
    pub(crate) fn issue_eyes(&self, action: Action, table: &IssueTable) -> IssueEyes {
        match policy::scope_of(&self.actor, action) {
            Scope::ResponsibleUnit(unit) => IssueEyes::new(Vec::new(), table.units.find(&unit)),
            _ => {
                let stations =
                    visible_stations(&self.actor, action, &self.setting, &table.stations);
                IssueEyes::new(stations, None)
            }
        }
    }

    /// Whether the actor may know the source of a line: complaints are told only to who may read petitions.
    pub(crate) fn knows_source(&self, line: &IssueLine, station: Option<&str>) -> bool {
        !line.is_confidential || self.sees(Action::ReadPetitions, station)
    }

    /// Whether an issue of a site with this station may be read for an action; its unit answers too.
    pub(crate) fn may_on(&self, action: Action, found: &Found) -> bool {
        let resource = self.issue_resource(&found.dossier, &found.issue);
        policy::scope_of(&self.actor, action).covers(&resource)
    }

    /// What is lacking, in words.
    pub(crate) fn lacks(&self, missing: &[Missing]) -> Vec<Lack> {
        missing.iter().map(|m| self.lack(m)).collect()
    }

    fn lack(&self, missing: &Missing) -> Lack {
        let label = missing
            .line
            .as_deref()
            .map(|l| self.line_label(missing.fact, l));
        let mut said = Diagnostic::error(missing.code());
        if let Some(label) = &label {
            said = said.arg("line", label);
        }
        let (text, hint) = self.messages.diagnostic(&said);
        Lack {
            fact: missing.fact.name().to_owned(),
            code: missing.code().to_owned(),
            line: missing.line.clone(),
            line_label: label,
            text,
            hint,
        }
    }

    fn line_label(&self, fact: Fact, line: &str) -> String {
        let closing = self.campaign.closing.as_ref();
        let found = match fact {
            Fact::EarlierLevels => {
                let mut levels = closing.into_iter().flat_map(|c| &c.levels);
                levels.find(|l| l.code == line).map(|l| &l.label)
            }
            Fact::DossierComplete => {
                let mut items = closing.into_iter().flat_map(|c| &c.index);
                items.find(|i| i.code == line).map(|i| &i.label)
            }
            _ => closing.and_then(|c| c.find_line(line)).map(|l| &l.label),
        };
        found.map_or_else(|| line.to_owned(), Clone::clone)
    }
}
