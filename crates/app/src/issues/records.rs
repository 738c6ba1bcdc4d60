//! 漏洞与制度、宣传曝光 — registers of what was learned and what was published, of issues and of none.

use domain::as_of::AsOf;
use domain::dossier::Kept;
use domain::entries::{LessonRecorded, PublicityRecorded};
use domain::entry::EntryBody;
use domain::ids::StreamId;
use domain::policy::Action;
use jiff::civil::Date;
use register::EntryFilter;
use serde::Serialize;
use serde_json::{Map, Value};
use spatial::diagnostic::Diagnostic;
use utoipa::ToSchema;

use super::ActRequest;
use super::acts::{SaidAct, body_of};
use crate::amendments::ReceiptView;
use crate::atlas::Atlases;
use crate::error::Error;
use crate::session::Session;

/// 漏洞与制度 — one entry of the register, with its issue where it is of one.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LessonItem {
    pub issue_code: Option<String>,
    pub site_code: Option<String>,
    pub lesson: Kept<LessonRecorded>,
}

/// 漏洞与制度清单, the newest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LessonList {
    pub total: u64,
    pub items: Vec<LessonItem>,
}

/// 宣传曝光 — one entry of the register.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PublicityItem {
    pub issue_code: Option<String>,
    pub site_code: Option<String>,
    pub publicity: Kept<PublicityRecorded>,
}

/// 宣传曝光清单, the newest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PublicityList {
    pub total: u64,
    pub items: Vec<PublicityItem>,
}

/// Entries shown.
const MOST: usize = 500;

/// A record with the codes of issue and site, where it is of one.
type OfIssue<T> = (Option<[String; 2]>, Kept<T>);

impl Session {
    /// What was learned, of issues the actor may read and of none.
    pub fn list_lessons(&self, atlases: &Atlases) -> Result<LessonList, Error> {
        self.may_read_lists(Action::ReadStatistics)?;
        let read = self.recorded(atlases, "lesson.recorded", |body| match body {
            EntryBody::LessonRecorded(b) => Some((b.issue, *b)),
            _ => None,
        })?;
        Ok(LessonList {
            total: read.len() as u64,
            items: read
                .into_iter()
                .take(MOST)
                .map(|(codes, lesson)| {
                    let (issue_code, site_code) = codes.map(|[i, s]| (i, s)).unzip();
                    LessonItem {
                        issue_code,
                        site_code,
                        lesson,
                    }
                })
                .collect(),
        })
    }

    /// What was published, of issues the actor may read and of none.
    pub fn list_publicity(&self, atlases: &Atlases) -> Result<PublicityList, Error> {
        self.may_read_lists(Action::ReadStatistics)?;
        let read = self.recorded(atlases, "publicity.recorded", |body| match body {
            EntryBody::PublicityRecorded(b) => Some((b.issue, *b)),
            _ => None,
        })?;
        Ok(PublicityList {
            total: read.len() as u64,
            items: read
                .into_iter()
                .take(MOST)
                .map(|(codes, publicity)| {
                    let (issue_code, site_code) = codes.map(|[i, s]| (i, s)).unzip();
                    PublicityItem {
                        issue_code,
                        site_code,
                        publicity,
                    }
                })
                .collect(),
        })
    }

    fn recorded<T>(
        &self,
        atlases: &Atlases,
        kind: &'static str,
        take: impl Fn(EntryBody) -> Option<(Option<domain::ids::EntryId>, T)>,
    ) -> Result<Vec<OfIssue<T>>, Error> {
        let kinds = [kind];
        let filter = EntryFilter {
            kinds: &kinds,
            as_of: AsOf::Now,
            ..EntryFilter::default()
        };
        let mut read = Vec::new();
        self.register.entries::<Error>(&filter, |e| {
            let (id, seq) = (e.entry.id, e.seq);
            let (occurred_at, actor) = (e.entry.occurred_at, e.entry.author.actor.clone());
            if let Some((issue, body)) = take(e.entry.body) {
                let kept = Kept {
                    entry_id: id,
                    seq,
                    occurred_at,
                    actor,
                    body,
                };
                read.push((issue, kept));
            }
            Ok(())
        })?;
        read.reverse();
        let atlas = self.atlas(atlases, AsOf::Now)?;
        let eyes = self.issue_eyes(Action::ReadLedgers, &atlas.issues);
        let told = read.into_iter().filter_map(|(issue, kept)| match issue {
            None => Some((None, kept)),
            // What is not yours to know of is left out.
            Some(id) => {
                let line = atlas.issues.find(id).filter(|line| eyes.see(line))?;
                Some((
                    Some([line.code.to_string(), line.site_code.to_string()]),
                    kept,
                ))
            }
        });
        Ok(told.collect())
    }

    /// Enters a lesson or a publication that belongs to no issue; one of an issue is an act of it.
    pub fn record_beside(
        &mut self,
        kind: &str,
        body: Map<String, Value>,
        on: Option<Date>,
    ) -> Result<Option<ReceiptView>, Error> {
        let action = match kind {
            "lesson.recorded" => Action::RecordLesson,
            _ => Action::RecordPublicity,
        };
        self.may_somewhere(action)?;
        if let Some(issue) = body.get("issue").and_then(Value::as_str) {
            let key = issue.to_owned();
            let act = SaidAct {
                kind: kind.to_owned(),
                body,
            };
            let request = ActRequest {
                act,
                based_on: None,
                on,
            };
            return Ok(self.act_on_issue(&key, request, false)?.receipt);
        }
        let read = body_of(
            SaidAct {
                kind: kind.to_owned(),
                body,
            },
            None,
        )?;
        let on = self.day_claimed(on)?;
        self.check_codes(&read)?;
        check_said(&read)?;
        let said = serde_json::to_vec(&read).map_err(Error::internal)?;
        let stream = StreamId::campaign(&self.campaign.id);
        let actor = self.actor.id.clone();
        let entry = self.entry(stream, read, on, &[&said, actor.as_bytes()]);
        if self.register.find_entry(entry.id)?.is_some() {
            return Ok(None);
        }
        let receipts = self.register.append(&[entry], self.now)?;
        Ok(receipts.first().map(ReceiptView::of))
    }
}

fn check_said(body: &EntryBody) -> Result<(), Error> {
    let empty = match body {
        EntryBody::LessonRecorded(b) => b.gap.trim().is_empty().then_some("gap"),
        EntryBody::PublicityRecorded(b) if !b.evidence.is_empty() => Some("evidence"),
        EntryBody::PublicityRecorded(b) => b.title.trim().is_empty().then_some("title"),
        _ => None,
    };
    match empty {
        Some(field) => {
            let fault = Diagnostic::error("issue.field").arg("field", field);
            Err(Error::rejected(fault))
        }
        None => Ok(()),
    }
}
