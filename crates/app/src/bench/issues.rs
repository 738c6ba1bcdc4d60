//! 大量问题 — issues on the sites of a demonstration register, so that work lists and duties can be looked at with as many
//! as a province has: opened, a part of them planned, under way or reported done, their days around today.

use std::io::Write;

use anyhow::{Result, bail};
use domain::entries::{
    IssueOpened, PlanDrafted, PlanReviewed, ProgressReported, RectificationMeasure,
    RectificationStarted,
};
use domain::entry::{Entry, EntryBody};
use domain::ids::{EntryId, SiteId, StreamId};
use jiff::ToSpan;
use jiff::civil::Date;

use super::suspicions::carried_over;
use crate::session::Session;

/// Issues of one append.
const BATCH: usize = 1_000;
/// Told after so many batches.
const TOLD_EVERY: usize = 20;

/// Opens an issue on every n-th site, `count` in all.
pub fn run(mut session: Session, count: usize) -> Result<()> {
    if !session.is_demonstration {
        bail!("synthetic issues are for demonstration registers only");
    }
    let sites = sites(&session)?;
    if sites.len() < count {
        bail!(
            "{count} issues need as many sites; the register has {}",
            sites.len()
        );
    }
    let step = (sites.len() / count.max(1)).max(1);
    let chosen: Vec<SiteId> = sites.into_iter().step_by(step).take(count).collect();
    for (number, batch) in chosen.chunks(BATCH).enumerate() {
        let entries = (number * BATCH..).zip(batch);
        let entries: Vec<Entry> = entries
            .flat_map(|(n, site)| issue(&session, n, *site))
            .collect();
        session.register.append(&entries, session.now)?;
        if number % TOLD_EVERY == 0 {
            tell(&session, number * BATCH + batch.len())?;
        }
    }
    tell(&session, count)
}

fn tell(session: &Session, issues: usize) -> Result<()> {
    let told = serde_json::json!({ "issues": issues, "log_size": session.register.log_size()? });
    writeln!(std::io::stdout().lock(), "{told}")?;
    Ok(())
}

/// All sites in the order they were registered, by the names of their streams alone: dossiers would take minutes.
fn sites(session: &Session) -> Result<Vec<SiteId>> {
    let mut sites = Vec::new();
    let size = session.register.log_size()?;
    session
        .register
        .stored_entries::<anyhow::Error>(0, size, |entry| {
            if entry.kind == "site.registered" {
                sites.extend(StreamId(entry.stream.to_owned()).as_site());
            }
            Ok(())
        })?;
    Ok(sites)
}

/// The entries of one issue: how far it came and when it is due follow from its number.
fn issue(session: &Session, n: usize, site: SiteId) -> Vec<Entry> {
    let seed: [&[u8]; 2] = [b"bench issues", &(n as u64).to_be_bytes()];
    let entry = |body: EntryBody| {
        let kind = body.kind();
        Entry {
            id: EntryId::derived(session.now, &[seed[0], seed[1], kind.as_bytes()]),
            stream: StreamId::site(site),
            based_on: None,
            body,
            author: session.author(),
            occurred_at: session.now,
            clocks: None,
            stamp: None,
        }
    };
    let today = session.today();
    // From two months ago to four months ahead.
    let due_on = later(today, (n * 7_919 % 180) as i32 - 60);
    let carried = entry(carried_over().into());
    let opened = entry(opened(session, n, due_on).into());
    let issue = opened.id;
    let plan = entry(drafted(issue, n, due_on).into());
    let reviewed = PlanReviewed {
        issue,
        plan: plan.id,
        result: "approved".to_owned(),
        reviewers: Vec::new(),
        opinion: None,
        reviewed_on: today,
        document_number: None,
    };
    let started = RectificationStarted {
        issue,
        started_on: today,
        note: None,
    };
    let progress = ProgressReported {
        issue,
        measure: Some(1),
        to_on: today,
        percent: Some((n * 31 % 100) as u32),
        text: format!("演示推进：已清理{}处", n % 17 + 1),
        ..ProgressReported::default()
    };
    let steps = [
        carried,
        opened,
        plan,
        entry(reviewed.into()),
        entry(started.into()),
        entry(progress.into()),
    ];
    // Two of five wait for a plan, one for its review, two are under way.
    let come = [2, 2, 3, 6, 6][n % 5];
    steps.into_iter().take(come).collect()
}

fn later(day: Date, days: i32) -> Date {
    day.checked_add(days.days()).unwrap_or(day)
}

fn opened(session: &Session, n: usize, due_on: Date) -> IssueOpened {
    let today = session.today();
    let unit = format!("演示单位{}", n % 997);
    IssueOpened {
        issue_code: Some(format!("演示-{n:06}")),
        severity: Some(["serious", "general", "slight"][n % 3].to_owned()),
        description: format!("演示合成问题{n:06}：违规建设设施，占用保护地"),
        responsible_unit: unit,
        responsible_person: Some(format!("演示负责人{}", n % 41)),
        found_on: Some(today),
        plan_due_on: Some(later(today, (n % 30) as i32 - 10)),
        due_on: Some(due_on),
        demand: Some("演示要求：限期整改到位".to_owned()),
        ..super::suspicions::opened(session, n)
    }
}

fn drafted(issue: EntryId, n: usize, due_on: Date) -> PlanDrafted {
    PlanDrafted {
        issue,
        target: "拆除设施，恢复原状".to_owned(),
        disposal: Vec::new(),
        measures: vec![RectificationMeasure {
            sequence: 1,
            content: format!("拆除建筑物{}平方米", n % 900 + 10),
            quantities: Vec::new(),
            unit: None,
            person: None,
            due_on: Some(due_on),
        }],
        started_on: None,
        due_on,
        budget_10k_yuan: None,
        assessment_report: None,
        cause_analysis: None,
        document_number: None,
        evidence: Vec::new(),
    }
}
