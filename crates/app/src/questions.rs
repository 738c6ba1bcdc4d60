//! 待答问题 — facts the tables lack, with what hangs on them and who can tell; a work list that comes back as a
//! verification sheet.

use domain::fact_sheet::{self, FilledSheet, Filling, Paper, PaperState};
use jiff::civil::Date;
use rules::{AnswerValue, Explain, FactSheet, Ruleset};
use serde::Serialize;

use crate::error::Error;
use crate::proposals::{judged, keep_known};

/// 待答问题 — one missing fact of one site.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Asked {
    /// Name of the fact, or `activity_type_code`, `activity_subtype` where the table itself is open.
    pub fact: String,
    /// Its name for people; empty for fields of the site.
    pub label: String,
    /// `station` sees it on the spot, `office` finds it in files.
    pub asked_of: String,
    pub answers: Vec<Answered>,
    /// Verdicts that the answers separate.
    pub verdicts: Vec<String>,
    /// Papers nobody looked for, where the fact is counted from papers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub papers: Vec<Paper>,
}

/// 一种答案 — and what it would come to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answered {
    /// Word, or a stretch of days `2003-09-01…`.
    pub value: String,
    pub label: String,
    pub verdict: String,
    pub row: String,
    /// Verdicts still possible then, whatever else is unknown.
    pub possible: Vec<String>,
}

/// Everything that is missing for a surer answer.
pub(crate) fn ask(
    ruleset: &Ruleset,
    filling: &Filling,
    site: &fact_sheet::Site<'_>,
    sheet: &FilledSheet,
) -> Result<Vec<Asked>, Error> {
    let Some(table) = &sheet.table else {
        return Ok(vec![which_table(ruleset, filling, site)?]);
    };
    let facts = FactSheet(sheet.to_json());
    let found = rules::questions(ruleset, &facts, Some(sheet.as_of))
        .map_err(|e| Error::internal(anyhow::Error::new(e).context(sheet.site_code.clone())))?;
    let fields = ruleset.inputs(table);
    let mut asked: Vec<Asked> = Vec::new();
    for missing in &found {
        let name = &missing.field.name;
        let mut question = Asked {
            fact: name.clone(),
            label: missing.field.label.clone(),
            asked_of: filling.asked_of(name).to_owned(),
            answers: missing.answers.iter().map(answered).collect(),
            verdicts: Vec::new(),
            papers: match name.as_str() {
                "approvals" => open_papers(sheet),
                _ => Vec::new(),
            },
        };
        // Before or after the reserve follows from the building date, so that is what is asked.
        if name == "set" && site.dossier.facts.built_on.is_none() {
            "built".clone_into(&mut question.fact);
            question.label = fields
                .iter()
                .find(|f| f.is_day)
                .map_or(String::new(), |f| f.label.clone());
            name_the_day(&mut question.answers, sheet);
        }
        question.verdicts = verdicts(&question.answers);
        match asked.iter_mut().find(|q| q.fact == question.fact) {
            Some(same) => {
                same.answers.extend(question.answers);
                same.verdicts = verdicts(&same.answers);
            }
            None => asked.push(question),
        }
    }
    Ok(asked)
}

/// The answers pre and post as stretches of days around the day the spot came under the reserve.
fn name_the_day(answers: &mut [Answered], sheet: &FilledSheet) {
    let Some(came) = sheet.came_under_on else {
        return;
    };
    for answer in answers {
        answer.label = match answer.value.as_str() {
            "pre" => format!("…{}", came.first.yesterday().unwrap_or(came.first)),
            _ => format!("{}…", came.last()),
        };
    }
}

fn verdicts(answers: &[Answered]) -> Vec<String> {
    let mut verdicts: Vec<String> = Vec::new();
    for verdict in answers.iter().flat_map(|a| &a.possible) {
        if !verdicts.contains(verdict) {
            verdicts.push(verdict.clone());
        }
    }
    verdicts
}

fn answered(answer: &rules::Answer<'_>) -> Answered {
    let text = |d: &Option<Date>| d.map_or(String::new(), |d| d.to_string());
    let (value, label) = match &answer.value {
        AnswerValue::Word(word) => (word.code.clone(), word.label.clone()),
        AnswerValue::Days { from, to } => {
            let stretch = format!("{}…{}", text(from), text(to));
            (stretch.clone(), stretch)
        }
    };
    Answered {
        value,
        label,
        verdict: answer.verdict.to_owned(),
        row: answer.row.clone(),
        possible: answer.possible.iter().map(|v| (*v).to_owned()).collect(),
    }
}

fn open_papers(sheet: &FilledSheet) -> Vec<Paper> {
    let is_open = |p: &&Paper| {
        matches!(
            p.state,
            PaperState::NotLookedFor | PaperState::AreaUnknown | PaperState::DateUnknown
        )
    };
    sheet.papers.iter().filter(is_open).cloned().collect()
}

/// The class or subtype decides which table judges; each candidate is judged to show what hangs on it.
fn which_table(
    ruleset: &Ruleset,
    filling: &Filling,
    site: &fact_sheet::Site<'_>,
) -> Result<Asked, Error> {
    let facts = &site.dossier.facts;
    let mut answers = Vec::new();
    let activity = facts.activity_type_code.as_deref().unwrap_or_default();
    let choices = filling.of_activity(activity);
    for (choice, mut sheet) in choices.zip(fact_sheet::fill_by_candidates(site)) {
        keep_known(ruleset, &mut sheet);
        let Some((proposal, _)) = judged(ruleset, &sheet, Explain::Row)? else {
            continue;
        };
        answers.extend(choice.subtypes.iter().map(|subtype| Answered {
            value: subtype.clone(),
            label: String::new(),
            verdict: proposal.verdict.clone(),
            row: proposal.row.clone(),
            possible: vec![proposal.verdict.clone()],
        }));
    }
    let verdicts = verdicts(&answers);
    let fact = match facts.activity_type_code {
        Some(_) => "activity_subtype",
        None => "activity_type_code",
    };
    Ok(Asked {
        fact: fact.to_owned(),
        label: String::new(),
        asked_of: filling.asked_of(fact).to_owned(),
        answers,
        verdicts,
        papers: Vec::new(),
    })
}
