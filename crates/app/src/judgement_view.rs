//! 判别页 — a judged site as a screen shows it: every code with its name, every fact with its entries.

use domain::as_of::AsOf;
use domain::ids::EntryId;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use spatial::diagnostic::Diagnostic;
use utoipa::ToSchema;

use crate::characterizing::{CharacterizeRequest, Characterized, SecondReading};
use crate::config_page::CodeView;
use crate::error::Error;
use crate::judgement_page::Page;
use crate::judging_book::JudgingBook;
use crate::proposals::{DecisionShown, Proposal, SiteJudgement};
use crate::session::Session;

/// A fact of the sheet, why it is so, and the positions of the entries that say it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct JudgedFactView {
    pub name: String,
    pub label: String,
    pub value: String,
    pub value_label: String,
    pub why: String,
    pub seqs: Vec<u64>,
}

/// 判别建议.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProposalView {
    pub verdict: CodeView,
    pub severity: Option<CodeView>,
    pub deadline: Option<CodeView>,
    pub disposal: Vec<CodeView>,
    pub bodies: Vec<CodeView>,
    /// Clauses by id, with how they are cited.
    pub basis: Vec<CodeView>,
    pub row: String,
    pub warnings: Vec<String>,
}

/// 待查事实 — a question, and which verdicts its answers lead to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct QuestionView {
    pub fact: String,
    pub label: String,
    pub why: String,
}

/// A row of a table that was looked at.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TraceView {
    pub table: String,
    pub table_label: String,
    pub row: String,
    /// `true`, `false`, `unknown`.
    pub value: String,
    /// The condition that failed, in words.
    pub failed: Option<String>,
}

/// 已作判别.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DecisionView {
    pub entry_id: String,
    pub seq: u64,
    pub decided_by: String,
    pub verdict: CodeView,
    pub character_label: String,
    pub row: Option<String>,
    #[schema(value_type = String, format = Date)]
    pub judged_as_of: Date,
    pub tables_version: String,
    pub is_override: bool,
    pub reason: Option<String>,
    pub second_reader: Option<String>,
}

/// A member of the result that today's tables would give otherwise.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct JudgedDifferenceView {
    pub member: String,
    pub before: String,
    pub after: String,
}

/// 判别页.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct JudgementView {
    pub site_code: String,
    #[schema(value_type = String, format = Date)]
    pub as_of: Date,
    pub tables_version: String,
    pub boundary_version: Option<String>,
    /// None where no table is known to judge it; the questions say what is missing.
    pub proposal: Option<ProposalView>,
    pub facts: Vec<JudgedFactView>,
    pub questions: Vec<QuestionView>,
    pub trace: Vec<TraceView>,
    pub decision: Option<DecisionView>,
    /// An override that waits for a second reader.
    pub awaiting: Option<DecisionView>,
    pub differences: Vec<JudgedDifferenceView>,
    /// Verdicts an override may choose from.
    pub verdicts: Vec<CodeView>,
}

/// 判别请求 — the proposal accepted, or another verdict with a reason.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideRequest {
    /// Another verdict than the proposed one; none accepts the proposal.
    pub verdict: Option<String>,
    /// Why the proposal is not followed, or why it is judged anew.
    pub reason: Option<String>,
    /// Posts that sign besides the one who records it.
    #[serde(default)]
    pub signed: Vec<String>,
    /// Ecological effect where no verification states it.
    pub effect: Option<String>,
    /// Code of the list of characters where it does not follow from the verdict.
    pub character: Option<String>,
    /// Version of the site's stream that the decider saw.
    pub based_on: Option<u64>,
}

/// 复核请求 — what a second reader says of an override.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadAgainRequest {
    /// The override that was read, `awaiting.entry_id` of the judgement; refused if it is not said, or another waits.
    #[schema(value_type = Option<String>, format = Uuid)]
    pub of: Option<EntryId>,
    /// False sends it back, which needs a reason.
    pub confirm: bool,
    pub reason: Option<String>,
}

/// What was put on record.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DecidedView {
    pub entry_id: String,
    pub verdict: CodeView,
    pub is_override: bool,
    /// Whether it holds, or waits for a second reader.
    pub is_effective: bool,
    pub state: String,
}

impl Session {
    /// A site judged for a view: as of its day, or of today.
    pub fn judgement_view(&self, code: &str, as_of: AsOf) -> Result<JudgementView, Error> {
        let day = match as_of {
            AsOf::Day(day) => day,
            _ => self.today(),
        };
        let judged = self.judge_site(code, day)?;
        let page = Page::of(self, &judged)?;
        Ok(JudgementView {
            facts: facts(&page, &judged),
            questions: self.question_views(&judged),
            trace: trace(&page, &judged)?,
            proposal: judged.proposal.as_ref().map(|p| self.proposal_view(p)),
            decision: judged.decision.as_ref().map(|d| self.decision_view(d)),
            awaiting: judged.awaiting.as_ref().map(|d| self.decision_view(d)),
            differences: self.difference_views(&judged),
            verdicts: verdicts()?,
            boundary_version: judged.sheet.boundary_version,
            site_code: judged.site_code,
            as_of: judged.as_of,
            tables_version: judged.tables_version,
        })
    }

    /// Records a decision of a screen.
    pub fn decide_site(&mut self, code: &str, said: DecideRequest) -> Result<DecidedView, Error> {
        let decided = self.characterize(&CharacterizeRequest {
            site_code: code.to_owned(),
            verdict: said.verdict,
            reason: said.reason,
            signed: said.signed,
            effect: said.effect,
            character: said.character,
            based_on: said.based_on,
            ..CharacterizeRequest::default()
        })?;
        Ok(self.decided_view(decided))
    }

    /// Confirms the override that waits, or sends it back.
    pub fn read_site_again(
        &mut self,
        code: &str,
        said: ReadAgainRequest,
    ) -> Result<DecidedView, Error> {
        let of = said
            .of
            .ok_or_else(|| Error::rejected(Diagnostic::error("characterize.which_override")))?;
        let reading = match said.confirm {
            true => SecondReading::Confirm {
                reason: said.reason,
            },
            false => SecondReading::Reject {
                reason: said.reason.unwrap_or_default(),
            },
        };
        let decided = self.read_decision_again(code, Some(of), &reading, None)?;
        Ok(self.decided_view(decided))
    }

    fn decided_view(&self, decided: Characterized) -> DecidedView {
        DecidedView {
            verdict: self.judged("verdict", &decided.verdict),
            entry_id: decided.entry_id,
            is_override: decided.is_override,
            is_effective: decided.is_effective,
            state: decided.state,
        }
    }

    fn judged(&self, member: &str, code: &str) -> CodeView {
        CodeView {
            code: code.to_owned(),
            label: self.judged_label(member, code),
        }
    }

    fn proposal_view(&self, proposal: &Proposal) -> ProposalView {
        let many =
            |member: &str, codes: &[String]| codes.iter().map(|c| self.judged(member, c)).collect();
        let one =
            |member: &str, code: &Option<String>| code.as_deref().map(|c| self.judged(member, c));
        let cite = |clause: &String| CodeView {
            code: clause.clone(),
            label: self.citation(clause),
        };
        ProposalView {
            verdict: self.judged("verdict", &proposal.verdict),
            severity: one("severity", &proposal.severity),
            deadline: one("deadline", &proposal.deadline),
            disposal: many("disposal", &proposal.disposal),
            bodies: many("bodies", &proposal.bodies),
            basis: proposal.basis.iter().map(cite).collect(),
            row: proposal.row.clone(),
            warnings: proposal
                .warnings
                .iter()
                .map(|w| self.messages.text(w, &[]))
                .collect(),
        }
    }

    fn question_views(&self, judged: &SiteJudgement) -> Vec<QuestionView> {
        let asked = judged.questions.iter();
        asked
            .map(|q| QuestionView {
                fact: q.fact.clone(),
                label: self.question_label(q),
                why: self.question_reason(q),
            })
            .collect()
    }

    fn decision_view(&self, decision: &DecisionShown) -> DecisionView {
        DecisionView {
            entry_id: decision.entry_id.clone(),
            seq: decision.seq,
            decided_by: decision.decided_by.clone(),
            verdict: self.judged("verdict", &decision.verdict),
            character_label: domain::ledger::Labels::label(self, "character", &decision.character),
            row: decision.row.clone(),
            judged_as_of: decision.judged_as_of,
            tables_version: decision.tables_version.clone(),
            is_override: decision.is_override,
            reason: decision.reason.clone(),
            second_reader: decision.second_reader.clone(),
        }
    }

    fn difference_views(&self, judged: &SiteJudgement) -> Vec<JudgedDifferenceView> {
        let differing = judged.differences.iter();
        differing
            .map(|d| JudgedDifferenceView {
                member: d.member.clone(),
                before: self.judged_label(&d.member, &d.before),
                after: self.judged_label(&d.member, &d.after),
            })
            .collect()
    }
}

fn facts(page: &Page<'_>, judged: &SiteJudgement) -> Vec<JudgedFactView> {
    let filled = judged.sheet.facts.iter();
    filled
        .map(|fact| {
            let (label, value_label) = page.name_and_value(fact);
            JudgedFactView {
                name: fact.name.clone(),
                label,
                value: fact.value.clone(),
                value_label,
                why: page.why(fact),
                seqs: fact.sources.iter().map(|s| s.seq).collect(),
            }
        })
        .collect()
}

fn trace(page: &Page<'_>, judged: &SiteJudgement) -> Result<Vec<TraceView>, Error> {
    let ruleset = &JudgingBook::built_in()?.ruleset;
    let lines = judged.trace.iter();
    Ok(lines
        .map(|line| TraceView {
            table: line.table.clone(),
            table_label: ruleset.table_title(&line.table).to_owned(),
            row: line.row.clone(),
            value: line.value.clone(),
            failed: line
                .failed
                .as_deref()
                .map(|condition| page.in_words(&line.table, condition)),
        })
        .collect())
}

fn verdicts() -> Result<Vec<CodeView>, Error> {
    let words = JudgingBook::built_in()?.ruleset.words("verdict");
    Ok(words.map_or_else(Vec::new, |w| {
        let all = w.0.iter();
        all.map(|word| CodeView {
            code: word.code.clone(),
            label: word.label.clone(),
        })
        .collect()
    }))
}
